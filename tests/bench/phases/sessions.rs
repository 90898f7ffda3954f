//! What open sessions feel, memory and start.

use anyhow::{Context, Result, ensure};
use relaybox_process::clock::Clock;

use super::Bench;
use crate::events::Size;
use crate::live;
use crate::server::{self, resident_kb};
use crate::table::{Bar, Column, median, millis, percentile};

impl Bench {
    pub(super) async fn fan_out(&mut self) -> Result<()> {
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

    pub(super) async fn suspensions(&mut self) -> Result<()> {
        for column in [Column::Plain, Column::Tls] {
            let (mut p50, mut last) = (Vec::new(), Vec::new());
            // One person suspends at most five an hour, so two doctors take turns.
            for _ in 0..self.scale.runs.min(self.practice.leavers.len() / 2) {
                let doctor = self.practice.doctor(self.leaver);
                let leaver = self.practice.leavers.get(self.leaver).context("a member to suspend is left")?;
                self.leaver += 1;
                let door = self.door(column)?;
                let times = live::suspension(&door, (doctor, leaver), self.scale.sessions).await?;
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
    pub(super) async fn memory(&mut self) -> Result<()> {
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
