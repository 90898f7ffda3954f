//! The one thread that writes. Work of concurrent callers is grouped into one commit; nobody hears of
//! success before that commit is on disk, and the tail hears of it in the same order.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread::JoinHandle;

use rusqlite::Connection;
use tokio::sync::{broadcast, mpsc, oneshot};

use super::Watch;
use super::error::{Shared, fail};
use super::keys::Numbers;
use super::sql;
use super::txn::{Closed, Txn};
use crate::{Delivered, Head, Result, Seq, StoreError};

/// Callers that may wait for the writer before the next one waits to be queued.
const QUEUE: usize = 1024;
/// Pieces of work in one commit.
const GROUP: usize = 256;
/// Events in one commit, beyond which no further work joins it.
const GROUP_EVENTS: usize = 4096;

/// Runs inside the transaction, or hears why there is none; what it returns runs after the commit, or
/// after its failure.
type Work = Box<dyn FnOnce(std::result::Result<&mut Txn<'_>, &Shared>) -> After + Send>;
type After = Box<dyn FnOnce(std::result::Result<(), &Shared>) + Send>;

/// One commit's events, for the tail.
#[derive(Debug)]
pub(crate) struct Committed {
    /// Arrival number before the first event.
    pub(crate) before: Seq,
    /// Last arrival number of the commit.
    pub(crate) last: Seq,
    pub(crate) events: Vec<Delivered>,
}

#[derive(Debug)]
pub(super) struct Writer {
    queue: Option<mpsc::Sender<Work>>,
    thread: Option<JoinHandle<()>>,
}

impl Writer {
    pub(super) fn start(
        conn: Connection,
        shared: Arc<Watch>,
        tail: broadcast::Sender<Arc<Committed>>,
    ) -> Result<Self> {
        let (queue, work) = mpsc::channel(QUEUE);
        let thread = std::thread::Builder::new()
            .name("store-writer".into())
            .spawn(move || serve(&conn, work, &shared, &tail))
            .map_err(|error| StoreError::Unavailable(Box::new(error)))?;
        Ok(Self { queue: Some(queue), thread: Some(thread) })
    }

    /// Runs `work` in the next transaction; returns when that is durable. Work that answers an error
    /// must not have written anything, or have put it back ([`Txn::whole`]).
    pub(super) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Txn<'_>) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let (reply, answer) = oneshot::channel();
        let work: Work = Box::new(move |tx| {
            let result = match tx {
                Ok(tx) => match work(tx) {
                    Err(error @ (StoreError::Unavailable(_) | StoreError::Corrupt(_))) => {
                        Err(tx.fail_all(error))
                    }
                    done => done,
                },
                Err(shared) => Err(shared.error()),
            };
            Box::new(move |commit| {
                // A caller that went away does not take its work back.
                let _ = reply.send(match commit {
                    Ok(()) => result,
                    Err(shared) => Err(shared.error()),
                });
            })
        });
        let queue = self.queue.as_ref().ok_or_else(gone)?;
        queue.send(work).await.map_err(|_| gone())?;
        answer.await.map_err(|_| gone())?
    }
}

impl Drop for Writer {
    /// Waits for the commit under way, so that the file is closed when the store is gone.
    fn drop(&mut self) {
        self.queue = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

#[derive(Debug, thiserror::Error)]
#[error("run the writer")]
struct WriterGone;

fn gone() -> StoreError {
    StoreError::Unavailable(Box::new(WriterGone))
}

fn serve(
    conn: &Connection,
    mut queue: mpsc::Receiver<Work>,
    shared: &Watch,
    tail: &broadcast::Sender<Arc<Committed>>,
) {
    let mut log_holds_purged = false;
    let mut numbers = Numbers::default();
    while let Some(first) = queue.blocking_recv() {
        let mut after = Vec::new();
        let changes = conn.total_changes();
        match group(conn, &mut queue, first, (shared, &mut numbers), &mut after) {
            Ok((before, Closed { head, events, checkpoint })) => {
                shared.saw(head.n);
                // A commit that wrote nothing says nothing about the disk.
                if conn.total_changes() > changes && shared.failing.swap(false, Ordering::SeqCst) {
                    log::info!("store: the database takes writes again");
                }
                log_holds_purged |= checkpoint;
                if log_holds_purged {
                    log_holds_purged = !empty_log(conn);
                }
                if !events.is_empty() {
                    // Nobody listening is no error.
                    let _ = tail.send(Arc::new(Committed { before, last: head.n, events }));
                }
                after.into_iter().for_each(|reply| reply(Ok(())));
            }
            Err(error) => {
                numbers.forget_all();
                shared.failing.store(true, Ordering::SeqCst);
                log::error!("store: a commit failed and nothing of it was kept: {}", causes(&error.error()));
                after.into_iter().for_each(|reply| reply(Err(&error)));
            }
        }
    }
}

/// An error with its causes: the operator's only word about a disk that fails.
fn causes(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |cause| cause.source());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}

/// One commit: the first piece of work and what waits behind it.
fn group(
    conn: &Connection,
    queue: &mut mpsc::Receiver<Work>,
    first: Work,
    (shared, numbers): (&Watch, &mut Numbers),
    after: &mut Vec<After>,
) -> std::result::Result<(Seq, Closed), Shared> {
    let mut tx = match Txn::open(conn, shared, numbers) {
        Ok(tx) => tx,
        Err(error) => {
            roll_back(conn);
            let error = Shared::new(error);
            after.push(first(Err(&error)));
            return Err(error);
        }
    };
    let before = tx.head.n;
    after.push(first(Ok(&mut tx)));
    while !tx.is_broken() && after.len() < GROUP && tx.events() < GROUP_EVENTS {
        let Ok(work) = queue.try_recv() else { break };
        after.push(work(Ok(&mut tx)));
    }
    match tx.close() {
        Ok(closed) => Ok((before, closed)),
        Err(error) => {
            roll_back(conn);
            Err(Shared::new(error))
        }
    }
}

/// After an error SQLite may or may not have rolled back by itself.
fn roll_back(conn: &Connection) {
    if !conn.is_autocommit()
        && let Err(error) = conn.execute_batch("ROLLBACK")
    {
        log::error!("store: a rollback failed: {error}");
    }
}

/// Moves the whole log into the database file and cuts it to nothing; false when a long read holds it
/// back, and the next commit tries again.
fn empty_log(conn: &Connection) -> bool {
    let busy = conn.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get::<_, i64>(0));
    if let Err(error) = &busy {
        log::warn!("store: the log could not be emptied: {error}");
    }
    matches!(busy, Ok(0))
}

/// Reads the head inside a transaction or snapshot.
pub(super) fn read_head(conn: &Connection) -> Result<(Head, u64)> {
    let mut statement = conn.prepare_cached(sql::HEAD).map_err(fail)?;
    statement
        .query_row([], |row| {
            let head =
                Head { n: row.get::<_, i64>(0)?.cast_unsigned(), m: row.get::<_, i64>(1)?.cast_unsigned() };
            Ok((head, row.get::<_, i64>(2)?.cast_unsigned()))
        })
        .map_err(fail)
}
