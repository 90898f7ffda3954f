use std::collections::BTreeSet;

use super::scribe::Scribe;
use super::{ChainKey, Completeness, NewReceipt, PolicyMark, Readership, ReceiptBook, Row, build, parse};
use crate::event::sign;
use crate::permissions::Compartment;
use crate::policy::Person;
use crate::policy::world::{START, World, keys, pk};
use crate::{Event, EventId, PublicKey};

fn id(n: u8) -> EventId {
    EventId::from_byte_array([n; 32])
}

type Change<'a> = &'a dyn Fn(&mut Vec<Vec<String>>);

fn chart(subject: &str) -> ChainKey {
    ChainKey::Clinical { compartment: Compartment::Chart, subject: Some(pk(subject)) }
}

/// A staffed practice whose policy has been written down, each event in a receipt of its own.
fn written() -> (World, Scribe) {
    let world = World::staffed();
    let mut scribe = Scribe::new();
    let mut replay = World::new();
    replay.epochs = world.epochs.clone();
    replay.policy = crate::policy::Policy::new(world.p.public_key());
    for (event, at, received) in &world.log {
        replay.policy.apply(event, *at, *received).unwrap();
        replay.now = *received;
        scribe.policy(&replay, event);
    }
    (world, scribe)
}

fn read(world: &World, scribe: &Scribe, readership: Readership) -> ReceiptBook {
    ReceiptBook::read(world.p.public_key(), readership, &scribe.receipts, &scribe.events)
}

#[test]
fn chain_keys_read_back_from_their_bytes() {
    let none = ChainKey::Clinical { compartment: Compartment::Confidential, subject: None };
    for chain in [ChainKey::Policy, ChainKey::PolicyStaff, chart("child"), none] {
        assert_eq!(ChainKey::from_bytes(&chain.to_bytes()), Some(chain));
    }
    for bad in [&[][..], &[9], &[1], &[1, 9], &[1, 0, 5], &[2, 0]] {
        assert_eq!(ChainKey::from_bytes(bad), None);
    }
}

#[test]
fn receipts_read_back_what_was_written() {
    let rows =
        [Row { id: id(1), received: 10, import: false }, Row { id: id(2), received: 11, import: true }];
    let mark = PolicyMark { public: Some(id(8)), staff: None };
    let new = NewReceipt {
        chain: chart("child"),
        epoch_key: Some(pk("e")),
        before: 3,
        prev: Some(id(7)),
        mark,
        rows: &rows,
        created_at: START,
    };
    let receipt = parse(&build(&keys("box"), &new)).unwrap();
    assert_eq!((receipt.n, receipt.prev, receipt.mark), (5, Some(id(7)), mark));
    assert_eq!((receipt.epoch_key, receipt.subject), (Some(pk("e")), Some(pk("child"))));
    assert_eq!(receipt.rows, rows);
    let staff = NewReceipt { chain: ChainKey::PolicyStaff, epoch_key: None, ..new };
    let receipt = parse(&build(&keys("box"), &staff)).unwrap();
    assert_eq!((receipt.policy_chain, receipt.mark), (Some(ChainKey::PolicyStaff), mark));
}

#[test]
fn other_shapes_are_no_receipts() {
    let row = Row { id: id(1), received: 10, import: false };
    let new = NewReceipt {
        chain: chart("child"),
        epoch_key: Some(pk("e")),
        before: 0,
        prev: None,
        mark: PolicyMark::default(),
        rows: &[row],
        created_at: START,
    };
    let good = build(&keys("box"), &new);
    assert!(parse(&good).is_some());
    let with = |change: &dyn Fn(&mut Vec<Vec<String>>)| -> Event {
        let mut tags: Vec<Vec<String>> = good.tags.iter().map(|tag| tag.as_slice().to_vec()).collect();
        change(&mut tags);
        let tags = tags.into_iter().map(|tag| crate::Tag::parse(tag).unwrap()).collect();
        sign(&keys("box"), 2122, tags, "", START)
    };
    let text = |cells: &[&str]| cells.iter().map(|cell| (*cell).to_owned()).collect::<Vec<_>>();
    let bad: [Change<'_>; 7] = [
        &|tags| tags.push(text(&["x", "1"])),
        &|tags| tags.retain(|tag| tag[0] != "e"),
        &|tags| tags.retain(|tag| tag[0] != "policy"),
        &|tags| tags.push(text(&["c", "policy"])),
        &|tags| tags.push(tags.iter().find(|tag| tag[0] == "e").unwrap().clone()),
        &|tags| tags.push(text(&["e", &id(2).to_hex(), "9"])),
        &|tags| tags.iter_mut().filter(|tag| tag[0] == "n").for_each(|tag| tag[1] = "0".into()),
    ];
    for change in bad {
        assert_eq!(parse(&with(change)), None);
    }
    assert_eq!(parse(&sign(&keys("box"), 2122, good.tags.to_vec(), "text", START)), None);
}

