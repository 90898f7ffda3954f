//! Our kind numbers against the kind table of the NIPs (a committed copy, `nips-kinds.csv`).

use crate::tree;

/// Kinds we take from a NIP and use as that NIP says: they stand in its table on purpose.
const TAKEN: [u16; 15] =
    [0, 5, 13, 14, 15, 62, 1059, 10_002, 10_050, 10_063, 22_242, 24_242, 27_235, 30_078, 3];

/// Kinds of NIP texts without a row in the table: NIP-59's ephemeral wrap, and NIP-82 (PR 357, not
/// merged), used as they say.
const UNLISTED: [u16; 3] = [82, 21_059, 32_225];

/// (first, last, description) of each row.
fn nips() -> Vec<(u16, u16, String)> {
    tree::read("tests/house/nips-kinds.csv")
        .lines()
        .filter(|line| !line.starts_with('#') && !line.starts_with("first,"))
        .map(|line| {
            let mut cells = line.splitn(3, ',');
            let mut number = || cells.next().unwrap().parse().unwrap();
            let (first, last) = (number(), number());
            (first, last, cells.next().unwrap().to_owned())
        })
        .collect()
}

/// The constants of `protocol::kinds`, as (name, number), ranges filled in.
fn ours() -> Vec<(String, u16)> {
    let source = tree::read("firmware/protocol/src/kinds.rs");
    let mut kinds: Vec<(String, u16)> = tree::product_code(&source)
        .lines()
        .filter_map(|line| {
            let (name, value) = line.strip_prefix("pub const ")?.split_once(": u16 = ")?;
            Some((name.to_owned(), value.trim_end_matches(';').replace('_', "").parse().ok()?))
        })
        .collect();
    kinds.extend((4051..4055).map(|number| ("SIGNALLING".to_owned(), number)));
    kinds
}

#[test]
fn our_own_kinds_are_free_in_the_kind_table_of_the_nips() {
    let (nips, ours) = (nips(), ours());
    assert!(nips.len() > 150 && ours.len() > 45, "a table was not read");
    for (name, number) in ours {
        let taken = nips.iter().find(|(first, last, _)| (*first..=*last).contains(&number));
        if TAKEN.contains(&number) {
            assert!(taken.is_some(), "{name} {number} is said to be a NIP's, and is in no row");
        } else if !UNLISTED.contains(&number) {
            assert!(taken.is_none(), "{name} {number} collides with {taken:?}");
        }
    }
}

#[test]
fn no_kind_number_has_two_names() {
    let mut numbers: Vec<u16> = ours().into_iter().map(|(_, number)| number).collect();
    let all = numbers.len();
    numbers.sort_unstable();
    numbers.dedup();
    assert_eq!(numbers.len(), all);
}
