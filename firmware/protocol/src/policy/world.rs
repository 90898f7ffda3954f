//! A small practice for tests: keys drawn from names, events by the crate's own builders, and one
//! policy that grows with every step.

use serde_json::json;
use sha2::{Digest, Sha256};

use crate::envelope::{EpochSecret, Record, seal_family, seal_staff};
use crate::epochs::{EpochSecrets, NewEpoch, Sequence, build_epoch};
use crate::event::tag;
use crate::grants::{
    AgentEntry, ClientEntry, ClientKey, ClientSubject, Desk, LinkEntry, Name, Patients, RosterEntry, Service,
    Suspended, Suspension, build_agent, build_client_grant, build_lift, build_link, build_roster,
    build_suspension,
};
use crate::keys::{KeyRole, prove};
use crate::permissions::{Compartment, Role, Word, preticked};
use crate::policy::{Policy, Position};
use crate::random::Random;
use crate::refusal::Refusal;
use crate::{Event, EventId, Keys, PublicKey, SecretKey, Tag, hex};

/// 2026-01-01T00:00:00Z.
pub(crate) const START: u64 = 1_767_225_600;

pub(crate) struct World {
    pub(crate) policy: Policy,
    pub(crate) p: Keys,
    pub(crate) epochs: Vec<EpochSecrets>,
    pub(crate) at: Position,
    pub(crate) now: u64,
    pub(crate) random: Random,
    /// Every event that counted, with its position and time.
    pub(crate) log: Vec<(Event, Position, u64)>,
    seq: u64,
    last: Option<EventId>,
}

/// The key pair of a name.
pub(crate) fn keys(name: &str) -> Keys {
    let secret: [u8; 32] = Sha256::digest(name.as_bytes()).into();
    Keys::new(SecretKey::from_slice(&secret).unwrap())
}

pub(crate) fn pk(name: &str) -> PublicKey {
    keys(name).public_key()
}

impl World {
    /// Epoch 1 and nobody else.
    pub(crate) fn new() -> Self {
        let p = keys("practice");
        let mut world = Self {
            policy: Policy::new(p.public_key()),
            p,
            epochs: Vec::new(),
            at: 0,
            now: START,
            random: Random::seeded([7; 32]),
            log: Vec::new(),
            seq: 0,
            last: None,
        };
        let epoch = world.epoch(600);
        world.apply(&epoch).unwrap();
        world
    }

    /// A doctor "doctor", nurse "nurse", MA "ma", front desk "desk", a child "child" with own key
    /// "own", linked parent "mother" (desk and chart), "other-child" of "father", agent "fhir".
    pub(crate) fn staffed() -> Self {
        let mut world = Self::new();
        for (name, role) in
            [("doctor", Role::Doctor), ("nurse", Role::Nurse), ("ma", Role::Ma), ("desk", Role::FrontDesk)]
        {
            world.hire(name, role, preticked(role));
        }
        world.admit_patient("desk", "child", Some("own"));
        world.admit_patient("desk", "other-child", None);
        world.link("desk", "child", "mother");
        world.link("desk", "other-child", "father");
        let fhir = world.agent("fhir", Service::Fhir, Patients::Clients);
        world.apply(&fhir).unwrap();
        let mail = world.agent("mail", Service::Mail, Patients::None);
        world.apply(&mail).unwrap();
        world
    }

    /// Applies at the next position, one second later.
    pub(crate) fn apply(&mut self, event: &Event) -> Result<(), Refusal> {
        self.at += 1;
        self.now += 1;
        self.apply_now(event)
    }

    /// Applies at the same position and second as the event before.
    pub(crate) fn apply_now(&mut self, event: &Event) -> Result<(), Refusal> {
        let (at, now) = (self.at, self.now);
        self.policy.apply(event, at, now)?;
        self.log.push((event.clone(), at, now));
        Ok(())
    }

    pub(crate) fn sequence(&mut self) -> Sequence {
        self.seq += 1;
        Sequence { seq: self.seq, prev: self.last }
    }

    fn signed_by_p(&mut self, event: Event) -> Event {
        self.last = Some(event.id);
        event
    }

    pub(crate) fn epoch(&mut self, grace: u64) -> Event {
        self.epoch_with_box(grace, "box")
    }

