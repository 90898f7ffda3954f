//! The simulation: the relay role on real sockets and SQLite against a naive reference that rereads a
//! list. Persons of all roles do random things, valid and not; time is moved by hand, the relay
//! crashes, and each answer is compared. A failure prints its seed; `RELAYBOX_SIM_SEEDS=7..8` runs that
//! seed alone, `RELAYBOX_SIM_SEEDS=200` the first 200.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests fail by panicking")]

mod client;
mod generate;
mod imports;
mod reference;
mod relay;
mod run;
mod session;
mod totals;
mod world;

use std::ops::Range;
use std::sync::Mutex;

/// Seeds of one ordinary run.
const SEEDS: u64 = 20;

/// `n` is the first n seeds, `a..b` those from a to before b.
fn seeds() -> Range<u64> {
    #[allow(clippy::disallowed_methods, reason = "a switch of the test, not of the product")]
    let asked = std::env::var("RELAYBOX_SIM_SEEDS").unwrap_or_default();
    let number = |text: &str| text.parse::<u64>().unwrap();
    match asked.split_once("..") {
        Some((from, to)) => number(from)..number(to),
        None if asked.is_empty() => 0..SEEDS,
        None => 0..number(&asked),
    }
}

#[test]
fn the_relay_answers_as_the_reference_does_through_crashes() {
    let seeds = seeds();
    let workers = std::thread::available_parallelism().map_or(2, usize::from).clamp(2, 8);
    let next = Mutex::new(seeds.clone());
    let totals = Mutex::new(totals::Totals::default());
    let failed = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                loop {
                    let Some(seed) = next.lock().unwrap().next() else { return };
                    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
                    match runtime.block_on(run::seed(seed)) {
                        Ok(counted) => totals.lock().unwrap().add(&counted),
                        Err(difference) => failed.lock().unwrap().push((seed, difference)),
                    }
                    runtime.shutdown_background();
                }
            });
        }
    });
    let failed = failed.into_inner().unwrap();
    for (seed, difference) in &failed {
        println!("seed {seed}: {difference}\n");
    }
    let totals = totals.into_inner().unwrap();
    println!("{totals}");
    let differing: Vec<_> = failed.iter().map(|(seed, _)| seed).collect();
    assert!(failed.is_empty(), "relay and reference differ for the seeds {differing:?}");
    totals.assert_varied(seeds.end - seeds.start);
}
