//! The merged order of the two policy chains: a staff receipt comes after the public receipt that it
//! names and before the next public one. A position is a place in this order, from 1.

use std::collections::{BTreeSet, HashMap};

use crate::policy::{Policy, Position};
use crate::{Event, EventId, PublicKey, event, kinds};

use super::super::{ChainKey, PolicyMark, Receipt, Row};
use super::chain::{Generations, Walk};
use super::{Completeness, Readership};

pub(super) struct Order<'a> {
    readership: Readership,
    public: Vec<&'a Receipt>,
    public_state: Completeness,
    staff: Vec<&'a Receipt>,
    staff_state: Completeness,
    merged: Vec<&'a Receipt>,
    pub(super) positions: HashMap<EventId, Position>,
    /// `received` of a family's own policy events by the position of the public receipt under which they
    /// stand, in order.
    own: HashMap<Position, Vec<u64>>,
}

/// Positions of public receipts are this far apart for a family, so that its own policy events find their
/// places between them.
const FAMILY_STEP: Position = 1 << 32;

/// A policy event that has no policy receipt for this reader.
struct Loose<'a> {
    position: Position,
    received: u64,
    /// Among what stands in one second: how many 2110s of the patient it comes after.
    after: usize,
    event: &'a Event,
}

impl<'a> Order<'a> {
    pub(super) fn of(
        practice: PublicKey,
        readership: Readership,
        receipts: &[&'a Receipt],
        events: &HashMap<EventId, &Event>,
    ) -> Self {
        let of_chain = |chain: ChainKey| -> Vec<&'a Receipt> {
            receipts.iter().filter(|r| r.policy_chain == Some(chain)).copied().collect()
        };
        let (public, public_state, policy) = follow_public(practice, &of_chain(ChainKey::Policy), events);
        let (staff, staff_state) = match readership {
            Readership::Staff => follow_staff(&of_chain(ChainKey::PolicyStaff), &public, &policy, events),
            Readership::Members => (Vec::new(), Completeness::Whole),
        };
        let merged = merge(&public, &staff);
        let step = match readership {
            Readership::Staff => 1,
            Readership::Members => FAMILY_STEP,
        };
        let places = merged.iter().zip(1..);
        let positions = places.map(|(receipt, at): (_, Position)| (receipt.id, at * step)).collect();
        let own = HashMap::new();
        Self { readership, public, public_state, staff, staff_state, merged, positions, own }
    }

    /// The worse of both chains.
    pub(super) fn state(&self) -> Completeness {
        match (self.public_state, self.staff_state) {
            (Completeness::Fork, _) | (_, Completeness::Fork) => Completeness::Fork,
            (Completeness::Gap, _) | (_, Completeness::Gap) => Completeness::Gap,
            _ => Completeness::Whole,
        }
    }

    /// The later of the two receipts that a mark names. None: it names one that does not count.
    pub(super) fn position(&self, mark: &PolicyMark) -> Option<Position> {
        let public = *self.positions.get(&mark.public?)?;
        match (self.readership, mark.staff) {
            (Readership::Members, _) | (_, None) => Some(public),
            (Readership::Staff, Some(staff)) => Some(public.max(*self.positions.get(&staff)?)),
        }
    }

    /// The first and the last position at which an event can stand that was received then under this
    /// mark. A family takes the relay's word for the order of its own policy: what was received before
    /// stands before, and within one second nobody can tell. What stands in between has the positions in between.
    pub(super) fn positions_then(&self, mark: &PolicyMark, received: u64) -> Option<(Position, Position)> {
        let position = self.position(mark)?;
        let times = self.own.get(&position).map_or(&[][..], Vec::as_slice);
        let place = |own: usize| position + u64::try_from(own).unwrap_or(u64::MAX);
        let before = times.partition_point(|at| *at < received);
        Some((place(before), place(times.partition_point(|at| *at <= received))))
    }

