//! One request: host first, then surface and path. To add a path, add its row to [`answer`].

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::BodyExt as _;
use hyper::body::{Body as _, Incoming};
use hyper::header::{self, HeaderMap, HeaderName, HeaderValue};
use hyper::{Method, Request, Response, StatusCode};
use relaybox_protocol::refusal::Class;
use relaybox_web::{Surface, status};

use crate::join::Limits;
use crate::page;
use crate::reply::{self, Body};
use crate::serve::Held;
use crate::upstream::{self, Peer, RelayState};
use crate::{admin, authority, join, portal};
use relaybox_web::hosts::Hosts;

/// What all connections share.
pub(crate) struct Gate {
    pub(crate) hosts: Hosts,
    pub(crate) relay: PathBuf,
    /// Sockets of the admin role: for the administration's names, and for the portal's.
    pub(crate) admin: PathBuf,
    pub(crate) admin_portal: PathBuf,
    pub(crate) admin_bytes_max: usize,
    pub(crate) state: PathBuf,
    pub(crate) dev: bool,
    pub(crate) relay_limit: Duration,
    pub(crate) join_limits: Limits,
}

/// One connection.
pub(crate) struct Connection {
    pub(crate) gate: Arc<Gate>,
    pub(crate) address: SocketAddr,
    pub(crate) local: SocketAddr,
    /// What the client named in TLS.
    pub(crate) server_name: Option<String>,
    /// Keeps the connection counted and the shutdown waiting, also when it is joined to the relay.
    pub(crate) held: Arc<Held>,
}

/// Answers one request. It never fails: an error becomes an answer that shows nothing inside.
pub(crate) async fn answer(connection: Arc<Connection>, request: Request<Incoming>) -> Response<Body> {
    let gate = &connection.gate;
    let host = host_of(&request)
        .and_then(|host| gate.hosts.accept(host, connection.local.port(), connection.server_name.as_deref()));
    let mut response = match &host {
        None => reply::closing(reply::text(
            StatusCode::MISDIRECTED_REQUEST,
            "This box does not answer to that name.\n",
        )),
        Some(host) => {
            let peer = Peer { address: connection.address, local: connection.local, host: host.clone() };
            routed(&connection, &peer, request).await
        }
    };
    reply::finish(&mut response, host.as_deref());
    response
}

async fn routed(connection: &Connection, peer: &Peer, request: Request<Incoming>) -> Response<Body> {
    let gate = &connection.gate;
    let surface = gate.hosts.surface(&peer.host);
    if let Some(socket) = admin::socket(gate, surface, request.method(), request.uri().path()) {
        return admin::passed(gate, socket, peer, request).await;
    }
    if !request.body().is_end_stream() {
        let status = status::of(Class::TooLarge);
        return reply::closing(reply::text(status, "Nothing here takes a request body.\n"));
    }
    let upgrade = is_upgrade(request.headers());
    match (surface, request.method(), request.uri().path()) {
        (Surface::Lan, &Method::GET, "/") if upgrade => joined(connection, peer, request).await,
        (_, _, _) if upgrade => reply::text(status::of(Class::NotFound), "There is no relay here.\n"),
        (Surface::Lan, &Method::OPTIONS, "/") => passed(gate, peer, &request).await,
        (Surface::Lan, &Method::GET | &Method::HEAD, "/") if upstream::wants_document(request.headers()) => {
            passed(gate, peer, &request).await
        }
        (Surface::Lan, &Method::GET | &Method::HEAD, path) => own(gate, peer, path, request.headers()).await,
        (Surface::Admin, &Method::GET | &Method::HEAD, "/practice.json") => {
            portal::practice(gate, peer).await
        }
        (Surface::Portal, &Method::GET | &Method::HEAD, path) => {
            portal::answer(gate, peer, path, request.headers()).await.unwrap_or_else(not_found)
        }
        (_, _, "/" | "/health" | "/ca.crt" | "/style.css") => {
            let mut response = reply::text(StatusCode::METHOD_NOT_ALLOWED, "This page can only be read.\n");
            response.headers_mut().insert(header::ALLOW, HeaderValue::from_static("GET, HEAD"));
            response
        }
        _ => not_found(),
    }
}

/// The gateway's own pages.
async fn own(gate: &Gate, peer: &Peer, path: &str, headers: &HeaderMap) -> Response<Body> {
    match path {
        "/" => {
            let state = upstream::state(&gate.relay, peer, gate.relay_limit).await;
            let people = if gate.dev { page::people(&gate.state) } else { Vec::new() };
            let language = page::Language::of(headers.get(header::ACCEPT_LANGUAGE));
            let portal = gate.hosts.portal_of(&peer.host);
            let html = page::html(language, state, &peer.host, portal.as_deref(), &people);
            let mut response = reply::bytes(StatusCode::OK, "text/html; charset=utf-8", html);
            let headers = response.headers_mut();
            headers.insert(header::CONTENT_LANGUAGE, HeaderValue::from_static(language.code()));
            headers.insert(header::VARY, HeaderValue::from_static("accept, accept-language"));
            response
        }
        "/style.css" => reply::bytes(StatusCode::OK, "text/css; charset=utf-8", page::STYLE),
        "/health" => health(upstream::state(&gate.relay, peer, gate.relay_limit).await),
        "/ca.crt" => certificate(gate),
        _ => not_found(),
    }
}

/// For monitors: 200 while the relay answers and its disk takes what it stores, 503 otherwise. It names no key and no count.
fn health(state: RelayState) -> Response<Body> {
    let (status, word) = match state {
        RelayState::Serving => (StatusCode::OK, "serving"),
        RelayState::Unclaimed => (StatusCode::OK, "unclaimed"),
        RelayState::Failing => (status::of(Class::Unavailable), "failing"),
        RelayState::Down => (status::of(Class::Unavailable), "down"),
    };
    let body = format!("{{\"gateway\":\"serving\",\"relay\":\"{word}\"}}\n");
    reply::bytes(status, "application/json", body)
}