    pub(crate) fn epoch_with_box(&mut self, grace: u64, receipts: &str) -> Event {
        let n = u64::try_from(self.epochs.len()).unwrap() + 1;
        let secrets = EpochSecrets::generate(n, &mut self.random);
        let next = hex::encode(&Sha256::digest(pk("next-practice").as_bytes()));
        let sequence = self.sequence();
        let new = NewEpoch {
            secrets: &secrets,
            previous: self.epochs.last(),
            escrow: &pk("escrow"),
            receipts_box: &pk(receipts),
            audit_box: &pk("audit"),
            grace,
            next: (n == 1).then_some(next.as_str()),
            sequence,
            created_at: self.now,
        };
        let event = build_epoch(&self.p, &new, &mut self.random).unwrap();
        self.epochs.push(secrets);
        self.signed_by_p(event)
    }

    pub(crate) fn secret(&self, compartment: Compartment) -> EpochSecret {
        self.epochs.last().unwrap().of(compartment).clone()
    }

    pub(crate) fn e(&self, compartment: Compartment) -> PublicKey {
        self.secret(compartment).public
    }

    fn desk(&self) -> (u64, EpochSecret) {
        let epoch = self.epochs.last().unwrap();
        (epoch.n, epoch.desk.clone())
    }

    pub(crate) fn prove(&mut self, name: &str, role: KeyRole) -> String {
        prove(&keys(name), &self.p.public_key(), role, &mut self.random)
    }

    pub(crate) fn roster(&mut self, name: &str, role: Role, words: &[Word], ended: bool) -> Event {
        self.roster_with(name, role, words, ended, |_| {})
    }

