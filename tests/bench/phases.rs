//! The phases, one after the other, and what each puts into the table.

mod ceremony;
mod ingest;
mod scope;
mod sessions;

use std::collections::HashMap;
use std::time::Duration;

use anyhow::{Context, Result};
use relaybox_process::clock::Clock;
use relaybox_process::rpc::ceremony::CeremonyClient;
use relaybox_protocol::event::p_tag;
use relaybox_tests::dev::DevBox;
use tempfile::TempDir;

use crate::events::{self, Order, Prepared, Size};
use crate::practice::Practice;
use crate::reads::{self, Known, Query, Reader};
use crate::server::{self, Place};
use crate::table::{Column, Table};
use crate::wire::Door;
use crate::{Scale, say};

/// Patients whose charts are read are compared when the store holds this many events.
const FIRST_EVENTS: usize = 100_000;
/// Events made at once while the store is filled.
const FILL: usize = 16_000;

pub(crate) struct Bench {
    scale: Scale,
    place: Place,
    dev: Option<DevBox>,
    practice: Practice,
    table: Table,
    known: Known,
    stored: usize,
    seed: u32,
    leaver: usize,
    _folder: TempDir,
}

impl Bench {
    pub(crate) async fn start(scale: Scale) -> Result<Self> {
        say(&format!("{}; load {}", server::machine(), server::load()))?;
        let folder = TempDir::new()?;
        let place = Place::new(folder.path(), "")?;
        let dev = place.dev(&["--empty"])?;
        let practice = place.practice(scale.patients).await?;
        say(&format!("a practice of {} patients is registered", scale.patients))?;
        let known = Known {
            measured: scale.measured,
            small_from: scale.patients - scale.measured,
            ids: vec![Vec::new(); scale.measured],
        };
        Ok(Self {
            scale,
            place,
            dev: Some(dev),
            practice,
            table: Table::default(),
            known,
            stored: 0,
            seed: 0,
            leaver: 0,
            _folder: folder,
        })
    }

    /// Every phase that is wanted, then the table; with what the box said when one fails.
    pub(crate) async fn run(&mut self) -> Result<()> {
        let done = self.phases().await;
        say(&format!("\n{}", self.table.text()))?;
        done.with_context(|| format!("the box said: {}", self.place.log()))
    }

    async fn phases(&mut self) -> Result<()> {
        for size in [Size::Small, Size::Demo] {
            if self.scale.wants("ingest") {
                self.ingest(size).await?;
            }
        }
        // Questions without records behind them measure nothing.
        if self.scale.wants("reads") || self.scale.wants("scope") {
            self.chart().await?;
            self.small_chart().await?;
            self.fill(self.scale.events.min(FIRST_EVENTS)).await?;
        }
        if self.scale.wants("reads") {
            self.reads(&Query::ALL, "").await?;
            self.chart_floor().await?;
            if self.scale.events > FIRST_EVENTS {
                say(&format!("so far:\n{}", self.table.text()))?;
                self.fill(self.scale.events).await?;
                let of = format!(" at {}", self.scale.events);
                self.reads(&[Query::Kind, Query::Chart, Query::SmallChart, Query::Nothing], &of).await?;
            }
        }
        if self.scale.wants("live") {
            self.fan_out().await?;
            self.suspensions().await?;
        }
        if self.scale.wants("ceremony") {
            self.ceremony().await?;
        }
        if self.scale.wants("memory") {
            self.memory().await?;
        }
        if self.scale.wants("scope") {
            self.scope().await?;
        }
        let bytes = self.place.stored_bytes()? as f64 / 1e6;
        say(&format!("{} records stored, {bytes:.0} MB on disk", self.stored))?;
        say(&format!("{}; load at the end {}", server::machine(), server::load()))
    }

    fn pid(&self) -> Result<u32> {
        Ok(self.dev.as_ref().context("the box runs")?.pid())
    }

    fn door(&self, column: Column) -> Result<Door> {
        let ready = &self.dev.as_ref().context("the box runs")?.ready;
        match column {
            Column::Tls => Door::tls(&ready.relay, &ready.ca),
            Column::Plain => Ok(Door::Plain { url: ready.plain()?.to_owned() }),
        }
    }

    fn make(&mut self, size: Size, each: usize, connections: usize) -> Result<Vec<Vec<Prepared>>> {
        self.seed += 1;
        // The charts that are read get nothing more; of small events the first guardians write.
        let from = if size == Size::Small { 0 } else { self.scale.measured };
        let patients = (from, self.scale.patients - self.scale.measured);
        events::make(&self.practice, Order { size, each, patients, seed: self.seed }, connections)
    }

