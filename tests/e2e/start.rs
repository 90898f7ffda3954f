//! Starting and stopping the box: what the ready line says, what stays, and what is refused.

use std::path::Path;
use std::process::{Command, Output};

use relaybox_tests::client::Client;
use relaybox_tests::dev::{self, DevBox};
use relaybox_tests::http;
use serde_json::{Value, json};
use tempfile::TempDir;

/// Runs the binary to its end.
fn run(arguments: &[&str]) -> Output {
    Command::new(dev::binary().unwrap()).args(arguments).output().unwrap()
}

/// Runs a command that must fail, and gives what it said.
fn refused(arguments: &[&str]) -> String {
    let output = run(arguments);
    assert!(!output.status.success(), "{arguments:?} succeeded");
    assert!(output.stdout.is_empty(), "{arguments:?} printed on standard output");
    String::from_utf8(output.stderr).unwrap()
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

#[test]
fn the_ready_line_has_the_fields_of_the_contract_and_nothing_else_is_printed() {
    let started = DevBox::empty().unwrap();
    let line: Value = serde_json::from_str(&started.line).unwrap();
    let fields: Vec<&str> = line.as_object().unwrap().keys().map(String::as_str).collect();
    let mut expected =
        ["ready", "origins", "relay", "relay_plain", "ca", "practice", "epochs", "persons", "vault"].to_vec();
    expected.sort_unstable();
    assert_eq!(fields, expected);
    assert_eq!(line["ready"], json!(true));
    assert_eq!(line["practice"], Value::Null);
    assert_eq!((&line["epochs"], &line["persons"]), (&json!([]), &json!([])));
    assert_eq!(line["vault"], Value::Null);
    let port = |url: &str| url.rsplit(':').next().unwrap().parse::<u16>().unwrap();
    assert!(started.ready.relay.starts_with("wss://localhost:") && port(&started.ready.relay) > 0);
    let plain = started.ready.plain().unwrap();
    assert!(plain.starts_with("ws://127.0.0.1:") && port(plain) > 0);
    assert!(started.ready.ca.is_absolute() && started.ready.ca.is_file());
}

#[tokio::test]
async fn a_box_without_a_practice_serves_its_state_on_every_name_and_takes_nothing() {
    let started = DevBox::empty().unwrap();
    let ca = &started.ready.ca;
    let port = started.ready.relay.rsplit(':').next().unwrap();
    for host in ["localhost", "127.0.0.1"] {
        let origin = format!("https://{host}:{port}");
        let health = http::get(&format!("{origin}/health"), ca, &[]).await.unwrap();
        assert!(health.contains("\"relay\":\"unclaimed\""), "{health}");
        let page = http::get(&origin, ca, &[("Accept-Language", "es")]).await.unwrap();
        assert!(page.contains("todavía no es de nadie"), "{page}");
        let document = http::get(&origin, ca, &[("Accept", "application/nostr+json")]).await.unwrap();
        assert!(document.contains("\"supported_nips\""), "{document}");
    }
    let mut client = Client::connect(&started.ready.relay, Some(ca)).await.unwrap();
    client.send(&json!(["REQ", "a", {"kinds": [2110]}])).await.unwrap();
    let closed = client.wait(|frame| frame[0] == "CLOSED").await.unwrap();
    assert_eq!(closed[2], json!("error: this box has no practice yet"));
}

#[tokio::test]
async fn sigterm_says_goodbye_to_open_clients_and_ends_cleanly() {
    let mut started = DevBox::empty().unwrap();
    let url = started.ready.relay.clone();
    let mut client = Client::connect(&url, Some(&started.ready.ca)).await.unwrap();
    client.wait(|frame| frame[0] == "AUTH").await.unwrap();
    let goodbye = tokio::spawn(async move { client.wait(|_| false).await.unwrap_err().to_string() });
    let status = tokio::task::spawn_blocking(move || started.terminate().unwrap()).await.unwrap();
    assert!(status.success(), "{status}");
    let goodbye = goodbye.await.unwrap();
    assert!(goodbye.contains("Away"), "{goodbye}");
}

#[test]
fn the_second_start_keeps_what_is_there_and_reset_makes_it_new() {
    let folder = TempDir::new().unwrap();
    let kept = |started: &DevBox| {
        let key = std::fs::read_to_string(started.folder().join("credentials/receipts.key")).unwrap();
        (std::fs::read_to_string(&started.ready.ca).unwrap(), key)
    };
    let start = |arguments: &[&str]| {
        let mut started = DevBox::start(folder.path(), arguments).unwrap();
        let found = kept(&started);
        assert!(started.terminate().unwrap().success());
        found
    };
    let first = start(&["--empty"]);
    assert_eq!(start(&[]), first);
    let fresh = start(&["--empty", "--reset"]);
    assert!(fresh.0 != first.0 && fresh.1 != first.1);
}

#[test]
fn after_a_kill_the_same_folder_starts_again() {
    let folder = TempDir::new().unwrap();
    let mut killed = DevBox::start(folder.path(), &["--empty"]).unwrap();
    let ca = std::fs::read_to_string(&killed.ready.ca).unwrap();
    killed.kill().unwrap();
    let again = DevBox::start(folder.path(), &["--empty"]).unwrap();
    assert_eq!(std::fs::read_to_string(&again.ready.ca).unwrap(), ca);
}

#[test]
fn two_boxes_do_not_share_a_folder() {
    let first = DevBox::empty().unwrap();
    for more in [&[][..], &["--reset"][..]] {
        let mut arguments = vec!["dev", "--json", "--listen", "127.0.0.1:0", "--data", text(first.folder())];
        arguments.extend_from_slice(more);
        let said = refused(&arguments);
        assert!(said.contains("another box is running in it"), "{said}");
    }
    assert!(first.ready.ca.is_file());
}

#[test]
fn reset_removes_nothing_from_a_folder_that_is_not_ours() {
    let folder = TempDir::new().unwrap();
    let thesis = folder.path().join("thesis.txt");
    std::fs::write(&thesis, "years of work").unwrap();
    let said = refused(&["dev", "--reset", "--listen", "127.0.0.1:0", "--data", text(folder.path())]);
    assert!(said.contains("does not carry our marker"), "{said}");
    assert_eq!(std::fs::read_to_string(&thesis).unwrap(), "years of work");
}

#[test]
fn the_relay_without_tls_is_offered_on_loopback_only() {
    let folder = TempDir::new().unwrap();
    let arguments =
        ["dev", "--listen", "127.0.0.1:0", "--plain-relay", "0.0.0.0:0", "--data", text(folder.path())];
    let said = refused(&arguments);
    assert!(said.contains("only loopback addresses"), "{said}");
}

#[test]
fn an_address_in_use_says_what_to_do() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let folder = TempDir::new().unwrap();
    let said = refused(&["dev", "--listen", &address, "--data", text(folder.path())]);
    assert!(said.contains(&address) && said.contains("choose another address"), "{said}");
}

