//! Messages, kind 2117 (PROTOCOL 2.2 "What families write"): who encrypts what to whom.
//!
//! Staff answer one person an event, so that another parent cannot open the answer. Families write
//! one copy that the staff of the compartment open. An own key that is not T writes confidential.

use serde_json::Value;

use crate::envelope::{EnvelopeError, EpochSecret, Record, seal_family, seal_staff};
use crate::event::Link;
use crate::random::Random;
use crate::{Event, Keys, PublicKey, kinds};

/// A message before it is bound and encrypted.
#[derive(Debug, Clone)]
pub struct Message<'a> {
    /// FHIR Communication without binding.
    pub communication: &'a Value,
    /// T of the patient the message is about.
    pub subject: PublicKey,
    /// The act: kept by a retry; each recipient's event has its own.
    pub r: [u8; 32],
    /// The message answered, marker `reply`.
    pub links: &'a [Link],
    /// Hashes of attached blobs, hex.
    pub blobs: &'a [String],
    /// Unix seconds.
    pub created_at: u64,
}

impl<'a> Message<'a> {
    fn record(&self) -> Record<'a> {
        Record {
            links: self.links,
            blobs: self.blobs,
            ..Record::plain(kinds::MESSAGE, self.communication, self.subject, self.r, self.created_at)
        }
    }
}

/// From staff to one person: T, C or G. `epoch` is that of the compartment: desk for an office
/// matter, chart for a medical question, confidential for a C that is not T.
pub fn from_staff(
    author: &Keys,
    practice: &PublicKey,
    epoch: &EpochSecret,
    to: &PublicKey,
    confidential: bool,
    message: &Message<'_>,
    random: &mut Random,
) -> Result<Event, EnvelopeError> {
    seal_staff(author, practice, epoch, Some(to), confidential, &message.record(), random)
}

/// From T (also an own key equal to T) or G to the staff of desk or chart.
pub fn from_family(
    author: &Keys,
    practice: &PublicKey,
    epoch_key: &PublicKey,
    message: &Message<'_>,
    random: &mut Random,
) -> Result<Event, EnvelopeError> {
    seal_family(author, practice, epoch_key, None, false, &message.record(), random)
}

/// From a C that is not T to the holders of `confidential`: kind 2123, padded.
pub fn from_own_key(
    author: &Keys,
    practice: &PublicKey,
    confidential_key: &PublicKey,
    message: &Message<'_>,
    random: &mut Random,
) -> Result<Event, EnvelopeError> {
    seal_family(author, practice, confidential_key, None, true, &message.record(), random)
}

#[cfg(test)]
mod tests;
