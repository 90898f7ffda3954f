//! The life of a dev box: it starts, answers, stops, and keeps its data.

use relaybox_tests::client::{Answer, Client};
use relaybox_tests::dev::DevBox;
use serde_json::json;
use tempfile::TempDir;

#[test]
fn an_empty_box_has_no_practice_and_stops_on_sigterm() {
    let mut dev = DevBox::empty().unwrap();
    assert!(dev.ready.ready && dev.ready.practice.is_none());
    assert!(dev.ready.persons.is_empty() && dev.ready.epochs.is_empty());
    assert!(dev.ready.relay.starts_with("wss://"));
    assert!(dev.terminate().unwrap().success());
}

#[test]
fn two_boxes_run_side_by_side() {
    let (one, two) = (DevBox::empty().unwrap(), DevBox::empty().unwrap());
    assert_ne!(one.ready.relay, two.ready.relay);
    assert_ne!(one.ready.plain().unwrap(), two.ready.plain().unwrap());
}

#[test]
fn the_second_start_keeps_the_practice_and_reset_makes_it_new() {
    let own = TempDir::new().unwrap();
    let folder = own.path().join("data");
    let mut first = DevBox::start(&folder, &["--empty"]).unwrap();
    let authority = std::fs::read(&first.ready.ca).unwrap();
    assert!(first.terminate().unwrap().success());

    let mut second = DevBox::start(&folder, &["--empty"]).unwrap();
    assert_eq!(std::fs::read(&second.ready.ca).unwrap(), authority);
    assert!(second.terminate().unwrap().success());

    let third = DevBox::start(&folder, &["--empty", "--reset"]).unwrap();
    assert_ne!(std::fs::read(&third.ready.ca).unwrap(), authority);
}

#[tokio::test]
async fn the_same_key_reads_the_same_over_tls_and_in_clear() {
    let dev = DevBox::demo().unwrap();
    let guardian = dev.ready.one("guardian").unwrap();
    let (keys, child) = (guardian.keys().unwrap(), &guardian.children[0]);
    let filter = json!({"kinds": [2113, 2116], "#p": [child]});

    let mut tls = Client::login(&dev.ready.relay, Some(&dev.ready.ca), &keys).await.unwrap();
    let mut plain = Client::login(dev.ready.plain().unwrap(), None, &keys).await.unwrap();
    let (over_tls, in_clear) = (tls.query(filter.clone()).await.unwrap(), plain.query(filter).await.unwrap());
    assert_eq!(over_tls, in_clear);
    assert!(!over_tls.events().unwrap().is_empty());
}

#[tokio::test]
async fn a_query_before_login_is_refused_and_after_it_answered() {
    let dev = DevBox::demo().unwrap();
    let guardian = dev.ready.one("guardian").unwrap();
    let filter = json!({"kinds": [2116], "#p": [guardian.children[0]]});
    let mut client = Client::connect(dev.ready.plain().unwrap(), None).await.unwrap();
    let Answer::Closed(text) = client.query(filter.clone()).await.unwrap() else {
        panic!("a stranger was answered");
    };
    assert!(text.starts_with("auth-required:"), "{text}");
    assert!(client.auth(&guardian.keys().unwrap()).await.unwrap().0);
    assert!(!client.query(filter).await.unwrap().events().unwrap().is_empty());
}

#[tokio::test]
async fn a_stopping_box_says_going_away() {
    let mut dev = DevBox::demo().unwrap();
    let keys = dev.ready.one("guardian").unwrap().keys().unwrap();
    let mut client = Client::login(dev.ready.plain().unwrap(), None, &keys).await.unwrap();
    let name = client.subscribe(json!({"kinds": [2113], "limit": 0})).await.unwrap();
    assert_eq!(client.stored(&name).await.unwrap(), Answer::Events(Vec::new()));
    let stopped = tokio::task::spawn_blocking(move || dev.terminate().unwrap());
    assert_eq!(client.closed().await.unwrap(), Some(1001));
    assert!(stopped.await.unwrap().success());
}
