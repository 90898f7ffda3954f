//! The stored 2100s by what they say in clear.

use std::collections::{BTreeMap, BTreeSet};

use crate::grants::{GrantShape, parse_patient_grant};
use crate::permissions::Compartment;
use crate::policy::{Person, View};
use crate::{Event, EventId, PublicKey};

/// Who has which rows, and who gave them.
#[derive(Debug, Clone, Default)]
pub struct GrantBook {
    grants: BTreeMap<PublicKey, Vec<(PublicKey, GrantShape)>>,
    /// Signers of each row, to whomever.
    signers: BTreeMap<(PublicKey, PublicKey), BTreeSet<PublicKey>>,
}

impl GrantBook {
    /// Takes a stored 2100; other events are passed over.
    pub fn add(&mut self, event: &Event) {
        let Some(shape) = parse_patient_grant(event) else { return };
        for row in &shape.rows {
            self.signers.entry(*row).or_default().insert(event.pubkey);
        }
        self.grants.entry(shape.reader).or_default().push((event.pubkey, shape));
    }

    /// E and subject of the rows that this reader has. Whether they open is known to the reader alone.
    pub(super) fn rows_to(&self, view: &View<'_>, reader: &PublicKey) -> BTreeSet<(PublicKey, PublicKey)> {
        self.counted(view, reader).flat_map(|(_, shape)| shape.rows.iter().copied()).collect()
    }

    /// Whether somebody who held `chart` gave the reader a chart row by this link or registration (PROTOCOL 2.7, 2.8.12,
    /// 2.8.15).
    pub fn confirmed_for_chart(&self, view: &View<'_>, authority: &EventId, reader: &PublicKey) -> bool {
        let chart = |(epoch_key, _): &(PublicKey, PublicKey)| {
            view.compartment_of(epoch_key) == Some(Compartment::Chart)
        };
        self.counted(view, reader).any(|(signer, shape)| {
            shape.authority == *authority && holds_chart(view, signer) && shape.rows.iter().any(chart)
        })
    }

    /// Whether X2 of this row stands in some grant.
    pub(super) fn drawn(&self, view: &View<'_>, epoch_key: &PublicKey, subject: &PublicKey) -> bool {
        let signers = self.signers.get(&(*epoch_key, *subject));
        signers.is_some_and(|signers| signers.iter().any(|signer| counts(view, signer)))
    }

    fn counted(&self, view: &View<'_>, reader: &PublicKey) -> impl Iterator<Item = &(PublicKey, GrantShape)> {
        let grants = self.grants.get(reader).map_or(&[][..], Vec::as_slice);
        grants.iter().filter(move |(signer, _)| counts(view, signer))
    }
}

/// A 2100 counts if its signer was a member then or later, or is the practice.
fn counts(view: &View<'_>, signer: &PublicKey) -> bool {
    view.ever_practice(signer)
        || match view.person(signer) {
            Person::Member(_) => true,
            Person::Former => !view.ever_family(signer),
            _ => false,
        }
}

/// Who has left held it or not when granting: no relay takes a row from somebody without its compartment.
fn holds_chart(view: &View<'_>, signer: &PublicKey) -> bool {
    view.member(signer).is_none_or(|member| member.holds(Compartment::Chart))
}
