//! The vault's file on disk. A new file replaces the old one only after it lies on the disk and was read back
//! as it was written; power lost in between leaves the old one.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use relaybox_process::files::Draft;

use crate::envelope::FILE_BYTES_MAX;

/// Name of the sealed file in the vault's state directory.
pub const NAME: &str = "vault.age";
/// Where a new file waits until the relay has stored the transaction that belongs to it.
const NEXT: &str = "vault.next.age";

/// Why the file was not read or replaced. The old file is whole in every case.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    #[error("read the vault's file")]
    Read(#[source] io::Error),
    #[error("read the vault's file: it is larger than {FILE_BYTES_MAX} bytes")]
    TooLarge,
    #[error("write the vault's file")]
    Write(#[source] io::Error),
    #[error("read back what was written to the disk: it differs")]
    ReadBack,
}

/// The sealed file of one state directory.
#[derive(Debug, Clone)]
pub struct VaultFile {
    path: PathBuf,
}

impl VaultFile {
    pub fn of(folder: &Path) -> Self {
        Self { path: folder.join(NAME) }
    }

    /// The file that waits to take its place.
    pub fn next(folder: &Path) -> Self {
        Self { path: folder.join(NEXT) }
    }

    /// The file's bytes; none when the box is not claimed.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn read(&self) -> Result<Option<Vec<u8>>, FileError> {
        match read_bounded(&self.path) {
            Ok(bytes) if bytes.len() > FILE_BYTES_MAX => Err(FileError::TooLarge),
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(FileError::Read(error)),
        }
    }

    /// Replaces the file. `proved` judges the bytes as they were read back from the disk: for a caller that can
    /// open them, opening is the proof.
    ///
    /// # Errors
    /// When the disk does not take it or what was read back is not proved; then the old file stays.
    pub fn replace(&self, bytes: &[u8], proved: impl FnOnce(&[u8]) -> bool) -> Result<(), FileError> {
        let draft = Draft::write(&self.path, 0o600, bytes).map_err(FileError::Write)?;
        let back = read_bounded(draft.place()).map_err(FileError::Read)?;
        if back != bytes || !proved(&back) {
            return Err(FileError::ReadBack);
        }
        draft.keep().map_err(FileError::Write)
    }

    /// Removes it, if it is there.
    ///
    /// # Errors
    /// When the disk does not do it.
    pub fn remove(&self) -> Result<(), FileError> {
        match std::fs::remove_file(&self.path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(FileError::Write(error)),
            _ => Ok(()),
        }
    }
}

fn read_bounded(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let limit = u64::try_from(FILE_BYTES_MAX).unwrap_or(u64::MAX).saturating_add(1);
    File::open(path)?.take(limit).read_to_end(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    /// Where a successor is written first.
    const NEW: &str = "vault.draft";

    #[test]
    fn what_was_proved_is_read_and_only_its_owner_may() {
        let folder = tempfile::tempdir().unwrap();
        let file = VaultFile::of(folder.path());
        assert_eq!(file.read().unwrap(), None);
        file.replace(b"first", |back| back == b"first").unwrap();
        file.replace(b"second", |_| true).unwrap();
        assert_eq!(file.read().unwrap().as_deref(), Some(&b"second"[..]));
        let mode = fs::metadata(folder.path().join(NAME)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn what_is_not_proved_leaves_the_old_file() {
        let folder = tempfile::tempdir().unwrap();
        let file = VaultFile::of(folder.path());
        file.replace(b"old", |_| true).unwrap();
        assert!(matches!(file.replace(b"new", |_| false), Err(FileError::ReadBack)));
        assert_eq!(file.read().unwrap().as_deref(), Some(&b"old"[..]));
    }

    #[test]
    fn a_write_that_was_broken_off_at_any_byte_leaves_the_old_file() {
        let folder = tempfile::tempdir().unwrap();
        let file = VaultFile::of(folder.path());
        file.replace(b"old", |_| true).unwrap();
        for cut in 0..b"the new one".len() {
            fs::write(folder.path().join(NEW), &b"the new one"[..cut]).unwrap();
            assert_eq!(file.read().unwrap().as_deref(), Some(&b"old"[..]));
        }
        file.replace(b"the new one", |_| true).unwrap();
        assert_eq!(file.read().unwrap().as_deref(), Some(&b"the new one"[..]));
    }

    #[test]
    fn a_file_over_the_limit_is_refused_and_one_at_the_limit_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let file = VaultFile::of(folder.path());
        fs::write(folder.path().join(NAME), vec![0; FILE_BYTES_MAX]).unwrap();
        assert_eq!(file.read().unwrap().unwrap().len(), FILE_BYTES_MAX);
        fs::write(folder.path().join(NAME), vec![0; FILE_BYTES_MAX + 1]).unwrap();
        assert!(matches!(file.read(), Err(FileError::TooLarge)));
    }
}
