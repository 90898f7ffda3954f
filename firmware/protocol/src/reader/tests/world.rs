//! A small practice with its box, for tests: it signs policy, admits events and writes receipts.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::envelope::{EpochSecret, Record, seal_family, seal_staff};
use crate::epochs::{EpochSecrets, Keyring, NewEpoch, Sequence, build_epoch, build_grant};
use crate::event::{self, Link, key_tag, number_tag, tag};
use crate::grants::{GrantRow, build_patient_grant};
use crate::keys::{KeyRole, prove};
use crate::kinds;
use crate::permissions::{Compartment, Role, Word, may_hold};
use crate::policy::Policy;
use crate::random::Random;
use crate::receipts::{self, ChainKey, NewReceipt, PolicyMark, Row};
use crate::{Event, EventId, Keys, PublicKey, Tag};

use crate::reader::{Held, Reader, Sight};

pub(in crate::reader) const START: u64 = 1_780_000_000;

#[derive(Default, Clone)]
struct Link0 {
    last: Option<EventId>,
    n: u64,
}

pub(in crate::reader) struct World {
    pub(in crate::reader) random: Random,
    pub(in crate::reader) now: u64,
    pub(in crate::reader) practice: Keys,
    pub(in crate::reader) escrow: Keys,
    pub(in crate::reader) boxes: Keys,
    pub(in crate::reader) epochs: Vec<EpochSecrets>,
    pub(in crate::reader) policy: Policy,
    pub(in crate::reader) doctor: Keys,
    pub(in crate::reader) nurse: Keys,
    pub(in crate::reader) ma: Keys,
    pub(in crate::reader) desk: Keys,
    /// A young child.
    pub(in crate::reader) child: Keys,
    /// Guardian of the child for desk and chart.
    pub(in crate::reader) parent: Keys,
    /// An adolescent with an own key, and the guardian's second child.
    pub(in crate::reader) teen: Keys,
    pub(in crate::reader) own: Keys,
    /// Policy events and all receipts.
    pub(in crate::reader) events: Vec<Event>,
    pub(in crate::reader) grants: Vec<Event>,
    chains: BTreeMap<ChainKey, Link0>,
    ordinal: u64,
    seq: u64,
    last_signed: Option<EventId>,
}

impl World {
    /// Epoch 1, four members, a child with a guardian, an adolescent with an own key.
    pub(in crate::reader) fn new() -> Self {
        let mut random = Random::seeded([7; 32]);
        let mut key = || random.keys();
        let (practice, escrow, boxes) = (key(), key(), key());
        let (doctor, nurse, ma, desk) = (key(), key(), key(), key());
        let (child, parent, teen, own) = (key(), key(), key(), key());
        let policy = Policy::new(practice.public_key());
        let mut world = Self {
            random,
            now: START,
            practice,
            escrow,
            boxes,
            epochs: Vec::new(),
            policy,
            doctor,
            nurse,
            ma,
            desk,
            child,
            parent,
            teen,
            own,
            events: Vec::new(),
            grants: Vec::new(),
            chains: BTreeMap::new(),
            ordinal: 0,
            seq: 0,
            last_signed: None,
        };
        world.rotate(600);
        let staff = [
            (world.doctor.clone(), Role::Doctor),
            (world.nurse.clone(), Role::Nurse),
            (world.ma.clone(), Role::Ma),
            (world.desk.clone(), Role::FrontDesk),
        ];
        for (keys, role) in &staff {
            world.member(keys, *role, &words_of(*role));
        }
        let (child, parent, teen, own) =
            (world.child.clone(), world.parent.clone(), world.teen.clone(), world.own.clone());
        world.patient(&child, None, None);
        world.patient(&teen, Some(&own), None);
        world.link(&child, &parent, &["desk", "chart"]);
        world.now += 100;
        world
    }

    pub(in crate::reader) fn p(&self) -> PublicKey {
        self.practice.public_key()
    }

    pub(in crate::reader) fn epoch(&self) -> &EpochSecrets {
        self.epochs.last().unwrap()
    }

    pub(in crate::reader) fn pair(&self, compartment: Compartment) -> EpochSecret {
        self.epoch().of(compartment).clone()
    }

    fn sequence(&mut self) -> Sequence {
        self.seq += 1;
        Sequence { seq: self.seq, prev: self.last_signed }
    }

