//! `tests/vectors/reader.json` and `disclosure.json`: written from the same world as the tests, read by any
//! language. A test that finds its file changed prints the new one.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::cases::{CASES, former_epoch, former_event};
use super::disclosure::packet;
use super::world::{Draft, World, draft, message, weight};
use crate::epochs::Keyring;
use crate::fold::{Author, fold};
use crate::kinds;
use crate::permissions::Compartment;
use crate::reader::{Held, Outcome, Packet, Reader, Reason, Sight, open_packet};
use crate::receipts::ChainKey;
use crate::{Event, Keys, PublicKey, SecretKey};

const READER: &str = include_str!("../../../../../tests/vectors/reader.json");
const DISCLOSURE: &str = include_str!("../../../../../tests/vectors/disclosure.json");

fn events(value: &Value) -> Vec<Event> {
    serde_json::from_value(value.clone()).unwrap()
}

fn event(value: &Value) -> Event {
    serde_json::from_value(value.clone()).unwrap()
}

fn practice(file: &Value) -> PublicKey {
    crate::event::key_from_hex(file["practice"].as_str().unwrap()).unwrap()
}

/// One line for each element of the long lists.
fn lines(file: &Value) -> String {
    let members = file.as_object().unwrap().iter().map(|(name, value)| match value {
        Value::Array(list) => {
            let rows: Vec<String> = list.iter().map(Value::to_string).collect();
            format!("{}:[\n{}\n]", json!(name), rows.join(",\n"))
        }
        other => format!("{}:{other}", json!(name)),
    });
    format!("{{{}}}\n", members.collect::<Vec<_>>().join(",\n"))
}

fn is_current(name: &str, file: &str, made: &Value) {
    let made = lines(made);
    if file != made {
        println!("BEGIN {name}\n{made}END {name}");
    }
    assert!(
        file == made,
        "{name} differs from what the tests' practice writes; the new one is printed above"
    );
}

fn shown_row(name: &str, reader: &str, event: &Event, outcome: &Outcome) -> Value {
    let expect = match outcome {
        Outcome::Shown(shown) => json!({
            "kind": shown.record.kind,
            "author": match shown.record.author {
                Author::Staff => "staff",
                Author::Family => "family",
                Author::Former => "former",
            },
            "subject": shown.record.subject.to_hex(),
            "compartment": shown.record.compartment.as_str(),
            "copies_differ": shown.marks.copies_differ,
            "unsigned": shown.marks.unsigned,
        }),
        Outcome::Sealed(_) => json!("sealed"),
        Outcome::Alias(id) => json!({"alias": id}),
        Outcome::Quarantine(reason) => json!({"reason": reason.as_str()}),
        Outcome::Pending { .. } => json!("pending"),
    };
    json!({"name": name, "reader": reader, "event": event, "expect": expect})
}

/// What doctor and patient are shown of five records.
fn shown_rows(w: &mut World, former: &Keys) -> Vec<Value> {
    let (doctor, child, parent) = (w.doctor.clone(), w.child.clone(), w.parent.clone());
    let t = child.public_key();
    let value = w.staff(&doctor, &draft(kinds::OBSERVATION, weight(9.5), &t));
    let secret = w.staff(
        &doctor,
        &Draft {
            reader: None,
            compartment: Compartment::Confidential,
            ..draft(kinds::OBSERVATION, weight(9.4), &t)
        },
    );
    let answer = w.staff(
        &doctor,
        &Draft { reader: Some(parent.public_key()), ..draft(kinds::MESSAGE, message("a"), &t) },
    );
    let question = w.family(&parent, &Draft { reader: None, ..draft(kinds::MESSAGE, message("q"), &t) });
    let import = former_event(w, former, former);
    w.receive(&value);
    w.receive(&secret);
    w.receive(&answer);
    w.receive(&question);
    w.receive_as(&import, true);
    let expected = [
        ("doctor reads a value", "doctor", &value, Some(Author::Staff)),
        ("patient reads the same value", "patient", &value, Some(Author::Staff)),
        ("doctor reads a confidential record", "doctor", &secret, Some(Author::Staff)),
        ("doctor reads an answer to a guardian", "doctor", &answer, Some(Author::Staff)),
        ("an answer to a guardian is sealed to the patient", "patient", &answer, None),
        ("doctor reads a guardian's question", "doctor", &question, Some(Author::Family)),
        ("doctor reads an import", "doctor", &import, Some(Author::Former)),
        ("patient reads an import", "patient", &import, Some(Author::Former)),
    ];
    expected
        .iter()
        .map(|(name, who, event, author)| {
            let mut reader = match *who {
                "doctor" => w.reader(&doctor),
                _ => Reader::new(w.p(), Held::person(child.secret_key().clone()), Sight::Own, &w.events),
            };
            let outcome = reader.read(std::slice::from_ref(*event), None).remove(&event.id).unwrap();
            match (&outcome, author) {
                (Outcome::Shown(shown), Some(author)) => assert_eq!(shown.record.author, *author, "{name}"),
                (Outcome::Sealed(_), None) => {}
                other => panic!("{name}: {other:?}"),
            }
            shown_row(name, who, event, &outcome)
        })
        .collect()
}

