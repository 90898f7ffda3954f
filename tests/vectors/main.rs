//! Reads `tests/vectors/*.json` as any implementation would: from the file alone, without the maker.
//! The one test that knows the maker compares its files with the committed ones, byte for byte.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test stops at the first surprise")]

mod access;
mod cases;
mod keys;
mod policy;
mod records;
mod registration;

use relaybox_tests::vectors;

#[test]
fn the_committed_vectors_are_those_that_our_code_makes() {
    for (name, text) in vectors::all() {
        assert!(cases::text(name) == text, "{name} differs: run make-vectors, look at the change");
    }
}

#[test]
fn every_vector_file_is_described() {
    let readme = cases::text("README.md");
    let missing: Vec<String> =
        cases::names().into_iter().filter(|name| !readme.contains(&format!("`{name}`"))).collect();
    assert!(missing.is_empty(), "not in README.md: {missing:?}");
}
