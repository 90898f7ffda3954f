//! 2106 Disclosure: invitation, share and end, signed by patient or guardian (PROTOCOL 2.7, 4).

use serde::Serialize;
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::body::parse_strict;
use crate::event::{self, key_tag, number_tag, tag};
use crate::nip44::{ConversationKey, CryptoError};
use crate::random::Random;
use crate::{Event, EventId, Keys, PublicKey, SecretKey, hex, kinds};

/// Ids in one share.
pub const IDS_MAX: usize = 1_000;

/// An invitation: a key that shows `token` may send wraps to the author until then.
pub fn build_invitation(author: &Keys, token: &[u8], until: u64, created_at: u64) -> Event {
    let hash = hex::encode(&Sha256::digest(token));
    let tags = vec![tag("invite", [&hash]), number_tag("until", until)];
    event::sign(author, kinds::DISCLOSURE, tags, "", created_at)
}

/// The hash that an invitation carries of the token in an AUTH event's `["invite", token]`: the
/// token is 64 lower-case hex characters, and its 32 bytes are hashed.
pub fn invitation_hash(token: &str) -> Option<[u8; 32]> {
    hex::decode::<32>(token).map(|token| Sha256::digest(token).into())
}

/// What the author says about a share.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Said {
    Complete,
    Selection,
}

impl Said {
    fn parse(text: &str) -> Option<Self> {
        match text {
            "complete" => Some(Self::Complete),
            "selection" => Some(Self::Selection),
            _ => None,
        }
    }
}

/// Parts of a share.
#[derive(Debug, Clone)]
pub struct Share<'a> {
    pub recipient: PublicKey,
    /// 1 to 1,000.
    pub ids: &'a [EventId],
    pub until: u64,
    /// Hash of the encrypted blob that holds the packet.
    pub blob: Option<&'a str>,
    pub purpose: &'a str,
    pub said: Option<Said>,
    pub created_at: u64,
}

/// The content of a share.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ShareText {
    pub purpose: String,
    pub said: Option<Said>,
}

/// A share. Fails when the recipient's key is not on the curve or there are not 1 to 1,000 ids.
pub fn build_share(author: &Keys, share: &Share<'_>, random: &mut Random) -> Result<Event, CryptoError> {
    if share.ids.is_empty() || share.ids.len() > IDS_MAX {
        return Err(CryptoError::Size);
    }
    let text = ShareText { purpose: share.purpose.to_owned(), said: share.said };
    let text = serde_json::to_vec(&text).map_err(|_| CryptoError::Encoding)?;
    let content = ConversationKey::derive(author.secret_key(), &share.recipient)?.encrypt(&text, random)?;
    let mut tags = vec![key_tag("p", &share.recipient)];
    tags.extend(share.ids.iter().map(|id| tag("e", [&id.to_hex()])));
    tags.push(number_tag("until", share.until));
    tags.extend(share.blob.map(|blob| tag("x", [blob])));
    Ok(event::sign(author, kinds::DISCLOSURE, tags, content, share.created_at))
}

/// The text of a share: `secret` is the author's or the recipient's, `other` the other's key.
pub fn open_share(secret: &SecretKey, other: &PublicKey, event: &Event) -> Option<ShareText> {
    let text = ConversationKey::derive(secret, other).ok()?.decrypt(&event.content).ok()?;
    let mut members = parse_strict(std::str::from_utf8(&text).ok()?, 1)?;
    let purpose = members.remove("purpose")?.as_str()?.to_owned();
    let said = match members.remove("said") {
        None | Some(Value::Null) => None,
        Some(said) => Some(Said::parse(said.as_str()?)?),
    };
    members.is_empty().then_some(ShareText { purpose, said })
}

/// Ends an invitation or a share by its author.
pub fn build_share_end(author: &Keys, ended: &EventId, created_at: u64) -> Event {
    let tags = vec![tag("e", [&ended.to_hex(), "", "end"])];
    event::sign(author, kinds::DISCLOSURE, tags, "", created_at)
}
