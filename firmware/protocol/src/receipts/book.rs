//! Receipt chains as a reader sees them (PROTOCOL 2.5, 2.8.11–13): which rows count, at which policy
//! position, and what can be said about completeness.

mod chain;
mod order;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::policy::{Policy, Position, View};
use crate::{Event, EventId, PublicKey, event, kinds};

use super::{ChainKey, Receipt, Row, parse, subject_of};
use chain::{Generations, Walk};
use order::Order;

/// Which policy chains a reader may read. A family reads that of all members, and takes the relay's
/// word for the links, suspensions and client grants that name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Readership {
    Staff,
    Members,
}

/// What can be said about a chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Completeness {
    /// Every receipt from the first to the newest one present.
    Whole,
    /// A receipt in between is missing. The rows of those present count.
    Gap,
    /// Two receipts continue the same one. The rows of both count in a clinical chain; in a policy
    /// chain nothing after it counts.
    Fork,
}

/// A chain as far as it is present.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChainState {
    pub completeness: Completeness,
    /// Events named so far, as the newest receipt says.
    pub n: u64,
    /// Newest receipt that counts; none when a fork leaves two.
    pub head: Option<EventId>,
    /// Ids that count, in chain order.
    pub ids: Vec<EventId>,
}

/// The row by which an event counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Receipted {
    pub chain: ChainKey,
    pub receipt: EventId,
    /// Place in the chain, from 1.
    pub n: u64,
    /// Unix seconds.
    pub received: u64,
    pub import: bool,
    /// Policy position at the event's arrival. None when its mark names a policy receipt that does
    /// not count: reason `no-receipt`.
    pub position: Option<Position>,
    /// The first position at which a family, who cannot tell what came first within one second, may
    /// place the event; otherwise equal to `position`.
    pub earliest: Option<Position>,
}

/// How much of a chain a selection holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Share {
    /// Events of the chain that are held.
    pub k: u64,
    /// Events of the chain that a 2127 destroyed and that are not held: not withheld.
    pub destroyed: u64,
    /// Events of the chain. None: completeness unknown (gap or fork).
    pub n: Option<u64>,
    /// When the first event was received that is neither held nor destroyed, in unix seconds; up to then the
    /// selection is whole. None: no such event is named.
    pub since: Option<u64>,
}

impl Share {
    /// Nothing but destroyed events is missing.
    pub fn is_complete(&self) -> bool {
        self.n.is_some_and(|n| self.k + self.destroyed == n)
    }
}

/// All receipts of one practice that a reader holds, checked.
#[derive(Debug, Clone)]
pub struct ReceiptBook {
    policy: Policy,
    policy_state: Completeness,
    chains: BTreeMap<ChainKey, ChainState>,
    rows: HashMap<EventId, Vec<Receipted>>,
}

impl ReceiptBook {
    /// Reads receipts and policy events whose ids and signatures hold, in any order. `practice` is
    /// the P of the claim, or one that followed it by 2107s which are among the events.
    pub fn read(practice: PublicKey, readership: Readership, receipts: &[Event], events: &[Event]) -> Self {
        Self::read_policy(practice, readership, &[], receipts, events)
    }

    /// The same for a reader of policy alone, to whom nobody shows the imported events: `imported` are the T's that
    /// stand in them by the box's word.
    pub fn read_policy(
        practice: PublicKey,
        readership: Readership,
        imported: &[PublicKey],
        receipts: &[Event],
        events: &[Event],
    ) -> Self {
        let practice = origin(practice, events);
        let by_id: HashMap<EventId, &Event> = events.iter().map(|event| (event.id, event)).collect();
        let mut parsed: Vec<Receipt> = receipts.iter().filter_map(parse).collect();
        parsed.sort_by_key(|receipt| (receipt.n, receipt.id));
        parsed.dedup_by_key(|receipt| receipt.id);
        let (policy_receipts, clinical): (Vec<_>, Vec<_>) =
            parsed.iter().partition(|receipt| receipt.policy_chain.is_some());
        let mut order = Order::of(practice, readership, &policy_receipts, &by_id);
        let mut policy = Policy::new(practice);
        imported.iter().for_each(|subject| policy.note_import(*subject));
        let policy = order.fold(policy, readership, &clinical, events, &by_id);
        let mut book =
            Self { policy, policy_state: order.state(), chains: BTreeMap::new(), rows: HashMap::new() };
        book.read_clinical(&clinical, &order);
        book.note_policy_rows(&order);
        book
    }

    /// Policy as these receipts order it.
    pub fn policy(&self) -> &Policy {
        &self.policy
    }

    /// Whether the policy chains are whole. If not, clients stop writing and say so.
    pub fn policy_state(&self) -> Completeness {
        self.policy_state
    }

    pub fn chain(&self, key: &ChainKey) -> Option<&ChainState> {
        self.chains.get(key)
    }

    pub fn chains(&self) -> impl Iterator<Item = (&ChainKey, &ChainState)> {
        self.chains.iter()
    }

    /// The row by which this clinical event counts: the first one in the chain that its own X and
    /// first `p` give; if the first `p` is no E of any counted 2105, X alone must fit.
    pub fn receipted(&self, event: &Event) -> Option<Receipted> {
        let view = self.policy.now(0);
        match ChainKey::of_clinical(&view, event) {
            Some(chain) => self.in_chain(&event.id, &chain),
            None => self.by_subject(event),
        }
    }

