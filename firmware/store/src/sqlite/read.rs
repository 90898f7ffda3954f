//! Reads. Small ones run on the caller's thread, from page cache to callback without a copy; what is
//! longer goes on in a blocking thread within the same snapshot, and comes back in pieces.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use relaybox_protocol::EventId;
use relaybox_protocol::receipts::{ChainKey, PolicyMark};
use rusqlite::Connection;

use super::Engine;
use super::error::{corrupt, fail};
use super::insert::origin;
use super::keys::{signed, unsigned};
use super::pool::Lane;
use super::scan::{Progress, Scan, Want};
use super::txn::{chain_head, event_id};
use super::writer::read_head;
use super::{sql, tail::TailState};
use crate::{
    Admitted, Answer, Change, Due, Head, Lease, Origin, Outcome, Plan, Rejected, Result, Row, Seq, Space,
    StoreConfig, StoreError,
};

/// Candidates between two pieces of a long read.
const PIECE: usize = 256;
/// Bytes of events in one piece, beyond which it is handed over.
const PIECE_BYTES: usize = 262_144;

/// Rows of one piece, copied once because they cross a thread.
#[derive(Debug, Default)]
struct Piece {
    bytes: String,
    /// Arrival number, received, created_at, end in `bytes`.
    rows: Vec<(Seq, u64, u64, usize)>,
}

impl Piece {
    fn push(&mut self, row: Row<'_>) {
        self.bytes.push_str(row.bytes);
        self.rows.push((row.seq, row.received, row.created_at, self.bytes.len()));
    }

