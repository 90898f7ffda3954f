//! The role as a whole: real sockets, real SQLite, a directory of its own for each test.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "helpers of tests fail by panicking"
)]

mod calls;
mod client;
mod clock;
mod forged;
mod front;
mod lifecycle;
mod limits;
mod live;
mod login;
mod people;
mod practice;
mod readers;
mod reading;
mod relay;
mod sync;
mod table;
mod whole;
mod writing;
