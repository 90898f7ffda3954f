//! A box that writes receipts for tests: a plain list of arrivals, due rows per chain, and the two
//! policy chains kept in step, as PROTOCOL 2.5 says.

use std::collections::BTreeMap;

use super::{ChainKey, NewReceipt, PolicyMark, Row, build};
use crate::policy::world::{World, keys};
use crate::{Event, EventId};

#[derive(Default)]
pub(crate) struct Scribe {
    pub(crate) receipts: Vec<Event>,
    pub(crate) events: Vec<Event>,
    heads: BTreeMap<ChainKey, (u64, EventId)>,
    pub(crate) box_name: String,
}

impl Scribe {
    pub(crate) fn new() -> Self {
        Self { box_name: "box".to_owned(), ..Self::default() }
    }

    pub(crate) fn mark(&self) -> PolicyMark {
        let head = |chain| self.heads.get(&chain).map(|(_, id)| *id);
        PolicyMark { public: head(ChainKey::Policy), staff: head(ChainKey::PolicyStaff) }
    }

    /// Writes one receipt with one row into a chain.
    pub(crate) fn write(&mut self, world: &World, chain: ChainKey, row: Row, mark: PolicyMark) -> Event {
        let (before, prev) = match self.heads.get(&chain) {
            Some((n, id)) => (*n, Some(*id)),
            None => (0, None),
        };
        let epoch_key = match chain {
            ChainKey::Clinical { compartment, .. } => Some(world.e(compartment)),
            _ => None,
        };
        let new = NewReceipt { chain, epoch_key, before, prev, mark, rows: &[row], created_at: world.now };
        let receipt = build(&keys(&self.box_name), &new);
        self.heads.insert(chain, (before + 1, receipt.id));
        self.receipts.push(receipt.clone());
        receipt
    }

    /// A policy event that has just counted in the world.
    pub(crate) fn policy(&mut self, world: &World, event: &Event) {
        self.clinical_and_policy(world, event, true);
    }

    /// A record that arrives now.
    pub(crate) fn record(&mut self, world: &World, event: &Event) {
        self.clinical_and_policy(world, event, false);
    }

    fn clinical_and_policy(&mut self, world: &World, event: &Event, policy: bool) {
        let row = Row { id: event.id, received: world.now, import: false };
        let mark = self.mark();
        let view = world.policy.now(world.now);
        if policy && let Some(chain) = world.policy.chain_of(event) {
            self.write(world, chain, row, mark);
        }
        if crate::kinds::is_clinical(event.kind.as_u16()) {
            let chain = ChainKey::of_clinical(&view, event).unwrap();
            self.write(world, chain, row, mark);
        }
        self.events.push(event.clone());
    }
}
