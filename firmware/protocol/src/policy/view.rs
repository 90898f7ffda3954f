//! Policy as it stood at one position and time.

use std::collections::BTreeSet;

use crate::permissions::Compartment;
use crate::{EventId, PublicKey};

use super::facts::{AgentGrant, Began, KeyUse, Line, LinkLine, Registration, Roster, Span, Timeline};
use super::{
    Agent, Brought, ClientGrant, Epoch, GuardianLink, Invitation, Member, Patient, Person, Policy, Share,
    View,
};

impl<'a> View<'a> {
    pub fn policy(&self) -> &'a Policy {
        self.policy
    }

    /// P in force (a 2107 changes it).
    pub fn practice(&self) -> PublicKey {
        let practices = &self.policy.facts.practices;
        let after = practices.partition_point(|(at, _)| *at <= self.at);
        practices[after.saturating_sub(1)].1
    }

    /// Every practice key up to here, oldest first.
    pub fn practices(&self) -> Vec<PublicKey> {
        let practices = self.policy.facts.practices.iter();
        practices.filter(|(at, _)| *at <= self.at).map(|(_, key)| *key).collect()
    }

    /// Unix seconds at which the view is taken, never below the time floor.
    pub fn time(&self) -> u64 {
        self.time
    }

    /// Counted epochs with n ≥ 1.
    fn own_epochs(&self) -> &'a [std::sync::Arc<Epoch>] {
        let epochs = &self.policy.facts.epochs;
        &epochs[..epochs.partition_point(|epoch| epoch.at <= self.at)]
    }

    /// Hash of the next practice key, as the first 2105 or the newest 2107 names it.
    pub fn next_practice(&self) -> Option<[u8; 32]> {
        self.policy.facts.next
    }
    /// Newest epoch with n ≥ 1.
    pub fn epoch(&self) -> Option<&'a Epoch> {
        self.own_epochs().last().map(AsRef::as_ref)
    }

    /// The former practice's epoch, when imported.
    pub fn legacy_epoch(&self) -> Option<&'a Epoch> {
        self.policy.facts.legacy.as_deref().filter(|epoch| epoch.at <= self.at)
    }

    /// All counted epochs up to here, oldest first (0 included when imported).
    pub fn epochs(&self) -> Vec<&'a Epoch> {
        let own = self.own_epochs().iter().map(AsRef::as_ref);
        self.legacy_epoch().into_iter().chain(own).collect()
    }

    /// Compartment of an E of any counted epoch.
    pub fn compartment_of(&self, key: &PublicKey) -> Option<Compartment> {
        match self.role(key) {
            Some(KeyUse::Epoch(compartment)) => Some(compartment),
            _ => None,
        }
    }

    /// The compartment if `key` is current: of the newest epoch, or of the one before within grace.
    pub fn current(&self, key: &PublicKey) -> Option<Compartment> {
        let compartment = self.compartment_of(key)?;
        let is = |epoch: &Epoch| epoch.key(compartment) == Some(*key);
        let (newest, earlier) = self.own_epochs().split_last()?;
        let grace = self.time < newest.received.saturating_add(newest.grace);
        let held = is(newest) || (grace && earlier.last().is_some_and(|epoch| is(epoch)));
        held.then_some(compartment)
    }

    /// E's of all counted epochs of a compartment.
    pub fn epoch_keys(&self, compartment: Compartment) -> Vec<PublicKey> {
        self.epochs().into_iter().filter_map(|epoch| epoch.key(compartment)).collect()
    }

    /// What the key is. Cost: a few look-ups, and the person's own links.
    pub fn person(&self, key: &PublicKey) -> Person {
        let facts = &self.policy.facts;
        let patient_of = |root: &PublicKey| facts.lines.get(root).and_then(|line| self.patient_at(line));
        let live = match self.role(key) {
            None | Some(KeyUse::Epoch(_) | KeyUse::Escrow | KeyUse::Box) => {
                return Person::Unknown;
            }
            Some(KeyUse::Practice) => (*key == self.practice()).then_some(Person::Practice),
            Some(KeyUse::Staff) => self.member_at(key).map(Person::Member),
            Some(KeyUse::Agent) => self.agent_at(key).map(Person::Agent),
            Some(KeyUse::Guardian) => {
                Some(self.links_of(key)).filter(|links| !links.is_empty()).map(Person::Guardian)
            }
            Some(KeyUse::Subject(root)) => {
                patient_of(&root).filter(|p| p.subject == *key).map(Person::Patient)
            }
            Some(KeyUse::Own(root)) => patient_of(&root).filter(|p| p.own == Some(*key)).map(Person::Own),
        };
        live.unwrap_or(Person::Former)
    }

    pub fn member(&self, key: &PublicKey) -> Option<Member> {
        match self.person(key) {
            Person::Member(member) => Some(member),
            _ => None,
        }
    }

    /// Live links of a guardian.
    pub fn links_of(&self, guardian: &PublicKey) -> Vec<GuardianLink> {
        let lines = self.policy.facts.links.get(guardian);
        let lines = lines.into_iter().flat_map(|lines| lines.iter());
        lines.filter_map(|line| self.link_at(guardian, line)).collect()
    }

    /// Live links to a patient (any T of the line).
    pub fn guardians_of(&self, subject: &PublicKey) -> Vec<GuardianLink> {
        let Some(root) = self.root(subject) else { return Vec::new() };
        self.all_guardians(&root)
            .iter()
            .filter_map(|guardian| {
                let lines = self.policy.facts.links.get(guardian)?;
                self.link_at(guardian, lines.iter().find(|line| line.root == root)?)
            })
            .collect()
    }

    /// Everyone who had a link to this patient up to here, live or not.
    pub fn guardians_ever(&self, subject: &PublicKey) -> Vec<PublicKey> {
        let Some(root) = self.root(subject) else { return Vec::new() };
        let began = |guardian: &&PublicKey| {
            let lines = self.policy.facts.links.get(guardian);
            let line = lines.and_then(|lines| lines.iter().find(|line| line.root == root));
            line.is_some_and(|line| line.versions.at(self.at).is_some())
        };
        self.all_guardians(&root).iter().filter(began).copied().collect()
    }

    /// The newest 2104 of a guardian and a patient (any T of the line), also when it is an ending, has run out or is
    /// suspended; none once the practice key has ended it.
    pub fn link_entry(&self, subject: &PublicKey, guardian: &PublicKey) -> Option<EventId> {
        let root = self.root(subject)?;
        let lines = self.policy.facts.links.get(guardian)?;
        self.endable(&lines.iter().find(|line| line.root == root)?.versions)
    }

    /// The newest 2109 of a client for each patient and for all, as [`View::link_entry`].
    pub fn client_entries(&self, client: &str) -> Vec<EventId> {
        let lines = self.policy.facts.clients.get(client);
        let lines = lines.into_iter().flat_map(|lines| lines.iter());
        lines.filter_map(|line| self.endable(&line.versions)).collect()
    }

    fn endable<T>(&self, versions: &Timeline<T>) -> Option<EventId> {
        let (began, _) = versions.at(self.at)?;
        (!(began.end && began.by_practice)).then_some(began.entry)
    }

    /// The registered patient to whom this T (in force or former) belongs.
    pub fn patient(&self, subject: &PublicKey) -> Option<Patient> {
        self.patient_at(self.policy.facts.lines.get(&self.root(subject)?)?)
    }

    /// The registered patient whose C in force this is (C = T included).
    pub fn patient_of_own(&self, own: &PublicKey) -> Option<Patient> {
        let (KeyUse::Own(root) | KeyUse::Subject(root)) = self.role(own)? else { return None };
        let patient = self.patient_at(self.policy.facts.lines.get(&root)?)?;
        (patient.own == Some(*own)).then_some(patient)
    }

    /// The 2110 by which this key became the T or the C in force of its patient. A later one that names the same
    /// key brings nothing.
    pub fn brought(&self, key: &PublicKey) -> Option<Brought> {
        let (KeyUse::Subject(root) | KeyUse::Own(root)) = self.role(key)? else { return None };
        let versions = self.policy.facts.lines.get(&root)?.versions.until(self.at);
        let names = |of: &Registration| of.subject == *key || of.own == Some(*key);
        let (began, first) = versions.iter().rev().take_while(|(_, of)| names(of)).last()?;
        Some(Brought { entry: began.entry, by_chart: first.by_chart })
    }

    /// All registered patients.
    pub fn patients(&self) -> Vec<Patient> {
        self.policy.facts.lines.iter().filter_map(|(_, line)| self.patient_at(line)).collect()
    }

    pub fn members(&self) -> Vec<Member> {
        self.policy.facts.members.keys().filter_map(|key| self.member_at(key)).collect()
    }

    pub fn agents(&self) -> Vec<Agent> {
        self.policy.facts.agents.keys().filter_map(|key| self.agent_at(key)).collect()
    }

    /// Unix seconds at which time alone ends what the key is, by the policy up to here: a member's or an
    /// agent's `until`, and the last of a guardian's links.
    pub fn ends(&self, key: &PublicKey) -> Option<u64> {
        let facts = &self.policy.facts;
        match self.role(key)? {
            KeyUse::Staff => self.live(facts.members.get(key)?)?.1.until,
            KeyUse::Agent => self.live(facts.agents.get(key)?)?.1.until,
            KeyUse::Guardian => {
                let untils: Option<Vec<u64>> = self.links_of(key).iter().map(|link| link.until).collect();
                untils?.into_iter().max()
            }
            _ => None,
        }
    }

    /// Whether a live 2108 names the key without scope. For T and C only writing ends.
    pub fn suspended(&self, key: &PublicKey) -> bool {
        let spans = self.policy.facts.key_spans.get(key);
        spans.is_some_and(|spans| self.holds(spans))
    }

    /// Whether a live 2108 names the client.
    pub fn client_suspended(&self, client: &str) -> bool {
        let spans = self.policy.facts.client_spans.get(client);
        spans.is_some_and(|spans| self.holds(spans))
    }

    /// Patients (every T of the line) from whose records a live scoped 2108 bars the member. A bar
    /// follows the member to a key that replaces the old one.
    pub fn barred(&self, member: &PublicKey) -> Vec<PublicKey> {
        let roots = self.barred_roots(member);
        let lines = roots.iter().filter_map(|root| self.policy.facts.lines.get(root));
        lines.flat_map(|line| self.subjects(line)).collect()
    }

    pub(super) fn bars(&self, member: &PublicKey, root: &PublicKey) -> bool {
        self.barred_roots(member).contains(root)
    }

    /// Live 2109s of clients that are not suspended.
    pub fn client_grants(&self) -> Vec<ClientGrant> {
        let clients = self.policy.facts.clients.iter();
        clients
            .filter(|(client, _)| !self.client_suspended(client))
            .flat_map(|(client, lines)| lines.iter().map(move |line| (client, line)))
            .filter_map(|(client, line)| {
                let (began, terms) = self.live(&line.versions)?;
                if self.time >= terms.until {
                    return None;
                }
                let subject = match &line.root {
                    Some(root) => Some(self.patient(root)?.subject),
                    None => None,
                };
                Some(ClientGrant {
                    client: client.clone(),
                    subject,
                    scopes: terms.scopes.clone(),
                    key: terms.key.clone(),
                    until: terms.until,
                    export: terms.export,
                    entry: began.entry,
                })
            })
            .collect()
    }

    /// Whether a receipt by this key counts here: the box key of the newest 2105 (PROTOCOL 2.5).
    pub fn certified_box(&self, key: &PublicKey) -> bool {
        self.epoch().is_some_and(|epoch| epoch.receipts == *key)
    }

    /// Ids named by a counted 2127.
    pub fn destroyed(&self, id: &EventId) -> bool {
        self.policy.facts.destroyed.get(id).is_some_and(|at| *at <= self.at)
    }

    /// Live shares (2106) that name this recipient. Whether their author may still read what they
    /// list is the scope's question.
    pub fn shares_for(&self, recipient: &PublicKey) -> Vec<Share> {
        let facts = self.policy.facts.shares.get(recipient);
        facts
            .into_iter()
            .flat_map(|facts| facts.iter())
            .filter(|fact| fact.at <= self.at && fact.ended.is_none_or(|at| at > self.at))
            .filter(|fact| self.time < fact.share.until)
            .map(|fact| fact.share.clone())
            .collect()
    }

    /// The author of a live invitation whose token hashes to this.
    pub fn invitation(&self, token_hash: &[u8; 32]) -> Option<Invitation> {
        let fact = self.policy.facts.invitations.get(token_hash)?;
        let begun = fact.at <= self.at && fact.ended.is_none_or(|at| at > self.at);
        (begun && self.time < fact.until).then_some(Invitation {
            entry: fact.entry,
            author: fact.author,
            until: fact.until,
        })
    }

    /// Whether the key ever was a subject, own or guardian key (PROTOCOL 2.8.1 `not-member`).
    pub fn ever_family(&self, key: &PublicKey) -> bool {
        matches!(self.role(key), Some(KeyUse::Subject(_) | KeyUse::Own(_) | KeyUse::Guardian))
    }

    /// Whether the key ever was a T or a C.
    pub fn ever_subject(&self, key: &PublicKey) -> bool {
        matches!(self.role(key), Some(KeyUse::Subject(_) | KeyUse::Own(_)))
    }

    /// Counted 2108s of the chain that all members read, lifts included.
    pub fn public_suspensions(&self) -> Vec<EventId> {
        let ids = self.policy.facts.public_suspensions.iter();
        ids.take_while(|(at, _)| *at <= self.at).map(|(_, id)| *id).collect()
    }

    /// Whether the key ever was a practice key.
    pub fn ever_practice(&self, key: &PublicKey) -> bool {
        self.role(key) == Some(KeyUse::Practice)
    }

    /// First T of the line to which this T belongs.
    pub(super) fn root(&self, subject: &PublicKey) -> Option<PublicKey> {
        match self.role(subject) {
            Some(KeyUse::Subject(root)) => Some(root),
            _ => None,
        }
    }

    fn role(&self, key: &PublicKey) -> Option<KeyUse> {
        let registered = self.policy.facts.keys.get(key)?;
        (registered.at <= self.at).then_some(registered.role)
    }

    fn holds(&self, spans: &[Span]) -> bool {
        spans.iter().any(|span| span.holds(self.at))
    }

    /// The newest version unless it is an ending.
    fn live<T>(&self, versions: &'a Timeline<T>) -> Option<&'a (Began, T)> {
        versions.at(self.at).filter(|(began, _)| !began.end)
    }

    fn member_at(&self, key: &PublicKey) -> Option<Member> {
        let (began, terms): &(Began, Roster) = self.live(self.policy.facts.members.get(key)?)?;
        let begun = terms.from <= self.time && terms.until.is_none_or(|until| self.time < until);
        let role = terms.role.filter(|_| begun)?;
        Some(Member {
            key: *key,
            role,
            words: terms.words.clone(),
            name: terms.name.clone(),
            entry: began.entry,
        })
    }

    fn agent_at(&self, key: &PublicKey) -> Option<Agent> {
        let (began, terms): &(Began, AgentGrant) = self.live(self.policy.facts.agents.get(key)?)?;
        if terms.until.is_some_and(|until| self.time >= until) {
            return None;
        }
        Some(Agent {
            key: *key,
            service: terms.service.clone(),
            kinds: terms.kinds.clone(),
            compartments: terms.compartments.clone(),
            patients: terms.patients.clone(),
            until: terms.until,
            entry: began.entry,
        })
    }

    fn link_at(&self, guardian: &PublicKey, line: &'a LinkLine) -> Option<GuardianLink> {
        let (began, terms) = self.live(&line.versions)?;
        if terms.until.is_some_and(|until| self.time >= until) || self.holds(&line.suspended) {
            return None;
        }
        Some(GuardianLink {
            child: self.patient(&line.root)?.subject,
            guardian: *guardian,
            compartments: terms.compartments.clone(),
            until: terms.until,
            entry: began.entry,
        })
    }

    fn all_guardians(&self, root: &PublicKey) -> &'a [PublicKey] {
        self.policy.facts.lines.get(root).map_or(&[], |line| &line.guardians)
    }

    /// Every T of the line so far, oldest first.
    fn subjects(&self, line: &Line) -> Vec<PublicKey> {
        let mut subjects: Vec<PublicKey> = Vec::new();
        for (_, registration) in line.versions.until(self.at) {
            if !subjects.contains(&registration.subject) {
                subjects.push(registration.subject);
            }
        }
        subjects
    }

    fn patient_at(&self, line: &Line) -> Option<Patient> {
        let (began, registration) = line.versions.at(self.at)?;
        let mut former = self.subjects(line);
        former.retain(|subject| *subject != registration.subject);
        Some(Patient { subject: registration.subject, former, own: registration.own, entry: began.entry })
    }

    fn barred_roots(&self, member: &PublicKey) -> BTreeSet<PublicKey> {
        let facts = &self.policy.facts;
        let mut keys = vec![*member];
        let mut next = 0;
        while let Some(key) = keys.get(next).copied() {
            next += 1;
            let versions = facts.members.get(&key).map_or(&[][..], |t| t.until(self.at));
            for old in versions.iter().filter_map(|(_, terms)| terms.replaces) {
                if !keys.contains(&old) {
                    keys.push(old);
                }
            }
        }
        keys.iter()
            .filter_map(|key| facts.bars.get(key))
            .flatten()
            .filter(|(_, span)| span.holds(self.at))
            .map(|(root, _)| *root)
            .collect()
    }
}
