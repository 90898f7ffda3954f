//! `store check`.

use rusqlite::Connection;

use super::error::fail;
use crate::Result;

pub(super) fn run(conn: &Connection) -> Result<Vec<String>> {
    let mut found = Vec::new();
    let mut statement = conn.prepare("PRAGMA integrity_check").map_err(fail)?;
    let rows = statement.query_map([], |row| row.get::<_, String>(0)).map_err(fail)?;
    for row in rows {
        let line = row.map_err(fail)?;
        if line != "ok" {
            found.push(format!("file: {line}"));
        }
    }
    Ok(found)
}
