use super::*;
use crate::event::Verified;
use crate::testing::{keys, random};

const NOW: u64 = 1_790_000_000;

fn epoch(secrets: &EpochSecrets, previous: Option<&EpochSecrets>) -> Event {
    let (escrow, receipts, audit) = (keys("v").public_key(), keys("b").public_key(), keys("b2").public_key());
    let next = "ab".repeat(32);
    let new = NewEpoch {
        secrets,
        previous,
        escrow: &escrow,
        receipts_box: &receipts,
        audit_box: &audit,
        grace: 600,
        next: previous.is_none().then_some(next.as_str()),
        sequence: Sequence { seq: secrets.n, prev: previous.map(|_| EventId::from_byte_array([3; 32])) },
        created_at: NOW,
    };
    build_epoch(&keys("practice"), &new, &mut random("epoch")).unwrap()
}

/// Three epochs and their 2105s.
fn three() -> ([EpochSecrets; 3], [Event; 3]) {
    let mut random = random("secrets");
    let secrets = [1, 2, 3].map(|n| EpochSecrets::generate(n, &mut random));
    let events = [
        epoch(&secrets[0], None),
        epoch(&secrets[1], Some(&secrets[0])),
        epoch(&secrets[2], Some(&secrets[1])),
    ];
    (secrets, events)
}

fn grant(secrets: &EpochSecrets, compartments: &[Compartment]) -> Event {
    let rows: Vec<_> = compartments.iter().map(|of| (*of, &secrets.of(*of).secret)).collect();
    let member = keys("member").public_key();
    build_grant(&keys("practice"), &member, secrets.n, &rows, NOW, &mut random("grant")).unwrap()
}

fn collect(events: &[Event], grants: &[Event]) -> Keyring {
    Keyring::collect(keys("member").secret_key(), events, grants)
}

#[test]
fn an_epoch_has_its_exact_shape() {
    let (secrets, events) = three();
    let names: Vec<&str> = events[1].tags.iter().map(Tag::kind).collect();
    let expected = [
        "n", "p", "p", "p", "v", "box", "box", "ek", "sealed", "sealed", "sealed", "keyring", "keyring",
        "keyring", "grace", "seq", "prev",
    ];
    assert_eq!(names, expected);
    let shape = parse(&events[1]).unwrap();
    assert_eq!((shape.n, shape.grace, shape.next), (2, 600, None));
    assert_eq!(shape.escrow, Some(keys("v").public_key()));
    assert_eq!(shape.receipts_box, Some(keys("b").public_key()));
    assert_eq!(shape.audit_box, Some(keys("b2").public_key()));
    for compartment in Compartment::ALL {
        assert_eq!(shape.key(compartment), Some(secrets[1].of(compartment).public));
    }
    let first = parse(&events[0]).unwrap();
    assert!(first.keyring.is_empty());
    assert_eq!((first.next, first.sequence.prev), (Some([0xab; 32]), None));
    assert!(Verified::from_event(events[1].clone()).is_ok());
}

#[test]
fn every_departure_from_the_shape_of_an_epoch_is_refused() {
    let (_, events) = three();
    let changed = |change: &dyn Fn(&mut Vec<Tag>)| {
        let mut tags = events[1].tags.clone().to_vec();
        change(&mut tags);
        parse(&event::sign(&keys("practice"), kinds::PRACTICE_EPOCH, tags, "", NOW))
    };
    assert!(changed(&|_| ()).is_some());
    for at in 0..16 {
        assert_eq!(changed(&|tags| drop(tags.remove(at))), None, "without tag {at}");
    }
    let hash = "ab".repeat(32);
    for row in [
        tag("n", ["2"]),
        tag("p", [&hash, "desk"]),
        tag("next", [&hash]),
        tag("signer", [&hash]),
        tag("expiration", ["1"]),
        tag("box", [&hash, "other"]),
    ] {
        assert_eq!(changed(&|tags| tags.push(row.clone())), None, "{row:?}");
    }
    let with_content = event::sign(&keys("practice"), 2105, events[1].tags.clone().to_vec(), "x", NOW);
    assert_eq!(parse(&with_content), None);
}

#[test]
fn the_escrow_opens_every_epoch() {
    let (secrets, events) = three();
    for (secrets, event) in secrets.iter().zip(&events) {
        let opened = open_escrow(keys("v").secret_key(), event).unwrap();
        assert_eq!(
            (opened.n, &opened.chart, &opened.confidential),
            (secrets.n, &secrets.chart, &secrets.confidential)
        );
        assert!(open_escrow(keys("thief").secret_key(), event).is_none());
    }
}

#[test]
fn a_new_member_walks_back_from_the_newest_epoch_to_the_first() {
    let (secrets, events) = three();
    let keyring = collect(&events, &[grant(&secrets[2], &[Compartment::Desk, Compartment::Chart])]);
    for secrets in &secrets {
        assert_eq!(keyring.secret_of(&secrets.desk.public), Some(&secrets.desk.secret));
        assert_eq!(keyring.secret_of(&secrets.chart.public), Some(&secrets.chart.secret));
        assert_eq!(keyring.secret_of(&secrets.confidential.public), None);
    }
    assert_eq!(keyring.newest(Compartment::Chart), Some(&secrets[2].chart));
    assert_eq!(keyring.newest(Compartment::Confidential), None);
    assert_eq!(keyring.pairs().map(|(n, _, _)| n).collect::<Vec<_>>(), vec![1, 1, 2, 2, 3, 3]);
}

