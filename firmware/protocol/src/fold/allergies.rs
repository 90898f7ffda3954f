//! Allergies. "None known", "nothing recorded" and "not loaded" are three different facts; to show one for
//! another is a clinical falsehood.

use std::collections::BTreeSet;

use super::Coverage;
use super::versions::{Item, Version, status_of};

/// What is asserted to be absent (SNOMED CT 716186003, 409137002, 429625007, 428607008).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum NoneKnown {
    Any,
    Drug,
    Food,
    Environment,
}

/// What may be said about allergies.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum AllergyState {
    /// Nothing may be said: not all that could be an allergy is here, and nothing that is here is one.
    NotLoaded,
    /// All that could be an allergy is here and none speaks of allergies.
    NotRecorded,
    /// Somebody recorded that none are known, of these sorts.
    NoneKnown(BTreeSet<NoneKnown>),
    /// See the items; `complete` says whether there may be more.
    Listed,
}

/// The allergies of a patient.
#[derive(Debug, Clone, PartialEq)]
pub struct Allergies {
    pub state: AllergyState,
    /// False: there may be allergies that are not here.
    pub complete: bool,
    /// Every allergy and every assertion of none that is not withdrawn, active or not.
    pub items: Vec<Item>,
    /// An active allergy and an assertion of none stand side by side; the allergy counts.
    pub clash: bool,
}

impl Allergies {
    pub(super) fn new(items: Vec<Item>, coverage: Coverage) -> Self {
        let complete = coverage >= Coverage::Clinical;
        let active = items.iter().any(is_active);
        let asserted: BTreeSet<NoneKnown> = items.iter().filter_map(assertion).collect();
        let entries = items.iter().any(|item| !item.head_versions().all(|v| none_known(v).is_some()));
        let state = match (active, complete) {
            (true, _) => AllergyState::Listed,
            (false, false) => AllergyState::NotLoaded,
            (false, true) if !asserted.is_empty() => AllergyState::NoneKnown(asserted.clone()),
            (false, true) if entries => AllergyState::Listed,
            (false, true) => AllergyState::NotRecorded,
        };
        Self { state, complete, clash: active && !asserted.is_empty(), items }
    }

    /// Allergies that count for alerts: active at any head, so that a conflict never hides one.
    pub fn active(&self) -> impl Iterator<Item = &Item> {
        self.items.iter().filter(|item| is_active(item))
    }
}

/// An allergy without a status counts as active, and so does one that is active at only one of two heads.
fn is_active(item: &Item) -> bool {
    item.head_versions().any(|version| {
        let refuted = matches!(
            version.record.resource["verificationStatus"]["coding"][0]["code"].as_str(),
            Some("refuted" | "entered-in-error")
        );
        let ended = matches!(status_of(version), Some("inactive" | "resolved" | "entered-in-error"));
        let deleted = version.marker.is_some_and(super::Marker::ends);
        none_known(version).is_none() && !refuted && !ended && !deleted
    })
}

/// An assertion counts only when it is the one version in force, active and not refuted.
fn assertion(item: &Item) -> Option<NoneKnown> {
    let version = item.current()?;
    let verification = version.record.resource["verificationStatus"]["coding"][0]["code"].as_str();
    let holds = status_of(version) == Some("active") && !matches!(verification, Some("refuted"));
    if holds { none_known(version) } else { None }
}

fn none_known(version: &Version) -> Option<NoneKnown> {
    let codings = version.record.resource["code"]["coding"].as_array()?;
    codings.iter().find_map(|coding| match (coding["system"].as_str()?, coding["code"].as_str()?) {
        ("http://snomed.info/sct", "716186003") => Some(NoneKnown::Any),
        ("http://snomed.info/sct", "409137002") => Some(NoneKnown::Drug),
        ("http://snomed.info/sct", "429625007") => Some(NoneKnown::Food),
        ("http://snomed.info/sct", "428607008") => Some(NoneKnown::Environment),
        _ => None,
    })
}
