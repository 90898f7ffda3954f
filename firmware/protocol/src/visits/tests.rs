use serde_json::json;

use super::*;
use crate::envelope::{EpochSecret, Record, seal_family, seal_staff};
use crate::permissions::Compartment;
use crate::policy::world::{World, pk};
use crate::testing::{keys, random};

const START: u64 = 1_790_000_000;
const END: u64 = START + 1_800;

fn visit(by_staff: bool) -> Event {
    let epoch = EpochSecret::new(keys("desk").secret_key().clone());
    let (practice, patient) = (keys("practice").public_key(), keys("patient").public_key());
    let extra = tags(&[keys("doctor").public_key()], &[keys("guardian").public_key()], START, END);
    let resource = json!({"resourceType": "Appointment", "status": "booked"});
    let record =
        Record { extra: &extra, ..Record::plain(kinds::VISIT, &resource, patient, [1; 32], START - 60) };
    let mut random = random("visit");
    let event = if by_staff {
        seal_staff(&keys("doctor"), &practice, &epoch, Some(&patient), false, &record, &mut random)
    } else {
        seal_family(&keys("guardian"), &practice, &epoch.public, Some(&patient), false, &record, &mut random)
    };
    event.unwrap()
}

#[test]
fn parties_and_times_of_a_visit_stand_in_clear_in_both_forms() {
    for by_staff in [true, false] {
        let parties = parse(&visit(by_staff)).unwrap();
        assert_eq!(parties.subject, keys("patient").public_key());
        assert_eq!(parties.epoch_key, keys("desk").public_key());
        assert_eq!(parties.providers, [keys("doctor").public_key()]);
        assert_eq!(parties.guardians, [keys("guardian").public_key()]);
        assert_eq!((parties.start, parties.end), (START, END));
        for party in ["patient", "doctor", "guardian"] {
            assert!(parties.include(&keys(party).public_key()));
        }
        assert!(!parties.include(&keys("other").public_key()));
    }
}

#[test]
fn calls_open_a_quarter_before_and_close_two_hours_after() {
    let parties = parse(&visit(true)).unwrap();
    assert!(!parties.open_at(START - 901) && parties.open_at(START - 900));
    assert!(parties.open_at(END + 7_199) && !parties.open_at(END + 7_200));
}

#[test]
fn a_visit_that_ends_before_it_starts_is_none() {
    let event = visit(true);
    let mut swapped = event.tags.clone().to_vec();
    for tag in &mut swapped {
        if tag.kind() == "end" {
            *tag = number_tag("end", START);
        }
    }
    assert!(parse(&event).is_some());
    assert_eq!(parse(&event::sign(&keys("doctor"), kinds::VISIT, swapped, event.content, START)), None);
}

#[test]
fn signalling_opens_for_its_two_parties_alone() {
    let (doctor, patient) = (keys("doctor"), keys("patient"));
    let message = json!({"visit": "id", "sdp": "v=0"}).as_object().unwrap().clone();
    for kind in 4050..=4055 {
        let event = build_signalling(
            &doctor,
            &patient.public_key(),
            kind,
            &message,
            START + 3_600,
            START,
            &mut random("call"),
        )
        .unwrap();
        assert_eq!(parse_signalling(&event), Some((patient.public_key(), START + 3_600)));
        let opened = open_signalling(patient.secret_key(), &doctor.public_key(), &event);
        assert_eq!(opened.as_ref(), Some(&message));
        assert_eq!(open_signalling(doctor.secret_key(), &patient.public_key(), &event), opened);
        assert_eq!(open_signalling(keys("x").secret_key(), &doctor.public_key(), &event), None);
        let mut tags = event.tags.clone().to_vec();
        tags.push(tag("visit", ["id"]));
        assert_eq!(parse_signalling(&event::sign(&doctor, kind, tags, "", START)), None);
        assert_eq!(
            parse_signalling(&event::sign(&doctor, 4056, event.tags.clone().to_vec(), "", START)),
            None
        );
    }
}

/// A visit of a child in the desk compartment by the front desk, with the links given.
fn booked(world: &mut World, child: &str, guardian: &str, links: &[(&EventId, &str)]) -> Event {
    let extra = tags(&[pk("doctor")], &[pk(guardian)], START, END);
    let links: Vec<_> =
        links.iter().map(|(id, marker)| event::Link { id: **id, marker: (*marker).to_owned() }).collect();
    let resource = json!({"resourceType": "Appointment", "status": "booked"});
    let plain = Record::plain(kinds::VISIT, &resource, pk(child), world.random.bytes32(), START - 60);
    let record = Record { extra: &extra, links: &links, ..plain };
    let (epoch, p) = (world.secret(Compartment::Desk), world.p.public_key());
    seal_staff(&keys_of("desk"), &p, &epoch, Some(&pk(child)), false, &record, &mut world.random).unwrap()
}

