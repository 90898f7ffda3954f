//! What is random in the demo practice comes from one seed by label, so that adding a record moves
//! no other one.

use relaybox_protocol::random::Random;
use relaybox_protocol::{Keys, SecretKey};

/// The seed of a demo practice. Whoever knows it knows every key of that practice: it is for
/// synthetic records only.
#[derive(Clone, Copy)]
pub(crate) struct Seed {
    /// Of everything that one practice makes.
    practice: [u8; 32],
    /// Of the keys that families bring along: the same in every practice.
    families: [u8; 32],
}

impl Seed {
    pub(crate) const fn new(bytes: [u8; 32]) -> Self {
        Self { practice: bytes, families: bytes }
    }

    /// The usual practice, or the one of this name.
    pub(crate) fn of(bytes: [u8; 32], name: Option<&str>) -> Self {
        let seed = Self::new(bytes);
        name.map_or(seed, |name| seed.of_practice(name))
    }

    /// Another practice of this name, known to the same families.
    pub(crate) fn of_practice(self, name: &str) -> Self {
        Self { practice: self.bytes(&format!("practice of the name {name}")), ..self }
    }

    /// The key pair that a person holds in every practice.
    pub(crate) fn family_keys(self, label: &str) -> Keys {
        Self::new(self.families).keys(label)
    }

    /// 32 bytes for a label.
    pub(crate) fn bytes(&self, label: &str) -> [u8; 32] {
        use sha2::{Digest, Sha256};
        let mut hash = Sha256::new();
        hash.update(b"relaybox/demo/1\0");
        hash.update(self.practice);
        hash.update(label.as_bytes());
        hash.finalize().into()
    }

    /// A stream of randomness for a label.
    pub(crate) fn random(&self, label: &str) -> Random {
        Random::seeded(self.bytes(label))
    }

    /// The key pair of a label.
    pub(crate) fn keys(&self, label: &str) -> Keys {
        SecretKey::from_slice(&self.bytes(label)).map_or_else(|_| self.random(label).keys(), Keys::new)
    }

    /// A number in [0, 1).
    pub(crate) fn unit(&self, label: &str) -> f64 {
        let bytes = self.bytes(label);
        let high = u32::from_be_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]);
        f64::from(high) / (f64::from(u32::MAX) + 1.0)
    }

    /// A number in [−1, 1).
    pub(crate) fn signed(&self, label: &str) -> f64 {
        self.unit(label) * 2.0 - 1.0
    }

    /// A whole number in `0..limit`; 0 when `limit` is 0.
    pub(crate) fn below(&self, limit: u32, label: &str) -> u32 {
        let bytes = self.bytes(label);
        u32::from_be_bytes([bytes[4], bytes[5], bytes[6], bytes[7]]).checked_rem(limit).unwrap_or(0)
    }

    /// An id in the form of a version 4 UUID.
    pub(crate) fn uuid(&self, label: &str) -> String {
        let mut bytes = self.bytes(label);
        bytes[6] = (bytes[6] & 0x0f) | 0x40;
        bytes[8] = (bytes[8] & 0x3f) | 0x80;
        let hex: String = bytes[..16].iter().map(|byte| format!("{byte:02x}")).collect();
        format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_gives_the_same_key_each_time_and_another_label_another() {
        let seed = Seed::new([7; 32]);
        assert_eq!(seed.keys("a").public_key(), seed.keys("a").public_key());
        assert_ne!(seed.keys("a").public_key(), seed.keys("b").public_key());
        assert_ne!(seed.keys("a").public_key(), Seed::new([8; 32]).keys("a").public_key());
    }

    #[test]
    fn another_practice_has_other_keys_and_the_same_families() {
        let (one, other) = (Seed::new([7; 32]), Seed::new([7; 32]).of_practice("Second Street"));
        assert_ne!(one.keys("practice").public_key(), other.keys("practice").public_key());
        assert_eq!(one.family_keys("a").public_key(), other.family_keys("a").public_key());
        assert_eq!(one.family_keys("a").public_key(), one.keys("a").public_key());
    }

    #[test]
    fn an_id_has_the_form_of_a_uuid() {
        let id = Seed::new([7; 32]).uuid("x");
        assert_eq!(id.len(), 36);
        assert_eq!(&id[14..15], "4");
        assert!(["8", "9", "a", "b"].contains(&&id[19..20]));
    }

    #[test]
    fn numbers_stay_in_their_range() {
        let seed = Seed::new([1; 32]);
        for n in 0..500 {
            let unit = seed.unit(&n.to_string());
            assert!((0.0..1.0).contains(&unit));
            assert!(seed.below(7, &n.to_string()) < 7);
        }
        assert_eq!(seed.below(0, "x"), 0);
    }
}
