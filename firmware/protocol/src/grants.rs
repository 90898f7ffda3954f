//! 2100 PatientKeyGrant (PROTOCOL 2.2, 2.7), and builders of the other policy events
//! (2102, 2103, 2104, 2106–2109) in their exact shapes.

use crate::nip44::{ConversationKey, CryptoError};
use crate::random::Random;
use crate::{Event, EventId, Keys, PublicKey, SecretKey};

/// One row of a 2100: X2 = conv(e, subject).
#[derive(Clone)]
pub struct GrantRow {
    pub epoch_key: PublicKey,
    pub subject: PublicKey,
    pub key: ConversationKey,
}

/// A signed 2100 to one reader, 1 to 250 rows.
pub fn build_patient_grant(
    signer: &Keys,
    reader: &PublicKey,
    authority: &EventId,
    rows: &[GrantRow],
    created_at: u64,
    random: &mut Random,
) -> Result<Event, CryptoError> {
    let _ = (signer, reader, authority, rows, created_at, random);
    todo!()
}

/// Opens a 2100 addressed to the holder of `secret`; none when the shape or a row does not fit.
pub fn open_patient_grant(secret: &SecretKey, event: &Event) -> Option<Vec<GrantRow>> {
    let _ = (secret, event);
    todo!()
}
