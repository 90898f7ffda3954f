//! From an empty box to a staffed practice, and back to one member less.

use relaybox_protocol::envelope::{EpochSecret, Record, open_content, seal_staff};
use relaybox_protocol::event::{key_from_hex, tag, tag_value};
use relaybox_protocol::grants::{Suspended, Suspension, build_suspension};
use relaybox_protocol::keys::{KeyRole, open_sealed, prove};
use relaybox_protocol::{SecretKey, Tag};
use relaybox_tests::client::Client;
use serde_json::Value;

use super::*;

async fn chart_of(client: &mut Client, member: &Keys) -> EpochSecret {
    secret_of(client, member, "chart").await
}

/// A compartment's secret of the newest 2101 that a member opens with their own key.
pub(super) async fn secret_of(client: &mut Client, member: &Keys, compartment: &str) -> EpochSecret {
    let grants = client.query(json!({"kinds": [2101], "#p": [member.public_key().to_hex()]})).await.unwrap();
    let newest = grants.events().unwrap().into_iter().max_by_key(|event| number(event, "n")).unwrap();
    let from = key_from_hex(tag_value(&newest, "ek", 0).unwrap()).unwrap();
    let text = open_sealed(member.secret_key(), &from, &newest.content).unwrap();
    let secrets: Value = serde_json::from_slice(&text).unwrap();
    EpochSecret::new(SecretKey::from_hex(secrets[compartment].as_str().unwrap()).unwrap())
}

fn number(event: &Event, name: &str) -> u64 {
    tag_value(event, name, 0).and_then(|text| text.parse().ok()).unwrap_or(0)
}

/// A note about a child, sealed under an epoch's chart key.
fn note(author: &Keys, practice: &PublicKey, chart: &EpochSecret, child: &PublicKey, text: &str) -> Event {
    let mut random = Random::os();
    let resource = json!({"resourceType": "Observation", "status": "final", "note": [{"text": text}]});
    let now = relaybox_process::clock::Clock::System.now();
    let record = Record::plain(2113, &resource, *child, random.bytes32(), now);
    seal_staff(author, practice, chart, Some(child), false, &record, &mut random).unwrap()
}

/// The front desk registers a child, whose secret nobody keeps.
pub(super) async fn register(claimed: &Claimed, desk: &Keys) -> PublicKey {
    registered(claimed, desk).await.public_key()
}

/// The front desk registers a child with this key.
pub(super) async fn registered(claimed: &Claimed, desk: &Keys) -> Keys {
    let child = Random::os().keys();
    let key = child.public_key();
    let pop = prove(&child, &claimed.practice, KeyRole::Subject, &mut Random::os());
    publish_patient(claimed, desk, &key, tag("pop", [&key.to_hex(), &pop])).await;
    child
}

/// A 2110 with what admits its T.
pub(super) async fn publish_patient(claimed: &Claimed, desk: &Keys, key: &PublicKey, admits: Tag) {
    let (key, extra, mut random) = (*key, [admits], Random::os());
    let resource = json!({"resourceType": "Patient"});
    let now = relaybox_process::clock::Clock::System.now();
    let record = Record { extra: &extra, ..Record::plain(2110, &resource, key, random.bytes32(), now) };
    let mut client = login(claimed, desk).await;
    let epoch = secret_of(&mut client, desk, "desk").await;
    let event = seal_staff(desk, &claimed.practice, &epoch, Some(&key), false, &record, &mut random).unwrap();
    let published = client.publish(&event).await.unwrap();
    assert!(published.0, "{}", published.1);
}

pub(super) async fn login(claimed: &Claimed, keys: &Keys) -> Client {
    Client::login(claimed.started.ready.plain().unwrap(), None, keys).await.unwrap()
}

async fn ended(mut client: Client) -> bool {
    client.closed().await.is_ok()
}

