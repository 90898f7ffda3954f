//! `make bench`: speed and memory of the real binary, with AUTH, scope and receipts on.
//!
//! `bench [--events N] [--runs N] [--only PHASE,…]`; `bench --smoke` goes once through every phase
//! with little, and asserts counts, no times. Wall times say little on a busy machine: events per
//! CPU-second and the share of the floor do.

mod ceremony;
mod echo;
mod events;
mod floor;
mod ingest;
mod live;
mod phases;
mod practice;
mod reads;
mod scope;
mod server;
mod table;
mod wire;

use std::io::Write as _;
use std::time::Duration;

use anyhow::{Context, Result, bail};

use crate::phases::Bench;

/// How much is done.
#[derive(Debug, Clone)]
pub(crate) struct Scale {
    /// Events in the store when queries are asked.
    pub(crate) events: usize,
    pub(crate) patients: usize,
    /// Patients whose charts are read, and events of each.
    pub(crate) measured: usize,
    pub(crate) chart: usize,
    /// Small events in each of as many charts again.
    pub(crate) small_chart: usize,
    /// Events of one ingest run; of one run with a single event under way.
    pub(crate) run: usize,
    pub(crate) serial: usize,
    pub(crate) runs: usize,
    pub(crate) sessions: usize,
    pub(crate) fanned: usize,
    /// Of the practice whose key lies in a vault.
    pub(crate) sealed_staff: usize,
    pub(crate) sealed_patients: usize,
    /// Length of one query run.
    pub(crate) time: Duration,
    pub(crate) smoke: bool,
    only: Vec<String>,
}

impl Scale {
    fn new(events: usize) -> Self {
        Self {
            events,
            patients: 500,
            measured: 50,
            chart: 200,
            small_chart: 100,
            run: 2_500,
            serial: 400,
            runs: 3,
            sessions: live::SESSIONS,
            fanned: 100,
            sealed_staff: 20,
            sealed_patients: 2_000,
            time: Duration::from_secs(1),
            smoke: false,
            only: Vec::new(),
        }
    }

    fn smoke() -> Self {
        Self {
            patients: 80,
            measured: 4,
            chart: 20,
            small_chart: 10,
            run: 128,
            serial: 10,
            runs: 1,
            sessions: 20,
            fanned: 5,
            sealed_staff: 4,
            sealed_patients: 6,
            time: Duration::ZERO,
            smoke: true,
            ..Self::new(2_000)
        }
    }

    pub(crate) fn wants(&self, phase: &str) -> bool {
        self.only.is_empty() || self.only.iter().any(|name| name == phase)
    }
}

/// Progress, and in the end the table.
pub(crate) fn say(text: &str) -> Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{text}")?;
    Ok(out.flush()?)
}

fn scale() -> Result<Scale> {
    let mut scale = Scale::new(100_000);
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().with_context(|| format!("{argument} needs a value"));
        match argument.as_str() {
            "--smoke" => scale = Scale::smoke(),
            "--events" => scale.events = value()?.replace('_', "").parse()?,
            "--runs" => scale.runs = value()?.parse()?,
            "--only" => scale.only = value()?.split(',').map(str::to_owned).collect(),
            other => bail!("unknown argument {other}"),
        }
    }
    Ok(scale)
}

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [name, rows, bytes] = arguments.as_slice()
        && name == "--echo"
    {
        return echo::serve(rows.parse()?, bytes.parse()?);
    }
    let scale = scale()?;
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
        let mut bench = Bench::start(scale).await?;
        bench.run().await
    })
}
