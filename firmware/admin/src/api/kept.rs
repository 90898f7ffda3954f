//! The key store: a person's own secret, wrapped by a passkey or security key, lies here under the credential's id. The
//! box cannot open it. It is given without a login, because it is what a login needs; a credential's id is long and
//! known to its authenticator alone.

use hyper::StatusCode;
use relaybox_process::rpc::audit::Entry;
use relaybox_protocol::hex;
use relaybox_protocol::refusal::Class;
use relaybox_store::keys::{Kept, Put};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::read;
use crate::login::Asked;
use crate::reply::{Answer, Refused, done, json as reply_json, ok};
use crate::run::Shared;

/// Bytes of a credential id: shorter ones could be guessed, longer ones do not exist (WebAuthn 4).
const CREDENTIAL_BYTES: std::ops::RangeInclusive<usize> = 16..=1_023;
/// Characters of a wrapped key, and of its label.
const WRAPPED_MAX: usize = 4_096;
const LABEL_MAX: usize = 64;

/// A wrapped key as the page sent it and gets it back.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wrapped {
    label: String,
    wrapped: String,
}

pub(super) async fn list(shared: &Shared, asked: &Asked) -> Answer {
    let (key, _) = shared.person(asked).await?;
    let kept =
        shared.store.kept(key.to_bytes()).await.map_err(|error| Refused::unavailable("storage", &error))?;
    let shown = |kept: &Kept| json!({"credential": hex::encode(&kept.credential), "label": kept.label, "added": kept.added});
    ok(&kept.iter().map(shown).collect::<Vec<_>>())
}

pub(super) async fn get(shared: &Shared, credential: &str) -> Answer {
    let credential = credential_of(credential)?;
    let found =
        shared.store.get(&credential).await.map_err(|error| Refused::unavailable("storage", &error))?;
    // What ended may come back, so the bytes stay; until then they are given to nobody.
    let given = found.filter(|(owner, _)| !shared.has_ended(owner));
    let (_, wrapped) = given.ok_or_else(Refused::not_found)?;
    ok(&json!({"wrapped": String::from_utf8_lossy(&wrapped)}))
}

pub(super) async fn put(shared: &Shared, asked: &Asked, credential: &str) -> Answer {
    let (key, _) = shared.person(asked).await?;
    let id = credential_of(credential)?;
    let Wrapped { label, wrapped } = read(asked)?;
    let fits = label.chars().count() <= LABEL_MAX && !label.chars().any(char::is_control);
    if !fits || wrapped.is_empty() || wrapped.len() > WRAPPED_MAX {
        return Err(Refused::malformed("the label or the wrapped key is too long"));
    }
    let now = shared.clock.now();
    shared.enter(Entry::new(now, "key-kept").by(key.to_hex()).about(short(credential))).await?;
    let kept = Kept { credential: id, label, added: now };
    match shared.store.put(key.to_bytes(), kept, wrapped.into_bytes()).await {
        Ok(Put::Kept) => Ok(reply_json(StatusCode::CREATED, &json!({"added": now}))),
        Ok(Put::Full) => {
            Err(Refused::new(Class::Conflict, "keys", "five are kept already: remove one first"))
        }
        Ok(Put::Foreign) => {
            Err(Refused::new(Class::Conflict, "foreign", "this credential is another person's"))
        }
        Err(error) => Err(Refused::unavailable("storage", &error)),
    }
}

pub(super) async fn remove(shared: &Shared, asked: &Asked, credential: &str) -> Answer {
    let (key, _) = shared.person(asked).await?;
    let id = credential_of(credential)?;
    shared
        .enter(Entry::new(shared.clock.now(), "key-removed").by(key.to_hex()).about(short(credential)))
        .await?;
    match shared.store.remove(key.to_bytes(), &id).await {
        Ok(true) => done(),
        Ok(false) => Err(Refused::not_found()),
        Err(error) => Err(Refused::unavailable("storage", &error)),
    }
}

/// Hex of any case would be several names of one thing: lower case only.
fn credential_of(text: &str) -> Result<Vec<u8>, Refused> {
    let digit = |byte: u8| match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    };
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    let bytes: Option<Vec<u8>> =
        pairs.iter().map(|[high, low]| Some(digit(*high)? << 4 | digit(*low)?)).collect();
    bytes
        .filter(|bytes| rest.is_empty() && CREDENTIAL_BYTES.contains(&bytes.len()))
        .ok_or_else(Refused::not_found)
}

/// Enough to tell a person's credentials apart, too little to ask for one.
fn short(credential: &str) -> String {
    credential.chars().take(8).collect()
}
