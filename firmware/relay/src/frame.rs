//! Client frames (NIP-01, 42, 45, 77): text to types, bounded, without IO.
//!
//! An event stays the exact substring that the client sent; nothing here looks into it but for the
//! three members that a refusal before verification needs.

use relaybox_process::config::RelayConfig;
use relaybox_protocol::event::key_from_hex;
use relaybox_protocol::refusal::Refusal;
use relaybox_protocol::{EventId, Filter, Kind, PublicKey, SingleLetterTag, Timestamp, kinds};
use serde::de::{Deserialize, Deserializer, Error as _, SeqAccess, Visitor};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

/// Elements of one frame beyond which it is not read; REQ has two more than filters.
const PARTS_MAX: usize = 512;

/// One message of a client.
#[derive(Debug, Clone, PartialEq)]
pub enum Frame<'a> {
    Event { json: &'a str, head: EventHead },
    Auth { json: &'a str, head: EventHead },
    Req { id: String, filters: Vec<Filter> },
    Count { id: String, filters: Vec<Filter> },
    Close { id: String },
    NegOpen { id: String, filter: Box<Filter>, message: Vec<u8> },
    NegMsg { id: String, message: Vec<u8> },
    NegClose { id: String },
}

/// What an unverified event claims; enough to name it in a refusal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventHead {
    /// 64 lower-case hex characters.
    pub id: String,
    pub kind: u16,
    pub author: Option<PublicKey>,
}

/// Why a frame was not understood, and to what the answer belongs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FrameError {
    /// NOTICE.
    Frame(Refusal),
    /// OK false for this id.
    Event { id: String, refusal: Refusal },
    /// CLOSED for this subscription.
    Subscription { id: String, refusal: Refusal },
    /// NEG-ERR for this session.
    Negentropy { id: String, refusal: Refusal },
}

/// Parses one text frame.
///
/// # Errors
/// A [`FrameError`] that says which answer the client gets.
pub fn parse<'a>(text: &'a str, limits: &RelayConfig) -> Result<Frame<'a>, FrameError> {
    let Ok(Parts(parts)) = serde_json::from_str::<Parts<'a>>(text) else { return Err(unreadable(text)) };
    let verb = parts.first().and_then(|raw| serde_json::from_str::<String>(raw.get()).ok());
    let Some(verb) = verb else { return Err(FrameError::Frame(Refusal::FrameMalformed)) };
    let rest = &parts[1..];
    match (verb.as_str(), rest) {
        ("EVENT", [event]) => event_of(event).map(|head| Frame::Event { json: event.get(), head }),
        ("AUTH", [event]) => event_of(event).map(|head| Frame::Auth { json: event.get(), head }),
        ("REQ", [id, filters @ ..]) => {
            let id = subscription_id(id, limits)?;
            let filters = filters_of(&id, filters, limits)?;
            Ok(Frame::Req { id, filters })
        }
        ("COUNT", [id, filters @ ..]) => {
            let id = subscription_id(id, limits)?;
            let filters = filters_of(&id, filters, limits)?;
            Ok(Frame::Count { id, filters })
        }
        ("CLOSE", [id]) => Ok(Frame::Close { id: subscription_id(id, limits)? }),
        ("NEG-OPEN", [id, filter, message]) => {
            let id = subscription_id(id, limits)?;
            let refused = |refusal| FrameError::Negentropy { id: id.clone(), refusal };
            let filter = Box::new(parse_filter(filter.get(), limits).map_err(refused)?);
            let message = hex_bytes(message).ok_or_else(|| refused(Refusal::FrameMalformed))?;
            Ok(Frame::NegOpen { id, filter, message })
        }
        ("NEG-MSG", [id, message]) => {
            let id = subscription_id(id, limits)?;
            let malformed = FrameError::Negentropy { id: id.clone(), refusal: Refusal::FrameMalformed };
            let message = hex_bytes(message).ok_or(malformed)?;
            Ok(Frame::NegMsg { id, message })
        }
        ("NEG-CLOSE", [id]) => Ok(Frame::NegClose { id: subscription_id(id, limits)? }),
        _ => Err(FrameError::Frame(Refusal::FrameMalformed)),
    }
}

/// The elements of a frame as they stand, at most [`PARTS_MAX`].
struct Parts<'a>(Vec<&'a RawValue>);

impl<'de> Deserialize<'de> for Parts<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Elements;
        impl<'de> Visitor<'de> for Elements {
            type Value = Parts<'de>;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an array")
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
                let mut parts = Vec::with_capacity(4);
                while let Some(part) = seq.next_element::<&'de RawValue>()? {
                    if parts.len() == PARTS_MAX {
                        return Err(A::Error::custom("too many elements"));
                    }
                    parts.push(part);
                }
                Ok(Parts(parts))
            }
        }
        deserializer.deserialize_seq(Elements)
    }
}

/// A frame that is not JSON. When it is plainly an EVENT that names its id (raw control characters
/// inside a string are the usual case), the client gets the OK that it waits for.
fn unreadable(text: &str) -> FrameError {
    let event =
        text.trim_start().strip_prefix('[').map(str::trim_start).is_some_and(|t| t.starts_with("\"EVENT\""));
    match find_id(text).filter(|_| event) {
        Some(id) => FrameError::Event { id, refusal: Refusal::Malformed },
        None => FrameError::Frame(Refusal::FrameMalformed),
    }
}

