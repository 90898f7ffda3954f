//! Events that look right and are not: taken from others, about others, or above the signer's station.

use relaybox_protocol::envelope::EpochSecret;
use relaybox_protocol::event::{key_tag, sign, tag};
use relaybox_protocol::permissions::{Compartment, Role};
use relaybox_protocol::{Event, Keys, Tag};
use serde_json::json;

use crate::client::Client;
use crate::practice::{Practice, keys, pk};
use crate::relay::{Relay, config};

const SUBJECT: &str = "restricted: the record's person is not one this key may write for";
const IN_USE: &str = "blocked: the key already has another role here";
const AUTHORITY: &str = "restricted: the signer may not do this";
const NOT_TAKEN: &str = "restricted: this relay does not take this kind";

/// The same tags and content under another signature.
fn resigned(event: &Event, by: &Keys, at: u64) -> Event {
    sign(by, event.kind.as_u16(), event.tags.clone().to_vec(), event.content.clone(), at)
}

async fn refused(client: &mut Client, event: &Event, text: &str, what: &str) {
    let answer = client.publish(event).await;
    assert_eq!((answer.accepted, answer.message.as_str()), (false, text), "{what}");
}

#[tokio::test]
async fn a_record_that_a_family_signs_anew_is_refused() {
    let (relay, mut practice) = Relay::staffed(config()).await;
    let vital = practice.vital("nurse", "child");
    let mut nurse = relay.login("nurse").await;
    nurse.publish(&vital).await.stored();
    let message = practice.by_staff("nurse", 2117, Compartment::Chart, Some("child"), false);
    nurse.publish(&message).await.stored();
    for name in ["child", "mother"] {
        let mut family = relay.login(name).await;
        for event in [&vital, &message] {
            let transplanted = resigned(event, &keys(name), relay.now());
            refused(&mut family, &transplanted, "restricted: this person may not write this kind", name)
                .await;
        }
        family.publish(&practice.message(name, "child")).await.stored();
    }
}

#[tokio::test]
async fn nobody_writes_for_a_person_who_is_not_theirs() {
    let (relay, mut practice) = Relay::staffed(config()).await;
    let mut nurse = relay.login("nurse").await;
    let unregistered = practice.vital("nurse", "unregistered");
    refused(&mut nurse, &unregistered, SUBJECT, "a child that nobody registered").await;
    let to_guardian = practice.vital("nurse", "mother");
    refused(&mut nurse, &to_guardian, SUBJECT, "a vital sign of a parent").await;
    nurse.publish(&practice.vital("nurse", "child")).await.stored();
    for name in ["mother", "child"] {
        let mut family = relay.login(name).await;
        let foreign = practice.by_family(name, 2126, Compartment::Desk, Some("other-child"), false);
        refused(&mut family, &foreign, SUBJECT, name).await;
        let own = practice.by_family(name, 2126, Compartment::Desk, Some("child"), false);
        family.publish(&own).await.stored();
    }
}

#[tokio::test]
async fn a_patient_gets_no_key_that_is_somebodys() {
    let (relay, mut practice) = Relay::staffed(config()).await;
    let mut desk = relay.login("desk").await;
    let taken = practice.rekey("desk", "child", "other-child");
    refused(&mut desk, &taken, IN_USE, "T of another live patient").await;
    for name in ["practice", "escrow", "box", "audit", "fhir", "father", "nurse"] {
        let registration = practice.patient("desk", name);
        let rekey = practice.rekey("desk", "child", name);
        refused(&mut desk, &registration, IN_USE, name).await;
        refused(&mut desk, &rekey, IN_USE, name).await;
    }
    for compartment in Compartment::ALL {
        let pair: EpochSecret = practice.secret(compartment);
        let registration = practice.patient_of_epoch_key("desk", &pair);
        let text = "invalid: the tags are not those of a record envelope";
        refused(&mut desk, &registration, text, "T = E").await;
    }
    let borrowed = practice.prove("borrowed", relaybox_protocol::keys::KeyRole::Guardian);
    let pop = tag("pop", [&pk("borrowed").to_hex(), &borrowed]);
    let wrong_pop = practice.patient_with("desk", "borrowed", &[pop]);
    let text = "invalid: the key's proof of possession is missing or does not hold";
    refused(&mut desk, &wrong_pop, text, "the proof of another role").await;
    desk.publish(&practice.rekey("desk", "child", "child-new")).await.stored();
    desk.publish(&practice.patient("desk", "borrowed")).await.stored();
}

