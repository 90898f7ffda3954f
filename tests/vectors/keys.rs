//! event.json, keys.json, pairing.json, pin.json, wrap.json, drafts.json.

use relaybox_protocol::event::{EVENT_BYTES_MAX, Verified};
use relaybox_protocol::keys::{KeyRole, four_words, open_sealed, parse_public, proof_holds};
use relaybox_protocol::nip44::ConversationKey;
use relaybox_protocol::random::Random;
use relaybox_protocol::{PublicKey, drafts, hex, wrap};
use relaybox_tests::vectors::pin::judged;
use relaybox_vault::pairing::{self, Place, unwrap};
use relaybox_vault::prf;
use serde_json::Value;

use crate::cases::{bytes, conversation_key, event, file, number, public, rows, secret, secret_from, string};

#[test]
fn event_vectors_hold_or_are_refused_as_said() {
    let file = file("event.json");
    for case in rows(&file, "cases") {
        let verified = Verified::parse(string(case, "json"), EVENT_BYTES_MAX).unwrap();
        assert_eq!(verified.id().to_hex(), string(case, "id"), "{}", case["name"]);
        assert_eq!(verified.json(), string(case, "json"));
    }
    for case in rows(&file, "refused") {
        let refusal = Verified::parse(string(case, "json"), EVENT_BYTES_MAX).unwrap_err();
        assert_eq!(refusal.code(), string(case, "reason"), "{}", case["name"]);
    }
}

#[test]
fn proof_vectors_hold_or_do_not() {
    let file = file("keys.json");
    for case in rows(&file, "pop") {
        let role = KeyRole::parse(string(case, "role")).unwrap();
        let holds = proof_holds(&public(case, "key"), &public(case, "practice"), role, string(case, "sig"));
        assert_eq!(holds, case["holds"].as_bool().unwrap(), "{}", case["name"]);
    }
}

#[test]
fn word_seal_spelling_and_stream_vectors_agree() {
    let file = file("keys.json");
    for case in rows(&file, "words") {
        let words: Vec<&str> = rows(case, "words").iter().map(|word| word.as_str().unwrap()).collect();
        assert_eq!(four_words(&bytes(string(case, "key"))).to_vec(), words);
    }
    for case in rows(&file, "sealed") {
        let secret = secret_from(string(case, "secret"));
        let opened = open_sealed(secret.secret_key(), &public(case, "ek"), string(case, "payload")).unwrap();
        assert_eq!(opened, string(case, "plaintext").as_bytes());
    }
    for case in rows(&file, "public") {
        let key = parse_public(string(case, "text")).as_ref().map(PublicKey::to_hex);
        assert_eq!(key.as_deref(), case["key"].as_str(), "{}", case["text"]);
    }
    let mut random = Random::seeded(hex::decode(string(&file["stream"], "seed")).unwrap());
    for output in rows(&file["stream"], "outputs") {
        assert_eq!(hex::encode(&random.bytes32()), output.as_str().unwrap());
    }
}

#[test]
fn pin_vectors_are_judged_as_said_and_open_for_the_ceremony() {
    let file = file("pin.json");
    for case in rows(&file, "pins") {
        let least = usize::try_from(number(case, "least")).unwrap();
        let (pin, error) = judged(string(case, "typed"), least);
        assert_eq!((pin.as_deref(), &error), (case["pin"].as_str(), &case["error"]), "{}", case["name"]);
    }
    for case in rows(&file, "sealed") {
        let ceremony = secret_from(string(case, "ceremony"));
        let opened = open_sealed(ceremony.secret_key(), &public(case, "from"), string(case, "sealed"));
        assert_eq!(opened.unwrap(), string(case, "opened").as_bytes());
    }
}

#[test]
fn pairing_vectors_salt_and_open_as_said() {
    let file = file("pairing.json");
    for case in rows(&file, "salts") {
        assert_eq!(hex::encode(&prf::salt(&bytes(string(case, "input")))), string(case, "salt"));
    }
    assert_eq!(pairing::salt(), prf::salt(string(&file, "input").as_bytes()));
    for case in rows(&file, "wraps") {
        let credential = bytes(string(case, "credential"));
        let place = Place { host: string(case, "host"), credential: &credential };
        let secret =
            unwrap(&place, &hex::decode(string(case, "prf")).unwrap(), &bytes(string(case, "wrapped")));
        let secret = secret.map(|secret| secret.to_secret_hex());
        assert_eq!(secret.as_deref(), case["secret"].as_str(), "{}", case["name"]);
    }
}

#[test]
fn wrap_vectors_open_with_sender_and_rumor() {
    let file = file("wrap.json");
    for case in rows(&file, "cases") {
        let (sender, rumor) = wrap::unwrap(&secret(&file, "receiver"), &event(case, "event")).unwrap();
        assert_eq!(sender, secret(&file, "sender").public_key());
        let expected = &case["rumor"];
        assert_eq!(rumor.id(&sender).to_hex(), string(expected, "id"));
        assert_eq!(
            (u64::from(rumor.kind), rumor.created_at),
            (number(expected, "kind"), number(expected, "created_at"))
        );
        assert_eq!(rumor.content, string(expected, "content"));
        let tags: Vec<&[String]> = rumor.tags.iter().map(|tag| tag.as_slice()).collect();
        assert_eq!(serde_json::json!(tags), expected["tags"]);
        assert!(wrap::unwrap(&secret(&file, "sender"), &event(case, "event")).is_err());
    }
}

#[test]
fn draft_vectors_open_and_names_agree() {
    let file = file("drafts.json");
    let chart = secret(&file, "chart");
    for case in rows(&file, "shared") {
        assert_eq!(drafts::shared_name(chart.secret_key(), string(case, "logical_key")), string(case, "d"));
    }
    for case in rows(&file, "times") {
        let next = drafts::next_created_at(number(case, "now"), case["previous"].as_u64());
        assert_eq!(next, number(case, "created_at"));
    }
    let x1 = ConversationKey::derive(chart.secret_key(), &chart.public_key()).unwrap();
    assert_eq!(x1, conversation_key(&file, "x1"));
    for case in rows(&file, "cases") {
        let event = event(case, "event");
        let shape = drafts::parse(&event).unwrap();
        assert_eq!((shape.d.as_str(), shape.expiration), (string(case, "d"), number(case, "expiration")));
        assert_eq!(shape.epoch_key, chart.public_key());
        assert_eq!(Value::Object(drafts::open(&event, &x1).unwrap()), case["state"]);
    }
}
