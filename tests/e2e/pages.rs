//! Pages that the binary writes itself are the ones in the tree.

use std::collections::BTreeSet;
use std::process::Command;

use relaybox_protocol::{body, envelope, event, kinds};
use relaybox_tests::{dev, node, pages};
use serde_json::{Value, json};

#[test]
fn the_configuration_page_is_what_the_binary_prints() {
    let output = Command::new(dev::binary().unwrap()).args(["config", "doc"]).output().unwrap();
    assert!(output.status.success());
    let page = std::fs::read_to_string(node::root().join("docs/ref/config.md")).unwrap();
    assert_eq!(String::from_utf8(output.stdout).unwrap(), page);
}

/// Whether a page of `docs/ref` differs from the code; what it should be is then left below `target/`.
fn stale(name: &str, wanted: &str) -> bool {
    let found = std::fs::read_to_string(node::root().join("docs/ref").join(name)).unwrap_or_default();
    if found == wanted {
        return false;
    }
    let place = node::root().join("target/pages");
    std::fs::create_dir_all(&place).unwrap();
    std::fs::write(place.join(name), wanted).unwrap();
    true
}

#[test]
fn the_interoperability_page_is_made_from_the_code() {
    let examples = pages::examples().unwrap();
    let wanted = [
        ("interoperability.md", pages::page(&examples).unwrap()),
        ("examples.json", pages::examples_json(&examples).unwrap()),
        ("events.schema.json", pages::schema().unwrap()),
    ];
    let stale: Vec<&str> =
        wanted.iter().filter(|(name, text)| stale(name, text)).map(|(name, _)| *name).collect();
    assert!(stale.is_empty(), "stale: {stale:?}; run `make docs`");
}

#[test]
fn every_example_is_signed_and_every_clinical_one_has_a_whole_envelope() {
    let examples = pages::examples().unwrap();
    for example in &examples {
        event::verify(&example.event).unwrap();
        let kind = example.event.kind.as_u16();
        if kinds::is_clinical(kind) {
            let envelope =
                envelope::parse(&example.event).unwrap_or_else(|| panic!("{kind} has no envelope"));
            let body = example.plaintext.as_deref().unwrap();
            assert_eq!(body::commitment(body.as_bytes()), envelope.commitment, "{kind}");
        }
    }
    let shown: BTreeSet<u16> = examples.iter().map(|example| example.event.kind.as_u16()).collect();
    let missing: Vec<u16> = (2100..=2127).filter(|kind| !shown.contains(kind)).collect();
    assert!(missing.is_empty(), "no example of {missing:?}");
}

/// Whether a value keeps a schema: the keywords that ours uses, and no other.
fn keeps(schema: &Value, value: &Value) -> bool {
    let Value::Object(keywords) = schema else { return schema == &json!(true) };
    let list = |schemas: &Value| schemas.as_array().unwrap().clone();
    let items = |value: &Value| value.as_array().cloned().unwrap_or_default();
    keywords.iter().all(|(name, wanted)| match name.as_str() {
        "$schema" | "title" | "minContains" | "maxContains" => true,
        "type" => match wanted.as_str().unwrap() {
            "object" => value.is_object(),
            "array" => value.is_array(),
            "string" => value.is_string(),
            "integer" => value.is_u64(),
            other => panic!("type {other}"),
        },
        "const" => value == wanted,
        "enum" => list(wanted).contains(value),
        "pattern" => keeps_pattern(wanted.as_str().unwrap(), value.as_str().unwrap_or_default()),
        "minimum" => value.as_u64() >= wanted.as_u64(),
        "maximum" => value.as_u64() <= wanted.as_u64(),
        "required" => list(wanted).iter().all(|name| value.get(name.as_str().unwrap()).is_some()),
        "properties" => wanted
            .as_object()
            .unwrap()
            .iter()
            .all(|(name, schema)| value.get(name).is_none_or(|value| keeps(schema, value))),
        "additionalProperties" => {
            value.as_object().unwrap().keys().all(|name| schema["properties"].get(name).is_some())
        }
        "minItems" => items(value).len() as u64 >= wanted.as_u64().unwrap(),
        "prefixItems" => list(wanted).iter().zip(&items(value)).all(|(schema, item)| keeps(schema, item)),
        "items" => {
            let before = schema.get("prefixItems").map_or(0, |schemas| list(schemas).len());
            items(value).iter().skip(before).all(|item| keeps(wanted, item))
        }
        "anyOf" => list(wanted).iter().any(|schema| keeps(schema, value)),
        "allOf" => list(wanted).iter().all(|schema| keeps(schema, value)),
        "oneOf" => list(wanted).iter().filter(|schema| keeps(schema, value)).count() == 1,
        "contains" => {
            let found = items(value).iter().filter(|item| keeps(wanted, item)).count() as u64;
            let bound = |name: &str, other: u64| schema.get(name).map_or(other, |n| n.as_u64().unwrap());
            (bound("minContains", 1)..=bound("maxContains", u64::MAX)).contains(&found)
        }
        other => panic!("keyword {other}"),
    })
}

/// The patterns of our schema: so many hex characters, or a decimal number.
fn keeps_pattern(pattern: &str, text: &str) -> bool {
    if pattern == "^(0|[1-9][0-9]*)$" {
        return event::number_from_text(text).is_some();
    }
    let chars = pattern.strip_prefix("^[0-9a-f]{").and_then(|rest| rest.strip_suffix("}$")).unwrap();
    text.len() == chars.parse::<usize>().unwrap()
        && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

#[test]
fn every_example_keeps_the_schema_and_one_tag_more_or_less_does_not() {
    let schema: Value = serde_json::from_str(&pages::schema().unwrap()).unwrap();
    for example in pages::examples().unwrap() {
        let whole = serde_json::to_value(&example.event).unwrap();
        let kind = &whole["kind"];
        assert!(keeps(&schema, &whole), "{kind}: {whole}");
        let mut more = whole.clone();
        more["tags"].as_array_mut().unwrap().push(json!(["subject", "a name"]));
        assert!(!keeps(&schema, &more), "{kind} with a tag that it does not have");
        let mut less = whole.clone();
        less["tags"] = json!([]);
        // A 2106, a 2108 or a receipt chooses among forms; which tags go together is the parser's to say.
        assert!(!keeps(&schema, &less) || matches!(kind.as_u64(), Some(2106 | 2108)), "{kind} without tags");
    }
}
