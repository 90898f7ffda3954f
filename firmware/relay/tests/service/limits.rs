//! Every limit of the configuration, on both sides.

use relaybox_process::config::RelayConfig;
use relaybox_protocol::Event;
use relaybox_protocol::event::{sign, tag};
use serde_json::json;
use tokio_tungstenite::tungstenite::Message;

use crate::practice::{Practice, keys, pk};
use crate::relay::{Relay, config};

/// A note to self whose JSON has exactly this many bytes.
fn note(practice: &Practice, bytes: usize) -> Event {
    let of = |content: String| sign(&keys("mother"), 30078, vec![tag("d", ["x"])], content, practice.now());
    let empty = serde_json::to_string(&of(String::new())).unwrap().len();
    let event = of("x".repeat(bytes - empty));
    assert_eq!(serde_json::to_string(&event).unwrap().len(), bytes);
    event
}

#[tokio::test]
async fn an_event_of_the_largest_size_is_stored_and_one_byte_more_refused() {
    let (relay, practice) = Relay::staffed(config()).await;
    let mut mother = relay.login("mother").await;
    let too_large = note(&practice, 393_217);
    mother.publish(&too_large).await.refused("invalid: the event is larger than this relay takes");
    let largest = note(&practice, 393_216);
    mother.publish(&largest).await.stored();
    let read = mother.req("a", &[json!({"kinds": [30078]})]).await.unwrap();
    assert_eq!(read, [serde_json::to_value(&largest).unwrap()]);
}

