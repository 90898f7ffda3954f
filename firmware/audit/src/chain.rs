//! A hash chain without IO: how entries become links, and what is wrong with links that were read back.
//!
//! The hash of an entry is SHA-256("relaybox/audit/1" ‖ 0x00 ‖ hash of the entry before ‖ bytes), 32 zero bytes before
//! the first. The bytes are the JSON of a `Record`, so number, writer, role and second are covered, too.

use relaybox_process::rpc::audit::{Entry, Stored};
use relaybox_protocol::hex;
use relaybox_store::chain::{End, Link};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

const LABEL: &[u8] = b"relaybox/audit/1\0";

/// Faults named of one chain; a chain that is damaged all over needs no longer list.
const FAULTS_MAX: usize = 100;

/// An entry's bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Record {
    writer: String,
    number: u64,
    /// Unix seconds; never falls.
    received: u64,
    role: String,
    entry: Entry,
}

/// Why a chain cannot be continued.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ChainError {
    #[error("continue the chain of {writer}: {fault}")]
    Damaged { writer: String, fault: Fault },
    #[error("write an entry down")]
    Entry,
}

/// What is wrong with a chain. Each fault names the first place where it shows.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    #[error("entry {0} was changed: its hash does not hold")]
    Hash(u64),
    #[error("entry {number} is not what stands here: its bytes say {said}")]
    Place { number: u64, said: String },
    #[error("entries {first} to {last} are missing")]
    Missing { first: u64, last: u64 },
    #[error("entry {0} has an earlier second than the one before it")]
    Time(u64),
    #[error("entry {0} cannot be read")]
    Unreadable(u64),
    #[error("the chain ends at entry {found}, and its end says {said}")]
    Truncated { found: u64, said: u64 },
    #[error("entries up to {found} stand behind the end, which says {said}")]
    Beyond { found: u64, said: u64 },
    #[error("the end does not have the hash of entry {0}")]
    End(u64),
    #[error("entry {0} is not the one that an anchor signed")]
    Anchor(u64),
    #[error("the chain ends at entry {found}, and an anchor signed entry {signed}")]
    Shorter { found: u64, signed: u64 },
    #[error("{0} further faults are not listed")]
    More(usize),
}

fn hash(before: &[u8; 32], bytes: &[u8]) -> [u8; 32] {
    Sha256::new().chain_update(LABEL).chain_update(before).chain_update(bytes).finalize().into()
}

/// The writing end of one chain.
#[derive(Debug, Clone)]
pub struct Writer {
    name: String,
    number: u64,
    hash: [u8; 32],
    received: u64,
}

impl Writer {
    /// Goes on after the end of a chain and its last entry.
    ///
    /// # Errors
    /// When the two do not fit: nothing is built on damage.
    pub fn after(end: &End, last: Option<&Link>) -> Result<Self, ChainError> {
        let damaged = |fault| ChainError::Damaged { writer: end.writer.clone(), fault };
        let mut writer = Self { name: end.writer.clone(), number: end.number, hash: end.hash, received: 0 };
        match last {
            None if end.number > 0 => Err(damaged(Fault::Truncated { found: 0, said: end.number })),
            None => Ok(writer),
            Some(last) if last.number != end.number => {
                Err(damaged(Fault::Truncated { found: last.number, said: end.number }))
            }
            Some(last) if last.hash != end.hash => Err(damaged(Fault::End(end.number))),
            Some(last) => {
                let record: Record = serde_json::from_slice(&last.bytes)
                    .map_err(|_| damaged(Fault::Unreadable(last.number)))?;
                writer.received = record.received;
                Ok(writer)
            }
        }
    }

    /// Hash of the last entry.
    pub fn hash(&self) -> [u8; 32] {
        self.hash
    }

