//! The reference proves nothing if it shares code with what it judges.

/// All that `reference` may name of the product.
const ALLOWED: [&str; 3] = [
    "use relaybox_protocol::event::Verified;",
    "use relaybox_protocol::event::key_from_hex;",
    "use relaybox_protocol::keys::{KeyRole, proof_holds};",
];

const SOURCES: [(&str, &str); 6] = [
    ("reference.rs", include_str!("reference.rs")),
    ("reference/admission.rs", include_str!("reference/admission.rs")),
    ("reference/fold.rs", include_str!("reference/fold.rs")),
    ("reference/policy.rs", include_str!("reference/policy.rs")),
    ("reference/receipts.rs", include_str!("reference/receipts.rs")),
    ("reference/scope.rs", include_str!("reference/scope.rs")),
];

/// Lines that name a crate of the product otherwise than allowed.
fn foreign(source: &str) -> Vec<&str> {
    let named = source.lines().filter(|line| line.contains("relaybox_"));
    named.filter(|line| !ALLOWED.contains(&line.trim())).collect()
}

#[test]
fn the_reference_takes_only_parsing_and_signature_checks_from_the_product() {
    let modules = include_str!("reference.rs").lines().filter(|line| line.starts_with("mod ")).count();
    assert_eq!(modules + 1, SOURCES.len(), "a module of the reference is not read here");
    for (name, source) in SOURCES {
        assert_eq!(foreign(source), Vec::<&str>::new(), "{name}");
        let outside = ["use crate::", "use super::super::"];
        let strays: Vec<_> =
            source.lines().filter(|line| outside.iter().any(|word| line.trim().starts_with(word))).collect();
        assert_eq!(strays, Vec::<&str>::new(), "{name} reaches out of the reference");
    }
    assert_eq!(foreign("use relaybox_protocol::scope::Scope;").len(), 1, "the check sees a foreign line");
}
