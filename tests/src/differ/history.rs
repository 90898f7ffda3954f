//! A random history of a practice: what policy makes of it, who may read what, and what each reader is shown.

use std::collections::{BTreeMap, BTreeSet};

use relaybox_protocol::epochs::Keyring;
use relaybox_protocol::event::index_keys;
use relaybox_protocol::fold::{Author, Coverage, fold};
use relaybox_protocol::grants::GrantRow;
use relaybox_protocol::nip44::ConversationKey;
use relaybox_protocol::permissions::Compartment;
use relaybox_protocol::policy::{Person, Policy, View};
use relaybox_protocol::reader::{Held, Outcome, Reader, Shown, Sight};
use relaybox_protocol::receipts::Completeness;
use relaybox_protocol::scope::Scope;
use relaybox_protocol::{Event, EventId, PublicKey, hex, kinds};
use serde_json::{Value, json};

use super::Row;
use super::charts;
use super::dice::Dice;
use super::plain::{public, string};
use super::sealed::keys_of;
use super::town::{PEOPLE, SUBJECTS, Town, id_of, key, pk};

pub(super) const OPS: &[Row] = &[("history", 800, make, answer)];

fn make(dice: &mut Dice) -> Value {
    let imports = dice.chance(25);
    let steps = 4 + dice.below(26);
    let mut town = Town::open(dice);
    if imports {
        town.import_epoch();
    }
    for _ in 0..steps {
        match town.dice.below(10) {
            0..=3 => town.policy_step(),
            4 if imports => town.import_step(),
            5 => town.retry_step(),
            _ => town.record_step(),
        }
    }
    if town.dice.chance(40) {
        town.damage();
    }
    let last = town.steps.len() as u64;
    let asks: Vec<Value> = (0..3)
        .map(|n| {
            let back = if n == 0 { 0 } else { town.dice.below(12) as u64 };
            json!([last.saturating_sub(back), town.now.saturating_sub(back * 9)])
        })
        .collect();
    let row =
        |(event, at, received): &(Event, u64, u64)| json!({"event": event, "at": at, "received": received});
    let steps: Vec<Value> = town.steps.iter().map(row).collect();
    let rows = child_rows(&town);
    let reader = |sight: &str, name: &str, rows: &[Value]| json!({"sight": sight, "secret": key(name).secret_key().to_secret_hex(), "rows": rows});
    let readers = [
        reader("staff", "doctor", &[]),
        reader("staff", "nurse", &[]),
        reader("own", "child", &[]),
        reader("own", "own", &[]),
        reader("own", "mother", &rows),
        reader("public", "stranger", &[]),
    ];
    let now = town.dice.chance(40).then_some(town.now + 1);
    json!({
        "practice": id_of("practice"), "steps": steps, "events": town.events, "receipts": town.receipts,
        "records": town.records, "grants": town.grants, "asks": asks, "readers": readers, "now": now,
        "people": PEOPLE.map(id_of),
    })
}

/// What 2100s would give the guardian: rows of today's keys, and of the former practice.
fn child_rows(town: &Town<'_>) -> Vec<Value> {
    let of = |compartment: Compartment, back: usize| {
        let pair = town.pair(compartment, back);
        SUBJECTS.map(|name| {
            let key = pair.reader_key(&pk(name)).unwrap();
            json!([pair.public.to_hex(), id_of(name), hex::encode(key.as_bytes())])
        })
    };
    let former = ConversationKey::derive(key("former").secret_key(), &pk("child")).unwrap();
    let mut rows = [of(Compartment::Desk, 0), of(Compartment::Chart, 0), of(Compartment::Chart, 1)].concat();
    rows.push(json!([id_of("former"), id_of("child"), hex::encode(former.as_bytes())]));
    rows
}

fn events(input: &Value, name: &str) -> Vec<Event> {
    serde_json::from_value(input[name].clone()).unwrap()
}

fn hexes(keys: &[PublicKey]) -> Vec<String> {
    keys.iter().map(PublicKey::to_hex).collect()
}

fn words(compartments: &BTreeSet<Compartment>) -> Vec<&'static str> {
    compartments.iter().map(|of| of.as_str()).collect()
}

fn person(view: &View<'_>, key: &PublicKey) -> Value {
    let patient = |p: &relaybox_protocol::policy::Patient| {
        json!([p.subject.to_hex(), hexes(&p.former), p.own.map(|own| own.to_hex()), p.entry])
    };
    match view.person(key) {
        Person::Practice => json!("practice"),
        Person::Member(m) => {
            let words: Vec<&str> = m.words.iter().map(|word| word.as_str()).collect();
            json!(["member", m.role.as_str(), words, m.name, m.entry])
        }
        Person::Agent(a) => {
            json!(["agent", a.service, a.kinds, words(&a.compartments), a.patients, a.until, a.entry])
        }
        Person::Patient(p) => json!(["patient", patient(&p)]),
        Person::Own(p) => json!(["own", patient(&p)]),
        Person::Guardian(links) => {
            let link = |l: &relaybox_protocol::policy::GuardianLink| {
                json!([l.child.to_hex(), words(&l.compartments), l.until, l.entry])
            };
            json!(["guardian", links.iter().map(link).collect::<Vec<_>>()])
        }
        Person::Former => json!("former"),
        Person::Unknown => json!("unknown"),
    }
}

