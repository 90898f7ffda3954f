//! Ingest: three loads of two sizes through both doors, beside the floor.

use anyhow::{Result, ensure};
use tempfile::TempDir;

use super::Bench;
use crate::events::Size;
use crate::floor::{self, Floor};
use crate::table::{Bar, Column, median, percentile};
use crate::{ingest, say};

/// Connections, and events under way on each.
const LOADS: [(usize, usize); 3] = [(1, 64), (8, 32), (64, 8)];

impl Bench {
    pub(super) async fn ingest(&mut self, size: Size) -> Result<()> {
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
            let run =
                ingest::run(&self.door(column)?, self.pid()?, &self.practice, (size, 0), &lists, 1).await?;
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
            let run = ingest::run(&door, self.pid()?, &self.practice, (size, 0), &lists, window).await?;
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
        // Over all runs: one alone is short beside the hundredths in which the kernel counts.
        let (events, cpu_time) = runs
            .iter()
            .fold((0.0, 0.0), |(events, cpu), run| (events + run.events as f64, cpu + run.server_cpu));
        let per_cpu = events / cpu_time;
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
}
