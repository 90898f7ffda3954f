//! The promises of the store, on SQLite.

mod append;
mod check;
mod cost;
mod faults;
mod live;
mod model;
mod read;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use relaybox_protocol::receipts::ChainKey;
use relaybox_protocol::scope::{Branch, IndexKey, Scope};
use relaybox_protocol::{EventId, Filter, Keys, PublicKey, SecretKey};

use crate::{Admitted, Covers, Origin, Outcome, Plan, Slot, Store, StoreConfig};

pub(super) const NOW: u64 = 1_800_000_000;

/// A store in a directory of its own, with a clock moved by hand.
pub(super) struct Bench {
    pub(super) store: Store,
    pub(super) directory: tempfile::TempDir,
    pub(super) config: StoreConfig,
    pub(super) clock: Arc<AtomicU64>,
}

impl Bench {
    pub(super) async fn new() -> Self {
        Self::with(|_| {}).await
    }

    pub(super) async fn with(change: impl FnOnce(&mut StoreConfig)) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let mut config = StoreConfig::at(directory.path().join("practice.db"));
        change(&mut config);
        let clock = Arc::new(AtomicU64::new(NOW));
        let store = open(&config, &clock).await.unwrap();
        Self { store, directory, config, clock }
    }

    pub(super) fn set_clock(&self, now: u64) {
        self.clock.store(now, Ordering::SeqCst);
    }

    /// Closes the store and opens it again.
    pub(super) async fn restart(self) -> Self {
        let Self { store, directory, config, clock } = self;
        drop(store);
        let store = open(&config, &clock).await.unwrap();
        Self { store, directory, config, clock }
    }

    pub(super) async fn append_one(&self, event: Admitted) -> Outcome {
        self.store.append(vec![event]).await.unwrap().remove(0)
    }

    pub(super) async fn read_bytes(&self, plan: &Plan) -> Vec<String> {
        let at = self.store.head().await.unwrap().n;
        let mut rows = Vec::new();
        self.store.read(plan, at, &mut |row| rows.push(row.bytes.to_owned())).await.unwrap();
        rows
    }

    pub(super) async fn ask(&self, filter: &str) -> Vec<String> {
        self.read_bytes(&everything(filter)).await
    }

    /// A second connection, for what no caller could do.
    pub(super) fn backdoor(&self) -> rusqlite::Connection {
        rusqlite::Connection::open(&self.config.path).unwrap()
    }
}

pub(super) async fn open(config: &StoreConfig, clock: &Arc<AtomicU64>) -> crate::Result<Store> {
    let clock = Arc::clone(clock);
    Store::open(config, Arc::new(move || clock.load(Ordering::SeqCst))).await
}

pub(super) fn filter(json: &str) -> Filter {
    serde_json::from_str(json).unwrap()
}

pub(super) fn everything(json: &str) -> Plan {
    Plan::unscoped(&[filter(json)]).unwrap()
}

pub(super) fn person(n: u8) -> PublicKey {
    Keys::new(SecretKey::from_slice(&[n; 32]).unwrap()).public_key()
}

pub(super) fn p(n: u8) -> IndexKey {
    IndexKey::p(&person(n))
}

/// An id that sorts by `n`.
pub(super) fn id(n: u32) -> EventId {
    let mut bytes = [7; 32];
    bytes[..4].copy_from_slice(&n.to_be_bytes());
    EventId::from_byte_array(bytes)
}

/// An event as the relay would admit it; its bytes are its number.
pub(super) fn event(n: u32, author: u8, kind: u16, created_at: u64) -> Admitted {
    Admitted {
        id: id(n),
        author: person(author),
        kind,
        created_at,
        bytes: n.to_string().into(),
        keys: vec![IndexKey::Author(person(author))],
        slot: None,
        expires: None,
        origin: Origin::Live,
        moves_members: false,
        chains: Vec::new(),
        covers: None,
        deletes: Vec::new(),
        deletes_addresses: Vec::new(),
        charge: None,
        at: None,
    }
}

pub(super) trait With: Sized {
    fn key(self, key: IndexKey) -> Self;
    fn slot(self, d: &str) -> Self;
    fn chain(self, chain: ChainKey) -> Self;
    fn moves(self) -> Self;
    fn at(self, at: u64) -> Self;
    fn expires(self, at: u64) -> Self;
}

impl With for Admitted {
    fn key(mut self, key: IndexKey) -> Self {
        self.keys.push(key);
        self
    }
    fn slot(mut self, d: &str) -> Self {
        self.slot = Some(Slot { author: self.author, kind: self.kind, d: d.into() });
        self
    }
    fn chain(mut self, chain: ChainKey) -> Self {
        self.chains.push(chain);
        self
    }
    fn moves(mut self) -> Self {
        self.moves_members = true;
        self
    }
    fn at(mut self, at: u64) -> Self {
        self.at = Some(at);
        self
    }
    fn expires(mut self, at: u64) -> Self {
        self.expires = Some(at);
        self
    }
}

pub(super) fn receipt(n: u32, chain: ChainKey, named: u64, prev: Option<u32>, ids: &[u32]) -> Admitted {
    let covers = Covers { chain, ids: ids.iter().copied().map(id).collect(), n: named, prev: prev.map(id) };
    Admitted { covers: Some(covers), ..event(n, 200, 2122, NOW) }
}

pub(super) fn narrow(keys: &[IndexKey]) -> Branch {
    Branch { keys: keys.iter().cloned().collect(), narrow: true, ..Branch::default() }
}

pub(super) fn scoped(json: &str, branches: Vec<Branch>) -> Plan {
    Plan::build(&[filter(json)], &Scope { branches }).unwrap()
}

pub(super) fn stored(seq: u64) -> Outcome {
    Outcome::Stored { seq, received: NOW }
}

impl Store {
    /// Makes the disk as small as so many pages, or as large as it was.
    pub(super) async fn limit_pages(&self, pages: Option<u32>) -> crate::Result<()> {
        let pages = pages.unwrap_or(4_294_967_294);
        self.engine
            .write(move |tx| tx.conn.pragma_update(None, "max_page_count", pages).map_err(super::error::fail))
            .await
    }
}
