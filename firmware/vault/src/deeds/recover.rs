//! The transaction of a recovery: a new epoch without grace, a new owner, and the end of those whose keys are lost.

use super::{BTreeSet, BoxKeys, Contents, DeedError, Event, History, SignerDesk};
use crate::request::{Joining, RosterChange};
use relaybox_protocol::PublicKey;
use relaybox_protocol::permissions::Word;
use relaybox_protocol::random::Random;

/// Who begins anew, and whose keys are lost.
#[derive(Debug, Clone, Copy)]
pub struct Recovery<'a> {
    pub owner: &'a Joining,
    pub ends: &'a [PublicKey],
}

/// The new epoch stands first: it certifies the box keys of a new box, so that its receipts count (PROTOCOL 2.5).
///
/// # Errors
/// When the owner cannot administer or is suspended, their key is not proved, or somebody who is to end is no member.
pub fn recover(
    contents: &Contents,
    history: &History,
    boxes: BoxKeys,
    recovery: Recovery<'_>,
    now: u64,
    random: &mut Random,
) -> Result<Vec<Event>, DeedError> {
    let Recovery { owner, ends } = recovery;
    if !owner.words()?.contains(&Word::Admin) {
        return Err(DeedError::LastAdmin);
    }
    if history.view(now).suspended(&owner.key) {
        return Err(DeedError::Key);
    }
    let mut desk = SignerDesk::new(contents, history, boxes, now, random);
    desk.open_current()?;
    let members = history.view(desk.now).members();
    let mut changes = vec![RosterChange::Join(owner.clone())];
    changes.extend(ends.iter().map(|key| RosterChange::Leave { key: *key }));
    let mut leavers: BTreeSet<PublicKey> = ends.iter().copied().collect();
    // A member who becomes the owner gets the secrets once, by the new words.
    leavers.insert(owner.key);
    desk.change_with_new_locks(&members, &leavers, &changes)?;
    desk.tried()
}
