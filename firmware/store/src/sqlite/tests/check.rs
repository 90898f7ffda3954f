//! `store check` on a small practice of really signed events, whole and damaged.

use relaybox_protocol::envelope::{Record, seal_staff};
use relaybox_protocol::epochs::{EpochSecrets, NewEpoch, Sequence, build_epoch};
use relaybox_protocol::event::{Verified, index_keys, sign, tag};
use relaybox_protocol::grants::{Desk, LinkEntry, Name, RosterEntry, build_link, build_roster};
use relaybox_protocol::keys::{KeyRole, prove};
use relaybox_protocol::kinds;
use relaybox_protocol::permissions::{Compartment, Role, preticked};
use relaybox_protocol::policy::Policy;
use relaybox_protocol::random::Random;
use relaybox_protocol::receipts::{self, NewReceipt, Row};
use relaybox_protocol::{Event, Tag};

use super::*;

struct Clinic {
    bench: Bench,
    policy: Policy,
    practice: Keys,
    doctor: Keys,
    child: Keys,
    mother: Keys,
    receipts_box: Keys,
    epoch: EpochSecrets,
    random: Random,
}

impl Clinic {
    /// An epoch and a doctor with their receipts; a child and one observation, not receipted yet.
    async fn new() -> Self {
        Self::with(true).await
    }

    /// `in_time`: the doctor's entry has its receipt before the doctor writes.
    async fn with(in_time: bool) -> Self {
        let mut random = Random::seeded([1; 32]);
        let practice = random.keys();
        let mut clinic = Self {
            bench: Bench::new().await,
            policy: Policy::new(practice.public_key()),
            doctor: random.keys(),
            child: random.keys(),
            mother: random.keys(),
            receipts_box: random.keys(),
            epoch: EpochSecrets::generate(1, &mut random),
            practice,
            random,
        };
        let epoch = clinic.epoch();
        clinic.store(&epoch).await;
        clinic.receipts().await;
        let roster = clinic.roster(epoch.id);
        clinic.store(&roster).await;
        if in_time {
            clinic.receipts().await;
        }
        let pop = prove(&clinic.child, &clinic.practice.public_key(), KeyRole::Subject, &mut clinic.random);
        let pop = tag("pop", [&clinic.child.public_key().to_hex(), &pop]);
        let patient = clinic.record(2110, Compartment::Desk, &[pop]);
        clinic.store(&patient).await;
        let observation = clinic.record(2113, Compartment::Chart, &[]);
        clinic.store(&observation).await;
        clinic
    }

    fn epoch(&mut self) -> Event {
        let next = "ab".repeat(32);
        let (escrow, audit) = (self.random.keys().public_key(), self.random.keys().public_key());
        let new = NewEpoch {
            secrets: &self.epoch,
            previous: None,
            escrow: &escrow,
            receipts_box: &self.receipts_box.public_key(),
            audit_box: &audit,
            grace: 600,
            next: Some(&next),
            sequence: Sequence { seq: 1, prev: None },
            created_at: NOW,
        };
        build_epoch(&self.practice, &new, &mut self.random).unwrap()
    }

    fn roster(&mut self, prev: EventId) -> Event {
        let pop = prove(&self.doctor, &self.practice.public_key(), KeyRole::Staff, &mut self.random);
        let entry = RosterEntry {
            member: self.doctor.public_key(),
            role: Role::Doctor,
            words: preticked(Role::Doctor),
            from: NOW,
            until: None,
            ended: false,
            name: Name::Clear("Dr. Test"),
            replaces: None,
            pop: &pop,
            sequence: Sequence { seq: 2, prev: Some(prev) },
            created_at: NOW,
        };
        build_roster(&self.practice, &entry, &mut self.random).unwrap()
    }

    fn record(&mut self, kind: u16, compartment: Compartment, extra: &[Tag]) -> Event {
        let name = if kind == 2110 { "Patient" } else { "Observation" };
        let resource = serde_json::json!({ "resourceType": name });
        let (child, practice) = (self.child.public_key(), self.practice.public_key());
        let record = Record { extra, ..Record::plain(kind, &resource, child, self.random.bytes32(), NOW) };
        let pair = self.epoch.of(compartment);
        seal_staff(&self.doctor, &practice, pair, Some(&child), false, &record, &mut self.random).unwrap()
    }

