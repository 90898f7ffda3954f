//! The demo practice in a vault: a newcomer holds a ceremony without hardware.

use relaybox_tests::client::Client;
use relaybox_vault::envelope::{self, Opener};
use relaybox_vault::words::{Purpose, RecoveryWords};
use serde_json::Value;

use super::console::with_pin;
use super::*;

/// What the start says of the vault.
fn told(started: &DevBox) -> Value {
    let line: Value = serde_json::from_str(&started.line).unwrap();
    line["vault"].clone()
}

#[tokio::test]
async fn the_demo_gets_new_locks_with_two_software_keys_and_the_pin_that_it_prints() {
    let folder = TempDir::new().unwrap();
    let (data, config) = (folder.path().join("data"), folder.path().join("relaybox.toml"));
    let keys = SoftKeys::over(&folder.path().join("keys")).unwrap();
    write_config(folder.path(), &keys, "");
    for key in ["demo-one", "demo-two"] {
        keys.insert(key).unwrap();
    }
    let mut started = DevBox::demo_in(&data, &["--config", config.to_str().unwrap()]).unwrap();
    for key in ["demo-one", "demo-two"] {
        keys.tell(&format!("remove {key}")).unwrap();
    }
    let vault = told(&started);
    let pin = vault["pin"].as_str().unwrap();
    let rotate = ["ceremony", "--data", data.to_str().unwrap(), "rotate"];
    let (said, done) = with_pin(pin, &keys, &rotate, &["demo-two"]);
    assert!(done && said.contains("NEW LOCKS FOR ALL RECORDS"), "{said}");
    assert!(said.contains("software keys: for a demo only"), "{said}");
    assert_eq!(of_kind(&history(&started).await, 2105), 4);
    let nurse = started.ready.one("nurse").unwrap().keys().unwrap();
    let mut client = Client::login(started.ready.plain().unwrap(), None, &nurse).await.unwrap();
    let mine = json!({"kinds": [2101], "#p": [nurse.public_key().to_hex()]});
    assert_eq!(client.count(mine).await.unwrap(), 3, "one for each epoch since she came");
    let words = RecoveryWords::parse(vault["words"].as_str().unwrap()).unwrap();
    let sealed = std::fs::read(data.join("vault/vault.age")).unwrap();
    let opened = envelope::open(&sealed, &Opener::Words(&words.identity(Purpose::Vault))).unwrap();
    let practice = opened.contents.practice.public_key().to_hex();
    assert_eq!(Some(&practice), started.ready.practice.as_ref());
    assert!(started.terminate().unwrap().success());
    // The next start needs no key in the slot.
    let again = DevBox::start(&data, &["--demo", "--config", config.to_str().unwrap()]).unwrap();
    assert_eq!(told(&again), vault);
    let (said, done) = with_pin(pin, &keys, &rotate, &["demo-one"]);
    assert!(done, "{said}");
}

#[test]
fn without_software_keys_the_demo_starts_and_its_ceremonies_say_what_is_missing() {
    let folder = TempDir::new().unwrap();
    let data = folder.path().join("data");
    let keys = SoftKeys::over(&folder.path().join("keys")).unwrap();
    write_config(folder.path(), &keys, "");
    let config = folder.path().join("relaybox.toml");
    // A slot with nothing in it, and no slot.
    let with_slot = DevBox::demo_in(&data, &["--config", config.to_str().unwrap()]).unwrap();
    let log = std::fs::read_to_string(data.with_extension("log")).unwrap();
    assert!(log.contains("no ceremony can be held"), "{log}");
    for started in [with_slot, DevBox::demo().unwrap()] {
        assert_eq!(told(&started), Value::Null);
        let rotate = ["ceremony", "--data", started.folder().to_str().unwrap(), "rotate"];
        let (said, done) = with_pin("none", &keys, &rotate, &[]);
        assert!(!done && said.contains("this vault holds no practice's key"), "{said}");
    }
}