fn keys_of(name: &str) -> Keys {
    crate::policy::world::keys(name)
}

fn open(world: &World, events: &[&Event], author: &str, party: &str, now: u64) -> Vec<EventId> {
    let events: Vec<Event> = events.iter().map(|event| (*event).clone()).collect();
    open_between(&world.policy.now(world.now), &events, &pk(author), &pk(party), now)
}

#[test]
fn parties_of_a_visit_call_each_other_from_a_quarter_before_to_two_hours_after() {
    let mut world = World::staffed();
    let visit = booked(&mut world, "child", "mother", &[]);
    for now in [START - 900, START, END, END + 7_199] {
        assert_eq!(open(&world, &[&visit], "doctor", "mother", now), [visit.id], "{now}");
    }
    for now in [0, START - 901, END + 7_200, u64::MAX] {
        assert!(open(&world, &[&visit], "doctor", "mother", now).is_empty(), "{now}");
    }
    for (author, party) in [("mother", "doctor"), ("child", "doctor"), ("mother", "child")] {
        assert_eq!(open(&world, &[&visit], author, party, START), [visit.id], "{author} {party}");
    }
    assert!(open(&world, &[], "doctor", "mother", START).is_empty());
}

#[test]
fn who_signs_a_visit_or_is_near_its_patient_is_no_party_of_it() {
    let mut world = World::staffed();
    let visit = booked(&mut world, "child", "mother", &[]);
    for other in ["desk", "nurse", "own", "father", "other-child", "stranger"] {
        assert!(open(&world, &[&visit], other, "doctor", START).is_empty(), "{other}");
        assert!(open(&world, &[&visit], "doctor", other, START).is_empty(), "{other}");
    }
    assert_eq!(open(&world, &[&visit], "doctor", "child", START), [visit.id]);
}

#[test]
fn parties_of_two_visits_that_share_no_visit_do_not_call_each_other() {
    let mut world = World::staffed();
    let (one, other) =
        (booked(&mut world, "child", "mother", &[]), booked(&mut world, "other-child", "father", &[]));
    assert!(open(&world, &[&one, &other], "mother", "father", START).is_empty());
    assert_eq!(open(&world, &[&one, &other], "doctor", "father", START), [other.id]);
}

#[test]
fn a_guardian_whose_link_has_ended_is_no_party_any_more() {
    let mut world = World::staffed();
    let visit = booked(&mut world, "child", "mother", &[]);
    assert_eq!(open(&world, &[&visit], "mother", "doctor", START), [visit.id]);
    world.link("desk", "other-child", "mother");
    let end = world.link_with("desk", "child", "mother", |entry| entry.ended = true);
    world.apply(&end).unwrap();
    assert!(open(&world, &[&visit], "mother", "doctor", START).is_empty());
    assert_eq!(open(&world, &[&visit], "child", "doctor", START), [visit.id]);
}

#[test]
fn a_moved_or_cancelled_visit_opens_no_call_whichever_event_came_first() {
    let mut world = World::staffed();
    let visit = booked(&mut world, "child", "mother", &[]);
    for (marker, successor_opens) in
        [("correction", true), ("status-update", true), ("cancelled", false), ("deletion", false)]
    {
        let successor = booked(&mut world, "child", "mother", &[(&visit.id, marker)]);
        let expected: &[EventId] = if successor_opens { &[successor.id] } else { &[] };
        for events in [[&visit, &successor], [&successor, &visit]] {
            assert_eq!(open(&world, &events, "doctor", "mother", START), expected, "{marker}");
        }
    }
    for marker in ["ref", "accept", "addendum", "reply", "result"] {
        let beside = booked(&mut world, "child", "mother", &[(&visit.id, marker)]);
        let found = open(&world, &[&visit, &beside], "doctor", "mother", START);
        assert_eq!(found, [visit.id, beside.id], "{marker}");
    }
}

#[test]
fn an_event_about_another_patient_replaces_no_visit_and_one_of_the_same_line_does() {
    let mut world = World::staffed();
    let visit = booked(&mut world, "child", "mother", &[]);
    let foreign = booked(&mut world, "other-child", "father", &[(&visit.id, "cancelled")]);
    assert_eq!(open(&world, &[&visit, &foreign], "doctor", "mother", START), [visit.id]);
    let rekey = world.rekey("desk", "child", "child-2");
    world.apply(&rekey).unwrap();
    assert_eq!(open(&world, &[&visit], "doctor", "mother", START), [visit.id]);
    let own = booked(&mut world, "child-2", "mother", &[(&visit.id, "cancelled")]);
    assert!(open(&world, &[&visit, &own], "doctor", "mother", START).is_empty());
}
