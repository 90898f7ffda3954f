//! The relay role: Nostr over WebSocket behind the gateway, with scoped reads and receipts.
//!
//! It deliberately decrypts nothing, decides nothing by itself (admission, policy and scope are the
//! protocol crate's), and speaks no SQL.
//!
//! Invariants:
//! - no `OK true` before the event is durable, and no delivery before the commit; 21059 apart, whose
//!   OK says that it was handed to the open sessions;
//! - [`session`] and [`frame`] are state machines: no socket, no store, no clock;
//! - one writer decides events in the order in which they came; one tail feeds live subscribers;
//! - every answer is made under a member table that stood at the store's own position, or not at all.

mod audit;
mod ceremony;
mod connection;
mod fanout;
pub mod frame;
mod ingest;
mod members;
mod messages;
mod nip11;
mod policy;
mod rates;
mod reading;
mod receipts;
mod run;
mod serve;
mod service;
pub mod session;
mod stamp;
mod writer;

use std::future::Future;
use std::pin::Pin;

use relaybox_process::{Env, RoleError};

pub use members::Members;
pub use run::RelayError;

/// Serves until shutdown.
pub fn start(env: Env) -> Pin<Box<dyn Future<Output = Result<(), RoleError>> + Send>> {
    Box::pin(async {
        run::run(env).await.map_err(|source| RoleError { role: "relay", source: source.into() })
    })
}
