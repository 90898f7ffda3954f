//! The payload of an age v1 file (C2SP age, "Payload"), as far as ours needs it: one chunk. 16 bytes of nonce, then
//! ChaCha20-Poly1305 under HKDF-SHA256(ikm the file key, salt the nonce, info "payload").

use age_core::format::FileKey;
use age_core::primitives::hkdf;
use age_core::secrecy::ExposeSecret as _;
use chacha20poly1305::aead::{Aead as _, KeyInit as _};
use chacha20poly1305::{ChaCha20Poly1305, Key, Nonce};
use relaybox_protocol::random::Random;
use zeroize::Zeroizing;

use super::EnvelopeError;

const NONCE_BYTES: usize = 16;
/// Most bytes of one chunk.
const CHUNK_BYTES: usize = 64 * 1024;
/// Nonce of a first chunk that is the last one: a counter of eleven bytes, and the mark of the end.
const ONLY_CHUNK: [u8; 12] = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1];

/// The payload of these bytes under the file key and a fresh nonce.
pub(super) fn seal(file_key: &FileKey, bytes: &[u8], random: &mut Random) -> Result<Vec<u8>, EnvelopeError> {
    if bytes.is_empty() || bytes.len() > CHUNK_BYTES {
        return Err(EnvelopeError::TooLarge);
    }
    let random = random.bytes32();
    let nonce = &random[..NONCE_BYTES];
    let key = Zeroizing::new(hkdf(nonce, b"payload", file_key.expose_secret()));
    let cipher = ChaCha20Poly1305::new(Key::from_slice(key.as_slice()));
    let sealed = cipher.encrypt(Nonce::from_slice(&ONLY_CHUNK), bytes).map_err(|_| EnvelopeError::Damaged)?;
    Ok([nonce, &sealed].concat())
}
