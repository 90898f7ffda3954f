//! The data directory of `relaybox dev`: marked as ours, locked while in use.

use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use relaybox_process::files;
use relaybox_protocol::random::Random;
use relaybox_protocol::{Keys, PublicKey, SecretKey};

use crate::demo::DemoWorld;
use crate::roles::ROLES;

const MARKER: &str = "relaybox-dev.txt";
const MARKER_TEXT: &str = "This directory belongs to `relaybox dev`. It holds synthetic data and keys for \
development, never real records. `relaybox dev --reset` removes everything in it.\n";
const WORLD: &str = "demo.json";

/// Why the directory cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum DataError {
    #[error("{act} {path}")]
    Io {
        act: &'static str,
        path: PathBuf,
        #[source]
        source: std::io::Error,
    },
    #[error("use {0}: it holds other files and does not carry our marker; choose another --data")]
    Foreign(PathBuf),
    #[error("use {0}: another box is running in it; stop that one or choose another --data")]
    InUse(PathBuf),
    #[error("read {0}: it is damaged; start anew with --reset")]
    Damaged(PathBuf),
}

/// A directory that is ours and that nobody else uses.
#[derive(Debug)]
pub(super) struct Data {
    root: PathBuf,
    /// Locked as long as it is open.
    _lock: File,
}

impl Data {
    /// Opens or makes the directory; with `reset` everything in it is removed first.
    ///
    /// # Errors
    /// A directory that holds files and no marker of ours is never touched.
    pub(super) fn open(root: &Path, reset: bool) -> Result<Self, DataError> {
        make_directory(root)?;
        let root = root.canonicalize().map_err(|source| io("find", root, source))?;
        let marker = root.join(MARKER);
        if !marker.exists() && !is_empty(&root)? {
            return Err(DataError::Foreign(root));
        }
        let lock = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(&marker)
            .map_err(|source| io("open", &marker, source))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(DataError::InUse(root)),
            Err(TryLockError::Error(source)) => return Err(io("lock", &marker, source)),
        }
        if reset {
            remove_all_but(&root, MARKER)?;
        }
        lock.set_len(0)
            .and_then(|()| (&lock).write_all(MARKER_TEXT.as_bytes()))
            .map_err(|source| io("write", &marker, source))?;
        let data = Self { root, _lock: lock };
        for directory in ["run", "credentials"].into_iter().chain(ROLES.iter().map(|role| role.name)) {
            make_directory(&data.path(directory))?;
        }
        Ok(data)
    }

    /// A path inside the directory.
    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.root.join(name)
    }

    /// The public key of the credential `name.key`, whose secret is made at the first start. Who needs no more than
    /// the public key finds it in `name.pub`.
    ///
    /// # Errors
    /// When the file is not 64 hex characters.
    pub(super) fn credential(&self, name: &str) -> Result<PublicKey, DataError> {
        let key = self.secret_credential(&format!("{name}.key"))?;
        let path = self.path("credentials").join(format!("{name}.pub"));
        write_private(&path, format!("{}\n", key.to_hex()).as_bytes())?;
        Ok(key)
    }

    fn secret_credential(&self, name: &str) -> Result<PublicKey, DataError> {
        let path = self.path("credentials").join(name);
        match std::fs::read_to_string(&path) {
            Ok(text) => match SecretKey::from_hex(text.trim_end()) {
                Ok(secret) => Ok(Keys::new(secret).public_key()),
                Err(_) => Err(DataError::Damaged(path)),
            },
            Err(error) if error.kind() == ErrorKind::NotFound => {
                let keys = Random::os().keys();
                write_private(&path, format!("{}\n", keys.secret_key().to_secret_hex()).as_bytes())?;
                Ok(keys.public_key())
            }
            Err(source) => Err(io("read", &path, source)),
        }
    }

    /// The demo of an earlier start.
    ///
    /// # Errors
    /// When the file cannot be read or understood.
    pub(super) fn world(&self) -> Result<Option<DemoWorld>, DataError> {
        let path = self.path(WORLD);
        match std::fs::read(&path) {
            Ok(bytes) => serde_json::from_slice(&bytes).map(Some).map_err(|_| DataError::Damaged(path)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(source) => Err(io("read", &path, source)),
        }
    }

    /// Keeps the demo for the next start.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub(super) fn keep_world(&self, world: &DemoWorld) -> Result<(), DataError> {
        let path = self.path(WORLD);
        let json = serde_json::to_vec_pretty(world).map_err(|error| io("write", &path, error.into()))?;
        write_private(&path, &json)
    }

    /// Hands the demo's people to the gateway: names for the start page, and with their secrets for the
    /// portal's one-click way in. Everybody in it is invented, and a gateway of a box serves neither.
    ///
    /// # Errors
    /// When a file cannot be written.
    pub(super) fn show_people(&self, world: &DemoWorld) -> Result<(), DataError> {
        let people: Vec<_> = world
            .persons
            .iter()
            .map(|person| {
                let families = matches!(person.role.as_str(), "guardian" | "patient");
                serde_json::json!({
                    "name": person.name,
                    "role": person.role,
                    "pubkey": person.pubkey,
                    "children": person.children.len(),
                    "enters": families && person.secret.is_some(),
                })
            })
            .collect();
        self.hand_over("people.json", &people)?;
        self.hand_over("dev.json", &serde_json::json!({"notice": world.notice, "persons": world.persons}))
    }

    fn hand_over(&self, name: &str, content: &impl serde::Serialize) -> Result<(), DataError> {
        let path = self.path("gateway").join(name);
        let json = serde_json::to_vec(content).map_err(|error| io("write", &path, error.into()))?;
        write_private(&path, &json)
    }
}

