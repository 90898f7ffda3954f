//! The inputs from which fuzzing starts: for every refusal that bytes alone can meet, one event,
//! frame, body or payload that meets exactly it, and some that are taken. Names give keys and
//! randomness here as well.

mod events;
mod plain;
mod policy;

use relaybox_protocol::event::tag;
use relaybox_protocol::grants::{AgentEntry, Patients, Service, build_agent};
use relaybox_protocol::keys::KeyRole;
use relaybox_protocol::permissions::{Compartment, Role};
use serde_json::{Value, json};

use super::practice::Practice;
use super::{key, public, to_json};

const PEOPLE: [&str; 14] = [
    "practice",
    "doctor",
    "nurse",
    "ma",
    "desk",
    "former",
    "child",
    "own",
    "mother",
    "child 2",
    "suspended",
    "mail",
    "stranger",
    "box",
];

/// One committed file below the folder of the fuzz targets.
pub struct Input {
    pub path: String,
    pub bytes: Vec<u8>,
}

/// Verdict, case and input of one target.
type Case = (&'static str, String, Vec<u8>);

/// The practice and all inputs.
pub fn all() -> Vec<Input> {
    let practice = staffed();
    let mut files = vec![Input { path: "practice.json".to_owned(), bytes: lines(&file(&practice)) }];
    let targets = [
        ("body", plain::bodies()),
        ("event", events::make(&mut staffed())),
        ("filter", plain::filters(&practice)),
        ("frame", plain::frames(&practice)),
        ("legacy", plain::payloads()),
        ("policy", policy::make(&mut staffed())),
        ("preface", plain::prefaces()),
        ("receipts", policy::receipts(&mut staffed())),
    ];
    for (target, cases) in targets {
        files.extend(cases.into_iter().map(|(verdict, case, bytes)| Input {
            path: format!("corpus/{target}/{verdict}--{}", case.replace(' ', "-")),
            bytes,
        }));
    }
    files
}

fn lines(value: &Value) -> Vec<u8> {
    let mut text = serde_json::to_vec_pretty(value).unwrap();
    text.push(b'\n');
    text
}

/// The small practice with a nurse, an assistant, a former nurse, a second child whose guardian is
/// suspended, the mail agent, three observations and a message.
fn staffed() -> Practice {
    let mut p = Practice::open("fuzz");
    for (name, role) in [("nurse", Role::Nurse), ("ma", Role::Ma), ("former", Role::Nurse)] {
        let event = p.roster(name, role, false);
        p.step(&event);
    }
    let event = p.roster("former", Role::Nurse, true);
    p.step(&event);
    let pop = p.prove("mail", KeyRole::Agent);
    let mail = AgentEntry {
        agent: key("mail").public_key(),
        service: Service::Mail,
        kinds: &[2117],
        compartments: &[Compartment::Desk],
        patients: Patients::None,
        until: None,
        ended: false,
        pop: &pop,
        sequence: p.sequence(),
        created_at: p.now,
    };
    let mail = build_agent(&key("practice"), &mail);
    p.step(&mail);
    let extra = [p.pop("child 2", KeyRole::Subject)];
    let event = p.patient("desk", "child 2", &extra);
    p.step(&event);
    let event = p.link("desk", "suspended", false);
    p.step(&event);
    let event = p.suspension("doctor", "suspended", None);
    p.step(&event);
    for _ in 0..3 {
        let event = p.write(2113, Compartment::Chart, Some("child"));
        let mark = p.mark();
        p.record(&event, mark);
    }
    let event = p.message("mother");
    let mark = p.mark();
    p.record(&event, mark);
    p
}

fn file(practice: &Practice) -> Value {
    let events = |events: &[relaybox_protocol::Event]| events.iter().map(to_json).collect::<Vec<_>>();
    let mut people: serde_json::Map<String, Value> =
        PEOPLE.iter().map(|name| ((*name).to_owned(), json!(public(name)))).collect();
    for compartment in Compartment::ALL {
        let name = format!("E {}", compartment.as_str());
        people.insert(name, json!(practice.last().of(compartment).public.to_hex()));
    }
    json!({"now": practice.now, "people": people, "steps": practice.steps,
        "events": events(&practice.events), "receipts": events(&practice.receipts)})
}

/// A case whose input is JSON.
fn case(verdict: &'static str, case: &str, input: &Value) -> Case {
    (verdict, format!("{case}.json"), serde_json::to_vec(input).unwrap())
}

/// A case whose input is text.
fn text(verdict: &'static str, case: &str, input: &str) -> Case {
    (verdict, format!("{case}.json"), input.as_bytes().to_vec())
}

/// `["-"]` and the like.
fn bare(name: &str) -> relaybox_protocol::Tag {
    tag(name, [])
}
