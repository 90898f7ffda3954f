//! The desk where the events of one call are signed, one after the other, and tried on the policy in the end.

use serde_json::Value;

use super::{
    Holder, NewChild, NewGuardian, ProvedKey, Registrar, Registration, RegistrationError, Standing,
    SubjectKey,
};
use crate::envelope::{Record, seal_staff};
use crate::event::{Link, key_tag, p_tag, tag};
use crate::grants::{LinkEntry, build_link, build_link_end};
use crate::keys::{KeyRole, proof_holds, prove};
use crate::policy::{Patient, Person, View};
use crate::random::Random;
use crate::{Event, PublicKey, Tag, kinds};

/// Where the events of one call are signed, one after the other.
pub(super) struct SigningDesk<'a> {
    registrar: &'a Registrar<'a>,
    view: View<'a>,
    events: Vec<Event>,
    pub(super) subjects: Vec<PublicKey>,
    /// Keys that this call brings in.
    brought: Vec<(PublicKey, KeyRole)>,
}

impl<'a> SigningDesk<'a> {
    pub(super) fn new(registrar: &'a Registrar<'a>) -> Self {
        let view = registrar.policy.now(registrar.now);
        Self { registrar, view, events: Vec::new(), subjects: Vec::new(), brought: Vec::new() }
    }

    /// What was signed, if policy takes all of it.
    pub(super) fn tried(self) -> Result<Registration, RegistrationError> {
        let mut policy = self.registrar.policy.clone();
        for event in &self.events {
            let at = policy.newest() + 1;
            policy.apply(event, at, self.registrar.now).map_err(RegistrationError::Refused)?;
        }
        Ok(Registration { events: self.events, subjects: self.subjects })
    }

    pub(super) fn child(
        &mut self,
        child: &NewChild<'_>,
        random: &mut Random,
    ) -> Result<(), RegistrationError> {
        let (subject, pop) = self.subject(&child.key, random)?;
        let mut extra = vec![pop];
        if let Some(own) = &child.own {
            extra.extend(self.own_tags(&subject, own)?);
        }
        self.patient(&subject, child.resource, &[], &extra, random)
    }

    pub(super) fn rekey(
        &mut self,
        patient: &Standing<'_>,
        key: &SubjectKey<'_>,
        random: &mut Random,
    ) -> Result<(), RegistrationError> {
        let before = self.standing(&patient.subject)?;
        let (subject, pop) = self.subject(key, random)?;
        let extra = [pop, key_tag("rekey", &before.subject)];
        self.patient(&subject, patient.resource, &after(&before), &extra, random)
    }

    pub(super) fn own(
        &mut self,
        patient: &Standing<'_>,
        own: &ProvedKey<'_>,
        random: &mut Random,
    ) -> Result<(), RegistrationError> {
        let before = self.standing(&patient.subject)?;
        let extra = self.own_tags(&before.subject, own)?;
        self.patient(&before.subject, patient.resource, &after(&before), &extra, random)
    }

    pub(super) fn end_link(&mut self, link: &Event) -> Result<(), RegistrationError> {
        let guardian = p_tag(link, 1);
        let links = guardian.map(|guardian| self.view.links_of(&guardian)).unwrap_or_default();
        if !links.iter().any(|live| live.entry == link.id) {
            return Err(RegistrationError::NoLink);
        }
        self.events.push(build_link_end(self.registrar.keys, link, None, self.registrar.now));
        Ok(())
    }

    pub(super) fn link(
        &mut self,
        subject: &PublicKey,
        guardian: &NewGuardian<'_>,
        random: &mut Random,
    ) -> Result<(), RegistrationError> {
        self.brings(&guardian.key, KeyRole::Guardian)?;
        let entry = LinkEntry {
            child: *subject,
            guardian: guardian.key.key,
            compartments: guardian.compartments,
            until: guardian.until,
            ended: false,
            pop: guardian.key.pop,
            name: guardian.name,
            relationship: guardian.relationship,
            desk: self.registrar.desk,
            sequence: None,
            created_at: self.registrar.now,
        };
        self.events.push(build_link(self.registrar.keys, &entry, random)?);
        Ok(())
    }

