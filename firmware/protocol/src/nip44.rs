//! NIP-44 v2 with the project's limits and explicit nonces. The cipher itself is crate `nostr`'s.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use nostr::error::ErrorKind;
use nostr::nips::nip44::v2;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::random::Random;
use crate::{PublicKey, SecretKey};

/// Largest plaintext of a record body, bytes.
pub const PLAINTEXT_BYTES_MAX: usize = 131_072;
/// Largest plaintext inside a gift wrap, bytes: what still fits into one event.
pub const WRAP_PLAINTEXT_BYTES_MAX: usize = 262_144;
/// Version, nonce, extended length and MAC of a payload, bytes.
const OVERHEAD_BYTES: usize = 1 + 32 + 6 + 32;
/// Shortest payload: 32 bytes of padded text with the short length.
pub(crate) const PAYLOAD_BYTES_MIN: usize = 1 + 32 + 2 + 32 + 32;
const VERSION: u8 = 2;

/// A NIP-44 v2 conversation key (HKDF-extract, salt `nip44-v2`, of the ECDH x). Debug is redacted.
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub struct ConversationKey(pub(crate) [u8; 32]);

impl std::fmt::Debug for ConversationKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ConversationKey(…)")
    }
}

impl ConversationKey {
    /// `conv(secret, public)`. Fails when the public key is not on the curve.
    pub fn derive(secret: &SecretKey, public: &PublicKey) -> Result<Self, CryptoError> {
        let key = v2::ConversationKey::derive(secret, public).map_err(|_| CryptoError::Key)?;
        key.as_bytes().try_into().map(Self).map_err(|_| CryptoError::Key)
    }
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
    /// Encrypts 1 to [`PLAINTEXT_BYTES_MAX`] bytes with a fresh nonce; base64 payload.
    pub fn encrypt(&self, plaintext: &[u8], random: &mut Random) -> Result<String, CryptoError> {
        self.encrypt_within(plaintext, PLAINTEXT_BYTES_MAX, random)
    }
    /// Decrypts a base64 payload of at most [`PLAINTEXT_BYTES_MAX`] plaintext bytes.
    pub fn decrypt(&self, payload: &str) -> Result<Vec<u8>, CryptoError> {
        self.decrypt_within(payload, PLAINTEXT_BYTES_MAX)
    }

    pub(crate) fn encrypt_within(
        &self,
        plaintext: &[u8],
        bytes_max: usize,
        random: &mut Random,
    ) -> Result<String, CryptoError> {
        if plaintext.is_empty() || plaintext.len() > bytes_max {
            return Err(CryptoError::Size);
        }
        let key = v2::ConversationKey::new(self.0);
        let payload = v2::encrypt_to_bytes_with_nonce(&key, plaintext, random.bytes32());
        payload.map(|payload| STANDARD.encode(payload)).map_err(|_| CryptoError::Size)
    }

    pub(crate) fn decrypt_within(&self, payload: &str, bytes_max: usize) -> Result<Vec<u8>, CryptoError> {
        let payload = decode(payload, bytes_max)?;
        if payload.len() < PAYLOAD_BYTES_MIN {
            return Err(CryptoError::Size);
        }
        let plaintext = self.decrypt_bytes(&payload)?;
        if plaintext.len() > bytes_max {
            return Err(CryptoError::Size);
        }
        Ok(plaintext)
    }

    /// Decrypts a decoded payload whose version is checked.
    pub(crate) fn decrypt_bytes(&self, payload: &[u8]) -> Result<Vec<u8>, CryptoError> {
        let key = v2::ConversationKey::new(self.0);
        v2::decrypt_to_bytes(&key, payload).map_err(|error| match error.kind() {
            ErrorKind::Crypto => CryptoError::Mac,
            _ => CryptoError::Padding,
        })
    }
}

/// Base64 to bytes, size and version checked before anything is allocated or hashed.
pub(crate) fn decode(payload: &str, bytes_max: usize) -> Result<Vec<u8>, CryptoError> {
    // A text starting with '#' announces an encoding of some later version (NIP-44).
    if payload.starts_with('#') {
        return Err(CryptoError::Version);
    }
    if payload.is_empty() || payload.len() > payload_chars_max(bytes_max) {
        return Err(CryptoError::Size);
    }
    let payload = STANDARD.decode(payload).map_err(|_| CryptoError::Encoding)?;
    if payload.first() != Some(&VERSION) {
        return Err(CryptoError::Version);
    }
    Ok(payload)
}

/// Length of the longest base64 payload of `plaintext_bytes` bytes. Padding goes to at most an
/// eighth of the next power of two, which is less than a quarter of the text.
const fn payload_chars_max(plaintext_bytes: usize) -> usize {
    let padded =
        if plaintext_bytes.is_power_of_two() { plaintext_bytes } else { plaintext_bytes / 4 * 5 + 32 };
    (padded + OVERHEAD_BYTES).div_ceil(3) * 4
}

/// 64 lower-case hex characters to a secret key; the text of sealed secrets (PROTOCOL 1).
pub(crate) fn secret_from_hex(text: &[u8]) -> Option<SecretKey> {
    let text = std::str::from_utf8(text).ok()?;
    let bytes = Zeroizing::new(crate::hex::decode::<32>(text)?);
    SecretKey::from_slice(bytes.as_slice()).ok()
}

/// Why a payload or key does not open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CryptoError {
    #[error("use a key that is not on the curve")]
    Key,
    #[error("take a payload of this size")]
    Size,
    #[error("decode the payload")]
    Encoding,
    #[error("read this version of the cipher")]
    Version,
    #[error("verify the payload")]
    Mac,
    #[error("unpad the payload")]
    Padding,
}

#[cfg(test)]
mod tests;
