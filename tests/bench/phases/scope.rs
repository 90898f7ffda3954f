//! With scope and admission against without, in the library.

use anyhow::{Context, Result};
use relaybox_protocol::{Filter, Kind, SingleLetterTag};

use super::Bench;
use crate::events::Size;
use crate::scope::Stopped;
use crate::table::{Bar, Column};

impl Bench {
    /// Stops the box, opens its store and compares.
    pub(super) async fn scope(&mut self) -> Result<()> {
        if let Some(mut dev) = self.dev.take() {
            dev.terminate()?;
        }
        let stopped = Stopped::open(&self.place.data, self.practice.p.public_key()).await?;
        let records = |n: usize| {
            let subject = self.practice.patients[n].public_key().to_hex();
            Filter::new()
                .kinds((2111..=2122).map(Kind::from_u16))
                .custom_tag(SingleLetterTag::LOWERCASE_P, subject)
        };
        let charts: Vec<Filter> = (0..self.scale.measured).map(records).collect();
        let pages: Vec<Filter> = charts.iter().map(|filter| filter.clone().limit(50)).collect();
        let nothing = [Filter::new().kind(Kind::from_u16(2125)).author(self.practice.p.public_key())];
        let doctor = self.practice.writers[0].public_key();
        for (name, filters) in [("chart", &charts[..]), ("page of 50", &pages), ("no match", &nothing)] {
            let asked = stopped.ask(&doctor, filters, self.scale.time).await?;
            let name = format!("in the store alone, {name}");
            let row = |what: &str| format!("{name}: {what}");
            self.table.set(Column::Plain, &row("µs with a doctor's scope"), asked.scoped, Bar::None);
            self.table.set(Column::Plain, &row("µs without scope"), asked.unscoped, Bar::None);
        }
        self.seed += 1;
        let list = self.make(Size::Small, self.scale.run.min(500), 1)?;
        let each = stopped.admission(list.first().context("events to admit")?)?;
        self.table.set(Column::Plain, "admission rule, µs an event of 1.5 KB", each, Bar::None);
        Ok(())
    }
}
