//! Start, claim, receipts, stop, start again.

use relaybox_protocol::event::{sign, tag};
use relaybox_protocol::permissions::{Compartment, Role};
use relaybox_protocol::receipts::{self, Receipt};
use relaybox_protocol::{Event, kinds};
use relaybox_store::{Store, StoreConfig};
use serde_json::{Value, json};

use crate::practice::{Practice, keys, pk};
use crate::relay::{Relay, config};

async fn receipts_of(relay: &Relay, filter: Value) -> Vec<Receipt> {
    let mut doctor = relay.login("doctor").await;
    doctor.login(&keys("nurse"), relay.now()).await.stored();
    let mut events = doctor.req("receipts", &[filter]).await.unwrap();
    events.reverse();
    let events = events.into_iter().map(|event| serde_json::from_value::<Event>(event).unwrap());
    let mut receipts: Vec<_> = events.map(|event| receipts::parse(&event).unwrap()).collect();
    receipts.sort_by_key(|receipt| (receipt.policy_chain, receipt.subject, receipt.n));
    receipts
}

/// Receipts of a child's chains, as they come, until they name this many rows.
async fn all_receipted(relay: &Relay, child: &str, rows: usize) -> Vec<Receipt> {
    let mut nurse = relay.login("nurse").await;
    nurse
        .send(json!(["REQ", "receipts", {"kinds": [kinds::RECEIPT], "#p": [pk(child).to_hex()]}]).to_string())
        .await;
    let mut found: Vec<Receipt> = Vec::new();
    while found.iter().map(|receipt| receipt.rows.len()).sum::<usize>() < rows {
        let event = nurse.until("EVENT").await[2].take();
        let event = serde_json::from_value::<Event>(event).unwrap();
        found.push(receipts::parse(&event).unwrap());
    }
    found
}

#[tokio::test]
async fn a_box_without_a_practice_serves_nothing_but_its_state() {
    let relay = Relay::empty(config()).await;
    let none = "error: this box has no practice yet";
    let mut client = relay.connect().await;
    assert_eq!(client.req("a", &[json!({})]).await, Err(none.to_owned()));
    assert_eq!(client.count(json!({})).await, Err(none.to_owned()));
    let mut practice = Practice::new(relay.clock.clone());
    let state = relay.ceremony().await.state().await.unwrap();
    assert_eq!((state.practice, state.head), (None, 0));
    practice.claim(&relay).await;
    client.login(&keys("doctor"), relay.now()).await.stored();
    assert!(client.count(json!({})).await.unwrap() > 0, "the same socket is served after the claim");
    let state = relay.ceremony().await.state().await.unwrap();
    assert_eq!(state.practice, Some(practice.p.public_key().to_hex()));
    let again = relay.ceremony().await.claim(&pk("nurse").to_hex()).await.unwrap_err();
    assert!(again.to_string().contains("key-in-use"), "{again}");
    relay.ceremony().await.claim(&practice.p.public_key().to_hex()).await.unwrap();
}

#[tokio::test]
async fn a_claim_that_was_cut_short_can_begin_anew_and_one_that_was_not_cannot() {
    let relay = Relay::empty(config()).await;
    relay.ceremony().await.claim(&pk("nurse").to_hex()).await.unwrap();
    let mut practice = Practice::new(relay.clock.clone());
    practice.claim(&relay).await;
    let state = relay.ceremony().await.state().await.unwrap();
    assert_eq!(state.practice, Some(practice.p.public_key().to_hex()));
    let again = relay.ceremony().await.claim(&pk("nurse").to_hex()).await.unwrap_err();
    assert!(again.to_string().contains("key-in-use"), "{again}");
    let mut doctor = relay.login("doctor").await;
    assert!(doctor.count(json!({})).await.unwrap() > 0);
}

#[tokio::test]
async fn genesis_is_one_receipt_whose_first_row_is_the_first_epoch() {
    let relay = Relay::empty(config()).await;
    let mut practice = Practice::new(relay.clock.clone());
    practice.claim(&relay).await;
    let mut doctor = relay.login("doctor").await;
    let epoch = doctor.ids(json!({"kinds": [2105]})).await;
    let receipts = receipts_of(&relay, json!({"kinds": [2122], "#c": ["policy"]})).await;
    assert_eq!(receipts.len(), 1);
    assert_eq!(receipts[0].rows[0].id.to_hex(), epoch[0]);
    assert_eq!((receipts[0].n, receipts[0].prev, receipts[0].signer), (2, None, pk("box")));
    let all = doctor.req("all", &[json!({})]).await.unwrap();
    assert_eq!(all.len(), 4, "2105, 2102, 2101 and one receipt");
}

