use serde_json::json;

use super::signing::after;
use super::*;
use crate::envelope::{EpochSecret, open_as_person, open_patient_copy};
use crate::event::{Verified, links, tag_value};
use crate::keys::KeyRole;
use crate::policy::Person;
use crate::policy::world::{World, keys, pk};
use crate::testing::random;

const BOTH: [Compartment; 2] = [Compartment::Desk, Compartment::Chart];

/// The front desk's page at one moment.
struct Page {
    keys: Keys,
    pair: EpochSecret,
    policy: Policy,
    now: u64,
}

impl Page {
    fn of(world: &World, name: &str) -> Self {
        let pair = world.secret(Compartment::Desk);
        Self { keys: keys(name), pair, policy: world.policy.clone(), now: world.now + 1 }
    }

    fn registrar(&self) -> Registrar<'_> {
        let desk = Desk { n: 1, pair: &self.pair };
        Registrar { keys: &self.keys, desk, policy: &self.policy, now: self.now }
    }
}

fn patient(name: &str) -> Value {
    json!({"resourceType": "Patient", "name": [{"text": name}]})
}

fn guardian<'a>(name: &'a str, pop: &'a str) -> NewGuardian<'a> {
    NewGuardian {
        key: ProvedKey { key: pk(name), pop },
        name,
        relationship: "parent",
        compartments: &BOTH,
        until: None,
    }
}

fn thrown_away(resource: &Value) -> NewChild<'_> {
    NewChild { key: SubjectKey::ThrownAway, own: None, resource }
}

/// Every event counts in the practice, one second after the other.
fn published(world: &mut World, registration: &Registration) {
    for event in &registration.events {
        Verified::from_event(event.clone()).unwrap();
        world.apply(event).unwrap();
    }
}

fn code(result: Result<Registration, RegistrationError>) -> &'static str {
    result.unwrap_err().code()
}

#[test]
fn two_children_and_two_guardians_are_registered_in_one_step() {
    let mut world = World::staffed();
    let page = Page::of(&world, "desk");
    let (ada, ben) = (patient("Ada"), patient("Ben"));
    let phone = world.prove("ben's phone", KeyRole::Subject);
    let ben_key = SubjectKey::Device(ProvedKey { key: pk("ben's phone"), pop: &phone });
    let children = [thrown_away(&ada), NewChild { key: ben_key, own: None, resource: &ben }];
    let new = world.prove("new parent", KeyRole::Guardian);
    // "mother" has a child here: her key is known and needs no proof again.
    let guardians = [guardian("new parent", &new), guardian("mother", "")];
    let made = register_family(&page.registrar(), &children, &guardians, &mut random("family")).unwrap();
    let kinds: Vec<u16> = made.events.iter().map(|event| event.kind.as_u16()).collect();
    assert_eq!(kinds, [2110, 2110, 2104, 2104, 2104, 2104]);
    assert_eq!(made.subjects[1], pk("ben's phone"));
    published(&mut world, &made);
    let view = world.policy.now(world.now);
    for subject in &made.subjects {
        let mut found: Vec<PublicKey> = view.guardians_of(subject).iter().map(|link| link.guardian).collect();
        found.sort();
        let mut expected = vec![pk("mother"), pk("new parent")];
        expected.sort();
        assert_eq!(found, expected);
    }
    let desk = world.secret(Compartment::Desk);
    let copy = open_patient_copy(&made.events[0], &desk.reader_key(&made.subjects[0]).unwrap()).unwrap();
    assert!(String::from_utf8(copy).unwrap().contains("Ada"));
    let own = open_as_person(&made.events[1], keys("ben's phone").secret_key()).unwrap();
    assert!(String::from_utf8(own).unwrap().contains("Ben"));
}

