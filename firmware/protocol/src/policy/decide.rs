//! Whether a policy event counts, and if so what it changes. Nothing here writes.

use sha2::{Digest, Sha256};

use crate::keys::{KeyRole, proof_holds};
use crate::permissions::{Compartment, Word};
use crate::refusal::Refusal;
use crate::{Event, EventId, PublicKey};

use super::facts::{
    AgentGrant, Began, ClientLine, ClientTerms, DisclosurePlace, KeyUse, LinkLine, LinkTerms, Registration,
    Roster, Target, Timeline,
};
use super::shapes::{self, EpochShape, Named, PatientShape, Proofs, Shape};
use super::{Member, Person, Policy, Position, View};

/// Suspensions by one admin within [`SUSPENSION_SECONDS`].
pub(super) const SUSPENSIONS_MAX: usize = 5;
const SUSPENSION_SECONDS: u64 = 3600;
/// Live patients of one client when granted by `admin`.
const CLIENT_PATIENTS_MAX: usize = 50;
/// Longest client grant by `admin`: one year, leap years included.
const CLIENT_SECONDS_MAX: u64 = 366 * 86_400;

/// What a counted event does to the facts.
#[derive(Debug, Clone)]
pub(super) struct Change {
    pub(super) began: Began,
    /// `seq` and whether it is the chain of all members.
    pub(super) sequence: Option<(u64, bool)>,
    pub(super) act: Act,
}

#[derive(Debug, Clone)]
pub(super) enum Act {
    Roster { member: PublicKey, terms: Roster },
    Agent { agent: PublicKey, terms: AgentGrant },
    Link { root: PublicKey, guardian: PublicKey, terms: LinkTerms },
    Epoch(EpochShape),
    LegacyEpoch { key: PublicKey, signers: Vec<PublicKey> },
    Share { author: PublicKey, recipient: PublicKey, ids: Vec<EventId>, until: u64 },
    Invitation { author: PublicKey, hash: [u8; 32], until: u64 },
    DisclosureEnd { entry: EventId, place: DisclosurePlace },
    Succession { practice: PublicKey, next: [u8; 32] },
    Suspend { target: Target, public: bool, admin: Option<PublicKey> },
    Lift(EventId),
    Client { client: String, root: Option<PublicKey>, terms: ClientTerms },
    Patient { root: PublicKey, registration: Registration },
    Destruction(Vec<EventId>),
}

/// Who signed.
enum Signer {
    Practice,
    Member(Member),
}

impl Signer {
    fn is_practice(&self) -> bool {
        matches!(self, Self::Practice)
    }
}

/// The event under judgement with the state's view of its moment.
struct Case<'a> {
    policy: &'a Policy,
    event: &'a Event,
    view: View<'a>,
}

impl Policy {
    pub(super) fn decide(&self, event: &Event, at: Position, received: u64) -> Result<Change, Refusal> {
        if self.facts.counted.contains(&event.id) {
            return Err(Refusal::Counted);
        }
        let at = at.max(self.facts.newest);
        let received = received.max(self.facts.floor);
        let case = Case { policy: self, event, view: self.at(Position::MAX, received) };
        let shape = shapes::parse(event)?;
        let sequence = shapes::sequence(event)?;
        let end = matches!(
            &shape,
            Shape::Roster { end: true, .. }
                | Shape::Agent { end: true, .. }
                | Shape::Link { end: true, .. }
                | Shape::Client { end: true, .. }
        );
        let succession = matches!(shape, Shape::Succession { .. });
        let by_practice = succession || event.pubkey == case.view.practice();
        let began = Began { at, received, entry: event.id, by_practice, end };
        let act = case.act(shape, &began)?;
        let sequence = self.check_sequence(&act, by_practice, sequence)?;
        Ok(Change { began, sequence, act })
    }

