//! The policy that the receipts order (PROTOCOL 2.5 "Policy has two chains", 2.8.3, 2.8.11, 2.8.13).

use std::collections::{BTreeMap, BTreeSet};

use crate::event::{key_from_hex, p_tag, tag_value};
use crate::permissions::Compartment;
use crate::policy::{Policy, Position, View};
use crate::receipts::{self, ChainKey, PolicyMark, Receipt, Row};
use crate::{Event, EventId, PublicKey, kinds};

/// How much of policy a reader sees (PROTOCOL 3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sight {
    /// Both chains: members and the vault.
    Staff,
    /// The chain of all members and what names the reader's own key or child; where it stands between the
    /// receipts is the relay's word: before its own desk receipt (2110), else by `created_at`.
    Own,
    /// The chain of all members alone: the recipient of a disclosure. For links, own keys and the state of
    /// T the certified box's receipt is taken (PROTOCOL 2.8.2).
    Public,
}

/// Why a policy chain ends early. Nothing after it counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stop {
    /// Two receipts follow the same one.
    Fork,
    /// A receipt or an event that it names is missing, or a row count does not fit.
    Gap,
}

/// A place in the order of policy: receipts are 2^32 apart, and what stands under one follows in steps.
const STEP: Position = 1 << 32;

/// Policy and the places of the receipts that order it.
pub(super) struct History {
    sight: Sight,
    policy: Policy,
    places: BTreeMap<EventId, Position>,
    counted: BTreeSet<EventId>,
    /// `received` of a family's own policy under each public receipt's place, in order.
    own_received: BTreeMap<Position, Vec<u64>>,
    ties: Vec<Tie>,
    stop: Option<Stop>,
}

/// A 2110 or 2104 in a disclosure: it names the family signer of a record.
#[derive(Debug, Clone)]
pub(super) struct Tie {
    /// The person it names beside the patient, or the patient.
    pub(super) person: PublicKey,
    pub(super) subject: PublicKey,
    /// Signer of the 2110 or 2104.
    pub(super) signer: PublicKey,
    /// None for a patient or own key.
    pub(super) compartments: Option<BTreeSet<Compartment>>,
    pub(super) own: bool,
}

impl History {
    pub(super) fn new(practice: PublicKey, sight: Sight, events: &[Event]) -> Self {
        let mut events_by_id = BTreeMap::new();
        let mut parsed = Vec::new();
        for event in events {
            let kind = event.kind.as_u16();
            if !(kinds::is_policy(kind) || kind == kinds::RECEIPT) || crate::event::verify(event).is_err() {
                continue;
            }
            if kind == kinds::RECEIPT {
                parsed.extend(receipts::parse(event));
            } else {
                events_by_id.insert(event.id, event);
            }
        }
        let mut walk = Walk::new(practice, sight, &events_by_id, &parsed);
        walk.public_chain();
        let Walk { policy, places, counted, own_received, stop, .. } = walk;
        let ties = if sight == Sight::Public {
            events_by_id.values().flat_map(|e| ties_of(e)).collect()
        } else {
            Vec::new()
        };
        Self { sight, policy, places, counted, own_received, ties, stop }
    }

    pub(super) fn policy(&self) -> &Policy {
        &self.policy
    }

    pub(super) fn stop(&self) -> Option<Stop> {
        self.stop
    }

    pub(super) fn sight(&self) -> Sight {
        self.sight
    }

    pub(super) fn at(&self, position: Position, received: u64) -> View<'_> {
        self.policy.at(position, received)
    }

    pub(super) fn destroyed(&self, id: &EventId) -> bool {
        self.policy.at(Position::MAX, u64::MAX).destroyed(id)
    }

    /// Whether the policy event counted.
    pub(super) fn counted(&self, id: &EventId) -> bool {
        self.counted.contains(id)
    }

    pub(super) fn ties(&self, person: &PublicKey) -> impl Iterator<Item = &Tie> {
        self.ties.iter().filter(move |tie| tie.person == *person)
    }

    /// The place that a clinical receipt names for a row of this `received`; none when it is not in the
    /// counted chains.
    pub(super) fn place_of(&self, mark: &PolicyMark, received: u64) -> Option<Position> {
        let public = *self.places.get(&mark.public?)?;
        match (self.sight, mark.staff) {
            (Sight::Staff, Some(staff)) => Some(public.max(*self.places.get(&staff)?)),
            (Sight::Own, _) => {
                let own = self.own_received.get(&public);
                let before = own.map_or(0, |list| list.partition_point(|at| *at <= received));
                Some(public + before as u64)
            }
            (Sight::Staff, None) | (Sight::Public, _) => Some(public),
        }
    }
}

