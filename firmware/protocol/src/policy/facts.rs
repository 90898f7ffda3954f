//! What the fold remembers: for each replacing key the versions that counted, oldest first, each
//! with the position and time at which it began.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use crate::permissions::{Compartment, Role, Word};
use crate::{EventId, PublicKey};

use super::shards::Shards;
use super::{Epoch, Position, Share};

/// The one role of a key (PROTOCOL 1). It never changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum KeyUse {
    Practice,
    Escrow,
    Box,
    Epoch(Compartment),
    Staff,
    Agent,
    Guardian,
    /// T of the line that began with this T.
    Subject(PublicKey),
    /// C of that line.
    Own(PublicKey),
}

/// A key's role and the position from which it has it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Registered {
    pub(super) role: KeyUse,
    pub(super) at: Position,
}

/// When a version began.
#[derive(Debug, Clone, Copy)]
pub(super) struct Began {
    pub(super) at: Position,
    /// Unix seconds.
    pub(super) received: u64,
    pub(super) entry: EventId,
    /// The practice key signed it.
    pub(super) by_practice: bool,
    /// It ends what the versions before it gave.
    pub(super) end: bool,
}

/// Versions of one replacing key.
#[derive(Debug, Clone)]
pub(super) struct Timeline<T>(Vec<(Began, T)>);

impl<T> Default for Timeline<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T> Timeline<T> {
    pub(super) fn push(&mut self, began: Began, value: T) {
        self.0.push((began, value));
    }

    /// The newest version that began at or before the position.
    pub(super) fn at(&self, at: Position) -> Option<&(Began, T)> {
        let after = self.0.partition_point(|(began, _)| began.at <= at);
        after.checked_sub(1).and_then(|n| self.0.get(n))
    }

    pub(super) fn last(&self) -> Option<&(Began, T)> {
        self.0.last()
    }

    /// Versions that began at or before the position, oldest first.
    pub(super) fn until(&self, at: Position) -> &[(Began, T)] {
        &self.0[..self.0.partition_point(|(began, _)| began.at <= at)]
    }
}

#[derive(Debug, Clone)]
pub(super) struct Roster {
    /// None: a word that is no role, which gives no right.
    pub(super) role: Option<Role>,
    pub(super) words: BTreeSet<Word>,
    pub(super) name: Option<String>,
    pub(super) from: u64,
    pub(super) until: Option<u64>,
    pub(super) replaces: Option<PublicKey>,
}

#[derive(Debug, Clone)]
pub(super) struct AgentGrant {
    pub(super) service: String,
    pub(super) kinds: BTreeSet<u16>,
    pub(super) compartments: BTreeSet<Compartment>,
    pub(super) patients: String,
    pub(super) until: Option<u64>,
}

#[derive(Debug, Clone)]
pub(super) struct LinkTerms {
    pub(super) compartments: BTreeSet<Compartment>,
    pub(super) until: Option<u64>,
}

/// One guardian's link to one line of subjects.
#[derive(Debug, Clone)]
pub(super) struct LinkLine {
    pub(super) root: PublicKey,
    pub(super) versions: Timeline<LinkTerms>,
    pub(super) suspended: Vec<Span>,
}

#[derive(Debug, Clone)]
pub(super) struct Registration {
    pub(super) subject: PublicKey,
    pub(super) own: Option<PublicKey>,
    /// Its signer held `chart`.
    pub(super) by_chart: bool,
}

/// One patient through all rekeys.
#[derive(Debug, Clone, Default)]
pub(super) struct Line {
    pub(super) versions: Timeline<Registration>,
    /// Everyone who ever had a link.
    pub(super) guardians: Vec<PublicKey>,
}

/// A suspension from its position until it is lifted.
#[derive(Debug, Clone, Copy)]
pub(super) struct Span {
    pub(super) entry: EventId,
    pub(super) from: Position,
    pub(super) to: Option<Position>,
}

impl Span {
    pub(super) fn holds(&self, at: Position) -> bool {
        self.from <= at && self.to.is_none_or(|to| at < to)
    }

