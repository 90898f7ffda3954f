//! Nostr events (NIP-01): strict parsing, verification, exact bytes, index keys.

use std::sync::Arc;

use crate::{Event, EventId, PublicKey};

use crate::refusal::Refusal;
use crate::scope::IndexKey;

/// Largest event JSON in bytes: two copies of the largest body fit.
pub const EVENT_BYTES_MAX: usize = 393_216;
/// Largest WebSocket frame in bytes.
pub const FRAME_BYTES_MAX: usize = 458_752;

/// An event whose id and signature hold, with the exact bytes it came in.
#[derive(Debug, Clone)]
pub struct Verified {
    event: Arc<Event>,
    json: Arc<str>,
}

impl Verified {
    /// Parses and verifies one event object. Refuses unknown or duplicate members, upper-case hex,
    /// control characters and lone surrogates (PROTOCOL 2.8.14), and more than `bytes_max` bytes.
    pub fn parse(json: &str, bytes_max: usize) -> Result<Self, Refusal> {
        let _ = (json, bytes_max);
        todo!()
    }

    /// An event built here: verified again, serialised once.
    pub fn from_event(event: Event) -> Result<Self, Refusal> {
        let _ = event;
        todo!()
    }

    pub fn event(&self) -> &Event {
        &self.event
    }

    /// The exact JSON object as received.
    pub fn json(&self) -> &str {
        &self.json
    }

    pub fn id(&self) -> EventId {
        self.event.id
    }

    pub fn kind(&self) -> u16 {
        self.event.kind.as_u16()
    }
}

/// Parses without checking id and signature, for readers that name the reason themselves.
pub fn parse_unverified(json: &str, bytes_max: usize) -> Result<Event, Refusal> {
    let _ = (json, bytes_max);
    todo!()
}

/// Keys under which an event is indexed: its author, and each single-letter tag's first value
/// (of receipts only `p` and `c`). Duplicates removed.
pub fn index_keys(event: &Event) -> Vec<IndexKey> {
    let _ = event;
    todo!()
}

/// First value of the `n`-th tag (from 0) of this name.
pub fn tag_value<'a>(event: &'a Event, name: &str, n: usize) -> Option<&'a str> {
    event.tags.iter().filter(|tag| tag.kind() == name).nth(n).and_then(|tag| tag.content())
}

/// The `n`-th `p` tag (from 0) as a key: lower-case hex only.
pub fn p_tag(event: &Event, n: usize) -> Option<PublicKey> {
    key_from_hex(tag_value(event, "p", n)?)
}

/// 64 lower-case hex characters to a key; anything else is none.
pub fn key_from_hex(hex: &str) -> Option<PublicKey> {
    let lower = hex.len() == 64 && hex.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    if lower { PublicKey::from_hex(hex).ok() } else { None }
}

/// The NIP-40 expiration in unix seconds.
pub fn expiration(event: &Event) -> Option<u64> {
    tag_value(event, "expiration", 0)?.parse().ok()
}

/// An `e` tag of a clinical event: id and marker (PROTOCOL 2.1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    pub id: EventId,
    pub marker: String,
}

/// All `e` tags with their markers (empty marker when there is none).
pub fn links(event: &Event) -> Vec<Link> {
    let _ = event;
    todo!()
}
