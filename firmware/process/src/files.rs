//! Files of a state directory, written whole or not at all.

use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

/// Writes, syncs and renames, so that a power cut leaves the old file or the new one.
///
/// # Errors
/// When the disk does not take it; the old file stays.
pub fn write(path: &Path, mode: u32, bytes: &[u8]) -> io::Result<()> {
    Draft::write(path, mode, bytes)?.keep()
}

/// The text of a file, none when there is no such file.
///
/// # Errors
/// When it is there and cannot be read.
pub fn read(path: &Path) -> io::Result<Option<String>> {
    match std::fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// What will replace a file: on the disk, beside it. A left one is of a write that was broken off, and means nothing.
#[derive(Debug)]
pub struct Draft {
    path: PathBuf,
    draft: PathBuf,
}

impl Draft {
    /// Writes and syncs it.
    ///
    /// # Errors
    /// When the disk does not take it.
    pub fn write(path: &Path, mode: u32, bytes: &[u8]) -> io::Result<Self> {
        let draft = path.with_extension("draft");
        match std::fs::remove_file(&draft) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mut file = OpenOptions::new().write(true).create_new(true).mode(mode).open(&draft)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        Ok(Self { path: path.to_owned(), draft })
    }

    /// Where it lies, for who wants to read it back.
    pub fn place(&self) -> &Path {
        &self.draft
    }

    /// Puts it in the place of the file.
    ///
    /// # Errors
    /// When the disk does not take it; before the rename the old file stays.
    pub fn keep(self) -> io::Result<()> {
        std::fs::rename(&self.draft, &self.path)?;
        // The rename is on the disk when its folder is.
        self.path.parent().map_or(Ok(()), |parent| File::open(parent)?.sync_all())
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn a_file_is_replaced_whole_with_its_mode_and_a_left_draft_means_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key.pem");
        assert_eq!(read(&path).unwrap(), None);
        write(&path, 0o600, b"old").unwrap();
        std::fs::write(folder.path().join("key.draft"), b"broken o").unwrap();
        assert_eq!(read(&path).unwrap().as_deref(), Some("old"));
        write(&path, 0o600, b"new").unwrap();
        assert_eq!(read(&path).unwrap().as_deref(), Some("new"));
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert!(!folder.path().join("key.draft").exists());
    }

    #[test]
    fn a_draft_that_is_not_kept_leaves_the_old_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key.pem");
        write(&path, 0o600, b"old").unwrap();
        let draft = Draft::write(&path, 0o600, b"new").unwrap();
        assert_eq!(std::fs::read(draft.place()).unwrap(), b"new");
        drop(draft);
        assert_eq!(read(&path).unwrap().as_deref(), Some("old"));
    }
}
