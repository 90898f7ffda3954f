//! WebSockets joined to the relay, limits, and shutdown.
#![allow(clippy::unwrap_used, reason = "tests")]

mod common;

use common::{DOCUMENT, head, start, start_with};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

#[tokio::test]
async fn bytes_go_both_ways_and_the_end_of_one_side_is_passed_on() {
    let gateway = start().await;
    let mut stream = gateway.joined().await;
    stream.write_all(b"frame").await.unwrap();
    let mut frame = [0; 5];
    stream.read_exact(&mut frame).await.unwrap();
    assert_eq!(&frame, b"frame");
    stream.shutdown().await.unwrap();
    let mut rest = String::new();
    stream.read_to_string(&mut rest).await.unwrap();
    assert_eq!(rest, "[end]");
}

#[tokio::test]
async fn a_large_message_arrives_whole() {
    let gateway = start().await;
    let (mut read, mut write) = tokio::io::split(gateway.joined().await);
    let sent: Vec<u8> = (0..458_752_u32).map(|n| n.to_le_bytes()[1]).collect();
    let expected = sent.clone();
    let writer = tokio::spawn(async move {
        write.write_all(&sent).await.unwrap();
        write.flush().await.unwrap();
        write
    });
    let mut received = vec![0; expected.len()];
    read.read_exact(&mut received).await.unwrap();
    assert!(received == expected);
    writer.await.unwrap();
}

#[tokio::test]
async fn the_handshake_is_the_relays_and_offers_no_compression() {
    let gateway = start().await;
    let mut stream = gateway.connect().await;
    let more = "Origin: https://elsewhere.example\r\nSec-WebSocket-Extensions: permessage-deflate\r\n";
    stream.write_all(gateway.upgrade("/", more).as_bytes()).await.unwrap();
    let answer = head(&mut stream).await;
    assert!(answer.contains("sec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo="), "{answer}");
    let seen = gateway.seen.lock().unwrap().clone();
    let headers = &seen.first().unwrap().headers;
    assert_eq!(headers["sec-websocket-key"], "dGhlIHNhbXBsZSBub25jZQ==");
    assert_eq!(headers["origin"], "https://elsewhere.example");
    assert!(!headers.contains_key("sec-websocket-extensions"));
}

#[tokio::test]
async fn bytes_sent_right_behind_the_handshake_are_not_lost() {
    let gateway = start().await;
    let mut stream = gateway.connect().await;
    stream.write_all(format!("{}early", gateway.upgrade("/", "")).as_bytes()).await.unwrap();
    head(&mut stream).await;
    let mut early = [0; 5];
    stream.read_exact(&mut early).await.unwrap();
    assert_eq!(&early, b"early");
}

