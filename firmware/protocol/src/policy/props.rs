//! Random histories of a practice: the fold does not depend on where it was cut, the past stays
//! what it was, and the scope says of each event what a plan over its branches would return.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::world::{World, keys, pk};
use super::{Policy, Position, View};
use crate::event::{NUMBER_MAX, index_keys, sign};
use crate::grants::{Patients, Service, Suspended};
use crate::permissions::{Compartment, Role, Word, preticked};
use crate::scope::{Branch, IndexKey, Scope};
use crate::{Event, EventId, Tag};

const PEOPLE: [&str; 12] = [
    "doctor",
    "nurse",
    "ma",
    "desk",
    "child",
    "other-child",
    "own",
    "mother",
    "father",
    "fhir",
    "newborn",
    "aunt",
];
const AUTHORS: [&str; 4] = ["practice", "doctor", "nurse", "desk"];

/// One step: what, by whom, about whom, seconds later.
pub(crate) type Step = (u8, u8, u8, u16);

fn pick<'a>(names: &[&'a str], n: u8) -> &'a str {
    names[usize::from(n) % names.len()]
}

/// A policy event that may or may not count.
fn event(world: &mut World, (what, who, whom, _): Step) -> Event {
    let (author, name) = (pick(&AUTHORS, who), pick(&PEOPLE, whom));
    let ended = who & 4 != 0;
    match what % 10 {
        0 => world.roster(name, Role::ALL[usize::from(who) % 4], preticked(Role::Nurse), ended),
        1 => world.roster_with(name, Role::Doctor, &Word::ALL, ended, |entry| {
            entry.until = Some(entry.created_at + 50);
            entry.replaces = (who & 8 != 0).then(|| pk("nurse"));
        }),
        2 => world.link_with(author, pick(&["child", "other-child", "child-2"], whom), "aunt", |e| {
            e.ended = ended;
            e.until = (whom & 16 != 0).then_some(e.created_at + 30);
        }),
        3 => world.link_with(author, "child", "mother", |entry| entry.ended = ended),
        4 => world.rekey("desk", pick(&["child", "child-2"], who), pick(&["child-2", "child-3"], whom)),
        5 => {
            let key = pk(name);
            let scope = (who & 8 != 0).then_some("child");
            world.suspension(author, Suspended::Person(&key), scope)
        }
        6 => {
            let known: Vec<EventId> =
                world.log.iter().filter(|(e, ..)| e.kind.as_u16() == 2108).map(|(e, ..)| e.id).collect();
            let named = known.get(usize::from(whom) % known.len().max(1)).copied();
            world.lift(&named.unwrap_or(EventId::from_byte_array([1; 32])))
        }
        7 => world.epoch(if ended { 0 } else { 600 }),
        8 => world.client("doctor", pick(&["child", "other-child", "child-2"], whom), world.now + 40),
        _ => world.agent("fhir", Service::Fhir, if ended { Patients::All } else { Patients::Clients }),
    }
}

/// Runs the steps; `judge` and `apply` must agree on each.
pub(crate) fn history(steps: &[Step]) -> World {
    let mut world = World::staffed();
    for step in steps {
        let before = world.epochs.len();
        let event = event(&mut world, *step);
        world.now += u64::from(step.3 % 40);
        let judged = world.policy.judge(&event, world.at + 1, world.now + 1);
        let applied = if step.1 & 2 == 0 { world.apply(&event) } else { world.apply_now(&event) };
        if step.1 & 2 == 0 {
            assert_eq!(judged, applied);
        }
        if applied.is_err() {
            world.epochs.truncate(before);
        }
    }
    world
}

/// Everything a view answers about the people of these tests.
fn answers(view: &View<'_>, world: &World) -> Vec<String> {
    let mut out = vec![format!("{:?} {:?}", view.practice(), view.epoch())];
    for name in PEOPLE.iter().chain(&["child-2", "child-3", "stranger"]) {
        let key = pk(name);
        out.push(format!("{name} {:?} {}", view.person(&key), view.suspended(&key)));
        out.push(format!("{:?} {:?}", view.barred(&key), view.guardians_of(&key)));
        out.push(format!("{:?}", Scope::of(view, &key)));
    }
    for epoch in &world.epochs {
        let key = epoch.chart.public;
        out.push(format!("{:?} {:?}", view.compartment_of(&key), view.current(&key)));
    }
    let mut grants: Vec<_> = view.client_grants().iter().map(|grant| format!("{grant:?}")).collect();
    grants.sort();
    out.extend(grants);
    out
}

fn fold(policy: &mut Policy, log: &[(Event, Position, u64)]) {
    for (event, at, received) in log {
        policy.apply(event, *at, *received).unwrap();
    }
}

