//! Clinical receipt chains (PROTOCOL 2.5, 2.8.11, 2.8.12): which row names an event, gaps, forks, k of n.

use std::collections::{BTreeMap, BTreeSet};

use crate::event::p_tag;
use crate::fold::ReceiptOrder;
use crate::permissions::Compartment;
use crate::policy::Person;
use crate::receipts::{self, ChainKey, Receipt};
use crate::{Event, EventId, PublicKey, kinds};

use super::history::History;

/// A receipt whose signer was certified at the place it names.
#[derive(Debug, Clone)]
struct Counted {
    receipt: Receipt,
    /// n of the epoch that certified the signer: a later one makes earlier ones void.
    box_since: u64,
}

/// The row that names an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct RowAt {
    pub(super) chain: ChainKey,
    pub(super) order: ReceiptOrder,
    pub(super) import: bool,
}

/// What the receipts of a chain say of themselves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ChainState {
    /// From the first row to the last receipt here without a hole.
    Whole,
    /// A receipt is missing: incomplete.
    Gap,
    /// Two receipts follow the same one: completeness is unknown.
    Fork,
}

/// k of n over one or more chains.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Completeness {
    /// Named events at hand.
    pub k: u64,
    /// Events named so far.
    pub n: u64,
    /// Named, not at hand, and named by a destruction order: destroyed, not withheld.
    pub destroyed: u64,
    pub state: ChainState,
}

impl Completeness {
    /// True when everything named is at hand or destroyed. Never true of a chain with gap or fork.
    pub fn is_complete(&self) -> bool {
        self.state == ChainState::Whole && self.k + self.destroyed == self.n
    }
}

#[derive(Default)]
pub(super) struct Chains {
    chains: BTreeMap<ChainKey, BTreeMap<EventId, Counted>>,
    rows: BTreeMap<ChainKey, BTreeMap<EventId, RowAt>>,
}

impl Chains {
    /// Adds clinical receipts whose id, signature and signer hold; others are passed over.
    pub(super) fn add(&mut self, history: &History, events: &[Event]) {
        let mut touched = BTreeSet::new();
        for event in events.iter().filter(|event| event.kind.as_u16() == kinds::RECEIPT) {
            let Some((chain, counted)) = judge(history, event) else { continue };
            let list = self.chains.entry(chain).or_default();
            if !list.contains_key(&event.id) && crate::event::verify(event).is_ok() {
                list.insert(event.id, counted);
                touched.insert(chain);
            }
        }
        for chain in touched {
            self.index(history, chain);
        }
    }

    fn index(&mut self, history: &History, chain: ChainKey) {
        let mut rows: BTreeMap<EventId, RowAt> = BTreeMap::new();
        for counted in self.in_force(&chain) {
            let before = counted.receipt.n.saturating_sub(counted.receipt.rows.len() as u64);
            for (at, row) in (1..).zip(&counted.receipt.rows) {
                let Some(position) = history.place_of(&counted.receipt.mark, row.received) else { continue };
                let order = ReceiptOrder { position, received: row.received, n: before + at };
                let found = RowAt { chain, order, import: row.import };
                let first = rows.entry(row.id).or_insert(found);
                if order < first.order {
                    *first = found;
                }
            }
        }
        self.rows.insert(chain, rows);
    }

    /// The receipts of a chain without those of an old box key that lie after the new key's first one.
    fn in_force(&self, chain: &ChainKey) -> Vec<Counted> {
        let all: Vec<&Counted> = self.chains.get(chain).into_iter().flat_map(BTreeMap::values).collect();
        let start = |counted: &Counted| counted.receipt.n.saturating_sub(counted.receipt.rows.len() as u64);
        let void = |counted: &Counted| {
            let newer = all.iter().filter(|other| other.box_since > counted.box_since);
            newer.map(|other| start(other)).min().is_some_and(|new| counted.receipt.n > new)
        };
        all.iter().filter(|counted| !void(counted)).map(|counted| (*counted).clone()).collect()
    }

