//! A small practice at random: policy events that may or may not count, records that may or may not be
//! shown, and the receipts of its box, some of them lost or forged.

use std::collections::BTreeMap;

use relaybox_protocol::envelope::EpochSecret;
use relaybox_protocol::event::sign;
use relaybox_protocol::keys::{KeyRole, prove};
use relaybox_protocol::nip44::ConversationKey;
use relaybox_protocol::permissions::{Compartment, Word};
use relaybox_protocol::policy::Policy;
use relaybox_protocol::random::Random;
use relaybox_protocol::receipts::{ChainKey, NewReceipt, PolicyMark, Row, build};
use relaybox_protocol::{Event, EventId, Keys, PublicKey, SecretKey, Tag, epochs, hex, kinds};
use sha2::{Digest, Sha256};

use super::dice::{Dice, NOW};
use super::shapes::change;

/// Everybody, by name.
pub(super) const PEOPLE: [&str; 16] = [
    "practice", "next", "doctor", "nurse", "ma", "desk", "child", "teen", "child 2", "own", "mother",
    "father", "fhir", "stranger", "former", "box",
];
const STAFF: [&str; 6] = ["nurse", "nurse", "ma", "desk", "stranger", "doctor"];
pub(super) const SUBJECTS: [&str; 3] = ["child", "teen", "child 2"];
const GUARDIANS: [&str; 3] = ["mother", "father", "nurse"];

pub(super) fn key(name: &str) -> Keys {
    Keys::new(SecretKey::from_slice(&Sha256::digest(format!("town {name}"))).unwrap())
}

pub(super) fn pk(name: &str) -> PublicKey {
    key(name).public_key()
}

pub(super) fn id_of(name: &str) -> String {
    pk(name).to_hex()
}

type Tags = Vec<Vec<String>>;

fn row(cells: &[&str]) -> Vec<String> {
    cells.iter().map(|cell| (*cell).to_owned()).collect()
}

pub(super) fn to_tags(tags: Tags) -> Vec<Tag> {
    tags.into_iter().filter_map(|cells| Tag::parse(cells).ok()).collect()
}

pub(super) struct Town<'a> {
    pub(super) dice: &'a mut Dice,
    pub(super) random: Random,
    pub(super) policy: Policy,
    /// Name of P in force.
    pub(super) practice: &'static str,
    pub(super) now: u64,
    /// Every policy event with position and `received`, refused ones too.
    pub(super) steps: Vec<(Event, u64, u64)>,
    /// Those that counted, and some that a lying relay receipts all the same.
    pub(super) events: Vec<Event>,
    pub(super) receipts: Vec<Event>,
    pub(super) grants: Vec<Event>,
    pub(super) records: Vec<Event>,
    epochs: Vec<[EpochSecret; 3]>,
    heads: BTreeMap<ChainKey, (u64, EventId)>,
    at: u64,
    seq: u64,
    box_name: &'static str,
}

impl<'a> Town<'a> {
    /// Epoch 1, four members, two patients with a guardian, an own key.
    pub(super) fn open(dice: &'a mut Dice) -> Self {
        let random = Random::seeded(dice.bytes(32).try_into().unwrap());
        let mut town = Self {
            dice,
            random,
            policy: Policy::new(pk("practice")),
            practice: "practice",
            now: NOW,
            steps: Vec::new(),
            events: Vec::new(),
            receipts: Vec::new(),
            grants: Vec::new(),
            records: Vec::new(),
            epochs: Vec::new(),
            heads: BTreeMap::new(),
            at: 0,
            seq: 0,
            box_name: "box",
        };
        town.rotate();
        for (name, role) in [("doctor", "doctor"), ("nurse", "nurse"), ("ma", "ma"), ("desk", "frontdesk")] {
            let tags = town.roster(name, role);
            town.by_practice(kinds::STAFF_ROSTER, tags);
        }
        for (name, own) in [("child", None), ("teen", Some("own"))] {
            let event = town.registration("desk", name, own, None, true);
            town.step(event);
        }
        let tags = town.link("child", "mother");
        town.by("desk", kinds::GUARDIAN_LINK, tags);
        town
    }

    fn pop(&mut self, name: &str, role: KeyRole) -> Vec<String> {
        let sig = prove(&key(name), &pk(self.practice), role, &mut self.random);
        row(&["pop", &id_of(name), &sig])
    }