    /// The first row of an id in a chain.
    pub fn in_chain(&self, id: &EventId, chain: &ChainKey) -> Option<Receipted> {
        self.rows.get(id)?.iter().find(|row| row.chain == *chain).copied()
    }

    /// k of n of one chain for a selection of held ids (PROTOCOL 2.5).
    pub fn share(&self, chain: &ChainKey, held: &BTreeSet<EventId>) -> Option<Share> {
        let state = self.chains.get(chain)?;
        let view = self.policy.now(0);
        let count = |fits: &dyn Fn(&EventId) -> bool| {
            u64::try_from(state.ids.iter().filter(|id| fits(id)).count()).unwrap_or(u64::MAX)
        };
        let whole = state.completeness == Completeness::Whole;
        let missing = state.ids.iter().filter(|id| !held.contains(id) && !view.destroyed(id));
        let since = missing.filter_map(|id| self.in_chain(id, chain)).map(|row| row.received).min();
        Some(Share {
            k: count(&|id| held.contains(id)),
            destroyed: count(&|id| !held.contains(id) && view.destroyed(id)),
            n: whole.then_some(state.n),
            since,
        })
    }

    fn by_subject(&self, event: &Event) -> Option<Receipted> {
        let subject = subject_of(event);
        let rows = self
            .rows
            .get(&event.id)
            .into_iter()
            .flatten()
            .filter(|row| matches!(row.chain, ChainKey::Clinical { subject: x, .. } if x == subject));
        rows.min_by_key(|row| (row.position, row.received)).copied()
    }

    fn read_clinical(&mut self, receipts: &[&Receipt], order: &Order<'_>) {
        let policy = self.policy.clone();
        let view = policy.now(0);
        let generations = Generations::of(&view);
        let mut groups: BTreeMap<ChainKey, Vec<&Receipt>> = BTreeMap::new();
        for receipt in receipts {
            if !signer_fits(&policy, &generations, order, receipt) {
                continue;
            }
            let Some(chain) = chain_of(&view, receipt) else { continue };
            groups.entry(chain).or_default().push(receipt);
        }
        for (chain, receipts) in groups {
            let walk = Walk::of(&receipts, &generations);
            self.note_rows(chain, &walk, |receipt, row| order.positions_then(&receipt.mark, row.received));
        }
    }

    fn note_policy_rows(&mut self, order: &Order<'_>) {
        for (chain, walk) in order.walks() {
            let positions = &order.positions;
            let own = |receipt: &Receipt, _: &Row| positions.get(&receipt.id).map(|at| (*at, *at));
            self.note_rows(chain, &walk, own);
        }
    }

    fn note_rows(
        &mut self,
        chain: ChainKey,
        walk: &Walk<'_>,
        positions: impl Fn(&Receipt, &Row) -> Option<(Position, Position)>,
    ) {
        let mut ids = Vec::new();
        let mut seen = BTreeSet::new();
        for receipt in &walk.receipts {
            for (n, row) in numbered(receipt) {
                // An id counts at its first receipt only.
                if !seen.insert(row.id) {
                    continue;
                }
                ids.push(row.id);
                let (earliest, position) = positions(receipt, row).unzip();
                self.rows.entry(row.id).or_default().push(Receipted {
                    chain,
                    receipt: receipt.id,
                    n,
                    received: row.received,
                    import: row.import,
                    position,
                    earliest,
                });
            }
        }
        let n = walk.receipts.iter().map(|receipt| receipt.n).max().unwrap_or_default();
        let state = ChainState { completeness: walk.completeness, n, head: walk.head, ids };
        self.chains.insert(chain, state);
    }
}

/// P of the claim: each later practice key names the one before it in its 2107. One that names two names none.
fn origin(practice: PublicKey, events: &[Event]) -> PublicKey {
    let successions: Vec<&Event> =
        events.iter().filter(|event| event.kind.as_u16() == kinds::SUCCESSION).collect();
    let mut line = vec![practice];
    loop {
        let Some(newest) = line.last().copied() else { return practice };
        let named = successions.iter().filter(|event| event.pubkey == newest);
        let former: BTreeSet<PublicKey> = named.filter_map(|event| event::p_tag(event, 0)).collect();
        match former.first() {
            Some(before) if former.len() == 1 && !line.contains(before) => line.push(*before),
            _ => return newest,
        }
    }
}

/// Rows with their places in the chain, from 1.
fn numbered(receipt: &Receipt) -> impl Iterator<Item = (u64, &Row)> {
    let rows = u64::try_from(receipt.rows.len()).unwrap_or(u64::MAX);
    (receipt.n.saturating_sub(rows) + 1..).zip(&receipt.rows)
}

fn chain_of(view: &View<'_>, receipt: &Receipt) -> Option<ChainKey> {
    let compartment = view.compartment_of(&receipt.epoch_key?)?;
    Some(ChainKey::Clinical { compartment, subject: receipt.subject })
}

/// A certified box signs, and none that was followed by another before the policy position that the
/// receipt names. A later box may name an earlier position: it writes what the former left undone.
fn signer_fits(policy: &Policy, generations: &Generations, order: &Order<'_>, receipt: &Receipt) -> bool {
    let Some(signer) = generations.get(&receipt.signer) else { return false };
    let Some(position) = order.position(&receipt.mark) else { return true };
    let certified = policy.at(position, 0).epoch().and_then(|epoch| generations.get(&epoch.receipts));
    certified.is_some_and(|certified| signer >= certified)
}
