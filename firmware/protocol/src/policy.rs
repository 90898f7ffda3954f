//! Policy as a fold over signed events in a given order (PROTOCOL 2.2 "Order of policy", 2.3, 2.4,
//! 2.7, 2.8). The relay folds in arrival order, readers in receipt order; the code is the same.
//!
//! Each fact keeps the positions at which it began and ended, so that [`Policy::at`] answers for
//! any earlier position as well as for the newest one.

mod commit;
mod decide;
mod facts;
#[cfg(test)]
pub(crate) mod props;
mod shapes;
mod shards;
#[cfg(test)]
mod tests;
mod view;
#[cfg(test)]
pub(crate) mod world;

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::{Event, EventId, PublicKey};

use crate::kinds;
use crate::permissions::{self, Compartment, Role, Word};
use crate::receipts::ChainKey;
use crate::refusal::Refusal;

use facts::{Facts, KeyUse, Registered};

/// Place in the order of policy: arrival number for the relay, ordinal of the policy receipt for a
/// reader. A fact set at position `p` holds for events at positions ≥ `p`.
pub type Position = u64;

/// The state of the practice after some policy events. A clone shares all its parts and costs a
/// few reference counts.
#[derive(Debug, Clone)]
pub struct Policy {
    facts: Facts,
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
        let mut facts = Facts { practices: Arc::new(vec![(0, practice)]), ..Facts::default() };
        facts.keys.insert(practice, Registered { role: KeyUse::Practice, at: 0 });
        Self { facts }
    }

    /// Whether the event would count, without applying it: shape, authority, pop, one key one role,
    /// sequence, limits. `received` in unix seconds.
    pub fn judge(&self, event: &Event, at: Position, received: u64) -> Result<(), Refusal> {
        self.decide(event, at, received).map(drop)
    }

    /// Applies one event of kinds 2102–2110, 2127 if it counts. An event that does not count leaves
    /// the state unchanged and says why. An id counts at its first position only.
    ///
    /// Positions and times never go back: a lower one is taken as the newest.
    pub fn apply(&mut self, event: &Event, at: Position, received: u64) -> Result<(), Refusal> {
        let change = self.decide(event, at, received)?;
        self.commit(change);
        Ok(())
    }

    /// T of a 2110 that claims to be of an import. For who is not shown the imported events, and so believes the box
    /// that took it, as it believes the box's order.
    pub fn imported_subject(event: &Event) -> Option<PublicKey> {
        let claims = event.tags.iter().any(|tag| tag.kind() == "legacy");
        (event.kind.as_u16() == kinds::PATIENT && claims).then(|| crate::event::p_tag(event, 1)).flatten()
    }

    /// Says that this T stands as second `p` of an imported event, so that a 2110 with
    /// `["legacy"]` may admit it without proof of possession.
    pub fn note_import(&mut self, subject: PublicKey) {
        if !self.facts.imported.contains(&subject) {
            self.facts.imported.insert(subject, ());
        }
    }

    /// Whether the event was applied and counted.
    pub fn counted(&self, id: &EventId) -> bool {
        self.facts.counted.contains(id)
    }

    /// The newest position at which an event counted.
    pub fn newest(&self) -> Position {
        self.facts.newest
    }

    /// The policy chain whose receipt names this event (PROTOCOL 2.5). A 2108 is placed by what it
    /// names, so it must be asked at the state that judges it.
    pub fn chain_of(&self, event: &Event) -> Option<ChainKey> {
        Some(match event.kind.as_u16() {
            kinds::STAFF_ROSTER | kinds::SERVICE_AGENT_GRANT | kinds::PRACTICE_EPOCH | kinds::SUCCESSION => {
                ChainKey::Policy
            }
            kinds::SUSPENSION if self.suspension_is_public(event) => ChainKey::Policy,
            kinds::GUARDIAN_LINK
            | kinds::SUSPENSION
            | kinds::FHIR_CLIENT_GRANT
            | kinds::PATIENT
            | kinds::DESTRUCTION => ChainKey::PolicyStaff,
            _ => return None,
        })
    }

    /// The view at the newest position; `now` is clamped to the newest `received`.
    pub fn now(&self, now: u64) -> View<'_> {
        View { policy: self, at: Position::MAX, time: now.max(self.facts.floor) }
    }

    /// The view at a position and time (`received` of the event judged).
    pub fn at(&self, at: Position, received: u64) -> View<'_> {
        View { policy: self, at, time: received }
    }

    fn suspension_is_public(&self, event: &Event) -> bool {
        match shapes::parse(event) {
            Ok(shapes::Shape::Suspend(shapes::Named::Key(key))) => self.is_public_target(&key),
            Ok(shapes::Shape::Lift(id)) => {
                self.facts.suspensions.get(&id).is_some_and(|suspended| suspended.public)
            }
            _ => false,
        }
    }

    /// Staff and agents: their unscoped suspensions stand in the chain that all members read.
    fn is_public_target(&self, key: &PublicKey) -> bool {
        let role = self.facts.keys.get(key).map(|registered| registered.role);
        matches!(role, Some(KeyUse::Staff | KeyUse::Agent))
    }
}

/// Policy at one position and one time.
#[derive(Debug, Clone, Copy)]
pub struct View<'a> {
    policy: &'a Policy,
    at: Position,
    time: u64,
}

/// One epoch: n ≥ 1, or 0 for the former practice's key, which has the chart compartment only: there
/// every key field is P0 and [`Epoch::key`] tells the compartments apart.
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
    /// Keys whose imported events count (n = 0); empty for n ≥ 1.
    pub signers: Vec<PublicKey>,
    pub at: Position,
    pub received: u64,
}

impl Epoch {
    /// E of the compartment, if this epoch has one.
    pub fn key(&self, compartment: Compartment) -> Option<PublicKey> {
        match compartment {
            Compartment::Chart => Some(self.chart),
            _ if self.n == 0 => None,
            Compartment::Desk => Some(self.desk),
            Compartment::Confidential => Some(self.confidential),
        }
    }
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
    /// [`permissions::holds`].
    pub fn holds(&self, compartment: Compartment) -> bool {
        permissions::holds(self.role, &self.words, compartment)
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

/// The 2110 that brought a T or a C.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Brought {
    pub entry: EventId,
    /// Its signer held `chart` at that moment.
    pub by_chart: bool,
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

/// A live 2109: what one client may read of one patient, or of all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientGrant {
    pub client: String,
    /// The newest T of the line; none for `["patients","all"]`.
    pub subject: Option<PublicKey>,
    pub scopes: Vec<String>,
    /// (`jwk`, thumbprint) or (`key`, hex).
    pub key: (String, String),
    pub until: u64,
    pub export: bool,
    pub entry: EventId,
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
