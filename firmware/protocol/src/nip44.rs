//! NIP-44 v2 with the project's limits and explicit nonces. The cipher itself is crate `nostr`'s.

use crate::random::Random;
use crate::{PublicKey, SecretKey};

/// Largest plaintext of a record body, bytes.
pub const PLAINTEXT_BYTES_MAX: usize = 131_072;

/// A NIP-44 v2 conversation key (HKDF-extract, salt `nip44-v2`, of the ECDH x). Debug is redacted.
#[derive(Clone)]
pub struct ConversationKey(pub(crate) [u8; 32]);

impl ConversationKey {
    /// `conv(secret, public)`. Fails when the public key is not on the curve.
    pub fn derive(secret: &SecretKey, public: &PublicKey) -> Result<Self, CryptoError> {
        let _ = (secret, public);
        todo!()
    }
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
    /// Encrypts with a fresh nonce; base64 payload.
    pub fn encrypt(&self, plaintext: &[u8], random: &mut Random) -> Result<String, CryptoError> {
        let _ = (plaintext, random);
        todo!()
    }
    /// Decrypts a base64 payload of at most [`PLAINTEXT_BYTES_MAX`] plaintext bytes.
    pub fn decrypt(&self, payload: &str) -> Result<Vec<u8>, CryptoError> {
        let _ = payload;
        todo!()
    }
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
