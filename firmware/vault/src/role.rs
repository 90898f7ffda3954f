//! The role: answers the socket `vault`, keeps the state directory, starts one process for each ceremony and hands
//! the relay what it signed. It holds no secret of the practice itself.

mod demo;
mod panel;
mod prepare;
mod recover;
mod running;
mod serve;
mod state;

use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use relaybox_process::clock::Clock;
use relaybox_process::config::{Panel, VaultConfig};
use relaybox_process::rpc::audit::{Entry, Journal};
use relaybox_process::rpc::ceremony::{CeremonyClient, CeremonyError};
use relaybox_process::rpc::vault::{Frozen, SlotKey, State as Told};
use relaybox_process::{Env, Listener, RoleError, files, shutdown};
use relaybox_protocol::PublicKey;
use relaybox_protocol::event::key_from_hex;
use relaybox_protocol::random::Random;
use serde_json::value::RawValue;
use tokio::task::JoinSet;

use crate::board;
use crate::deeds::BoxKeys;
use crate::guard::{Closed, FreezeCause};
pub use demo::{DemoVault, DemoVaultError, seal_demo};
use panel::Front;
use running::Running;
use state::{State, StateError};

/// The socket of this role.
const SOCKET: &str = "vault";
/// Where the audit takes its entries.
const AUDIT: &str = "audit-vault";
/// Letters of a claim code: none that looks like another.
const CODE_LETTERS: &[u8; 32] = b"ABCDEFGHJKLMNPQRSTUVWXYZ23456789";
const CODE_LENGTH: usize = 8;

