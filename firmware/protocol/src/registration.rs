//! What the front desk signs without any ceremony (PROTOCOL 2.2–2.4, 2.7): a family is registered in one step, a link
//! ends, a patient gets another key, an adolescent gets an own one.
//!
//! Invariants:
//! - All or nothing: the events of one call are tried on the policy in their order, and one refusal gives out none.
//!   They are published in this order.
//! - No secret of a patient leaves this module: one that is made here proves its key and is thrown away.
//! - Nothing here gives a key to anybody: key grants (2100) wait until somebody who holds `chart` has confirmed the link.

mod signing;

use serde_json::Value;

use crate::envelope::EnvelopeError;
use crate::grants::Desk;
use crate::nip44::CryptoError;
use crate::permissions::Compartment;
use crate::policy::Policy;
use crate::random::Random;
use crate::refusal::Refusal;
use crate::{Event, Keys, PublicKey};
use signing::SigningDesk;

/// A member with `register`, and the practice as their page knows it.
#[derive(Debug, Clone, Copy)]
pub struct Registrar<'a> {
    pub keys: &'a Keys,
    /// The newest desk epoch.
    pub desk: Desk<'a>,
    pub policy: &'a Policy,
    /// Unix seconds: `created_at` of every event.
    pub now: u64,
}

/// A key with its proof of possession, as its own device has made both (PROTOCOL 2.7, enrolment).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProvedKey<'a> {
    pub key: PublicKey,
    /// Hex, [`crate::keys::prove`]. Not looked at when the key has this role here already.
    pub pop: &'a str,
}

/// The key that names a patient.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SubjectKey<'a> {
    /// Made on the patient's own device.
    Device(ProvedKey<'a>),
    /// Made here; its secret is thrown away, because nobody should hold it yet (young children).
    ThrownAway,
}

/// A patient to be registered.
#[derive(Debug, Clone, Copy)]
pub struct NewChild<'a> {
    pub key: SubjectKey<'a>,
    /// C. An adult who alone holds the key of `key` names the same key; it needs no proof of its own then.
    pub own: Option<ProvedKey<'a>>,
    /// FHIR Patient without binding.
    pub resource: &'a Value,
}

/// Somebody who gets a link.
#[derive(Debug, Clone, Copy)]
pub struct NewGuardian<'a> {
    /// G. A guardian of other children here keeps key and proof of the earlier 2104.
    pub key: ProvedKey<'a>,
    pub name: &'a str,
    pub relationship: &'a str,
    /// `desk`, or `desk` and `chart`.
    pub compartments: &'a [Compartment],
    /// Unix seconds, such as the coming of age.
    pub until: Option<u64>,
}

/// A patient as it stands, for its next 2110.
#[derive(Debug, Clone, Copy)]
pub struct Standing<'a> {
    /// T in force.
    pub subject: PublicKey,
    /// FHIR Patient of the newest 2110, without binding.
    pub resource: &'a Value,
}

/// Signed events in the order in which they are published, and the T's they put in force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Registration {
    pub events: Vec<Event>,
    pub subjects: Vec<PublicKey>,
}

/// What a key is here that was to become something else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Holder {
    /// P, V, a box key or an epoch key.
    Practice,
    Staff,
    Agent,
    Guardian,
    Patient,
    Own,
    /// It had a use and has none now; it never gets another one.
    Former,
    /// Two persons of this call have it.
    Twice,
}

impl Holder {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Practice => "practice",
            Self::Staff => "staff",
            Self::Agent => "agent",
            Self::Guardian => "guardian",
            Self::Patient => "patient",
            Self::Own => "own",
            Self::Former => "former",
            Self::Twice => "twice",
        }
    }
}

