//! The strict body rules (PROTOCOL 2.1): well-formed UTF-8 without BOM, one JSON object without
//! duplicate keys, a FHIR R4 resource, exactly one binding.

use crate::PublicKey;

pub const BINDING_URL: &str = "urn:relaybox:binding:1";

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
        let _ = self;
        todo!()
    }
    pub fn parse(text: &str) -> Option<Self> {
        let _ = text;
        todo!()
    }
}

/// A body that keeps the rules.
#[derive(Debug, Clone, PartialEq)]
pub struct Body {
    pub resource: serde_json::Value,
    pub binding: Binding,
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
    let _ = bytes;
    todo!()
}

/// Writes the binding into `resource.meta.extension` (replacing none: an existing one is an error)
/// and serialises. With `pad` the result is padded with spaces to the next multiple of 4,096.
pub fn write(resource: &serde_json::Value, binding: &Binding, pad: bool) -> Result<Vec<u8>, BodyError> {
    let _ = (resource, binding, pad);
    todo!()
}

/// hex(SHA-256("relaybox/pc/1" ‖ 0x00 ‖ body)).
pub fn commitment(body: &[u8]) -> String {
    let _ = body;
    todo!()
}

/// FHIR type that a true kind carries (PROTOCOL 2.8.4); `None` = any (2125), 2124 = any but the others.
pub fn type_fits(kind: u16, resource_type: &str) -> bool {
    let _ = (kind, resource_type);
    todo!()
}
