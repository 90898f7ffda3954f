//! A specimen practice: one event of each kind, built by the product's own code from one seed.

use anyhow::{Context, Result};
use relaybox_protocol::envelope::{EpochSecret, Record, seal_family, seal_staff};
use relaybox_protocol::epochs::{EpochSecrets, NewEpoch, Sequence, build_epoch, build_grant};
use relaybox_protocol::grants::{
    AgentEntry, ClientEntry, ClientKey, ClientSubject, Desk, GrantRow, LinkEntry, Name, Patients,
    RosterEntry, Said, Service, Share, Suspended, Suspension, build_agent, build_client_grant,
    build_destruction, build_link, build_patient_grant, build_roster, build_share, build_succession,
    build_suspension,
};
use relaybox_protocol::keys::{self, KeyRole};
use relaybox_protocol::permissions::{Compartment, Role, preticked};
use relaybox_protocol::random::Random;
use relaybox_protocol::receipts::{self, ChainKey, NewReceipt, PolicyMark, Row};
use relaybox_protocol::{Event, EventId, Keys, PublicKey, Tag, drafts, event, kinds, visits};
use serde_json::{Map, Value, json};

/// 2026-01-01T00:00:00Z: every example happens in the minutes after it.
const START: u64 = 1_767_225_600;

/// An event with what a reader needs to open it.
#[derive(Debug, Clone)]
pub struct Example {
    /// What it shows.
    pub about: &'static str,
    pub event: Event,
    /// The plaintext of the patient's or the only copy, where a key below opens it.
    pub plaintext: Option<String>,
}

/// The keys of the specimen practice, by the letters of the protocol page.
struct Practice {
    random: Random,
    p: Keys,
    staff: Keys,
    t: Keys,
    g: Keys,
    agent: Keys,
    own: Keys,
    receipts_box: Keys,
    audit_box: Keys,
    escrow: Keys,
    next: Keys,
    secrets: EpochSecrets,
    seq: u64,
    head: Option<EventId>,
    made: Vec<Example>,
}

/// One example of each kind, in the order in which a practice would publish them.
///
/// # Errors
/// When the product refuses to build one.
pub fn examples() -> Result<Vec<Example>> {
    let mut practice = Practice::new();
    practice.policy()?;
    practice.policy_of_staff()?;
    practice.grants()?;
    practice.records()?;
    practice.others()?;
    Ok(practice.made)
}

/// A FHIR resource of the type that a kind holds (protocol 2.8.4), with the least it needs.
fn resource(kind: u16) -> Value {
    let subject = json!({"display": "Specimen"});
    match kind {
        2110 => {
            json!({"resourceType": "Patient", "name": [{"text": "Specimen, Ada"}], "birthDate": "2024-11-01"})
        }
        2111 => json!({"resourceType": "Encounter", "status": "finished", "subject": subject,
            "class": {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "AMB"}}),
        2112 | 2120 => json!({"resourceType": "MedicationRequest", "status": "active", "intent": "order",
            "subject": subject, "medicationCodeableConcept": {"text": "Amoxicillin 400 mg/5 mL"}}),
        2113 => json!({"resourceType": "Observation", "status": "final", "subject": subject,
            "code": {"coding": [{"system": "http://loinc.org", "code": "29463-7"}]},
            "valueQuantity": {"value": 10.21, "system": "http://unitsofmeasure.org", "code": "kg"}}),
        2114 => json!({"resourceType": "Condition", "subject": subject, "code": {"text": "Otitis media"}}),
        2115 => json!({"resourceType": "AllergyIntolerance", "patient": subject, "code": {"text": "Peanut"}}),
        2116 => json!({"resourceType": "Immunization", "status": "completed", "patient": subject,
            "vaccineCode": {"coding": [{"system": "http://hl7.org/fhir/sid/cvx", "code": "20"}]},
            "occurrenceDateTime": "2026-01-01"}),
        2117 => json!({"resourceType": "Communication", "status": "completed",
            "payload": [{"contentString": "The form is ready."}]}),
        2118 => json!({"resourceType": "ServiceRequest", "status": "active", "intent": "order",
            "subject": subject, "code": {"text": "Lead, capillary"}}),
        2119 => json!({"resourceType": "DiagnosticReport", "status": "final", "code": {"text": "Lead"}}),
        2121 => json!({"resourceType": "DocumentReference", "status": "current", "content": []}),
        2124 => json!({"resourceType": "Procedure", "status": "completed", "subject": subject}),
        2126 => json!({"resourceType": "Appointment", "status": "booked", "participant": []}),
        _ => json!({"resourceType": "Observation", "status": "final", "subject": subject,
            "code": {"text": "Reported weight"}}),
    }
}

