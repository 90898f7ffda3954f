//! policy.json, receipts.json, scope.json.

use relaybox_protocol::event::{EVENT_BYTES_MAX, Verified, index_keys};
use relaybox_protocol::policy::Policy;
use relaybox_protocol::receipts::{Readership, ReceiptBook};
use relaybox_protocol::scope::Scope;
use relaybox_tests::vectors::access::{read_back, standing};
use serde_json::Value;

use crate::cases::{event, events, file, number, public, rows, string};

/// Folds the steps and checks each verdict.
fn fold(file: &Value, steps: &Value) -> Policy {
    let mut policy = Policy::new(public(file, "practice"));
    for step in rows(steps, "steps") {
        let verdict = policy.apply(&event(step, "event"), number(step, "at"), number(step, "received"));
        assert_eq!(verdict.map_or_else(|refusal| refusal.code(), |()| "ok"), string(step, "verdict"));
    }
    policy
}

#[test]
fn policy_vectors_fold_to_the_same_people() {
    let file = file("policy.json");
    for case in rows(&file, "cases") {
        let policy = fold(&file, case);
        for ask in rows(case, "asks") {
            let view = policy.at(number(ask, "at"), number(ask, "time"));
            for (name, expected) in ask["people"].as_object().unwrap() {
                let key = public(&file["people"], name);
                assert_eq!(&standing(&view, &key), expected, "{} {name}", case["name"]);
            }
        }
    }
}

#[test]
fn receipt_vectors_say_what_counts_and_what_is_missing() {
    let file = file("receipts.json");
    let practice = public(&file, "practice");
    for case in rows(&file, "cases") {
        let (receipts, events) = (events(case, "receipts"), events(case, "events"));
        let book = ReceiptBook::read(practice, Readership::Staff, &receipts, &events);
        assert_eq!(read_back(&book, &events), case["expected"], "{}", case["name"]);
        let mut turned = receipts.clone();
        turned.reverse();
        let book = ReceiptBook::read(practice, Readership::Staff, &turned, &events);
        assert_eq!(read_back(&book, &events), case["expected"], "{} turned round", case["name"]);
    }
}

#[test]
fn scope_vectors_show_each_person_what_is_theirs() {
    let file = file("scope.json");
    let policy = fold(&file, &file);
    let view = policy.now(number(&file, "time"));
    for (name, expected) in file["readers"].as_object().unwrap() {
        let scope = Scope::of(&view, &public(&file["people"], name));
        for (title, event) in file["events"].as_object().unwrap() {
            let event = Verified::parse(&event.to_string(), EVENT_BYTES_MAX).unwrap();
            let seen = scope.permits(event.event(), &index_keys(event.event()));
            let said = expected.as_array().unwrap().contains(&Value::from(title.as_str()));
            assert_eq!(seen, said, "{name} {title}");
        }
    }
}