#[test]
fn readers_fold_by_receipts_what_the_relay_folded_by_arrival() {
    let (world, scribe) = written();
    let book = read(&world, &scribe, Readership::Staff);
    assert_eq!(book.policy_state(), Completeness::Whole);
    let (ours, theirs) = (book.policy().now(world.now), world.policy.now(world.now));
    for name in ["doctor", "nurse", "desk", "child", "own", "mother", "father", "fhir", "nobody"] {
        assert_eq!(ours.person(&pk(name)), theirs.person(&pk(name)), "{name}");
    }
    assert_eq!(ours.patients().len(), 2);
}

#[test]
fn a_family_folds_the_members_chain_and_what_names_it() {
    let (world, scribe) = written();
    let book = read(&world, &scribe, Readership::Members);
    let view = book.policy().now(world.now);
    assert!(matches!(view.person(&pk("doctor")), Person::Member(_)));
    assert!(matches!(view.person(&pk("mother")), Person::Guardian(_)));
    assert!(matches!(view.person(&pk("child")), Person::Patient(_)));
}

#[test]
fn a_record_counts_by_its_row_at_the_position_of_its_mark() {
    let (mut world, mut scribe) = written();
    let early = world.record("nurse", 2113, Compartment::Chart, Some("child"), false);
    scribe.record(&world, &early);
    let end = world.roster("nurse", crate::permissions::Role::Nurse, &[], true);
    world.apply(&end).unwrap();
    scribe.policy(&world, &end);
    let late = world.record("nurse", 2113, Compartment::Chart, Some("child"), false);
    scribe.record(&world, &late);
    let book = read(&world, &scribe, Readership::Staff);
    for (event, member) in [(&early, true), (&late, false)] {
        let row = book.receipted(event).unwrap();
        let view = book.policy().at(row.position.unwrap(), row.received);
        assert_eq!(view.member(&pk("nurse")).is_some(), member);
    }
    assert_eq!(book.chain(&chart("child")).unwrap().n, 2);
    assert_eq!(book.receipted(&world.record("nurse", 2113, Compartment::Chart, None, false)), None);
}

/// Four records of one child in four receipts.
fn four() -> (World, Scribe, Vec<Event>, usize) {
    let (mut world, mut scribe) = written();
    let first = scribe.receipts.len();
    let records: Vec<Event> = (0..4)
        .map(|_| {
            let event = world.record("nurse", 2113, Compartment::Chart, Some("child"), false);
            scribe.record(&world, &event);
            event
        })
        .collect();
    (world, scribe, records, first)
}

#[test]
fn a_missing_receipt_is_a_gap_and_the_rows_of_the_others_count() {
    let (world, mut scribe, records, first) = four();
    let whole = read(&world, &scribe, Readership::Staff);
    assert_eq!(whole.chain(&chart("child")).unwrap().completeness, Completeness::Whole);
    scribe.receipts.remove(first + 1);
    let book = read(&world, &scribe, Readership::Staff);
    let state = book.chain(&chart("child")).unwrap();
    assert_eq!((state.completeness, state.n), (Completeness::Gap, 4));
    let counted: Vec<bool> = records.iter().map(|r| book.receipted(r).is_some()).collect();
    assert_eq!(counted, [true, false, true, true]);
    assert_eq!(book.share(&chart("child"), &BTreeSet::new()).unwrap().n, None);
}

#[test]
fn a_fork_of_a_clinical_chain_counts_both_sides() {
    let (mut world, mut scribe, _, first) = four();
    let third = parse(&scribe.receipts[first + 2]).unwrap();
    let other = world.record("nurse", 2113, Compartment::Chart, Some("child"), false);
    let row = Row { id: other.id, received: world.now, import: false };
    let new = NewReceipt {
        chain: chart("child"),
        epoch_key: Some(world.e(Compartment::Chart)),
        before: 2,
        prev: third.prev,
        mark: third.mark,
        rows: &[row],
        created_at: world.now,
    };
    scribe.receipts.push(build(&keys("box"), &new));
    let book = read(&world, &scribe, Readership::Staff);
    let state = book.chain(&chart("child")).unwrap();
    assert_eq!((state.completeness, state.ids.len()), (Completeness::Fork, 5));
    assert!(book.receipted(&other).is_some());
    assert_eq!(book.share(&chart("child"), &BTreeSet::new()).unwrap().n, None);
}

#[test]
fn a_selection_says_how_many_of_how_many_it_holds() {
    let (mut world, mut scribe, records, _) = four();
    let sequence = world.sequence();
    let order = crate::grants::build_destruction(&world.p, &[records[3].id], sequence, world.now);
    world.apply(&order).unwrap();
    scribe.policy(&world, &order);
    let book = read(&world, &scribe, Readership::Staff);
    let held = |n: usize| records[..n].iter().map(|r| r.id).collect::<BTreeSet<_>>();
    let some = book.share(&chart("child"), &held(2)).unwrap();
    assert_eq!((some.k, some.destroyed, some.n, some.is_complete()), (2, 1, Some(4), false));
    assert!(book.share(&chart("child"), &held(3)).unwrap().is_complete());
}