/// Whom a 2110 or 2104 names.
fn ties_of(event: &Event) -> Vec<Tie> {
    let (signer, none) = (event.pubkey, Vec::new());
    match event.kind.as_u16() {
        kinds::PATIENT => {
            let Some(subject) = p_tag(event, 1) else { return none };
            let own = tag_value(event, "own", 0).and_then(key_from_hex);
            let tie = |person, own| Tie { person, subject, signer, compartments: None, own };
            let adult = own.is_none_or(|own| own == subject);
            std::iter::once(tie(subject, false))
                .chain(own.filter(|_| !adult).map(|own| tie(own, true)))
                .collect()
        }
        kinds::GUARDIAN_LINK if tag_value(event, "end", 0).is_none() => {
            let (Some(subject), Some(person)) = (p_tag(event, 0), p_tag(event, 1)) else { return none };
            let words = event.tags.iter().find(|tag| tag.kind() == "compartments");
            let named = words.into_iter().flat_map(|tag| &tag.as_slice()[1..]);
            let mut compartments: BTreeSet<Compartment> =
                named.filter_map(|w| Compartment::parse(w)).collect();
            compartments.insert(Compartment::Desk);
            vec![Tie { person, subject, signer, compartments: Some(compartments), own: false }]
        }
        _ => none,
    }
}

/// Receipts by the one before them.
type Followers<'a> = BTreeMap<Option<EventId>, Vec<&'a Receipt>>;

struct Walk<'a> {
    practice: PublicKey,
    events: &'a BTreeMap<EventId, &'a Event>,
    /// Ids that a destruction order of the practice key names; their events may be gone.
    destroyed: BTreeSet<EventId>,
    public: Followers<'a>,
    staff: Followers<'a>,
    staff_last: Option<&'a Receipt>,
    /// Own policy of a family reader by the public receipt under which it stands.
    own: BTreeMap<EventId, Vec<(&'a Event, u64)>>,
    policy: Policy,
    places: BTreeMap<EventId, Position>,
    counted: BTreeSet<EventId>,
    own_received: BTreeMap<Position, Vec<u64>>,
    stop: Option<Stop>,
    received: u64,
}

impl<'a> Walk<'a> {
    fn new(
        practice: PublicKey,
        sight: Sight,
        events: &'a BTreeMap<EventId, &'a Event>,
        receipts: &'a [Receipt],
    ) -> Self {
        let chain = |key: ChainKey| {
            let mut followers = Followers::new();
            for receipt in receipts.iter().filter(|r| r.policy_chain == Some(key)) {
                let list = followers.entry(receipt.prev).or_default();
                if !list.iter().any(|other| other.id == receipt.id) {
                    list.push(receipt);
                }
            }
            followers
        };
        let orders =
            events.values().filter(|e| e.kind.as_u16() == kinds::DESTRUCTION && e.pubkey == practice);
        let destroyed = orders.flat_map(|event| crate::event::links(event)).map(|link| link.id).collect();
        let public = chain(ChainKey::Policy);
        let own = if sight == Sight::Own { own_policy(events, receipts, &public) } else { BTreeMap::new() };
        let staff = if sight == Sight::Staff { chain(ChainKey::PolicyStaff) } else { Followers::new() };
        let policy = Policy::new(practice);
        Self {
            practice,
            events,
            destroyed,
            public,
            staff,
            staff_last: None,
            own,
            policy,
            places: BTreeMap::new(),
            counted: BTreeSet::new(),
            own_received: BTreeMap::new(),
            stop: None,
            received: 0,
        }
    }

