//! The admission rule (PROTOCOL 2.1 "The relay admits", 2.7, 3): what a relay takes, from whom.
//! It sees the envelope only; bodies are the reader's business.

mod clinical;
mod own;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod vectors;
mod wraps;

use crate::event::{key_from_hex, number_from_text};
use crate::kinds;
use crate::permissions::Compartment;
use crate::policy::{Door, Person, Position, View};
use crate::receipts::ChainKey;
use crate::refusal::Refusal;
use crate::visits::SIGNALLING_SECONDS_MAX;
use crate::{Event, EventId, PublicKey, drafts};

/// How far back `created_at` may lie, seconds.
pub const SECONDS_BACK_MAX: u64 = 7 * 86_400;
/// How far ahead `created_at` may lie, seconds.
pub const SECONDS_AHEAD_MAX: u64 = 600;

/// What the relay knows when an event arrives.
#[derive(Debug, Clone, Copy)]
pub struct Arrival<'a> {
    pub door: Door,
    /// Keys authenticated on this socket.
    pub authenticated: &'a [PublicKey],
    /// Invitation tokens presented on this socket (SHA-256), with the key that presented them.
    pub invited: &'a [(PublicKey, [u8; 32])],
    /// Unix seconds.
    pub now: u64,
}

/// What the store must do with an admitted event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Admission {
    /// Receipt chains in which it is due.
    pub chains: Vec<ChainKey>,
    /// It changes the fold of policy (2102–2110, 2127).
    pub moves_policy: bool,
    /// NIP-40, unix seconds.
    pub expires: Option<u64>,
    /// Whose quota: the author, for wraps the inbox.
    pub charge: PublicKey,
    /// A NIP-09 deletion by the author of non-clinical events: ids, and addresses (kind, d) with
    /// versions up to the request's created_at.
    pub deletes: Vec<EventId>,
    pub deletes_addresses: Vec<(u16, String)>,
    /// Kept (regular, replaceable, addressable) or handed to open sessions only (21059 and other
    /// ephemeral kinds).
    pub ephemeral: bool,
}

/// Decides one event whose id and signature hold. Policy events are judged by the fold as well.
///
/// An event through [`Door::Ceremony`] needs no authentication and may be old: it comes from the
/// vault, a restore or a sync. Everything else holds for it, too.
pub fn admit(view: &View<'_>, event: &Event, arrival: &Arrival<'_>) -> Result<Admission, Refusal> {
    let kind = event.kind.as_u16();
    never_taken(kind, arrival.door)?;
    if view.compartment_of(&event.pubkey).is_some() {
        return Err(Refusal::EpochKeyAsAuthor);
    }
    let practice = view.ever_practice(&event.pubkey) || kind == kinds::SUCCESSION;
    if practice && arrival.door == Door::Network {
        return Err(Refusal::PracticeOverNetwork);
    }
    authenticated(event, arrival)?;
    in_time(event, arrival)?;
    let expires = expiration(event, arrival.now)?;
    epoch_keys_stand_first(view, event)?;
    let mut admission = Admission {
        chains: Vec::new(),
        moves_policy: kinds::is_policy(kind),
        expires,
        charge: event.pubkey,
        deletes: Vec::new(),
        deletes_addresses: Vec::new(),
        ephemeral: kinds::keeping(kind) == kinds::Keeping::Ephemeral,
    };
    match kind {
        kinds::GIFT_WRAP | kinds::EPHEMERAL_WRAP => {
            admission.charge = wraps::recipient(view, event, arrival)?;
        }
        kinds::AUDIT_ANCHOR | kinds::ACCESS_REPORT => own::audit(view, event)?,
        _ => {
            let person = live_person(view, event, kind)?;
            by_person(view, event, &person, &mut admission)?;
        }
    }
    // An order is carried out again at each start: what it names must not come after it.
    if kinds::is_destructible(kind) && view.destroyed(&event.id) {
        return Err(Refusal::Deleted);
    }
    Ok(admission)
}

