//! A practice that grows event by event, for the vectors of policy, receipts and scope.

use std::collections::BTreeMap;

use relaybox_protocol::envelope::{Record, seal_family, seal_staff};
use relaybox_protocol::epochs::{EpochSecrets, NewEpoch, Sequence, build_epoch, build_grant};
use relaybox_protocol::event::tag;
use relaybox_protocol::grants::{
    AgentEntry, Desk, LinkEntry, Name, Patients, RosterEntry, Service, Suspended, Suspension, build_agent,
    build_lift, build_link, build_roster, build_suspension,
};
use relaybox_protocol::keys::{KeyRole, prove};
use relaybox_protocol::permissions::{Compartment, Role, preticked};
use relaybox_protocol::policy::Policy;
use relaybox_protocol::random::Random;
use relaybox_protocol::receipts::{ChainKey, NewReceipt, PolicyMark, Row, build};
use relaybox_protocol::{Event, EventId, Keys, Tag, hex, kinds};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::{NOW, key, public, random, to_json};

pub(super) struct Practice {
    pub(super) policy: Policy,
    pub(super) now: u64,
    pub(super) steps: Vec<Value>,
    pub(super) events: Vec<Event>,
    pub(super) receipts: Vec<Event>,
    pub(super) signer: Keys,
    epochs: Vec<EpochSecrets>,
    heads: BTreeMap<ChainKey, (u64, EventId)>,
    random: Random,
    seq: u64,
    at: u64,
}

impl Practice {
    /// Epoch 1, "doctor" with every word, "desk", "child" with own key "own", "mother" linked.
    pub(super) fn open(name: &str) -> Self {
        let mut practice = Self {
            policy: Policy::new(key("practice").public_key()),
            now: NOW,
            steps: Vec::new(),
            events: Vec::new(),
            receipts: Vec::new(),
            signer: key("box"),
            epochs: Vec::new(),
            heads: BTreeMap::new(),
            random: random(name),
            seq: 0,
            at: 0,
        };
        let epoch = practice.epoch(600, "box");
        practice.step(&epoch);
        for (name, role) in [("doctor", Role::Doctor), ("desk", Role::FrontDesk)] {
            let event = practice.roster(name, role, false);
            practice.step(&event);
        }
        let own = tag("own", [&public("own")]);
        let extra = [practice.pop("child", KeyRole::Subject), own, practice.pop("own", KeyRole::Own)];
        let event = practice.patient("desk", "child", &extra);
        practice.step(&event);
        let event = practice.link("desk", "mother", false);
        practice.step(&event);
        practice
    }

    /// The event arrives a second later, and a receipt of its chain follows when it counts.
    pub(super) fn step(&mut self, event: &Event) {
        self.now += 1;
        self.step_now(event);
    }

    /// The event arrives in the same second as the one before, at a position of its own.
    pub(super) fn step_now(&mut self, event: &Event) {
        self.at += 1;
        let verdict = self.policy.apply(event, self.at, self.now);
        let code = verdict.map_or_else(|refusal| refusal.code(), |()| "ok");
        self.steps
            .push(json!({"at": self.at, "received": self.now, "verdict": code, "event": to_json(event)}));
        if verdict.is_ok() {
            let mark = self.mark();
            if let Some(chain) = self.policy.chain_of(event) {
                self.receipt(chain, event.id, mark);
            }
            self.record(event, mark);
        }
    }

    /// A record (or registration) stands in its clinical chain.
    pub(super) fn record(&mut self, event: &Event, mark: PolicyMark) {
        if kinds::is_clinical(event.kind.as_u16()) {
            let chain = ChainKey::of_clinical(&self.policy.now(self.now), event).unwrap();
            self.receipt(chain, event.id, mark);
        }
        self.events.push(event.clone());
    }

    pub(super) fn mark(&self) -> PolicyMark {
        let head = |chain| self.heads.get(&chain).map(|(_, id)| *id);
        PolicyMark { public: head(ChainKey::Policy), staff: head(ChainKey::PolicyStaff) }
    }

    fn receipt(&mut self, chain: ChainKey, id: EventId, mark: PolicyMark) {
        let head = self.heads.get(&chain).copied();
        let epoch_key = match chain {
            ChainKey::Clinical { compartment, .. } => Some(self.last().of(compartment).public),
            _ => None,
        };
        let row = Row { id, received: self.now, import: false };
        let new = NewReceipt {
            chain,
            epoch_key,
            before: head.map_or(0, |(n, _)| n),
            prev: head.map(|(_, id)| id),
            mark,
            rows: &[row],
            created_at: self.now,
        };
        let receipt = build(&self.signer, &new);
        self.heads.insert(chain, (new.before + 1, receipt.id));
        self.receipts.push(receipt);
    }

    pub(super) fn last(&self) -> &EpochSecrets {
        self.epochs.last().unwrap()
    }

    pub(super) fn sequence(&mut self) -> Sequence {
        self.seq += 1;
        Sequence { seq: self.seq, prev: None }
    }

    pub(super) fn epoch(&mut self, grace: u64, receipts_box: &str) -> Event {
        let n = u64::try_from(self.epochs.len()).unwrap() + 1;
        let secrets = EpochSecrets::generate(n, &mut self.random);
        let next = hex::encode(&Sha256::digest(key("next practice").public_key().as_bytes()));
        let sequence = self.sequence();
        let new = NewEpoch {
            secrets: &secrets,
            previous: self.epochs.last(),
            escrow: &key("escrow").public_key(),
            receipts_box: &key(receipts_box).public_key(),
            audit_box: &key("audit").public_key(),
            grace,
            next: (n == 1).then_some(next.as_str()),
            sequence,
            created_at: self.now,
        };
        let event = build_epoch(&key("practice"), &new, &mut self.random).unwrap();
        self.epochs.push(secrets);
        event
    }

