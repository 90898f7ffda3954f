//! From an approved operation to signed events: one transaction each. Nothing of a patient or a guardian enters;
//! whoever writes a subject's first record of an epoch also writes the missing key grants (PROTOCOL 2.3).

use std::collections::BTreeSet;

use relaybox_protocol::epochs::{EpochSecrets, NewEpoch, Sequence, build_epoch, build_grant, open_escrow};
use relaybox_protocol::event;
use relaybox_protocol::grants::{
    AgentEntry, Desk, Name, RosterEntry, build_agent, build_destruction, build_lift, build_roster,
};
use relaybox_protocol::keys::{KeyRole, proof_holds};
use relaybox_protocol::nip44::CryptoError;
use relaybox_protocol::permissions::{Role, Word};
use relaybox_protocol::policy::Member;
use relaybox_protocol::random::Random;
use relaybox_protocol::refusal::Refusal;
use relaybox_protocol::{Event, EventId, Keys, PublicKey, Tag};
use serde::{Deserialize, Serialize};

use crate::contents::Contents;
use crate::history::History;
use crate::request::{AgentChange, AgentGrant, Joining, Operation, RequestError, RosterChange, words_of};

pub use recover::{Recovery, recover};
pub use succeed::succeed;

/// Seconds for which the epoch before stays current when nobody left.
pub const GRACE_SECONDS: u64 = 600;

/// Why nothing was signed.
#[derive(Debug, thiserror::Error)]
pub enum DeedError {
    #[error(transparent)]
    Request(#[from] RequestError),
    #[error("sign the operation: the practice has no current epoch, or its secrets do not open")]
    Epoch,
    #[error("sign the operation: there is no such member")]
    NoMember,
    #[error("sign the operation: there is no such agent")]
    NoAgent,
    #[error("sign the operation: there is no such link, or the practice key ended it already")]
    NoLink,
    #[error("sign the operation: there is no such program, or the practice key ended it already")]
    NoClient,
    #[error("sign the operation: the sealed file holds no key of a former practice")]
    NoFormerKey,
    #[error("sign the operation: this is not the key of the former practice")]
    OtherFormer,
    #[error("sign the operation: whose former events count was said by the first import")]
    Signers,
    #[error(
        "sign the operation: name {0} patients and guardians at most, and the others in a further ceremony"
    )]
    TooManyRows(usize),
    #[error("sign the operation: there is no such suspension")]
    NoSuspension,
    #[error("sign the operation: nobody would be left who administers the practice")]
    LastAdmin,
    #[error("sign the operation: the new key is not proved, or has a use already")]
    Key,
    #[error("seal the secrets of the epoch")]
    Crypto(#[from] CryptoError),
    /// What the relay would refuse is not handed out.
    #[error("sign the operation: policy refuses it: {}", .0.text())]
    Refused(Refusal),
}

/// The box's two public keys, certified by each 2105.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct BoxKeys {
    pub receipts: PublicKey,
    pub audit: PublicKey,
}

/// What a claim fixes beside P.
#[derive(Debug, Clone)]
pub struct Claim<'a> {
    pub owner: &'a Joining,
    /// SHA-256 of the next practice key, hex.
    pub next: &'a str,
}

/// The first transaction: epoch 1, the owner, the owner's secrets, in this order.
///
/// # Errors
/// When the owner's key is not proved, or is one of the practice's own.
pub fn claim(
    contents: &Contents,
    boxes: BoxKeys,
    claim: &Claim<'_>,
    now: u64,
    random: &mut Random,
) -> Result<Vec<Event>, DeedError> {
    let history = History::empty(contents.practice.public_key());
    let mut desk = SignerDesk::new(contents, &history, boxes, now, random);
    desk.epoch(None, GRACE_SECONDS, Some(claim.next))?;
    desk.join(claim.owner)?;
    let words = claim.owner.words()?;
    desk.secrets(&claim.owner.key, claim.owner.role()?, &words)?;
    if words.contains(&Word::Admin) { desk.tried() } else { Err(DeedError::LastAdmin) }
}

