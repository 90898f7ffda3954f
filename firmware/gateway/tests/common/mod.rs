//! A gateway on a free port with a stand-in relay that keeps what it saw, and raw TLS clients.
#![allow(clippy::unwrap_used, clippy::panic, dead_code, reason = "helpers of tests, not all used by each")]

use std::convert::Infallible;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http_body_util::Full;
use hyper::header::{self, HeaderMap, HeaderValue};
use hyper::{Request, Response, StatusCode, body::Incoming};
use hyper_util::rt::TokioIo;
use relaybox_process::clock::Clock;
use relaybox_process::config::{Config, GatewayConfig};
use relaybox_process::peer::Callers;
use relaybox_process::{Env, Listener, RoleError, shutdown};
use relaybox_web::proxy::Preface;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream, UnixListener};
use tokio::sync::{oneshot, watch};
use tokio::task::JoinHandle;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// One request as the relay saw it.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    pub(crate) preface: Preface,
    pub(crate) method: String,
    pub(crate) target: String,
    pub(crate) headers: HeaderMap,
}

/// What the relay said when it was asked for its document.
pub(crate) const DOCUMENT: &str = "{\"name\":\"stand-in\",\"relaybox\":{\"practice\":\"aa\"}}";

pub(crate) struct TestBox {
    pub(crate) address: SocketAddr,
    pub(crate) state: PathBuf,
    pub(crate) seen: Arc<Mutex<Vec<Seen>>>,
    pub(crate) stop: watch::Sender<bool>,
    pub(crate) task: JoinHandle<Result<(), RoleError>>,
    pub(crate) relay: Option<JoinHandle<()>>,
    /// None: the directory is somebody else's.
    pub(crate) directory: Option<tempfile::TempDir>,
}

pub(crate) async fn start() -> TestBox {
    start_with(|_| {}, DOCUMENT).await
}

pub(crate) async fn start_with(change: impl FnOnce(&mut GatewayConfig), document: &'static str) -> TestBox {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().to_owned();
    let mut started = start_in(path, change, document).await;
    started.directory = Some(directory);
    started
}

pub(crate) async fn start_in(
    state: PathBuf,
    change: impl FnOnce(&mut GatewayConfig),
    document: &'static str,
) -> TestBox {
    start_as(true, state, change, document).await
}

/// `dev`: as `relaybox dev` starts it; else as on a box.
pub(crate) async fn start_as(
    dev: bool,
    state: PathBuf,
    change: impl FnOnce(&mut GatewayConfig),
    document: &'static str,
) -> TestBox {
    let mut config = Config::default();
    config.gateway.relay_socket = state.join("relay.sock");
    config.gateway.hosts =
        ["localhost", "relay.localhost", "127.0.0.1", "relaybox.local"].map(str::to_owned).into();
    change(&mut config.gateway);
    let _ = std::fs::remove_file(state.join("relay.sock"));
    let relay = UnixListener::bind(state.join("relay.sock")).unwrap();
    let seen = Arc::new(Mutex::new(Vec::new()));
    let relay = tokio::spawn(stand_in(relay, Arc::clone(&seen), document));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, order) = shutdown::channel();
    let (said, ready) = oneshot::channel();
    let env = Env {
        config: Arc::new(config),
        listeners: vec![("gateway".to_owned(), Listener::Tcp(listener))],
        callers: Callers::default(),
        shutdown: order,
        ready: Box::new(move || said.send(()).unwrap()),
        clock: Clock::System,
        state: state.clone(),
        credentials: state.clone(),
        dev,
    };
    let task = tokio::spawn(relaybox_gateway::start(env));
    if ready.await.is_err() {
        panic!("the gateway did not start: {:?}", task.await);
    }
    TestBox { address, state, seen, stop, task, relay: Some(relay), directory: None }
}

async fn stand_in(listener: UnixListener, seen: Arc<Mutex<Vec<Seen>>>, document: &'static str) {
    // Dropping the set at the end of the task ends its connections, as a stopped relay would.
    let mut connections = tokio::task::JoinSet::new();
    loop {
        let (mut stream, _) = listener.accept().await.unwrap();
        let seen = Arc::clone(&seen);
        connections.spawn(async move {
            let preface = Preface::read(&mut stream).await.unwrap();
            let service = hyper::service::service_fn(move |request| {
                let (preface, seen) = (preface.clone(), Arc::clone(&seen));
                async move { Ok::<_, Infallible>(reply(request, preface, &seen, document)) }
            });
            let _ = hyper::server::conn::http1::Builder::new()
                .serve_connection(TokioIo::new(stream), service)
                .with_upgrades()
                .await;
        });
    }
}

