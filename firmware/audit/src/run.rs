//! Start and end of the role, and the one keeper of the chain.

use std::ops::RangeInclusive;
use std::path::Path;
use std::sync::Arc;

use relaybox_process::clock::Clock;
use relaybox_process::rpc::audit::Entry;
use relaybox_process::{Env, Listener, shutdown};
use relaybox_protocol::{Keys, SecretKey};
use relaybox_store::StoreError;
use relaybox_store::chain::Chain;
use tokio::sync::Mutex;
use tokio::task::JoinSet;

use crate::chain::{ChainError, Writer, stored};
use crate::{FILE, WRITER, anchor, serve};

/// Why the audit cannot be kept.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    #[error("open the audit file")]
    Store(#[from] StoreError),
    #[error(transparent)]
    Chain(#[from] ChainError),
    #[error("use the box key in audit.key: one line of 64 lower-case hex characters is wanted")]
    BoxKey,
    #[error("read the box key")]
    BoxKeyFile(#[source] std::io::Error),
}

/// The chain and its writing end, which move together.
pub(crate) struct Keeper {
    pub(crate) chain: Chain,
    writer: Writer,
}

/// What all parts share.
pub(crate) struct Shared {
    pub(crate) clock: Clock,
    pub(crate) keeper: Mutex<Keeper>,
}

impl Keeper {
    async fn open(path: &Path) -> Result<Self, RunError> {
        let (chain, end, last) = Chain::open(path, WRITER).await?;
        Ok(Self { chain, writer: Writer::after(&end, last.as_ref())? })
    }

    /// Second of the first entry.
    pub(crate) async fn began(&self) -> Result<u64, StoreError> {
        let first = self.chain.scan(0, 1).await?;
        Ok(first.first().and_then(|link| stored(link).ok()).map_or(0, |entry| entry.received))
    }

    /// Appends; on disk when it returns.
    async fn append(
        &mut self,
        now: u64,
        role: &str,
        entries: Vec<Entry>,
    ) -> Result<RangeInclusive<u64>, RunError> {
        let (links, next) = self.writer.extend(now, role, entries)?;
        let range = self.chain.append(self.writer.hash(), links).await?;
        self.writer = next;
        Ok(range)
    }
}

impl Shared {
    pub(crate) async fn append(
        &self,
        role: &str,
        entries: Vec<Entry>,
    ) -> Result<RangeInclusive<u64>, RunError> {
        self.keeper.lock().await.append(self.clock.now(), role, entries).await
    }
}

/// Serves until shutdown.
pub(crate) async fn run(env: Env) -> Result<(), RunError> {
    let Env { config, listeners, callers, mut shutdown, ready, clock, state, credentials, .. } = env;
    let keys = box_keys(&credentials)?;
    let keeper = Keeper::open(&state.join(FILE)).await?;
    let shared = Arc::new(Shared { clock, keeper: Mutex::new(keeper) });
    let started = Entry::new(shared.clock.now(), "audit-started");
    shared.append("audit", vec![started]).await?;
    let callers = Arc::new(callers);
    let mut parts = JoinSet::new();
    for (name, listener) in listeners {
        if let Listener::Unix(listener) = listener {
            let (shared, callers, order) = (Arc::clone(&shared), Arc::clone(&callers), shutdown.clone());
            parts.spawn(serve::accept(shared, callers, name, listener, order));
        }
    }
    if let Some(keys) = keys {
        let (relay, seconds) = (config.socket("anchor"), config.audit.anchor_seconds);
        parts.spawn(anchor::run(Arc::clone(&shared), keys, relay, seconds, shutdown.clone()));
    }
    ready();
    shutdown::requested(&mut shutdown).await;
    while parts.join_next().await.is_some() {}
    Ok(())
}

/// The box key B′; none when the credential is not there.
fn box_keys(credentials: &Path) -> Result<Option<Keys>, RunError> {
    let text = match std::fs::read_to_string(credentials.join("audit.key")) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            log::warn!("the audit key is missing: entries are chained, and no anchor is signed");
            return Ok(None);
        }
        Err(error) => return Err(RunError::BoxKeyFile(error)),
    };
    let secret = relaybox_protocol::hex::decode::<32>(text.trim_end()).ok_or(RunError::BoxKey)?;
    let secret = SecretKey::from_slice(&secret).map_err(|_| RunError::BoxKey)?;
    Ok(Some(Keys::new(secret)))
}
