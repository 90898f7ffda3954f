//! Pages that the binary writes itself are the ones in the tree.

use std::collections::BTreeSet;
use std::process::Command;

use relaybox_protocol::{body, envelope, event, kinds};
use relaybox_tests::{dev, node, pages};

#[test]
fn the_configuration_page_is_what_the_binary_prints() {
    let output = Command::new(dev::binary().unwrap()).args(["config", "doc"]).output().unwrap();
    assert!(output.status.success());
    let page = std::fs::read_to_string(node::root().join("docs/ref/config.md")).unwrap();
    assert_eq!(String::from_utf8(output.stdout).unwrap(), page);
}

/// Whether a page of `docs/ref` differs from the code; what it should be is then left below `target/`.
fn stale(name: &str, wanted: &str) -> bool {
    let found = std::fs::read_to_string(node::root().join("docs/ref").join(name)).unwrap_or_default();
    if found == wanted {
        return false;
    }
    let place = node::root().join("target/pages");
    std::fs::create_dir_all(&place).unwrap();
    std::fs::write(place.join(name), wanted).unwrap();
    true
}

#[test]
fn the_interoperability_page_is_made_from_the_code() {
    let examples = pages::examples().unwrap();
    let wanted = [
        ("interoperability.md", pages::page(&examples).unwrap()),
        ("examples.json", pages::examples_json(&examples).unwrap()),
        ("envelope.schema.json", pages::schema().unwrap()),
    ];
    let stale: Vec<&str> =
        wanted.iter().filter(|(name, text)| stale(name, text)).map(|(name, _)| *name).collect();
    assert!(stale.is_empty(), "stale: {stale:?}; run `make docs`");
}

#[test]
fn every_example_is_signed_and_every_clinical_one_has_a_whole_envelope() {
    let examples = pages::examples().unwrap();
    for example in &examples {
        event::verify(&example.event).unwrap();
        let kind = example.event.kind.as_u16();
        if kinds::is_clinical(kind) {
            let envelope =
                envelope::parse(&example.event).unwrap_or_else(|| panic!("{kind} has no envelope"));
            let body = example.plaintext.as_deref().unwrap();
            assert_eq!(body::commitment(body.as_bytes()), envelope.commitment, "{kind}");
        }
    }
    let shown: BTreeSet<u16> = examples.iter().map(|example| example.event.kind.as_u16()).collect();
    let missing: Vec<u16> = (2100..=2127).filter(|kind| !shown.contains(kind)).collect();
    assert!(missing.is_empty(), "no example of {missing:?}");
}
