//! What the rule shows, to whom, with which marks; and what is pending or sealed.

use std::collections::BTreeSet;

use serde_json::json;

use super::cases::{former_epoch, former_event};
use super::world::{Draft, World, draft, message, resign, signed_note, weight};
use crate::event::{self, Link, key_tag, number_tag};
use crate::fold::{Author, Coverage, fold};
use crate::grants::GrantRow;
use crate::kinds;
use crate::permissions::Compartment;
use crate::reader::{Outcome, PENDING_SECONDS, Reader, Reason, Shown};
use crate::{Event, Keys, PublicKey, Tag};

fn one(reader: &mut Reader, event: &Event) -> Outcome {
    reader.read(std::slice::from_ref(event), None).remove(&event.id).unwrap()
}

fn shown(reader: &mut Reader, event: &Event) -> Shown {
    match one(reader, event) {
        Outcome::Shown(shown) => *shown,
        other => panic!("{other:?}"),
    }
}

fn sealed(reader: &mut Reader, event: &Event) -> bool {
    matches!(one(reader, event), Outcome::Sealed(_))
}

fn start_and_end(w: &World) -> Vec<Tag> {
    vec![number_tag("start", w.now + 86_400), number_tag("end", w.now + 88_200)]
}

fn visit(w: &World, subject: &PublicKey) -> Draft {
    let resource = json!({"resourceType": "Appointment", "status": "booked"});
    Draft { extra: start_and_end(w), ..draft(kinds::VISIT, resource, subject) }
}

#[test]
fn every_author_form_is_shown_to_staff() {
    let mut w = World::new();
    let (doctor, nurse, desk, parent, own) =
        (w.doctor.clone(), w.nurse.clone(), w.desk.clone(), w.parent.clone(), w.own.clone());
    let (child, teen) = (w.child.public_key(), w.teen.public_key());
    let adult = w.random.keys();
    w.patient(&adult, Some(&adult), None);
    let note = |to: &PublicKey, about: &PublicKey| Draft {
        reader: Some(*to),
        ..draft(kinds::MESSAGE, message("answer"), about)
    };
    let bare = |draft: Draft| Draft { reader: None, ..draft };
    let confidential = |draft: Draft| Draft { compartment: Compartment::Confidential, ..draft };
    let booking = visit(&w, &child);
    let events = [
        (w.staff(&doctor, &note(&child, &child)), Author::Staff),
        (w.staff(&doctor, &note(&parent.public_key(), &child)), Author::Staff),
        (w.staff(&nurse, &note(&own.public_key(), &teen)), Author::Staff),
        (
            w.staff(&desk, &Draft { compartment: Compartment::Desk, ..note(&parent.public_key(), &child) }),
            Author::Staff,
        ),
        (w.staff(&desk, &booking), Author::Staff),
        (
            w.staff(&doctor, &confidential(bare(draft(kinds::OBSERVATION, weight(50.0), &child)))),
            Author::Staff,
        ),
        (w.staff(&doctor, &confidential(note(&own.public_key(), &teen))), Author::Staff),
        (w.staff(&doctor, &confidential(note(&adult.public_key(), &adult.public_key()))), Author::Staff),
        (w.family(&parent, &bare(draft(kinds::MESSAGE, message("question"), &child))), Author::Family),
        (w.family(&parent, &bare(draft(kinds::OUTSIDE_RECORD, weight(9.0), &child))), Author::Family),
        (w.family(&parent, &booking), Author::Family),
        (
            w.family(&adult, &bare(draft(kinds::MESSAGE, message("question"), &adult.public_key()))),
            Author::Family,
        ),
        (
            w.family(&own, &confidential(bare(draft(kinds::MESSAGE, message("private"), &teen)))),
            Author::Family,
        ),
        (
            w.family(&own, &confidential(bare(draft(kinds::OUTSIDE_RECORD, weight(51.0), &teen)))),
            Author::Family,
        ),
    ];
    for (event, _) in &events {
        w.receive(event);
    }
    let mut reader = w.reader(&doctor);
    for (event, author) in &events {
        let shown = shown(&mut reader, event);
        assert_eq!(shown.record.author, *author);
        assert!(!shown.marks.copies_differ);
        assert_eq!(shown.marks.outside, shown.record.kind == kinds::OUTSIDE_RECORD);
    }
}

