//! Receipts, kind 2122 (PROTOCOL 2.5, 2.8.11–13): build, parse, verify chains, k of n.

mod book;
#[cfg(test)]
pub(crate) mod scribe;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use crate::event::{self, id_from_hex, key_from_hex, key_tag, number_from_text, number_tag, tag};
use crate::kinds;
use crate::permissions::Compartment;
use crate::policy::View;
use crate::{Event, EventId, Keys, PublicKey, Tag};

pub use book::{ChainState, Completeness, Readership, ReceiptBook, Receipted, Share};

/// Rows in one receipt.
pub const ROWS_MAX: usize = 500;

/// Which chain a receipt belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ChainKey {
    /// (compartment, subject): the second `p`; without one the author if not staff; else none.
    Clinical { compartment: Compartment, subject: Option<PublicKey> },
    /// 2102, 2103, 2105, 2107, unscoped 2108 of staff and agents and their lifts.
    Policy,
    /// 2104, other 2108, 2109, 2110, 2127.
    PolicyStaff,
}

const CLINICAL: u8 = 1;
const POLICY: u8 = 2;
const POLICY_STAFF: u8 = 3;

impl ChainKey {
    /// Stable bytes for the store: tag byte, compartment byte, 32 bytes of subject.
    pub fn to_bytes(self) -> Vec<u8> {
        match self {
            Self::Policy => vec![POLICY],
            Self::PolicyStaff => vec![POLICY_STAFF],
            Self::Clinical { compartment, subject } => {
                let mut bytes = vec![CLINICAL, compartment_byte(compartment)];
                bytes.extend(subject.iter().flat_map(|key| key.as_bytes()));
                bytes
            }
        }
    }

    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        match bytes {
            [POLICY] => Some(Self::Policy),
            [POLICY_STAFF] => Some(Self::PolicyStaff),
            [CLINICAL, byte, subject @ ..] => {
                let compartment = Compartment::ALL.into_iter().find(|c| compartment_byte(*c) == *byte)?;
                let subject = match subject {
                    [] => None,
                    key => Some(PublicKey::from_byte_array(key.try_into().ok()?)),
                };
                Some(Self::Clinical { compartment, subject })
            }
            _ => None,
        }
    }

    /// The clinical chain of an event (PROTOCOL 2.5): its compartment and its second `p`; without
    /// one its author if not staff; without both none. None for an event whose first `p` is no E.
    pub fn of_clinical(view: &View<'_>, event: &Event) -> Option<Self> {
        let compartment = view.compartment_of(&event::p_tag(event, 0)?)?;
        Some(Self::Clinical { compartment, subject: subject_of(event) })
    }

    /// The word of a policy chain's `c` tag.
    pub const fn policy_word(self) -> Option<&'static str> {
        match self {
            Self::Policy => Some("policy"),
            Self::PolicyStaff => Some("policy-staff"),
            Self::Clinical { .. } => None,
        }
    }
}

/// X of an event's clinical chain. The form tells family from staff: staff write `nip44-dual`.
pub fn subject_of(event: &Event) -> Option<PublicKey> {
    let family = event::tag_value(event, "enc", 0) == Some("nip44");
    event::p_tag(event, 1).or_else(|| family.then_some(event.pubkey))
}

const fn compartment_byte(compartment: Compartment) -> u8 {
    match compartment {
        Compartment::Desk => 0,
        Compartment::Chart => 1,
        Compartment::Confidential => 2,
    }
}

/// One row: an event that the box received.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Row {
    pub id: EventId,
    /// Unix seconds.
    pub received: u64,
    pub import: bool,
}

/// Last receipt of each policy chain before the arrival of the rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash, PartialOrd, Ord)]
pub struct PolicyMark {
    pub public: Option<EventId>,
    pub staff: Option<EventId>,
}

/// A parsed receipt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    pub id: EventId,
    pub signer: PublicKey,
    /// First `p` of a clinical receipt: the epoch key.
    pub epoch_key: Option<PublicKey>,
    /// Second `p` of a clinical receipt, or none.
    pub subject: Option<PublicKey>,
    /// `c` of a policy receipt.
    pub policy_chain: Option<ChainKey>,
    /// Rows so far, this receipt's included.
    pub n: u64,
    pub prev: Option<EventId>,
    pub mark: PolicyMark,
    pub rows: Vec<Row>,
}

/// What goes into a new receipt.
#[derive(Debug, Clone)]
pub struct NewReceipt<'a> {
    pub chain: ChainKey,
    /// E of the chain's compartment, newest epoch; none for policy chains.
    pub epoch_key: Option<PublicKey>,
    /// Rows named before in this chain.
    pub before: u64,
    pub prev: Option<EventId>,
    pub mark: PolicyMark,
    pub rows: &'a [Row],
    pub created_at: u64,
}

