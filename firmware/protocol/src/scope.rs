//! Who may read what (PROTOCOL 3): a scope is a union of branches over index keys, so that it is
//! part of the query plan and can be checked on each live delivery.

mod plan;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use crate::{Event, EventId, PublicKey};

use crate::policy::View;

/// One key under which events are indexed; bytes as in the event.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum IndexKey {
    Author(PublicKey),
    /// Tag letter and first value. A value of 64 lower-case hex characters may be stored as 32 bytes
    /// by the engine; here it is always the text.
    Tag(u8, String),
}

impl IndexKey {
    pub fn p(key: &PublicKey) -> Self {
        Self::Tag(b'p', key.to_hex())
    }
}

/// A conjunction: one of `keys` (any event when empty), one of `kinds` (any when none), one of
/// `ids` (any when none), at least one key of each set in `also`, no key of `except`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Branch {
    pub keys: BTreeSet<IndexKey>,
    pub kinds: Option<BTreeSet<u16>>,
    pub ids: Option<BTreeSet<EventId>>,
    pub also: Vec<BTreeSet<IndexKey>>,
    pub except: BTreeSet<IndexKey>,
    /// True when `keys` are keys of one person or family (few rows), false for epoch keys, whose
    /// rows grow with the practice; the planner drives by narrow keys.
    pub narrow: bool,
}

/// What a set of authenticated keys may read: the union of the branches. No branch: nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Scope {
    pub branches: Vec<Branch>,
}

impl Scope {
    /// The scope of one authenticated key in this view. Keys add up: several keys on one socket
    /// have the union.
    pub fn of(view: &View<'_>, key: &PublicKey) -> Self {
        plan::scope_of(view, key)
    }

    pub fn union(mut self, other: Self) -> Self {
        for branch in other.branches {
            if !self.branches.contains(&branch) {
                self.branches.push(branch);
            }
        }
        self
    }

    /// Whether this event may be delivered. `keys` are [`crate::event::index_keys`] of the event.
    pub fn permits(&self, event: &Event, keys: &[IndexKey]) -> bool {
        self.permits_row(event.kind.as_u16(), &event.id, keys)
    }

    /// The same from what an index knows of an event, without the event.
    pub fn permits_row(&self, kind: u16, id: &EventId, keys: &[IndexKey]) -> bool {
        self.branches.iter().any(|branch| branch.permits_row(kind, id, keys))
    }
}

impl Branch {
    /// Whether this branch alone covers the event.
    pub fn permits(&self, event: &Event, keys: &[IndexKey]) -> bool {
        self.permits_row(event.kind.as_u16(), &event.id, keys)
    }

    /// The same from what an index knows of an event, without the event.
    pub fn permits_row(&self, kind: u16, id: &EventId, keys: &[IndexKey]) -> bool {
        let any = |set: &BTreeSet<IndexKey>| keys.iter().any(|key| set.contains(key));
        (self.keys.is_empty() || any(&self.keys))
            && self.kinds.as_ref().is_none_or(|kinds| kinds.contains(&kind))
            && self.ids.as_ref().is_none_or(|ids| ids.contains(id))
            && self.also.iter().all(any)
            && !any(&self.except)
    }
}
