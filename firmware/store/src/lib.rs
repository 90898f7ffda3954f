//! The only crate that speaks SQL. One handle is one practice.
//!
//! It deliberately knows nothing of sockets, sessions or who may do what: callers hand over events
//! that `protocol` has verified and allowed, and plans made from a filter and a scope.
//!
//! Invariants: an append that returned is durable (`synchronous=FULL`); arrival numbers are gap-free
//! and commit-ordered; only [`Tail`] feeds live delivery; a read or write decided under an older
//! member table is answered [`StoreError::Stale`] or [`Outcome::Stale`].

pub mod chain;
pub mod keys;
pub mod plan;
mod sqlite;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use relaybox_protocol::receipts::{ChainKey, PolicyMark};
use relaybox_protocol::refusal::Class;
use relaybox_protocol::scope::IndexKey;
use relaybox_protocol::{EventId, PublicKey};

use sqlite::{Engine, TailState};

pub use plan::{Group, Plan, PlanBranch};

/// Arrival number: 1, 2, 3 … without gaps, in commit order.
pub type Seq = u64;

/// Last arrival number, and that of the last event that can change membership.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Head {
    pub n: Seq,
    pub m: Seq,
}

/// How an event came to the box.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    Live,
    Import,
    Restore,
    Sync,
}

/// The slot of a replaceable or addressable event.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Slot {
    pub author: PublicKey,
    pub kind: u16,
    /// Empty for replaceable kinds.
    pub d: String,
}

/// An event that may be stored, as `protocol` allowed it.
#[derive(Debug, Clone)]
pub struct Admitted {
    pub id: EventId,
    pub author: PublicKey,
    pub kind: u16,
    pub created_at: u64,
    /// Exact JSON.
    pub bytes: Arc<str>,
    pub keys: Vec<IndexKey>,
    pub slot: Option<Slot>,
    pub expires: Option<u64>,
    pub origin: Origin,
    /// It moves `m` and is listed by [`Store::changes`].
    pub moves_members: bool,
    /// Receipt chains in which it becomes due.
    pub chains: Vec<ChainKey>,
    /// A receipt: the dues it clears, and the head it becomes.
    pub covers: Option<Covers>,
    /// NIP-09: ids of the author's own events, and addresses with versions up to `created_at`.
    pub deletes: Vec<EventId>,
    pub deletes_addresses: Vec<(u16, String)>,
    /// Whose byte quota pays; `None` for the box's own events.
    pub charge: Option<PublicKey>,
    /// Position of the member table that allowed it; `None` is never stale (receipts).
    pub at: Option<Seq>,
}

/// What a receipt does to its chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Covers {
    pub chain: ChainKey,
    pub ids: Vec<EventId>,
    /// Rows named so far, this receipt's included.
    pub n: u64,
    /// The head of the chain it builds on; the commit fails with `Conflict` when it is another one.
    pub prev: Option<EventId>,
}

/// What became of one event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    Stored {
        seq: Seq,
        received: u64,
    },
    Duplicate,
    Superseded,
    Deleted,
    OverQuota,
    /// A membership event arrived after `at`: decide again.
    Stale,
}

/// An event not yet named by a receipt of this chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Due {
    pub seq: Seq,
    /// Unix seconds, never falling.
    pub received: u64,
    /// Heads of both policy chains at arrival.
    pub mark: PolicyMark,
    pub chain: ChainKey,
    pub id: EventId,
    /// It came by [`Origin::Import`].
    pub imported: bool,
}

/// One stored event, borrowed from the engine.
#[derive(Debug, Clone, Copy)]
pub struct Row<'a> {
    pub seq: Seq,
    pub received: u64,
    pub created_at: u64,
    pub bytes: &'a str,
}

/// The head of the snapshot that answered, and whether the plan's limit was not what ended it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Answer {
    pub head: Head,
    pub complete: bool,
}

/// Committed (or announced) events in arrival order.
#[derive(Debug, Clone)]
pub struct Batch {
    pub events: Vec<Delivered>,
}

/// One event for live fan-out. `seq` is none for announced (ephemeral) events.
#[derive(Debug, Clone)]
pub struct Delivered {
    pub seq: Option<Seq>,
    pub received: u64,
    pub id: EventId,
    pub author: PublicKey,
    pub kind: u16,
    pub created_at: u64,
    pub keys: Arc<[IndexKey]>,
    pub bytes: Arc<str>,
    pub moves_members: bool,
}

/// Purposes of one-time marks and counters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Space {
    HttpAuth,
    BlossomAuth,
    Invitation,
    WrapSender,
    Suspensions,
}

