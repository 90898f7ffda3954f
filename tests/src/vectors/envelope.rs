//! Envelopes of each kind in both copies, and messages in all author forms (PROTOCOL 2.1, 2.2).

use relaybox_protocol::envelope::{Envelope, Form, Record, open_content, parse, seal_family, seal_staff};
use relaybox_protocol::event::{self, Link, tag};
use relaybox_protocol::keys::{KeyRole, prove};
use relaybox_protocol::messages::{Message, from_family, from_own_key, from_staff};
use relaybox_protocol::nip44::ConversationKey;
use relaybox_protocol::{Event, PublicKey, Tag, kinds, visits};
use serde_json::{Value, json};

use super::{NOW, key, key_hex, pair, public, random, secrets, to_json};

const TYPES: [(u16, &str); 15] = [
    (2110, "Patient"),
    (2111, "Encounter"),
    (2112, "MedicationRequest"),
    (2113, "Observation"),
    (2114, "Condition"),
    (2115, "AllergyIntolerance"),
    (2116, "Immunization"),
    (2117, "Communication"),
    (2118, "ServiceRequest"),
    (2119, "DiagnosticReport"),
    (2120, "MedicationRequest"),
    (2121, "DocumentReference"),
    (2124, "Procedure"),
    (2125, "Observation"),
    (2126, "Appointment"),
];

pub(crate) fn make() -> Value {
    let mut cases: Vec<Value> = TYPES
        .iter()
        .map(|(kind, name)| case(&format!("{kind} by staff"), &staff(*kind, name, false, true)))
        .collect();
    cases.push(case("2113 confidential, with own key", &staff(2113, "Observation", true, true)));
    cases.push(case("2113 confidential, nobody's copy", &staff(2113, "Observation", true, false)));
    cases.push(case("2117 by the patient", &family(2117, "Communication", false)));
    cases.push(case("2125 by the patient", &family(2125, "Observation", false)));
    cases.push(case("2126 by the patient", &family(2126, "Appointment", false)));
    cases.push(case("2117 by the patient, confidential", &family(2117, "Communication", true)));
    json!({
        "about": "Each event with what opens it: practice_copy is content, patient_copy is patient-content. \
                  secrets: of staff, epoch key and patient. shapes: tags that are refused.",
        "practice": public("practice"),
        "secrets": secrets(&["doctor", "epoch", "patient"]),
        "cases": cases,
        "refused": refused(),
    })
}

fn extra(kind: u16) -> Vec<Tag> {
    let (patient, practice) = (key("patient"), key("practice").public_key());
    match kind {
        kinds::PATIENT => {
            let sig = prove(&patient, &practice, KeyRole::Subject, &mut random("pop"));
            vec![tag("pop", [&public("patient"), &sig]), tag("own", [&public("patient")])]
        }
        kinds::VISIT => {
            visits::tags(&[key("doctor").public_key()], &[key("guardian").public_key()], NOW, NOW + 900)
        }
        _ => Vec::new(),
    }
}

fn staff(kind: u16, name: &str, confidential: bool, reader: bool) -> Event {
    let patient = key("patient").public_key();
    let resource = json!({"resourceType": name, "id": format!("r{kind}")});
    let links = [Link { id: event::id_from_hex(&"ab".repeat(32)).unwrap(), marker: "ref".to_owned() }];
    let blobs = ["cd".repeat(32)];
    let extra = extra(kind);
    let record = Record {
        sign: matches!(kind, 2111 | 2119),
        links: if kind == 2111 { &links } else { &[] },
        blobs: if kind == 2121 { &blobs } else { &[] },
        extra: if confidential { &[] } else { &extra },
        ..Record::plain(kind, &resource, patient, [1; 32], NOW)
    };
    let practice = key("practice").public_key();
    let reader = reader.then_some(&patient);
    let mut random = random(&format!("staff {kind}"));
    seal_staff(&key("doctor"), &practice, &pair("epoch"), reader, confidential, &record, &mut random).unwrap()
}

fn family(kind: u16, name: &str, confidential: bool) -> Event {
    let patient = key("patient").public_key();
    let resource = json!({"resourceType": name, "id": format!("f{kind}")});
    let extra = extra(kind);
    let record = Record { extra: &extra, ..Record::plain(kind, &resource, patient, [2; 32], NOW) };
    let second = (kind == kinds::VISIT).then_some(&patient);
    let practice = key("practice").public_key();
    let mut random = random(&format!("family {kind}"));
    let epoch = key("epoch").public_key();
    seal_family(&key("patient"), &practice, &epoch, second, confidential, &record, &mut random).unwrap()
}

/// The key under which staff open `content`.
fn practice_key(event: &Event, shape: &Envelope) -> ConversationKey {
    match shape.form {
        Form::Dual => pair("epoch").practice_key().unwrap(),
        Form::OneCopy => pair("epoch").reader_key(&event.pubkey).unwrap(),
    }
}

