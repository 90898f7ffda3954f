//! Randomness as a value: the operating system's for real use, a seeded stream for the demo
//! practice and for test vectors.

use crate::{Keys, SecretKey};
use sha2::{Digest, Sha256};

/// A source of random bytes, handed to every function that needs them.
pub struct Random(Source);

enum Source {
    Os,
    Seeded { seed: [u8; 32], counter: u64 },
}

impl Random {
    /// The operating system's random source.
    pub fn os() -> Self {
        Self(Source::Os)
    }

    /// SHA-256(seed ‖ counter as 8 bytes big endian), for demo data and vectors only.
    pub fn seeded(seed: [u8; 32]) -> Self {
        Self(Source::Seeded { seed, counter: 0 })
    }

    /// The next 32 bytes.
    pub fn bytes32(&mut self) -> [u8; 32] {
        match &mut self.0 {
            Source::Os => SecretKey::generate().to_secret_bytes(),
            Source::Seeded { seed, counter } => {
                let mut hash = Sha256::new();
                hash.update(*seed);
                hash.update(counter.to_be_bytes());
                *counter += 1;
                hash.finalize().into()
            }
        }
    }

    /// A fresh key pair.
    pub fn keys(&mut self) -> Keys {
        loop {
            if let Ok(secret) = SecretKey::from_slice(&self.bytes32()) {
                return Keys::new(secret);
            }
        }
    }
}
