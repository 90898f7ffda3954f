//! The audit role's sockets `audit-<role>`, one for each role that writes: one JSON object a line each way. A caller
//! appends entries, and hears of them when they are on disk. The socket on which an entry came says which role wrote
//! it, never the entry itself. `audit-admin` alone may also ask and read.

mod client;
mod journal;

use serde::{Deserialize, Serialize};

pub use client::{AuditClient, AuditError};
pub use journal::Journal;

/// Longest line either way, bytes.
pub const LINE_BYTES_MAX: usize = 64 * 1024;
/// Entries of one append.
pub const ENTRIES_MAX: usize = 100;

/// A request line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "ask", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Request {
    Append {
        entries: Vec<Entry>,
    },
    /// Heads of all chains, as the hourly anchor (2128) lists them.
    Heads {},
    /// Reads every chain from its first entry.
    Verify {},
    /// Entries after a number of this box's chain, oldest first, at most `max`.
    Read {
        after: u64,
        max: u64,
    },
}

/// One fact. Public keys and ids are hex; no names, no clinical content.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// Unix seconds, by the caller's clock.
    pub at: u64,
    /// What happened, kebab-case: `ceremony-began`, `ceremony-signed`, `ceremony-stopped`, `login`, `refusal`,
    /// `tamper`, `frozen`, `thawed`, `claimed` …
    pub what: String,
    /// Who did it, if a key is known.
    pub by: Option<String>,
    /// Whom or what it is about.
    pub about: Option<String>,
    /// Short facts by name: challenge, signature, reason. Values are bounded by the line.
    pub facts: Vec<(String, String)>,
}

impl Entry {
    /// An entry about nobody yet.
    pub fn new(at: u64, what: &str) -> Self {
        Self { at, what: what.to_owned(), by: None, about: None, facts: Vec::new() }
    }

    /// Who did it.
    #[must_use]
    pub fn by(self, key: impl Into<Option<String>>) -> Self {
        Self { by: key.into(), ..self }
    }

    /// Whom or what it is about.
    #[must_use]
    pub fn about(self, what: impl Into<Option<String>>) -> Self {
        Self { about: what.into(), ..self }
    }

    /// One more fact.
    #[must_use]
    pub fn fact(mut self, name: &str, value: impl Into<String>) -> Self {
        self.facts.push((name.to_owned(), value.into()));
        self
    }
}

/// A reply line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "answer", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Reply {
    /// Numbers of the first and last entry.
    Appended {
        first: u64,
        last: u64,
    },
    Heads {
        heads: Vec<Head>,
    },
    /// Entries read, and what was found wrong, a line each.
    Verified {
        entries: u64,
        faults: Vec<String>,
    },
    Entries {
        entries: Vec<(u64, Stored)>,
    },
    Refused {
        code: String,
        text: String,
    },
}

/// An entry as it stands in the chain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stored {
    /// Role that wrote it.
    pub role: String,
    /// Unix seconds, by the audit role's clock; never falls.
    pub received: u64,
    pub entry: Entry,
    /// Hash (hex) of this entry, which the next one continues.
    pub hash: String,
}

/// Where a chain ends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Head {
    pub writer: String,
    pub number: u64,
    /// Hex.
    pub hash: String,
}
