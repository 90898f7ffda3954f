//! The demo practice through the real binary: everything published, and each person finds what the
//! ready line promises.

use std::collections::BTreeSet;

use relaybox_protocol::envelope::{open_as_person, open_patient_copy};
use relaybox_protocol::event::{p_tag, tag_value};
use relaybox_protocol::grants::open_patient_grant;
use relaybox_protocol::{Event, PublicKey, body, kinds};
use relaybox_tests::client::Client;
use relaybox_tests::dev::{DevBox, Person};
use serde_json::json;

async fn login(started: &DevBox, person: &Person) -> Client {
    Client::login(&started.ready.relay, Some(&started.ready.ca), &person.keys().unwrap()).await.unwrap()
}

fn named<'a>(started: &'a DevBox, name: &str) -> &'a Person {
    started.ready.persons.iter().find(|person| person.name == name).unwrap_or_else(|| panic!("{name}"))
}

#[tokio::test]
async fn the_demo_is_published_whole_and_read_by_its_people() {
    let started = DevBox::demo().unwrap();
    people_are_as_promised(&started);
    the_owner_counts_the_practice(&started).await;
    a_mother_reads_her_three_children_and_no_other(&started).await;
    an_adolescent_reads_three_epochs_with_the_own_key_alone(&started).await;
}

fn people_are_as_promised(started: &DevBox) {
    let count = |role: &str| started.ready.role(role).count();
    assert_eq!(started.ready.epochs.iter().map(|epoch| epoch.n).collect::<Vec<_>>(), [1, 2, 3]);
    assert_eq!((count("doctor"), count("ma"), count("frontdesk"), count("agent")), (2, 1, 1, 1));
    // Thirteen children, and two own keys beside.
    let patients: Vec<&Person> = started.ready.role("patient").collect();
    assert_eq!(patients.len(), 15);
    assert_eq!(patients.iter().filter(|patient| patient.secret.is_none()).count(), 12);
    let subjects: BTreeSet<&str> = patients.iter().map(|patient| patient.pubkey.as_str()).collect();
    for guardian in started.ready.role("guardian") {
        assert!(guardian.children.iter().all(|child| subjects.contains(child.as_str())), "{}", guardian.name);
    }
}

async fn the_owner_counts_the_practice(started: &DevBox) {
    let mut owner = login(started, started.ready.one("doctor").unwrap()).await;
    assert_eq!(owner.count(json!({"kinds": [kinds::PATIENT]})).await.unwrap(), 16);
    assert_eq!(owner.count(json!({"kinds": [kinds::PRACTICE_EPOCH]})).await.unwrap(), 3);
    let clinical: Vec<u16> = (2110..=2121).chain(2123..=2126).collect();
    let all = owner.count(json!({"kinds": clinical})).await.unwrap();
    assert!((1_500..=3_000).contains(&all), "{all}");
    assert_eq!(owner.count(json!({"kinds": [kinds::OUTSIDE_RECORD]})).await.unwrap(), 1);
}

async fn a_mother_reads_her_three_children_and_no_other(started: &DevBox) {
    let person = named(started, "Dana Demofield");
    assert_eq!(person.children.len(), 3);
    let keys = person.keys().unwrap();
    let mut client = login(started, person).await;
    let grants =
        client.query(json!({"kinds": [2100], "#p": [person.pubkey]})).await.unwrap().events().unwrap();
    let rows: Vec<_> =
        grants.iter().flat_map(|grant| open_patient_grant(keys.secret_key(), grant).unwrap()).collect();
    for child in &person.children {
        let events = client.query(json!({"kinds": [2113], "#p": [child]})).await.unwrap().events().unwrap();
        assert!(events.len() > 20);
        let subject = PublicKey::from_hex(child).unwrap();
        for event in &events {
            let epoch_key = p_tag(event, 0).unwrap();
            let row = rows.iter().find(|row| row.epoch_key == epoch_key && row.subject == subject).unwrap();
            let opened = body::parse(&open_patient_copy(event, &row.key).unwrap()).unwrap();
            assert_eq!(opened.resource["resourceType"], "Observation");
        }
    }
    let other = named(started, "Olive Mockingham");
    let none = client.query(json!({"#p": [other.pubkey]})).await.unwrap().events().unwrap();
    assert!(none.is_empty(), "{} events of another child", none.len());
    let mut owner = login(started, started.ready.one("doctor").unwrap()).await;
    assert!(owner.count(json!({"#p": [other.pubkey]})).await.unwrap() > 20);
}

async fn an_adolescent_reads_three_epochs_with_the_own_key_alone(started: &DevBox) {
    let theo = named(started, "Theo Notareal");
    let keys = theo.keys().unwrap();
    let mut client = login(started, theo).await;
    let own: Vec<Event> = client
        .query(json!({"kinds": [2111, 2113, 2116], "#p": [theo.pubkey]}))
        .await
        .unwrap()
        .events()
        .unwrap();
    let mut epochs = BTreeSet::new();
    for event in &own {
        let bytes = open_as_person(event, keys.secret_key()).unwrap();
        assert_eq!(Some(body::commitment(&bytes).as_str()), tag_value(event, "pc", 0));
        epochs.insert(p_tag(event, 0).unwrap().to_hex());
    }
    assert_eq!(epochs, started.ready.epochs.iter().map(|epoch| epoch.chart.clone()).collect());
}
