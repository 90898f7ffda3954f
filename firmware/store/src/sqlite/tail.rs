//! The one road to live subscribers. A receiver hears of commits from the writer; one that starts or
//! lags reads what it missed from the database, so that nothing is missed and nothing comes twice.

use std::sync::Arc;

use tokio::sync::broadcast;
use tokio::sync::broadcast::error::{RecvError, TryRecvError};

use super::error::{corrupt, fail};
use super::keys::{self, signed, unsigned};
use super::pool::Lane;
use super::read::blocking;
use super::writer::Committed;
use super::{Engine, sql};
use crate::{Batch, Delivered, Result, Seq, StoreError};
use relaybox_protocol::EventId;
use relaybox_protocol::scope::IndexKey;

/// Events read from the database in one step, and their bytes.
const CATCH_UP: usize = 256;
const CATCH_UP_BYTES: usize = 1_048_576;

#[derive(Debug)]
pub(crate) struct TailState {
    engine: Arc<Engine>,
    live: broadcast::Receiver<Arc<Committed>>,
    /// Everything up to here was handed over.
    position: Seq,
    behind: bool,
    /// A live commit that waits until what came before it is read.
    waiting: Option<Arc<Committed>>,
}

impl TailState {
    /// Listens from now on, before anything is read: there is no hole between stored and live.
    pub(super) fn new(engine: Arc<Engine>, after: Seq) -> Self {
        let live = engine.tail.subscribe();
        Self { engine, live, position: after, behind: true, waiting: None }
    }

    /// Safe to cancel: nothing is counted as handed over before it is returned.
    pub(crate) async fn next(&mut self) -> Result<Batch> {
        loop {
            let events = if self.behind { self.missed().await? } else { self.live().await? };
            if !events.is_empty() {
                return Ok(Batch { events });
            }
        }
    }

    /// The next commit, less what was read from the database.
    async fn live(&mut self) -> Result<Vec<Delivered>> {
        if self.waiting.is_none() {
            match self.live.recv().await {
                Ok(commit) => self.waiting = Some(commit),
                Err(RecvError::Lagged(_)) => {}
                Err(error @ RecvError::Closed) => return Err(StoreError::Unavailable(Box::new(error))),
            }
        }
        let Some(commit) = self.waiting.take_if(|commit| commit.before <= self.position) else {
            self.behind = true;
            return Ok(Vec::new());
        };
        let fresh = |event: &&Delivered| event.seq.is_none_or(|seq| seq > self.position);
        let events = commit.events.iter().filter(fresh).cloned().collect();
        self.position = self.position.max(commit.last);
        Ok(events)
    }

    /// Stored events after the position, up to the first commit that waits, so that announced events keep
    /// their place; up to the head when none does.
    async fn missed(&mut self) -> Result<Vec<Delivered>> {
        while self.waiting.is_none() {
            match self.live.try_recv() {
                Ok(commit) => self.waiting = Some(commit),
                Err(TryRecvError::Lagged(_)) => {}
                Err(TryRecvError::Empty | TryRecvError::Closed) => break,
            }
        }
        let lane = self.engine.pool.lane(&self.engine.watch).await?;
        let until = self.waiting.as_ref().map_or(lane.head.n, |commit| commit.before);
        let after = self.position;
        if after >= until {
            self.behind = false;
            return Ok(Vec::new());
        }
        let (events, position) = blocking(move || read_after(&lane, after, until)).await?;
        self.position = position;
        Ok(events)
    }
}

/// Events after one position up to another, and the position they lead to.
fn read_after(lane: &Lane, after: Seq, until: Seq) -> Result<(Vec<Delivered>, Seq)> {
    let conn = lane.conn()?;
    let mut statement = conn.prepare_cached(sql::AFTER).map_err(fail)?;
    let mut change = conn.prepare_cached(sql::MOVES_MEMBERS).map_err(fail)?;
    let mut rows = statement.query([signed(after), signed(until)]).map_err(fail)?;
    let (mut events, mut bytes) = (Vec::new(), 0);
    while let Some(row) = rows.next().map_err(fail)? {
        let seq: i64 = row.get(0).map_err(fail)?;
        let packed: Vec<u8> = row.get(5).map_err(fail)?;
        let index =
            keys::unpack(&packed).map(|number| keys::key(conn, number)).collect::<Result<Vec<_>>>()?;
        let Some(IndexKey::Author(author)) = index.first().cloned() else {
            return Err(corrupt("an event without an author"));
        };
        let json: String = row.get(6).map_err(fail)?;
        bytes += json.len();
        events.push(Delivered {
            seq: Some(unsigned(seq)),
            received: unsigned(row.get(1).map_err(fail)?),
            id: EventId::from_byte_array(row.get(2).map_err(fail)?),
            author,
            kind: row.get(3).map_err(fail)?,
            created_at: unsigned(row.get(4).map_err(fail)?),
            keys: index.into(),
            bytes: json.into(),
            moves_members: change.exists([seq]).map_err(fail)?,
        });
        if events.len() >= CATCH_UP || bytes >= CATCH_UP_BYTES {
            return Ok((events, unsigned(seq)));
        }
    }
    Ok((events, until))
}
