//! Requests to the relay's Unix socket. A fresh request is built from named headers only, so that
//! nothing a client made up (a preface, `Forwarded`, `X-Forwarded-For`, hop-by-hop headers) arrives.

use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Empty, Full, Limited};
use hyper::body::Incoming;
use hyper::client::conn::http1::SendRequest;
use hyper::header::{self, HeaderMap, HeaderName, HeaderValue};
use hyper::{Method, Request, Response};
use hyper_util::rt::TokioIo;
use relaybox_web::proxy::{Preface, ProxyError};
use tokio::io::AsyncWriteExt as _;
use tokio::net::UnixStream;

/// Largest information document that the start page reads.
const DOCUMENT_BYTES_MAX: usize = 65_536;
const NIP11: &str = "application/nostr+json";

/// Headers of a client that the relay may see.
const FORWARDED: [HeaderName; 8] = [
    header::ACCEPT,
    header::ORIGIN,
    header::USER_AGENT,
    header::ACCESS_CONTROL_REQUEST_METHOD,
    header::ACCESS_CONTROL_REQUEST_HEADERS,
    header::SEC_WEBSOCKET_KEY,
    header::SEC_WEBSOCKET_VERSION,
    header::SEC_WEBSOCKET_PROTOCOL,
];

/// Why the relay did not answer. Never shown to clients.
#[derive(Debug, thiserror::Error)]
pub(crate) enum UpstreamError {
    #[error("connect to the relay")]
    Connect(#[from] std::io::Error),
    #[error("announce the peer to the relay")]
    Preface(#[from] ProxyError),
    #[error("exchange a request with the relay")]
    Http(#[from] hyper::Error),
    #[error("build a request for the relay")]
    Request(#[from] hyper::http::Error),
    #[error("wait longer for the relay")]
    TooSlow,
    #[error("understand the relay's information document")]
    Document,
}

/// Who asks, by the connection and not by any header.
#[derive(Debug, Clone)]
pub(crate) struct Peer {
    pub(crate) address: SocketAddr,
    pub(crate) local: SocketAddr,
    /// An accepted host in lower case.
    pub(crate) host: String,
}

/// What the start page says of the relay.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RelayState {
    Serving,
    /// No practice has claimed the box.
    Unclaimed,
    /// It answers, and cannot do all of its work.
    Failing,
    Down,
}

/// Headers of a client that the admin role may see.
const FORWARDED_TO_ADMIN: [HeaderName; 4] =
    [header::ACCEPT, header::ORIGIN, header::AUTHORIZATION, header::CONTENT_TYPE];

/// Sends one request with its whole body to the admin role and gives the head of the answer; its body streams.
pub(crate) async fn send_whole(
    socket: &Path,
    peer: &Peer,
    method: Method,
    target: &str,
    headers: &HeaderMap,
    body: Bytes,
) -> Result<Response<Incoming>, UpstreamError> {
    let mut request = Request::builder().method(method).uri(target).body(Full::new(body))?;
    copy(&FORWARDED_TO_ADMIN, headers, request.headers_mut());
    let host = HeaderValue::from_str(&peer.host).map_err(hyper::http::Error::from)?;
    request.headers_mut().insert(header::HOST, host);
    Ok(connected(socket, peer).await?.send_request(request).await?)
}

/// Sends one request without a body and gives the head of the answer; its body streams.
pub(crate) async fn send(
    socket: &Path,
    peer: &Peer,
    method: Method,
    target: &str,
    headers: &HeaderMap,
    limit: Duration,
) -> Result<Response<Incoming>, UpstreamError> {
    tokio::time::timeout(limit, exchange(socket, peer, method, target, headers))
        .await
        .unwrap_or(Err(UpstreamError::TooSlow))
}

async fn exchange(
    socket: &Path,
    peer: &Peer,
    method: Method,
    target: &str,
    headers: &HeaderMap,
) -> Result<Response<Incoming>, UpstreamError> {
    let mut sender = connected(socket, peer).await?;
    let mut request = Request::builder().method(method).uri(target).body(Empty::<Bytes>::new())?;
    copy(&FORWARDED, headers, request.headers_mut());
    let host = HeaderValue::from_str(&peer.host).map_err(hyper::http::Error::from)?;
    request.headers_mut().insert(header::HOST, host);
    if headers.contains_key(header::SEC_WEBSOCKET_KEY) {
        request.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("Upgrade"));
        request.headers_mut().insert(header::UPGRADE, HeaderValue::from_static("websocket"));
    }
    Ok(sender.send_request(request).await?)
}

/// A connection to a role that knows who asks.
async fn connected<B>(socket: &Path, peer: &Peer) -> Result<SendRequest<B>, UpstreamError>
where
    B: hyper::body::Body + Send + 'static,
    B::Data: Send,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let preface = Preface { source: peer.address, destination: peer.local, host: peer.host.clone() };
    let mut stream = UnixStream::connect(socket).await?;
    stream.write_all(&preface.encode()?).await?;
    let (sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
    tokio::spawn(async move {
        // Ends with the answer's body or the upgrade; an error reaches whoever waits for the answer.
        let _ = connection.with_upgrades().await;
    });
    Ok(sender)
}

fn copy(names: &[HeaderName], from: &HeaderMap, to: &mut HeaderMap) {
    for name in names {
        for value in from.get_all(name) {
            to.append(name, value.clone());
        }
    }
}

/// The relay's information document (NIP-11).
pub(crate) async fn document(
    socket: &Path,
    peer: &Peer,
    limit: Duration,
) -> Result<serde_json::Value, UpstreamError> {
    let asked = async {
        let mut headers = HeaderMap::new();
        headers.insert(header::ACCEPT, HeaderValue::from_static(NIP11));
        let response = exchange(socket, peer, Method::GET, "/", &headers).await?;
        let body = Limited::new(response.into_body(), DOCUMENT_BYTES_MAX);
        let bytes = body.collect().await.map_err(|_| UpstreamError::Document)?.to_bytes();
        serde_json::from_slice::<serde_json::Value>(&bytes).map_err(|_| UpstreamError::Document)
    };
    tokio::time::timeout(limit, asked).await.unwrap_or(Err(UpstreamError::TooSlow))
}

/// The state of the relay by its information document.
pub(crate) async fn state(socket: &Path, peer: &Peer, limit: Duration) -> RelayState {
    match document(socket, peer, limit).await {
        Ok(document) if document.pointer("/relaybox/failing").is_some() => RelayState::Failing,
        Ok(document) if document.pointer("/relaybox/practice").is_some_and(|key| key.is_string()) => {
            RelayState::Serving
        }
        Ok(_) => RelayState::Unclaimed,
        Err(error) => {
            log::warn!("failed to {error}");
            RelayState::Down
        }
    }
}

/// Whether the client asks for the relay's information document.
pub(crate) fn wants_document(headers: &HeaderMap) -> bool {
    let accepts = headers.get_all(header::ACCEPT);
    accepts.iter().filter_map(|value| value.to_str().ok()).any(|value| {
        value
            .split(',')
            .any(|part| part.split(';').next().is_some_and(|kind| kind.trim().eq_ignore_ascii_case(NIP11)))
    })
}
