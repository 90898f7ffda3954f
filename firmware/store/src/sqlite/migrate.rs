//! Opening a database file: pragmas, schema, forward-only migrations.

use std::path::Path;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use super::error::{corrupt, fail};
use crate::{Result, StoreConfig, StoreError};

/// The schema, and what leads from each version to the next. Steps are never edited once released.
const STEPS: &[&str] = &[include_str!("../../schema/schema.sql")];

/// Marks the file as a practice's store ("rbox").
const APPLICATION: u32 = 0x7262_6f78;

/// Page cache of a small database.
const SIDE_CACHE_KIB: usize = 512;

pub(super) const STATEMENTS_MAX: usize = 96;

/// The one connection that writes.
pub(super) fn open_writer(config: &StoreConfig) -> Result<Connection> {
    let mut conn = Connection::open_with_flags(
        &config.path,
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX,
    )
    .map_err(fail)?;
    common(&conn, config.writer_cache_kib)?;
    let synchronous = if config.synchronous_full { "FULL" } else { "OFF" };
    // Deleted content is overwritten, so that a destruction order leaves nothing in free pages. The
    // log is checkpointed rarely, and cut back to a bound afterwards.
    conn.execute_batch(&format!(
        "PRAGMA journal_mode = WAL;
         PRAGMA synchronous = {synchronous};
         PRAGMA secure_delete = ON;
         PRAGMA wal_autocheckpoint = {};
         PRAGMA journal_size_limit = 67108864;",
        config.checkpoint_pages
    ))
    .map_err(fail)?;
    migrate(&mut conn, APPLICATION, STEPS)?;
    Ok(conn)
}

/// A connection that cannot write.
pub(super) fn open_reader(path: &Path, cache_kib: usize) -> Result<Connection> {
    let conn =
        Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX)
            .map_err(fail)?;
    common(&conn, cache_kib)?;
    let (found, known) = (version(&conn)?, newest(STEPS));
    if found > known { Err(StoreError::NewerSchema { found, known }) } else { Ok(conn) }
}

/// A small database beside the practice's own.
pub(super) fn open_side(path: &Path, application: u32, steps: &[&str]) -> Result<Connection> {
    let flags =
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut conn = Connection::open_with_flags(path, flags).map_err(fail)?;
    common(&conn, SIDE_CACHE_KIB)?;
    conn.execute_batch("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA secure_delete = ON;")
        .map_err(fail)?;
    migrate(&mut conn, application, steps)?;
    is_a(&conn, application)?;
    Ok(conn)
}

/// The same for reading only.
pub(super) fn open_side_reader(path: &Path, application: u32, steps: &[&str]) -> Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let conn = Connection::open_with_flags(path, flags).map_err(fail)?;
    common(&conn, SIDE_CACHE_KIB)?;
    is_a(&conn, application)?;
    let (found, known) = (version(&conn)?, newest(steps));
    if found > known { Err(StoreError::NewerSchema { found, known }) } else { Ok(conn) }
}

/// A file of another kind is not this one.
fn is_a(conn: &Connection, application: u32) -> Result<()> {
    let found: u32 = conn.pragma_query_value(None, "application_id", |row| row.get(0)).map_err(fail)?;
    if found == application { Ok(()) } else { Err(corrupt("a file of another kind")) }
}

fn version(conn: &Connection) -> Result<u32> {
    conn.pragma_query_value(None, "user_version", |row| row.get(0)).map_err(fail)
}

fn newest(steps: &[&str]) -> u32 {
    u32::try_from(steps.len()).unwrap_or(u32::MAX)
}

fn common(conn: &Connection, cache_kib: usize) -> Result<()> {
    conn.set_prepared_statement_cache_capacity(STATEMENTS_MAX);
    // Without this guarantee a bound value may prepare a statement anew.
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true).map_err(fail)?;
    conn.execute_batch(&format!("PRAGMA cache_size = -{cache_kib}; PRAGMA busy_timeout = 250;")).map_err(fail)
}

/// Brings the file to the newest version, each step in a transaction of its own.
fn migrate(conn: &mut Connection, application: u32, steps: &[&str]) -> Result<()> {
    let (found, known) = (version(conn)?, newest(steps));
    if found > known {
        return Err(StoreError::NewerSchema { found, known });
    }
    for (step, version) in steps.iter().zip(1u32..).skip(found as usize) {
        let tx = conn.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate).map_err(fail)?;
        tx.execute_batch(step).map_err(fail)?;
        tx.pragma_update(None, "user_version", version).map_err(fail)?;
        tx.pragma_update(None, "application_id", application).map_err(fail)?;
        tx.commit().map_err(fail)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_database_walks_forward_through_each_step_once() {
        let mut conn = Connection::open_in_memory().unwrap();
        migrate(&mut conn, APPLICATION, &["CREATE TABLE a (x)"]).unwrap();
        assert_eq!(version(&conn).unwrap(), 1);
        let steps = ["CREATE TABLE a (x)", "ALTER TABLE a ADD COLUMN y", "INSERT INTO a VALUES (1, 2)"];
        migrate(&mut conn, APPLICATION, &steps).unwrap();
        migrate(&mut conn, APPLICATION, &steps).unwrap();
        assert_eq!(version(&conn).unwrap(), 3);
        assert_eq!(conn.query_row("SELECT count(*) FROM a", [], |row| row.get::<_, i64>(0)).unwrap(), 1);
    }

    #[test]
    fn a_newer_schema_is_refused_and_left_alone() {
        let mut conn = Connection::open_in_memory().unwrap();
        migrate(&mut conn, APPLICATION, &["CREATE TABLE a (x)", "CREATE TABLE b (x)"]).unwrap();
        let refused = migrate(&mut conn, APPLICATION, &["CREATE TABLE a (x)"]);
        assert!(matches!(refused, Err(StoreError::NewerSchema { found: 2, known: 1 })));
        assert_eq!(version(&conn).unwrap(), 2);
    }

    #[test]
    fn a_step_that_fails_leaves_the_version_before_it() {
        let mut conn = Connection::open_in_memory().unwrap();
        assert!(
            migrate(
                &mut conn,
                APPLICATION,
                &["CREATE TABLE a (x)", "CREATE TABLE b (x); SELECT nonsense FROM a"]
            )
            .is_err()
        );
        assert_eq!(version(&conn).unwrap(), 1);
        assert!(conn.prepare("SELECT x FROM b").is_err());
        assert!(conn.prepare("SELECT x FROM a").is_ok());
    }
}
