//! Policy events and the receipts that name them, in one transaction.

use std::collections::BTreeSet;

use relaybox_process::rpc::ceremony::Reply;
use relaybox_protocol::admit::{self, Admission, Arrival};
use relaybox_protocol::event::{EVENT_BYTES_MAX, Verified};
use relaybox_protocol::kinds;
use relaybox_protocol::policy::{Door, Policy};
use relaybox_protocol::receipts::{ChainKey, PolicyMark, Row};
use relaybox_protocol::refusal::Refusal;
use relaybox_store::{Outcome, Result, Seq, StoreError};
use serde_json::value::RawValue;

use super::{STALE_TRIES, Writer, fate, refused, store};
use crate::members::Members;
use crate::receipts::{self, Next};
use crate::service::refusal_of;
use crate::stamp::Held;

/// One event of a transaction.
pub(super) struct Entry<'a> {
    pub(super) verified: &'a Verified,
    pub(super) admission: &'a Admission,
}

impl Writer {
    /// Stores the events and one receipt for each policy chain that they touch. Events of the public
    /// chain come first, so that the receipt of the other one names the public position under which
    /// its events count. Gives the outcomes of the events, in the order given.
    pub(super) async fn append_policy(
        &self,
        events: &[Entry<'_>],
        at: Seq,
        held: &Held,
    ) -> Result<Vec<Outcome>> {
        let Some(keys) = self.shared.box_keys.as_ref() else {
            return Err(StoreError::Unavailable("the box key is missing".into()));
        };
        if events.is_empty() {
            return Ok(Vec::new());
        }
        let received = held.second();
        let mut batch: Vec<_> = events.iter().map(|e| store::admitted(e.verified, e.admission, at)).collect();
        let mut public = self.shared.store.chain_head(&ChainKey::Policy).await?;
        for chain in [ChainKey::Policy, ChainKey::PolicyStaff] {
            let rows: Vec<_> = events
                .iter()
                .filter(|entry| entry.admission.chains.contains(&chain))
                .map(|entry| Row { id: entry.verified.id(), received, import: false })
                .collect();
            let mut head = self.shared.store.chain_head(&chain).await?;
            for rows in rows.chunks(relaybox_protocol::receipts::ROWS_MAX) {
                let mark = match chain {
                    ChainKey::PolicyStaff => PolicyMark { public: public.map(|(_, id)| id), staff: None },
                    _ => PolicyMark::default(),
                };
                let next = Next { chain, epoch_key: None, head, mark, rows };
                let receipt = receipts::admitted(keys, &next, received)?;
                head = receipt.covers.as_ref().map(|covers| (covers.n, receipt.id));
                batch.push(receipt);
            }
            if chain == ChainKey::Policy {
                public = head;
            }
        }
        let outcomes = self.shared.store.append_all(batch, received).await?;
        self.pass(events, &outcomes).await;
        Ok(outcomes.into_iter().take(events.len()).collect())
    }

    /// Nothing is decided before the member table has passed what was stored.
    async fn pass(&self, events: &[Entry<'_>], outcomes: &[Outcome]) {
        let mut newest = 0;
        for (entry, outcome) in events.iter().zip(outcomes) {
            if let Outcome::Stored { seq, .. } = outcome
                && entry.admission.moves_policy
            {
                newest = newest.max(*seq);
            }
        }
        if newest > 0 {
            self.shared.members_at(newest).await;
        }
    }

    /// P-signed events and what goes with them: all or nothing.
    pub(super) async fn append_ceremony(&self, events: &[Box<RawValue>]) -> Reply {
        let mut verified = Vec::with_capacity(events.len());
        for (index, event) in events.iter().enumerate() {
            match Verified::parse(event.get(), EVENT_BYTES_MAX) {
                Ok(event) => verified.push(event),
                Err(refusal) => return refused(index, refusal),
            }
        }
        for _ in 0..STALE_TRIES {
            match self.try_ceremony(&verified).await {
                Ok(reply) => return reply,
                Err(StoreError::Conflict | StoreError::Stale(_)) => self.catch_up().await,
                Err(error) => return refused(0, refusal_of(&error)),
            }
        }
        refused(0, Refusal::Storage)
    }

    async fn try_ceremony(&self, events: &[Verified]) -> Result<Reply> {
        let Some(members) = self.shared.members() else { return Ok(refused(0, Refusal::NoPractice)) };
        let stored = self.stored_ids(events.iter().map(Verified::id)).await?;
        let held = self.shared.stamp.hold();
        let now = held.second();
        let mut fresh = order(events, &members.policy);
        fresh.retain(|(_, event)| !stored.contains(&event.id()));
        let (trial, admissions) = match admit_all(&members, fresh, now) {
            Ok(admitted) => admitted,
            Err((index, refusal)) => return Ok(refused(index, refusal)),
        };
        let certified = |keys: &relaybox_protocol::Keys| trial.now(now).certified_box(&keys.public_key());
        if !admissions.is_empty() && !self.shared.box_keys.as_ref().is_some_and(certified) {
            return Ok(refused(0, Refusal::BoxNotCertified));
        }
        let entries: Vec<_> = admissions
            .iter()
            .map(|(index, admission)| Entry { verified: &events[*index], admission })
            .collect();
        let outcomes = match self.append_policy(&entries, members.at, &held).await {
            Ok(outcomes) => outcomes,
            Err(StoreError::NotAll { index, outcome }) => {
                return Ok(refused(admissions.get(index).map_or(0, |(at, _)| *at), told(outcome)));
            }
            Err(error) => return Err(error),
        };
        drop(held);
        self.shared.due.notify_one();
        let mut numbers = vec![None; events.len()];
        for ((index, _), outcome) in admissions.iter().zip(outcomes) {
            match outcome {
                Outcome::Stored { seq, .. } => numbers[*index] = Some(seq),
                Outcome::Stale => return Err(StoreError::Conflict),
                _ => {}
            }
        }
        for order in admissions
            .iter()
            .map(|(at, _)| events[*at].event())
            .filter(|e| e.kind.as_u16() == kinds::DESTRUCTION)
        {
            if let Err(error) = self.destroy(order).await {
                log::error!(
                    "destroying what an order names failed to {error}; it is tried at the next start"
                );
            }
        }
        let events = events.iter().zip(numbers).map(|(event, seq)| (event.id().to_hex(), seq)).collect();
        Ok(Reply::Stored { events })
    }
}

/// Why an event was not stored.
fn told(outcome: Outcome) -> Refusal {
    match fate(outcome) {
        Some(Err(refusal)) => refusal,
        _ => Refusal::Storage,
    }
}

/// The order in which a ceremony's events arrive: those of the public policy chain as given, then
/// the others as given. An event that stands twice counts once.
fn order<'a>(events: &'a [Verified], policy: &Policy) -> Vec<(usize, &'a Verified)> {
    let mut seen = BTreeSet::new();
    let mut order: Vec<_> = events.iter().enumerate().filter(|(_, event)| seen.insert(event.id())).collect();
    order.sort_by_key(|(_, event)| policy.chain_of(event.event()) != Some(ChainKey::Policy));
    order
}

/// Policy after a whole ceremony, and what to do with each of its events, by index.
type Trial = (Policy, Vec<(usize, Admission)>);

/// Judges the events one after the other. What a 2108 names may stand in the same ceremony, so its
/// chain shows when it is judged: when one of the public chain came after one of the other, all are
/// judged anew in the right order. A key never loses its role, so this ends.
fn admit_all(
    members: &Members,
    mut events: Vec<(usize, &Verified)>,
    now: u64,
) -> std::result::Result<Trial, (usize, Refusal)> {
    loop {
        let mut trial = members.policy.clone();
        let mut admissions = Vec::with_capacity(events.len());
        for (index, event) in &events {
            let position = members.at + 1 + admissions.len() as u64;
            match admit_in_trial(&mut trial, event, position, now) {
                Ok(admission) => admissions.push((*index, admission)),
                Err(refusal) => return Err((*index, refusal)),
            }
        }
        let staff = |(_, admission): &(usize, Admission)| !admission.chains.contains(&ChainKey::Policy);
        if admissions.is_sorted_by_key(staff) {
            return Ok((trial, admissions));
        }
        let mut both: Vec<_> = events.into_iter().zip(&admissions).collect();
        both.sort_by_key(|(_, admission)| staff(admission));
        events = both.into_iter().map(|(event, _)| event).collect();
    }
}

fn admit_in_trial(
    trial: &mut Policy,
    event: &Verified,
    position: Seq,
    now: u64,
) -> std::result::Result<Admission, Refusal> {
    let author = [event.event().pubkey];
    let arrival = Arrival { door: Door::Ceremony, authenticated: &author, invited: &[], now };
    let admission = admit::admit(&trial.now(now), event.event(), &arrival)?;
    if kinds::is_policy(event.kind()) {
        trial.apply(event.event(), position, now)?;
    }
    Ok(admission)
}