    fn link(&mut self, ended: bool, created_at: u64) -> Event {
        let pop = prove(&self.mother, &self.practice.public_key(), KeyRole::Guardian, &mut self.random);
        let entry = LinkEntry {
            child: self.child.public_key(),
            guardian: self.mother.public_key(),
            compartments: &[Compartment::Desk, Compartment::Chart],
            until: None,
            ended,
            pop: &pop,
            name: "Mother",
            relationship: "parent",
            desk: Desk { n: 1, pair: &self.epoch.desk },
            sequence: None,
            created_at,
        };
        build_link(&self.doctor, &entry, &mut self.random).unwrap()
    }

    /// Stores an event as the relay would.
    async fn store(&mut self, event: &Event) -> u64 {
        let verified = Verified::from_event(event.clone()).unwrap();
        let kind = verified.kind();
        let mut chains = Vec::new();
        if kinds::is_policy(kind) {
            chains.extend(self.policy.chain_of(event));
            let position = self.bench.store.head().await.unwrap().n + 1;
            self.policy.apply(event, position, NOW).unwrap();
        }
        if kinds::is_clinical(kind) {
            chains.extend(ChainKey::of_clinical(&self.policy.now(NOW), event));
        }
        let covers = receipts::parse(event).map(|receipt| Covers {
            chain: receipt.policy_chain.unwrap_or_else(|| ChainKey::Clinical {
                compartment: self.policy.now(NOW).compartment_of(&receipt.epoch_key.unwrap()).unwrap(),
                subject: receipt.subject,
            }),
            ids: receipt.rows.iter().map(|row| row.id).collect(),
            n: receipt.n,
            prev: receipt.prev,
        });
        let admitted = Admitted {
            id: event.id,
            author: event.pubkey,
            bytes: verified.json().into(),
            keys: index_keys(event),
            chains,
            covers,
            moves_members: kinds::is_policy(kind),
            charge: Some(event.pubkey),
            ..super::event(0, 1, kind, event.created_at.as_secs())
        };
        match self.bench.append_one(admitted).await {
            Outcome::Stored { seq, .. } => seq,
            other => panic!("{other:?}"),
        }
    }

    /// One receipt for each chain that has dues.
    async fn receipts(&mut self) {
        let due = self.bench.store.due(1000).await.unwrap();
        let mut chains: Vec<ChainKey> = due.iter().map(|due| due.chain).collect();
        chains.sort_unstable_by_key(|chain| (chain.policy_word().is_none(), *chain));
        chains.dedup();
        for chain in chains {
            let mine = due.iter().filter(|due| due.chain == chain);
            let mark = mine.clone().next().unwrap().mark;
            let row = |due: &crate::Due| Row { id: due.id, received: due.received, import: false };
            let rows: Vec<Row> = mine.map(row).collect();
            let head = self.bench.store.chain_head(&chain).await.unwrap();
            let epoch_key = match chain {
                ChainKey::Clinical { compartment, .. } => Some(self.epoch.of(compartment).public),
                _ => None,
            };
            let (before, prev) = head.map_or((0, None), |(n, id)| (n, Some(id)));
            let new = NewReceipt { chain, epoch_key, before, prev, mark, rows: &rows, created_at: NOW };
            let receipt = receipts::build(&self.receipts_box, &new);
            self.store(&receipt).await;
        }
    }

    async fn faults(&self) -> Vec<String> {
        self.bench.store.check().await.unwrap()
    }

    /// The faults of a copy in which this was done.
    async fn faults_after(&self, damage: &str) -> Vec<String> {
        let into = self.bench.directory.path().join("damaged.db");
        self.bench.store.snapshot(&into).await.unwrap();
        rusqlite::Connection::open(&into).unwrap().execute_batch(damage).unwrap();
        let (_, faults) = Store::check_file(&StoreConfig::at(&into)).await.unwrap();
        for end in ["", "-wal", "-shm"] {
            let _ = std::fs::remove_file(self.bench.directory.path().join(format!("damaged.db{end}")));
        }
        faults
    }
}

#[tokio::test]
async fn a_file_is_copied_and_checked_beside_its_store_without_a_byte_of_it_changing() {
    let mut clinic = Clinic::new().await;
    clinic.receipts().await;
    let config = &clinic.bench.config;
    let bytes = || std::fs::read(&config.path).unwrap();
    let (before, into) = (bytes(), clinic.bench.directory.path().join("copy.db"));
    let copied = Store::snapshot_file(config, &into).await.unwrap();
    let (head, faults) = Store::check_file(&StoreConfig::at(&into)).await.unwrap();
    assert_eq!((head, faults), (clinic.bench.store.head().await.unwrap(), Vec::new()));
    assert_eq!((copied, bytes()), (head, before));
}

