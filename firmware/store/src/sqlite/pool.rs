//! Read-only connections. A lane is one connection with one snapshot; more open as they are needed.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::Connection;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::Watch;
use super::error::fail;
use super::migrate::open_reader;
use super::writer::read_head;
use crate::{Head, Result, StoreError};

#[derive(Debug)]
pub(super) struct Pool {
    path: PathBuf,
    cache_kib: usize,
    free: Mutex<Vec<Connection>>,
    permits: Arc<Semaphore>,
}

impl Pool {
    pub(super) fn new(path: PathBuf, readers: usize, cache_kib: usize) -> Arc<Self> {
        let permits = Arc::new(Semaphore::new(readers.max(1)));
        Arc::new(Self { path, cache_kib, free: Mutex::default(), permits })
    }

    /// A connection with a snapshot taken now; waits while all are in use.
    pub(super) async fn lane(self: &Arc<Self>, watch: &Watch) -> Result<Lane> {
        let permit = Arc::clone(&self.permits)
            .acquire_owned()
            .await
            .map_err(|error| StoreError::Unavailable(Box::new(error)))?;
        let free = self.free.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let conn = match free {
            Some(conn) => conn,
            None => open_reader(&self.path, self.cache_kib)?,
        };
        let mut lane =
            Lane { conn: Some(conn), pool: Arc::clone(self), head: Head::default(), now: 0, _permit: permit };
        lane.begin(watch)?;
        Ok(lane)
    }
}

/// A snapshot: everything read through it belongs to one position.
#[derive(Debug)]
pub(super) struct Lane {
    conn: Option<Connection>,
    pool: Arc<Pool>,
    pub(super) head: Head,
    /// Unix seconds for expiry, never below the newest stamp.
    pub(super) now: u64,
    _permit: OwnedSemaphorePermit,
}

#[derive(Debug, thiserror::Error)]
#[error("use a closed connection")]
struct Closed;

impl Lane {
    pub(super) fn conn(&self) -> Result<&Connection> {
        self.conn.as_ref().ok_or_else(|| StoreError::Unavailable(Box::new(Closed)))
    }

    fn begin(&mut self, watch: &Watch) -> Result<()> {
        // The number is taken before the snapshot: a commit in between only makes the snapshot newer.
        let seen = watch.seen();
        let conn = self.conn()?;
        conn.prepare_cached("BEGIN").map_err(fail)?.execute([]).map_err(fail)?;
        let (head, floor) = read_head(conn)?;
        if head.n < seen {
            return Err(StoreError::WentBack { seen, found: head.n });
        }
        watch.saw(head.n);
        self.head = head;
        self.now = watch.now().max(floor);
        Ok(())
    }
}

impl Drop for Lane {
    /// Ends the snapshot, so that the log can be checkpointed. A connection that cannot is not used again.
    fn drop(&mut self) {
        let Some(conn) = self.conn.take() else { return };
        let ended = conn.is_autocommit()
            || conn.prepare_cached("COMMIT").and_then(|mut statement| statement.execute([])).is_ok();
        if ended {
            self.pool.free.lock().unwrap_or_else(PoisonError::into_inner).push(conn);
        }
    }
}
