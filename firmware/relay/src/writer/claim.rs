//! The claim: P is fixed once, and kept in a file of its own, since the store holds events only.

use std::path::Path;
use std::sync::Arc;

use relaybox_process::files;
use relaybox_process::rpc::ceremony::Reply;
use relaybox_protocol::PublicKey;
use relaybox_protocol::event::key_from_hex;
use relaybox_protocol::refusal::Refusal;

use super::{Writer, refused};
use crate::members::Members;
use crate::service::refusal_of;

/// P as it was fixed at the claim; none before it.
///
/// # Errors
/// When the file is there but cannot be read or holds no key.
pub(crate) fn read(path: &Path) -> std::io::Result<Option<PublicKey>> {
    let Some(text) = files::read(path)? else { return Ok(None) };
    key_from_hex(text.trim_end()).map(Some).ok_or_else(|| std::io::ErrorKind::InvalidData.into())
}

/// Written whole or not at all, and there after a power cut.
fn write(path: &Path, practice: &PublicKey) -> std::io::Result<()> {
    files::write(path, 0o644, format!("{}\n", practice.to_hex()).as_bytes())
}

impl Writer {
    pub(super) async fn claim(&self, practice: &str) -> Reply {
        let Some(practice) = key_from_hex(practice) else { return refused(0, Refusal::Malformed) };
        let head = match self.shared.store.head().await {
            Ok(head) => head,
            Err(error) => return refused(0, refusal_of(&error)),
        };
        match read(&self.practice_file) {
            Ok(Some(claimed)) if claimed == practice => return Reply::Done,
            // A claim that was cut short before its first transaction left a P that signed nothing here.
            Ok(Some(_)) if head.n > 0 => return refused(0, Refusal::KeyInUse),
            Ok(_) => {}
            Err(error) => return failed(&error),
        }
        if let Err(error) = write(&self.practice_file, &practice) {
            return failed(&error);
        }
        let members = Members { at: head.m, ..Members::new(practice) };
        self.shared.members.send_replace(Some(Arc::new(members)));
        Reply::Done
    }

    pub(super) async fn state(&self) -> Reply {
        let practice = match read(&self.practice_file) {
            Ok(practice) => practice,
            Err(error) => return failed(&error),
        };
        match self.shared.store.head().await {
            Ok(head) => {
                Reply::State { practice: practice.map(|key| key.to_hex()), head: head.n, events: head.n }
            }
            Err(error) => refused(0, refusal_of(&error)),
        }
    }
}

fn failed(error: &std::io::Error) -> Reply {
    log::error!("keeping the practice key failed: {error}");
    refused(0, Refusal::Storage)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_practice_is_kept_and_a_spoiled_file_is_an_error() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("practice");
        assert_eq!(read(&path).unwrap(), None);
        let key = relaybox_protocol::Keys::generate().public_key();
        write(&path, &key).unwrap();
        assert_eq!(read(&path).unwrap(), Some(key));
        std::fs::write(&path, "half a ke").unwrap();
        assert!(read(&path).is_err());
    }
}