/// Why nothing was signed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RegistrationError {
    #[error("register: a key has a use here already ({})", .holder.as_str())]
    KeyInUse { key: PublicKey, holder: Holder },
    #[error("register: the proof of possession of a key is missing or does not hold")]
    Proof { key: PublicKey },
    #[error("register: the demographics are no FHIR Patient")]
    Resource,
    #[error("register: this is no patient here, or the patient has a newer key")]
    NoPatient,
    #[error("register: this is no live link")]
    NoLink,
    #[error("register: policy refuses it: {}", .0.text())]
    Refused(Refusal),
    #[error("write the record")]
    Envelope(#[from] EnvelopeError),
    #[error("seal the link")]
    Crypto(#[from] CryptoError),
}

impl RegistrationError {
    /// Stable name, used by vectors.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::KeyInUse { .. } => "key-in-use",
            Self::Proof { .. } => "pop",
            Self::Resource => "resource",
            Self::NoPatient => "no-patient",
            Self::NoLink => "no-link",
            Self::Refused(refusal) => refusal.code(),
            Self::Envelope(_) => "envelope",
            Self::Crypto(_) => "crypto",
        }
    }
}

/// Registers children, and links every guardian to each of them: the 2110s, then the 2104s child by child.
///
/// # Errors
/// When one key has a use already or no proof, or policy would refuse one of the events.
pub fn register_family(
    registrar: &Registrar<'_>,
    children: &[NewChild<'_>],
    guardians: &[NewGuardian<'_>],
    random: &mut Random,
) -> Result<Registration, RegistrationError> {
    let mut desk = SigningDesk::new(registrar);
    for child in children {
        desk.child(child, random)?;
    }
    for subject in desk.subjects.clone() {
        for guardian in guardians {
            desk.link(&subject, guardian, random)?;
        }
    }
    desk.tried()
}

/// Links a guardian to a patient who is registered.
///
/// # Errors
/// As [`register_family`], and when there is no such patient.
pub fn add_guardian(
    registrar: &Registrar<'_>,
    subject: &PublicKey,
    guardian: &NewGuardian<'_>,
    random: &mut Random,
) -> Result<Registration, RegistrationError> {
    let mut desk = SigningDesk::new(registrar);
    desk.standing(subject)?;
    desk.link(subject, guardian, random)?;
    desk.tried()
}

/// Ends a link: access ends at once. What the guardian has read stays known to them, and their keys open what stands
/// under this T; [`remove_guardian`] gives the patient another one.
///
/// # Errors
/// When `link` is not the 2104 in force, or only the practice key may end it.
pub fn end_link(registrar: &Registrar<'_>, link: &Event) -> Result<Registration, RegistrationError> {
    let mut desk = SigningDesk::new(registrar);
    desk.end_link(link)?;
    desk.tried()
}

/// Ends a link and gives the patient another key, so that nothing the guardian holds opens new records (PROTOCOL 2.3).
///
/// # Errors
/// As [`end_link`] and [`rekey`].
pub fn remove_guardian(
    registrar: &Registrar<'_>,
    link: &Event,
    patient: &Standing<'_>,
    key: &SubjectKey<'_>,
    random: &mut Random,
) -> Result<Registration, RegistrationError> {
    let mut desk = SigningDesk::new(registrar);
    desk.end_link(link)?;
    desk.rekey(patient, key, random)?;
    desk.tried()
}

/// Gives a patient another key: 2110 with `rekey`. Links, `own` and grants follow to it, the former key ends at once.
/// The proof that it is the patient's wish is that staff saw the person.
///
/// # Errors
/// When the key has a use already or no proof, or there is no such patient.
pub fn rekey(
    registrar: &Registrar<'_>,
    patient: &Standing<'_>,
    key: &SubjectKey<'_>,
    random: &mut Random,
) -> Result<Registration, RegistrationError> {
    let mut desk = SigningDesk::new(registrar);
    desk.rekey(patient, key, random)?;
    desk.tried()
}

/// Enters an adolescent's own key: 2110 with `own`. It replaces an earlier own key.
///
/// # Errors
/// When the key has a use already or no proof, or there is no such patient.
pub fn own_key(
    registrar: &Registrar<'_>,
    patient: &Standing<'_>,
    own: &ProvedKey<'_>,
    random: &mut Random,
) -> Result<Registration, RegistrationError> {
    let mut desk = SigningDesk::new(registrar);
    desk.own(patient, own, random)?;
    desk.tried()
}

#[cfg(test)]
mod tests;
