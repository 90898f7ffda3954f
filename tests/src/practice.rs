//! A small practice for load: a doctor, nurses, a front desk, families; events by the protocol's own
//! builders, signed before they are needed.

use anyhow::{Context, Result};
use relaybox_process::clock::Clock;
use relaybox_protocol::envelope::{Record, seal_family, seal_staff};
use relaybox_protocol::epochs::{EpochSecrets, NewEpoch, Sequence, build_epoch, build_grant};
use relaybox_protocol::event::tag;
use relaybox_protocol::grants::{Desk, LinkEntry, Name, RosterEntry, build_link, build_roster};
use relaybox_protocol::keys::{KeyRole, prove};
use relaybox_protocol::permissions::{Compartment, Role, preticked};
use relaybox_protocol::random::Random;
use relaybox_protocol::{Event, EventId, Keys, PublicKey};
use serde_json::json;

/// A child with a parent.
#[derive(Debug, Clone)]
pub struct Family {
    pub child: Keys,
    pub parent: Keys,
}

/// Everybody's keys, and the position of the practice key.
pub struct Practice {
    pub practice: Keys,
    pub receipts_box: Keys,
    pub doctor: Keys,
    pub nurses: Vec<Keys>,
    pub desk: Keys,
    pub families: Vec<Family>,
    pub epochs: Vec<EpochSecrets>,
    random: Random,
    seq: u64,
    last: Option<EventId>,
    /// The position before the newest rotation.
    before: (u64, Option<EventId>),
}

impl Practice {
    /// The same people for the same seed.
    pub fn new(seed: u8, nurses: usize, families: usize) -> Self {
        let mut random = Random::seeded([seed; 32]);
        let families =
            (0..families).map(|_| Family { child: random.keys(), parent: random.keys() }).collect();
        Self {
            practice: random.keys(),
            receipts_box: random.keys(),
            doctor: random.keys(),
            nurses: (0..nurses).map(|_| random.keys()).collect(),
            desk: random.keys(),
            families,
            epochs: Vec::new(),
            random,
            seq: 0,
            last: None,
            before: (0, None),
        }
    }

    /// The first ceremony: epoch 1, the staff, their secrets.
    ///
    /// # Errors
    /// When an event cannot be built.
    pub fn genesis(&mut self) -> Result<Vec<Event>> {
        let mut events = vec![self.epoch()?];
        let staff: Vec<_> = self.staff().into_iter().collect();
        for (member, role) in &staff {
            events.push(self.entry(member, *role)?);
        }
        for (member, _) in &staff {
            events.push(self.grant(&member.public_key())?);
        }
        Ok(events)
    }

    /// The next epoch and a grant for everybody: one transaction.
    ///
    /// # Errors
    /// When an event cannot be built.
    pub fn rotation(&mut self) -> Result<Vec<Event>> {
        self.before = (self.seq, self.last);
        let mut events = vec![self.epoch()?];
        for (member, _) in self.staff() {
            events.push(self.grant(&member.public_key())?);
        }
        Ok(events)
    }

    /// The newest rotation was not stored: the next one takes its place.
    pub fn forget_rotation(&mut self) {
        (self.seq, self.last) = self.before;
        self.epochs.pop();
    }

    fn staff(&self) -> Vec<(Keys, Role)> {
        let mut staff = vec![(self.doctor.clone(), Role::Doctor), (self.desk.clone(), Role::FrontDesk)];
        staff.extend(self.nurses.iter().map(|nurse| (nurse.clone(), Role::Nurse)));
        staff
    }

    fn sequence(&mut self) -> Sequence {
        self.seq += 1;
        Sequence { seq: self.seq, prev: self.last }
    }

    fn epoch(&mut self) -> Result<Event> {
        let n = self.epochs.len() as u64 + 1;
        let secrets = EpochSecrets::generate(n, &mut self.random);
        let next = "ab".repeat(32);
        let (escrow, audit) = (self.random.keys().public_key(), self.random.keys().public_key());
        let sequence = self.sequence();
        let new = NewEpoch {
            secrets: &secrets,
            previous: self.epochs.last(),
            escrow: &escrow,
            receipts_box: &self.receipts_box.public_key(),
            audit_box: &audit,
            grace: 600,
            next: (n == 1).then_some(next.as_str()),
            sequence,
            created_at: Clock::System.now(),
        };
        let event = build_epoch(&self.practice, &new, &mut self.random)?;
        self.epochs.push(secrets);
        self.last = Some(event.id);
        Ok(event)
    }

