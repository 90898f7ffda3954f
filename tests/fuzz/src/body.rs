//! Bodies and their bindings.

use relaybox_protocol::body::{BINDING_URL, Binding, Body, BodyError, DEPTH_MAX, PADDING_BYTES};
use relaybox_protocol::body::{parse, parse_confidential, write};
use relaybox_protocol::nip44::PLAINTEXT_BYTES_MAX;
use serde_json::Value;

use super::{OK, Verdict};

/// Every verdict but `ok`.
pub const VERDICTS: [Verdict; 6] = ["binding", "json", "padding", "resource-type", "size", "utf8"];

/// An input that begins with a space is read as a confidential body.
pub fn run(input: &[u8]) -> Verdict {
    let plain = parse(input);
    let hidden = parse_confidential(input);
    if input.len().is_multiple_of(PADDING_BYTES) {
        assert_eq!(plain, hidden);
    } else {
        assert_eq!(hidden, Err(BodyError::Padding));
    }
    if let Ok(body) = &plain {
        keeps_the_rules(input, body);
    }
    if let Ok(binding) = std::str::from_utf8(input).map_or(Err(()), |text| Binding::parse(text).ok_or(())) {
        assert_eq!(binding.to_text().as_bytes(), input, "a binding has one spelling");
    }
    match if input.first() == Some(&b' ') { hidden } else { plain } {
        Ok(_) => OK,
        Err(BodyError::Utf8) => "utf8",
        Err(BodyError::Json) => "json",
        Err(BodyError::ResourceType) => "resource-type",
        Err(BodyError::Binding) => "binding",
        Err(BodyError::Size) => "size",
        Err(BodyError::Padding) => "padding",
    }
}

fn keeps_the_rules(input: &[u8], body: &Body) {
    assert!(input.len() <= PLAINTEXT_BYTES_MAX);
    assert!(depth(&body.resource) <= DEPTH_MAX);
    assert_eq!(Binding::parse(&body.binding.to_text()).as_ref(), Some(&body.binding));
    let mut resource = body.resource.clone();
    let extensions = resource.pointer_mut("/meta/extension").and_then(Value::as_array_mut).unwrap();
    let place = extensions.iter().position(|one| one["url"] == BINDING_URL).unwrap();
    extensions.remove(place);
    // Numbers and escapes may grow when they are written anew.
    match write(&resource, &body.binding, false) {
        Ok(written) => {
            let again = parse(&written).unwrap();
            assert_eq!(again.binding, body.binding);
            assert_eq!(again.resource["resourceType"], body.resource["resourceType"]);
            let more = write(&resource, &body.binding, true).unwrap();
            assert_eq!(parse_confidential(&more).unwrap(), again);
        }
        Err(error) => assert_eq!(error, BodyError::Size),
    }
    let text = serde_json::to_vec(&body.resource).unwrap();
    if text.len() <= PLAINTEXT_BYTES_MAX {
        assert_eq!(&parse(&text).unwrap(), body, "it says the same when it is written anew");
    }
}

fn depth(value: &Value) -> usize {
    match value {
        Value::Array(list) => 1 + list.iter().map(depth).max().unwrap_or(0),
        Value::Object(members) => 1 + members.values().map(depth).max().unwrap_or(0),
        _ => 0,
    }
}
