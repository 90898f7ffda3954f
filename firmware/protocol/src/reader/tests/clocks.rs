//! What a family, who sees no order of its own policy but times, makes of clocks that differ.

use super::world::{Draft, World, draft, message, weight};
use crate::kinds;
use crate::permissions::Compartment;
use crate::reader::{Outcome, Reason};

const CHART: [Compartment; 2] = [Compartment::Desk, Compartment::Chart];

#[test]
fn a_link_written_by_a_slow_clock_counts_from_the_registration() {
    let mut w = World::new();
    let (parent, baby) = (w.parent.clone(), w.random.keys());
    w.patient(&baby, None, None);
    let now = w.now;
    w.now -= 3_600;
    w.link(&baby, &parent, &["desk", "chart"]);
    w.now = now + 1;
    let about = baby.public_key();
    let question = Draft { reader: None, ..draft(kinds::MESSAGE, message("question"), &about) };
    let question = w.family(&parent, &question);
    w.receive(&question);
    let rows = w.rows(&parent, &about, &CHART);
    let mut reader = w.person_reader(&parent, rows, &[about]);
    assert!(
        reader.book().policy().now(w.now).links_of(&parent.public_key()).iter().any(|l| l.child == about)
    );
    let out = reader.read(std::slice::from_ref(&question), None);
    assert!(matches!(out[&question.id], Outcome::Shown(_)), "{out:?}");
}

#[test]
fn a_record_of_the_second_of_a_rekey_counts_before_or_after_it() {
    let mut w = World::new();
    let (doctor, parent, child, new) =
        (w.doctor.clone(), w.parent.clone(), w.child.public_key(), w.random.keys());
    let before = w.staff(&doctor, &draft(kinds::OBSERVATION, weight(9.5), &child));
    w.receive(&before);
    // A receipt moves the clock by a second; these three stand in one.
    w.now -= 1;
    w.patient(&new, None, Some(&child));
    let after = w.staff(&doctor, &draft(kinds::OBSERVATION, weight(9.6), &new.public_key()));
    w.now -= 1;
    w.receive(&after);
    let late = w.staff(&doctor, &draft(kinds::OBSERVATION, weight(9.7), &child));
    w.receive(&late);
    let mut rows = w.rows(&parent, &child, &CHART);
    rows.extend(w.rows(&parent, &new.public_key(), &CHART));
    let mut reader = w.person_reader(&parent, rows, &[child, new.public_key()]);
    let out = reader.read(&[before.clone(), after.clone(), late.clone()], None);
    assert!(matches!(out[&before.id], Outcome::Shown(_)), "{:?}", out[&before.id]);
    assert!(matches!(out[&after.id], Outcome::Shown(_)), "{:?}", out[&after.id]);
    assert_eq!(out[&late.id], Outcome::Quarantine(Reason::Subject), "a second later the old key is over");
}

/// Ids are random, so one order by id would be right by chance only.
#[test]
fn a_registration_a_link_a_record_and_a_rekey_of_one_second_all_count() {
    for n in 0..8 {
        let mut w = World::new();
        let (doctor, parent, baby, new) =
            (w.doctor.clone(), w.parent.clone(), w.random.keys(), w.random.keys());
        let (old, next) = (baby.public_key(), new.public_key());
        // A receipt moves the clock by a second.
        let second = w.now;
        let registered = w.patient(&baby, None, None);
        w.link(&baby, &parent, &["desk", "chart"]);
        let between = w.staff(&doctor, &draft(kinds::OBSERVATION, weight(9.5), &old));
        w.now = second;
        w.receive(&between);
        w.now = second;
        if n % 2 == 0 {
            w.patient(&new, None, Some(&old));
        } else {
            w.patient_after(&new, &old, registered.id);
        }
        let after = w.staff(&doctor, &draft(kinds::OBSERVATION, weight(9.6), &next));
        w.now = second;
        w.receive(&after);
        let mut rows = w.rows(&parent, &old, &CHART);
        rows.extend(w.rows(&parent, &next, &CHART));
        let mut reader = w.person_reader(&parent, rows, &[old, next]);
        let out = reader.read(&[between.clone(), after.clone()], None);
        assert!(matches!(out[&between.id], Outcome::Shown(_)), "{:?}", out[&between.id]);
        assert!(matches!(out[&after.id], Outcome::Shown(_)), "{:?}", out[&after.id]);
        let links = reader.book().policy().now(w.now).links_of(&parent.public_key());
        assert!(links.iter().any(|link| link.child == next), "the link follows to the new key");
    }
}
