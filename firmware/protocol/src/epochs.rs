//! Practice epochs: 2105 and 2101 (PROTOCOL 2.3, 2.7), keyring and its walk back.

mod import;
mod keyring;
mod shape;

use serde_json::{Map, Value};
use zeroize::Zeroizing;

use crate::envelope::EpochSecret;
use crate::event::{self, key_tag, number_tag, tag};
use crate::keys::{Sealer, extract, open_sealed};
use crate::nip44::{ConversationKey, CryptoError, secret_from_hex};
use crate::permissions::{Compartment, Role, Word, holds};
use crate::random::Random;
use crate::{Event, EventId, Keys, PublicKey, SecretKey, Tag, kinds};

pub use import::{Import, build_import, build_legacy_grant, open_legacy_escrow};
pub use keyring::Keyring;
pub use shape::{EpochShape, parse};

/// The three key pairs of one epoch.
#[derive(Debug, Clone)]
pub struct EpochSecrets {
    pub n: u64,
    pub desk: EpochSecret,
    pub chart: EpochSecret,
    pub confidential: EpochSecret,
}

impl EpochSecrets {
    pub fn generate(n: u64, random: &mut Random) -> Self {
        let mut pair = || EpochSecret::new(random.keys().secret_key().clone());
        Self { n, desk: pair(), chart: pair(), confidential: pair() }
    }

    pub fn of(&self, compartment: Compartment) -> &EpochSecret {
        match compartment {
            Compartment::Desk => &self.desk,
            Compartment::Chart => &self.chart,
            Compartment::Confidential => &self.confidential,
        }
    }

    /// What a member of this role with these words is given of the epoch.
    pub fn held(&self, role: Role, words: &[Word]) -> Vec<(Compartment, &SecretKey)> {
        let of = |compartment| (compartment, &self.of(compartment).secret);
        Compartment::ALL.into_iter().filter(|compartment| holds(role, words, *compartment)).map(of).collect()
    }
}

/// Sequence tags of a P-signed event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sequence {
    pub seq: u64,
    pub prev: Option<EventId>,
}

impl Sequence {
    /// `["seq",n] ["prev",id]?`, the end of a P-signed event's tags.
    pub fn to_tags(self) -> Vec<Tag> {
        let mut tags = vec![number_tag("seq", self.seq)];
        tags.extend(self.prev.map(|id| tag("prev", [&id.to_hex()])));
        tags
    }
}

/// Parts of a 2105.
pub struct NewEpoch<'a> {
    pub secrets: &'a EpochSecrets,
    /// Secrets of epoch n−1 for the keyring; none when n = 1.
    pub previous: Option<&'a EpochSecrets>,
    pub escrow: &'a PublicKey,
    pub receipts_box: &'a PublicKey,
    pub audit_box: &'a PublicKey,
    /// 600, or 0 when somebody left or lost a compartment.
    pub grace: u64,
    /// SHA-256 of the next practice key, hex; n = 1 only.
    pub next: Option<&'a str>,
    pub sequence: Sequence,
    pub created_at: u64,
}