fn reply(
    mut request: Request<Incoming>,
    preface: Preface,
    seen: &Mutex<Vec<Seen>>,
    document: &'static str,
) -> Response<Full<Bytes>> {
    let target = request.uri().to_string();
    seen.lock().unwrap().push(Seen {
        preface,
        method: request.method().to_string(),
        target: target.clone(),
        headers: request.headers().clone(),
    });
    let mut response = Response::new(Full::new(Bytes::from_static(document.as_bytes())));
    let headers = response.headers_mut();
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static("Date"));
    headers.insert(header::SERVER, HeaderValue::from_static("inside"));
    if request.headers().contains_key(header::UPGRADE) {
        if target.contains("refuse") {
            *response.status_mut() = StatusCode::TOO_MANY_REQUESTS;
            return response;
        }
        let upgrade = hyper::upgrade::on(&mut request);
        tokio::spawn(async move {
            let Ok(upgraded) = upgrade.await else { return };
            let (mut read, mut write) = tokio::io::split(TokioIo::new(upgraded));
            let _ = tokio::io::copy(&mut read, &mut write).await;
            let _ = write.write_all(b"[end]").await;
            let _ = write.shutdown().await;
        });
        *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
        *response.body_mut() = Full::new(Bytes::new());
        let headers = response.headers_mut();
        headers.insert(header::CONNECTION, HeaderValue::from_static("Upgrade"));
        headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
        headers
            .insert(header::SEC_WEBSOCKET_ACCEPT, HeaderValue::from_static("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="));
    }
    response
}

impl TestBox {
    pub(crate) fn ca(&self) -> CertificateDer<'static> {
        CertificateDer::from_pem_file(self.state.join("ca.crt")).unwrap()
    }

    pub(crate) fn client(&self) -> ClientConfig {
        let mut roots = RootCertStore::empty();
        roots.add(self.ca()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(rustls::ALL_VERSIONS)
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth()
    }

    pub(crate) async fn connect_as(
        &self,
        config: ClientConfig,
        name: &str,
    ) -> std::io::Result<TlsStream<TcpStream>> {
        let stream = TcpStream::connect(self.address).await?;
        stream.set_nodelay(true)?;
        let name = ServerName::try_from(name.to_owned()).unwrap();
        TlsConnector::from(Arc::new(config)).connect(name, stream).await
    }

    pub(crate) async fn connect(&self) -> TlsStream<TcpStream> {
        self.connect_as(self.client(), "localhost").await.unwrap()
    }

    /// Sends these bytes on a fresh connection and reads to its end.
    pub(crate) async fn raw(&self, request: &str) -> String {
        let mut stream = self.connect().await;
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        // The gateway may close without the closing alert after a refused request.
        let _ = stream.read_to_end(&mut answer).await;
        String::from_utf8_lossy(&answer).into_owned()
    }

    /// GET at another name of the box.
    pub(crate) async fn get_at(&self, name: &str, target: &str, more: &str) -> String {
        let host = format!("{name}:{}", self.address.port());
        let mut stream = self.connect_as(self.client(), name).await.unwrap();
        let request = format!("GET {target} HTTP/1.1\r\nHost: {host}\r\n{more}Connection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer).await;
        String::from_utf8_lossy(&answer).into_owned()
    }

    /// GET on a fresh connection, with more header lines.
    pub(crate) async fn get(&self, target: &str, more: &str) -> String {
        let host = self.host();
        self.raw(&format!("GET {target} HTTP/1.1\r\nHost: {host}\r\n{more}Connection: close\r\n\r\n")).await
    }

    pub(crate) fn host(&self) -> String {
        format!("localhost:{}", self.address.port())
    }

    pub(crate) fn upgrade(&self, target: &str, more: &str) -> String {
        format!(
            "GET {target} HTTP/1.1\r\nHost: {}\r\nConnection: keep-alive, Upgrade\r\nUpgrade: WebSocket\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n{more}\r\n",
            self.host()
        )
    }

    /// An open, joined connection.
    pub(crate) async fn joined(&self) -> TlsStream<TcpStream> {
        let mut stream = self.connect().await;
        stream.write_all(self.upgrade("/", "").as_bytes()).await.unwrap();
        let head = head(&mut stream).await;
        assert!(head.starts_with("HTTP/1.1 101 "), "{head}");
        stream
    }

    pub(crate) async fn stopped(self) -> Result<(), RoleError> {
        self.stop.send(true).unwrap();
        self.task.await.unwrap()
    }
}

/// Reads up to the empty line.
pub(crate) async fn head(stream: &mut (impl tokio::io::AsyncRead + Unpin)) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.unwrap());
    }
    String::from_utf8(head).unwrap()
}
