//! Payloads of both ciphers, and what stands inside them: the fuzzer cannot forge an authenticator, so
//! each input is also taken as the padded plaintext of a message that is sealed here.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chacha20::ChaCha20;
use chacha20::cipher::{KeyIvInit as _, StreamCipher as _};
use hkdf::Hkdf;
use poly1305::Poly1305;
use poly1305::universal_hash::KeyInit as _;
use relaybox_protocol::legacy::{Opened, open};
use relaybox_protocol::nip44::{ConversationKey, CryptoError, PLAINTEXT_BYTES_MAX};
use relaybox_protocol::random::Random;
use sha2::Sha256;

use super::{OK, Verdict};

/// Every verdict but `ok` (opened in either cipher).
pub const VERDICTS: [Verdict; 6] = ["damaged", "encoding", "mac", "padding", "size", "version"];

/// The key of `tests/vectors/legacy.json`.
const VECTORS: &str = include_str!("../../vectors/legacy.json");

pub fn key() -> ConversationKey {
    static KEY: std::sync::LazyLock<[u8; 32]> = std::sync::LazyLock::new(|| {
        let vectors: serde_json::Value = serde_json::from_str(VECTORS).unwrap();
        relaybox_protocol::hex::decode(vectors["conversation_key"].as_str().unwrap()).unwrap()
    });
    ConversationKey::from_bytes(*KEY)
}

pub fn run(input: &[u8]) -> Verdict {
    let key = key();
    former_padding(&key, input);
    current_text(&key, input);
    let Ok(text) = std::str::from_utf8(input) else { return "encoding" };
    match open(&key, text) {
        Ok(Opened::V2(plain) | Opened::Legacy(plain)) => {
            assert!(plain.len() <= text.len());
            OK
        }
        Ok(Opened::Damaged) => "damaged",
        Err(CryptoError::Mac) => "mac",
        Err(CryptoError::Padding) => "padding",
        Err(CryptoError::Size) => "size",
        Err(CryptoError::Version) => "version",
        Err(CryptoError::Encoding) => "encoding",
        Err(CryptoError::Key) => panic!("the key is a good one"),
    }
}

/// A message of the former writer around these bytes opens by the rule of its length field.
fn former_padding(key: &ConversationKey, padded: &[u8]) {
    let opened = open(key, &sealed_as_formerly(key, padded));
    let Some((length, text)) = padded.split_first_chunk::<2>() else {
        return assert_eq!(opened, Err(CryptoError::Size));
    };
    if text.len() < 32 {
        return assert_eq!(opened, Err(CryptoError::Size));
    }
    let length = usize::from(u16::from_be_bytes(*length));
    match opened {
        Ok(Opened::Legacy(plain)) => assert_eq!(plain, text[..length]),
        Ok(Opened::Damaged) => assert!(text.len() >= 65_536 && text.len() > length),
        Ok(Opened::V2(_)) => panic!("the former cipher opened as NIP-44"),
        Err(error) => {
            assert!(matches!(error, CryptoError::Padding | CryptoError::Size), "{error:?}");
            assert_ne!(text.len(), length.max(32).next_power_of_two());
        }
    }
}

/// NIP-44 gives back what it was given.
fn current_text(key: &ConversationKey, text: &[u8]) {
    if !(1..=PLAINTEXT_BYTES_MAX).contains(&text.len()) {
        return;
    }
    let payload = key.encrypt(text, &mut Random::seeded([7; 32])).unwrap();
    assert_eq!(open(key, &payload), Ok(Opened::V2(text.to_vec())));
}

/// The former suite's writer, with any padding. Version 2, nonce, ciphertext, tag of the ciphertext.
fn sealed_as_formerly(key: &ConversationKey, padded: &[u8]) -> String {
    let nonce = [9; 32];
    let mut expanded = [0; 76];
    Hkdf::<Sha256>::from_prk(key.as_bytes()).unwrap().expand(&[], &mut expanded).unwrap();
    let mut keys = [0; 76];
    Hkdf::<Sha256>::new(Some(&nonce), &expanded).expand(b"nip44-v2", &mut keys).unwrap();
    let mut cipher = ChaCha20::new_from_slices(&keys[..32], &keys[32..44]).unwrap();
    let mut block = [0; 64];
    cipher.apply_keystream(&mut block);
    let mut text = padded.to_vec();
    cipher.apply_keystream(&mut text);
    let tag = Poly1305::new(&poly1305::Key::try_from(&block[..32]).unwrap()).compute_unpadded(&text);
    STANDARD.encode([&[2][..], &nonce, &text, tag.as_slice()].concat())
}
