//! Enrolment (PROTOCOL 2.7): staff make a token, a person's own device uses it once and leaves its public key, and
//! staff sign that key in after both have read the same four words.

use hyper::StatusCode;
use relaybox_process::rpc::audit::Entry;
use relaybox_protocol::event::key_from_hex;
use relaybox_protocol::keys::{KeyRole, four_words, proof_holds};
use relaybox_protocol::permissions::Word;
use relaybox_protocol::policy::Person;
use relaybox_protocol::random::Random;
use relaybox_protocol::refusal::{Class, Refusal};
use relaybox_protocol::{PublicKey, hex};
use relaybox_store::keys::Waiting;
use serde::Deserialize;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::{families, key_of, read};
use crate::login::{Asked, not_known};
use crate::members::present;
use crate::reply::{Answer, Refused, done, json as reply_json, ok};
use crate::run::Shared;

/// A token, and then the key that used it, lasts so long.
const SECONDS: u64 = 86_400;

/// What a person's device sends.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Enrol {
    token: String,
    key: String,
    role: String,
    pop: String,
}

/// Makes a token; it is said once and kept as its hash.
pub(super) async fn open(shared: &Shared, asked: &Asked) -> Answer {
    let by = shared.member(asked, Word::Register).await?.key;
    let (now, token) = (shared.clock.now(), Random::os().bytes32());
    shared.enter(Entry::new(now, "token-made").by(by.to_hex())).await?;
    let until = now.saturating_add(SECONDS);
    let text = hex::encode(&token);
    let mut made = families::address(shared, asked, Some(&text))?;
    made["token"] = json!(text);
    made["until"] = json!(until);
    let opened = shared.store.open_token(Sha256::digest(token).into(), by.to_bytes(), until, now).await;
    if opened.map_err(|error| Refused::unavailable("storage", &error))? {
        Ok(reply_json(StatusCode::CREATED, &made))
    } else {
        Err(Refused::new(
            Class::RateLimited,
            "tokens",
            "too many tokens are open: wait until some have ended",
        ))
    }
}

/// 202, or 404 for any token that is not open.
pub(super) async fn enrol(shared: &Shared, asked: &Asked) -> Answer {
    let Enrol { token, key, role, pop } = read(asked)?;
    let now = shared.clock.now();
    let token = hex::decode::<32>(&token).ok_or_else(Refused::not_found)?;
    let hash: [u8; 32] = Sha256::digest(token).into();
    let storage = |error| Refused::unavailable("storage", &error);
    if !shared.store.is_open(hash, now).await.map_err(storage)? {
        return Err(Refused::not_found());
    }
    let (key, word) = proved(shared, &key, &role, &pop, now)?;
    shared.enter(Entry::new(now, "key-enrolled").about(key.to_hex()).fact("role", word.as_str())).await?;
    let until = now.saturating_add(SECONDS);
    let kept = shared.store.enrol(hash, key.to_bytes(), word.as_str().to_owned(), pop, until, now).await;
    if kept.map_err(storage)? {
        Ok(reply_json(StatusCode::ACCEPTED, &json!({"words": four_words(key.as_bytes()), "until": until})))
    } else {
        Err(Refused::not_found())
    }
}

/// A key that may wait: on the curve, with its proof, nobody here yet.
fn proved(
    shared: &Shared,
    key: &str,
    role: &str,
    pop: &str,
    now: u64,
) -> Result<(PublicKey, KeyRole), Refused> {
    let word = KeyRole::parse(role).filter(|role| *role != KeyRole::Agent);
    let (Some(key), Some(word)) = (key_from_hex(key), word) else {
        return Err(Refused::malformed("the key or its role is none"));
    };
    let members = present(&shared.following, now).ok_or_else(not_known)?;
    let view = members.view(now);
    if !proof_holds(&key, &view.practice(), word, pop) {
        return Err(Refused::from(Refusal::ProofOfPossession));
    }
    if !matches!(view.person(&key), Person::Unknown) || view.compartment_of(&key).is_some() {
        return Err(Refused::from(Refusal::KeyInUse));
    }
    Ok((key, word))
}

/// Keys that wait to be signed in, with their four words.
pub(super) async fn waiting(shared: &Shared, asked: &Asked) -> Answer {
    shared.member(asked, Word::Register).await?;
    let waiting = shared.store.waiting(shared.clock.now()).await;
    let waiting = waiting.map_err(|error| Refused::unavailable("storage", &error))?;
    ok(&waiting.iter().map(shown).collect::<Vec<_>>())
}

fn shown(waiting: &Waiting) -> Value {
    json!({
        "key": hex::encode(&waiting.key),
        "role": waiting.role,
        "pop": waiting.pop,
        "words": four_words(&waiting.key),
        "by": hex::encode(&waiting.by),
        "until": waiting.until,
    })
}

/// Takes a key out: it was signed in, or it is nobody's.
pub(super) async fn dismiss(shared: &Shared, asked: &Asked, key: &str) -> Answer {
    let by = shared.member(asked, Word::Register).await?.key.to_hex();
    let bytes = key_of(key)?;
    shared.enter(Entry::new(shared.clock.now(), "key-dismissed").by(by).about(key.to_owned())).await?;
    match shared.store.dismiss(bytes).await {
        Ok(true) => done(),
        Ok(false) => Err(Refused::not_found()),
        Err(error) => Err(Refused::unavailable("storage", &error)),
    }
}