#[test]
fn a_leaver_does_not_walk_forward() {
    let (secrets, events) = three();
    let keyring = collect(&events, &[grant(&secrets[1], &Compartment::ALL)]);
    assert_eq!(keyring.newest(Compartment::Chart), Some(&secrets[1].chart));
    assert!(keyring.secret_of(&secrets[0].chart.public).is_some());
    assert!(keyring.secret_of(&secrets[2].chart.public).is_none());
}

#[test]
fn a_reader_of_x1_cannot_open_the_keyring() {
    let (secrets, events) = three();
    let shape = parse(&events[1]).unwrap();
    let x1 = secrets[1].desk.practice_key().unwrap();
    assert_eq!(x1.decrypt(&shape.keyring[0].1), Err(CryptoError::Mac));
    assert!(keyring_key(&secrets[1].desk.secret).decrypt(&shape.keyring[0].1).is_ok());
}

#[test]
fn a_granted_secret_that_is_not_that_of_its_epoch_is_left_out() {
    let (secrets, events) = three();
    let false_grant = {
        let rows =
            [(Compartment::Desk, &secrets[1].desk.secret), (Compartment::Chart, &secrets[2].chart.secret)];
        let member = keys("member").public_key();
        build_grant(&keys("practice"), &member, 3, &rows, NOW, &mut random("false")).unwrap()
    };
    let keyring = collect(&events, &[false_grant]);
    assert!(keyring.newest(Compartment::Desk).is_none());
    assert_eq!(keyring.newest(Compartment::Chart), Some(&secrets[2].chart));
    let foreign =
        build_grant(&keys("practice"), &keys("other").public_key(), 3, &[], NOW, &mut random("f")).unwrap();
    assert_eq!(collect(&events, &[foreign]).pairs().count(), 0);
}

#[test]
fn grants_of_the_practice_carry_no_sequence() {
    let (secrets, _) = three();
    let event = grant(&secrets[0], &[Compartment::Desk]);
    assert_eq!(event.tags.iter().map(Tag::kind).collect::<Vec<_>>(), vec!["p", "n", "ek"]);
}

#[test]
fn epoch_0_carries_the_former_key_and_ends_nothing() {
    let former = EpochSecret::new(keys("p0").secret_key().clone());
    let (x1, escrow) = (former.practice_key().unwrap(), keys("v").public_key());
    let signers = [former.public, keys("old nurse").public_key()];
    let import = Import {
        former: &former.public,
        signers: &signers,
        escrow: &escrow,
        practice_key: &x1,
        sequence: Sequence { seq: 9, prev: Some(EventId::from_byte_array([4; 32])) },
        created_at: NOW,
    };
    let event = build_import(&keys("practice"), &import, &mut random("import")).unwrap();
    let names: Vec<&str> = event.tags.iter().map(Tag::kind).collect();
    assert_eq!(names, ["n", "p", "signer", "signer", "ek", "sealed", "seq", "prev"]);
    let shape = parse(&event).unwrap();
    assert_eq!(
        (shape.n, shape.keys, shape.signers),
        (0, vec![(Compartment::Chart, former.public)], signers.to_vec())
    );
    assert_eq!(open_legacy_escrow(keys("v").secret_key(), &event), Some(x1.clone()));
    assert_eq!(open_legacy_escrow(keys("thief").secret_key(), &event), None);
    assert!(open_escrow(keys("v").secret_key(), &event).is_none());
    let member = keys("member").public_key();
    let grant = build_legacy_grant(&keys("practice"), &member, &x1, NOW, &mut random("legacy")).unwrap();
    let (secrets, mut events) = three();
    events[0] = event;
    let keyring = collect(&events, &[grant, self::grant(&secrets[2], &[Compartment::Chart])]);
    assert_eq!(keyring.legacy(), Some(&x1));
    assert_eq!(keyring.newest(Compartment::Chart), Some(&secrets[2].chart));
}

#[test]
fn a_grant_that_names_one_compartment_twice_gives_nothing() {
    let (secrets, events) = three();
    let sealed = |text: &str| {
        let mut random = random("text");
        let (sealer, member) = (Sealer::new(&mut random), keys("member").public_key());
        let content = sealer.seal(&member, text.as_bytes(), &mut random).unwrap();
        let tags = vec![key_tag("p", &member), number_tag("n", 1), key_tag("ek", &sealer.ek())];
        let event = event::sign(&keys("practice"), kinds::PRACTICE_KEY_GRANT, tags, content, NOW);
        collect(&events, &[event]).pairs().count()
    };
    let secret = secrets[0].desk.secret.to_secret_hex();
    assert_eq!(sealed(&format!(r#"{{"desk":"{secret}"}}"#)), 1);
    assert_eq!(sealed(&format!(r#"{{"desk":"{secret}","desk":"{secret}"}}"#)), 0);
    assert_eq!(sealed(&format!(r#"{{"desk":"{secret}","chart":1}}"#)), 0);
}