#[tokio::test]
async fn a_box_is_claimed_with_two_slot_keys_and_a_drill() {
    let unclaimed = Unclaimed::start("");
    let before = unclaimed.hand().state().await.unwrap();
    assert!(before.claim_code.is_some() && before.practice.is_none());
    let held = unclaimed.hand().claim(&Random::os().keys(), &mut |_| true).await.unwrap();
    held.done().unwrap();
    let told = held.words("recovery");
    assert_eq!(told.split(' ').count(), 24);
    assert_ne!(told, held.words("succession"));
    assert!(held.steps.contains(&"drill".to_owned()), "{:?}", held.steps);
    let state = unclaimed.hand().state().await.unwrap();
    let practice = PublicKey::from_hex(&state.practice.unwrap()).unwrap();
    let events = history(&unclaimed.started).await;
    assert_eq!((of_kind(&events, 2105), of_kind(&events, 2102), of_kind(&events, 2122)), (1, 1, 1));
    assert!(events.iter().all(|event| event.kind.as_u16() == 2122 || event.pubkey == practice));
    let labels: Vec<&str> = state.slot_keys.iter().map(|key| key.label.as_str()).collect();
    assert_eq!((labels, state.claim_code, state.soft), (vec!["front office", "bank"], None, true));
    assert_eq!(files_of(&unclaimed.started.folder().join("vault")), ["vault.age", "vault.json"]);
}

#[tokio::test]
async fn staff_and_an_agent_join_by_ceremonies_and_who_left_opens_nothing_new() {
    let claimed = Claimed::start("");
    let (mut hand, practice) = (claimed.hand(), claimed.practice);
    let people = [
        ("Dr. Bo Testwell", Role::Doctor),
        ("Cleo Testwell", Role::Nurse),
        ("Dana Testwell", Role::Ma),
        ("Eli Testwell", Role::FrontDesk),
    ];
    let staff: Vec<(Keys, &str, Role)> =
        people.into_iter().map(|(name, role)| (Random::os().keys(), name, role)).collect();
    let changes: Vec<Value> =
        staff.iter().map(|(keys, name, role)| join(keys, name, *role, &practice)).collect();
    let held = hand.perform(json!({"verb": "roster", "changes": changes})).await.unwrap();
    held.done().unwrap();
    assert_eq!(held.last.events.len(), 8, "a 2102 and a 2101 for each");
    let agent = Random::os().keys();
    let pop = prove(&agent, &practice, KeyRole::Agent, &mut Random::os());
    let grant = json!({
        "verb": "agent", "change": "grant", "key": agent.public_key().to_hex(), "service": "fhir",
        "kinds": [2116], "compartments": ["chart"], "patients": "clients", "until": null, "pop": pop,
    });
    hand.perform(grant).await.unwrap().done().unwrap();
    let (doctor, nurse) = (&staff[0].0, &staff[1].0);
    let mut by_doctor = login(&claimed, doctor).await;
    let mut by_nurse = login(&claimed, nurse).await;
    let child = register(&claimed, &staff[3].0).await;
    let first = chart_of(&mut by_nurse, nurse).await;
    let before = note(doctor, &practice, &chart_of(&mut by_doctor, doctor).await, &child, "before");
    let published = by_doctor.publish(&before).await.unwrap();
    assert!(published.0, "{}", published.1);
    open_content(&before, &first.practice_key().unwrap()).unwrap();
    hand.order = vec!["two".to_owned()];
    let leave = json!({"change": "leave", "key": nurse.public_key().to_hex()});
    hand.perform(json!({"verb": "roster", "changes": [leave]})).await.unwrap().done().unwrap();
    assert_eq!(of_kind(&claimed.history().await, 2105), 2, "a leaver brings new locks");
    assert!(ended(by_nurse).await, "open sockets of who left end");
    let second = chart_of(&mut by_doctor, doctor).await;
    assert_ne!(second.public, first.public);
    let after = note(doctor, &practice, &second, &child, "after");
    let published = by_doctor.publish(&after).await.unwrap();
    assert!(published.0, "{}", published.1);
    assert!(
        open_content(&after, &first.practice_key().unwrap()).is_err(),
        "the nurse's key opens nothing new"
    );
    open_content(&after, &second.practice_key().unwrap()).unwrap();
    let mut by_ma = login(&claimed, &staff[2].0).await;
    assert_eq!(chart_of(&mut by_ma, &staff[2].0).await.public, second.public, "all others go on reading");
}

