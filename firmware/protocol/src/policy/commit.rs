//! Writes a counted event into the facts.

use std::sync::Arc;

use crate::permissions::Compartment;
use crate::{EventId, PublicKey};

use super::decide::{Act, Change, SUSPENSIONS_MAX};
use super::facts::{
    Began, ClientLine, ClientTerms, DisclosurePlace, InvitationFact, KeyUse, LinkLine, LinkTerms, Registered,
    Registration, Roster, ShareFact, Span, Suspended, Target, Timeline,
};
use super::shapes::EpochShape;
use super::{Epoch, Policy, Share};

impl Policy {
    pub(super) fn commit(&mut self, change: Change) {
        let Change { began, sequence, act } = change;
        match sequence {
            Some((seq, true)) => self.facts.seq_public = Some(seq),
            Some((seq, false)) => self.facts.seq_staff = Some(seq),
            None => {}
        }
        self.facts.counted.insert(began.entry, ());
        self.facts.newest = began.at;
        self.facts.floor = began.received;
        match act {
            Act::Roster { member, terms } => self.set_member(began, member, terms),
            Act::Agent { agent, terms } => {
                self.register(agent, KeyUse::Agent, &began);
                Arc::make_mut(&mut self.facts.agents).entry(agent).or_default().push(began, terms);
            }
            Act::Link { root, guardian, terms } => self.set_link(began, root, guardian, terms),
            Act::Epoch(shape) => self.set_epoch(began, &shape),
            Act::LegacyEpoch { key, signers } => self.set_legacy(began, key, signers),
            Act::Share { author, recipient, ids, until } => {
                let place = DisclosurePlace::Share { recipient };
                self.facts.disclosures.insert(began.entry, (author, place));
                let share = Share { entry: began.entry, author, recipient, ids, until };
                let shares = self.facts.shares.entry(recipient);
                Arc::make_mut(shares).push(ShareFact { share, at: began.at, ended: None });
            }
            Act::Invitation { author, hash, until } => {
                let place = DisclosurePlace::Invitation { hash };
                self.facts.disclosures.insert(began.entry, (author, place));
                let entry = began.entry;
                let fact = InvitationFact { entry, author, until, at: began.at, ended: None };
                self.facts.invitations.insert(hash, fact);
            }
            Act::DisclosureEnd { entry, place } => self.end_disclosure(began, entry, place),
            Act::Succession { practice, next } => {
                self.register(practice, KeyUse::Practice, &began);
                Arc::make_mut(&mut self.facts.practices).push((began.at, practice));
                self.facts.next = Some(next);
            }
            Act::Suspend { target, public, admin } => self.suspend(began, target, public, admin),
            Act::Lift(id) => self.lift(began, id),
            Act::Client { client, root, terms } => self.set_client(began, client, root, terms),
            Act::Patient { root, registration } => self.set_patient(began, root, registration),
            Act::Destruction(ids) => {
                for id in ids {
                    if !self.facts.destroyed.contains(&id) {
                        self.facts.destroyed.insert(id, began.at);
                    }
                }
            }
        }
    }

    fn register(&mut self, key: PublicKey, role: KeyUse, began: &Began) {
        if !self.facts.keys.contains(&key) {
            self.facts.keys.insert(key, Registered { role, at: began.at });
        }
    }

    fn set_member(&mut self, began: Began, member: PublicKey, terms: Roster) {
        self.register(member, KeyUse::Staff, &began);
        let members = Arc::make_mut(&mut self.facts.members);
        if let Some(timeline) = terms.replaces.and_then(|old| members.get_mut(&old))
            && let Some((_, last)) = timeline.last().cloned()
        {
            timeline.push(Began { end: true, ..began }, last);
        }
        members.entry(member).or_default().push(began, terms);
    }

    fn set_link(&mut self, began: Began, root: PublicKey, guardian: PublicKey, terms: LinkTerms) {
        self.register(guardian, KeyUse::Guardian, &began);
        self.facts.link_entries.insert(began.entry, (root, guardian));
        let line = Arc::make_mut(self.facts.lines.entry(root));
        if !line.guardians.contains(&guardian) {
            line.guardians.push(guardian);
        }
        let lines = Arc::make_mut(self.facts.links.entry(guardian));
        match lines.iter_mut().find(|line| line.root == root) {
            Some(line) => line.versions.push(began, terms),
            None => {
                let mut versions = Timeline::default();
                versions.push(began, terms);
                lines.push(LinkLine { root, versions, suspended: Vec::new() });
            }
        }
    }

