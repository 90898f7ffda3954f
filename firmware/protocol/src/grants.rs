//! 2100 PatientKeyGrant (PROTOCOL 2.2, 2.7), and builders of the other policy events
//! (2102, 2103, 2104, 2106–2109, 2127) in their exact shapes.

mod access;
pub mod missing;
mod roster;
mod sharing;

use zeroize::Zeroizing;

use crate::event::{self, id_from_hex, key_from_hex, key_tag, p_tag, tag, tag_value};
use crate::keys::{Sealer, open_sealed};
use crate::nip44::{ConversationKey, CryptoError};
use crate::random::Random;
use crate::{Event, EventId, Keys, PublicKey, SecretKey, Tag, hex, kinds};

pub use access::{
    ClientEntry, ClientKey, ClientSubject, LinkEntry, Suspended, Suspension, build_client_grant,
    build_destruction, build_lift, build_link, build_link_end, build_succession, build_suspension,
};
pub use roster::{AgentEntry, Desk, Name, Patients, RosterEntry, Service, build_agent, build_roster};
pub use sharing::{
    IDS_MAX, Said, Share, ShareText, build_invitation, build_share, build_share_end, invitation_hash,
    open_share,
};

/// Rows in one 2100.
pub const ROWS_MAX: usize = 250;

/// One row of a 2100: X2 = conv(e, subject).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GrantRow {
    pub epoch_key: PublicKey,
    pub subject: PublicKey,
    pub key: ConversationKey,
}

/// A signed 2100 to one reader. Fails when the reader's key is not on the curve or there are not
/// 1 to 250 rows.
pub fn build_patient_grant(
    signer: &Keys,
    reader: &PublicKey,
    authority: &EventId,
    rows: &[GrantRow],
    created_at: u64,
    random: &mut Random,
) -> Result<Event, CryptoError> {
    if rows.is_empty() || rows.len() > ROWS_MAX {
        return Err(CryptoError::Size);
    }
    let keys: Vec<Zeroizing<String>> =
        rows.iter().map(|row| Zeroizing::new(hex::encode(row.key.as_bytes()))).collect();
    let quoted: Vec<String> = keys.iter().map(|key| format!("\"{}\"", key.as_str())).collect();
    let text = Zeroizing::new(format!("[{}]", quoted.join(",")));
    let sealer = Sealer::new(random);
    let content = sealer.seal(reader, text.as_bytes(), random)?;
    let mut tags =
        vec![key_tag("p", reader), tag("authority", [&authority.to_hex()]), key_tag("ek", &sealer.ek())];
    tags.extend(rows.iter().map(|row| tag("row", [&row.epoch_key.to_hex(), &row.subject.to_hex()])));
    Ok(event::sign(signer, kinds::PATIENT_KEY_GRANT, tags, content, created_at))
}

/// What a 2100 says in clear: every staff client sees from it which grants are missing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GrantShape {
    pub reader: PublicKey,
    /// The 2102, 2103, 2104, 2109 or 2110 that gives the right.
    pub authority: EventId,
    pub ek: PublicKey,
    /// E and subject of each row.
    pub rows: Vec<(PublicKey, PublicKey)>,
}

/// Parses the strict shape of a 2100.
pub fn parse_patient_grant(event: &Event) -> Option<GrantShape> {
    let known = |tag: &Tag| match tag.kind() {
        "p" | "authority" | "ek" => tag.len() == 2,
        "row" => tag.len() == 3,
        _ => false,
    };
    let single = |name: &str| event.tags.iter().filter(|tag| tag.kind() == name).count() == 1;
    let fits = event.kind.as_u16() == kinds::PATIENT_KEY_GRANT
        && event.tags.iter().all(known)
        && single("p")
        && single("authority")
        && single("ek");
    if !fits {
        return None;
    }
    let row = |tag: &Tag| match tag.as_slice() {
        [_, epoch_key, subject] => Some((key_from_hex(epoch_key)?, key_from_hex(subject)?)),
        _ => None,
    };
    let rows: Option<Vec<_>> = event.tags.iter().filter(|tag| tag.kind() == "row").map(row).collect();
    let rows = rows.filter(|rows| !rows.is_empty() && rows.len() <= ROWS_MAX)?;
    Some(GrantShape {
        reader: p_tag(event, 0)?,
        authority: id_from_hex(tag_value(event, "authority", 0)?)?,
        ek: key_from_hex(tag_value(event, "ek", 0)?)?,
        rows,
    })
}

/// Opens a 2100 addressed to the holder of `secret`; none when the shape does not fit or the array
/// has not as many keys as there are rows (PROTOCOL 2.8.12).
pub fn open_patient_grant(secret: &SecretKey, event: &Event) -> Option<Vec<GrantRow>> {
    let shape = parse_patient_grant(event)?;
    let text = Zeroizing::new(open_sealed(secret, &shape.ek, &event.content).ok()?);
    let keys: Vec<&str> = serde_json::from_slice(&text).ok()?;
    if keys.len() != shape.rows.len() {
        return None;
    }
    let row = |((epoch_key, subject), key): ((PublicKey, PublicKey), &str)| {
        Some(GrantRow { epoch_key, subject, key: ConversationKey::from_bytes(hex::decode(key)?) })
    };
    shape.rows.into_iter().zip(keys).map(row).collect()
}

#[cfg(test)]
mod tests;
