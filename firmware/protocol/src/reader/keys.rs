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

/// Opens an imported record. What the practice wrote has two copies: content under X1, the patient's under
/// conv(p0, T). What a patient or guardian wrote has one, under conv(p0, author).
pub(super) fn open_import(held: &Held, event: &Event) -> Opening {
    let Some(practice) = p_tag(event, 0) else { return Opening::Failed };
    let x1: Vec<ConversationKey> = held.keyring.iter().filter_map(Keyring::legacy).cloned().collect();
    let reader = p_tag(event, 1);
    let copy = tag_value(event, "patient-content", 0).or_else(|| tag_value(event, "recipient-content", 0));
    match (copy, reader) {
        (Some(copy), Some(reader)) => {
            let x2 = held.reader_keys(&practice, &reader);
            former_pair(open_former(&x1, &event.content), open_former(&x2, copy))
        }
        _ => former_single(&x1, &held.reader_keys(&practice, &event.pubkey), event),
    }
}

fn former_pair(content: Former, copy: Former) -> Opening {
    match (content, copy) {
        (Former::Text(body), Former::Text(other)) => {
            let differ = body != other;
            opened(body, differ)
        }
        // A member without rows of epoch 0 cannot compare; that is no difference.
        (Former::Text(body), Former::NoKey) | (Former::NoKey, Former::Text(body)) => opened(body, false),
        (Former::Text(body), _) | (_, Former::Text(body)) => opened(body, true),
        (Former::NoKey, Former::NoKey) => Opening::NoKey,
        _ => Opening::Failed,
    }
}

/// One copy. X1 that does not fit says nothing, for a guardian may have written it: without the author's key
/// it is sealed.
fn former_single(x1: &[ConversationKey], author: &[ConversationKey], event: &Event) -> Opening {
    match (open_former(x1, &event.content), open_former(author, &event.content)) {
        (Former::Text(body), _) | (_, Former::Text(body)) => opened(body, false),
        (Former::Damaged, _) | (_, Former::Damaged | Former::OtherKey) => Opening::Failed,
        (Former::OtherKey | Former::NoKey, Former::NoKey) => Opening::NoKey,
    }
}

enum Former {
    Text(Vec<u8>),
    /// Authentic, and longer than its length field can say.
    Damaged,
    OtherKey,
    NoKey,
}

fn open_former(keys: &[ConversationKey], payload: &str) -> Former {
    let mut found = Former::NoKey;
    for key in keys {
        match legacy::open(key, payload) {
            Ok(legacy::Opened::V2(text) | legacy::Opened::Legacy(text)) => return Former::Text(text),
            Ok(legacy::Opened::Damaged) => found = Former::Damaged,
            Err(_) if matches!(found, Former::NoKey) => found = Former::OtherKey,
            Err(_) => {}
        }
    }
    found
}
