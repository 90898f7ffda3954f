//! Everything a person writes that is neither a record nor policy: lists, drafts, grants,
//! signalling, deletions.

use std::collections::BTreeSet;

use crate::event::{id_from_hex, key_from_hex, number_from_text};
use crate::permissions::kind_in;
use crate::policy::{Person, View};
use crate::refusal::Refusal;
use crate::{Event, PublicKey, drafts, grants, kinds, visits};

use super::{Admission, current_compartment, is_addressable};

/// Lists and application data of their owner. Kind 0 would publish a family's name; families keep
/// an archive and read marks in 30078 where staff have 32111.
pub(super) fn list(kind: u16, person: &Person) -> Result<(), Refusal> {
    let family = matches!(person, Person::Patient(_) | Person::Own(_) | Person::Guardian(_));
    let fits = match kind {
        kinds::METADATA => !family,
        kinds::APP_DATA | kinds::NIP82_SHARE => family,
        _ => true,
    };
    if fits { Ok(()) } else { Err(Refusal::Role) }
}

/// A draft or shared state by a member who holds its compartment.
pub(super) fn draft(view: &View<'_>, event: &Event, person: &Person) -> Result<(), Refusal> {
    let Person::Member(member) = person else { return Err(Refusal::Role) };
    let shape = drafts::parse(event).ok_or(Refusal::Envelope)?;
    let kind = event.kind.as_u16();
    current_compartment(view, &shape.epoch_key, |compartment| {
        kind_in(kind, compartment) && member.holds(compartment)
    })?;
    Ok(())
}

/// A 2100 by a member who holds every e it draws on, or by the practice for epoch 0.
pub(super) fn patient_grant(view: &View<'_>, event: &Event, person: &Person) -> Result<(), Refusal> {
    let shape = grants::parse_patient_grant(event).ok_or(Refusal::PolicyShape)?;
    for (epoch_key, _) in &shape.rows {
        let compartment = view.compartment_of(epoch_key).ok_or(Refusal::Epoch)?;
        let held = match person {
            Person::Member(member) => member.holds(compartment),
            Person::Practice => view.legacy_epoch().is_some_and(|epoch| epoch.chart == *epoch_key),
            _ => return Err(Refusal::Role),
        };
        if !held {
            return Err(Refusal::Compartment);
        }
    }
    addressed(view, &shape.reader)
}

/// A 2101 by the practice or a member, who can only deliver what the sealed text holds.
pub(super) fn practice_grant(view: &View<'_>, event: &Event, person: &Person) -> Result<(), Refusal> {
    if !matches!(person, Person::Member(_) | Person::Practice) {
        return Err(Refusal::Role);
    }
    let value = |name: &str| {
        let mut tags = event.tags.iter().filter(|tag| tag.kind() == name);
        match (tags.next().map(|tag| tag.as_slice()), tags.next()) {
            (Some([_, value]), None) => Some(value.as_str()),
            _ => None,
        }
    };
    let known = event.tags.iter().all(|tag| matches!(tag.kind(), "p" | "n" | "ek"));
    let n = value("n").and_then(number_from_text);
    let reader = value("p").and_then(key_from_hex);
    let sealed = value("ek").and_then(key_from_hex);
    let (true, Some(n), Some(reader), Some(_)) = (known, n, reader, sealed) else {
        return Err(Refusal::PolicyShape);
    };
    if !view.epochs().iter().any(|epoch| epoch.n == n) {
        return Err(Refusal::Epoch);
    }
    match view.person(&reader) {
        Person::Member(_) | Person::Agent(_) => Ok(()),
        _ => Err(Refusal::Subject),
    }
}

/// Signalling between persons of the practice. The relay looks up their visits: [`visits::open_between`].
pub(super) fn signalling(view: &View<'_>, event: &Event, person: &Person) -> Result<(), Refusal> {
    if matches!(person, Person::Practice | Person::Agent(_)) {
        return Err(Refusal::Role);
    }
    let (party, _) = visits::parse_signalling(event).ok_or(Refusal::Envelope)?;
    addressed(view, &party)
}

fn addressed(view: &View<'_>, key: &PublicKey) -> Result<(), Refusal> {
    if is_addressable(view, key) { Ok(()) } else { Err(Refusal::Subject) }
}

/// Audit anchors and access reports of the certified audit key, from the box itself.
pub(super) fn audit(view: &View<'_>, event: &Event) -> Result<(), Refusal> {
    let certified = view.epoch().is_some_and(|epoch| epoch.audit == event.pubkey);
    if !certified {
        return Err(Refusal::NotMember);
    }
    if event.kind.as_u16() == kinds::AUDIT_ANCHOR {
        return Ok(());
    }
    let epoch_key = crate::event::p_tag(event, 0).ok_or(Refusal::Envelope)?;
    view.compartment_of(&epoch_key).map(drop).ok_or(Refusal::Epoch)
}

/// A NIP-09 deletion by the author: ids and own addresses. Health records and policy are never
/// deleted; the store checks the kinds of the ids, which the request does not show.
pub(super) fn deletion(event: &Event, admission: &mut Admission) -> Result<(), Refusal> {
    let mut ids = BTreeSet::new();
    let mut addresses = BTreeSet::new();
    for tag in event.tags.iter() {
        match tag.as_slice() {
            [name, id, ..] if name == "e" => {
                ids.insert(id_from_hex(id).ok_or(Refusal::Malformed)?);
            }
            [name, address, ..] if name == "a" => {
                let (kind, owner, d) = parse_address(address).ok_or(Refusal::Malformed)?;
                undeletable(kind)?;
                // Another author's address is none of this request's business (NIP-09).
                if owner == event.pubkey {
                    addresses.insert((kind, d.to_owned()));
                }
            }
            [name, kind, ..] if name == "k" => {
                let kind = number_from_text(kind).and_then(|kind| u16::try_from(kind).ok());
                undeletable(kind.ok_or(Refusal::Malformed)?)?;
            }
            _ => {}
        }
    }
    // A request that names nothing deletes nothing, and its author should know.
    if !event.tags.iter().any(|tag| matches!(tag.kind(), "e" | "a")) {
        return Err(Refusal::Malformed);
    }
    admission.deletes = ids.into_iter().collect();
    admission.deletes_addresses = addresses.into_iter().collect();
    Ok(())
}

/// `kind:pubkey:d`; d may contain colons.
fn parse_address(address: &str) -> Option<(u16, PublicKey, &str)> {
    let mut parts = address.splitn(3, ':');
    let kind = number_from_text(parts.next()?).and_then(|kind| u16::try_from(kind).ok())?;
    let owner = key_from_hex(parts.next()?)?;
    Some((kind, owner, parts.next()?))
}

fn undeletable(kind: u16) -> Result<(), Refusal> {
    if kinds::is_undeletable(kind) { Err(Refusal::ClinicalDelete) } else { Ok(()) }
}
