//! 32110 drafts and 32111 shared state of the staff: addressable, one copy under X1, an opaque `d`
//! (PROTOCOL 2.2, 2.7). Nothing here reaches a family.

use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Map, Value};
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::body::{DEPTH_MAX, parse_strict};
use crate::envelope::EpochSecret;
use crate::event::{self, key_from_hex, key_tag, number_from_text, number_tag, tag};
use crate::keys::extract;
use crate::nip44::{ConversationKey, CryptoError};
use crate::random::Random;
use crate::{Event, Keys, PublicKey, SecretKey, hex, kinds};

/// Longest life of a 32110: 400 days in seconds.
pub const DRAFT_SECONDS_MAX: u64 = 400 * 86_400;
/// Longest life of a 32111: five years of 366 days in seconds.
pub const SHARED_SECONDS_MAX: u64 = 5 * 366 * 86_400;

/// A new draft's `d`: 16 random bytes, hex.
pub fn draft_name(random: &mut Random) -> String {
    hex::encode(&random.bytes32()[..16])
}

/// The `d` of shared state: hex HMAC-SHA256(HKDF-extract(salt "relaybox/d/1", ikm e), logical key).
/// Only holders of e can tell what the entry is about.
pub fn shared_name(epoch: &SecretKey, logical_key: &str) -> String {
    let ikm = Zeroizing::new(epoch.to_secret_bytes());
    // HMAC pads a key to its block with zeros (RFC 2104).
    let mut block = Zeroizing::new([0; 64]);
    block[..32].copy_from_slice(&extract("relaybox/d/1", ikm.as_slice()));
    let mut mac = Hmac::<Sha256>::new(&(*block).into());
    mac.update(logical_key.as_bytes());
    hex::encode(&mac.finalize().into_bytes())
}

/// `created_at` of a new version: never older than, nor equal to, the version before it, whatever
/// the writer's clock says.
pub fn next_created_at(now: u64, previous: Option<u64>) -> u64 {
    previous.map_or(now, |previous| now.max(previous.saturating_add(1)))
}

/// Parts of a 32110 or 32111.
#[derive(Debug, Clone)]
pub struct Draft<'a> {
    /// [`kinds::DRAFT`] or [`kinds::SHARED_STATE`].
    pub kind: u16,
    /// [`draft_name`] or [`shared_name`].
    pub d: &'a str,
    /// One JSON object without binding.
    pub state: &'a Map<String, Value>,
    /// Unix seconds.
    pub expiration: u64,
    /// [`next_created_at`].
    pub created_at: u64,
}

/// A signed draft or shared state under X1 of the compartment. Fails when the state is too large.
pub fn build(
    author: &Keys,
    epoch: &EpochSecret,
    draft: &Draft<'_>,
    random: &mut Random,
) -> Result<Event, CryptoError> {
    let text = serde_json::to_vec(draft.state).map_err(|_| CryptoError::Encoding)?;
    let content = epoch.practice_key()?.encrypt(&text, random)?;
    let tags = vec![
        tag("d", [draft.d]),
        key_tag("p", &epoch.public),
        tag("enc", ["nip44"]),
        number_tag("expiration", draft.expiration),
    ];
    Ok(event::sign(author, draft.kind, tags, content, draft.created_at))
}

/// The tags of a 32110 or 32111, checked for shape.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DraftShape {
    pub d: String,
    pub epoch_key: PublicKey,
    pub expiration: u64,
}

/// Parses the strict shape. Whether the expiration is within its limit depends on the time and is
/// the relay's to say.
pub fn parse(event: &Event) -> Option<DraftShape> {
    let d_chars = match event.kind.as_u16() {
        kinds::DRAFT => 32,
        kinds::SHARED_STATE => 64,
        _ => return None,
    };
    let (mut d, mut epoch_key, mut encrypted, mut expiration) = (None, None, false, None);
    for tag in event.tags.iter() {
        let cells: Vec<&str> = tag.as_slice().iter().map(String::as_str).collect();
        match cells.as_slice() {
            ["d", name] if d.is_none() => d = Some((*name).to_owned()),
            ["p", key] if epoch_key.is_none() => epoch_key = Some(key_from_hex(key)?),
            ["enc", "nip44"] if !encrypted => encrypted = true,
            ["expiration", time] if expiration.is_none() => expiration = Some(number_from_text(time)?),
            _ => return None,
        }
    }
    let opaque = |d: &String| d.len() == d_chars && d.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    let d = d.filter(opaque)?;
    encrypted.then_some(DraftShape { d, epoch_key: epoch_key?, expiration: expiration? })
}

/// The state, for holders of X1.
pub fn open(event: &Event, practice_key: &ConversationKey) -> Option<Map<String, Value>> {
    let text = practice_key.decrypt(&event.content).ok()?;
    parse_strict(std::str::from_utf8(&text).ok()?, DEPTH_MAX)
}

#[cfg(test)]
mod tests;
