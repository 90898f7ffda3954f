//! Bad input, each with the exact refusal and, on the same open socket, the good event beside it.

use relaybox_protocol::event::{sign, tag};
use relaybox_protocol::permissions::{Compartment, Role};
use relaybox_protocol::{Event, Keys};
use serde_json::{Value, json};

use crate::client::{Client, Ok};
use crate::practice::{Practice, keys, pk};
use crate::relay::{Relay, config};

const SUSPENDED: &str = "restricted: this person's access is suspended: ask the practice";

/// Sends an event object as it stands; its id names the answer.
async fn publish_text(client: &mut Client, id: &str, event: &str) -> Ok {
    client.send(format!("[\"EVENT\",{event}]")).await;
    client.ok(id).await
}

async fn publish_changed(client: &mut Client, event: &Event, member: &str, value: Value) -> Ok {
    let mut changed = serde_json::to_value(event).unwrap();
    changed[member] = value;
    let id = changed["id"].as_str().unwrap().to_owned();
    publish_text(client, &id, &changed.to_string()).await
}

#[tokio::test]
async fn a_wrong_id_or_signature_is_refused() {
    let (relay, mut practice) = Relay::staffed(config()).await;
    let mut nurse = relay.login("nurse").await;
    let vital = practice.vital("nurse", "child");
    publish_changed(&mut nurse, &vital, "id", json!("0".repeat(64)))
        .await
        .refused("invalid: the id is not the hash of the event");
    publish_changed(&mut nurse, &vital, "created_at", json!(practice.now() - 1))
        .await
        .refused("invalid: the id is not the hash of the event");
    publish_changed(&mut nurse, &vital, "sig", json!("1".repeat(128)))
        .await
        .refused("invalid: the signature does not hold");
    nurse.publish(&vital).await.stored();
}

#[tokio::test]
async fn malformed_events_are_refused_and_the_socket_goes_on() {
    let (relay, mut practice) = Relay::staffed(config()).await;
    let mut nurse = relay.login("nurse").await;
    let vital = practice.vital("nurse", "child");
    let id = vital.id.to_hex();
    let malformed = "invalid: not a well-formed Nostr event";
    let text = serde_json::to_string(&vital).unwrap();
    publish_changed(&mut nurse, &vital, "extra", json!(1)).await.refused(malformed);
    publish_text(&mut nurse, &id, &text.replacen("\"kind\":2113", "\"kind\":2113,\"kind\":2113", 1))
        .await
        .refused(malformed);
    publish_changed(&mut nurse, &vital, "tags", json!([["p", 1]])).await.refused(malformed);
    publish_changed(&mut nurse, &vital, "pubkey", json!(pk("nurse").to_hex().to_uppercase()))
        .await
        .refused(malformed);
    let deep = format!("{}{}", "[".repeat(150_000), "]".repeat(150_000));
    publish_text(&mut nurse, &id, &text.replacen("\"tags\":[", &format!("\"tags\":[{deep},"), 1))
        .await
        .refused(malformed);
    for frame in [
        "",
        "{}",
        "[]",
        "[1]",
        "[\"EVENT\"]",
        "[\"EVENT\",1]",
        "[\"WHAT\",{}]",
        "not json",
        "[\"EVENT\",{\"id\":\"\\ud800\"}]",
    ] {
        nurse.send(frame).await;
        let notice = nurse.until("NOTICE").await;
        assert!(notice[1].as_str().unwrap().starts_with("invalid: "), "{frame}: {notice}");
    }
    nurse.publish(&vital).await.stored();
}

#[tokio::test]
async fn text_that_is_not_utf8_ends_the_connection() {
    let (relay, _practice) = Relay::staffed(config()).await;
    let mut nurse = relay.login("nurse").await;
    assert!(nurse.count(json!({})).await.is_ok());
    nurse.send_bad_utf8().await;
    assert_eq!(nurse.until("NOTICE").await[1], "invalid: text frames only");
    assert_eq!(nurse.closed().await, Some(1003));
}

#[tokio::test]
async fn raw_control_characters_are_refused_and_escaped_ones_stored() {
    let (relay, practice) = Relay::staffed(config()).await;
    let mut mother = relay.login("mother").await;
    let escaped = sign(&keys("mother"), 30078, vec![tag("d", ["x"])], "a\n\tb\u{8}\u{c}", practice.now());
    let text = serde_json::to_string(&escaped).unwrap();
    let id = escaped.id.to_hex();
    let raw = text.replace("\\n", "\n").replace("\\t", "\t").replace("\\b", "\u{8}").replace("\\f", "\u{c}");
    assert_ne!(raw, text);
    publish_text(&mut mother, &id, &raw).await.refused("invalid: not a well-formed Nostr event");
    publish_text(&mut mother, &id, &text).await.stored();
    assert_eq!(mother.ids(json!({"kinds": [30078]})).await, [id]);
}