/// The first `"id":"<64 lower-case hex>"` of the text.
fn find_id(text: &str) -> Option<String> {
    let after = &text[text.find("\"id\"")? + 4..];
    let value = after.trim_start().strip_prefix(':')?.trim_start().strip_prefix('"')?;
    let id = value.get(..64)?;
    (value.as_bytes().get(64) == Some(&b'"') && is_hex64(id)).then(|| id.to_owned())
}

fn is_hex64(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

fn event_of(raw: &RawValue) -> Result<EventHead, FrameError> {
    #[derive(serde::Deserialize)]
    struct Head {
        id: String,
        kind: u16,
        #[serde(default)]
        pubkey: String,
    }
    match serde_json::from_str::<Head>(raw.get()) {
        Ok(Head { id, kind, pubkey }) if is_hex64(&id) => {
            Ok(EventHead { id, kind, author: key_from_hex(&pubkey) })
        }
        Ok(_) => Err(FrameError::Frame(Refusal::Malformed)),
        Err(_) => Err(match find_id(raw.get()) {
            Some(id) => FrameError::Event { id, refusal: Refusal::Malformed },
            None => FrameError::Frame(Refusal::Malformed),
        }),
    }
}

fn subscription_id(raw: &RawValue, limits: &RelayConfig) -> Result<String, FrameError> {
    match serde_json::from_str::<String>(raw.get()) {
        Ok(id) if !id.is_empty() && id.len() <= limits.subscription_id_bytes_max => Ok(id),
        _ => Err(FrameError::Frame(Refusal::SubscriptionId)),
    }
}

fn filters_of(id: &str, raw: &[&RawValue], limits: &RelayConfig) -> Result<Vec<Filter>, FrameError> {
    let refused = |refusal| FrameError::Subscription { id: id.to_owned(), refusal };
    if raw.is_empty() {
        return Err(refused(Refusal::Filter));
    }
    if raw.len() > limits.filters_max {
        return Err(refused(Refusal::FilterLimit));
    }
    raw.iter().map(|filter| parse_filter(filter.get(), limits)).collect::<Result<_, _>>().map_err(refused)
}

/// A filter, strictly: a member that this relay does not know is refused, since ignoring it would
/// answer another question than the one asked.
fn parse_filter(json: &str, limits: &RelayConfig) -> Result<Filter, Refusal> {
    let members: Map<String, Value> = serde_json::from_str(json).map_err(|_| Refusal::Filter)?;
    let mut values = 0;
    let mut filter = Filter::new();
    for (name, value) in &members {
        if let Value::Array(list) = value {
            values += list.len();
        }
        if values > limits.filter_values_max {
            return Err(Refusal::FilterLimit);
        }
        set_member(&mut filter, name, value).ok_or(Refusal::Filter)?;
    }
    let receipts = filter.kinds.as_ref().is_some_and(|kinds| kinds.contains(&Kind::from(kinds::RECEIPT)));
    if receipts && filter.generic_tags.keys().any(|letter| letter.as_char() == 'e') {
        return Err(Refusal::ReceiptsByEvent);
    }
    Ok(filter)
}

fn set_member(filter: &mut Filter, name: &str, value: &Value) -> Option<()> {
    match name {
        "ids" => {
            let ids =
                strings(value)?.map(|s| s.filter(|s| is_hex64(s)).and_then(|s| EventId::from_hex(s).ok()));
            filter.ids = Some(ids.collect::<Option<_>>()?);
        }
        "authors" => {
            filter.authors = Some(strings(value)?.map(|s| s.and_then(key_from_hex)).collect::<Option<_>>()?)
        }
        "kinds" => {
            let kinds = value.as_array()?.iter().map(|k| k.as_u64().and_then(|k| u16::try_from(k).ok()));
            filter.kinds = Some(kinds.map(|k| k.map(Kind::from)).collect::<Option<_>>()?);
        }
        "since" => filter.since = Some(Timestamp::from(value.as_u64()?)),
        "until" => filter.until = Some(Timestamp::from(value.as_u64()?)),
        "limit" => filter.limit = Some(usize::try_from(value.as_u64()?).ok()?),
        _ => {
            let mut letters = name.strip_prefix('#')?.chars();
            let letter = SingleLetterTag::from_char(letters.next()?).ok()?;
            if letters.next().is_some() {
                return None;
            }
            let values = strings(value)?.map(|s| s.map(str::to_owned)).collect::<Option<_>>()?;
            filter.generic_tags.insert(letter, values);
        }
    }
    Some(())
}

fn strings(value: &Value) -> Option<impl Iterator<Item = Option<&str>>> {
    value.as_array().map(|list| list.iter().map(Value::as_str))
}

fn hex_bytes(raw: &RawValue) -> Option<Vec<u8>> {
    let text = serde_json::from_str::<String>(raw.get()).ok()?;
    if text.is_empty() || text.len() % 2 != 0 {
        return None;
    }
    let digit = |b: u8| char::from(b).to_digit(16).and_then(|d| u8::try_from(d).ok());
    text.as_bytes().chunks_exact(2).map(|pair| Some(digit(pair[0])? << 4 | digit(pair[1])?)).collect()
}

#[cfg(test)]
mod tests;
