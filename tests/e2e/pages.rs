//! Pages that the binary writes itself are the ones in the tree.

use std::process::Command;

use relaybox_tests::{dev, node};

#[test]
fn the_configuration_page_is_what_the_binary_prints() {
    let output = Command::new(dev::binary().unwrap()).args(["config", "doc"]).output().unwrap();
    assert!(output.status.success());
    let page = std::fs::read_to_string(node::root().join("docs/ref/config.md")).unwrap();
    assert_eq!(String::from_utf8(output.stdout).unwrap(), page);
}
