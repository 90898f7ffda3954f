//! Bodies as bytes: bindings, commitments, and what two readers could read differently (PROTOCOL 2.1, 2.8).

use relaybox_protocol::body::{self, Binding, BodyError};
use relaybox_protocol::hex;
use serde_json::{Value, json};

use super::key;

fn binding() -> Binding {
    let key = |name| key(name).public_key();
    Binding {
        signer: key("signer"),
        subject: key("subject"),
        kind: 2113,
        epoch_key: key("epoch"),
        practice: key("practice"),
        r: [7; 32],
    }
}

fn written(pad: bool) -> String {
    let resource = json!({"resourceType": "Observation", "status": "final", "valueString": "Größe"});
    String::from_utf8(body::write(&resource, &binding(), pad).unwrap()).unwrap()
}

pub(crate) fn make() -> Value {
    let good = written(false);
    let cases = [
        ("plain", good.clone(), false),
        ("padded", written(true), true),
        ("blanks before and after", format!(" \n{good}\t"), false),
        ("63 arrays deep", deeper(&good, 63), false),
        ("equal keys in two objects", good.replacen('{', "{\"a\":{\"x\":1},\"b\":{\"x\":1},", 1), false),
    ];
    let cases: Vec<Value> =
        cases.into_iter().map(|(name, text, confidential)| taken(name, &text, confidential)).collect();
    let refused: Vec<Value> = departures(&good)
        .into_iter()
        .map(|(name, bytes, confidential)| {
            let parsed = if confidential { body::parse_confidential(&bytes) } else { body::parse(&bytes) };
            let why = why(parsed.unwrap_err());
            json!({"name": name, "body_hex": hex::encode(&bytes), "confidential": confidential, "why": why})
        })
        .collect();
    json!({
        "about": "Bodies of records as bytes. confidential: of a kind 2123. pc: hex(SHA-256(\"relaybox/pc/1\" 00 body)). \
                  A refused body is reason `body` for a reader; why is for humans.",
        "cases": cases,
        "refused": refused,
        "types": types(),
    })
}

fn taken(name: &str, text: &str, confidential: bool) -> Value {
    let body = body::parse(text.as_bytes()).unwrap();
    json!({
        "name": name,
        "body_hex": hex::encode(text.as_bytes()),
        "confidential": confidential,
        "binding": body.binding.to_text(),
        "resource_type": body.resource_type(),
        "pc": body::commitment(text.as_bytes()),
    })
}

fn deeper(good: &str, arrays: usize) -> String {
    good.replacen('{', &format!("{{\"a\":{}{},", "[".repeat(arrays), "]".repeat(arrays)), 1)
}

fn departures(good: &str) -> Vec<(&'static str, Vec<u8>, bool)> {
    let swap = |from: &str, to: &str| good.replacen(from, to, 1).into_bytes();
    let twice = {
        let mut resource: Value = serde_json::from_str(good).unwrap();
        let extensions = resource["meta"]["extension"].as_array_mut().unwrap();
        extensions.push(extensions[0].clone());
        resource.to_string().into_bytes()
    };
    vec![
        ("byte order mark", format!("\u{feff}{good}").into_bytes(), false),
        ("not UTF-8", [good.as_bytes(), &[0xff]].concat(), false),
        ("duplicate key", swap("{", "{\"status\":\"final\","), false),
        ("duplicate key in an object", swap("{", "{\"a\":{\"b\":1,\"b\":2},"), false),
        (
            "duplicate key in an array, spelled otherwise",
            swap("{", "{\"a\":[{\"b\":1,\"\\u0062\":1}],"),
            false,
        ),
        ("64 arrays deep", deeper(good, 64).into_bytes(), false),
        ("lone surrogate", swap("{", "{\"a\":\"\\ud800\","), false),
        ("number beyond a double", swap("{", "{\"a\":1e999,"), false),
        ("text behind the object", format!("{good}{{}}").into_bytes(), false),
        ("array", format!("[{good}]").into_bytes(), false),
        ("nothing", Vec::new(), false),
        ("no resource type", swap("resourceType", "resourceTypo"), false),
        ("resource type in lower case", swap("\"Observation\"", "\"observation\""), false),
        ("no binding", swap("urn:relaybox:binding:1", "urn:relaybox:binding:2"), false),
        ("two bindings", twice, false),
        ("binding without value", swap("\"valueString\":\"", "\"valueCode\":\""), false),
        ("binding with two blanks", swap(" 2113 ", "  2113 "), false),
        ("binding with a leading zero", swap(" 2113 ", " 02113 "), false),
        ("confidential without padding", good.as_bytes().to_vec(), true),
        ("confidential padded with zeros", [good.as_bytes(), &vec![0; 4_096 - good.len()]].concat(), true),
    ]
}

fn why(error: BodyError) -> String {
    format!("failed to {error}")
}

fn types() -> Vec<Value> {
    let names = ["Patient", "Observation", "MedicationRequest", "Procedure", "Appointment"];
    let kinds = (2110..=2121).chain(2124..=2126);
    kinds
        .flat_map(|kind| {
            names.map(|name| json!({"kind": kind, "type": name, "fits": body::type_fits(kind, name)}))
        })
        .collect()
}
