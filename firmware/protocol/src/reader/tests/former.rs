//! A database of the former suite opens for practice, patient and guardian and folds to its chart
//! (`tests/vectors/legacy-chart.json`).

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::world::World;
use crate::epochs::{Import, Keyring, build_import, build_legacy_grant};
use crate::fold::{Author, Chart, Coverage, Item, Record, fold};
use crate::grants::GrantRow;
use crate::nip44::ConversationKey;
use crate::permissions::Compartment;
use crate::reader::{Held, Outcome, Reader, Sight};
use crate::receipts::{ChainKey, Row};
use crate::{Event, Keys, PublicKey, SecretKey};

struct Former {
    file: Value,
    practice: Keys,
    child: Keys,
    guardian: Keys,
    events: Vec<Event>,
}

fn load() -> Former {
    let file: Value =
        serde_json::from_str(include_str!("../../../../../tests/vectors/legacy-chart.json")).unwrap();
    let keys = |name: &str| Keys::new(SecretKey::from_hex(file[name]["secret"].as_str().unwrap()).unwrap());
    let events = serde_json::from_value(file["events"].clone()).unwrap();
    let (practice, child, guardian) = (keys("practice"), keys("child"), keys("guardian"));
    Former { practice, child, guardian, events, file }
}

fn conv(keys: &Keys, to: &PublicKey) -> ConversationKey {
    ConversationKey::derive(keys.secret_key(), to).unwrap()
}

/// Imports the database: epoch 0 with its signers, the child's 2110 with `["legacy"]`'s twin (its secret is
/// at hand here), and one receipt for each chain.
fn import(w: &mut World, former: &Former) {
    let signers: Vec<PublicKey> = former.file["signers"]
        .as_array()
        .unwrap()
        .iter()
        .map(|key| crate::event::key_from_hex(key.as_str().unwrap()).unwrap())
        .collect();
    let sequence = w.next_sequence();
    let x1 = conv(&former.practice, &former.practice.public_key());
    let import = Import {
        former: &former.practice.public_key(),
        signers: &signers,
        practice_key: &x1,
        escrow: &w.escrow.public_key(),
        sequence,
        created_at: w.now,
    };
    let event = build_import(&w.practice.clone(), &import, &mut w.random).unwrap();
    w.ceremony(event);
    let doctor = w.doctor.public_key();
    let grant = build_legacy_grant(&w.practice.clone(), &doctor, &x1, w.now, &mut w.random).unwrap();
    w.grants.push(grant);
    w.patient(&former.child, None, None);
    w.link(&former.child, &former.guardian, &["desk", "chart"]);
    w.now += 10;
    let rows: Vec<Row> =
        former.events.iter().map(|e| Row { id: e.id, received: w.now, import: true }).collect();
    let chain =
        ChainKey::Clinical { compartment: Compartment::Chart, subject: Some(former.child.public_key()) };
    let epoch_key = w.pair(Compartment::Chart).public;
    w.write_receipt(chain, Some(epoch_key), &rows);
}

/// Outcomes by name, and the chart of what is shown.
fn read(reader: &mut Reader, former: &Former) -> (Vec<String>, Chart) {
    let out = reader.read(&former.events, None);
    let mut records: Vec<Record> = Vec::new();
    let names = former.events.iter().map(|event| match &out[&event.id] {
        Outcome::Shown(shown) => {
            assert!(shown.marks.former && shown.record.author == Author::Former);
            assert!(!shown.marks.copies_differ);
            records.push(shown.record.clone());
            "shown".to_owned()
        }
        Outcome::Quarantine(reason) => reason.as_str().to_owned(),
        Outcome::Sealed(_) => "sealed".to_owned(),
        other => panic!("{other:?}"),
    });
    let names = names.collect();
    let chart = fold(&BTreeSet::from([former.child.public_key()]), records, Coverage::Complete);
    (names, chart)
}

fn ids<'a>(items: impl IntoIterator<Item = &'a Item>) -> Value {
    items.into_iter().map(|item| json!(item.id)).collect()
}

fn versions(item: &Item) -> Value {
    item.versions.iter().map(|v| json!(v.record.id)).collect()
}