#[tokio::test]
async fn a_ceremony_is_stored_whole_or_not_at_all_and_again_is_a_duplicate() {
    let (relay, mut practice) = Relay::staffed(config()).await;
    let before = relay.ceremony().await.state().await.unwrap().head;
    let epoch = practice.epoch(0);
    let forged = relaybox_protocol::event::sign(&keys("nurse"), 2105, vec![], "", relay.now());
    assert!(relay.append(&[&epoch, &forged]).await.is_err());
    assert_eq!(relay.ceremony().await.state().await.unwrap().head, before);
    let stored = relay.append(&[&epoch]).await.unwrap();
    assert!(stored[0].1.is_some());
    let again = relay.append(&[&epoch]).await.unwrap();
    assert_eq!(again, [(epoch.id.to_hex(), None)]);
    let receipts = receipts_of(&relay, json!({"kinds": [2122], "#c": ["policy"]})).await;
    let named = receipts.iter().flat_map(|receipt| &receipt.rows).filter(|row| row.id == epoch.id).count();
    assert_eq!(named, 1);
}

#[tokio::test]
async fn a_ceremonys_events_arrive_in_the_order_of_their_receipts() {
    let (relay, mut practice) = Relay::staffed(config()).await;
    let mut doctor = relay.login("doctor").await;
    let (of_guardian, of_nurse) =
        (practice.suspension("doctor", "mother"), practice.suspension("doctor", "nurse"));
    for suspension in [&of_guardian, &of_nurse] {
        doctor.publish(suspension).await.stored();
    }
    // The guardian's lift stands in the staff's chain, whose rows come after those of the other.
    let lifts = [practice.lift(&of_guardian.id), practice.lift(&of_nurse.id)];
    let stored = relay.append(&[&lifts[0], &lifts[1]]).await.unwrap();
    assert!(stored[1].1.unwrap() < stored[0].1.unwrap(), "{stored:?}");
}

#[tokio::test]
async fn the_history_holds_all_policy_and_its_receipts_in_arrival_order_and_nothing_else() {
    let (relay, mut practice) = Relay::staffed(config()).await;
    let mut doctor = relay.login("doctor").await;
    doctor.publish(&practice.vital("doctor", "child")).await.stored();
    let (before, last) = relay.ceremony().await.history(0).await.unwrap();
    let kinds = |events: &[Box<serde_json::value::RawValue>]| -> Vec<u64> {
        let kind = |event: &serde_json::value::RawValue| {
            serde_json::from_str::<serde_json::Value>(event.get()).unwrap()["kind"].as_u64().unwrap()
        };
        events.iter().map(|event| kind(event)).collect()
    };
    assert_eq!(kinds(&before)[..3], [2105, 2102, 2122], "{:?}", kinds(&before));
    assert!(!kinds(&before).contains(&2113));
    let epoch = practice.epoch(600);
    relay.append(&[&epoch]).await.unwrap();
    let (later, newest) = relay.ceremony().await.history(last).await.unwrap();
    assert_eq!(kinds(&later), [2105, 2122]);
    let (all, end) = relay.ceremony().await.history(0).await.unwrap();
    assert_eq!((all.len(), end), (before.len() + 2, newest));
}

#[tokio::test]
async fn a_registration_gets_its_patients_receipt_without_another_record() {
    let relay = Relay::empty(config()).await;
    let mut practice = Practice::new(std::sync::Arc::clone(&relay.clock));
    practice.claim(&relay).await;
    relay.append(&[&practice.roster("nurse", Role::Nurse, false)]).await.unwrap();
    let mut doctor = relay.login("doctor").await;
    let patient = practice.patient("doctor", "child");
    doctor.publish(&patient).await.stored();
    let receipts = all_receipted(&relay, "child", 1).await;
    assert_eq!(receipts[0].rows[0].id, patient.id);
}

