//! The synthetic practice: dice, keys of names, and events made by hand. Contents are noise, since the
//! relay sees envelopes only.

use std::collections::HashMap;

use relaybox_protocol::envelope::EpochSecret;
use relaybox_protocol::epochs::{EpochSecrets, NewEpoch, Sequence, build_epoch};
use relaybox_protocol::event::sign;
use relaybox_protocol::keys::{KeyRole, prove};
use relaybox_protocol::permissions::{Compartment, Role, preticked};
use relaybox_protocol::random::Random;
use relaybox_protocol::{Keys, SecretKey, Tag};
use sha2::{Digest, Sha256};

/// 2026-01-01T00:00:00Z.
pub(crate) const START: u64 = 1_767_225_600;

/// SplitMix64: small, fast, and the same everywhere.
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x5851_f42d_4c95_7f2d)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub(crate) fn below(&mut self, n: u64) -> u64 {
        self.next() % n.max(1)
    }

    pub(crate) fn chance(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    pub(crate) fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        let at = self.below(from.len() as u64);
        &from[usize::try_from(at).unwrap()]
    }

    pub(crate) fn hash(&mut self) -> String {
        (0..4).map(|_| format!("{:016x}", self.next())).collect()
    }
}

pub(crate) type Tags = Vec<Vec<String>>;

/// One tag.
pub(crate) fn t(cells: &[&str]) -> Vec<String> {
    cells.iter().map(|cell| (*cell).to_owned()).collect()
}

pub(crate) struct World {
    pub(crate) dice: Dice,
    pub(crate) now: u64,
    keys: HashMap<String, Keys>,
    names: HashMap<String, String>,
    epochs: Vec<EpochSecrets>,
    seq: u64,
    last: Option<relaybox_protocol::EventId>,
    /// New keys so far: each has a name of its own.
    pub(crate) fresh: u64,
}

