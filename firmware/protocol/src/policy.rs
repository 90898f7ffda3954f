//! Policy as a fold over signed events in a given order (PROTOCOL 2.2 "Order of policy", 2.3, 2.4,
//! 2.7, 2.8). The relay folds in arrival order, readers in receipt order; the code is the same.
//!
//! Each fact keeps the positions at which it began and ended, so that [`Policy::at`] answers for
//! any earlier position as well as for the newest one.

use std::collections::BTreeSet;

use crate::{Event, EventId, PublicKey};

use crate::permissions::{Compartment, Role, Word};
use crate::refusal::Refusal;

/// Place in the order of policy: arrival number for the relay, ordinal of the policy receipt for a
/// reader. A fact set at position `p` holds for events at positions ≥ `p`.
pub type Position = u64;

/// The state of the practice after some policy events.
#[derive(Debug, Clone)]
pub struct Policy {
    practice: PublicKey,
}

/// How an event reached the fold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Door {
    /// Over a network surface: P-signed events are refused.
    Network,
    /// Through the vault's socket, a restore, or a sync that bears a certified receipt.
    Ceremony,
}

impl Policy {
    /// Before the first event; `practice` is P, fixed at claim.
    pub fn new(practice: PublicKey) -> Self {
        Self { practice }
    }

    /// Whether the event would count, without applying it: shape, authority, pop, one key one role,
    /// sequence, limits. `received` in unix seconds.
    pub fn judge(&self, event: &Event, at: Position, received: u64) -> Result<(), Refusal> {
        let _ = (event, at, received);
        todo!()
    }

    /// Applies one event of kinds 2102–2110, 2127 if it counts. An event that does not count leaves
    /// the state unchanged and says why. An id counts at its first position only.
    pub fn apply(&mut self, event: &Event, at: Position, received: u64) -> Result<(), Refusal> {
        let _ = (event, at, received);
        todo!()
    }

    /// The view at the newest position; `now` is clamped to the newest `received`.
    pub fn now(&self, now: u64) -> View<'_> {
        View { policy: self, at: Position::MAX, time: now }
    }

    /// The view at a position and time (`received` of the event judged).
    pub fn at(&self, at: Position, received: u64) -> View<'_> {
        View { policy: self, at, time: received }
    }
}

/// Policy at one position and one time.
#[derive(Debug, Clone, Copy)]
pub struct View<'a> {
    policy: &'a Policy,
    at: Position,
    time: u64,
}

/// One epoch: n ≥ 1, or 0 for the former practice's key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Epoch {
    pub n: u64,
    pub event: EventId,
    pub desk: PublicKey,
    pub chart: PublicKey,
    pub confidential: PublicKey,
    pub escrow: PublicKey,
    /// Box key that signs receipts.
    pub receipts: PublicKey,
    /// Box key that signs audit anchors.
    pub audit: PublicKey,
    /// Seconds for which the epoch before stays current.
    pub grace: u64,
    pub at: Position,
    pub received: u64,
}

/// A live member.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    pub key: PublicKey,
    pub role: Role,
    /// Words that count: those in the 2102 that the role may hold.
    pub words: BTreeSet<Word>,
    pub name: Option<String>,
    pub entry: EventId,
}

impl Member {
    pub fn has(&self, word: Word) -> bool {
        self.words.contains(&word)
    }
    /// Everyone holds desk; all but front desk hold chart; confidential by its word.
    pub fn holds(&self, compartment: Compartment) -> bool {
        match compartment {
            Compartment::Desk => true,
            Compartment::Chart => self.role != Role::FrontDesk,
            Compartment::Confidential => self.has(Word::Confidential),
        }
    }
}

/// A live link from a guardian to a child. `child` is the newest T of the line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GuardianLink {
    pub child: PublicKey,
    pub guardian: PublicKey,
    pub compartments: BTreeSet<Compartment>,
    pub until: Option<u64>,
    pub entry: EventId,
}

/// A live service agent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Agent {
    pub key: PublicKey,
    pub service: String,
    pub kinds: BTreeSet<u16>,
    pub compartments: BTreeSet<Compartment>,
    /// `none`, `clients` or `all`.
    pub patients: String,
    pub until: Option<u64>,
    pub entry: EventId,
}

/// A registered patient.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Patient {
    /// T in force.
    pub subject: PublicKey,
    /// Earlier T's of the line of rekeys, oldest first. They authenticate nowhere.
    pub former: Vec<PublicKey>,
    /// C, when it is registered (equal to `subject` for an adult who alone holds t).
    pub own: Option<PublicKey>,
    pub entry: EventId,
}

