use super::*;

fn limits() -> RelayConfig {
    RelayConfig::default()
}

fn parsed(text: &str) -> Result<Frame<'_>, FrameError> {
    parse(text, &limits())
}

const ID: &str = "00000000000000000000000000000000000000000000000000000000000000ab";

#[test]
fn an_event_keeps_its_exact_text() {
    let event = format!("{{ \"id\" : \"{ID}\" , \"kind\":2113,\"content\":\"\\u00e9\" }}");
    let frame = format!("[\"EVENT\", {event} ]");
    let Ok(Frame::Event { json, head }) = parsed(&frame) else { panic!("no event") };
    assert_eq!(json, event);
    assert_eq!((head.id.as_str(), head.kind, head.author), (ID, 2113, None));
}

#[test]
fn every_verb_is_understood() {
    assert!(matches!(parsed(&format!(r#"["AUTH",{{"id":"{ID}","kind":22242}}]"#)), Ok(Frame::Auth { .. })));
    assert!(
        matches!(parsed(r#"["REQ","a",{},{"kinds":[1]}]"#), Ok(Frame::Req { filters, .. }) if filters.len() == 2)
    );
    assert!(matches!(parsed(r#"["COUNT","a",{}]"#), Ok(Frame::Count { .. })));
    assert_eq!(parsed(r#"["CLOSE","a"]"#), Ok(Frame::Close { id: "a".to_owned() }));
    assert!(
        matches!(parsed(r#"["NEG-OPEN","a",{},"61"]"#), Ok(Frame::NegOpen { message, .. }) if message == [0x61])
    );
    assert!(
        matches!(parsed(r#"["NEG-MSG","a","6100"]"#), Ok(Frame::NegMsg { message, .. }) if message == [0x61, 0])
    );
    assert_eq!(parsed(r#"["NEG-CLOSE","a"]"#), Ok(Frame::NegClose { id: "a".to_owned() }));
}

#[test]
fn what_is_no_message_is_refused_as_a_frame() {
    for text in [
        "",
        "null",
        "{}",
        "[]",
        "[1]",
        r#"["REQ"]"#,
        r#"["EVENT",{},{}]"#,
        r#"["CLOSE","a","b"]"#,
        r#"["HELLO","a"]"#,
    ] {
        assert_eq!(parsed(text), Err(FrameError::Frame(Refusal::FrameMalformed)), "{text}");
    }
}

#[test]
fn an_unreadable_event_is_answered_by_its_id() {
    let raw = format!("[\"EVENT\",{{\"id\": \"{ID}\",\"content\":\"a\nb\"}}]");
    assert_eq!(parsed(&raw), Err(FrameError::Event { id: ID.to_owned(), refusal: Refusal::Malformed }));
    assert_eq!(parsed("[\"EVENT\",{\"id\":\"ab\ncd\"}]"), Err(FrameError::Frame(Refusal::FrameMalformed)));
    let request = format!("[\"REQ\",\"a\",{{\"id\":\"{ID}\n\"}}]");
    assert_eq!(parsed(&request), Err(FrameError::Frame(Refusal::FrameMalformed)));
}

#[test]
fn an_id_at_a_character_boundary_is_no_fault() {
    let text = format!("[\"EVENT\",{{\"id\":\"{}é\n\"}}]", "a".repeat(63));
    assert_eq!(parsed(&text), Err(FrameError::Frame(Refusal::FrameMalformed)));
}

#[test]
fn elements_and_depth_are_bounded_without_recursion() {
    let many = format!("[\"REQ\",\"a\"{}]", ",{}".repeat(PARTS_MAX));
    assert_eq!(parsed(&many), Err(FrameError::Frame(Refusal::FrameMalformed)));
    let deep = format!("[\"REQ\",\"a\",{}{}]", "[".repeat(200_000), "]".repeat(200_000));
    assert_eq!(parsed(&deep), Err(FrameError::Subscription { id: "a".to_owned(), refusal: Refusal::Filter }));
}

#[test]
fn a_filter_is_read_member_by_member() {
    let filter = parse_filter(
        r##"{"ids":[],"kinds":[1,2113],"since":1,"until":2,"limit":0,"#p":["x"],"#P":["y"]}"##,
        &limits(),
    )
    .unwrap();
    assert_eq!(filter.ids.map(|ids| ids.len()), Some(0));
    assert_eq!(filter.kinds.map(|kinds| kinds.len()), Some(2));
    assert_eq!(
        (filter.since, filter.until, filter.limit),
        (Some(Timestamp::from(1)), Some(Timestamp::from(2)), Some(0))
    );
    assert_eq!(filter.generic_tags.len(), 2);
}

#[test]
fn hex_of_negentropy_is_whole_bytes() {
    for bad in [r#""""#, r#""6""#, r#""6g""#, "1"] {
        let text = format!(r#"["NEG-MSG","a",{bad}]"#);
        let refused = FrameError::Negentropy { id: "a".to_owned(), refusal: Refusal::FrameMalformed };
        assert_eq!(parsed(&text), Err(refused), "{bad}");
    }
}
