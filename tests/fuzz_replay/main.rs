//! Replays the inputs of `tests/fuzz/corpus` through the very functions that libFuzzer calls. A file
//! is named after what the firmware makes of it: `<verdict>--<case>`.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test stops at the first surprise")]

#[path = "../fuzz/src/lib.rs"]
mod fuzz;
mod nesting;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use relaybox_protocol::refusal::Refusal;
use relaybox_tests::vectors::corpus;

/// Refusals that bytes alone cannot meet, and what they hang on instead.
const ELSEWHERE: [(Refusal, &str); 21] = [
    (Refusal::AuthInvalid, "login: relay name, challenge and time"),
    (Refusal::AuthKeys, "login: keys of one connection"),
    (Refusal::AuthLate, "login: time"),
    (Refusal::FormerKey, "login: state of the practice"),
    (Refusal::BinaryFrame, "a WebSocket's binary frame"),
    (Refusal::FrameTooLarge, "length, refused before it is parsed"),
    (Refusal::Subscriptions, "state of a session"),
    (Refusal::NegTooMany, "state of a session"),
    (Refusal::NegSessions, "state of a session"),
    (Refusal::NegChanged, "state of a session"),
    (Refusal::NegClosed, "state of a session"),
    (Refusal::RateLimited, "rates"),
    (Refusal::Quota, "state of the store"),
    (Refusal::Visit, "state of the store"),
    (Refusal::Superseded, "state of the store"),
    (Refusal::Deleted, "state of the store"),
    (Refusal::BoxNotCertified, "state of the box"),
    (Refusal::Storage, "state of the store"),
    (Refusal::Stopping, "state of the box"),
    (Refusal::NoPractice, "state of the box"),
    (Refusal::ClientPatients, "fifty patients: too many for a small practice"),
];

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz")
}

/// Verdict, file name and bytes of every committed input of a target.
fn inputs(target: &str) -> Vec<(String, String, Vec<u8>)> {
    let mut inputs: Vec<_> = std::fs::read_dir(folder().join("corpus").join(target))
        .unwrap()
        .map(|entry| {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            let (verdict, _) = name.split_once("--").unwrap_or_else(|| panic!("{target}/{name}: no verdict"));
            (verdict.to_owned(), name.clone(), std::fs::read(&path).unwrap())
        })
        .collect();
    inputs.sort();
    inputs
}

#[test]
fn every_committed_input_meets_exactly_the_verdict_of_its_name() {
    let mut count = 0;
    for (target, run) in fuzz::TARGETS {
        for (verdict, name, bytes) in inputs(target) {
            assert_eq!(run(&bytes), verdict, "{target}/{name}");
            count += 1;
        }
    }
    assert!(count > 130, "{count}");
}

#[test]
fn every_refusal_that_bytes_can_meet_has_an_input() {
    let targets = ["event", "filter", "frame", "policy"];
    let met: BTreeSet<String> =
        targets.iter().flat_map(|target| inputs(target)).map(|(verdict, ..)| verdict).collect();
    let elsewhere: BTreeSet<&str> = ELSEWHERE.iter().map(|(refusal, _)| refusal.code()).collect();
    for refusal in Refusal::ALL {
        let (here, there) = (met.contains(refusal.code()), elsewhere.contains(refusal.code()));
        assert!(here != there, "{}: input {here}, named as met elsewhere {there}", refusal.code());
    }
}

#[test]
fn every_other_verdict_has_an_input() {
    let targets: [(&str, &[&str]); 4] = [
        ("body", &fuzz::body::VERDICTS),
        ("legacy", &fuzz::legacy::VERDICTS),
        ("preface", &fuzz::preface::VERDICTS),
        ("receipts", &fuzz::receipts::VERDICTS),
    ];
    for (target, verdicts) in targets {
        let met: BTreeSet<String> = inputs(target).into_iter().map(|(verdict, ..)| verdict).collect();
        for verdict in verdicts.iter().chain(&[fuzz::OK]) {
            let large = nesting::LARGE.contains(&(target, *verdict));
            assert!(met.contains(*verdict) || large, "{target}: no input for {verdict}");
        }
    }
}

#[test]
fn the_committed_inputs_are_those_that_our_code_makes_and_what_fuzzing_found() {
    let mut bytes = 0;
    for input in corpus::all() {
        let path = folder().join(&input.path);
        let committed = std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", input.path));
        assert!(committed == input.bytes, "{} differs: run make-corpus, look at the change", input.path);
        bytes += committed.len();
    }
    assert!(bytes < 1 << 20, "{bytes} bytes of inputs");
}

/// Changes of each input. libFuzzer makes millions, steered by coverage (`make heavy`); these are the
/// same on every machine and need nothing but the tests.
const CHANGES: u32 = 40;

/// Runs a target with changes of its inputs; the seeds of those that broke it.
fn broken(target: &str, run: fuzz::Target) -> (usize, Vec<String>) {
    let (mut runs, mut broken) = (0, Vec::new());
    for (_, name, bytes) in inputs(target) {
        for seed in 0..CHANGES {
            let Some(changed) = fuzz::mutate::json(&bytes, seed) else { continue };
            runs += 1;
            if std::panic::catch_unwind(|| run(&changed)).is_err() {
                broken.push(format!("{name} seed {seed}: {}", String::from_utf8_lossy(&changed)));
            }
        }
    }
    (runs, broken)
}

#[test]
fn what_must_hold_holds_for_changes_of_every_input() {
    std::thread::scope(|scope| {
        let of = |(target, run)| (target, scope.spawn(move || broken(target, run)));
        let threads: Vec<_> = fuzz::TARGETS.into_iter().map(of).collect();
        for (target, thread) in threads {
            let (runs, broken) = thread.join().unwrap();
            assert!(broken.is_empty(), "{target}: {broken:#?}");
            assert!(runs > 200 || matches!(target, "legacy" | "preface"), "{target}: {runs} runs");
        }
    });
}
