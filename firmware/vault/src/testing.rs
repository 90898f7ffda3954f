//! A box for tests: it takes transactions as the relay does, and writes their policy receipts.

use std::collections::BTreeMap;

use relaybox_protocol::envelope::{Record, seal_staff};
use relaybox_protocol::epochs::{EpochSecrets, open_escrow};
use relaybox_protocol::event::tag;
use relaybox_protocol::grants::Desk;
use relaybox_protocol::keys::{KeyRole, prove};
use relaybox_protocol::permissions::{Role, Word, preticked};
use relaybox_protocol::policy::Policy;
use relaybox_protocol::random::Random;
use relaybox_protocol::receipts::{self, ChainKey, NewReceipt, PolicyMark, Row};
use relaybox_protocol::refusal::Refusal;
use relaybox_protocol::{Event, EventId, Keys, PublicKey, hex, kinds};
use sha2::{Digest as _, Sha256};

use crate::contents::Contents;
use crate::deeds::{self, BoxKeys, Claim, DeedError};
use crate::history::{History, HistoryError, sequence_of};
use crate::request::{Joining, Operation};

/// 2026-01-01T00:00:00Z.
pub(crate) const START: u64 = 1_767_225_600;

pub(crate) fn keys(name: &str) -> Keys {
    let mut seed = [0; 32];
    seed[..name.len().min(32)].copy_from_slice(&name.as_bytes()[..name.len().min(32)]);
    Random::seeded(seed).keys()
}

pub(crate) fn pk(name: &str) -> PublicKey {
    keys(name).public_key()
}

pub(crate) struct TestBox {
    pub(crate) contents: Contents,
    pub(crate) boxes: Keys,
    pub(crate) policy: Policy,
    pub(crate) events: Vec<Event>,
    pub(crate) now: u64,
    /// Highest `seq` signed.
    pub(crate) signed: u64,
    pub(crate) random: Random,
    heads: BTreeMap<ChainKey, (u64, EventId)>,
}

impl TestBox {
    /// Claimed by Dr. Alba Testwell, key "owner"; the next practice key is "next".
    pub(crate) fn claimed() -> Self {
        let mut random = Random::seeded([9; 32]);
        let contents = Contents { practice: random.keys(), escrow: random.keys(), legacy: None };
        let policy = Policy::new(contents.practice.public_key());
        let mut it = Self {
            contents,
            boxes: random.keys(),
            policy,
            events: Vec::new(),
            now: START,
            signed: 0,
            random,
            heads: BTreeMap::new(),
        };
        let owner = it.joining("owner", "Dr. Alba Testwell", Role::Doctor);
        let next = hex::encode(&Sha256::digest(pk("next").as_bytes()));
        let claim = Claim { owner: &owner, next: &next };
        let boxes = it.box_keys();
        let events = deeds::claim(&it.contents, boxes, &claim, it.now, &mut it.random).unwrap();
        it.take(&events).unwrap();
        it
    }

    pub(crate) fn box_keys(&self) -> BoxKeys {
        BoxKeys { receipts: self.boxes.public_key(), audit: pk("audit") }
    }

    pub(crate) fn joining(&mut self, key: &str, name: &str, role: Role) -> Joining {
        let pop = prove(&keys(key), &self.contents.practice.public_key(), KeyRole::Staff, &mut self.random);
        Joining {
            key: pk(key),
            name: name.to_owned(),
            role: role.as_str().to_owned(),
            words: preticked(role).iter().map(|word: &Word| word.as_str().to_owned()).collect(),
            until: None,
            replaces: None,
            pop,
        }
    }

    /// A proof of possession.
    pub(crate) fn pop(&mut self, key: &str, role: KeyRole) -> String {
        prove(&keys(key), &self.contents.practice.public_key(), role, &mut self.random)
    }

    /// Secrets of the newest epoch.
    pub(crate) fn epoch(&self) -> EpochSecrets {
        let epochs = self.events.iter().filter(|event| event.kind.as_u16() == kinds::PRACTICE_EPOCH);
        let mut opened = epochs
            .filter_map(|event| open_escrow(self.contents.escrow.secret_key(), event))
            .collect::<Vec<_>>();
        opened.sort_by_key(|secrets| secrets.n);
        opened.pop().unwrap()
    }

    /// X1 of desk of an epoch, as members write under it.
    pub(crate) fn desk(epoch: &EpochSecrets) -> Desk<'_> {
        Desk { n: epoch.n, pair: &epoch.desk }
    }

    /// A member registers a child; `legacy` without a proof.
    pub(crate) fn register(&mut self, by: &str, child: &str, legacy: bool) -> Result<Event, Refusal> {
        let (practice, key) = (self.contents.practice.public_key(), pk(child));
        let pop = self.pop(child, KeyRole::Subject);
        let extra = if legacy { tag("legacy", []) } else { tag("pop", [&key.to_hex(), &pop]) };
        let resource = serde_json::json!({"resourceType": "Patient"});
        let plain = Record::plain(kinds::PATIENT, &resource, key, self.random.bytes32(), self.now);
        let record = Record { extra: &[extra], ..plain };
        let desk = self.epoch().desk;
        let event =
            seal_staff(&keys(by), &practice, &desk, Some(&key), false, &record, &mut self.random).unwrap();
        self.take(std::slice::from_ref(&event))?;
        Ok(event)
    }

    pub(crate) fn history(&self) -> Result<History, HistoryError> {
        History::read(self.contents.practice.public_key(), self.events.clone(), self.signed)
    }

    /// A ceremony from its request to the relay.
    pub(crate) fn perform(&mut self, operation: &Operation) -> Result<Vec<Event>, DeedError> {
        let history = self.history().unwrap();
        let boxes = self.box_keys();
        let events = deeds::perform(&self.contents, &history, boxes, operation, self.now, &mut self.random)?;
        self.take(&events).map_err(DeedError::Refused)?;
        Ok(events)
    }

    /// One transaction and its receipts.
    pub(crate) fn take(&mut self, events: &[Event]) -> Result<(), Refusal> {
        self.now += 1;
        let at = self.policy.newest() + 1;
        let mut rows: BTreeMap<ChainKey, Vec<Row>> = BTreeMap::new();
        for event in events.iter().filter(|event| kinds::is_policy(event.kind.as_u16())) {
            self.policy.apply(event, at, self.now)?;
            let chain = self.policy.chain_of(event).expect("a policy event has a chain");
            rows.entry(chain).or_default().push(Row { id: event.id, received: self.now, import: false });
            self.signed = self.signed.max(sequence_of(event).unwrap_or(0));
        }
        self.events.extend(events.iter().cloned());
        for chain in [ChainKey::Policy, ChainKey::PolicyStaff] {
            let Some(rows) = rows.get(&chain) else { continue };
            let head = self.heads.get(&chain).copied();
            let public = self.heads.get(&ChainKey::Policy).map(|(_, id)| *id);
            let receipt = receipts::build(
                &self.boxes,
                &NewReceipt {
                    chain,
                    epoch_key: None,
                    before: head.map_or(0, |(n, _)| n),
                    prev: head.map(|(_, id)| id),
                    mark: PolicyMark { public, staff: None },
                    rows,
                    created_at: self.now,
                },
            );
            let n = head.map_or(0, |(n, _)| n) + u64::try_from(rows.len()).unwrap();
            self.heads.insert(chain, (n, receipt.id));
            self.events.push(receipt);
        }
        Ok(())
    }
}
