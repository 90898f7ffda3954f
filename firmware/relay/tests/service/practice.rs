//! A small practice: keys drawn from names, events by the protocol's own builders.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use relaybox_protocol::envelope::{EpochSecret, Record, seal_family, seal_staff};
use relaybox_protocol::epochs::{
    EpochSecrets, Import, NewEpoch, Sequence, build_epoch, build_grant, build_import,
};
use relaybox_protocol::event::{sign, tag};
use relaybox_protocol::grants::{
    AgentEntry, ClientEntry, ClientKey, ClientSubject, Desk, LinkEntry, Name, Patients, RosterEntry, Service,
    Suspended, Suspension, build_agent, build_client_grant, build_destruction, build_lift, build_link,
    build_roster, build_suspension,
};
use relaybox_protocol::keys::{KeyRole, prove};
use relaybox_protocol::nip44::ConversationKey;
use relaybox_protocol::permissions::{Compartment, Role, Word, preticked};
use relaybox_protocol::random::Random;
use relaybox_protocol::{Event, EventId, Keys, PublicKey, SecretKey, Tag};
use serde_json::json;

use crate::client::Client;
use crate::relay::Relay;

/// 2026-01-01T00:00:00Z.
pub(crate) const START: u64 = 1_767_225_600;

pub(crate) struct Practice {
    pub(crate) p: Keys,
    pub(crate) epochs: Vec<EpochSecrets>,
    pub(crate) clock: Arc<AtomicU64>,
    pub(crate) random: Random,
    seq: u64,
    last: Option<EventId>,
}

/// The key pair of a name.
pub(crate) fn keys(name: &str) -> Keys {
    let mut secret = [7; 32];
    secret[..name.len()].copy_from_slice(name.as_bytes());
    Keys::new(SecretKey::from_slice(&secret).unwrap())
}

pub(crate) fn pk(name: &str) -> PublicKey {
    keys(name).public_key()
}

impl Practice {
    pub(crate) fn new(clock: Arc<AtomicU64>) -> Self {
        Self {
            p: keys("practice"),
            epochs: Vec::new(),
            clock,
            random: Random::seeded([7; 32]),
            seq: 0,
            last: None,
        }
    }

    pub(crate) fn now(&self) -> u64 {
        self.clock.load(Ordering::SeqCst)
    }

    /// Claims the box: epoch 1, the doctor as owner, her epoch secrets.
    pub(crate) async fn claim(&mut self, relay: &Relay) {
        relay.ceremony().await.claim(&self.p.public_key().to_hex()).await.unwrap();
        let epoch = self.epoch(600);
        let doctor = self.roster("doctor", Role::Doctor, false);
        let grant = self.grant("doctor");
        relay.append(&[&epoch, &doctor, &grant]).await.unwrap();
    }

    /// Nurse, front desk, agents; "child" with own key "own" and parent "mother", "sibling-less"
    /// "other-child" with "father".
    pub(crate) async fn staff(&mut self, relay: &Relay) {
        for (name, role) in [("nurse", Role::Nurse), ("desk", Role::FrontDesk)] {
            let entry = self.roster(name, role, false);
            relay.append(&[&entry]).await.unwrap();
        }
        let fhir = self.agent("fhir", Service::Fhir, Patients::All);
        let mail = self.agent("mail", Service::Mail, Patients::None);
        relay.append(&[&fhir, &mail]).await.unwrap();
        let mut desk = relay.login("desk").await;
        self.family(&mut desk, "child", "mother").await;
        self.family(&mut desk, "other-child", "father").await;
    }

    pub(crate) async fn family(&mut self, desk: &mut Client, child: &str, guardian: &str) {
        let patient = self.patient("desk", child);
        desk.publish(&patient).await.stored();
        let link = self.link("desk", child, guardian, false);
        desk.publish(&link).await.stored();
    }

    fn sequence(&mut self) -> Sequence {
        self.seq += 1;
        Sequence { seq: self.seq, prev: self.last }
    }

    fn signed_by_p(&mut self, event: Event) -> Event {
        self.last = Some(event.id);
        event
    }

    pub(crate) fn epoch(&mut self, grace: u64) -> Event {
        self.epoch_of_box(grace, &pk("box"))
    }

    pub(crate) fn epoch_of_box(&mut self, grace: u64, receipts_box: &PublicKey) -> Event {
        let n = self.epochs.len() as u64 + 1;
        let secrets = EpochSecrets::generate(n, &mut self.random);
        let next = "ab".repeat(32);
        let sequence = self.sequence();
        let new = NewEpoch {
            secrets: &secrets,
            previous: self.epochs.last(),
            escrow: &pk("escrow"),
            receipts_box,
            audit_box: &pk("audit"),
            grace,
            next: (n == 1).then_some(next.as_str()),
            sequence,
            created_at: self.now(),
        };
        let event = build_epoch(&self.p, &new, &mut self.random).unwrap();
        self.epochs.push(secrets);
        self.signed_by_p(event)
    }

