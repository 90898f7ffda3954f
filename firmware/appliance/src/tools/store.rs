//! `relaybox store …`: looks at a box's events without serving them.

use std::path::{Path, PathBuf};

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
    let (head, faults) = Store::check_file(&store_of(data)?).await?;
    for fault in &faults {
        say(&format!("{fault}\n"))?;
    }
    if !faults.is_empty() {
        return Err(StoreToolError::Faults(faults.len()).into());
    }
    say(&format!("the store is whole: {} arrivals\n", head.n))
}

/// Writes a consistent copy, also while the box runs.
pub(crate) async fn snapshot(data: &Path, into: &Path) -> Result<(), Failure> {
    if into.exists() {
        return Err(StoreToolError::Exists(into.to_owned()).into());
    }
    let head = Store::snapshot_file(&store_of(data)?, into).await?;
    say(&format!("wrote {} up to arrival {}\n", into.display(), head.n))
}

/// The events of a relay's state directory, or of the directory of `relaybox dev` that holds it.
fn store_of(data: &Path) -> Result<StoreConfig, StoreToolError> {
    let candidates = [data.join(EVENTS), data.join("relay").join(EVENTS)];
    let found = candidates.into_iter().find(|file| file.is_file());
    found.map(StoreConfig::at).ok_or_else(|| StoreToolError::NoStore(data.to_owned()))
}
