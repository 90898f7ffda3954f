//! Clinical events 2110–2121, 2123–2126: what the envelope shows of author, kind, act, compartment
//! and person.

use crate::envelope::{self, Envelope, Form};
use crate::permissions::{Compartment, Word, family_writes, kind_in, may_be_signed, word_for};
use crate::policy::{GuardianLink, Member, Patient, Person, View};
use crate::refusal::Refusal;
use crate::{Event, PublicKey, kinds, visits};

use super::current_compartment;

pub(super) fn admit(view: &View<'_>, event: &Event, person: &Person) -> Result<(), Refusal> {
    let shape = envelope::parse(event).ok_or(Refusal::Envelope)?;
    match person {
        Person::Member(member) => by_member(view, event, &shape, member),
        Person::Patient(patient) => by_patient(view, event, &shape, patient),
        Person::Own(_) => by_own_key(view, event, &shape),
        Person::Guardian(links) => by_guardian(view, event, &shape, links),
        _ => Err(Refusal::Role),
    }
}

fn by_member(view: &View<'_>, event: &Event, shape: &Envelope, member: &Member) -> Result<(), Refusal> {
    let kind = event.kind.as_u16();
    let word = word_for(kind).ok_or(Refusal::Role)?;
    if !member.has(word) || shape.form != Form::Dual {
        return Err(Refusal::Role);
    }
    if shape.sign && !(may_be_signed(kind) && member.has(Word::Sign)) {
        return Err(Refusal::Act);
    }
    current_compartment(view, &shape.epoch_key, |compartment| {
        kind_in(kind, compartment) && member.holds(compartment)
    })?;
    // A copy exists exactly when somebody is named who opens it.
    if shape.has_patient_copy != shape.second_p.is_some() {
        return Err(Refusal::Envelope);
    }
    about(view, kind, shape.second_p.as_ref())?;
    if shape.second_p.is_some_and(|key| bars(view, member, &key)) {
        return Err(Refusal::Suspended);
    }
    parties_are_known(view, event)
}

/// Whether staff may write about this second `p`. The relay sees no binding: the reader checks the
/// rest.
fn about(view: &View<'_>, kind: u16, second_p: Option<&PublicKey>) -> Result<(), Refusal> {
    let is_subject = |key: &PublicKey| view.patient(key).is_some_and(|p| p.subject == *key);
    let is_own = |key: &PublicKey| view.patient_of_own(key).is_some();
    let fits = match (kind, second_p) {
        // The fold judges the T of a registration, which may be new.
        (kinds::PATIENT, Some(_)) | (kinds::CONFIDENTIAL, None) => true,
        (kinds::CONFIDENTIAL, Some(key)) => is_own(key),
        (_, None) => return Err(Refusal::Envelope),
        (kinds::MESSAGE, Some(key)) => is_subject(key) || is_own(key) || !view.links_of(key).is_empty(),
        (_, Some(key)) => is_subject(key),
    };
    if fits { Ok(()) } else { Err(Refusal::Subject) }
}

/// Whether a 2108 bars the member from the records of the person whom this key names.
fn bars(view: &View<'_>, member: &Member, key: &PublicKey) -> bool {
    let barred = view.barred(&member.key);
    let own = view.patient_of_own(key).map(|patient| patient.subject);
    barred.contains(key) || own.is_some_and(|subject| barred.contains(&subject))
}

fn by_patient(view: &View<'_>, event: &Event, shape: &Envelope, patient: &Patient) -> Result<(), Refusal> {
    let compartment = by_family(view, event, shape)?;
    if compartment == Compartment::Confidential {
        return Err(Refusal::Compartment);
    }
    // Only a visit has a second `p`: the envelope's shape sees to it.
    if shape.second_p.is_some_and(|subject| subject != patient.subject) {
        return Err(Refusal::Subject);
    }
    parties_are_known(view, event)
}

fn by_guardian(
    view: &View<'_>,
    event: &Event,
    shape: &Envelope,
    links: &[GuardianLink],
) -> Result<(), Refusal> {
    let compartment = by_family(view, event, shape)?;
    let of_compartment = |link: &&GuardianLink| link.compartments.contains(&compartment);
    let mut fitting = links.iter().filter(of_compartment).peekable();
    if fitting.peek().is_none() {
        return Err(Refusal::Compartment);
    }
    if let Some(child) = shape.second_p
        && !fitting.any(|link| link.child == child)
    {
        return Err(Refusal::Subject);
    }
    parties_are_known(view, event)
}

/// What T and G have in common: 2117 to desk or chart, 2125 to chart, 2126 to desk, in one copy.
fn by_family(view: &View<'_>, event: &Event, shape: &Envelope) -> Result<Compartment, Refusal> {
    let kind = event.kind.as_u16();
    if !family_writes(kind) || shape.form != Form::OneCopy {
        return Err(Refusal::Role);
    }
    if shape.sign {
        return Err(Refusal::Act);
    }
    current_compartment(view, &shape.epoch_key, |compartment| kind_in(kind, compartment))
}

/// A C that is not T writes confidential records only.
fn by_own_key(view: &View<'_>, event: &Event, shape: &Envelope) -> Result<(), Refusal> {
    let kind = event.kind.as_u16();
    if kind != kinds::CONFIDENTIAL || shape.form != Form::OneCopy {
        return Err(Refusal::Role);
    }
    if shape.sign {
        return Err(Refusal::Act);
    }
    current_compartment(view, &shape.epoch_key, |compartment| kind_in(kind, compartment))?;
    Ok(())
}

/// Providers of a visit are members; its guardians have a live link to its patient.
fn parties_are_known(view: &View<'_>, event: &Event) -> Result<(), Refusal> {
    if event.kind.as_u16() != kinds::VISIT {
        return Ok(());
    }
    let parties = visits::parse(event).ok_or(Refusal::Envelope)?;
    let links = view.guardians_of(&parties.subject);
    let known = parties.providers.iter().all(|key| view.member(key).is_some())
        && parties.guardians.iter().all(|key| links.iter().any(|link| link.guardian == *key));
    if known { Ok(()) } else { Err(Refusal::Subject) }
}