/// A signed 2105. Fails when the escrow key is not on the curve.
pub fn build_epoch(practice: &Keys, new: &NewEpoch<'_>, random: &mut Random) -> Result<Event, CryptoError> {
    let sealer = Sealer::new(random);
    let mut tags = vec![number_tag("n", new.secrets.n)];
    for compartment in Compartment::ALL {
        let public = new.secrets.of(compartment).public.to_hex();
        tags.push(tag("p", [&public, compartment.as_str()]));
    }
    tags.push(key_tag("v", new.escrow));
    tags.push(tag("box", [&new.receipts_box.to_hex(), "receipts"]));
    tags.push(tag("box", [&new.audit_box.to_hex(), "audit"]));
    tags.push(key_tag("ek", &sealer.ek()));
    for compartment in Compartment::ALL {
        let secret = secret_text(&new.secrets.of(compartment).secret);
        let sealed = sealer.seal(new.escrow, secret.as_bytes(), random)?;
        tags.push(tag("sealed", [compartment.as_str(), &sealed]));
    }
    if let Some(previous) = new.previous {
        for compartment in Compartment::ALL {
            let key = keyring_key(&new.secrets.of(compartment).secret);
            let before = secret_text(&previous.of(compartment).secret);
            let payload = key.encrypt(before.as_bytes(), random)?;
            tags.push(tag("keyring", [compartment.as_str(), &payload]));
        }
    }
    tags.push(number_tag("grace", new.grace));
    tags.extend(new.next.map(|hash| tag("next", [hash])));
    tags.extend(new.sequence.to_tags());
    Ok(event::sign(practice, kinds::PRACTICE_EPOCH, tags, "", new.created_at))
}

/// A signed 2101: the secrets of the compartments the role may have, sealed to the member. `signer`
/// is P or a rostered holder of what it delivers. It carries no sequence (PROTOCOL 2.7).
pub fn build_grant(
    signer: &Keys,
    member: &PublicKey,
    n: u64,
    secrets: &[(Compartment, &SecretKey)],
    created_at: u64,
    random: &mut Random,
) -> Result<Event, CryptoError> {
    let rows: Map<String, Value> = secrets
        .iter()
        .map(|(compartment, secret)| (compartment.as_str().to_owned(), secret.to_secret_hex().into()))
        .collect();
    sealed_grant(signer, member, n, rows, created_at, random)
}

fn sealed_grant(
    signer: &Keys,
    member: &PublicKey,
    n: u64,
    rows: Map<String, Value>,
    created_at: u64,
    random: &mut Random,
) -> Result<Event, CryptoError> {
    let text = Zeroizing::new(Value::Object(rows).to_string());
    let sealer = Sealer::new(random);
    let content = sealer.seal(member, text.as_bytes(), random)?;
    let tags = vec![key_tag("p", member), number_tag("n", n), key_tag("ek", &sealer.ek())];
    Ok(event::sign(signer, kinds::PRACTICE_KEY_GRANT, tags, content, created_at))
}

/// Opens the epoch secrets that a 2105 (n ≥ 1) carries sealed to V, for the holder of v. None when
/// the shape does not fit, a payload does not open, or a secret is not that of its E.
pub fn open_escrow(escrow: &SecretKey, event: &Event) -> Option<EpochSecrets> {
    let shape = parse(event)?;
    let open = |compartment: Compartment| {
        let (_, payload) = shape.sealed.iter().find(|(of, _)| *of == compartment)?;
        let text = Zeroizing::new(open_sealed(escrow, &shape.ek, payload).ok()?);
        matching(secret_from_hex(&text)?, &shape.key(compartment)?)
    };
    Some(EpochSecrets {
        n: shape.n,
        desk: open(Compartment::Desk)?,
        chart: open(Compartment::Chart)?,
        confidential: open(Compartment::Confidential)?,
    })
}

/// The pair if `secret` is the secret of `public`: e·G = E.
fn matching(secret: SecretKey, public: &PublicKey) -> Option<EpochSecret> {
    let pair = EpochSecret::new(secret);
    (pair.public == *public).then_some(pair)
}

/// The key of the keyring: HKDF-extract-SHA256(salt "relaybox/keyring/1", ikm e(n)) as a NIP-44
/// conversation key. It is drawn from e, so a mere reader of X1 cannot walk back.
fn keyring_key(secret: &SecretKey) -> ConversationKey {
    let ikm = Zeroizing::new(secret.to_secret_bytes());
    ConversationKey::from_bytes(extract("relaybox/keyring/1", ikm.as_slice()))
}

fn secret_text(secret: &SecretKey) -> Zeroizing<String> {
    Zeroizing::new(secret.to_secret_hex())
}

#[cfg(test)]
mod tests;
