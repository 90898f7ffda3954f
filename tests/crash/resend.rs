//! A connection that ends between commit and OK: the client cannot know, and sends again.

use relaybox_tests::practice::Practice;
use relaybox_tests::role::{RelayRole, furnish};
use serde_json::json;
use tempfile::TempDir;

use crate::kept::Kept;
use crate::load::{found, publish};

#[tokio::test]
async fn an_event_sent_again_after_a_lost_ok_is_a_duplicate_stored_and_delivered_once() {
    let folder = TempDir::new().unwrap();
    let mut practice = Practice::new(1, 2, 1);
    furnish(folder.path(), &practice.receipts_box, "").unwrap();
    let role = RelayRole::start(folder.path(), &[]).unwrap();
    found(&role, &mut practice).await;
    let mut reader = role.login(&practice.doctor).await.unwrap();
    let live = reader.subscribe(json!({"kinds": [2113]})).await.unwrap();
    reader.wait(|frame| frame[0] == "EOSE" && frame[1] == live).await.unwrap();

    let (nurse, child) = (practice.nurses[0].clone(), practice.families[0].child.public_key());
    let event = practice.vital(&nurse, &child, "once").unwrap();
    let mut cut = role.login(&nurse).await.unwrap();
    cut.send_text(format!("[\"EVENT\",{}]", event.as_json())).await.unwrap();
    // It is committed when somebody else sees it; its author goes without having read the OK.
    let first = reader.wait(|frame| frame[0] == "EVENT").await.unwrap();
    assert_eq!(first[2]["id"], event.id.to_hex());
    drop(cut);

    let mut again = role.login(&nurse).await.unwrap();
    let (accepted, text) = again.publish(&event).await.unwrap();
    assert!(accepted && text.starts_with("duplicate:"), "{text}");
    let marker = practice.vital(&nurse, &child, "marker").unwrap();
    publish(&mut again, &marker).await;
    let next = reader.wait(|frame| frame[0] == "EVENT").await.unwrap();
    assert_eq!(next[2]["id"], marker.id.to_hex(), "the first one was delivered a second time");
    let filter = json!({"ids": [event.id.to_hex()]});
    assert_eq!(reader.count(filter).await.unwrap(), 1);
    assert!(Kept::read(&folder.path().join("state/events.db")).holds(&event.id));
}

#[tokio::test]
async fn a_refusal_says_why_and_a_lost_relay_says_nothing() {
    let folder = TempDir::new().unwrap();
    let mut practice = Practice::new(2, 1, 1);
    furnish(folder.path(), &practice.receipts_box, "").unwrap();
    let mut role = RelayRole::start(folder.path(), &[]).unwrap();
    found(&role, &mut practice).await;
    let (nurse, child) = (practice.nurses[0].clone(), practice.families[0].child.public_key());
    let stranger = practice.keys();
    let refused = practice.vital(&stranger, &child, "").unwrap();
    let good = practice.vital(&nurse, &child, "").unwrap();
    let mut client = role.login(&nurse).await.unwrap();
    let (accepted, text) = client.publish(&refused).await.unwrap();
    assert!(!accepted && text.starts_with("auth-required: "), "{text}");
    publish(&mut client, &good).await;
    let lost = practice.vital(&nurse, &child, "").unwrap();
    role.kill().unwrap();
    // No answer at all: the client keeps the event and sends it again.
    let error = client.publish(&lost).await.unwrap_err().to_string();
    assert!(!error.contains("no frame in time"), "{error}");
    let role = RelayRole::start(folder.path(), &[]).unwrap();
    publish(&mut role.login(&nurse).await.unwrap(), &lost).await;
}
