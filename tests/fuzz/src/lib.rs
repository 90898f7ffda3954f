//! The bodies of the fuzz targets: every function takes any bytes, asserts what must hold of them,
//! and says in one word what the firmware made of them (`ok`, or the code of the refusal).
//!
//! libFuzzer calls them from `targets/`; the ordinary test `fuzz_replay` calls the same functions
//! with every committed input of `corpus/`, so nothing but a fuzzing run needs libFuzzer.
//!
//! Events are judged twice: as they stand, and with an id that fits, signed or not. Admission, fold
//! and receipts do not look at signatures, so the fuzzer reaches them without forging any.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a target stops at the first surprise")]
#![allow(unreachable_pub, reason = "a crate to the targets, a module to the replay")]

pub mod body;
pub mod event;
pub mod filter;
pub mod frame;
pub mod legacy;
pub mod policy;
pub mod practice;
pub mod preface;
pub mod receipts;

/// What a target made of an input.
pub type Verdict = &'static str;

pub const OK: Verdict = "ok";

/// Every target by its name, which is also the name of its folder of inputs.
pub const TARGETS: [(&str, fn(&[u8]) -> Verdict); 8] = [
    ("body", body::run),
    ("event", event::run),
    ("filter", filter::run),
    ("frame", frame::run),
    ("legacy", legacy::run),
    ("policy", policy::run),
    ("preface", preface::run),
    ("receipts", receipts::run),
];
