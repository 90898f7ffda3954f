//! SQLite's errors as the store's.

use std::sync::Arc;

use rusqlite::{Error, ErrorCode};

use crate::StoreError;

/// A broken file is `Corrupt`; a full disk, an IO error or a locked file is `Unavailable`.
pub(super) fn fail(error: Error) -> StoreError {
    match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
            StoreError::Corrupt("the database file is damaged".into())
        }
        Some(_) => StoreError::Unavailable(Box::new(error)),
        None => StoreError::Corrupt("a column has another type".into()),
    }
}

pub(super) fn corrupt(what: &str) -> StoreError {
    StoreError::Corrupt(what.into())
}

/// The same error for each of several callers whose work was in one transaction.
#[derive(Debug, Clone, thiserror::Error)]
#[error("commit")]
pub(super) struct Shared(#[source] Arc<StoreError>);

impl Shared {
    pub(super) fn new(error: StoreError) -> Self {
        Self(Arc::new(error))
    }

    pub(super) fn error(&self) -> StoreError {
        match &*self.0 {
            StoreError::Corrupt(what) => StoreError::Corrupt(what.clone()),
            StoreError::WentBack { seen, found } => StoreError::WentBack { seen: *seen, found: *found },
            _ => StoreError::Unavailable(Box::new(self.clone())),
        }
    }
}
