//! Stored queries: closed loops of a few connections, one request under way on each.

use std::time::Duration;

use anyhow::{Result, ensure};
use futures_util::future::try_join_all;
use relaybox_process::clock::Clock;
use relaybox_protocol::Keys;
use serde_json::{Value, json};

use crate::echo::Echo;
use crate::practice::Practice;
use crate::server::cpu_seconds;
use crate::table::{Bar, Column, Table, median, millis, percentile};
use crate::wire::{Door, Wire, frame};

/// Connections that ask at the same time.
const ASKING: usize = 4;
/// Requests that a loop goes through again and again.
const REQUESTS: usize = 50;

/// Who asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reader {
    Doctor,
    Guardian,
    Patient,
}

impl Reader {
    pub(crate) const ALL: [Self; 3] = [Self::Doctor, Self::Guardian, Self::Patient];

    const fn name(self) -> &'static str {
        match self {
            Self::Doctor => "doctor",
            Self::Guardian => "guardian",
            Self::Patient => "patient",
        }
    }

    /// The key of a connection, whose family is that of patient `n`.
    fn keys(self, practice: &Practice, n: usize) -> &Keys {
        match self {
            Self::Doctor => &practice.writers[0],
            Self::Guardian => &practice.guardians[n],
            Self::Patient => &practice.patients[n],
        }
    }
}

/// What is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Query {
    Kind,
    Chart,
    SmallChart,
    Newest,
    AuthorsSince,
    Ids,
    Nothing,
}

impl Query {
    pub(crate) const ALL: [Self; 7] = [
        Self::Kind,
        Self::Chart,
        Self::SmallChart,
        Self::Newest,
        Self::AuthorsSince,
        Self::Ids,
        Self::Nothing,
    ];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Kind => "{kinds,#p} limit 50",
            Self::Chart => "whole chart of a patient",
            Self::SmallChart => "all 1.5 KB events of a family",
            Self::Newest => "newest 500",
            Self::AuthorsSince => "{authors,since} limit 100",
            Self::Ids => "{ids} of ten",
            Self::Nothing => "no match",
        }
    }

    /// Whether this reader has any business asking it.
    pub(crate) fn is_for(self, reader: Reader) -> bool {
        match self {
            Self::Newest | Self::AuthorsSince => reader == Reader::Doctor,
            Self::Ids | Self::SmallChart => reader != Reader::Patient,
            Self::Kind | Self::Chart | Self::Nothing => true,
        }
    }

    /// The patient of request or connection `n`.
    fn patient(self, known: &Known, n: usize) -> usize {
        n % known.measured + if self == Self::SmallChart { known.small_from } else { 0 }
    }

    /// The filter of request `n`, of the family `own` when the reader is one of it.
    fn filter(self, practice: &Practice, reader: Reader, own: usize, n: usize, known: &Known) -> Value {
        let patient = if reader == Reader::Doctor { self.patient(known, n) } else { own };
        let key = practice.patients[patient].public_key().to_hex();
        match self {
            Self::Kind => json!({"kinds": [2113], "#p": [key], "limit": 50}),
            Self::Chart => json!({"#p": [key]}),
            // A message names the epoch alone; who wrote it tells whose child it is about.
            Self::SmallChart => json!({"authors": [practice.guardians[patient].public_key().to_hex()]}),
            Self::Newest => json!({"limit": 500}),
            Self::AuthorsSince => {
                let author = practice.writers[n % practice.writers.len()].public_key().to_hex();
                json!({"authors": [author], "since": Clock::System.now() - 86_400, "limit": 100})
            }
            Self::Ids => {
                let ids = &known.ids[patient];
                let some: Vec<_> = (0..ids.len().min(10)).map(|at| &ids[(at * 7 + n) % ids.len()]).collect();
                json!({ "ids": some })
            }
            Self::Nothing => json!({"kinds": [2113], "#p": [practice.p.public_key().to_hex()]}),
        }
    }
}

/// What is known of the patients whose charts are read.
pub(crate) struct Known {
    pub(crate) measured: usize,
    /// The first of as many patients whose charts are of small events.
    pub(crate) small_from: usize,
    /// Ids of each one's records, hex.
    pub(crate) ids: Vec<Vec<String>>,
}

/// One run of one query.
pub(crate) struct Run {
    requests: u64,
    pub(crate) rows: u64,
    bytes: u64,
    wall: Duration,
    cpu: f64,
    times: Vec<f64>,
}