    fn each(&self, sink: &mut (dyn FnMut(Row<'_>) + Send)) {
        let mut start = 0;
        for (seq, received, created_at, end) in &self.rows {
            let bytes = self.bytes.get(start..*end).unwrap_or_default();
            sink(Row { seq: *seq, received: *received, created_at: *created_at, bytes });
            start = *end;
        }
    }
}

impl Engine {
    /// A snapshot whose members are those the caller decided under.
    async fn lane_at(&self, at: Seq) -> Result<Lane> {
        let lane = self.pool.lane(&self.watch).await?;
        if at < lane.head.m { Err(StoreError::Stale(lane.head)) } else { Ok(lane) }
    }

    /// A plan of many keys is looked up in a blocking thread; the usual one on the caller's.
    async fn start(&self, plan: &Plan, at: Seq) -> Result<(Lane, Scan)> {
        let lane = self.lane_at(at).await?;
        if plan.look_ups() <= self.config.inline_rows_max {
            let scan = Scan::start(lane.conn()?, plan, lane.now)?;
            return Ok((lane, scan));
        }
        let plan = plan.clone();
        blocking(move || {
            let scan = Scan::start(lane.conn()?, &plan, lane.now)?;
            Ok((lane, scan))
        })
        .await
    }

    pub(crate) async fn read(
        &self,
        plan: &Plan,
        at: Seq,
        row: &mut (dyn FnMut(Row<'_>) + Send),
    ) -> Result<Answer> {
        let (mut lane, mut scan) = self.start(plan, at).await?;
        let head = lane.head;
        let mut progress = scan.run(lane.conn()?, self.config.inline_rows_max, &mut Want::Rows(row))?;
        while progress == Progress::More {
            let piece;
            (lane, scan, piece, progress) = blocking(move || {
                let mut piece = Piece::default();
                let mut progress = Progress::More;
                for _ in 0..PIECE {
                    if progress == Progress::Done || piece.bytes.len() >= PIECE_BYTES {
                        break;
                    }
                    progress = scan.run(lane.conn()?, 1, &mut Want::Rows(&mut |row| piece.push(row)))?;
                }
                Ok((lane, scan, piece, progress))
            })
            .await?;
            piece.each(row);
        }
        Ok(Answer { head, complete: scan.is_complete() })
    }

    pub(crate) async fn count(&self, plan: &Plan, at: Seq) -> Result<(Head, u64)> {
        let (lane, mut scan) = self.start(plan, at).await?;
        let head = lane.head;
        let mut count = 0;
        let done = scan.run(lane.conn()?, self.config.inline_rows_max, &mut Want::Count(&mut count))?;
        if done == Progress::Done {
            return Ok((head, count));
        }
        blocking(move || {
            scan.run(lane.conn()?, usize::MAX, &mut Want::Count(&mut count))?;
            Ok((head, count))
        })
        .await
    }

    pub(crate) async fn ids(&self, plan: &Plan, at: Seq) -> Result<(Head, Vec<(u64, EventId)>)> {
        let (lane, mut scan) = self.start(plan, at).await?;
        let (head, max) = (lane.head, self.config.neg_ids_max);
        let mut ids = Vec::new();
        let mut progress = scan.run(lane.conn()?, self.config.inline_rows_max, &mut Want::Ids(&mut ids))?;
        if progress == Progress::More {
            (ids, progress) = blocking(move || {
                while progress == Progress::More && ids.len() <= max {
                    progress = scan.run(lane.conn()?, PIECE, &mut Want::Ids(&mut ids))?;
                }
                Ok((ids, progress))
            })
            .await?;
        }
        if ids.len() > max || progress == Progress::More { Err(StoreError::TooMany) } else { Ok((head, ids)) }
    }

    pub(crate) async fn head(&self) -> Result<Head> {
        Ok(self.pool.lane(&self.watch).await?.head)
    }

    pub(crate) async fn stamped(&self) -> Result<u64> {
        let lane = self.pool.lane(&self.watch).await?;
        Ok(read_head(lane.conn()?)?.1)
    }

    pub(crate) async fn due(&self, max: usize) -> Result<Vec<Due>> {
        let lane = self.pool.lane(&self.watch).await?;
        let mut statement = lane.conn()?.prepare_cached(sql::DUE).map_err(fail)?;
        let mut rows = statement.query([signed(max as u64)]).map_err(fail)?;
        let mut due = Vec::new();
        while let Some(row) = rows.next().map_err(fail)? {
            due.push(due_of(row)?);
        }
        Ok(due)
    }

    pub(crate) async fn due_count(&self) -> Result<u64> {
        let lane = self.pool.lane(&self.watch).await?;
        let count = lane.conn()?.query_row("SELECT count(*) FROM due", [], |row| row.get::<_, i64>(0));
        count.map(unsigned).map_err(fail)
    }

    pub(crate) async fn chain_head(&self, chain: ChainKey) -> Result<Option<(u64, EventId)>> {
        let lane = self.pool.lane(&self.watch).await?;
        chain_head(lane.conn()?, chain)
    }

    pub(crate) async fn changes(&self, after: Seq, most: Option<usize>) -> Result<Vec<Change>> {
        // SQLite reads a negative limit as none.
        let most = most.map_or(-1, |most| i64::try_from(most).unwrap_or(i64::MAX));
        let lane = self.pool.lane(&self.watch).await?;
        blocking(move || {
            let mut statement = lane.conn()?.prepare_cached(sql::CHANGES).map_err(fail)?;
            let rows = statement
                .query_map([signed(after), most], |row| {
                    Ok(Change {
                        seq: unsigned(row.get(0)?),
                        received: unsigned(row.get(1)?),
                        bytes: row.get(2)?,
                    })
                })
                .map_err(fail)?;
            rows.collect::<rusqlite::Result<_>>().map_err(fail)
        })
        .await
    }

    pub(crate) async fn append(&self, batch: Vec<Admitted>) -> Result<Vec<Outcome>> {
        self.write(move |tx| tx.append(batch)).await
    }

    pub(crate) async fn append_all(&self, batch: Vec<Admitted>, received: u64) -> Result<Vec<Outcome>> {
        self.write(move |tx| tx.append_all(batch, received)).await
    }

    pub(crate) async fn announce(&self, batch: Vec<Admitted>) -> Result<Vec<Outcome>> {
        self.write(move |tx| Ok(tx.announce(batch))).await
    }

    pub(crate) async fn purge(&self, ids: &[EventId], order: EventId) -> Result<usize> {
        let ids = ids.to_vec();
        self.write(move |tx| tx.purge(&ids, order)).await
    }

    pub(crate) async fn expire(&self, now: u64, max: usize, lease: Lease) -> Result<usize> {
        self.write(move |tx| tx.expire(now, max, lease)).await
    }

    pub(crate) async fn once(&self, space: Space, key: &[u8], until: u64) -> Result<bool> {
        let key = key.to_vec();
        self.write(move |tx| tx.once(space, &key, until)).await
    }

    pub(crate) async fn spend(&self, space: Space, key: &[u8], n: i64, limit: i64) -> Result<bool> {
        let key = key.to_vec();
        self.write(move |tx| tx.spend(space, &key, n, limit)).await
    }

    pub(crate) async fn lease(&self, name: &str, ttl: Duration) -> Result<Lease> {
        let name = name.to_owned();
        self.write(move |tx| tx.lease(&name, ttl)).await
    }

    pub(crate) async fn quarantine(&self, rejected: Vec<Rejected>) -> Result<()> {
        self.write(move |tx| tx.quarantine(&rejected)).await
    }

    pub(crate) async fn snapshot(&self, into: &Path) -> Result<Head> {
        let lane = self.pool.lane(&self.watch).await?;
        let into = into.to_owned();
        blocking(move || super::snapshot::write(lane.conn()?, &into).map(|()| lane.head)).await
    }

    pub(crate) async fn check(&self) -> Result<Vec<String>> {
        let lane = self.pool.lane(&self.watch).await?;
        blocking(move || super::check::run(lane.conn()?)).await
    }

    /// The check of a file that no store of this process serves.
    pub(crate) async fn check_file(config: &StoreConfig) -> Result<(Head, Vec<String>)> {
        look_at(config, super::check::run).await
    }

    /// The copy of a file that no store of this process serves.
    pub(crate) async fn snapshot_file(config: &StoreConfig, into: &Path) -> Result<Head> {
        let into = into.to_owned();
        let (head, ()) = look_at(config, move |conn| super::snapshot::write(conn, &into)).await?;
        Ok(head)
    }

    /// Exact bytes of every event of a kind, the oldest by its own date first.
    pub(crate) async fn of_kind_file(config: &StoreConfig, kind: u16) -> Result<Vec<String>> {
        let look = move |conn: &Connection| {
            let mut statement = conn.prepare_cached(sql::OF_KIND).map_err(fail)?;
            let rows = statement.query_map([i64::from(kind)], |row| row.get(0)).map_err(fail)?;
            rows.collect::<rusqlite::Result<_>>().map_err(fail)
        };
        Ok(look_at(config, look).await?.1)
    }

    pub(crate) fn tail(self: &Arc<Self>, after: Seq) -> TailState {
        TailState::new(Arc::clone(self), after)
    }
}

/// Opens a file read-only and looks at one snapshot of it.
async fn look_at<T: Send + 'static>(
    config: &StoreConfig,
    look: impl FnOnce(&Connection) -> Result<T> + Send + 'static,
) -> Result<(Head, T)> {
    let (path, cache_kib) = (config.path.clone(), config.reader_cache_kib);
    blocking(move || {
        let mut conn = super::migrate::open_reader(&path, cache_kib)?;
        let snapshot = conn.transaction().map_err(fail)?;
        Ok((read_head(&snapshot)?.0, look(&snapshot)?))
    })
    .await
}

fn due_of(row: &rusqlite::Row<'_>) -> Result<Due> {
    let blob = |column| row.get::<_, Option<Vec<u8>>>(column).map_err(fail);
    let head = |column| blob(column)?.map(|bytes| event_id(&bytes)).transpose();
    let chain = blob(1)?.and_then(|bytes| ChainKey::from_bytes(&bytes));
    Ok(Due {
        seq: unsigned(row.get(0).map_err(fail)?),
        received: unsigned(row.get(3).map_err(fail)?),
        mark: PolicyMark { public: head(4)?, staff: head(5)? },
        chain: chain.ok_or_else(|| corrupt("a due event of no chain"))?,
        id: head(2)?.ok_or_else(|| corrupt("a due event without an id"))?,
        imported: row.get::<_, i64>(6).map_err(fail)? == origin(Origin::Import),
    })
}

pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(|error| StoreError::Unavailable(Box::new(error)))?
}