    /// P-signed events carry `seq`, which rises within their chain; others carry none.
    fn check_sequence(
        &self,
        act: &Act,
        by_practice: bool,
        seq: Option<u64>,
    ) -> Result<Option<(u64, bool)>, Refusal> {
        let public = match act {
            Act::Roster { .. }
            | Act::Agent { .. }
            | Act::Epoch(_)
            | Act::LegacyEpoch { .. }
            | Act::Succession { .. } => true,
            Act::Suspend { public, .. } => *public,
            Act::Lift(id) => self.facts.suspensions.get(id).is_some_and(|s| s.public),
            _ => false,
        };
        match (by_practice, seq) {
            (false, None) => Ok(None),
            (true, Some(seq)) => {
                let last = if public { self.facts.seq_public } else { self.facts.seq_staff };
                if last.is_some_and(|last| seq <= last) {
                    return Err(Refusal::SequenceGap);
                }
                Ok(Some((seq, public)))
            }
            _ => Err(Refusal::PolicyShape),
        }
    }
}

impl<'a> Case<'a> {
    fn act(&self, shape: Shape, began: &Began) -> Result<Act, Refusal> {
        match shape {
            Shape::Roster { member, terms, proofs, .. } => self.roster(member, terms, &proofs, began),
            Shape::Agent { agent, terms, proofs, .. } => self.agent(agent, terms, &proofs, began),
            Shape::Link { child, guardian, terms, proofs, .. } => {
                self.link(child, guardian, terms, &proofs, began)
            }
            Shape::Epoch(shape) => self.epoch(shape),
            Shape::LegacyEpoch { key, signers } => self.legacy_epoch(key, signers),
            Shape::Share { recipient, ids, until } => self.share(recipient, ids, until),
            Shape::Invitation { hash, until } => self.invitation(hash, until),
            Shape::DisclosureEnd(entry) => self.disclosure_end(entry),
            Shape::Succession { practice, next } => self.succession(practice, next),
            Shape::Suspend(named) => self.suspend(named),
            Shape::Lift(id) => self.lift(id),
            Shape::Client { client, subject, terms, end } => self.client(client, subject, terms, end, began),
            Shape::Patient(shape) => self.patient(&shape),
            Shape::Destruction(ids) => {
                self.practice()?;
                Ok(Act::Destruction(ids))
            }
        }
    }

    fn practice(&self) -> Result<(), Refusal> {
        let signed = self.event.pubkey == self.view.practice();
        signed.then_some(()).ok_or(Refusal::PolicyAuthority)
    }

    /// P, or a live member who has the word and is not suspended.
    fn signer(&self, word: Word) -> Result<Signer, Refusal> {
        if self.practice().is_ok() {
            return Ok(Signer::Practice);
        }
        let member = self.view.member(&self.event.pubkey).ok_or(Refusal::PolicyAuthority)?;
        if self.view.suspended(&member.key) {
            return Err(Refusal::Suspended);
        }
        if !member.has(word) {
            return Err(Refusal::PolicyAuthority);
        }
        Ok(Signer::Member(member))
    }

    fn role_of(&self, key: &PublicKey) -> Option<KeyUse> {
        self.policy.facts.keys.get(key).map(|registered| registered.role)
    }

    /// A key enters a role once, with proof of possession, and never has another.
    fn enter(&self, key: &PublicKey, role: KeyUse, word: KeyRole, proofs: &Proofs) -> Result<(), Refusal> {
        match self.role_of(key) {
            Some(known) if known == role => Ok(()),
            Some(_) => Err(Refusal::KeyInUse),
            None => self.proven(key, word, proofs),
        }
    }

    fn proven(&self, key: &PublicKey, word: KeyRole, proofs: &Proofs) -> Result<(), Refusal> {
        let practice = self.view.practice();
        let held = proofs.iter().any(|(holder, sig)| holder == key && proof_holds(key, &practice, word, sig));
        held.then_some(()).ok_or(Refusal::ProofOfPossession)
    }

    fn roster(
        &self,
        member: PublicKey,
        mut terms: Roster,
        proofs: &Proofs,
        began: &Began,
    ) -> Result<Act, Refusal> {
        self.practice()?;
        self.enter(&member, KeyUse::Staff, KeyRole::Staff, proofs)?;
        if let Some(old) = &terms.replaces
            && (*old == member || self.role_of(old) != Some(KeyUse::Staff))
        {
            return Err(Refusal::KeyInUse);
        }
        end_wins(self.policy.facts.members.get(&member), began)?;
        terms.from = terms.from.max(began.received);
        Ok(Act::Roster { member, terms })
    }

