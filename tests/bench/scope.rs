//! What scope and admission cost, measured in the library: the product has no switch that turns them
//! off. The same question is asked of the filled store with the doctor's scope and without any, and
//! the admission rule is timed on the events that ingest takes.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use relaybox_process::clock::Clock;
use relaybox_protocol::admit::{Arrival, admit};
use relaybox_protocol::event::{EVENT_BYTES_MAX, parse_unverified};
use relaybox_protocol::policy::{Door, Policy};
use relaybox_protocol::scope::Scope;
use relaybox_protocol::{Filter, PublicKey, kinds};
use relaybox_store::{Plan, Store, StoreConfig};

use crate::events::Prepared;

/// Microseconds of wall time for one question, as a median, with and without scope.
pub(crate) struct Questions {
    pub(crate) scoped: f64,
    pub(crate) unscoped: f64,
}

/// The store of a box that has stopped, with the fold of its policy.
pub(crate) struct Stopped {
    store: Store,
    policy: Policy,
    at: u64,
}

impl Stopped {
    pub(crate) async fn open(data: &Path, practice: PublicKey) -> Result<Self> {
        let config = StoreConfig::at(data.join("relay/events.db"));
        let store = Store::open(&config, Arc::new(|| Clock::System.now())).await?;
        let mut policy = Policy::new(practice);
        for change in store.changes(0).await? {
            let event = parse_unverified(&change.bytes, EVENT_BYTES_MAX).ok().context("a policy event")?;
            if event.kind.as_u16() != kinds::RECEIPT {
                // One that does not count changes nothing.
                let _ = policy.apply(&event, change.seq, change.received);
            }
        }
        let at = store.head().await?.m;
        Ok(Self { store, policy, at })
    }

    /// Asks each filter in turn both ways for `time`, and compares what comes. Times are of pages in memory.
    pub(crate) async fn ask(
        &self,
        reader: &PublicKey,
        filters: &[Filter],
        time: Duration,
    ) -> Result<Questions> {
        let clock = Clock::System;
        let end = clock.instant() + time;
        let scope = Scope::of(&self.policy.now(clock.now()), reader);
        let (mut scoped, mut unscoped) = (Vec::new(), Vec::new());
        loop {
            for filter in filters {
                let filter = std::slice::from_ref(filter);
                // Whoever asks second finds the pages in memory; so both do.
                self.rows(&Plan::unscoped(filter).ok().context("a plan")?).await?;
                let start = clock.instant();
                let plan = Plan::build(filter, &scope).ok().context("a plan")?;
                let with = self.rows(&plan).await?;
                scoped.push((clock.instant() - start).as_secs_f64() * 1e6);
                let start = clock.instant();
                let plan = Plan::unscoped(filter).ok().context("a plan")?;
                let without = self.rows(&plan).await?;
                unscoped.push((clock.instant() - start).as_secs_f64() * 1e6);
                ensure!(with == without, "the reader sees {with} of {without} bytes");
            }
            if clock.instant() >= end {
                let median = crate::table::median;
                return Ok(Questions { scoped: median(&scoped), unscoped: median(&unscoped) });
            }
        }
    }

    async fn rows(&self, plan: &Plan) -> Result<usize> {
        let mut bytes = Vec::new();
        self.store.read(plan, self.at, &mut |row| bytes.extend_from_slice(row.bytes.as_bytes())).await?;
        Ok(bytes.len())
    }

    /// Microseconds that the admission rule takes for one event.
    pub(crate) fn admission(&self, list: &[Prepared]) -> Result<f64> {
        const ROUNDS: usize = 20;
        let clock = Clock::System;
        let now = clock.now();
        let mut times = Vec::new();
        for prepared in std::iter::repeat_n(list, ROUNDS).flatten() {
            let authenticated = [prepared.event.pubkey];
            let arrival = Arrival { door: Door::Network, authenticated: &authenticated, invited: &[], now };
            let start = clock.instant();
            let admitted = admit(&self.policy.now(now), &prepared.event, &arrival);
            times.push((clock.instant() - start).as_secs_f64() * 1e6);
            ensure!(admitted.is_ok(), "a good event was refused");
        }
        Ok(times.iter().sum::<f64>() / times.len() as f64)
    }
}
