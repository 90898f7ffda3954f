//! policy.json, receipts.json, scope.json: what each history makes of the people in it.

use relaybox_protocol::event::{index_keys, sign, tag};
use relaybox_protocol::keys::KeyRole;
use relaybox_protocol::permissions::{Compartment, Role};
use relaybox_protocol::policy::{Person, View};
use relaybox_protocol::receipts::{Completeness, Readership, ReceiptBook};
use relaybox_protocol::scope::Scope;
use relaybox_protocol::{Event, PublicKey};
use serde_json::{Value, json};

use super::practice::Practice;
use super::{key, public, secrets, to_json};

const PEOPLE: [&str; 12] = [
    "practice",
    "doctor",
    "desk",
    "nurse",
    "child",
    "child 2",
    "own",
    "mother",
    "father",
    "stranger",
    "next practice",
    "box",
];

/// What a key is, in words.
pub fn word(person: &Person) -> &'static str {
    match person {
        Person::Practice => "practice",
        Person::Member(member) => member.role.as_str(),
        Person::Agent(_) => "agent",
        Person::Patient(_) => "patient",
        Person::Own(_) => "own",
        Person::Guardian(_) => "guardian",
        Person::Former => "former",
        Person::Unknown => "unknown",
    }
}

/// What can be said about a chain, in words.
pub fn completeness(state: Completeness) -> &'static str {
    match state {
        Completeness::Whole => "whole",
        Completeness::Gap => "gap",
        Completeness::Fork => "fork",
    }
}

/// What a view says of one key.
pub fn standing(view: &View<'_>, key: &PublicKey) -> Value {
    let barred: Vec<String> = view.barred(key).iter().map(PublicKey::to_hex).collect();
    let children: Vec<String> = view.links_of(key).iter().map(|link| link.child.to_hex()).collect();
    json!({"is": word(&view.person(key)), "suspended": view.suspended(key), "barred": barred,
        "children": children})
}

fn people() -> Value {
    PEOPLE.iter().map(|name| ((*name).to_owned(), json!(public(name)))).collect()
}

fn policy_case(name: &str, run: impl FnOnce(&mut Practice)) -> Value {
    let mut practice = Practice::open(name);
    run(&mut practice);
    // Two moments: the end, and the position before the last step.
    let last = practice.steps.last().unwrap()["at"].as_u64().unwrap();
    let asks: Vec<Value> = [last, last - 1]
        .into_iter()
        .map(|at| {
            let view = practice.policy.at(at, practice.now);
            let answers: Value = PEOPLE
                .iter()
                .map(|name| ((*name).to_owned(), standing(&view, &key(name).public_key())))
                .collect();
            json!({"at": at, "time": practice.now, "people": answers})
        })
        .collect();
    json!({"name": name, "steps": practice.steps, "asks": asks})
}

pub(super) fn policy() -> Value {
    let cases = [
        policy_case("an ending wins a tie", |p| {
            let end = p.link("desk", "mother", true);
            p.step(&end);
            let again = p.link("desk", "mother", false);
            p.step_now(&again);
        }),
        policy_case("what the practice ended a registrar does not restore", |p| {
            let end = p.link("practice", "mother", true);
            p.step(&end);
            let again = p.link("desk", "mother", false);
            p.step(&again);
        }),
        policy_case("what a registrar ended a registrar restores", |p| {
            let end = p.link("desk", "mother", true);
            p.step(&end);
            let again = p.link("desk", "mother", false);
            p.step(&again);
        }),
        policy_case("a clock that ran ahead does not move what counts", |p| {
            p.now += 400 * 86_400;
            let ahead = p.roster("nurse", Role::Nurse, false);
            p.now -= 400 * 86_400;
            p.step(&ahead);
        }),
        policy_case("a rekey carries the family over", |p| {
            let extra = [p.pop("child 2", KeyRole::Subject), tag("rekey", [&public("child")])];
            let rekey = p.patient("desk", "child 2", &extra);
            p.step(&rekey);
        }),
        policy_case("a subject key that is an own key is refused", |p| {
            let extra = [p.pop("own", KeyRole::Subject)];
            let event = p.patient("desk", "own", &extra);
            p.step(&event);
        }),
        policy_case("a subject key without proof is refused", |p| {
            let event = p.patient("desk", "child 2", &[]);
            p.step(&event);
        }),
        policy_case("an older sequence does not count", |p| {
            let first = p.roster("nurse", Role::Nurse, false);
            let second = p.roster("desk", Role::FrontDesk, true);
            p.step(&second);
            p.step(&first);
        }),
        policy_case("a suspension holds until it is lifted", |p| {
            let suspension = p.suspension("doctor", "mother", None);
            p.step(&suspension);
            let lift = p.lift(&suspension);
            p.step(&lift);
        }),
        policy_case("a scoped suspension bars from one patient", |p| {
            let bar = p.suspension("doctor", "desk", Some("child"));
            p.step(&bar);
        }),
    ];
    json!({"practice": public("practice"), "people": people(), "cases": cases,
        "secrets": secrets(&["practice", "doctor", "desk", "child", "own", "mother"])})
}

