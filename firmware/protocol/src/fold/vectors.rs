//! Runs `tests/vectors/fold.json`, each case also in other orders.

use std::collections::BTreeSet;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::event::{Link, key_from_hex};
use crate::permissions::Compartment;
use crate::{EventId, PublicKey};

fn vectors() -> Vec<Value> {
    let text = include_str!("../../../../tests/vectors/fold.json");
    let file: Value = serde_json::from_str(text).unwrap();
    file["cases"].as_array().unwrap().clone()
}

fn id(value: &Value) -> EventId {
    EventId::from_hex(value.as_str().unwrap()).unwrap()
}

fn bytes(value: &Value) -> [u8; 32] {
    *id(value).as_bytes()
}

fn record(v: &Value) -> Record {
    let links = v["links"].as_array().unwrap().iter();
    Record {
        id: id(&v["id"]),
        aliases: Vec::new(),
        kind: u16::try_from(v["kind"].as_u64().unwrap()).unwrap(),
        signer: key_from_hex(v["signer"].as_str().unwrap()).unwrap(),
        author: match v["author"].as_str().unwrap() {
            "staff" => Author::Staff,
            "family" => Author::Family,
            "former" => Author::Former,
            other => panic!("author {other}"),
        },
        subject: key_from_hex(v["subject"].as_str().unwrap()).unwrap(),
        compartment: Compartment::parse(v["compartment"].as_str().unwrap()).unwrap(),
        act: v["r"].is_string().then(|| Act { r: bytes(&v["r"]), same: bytes(&v["same"]) }),
        resource: v["resource"].clone(),
        links: links.map(|l| Link { id: id(&l[0]), marker: l[1].as_str().unwrap().to_owned() }).collect(),
        sign: v["sign"].as_bool().unwrap(),
        order: ReceiptOrder {
            position: v["order"][0].as_u64().unwrap(),
            received: v["order"][1].as_u64().unwrap(),
            n: v["order"][2].as_u64().unwrap(),
        },
        created_at: v["created_at"].as_u64().unwrap(),
    }
}

fn summary_of(item: &Item) -> Value {
    json!({
        "id": item.id, "state": item.state, "status": item.status(), "heads": item.heads,
        "versions": item.versions.iter().map(|v| v.record.id).collect::<Vec<_>>(),
        "conflict": item.conflict, "missing": item.missing, "attached": item.attached,
        "aliases": item.versions.iter().flat_map(|v| v.record.aliases.clone()).collect::<Vec<_>>(),
        "changes": item.versions.iter().map(|v| v.change.clone()).collect::<Vec<_>>(),
        "content": item.content().map(|v| v.record.id),
    })
}

fn summaries(items: &[Item]) -> Value {
    items.iter().map(summary_of).collect()
}

fn ids<'a>(items: impl Iterator<Item = &'a Item>) -> Value {
    items.map(|item| json!(item.id)).collect()
}

fn summary(chart: &Chart) -> Value {
    json!({
        "demographics": chart.demographics.as_ref().map(summary_of),
        "allergies": {"state": chart.allergies.state, "complete": chart.allergies.complete,
            "clash": chart.allergies.clash, "items": summaries(&chart.allergies.items)},
        "active_allergies": ids(chart.allergies.active()),
        "problems": summaries(&chart.problems),
        "medications": summaries(&chart.medications),
        "prescriptions": summaries(&chart.prescriptions),
        "observations": summaries(&chart.observations),
        "immunizations": summaries(&chart.immunizations),
        "reports": summaries(&chart.reports),
        "documents": summaries(&chart.documents),
        "resources": summaries(&chart.resources),
        "visits": summaries(&chart.visits),
        "withdrawn": summaries(&chart.withdrawn),
        "encounters": chart.encounters.iter().map(|e| json!({"id": e.item.id, "addenda": ids(e.addenda.iter())}))
            .collect::<Value>(),
        "threads": chart.threads.iter().map(|t| json!({"id": t.id, "messages": ids(t.messages.iter())}))
            .collect::<Value>(),
        "orders": chart.orders.iter().map(|o| json!({"id": o.item.id, "state": o.state, "reports": o.reports,
            "content": o.item.content().map(|v| v.record.id)})).collect::<Value>(),
        "pending_orders": ids(chart.pending_orders().map(|o| &o.item)),
        "outside": chart.outside.iter().map(|o| json!({"id": o.item.id, "accepted_by": o.accepted_by}))
            .collect::<Value>(),
        "conflicts": chart.conflicts().map(|i| json!(i.conflict)).collect::<Value>(),
        "unresolved": chart.unresolved.iter().map(|u| json!({"id": u.id, "names": u.names, "why": u.why}))
            .collect::<Value>(),
        "foreign": chart.foreign, "retry_differs": chart.retry_differs,
    })
}

