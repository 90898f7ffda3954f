//! Choices from a seeded stream, and people by number.

use relaybox_protocol::random::Random;
use relaybox_protocol::{Keys, SecretKey, hex};
use sha2::{Digest, Sha256};

pub(super) struct Dice {
    random: Random,
    pool: Vec<u8>,
}

/// Times are around this one.
pub(super) const NOW: u64 = 1_790_000_000;

/// Characters that JSON, UTF-8 and UTF-16 treat differently.
const CHARACTERS: [char; 24] = [
    'a',
    'b',
    'z',
    'A',
    '0',
    '9',
    ' ',
    '"',
    '\\',
    '/',
    '\n',
    '\t',
    '\r',
    '\u{8}',
    '\u{c}',
    '\u{7f}',
    '\u{80}',
    'ü',
    '\u{2028}',
    '\u{feff}',
    '\u{ffff}',
    '👶',
    '\u{10ffff}',
    '{',
];

impl Dice {
    pub(super) fn new(seed: &str, n: u64) -> Self {
        let seed = Sha256::digest(format!("relaybox differ {seed} {n}")).into();
        Self { random: Random::seeded(seed), pool: Vec::new() }
    }

    pub(super) fn byte(&mut self) -> u8 {
        if self.pool.is_empty() {
            self.pool = self.random.bytes32().to_vec();
        }
        self.pool.pop().unwrap()
    }

    pub(super) fn bytes(&mut self, count: usize) -> Vec<u8> {
        (0..count).map(|_| self.byte()).collect()
    }

    pub(super) fn number(&mut self) -> u64 {
        (0..8).fold(0, |number, _| number << 8 | u64::from(self.byte()))
    }

    /// A number below `limit`, which is not zero.
    pub(super) fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.number() % u64::try_from(limit).unwrap()).unwrap()
    }

    pub(super) fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    pub(super) fn pick<'a, T>(&mut self, list: &'a [T]) -> &'a T {
        &list[self.below(list.len())]
    }

    pub(super) fn word(&mut self, list: &[&'static str]) -> &'static str {
        list[self.below(list.len())]
    }

    /// 32 bytes, hex.
    pub(super) fn digest(&mut self) -> String {
        hex::encode(&self.bytes(32))
    }

    /// One of eight people, or of their keys.
    pub(super) fn person(&mut self) -> Keys {
        person(self.below(8))
    }

    pub(super) fn key(&mut self) -> String {
        self.person().public_key().to_hex()
    }

    pub(super) fn secret(&mut self) -> String {
        self.person().secret_key().to_secret_hex()
    }

    /// Up to `most` characters.
    pub(super) fn text(&mut self, most: usize) -> String {
        (0..self.below(most + 1)).map(|_| *self.pick(&CHARACTERS)).collect()
    }
}

pub(super) fn person(n: usize) -> Keys {
    Keys::new(SecretKey::from_slice(&Sha256::digest(format!("person {n}"))).unwrap())
}
