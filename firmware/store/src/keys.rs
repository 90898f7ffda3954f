//! What the admin role keeps: wrapped keys of people, enrolment tokens, and logins that were used.
//!
//! It deliberately knows nothing of who may do what. Times are unix seconds, given by the caller.

use std::path::Path;

use crate::Result;
use crate::sqlite::KeysFile;

/// Wrapped secrets that one key may have.
pub const KEPT_MAX: usize = 5;
/// Tokens and waiting keys at a time; beyond it nobody makes a new one.
pub const TOKENS_MAX: usize = 500;

/// A wrapped secret without its bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    pub credential: Vec<u8>,
    pub label: String,
    pub added: u64,
}

/// What became of a wrapped secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Put {
    Kept,
    /// The key has [`KEPT_MAX`] already.
    Full,
    /// The credential belongs to another key.
    Foreign,
}

/// A key that used a token and waits for a person to sign it in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    pub key: [u8; 32],
    pub role: String,
    pub pop: String,
    pub by: [u8; 32],
    pub until: u64,
}

/// The admin role's file.
#[derive(Debug, Clone)]
pub struct KeyStore {
    file: KeysFile,
}

impl KeyStore {
    /// # Errors
    /// When the file cannot be used, or is of a newer version.
    pub async fn open(path: &Path) -> Result<Self> {
        Ok(Self { file: KeysFile::open(path).await? })
    }

    /// True for the first caller only, until `until`.
    ///
    /// # Errors
    /// When the file does not take it; then it must count as used.
    pub async fn once(&self, id: [u8; 32], until: u64, now: u64) -> Result<bool> {
        self.file.once(id, until, now).await
    }

    /// Keeps a wrapped secret, in place of the owner's own one of the same credential.
    ///
    /// # Errors
    /// When the file does not take it.
    pub async fn put(&self, owner: [u8; 32], kept: Kept, bytes: Vec<u8>) -> Result<Put> {
        self.file.put(owner, kept, bytes).await
    }

    /// The owner's key and the bytes.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub async fn get(&self, credential: &[u8]) -> Result<Option<([u8; 32], Vec<u8>)>> {
        self.file.get(credential.to_vec()).await
    }

    /// The oldest first.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub async fn kept(&self, owner: [u8; 32]) -> Result<Vec<Kept>> {
        self.file.kept(owner).await
    }

    /// False when the owner has none of this credential.
    ///
    /// # Errors
    /// When the file does not take it.
    pub async fn remove(&self, owner: [u8; 32], credential: &[u8]) -> Result<bool> {
        self.file.remove(owner, credential.to_vec()).await
    }

    /// Opens a token; false when there are too many.
    ///
    /// # Errors
    /// When the file does not take it.
    pub async fn open_token(&self, hash: [u8; 32], by: [u8; 32], until: u64, now: u64) -> Result<bool> {
        self.file.open_token(hash, by, until, now).await
    }

    /// Whether a token is open.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub async fn is_open(&self, hash: [u8; 32], now: u64) -> Result<bool> {
        self.file.is_open(hash, now).await
    }

    /// Uses a token for a key; false when it is not open, or the key waits already.
    ///
    /// # Errors
    /// When the file does not take it.
    pub async fn enrol(
        &self,
        hash: [u8; 32],
        key: [u8; 32],
        role: String,
        pop: String,
        until: u64,
        now: u64,
    ) -> Result<bool> {
        self.file.enrol(hash, (key, role, pop), until, now).await
    }

    /// Keys that wait, the one whose time ends first first.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub async fn waiting(&self, now: u64) -> Result<Vec<Waiting>> {
        self.file.waiting(now).await
    }

    /// Takes a waiting key out; false when there is none.
    ///
    /// # Errors
    /// When the file does not take it.
    pub async fn dismiss(&self, key: [u8; 32]) -> Result<bool> {
        self.file.dismiss(key).await
    }
}