/// Every member of `expect` is in `found` with the same value; lists have the same length.
fn agrees(expect: &Value, found: &Value, path: &str) -> Result<(), String> {
    match (expect, found) {
        (Value::Object(expect), Value::Object(found)) => expect.iter().try_for_each(|(key, value)| {
            agrees(value, found.get(key).unwrap_or(&Value::Null), &format!("{path}.{key}"))
        }),
        (Value::Array(expect), Value::Array(found)) if expect.len() == found.len() => {
            let pairs = expect.iter().zip(found).enumerate();
            pairs.into_iter().try_for_each(|(at, (e, f))| agrees(e, f, &format!("{path}[{at}]")))
        }
        _ if expect == found => Ok(()),
        _ => Err(format!("{path}: expected {expect}, found {found}")),
    }
}

fn chart_of(case: &Value, records: Vec<Record>) -> Chart {
    let line: BTreeSet<PublicKey> =
        case["line"].as_array().unwrap().iter().map(|k| key_from_hex(k.as_str().unwrap()).unwrap()).collect();
    let coverage = match case["coverage"].as_str().unwrap() {
        "not-loaded" => Coverage::NotLoaded,
        "partial" => Coverage::Partial,
        "complete" => Coverage::Complete,
        other => panic!("coverage {other}"),
    };
    fold(&line, records, coverage)
}

fn records_of(case: &Value) -> Vec<Record> {
    case["records"].as_array().unwrap().iter().map(record).collect()
}

#[test]
fn every_fold_vector_makes_its_chart() {
    let cases = vectors();
    assert!(cases.len() > 40);
    let wrong: Vec<String> = cases
        .iter()
        .filter_map(|case| {
            let chart = chart_of(case, records_of(case));
            let verdict = agrees(&case["expect"], &summary(&chart), "chart");
            verdict.err().map(|text| format!("{}: {text}", case["name"]))
        })
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The number of the case, written into an id or an `r`, keeps the cases apart in one chart.
fn apart(case: usize, id: EventId) -> EventId {
    let mut bytes = *id.as_bytes();
    bytes[0] = u8::try_from(case + 1).unwrap();
    EventId::from_byte_array(bytes)
}

/// All the vectors' records in one patient's chart, so that shuffles have much to mix.
fn pool() -> Vec<Record> {
    let cases = vectors();
    let line = records_of(&cases[0])[0].subject;
    let mut out = Vec::new();
    for (case, v) in cases.iter().enumerate() {
        for mut record in records_of(v) {
            record.subject = line;
            record.id = apart(case, record.id);
            record.links.iter_mut().for_each(|link| link.id = apart(case, link.id));
            if let Some(act) = &mut record.act {
                act.r[0] = u8::try_from(case + 1).unwrap();
            }
            out.push(record);
        }
    }
    out
}

proptest! {
    #[test]
    fn prop_the_order_of_records_never_matters(
        order in Just((0..pool().len()).collect::<Vec<usize>>()).prop_shuffle(),
        case in 0..vectors().len(),
        seed in any::<u64>(),
    ) {
        let pool = pool();
        let line = BTreeSet::from([pool[0].subject]);
        let sorted = fold(&line, pool.clone(), Coverage::Complete);
        let shuffled = order.iter().map(|at| pool[*at].clone()).collect();
        prop_assert_eq!(sorted, fold(&line, shuffled, Coverage::Complete));

        let case = &vectors()[case];
        let mut records = records_of(case);
        let straight = chart_of(case, records.clone());
        let turns = usize::try_from(seed % 7).unwrap();
        let by = turns.min(records.len());
        records.rotate_left(by);
        records.reverse();
        prop_assert_eq!(straight, chart_of(case, records));
    }

    #[test]
    fn prop_records_delivered_twice_change_nothing(twice in prop::collection::vec(0..pool().len(), 0..20)) {
        let pool = pool();
        let line = BTreeSet::from([pool[0].subject]);
        let once = fold(&line, pool.clone(), Coverage::Complete);
        let mut records = pool.clone();
        records.extend(twice.iter().map(|at| pool[*at].clone()));
        prop_assert_eq!(once, fold(&line, records, Coverage::Complete));
    }

    #[test]
    fn prop_no_record_is_dropped_silently(count in 0..pool().len()) {
        let mut records = pool();
        records.truncate(count);
        let line = BTreeSet::from([pool()[0].subject]);
        let chart = fold(&line, records.clone(), Coverage::Complete);
        for record in &records {
            let named = chart.item_of(&record.id).is_some()
                || chart.unresolved.iter().any(|u| u.id == record.id)
                || chart.retry_differs.contains(&record.id);
            prop_assert!(named, "{} is nowhere", record.id);
        }
    }
}
