//! What open sessions feel: fan-out, suspension, memory.

use anyhow::{Result, bail, ensure};
use futures_util::future::{try_join, try_join_all};
use relaybox_process::clock::Clock;
use relaybox_protocol::Keys;
use relaybox_protocol::grants::{Suspended, Suspension, build_suspension};
use serde_json::json;

use crate::events::{self, Prepared, Size};
use crate::practice::Practice;
use crate::table::millis;
use crate::wire::{Door, Wire, accepted, frame};

/// Sessions that listen.
pub(crate) const SESSIONS: usize = 200;
/// Logins under way at the same time.
const LOGINS: usize = 8;

/// Connections of these keys in turn, each with one subscription to what comes.
async fn listening(door: &Door, keys: &[Keys], sessions: usize) -> Result<Vec<Wire>> {
    let subscribe = frame(&json!(["REQ", "live", {"limit": 0}]).to_string());
    let numbers: Vec<usize> = (0..sessions).collect();
    let mut wires = Vec::new();
    // A few at a time: a crowd at the door would meet the gateway's time limits.
    for some in numbers.chunks(LOGINS) {
        let open = some.iter().map(async |n| {
            let mut wire = Wire::login(door, &keys[n % keys.len()]).await?;
            let (rows, _) = wire.ask(&subscribe).await?;
            ensure!(rows == 0, "a subscription with limit 0 gave stored events");
            Ok(wire)
        });
        wires.extend(try_join_all(open).await?);
    }
    Ok(wires)
}

/// Publishes one event at a time to `sessions` subscribers; milliseconds from sending to each
/// arrival, in no order.
pub(crate) async fn fan_out(
    door: &Door,
    practice: &Practice,
    size: Size,
    list: &[Prepared],
    sessions: usize,
) -> Result<Vec<f64>> {
    let clock = Clock::System;
    let mut author = Wire::login(door, events::author(practice, size, 0)).await?;
    let mut wires = listening(door, &practice.writers, sessions).await?;
    let mut times = Vec::with_capacity(list.len() * sessions);
    for event in list {
        let id = event.event.id.to_hex();
        let start = clock.instant();
        author.send(&event.frame).await?;
        let arrivals = wires.iter_mut().map(|wire| arrival(wire, &id));
        for at in try_join_all(arrivals).await? {
            times.push(millis(at - start));
        }
        while !accepted(author.next().await?) {}
    }
    Ok(times)
}

/// When the event with this id came; receipts come between.
async fn arrival(wire: &mut Wire, id: &str) -> Result<std::time::Instant> {
    loop {
        let answer = wire.next().await?;
        ensure!(answer.starts_with(b"[\"EVENT\""), "no event: {}", String::from_utf8_lossy(answer));
        let head = &answer[..answer.len().min(120)];
        if head.windows(id.len()).any(|window| window == id.as_bytes()) {
            return Ok(Clock::System.instant());
        }
    }
}

/// Suspends one member who has `sessions` open sessions; milliseconds until each had its CLOSED.
pub(crate) async fn suspension(
    door: &Door,
    (doctor, leaver): (&Keys, &Keys),
    sessions: usize,
) -> Result<Vec<f64>> {
    let clock = Clock::System;
    let mut owner = Wire::login(door, doctor).await?;
    let mut wires = listening(door, std::slice::from_ref(leaver), sessions).await?;
    let key = leaver.public_key();
    let suspension = Suspension {
        of: Suspended::Person(&key),
        scope: None,
        sequence: None,
        created_at: Clock::System.now(),
    };
    let event = build_suspension(doctor, &suspension);
    let order = frame(&format!("[\"EVENT\",{}]", event.as_json()));
    let start = clock.instant();
    owner.send(&order).await?;
    let answered = async {
        let answer = owner.next().await?;
        ensure!(accepted(answer), "the suspension was refused: {}", String::from_utf8_lossy(answer));
        Ok(())
    };
    // Together: after a refusal nothing is closed.
    let (closed, ()) = try_join(try_join_all(wires.iter_mut().map(closed)), answered).await?;
    Ok(closed.into_iter().map(|at| millis(at - start)).collect())
}

async fn closed(wire: &mut Wire) -> Result<std::time::Instant> {
    loop {
        let answer = wire.next().await?;
        if answer.starts_with(b"[\"CLOSED\"") {
            return Ok(Clock::System.instant());
        }
        if !answer.starts_with(b"[\"EVENT\"") {
            bail!("neither event nor end: {}", String::from_utf8_lossy(answer));
        }
    }
}

/// Opens `sessions` connections of the practice's writers that then say nothing.
pub(crate) async fn idle(door: &Door, practice: &Practice, sessions: usize) -> Result<Vec<Wire>> {
    listening(door, &practice.writers, sessions).await
}
