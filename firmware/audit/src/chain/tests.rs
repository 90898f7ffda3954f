use super::*;

const WRITER: &str = "box";

fn none() -> End {
    End { writer: WRITER.to_owned(), number: 0, hash: [0; 32], found: 0 }
}

fn entry(n: u64) -> Entry {
    Entry::new(100 + n, "login").by(format!("{n:064x}")).fact("surface", "lan")
}

/// Five entries, and where they end.
fn chain() -> (Vec<Link>, End) {
    let writer = Writer::after(&none(), None).unwrap();
    let (mut links, writer) = writer.extend(1_000, "relay", (1..=3).map(entry).collect()).unwrap();
    let (more, writer) = writer.extend(1_005, "admin", (4..=5).map(entry).collect()).unwrap();
    links.extend(more);
    let end = End { writer: WRITER.to_owned(), number: 5, hash: writer.hash(), found: 5 };
    (links, end)
}

fn check(links: &[Link], end: &End, anchored: Vec<(u64, [u8; 32])>) -> (u64, Vec<Fault>) {
    let mut checker = Checker::new(end.clone(), anchored);
    links.iter().for_each(|link| checker.entry(link));
    checker.finish()
}

#[test]
fn a_chain_that_nobody_touched_has_no_fault() {
    let (links, end) = chain();
    assert_eq!(check(&links, &end, vec![(3, links[2].hash), (5, links[4].hash)]), (5, vec![]));
    assert_eq!(check(&[], &none(), vec![]), (0, vec![]));
    let stored = stored(&links[3]).unwrap();
    assert_eq!((stored.role.as_str(), stored.received, stored.entry), ("admin", 1_005, entry(4)));
}

#[test]
fn the_hash_is_the_one_that_the_page_describes() {
    let (links, _) = chain();
    let first = Sha256::digest([b"relaybox/audit/1\0".as_slice(), &[0; 32], &links[0].bytes].concat());
    assert_eq!(links[0].hash, <[u8; 32]>::from(first));
    assert_eq!(
        std::str::from_utf8(&links[0].bytes).unwrap(),
        format!(
            "{{\"writer\":\"box\",\"number\":1,\"received\":1000,\"role\":\"relay\",\"entry\":{{\"at\":101,\
             \"what\":\"login\",\"by\":\"{:064x}\",\"about\":null,\"facts\":[[\"surface\",\"lan\"]]}}}}",
            1
        )
    );
}

#[test]
fn every_flipped_byte_is_found_at_its_entry() {
    let (links, end) = chain();
    for (at, link) in links.iter().enumerate() {
        for byte in 0..link.bytes.len() + link.hash.len() {
            let mut changed = links.clone();
            match byte.checked_sub(link.bytes.len()) {
                None => changed[at].bytes[byte] ^= 1,
                Some(byte) => changed[at].hash[byte] ^= 1,
            }
            let (_, faults) = check(&changed, &end, vec![]);
            assert!(
                faults.contains(&Fault::Hash(link.number)),
                "entry {} byte {byte}: {faults:?}",
                link.number
            );
            let elsewhere = faults.iter().any(|fault| matches!(fault, Fault::Hash(n) if *n != link.number));
            assert!(!elsewhere, "entry {} byte {byte}: {faults:?}", link.number);
        }
    }
    for byte in 0..32 {
        let mut end = end.clone();
        end.hash[byte] ^= 1;
        assert_eq!(check(&links, &end, vec![]).1, [Fault::End(5)]);
    }
}

#[test]
fn a_removed_entry_is_named_wherever_it_stood() {
    let (links, end) = chain();
    for at in 0..4 {
        let mut less = links.clone();
        less.remove(at);
        let number = at as u64 + 1;
        assert_eq!(check(&less, &end, vec![]).1, [Fault::Missing { first: number, last: number }]);
    }
}

#[test]
fn a_removed_entry_whose_followers_were_numbered_anew_is_found() {
    let (mut less, _) = chain();
    less.remove(1);
    for (at, link) in less.iter_mut().enumerate() {
        link.number = at as u64 + 1;
    }
    let end = End { writer: WRITER.to_owned(), number: 4, hash: less[3].hash, found: 4 };
    let faults = check(&less, &end, vec![]).1;
    assert!(faults.contains(&Fault::Hash(2)), "{faults:?}");
    assert!(faults.contains(&Fault::Place { number: 2, said: "entry 3 of box".to_owned() }), "{faults:?}");
}