#[tokio::test]
async fn old_and_future_dates_are_refused() {
    let (relay, mut practice) = Relay::staffed(config()).await;
    let mut nurse = relay.login("nurse").await;
    let chart = practice.secret(Compartment::Chart);
    let now = relay.now();
    let mut dated = |at| practice.record("nurse", 2113, &chart, "child", at, "");
    let (too_old, oldest) = (dated(now - 7 * 86_400 - 1), dated(now - 7 * 86_400));
    let (newest, too_new) = (dated(now + 599), dated(now + 601));
    nurse
        .publish(&too_old)
        .await
        .refused("invalid: created_at is more than seven days back: build the event anew");
    nurse.publish(&oldest).await.stored();
    nurse
        .publish(&too_new)
        .await
        .refused("invalid: created_at is more than ten minutes ahead: check this device's clock");
    nurse.publish(&newest).await.stored();
}

#[tokio::test]
async fn events_by_others_than_logged_in_members_are_refused() {
    let (relay, mut practice) = Relay::staffed(config()).await;
    let mut client = relay.login("nurse").await;
    let by_doctor = practice.vital("doctor", "child");
    client.publish(&by_doctor).await.refused("auth-required: log in with the key that signed the event");
    client.login(&keys("stranger"), relay.now()).await.stored();
    let by_stranger = practice.vital("stranger", "child");
    client.publish(&by_stranger).await.refused("restricted: this key may not write here");
    let chart = practice.secret(Compartment::Chart);
    let epoch_key = Keys::new(chart.secret.clone());
    let by_epoch_key = sign(&epoch_key, 2113, vec![], "", practice.now());
    client.publish(&by_epoch_key).await.refused("restricted: epoch keys sign nothing");
    client.publish(&practice.vital("nurse", "child")).await.stored();
}

#[tokio::test]
async fn events_of_the_practice_key_enter_by_the_ceremony_only() {
    let (relay, mut practice) = Relay::staffed(config()).await;
    let mut doctor = relay.login("doctor").await;
    let roster = practice.roster("ma", Role::Ma, false);
    doctor.publish(&roster).await.refused("restricted: events of the practice key enter by a ceremony only");
    assert_eq!(doctor.ids(json!({"ids": [roster.id.to_hex()]})).await.len(), 0);
    relay.append(&[&roster]).await.unwrap();
    assert_eq!(doctor.ids(json!({"ids": [roster.id.to_hex()]})).await.len(), 1);
}

#[tokio::test]
async fn what_the_practice_key_ended_only_a_ceremony_restores() {
    let (relay, mut practice) = Relay::staffed(config()).await;
    let mut desk = relay.login("desk").await;
    let ended = practice.link("practice", "child", "mother", true);
    relay.append(&[&ended]).await.unwrap();
    let again = practice.link("desk", "child", "mother", false);
    desk.publish(&again)
        .await
        .refused("restricted: the practice key ended this: only a ceremony restores it");
    relay.pass_seconds(1);
    let restored = practice.link("practice", "child", "mother", false);
    relay.append(&[&restored]).await.unwrap();
    let mut mother = relay.login("mother").await;
    mother.publish(&practice.message("mother", "child")).await.stored();
}

#[tokio::test]
async fn a_stale_or_rogue_first_p_is_refused() {
    let (relay, mut practice) = Relay::staffed(config()).await;
    let mut nurse = relay.login("nurse").await;
    let old = practice.secret(Compartment::Chart);
    let epoch = practice.epoch(0);
    relay.append(&[&epoch]).await.unwrap();
    let text = "invalid: the first p tag is not a current epoch key: fetch the newest epoch and build the event anew";
    let stale = practice.record("nurse", 2113, &old, "child", relay.now(), "");
    nurse.publish(&stale).await.refused(text);
    let rogue = relaybox_protocol::envelope::EpochSecret::new(keys("rogue").secret_key().clone());
    nurse.publish(&practice.record("nurse", 2113, &rogue, "child", relay.now(), "")).await.refused(text);
    nurse.publish(&practice.vital("nurse", "child")).await.stored();
}

