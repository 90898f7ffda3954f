//! Foreign clients (nostr-tools under Node) against a demo box.

use relaybox_tests::dev::DevBox;
use relaybox_tests::node;

#[test]
fn nostr_tools_does_all_that_its_documentation_says() {
    let dev = DevBox::demo().unwrap();
    let output = node::run("tests/node/interop.mjs", &dev, &[]).unwrap();
    assert!(output.status.success(), "{}", node::said(&output));
    // Node's runner also succeeds when it finds no test.
    assert!(String::from_utf8_lossy(&output.stdout).contains("# pass 10"), "{}", node::said(&output));
}
