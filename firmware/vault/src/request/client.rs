//! Grants to FHIR clients that are too large for an `admin` alone: more than 50 patients, longer than a year, or all
//! patients (PROTOCOL 2.7, 2109).

use relaybox_protocol::PublicKey;
use relaybox_protocol::grants::ClientKey;
use relaybox_protocol::permissions::Compartment;
use serde::{Deserialize, Serialize};

use super::{RequestError, bounded, check_name};

/// Most patients that one request names.
pub const CLIENT_PATIENTS_MAX: usize = 500;
/// Most scopes, and characters of one.
const SCOPES_MAX: usize = 50;
const SCOPE_CHARACTERS_MAX: usize = 100;
/// Characters of a client's id.
const ID_CHARACTERS_MAX: usize = 64;
/// Characters of a SHA-256 thumbprint in base64url (RFC 7638).
const THUMBPRINT_CHARACTERS: usize = 43;

/// What happens to one client.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "change", rename_all = "kebab-case", deny_unknown_fields)]
pub enum ClientChange {
    Grant(ClientGrant),
    /// All that the client was granted, by whomever.
    End {
        client: String,
    },
}

/// What a client may read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClientGrant {
    pub client: String,
    pub patients: Whom,
    pub key: KeyName,
    pub scopes: Vec<String>,
    /// Unix seconds.
    pub until: u64,
    pub purpose: String,
}

/// Whose records.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "of", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Whom {
    /// T of each patient.
    Named { keys: Vec<PublicKey> },
    /// Every patient, also those of the future; `export`: in bulk as well.
    All { export: bool },
}

/// How the client proves itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "by", rename_all = "kebab-case", deny_unknown_fields)]
pub enum KeyName {
    /// RFC 7638 thumbprint, base64url.
    Jwk { thumbprint: String },
    /// A Nostr key.
    Key { key: PublicKey },
}

impl ClientChange {
    pub(super) fn check(&self) -> Result<(), RequestError> {
        match self {
            Self::Grant(grant) => grant.check(),
            Self::End { client } => check_id(client),
        }
    }
}

impl ClientGrant {
    fn check(&self) -> Result<(), RequestError> {
        check_id(&self.client)?;
        check_name(&self.purpose)?;
        bounded(self.scopes.len(), SCOPES_MAX)?;
        for scope in &self.scopes {
            if scope == Compartment::Confidential.as_str() {
                return Err(RequestError::Confidential);
            }
            if !is_plain(scope, SCOPE_CHARACTERS_MAX) {
                return Err(RequestError::Word);
            }
        }
        if let Whom::Named { keys } = &self.patients {
            bounded(keys.len(), CLIENT_PATIENTS_MAX)?;
            once(keys)?;
        }
        match &self.key {
            KeyName::Jwk { thumbprint } if !is_thumbprint(thumbprint) => Err(RequestError::Word),
            _ => Ok(()),
        }
    }
}

impl KeyName {
    pub(crate) fn as_tag(&self) -> ClientKey<'_> {
        match self {
            Self::Jwk { thumbprint } => ClientKey::Thumbprint(thumbprint),
            Self::Key { key } => ClientKey::Key(key),
        }
    }
}

fn check_id(client: &str) -> Result<(), RequestError> {
    if is_plain(client, ID_CHARACTERS_MAX) { Ok(()) } else { Err(RequestError::Name) }
}

/// Visible ASCII: nothing that a display shows as something else.
fn is_plain(text: &str, most: usize) -> bool {
    (1..=most).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic())
}

fn is_thumbprint(text: &str) -> bool {
    text.len() == THUMBPRINT_CHARACTERS
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
}

/// No key stands twice.
pub(super) fn once(keys: &[PublicKey]) -> Result<(), RequestError> {
    let mut sorted = keys.to_vec();
    sorted.sort();
    sorted.dedup();
    if sorted.len() == keys.len() { Ok(()) } else { Err(RequestError::Twice) }
}
