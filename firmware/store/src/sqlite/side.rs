//! Small databases beside the practice's own: one connection, used by one caller at a time, off the async threads.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::{Connection, TransactionBehavior};

use super::error::fail;
use super::migrate::{open_side, open_side_reader};
use crate::{Result, StoreError};

/// Which kind of file it is: its mark ("rbox" is a practice's store), and the steps of its schema.
pub(super) struct Kind {
    pub(super) application: u32,
    pub(super) steps: &'static [&'static str],
}

#[derive(Debug, Clone)]
pub(super) struct Side {
    conn: Arc<Mutex<Connection>>,
    path: PathBuf,
}

impl Side {
    /// Makes the file when there is none, brings it to the newest version, and refuses a newer one.
    pub(super) async fn open(path: &Path, kind: &'static Kind) -> Result<Self> {
        Self::with(path, move |path| open_side(path, kind.application, kind.steps)).await
    }

    /// Opens it for reading only: also beside the process that writes it.
    pub(super) async fn look(path: &Path, kind: &'static Kind) -> Result<Self> {
        Self::with(path, move |path| open_side_reader(path, kind.application, kind.steps)).await
    }

    async fn with(
        path: &Path,
        open: impl FnOnce(&Path) -> Result<Connection> + Send + 'static,
    ) -> Result<Self> {
        let path = path.to_owned();
        blocking(move || Ok(Self { conn: Arc::new(Mutex::new(open(&path)?)), path })).await
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// All of `work` is one transaction, on disk when this returns; an error leaves nothing of it.
    pub(super) async fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        self.run(TransactionBehavior::Immediate, work).await
    }

    /// All of `work` sees one state of the file.
    pub(super) async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        self.run(TransactionBehavior::Deferred, work).await
    }

    async fn run<T: Send + 'static>(
        &self,
        behavior: TransactionBehavior,
        work: impl FnOnce(&Connection) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let conn = Arc::clone(&self.conn);
        blocking(move || {
            // A transaction that a panic cut short was rolled back when it was dropped.
            let mut conn = conn.lock().unwrap_or_else(PoisonError::into_inner);
            let tx = conn.transaction_with_behavior(behavior).map_err(fail)?;
            let done = work(&tx)?;
            tx.commit().map_err(fail)?;
            Ok(done)
        })
        .await
    }
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or_else(|error| Err(StoreError::Unavailable(Box::new(error))))
}
