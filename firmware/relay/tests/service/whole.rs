//! Nothing is cut: large notes, large practices.

use std::collections::BTreeSet;

use relaybox_process::config::RelayConfig;
use relaybox_protocol::envelope::{Record, open_as_person, open_content, seal_staff};
use relaybox_protocol::event::{key_tag, sign, tag};
use relaybox_protocol::permissions::Compartment;
use relaybox_protocol::{Event, body};
use serde_json::{Value, json};

use crate::client::Client;
use crate::practice::{Practice, keys, pk};
use crate::relay::{Relay, config};
use crate::sync::sync;

#[tokio::test]
async fn a_note_of_100_kb_is_stored_and_read_back_unchanged() {
    let (relay, mut practice) = Relay::staffed(config()).await;
    let text: String = "Läuft mit drei Jahren gut. ".chars().cycle().take(100_000).collect();
    let resource =
        json!({"resourceType": "Encounter", "contained": [{"resourceType": "Composition", "text": text}]});
    let r = practice.random.bytes32();
    let record = Record::plain(2111, &resource, pk("child"), r, practice.now());
    let (pair, p) = (practice.secret(Compartment::Chart), practice.p.public_key());
    let child = pk("child");
    let note =
        seal_staff(&keys("doctor"), &p, &pair, Some(&child), false, &record, &mut practice.random).unwrap();
    assert!(serde_json::to_string(&note).unwrap().len() > 270_000);
    relay.login("doctor").await.publish(&note).await.stored();
    let stored = |client: Client| async move {
        let mut client = client;
        let found = client.req("note", &[json!({"kinds": [2111]})]).await.unwrap();
        assert_eq!(found.len(), 1);
        serde_json::from_value::<Event>(found[0].clone()).unwrap()
    };
    let (by_nurse, by_child) =
        (stored(relay.login("nurse").await).await, stored(relay.login("child").await).await);
    assert_eq!((&by_nurse, &by_child), (&note, &note));
    let opened = open_content(&by_nurse, &pair.practice_key().unwrap()).unwrap();
    assert_eq!(open_as_person(&by_child, keys("child").secret_key()).unwrap(), opened);
    assert_eq!(body::parse(&opened).unwrap().resource["contained"][0]["text"], Value::String(text));
}

/// A vital sign whose ciphertext is a word: the relay cannot tell, and it is made at once.
fn vital(practice: &Practice, child: &str, at: u64, word: &str) -> Event {
    let tags = vec![
        key_tag("p", &practice.secret(Compartment::Chart).public),
        key_tag("p", &pk(child)),
        tag("patient-content", ["sealed"]),
        tag("enc", ["nip44-dual"]),
        tag("pc", [&"ab".repeat(32)]),
    ];
    sign(&keys("nurse"), 2113, tags, word, at)
}

/// Every page of a NIP-01 client: `until` is the time of the last event, which comes again.
async fn all_pages(client: &mut Client, mut filter: Value) -> BTreeSet<String> {
    let mut ids = BTreeSet::new();
    loop {
        let page = client.req("page", std::slice::from_ref(&filter)).await.unwrap();
        let before = ids.len();
        ids.extend(page.iter().map(|event| event["id"].as_str().unwrap().to_owned()));
        if ids.len() == before {
            return ids;
        }
        filter["until"] = page.last().unwrap()["created_at"].clone();
    }
}