impl Practice {
    fn new() -> Self {
        let mut random = Random::seeded([7; 32]);
        let mut keys = || random.keys();
        let (p, staff, t, g, agent) = (keys(), keys(), keys(), keys(), keys());
        let (own, receipts_box, audit_box, escrow, next) = (keys(), keys(), keys(), keys(), keys());
        let secrets = EpochSecrets::generate(1, &mut random);
        Self {
            random,
            p,
            staff,
            t,
            g,
            agent,
            own,
            receipts_box,
            audit_box,
            escrow,
            next,
            secrets,
            seq: 0,
            head: None,
            made: Vec::new(),
        }
    }

    /// A time of its own for each event.
    fn now(&self) -> u64 {
        START + 60 * self.made.len() as u64
    }

    fn sequence(&mut self) -> Sequence {
        self.seq += 1;
        Sequence { seq: self.seq, prev: self.head }
    }

    fn keep(&mut self, about: &'static str, event: Event, plaintext: Option<String>) {
        if event.pubkey == self.p.public_key() && event.kind.as_u16() >= kinds::STAFF_ROSTER {
            self.head = Some(event.id);
        }
        self.made.push(Example { about, event, plaintext });
    }

    fn epoch(&self, compartment: Compartment) -> EpochSecret {
        self.secrets.of(compartment).clone()
    }

    fn pop(&mut self, keys: &Keys, role: KeyRole) -> String {
        keys::prove(keys, &self.p.public_key(), role, &mut self.random)
    }

    /// 2105, 2102 and 2103, by the practice key.
    fn policy(&mut self) -> Result<()> {
        let (p, now) = (self.p.clone(), self.now());
        let next = nostr_hash(&self.next.public_key());
        let new = NewEpoch {
            secrets: &self.secrets.clone(),
            previous: None,
            escrow: &self.escrow.public_key(),
            receipts_box: &self.receipts_box.public_key(),
            audit_box: &self.audit_box.public_key(),
            grace: 600,
            next: Some(&next),
            sequence: self.sequence(),
            created_at: now,
        };
        let event = build_epoch(&p, &new, &mut self.random)?;
        self.keep("first epoch of a practice", event, None);

        let staff = self.staff.clone();
        let entry = RosterEntry {
            member: staff.public_key(),
            role: Role::Doctor,
            words: preticked(Role::Doctor),
            from: self.now(),
            until: None,
            ended: false,
            name: Name::Clear("Dr. Ada Specimen"),
            replaces: None,
            pop: &self.pop(&staff, KeyRole::Staff),
            sequence: self.sequence(),
            created_at: self.now(),
        };
        let event = build_roster(&p, &entry, &mut self.random)?;
        self.keep("a doctor joins", event, None);

        let agent = self.agent.clone();
        let entry = AgentEntry {
            agent: agent.public_key(),
            service: Service::Fhir,
            kinds: &[2110, 2113, 2116],
            compartments: &[Compartment::Desk, Compartment::Chart],
            patients: Patients::Clients,
            until: Some(START + 31_536_000),
            ended: false,
            pop: &self.pop(&agent, KeyRole::Agent),
            sequence: self.sequence(),
            created_at: self.now(),
        };
        self.keep("an agent that reads for FHIR clients", build_agent(&p, &entry), None);
        Ok(())
    }

