//! How a security key opens the sealed file: the `fido2prf` stanza of age (as typage writes it; the same
//! file opens with its browser code and its plug-in).
//!
//! A stanza carries a nonce of 16 bytes. The key evaluates WebAuthn's PRF on two inputs made of it; HKDF-extract
//! of the two outputs wraps age's file key. The slot speaks CTAP and hands the salts over itself, so
//! WebAuthn's hashing of inputs is done here ([`Salts`]).

use age_core::format::{FileKey, Stanza};
use age_core::primitives::{aead_decrypt, aead_encrypt};
use age_core::secrecy::ExposeSecret as _;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD_NO_PAD;
use hkdf::Hkdf;
use relaybox_protocol::random::Random;
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;
use zeroize::{Zeroize as _, ZeroizeOnDrop, Zeroizing};

/// Tag of the stanza, and label of its key.
pub const TAG: &str = "age-encryption.org/fido2prf";

/// age's file key, bytes.
const FILE_KEY: usize = 16;

/// Of one stanza: which question its security key is asked. 16 bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Nonce([u8; 16]);

impl Nonce {
    pub fn new(random: &mut Random) -> Self {
        let mut nonce = [0; 16];
        nonce.copy_from_slice(&random.bytes32()[..16]);
        Self(nonce)
    }

    /// Standard Base64 without padding, as in the stanza.
    pub fn to_text(self) -> String {
        BASE64_STANDARD_NO_PAD.encode(self.0)
    }

    pub fn parse(text: &str) -> Option<Self> {
        BASE64_STANDARD_NO_PAD.decode(text).ok()?.try_into().ok().map(Self)
    }

    /// The two salts for CTAP's hmac-secret.
    pub fn salts(self) -> Salts {
        Salts([1u8, 2].map(|which| salt(&[TAG.as_bytes(), &[which], &self.0].concat())))
    }
}

/// The salt that CTAP's hmac-secret is given for an input of WebAuthn's PRF (WebAuthn 3, PRF extension:
/// SHA-256("WebAuthn PRF" ‖ 0 ‖ input)). A browser does this by itself.
pub fn salt(input: &[u8]) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update(b"WebAuthn PRF\0");
    hash.update(input);
    hash.finalize().into()
}

/// Two salts of 32 bytes. No secret: without the security key they say nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Salts(pub [[u8; 32]; 2]);

/// What the security key answers: two secrets of 32 bytes.
#[derive(Clone, ZeroizeOnDrop)]
pub struct PrfOutput([[u8; 32]; 2]);

impl PrfOutput {
    pub const fn new(outputs: [[u8; 32]; 2]) -> Self {
        Self(outputs)
    }

    /// True for the same two secrets, in constant time.
    pub fn same(&self, other: &Self) -> bool {
        self.0.as_flattened().ct_eq(other.0.as_flattened()).into()
    }

    fn wrapping_key(&self) -> Zeroizing<[u8; 32]> {
        let (mut extracted, _) = Hkdf::<Sha256>::extract(Some(TAG.as_bytes()), self.0.as_flattened());
        let mut key = Zeroizing::new([0; 32]);
        key.copy_from_slice(&extracted);
        extracted.as_mut_slice().zeroize();
        key
    }
}

impl std::fmt::Debug for PrfOutput {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PrfOutput(…)")
    }
}

/// The stanza that gives this security key the file key.
pub fn wrap(nonce: Nonce, output: &PrfOutput, file_key: &FileKey) -> Stanza {
    let body = aead_encrypt(&output.wrapping_key(), file_key.expose_secret());
    Stanza { tag: TAG.to_owned(), args: vec![nonce.to_text()], body }
}

/// The file key, when the stanza is one of this kind, has this nonce and was wrapped under this output.
pub fn unwrap(nonce: Nonce, output: &PrfOutput, stanza: &Stanza) -> Option<FileKey> {
    if nonce_of(stanza)? != nonce {
        return None;
    }
    let plain = Zeroizing::new(aead_decrypt(&output.wrapping_key(), FILE_KEY, &stanza.body).ok()?);
    let bytes: [u8; FILE_KEY] = plain.as_slice().try_into().ok()?;
    Some(FileKey::new(Box::new(bytes)))
}

/// The nonce of a `fido2prf` stanza.
pub fn nonce_of(stanza: &Stanza) -> Option<Nonce> {
    match stanza.args.as_slice() {
        [nonce] if stanza.tag == TAG => Nonce::parse(nonce),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nonce() -> Nonce {
        Nonce::new(&mut Random::seeded([1; 32]))
    }

    #[test]
    fn a_wrapped_file_key_opens_with_the_same_output_and_nonce_only() {
        let output = PrfOutput::new([[1; 32], [2; 32]]);
        let file_key = FileKey::new(Box::new([9; 16]));
        let stanza = wrap(nonce(), &output, &file_key);
        assert_eq!(unwrap(nonce(), &output, &stanza).unwrap().expose_secret(), &[9; 16]);
        let other = PrfOutput::new([[2; 32], [1; 32]]);
        assert!(unwrap(nonce(), &other, &stanza).is_none());
        assert!(unwrap(Nonce([0; 16]), &output, &stanza).is_none());
    }

    #[test]
    fn the_two_salts_differ_and_follow_the_nonce() {
        let Salts([first, second]) = nonce().salts();
        assert_ne!(first, second);
        assert_ne!(Nonce([0; 16]).salts().0[0], first);
    }

    #[test]
    fn a_stanza_of_another_kind_or_shape_has_no_nonce() {
        let mut stanza =
            Stanza { tag: "X25519".to_owned(), args: vec![nonce().to_text()], body: vec![0; 32] };
        assert!(nonce_of(&stanza).is_none());
        stanza.tag = TAG.to_owned();
        assert_eq!(nonce_of(&stanza), Some(nonce()));
        stanza.args.push("more".to_owned());
        assert!(nonce_of(&stanza).is_none());
    }

    #[test]
    fn debug_shows_no_output() {
        assert_eq!(format!("{:?}", PrfOutput::new([[0xab; 32]; 2])), "PrfOutput(…)");
    }
}