    /// Both chains for the book's own rows.
    pub(super) fn walks(&self) -> Vec<(ChainKey, Walk<'a>)> {
        let walk = |receipts: &Vec<&'a Receipt>, completeness| Walk {
            head: receipts.last().map(|receipt| receipt.id),
            receipts: receipts.clone(),
            completeness,
        };
        let mut walks = vec![(ChainKey::Policy, walk(&self.public, self.public_state))];
        if self.readership == Readership::Staff {
            walks.push((ChainKey::PolicyStaff, walk(&self.staff, self.staff_state)));
        }
        walks
    }

    /// Folds all policy events that these receipts order. `clinical` receipts date the registrations
    /// of a family and name the imported subjects.
    pub(super) fn fold(
        &mut self,
        mut policy: Policy,
        readership: Readership,
        clinical: &[&Receipt],
        events: &[Event],
        by_id: &HashMap<EventId, &Event>,
    ) -> Policy {
        let imports = clinical.iter().flat_map(|receipt| &receipt.rows).filter(|row| row.import);
        for subject in imports.filter_map(|row| event::p_tag(by_id.get(&row.id)?, 1)) {
            policy.note_import(subject);
        }
        let loose = match readership {
            Readership::Staff => Vec::new(),
            Readership::Members => self.loose(clinical, events),
        };
        let mut loose = loose.into_iter().peekable();
        for receipt in &self.merged {
            let Some(at) = self.positions.get(&receipt.id).copied() else { continue };
            apply_receipt(&mut policy, receipt, at, by_id);
            let times = self.own.entry(at).or_default();
            for (own, place) in std::iter::from_fn(|| loose.next_if(|own| own.position <= at)).zip(at + 1..) {
                // A refusal means that the event does not count; it has no other effect.
                let _ = policy.apply(own.event, place, own.received);
                times.push(own.received);
            }
        }
        policy
    }

    /// What a family holds of its own registrations, links, suspensions and grants: 2110 at the
    /// position of its clinical receipt, the others by the relay's word at their created_at, but no
    /// earlier than the registration of the patient whom they name: the relay took them, so it had
    /// been taken before, whatever the writer's clock said.
    fn loose<'e>(&self, clinical: &[&Receipt], events: &'e [Event]) -> Vec<Loose<'e>> {
        let receipted: BTreeSet<EventId> =
            self.public.iter().flat_map(|receipt| &receipt.rows).map(|row| row.id).collect();
        let mut dated: HashMap<EventId, (Position, u64)> = HashMap::new();
        for receipt in clinical {
            let Some(position) = self.position(&receipt.mark) else { continue };
            for row in &receipt.rows {
                dated.entry(row.id).or_insert((position, row.received));
            }
        }
        let own: Vec<&Event> = events.iter().filter(|event| !receipted.contains(&event.id)).collect();
        let registrations: Vec<&Event> = own
            .iter()
            .filter(|event| event.kind.as_u16() == kinds::PATIENT && dated.contains_key(&event.id))
            .copied()
            .collect();
        let depths = depths(&registrations);
        let mut registered: HashMap<PublicKey, (Position, u64, usize)> = HashMap::new();
        let mut loose: Vec<Loose<'e>> = Vec::new();
        for event in registrations {
            let Some((position, received)) = dated.get(&event.id).copied() else { continue };
            let after = depths.get(&event.id).copied().unwrap_or_default();
            loose.push(Loose { position, received, after, event });
            if let Some(subject) = event::p_tag(event, 1) {
                let first = registered.entry(subject).or_insert((position, received, after));
                *first = (*first).min((position, received, after));
            }
        }
        for event in own.iter().filter(|event| by_the_relays_word(event)) {
            let created_at = event.created_at.as_secs();
            let Some(claimed) = self.position_at(created_at) else { continue };
            let named = [event::p_tag(event, 0), event::p_tag(event, 1)].into_iter().flatten();
            let registrations: Vec<_> = named.filter_map(|subject| registered.get(&subject)).collect();
            let (position, received) = registrations
                .iter()
                .map(|(position, received, _)| (*position, *received))
                .fold((claimed, created_at), Ord::max);
            let after = registrations.iter().map(|(.., after)| *after).max().unwrap_or(usize::MAX);
            loose.push(Loose { position, received, after, event });
        }
        // In one second a registration comes before the link that names its T, and this before the 2110 that
        // replaces that T: the relay took both, so they came in this order.
        loose.sort_by_key(|own| {
            let later = own.event.kind.as_u16() != kinds::PATIENT;
            (own.position, own.received, own.after, later, own.event.created_at, own.event.id)
        });
        loose
    }

    /// The newest position whose receipt was written up by this time.
    fn position_at(&self, time: u64) -> Option<Position> {
        let begun = |receipt: &&&Receipt| receipt.rows.last().is_some_and(|r| r.received <= time);
        let newest = self.public.iter().take_while(begun).last().or(self.public.first())?;
        self.positions.get(&newest.id).copied()
    }
}