    /// The 2105 of epoch 0: the former practice's key "p0".
    pub(crate) fn import_epoch(&mut self) -> Event {
        let former = keys("p0");
        let practice_key = ConversationKey::derive(former.secret_key(), &former.public_key()).unwrap();
        let import = Import {
            former: &former.public_key(),
            signers: &[former.public_key()],
            escrow: &pk("escrow"),
            practice_key: &practice_key,
            sequence: self.sequence(),
            created_at: self.now(),
        };
        let event = build_import(&self.p, &import, &mut self.random).unwrap();
        self.signed_by_p(event)
    }

    pub(crate) fn grant(&mut self, member: &str) -> Event {
        let epoch = self.epochs.last().unwrap();
        let secrets = [Compartment::Desk, Compartment::Chart, Compartment::Confidential];
        let secrets: Vec<_> = secrets.iter().map(|c| (*c, &epoch.of(*c).secret)).collect();
        build_grant(&self.p, &pk(member), epoch.n, &secrets, self.now(), &mut self.random).unwrap()
    }

    pub(crate) fn secret(&self, compartment: Compartment) -> EpochSecret {
        self.epochs.last().unwrap().of(compartment).clone()
    }

    pub(crate) fn prove(&mut self, name: &str, role: KeyRole) -> String {
        prove(&keys(name), &self.p.public_key(), role, &mut self.random)
    }

    pub(crate) fn roster(&mut self, name: &str, role: Role, ended: bool) -> Event {
        self.roster_of(name, role, preticked(role), ended)
    }

    pub(crate) fn roster_of(&mut self, name: &str, role: Role, words: &[Word], ended: bool) -> Event {
        self.roster_entry(name, role, words, None, ended)
    }

    pub(crate) fn roster_until(&mut self, name: &str, role: Role, until: u64) -> Event {
        self.roster_entry(name, role, preticked(role), Some(until), false)
    }

    fn roster_entry(
        &mut self,
        name: &str,
        role: Role,
        words: &[Word],
        until: Option<u64>,
        ended: bool,
    ) -> Event {
        let pop = self.prove(name, KeyRole::Staff);
        let epoch = self.epochs.last().unwrap();
        let (n, pair) = (epoch.n, epoch.desk.clone());
        let sequence = self.sequence();
        let entry = RosterEntry {
            member: pk(name),
            role,
            words,
            from: START,
            until,
            ended,
            name: if role == Role::FrontDesk {
                Name::Desk(name, Desk { n, pair: &pair })
            } else {
                Name::Clear(name)
            },
            replaces: None,
            pop: &pop,
            sequence,
            created_at: self.now(),
        };
        let event = build_roster(&self.p, &entry, &mut self.random).unwrap();
        self.signed_by_p(event)
    }

    pub(crate) fn agent(&mut self, name: &str, service: Service, patients: Patients) -> Event {
        self.agent_of(name, service, patients, &[2110, 2111, 2113, 2116])
    }

    pub(crate) fn agent_of(
        &mut self,
        name: &str,
        service: Service,
        patients: Patients,
        kinds: &[u16],
    ) -> Event {
        let pop = self.prove(name, KeyRole::Agent);
        let entry = AgentEntry {
            agent: pk(name),
            service,
            kinds,
            compartments: &[Compartment::Desk, Compartment::Chart],
            patients,
            until: None,
            ended: false,
            pop: &pop,
            sequence: self.sequence(),
            created_at: self.now(),
        };
        let event = build_agent(&self.p, &entry);
        self.signed_by_p(event)
    }

    pub(crate) fn patient(&mut self, author: &str, name: &str) -> Event {
        let sig = self.prove(name, KeyRole::Subject);
        let pop = tag("pop", [&pk(name).to_hex(), &sig]);
        self.patient_with(author, name, &[pop])
    }

    pub(crate) fn patient_with(&mut self, author: &str, name: &str, extra: &[Tag]) -> Event {
        let resource = json!({"resourceType": "Patient"});
        let r = self.random.bytes32();
        let record = Record { extra, ..Record::plain(2110, &resource, pk(name), r, self.now()) };
        let desk = self.secret(Compartment::Desk);
        let p = self.p.public_key();
        seal_staff(&keys(author), &p, &desk, Some(&pk(name)), false, &record, &mut self.random).unwrap()
    }

    /// A 2110 whose T is an epoch key.
    pub(crate) fn patient_of_epoch_key(&mut self, author: &str, epoch_key: &EpochSecret) -> Event {
        let keys_of_epoch = Keys::new(epoch_key.secret.clone());
        let sig = prove(&keys_of_epoch, &self.p.public_key(), KeyRole::Subject, &mut self.random);
        let pop = [tag("pop", [&epoch_key.public.to_hex(), &sig])];
        let resource = json!({"resourceType": "Patient"});
        let r = self.random.bytes32();
        let record =
            Record { extra: &pop, ..Record::plain(2110, &resource, epoch_key.public, r, self.now()) };
        let desk = self.secret(Compartment::Desk);
        let p = self.p.public_key();
        seal_staff(&keys(author), &p, &desk, Some(&epoch_key.public), false, &record, &mut self.random)
            .unwrap()
    }