/// Decides an event of a known person, or of the practice at its own door.
fn by_person(
    view: &View<'_>,
    event: &Event,
    person: &Person,
    admission: &mut Admission,
) -> Result<(), Refusal> {
    let kind = event.kind.as_u16();
    match kind {
        kinds::DELETION => own::deletion(event, admission)?,
        kinds::METADATA
        | kinds::RELAY_LIST
        | kinds::INBOX_LIST
        | kinds::BLOSSOM_LIST
        | kinds::APP_DATA
        | kinds::NIP82_SHARE => own::list(kind, person)?,
        kinds::DRAFT | kinds::SHARED_STATE => own::draft(view, event, person)?,
        kinds::PATIENT_KEY_GRANT => own::patient_grant(view, event, person)?,
        kinds::PRACTICE_KEY_GRANT => own::practice_grant(view, event, person)?,
        kind if kinds::is_signalling(kind) => own::signalling(view, event, person)?,
        kind if kinds::is_clinical(kind) => clinical::admit(view, event, person)?,
        kind if kinds::is_policy(kind) => {}
        _ => return Err(Refusal::KindNotTaken),
    }
    if kinds::is_policy(kind) {
        let policy = view.policy();
        policy.judge(event, Position::MAX, view.time())?;
        admission.chains.extend(policy.chain_of(event));
    }
    if kinds::is_clinical(kind) {
        admission.chains.extend(ChainKey::of_clinical(view, event));
    }
    Ok(())
}

/// Kinds that no one sends, whatever their tags.
fn never_taken(kind: u16, door: Door) -> Result<(), Refusal> {
    match kind {
        1000..=1015 => Err(Refusal::LegacyKind),
        kinds::NIP82 => Err(Refusal::BareNip82),
        kinds::VANISH => Err(Refusal::ClinicalVanish),
        kinds::RECEIPT => Err(Refusal::KindNotTaken),
        kinds::AUDIT_ANCHOR | kinds::ACCESS_REPORT if door == Door::Network => Err(Refusal::KindNotTaken),
        kinds::SEAL | kinds::CHAT | kinds::FILE_MESSAGE => Err(Refusal::KindNotTaken),
        kinds::AUTH | kinds::BLOSSOM_AUTH | kinds::HTTP_AUTH => Err(Refusal::KindNotTaken),
        _ => Ok(()),
    }
}

/// The author's key is authenticated on the socket. Wraps are signed by one-time keys and need it
/// only when they are protected (NIP-70).
fn authenticated(event: &Event, arrival: &Arrival<'_>) -> Result<(), Refusal> {
    if arrival.door == Door::Ceremony || arrival.authenticated.contains(&event.pubkey) {
        return Ok(());
    }
    let protected = event.tags.iter().any(|tag| tag.kind() == "-");
    match (is_wrap(event.kind.as_u16()), protected) {
        (_, true) => Err(Refusal::Protected),
        (true, false) => Ok(()),
        (false, false) if arrival.authenticated.is_empty() => Err(Refusal::AuthRequired),
        (false, false) => Err(Refusal::AuthorNotAuthenticated),
    }
}

const fn is_wrap(kind: u16) -> bool {
    matches!(kind, kinds::GIFT_WRAP | kinds::EPHEMERAL_WRAP)
}

/// Own lists may be old: a replaceable event is published again as it is.
const fn may_be_old(kind: u16) -> bool {
    is_wrap(kind)
        || matches!(
            kind,
            kinds::METADATA
                | kinds::RELAY_LIST
                | kinds::INBOX_LIST
                | kinds::BLOSSOM_LIST
                | kinds::APP_DATA
                | kinds::NIP82_SHARE
        )
}

fn in_time(event: &Event, arrival: &Arrival<'_>) -> Result<(), Refusal> {
    if arrival.door == Door::Ceremony {
        return Ok(());
    }
    let created_at = event.created_at.as_secs();
    if created_at >= arrival.now.saturating_add(SECONDS_AHEAD_MAX) {
        return Err(Refusal::InFuture);
    }
    let oldest = arrival.now.saturating_sub(SECONDS_BACK_MAX);
    if created_at < oldest && !may_be_old(event.kind.as_u16()) {
        return Err(Refusal::TooOld);
    }
    Ok(())
}

