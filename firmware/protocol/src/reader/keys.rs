//! The keys a reader holds, and what they open (PROTOCOL 1 "Conversation keys", 2.8.12).

use crate::envelope::{EpochSecret, Form, open_content, open_patient_copy};
use crate::epochs::Keyring;
use crate::event::{p_tag, tag_value};
use crate::grants::GrantRow;
use crate::legacy;
use crate::nip44::ConversationKey;
use crate::{Event, Keys, PublicKey, SecretKey};

/// Keys in the hands of one reader. A member has a keyring; patient, own key and guardian have their secret
/// and the rows of 2100s to them; an agent may have all of these.
#[derive(Default)]
pub struct Held {
    own: Option<(PublicKey, SecretKey)>,
    keyring: Option<Keyring>,
    rows: Vec<GrantRow>,
}

impl Held {
    /// A member (or an agent with 2101s).
    pub fn staff(keyring: Keyring) -> Self {
        Self { keyring: Some(keyring), ..Self::default() }
    }

    /// A patient, an own key, a guardian or an agent.
    pub fn person(secret: SecretKey) -> Self {
        let own = Some((Keys::new(secret.clone()).public_key(), secret));
        Self { own, ..Self::default() }
    }

    #[must_use]
    pub fn with_rows(mut self, rows: impl IntoIterator<Item = GrantRow>) -> Self {
        self.rows.extend(rows);
        self
    }

    #[must_use]
    pub fn with_keyring(mut self, keyring: Keyring) -> Self {
        self.keyring = Some(keyring);
        self
    }

    fn epoch(&self, epoch_key: &PublicKey) -> Option<&EpochSecret> {
        self.keyring.as_ref()?.pair_of(epoch_key)
    }

    /// conv(e, reader) by own secret (the reader is the holder) or by 2100 rows.
    fn reader_keys(&self, epoch_key: &PublicKey, reader: &PublicKey) -> Vec<ConversationKey> {
        let own = self.own.iter().filter(|(public, _)| public == reader);
        let derived = own.filter_map(|(_, secret)| ConversationKey::derive(secret, epoch_key).ok());
        let rows = self.rows.iter().filter(|r| r.epoch_key == *epoch_key && r.subject == *reader);
        derived.chain(rows.map(|row| row.key.clone())).collect()
    }
}

/// What came of opening a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Opening {
    Body {
        bytes: Vec<u8>,
        copies_differ: bool,
    },
    /// A key is held and the copy does not open.
    Failed,
    NoKey,
}

fn opened(bytes: Vec<u8>, copies_differ: bool) -> Opening {
    Opening::Body { bytes, copies_differ }
}

/// Opens a record of epoch ≥ 1.
pub(super) fn open(held: &Held, event: &Event, form: Form, epoch_key: &PublicKey) -> Opening {
    match form {
        Form::Dual => open_dual(held, event, epoch_key),
        Form::OneCopy => open_one_copy(held, event, epoch_key),
    }
}

fn open_dual(held: &Held, event: &Event, epoch_key: &PublicKey) -> Opening {
    let reader = p_tag(event, 1);
    if let Some(epoch) = held.epoch(epoch_key) {
        let body = epoch.practice_key().and_then(|key| open_content(event, &key));
        let Ok(body) = body else { return Opening::Failed };
        let copies_differ = reader.is_some_and(|reader| {
            let copy = epoch.reader_key(&reader).and_then(|key| open_patient_copy(event, &key));
            copy.as_deref() != Ok(body.as_slice())
        });
        return opened(body, copies_differ);
    }
    let Some(reader) = reader else { return Opening::NoKey };
    let keys = held.reader_keys(epoch_key, &reader);
    if keys.is_empty() {
        return Opening::NoKey;
    }
    let body = keys.iter().find_map(|key| open_patient_copy(event, key).ok());
    body.map_or(Opening::Failed, |bytes| opened(bytes, false))
}

fn open_one_copy(held: &Held, event: &Event, epoch_key: &PublicKey) -> Opening {
    let by_staff = held.epoch(epoch_key).and_then(|epoch| epoch.reader_key(&event.pubkey).ok());
    let mut keys = held.reader_keys(epoch_key, &event.pubkey);
    keys.extend(by_staff);
    if keys.is_empty() {
        return Opening::NoKey;
    }
    let body = keys.iter().find_map(|key| open_content(event, key).ok());
    body.map_or(Opening::Failed, |bytes| opened(bytes, false))
}

/// Opens an imported record: X1 of epoch 0 opens the practice's content, X2 the patient's copy, or the
/// content where a patient or guardian wrote and there is no copy.
pub(super) fn open_import(held: &Held, event: &Event) -> Opening {
    let Some(practice) = p_tag(event, 0) else { return Opening::Failed };
    let copy = tag_value(event, "patient-content", 0).or_else(|| tag_value(event, "recipient-content", 0));
    let x1: Vec<ConversationKey> = held.keyring.iter().filter_map(Keyring::legacy).cloned().collect();
    let readers = p_tag(event, 1).into_iter().chain([event.pubkey]);
    let x2: Vec<ConversationKey> = readers.flat_map(|reader| held.reader_keys(&practice, &reader)).collect();
    let content_keys = if copy.is_none() { [x1.as_slice(), x2.as_slice()].concat() } else { x1.clone() };
    let content = open_former(&content_keys, &event.content);
    let patient = copy.and_then(|copy| open_former(&x2, copy));
    match (content, patient) {
        (Some(body), Some(other)) => {
            let differ = body != other;
            opened(body, differ)
        }
        // A member without rows of epoch 0 cannot compare; that is no difference.
        (Some(body), None) => opened(body, copy.is_some() && !x2.is_empty()),
        (None, Some(body)) => opened(body, !x1.is_empty()),
        (None, None) if content_keys.is_empty() && x2.is_empty() => Opening::NoKey,
        (None, None) => Opening::Failed,
    }
}

fn open_former(keys: &[ConversationKey], payload: &str) -> Option<Vec<u8>> {
    keys.iter().find_map(|key| match legacy::open(key, payload) {
        Ok(legacy::Opened::V2(text) | legacy::Opened::Legacy(text)) => Some(text),
        Ok(legacy::Opened::Damaged) | Err(_) => None,
    })
}
