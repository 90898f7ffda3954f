//! Proof of possession, four words, sealing, and the strict bech32 forms (PROTOCOL 1, 2.7).

use crate::nip44::CryptoError;
use crate::random::Random;
use crate::{Keys, PublicKey, SecretKey};

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
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Subject => "subject",
            Self::Own => "own",
            Self::Guardian => "guardian",
            Self::Staff => "staff",
            Self::Agent => "agent",
        }
    }
}

/// The `sig` of `["pop", key, sig]`: BIP-340 over SHA-256("relaybox/pop/1" ‖ 0x00 ‖ P ‖ role), hex.
pub fn prove(keys: &Keys, practice: &PublicKey, role: KeyRole, random: &mut Random) -> String {
    let _ = (keys, practice, role, random);
    todo!()
}

pub fn proof_holds(key: &PublicKey, practice: &PublicKey, role: KeyRole, sig_hex: &str) -> bool {
    let _ = (key, practice, role, sig_hex);
    todo!()
}

/// A text sealed to one key: `NIP44(conv(k, K), plaintext)`, k a one-time secret, its public key in `ek`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sealer {
    // one-time secret
    ek: PublicKey,
}

impl Sealer {
    /// A fresh one-time key for one event.
    pub fn new(random: &mut Random) -> Self {
        let _ = random;
        todo!()
    }
    /// The value of the `ek` tag.
    pub fn ek(&self) -> PublicKey {
        self.ek
    }
    pub fn seal(&self, to: &PublicKey, plaintext: &[u8], random: &mut Random) -> Result<String, CryptoError> {
        let _ = (to, plaintext, random);
        todo!()
    }
}

pub fn open_sealed(secret: &SecretKey, ek: &PublicKey, payload: &str) -> Result<Vec<u8>, CryptoError> {
    let _ = (secret, ek, payload);
    todo!()
}

/// First 44 bits of SHA-256("relaybox/words/1" ‖ 0x00 ‖ key) as four BIP-39 English words.
pub fn four_words(key: &[u8]) -> [&'static str; 4] {
    let _ = key;
    todo!()
}

/// `npub1…` or 64 lower-case hex; every wrong checksum is refused.
pub fn parse_public(text: &str) -> Option<PublicKey> {
    let _ = text;
    todo!()
}
