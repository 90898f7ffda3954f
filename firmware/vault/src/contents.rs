//! What lies in the sealed file: P's secret, v, and the legacy key if a former practice was imported.

use relaybox_protocol::{Keys, SecretKey, hex};
use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

/// Version of the text inside.
const VERSION: u32 = 1;

/// Why a file that opened is not a vault's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ContentsError {
    #[error("read the sealed contents: they are not those of a vault")]
    Shape,
    #[error("read the sealed contents: version {0} is not known to this software")]
    Version(u32),
    #[error("read the sealed contents: a key is not on the curve")]
    Key,
}

/// The secrets of one practice. Wiped when dropped; `Debug` does not show them.
pub struct Contents {
    pub practice: Keys,
    pub escrow: Keys,
    pub legacy: Option<SecretKey>,
}

impl std::fmt::Debug for Contents {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Contents(P {}, …)", self.practice.public_key().to_hex())
    }
}

#[derive(Serialize, Deserialize, Zeroize, ZeroizeOnDrop)]
#[serde(deny_unknown_fields)]
struct Text {
    version: u32,
    practice: String,
    escrow: String,
    legacy: Option<String>,
}

impl Contents {
    /// The same practice with the secret of a former one.
    pub fn with_legacy(&self, legacy: SecretKey) -> Self {
        Self { practice: self.practice.clone(), escrow: self.escrow.clone(), legacy: Some(legacy) }
    }

    /// JSON of version 1: keys in lower-case hex.
    pub fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        let text = Text {
            version: VERSION,
            practice: self.practice.secret_key().to_secret_hex(),
            escrow: self.escrow.secret_key().to_secret_hex(),
            legacy: self.legacy.as_ref().map(SecretKey::to_secret_hex),
        };
        // Strings and a number: serialisation cannot fail.
        Zeroizing::new(serde_json::to_vec(&text).unwrap_or_default())
    }

    /// True for the same secrets.
    pub fn same(&self, other: &Self) -> bool {
        self.practice.secret_key() == other.practice.secret_key()
            && self.escrow.secret_key() == other.escrow.secret_key()
            && self.legacy == other.legacy
    }

    /// # Errors
    /// When the bytes are not what [`Contents::to_bytes`] writes.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, ContentsError> {
        let text: Text = serde_json::from_slice(bytes).map_err(|_| ContentsError::Shape)?;
        if text.version != VERSION {
            return Err(ContentsError::Version(text.version));
        }
        Ok(Self {
            practice: Keys::new(secret(&text.practice)?),
            escrow: Keys::new(secret(&text.escrow)?),
            legacy: text.legacy.as_deref().map(secret).transpose()?,
        })
    }
}

fn secret(text: &str) -> Result<SecretKey, ContentsError> {
    let bytes = Zeroizing::new(hex::decode::<32>(text).ok_or(ContentsError::Shape)?);
    SecretKey::from_slice(bytes.as_slice()).map_err(|_| ContentsError::Key)
}

#[cfg(test)]
pub(crate) fn sample() -> Contents {
    let mut random = relaybox_protocol::random::Random::seeded([3; 32]);
    Contents { practice: random.keys(), escrow: random.keys(), legacy: None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contents_are_read_back_as_they_were() {
        let mut contents = sample();
        contents.legacy = Some(contents.escrow.secret_key().clone());
        let read = Contents::from_bytes(&contents.to_bytes()).unwrap();
        assert_eq!(read.practice.secret_key(), contents.practice.secret_key());
        assert_eq!(read.escrow.secret_key(), contents.escrow.secret_key());
        assert_eq!(read.legacy, contents.legacy);
    }

    #[test]
    fn another_version_other_members_and_a_key_off_the_curve_are_refused() {
        let good = String::from_utf8(sample().to_bytes().to_vec()).unwrap();
        let newer = good.replace("\"version\":1", "\"version\":2");
        assert_eq!(Contents::from_bytes(newer.as_bytes()).unwrap_err(), ContentsError::Version(2));
        let more = good.replace("\"version\":1", "\"version\":1,\"more\":0");
        assert_eq!(Contents::from_bytes(more.as_bytes()).unwrap_err(), ContentsError::Shape);
        let zero = good.replace(&sample().practice.secret_key().to_secret_hex(), &"0".repeat(64));
        assert_eq!(Contents::from_bytes(zero.as_bytes()).unwrap_err(), ContentsError::Key);
    }

    #[test]
    fn debug_shows_no_secret() {
        let contents = sample();
        let shown = format!("{contents:?}");
        assert!(!shown.contains(&contents.practice.secret_key().to_secret_hex()), "{shown}");
        assert!(!shown.contains(&contents.escrow.secret_key().to_secret_hex()), "{shown}");
    }
}