#[test]
fn entries_that_changed_places_are_named() {
    let (links, end) = chain();
    for (one, other) in [(0, 1), (1, 3), (3, 4)] {
        let mut changed = links.clone();
        changed.swap(one, other);
        let number = changed[one].number;
        changed[one].number = changed[other].number;
        changed[other].number = number;
        let faults = check(&changed, &end, vec![]).1;
        for place in [one, other] {
            let named = faults
                .iter()
                .any(|fault| matches!(fault, Fault::Place { number, .. } if *number == place as u64 + 1));
            assert!(named, "{one} and {other}: {faults:?}");
        }
    }
}

#[test]
fn a_chain_cut_off_at_its_end_is_found_by_its_end_and_by_an_anchor_when_the_end_was_changed_as_well() {
    let (links, end) = chain();
    let cut = &links[..3];
    assert_eq!(check(cut, &end, vec![]).1, [Fault::Truncated { found: 3, said: 5 }]);
    let forged = End { number: 3, hash: links[2].hash, found: 3, ..end.clone() };
    assert_eq!(check(cut, &forged, vec![]).1, [], "the file alone cannot tell");
    let anchored = vec![(2, links[1].hash), (5, links[4].hash)];
    assert_eq!(check(cut, &forged, anchored).1, [Fault::Shorter { found: 3, signed: 5 }]);
    let beyond = End { number: 3, hash: links[2].hash, ..end };
    assert_eq!(check(cut, &beyond, vec![]).1, [Fault::Beyond { found: 5, said: 3 }]);
}

#[test]
fn a_chain_that_was_written_anew_is_found_by_an_anchor() {
    let (links, _) = chain();
    let writer = Writer::after(&none(), None).unwrap();
    let (anew, writer) = writer.extend(1_000, "relay", (11..=15).map(entry).collect()).unwrap();
    let end = End { writer: WRITER.to_owned(), number: 5, hash: writer.hash(), found: 5 };
    assert_eq!(check(&anew, &end, vec![]).1, [], "the file alone cannot tell");
    assert_eq!(check(&anew, &end, vec![(4, links[3].hash)]).1, [Fault::Anchor(4)]);
}

#[test]
fn the_second_of_an_entry_never_falls() {
    let (links, end) = chain();
    let writer = Writer::after(&end, links.last()).unwrap();
    let (late, _) = writer.extend(7, "relay", vec![entry(6)]).unwrap();
    assert_eq!(stored(&late[0]).unwrap().received, 1_005);
    // Somebody who writes a chain himself cannot make it fall either.
    let early = Writer { received: 0, ..writer };
    let (early, after) = early.extend(7, "relay", vec![entry(6)]).unwrap();
    let end = End { number: 6, hash: after.hash(), found: 6, ..end };
    assert_eq!(check(&[links, early].concat(), &end, vec![]).1, [Fault::Time(6)]);
}

#[test]
fn nothing_is_built_on_an_end_that_does_not_fit_its_last_entry() {
    let (links, end) = chain();
    assert!(Writer::after(&end, links.last()).is_ok());
    let refused = |end: &End, last: Option<&Link>| Writer::after(end, last).is_err();
    assert!(refused(&end, None));
    assert!(refused(&end, Some(&links[3])));
    assert!(refused(&End { hash: [7; 32], ..end.clone() }, links.last()));
    let unreadable = Link { bytes: b"{}".to_vec(), ..links[4].clone() };
    assert!(refused(&end, Some(&unreadable)));
}

#[test]
fn a_chain_that_is_damaged_all_over_is_listed_up_to_a_bound() {
    let links: Vec<Link> =
        (1..=300).map(|number| Link { number, hash: [0; 32], bytes: b"x".to_vec() }).collect();
    let end = End { writer: WRITER.to_owned(), number: 300, hash: [0; 32], found: 300 };
    let faults = check(&links, &end, vec![]).1;
    assert_eq!(faults.len(), FAULTS_MAX + 1);
    assert!(matches!(faults.last(), Some(Fault::More(_))));
}
