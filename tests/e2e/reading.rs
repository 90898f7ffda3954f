//! Reading from a demo box with a guardian's key: over TLS, in clear, and before login.

use relaybox_tests::client::{Answer, Client};
use relaybox_tests::dev::DevBox;
use relaybox_tests::http;
use serde_json::json;

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

/// What a browser's page of another site does; `make heavy` has a real browser do it.
#[tokio::test]
async fn a_page_of_a_foreign_origin_reads_a_record() {
    let dev = DevBox::demo().unwrap();
    let guardian = dev.ready.one("guardian").unwrap();
    let filter = json!({"kinds": [2113, 2116], "#p": [guardian.children[0]]});
    let (url, ca) = (&dev.ready.relay, Some(dev.ready.ca.as_path()));
    let mut foreign = Client::connect_from(url, ca, Some("https://portal.example")).await.unwrap();
    assert!(foreign.auth(&guardian.keys().unwrap()).await.unwrap().0);
    let read = foreign.query(filter.clone()).await.unwrap();
    let mut own = Client::login(url, ca, &guardian.keys().unwrap()).await.unwrap();
    assert_eq!(read, own.query(filter).await.unwrap());
    assert!(!read.events().unwrap().is_empty());
    let document = url.replace("wss://", "https://") + "/";
    let headers = [("Accept", "application/nostr+json"), ("Origin", "https://portal.example")];
    let answer = http::get(&document, &dev.ready.ca, &headers).await.unwrap().to_ascii_lowercase();
    assert_eq!(answer.matches("access-control-allow-origin: *").count(), 1, "{answer}");
    assert_eq!(answer.matches("access-control-allow-origin").count(), 1, "{answer}");
}
