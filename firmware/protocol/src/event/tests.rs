use super::*;
use crate::testing::keys;

const NOW: u64 = 1_790_000_000;

fn note(content: &str) -> Event {
    sign(&keys("author"), 1, vec![tag("t", ["a", "b"])], content, NOW)
}

fn json(content: &str) -> String {
    serde_json::to_string(&note(content)).unwrap()
}

#[test]
fn a_verified_event_keeps_its_exact_bytes() {
    let spaced = json("hello").replace("\",\"", "\" ,\n \"");
    let verified = Verified::parse(&spaced, EVENT_BYTES_MAX).unwrap();
    assert_eq!(verified.json(), spaced);
    assert_eq!(verified.event(), &note("hello"));
    assert_eq!((verified.kind(), verified.id()), (1, note("hello").id));
    assert_eq!(Verified::from_event(note("hello")).unwrap().event(), &note("hello"));
}

#[test]
fn one_event_has_one_signature() {
    assert_eq!(note("again").sig, note("again").sig);
    assert_ne!(note("again").sig, note("other").sig);
}

#[test]
fn ids_follow_the_escape_list_of_nip_01() {
    // The list names seven escapes; every other character is written as it is.
    let content = "\u{8}\t\n\u{c}\r\"\\ / \u{7f} \u{80} \u{2028} \u{2029} ü 👶";
    let event = note(content);
    let text = content
        .replace('\\', "\\\\")
        .replace('"', "\\\"")
        .replace('\n', "\\n")
        .replace('\r', "\\r")
        .replace('\t', "\\t")
        .replace('\u{8}', "\\b")
        .replace('\u{c}', "\\f");
    let serialised =
        format!("[0,\"{}\",{NOW},1,[[\"t\",\"a\",\"b\"]],\"{text}\"]", keys("author").public_key());
    let hash: [u8; 32] = <sha2::Sha256 as sha2::Digest>::digest(serialised).into();
    assert_eq!(event.id, EventId::from_byte_array(hash));
    let whole = serde_json::to_string(&event).unwrap();
    assert!(Verified::parse(&whole, EVENT_BYTES_MAX).is_ok());
}

#[test]
fn every_departure_from_the_seven_members_is_refused() {
    let good = json("x");
    assert!(Verified::parse(&good, EVENT_BYTES_MAX).is_ok());
    let upper = note("x").id.to_hex().to_uppercase();
    let id = note("x").id.to_hex();
    let bad = [
        good.replacen('{', "{\"extra\":1,", 1),
        good.replacen("\"kind\":1", "\"kind\":1,\"kind\":1", 1),
        good.replacen("\"kind\":1,", "", 1),
        good.replacen("\"kind\":1", "\"kind\":1.0", 1),
        good.replacen("\"kind\":1", "\"kind\":\"1\"", 1),
        good.replacen("\"kind\":1", "\"kind\":65537", 1),
        good.replacen(&format!("\"created_at\":{NOW}"), "\"created_at\":-1", 1),
        good.replacen(&format!("\"created_at\":{NOW}"), "\"created_at\":1e3", 1),
        good.replacen(&format!("\"created_at\":{NOW}"), "\"created_at\":9007199254740992", 1),
        good.replacen(&id, &upper, 1),
        good.replacen(&id, &id[1..], 1),
        good.replacen("[[\"t\",\"a\",\"b\"]]", "[[]]", 1),
        good.replacen("[[\"t\",\"a\",\"b\"]]", "[[\"t\",1]]", 1),
        good.replacen("[[\"t\",\"a\",\"b\"]]", "[[\"t\",[\"a\"]]]", 1),
        good.replacen("[[\"t\",\"a\",\"b\"]]", "[\"t\"]", 1),
        good.replacen("[[\"t\",\"a\",\"b\"]]", "null", 1),
        good.replacen("\"content\":\"x\"", "\"content\":\"\\ud800\"", 1),
        good.replacen("\"content\":\"x\"", "\"content\":\"\n\"", 1),
        good.replacen("\"content\":\"x\"", "\"content\":null", 1),
        format!("{good} {{}}"),
        format!("[{good}]"),
        "[\"id\",\"pubkey\",1,1,[],\"\",\"sig\"]".to_owned(),
        String::new(),
    ];
    for text in bad {
        assert_ne!(text, good);
        assert_eq!(Verified::parse(&text, EVENT_BYTES_MAX).unwrap_err(), Refusal::Malformed, "{text}");
    }
}

#[test]
fn a_members_array_is_not_an_event() {
    let event = note("x");
    let array = serde_json::json!([
        event.id.to_hex(),
        event.pubkey.to_hex(),
        NOW,
        1,
        [["t", "a", "b"]],
        "x",
        event.sig.to_hex()
    ]);
    assert_eq!(parse_unverified(&array.to_string(), EVENT_BYTES_MAX).unwrap_err(), Refusal::Malformed);
}

