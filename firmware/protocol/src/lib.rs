//! The wire contract of Relaybox as code: keys, envelopes, epochs, grants, policy, receipts,
//! the reader rule and the fold. `docs/ref/protocol.md` is the same contract in words.
//!
//! It deliberately does no IO: no socket, no file, no clock. Callers pass `now` in unix seconds
//! and hand over randomness ([`random::Random`]).
//!
//! Invariants:
//! - An [`event::Verified`] has a valid id and a valid signature, and keeps its exact bytes.
//! - Policy is a fold over events in a given order; nothing else decides who may read or write.
//! - Every refusal is a row of [`refusal::Refusal`] (relay) or [`reader::Reason`] (readers).

pub mod address;
pub mod admit;
pub mod body;
pub mod drafts;
pub mod envelope;
pub mod epochs;
pub mod event;
pub mod fold;
pub mod grants;
pub mod hex;
pub mod keys;
pub mod kinds;
pub mod legacy;
pub mod messages;
pub mod nip44;
pub mod permissions;
pub mod policy;
pub mod random;
pub mod reader;
pub mod receipts;
pub mod refusal;
pub mod registration;
pub mod scope;
#[cfg(test)]
mod testing;
pub mod visits;
pub mod wrap;

pub use nostr::event::{Event, EventId, Kind, Tag, Tags};
pub use nostr::filter::{Filter, SingleLetterTag};
pub use nostr::key::{Keys, PublicKey, SecretKey};
pub use nostr::types::Timestamp;
