//! Receipt chains: each builds on the one before, names what is here, and nothing is forgotten.

use std::collections::{HashMap, HashSet};

use relaybox_protocol::event::parse_unverified;
use relaybox_protocol::kinds;
use relaybox_protocol::receipts::{self, ChainKey, Receipt};
use relaybox_protocol::{Event, EventId};
use rusqlite::{Connection, OptionalExtension, params};

use super::Faults;
use super::rows::Folded;
use crate::Result;
use crate::sqlite::error::{corrupt, fail};
use crate::sqlite::insert::find;
use crate::sqlite::keys::{self, unsigned};

/// Policy receipts in arrival order, for the fold by receipts.
pub(super) type PolicyReceipts = Vec<(ChainKey, Receipt)>;

pub(super) fn check(conn: &Connection, folded: &Folded, faults: &mut Faults) -> Result<PolicyReceipts> {
    let mut book = Book { conn, heads: HashMap::new(), named: HashSet::new(), policy: Vec::new() };
    let sql = format!("SELECT seq, origin, bytes FROM event WHERE kind = {} ORDER BY seq", kinds::RECEIPT);
    let mut statement = conn.prepare(&sql).map_err(fail)?;
    let mut rows = statement.query([]).map_err(fail)?;
    while let Some(row) = rows.next().map_err(fail)? {
        let (seq, origin): (i64, i64) = (row.get(0).map_err(fail)?, row.get(1).map_err(fail)?);
        let bytes =
            row.get_ref(2).map_err(fail)?.as_str().map_err(|_| corrupt("an event that is no text"))?;
        let Ok(event) = parse_unverified(bytes, bytes.len()) else { continue };
        if let Err(fault) = book.receipt(folded, &event, origin == 0)? {
            faults.add(format!("receipt {seq}: {fault}"));
        }
    }
    book.heads(faults)?;
    book.owed(folded, faults)?;
    Ok(book.policy)
}

struct Book<'c> {
    conn: &'c Connection,
    heads: HashMap<ChainKey, (u64, EventId)>,
    named: HashSet<(ChainKey, EventId)>,
    policy: PolicyReceipts,
}

type Fault = std::result::Result<(), &'static str>;

impl Book<'_> {
    fn receipt(&mut self, folded: &Folded, event: &Event, ours: bool) -> Result<Fault> {
        let Some(receipt) = receipts::parse(event) else { return Ok(Err("not the shape of a receipt")) };
        let Some(chain) = chain_of(folded, &receipt) else { return Ok(Err("its first p is no epoch key")) };
        let (before, prev) = match self.heads.get(&chain) {
            Some((n, head)) => (*n, Some(*head)),
            None => (0, None),
        };
        let builds_on = receipt.prev == prev && receipt.n == before.saturating_add(receipt.rows.len() as u64);
        self.heads.insert(chain, (receipt.n, receipt.id));
        let mut last = 0;
        let mut rows_hold = Ok(());
        for row in &receipt.rows {
            self.named.insert((chain, row.id));
            if let Err(fault) = self.row(row, ours, &mut last)? {
                rows_hold = Err(fault);
            }
        }
        if receipt.policy_chain.is_some() {
            self.policy.push((chain, receipt));
        }
        Ok(if builds_on { rows_hold } else { Err("it does not build on the one before it") })
    }

    /// A named event is here as the receipt says, or a destruction order took it.
    fn row(&self, row: &receipts::Row, ours: bool, last: &mut i64) -> Result<Fault> {
        let Some((seq, _, _)) = find(self.conn, &row.id)? else {
            let destroyed = "SELECT 1 FROM tombstone WHERE id = ?1 AND author = x''";
            let mut statement = self.conn.prepare_cached(destroyed).map_err(fail)?;
            let destroyed = statement.exists([row.id.as_bytes()]).map_err(fail)?;
            return Ok(if destroyed { Ok(()) } else { Err("it names an event that is not here") });
        };
        if !ours {
            return Ok(Ok(()));
        }
        let mut statement =
            self.conn.prepare_cached("SELECT received FROM event WHERE seq = ?1").map_err(fail)?;
        let received: i64 = statement.query_row([seq], |row| row.get(0)).map_err(fail)?;
        if unsigned(received) != row.received {
            return Ok(Err("it dates an event otherwise"));
        }
        if std::mem::replace(last, seq) >= seq {
            return Ok(Err("its rows are not in arrival order"));
        }
        Ok(Ok(()))
    }

    fn heads(&self, faults: &mut Faults) -> Result<()> {
        let mut statement = self.conn.prepare("SELECT n, head FROM chain WHERE key = ?1").map_err(fail)?;
        for (chain, (n, head)) in &self.heads {
            let stored = statement
                .query_row([chain.to_bytes()], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, [u8; 32]>(1)?)))
                .optional()
                .map_err(fail)?;
            if stored != Some((keys::signed(*n), head.to_bytes())) {
                faults.add("chains: a head is not the last receipt of its chain".into());
            }
        }
        let count = self.conn.query_row("SELECT count(*) FROM chain", [], |row| row.get::<_, i64>(0));
        if usize::try_from(count.map_err(fail)?).ok() != Some(self.heads.len()) {
            faults.add("chains: a head without a receipt".into());
        }
        Ok(())
    }

    /// Every receipted event is named or due, and never both.
    fn owed(&self, folded: &Folded, faults: &mut Faults) -> Result<()> {
        let mut statement =
            self.conn.prepare("SELECT 1 FROM due WHERE seq = ?1 AND chain = ?2 AND id = ?3").map_err(fail)?;
        for (seq, chain, id) in &folded.owed {
            let due = statement.exists(params![seq, chain.to_bytes(), id.as_bytes()]).map_err(fail)?;
            match (self.named.contains(&(*chain, *id)), due) {
                (true, false) | (false, true) => {}
                (true, true) => faults.add(format!("event {seq}: named by a receipt and still due")),
                (false, false) => faults.add(format!("event {seq}: no receipt names it and none is due")),
            }
        }
        Ok(())
    }
}

fn chain_of(folded: &Folded, receipt: &Receipt) -> Option<ChainKey> {
    if let Some(chain) = receipt.policy_chain {
        return Some(chain);
    }
    let policy = folded.policy.as_ref()?;
    let compartment = policy.now(0).compartment_of(&receipt.epoch_key?)?;
    Some(ChainKey::Clinical { compartment, subject: receipt.subject })
}