    /// 2104, 2109 and 2108, by staff.
    fn policy_of_staff(&mut self) -> Result<()> {
        let (staff, agent) = (self.staff.clone(), self.agent.clone());
        let (t, g, desk) = (self.t.public_key(), self.g.clone(), self.epoch(Compartment::Desk));
        let entry = LinkEntry {
            child: t,
            guardian: g.public_key(),
            compartments: &[Compartment::Desk, Compartment::Chart],
            until: Some(START + 500_000_000),
            ended: false,
            pop: &self.pop(&g, KeyRole::Guardian),
            name: "Grace Specimen",
            relationship: "mother",
            desk: Desk { n: 1, pair: &desk },
            sequence: None,
            created_at: self.now(),
        };
        let event = build_link(&staff, &entry, &mut self.random)?;
        self.keep("a guardian's link, by staff with `register`", event, None);

        let entry = ClientEntry {
            client: "example-app",
            subject: ClientSubject::Patient(&t),
            key: ClientKey::Key(&self.own.public_key()),
            scopes: &["patient/Immunization.rs"],
            until: START + 31_536_000,
            ended: false,
            purpose: "vaccine reminders",
            desk: Desk { n: 1, pair: &desk },
            sequence: None,
            created_at: self.now(),
        };
        let event = build_client_grant(&staff, &entry, &mut self.random)?;
        self.keep("a FHIR client for one patient, by staff with `admin`", event, None);

        let key = agent.public_key();
        let suspension =
            Suspension { of: Suspended::Person(&key), scope: None, sequence: None, created_at: self.now() };
        self.keep("an agent is suspended", build_suspension(&staff, &suspension), None);
        Ok(())
    }

    /// 2100, 2101, 2106.
    fn grants(&mut self) -> Result<()> {
        let (staff, chart) = (self.staff.clone(), self.epoch(Compartment::Chart));
        let link = self.made.iter().find(|e| e.event.kind.as_u16() == kinds::GUARDIAN_LINK);
        let link = link.context("the link is made before its grant")?.event.id;
        let (t, g) = (self.t.public_key(), self.g.public_key());
        let row = GrantRow { epoch_key: chart.public, subject: t, key: chart.reader_key(&t)? };
        let event = build_patient_grant(&staff, &g, &link, &[row], self.now(), &mut self.random)?;
        self.keep("X2 of one epoch and child, to the guardian", event, None);

        let p = self.p.clone();
        let secrets: Vec<_> = Compartment::ALL.map(|c| (c, self.epoch(c))).into();
        let secrets: Vec<_> = secrets.iter().map(|(c, pair)| (*c, &pair.secret)).collect();
        let event = build_grant(&p, &staff.public_key(), 1, &secrets, self.now(), &mut self.random)?;
        self.keep("epoch secrets to the doctor", event, None);

        let share = Share {
            recipient: self.own.public_key(),
            ids: &[event_id(1)],
            until: START + 604_800,
            blob: None,
            purpose: "second opinion",
            said: Some(Said::Selection),
            created_at: self.now(),
        };
        let event = build_share(&self.g.clone(), &share, &mut self.random)?;
        self.keep("a guardian shares one record", event, None);
        Ok(())
    }

