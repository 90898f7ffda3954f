//! The state directory: one file of plain facts beside the sealed one. Nothing in it is secret, all of it matters: a
//! lost `signed` would let the vault build on an older history.

mod staged;

use std::io;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use relaybox_process::files;
use relaybox_protocol::random::Random;
use relaybox_protocol::{PublicKey, hex};
use serde::{Deserialize, Serialize};

use crate::envelope;
use crate::file::{FileError, NAME, VaultFile};
use crate::guard::Guard;
use crate::wire::SlotKey;
pub(super) use staged::Staged;

const STATE: &str = "vault.json";
/// Where the copy of the recovery drill lies for a moment.
const DRILL: &str = "drill";
const VERSION: u32 = 1;

/// Why the state directory cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    #[error("{act} {path}")]
    Io {
        act: &'static str,
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    #[error("read {0}: it is not what a vault keeps")]
    Damaged(PathBuf),
    #[error(transparent)]
    File(#[from] FileError),
}

/// What is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Kept {
    version: u32,
    /// Names the credentials of the slot keys (rp.id); never changes.
    pub(super) box_id: String,
    /// P of the sealed file.
    pub(super) practice: Option<PublicKey>,
    /// The relay has taken the first transaction.
    pub(super) claimed: bool,
    /// Highest `seq` that was signed and stored.
    pub(super) signed: u64,
    pub(super) guard: Guard,
    /// May list a key whose stanza the file lacks: those are not counted.
    slot_keys: Vec<SlotKey>,
    /// A new file whose transaction was on its way to the relay.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    staged: Option<Staged>,
}

/// The directory and what it holds.
pub(super) struct State {
    folder: PathBuf,
    pub(super) kept: Kept,
}

impl State {
    /// Reads it, or makes it for a new box.
    pub(super) fn open(folder: &Path) -> Result<Self, StateError> {
        let path = folder.join(STATE);
        let text = files::read(&path).map_err(|source| io("read", &path, source))?;
        // A copy left by a drill that was broken off is a sealed file like any other, but nobody needs it.
        let drill = folder.join(DRILL);
        match std::fs::remove_dir_all(&drill) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(io("remove", &drill, error)),
            _ => {}
        }
        let kept = match text {
            Some(text) => {
                let kept: Kept =
                    serde_json::from_str(&text).map_err(|_| StateError::Damaged(path.clone()))?;
                if kept.version != VERSION {
                    return Err(StateError::Damaged(path));
                }
                kept
            }
            None => Kept {
                version: VERSION,
                box_id: hex::encode(&Random::os().bytes32()[..16]),
                practice: None,
                claimed: false,
                signed: 0,
                guard: Guard::default(),
                slot_keys: Vec::new(),
                staged: None,
            },
        };
        let state = Self { folder: folder.to_owned(), kept };
        state.keep()?;
        if state.kept.staged.is_none() {
            VaultFile::next(folder).remove()?;
        }
        Ok(state)
    }

    /// Changes what is kept, on the disk first: a change that could not be kept did not happen.
    pub(super) fn change(&mut self, change: impl FnOnce(&mut Kept)) -> Result<(), StateError> {
        let before = self.kept.clone();
        change(&mut self.kept);
        self.keep().inspect_err(|_| self.kept = before)
    }

    fn keep(&self) -> Result<(), StateError> {
        let path = self.folder.join(STATE);
        // Text and numbers: serialisation cannot fail.
        let text = serde_json::to_vec(&self.kept).unwrap_or_default();
        files::write(&path, 0o600, &text).map_err(|source| io("write", &path, source))
    }

    /// The sealed file; none before a claim.
    pub(super) fn sealed(&self) -> Result<Option<Vec<u8>>, StateError> {
        Ok(VaultFile::of(&self.folder).read()?)
    }

    /// The slot keys whose stanza stands in the sealed file.
    pub(super) fn slot_keys(&self) -> Vec<SlotKey> {
        let nonces = self.sealed().ok().flatten().and_then(|sealed| envelope::nonces(&sealed).ok());
        let nonces: Vec<String> =
            nonces.unwrap_or_default().into_iter().map(|nonce| nonce.to_text()).collect();
        self.kept.slot_keys.iter().filter(|key| nonces.contains(&key.nonce)).cloned().collect()
    }

    /// Writes a copy into a directory of its own and gives what the disk has of it.
    pub(super) fn copy(&self, sealed: &[u8]) -> Result<Vec<u8>, StateError> {
        let folder = self.folder.join(DRILL);
        std::fs::create_dir_all(&folder).map_err(|source| io("make", &folder, source))?;
        VaultFile::of(&folder).replace(sealed, |_| true)?;
        let read = VaultFile::of(&folder).read()?.unwrap_or_default();
        std::fs::remove_dir_all(&folder).map_err(|source| io("remove", &folder, source))?;
        Ok(read)
    }

    /// Replaces the sealed file and its list of slot keys. Keys of both lists are named until the file is in place, so
    /// that neither file is without its keys after a power cut.
    pub(super) fn replace(
        &mut self,
        sealed: &[u8],
        slot_keys: Vec<SlotKey>,
        practice: PublicKey,
    ) -> Result<(), StateError> {
        let mut both = slot_keys.clone();
        both.extend(self.slot_keys().into_iter().filter(|key| !slot_keys.contains(key)));
        let claims = self.kept.practice != Some(practice);
        self.change(|kept| {
            kept.slot_keys = both;
            if claims {
                kept.practice = Some(practice);
                kept.claimed = false;
                kept.signed = 0;
            }
        })?;
        VaultFile::of(&self.folder).replace(sealed, |_| true)?;
        self.change(|kept| kept.slot_keys = slot_keys)
    }

    /// rp.id of the slot keys: a name that no page can claim.
    pub(super) fn rp(&self) -> String {
        format!("{}.vault.relaybox.invalid", self.kept.box_id)
    }

    /// Where the sealed file lies, for the words of an error.
    pub(super) fn place(&self) -> PathBuf {
        self.folder.join(NAME)
    }
}