    /// A 2110 under T, which it puts in force.
    fn patient(
        &mut self,
        subject: &PublicKey,
        resource: &Value,
        links: &[Link],
        extra: &[Tag],
        random: &mut Random,
    ) -> Result<(), RegistrationError> {
        if resource.get("resourceType").and_then(Value::as_str) != Some("Patient") {
            return Err(RegistrationError::Resource);
        }
        let Registrar { keys, desk, now, .. } = self.registrar;
        let r = random.bytes32();
        let record = Record { links, extra, ..Record::plain(kinds::PATIENT, resource, *subject, r, *now) };
        let practice = self.view.practice();
        let event = seal_staff(keys, &practice, desk.pair, Some(subject), false, &record, random)?;
        self.events.push(event);
        self.subjects.push(*subject);
        Ok(())
    }

    /// The patient whose T in force this is.
    pub(super) fn standing(&self, subject: &PublicKey) -> Result<Patient, RegistrationError> {
        let patient = self.view.patient(subject).filter(|patient| patient.subject == *subject);
        patient.ok_or(RegistrationError::NoPatient)
    }

    /// T with its `pop` tag.
    fn subject(
        &mut self,
        key: &SubjectKey<'_>,
        random: &mut Random,
    ) -> Result<(PublicKey, Tag), RegistrationError> {
        match key {
            SubjectKey::Device(proved) => {
                self.brings(proved, KeyRole::Subject)?;
                Ok((proved.key, pop_tag(proved)))
            }
            SubjectKey::ThrownAway => {
                let made = random.keys();
                let pop = prove(&made, &self.view.practice(), KeyRole::Subject, random);
                let proved = ProvedKey { key: made.public_key(), pop: &pop };
                self.brings(&proved, KeyRole::Subject)?;
                Ok((proved.key, pop_tag(&proved)))
            }
        }
    }

    fn own_tags(&mut self, subject: &PublicKey, own: &ProvedKey<'_>) -> Result<Vec<Tag>, RegistrationError> {
        let own_tag = key_tag("own", &own.key);
        if own.key == *subject {
            return Ok(vec![own_tag]);
        }
        self.brings(own, KeyRole::Own)?;
        Ok(vec![own_tag, pop_tag(own)])
    }

    /// A key enters a role once, with its proof, and never has another. A guardian may have links already.
    fn brings(&mut self, proved: &ProvedKey<'_>, role: KeyRole) -> Result<(), RegistrationError> {
        let ProvedKey { key, pop } = *proved;
        if let Some((_, before)) = self.brought.iter().find(|(brought, _)| *brought == key) {
            let again = *before == role && role == KeyRole::Guardian;
            return if again {
                Ok(())
            } else {
                Err(RegistrationError::KeyInUse { key, holder: Holder::Twice })
            };
        }
        match self.holder(&key) {
            None if proof_holds(&key, &self.view.practice(), role, pop) => {}
            None => return Err(RegistrationError::Proof { key }),
            Some(Holder::Guardian) if role == KeyRole::Guardian => {}
            Some(holder) => return Err(RegistrationError::KeyInUse { key, holder }),
        }
        self.brought.push((key, role));
        Ok(())
    }

    /// What the key is already; none when it is free.
    fn holder(&self, key: &PublicKey) -> Option<Holder> {
        Some(match self.view.person(key) {
            Person::Practice => Holder::Practice,
            Person::Member(_) => Holder::Staff,
            Person::Agent(_) => Holder::Agent,
            Person::Patient(_) => Holder::Patient,
            Person::Own(_) => Holder::Own,
            Person::Guardian(_) => Holder::Guardian,
            // A guardian whose links have all ended stays a guardian.
            Person::Former if self.view.ever_family(key) && !self.view.ever_subject(key) => Holder::Guardian,
            Person::Former => Holder::Former,
            Person::Unknown => {
                let epochs = self.view.epochs();
                let of_the_practice = self.view.compartment_of(key).is_some()
                    || epochs.iter().any(|epoch| [epoch.escrow, epoch.receipts, epoch.audit].contains(key));
                return of_the_practice.then_some(Holder::Practice);
            }
        })
    }
}

/// The next 2110 of a patient names the one before.
pub(super) fn after(patient: &Patient) -> [Link; 1] {
    [Link { id: patient.entry, marker: "correction".to_owned() }]
}

fn pop_tag(proved: &ProvedKey<'_>) -> Tag {
    tag("pop", [&proved.key.to_hex(), proved.pop])
}