/// A young patient's record: a value, an assertion of no allergies, and letters to the office and to the doctor.
fn coverage_rows(w: &mut World) -> Value {
    let (doctor, young) = (w.doctor.clone(), w.random.keys());
    let t = young.public_key();
    let registered = w.patient(&young, None, None);
    let value = w.staff(&doctor, &draft(kinds::OBSERVATION, weight(48.0), &t));
    let none = w.staff(&doctor, &draft(kinds::ALLERGY, no_allergies(), &t));
    let letter = Draft { reader: None, ..draft(kinds::MESSAGE, message("q"), &t) };
    let office = w.family(&young, &Draft { compartment: Compartment::Desk, ..letter.clone() });
    let question = w.family(&young, &letter);
    let events = [&registered, &value, &none, &office, &question];
    for event in &events[1..] {
        w.receive(event);
    }
    let cases: Vec<Value> = [
        ("all is here", vec![]),
        ("a letter to the office is not here", vec![&office]),
        ("the registration is not here", vec![&registered]),
        ("a letter in the chart is not here", vec![&question]),
        ("both letters are not here", vec![&office, &question]),
        ("the assertion of no allergies is not here", vec![&none]),
    ]
    .into_iter()
    .map(|(name, lacks)| {
        let lacks: Vec<String> = lacks.iter().map(|event| event.id.to_hex()).collect();
        json!({"name": name, "lacks": lacks})
    })
    .collect();
    let mut file = json!({"patient": young.secret_key().to_secret_hex(), "events": events, "cases": cases});
    let policy = w.events.clone();
    for at in 0..cases.len() {
        file["cases"][at]["expect"] = coverage_of(w.p(), &policy, &file, at);
    }
    file
}

fn no_allergies() -> Value {
    json!({"resourceType": "AllergyIntolerance", "clinicalStatus": {"coding": [{"code": "active"}]},
        "code": {"coding": [{"system": "http://snomed.info/sct", "code": "716186003"}]}})
}