    /// A number of P's own order; rarely one that was used.
    fn sequence(&mut self) -> Tags {
        self.seq += u64::from(!self.dice.chance(4));
        vec![row(&["seq", &self.seq.to_string()])]
    }

    fn by_practice(&mut self, kind: u16, mut tags: Tags) {
        tags.extend(self.sequence());
        self.by(self.practice, kind, tags);
    }

    /// Signs and takes, sometimes with a change of its tags.
    fn by(&mut self, author: &str, kind: u16, mut tags: Tags) {
        if self.at > 8 && self.dice.chance(6) {
            change(&mut tags, self.dice);
        }
        let content = if kind == kinds::PRACTICE_EPOCH { "" } else { "sealed" };
        let event = sign(&key(author), kind, to_tags(tags), content, self.now);
        self.step(event);
    }

    /// The event arrives, and a receipt of its chain follows when it counts.
    pub(super) fn step(&mut self, event: Event) {
        self.now += u64::from(self.dice.byte() % 3);
        self.at += 1;
        let verdict = self.policy.apply(&event, self.at, self.now);
        self.steps.push((event.clone(), self.at, self.now));
        let lies = self.dice.chance(3);
        if verdict.is_err() && !lies {
            return;
        }
        let mark = self.mark();
        if event.kind.as_u16() == kinds::PATIENT {
            self.receive(&event, false);
        }
        if let Some(chain) = self.policy.chain_of(&event) {
            self.receipt(chain, &[event.id], mark, false);
        }
        self.events.push(event);
    }

    fn mark(&self) -> PolicyMark {
        let head = |chain| self.heads.get(&chain).map(|(_, id)| *id);
        PolicyMark { public: head(ChainKey::Policy), staff: head(ChainKey::PolicyStaff) }
    }

    /// A record arrives; sometimes its receipt is late, lost or twice.
    pub(super) fn receive(&mut self, event: &Event, import: bool) {
        let chain = ChainKey::of_clinical(&self.policy.now(self.now), event).unwrap_or(ChainKey::Clinical {
            compartment: Compartment::Chart,
            subject: relaybox_protocol::receipts::subject_of(event),
        });
        let times = if self.at < 9 { 1 } else { *self.dice.pick(&[0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 2]) };
        for _ in 0..times {
            let mut mark = self.mark();
            if self.at > 8 && self.dice.chance(2) {
                mark.staff = Some(event.id);
            }
            self.receipt(chain, &[event.id], mark, import);
        }
    }

    fn receipt(&mut self, chain: ChainKey, ids: &[EventId], mark: PolicyMark, import: bool) {
        let head = self.heads.get(&chain).copied();
        let epoch_key = match chain {
            ChainKey::Clinical { compartment, .. } => Some(self.pair(compartment, 0).public),
            _ => None,
        };
        let rows: Vec<Row> = ids.iter().map(|id| Row { id: *id, received: self.now, import }).collect();
        let new = NewReceipt {
            chain,
            epoch_key,
            before: head.map_or(0, |(n, _)| n),
            prev: head.map(|(_, id)| id),
            mark,
            rows: &rows,
            created_at: self.now,
        };
        let receipt = build(&key(self.box_name), &new);
        self.heads.insert(chain, (new.before + rows.len() as u64, receipt.id));
        self.receipts.push(receipt);
    }

    /// The pair of the newest epoch, or of one `back`.
    pub(super) fn pair(&self, compartment: Compartment, back: usize) -> EpochSecret {
        let at = self.epochs.len().saturating_sub(1 + back);
        self.epochs[at][compartment as usize].clone()
    }

