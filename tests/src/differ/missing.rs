//! Which 2100s are missing after a random history, as each member sees it.

use relaybox_protocol::epochs::Keyring;
use relaybox_protocol::event::{key_tag, p_tag, sign, tag};
use relaybox_protocol::grants::GrantRow;
use relaybox_protocol::grants::missing::{GrantBook, Writer, missing};
use relaybox_protocol::nip44::ConversationKey;
use relaybox_protocol::permissions::Compartment;
use relaybox_protocol::policy::Policy;
use relaybox_protocol::{Event, EventId, kinds};
use serde_json::{Value, json};

use super::Row;
use super::dice::Dice;
use super::plain::{public, string};
use super::sealed::keys_of;
use super::town::{SUBJECTS, Town, id_of, key, pk};
use crate::vectors::missing::to_lists;

pub(super) const OPS: &[Row] = &[("missing", 300, make, answer)];

const SIGNERS: [&str; 6] = ["doctor", "doctor", "nurse", "practice", "mother", "stranger"];
const READERS: [&str; 7] = ["mother", "mother", "father", "own", "fhir", "child 2", "nurse"];

fn make(dice: &mut Dice) -> Value {
    let imports = dice.chance(30);
    let steps = 4 + dice.below(26);
    let mut town = Town::open(dice);
    if imports {
        town.import_epoch();
    }
    (0..steps).for_each(|_| town.policy_step());
    let ids: Vec<String> = town.steps.iter().map(|(event, ..)| event.id.to_hex()).collect();
    let stored: Vec<Event> = (0..town.dice.below(6)).map(|_| grant(&mut town, &ids)).collect();
    let confirmed: Vec<String> = ids.iter().filter(|_| town.dice.chance(40)).cloned().collect();
    let step =
        |(event, at, received): &(Event, u64, u64)| json!({"event": event, "at": at, "received": received});
    let writers: Vec<String> =
        ["doctor", "nurse", "desk"].map(|name| key(name).secret_key().to_secret_hex()).to_vec();
    json!({
        "practice": id_of("practice"), "steps": town.steps.iter().map(step).collect::<Vec<_>>(),
        "grants": town.grants, "stored": stored, "confirmed": confirmed, "writers": writers,
        "former": if town.dice.chance(50) { json!([id_of("former"), id_of("child")]) } else { Value::Null },
        "subjects": SUBJECTS.map(id_of), "time": town.now + u64::from(town.dice.byte()),
    })
}

/// A 2100 in clear: nothing here opens it.
fn grant(town: &mut Town<'_>, ids: &[String]) -> Event {
    let (signer, reader) = (town.dice.word(&SIGNERS), town.dice.word(&READERS));
    let authority = town.dice.pick(ids).clone();
    let mut tags =
        vec![key_tag("p", &pk(reader)), tag("authority", [&authority]), key_tag("ek", &pk("once"))];
    for _ in 0..=town.dice.below(5) {
        let of = *town.dice.pick(&[Compartment::Desk, Compartment::Chart, Compartment::Chart]);
        let back = town.dice.below(2);
        let epoch_key = if town.dice.chance(15) { pk("former") } else { town.pair(of, back).public };
        let subject = id_of(town.dice.word(&SUBJECTS));
        tags.push(tag("row", [&epoch_key.to_hex(), &subject]));
    }
    sign(&key(signer), kinds::PATIENT_KEY_GRANT, tags, "sealed", town.now)
}

fn answer(input: &Value) -> Value {
    let events = |name: &str| -> Vec<Event> { serde_json::from_value(input[name].clone()).unwrap() };
    let mut policy = Policy::new(public(string(input, "practice")));
    let mut epochs = Vec::new();
    for step in input["steps"].as_array().unwrap() {
        let event: Event = serde_json::from_value(step["event"].clone()).unwrap();
        let (at, received) = (step["at"].as_u64().unwrap(), step["received"].as_u64().unwrap());
        let counts = policy.apply(&event, at, received).is_ok();
        epochs.extend((counts && event.kind.as_u16() == kinds::PRACTICE_EPOCH).then_some(event));
    }
    let mut book = GrantBook::default();
    events("stored").iter().for_each(|event| book.add(event));
    let confirmed: Vec<EventId> = serde_json::from_value(input["confirmed"].clone()).unwrap();
    let rows: Vec<GrantRow> = input["former"].as_array().map_or_else(Vec::new, |row| {
        let [epoch_key, subject] = [0, 1].map(|at| public(row[at].as_str().unwrap()));
        vec![GrantRow { epoch_key, subject, key: ConversationKey::from_bytes([1; 32]) }]
    });
    let view = policy.now(input["time"].as_u64().unwrap());
    let seen = |writer: &Value| -> Vec<Value> {
        let keys = keys_of(writer.as_str().unwrap());
        let mut grants = events("grants");
        grants.retain(|grant| p_tag(grant, 0) == Some(keys.public_key()));
        let keyring = Keyring::collect(keys.secret_key(), &epochs, &grants);
        let writer = Writer { key: keys.public_key(), keyring: &keyring, rows: &rows, confirmed: &confirmed };
        let subjects = input["subjects"].as_array().unwrap().iter();
        subjects
            .map(|subject| to_lists(&missing(&view, &book, &public(subject.as_str().unwrap()), &writer)))
            .collect()
    };
    input["writers"].as_array().unwrap().iter().map(|writer| json!(seen(writer))).collect()
}