#[test]
fn one_key_that_is_taken_or_unproved_registers_nobody() {
    let mut world = World::staffed();
    let page = Page::of(&world, "desk");
    let ada = patient("Ada");
    let mut taken = Vec::new();
    for (name, role) in [
        ("child", KeyRole::Subject),
        ("own", KeyRole::Subject),
        ("mother", KeyRole::Subject),
        ("doctor", KeyRole::Subject),
        ("fhir", KeyRole::Subject),
        ("practice", KeyRole::Subject),
        ("escrow", KeyRole::Subject),
        ("box", KeyRole::Subject),
    ] {
        let pop = world.prove(name, role);
        let key = SubjectKey::Device(ProvedKey { key: pk(name), pop: &pop });
        let children = [thrown_away(&ada), NewChild { key, own: None, resource: &ada }];
        let refused = register_family(&page.registrar(), &children, &[], &mut random("taken")).unwrap_err();
        let RegistrationError::KeyInUse { key, holder } = refused else { panic!("{name}: {refused}") };
        assert_eq!(key, pk(name));
        taken.push(holder.as_str());
    }
    assert_eq!(taken, ["patient", "own", "guardian", "staff", "agent", "practice", "practice", "practice"]);
    let e = world.e(Compartment::Chart);
    let key = SubjectKey::Device(ProvedKey { key: e, pop: "" });
    let child = [NewChild { key, own: None, resource: &ada }];
    let refused = register_family(&page.registrar(), &child, &[], &mut random("T = E"));
    assert_eq!(refused, Err(RegistrationError::KeyInUse { key: e, holder: Holder::Practice }));

    let of_another_role = world.prove("new", KeyRole::Guardian);
    let key = SubjectKey::Device(ProvedKey { key: pk("new"), pop: &of_another_role });
    let child = [NewChild { key, own: None, resource: &ada }];
    assert_eq!(code(register_family(&page.registrar(), &child, &[], &mut random("pop"))), "pop");
    let pop = world.prove("new", KeyRole::Subject);
    let key = SubjectKey::Device(ProvedKey { key: pk("new"), pop: &pop });
    let twins = [NewChild { key, own: None, resource: &ada }; 2];
    let refused = register_family(&page.registrar(), &twins, &[], &mut random("twins")).unwrap_err();
    assert_eq!(refused, RegistrationError::KeyInUse { key: pk("new"), holder: Holder::Twice });
    // The control: the same key alone.
    let made = register_family(&page.registrar(), &twins[..1], &[], &mut random("one")).unwrap();
    published(&mut world, &made);
}

#[test]
fn who_may_not_register_gives_out_nothing() {
    let world = World::staffed();
    let ada = patient("Ada");
    let child = [thrown_away(&ada)];
    let ma = Page::of(&world, "ma");
    assert_eq!(code(register_family(&ma.registrar(), &child, &[], &mut random("ma"))), "policy-authority");
    let desk = Page::of(&world, "desk");
    assert!(register_family(&desk.registrar(), &child, &[], &mut random("desk")).is_ok());
    let note = json!({"resourceType": "Observation"});
    let refused = register_family(&desk.registrar(), &[thrown_away(&note)], &[], &mut random("note"));
    assert_eq!(code(refused), "resource");
}

#[test]
fn a_link_is_added_ended_and_added_again() {
    let mut world = World::staffed();
    let page = Page::of(&world, "desk");
    let pop = world.prove("aunt", KeyRole::Guardian);
    let aunt = guardian("aunt", &pop);
    let stranger = pk("stranger");
    assert_eq!(code(add_guardian(&page.registrar(), &stranger, &aunt, &mut random("a"))), "no-patient");
    let made = add_guardian(&page.registrar(), &pk("child"), &aunt, &mut random("b")).unwrap();
    published(&mut world, &made);
    let page = Page::of(&world, "desk");
    let ended = end_link(&page.registrar(), &made.events[0]).unwrap();
    let names: Vec<&str> = ended.events[0].tags.iter().map(|tag| tag.kind()).collect();
    assert_eq!(names, ["p", "p", "compartments", "end", "pop", "epoch"]);
    published(&mut world, &ended);
    assert!(world.policy.now(world.now).links_of(&pk("aunt")).is_empty());
    let page = Page::of(&world, "desk");
    assert_eq!(code(end_link(&page.registrar(), &made.events[0])), "no-link");
    let again = add_guardian(&page.registrar(), &pk("child"), &guardian("aunt", ""), &mut random("c"));
    published(&mut world, &again.unwrap());
    assert_eq!(world.policy.now(world.now).links_of(&pk("aunt")).len(), 1);
}

#[test]
fn what_the_practice_key_ended_the_front_desk_does_not_restore() {
    let mut world = World::staffed();
    let end = world.link_with("practice", "child", "mother", |link| link.ended = true);
    world.apply(&end).unwrap();
    let page = Page::of(&world, "desk");
    let refused = add_guardian(&page.registrar(), &pk("child"), &guardian("mother", ""), &mut random("x"));
    assert_eq!(code(refused), "ended-by-practice");
}

