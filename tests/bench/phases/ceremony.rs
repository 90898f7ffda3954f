//! A rotation from its request to the last key grant, over a box with a vault of its own.

use anyhow::{Result, ensure};

use super::Bench;
use crate::ceremony::Sealed;
use crate::say;
use crate::table::{Bar, Column, median};
use crate::wire::Door;

impl Bench {
    pub(super) async fn ceremony(&mut self) -> Result<()> {
        let (staff, patients) = (self.scale.sealed_staff, self.scale.sealed_patients);
        let mut sealed = Sealed::make(staff, patients).await?;
        let plain = Door::Plain { url: sealed.dev.ready.plain()?.to_owned() };
        let tls = Door::tls(&sealed.dev.ready.relay, &sealed.dev.ready.ca)?;
        let first = sealed.write_grants(&plain).await?;
        ensure!(first.grants == sealed.patients(), "{} grants of {patients}", first.grants);
        say(&format!("a vault is claimed; {staff} staff and {patients} patients have their keys"))?;
        let (mut shown, mut done, mut again) = (Vec::new(), Vec::new(), Vec::new());
        for (column, door) in [(Column::Plain, &plain), (Column::Tls, &tls)] {
            let (mut rate, mut made) = (Vec::new(), Vec::new());
            for _ in 0..self.scale.runs {
                let rotation = sealed.rotate(column == Column::Tls).await?;
                ensure!(rotation.events == staff + 1, "{} events for {staff} staff", rotation.events);
                shown.push(rotation.shown);
                if column == Column::Tls { &mut again } else { &mut done }.push(rotation.done);
                let written = sealed.write_grants(door).await?;
                ensure!(written.grants == patients, "{} grants of {patients}", written.grants);
                rate.push(written.grants as f64 / written.wall.as_secs_f64());
                made.push(written.made.as_secs_f64() * 1e6 / written.grants as f64);
            }
            self.table.set(column, "missing key grants after a rotation: grants/s", median(&rate), Bar::None);
            let name = "missing key grants after a rotation: µs to make one";
            self.table.set(column, name, median(&made), Bar::None);
        }
        let name = |what: &str| format!("rotation, {staff} staff, {patients} patients: {what}");
        let second = Bar::AtMost(1_000.0);
        self.table.set(Column::Plain, &name("request to display, ms"), median(&shown), second);
        self.table.set(Column::Plain, &name("approval to stored, ms"), median(&done), second);
        let name = name("approval to stored, a patient registered meanwhile, ms");
        self.table.set(Column::Plain, &name, median(&again), second);
        Ok(())
    }
}
