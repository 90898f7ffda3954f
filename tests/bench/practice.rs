//! A practice made for the bench: staff of all roles, an agent, patients, a guardian for each.

use anyhow::{Context, Result};
use relaybox_process::clock::Clock;
use relaybox_process::rpc::ceremony::CeremonyClient;
use relaybox_protocol::envelope::{Record, seal_staff};
use relaybox_protocol::epochs::{EpochSecrets, NewEpoch, Sequence, build_epoch, build_grant};
use relaybox_protocol::event::tag;
use relaybox_protocol::grants::{
    AgentEntry, Desk, LinkEntry, Name, Patients, RosterEntry, Service, build_agent, build_link, build_roster,
};
use relaybox_protocol::keys::{KeyRole, prove};
use relaybox_protocol::permissions::{Compartment, Role, preticked};
use relaybox_protocol::random::Random;
use relaybox_protocol::{Event, EventId, Keys, PublicKey};
use serde_json::json;
use serde_json::value::RawValue;

/// Staff who write and read.
const WRITERS: usize = 8;
/// Each so many writers one is a doctor.
const DOCTORS_APART: usize = 4;
/// Members who are suspended, one for each run.
const LEAVERS: usize = 8;
/// Patients whose entry and link go into one transaction.
const BATCH: usize = 50;

/// Who is who, with all secrets.
pub(crate) struct Practice {
    pub(crate) p: Keys,
    pub(crate) epoch: EpochSecrets,
    /// Doctors and nurses, in turn; the first is a doctor.
    pub(crate) writers: Vec<Keys>,
    pub(crate) leavers: Vec<Keys>,
    pub(crate) patients: Vec<Keys>,
    /// One for each patient.
    pub(crate) guardians: Vec<Keys>,
    seq: u64,
    last: Option<EventId>,
    random: Random,
    now: u64,
}

impl Practice {
    /// Claims the box behind this socket; `box_key` is the one that signs its receipts.
    pub(crate) async fn make(
        ceremony: &mut CeremonyClient,
        box_key: &PublicKey,
        patients: usize,
    ) -> Result<Self> {
        let mut random = Random::seeded([9; 32]);
        let mut keys = |n: usize| (0..n).map(|_| random.keys()).collect::<Vec<_>>();
        let (p, writers, leavers) = (keys(1).remove(0), keys(WRITERS), keys(LEAVERS));
        let (guardians, patients) = (keys(patients), keys(patients));
        let epoch = EpochSecrets::generate(1, &mut random);
        let now = Clock::System.now();
        let mut made =
            Self { p, epoch, writers, leavers, patients, guardians, seq: 0, last: None, random, now };
        ceremony.claim(&made.p.public_key().to_hex()).await?;
        let first = made.first(box_key)?;
        append(ceremony, &first).await?;
        made.staff(ceremony).await?;
        made.families(ceremony).await?;
        Ok(made)
    }

    /// One of the two doctors, in turn.
    pub(crate) fn doctor(&self, n: usize) -> &Keys {
        &self.writers[n % 2 * DOCTORS_APART]
    }

    /// The epoch, its first doctor, and her copy of its secrets.
    fn first(&mut self, box_key: &PublicKey) -> Result<Vec<Event>> {
        let (escrow, audit) = (self.random.keys(), self.random.keys());
        let next = "ab".repeat(32);
        let new = NewEpoch {
            secrets: &self.epoch,
            previous: None,
            escrow: &escrow.public_key(),
            receipts_box: box_key,
            audit_box: &audit.public_key(),
            grace: 600,
            next: Some(&next),
            sequence: Sequence { seq: 1, prev: None },
            created_at: self.now,
        };
        let epoch = build_epoch(&self.p, &new, &mut self.random)?;
        (self.seq, self.last) = (1, Some(epoch.id));
        let doctor = self.writers[0].clone();
        let roster = self.roster(&doctor, Role::Doctor)?;
        Ok(vec![epoch, roster, self.grant(&doctor)?])
    }

    async fn staff(&mut self, ceremony: &mut CeremonyClient) -> Result<()> {
        let mut members: Vec<(Keys, Role)> = Vec::new();
        for (n, keys) in self.writers.iter().enumerate().skip(1) {
            members.push((keys.clone(), if n % DOCTORS_APART == 0 { Role::Doctor } else { Role::Nurse }));
        }
        members.extend(self.leavers.iter().map(|keys| (keys.clone(), Role::Ma)));
        members.push((self.random.keys(), Role::FrontDesk));
        for (keys, role) in members {
            let roster = self.roster(&keys, role)?;
            let grant = self.grant(&keys)?;
            append(ceremony, &[roster, grant]).await?;
        }
        let agent = self.agent();
        append(ceremony, &[agent]).await
    }

