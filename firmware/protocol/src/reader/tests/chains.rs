//! Chains: forks, gaps, other box keys, k of n (PROTOCOL 2.5, 2.8.11–13).

use std::collections::BTreeSet;

use super::world::{World, draft, weight};
use crate::epochs::{EpochSecrets, NewEpoch, build_epoch};
use crate::event::{self, tag};
use crate::kinds;
use crate::permissions::{Compartment, Role};
use crate::reader::{Held, Outcome, Reader, Reason, Sight};
use crate::receipts::{self, ChainKey, Completeness, NewReceipt, PolicyMark, Row};
use crate::{Event, EventId, PublicKey};

fn chart_of(subject: &PublicKey) -> ChainKey {
    ChainKey::Clinical { compartment: Compartment::Chart, subject: Some(*subject) }
}

fn outcome(reader: &mut Reader, event: &Event) -> Outcome {
    reader.read(std::slice::from_ref(event), None).remove(&event.id).unwrap()
}

fn is_shown(reader: &mut Reader, event: &Event) -> bool {
    matches!(outcome(reader, event), Outcome::Shown(_))
}

/// The doctor's reader over events that `keep` keeps.
fn reader_of(w: &World, keep: impl Fn(&Event) -> bool) -> Reader {
    let events: Vec<Event> = w.events.iter().filter(|e| keep(e)).cloned().collect();
    Reader::new(w.p(), Held::staff(w.keyring(&w.doctor)), Sight::Staff, &events)
}

fn values(w: &mut World, count: usize) -> (Vec<Event>, Vec<EventId>) {
    let (doctor, child) = (w.doctor.clone(), w.child.public_key());
    (0..count)
        .map(|_| {
            let event = w.staff(&doctor, &draft(kinds::OBSERVATION, weight(9.5), &child));
            let receipt = w.receive(&event);
            (event, receipt.id)
        })
        .unzip()
}

#[test]
fn k_of_n_of_a_whole_chain() {
    let mut w = World::new();
    let (events, _) = values(&mut w, 3);
    let child = w.child.public_key();
    let doctor = w.doctor.clone();
    let reader = w.reader(&doctor);
    let some: BTreeSet<EventId> = events[..2].iter().map(|e| e.id).collect();
    let part = reader.share(&[chart_of(&child)], &some);
    assert_eq!((part.k, part.n, part.destroyed), (2, Some(3), 0));
    assert!(!part.is_complete());
    let all: BTreeSet<EventId> = events.iter().map(|e| e.id).collect();
    assert!(reader.share(&[chart_of(&child)], &all).is_complete());
}

#[test]
fn destroyed_records_are_not_withheld() {
    let mut w = World::new();
    let (events, _) = values(&mut w, 3);
    w.signed_by_practice(kinds::DESTRUCTION, vec![tag("e", [&events[0].id.to_hex()])]);
    let child = w.child.public_key();
    let doctor = w.doctor.clone();
    let rest: BTreeSet<EventId> = events[1..].iter().map(|e| e.id).collect();
    let k_of_n = w.reader(&doctor).share(&[chart_of(&child)], &rest);
    assert_eq!((k_of_n.k, k_of_n.n, k_of_n.destroyed), (2, Some(3), 1));
    assert!(k_of_n.is_complete());
}

#[test]
fn a_rekeyed_line_sums_its_chains() {
    let mut w = World::new();
    let (doctor, old, new) = (w.doctor.clone(), w.random.keys(), w.random.keys());
    w.patient(&old, None, None);
    let before = w.staff(&doctor, &draft(kinds::OBSERVATION, weight(1.0), &old.public_key()));
    w.receive(&before);
    w.patient(&new, None, Some(&old.public_key()));
    let after = w.staff(&doctor, &draft(kinds::OBSERVATION, weight(2.0), &new.public_key()));
    w.receive(&after);
    let reader = w.reader(&doctor);
    let chains = [chart_of(&old.public_key()), chart_of(&new.public_key())];
    let both = reader.share(&chains, &BTreeSet::from([before.id, after.id]));
    assert_eq!((both.k, both.n, both.is_complete()), (2, Some(2), true));
    assert_eq!(reader.share(&chains[1..], &BTreeSet::from([before.id, after.id])).n, Some(1));
}

#[test]
fn a_gap_in_a_clinical_chain_says_incomplete_and_shows_what_is_named() {
    let mut w = World::new();
    let (events, receipts) = values(&mut w, 3);
    let mut reader = reader_of(&w, |event| event.id != receipts[1]);
    assert!(is_shown(&mut reader, &events[0]) && is_shown(&mut reader, &events[2]));
    assert_eq!(outcome(&mut reader, &events[1]), Outcome::Quarantine(Reason::NoReceipt));
    let all: BTreeSet<EventId> = events.iter().map(|e| e.id).collect();
    let k_of_n = reader.share(&[chart_of(&w.child.public_key())], &all);
    assert_eq!((k_of_n.k, k_of_n.n), (2, None));
    let chain = reader.book().chain(&chart_of(&w.child.public_key())).unwrap();
    assert_eq!((chain.n, chain.completeness), (3, Completeness::Gap));
    assert!(!k_of_n.is_complete());
}

