//! Events against themselves, and every index, slot and sum against the events.

use std::collections::HashMap;

use relaybox_protocol::event::{Verified, index_keys, tag_value};
use relaybox_protocol::kinds::{self, Keeping};
use relaybox_protocol::policy::Policy;
use relaybox_protocol::receipts::ChainKey;
use relaybox_protocol::scope::IndexKey;
use relaybox_protocol::{Event, EventId, PublicKey};
use rusqlite::{Connection, params};

use super::Faults;
use crate::Result;
use crate::sqlite::error::fail;
use crate::sqlite::keys::{self, unsigned};
use crate::sqlite::writer::read_head;

/// What the walk over the events leaves for the later parts.
#[derive(Debug, Default)]
pub(super) struct Folded {
    /// Policy by arrival; none before the first epoch.
    pub(super) policy: Option<Policy>,
    /// The practice key that signed the first epoch.
    pub(super) practice: Option<PublicKey>,
    /// Which receipt chain owes which event: arrival number, chain, id.
    pub(super) owed: Vec<(i64, ChainKey, EventId)>,
}

struct Stored {
    seq: i64,
    id: [u8; 32],
    kind: u16,
    created_at: i64,
    received: i64,
    payer: Option<i64>,
    numbers: Vec<u8>,
    bytes: String,
}

pub(super) fn check(conn: &Connection, faults: &mut Faults) -> Result<Folded> {
    let (head, floor) = read_head(conn)?;
    let mut walk =
        Walk { conn, folded: Folded::default(), entries: 0, slots: 0, usage: HashMap::new(), received: 0 };
    let all = "SELECT seq, id, kind, created_at, received, payer, keys, bytes FROM event ORDER BY seq";
    let mut statement = conn.prepare(all).map_err(fail)?;
    let mut rows = statement.query([]).map_err(fail)?;
    let mut last = 0;
    while let Some(row) = rows.next().map_err(fail)? {
        let stored = Stored {
            seq: row.get(0).map_err(fail)?,
            id: row.get(1).map_err(fail)?,
            kind: row.get(2).map_err(fail)?,
            created_at: row.get(3).map_err(fail)?,
            received: row.get(4).map_err(fail)?,
            payer: row.get(5).map_err(fail)?,
            numbers: row.get(6).map_err(fail)?,
            bytes: row.get(7).map_err(fail)?,
        };
        last = unsigned(stored.seq);
        if let Err(fault) = walk.event(&stored)? {
            faults.add(format!("event {last}: {fault}"));
        }
    }
    if last > head.n || head.m > head.n {
        faults.add("head: below an event".into());
    }
    if unsigned(walk.received) > floor {
        faults.add("head: stamp below an event's".into());
    }
    walk.totals(faults)?;
    Ok(walk.folded)
}

struct Walk<'c> {
    conn: &'c Connection,
    folded: Folded,
    entries: i64,
    slots: i64,
    usage: HashMap<i64, i64>,
    received: i64,
}

type Fault = std::result::Result<(), &'static str>;

