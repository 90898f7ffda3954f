//! Events of one signer with one `r` are one act (PROTOCOL 2.1, 2.8.9): a lost OK makes no second dose.

use std::collections::BTreeMap;

use super::record::Record;
use crate::EventId;

/// Joins retries: the first by receipt stays and bears the other ids as aliases. Returns the ids of events
/// that share signer and `r` with an earlier one and differ in what a retry may not change; they leave the
/// list (reason `retry-differs`). An id that stands twice counts once.
pub fn join(records: &mut Vec<Record>) -> Vec<EventId> {
    records.sort_by_key(|record| (record.order, record.id));
    let mut kept: Vec<Record> = Vec::with_capacity(records.len());
    let mut by_id = BTreeMap::new();
    let mut by_act = BTreeMap::new();
    let mut differing = Vec::new();
    for record in records.drain(..) {
        if by_id.insert(record.id, ()).is_some() {
            continue;
        }
        let Some(act) = record.act else {
            kept.push(record);
            continue;
        };
        match by_act.get(&(record.signer, act.r)) {
            None => {
                by_act.insert((record.signer, act.r), kept.len());
                kept.push(record);
            }
            Some(&first) => {
                let first: &mut Record = &mut kept[first];
                if first.act == Some(act) {
                    first.aliases.push(record.id);
                } else {
                    differing.push(record.id);
                }
            }
        }
    }
    *records = kept;
    differing
}
