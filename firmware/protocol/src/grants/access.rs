//! 2104 GuardianLink, 2107 Succession, 2108 Suspension and its lift, 2109 FhirClientGrant, 2127
//! Destruction order (PROTOCOL 2.7). Those signed by P carry a sequence, those signed by a member
//! carry none.

use serde_json::json;

use super::roster::{Desk, compartments_tag, times};
use crate::epochs::Sequence;
use crate::event::{self, key_tag, number_tag, tag};
use crate::nip44::CryptoError;
use crate::permissions::Compartment;
use crate::random::Random;
use crate::{Event, EventId, Keys, PublicKey, Tag, hex, kinds};

/// Parts of a 2104. No secret stands in it.
#[derive(Debug, Clone)]
pub struct LinkEntry<'a> {
    /// T.
    pub child: PublicKey,
    /// G.
    pub guardian: PublicKey,
    /// `desk`, or `desk` and `chart`.
    pub compartments: &'a [Compartment],
    pub until: Option<u64>,
    pub ended: bool,
    /// Signature of [`crate::keys::prove`] with role `guardian`.
    pub pop: &'a str,
    pub name: &'a str,
    pub relationship: &'a str,
    pub desk: Desk<'a>,
    /// When P signs.
    pub sequence: Option<Sequence>,
    pub created_at: u64,
}

/// A 2104 signed by P or a member with `register`.
pub fn build_link(signer: &Keys, entry: &LinkEntry<'_>, random: &mut Random) -> Result<Event, CryptoError> {
    let guardian = entry.guardian.to_hex();
    let text = json!({"name": entry.name, "relationship": entry.relationship}).to_string();
    let (content, epoch) = entry.desk.write(&text, random)?;
    let mut tags = vec![
        tag("p", [&entry.child.to_hex(), "child"]),
        tag("p", [&guardian, "guardian"]),
        compartments_tag(entry.compartments),
    ];
    tags.extend(times(entry.until, entry.ended));
    tags.push(tag("pop", [&guardian, entry.pop]));
    tags.push(epoch);
    tags.extend(sequence_tags(entry.sequence));
    Ok(event::sign(signer, kinds::GUARDIAN_LINK, tags, content, entry.created_at))
}

/// The 2104 again, ended (PROTOCOL 2.2, order of policy): with `["end"]` behind its times, and the signer's own sequence
/// if it has one.
pub fn build_link_end(signer: &Keys, link: &Event, sequence: Option<Sequence>, created_at: u64) -> Event {
    let known = |tag: &&Tag| !matches!(tag.kind(), "end" | "seq" | "prev");
    let (after, mut tags): (Vec<Tag>, Vec<Tag>) =
        link.tags.iter().filter(known).cloned().partition(|tag| matches!(tag.kind(), "pop" | "epoch"));
    tags.push(tag("end", []));
    tags.extend(after);
    tags.extend(sequence_tags(sequence));
    event::sign(signer, kinds::GUARDIAN_LINK, tags, link.content.clone(), created_at)
}

/// A 2107 signed by the next practice key P′: `head` is the id of the last policy event, `next` the
/// SHA-256 of the key after it.
pub fn build_succession(
    next_keys: &Keys,
    former: &PublicKey,
    head: &EventId,
    next: &[u8; 32],
    sequence: Sequence,
    created_at: u64,
) -> Event {
    let mut tags = vec![key_tag("p", former), tag("e", [&head.to_hex()]), tag("next", [&hex::encode(next)])];
    tags.extend(sequence.to_tags());
    event::sign(next_keys, kinds::SUCCESSION, tags, "", created_at)
}

