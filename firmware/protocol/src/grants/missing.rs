//! Which 2100s are missing, and which of them one member may write (PROTOCOL 2.3, 2.7, 2.8.12): whoever writes a
//! subject's first record of an epoch also gives its readers the keys that they miss.
//!
//! Invariants:
//! - No row draws on `confidential`, whatever a link or an agent's grant says.
//! - Nobody whose link, grant or key has ended, or is suspended, is a reader.
//! - The first chart rows of a link, and of a C or a new T that somebody without `chart` registered, wait until a
//!   person who holds `chart` has confirmed it.

mod book;

use std::collections::BTreeSet;

use super::{GrantRow, ROWS_MAX, build_patient_grant};
use crate::epochs::Keyring;
use crate::nip44::{ConversationKey, CryptoError};
use crate::permissions::Compartment;
use crate::policy::{Member, Patient, View};
use crate::random::Random;
use crate::{Event, EventId, Keys, PublicKey};

pub use book::GrantBook;

/// Compartments whose records stand in a copy for the subject, and so are read by rows.
const OPEN: [Compartment; 2] = [Compartment::Desk, Compartment::Chart];

/// Rows that one reader misses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MissingGrant {
    pub reader: PublicKey,
    /// The 2102, 2103, 2104, 2109 or 2110 that gives the right.
    pub authority: EventId,
    /// E and subject, oldest epoch first.
    pub rows: Vec<(PublicKey, PublicKey)>,
}

/// What is missing for one subject, as one member sees it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MissingGrants {
    /// This member can and may write these now.
    pub write: Vec<MissingGrant>,
    /// Chart rows of links and keys that nobody who holds `chart` has confirmed yet.
    pub waiting: Vec<MissingGrant>,
    /// For other members: this one lacks a key, the compartment, or access to this patient.
    pub left: Vec<MissingGrant>,
}

/// The member who would write, with the keys in hand.
#[derive(Debug, Clone, Copy)]
pub struct Writer<'a> {
    pub key: PublicKey,
    pub keyring: &'a Keyring,
    /// Of 2100s to this member: the X2 of epoch 0, which no e yields.
    pub rows: &'a [GrantRow],
    /// Links (2104), and registrations (2110) that brought a key, that this person has confirmed on screen, or made.
    pub confirmed: &'a [EventId],
}

impl Writer<'_> {
    fn reader_key(&self, epoch_key: &PublicKey, subject: &PublicKey) -> Option<ConversationKey> {
        let held = self.rows.iter().find(|row| row.epoch_key == *epoch_key && row.subject == *subject);
        let pair = self.keyring.pair_of(epoch_key);
        pair.and_then(|pair| pair.reader_key(subject).ok()).or_else(|| held.map(|row| row.key.clone()))
    }

    fn holds(&self, epoch_key: &PublicKey, subject: &PublicKey) -> bool {
        self.keyring.pair_of(epoch_key).is_some()
            || self.rows.iter().any(|row| row.epoch_key == *epoch_key && row.subject == *subject)
    }
}

/// Somebody who reads a subject's open compartments by rows.
struct Reader {
    key: PublicKey,
    authority: EventId,
    compartments: BTreeSet<Compartment>,
    /// The first chart rows wait for a confirmation: of a link, and of a key that somebody without `chart` brought.
    waits: bool,
    /// Rows of epoch 0 only: a member, who holds every other e.
    former_only: bool,
}

/// What is missing for the patient of `subject` (any T of the line), as `writer` sees it. Nothing for somebody who
/// is no patient.
///
/// A reader gets rows of every epoch that the writer's keyring reaches, for every T of the line. Of epoch 0 only what
/// the former practice's key has once been drawn for: no e yields it.
pub fn missing(view: &View<'_>, book: &GrantBook, subject: &PublicKey, writer: &Writer<'_>) -> MissingGrants {
    let Some(patient) = view.patient(subject) else { return MissingGrants::default() };
    let mut found = MissingGrants::default();
    for reader in readers(view, &patient) {
        sort_out(view, book, &patient, writer, &reader, &mut found);
    }
    found
}

/// Signs what [`MissingGrants::write`] says: 2100s of 250 rows at most. A row whose key the writer does not hold is
/// left out.
pub fn build_missing(
    signer: &Keys,
    grants: &[MissingGrant],
    writer: &Writer<'_>,
    created_at: u64,
    random: &mut Random,
) -> Result<Vec<Event>, CryptoError> {
    let mut events = Vec::new();
    for grant in grants {
        let rows: Vec<GrantRow> = grant
            .rows
            .iter()
            .filter_map(|(epoch_key, subject)| {
                let key = writer.reader_key(epoch_key, subject)?;
                Some(GrantRow { epoch_key: *epoch_key, subject: *subject, key })
            })
            .collect();
        for rows in rows.chunks(ROWS_MAX) {
            let event =
                build_patient_grant(signer, &grant.reader, &grant.authority, rows, created_at, random)?;
            events.push(event);
        }
    }
    Ok(events)
}