#[test]
fn a_configuration_that_cannot_be_used_names_the_field_and_what_to_do() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("relaybox.toml");
    std::fs::write(&file, "[relay]\nlimit_max = 0\n").unwrap();
    let said = refused(&["config", "check", "--config", text(&file)]);
    assert_eq!(
        said,
        "relaybox: failed to use [relay] limit_max = 0: give at least 1: nobody could use the relay\n"
    );
    std::fs::write(&file, "[relay]\nlimit_max = 9\n").unwrap();
    assert!(run(&["config", "check", "--config", text(&file)]).status.success());
}

#[test]
fn a_stores_check_finds_a_fresh_box_whole_and_a_damaged_one_not() {
    let folder = TempDir::new().unwrap();
    let mut started = DevBox::start(folder.path(), &["--empty"]).unwrap();
    let running = run(&["store", "check", "--data", text(folder.path())]);
    assert!(running.status.success(), "{running:?}");
    assert!(started.terminate().unwrap().success());
    let copy = folder.path().join("copy.db");
    let arguments = ["store", "snapshot", "--data", text(folder.path()), "--into", text(&copy)];
    assert!(run(&arguments).status.success());
    assert!(refused(&arguments).contains("a file of that name exists"));
    // The log may hold every page, and would mend the file.
    let events = folder.path().join("relay/events.db");
    let _ = std::fs::remove_file(events.with_extension("db-wal"));
    std::fs::write(events, vec![7; 8_192]).unwrap();
    assert!(!run(&["store", "check", "--data", text(folder.path())]).status.success());
}
