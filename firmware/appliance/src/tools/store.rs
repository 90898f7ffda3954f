//! `relaybox store …`: looks at a box's events without serving them.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use relaybox_process::clock::Clock;
use relaybox_store::{Store, StoreConfig};

use super::{Failure, say};

const EVENTS: &str = "events.db";

/// Why the events cannot be looked at.
#[derive(Debug, thiserror::Error)]
enum StoreToolError {
    #[error("find {EVENTS} in {0} or in its folder relay")]
    NoStore(PathBuf),
    #[error("write {0}: a file of that name exists")]
    Exists(PathBuf),
    #[error("find the store whole: {0} faults")]
    Faults(usize),
}

/// Prints every fault found, or that there is none.
pub(crate) async fn check(data: &Path) -> Result<(), Failure> {
    let store = open(&state_of(data)?).await?;
    let faults = store.check().await?;
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