/// Builds and signs a receipt with the box key. Panics never; 1 to [`ROWS_MAX`] rows. The same parts
/// give the same bytes.
pub fn build(box_keys: &Keys, new: &NewReceipt<'_>) -> Event {
    let mut tags: Vec<Tag> = Vec::with_capacity(new.rows.len() + 5);
    match new.chain {
        ChainKey::Clinical { subject, .. } => {
            tags.extend(new.epoch_key.iter().map(|key| key_tag("p", key)));
            tags.extend(subject.iter().map(|key| key_tag("p", key)));
        }
        chain => tags.extend(chain.policy_word().map(|word| tag("c", [word]))),
    }
    let rows = u64::try_from(new.rows.len()).unwrap_or(u64::MAX);
    tags.push(number_tag("n", new.before.saturating_add(rows)));
    tags.extend(new.prev.map(|id| tag("prev", [&id.to_hex()])));
    let hex = |id: Option<EventId>| id.map(|id| id.to_hex()).unwrap_or_default();
    match new.chain {
        ChainKey::Policy => {}
        ChainKey::PolicyStaff => {
            tags.extend(new.mark.public.map(|id| tag("policy", [&id.to_hex()])));
        }
        ChainKey::Clinical { .. } => {
            tags.push(tag("policy", [&hex(new.mark.public), &hex(new.mark.staff)]));
        }
    }
    tags.extend(new.rows.iter().copied().map(Row::to_tag));
    event::sign(box_keys, kinds::RECEIPT, tags, "", new.created_at)
}

impl Row {
    /// `["e", id, received]`, imports with the word `import`.
    fn to_tag(self) -> Tag {
        let (id, received) = (self.id.to_hex(), self.received.to_string());
        if self.import { tag("e", [&id, &received, "import"]) } else { tag("e", [&id, &received]) }
    }

    fn from_cells(cells: &[&str]) -> Option<Self> {
        let import = match cells {
            [_, _] => false,
            [_, _, "import"] => true,
            _ => return None,
        };
        let received = number_from_text(cells.get(1)?)?;
        Some(Self { id: id_from_hex(cells.first()?)?, received, import })
    }
}

/// Parses the strict shape; signature and chain are checked elsewhere.
pub fn parse(event: &Event) -> Option<Receipt> {
    if event.kind.as_u16() != kinds::RECEIPT || !event.content.is_empty() {
        return None;
    }
    let mut seen = Seen::default();
    for tag in event.tags.iter() {
        let cells: Vec<&str> = tag.as_slice().iter().map(String::as_str).collect();
        seen.take(&cells)?;
    }
    let rows = u64::try_from(seen.rows.len()).ok()?;
    let mut named = BTreeSet::new();
    let well_formed = (1..=ROWS_MAX).contains(&seen.rows.len())
        && seen.rows.iter().all(|row| named.insert(row.id))
        && seen.rows.windows(2).all(|pair| pair[0].received <= pair[1].received);
    let n = seen.n.filter(|n| *n >= rows && well_formed)?;
    let mut keys = seen.keys.into_iter();
    let (epoch_key, subject) = (keys.next(), keys.next());
    let shaped = match seen.chain {
        None => epoch_key.is_some() && seen.mark_cells == Some(2),
        Some(ChainKey::Policy) => epoch_key.is_none() && seen.mark_cells.is_none(),
        Some(_) => epoch_key.is_none() && seen.mark_cells.is_none_or(|cells| cells == 1),
    };
    shaped.then_some(Receipt {
        id: event.id,
        signer: event.pubkey,
        epoch_key,
        subject,
        policy_chain: seen.chain,
        n,
        prev: seen.prev,
        mark: seen.mark,
        rows: seen.rows,
    })
}

/// What has been seen of a receipt's tags so far.
#[derive(Default)]
struct Seen {
    keys: Vec<PublicKey>,
    chain: Option<ChainKey>,
    n: Option<u64>,
    prev: Option<EventId>,
    mark: PolicyMark,
    mark_cells: Option<usize>,
    rows: Vec<Row>,
}

impl Seen {
    fn take(&mut self, cells: &[&str]) -> Option<()> {
        match cells {
            ["p", key] if self.keys.len() < 2 => self.keys.push(key_from_hex(key)?),
            ["c", word] if self.chain.is_none() => {
                let chains = [ChainKey::Policy, ChainKey::PolicyStaff];
                self.chain = Some(chains.into_iter().find(|c| c.policy_word() == Some(*word))?);
            }
            ["n", n] if self.n.is_none() => self.n = Some(number_from_text(n)?),
            ["prev", id] if self.prev.is_none() => self.prev = Some(id_from_hex(id)?),
            ["policy", ids @ ..] if self.mark_cells.is_none() => self.take_mark(ids)?,
            ["e", row @ ..] => self.rows.push(Row::from_cells(row)?),
            _ => return None,
        }
        Some(())
    }

    fn take_mark(&mut self, ids: &[&str]) -> Option<()> {
        let id = |text: &str| match text {
            "" => Some(None),
            text => id_from_hex(text).map(Some),
        };
        let (public, staff) = match ids {
            [public] => (id(public)?, None),
            [public, staff] => (id(public)?, id(staff)?),
            _ => return None,
        };
        self.mark = PolicyMark { public, staff };
        self.mark_cells = Some(ids.len());
        Some(())
    }
}