#[tokio::test]
async fn every_record_gets_one_receipt_that_names_the_policy_of_its_arrival() {
    let (relay, mut practice) = Relay::staffed(config()).await;
    let mut nurse = relay.login("nurse").await;
    let before = practice.vital("nurse", "child");
    nurse.publish(&before).await.stored();
    let roster = practice.roster("ma", relaybox_protocol::permissions::Role::Ma, false);
    relay.append(&[&roster]).await.unwrap();
    let after = practice.vital("nurse", "child");
    nurse.publish(&after).await.stored();
    // The 2110 of the child, and the two vitals.
    let receipts = all_receipted(&relay, "child", 3).await;
    let chart = practice.secret(Compartment::Chart).public;
    let of = |event: &Event| {
        receipts.iter().find(|r| r.rows.iter().any(|row| row.id == event.id)).unwrap().clone()
    };
    let (first, second) = (of(&before), of(&after));
    assert_eq!(
        (first.epoch_key, first.subject, first.n, first.prev),
        (Some(chart), Some(pk("child")), 1, None)
    );
    assert_eq!((second.n, second.prev), (2, Some(first.id)));
    assert_ne!(first.mark, second.mark, "different policy positions never share a receipt");
    let policy = receipts_of(&relay, json!({"kinds": [2122], "#c": ["policy"]})).await;
    let position = policy.iter().position(|r| r.rows.iter().any(|row| row.id == roster.id)).unwrap();
    assert_eq!(first.mark.public, Some(policy[position - 1].id));
    assert_eq!(second.mark.public, Some(policy[position].id));
}

#[tokio::test]
async fn receipts_reach_open_subscriptions() {
    let (relay, mut practice) = Relay::staffed(config()).await;
    let mut mother = relay.login("mother").await;
    assert!(mother.req("receipts", &[json!({"kinds": [2122], "limit": 0})]).await.is_ok());
    let vital = practice.vital("nurse", "child");
    relay.login("nurse").await.publish(&vital).await.stored();
    let named = vital.id.to_hex();
    mother.find(|m| m[0] == "EVENT" && m[2]["tags"].to_string().contains(&named)).await;
}

#[tokio::test]
async fn a_stop_writes_due_receipts_closes_subscriptions_and_keeps_everything() {
    let slow = relaybox_process::config::RelayConfig { receipt_seconds: 3_600, ..config() };
    let (mut relay, mut practice) = Relay::staffed(slow).await;
    let mut nurse = relay.login("nurse").await;
    assert!(nurse.req("live", &[json!({"kinds": [2122], "limit": 0})]).await.is_ok());
    let vital = practice.vital("nurse", "child");
    nurse.publish(&vital).await.stored();
    relay.stop().await;
    let named = vital.id.to_hex();
    nurse.find(|m| m[0] == "EVENT" && m[2]["tags"].to_string().contains(&named)).await;
    assert_eq!(
        nurse.find(|m| m[0] == "CLOSED").await,
        json!(["CLOSED", "live", "error: the relay is stopping: connect again"])
    );
    assert_eq!(nurse.closed().await, Some(1001));
    relay.start().await;
    let mut mother = relay.login("mother").await;
    assert_eq!(mother.ids(json!({"kinds": [2113]})).await, [vital.id.to_hex()]);
    relay.stop().await;
    let store = Store::open(&StoreConfig::at(relay.path("state/events.db")), std::sync::Arc::new(|| 0))
        .await
        .unwrap();
    assert_eq!(store.check().await.unwrap(), Vec::<String>::new());
    assert_eq!(store.due_count().await.unwrap(), 0);
}

#[tokio::test]
async fn a_reader_that_does_not_read_keeps_nobody_else_from_the_goodbye() {
    let short = relaybox_process::config::RelayConfig { drain_seconds: 1, ..config() };
    let (mut relay, mut practice) = Relay::staffed(short).await;
    let (mut stuck, mut nurse) = (relay.login("doctor").await, relay.login("nurse").await);
    let chart = practice.secret(Compartment::Chart);
    let text = "x".repeat(40_000);
    for _ in 0..40 {
        let large = practice.record("nurse", 2113, &chart, "child", relay.now(), &text);
        nurse.publish(&large).await.stored();
    }
    // More answers than sockets and buffers hold; none is read.
    for n in 0..4 {
        stuck.send(json!(["REQ", format!("all{n}"), {"kinds": [2113]}]).to_string()).await;
    }
    assert!(nurse.req("live", &[json!({"kinds": [2113], "limit": 0})]).await.is_ok());
    relay.stop().await;
    assert_eq!(
        nurse.find(|m| m[0] == "CLOSED").await,
        json!(["CLOSED", "live", "error: the relay is stopping: connect again"])
    );
    assert_eq!(nurse.closed().await, Some(1001));
    drop(stuck);
}

