//! What may be asked of the vault: a closed list. There is no raw signature, no ECDH, no decryption and no
//! export in it, and whoever reaches the vault's socket can ask for nothing else.
//!
//! A request is shown on the box's own display before anybody can approve it; [`challenge`] ties the approval to
//! exactly these bytes.

use relaybox_protocol::grants::{Patients, Service};
use relaybox_protocol::permissions::{Compartment, Role, Word, may_hold};
use relaybox_protocol::{EventId, PublicKey};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::board::face::is_bidi;

/// Longest name in a request, characters.
pub const NAME_CHARACTERS_MAX: usize = 100;
/// Most members that one request changes.
pub const CHANGES_MAX: usize = 50;
/// Most ids of one destruction order (PROTOCOL 2.7, 2127).
pub const DESTROY_MAX: usize = 1_000;

mod client;
mod former;
mod guardian;
mod profile;

pub use client::{CLIENT_PATIENTS_MAX, ClientChange, ClientGrant, KeyName, Whom};
pub use former::{FORMER_PATIENTS_MAX, FORMER_SIGNERS_MAX, LegacyImport};
pub use guardian::{LinkChange, LinkGrant};
pub use profile::Profile;

/// One operation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "verb", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Operation {
    /// People join, change or leave. When somebody leaves or loses a compartment, a new epoch without grace is
    /// part of it.
    Roster { changes: Vec<RosterChange> },
    /// A service of this box gets its key certified, or ends.
    Agent(AgentChange),
    /// A guardian's link begins or ends for good.
    Link(LinkChange),
    /// A program outside the box reads more than an `admin` may grant alone.
    Client(ClientChange),
    /// What the practice says of itself.
    Profile(Profile),
    /// The records of a former practice open here: its key as epoch 0.
    ImportLegacy(LegacyImport),
    /// A new epoch; the one before stays current for ten minutes.
    Rotate {},
    /// A suspension ends.
    Lift { suspension: EventId },
    /// Records at the end of retention may be purged.
    Destroy { ids: Vec<EventId> },
    /// The key slot works again after a freeze. Signs nothing.
    Thaw {},
    /// One more slot key, by its label. Signs nothing.
    AddSlotKey { label: String },
    /// A slot key may not open the vault any more. Signs nothing.
    RemoveSlotKey { label: String },
}

/// What happens to one member.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "change", rename_all = "kebab-case", deny_unknown_fields)]
pub enum RosterChange {
    Join(Joining),
    /// The complete new list of words, by their names in 2102.
    Words {
        key: PublicKey,
        words: Vec<String>,
    },
    Leave {
        key: PublicKey,
    },
}

/// A new member, or a member's new key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Joining {
    pub key: PublicKey,
    pub name: String,
    /// `doctor`, `nurse`, `ma` or `frontdesk`.
    pub role: String,
    pub words: Vec<String>,
    /// Unix seconds.
    pub until: Option<u64>,
    /// The person's former key, which ends with this.
    pub replaces: Option<PublicKey>,
    /// Proof of possession: hex of the signature of PROTOCOL 1, role `staff`.
    pub pop: String,
}

/// A service agent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "change", rename_all = "kebab-case", deny_unknown_fields)]
pub enum AgentChange {
    Grant(AgentGrant),
    End { key: PublicKey },
}

/// What a service may read and write.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AgentGrant {
    pub key: PublicKey,
    pub service: String,
    pub kinds: Vec<u16>,
    pub compartments: Vec<String>,
    pub patients: String,
    pub until: Option<u64>,
    pub pop: String,
}

/// Why a request is not shown at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RequestError {
    #[error("take the request: nothing would change")]
    Empty,
    #[error("take the request: more than {0} at once")]
    TooMany(usize),
    #[error(
        "take the request: a name is empty, longer than {NAME_CHARACTERS_MAX} characters or has control characters"
    )]
    Name,
    #[error("take the request: something is named twice")]
    Twice,
    #[error("take the request: there is no such role, permission, service or compartment")]
    Word,
    #[error("take the request: the role may not have this permission")]
    NotOfRole,
    #[error("take the request: no service, program or guardian reads confidential records")]
    Confidential,
    #[error("take the request: an address is not of the form that is wanted")]
    Address,
    #[error("take the request: it is not one of the vault's operations")]
    Unknown,
}

impl Operation {
    /// Reads a request as it came over the socket. Unknown verbs and members are refused.
    ///
    /// # Errors
    /// When it is none of the operations, or what it names cannot be.
    pub fn parse(json: &[u8]) -> Result<Self, RequestError> {
        let operation: Self = serde_json::from_slice(json).map_err(|_| RequestError::Unknown)?;
        operation.check()?;
        Ok(operation)
    }

    /// The bytes that are approved: JSON with its members in the order of the types above, without white space.
    pub fn canonical(&self) -> Vec<u8> {
        // Text, numbers and lists of them: serialisation cannot fail.
        serde_json::to_vec(self).unwrap_or_default()
    }

