//! Durable ingest: every event gets its OK after the commit, and is counted when it has it.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use futures_util::future::try_join_all;
use relaybox_process::clock::Clock;

use crate::events::{self, Prepared, Size};
use crate::practice::Practice;
use crate::server::cpu_seconds;
use crate::wire::{Door, Wire, accepted};

/// One run.
pub(crate) struct Run {
    pub(crate) events: usize,
    pub(crate) wall: Duration,
    /// The server's, and the load generator's.
    pub(crate) server_cpu: f64,
    pub(crate) own_cpu: f64,
    /// Milliseconds from sending to OK, when one event is under way at a time.
    pub(crate) acks: Vec<f64>,
}

impl Run {
    pub(crate) fn per_second(&self) -> f64 {
        self.events as f64 / self.wall.as_secs_f64()
    }

    pub(crate) fn per_cpu_second(&self) -> f64 {
        self.events as f64 / self.server_cpu
    }
}

/// Sends each list on a connection of its author, of which that of list 0 has the number `first`;
/// `window` events are under way on each.
pub(crate) async fn run(
    door: &Door,
    pid: u32,
    practice: &Practice,
    (size, first): (Size, usize),
    lists: &[Vec<Prepared>],
    window: usize,
) -> Result<Run> {
    // One after the other: a crowd at the door would meet the gateway's time limits.
    let mut wires = Vec::new();
    for n in 0..lists.len() {
        wires.push(Wire::login(door, events::author(practice, size, first + n)).await.context("log in")?);
    }
    let clock = Clock::System;
    let (server, own) = (cpu_seconds(pid)?, cpu_seconds(std::process::id())?);
    let start = clock.instant();
    let sending = wires.iter_mut().zip(lists).map(|(wire, list)| send(wire, list, window));
    let acks = try_join_all(sending).await.context("send and wait for each OK")?;
    Ok(Run {
        events: lists.iter().map(Vec::len).sum(),
        wall: clock.instant() - start,
        server_cpu: cpu_seconds(pid)? - server,
        own_cpu: cpu_seconds(std::process::id())? - own,
        acks: acks.into_iter().flatten().collect(),
    })
}

/// Milliseconds of each OK when the window is one.
async fn send(wire: &mut Wire, list: &[Prepared], window: usize) -> Result<Vec<f64>> {
    let clock = Clock::System;
    let mut acks = Vec::new();
    let (mut sent, mut answered) = (0, 0);
    let mut burst = Vec::new();
    let mut at: Instant = clock.instant();
    while answered < list.len() {
        let more = list.len().min(answered + window);
        if sent < more {
            burst.clear();
            list[sent..more].iter().for_each(|event| burst.extend_from_slice(&event.frame));
            at = clock.instant();
            wire.send(&burst).await?;
            sent = more;
        }
        // Everything that is here already is taken before the next burst.
        loop {
            let answer = wire.next().await?;
            if !answer.starts_with(b"[\"OK\"") {
                continue;
            }
            if !accepted(answer) {
                bail!("refused: {}", String::from_utf8_lossy(answer));
            }
            answered += 1;
            if answered == sent || !wire.has_frame() {
                break;
            }
        }
        if window == 1 {
            acks.push((clock.instant() - at).as_secs_f64() * 1e3);
        }
    }
    Ok(acks)
}

/// Reads every event of the lists back by its id and compares it byte for byte.
pub(crate) async fn read_back(door: &Door, practice: &Practice, lists: &[Vec<Prepared>]) -> Result<usize> {
    let mut wire = Wire::login(door, &practice.writers[0]).await?;
    let all: HashMap<String, &Prepared> =
        lists.iter().flatten().map(|event| (event.event.id.to_hex(), event)).collect();
    let mut found = 0;
    let ids: Vec<&String> = all.keys().collect();
    for some in ids.chunks(100) {
        let request = serde_json::json!(["REQ", "back", { "ids": some }]);
        wire.send(&crate::wire::frame(&request.to_string())).await?;
        loop {
            let answer = wire.next().await?;
            if answer.starts_with(b"[\"EOSE\"") {
                break;
            }
            let text = std::str::from_utf8(answer)?;
            let json = text.strip_prefix("[\"EVENT\",\"back\",").and_then(|rest| rest.strip_suffix(']'));
            let json = json.with_context(|| format!("not an event: {text}"))?;
            let value: serde_json::Value = serde_json::from_str(json)?;
            let sent = all.get(value["id"].as_str().unwrap_or_default()).context("an id we sent")?;
            ensure!(sent.event.as_json() == json, "an event came back changed");
            found += 1;
        }
    }
    Ok(found)
}
