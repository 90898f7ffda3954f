//! The invented people of the demo practice. No name belongs to a real person.

mod children;

use relaybox_protocol::permissions::Role;
use relaybox_protocol::{Keys, PublicKey};

use super::seed::Seed;
#[cfg(test)]
pub(crate) use children::child;
pub(crate) use children::{Allergies, CHILDREN, Child, Holds, REKEYED};

/// Who works in the practice. The former nurse leaves at the first rotation, the nurse joins then.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Staff {
    Owner,
    Doctor,
    FormerNurse,
    Nurse,
    Assistant,
    FrontDesk,
}

impl Staff {
    pub(crate) const ALL: [Self; 6] =
        [Self::Owner, Self::Doctor, Self::Nurse, Self::Assistant, Self::FrontDesk, Self::FormerNurse];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Owner => "Dr. Alba Testwell",
            Self::Doctor => "Dr. Basil Mockford",
            Self::FormerNurse => "Nils Formerly, RN",
            Self::Nurse => "Nora Sampleton, RN",
            Self::Assistant => "Mika Fixture, MA",
            Self::FrontDesk => "Fern Deskson",
        }
    }

    pub(crate) const fn role(self) -> Role {
        match self {
            Self::Owner | Self::Doctor => Role::Doctor,
            Self::FormerNurse | Self::Nurse => Role::Nurse,
            Self::Assistant => Role::Ma,
            Self::FrontDesk => Role::FrontDesk,
        }
    }

    /// Epochs in which the person is a member.
    pub(crate) const fn member_in(self, epoch: u64) -> bool {
        match self {
            Self::FormerNurse => epoch == 1,
            Self::Nurse => epoch >= 2,
            _ => true,
        }
    }

    pub(crate) fn keys(self, seed: &Seed) -> Keys {
        seed.keys(&format!("staff/{}", self.name()))
    }
}

/// A parent or other guardian.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Guardian {
    pub id: &'static str,
    pub name: &'static str,
    /// v3-RoleCode and its display.
    pub relationship: (&'static str, &'static str),
    /// BCP 47.
    pub language: &'static str,
}

impl Guardian {
    pub(crate) fn keys(&self, seed: &Seed) -> Keys {
        seed.family_keys(&format!("guardian/{}", self.id))
    }
    pub(crate) fn public(&self, seed: &Seed) -> PublicKey {
        self.keys(seed).public_key()
    }
}

const MOTHER: (&str, &str) = ("MTH", "mother");
const FATHER: (&str, &str) = ("FTH", "father");

const fn guardian(
    id: &'static str,
    name: &'static str,
    relationship: (&'static str, &'static str),
    language: &'static str,
) -> Guardian {
    Guardian { id, name, relationship, language }
}

pub(crate) const GUARDIANS: [Guardian; 13] = [
    guardian("linden", "Linden Samplewood", MOTHER, "en"),
    guardian("lucia", "Lucía Ejemplo", MOTHER, "es"),
    guardian("robin", "Robin Testerton", MOTHER, "en"),
    guardian("kim", "Kim Testerton", FATHER, "en"),
    guardian("dana", "Dana Demofield", MOTHER, "en"),
    guardian("paula", "Paula Mockingham", MOTHER, "en"),
    guardian("stefan", "Stefan Mockingham", FATHER, "en"),
    guardian("greta", "Greta Placeholder", MOTHER, "en"),
    guardian("ernst", "Ernst Placeholder", ("STPFTH", "stepfather"), "en"),
    guardian("noor", "Noor Fictional", MOTHER, "en"),
    guardian("petra", "Petra Pretend", MOTHER, "en"),
    guardian("paul", "Paul Pretend", FATHER, "en"),
    guardian("vera", "Vera Notareal", MOTHER, "en"),
];

/// The stepfather whose link ends in the third epoch; the child is re-keyed then.
pub(crate) const ENDED_GUARDIAN: &str = "ernst";

pub(crate) fn guardian_of(id: &str) -> Option<&'static Guardian> {
    GUARDIANS.iter().find(|guardian| guardian.id == id)
}
