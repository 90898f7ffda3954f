//! Records of a town: staff and family form, imports, retries, and harm.

use relaybox_protocol::body::{Binding, commitment, write};
use relaybox_protocol::envelope::{MARKERS, Record, seal_family, seal_staff};
use relaybox_protocol::event::{Link, sign};
use relaybox_protocol::nip44::ConversationKey;
use relaybox_protocol::permissions::Compartment;
use relaybox_protocol::{Event, PublicKey, Tag, kinds};
use serde_json::{Value, json};

use super::town::{SUBJECTS, Town, id_of, key, pk};

/// Kinds with the type that each carries.
const TYPES: [(u16, &str); 12] = [
    (2111, "Encounter"),
    (2112, "MedicationRequest"),
    (2113, "Observation"),
    (2114, "Condition"),
    (2115, "AllergyIntolerance"),
    (2116, "Immunization"),
    (2117, "Communication"),
    (2118, "ServiceRequest"),
    (2119, "DiagnosticReport"),
    (2124, "Basic"),
    (2125, "Condition"),
    (2126, "Appointment"),
];

impl Town<'_> {
    /// A 2110 in the form of staff, under the newest desk key or, rarely, another.
    pub(super) fn patient_record(&mut self, author: &str, name: &str, extra: Vec<Tag>) -> Event {
        let odd = !self.records.is_empty() && self.dice.chance(8);
        let compartment = if odd { Compartment::Chart } else { Compartment::Desk };
        let pair = self.pair(compartment, usize::from(odd));
        let resource = json!({"resourceType": "Patient"});
        let r = self.random.bytes32();
        let links = self.links(20);
        let record = Record {
            extra: &extra,
            links: &links,
            ..Record::plain(kinds::PATIENT, &resource, pk(name), r, self.now)
        };
        let practice = pk(self.practice);
        seal_staff(&key(author), &practice, &pair, Some(&pk(name)), false, &record, &mut self.random).unwrap()
    }

    fn links(&mut self, percent: usize) -> Vec<Link> {
        let mut links = Vec::new();
        while links.len() < 3 && self.dice.chance(percent) {
            let Some(to) = self.some_record() else { break };
            links.push(Link { id: to.id, marker: self.dice.word(&MARKERS).to_owned() });
        }
        links
    }

    fn resource(&mut self, kind: u16, signer: &str) -> Value {
        let of = TYPES.iter().find(|(of, _)| *of == kind).map_or("Basic", |(_, name)| name);
        let name = if self.dice.chance(95) { of } else { self.dice.word(&["Observation", "Task"]) };
        let status =
            self.dice.word(&["final", "active", "completed", "entered-in-error", "preliminary", "cancelled"]);
        let mut resource = json!({"resourceType": name, "status": status, "id": self.dice.word(&["a", "b"])});
        if kind == kinds::ENCOUNTER && self.dice.chance(60) {
            let mode = if self.dice.chance(80) { "legal" } else { "personal" };
            let party = format!("Practitioner/{}", id_of(if self.dice.chance(90) { signer } else { "ma" }));
            resource["contained"] = json!([{"resourceType": "Composition", "status": "final",
                "attester": [{"mode": mode, "party": {"reference": party}}]}]);
        }
        if self.dice.chance(15) {
            resource["extension"] = json!([{"url": "urn:relaybox:change:1", "extension": [
                {"url": "code", "valueCode": self.dice.word(&["reissued", "typo"])},
                {"url": "text", "valueString": "because"}]}]);
        }
        resource
    }

    fn kind(&mut self) -> u16 {
        self.dice.pick(&TYPES).0
    }

    fn home(kind: u16) -> Compartment {
        if matches!(kind, 2117 | 2126) { Compartment::Desk } else { Compartment::Chart }
    }

    /// The times of a visit.
    fn extra(&self, kind: u16) -> Vec<Tag> {
        let time = |name: &str, at: u64| Tag::parse([name, &at.to_string()]).unwrap();
        if kind == kinds::VISIT {
            vec![time("start", self.now), time("end", self.now + 900)]
        } else {
            Vec::new()
        }
    }

    /// One record by anybody.
    pub(super) fn record_step(&mut self) {
        self.now += u64::from(self.dice.byte() % 30);
        let family = self.dice.chance(30);
        let kind =
            if family && self.dice.chance(80) { *self.dice.pick(&[2117, 2125, 2126]) } else { self.kind() };
        let compartment = match self.dice.below(10) {
            0 => Compartment::Confidential,
            1 => *self.dice.pick(&Compartment::ALL),
            _ => Self::home(kind),
        };
        let subject = self.dice.word(&SUBJECTS);
        let r = if self.dice.chance(60) { self.random.bytes32() } else { [self.dice.byte() % 3; 32] };
        let author = match (family, compartment) {
            (true, Compartment::Confidential) => "own",
            (true, _) => self.dice.word(&["mother", "child", "teen", "father", "own"]),
            (false, _) => self
                .dice
                .word(&["doctor", "doctor", "doctor", "doctor", "doctor", "nurse", "ma", "desk", "stranger"]),
        };
        let (resource, links, extra) = (self.resource(kind, author), self.links(35), self.extra(kind));
        let signs = self.dice.chance(if matches!(kind, kinds::ENCOUNTER | kinds::REPORT) { 40 } else { 4 });
        let plain = Record::plain(kind, &resource, pk(subject), r, self.now);
        let record = Record { sign: signs, links: &links, extra: &extra, ..plain };
        let back = usize::from(self.dice.chance(12));
        let pair = self.pair(compartment, back);
        let practice = if self.dice.chance(98) { pk(self.practice) } else { pk("stranger") };
        let hidden = compartment == Compartment::Confidential;
        let event = if family {
            let second = (kind == kinds::VISIT && !hidden).then(|| pk(subject));
            seal_family(
                &key(author),
                &practice,
                &pair.public,
                second.as_ref(),
                hidden,
                &record,
                &mut self.random,
            )
        } else {
            let reader = self.reader(subject, hidden);
            seal_staff(&key(author), &practice, &pair, reader.as_ref(), hidden, &record, &mut self.random)
        };
        self.take(event.unwrap(), author, false);
    }

    /// The person in the second `p`.
    fn reader(&mut self, subject: &str, hidden: bool) -> Option<PublicKey> {
        match (self.dice.below(10), hidden) {
            (0, _) => None,
            (1, _) => Some(pk(self.dice.word(&["mother", "own", "stranger"]))),
            (_, true) => Some(pk("own")),
            (_, false) => Some(pk(subject)),
        }
    }

    /// The record arrives, sometimes harmed before its author signs it.
    fn take(&mut self, event: Event, author: &str, import: bool) {
        let event = if self.dice.chance(20) { self.harmed(&event, author) } else { event };
        self.receive(&event, import);
        self.records.push(event);
    }

    fn harmed(&mut self, event: &Event, author: &str) -> Event {
        let mut tags = event.tags.iter().cloned().collect::<Vec<_>>();
        let (mut content, mut signer) = (event.content.clone(), key(author));
        let at = self.dice.below(tags.len());
        match self.dice.below(7) {
            0 => drop(tags.remove(at)),
            1 => tags.push(Tag::parse(["x", &self.dice.digest()]).unwrap()),
            2 => tags.push(Tag::parse([self.dice.word(&["act", "odd"]), "sign"]).unwrap()),
            3 => tags[at] = Tag::parse(["p", &id_of(self.dice.word(&SUBJECTS))]).unwrap(),
            4 => tags[at] = Tag::parse(["pc", &self.dice.digest()]).unwrap(),
            5 => content = self.some_record().map_or(content, |other| other.content),
            _ => signer = key(self.dice.word(&["doctor", "nurse", "mother"])),
        }
        sign(&signer, event.kind.as_u16(), tags, content, event.created_at.as_secs())
    }

    /// A record that came from the former practice.
    pub(super) fn import_step(&mut self) {
        let kind = 1000 + u16::from(self.dice.byte() % 12);
        let subject = pk(self.dice.word(&SUBJECTS));
        let author = self.dice.word(&["former", "former", "former", "child", "doctor"]);
        let resource = self.resource(kind + 1110, author);
        let text = if kind == 1007 { "a former message".to_owned() } else { resource.to_string() };
        let seal = |town: &mut Self, to: &PublicKey| {
            let conv = ConversationKey::derive(key("former").secret_key(), to).unwrap();
            conv.encrypt(text.as_bytes(), &mut town.random).unwrap()
        };
        let (content, copy) = (seal(self, &pk("former")), seal(self, &subject));
        let mut tags = vec![
            Tag::parse(["p", &id_of("former")]).unwrap(),
            Tag::parse(["p", &subject.to_hex()]).unwrap(),
            Tag::parse(["patient-content", &copy]).unwrap(),
            Tag::parse(["subject", "A line"]).unwrap(),
        ];
        for link in self.links(40) {
            tags.push(Tag::parse(["e", &link.id.to_hex(), "", &link.marker]).unwrap());
        }
        let event = sign(&key(author), kind, tags, content, self.now - 1_000);
        let import = self.dice.chance(95);
        self.take(event, author, import);
    }

    /// An act and its retry, across a rotation or not: the same r and the same body, or nearly.
    pub(super) fn retry_step(&mut self) {
        let author = self.dice.word(&["doctor", "doctor", "nurse"]);
        let subject = pk(self.dice.word(&SUBJECTS));
        let r = self.random.bytes32();
        for _ in 0..2 {
            let status = if self.dice.chance(85) { "final" } else { "amended" };
            let back = usize::from(self.dice.chance(12));
            let pair = self.pair(Compartment::Chart, back);
            let binding = Binding {
                signer: pk(author),
                subject,
                kind: kinds::OBSERVATION,
                epoch_key: pair.public,
                practice: pk(self.practice),
                r,
            };
            let body =
                write(&json!({"resourceType": "Observation", "status": status}), &binding, false).unwrap();
            let mut seal =
                |to: &PublicKey| pair.reader_key(to).unwrap().encrypt(&body, &mut self.random).unwrap();
            let (content, copy) = (seal(&pair.public), seal(&subject));
            let mut tags = vec![
                Tag::parse(["p", &pair.public.to_hex()]).unwrap(),
                Tag::parse(["p", &subject.to_hex()]).unwrap(),
                Tag::parse(["patient-content", &copy]).unwrap(),
                Tag::parse(["enc", "nip44-dual"]).unwrap(),
                Tag::parse(["pc", &commitment(&body)]).unwrap(),
            ];
            tags.extend(self.links(5).iter().map(Link::to_tag));
            let event = sign(&key(author), kinds::OBSERVATION, tags, content, self.now);
            self.receive(&event, false);
            self.records.push(event);
            if self.dice.chance(30) {
                self.policy_step();
            }
        }
    }
}
