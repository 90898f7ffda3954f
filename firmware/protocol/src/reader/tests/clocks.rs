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
