//! 2126 Visit and the telehealth signalling 4050–4055 (PROTOCOL 2.2, 2.7): the parties and the time
//! of a visit stand in clear, so that calls can be bound to it; all else is encrypted.

use serde_json::{Map, Value};

use crate::body::{DEPTH_MAX, parse_strict};
use crate::event::{self, key_from_hex, key_tag, number_from_text, number_tag, tag};
use crate::nip44::{ConversationKey, CryptoError};
use crate::random::Random;
use crate::{Event, Keys, PublicKey, SecretKey, Tag, envelope, kinds};

/// Longest life of a signalling event in seconds.
pub const SIGNALLING_SECONDS_MAX: u64 = 3_600;
/// Signalling begins this many seconds before the visit.
pub const CALL_SECONDS_BEFORE: u64 = 15 * 60;
/// Signalling ends this many seconds after the visit.
pub const CALL_SECONDS_AFTER: u64 = 2 * 3_600;

/// What a 2126 says in clear.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parties {
    pub epoch_key: PublicKey,
    /// T.
    pub subject: PublicKey,
    pub providers: Vec<PublicKey>,
    pub guardians: Vec<PublicKey>,
    /// Unix seconds; before `end`.
    pub start: u64,
    pub end: u64,
}

impl Parties {
    /// Whether this key is a party of the visit: the patient, a provider or a guardian.
    pub fn include(&self, key: &PublicKey) -> bool {
        self.subject == *key || self.providers.contains(key) || self.guardians.contains(key)
    }

    /// Whether parties may signal at this time. Start included, end excluded (PROTOCOL 2.8.7).
    pub fn open_at(&self, now: u64) -> bool {
        let from = self.start.saturating_sub(CALL_SECONDS_BEFORE);
        (from..self.end.saturating_add(CALL_SECONDS_AFTER)).contains(&now)
    }
}

/// The tags in clear beside the envelope's own, for [`envelope::Record::extra`].
pub fn tags(providers: &[PublicKey], guardians: &[PublicKey], start: u64, end: u64) -> Vec<Tag> {
    let party = |key: &PublicKey, role| tag("p", [&key.to_hex(), role]);
    let mut tags: Vec<Tag> = providers.iter().map(|key| party(key, "provider")).collect();
    tags.extend(guardians.iter().map(|key| party(key, "guardian")));
    tags.push(number_tag("start", start));
    tags.push(number_tag("end", end));
    tags
}

/// Parses the parties and times of a 2126 whose envelope is well-formed.
pub fn parse(event: &Event) -> Option<Parties> {
    let envelope = envelope::parse(event).filter(|_| event.kind.as_u16() == kinds::VISIT)?;
    let of = |role: &str| {
        let keys = event.tags.iter().filter_map(|tag| match tag.as_slice() {
            [name, key, said] if name == "p" && said == role => key_from_hex(key),
            _ => None,
        });
        keys.collect::<Vec<_>>()
    };
    let time = |name| number_from_text(event::tag_value(event, name, 0)?);
    Some(Parties {
        epoch_key: envelope.epoch_key,
        subject: envelope.second_p?,
        providers: of("provider"),
        guardians: of("guardian"),
        start: time("start")?,
        end: time("end")?,
    })
}

/// A signalling event (4050–4055) to one other party; the visit's id stands inside `message`.
pub fn build_signalling(
    author: &Keys,
    party: &PublicKey,
    kind: u16,
    message: &Map<String, Value>,
    expiration: u64,
    created_at: u64,
    random: &mut Random,
) -> Result<Event, CryptoError> {
    let text = serde_json::to_vec(message).map_err(|_| CryptoError::Encoding)?;
    let content = ConversationKey::derive(author.secret_key(), party)?.encrypt(&text, random)?;
    let tags = vec![key_tag("p", party), number_tag("expiration", expiration)];
    Ok(event::sign(author, kind, tags, content, created_at))
}

/// The other party and the expiration of a signalling event, checked for shape.
pub fn parse_signalling(event: &Event) -> Option<(PublicKey, u64)> {
    let cells: Vec<&[String]> = event.tags.iter().map(Tag::as_slice).collect();
    match cells.as_slice() {
        [[p, key], [expiration, time]]
            if kinds::is_signalling(event.kind.as_u16()) && p == "p" && expiration == "expiration" =>
        {
            Some((key_from_hex(key)?, number_from_text(time)?))
        }
        _ => None,
    }
}

/// The message, for its author or the other party: `other` is the other one's key.
pub fn open_signalling(secret: &SecretKey, other: &PublicKey, event: &Event) -> Option<Map<String, Value>> {
    let text = ConversationKey::derive(secret, other).ok()?.decrypt(&event.content).ok()?;
    parse_strict(std::str::from_utf8(&text).ok()?, DEPTH_MAX)
}

#[cfg(test)]
mod tests;