#[tokio::test]
async fn a_frame_of_the_largest_size_is_read_and_one_byte_more_ends_the_connection() {
    let (relay, _practice) = Relay::staffed(config()).await;
    let mut mother = relay.login("mother").await;
    let frame = |bytes: usize| format!(r#"["COUNT","c",{{"ids":[]}}{}]"#, " ".repeat(bytes - 24));
    assert_eq!(frame(100).len(), 100);
    mother.send(frame(458_752)).await;
    assert_eq!(mother.until("COUNT").await[2]["count"], 0);
    // The relay closes while the frame is still being sent.
    let _ = mother.send_raw(Message::text(frame(458_753))).await;
    assert_eq!(mother.until("NOTICE").await[1], "invalid: the frame is larger than this relay takes");
    assert_eq!(mother.closed().await, Some(1009));
}

#[tokio::test]
async fn filters_and_their_values_are_counted() {
    let (relay, _practice) =
        Relay::staffed(RelayConfig { filters_max: 2, filter_values_max: 3, ..config() }).await;
    let mut nurse = relay.login("nurse").await;
    let too_large = Err("invalid: the filter is larger than this relay takes".to_owned());
    let (one, three, four) = (
        json!({"kinds": [1]}),
        json!({"kinds": [1, 2], "#p": ["x"]}),
        json!({"kinds": [1, 2, 3], "#p": ["x"]}),
    );
    assert_eq!(nurse.req("a", &[one.clone(), one.clone(), one.clone()]).await, too_large);
    assert_eq!(nurse.req("a", &[one.clone(), one.clone()]).await, Ok(vec![]));
    assert_eq!(nurse.req("a", &[four]).await, too_large);
    assert_eq!(nurse.req("a", &[three]).await, Ok(vec![]));
}

#[tokio::test]
async fn a_filter_with_an_unknown_or_wrong_member_is_refused() {
    let (relay, _practice) = Relay::staffed(config()).await;
    let mut nurse = relay.login("nurse").await;
    let refused = Err("invalid: the filter is not one this relay understands".to_owned());
    for filter in [
        json!({"search": "x"}),
        json!({"scope": "all"}),
        json!({"#pp": ["x"]}),
        json!({"&p": ["x"]}),
        json!({"kinds": [65_536]}),
        json!({"kinds": "1"}),
        json!({"authors": [pk("nurse").to_hex().to_uppercase()]}),
        json!({"ids": ["ab"]}),
        json!({"since": -1}),
        json!({"limit": 1.5}),
        json!([]),
    ] {
        assert_eq!(nurse.req("a", std::slice::from_ref(&filter)).await, refused, "{filter}");
    }
    let by_event = nurse.req("a", &[json!({"kinds": [2122], "#e": [pk("x").to_hex()]})]).await;
    assert_eq!(by_event, Err("unsupported: ask receipts by #p or #c".to_owned()));
    assert!(nurse.req("a", &[json!({"kinds": [2122], "#c": ["policy"]})]).await.is_ok());
}

#[tokio::test]
async fn subscriptions_are_counted_and_a_reused_id_counts_once() {
    let (relay, _practice) = Relay::staffed(RelayConfig { subscriptions_max: 2, ..config() }).await;
    let mut nurse = relay.login("nurse").await;
    let filter = [json!({"kinds": [2113]})];
    assert_eq!(nurse.req("a", &filter).await, Ok(vec![]));
    assert_eq!(nurse.req("b", &filter).await, Ok(vec![]));
    let refused = Err("rate-limited: too many open subscriptions: close one".to_owned());
    assert_eq!(nurse.req("c", &filter).await, refused);
    assert_eq!(nurse.req("b", &filter).await, Ok(vec![]));
    nurse.send(r#"["CLOSE","a"]"#).await;
    assert_eq!(nurse.req("c", &filter).await, Ok(vec![]));
}

#[tokio::test]
async fn a_subscription_id_is_bounded() {
    let (relay, _practice) = Relay::staffed(config()).await;
    let mut nurse = relay.login("nurse").await;
    let text = "invalid: the subscription id is empty, too long or not a string";
    for id in [json!(""), json!("x".repeat(65)), json!(1)] {
        nurse.send(json!(["REQ", id, {}]).to_string()).await;
        assert_eq!(nurse.until("NOTICE").await[1], text);
    }
    assert!(nurse.req(&"x".repeat(64), &[json!({"kinds": [1]})]).await.is_ok());
}

#[tokio::test]
async fn events_of_one_key_are_limited_by_the_minute() {
    let (relay, mut practice) =
        Relay::staffed(RelayConfig { events_per_minute_per_key: 60, ..config() }).await;
    let mut nurse = relay.login("nurse").await;
    for _ in 0..60 {
        nurse.publish(&practice.vital("nurse", "child")).await.stored();
    }
    let slow_down = "rate-limited: slow down and try again in a minute";
    let mut second = relay.login("nurse").await;
    second.publish(&practice.vital("nurse", "child")).await.refused(slow_down);
    let mut doctor = relay.login("doctor").await;
    doctor.publish(&practice.vital("doctor", "child")).await.stored();
    relay.pass_seconds(1);
    nurse.publish(&practice.vital("nurse", "child")).await.stored();
    nurse.publish(&practice.vital("nurse", "child")).await.refused(slow_down);
}

#[tokio::test]
async fn wraps_of_strangers_are_limited_by_address_also_with_ever_new_keys() {
    let (relay, mut practice) =
        Relay::staffed(RelayConfig { wraps_per_minute_per_address: 2, ..config() }).await;
    let mut wrap = || {
        let sender = practice.random.keys();
        sign(&sender, 1059, vec![tag("p", [&pk("mail").to_hex()])], "sealed", practice.now())
    };
    let (mut first, mut second) = (relay.connect().await, relay.login("stranger").await);
    first.publish(&wrap()).await.stored();
    second.publish(&wrap()).await.stored();
    let slow_down = "rate-limited: slow down and try again in a minute";
    first.publish(&wrap()).await.refused(slow_down);
    second.publish(&wrap()).await.refused(slow_down);
    relay.login("nurse").await.publish(&wrap()).await.stored();
    relay.pass_seconds(30);
    first.publish(&wrap()).await.stored();
}

#[tokio::test]
async fn connections_are_limited_in_all_and_by_address() {
    for limits in [
        RelayConfig { connections_max: 2, ..config() },
        RelayConfig { connections_per_address_max: 2, ..config() },
    ] {
        let relay = Relay::empty(limits).await;
        let (first, _second) = (relay.connect().await, relay.connect().await);
        assert!(tokio_tungstenite::connect_async(&relay.url).await.is_err());
        drop(first);
        // The relay notices the end of the first in its own time.
        while tokio_tungstenite::connect_async(&relay.url).await.is_err() {
            tokio::task::yield_now().await;
        }
    }
}

/// A note to self of about 20 KB.
fn large(practice: &Practice, n: usize) -> Event {
    sign(&keys("mother"), 30078, vec![tag("d", [&format!("{n}")])], "x".repeat(20_000), practice.now())
}

#[tokio::test]
async fn a_reader_that_does_not_keep_up_is_dropped_and_others_are_served() {
    let (relay, practice) = Relay::staffed(RelayConfig { outgoing_bytes_max: 100_000, ..config() }).await;
    // A Unix socket holds less by itself than TCP does.
    let mut slow = relay.login_by_gateway("mother").await;
    assert!(slow.req("live", &[json!({"kinds": [30078], "limit": 0})]).await.is_ok());
    let mut fast = relay.login("mother").await;
    assert!(fast.req("live", &[json!({"kinds": [30078], "limit": 0})]).await.is_ok());
    let mut writer = relay.login("mother").await;
    for n in 0..60 {
        writer.publish(&large(&practice, n)).await.stored();
        fast.until("EVENT").await;
    }
    let mut received = 0;
    while slow.next().await.is_some() {
        received += 1;
    }
    assert!(received < 60, "{received}");
    assert_eq!(fast.count(json!({"kinds": [30078]})).await, Ok(60));
}

#[tokio::test]
async fn an_answer_larger_than_the_buffer_reaches_a_reader_that_reads() {
    let (relay, practice) = Relay::staffed(RelayConfig { outgoing_bytes_max: 100_000, ..config() }).await;
    let mut mother = relay.login("mother").await;
    for n in 0..70 {
        mother.publish(&large(&practice, n)).await.stored();
    }
    assert_eq!(mother.ids(json!({"kinds": [30078]})).await.len(), 70);
}