    fn rotate(&mut self) {
        let n = self.epochs.len() as u64 + 1;
        let pairs = Compartment::ALL.map(|_| EpochSecret::new(self.random.keys().secret_key().clone()));
        if n > 1 && self.dice.chance(30) {
            self.box_name = self.dice.word(&["box", "new box", "newest box"]);
        }
        let mut tags = vec![row(&["n", &n.to_string()])];
        for (of, pair) in Compartment::ALL.iter().zip(&pairs) {
            tags.push(row(&["p", &pair.public.to_hex(), of.as_str()]));
        }
        tags.push(row(&["v", &id_of("escrow")]));
        tags.push(row(&["box", &id_of(self.box_name), "receipts"]));
        tags.push(row(&["box", &id_of("audit"), "audit"]));
        tags.push(row(&["ek", &id_of("once")]));
        tags.extend(Compartment::ALL.map(|of| row(&["sealed", of.as_str(), "x"])));
        if n > 1 {
            tags.extend(Compartment::ALL.map(|of| row(&["keyring", of.as_str(), "x"])));
        }
        tags.push(row(&["grace", self.dice.word(&["0", "600"])]));
        if n == 1 {
            let hash = hex::encode(&Sha256::digest(pk("next").as_bytes()));
            tags.push(row(&["next", &hash]));
        }
        let before = self.steps.len();
        self.epochs.push(pairs.clone());
        self.by_practice(kinds::PRACTICE_EPOCH, tags);
        if self.policy.counted(&self.steps[before].0.id) {
            let given: Vec<_> =
                Compartment::ALL.into_iter().zip(pairs.iter().map(|pair| &pair.secret)).collect();
            for name in ["doctor", "nurse"] {
                let given = if name == "doctor" { &given[..] } else { &given[..2] };
                let grant =
                    epochs::build_grant(&key("practice"), &pk(name), n, given, self.now, &mut self.random);
                self.grants.push(grant.unwrap());
            }
        } else {
            self.epochs.pop();
        }
    }

    fn roster(&mut self, name: &str, role: &str) -> Tags {
        let some: Vec<&str> =
            Word::ALL.iter().filter(|_| self.dice.chance(70)).map(|word| word.as_str()).collect();
        let words = match role {
            "doctor" => Word::ALL.map(Word::as_str).join(","),
            _ if self.at < 9 => "write,vitals,allergies,messages,schedule,register".to_owned(),
            _ => some.join(","),
        };
        let later = if self.at > 8 && self.dice.chance(20) { u64::from(self.dice.byte()) } else { 0 };
        vec![
            row(&["p", &id_of(name), role, &words]),
            row(&["from", &(NOW + later).to_string()]),
            self.pop(name, KeyRole::Staff),
        ]
    }

    fn link(&mut self, child: &str, guardian: &str) -> Tags {
        let desk_only = self.at > 8 && self.dice.chance(20);
        let compartments =
            if desk_only { row(&["compartments", "desk"]) } else { row(&["compartments", "desk", "chart"]) };
        vec![
            row(&["p", &id_of(child), "child"]),
            row(&["p", &id_of(guardian), "guardian"]),
            compartments,
            self.pop(guardian, KeyRole::Guardian),
        ]
    }

    /// `["until",t]` and `["end"]` by chance.
    fn bounds(&mut self, tags: &mut Tags) {
        if self.dice.chance(20) {
            tags.push(row(&["until", &(self.now + u64::from(self.dice.byte() % 60)).to_string()]));
        }
        if self.dice.chance(25) {
            tags.push(row(&["end"]));
        }
    }

    fn registration(
        &mut self,
        author: &str,
        name: &str,
        own: Option<&str>,
        rekey: Option<&str>,
        pop: bool,
    ) -> Event {
        let mut extra: Tags = Vec::new();
        if pop {
            extra.push(self.pop(name, KeyRole::Subject));
        }
        if let Some(own) = own {
            extra.push(row(&["own", &id_of(own)]));
            extra.push(self.pop(own, KeyRole::Own));
        }
        extra.extend(rekey.map(|old| row(&["rekey", &id_of(old)])));
        self.patient_record(author, name, to_tags(extra))
    }