    fn agent(
        &self,
        agent: PublicKey,
        terms: AgentGrant,
        proofs: &Proofs,
        began: &Began,
    ) -> Result<Act, Refusal> {
        self.practice()?;
        self.enter(&agent, KeyUse::Agent, KeyRole::Agent, proofs)?;
        end_wins(self.policy.facts.agents.get(&agent), began)?;
        Ok(Act::Agent { agent, terms })
    }

    fn link(
        &self,
        child: PublicKey,
        guardian: PublicKey,
        terms: LinkTerms,
        proofs: &Proofs,
        began: &Began,
    ) -> Result<Act, Refusal> {
        let signer = self.signer(Word::Register)?;
        let Some(KeyUse::Subject(root)) = self.role_of(&child) else {
            return Err(Refusal::Subject);
        };
        // A new grant names the T in force; an ending is the old event again and may name a former one.
        if !began.end && self.view.patient(&child).is_none_or(|p| p.subject != child) {
            return Err(Refusal::Subject);
        }
        self.not_barred(&signer, &root)?;
        self.enter(&guardian, KeyUse::Guardian, KeyRole::Guardian, proofs)?;
        let versions = self
            .policy
            .facts
            .links
            .get(&guardian)
            .and_then(|lines| lines.iter().find(|line| line.root == root))
            .map(|line: &LinkLine| &line.versions);
        restorable(versions, began)?;
        end_wins(versions, began)?;
        Ok(Act::Link { root, guardian, terms })
    }

    /// A member whom a 2108 bars from a patient writes nothing about that patient either.
    fn not_barred(&self, signer: &Signer, root: &PublicKey) -> Result<(), Refusal> {
        match signer {
            Signer::Member(member) if self.view.bars(&member.key, root) => Err(Refusal::Suspended),
            _ => Ok(()),
        }
    }

    fn epoch(&self, shape: EpochShape) -> Result<Act, Refusal> {
        self.practice()?;
        let last = self.policy.facts.epochs.last().map_or(0, |epoch| epoch.n);
        if shape.n != last + 1 {
            return Err(Refusal::SequenceGap);
        }
        let [desk, chart, confidential] = shape.keys;
        let all = [desk, chart, confidential, shape.escrow, shape.receipts, shape.audit];
        let twice = all.iter().enumerate().any(|(n, key)| all[..n].contains(key));
        let fresh = shape.keys.iter().all(|key| self.role_of(key).is_none());
        let fits = |key: &PublicKey, role: KeyUse| self.role_of(key).is_none_or(|r| r == role);
        let kept = fits(&shape.escrow, KeyUse::Escrow)
            && fits(&shape.receipts, KeyUse::Box)
            && fits(&shape.audit, KeyUse::Box);
        if twice || !fresh || !kept {
            return Err(Refusal::KeyInUse);
        }
        Ok(Act::Epoch(shape))
    }

    fn legacy_epoch(&self, key: PublicKey, signers: Vec<PublicKey>) -> Result<Act, Refusal> {
        self.practice()?;
        if self.policy.facts.legacy.is_some() {
            return Err(Refusal::SequenceGap);
        }
        if self.role_of(&key).is_some() {
            return Err(Refusal::KeyInUse);
        }
        Ok(Act::LegacyEpoch { key, signers })
    }

    /// Patient, own key or guardian, not suspended.
    fn family(&self) -> Result<PublicKey, Refusal> {
        let author = self.event.pubkey;
        match self.view.person(&author) {
            Person::Patient(_) | Person::Own(_) | Person::Guardian(_) => {}
            _ => return Err(Refusal::PolicyAuthority),
        }
        if self.view.suspended(&author) {
            return Err(Refusal::Suspended);
        }
        Ok(author)
    }

    fn share(&self, recipient: PublicKey, ids: Vec<EventId>, until: u64) -> Result<Act, Refusal> {
        let author = self.family()?;
        let internal = matches!(
            self.role_of(&recipient),
            Some(KeyUse::Epoch(_) | KeyUse::Practice | KeyUse::Escrow | KeyUse::Box)
        );
        if internal || recipient == author {
            return Err(Refusal::PolicyShape);
        }
        Ok(Act::Share { author, recipient, ids, until })
    }