    /// 2110–2121, 2123–2126 and their receipt.
    fn records(&mut self) -> Result<()> {
        let (staff, t_keys, p) = (self.staff.clone(), self.t.clone(), self.p.public_key());
        let t = t_keys.public_key();
        for kind in (2110..=2121).chain([2124, 2125, 2126]) {
            let desk = matches!(kind, 2110 | 2117 | 2126);
            let epoch = self.epoch(if desk { Compartment::Desk } else { Compartment::Chart });
            let extra: Vec<Tag> = match kind {
                2110 => vec![event::tag("pop", [&t.to_hex(), &self.pop(&t_keys, KeyRole::Subject)])],
                2126 => visits::tags(&[staff.public_key()], &[], START + 86_400, START + 88_200),
                _ => Vec::new(),
            };
            let (resource, r) = (resource(kind), self.random.bytes32());
            let record = Record { extra: &extra, ..Record::plain(kind, &resource, t, r, self.now()) };
            let event = seal_staff(&staff, &p, &epoch, Some(&t), false, &record, &mut self.random)?;
            let plaintext = epoch.practice_key()?.decrypt(&event.content)?;
            self.keep("a record by staff", event, Some(String::from_utf8(plaintext)?));
        }
        let (resource, r, now) = (resource(2113), self.random.bytes32(), self.now());
        let record = Record::plain(2113, &resource, t, r, now);
        let (own, epoch) = (self.own.public_key(), self.epoch(Compartment::Confidential));
        let event = seal_staff(&staff, &p, &epoch, Some(&own), true, &record, &mut self.random)?;
        let plaintext = epoch.practice_key()?.decrypt(&event.content)?;
        self.keep("a confidential record, padded", event, Some(String::from_utf8(plaintext)?));

        let (resource, r, now) = (self::resource(2117), self.random.bytes32(), self.now());
        let record = Record::plain(2117, &resource, t, r, now);
        let (g, desk) = (self.g.clone(), self.epoch(Compartment::Desk));
        let event = seal_family(&g, &p, &desk.public, None, false, &record, &mut self.random)?;
        let plaintext = desk.reader_key(&g.public_key())?.decrypt(&event.content)?;
        self.keep(
            "a message by a guardian, in the one-copy form",
            event,
            Some(String::from_utf8(plaintext)?),
        );
        self.receipt();
        Ok(())
    }

    /// 2122 over the last chart records.
    fn receipt(&mut self) {
        let chart = self.epoch(Compartment::Chart).public;
        let rows: Vec<Row> = self
            .made
            .iter()
            .filter(|e| event::p_tag(&e.event, 0) == Some(chart) && kinds::is_clinical(e.event.kind.as_u16()))
            .map(|e| Row { id: e.event.id, received: e.event.created_at.as_secs() + 1, import: false })
            .collect();
        let new = NewReceipt {
            chain: ChainKey::Clinical { compartment: Compartment::Chart, subject: Some(self.t.public_key()) },
            epoch_key: Some(chart),
            before: 0,
            prev: None,
            mark: PolicyMark { public: Some(event_id(2)), staff: Some(event_id(3)) },
            rows: &rows,
            created_at: self.now(),
        };
        let event = receipts::build(&self.receipts_box.clone(), &new);
        self.keep("the receipt of the chart records above", event, None);
    }

    /// Drafts, shared state, signalling, and P's last acts.
    fn others(&mut self) -> Result<()> {
        let (staff, chart) = (self.staff.clone(), self.epoch(Compartment::Chart));
        let state: Map<String, Value> = [("text".to_owned(), json!("draft"))].into_iter().collect();
        let draft_name = drafts::draft_name(&mut self.random);
        let shared_name = drafts::shared_name(&chart.secret, "inbox");
        for (kind, d) in [(kinds::DRAFT, draft_name), (kinds::SHARED_STATE, shared_name)] {
            let expiration = self.now() + 2_592_000;
            let draft = drafts::Draft { kind, d: &d, state: &state, expiration, created_at: self.now() };
            let event = drafts::build(&staff, &chart, &draft, &mut self.random)?;
            self.keep("seen by staff of the compartment only", event, None);
        }
        let (now, g) = (self.now(), self.g.public_key());
        let event = visits::build_signalling(&staff, &g, 4050, &state, now + 600, now, &mut self.random)?;
        self.keep("one party of a visit to another", event, None);

        let p = self.p.clone();
        let sequence = self.sequence();
        let event = build_destruction(&p, &[event_id(4)], sequence, self.now());
        self.keep("end of retention of one record", event, None);
        let (sequence, head) = (self.sequence(), self.head.context("P has signed")?);
        let event = build_succession(&self.next, &p.public_key(), &head, &[9; 32], sequence, self.now());
        self.keep("the next practice key takes over", event, None);
        Ok(())
    }
}

/// An id of an event that the examples do not hold.
fn event_id(n: u8) -> EventId {
    EventId::from_byte_array([n; 32])
}

/// SHA-256 of a key's 32 bytes, hex.
fn nostr_hash(key: &PublicKey) -> String {
    use sha2::{Digest, Sha256};
    Sha256::digest(key.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}