    /// One policy event of any kind.
    pub(super) fn policy_step(&mut self) {
        self.now += u64::from(self.dice.byte() % 40);
        let registrar = self.dice.word(&["desk", "desk", "doctor", "nurse", "ma", "practice"]);
        let admin = self.dice.word(&["doctor", "doctor", "practice", "nurse"]);
        match self.dice.below(24) {
            20..=21 => self.again(),
            22 => (0..6).for_each(|_| self.suspend(admin)),
            // Past a grace, or to its very end.
            23 => self.now += 540 + self.dice.below(70) as u64,
            0..=2 => {
                let (name, role) = *self.dice.pick(&[
                    ("nurse", "nurse"),
                    ("nurse", "doctor"),
                    ("ma", "ma"),
                    ("desk", "frontdesk"),
                    ("stranger", "nurse"),
                    ("mother", "ma"),
                    ("doctor", "doctor"),
                    ("ma", "cook"),
                ]);
                let mut tags = self.roster(name, role);
                self.bounds(&mut tags);
                if self.dice.chance(10) {
                    tags.push(row(&["replaces", &id_of(self.dice.word(&STAFF))]));
                }
                self.by_practice(kinds::STAFF_ROSTER, tags);
            }
            3..=6 => {
                let (child, guardian) = (self.dice.word(&SUBJECTS), self.dice.word(&GUARDIANS));
                let mut tags = self.link(child, guardian);
                self.bounds(&mut tags);
                self.signed(registrar, kinds::GUARDIAN_LINK, tags);
            }
            7..=8 => {
                let name = self.dice.word(&["child", "teen", "child 2", "own"]);
                let rekey = self.dice.chance(50).then(|| self.dice.word(&SUBJECTS));
                let own = self.dice.chance(30).then(|| self.dice.word(&["own", "teen", "father"]));
                let pop = self.dice.chance(90);
                let event = self.registration(registrar, name, own, rekey, pop);
                self.step(event);
            }
            9..=11 => self.suspend(admin),
            12 => self.lift(),
            13..=14 => self.rotate(),
            15 => self.client(admin),
            16 => self.agent(),
            17 => self.disclose(),
            18 => {
                let id = self.some_record().map_or_else(|| self.dice.digest(), |event| event.id.to_hex());
                self.by_practice(kinds::DESTRUCTION, vec![row(&["e", &id])]);
            }
            _ => self.succeed(),
        }
    }

    fn client(&mut self, admin: &str) {
        let mut tags = vec![
            row(&["client", self.dice.word(&["school", "camp"])]),
            row(&["p", &id_of(self.dice.word(&SUBJECTS))]),
            row(&["jwk", "thumbprint"]),
            row(&["scope", self.dice.word(&["patient/*.rs", "confidential"])]),
            row(&["until", &(self.now + u64::from(self.dice.byte())).to_string()]),
        ];
        if self.dice.chance(20) {
            tags.push(row(&["end"]));
        }
        self.signed(admin, kinds::FHIR_CLIENT_GRANT, tags);
    }

    fn agent(&mut self) {
        let mut tags = vec![
            row(&["p", &id_of("fhir"), "agent", self.dice.word(&["fhir", "mail"])]),
            row(&["kinds", "2113", "2110", "2104"]),
            row(&["compartments", "desk", "chart"]),
            row(&["patients", self.dice.word(&["none", "clients", "all"])]),
            self.pop("fhir", KeyRole::Agent),
        ];
        self.bounds(&mut tags);
        self.by_practice(kinds::SERVICE_AGENT_GRANT, tags);
    }

    /// P signs with a number of its order, members without.
    fn signed(&mut self, author: &str, kind: u16, tags: Tags) {
        if author == "practice" { self.by_practice(kind, tags) } else { self.by(author, kind, tags) }
    }

    fn suspend(&mut self, admin: &str) {
        let staff = id_of(self.dice.word(&STAFF));
        let subject = id_of(self.dice.word(&SUBJECTS));
        let link = self.some(kinds::GUARDIAN_LINK);
        let tags = match self.dice.below(5) {
            0 => vec![row(&["p", &staff])],
            1 => vec![row(&["p", &staff]), row(&["p", &subject, "scope"])],
            2 => vec![row(&["e", &link])],
            3 => vec![row(&["client", "school"])],
            _ => vec![row(&["p", &id_of(self.dice.word(&["mother", "child", "own", "fhir"]))])],
        };
        self.signed(admin, kinds::SUSPENSION, tags);
    }

    /// An earlier event: the same bytes, or its terms once more in this second, ended or not.
    fn again(&mut self) {
        let (event, ..) = self.dice.pick(&self.steps).clone();
        if self.dice.chance(20) {
            return self.step(event);
        }
        let kind = event.kind.as_u16();
        let author = PEOPLE.into_iter().find(|name| pk(name) == event.pubkey);
        let (Some(author), 2102..=2104 | 2109) = (author, kind) else { return };
        for _ in 0..2 {
            let cells = event.tags.iter().map(|tag| tag.as_slice().to_vec());
            let mut tags: Tags =
                cells.filter(|tag| !matches!(tag[0].as_str(), "end" | "seq" | "prev")).collect();
            if self.dice.chance(50) {
                tags.push(row(&["end"]));
            }
            self.signed(author, kind, tags);
        }
    }

