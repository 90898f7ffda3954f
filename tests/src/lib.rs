//! What the end-to-end tests share: a box of their own, a Nostr client, foreign programs under Node.
//!
//! Every test starts the real binary on port 0 with a folder of its own, so tests run side by side and
//! leave nothing behind. Nothing here sleeps: a wait is for a line, a frame or an exit, with a limit
//! that fails the test.

pub mod api;
pub mod client;
pub mod dev;
pub mod differ;
pub mod http;
pub mod node;
pub mod pages;
pub mod person;
pub mod practice;
pub mod role;
pub mod vault;
pub mod vectors;
