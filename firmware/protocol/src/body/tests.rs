use super::*;
use crate::testing::keys;

fn binding() -> Binding {
    let key = |name| keys(name).public_key();
    Binding {
        signer: key("signer"),
        subject: key("subject"),
        kind: 2113,
        epoch_key: key("epoch"),
        practice: key("practice"),
        r: [7; 32],
    }
}

fn observation() -> Value {
    json!({"resourceType": "Observation", "status": "final", "meta": {"lastUpdated": "2026-01-01T00:00:00Z"}})
}

fn written() -> String {
    String::from_utf8(write(&observation(), &binding(), false).unwrap()).unwrap()
}

#[test]
fn a_written_body_reads_back_with_its_binding() {
    let body = parse(written().as_bytes()).unwrap();
    assert_eq!(body.binding, binding());
    assert_eq!(body.resource_type(), "Observation");
    assert_eq!(body.resource["meta"]["lastUpdated"], "2026-01-01T00:00:00Z");
}

#[test]
fn a_binding_is_read_in_its_exact_spelling_alone() {
    let text = binding().to_text();
    assert_eq!(Binding::parse(&text), Some(binding()));
    let bad = [
        text.replacen(' ', "  ", 1),
        format!(" {text}"),
        format!("{text} "),
        format!("{text} x"),
        text.replace(" 2113 ", " 02113 "),
        text.replace(" 2113 ", " 65536 "),
        text.replace(" 2113 ", " +2113 "),
        text.to_uppercase(),
        text[..text.len() - 2].to_owned(),
        text.rsplit_once(' ').unwrap().0.to_owned(),
    ];
    for text in bad {
        assert_eq!(Binding::parse(&text), None, "{text}");
    }
}

#[test]
fn bodies_that_two_readers_could_read_differently_are_refused() {
    let good = written();
    assert!(parse(good.as_bytes()).is_ok());
    let cases = [
        (format!("\u{feff}{good}"), BodyError::Utf8),
        (good.replacen('{', "{\"status\":\"final\",", 1), BodyError::Json),
        (good.replacen("\"meta\":{", "\"meta\":{\"a\":1,\"b\":{\"c\":1,\"c\":2},", 1), BodyError::Json),
        (good.replacen('{', "{\"a\":[{\"b\":1,\"\\u0062\":1}],", 1), BodyError::Json),
        (good.replacen('{', &format!("{{\"a\":{}{},", "[".repeat(64), "]".repeat(64)), 1), BodyError::Json),
        (good.replacen('{', "{\"a\":\"\\ud800\",", 1), BodyError::Json),
        (good.replacen('{', "{\"a\":1e999,", 1), BodyError::Json),
        (format!("{good}{{}}"), BodyError::Json),
        (format!("[{good}]"), BodyError::Json),
        ("\"text\"".to_owned(), BodyError::Json),
        (String::new(), BodyError::Json),
        (good.replace("\"Observation\"", "1"), BodyError::ResourceType),
        (good.replace("\"Observation\"", "\"observation\""), BodyError::ResourceType),
        (good.replace("\"Observation\"", "\"\""), BodyError::ResourceType),
        (good.replace("urn:relaybox:binding:1", "urn:relaybox:binding:2"), BodyError::Binding),
        (good.replace("\"valueString\"", "\"valueCode\""), BodyError::Binding),
        (good.replace(" 2113 ", " x "), BodyError::Binding),
    ];
    for (text, error) in cases {
        assert_ne!(text, good);
        assert_eq!(parse(text.as_bytes()), Err(error), "{text}");
    }
    assert_eq!(parse(&[good.as_bytes(), &[0xff]].concat()), Err(BodyError::Utf8));
    let deep = good.replacen('{', &format!("{{\"a\":{}{},", "[".repeat(63), "]".repeat(63)), 1);
    assert!(parse(deep.as_bytes()).is_ok());
}

#[test]
fn two_bindings_are_one_too_many() {
    let mut resource: Value = serde_json::from_str(&written()).unwrap();
    assert_eq!(write(&resource, &binding(), false), Err(BodyError::Binding));
    let extensions = resource["meta"]["extension"].as_array_mut().unwrap();
    extensions.push(extensions[0].clone());
    assert_eq!(parse(resource.to_string().as_bytes()), Err(BodyError::Binding));
    let none = json!({"resourceType": "Observation"}).to_string();
    assert_eq!(parse(none.as_bytes()), Err(BodyError::Binding));
}