/// What a reader makes of receipts and events.
pub fn read_back(book: &ReceiptBook, events: &[Event]) -> Value {
    let chains: Vec<Value> = book
        .chains()
        .map(|(chain, state)| {
            let ids: Vec<String> = state.ids.iter().map(|id| id.to_hex()).collect();
            let bytes = relaybox_protocol::hex::encode(&chain.to_bytes());
            json!({"chain": bytes, "state": completeness(state.completeness), "n": state.n, "ids": ids})
        })
        .collect();
    let rows: Vec<Value> = events
        .iter()
        .filter(|event| relaybox_protocol::kinds::is_clinical(event.kind.as_u16()))
        .map(|event| match book.receipted(event) {
            None => json!({"id": event.id.to_hex(), "row": null}),
            Some(row) => json!({"id": event.id.to_hex(), "row":
                {"n": row.n, "received": row.received, "position": row.position}}),
        })
        .collect();
    json!({"policy": completeness(book.policy_state()), "chains": chains, "rows": rows})
}

fn receipts_case(name: &str, run: impl FnOnce(&mut Practice)) -> Value {
    let mut practice = Practice::open(name);
    for _ in 0..3 {
        let event = practice.write(2113, Compartment::Chart, Some("child"));
        let mark = practice.mark();
        practice.record(&event, mark);
    }
    run(&mut practice);
    let (receipts, events) = (&practice.receipts, &practice.events);
    let book = ReceiptBook::read(key("practice").public_key(), Readership::Staff, receipts, events);
    let json = |events: &[Event]| events.iter().map(to_json).collect::<Vec<_>>();
    json!({"name": name, "receipts": json(receipts), "events": json(events),
        "expected": read_back(&book, events)})
}

pub(super) fn receipts() -> Value {
    let cases = [
        receipts_case("whole", |_| {}),
        receipts_case("a receipt of the chart is missing", |p| {
            p.receipts.remove(p.receipts.len() - 2);
        }),
        receipts_case("a key that is not the box's signs", |p| {
            p.signer = key("stranger");
            let event = p.write(2113, Compartment::Chart, Some("child"));
            let mark = p.mark();
            p.record(&event, mark);
        }),
        receipts_case("two receipts go on from one", |p| {
            let last = p.receipts.pop().unwrap();
            let cells = |tag: &relaybox_protocol::Tag| tag.as_slice()[0] != "e";
            let mut tags: Vec<_> = last.tags.iter().filter(|tag| cells(tag)).cloned().collect();
            let other = p.write(2113, Compartment::Chart, Some("child"));
            tags.push(tag("e", [&other.id.to_hex(), &p.now.to_string()]));
            p.receipts.push(sign(&key("box"), 2122, tags, "", p.now));
            p.receipts.push(last);
            p.events.push(other);
        }),
        receipts_case("a receipt of policy is missing", |p| {
            let nurse = p.roster("nurse", Role::Nurse, false);
            p.step(&nurse);
            p.receipts.pop();
            let end = p.roster("nurse", Role::Nurse, true);
            p.step(&end);
            let event = p.write(2113, Compartment::Chart, Some("child"));
            let mark = p.mark();
            p.record(&event, mark);
        }),
        receipts_case("a restored box goes on", |p| {
            let epoch = p.epoch(600, "new box");
            p.signer = key("new box");
            p.step(&epoch);
            let event = p.write(2113, Compartment::Chart, Some("child"));
            let mark = p.mark();
            p.record(&event, mark);
        }),
    ];
    json!({"practice": public("practice"), "cases": cases})
}

pub(super) fn scope() -> Value {
    let mut p = Practice::open("scope");
    let nurse = p.roster("nurse", Role::Nurse, false);
    p.step(&nurse);
    let father = p.link("desk", "father", false);
    p.step(&father);
    let lone = sign(&key("one-time"), 1059, vec![tag("p", [&public("mother")])], "", p.now);
    let mut events = vec![
        ("vitals", p.write(2113, Compartment::Chart, Some("child"))),
        ("confidential", p.write(2123, Compartment::Confidential, Some("own"))),
        ("answer to mother", p.write(2117, Compartment::Chart, Some("mother"))),
        ("question by mother", p.message("mother")),
        ("wrap to mother", lone),
        ("roster entry", nurse),
        ("link of father", father),
    ];
    for receipt in &p.receipts {
        let name = match (receipt.tags.iter().find(|tag| tag.kind() == "c")).and_then(|tag| tag.content()) {
            Some("policy") => "receipt of policy",
            Some(_) => "receipt of staff policy",
            None => "receipt of the child's desk",
        };
        if events.iter().all(|(known, _)| *known != name) {
            events.push((name, receipt.clone()));
        }
    }
    let view = p.policy.now(p.now);
    let readers: Value = PEOPLE
        .iter()
        .map(|name| {
            let scope = Scope::of(&view, &key(name).public_key());
            let seen = events.iter().filter(|(_, event)| scope.permits(event, &index_keys(event)));
            let seen: Vec<&str> = seen.map(|(name, _)| *name).collect();
            ((*name).to_owned(), json!(seen))
        })
        .collect();
    let events: Value = events.iter().map(|(name, event)| ((*name).to_owned(), to_json(event))).collect();
    json!({"practice": public("practice"), "people": people(), "steps": p.steps, "time": p.now,
        "events": events, "readers": readers})
}