#[test]
fn a_receipt_by_an_uncertified_key_says_nothing() {
    let (mut world, mut scribe, records, _) = four();
    "thief".clone_into(&mut scribe.box_name);
    let forged = world.record("nurse", 2113, Compartment::Chart, Some("child"), false);
    scribe.record(&world, &forged);
    let book = read(&world, &scribe, Readership::Staff);
    assert_eq!(book.receipted(&forged), None);
    assert!(book.receipted(&records[3]).is_some());
    assert_eq!(book.chain(&chart("child")).unwrap().completeness, Completeness::Whole);
}

#[test]
fn a_gap_in_the_policy_chain_ends_what_counts() {
    let (mut world, mut scribe) = written();
    let end = world.roster("ma", crate::permissions::Role::Ma, &[], true);
    world.apply(&end).unwrap();
    scribe.policy(&world, &end);
    let lost = scribe.receipts.len() - 1;
    let back = world.roster("ma", crate::permissions::Role::Ma, &[], false);
    world.apply(&back).unwrap();
    scribe.policy(&world, &back);
    let late = world.record("nurse", 2113, Compartment::Chart, Some("child"), false);
    scribe.record(&world, &late);
    let whole = read(&world, &scribe, Readership::Staff);
    assert!(whole.receipted(&late).unwrap().position.is_some());
    scribe.receipts.remove(lost);
    let book = read(&world, &scribe, Readership::Staff);
    assert_eq!(book.policy_state(), Completeness::Gap);
    assert_eq!(book.receipted(&late).unwrap().position, None);
}

#[test]
fn a_restored_box_goes_on_where_the_last_receipt_that_counts_ended() {
    let (mut world, mut scribe, records, _) = four();
    let head = parse(scribe.receipts.last().unwrap()).unwrap();
    // The old box is lost; a thief of its key goes on with one more receipt.
    let stolen = world.record("nurse", 2113, Compartment::Chart, Some("child"), false);
    let by_thief = NewReceipt {
        chain: chart("child"),
        epoch_key: Some(world.e(Compartment::Chart)),
        before: head.n,
        prev: Some(head.id),
        mark: head.mark,
        rows: &[Row { id: stolen.id, received: world.now, import: false }],
        created_at: world.now,
    };
    let by_thief = build(&keys("box"), &by_thief);
    let epoch = world.epoch_with_box(600, "new-box");
    world.apply(&epoch).unwrap();
    "new-box".clone_into(&mut scribe.box_name);
    scribe.policy(&world, &epoch);
    let after = world.record("nurse", 2113, Compartment::Chart, Some("child"), false);
    scribe.record(&world, &after);
    scribe.receipts.push(by_thief);
    let book = read(&world, &scribe, Readership::Staff);
    assert_eq!(book.policy_state(), Completeness::Whole);
    assert!(book.receipted(&after).unwrap().position.is_some());
    assert!(book.receipted(&records[0]).is_some());
    assert_eq!(book.receipted(&stolen), None);
    let state = book.chain(&chart("child")).unwrap();
    assert_eq!((state.completeness, state.n), (Completeness::Whole, 5));
    let certified = |key: &PublicKey| book.policy().now(world.now).certified_box(key);
    assert_eq!((certified(&pk("new-box")), certified(&pk("box"))), (true, false));
}

#[test]
fn who_knows_the_newest_practice_key_alone_finds_the_claim_by_its_successions() {
    let (mut world, mut scribe) = written();
    let mut known = vec![world.p.public_key()];
    let mut next = "next-practice";
    for after in ["third-practice", "fourth-practice"] {
        let hash: [u8; 32] = <sha2::Sha256 as sha2::Digest>::digest(pk(after).as_bytes()).into();
        let sequence = world.sequence();
        let former = world.p.public_key();
        let event = crate::grants::build_succession(&keys(next), &former, &id(1), &hash, sequence, world.now);
        world.apply(&event).unwrap();
        scribe.policy(&world, &event);
        world.p = keys(next);
        known.push(pk(next));
        next = after;
    }
    for anchor in &known {
        let book = ReceiptBook::read(*anchor, Readership::Members, &scribe.receipts, &scribe.events);
        assert_eq!(book.policy_state(), Completeness::Whole);
        assert_eq!(book.policy().now(0).practices(), known);
    }
    let stranger = ReceiptBook::read(pk("stranger"), Readership::Staff, &scribe.receipts, &scribe.events);
    assert_eq!(stranger.policy().now(0).epoch(), None);
    // Two that contradict each other name nobody, and a circle ends.
    let forged = |signer: &str, former: &str| {
        let sequence = crate::epochs::Sequence { seq: 1, prev: None };
        crate::grants::build_succession(&keys(signer), &pk(former), &id(1), &[1; 32], sequence, START)
    };
    let mut events = scribe.events.clone();
    events.push(forged("next-practice", "stranger"));
    let book = ReceiptBook::read(pk("next-practice"), Readership::Members, &scribe.receipts, &events);
    assert_eq!(book.policy().now(0).epoch(), None);
    let circle = [forged("one", "other"), forged("other", "one")];
    assert_eq!(ReceiptBook::read(pk("one"), Readership::Members, &[], &circle).policy().now(0).epoch(), None);
}
