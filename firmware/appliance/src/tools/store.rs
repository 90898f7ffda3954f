//! `relaybox store …`: looks at a box's events without serving them.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use relaybox_process::clock::Clock;
use relaybox_protocol::event::{EVENT_BYTES_MAX, Verified, key_from_hex};
use relaybox_protocol::policy::{Policy, View};
use relaybox_protocol::receipts::{Completeness, Readership, ReceiptBook};
use relaybox_protocol::{Event, EventId, PublicKey, kinds};
use relaybox_store::{Change, Store, StoreConfig};

use super::{Failure, say};

const EVENTS: &str = "events.db";
const PRACTICE: &str = "practice";

/// Why the events cannot be looked at.
#[derive(Debug, thiserror::Error)]
enum StoreToolError {
    #[error("find {EVENTS} in {0} or in its folder relay")]
    NoStore(PathBuf),
    #[error("write {0}: a file of that name exists")]
    Exists(PathBuf),
    #[error("read the practice key in {0}")]
    Practice(PathBuf),
    #[error("find the store whole: {0} faults")]
    Faults(usize),
}

/// Prints every fault found, or that there is none.
pub(crate) async fn check(data: &Path) -> Result<(), Failure> {
    let state = state_of(data)?;
    let store = open(&state).await?;
    let mut faults = store.check().await?;
    if let Some(practice) = practice(&state)? {
        let changes = store.changes(0).await?;
        faults.extend(policy_faults(practice, &changes, Clock::System.now()));
    }
    for fault in &faults {
        say(&format!("{fault}\n"))?;
    }
    if !faults.is_empty() {
        return Err(StoreToolError::Faults(faults.len()).into());
    }
    say(&format!("the store is whole: {} arrivals\n", store.head().await?.n))
}

/// Writes a consistent copy, also while the box runs.
pub(crate) async fn snapshot(data: &Path, into: &Path) -> Result<(), Failure> {
    if into.exists() {
        return Err(StoreToolError::Exists(into.to_owned()).into());
    }
    let store = open(&state_of(data)?).await?;
    let head = store.snapshot(into).await?;
    say(&format!("wrote {} up to arrival {}\n", into.display(), head.n))
}

/// The relay's state directory, or the directory of `relaybox dev` that holds it.
fn state_of(data: &Path) -> Result<PathBuf, StoreToolError> {
    let candidates = [data.to_owned(), data.join("relay")];
    let found = candidates.into_iter().find(|directory| directory.join(EVENTS).is_file());
    found.ok_or_else(|| StoreToolError::NoStore(data.to_owned()))
}

async fn open(state: &Path) -> Result<Store, relaybox_store::StoreError> {
    let clock = Clock::System;
    Store::open(&StoreConfig::at(state.join(EVENTS)), Arc::new(move || clock.now())).await
}

fn practice(state: &Path) -> Result<Option<PublicKey>, StoreToolError> {
    let path = state.join(PRACTICE);
    match std::fs::read_to_string(&path) {
        Ok(text) => {
            key_from_hex(text.trim_end()).map(Some).ok_or_else(|| StoreToolError::Practice(path.clone()))
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(_) => Err(StoreToolError::Practice(path)),
    }
}

/// Folds the membership events twice, in arrival order as the relay does and in receipt order as every
/// reader does, and names what differs.
fn policy_faults(practice: PublicKey, changes: &[Change], now: u64) -> Vec<String> {
    let mut faults = Vec::new();
    let (mut receipts, mut events) = (Vec::new(), Vec::new());
    let mut by_arrival = Policy::new(practice);
    for change in changes {
        let event = match Verified::parse(&change.bytes, EVENT_BYTES_MAX) {
            Ok(verified) => verified.event().clone(),
            Err(refusal) => {
                faults.push(format!("arrival {}: {refusal}", change.seq));
                continue;
            }
        };
        if event.kind.as_u16() == kinds::RECEIPT {
            receipts.push(event);
        } else {
            // An event that does not count is stored all the same.
            let _ = by_arrival.apply(&event, change.seq, change.received);
            events.push((event, change));
        }
    }
    let plain: Vec<Event> = events.iter().map(|(event, _)| event.clone()).collect();
    let book = ReceiptBook::read(practice, Readership::Staff, &receipts, &plain);
    if !receipts.is_empty() && book.policy_state() != Completeness::Whole {
        faults.push(format!("policy receipts: {:?}", book.policy_state()));
    }
    let by_receipts = with_waiting(&book, &events);
    faults.extend(differences(&by_arrival.now(now), &by_receipts.now(now)));
    faults
}

/// What no receipt names yet counts after all that one names, by arrival.
fn with_waiting(book: &ReceiptBook, events: &[(Event, &Change)]) -> Policy {
    let mut policy = book.policy().clone();
    let named: BTreeSet<EventId> = book
        .chains()
        .filter(|(key, _)| key.policy_word().is_some())
        .flat_map(|(_, state)| state.ids.iter().copied())
        .collect();
    for (event, change) in events.iter().filter(|(event, _)| !named.contains(&event.id)) {
        let at = policy.newest().saturating_add(1);
        let _ = policy.apply(event, at, change.received);
    }
    policy
}

fn differences(arrival: &View<'_>, receipts: &View<'_>) -> Vec<String> {
    let mut different = Vec::new();
    let mut compare = |what: &str, same: bool| {
        if !same {
            different.push(format!("policy: {what} differ between arrival and receipts"));
        }
    };
    compare("practice keys", arrival.practices() == receipts.practices());
    compare("epochs", numbers(arrival) == numbers(receipts));
    compare("members", sorted(arrival.members(), |m| m.key) == sorted(receipts.members(), |m| m.key));
    compare("agents", sorted(arrival.agents(), |a| a.key) == sorted(receipts.agents(), |a| a.key));
    let patients = sorted(arrival.patients(), |p| p.subject);
    compare("patients", patients == sorted(receipts.patients(), |p| p.subject));
    let links = |view: &View<'_>| {
        let of_patient = |patient: &relaybox_protocol::policy::Patient| {
            sorted(view.guardians_of(&patient.subject), |link| link.guardian)
        };
        patients.iter().map(of_patient).collect::<Vec<_>>()
    };
    compare("guardian links", links(arrival) == links(receipts));
    compare("suspensions", set(arrival.public_suspensions()) == set(receipts.public_suspensions()));
    different
}

fn numbers(view: &View<'_>) -> Vec<u64> {
    view.epochs().iter().map(|epoch| epoch.n).collect()
}

fn sorted<T, K: Ord>(mut list: Vec<T>, key: impl Fn(&T) -> K) -> Vec<T> {
    list.sort_by_key(key);
    list
}

fn set(ids: Vec<EventId>) -> BTreeSet<EventId> {
    ids.into_iter().collect()
}