#[derive(Debug, Clone)]
pub struct StoreConfig {
    /// Database file; its directory exists.
    pub path: PathBuf,
    /// Rows up to which a read runs on the caller's thread.
    pub inline_rows_max: usize,
    pub readers: usize,
    /// Ids in one NIP-77 answer.
    pub neg_ids_max: usize,
    /// Bytes one key may store; 0 = no limit.
    pub quota_bytes: u64,
    /// Page cache of each reader and of the writer, in KiB.
    pub reader_cache_kib: usize,
    pub writer_cache_kib: usize,
    /// Pages (4 KiB) in the write-ahead log before they move into the database file.
    pub checkpoint_pages: u32,
    /// `false` only in the test that shows what FULL is for.
    pub synchronous_full: bool,
}

impl StoreConfig {
    pub fn at(path: impl Into<PathBuf>) -> Self {
        Self {
            path: path.into(),
            inline_rows_max: 512,
            readers: 4,
            neg_ids_max: 500_000,
            quota_bytes: 0,
            reader_cache_kib: 1024,
            writer_cache_kib: 16_384,
            checkpoint_pages: 8192,
            synchronous_full: true,
        }
    }
}

/// Why the store did not do it.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    #[error("answer under the present members")]
    Stale(Head),
    #[error("reach the database")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
    #[error("trust a head that went back")]
    WentBack { seen: Seq, found: Seq },
    #[error("open a database of a newer version")]
    NewerSchema { found: u32, known: u32 },
    /// [`Store::append_all`] stored nothing, because of this event.
    #[error("store the whole batch")]
    NotAll { index: usize, outcome: Outcome },
    #[error("build on the chain's head")]
    Conflict,
    #[error("list so many ids")]
    TooMany,
    #[error("read the database")]
    Corrupt(String),
}

impl StoreError {
    pub fn class(&self) -> Class {
        match self {
            Self::Stale(_) | Self::Conflict | Self::NotAll { .. } => Class::Conflict,
            Self::TooMany => Class::TooLarge,
            Self::Unavailable(_) | Self::WentBack { .. } => Class::Unavailable,
            Self::NewerSchema { .. } | Self::Corrupt(_) => Class::Internal,
        }
    }
}

pub type Result<T> = std::result::Result<T, StoreError>;

/// Name of the lease that [`Store::expire`] asks for.
pub const LEASE_EXPIRE: &str = "expire";

/// One practice's events.
#[derive(Debug, Clone)]
pub struct Store {
    engine: Arc<Engine>,
}

/// Live delivery in arrival order.
#[derive(Debug)]
pub struct Tail {
    state: TailState,
}

impl Tail {
    /// The next committed or announced events; waits for them. Safe to cancel.
    ///
    /// Committed events come in arrival order, none missed and none twice; a receiver that lags reads
    /// them from the database. Announced events that a receiver was too slow for are gone.
    pub async fn next(&mut self) -> Result<Batch> {
        self.state.next().await
    }
}

/// A lease on a sweep.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lease {
    pub epoch: u64,
}

impl Store {
    /// Migrates, checks, refuses a newer schema. `now` (unix seconds) is asked at each commit and read.
    #[allow(clippy::unused_async, reason = "the second engine awaits")]
    pub async fn open(config: &StoreConfig, now: Arc<dyn Fn() -> u64 + Send + Sync>) -> Result<Self> {
        Ok(Self { engine: Arc::new(Engine::open(config, now)?) })
    }

    /// Durable when it returns; each event by itself, in batch order. A batch with a receipt that does
    /// not build on its chain's head is refused as a whole with `Conflict`.
    pub async fn append(&self, batch: Vec<Admitted>) -> Result<Vec<Outcome>> {
        self.engine.append(batch).await
    }

    /// One transaction, all or nothing; `at` is compared once, before the first: then every outcome is
    /// `Stale`. Otherwise each is `Stored` or `Duplicate`, or the error names the first that is not.
    ///
    /// What is stored is stamped with `received` (unix seconds), the second that receipts in the batch
    /// name, even in a commit that began before it; `Conflict` when the store already stands later.
    pub async fn append_all(&self, batch: Vec<Admitted>, received: u64) -> Result<Vec<Outcome>> {
        self.engine.append_all(batch, received).await
    }

    /// Ephemeral events: nothing is kept, delivered through the tail in order with the commits around
    /// them. `Stored` means handed to the tail; its `seq` is the position after which it stands.
    pub async fn announce(&self, batch: Vec<Admitted>) -> Result<Vec<Outcome>> {
        self.engine.announce(batch).await
    }

    /// Not yet named by a receipt, in arrival order, at most `max`.
    pub async fn due(&self, max: usize) -> Result<Vec<Due>> {
        self.engine.due(max).await
    }

    pub async fn due_count(&self) -> Result<u64> {
        self.engine.due_count().await
    }

