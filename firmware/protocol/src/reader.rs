//! The reader rule (PROTOCOL 2.1, 2.8): a record is shown, pending, sealed, or in quarantine with a
//! named reason. Never dropped.
//!
//! A [`Reader`] trusts the practice key P alone. It folds the policy that the receipts order, and judges
//! each record by the policy at the place that the record's receipt names. It has no clock: callers pass
//! the time, or none for an export or an offline check, where nothing is pending.

mod claims;
mod disclosure;
mod import;
mod judge;
mod keys;
#[cfg(test)]
mod tests;
mod ties;

use std::collections::{BTreeMap, BTreeSet};

use crate::fold::{self, Coverage, Record};
use crate::permissions::Compartment;
use crate::policy::Position;
use crate::receipts::{ChainKey, Readership, ReceiptBook, Receipted, Share};
use crate::{Event, EventId, PublicKey, kinds};

pub use disclosure::{ChainShare, Disclosed, DisclosedRecord, Packet, open_packet};
pub use keys::Held;

use ties::Tie;

/// Seconds for which a record without receipt is pending, from when this reader first saw it.
pub const PENDING_SECONDS: u64 = 600;

/// Reasons in the order in which the first that applies is named (PROTOCOL 2.8.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Reason {
    Id,
    Sig,
    NoReceipt,
    ImportSigner,
    NotMember,
    Role,
    Act,
    Compartment,
    Epoch,
    Commitment,
    Body,
    Binding,
    Subject,
    RetryDiffers,
}

impl Reason {
    pub const ALL: [Self; 14] = [
        Self::Id,
        Self::Sig,
        Self::NoReceipt,
        Self::ImportSigner,
        Self::NotMember,
        Self::Role,
        Self::Act,
        Self::Compartment,
        Self::Epoch,
        Self::Commitment,
        Self::Body,
        Self::Binding,
        Self::Subject,
        Self::RetryDiffers,
    ];

    /// The name in PROTOCOL and in vectors.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Id => "id",
            Self::Sig => "sig",
            Self::NoReceipt => "no-receipt",
            Self::ImportSigner => "import-signer",
            Self::NotMember => "not-member",
            Self::Role => "role",
            Self::Act => "act",
            Self::Compartment => "compartment",
            Self::Epoch => "epoch",
            Self::Commitment => "commitment",
            Self::Body => "body",
            Self::Binding => "binding",
            Self::Subject => "subject",
            Self::RetryDiffers => "retry-differs",
        }
    }
}

/// What a view says beside a shown record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Marks {
    /// The patient's copy is missing, does not open or differs: "damaged for the patient".
    pub copies_differ: bool,
    /// The body claims a signature, and the event has no `["act","sign"]` (PROTOCOL 2.8.4).
    pub unsigned: bool,
    /// "Outside, by X" until staff accept it (2125).
    pub outside: bool,
    /// "From the former system" (PROTOCOL 2.6).
    pub former: bool,
}

/// A record that the rule shows.
#[derive(Debug, Clone, PartialEq)]
pub struct Shown {
    pub record: Record,
    pub marks: Marks,
    /// The chain that its receipt stands in.
    pub chain: ChainKey,
}

/// What an envelope says of a record whose key this reader does not hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sealed {
    /// The event's kind; the true kind of a 2123 stands in its body.
    pub kind: u16,
    pub signer: PublicKey,
    pub compartment: Compartment,
    /// Unix seconds.
    pub received: u64,
}

/// What the rule says of one event.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    Shown(Box<Shown>),
    /// A retry of the shown record with this id.
    Alias(EventId),
    /// No receipt yet; quarantine from this time on (unix seconds).
    Pending {
        until: u64,
    },
    Sealed(Sealed),
    Quarantine(Reason),
}

/// How much of policy a reader sees (PROTOCOL 3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sight {
    /// Both chains: members and the vault.
    Staff,
    /// The chain of all members and what names the reader's own key or child, for which the relay's word is
    /// taken: patients, own keys, guardians, agents.
    Own,
    /// The chain of all members alone: the recipient of a disclosure. For links, own keys and the state of
    /// T the certified box's receipt is taken (PROTOCOL 2.8.2).
    Public,
}

/// A reader: what it trusts, holds and has seen.
pub struct Reader {
    practice: PublicKey,
    held: Held,
    sight: Sight,
    receipts: Vec<Event>,
    events: Vec<Event>,
    book: ReceiptBook,
    ties: Vec<Tie>,
    first_seen: BTreeMap<EventId, u64>,
}

impl Reader {
    /// `practice` is P from the practice's own QR or site. `events` are policy events (2102–2110, 2127)
    /// and receipts (2122) in any order; others are passed over, as are events whose id or signature does
    /// not hold.
    pub fn new(practice: PublicKey, held: Held, sight: Sight, events: &[Event]) -> Self {
        let mut reader = Self {
            practice,
            held,
            sight,
            receipts: Vec::new(),
            events: Vec::new(),
            book: ReceiptBook::read(practice, Readership::Members, &[], &[]),
            ties: Vec::new(),
            first_seen: BTreeMap::new(),
        };
        reader.add(events);
        reader
    }

    /// Takes more policy events and receipts. The order of policy is read anew.
    pub fn add(&mut self, events: &[Event]) {
        for event in events.iter().filter(|event| crate::event::verify(event).is_ok()) {
            match event.kind.as_u16() {
                kinds::RECEIPT => self.receipts.push(event.clone()),
                kind if kinds::is_policy(kind) => self.events.push(event.clone()),
                _ => {}
            }
        }
        let readership = match self.sight {
            Sight::Staff => Readership::Staff,
            Sight::Own | Sight::Public => Readership::Members,
        };
        let folded: &[Event] = &self.events;
        self.book = ReceiptBook::read(self.practice, readership, &self.receipts, folded);
        if self.sight == Sight::Public {
            self.ties = self.events.iter().flat_map(ties::of).collect();
        }
    }

