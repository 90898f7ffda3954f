//! Calls are bound to a visit (PROTOCOL 2.2): the look-up of the visits of two persons.

use std::collections::BTreeSet;

use relaybox_protocol::event::{EVENT_BYTES_MAX, parse_unverified};
use relaybox_protocol::policy::View;
use relaybox_protocol::refusal::Refusal;
use relaybox_protocol::scope::{Branch, IndexKey};
use relaybox_protocol::{Event, EventId, Filter, PublicKey, kinds, visits};
use relaybox_store::Result;

use super::Writer;
use crate::service::refusal_of;

/// How long before its call a visit may have been written; a year ahead is the furthest a practice books.
const BOOKED_SECONDS_MAX: u64 = 400 * 86_400;
/// Visits of two persons that are looked at, the newest by `created_at`.
const VISITS_MAX: usize = 1_000;

impl Writer {
    /// Refuses signalling (4050–4055) between two who are not both parties of a visit that is on.
    pub(super) async fn call_has_a_visit(
        &self,
        view: &View<'_>,
        event: &Event,
        now: u64,
    ) -> std::result::Result<(), Refusal> {
        let Some((party, _)) = visits::parse_signalling(event) else { return Ok(()) };
        match self.visit_is_on(view, &event.pubkey, &party, now).await {
            Ok(true) => Ok(()),
            Ok(false) => Err(Refusal::Visit),
            Err(error) => Err(refusal_of(&error)),
        }
    }

    async fn visit_is_on(
        &self,
        view: &View<'_>,
        author: &PublicKey,
        party: &PublicKey,
        now: u64,
    ) -> Result<bool> {
        let open = |events: &[Event]| visits::open_between(view, events, author, party, now);
        let named = Filter::new()
            .pubkey(*party)
            .since(now.saturating_sub(BOOKED_SECONDS_MAX).into())
            .limit(VISITS_MAX);
        let mut events = self.visits(named, [IndexKey::p(author)].into()).await?;
        let ids: Vec<EventId> = open(&events);
        if ids.is_empty() {
            return Ok(false);
        }
        // A successor may name other parties than its predecessor.
        events.extend(self.visits(Filter::new().events(ids), BTreeSet::new()).await?);
        Ok(!open(&events).is_empty())
    }

    async fn visits(&self, filter: Filter, keys: BTreeSet<IndexKey>) -> Result<Vec<Event>> {
        let within = Branch { keys, narrow: true, ..Branch::default() };
        let event = |bytes: &str| parse_unverified(bytes, EVENT_BYTES_MAX).ok();
        self.look_up(filter.kind(kinds::VISIT.into()), within, event).await
    }
}
