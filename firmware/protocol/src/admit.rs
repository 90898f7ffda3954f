//! The admission rule (PROTOCOL 2.1 "The relay admits", 2.7, 3): what a relay takes, from whom.
//! It sees the envelope only; bodies are the reader's business.

use crate::{Event, EventId, PublicKey};

use crate::policy::{Door, View};
use crate::receipts::ChainKey;
use crate::refusal::Refusal;

/// What the relay knows when an event arrives.
#[derive(Debug, Clone, Copy)]
pub struct Arrival<'a> {
    pub door: Door,
    /// Keys authenticated on this socket.
    pub authenticated: &'a [PublicKey],
    /// Invitation tokens presented on this socket (SHA-256), with the key that presented them.
    pub invited: &'a [(PublicKey, [u8; 32])],
    /// Unix seconds.
    pub now: u64,
}

/// What the store must do with an admitted event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Admission {
    /// Receipt chains in which it is due.
    pub chains: Vec<ChainKey>,
    /// It changes the fold of policy (2102–2110, 2127).
    pub moves_policy: bool,
    /// NIP-40, unix seconds.
    pub expires: Option<u64>,
    /// Whose quota: the author, for wraps the inbox.
    pub charge: PublicKey,
    /// A NIP-09 deletion by the author of non-clinical events: ids, and addresses (kind, d) with
    /// versions up to the request's created_at.
    pub deletes: Vec<EventId>,
    pub deletes_addresses: Vec<(u16, String)>,
    /// Kept (regular, replaceable, addressable) or handed to open sessions only (21059 and other
    /// ephemeral kinds).
    pub ephemeral: bool,
}

/// Decides one event whose id and signature hold. Policy events are judged by the fold as well.
pub fn admit(view: &View<'_>, event: &Event, arrival: &Arrival<'_>) -> Result<Admission, Refusal> {
    let _ = (view, event, arrival);
    todo!()
}
