//! The phases, one after the other, and what each puts into the table.

use anyhow::{Context, Result, ensure};
use relaybox_process::clock::Clock;
use relaybox_process::rpc::ceremony::CeremonyClient;
use relaybox_protocol::event::p_tag;
use relaybox_tests::dev::DevBox;
use std::collections::HashMap;
use std::time::Duration;
use tempfile::TempDir;

use crate::events::{self, Order, Prepared, Size};
use crate::floor::{self, Floor};
use crate::practice::Practice;
use crate::reads::{self, Known, Query, Reader};
use crate::server::{self, Place, resident_kb};
use crate::table::{Bar, Column, Table, median, millis, percentile};
use crate::wire::Door;
use crate::{Scale, ingest, live, say};

/// Connections, and events under way on each.
const LOADS: [(usize, usize); 3] = [(1, 64), (8, 32), (64, 8)];
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
        let place = Place::new(folder.path())?;
        let dev = place.dev(&["--empty"])?;
        let practice = place.practice(scale.patients).await?;
        say(&format!("a practice of {} patients is registered", scale.patients))?;
        let known = Known { measured: scale.measured, ids: vec![Vec::new(); scale.measured] };
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

    pub(crate) async fn run(&mut self) -> Result<()> {
        for size in [Size::Small, Size::Demo] {
            if self.scale.wants("ingest") {
                self.ingest(size).await?;
            }
        }
        if self.scale.wants("reads") {
            self.chart().await?;
            self.fill(self.scale.events.min(FIRST_EVENTS)).await?;
            self.reads(&Query::ALL, "").await?;
            if self.scale.events > FIRST_EVENTS {
                self.fill(self.scale.events).await?;
                let of = format!(" at {}", self.scale.events);
                self.reads(&[Query::Kind, Query::Chart, Query::Nothing], &of).await?;
            }
        }
        if self.scale.wants("live") {
            self.fan_out().await?;
            self.suspensions().await?;
        }
        if self.scale.wants("memory") {
            self.memory().await?;
        }
        say(&format!("\n{}", self.table.text()))?;
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
        let patients = (self.scale.measured, self.scale.patients);
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
        loop {
            let now = ceremony.state().await?.head;
            if now != head {
                (head, since) = (now, clock.instant());
            } else if clock.instant() - since > QUIET {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    async fn ingest(&mut self, size: Size) -> Result<()> {
        let sample = self.make(size, self.scale.run.min(500), 1)?.remove(0);
        let lengths: Vec<f64> = sample.iter().map(|event| event.event.as_json().len() as f64).collect();
        let bytes = median(&lengths);
        let what = format!("{:.1} KB", bytes / 1e3);
        say(&format!(
            "ingest of {what} events (median {bytes:.0} bytes, 99 % up to {:.0})",
            percentile(&lengths, 99)
        ))?;
        let floor = {
            let own = TempDir::new_in(&self.place.data)?;
            floor::measure(own.path(), &sample, self.scale.smoke)?
        };
        self.note_floor(&what, &floor)?;
        for column in [Column::Plain, Column::Tls] {
            self.serial(column, size, &what).await?;
            for (connections, window) in LOADS {
                self.load(column, size, &what, (connections, window), &floor).await?;
            }
        }
        Ok(())
    }

    fn note_floor(&mut self, what: &str, floor: &Floor) -> Result<()> {
        say(&format!(
            "floor of {what} events, CPU µs each: Schnorr {:.1}, parse and verify {:.1}, insert {:.1} in batches \
             of {} ({:.1} wall), {:.1} alone ({:.1} wall); {:.0} verifies per second and core, {:.0} durable \
             inserts per second in batches; {:.0} events per CPU-second at most",
            floor.schnorr,
            floor.parse_and_verify,
            floor.insert.cpu,
            floor::BATCH,
            floor.insert.wall,
            floor.insert_alone.cpu,
            floor.insert_alone.wall,
            1e6 / floor.schnorr,
            1e6 / floor.insert.wall,
            floor.per_cpu_second(),
        ))
    }

    async fn serial(&mut self, column: Column, size: Size, what: &str) -> Result<()> {
        let (mut p50, mut p99) = (Vec::new(), Vec::new());
        for _ in 0..self.scale.runs {
            let lists = self.make(size, self.scale.serial, 1)?;
            let run = ingest::run(&self.door(column)?, self.pid()?, &self.practice, size, &lists, 1).await?;
            ensure!(run.acks.len() == self.scale.serial, "an OK is missing");
            p50.push(median(&run.acks));
            p99.push(percentile(&run.acks, 99));
            self.stored += run.events;
        }
        let bar = if size == Size::Small { Bar::AtMost(0.35) } else { Bar::None };
        self.table.set(column, &format!("ingest {what}, one under way: ack p50 ms"), median(&p50), bar);
        self.table.set(column, &format!("ingest {what}, one under way: ack p99 ms"), median(&p99), Bar::None);
        Ok(())
    }

    async fn load(
        &mut self,
        column: Column,
        size: Size,
        what: &str,
        (connections, window): (usize, usize),
        floor: &Floor,
    ) -> Result<()> {
        let mut runs = Vec::new();
        for _ in 0..self.scale.runs {
            let lists = self.make(size, self.scale.run.div_ceil(connections), connections)?;
            let door = self.door(column)?;
            let run = ingest::run(&door, self.pid()?, &self.practice, size, &lists, window).await?;
            self.stored += run.events;
            if self.scale.smoke && size == Size::Demo {
                let found = ingest::read_back(&door, &self.practice, &lists).await?;
                ensure!(found == run.events, "{found} of {} events came back", run.events);
            }
            runs.push(run);
        }
        let (wall, cpu) = match size {
            Size::Small => (Bar::AtLeast(6_000.0), Bar::AtLeast(12_000.0)),
            _ => (Bar::None, Bar::None),
        };
        let of = |value: &dyn Fn(&ingest::Run) -> f64| median(&runs.iter().map(value).collect::<Vec<_>>());
        let name = format!("ingest {what}, {connections} × {window} under way");
        let per_cpu = of(&ingest::Run::per_cpu_second);
        self.table.set(column, &format!("{name}: events/s"), of(&ingest::Run::per_second), wall);
        self.table.set(column, &format!("{name}: events per CPU-s"), per_cpu, cpu);
        self.table.set(
            column,
            &format!("{name}: share of the floor, %"),
            per_cpu / floor.per_cpu_second() * 100.0,
            Bar::None,
        );
        let own = of(&|run| run.own_cpu * 1e6 / run.events as f64);
        say(&format!(
            "{}, {name}: {per_cpu:.0} events per CPU-s, generator {own:.1} CPU µs an event",
            column.name()
        ))
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
        let run = ingest::run(&door, self.pid()?, &self.practice, Size::Record, &lists, 32).await?;
        self.stored += run.events;
        Ok(())
    }

    /// Fills the store with records of the other patients.
    async fn fill(&mut self, to: usize) -> Result<()> {
        const CONNECTIONS: usize = 8;
        while self.stored < to {
            let each = (to - self.stored).min(FILL).div_ceil(CONNECTIONS);
            let lists = self.make(Size::Record, each, CONNECTIONS)?;
            let door = self.door(Column::Plain)?;
            let run = ingest::run(&door, self.pid()?, &self.practice, Size::Record, &lists, 64).await?;
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

    async fn fan_out(&mut self) -> Result<()> {
        for column in [Column::Plain, Column::Tls] {
            let (mut p50, mut p99, mut cpu) = (Vec::new(), Vec::new(), Vec::new());
            for _ in 0..self.scale.runs {
                let list = self.make(Size::Record, self.scale.fanned, 1)?.remove(0);
                self.settle().await?;
                let before = server::cpu_seconds(self.pid()?)?;
                let door = self.door(column)?;
                let times =
                    live::fan_out(&door, &self.practice, Size::Record, &list, self.scale.sessions).await?;
                ensure!(times.len() == list.len() * self.scale.sessions, "a delivery is missing");
                cpu.push((server::cpu_seconds(self.pid()?)? - before) * 1e6 / times.len() as f64);
                self.stored += list.len();
                p50.push(median(&times));
                p99.push(percentile(&times, 99));
            }
            let name = format!("fan-out to {}", self.scale.sessions);
            self.table.set(column, &format!("{name}: p50 ms"), median(&p50), Bar::AtMost(3.0));
            self.table.set(column, &format!("{name}: p99 ms"), median(&p99), Bar::AtMost(12.0));
            self.table.set(column, &format!("{name}: CPU µs a delivery"), median(&cpu), Bar::None);
        }
        Ok(())
    }

    async fn suspensions(&mut self) -> Result<()> {
        for column in [Column::Plain, Column::Tls] {
            let (mut p50, mut last) = (Vec::new(), Vec::new());
            for _ in 0..self.scale.runs {
                let leaver = self.practice.leavers.get(self.leaver).context("a member to suspend is left")?;
                self.leaver += 1;
                let door = self.door(column)?;
                let times = live::suspension(&door, &self.practice, leaver, self.scale.sessions).await?;
                ensure!(times.len() == self.scale.sessions, "a session stayed open");
                p50.push(median(&times));
                last.push(percentile(&times, 100));
            }
            let name = format!("suspension to CLOSED of {} sessions", self.scale.sessions);
            self.table.set(column, &format!("{name}: p50 ms"), median(&p50), Bar::None);
            self.table.set(column, &format!("{name}: last ms"), median(&last), Bar::None);
        }
        Ok(())
    }

    /// The relay role alone, over the filled store, then the whole box with TLS.
    async fn memory(&mut self) -> Result<()> {
        self.dev.take().context("the box runs")?.terminate()?;
        let clock = Clock::System;
        let sessions = self.scale.sessions;
        let mut starts = Vec::new();
        for run in 0..self.scale.runs {
            let start = clock.instant();
            let mut relay = self.place.relay()?;
            relay.greeted().await?;
            starts.push(millis(clock.instant() - start));
            if run + 1 == self.scale.runs {
                let pid = relay.pid();
                let idle = resident_kb(pid)?;
                let wires = live::idle(&relay.door, &self.practice, sessions).await?;
                let full = resident_kb(pid)?;
                ensure!(wires.len() == sessions, "a session is missing");
                self.note_memory(Column::Plain, idle, full, Bar::AtMost(15.0), Bar::AtMost(20.0));
            }
        }
        self.table.set(Column::Plain, "cold start to the first greeting, ms", median(&starts), Bar::None);
        starts.clear();
        for run in 0..self.scale.runs {
            let start = clock.instant();
            self.dev = Some(self.place.dev(&[])?);
            let door = self.door(Column::Tls)?;
            let (wire, _) = crate::wire::Wire::open(&door).await?;
            starts.push(millis(clock.instant() - start));
            drop(wire);
            if run + 1 == self.scale.runs {
                let idle = resident_kb(self.pid()?)?;
                let wires = live::idle(&door, &self.practice, sessions).await?;
                ensure!(wires.len() == sessions, "a session is missing");
                let full = resident_kb(self.pid()?)?;
                self.note_memory(Column::Tls, idle, full, Bar::None, Bar::None);
            }
            self.dev.take().context("the box runs")?.terminate()?;
        }
        self.table.set(Column::Tls, "cold start to the first greeting, ms", median(&starts), Bar::None);
        Ok(())
    }

    /// In the plain column the relay role alone, in the other the whole box in one process.
    fn note_memory(&mut self, column: Column, idle: (f64, f64), full: (f64, f64), rss: Bar, client: Bar) {
        let sessions = self.scale.sessions;
        self.table.set(column, "RSS idle, MB", idle.0 / 1e3, rss);
        self.table.set(column, "of it not backed by a file, MB", idle.1 / 1e3, Bar::None);
        self.table.set(column, &format!("RSS with {sessions} clients, MB"), full.0 / 1e3, Bar::None);
        let each = (full.0 - idle.0) / sessions as f64;
        self.table.set(column, "KB for an idle client", each, client);
    }
}