#[tokio::test]
async fn a_sound_practice_has_no_fault_with_and_without_receipts() {
    let mut clinic = Clinic::new().await;
    assert_eq!(clinic.faults().await, Vec::<String>::new());
    assert_eq!(Store::check_file(&clinic.bench.config).await.unwrap().1, Vec::<String>::new());
    clinic.receipts().await;
    assert_eq!(clinic.bench.store.due_count().await.unwrap(), 0);
    assert_eq!(clinic.faults().await, Vec::<String>::new());
    for (ended, created_at) in [(false, NOW), (true, NOW + 1)] {
        let link = clinic.link(ended, created_at);
        clinic.store(&link).await;
    }
    let record = clinic.record(2113, Compartment::Chart, &[]);
    clinic.store(&record).await;
    let note = sign(&clinic.doctor, 30_078, vec![tag("d", ["marks"])], "", NOW);
    let verified = Verified::from_event(note.clone()).unwrap();
    let slot = Slot { author: note.pubkey, kind: 30_078, d: "marks".into() };
    let admitted = Admitted {
        id: note.id,
        author: note.pubkey,
        bytes: verified.json().into(),
        keys: index_keys(&note),
        slot: Some(slot),
        ..event(0, 1, 30_078, NOW)
    };
    assert!(matches!(clinic.bench.append_one(admitted).await, Outcome::Stored { .. }));
    clinic.receipts().await;
    assert_eq!(clinic.faults().await, Vec::<String>::new());
    clinic.bench.store.purge(&[record.id], note.id).await.unwrap();
    assert_eq!(clinic.faults().await, Vec::<String>::new());
}

#[tokio::test]
async fn each_damage_is_named() {
    let mut clinic = Clinic::new().await;
    clinic.receipts().await;
    let record = clinic.record(2113, Compartment::Chart, &[]);
    let last = clinic.store(&record).await;
    assert_eq!(clinic.faults_after("").await, Vec::<String>::new());
    let first_receipt = last - 1;
    let damages = [
        (
            format!(
                "UPDATE event SET bytes = replace(bytes, '\"kind\":2113', '\"kind\":2114') WHERE seq = {last}"
            ),
            "the id is not the hash",
        ),
        (
            format!("UPDATE event SET created_at = created_at - 1 WHERE seq = {last}"),
            "its columns are not those",
        ),
        (format!("UPDATE event SET received = 5 WHERE seq = {last}"), "received before the event before it"),
        (
            format!("UPDATE event SET keys = substr(keys, 1, length(keys) - 4) WHERE seq = {last}"),
            "its keys are not those of its tags",
        ),
        (format!("DELETE FROM entry WHERE seq = {last} AND key = 0"), "missing in the index"),
        ("INSERT INTO entry VALUES (1, 2, 3, 4, 5)".into(), "index: rows without an event"),
        (format!("DELETE FROM event_id WHERE seq = {last}"), "missing in the id index"),
        ("UPDATE usage SET bytes = bytes + 1".into(), "quota: sums"),
        ("DELETE FROM change WHERE seq = 3".into(), "the list of changes lacks"),
        (format!("DELETE FROM due WHERE seq = {last}"), "no receipt names it and none is due"),
        ("UPDATE chain SET n = n + 1".into(), "a head is not the last receipt"),
        ("UPDATE head SET received = 0".into(), "stamp below"),
        (
            format!(
                "UPDATE event SET received = received + 1 WHERE seq >= {first_receipt} - 10; UPDATE head SET received = received + 1"
            ),
            "it dates an event otherwise",
        ),
    ];
    for (damage, fault) in damages {
        let faults = clinic.faults_after(&damage).await;
        assert!(faults.iter().any(|line| line.contains(fault)), "{damage}: {faults:?}");
    }
}

#[tokio::test]
async fn receipts_that_tell_another_story_than_arrival_are_found() {
    // The doctor registers the child before any receipt names the doctor: the relay took it, and a
    // reader who goes by the receipts must not.
    let mut clinic = Clinic::with(false).await;
    clinic.receipts().await;
    assert_eq!(clinic.faults().await, ["policy: patients by arrival are not those by receipts"]);
}
