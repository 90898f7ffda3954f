//! Recovery words: 24 BIP-39 words that a person keeps on paper, and the two age identities that they
//! yield by label.
//!
//! The label keeps uses apart: `vault` opens the sealed practice key and never enters a running box outside
//! recovery; `backup` opens backups. Whoever holds one identity learns nothing of the other.

use age::x25519::Identity;
use bech32::{Bech32, Hrp};
use bip39::{Language, Mnemonic};
use hkdf::Hkdf;
use relaybox_protocol::random::Random;
use relaybox_protocol::{Keys, SecretKey};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;
use zeroize::{Zeroize, Zeroizing};

/// Number of words: 256 bits and a checksum of 8.
pub const WORDS: usize = 24;
/// Words on one line of a sheet.
pub(crate) const ROW: usize = 4;

const SALT: &[u8] = b"relaybox/recovery/1";

/// What an identity drawn from the words is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    Vault,
    Backup,
}

impl Purpose {
    const fn label(self) -> &'static [u8] {
        match self {
            Self::Vault => b"vault",
            Self::Backup => b"backup",
        }
    }
}

/// Why typed words are not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum WordsError {
    #[error("read the words: there are {0} of 24")]
    Count(usize),
    /// The place of the first word that is on no list, from 1.
    #[error("read the words: number {0} is not a word of the list")]
    Unknown(usize),
    #[error("read the words: all are of the list, but they do not belong together; one may be exchanged")]
    Checksum,
}

/// The words. They are wiped when dropped; `Debug` does not show them.
pub struct RecoveryWords(Mnemonic);

impl std::fmt::Debug for RecoveryWords {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("RecoveryWords(…)")
    }
}

impl Drop for RecoveryWords {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl RecoveryWords {
    /// New words.
    ///
    /// # Errors
    /// Never with 32 bytes of entropy; the library's signature has an error.
    pub fn generate(random: &mut Random) -> Result<Self, WordsError> {
        let entropy = Zeroizing::new(random.bytes32());
        Mnemonic::from_entropy_in(Language::English, entropy.as_slice())
            .map(Self)
            .map_err(|_| WordsError::Count(0))
    }

    /// Words as a person types them: any case, any white space, with or without numbers before them.
    ///
    /// # Errors
    /// Says how many are missing or which one is not on the list.
    pub fn parse(typed: &str) -> Result<Self, WordsError> {
        let words = typed_words(typed);
        if let Some(at) = words.iter().position(|word| Language::English.find_word(word).is_none()) {
            return Err(WordsError::Unknown(at + 1));
        }
        if words.len() != WORDS {
            return Err(WordsError::Count(words.len()));
        }
        let joined = Zeroizing::new(words.iter().map(|word| word.as_str()).collect::<Vec<_>>().join(" "));
        Mnemonic::parse_in_normalized(Language::English, &joined).map(Self).map_err(|_| WordsError::Checksum)
    }

    /// The words in order, for paper and display.
    pub fn words(&self) -> impl Iterator<Item = &'static str> + '_ {
        self.0.words()
    }

    /// True for the same words, compared without a hint of where they differ.
    pub fn same(&self, other: &Self) -> bool {
        let (mine, theirs) = (Zeroizing::new(self.0.to_entropy()), Zeroizing::new(other.0.to_entropy()));
        mine.as_slice().ct_eq(theirs.as_slice()).into()
    }

    /// The practice's next key, from the words of the second sheet: HKDF-SHA256(salt "relaybox/recovery/1", ikm the 32
    /// bytes of the words, info `next`). None for words whose key is not on the curve, which chance does not give.
    pub fn next_practice(&self) -> Option<Keys> {
        let entropy = Zeroizing::new(self.0.to_entropy());
        let mut secret = Zeroizing::new([0u8; 32]);
        Hkdf::<Sha256>::new(Some(SALT), &entropy).expand(b"next", secret.as_mut_slice()).ok()?;
        SecretKey::from_slice(secret.as_slice()).ok().map(Keys::new)
    }

    /// SHA-256 of the public key of [`RecoveryWords::next_practice`]: what the first 2105 or the last 2107 names.
    pub fn next_hash(&self) -> Option<[u8; 32]> {
        self.next_practice().map(|next| Sha256::digest(next.public_key().as_bytes()).into())
    }

