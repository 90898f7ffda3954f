//! Proof of possession, four words, sealing, and the strict bech32 forms (PROTOCOL 1, 2.7).

use std::sync::LazyLock;

use hkdf::Hkdf;
use nostr::nips::nip19::{FromBech32, ToBech32};
use secp256k1::schnorr;
use sha2::{Digest, Sha256};

use crate::event::{CURVE, key_from_hex};
use crate::nip44::{ConversationKey, CryptoError};
use crate::random::Random;
use crate::{Keys, PublicKey, SecretKey, hex};

/// Role words of a proof of possession (PROTOCOL 1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum KeyRole {
    Subject,
    Own,
    Guardian,
    Staff,
    Agent,
}

impl KeyRole {
    pub const ALL: [Self; 5] = [Self::Subject, Self::Own, Self::Guardian, Self::Staff, Self::Agent];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Subject => "subject",
            Self::Own => "own",
            Self::Guardian => "guardian",
            Self::Staff => "staff",
            Self::Agent => "agent",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.as_str() == text)
    }
}

/// SHA-256(label ‖ 0x00 ‖ parts): the labels keep one use of the hash apart from all others.
pub(crate) fn labelled_hash(label: &str, parts: &[&[u8]]) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update(label.as_bytes());
    hash.update([0]);
    for part in parts {
        hash.update(part);
    }
    hash.finalize().into()
}

/// HKDF-extract-SHA256 of RFC 5869 with an ASCII salt.
pub(crate) fn extract(salt: &str, ikm: &[u8]) -> [u8; 32] {
    Hkdf::<Sha256>::extract(Some(salt.as_bytes()), ikm).0.into()
}

fn proof_message(practice: &PublicKey, role: KeyRole) -> [u8; 32] {
    labelled_hash("relaybox/pop/1", &[practice.as_bytes(), role.as_str().as_bytes()])
}

/// The `sig` of `["pop", key, sig]`: BIP-340 over SHA-256("relaybox/pop/1" ‖ 0x00 ‖ P ‖ role), hex.
pub fn prove(keys: &Keys, practice: &PublicKey, role: KeyRole, random: &mut Random) -> String {
    let message = proof_message(practice, role);
    keys.sign_schnorr_with_aux_rand(&CURVE, message, &random.bytes32()).to_hex()
}

/// Whether `sig_hex` is a proof of possession of `key` for this practice and role.
pub fn proof_holds(key: &PublicKey, practice: &PublicKey, role: KeyRole, sig_hex: &str) -> bool {
    let (Some(sig), Ok(key)) = (hex::decode::<64>(sig_hex), key.xonly()) else { return false };
    let sig = schnorr::Signature::from_byte_array(sig);
    CURVE.verify_schnorr(&sig, &proof_message(practice, role), &key).is_ok()
}

/// A text sealed to one key: `NIP44(conv(k, K), plaintext)`, k a one-time secret, its public key in
/// `ek`. One sealer serves one event.
pub struct Sealer {
    keys: Keys,
}

impl std::fmt::Debug for Sealer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sealer").field("ek", &self.ek()).finish_non_exhaustive()
    }
}

impl Sealer {
    /// A fresh one-time key for one event.
    pub fn new(random: &mut Random) -> Self {
        Self { keys: random.keys() }
    }
    /// The value of the `ek` tag.
    pub fn ek(&self) -> PublicKey {
        self.keys.public_key()
    }
    /// Fails when `to` is not on the curve or the text is empty or too large.
    pub fn seal(&self, to: &PublicKey, plaintext: &[u8], random: &mut Random) -> Result<String, CryptoError> {
        ConversationKey::derive(self.keys.secret_key(), to)?.encrypt(plaintext, random)
    }
}

/// Opens a text sealed to the holder of `secret`.
pub fn open_sealed(secret: &SecretKey, ek: &PublicKey, payload: &str) -> Result<Vec<u8>, CryptoError> {
    ConversationKey::derive(secret, ek)?.decrypt(payload)
}

/// The BIP-39 English list, 2,048 words (bitcoin/bips, bip-0039/english.txt).
static WORDS: LazyLock<Vec<&'static str>> =
    LazyLock::new(|| include_str!("keys/bip39-english.txt").lines().collect());

/// First 44 bits of SHA-256("relaybox/words/1" ‖ 0x00 ‖ key) as four BIP-39 English words.
pub fn four_words(key: &[u8]) -> [&'static str; 4] {
    let hash = labelled_hash("relaybox/words/1", &[key]);
    let bits = hash[..6].iter().fold(0u64, |bits, byte| bits << 8 | u64::from(*byte)) >> 4;
    [33, 22, 11, 0].map(|shift| {
        let index = usize::try_from(bits >> shift & 0x7ff).unwrap_or_default();
        WORDS.get(index).copied().unwrap_or_default()
    })
}

/// `npub1…` or 64 lower-case hex of a point on the curve; every wrong checksum is refused.
pub fn parse_public(text: &str) -> Option<PublicKey> {
    let key = match key_from_hex(text) {
        Some(key) => key,
        // Writing it again refuses the forms that the decoder takes and nobody writes: upper case
        // and the other checksum constant of BIP-350.
        None => PublicKey::from_bech32(text).ok().filter(|key| key.to_bech32().as_deref() == Ok(text))?,
    };
    key.xonly().is_ok().then_some(key)
}

/// `nsec1…` or 64 lower-case hex; every wrong checksum is refused.
pub fn parse_secret(text: &str) -> Option<SecretKey> {
    match hex::decode::<32>(text) {
        Some(bytes) => SecretKey::from_slice(&bytes).ok(),
        None => SecretKey::from_bech32(text).ok().filter(|key| key.to_bech32().as_deref() == Ok(text)),
    }
}

#[cfg(test)]
mod tests;
