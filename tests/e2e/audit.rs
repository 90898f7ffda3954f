//! The audit of a running box: what stands in it, and what its tool says when somebody has touched it.

use std::path::Path;
use std::process::{Command, Output};

use relaybox_audit::chain::stored;
use relaybox_audit::{FILE, WRITER};
use relaybox_process::clock::Clock;
use relaybox_process::rpc::audit::Stored;
use relaybox_protocol::{Keys, event};
use relaybox_store::chain::Chains;
use relaybox_tests::client::{Client, auth_event};
use relaybox_tests::dev::{DevBox, binary};

fn verify(folder: &Path) -> Output {
    let mut command = Command::new(binary().unwrap());
    command.args(["audit", "verify", "--data"]).arg(folder).output().unwrap()
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

async fn entries(folder: &Path) -> Vec<Stored> {
    let chains = Chains::look(&folder.join("audit").join(FILE)).await.unwrap();
    let links = chains.scan(WRITER, 0, 100_000).await.unwrap();
    links.iter().map(|link| stored(link).unwrap()).collect()
}

fn touch(folder: &Path, sql: &str) {
    let conn = rusqlite::Connection::open(folder.join("audit").join(FILE)).unwrap();
    assert_eq!(conn.execute(sql, []).unwrap(), 1);
}

#[tokio::test]
async fn logins_refusals_and_policy_stand_in_the_audit_and_a_touched_one_is_found() {
    let mut dev = DevBox::demo().unwrap();
    let nurse = dev.ready.one("nurse").unwrap().keys().unwrap();
    let mut client = Client::login(dev.ready.plain().unwrap(), None, &nurse).await.unwrap();
    let note = event::sign(&nurse, 1, vec![], "", Clock::System.now());
    let (accepted, _) = client.publish(&note).await.unwrap();
    assert!(!accepted);
    let mut other = Client::connect(dev.ready.plain().unwrap(), None).await.unwrap();
    let challenge = other.challenge().await.unwrap();
    let elsewhere = auth_event(&nurse, "wss://elsewhere.example", &challenge, Clock::System.now());
    let frame =
        serde_json::json!(["AUTH", serde_json::from_str::<serde_json::Value>(&elsewhere.as_json()).unwrap()]);
    other.send(&frame).await.unwrap();
    assert!(!other.ok(&elsewhere.id.to_hex()).await.unwrap().0);
    let stranger = Keys::generate();
    Client::login(dev.ready.plain().unwrap(), None, &stranger).await.unwrap();
    drop(client);
    assert!(dev.terminate().unwrap().success());
    let folder = dev.folder().to_path_buf();

    let all = entries(&folder).await;
    let key = nurse.public_key().to_hex();
    let found = |what: &str, by: Option<&str>| {
        all.iter().find(|stored| stored.entry.what == what && stored.entry.by.as_deref() == by)
    };
    assert_eq!(found("login", Some(&key)).unwrap().role, "relay");
    let refusal = found("refusal", Some(&key)).unwrap();
    assert_eq!(refusal.entry.facts, [("code".to_owned(), "kind-not-taken".to_owned())]);
    let failed = all.iter().find(|stored| stored.entry.what == "login-refused").unwrap();
    assert_eq!(failed.entry.about.as_deref(), Some(key.as_str()));
    assert_eq!(failed.entry.facts, [("code".to_owned(), "auth-invalid".to_owned())]);
    assert!(found("login", None).is_some(), "a key that is nobody here is not named");
    assert!(all.iter().any(|stored| stored.entry.what == "policy"), "the demo's policy is entered");
    let text = serde_json::to_string(&all).unwrap();
    assert!(!text.contains(&stranger.public_key().to_hex()));

    let whole = verify(&folder);
    assert!(whole.status.success(), "{}", said(&whole));
    assert!(
        said(&whole).starts_with(&format!("the audit is whole: {} entries", all.len())),
        "{}",
        said(&whole)
    );
    touch(
        &folder,
        "UPDATE entry SET bytes = CAST(replace(CAST(bytes AS TEXT), '\"at\":1', '\"at\":2') AS BLOB) WHERE number = 2",
    );
    let changed = verify(&folder);
    assert!(!changed.status.success());
    touch(&folder, "DELETE FROM entry WHERE number = 3");
    let removed = verify(&folder);
    assert!(said(&removed).contains("chain box: entries 3 to 3 are missing"), "{}", said(&removed));
    assert!(said(&changed).contains("chain box: entry 2"), "{}", said(&changed));
}

#[tokio::test]
async fn an_anchor_stands_among_the_practices_policy_and_finds_a_chain_that_was_cut_with_its_end() {
    let own = tempfile::TempDir::new().unwrap();
    let config = own.path().join("relaybox.toml");
    std::fs::write(&config, "[audit]\nanchor_seconds = 1\n").unwrap();
    let folder = own.path().join("data");
    let mut dev = DevBox::start(&folder, &["--demo", "--config", config.to_str().unwrap()]).unwrap();
    let owner = dev.ready.one("doctor").unwrap().keys().unwrap();
    let mut client = Client::login(dev.ready.plain().unwrap(), None, &owner).await.unwrap();
    client.send(&serde_json::json!(["REQ", "anchors", {"kinds": [2128]}])).await.unwrap();
    let frame = client.wait(|frame| frame[0] == "EVENT" && frame[1] == "anchors").await.unwrap();
    let anchor = relaybox_audit::verify::signed(&frame[2].to_string()).unwrap();
    let audit_key = std::fs::read_to_string(folder.join("credentials/audit.key")).unwrap();
    assert_eq!(anchor.by, Keys::parse(audit_key.trim_end()).unwrap().public_key());
    assert_eq!(anchor.heads[0].0, WRITER);
    // A family reads no anchor, and reads on.
    let parent = dev.ready.one("guardian").unwrap().keys().unwrap();
    let mut family = Client::login(dev.ready.plain().unwrap(), None, &parent).await.unwrap();
    assert_eq!(family.count(serde_json::json!({"kinds": [2128]})).await.unwrap(), 0);
    assert!(family.count(serde_json::json!({"kinds": [2104]})).await.unwrap() > 0);
    drop((client, family));
    assert!(dev.terminate().unwrap().success());
    let whole = verify(&folder);
    assert!(whole.status.success() && !said(&whole).contains(" 0 published anchors"), "{}", said(&whole));
    let conn = rusqlite::Connection::open(folder.join("audit").join(FILE)).unwrap();
    conn.execute_batch(
        "DELETE FROM entry WHERE number > 1; DELETE FROM anchor; \
         UPDATE writer SET number = 1, hash = (SELECT hash FROM entry WHERE number = 1);",
    )
    .unwrap();
    drop(conn);
    let cut = verify(&folder);
    assert!(!cut.status.success());
    assert!(
        said(&cut).contains("chain box: the chain ends at entry 1, and an anchor signed entry"),
        "{}",
        said(&cut)
    );
}
