//! Who may write what, over the wire: every row of `tests/vectors/permissions.json`, which a script
//! writes from the text of the protocol, as a signed event on an authenticated socket.

use relaybox_protocol::Event;
use relaybox_protocol::permissions::{Compartment, Role, Word};
use serde_json::{Value, json};

use crate::client::{Client, Ok};
use crate::practice::{Practice, keys, pk};
use crate::relay::{Relay, config};

const ROLE: &str = "restricted: this person may not write this kind";
const ACT: &str = "restricted: this person may not sign, or this kind is not signed";
const COMPARTMENT: &str = "restricted: this kind or person does not write into this compartment";

/// Kind, act, compartment, verdict.
type Row = (u16, bool, Compartment, String);

fn vectors() -> Value {
    serde_json::from_str(include_str!("../../../../tests/vectors/permissions.json")).unwrap()
}

fn rows(entry: &Value) -> Vec<Row> {
    let row = |row: &Value| {
        (
            u16::try_from(row[0].as_u64().unwrap()).unwrap(),
            row[1].as_bool().unwrap(),
            Compartment::parse(row[2].as_str().unwrap()).unwrap(),
            row[3].as_str().unwrap().to_owned(),
        )
    };
    entry["rows"].as_array().unwrap().iter().map(row).collect()
}

fn answer(verdict: &str) -> (bool, &'static str) {
    match verdict {
        "ok" => (true, ""),
        "role" => (false, ROLE),
        "act" => (false, ACT),
        "compartment" => (false, COMPARTMENT),
        other => panic!("{other}"),
    }
}

/// Sends all events together and compares each answer. Gives the ids of what was refused.
async fn publish_all(client: &mut Client, who: &str, asked: &[(Event, Row)]) -> Vec<String> {
    let frames: Vec<String> = asked.iter().map(|(event, _)| json!(["EVENT", event]).to_string()).collect();
    client.send_together(&frames.iter().map(String::as_str).collect::<Vec<_>>()).await;
    let mut refused = Vec::new();
    for (event, (kind, act, compartment, verdict)) in asked {
        let id = event.id.to_hex();
        let Ok { accepted, message } = client.ok(&id).await;
        assert_eq!((accepted, message.as_str()), answer(verdict), "{who} {kind} {act} {compartment:?}");
        if !accepted {
            refused.push(id);
        }
    }
    refused
}

fn events(practice: &mut Practice, author: &str, family: bool, rows: Vec<Row>) -> Vec<(Event, Row)> {
    let event = |row: Row| (practice.writes(author, family, row.0, row.1, row.2), row);
    rows.into_iter().map(event).collect()
}

#[tokio::test]
async fn every_row_of_the_table_of_writers_is_answered_so_over_the_wire() {
    let (relay, mut practice) = Relay::staffed(config()).await;
    practice.everybody(&relay).await;
    let vectors = vectors();
    let mut refused = Vec::new();
    let mut asked = 0;
    for (n, entry) in vectors["members"].as_array().unwrap().iter().enumerate() {
        let role = Role::parse(entry["role"].as_str().unwrap()).unwrap();
        let words = entry["words"].as_array().unwrap().iter();
        let words: Vec<Word> = words.map(|word| Word::parse(word.as_str().unwrap()).unwrap()).collect();
        let name = format!("member-{n}");
        let hired = practice.roster_of(&name, role, &words, false);
        relay.append(&[&hired]).await.unwrap();
        let sent = events(&mut practice, &name, false, rows(entry));
        let mut client = relay.login(&name).await;
        refused.extend(publish_all(&mut client, &format!("{role:?} {words:?}"), &sent).await);
        asked += sent.len();
    }
    for entry in vectors["families"].as_array().unwrap() {
        let person = entry["person"].as_str().unwrap();
        let author = match person {
            "subject" => "teen",
            "own" => "own",
            "guardian" => "parent",
            _ => "aunt",
        };
        let sent = events(&mut practice, author, true, rows(entry));
        let mut client = relay.login(author).await;
        refused.extend(publish_all(&mut client, person, &sent).await);
        asked += sent.len();
    }
    assert_eq!(asked, 1_608);
    // A doctor holds every compartment, so what was kept would be seen.
    let mut doctor = relay.login("doctor").await;
    assert_eq!(doctor.count(json!({"ids": refused})).await, Result::Ok(0));
    let kept = doctor.count(json!({"authors": [pk("member-0").to_hex()]})).await;
    assert!(kept.unwrap() > 20, "what was accepted is kept");
}

#[tokio::test]
async fn agents_strangers_and_those_who_may_no_longer_write_no_record_at_all() {
    let (relay, mut practice) = Relay::staffed(config()).await;
    practice.everybody(&relay).await;
    let all = || (2110..=2126).filter(|kind| *kind != 2122).chain([32110, 32111]);
    let log_in = "auth-required: log in with the key that signed the event";
    let mut doctor = relay.login("doctor").await;
    for (author, family, logs_in, text) in [
        ("fhir", false, true, ROLE),
        ("mail", false, true, ROLE),
        ("stranger", false, true, "restricted: this key may not write here"),
        ("stranger", true, true, "restricted: this key may not write here"),
        ("suspended", false, false, log_in),
        ("former", false, false, log_in),
        ("former-guardian", true, false, log_in),
        ("other-child", true, true, "restricted: this person's access is suspended: ask the practice"),
    ] {
        // Those who cannot log in come with a key that can.
        let mut client = relay.login("parent").await;
        if logs_in {
            client.login(&keys(author), relay.now()).await.stored();
        }
        let mut ids = Vec::new();
        for kind in all() {
            for compartment in Compartment::ALL {
                let event = practice.writes(author, family, kind, false, compartment);
                client.publish(&event).await.refused(text);
                ids.push(event.id.to_hex());
            }
        }
        assert_eq!(doctor.count(json!({"ids": ids})).await, Result::Ok(0), "{author}");
        let good = practice.writes("parent", true, 2117, false, Compartment::Chart);
        client.publish(&good).await.stored();
    }
}
