//! Nostr events (NIP-01): strict parsing, verification, exact bytes, signing, index keys.

use std::borrow::Cow;
use std::sync::{Arc, LazyLock};

use nostr::event::Signature;
use secp256k1::{All, Secp256k1};
use serde::Deserialize;

use crate::kinds;
use crate::random::Random;
use crate::refusal::Refusal;
use crate::scope::IndexKey;
use crate::{Event, EventId, Keys, Kind, PublicKey, Tag, Timestamp, hex};

/// Largest event JSON in bytes: two copies of the largest body fit.
pub const EVENT_BYTES_MAX: usize = 393_216;
/// Largest WebSocket frame in bytes.
pub const FRAME_BYTES_MAX: usize = 458_752;
/// Largest first value of a single-letter tag in bytes. A longer one is refused when the event is
/// parsed, so that no event is stored that a filter could not find.
pub const INDEX_VALUE_BYTES_MAX: usize = 1_024;
/// Largest number on the wire, of `created_at` and in tags: the integers that every JSON library and
/// every language reads and writes alike (RFC 8259, 6).
pub const NUMBER_MAX: u64 = (1 << 53) - 1;

/// The curve context for signing; randomised once against side channels.
pub(crate) static CURVE: LazyLock<Secp256k1<All>> = LazyLock::new(|| {
    let mut context = Secp256k1::new();
    context.seeded_randomize(&Random::os().bytes32());
    context
});

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
        Self::parse_shared(&json.into(), bytes_max)
    }

    /// The same, of bytes that are kept without another copy.
    pub fn parse_shared(json: &Arc<str>, bytes_max: usize) -> Result<Self, Refusal> {
        let event = parse_unverified(json, bytes_max)?;
        verify(&event)?;
        Ok(Self { event: Arc::new(event), json: Arc::clone(json) })
    }

    /// An event built here: verified again, serialised once.
    pub fn from_event(event: Event) -> Result<Self, Refusal> {
        let json = serde_json::to_string(&event).map_err(|_| Refusal::Malformed)?;
        Self::parse(&json, EVENT_BYTES_MAX)
    }

    pub fn event(&self) -> &Event {
        &self.event
    }

    /// The exact JSON object as received.
    pub fn json(&self) -> &str {
        &self.json
    }

    /// The same, shared.
    pub fn shared_json(&self) -> Arc<str> {
        Arc::clone(&self.json)
    }

    pub fn id(&self) -> EventId {
        self.event.id
    }

    pub fn kind(&self) -> u16 {
        self.event.kind.as_u16()
    }
}

/// The seven members of NIP-01. The derived reader refuses unknown, missing and duplicate ones.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Members<'a> {
    #[serde(borrow)]
    id: Cow<'a, str>,
    #[serde(borrow)]
    pubkey: Cow<'a, str>,
    created_at: u64,
    kind: u16,
    tags: Vec<Vec<String>>,
    content: String,
    #[serde(borrow)]
    sig: Cow<'a, str>,
}

/// Parses without checking id and signature, for readers that name the reason themselves.
pub fn parse_unverified(json: &str, bytes_max: usize) -> Result<Event, Refusal> {
    let members: Members<'_> = read_object(json, bytes_max)?;
    let id = id_from_hex(&members.id).ok_or(Refusal::Malformed)?;
    let pubkey = key_from_hex(&members.pubkey).ok_or(Refusal::Malformed)?;
    let sig = hex::decode(&members.sig).ok_or(Refusal::Malformed)?;
    if members.created_at > NUMBER_MAX {
        return Err(Refusal::Malformed);
    }
    hashes_alike(&members.tags, &members.content)?;
    let tags = to_tags(members.tags)?;
    if tags.iter().filter(|tag| letter(tag).is_some()).any(|tag| !fits_index(tag)) {
        return Err(Refusal::TooLarge);
    }
    Ok(Event::new(
        id,
        pubkey,
        Timestamp::from_secs(members.created_at),
        Kind::from_u16(members.kind),
        tags,
        members.content,
        Signature::from_byte_array(sig),
    ))
}

/// One JSON object of at most `bytes_max` bytes. A derived reader would take an array, too.
pub(crate) fn read_object<'a, T: Deserialize<'a>>(json: &'a str, bytes_max: usize) -> Result<T, Refusal> {
    if json.len() > bytes_max {
        return Err(Refusal::TooLarge);
    }
    if !json.trim_start_matches([' ', '\t', '\n', '\r']).starts_with('{') {
        return Err(Refusal::Malformed);
    }
    serde_json::from_str(json).map_err(|_| Refusal::Malformed)
}

pub(crate) fn to_tags(tags: Vec<Vec<String>>) -> Result<Vec<Tag>, Refusal> {
    tags.into_iter().map(|tag| Tag::parse(tag).map_err(|_| Refusal::Malformed)).collect()
}

/// JSON libraries write control characters without a short escape differently, so their hash is not
/// the same everywhere (PROTOCOL 2.8.14).
pub(crate) fn hashes_alike(tags: &[Vec<String>], content: &str) -> Result<(), Refusal> {
    let odd = |text: &str| text.bytes().any(|b| b < 0x20 && !matches!(b, 8 | 9 | 10 | 12 | 13));
    if odd(content) || tags.iter().flatten().any(|text| odd(text)) {
        return Err(Refusal::ControlCharacter);
    }
    Ok(())
}