/// How many of these 2110s each one comes after: a later one names its predecessor, a rekey also the T that it
/// replaces.
fn depths(registrations: &[&Event]) -> HashMap<EventId, usize> {
    let of_subject = |subject: PublicKey| {
        registrations
            .iter()
            .filter(move |event| event::p_tag(event, 1) == Some(subject))
            .map(|event| event.id)
    };
    let before = |event: &Event| -> BTreeSet<EventId> {
        let named = event::links(event).into_iter().map(|link| link.id);
        let replaced = event::tag_value(event, "rekey", 0).and_then(event::key_from_hex);
        named.chain(replaced.into_iter().flat_map(of_subject)).collect()
    };
    let before: HashMap<EventId, BTreeSet<EventId>> =
        registrations.iter().map(|event| (event.id, before(event))).collect();
    let depth = |event: &&Event| {
        // Each round goes one predecessor back; events that name each other end with their number.
        let mut round = BTreeSet::from([event.id]);
        let goes_back = |_: &usize| {
            round = round.iter().filter_map(|id| before.get(id)).flatten().copied().collect();
            round.retain(|id| before.contains_key(id));
            !round.is_empty()
        };
        (event.id, (0..registrations.len()).take_while(goes_back).count())
    };
    registrations.iter().map(depth).collect()
}

fn by_the_relays_word(event: &Event) -> bool {
    matches!(event.kind.as_u16(), kinds::GUARDIAN_LINK | kinds::SUSPENSION | kinds::FHIR_CLIENT_GRANT)
}

fn merge<'a>(public: &[&'a Receipt], staff: &[&'a Receipt]) -> Vec<&'a Receipt> {
    let mut under: HashMap<Option<EventId>, Vec<&'a Receipt>> = HashMap::new();
    for receipt in staff {
        under.entry(receipt.mark.public).or_default().push(receipt);
    }
    let with_staff = |receipt: &&'a Receipt| {
        let staff = under.remove(&Some(receipt.id)).unwrap_or_default();
        std::iter::once(*receipt).chain(staff).collect::<Vec<_>>()
    };
    public.iter().flat_map(with_staff).collect()
}

/// Applies the rows that belong to the receipt's own chain.
fn apply_receipt(policy: &mut Policy, receipt: &Receipt, at: Position, by_id: &HashMap<EventId, &Event>) {
    for row in &receipt.rows {
        let Some(event) = by_id.get(&row.id) else { continue };
        if policy.chain_of(event) == receipt.policy_chain {
            // A refusal means that the event does not count; it has no other effect.
            let _ = policy.apply(event, at, row.received);
        }
    }
}

