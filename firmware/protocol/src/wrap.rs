//! NIP-59 gift wraps and NIP-17 messages with explicit randomness and time.

use std::borrow::Cow;

use serde::Deserialize;

use crate::event::{self, EVENT_BYTES_MAX, NUMBER_MAX, id_from_hex, key_from_hex, key_tag, parse_unverified};
use crate::nip44::{ConversationKey, CryptoError, WRAP_PLAINTEXT_BYTES_MAX};
use crate::random::Random;
use crate::{Event, EventId, Keys, Kind, PublicKey, Tag, Tags, Timestamp, kinds};

/// A rumor (unsigned inner event) to wrap.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rumor {
    pub kind: u16,
    pub tags: Vec<Tag>,
    pub content: String,
    pub created_at: u64,
}

impl Rumor {
    /// A NIP-17 chat message (kind 14) to one person.
    pub fn chat(to: &PublicKey, text: &str, created_at: u64) -> Self {
        Self { kind: kinds::CHAT, tags: vec![key_tag("p", to)], content: text.to_owned(), created_at }
    }

    /// The id that the event would have under this author.
    pub fn id(&self, author: &PublicKey) -> EventId {
        let tags = Tags::from_list(self.tags.clone());
        let created_at = Timestamp::from_secs(self.created_at);
        EventId::compute(author, &created_at, &Kind::from_u16(self.kind), &tags, &self.content)
    }

    /// NIP-59: an event without `sig`.
    fn to_json(&self, author: &PublicKey) -> String {
        serde_json::json!({
            "id": self.id(author).to_hex(),
            "pubkey": author.to_hex(),
            "created_at": self.created_at,
            "kind": self.kind,
            "tags": self.tags.iter().map(Tag::as_slice).collect::<Vec<_>>(),
            "content": self.content,
        })
        .to_string()
    }
}

/// Seals (13) and wraps (1059, or 21059 when `ephemeral`) for one receiver. `seal_at` and `wrap_at`
/// are unix seconds, up to two days back. Fails when the receiver's key is not on the curve or the
/// rumor does not fit into one event.
pub fn wrap(
    sender: &Keys,
    receiver: &PublicKey,
    rumor: &Rumor,
    ephemeral: bool,
    seal_at: u64,
    wrap_at: u64,
    random: &mut Random,
) -> Result<Event, CryptoError> {
    let rumor = rumor.to_json(&sender.public_key());
    let content = encrypt(sender, receiver, &rumor, random)?;
    let seal = event::sign(sender, kinds::SEAL, Vec::new(), content, seal_at);
    let seal = serde_json::to_string(&seal).map_err(|_| CryptoError::Encoding)?;
    let once = random.keys();
    let content = encrypt(&once, receiver, &seal, random)?;
    let kind = if ephemeral { kinds::EPHEMERAL_WRAP } else { kinds::GIFT_WRAP };
    Ok(event::sign(&once, kind, vec![key_tag("p", receiver)], content, wrap_at))
}

fn encrypt(from: &Keys, to: &PublicKey, text: &str, random: &mut Random) -> Result<String, CryptoError> {
    let key = ConversationKey::derive(from.secret_key(), to)?;
    key.encrypt_within(text.as_bytes(), WRAP_PLAINTEXT_BYTES_MAX, random)
}

/// The members of a rumor; `id` may be missing, `sig` must be (NIP-59).
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RumorMembers<'a> {
    #[serde(borrow)]
    id: Option<Cow<'a, str>>,
    #[serde(borrow)]
    pubkey: Cow<'a, str>,
    created_at: u64,
    kind: u16,
    tags: Vec<Vec<String>>,
    content: String,
}

/// The sender (seal key, equal to the rumor's) and the rumor; signature of the seal checked. That of
/// the wrap proves nothing about the sender and is the relay's to check.
pub fn unwrap(receiver: &Keys, event: &Event) -> Result<(PublicKey, Rumor), UnwrapError> {
    if !matches!(event.kind.as_u16(), kinds::GIFT_WRAP | kinds::EPHEMERAL_WRAP) {
        return Err(UnwrapError::Shape);
    }
    let seal = decrypt(receiver, &event.pubkey, &event.content)?;
    let seal = parse_unverified(&seal, EVENT_BYTES_MAX).map_err(|_| UnwrapError::Shape)?;
    if seal.kind.as_u16() != kinds::SEAL || !seal.tags.is_empty() {
        return Err(UnwrapError::Shape);
    }
    event::verify(&seal).map_err(|_| UnwrapError::Signature)?;
    let rumor = decrypt(receiver, &seal.pubkey, &seal.content)?;
    let members: RumorMembers<'_> =
        event::read_object(&rumor, EVENT_BYTES_MAX).map_err(|_| UnwrapError::Shape)?;
    if members.created_at > NUMBER_MAX {
        return Err(UnwrapError::Shape);
    }
    event::hashes_alike(&members.tags, &members.content).map_err(|_| UnwrapError::Shape)?;
    if key_from_hex(&members.pubkey) != Some(seal.pubkey) {
        return Err(UnwrapError::Sender);
    }
    let id = members.id.as_deref().map(|id| id_from_hex(id).ok_or(UnwrapError::Shape)).transpose()?;
    let rumor = Rumor {
        kind: members.kind,
        tags: event::to_tags(members.tags).map_err(|_| UnwrapError::Shape)?,
        content: members.content,
        created_at: members.created_at,
    };
    if id.is_some_and(|id| id != rumor.id(&seal.pubkey)) {
        return Err(UnwrapError::Shape);
    }
    Ok((seal.pubkey, rumor))
}

fn decrypt(receiver: &Keys, from: &PublicKey, payload: &str) -> Result<String, UnwrapError> {
    let key = ConversationKey::derive(receiver.secret_key(), from)?;
    let text = key.decrypt_within(payload, WRAP_PLAINTEXT_BYTES_MAX)?;
    String::from_utf8(text).map_err(|_| UnwrapError::Shape)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum UnwrapError {
    #[error("open the wrap")]
    Crypto(#[from] CryptoError),
    #[error("read the seal or the rumor")]
    Shape,
    #[error("verify the seal")]
    Signature,
    #[error("match the sender with the seal")]
    Sender,
}

#[cfg(test)]
mod tests;
