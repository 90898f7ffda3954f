//! The former suite's cipher and kinds, read only (PROTOCOL 2.6; the format is described in
//! docs/ref/protocol.md). Nothing here can encrypt.

use chacha20::ChaCha20;
use chacha20::cipher::{KeyIvInit, StreamCipher};
use hkdf::Hkdf;
use poly1305::Poly1305;
use poly1305::universal_hash::KeyInit;
use sha2::Sha256;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::nip44::{ConversationKey, CryptoError, PAYLOAD_BYTES_MIN, PLAINTEXT_BYTES_MAX, decode};

const NONCE_BYTES: usize = 32;
const TAG_BYTES: usize = 16;
const LENGTH_BYTES: usize = 2;
/// Padded text is a power of two of at least this many bytes.
const PADDED_BYTES_MIN: usize = 32;
/// From this many bytes on the two-byte length field of the former writer wraps.
const LENGTH_WRAPS_AT: usize = 65_536;
const CHACHA_BLOCK_BYTES: usize = 64;
const MESSAGE_KEYS_BYTES: usize = 76;

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
/// Both also have the same version byte; only the authenticators tell them apart.
pub fn open(key: &ConversationKey, payload: &str) -> Result<Opened, CryptoError> {
    let payload = decode(payload, PLAINTEXT_BYTES_MAX)?;
    if payload.len() >= PAYLOAD_BYTES_MIN {
        match key.decrypt_bytes(&payload) {
            Ok(text) => return Ok(Opened::V2(text)),
            Err(CryptoError::Mac) => {}
            Err(error) => return Err(error),
        }
    }
    open_former(key, &payload)
}

fn open_former(key: &ConversationKey, payload: &[u8]) -> Result<Opened, CryptoError> {
    let sealed = payload.get(1 + NONCE_BYTES..).ok_or(CryptoError::Size)?;
    let nonce = &payload[1..=NONCE_BYTES];
    let text_bytes = sealed.len().checked_sub(TAG_BYTES).ok_or(CryptoError::Size)?;
    if text_bytes < LENGTH_BYTES + PADDED_BYTES_MIN {
        return Err(CryptoError::Size);
    }
    let (text, tag) = sealed.split_at(text_bytes);
    let mut cipher = message_cipher(key, nonce)?;
    let mut block = Zeroizing::new([0; CHACHA_BLOCK_BYTES]);
    cipher.apply_keystream(block.as_mut_slice());
    let mac_key = poly1305::Key::try_from(&block[..32]).map_err(|_| CryptoError::Mac)?;
    // The tag covers the ciphertext alone: no nonce, no lengths, no alignment to sixteen bytes.
    let computed = Poly1305::new(&mac_key).compute_unpadded(text);
    if !bool::from(computed.as_slice().ct_eq(tag)) {
        return Err(CryptoError::Mac);
    }
    let mut text = text.to_vec();
    cipher.apply_keystream(&mut text);
    unpad(&text)
}

/// The ChaCha20 stream of one message: keys are drawn from the conversation key expanded with empty
/// info, extracted again with the nonce as salt, and expanded with the info `nip44-v2`.
fn message_cipher(key: &ConversationKey, nonce: &[u8]) -> Result<ChaCha20, CryptoError> {
    let mut expanded = Zeroizing::new([0; MESSAGE_KEYS_BYTES]);
    let first = Hkdf::<Sha256>::from_prk(key.as_bytes()).map_err(|_| CryptoError::Key)?;
    first.expand(&[], expanded.as_mut_slice()).map_err(|_| CryptoError::Key)?;
    let mut keys = Zeroizing::new([0; MESSAGE_KEYS_BYTES]);
    let second = Hkdf::<Sha256>::new(Some(nonce), expanded.as_slice());
    second.expand(b"nip44-v2", keys.as_mut_slice()).map_err(|_| CryptoError::Key)?;
    ChaCha20::new_from_slices(&keys[..32], &keys[32..44]).map_err(|_| CryptoError::Key)
}

/// A length in two bytes, the text, zeros up to a power of two. A text whose length wrapped stands in
/// more padding than its length field asks for.
fn unpad(padded: &[u8]) -> Result<Opened, CryptoError> {
    let (length, text) = padded.split_first_chunk::<LENGTH_BYTES>().ok_or(CryptoError::Padding)?;
    let length = usize::from(u16::from_be_bytes(*length));
    let canonical = length.max(PADDED_BYTES_MIN).next_power_of_two();
    if text.len() == canonical {
        return text.get(..length).map(|text| Opened::Legacy(text.to_vec())).ok_or(CryptoError::Padding);
    }
    if text.len() > canonical && text.len() >= LENGTH_WRAPS_AT && text.len().is_power_of_two() {
        return Ok(Opened::Damaged);
    }
    Err(CryptoError::Padding)
}

/// The current number of a former kind: 1000–1011 are the clinical kinds 2110–2121, 1012–1015 the
/// grants 2100–2103. Any other number is its own.
///
/// | former | current | | former | current |
/// |---|---|---|---|---|
/// | 1000 Patient | 2110 | | 1008 ServiceRequest | 2118 |
/// | 1001 Encounter | 2111 | | 1009 DiagnosticReport | 2119 |
/// | 1002 MedicationRequest | 2112 | | 1010 RxOrder | 2120 |
/// | 1003 Observation | 2113 | | 1011 DocumentReference | 2121 |
/// | 1004 Condition | 2114 | | 1012 PatientKeyGrant | 2100 |
/// | 1005 AllergyIntolerance | 2115 | | 1013 PracticeKeyGrant | 2101 |
/// | 1006 Immunization | 2116 | | 1014 StaffRoster | 2102 |
/// | 1007 Message | 2117 | | 1015 ServiceAgentGrant | 2103 |
pub const fn current_kind(kind: u16) -> u16 {
    match kind {
        1000..=1011 => kind + 1110,
        1012..=1015 => kind + 1088,
        _ => kind,
    }
}

/// The former number of a clinical kind, for readers that ask for both.
pub const fn former_kind(kind: u16) -> Option<u16> {
    match kind {
        2110..=2121 => Some(kind - 1110),
        _ => None,
    }
}

/// True for the numbers that are read and never written.
pub const fn is_former_kind(kind: u16) -> bool {
    matches!(kind, 1000..=1015)
}

#[cfg(test)]
mod tests;
