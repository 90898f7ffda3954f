//! What may be asked, one row a request (docs/ref/admin-api.md).

mod ceremonies;
mod claim;
mod enrolment;
mod epochs;
mod families;
mod kept;
mod staff;
mod state;

use std::sync::Arc;

use relaybox_protocol::hex;
use relaybox_protocol::permissions::Word;
use serde::de::DeserializeOwned;

use crate::login::Asked;
use crate::reply::{Answer, Refused};
use crate::run::Shared;

pub(crate) use claim::Claims;

/// On the names of the administration.
pub(crate) async fn admin(shared: &Arc<Shared>, path: &str, asked: Asked) -> Answer {
    let parts: Vec<&str> = path.trim_start_matches('/').split('/').collect();
    match (asked.method.as_str(), parts.as_slice()) {
        ("GET", ["api", "health"]) => state::health(shared, &asked).await,
        (_, ["api", "claim", rest @ ..]) => claim(shared, rest, &asked).await,
        ("GET", ["api", "members"]) => staff::members(shared, &asked).await,
        ("POST", ["api", "members"]) => staff::join(shared, &asked).await,
        ("PUT", ["api", "members", key, "words"]) => staff::permit(shared, &asked, key).await,
        ("DELETE", ["api", "members", key]) => staff::end(shared, &asked, key).await,
        ("GET", ["api", "agents"]) => staff::agents(shared, &asked).await,
        ("POST", ["api", "agents"]) => staff::grant(shared, &asked).await,
        ("DELETE", ["api", "agents", key]) => staff::revoke(shared, &asked, key).await,
        ("GET", ["api", "patients"]) => families::patients(shared, &asked).await,
        ("GET", ["api", "patients", key]) => families::patient(shared, &asked, key).await,
        ("GET", ["api", "connection"]) => families::connection(shared, &asked).await,
        ("GET", ["api", "epochs"]) => epochs::list(shared, &asked).await,
        ("PUT", ["api", "epochs", "rotation"]) => epochs::set(shared, &asked).await,
        ("GET", ["api", "suspension", key]) => state::suspension(shared, &asked, key).await,
        ("GET", ["api", "vault"]) => ceremonies::state(shared, &asked).await,
        ("POST", ["api", "vault", "freeze"]) => ceremonies::freeze(shared, &asked).await,
        ("POST", ["api", "ceremonies"]) => ceremonies::prepare(shared, &asked).await,
        ("GET", ["api", "ceremonies", id]) => ceremonies::watch(shared, &asked, id).await,
        ("POST", ["api", "ceremonies", id, "typed"]) => ceremonies::typed(shared, &asked, id).await,
        ("DELETE", ["api", "ceremonies", id]) => ceremonies::cancel(shared, &asked, id).await,
        ("POST", ["api", "enrolments"]) => enrolment::open(shared, &asked).await,
        ("GET", ["api", "enrolments"]) => enrolment::waiting(shared, &asked).await,
        ("DELETE", ["api", "enrolments", key]) => enrolment::dismiss(shared, &asked, key).await,
        _ => kept(shared, parts.as_slice(), &asked).await,
    }
}

/// While the box belongs to nobody.
async fn claim(shared: &Arc<Shared>, parts: &[&str], asked: &Asked) -> Answer {
    match (asked.method.as_str(), parts) {
        ("GET", []) => claim::state(shared).await,
        ("POST", []) => claim::begin(shared, asked).await,
        ("GET", [id]) => claim::watch(shared, asked, id).await,
        ("POST", [id, "proof"]) => claim::prove(shared, asked, id).await,
        ("POST", [id, "typed"]) => claim::typed(shared, asked, id).await,
        ("DELETE", [id]) => claim::cancel(shared, asked, id).await,
        _ => Err(Refused::not_found()),
    }
}

/// On the names of the portal.
pub(crate) async fn portal(shared: &Arc<Shared>, path: &str, asked: Asked) -> Answer {
    let parts: Vec<&str> = path.trim_start_matches('/').split('/').collect();
    match (asked.method.as_str(), parts.as_slice()) {
        ("POST", ["enrol"]) => enrolment::enrol(shared, &asked).await,
        _ => kept(shared, parts.as_slice(), &asked).await,
    }
}

/// Wrapped keys, wherever a person logs in.
async fn kept(shared: &Shared, parts: &[&str], asked: &Asked) -> Answer {
    match (asked.method.as_str(), parts) {
        ("GET", ["wrapped-keys"]) => kept::list(shared, asked).await,
        ("GET", ["wrapped-keys", credential]) => kept::get(shared, credential).await,
        ("PUT", ["wrapped-keys", credential]) => kept::put(shared, asked, credential).await,
        ("DELETE", ["wrapped-keys", credential]) => kept::remove(shared, asked, credential).await,
        _ => Err(Refused::not_found()),
    }
}

/// The JSON of a request.
fn read<T: DeserializeOwned>(asked: &Asked) -> Result<T, Refused> {
    serde_json::from_slice(&asked.body)
        .map_err(|_| Refused::malformed("the body is not what this address takes"))
}

/// A public key in a path.
fn key_of(text: &str) -> Result<[u8; 32], Refused> {
    hex::decode::<32>(text).ok_or_else(Refused::not_found)
}

/// The word of everything that is not said otherwise.
const ADMIN: Word = Word::Admin;