    pub(super) fn keys(&self) -> impl Iterator<Item = ChainKey> + '_ {
        self.chains.keys().copied()
    }

    /// The first row that names the event in the chain that its own X and first `p` give (PROTOCOL 2.8.12).
    pub(super) fn row_of(&self, history: &History, event: &Event) -> Option<RowAt> {
        let subjects = match p_tag(event, 1) {
            Some(second) => vec![Some(second)],
            None => vec![Some(event.pubkey), None],
        };
        let keys = subjects.iter().flat_map(|subject| {
            Compartment::ALL.map(|compartment| ChainKey::Clinical { compartment, subject: *subject })
        });
        let rows = keys.filter_map(|key| self.rows.get(&key)?.get(&event.id)).copied();
        rows.filter(|row| stands_in(history, event, row)).min_by_key(|row| row.order)
    }

    pub(super) fn completeness(
        &self,
        chains: &[ChainKey],
        present: &BTreeSet<EventId>,
        destroyed: impl Fn(&EventId) -> bool,
    ) -> Completeness {
        let mut sum = Completeness { k: 0, n: 0, destroyed: 0, state: ChainState::Whole };
        for chain in chains.iter().collect::<BTreeSet<_>>() {
            let receipts = self.in_force(chain);
            let named: BTreeSet<EventId> =
                receipts.iter().flat_map(|c| c.receipt.rows.iter().map(|row| row.id)).collect();
            sum.n += receipts.iter().map(|c| c.receipt.n).max().unwrap_or(0);
            sum.k += named.iter().filter(|id| present.contains(id)).count() as u64;
            sum.destroyed += named.iter().filter(|id| !present.contains(id) && destroyed(id)).count() as u64;
            sum.state = sum.state.max(state(&receipts));
        }
        sum
    }
}

/// The chain and place of a clinical receipt; none when it does not count.
fn judge(history: &History, event: &Event) -> Option<(ChainKey, Counted)> {
    let receipt = receipts::parse(event).filter(|receipt| receipt.policy_chain.is_none())?;
    let received = receipt.rows.first()?.received;
    let position = history.place_of(&receipt.mark, received)?;
    let view = history.at(position, received);
    if !view.certified_box(&receipt.signer) {
        return None;
    }
    let box_since = view
        .epochs()
        .iter()
        .rev()
        .take_while(|e| e.n == 0 || e.receipts == receipt.signer)
        .map(|e| e.n)
        .filter(|n| *n > 0)
        .min()?;
    let compartment = view.compartment_of(&receipt.epoch_key?)?;
    let chain = ChainKey::Clinical { compartment, subject: receipt.subject };
    Some((chain, Counted { receipt, box_since }))
}

/// PROTOCOL 2.8.12. X is the second `p`; without one the author if not staff; else none. When the first `p`
/// is no epoch key at all, X alone must fit: the reason is then `epoch`.
fn stands_in(history: &History, event: &Event, row: &RowAt) -> bool {
    let ChainKey::Clinical { compartment, subject } = row.chain else { return false };
    let view = history.at(row.order.position, row.order.received);
    if subject_of(event, || matches!(view.person(&event.pubkey), Person::Member(_))) != subject {
        return false;
    }
    let own: Option<Compartment> = p_tag(event, 0).and_then(|key| view.compartment_of(&key));
    own.is_none_or(|own| own == compartment)
}

fn subject_of(event: &Event, by_staff: impl Fn() -> bool) -> Option<PublicKey> {
    p_tag(event, 1).or_else(|| (!by_staff()).then_some(event.pubkey))
}

fn state(receipts: &[Counted]) -> ChainState {
    let mut followers: BTreeMap<Option<EventId>, u64> = BTreeMap::new();
    for counted in receipts {
        *followers.entry(counted.receipt.prev).or_default() += 1;
    }
    if followers.values().any(|count| *count > 1) {
        return ChainState::Fork;
    }
    let by_id: BTreeMap<EventId, &Receipt> = receipts.iter().map(|c| (c.receipt.id, &c.receipt)).collect();
    let whole = receipts.iter().all(|counted| {
        let before = counted.receipt.n.checked_sub(counted.receipt.rows.len() as u64);
        match counted.receipt.prev {
            None => before == Some(0),
            Some(prev) => by_id.get(&prev).is_some_and(|last| before == Some(last.n)),
        }
    });
    if whole { ChainState::Whole } else { ChainState::Gap }
}
