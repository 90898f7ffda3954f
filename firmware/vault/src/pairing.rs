//! A staff key under its person's own security key. The person opens it at a browser (WebAuthn's PRF extension) or at
//! the box's key slot (CTAP's hmac-secret); both give the same 32 bytes, because the salt is derived here as a browser
//! derives it. The box keeps the wrapped form only. `appliance-ui/lib/login/pairing.ts` is the same for browsers,
//! `tests/vectors/pairing.json` holds for both.

use age_core::primitives::{aead_decrypt, aead_encrypt};
use hkdf::Hkdf;
use relaybox_protocol::SecretKey;
use relaybox_protocol::random::Random;
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::prf;

/// What WebAuthn's PRF is asked under the rp.id of the staff host (and of the admin host).
pub const PRF_INPUT: &str = "relaybox/staff/prf/1";

/// Length of the wrapped form: 32 bytes of salt, then the secret with its tag.
pub const WRAPPED_BYTES: usize = 32 + 32 + 16;

const LABEL: &[u8] = b"relaybox/staff/wrap/1";

/// The salt of hmac-secret for [`PRF_INPUT`].
pub fn salt() -> [u8; 32] {
    prf::salt(PRF_INPUT.as_bytes())
}

/// Which key of which page a wrap is for: neither opens another's.
#[derive(Debug, Clone, Copy)]
pub struct Place<'a> {
    /// rp.id: the host name of the face.
    pub host: &'a str,
    /// Id of the credential.
    pub credential: &'a [u8],
}

/// Wraps a staff key under the 32 bytes of its person's security key. `random` gives the salt, which makes the
/// wrapping key one of its own each time.
pub fn wrap(place: &Place<'_>, prf: &[u8; 32], secret: &SecretKey, random: &mut Random) -> Vec<u8> {
    let salt = random.bytes32();
    let bytes = Zeroizing::new(secret.to_secret_bytes());
    let mut wrapped = salt.to_vec();
    wrapped.extend(aead_encrypt(&wrapping_key(place, prf, &salt), bytes.as_slice()));
    wrapped
}

/// The staff key; none when the wrap is of another key or place, or damaged.
pub fn unwrap(place: &Place<'_>, prf: &[u8; 32], wrapped: &[u8]) -> Option<SecretKey> {
    let (salt, sealed) = wrapped.split_first_chunk::<32>()?;
    let bytes = Zeroizing::new(aead_decrypt(&wrapping_key(place, prf, salt), 32, sealed).ok()?);
    SecretKey::from_slice(&bytes).ok()
}

/// HKDF-SHA256(salt, ikm the 32 bytes, info "relaybox/staff/wrap/1" ‖ 0 ‖ host ‖ 0 ‖ credential id), for ChaCha20-Poly1305
/// with a nonce of zeros.
fn wrapping_key(place: &Place<'_>, prf: &[u8; 32], salt: &[u8; 32]) -> Zeroizing<[u8; 32]> {
    let mut key = Zeroizing::new([0; 32]);
    let info = [LABEL, &[0], place.host.as_bytes(), &[0], place.credential].concat();
    // 32 bytes are within HKDF's bound, 255 × 32.
    let expanded = Hkdf::<Sha256>::new(Some(salt), prf).expand(&info, key.as_mut_slice());
    debug_assert!(expanded.is_ok());
    key
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: Place<'_> = Place { host: "staff.localhost", credential: &[1, 2, 3] };

    #[test]
    fn a_wrapped_staff_key_opens_for_its_security_key_page_and_credential_alone() {
        let secret = Random::seeded([1; 32]).keys().secret_key().clone();
        let wrapped = wrap(&HERE, &[7; 32], &secret, &mut Random::seeded([2; 32]));
        assert_eq!(wrapped.len(), WRAPPED_BYTES);
        assert_eq!(unwrap(&HERE, &[7; 32], &wrapped), Some(secret.clone()));
        assert_eq!(unwrap(&HERE, &[8; 32], &wrapped), None);
        assert_eq!(unwrap(&Place { host: "admin.localhost", ..HERE }, &[7; 32], &wrapped), None);
        assert_eq!(unwrap(&Place { credential: &[1, 2], ..HERE }, &[7; 32], &wrapped), None);
        for at in 0..wrapped.len() {
            let mut harmed = wrapped.clone();
            harmed[at] ^= 1;
            assert_eq!(unwrap(&HERE, &[7; 32], &harmed), None, "byte {at}");
            assert_eq!(unwrap(&HERE, &[7; 32], &wrapped[..at]), None, "{at} bytes");
        }
        assert_ne!(wrap(&HERE, &[7; 32], &secret, &mut Random::seeded([3; 32])), wrapped);
    }
}