fn summary(chart: &Chart) -> Value {
    let with_status = |items: &[Item]| -> Value {
        items.iter().map(|i| json!({"id": i.id, "status": i.status(), "versions": versions(i)})).collect()
    };
    json!({
        "demographics": chart.demographics.as_ref().map(versions),
        "encounters": chart.encounters.iter()
            .map(|e| json!({"id": e.item.id, "addenda": ids(&e.addenda)})).collect::<Value>(),
        "problems": with_status(&chart.problems),
        "observations": ids(&chart.observations),
        "active_allergies": ids(chart.allergies.active()),
        "withdrawn": chart.withdrawn.iter()
            .map(|i| json!({"id": i.id, "versions": versions(i)})).collect::<Value>(),
        "medications": with_status(&chart.medications),
        "immunizations": ids(&chart.immunizations),
        "orders": chart.orders.iter().map(|o| json!({"id": o.item.id, "state": o.state})).collect::<Value>(),
        "reports": ids(&chart.reports),
        "documents": ids(&chart.documents),
        "threads": chart.threads.iter()
            .map(|t| json!({"id": t.id, "messages": ids(&t.messages)})).collect::<Value>(),
        "unresolved": chart.unresolved.iter().map(|u| json!([u.id, u.names, u.why])).collect::<Value>(),
    })
}

#[test]
fn a_database_of_the_former_suite_opens_for_practice_patient_and_guardian() {
    let former = load();
    let mut w = World::new();
    import(&mut w, &former);
    let (p0, t, g) = (former.practice.public_key(), former.child.public_key(), former.guardian.public_key());
    let row = |subject: &PublicKey| GrantRow {
        epoch_key: p0,
        subject: *subject,
        key: conv(&former.practice, subject),
    };
    let keyring =
        Keyring::collect(w.doctor.secret_key(), &w.events_of(crate::kinds::PRACTICE_EPOCH), &w.grants);
    let held = Held::staff(keyring).with_rows([row(&t), row(&g)]);
    let mut practice = Reader::new(w.p(), held, Sight::Staff, &w.events);
    let mut patient = w.person_reader(&former.child, Vec::new(), &[]);
    let mut guardian = w.person_reader(&former.guardian, vec![row(&t)], &[t]);

    let expected: Vec<String> = serde_json::from_value(former.file["outcomes"].clone()).unwrap();
    let (outcomes, chart) = read(&mut practice, &former);
    assert_eq!(outcomes, expected);
    assert_eq!(summary(&chart), former.file["chart"]);

    // Without the row of the guardian the practice sees that there is a message, and not what it says.
    let keyring =
        Keyring::collect(w.doctor.secret_key(), &w.events_of(crate::kinds::PRACTICE_EPOCH), &w.grants);
    let mut without = Reader::new(w.p(), Held::staff(keyring), Sight::Staff, &w.events);
    let (sealed, _) = read(&mut without, &former);
    let question = former.events.iter().position(|e| e.pubkey == g).unwrap();
    assert_eq!((sealed[question].as_str(), outcomes[question].as_str()), ("sealed", "shown"));

    let (outcomes, by_guardian) = read(&mut guardian, &former);
    assert_eq!(outcomes, reader_of_copies(&former, &expected, false));
    assert_eq!(summary(&by_guardian), former.file["chart"]);

    let (outcomes, by_patient) = read(&mut patient, &former);
    assert_eq!(outcomes, reader_of_copies(&former, &expected, true));
    for list in ["problems", "observations", "active_allergies", "orders", "encounters", "demographics"] {
        assert_eq!(summary(&by_patient)[list], former.file["chart"][list], "{list}");
    }
}

/// What persons get: the damaged note has no copy for them, and what the guardian wrote to the practice is
/// sealed to the child.
fn reader_of_copies(former: &Former, expected: &[String], child: bool) -> Vec<String> {
    let sealed_to_child: BTreeSet<&str> =
        former.file["guardian_events"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    let pairs = former.events.iter().zip(expected);
    pairs
        .map(|(event, outcome)| {
            let id = event.id.to_hex();
            let damaged = former.file["damaged"] == id.as_str();
            let by_guardian = sealed_to_child.contains(id.as_str());
            if damaged || (child && by_guardian) { "sealed".to_owned() } else { outcome.clone() }
        })
        .collect()
}

#[test]
fn imported_messages_keep_text_and_subject_line() {
    let former = load();
    let mut w = World::new();
    import(&mut w, &former);
    let mut patient = w.person_reader(&former.child, Vec::new(), &[]);
    let (_, chart) = read(&mut patient, &former);
    let thread = &chart.threads[0];
    let text = |n: usize| thread.messages[n].current().unwrap().record.resource.clone();
    assert_eq!(text(0)["payload"][0]["contentString"], "Results are in.");
    assert_eq!(text(0)["topic"]["text"], "Your visit");
    assert_eq!(text(1)["payload"][0]["contentString"], "Thank you!");
}
