//! 2126 Visit and the telehealth signalling 4050–4055 (PROTOCOL 2.2, 2.7): the parties and the time
//! of a visit stand in clear, so that calls can be bound to it; all else is encrypted.

use serde_json::{Map, Value};

use crate::body::{DEPTH_MAX, parse_strict};
use crate::event::{self, key_from_hex, key_tag, number_from_text, number_tag, tag};
use crate::fold::Marker;
use crate::nip44::{ConversationKey, CryptoError};
use crate::policy::View;
use crate::random::Random;
use crate::{Event, EventId, Keys, PublicKey, SecretKey, Tag, envelope, kinds};

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

/// The visits among these events at which one person may signal to the other now (PROTOCOL 2.2, 2.7).
///
/// Both are parties by a `p` tag: the patient's key T, a provider, or a guardian whose link to the
/// patient is live. Signing a visit makes nobody a party, and a C that is not T is none. The visit is in
/// force: it ends nothing itself (markers `deletion` and `cancelled`), and no event given names it as
/// its predecessor, whichever of the two came first. An event about another patient replaces nothing,
/// as in the fold. Two successors of one visit are both in force until somebody decides.
pub fn open_between(
    view: &View<'_>,
    events: &[Event],
    author: &PublicKey,
    party: &PublicKey,
    now: u64,
) -> Vec<EventId> {
    let visits: Vec<Visit> = events.iter().filter_map(Visit::parse).collect();
    let open = |visit: &&Visit| {
        let parties = &visit.parties;
        !visit.ends
            && parties.open_at(now)
            && [author, party].iter().all(|key| takes_part(view, parties, key))
            && !visits.iter().any(|later| later.replaces(visit, view))
    };
    visits.iter().filter(open).map(|visit| visit.id).collect()
}

/// A 2126 with what it does to others.
struct Visit {
    id: EventId,
    parties: Parties,
    predecessors: Vec<EventId>,
    /// It cancels or withdraws its predecessor.
    ends: bool,
}

impl Visit {
    fn parse(event: &Event) -> Option<Self> {
        let parties = parse(event)?;
        let links = event::links(event).into_iter();
        let replaced: Vec<_> = links
            .map(|link| (Marker::of(kinds::VISIT, &link.marker), link.id))
            .filter(|(marker, _)| marker.replaces())
            .collect();
        Some(Self {
            id: event.id,
            parties,
            ends: replaced.iter().any(|(marker, _)| marker.ends()),
            predecessors: replaced.into_iter().map(|(_, id)| id).collect(),
        })
    }

    fn replaces(&self, other: &Self, view: &View<'_>) -> bool {
        let (own, others) = (&self.parties.subject, &other.parties.subject);
        let current = |subject| view.patient(subject).map(|patient| patient.subject);
        let same_patient = || own == others || current(own).is_some_and(|own| current(others) == Some(own));
        self.predecessors.contains(&other.id) && same_patient()
    }
}

fn takes_part(view: &View<'_>, parties: &Parties, key: &PublicKey) -> bool {
    let linked = || view.guardians_of(&parties.subject).iter().any(|link| link.guardian == *key);
    parties.subject == *key
        || parties.providers.contains(key)
        || (parties.guardians.contains(key) && linked())
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