    fn set_epoch(&mut self, began: Began, shape: &EpochShape) {
        let [desk, chart, confidential] = shape.keys;
        for (key, compartment) in shape.keys.into_iter().zip(Compartment::ALL) {
            self.register(key, KeyUse::Epoch(compartment), &began);
        }
        self.register(shape.escrow, KeyUse::Escrow, &began);
        self.register(shape.receipts, KeyUse::Box, &began);
        self.register(shape.audit, KeyUse::Box, &began);
        if shape.n == 1 {
            self.facts.next = shape.next;
        }
        Arc::make_mut(&mut self.facts.epochs).push(Arc::new(Epoch {
            n: shape.n,
            event: began.entry,
            desk,
            chart,
            confidential,
            escrow: shape.escrow,
            receipts: shape.receipts,
            audit: shape.audit,
            grace: shape.grace,
            signers: Vec::new(),
            at: began.at,
            received: began.received,
        }));
    }

    fn set_legacy(&mut self, began: Began, key: PublicKey, signers: Vec<PublicKey>) {
        self.register(key, KeyUse::Epoch(Compartment::Chart), &began);
        self.facts.legacy = Some(Arc::new(Epoch {
            n: 0,
            event: began.entry,
            desk: key,
            chart: key,
            confidential: key,
            escrow: key,
            receipts: key,
            audit: key,
            grace: 0,
            signers,
            at: began.at,
            received: began.received,
        }));
    }

    fn end_disclosure(&mut self, began: Began, entry: EventId, place: DisclosurePlace) {
        match place {
            DisclosurePlace::Share { recipient } => {
                let shares = Arc::make_mut(self.facts.shares.entry(recipient));
                for fact in shares.iter_mut().filter(|fact| fact.share.entry == entry) {
                    fact.ended.get_or_insert(began.at);
                }
            }
            DisclosurePlace::Invitation { hash } => {
                if let Some(mut fact) = self.facts.invitations.get(&hash).copied() {
                    fact.ended.get_or_insert(began.at);
                    self.facts.invitations.insert(hash, fact);
                }
            }
        }
    }

    fn suspend(&mut self, began: Began, target: Target, public: bool, admin: Option<PublicKey>) {
        if let Some(admin) = admin {
            let times = Arc::make_mut(&mut self.facts.by_admin).entry(admin).or_default();
            times.push(began.received);
            if times.len() > SUSPENSIONS_MAX {
                times.remove(0);
            }
        }
        if public {
            Arc::make_mut(&mut self.facts.public_suspensions).push((began.at, began.entry));
        }
        let span = Span { entry: began.entry, from: began.at, to: None };
        match &target {
            Target::Key(key) => Arc::make_mut(self.facts.key_spans.entry(*key)).push(span),
            Target::Client(client) => {
                Arc::make_mut(&mut self.facts.client_spans).entry(client.clone()).or_default().push(span)
            }
            Target::Link { root, guardian } => {
                let lines = Arc::make_mut(self.facts.links.entry(*guardian));
                for line in lines.iter_mut().filter(|line| line.root == *root) {
                    line.suspended.push(span);
                }
            }
            Target::Bar { member, root } => {
                Arc::make_mut(&mut self.facts.bars).entry(*member).or_default().push((*root, span))
            }
        }
        let suspended = Suspended { target, public, lifted: false };
        self.facts.suspensions.insert(began.entry, suspended);
    }

    fn lift(&mut self, began: Began, id: EventId) {
        let Some(suspended) = self.facts.suspensions.get(&id).cloned() else { return };
        if suspended.public {
            Arc::make_mut(&mut self.facts.public_suspensions).push((began.at, began.entry));
        }
        match &suspended.target {
            Target::Key(key) => {
                let spans = Arc::make_mut(self.facts.key_spans.entry(*key));
                Span::lift(spans, &id, began.at);
            }
            Target::Client(client) => {
                let spans = Arc::make_mut(&mut self.facts.client_spans);
                Span::lift(spans.entry(client.clone()).or_default(), &id, began.at);
            }
            Target::Link { guardian, .. } => {
                for line in Arc::make_mut(self.facts.links.entry(*guardian)) {
                    Span::lift(&mut line.suspended, &id, began.at);
                }
            }
            Target::Bar { member, .. } => {
                let bars = Arc::make_mut(&mut self.facts.bars).entry(*member).or_default();
                for (_, span) in bars {
                    Span::lift(std::slice::from_mut(span), &id, began.at);
                }
            }
        }
        self.facts.suspensions.insert(id, Suspended { lifted: true, ..suspended });
    }

    fn set_client(&mut self, began: Began, client: String, root: Option<PublicKey>, terms: ClientTerms) {
        let clients = Arc::make_mut(&mut self.facts.clients);
        let lines = Arc::make_mut(clients.entry(client).or_default());
        match lines.iter_mut().find(|line| line.root == root) {
            Some(line) => line.versions.push(began, terms),
            None => {
                let mut versions = Timeline::default();
                versions.push(began, terms);
                lines.push(ClientLine { root, versions });
            }
        }
    }

    fn set_patient(&mut self, began: Began, root: PublicKey, registration: Registration) {
        self.register(registration.subject, KeyUse::Subject(root), &began);
        if let Some(own) = registration.own {
            self.register(own, KeyUse::Own(root), &began);
        }
        Arc::make_mut(self.facts.lines.entry(root)).versions.push(began, registration);
    }
}
