//! The sealed file: an age v1 file with one `fido2prf` stanza for each slot key and one X25519 recovery
//! recipient. The crate `age` writes and opens it; what it does not offer is done here: giving one more slot key
//! the file key, or taking a stanza away, without asking the keys that lie in a safe elsewhere.
//!
//! A removed slot key still opens older copies of the file, and what it opens there is the same P and v: removing
//! protects against a lost key only together with destroying the old copies. `docs/SECURITY.md` says so.

mod header;
mod payload;

use std::cell::RefCell;
use std::collections::HashSet;
use std::io::{Read as _, Write as _};
use std::iter;

use age::x25519;
use age::{DecryptError, Decryptor, EncryptError, Encryptor, Identity, Recipient};
use age_core::format::{FileKey, Stanza};
use age_core::secrecy::ExposeSecret as _;
use relaybox_protocol::random::Random;
use zeroize::Zeroizing;

use crate::contents::{Contents, ContentsError};
use crate::prf::{self, Nonce, PrfOutput};

/// Fewest slot keys of a sealed file: one is lost one day.
pub const SLOT_KEYS_MIN: usize = 2;
/// Most slot keys.
pub const SLOT_KEYS_MAX: usize = 8;
/// Largest sealed file that is read, bytes. One of eight slot keys has under 2 KB.
pub const FILE_BYTES_MAX: usize = 16 * 1024;

