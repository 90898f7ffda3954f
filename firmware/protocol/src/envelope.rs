//! The clinical envelope (PROTOCOL 2.1): build in staff and family form, open for each reader.

use crate::body::BodyError;
use crate::event::Link;
use crate::nip44::{ConversationKey, CryptoError};
use crate::random::Random;
use crate::{Event, Keys, PublicKey, SecretKey};

/// An epoch key pair of one compartment as a staff member holds it.
#[derive(Clone)]
pub struct EpochSecret {
    pub public: PublicKey,
    pub secret: SecretKey,
}

/// What one record says, before it is bound and encrypted.
#[derive(Debug, Clone)]
pub struct Record<'a> {
    /// The true kind (2110–2121, 2124–2126).
    pub kind: u16,
    /// Whole FHIR R4 resource without binding.
    pub resource: &'a serde_json::Value,
    /// T of the patient the record is about (binding).
    pub subject: PublicKey,
    /// The act: kept by a retry.
    pub r: [u8; 32],
    /// `["act","sign"]`.
    pub sign: bool,
    pub links: &'a [Link],
    /// Blob hashes, hex.
    pub blobs: &'a [String],
    /// Kind-specific tags in clear (2110: pop, own, rekey; 2126: provider, guardian, start, end).
    pub extra: &'a [Vec<String>],
    /// Unix seconds.
    pub created_at: u64,
}

/// Staff form: content under X1 and, when `reader` is given (T, C, or the person answered),
/// `patient-content` under conv(e, reader). `confidential` makes kind 2123, padded.
pub fn seal_staff(
    author: &Keys,
    practice: &PublicKey,
    epoch: &EpochSecret,
    reader: Option<&PublicKey>,
    confidential: bool,
    record: &Record<'_>,
    random: &mut Random,
) -> Result<Event, EnvelopeError> {
    let _ = (author, practice, epoch, reader, confidential, record, random);
    todo!()
}

/// One-copy form of patients, own keys and guardians: content = NIP44(conv(author, E), body).
/// `second_p` only for 2126 (T).
pub fn seal_family(
    author: &Keys,
    practice: &PublicKey,
    epoch_key: &PublicKey,
    second_p: Option<&PublicKey>,
    confidential: bool,
    record: &Record<'_>,
    random: &mut Random,
) -> Result<Event, EnvelopeError> {
    let _ = (author, practice, epoch_key, second_p, confidential, record, random);
    todo!()
}

/// Which copy a key opens.
pub fn open_content(event: &Event, key: &ConversationKey) -> Result<Vec<u8>, CryptoError> {
    key.decrypt(&event.content)
}

/// Opens `patient-content` (or `recipient-content`).
pub fn open_patient_copy(event: &Event, key: &ConversationKey) -> Result<Vec<u8>, CryptoError> {
    let _ = (event, key);
    todo!()
}

/// The form of an envelope's tags.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// `["enc","nip44-dual"]`.
    Dual,
    /// `["enc","nip44"]`.
    OneCopy,
}

/// The tags of a clinical event, checked for shape only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Envelope {
    pub form: Form,
    pub epoch_key: PublicKey,
    pub second_p: Option<PublicKey>,
    /// Lower-case hex of `pc`.
    pub commitment: String,
    pub sign: bool,
    pub links: Vec<Link>,
    pub blobs: Vec<String>,
    pub has_patient_copy: bool,
}

/// Parses the tags of a clinical event (2110–2121, 2123–2126). Unknown tag names are refused.
pub fn parse(event: &Event) -> Option<Envelope> {
    let _ = event;
    todo!()
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum EnvelopeError {
    #[error("write the body")]
    Body(#[from] BodyError),
    #[error("encrypt the body")]
    Crypto(#[from] CryptoError),
}
