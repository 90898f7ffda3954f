//! The SQLite engine: one writer thread with group commit, a pool of read-only connections, a tail.

mod chain;
mod check;
mod compile;
mod driver;
mod error;
mod insert;
mod keys;
mod marks;
mod migrate;
mod pool;
mod read;
mod remove;
mod scan;
mod side;
mod side_keys;
mod snapshot;
mod sql;
mod tail;
#[cfg(test)]
mod tests;
mod txn;
mod writer;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use tokio::sync::broadcast;

use self::error::fail;
use self::pool::Pool;
use self::writer::{Committed, Writer, read_head};
use crate::{Head, Result, Seq, StoreConfig, StoreError};

pub(crate) use self::chain::ChainFile;
pub(crate) use self::side_keys::KeysFile;
pub(crate) use self::tail::TailState;

/// Commits a live receiver may be behind before it reads them from the database.
const TAIL_COMMITS: usize = 256;

/// What every part of the engine watches: the time, the highest position seen, and whether the last
/// write failed.
pub(crate) struct Watch {
    clock: Arc<dyn Fn() -> u64 + Send + Sync>,
    seen: AtomicU64,
    failing: AtomicBool,
    quota_bytes: u64,
}

impl std::fmt::Debug for Watch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Watch").field("seen", &self.seen).finish_non_exhaustive()
    }
}

impl Watch {
    /// Unix seconds.
    fn now(&self) -> u64 {
        (self.clock)()
    }

    fn seen(&self) -> Seq {
        self.seen.load(Ordering::SeqCst)
    }

    fn saw(&self, n: Seq) {
        self.seen.fetch_max(n, Ordering::SeqCst);
    }

    /// A position never goes back: a file that was replaced under the running box is not served.
    fn check(&self, head: Head) -> Result<()> {
        let seen = self.seen();
        if head.n < seen { Err(StoreError::WentBack { seen, found: head.n }) } else { Ok(()) }
    }
}

/// One practice's database. Field order is drop order: the readers go before the writer, since only a
/// connection that may write can move the log into the file when it is the last one.
#[derive(Debug)]
pub(crate) struct Engine {
    pool: Arc<Pool>,
    writer: Writer,
    watch: Arc<Watch>,
    tail: broadcast::Sender<Arc<Committed>>,
    config: StoreConfig,
}

impl Engine {
    pub(crate) fn open(config: &StoreConfig, clock: Arc<dyn Fn() -> u64 + Send + Sync>) -> Result<Self> {
        let conn = migrate::open_writer(config)?;
        let (head, _) = read_head(&conn)?;
        let last: Option<i64> = conn.query_row(sql::LAST_SEQ, [], |row| row.get(0)).map_err(fail)?;
        if keys::unsigned(last.unwrap_or(0)) > head.n {
            return Err(error::corrupt("an event after the head"));
        }
        let watch = Arc::new(Watch {
            clock,
            seen: AtomicU64::new(head.n),
            failing: AtomicBool::new(false),
            quota_bytes: config.quota_bytes,
        });
        let (tail, _) = broadcast::channel(TAIL_COMMITS);
        let writer = Writer::start(conn, Arc::clone(&watch), tail.clone())?;
        let pool = Pool::new(config.path.clone(), config.readers, config.reader_cache_kib);
        Ok(Self { writer, pool, watch, tail, config: config.clone() })
    }

    pub(crate) fn failing(&self) -> bool {
        self.watch.failing.load(Ordering::SeqCst)
    }

    /// Runs work in the next write transaction; returns when it is durable.
    async fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut txn::Txn<'_>) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        self.writer.run(work).await
    }
}
