//! NIP-59 gift wraps and NIP-17 messages with explicit randomness and time.

use crate::random::Random;
use crate::{Event, Keys, PublicKey, Tag};

/// A rumor (unsigned inner event) to wrap.
#[derive(Debug, Clone)]
pub struct Rumor {
    pub kind: u16,
    pub tags: Vec<Tag>,
    pub content: String,
    pub created_at: u64,
}

/// Seals (13) and wraps (1059, or 21059 when `ephemeral`) for one receiver. `seal_at` and `wrap_at`
/// are unix seconds, up to two days back.
pub fn wrap(
    sender: &Keys,
    receiver: &PublicKey,
    rumor: &Rumor,
    ephemeral: bool,
    seal_at: u64,
    wrap_at: u64,
    random: &mut Random,
) -> Result<Event, crate::nip44::CryptoError> {
    let _ = (sender, receiver, rumor, ephemeral, seal_at, wrap_at, random);
    todo!()
}

/// The sender (seal key, equal to the rumor's) and the rumor; signature of the seal checked.
pub fn unwrap(receiver: &Keys, event: &Event) -> Result<(PublicKey, Rumor), UnwrapError> {
    let _ = (receiver, event);
    todo!()
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum UnwrapError {
    #[error("open the wrap")]
    Crypto(#[from] crate::nip44::CryptoError),
    #[error("read the seal or the rumor")]
    Shape,
    #[error("verify the seal")]
    Signature,
    #[error("match the sender with the seal")]
    Sender,
}