/// Writes a file that only its owner may read, whole or not at all.
pub(super) fn write_private(path: &Path, bytes: &[u8]) -> Result<(), DataError> {
    files::write(path, 0o600, bytes).map_err(|source| io("write", path, source))
}

fn make_directory(path: &Path) -> Result<(), DataError> {
    DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(|source| io("make", path, source))
}

fn is_empty(path: &Path) -> Result<bool, DataError> {
    let mut entries = std::fs::read_dir(path).map_err(|source| io("read", path, source))?;
    Ok(entries.next().is_none())
}

/// Symbolic links are removed, never followed.
fn remove_all_but(root: &Path, kept: &str) -> Result<(), DataError> {
    for entry in std::fs::read_dir(root).map_err(|source| io("read", root, source))? {
        let entry = entry.map_err(|source| io("read", root, source))?;
        if entry.file_name() == kept {
            continue;
        }
        let path = entry.path();
        let is_directory = entry.file_type().is_ok_and(|kind| kind.is_dir());
        let removed = if is_directory { std::fs::remove_dir_all(&path) } else { std::fs::remove_file(&path) };
        removed.map_err(|source| io("remove", &path, source))?;
    }
    Ok(())
}

fn io(act: &'static str, path: &Path, source: std::io::Error) -> DataError {
    DataError::Io { act, path: path.to_owned(), source }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::MetadataExt as _;

    use super::*;

    fn scratch(name: &str) -> PathBuf {
        let path = std::env::temp_dir().join(format!("relaybox-data-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&path);
        path
    }

    #[test]
    fn a_directory_with_files_of_others_is_never_touched() {
        let root = scratch("foreign");
        std::fs::create_dir_all(&root).unwrap();
        std::fs::write(root.join("thesis.txt"), "years of work").unwrap();
        for reset in [false, true] {
            assert!(matches!(Data::open(&root, reset), Err(DataError::Foreign(_))));
        }
        assert_eq!(std::fs::read_to_string(root.join("thesis.txt")).unwrap(), "years of work");
        std::fs::remove_dir_all(root).unwrap();
    }

    #[test]
    fn reset_removes_our_files_and_does_not_follow_links() {
        let root = scratch("reset");
        let outside = scratch("outside");
        std::fs::create_dir_all(&outside).unwrap();
        std::fs::write(outside.join("kept"), "").unwrap();
        let data = Data::open(&root, false).unwrap();
        std::fs::write(data.path("relay").join("events.db"), "old").unwrap();
        std::os::unix::fs::symlink(&outside, data.path("link")).unwrap();
        drop(data);
        let data = Data::open(&root, true).unwrap();
        assert!(!data.path("relay").join("events.db").exists());
        assert!(!data.path("link").exists());
        assert!(outside.join("kept").exists());
        drop(data);
        std::fs::remove_dir_all(root).unwrap();
        std::fs::remove_dir_all(outside).unwrap();
    }

    #[test]
    fn without_reset_the_files_stay() {
        let root = scratch("stay");
        let data = Data::open(&root, false).unwrap();
        std::fs::write(data.path("relay").join("events.db"), "kept").unwrap();
        drop(data);
        let data = Data::open(&root, false).unwrap();
        assert_eq!(std::fs::read_to_string(data.path("relay").join("events.db")).unwrap(), "kept");
        drop(data);
        std::fs::remove_dir_all(root).unwrap();
    }

    #[test]
    fn two_boxes_do_not_share_a_directory_even_to_reset_it() {
        let root = scratch("lock");
        let first = Data::open(&root, false).unwrap();
        for reset in [false, true] {
            assert!(matches!(Data::open(&root, reset), Err(DataError::InUse(_))));
        }
        drop(first);
        assert!(Data::open(&root, true).is_ok());
        std::fs::remove_dir_all(root).unwrap();
    }

    #[test]
    fn a_credential_is_made_once_and_only_its_owner_may_read_it() {
        let root = scratch("credential");
        let data = Data::open(&root, false).unwrap();
        let first = data.credential("receipts").unwrap();
        assert_eq!(data.credential("receipts").unwrap(), first);
        assert_ne!(data.credential("audit").unwrap(), first);
        let public = std::fs::read_to_string(data.path("credentials").join("receipts.pub")).unwrap();
        assert_eq!(public, format!("{}\n", first.to_hex()));
        let path = data.path("credentials").join("receipts.key");
        assert_eq!(std::fs::metadata(&path).unwrap().mode() & 0o777, 0o600);
        std::fs::write(&path, "not a key").unwrap();
        assert!(matches!(data.credential("receipts"), Err(DataError::Damaged(_))));
        std::fs::remove_dir_all(root).unwrap();
    }

    #[test]
    fn the_demo_is_kept_for_the_next_start() {
        let root = scratch("world");
        let data = Data::open(&root, false).unwrap();
        assert_eq!(data.world().unwrap(), None);
        let world = DemoWorld {
            notice: "synthetic".to_owned(),
            name: None,
            practice: "00".to_owned(),
            epochs: Vec::new(),
            persons: Vec::new(),
        };
        data.keep_world(&world).unwrap();
        assert_eq!(data.world().unwrap(), Some(world));
        drop(data);
        std::fs::remove_dir_all(root).unwrap();
    }
}