    pub(super) fn prove(&mut self, name: &str, role: KeyRole) -> String {
        prove(&key(name), &key("practice").public_key(), role, &mut self.random)
    }

    pub(super) fn pop(&mut self, name: &str, role: KeyRole) -> Tag {
        let sig = self.prove(name, role);
        tag("pop", [&public(name), &sig])
    }

    pub(super) fn roster(&mut self, name: &str, role: Role, ended: bool) -> Event {
        let pop = self.prove(name, KeyRole::Staff);
        let (n, pair) = (self.last().n, self.last().desk.clone());
        let desk = Desk { n, pair: &pair };
        let clear = role != Role::FrontDesk;
        let entry = RosterEntry {
            member: key(name).public_key(),
            role,
            words: preticked(role),
            from: NOW,
            until: None,
            ended,
            name: if clear { Name::Clear(name) } else { Name::Desk(name, desk) },
            replaces: None,
            pop: &pop,
            sequence: self.sequence(),
            created_at: self.now,
        };
        build_roster(&key("practice"), &entry, &mut self.random).unwrap()
    }

    pub(super) fn patient(&mut self, author: &str, subject: &str, extra: &[Tag]) -> Event {
        let resource = json!({"resourceType": "Patient"});
        let subject = key(subject).public_key();
        let r = self.random.bytes32();
        let record = Record { extra, ..Record::plain(kinds::PATIENT, &resource, subject, r, self.now) };
        let (pair, practice) = (self.last().desk.clone(), key("practice").public_key());
        seal_staff(&key(author), &practice, &pair, Some(&subject), false, &record, &mut self.random).unwrap()
    }

    pub(super) fn link(&mut self, author: &str, guardian: &str, ended: bool) -> Event {
        self.link_to(author, "child", guardian, ended)
    }

    pub(super) fn link_to(&mut self, author: &str, child: &str, guardian: &str, ended: bool) -> Event {
        let pop = self.prove(guardian, KeyRole::Guardian);
        let (n, pair) = (self.last().n, self.last().desk.clone());
        let sequence = (author == "practice").then(|| self.sequence());
        let entry = LinkEntry {
            child: key(child).public_key(),
            guardian: key(guardian).public_key(),
            compartments: &[Compartment::Desk, Compartment::Chart],
            until: None,
            ended,
            pop: &pop,
            name: guardian,
            relationship: "parent",
            desk: Desk { n, pair: &pair },
            sequence,
            created_at: self.now,
        };
        build_link(&key(author), &entry, &mut self.random).unwrap()
    }

    /// The FHIR agent, for all patients.
    pub(super) fn agent(&mut self, name: &str) -> Event {
        let pop = self.prove(name, KeyRole::Agent);
        let entry = AgentEntry {
            agent: key(name).public_key(),
            service: Service::Fhir,
            kinds: &[kinds::OBSERVATION],
            compartments: &[Compartment::Chart],
            patients: Patients::All,
            until: None,
            ended: false,
            pop: &pop,
            sequence: self.sequence(),
            created_at: self.now,
        };
        build_agent(&key("practice"), &entry)
    }

    /// The 2101 of the newest epoch for a member with the words of a role.
    pub(super) fn secrets_for(&mut self, name: &str, role: Role) -> Event {
        let newest = self.last().clone();
        let held = newest.held(role, preticked(role));
        let member = key(name).public_key();
        build_grant(&key("practice"), &member, newest.n, &held, self.now, &mut self.random).unwrap()
    }

    pub(super) fn suspension(&mut self, author: &str, of: &str, scope: Option<&str>) -> Event {
        let (of, scope) = (key(of).public_key(), scope.map(|name| key(name).public_key()));
        let (of, scope) = (Suspended::Person(&of), scope.as_ref());
        let suspension = Suspension { of, scope, sequence: None, created_at: self.now };
        build_suspension(&key(author), &suspension)
    }

    pub(super) fn lift(&mut self, suspension: &Event) -> Event {
        let sequence = self.sequence();
        build_lift(&key("practice"), &suspension.id, sequence, self.now)
    }

    /// A staff record.
    pub(super) fn write(&mut self, kind: u16, compartment: Compartment, reader: Option<&str>) -> Event {
        let resource = json!({"resourceType": "Basic"});
        let r = self.random.bytes32();
        let record = Record::plain(kind, &resource, key("child").public_key(), r, self.now);
        let (pair, practice) = (self.last().of(compartment).clone(), key("practice").public_key());
        let reader = reader.map(|name| key(name).public_key());
        let hidden = kind == kinds::CONFIDENTIAL;
        seal_staff(&key("doctor"), &practice, &pair, reader.as_ref(), hidden, &record, &mut self.random)
            .unwrap()
    }

    /// A message in one copy.
    pub(super) fn message(&mut self, author: &str) -> Event {
        let resource = json!({"resourceType": "Communication"});
        let r = self.random.bytes32();
        let child = key("child").public_key();
        let record = Record::plain(kinds::MESSAGE, &resource, child, r, self.now);
        let (e, practice) = (self.last().chart.public, key("practice").public_key());
        seal_family(&key(author), &practice, &e, None, false, &record, &mut self.random).unwrap()
    }
}