    fn lift(&mut self) {
        let suspension = self.some(kinds::SUSPENSION);
        self.by_practice(kinds::SUSPENSION, vec![row(&["lift", &suspension])]);
    }

    /// Id of an event of this kind, or of none.
    fn some(&mut self, kind: u16) -> String {
        let of: Vec<String> = self
            .steps
            .iter()
            .filter(|(event, ..)| event.kind.as_u16() == kind)
            .map(|(event, ..)| event.id.to_hex())
            .collect();
        if of.is_empty() { self.dice.digest() } else { self.dice.pick(&of).clone() }
    }

    pub(super) fn some_record(&mut self) -> Option<Event> {
        (!self.records.is_empty()).then(|| self.dice.pick(&self.records).clone())
    }

    fn disclose(&mut self) {
        let author = self.dice.word(&["mother", "child", "own", "doctor", "teen"]);
        let until = (self.now + u64::from(self.dice.byte())).to_string();
        let id = self.some_record().map_or_else(|| self.dice.digest(), |event| event.id.to_hex());
        let earlier = self.some(kinds::DISCLOSURE);
        let tags = match self.dice.below(3) {
            0 => vec![row(&["invite", &self.dice.digest()]), row(&["until", &until])],
            1 => vec![row(&["e", &earlier, "", "end"])],
            _ => vec![row(&["p", &id_of("stranger")]), row(&["e", &id]), row(&["until", &until])],
        };
        self.by(author, kinds::DISCLOSURE, tags);
    }

    fn succeed(&mut self) {
        let hash = hex::encode(&Sha256::digest(pk("never").as_bytes()));
        let mut tags =
            vec![row(&["p", &id_of(self.practice)]), row(&["e", &self.dice.digest()]), row(&["next", &hash])];
        tags.extend(self.sequence());
        let signer = self.dice.word(&["next", "next", "doctor"]);
        self.by(signer, kinds::SUCCESSION, tags);
        if self.policy.now(0).practice() == pk("next") {
            self.practice = "next";
        }
    }

    /// Epoch 0 of a former practice, and its key for the doctor.
    pub(super) fn import_epoch(&mut self) {
        let tags = vec![
            row(&["n", "0"]),
            row(&["p", &id_of("former"), "chart"]),
            row(&["signer", &id_of("former")]),
            row(&["ek", &id_of("once")]),
            row(&["sealed", "chart", "x"]),
        ];
        self.by_practice(kinds::PRACTICE_EPOCH, tags);
        let x1 = ConversationKey::derive(key("former").secret_key(), &pk("former")).unwrap();
        let grant =
            epochs::build_legacy_grant(&key("practice"), &pk("doctor"), &x1, self.now, &mut self.random);
        self.grants.push(grant.unwrap());
    }

    /// What a reader does not get, or gets from somebody else.
    pub(super) fn damage(&mut self) {
        for _ in 0..self.dice.below(3) {
            let at = self.dice.below(self.receipts.len());
            match self.dice.below(5) {
                0 => drop(self.receipts.remove(at)),
                1 => {
                    let at = self.dice.below(self.events.len());
                    self.events.remove(at);
                }
                2 => {
                    let receipt = self.receipts[at].clone();
                    let signer = self.dice.word(&["box", "new box", "doctor"]);
                    let mut tags = receipt.tags.iter().cloned().collect::<Vec<_>>();
                    let last = tags.len() - 1;
                    tags[last] = Tag::parse(["e", &self.dice.digest(), &self.now.to_string()]).unwrap();
                    self.receipts.push(sign(&key(signer), kinds::RECEIPT, tags, "", self.now));
                }
                3 => {
                    let mut tags: Tags =
                        self.receipts[at].tags.iter().map(|tag| tag.as_slice().to_vec()).collect();
                    change(&mut tags, self.dice);
                    let signer = key(self.box_name);
                    self.receipts[at] = sign(&signer, kinds::RECEIPT, to_tags(tags), "", self.now);
                }
                _ => {
                    let other = self.dice.below(self.receipts.len());
                    self.receipts.swap(at, other);
                }
            }
        }
    }
}
