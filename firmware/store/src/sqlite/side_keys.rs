//! The admin role's file.

use std::path::Path;

use rusqlite::{Connection, OptionalExtension as _, params};

use super::error::fail;
use super::keys::{signed, unsigned};
use super::side::{Kind, Side};
use crate::Result;
use crate::keys::{KEPT_MAX, Kept, Put, TOKENS_MAX, Waiting};

/// "rbxk".
const KIND: Kind = Kind { application: 0x7262_786b, steps: &[include_str!("../../schema/keys.sql")] };

const USE: &str = "INSERT INTO used VALUES (?1, ?2) ON CONFLICT (id) DO NOTHING";
const DROP_USED: &str = "DELETE FROM used WHERE until < ?1";
const OWNER: &str = "SELECT owner FROM kept WHERE credential = ?1";
const COUNT: &str = "SELECT count(*) FROM kept WHERE owner = ?1";
const PUT: &str = "INSERT OR REPLACE INTO kept VALUES (?1, ?2, ?3, ?4, ?5)";
const GET: &str = "SELECT owner, bytes FROM kept WHERE credential = ?1";
const KEPT: &str = "SELECT credential, label, added FROM kept WHERE owner = ?1 ORDER BY added, credential";
const REMOVE: &str = "DELETE FROM kept WHERE owner = ?1 AND credential = ?2";
const DROP_TOKENS: &str = "DELETE FROM token WHERE until <= ?1";
const TOKENS: &str = "SELECT count(*) FROM token";
const OPEN: &str = "INSERT INTO token (hash, by, until) VALUES (?1, ?2, ?3) ON CONFLICT (hash) DO NOTHING";
const IS_OPEN: &str = "SELECT 1 FROM token WHERE hash = ?1 AND key IS NULL AND until > ?2";
const WAITS: &str = "SELECT 1 FROM token WHERE key = ?1 AND until > ?2";
const ENROL: &str = "UPDATE token SET key = ?2, role = ?3, pop = ?4, until = ?5 \
    WHERE hash = ?1 AND key IS NULL AND until > ?6";
const WAITING: &str =
    "SELECT key, role, pop, by, until FROM token WHERE key IS NOT NULL AND until > ?1 ORDER BY until";
const DISMISS: &str = "DELETE FROM token WHERE key = ?1";

#[derive(Debug, Clone)]
pub(crate) struct KeysFile {
    side: Side,
}

impl KeysFile {
    pub(crate) async fn open(path: &Path) -> Result<Self> {
        Ok(Self { side: Side::open(path, &KIND).await? })
    }

    pub(crate) async fn once(&self, id: [u8; 32], until: u64, now: u64) -> Result<bool> {
        self.side
            .write(move |conn| {
                execute(conn, DROP_USED, [signed(now)])?;
                Ok(execute(conn, USE, params![id, signed(until)])? == 1)
            })
            .await
    }

    pub(crate) async fn put(&self, owner: [u8; 32], kept: Kept, bytes: Vec<u8>) -> Result<Put> {
        self.side
            .write(move |conn| {
                let Kept { credential, label, added } = kept;
                let before: Option<[u8; 32]> =
                    conn.query_row(OWNER, [&credential], |row| row.get(0)).optional().map_err(fail)?;
                let count: i64 = conn.query_row(COUNT, [owner], |row| row.get(0)).map_err(fail)?;
                match before {
                    Some(before) if before != owner => return Ok(Put::Foreign),
                    None if unsigned(count) >= KEPT_MAX as u64 => return Ok(Put::Full),
                    _ => {}
                }
                execute(conn, PUT, params![credential, owner, label, signed(added), bytes])?;
                Ok(Put::Kept)
            })
            .await
    }

    pub(crate) async fn get(&self, credential: Vec<u8>) -> Result<Option<([u8; 32], Vec<u8>)>> {
        let get = move |conn: &Connection| {
            let found = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?));
            conn.query_row(GET, [credential], found).optional().map_err(fail)
        };
        self.side.read(get).await
    }

    pub(crate) async fn kept(&self, owner: [u8; 32]) -> Result<Vec<Kept>> {
        self.side
            .read(move |conn| {
                let mut statement = conn.prepare_cached(KEPT).map_err(fail)?;
                let kept = |row: &rusqlite::Row<'_>| {
                    Ok(Kept { credential: row.get(0)?, label: row.get(1)?, added: unsigned(row.get(2)?) })
                };
                let rows = statement.query_map([owner], kept).map_err(fail)?;
                rows.collect::<rusqlite::Result<_>>().map_err(fail)
            })
            .await
    }

    pub(crate) async fn remove(&self, owner: [u8; 32], credential: Vec<u8>) -> Result<bool> {
        self.side.write(move |conn| Ok(execute(conn, REMOVE, params![owner, credential])? == 1)).await
    }

    pub(crate) async fn open_token(
        &self,
        hash: [u8; 32],
        by: [u8; 32],
        until: u64,
        now: u64,
    ) -> Result<bool> {
        self.side
            .write(move |conn| {
                execute(conn, DROP_TOKENS, [signed(now)])?;
                let count: i64 = conn.query_row(TOKENS, [], |row| row.get(0)).map_err(fail)?;
                if unsigned(count) >= TOKENS_MAX as u64 {
                    return Ok(false);
                }
                Ok(execute(conn, OPEN, params![hash, by, signed(until)])? == 1)
            })
            .await
    }

    pub(crate) async fn is_open(&self, hash: [u8; 32], now: u64) -> Result<bool> {
        self.side.read(move |conn| exists(conn, IS_OPEN, params![hash, signed(now)])).await
    }

    pub(crate) async fn enrol(
        &self,
        hash: [u8; 32],
        (key, role, pop): ([u8; 32], String, String),
        until: u64,
        now: u64,
    ) -> Result<bool> {
        self.side
            .write(move |conn| {
                execute(conn, DROP_TOKENS, [signed(now)])?;
                if exists(conn, WAITS, params![key, signed(now)])? {
                    return Ok(false);
                }
                Ok(execute(conn, ENROL, params![hash, key, role, pop, signed(until), signed(now)])? == 1)
            })
            .await
    }

    pub(crate) async fn waiting(&self, now: u64) -> Result<Vec<Waiting>> {
        self.side
            .read(move |conn| {
                let mut statement = conn.prepare_cached(WAITING).map_err(fail)?;
                let waiting = |row: &rusqlite::Row<'_>| {
                    Ok(Waiting {
                        key: row.get(0)?,
                        role: row.get(1)?,
                        pop: row.get(2)?,
                        by: row.get(3)?,
                        until: unsigned(row.get(4)?),
                    })
                };
                let rows = statement.query_map([signed(now)], waiting).map_err(fail)?;
                rows.collect::<rusqlite::Result<_>>().map_err(fail)
            })
            .await
    }

    pub(crate) async fn dismiss(&self, key: [u8; 32]) -> Result<bool> {
        self.side.write(move |conn| Ok(execute(conn, DISMISS, [key])? == 1)).await
    }
}

fn execute(conn: &Connection, statement: &str, values: impl rusqlite::Params) -> Result<usize> {
    conn.prepare_cached(statement).map_err(fail)?.execute(values).map_err(fail)
}

fn exists(conn: &Connection, statement: &str, values: impl rusqlite::Params) -> Result<bool> {
    conn.prepare_cached(statement).map_err(fail)?.exists(values).map_err(fail)
}
