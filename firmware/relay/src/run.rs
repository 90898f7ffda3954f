//! Start and end of the role.

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use relaybox_process::config::{Config, RelayConfig};
use relaybox_process::rpc::audit::Journal;
use relaybox_process::{Env, Listener, shutdown};
use relaybox_protocol::event::{EVENT_BYTES_MAX, parse_unverified};
use relaybox_protocol::{Event, Filter, Keys, SecretKey, SingleLetterTag, kinds};
use relaybox_store::{Head, LEASE_EXPIRE, Plan, Store, StoreConfig, StoreError};
use relaybox_web::limits::Connections;
use tokio::sync::{Notify, mpsc, watch};
use tokio::task::JoinSet;

use crate::ingest::{self, Job, QUEUE};
use crate::members::Members;
use crate::rates::Rates;
use crate::serve::{self, Front};
use crate::service::{Buffers, CLOCK_BEHIND_SECONDS_MAX, Phase, Sessions, Shared, draining};
use crate::stamp::Stamp;
use crate::writer::{Ceremony, Writer, practice};
use crate::{ceremony, fanout, policy, receipts};

/// The socket on which the relay enters what happens.
const AUDIT: &str = "audit-relay";
/// Seconds between two sweeps of expired events, and events in one step of a sweep.
const EXPIRE_SECONDS: u64 = 60;
const EXPIRE_STEP: usize = 1_000;

