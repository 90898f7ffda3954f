//! The audit role: takes entries from the other roles, chains them, and has the ends of the chains signed each hour.
//!
//! It deliberately reads no record and no event, and it judges nothing: what an entry says is its writer's word.
//!
//! Invariants: an entry is on disk before its writer hears so; the socket on which an entry came says which role wrote
//! it; an entry is never changed and never removed; nothing is built on a chain whose end is damaged; of two processes
//! that open one chain, the older one appends nothing any more.

mod anchor;
pub mod chain;
mod run;
mod serve;
pub mod verify;

use std::future::Future;
use std::pin::Pin;

use relaybox_process::{Env, RoleError};

pub use run::RunError;

/// The file in the role's state directory.
pub const FILE: &str = "audit.db";
/// Name of this box's chain.
pub const WRITER: &str = "box";

/// Serves until shutdown.
pub fn start(env: Env) -> Pin<Box<dyn Future<Output = Result<(), RoleError>> + Send>> {
    Box::pin(async {
        run::run(env).await.map_err(|source| RoleError { role: "audit", source: source.into() })
    })
}
