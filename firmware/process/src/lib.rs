//! What a role does because it is a Unix process: configuration, logging, inherited sockets, clock,
//! shutdown, readiness, and the messages roles send each other.
//!
//! It deliberately knows no role. Invariants: roles never read the environment, install no signal
//! handler and never exit; they take everything from [`Env`].

pub mod clock;
pub mod config;
pub mod files;
pub mod logging;
pub mod peer;
pub mod rpc;
pub mod shutdown;
pub mod unit;

use std::future::Future;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;

use tokio::sync::watch;

use crate::clock::Clock;
use crate::config::Config;
use crate::peer::Callers;

/// A socket bound before any role starts.
#[derive(Debug)]
pub enum Listener {
    Unix(tokio::net::UnixListener),
    /// Gateway (HTTPS), and in dev the relay's plain WebSocket on loopback.
    Tcp(tokio::net::TcpListener),
}

/// All that a role gets.
pub struct Env {
    pub config: Arc<Config>,
    /// By the names of the role manifest: `relay`, `ceremony`, `relay-plain`, `gateway` …
    pub listeners: Vec<(String, Listener)>,
    /// Who may call on each Unix socket of this role; ask at each accept.
    pub callers: Callers,
    /// Becomes true once: drain and return.
    pub shutdown: watch::Receiver<bool>,
    /// Call when connections are accepted.
    pub ready: Box<dyn FnOnce() + Send>,
    pub clock: Clock,
    /// State directory of the role; exists, private.
    pub state: PathBuf,
    /// Directory of credentials (systemd's, or one in dev). The relay's: `receipts.key`, the secret of
    /// the box key B as 64 lower-case hex characters and a line break; the audit's: `audit.key`, the same for B′.
    pub credentials: PathBuf,
    /// One process for all roles: per-process hardening is skipped.
    pub dev: bool,
}

/// Why a role ended. The chain is printed once at the top.
#[derive(Debug, thiserror::Error)]
#[error("run the role {role}")]
pub struct RoleError {
    pub role: &'static str,
    #[source]
    pub source: Box<dyn std::error::Error + Send + Sync>,
}

/// A role's entry.
pub type Start = fn(Env) -> Pin<Box<dyn Future<Output = Result<(), RoleError>> + Send>>;