#[test]
fn control_characters_without_a_short_escape_are_refused_anywhere() {
    for code in (0..0x20u8).filter(|code| !matches!(code, 8 | 9 | 10 | 12 | 13)) {
        let odd = char::from(code).to_string();
        let in_content = note(&format!("a{odd}b"));
        let in_tag = sign(&keys("author"), 1, vec![tag("t", ["a", &odd])], "", NOW);
        let in_name = sign(&keys("author"), 1, vec![tag(&odd, [])], "", NOW);
        for event in [in_content, in_tag, in_name] {
            assert_eq!(Verified::from_event(event).unwrap_err(), Refusal::ControlCharacter, "{code}");
        }
    }
    for code in [8u8, 9, 10, 12, 13, 0x7f] {
        assert!(Verified::from_event(note(&char::from(code).to_string())).is_ok(), "{code}");
    }
}

#[test]
fn a_false_id_and_a_false_signature_are_told_apart() {
    let good = note("x");
    let mut changed = good.clone();
    changed.content = "y".to_owned();
    assert_eq!(Verified::from_event(changed).unwrap_err(), Refusal::BadId);
    let mut foreign = good.clone();
    foreign.sig = note("y").sig;
    assert_eq!(Verified::from_event(foreign.clone()).unwrap_err(), Refusal::BadSignature);
    let text = serde_json::to_string(&foreign).unwrap();
    assert_eq!(parse_unverified(&text, EVENT_BYTES_MAX).unwrap(), foreign);
    let mut off_curve = good;
    off_curve.pubkey = PublicKey::from_byte_array([0xff; 32]);
    off_curve.id = EventId::compute(
        &off_curve.pubkey,
        &off_curve.created_at,
        &off_curve.kind,
        &off_curve.tags,
        &off_curve.content,
    );
    assert_eq!(Verified::from_event(off_curve).unwrap_err(), Refusal::BadSignature);
}

#[test]
fn size_is_refused_above_the_limit_and_taken_at_it() {
    let text = json("x");
    assert!(Verified::parse(&text, text.len()).is_ok());
    assert_eq!(Verified::parse(&text, text.len() - 1).unwrap_err(), Refusal::TooLarge);
}

#[test]
fn a_value_too_long_to_index_is_refused_not_left_out() {
    let of = |name: &str, bytes: usize| {
        Verified::from_event(sign(&keys("author"), 1, vec![tag(name, [&"v".repeat(bytes)])], "", NOW))
    };
    assert!(of("t", INDEX_VALUE_BYTES_MAX).is_ok());
    assert_eq!(of("t", INDEX_VALUE_BYTES_MAX + 1).unwrap_err(), Refusal::TooLarge);
    assert!(of("patient-content", INDEX_VALUE_BYTES_MAX + 1).is_ok());
}

#[test]
fn index_keys_are_the_author_and_first_values_of_single_letter_tags() {
    let tags = vec![
        tag("p", ["one", "two"]),
        tag("p", ["one"]),
        tag("E", ["three"]),
        tag("pc", ["four"]),
        tag("1", ["five"]),
        tag("d", []),
        tag("d", [""]),
    ];
    let event = sign(&keys("author"), 2111, tags.clone(), "", NOW);
    let of = |letter, value: &str| IndexKey::Tag(letter, value.to_owned());
    let author = IndexKey::Author(keys("author").public_key());
    let expected = vec![author.clone(), of(b'E', "three"), of(b'd', ""), of(b'p', "one")];
    assert_eq!(index_keys(&event), expected);
    let mut of_receipt = tags;
    of_receipt.push(tag("c", ["policy"]));
    of_receipt.push(tag("e", ["row"]));
    let receipt = sign(&keys("author"), kinds::RECEIPT, of_receipt, "", NOW);
    assert_eq!(index_keys(&receipt), vec![author, of(b'c', "policy"), of(b'p', "one")]);
}

#[test]
fn links_and_values_are_read_strictly() {
    let id = note("x").id;
    let tags = vec![
        Link { id, marker: "addendum".to_owned() }.to_tag(),
        tag("e", [&id.to_hex()]),
        tag("e", ["short"]),
        tag("expiration", ["12"]),
        tag("p", [&"AB".repeat(32)]),
        key_tag("p", &keys("b").public_key()),
    ];
    let event = sign(&keys("author"), 1, tags, "", NOW);
    let markers: Vec<_> = links(&event).into_iter().map(|link| (link.id, link.marker)).collect();
    assert_eq!(markers, vec![(id, "addendum".to_owned()), (id, String::new())]);
    assert_eq!(expiration(&event), Some(12));
    assert_eq!((p_tag(&event, 0), p_tag(&event, 1)), (None, Some(keys("b").public_key())));
    for bad in ["", "+1", "01", " 1", "1.0", "-1", "9007199254740992", "18446744073709551616"] {
        assert_eq!(number_from_text(bad), None, "{bad}");
    }
    assert_eq!(number_from_text("0"), Some(0));
    assert_eq!(number_from_text("9007199254740991"), Some(NUMBER_MAX));
}