    fn invitation(&self, hash: [u8; 32], until: u64) -> Result<Act, Refusal> {
        let author = self.family()?;
        if self.policy.facts.invitations.contains(&hash) {
            return Err(Refusal::KeyInUse);
        }
        Ok(Act::Invitation { author, hash, until })
    }

    fn disclosure_end(&self, entry: EventId) -> Result<Act, Refusal> {
        match self.policy.facts.disclosures.get(&entry) {
            Some((author, place)) if *author == self.event.pubkey => {
                Ok(Act::DisclosureEnd { entry, place: *place })
            }
            _ => Err(Refusal::PolicyAuthority),
        }
    }

    fn succession(&self, practice: PublicKey, next: [u8; 32]) -> Result<Act, Refusal> {
        let hash: [u8; 32] = Sha256::digest(self.event.pubkey.as_bytes()).into();
        if self.policy.facts.next != Some(hash) || practice != self.view.practice() {
            return Err(Refusal::PolicyAuthority);
        }
        if self.role_of(&self.event.pubkey).is_some() {
            return Err(Refusal::KeyInUse);
        }
        Ok(Act::Succession { practice: self.event.pubkey, next })
    }

    fn suspend(&self, named: Named) -> Result<Act, Refusal> {
        let signer = self.signer(Word::Admin)?;
        let (target, public) = self.target(named)?;
        let admin = match signer {
            Signer::Practice => None,
            Signer::Member(member) => Some(member.key),
        };
        if let Some(admin) = &admin {
            let since = self.policy.facts.by_admin.get(admin).map_or(0, |times| {
                times.iter().filter(|t| t.saturating_add(SUSPENSION_SECONDS) > self.view.time()).count()
            });
            if since >= SUSPENSIONS_MAX {
                return Err(Refusal::SuspensionLimit);
            }
        }
        Ok(Act::Suspend { target, public, admin })
    }

    fn target(&self, named: Named) -> Result<(Target, bool), Refusal> {
        let refused = Refusal::PolicyAuthority;
        match named {
            Named::Key(key) => match self.role_of(&key) {
                Some(KeyUse::Staff | KeyUse::Agent) => Ok((Target::Key(key), true)),
                Some(KeyUse::Guardian | KeyUse::Subject(_) | KeyUse::Own(_)) => Ok((Target::Key(key), false)),
                _ => Err(refused),
            },
            Named::Client(client) => {
                let known = self.policy.facts.clients.contains_key(&client);
                known.then_some((Target::Client(client), false)).ok_or(refused)
            }
            Named::Link(entry) => {
                let (root, guardian) = *self.policy.facts.link_entries.get(&entry).ok_or(refused)?;
                Ok((Target::Link { root, guardian }, false))
            }
            Named::Bar { member, subject } => match (self.role_of(&member), self.role_of(&subject)) {
                (Some(KeyUse::Staff), Some(KeyUse::Subject(root))) => {
                    Ok((Target::Bar { member, root }, false))
                }
                _ => Err(refused),
            },
        }
    }

    fn lift(&self, id: EventId) -> Result<Act, Refusal> {
        self.practice()?;
        match self.policy.facts.suspensions.get(&id) {
            Some(suspended) if !suspended.lifted => Ok(Act::Lift(id)),
            _ => Err(Refusal::PolicyAuthority),
        }
    }

    fn client(
        &self,
        client: String,
        subject: Option<PublicKey>,
        terms: ClientTerms,
        end: bool,
        began: &Began,
    ) -> Result<Act, Refusal> {
        let signer = self.signer(Word::Admin)?;
        let root = match subject.map(|subject| (subject, self.role_of(&subject))) {
            None => None,
            Some((_, Some(KeyUse::Subject(root)))) => Some(root),
            Some(_) => return Err(Refusal::Subject),
        };
        let lines = self.policy.facts.clients.get(&client);
        let versions = lines
            .and_then(|lines| lines.iter().find(|line| line.root == root))
            .map(|line: &ClientLine| &line.versions);
        restorable(versions, began)?;
        end_wins(versions, began)?;
        if !signer.is_practice() {
            let confidential = Compartment::Confidential.as_str();
            let long = terms.until > began.received.saturating_add(CLIENT_SECONDS_MAX);
            let wide = root.is_none() || terms.export;
            if long || wide || terms.scopes.iter().any(|scope| scope == confidential) {
                return Err(Refusal::PolicyAuthority);
            }
            let others = self
                .view
                .client_grants()
                .into_iter()
                .filter(|g| g.client == client && g.subject.is_some())
                .filter(|g| g.subject.and_then(|t| self.view.root(&t)) != root)
                .count();
            if !end && others >= CLIENT_PATIENTS_MAX {
                return Err(Refusal::ClientPatients);
            }
        }
        Ok(Act::Client { client, root, terms })
    }

