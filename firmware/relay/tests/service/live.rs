//! Live delivery: nothing missed, nothing twice, nothing out of scope; changes of access at once.

use relaybox_protocol::event::{sign, tag};
use relaybox_protocol::permissions::Role;
use serde_json::json;

use crate::practice::{keys, pk};
use crate::relay::{Relay, config};

const SUSPENDED: &str = "restricted: this person's access is suspended: ask the practice";

#[tokio::test]
async fn a_limit_of_zero_gives_no_stored_event_and_then_the_new_ones() {
    let (relay, mut practice) = Relay::staffed(config()).await;
    let mut nurse = relay.login("nurse").await;
    nurse.publish(&practice.vital("nurse", "child")).await.stored();
    assert_eq!(nurse.req("live", &[json!({"kinds": [2113], "limit": 0})]).await, Ok(vec![]));
    let new = practice.vital("nurse", "child");
    nurse.publish(&new).await.stored();
    let delivered = nurse.until("EVENT").await;
    assert_eq!(delivered, json!(["EVENT", "live", new]));
    assert_eq!(nurse.req("one", &[json!({"kinds": [2113], "limit": 1})]).await.unwrap().len(), 1);
}

#[tokio::test]
async fn live_events_stay_within_scope() {
    let (relay, mut practice) = Relay::staffed(config()).await;
    let mut mother = relay.login("mother").await;
    assert!(mother.req("all", &[json!({})]).await.is_ok());
    let mut nurse = relay.login("nurse").await;
    let (foreign, own) = (practice.vital("nurse", "other-child"), practice.vital("nurse", "child"));
    nurse.publish(&foreign).await.stored();
    nurse.publish(&own).await.stored();
    let delivered = mother.find(|m| m[0] == "EVENT" && m[2]["kind"] == 2113).await;
    assert_eq!(delivered[2]["id"], own.id.to_hex());
    let mut father = relay.login("father").await;
    assert_eq!(father.ids(json!({"kinds": [2113]})).await, [foreign.id.to_hex()]);
}

