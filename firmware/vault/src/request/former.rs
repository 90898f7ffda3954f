//! The records of a practice that comes from the former suite (PROTOCOL 2.6).

use relaybox_protocol::PublicKey;
use serde::{Deserialize, Serialize};

use super::RequestError;
use super::client::once;

/// Most keys that may have signed former events: they stand in one event.
pub const FORMER_SIGNERS_MAX: usize = 4_500;
/// Most patients of one request.
pub const FORMER_PATIENTS_MAX: usize = 8_000;

/// Whose former events count, and whose key rows are drawn. The former secret key is typed at the ceremony, once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LegacyImport {
    /// P0.
    pub former: PublicKey,
    /// Staff keys of the old roster.
    pub staff: Vec<PublicKey>,
    /// Guardian keys of the old 2104s. What they wrote opens by a row of their own.
    pub guardians: Vec<PublicKey>,
    /// T of each patient: every second `p` of the old events.
    pub patients: Vec<PublicKey>,
}

impl LegacyImport {
    pub(super) fn check(&self) -> Result<(), RequestError> {
        if self.staff.len() + self.guardians.len() > FORMER_SIGNERS_MAX {
            return Err(RequestError::TooMany(FORMER_SIGNERS_MAX));
        }
        if self.patients.len() > FORMER_PATIENTS_MAX {
            return Err(RequestError::TooMany(FORMER_PATIENTS_MAX));
        }
        // A guardian may be a patient as well, but nobody is the practice.
        for list in [&self.staff, &self.guardians, &self.patients] {
            once(list)?;
            if list.contains(&self.former) {
                return Err(RequestError::Twice);
            }
        }
        Ok(())
    }
}
