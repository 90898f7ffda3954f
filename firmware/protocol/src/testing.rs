//! Keys and randomness by name, for unit tests.

use sha2::{Digest, Sha256};

use crate::random::Random;
use crate::{Keys, SecretKey};

/// The secret key whose bytes are SHA-256 of the name.
pub(crate) fn keys(name: &str) -> Keys {
    Keys::new(SecretKey::from_slice(&Sha256::digest(name)).unwrap())
}

/// A stream seeded with SHA-256 of the name.
pub(crate) fn random(name: &str) -> Random {
    Random::seeded(Sha256::digest(name).into())
}
