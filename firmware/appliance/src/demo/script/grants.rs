//! 2100: whoever writes a child's first record of an epoch also writes the rows that its readers
//! miss, for live links, for the own key, for the FHIR agent and for a new T.

use relaybox_protocol::grants::{GrantRow, build_patient_grant};
use relaybox_protocol::permissions::Compartment;
use relaybox_protocol::random::Random;
use relaybox_protocol::{EventId, PublicKey};

use super::{Script, ScriptError, Step};
use crate::demo::cast::{Staff, guardian_of};

impl<Give: FnMut(Step) -> bool> Script<'_, Give> {
    /// Children of this epoch whose rows nobody has written yet get them from the owner.
    pub(super) fn write_missing_grants(&mut self) -> Result<(), ScriptError> {
        for child in 0..self.subjects.len() {
            if !self.settled.contains(&child) && self.subjects[child].newest().is_some() {
                self.write_grants(Staff::Owner, child)?;
            }
        }
        Ok(())
    }

    /// The missing rows of one child, by a member who holds desk and chart.
    pub(super) fn write_grants(&mut self, writer: Staff, child: usize) -> Result<(), ScriptError> {
        for (reader, authority) in self.readers(child) {
            self.grant(writer, child, reader, authority)?;
        }
        self.settled.insert(child);
        Ok(())
    }

    /// Who reads the open compartments of a child by rows, and what gives each the right.
    fn readers(&self, child: usize) -> Vec<(PublicKey, EventId)> {
        let subject = &self.subjects[child];
        let live = self.links.iter().filter(|link| link.child == child && link.live);
        let mut readers: Vec<(PublicKey, EventId)> = live
            .filter_map(|link| Some((guardian_of(link.guardian)?.public(&self.plan.seed), link.entry)))
            .collect();
        readers.extend(self.agent.map(|entry| (self.agent_keys().public_key(), entry)));
        if let Some(entry) = subject.entry {
            readers.extend(subject.own.map(|own| (own, entry)));
            if subject.line.len() > 1 {
                readers.extend(subject.newest().map(|newest| (newest, entry)));
            }
        }
        readers
    }

    fn grant(
        &mut self,
        writer: Staff,
        child: usize,
        reader: PublicKey,
        authority: EventId,
    ) -> Result<(), ScriptError> {
        let mut rows = Vec::new();
        let mut new = Vec::new();
        for epoch in &self.epochs {
            for subject in &self.subjects[child].line {
                let key = (reader, epoch.n, *subject);
                if self.rows.contains(&key) {
                    continue;
                }
                for compartment in [Compartment::Desk, Compartment::Chart] {
                    let pair = epoch.of(compartment);
                    rows.push(GrantRow {
                        epoch_key: pair.public,
                        subject: *subject,
                        key: pair.reader_key(subject)?,
                    });
                }
                new.push(key);
            }
        }
        if rows.is_empty() {
            return Ok(());
        }
        let created_at = self.next_moment();
        let keys = self.staff(writer);
        let event = build_patient_grant(&keys, &reader, &authority, &rows, created_at, &mut Random::os())?;
        self.rows.extend(new);
        let name = format!("key grant for {}", self.plan.children[child].cast.id);
        self.publish(keys, &name, event, false)?;
        Ok(())
    }
}