#[tokio::test]
async fn receipts_missing_after_a_crash_are_written_before_anybody_reads() {
    let slow = relaybox_process::config::RelayConfig { receipt_seconds: 3_600, ..config() };
    let (mut relay, mut practice) = Relay::staffed(slow).await;
    let vital = practice.vital("nurse", "child");
    relay.login("nurse").await.publish(&vital).await.stored();
    relay.crash().await;
    relay.start().await;
    let mut mother = relay.login("mother").await;
    let receipts = mother.req("receipts", &[json!({"kinds": [2122]})]).await.unwrap();
    assert!(receipts.iter().any(|receipt| receipt["tags"].to_string().contains(&vital.id.to_hex())));
}

#[tokio::test]
async fn a_box_whose_key_is_not_certified_serves_reads_and_takes_no_records() {
    let (mut relay, mut practice) = Relay::staffed(config()).await;
    let vital = practice.vital("nurse", "child");
    relay.login("nurse").await.publish(&vital).await.stored();
    relay.stop().await;
    let other = keys("new-box").secret_key().to_secret_hex();
    std::fs::write(relay.path("credentials/receipts.key"), other).unwrap();
    relay.start().await;
    let mut nurse = relay.login("nurse").await;
    assert_eq!(nurse.ids(json!({"kinds": [2113]})).await, [vital.id.to_hex()]);
    let pending = practice.vital("nurse", "child");
    nurse
        .publish(&pending)
        .await
        .refused("error: this box may not sign receipts yet: the practice certifies its key first");
    let epoch = practice.epoch_of_box(600, &pk("new-box"));
    relay.append(&[&epoch]).await.unwrap();
    nurse.publish(&pending).await.stored();
}

#[tokio::test]
async fn a_clock_that_steps_back_is_not_believed() {
    let (relay, mut practice) = Relay::staffed(config()).await;
    let mut nurse = relay.login("nurse").await;
    relay.pass_seconds(1_000);
    nurse.publish(&practice.vital("nurse", "child")).await.stored();
    let now = relay.now();
    relay.clock.store(1, std::sync::atomic::Ordering::SeqCst);
    let chart = practice.secret(Compartment::Chart);
    nurse.publish(&practice.record("nurse", 2113, &chart, "child", now, "")).await.stored();
    relay.clock.store(now, std::sync::atomic::Ordering::SeqCst);
    let receipts = all_receipted(&relay, "child", 3).await;
    assert!(
        receipts.iter().flat_map(|r| &r.rows).all(|row| row.received <= now && row.received >= now - 1_000)
    );
}

#[tokio::test]
async fn a_former_practices_records_enter_by_the_ceremony_in_rows_of_their_own() {
    let (mut relay, mut practice) = Relay::staffed(config()).await;
    let former = |author: &str, kind, first: &str| {
        let tags = vec![tag("p", [&pk(first).to_hex()]), tag("p", [&pk("old-child").to_hex()])];
        sign(&keys(author), kind, tags, "sealed", 1_500_000_000)
    };
    let record = former("p0", 1003, "p0");
    let early = relay.import(&[&record]).await.unwrap_err();
    assert!(early.to_string().contains("epoch"), "{early}");
    let epoch = practice.import_epoch();
    relay.append(&[&epoch]).await.unwrap();
    for (event, code) in [
        (former("stranger", 1003, "p0"), "not-member"),
        (former("p0", 1003, "nurse"), "epoch"),
        (former("p0", 2102, "p0"), "kind-not-taken"),
    ] {
        let refused = relay.import(&[&record, &event]).await.unwrap_err();
        assert!(refused.to_string().contains("event 1") && refused.to_string().contains(code), "{refused}");
    }
    let mut desk = relay.login("desk").await;
    let known = |practice: &mut Practice| practice.patient_with("desk", "old-child", &[tag("legacy", [])]);
    relay.pass_seconds(1);
    assert!(!desk.publish(&known(&mut practice)).await.accepted, "not imported yet");
    assert!(relay.import(&[&record]).await.unwrap()[0].1.is_some());
    assert_eq!(relay.import(&[&record]).await.unwrap()[0].1, None);
    let mut nurse = relay.login("nurse").await;
    assert_eq!(nurse.ids(json!({"kinds": [1003]})).await, [record.id.to_hex()]);
    nurse
        .publish(&former("nurse", 1003, "p0"))
        .await
        .refused("restricted: the former numbering is read, never written");
    let receipts = all_receipted(&relay, "old-child", 1).await;
    assert!(receipts[0].rows[0].import);
    relay.stop().await;
    relay.start().await;
    let mut desk = relay.login("desk").await;
    desk.publish(&known(&mut practice)).await.stored();
}

