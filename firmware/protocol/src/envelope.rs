//! The clinical envelope (PROTOCOL 2.1): build in staff and family form, open for each reader.

mod shape;

use serde_json::Value;

use crate::body::{self, Binding, BodyError};
use crate::event::{self, Link, key_tag, tag};
use crate::nip44::{ConversationKey, CryptoError};
use crate::random::Random;
use crate::{Event, Keys, PublicKey, SecretKey, Tag, kinds};

pub use shape::{Envelope, Form, MARKERS, parse};

/// An epoch key pair of one compartment as a staff member holds it. Debug is redacted.
#[derive(Clone, PartialEq, Eq)]
pub struct EpochSecret {
    pub public: PublicKey,
    pub secret: SecretKey,
}

impl EpochSecret {
    pub fn new(secret: SecretKey) -> Self {
        let public = Keys::new(secret.clone()).public_key();
        Self { public, secret }
    }

    /// X1 = conv(e, E): opens every `content` that staff wrote under this key.
    pub fn practice_key(&self) -> Result<ConversationKey, CryptoError> {
        ConversationKey::derive(&self.secret, &self.public)
    }

    /// X2 = conv(e, reader): a person's copy, and what that person wrote in the one-copy form.
    pub fn reader_key(&self, reader: &PublicKey) -> Result<ConversationKey, CryptoError> {
        ConversationKey::derive(&self.secret, reader)
    }
}

impl std::fmt::Debug for EpochSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("EpochSecret").field("public", &self.public).finish_non_exhaustive()
    }
}

/// What one record says, before it is bound and encrypted.
#[derive(Debug, Clone)]
pub struct Record<'a> {
    /// The true kind (2110–2121, 2124–2126).
    pub kind: u16,
    /// Whole FHIR R4 resource without binding.
    pub resource: &'a Value,
    /// T of the patient the record is about (binding).
    pub subject: PublicKey,
    /// The act: kept by a retry.
    pub r: [u8; 32],
    /// `["act","sign"]`.
    pub sign: bool,
    pub links: &'a [Link],
    /// Blob hashes, hex.
    pub blobs: &'a [String],
    /// Kind-specific tags in clear (2110: pop, own, rekey, legacy; 2126: provider, guardian, start, end).
    pub extra: &'a [Tag],
    /// Unix seconds.
    pub created_at: u64,
}

impl<'a> Record<'a> {
    /// A record without act, links, blobs and extra tags.
    pub fn plain(kind: u16, resource: &'a Value, subject: PublicKey, r: [u8; 32], created_at: u64) -> Self {
        Self { kind, resource, subject, r, sign: false, links: &[], blobs: &[], extra: &[], created_at }
    }

    fn body(
        &self,
        author: &Keys,
        practice: &PublicKey,
        epoch_key: &PublicKey,
        confidential: bool,
    ) -> Result<Vec<u8>, BodyError> {
        let binding = Binding {
            signer: author.public_key(),
            subject: self.subject,
            kind: self.kind,
            epoch_key: *epoch_key,
            practice: *practice,
            r: self.r,
        };
        body::write(self.resource, &binding, confidential)
    }

    /// Signs the event: the given head of the tags, then commitment, act, links, blobs and extras.
    fn finish(
        &self,
        author: &Keys,
        confidential: bool,
        mut tags: Vec<Tag>,
        body: &[u8],
        content: String,
    ) -> Event {
        tags.push(tag("pc", [&body::commitment(body)]));
        if self.sign {
            tags.push(tag("act", ["sign"]));
        }
        tags.extend(self.links.iter().map(Link::to_tag));
        tags.extend(self.blobs.iter().map(|blob| tag("x", [blob])));
        tags.extend_from_slice(self.extra);
        let kind = if confidential { kinds::CONFIDENTIAL } else { self.kind };
        event::sign(author, kind, tags, content, self.created_at)
    }
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
    let body = record.body(author, practice, &epoch.public, confidential)?;
    let content = epoch.practice_key()?.encrypt(&body, random)?;
    let mut tags = vec![key_tag("p", &epoch.public)];
    if let Some(reader) = reader {
        let copy = epoch.reader_key(reader)?.encrypt(&body, random)?;
        tags.push(key_tag("p", reader));
        tags.push(tag("patient-content", [&copy]));
    }
    tags.push(tag("enc", [Form::Dual.as_str()]));
    Ok(record.finish(author, confidential, tags, &body, content))
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
    let body = record.body(author, practice, epoch_key, confidential)?;
    let content = ConversationKey::derive(author.secret_key(), epoch_key)?.encrypt(&body, random)?;
    let mut tags = vec![key_tag("p", epoch_key)];
    tags.extend(second_p.map(|subject| key_tag("p", subject)));
    tags.push(tag("enc", [Form::OneCopy.as_str()]));
    Ok(record.finish(author, confidential, tags, &body, content))
}

/// Opens `content`: X1 for the dual form, conv(author, E) for the one-copy form.
pub fn open_content(event: &Event, key: &ConversationKey) -> Result<Vec<u8>, CryptoError> {
    key.decrypt(&event.content)
}

/// Opens `patient-content` (or `recipient-content`).
pub fn open_patient_copy(event: &Event, key: &ConversationKey) -> Result<Vec<u8>, CryptoError> {
    let copy = event::tag_value(event, "patient-content", 0)
        .or_else(|| event::tag_value(event, "recipient-content", 0))
        .ok_or(CryptoError::Encoding)?;
    key.decrypt(copy)
}

/// Opens what the holder of `secret` may read of an event by own key and the first `p` alone: own
/// writing in the one-copy form, else the person's copy.
pub fn open_as_person(event: &Event, secret: &SecretKey) -> Result<Vec<u8>, CryptoError> {
    let epoch_key = event::p_tag(event, 0).ok_or(CryptoError::Key)?;
    let key = ConversationKey::derive(secret, &epoch_key)?;
    match event::tag_value(event, "enc", 0) {
        Some("nip44") => open_content(event, &key),
        _ => open_patient_copy(event, &key),
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum EnvelopeError {
    #[error("write the body")]
    Body(#[from] BodyError),
    #[error("encrypt the body")]
    Crypto(#[from] CryptoError),
}

#[cfg(test)]
mod tests;