impl World {
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            dice: Dice::new(seed),
            now: START,
            keys: HashMap::new(),
            names: HashMap::new(),
            epochs: Vec::new(),
            seq: 0,
            last: None,
            fresh: 0,
        }
    }

    pub(crate) fn keys(&mut self, name: &str) -> Keys {
        if let Some(keys) = self.keys.get(name) {
            return keys.clone();
        }
        let secret: [u8; 32] = Sha256::digest(format!("relaybox/sim/{name}")).into();
        let keys = Keys::new(SecretKey::from_slice(&secret).unwrap());
        self.names.insert(keys.public_key().to_hex(), name.to_owned());
        self.keys.insert(name.to_owned(), keys.clone());
        keys
    }

    pub(crate) fn hex(&mut self, name: &str) -> String {
        self.keys(name).public_key().to_hex()
    }

    /// The name of a key; keys of no name are nobody's.
    pub(crate) fn name(&self, hex: &str) -> Option<&str> {
        self.names.get(hex).map(String::as_str)
    }

    pub(crate) fn fresh_name(&mut self, word: &str) -> String {
        self.fresh += 1;
        format!("{word}-{}", self.fresh)
    }

    fn random(&mut self) -> Random {
        let mut seed = [0; 32];
        for part in seed.chunks_mut(8) {
            part.copy_from_slice(&self.dice.next().to_be_bytes());
        }
        Random::seeded(seed)
    }

    /// A signed event as it goes over the wire.
    pub(crate) fn event(&mut self, author: &str, kind: u16, tags: Tags, created_at: u64) -> String {
        let keys = self.keys(author);
        let content = match kind {
            2108 | 2103 | 2105 | 2106 => String::new(),
            _ => self.dice.hash(),
        };
        let tags = tags.into_iter().map(|tag| Tag::parse(tag).unwrap()).collect();
        serde_json::to_string(&sign(&keys, kind, tags, content, created_at)).unwrap()
    }

    /// `["pop", key, sig]` of a name in a role.
    pub(crate) fn pop(&mut self, name: &str, role: KeyRole) -> Vec<String> {
        let (keys, practice) = (self.keys(name), self.keys("practice").public_key());
        let sig = prove(&keys, &practice, role, &mut self.random());
        t(&["pop", &keys.public_key().to_hex(), &sig])
    }

    /// E of a compartment; `back` epochs before the newest one, or an unknown key.
    pub(crate) fn e(&mut self, compartment: &str, back: usize) -> String {
        let Some(at) = self.epochs.len().checked_sub(1 + back) else { return self.dice_key() };
        let compartment = Compartment::parse(compartment).unwrap();
        let pair: &EpochSecret = self.epochs[at].of(compartment);
        pair.public.to_hex()
    }

    fn dice_key(&mut self) -> String {
        let name = self.fresh_name("nobody");
        self.hex(&name)
    }

    /// `["seq",n] ["prev",id]` of the next event by P; after the first day now and then one that stood
    /// already.
    fn sequence(&mut self) -> Sequence {
        if self.seq < 12 || !self.dice.chance(4) {
            self.seq += 1;
        }
        Sequence { seq: self.seq, prev: self.last }
    }

    /// An event by P, with its sequence.
    pub(crate) fn by_practice(&mut self, kind: u16, mut tags: Tags) -> String {
        let sequence = self.sequence();
        tags.extend(sequence.to_tags().iter().map(|tag| tag.as_slice().to_vec()));
        self.event("practice", kind, tags, self.now)
    }

    /// A 2105 with three new keys. It is the newest here at once: the caller takes it back when the
    /// relay refuses it.
    pub(crate) fn epoch(&mut self, grace: u64) -> String {
        let n = self.epochs.len() as u64 + 1;
        let mut random = self.random();
        let secrets = EpochSecrets::generate(n, &mut random);
        let next = "ab".repeat(32);
        let sequence = self.sequence();
        let keys = ["escrow", "box", "audit"].map(|name| self.hex(name));
        let [escrow, receipts, audit] = keys.map(|key| relaybox_protocol::event::key_from_hex(&key).unwrap());
        let new = NewEpoch {
            secrets: &secrets,
            previous: self.epochs.last(),
            escrow: &escrow,
            receipts_box: &receipts,
            audit_box: &audit,
            grace,
            next: (n == 1).then_some(next.as_str()),
            sequence,
            created_at: self.now,
        };
        let event = build_epoch(&self.keys["practice"].clone(), &new, &mut random).unwrap();
        self.epochs.push(secrets);
        serde_json::to_string(&event).unwrap()
    }

    pub(crate) fn forget_epoch(&mut self) {
        self.epochs.pop();
    }

    pub(crate) fn epochs(&self) -> usize {
        self.epochs.len()
    }

    /// A 2102; `words` none gives those of the role.
    pub(crate) fn roster(&mut self, name: &str, role: Role, words: Option<&str>, more: Tags) -> String {
        let all = preticked(role).iter().map(|word| word.as_str()).collect::<Vec<_>>().join(",");
        let key = self.hex(name);
        let mut tags = vec![
            t(&["p", &key, role.as_str(), words.unwrap_or(&all)]),
            t(&["from", &START.to_string()]),
            self.pop(name, KeyRole::Staff),
        ];
        tags.extend(more);
        self.by_practice(2102, tags)
    }

    /// A 2103.
    pub(crate) fn agent(&mut self, name: &str, service: &str, patients: &str, more: Tags) -> String {
        let key = self.hex(name);
        let mut tags = vec![
            t(&["p", &key, "agent", service]),
            t(&["kinds", "2104", "2109", "2110", "2111", "2113", "2116", "2117"]),
            t(&["compartments", "desk", "chart"]),
            t(&["patients", patients]),
            self.pop(name, KeyRole::Agent),
        ];
        tags.extend(more);
        self.by_practice(2103, tags)
    }

    /// The tags of a record. `second` names whom it is about.
    pub(crate) fn record(&mut self, epoch_key: &str, second: Option<&str>, one_copy: bool) -> Tags {
        let mut tags = vec![t(&["p", epoch_key])];
        if let Some(second) = second {
            tags.push(t(&["p", second]));
            if !one_copy {
                tags.push(t(&["patient-content", &self.dice.hash()]));
            }
        }
        tags.push(t(&["enc", if one_copy { "nip44" } else { "nip44-dual" }]));
        tags.push(t(&["pc", &self.dice.hash()]));
        tags
    }

    /// A 2110 that registers T, with C if it is another key.
    pub(crate) fn registration(&mut self, subject: &str, own: Option<&str>, rekey: Option<&str>) -> Tags {
        let (epoch_key, key) = (self.e("desk", 0), self.hex(subject));
        let mut tags = self.record(&epoch_key, Some(&key), false);
        tags.push(self.pop(subject, KeyRole::Subject));
        if let Some(own) = own {
            let own_key = self.hex(own);
            tags.push(t(&["own", &own_key]));
            if own != subject {
                tags.push(self.pop(own, KeyRole::Own));
            }
        }
        if let Some(old) = rekey {
            let old = self.hex(old);
            tags.push(t(&["rekey", &old]));
        }
        tags
    }

    /// The tags of a 2104.
    pub(crate) fn link(&mut self, child: &str, guardian: &str, compartments: &[&str], more: Tags) -> Tags {
        let key = self.hex(guardian);
        let mut scope = vec!["compartments"];
        scope.extend(compartments);
        let mut tags = vec![
            t(&["p", child, "child"]),
            t(&["p", &key, "guardian"]),
            t(&scope),
            self.pop(guardian, KeyRole::Guardian),
            t(&["epoch", &self.epochs.len().to_string()]),
        ];
        tags.extend(more);
        tags
    }
}