/// The transaction of an operation. Operations that change only the slot sign nothing.
///
/// # Errors
/// When what it names is not there, or the practice's policy would refuse it; then nothing was signed.
pub fn perform(
    contents: &Contents,
    history: &History,
    boxes: BoxKeys,
    operation: &Operation,
    now: u64,
    random: &mut Random,
) -> Result<Vec<Event>, DeedError> {
    let mut desk = SignerDesk::new(contents, history, boxes, now, random);
    desk.open_current()?;
    match operation {
        Operation::Roster { changes } => desk.roster(changes)?,
        Operation::Agent(change) => desk.agent(change)?,
        Operation::Link(change) => desk.link(change)?,
        Operation::Client(change) => desk.client(change)?,
        Operation::Profile(profile) => desk.profile(profile),
        Operation::ImportLegacy(import) => desk.import(import)?,
        Operation::Rotate {} => desk.rotate()?,
        Operation::Lift { suspension } => desk.lift(suspension)?,
        Operation::Destroy { ids } => {
            let sequence = desk.sequence();
            let event = build_destruction(&contents.practice, ids, sequence, desk.now);
            desk.keep(event);
        }
        Operation::Thaw {} | Operation::AddSlotKey { .. } | Operation::RemoveSlotKey { .. } => {}
    }
    desk.tried()
}

/// Where the events of one transaction are signed, one after the other.
struct SignerDesk<'a> {
    contents: &'a Contents,
    history: &'a History,
    boxes: BoxKeys,
    /// Unix seconds, not below the newest receipt.
    now: u64,
    random: &'a mut Random,
    next: Sequence,
    /// Secrets of the newest epoch: of the history, or made here.
    epoch: Option<EpochSecrets>,
    events: Vec<Event>,
}

impl<'a> SignerDesk<'a> {
    fn new(
        contents: &'a Contents,
        history: &'a History,
        boxes: BoxKeys,
        now: u64,
        random: &'a mut Random,
    ) -> Self {
        let (now, next) = (history.view(now).time(), history.next());
        Self { contents, history, boxes, now, random, next, epoch: None, events: Vec::new() }
    }

    /// The transaction, if policy takes it.
    fn tried(self) -> Result<Vec<Event>, DeedError> {
        self.history.try_on(&self.events, self.now).map_err(DeedError::Refused)?;
        Ok(self.events)
    }

