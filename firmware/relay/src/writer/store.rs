//! From a decided event to what the store takes, and the small look-ups of the writer.

use std::collections::BTreeSet;

use relaybox_protocol::admit::Admission;
use relaybox_protocol::event::{self, Verified};
use relaybox_protocol::kinds::{self, Keeping};
use relaybox_protocol::scope::{Branch, Scope};
use relaybox_protocol::{EventId, Filter, PublicKey};
use relaybox_store::{Admitted, Origin, Plan, Result, Seq, Slot, StoreError};

use super::Writer;

/// What the store gets of an event admitted under the member table at `at`.
pub(super) fn admitted(verified: &Verified, admission: &Admission, at: Seq) -> Admitted {
    let event = verified.event();
    Admitted {
        id: event.id,
        author: event.pubkey,
        kind: verified.kind(),
        created_at: event.created_at.as_secs(),
        bytes: verified.shared_json(),
        keys: event::index_keys(event),
        slot: slot(verified),
        expires: admission.expires,
        origin: Origin::Live,
        moves_members: admission.moves_policy,
        chains: admission.chains.clone(),
        covers: None,
        deletes: admission.deletes.clone(),
        deletes_addresses: admission.deletes_addresses.clone(),
        charge: Some(admission.charge),
        at: Some(at),
    }
}

fn slot(verified: &Verified) -> Option<Slot> {
    let event = verified.event();
    let d = match kinds::keeping(verified.kind()) {
        Keeping::Replaceable => String::new(),
        Keeping::Addressable => event::tag_value(event, "d", 0).unwrap_or_default().to_owned(),
        Keeping::Regular | Keeping::Ephemeral => return None,
    };
    Some(Slot { author: event.pubkey, kind: verified.kind(), d })
}

impl Writer {
    /// Kinds of those of the author's own stored events that have one of these ids.
    pub(super) async fn own_kinds(&self, ids: &[EventId], author: PublicKey) -> Result<Vec<u16>> {
        let filter = Filter::new().ids(ids.iter().copied()).author(author);
        Ok(self.stored(filter).await?.into_iter().map(|(_, kind)| kind).collect())
    }

    /// Which of these ids are stored, whoever wrote them.
    pub(super) async fn stored_ids(
        &self,
        ids: impl IntoIterator<Item = EventId>,
    ) -> Result<BTreeSet<EventId>> {
        Ok(self.stored_kinds(ids).await?.into_iter().map(|(id, _)| id).collect())
    }

    /// The same with their kinds.
    pub(super) async fn stored_kinds(
        &self,
        ids: impl IntoIterator<Item = EventId>,
    ) -> Result<Vec<(EventId, u16)>> {
        self.stored(Filter::new().ids(ids)).await
    }

    async fn stored(&self, filter: Filter) -> Result<Vec<(EventId, u16)>> {
        #[derive(serde::Deserialize)]
        struct Head {
            id: String,
            kind: u16,
        }
        let heads = |bytes: &str| {
            let head = serde_json::from_str::<Head>(bytes).ok()?;
            Some((EventId::from_hex(&head.id).ok()?, head.kind))
        };
        self.look_up(filter, Branch::default(), heads).await
    }

    /// What `read` makes of each stored event of the filter within the branch, newest first.
    pub(super) async fn look_up<T: Send>(
        &self,
        filter: Filter,
        within: Branch,
        read: impl Fn(&str) -> Option<T> + Send + Sync,
    ) -> Result<Vec<T>> {
        let plan = Plan::build(&[filter], &Scope { branches: vec![within] })
            .map_err(|refusal| StoreError::Corrupt(refusal.code().to_owned()))?;
        loop {
            let head = self.shared.store.head().await?;
            let mut found = Vec::new();
            let mut row = |row: relaybox_store::Row<'_>| found.extend(read(row.bytes));
            match self.shared.store.read(&plan, head.m, &mut row).await {
                Ok(_) => return Ok(found),
                // A look-up of ours has no scope that could be stale: ask again at the new head.
                Err(StoreError::Stale(_)) => {}
                Err(error) => return Err(error),
            }
        }
    }
}
