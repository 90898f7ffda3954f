//! What a disclosure shows of the persons around a patient: the 2110 or 2104 that names a family signer
//! (PROTOCOL 2.8.2).

use std::collections::BTreeSet;

use crate::event::{key_from_hex, p_tag, tag_value};
use crate::kinds;
use crate::permissions::Compartment;
use crate::{Event, PublicKey};

/// A 2110 or 2104 in a disclosure: it names the family signer of a record.
#[derive(Debug, Clone)]
pub(super) struct Tie {
    /// The person it names beside the patient, or the patient.
    pub(super) person: PublicKey,
    pub(super) subject: PublicKey,
    /// Signer of the 2110 or 2104.
    pub(super) signer: PublicKey,
    /// None for a patient or own key.
    pub(super) compartments: Option<BTreeSet<Compartment>>,
    pub(super) own: bool,
}

/// Whom a 2110 or 2104 names.
pub(super) fn of(event: &Event) -> Vec<Tie> {
    let (signer, none) = (event.pubkey, Vec::new());
    match event.kind.as_u16() {
        kinds::PATIENT => {
            let Some(subject) = p_tag(event, 1) else { return none };
            let own = tag_value(event, "own", 0).and_then(key_from_hex);
            let tie = |person, own| Tie { person, subject, signer, compartments: None, own };
            let adult = own.is_none_or(|own| own == subject);
            std::iter::once(tie(subject, false))
                .chain(own.filter(|_| !adult).map(|own| tie(own, true)))
                .collect()
        }
        kinds::GUARDIAN_LINK if event.tags.iter().all(|tag| tag.kind() != "end") => {
            let (Some(subject), Some(person)) = (p_tag(event, 0), p_tag(event, 1)) else { return none };
            let words = event.tags.iter().find(|tag| tag.kind() == "compartments");
            let named = words.into_iter().flat_map(|tag| &tag.as_slice()[1..]);
            let mut compartments: BTreeSet<Compartment> =
                named.filter_map(|w| Compartment::parse(w)).collect();
            compartments.insert(Compartment::Desk);
            vec![Tie { person, subject, signer, compartments: Some(compartments), own: false }]
        }
        _ => none,
    }
}
