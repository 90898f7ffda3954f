//! FHIR R4 in small pieces: codes, references and the skeletons that all records share.

use serde_json::{Map, Value, json};

pub(crate) const SNOMED: &str = "http://snomed.info/sct";
pub(crate) const LOINC: &str = "http://loinc.org";
pub(crate) const ICD10: &str = "http://hl7.org/fhir/sid/icd-10-cm";
pub(crate) const CVX: &str = "http://hl7.org/fhir/sid/cvx";
pub(crate) const MVX: &str = "http://hl7.org/fhir/sid/mvx";
pub(crate) const UCUM: &str = "http://unitsofmeasure.org";
/// Identifier system of a Nostr public key (hex).
pub(crate) const PUBKEY: &str = "urn:nostr:pubkey";

/// (system, code, display).
pub(crate) type Code<'a> = (&'a str, &'a str, &'a str);

/// A terminology.hl7.org system.
pub(crate) fn hl7(name: &str) -> String {
    format!("http://terminology.hl7.org/CodeSystem/{name}")
}

/// A CodeableConcept of one HL7 code.
pub(crate) fn hl7_concept(system: &str, code: &str, display: &str) -> Value {
    json!({"coding": [{"system": hl7(system), "code": code, "display": display}]})
}

/// A CodeableConcept of several codings and a text.
pub(crate) fn concept(text: &str, codes: &[Code<'_>]) -> Value {
    let coding: Vec<Value> = codes
        .iter()
        .map(|(system, code, display)| json!({"system": system, "code": code, "display": display}))
        .collect();
    if coding.is_empty() { json!({"text": text}) } else { json!({"coding": coding, "text": text}) }
}

/// A Quantity in a UCUM unit, rounded to `decimals`.
pub(crate) fn quantity(value: f64, decimals: i32, unit: &str, code: &str) -> Value {
    json!({"value": rounded(value, decimals), "unit": unit, "system": UCUM, "code": code})
}

pub(crate) fn rounded(value: f64, decimals: i32) -> f64 {
    let scale = 10f64.powi(decimals);
    (value * scale).round() / scale
}

/// A narrative of escaped text in one paragraph.
pub(crate) fn narrative(text: &str) -> Value {
    let escaped = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    json!({"status": "additional", "div": format!("<div xmlns=\"http://www.w3.org/1999/xhtml\"><p>{escaped}</p></div>")})
}

/// A reference to a member of staff: the reader rule asks for it in the attester of a signed note.
pub(crate) fn practitioner(key_hex: &str, name: &str) -> Value {
    let mut reference = person(key_hex, name);
    reference["reference"] = format!("Practitioner/{key_hex}").into();
    reference
}

/// A reference to any person by public key, with the name as display.
pub(crate) fn person(key_hex: &str, name: &str) -> Value {
    json!({"identifier": {"system": PUBKEY, "value": key_hex}, "display": name})
}

/// The start of every resource: type, id and the mark that it is test data.
pub(crate) fn resource(kind: &str, id: &str) -> Map<String, Value> {
    let mut map = Map::new();
    map.insert("resourceType".into(), kind.into());
    map.insert("id".into(), id.into());
    map.insert(
        "meta".into(),
        json!({"tag": [{"system": hl7("v3-ActReason"), "code": "HTEST", "display": "test health data"}]}),
    );
    map
}

/// Adds the members of a JSON object to a resource; anything but an object adds nothing.
pub(crate) fn extend(mut map: Map<String, Value>, members: Value) -> Value {
    if let Value::Object(members) = members {
        map.extend(members);
    }
    Value::Object(map)
}
