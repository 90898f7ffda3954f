//! What answers on the names of the portal: the face's files, where its relay is, and in development the
//! demo's people with their keys. No relay, no health, no certificate: an origin holds one thing.

use hyper::header::{self, HeaderMap, HeaderValue};
use hyper::{Response, StatusCode};
use relaybox_protocol::refusal::Class;
use relaybox_web::status;
use serde_json::{Value, json};

use crate::faces;
use crate::reply::{self, Body};
use crate::route::Gate;
use crate::upstream::{self, Peer};
use relaybox_process::files;

/// The demo's people with their secret keys, handed over by the development launcher and by nobody else.
const DEV_FILE: &str = "dev.json";

/// Answers a GET or HEAD.
pub(crate) async fn answer(
    gate: &Gate,
    peer: &Peer,
    path: &str,
    headers: &HeaderMap,
) -> Option<Response<Body>> {
    match path {
        "/practice.json" => Some(practice(gate, peer).await),
        "/dev.json" if gate.dev => {
            let people = files::read(&gate.state.join(DEV_FILE)).ok().flatten()?;
            Some(reply::bytes(StatusCode::OK, "application/json", people))
        }
        "/dev.json" => None,
        _ => faces::answer::<faces::Portal>(path, headers),
    }
}

/// The practice of this box, as the JSON form of a connection string (PROTOCOL 2.7): how a page of this
/// origin finds its relay and whose answers it believes.
pub(crate) async fn practice(gate: &Gate, peer: &Peer) -> Response<Body> {
    let document = match upstream::document(&gate.relay, peer, gate.relay_limit).await {
        Ok(document) => document,
        Err(error) => {
            log::warn!("failed to {error}");
            let sentence = "The relay does not answer. Try again in a minute.\n";
            let mut response = reply::text(status::of(Class::Unavailable), sentence);
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("60"));
            return response;
        }
    };
    let key = document.pointer("/relaybox/practice").filter(|key| key.is_string());
    let (Some(key), Some(relay)) = (key, gate.hosts.relay_of(&peer.host)) else {
        return reply::text(status::of(Class::NotFound), "This box belongs to no practice yet.\n");
    };
    let practice = json!({
        "relay": format!("wss://{relay}"),
        "practice_pk": key,
        "practice_next": document.pointer("/relaybox/next").unwrap_or(&Value::Null),
        "practice_name": document.get("name").unwrap_or(&Value::Null),
    });
    reply::bytes(StatusCode::OK, "application/json", practice.to_string())
}