    /// A 2105 with fresh keys.
    pub(in crate::reader) fn rotate(&mut self, grace: u64) -> Event {
        let n = self.epochs.len() as u64 + 1;
        let secrets = EpochSecrets::generate(n, &mut self.random);
        let sequence = self.sequence();
        let next = (n == 1).then(|| "11".repeat(32));
        let audit = Random::seeded([8; 32]).keys().public_key();
        let new = NewEpoch {
            secrets: &secrets,
            previous: self.epochs.last(),
            escrow: &self.escrow.public_key(),
            receipts_box: &self.boxes.public_key(),
            audit_box: &audit,
            grace,
            next: next.as_deref(),
            sequence,
            created_at: self.now,
        };
        let event = build_epoch(&self.practice, &new, &mut self.random).unwrap();
        self.epochs.push(secrets);
        let event = self.ceremony(event);
        if n > 1 {
            // Those who hold all compartments get the new secrets; tests read as them.
            for keys in [self.doctor.clone(), self.nurse.clone()] {
                self.grant(&keys, &Compartment::ALL);
            }
        }
        event
    }

    /// Takes a P-signed policy event.
    pub(in crate::reader) fn ceremony(&mut self, event: Event) -> Event {
        self.last_signed = Some(event.id);
        self.admit_policy(event.clone()).unwrap();
        event
    }

    pub(in crate::reader) fn signed_by_practice(&mut self, kind: u16, mut tags: Vec<Tag>) -> Event {
        tags.extend(self.sequence().to_tags());
        let event = event::sign(&self.practice, kind, tags, "", self.now);
        self.ceremony(event)
    }

    pub(in crate::reader) fn member(&mut self, keys: &Keys, role: Role, words: &[Word]) -> Event {
        let words: Vec<&str> = words.iter().map(|word| word.as_str()).collect();
        let pop = prove(keys, &self.p(), KeyRole::Staff, &mut self.random);
        let hex = keys.public_key().to_hex();
        let mut tags = vec![
            tag("p", [&hex, role.as_str(), &words.join(",")]),
            number_tag("from", self.now),
            tag("pop", [&hex, &pop]),
        ];
        if role != Role::FrontDesk {
            tags.insert(2, tag("name", ["Synthetic Person"]));
        }
        let event = self.signed_by_practice(kinds::STAFF_ROSTER, tags);
        let compartments: Vec<Compartment> = Compartment::ALL
            .into_iter()
            .filter(|c| match c {
                Compartment::Desk => true,
                Compartment::Chart => role != Role::FrontDesk,
                Compartment::Confidential => words.contains(&"confidential"),
            })
            .collect();
        self.grant(keys, &compartments);
        event
    }

    /// A 2101 of the newest epoch.
    fn grant(&mut self, member: &Keys, compartments: &[Compartment]) {
        let secrets: Vec<(Compartment, crate::SecretKey)> =
            compartments.iter().map(|c| (*c, self.pair(*c).secret)).collect();
        let given: Vec<_> = secrets.iter().map(|(c, secret)| (*c, secret)).collect();
        let (practice, n) = (self.practice.clone(), self.epoch().n);
        let grant =
            build_grant(&practice, &member.public_key(), n, &given, self.now, &mut self.random).unwrap();
        self.grants.push(grant);
    }

    /// Ends a member.
    pub(in crate::reader) fn end(&mut self, keys: &Keys, role: Role) -> Event {
        let hex = keys.public_key().to_hex();
        let tags = vec![
            tag("p", [&hex, role.as_str(), ""]),
            number_tag("from", self.now),
            Tag::parse(["end"]).unwrap(),
        ];
        self.signed_by_practice(kinds::STAFF_ROSTER, tags)
    }

    /// Registers a patient by the front desk.
    pub(in crate::reader) fn patient(
        &mut self,
        subject: &Keys,
        own: Option<&Keys>,
        rekey: Option<&PublicKey>,
    ) -> Event {
        let event = self.patient_event(subject, own, rekey, true);
        self.receive(&event);
        self.admit_policy(event.clone()).unwrap();
        event
    }

    pub(in crate::reader) fn patient_event(
        &mut self,
        subject: &Keys,
        own: Option<&Keys>,
        rekey: Option<&PublicKey>,
        pop: bool,
    ) -> Event {
        let t = subject.public_key();
        let mut extra = Vec::new();
        if pop {
            let sig = prove(subject, &self.p(), KeyRole::Subject, &mut self.random);
            extra.push(tag("pop", [&t.to_hex(), &sig]));
        }
        if let Some(own) = own {
            let sig = prove(own, &self.p(), KeyRole::Own, &mut self.random);
            extra.push(key_tag("own", &own.public_key()));
            extra.push(tag("pop", [&own.public_key().to_hex(), &sig]));
        }
        extra.extend(rekey.map(|old| key_tag("rekey", old)));
        let resource = json!({"resourceType": "Patient", "id": "p", "active": true});
        let r = self.random.bytes32();
        let record = Record { extra: &extra, ..Record::plain(kinds::PATIENT, &resource, t, r, self.now) };
        let (desk, epoch, p) = (self.desk.clone(), self.pair(Compartment::Desk), self.p());
        seal_staff(&desk, &p, &epoch, Some(&t), false, &record, &mut self.random).unwrap()
    }

