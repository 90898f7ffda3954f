//! What the vault does elsewhere: the claim and the two rotations, signed by P.

use relaybox_protocol::epochs::{EpochSecrets, NewEpoch, Sequence, build_epoch, build_grant};
use relaybox_protocol::grants::{
    AgentEntry, Desk, Name, Patients, RosterEntry, Service, build_agent, build_roster,
};
use relaybox_protocol::keys::{KeyRole, prove};
use relaybox_protocol::permissions::{self, Compartment, Role, Word, preticked};
use relaybox_protocol::random::Random;
use relaybox_protocol::{Event, kinds};
use sha2::{Digest, Sha256};

use super::{Script, ScriptError, Step};
use crate::demo::cast::Staff;

/// Seconds for which the epoch before stays current when nobody left.
const GRACE: u64 = 600;

impl<Give: FnMut(Step) -> bool> Script<'_, Give> {
    /// P is fixed; the first epoch, the owner's entry and the owner's keys come in one transaction,
    /// then everybody else's.
    pub(super) fn claim(&mut self) -> Result<(), ScriptError> {
        self.hand(Step::Claim(self.practice.public_key()))?;
        let mut first = vec![self.epoch(1, 0)?, self.member(Staff::Owner, false)?];
        first.push(self.secrets(Staff::Owner)?);
        self.hand(Step::Ceremony(first))?;

        let others: Vec<Staff> = members(1).filter(|staff| *staff != Staff::Owner).collect();
        let mut rest = Vec::new();
        for staff in &others {
            rest.push(self.member(*staff, false)?);
        }
        rest.push(self.fhir_agent());
        for staff in &others {
            rest.push(self.secrets(*staff)?);
        }
        self.hand(Step::Ceremony(rest))
    }

    /// The second epoch ends the former nurse, at once, and brings the new one; the third is the
    /// yearly one, with grace. No patient's data enters either.
    pub(super) fn rotate(&mut self, n: u64) -> Result<(), ScriptError> {
        let leaver = Staff::ALL.into_iter().find(|staff| staff.member_in(n - 1) && !staff.member_in(n));
        let joiner = Staff::ALL.into_iter().find(|staff| !staff.member_in(n - 1) && staff.member_in(n));
        let mut events = vec![self.epoch(n, if leaver.is_some() { 0 } else { GRACE })?];
        if let Some(leaver) = leaver {
            events.push(self.member(leaver, true)?);
        }
        if let Some(joiner) = joiner {
            events.push(self.member(joiner, false)?);
        }
        for staff in members(n) {
            events.push(self.secrets(staff)?);
        }
        self.settled.clear();
        self.open.clear();
        self.hand(Step::Ceremony(events))
    }

    fn epoch(&mut self, n: u64, grace: u64) -> Result<Event, ScriptError> {
        let secrets = EpochSecrets::generate(n, &mut self.plan.seed.random(&format!("epoch/{n}")));
        let next = self.plan.seed.keys("next-practice").public_key().to_bytes();
        let next: String = Sha256::digest(next).iter().map(|byte| format!("{byte:02x}")).collect();
        let escrow = self.escrow.public_key();
        let (sequence, created_at) = (self.next_sequence(), self.next_moment());
        let new = NewEpoch {
            secrets: &secrets,
            previous: self.epochs.last(),
            escrow: &escrow,
            receipts_box: &self.box_keys.receipts,
            audit_box: &self.box_keys.audit,
            grace,
            next: (n == 1).then_some(next.as_str()),
            sequence,
            created_at,
        };
        let event = build_epoch(&self.practice, &new, &mut Random::os())?;
        self.previous = Some(event.id);
        self.epochs.push(secrets);
        Ok(event)
    }

    fn member(&mut self, staff: Staff, ended: bool) -> Result<Event, ScriptError> {
        let keys = self.staff(staff);
        let pop = prove(&keys, &self.practice.public_key(), KeyRole::Staff, &mut Random::os());
        let (sequence, created_at) = (self.next_sequence(), self.next_moment());
        let current = self.current()?;
        let desk = Desk { n: current.n, pair: &current.desk };
        let name = match staff.role() {
            Role::FrontDesk => Name::Desk(staff.name(), desk),
            _ => Name::Clear(staff.name()),
        };
        let entry = RosterEntry {
            member: keys.public_key(),
            role: staff.role(),
            words: &words(staff),
            from: created_at,
            until: None,
            ended,
            name,
            replaces: None,
            pop: &pop,
            sequence,
            created_at,
        };
        let event = build_roster(&self.practice, &entry, &mut Random::os())?;
        self.previous = Some(event.id);
        Ok(event)
    }

    fn fhir_agent(&mut self) -> Event {
        let agent = self.agent_keys();
        let pop = prove(&agent, &self.practice.public_key(), KeyRole::Agent, &mut Random::os());
        let clinical: Vec<u16> = (kinds::PATIENT..=kinds::DOCUMENT)
            .chain([kinds::RESOURCE, kinds::OUTSIDE_RECORD, kinds::VISIT])
            .collect();
        let (sequence, created_at) = (self.next_sequence(), self.next_moment());
        let entry = AgentEntry {
            agent: agent.public_key(),
            service: Service::Fhir,
            kinds: &clinical,
            compartments: &[Compartment::Desk, Compartment::Chart],
            patients: Patients::All,
            until: None,
            ended: false,
            pop: &pop,
            sequence,
            created_at,
        };
        let event = build_agent(&self.practice, &entry);
        self.previous = Some(event.id);
        event
    }

    /// The 2101 of a member: the secrets of the compartments that the role may have.
    fn secrets(&mut self, staff: Staff) -> Result<Event, ScriptError> {
        let created_at = self.next_moment();
        let member = self.staff(staff).public_key();
        let current =
            self.epochs.last().ok_or_else(|| ScriptError::Missing("the current epoch".to_owned()))?;
        let held = current.held(staff.role(), &words(staff));
        Ok(build_grant(&self.practice, &member, current.n, &held, created_at, &mut Random::os())?)
    }

    fn next_sequence(&mut self) -> Sequence {
        self.sequence += 1;
        Sequence { seq: self.sequence, prev: self.previous }
    }
}

fn members(epoch: u64) -> impl Iterator<Item = Staff> {
    Staff::ALL.into_iter().filter(move |staff| staff.member_in(epoch))
}

/// What the role starts with; only the owner administers.
pub(super) fn words(staff: Staff) -> Vec<Word> {
    let owner = staff == Staff::Owner;
    preticked(staff.role()).iter().copied().filter(|word| owner || *word != Word::Admin).collect()
}

pub(super) fn holds(staff: Staff, compartment: Compartment) -> bool {
    permissions::holds(staff.role(), &words(staff), compartment)
}