#[tokio::test]
async fn a_chart_is_whole_with_ten_thousand_records_of_one_kind_in_the_practice() {
    let many = RelayConfig { events_per_minute_per_key: 1_000_000, receipt_seconds: 10, ..config() };
    let (relay, mut practice) = Relay::staffed(many).await;
    let mut desk = relay.login("desk").await;
    let children: Vec<String> = (0..19).map(|n| format!("child-{n}")).collect();
    for child in &children {
        desk.publish(&practice.patient("desk", child)).await.stored();
    }
    let (mut all, mut own) = (BTreeSet::new(), BTreeSet::new());
    let mut nurse = relay.login("nurse").await;
    for batch in 0..100 {
        let mut frames = Vec::new();
        let mut ids = Vec::new();
        for n in 0..100 {
            // Every 25th belongs to the child of the mother; ten share each second.
            let child = if n % 25 == 0 { "child" } else { &children[(n + batch) % 19] };
            let at = practice.now() - (batch * 10 + n / 10) as u64;
            let event = vital(&practice, child, at, &format!("sealed {batch} {n}"));
            frames.push(json!(["EVENT", event]).to_string());
            ids.push(event.id.to_hex());
            if child == "child" {
                own.insert(event.id.to_hex());
            }
        }
        nurse.send_together(&frames.iter().map(String::as_str).collect::<Vec<_>>()).await;
        for id in ids {
            nurse.ok(&id).await.stored();
            all.insert(id);
        }
    }
    assert_eq!((all.len(), own.len()), (10_000, 400));
    let kind = json!({"kinds": [2113]});
    let mut mother = relay.login("mother").await;
    let mut doctor = relay.login("doctor").await;
    assert_eq!(mother.ids(kind.clone()).await.into_iter().collect::<BTreeSet<_>>(), own);
    let asked = json!({"kinds": [2113], "#p": [pk("child").to_hex()]});
    assert_eq!(doctor.ids(asked).await.into_iter().collect::<BTreeSet<_>>(), own);
    assert_eq!(mother.count(kind.clone()).await, Ok(400));
    assert_eq!(doctor.count(kind.clone()).await, Ok(10_000));
    assert_eq!(all_pages(&mut mother, json!({"kinds": [2113], "limit": 90})).await, own);
    assert_eq!(all_pages(&mut doctor, json!({"kinds": [2113], "limit": 4_000})).await, all);
    assert_eq!(sync(&mut mother, kind.clone()).await, Ok(own));
    assert_eq!(sync(&mut doctor, kind).await, Ok(all));
}

#[tokio::test]
async fn a_reused_id_leaves_nothing_of_the_old_question_behind_the_new_ones_first_event() {
    let (relay, mut practice) = Relay::staffed(config()).await;
    let mut nurse = relay.login("nurse").await;
    let events: Vec<Event> =
        (0..1_000).map(|n| vital(&practice, "child", practice.now() - n, &"sealed ".repeat(300))).collect();
    let frames: Vec<String> = events.iter().map(|event| json!(["EVENT", event]).to_string()).collect();
    nurse.send_together(&frames.iter().map(String::as_str).collect::<Vec<_>>()).await;
    for event in &events {
        nurse.ok(&event.id.to_hex()).await.stored();
    }
    // A Unix socket holds little, so that the first answer still runs when the others are asked.
    let mut reader = relay.login_by_gateway("nurse").await;
    reader.send(r#"["REQ","a",{"kinds":[2113]}]"#).await;
    reader.until("EVENT").await;
    reader.send(r#"["REQ","a",{"kinds":[2110]}]"#).await;
    reader.send(r#"["CLOSE","a"]"#).await;
    reader.send(r#"["REQ","a",{"kinds":[2102]}]"#).await;
    let answers = reader.settled().await;
    assert_eq!(answers.iter().filter(|m| m[0] == "CLOSED").count(), 0);
    let of_last = answers.iter().position(|m| m[0] == "EVENT" && m[2]["kind"] == 2102).unwrap();
    let (before, after) = answers.split_at(of_last);
    assert!(after.iter().all(|m| m[0] != "EVENT" || m[2]["kind"] == 2102), "an old answer comes late");
    assert_eq!(after.iter().filter(|m| m[0] == "EOSE").count(), 1);
    let cut = before.iter().filter(|m| m[0] == "EVENT" && m[2]["kind"] == 2113).count();
    assert!(cut < 999, "the old question ran to its end: {cut}");
    // The surviving question lives on.
    nurse.publish(&practice.vital("nurse", "child")).await.stored();
    let hired = practice.roster("ma", relaybox_protocol::permissions::Role::Ma, false);
    relay.append(&[&hired]).await.unwrap();
    assert_eq!(reader.until("EVENT").await[2]["id"], hired.id.to_hex());
}
