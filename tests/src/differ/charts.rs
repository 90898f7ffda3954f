//! The fold: records with few ids, acts and signers, so that versions, conflicts, retries and broken links
//! meet; and a chart as JSON.

use std::collections::BTreeSet;

use relaybox_protocol::event::{Link, id_from_hex};
use relaybox_protocol::fold::{Act, Author, Chart, Coverage, Item, ReceiptOrder, Record, fold};
use relaybox_protocol::permissions::Compartment;
use relaybox_protocol::{PublicKey, hex};
use serde_json::{Value, json};

use super::Row;
use super::dice::{Dice, NOW};
use super::plain::{public, string};

pub(super) const OPS: &[Row] = &[("fold", 4_000, make, answer)];

const KINDS: [u16; 14] = [2110, 2111, 2112, 2114, 2115, 2117, 2118, 2119, 2125, 2126, 1000, 1002, 1008, 1009];
const MARKERS: [&str; 13] = [
    "status-update",
    "correction",
    "correction",
    "deletion",
    "cancelled",
    "addendum",
    "result",
    "accept",
    "reply",
    "ref",
    "",
    "toString",
    "Correction",
];

fn id(n: usize) -> String {
    format!("{n:064x}")
}

fn any_resource(dice: &mut Dice) -> Value {
    let status =
        dice.word(&["active", "final", "stopped", "completed", "entered-in-error", "preliminary", "revoked"]);
    let mut resource = json!({"resourceType": "Any", "status": status});
    if dice.chance(40) {
        let code = dice.word(&["active", "inactive", "resolved"]);
        resource["clinicalStatus"] =
            if dice.chance(80) { json!({"coding": [{"code": code}]}) } else { json!(code) };
    }
    if dice.chance(20) {
        let code = dice.word(&["refuted", "confirmed", "entered-in-error"]);
        resource["verificationStatus"] = json!({"coding": [{"code": code}]});
    }
    if dice.chance(30) {
        let code = dice.word(&["716186003", "409137002", "429625007", "428607008", "1"]);
        let system = dice.word(&["http://snomed.info/sct", "http://loinc.org"]);
        resource["code"] = json!({"coding": [{"system": system, "code": code}]});
    }
    if dice.chance(25) {
        let parts = json!([{"url": "code", "valueCode": dice.word(&["reissued", "x"])}, {"url": "text", "valueString": "y"}]);
        let change = json!([{"url": "urn:relaybox:change:1", "extension": parts}]);
        match dice.below(3) {
            0 => resource["meta"] = json!({"extension": change}),
            1 => resource["extension"] = change,
            _ => resource["extension"] = json!({"url": "urn:relaybox:change:1"}),
        }
    }
    if dice.chance(10) {
        resource["basedOn"] = json!([{"reference": format!("ServiceRequest/{}", id(1 + dice.below(9)))}]);
    }
    resource
}

fn make(dice: &mut Dice) -> Value {
    let count = 1 + dice.below(9);
    let kinds: Vec<u16> = (0..2).map(|_| *dice.pick(&KINDS)).collect();
    let resources: Vec<Value> = (0..3).map(|_| any_resource(dice)).collect();
    let mut records: Vec<Value> = (1..=count)
        .map(|n| {
            let author = dice.word(&["staff", "staff", "staff", "family", "former"]);
            // An id is a hash: nothing names what came after it.
            let links: Vec<Value> = (0..dice.below(3))
                .map(|_| json!([id(dice.below(n) + usize::from(dice.chance(5)) * 20), dice.word(&MARKERS)]))
                .collect();
            let act = author != "former" && dice.chance(80);
            json!({
                "id": id(n), "kind": dice.pick(&kinds), "signer": person(dice.below(3)), "author": author,
                "subject": person(if dice.chance(95) { 0 } else { 1 + dice.below(2) }),
                "compartment": dice.word(&["desk", "chart", "chart", "chart", "confidential"]),
                "r": act.then(|| id(dice.below(7))), "same": act.then(|| id(dice.below(2))),
                "resource": dice.pick(&resources), "links": links, "sign": dice.chance(10),
                "order": [dice.below(2), NOW + dice.below(3) as u64, dice.below(9)], "created_at": dice.below(9),
            })
        })
        .collect();
    if dice.chance(20) {
        records.push(records[0].clone());
    }
    let line: Vec<String> = (0..=dice.below(2)).map(person).collect();
    json!({"records": records, "line": line, "coverage": dice.word(&["not-loaded", "partial", "clinical", "complete"])})
}