fn standing(view: &View<'_>, key: &PublicKey) -> Value {
    let guardians: Vec<String> = view.guardians_of(key).iter().map(|link| link.guardian.to_hex()).collect();
    json!([
        person(view, key),
        view.suspended(key),
        hexes(&view.barred(key)),
        guardians,
        hexes(&view.guardians_ever(key)),
        view.patient_of_own(key).map(|p| p.subject.to_hex()),
        view.ever_family(key),
        view.ever_subject(key),
        view.shares_for(key).iter().map(|share| share.entry).collect::<Vec<_>>(),
    ])
}

/// What a view says of the practice as a whole.
fn practice(view: &View<'_>, records: &[Event]) -> Value {
    let epochs: Vec<Value> = view
        .epochs()
        .iter()
        .map(|e| json!([e.n, e.event, e.chart.to_hex(), e.grace, e.at, e.received]))
        .collect();
    let current: Vec<Value> = view
        .epochs()
        .iter()
        .map(|e| {
            json!([
                view.current(&e.desk).map(Compartment::as_str),
                view.current(&e.chart).map(Compartment::as_str)
            ])
        })
        .collect();
    let mut grants: Vec<Value> = view
        .client_grants()
        .iter()
        .map(|g| json!([g.client, g.subject.map(|t| t.to_hex()), g.scopes, g.until, g.entry]))
        .collect();
    grants.sort_by_key(Value::to_string);
    let destroyed: Vec<bool> = records.iter().map(|event| view.destroyed(&event.id)).collect();
    let mut patients = hexes(&view.patients().iter().map(|p| p.subject).collect::<Vec<_>>());
    patients.sort();
    json!({
        "practice": hexes(&view.practices()), "in force": view.practice().to_hex(), "epochs": epochs,
        "current": current, "members": hexes(&view.members().iter().map(|m| m.key).collect::<Vec<_>>()),
        "agents": hexes(&view.agents().iter().map(|a| a.key).collect::<Vec<_>>()), "grants": grants,
        "destroyed": destroyed, "patients": patients, "public": view.public_suspensions(),
    })
}

fn answer(input: &Value) -> Value {
    let p = public(string(input, "practice"));
    let mut policy = Policy::new(p);
    let verdicts: Vec<&str> = input["steps"]
        .as_array()
        .unwrap()
        .iter()
        .map(|step| {
            let event: Event = serde_json::from_value(step["event"].clone()).unwrap();
            let (at, received) = (step["at"].as_u64().unwrap(), step["received"].as_u64().unwrap());
            policy.apply(&event, at, received).map_or_else(|refusal| refusal.code(), |()| "ok")
        })
        .collect();
    let people: Vec<PublicKey> =
        input["people"].as_array().unwrap().iter().map(|key| public(key.as_str().unwrap())).collect();
    let records = events(input, "records");
    let asks: Vec<Value> = input["asks"]
        .as_array()
        .unwrap()
        .iter()
        .map(|ask| {
            let view = policy.at(ask[0].as_u64().unwrap(), ask[1].as_u64().unwrap());
            json!({"people": people.iter().map(|key| standing(&view, key)).collect::<Vec<_>>(),
                "practice": practice(&view, &records)})
        })
        .collect();
    let view = policy.now(0);
    let all = [events(input, "events"), events(input, "receipts"), records.clone()].concat();
    let scopes: Vec<String> = people.iter().map(|key| permitted(&view, key, &all)).collect();
    let readers: Vec<Value> = input["readers"]
        .as_array()
        .unwrap()
        .iter()
        .map(|of| reader(input, of, &view, &all, &records))
        .collect();
    json!({"verdicts": verdicts, "asks": asks, "scopes": scopes, "readers": readers})
}

/// One digit an event: whether this person reads it.
fn permitted(view: &View<'_>, key: &PublicKey, events: &[Event]) -> String {
    let scope = Scope::of(view, key);
    events.iter().map(|event| if scope.permits(event, &index_keys(event)) { '1' } else { '0' }).collect()
}

