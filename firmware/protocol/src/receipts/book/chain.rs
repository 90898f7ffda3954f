//! One chain of receipts, ordered by `prev`.

use std::collections::{BTreeSet, HashMap};

use crate::policy::View;
use crate::{EventId, PublicKey};

use super::super::Receipt;
use super::Completeness;

/// Box keys in the order in which 2105s certified them. A later key's receipts win over those by
/// which a former key goes on from the same place.
#[derive(Debug, Clone)]
pub(super) struct Generations(HashMap<PublicKey, usize>);

impl Generations {
    pub(super) fn of(view: &View<'_>) -> Self {
        let mut order = HashMap::new();
        for epoch in view.epochs().into_iter().filter(|epoch| epoch.n > 0) {
            let next = order.len();
            order.entry(epoch.receipts).or_insert(next);
        }
        Self(order)
    }

    pub(super) fn get(&self, key: &PublicKey) -> Option<usize> {
        self.0.get(key).copied()
    }
}

/// The receipts of one chain that count, in chain order.
#[derive(Debug, Clone)]
pub(super) struct Walk<'a> {
    pub(super) receipts: Vec<&'a Receipt>,
    pub(super) completeness: Completeness,
    pub(super) head: Option<EventId>,
}

/// A place from which receipts go on.
struct Place {
    prev: Option<EventId>,
    generation: usize,
    /// Rows before; none after a missing receipt.
    before: Option<u64>,
}

impl<'a> Walk<'a> {
    /// Follows `prev` from the first receipt, and from each missing one.
    pub(super) fn of(receipts: &[&'a Receipt], generations: &Generations) -> Self {
        let present: BTreeSet<EventId> = receipts.iter().map(|receipt| receipt.id).collect();
        let mut by_prev: HashMap<Option<EventId>, Vec<&'a Receipt>> = HashMap::new();
        for receipt in receipts {
            by_prev.entry(receipt.prev).or_default().push(receipt);
        }
        let missing: BTreeSet<EventId> =
            by_prev.keys().flatten().filter(|prev| !present.contains(*prev)).copied().collect();
        let mut places = vec![Place { prev: None, generation: 0, before: Some(0) }];
        let missed = missing.iter().map(|prev| Place { prev: Some(*prev), generation: 0, before: None });
        places.extend(missed);
        let (mut gap, mut fork) = (!missing.is_empty(), false);
        let mut counted: Vec<&Receipt> = Vec::new();
        while let Some(place) = places.pop() {
            let next = successors(&by_prev, &place, generations);
            fork |= next.len() > 1;
            for (generation, receipt) in next {
                let rows = u64::try_from(receipt.rows.len()).unwrap_or(u64::MAX);
                gap |= place.before.is_some_and(|before| before + rows != receipt.n);
                counted.push(receipt);
                places.push(Place { prev: Some(receipt.id), generation, before: Some(receipt.n) });
            }
        }
        counted.sort_by_key(|receipt| (receipt.n, receipt.id));
        let completeness = match (fork, gap) {
            (true, _) => Completeness::Fork,
            (false, true) => Completeness::Gap,
            (false, false) => Completeness::Whole,
        };
        let head = counted.last().filter(|_| !fork).map(|receipt| receipt.id);
        Self { receipts: counted, completeness, head }
    }
}

/// Those of the newest box key among the receipts that go on from here.
fn successors<'a>(
    by_prev: &HashMap<Option<EventId>, Vec<&'a Receipt>>,
    place: &Place,
    generations: &Generations,
) -> Vec<(usize, &'a Receipt)> {
    let dated: Vec<_> = by_prev
        .get(&place.prev)
        .into_iter()
        .flatten()
        .filter_map(|receipt| Some((generations.get(&receipt.signer)?, *receipt)))
        .filter(|(generation, _)| *generation >= place.generation)
        .collect();
    let newest = dated.iter().map(|(generation, _)| *generation).max();
    dated.into_iter().filter(|(generation, _)| Some(*generation) == newest).collect()
}
