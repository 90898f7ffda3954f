//! Taking events out: replaced versions, deletions (NIP-09), destruction orders (2127), expiry (NIP-40).

use relaybox_protocol::scope::IndexKey;
use relaybox_protocol::{EventId, PublicKey, kinds};
use rusqlite::{OptionalExtension, params};

use super::error::{corrupt, fail};
use super::insert::find;
use super::keys::{self, signed};
use super::sql;
use super::txn::Txn;
use crate::{Admitted, Lease, Result, Slot, StoreError};

impl Txn<'_> {
    /// Removes an event with everything that points to it. Dues stay: the receipt still names what came.
    pub(super) fn remove(&mut self, seq: i64) -> Result<()> {
        let mut statement = self.conn.prepare_cached(sql::ROW_KEYS).map_err(fail)?;
        let row = statement
            .query_row([seq], |row| {
                let id: [u8; 32] = row.get(0)?;
                let (kind, created_at, payer): (u16, i64, Option<i64>) =
                    (row.get(1)?, row.get(2)?, row.get(3)?);
                let (keys, bytes): (Vec<u8>, i64) = (row.get(4)?, row.get(5)?);
                Ok((EventId::from_byte_array(id), kind, created_at, payer, keys, bytes))
            })
            .optional()
            .map_err(fail)?;
        let (id, kind, created_at, payer, numbers, bytes) =
            row.ok_or_else(|| corrupt("a row without an event"))?;
        let rank = keys::rank(&id);
        for key in std::iter::once(keys::ANY).chain(keys::unpack(&numbers)) {
            self.execute(sql::DROP_ENTRY, params![key, kind, created_at, rank, seq])?;
        }
        self.execute(sql::DROP_ID, params![keys::prefix(&id), seq])?;
        self.execute(sql::DROP_EVENT, [seq])?;
        self.execute(sql::DROP_CHANGE, [seq])?;
        self.execute(sql::DROP_SLOT, [seq])?;
        if let Some(payer) = payer {
            self.execute(sql::CHARGE, params![payer, -bytes])?;
            self.execute(sql::DROP_USAGE, [payer])?;
        }
        // Random tag values (of drafts) would otherwise stay in the dictionary for ever.
        let freed: Vec<i64> = keys::unpack(&numbers).chain(payer).collect();
        for key in &freed {
            self.execute(sql::DROP_KEY, [key])?;
        }
        self.numbers.forget(&freed);
        Ok(())
    }

    /// What a deletion request asks for: its author's own events, and gift wraps addressed to its author.
    pub(super) fn delete(&mut self, request: &Admitted) -> Result<()> {
        let author = request.author.as_bytes();
        for id in &request.deletes {
            if let Some((seq, _, kind)) = find(self.conn, id)? {
                let never = kinds::is_undeletable(kind) || kind == kinds::DELETION;
                if never || !self.may_delete(&request.author, seq, kind)? {
                    continue;
                }
                self.remove(seq)?;
            }
            self.execute(sql::ADD_TOMBSTONE, params![id.as_bytes(), author, request.id.as_bytes()])?;
        }
        for (kind, d) in &request.deletes_addresses {
            let slot = Slot { author: request.author, kind: *kind, d: d.clone() };
            let created_at = signed(request.created_at);
            if let Some(version) = self.version(&slot)?
                && version.created_at <= created_at
            {
                self.remove(version.seq)?;
            }
            self.execute(sql::ADD_ADDRESS_TOMBSTONE, params![author, kind, d, created_at])?;
        }
        Ok(())
    }

    /// Whether this key may have the event deleted: its author, and the addressee of a gift wrap, whose
    /// own author is a key that nobody keeps (NIP-59).
    fn may_delete(&self, key: &PublicKey, seq: i64, kind: u16) -> Result<bool> {
        let mut statement = self.conn.prepare_cached(sql::ROW_ID).map_err(fail)?;
        let packed: Vec<u8> = statement.query_row([seq], |row| row.get(3)).map_err(fail)?;
        let mut numbers = keys::unpack(&packed);
        let first = numbers.next().ok_or_else(|| corrupt("an event without an author"))?;
        match keys::key(self.conn, first)? {
            IndexKey::Author(author) if author == *key => return Ok(true),
            IndexKey::Author(_) if kind != kinds::GIFT_WRAP => return Ok(false),
            IndexKey::Author(_) => {}
            IndexKey::Tag(..) => return Err(corrupt("an event without an author")),
        }
        let addressee = IndexKey::p(key);
        for number in numbers {
            if keys::key(self.conn, number)? == addressee {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// A destruction order: content goes, ids stay and never come back. Returns how many were here. The
    /// log would keep the bytes until its next turn, so it is emptied after the commit.
    pub(super) fn purge(&mut self, ids: &[EventId], order: EventId) -> Result<usize> {
        let mut removed = 0;
        self.checkpoint = true;
        for id in ids {
            if let Some((seq, _, _)) = find(self.conn, id)? {
                self.remove(seq)?;
                removed += 1;
            }
            self.execute(sql::ADD_TOMBSTONE, params![id.as_bytes(), [0u8; 0], order.as_bytes()])?;
        }
        Ok(removed)
    }

    /// Removes at most `max` expired events. The lease must be the newest and must not have run out.
    pub(super) fn expire(&mut self, now: u64, max: usize, lease: Lease) -> Result<usize> {
        let until: Option<i64> = {
            let mut statement = self.conn.prepare_cached(sql::LEASE).map_err(fail)?;
            statement
                .query_row(params![crate::LEASE_EXPIRE, signed(lease.epoch)], |row| row.get(0))
                .optional()
                .map_err(fail)?
        };
        if until.is_none_or(|until| until <= signed(self.now)) {
            return Err(StoreError::Conflict);
        }
        // A clock that woke in the past must not keep what had expired by the newest stamp.
        let now = signed(now.max(self.now));
        let expired: Vec<i64> = {
            let mut statement = self.conn.prepare_cached(sql::EXPIRED).map_err(fail)?;
            let rows = statement.query_map([now], |row| row.get(0)).map_err(fail)?;
            rows.take(max).collect::<rusqlite::Result<_>>().map_err(fail)?
        };
        for seq in &expired {
            self.remove(*seq)?;
        }
        Ok(expired.len())
    }
}
