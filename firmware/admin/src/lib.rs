//! The admin role: the HTTP interface by which staff with `admin` run the box, behind the gateway.
//!
//! It deliberately holds no secret, signs nothing and decides nothing by itself: who may ask is a fold over signed
//! events, ceremonies are the vault's, and what admins sign is signed in their browser and published to the relay.
//!
//! Invariants: every request but three proves its key by a login of its own (NIP-98) that names method, address and body
//! and counts once; who may ask is judged by policy that the relay has confirmed within the last ten seconds; an answer
//! that goes on ends when its reader's access ends; what is done stands in the audit before it is done, but for the
//! freeze, which waits for nothing.

mod api;
mod body;
mod login;
mod members;
mod panel;
mod reply;
mod run;
mod serve;
mod settings;

use std::future::Future;
use std::pin::Pin;

use relaybox_process::{Env, RoleError};

pub use run::RunError;

/// The file in the role's state directory.
pub const FILE: &str = "keys.db";

/// Serves until shutdown.
pub fn start(env: Env) -> Pin<Box<dyn Future<Output = Result<(), RoleError>> + Send>> {
    Box::pin(async {
        run::run(env).await.map_err(|source| RoleError { role: "admin", source: source.into() })
    })
}
