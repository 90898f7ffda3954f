//! The gateway role: ends TLS, decides by host name and surface what a request may reach, joins it to
//! the role's Unix socket, and serves the start page and the portal, each on names of its own.
//!
//! It deliberately stores nothing but its certificates, opens no event and knows no person.
//!
//! Invariants: a request whose `Host` is not one of the box's names reaches nothing; no preface and no
//! forwarding header from outside reaches a role; a role learns the peer's address and the host name
//! from the preface this role writes; nothing waits without a limit.

mod admin;
mod authority;
mod faces;
mod join;
mod page;
mod portal;
mod reply;
mod route;
mod serve;
mod tls;
mod upstream;

use std::future::Future;
use std::pin::Pin;

use relaybox_process::{Env, RoleError};

/// Why the gateway ended.
#[derive(Debug, thiserror::Error)]
pub enum GatewayError {
    #[error("prepare the certificates")]
    Authority(#[from] authority::AuthorityError),
    #[error("set up TLS")]
    Tls(#[from] rustls::Error),
    #[error("listen without any TCP socket: name it `gateway` or set [gateway] listen")]
    NoListener,
}

/// Serves until shutdown.
pub fn start(env: Env) -> Pin<Box<dyn Future<Output = Result<(), RoleError>> + Send>> {
    Box::pin(async move {
        serve::run(env).await.map_err(|error| RoleError { role: "gateway", source: Box::new(error) })
    })
}