    fn check(&self) -> Result<(), RequestError> {
        match self {
            Self::Roster { changes } => check_changes(changes),
            Self::Agent(AgentChange::Grant(grant)) => grant.check(),
            Self::Link(change) => change.check(),
            Self::Client(change) => change.check(),
            Self::Profile(profile) => profile.check(),
            Self::ImportLegacy(import) => import.check(),
            Self::Destroy { ids } => bounded(ids.len(), DESTROY_MAX),
            Self::AddSlotKey { label } | Self::RemoveSlotKey { label } => check_name(label),
            Self::Agent(AgentChange::End { .. }) | Self::Rotate {} | Self::Lift { .. } | Self::Thaw {} => {
                Ok(())
            }
        }
    }
}

impl Joining {
    /// # Errors
    /// When there is no such role.
    pub fn role(&self) -> Result<Role, RequestError> {
        Role::parse(&self.role).ok_or(RequestError::Word)
    }

    /// # Errors
    /// When a word is unknown or not for this role.
    pub fn words(&self) -> Result<Vec<Word>, RequestError> {
        words_of(self.role()?, &self.words)
    }
}

impl AgentGrant {
    fn check(&self) -> Result<(), RequestError> {
        self.service()?;
        self.patients()?;
        self.compartments()?;
        if self.kinds.is_empty() { Err(RequestError::Empty) } else { Ok(()) }
    }

    /// # Errors
    /// When there is no such service.
    pub fn service(&self) -> Result<Service, RequestError> {
        Service::parse(&self.service).ok_or(RequestError::Word)
    }

    /// # Errors
    /// When it is none of `none`, `clients`, `all`.
    pub fn patients(&self) -> Result<Patients, RequestError> {
        Patients::parse(&self.patients).ok_or(RequestError::Word)
    }

    /// # Errors
    /// When one is unknown, or `confidential`.
    pub fn compartments(&self) -> Result<Vec<Compartment>, RequestError> {
        open_compartments(&self.compartments)
    }
}

/// Compartments by their names, but for the confidential one.
fn open_compartments(names: &[String]) -> Result<Vec<Compartment>, RequestError> {
    let mut compartments = Vec::with_capacity(names.len());
    for name in names {
        let compartment = match Compartment::parse(name) {
            Some(Compartment::Confidential) => return Err(RequestError::Confidential),
            Some(compartment) => compartment,
            None => return Err(RequestError::Word),
        };
        if compartments.contains(&compartment) {
            return Err(RequestError::Twice);
        }
        compartments.push(compartment);
    }
    Ok(compartments)
}

/// Words of a role, from their names.
///
/// # Errors
/// When a word is unknown or the role may not have it.
pub fn words_of(role: Role, names: &[String]) -> Result<Vec<Word>, RequestError> {
    let mut words = Vec::with_capacity(names.len());
    for name in names {
        let word = Word::parse(name).ok_or(RequestError::Word)?;
        if !may_hold(role, word) {
            return Err(RequestError::NotOfRole);
        }
        if words.contains(&word) {
            return Err(RequestError::Twice);
        }
        words.push(word);
    }
    Ok(words)
}

fn check_changes(changes: &[RosterChange]) -> Result<(), RequestError> {
    bounded(changes.len(), CHANGES_MAX)?;
    let mut keys = Vec::new();
    for change in changes {
        match change {
            RosterChange::Join(joining) => {
                check_name(&joining.name)?;
                joining.words()?;
                keys.push(joining.key);
                keys.extend(joining.replaces);
            }
            RosterChange::Words { key, .. } | RosterChange::Leave { key } => keys.push(*key),
        }
    }
    let named = keys.len();
    keys.sort();
    keys.dedup();
    if keys.len() == named { Ok(()) } else { Err(RequestError::Twice) }
}

const fn bounded(count: usize, most: usize) -> Result<(), RequestError> {
    match count {
        0 => Err(RequestError::Empty),
        _ if count > most => Err(RequestError::TooMany(most)),
        _ => Ok(()),
    }
}

/// A name is shown on a small display: it has to be there, short, and without tricks.
pub(crate) fn check_name(name: &str) -> Result<(), RequestError> {
    check_line(name, NAME_CHARACTERS_MAX)
}

/// The same for a longer text of one line.
fn check_line(name: &str, most: usize) -> Result<(), RequestError> {
    let length = name.chars().count();
    let fine =
        !name.trim().is_empty() && length <= most && !name.chars().any(|c| c.is_control() || is_bidi(c));
    if fine { Ok(()) } else { Err(RequestError::Name) }
}

/// What a slot key signs for one ceremony: SHA-256("relaybox/ceremony/1" ‖ nonce ‖ P ‖ policy head ‖ expiry ‖
/// canonical request, [`Operation::canonical`]). The head is the id of P's last policy event, zeros before the first; the expiry is unix
/// seconds, 8 bytes big endian.
pub fn challenge(
    nonce: &[u8; 32],
    practice: &PublicKey,
    head: Option<EventId>,
    expiry: u64,
    request: &[u8],
) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update(b"relaybox/ceremony/1");
    hash.update(nonce);
    hash.update(practice.as_bytes());
    hash.update(head.map_or([0; 32], |id| *id.as_bytes()));
    hash.update(expiry.to_be_bytes());
    hash.update(request);
    hash.finalize().into()
}

#[cfg(test)]
mod tests;
