//! The makers of `tests/vectors/*.json` for the parts of the contract that our own code writes. Names
//! give keys and randomness, so every run makes the same bytes. Inputs and expected outputs stand side
//! by side; a reader in another language needs nothing but the file.
#![allow(clippy::unwrap_used, reason = "a maker of test vectors stops at the first surprise")]

pub mod access;
mod body;
pub mod corpus;
mod envelope;
mod epochs;
mod event;
mod grants;
mod keys;
pub mod missing;
mod pairing;
pub mod pin;
mod practice;
pub mod registration;
mod small;

use relaybox_protocol::envelope::EpochSecret;
use relaybox_protocol::nip44::ConversationKey;
use relaybox_protocol::random::Random;
use relaybox_protocol::{Event, Keys, SecretKey, hex};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// Unix seconds at which everything happens.
pub(crate) const NOW: u64 = 1_790_000_000;

/// File names and texts.
pub fn all() -> Vec<(&'static str, String)> {
    let files = [
        ("body.json", body::make()),
        ("drafts.json", small::drafts()),
        ("envelope.json", envelope::make()),
        ("epochs.json", epochs::make()),
        ("event.json", event::make()),
        ("grants.json", grants::make()),
        ("grants-missing.json", missing::make()),
        ("keys.json", keys::make()),
        ("messages.json", envelope::messages()),
        ("pairing.json", pairing::make()),
        ("pin.json", pin::make()),
        ("policy.json", access::policy()),
        ("receipts.json", access::receipts()),
        ("registration.json", registration::make()),
        ("scope.json", access::scope()),
        ("visits.json", small::visits()),
        ("wrap.json", small::wraps()),
    ];
    files.into_iter().map(|(name, value)| (name, pretty(&value))).collect()
}

fn pretty(value: &Value) -> String {
    let mut text = serde_json::to_string_pretty(value).unwrap();
    text.push('\n');
    text
}

/// The key pair whose secret is SHA-256("relaybox vector " ‖ name).
pub(crate) fn key(name: &str) -> Keys {
    Keys::new(SecretKey::from_slice(&digest(name)).unwrap())
}

/// A stream seeded with SHA-256("relaybox vector " ‖ name).
pub(crate) fn random(name: &str) -> Random {
    Random::seeded(digest(name))
}

pub(crate) fn digest(name: &str) -> [u8; 32] {
    Sha256::digest(format!("relaybox vector {name}")).into()
}

pub(crate) fn pair(name: &str) -> EpochSecret {
    EpochSecret::new(key(name).secret_key().clone())
}

pub(crate) fn public(name: &str) -> String {
    key(name).public_key().to_hex()
}

/// The secrets of these names, hex.
pub(crate) fn secrets(names: &[&str]) -> Value {
    names.iter().map(|name| ((*name).to_owned(), json!(key(name).secret_key().to_secret_hex()))).collect()
}

pub(crate) fn to_json(event: &Event) -> Value {
    serde_json::to_value(event).unwrap()
}

pub(crate) fn key_hex(key: &ConversationKey) -> String {
    hex::encode(key.as_bytes())
}