#[test]
fn a_registration_is_shown_with_itself_applied() {
    let mut w = World::new();
    let (new, other) = (w.random.keys(), w.random.keys());
    let event = w.patient(&new, None, None);
    let rekeyed = w.patient(&other, None, Some(&new.public_key()));
    let doctor = w.doctor.clone();
    let mut reader = w.reader(&doctor);
    assert_eq!(shown(&mut reader, &event).record.subject, new.public_key());
    assert_eq!(shown(&mut reader, &rekeyed).record.subject, other.public_key());
}

#[test]
fn each_person_reads_own_records_and_nothing_else() {
    let mut w = World::new();
    let (doctor, parent, child, teen, own) =
        (w.doctor.clone(), w.parent.clone(), w.child.clone(), w.teen.clone(), w.own.clone());
    let value = w.staff(&doctor, &draft(kinds::OBSERVATION, weight(9.5), &child.public_key()));
    let teens = w.staff(&doctor, &draft(kinds::OBSERVATION, weight(50.0), &teen.public_key()));
    let secret = w.staff(
        &doctor,
        &Draft {
            reader: Some(own.public_key()),
            compartment: Compartment::Confidential,
            ..draft(kinds::OBSERVATION, weight(50.5), &teen.public_key())
        },
    );
    let question = w.family(
        &parent,
        &Draft { reader: None, ..draft(kinds::MESSAGE, message("question"), &child.public_key()) },
    );
    let answer = w.staff(
        &doctor,
        &Draft {
            reader: Some(parent.public_key()),
            ..draft(kinds::MESSAGE, message("answer"), &child.public_key())
        },
    );
    for event in [&value, &teens, &secret, &question, &answer] {
        w.receive(event);
    }
    let chart = [Compartment::Desk, Compartment::Chart];
    let rows = w.rows(&parent, &child.public_key(), &chart);

    let mut by_child = w.person_reader(&child, Vec::new(), &[]);
    assert_eq!(shown(&mut by_child, &value).record.resource["valueQuantity"]["value"], 9.5);

    let mut by_parent = w.person_reader(&parent, rows, &[child.public_key()]);
    for event in [&value, &question, &answer] {
        shown(&mut by_parent, event);
    }
    // The parent is not given the other's receipts; with them the keys would still be missing.
    assert_eq!(one(&mut by_parent, &teens), Outcome::Quarantine(Reason::NoReceipt));
    by_parent.add(&w.events);
    assert!(sealed(&mut by_parent, &secret));
    assert!(sealed(&mut by_parent, &teens));

    let mut by_teen = w.person_reader(&teen, Vec::new(), &[]);
    shown(&mut by_teen, &teens);
    by_teen.add(&w.events);
    assert!(sealed(&mut by_teen, &secret));

    let mut by_own = w.person_reader(&own, Vec::new(), &[teen.public_key()]);
    shown(&mut by_own, &secret);

    // Without a 2100 the guardian sees that the record is there, and nothing of it.
    let mut without_grant = w.person_reader(&parent, Vec::new(), &[child.public_key()]);
    assert!(sealed(&mut without_grant, &value));
}

