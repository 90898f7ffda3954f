//! What no relay on this machine could do without: the signature checks and the durable inserts of
//! the same events, each alone. CPU time, so that other programs change little.

use std::path::Path;

use anyhow::Result;
use relaybox_process::clock::Clock;
use relaybox_protocol::event::{EVENT_BYTES_MAX, Verified};

use crate::events::Prepared;
use crate::server::cpu_seconds;

/// CPU seconds, at least, that a figure is taken over: the kernel counts in hundredths.
const CPU_SECONDS_MIN: f64 = 0.5;

/// CPU microseconds for one event.
pub(crate) struct Floor {
    pub(crate) schnorr: f64,
    pub(crate) parse_and_verify: f64,
    pub(crate) insert: Insert,
    pub(crate) insert_alone: Insert,
}

/// Inserts of one batch size.
pub(crate) struct Insert {
    pub(crate) cpu: f64,
    /// Wall microseconds, waiting for the disk among them.
    pub(crate) wall: f64,
}

impl Floor {
    /// Events that one CPU-second could take if nothing but the check and the insert were done.
    pub(crate) fn per_cpu_second(&self) -> f64 {
        1e6 / (self.schnorr + self.insert.cpu)
    }
}

/// Events of one commit when many are under way.
pub(crate) const BATCH: usize = 64;

/// `folder` must not hold a floor measured before.
pub(crate) fn measure(folder: &Path, list: &[Prepared], smoke: bool) -> Result<Floor> {
    let least = if smoke { 0.0 } else { CPU_SECONDS_MIN };
    let json: Vec<String> = list.iter().map(|event| event.event.as_json()).collect();
    Ok(Floor {
        schnorr: cost(list, least, |event| Ok(event.event.verify_signature()))?,
        parse_and_verify: cost(&json, least, |text| Ok(Verified::parse(text, EVENT_BYTES_MAX).is_ok()))?,
        insert: inserts(&folder.join("floor.db"), &json, BATCH, least)?,
        insert_alone: inserts(&folder.join("floor-alone.db"), &json, 1, least)?,
    })
}

/// CPU microseconds of one call that must say yes.
fn cost<T>(list: &[T], least: f64, call: impl Fn(&T) -> Result<bool>) -> Result<f64> {
    let own = std::process::id();
    let (start, mut done) = (cpu_seconds(own)?, 0_u32);
    loop {
        for one in list {
            anyhow::ensure!(call(one)?, "a good event was refused");
            done += 1;
        }
        let used = cpu_seconds(own)? - start;
        if used >= least {
            return Ok(used * 1e6 / f64::from(done));
        }
    }
}

/// A table with nothing but number and bytes, WAL and `synchronous=FULL`.
fn inserts(path: &Path, json: &[String], batch: usize, least: f64) -> Result<Insert> {
    let mut connection = rusqlite::Connection::open(path)?;
    connection.pragma_update(None, "journal_mode", "wal")?;
    connection.pragma_update(None, "synchronous", "full")?;
    connection.execute_batch("create table event (n integer primary key, bytes text not null)")?;
    let clock = Clock::System;
    let own = std::process::id();
    let (cpu, start, mut done) = (cpu_seconds(own)?, clock.instant(), 0_u32);
    loop {
        for some in json.chunks(batch) {
            let transaction = connection.transaction()?;
            let mut insert = transaction.prepare_cached("insert into event (bytes) values (?1)")?;
            for bytes in some {
                insert.execute([bytes])?;
                done += 1;
            }
            drop(insert);
            transaction.commit()?;
        }
        let (used, wall) = (cpu_seconds(own)? - cpu, clock.instant() - start);
        if used >= least {
            let each = |seconds: f64| seconds * 1e6 / f64::from(done);
            return Ok(Insert { cpu: each(used), wall: each(wall.as_secs_f64()) });
        }
    }
}
