//! Client frames: `relay::frame::parse`.

use relaybox_process::config::RelayConfig;
use relaybox_protocol::Filter;
use relaybox_protocol::refusal::Refusal;
use relaybox_relay::frame::{Frame, FrameError, parse};

use super::{OK, Verdict};

pub fn run(input: &[u8]) -> Verdict {
    let Ok(text) = std::str::from_utf8(input) else { return Refusal::FrameMalformed.code() };
    let limits = RelayConfig::default();
    match parse(text, &limits) {
        Ok(frame) => {
            understood(text, &frame, &limits);
            OK
        }
        Err(error) => answer(&error, &limits).code(),
    }
}

fn understood(text: &str, frame: &Frame<'_>, limits: &RelayConfig) {
    match frame {
        Frame::Event { json, head } | Frame::Auth { json, head } => {
            assert!(text.contains(json), "an event stays the text that came");
            assert!(is_hex64(&head.id));
        }
        Frame::Req { id, filters } | Frame::Count { id, filters } => {
            is_subscription(id, limits);
            assert!((1..=limits.filters_max).contains(&filters.len()));
            filters.iter().for_each(|filter| says_the_same_again(filter, limits));
        }
        Frame::NegOpen { id, filter, message } => {
            is_subscription(id, limits);
            says_the_same_again(filter, limits);
            assert!(!message.is_empty() && message.len() <= text.len() / 2);
        }
        Frame::NegMsg { id, message } => {
            is_subscription(id, limits);
            assert!(!message.is_empty() && message.len() <= text.len() / 2);
        }
        Frame::Close { id } | Frame::NegClose { id } => is_subscription(id, limits),
    }
}

/// The refusal, and that it is addressed to something that can be addressed.
fn answer(error: &FrameError, limits: &RelayConfig) -> Refusal {
    match error {
        FrameError::Frame(refusal) => *refusal,
        FrameError::Event { id, refusal } => {
            assert!(is_hex64(id));
            *refusal
        }
        FrameError::Subscription { id, refusal } | FrameError::Negentropy { id, refusal } => {
            is_subscription(id, limits);
            *refusal
        }
    }
}

/// A filter that was read is written and read as the same one.
fn says_the_same_again(filter: &Filter, limits: &RelayConfig) {
    let sets = [
        filter.ids.as_ref().map_or(0, std::collections::BTreeSet::len),
        filter.authors.as_ref().map_or(0, std::collections::BTreeSet::len),
        filter.kinds.as_ref().map_or(0, std::collections::BTreeSet::len),
    ];
    let tags: usize = filter.generic_tags.values().map(std::collections::BTreeSet::len).sum();
    assert!(sets.iter().sum::<usize>() + tags <= limits.filter_values_max);
    let text = format!("[\"REQ\",\"again\",{}]", serde_json::to_string(filter).unwrap());
    match parse(&text, limits) {
        Ok(Frame::Req { filters, .. }) => assert_eq!(filters, std::slice::from_ref(filter)),
        other => panic!("{text}: {other:?}"),
    }
}

fn is_subscription(id: &str, limits: &RelayConfig) {
    assert!(!id.is_empty() && id.len() <= limits.subscription_id_bytes_max);
}

fn is_hex64(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}