    /// The age identity for one purpose: an X25519 secret, HKDF-SHA256(salt "relaybox/recovery/1", ikm the
    /// 32 bytes of the words, info the label).
    pub fn identity(&self, purpose: Purpose) -> Identity {
        let entropy = Zeroizing::new(self.0.to_entropy());
        let mut secret = Zeroizing::new([0u8; 32]);
        // 32 bytes are within HKDF's bound, 255 × 32.
        let expanded =
            Hkdf::<Sha256>::new(Some(SALT), &entropy).expand(purpose.label(), secret.as_mut_slice());
        debug_assert!(expanded.is_ok());
        identity_of(&secret)
    }
}

/// Words as a person types them, without what may stand around them.
fn typed_words(typed: &str) -> Vec<Zeroizing<String>> {
    let bare = |word: &str| {
        let word = word.trim_matches(|c: char| c.is_ascii_digit() || ".,:;)".contains(c));
        Zeroizing::new(word.to_lowercase())
    };
    typed.split_whitespace().map(bare).filter(|word| !word.is_empty()).collect()
}

/// Check digits of typed words, four by four as on the sheets: a line that was copied wrong has others than its sheet.
pub fn check_digits(typed: &str) -> Vec<u64> {
    let words = typed_words(typed);
    let words: Vec<&str> = words.iter().map(|word| word.as_str()).collect();
    words.chunks(ROW).map(check).collect()
}

/// SHA-256 of the words with spaces between, first eight bytes, modulo 100.
pub(crate) fn check(words: &[&str]) -> u64 {
    let hash = Sha256::digest(words.join(" ").as_bytes());
    let mut first = [0; 8];
    first.copy_from_slice(&hash[..8]);
    u64::from_be_bytes(first) % 100
}

/// age reads identities as Bech32 text only.
fn identity_of(secret: &[u8; 32]) -> Identity {
    let text = Zeroizing::new(bech32::encode_upper::<Bech32>(PREFIX, secret).unwrap_or_default());
    text.parse().unwrap_or_else(|_| unreachable!("32 bytes under age's prefix are an identity"))
}

const PREFIX: Hrp = Hrp::parse_unchecked("AGE-SECRET-KEY-");

#[cfg(test)]
mod tests {
    use age::secrecy::ExposeSecret as _;

    use super::*;

    fn words() -> RecoveryWords {
        RecoveryWords::generate(&mut Random::seeded([7; 32])).unwrap()
    }

    #[test]
    fn typed_back_they_are_the_same_words() {
        let words = words();
        let listed: Vec<&str> = words.words().collect();
        assert_eq!(listed.len(), WORDS);
        let sloppy: String = listed
            .iter()
            .enumerate()
            .map(|(i, word)| format!("{}. {}\n", i + 1, word.to_uppercase()))
            .collect();
        assert!(RecoveryWords::parse(&sloppy).unwrap().same(&words));
    }

    #[test]
    fn an_exchanged_a_missing_and_an_unknown_word_are_told_apart() {
        let words = words();
        let mut listed: Vec<&str> = words.words().collect();
        listed.swap(3, 4);
        assert_eq!(RecoveryWords::parse(&listed.join(" ")).unwrap_err(), WordsError::Checksum);
        assert_eq!(RecoveryWords::parse(&listed[1..].join(" ")).unwrap_err(), WordsError::Count(23));
        listed[9] = "relaybox";
        assert_eq!(RecoveryWords::parse(&listed.join(" ")).unwrap_err(), WordsError::Unknown(10));
    }

    #[test]
    fn check_digits_of_typed_words_are_those_of_the_sheet_and_tell_the_line_of_a_wrong_one() {
        let words = words();
        let listed: Vec<&str> = words.words().collect();
        let right = check_digits(&listed.join(" "));
        let on_sheet: Vec<u64> = listed.chunks(ROW).map(check).collect();
        assert_eq!((right.len(), &right), (6, &on_sheet));
        let mut wrong = listed.clone();
        wrong[9] = if wrong[9] == "zoo" { "able" } else { "zoo" };
        let told = check_digits(&wrong.join(" "));
        let differing: Vec<usize> = (0..6).filter(|row| told[*row] != right[*row]).collect();
        assert_eq!(differing, [2]);
    }

    #[test]
    fn other_words_are_not_the_same() {
        let other = RecoveryWords::generate(&mut Random::seeded([8; 32])).unwrap();
        assert!(!other.same(&words()) && words().same(&words()));
    }

    #[test]
    fn the_two_purposes_have_identities_of_their_own_and_always_the_same() {
        let text = |purpose| words().identity(purpose).to_string().expose_secret().to_owned();
        assert_eq!(text(Purpose::Vault), text(Purpose::Vault));
        assert_ne!(text(Purpose::Vault), text(Purpose::Backup));
    }

    #[test]
    fn debug_shows_no_word() {
        let shown = format!("{:?}", words());
        assert!(words().words().all(|word| !shown.contains(word)), "{shown}");
    }
}