#[tokio::test]
async fn a_destruction_order_removes_the_records_it_names_and_keeps_their_receipts() {
    let (mut relay, mut practice) = Relay::staffed(config()).await;
    let mut nurse = relay.login("nurse").await;
    let (goes, stays) = (practice.vital("nurse", "child"), practice.vital("nurse", "child"));
    nurse.publish(&goes).await.stored();
    nurse.publish(&stays).await.stored();
    let policy = nurse.ids(json!({"kinds": [2110]})).await;
    let id = |hex: &str| relaybox_protocol::EventId::from_hex(hex).unwrap();
    let order = practice.destruction(&[goes.id, id(&policy[0])]);
    relay.append(&[&order]).await.unwrap();
    assert_eq!(nurse.ids(json!({"kinds": [2113]})).await, [stays.id.to_hex()]);
    assert_eq!(nurse.ids(json!({"kinds": [2110]})).await, policy, "membership rests on it");
    let receipts = all_receipted(&relay, "child", 3).await;
    assert!(receipts.iter().flat_map(|receipt| &receipt.rows).any(|row| row.id == goes.id));
    assert!(!nurse.publish(&goes).await.accepted, "it does not come back");
    relay.stop().await;
    relay.start().await;
    let mut nurse = relay.login("nurse").await;
    assert_eq!(nurse.ids(json!({"kinds": [2113]})).await, [stays.id.to_hex()]);
}

#[tokio::test]
async fn what_a_destruction_order_names_is_not_taken_after_it_either() {
    let (mut relay, mut practice) = Relay::staffed(config()).await;
    let mut nurse = relay.login("nurse").await;
    let (named, other) = (practice.vital("nurse", "child"), practice.vital("nurse", "child"));
    relay.append(&[&practice.destruction(&[named.id])]).await.unwrap();
    // Acknowledged, it would be gone after the next start, which carries out all orders again.
    nurse.publish(&named).await.refused("blocked: the event was deleted and does not come back");
    nurse.publish(&other).await.stored();
    relay.stop().await;
    relay.start().await;
    let mut nurse = relay.login("nurse").await;
    assert_eq!(nurse.ids(json!({"kinds": [2113]})).await, [other.id.to_hex()]);
}

#[tokio::test]
async fn a_destruction_order_reaches_a_former_practices_records() {
    let (relay, mut practice) = Relay::staffed(config()).await;
    let epoch = practice.import_epoch();
    relay.append(&[&epoch]).await.unwrap();
    let former = |text: &str| {
        let tags = vec![tag("p", [&pk("p0").to_hex()]), tag("p", [&pk("old-child").to_hex()])];
        sign(&keys("p0"), 1003, tags, text, 1_500_000_000)
    };
    let (goes, stays) = (former("one"), former("two"));
    relay.import(&[&goes, &stays]).await.unwrap();
    let mut nurse = relay.login("nurse").await;
    assert_eq!(nurse.count(json!({"kinds": [1003]})).await, Ok(2));
    relay.append(&[&practice.destruction(&[goes.id])]).await.unwrap();
    assert_eq!(nurse.ids(json!({"kinds": [1003]})).await, [stays.id.to_hex()]);
    let again = relay.import(&[&goes]).await.unwrap_err();
    assert!(again.to_string().contains("deleted"), "{again}");
}

#[tokio::test]
async fn an_imported_record_is_not_deleted_by_its_author() {
    let (relay, mut practice) = Relay::staffed(config()).await;
    let epoch = practice.import_epoch();
    relay.append(&[&epoch]).await.unwrap();
    let tags = vec![tag("p", [&pk("p0").to_hex()]), tag("p", [&pk("old-child").to_hex()])];
    let message = sign(&keys("old-child"), 1007, tags, "sealed", 1_500_000_000);
    relay.import(&[&message]).await.unwrap();
    let mut desk = relay.login("desk").await;
    desk.publish(&practice.patient_with("desk", "old-child", &[tag("legacy", [])])).await.stored();
    let mut author = relay.login("old-child").await;
    let note = sign(&keys("old-child"), 30078, vec![tag("d", ["note"])], "sealed", practice.now());
    author.publish(&note).await.stored();
    let delete = |id: String| sign(&keys("old-child"), 5, vec![tag("e", [&id])], "", practice.now());
    author
        .publish(&delete(message.id.to_hex()))
        .await
        .refused("restricted: health records cannot be deleted here: ask the practice");
    author.publish(&delete(note.id.to_hex())).await.stored();
    assert_eq!(author.ids(json!({"kinds": [1007]})).await, [message.id.to_hex()]);
    assert!(author.ids(json!({"kinds": [30078]})).await.is_empty());
}
