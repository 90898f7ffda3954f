//! The former suite's cipher, read only (PROTOCOL 2.6; the format is described in
//! docs/ref/protocol.md). Nothing here can encrypt.

use crate::nip44::{ConversationKey, CryptoError};

/// What trial decryption found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Opened {
    /// Real NIP-44 v2.
    V2(Vec<u8>),
    /// The former suite's format.
    Legacy(Vec<u8>),
    /// Authentic, but its length field wrapped (65,536 bytes and more): damaged.
    Damaged,
}

/// Opens a payload by trial under conv(p0, reader): HMAC first, then Poly1305. Both ciphers start
/// from the same conversation key, so grants of epoch 0 carry conversation keys like all others.
pub fn open(key: &ConversationKey, payload: &str) -> Result<Opened, CryptoError> {
    let _ = (key, payload);
    todo!()
}