#[tokio::test]
async fn an_epoch_in_grace_is_current_until_its_last_second() {
    let (relay, mut practice) = Relay::staffed(config()).await;
    let mut nurse = relay.login("nurse").await;
    let old = practice.secret(Compartment::Chart);
    let epoch = practice.epoch(600);
    relay.append(&[&epoch]).await.unwrap();
    relay.pass_seconds(599);
    nurse.publish(&practice.record("nurse", 2113, &old, "child", relay.now(), "")).await.stored();
    relay.pass_seconds(1);
    let late = nurse.publish(&practice.record("nurse", 2113, &old, "child", relay.now(), "")).await;
    assert!(late.message.starts_with("invalid: the first p tag is not a current epoch key"), "{late:?}");
}

#[tokio::test]
async fn a_suspended_member_is_refused_and_a_suspended_patient_reads_on() {
    let (relay, mut practice) = Relay::staffed(config()).await;
    let mut doctor = relay.login("doctor").await;
    let mut child = relay.login("child").await;
    let message = practice.message("child", "child");
    child.publish(&message).await.stored();
    doctor.publish(&practice.suspension("doctor", "child")).await.stored();
    child.publish(&practice.message("child", "child")).await.refused(SUSPENDED);
    assert_eq!(child.ids(json!({"kinds": [2117]})).await, [message.id.to_hex()]);
    doctor.publish(&practice.suspension("doctor", "nurse")).await.stored();
    let mut nurse = relay.connect().await;
    nurse.login(&keys("nurse"), relay.now()).await.refused(SUSPENDED);
    doctor.publish(&practice.vital("doctor", "child")).await.stored();
}

#[tokio::test]
async fn health_records_cannot_be_deleted_or_vanished_and_own_notes_can() {
    let (relay, mut practice) = Relay::staffed(config()).await;
    let mut mother = relay.login("mother").await;
    let message = practice.message("mother", "child");
    let note = sign(&keys("mother"), 30078, vec![tag("d", ["a:b:c"])], "sealed", practice.now());
    let other = sign(&keys("mother"), 30078, vec![tag("d", ["other"])], "sealed", practice.now());
    for event in [&message, &note, &other] {
        mother.publish(event).await.stored();
    }
    let delete = |tags| sign(&keys("mother"), 5, tags, "", practice.now());
    let clinical = "restricted: health records cannot be deleted here: ask the practice";
    mother.publish(&delete(vec![tag("e", [&message.id.to_hex()])])).await.refused(clinical);
    let vanish = sign(&keys("mother"), 62, vec![tag("relay", ["ALL_RELAYS"])], "", practice.now());
    mother
        .publish(&vanish)
        .await
        .refused("restricted: health records cannot be erased by request to the relay: ask the practice");
    let address = format!("30078:{}:a:b:c", pk("mother").to_hex());
    mother.publish(&delete(vec![tag("a", [&address])])).await.stored();
    assert_eq!(
        mother.ids(json!({"kinds": [30078]})).await,
        [other.id.to_hex()],
        "one address and nothing else"
    );
    assert_eq!(mother.ids(json!({"kinds": [2117]})).await, [message.id.to_hex()]);
}

#[tokio::test]
async fn a_gift_wrap_is_deleted_by_its_addressee_and_by_nobody_else() {
    let (relay, mut practice) = Relay::staffed(config()).await;
    let (once, other_once) = (practice.random.keys(), practice.random.keys());
    let wrap = |sender: &Keys, to: &str| {
        sign(sender, 1059, vec![tag("p", [&pk(to).to_hex()])], "sealed", practice.now())
    };
    let (first, second, foreign) =
        (wrap(&once, "mother"), wrap(&other_once, "mother"), wrap(&other_once, "father"));
    let mut nurse = relay.login("nurse").await;
    for event in [&first, &second, &foreign] {
        nurse.publish(event).await.stored();
    }
    let delete = |author: &Keys, ids: &[&Event]| {
        let mut tags: Vec<_> = ids.iter().map(|event| tag("e", [&event.id.to_hex()])).collect();
        tags.push(tag("k", ["1059"]));
        sign(author, 5, tags, "", practice.now())
    };
    let all = json!({"kinds": [1059]});
    // A stranger's request is taken, as it may name what is not here yet, and reaches nothing.
    let (mut mother, mut father) = (relay.login("mother").await, relay.login("father").await);
    father.publish(&delete(&keys("father"), &[&first])).await.stored();
    assert_eq!(mother.count(all.clone()).await, Ok(2));
    // The key that signed a wrap is nobody of the practice.
    let mut sender = relay.connect().await;
    sender.login(&once, relay.now()).await.stored();
    sender.publish(&delete(&once, &[&first])).await.refused("restricted: this key may not write here");
    assert_eq!(mother.count(all.clone()).await, Ok(2));
    mother.publish(&delete(&keys("mother"), &[&first, &foreign])).await.stored();
    assert_eq!(mother.ids(all.clone()).await, [second.id.to_hex()]);
    assert_eq!(father.ids(all).await, [foreign.id.to_hex()], "a wrap to somebody else stays");
    nurse.publish(&first).await.refused("blocked: the event was deleted and does not come back");
}