/// The rows of one branch by set operations over an index, as a store reads them.
fn rows_of(
    branch: &Branch,
    events: &[Event],
    index: &BTreeMap<IndexKey, BTreeSet<usize>>,
) -> BTreeSet<usize> {
    let under = |keys: &BTreeSet<IndexKey>| -> BTreeSet<usize> {
        keys.iter().filter_map(|key| index.get(key)).flatten().copied().collect()
    };
    let mut rows = if branch.keys.is_empty() { (0..events.len()).collect() } else { under(&branch.keys) };
    if let Some(kinds) = &branch.kinds {
        rows.retain(|n| kinds.contains(&events[*n].kind.as_u16()));
    }
    if let Some(ids) = &branch.ids {
        rows.retain(|n| ids.contains(&events[*n].id));
    }
    for set in &branch.also {
        let also = under(set);
        rows.retain(|n| also.contains(n));
    }
    let except = under(&branch.except);
    rows.retain(|n| !except.contains(n));
    rows
}

pub(crate) fn steps() -> impl Strategy<Value = Vec<Step>> {
    prop::collection::vec(any::<Step>(), 1..24)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(32) })]

    #[test]
    fn prop_a_fold_does_not_depend_on_where_it_was_cut(steps in steps(), cut in any::<prop::sample::Index>()) {
        let world = history(&steps);
        let cut = cut.index(world.log.len() + 1);
        let mut policy = Policy::new(pk("practice"));
        fold(&mut policy, &world.log[..cut]);
        let prefix = policy.clone();
        let before = answers(&prefix.now(world.now), &world);
        fold(&mut policy, &world.log[cut..]);
        prop_assert_eq!(answers(&policy.now(world.now), &world), answers(&world.policy.now(world.now), &world));
        // What was shared with the clone has not changed under it.
        prop_assert_eq!(answers(&prefix.now(world.now), &world), before);
    }

    #[test]
    fn prop_the_past_of_the_whole_fold_is_the_present_of_its_prefix(steps in steps()) {
        let world = history(&steps);
        let mut prefix = Policy::new(pk("practice"));
        for (n, (event, at, received)) in world.log.iter().enumerate() {
            prefix.apply(event, *at, *received).unwrap();
            let shared = world.log.get(n + 1).is_some_and(|(_, next, _)| next == at);
            if !shared {
                let past = world.policy.at(*at, *received);
                prop_assert_eq!(answers(&past, &world), answers(&prefix.now(*received), &world));
            }
        }
    }

    #[test]
    fn prop_a_scope_permits_what_a_plan_over_its_branches_returns(steps in steps()) {
        let mut world = history(&steps);
        let mut events: Vec<Event> = world.log.iter().map(|(event, ..)| event.clone()).collect();
        for (kind, compartment, who) in [
            (2113, Compartment::Chart, "child"),
            (2126, Compartment::Desk, "other-child"),
            (2123, Compartment::Confidential, "own"),
            (2117, Compartment::Chart, "mother"),
        ] {
            events.push(world.record("doctor", kind, compartment, Some(who), false));
        }
        events.push(world.message("mother", 2117, Compartment::Chart, None));
        events.push(sign(&keys("x"), 1059, vec![crate::event::key_tag("p", &pk("child"))], "", 1));
        let mut index: BTreeMap<IndexKey, BTreeSet<usize>> = BTreeMap::new();
        for (n, event) in events.iter().enumerate() {
            for key in index_keys(event) {
                index.entry(key).or_default().insert(n);
            }
        }
        let view = world.policy.now(world.now);
        for name in PEOPLE {
            let scope = Scope::of(&view, &pk(name));
            let planned: BTreeSet<usize> =
                scope.branches.iter().flat_map(|branch| rows_of(branch, &events, &index)).collect();
            let permitted: BTreeSet<usize> = (0..events.len())
                .filter(|n| scope.permits(&events[*n], &index_keys(&events[*n])))
                .collect();
            prop_assert_eq!(planned, permitted);
        }
    }

    #[test]
    fn prop_no_event_makes_the_fold_panic(
        kind in 2100u16..2130,
        author in 0u8..8,
        tags in prop::collection::vec(prop::collection::vec("(p|e|end|from|until|pop|n|box|own|[a-z]{0,3}|[0-9]{1,25})", 1..5), 0..8),
        at in any::<u64>(),
        received in prop_oneof![any::<u64>(), Just(u64::MAX)],
    ) {
        let mut world = World::staffed();
        let names = ["practice", "doctor", "nurse", "desk", "child", "mother", "own", "x"];
        let tags: Vec<Tag> = tags.into_iter().map(|tag| Tag::parse(tag).unwrap()).collect();
        let event = sign(&keys(pick(&names, author)), kind, tags, "", 1);
        let judged = world.policy.judge(&event, at, received);
        prop_assert_eq!(world.policy.apply(&event, at, received), judged);
        // A well-formed one at the end of time is taken or refused, too.
        let link = world.link_with("desk", "child", "aunt", |entry| entry.until = Some(NUMBER_MAX));
        prop_assert_eq!(world.policy.apply(&link, at, received), Ok(()));
        let suspension = world.suspension("doctor", Suspended::Person(&pk("aunt")), None);
        prop_assert_eq!(world.policy.apply(&suspension, at, received), Ok(()));
        let second = world.suspension("doctor", Suspended::Person(&pk("ma")), None);
        prop_assert_eq!(world.policy.apply(&second, at, received), Ok(()));
        let grant = world.client("doctor", "child", 5);
        prop_assert_eq!(world.policy.apply(&grant, at, received), Ok(()));
    }
}
