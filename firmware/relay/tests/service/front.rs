//! HTTP: the information document, foreign origins, the gateway's preface.

use relaybox_web::proxy::Preface;
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpStream, UnixStream};

use crate::practice::pk;
use crate::relay::{Relay, config};

pub(crate) async fn get(relay: &Relay, head: &str) -> String {
    let mut stream = TcpStream::connect(relay.url.trim_start_matches("ws://")).await.unwrap();
    stream.write_all(format!("{head}\r\nhost: x\r\nconnection: close\r\n\r\n").as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

#[tokio::test]
async fn the_information_document_states_the_real_limits_and_no_member() {
    let (relay, practice) = Relay::staffed(config()).await;
    let answer = get(&relay, "GET / HTTP/1.1\r\naccept: application/nostr+json").await;
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    assert!(head.contains("content-type: application/nostr+json"), "{head}");
    assert_eq!(head.matches("access-control-allow-origin: *").count(), 1, "{head}");
    assert_eq!(head.matches("access-control-expose-headers: Date").count(), 1, "{head}");
    assert!(head.contains("\r\ndate: "), "{head}");
    let document: Value = serde_json::from_str(body).unwrap();
    let limits = &document["limitation"];
    assert_eq!(limits["max_message_length"], 458_752);
    assert_eq!(limits["max_subscriptions"], 64);
    assert_eq!(limits["max_limit"], 5_000);
    assert_eq!(limits["auth_required"], true);
    assert_eq!(document["self"], pk("box").to_hex());
    assert_eq!(document["relaybox"]["practice"], practice.p.public_key().to_hex());
    assert_eq!(document["relaybox"]["next"], "ab".repeat(32));
    assert_eq!(document["relaybox"]["inbox"], serde_json::json!([pk("mail").to_hex()]));
    for member in ["doctor", "nurse", "mother", "child", "fhir"] {
        assert!(!body.contains(&pk(member).to_hex()), "{member}");
    }
}

#[tokio::test]
async fn other_requests_get_a_short_answer_that_any_origin_may_read() {
    let relay = Relay::empty(config()).await;
    assert!(get(&relay, "GET / HTTP/1.1").await.contains("This is a Nostr relay"));
    assert!(get(&relay, "OPTIONS / HTTP/1.1").await.starts_with("HTTP/1.1 204"));
    assert!(get(&relay, "POST / HTTP/1.1\r\ncontent-length: 0").await.starts_with("HTTP/1.1 405"));
}

#[tokio::test]
async fn a_connection_from_the_gateway_bears_a_preface_and_one_without_is_dropped() {
    let (relay, _practice) = Relay::staffed(config()).await;
    let mut bare = UnixStream::connect(relay.path("relay.sock")).await.unwrap();
    bare.write_all(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    let mut nothing = Vec::new();
    // The relay may close before it has read all: a reset is an end as well.
    let _ = bare.read_to_end(&mut nothing).await;
    assert_eq!(nothing, b"");
    let mut stream = UnixStream::connect(relay.path("relay.sock")).await.unwrap();
    let preface = Preface {
        source: "10.0.0.9:1234".parse().unwrap(),
        destination: "10.0.0.1:443".parse().unwrap(),
        host: "relay.example".to_owned(),
    };
    stream.write_all(&preface.encode().unwrap()).await.unwrap();
    let request = "GET / HTTP/1.1\r\nhost: relay.example\r\norigin: https://elsewhere.example\r\nconnection: keep-alive, Upgrade\r\n\
        upgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    while !answer.windows(8).any(|window| window == b"[\"AUTH\",") {
        let n = stream.read_buf(&mut answer).await.unwrap();
        assert!(n > 0, "{}", String::from_utf8_lossy(&answer));
    }
    assert!(String::from_utf8_lossy(&answer).contains("sec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo="));
}