/// Why the relay cannot serve.
#[derive(Debug, thiserror::Error)]
pub enum RelayError {
    #[error("open the store")]
    Store(#[from] StoreError),
    #[error("read the practice key that was fixed at the claim")]
    Practice(#[source] std::io::Error),
    #[error("use the box key in receipts.key: one line of 64 lower-case hex characters is wanted")]
    BoxKey,
    #[error("read the box key")]
    BoxKeyFile(#[source] std::io::Error),
    #[error("keep a part of the relay running")]
    Part(#[from] tokio::task::JoinError),
}

/// Serves until shutdown.
///
/// # Errors
/// When state or credentials cannot be read, or the store's tail fails: a relay without it would
/// serve under old members.
pub(crate) async fn run(env: Env) -> Result<(), RelayError> {
    let Env { config, listeners, callers, mut shutdown, ready, clock, state, credentials, .. } = env;
    let journal = journal(&config);
    let config = Arc::new(config.relay.clone());
    let stamp = Stamp::new(clock);
    let store = open(&state, &config, &stamp).await?;
    let practice_file = state.join("practice");
    let head = store.head().await?;
    let tail = store.tail(head.n);
    let (members, orders) = fold(&store, &practice_file, head).await?;
    let shared = shared(config, store, stamp, box_keys(&credentials)?, (members, head), journal.clone());
    // What a crash left without receipts gets them before anybody reads.
    receipts::write_due(&shared).await?;
    let writer = Writer { shared: Arc::clone(&shared), practice_file };
    for order in &orders {
        writer.destroy(order).await?;
    }
    let (end_of_entries, entering) = shutdown::channel();
    let entering = tokio::spawn(journal.run(entering));
    let (phase, watching) = watch::channel(Phase::Running);
    let mut parts = JoinSet::new();
    parts.spawn(fanout::run(Arc::clone(&shared), tail));
    let (jobs, job_queue) = mpsc::channel::<Job>(QUEUE);
    let (checked, checked_queue) = mpsc::channel(2);
    let (ceremonies, ceremony_queue) = mpsc::channel::<Ceremony>(4);
    let verifying = tokio::spawn(ingest::verify(job_queue, checked, shared.config.event_bytes_max));
    let writing = tokio::spawn(writer.run(checked_queue, ceremony_queue));
    let receipting = tokio::spawn(receipts::run(Arc::clone(&shared), watching.clone()));
    let sweeping = tokio::spawn(sweep(Arc::clone(&shared), watching.clone()));
    let front = front(&shared, jobs, callers, watching);
    let mut accepting = listen(&front, listeners, &ceremonies);
    drop((front, ceremonies));
    ready();
    let failed = tokio::select! {
        () = shutdown::requested(&mut shutdown) => None,
        Some(ended) = parts.join_next() => Some(ended),
    };
    // Nothing new is taken; what is under way is answered, gets its receipts, and goes out.
    phase.send_replace(Phase::Draining);
    let drained = async {
        let parts = async {
            verifying.await?;
            writing.await?;
            receipting.await?;
            sweeping.await
        };
        if let Err(error) = parts.await {
            log::error!("a part of the relay ended by a fault of ours: {error}");
        }
        if let Err(error) = receipts::write_due(&shared).await {
            log::error!("writing the last receipts failed to {error}; they are written at the next start");
        }
        caught_up(&shared).await;
    };
    if tokio::time::timeout(Duration::from_secs(shared.config.drain_seconds), drained).await.is_err() {
        log::warn!(
            "the relay stopped before all was done: events under way got no OK, and receipts that are \
             missing are written at the next start"
        );
    }
    phase.send_replace(Phase::Closing);
    let goodbye = async { while accepting.join_next().await.is_some() {} };
    if tokio::time::timeout(Duration::from_secs(RelayConfig::GOODBYE_SECONDS), goodbye).await.is_err() {
        accepting.shutdown().await;
    }
    parts.shutdown().await;
    // Nothing happens any more that would be entered.
    end_entries(end_of_entries, entering).await;
    match failed {
        Some(ended) => Ok(ended??),
        None => Ok(()),
    }
}

fn journal(config: &Config) -> Journal {
    if config.relay.audit { Journal::new(config.socket(AUDIT)) } else { Journal::off() }
}

/// Lets the journal send what it holds, for a while.
async fn end_entries(order: watch::Sender<bool>, entering: tokio::task::JoinHandle<()>) {
    let _ = order.send(true);
    if tokio::time::timeout(Duration::from_secs(RelayConfig::GOODBYE_SECONDS), entering).await.is_err() {
        log::error!("the audit did not take the last entries in time");
    }
}

/// What all parts share, at this position of the store.
fn shared(
    config: Arc<RelayConfig>,
    store: Store,
    stamp: Stamp,
    box_keys: Option<Keys>,
    (members, head): (Option<Arc<Members>>, Head),
    journal: Journal,
) -> Arc<Shared> {
    Arc::new(Shared {
        store,
        stamp,
        members: watch::channel(members).0,
        sessions: Sessions::default(),
        box_keys,
        per_key: Mutex::new(Rates::new(config.events_per_minute_per_key)),
        per_address: Mutex::new(Rates::new(config.wraps_per_minute_per_address)),
        delivered: watch::channel(head.n).0,
        receipting: tokio::sync::Mutex::default(),
        due: Notify::new(),
        buffers: Buffers::default(),
        journal,
        config,
    })
}

async fn open(
    state: &Path,
    config: &relaybox_process::config::RelayConfig,
    stamp: &Stamp,
) -> Result<Store, StoreError> {
    let store = StoreConfig {
        neg_ids_max: config.neg_ids_max,
        quota_bytes: config.quota_bytes,
        ..StoreConfig::at(state.join("events.db"))
    };
    let now = stamp.clone();
    let store = Store::open(&store, Arc::new(move || now.now())).await?;
    // The store stamps nothing below this, so what a receipt says must not be below it either.
    stamp.raise(store.stamped().await?);
    Ok(store)
}

/// The member table as of `head`, and the destruction orders that count; what came later is passed by
/// the tail.
async fn fold(
    store: &Store,
    practice_file: &Path,
    head: Head,
) -> Result<(Option<Arc<Members>>, Vec<Event>), RelayError> {
    let mut orders = Vec::new();
    let Some(practice) = practice(practice_file).map_err(RelayError::Practice)? else {
        return Ok((None, orders));
    };
    let mut members = Members::new(practice);
    for change in store.changes(0).await? {
        match parse_unverified(&change.bytes, EVENT_BYTES_MAX) {
            Ok(event) if event.kind.as_u16() == kinds::RECEIPT => {}
            Ok(event) => {
                let counts = members.pass(&event, change.seq, change.received);
                if counts && event.kind.as_u16() == kinds::DESTRUCTION {
                    orders.push(event);
                }
            }
            Err(refusal) => {
                log::error!("policy event {} cannot be read back: {}", change.seq, refusal.code())
            }
        }
    }
    members.at = members.at.max(head.m);
    note_imports(store, &mut members, head).await?;
    Ok((Some(Arc::new(members)), orders))
}

/// Patients of imported events, who may be registered without proof of possession (PROTOCOL 1).
async fn note_imports(store: &Store, members: &mut Members, head: Head) -> Result<(), StoreError> {
    let Some(former) = members.former_practice() else { return Ok(()) };
    let filter = Filter::new().custom_tag(SingleLetterTag::LOWERCASE_P, former.to_hex());
    let plan = Plan::unscoped(&[filter]).map_err(|refusal| StoreError::Corrupt(refusal.code().to_owned()))?;
    let mut row = |row: relaybox_store::Row<'_>| {
        if let Ok(event) = parse_unverified(row.bytes, EVENT_BYTES_MAX) {
            members.note_import(&event);
        }
    };
    store.read(&plan, head.m, &mut row).await.map(drop)
}

/// The box key B; none when the credential is not there.
fn box_keys(credentials: &Path) -> Result<Option<Keys>, RelayError> {
    let text = match std::fs::read_to_string(credentials.join("receipts.key")) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            log::warn!("the box key is missing: records are served, and none are taken");
            return Ok(None);
        }
        Err(error) => return Err(RelayError::BoxKeyFile(error)),
    };
    let secret = relaybox_protocol::hex::decode::<32>(text.trim_end()).ok_or(RelayError::BoxKey)?;
    let secret = SecretKey::from_slice(&secret).map_err(|_| RelayError::BoxKey)?;
    Ok(Some(Keys::new(secret)))
}

fn front(
    shared: &Arc<Shared>,
    ingest: mpsc::Sender<Job>,
    callers: relaybox_process::peer::Callers,
    phase: watch::Receiver<Phase>,
) -> Front {
    let config = &shared.config;
    Front {
        shared: Arc::clone(shared),
        ingest,
        connections: Connections::new(config.connections_max, config.connections_per_address_max),
        callers: Arc::new(callers),
        phase,
    }
}

fn listen(
    front: &Front,
    listeners: Vec<(String, Listener)>,
    ceremonies: &mpsc::Sender<Ceremony>,
) -> JoinSet<()> {
    let mut accepting = JoinSet::new();
    for (name, listener) in listeners {
        match listener {
            Listener::Unix(listener) if name == policy::NAME => {
                accepting.spawn(policy::accept(front.clone(), listener));
            }
            Listener::Unix(listener) => match ceremony::Door::of(&name) {
                Some(door) => {
                    accepting.spawn(ceremony::accept(front.clone(), door, listener, ceremonies.clone()));
                }
                None => {
                    accepting.spawn(serve::accept(front.clone(), name, Listener::Unix(listener)));
                }
            },
            listener => {
                accepting.spawn(serve::accept(front.clone(), name, listener));
            }
        }
    }
    accepting
}

/// Waits until what is stored has gone to the open sessions.
async fn caught_up(shared: &Shared) {
    if let Ok(head) = shared.store.head().await {
        shared.delivered_at(head.n).await;
    }
}

/// Removes expired events (NIP-40), step by step, under a lease.
async fn sweep(shared: Arc<Shared>, mut phase: watch::Receiver<Phase>) {
    loop {
        tokio::select! {
            () = tokio::time::sleep(Duration::from_secs(EXPIRE_SECONDS)) => {}
            () = draining(&mut phase) => return,
        }
        let behind = shared.stamp.behind();
        if behind >= CLOCK_BEHIND_SECONDS_MAX {
            log::error!("the clock stands {behind} seconds before the newest arrival: set it");
        }
        if let Err(error) = sweep_once(&shared).await {
            log::warn!("removing expired events failed to {error}");
        }
    }
}

async fn sweep_once(shared: &Shared) -> Result<(), StoreError> {
    let Some(lease) = shared.store.lease(LEASE_EXPIRE, Duration::from_secs(EXPIRE_SECONDS)).await? else {
        return Ok(());
    };
    while shared.store.expire(shared.stamp.now(), EXPIRE_STEP, &lease).await? == EXPIRE_STEP {}
    Ok(())
}