#[tokio::test]
async fn a_reused_subscription_id_replaces_silently_and_close_is_not_answered() {
    let (relay, mut practice) = Relay::staffed(config()).await;
    let mut nurse = relay.login("nurse").await;
    for _ in 0..30 {
        nurse.publish(&practice.vital("nurse", "child")).await.stored();
    }
    nurse.send(r#"["REQ","a",{"kinds":[2113]}]"#).await;
    nurse.send(r#"["REQ","a",{"kinds":[2110]}]"#).await;
    nurse.send(r#"["CLOSE","a"]"#).await;
    nurse.send(r#"["REQ","a",{"kinds":[2102]}]"#).await;
    let answers = nurse.settled().await;
    let of = |verb: &str| answers.iter().filter(|m| m[0] == verb && m[1] == "a").count();
    assert_eq!(of("CLOSED"), 0, "{answers:?}");
    assert!(of("EOSE") <= 3);
    let kinds: Vec<_> =
        answers.iter().filter(|m| m[0] == "EVENT").map(|m| m[2]["kind"].as_u64().unwrap()).collect();
    assert_eq!(
        kinds.iter().rev().take(3).collect::<Vec<_>>(),
        [&2102; 3],
        "the last filter's events come last"
    );
    nurse.publish(&practice.vital("nurse", "child")).await.stored();
    let after = nurse.settled().await;
    assert!(after.iter().all(|m| m[2]["kind"] != 2113), "{after:?}");
}

#[tokio::test]
async fn frames_that_come_together_leave_one_end_for_the_surviving_request() {
    let (relay, mut practice) = Relay::staffed(config()).await;
    let mut nurse = relay.login("nurse").await;
    for _ in 0..20 {
        nurse.publish(&practice.vital("nurse", "child")).await.stored();
    }
    let frames = [r#"["REQ","a",{"kinds":[2113]}]"#; 20];
    nurse.send_together(&frames).await;
    let answers = nurse.settled().await;
    let ends = answers.iter().filter(|m| m[0] == "EOSE").count();
    let last = answers.iter().rposition(|m| m[0] == "EOSE").unwrap();
    assert_eq!(last, answers.len() - 1, "the end is the last word");
    assert!((1..=20).contains(&ends));
    assert!(answers.iter().filter(|m| m[0] == "EVENT").count() >= 20);
}

#[tokio::test]
async fn no_event_is_missed_or_doubled_between_stored_and_live() {
    let (relay, mut practice) = Relay::staffed(config()).await;
    let mut nurse = relay.login("nurse").await;
    let events: Vec<_> = (0..120).map(|_| practice.vital("nurse", "child")).collect();
    let mut doctor = relay.login("doctor").await;
    let mut ids = std::collections::BTreeSet::new();
    for (n, event) in events.iter().enumerate() {
        nurse.send(json!(["EVENT", event]).to_string()).await;
        if n % 10 == 5 {
            let id = format!("s{n}");
            doctor.send(json!(["REQ", id, {"kinds": [2113]}]).to_string()).await;
        }
    }
    for event in &events {
        nurse.ok(&event.id.to_hex()).await.stored();
    }
    for n in (0..120).filter(|n| n % 10 == 5) {
        let id = format!("s{n}");
        ids.clear();
        while ids.len() < events.len() {
            let event = doctor.find(|m| m[0] == "EVENT" && m[1] == id.as_str()).await;
            assert!(ids.insert(event[2]["id"].to_string()), "twice");
        }
    }
    let rest = doctor.settled().await;
    assert!(rest.iter().all(|m| m[0] != "EVENT"), "{rest:?}");
    assert_eq!(rest.iter().filter(|m| m[0] == "EOSE").count(), 12);
}

#[tokio::test]
async fn a_suspension_closes_open_sessions_at_once() {
    let (relay, mut practice) = Relay::staffed(config()).await;
    let mut nurse = relay.login("nurse").await;
    assert!(nurse.req("mine", &[json!({"kinds": [2113]})]).await.is_ok());
    let mut shared = relay.login("nurse").await;
    shared.login(&keys("mother"), relay.now()).await.stored();
    assert!(shared.req("both", &[json!({"kinds": [2113]})]).await.is_ok());
    let mut doctor = relay.login("doctor").await;
    doctor.publish(&practice.suspension("doctor", "nurse")).await.stored();
    let vital = practice.vital("doctor", "other-child");
    doctor.publish(&vital).await.stored();
    assert_eq!(nurse.find(|m| m[0] == "CLOSED").await, json!(["CLOSED", "mine", SUSPENDED]));
    assert_eq!(nurse.closed().await, Some(1008));
    assert_eq!(shared.find(|m| m[0] == "CLOSED").await, json!(["CLOSED", "both", SUSPENDED]));
    assert_eq!(shared.count(json!({"ids": [vital.id.to_hex()]})).await, Ok(0), "the mother's key is left");
    let mut father = relay.login("father").await;
    assert_eq!(father.count(json!({"ids": [vital.id.to_hex()]})).await, Ok(1));
}

#[tokio::test]
async fn an_ended_link_ends_reading_at_once_and_a_new_link_begins_it() {
    let (relay, mut practice) = Relay::staffed(config()).await;
    let (mut desk, mut nurse) = (relay.login("desk").await, relay.login("nurse").await);
    let mut mother = relay.login("mother").await;
    assert!(mother.req("live", &[json!({"kinds": [2113]})]).await.is_ok());
    desk.publish(&practice.link("desk", "child", "aunt", false)).await.stored();
    let mut aunt = relay.login("aunt").await;
    assert!(aunt.req("live", &[json!({"kinds": [2113]})]).await.is_ok());
    relay.pass_seconds(1);
    desk.publish(&practice.link("desk", "child", "mother", true)).await.stored();
    let vital = practice.vital("nurse", "child");
    nurse.publish(&vital).await.stored();
    assert_eq!(aunt.until("EVENT").await[2]["id"], vital.id.to_hex());
    let end = mother.find(|m| m[0] == "CLOSED").await;
    assert_eq!(end[2], "restricted: this key was replaced or ended: log in with the newer one");
    assert_eq!(mother.closed().await, Some(1008));
}

#[tokio::test]
async fn a_member_whose_time_is_over_is_shut_out_of_open_sessions() {
    let (relay, mut practice) = Relay::staffed(config()).await;
    let end = relay.now() + 100;
    relay.append(&[&practice.roster_until("temp", Role::Nurse, end)]).await.unwrap();
    let mut temp = relay.login("temp").await;
    assert!(temp.req("live", &[json!({"kinds": [2113]})]).await.is_ok());
    let mut shared = relay.login("temp").await;
    shared.login(&keys("mother"), relay.now()).await.stored();
    assert!(shared.req("both", &[json!({"kinds": [2113]})]).await.is_ok());
    let mut nurse = relay.login("nurse").await;
    relay.pass_seconds(99);
    let before = practice.vital("nurse", "other-child");
    nurse.publish(&before).await.stored();
    for client in [&mut temp, &mut shared] {
        assert_eq!(client.until("EVENT").await[2]["id"], before.id.to_hex(), "the second before is served");
    }
    relay.pass_seconds(1);
    let after = practice.vital("nurse", "other-child");
    nurse.publish(&after).await.stored();
    let ended = "restricted: this key was replaced or ended: log in with the newer one";
    assert_eq!(temp.until("CLOSED").await, json!(["CLOSED", "live", ended]));
    assert_eq!(temp.closed().await, Some(1008));
    assert_eq!(shared.until("CLOSED").await, json!(["CLOSED", "both", ended]));
    assert_eq!(shared.count(json!({"ids": [after.id.to_hex()]})).await, Ok(0), "the mother's key is left");
    assert_eq!(nurse.count(json!({"ids": [after.id.to_hex()]})).await, Ok(1));
}

#[tokio::test]
async fn a_silent_session_is_closed_when_the_time_of_its_member_is_over() {
    let (relay, mut practice) = Relay::staffed(config()).await;
    let end = relay.now() + 1;
    relay.append(&[&practice.roster_until("temp", Role::Nurse, end)]).await.unwrap();
    let mut temp = relay.login("temp").await;
    let mut nurse = relay.login("nurse").await;
    relay.pass_seconds(1);
    // Nothing is sent and nothing happens: the connection's own timer ends it.
    assert_eq!(temp.closed().await, Some(1008));
    assert!(nurse.count(json!({"kinds": [2113]})).await.is_ok());
}

#[tokio::test]
async fn a_new_member_works_without_restart() {
    let (relay, mut practice) = Relay::staffed(config()).await;
    let mut ma = relay.login("ma").await;
    assert_eq!(ma.count(json!({"kinds": [2113]})).await, Ok(0));
    assert!(ma.req("live", &[json!({"kinds": [2113]})]).await.is_ok());
    let entry = practice.roster("ma", Role::Ma, false);
    relay.append(&[&entry]).await.unwrap();
    let vital = practice.vital("ma", "child");
    ma.publish(&vital).await.stored();
    assert_eq!(ma.until("EVENT").await[2]["id"], vital.id.to_hex());
}

#[tokio::test]
async fn a_wrap_of_two_days_ago_is_stored_and_delivered_to_its_addressee_only() {
    let (relay, mut practice) = Relay::staffed(config()).await;
    let mut mother = relay.login("mother").await;
    let mut father = relay.login("father").await;
    for client in [&mut mother, &mut father] {
        assert!(client.req("live", &[json!({"kinds": [1059, 21059]})]).await.is_ok());
    }
    let mut nurse = relay.login("nurse").await;
    let sender = practice.random.keys();
    let wrap =
        sign(&sender, 1059, vec![tag("p", [&pk("mother").to_hex()])], "sealed", relay.now() - 47 * 3_600);
    nurse.publish(&wrap).await.stored();
    assert_eq!(mother.until("EVENT").await[2]["id"], wrap.id.to_hex());
    let late = sign(&sender, 1059, vec![tag("p", [&pk("mother").to_hex()])], "sealed", relay.now() + 601);
    let answer = nurse.publish(&late).await;
    assert!(answer.message.starts_with("invalid: created_at is more than ten minutes ahead"), "{answer:?}");
    assert!(father.settled().await.iter().all(|m| m[0] != "EVENT"));
}

#[tokio::test]
async fn an_ephemeral_wrap_reaches_the_open_sessions_and_is_not_kept() {
    let (relay, mut practice) = Relay::staffed(config()).await;
    let mut mother = relay.login("mother").await;
    assert!(mother.req("live", &[json!({"kinds": [21059]})]).await.is_ok());
    let mut nurse = relay.login("nurse").await;
    let sender = practice.random.keys();
    let wrap = sign(&sender, 21059, vec![tag("p", [&pk("mother").to_hex()])], "sealed", relay.now());
    let answer = nurse.publish(&wrap).await;
    assert_eq!((answer.accepted, answer.message.as_str()), (true, "handed to the open sessions, not kept"));
    assert_eq!(mother.until("EVENT").await[2]["id"], wrap.id.to_hex());
    assert_eq!(mother.count(json!({"kinds": [21059]})).await, Ok(0));
}
