//! Practice epochs: 2105 and 2101 (PROTOCOL 2.3, 2.7), keyring and its walk back.

use crate::envelope::EpochSecret;
use crate::nip44::CryptoError;
use crate::random::Random;
use crate::{Event, EventId, Keys, PublicKey, SecretKey};

/// The three key pairs of one epoch.
#[derive(Clone)]
pub struct EpochSecrets {
    pub n: u64,
    pub desk: EpochSecret,
    pub chart: EpochSecret,
    pub confidential: EpochSecret,
}

impl EpochSecrets {
    pub fn generate(n: u64, random: &mut Random) -> Self {
        let _ = (n, random);
        todo!()
    }
}

/// Sequence tags of a P-signed event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sequence {
    pub seq: u64,
    pub prev: Option<EventId>,
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

/// A signed 2105.
pub fn build_epoch(practice: &Keys, new: &NewEpoch<'_>, random: &mut Random) -> Result<Event, CryptoError> {
    let _ = (practice, new, random);
    todo!()
}

/// A signed 2101: the secrets of the compartments the role may have, sealed to the member.
/// `signer` is P or a rostered holder; `desk`, `chart`, `confidential` as given.
pub fn build_grant(
    signer: &Keys,
    member: &PublicKey,
    n: u64,
    secrets: &[(crate::permissions::Compartment, &SecretKey)],
    created_at: u64,
    random: &mut Random,
) -> Result<Event, CryptoError> {
    let _ = (signer, member, n, secrets, created_at, random);
    todo!()
}

/// All epoch secrets a member can reach: from 2101 events addressed to it and the keyrings of the
/// 2105 events, walked back. Checks e·G = E for each.
pub struct Keyring {
    secrets: Vec<(u64, crate::permissions::Compartment, EpochSecret)>,
}

impl Keyring {
    /// `epochs` are the counted 2105 events in any order, `grants` the 2101 to this member.
    pub fn collect(member: &SecretKey, epochs: &[Event], grants: &[Event]) -> Self {
        let _ = (member, epochs, grants);
        todo!()
    }
    /// The secret of this E, if held.
    pub fn secret_of(&self, epoch_key: &PublicKey) -> Option<&SecretKey> {
        self.secrets.iter().find(|(_, _, s)| s.public == *epoch_key).map(|(_, _, s)| &s.secret)
    }
    pub fn newest(&self, compartment: crate::permissions::Compartment) -> Option<&EpochSecret> {
        self.secrets
            .iter()
            .filter(|(_, c, _)| *c == compartment)
            .max_by_key(|(n, _, _)| *n)
            .map(|(_, _, s)| s)
    }
}
