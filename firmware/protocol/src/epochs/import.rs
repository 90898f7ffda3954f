//! Epoch 0: the key of a former practice, read and never current (PROTOCOL 2.6).

use serde_json::Map;
use zeroize::Zeroizing;

use super::{Sequence, parse, sealed_grant};
use crate::event::{self, key_tag, number_tag, tag};
use crate::keys::{Sealer, open_sealed};
use crate::nip44::{ConversationKey, CryptoError};
use crate::permissions::Compartment;
use crate::random::Random;
use crate::{Event, Keys, PublicKey, SecretKey, hex, kinds};

/// Parts of the 2105 of epoch 0.
pub struct Import<'a> {
    /// P0.
    pub former: &'a PublicKey,
    /// P0, the staff keys of the old roster, the guardian keys of the old 2104s.
    pub signers: &'a [PublicKey],
    pub escrow: &'a PublicKey,
    /// X1 of the former practice: conv(p0, P0).
    pub practice_key: &'a ConversationKey,
    pub sequence: Sequence,
    pub created_at: u64,
}

/// The signed 2105 with n = 0. Fails when the escrow key is not on the curve.
pub fn build_import(practice: &Keys, import: &Import<'_>, random: &mut Random) -> Result<Event, CryptoError> {
    let sealer = Sealer::new(random);
    let chart = Compartment::Chart.as_str();
    let text = key_text(import.practice_key);
    let sealed = sealer.seal(import.escrow, text.as_bytes(), random)?;
    let mut tags = vec![number_tag("n", 0), tag("p", [&import.former.to_hex(), chart])];
    tags.extend(import.signers.iter().map(|key| key_tag("signer", key)));
    tags.push(key_tag("ek", &sealer.ek()));
    tags.push(tag("sealed", [chart, &sealed]));
    tags.extend(import.sequence.to_tags());
    Ok(event::sign(practice, kinds::PRACTICE_EPOCH, tags, "", import.created_at))
}

/// The 2101 of epoch 0: `{"legacy": hex X1}` sealed to a holder of `chart`.
pub fn build_legacy_grant(
    signer: &Keys,
    member: &PublicKey,
    practice_key: &ConversationKey,
    created_at: u64,
    random: &mut Random,
) -> Result<Event, CryptoError> {
    let rows = Map::from_iter([("legacy".to_owned(), hex::encode(practice_key.as_bytes()).into())]);
    sealed_grant(signer, member, 0, rows, created_at, random)
}

/// X1 of epoch 0 from its 2105, for the holder of v.
pub fn open_legacy_escrow(escrow: &SecretKey, event: &Event) -> Option<ConversationKey> {
    let shape = parse(event).filter(|shape| shape.n == 0)?;
    let (_, payload) = shape.sealed.first()?;
    let text = Zeroizing::new(open_sealed(escrow, &shape.ek, payload).ok()?);
    hex::decode(std::str::from_utf8(&text).ok()?).map(ConversationKey::from_bytes)
}

fn key_text(key: &ConversationKey) -> Zeroizing<String> {
    Zeroizing::new(hex::encode(key.as_bytes()))
}
