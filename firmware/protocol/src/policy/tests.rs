use super::Person;
use super::world::{World, pk};
use crate::permissions::{Compartment, Role};

#[test]
fn a_staffed_practice_knows_what_each_key_is() {
    let world = World::staffed();
    let view = world.policy.now(world.now);
    assert!(matches!(view.person(&pk("practice")), Person::Practice));
    assert!(matches!(view.person(&pk("nurse")), Person::Member(m) if m.role == Role::Nurse));
    assert!(matches!(view.person(&pk("child")), Person::Patient(p) if p.own == Some(pk("own"))));
    assert!(matches!(view.person(&pk("own")), Person::Own(p) if p.subject == pk("child")));
    assert!(matches!(view.person(&pk("mother")), Person::Guardian(l) if l[0].child == pk("child")));
    assert!(matches!(view.person(&pk("fhir")), Person::Agent(a) if a.service == "fhir"));
    assert_eq!(view.person(&pk("stranger")), Person::Unknown);
    assert_eq!(view.person(&world.e(Compartment::Chart)), Person::Unknown);
}
