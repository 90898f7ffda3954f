//! NIP-77, and the pages that a NIP-01 client turns.

use std::collections::BTreeSet;

use negentropy::{Id, Negentropy, NegentropyStorageVector, Storage};
use relaybox_process::config::RelayConfig;
use relaybox_protocol::event::{sign, tag};
use relaybox_protocol::hex;
use serde_json::json;

use crate::client::Client;
use crate::practice::{keys, pk};
use crate::relay::{Relay, config};

fn bytes(hex: &str) -> Vec<u8> {
    (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect()
}

/// Ids that a client without any event learns of.
pub(crate) async fn sync(client: &mut Client, filter: serde_json::Value) -> Result<BTreeSet<String>, String> {
    let mut own = NegentropyStorageVector::new();
    own.seal().unwrap();
    let mut negentropy = Negentropy::new(Storage::Borrowed(&own), 0).unwrap();
    let mut message = negentropy.initiate().unwrap();
    let mut verb = json!(["NEG-OPEN", "n", filter, hex::encode(&message)]);
    let mut need = Vec::new();
    loop {
        client.send(verb.to_string()).await;
        let answer = client.find(|m| m[0] == "NEG-MSG" || m[0] == "NEG-ERR").await;
        let text = answer[2].as_str().unwrap().to_owned();
        if answer[0] == "NEG-ERR" {
            return Err(text);
        }
        let mut have = Vec::new();
        match negentropy.reconcile_with_ids(&bytes(&text), &mut have, &mut need).unwrap() {
            Some(next) => message = next,
            None => break,
        }
        verb = json!(["NEG-MSG", "n", hex::encode(&message)]);
    }
    client.send(r#"["NEG-CLOSE","n"]"#).await;
    Ok(need.iter().map(|id: &Id| hex::encode(&**id)).collect())
}

#[tokio::test]
async fn a_sync_lists_what_the_reader_may_read_and_nothing_else() {
    let (relay, mut practice) = Relay::staffed(config()).await;
    let mut nurse = relay.login("nurse").await;
    let mut own = BTreeSet::new();
    for n in 0..40 {
        let child = if n % 2 == 0 { "child" } else { "other-child" };
        let vital = practice.vital("nurse", child);
        nurse.publish(&vital).await.stored();
        if child == "child" {
            own.insert(vital.id.to_hex());
        }
    }
    assert_eq!(sync(&mut nurse, json!({"kinds": [2113]})).await.unwrap().len(), 40);
    let mut mother = relay.login("mother").await;
    assert_eq!(sync(&mut mother, json!({"kinds": [2113]})).await, Ok(own));
    let mut stranger = relay.login("stranger").await;
    assert_eq!(sync(&mut stranger, json!({})).await, Ok(BTreeSet::new()));
}

#[tokio::test]
async fn a_sync_that_is_too_large_or_one_too_many_is_refused() {
    let limits = RelayConfig { neg_ids_max: 3, neg_sessions_max: 1, ..config() };
    let (relay, mut practice) = Relay::staffed(limits).await;
    let mut nurse = relay.login("nurse").await;
    for _ in 0..3 {
        nurse.publish(&practice.vital("nurse", "child")).await.stored();
    }
    assert_eq!(sync(&mut nurse, json!({"kinds": [2113]})).await.unwrap().len(), 3);
    nurse.publish(&practice.vital("nurse", "child")).await.stored();
    let too_many = "invalid: too many events for one negentropy session: narrow the filter";
    assert_eq!(sync(&mut nurse, json!({"kinds": [2113]})).await, Err(too_many.to_owned()));
    nurse.send(r#"["NEG-OPEN","one",{"kinds":[1]},"6100000200"]"#).await;
    nurse.until("NEG-MSG").await;
    nurse.send(r#"["NEG-OPEN","two",{"kinds":[1]},"6100000200"]"#).await;
    let refused = nurse.until("NEG-ERR").await;
    assert_eq!(
        refused,
        json!(["NEG-ERR", "two", "rate-limited: too many open negentropy sessions: close one"])
    );
    nurse.send(r#"["NEG-CLOSE","one"]"#).await;
    nurse.send(r#"["NEG-MSG","one","6100000200"]"#).await;
    assert_eq!(nurse.until("NEG-ERR").await, json!(["NEG-ERR", "one", "error: no such negentropy session"]));
    nurse.send(r#"["NEG-OPEN","two",{"kinds":[1]},"6100000200"]"#).await;
    nurse.until("NEG-MSG").await;
}

#[tokio::test]
async fn a_sync_ends_when_access_changes() {
    let (relay, mut practice) = Relay::staffed(config()).await;
    let mut mother = relay.login("mother").await;
    mother.send(r#"["NEG-OPEN","n",{"kinds":[2113]},"6100000200"]"#).await;
    mother.until("NEG-MSG").await;
    let mut desk = relay.login("desk").await;
    desk.publish(&practice.link("desk", "other-child", "mother", false)).await.stored();
    mother.send(r#"["NEG-MSG","n","6100000200"]"#).await;
    assert_eq!(mother.until("NEG-ERR").await[2], "blocked: access has changed: open the session again");
    mother.send(r#"["NEG-OPEN","n",{"kinds":[2113]},"6100000200"]"#).await;
    mother.until("NEG-MSG").await;
}

#[tokio::test]
async fn a_second_that_holds_more_events_than_a_page_is_answered_whole() {
    let (relay, practice) = Relay::staffed(config()).await;
    let mut mother = relay.login("mother").await;
    let mut ids = BTreeSet::new();
    for n in 0..620 {
        let event = sign(&keys("mother"), 30078, vec![tag("d", [&format!("{n}")])], "", practice.now());
        mother.send(json!(["EVENT", event]).to_string()).await;
        ids.insert(event.id.to_hex());
    }
    for id in &ids {
        mother.ok(id).await.stored();
    }
    let read = mother.ids(json!({"kinds": [30078]})).await;
    assert_eq!((read.len(), read.iter().cloned().collect::<BTreeSet<_>>()), (620, ids.clone()));
    assert_eq!(sync(&mut mother, json!({"kinds": [30078]})).await, Ok(ids));
    assert_eq!(mother.ids(json!({"kinds": [30078], "limit": 610})).await.len(), 610);
}

#[tokio::test]
async fn each_filter_has_its_own_limit_and_no_event_comes_twice() {
    let (relay, mut practice) = Relay::staffed(config()).await;
    let mut nurse = relay.login("nurse").await;
    for child in ["child", "other-child"] {
        for _ in 0..3 {
            nurse.publish(&practice.vital("nurse", child)).await.stored();
        }
    }
    let filter = |limit: usize| json!({"kinds": [2113], "limit": limit});
    let events = nurse.req("a", &[filter(2), filter(4), json!({"kinds": [2110], "limit": 1})]).await.unwrap();
    let ids: BTreeSet<_> = events.iter().map(|event| event["id"].to_string()).collect();
    assert_eq!((events.len(), ids.len()), (5, 5));
    assert_eq!(events.iter().filter(|event| event["kind"] == 2110).count(), 1);
}

#[tokio::test]
async fn wraps_with_random_times_all_arrive_at_a_device_that_syncs_after_each() {
    let (relay, mut practice) = Relay::staffed(config()).await;
    let mut nurse = relay.login("nurse").await;
    for (n, hours) in [1, 40, 2].into_iter().enumerate() {
        let sender = practice.random.keys();
        let tags = vec![tag("p", [&pk("mother").to_hex()])];
        let wrap = sign(&sender, 1059, tags, "sealed", relay.now() - hours * 3_600);
        nurse.publish(&wrap).await.stored();
        let mut mother = relay.login("mother").await;
        let ids = sync(&mut mother, json!({"kinds": [1059]})).await.unwrap();
        assert_eq!((ids.len(), ids.contains(&wrap.id.to_hex())), (n + 1, true));
    }
}