#[test]
fn a_front_desk_sees_chart_records_sealed() {
    let mut w = World::new();
    let (doctor, desk, child) = (w.doctor.clone(), w.desk.clone(), w.child.public_key());
    let value = w.staff(&doctor, &draft(kinds::OBSERVATION, weight(9.5), &child));
    let office = w.staff(
        &desk,
        &Draft { compartment: Compartment::Desk, ..draft(kinds::MESSAGE, message("office"), &child) },
    );
    w.receive(&value);
    w.receive(&office);
    let mut reader = w.reader(&desk);
    shown(&mut reader, &office);
    match one(&mut reader, &value) {
        Outcome::Sealed(sealed) => {
            assert_eq!((sealed.kind, sealed.compartment), (kinds::OBSERVATION, Compartment::Chart));
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn records_of_every_epoch_stay_readable() {
    let mut w = World::new();
    let (doctor, child) = (w.doctor.clone(), w.child.clone());
    let record = draft(kinds::OBSERVATION, weight(9.5), &child.public_key());
    let mut events = Vec::new();
    for _ in 0..3 {
        let event = w.staff(&doctor, &record);
        w.receive(&event);
        events.push(event);
        w.rotate(0);
    }
    let mut staff = w.reader(&doctor);
    let mut patient = w.person_reader(&child, Vec::new(), &[]);
    for event in &events {
        shown(&mut staff, event);
        shown(&mut patient, event);
    }
}

#[test]
fn the_epoch_before_is_current_for_the_grace_and_not_a_second_longer() {
    let mut w = World::new();
    let (doctor, child) = (w.doctor.clone(), w.child.public_key());
    let before = w.pair(Compartment::Chart);
    w.rotate(600);
    let rotated = w.now;
    let late = Draft { epoch: Some(before), ..draft(kinds::OBSERVATION, weight(9.5), &child) };
    let (inside, outside) = (w.staff(&doctor, &late), w.staff(&doctor, &late));
    w.now = rotated + 598;
    w.receive(&inside);
    assert_eq!(w.now, rotated + 599);
    w.receive(&outside);
    assert_eq!(w.now, rotated + 600);
    let mut reader = w.reader(&doctor);
    shown(&mut reader, &inside);
    assert_eq!(one(&mut reader, &outside), Outcome::Quarantine(Reason::Epoch));
}

#[test]
fn a_record_without_receipt_is_pending_for_ten_minutes_of_the_readers_clock() {
    let mut w = World::new();
    let (doctor, child) = (w.doctor.clone(), w.child.public_key());
    let event = w.staff(&doctor, &draft(kinds::OBSERVATION, weight(9.5), &child));
    let mut reader = w.reader(&doctor);
    let read = |reader: &mut Reader, now| reader.read(std::slice::from_ref(&event), now)[&event.id].clone();
    let first = 5_000;
    assert_eq!(read(&mut reader, Some(first)), Outcome::Pending { until: first + PENDING_SECONDS });
    assert_eq!(read(&mut reader, Some(first + 599)), Outcome::Pending { until: first + PENDING_SECONDS });
    let mut next = w.reader(&doctor);
    next.remember(&reader);
    assert_eq!(read(&mut next, Some(first + 600)), Outcome::Quarantine(Reason::NoReceipt));
    assert_eq!(read(&mut w.reader(&doctor), None), Outcome::Quarantine(Reason::NoReceipt));
    let receipt = w.receive(&event);
    reader.add(std::slice::from_ref(&receipt));
    assert!(matches!(read(&mut reader, Some(first + 700)), Outcome::Shown(_)));
}

#[test]
fn a_damaged_copy_of_the_patient_is_marked_for_the_practice() {
    let mut w = World::new();
    let (doctor, child) = (w.doctor.clone(), w.child.clone());
    let record = draft(kinds::OBSERVATION, weight(9.5), &child.public_key());
    let whole = w.staff(&doctor, &record);
    let other = w.staff(&doctor, &Draft { resource: weight(9.6), ..record });
    let foreign = event::tag_value(&other, "patient-content", 0).unwrap().to_owned();
    let differs = resign(&whole, &doctor, |tags| {
        tags.retain(|t| t.kind() != "patient-content");
        tags.insert(2, event::tag("patient-content", [&foreign]));
    });
    let missing = resign(&whole, &doctor, |tags| tags.retain(|t| t.kind() != "patient-content"));
    for event in [&whole, &differs, &missing] {
        w.receive(event);
    }
    let mut staff = w.reader(&doctor);
    assert!(!shown(&mut staff, &whole).marks.copies_differ);
    assert!(shown(&mut staff, &differs).marks.copies_differ);
    assert!(shown(&mut staff, &missing).marks.copies_differ);
    // The patient gets what the rule says of that copy.
    let mut patient = w.person_reader(&child, Vec::new(), &[]);
    shown(&mut patient, &whole);
    assert_eq!(one(&mut patient, &differs), Outcome::Quarantine(Reason::Commitment));
    assert_eq!(one(&mut patient, &missing), Outcome::Quarantine(Reason::Body));
}

#[test]
fn a_body_that_claims_a_signature_without_the_act_is_unsigned() {
    let mut w = World::new();
    let (doctor, child) = (w.doctor.clone(), w.child.public_key());
    let record = draft(kinds::ENCOUNTER, signed_note(&doctor.public_key()), &child);
    let unsigned = w.staff(&doctor, &record);
    let signed = w.staff(&doctor, &Draft { sign: true, ..record });
    w.receive(&unsigned);
    w.receive(&signed);
    let mut reader = w.reader(&doctor);
    assert!(shown(&mut reader, &unsigned).marks.unsigned);
    let signed = shown(&mut reader, &signed);
    assert!(!signed.marks.unsigned && signed.record.sign);
}

#[test]
fn a_retry_across_a_rotation_is_an_alias() {
    let mut w = World::new();
    let (doctor, child) = (w.doctor.clone(), w.child.public_key());
    let r = Some(w.random.bytes32());
    let dose = json!({"resourceType": "Immunization", "status": "completed"});
    let record = Draft { r, ..draft(kinds::IMMUNIZATION, dose, &child) };
    let first = w.staff(&doctor, &record);
    w.receive(&first);
    w.rotate(0);
    let again = w.staff(&doctor, &record);
    w.receive(&again);
    assert_ne!(first.id, again.id);
    let mut reader = w.reader(&doctor);
    let out = reader.read(&[again.clone(), first.clone()], None);
    assert_eq!(out[&again.id], Outcome::Alias(first.id));
    let Outcome::Shown(shown) = &out[&first.id] else { panic!() };
    assert_eq!(shown.record.aliases, vec![again.id]);
    let chart = fold(&BTreeSet::from([child]), vec![shown.record.clone()], Coverage::Complete);
    assert_eq!(chart.immunizations.len(), 1);
}

#[test]
fn a_retry_that_names_other_events_differs() {
    let mut w = World::new();
    let (doctor, child) = (w.doctor.clone(), w.child.public_key());
    let r = Some(w.random.bytes32());
    let record = Draft { r, ..draft(kinds::OBSERVATION, weight(9.5), &child) };
    let first = w.staff(&doctor, &record);
    let links = vec![Link { id: first.id, marker: "ref".to_owned() }];
    let again = w.staff(&doctor, &Draft { links, ..record });
    w.receive(&first);
    w.receive(&again);
    let out = w.reader(&doctor).read(&[first.clone(), again.clone()], None);
    assert_eq!(out[&again.id], Outcome::Quarantine(Reason::RetryDiffers));
    assert!(matches!(out[&first.id], Outcome::Shown(_)));
}

#[test]
fn imports_are_shown_as_from_the_former_system() {
    let mut w = World::new();
    let former = former_epoch(&mut w);
    let event = former_event(&mut w, &former, &former);
    w.receive_as(&event, true);
    let (doctor, child, parent) = (w.doctor.clone(), w.child.clone(), w.parent.clone());
    let staff = shown(&mut w.reader(&doctor), &event);
    assert!(staff.marks.former && staff.record.author == Author::Former);
    assert_eq!(staff.record.kind, kinds::OBSERVATION);
    assert_eq!(staff.record.act, None);
    let patient = shown(&mut w.person_reader(&child, Vec::new(), &[]), &event);
    assert_eq!(patient.record.resource, staff.record.resource);
    // The guardian opens it by a row {P0, T}.
    let x2 = crate::nip44::ConversationKey::derive(former.secret_key(), &child.public_key()).unwrap();
    let row = GrantRow { epoch_key: former.public_key(), subject: child.public_key(), key: x2 };
    let guardian = shown(&mut w.person_reader(&parent, vec![row], &[child.public_key()]), &event);
    assert_eq!(guardian.record.resource, staff.record.resource);
}

#[test]
fn an_import_row_does_not_open_the_door_for_a_record_of_today() {
    let mut w = World::new();
    former_epoch(&mut w);
    let (doctor, child) = (w.doctor.clone(), w.child.public_key());
    let event = w.staff(&doctor, &draft(kinds::OBSERVATION, weight(9.5), &child));
    w.receive_as(&event, true);
    let control = w.staff(&doctor, &draft(kinds::OBSERVATION, weight(9.5), &child));
    w.receive(&control);
    let mut reader = w.reader(&doctor);
    assert_eq!(one(&mut reader, &event), Outcome::Quarantine(Reason::ImportSigner));
    shown(&mut reader, &control);
}

#[test]
fn an_id_counts_at_its_first_receipt_only() {
    let mut w = World::new();
    let (key, child) = (w.random.keys(), w.child.public_key());
    w.member(&key, crate::permissions::Role::Nurse, &super::world::words_of(crate::permissions::Role::Nurse));
    let event = w.staff(&key, &draft(kinds::OBSERVATION, weight(9.5), &child));
    w.receive(&event);
    w.end(&key, crate::permissions::Role::Nurse);
    w.receive(&event);
    let doctor = w.doctor.clone();
    shown(&mut w.reader(&doctor), &event);
}

#[test]
fn a_rekeyed_patient_reads_both_halves() {
    let mut w = World::new();
    let (doctor, old, new) = (w.doctor.clone(), w.random.keys(), w.random.keys());
    w.patient(&old, None, None);
    let before = w.staff(&doctor, &draft(kinds::OBSERVATION, weight(9.5), &old.public_key()));
    w.receive(&before);
    w.patient(&new, None, Some(&old.public_key()));
    let after = w.staff(&doctor, &draft(kinds::OBSERVATION, weight(9.6), &new.public_key()));
    w.receive(&after);
    let rows = w.rows(&new, &old.public_key(), &[Compartment::Desk, Compartment::Chart]);
    let mut reader = w.person_reader(&new, rows, &[old.public_key()]);
    shown(&mut reader, &before);
    shown(&mut reader, &after);
    let mut without: Reader = w.person_reader(&new, Vec::new(), &[old.public_key()]);
    assert!(sealed(&mut without, &before));
}

#[test]
fn unknown_tags_make_no_envelope() {
    let mut w = World::new();
    let (doctor, child): (Keys, PublicKey) = (w.doctor.clone(), w.child.public_key());
    let event = w.staff(&doctor, &draft(kinds::OBSERVATION, weight(9.5), &child));
    let named = resign(&event, &doctor, |tags| tags.push(key_tag("authored-by", &doctor.public_key())));
    w.receive(&event);
    w.receive(&named);
    let mut reader = w.reader(&doctor);
    shown(&mut reader, &event);
    assert_eq!(one(&mut reader, &named), Outcome::Quarantine(Reason::Body));
}

#[test]
fn a_guardian_opens_records_after_the_grant_and_none_after_the_unlink() {
    let mut w = World::new();
    let (doctor, parent, child, new) = (w.doctor.clone(), w.parent.clone(), w.child.clone(), w.random.keys());
    let before = w.staff(&doctor, &draft(kinds::OBSERVATION, weight(9.5), &child.public_key()));
    w.receive(&before);
    let rows = w.rows(&parent, &child.public_key(), &[Compartment::Desk, Compartment::Chart]);
    shown(&mut w.person_reader(&parent, rows.clone(), &[child.public_key()]), &before);
    // Removing a guardian ends the link and re-keys the child (PROTOCOL 2.3).
    w.end_link(&child, &parent);
    w.patient(&new, None, Some(&child.public_key()));
    let after = w.staff(&doctor, &draft(kinds::OBSERVATION, weight(9.6), &new.public_key()));
    w.receive(&after);
    let mut reader = w.person_reader(&parent, rows, &[child.public_key(), new.public_key()]);
    assert!(sealed(&mut reader, &after));
    shown(&mut w.reader(&doctor), &after);
}

#[test]
fn a_new_member_opens_records_after_the_grant_and_a_leaver_no_new_ones() {
    use crate::permissions::Role;
    let mut w = World::new();
    let (doctor, nurse, child) = (w.doctor.clone(), w.random.keys(), w.child.public_key());
    let value = draft(kinds::OBSERVATION, weight(9.5), &child);
    let before = w.staff(&doctor, &value);
    w.receive(&before);
    assert!(sealed(&mut w.reader(&nurse), &before));
    w.member(&nurse, Role::Nurse, &super::world::words_of(Role::Nurse));
    shown(&mut w.reader(&nurse), &before);
    w.end(&nurse, Role::Nurse);
    w.rotate(0);
    let after = w.staff(&doctor, &value);
    w.receive(&after);
    let mut leaver = w.reader(&nurse);
    shown(&mut leaver, &before);
    assert!(sealed(&mut leaver, &after));
    shown(&mut w.reader(&doctor), &after);
}

#[test]
fn an_agent_opens_the_rows_of_its_grant_and_nothing_else() {
    let mut w = World::new();
    let (doctor, agent) = (w.doctor.clone(), w.random.keys());
    let (child, teen) = (w.child.public_key(), w.teen.public_key());
    let granted = w.staff(&doctor, &draft(kinds::OBSERVATION, weight(9.5), &child));
    let other = w.staff(&doctor, &draft(kinds::OBSERVATION, weight(50.0), &teen));
    w.receive(&granted);
    w.receive(&other);
    let rows = w.rows(&agent, &child, &[Compartment::Chart]);
    let mut reader = w.person_reader(&agent, rows, &[child, teen]);
    shown(&mut reader, &granted);
    assert!(sealed(&mut reader, &other));
}