    /// A rekey that names its predecessor, received at once.
    pub(in crate::reader) fn patient_after(&mut self, subject: &Keys, old: &PublicKey, before: EventId) {
        let t = subject.public_key();
        let sig = prove(subject, &self.p(), KeyRole::Subject, &mut self.random);
        let extra = [tag("pop", [&t.to_hex(), &sig]), key_tag("rekey", old)];
        let links = [event::Link { id: before, marker: "correction".to_owned() }];
        let resource = json!({"resourceType": "Patient", "id": "p", "active": true});
        let r = self.random.bytes32();
        let plain = Record::plain(kinds::PATIENT, &resource, t, r, self.now);
        let record = Record { extra: &extra, links: &links, ..plain };
        let (desk, epoch, p) = (self.desk.clone(), self.pair(Compartment::Desk), self.p());
        let event = seal_staff(&desk, &p, &epoch, Some(&t), false, &record, &mut self.random).unwrap();
        self.receive(&event);
        self.admit_policy(event).unwrap();
    }

    pub(in crate::reader) fn link(&mut self, child: &Keys, guardian: &Keys, compartments: &[&str]) -> Event {
        let sig = prove(guardian, &self.p(), KeyRole::Guardian, &mut self.random);
        let (t, g) = (child.public_key().to_hex(), guardian.public_key().to_hex());
        let mut words = vec!["compartments"];
        words.extend(compartments);
        let key = self.pair(Compartment::Desk).practice_key().unwrap();
        let content =
            key.encrypt(br#"{"name":"Synthetic Parent","relationship":"MTH"}"#, &mut self.random).unwrap();
        let tags = vec![
            tag("p", [&t, "child"]),
            tag("p", [&g, "guardian"]),
            Tag::parse(words).unwrap(),
            tag("pop", [&g, &sig]),
            number_tag("epoch", self.epoch().n),
        ];
        let event = event::sign(&self.desk, kinds::GUARDIAN_LINK, tags, content, self.now);
        self.admit_policy(event.clone()).unwrap();
        event
    }

    /// Ends a link.
    pub(in crate::reader) fn end_link(&mut self, child: &Keys, guardian: &Keys) -> Event {
        let (t, g) = (child.public_key().to_hex(), guardian.public_key().to_hex());
        let key = self.pair(Compartment::Desk).practice_key().unwrap();
        let content = key.encrypt(b"{}", &mut self.random).unwrap();
        let tags = vec![
            tag("p", [&t, "child"]),
            tag("p", [&g, "guardian"]),
            Tag::parse(["compartments", "desk", "chart"]).unwrap(),
            Tag::parse(["end"]).unwrap(),
            number_tag("epoch", self.epoch().n),
        ];
        let event = event::sign(&self.desk, kinds::GUARDIAN_LINK, tags, content, self.now);
        self.admit_policy(event.clone()).unwrap();
        event
    }

    /// A policy event that the fold refuses and a lying relay receipts all the same.
    pub(in crate::reader) fn refused_policy(&mut self, event: Event) {
        let chain = self.policy.chain_of(&event).unwrap();
        assert!(self.policy.judge(&event, self.ordinal + 1, self.now).is_err());
        let row = Row { id: event.id, received: self.now, import: false };
        self.events.push(event);
        self.write_receipt(chain, None, &[row]);
    }

    pub(in crate::reader) fn next_sequence(&mut self) -> Sequence {
        self.sequence()
    }

    pub(in crate::reader) fn admit_policy(&mut self, event: Event) -> Result<(), crate::refusal::Refusal> {
        let chain = self.policy.chain_of(&event).unwrap();
        self.ordinal += 1;
        self.policy.apply(&event, self.ordinal, self.now)?;
        let row = Row { id: event.id, received: self.now, import: false };
        self.events.push(event);
        self.write_receipt(chain, None, &[row]);
        Ok(())
    }

    pub(in crate::reader) fn mark(&self) -> PolicyMark {
        let last = |chain| self.chains.get(&chain).and_then(|c| c.last);
        PolicyMark { public: last(ChainKey::Policy), staff: last(ChainKey::PolicyStaff) }
    }

    /// Writes the next receipt of a chain.
    pub(in crate::reader) fn write_receipt(
        &mut self,
        chain: ChainKey,
        epoch_key: Option<PublicKey>,
        rows: &[Row],
    ) -> Event {
        let at = self.chains.entry(chain).or_default().clone();
        let event = receipts::build(
            &self.boxes,
            &NewReceipt {
                chain,
                epoch_key,
                before: at.n,
                prev: at.last,
                mark: self.mark(),
                rows,
                created_at: self.now,
            },
        );
        self.chains.insert(chain, Link0 { last: Some(event.id), n: at.n + rows.len() as u64 });
        self.events.push(event.clone());
        event
    }

    /// The chain that an event belongs to by its envelope.
    pub(in crate::reader) fn chain_of(&self, event: &Event) -> ChainKey {
        let compartment = event::p_tag(event, 0)
            .and_then(|key| self.policy.now(self.now).compartment_of(&key))
            .unwrap_or(Compartment::Chart);
        ChainKey::Clinical { compartment, subject: receipts::subject_of(event) }
    }

    /// Receives an event: a second passes, a receipt is written.
    pub(in crate::reader) fn receive(&mut self, event: &Event) -> Event {
        self.receive_as(event, false)
    }

    pub(in crate::reader) fn receive_as(&mut self, event: &Event, import: bool) -> Event {
        self.now += 1;
        let chain = self.chain_of(event);
        let ChainKey::Clinical { compartment, .. } = chain else { unreachable!() };
        let epoch_key = self.pair(compartment).public;
        self.write_receipt(chain, Some(epoch_key), &[Row { id: event.id, received: self.now, import }])
    }

    /// A record by staff about a subject, not received yet.
    pub(in crate::reader) fn staff(&mut self, author: &Keys, draft: &Draft) -> Event {
        let r = draft.r.unwrap_or_else(|| self.random.bytes32());
        let record = Record {
            sign: draft.sign,
            links: &draft.links,
            extra: &draft.extra,
            ..Record::plain(draft.kind, &draft.resource, draft.subject, r, self.now)
        };
        let epoch = draft.epoch.clone().unwrap_or_else(|| self.pair(draft.compartment));
        let practice = draft.practice.unwrap_or_else(|| self.p());
        let confidential = draft.compartment == Compartment::Confidential;
        seal_staff(author, &practice, &epoch, draft.reader.as_ref(), confidential, &record, &mut self.random)
            .unwrap()
    }

    /// A one-copy record of a family key.
    pub(in crate::reader) fn family(&mut self, author: &Keys, draft: &Draft) -> Event {
        let r = draft.r.unwrap_or_else(|| self.random.bytes32());
        let record = Record {
            sign: draft.sign,
            links: &draft.links,
            extra: &draft.extra,
            ..Record::plain(draft.kind, &draft.resource, draft.subject, r, self.now)
        };
        let epoch_key =
            draft.epoch.as_ref().map_or_else(|| self.pair(draft.compartment).public, |e| e.public);
        let confidential = draft.compartment == Compartment::Confidential;
        let p = self.p();
        seal_family(author, &p, &epoch_key, draft.reader.as_ref(), confidential, &record, &mut self.random)
            .unwrap()
    }

    pub(in crate::reader) fn events_of(&self, kind: u16) -> Vec<Event> {
        self.events.iter().filter(|e| e.kind.as_u16() == kind).cloned().collect()
    }

    pub(in crate::reader) fn keyring(&self, member: &Keys) -> Keyring {
        Keyring::collect(member.secret_key(), &self.events_of(kinds::PRACTICE_EPOCH), &self.grants)
    }

    /// The reader of a member.
    pub(in crate::reader) fn reader(&self, member: &Keys) -> Reader {
        Reader::new(self.p(), Held::staff(self.keyring(member)), Sight::Staff, &self.events)
    }

    /// X2 rows of a subject for every epoch and the compartments, sealed to a reader and opened again.
    pub(in crate::reader) fn rows(
        &mut self,
        to: &Keys,
        subject: &PublicKey,
        compartments: &[Compartment],
    ) -> Vec<GrantRow> {
        let rows: Vec<GrantRow> = self
            .epochs
            .iter()
            .flat_map(|epoch| compartments.iter().map(|c| epoch.of(*c).clone()))
            .map(|pair| GrantRow {
                epoch_key: pair.public,
                subject: *subject,
                key: pair.reader_key(subject).unwrap(),
            })
            .collect();
        let authority = self.events[0].id;
        let doctor = self.doctor.clone();
        let grant =
            build_patient_grant(&doctor, &to.public_key(), &authority, &rows, self.now, &mut self.random)
                .unwrap();
        crate::grants::open_patient_grant(to.secret_key(), &grant).unwrap()
    }

    /// What a family key may read of policy and receipts: the chain of all members, what names the key or
    /// the child, receipts of chains of the keys given.
    pub(in crate::reader) fn family_events(&self, keys: &[PublicKey]) -> Vec<Event> {
        let public = [kinds::STAFF_ROSTER, kinds::PRACTICE_EPOCH, kinds::SUCCESSION];
        let names = |event: &Event| {
            keys.iter().any(|key| {
                event.pubkey == *key
                    || event.tags.iter().any(|t| t.kind() == "p" && t.content() == Some(&key.to_hex()))
            })
        };
        let public_chain = |event: &Event| event::tag_value(event, "c", 0) == Some("policy");
        self.events
            .iter()
            .filter(|e| public.contains(&e.kind.as_u16()) || public_chain(e) || names(e))
            .cloned()
            .collect()
    }

    pub(in crate::reader) fn person_reader(
        &self,
        keys: &Keys,
        rows: Vec<GrantRow>,
        children: &[PublicKey],
    ) -> Reader {
        let mut named = vec![keys.public_key()];
        named.extend(children);
        let held = Held::person(keys.secret_key().clone()).with_rows(rows);
        Reader::new(self.p(), held, Sight::Own, &self.family_events(&named))
    }
}

/// Words of the tests' members: all that the role may hold.
pub(in crate::reader) fn words_of(role: Role) -> Vec<Word> {
    let withheld: &[Word] = match role {
        Role::Doctor => &[],
        _ => &[Word::Admin],
    };
    Word::ALL.into_iter().filter(|w| may_hold(role, *w) && !withheld.contains(w)).collect()
}

/// A record to be written; see [`draft`].
#[derive(Clone)]
pub(in crate::reader) struct Draft {
    pub(in crate::reader) kind: u16,
    pub(in crate::reader) resource: Value,
    pub(in crate::reader) subject: PublicKey,
    pub(in crate::reader) reader: Option<PublicKey>,
    pub(in crate::reader) compartment: Compartment,
    pub(in crate::reader) sign: bool,
    pub(in crate::reader) links: Vec<Link>,
    pub(in crate::reader) extra: Vec<Tag>,
    pub(in crate::reader) r: Option<[u8; 32]>,
    pub(in crate::reader) epoch: Option<EpochSecret>,
    pub(in crate::reader) practice: Option<PublicKey>,
}

/// A record of a kind about a subject, second `p` the subject, in the kind's first compartment.
pub(in crate::reader) fn draft(kind: u16, resource: Value, subject: &PublicKey) -> Draft {
    let compartment =
        if matches!(kind, kinds::PATIENT | kinds::VISIT) { Compartment::Desk } else { Compartment::Chart };
    Draft {
        kind,
        resource,
        subject: *subject,
        reader: Some(*subject),
        compartment,
        sign: false,
        links: Vec::new(),
        extra: Vec::new(),
        r: None,
        epoch: None,
        practice: None,
    }
}

/// A weight, which needs the word `vitals`.
pub(in crate::reader) fn weight(kg: f64) -> Value {
    json!({"resourceType": "Observation", "status": "final", "valueQuantity": {"value": kg, "unit": "kg"}})
}

/// A visit note with a legal attester.
pub(in crate::reader) fn signed_note(signer: &PublicKey) -> Value {
    let party = json!({"reference": format!("Practitioner/{}", signer.to_hex())});
    json!({
        "resourceType": "Encounter", "status": "finished",
        "contained": [{"resourceType": "Composition", "id": "note", "status": "final", "title": "Visit",
            "attester": [{"mode": "legal", "party": party}]}],
    })
}

pub(in crate::reader) fn message(text: &str) -> Value {
    json!({"resourceType": "Communication", "status": "completed", "payload": [{"contentString": text}]})
}

/// The event with other tags, signed anew.
pub(in crate::reader) fn resign(event: &Event, by: &Keys, change: impl FnOnce(&mut Vec<Tag>)) -> Event {
    let mut tags: Vec<Tag> = event.tags.iter().cloned().collect();
    change(&mut tags);
    event::sign(by, event.kind.as_u16(), tags, event.content.clone(), event.created_at.as_secs())
}
