//! Storing events: supersession, tombstones, quota, dues and index rows in the transaction of the insert.

use relaybox_protocol::EventId;
use relaybox_protocol::hex;
use relaybox_protocol::kinds;
use relaybox_protocol::receipts::ChainKey;
use relaybox_protocol::scope::IndexKey;
use rusqlite::{Connection, OptionalExtension, params};

use super::error::fail;
use super::keys::{self, signed};
use super::sql;
use super::txn::Txn;
use crate::{Admitted, Covers, Origin, Outcome, Result, Slot, StoreError};

/// The stored version of a slot.
pub(super) struct Version {
    pub(super) seq: i64,
    pub(super) created_at: i64,
    id: EventId,
    payer: Option<i64>,
    bytes: u64,
}

impl Txn<'_> {
    /// Each event by itself, in batch order. A receipt that does not fit its chain takes the whole batch
    /// back.
    pub(super) fn append(&mut self, batch: Vec<Admitted>) -> Result<Vec<Outcome>> {
        if batch.iter().any(|event| event.covers.is_some()) {
            return self.whole(|tx| batch.into_iter().map(|event| tx.store(event)).collect());
        }
        batch.into_iter().map(|event| self.store(event)).collect()
    }

    /// All events or none, stamped with `received`; `at` is compared once, before the first.
    pub(super) fn append_all(&mut self, batch: Vec<Admitted>, received: u64) -> Result<Vec<Outcome>> {
        if batch.iter().any(|event| self.is_stale(event)) {
            return Ok(vec![Outcome::Stale; batch.len()]);
        }
        if received < self.now {
            return Err(StoreError::Conflict);
        }
        // Other work may have opened this transaction a second ago.
        self.now = received;
        self.whole(|tx| {
            let mut outcomes = Vec::with_capacity(batch.len());
            for (index, event) in batch.into_iter().enumerate() {
                let outcome = match tx.known(&event)? {
                    Some(known) => known,
                    None => tx.store_new(event)?,
                };
                if !matches!(outcome, Outcome::Stored { .. } | Outcome::Duplicate) {
                    return Err(StoreError::NotAll { index, outcome });
                }
                outcomes.push(outcome);
            }
            Ok(outcomes)
        })
    }

    /// A repeated event is a duplicate even if members changed since: a batch whose commit was in doubt
    /// is sent again as it was.
    fn store(&mut self, event: Admitted) -> Result<Outcome> {
        if let Some(known) = self.known(&event)? {
            return Ok(known);
        }
        if self.is_stale(&event) {
            return Ok(Outcome::Stale);
        }
        self.store_new(event)
    }

    fn known(&self, event: &Admitted) -> Result<Option<Outcome>> {
        if find(self.conn, &event.id)?.is_some() {
            return Ok(Some(Outcome::Duplicate));
        }
        Ok(if self.is_deleted(event)? { Some(Outcome::Deleted) } else { None })
    }

    fn store_new(&mut self, event: Admitted) -> Result<Outcome> {
        let former = match &event.slot {
            Some(slot) => self.version(slot)?,
            None => None,
        };
        if let Some(former) = &former
            && (signed(event.created_at), former.id) < (former.created_at, event.id)
        {
            return Ok(Outcome::Superseded);
        }
        let mut payer = self.payer(&event)?;
        if let Some(payer) = payer
            && self.is_over_quota(payer, &event, former.as_ref())?
        {
            return Ok(Outcome::OverQuota);
        }
        if let Some(covers) = &event.covers {
            self.cover(event.id, covers)?;
        }
        if let Some(former) = former {
            self.remove(former.seq)?;
            // A key that had nothing but the former version has lost its number with it.
            payer = self.payer(&event)?;
        }
        let seq = self.head.n + 1;
        self.insert(&event, seq, payer)?;
        self.add_due(&event, seq)?;
        self.delete(&event)?;
        self.head.n = seq;
        if event.moves_members {
            self.head.m = seq;
        }
        self.deliver(event, Some(seq));
        Ok(Outcome::Stored { seq, received: self.now })
    }

    /// The number of the key whose quota pays.
    fn payer(&mut self, event: &Admitted) -> Result<Option<i64>> {
        event.charge.map(|payer| self.numbers.of(self.conn, &IndexKey::Author(payer))).transpose()
    }

    fn insert(&mut self, event: &Admitted, seq: u64, payer: Option<i64>) -> Result<()> {
        let (seq, kind, created_at) = (signed(seq), event.kind, signed(event.created_at));
        let mut numbers = vec![self.numbers.of(self.conn, &IndexKey::Author(event.author))?];
        for key in &event.keys {
            let number = self.numbers.of(self.conn, key)?;
            if !numbers.contains(&number) {
                numbers.push(number);
            }
        }
        self.execute(
            sql::ADD_EVENT,
            params![
                seq,
                event.id.as_bytes(),
                kind,
                created_at,
                signed(self.now),
                event.expires.map(signed),
                origin(event.origin),
                payer,
                keys::pack(&numbers)?,
                &*event.bytes
            ],
        )?;
        self.execute(sql::ADD_ID, params![keys::prefix(&event.id), seq])?;
        let rank = keys::rank(&event.id);
        let mut add = self.conn.prepare_cached(sql::ADD_ENTRY).map_err(fail)?;
        numbers.sort_unstable();
        for key in std::iter::once(keys::ANY).chain(numbers) {
            add.execute(params![key, kind, created_at, rank, seq]).map_err(fail)?;
        }
        if let Some(payer) = payer {
            self.execute(sql::CHARGE, params![payer, signed(event.bytes.len() as u64)])?;
        }
        if let Some(slot) = &event.slot {
            self.execute(sql::SET_SLOT, params![slot.author.as_bytes(), slot.kind, slot.d, seq])?;
        }
        if is_change(event) {
            self.execute(sql::ADD_CHANGE, params![seq, event.moves_members])?;
        }
        Ok(())
    }

    pub(super) fn version(&self, slot: &Slot) -> Result<Option<Version>> {
        let mut statement = self.conn.prepare_cached(sql::SLOT).map_err(fail)?;
        statement
            .query_row(params![slot.author.as_bytes(), slot.kind, slot.d], |row| {
                Ok(Version {
                    seq: row.get(0)?,
                    created_at: row.get(1)?,
                    id: EventId::from_byte_array(row.get(2)?),
                    payer: row.get(3)?,
                    bytes: row.get::<_, i64>(4)?.cast_unsigned(),
                })
            })
            .optional()
            .map_err(fail)
    }

    fn is_over_quota(&self, payer: i64, event: &Admitted, former: Option<&Version>) -> Result<bool> {
        if self.quota_bytes == 0 {
            return Ok(false);
        }
        let mut statement = self.conn.prepare_cached(sql::USAGE).map_err(fail)?;
        let used: Option<i64> = statement.query_row([payer], |row| row.get(0)).optional().map_err(fail)?;
        let freed = former.filter(|former| former.payer == Some(payer)).map_or(0, |former| former.bytes);
        let used = used.map_or(0, keys::unsigned).saturating_sub(freed);
        Ok(used.saturating_add(event.bytes.len() as u64) > self.quota_bytes)
    }

    /// Whether the author deleted it before (NIP-09), the addressee of a gift wrap did (NIP-59), or a
    /// destruction order named it. A request to delete never holds for records and policy, nor for
    /// another request to delete.
    fn is_deleted(&self, event: &Admitted) -> Result<bool> {
        let by_request = !kinds::is_undeletable(event.kind) && event.kind != kinds::DELETION;
        let mut statement = self.conn.prepare_cached(sql::TOMBSTONES).map_err(fail)?;
        let mut rows = statement.query([event.id.as_bytes()]).map_err(fail)?;
        while let Some(row) = rows.next().map_err(fail)? {
            let author = row.get_ref(0).map_err(fail)?.as_blob().unwrap_or_default();
            if author.is_empty()
                || (by_request && (author == event.author.as_bytes() || is_addressee(author, event)))
            {
                return Ok(true);
            }
        }
        let Some(slot) = event.slot.as_ref().filter(|_| by_request) else { return Ok(false) };
        let mut statement = self.conn.prepare_cached(sql::ADDRESS_TOMBSTONE).map_err(fail)?;
        let until: Option<i64> = statement
            .query_row(params![slot.author.as_bytes(), slot.kind, slot.d], |row| row.get(0))
            .optional()
            .map_err(fail)?;
        Ok(until.is_some_and(|until| signed(event.created_at) <= until))
    }

    /// A receipt moves its chain and clears what it names.
    fn cover(&mut self, receipt: EventId, covers: &Covers) -> Result<()> {
        let chain = covers.chain.to_bytes();
        let head = super::txn::chain_head(self.conn, covers.chain)?;
        if head.map(|(_, id)| id) != covers.prev {
            return Err(StoreError::Conflict);
        }
        for id in &covers.ids {
            self.execute(sql::CLEAR_DUE, params![id.as_bytes(), chain])?;
        }
        self.execute(sql::SET_CHAIN, params![chain, signed(covers.n), receipt.as_bytes()])?;
        if is_policy_chain(covers.chain) {
            self.forget_policy_mark();
        }
        Ok(())
    }

    fn add_due(&mut self, event: &Admitted, seq: u64) -> Result<()> {
        if event.chains.is_empty() {
            return Ok(());
        }
        let mark = self.policy_mark()?;
        let public = mark.public.as_ref().map(EventId::as_bytes);
        let staff = mark.staff.as_ref().map(EventId::as_bytes);
        for chain in &event.chains {
            self.execute(
                sql::ADD_DUE,
                params![signed(seq), chain.to_bytes(), event.id.as_bytes(), signed(self.now), public, staff],
            )?;
        }
        Ok(())
    }
}

/// The stored event of this id, compared in full: arrival number, created_at, kind.
pub(super) fn find(conn: &Connection, id: &EventId) -> Result<Option<(i64, i64, u16)>> {
    let mut statement = conn.prepare_cached(sql::BY_ID).map_err(fail)?;
    statement
        .query_row(params![keys::prefix(id), id.as_bytes()], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?))
        })
        .optional()
        .map_err(fail)
}

/// Whether a gift wrap is addressed to this key.
fn is_addressee(key: &[u8], event: &Admitted) -> bool {
    event.kind == kinds::GIFT_WRAP && event.keys.contains(&IndexKey::Tag(b'p', hex::encode(key)))
}

fn is_change(event: &Admitted) -> bool {
    event.moves_members || event.covers.as_ref().is_some_and(|covers| is_policy_chain(covers.chain))
}

fn is_policy_chain(chain: ChainKey) -> bool {
    matches!(chain, ChainKey::Policy | ChainKey::PolicyStaff)
}

pub(super) fn origin(origin: Origin) -> i64 {
    match origin {
        Origin::Live => 0,
        Origin::Import => 1,
        Origin::Restore => 2,
        Origin::Sync => 3,
    }
}