/// What the patient of the coverage vectors can say in one case.
fn coverage_of(practice: PublicKey, policy: &[Event], file: &Value, at: usize) -> Value {
    let secret = SecretKey::from_hex(file["patient"].as_str().unwrap()).unwrap();
    let t = Keys::new(secret.clone()).public_key();
    let lacks: Vec<&str> =
        file["cases"][at]["lacks"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    let mut here = events(&file["events"]);
    here.retain(|event| !lacks.contains(&event.id.to_hex().as_str()));
    let mut reader = Reader::new(practice, Held::person(secret), Sight::Own, policy);
    let outcomes = reader.read(&here, None);
    assert!(outcomes.values().all(|outcome| matches!(outcome, Outcome::Shown(_))), "{outcomes:?}");
    let chains = [Compartment::Desk, Compartment::Chart]
        .map(|compartment| ChainKey::Clinical { compartment, subject: Some(t) });
    let share = reader.share(&chains, &outcomes.keys().copied().collect());
    let coverage = reader.coverage(&chains, &outcomes);
    let records = outcomes.into_values().filter_map(|outcome| match outcome {
        Outcome::Shown(shown) => Some(shown.record),
        _ => None,
    });
    let chart = fold(&BTreeSet::from([t]), records.collect(), coverage);
    json!({"coverage": coverage, "k": share.k, "n": share.n, "since": share.since,
        "allergies": chart.allergies.state})
}

fn make_reader_file() -> Value {
    let mut w = World::new();
    let former = former_epoch(&mut w);
    let mut rows = Vec::new();
    for (name, build) in CASES {
        let case = build(&mut w);
        rows.push(json!({"name": name, "reason": case.reason.as_str(), "event": case.refused,
            "mended": case.mended}));
    }
    let shown = shown_rows(&mut w, &former);
    let coverage = coverage_rows(&mut w);
    let (doctor, child) = (w.doctor.clone(), w.child.clone());
    let grants: Vec<Event> =
        w.grants.iter().filter(|g| crate::event::p_tag(g, 0) == Some(doctor.public_key())).cloned().collect();
    json!({
        "about": "The reader rule (PROTOCOL 2.1, 2.6, 2.8). `events` are policy and receipts; the doctor holds \
            the 2101s in `grants` and sees both policy chains, the patient holds the secret alone and sees the \
            public chain and what names the key. Each refused event has its reason and the same event mended, \
            which is shown to the doctor; refused and mended are read in one call without a clock. `coverage`: a patient \
            without the events that `lacks` names, who is in the place of a guardian to whom own letters of the \
            patient are not shown. Secrets are synthetic.",
        "practice": w.p().to_hex(),
        "doctor": doctor.secret_key().to_secret_hex(),
        "patient": child.secret_key().to_secret_hex(),
        "grants": grants,
        "events": w.events,
        "cases": rows,
        "shown": shown,
        "coverage": coverage,
    })
}

#[test]
fn reader_vectors_are_those_of_the_tests_practice() {
    is_current("reader.json", READER, &make_reader_file());
}

#[test]
fn every_reader_vector_gives_its_outcome() {
    let file: Value = serde_json::from_str(READER).unwrap();
    let (policy, grants) = (events(&file["events"]), events(&file["grants"]));
    let epochs: Vec<Event> =
        policy.iter().filter(|e| e.kind.as_u16() == kinds::PRACTICE_EPOCH).cloned().collect();
    let secret = |name: &str| SecretKey::from_hex(file[name].as_str().unwrap()).unwrap();
    let held = || Held::staff(Keyring::collect(&secret("doctor"), &epochs, &grants));
    let mut doctor = Reader::new(practice(&file), held(), Sight::Staff, &policy);
    let mut patient = Reader::new(practice(&file), Held::person(secret("patient")), Sight::Own, &policy);
    let mut reasons = BTreeSet::new();
    for row in file["cases"].as_array().unwrap() {
        let (refused, mended) = (event(&row["event"]), event(&row["mended"]));
        let out = doctor.read(&[refused.clone(), mended.clone()], None);
        let Outcome::Quarantine(reason) = out[&refused.id] else { panic!("{}", row["name"]) };
        assert_eq!(reason.as_str(), row["reason"], "{}", row["name"]);
        assert!(matches!(out[&mended.id], Outcome::Shown(_)), "{}: {:?}", row["name"], out[&mended.id]);
        reasons.insert(reason);
    }
    assert_eq!(reasons, Reason::ALL.into_iter().collect());
    for row in file["shown"].as_array().unwrap() {
        let (name, who) = (row["name"].as_str().unwrap(), row["reader"].as_str().unwrap());
        let reader = if who == "doctor" { &mut doctor } else { &mut patient };
        let event = event(&row["event"]);
        let out = reader.read(std::slice::from_ref(&event), None);
        assert_eq!(shown_row(name, who, &event, &out[&event.id]), *row);
    }
}

#[test]
fn what_the_receipts_name_and_is_not_here_bounds_what_is_said() {
    let file: Value = serde_json::from_str(READER).unwrap();
    let policy = events(&file["events"]);
    let coverage = &file["coverage"];
    let cases = coverage["cases"].as_array().unwrap();
    for (at, case) in cases.iter().enumerate() {
        let found = coverage_of(practice(&file), &policy, coverage, at);
        assert_eq!(found, case["expect"], "{}", case["name"]);
    }
    let said: Vec<(&str, &Value)> = cases
        .iter()
        .map(|c| (c["expect"]["coverage"].as_str().unwrap(), &c["expect"]["allergies"]))
        .collect();
    let (none, unknown) = (json!({"none-known": ["any"]}), json!("not-loaded"));
    let (sure, unsure) =
        ([("complete", &none), ("clinical", &none), ("clinical", &none)], ("partial", &unknown));
    assert_eq!(said, [&sure[..], &[unsure; 3]].concat());
}

fn make_disclosure_file() -> Value {
    let mut w = World::new();
    let packet = packet(&mut w);
    let disclosed = open_packet(w.p(), &packet);
    let shares: Vec<Value> = disclosed
        .shares
        .iter()
        .map(|share| {
            let ChainKey::Clinical { compartment, subject } = share.chain else { unreachable!() };
            json!({"compartment": compartment.as_str(), "subject": subject.map(|s| s.to_hex()),
                "k": share.k, "n": share.n, "as_of": share.as_of})
        })
        .collect();
    json!({
        "about": "A disclosure packet (PROTOCOL 2.8.2, 4.1): every record is shown, with these shares of its \
            chains. In `harmed` one text of the packet's JSON is replaced and the record of that index is \
            refused.",
        "practice": w.p().to_hex(),
        "packet": packet,
        "shares": shares,
        "harmed": [
            {"name": "another body", "record": 0, "member": "body", "from": "9.1", "to": "1.1", "reason": "commitment"},
            {"name": "content changed", "record": 1, "member": "event", "from": "\"content\":\"A", "to": "\"content\":\"B", "reason": "id"},
            {"name": "author not named", "record": 3, "member": "ties", "from": "\"kind\":2104", "to": "\"kind\":2100", "reason": "not-member"},
        ],
    })
}

#[test]
fn disclosure_vectors_are_those_of_the_tests_practice() {
    is_current("disclosure.json", DISCLOSURE, &make_disclosure_file());
}

#[test]
fn the_disclosure_vector_proves_its_records() {
    let file: Value = serde_json::from_str(DISCLOSURE).unwrap();
    let packet: Packet = serde_json::from_value(file["packet"].clone()).unwrap();
    let disclosed = open_packet(practice(&file), &packet);
    assert_eq!(disclosed.outcomes.len(), packet.records.len());
    assert!(disclosed.outcomes.values().all(|o| matches!(o, Outcome::Shown(_))));
    let expected = file["shares"].as_array().unwrap();
    let found: Vec<(u64, u64)> = disclosed.shares.iter().map(|s| (s.k, s.n)).collect();
    let wanted: Vec<(u64, u64)> =
        expected.iter().map(|s| (s["k"].as_u64().unwrap(), s["n"].as_u64().unwrap())).collect();
    assert_eq!(found, wanted);
    for harm in file["harmed"].as_array().unwrap() {
        let at = usize::try_from(harm["record"].as_u64().unwrap()).unwrap();
        let mut value = file["packet"].clone();
        let member = &mut value["records"][at][harm["member"].as_str().unwrap()];
        let (from, to) = (harm["from"].as_str().unwrap(), harm["to"].as_str().unwrap());
        *member = match &*member {
            Value::String(text) => Value::String(text.replacen(from, to, 1)),
            other => serde_json::from_str(&other.to_string().replacen(from, to, 1)).unwrap(),
        };
        let harmed: Packet = serde_json::from_value(value).unwrap();
        let out = open_packet(practice(&file), &harmed);
        let Outcome::Quarantine(reason) = out.outcomes[&harmed.records[at].event.id] else {
            panic!("{harm}")
        };
        assert_eq!(reason.as_str(), harm["reason"], "{harm}");
    }
}