#[tokio::test]
async fn a_suspension_ends_by_a_ceremony_that_delivers_what_was_missed() {
    let claimed = Claimed::start("");
    let (mut hand, practice) = (claimed.hand(), claimed.practice);
    let nurse = Random::os().keys();
    let change = join(&nurse, "Cleo Testwell", Role::Nurse, &practice);
    hand.perform(json!({"verb": "roster", "changes": [change]})).await.unwrap().done().unwrap();
    let by_nurse = login(&claimed, &nurse).await;
    let mut by_owner = login(&claimed, &claimed.owner).await;
    let now = relaybox_process::clock::Clock::System.now();
    let of = nurse.public_key();
    let suspension = Suspension { of: Suspended::Person(&of), scope: None, sequence: None, created_at: now };
    let suspension = build_suspension(&claimed.owner, &suspension);
    assert!(by_owner.publish(&suspension).await.unwrap().0);
    assert!(ended(by_nurse).await, "a suspension ends sessions");
    hand.perform(json!({"verb": "rotate"})).await.unwrap().done().unwrap();
    let lift = json!({"verb": "lift", "suspension": suspension.id.to_hex()});
    hand.perform(lift).await.unwrap().done().unwrap();
    let mut again = login(&claimed, &nurse).await;
    let current = chart_of(&mut by_owner, &claimed.owner).await;
    assert_eq!(chart_of(&mut again, &nurse).await.public, current.public);
}

#[tokio::test]
async fn two_people_approve_where_the_practice_wants_it_so() {
    let claimed = Claimed::start("two_person = true");
    let mut hand = claimed.hand();
    hand.order = vec!["one".to_owned(), "two".to_owned()];
    let held = hand.perform(json!({"verb": "rotate"})).await.unwrap();
    held.done().unwrap();
    assert_eq!(held.steps.iter().filter(|step| *step == "pin").count(), 2, "{:?}", held.steps);
    hand.order = vec!["one".to_owned(), "one".to_owned(), "two".to_owned()];
    let held = hand.perform(json!({"verb": "rotate"})).await.unwrap();
    assert!(held.steps.contains(&"other-key".to_owned()), "one key is not two people: {:?}", held.steps);
    held.done().unwrap();
}

#[tokio::test]
async fn a_slot_key_is_added_and_another_one_removed() {
    let claimed = Claimed::start("");
    let mut hand = claimed.hand();
    hand.order = vec!["three".to_owned(), "one".to_owned()];
    hand.perform(json!({"verb": "add-slot-key", "label": "safe"})).await.unwrap().done().unwrap();
    hand.order = vec!["three".to_owned()];
    let remove = |label: &str| json!({"verb": "remove-slot-key", "label": label});
    hand.perform(remove("front office")).await.unwrap().done().unwrap();
    let labels: Vec<String> =
        hand.state().await.unwrap().slot_keys.into_iter().map(|key| key.label).collect();
    assert_eq!(labels, ["bank", "safe"]);
    let held = hand.perform(remove("bank")).await.unwrap();
    assert_eq!(held.why(), "failed", "two slot keys stay at least");
    hand.order = vec!["one".to_owned(), "two".to_owned()];
    let held = hand.perform(json!({"verb": "rotate"})).await.unwrap();
    held.done().unwrap();
    assert!(held.steps.contains(&"other-key".to_owned()), "a removed key is a foreign one");
}