    /// Keeps the times at which another reader first saw events without receipt.
    pub fn remember(&mut self, other: &Self) {
        for (id, at) in &other.first_seen {
            self.first_seen.entry(*id).and_modify(|mine| *mine = (*mine).min(*at)).or_insert(*at);
        }
    }

    /// Judges events. `now` in unix seconds by this reader's own clock; none: nothing is pending.
    /// Retries are found among the events of one call, so a chart is read in one call.
    pub fn read(&mut self, events: &[Event], now: Option<u64>) -> BTreeMap<EventId, Outcome> {
        let mut out = BTreeMap::new();
        for event in events {
            let outcome = self.judge(event, now);
            // An event whose id does not hold must not stand for the true event of that id.
            if matches!(outcome, Outcome::Quarantine(Reason::Id | Reason::Sig)) {
                out.entry(event.id).or_insert(outcome);
            } else {
                out.insert(event.id, outcome);
            }
        }
        join_retries(&mut out);
        out
    }

    /// k of n over chains, each counted once: those of a rekeyed line are summed. n is none when it cannot
    /// be known of one of them (PROTOCOL 2.5).
    pub fn share(&self, chains: &[ChainKey], held: &BTreeSet<EventId>) -> Share {
        let mut sum = Share { k: 0, destroyed: 0, n: Some(0), since: None };
        for chain in chains.iter().collect::<BTreeSet<_>>() {
            let Some(share) = self.book.share(chain, held) else { continue };
            sum.k += share.k;
            sum.destroyed += share.destroyed;
            sum.n = sum.n.zip(share.n).map(|(sum, n)| sum + n);
            sum.since = sum.since.into_iter().chain(share.since).min();
        }
        sum
    }

    /// How much of these chains one read shows (PROTOCOL 2.5). A row of a receipt names no kind, so what is
    /// missing of a chain may be whatever its compartment holds; nothing of the chart is in `desk`.
    pub fn coverage(&self, chains: &[ChainKey], outcomes: &BTreeMap<EventId, Outcome>) -> Coverage {
        if outcomes.values().any(|outcome| matches!(outcome, Outcome::Pending { .. })) {
            return Coverage::Partial;
        }
        let shown: BTreeSet<EventId> = outcomes
            .iter()
            .filter(|(_, outcome)| matches!(outcome, Outcome::Shown(_) | Outcome::Alias(_)))
            .map(|(id, _)| *id)
            .collect();
        let whole = |chains: &[ChainKey]| self.share(chains, &shown).is_complete();
        let desk =
            |chain: &ChainKey| matches!(chain, ChainKey::Clinical { compartment: Compartment::Desk, .. });
        let clinical: Vec<ChainKey> = chains.iter().filter(|chain| !desk(chain)).copied().collect();
        match (whole(&clinical), whole(chains)) {
            (true, true) => Coverage::Complete,
            (true, false) => Coverage::Clinical,
            (false, _) => Coverage::Partial,
        }
    }

    /// The receipts and the policy that they order. When its policy chain is not whole, clients stop writing
    /// and say so.
    pub fn book(&self) -> &ReceiptBook {
        &self.book
    }

    fn judge(&mut self, event: &Event, now: Option<u64>) -> Outcome {
        if !event.verify_id() {
            return Outcome::Quarantine(Reason::Id);
        }
        if !event.verify_signature() {
            return Outcome::Quarantine(Reason::Sig);
        }
        let row = self.book.receipted(event);
        match row.and_then(|row| Some((row, row.position?))) {
            Some((row, position)) => self.placed(event, &row, position),
            None => self.without_receipt(event.id, now),
        }
    }

    /// A record counts if it counts at one of the places at which it can stand.
    fn placed(&self, event: &Event, row: &Receipted, position: Position) -> Outcome {
        let last = judge::with_receipt(self, event, row, position);
        let earliest = row.earliest.unwrap_or(position);
        if !matches!(last, Outcome::Quarantine(_)) {
            return last;
        }
        let sooner = (earliest..position).rev().map(|at| {
            let sooner = Receipted { position: Some(at), ..*row };
            judge::with_receipt(self, event, &sooner, at)
        });
        sooner.into_iter().find(|outcome| !matches!(outcome, Outcome::Quarantine(_))).unwrap_or(last)
    }

    fn without_receipt(&mut self, id: EventId, now: Option<u64>) -> Outcome {
        let Some(now) = now else { return Outcome::Quarantine(Reason::NoReceipt) };
        let until = self.first_seen.entry(id).or_insert(now).saturating_add(PENDING_SECONDS);
        if now < until { Outcome::Pending { until } } else { Outcome::Quarantine(Reason::NoReceipt) }
    }
}

/// Names retries and those that differ (PROTOCOL 2.8.9); only shown records take part.
fn join_retries(outcomes: &mut BTreeMap<EventId, Outcome>) {
    let mut records: Vec<Record> = outcomes
        .values()
        .filter_map(|outcome| match outcome {
            Outcome::Shown(shown) => Some(shown.record.clone()),
            _ => None,
        })
        .collect();
    for id in fold::join(&mut records) {
        outcomes.insert(id, Outcome::Quarantine(Reason::RetryDiffers));
    }
    for record in records.into_iter().filter(|record| !record.aliases.is_empty()) {
        for alias in &record.aliases {
            outcomes.insert(*alias, Outcome::Alias(record.id));
        }
        if let Some(Outcome::Shown(shown)) = outcomes.get_mut(&record.id) {
            shown.record.aliases = record.aliases;
        }
    }
}