    /// Rows named so far and the last receipt.
    pub async fn chain_head(&self, chain: &ChainKey) -> Result<Option<(u64, EventId)>> {
        self.engine.chain_head(*chain).await
    }

    /// A destruction order (2127): content is overwritten, ids stay and never come back. Returns how
    /// many were stored.
    pub async fn purge(&self, ids: &[EventId], order: EventId) -> Result<usize> {
        self.engine.purge(ids, order).await
    }

    /// A consistent copy while serving; `into` exists only when the copy is whole and on disk.
    pub async fn snapshot(&self, into: &Path) -> Result<Head> {
        self.engine.snapshot(into).await
    }

    /// Newest first, lowest id first within a second (NIP-01), each event once, one limit for each
    /// filter. Refuses `at` below `m`.
    pub async fn read(&self, plan: &Plan, at: Seq, row: &mut (dyn FnMut(Row<'_>) + Send)) -> Result<Answer> {
        self.engine.read(plan, at, row).await
    }

    /// Events that [`Store::read`] would give.
    pub async fn count(&self, plan: &Plan, at: Seq) -> Result<(Head, u64)> {
        self.engine.count(plan, at).await
    }

    /// (created_at, id) for NIP-77, in the order of [`Store::read`]; `TooMany` beyond `neg_ids_max`.
    pub async fn ids(&self, plan: &Plan, at: Seq) -> Result<(Head, Vec<(u64, EventId)>)> {
        self.engine.ids(plan, at).await
    }

    /// Listens from now on and starts after this position.
    pub fn tail(&self, after: Seq) -> Tail {
        Tail { state: self.engine.tail(after) }
    }

    pub async fn head(&self) -> Result<Head> {
        self.engine.head().await
    }

    /// The newest stamp (unix seconds): no later commit is stamped below it.
    pub async fn stamped(&self) -> Result<u64> {
        self.engine.stamped().await
    }

    /// Whether the last write failed: the disk is full, read-only or broken. Reads may go on.
    pub fn failing(&self) -> bool {
        self.engine.failing()
    }

    /// True for the first caller only, until `until` (unix seconds).
    pub async fn once(&self, space: Space, key: &[u8], until: u64) -> Result<bool> {
        self.engine.once(space, key, until).await
    }

    /// Adds `n` unless the sum would pass `limit`; true when it was added.
    pub async fn spend(&self, space: Space, key: &[u8], n: i64, limit: i64) -> Result<bool> {
        self.engine.spend(space, key, n, limit).await
    }

    /// Fences whoever held it before. On one box it is always granted.
    pub async fn lease(&self, name: &str, ttl: Duration) -> Result<Option<Lease>> {
        self.engine.lease(name, ttl).await.map(Some)
    }

    /// Membership events and policy receipts in arrival order, exact bytes: the fold at start.
    pub async fn changes(&self, after: Seq) -> Result<Vec<Change>> {
        self.engine.changes(after, None).await
    }

    /// The first `most` of [`Store::changes`].
    pub async fn changes_page(&self, after: Seq, most: usize) -> Result<Vec<Change>> {
        self.engine.changes(after, Some(most)).await
    }

    /// Keeps refused bytes for a person to look at; no read plan reaches them.
    pub async fn quarantine(&self, rejected: Vec<Rejected>) -> Result<()> {
        self.engine.quarantine(rejected).await
    }

    /// Removes events past their NIP-40 expiry, at most `max`; returns how many. `Conflict` when `lease`
    /// (of [`LEASE_EXPIRE`]) is not the newest or has run out.
    pub async fn expire(&self, now: u64, max: usize, lease: &Lease) -> Result<usize> {
        self.engine.expire(now, max, *lease).await
    }

    /// Integrity, signatures, index against events, receipt chains, dues; one line for each fault.
    pub async fn check(&self) -> Result<Vec<String>> {
        self.engine.check().await
    }

    /// The same for a file, opened read-only, with its head: also beside the relay that serves it.
    pub async fn check_file(config: &StoreConfig) -> Result<(Head, Vec<String>)> {
        Engine::check_file(config).await
    }

    /// Exact bytes of every event of a kind in a file, opened read-only.
    pub async fn of_kind_file(config: &StoreConfig, kind: u16) -> Result<Vec<String>> {
        Engine::of_kind_file(config, kind).await
    }

    /// [`Store::snapshot`] of a file, opened read-only: also beside the relay that serves it.
    pub async fn snapshot_file(config: &StoreConfig, into: &Path) -> Result<Head> {
        Engine::snapshot_file(config, into).await
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    pub seq: Seq,
    pub received: u64,
    pub bytes: String,
}

/// Bytes that were refused and are kept for a person to look at.
#[derive(Debug, Clone)]
pub struct Rejected {
    pub bytes: Vec<u8>,
    pub reason: String,
    pub origin: Origin,
}
