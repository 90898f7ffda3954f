//! Journeys through the real binary: each test has a box of its own (`relaybox_tests::dev`).

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests fail by panicking")]

<<<<<<< HEAD
mod bench;
=======
mod clear;
>>>>>>> ed84d8f (Scan every byte that the demo's store holds for what people wrote and are called)
mod demo;
mod guide;
mod interop;
mod pages;
mod reading;
mod start;
mod units;
mod workstations;