/// Base64 of a line, or nothing that opens.
pub(super) fn bytes_of(text: &str) -> Vec<u8> {
    BASE64_STANDARD.decode(text).unwrap_or_default()
}

pub(super) fn text_of(bytes: &[u8]) -> String {
    BASE64_STANDARD.encode(bytes)
}

fn io(act: &'static str, path: &Path, source: io::Error) -> StateError {
    StateError::Io { act, path: path.to_owned(), source }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::contents;
    use crate::envelope::SlotAnswer;
    use crate::prf::{Nonce, PrfOutput};
    use crate::words::{Purpose, RecoveryWords};

    fn answer(number: u8) -> SlotAnswer {
        let nonce = Nonce::new(&mut Random::seeded([number; 32]));
        SlotAnswer { nonce, output: PrfOutput::new([[number; 32]; 2]) }
    }

    pub(super) fn practice() -> PublicKey {
        contents::sample().practice.public_key()
    }

    pub(super) fn slot_key(number: u8) -> SlotKey {
        SlotKey {
            label: format!("key {number}"),
            credential: "ab".to_owned(),
            public_key: "04".to_owned(),
            nonce: answer(number).nonce.to_text(),
            aaguid: String::new(),
            added: 1,
        }
    }

    pub(super) fn sealed(keys: &[u8]) -> Vec<u8> {
        let words = RecoveryWords::generate(&mut Random::seeded([9; 32])).unwrap();
        let answers: Vec<SlotAnswer> = keys.iter().map(|number| answer(*number)).collect();
        envelope::seal(&contents::sample(), &answers, &words.identity(Purpose::Vault).to_public()).unwrap()
    }

    #[test]
    fn a_new_box_gets_a_name_that_stays() {
        let folder = tempfile::tempdir().unwrap();
        let first = State::open(folder.path()).unwrap().rp();
        assert_eq!(State::open(folder.path()).unwrap().rp(), first);
        assert!(first.ends_with(".vault.relaybox.invalid") && first.len() == 32 + 23, "{first}");
    }

    #[test]
    fn slot_keys_without_a_stanza_in_the_file_do_not_count() {
        let folder = tempfile::tempdir().unwrap();
        let mut state = State::open(folder.path()).unwrap();
        let practice = practice();
        state.replace(&sealed(&[1, 2]), vec![slot_key(1), slot_key(2)], practice).unwrap();
        assert_eq!(state.slot_keys(), [slot_key(1), slot_key(2)]);
        // The power goes after the list and before the file.
        state.change(|kept| kept.slot_keys.push(slot_key(3))).unwrap();
        let again = State::open(folder.path()).unwrap();
        assert_eq!(again.slot_keys(), [slot_key(1), slot_key(2)]);
        assert_eq!(again.kept.practice, Some(practice));
    }

    #[test]
    fn a_drill_leaves_nothing_and_gives_what_the_disk_has() {
        let folder = tempfile::tempdir().unwrap();
        let state = State::open(folder.path()).unwrap();
        assert_eq!(state.copy(b"sealed").unwrap(), b"sealed");
        assert!(!folder.path().join(DRILL).exists());
        std::fs::create_dir(folder.path().join(DRILL)).unwrap();
        State::open(folder.path()).unwrap();
        assert!(!folder.path().join(DRILL).exists(), "what a broken drill left is removed");
    }

    #[test]
    fn a_spoiled_state_is_an_error_and_not_a_new_box() {
        let folder = tempfile::tempdir().unwrap();
        State::open(folder.path()).unwrap();
        std::fs::write(folder.path().join(STATE), "{").unwrap();
        assert!(matches!(State::open(folder.path()), Err(StateError::Damaged(_))));
    }
}
