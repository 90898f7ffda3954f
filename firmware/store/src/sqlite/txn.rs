//! One write transaction: what is decided inside it, and what the tail will hear of it.

use relaybox_protocol::EventId;
use relaybox_protocol::receipts::{ChainKey, PolicyMark};
use rusqlite::{Connection, OptionalExtension, params};

use super::error::{corrupt, fail};
use super::keys::{Numbers, signed};
use super::writer::read_head;
use super::{Watch, sql};
use crate::{Admitted, Delivered, Head, Outcome, Result, StoreError};

pub(super) struct Txn<'c> {
    pub(super) conn: &'c Connection,
    pub(super) numbers: &'c mut Numbers,
    pub(super) head: Head,
    /// Unix seconds, never below the newest stamp.
    pub(super) now: u64,
    pub(super) quota_bytes: u64,
    opened: Head,
    events: Vec<Delivered>,
    mark: Option<PolicyMark>,
    broken: Option<StoreError>,
    /// The log is to be emptied after this commit.
    pub(super) checkpoint: bool,
}

/// What a commit leaves to do.
pub(super) struct Closed {
    pub(super) head: Head,
    pub(super) events: Vec<Delivered>,
    pub(super) checkpoint: bool,
}

#[derive(Debug, thiserror::Error)]
#[error("commit")]
struct GroupFailed;

impl<'c> Txn<'c> {
    /// Begins, and reads the head: positions come from the transaction, never from memory.
    pub(super) fn open(conn: &'c Connection, watch: &Watch, numbers: &'c mut Numbers) -> Result<Self> {
        conn.prepare_cached("BEGIN IMMEDIATE").map_err(fail)?.execute([]).map_err(fail)?;
        let (head, floor) = read_head(conn)?;
        watch.check(head)?;
        let now = watch.now().max(floor);
        Ok(Self {
            conn,
            numbers,
            head,
            now,
            quota_bytes: watch.quota_bytes,
            opened: head,
            events: Vec::new(),
            mark: None,
            broken: None,
            checkpoint: false,
        })
    }

    pub(super) fn events(&self) -> usize {
        self.events.len()
    }

    pub(super) fn is_broken(&self) -> bool {
        self.broken.is_some()
    }

    /// The whole transaction will be rolled back.
    pub(super) fn fail_all(&mut self, error: StoreError) -> StoreError {
        self.broken.get_or_insert(error);
        StoreError::Unavailable(Box::new(GroupFailed))
    }

    /// Writes the head and commits.
    pub(super) fn close(mut self) -> Result<Closed> {
        if let Some(error) = self.broken.take() {
            return Err(error);
        }
        if self.head != self.opened {
            let (n, m) = (signed(self.head.n), signed(self.head.m));
            self.execute(sql::SET_HEAD, params![n, m, signed(self.now)])?;
        }
        self.execute("COMMIT", [])?;
        Ok(Closed { head: self.head, events: self.events, checkpoint: self.checkpoint })
    }

    pub(super) fn execute(&self, statement: &str, values: impl rusqlite::Params) -> Result<usize> {
        self.conn.prepare_cached(statement).map_err(fail)?.execute(values).map_err(fail)
    }

    /// All or nothing of `work`, inside the group's transaction.
    pub(super) fn whole<T>(&mut self, work: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        let (head, events) = (self.head, self.events.len());
        self.execute("SAVEPOINT whole", [])?;
        let result = work(self);
        if result.is_err() {
            self.execute("ROLLBACK TO whole", [])?;
            self.head = head;
            self.events.truncate(events);
            self.mark = None;
            self.numbers.forget_all();
        }
        self.execute("RELEASE whole", [])?;
        result
    }

    /// Heads of both policy chains now.
    pub(super) fn policy_mark(&mut self) -> Result<PolicyMark> {
        if let Some(mark) = self.mark {
            return Ok(mark);
        }
        let head = |chain| Ok(chain_head(self.conn, chain)?.map(|(_, id)| id));
        let mark = PolicyMark { public: head(ChainKey::Policy)?, staff: head(ChainKey::PolicyStaff)? };
        self.mark = Some(mark);
        Ok(mark)
    }

    pub(super) fn forget_policy_mark(&mut self) {
        self.mark = None;
    }

    /// Ephemeral events: nothing is kept, order is that of the commits around them.
    pub(super) fn announce(&mut self, batch: Vec<Admitted>) -> Vec<Outcome> {
        batch
            .into_iter()
            .map(|event| {
                if self.is_stale(&event) {
                    return Outcome::Stale;
                }
                self.deliver(event, None);
                Outcome::Stored { seq: self.head.n, received: self.now }
            })
            .collect()
    }

    pub(super) fn is_stale(&self, event: &Admitted) -> bool {
        event.at.is_some_and(|at| at < self.head.m)
    }

    pub(super) fn deliver(&mut self, event: Admitted, seq: Option<u64>) {
        self.events.push(Delivered {
            seq,
            received: self.now,
            id: event.id,
            author: event.author,
            kind: event.kind,
            created_at: event.created_at,
            keys: event.keys.into(),
            bytes: event.bytes,
            moves_members: event.moves_members,
        });
    }
}

/// Rows named so far and the last receipt of a chain.
pub(super) fn chain_head(conn: &Connection, chain: ChainKey) -> Result<Option<(u64, EventId)>> {
    let mut statement = conn.prepare_cached(sql::CHAIN).map_err(fail)?;
    let row = statement
        .query_row([chain.to_bytes()], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, [u8; 32]>(1)?)))
        .optional()
        .map_err(fail)?;
    Ok(row.map(|(n, head)| (n.cast_unsigned(), EventId::from_byte_array(head))))
}

pub(super) fn event_id(bytes: &[u8]) -> Result<EventId> {
    EventId::from_slice(bytes).map_err(|_| corrupt("an id of another length"))
}
