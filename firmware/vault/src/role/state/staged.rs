//! A new sealed file and the transaction that belongs to it: the file waits on the disk while the relay stores the
//! transaction, and takes its place afterwards. Whoever is interrupted in between asks the relay which of the two it is.

use relaybox_protocol::{EventId, PublicKey};
use serde::{Deserialize, Serialize};

use super::{State, StateError};
use crate::file::VaultFile;
use crate::guard::Freeze;
use crate::wire::SlotKey;

/// What is kept of a file that waits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::role) struct Staged {
    /// An event of its transaction: the relay has all of them, or none.
    pub(in crate::role) event: EventId,
    /// Highest `seq` of the transaction.
    pub(in crate::role) signed: u64,
    pub(in crate::role) practice: PublicKey,
    pub(in crate::role) slot_keys: Vec<SlotKey>,
    /// What the words thaw.
    pub(in crate::role) frozen: Option<Freeze>,
}

impl State {
    /// The transaction that the file of an interrupted ceremony waits for.
    pub(in crate::role) fn waits_for(&self) -> Option<EventId> {
        self.kept.staged.as_ref().map(|staged| staged.event)
    }

    /// Lays the new file beside the old one, which stays in force.
    pub(in crate::role) fn stage(&mut self, sealed: &[u8], staged: Staged) -> Result<(), StateError> {
        VaultFile::next(&self.folder).replace(sealed, |_| true)?;
        self.change(|kept| kept.staged = Some(staged))
    }

    /// Ends the waiting: with its transaction `stored` the new file is in force, and the words that opened the old one
    /// have thawed the slot; without it nothing has happened.
    pub(in crate::role) fn settle(&mut self, stored: bool) -> Result<(), StateError> {
        let Some(staged) = self.kept.staged.clone() else { return Ok(()) };
        let next = VaultFile::next(&self.folder);
        if stored {
            let sealed = next.read()?.ok_or_else(|| StateError::Damaged(self.place()))?;
            VaultFile::of(&self.folder).replace(&sealed, |_| true)?;
        }
        self.change(|kept| {
            kept.staged = None;
            if stored {
                kept.practice = Some(staged.practice);
                kept.claimed = true;
                kept.signed = kept.signed.max(staged.signed);
                kept.slot_keys = staged.slot_keys;
                kept.guard.opened_by_words(staged.frozen.as_ref());
            }
        })?;
        Ok(next.remove()?)
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{practice, sealed, slot_key};
    use super::*;

    /// A claimed box with the keys 1 and 2, and a file of the keys 3 and 4 that waits.
    fn waiting(folder: &std::path::Path) -> State {
        let mut state = State::open(folder).unwrap();
        state.replace(&sealed(&[1, 2]), vec![slot_key(1), slot_key(2)], practice()).unwrap();
        state.change(|kept| kept.guard.freeze(None, 1, crate::guard::FreezeCause::Lid)).unwrap();
        let slot_keys = vec![slot_key(3), slot_key(4)];
        let event = EventId::from_byte_array([7; 32]);
        let frozen = state.kept.guard.frozen().cloned();
        let staged = Staged { event, signed: 9, practice: practice(), slot_keys, frozen };
        state.stage(&sealed(&[3, 4]), staged).unwrap();
        state
    }

    #[test]
    fn a_file_that_waits_is_in_force_with_its_transaction_and_gone_without() {
        for stored in [true, false] {
            let folder = tempfile::tempdir().unwrap();
            assert_eq!(waiting(folder.path()).slot_keys(), [slot_key(1), slot_key(2)], "the old one stays");
            // The power goes; the next start asks the relay.
            let mut again = State::open(folder.path()).unwrap();
            assert_eq!(again.waits_for(), Some(EventId::from_byte_array([7; 32])));
            again.settle(stored).unwrap();
            again.settle(!stored).unwrap();
            let again = State::open(folder.path()).unwrap();
            let (keys, signed) =
                if stored { ([slot_key(3), slot_key(4)], 9) } else { ([slot_key(1), slot_key(2)], 0) };
            assert_eq!(again.slot_keys(), keys);
            assert_eq!((again.kept.signed, again.waits_for()), (signed, None));
            assert_eq!(again.kept.guard.frozen().is_none(), stored);
            assert_eq!(VaultFile::next(folder.path()).read().unwrap(), None);
        }
    }

    #[test]
    fn a_settling_that_was_cut_short_is_done_again() {
        let folder = tempfile::tempdir().unwrap();
        let state = waiting(folder.path());
        // The file is in its place, and what is kept does not say so yet.
        let next = VaultFile::next(folder.path()).read().unwrap().unwrap();
        VaultFile::of(folder.path()).replace(&next, |_| true).unwrap();
        drop(state);
        let mut again = State::open(folder.path()).unwrap();
        again.settle(true).unwrap();
        assert_eq!(again.slot_keys(), [slot_key(3), slot_key(4)]);
    }
}