/// A second receipt after the same one, by the box key.
fn fork(w: &mut World, chain: ChainKey, prev: EventId, before: u64, mark: PolicyMark, row: Row) -> Event {
    let epoch_key = matches!(chain, ChainKey::Clinical { .. }).then(|| w.pair(Compartment::Chart).public);
    let new =
        NewReceipt { chain, epoch_key, before, prev: Some(prev), mark, rows: &[row], created_at: w.now };
    let event = receipts::build(&w.boxes, &new);
    w.events.push(event.clone());
    event
}

#[test]
fn a_fork_in_a_clinical_chain_shows_both_and_knows_no_completeness() {
    let mut w = World::new();
    let (events, receipts) = values(&mut w, 2);
    let (doctor, child) = (w.doctor.clone(), w.child.public_key());
    let hidden = w.staff(&doctor, &draft(kinds::OBSERVATION, weight(9.9), &child));
    let row = Row { id: hidden.id, received: w.now, import: false };
    let mark = w.mark();
    fork(&mut w, chart_of(&child), receipts[0], 1, mark, row);
    let mut reader = w.reader(&doctor);
    assert!(is_shown(&mut reader, &hidden) && is_shown(&mut reader, &events[1]));
    let all = BTreeSet::from([events[0].id, events[1].id, hidden.id]);
    let k_of_n = reader.share(&[chart_of(&child)], &all);
    assert_eq!(k_of_n.n, None);
    assert_eq!(reader.book().chain(&chart_of(&child)).unwrap().completeness, Completeness::Fork);
    assert!(!k_of_n.is_complete());
}

#[test]
fn nothing_after_a_fork_of_the_policy_chain_counts() {
    let mut w = World::new();
    let (before, _) = values(&mut w, 1);
    let last = w.mark().public.unwrap();
    let at = receipts::parse(w.events.iter().find(|e| e.id == last).unwrap()).unwrap();
    let nurse = w.random.keys();
    let entry = w.member(&nurse, Role::Nurse, &[]);
    let (after, _) = values(&mut w, 1);
    let doctor = w.doctor.clone();
    let mut whole = w.reader(&doctor);
    assert!(is_shown(&mut whole, &after[0]) && whole.book().policy_state() == Completeness::Whole);
    let row = Row { id: entry.id, received: w.now, import: false };
    fork(&mut w, ChainKey::Policy, last, at.n, PolicyMark::default(), row);
    let mut forked = w.reader(&doctor);
    assert_eq!(forked.book().policy_state(), Completeness::Fork);
    assert!(is_shown(&mut forked, &before[0]));
    assert_eq!(outcome(&mut forked, &after[0]), Outcome::Quarantine(Reason::NoReceipt));
}

#[test]
fn nothing_after_a_gap_of_a_policy_chain_counts() {
    for chain in ["policy", "policy-staff"] {
        let mut w = World::new();
        let (before, _) = values(&mut w, 1);
        let (one, two) = (w.random.keys(), w.random.keys());
        let missing = if chain == "policy" {
            w.member(&one, Role::Nurse, &[]);
            w.mark().public.unwrap()
        } else {
            w.patient(&one, None, None);
            w.mark().staff.unwrap()
        };
        if chain == "policy" {
            w.member(&two, Role::Nurse, &[]);
        } else {
            w.patient(&two, None, None);
        }
        let (after, _) = values(&mut w, 1);
        let mut reader = reader_of(&w, |event| event.id != missing);
        assert_eq!(reader.book().policy_state(), Completeness::Gap, "{chain}");
        assert!(is_shown(&mut reader, &before[0]), "{chain}");
        assert_eq!(outcome(&mut reader, &after[0]), Outcome::Quarantine(Reason::NoReceipt), "{chain}");
        assert!(is_shown(&mut reader_of(&w, |_| true), &after[0]), "{chain}");
    }
}

#[test]
fn a_policy_event_that_is_missing_leaves_policy_unknown() {
    let mut w = World::new();
    let nurse = w.random.keys();
    let entry = w.member(&nurse, Role::Nurse, &[]);
    let (after, _) = values(&mut w, 1);
    let mut reader = reader_of(&w, |event| event.id != entry.id);
    assert_eq!(reader.book().policy_state(), Completeness::Gap);
    assert_eq!(outcome(&mut reader, &after[0]), Outcome::Quarantine(Reason::NoReceipt));
    assert!(is_shown(&mut reader_of(&w, |_| true), &after[0]));
}

