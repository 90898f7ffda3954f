//! What the vault knows of the practice: signed events, read anew for each ceremony. The vault keeps no member
//! table; it keeps one number, the highest `seq` that it has signed, and refuses to build on less.

use std::collections::BTreeMap;

use relaybox_protocol::epochs::Sequence;
use relaybox_protocol::event::{self, number_from_text, tag_value};
use relaybox_protocol::policy::{Policy, View};
use relaybox_protocol::receipts::{Completeness, Readership, ReceiptBook};
use relaybox_protocol::refusal::Refusal;
use relaybox_protocol::{Event, EventId, PublicKey, kinds};

/// Why the vault does not build on a history.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum HistoryError {
    #[error("build on the practice's history: an event's signature does not hold")]
    Forged,
    #[error("build on the practice's history: receipts are missing or contradict each other")]
    NotWhole,
    /// `seq` of the newest event given, and of the last one signed here.
    #[error(
        "build on the practice's history: it ends at number {given}, and this vault has signed number {signed}"
    )]
    Old { given: u64, signed: u64 },
    #[error("build on the practice's history: it has no epoch")]
    Unclaimed,
}

/// Policy as receipts order it, and the end of P's own row of events.
#[derive(Debug)]
pub struct History {
    policy: Policy,
    /// Counted events of P by id.
    events: BTreeMap<EventId, Event>,
    last: Option<(u64, EventId)>,
}

impl History {
    /// Before the claim there is nothing.
    pub fn empty(practice: PublicKey) -> Self {
        Self { policy: Policy::new(practice), events: BTreeMap::new(), last: None }
    }

    /// Reads policy events (2102–2110, 2127) and receipts (2122), in any order. `practice` is P of the claim,
    /// `signed` the highest `seq` that this vault has signed.
    ///
    /// # Errors
    /// When an event is forged, a policy chain is not whole, or the history is older than what was signed.
    pub fn read(practice: PublicKey, events: Vec<Event>, signed: u64) -> Result<Self, HistoryError> {
        Self::read_later(practice, Vec::new(), events, signed)
    }

    /// The same with what came later: the signatures of `known` were verified before.
    ///
    /// # Errors
    /// As [`History::read`].
    pub fn read_later(
        practice: PublicKey,
        known: Vec<Event>,
        later: Vec<Event>,
        signed: u64,
    ) -> Result<Self, HistoryError> {
        if later.iter().any(|event| event::verify(event).is_err()) {
            return Err(HistoryError::Forged);
        }
        let events = known.into_iter().chain(later);
        let (receipts, events): (Vec<Event>, Vec<Event>) =
            events.partition(|event| event.kind.as_u16() == kinds::RECEIPT);
        let imported: Vec<PublicKey> = events.iter().filter_map(Policy::imported_subject).collect();
        let book = ReceiptBook::read_policy(practice, Readership::Staff, &imported, &receipts, &events);
        if book.policy_state() != Completeness::Whole {
            return Err(HistoryError::NotWhole);
        }
        let policy = book.policy().clone();
        let counted = events.into_iter().filter(|event| policy.counted(&event.id));
        let events: BTreeMap<EventId, Event> = counted.map(|event| (event.id, event)).collect();
        let last = events.values().filter_map(|event| Some((sequence_of(event)?, event.id))).max();
        let given = last.map_or(0, |(seq, _)| seq);
        if given < signed {
            return Err(HistoryError::Old { given, signed });
        }
        if policy.now(0).epoch().is_none() {
            return Err(HistoryError::Unclaimed);
        }
        Ok(Self { policy, events, last })
    }

    /// Policy at `now`, unix seconds; never below the newest receipt.
    pub fn view(&self, now: u64) -> View<'_> {
        self.policy.now(now)
    }

    /// Sequence of P's next event.
    pub fn next(&self) -> Sequence {
        match self.last {
            None => Sequence { seq: 1, prev: None },
            Some((seq, id)) => Sequence { seq: seq + 1, prev: Some(id) },
        }
    }

    /// The policy head of a challenge: P's last policy event.
    pub fn head(&self) -> Option<EventId> {
        self.last.map(|(_, id)| id)
    }

    /// Whether policy takes these events as one transaction after all others.
    ///
    /// # Errors
    /// The refusal of the first event that it does not take.
    pub fn try_on(&self, events: &[Event], now: u64) -> Result<(), Refusal> {
        let mut policy = self.policy.clone();
        let at = policy.newest() + 1;
        let mut of_policy = events.iter().filter(|event| kinds::is_policy(event.kind.as_u16()));
        of_policy.try_for_each(|event| policy.apply(event, at, now))
    }

    /// A counted event.
    pub fn event(&self, id: &EventId) -> Option<&Event> {
        self.events.get(id)
    }
}

/// `seq` of an event signed by P.
pub fn sequence_of(event: &Event) -> Option<u64> {
    number_from_text(tag_value(event, "seq", 0)?)
}
