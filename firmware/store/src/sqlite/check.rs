//! `store check`: recomputes what the tables say from the signed events, and names what differs by
//! arrival number. It reads one snapshot and changes nothing.

mod chains;
mod policy;
mod rows;

use rusqlite::Connection;

use super::error::fail;
use crate::Result;

/// Faults listed; a database that has more needs a restore, not a longer list.
const FAULTS_MAX: usize = 1000;

/// What is wrong, one line each.
#[derive(Debug, Default)]
struct Faults(Vec<String>);

impl Faults {
    fn add(&mut self, fault: String) {
        if self.0.len() < FAULTS_MAX {
            self.0.push(fault);
        }
    }
}

pub(super) fn run(conn: &Connection) -> Result<Vec<String>> {
    let mut faults = Faults::default();
    integrity(conn, &mut faults)?;
    let folded = rows::check(conn, &mut faults)?;
    let receipts = chains::check(conn, &folded, &mut faults)?;
    policy::check(conn, &folded, &receipts, &mut faults)?;
    Ok(faults.0)
}

fn integrity(conn: &Connection, faults: &mut Faults) -> Result<()> {
    let mut statement = conn.prepare("PRAGMA integrity_check").map_err(fail)?;
    let mut rows = statement.query([]).map_err(fail)?;
    while let Some(row) = rows.next().map_err(fail)? {
        let line: String = row.get(0).map_err(fail)?;
        if line != "ok" {
            faults.add(format!("file: {line}"));
        }
    }
    Ok(())
}
