//! The role on real sockets in a directory of its own.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use relaybox_process::clock::Clock;
use relaybox_process::config::{Config, RelayConfig};
use relaybox_process::peer::Callers;
use relaybox_process::rpc::ceremony::{CeremonyClient, CeremonyError};
use relaybox_process::{Env, Listener, RoleError};
use relaybox_protocol::Event;
use relaybox_web::proxy::Preface;
use serde_json::value::RawValue;
use tempfile::TempDir;
use tokio::io::AsyncWriteExt as _;
use tokio::net::{TcpListener, UnixListener, UnixStream};
use tokio::sync::{oneshot, watch};
use tokio::task::JoinHandle;

use crate::client::Client;
use crate::practice::{Practice, START, keys};

pub(crate) struct Relay {
    pub(crate) dir: TempDir,
    pub(crate) url: String,
    pub(crate) clock: Arc<AtomicU64>,
    pub(crate) config: RelayConfig,
    stop: watch::Sender<bool>,
    role: Option<JoinHandle<Result<(), RoleError>>>,
}

/// Receipts at once, nothing entered in the audit, everything else as configured by default.
pub(crate) fn config() -> RelayConfig {
    RelayConfig { receipt_seconds: 0, audit: false, ..RelayConfig::default() }
}

impl Relay {
    /// A box without a practice.
    pub(crate) async fn empty(config: RelayConfig) -> Self {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join("state")).unwrap();
        std::fs::create_dir(dir.path().join("credentials")).unwrap();
        let key = keys("box").secret_key().to_secret_hex();
        std::fs::write(dir.path().join("credentials/receipts.key"), format!("{key}\n")).unwrap();
        let clock = Arc::new(AtomicU64::new(START + 1_000));
        let mut relay =
            Self { dir, url: String::new(), clock, config, stop: watch::channel(false).0, role: None };
        relay.start().await;
        relay
    }

    /// A claimed box with staff and two families.
    pub(crate) async fn staffed(config: RelayConfig) -> (Self, Practice) {
        let relay = Self::empty(config).await;
        let mut practice = Practice::new(Arc::clone(&relay.clock));
        practice.claim(&relay).await;
        practice.staff(&relay).await;
        (relay, practice)
    }

    pub(crate) async fn start(&mut self) {
        let tcp = TcpListener::bind("127.0.0.1:0").await.unwrap();
        self.url = format!("ws://{}", tcp.local_addr().unwrap());
        let config = Config { relay: self.config.clone(), ..Config::default() };
        let unix = |name: &str| {
            let path = self.path(name);
            let _ = std::fs::remove_file(&path);
            Listener::Unix(UnixListener::bind(path).unwrap())
        };
        let listeners = vec![
            ("relay".to_owned(), unix("relay.sock")),
            ("ceremony".to_owned(), unix("ceremony.sock")),
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
            state: self.path("state"),
            credentials: self.path("credentials"),
            dev: true,
        };
        self.stop = stop;
        self.role = Some(tokio::spawn(relaybox_relay::start(env)));
        readied.await.expect("the role says when it is ready");
    }

    pub(crate) async fn stop(&mut self) {
        self.stop.send_replace(true);
        self.role.take().unwrap().await.unwrap().unwrap();
    }

    /// The role ends without any goodbye, as by a power cut.
    pub(crate) async fn crash(&mut self) {
        let role = self.role.take().unwrap();
        role.abort();
        assert!(role.await.is_err_and(|error| error.is_cancelled()));
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub(crate) fn now(&self) -> u64 {
        self.clock.load(Ordering::SeqCst)
    }

    pub(crate) fn pass_seconds(&self, seconds: u64) {
        self.clock.fetch_add(seconds, Ordering::SeqCst);
    }

    pub(crate) async fn ceremony(&self) -> CeremonyClient {
        CeremonyClient::connect(&self.path("ceremony.sock")).await.unwrap()
    }

    pub(crate) async fn append(&self, events: &[&Event]) -> Result<Vec<Stored>, CeremonyError> {
        self.ceremony().await.append(raw(events)).await
    }

    pub(crate) async fn import(&self, events: &[&Event]) -> Result<Vec<Stored>, CeremonyError> {
        self.ceremony().await.import(raw(events)).await
    }

    pub(crate) async fn connect(&self) -> Client {
        Client::connect(&self.url).await
    }

    /// As the gateway connects for a peer that asked for this host: over the Unix socket, with a preface.
    pub(crate) async fn by_gateway(&self, host: &str) -> Client {
        let mut stream = UnixStream::connect(self.path("relay.sock")).await.unwrap();
        let preface = Preface {
            source: "10.0.0.9:1234".parse().unwrap(),
            destination: "10.0.0.1:443".parse().unwrap(),
            host: host.to_owned(),
        };
        stream.write_all(&preface.encode().unwrap()).await.unwrap();
        Client::over(Box::new(stream), &format!("wss://{host}")).await
    }

    pub(crate) async fn login_by_gateway(&self, name: &str) -> Client {
        let mut client = self.by_gateway("relay.example").await;
        client.login(&keys(name), self.now()).await.stored();
        client
    }

    pub(crate) async fn login(&self, name: &str) -> Client {
        let mut client = self.connect().await;
        client.login(&keys(name), self.now()).await.stored();
        client
    }
}

/// Id and arrival number.
type Stored = (String, Option<u64>);

fn raw(events: &[&Event]) -> Vec<Box<RawValue>> {
    let text = |event: &&Event| RawValue::from_string(serde_json::to_string(event).unwrap()).unwrap();
    events.iter().map(text).collect()
}
