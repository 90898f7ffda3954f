//! The product under test: the relay role on real sockets and a real database, with a clock that is
//! moved by hand, and crashes that leave the files as they stood at one instant.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use relaybox_process::clock::Clock;
use relaybox_process::config::{Config, RelayConfig};
use relaybox_process::peer::Callers;
use relaybox_process::rpc::ceremony::{CeremonyClient, CeremonyError};
use relaybox_process::{Env, Listener, RoleError};
use rusqlite::{Connection, OpenFlags};
use serde_json::value::RawValue;
use tempfile::TempDir;
use tokio::net::{TcpListener, UnixListener};
use tokio::sync::{oneshot, watch};
use tokio::task::JoinHandle;

use crate::client::Client;

pub(crate) struct Relay {
    dir: TempDir,
    /// Crashes so far; each life has a state directory of its own.
    life: usize,
    url: String,
    clock: Arc<AtomicU64>,
    stop: watch::Sender<bool>,
    role: Option<JoinHandle<Result<(), RoleError>>>,
}

/// An event as it lies in the database.
#[derive(Debug, Clone)]
pub(crate) struct Row {
    pub(crate) received: u64,
    pub(crate) json: String,
}

/// Receipts at once; no limit that depends on the real time.
fn config() -> RelayConfig {
    const NEVER: u64 = 100 * 366 * 86_400;
    RelayConfig {
        receipt_seconds: 0,
        events_per_minute_per_key: 1_000_000,
        wraps_per_minute_per_address: 1_000_000,
        auth_seconds_max: NEVER,
        idle_seconds: NEVER,
        auth_bytes_max: 1 << 30,
        audit: false,
        ..RelayConfig::default()
    }
}

/// Memory-backed where there is such a place: the simulation asks what is in the files, not whether
/// the disk has them (that is the power-cut test's question).
fn directory() -> TempDir {
    let memory = Path::new("/dev/shm");
    let dir = if memory.is_dir() { TempDir::new_in(memory) } else { TempDir::new() };
    dir.unwrap()
}

impl Relay {
    pub(crate) async fn start(box_key: &str, clock: Arc<AtomicU64>) -> Self {
        let dir = directory();
        std::fs::create_dir(dir.path().join("credentials")).unwrap();
        std::fs::write(dir.path().join("credentials/receipts.key"), format!("{box_key}\n")).unwrap();
        std::fs::create_dir(dir.path().join("state0")).unwrap();
        let stop = watch::channel(false).0;
        let mut relay = Self { dir, life: 0, url: String::new(), clock, stop, role: None };
        relay.run().await;
        relay
    }

    async fn run(&mut self) {
        let tcp = TcpListener::bind("127.0.0.1:0").await.unwrap();
        self.url = format!("ws://{}", tcp.local_addr().unwrap());
        let config = Config { relay: config(), ..Config::default() };
        let ceremony = self.dir.path().join("ceremony.sock");
        let _ = std::fs::remove_file(&ceremony);
        let listeners = vec![
            ("ceremony".to_owned(), Listener::Unix(UnixListener::bind(ceremony).unwrap())),
            ("relay-plain".to_owned(), Listener::Tcp(tcp)),
        ];
        let (stop, shutdown) = watch::channel(false);
        let (ready, readied) = oneshot::channel();
        let env = Env {
            config: Arc::new(config),
            listeners,
            callers: Callers::own_uid(&["relay", "ceremony"]),
            shutdown,
            ready: Box::new(move || ready.send(()).unwrap()),
            clock: Clock::Manual(Arc::clone(&self.clock)),
            state: self.state(),
            credentials: self.dir.path().join("credentials"),
            dev: true,
        };
        self.stop = stop;
        self.role = Some(tokio::spawn(relaybox_relay::start(env)));
        readied.await.expect("the relay starts");
    }

    fn state(&self) -> PathBuf {
        self.dir.path().join(format!("state{}", self.life))
    }

    /// A reader of the database, opened beforehand so that [`Relay::crash`] loses no time.
    pub(crate) fn reader(&self) -> Connection {
        let db = open(&self.state());
        touch(&db);
        db
    }

    /// A disk that takes nothing while this lives: the store's writer waits.
    pub(crate) fn stall(&self) -> Connection {
        let db = Connection::open(self.state().join("events.db")).unwrap();
        db.execute_batch("BEGIN IMMEDIATE").unwrap();
        db
    }

    /// The files as they are at this instant go on living; everything else of the process is gone.
    pub(crate) async fn crash(&mut self, reader: Connection) {
        let before = self.state();
        self.life += 1;
        let after = self.state();
        freeze(&reader, &before, &after);
        drop(reader);
        let role = self.role.take().unwrap();
        role.abort();
        assert!(role.await.is_err_and(|error| error.is_cancelled()), "the relay had ended by itself");
        self.run().await;
    }

    /// The clean end.
    pub(crate) async fn stop(&mut self) {
        self.stop.send_replace(true);
        self.role.take().unwrap().await.unwrap().unwrap();
    }

    pub(crate) async fn connect(&self) -> Client {
        Client::connect(&self.url).await
    }

    pub(crate) async fn claim(&self, practice: &str) {
        self.ceremony().await.claim(practice).await.unwrap();
    }

    /// One transaction by the vault's door; the error is index and code.
    pub(crate) async fn append(&self, events: &[String]) -> Result<(), (usize, String)> {
        let raw = events.iter().map(|event| RawValue::from_string(event.clone()).unwrap()).collect();
        match self.ceremony().await.append(raw).await {
            Ok(_) => Ok(()),
            Err(CeremonyError::Refused { index, code, .. }) => Err((index, code)),
            Err(error) => panic!("the ceremony socket failed to {error}"),
        }
    }

    async fn ceremony(&self) -> CeremonyClient {
        CeremonyClient::connect(&self.dir.path().join("ceremony.sock")).await.unwrap()
    }

    /// Everything stored, in arrival order, read past the relay.
    pub(crate) fn rows(&self) -> Vec<Row> {
        let db = open(&self.state());
        let mut statement = db.prepare("SELECT received, bytes FROM event ORDER BY seq").unwrap();
        let rows = statement.query_map([], |row| {
            let (received, json): (i64, String) = (row.get(0)?, row.get(1)?);
            Ok(Row { received: received.cast_unsigned(), json })
        });
        rows.unwrap().map(Result::unwrap).collect()
    }

    /// Rows that still wait for a receipt.
    pub(crate) fn due(&self) -> i64 {
        let db = open(&self.state());
        db.query_row("SELECT count(*) FROM due", [], |row| row.get(0)).unwrap()
    }
}

fn open(state: &Path) -> Connection {
    Connection::open_with_flags(state.join("events.db"), OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap()
}

fn touch(db: &Connection) {
    let _: i64 = db.query_row("SELECT count(*) FROM due", [], |row| row.get(0)).unwrap();
}

/// Copies the database as a kill would leave it: the log first, which is what counts, at once. The
/// open read transaction keeps the log from being started anew and a checkpoint from moving pages
/// that the copied log does not hold.
fn freeze(reader: &Connection, before: &Path, after: &Path) {
    std::fs::create_dir(after).unwrap();
    reader.execute_batch("BEGIN").unwrap();
    touch(reader);
    for name in ["events.db-wal", "events.db", "practice"] {
        if before.join(name).exists() {
            std::fs::copy(before.join(name), after.join(name)).unwrap();
        }
    }
    reader.execute_batch("COMMIT").unwrap();
}