#[test]
fn other_extensions_stay_beside_the_binding() {
    let resource =
        json!({"resourceType": "Observation", "meta": {"extension": [{"url": "urn:x", "valueCode": "y"}]}});
    let body = parse(&write(&resource, &binding(), false).unwrap()).unwrap();
    assert_eq!(body.resource["meta"]["extension"][0]["valueCode"], "y");
    assert_eq!(body.binding, binding());
}

#[test]
fn resources_that_cannot_carry_a_binding_are_refused() {
    for resource in [json!([]), json!({"status": "final"})] {
        assert_eq!(write(&resource, &binding(), false), Err(BodyError::ResourceType));
    }
    for meta in [json!([]), json!({"extension": {}})] {
        let resource = json!({"resourceType": "Observation", "meta": meta});
        assert_eq!(write(&resource, &binding(), false), Err(BodyError::Json));
    }
}

/// An observation whose written body has exactly this many bytes.
fn body_of(bytes: usize, pad: bool) -> Result<Vec<u8>, BodyError> {
    let empty = json!({"resourceType": "Observation", "note": ""});
    let frame = write(&empty, &binding(), false).unwrap().len();
    let resource = json!({"resourceType": "Observation", "note": "x".repeat(bytes - frame)});
    write(&resource, &binding(), pad)
}

#[test]
fn the_largest_body_is_taken_and_one_byte_more_is_refused() {
    let largest = body_of(PLAINTEXT_BYTES_MAX, false).unwrap();
    assert_eq!(largest.len(), PLAINTEXT_BYTES_MAX);
    assert!(parse(&largest).is_ok());
    assert_eq!(body_of(PLAINTEXT_BYTES_MAX + 1, false), Err(BodyError::Size));
    assert_eq!(body_of(PLAINTEXT_BYTES_MAX + 1, true), Err(BodyError::Size));
    assert_eq!(parse(&[largest.as_slice(), b" "].concat()), Err(BodyError::Size));
}

#[test]
fn a_confidential_body_is_padded_to_the_next_multiple_and_not_beyond() {
    for (bytes, padded) in
        [(1_000, 4_096), (4_095, 4_096), (4_096, 4_096), (4_097, 8_192), (131_072, 131_072)]
    {
        let body = body_of(bytes, true).unwrap();
        assert_eq!(body.len(), padded, "{bytes}");
        assert!(body[bytes..].iter().all(|byte| *byte == b' '));
        assert!(parse_confidential(&body).is_ok());
    }
    let plain = body_of(1_000, false).unwrap();
    assert!(parse(&plain).is_ok());
    assert_eq!(parse_confidential(&plain), Err(BodyError::Padding));
    let zeros = [plain.as_slice(), &[0; 3_096]].concat();
    assert_eq!(parse_confidential(&zeros), Err(BodyError::Json));
}

#[test]
fn a_commitment_covers_every_byte_padding_included() {
    let body = body_of(1_000, true).unwrap();
    let expected = hex::encode(&labelled_hash("relaybox/pc/1", &[&body]));
    assert_eq!(commitment(&body), expected);
    assert_ne!(commitment(&body), commitment(&body[..body.len() - 1]));
}

#[test]
fn each_kind_carries_its_own_fhir_type() {
    for (kind, name) in TYPES {
        assert!(type_fits(kind, name));
        assert!(!type_fits(kind, "Procedure"));
        assert!(!type_fits(2124, name));
        assert!(type_fits(2125, name));
    }
    assert!(type_fits(2124, "Procedure") && type_fits(2125, "Procedure"));
    assert!(type_fits(2120, "MedicationRequest") && type_fits(2112, "MedicationRequest"));
    assert!(!type_fits(2123, "Observation") && !type_fits(1, "Observation"));
}

#[test]
fn a_decimal_is_read_as_the_nearest_number_however_far_from_one() {
    for decimal in ["36.6", "4.9e-30", "7.721876539108463e-81", "-8.801629211661505e+245"] {
        let text = written().replacen("\"final\"", decimal, 1);
        let body = parse(text.as_bytes()).unwrap();
        assert_eq!(body.resource["status"].as_f64(), decimal.parse().ok(), "{decimal}");
        let again = serde_json::to_vec(&body.resource).unwrap();
        assert_eq!(parse(&again).unwrap().resource, body.resource, "{decimal}");
    }
}
