//! The front: accepted sockets, the gateway's preface, HTTP/1.1, and the upgrade to WebSocket.

use std::convert::Infallible;
use std::io;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::header::{self, HeaderMap, HeaderValue};
use hyper::service::service_fn;
use hyper::upgrade::OnUpgrade;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use relaybox_process::Listener;
use relaybox_process::peer::Callers;
use relaybox_protocol::hex;
use relaybox_protocol::random::Random;
use relaybox_web::limits::{Connections, Full as Limit};
use relaybox_web::proxy::Preface;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt as _, ReadBuf};
use tokio::net::{TcpStream, UnixStream};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

use crate::connection::{self, Peer};
use crate::ingest::Job;
use crate::nip11;
use crate::service::{Phase, Shared, draining};
use crate::session::normalised;

/// Seconds for the preface and for a request head.
const HEAD_SECONDS: u64 = 10;
/// Largest request head, as the gateway takes it.
const HEAD_BYTES: usize = 16 * 1024;
/// Wait after a failed accept (out of descriptors, mostly).
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// What every accept loop needs.
#[derive(Clone)]
pub(crate) struct Front {
    pub(crate) shared: Arc<Shared>,
    pub(crate) ingest: mpsc::Sender<Job>,
    pub(crate) connections: Connections,
    pub(crate) callers: Arc<Callers>,
    pub(crate) phase: watch::Receiver<Phase>,
}

/// Accepts until the relay drains, then waits for its connections to end.
pub(crate) async fn accept(front: Front, name: String, listener: Listener) {
    let mut phase = front.phase.clone();
    let mut open = JoinSet::new();
    loop {
        tokio::select! {
            stream = accepted(&listener) => match stream {
                Ok(stream) => {
                    open.spawn(connect(front.clone(), name.clone(), stream));
                }
                Err(error) => {
                    log::warn!("accepting on {name} failed: {error}");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            },
            Some(ended) = open.join_next() => if let Err(error) = ended {
                log::error!("a connection ended by a fault of ours: {error}");
            },
            () = draining(&mut phase) => break,
        }
    }
    drop(listener);
    drop(front);
    while open.join_next().await.is_some() {}
}

async fn accepted(listener: &Listener) -> io::Result<Stream> {
    match listener {
        Listener::Unix(listener) => Ok(Stream::Unix(listener.accept().await?.0)),
        Listener::Tcp(listener) => {
            let stream = listener.accept().await?.0;
            stream.set_nodelay(true)?;
            Ok(Stream::Tcp(stream))
        }
    }
}

async fn connect(front: Front, name: String, mut stream: Stream) {
    let (address, urls) = match peer(&front, &name, &mut stream).await {
        Ok(peer) => peer,
        Err(reason) => return log::warn!("a connection on {name} was turned away: {reason}"),
    };
    let permit = match front.connections.admit(address) {
        Ok(permit) => permit,
        Err(limit) => return turn_away(stream, limit).await,
    };
    // On the heap, so that what HTTP needs is given back after the upgrade.
    if let Some((stream, read)) = Box::pin(http(&front, stream)).await {
        let challenge = hex::encode(&Random::os().bytes32());
        let peer = Peer { address, urls, challenge };
        let Front { shared, ingest, phase, .. } = front;
        // On the heap, so that a connection that never upgrades costs none of it.
        Box::pin(connection::run(shared, ingest, stream, read, peer, phase)).await;
    }
    drop(permit);
}

/// Who is on the other side, and the URLs by which a login may name this relay (NIP-42): from the
/// gateway's preface, or from the socket itself on loopback.
async fn peer(front: &Front, name: &str, stream: &mut Stream) -> Result<(IpAddr, Arc<[String]>), String> {
    match stream {
        Stream::Tcp(tcp) => {
            let addresses = tcp.peer_addr().and_then(|peer| Ok((peer.ip(), tcp.local_addr()?.port())));
            let (address, port) = addresses.map_err(|error| error.to_string())?;
            let names = ["localhost", "127.0.0.1", "[::1]"];
            Ok((address, names.iter().map(|name| normalised(&format!("ws://{name}:{port}"))).collect()))
        }
        Stream::Unix(unix) => {
            front.callers.admit(name, unix).map_err(|error| format!("failed to {error}"))?;
            let preface = tokio::time::timeout(Duration::from_secs(HEAD_SECONDS), Preface::read(unix)).await;
            match preface {
                Ok(Ok(preface)) => Ok((preface.source.ip(), urls(&preface))),
                Ok(Err(error)) => Err(format!("failed to {error}")),
                Err(_) => Err("the preface did not come in time".to_owned()),
            }
        }
    }
}

/// The name that the peer asked for, which the gateway has compared with its own. A name without a
/// port is taken with that of the connection, too.
fn urls(preface: &Preface) -> Arc<[String]> {
    let host = &preface.host;
    let with_port = format!("{host}:{}", preface.destination.port());
    [host, &with_port].iter().map(|name| normalised(&format!("wss://{name}"))).collect()
}

async fn turn_away(mut stream: Stream, limit: Limit) {
    let status = match limit {
        Limit::All => "503 Service Unavailable",
        Limit::Address => "429 Too Many Requests",
    };
    let answer =
        format!("HTTP/1.1 {status}\r\nretry-after: 60\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
    // The peer may be gone already.
    let _ = tokio::time::timeout(Duration::from_secs(1), stream.write_all(answer.as_bytes())).await;
}

/// Answers requests until one upgrades; gives the raw stream and what was read beyond the request.
async fn http(front: &Front, stream: Stream) -> Option<(Stream, Vec<u8>)> {
    let upgrade = Arc::new(Mutex::new(None));
    let service = service_fn(|request| {
        let response = respond(front, request, &upgrade);
        async move { Ok::<_, Infallible>(response) }
    });
    let mut phase = front.phase.clone();
    let serving = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(Duration::from_secs(HEAD_SECONDS))
        .max_buf_size(HEAD_BYTES)
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades();
    tokio::select! {
        served = serving => served.ok()?,
        () = draining(&mut phase) => return None,
    }
    let upgrade: OnUpgrade = upgrade.lock().unwrap_or_else(PoisonError::into_inner).take()?;
    let parts = upgrade.await.ok()?.downcast::<TokioIo<Stream>>().ok()?;
    Some((parts.io.into_inner(), parts.read_buf.to_vec()))
}

fn respond(
    front: &Front,
    mut request: Request<Incoming>,
    slot: &Mutex<Option<OnUpgrade>>,
) -> Response<Full<Bytes>> {
    if let Some(key) = websocket_key(&request) {
        let accept = derive_accept_key(key.as_bytes());
        *slot.lock().unwrap_or_else(PoisonError::into_inner) = Some(hyper::upgrade::on(&mut request));
        let mut response = empty(StatusCode::SWITCHING_PROTOCOLS);
        let headers = response.headers_mut();
        headers.insert(header::CONNECTION, HeaderValue::from_static("Upgrade"));
        headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
        if let Ok(accept) = HeaderValue::from_str(&accept) {
            headers.insert(header::SEC_WEBSOCKET_ACCEPT, accept);
        }
        return response;
    }
    let mut response = match *request.method() {
        Method::GET | Method::HEAD if accepts_document(request.headers()) => document(front),
        Method::GET | Method::HEAD => {
            text("This is a Nostr relay: connect with a WebSocket.\n", "text/plain")
        }
        Method::OPTIONS => empty(StatusCode::NO_CONTENT),
        _ => empty(StatusCode::METHOD_NOT_ALLOWED),
    };
    let headers = response.headers_mut();
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, HeaderValue::from_static("*"));
    headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("GET, HEAD, OPTIONS"));
    // A page of another origin tells by it whether a refused login is the fault of its own clock.
    headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static("Date"));
    response
}

