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
pub mod mutate;
pub mod policy;
pub mod practice;
pub mod preface;
pub mod receipts;

/// What a target made of an input.
pub type Verdict = &'static str;

pub const OK: Verdict = "ok";

pub type Target = fn(&[u8]) -> Verdict;

/// Every target by its name, which is also the name of its folder of inputs.
pub const TARGETS: [(&str, Target); 8] = [
    ("body", body::run),
    ("event", event::run),
    ("filter", filter::run),
    ("frame", frame::run),
    ("legacy", legacy::run),
    ("policy", policy::run),
    ("preface", preface::run),
    ("receipts", receipts::run),
];

/// A target whose inputs are JSON: half of the changes are made to its values, half to its bytes.
#[macro_export]
macro_rules! json_target {
    ($run:path) => {
        libfuzzer_sys::fuzz_target!(|input: &[u8]| {
            $run(input);
        });

        libfuzzer_sys::fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
            let changed = if seed % 2 == 0 { $crate::mutate::json(&data[..size], seed) } else { None };
            match changed {
                Some(changed) if changed.len() <= max_size => {
                    data[..changed.len()].copy_from_slice(&changed);
                    changed.len()
                }
                _ => libfuzzer_sys::fuzzer_mutate(data, size, max_size),
            }
        });
    };
}
