//! The relay role: Nostr over WebSocket behind the gateway, with scoped reads and receipts.

use std::future::Future;
use std::pin::Pin;

use relaybox_process::{Env, RoleError};

/// Serves until shutdown.
pub fn start(env: Env) -> Pin<Box<dyn Future<Output = Result<(), RoleError>> + Send>> {
    let _ = env;
    todo!()
}
