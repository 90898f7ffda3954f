//! Roster changes: who joins, changes and leaves, with the new epoch that a leaver brings.

use super::{
    BTreeSet, DeedError, Desk, Event, Joining, KeyRole, Member, Name, PublicKey, Role, RosterChange,
    RosterEntry, SignerDesk, Word, build_roster, words_of,
};
use relaybox_protocol::permissions::{Compartment, holds};
use relaybox_protocol::{Tag, event};

impl SignerDesk<'_> {
    /// All changes in one transaction. When somebody leaves or loses a compartment, the new epoch comes first, and
    /// has no grace; its secrets go to those who stay, with what they may hold from now on.
    pub(super) fn roster(&mut self, changes: &[RosterChange]) -> Result<(), DeedError> {
        let members = self.history.view(self.now).members();
        self.keep_an_admin(&members, changes)?;
        let mut leavers = BTreeSet::new();
        let mut narrowed = false;
        for change in changes {
            match change {
                RosterChange::Leave { key } => {
                    leavers.insert(*key);
                }
                RosterChange::Join(joining) => leavers.extend(joining.replaces),
                RosterChange::Words { key, words } => {
                    let member = member_of(&members, key)?;
                    let words = words_of(member.role, words)?;
                    narrowed |= member.holds(Compartment::Confidential)
                        && !holds(member.role, &words, Compartment::Confidential);
                }
            }
        }
        leavers.iter().try_for_each(|key| member_of(&members, key).map(drop))?;
        if leavers.is_empty() && !narrowed {
            return self.change_in_this_epoch(&members, changes);
        }
        self.change_with_new_locks(&members, &leavers, changes)
    }

    /// A new epoch without grace, the entries, and the new secrets for all but the leavers.
    pub(super) fn change_with_new_locks(
        &mut self,
        members: &[Member],
        leavers: &BTreeSet<PublicKey>,
        changes: &[RosterChange],
    ) -> Result<(), DeedError> {
        self.next_epoch(0)?;
        for change in changes {
            self.entry(members, change)?;
        }
        self.secrets_of_all(leavers, changes)
    }

    /// Nobody loses anything: new entries, and the secrets of this epoch to those who gain some.
    fn change_in_this_epoch(
        &mut self,
        members: &[Member],
        changes: &[RosterChange],
    ) -> Result<(), DeedError> {
        for change in changes {
            self.entry(members, change)?;
        }
        for change in changes {
            match change {
                RosterChange::Join(joining) => {
                    self.secrets(&joining.key, joining.role()?, &joining.words()?)?;
                    self.former_secret(&joining.key, joining.role()?, &joining.words()?)?;
                }
                RosterChange::Words { key, words } => {
                    let member = member_of(members, key)?;
                    self.secrets(key, member.role, &words_of(member.role, words)?)?;
                }
                RosterChange::Leave { .. } => {}
            }
        }
        Ok(())
    }

    /// The 2102 of one change.
    fn entry(&mut self, members: &[Member], change: &RosterChange) -> Result<(), DeedError> {
        match change {
            RosterChange::Join(joining) => self.join(joining),
            RosterChange::Leave { key } => {
                let event = self.ending(self.entry_of(members, key)?);
                self.keep(event);
                Ok(())
            }
            RosterChange::Words { key, words } => {
                let member = member_of(members, key)?;
                let words = words_of(member.role, words)?;
                let event = self.rewritten(self.entry_of(members, key)?, member.role, &words);
                self.keep(event);
                Ok(())
            }
        }
    }

    fn entry_of(&self, members: &[Member], key: &PublicKey) -> Result<&Event, DeedError> {
        self.history.event(&member_of(members, key)?.entry).ok_or(DeedError::NoMember)
    }

    /// The same entry with other words.
    fn rewritten(&self, entry: &Event, role: Role, words: &[Word]) -> Event {
        let list = words.iter().map(|word| word.as_str()).collect::<Vec<_>>().join(",");
        let tags = entry.tags.iter().filter_map(|tag| {
            let cells = tag.as_slice();
            match cells.first().map(String::as_str) {
                Some("p") => Some(event::tag("p", [cells.get(1)?.as_str(), role.as_str(), &list])),
                // The old key was replaced once; `from` is the claim of this entry.
                Some("replaces" | "seq" | "prev") => None,
                Some("from") => Some(event::number_tag("from", self.floor())),
                _ => Some(tag.clone()),
            }
        });
        let tags: Vec<Tag> = tags.chain(self.sequence().to_tags()).collect();
        event::sign(self.practice(), entry.kind.as_u16(), tags, entry.content.clone(), self.now)
    }

    /// The 2102 of a new member, or of a member's new key.
    pub(super) fn join(&mut self, joining: &Joining) -> Result<(), DeedError> {
        self.proved(&joining.key, KeyRole::Staff, &joining.pop)?;
        let (role, words, sequence, now) = (joining.role()?, joining.words()?, self.sequence(), self.now);
        let current = self.epoch.as_ref().ok_or(DeedError::Epoch)?;
        let name = match role {
            Role::FrontDesk => Name::Desk(&joining.name, Desk { n: current.n, pair: &current.desk }),
            _ => Name::Clear(&joining.name),
        };
        let entry = RosterEntry {
            member: joining.key,
            role,
            words: &words,
            from: self.floor(),
            until: joining.until,
            ended: false,
            name,
            replaces: joining.replaces,
            pop: &joining.pop,
            sequence,
            created_at: now,
        };
        let event = build_roster(&self.contents.practice, &entry, self.random)?;
        self.keep(event);
        Ok(())
    }

    /// After a new epoch: everybody who stays, with the words of the changes, and who joins.
    pub(super) fn secrets_of_all(
        &mut self,
        leavers: &BTreeSet<PublicKey>,
        changes: &[RosterChange],
    ) -> Result<(), DeedError> {
        for member in self.staying(leavers) {
            let mut words: Vec<Word> = member.words.iter().copied().collect();
            for change in changes {
                if let RosterChange::Words { key, words: new } = change
                    && *key == member.key
                {
                    words = words_of(member.role, new)?;
                }
            }
            self.secrets(&member.key, member.role, &words)?;
        }
        for change in changes {
            if let RosterChange::Join(joining) = change {
                self.secrets(&joining.key, joining.role()?, &joining.words()?)?;
                self.former_secret(&joining.key, joining.role()?, &joining.words()?)?;
            }
        }
        Ok(())
    }

    /// A practice without anybody who holds `admin` could not even suspend.
    fn keep_an_admin(&self, members: &[Member], changes: &[RosterChange]) -> Result<(), DeedError> {
        let view = self.history.view(self.now);
        let mut admins: BTreeSet<PublicKey> = members
            .iter()
            .filter(|member| member.has(Word::Admin) && !view.suspended(&member.key))
            .map(|member| member.key)
            .collect();
        for change in changes {
            match change {
                RosterChange::Leave { key } => {
                    admins.remove(key);
                }
                RosterChange::Join(joining) => {
                    joining.replaces.iter().for_each(|old| {
                        admins.remove(old);
                    });
                    if joining.words()?.contains(&Word::Admin) {
                        admins.insert(joining.key);
                    }
                }
                RosterChange::Words { key, words } => {
                    admins.remove(key);
                    if words.iter().any(|word| word == Word::Admin.as_str()) {
                        admins.insert(*key);
                    }
                }
            }
        }
        if admins.is_empty() { Err(DeedError::LastAdmin) } else { Ok(()) }
    }
}

fn member_of<'m>(members: &'m [Member], key: &PublicKey) -> Result<&'m Member, DeedError> {
    members.iter().find(|member| member.key == *key).ok_or(DeedError::NoMember)
}