/// Well-formed policy, each signed by somebody who may not.
fn forged_policy(practice: &mut Practice) -> Vec<(&'static str, Event, &'static str)> {
    let now = practice.now();
    let by = |name: &str, event: &Event| resigned(event, &keys(name), now);
    let roster = practice.roster("mallory", Role::Doctor, false);
    let agent = practice.agent(
        "gopher",
        relaybox_protocol::grants::Service::Fhir,
        relaybox_protocol::grants::Patients::All,
    );
    let epoch = practice.epoch(0);
    practice.epochs.pop();
    let destruction = practice.destruction(&[roster.id]);
    let receipt_tags = vec![
        key_tag("p", &practice.secret(Compartment::Chart).public),
        key_tag("p", &pk("child")),
        tag("n", ["1"]),
        tag("policy", ["", ""]),
        tag("e", [roster.id.to_hex().as_str(), "1"]),
    ];
    vec![
        ("doctor", by("doctor", &roster), AUTHORITY),
        ("doctor", by("doctor", &agent), AUTHORITY),
        ("doctor", by("doctor", &epoch), AUTHORITY),
        ("doctor", by("doctor", &destruction), AUTHORITY),
        ("nurse", practice.suspension("nurse", "doctor"), AUTHORITY),
        ("nurse", practice.client("nurse", "camp", "child"), AUTHORITY),
        ("mother", practice.suspension("mother", "father"), AUTHORITY),
        ("mother", practice.link("mother", "other-child", "mother", false), AUTHORITY),
        ("father", practice.link("father", "child", "mother", true), AUTHORITY),
        ("doctor", sign(&keys("doctor"), 2122, receipt_tags, "", now), NOT_TAKEN),
        ("doctor", sign(&keys("doctor"), 2128, vec![tag("head", ["relay", "1", "ab"])], "", now), NOT_TAKEN),
    ]
}

#[tokio::test]
async fn policy_signed_by_the_wrong_person_is_refused_and_changes_nothing() {
    let (relay, mut practice) = Relay::staffed(config()).await;
    let forged = forged_policy(&mut practice);
    let mut doctor = relay.login("doctor").await;
    let ids: Vec<String> = forged.iter().map(|(_, event, _)| event.id.to_hex()).collect();
    for (name, event, text) in &forged {
        let mut client = relay.login(name).await;
        refused(&mut client, event, text, &format!("{} by {name}", event.kind.as_u16())).await;
    }
    assert_eq!(doctor.count(json!({"ids": ids})).await, Ok(0));
    let mut mallory = relay.login("mallory").await;
    let vital = practice.vital("mallory", "child");
    refused(&mut mallory, &vital, "restricted: this key may not write here", "hired by nobody").await;
    // The same acts by those who may.
    doctor.publish(&practice.client("doctor", "camp", "child")).await.stored();
    doctor.publish(&practice.link("doctor", "child", "uncle", false)).await.stored();
    doctor.publish(&practice.suspension("doctor", "uncle")).await.stored();
}

#[tokio::test]
async fn a_receipt_of_another_box_key_is_not_among_the_boxs_receipts() {
    let (relay, mut practice) = Relay::staffed(config()).await;
    let mut mallory = relay.login("box").await;
    let tags: Vec<Tag> = vec![tag("c", ["policy"]), tag("n", ["1"]), tag("e", [&"ab".repeat(32), "1"])];
    // Not even the box's own key brings a receipt over the network.
    let forged = sign(&keys("box"), 2122, tags, "", relay.now());
    refused(&mut mallory, &forged, NOT_TAKEN, "a receipt over the network").await;
    let mut nurse = relay.login("nurse").await;
    nurse.publish(&practice.vital("nurse", "child")).await.stored();
    let receipts = nurse.req("receipts", &[json!({"kinds": [2122]})]).await.unwrap();
    assert!(!receipts.is_empty());
    assert!(receipts.iter().all(|receipt| receipt["pubkey"] == pk("box").to_hex()));
    assert!(receipts.iter().all(|receipt| receipt["id"] != forged.id.to_hex()));
}