    fn newest(&self) -> Result<EpochSecrets> {
        self.epochs.last().cloned().context("the practice has an epoch")
    }

    fn entry(&mut self, member: &Keys, role: Role) -> Result<Event> {
        let pop = prove(member, &self.practice.public_key(), KeyRole::Staff, &mut self.random);
        let epoch = self.newest()?;
        let desk = Desk { n: epoch.n, pair: &epoch.desk };
        let name = "Synthetic Person";
        let entry = RosterEntry {
            member: member.public_key(),
            role,
            words: preticked(role),
            from: Clock::System.now(),
            until: None,
            ended: false,
            name: if role == Role::FrontDesk { Name::Desk(name, desk) } else { Name::Clear(name) },
            replaces: None,
            pop: &pop,
            sequence: self.sequence(),
            created_at: Clock::System.now(),
        };
        let event = build_roster(&self.practice, &entry, &mut self.random)?;
        self.last = Some(event.id);
        Ok(event)
    }

    fn grant(&mut self, member: &PublicKey) -> Result<Event> {
        let epoch = self.newest()?;
        let compartments = [Compartment::Desk, Compartment::Chart, Compartment::Confidential];
        let secrets: Vec<_> = compartments.iter().map(|c| (*c, &epoch.of(*c).secret)).collect();
        let now = Clock::System.now();
        Ok(build_grant(&self.practice, member, epoch.n, &secrets, now, &mut self.random)?)
    }

    /// A child is registered by the front desk.
    ///
    /// # Errors
    /// When the event cannot be built.
    pub fn patient(&mut self, child: &Keys) -> Result<Event> {
        let practice = self.practice.public_key();
        let sig = prove(child, &practice, KeyRole::Subject, &mut self.random);
        let pop = [tag("pop", [&child.public_key().to_hex(), &sig])];
        let resource = json!({"resourceType": "Patient", "active": true});
        let r = self.random.bytes32();
        let record = Record {
            extra: &pop,
            ..Record::plain(2110, &resource, child.public_key(), r, Clock::System.now())
        };
        let pair = self.newest()?.desk;
        let (desk, subject) = (self.desk.clone(), child.public_key());
        Ok(seal_staff(&desk, &practice, &pair, Some(&subject), false, &record, &mut self.random)?)
    }

    /// A parent is linked by the front desk.
    ///
    /// # Errors
    /// When the event cannot be built.
    pub fn link(&mut self, family: &Family) -> Result<Event> {
        let pop = prove(&family.parent, &self.practice.public_key(), KeyRole::Guardian, &mut self.random);
        let epoch = self.newest()?;
        let entry = LinkEntry {
            child: family.child.public_key(),
            guardian: family.parent.public_key(),
            compartments: &[Compartment::Desk, Compartment::Chart],
            until: None,
            ended: false,
            pop: &pop,
            name: "Synthetic Parent",
            relationship: "parent",
            desk: Desk { n: epoch.n, pair: &epoch.desk },
            sequence: None,
            created_at: Clock::System.now(),
        };
        Ok(build_link(&self.desk, &entry, &mut self.random)?)
    }

    /// A vital sign of a child by a member.
    ///
    /// # Errors
    /// When the event cannot be built.
    pub fn vital(&mut self, author: &Keys, child: &PublicKey, text: &str) -> Result<Event> {
        let resource = json!({"resourceType": "Observation", "status": "final", "note": [{"text": text}]});
        let record = Record::plain(2113, &resource, *child, self.random.bytes32(), Clock::System.now());
        let pair = self.newest()?.chart;
        let practice = self.practice.public_key();
        Ok(seal_staff(author, &practice, &pair, Some(child), false, &record, &mut self.random)?)
    }

    /// A message of a parent about a child.
    ///
    /// # Errors
    /// When the event cannot be built.
    pub fn message(&mut self, family: &Family) -> Result<Event> {
        let resource = json!({"resourceType": "Communication", "status": "completed"});
        let subject = family.child.public_key();
        let record = Record::plain(2117, &resource, subject, self.random.bytes32(), Clock::System.now());
        let pair = self.newest()?.chart;
        let practice = self.practice.public_key();
        Ok(seal_family(&family.parent, &practice, &pair.public, None, false, &record, &mut self.random)?)
    }

    /// Fresh keys.
    pub fn keys(&mut self) -> Keys {
        self.random.keys()
    }
}
