use serde_json::json;

use super::*;
use crate::envelope::{EpochSecret, Record, seal_family, seal_staff};
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