/// Why a file was not sealed or opened.
#[derive(Debug, thiserror::Error)]
pub enum EnvelopeError {
    #[error("seal the vault: {0} slot keys; {SLOT_KEYS_MIN} to {SLOT_KEYS_MAX} are needed")]
    SlotKeys(usize),
    #[error("seal the vault: a slot key stands in it already")]
    SameKey,
    #[error("write the sealed file")]
    Encrypt(#[source] EncryptError),
    #[error("write the sealed file")]
    Write(#[source] std::io::Error),
    #[error("read the sealed file: it is larger than {FILE_BYTES_MAX} bytes")]
    TooLarge,
    #[error("read the sealed file: it is no age file of version 1, or it is damaged")]
    Damaged,
    /// The key was asked, and its answer opens nothing here.
    #[error("open the sealed file: this key does not belong to it")]
    NotThisKey,
    #[error(transparent)]
    Contents(#[from] ContentsError),
}

/// One slot key's answer to the question of a nonce.
pub struct SlotAnswer {
    pub nonce: Nonce,
    pub output: PrfOutput,
}

/// What opens a file.
pub enum Opener<'a> {
    SlotKey(&'a SlotAnswer),
    /// The `vault` identity of the recovery words.
    Words(&'a x25519::Identity),
}

/// An opened file: its contents, and the file key that further slot keys can be given. The file key is wiped
/// when dropped.
pub struct Opened {
    pub contents: Contents,
    file_key: FileKey,
}

/// Seals contents to slot keys and the recovery recipient.
///
/// # Errors
/// With fewer than two slot keys, more than eight, or the same nonce twice.
pub fn seal(
    contents: &Contents,
    slot_keys: &[SlotAnswer],
    recovery: &x25519::Recipient,
) -> Result<Vec<u8>, EnvelopeError> {
    if !(SLOT_KEYS_MIN..=SLOT_KEYS_MAX).contains(&slot_keys.len()) {
        return Err(EnvelopeError::SlotKeys(slot_keys.len()));
    }
    let alike = |a: &SlotAnswer, b: &SlotAnswer| a.nonce == b.nonce || a.output.same(&b.output);
    if slot_keys.iter().enumerate().any(|(at, key)| slot_keys[..at].iter().any(|before| alike(before, key))) {
        return Err(EnvelopeError::SameKey);
    }
    let recipients = slot_keys.iter().map(|key| key as &dyn Recipient);
    let encryptor = Encryptor::with_recipients(recipients.chain(iter::once(recovery as &dyn Recipient)))
        .map_err(EnvelopeError::Encrypt)?;
    let mut file = Vec::new();
    let mut writer = encryptor.wrap_output(&mut file).map_err(EnvelopeError::Write)?;
    writer.write_all(&contents.to_bytes()).map_err(EnvelopeError::Write)?;
    writer.finish().map_err(EnvelopeError::Write)?;
    Ok(file)
}

/// Opens a file.
///
/// # Errors
/// `NotThisKey` when the opener is of another file; `Damaged` when a byte is not as it was written.
pub fn open(file: &[u8], opener: &Opener<'_>) -> Result<Opened, EnvelopeError> {
    if file.len() > FILE_BYTES_MAX {
        return Err(EnvelopeError::TooLarge);
    }
    let decryptor = Decryptor::new(file).map_err(|_| EnvelopeError::Damaged)?;
    let keeper = Keeper { opener, kept: RefCell::new(None) };
    let mut reader =
        decryptor.decrypt(iter::once(&keeper as &dyn Identity)).map_err(|error| match error {
            DecryptError::NoMatchingKeys | DecryptError::KeyDecryptionFailed => EnvelopeError::NotThisKey,
            _ => EnvelopeError::Damaged,
        })?;
    let mut bytes = Zeroizing::new(Vec::with_capacity(FILE_BYTES_MAX));
    reader.read_to_end(&mut bytes).map_err(|_| EnvelopeError::Damaged)?;
    let file_key = keeper.kept.into_inner().ok_or(EnvelopeError::Damaged)?;
    Ok(Opened { contents: Contents::from_bytes(&bytes)?, file_key })
}

/// The nonces of the slot keys of a file, in its order. Needs no key.
///
/// # Errors
/// When it is no age file of version 1.
pub fn nonces(file: &[u8]) -> Result<Vec<Nonce>, EnvelopeError> {
    Ok(header::read(file)?.nonces())
}

/// The file with one more slot key.
///
/// # Errors
/// When the key stands in it already, or there would be more than eight.
pub fn add(file: &[u8], opened: &Opened, key: &SlotAnswer) -> Result<Vec<u8>, EnvelopeError> {
    let mut parsed = header::read(file)?;
    let present = parsed.nonces();
    if present.len() == SLOT_KEYS_MAX {
        return Err(EnvelopeError::SlotKeys(SLOT_KEYS_MAX + 1));
    }
    if present.contains(&key.nonce) {
        return Err(EnvelopeError::SameKey);
    }
    parsed.stanzas.push(prf::wrap(key.nonce, &key.output, &opened.file_key));
    header::write(&parsed, &opened.file_key)
}

/// The file without one of its slot keys.
///
/// # Errors
/// When it has no such key, or fewer than two would remain.
pub fn remove(file: &[u8], opened: &Opened, key: Nonce) -> Result<Vec<u8>, EnvelopeError> {
    let mut parsed = header::read(file)?;
    let before = parsed.stanzas.len();
    parsed.stanzas.retain(|stanza| prf::nonce_of(stanza) != Some(key));
    if parsed.stanzas.len() == before {
        return Err(EnvelopeError::NotThisKey);
    }
    let left = parsed.nonces().len();
    if left < SLOT_KEYS_MIN {
        return Err(EnvelopeError::SlotKeys(left));
    }
    header::write(&parsed, &opened.file_key)
}

/// The file with other contents under the same header: whoever opens the file opens the new one, and nobody is asked
/// for it. A removed slot key that kept an older copy opens it, too, as it opens P there.
///
/// # Errors
/// When the file is not the opened one's form.
pub fn rewrite(
    file: &[u8],
    opened: &Opened,
    contents: &Contents,
    random: &mut Random,
) -> Result<Vec<u8>, EnvelopeError> {
    let sealed = payload::seal(&opened.file_key, &contents.to_bytes(), random)?;
    header::write(&header::read(file)?.with_payload(&sealed), &opened.file_key)
}

impl Recipient for SlotAnswer {
    fn wrap_file_key(&self, file_key: &FileKey) -> Result<(Vec<Stanza>, HashSet<String>), EncryptError> {
        Ok((vec![prf::wrap(self.nonce, &self.output, file_key)], HashSet::new()))
    }
}

/// An identity that keeps the file key it unwrapped.
struct Keeper<'a> {
    opener: &'a Opener<'a>,
    kept: RefCell<Option<FileKey>>,
}

impl Identity for Keeper<'_> {
    fn unwrap_stanza(&self, stanza: &Stanza) -> Option<Result<FileKey, DecryptError>> {
        let file_key = match self.opener {
            Opener::SlotKey(answer) => prf::unwrap(answer.nonce, &answer.output, stanza)?,
            Opener::Words(identity) => match identity.unwrap_stanza(stanza)? {
                Ok(file_key) => file_key,
                Err(error) => return Some(Err(error)),
            },
        };
        self.kept.replace(Some(copy(&file_key)));
        Some(Ok(file_key))
    }
}

fn copy(file_key: &FileKey) -> FileKey {
    FileKey::new(Box::new(*file_key.expose_secret()))
}

#[cfg(test)]
mod tests;
