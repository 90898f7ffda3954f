//! Every command block of the guide is run as it stands there. Two things are replaced: the box is the
//! binary that was built already, on port 0 with a folder of its own, and `ready.json` lies in that folder.

use std::path::Path;
use std::process::{Command, Output};

use relaybox_tests::client::Client;
use relaybox_tests::dev::DevBox;
use relaybox_tests::node;
use serde_json::{Value, json};

/// The `sh` blocks of a page.
fn blocks(page: &str) -> Vec<String> {
    page.split("```sh\n").skip(1).map(|rest| rest.split("```").next().unwrap().trim().to_owned()).collect()
}

fn shell(command: &str, ready: &Path) -> Output {
    let command = command.replace("ready.json", &ready.to_string_lossy());
    Command::new("bash")
        .args(["-euo", "pipefail", "-c", &command])
        .current_dir(node::root())
        .output()
        .unwrap()
}

/// What the person of this name counts.
async fn count(dev: &DevBox, name: &str, filter: Value) -> u64 {
    let person = dev.ready.persons.iter().find(|person| person.name == name).unwrap();
    let mut client = Client::login(dev.ready.plain().unwrap(), None, &person.keys().unwrap()).await.unwrap();
    client.count(filter).await.unwrap()
}

#[tokio::test]
async fn what_the_guide_cannot_read_exists_for_its_own_readers() {
    let dev = DevBox::demo().unwrap();
    let doctor = dev.ready.one("doctor").unwrap().name.clone();
    let others: Vec<_> = dev.ready.role("guardian").filter(|g| g.name != "Dana Demofield").collect();
    let other = others.iter().find(|guardian| !guardian.children.is_empty()).unwrap();
    let foreign = json!({"kinds": [2110, 2113, 2116], "#p": [other.children[0]]});
    assert!(count(&dev, &other.name, foreign.clone()).await > 0);
    assert_eq!(count(&dev, "Dana Demofield", foreign).await, 0);
    assert!(count(&dev, &doctor, json!({"kinds": [2123]})).await > 0);
    assert_eq!(count(&dev, "Dana Demofield", json!({"kinds": [2123]})).await, 0);
}

#[test]
fn the_guide_reads_a_childs_record_and_nothing_else() {
    let page = std::fs::read_to_string(node::root().join("docs/guide/read-a-record.md")).unwrap();
    let blocks = blocks(&page);
    let [setup, start, read, tls] = blocks.as_slice() else {
        panic!("the guide has other blocks: {blocks:?}")
    };

    assert!(shell(setup, Path::new("-")).status.success());

    let dev = DevBox::demo().unwrap();
    let ready = dev.folder().with_extension("ready.json");
    // The contract of the second block: these arguments, and one line on stdout.
    assert_eq!(start, "make run ARGS=\"--json --plain-relay 127.0.0.1:7777\" > ready.json");
    assert!(dev.ready.plain().unwrap().starts_with("ws://127.0.0.1:"));
    std::fs::write(&ready, &dev.line).unwrap();

    let output = shell(read, &ready);
    let said = node::said(&output);
    assert!(output.status.success(), "{said}");
    for epoch in ["epoch 1", "epoch 2", "epoch 3"] {
        assert!(said.contains(epoch), "nothing of {epoch} was read: {said}");
    }
    assert!(said.contains("Immunization"), "no record was read: {said}");
    assert!(!said.contains("not shown"), "{said}");
    assert!(said.contains("records of another child: 0"), "{said}");
    assert!(said.contains("confidential records: 0"), "{said}");

    let output = shell(tls, &ready);
    assert!(node::said(&output).contains("logged in at wss://"), "{}", node::said(&output));
}
