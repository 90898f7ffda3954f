//! The vault's helper `relaybox-slot`, the one program that speaks CTAP to a security key. It is started for one
//! request (one JSON line on its standard input), answers with lines on its standard output, and ends; whoever
//! started it kills it when it does not. Last line: anything but [`Reply::Touch`].
//!
//! It holds no state and knows no vault. PIN always (the seed without user verification is another one), so every
//! secret of a credential is the one that WebAuthn's PRF gives in a browser under the same rp.id.

use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, ZeroizeOnDrop};

/// Seconds after which the helper is killed.
pub const SLOT_SECONDS: u64 = 60;
/// Longest line either way, bytes.
pub const LINE_BYTES_MAX: usize = 64 * 1024;

/// Hex of secret bytes, or a PIN; wiped when dropped, never shown.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Zeroize, ZeroizeOnDrop)]
#[serde(transparent)]
pub struct Secret(pub String);

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// What is asked. `key` is the [`Key::key`] of a list; bytes are lower-case hex.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "ask", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Request {
    /// The security keys that are in. Neither PIN nor touch.
    List {},
    /// What a key asks of a PIN. Neither PIN nor touch.
    Look { key: String },
    /// The first PIN of a new key (NFC, 4–63 bytes; judged before it is sent).
    SetPin { key: String, pin: Secret },
    /// A credential for hmac-secret with credProtect 3 that is found again only by its id: PIN and touch.
    Make {
        key: String,
        rp: String,
        /// 1–64 bytes, random; no name of a person.
        user: String,
        label: String,
        /// Credentials of this vault: a key that holds one is not enrolled twice.
        exclude: Vec<String>,
        challenge: String,
        pin: Secret,
    },
    /// Which of these credentials the key holds. PIN, no touch.
    Find { key: String, rp: String, credentials: Vec<String>, pin: Secret },
    /// hmac-secret of one or two salts of 32 bytes: PIN and touch.
    Secret { key: String, rp: String, credential: String, salts: Vec<String>, challenge: String, pin: Secret },
}

/// A line of the answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "answer", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Reply {
    Keys {
        keys: Vec<Key>,
    },
    Looked {
        aaguid: String,
        pin_set: bool,
        /// 0 while no PIN is set.
        tries_left: u8,
        /// Shortest PIN, code points.
        pin_least: usize,
        /// The key can keep what a slot key needs: hmac-secret, credProtect, a PIN.
        fits: bool,
    },
    Done,
    /// `public_key`: uncompressed SEC1 P-256, 65 bytes; approvals of this credential verify under it (ES256).
    Made {
        credential: String,
        public_key: String,
    },
    Found {
        credential: Option<String>,
    },
    /// `signature` over authenticator data and SHA-256 of `challenge`: what the audit keeps of an approval.
    Secret {
        outputs: Vec<Secret>,
        authenticator_data: String,
        signature: String,
    },
    /// The key waits for a touch; more follows.
    Touch,
    Failed {
        why: Failure,
    },
}

/// A security key that is in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Key {
    /// Changes when the key is taken out and put in again.
    pub key: String,
    /// Of its USB descriptor.
    pub product: String,
}

/// Why a key gave no answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "failure", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Failure {
    WrongPin {
        tries_left: u8,
    },
    /// After three wrong PINs in a row the key looks at no other before it was taken out. No try was spent.
    Unplug,
    Locked,
    PinNotSet,
    /// The key takes no such PIN, or none before its PIN was changed. No try was spent.
    PinPolicy,
    TakenOut,
    NotTouched,
    /// No such credential on this key.
    Foreign,
    /// `Make`: the key holds one of the excluded credentials.
    AlreadyHere,
    /// The key lacks what a slot key needs.
    Unfit,
    /// The request is not one of this page, or names what cannot be.
    Request,
    /// CTAP status (`0x06`) or library error that has no name here; `other-…`: the answer is about something else
    /// than what was asked.
    Other {
        code: String,
    },
}