/// Whom or what a 2108 suspends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Suspended<'a> {
    /// S, A, G; T and C lose writing only.
    Person(&'a PublicKey),
    /// A client of 2109.
    Client(&'a str),
    /// A link, by its 2104.
    Link(&'a EventId),
}

/// Parts of a 2108.
#[derive(Debug, Clone, Copy)]
pub struct Suspension<'a> {
    pub of: Suspended<'a>,
    /// T: bars one member from one patient's records.
    pub scope: Option<&'a PublicKey>,
    /// When P signs.
    pub sequence: Option<Sequence>,
    pub created_at: u64,
}

/// A 2108 signed by P or a member with `admin`.
pub fn build_suspension(signer: &Keys, suspension: &Suspension<'_>) -> Event {
    let mut tags = vec![match suspension.of {
        Suspended::Person(key) => key_tag("p", key),
        Suspended::Client(id) => tag("client", [id]),
        Suspended::Link(id) => tag("e", [&id.to_hex()]),
    }];
    tags.extend(suspension.scope.map(|subject| tag("p", [&subject.to_hex(), "scope"])));
    tags.extend(sequence_tags(suspension.sequence));
    event::sign(signer, kinds::SUSPENSION, tags, "", suspension.created_at)
}

/// The 2108 by which P lifts a suspension.
pub fn build_lift(practice: &Keys, suspension: &EventId, sequence: Sequence, created_at: u64) -> Event {
    let mut tags = vec![tag("lift", [&suspension.to_hex()])];
    tags.extend(sequence.to_tags());
    event::sign(practice, kinds::SUSPENSION, tags, "", created_at)
}

/// How a FHIR client proves itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClientKey<'a> {
    /// RFC 7638 thumbprint of its JWK.
    Thumbprint(&'a str),
    /// A Nostr key.
    Key(&'a PublicKey),
}

/// Whose records a client reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClientSubject<'a> {
    /// One patient: T.
    Patient(&'a PublicKey),
    /// All patients, with bulk export or without; by P only.
    All { export: bool },
}

/// Parts of a 2109.
#[derive(Debug, Clone)]
pub struct ClientEntry<'a> {
    pub client: &'a str,
    pub subject: ClientSubject<'a>,
    pub key: ClientKey<'a>,
    pub scopes: &'a [&'a str],
    pub until: u64,
    pub ended: bool,
    pub purpose: &'a str,
    pub desk: Desk<'a>,
    /// When P signs.
    pub sequence: Option<Sequence>,
    pub created_at: u64,
}

/// A 2109 signed by P or a member with `admin`.
pub fn build_client_grant(
    signer: &Keys,
    entry: &ClientEntry<'_>,
    random: &mut Random,
) -> Result<Event, CryptoError> {
    let (content, epoch) = entry.desk.write(entry.purpose, random)?;
    let mut tags = vec![tag("client", [entry.client])];
    match entry.subject {
        ClientSubject::Patient(subject) => tags.push(key_tag("p", subject)),
        ClientSubject::All { export } => {
            tags.push(tag("patients", ["all"]));
            tags.extend(export.then(|| tag("export", [])));
        }
    }
    tags.push(match entry.key {
        ClientKey::Thumbprint(thumbprint) => tag("jwk", [thumbprint]),
        ClientKey::Key(key) => key_tag("key", key),
    });
    tags.extend(entry.scopes.iter().map(|scope| tag("scope", [scope])));
    tags.push(number_tag("until", entry.until));
    tags.extend(entry.ended.then(|| tag("end", [])));
    tags.push(epoch);
    tags.extend(sequence_tags(entry.sequence));
    Ok(event::sign(signer, kinds::FHIR_CLIENT_GRANT, tags, content, entry.created_at))
}

/// A 2127 signed by P: 1 to 1,000 ids.
pub fn build_destruction(practice: &Keys, ids: &[EventId], sequence: Sequence, created_at: u64) -> Event {
    let mut tags: Vec<Tag> = ids.iter().map(|id| tag("e", [&id.to_hex()])).collect();
    tags.extend(sequence.to_tags());
    event::sign(practice, kinds::DESTRUCTION, tags, "", created_at)
}

fn sequence_tags(sequence: Option<Sequence>) -> Vec<Tag> {
    sequence.map(Sequence::to_tags).unwrap_or_default()
}