/// Asks for `time`, or once through all requests when it is zero.
pub(crate) async fn run(
    door: &Door,
    pid: u32,
    practice: &Practice,
    known: &Known,
    (query, reader): (Query, Reader),
    time: Duration,
) -> Result<Run> {
    let mut loops = Vec::new();
    for n in 0..ASKING {
        let own = query.patient(known, n);
        let mut wire = Wire::login(door, reader.keys(practice, own)).await?;
        wire.widen();
        let requests: Vec<Vec<u8>> = (0..REQUESTS)
            .map(|at| query.filter(practice, reader, own, at + n * 13, known))
            .map(|filter| frame(&json!(["REQ", "q", filter]).to_string()))
            .collect();
        loops.push((wire, requests));
    }
    let run = rounds(loops, pid, time).await?;
    ensure!(
        query == Query::Nothing || run.rows > 0,
        "{} gave nothing to the {}",
        query.name(),
        reader.name()
    );
    ensure!(query != Query::Nothing || run.rows == 0, "a question that matches nothing gave rows");
    Ok(run)
}

/// The same answers out of memory: what sockets and client cost, whatever a relay does.
pub(crate) async fn floor(rows: usize, bytes: usize, time: Duration) -> Result<Run> {
    let echo = Echo::start(rows, bytes)?;
    let mut loops = Vec::new();
    for _ in 0..ASKING {
        loops.push((Wire::bare(&echo.door()).await?, vec![frame("[\"REQ\",\"q\",{}]")]));
    }
    rounds(loops, echo.pid(), time).await
}

/// Every connection asks its requests again and again.
async fn rounds(loops: Vec<(Wire, Vec<Vec<u8>>)>, pid: u32, time: Duration) -> Result<Run> {
    let clock = Clock::System;
    let cpu = cpu_seconds(pid)?;
    let start = clock.instant();
    let done = try_join_all(loops.into_iter().map(|(wire, requests)| ask(wire, requests, time))).await?;
    let wall = clock.instant() - start;
    let mut run =
        Run { requests: 0, rows: 0, bytes: 0, wall, cpu: cpu_seconds(pid)? - cpu, times: Vec::new() };
    for one in done {
        run.requests += one.times.len() as u64;
        run.rows += one.rows;
        run.bytes += one.bytes;
        run.times.extend(one.times);
    }
    Ok(run)
}

struct Asked {
    rows: u64,
    bytes: u64,
    times: Vec<f64>,
}

async fn ask(mut wire: Wire, requests: Vec<Vec<u8>>, time: Duration) -> Result<Asked> {
    let clock = Clock::System;
    let end = clock.instant() + time;
    let mut asked = Asked { rows: 0, bytes: 0, times: Vec::new() };
    loop {
        for request in &requests {
            let start = clock.instant();
            let (rows, bytes) = wire.ask(request).await?;
            asked.times.push(millis(clock.instant() - start));
            asked.rows += rows;
            asked.bytes += bytes;
        }
        if clock.instant() >= end {
            return Ok(asked);
        }
    }
}

/// Puts the medians of some runs into the table.
pub(crate) fn note(
    table: &mut Table,
    column: Column,
    (query, reader): (Query, Reader),
    runs: &[Run],
    of: &str,
) {
    note_run(table, column, &format!("{} as {}{of}", query.name(), reader.name()), query, runs);
}

/// The same for any run of a query's kind.
pub(crate) fn note_run(table: &mut Table, column: Column, name: &str, query: Query, runs: &[Run]) {
    let of_runs = |value: &dyn Fn(&Run) -> f64| median(&runs.iter().map(value).collect::<Vec<_>>());
    let (per_second, p99) = match query {
        Query::Chart | Query::SmallChart => (Bar::AtLeast(4_000.0), Bar::AtMost(4.0)),
        Query::Nothing => (Bar::AtLeast(11_000.0), Bar::None),
        _ => (Bar::None, Bar::None),
    };
    let requests = |run: &Run| run.requests as f64;
    table.set(
        column,
        &format!("{name}: req/s"),
        of_runs(&|r| requests(r) / r.wall.as_secs_f64()),
        per_second,
    );
    table.set(column, &format!("{name}: req per CPU-s"), of_runs(&|r| requests(r) / r.cpu), Bar::None);
    table.set(column, &format!("{name}: EOSE p50 ms"), of_runs(&|r| median(&r.times)), Bar::None);
    table.set(column, &format!("{name}: EOSE p99 ms"), of_runs(&|r| percentile(&r.times, 99)), p99);
    if query != Query::Nothing {
        table.set(column, &format!("{name}: rows"), of_runs(&|r| r.rows as f64 / requests(r)), Bar::None);
        let megabytes = |r: &Run| r.bytes as f64 / 1e6 / r.wall.as_secs_f64();
        table.set(column, &format!("{name}: MB/s"), of_runs(&megabytes), Bar::None);
        let each = |r: &Run| r.cpu * 1e6 / r.rows as f64;
        table.set(column, &format!("{name}: CPU µs a row"), of_runs(&each), Bar::None);
    }
}
