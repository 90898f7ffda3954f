//! What a front desk signs for families after a random history, and what it is refused.

use relaybox_protocol::envelope::EpochSecret;
use relaybox_protocol::event::p_tag;
use relaybox_protocol::grants::Desk;
use relaybox_protocol::keys::{KeyRole, prove};
use relaybox_protocol::permissions::Compartment;
use relaybox_protocol::policy::Policy;
use relaybox_protocol::registration::Registrar;
use relaybox_protocol::{Event, kinds};
use serde_json::{Value, json};

use super::Row;
use super::dice::Dice;
use super::plain::{public, string};
use super::sealed::{keys_of, stream};
use super::town::{SUBJECTS, Town, id_of, key, pk};
use crate::vectors::registration::{outcome, perform};

pub(super) const OPS: &[Row] = &[("registration", 300, make, answer)];

const REGISTRARS: [&str; 6] = ["desk", "desk", "desk", "doctor", "ma", "stranger"];
/// Mostly somebody new, else somebody who is or was something here.
const SUBJECT_KEYS: [&str; 9] =
    ["new", "newer", "newest", "latest", "stranger", "child", "teen", "mother", "escrow"];
const OWN_KEYS: [&str; 5] = ["phone", "phone", "own", "father", "new"];
const GUARDIANS: [&str; 5] = ["mother", "father", "aunt", "doctor", "own"];

fn make(dice: &mut Dice) -> Value {
    let steps = dice.below(24);
    let mut town = Town::open(dice);
    (0..steps).for_each(|_| town.policy_step());
    let (call, asked) = asked(&mut town);
    let back = usize::from(town.dice.chance(10));
    let step =
        |(event, at, received): &(Event, u64, u64)| json!({"event": event, "at": at, "received": received});
    json!({
        "practice": id_of("practice"), "steps": town.steps.iter().map(step).collect::<Vec<_>>(),
        "now": town.now + u64::from(town.dice.byte()),
        "by": key(town.dice.word(&REGISTRARS)).secret_key().to_secret_hex(),
        "n": 1 + town.dice.below(3),
        "desk": town.pair(Compartment::Desk, back).secret.to_secret_hex(),
        "seed": town.dice.digest(), "call": call, "asked": asked,
    })
}

fn asked(town: &mut Town<'_>) -> (&'static str, Value) {
    let call = town.dice.word(&[
        "register-family",
        "register-family",
        "add-guardian",
        "end-link",
        "remove-guardian",
        "rekey",
        "own-key",
    ]);
    let asked = match call {
        "register-family" => {
            let children: Vec<Value> = (0..1 + town.dice.below(3)).map(|_| child(town)).collect();
            let guardians: Vec<Value> = (0..town.dice.below(3)).map(|_| guardian(town)).collect();
            json!({"children": children, "guardians": guardians})
        }
        "add-guardian" => json!({"subject": id_of(subject(town)), "guardian": guardian(town)}),
        "end-link" => json!({"link": link(town)}),
        "remove-guardian" => {
            json!({"link": link(town), "patient": standing(town), "key": subject_key(town)})
        }
        "rekey" => json!({"patient": standing(town), "key": subject_key(town)}),
        _ => json!({"patient": standing(town), "own": proved(town, &OWN_KEYS, KeyRole::Own)}),
    };
    (call, asked)
}

/// A key with its proof, which is sometimes another role's.
fn proved(town: &mut Town<'_>, names: &[&'static str], role: KeyRole) -> Value {
    let name = town.dice.word(names);
    let role = if town.dice.chance(6) { KeyRole::Agent } else { role };
    let pop = prove(&key(name), &pk(town.practice), role, &mut town.random);
    json!({"key": id_of(name), "pop": pop})
}

fn subject_key(town: &mut Town<'_>) -> Value {
    match town.dice.chance(40) {
        true => json!({"key": null, "pop": null}),
        false => proved(town, &SUBJECT_KEYS, KeyRole::Subject),
    }
}

fn child(town: &mut Town<'_>) -> Value {
    let key = subject_key(town);
    let own = match town.dice.below(5) {
        0 => proved(town, &OWN_KEYS, KeyRole::Own),
        1 if !key["key"].is_null() => json!({"key": key["key"], "pop": ""}),
        _ => Value::Null,
    };
    json!({"key": key, "own": own, "resource": resource(town)})
}

fn guardian(town: &mut Town<'_>) -> Value {
    let compartments = if town.dice.chance(30) { json!(["desk"]) } else { json!(["desk", "chart"]) };
    let until = if town.dice.chance(30) { json!(town.now + 86_400) } else { Value::Null };
    let key = proved(town, &GUARDIANS, KeyRole::Guardian);
    json!({
        "key": key, "name": town.dice.text(12), "relationship": "parent", "compartments": compartments,
        "until": until,
    })
}

/// A 2104 of the history: mostly one in force, else any, also one that was refused.
fn link(town: &mut Town<'_>) -> Value {
    let all = town.steps.iter().map(|(event, ..)| event);
    let all: Vec<&Event> = all.filter(|event| event.kind.as_u16() == kinds::GUARDIAN_LINK).collect();
    let view = town.policy.now(town.now);
    let in_force = |event: &&&Event| {
        let links = p_tag(event, 1).map(|guardian| view.links_of(&guardian)).unwrap_or_default();
        links.iter().any(|link| link.entry == event.id)
    };
    let live: Vec<&Event> = all.iter().filter(in_force).copied().collect();
    let some = if live.is_empty() || town.dice.chance(20) { all } else { live };
    json!(town.dice.pick(&some))
}

fn subject(town: &mut Town<'_>) -> &'static str {
    if town.dice.chance(15) { "stranger" } else { town.dice.word(&SUBJECTS) }
}

fn standing(town: &mut Town<'_>) -> Value {
    json!({"subject": id_of(subject(town)), "resource": resource(town)})
}

fn resource(town: &mut Town<'_>) -> Value {
    let kind = if town.dice.chance(5) { "Person" } else { "Patient" };
    json!({"resourceType": kind, "name": [{"text": town.dice.text(20)}]})
}

fn answer(input: &Value) -> Value {
    let mut policy = Policy::new(public(string(input, "practice")));
    for step in input["steps"].as_array().unwrap() {
        let event: Event = serde_json::from_value(step["event"].clone()).unwrap();
        let (at, received) = (step["at"].as_u64().unwrap(), step["received"].as_u64().unwrap());
        // A refusal means that the event does not count.
        let _ = policy.apply(&event, at, received);
    }
    let keys = keys_of(string(input, "by"));
    let pair = EpochSecret::new(keys_of(string(input, "desk")).secret_key().clone());
    let desk = Desk { n: input["n"].as_u64().unwrap(), pair: &pair };
    let registrar = Registrar { keys: &keys, desk, policy: &policy, now: input["now"].as_u64().unwrap() };
    outcome(&perform(string(input, "call"), &input["asked"], &registrar, &mut stream(input)))
}