    pub(crate) fn rekey(&mut self, author: &str, old: &str, new: &str) -> Event {
        let sig = self.prove(new, KeyRole::Subject);
        let extra = [tag("pop", [&pk(new).to_hex(), &sig]), tag("rekey", [&pk(old).to_hex()])];
        self.patient_with(author, new, &extra)
    }

    pub(crate) fn link(&mut self, author: &str, child: &str, guardian: &str, ended: bool) -> Event {
        self.link_to(author, child, guardian, &[Compartment::Desk, Compartment::Chart], ended)
    }

    pub(crate) fn link_to(
        &mut self,
        author: &str,
        child: &str,
        guardian: &str,
        compartments: &[Compartment],
        ended: bool,
    ) -> Event {
        let pop = self.prove(guardian, KeyRole::Guardian);
        let epoch = self.epochs.last().unwrap();
        let (n, pair) = (epoch.n, epoch.desk.clone());
        let by_p = author == "practice";
        let sequence = if by_p { Some(self.sequence()) } else { None };
        let entry = LinkEntry {
            child: pk(child),
            guardian: pk(guardian),
            compartments,
            until: None,
            ended,
            pop: &pop,
            name: guardian,
            relationship: "parent",
            desk: Desk { n, pair: &pair },
            sequence,
            created_at: self.now(),
        };
        let event = build_link(&keys(author), &entry, &mut self.random).unwrap();
        if by_p { self.signed_by_p(event) } else { event }
    }

    pub(crate) fn suspension(&mut self, author: &str, name: &str) -> Event {
        let key = pk(name);
        let suspension =
            Suspension { of: Suspended::Person(&key), scope: None, sequence: None, created_at: self.now() };
        build_suspension(&keys(author), &suspension)
    }

    /// A 2109: this client may read the child.
    pub(crate) fn client(&mut self, author: &str, client: &str, child: &str) -> Event {
        let epoch = self.epochs.last().unwrap();
        let (n, pair) = (epoch.n, epoch.desk.clone());
        let subject = pk(child);
        let entry = ClientEntry {
            client,
            subject: ClientSubject::Patient(&subject),
            key: ClientKey::Thumbprint("thumb"),
            scopes: &["patient/Immunization.read"],
            until: self.now() + 86_400,
            ended: false,
            purpose: "form",
            desk: Desk { n, pair: &pair },
            sequence: None,
            created_at: self.now(),
        };
        build_client_grant(&keys(author), &entry, &mut self.random).unwrap()
    }

    pub(crate) fn destruction(&mut self, ids: &[EventId]) -> Event {
        let sequence = self.sequence();
        let event = build_destruction(&self.p, ids, sequence, self.now());
        self.signed_by_p(event)
    }

    pub(crate) fn lift(&mut self, suspension: &EventId) -> Event {
        let sequence = self.sequence();
        let event = build_lift(&self.p, suspension, sequence, self.now());
        self.signed_by_p(event)
    }

    /// A vital sign of a child by a member, in the chart of the newest epoch.
    pub(crate) fn vital(&mut self, author: &str, child: &str) -> Event {
        let chart = self.secret(Compartment::Chart);
        self.record(author, 2113, &chart, child, self.now(), "")
    }

    pub(crate) fn record(
        &mut self,
        author: &str,
        kind: u16,
        epoch: &EpochSecret,
        child: &str,
        created_at: u64,
        text: &str,
    ) -> Event {
        let resource = json!({"resourceType": "Observation", "note": [{"text": text}]});
        let r = self.random.bytes32();
        let record = Record::plain(kind, &resource, pk(child), r, created_at);
        let p = self.p.public_key();
        let confidential = kind == 2123;
        seal_staff(&keys(author), &p, epoch, Some(&pk(child)), confidential, &record, &mut self.random)
            .unwrap()
    }

    /// The first message of a call.
    pub(crate) fn signal(&mut self, author: &str, party: &str, expires: u64) -> Event {
        let tags = vec![tag("p", [&pk(party).to_hex()]), tag("expiration", [&expires.to_string()])];
        sign(&keys(author), 4050, tags, "sealed", self.now())
    }

    /// A message of a guardian about a child.
    pub(crate) fn message(&mut self, author: &str, child: &str) -> Event {
        let resource = json!({"resourceType": "Communication"});
        let r = self.random.bytes32();
        let record = Record::plain(2117, &resource, pk(child), r, self.now());
        let e = self.secret(Compartment::Chart).public;
        let p = self.p.public_key();
        seal_family(&keys(author), &p, &e, None, false, &record, &mut self.random).unwrap()
    }
}
