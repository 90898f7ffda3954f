//! A clock that steps: arrival times never fall, nothing is falsely acknowledged, and the state is said.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use relaybox_protocol::permissions::{Compartment, Role};
use relaybox_protocol::{Event, receipts};
use relaybox_store::{Store, StoreConfig};
use serde_json::{Value, json};

use crate::front::get;
use crate::practice::keys;
use crate::relay::{Relay, config};

async fn failing(relay: &Relay) -> Value {
    let answer = get(relay, "GET / HTTP/1.1\r\naccept: application/nostr+json").await;
    let document: Value = serde_json::from_str(answer.split_once("\r\n\r\n").unwrap().1).unwrap();
    document["relaybox"]["failing"].clone()
}

#[tokio::test]
async fn a_clock_that_ran_ahead_and_was_set_right_is_told_and_refuses_rather_than_guesses() {
    let (relay, mut practice) = Relay::staffed(config()).await;
    let (start, chart) = (relay.now(), practice.secret(Compartment::Chart));
    let mut nurse = relay.login("nurse").await;
    let mut vital = |at: u64| practice.record("nurse", 2113, &chart, "child", at, "");
    let (honest, during, after) = (vital(start), vital(start + 864_000), vital(start + 10));
    relay.pass_seconds(864_000);
    // While the clock is ten days ahead, a right client's event seems too old.
    let too_old = "invalid: created_at is more than seven days back: build the event anew";
    nurse.publish(&honest).await.refused(too_old);
    nurse.publish(&during).await.stored();
    assert_eq!(failing(&relay).await, Value::Null, "nothing tells that this clock is wrong");
    // It is set right: arrival times stand still, and the box says why it refuses.
    relay.clock.store(start + 10, Ordering::SeqCst);
    nurse.publish(&after).await.refused(too_old);
    assert_eq!(failing(&relay).await, json!(["clock"]));
    let mut mother = relay.connect().await;
    mother.login(&keys("mother"), start + 10).await.stored();
    assert_eq!(mother.ids(json!({"kinds": [2113]})).await, [during.id.to_hex()], "logins and reads go on");
    relay.pass_seconds(864_000 - 10);
    assert_eq!(failing(&relay).await, Value::Null);
    nurse.publish(&vital(start + 863_000)).await.stored();
}

#[tokio::test]
async fn after_a_clock_that_ran_ahead_policy_receipts_still_name_the_time_of_the_commit() {
    let (mut relay, mut practice) = Relay::staffed(config()).await;
    let start = relay.now();
    relay.pass_seconds(100_000);
    relay.login("nurse").await.publish(&practice.vital("nurse", "child")).await.stored();
    relay.stop().await;
    // Somebody sets the clock right while the box is off.
    relay.clock.store(start + 10, Ordering::SeqCst);
    relay.start().await;
    let roster = practice.roster("ma", Role::Ma, false);
    relay.append(&[&roster]).await.unwrap();
    let mut doctor = relay.login("doctor").await;
    let policy = doctor.req("policy", &[json!({"kinds": [2122], "#c": ["policy"]})]).await.unwrap();
    let policy = policy.into_iter().map(|event| serde_json::from_value::<Event>(event).unwrap());
    let rows: Vec<_> = policy.flat_map(|event| receipts::parse(&event).unwrap().rows).collect();
    let row = rows.iter().find(|row| row.id == roster.id).unwrap();
    assert_eq!(row.received, start + 100_000);
    relay.stop().await;
    let store = Store::open(&StoreConfig::at(relay.path("state/events.db")), Arc::new(|| 0)).await.unwrap();
    assert_eq!(store.check().await.unwrap(), Vec::<String>::new());
}