    fn practice(&self) -> &'a Keys {
        &self.contents.practice
    }

    /// The newest receipt's second. What begins now claims it: it counts from its own receipt on, and a clock that
    /// stands in the future keeps nobody waiting.
    fn floor(&self) -> u64 {
        self.history.view(0).time()
    }

    /// The sequence of the next event, which must then be kept.
    const fn sequence(&self) -> Sequence {
        self.next
    }

    /// Keeps a P-signed event; the next one follows it.
    fn keep(&mut self, event: Event) {
        self.next = Sequence { seq: self.next.seq + 1, prev: Some(event.id) };
        self.events.push(event);
    }

    fn open_current(&mut self) -> Result<(), DeedError> {
        let epoch = self.history.view(self.now).epoch().ok_or(DeedError::Epoch)?;
        let event = self.history.event(&epoch.event).ok_or(DeedError::Epoch)?;
        let secrets = open_escrow(self.contents.escrow.secret_key(), event).ok_or(DeedError::Epoch)?;
        self.epoch = Some(secrets);
        Ok(())
    }

    /// A new 2105 after `previous`.
    fn epoch(
        &mut self,
        previous: Option<EpochSecrets>,
        grace: u64,
        next: Option<&str>,
    ) -> Result<(), DeedError> {
        let n = previous.as_ref().map_or(1, |previous| previous.n + 1);
        let secrets = EpochSecrets::generate(n, self.random);
        let escrow = self.contents.escrow.public_key();
        let new = NewEpoch {
            secrets: &secrets,
            previous: previous.as_ref(),
            escrow: &escrow,
            receipts_box: &self.boxes.receipts,
            audit_box: &self.boxes.audit,
            grace,
            next,
            sequence: self.next,
            created_at: self.now,
        };
        let event = build_epoch(self.practice(), &new, self.random)?;
        self.keep(event);
        self.epoch = Some(secrets);
        Ok(())
    }

    /// The 2105 after the current one.
    fn next_epoch(&mut self, grace: u64) -> Result<(), DeedError> {
        let previous = self.epoch.take().ok_or(DeedError::Epoch)?;
        self.epoch(Some(previous), grace, None)
    }

    /// New locks for all members.
    fn rotate(&mut self) -> Result<(), DeedError> {
        self.next_epoch(GRACE_SECONDS)?;
        self.secrets_of_all(&BTreeSet::new(), &[])
    }

    /// Live members but `leavers`. A suspended member is a member still, but gets no new secrets: the suspension
    /// becomes cryptographic with the next epoch (PROTOCOL 2.4).
    fn staying(&self, leavers: &BTreeSet<PublicKey>) -> Vec<Member> {
        let view = self.history.view(self.now);
        let stays = |member: &Member| !leavers.contains(&member.key) && !view.suspended(&member.key);
        view.members().into_iter().filter(stays).collect()
    }

    /// The 2101 of one member.
    fn secrets(&mut self, member: &PublicKey, role: Role, words: &[Word]) -> Result<(), DeedError> {
        let current = self.epoch.as_ref().ok_or(DeedError::Epoch)?;
        let held = current.held(role, words);
        let event = build_grant(self.practice(), member, current.n, &held, self.now, self.random)?;
        // A 2101 is not part of P's numbered row.
        self.events.push(event);
        Ok(())
    }

    fn lift(&mut self, suspension: &EventId) -> Result<(), DeedError> {
        let suspended = self.history.event(suspension).ok_or(DeedError::NoSuspension)?;
        let member = event::p_tag(suspended, 0).and_then(|key| self.history.view(self.now).member(&key));
        let event = build_lift(self.practice(), suspension, self.sequence(), self.now);
        self.keep(event);
        // Epochs that began meanwhile were not delivered.
        match member {
            Some(member) => {
                let words: Vec<Word> = member.words.iter().copied().collect();
                self.secrets(&member.key, member.role, &words)?;
                self.former_secret(&member.key, member.role, &words)
            }
            None => Ok(()),
        }
    }

    fn agent(&mut self, change: &AgentChange) -> Result<(), DeedError> {
        let event = match change {
            AgentChange::Grant(grant) => self.agent_grant(grant)?,
            AgentChange::End { key } => {
                let view = self.history.view(self.now);
                let agent = view.agents().into_iter().find(|agent| agent.key == *key);
                let entry = agent.and_then(|agent| self.history.event(&agent.entry));
                self.ending(entry.ok_or(DeedError::NoAgent)?)
            }
        };
        self.keep(event);
        Ok(())
    }

    fn agent_grant(&self, grant: &AgentGrant) -> Result<Event, DeedError> {
        self.proved(&grant.key, KeyRole::Agent, &grant.pop)?;
        let entry = AgentEntry {
            agent: grant.key,
            service: grant.service()?,
            kinds: &grant.kinds,
            compartments: &grant.compartments()?,
            patients: grant.patients()?,
            until: grant.until,
            ended: false,
            pop: &grant.pop,
            sequence: self.sequence(),
            created_at: self.now,
        };
        Ok(build_agent(self.practice(), &entry))
    }

    /// The key must be proved. Whether it is free, policy judges when the relay takes the transaction.
    fn proved(&self, key: &PublicKey, role: KeyRole, pop: &str) -> Result<(), DeedError> {
        let practice = self.practice().public_key();
        if proof_holds(key, &practice, role, pop) { Ok(()) } else { Err(DeedError::Key) }
    }

    /// The same event again, ended (PROTOCOL 2.2, order of policy).
    fn ending(&self, entry: &Event) -> Event {
        const AFTER: [&str; 6] = ["name", "replaces", "pop", "epoch", "seq", "prev"];
        let mut tags: Vec<Tag> = entry.tags.iter().cloned().collect();
        tags.retain(|tag| {
            !matches!(tag.as_slice().first().map(String::as_str), Some("seq" | "prev" | "end"))
        });
        let name = |tag: &Tag| tag.as_slice().first().cloned().unwrap_or_default();
        let at = tags.iter().position(|tag| AFTER.contains(&name(tag).as_str())).unwrap_or(tags.len());
        tags.insert(at, event::tag("end", []));
        tags.extend(self.sequence().to_tags());
        event::sign(self.practice(), entry.kind.as_u16(), tags, entry.content.clone(), self.now)
    }
}

mod access;
mod former;
mod profile;
mod recover;
mod roster;
mod succeed;
#[cfg(test)]
mod tests;