/// Everyone who reads this patient by rows, each once: guardians, own key, a T that replaced another one, agents,
/// and for epoch 0 members.
fn readers(view: &View<'_>, patient: &Patient) -> Vec<Reader> {
    let open: BTreeSet<Compartment> = OPEN.into();
    let reader = |key, authority, compartments: &BTreeSet<Compartment>| Reader {
        key,
        authority,
        compartments: compartments.intersection(&open).copied().collect(),
        waits: false,
        former_only: false,
    };
    let mut readers: Vec<Reader> = view
        .guardians_of(&patient.subject)
        .iter()
        .filter(|link| !view.suspended(&link.guardian))
        .map(|link| Reader { waits: true, ..reader(link.guardian, link.entry, &link.compartments) })
        .collect();
    // A suspension ends what the patient writes, never what the patient reads.
    let own = patient.own.filter(|own| *own != patient.subject);
    let rekeyed = (!patient.former.is_empty()).then_some(patient.subject);
    for key in own.into_iter().chain(rekeyed) {
        let brought = view.brought(&key);
        readers.extend(brought.map(|by| Reader { waits: !by.by_chart, ..reader(key, by.entry, &open) }));
    }
    for agent in view.agents().iter().filter(|agent| !view.suspended(&agent.key)) {
        let authority = match agent.patients.as_str() {
            "all" => Some(agent.entry),
            "clients" => client_of(view, &patient.subject),
            _ => None,
        };
        readers.extend(authority.map(|authority| reader(agent.key, authority, &agent.compartments)));
    }
    readers.extend(
        colleagues(view, patient)
            .iter()
            .map(|member| Reader { former_only: true, ..reader(member.key, member.entry, &open) }),
    );
    readers
}

/// The live 2109 that names this patient; of several the one with the lowest id.
fn client_of(view: &View<'_>, subject: &PublicKey) -> Option<EventId> {
    let grants = view.client_grants().into_iter().filter(|grant| grant.subject == Some(*subject));
    grants.map(|grant| grant.entry).min()
}

/// Members who hold `chart` and read this patient; none when nothing was imported.
fn colleagues(view: &View<'_>, patient: &Patient) -> Vec<Member> {
    let mut members = view.legacy_epoch().map(|_| view.members()).unwrap_or_default();
    members.retain(|member| member.holds(Compartment::Chart) && may_read(view, &member.key, patient));
    members
}

fn may_read(view: &View<'_>, member: &PublicKey, patient: &Patient) -> bool {
    !view.suspended(member) && !view.barred(member).contains(&patient.subject)
}

fn sort_out(
    view: &View<'_>,
    book: &GrantBook,
    patient: &Patient,
    writer: &Writer<'_>,
    reader: &Reader,
    found: &mut MissingGrants,
) {
    let present = book.rows_to(view, &reader.key);
    let mut rows: Vec<(Compartment, PublicKey, PublicKey)> = wanted(view, book, patient, reader);
    let newest_chart = rows.iter().rfind(|(compartment, ..)| *compartment == Compartment::Chart).copied();
    rows.retain(|(_, epoch_key, subject)| !present.contains(&(*epoch_key, *subject)));
    let unconfirmed = reader.waits && !book.confirmed_for_chart(view, &reader.authority, &reader.key);
    if unconfirmed && !rows.iter().any(|(compartment, ..)| *compartment == Compartment::Chart) {
        // A link or key that was written anew, to somebody who has the keys already: one row says that it is confirmed.
        rows.extend(newest_chart);
    }
    let member = view.member(&writer.key).filter(|_| may_read(view, &writer.key, patient));
    let holds = |compartment| member.as_ref().is_some_and(|member| member.holds(compartment));
    let confirms = holds(Compartment::Chart) && writer.confirmed.contains(&reader.authority);
    let (mut write, mut waiting, mut left) = (Vec::new(), Vec::new(), Vec::new());
    for (compartment, epoch_key, subject) in rows {
        let waits = compartment == Compartment::Chart && unconfirmed && !confirms;
        let list = match waits {
            true => &mut waiting,
            false if holds(compartment) && writer.holds(&epoch_key, &subject) => &mut write,
            false => &mut left,
        };
        list.push((epoch_key, subject));
    }
    for (list, rows) in [(&mut found.write, write), (&mut found.waiting, waiting), (&mut found.left, left)] {
        if !rows.is_empty() {
            list.push(MissingGrant { reader: reader.key, authority: reader.authority, rows });
        }
    }
}

/// Every row that the reader should have, oldest epoch first.
fn wanted(
    view: &View<'_>,
    book: &GrantBook,
    patient: &Patient,
    reader: &Reader,
) -> Vec<(Compartment, PublicKey, PublicKey)> {
    let line: Vec<PublicKey> = patient.former.iter().chain([&patient.subject]).copied().collect();
    let mut rows = Vec::new();
    for epoch in view.epochs().into_iter().filter(|epoch| epoch.n == 0 || !reader.former_only) {
        for compartment in &reader.compartments {
            let Some(epoch_key) = epoch.key(*compartment) else { continue };
            let drawn = |subject: &&PublicKey| epoch.n > 0 || book.drawn(view, &epoch_key, subject);
            rows.extend(line.iter().filter(drawn).map(|subject| (*compartment, epoch_key, *subject)));
        }
    }
    rows
}

#[cfg(test)]
mod props;
#[cfg(test)]
mod tests;