#[tokio::test]
async fn a_refused_handshake_is_answered_and_what_follows_it_is_not_a_request() {
    let gateway = start().await;
    let smuggled = format!(
        "GET /?second HTTP/1.1\r\nHost: {}\r\nAccept: application/nostr+json\r\n\r\n",
        gateway.host()
    );
    let answer = gateway.raw(&format!("{}{smuggled}", gateway.upgrade("/?refuse", ""))).await;
    assert!(answer.starts_with("HTTP/1.1 429 "), "{answer}");
    assert_eq!(gateway.seen.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn there_is_no_relay_beside_the_root() {
    let gateway = start().await;
    let answer = gateway.raw(&gateway.upgrade("/other", "Connection: close\r\n")).await;
    assert!(answer.starts_with("HTTP/1.1 404 "), "{answer}");
    assert!(gateway.seen.lock().unwrap().is_empty());
}

#[tokio::test]
async fn one_address_cannot_open_more_connections_than_allowed() {
    let gateway = start_with(|config| config.connections_per_address_max = 2, DOCUMENT).await;
    let first = gateway.joined().await;
    let _second = gateway.joined().await;
    assert!(gateway.connect_as(gateway.client(), "localhost").await.is_err());
    let (mut read, mut write) = tokio::io::split(first);
    write.shutdown().await.unwrap();
    let mut rest = Vec::new();
    read.read_to_end(&mut rest).await.unwrap();
    drop((read, write));
    // The place is free once the gateway has seen both ends; each refused try yields to it.
    let mut again = gateway.connect_as(gateway.client(), "localhost").await;
    for _ in 0..200 {
        if again.is_ok() {
            break;
        }
        again = gateway.connect_as(gateway.client(), "localhost").await;
    }
    assert!(again.is_ok());
}

#[tokio::test]
async fn a_client_that_never_finishes_its_handshake_is_dropped() {
    let gateway = start_with(|config| config.tls_seconds_max = 1, DOCUMENT).await;
    let mut stream = TcpStream::connect(gateway.address).await.unwrap();
    stream.write_all(&[22, 3, 1]).await.unwrap();
    assert_eq!(stream.read(&mut [0; 1]).await.unwrap_or(0), 0);
    assert!(gateway.connect_as(gateway.client(), "localhost").await.is_ok());
}

#[tokio::test]
async fn a_client_that_sends_its_head_byte_by_byte_is_dropped() {
    let gateway = start_with(|config| config.header_seconds_max = 1, DOCUMENT).await;
    let mut slow = gateway.connect().await;
    let mut silent = gateway.connect().await;
    slow.write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\nX: ").await.unwrap();
    let mut answer = Vec::new();
    let _ = slow.read_to_end(&mut answer).await;
    assert!(!String::from_utf8_lossy(&answer).contains("200 OK"));
    answer.clear();
    let _ = silent.read_to_end(&mut answer).await;
    assert!(answer.is_empty());
    assert!(gateway.seen.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_head_larger_than_allowed_is_refused_and_a_smaller_one_is_not() {
    let gateway = start_with(|config| config.header_bytes_max = 8_192, DOCUMENT).await;
    let large = gateway.get("/health", &format!("X: {}\r\n", "a".repeat(9_000))).await;
    assert!(large.starts_with("HTTP/1.1 431 "), "{large}");
    let many = gateway.get("/health", &"X: a\r\n".repeat(100)).await;
    assert!(many.starts_with("HTTP/1.1 431 "), "{many}");
    let small = gateway.get("/health", &format!("X: {}\r\n", "a".repeat(4_000))).await;
    assert!(small.starts_with("HTTP/1.1 200 "), "{small}");
}

#[tokio::test]
async fn at_shutdown_idle_connections_end_and_joined_ones_when_the_relay_ends_them() {
    let gateway = start().await;
    let mut joined = gateway.joined().await;
    let mut idle = gateway.connect().await;
    idle.write_all(format!("HEAD /health HTTP/1.1\r\nHost: {}\r\n\r\n", gateway.host()).as_bytes())
        .await
        .unwrap();
    head(&mut idle).await;
    gateway.stop.send(true).unwrap();
    let mut rest = Vec::new();
    let _ = idle.read_to_end(&mut rest).await;
    // The relay still answers on what is joined, so that it can say goodbye (1001).
    joined.write_all(b"bye").await.unwrap();
    let mut bye = [0; 3];
    joined.read_exact(&mut bye).await.unwrap();
    joined.shutdown().await.unwrap();
    let mut rest = Vec::new();
    joined.read_to_end(&mut rest).await.unwrap();
    assert_eq!(rest, b"[end]");
    assert!(TcpStream::connect(gateway.address).await.is_err());
    gateway.task.await.unwrap().unwrap();
}

#[tokio::test]
async fn at_shutdown_a_connection_that_does_not_end_is_cut() {
    let gateway = start_with(|config| config.drain_seconds = 0, DOCUMENT).await;
    let mut joined = gateway.joined().await;
    gateway.stop.send(true).unwrap();
    let mut rest = Vec::new();
    let _ = joined.read_to_end(&mut rest).await;
    gateway.task.await.unwrap().unwrap();
}
