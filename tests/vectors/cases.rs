//! The files and their cells.

use std::path::PathBuf;

use relaybox_protocol::event::{EVENT_BYTES_MAX, Verified, key_from_hex};
use relaybox_protocol::nip44::ConversationKey;
use relaybox_protocol::{Event, Keys, PublicKey, SecretKey, hex};
use serde_json::Value;

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("vectors")
}

pub(crate) fn text(name: &str) -> String {
    std::fs::read_to_string(folder().join(name)).unwrap()
}

pub(crate) fn file(name: &str) -> Value {
    serde_json::from_str(&text(name)).unwrap()
}

/// Names of the JSON files.
pub(crate) fn names() -> Vec<String> {
    let entries = std::fs::read_dir(folder()).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.filter(|name| name.ends_with(".json")).collect()
}

/// The rows of a list that must not be empty.
pub(crate) fn rows<'a>(value: &'a Value, name: &str) -> &'a [Value] {
    let rows = value[name].as_array().unwrap_or_else(|| panic!("no list {name}"));
    assert!(!rows.is_empty(), "{name} is empty");
    rows
}

pub(crate) fn string<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or_else(|| panic!("no text {name}"))
}

pub(crate) fn number(value: &Value, name: &str) -> u64 {
    value[name].as_u64().unwrap_or_else(|| panic!("no number {name}"))
}

/// A member as an event whose id and signature hold.
pub(crate) fn event(value: &Value, name: &str) -> Event {
    Verified::parse(&value[name].to_string(), EVENT_BYTES_MAX).unwrap().event().clone()
}

pub(crate) fn events(value: &Value, name: &str) -> Vec<Event> {
    let rows = value[name].as_array().unwrap();
    rows.iter()
        .map(|row| Verified::parse(&row.to_string(), EVENT_BYTES_MAX).unwrap().event().clone())
        .collect()
}

pub(crate) fn public(value: &Value, name: &str) -> PublicKey {
    key_from_hex(string(value, name)).unwrap()
}

pub(crate) fn conversation_key(value: &Value, name: &str) -> ConversationKey {
    ConversationKey::from_bytes(hex::decode(string(value, name)).unwrap())
}

pub(crate) fn secret_from(text: &str) -> Keys {
    Keys::new(SecretKey::from_slice(&hex::decode::<32>(text).unwrap()).unwrap())
}

/// The key pair of this name among the file's secrets.
pub(crate) fn secret(file: &Value, name: &str) -> Keys {
    secret_from(string(&file["secrets"], name))
}

pub(crate) fn bytes(text: &str) -> Vec<u8> {
    assert!(text.len().is_multiple_of(2));
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
}