impl Walk<'_> {
    fn event(&mut self, stored: &Stored) -> Result<Fault> {
        let verified = match Verified::parse(&stored.bytes, stored.bytes.len()) {
            Ok(verified) => verified,
            Err(refusal) => return Ok(Err(refusal.text())),
        };
        let event = verified.event();
        let same = event.id.to_bytes() == stored.id
            && verified.kind() == stored.kind
            && keys::signed(event.created_at.as_secs()) == stored.created_at;
        if !same {
            return Ok(Err("its columns are not those of its bytes"));
        }
        if stored.received < self.received {
            return Ok(Err("received before the event before it"));
        }
        self.received = stored.received;
        if let Err(fault) = self.index(stored, event)? {
            return Ok(Err(fault));
        }
        if let Some(payer) = stored.payer {
            *self.usage.entry(payer).or_default() += keys::signed(stored.bytes.len() as u64);
        }
        self.fold(stored, event)
    }

    /// Every index row that the event must have.
    fn index(&mut self, stored: &Stored, event: &Event) -> Result<Fault> {
        let mut wanted = index_keys(event);
        wanted.push(IndexKey::Author(event.pubkey));
        wanted.sort_unstable();
        wanted.dedup();
        let numbers: Vec<i64> = keys::unpack(&stored.numbers).collect();
        let mut found =
            numbers.iter().map(|number| keys::key(self.conn, *number)).collect::<Result<Vec<_>>>()?;
        if found.first() != Some(&IndexKey::Author(event.pubkey)) {
            return Ok(Err("its first key is not its author"));
        }
        found.sort_unstable();
        if found != wanted {
            return Ok(Err("its keys are not those of its tags"));
        }
        let rank = keys::rank(&event.id);
        let entry =
            "SELECT 1 FROM entry WHERE key = ?1 AND kind = ?2 AND created_at = ?3 AND rank = ?4 AND seq = ?5";
        let mut statement = self.conn.prepare_cached(entry).map_err(fail)?;
        for key in std::iter::once(keys::ANY).chain(numbers) {
            self.entries += 1;
            let values = params![key, stored.kind, stored.created_at, rank, stored.seq];
            if !statement.exists(values).map_err(fail)? {
                return Ok(Err("it is missing in the index"));
            }
        }
        let by_id = "SELECT 1 FROM event_id WHERE prefix = ?1 AND seq = ?2";
        let mut statement = self.conn.prepare_cached(by_id).map_err(fail)?;
        if !statement.exists(params![keys::prefix(&event.id), stored.seq]).map_err(fail)? {
            return Ok(Err("it is missing in the id index"));
        }
        self.slot(stored, event)
    }

    fn slot(&mut self, stored: &Stored, event: &Event) -> Result<Fault> {
        let d = match kinds::keeping(stored.kind) {
            Keeping::Replaceable => "",
            Keeping::Addressable => tag_value(event, "d", 0).unwrap_or_default(),
            Keeping::Regular => return Ok(Ok(())),
            Keeping::Ephemeral => return Ok(Err("its kind is not kept")),
        };
        self.slots += 1;
        let slot = "SELECT 1 FROM slot WHERE author = ?1 AND kind = ?2 AND d = ?3 AND seq = ?4";
        let mut statement = self.conn.prepare_cached(slot).map_err(fail)?;
        let held =
            statement.exists(params![event.pubkey.as_bytes(), stored.kind, d, stored.seq]).map_err(fail)?;
        Ok(if held { Ok(()) } else { Err("it is not the version that holds its slot") })
    }

    /// Policy by arrival, and the chains in which the event must be named.
    fn fold(&mut self, stored: &Stored, event: &Event) -> Result<Fault> {
        if self.folded.policy.is_none() && stored.kind == kinds::PRACTICE_EPOCH {
            self.folded.practice = Some(event.pubkey);
            self.folded.policy = Some(Policy::new(event.pubkey));
        }
        let Some(policy) = &mut self.folded.policy else { return Ok(Ok(())) };
        let (at, received) = (unsigned(stored.seq), unsigned(stored.received));
        if kinds::is_policy(stored.kind) {
            let change = "SELECT 1 FROM change WHERE seq = ?1 AND members = 1";
            let mut statement = self.conn.prepare_cached(change).map_err(fail)?;
            if !statement.exists([stored.seq]).map_err(fail)? {
                return Ok(Err("a membership event that the list of changes lacks"));
            }
            let chain = policy.chain_of(event);
            if policy.apply(event, at, received).is_ok() {
                self.folded.owed.extend(chain.map(|chain| (stored.seq, chain, event.id)));
            }
        }
        if kinds::is_clinical(stored.kind) {
            let chain = ChainKey::of_clinical(&policy.at(at, received), event);
            self.folded.owed.extend(chain.map(|chain| (stored.seq, chain, event.id)));
        }
        Ok(Ok(()))
    }

    /// Rows that belong to no event.
    fn totals(&self, faults: &mut Faults) -> Result<()> {
        let count = |table: &str| {
            let sql = format!("SELECT count(*) FROM {table}");
            self.conn.query_row(&sql, [], |row| row.get::<_, i64>(0)).map_err(fail)
        };
        if count("entry")? != self.entries {
            faults.add("index: rows without an event".into());
        }
        if count("event_id")? != count("event")? {
            faults.add("id index: rows without an event".into());
        }
        if count("slot")? != self.slots {
            faults.add("slots: rows without an event".into());
        }
        let mut statement = self.conn.prepare("SELECT payer, bytes FROM usage").map_err(fail)?;
        let mut rows = statement.query([]).map_err(fail)?;
        let mut usage = HashMap::new();
        while let Some(row) = rows.next().map_err(fail)? {
            usage.insert(row.get::<_, i64>(0).map_err(fail)?, row.get::<_, i64>(1).map_err(fail)?);
        }
        if usage != self.usage {
            faults.add("quota: sums are not those of the events".into());
        }
        Ok(())
    }
}