fn person(n: usize) -> String {
    super::town::id_of(["child", "own", "doctor"][n])
}

fn bytes(value: &Value) -> [u8; 32] {
    hex::decode(value.as_str().unwrap()).unwrap()
}

fn record(v: &Value) -> Record {
    let link = |l: &Value| Link {
        id: id_from_hex(l[0].as_str().unwrap()).unwrap(),
        marker: l[1].as_str().unwrap().to_owned(),
    };
    let number = |value: &Value| value.as_u64().unwrap();
    Record {
        id: id_from_hex(string(v, "id")).unwrap(),
        aliases: Vec::new(),
        kind: u16::try_from(number(&v["kind"])).unwrap(),
        signer: public(string(v, "signer")),
        author: match string(v, "author") {
            "staff" => Author::Staff,
            "family" => Author::Family,
            _ => Author::Former,
        },
        subject: public(string(v, "subject")),
        compartment: Compartment::parse(string(v, "compartment")).unwrap(),
        act: v["r"].is_string().then(|| Act { r: bytes(&v["r"]), same: bytes(&v["same"]) }),
        resource: v["resource"].clone(),
        links: v["links"].as_array().unwrap().iter().map(link).collect(),
        sign: v["sign"].as_bool().unwrap(),
        order: ReceiptOrder {
            position: number(&v["order"][0]),
            received: number(&v["order"][1]),
            n: number(&v["order"][2]),
        },
        created_at: number(&v["created_at"]),
    }
}

fn answer(input: &Value) -> Value {
    let line: BTreeSet<PublicKey> =
        input["line"].as_array().unwrap().iter().map(|key| public(key.as_str().unwrap())).collect();
    let coverage = match string(input, "coverage") {
        "not-loaded" => Coverage::NotLoaded,
        "partial" => Coverage::Partial,
        "clinical" => Coverage::Clinical,
        _ => Coverage::Complete,
    };
    let records = input["records"].as_array().unwrap().iter().map(record).collect();
    summary(&fold(&line, records, coverage))
}

fn item(item: &Item) -> Value {
    let versions: Vec<Value> = item
        .versions
        .iter()
        .map(|v| json!([v.record.id, v.record.aliases, v.marker, v.replaces, v.change]))
        .collect();
    json!({
        "id": item.id, "kind": item.kind, "state": item.state, "status": item.status(), "heads": item.heads,
        "conflict": item.conflict, "missing": item.missing, "attached": item.attached, "versions": versions,
        "content": item.content().map(|v| v.record.id),
    })
}

fn items<'a>(list: impl IntoIterator<Item = &'a Item>) -> Value {
    list.into_iter().map(item).collect()
}

fn ids<'a>(list: impl IntoIterator<Item = &'a Item>) -> Value {
    list.into_iter().map(|item| json!(item.id)).collect()
}

/// Everything a chart says but the resources.
pub(super) fn summary(chart: &Chart) -> Value {
    let orders: Vec<Value> =
        chart.orders.iter().map(|o| json!([item(&o.item), o.state, o.reports])).collect();
    let outside: Vec<Value> = chart.outside.iter().map(|o| json!([item(&o.item), o.accepted_by])).collect();
    let notes: Vec<Value> =
        chart.encounters.iter().map(|e| json!([item(&e.item), items(&e.addenda)])).collect();
    let threads: Vec<Value> = chart.threads.iter().map(|t| json!([t.id, items(&t.messages)])).collect();
    let unresolved: Vec<Value> =
        chart.unresolved.iter().map(|u| json!([u.id, u.kind, u.names, u.why])).collect();
    let lists = [
        &chart.problems,
        &chart.medications,
        &chart.prescriptions,
        &chart.observations,
        &chart.immunizations,
        &chart.reports,
        &chart.documents,
        &chart.resources,
        &chart.visits,
        &chart.withdrawn,
    ];
    json!({
        "demographics": chart.demographics.as_ref().map(item), "lists": lists.map(items),
        "allergies": {"state": chart.allergies.state, "complete": chart.allergies.complete,
            "clash": chart.allergies.clash, "items": items(&chart.allergies.items),
            "active": ids(chart.allergies.active())},
        "encounters": notes, "threads": threads, "orders": orders, "outside": outside,
        "pending": ids(chart.pending_orders().map(|o| &o.item)), "conflicts": ids(chart.conflicts()),
        "unresolved": unresolved, "foreign": chart.foreign, "retryDiffers": chart.retry_differs,
    })
}