/// The chain of all members from its genesis as far as it is one line signed by certified boxes. A
/// 2105 that names a new box counts in the receipt by which that box goes on (PROTOCOL 2.5).
fn follow_public<'a>(
    practice: PublicKey,
    receipts: &[&'a Receipt],
    events: &HashMap<EventId, &Event>,
) -> (Vec<&'a Receipt>, Completeness, Policy) {
    let mut policy = Policy::new(practice);
    let mut line: Vec<&Receipt> = Vec::new();
    loop {
        let (prev, n) = line.last().map_or((None, 0), |last| (Some(last.id), last.n));
        let at = Position::try_from(line.len()).unwrap_or(Position::MAX - 1) + 1;
        let mut standing = Vec::new();
        let mut renewing = Vec::new();
        for receipt in receipts.iter().filter(|receipt| receipt.prev == prev) {
            let mut after = policy.clone();
            apply_receipt(&mut after, receipt, at, events);
            if policy.now(0).certified_box(&receipt.signer) {
                standing.push((*receipt, after));
            } else if after.now(0).certified_box(&receipt.signer) && begins_with_epoch(receipt, events) {
                renewing.push((*receipt, after));
            }
        }
        let next = if renewing.is_empty() { &mut standing } else { &mut renewing };
        if next.len() > 1 {
            return (line, Completeness::Fork, policy);
        }
        let Some((receipt, after)) = next.pop() else { break };
        let counts = n + u64::try_from(receipt.rows.len()).unwrap_or(u64::MAX) == receipt.n;
        // Without an event that the chain names, policy is unknown from there on: it may have ended someone.
        if !counts || receipt.rows.iter().any(|row| !events.contains_key(&row.id)) {
            return (line, Completeness::Gap, policy);
        }
        line.push(receipt);
        policy = after;
    }
    let generations = Generations::of(&policy.now(0));
    let state = if is_torn(receipts, &generations) { Completeness::Gap } else { Completeness::Whole };
    (line, state, policy)
}

fn begins_with_epoch(receipt: &Receipt, events: &HashMap<EventId, &Event>) -> bool {
    let first = receipt.rows.first().and_then(|row| events.get(&row.id));
    first.is_some_and(|event| event.kind.as_u16() == kinds::PRACTICE_EPOCH)
}

/// Whether a receipt by a box that is or was certified goes on from one that is not here.
fn is_torn(receipts: &[&Receipt], generations: &Generations) -> bool {
    let present: BTreeSet<EventId> = receipts.iter().map(|receipt| receipt.id).collect();
    receipts
        .iter()
        .filter(|receipt| generations.get(&receipt.signer).is_some())
        .filter_map(|receipt| receipt.prev)
        .any(|prev| !present.contains(&prev))
}

/// The chain for staff as far as it is one line whose receipts name public ones in their order.
fn follow_staff<'a>(
    receipts: &[&'a Receipt],
    public: &[&Receipt],
    policy: &Policy,
    events: &HashMap<EventId, &Event>,
) -> (Vec<&'a Receipt>, Completeness) {
    let generations = Generations::of(&policy.now(0));
    let places: HashMap<EventId, Position> =
        public.iter().zip(1..).map(|(receipt, at)| (receipt.id, at)).collect();
    let walk = Walk::of(receipts, &generations);
    let mut going_on: HashMap<Option<EventId>, usize> = HashMap::new();
    for receipt in &walk.receipts {
        *going_on.entry(receipt.prev).or_default() += 1;
    }
    let destroyed = destroyed(policy, events);
    let here = |row: &Row| events.contains_key(&row.id) || destroyed.contains(&row.id);
    let mut line = Vec::new();
    let (mut prev, mut place, mut n) = (None, 0, 0);
    for receipt in &walk.receipts {
        let rows = u64::try_from(receipt.rows.len()).unwrap_or(u64::MAX);
        if going_on.get(&receipt.prev).is_some_and(|next| *next > 1) {
            return (line, Completeness::Fork);
        }
        let named = receipt.mark.public.and_then(|id| places.get(&id).copied());
        let certified = named.and_then(|at| {
            let epoch = policy.at(at, 0).epoch()?;
            Some(generations.get(&receipt.signer)? >= generations.get(&epoch.receipts)?)
        });
        let (Some(at), Some(true)) = (named, certified) else {
            return (line, Completeness::Gap);
        };
        if receipt.prev != prev || receipt.n != n + rows || at < place || !receipt.rows.iter().all(here) {
            return (line, Completeness::Gap);
        }
        line.push(*receipt);
        (prev, place, n) = (Some(receipt.id), at, receipt.n);
    }
    (line, walk.completeness)
}

/// Ids that a destruction order of a practice key names: the events may be gone.
fn destroyed(policy: &Policy, events: &HashMap<EventId, &Event>) -> BTreeSet<EventId> {
    let practices = policy.now(0).practices();
    let orders = events
        .values()
        .filter(|event| event.kind.as_u16() == kinds::DESTRUCTION && practices.contains(&event.pubkey));
    orders.flat_map(|order| event::links(order)).map(|link| link.id).collect()
}