#[test]
fn a_rekey_keeps_links_and_own_key_and_ends_the_former_one() {
    let mut world = World::staffed();
    let page = Page::of(&world, "desk");
    let before = world.policy.now(world.now).patient(&pk("child")).unwrap();
    let resource = patient("Ada");
    let standing = Standing { subject: pk("child"), resource: &resource };
    let made = rekey(&page.registrar(), &standing, &SubjectKey::ThrownAway, &mut random("rekey")).unwrap();
    published(&mut world, &made);
    let event = &made.events[0];
    assert_eq!(tag_value(event, "rekey", 0), Some(pk("child").to_hex().as_str()));
    assert_eq!(links(event), after(&before));
    let view = world.policy.now(world.now);
    let now = view.patient(&pk("child")).unwrap();
    assert_eq!((now.subject, &now.former[..], now.own), (made.subjects[0], &[pk("child")][..], before.own));
    assert_eq!(view.person(&pk("child")), Person::Former);
    assert_eq!(view.links_of(&pk("mother"))[0].child, made.subjects[0]);
    // The former key names nobody any more, and is nobody's new one.
    let page = Page::of(&world, "desk");
    let again = rekey(&page.registrar(), &standing, &SubjectKey::ThrownAway, &mut random("again"));
    assert_eq!(code(again), "no-patient");
    let pop = world.prove("child", KeyRole::Subject);
    let former = SubjectKey::Device(ProvedKey { key: pk("child"), pop: &pop });
    let standing = Standing { subject: made.subjects[0], resource: &resource };
    let refused = rekey(&page.registrar(), &standing, &former, &mut random("former")).unwrap_err();
    assert_eq!(refused, RegistrationError::KeyInUse { key: pk("child"), holder: Holder::Former });
}

#[test]
fn a_guardian_who_is_removed_holds_no_key_of_the_new_one() {
    let mut world = World::staffed();
    let page = Page::of(&world, "desk");
    let link = world.policy.now(world.now).links_of(&pk("mother"))[0].clone();
    let link = world.log.iter().find(|(event, ..)| event.id == link.entry).unwrap().0.clone();
    let resource = patient("Ada");
    let standing = Standing { subject: pk("child"), resource: &resource };
    let key = SubjectKey::ThrownAway;
    let made = remove_guardian(&page.registrar(), &link, &standing, &key, &mut random("away")).unwrap();
    assert_eq!(made.events.iter().map(|event| event.kind.as_u16()).collect::<Vec<_>>(), [2104, 2110]);
    published(&mut world, &made);
    let view = world.policy.now(world.now);
    assert_eq!(view.person(&pk("mother")), Person::Former);
    let held = world.secret(Compartment::Desk).reader_key(&pk("child")).unwrap();
    assert!(open_patient_copy(&made.events[1], &held).is_err(), "the copy is under the new key");
}

#[test]
fn an_adolescent_and_an_adult_get_their_own_key() {
    let mut world = World::staffed();
    let page = Page::of(&world, "desk");
    let resource = patient("Ada");
    let standing = Standing { subject: pk("other-child"), resource: &resource };
    let pop = world.prove("phone", KeyRole::Own);
    let own = ProvedKey { key: pk("phone"), pop: &pop };
    let made = own_key(&page.registrar(), &standing, &own, &mut random("own")).unwrap();
    published(&mut world, &made);
    let view = world.policy.now(world.now);
    assert_eq!(view.patient(&pk("other-child")).unwrap().own, Some(pk("phone")));
    let adult = world.prove("adult", KeyRole::Subject);
    let key = ProvedKey { key: pk("adult"), pop: &adult };
    let child = NewChild {
        key: SubjectKey::Device(key),
        own: Some(ProvedKey { pop: "", ..key }),
        resource: &resource,
    };
    let page = Page::of(&world, "desk");
    let made = register_family(&page.registrar(), &[child], &[], &mut random("adult")).unwrap();
    assert_eq!(made.events[0].tags.iter().filter(|tag| tag.kind() == "pop").count(), 1);
    published(&mut world, &made);
    let view = world.policy.now(world.now);
    assert_eq!(view.patient(&pk("adult")).unwrap().own, Some(pk("adult")));
}
