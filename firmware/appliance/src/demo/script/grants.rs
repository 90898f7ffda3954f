//! 2100: whoever writes a child's first record of an epoch also writes the rows that its readers
//! miss, for live links, for the own key, for the FHIR agent and for a new T.

use relaybox_protocol::epochs::Keyring;
use relaybox_protocol::event::p_tag;
use relaybox_protocol::grants::missing::{GrantBook, MissingGrant, Writer, build_missing, missing};
use relaybox_protocol::policy::Policy;
use relaybox_protocol::random::Random;
use relaybox_protocol::{Event, EventId, PublicKey, kinds};

use super::{Script, ScriptError, Step};
use crate::demo::cast::Staff;

/// What every member's software has read of the practice when it writes.
pub(super) struct Known {
    policy: Policy,
    position: u64,
    grants: GrantBook,
    epochs: Vec<Event>,
    /// 2101s.
    secrets: Vec<Event>,
}

impl Known {
    pub(super) fn new(practice: PublicKey) -> Self {
        let (policy, grants) = (Policy::new(practice), GrantBook::default());
        Self { policy, position: 0, grants, epochs: Vec::new(), secrets: Vec::new() }
    }

    /// Takes an event as the relay does: in this order, at its own time.
    pub(super) fn take(&mut self, event: &Event) -> Result<(), ScriptError> {
        let kind = event.kind.as_u16();
        match kind {
            kinds::PATIENT_KEY_GRANT => self.grants.add(event),
            kinds::PRACTICE_KEY_GRANT => self.secrets.push(event.clone()),
            _ if kinds::is_policy(kind) => {
                self.position += 1;
                self.policy.apply(event, self.position, event.created_at.as_secs())?;
            }
            _ => {}
        }
        if kind == kinds::PRACTICE_EPOCH {
            self.epochs.push(event.clone());
        }
        Ok(())
    }
}

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

    /// The missing rows of one child, by a member who holds desk and chart and has seen its guardians and its keys.
    pub(super) fn write_grants(&mut self, by: Staff, child: usize) -> Result<(), ScriptError> {
        let Some(subject) = self.subjects[child].newest() else { return Ok(()) };
        let keys = self.staff(by);
        let to_me = |event: &&Event| p_tag(event, 0) == Some(keys.public_key());
        let secrets: Vec<Event> = self.known.secrets.iter().filter(to_me).cloned().collect();
        let keyring = Keyring::collect(keys.secret_key(), &self.known.epochs, &secrets);
        let view = self.known.policy.now(self.moment);
        let links = view.guardians_of(&subject).into_iter().map(|link| link.entry);
        let own = view.patient(&subject).and_then(|patient| patient.own);
        let brought = own.into_iter().chain([subject]).filter_map(|key| view.brought(&key));
        let confirmed: Vec<EventId> = links.chain(brought.map(|by| by.entry)).collect();
        let writer = Writer { key: keys.public_key(), keyring: &keyring, rows: &[], confirmed: &confirmed };
        let found: Vec<MissingGrant> = missing(&view, &self.known.grants, &subject, &writer).write;
        let name = format!("key grant for {}", self.plan.children[child].cast.id);
        for grant in &found {
            let created_at = self.next_moment();
            let one = std::slice::from_ref(grant);
            for event in build_missing(&keys, one, &writer, created_at, &mut Random::os())? {
                self.publish(keys.clone(), &name, event, false)?;
            }
        }
        self.settled.insert(child);
        Ok(())
    }
}
