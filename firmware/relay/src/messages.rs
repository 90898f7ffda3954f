//! Relay messages (NIP-01, 42, 45, 77) and the WebSocket text frames that carry them (RFC 6455).

use relaybox_protocol::hex;
use relaybox_protocol::refusal::Refusal;

/// A JSON string literal.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// `["OK", id, accepted, message]`; `message` is empty or begins with its prefix.
pub(crate) fn ok(id: &str, accepted: bool, message: &str) -> String {
    format!("[\"OK\",{},{accepted},{}]", quoted(id), quoted(message))
}

pub(crate) fn refused(id: &str, refusal: Refusal) -> String {
    ok(id, false, &refusal.message())
}

pub(crate) fn eose(subscription: &str) -> String {
    format!("[\"EOSE\",{}]", quoted(subscription))
}

pub(crate) fn closed(subscription: &str, refusal: Refusal) -> String {
    format!("[\"CLOSED\",{},{}]", quoted(subscription), quoted(&refusal.message()))
}

pub(crate) fn notice(refusal: Refusal) -> String {
    format!("[\"NOTICE\",{}]", quoted(&refusal.message()))
}

pub(crate) fn challenge(challenge: &str) -> String {
    format!("[\"AUTH\",{}]", quoted(challenge))
}

pub(crate) fn count(subscription: &str, count: u64) -> String {
    format!("[\"COUNT\",{},{{\"count\":{count}}}]", quoted(subscription))
}

pub(crate) fn neg_msg(session: &str, message: &[u8]) -> String {
    format!("[\"NEG-MSG\",{},\"{}\"]", quoted(session), hex::encode(message))
}

pub(crate) fn neg_err(session: &str, refusal: Refusal) -> String {
    format!("[\"NEG-ERR\",{},{}]", quoted(session), quoted(&refusal.message()))
}

/// What stands before the event in `["EVENT", subscription, event]`.
pub(crate) fn event_head(subscription: &str) -> String {
    format!("[\"EVENT\",{},", quoted(subscription))
}

/// Appends one unmasked, unfragmented text frame whose payload is the parts one after the other.
pub(crate) fn push_text_frame(out: &mut Vec<u8>, parts: &[&[u8]]) {
    const TEXT: u8 = 0x81;
    let length: usize = parts.iter().map(|part| part.len()).sum();
    out.reserve(length + 10);
    push_frame_header(out, TEXT, length);
    for part in parts {
        out.extend_from_slice(part);
    }
}

/// Appends a ping without payload.
pub(crate) fn push_ping(out: &mut Vec<u8>) {
    push_frame_header(out, 0x89, 0);
}

/// Appends a close frame with a status code (RFC 6455 7.4).
pub(crate) fn push_close(out: &mut Vec<u8>, code: u16) {
    push_frame_header(out, 0x88, 2);
    out.extend_from_slice(&code.to_be_bytes());
}

fn push_frame_header(out: &mut Vec<u8>, first: u8, length: usize) {
    out.push(first);
    match (u8::try_from(length), u16::try_from(length)) {
        (Ok(short), _) if short < 126 => out.push(short),
        (_, Ok(medium)) => {
            out.push(126);
            out.extend_from_slice(&medium.to_be_bytes());
        }
        _ => {
            out.push(127);
            out.extend_from_slice(&(length as u64).to_be_bytes());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_escape_what_the_client_chose() {
        assert_eq!(eose("a\"b"), r#"["EOSE","a\"b"]"#);
        assert_eq!(
            closed("s", Refusal::AuthRequired),
            r#"["CLOSED","s","auth-required: log in with NIP-42 first"]"#
        );
        assert_eq!(neg_msg("n", &[0x61, 0x0f]), r#"["NEG-MSG","n","610f"]"#);
        assert_eq!(count("c", 7), r#"["COUNT","c",{"count":7}]"#);
    }

    #[test]
    fn frame_lengths_take_the_shortest_form() {
        for (length, header) in [(125, 2), (126, 4), (65_535, 4), (65_536, 10)] {
            let mut out = Vec::new();
            push_text_frame(&mut out, &[&vec![b'x'; length]]);
            assert_eq!(out.len(), header + length, "payload of {length}");
            assert_eq!(out[0], 0x81);
        }
    }

    #[test]
    fn receipts_by_event_are_unsupported_by_prefix() {
        let text = closed("s", Refusal::ReceiptsByEvent);
        assert_eq!(text, r#"["CLOSED","s","unsupported: ask receipts by #p or #c"]"#);
    }
}
