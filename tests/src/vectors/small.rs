//! Gift wraps with fixed randomness, drafts, and visits with their calls (NIP-59, PROTOCOL 2.7).

use relaybox_protocol::drafts::{self, Draft, draft_name, next_created_at, shared_name};
use relaybox_protocol::envelope::{Record, seal_staff};
use relaybox_protocol::event::{self, key_tag, tag};
use relaybox_protocol::wrap::{Rumor, wrap};
use relaybox_protocol::{Event, kinds, visits};
use serde_json::{Map, Value, json};

use super::{NOW, key, key_hex, pair, public, random, secrets, to_json};

pub(crate) fn wraps() -> Value {
    let (sender, receiver) = (key("sender"), key("receiver").public_key());
    let long = "x".repeat(1_000);
    let rumors = [
        ("chat message", Rumor::chat(&receiver, "hello", NOW), false),
        ("long, ephemeral", Rumor::chat(&receiver, &long, NOW), true),
        ("tags and escapes", tagged(), false),
    ];
    let cases: Vec<Value> = rumors
        .iter()
        .map(|(name, rumor, ephemeral)| {
            let (seal_at, wrap_at) = (NOW - 100, NOW - 200);
            let event =
                wrap(&sender, &receiver, rumor, *ephemeral, seal_at, wrap_at, &mut random(name)).unwrap();
            json!({
                "name": name,
                "event": to_json(&event),
                "sender": public("sender"),
                "rumor": {
                    "id": rumor.id(&sender.public_key()).to_hex(),
                    "kind": rumor.kind,
                    "tags": rumor.tags.iter().map(|tag| tag.as_slice()).collect::<Vec<_>>(),
                    "content": rumor.content,
                    "created_at": rumor.created_at,
                },
            })
        })
        .collect();
    json!({
        "about": "NIP-59 wraps with fixed randomness; the seed of each is SHA-256(\"relaybox vector \" name), drawn \
                  in this order: nonce of the seal, one-time key, nonce of the wrap.",
        "secrets": secrets(&["sender", "receiver"]),
        "cases": cases,
    })
}

fn tagged() -> Rumor {
    Rumor {
        kind: 82,
        tags: vec![key_tag("p", &key("receiver").public_key()), tag("subject", ["\"a\\b\"\n"])],
        content: "</x> \u{2028} é".to_owned(),
        created_at: NOW,
    }
}

fn draft(kind: u16, d: &str, state: &Map<String, Value>) -> Value {
    let draft = Draft { kind, d, state, expiration: NOW + 86_400, created_at: NOW };
    let event = drafts::build(&key("doctor"), &pair("chart"), &draft, &mut random("draft")).unwrap();
    json!({"event": to_json(&event), "d": d, "state": state, "expiration": NOW + 86_400})
}

pub(crate) fn drafts() -> Value {
    let state = json!({"note": "unsigned", "held": null}).as_object().unwrap().clone();
    let chart = key("chart");
    let names = ["inbox/marks", "phrases", "", "Größe/ö"];
    let names: Vec<Value> = names
        .iter()
        .map(|name| json!({"logical_key": name, "d": shared_name(chart.secret_key(), name)}))
        .collect();
    let times = [(NOW, None), (NOW, Some(NOW - 1)), (NOW, Some(NOW)), (NOW, Some(NOW + 60))];
    let times: Vec<Value> = times
        .iter()
        .map(|(now, previous)| json!({"now": now, "previous": previous, "created_at": next_created_at(*now, *previous)}))
        .collect();
    let shared = shared_name(chart.secret_key(), "inbox/marks");
    json!({
        "about": "32110 and 32111 under X1 of chart. shared: d of 32111 by the epoch secret and a logical key.",
        "secrets": secrets(&["chart"]),
        "x1": key_hex(&pair("chart").practice_key().unwrap()),
        "shared": names,
        "times": times,
        "cases": [
            draft(kinds::DRAFT, &draft_name(&mut random("d")), &state),
            draft(kinds::SHARED_STATE, &shared, &state),
        ],
    })
}

fn visit() -> Event {
    let (practice, patient) = (key("practice").public_key(), key("patient").public_key());
    let extra =
        visits::tags(&[key("doctor").public_key()], &[key("guardian").public_key()], NOW, NOW + 1_800);
    let resource = json!({"resourceType": "Appointment", "status": "booked"});
    let record =
        Record { extra: &extra, ..Record::plain(kinds::VISIT, &resource, patient, [1; 32], NOW - 60) };
    let desk = pair("desk");
    seal_staff(&key("doctor"), &practice, &desk, Some(&patient), false, &record, &mut random("visit"))
        .unwrap()
}

pub(crate) fn visits() -> Value {
    let message = json!({"visit": "id", "sdp": "v=0"}).as_object().unwrap().clone();
    let (doctor, guardian) = (key("doctor"), key("guardian").public_key());
    let call = |kind: u16| {
        let mut random = random(&format!("call {kind}"));
        let event =
            visits::build_signalling(&doctor, &guardian, kind, &message, NOW + 3_600, NOW, &mut random)
                .unwrap();
        json!({"event": to_json(&event), "message": message, "party": public("guardian"), "expiration": NOW + 3_600})
    };
    let parties = visits::parse(&visit()).unwrap();
    let times = [NOW - 901, NOW - 900, NOW, NOW + 1_800 + 7_199, NOW + 1_800 + 7_200];
    let mut odd = visit().tags.to_vec();
    odd.retain(|tag| tag.kind() != "end");
    odd.push(tag("end", [&NOW.to_string()]));
    json!({
        "about": "A visit's parties and times in clear, when its parties may signal, and the signalling events.",
        "secrets": secrets(&["doctor", "guardian"]),
        "visit": {
            "event": to_json(&visit()),
            "subject": public("patient"),
            "providers": [public("doctor")],
            "guardians": [public("guardian")],
            "start": NOW,
            "end": NOW + 1_800,
            "open": times.map(|at| json!({"at": at, "open": parties.open_at(at)})),
        },
        "refused": [{
            "name": "end is not after start",
            "event": to_json(&event::sign(&doctor, kinds::VISIT, odd, "x", NOW)),
        }],
        "calls": (4050..=4055).map(call).collect::<Vec<_>>(),
    })
}
