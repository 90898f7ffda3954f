//! The one fold engine (PROTOCOL 2.1 "Fold"): records that the reader rule shows, to a chart.
//!
//! Nothing is ever replaced in place: a new version names its predecessor, and the fold says what stands.
//! Two successors of one event are a conflict that names both. The order of the input never matters, and
//! `created_at` orders nothing but versions inside an import, where no receipt of the act exists.

mod allergies;
mod chart;
mod record;
mod retries;
#[cfg(test)]
mod tests;
mod threads;
#[cfg(test)]
mod vectors;
mod versions;

pub use allergies::{Allergies, AllergyState, NoneKnown};
pub use chart::{Chart, Encounter, Order, OrderState, Outside, fold};
pub use record::{Act, Author, CHANGE_URL, Change, Marker, REISSUED, ReceiptOrder, Record};
pub use retries::join;
pub use threads::Thread;
pub use versions::{Conflict, Item, State, Unresolved, Version, Why};

/// How much of the patient's records the fold was given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Coverage {
    /// Not asked for, still loading, or failed.
    NotLoaded,
    /// Some are missing, sealed, pending or in quarantine, or completeness is unknown.
    Partial,
    /// All that could be chart is here and shown. What is missing stands in `desk` chains, which hold messages,
    /// visits and registrations.
    Clinical,
    /// All that the receipt chains name (destroyed ones apart) is here and shown.
    Complete,
}
