//! The packet of a disclosure (PROTOCOL 2.8.2, 4.1): what a patient sends so that a recipient can check, with
//! nobody's help, what the practice signed, when, and how much of it this is.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::receipts::{self, ChainKey};
use crate::{Event, EventId, PublicKey, kinds};

use super::{Held, Outcome, Reader, Reason, Sight, join_retries, judge};

/// A packet as JSON.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Packet {
    pub records: Vec<DisclosedRecord>,
    /// The public policy chain (2102, 2103, 2105, 2107, 2108 and their receipts) up to the position that the
    /// records' receipts name.
    pub policy: Vec<Event>,
}

/// One record with what proves it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DisclosedRecord {
    pub event: Event,
    /// The exact text that `pc` commits to.
    pub body: String,
    /// The receipt that names the event.
    pub receipt: Event,
    /// The newest receipt of the same chain: how many there are.
    pub newest: Event,
    /// For a family author: the 2110 or 2104 that names it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ties: Vec<Event>,
}

/// How much of one chain the packet holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChainShare {
    pub chain: ChainKey,
    /// Records of the chain that are shown.
    pub k: u64,
    /// Records of the chain at `as_of`.
    pub n: u64,
    /// Unix seconds: the last row of the newest receipt.
    pub as_of: u64,
}

/// What a packet proves.
#[derive(Debug, Clone, PartialEq)]
pub struct Disclosed {
    pub outcomes: BTreeMap<EventId, Outcome>,
    /// "k of n", a row for each chain.
    pub shares: Vec<ChainShare>,
}

/// Checks a packet. `practice` comes from the practice's own QR or site, never from the packet. Nothing is
/// pending: what has no receipt here is refused.
pub fn open_packet(practice: PublicKey, packet: &Packet) -> Disclosed {
    let mut events = packet.policy.clone();
    for record in &packet.records {
        events.extend([record.receipt.clone(), record.newest.clone()]);
        events.extend(record.ties.iter().filter(|tie| names_person(tie)).cloned());
    }
    let reader = Reader::new(practice, Held::default(), Sight::Public, &events);
    let mut outcomes = BTreeMap::new();
    for record in &packet.records {
        outcomes.insert(record.event.id, judge_record(&reader, record));
    }
    join_retries(&mut outcomes);
    let shares = shares(&reader, packet, &outcomes);
    Disclosed { outcomes, shares }
}

fn names_person(tie: &Event) -> bool {
    matches!(tie.kind.as_u16(), kinds::PATIENT | kinds::GUARDIAN_LINK)
}

fn judge_record(reader: &Reader, record: &DisclosedRecord) -> Outcome {
    let event = &record.event;
    if !event.verify_id() {
        return Outcome::Quarantine(Reason::Id);
    }
    if !event.verify_signature() {
        return Outcome::Quarantine(Reason::Sig);
    }
    let row = reader.book.receipted(event).filter(|row| !row.import);
    match row.and_then(|row| Some((row, row.position?))) {
        Some((row, position)) => judge::with_body(reader, event, &row, position, &record.body),
        None => Outcome::Quarantine(Reason::NoReceipt),
    }
}

fn shares(reader: &Reader, packet: &Packet, outcomes: &BTreeMap<EventId, Outcome>) -> Vec<ChainShare> {
    let mut held: BTreeMap<ChainKey, BTreeSet<EventId>> = BTreeMap::new();
    for outcome in outcomes.values() {
        if let Outcome::Shown(shown) = outcome {
            let ids = held.entry(shown.chain).or_default();
            ids.insert(shown.record.id);
            ids.extend(&shown.record.aliases);
        }
    }
    let parsed: Vec<receipts::Receipt> =
        packet.records.iter().flat_map(|r| [&r.receipt, &r.newest]).filter_map(receipts::parse).collect();
    held.into_iter()
        .filter_map(|(chain, ids)| {
            let state = reader.book.chain(&chain)?;
            let newest = parsed.iter().filter(|r| Some(r.id) == state.head || r.n == state.n);
            let as_of = newest.filter_map(|r| r.rows.last()).map(|row| row.received).max()?;
            Some(ChainShare { chain, k: ids.len() as u64, n: state.n, as_of })
        })
        .collect()
}
