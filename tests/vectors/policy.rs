//! epochs.json, grants.json, grants-missing.json.

use relaybox_protocol::envelope::EpochSecret;
use relaybox_protocol::epochs::{self, Keyring, open_escrow, open_legacy_escrow};
use relaybox_protocol::grants::missing::{GrantBook, Writer, missing};
use relaybox_protocol::grants::{open_patient_grant, open_share, parse_patient_grant};
use relaybox_protocol::permissions::Compartment;
use relaybox_protocol::policy::Policy;
use relaybox_protocol::{Event, EventId, PublicKey, hex, kinds};
use relaybox_tests::vectors::missing::to_lists;
use serde_json::{Value, json};

use crate::cases::{conversation_key, event, events, file, number, public, rows, secret, string};

#[test]
fn epoch_vectors_open_for_the_escrow_and_name_their_keys() {
    let file = file("epochs.json");
    for case in rows(&file, "epochs") {
        let event = event(case, "event");
        let shape = epochs::parse(&event).unwrap();
        assert_eq!(shape.n, number(case, "n"));
        let opened = open_escrow(secret(&file, "escrow").secret_key(), &event).unwrap();
        for compartment in Compartment::ALL {
            let pair = opened.of(compartment);
            assert_eq!(pair.secret.to_secret_hex(), string(&case["secrets"], compartment.as_str()));
            assert_eq!(shape.key(compartment), Some(pair.public));
        }
        assert_eq!(event.pubkey, public(&file, "practice"));
    }
    for case in rows(&file, "refused") {
        assert_eq!(epochs::parse(&event(case, "event")), None, "{}", case["name"]);
    }
}

#[test]
fn keyring_vectors_walk_back_as_far_as_granted() {
    let file = file("epochs.json");
    let all: Vec<Event> = rows(&file, "epochs").iter().map(|case| event(case, "event")).collect();
    for case in rows(&file, "keyrings") {
        let keyring = Keyring::collect(secret(&file, "member").secret_key(), &all, &events(case, "grants"));
        let held: Vec<Value> = keyring
            .pairs()
            .map(|(n, compartment, pair)| json!([n, compartment.as_str(), pair.secret.to_secret_hex()]))
            .collect();
        assert_eq!(json!(held), case["held"], "{}", case["name"]);
    }
}

#[test]
fn the_import_vector_opens_for_escrow_and_member() {
    let file = file("epochs.json");
    let case = &file["import"];
    let epoch_0 = event(case, "event");
    let shape = epochs::parse(&epoch_0).unwrap();
    assert_eq!((shape.n, shape.key(Compartment::Chart)), (0, Some(public(case, "former"))));
    assert_eq!(json!(shape.signers.iter().map(PublicKey::to_hex).collect::<Vec<_>>()), case["signers"]);
    let x1 = conversation_key(case, "x1");
    assert_eq!(open_legacy_escrow(secret(&file, "escrow").secret_key(), &epoch_0).as_ref(), Some(&x1));
    let keyring = Keyring::collect(secret(&file, "member").secret_key(), &[epoch_0], &[event(case, "grant")]);
    assert_eq!(keyring.legacy(), Some(&x1));
    let given = open_patient_grant(secret(&file, "member").secret_key(), &event(case, "given")).unwrap();
    let given = given
        .iter()
        .map(|row| json!([row.epoch_key.to_hex(), row.subject.to_hex(), hex::encode(row.key.as_bytes())]));
    assert_eq!(json!(given.collect::<Vec<_>>()), case["rows"]);
    assert_eq!(event(case, "given").pubkey, epoch_0_signer(case), "P alone gives rows of epoch 0 first");
}

fn epoch_0_signer(case: &Value) -> PublicKey {
    event(case, "event").pubkey
}

#[test]
fn grant_vectors_open_for_their_reader() {
    let file = file("grants.json");
    let reader = secret(&file, "reader");
    for case in rows(&file, "patient_grants") {
        let event = event(case, "event");
        let shape = parse_patient_grant(&event).unwrap();
        assert_eq!(
            (shape.reader, shape.authority.to_hex().as_str()),
            (reader.public_key(), string(case, "authority"))
        );
        let opened: Vec<Value> = open_patient_grant(reader.secret_key(), &event)
            .unwrap()
            .iter()
            .map(|row| json!([row.epoch_key.to_hex(), row.subject.to_hex(), hex::encode(row.key.as_bytes())]))
            .collect();
        assert_eq!(json!(opened), case["rows"]);
    }
    for case in rows(&file, "refused") {
        assert_eq!(open_patient_grant(reader.secret_key(), &event(case, "event")), None, "{}", case["name"]);
    }
}

#[test]
fn policy_event_vectors_are_signed_and_their_texts_open() {
    let file = file("grants.json");
    let desk = EpochSecret::new(secret(&file, "desk").secret_key().clone()).practice_key().unwrap();
    for case in rows(&file, "events") {
        let event = event(case, "event");
        assert!(kinds::is_policy(event.kind.as_u16()), "{}", case["name"]);
        let text = match (event.content.is_empty(), event.kind.as_u16()) {
            (true, _) => None,
            (false, kinds::DISCLOSURE) => {
                let share =
                    open_share(secret(&file, "recipient").secret_key(), &event.pubkey, &event).unwrap();
                Some(serde_json::to_string(&share).unwrap())
            }
            (false, _) => Some(String::from_utf8(desk.decrypt(&event.content).unwrap()).unwrap()),
        };
        assert_eq!(text.as_deref(), case["text"].as_str(), "{}", case["name"]);
    }
}

#[test]
fn missing_grant_vectors_say_who_writes_what_and_what_waits() {
    let file = file("grants-missing.json");
    let (history, stored) = (rows(&file, "history"), events(&file, "stored"));
    for case in rows(&file, "cases") {
        let count = |name: &str| usize::try_from(number(case, name)).unwrap();
        let mut policy = Policy::new(public(&file, "practice"));
        let mut epochs = Vec::new();
        for step in &history[..count("steps")] {
            let event = event(step, "event");
            let verdict = policy.apply(&event, number(step, "at"), number(step, "received"));
            assert_eq!(verdict, Ok(()), "{}", case["name"]);
            epochs.extend((event.kind.as_u16() == kinds::PRACTICE_EPOCH).then_some(event));
        }
        let mut book = GrantBook::default();
        stored[..count("stored")].iter().for_each(|event| book.add(event));
        let keys = secret(&file, string(case, "writer"));
        let keyring = Keyring::collect(keys.secret_key(), &epochs, &events(case, "grants"));
        let ids = case["confirmed"].as_array().unwrap().iter();
        let confirmed: Vec<EventId> =
            ids.map(|id| EventId::from_hex(id.as_str().unwrap()).unwrap()).collect();
        let writer = Writer { key: keys.public_key(), keyring: &keyring, rows: &[], confirmed: &confirmed };
        let view = policy.now(number(case, "time"));
        let found = missing(&view, &book, &public(case, "subject"), &writer);
        assert_eq!(to_lists(&found), case["expected"], "{}", case["name"]);
    }
}