/// What one reader is shown of what the relay delivers to it.
fn reader(input: &Value, of: &Value, view: &View<'_>, all: &[Event], records: &[Event]) -> Value {
    let keys = keys_of(string(of, "secret"));
    let sight = match string(of, "sight") {
        "staff" => Sight::Staff,
        "own" => Sight::Own,
        _ => Sight::Public,
    };
    let scope = Scope::of(view, &keys.public_key());
    // The relay delivers what the scope says; the recipient of a disclosure gets what it is sent.
    let delivered = |event: &&Event| sight == Sight::Public || scope.permits(event, &index_keys(event));
    let given: Vec<Event> = all.iter().filter(delivered).cloned().collect();
    let records: Vec<Event> = records.iter().filter(delivered).cloned().collect();
    let epochs: Vec<Event> =
        all.iter().filter(|event| event.kind.as_u16() == kinds::PRACTICE_EPOCH).cloned().collect();
    let grants: Vec<Event> = events(input, "grants")
        .into_iter()
        .filter(|grant| relaybox_protocol::event::p_tag(grant, 0) == Some(keys.public_key()))
        .collect();
    let row = |row: &Value| GrantRow {
        epoch_key: public(row[0].as_str().unwrap()),
        subject: public(row[1].as_str().unwrap()),
        key: ConversationKey::from_bytes(hex::decode(row[2].as_str().unwrap()).unwrap()),
    };
    let held = Held::person(keys.secret_key().clone())
        .with_keyring(Keyring::collect(keys.secret_key(), &epochs, &grants))
        .with_rows(of["rows"].as_array().unwrap().iter().map(row));
    let mut reader = Reader::new(public(string(input, "practice")), held, sight, &given);
    let outcomes = reader.read(&records, input["now"].as_u64());
    let charts = charts_of(&reader, &outcomes);
    let book = reader.book();
    let chains: Vec<Value> = book
        .chains()
        .map(|(chain, state)| {
            json!([
                hex::encode(&chain.to_bytes()),
                completeness(state.completeness),
                state.n,
                state.head,
                state.ids
            ])
        })
        .collect();
    let held: BTreeSet<EventId> = records.iter().step_by(2).map(|event| event.id).collect();
    let share = reader.share(&book.chains().map(|(chain, _)| *chain).collect::<Vec<_>>(), &held);
    json!({
        "policy": completeness(book.policy_state()), "newest": book.policy().newest(), "chains": chains,
        "share": [share.k, share.destroyed, share.n], "charts": charts,
        "outcomes": outcomes.iter().map(|(id, outcome)| json!([id, outcome_json(outcome)])).collect::<Vec<_>>(),
    })
}

const fn completeness(state: Completeness) -> &'static str {
    match state {
        Completeness::Whole => "whole",
        Completeness::Gap => "gap",
        Completeness::Fork => "fork",
    }
}

/// The chart of each patient whom this reader knows, by T.
fn charts_of(reader: &Reader, outcomes: &BTreeMap<EventId, Outcome>) -> BTreeMap<String, Value> {
    let shown: Vec<_> = outcomes
        .values()
        .filter_map(|outcome| match outcome {
            Outcome::Shown(shown) => Some(shown.record.clone()),
            _ => None,
        })
        .collect();
    let patients = reader.book().policy().now(0).patients();
    patients
        .into_iter()
        .map(|p| {
            let line = p.former.iter().chain([&p.subject]).chain(&p.own).copied().collect();
            let chart = fold(&line, shown.clone(), Coverage::Complete);
            (p.subject.to_hex(), charts::summary(&chart))
        })
        .collect()
}

fn outcome_json(outcome: &Outcome) -> Value {
    match outcome {
        Outcome::Shown(shown) => shown_json(shown),
        Outcome::Alias(of) => json!({"alias": of}),
        Outcome::Pending { until } => json!({"pending": until}),
        Outcome::Sealed(s) => {
            json!({"sealed": [s.kind, s.signer.to_hex(), s.compartment.as_str(), s.received]})
        }
        Outcome::Quarantine(reason) => json!(reason.as_str()),
    }
}

fn shown_json(shown: &Shown) -> Value {
    let (record, marks) = (&shown.record, shown.marks);
    let author = match record.author {
        Author::Staff => "staff",
        Author::Family => "family",
        Author::Former => "former",
    };
    let links: Vec<Value> = record.links.iter().map(|link| json!([link.id, link.marker])).collect();
    let act = record.act.map(|act| [hex::encode(&act.r), hex::encode(&act.same)]);
    json!({
        "kind": record.kind, "signer": record.signer.to_hex(), "author": author,
        "subject": record.subject.to_hex(), "compartment": record.compartment.as_str(), "act": act,
        "aliases": record.aliases, "resource": record.resource, "links": links, "sign": record.sign,
        "order": [record.order.position, record.order.received, record.order.n], "created": record.created_at,
        "marks": [marks.copies_differ, marks.unsigned, marks.outside, marks.former],
        "chain": hex::encode(&shown.chain.to_bytes()),
    })
}
