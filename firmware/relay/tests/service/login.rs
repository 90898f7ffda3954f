//! NIP-42: who may log in, and what happens before anybody has.

use relaybox_process::config::RelayConfig;
use relaybox_protocol::Event;
use relaybox_protocol::event::{sign, tag};
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

use crate::client::Client;
use crate::practice::{keys, pk};
use crate::relay::{Relay, config};

const AUTH_REQUIRED: &str = "auth-required: log in with NIP-42 first";
const AUTH_INVALID: &str = "auth-required: the login event does not fit this relay, challenge or time";

#[tokio::test]
async fn nothing_is_answered_before_login_and_the_prefix_is_the_first_word() {
    let (relay, mut practice) = Relay::staffed(config()).await;
    let vital = practice.vital("nurse", "child");
    let mut client = relay.connect().await;
    client.publish(&vital).await.refused(AUTH_REQUIRED);
    assert_eq!(client.req("a", &[json!({})]).await, Err(AUTH_REQUIRED.to_owned()));
    assert_eq!(client.count(json!({})).await, Err(AUTH_REQUIRED.to_owned()));
    client.send(r#"["NEG-OPEN","n",{},"6100000200"]"#).await;
    assert_eq!(client.until("NEG-ERR").await, json!(["NEG-ERR", "n", AUTH_REQUIRED]));
    client.login(&keys("nurse"), relay.now()).await.stored();
    client.publish(&vital).await.stored();
    assert_eq!(client.ids(json!({"kinds": [2113]})).await.len(), 1);
}

#[tokio::test]
async fn two_keys_log_in_on_one_challenge_and_both_count() {
    let (relay, mut practice) = Relay::staffed(config()).await;
    let mut nurse = relay.login("nurse").await;
    for child in ["child", "other-child"] {
        nurse.publish(&practice.vital("nurse", child)).await.stored();
    }
    let mut client = relay.connect().await;
    client.login(&keys("mother"), relay.now()).await.stored();
    assert_eq!(client.count(json!({"kinds": [2113]})).await, Ok(1));
    client.login(&keys("father"), relay.now()).await.stored();
    assert_eq!(client.count(json!({"kinds": [2113]})).await, Ok(2));
}

#[tokio::test]
async fn a_login_event_for_another_relay_time_or_challenge_is_refused() {
    let (relay, _practice) = Relay::staffed(config()).await;
    let mut client = relay.connect().await;
    let (nurse, now, url, challenge) =
        (keys("nurse"), relay.now(), client.url.clone(), client.challenge.clone());
    let auth = |kind, relay: &str, challenge: &str, at| {
        sign(&nurse, kind, vec![tag("relay", [relay]), tag("challenge", [challenge])], "", at)
    };
    let foreign = [
        auth(22242, "wss://other.example", &challenge, now),
        auth(22242, &url.replace("127.0.0.1", "127.0.0.2"), &challenge, now),
        auth(22242, &format!("{url}/path"), &challenge, now),
        auth(22242, &url, &"0".repeat(64), now),
        auth(22242, &url, "", now),
        auth(22242, &url, &challenge, now - 601),
        auth(22242, &url, &challenge, now + 601),
        auth(27235, &url, &challenge, now),
    ];
    for event in &foreign {
        client.login_with(event).await.refused(AUTH_INVALID);
    }
    assert_eq!(client.count(json!({})).await, Err(AUTH_REQUIRED.to_owned()));
    for event in [
        auth(22242, &url, &challenge, now - 600),
        auth(22242, &url, &challenge, now + 600),
        auth(22242, &format!("{url}/"), &challenge, now),
    ] {
        client.login_with(&event).await.stored();
    }
    assert!(client.count(json!({})).await.is_ok());
}

#[tokio::test]
async fn a_login_names_the_relay_by_the_name_that_the_gateway_was_asked_for() {
    let (relay, _practice) = Relay::staffed(config()).await;
    let auth = |client: &Client, url: &str| {
        let tags = vec![tag("relay", [url]), tag("challenge", [client.challenge.as_str()])];
        sign(&keys("nurse"), 22242, tags, "", relay.now())
    };
    let port = relay.url.rsplit_once(':').unwrap().1;
    // Asked for, what may be named, and what may not: another name of the same box included.
    for (host, good, bad) in [
        ("relay.example", "WSS://relay.example:443/", "wss://other.example"),
        ("relay.example", "wss://relay.example", &format!("ws://127.0.0.1:{port}")),
        ("clinic.example:9443", "wss://clinic.example:9443/", "wss://clinic.example"),
        ("[::1]:8443", "wss://[::1]:8443", "wss://localhost:8443"),
    ] {
        let mut client = relay.by_gateway(host).await;
        let (foreign, own) = (auth(&client, bad), auth(&client, good));
        client.login_with(&foreign).await.refused(AUTH_INVALID);
        assert_eq!(client.count(json!({})).await, Err(AUTH_REQUIRED.to_owned()));
        client.login_with(&own).await.stored();
        assert!(client.count(json!({})).await.is_ok(), "{host}");
    }
}

#[tokio::test]
async fn a_login_event_with_a_broken_signature_is_refused() {
    let (relay, _practice) = Relay::staffed(config()).await;
    let mut client = relay.connect().await;
    let good = client.auth(&keys("nurse"), relay.now(), &[]);
    let mut broken: Value = serde_json::to_value(&good).unwrap();
    broken["sig"] = json!("0".repeat(128));
    client.send(json!(["AUTH", broken]).to_string()).await;
    client.ok(&good.id.to_hex()).await.refused("invalid: the signature does not hold");
    let mut stolen: Value = serde_json::to_value(&good).unwrap();
    stolen["pubkey"] = json!(pk("doctor").to_hex());
    client.send(json!(["AUTH", stolen]).to_string()).await;
    client.ok(&good.id.to_hex()).await.refused("invalid: the id is not the hash of the event");
    client.login_with(&good).await.stored();
}

#[tokio::test]
async fn an_unknown_key_logs_in_and_reads_nothing() {
    let (relay, mut practice) = Relay::staffed(config()).await;
    let vital = practice.vital("nurse", "child");
    relay.login("nurse").await.publish(&vital).await.stored();
    let mut stranger = relay.login("stranger").await;
    assert_eq!(stranger.req("all", &[json!({})]).await, Ok(vec![]));
    assert_eq!(stranger.count(json!({})).await, Ok(0));
    let mut mother = relay.login("mother").await;
    assert_eq!(mother.ids(json!({"ids": [vital.id.to_hex()]})).await.len(), 1);
}

#[tokio::test]
async fn practice_key_epoch_keys_and_former_keys_never_log_in() {
    let (relay, mut practice) = Relay::staffed(config()).await;
    let mut desk = relay.login("desk").await;
    desk.publish(&practice.rekey("desk", "child", "child-new")).await.stored();
    let mut client = relay.connect().await;
    let (p, now) = (practice.p.clone(), relay.now());
    client.login(&p, now).await.refused("restricted: events of the practice key enter by a ceremony only");
    let chart = practice.secret(relaybox_protocol::permissions::Compartment::Chart).secret;
    client
        .login(&relaybox_protocol::Keys::new(chart), now)
        .await
        .refused("restricted: epoch keys sign nothing");
    let former = "restricted: this key was replaced or ended: log in with the newer one";
    client.login(&keys("child"), now).await.refused(former);
    client.login(&keys("child-new"), now).await.stored();
}

#[tokio::test]
async fn one_socket_takes_a_bounded_number_of_keys() {
    let (relay, _practice) = Relay::staffed(RelayConfig { auth_keys_max: 2, ..config() }).await;
    let mut client = relay.connect().await;
    client.login(&keys("mother"), relay.now()).await.stored();
    client.login(&keys("father"), relay.now()).await.stored();
    let too_many = "rate-limited: too many keys on one connection: open another";
    client.login(&keys("nurse"), relay.now()).await.refused(too_many);
    client.login(&keys("mother"), relay.now()).await.stored();
}

#[tokio::test]
async fn bytes_before_login_are_bounded() {
    let (relay, _practice) = Relay::staffed(RelayConfig { auth_bytes_max: 2_000, ..config() }).await;
    let mut client = relay.connect().await;
    let request = |length: usize| format!(r#"["CLOSE","{}"]"#, "x".repeat(length - 12));
    client.send(request(1_000)).await;
    client.send(request(1_000)).await;
    for _ in 0..2 {
        assert_eq!(
            client.until("NOTICE").await[1],
            "invalid: the subscription id is empty, too long or not a string"
        );
    }
    client.send(request(20)).await;
    assert_eq!(client.until("NOTICE").await[1], "auth-required: log in sooner after connecting");
    assert_eq!(client.closed().await, Some(1008));
    let mut nurse = relay.login("nurse").await;
    for _ in 0..3 {
        nurse.send(request(1_000)).await;
        nurse.until("NOTICE").await;
    }
    assert!(nurse.count(json!({})).await.is_ok(), "after login the bound is gone");
}

#[tokio::test]
async fn a_connection_that_does_not_log_in_in_time_is_closed() {
    let (relay, _practice) = Relay::staffed(RelayConfig { auth_seconds_max: 1, ..config() }).await;
    let mut nurse = relay.login("nurse").await;
    let mut silent = relay.connect().await;
    relay.pass_seconds(1);
    assert_eq!(silent.until("NOTICE").await[1], "auth-required: log in sooner after connecting");
    assert_eq!(silent.closed().await, Some(1008));
    assert!(nurse.count(json!({})).await.is_ok());
}

#[tokio::test]
async fn a_connection_that_speaks_is_not_idle() {
    let (relay, _practice) = Relay::staffed(RelayConfig { idle_seconds: 2, ..config() }).await;
    let mut nurse = relay.login("nurse").await;
    relay.pass_seconds(1);
    // The library answers pings by itself when it reads, so a client that reads stays.
    for _ in 0..3 {
        assert!(nurse.count(json!({})).await.is_ok());
        relay.pass_seconds(1);
    }
}

#[tokio::test]
async fn an_invitation_allows_ten_wraps_to_its_author_and_no_reading() {
    let (relay, mut practice) = Relay::staffed(config()).await;
    let token = [5; 32];
    let mut mother = relay.login("mother").await;
    let invitation =
        relaybox_protocol::grants::build_invitation(&keys("mother"), &token, relay.now() + 900, relay.now());
    mother.publish(&invitation).await.stored();
    let mut wrap = |n: u8| wrap(&mut practice, n);
    let mut uninvited = relay.login("stranger").await;
    uninvited.publish(&wrap(0)).await.refused("auth-required: log in before you write to this person");
    let mut invited = relay.connect().await;
    let invite = tag("invite", [&relaybox_protocol::hex::encode(&token)]);
    let login = invited.auth(&keys("specialist"), relay.now(), &[invite]);
    invited.login_with(&login).await.stored();
    for n in 1..=10 {
        invited.publish(&wrap(n)).await.stored();
    }
    invited.publish(&wrap(11)).await.refused("rate-limited: the quota of this key is used up");
    assert_eq!(invited.count(json!({})).await, Ok(0));
    assert_eq!(mother.count(json!({"kinds": [1059]})).await, Ok(10));
}

/// A wrap to the mother by a key of its own.
fn wrap(practice: &mut crate::practice::Practice, n: u8) -> Event {
    let sender = practice.random.keys();
    sign(&sender, 1059, vec![tag("p", [&pk("mother").to_hex()])], format!("{n}"), practice.now())
}

#[tokio::test]
async fn a_binary_frame_ends_the_connection() {
    let (relay, _practice) = Relay::staffed(config()).await;
    let mut nurse = relay.login("nurse").await;
    assert!(nurse.count(json!({})).await.is_ok());
    nurse.send_raw(Message::binary(br#"["REQ","a",{}]"#.to_vec())).await.unwrap();
    assert_eq!(nurse.until("NOTICE").await[1], "invalid: text frames only");
    assert_eq!(nurse.closed().await, Some(1003));
    let mut again: Client = relay.login("nurse").await;
    assert!(again.count(json!({})).await.is_ok());
}
