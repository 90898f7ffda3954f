use super::{Admission, Arrival, admit};
use crate::Event;
use crate::permissions::Compartment;
use crate::policy::Door;
use crate::policy::world::{World, pk};
use crate::receipts::ChainKey;
use crate::refusal::Refusal;

fn over_network(world: &World, event: &Event) -> Result<Admission, Refusal> {
    let arrival =
        Arrival { door: Door::Network, authenticated: &[event.pubkey], invited: &[], now: world.now };
    admit(&world.policy.now(world.now), event, &arrival)
}

#[test]
fn a_record_by_the_right_person_is_due_in_its_chain() {
    let mut world = World::staffed();
    let event = world.record("nurse", 2113, Compartment::Chart, Some("child"), false);
    let admission = over_network(&world, &event).unwrap();
    let chain = ChainKey::Clinical { compartment: Compartment::Chart, subject: Some(pk("child")) };
    assert_eq!(admission.chains, [chain]);
    assert!(!admission.moves_policy);
}

#[test]
fn a_registration_is_due_in_the_childs_chain_and_in_that_of_staff_policy() {
    let mut world = World::staffed();
    let pop = world.pop("newborn", crate::keys::KeyRole::Subject);
    let event = world.patient("desk", &pk("newborn"), &[pop]);
    let admission = over_network(&world, &event).unwrap();
    let chain = ChainKey::Clinical { compartment: Compartment::Desk, subject: Some(pk("newborn")) };
    assert_eq!(admission.chains, [ChainKey::PolicyStaff, chain]);
    assert!(admission.moves_policy);
}
