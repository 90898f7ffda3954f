//! The strict body rules (PROTOCOL 2.1): well-formed UTF-8 without BOM, one JSON object without
//! duplicate keys, a FHIR R4 resource, exactly one binding.

mod json;

use serde_json::{Map, Value, json};

use crate::PublicKey;
use crate::event::{key_from_hex, number_from_text};
use crate::hex;
use crate::keys::labelled_hash;
use crate::nip44::PLAINTEXT_BYTES_MAX;

pub use json::parse_strict;

pub const BINDING_URL: &str = "urn:relaybox:binding:1";
/// A confidential body is padded with spaces to a multiple of this many bytes.
pub const PADDING_BYTES: usize = 4_096;
/// Deepest nesting of objects and arrays in a body.
pub const DEPTH_MAX: usize = 64;

/// The parsed binding: `"<signer> <T> <kind> <E> <P> <r>"`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Binding {
    pub signer: PublicKey,
    pub subject: PublicKey,
    /// The true kind.
    pub kind: u16,
    pub epoch_key: PublicKey,
    pub practice: PublicKey,
    pub r: [u8; 32],
}

impl Binding {
    pub fn to_text(&self) -> String {
        let (signer, subject) = (self.signer.to_hex(), self.subject.to_hex());
        let (epoch_key, practice) = (self.epoch_key.to_hex(), self.practice.to_hex());
        format!("{signer} {subject} {} {epoch_key} {practice} {}", self.kind, hex::encode(&self.r))
    }
    /// The exact spelling of [`Binding::to_text`] only.
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split(' ');
        let mut next = || parts.next();
        let binding = Self {
            signer: key_from_hex(next()?)?,
            subject: key_from_hex(next()?)?,
            kind: number_from_text(next()?)?.try_into().ok()?,
            epoch_key: key_from_hex(next()?)?,
            practice: key_from_hex(next()?)?,
            r: hex::decode(next()?)?,
        };
        next().is_none().then_some(binding)
    }
}

/// A body that keeps the rules.
#[derive(Debug, Clone, PartialEq)]
pub struct Body {
    pub resource: Value,
    pub binding: Binding,
}

impl Body {
    /// The FHIR type.
    pub fn resource_type(&self) -> &str {
        self.resource.get("resourceType").and_then(Value::as_str).unwrap_or_default()
    }
}

/// Why a body is refused. All are reason `body` for a reader.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BodyError {
    #[error("read the body as UTF-8 without byte order mark")]
    Utf8,
    #[error("read the body as one JSON object without duplicate keys")]
    Json,
    #[error("find a resource type in the body")]
    ResourceType,
    #[error("find exactly one binding in the body")]
    Binding,
    #[error("take a body of this size")]
    Size,
    #[error("find the padding of a confidential body")]
    Padding,
}

/// Parses the exact bytes of a body.
pub fn parse(bytes: &[u8]) -> Result<Body, BodyError> {
    if bytes.len() > PLAINTEXT_BYTES_MAX {
        return Err(BodyError::Size);
    }
    let text = std::str::from_utf8(bytes).map_err(|_| BodyError::Utf8)?;
    if text.starts_with('\u{feff}') {
        return Err(BodyError::Utf8);
    }
    let resource = Value::Object(parse_strict(text, DEPTH_MAX).ok_or(BodyError::Json)?);
    resource_type(&resource)?;
    let binding = binding_of(&resource)?;
    Ok(Body { resource, binding })
}

/// Parses the body of a kind 2123: a multiple of [`PADDING_BYTES`] long.
pub fn parse_confidential(bytes: &[u8]) -> Result<Body, BodyError> {
    if !bytes.len().is_multiple_of(PADDING_BYTES) {
        return Err(BodyError::Padding);
    }
    parse(bytes)
}

/// Writes the binding into `resource.meta.extension` (replacing none: an existing one is an error)
/// and serialises. With `pad` the result is padded with spaces to the next multiple of 4,096.
pub fn write(resource: &Value, binding: &Binding, pad: bool) -> Result<Vec<u8>, BodyError> {
    resource_type(resource)?;
    let mut bound = resource.as_object().cloned().ok_or(BodyError::Json)?;
    let meta = bound.entry("meta").or_insert_with(|| Value::Object(Map::new()));
    let extensions = meta
        .as_object_mut()
        .map(|meta| meta.entry("extension").or_insert_with(|| Value::Array(Vec::new())))
        .and_then(Value::as_array_mut)
        .ok_or(BodyError::Json)?;
    if extensions.iter().any(is_binding) {
        return Err(BodyError::Binding);
    }
    extensions.push(json!({"url": BINDING_URL, "valueString": binding.to_text()}));
    let mut bytes = serde_json::to_vec(&bound).map_err(|_| BodyError::Json)?;
    if pad {
        bytes.resize(bytes.len().next_multiple_of(PADDING_BYTES), b' ');
    }
    if bytes.len() > PLAINTEXT_BYTES_MAX {
        return Err(BodyError::Size);
    }
    Ok(bytes)
}

/// hex(SHA-256("relaybox/pc/1" ‖ 0x00 ‖ body)).
pub fn commitment(body: &[u8]) -> String {
    hex::encode(&labelled_hash("relaybox/pc/1", &[body]))
}

/// The one FHIR type of each true kind (PROTOCOL 2.8.4).
const TYPES: [(u16, &str); 13] = [
    (2110, "Patient"),
    (2111, "Encounter"),
    (2112, "MedicationRequest"),
    (2113, "Observation"),
    (2114, "Condition"),
    (2115, "AllergyIntolerance"),
    (2116, "Immunization"),
    (2117, "Communication"),
    (2118, "ServiceRequest"),
    (2119, "DiagnosticReport"),
    (2120, "MedicationRequest"),
    (2121, "DocumentReference"),
    (2126, "Appointment"),
];

/// Whether a true kind may carry this FHIR type: one type for most kinds, any for 2125, any that
/// has no kind of its own for 2124 (PROTOCOL 2.8.4).
pub fn type_fits(kind: u16, resource_type: &str) -> bool {
    match kind {
        2124 => TYPES.iter().all(|(_, named)| *named != resource_type),
        2125 => true,
        _ => TYPES.contains(&(kind, resource_type)),
    }
}

/// The shape of a FHIR type name: a capital letter, then letters.
fn resource_type(resource: &Value) -> Result<(), BodyError> {
    let name = resource.get("resourceType").and_then(Value::as_str).ok_or(BodyError::ResourceType)?;
    let shaped = name.starts_with(|c: char| c.is_ascii_uppercase())
        && name.len() <= 64
        && name.bytes().all(|b| b.is_ascii_alphabetic());
    if shaped { Ok(()) } else { Err(BodyError::ResourceType) }
}

fn is_binding(extension: &Value) -> bool {
    extension.get("url").and_then(Value::as_str) == Some(BINDING_URL)
}

fn binding_of(resource: &Value) -> Result<Binding, BodyError> {
    let extensions =
        resource.pointer("/meta/extension").and_then(Value::as_array).ok_or(BodyError::Binding)?;
    let mut bindings = extensions.iter().filter(|extension| is_binding(extension));
    let (Some(binding), None) = (bindings.next(), bindings.next()) else { return Err(BodyError::Binding) };
    binding.get("valueString").and_then(Value::as_str).and_then(Binding::parse).ok_or(BodyError::Binding)
}

#[cfg(test)]
mod tests;
