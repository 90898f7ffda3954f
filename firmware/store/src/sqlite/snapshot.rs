//! A consistent copy of the database while it serves.

use std::path::Path;
use std::time::Duration;

use rusqlite::Connection;
use rusqlite::backup::Backup;

use super::error::fail;
use crate::{Result, StoreError};

/// Pages copied between two looks at the clock of other threads.
const PAGES: i32 = 256;

/// Copies what a connection sees in its open snapshot. The file gets its name only when it is whole
/// and on disk.
pub(super) fn write(conn: &Connection, into: &Path) -> Result<()> {
    let io = |error: std::io::Error| StoreError::Unavailable(Box::new(error));
    let mut partial = into.as_os_str().to_owned();
    partial.push(".partial");
    match std::fs::remove_file(&partial) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(io(error)),
        _ => {}
    }
    let mut target = Connection::open(&partial).map_err(fail)?;
    // The open snapshot keeps the source as it is; commits meanwhile do not restart the copy.
    Backup::new(conn, &mut target)
        .and_then(|backup| backup.run_to_completion(PAGES, Duration::ZERO, None))
        .map_err(fail)?;
    target.close().map_err(|(_, error)| fail(error))?;
    std::fs::File::open(&partial).and_then(|file| file.sync_all()).map_err(io)?;
    std::fs::rename(&partial, into).map_err(io)?;
    if let Some(directory) = into.parent().filter(|parent| !parent.as_os_str().is_empty()) {
        std::fs::File::open(directory).and_then(|directory| directory.sync_all()).map_err(io)?;
    }
    Ok(())
}