    /// Walks the public chain; under each receipt the rows of the other chain that name it.
    fn public_chain(&mut self) {
        let mut last: Option<&'a Receipt> = None;
        let mut place = 0;
        loop {
            let candidates = self.public.get(&last.map(|r| r.id)).cloned().unwrap_or_default();
            let next = match last {
                None => candidates.into_iter().filter(|r| self.is_genesis(r)).collect(),
                Some(_) => self.certified(candidates),
            };
            let Some(receipt) = self.only(&next) else { break };
            if !self.fits(receipt, last) {
                self.stop = Some(Stop::Gap);
                break;
            }
            place += STEP;
            if !self.apply(receipt, place) {
                break;
            }
            self.places.insert(receipt.id, place);
            last = Some(receipt);
            if !self.under(receipt.id, place) {
                break;
            }
        }
        self.note_loose_ends();
    }

    /// The one candidate; two are a fork.
    fn only(&mut self, candidates: &[&'a Receipt]) -> Option<&'a Receipt> {
        if candidates.len() > 1 {
            self.stop = Some(Stop::Fork);
        }
        if candidates.len() == 1 { candidates.first().copied() } else { None }
    }

    /// The first policy receipt names the first 2105 in its first row and is signed by the box key in it.
    fn is_genesis(&self, receipt: &Receipt) -> bool {
        let first = receipt.rows.first().and_then(|row| self.events.get(&row.id));
        first.is_some_and(|event| {
            event.kind.as_u16() == kinds::PRACTICE_EPOCH
                && event.pubkey == self.practice
                && tag_value(event, "n", 0) == Some("1")
                && box_key(event) == Some(receipt.signer)
        })
    }

    /// Candidates whose signer is the box key in force, or one that a 2105 in their own rows certifies. A new
    /// key's receipt makes those of the old key void.
    fn certified(&self, candidates: Vec<&'a Receipt>) -> Vec<&'a Receipt> {
        let view = self.policy.at(Position::MAX, self.received);
        let (new, rest): (Vec<_>, Vec<_>) = candidates
            .into_iter()
            .partition(|receipt| !view.certified_box(&receipt.signer) && self.certifies_itself(receipt));
        if new.is_empty() {
            rest.into_iter().filter(|r| view.certified_box(&r.signer)).collect()
        } else {
            new
        }
    }

    fn certifies_itself(&self, receipt: &Receipt) -> bool {
        receipt.rows.iter().filter_map(|row| Some((row, self.events.get(&row.id)?))).any(|(row, event)| {
            event.kind.as_u16() == kinds::PRACTICE_EPOCH
                && box_key(event) == Some(receipt.signer)
                && self.policy.judge(event, Position::MAX, row.received).is_ok()
        })
    }

    /// n counts all rows, `received` never falls.
    fn fits(&self, receipt: &Receipt, last: Option<&Receipt>) -> bool {
        let before = last.map_or(0, |r| r.n);
        let newest = last.and_then(|r| r.rows.last()).map_or(0, |row| row.received);
        let times = std::iter::once(newest).chain(receipt.rows.iter().map(|row| row.received));
        receipt.n == before + receipt.rows.len() as u64 && times.is_sorted()
    }

    /// Applies the rows in order. An event that does not count changes nothing; one that is not here leaves
    /// policy unknown from there on.
    fn apply(&mut self, receipt: &Receipt, place: Position) -> bool {
        let missing = |row: &Row| !self.events.contains_key(&row.id) && !self.destroyed.contains(&row.id);
        if receipt.rows.iter().any(missing) {
            self.stop = Some(Stop::Gap);
            return false;
        }
        for row in &receipt.rows {
            if let Some(event) = self.events.get(&row.id) {
                self.count(event, place, row.received);
            }
            self.received = self.received.max(row.received);
        }
        true
    }

    fn count(&mut self, event: &Event, place: Position, received: u64) {
        if self.policy.apply(event, place, received).is_ok() {
            self.counted.insert(event.id);
        }
    }

    /// What stands under one public receipt: rows of the staff chain, or a family's own policy.
    fn under(&mut self, public: EventId, place: Position) -> bool {
        let mut at = place;
        for (event, received) in self.own.remove(&public).unwrap_or_default() {
            at += 1;
            self.count(event, at, received);
            self.own_received.entry(place).or_default().push(received);
        }
        loop {
            let candidates = self.staff.get(&self.staff_last.map(|r| r.id)).cloned().unwrap_or_default();
            let candidates = candidates.into_iter().filter(|r| r.mark.public == Some(public));
            let view = self.policy.at(Position::MAX, self.received);
            let certified: Vec<&Receipt> = candidates.filter(|r| view.certified_box(&r.signer)).collect();
            let Some(receipt) = self.only(&certified) else { return self.stop.is_none() };
            if !self.fits(receipt, self.staff_last) {
                self.stop = Some(Stop::Gap);
                return false;
            }
            at += 1;
            if !self.apply(receipt, at) {
                return false;
            }
            self.places.insert(receipt.id, at);
            self.staff_last = Some(receipt);
        }
    }

    /// Receipts of a certified key that hang on nothing that counts show a gap.
    fn note_loose_ends(&mut self) {
        let view = self.policy.at(Position::MAX, self.received);
        let counted = |receipt: &Receipt| self.places.contains_key(&receipt.id);
        let hangs = |receipt: &Receipt| match receipt.prev {
            // A void receipt of an old key may follow a counted one; a later one of ours may not.
            Some(prev) => !self.places.contains_key(&prev),
            None => false,
        };
        let mut all = self.public.values().chain(self.staff.values()).flatten();
        let loose = all.any(|r| !counted(r) && hangs(r) && view.certified_box(&r.signer));
        if loose && self.stop.is_none() {
            self.stop = Some(Stop::Gap);
        }
    }
}

/// B of a 2105.
fn box_key(event: &Event) -> Option<PublicKey> {
    let tag = event.tags.iter().find(|tag| tag.as_slice().get(2).is_some_and(|v| v == "receipts"))?;
    key_from_hex(tag.content()?)
}

/// Puts a family's own 2104, 2108, 2109 and 2110 under public receipts: a 2110 under the one that its desk
/// receipt names, others under the last one that is not newer than they are.
fn own_policy<'a>(
    events: &'a BTreeMap<EventId, &'a Event>,
    receipts: &'a [Receipt],
    public: &Followers<'a>,
) -> BTreeMap<EventId, Vec<(&'a Event, u64)>> {
    let mut by_time: Vec<(u64, u64, EventId)> = public
        .values()
        .flatten()
        .filter_map(|receipt| Some((receipt.rows.last()?.received, receipt.n, receipt.id)))
        .collect();
    by_time.sort_unstable();
    let mut desk: BTreeMap<EventId, (EventId, u64)> = BTreeMap::new();
    for receipt in receipts.iter().filter(|r| r.policy_chain.is_none()) {
        for row in &receipt.rows {
            if let Some(mark) = receipt.mark.public {
                let place = desk.entry(row.id).or_insert((mark, row.received));
                if row.received < place.1 {
                    *place = (mark, row.received);
                }
            }
        }
    }
    let public_kinds =
        [kinds::STAFF_ROSTER, kinds::SERVICE_AGENT_GRANT, kinds::PRACTICE_EPOCH, kinds::SUCCESSION];
    let rows: BTreeSet<EventId> =
        public.values().flatten().flat_map(|receipt| receipt.rows.iter().map(|row| row.id)).collect();
    let mut placed: BTreeMap<EventId, Vec<(&Event, u64)>> = BTreeMap::new();
    let own = events.values().filter(|e| !public_kinds.contains(&e.kind.as_u16()) && !rows.contains(&e.id));
    for event in own {
        let created = event.created_at.as_secs();
        let before = by_time.partition_point(|(received, ..)| *received <= created).max(1);
        let by_claim = by_time.get(before - 1).map(|(received, _, id)| (*id, created.max(*received)));
        if let Some((id, received)) = desk.get(&event.id).copied().or(by_claim) {
            placed.entry(id).or_default().push((event, received));
        }
    }
    // A 2110 first: links and suspensions name what it registers.
    for list in placed.values_mut() {
        list.sort_by_key(|(event, received)| {
            (*received, event.kind.as_u16() != kinds::PATIENT, p_tag(event, 0).is_none(), event.id)
        });
    }
    placed
}