    pub(crate) fn roster_with(
        &mut self,
        name: &str,
        role: Role,
        words: &[Word],
        ended: bool,
        change: impl FnOnce(&mut RosterEntry<'_>),
    ) -> Event {
        let pop = self.prove(name, KeyRole::Staff);
        let (n, pair) = self.desk();
        let name_of = match role {
            Role::FrontDesk => Name::Desk(name, Desk { n, pair: &pair }),
            _ => Name::Clear(name),
        };
        let mut entry = RosterEntry {
            member: pk(name),
            role,
            words,
            from: START,
            until: None,
            ended,
            name: name_of,
            replaces: None,
            pop: &pop,
            sequence: self.sequence(),
            created_at: self.now,
        };
        change(&mut entry);
        let event = build_roster(&self.p, &entry, &mut self.random).unwrap();
        self.signed_by_p(event)
    }

    pub(crate) fn hire(&mut self, name: &str, role: Role, words: &[Word]) {
        let event = self.roster(name, role, words, false);
        self.apply(&event).unwrap();
    }

    pub(crate) fn agent(&mut self, name: &str, service: Service, patients: Patients) -> Event {
        let pop = self.prove(name, KeyRole::Agent);
        let entry = AgentEntry {
            agent: pk(name),
            service,
            kinds: &[2110, 2111, 2113, 2116, 2109],
            compartments: &[Compartment::Desk, Compartment::Chart],
            patients,
            until: None,
            ended: false,
            pop: &pop,
            sequence: self.sequence(),
            created_at: self.now,
        };
        let event = build_agent(&self.p, &entry);
        self.signed_by_p(event)
    }

    /// A 2110 with these extra tags.
    pub(crate) fn patient(&mut self, author: &str, subject: &PublicKey, extra: &[Tag]) -> Event {
        let resource = json!({"resourceType": "Patient"});
        let r = self.random.bytes32();
        let record = Record { extra, ..Record::plain(2110, &resource, *subject, r, self.now) };
        let desk = self.secret(Compartment::Desk);
        let p = self.p.public_key();
        seal_staff(&keys(author), &p, &desk, Some(subject), false, &record, &mut self.random).unwrap()
    }

    pub(crate) fn pop(&mut self, name: &str, role: KeyRole) -> Tag {
        let sig = self.prove(name, role);
        tag("pop", [&pk(name).to_hex(), &sig])
    }

    pub(crate) fn admit_patient(&mut self, author: &str, name: &str, own: Option<&str>) -> Event {
        let mut extra = vec![self.pop(name, KeyRole::Subject)];
        if let Some(own) = own {
            extra.push(tag("own", [&pk(own).to_hex()]));
            if own != name {
                extra.push(self.pop(own, KeyRole::Own));
            }
        }
        let event = self.patient(author, &pk(name), &extra);
        self.apply(&event).unwrap();
        event
    }

    pub(crate) fn rekey(&mut self, author: &str, old: &str, new: &str) -> Event {
        let extra = [self.pop(new, KeyRole::Subject), tag("rekey", [&pk(old).to_hex()])];
        self.patient(author, &pk(new), &extra)
    }

    /// A 2104; author "practice" signs as P.
    pub(crate) fn link_with(
        &mut self,
        author: &str,
        child: &str,
        guardian: &str,
        change: impl FnOnce(&mut LinkEntry<'_>),
    ) -> Event {
        let pop = self.prove(guardian, KeyRole::Guardian);
        let (n, pair) = self.desk();
        let by_p = author == "practice";
        let mut entry = LinkEntry {
            child: pk(child),
            guardian: pk(guardian),
            compartments: &[Compartment::Desk, Compartment::Chart],
            until: None,
            ended: false,
            pop: &pop,
            name: guardian,
            relationship: "parent",
            desk: Desk { n, pair: &pair },
            sequence: if by_p { Some(self.sequence()) } else { None },
            created_at: self.now,
        };
        change(&mut entry);
        let event = build_link(&keys(author), &entry, &mut self.random).unwrap();
        if by_p { self.signed_by_p(event) } else { event }
    }

    pub(crate) fn link(&mut self, author: &str, child: &str, guardian: &str) -> Event {
        let event = self.link_with(author, child, guardian, |_| {});
        self.apply(&event).unwrap();
        event
    }

    pub(crate) fn suspension(&mut self, author: &str, of: Suspended<'_>, scope: Option<&str>) -> Event {
        let by_p = author == "practice";
        let sequence = if by_p { Some(self.sequence()) } else { None };
        let scope = scope.map(pk);
        let suspension = Suspension { of, scope: scope.as_ref(), sequence, created_at: self.now };
        let event = build_suspension(&keys(author), &suspension);
        if by_p { self.signed_by_p(event) } else { event }
    }

    pub(crate) fn suspend(&mut self, author: &str, name: &str) -> Event {
        let key = pk(name);
        let event = self.suspension(author, Suspended::Person(&key), None);
        self.apply(&event).unwrap();
        event
    }

    pub(crate) fn lift(&mut self, id: &EventId) -> Event {
        let sequence = self.sequence();
        let event = build_lift(&self.p, id, sequence, self.now);
        self.signed_by_p(event)
    }

    pub(crate) fn client(&mut self, author: &str, child: &str, until: u64) -> Event {
        let (n, pair) = self.desk();
        let by_p = author == "practice";
        let subject = pk(child);
        let entry = ClientEntry {
            client: "school",
            subject: ClientSubject::Patient(&subject),
            key: ClientKey::Thumbprint("thumb"),
            scopes: &["patient/Immunization.read"],
            until,
            ended: false,
            purpose: "form",
            desk: Desk { n, pair: &pair },
            sequence: if by_p { Some(self.sequence()) } else { None },
            created_at: self.now,
        };
        let event = build_client_grant(&keys(author), &entry, &mut self.random).unwrap();
        if by_p { self.signed_by_p(event) } else { event }
    }

    /// A staff record of the given kind in a compartment.
    pub(crate) fn record(
        &mut self,
        author: &str,
        kind: u16,
        compartment: Compartment,
        second_p: Option<&str>,
        sign: bool,
    ) -> Event {
        let resource = json!({"resourceType": "Basic"});
        let r = self.random.bytes32();
        let extra = visit_tags(kind, self.now);
        let plain = Record::plain(kind, &resource, pk("child"), r, self.now);
        let record = Record { sign, extra: &extra, ..plain };
        let pair = self.secret(compartment);
        let second = second_p.map(pk);
        let p = self.p.public_key();
        let confidential = kind == 2123;
        seal_staff(&keys(author), &p, &pair, second.as_ref(), confidential, &record, &mut self.random)
            .unwrap()
    }

    pub(crate) fn message(
        &mut self,
        author: &str,
        kind: u16,
        compartment: Compartment,
        second_p: Option<&str>,
    ) -> Event {
        self.one_copy(author, kind, compartment, second_p, false)
    }

    /// A one-copy record of a family.
    pub(crate) fn one_copy(
        &mut self,
        author: &str,
        kind: u16,
        compartment: Compartment,
        second_p: Option<&str>,
        sign: bool,
    ) -> Event {
        let resource = json!({"resourceType": "Communication"});
        let r = self.random.bytes32();
        let extra = visit_tags(kind, self.now);
        let plain = Record::plain(kind, &resource, pk("child"), r, self.now);
        let record = Record { sign, extra: &extra, ..plain };
        let e = self.e(compartment);
        let second = second_p.map(pk);
        let p = self.p.public_key();
        let confidential = kind == 2123;
        seal_family(&keys(author), &p, &e, second.as_ref(), confidential, &record, &mut self.random).unwrap()
    }
}

fn visit_tags(kind: u16, now: u64) -> Vec<Tag> {
    if kind != 2126 {
        return Vec::new();
    }
    vec![tag("start", [&now.to_string()]), tag("end", [&(now + 900).to_string()])]
}