fn case(name: &str, event: &Event) -> Value {
    let shape = parse(event).unwrap();
    let key = practice_key(event, &shape);
    let body = String::from_utf8(open_content(event, &key).unwrap()).unwrap();
    let x2 =
        shape.second_p.filter(|_| shape.has_patient_copy).map(|to| pair("epoch").reader_key(&to).unwrap());
    json!({
        "name": name,
        "event": to_json(event),
        "body": body,
        "content_key": key_hex(&key),
        "patient_key": x2.as_ref().map(key_hex),
        "form": shape.form.as_str(),
        "epoch_key": shape.epoch_key.to_hex(),
        "second_p": shape.second_p.as_ref().map(PublicKey::to_hex),
        "pc": shape.commitment,
        "sign": shape.sign,
        "links": shape.links.iter().map(|link| json!([link.id.to_hex(), link.marker])).collect::<Vec<_>>(),
        "blobs": shape.blobs,
    })
}

fn refused() -> Vec<Value> {
    let event = staff(2113, "Observation", false, true);
    let one_copy = family(2117, "Communication", false);
    let hash = "ab".repeat(32);
    let added = |event: &Event, row: Tag| {
        let mut tags = event.tags.clone().to_vec();
        tags.push(row);
        tags
    };
    let without = |name: &str| event.tags.iter().filter(|tag| tag.kind() != name).cloned().collect();
    let rows: Vec<(&str, u16, Vec<Tag>)> = vec![
        ("unknown tag", 2113, added(&event, tag("t", ["x"]))),
        ("expiration", 2113, added(&event, tag("expiration", ["1"]))),
        ("third p", 2113, added(&event, tag("p", [&hash]))),
        ("second enc", 2113, added(&event, tag("enc", ["nip44"]))),
        ("second pc", 2113, added(&event, tag("pc", [&hash]))),
        ("second copy", 2113, added(&event, tag("recipient-content", ["x"]))),
        ("unknown act", 2113, added(&event, tag("act", ["read"]))),
        ("unknown marker", 2113, added(&event, tag("e", [&hash, "", "root"]))),
        ("e without marker", 2113, added(&event, tag("e", [&hash]))),
        ("blob in upper case", 2113, added(&event, tag("x", [&hash.to_uppercase()]))),
        ("start outside a visit", 2113, added(&event, tag("start", ["1"]))),
        ("own outside a registration", 2113, added(&event, tag("own", [&hash]))),
        ("no enc", 2113, without("enc")),
        ("no pc", 2113, without("pc")),
        ("no p", 2113, without("p")),
        ("visit without times", 2126, event.tags.clone().to_vec()),
        ("second p in the one-copy form", 2117, added(&one_copy, tag("p", [&hash]))),
        ("copy in the one-copy form", 2117, added(&one_copy, tag("patient-content", ["x"]))),
    ];
    rows.into_iter()
        .map(|(name, kind, tags)| {
            let event = event::sign(&key("doctor"), kind, tags, "x", NOW);
            json!({"name": name, "event": to_json(&event)})
        })
        .collect()
}

pub(crate) fn messages() -> Value {
    let communication = json!({"resourceType": "Communication", "status": "completed"});
    let message = |r| Message {
        communication: &communication,
        subject: key("patient").public_key(),
        r: [r; 32],
        links: &[],
        blobs: &[],
        created_at: NOW,
    };
    let practice = key("practice").public_key();
    let answer = |to: &str, epoch: &str, confidential, r| {
        let (to, mut random) = (key(to).public_key(), random(to));
        from_staff(&key("doctor"), &practice, &pair(epoch), &to, confidential, &message(r), &mut random)
            .unwrap()
    };
    let question = |from: &str, epoch: &str, r| {
        from_family(&key(from), &practice, &key(epoch).public_key(), &message(r), &mut random(from)).unwrap()
    };
    let hidden = key("confidential").public_key();
    let own = from_own_key(&key("own"), &practice, &hidden, &message(9), &mut random("own")).unwrap();
    let row = |name: &str, event: &Event, epoch: &str, person: &str, others: &[&str]| json!({"name": name, "event": to_json(event), "epoch": epoch, "opens_for": person, "closed_for": others});
    json!({
        "about": "Messages in all author forms. epoch: whose holders open it. opens_for and closed_for: persons, by \
                  own key and the first p alone.",
        "practice": public("practice"),
        "secrets": secrets(&["doctor", "desk", "chart", "confidential", "patient", "guardian", "other", "own"]),
        "cases": [
            row("staff to the patient", &answer("patient", "chart", false, 1), "chart", "patient", &["guardian", "other"]),
            row("staff to a guardian", &answer("guardian", "chart", false, 2), "chart", "guardian", &["patient", "other"]),
            row("staff to an own key", &answer("own", "confidential", true, 3), "confidential", "own", &["guardian", "patient"]),
            row("patient, medical question", &question("patient", "chart", 4), "chart", "patient", &["guardian"]),
            row("patient, office matter", &question("patient", "desk", 5), "desk", "patient", &["guardian"]),
            row("guardian, medical question", &question("guardian", "chart", 6), "chart", "guardian", &["patient", "other"]),
            row("own key", &own, "confidential", "own", &["guardian", "patient"]),
        ],
    })
}
