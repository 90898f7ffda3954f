//! A disk that is full, read-only or broken under the running relay: the state is said, no OK is false,
//! reads go on, and it recovers when the disk does.

use std::path::Path;

use relaybox_protocol::Event;
use relaybox_tests::practice::Practice;
use relaybox_tests::role::{HOST, RelayRole, furnish};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;

use crate::kept::Kept;
use crate::load::{found, publish};
use crate::shim::{Fault, Shim};

const REFUSED: &str = "error: the box could not store this: nothing was kept, try again";

/// The relay's information document.
async fn document(folder: &Path) -> Value {
    let peer = std::net::SocketAddr::from(([127, 0, 0, 1], 0));
    let preface = relaybox_web::proxy::Preface { source: peer, destination: peer, host: HOST.to_owned() };
    let mut stream = UnixStream::connect(folder.join("relay.sock")).await.unwrap();
    stream.write_all(&preface.encode().unwrap()).await.unwrap();
    let request = format!(
        "GET / HTTP/1.1\r\nHost: {HOST}\r\nAccept: application/nostr+json\r\nConnection: close\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    serde_json::from_str(answer.split_once("\r\n\r\n").unwrap().1).unwrap()
}

/// What goes on while a disk fails, and after. `said` is what the log tells the person who looks.
async fn a_failing_disk(fault: Fault, said: &str) {
    let (folder, place) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let mut practice = Practice::new(9, 1, 1);
    furnish(folder.path(), &practice.receipts_box, "receipt_seconds = 0").unwrap();
    let shim = Shim::build(place.path(), &folder.path().join("state"), false);
    let mut role = RelayRole::start(folder.path(), &shim.environment()).unwrap();
    found(&role, &mut practice).await;
    let (nurse, child) = (practice.nurses[0].clone(), practice.families[0].child.public_key());
    let mut client = role.login(&nurse).await.unwrap();
    let before = practice.vital(&nurse, &child, "before").unwrap();
    publish(&mut client, &before).await;
    assert_eq!(document(folder.path()).await["relaybox"]["failing"], Value::Null);

    shim.fail(fault);
    let mut refused: Vec<Event> = Vec::new();
    let mut accepted = vec![before.clone()];
    // A full disk has room in the log for a while.
    while refused.len() < 20 {
        let event = practice.vital(&nurse, &child, &"x".repeat(1_000 * refused.len())).unwrap();
        let (ok, text) = client.publish(&event).await.unwrap();
        if ok {
            assert!(refused.is_empty(), "room came back by itself");
            accepted.push(event);
        } else {
            assert_eq!(text, REFUSED);
            refused.push(event);
        }
    }
    let error = role.append(&practice.rotation().unwrap()).await.unwrap_err().to_string();
    assert!(error.contains("storage"), "{error}");
    practice.forget_rotation();
    let filter = json!({"kinds": [2113]});
    let read = client.query(filter.clone()).await.unwrap().events().unwrap();
    assert_eq!(read.len(), accepted.len(), "reads go on, and nothing refused is shown");
    assert_eq!(document(folder.path()).await["relaybox"]["failing"], json!(["storage"]));
    let log = role.log().unwrap();
    assert!(log.contains("a commit failed") && log.contains(said), "{log}");

    shim.mend();
    let again = refused.pop().unwrap();
    publish(&mut client, &again).await;
    accepted.push(again);
    assert_eq!(document(folder.path()).await["relaybox"]["failing"], Value::Null);
    let rotation = practice.rotation().unwrap();
    role.append(&rotation).await.unwrap();
    role.kill().unwrap();
    let role = RelayRole::start(folder.path(), &shim.environment()).unwrap();
    let kept = Kept::read(&folder.path().join("state/events.db"));
    let accepted: Vec<_> = accepted.iter().map(|event| (event.id, event.as_json())).collect();
    kept.assert_all(accepted.iter().map(|(id, json)| (id, json)));
    kept.assert_receipts(&practice, true);
    assert!(kept.whole(&rotation));
    assert!(refused.iter().all(|event| !kept.holds(&event.id)), "what was refused is not there");
    role.check().unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_refuses_records_says_so_and_recovers() {
    a_failing_disk(Fault::Full, "database or disk is full").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_disk_that_turns_read_only_refuses_records_says_so_and_recovers() {
    a_failing_disk(Fault::ReadOnly, "disk I/O error").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_disk_whose_sync_fails_refuses_records_says_so_and_recovers() {
    a_failing_disk(Fault::Sync, "disk I/O error").await;
}

/// A box whose events are damaged while it is off.
async fn stopped_box() -> (TempDir, Practice, Vec<Event>) {
    let folder = TempDir::new().unwrap();
    let mut practice = Practice::new(11, 1, 1);
    furnish(folder.path(), &practice.receipts_box, "receipt_seconds = 3600\nreceipt_seconds_loaded = 3600")
        .unwrap();
    let mut role = RelayRole::start(folder.path(), &[]).unwrap();
    found(&role, &mut practice).await;
    let (nurse, child) = (practice.nurses[0].clone(), practice.families[0].child.public_key());
    let mut client = role.login(&nurse).await.unwrap();
    let mut events = Vec::new();
    for n in 0..30 {
        let event = practice.vital(&nurse, &child, &format!("{n}")).unwrap();
        publish(&mut client, &event).await;
        events.push(event);
    }
    role.kill().unwrap();
    (folder, practice, events)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_damaged_last_page_of_the_log_costs_its_own_commit_and_is_never_served() {
    let (folder, practice, events) = stopped_box().await;
    let log = folder.path().join("state/events.db-wal");
    let mut bytes = std::fs::read(&log).unwrap();
    let middle = bytes.len() - 2_048;
    bytes[middle] ^= 0x40;
    std::fs::write(&log, bytes).unwrap();
    let role = RelayRole::start(folder.path(), &[]).unwrap();
    let kept = Kept::read(&folder.path().join("state/events.db"));
    let (last, others) = events.split_last().unwrap();
    assert!(others.iter().all(|event| kept.bytes.get(&event.id) == Some(&event.as_json())));
    assert!(!kept.holds(&last.id), "a page with a wrong checksum was believed");
    kept.assert_receipts(&practice, true);
    role.check().unwrap();
    // Whoever still has the event sends it again, and it is no duplicate.
    let mut client = role.login(&practice.nurses[0]).await.unwrap();
    assert_eq!(client.publish(last).await.unwrap(), (true, String::new()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_damaged_database_is_named_by_the_check_and_not_served() {
    let (folder, practice, events) = stopped_box().await;
    // The log goes into the file, then the file is overwritten from its second page on.
    assert!(RelayRole::start(folder.path(), &[]).unwrap().terminate().unwrap().success());
    let file = folder.path().join("state/events.db");
    let whole = std::fs::read(&file).unwrap();
    let mut damaged = whole.clone();
    damaged[4_096..].fill(0x5a);
    std::fs::write(&file, &damaged).unwrap();
    let said = relaybox_tests::role::check(&folder.path().join("state")).unwrap_err().to_string();
    assert!(said.contains("read the database"), "{said}");
    let said = RelayRole::start(folder.path(), &[]).unwrap_err().to_string();
    assert!(said.contains("failed to") && said.contains("read the database"), "{said}");
    // The copy that was taken before is served.
    std::fs::write(&file, &whole).unwrap();
    let role = RelayRole::start(folder.path(), &[]).unwrap();
    let mut client = role.login(&practice.nurses[0]).await.unwrap();
    let read = client.query(json!({"kinds": [2113]})).await.unwrap().events().unwrap();
    assert_eq!(read.len(), events.len());
}
