//! Links of guardians by the practice key. Without it whoever holds `register` links and unlinks; what it ended, it
//! alone restores (PROTOCOL 2.2).

use relaybox_protocol::PublicKey;
use relaybox_protocol::permissions::Compartment;
use serde::{Deserialize, Serialize};

use super::{RequestError, check_name, open_compartments};

/// What happens to one link.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "change", rename_all = "kebab-case", deny_unknown_fields)]
pub enum LinkChange {
    Grant(LinkGrant),
    /// Also of a link that was ended by staff, has run out or is suspended: afterwards no staff restores it.
    End {
        child: PublicKey,
        guardian: PublicKey,
    },
}

/// A guardian of a child.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LinkGrant {
    /// T in force.
    pub child: PublicKey,
    pub guardian: PublicKey,
    pub name: String,
    pub relationship: String,
    /// `desk`, and `chart` or not.
    pub compartments: Vec<String>,
    /// Unix seconds.
    pub until: Option<u64>,
    /// Proof of possession of the guardian's key, role `guardian`.
    pub pop: String,
}

impl LinkChange {
    pub(super) fn check(&self) -> Result<(), RequestError> {
        let (child, guardian) = match self {
            Self::Grant(grant) => {
                check_name(&grant.name)?;
                check_name(&grant.relationship)?;
                grant.compartments()?;
                (grant.child, grant.guardian)
            }
            Self::End { child, guardian } => (*child, *guardian),
        };
        if child == guardian { Err(RequestError::Twice) } else { Ok(()) }
    }
}

impl LinkGrant {
    /// # Errors
    /// When `desk` is not among them, or one is unknown or `confidential`.
    pub fn compartments(&self) -> Result<Vec<Compartment>, RequestError> {
        let compartments = open_compartments(&self.compartments)?;
        if compartments.contains(&Compartment::Desk) { Ok(compartments) } else { Err(RequestError::Word) }
    }
}
