//! One-time marks, counters, leases, quarantine: small tables in the same transactions.

use std::time::Duration;

use rusqlite::{OptionalExtension, params};

use super::error::fail;
use super::insert::origin;
use super::keys::{signed, unsigned};
use super::sql;
use super::txn::Txn;
use crate::{Lease, Rejected, Result, Space};

impl Txn<'_> {
    /// True for the first caller until `until`. Marks that ran out are cleared a few at a time.
    pub(super) fn once(&mut self, space: Space, key: &[u8], until: u64) -> Result<bool> {
        let now = signed(self.now);
        let first = self.execute(sql::MARK, params![number(space), key, signed(until), now])? == 1;
        self.execute(sql::DROP_MARKS, [now])?;
        Ok(first)
    }

    pub(super) fn spend(&mut self, space: Space, key: &[u8], n: i64, limit: i64) -> Result<bool> {
        let value: Option<i64> = {
            let mut statement = self.conn.prepare_cached(sql::COUNTER).map_err(fail)?;
            statement.query_row(params![number(space), key], |row| row.get(0)).optional().map_err(fail)?
        };
        let sum = value.unwrap_or(0).saturating_add(n);
        if sum > limit {
            return Ok(false);
        }
        self.execute(sql::SET_COUNTER, params![number(space), key, sum])?;
        Ok(true)
    }

    /// On one box a lease is always granted; the one before it no longer holds.
    pub(super) fn lease(&mut self, name: &str, ttl: Duration) -> Result<Lease> {
        let until = signed(self.now.saturating_add(ttl.as_secs()));
        let mut statement = self.conn.prepare_cached(sql::TAKE_LEASE).map_err(fail)?;
        let epoch: i64 = statement.query_row(params![name, until], |row| row.get(0)).map_err(fail)?;
        Ok(Lease { epoch: unsigned(epoch) })
    }

    pub(super) fn quarantine(&mut self, rejected: &[Rejected]) -> Result<()> {
        for item in rejected {
            self.execute(
                sql::QUARANTINE,
                params![signed(self.now), origin(item.origin), item.reason, item.bytes],
            )?;
        }
        Ok(())
    }
}

fn number(space: Space) -> i64 {
    match space {
        Space::HttpAuth => 1,
        Space::BlossomAuth => 2,
        Space::Invitation => 3,
        Space::WrapSender => 4,
        Space::Suspensions => 5,
    }
}
