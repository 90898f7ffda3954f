//! Journeys through the real binary: each test has a box of its own (`relaybox_tests::dev`).

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests fail by panicking")]

mod admin;
mod audit;
mod bench;
mod clear;
mod closed;
mod demo;
mod guide;
mod interop;
mod journal;
mod pages;
mod portal;
mod reading;
mod slot;
mod start;
mod units;
mod vault;
mod workstations;