/// Checks id and signature of an event.
pub fn verify(event: &Event) -> Result<(), Refusal> {
    if !event.verify_id() {
        return Err(Refusal::BadId);
    }
    if !event.verify_signature() {
        return Err(Refusal::BadSignature);
    }
    Ok(())
}

/// Signs an event. The BIP-340 nonce is drawn from key and id alone, so that one event has one
/// signature: a retry of an outbox and a test vector give the same bytes.
pub fn sign(keys: &Keys, kind: u16, tags: Vec<Tag>, content: impl Into<String>, created_at: u64) -> Event {
    let (pubkey, created_at, kind) =
        (keys.public_key(), Timestamp::from_secs(created_at), Kind::from_u16(kind));
    let tags = crate::Tags::from_list(tags);
    let content = content.into();
    let id = EventId::compute(&pubkey, &created_at, &kind, &tags, &content);
    let sig = keys.sign_schnorr_with_aux_rand(&CURVE, id.as_bytes(), &[0; 32]);
    Event::new(id, pubkey, created_at, kind, tags, content, sig)
}

/// A tag of this name and these values.
pub fn tag<const N: usize>(name: &str, values: [&str; N]) -> Tag {
    Tag::custom(name, values)
}

/// `[name, key]` in hex.
pub fn key_tag(name: &str, key: &PublicKey) -> Tag {
    Tag::custom(name, [key.to_hex()])
}

/// `[name, number]` in decimal.
pub fn number_tag(name: &str, number: u64) -> Tag {
    Tag::custom(name, [number.to_string()])
}

/// Keys under which an event is indexed: its author, and each single-letter tag's first value
/// (of receipts only `p` and `c`). Duplicates removed.
pub fn index_keys(event: &Event) -> Vec<IndexKey> {
    let receipt = event.kind.as_u16() == kinds::RECEIPT;
    let mut keys = vec![IndexKey::Author(event.pubkey)];
    for tag in event.tags.iter() {
        let (Some(letter), Some(value)) = (letter(tag), tag.content()) else { continue };
        if receipt && !matches!(letter, b'p' | b'c') {
            continue;
        }
        keys.push(IndexKey::Tag(letter, value.to_owned()));
    }
    keys.sort_unstable();
    keys.dedup();
    keys
}

/// The letter of a single-letter tag.
fn letter(tag: &Tag) -> Option<u8> {
    match tag.kind().as_bytes() {
        [letter] if letter.is_ascii_alphabetic() => Some(*letter),
        _ => None,
    }
}

fn fits_index(tag: &Tag) -> bool {
    tag.content().is_none_or(|value| value.len() <= INDEX_VALUE_BYTES_MAX)
}

/// First value of the `n`-th tag (from 0) of this name.
pub fn tag_value<'a>(event: &'a Event, name: &str, n: usize) -> Option<&'a str> {
    event.tags.iter().filter(|tag| tag.kind() == name).nth(n).and_then(|tag| tag.content())
}

/// The `n`-th `p` tag (from 0) as a key: lower-case hex only.
pub fn p_tag(event: &Event, n: usize) -> Option<PublicKey> {
    key_from_hex(tag_value(event, "p", n)?)
}

/// 64 lower-case hex characters to a key; anything else is none. Whether the key is on the curve
/// shows when it is used.
pub fn key_from_hex(text: &str) -> Option<PublicKey> {
    hex::decode(text).map(PublicKey::from_byte_array)
}

/// 64 lower-case hex characters to an id.
pub fn id_from_hex(text: &str) -> Option<EventId> {
    hex::decode(text).map(EventId::from_byte_array)
}

/// A decimal number of at most [`NUMBER_MAX`] without sign, leading zeros or blanks, as tags carry it.
pub fn number_from_text(text: &str) -> Option<u64> {
    let plain = text.bytes().all(|b| b.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
    if plain { text.parse().ok().filter(|number| *number <= NUMBER_MAX) } else { None }
}

/// The NIP-40 expiration in unix seconds.
pub fn expiration(event: &Event) -> Option<u64> {
    number_from_text(tag_value(event, "expiration", 0)?)
}

/// An `e` tag of a clinical event: id and marker (PROTOCOL 2.1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    pub id: EventId,
    pub marker: String,
}

impl Link {
    /// `["e", id, "", marker]`.
    pub fn to_tag(&self) -> Tag {
        Tag::custom("e", [self.id.to_hex().as_str(), "", &self.marker])
    }
}

/// All `e` tags that name an id, with their markers (empty marker when there is none).
pub fn links(event: &Event) -> Vec<Link> {
    let link = |tag: &Tag| {
        let id = id_from_hex(tag.content()?)?;
        Some(Link { id, marker: tag.as_slice().get(3).cloned().unwrap_or_default() })
    };
    event.tags.iter().filter(|tag| tag.kind() == "e").filter_map(link).collect()
}

#[cfg(test)]
mod tests;