    async fn families(&mut self, ceremony: &mut CeremonyClient) -> Result<()> {
        let all: Vec<usize> = (0..self.patients.len()).collect();
        for some in all.chunks(BATCH) {
            let mut events = Vec::new();
            for n in some {
                events.push(self.patient(*n)?);
                events.push(self.link(*n)?);
            }
            append(ceremony, &events).await?;
        }
        Ok(())
    }

    fn sequence(&mut self) -> Sequence {
        self.seq += 1;
        Sequence { seq: self.seq, prev: self.last }
    }

    fn grant(&mut self, member: &Keys) -> Result<Event> {
        let all = [Compartment::Desk, Compartment::Chart, Compartment::Confidential];
        let secrets: Vec<_> = all.iter().map(|c| (*c, &self.epoch.of(*c).secret)).collect();
        Ok(build_grant(&self.p, &member.public_key(), self.epoch.n, &secrets, self.now, &mut self.random)?)
    }

    fn roster(&mut self, keys: &Keys, role: Role) -> Result<Event> {
        let pop = prove(keys, &self.p.public_key(), KeyRole::Staff, &mut self.random);
        let sequence = self.sequence();
        let desk = Desk { n: self.epoch.n, pair: &self.epoch.desk };
        let entry = RosterEntry {
            member: keys.public_key(),
            role,
            words: preticked(role),
            from: self.now,
            until: None,
            ended: false,
            name: if role == Role::FrontDesk { Name::Desk("Desk", desk) } else { Name::Clear("Staff") },
            replaces: None,
            pop: &pop,
            sequence,
            created_at: self.now,
        };
        let event = build_roster(&self.p, &entry, &mut self.random)?;
        self.last = Some(event.id);
        Ok(event)
    }

    fn agent(&mut self) -> Event {
        let keys = self.random.keys();
        let pop = prove(&keys, &self.p.public_key(), KeyRole::Agent, &mut self.random);
        let entry = AgentEntry {
            agent: keys.public_key(),
            service: Service::Fhir,
            kinds: &[2110, 2111, 2113, 2116],
            compartments: &[Compartment::Desk, Compartment::Chart],
            patients: Patients::All,
            until: None,
            ended: false,
            pop: &pop,
            sequence: self.sequence(),
            created_at: self.now,
        };
        let event = build_agent(&self.p, &entry);
        self.last = Some(event.id);
        event
    }

    fn patient(&mut self, n: usize) -> Result<Event> {
        let keys = &self.patients[n];
        let p = self.p.public_key();
        let pop = prove(keys, &p, KeyRole::Subject, &mut self.random);
        let extra = [tag("pop", [&keys.public_key().to_hex(), &pop])];
        let resource = json!({"resourceType": "Patient", "name": [{"text": format!("Synthetic child {n}")}]});
        let act = self.random.bytes32();
        let record =
            Record { extra: &extra, ..Record::plain(2110, &resource, keys.public_key(), act, self.now) };
        let (desk, reader) = (&self.epoch.desk, keys.public_key());
        Ok(seal_staff(&self.writers[0], &p, desk, Some(&reader), false, &record, &mut self.random)?)
    }

    fn link(&mut self, n: usize) -> Result<Event> {
        let guardian = &self.guardians[n];
        let pop = prove(guardian, &self.p.public_key(), KeyRole::Guardian, &mut self.random);
        let entry = LinkEntry {
            child: self.patients[n].public_key(),
            guardian: guardian.public_key(),
            compartments: &[Compartment::Desk, Compartment::Chart],
            until: None,
            ended: false,
            pop: &pop,
            name: "Synthetic parent",
            relationship: "parent",
            desk: Desk { n: self.epoch.n, pair: &self.epoch.desk },
            sequence: None,
            created_at: self.now,
        };
        Ok(build_link(&self.writers[0], &entry, &mut self.random)?)
    }
}

async fn append(ceremony: &mut CeremonyClient, events: &[Event]) -> Result<()> {
    let raw: Result<Vec<_>, _> = events.iter().map(|event| RawValue::from_string(event.as_json())).collect();
    ceremony.append(raw?).await.context("hold a ceremony")?;
    Ok(())
}