    /// The links of these entries, and the writer after them. `now` in unix seconds; an earlier one than that of the
    /// last entry is taken as the same.
    ///
    /// # Errors
    /// When an entry cannot be written down.
    pub fn extend(&self, now: u64, role: &str, entries: Vec<Entry>) -> Result<(Vec<Link>, Self), ChainError> {
        let mut next = Self { received: self.received.max(now), ..self.clone() };
        let mut links = Vec::with_capacity(entries.len());
        for entry in entries {
            next.number += 1;
            let record = Record {
                writer: next.name.clone(),
                number: next.number,
                received: next.received,
                role: role.to_owned(),
                entry,
            };
            let bytes = serde_json::to_vec(&record).map_err(|_| ChainError::Entry)?;
            next.hash = hash(&next.hash, &bytes);
            links.push(Link { number: next.number, hash: next.hash, bytes });
        }
        Ok((links, next))
    }
}

/// What an entry says, as readers get it.
///
/// # Errors
/// When its bytes are not those of an entry.
pub fn stored(link: &Link) -> Result<Stored, Fault> {
    let record: Record = serde_json::from_slice(&link.bytes).map_err(|_| Fault::Unreadable(link.number))?;
    let Record { received, role, entry, .. } = record;
    Ok(Stored { role, received, entry, hash: hex::encode(&link.hash) })
}

/// Reads one chain from its first entry and names what is wrong.
#[derive(Debug)]
pub struct Checker {
    end: End,
    /// Of the entry before: as stored, and as computed.
    before: [[u8; 32]; 2],
    number: u64,
    received: u64,
    /// What anchors signed: number and hash, by number.
    anchored: Vec<(u64, [u8; 32])>,
    faults: Vec<Fault>,
    unlisted: usize,
}

impl Checker {
    /// `anchored` are numbers of this chain with their hashes, in any order.
    pub fn new(end: End, mut anchored: Vec<(u64, [u8; 32])>) -> Self {
        anchored.sort_unstable();
        anchored.dedup();
        Self { end, before: [[0; 32]; 2], number: 0, received: 0, anchored, faults: Vec::new(), unlisted: 0 }
    }

    /// The next entry that was found, by number.
    pub fn entry(&mut self, link: &Link) {
        let number = link.number;
        let gap = number != self.number + 1;
        if gap {
            self.fault(Fault::Missing { first: self.number + 1, last: number.saturating_sub(1) });
        }
        // An entry that was changed fails alone: the next one may continue its stored or its computed hash.
        let computed = self.before.map(|before| hash(&before, &link.bytes));
        if !gap && !computed.contains(&link.hash) {
            self.fault(Fault::Hash(number));
        }
        match serde_json::from_slice::<Record>(&link.bytes) {
            Ok(record) => self.says(number, &record),
            Err(_) => self.fault(Fault::Unreadable(number)),
        }
        for (_, signed) in self.anchored.iter().filter(|(at, _)| *at == number).copied().collect::<Vec<_>>() {
            if signed != link.hash {
                self.fault(Fault::Anchor(number));
            }
        }
        let own = if computed.contains(&link.hash) { link.hash } else { computed[0] };
        self.before = [link.hash, own];
        self.number = number;
    }

    fn says(&mut self, number: u64, record: &Record) {
        if record.number != number || record.writer != self.end.writer {
            let said = format!("entry {} of {}", record.number, record.writer);
            self.fault(Fault::Place { number, said });
        }
        if record.received < self.received {
            self.fault(Fault::Time(number));
        }
        self.received = self.received.max(record.received);
    }

    /// After the last entry. Gives how many were read, and every fault.
    pub fn finish(mut self) -> (u64, Vec<Fault>) {
        let (found, said) = (self.number, self.end.number);
        if found < said {
            self.fault(Fault::Truncated { found, said });
        } else if self.end.found > said {
            self.fault(Fault::Beyond { found: self.end.found, said });
        } else if self.end.hash != self.before[0] {
            self.fault(Fault::End(found));
        }
        if let Some((signed, _)) = self.anchored.last().copied().filter(|(signed, _)| *signed > found) {
            self.fault(Fault::Shorter { found, signed });
        }
        let unlisted = self.unlisted;
        self.faults.extend((unlisted > 0).then_some(Fault::More(unlisted)));
        (found, self.faults)
    }

    fn fault(&mut self, fault: Fault) {
        if self.faults.len() < FAULTS_MAX {
            self.faults.push(fault);
        } else {
            self.unlisted += 1;
        }
    }
}

#[cfg(test)]
mod tests;
