//! What all parts of the running relay share.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use relaybox_process::config::RelayConfig;
use relaybox_process::rpc::audit::Journal;
use relaybox_protocol::refusal::Refusal;
use relaybox_protocol::{Keys, PublicKey};
use relaybox_store::{Seq, Store, StoreError};
use tokio::sync::{Notify, watch};

use crate::members::Members;
use crate::rates::Rates;
use crate::session::Session;
use crate::stamp::Stamp;

/// A clock that stands so far before the newest arrival is wrong, or was: right clients may be refused.
pub(crate) const CLOCK_BEHIND_SECONDS_MAX: u64 = 600;

/// Where the relay stands between start and end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    Running,
    /// Nothing new is taken; what is under way gets its answer.
    Draining,
    /// Subscriptions are closed, then sockets.
    Closing,
}

/// Returns when the relay is not running any more.
pub(crate) async fn draining(phase: &mut watch::Receiver<Phase>) {
    // An error means that the sender is gone, and with it the relay.
    let _ = phase.wait_for(|phase| *phase != Phase::Running).await;
}

/// One per process.
pub(crate) struct Shared {
    pub(crate) config: Arc<RelayConfig>,
    pub(crate) store: Store,
    pub(crate) stamp: Stamp,
    /// Swapped by the tail alone, but for the claim.
    pub(crate) members: watch::Sender<Option<Arc<Members>>>,
    pub(crate) sessions: Sessions,
    /// The box key B; none while the credential is missing.
    pub(crate) box_keys: Option<Keys>,
    pub(crate) per_key: Mutex<Rates<PublicKey>>,
    pub(crate) per_address: Mutex<Rates<IpAddr>>,
    /// Last arrival number handed to the open sessions.
    pub(crate) delivered: watch::Sender<Seq>,
    /// Held while receipts are written: two writers would build on one head.
    pub(crate) receipting: tokio::sync::Mutex<()>,
    /// Rings when events that need receipts were stored.
    pub(crate) due: Notify,
    pub(crate) buffers: Buffers,
    /// The way to the audit.
    pub(crate) journal: Journal,
}

impl Shared {
    pub(crate) fn members(&self) -> Option<Arc<Members>> {
        self.members.borrow().clone()
    }

    /// Waits until the member table stands at `at` or later.
    pub(crate) async fn members_at(&self, at: Seq) -> Option<Arc<Members>> {
        let mut receiver = self.members.subscribe();
        let reached = receiver.wait_for(|members| members.as_ref().is_some_and(|m| m.at >= at)).await;
        reached.ok().and_then(|members| members.clone())
    }

    /// Waits until this arrival number has gone to the open sessions.
    pub(crate) async fn delivered_at(&self, seq: Seq) {
        let mut delivered = self.delivered.subscribe();
        // An error means that the relay is gone.
        let _ = delivered.wait_for(|delivered| *delivered >= seq).await;
    }

    /// What keeps the relay from its work, in the words of the information document.
    pub(crate) fn failing(&self) -> Vec<&'static str> {
        let storage = self.store.failing().then_some("storage");
        let clock = (self.stamp.behind() >= CLOCK_BEHIND_SECONDS_MAX).then_some("clock");
        storage.into_iter().chain(clock).collect()
    }

    /// Whether our receipts count under these members.
    pub(crate) fn certified(&self, members: &Members, now: u64) -> bool {
        self.box_keys.as_ref().is_some_and(|keys| members.certifies(&keys.public_key(), now))
    }
}

/// What a client is told when the store did not do it. The cause is logged, not told.
pub(crate) fn refusal_of(error: &StoreError) -> Refusal {
    match error {
        StoreError::TooMany => Refusal::NegTooMany,
        other => {
            log::error!("store failed to {other}");
            Refusal::Storage
        }
    }
}

/// Buffers of pages that went out, kept for the next ones: a fresh one would grow, and be copied, many
/// times while a page is read into it.
#[derive(Default)]
pub(crate) struct Buffers(Mutex<Vec<Vec<u8>>>);

impl Buffers {
    /// As many as pages are read at the same time.
    const KEPT: usize = 4;
    /// Larger ones, of rare large events, are given back to the system.
    const BYTES_MAX: usize = 2 << 20;

    /// An empty buffer.
    pub(crate) fn take(&self) -> Vec<u8> {
        self.lock().pop().unwrap_or_default()
    }

    pub(crate) fn give(&self, mut buffer: Vec<u8>) {
        let mut kept = self.lock();
        if kept.len() < Self::KEPT && buffer.capacity() <= Self::BYTES_MAX {
            buffer.clear();
            kept.push(buffer);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Vec<u8>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One open connection as others reach it.
pub(crate) struct Handle {
    session: Mutex<Session>,
    wake: Notify,
}

impl Handle {
    pub(crate) fn new(session: Session) -> Self {
        Self { session: Mutex::new(session), wake: Notify::new() }
    }

    pub(crate) fn session(&self) -> MutexGuard<'_, Session> {
        // A panic inside the state machine ends that connection's task; the others go on.
        self.session.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets the connection look for effects.
    pub(crate) fn wake(&self) {
        self.wake.notify_one();
    }

    pub(crate) async fn woken(&self) {
        self.wake.notified().await;
    }
}

/// The open connections.
#[derive(Default)]
pub(crate) struct Sessions(Mutex<Registry>);

#[derive(Default)]
struct Registry {
    next: u64,
    open: HashMap<u64, Arc<Handle>>,
}

/// A connection's place among the open ones; given up when dropped, also by a fault of ours.
pub(crate) struct Place {
    shared: Arc<Shared>,
    number: u64,
}

impl Place {
    pub(crate) fn take(shared: &Arc<Shared>, handle: &Arc<Handle>) -> Self {
        let mut registry = shared.sessions.lock();
        registry.next += 1;
        let number = registry.next;
        registry.open.insert(number, Arc::clone(handle));
        Self { shared: Arc::clone(shared), number }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.shared.sessions.lock().open.remove(&self.number);
    }
}

impl Sessions {
    pub(crate) fn all(&self) -> Vec<Arc<Handle>> {
        self.lock().open.values().cloned().collect()
    }

    fn lock(&self) -> MutexGuard<'_, Registry> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