/// The key of a WebSocket request (RFC 6455 4.2.1), when it is one.
fn websocket_key(request: &Request<Incoming>) -> Option<HeaderValue> {
    let headers = request.headers();
    let has = |name, token: &str| {
        let mut values = headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
        values.any(|value| value.split(',').any(|part| part.trim().eq_ignore_ascii_case(token)))
    };
    let wanted = request.method() == Method::GET
        && has(header::CONNECTION, "upgrade")
        && has(header::UPGRADE, "websocket")
        && has(header::SEC_WEBSOCKET_VERSION, "13");
    headers.get(header::SEC_WEBSOCKET_KEY).filter(|_| wanted).cloned()
}

fn accepts_document(headers: &HeaderMap) -> bool {
    let accept = headers.get_all(header::ACCEPT);
    accept
        .iter()
        .filter_map(|value| value.to_str().ok())
        .any(|value| value.contains("application/nostr+json"))
}

fn document(front: &Front) -> Response<Full<Bytes>> {
    let shared = &front.shared;
    let own = shared.box_keys.as_ref().map(relaybox_protocol::Keys::public_key);
    let members = shared.members();
    let document = nip11::document(
        &shared.config,
        own.as_ref(),
        members.as_deref(),
        &shared.failing(),
        shared.stamp.now(),
    );
    text(document, "application/nostr+json")
}

fn text(body: impl Into<Bytes>, kind: &'static str) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(body.into()));
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    response
}

fn empty(status: StatusCode) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::new()));
    *response.status_mut() = status;
    response
}

/// A socket of either family.
pub(crate) enum Stream {
    Unix(UnixStream),
    Tcp(TcpStream),
}

impl AsyncRead for Stream {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Unix(stream) => Pin::new(stream).poll_read(cx, buf),
            Self::Tcp(stream) => Pin::new(stream).poll_read(cx, buf),
        }
    }
}

impl AsyncWrite for Stream {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Unix(stream) => Pin::new(stream).poll_write(cx, bytes),
            Self::Tcp(stream) => Pin::new(stream).poll_write(cx, bytes),
        }
    }
    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Unix(stream) => Pin::new(stream).poll_flush(cx),
            Self::Tcp(stream) => Pin::new(stream).poll_flush(cx),
        }
    }
    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Unix(stream) => Pin::new(stream).poll_shutdown(cx),
            Self::Tcp(stream) => Pin::new(stream).poll_shutdown(cx),
        }
    }
}
