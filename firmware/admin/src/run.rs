//! Start and end of the role, and what its parts share.

use std::path::PathBuf;
use std::sync::Arc;

use relaybox_process::clock::Clock;
use relaybox_process::config::AdminConfig;
use relaybox_process::rpc::audit::{Entry, Journal};
use relaybox_process::{Env, Listener, shutdown};
use relaybox_store::StoreError;
use relaybox_store::keys::KeyStore;
use relaybox_web::hosts::Hosts;
use relaybox_web::limits::Connections;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::FILE;
use crate::api::Claims;
use crate::login::Logins;
use crate::members::{self, Following};
use crate::panel;
use crate::reply::Refused;
use crate::serve::{self, Front};
use crate::settings::{Settings, SettingsError};

/// Why the role cannot serve.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    #[error("open the file of wrapped keys and tokens")]
    Store(#[from] StoreError),
    #[error(transparent)]
    Settings(#[from] SettingsError),
}

/// What all requests share.
pub(crate) struct Shared {
    pub(crate) config: AdminConfig,
    pub(crate) clock: Clock,
    pub(crate) store: KeyStore,
    pub(crate) journal: Journal,
    pub(crate) following: Following,
    pub(crate) logins: Logins,
    pub(crate) claims: Claims,
    pub(crate) settings: Settings,
    /// Names of the box, to tell families where its relay is.
    pub(crate) hosts: Hosts,
    /// Of the relay, as families see it.
    pub(crate) name: String,
    pub(crate) vault: PathBuf,
    pub(crate) audit: PathBuf,
    pub(crate) stop: watch::Receiver<bool>,
}

impl Shared {
    /// Enters what is about to be done; nothing is done without it.
    pub(crate) async fn enter(&self, entry: Entry) -> Result<(), Refused> {
        self.journal.append(entry).await.map_err(|error| Refused::unavailable("audit", &error))
    }
}

/// Serves until shutdown.
pub(crate) async fn run(env: Env) -> Result<(), RunError> {
    let Env { config, listeners, callers, mut shutdown, ready, clock, state, .. } = env;
    let store = KeyStore::open(&state.join(FILE)).await?;
    let (said, following) = watch::channel(None);
    let gateway = &config.gateway;
    let journal = Journal::new(config.socket("audit-admin"));
    let shared = Arc::new(Shared {
        config: config.admin.clone(),
        clock: clock.clone(),
        store,
        journal: journal.clone(),
        following,
        logins: Logins::default(),
        claims: Claims::default(),
        settings: Settings::open(&state)?,
        hosts: Hosts::with_admin(&gateway.hosts, &gateway.portal_hosts, &gateway.admin_hosts),
        name: config.relay.name.clone(),
        vault: config.socket("vault"),
        audit: config.socket("audit-admin"),
        stop: shutdown.clone(),
    });
    let (end_of_entries, entering) = shutdown::channel();
    let entering = tokio::spawn(journal.run(entering));
    let mut parts = JoinSet::new();
    let practice = state.join("practice");
    parts.spawn(members::follow(config.socket("policy"), practice, clock, said, shutdown.clone()));
    parts.spawn(panel::tell(Arc::clone(&shared), shutdown.clone()));
    let front = Front {
        connections: Connections::new(config.admin.connections_max, config.admin.connections_max),
        shared,
        callers: Arc::new(callers),
    };
    for (name, listener) in listeners {
        if let Listener::Unix(listener) = listener {
            parts.spawn(serve::accept(front.clone(), name, listener, shutdown.clone()));
        }
    }
    drop(front);
    ready();
    shutdown::requested(&mut shutdown).await;
    while parts.join_next().await.is_some() {}
    let _ = end_of_entries.send(true);
    if entering.await.is_err() {
        log::error!("entering what happened ended by a fault of ours");
    }
    Ok(())
}
