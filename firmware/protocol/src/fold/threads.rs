//! Messages in threads. A reply names any message of its thread; the former system named the root.

use std::collections::{BTreeMap, BTreeSet};

use super::record::Marker;
use super::versions::{Index, Item};
use crate::EventId;

/// One conversation in receipt order.
#[derive(Debug, Clone, PartialEq)]
pub struct Thread {
    /// Id of the first message; when that is not here, the id that its replies name.
    pub id: EventId,
    pub messages: Vec<Item>,
}

/// Puts message items, already in display order, into threads.
pub(super) fn threads(list: Vec<Item>, index: &Index) -> Vec<Thread> {
    let position = |id: &EventId| list.iter().position(|item| item.has(id));
    let mut thread_of: Vec<usize> = (0..list.len()).collect();
    let mut missing: BTreeMap<EventId, usize> = BTreeMap::new();
    let mut named_missing: BTreeSet<(usize, EventId)> = BTreeSet::new();
    for (at, item) in list.iter().enumerate() {
        for (_, named) in
            item.versions.iter().flat_map(|v| v.record.marked()).filter(|(m, _)| *m == Marker::Reply)
        {
            let target = match index.get(&named) {
                Some(to) => {
                    let holds = to.kind == item.kind
                        && list
                            .iter()
                            .any(|i| i.has(&to.id) && i.attached.iter().any(|(_, by)| item.has(by)));
                    position(&to.id).filter(|_| holds)
                }
                None => {
                    named_missing.insert((at, named));
                    Some(*missing.entry(named).or_insert(at))
                }
            };
            if let Some(target) = target {
                let (from, to) = (thread_of[at], thread_of[target]);
                let (keep, drop) = (from.min(to), from.max(to));
                thread_of.iter_mut().filter(|t| **t == drop).for_each(|t| *t = keep);
            }
        }
    }
    let mut out: BTreeMap<usize, Vec<Item>> = BTreeMap::new();
    let mut roots: BTreeMap<usize, EventId> = BTreeMap::new();
    for (at, named) in named_missing {
        roots.entry(thread_of[at]).or_insert(named);
    }
    for (at, item) in list.into_iter().enumerate() {
        out.entry(thread_of[at]).or_default().push(item);
    }
    out.into_iter()
        .filter_map(|(at, messages)| {
            let first = messages.first()?;
            let id = roots.get(&at).copied().unwrap_or(first.id);
            Some(Thread { id, messages })
        })
        .collect()
}