    fn patient(&self, shape: &PatientShape) -> Result<Act, Refusal> {
        let Signer::Member(member) = self.signer(Word::Register)? else {
            return Err(Refusal::PolicyAuthority);
        };
        match self.view.compartment_of(&shape.epoch_key) {
            Some(Compartment::Desk) if self.view.current(&shape.epoch_key).is_some() => {}
            Some(Compartment::Chart | Compartment::Confidential) => {
                return Err(Refusal::Compartment);
            }
            _ => return Err(Refusal::Epoch),
        }
        let root = self.line_of(shape)?;
        let by_chart = member.holds(Compartment::Chart);
        self.not_barred(&Signer::Member(member), &root)?;
        let before = self.view.patient(&root);
        let own = self.own_of(shape, &root, before.as_ref())?;
        Ok(Act::Patient { root, registration: Registration { subject: shape.subject, own, by_chart } })
    }

    /// The line to which this 2110's T belongs: its own when T is new and replaces none.
    fn line_of(&self, shape: &PatientShape) -> Result<PublicKey, Refusal> {
        let subject = shape.subject;
        match (self.role_of(&subject), shape.rekey) {
            (Some(KeyUse::Subject(root)), rekey) => {
                // T stands already. Only the T in force names the patient; a repeated `rekey`
                // must be the one that made it.
                let patient = self.view.patient(&subject).ok_or(Refusal::Subject)?;
                let former = rekey.is_none_or(|old| patient.former.contains(&old));
                if patient.subject == subject && former { Ok(root) } else { Err(Refusal::KeyInUse) }
            }
            (Some(_), _) => Err(Refusal::KeyInUse),
            (None, rekey) => {
                let excused = shape.legacy && self.policy.facts.imported.contains(&subject);
                if !excused {
                    self.proven(&subject, KeyRole::Subject, &shape.proofs)?;
                }
                let Some(old) = rekey else { return Ok(subject) };
                let patient = self.view.patient(&old).ok_or(Refusal::Subject)?;
                if patient.subject != old {
                    return Err(Refusal::Subject);
                }
                self.view.root(&old).ok_or(Refusal::Subject)
            }
        }
    }

    /// C after this 2110. It stays until another is named; an adult's C = T follows a rekey.
    fn own_of(
        &self,
        shape: &PatientShape,
        root: &PublicKey,
        before: Option<&super::Patient>,
    ) -> Result<Option<PublicKey>, Refusal> {
        let Some(own) = shape.own else {
            let kept = before.and_then(|p| p.own.map(|own| (own, own == p.subject)));
            return Ok(kept.map(|(own, adult)| if adult { shape.subject } else { own }));
        };
        if own != shape.subject {
            self.enter(&own, KeyUse::Own(*root), KeyRole::Own, &shape.proofs)?;
        }
        Ok(Some(own))
    }
}

/// What the practice key ended only the practice key restores.
fn restorable<T>(versions: Option<&Timeline<T>>, began: &Began) -> Result<(), Refusal> {
    match versions.and_then(Timeline::last) {
        Some((last, _)) if last.end && last.by_practice && !began.by_practice && !began.end => {
            Err(Refusal::EndedByPractice)
        }
        _ => Ok(()),
    }
}

/// An ending wins a tie: in the same second nothing restores what it ended.
fn end_wins<T>(versions: Option<&Timeline<T>>, began: &Began) -> Result<(), Refusal> {
    match versions.and_then(Timeline::last) {
        Some((last, _)) if last.end && !began.end && last.received == began.received => {
            Err(Refusal::EndedNow)
        }
        _ => Ok(()),
    }
}