#[test]
fn receipts_by_a_key_that_no_epoch_certifies_do_not_count() {
    let mut w = World::new();
    let (doctor, child) = (w.doctor.clone(), w.child.public_key());
    let event = w.staff(&doctor, &draft(kinds::OBSERVATION, weight(9.5), &child));
    let certified = w.boxes.clone();
    w.boxes = w.random.keys();
    w.receive(&event);
    assert_eq!(outcome(&mut w.reader(&doctor), &event), Outcome::Quarantine(Reason::NoReceipt));
    w.boxes = certified;
    w.receive(&event);
    // The forged receipt took part in the chain of this test's box; the true one is named all the same.
    assert!(is_shown(&mut w.reader(&doctor), &event));
}

/// The box is restored: a 2105 certifies a new key, whose receipt follows the old key's last one.
fn restore(w: &mut World) -> crate::Keys {
    let old = w.boxes.clone();
    w.boxes = w.random.keys();
    w.rotate(0);
    old
}

#[test]
fn a_restored_box_goes_on_and_the_old_keys_later_receipts_are_void() {
    let mut w = World::new();
    let (before, receipts) = values(&mut w, 1);
    let old = restore(&mut w);
    let (after, _) = values(&mut w, 1);
    let (doctor, child) = (w.doctor.clone(), w.child.public_key());
    let mut reader = w.reader(&doctor);
    assert!(reader.book().policy_state() == Completeness::Whole);
    assert!(is_shown(&mut reader, &before[0]) && is_shown(&mut reader, &after[0]));

    // A thief of the old key goes on from the old key's last receipt.
    let forged = w.staff(&doctor, &draft(kinds::OBSERVATION, weight(0.5), &child));
    let row = Row { id: forged.id, received: w.now, import: false };
    let mark = receipts::parse(w.events.iter().find(|e| e.id == receipts[0]).unwrap()).unwrap().mark;
    let new = std::mem::replace(&mut w.boxes, old);
    fork(&mut w, chart_of(&child), receipts[0], 1, mark, row);
    w.boxes = new;
    let mut reader = w.reader(&doctor);
    assert_eq!(outcome(&mut reader, &forged), Outcome::Quarantine(Reason::NoReceipt));
    assert!(is_shown(&mut reader, &after[0]));
    let all = BTreeSet::from([before[0].id, after[0].id]);
    assert!(reader.share(&[chart_of(&child)], &all).is_complete());
}

#[test]
fn a_row_in_another_chain_does_not_count() {
    let mut w = World::new();
    let (doctor, child, teen) = (w.doctor.clone(), w.child.public_key(), w.teen.public_key());
    let event = w.staff(&doctor, &draft(kinds::OBSERVATION, weight(9.5), &child));
    let row = Row { id: event.id, received: w.now, import: false };
    let epoch_key = w.pair(Compartment::Chart).public;
    w.write_receipt(chart_of(&teen), Some(epoch_key), &[row]);
    assert_eq!(outcome(&mut w.reader(&doctor), &event), Outcome::Quarantine(Reason::NoReceipt));
    w.write_receipt(chart_of(&child), Some(epoch_key), &[row]);
    assert!(is_shown(&mut w.reader(&doctor), &event));
}

#[test]
fn a_practice_key_that_is_not_the_trusted_one_shows_nothing() {
    let mut w = World::new();
    let (events, _) = values(&mut w, 1);
    let other = w.random.keys().public_key();
    let mut reader = Reader::new(other, Held::staff(w.keyring(&w.doctor)), Sight::Staff, &w.events);
    assert_eq!(outcome(&mut reader, &events[0]), Outcome::Quarantine(Reason::NoReceipt));
    assert!(is_shown(&mut reader_of(&w, |_| true), &events[0]));
}

#[test]
fn an_epoch_signed_by_another_key_certifies_nothing() {
    let mut w = World::new();
    let thief = w.random.keys();
    let secrets = EpochSecrets::generate(2, &mut w.random);
    let sequence = w.next_sequence();
    let new = NewEpoch {
        secrets: &secrets,
        previous: w.epochs.last(),
        escrow: &w.escrow.public_key(),
        receipts_box: &thief.public_key(),
        audit_box: &thief.public_key(),
        grace: 0,
        next: None,
        sequence,
        created_at: w.now,
    };
    let forged = build_epoch(&thief, &new, &mut w.random).unwrap();
    let row = Row { id: forged.id, received: w.now, import: false };
    w.events.push(forged);
    let last = w.mark().public.unwrap();
    let n = receipts::parse(w.events.iter().find(|e| e.id == last).unwrap()).unwrap().n;
    let boxes = std::mem::replace(&mut w.boxes, thief);
    fork(&mut w, ChainKey::Policy, last, n, PolicyMark::default(), row);
    w.boxes = boxes;
    let (events, _) = values(&mut w, 1);
    let doctor = w.doctor.clone();
    let mut reader = w.reader(&doctor);
    assert!(reader.book().policy_state() == Completeness::Whole);
    assert!(is_shown(&mut reader, &events[0]));
    assert!(event::verify(&events[0]).is_ok());
}