fn certificate(gate: &Gate) -> Response<Body> {
    match authority::public_pem(&gate.state) {
        Ok(Some(pem)) => {
            let mut response = reply::bytes(StatusCode::OK, "application/x-x509-ca-cert", pem);
            let name = HeaderValue::from_static("attachment; filename=\"relaybox-ca.crt\"");
            response.headers_mut().insert(header::CONTENT_DISPOSITION, name);
            response
        }
        Ok(None) => not_found(),
        Err(error) => {
            log::error!("failed to read the CA certificate: {error}");
            reply::text(status::of(Class::Internal), "The certificate cannot be read now.\n")
        }
    }
}

/// Passes a request to the relay and its answer back.
async fn passed(gate: &Gate, peer: &Peer, request: &Request<Incoming>) -> Response<Body> {
    let target = target_of(request);
    let (method, headers) = (request.method().clone(), request.headers());
    let mut headers = headers.clone();
    headers.remove(header::SEC_WEBSOCKET_KEY);
    match upstream::send(&gate.relay, peer, method, target, &headers, gate.relay_limit).await {
        Ok(response) => from_relay(response),
        Err(error) => unavailable(&error),
    }
}

/// Joins a WebSocket to the relay. The handshake is the relay's; frames are not looked into.
async fn joined(connection: &Connection, peer: &Peer, mut request: Request<Incoming>) -> Response<Body> {
    let gate = &connection.gate;
    let target = target_of(&request);
    let sent =
        upstream::send(&gate.relay, peer, Method::GET, target, request.headers(), gate.relay_limit).await;
    let mut response = match sent {
        Ok(response) => response,
        Err(error) => return unavailable(&error),
    };
    if response.status() != StatusCode::SWITCHING_PROTOCOLS {
        return reply::closing(from_relay(response));
    }
    let client = hyper::upgrade::on(&mut request);
    let relay = hyper::upgrade::on(&mut response);
    let (held, limits) = (Arc::clone(&connection.held), gate.join_limits);
    tokio::spawn(async move {
        let cut = held.cut();
        let run = async {
            let (client, relay) = (client.await?, relay.await?);
            join::upgraded(client, relay, limits).await
        };
        tokio::select! {
            ended = run => if let Err(error) = ended { log::debug!("failed to keep a joined connection: {error}") },
            () = cut => log::debug!("cut a joined connection at shutdown"),
        }
        drop(held);
    });
    let mut answer = reply::text(StatusCode::SWITCHING_PROTOCOLS, "");
    *answer.headers_mut() = kept(response.headers());
    answer.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("Upgrade"));
    answer.headers_mut().insert(header::UPGRADE, HeaderValue::from_static("websocket"));
    answer
}

/// The relay's answer: its status, the headers a client may see, its body as it comes.
pub(crate) fn from_relay(response: Response<Incoming>) -> Response<Body> {
    let (head, body) = response.into_parts();
    let mut answer = Response::new(body.boxed());
    *answer.status_mut() = head.status;
    *answer.headers_mut() = kept(&head.headers);
    answer
}

/// Headers of the relay that concern the client; CORS is the relay's own (foreign origins may read).
fn kept(headers: &HeaderMap) -> HeaderMap {
    const KEPT: [HeaderName; 13] = [
        header::CONTENT_TYPE,
        header::CONTENT_LENGTH,
        header::CACHE_CONTROL,
        header::VARY,
        header::ALLOW,
        header::ACCESS_CONTROL_ALLOW_ORIGIN,
        header::ACCESS_CONTROL_ALLOW_HEADERS,
        header::ACCESS_CONTROL_ALLOW_METHODS,
        header::ACCESS_CONTROL_EXPOSE_HEADERS,
        header::ACCESS_CONTROL_MAX_AGE,
        header::SEC_WEBSOCKET_ACCEPT,
        header::SEC_WEBSOCKET_PROTOCOL,
        header::RETRY_AFTER,
    ];
    let mut kept = HeaderMap::new();
    for name in KEPT {
        for value in headers.get_all(&name) {
            kept.append(&name, value.clone());
        }
    }
    kept
}

fn unavailable(error: &upstream::UpstreamError) -> Response<Body> {
    log::warn!("failed to {error}");
    let mut response =
        reply::text(status::of(Class::Unavailable), "The relay does not answer. Try again in a minute.\n");
    response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("60"));
    response
}

fn not_found() -> Response<Body> {
    reply::text(status::of(Class::NotFound), "There is nothing here.\n")
}

/// The one host of a request: exactly one `Host`, and the same one in an absolute target.
fn host_of(request: &Request<Incoming>) -> Option<&str> {
    let mut hosts = request.headers().get_all(header::HOST).iter();
    let host = hosts.next()?.to_str().ok()?;
    let absolute = request.uri().authority().is_none_or(|authority| authority.as_str() == host);
    (hosts.next().is_none() && absolute).then_some(host)
}

fn target_of(request: &Request<Incoming>) -> &str {
    request.uri().path_and_query().map_or("/", |target| target.as_str())
}

/// RFC 6455 section 4.2.1: `Upgrade` names websocket and `Connection` names Upgrade.
fn is_upgrade(headers: &HeaderMap) -> bool {
    let names = |name: HeaderName, word: &str| {
        headers
            .get_all(name)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .any(|value| value.split(',').any(|part| part.trim().eq_ignore_ascii_case(word)))
    };
    names(header::UPGRADE, "websocket") && names(header::CONNECTION, "upgrade")
}