/// What a key is in this view. A suspended key is still what it is; ask [`View::suspended`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Person {
    Practice,
    Member(Member),
    Agent(Agent),
    Patient(Patient),
    /// An own key that is not T.
    Own(Patient),
    Guardian(Vec<GuardianLink>),
    /// Was something once and is nothing now (ended member, rekeyed T, guardian without a live link).
    Former,
    Unknown,
}

impl<'a> View<'a> {
    pub fn policy(&self) -> &'a Policy {
        self.policy
    }
    /// P in force (a 2107 changes it).
    pub fn practice(&self) -> PublicKey {
        self.policy.practice
    }
    /// Unix seconds at which the view is taken, never below the time floor.
    pub fn time(&self) -> u64 {
        self.time
    }
    /// Newest epoch with n ≥ 1.
    pub fn epoch(&self) -> Option<&'a Epoch> {
        let _ = self.at;
        todo!()
    }
    /// All counted epochs up to here, oldest first (0 included when imported).
    pub fn epochs(&self) -> Vec<&'a Epoch> {
        todo!()
    }
    /// Compartment of an E of any counted epoch.
    pub fn compartment_of(&self, key: &PublicKey) -> Option<Compartment> {
        let _ = key;
        todo!()
    }
    /// The compartment if `key` is current: of the newest epoch, or of the one before within grace.
    pub fn current(&self, key: &PublicKey) -> Option<Compartment> {
        let _ = key;
        todo!()
    }
    /// E's of all counted epochs of a compartment.
    pub fn epoch_keys(&self, compartment: Compartment) -> Vec<PublicKey> {
        let _ = compartment;
        todo!()
    }
    pub fn person(&self, key: &PublicKey) -> Person {
        let _ = key;
        todo!()
    }
    pub fn member(&self, key: &PublicKey) -> Option<Member> {
        match self.person(key) {
            Person::Member(member) => Some(member),
            _ => None,
        }
    }
    /// Live links of a guardian.
    pub fn links_of(&self, guardian: &PublicKey) -> Vec<GuardianLink> {
        let _ = guardian;
        todo!()
    }
    /// Live links to a patient (any T of the line).
    pub fn guardians_of(&self, subject: &PublicKey) -> Vec<GuardianLink> {
        let _ = subject;
        todo!()
    }
    /// The registered patient to whom this T (in force or former) belongs.
    pub fn patient(&self, subject: &PublicKey) -> Option<Patient> {
        let _ = subject;
        todo!()
    }
    /// All registered patients.
    pub fn patients(&self) -> Vec<Patient> {
        todo!()
    }
    pub fn members(&self) -> Vec<Member> {
        todo!()
    }
    pub fn agents(&self) -> Vec<Agent> {
        todo!()
    }
    /// Whether a live 2108 names the key without scope. For T and C only writing ends.
    pub fn suspended(&self, key: &PublicKey) -> bool {
        let _ = key;
        todo!()
    }
    /// Patients (every T of the line) from whose records a live scoped 2108 bars the member.
    pub fn barred(&self, member: &PublicKey) -> Vec<PublicKey> {
        let _ = member;
        todo!()
    }
    /// Whether a receipt by this key counts here: the box key of the newest 2105 (PROTOCOL 2.5).
    pub fn certified_box(&self, key: &PublicKey) -> bool {
        let _ = key;
        todo!()
    }
    /// Ids named by a counted 2127.
    pub fn destroyed(&self, id: &EventId) -> bool {
        let _ = id;
        todo!()
    }
    /// Live shares (2106) that name this recipient, and live invitations by token hash:
    /// PROTOCOL 2.7 and 3.
    pub fn shares_for(&self, recipient: &PublicKey) -> Vec<Share> {
        let _ = recipient;
        todo!()
    }
    /// The author of a live invitation whose token hashes to this.
    pub fn invitation(&self, token_hash: &[u8; 32]) -> Option<Invitation> {
        let _ = token_hash;
        todo!()
    }
}

/// A live 2106 share.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Share {
    pub entry: EventId,
    pub author: PublicKey,
    pub recipient: PublicKey,
    pub ids: Vec<EventId>,
    pub until: u64,
}

/// A live 2106 invitation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invitation {
    pub entry: EventId,
    pub author: PublicKey,
    pub until: u64,
}
