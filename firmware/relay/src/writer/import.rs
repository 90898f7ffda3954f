//! Events of a former practice (PROTOCOL 2.6): stored as they are, under the old practice key as the
//! chart's epoch 0, in chains of their own rows. They come through the ceremony socket only.

use relaybox_process::rpc::ceremony::Reply;
use relaybox_protocol::admit::Admission;
use relaybox_protocol::event::{EVENT_BYTES_MAX, Verified, p_tag};
use relaybox_protocol::legacy::current_kind;
use relaybox_protocol::permissions::Compartment;
use relaybox_protocol::policy::View;
use relaybox_protocol::receipts::ChainKey;
use relaybox_protocol::refusal::Refusal;
use relaybox_store::{Admitted, Origin, Outcome};
use serde_json::value::RawValue;

use super::{Writer, refused, store};
use crate::service::refusal_of;

impl Writer {
    pub(super) async fn import(&self, events: &[Box<RawValue>]) -> Reply {
        let Some(members) = self.shared.members() else { return refused(0, Refusal::NoPractice) };
        let now = self.shared.stamp.now();
        if !self.shared.certified(&members, now) {
            return refused(0, Refusal::BoxNotCertified);
        }
        let view = members.view(now);
        let mut batch = Vec::with_capacity(events.len());
        for (index, event) in events.iter().enumerate() {
            let imported = Verified::parse(event.get(), EVENT_BYTES_MAX)
                .and_then(|verified| import(&view, &verified, members.at));
            match imported {
                Ok(admitted) => batch.push(admitted),
                Err(refusal) => return refused(index, refusal),
            }
        }
        let ids: Vec<_> = batch.iter().map(|admitted| admitted.id.to_hex()).collect();
        let outcomes = match self.shared.store.append(batch).await {
            Ok(outcomes) => outcomes,
            Err(error) => return refused(0, refusal_of(&error)),
        };
        self.shared.due.notify_one();
        let mut stored = Vec::with_capacity(ids.len());
        for (index, (id, outcome)) in ids.into_iter().zip(outcomes).enumerate() {
            match outcome {
                Outcome::Stored { seq, .. } => stored.push((id, Some(seq))),
                Outcome::Duplicate => stored.push((id, None)),
                Outcome::Deleted => return refused(index, Refusal::Deleted),
                // Sent again, what was stored meanwhile is a duplicate.
                _ => return refused(index, Refusal::Storage),
            }
        }
        // A 2110 of an imported patient is judged by what the tail has passed.
        if let Some(newest) = stored.iter().filter_map(|(_, seq)| *seq).max() {
            self.shared.delivered_at(newest).await;
        }
        Reply::Stored { events: stored }
    }
}

/// What readers will show of it: a record kind, the former practice's key first, a patient second,
/// signed by somebody of the former practice or by the patient.
fn import(view: &View<'_>, verified: &Verified, at: u64) -> Result<Admitted, Refusal> {
    let event = verified.event();
    let epoch = view.legacy_epoch().ok_or(Refusal::Epoch)?;
    if !matches!(current_kind(verified.kind()), 2110..=2121) {
        return Err(Refusal::KindNotTaken);
    }
    if p_tag(event, 0) != Some(epoch.chart) {
        return Err(Refusal::Epoch);
    }
    let subject = p_tag(event, 1).ok_or(Refusal::Envelope)?;
    if !epoch.signers.contains(&event.pubkey) && event.pubkey != subject {
        return Err(Refusal::NotMember);
    }
    if view.destroyed(&event.id) {
        return Err(Refusal::Deleted);
    }
    let admission = Admission {
        chains: vec![ChainKey::Clinical { compartment: Compartment::Chart, subject: Some(subject) }],
        moves_policy: false,
        expires: None,
        charge: event.pubkey,
        deletes: Vec::new(),
        deletes_addresses: Vec::new(),
        ephemeral: false,
    };
    let admitted = store::admitted(verified, &admission, at);
    Ok(Admitted { origin: Origin::Import, charge: None, ..admitted })
}
