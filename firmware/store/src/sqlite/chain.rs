//! The file of hash chains.

use std::ops::RangeInclusive;
use std::path::Path;

use rusqlite::{Connection, OptionalExtension as _, params};

use super::error::{corrupt, fail};
use super::keys::{signed, unsigned};
use super::side::{Kind, Side};
use crate::chain::{Anchor, End, Link};
use crate::{Result, StoreError};

/// "rbxa".
const KIND: Kind = Kind { application: 0x7262_7861, steps: &[include_str!("../../schema/chain.sql")] };

const TAKE: &str = "INSERT INTO writer VALUES (?1, 1, 0, zeroblob(32)) \
    ON CONFLICT (name) DO UPDATE SET epoch = epoch + 1 RETURNING epoch";
const END: &str = "SELECT epoch, number, hash FROM writer WHERE name = ?1";
const ENDS: &str = "SELECT name, number, hash, (SELECT max(number) FROM entry WHERE writer = name) FROM writer \
    ORDER BY name";
const STRAYS: &str = "SELECT writer, max(number) FROM entry WHERE writer NOT IN (SELECT name FROM writer) \
    GROUP BY writer ORDER BY writer";
const SET_END: &str = "UPDATE writer SET number = ?2, hash = ?3 WHERE name = ?1";
const APPEND: &str = "INSERT INTO entry VALUES (?1, ?2, ?3, ?4)";
const SCAN: &str =
    "SELECT number, hash, bytes FROM entry WHERE writer = ?1 AND number > ?2 ORDER BY number LIMIT ?3";
const KEEP_ANCHOR: &str = "INSERT INTO anchor (bytes, published) VALUES (?1, 0)";
const PUBLISHED: &str = "UPDATE anchor SET published = 1 WHERE num = ?1";
const ANCHORS: &str = "SELECT num, bytes, published FROM anchor ORDER BY num";

#[derive(Debug)]
pub(crate) struct ChainFile {
    side: Side,
}

impl ChainFile {
    pub(crate) async fn open(path: &Path) -> Result<Self> {
        Ok(Self { side: Side::open(path, &KIND).await? })
    }

    pub(crate) async fn look(path: &Path) -> Result<Self> {
        Ok(Self { side: Side::look(path, &KIND).await? })
    }

    pub(crate) fn path(&self) -> &Path {
        self.side.path()
    }

    /// The writer's next epoch, and the end of its chain.
    pub(crate) async fn take(&self, writer: &str) -> Result<(u64, End)> {
        let writer = writer.to_owned();
        self.side
            .write(move |conn| {
                let epoch: i64 = conn.query_row(TAKE, [&writer], |row| row.get(0)).map_err(fail)?;
                let (_, number, hash) = end(conn, &writer)?;
                Ok((unsigned(epoch), End { writer, number, hash, found: number }))
            })
            .await
    }

    pub(crate) async fn append(
        &self,
        writer: &str,
        epoch: u64,
        after: [u8; 32],
        links: Vec<Link>,
    ) -> Result<RangeInclusive<u64>> {
        let writer = writer.to_owned();
        self.side
            .write(move |conn| {
                let (held, mut number, hash) = end(conn, &writer)?;
                if held != epoch || hash != after {
                    return Err(StoreError::Conflict);
                }
                let first = number + 1;
                let mut insert = conn.prepare_cached(APPEND).map_err(fail)?;
                for link in &links {
                    number += 1;
                    if link.number != number {
                        return Err(StoreError::Conflict);
                    }
                    insert.execute(params![writer, signed(number), link.hash, link.bytes]).map_err(fail)?;
                }
                if let Some(last) = links.last() {
                    conn.execute(SET_END, params![writer, signed(number), last.hash]).map_err(fail)?;
                }
                Ok(first..=number)
            })
            .await
    }

    pub(crate) async fn ends(&self) -> Result<Vec<End>> {
        self.side
            .read(|conn| {
                let mut ends = Vec::new();
                let mut statement = conn.prepare_cached(ENDS).map_err(fail)?;
                let mut rows = statement.query([]).map_err(fail)?;
                while let Some(row) = rows.next().map_err(fail)? {
                    let found: Option<i64> = row.get(3).map_err(fail)?;
                    ends.push(End {
                        writer: row.get(0).map_err(fail)?,
                        number: unsigned(row.get(1).map_err(fail)?),
                        hash: hash_or_none(row.get(2).map_err(fail)?),
                        found: unsigned(found.unwrap_or(0)),
                    });
                }
                let mut statement = conn.prepare_cached(STRAYS).map_err(fail)?;
                let mut rows = statement.query([]).map_err(fail)?;
                while let Some(row) = rows.next().map_err(fail)? {
                    let found = unsigned(row.get(1).map_err(fail)?);
                    ends.push(End { writer: row.get(0).map_err(fail)?, number: 0, hash: [0; 32], found });
                }
                Ok(ends)
            })
            .await
    }

    pub(crate) async fn scan(&self, writer: &str, after: u64, max: usize) -> Result<Vec<Link>> {
        let writer = writer.to_owned();
        let max = i64::try_from(max).unwrap_or(i64::MAX);
        self.side
            .read(move |conn| {
                let mut links = Vec::new();
                let mut statement = conn.prepare_cached(SCAN).map_err(fail)?;
                let mut rows = statement.query(params![writer, signed(after), max]).map_err(fail)?;
                while let Some(row) = rows.next().map_err(fail)? {
                    links.push(Link {
                        number: unsigned(row.get(0).map_err(fail)?),
                        hash: hash_or_none(row.get(1).map_err(fail)?),
                        bytes: row.get(2).map_err(fail)?,
                    });
                }
                Ok(links)
            })
            .await
    }

    pub(crate) async fn keep_anchor(&self, bytes: String) -> Result<u64> {
        self.side
            .write(move |conn| {
                conn.execute(KEEP_ANCHOR, [bytes]).map_err(fail)?;
                Ok(unsigned(conn.last_insert_rowid()))
            })
            .await
    }

    pub(crate) async fn anchor_published(&self, num: u64) -> Result<()> {
        self.side.write(move |conn| conn.execute(PUBLISHED, [signed(num)]).map(drop).map_err(fail)).await
    }

    pub(crate) async fn anchors(&self) -> Result<Vec<Anchor>> {
        self.side
            .read(|conn| {
                let mut statement = conn.prepare_cached(ANCHORS).map_err(fail)?;
                let anchor = |row: &rusqlite::Row<'_>| {
                    Ok(Anchor { num: unsigned(row.get(0)?), bytes: row.get(1)?, published: row.get(2)? })
                };
                let anchors = statement.query_map([], anchor).map_err(fail)?;
                anchors.collect::<rusqlite::Result<_>>().map_err(fail)
            })
            .await
    }
}

/// Epoch, number and hash of a writer's end.
fn end(conn: &Connection, writer: &str) -> Result<(u64, u64, [u8; 32])> {
    let row = conn
        .query_row(END, [writer], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?, row.get(2)?)))
        .optional()
        .map_err(fail)?;
    let (epoch, number, bytes) = row.ok_or_else(|| corrupt("a writer without its row"))?;
    Ok((unsigned(epoch), unsigned(number), hash(bytes)?))
}

/// A damaged hash is read as zeros, so that whoever checks the chain can say which entry has it.
fn hash_or_none(bytes: Vec<u8>) -> [u8; 32] {
    bytes.try_into().unwrap_or_default()
}

fn hash(bytes: Vec<u8>) -> Result<[u8; 32]> {
    bytes.try_into().map_err(|_| corrupt("a hash of another length"))
}