    /// Ends the span that this 2108 began.
    pub(super) fn lift(spans: &mut [Self], entry: &EventId, at: Position) {
        for span in spans.iter_mut().filter(|s| s.entry == *entry && s.to.is_none()) {
            span.to = Some(at);
        }
    }
}

/// What a 2108 names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Target {
    Key(PublicKey),
    Client(String),
    Link { root: PublicKey, guardian: PublicKey },
    Bar { member: PublicKey, root: PublicKey },
}

#[derive(Debug, Clone)]
pub(super) struct Suspended {
    pub(super) target: Target,
    /// In the chain that all members read.
    pub(super) public: bool,
    pub(super) lifted: bool,
}

#[derive(Debug, Clone)]
pub(super) struct ClientTerms {
    pub(super) scopes: Vec<String>,
    /// `jwk` thumbprint or `key` hex, with the tag's name.
    pub(super) key: (String, String),
    pub(super) until: u64,
    pub(super) export: bool,
}

/// Grants of one client for one patient, or for all.
#[derive(Debug, Clone)]
pub(super) struct ClientLine {
    pub(super) root: Option<PublicKey>,
    pub(super) versions: Timeline<ClientTerms>,
}

#[derive(Debug, Clone)]
pub(super) struct ShareFact {
    pub(super) share: Share,
    pub(super) at: Position,
    pub(super) ended: Option<Position>,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct InvitationFact {
    pub(super) entry: EventId,
    pub(super) author: PublicKey,
    pub(super) until: u64,
    pub(super) at: Position,
    pub(super) ended: Option<Position>,
}

/// Where a 2106 stands, so that its end finds it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum DisclosurePlace {
    Share { recipient: PublicKey },
    Invitation { hash: [u8; 32] },
}

/// All facts. Every part is shared between clones.
#[derive(Debug, Clone, Default)]
pub(super) struct Facts {
    pub(super) keys: Shards<PublicKey, Registered>,
    pub(super) practices: Arc<Vec<(Position, PublicKey)>>,
    pub(super) next: Option<[u8; 32]>,
    pub(super) epochs: Arc<Vec<Arc<Epoch>>>,
    pub(super) legacy: Option<Arc<Epoch>>,
    pub(super) members: Arc<BTreeMap<PublicKey, Timeline<Roster>>>,
    pub(super) agents: Arc<BTreeMap<PublicKey, Timeline<AgentGrant>>>,
    pub(super) lines: Shards<PublicKey, Arc<Line>>,
    pub(super) links: Shards<PublicKey, Arc<Vec<LinkLine>>>,
    /// 2104 id → root and guardian.
    pub(super) link_entries: Shards<EventId, (PublicKey, PublicKey)>,
    pub(super) key_spans: Shards<PublicKey, Arc<Vec<Span>>>,
    pub(super) client_spans: Arc<BTreeMap<String, Vec<Span>>>,
    pub(super) bars: Arc<BTreeMap<PublicKey, Vec<(PublicKey, Span)>>>,
    pub(super) suspensions: Shards<EventId, Suspended>,
    /// 2108s of the chain that all members read, lifts included.
    pub(super) public_suspensions: Arc<Vec<(Position, EventId)>>,
    /// Newest suspensions of each admin by `received`, as many as the limit counts.
    pub(super) by_admin: Arc<HashMap<PublicKey, Vec<u64>>>,
    pub(super) clients: Arc<BTreeMap<String, Arc<Vec<ClientLine>>>>,
    pub(super) shares: Shards<PublicKey, Arc<Vec<ShareFact>>>,
    pub(super) invitations: Shards<[u8; 32], InvitationFact>,
    pub(super) disclosures: Shards<EventId, (PublicKey, DisclosurePlace)>,
    pub(super) destroyed: Shards<EventId, Position>,
    pub(super) imported: Shards<PublicKey, ()>,
    /// Ids that counted.
    pub(super) counted: Shards<EventId, ()>,
    /// `seq` of the last counted P-signed event of each chain.
    pub(super) seq_public: Option<u64>,
    pub(super) seq_staff: Option<u64>,
    pub(super) newest: Position,
    pub(super) floor: u64,
}
