//! The practice under which inputs are judged: `practice.json`, written by `make-corpus`.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use relaybox_protocol::event::{EVENT_BYTES_MAX, key_from_hex, parse_unverified};
use relaybox_protocol::policy::{Policy, View};
use relaybox_protocol::refusal::Refusal;
use relaybox_protocol::{Event, EventId, PublicKey};
use serde_json::Value;

pub static PRACTICE: LazyLock<Practice> = LazyLock::new(Practice::read);

pub struct Practice {
    pub key: PublicKey,
    pub policy: Policy,
    /// Position of the last step.
    pub at: u64,
    /// Unix seconds of the judgement.
    pub now: u64,
    pub people: BTreeMap<String, PublicKey>,
    /// Policy and records, in order of arrival.
    pub events: Vec<Event>,
    /// Their receipts.
    pub receipts: Vec<Event>,
}

impl Practice {
    fn read() -> Self {
        let file: Value = serde_json::from_str(include_str!("../practice.json")).unwrap();
        let events = |name: &str| -> Vec<Event> {
            let rows = file[name].as_array().unwrap().iter();
            rows.map(|row| parse_unverified(&row.to_string(), EVENT_BYTES_MAX).unwrap()).collect()
        };
        let people: BTreeMap<String, PublicKey> = file["people"]
            .as_object()
            .unwrap()
            .iter()
            .map(|(name, key)| (name.clone(), key_from_hex(key.as_str().unwrap()).unwrap()))
            .collect();
        let key = people["practice"];
        let (mut policy, mut at) = (Policy::new(key), 0);
        for step in file["steps"].as_array().unwrap() {
            let event = parse_unverified(&step["event"].to_string(), EVENT_BYTES_MAX).unwrap();
            at = step["at"].as_u64().unwrap();
            policy.apply(&event, at, step["received"].as_u64().unwrap()).unwrap();
        }
        let now = file["now"].as_u64().unwrap();
        Self { key, policy, at, now, people, events: events("events"), receipts: events("receipts") }
    }

    pub fn view(&self) -> View<'_> {
        self.policy.now(self.now)
    }

    pub fn person(&self, name: &str) -> PublicKey {
        self.people[name]
    }
}

/// The event with the id that its members have.
pub fn with_true_id(event: &Event) -> Event {
    let id = EventId::compute(&event.pubkey, &event.created_at, &event.kind, &event.tags, &event.content);
    Event::new(
        id,
        event.pubkey,
        event.created_at,
        event.kind,
        event.tags.clone(),
        event.content.clone(),
        event.sig,
    )
}

/// A JSON array of events, each with its true id.
pub fn events_of(input: &[u8]) -> Result<Vec<Event>, Refusal> {
    let text = std::str::from_utf8(input).map_err(|_| Refusal::Malformed)?;
    let rows: Vec<&serde_json::value::RawValue> =
        serde_json::from_str(text).map_err(|_| Refusal::Malformed)?;
    let event = |row: &&serde_json::value::RawValue| parse_unverified(row.get(), EVENT_BYTES_MAX);
    rows.iter().map(|row| event(row).map(|event| with_true_id(&event))).collect()
}