/// Why the vault cannot serve.
#[derive(Debug, thiserror::Error)]
pub enum VaultError {
    #[error(transparent)]
    State(#[from] StateError),
    #[error("read {0}: one line of 64 lower-case hex characters is wanted")]
    BoxKey(PathBuf),
    #[error("listen: no socket {SOCKET} was handed over")]
    NoSocket,
    #[error("accept callers")]
    Accept(#[source] std::io::Error),
    #[error("reach the front panel")]
    Panel(#[source] std::io::Error),
    #[error("take software keys or a simulated panel: only `relaybox dev` does")]
    Simulated,
}

/// Serves until shutdown.
pub fn start(env: Env) -> Pin<Box<dyn Future<Output = Result<(), RoleError>> + Send>> {
    Box::pin(async { run(env).await.map_err(|source| RoleError { role: "vault", source: source.into() }) })
}

async fn run(env: Env) -> Result<(), VaultError> {
    let Env { config, listeners, callers, mut shutdown, ready, clock, state, credentials, dev } = env;
    if !dev && (config.vault.soft || config.vault.panel != Panel::None) {
        return Err(VaultError::Simulated);
    }
    let listener = listeners.into_iter().find_map(|(name, listener)| match listener {
        Listener::Unix(listener) if name == SOCKET => Some(listener),
        _ => None,
    });
    let listener = listener.ok_or(VaultError::NoSocket)?;
    let state = State::open(&state)?;
    let (board, inputs) =
        board::open(config.vault.panel, &config.sockets.folder).map_err(VaultError::Panel)?;
    let vault = Arc::new(Vault {
        host: config.gateway.hosts.first().cloned().unwrap_or_default(),
        config: config.vault.clone(),
        ceremony_socket: config.socket("ceremony"),
        journal: Journal::new(config.socket(AUDIT)),
        clock,
        boxes: BoxKeys {
            receipts: public_key(&credentials.join("receipts.pub"))?,
            audit: public_key(&credentials.join("audit.pub"))?,
        },
        state: Mutex::new(state),
        front: Mutex::new(Front::new(board)),
        code: claim_code(&mut Random::os()),
        running: Mutex::new(None),
        starting: tokio::sync::Mutex::default(),
        tasks: Mutex::new(JoinSet::new()),
    });
    let (stop, entering) = shutdown::channel();
    let journal = tokio::spawn(vault.journal.clone().run(entering));
    ready();
    vault.reconcile().await;
    vault.look_at_lid().await;
    vault.refresh();
    vault.spawn(Arc::clone(&vault).watch_panel(inputs));
    let served = tokio::select! {
        served = serve::accept(Arc::clone(&vault), listener, callers) => served,
        () = shutdown::requested(&mut shutdown) => Ok(()),
    };
    // A ceremony ends with its vault: its process is killed when its task is dropped.
    let mut tasks = std::mem::take(&mut *vault.tasks.lock().unwrap_or_else(PoisonError::into_inner));
    tasks.shutdown().await;
    stop.send_replace(true);
    if let Err(error) = journal.await {
        log::error!("the vault's entries for the audit ended by a fault of ours: {error}");
    }
    served
}

/// What all callers share.
pub(crate) struct Vault {
    config: VaultConfig,
    /// The relay's.
    ceremony_socket: PathBuf,
    journal: Journal,
    /// Where families reach the box.
    host: String,
    clock: Clock,
    boxes: BoxKeys,
    state: Mutex<State>,
    front: Mutex<Front>,
    code: String,
    /// The newest ceremony, also when it has ended.
    running: Mutex<Option<Running>>,
    /// One is prepared at a time.
    starting: tokio::sync::Mutex<()>,
    tasks: Mutex<JoinSet<()>>,
}

impl Vault {
    fn state(&self) -> MutexGuard<'_, State> {
        // A change that failed half-way was taken back: the value is whole.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// An entry for the audit, with its time. Public keys, ids and reasons only.
    fn enter(&self, what: &str, fill: impl FnOnce(Entry) -> Entry) {
        // A ceremony is rare: the queue has room, and says itself when it has not.
        self.journal.enter(fill(Entry::new(self.clock.now(), what)));
    }

    /// Runs beside the others, until the role ends.
    fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        self.tasks.lock().unwrap_or_else(PoisonError::into_inner).spawn(task);
    }

    /// The newest ceremony.
    fn running(&self) -> Option<Running> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    async fn relay(&self) -> Result<CeremonyClient, CeremonyError> {
        CeremonyClient::connect(&self.ceremony_socket).await
    }

    /// After a ceremony whose last step was cut short, the relay knows whether it took the transaction. On an unclaimed
    /// box the claim code is shown.
    async fn reconcile(&self) {
        if let Err(error) = self.settle().await {
            log::warn!("asking the relay how the last ceremony ended failed to {error}");
        }
        let (practice, claimed) = {
            let state = self.state();
            (state.kept.practice, state.kept.claimed)
        };
        if claimed {
            return;
        }
        match self.claimed_at_the_relay().await {
            Ok(Some(of)) if Some(of) == practice => {
                if let Err(error) = self.state().change(|kept| kept.claimed = true) {
                    log::error!("keeping the end of the claim failed to {error}");
                }
            }
            Ok(None) => self.show_code(true),
            Ok(Some(_)) => log::warn!(
                "this box's practice has its key elsewhere: no ceremony can be held here before a recovery"
            ),
            Err(error) => log::warn!("asking the relay for its practice failed to {error}"),
        }
    }

    /// P of the relay once it has events of it.
    async fn claimed_at_the_relay(&self) -> Result<Option<PublicKey>, CeremonyError> {
        let state = self.relay().await?.state().await?;
        let practice = state.practice.filter(|_| state.events > 0);
        Ok(practice.as_deref().and_then(key_from_hex))
    }

    /// P of the claim, all policy events and their receipts, and the arrival number of the last; none without a practice.
    async fn history(&self) -> Result<Option<(PublicKey, Vec<Box<RawValue>>, u64)>, CeremonyError> {
        let Some(origin) = self.claimed_at_the_relay().await? else { return Ok(None) };
        let (events, last) = self.relay().await?.history(0).await?;
        Ok(Some((origin, events, last)))
    }

    /// What anybody with the socket may know; `console` also sees the claim code.
    async fn told(&self, console: bool) -> Told {
        let unclaimed = !self.state().kept.claimed;
        let open = unclaimed && matches!(self.claimed_at_the_relay().await, Ok(None));
        let (state, now) = (self.state(), self.clock.now());
        let kept = &state.kept;
        let paused_until = match kept.guard.open(now, true) {
            Err(Closed::Paused(until)) => Some(until),
            _ => None,
        };
        let slot_keys = state.slot_keys().into_iter();
        Told {
            practice: kept.practice.filter(|_| kept.claimed).map(|key| key.to_hex()),
            claim_code: (open && console).then(|| self.code.clone()),
            slot_keys: slot_keys
                .map(|key| SlotKey { label: key.label, added: key.added, aaguid: key.aaguid })
                .collect(),
            signed: kept.signed,
            ceremony: self.running().filter(|running| !running.ended()).map(|running| running.ceremony),
            paused_until,
            frozen: kept.guard.frozen().map(|freeze| Frozen {
                by: freeze.by.clone(),
                at: freeze.at,
                why: frozen_by(freeze.why).to_owned(),
            }),
            soft: self.config.soft,
        }
    }
}

const fn frozen_by(cause: FreezeCause) -> &'static str {
    match cause {
        FreezeCause::Admin => "admin",
        FreezeCause::Lid => "lid",
        FreezeCause::Button => "button",
    }
}

/// A public key of the box, certified by each 2105.
fn public_key(path: &Path) -> Result<PublicKey, VaultError> {
    let text = files::read(path).ok().flatten().unwrap_or_default();
    key_from_hex(text.trim_end()).ok_or_else(|| VaultError::BoxKey(path.to_owned()))
}

fn claim_code(random: &mut Random) -> String {
    let letter = |byte: &u8| char::from(CODE_LETTERS[usize::from(*byte) % CODE_LETTERS.len()]);
    random.bytes32().iter().take(CODE_LENGTH).map(letter).collect()
}