    /// Waits until all receipts are written, so that they weigh on no query.
    async fn settle(&self) -> Result<()> {
        if self.scale.smoke {
            return Ok(());
        }
        const QUIET: Duration = Duration::from_millis(2_500);
        let clock = Clock::System;
        let mut ceremony = CeremonyClient::connect(&self.place.data.join("run/ceremony.sock")).await?;
        let (mut head, mut since) = (0, clock.instant());
        let mut looks = tokio::time::interval(Duration::from_millis(100));
        loop {
            looks.tick().await;
            let now = ceremony.state().await?.head;
            if now != head {
                (head, since) = (now, clock.instant());
            } else if clock.instant() - since > QUIET {
                return Ok(());
            }
        }
    }

    /// Fills the charts that are read.
    async fn chart(&mut self) -> Result<()> {
        const CONNECTIONS: usize = 8;
        self.seed += 1;
        let each = (self.scale.measured * self.scale.chart).div_ceil(CONNECTIONS);
        let order = Order { size: Size::Record, each, patients: (0, self.scale.measured), seed: self.seed };
        let lists = events::make(&self.practice, order, CONNECTIONS)?;
        let of: HashMap<_, _> = self
            .practice
            .patients
            .iter()
            .take(self.scale.measured)
            .map(|k| k.public_key())
            .zip(0..)
            .collect();
        for event in lists.iter().flatten() {
            if let Some(at) = p_tag(&event.event, 1).and_then(|key| of.get(&key)) {
                self.known.ids[*at].push(event.event.id.to_hex());
            }
        }
        let door = self.door(Column::Plain)?;
        let run =
            crate::ingest::run(&door, self.pid()?, &self.practice, (Size::Record, 0), &lists, 32).await?;
        self.stored += run.events;
        Ok(())
    }

    /// Fills as many charts with small events of the guardian.
    async fn small_chart(&mut self) -> Result<()> {
        self.seed += 1;
        let (first, end) = (self.known.small_from, self.scale.patients);
        let order = Order {
            size: Size::Small,
            each: self.scale.small_chart,
            patients: (first, end),
            seed: self.seed,
        };
        let lists = events::make(&self.practice, order, end - first)?;
        let door = self.door(Column::Plain)?;
        let what = (Size::Small, first);
        let run = crate::ingest::run(&door, self.pid()?, &self.practice, what, &lists, 8).await?;
        self.stored += run.events;
        Ok(())
    }

    /// The answers of both charts out of memory, in the same run.
    async fn chart_floor(&mut self) -> Result<()> {
        for (query, rows, bytes) in
            [(Query::Chart, self.scale.chart, 2_500), (Query::SmallChart, self.scale.small_chart, 1_450)]
        {
            let mut runs = Vec::new();
            for _ in 0..self.scale.runs {
                runs.push(reads::floor(rows, bytes, self.scale.time).await?);
            }
            let name = format!("{} out of memory, sockets alone", query.name());
            reads::note_run(&mut self.table, Column::Plain, &name, query, &runs);
        }
        Ok(())
    }

    /// Fills the store with records of the other patients.
    async fn fill(&mut self, to: usize) -> Result<()> {
        const CONNECTIONS: usize = 8;
        while self.stored < to {
            let each = (to - self.stored).min(FILL).div_ceil(CONNECTIONS);
            let lists = self.make(Size::Record, each, CONNECTIONS)?;
            let door = self.door(Column::Plain)?;
            let run =
                crate::ingest::run(&door, self.pid()?, &self.practice, (Size::Record, 0), &lists, 64).await?;
            self.stored += run.events;
            let (wall, cpu) = (run.per_second(), run.per_cpu_second());
            say(&format!("{} records stored; {wall:.0} events/s, {cpu:.0} per CPU-s", self.stored))?;
        }
        self.settle().await
    }

    async fn reads(&mut self, queries: &[Query], of: &str) -> Result<()> {
        for query in queries {
            for reader in Reader::ALL.into_iter().filter(|reader| query.is_for(*reader)) {
                for column in [Column::Plain, Column::Tls] {
                    let (door, pid) = (self.door(column)?, self.pid()?);
                    let mut runs = Vec::new();
                    for _ in 0..self.scale.runs {
                        let what = (*query, reader);
                        runs.push(
                            reads::run(&door, pid, &self.practice, &self.known, what, self.scale.time)
                                .await?,
                        );
                    }
                    reads::note(&mut self.table, column, (*query, reader), &runs, of);
                }
            }
            say(&format!("{query:?}{of} is measured"))?;
        }
        Ok(())
    }
}