/// NIP-40 by kind (PROTOCOL 2.7): refused on 2100–2129, required and bounded on drafts and
/// signalling, free elsewhere.
fn expiration(event: &Event, now: u64) -> Result<Option<u64>, Refusal> {
    let kind = event.kind.as_u16();
    let mut tags = event.tags.iter().filter(|tag| tag.kind() == "expiration");
    let limit = match kind {
        2100..=2129 => {
            return if tags.next().is_some() { Err(Refusal::Expiration) } else { Ok(None) };
        }
        kinds::DRAFT => Some(drafts::DRAFT_SECONDS_MAX),
        kinds::SHARED_STATE => Some(drafts::SHARED_SECONDS_MAX),
        kind if kinds::is_signalling(kind) => Some(SIGNALLING_SECONDS_MAX),
        _ => None,
    };
    let expires = match (tags.next(), tags.next()) {
        (None, _) if limit.is_none() => return Ok(None),
        (Some(tag), None) => tag.content().and_then(number_from_text).ok_or(Refusal::Expiration)?,
        _ => return Err(Refusal::Expiration),
    };
    if expires <= now {
        return Err(Refusal::Expired);
    }
    if limit.is_some_and(|limit| expires - now > limit) {
        return Err(Refusal::Expiration);
    }
    Ok(Some(expires))
}

/// No event but 2105 carries an E anywhere but in the first `p`; only records, drafts and what is
/// about records carry one there.
fn epoch_keys_stand_first(view: &View<'_>, event: &Event) -> Result<(), Refusal> {
    let kind = event.kind.as_u16();
    // Wraps have their own answer, which tells outsiders nothing.
    if kind == kinds::PRACTICE_EPOCH || is_wrap(kind) {
        return Ok(());
    }
    let carries =
        kinds::is_clinical(kind) || matches!(kind, kinds::DRAFT | kinds::SHARED_STATE | kinds::ACCESS_REPORT);
    let parties = event.tags.iter().filter(|tag| tag.kind() == "p");
    let misplaced = parties
        .skip(usize::from(carries))
        .filter_map(|tag| key_from_hex(tag.content()?))
        .any(|key| view.compartment_of(&key).is_some());
    if misplaced { Err(Refusal::Envelope) } else { Ok(()) }
}

/// The author as a person who may write now. The practice and a key that a 2107 names come through
/// the ceremony's door only; the fold judges what they sign.
fn live_person(view: &View<'_>, event: &Event, kind: u16) -> Result<Person, Refusal> {
    let person = view.person(&event.pubkey);
    match person {
        Person::Former | Person::Unknown if kind == kinds::SUCCESSION => Ok(person),
        Person::Former | Person::Unknown => Err(Refusal::NotMember),
        _ if view.suspended(&event.pubkey) => Err(Refusal::Suspended),
        _ => Ok(person),
    }
}

/// The compartment of a current first `p`, in the order in which readers name reasons: compartment
/// before epoch (PROTOCOL 2.8.1).
fn current_compartment(
    view: &View<'_>,
    epoch_key: &PublicKey,
    fits: impl Fn(Compartment) -> bool,
) -> Result<Compartment, Refusal> {
    let compartment = view.compartment_of(epoch_key).ok_or(Refusal::Epoch)?;
    if !fits(compartment) {
        return Err(Refusal::Compartment);
    }
    view.current(epoch_key).ok_or(Refusal::Epoch)
}

/// The only `p` tag's key.
fn only_party(event: &Event) -> Option<PublicKey> {
    let mut parties = event.tags.iter().filter(|tag| tag.kind() == "p");
    match (parties.next(), parties.next()) {
        (Some(tag), None) => key_from_hex(tag.content()?),
        _ => None,
    }
}

/// Whether this key is somebody of the practice now, whom others may address.
fn is_addressable(view: &View<'_>, key: &PublicKey) -> bool {
    !matches!(view.person(key), Person::Practice | Person::Former | Person::Unknown)
}