#[tokio::test]
async fn medical_data_in_clear_and_former_kinds_are_refused() {
    let (relay, mut practice) = Relay::staffed(config()).await;
    let mut nurse = relay.login("nurse").await;
    let bare = sign(&keys("nurse"), 82, vec![], "{}", practice.now());
    nurse
        .publish(&bare)
        .await
        .refused("restricted: medical data in clear is not taken: send it inside a gift wrap");
    let former = sign(&keys("nurse"), 1003, vec![], "", practice.now());
    nurse.publish(&former).await.refused("restricted: the former numbering is read, never written");
    nurse.publish(&practice.vital("nurse", "child")).await.stored();
}

#[tokio::test]
async fn wraps_to_strangers_and_to_patients_get_one_same_answer() {
    let (relay, mut practice) = Relay::staffed(config()).await;
    let wrap = |practice: &mut Practice, to: &str| {
        let sender = practice.random.keys();
        sign(&sender, 1059, vec![tag("p", [&pk(to).to_hex()])], "sealed", practice.now())
    };
    let mut anybody = relay.connect().await;
    let to_stranger = anybody.publish(&wrap(&mut practice, "somebody")).await;
    let to_patient = anybody.publish(&wrap(&mut practice, "child")).await;
    assert_eq!(to_stranger, to_patient);
    to_patient.refused("auth-required: log in before you write to this person");
    anybody.publish(&wrap(&mut practice, "mail")).await.stored();
    let mut nurse = relay.login("nurse").await;
    nurse
        .publish(&wrap(&mut practice, "somebody"))
        .await
        .refused("restricted: this relay keeps messages for its own people only");
    nurse.publish(&wrap(&mut practice, "child")).await.stored();
    let mut child = relay.login("child").await;
    assert_eq!(child.count(json!({"kinds": [1059]})).await, Ok(1));
    assert_eq!(nurse.count(json!({"kinds": [1059]})).await, Ok(0));
}

#[tokio::test]
async fn an_event_sent_again_is_a_duplicate_also_when_its_time_has_passed() {
    let (relay, mut practice) = Relay::staffed(config()).await;
    let mut nurse = relay.login("nurse").await;
    let mut mother = relay.login("mother").await;
    assert!(mother.req("live", &[json!({"kinds": [2113]})]).await.is_ok());
    let vital = practice.vital("nurse", "child");
    nurse.publish(&vital).await.stored();
    let again = nurse.publish(&vital).await;
    assert!(again.accepted && again.message.starts_with("duplicate:"), "{again:?}");
    relay.pass_seconds(8 * 86_400);
    let late = nurse.publish(&vital).await;
    assert!(late.accepted && late.message.starts_with("duplicate:"), "{late:?}");
    let mut doctor = relay.login("doctor").await;
    doctor.publish(&vital).await.refused("auth-required: log in with the key that signed the event");
    assert_eq!(nurse.count(json!({"kinds": [2113]})).await, Ok(1));
    let delivered = mother.settled().await;
    assert_eq!(delivered.iter().filter(|m| m[0] == "EVENT").count(), 1, "one delivery");
}

#[tokio::test]
async fn an_older_version_of_a_slot_is_blocked() {
    let (relay, practice) = Relay::staffed(config()).await;
    let mut mother = relay.login("mother").await;
    let version = |at| sign(&keys("mother"), 30078, vec![tag("d", ["x"])], format!("{at}"), at);
    let (older, newer) = (version(practice.now() - 10), version(practice.now()));
    mother.publish(&newer).await.stored();
    mother.publish(&older).await.refused("blocked: a newer version is stored");
    assert_eq!(mother.ids(json!({"kinds": [30078]})).await, [newer.id.to_hex()]);
}

#[tokio::test]
async fn a_protected_event_is_taken_from_its_author_only() {
    let (relay, practice) = Relay::staffed(config()).await;
    let event = sign(
        &keys("mother"),
        30078,
        vec![tag("d", ["x"]), relaybox_protocol::Tag::custom("-", Vec::<String>::new())],
        "",
        practice.now(),
    );
    let mut father = relay.login("father").await;
    father.publish(&event).await.refused("restricted: a protected event is taken from its author only");
    let mut mother = relay.login("mother").await;
    mother.publish(&event).await.stored();
}
