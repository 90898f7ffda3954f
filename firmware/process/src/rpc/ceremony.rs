//! The relay's second socket, `ceremony`: one JSON object a line each way. Callers are the vault
//! (in dev: the dev launcher), restore and import; no network surface reaches it.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// A request line.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Request {
    /// P fixed at claim; once, before anything else is served. Hex.
    Claim {
        practice: String,
    },
    /// One transaction, all or nothing: P-signed policy events and those that go with them.
    /// The relay adds the policy receipts to the same transaction.
    Append {
        events: Vec<Box<RawValue>>,
    },
    /// Import of a former practice's events: stored as they are, marked `import` (PROTOCOL 2.6).
    Import {
        events: Vec<Box<RawValue>>,
    },
    State,
}

/// A reply line.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Reply {
    /// Ids in order with the arrival number; a duplicate has none.
    Stored {
        events: Vec<(String, Option<u64>)>,
    },
    /// Nothing was stored; the event (by index) and the stable code and text of the refusal.
    Refused {
        index: usize,
        code: String,
        text: String,
    },
    State {
        practice: Option<String>,
        head: u64,
        events: u64,
    },
    Done,
}
