use std::collections::BTreeSet;

use super::Scope;
use crate::Event;
use crate::event::index_keys;
use crate::permissions::Compartment;
use crate::policy::world::{World, pk};

fn reads(world: &World, who: &str, event: &Event) -> bool {
    Scope::of(&world.policy.now(world.now), &pk(who)).permits(event, &index_keys(event))
}

const ALL: [&str; 9] = ["doctor", "nurse", "ma", "desk", "child", "own", "mother", "father", "stranger"];

fn readers(world: &World, event: &Event) -> BTreeSet<&'static str> {
    ALL.into_iter().filter(|who| reads(world, who, event)).collect()
}

#[test]
fn a_chart_record_is_read_by_its_holders_the_child_and_the_childs_parent() {
    let mut world = World::staffed();
    let event = world.record("nurse", 2113, Compartment::Chart, Some("child"), false);
    let expected = ["doctor", "nurse", "ma", "child", "own", "mother"];
    assert_eq!(readers(&world, &event), expected.into());
}

#[test]
fn a_confidential_record_is_never_read_by_a_guardian() {
    let mut world = World::staffed();
    let event = world.record("doctor", 2123, Compartment::Confidential, Some("own"), false);
    assert_eq!(readers(&world, &event), ["doctor", "own"].into());
}
