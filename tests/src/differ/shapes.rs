//! The tag shapes of clinical events, epochs, grants, drafts and calls. Payloads are any text here.

use relaybox_protocol::envelope::{self, MARKERS};
use relaybox_protocol::event::{parse_unverified, sign};
use relaybox_protocol::grants::parse_patient_grant;
use relaybox_protocol::permissions::Compartment;
use relaybox_protocol::{Event, PublicKey, Tag, drafts, epochs, hex, kinds, visits};
use serde_json::{Value, json};

use super::Row;
use super::dice::{Dice, NOW};
use super::mutate::scratch;

pub(super) const OPS: &[Row] = &[("shape", 14_000, make, answer)];

type Tags = Vec<Vec<String>>;

fn row(cells: &[&str]) -> Vec<String> {
    cells.iter().map(|cell| (*cell).to_owned()).collect()
}

fn clinical(kind: u16, dice: &mut Dice) -> Tags {
    let family = dice.chance(30);
    let mut tags = vec![row(&["p", &dice.key()])];
    if !family || kind == kinds::VISIT {
        tags.push(row(&["p", &dice.key()]));
    }
    if !family {
        tags.push(row(&[dice.word(&["patient-content", "recipient-content"]), "AgAA"]));
    }
    tags.push(row(&["enc", if family { "nip44" } else { "nip44-dual" }]));
    tags.push(row(&["pc", &dice.digest()]));
    if dice.chance(30) {
        tags.push(row(&["act", "sign"]));
    }
    for _ in 0..dice.below(3) {
        let relay = dice.word(&["", "", "", "wss://relay.example"]);
        tags.push(row(&["e", &dice.digest(), relay, dice.word(&MARKERS)]));
    }
    if dice.chance(30) {
        tags.push(row(&["x", &dice.digest()]));
    }
    if kind == kinds::PATIENT {
        tags.push(row(&["pop", &dice.key(), &dice.digest().repeat(2)]));
        tags.push(row(&[dice.word(&["own", "rekey"]), &dice.key()]));
        tags.push(row(&["legacy"]));
    }
    if kind == kinds::VISIT {
        let at = if dice.chance(20) { dice.below(2) } else { tags.len() };
        tags.insert(at, row(&["p", &dice.key(), dice.word(&["provider", "guardian", "child"])]));
        tags.push(row(&["start", &(NOW + u64::from(dice.byte() % 4)).to_string()]));
        tags.push(row(&["end", &(NOW + 1 + u64::from(dice.byte() % 9)).to_string()]));
    }
    tags
}

fn epoch(dice: &mut Dice) -> Tags {
    let n = dice.below(4);
    let names: &[Compartment] = if n == 0 { &[Compartment::Chart] } else { &Compartment::ALL };
    let mut tags = vec![row(&["n", &n.to_string()])];
    tags.extend(names.iter().map(|name| row(&["p", &dice.key(), name.as_str()])));
    if n > 0 {
        tags.push(row(&["v", &dice.key()]));
        tags.push(row(&["box", &dice.key(), "receipts"]));
        tags.push(row(&["box", &dice.key(), "audit"]));
    } else {
        tags.push(row(&["signer", &dice.key()]));
    }
    tags.push(row(&["ek", &dice.key()]));
    tags.extend(names.iter().map(|name| row(&["sealed", name.as_str(), &dice.text(5)])));
    if n > 1 {
        tags.extend(names.iter().map(|name| row(&["keyring", name.as_str(), &dice.text(5)])));
    }
    if n > 0 {
        tags.push(row(&["grace", dice.word(&["0", "600"])]));
    }
    if (n == 1) != dice.chance(10) {
        tags.push(row(&["next", &dice.digest()]));
    }
    tags.push(row(&["seq", &dice.byte().to_string()]));
    tags.push(row(&["prev", &dice.digest()]));
    tags
}

fn of_kind(kind: u16, dice: &mut Dice) -> Tags {
    match kind {
        kinds::PRACTICE_EPOCH => epoch(dice),
        kinds::PATIENT_KEY_GRANT => {
            let mut tags = vec![row(&["p", &dice.key()]), row(&["authority", &dice.digest()])];
            tags.push(row(&["ek", &dice.key()]));
            tags.extend((0..=dice.below(3)).map(|_| row(&["row", &dice.key(), &dice.key()])));
            tags
        }
        kinds::DRAFT | kinds::SHARED_STATE => {
            let d = dice.digest();
            let d = if kind == kinds::DRAFT { &d[..32] } else { &d };
            vec![
                row(&["d", d]),
                row(&["p", &dice.key()]),
                row(&["enc", "nip44"]),
                row(&["expiration", &NOW.to_string()]),
            ]
        }
        kinds::SIGNALLING_FIRST..=kinds::SIGNALLING_LAST => {
            vec![row(&["p", &dice.key()]), row(&["expiration", &NOW.to_string()])]
        }
        _ => clinical(kind, dice),
    }
}

/// One change of a list of tags.
pub(super) fn change(tags: &mut Tags, dice: &mut Dice) {
    if tags.is_empty() {
        return;
    }
    let at = dice.below(tags.len());
    match dice.below(7) {
        0 => drop(tags.remove(at)),
        1 => tags.push(tags[at].clone()),
        2 => {
            let other = dice.below(tags.len());
            tags.swap(at, other);
        }
        3 => tags[at].push(dice.text(3)),
        4 => drop(tags[at].pop()),
        5 => tags.push(vec![dice.text(3), dice.key()]),
        _ => {
            let cell = dice.below(tags[at].len().max(1));
            if let Some(text) = tags[at].get_mut(cell) {
                *text = scratch(text, dice);
            }
        }
    }
}

fn make(dice: &mut Dice) -> Value {
    let kind = match dice.below(8) {
        0 => kinds::PRACTICE_EPOCH,
        1 => kinds::PATIENT_KEY_GRANT,
        2 => kinds::DRAFT,
        3 => kinds::SHARED_STATE,
        4 => 4_049 + u16::from(dice.byte() % 8),
        5 => kinds::VISIT,
        6 => kinds::PATIENT,
        _ => 2_109 + u16::from(dice.byte() % 19),
    };
    let mut tags = of_kind(kind, dice);
    let changes = if dice.chance(40) { 0 } else { 1 + dice.below(2) };
    for _ in 0..changes {
        change(&mut tags, dice);
    }
    let tags: Vec<Tag> = tags.into_iter().filter_map(|tag| Tag::parse(tag).ok()).collect();
    let content = if dice.chance(5) { "x" } else { "" };
    json!({"event": sign(&dice.person(), kind, tags, content, NOW)})
}

/// The event of an input, id and signature unchecked.
pub(super) fn event_of(input: &Value, name: &str) -> Option<Event> {
    parse_unverified(&input[name].to_string(), usize::MAX).ok()
}

fn answer(input: &Value) -> Value {
    let Some(event) = event_of(input, "event") else { return json!("refused") };
    json!({
        "envelope": envelope::parse(&event).map(envelope_json),
        "visit": visits::parse(&event).map(visit_json),
        "call": visits::parse_signalling(&event)
            .map(|(party, expiration)| json!({"party": party.to_hex(), "expiration": expiration})),
        "epoch": epochs::parse(&event).map(epoch_json),
        "draft": drafts::parse(&event).map(|shape| json!({
            "d": shape.d, "epochKey": shape.epoch_key.to_hex(), "expiration": shape.expiration,
        })),
        "grant": parse_patient_grant(&event).map(|shape| json!({
            "reader": shape.reader.to_hex(), "authority": shape.authority.to_hex(), "ek": shape.ek.to_hex(),
            "rows": shape.rows.iter().map(|(epoch_key, subject)| json!({
                "epochKey": epoch_key.to_hex(), "subject": subject.to_hex(),
            })).collect::<Vec<_>>(),
        })),
    })
}

fn keys_json(keys: &[PublicKey]) -> Value {
    keys.iter().map(PublicKey::to_hex).collect()
}

fn envelope_json(shape: envelope::Envelope) -> Value {
    let links: Vec<Value> =
        shape.links.iter().map(|link| json!({"id": link.id.to_hex(), "marker": link.marker})).collect();
    json!({
        "form": shape.form.as_str(), "epochKey": shape.epoch_key.to_hex(),
        "secondP": shape.second_p.map(|key| key.to_hex()), "commitment": shape.commitment,
        "sign": shape.sign, "links": links, "blobs": shape.blobs, "hasPatientCopy": shape.has_patient_copy,
    })
}

fn visit_json(parties: visits::Parties) -> Value {
    json!({
        "epochKey": parties.epoch_key.to_hex(), "subject": parties.subject.to_hex(),
        "providers": keys_json(&parties.providers), "guardians": keys_json(&parties.guardians),
        "start": parties.start, "end": parties.end,
    })
}

fn epoch_json(shape: epochs::EpochShape) -> Value {
    let rows = |rows: &[(Compartment, String)]| {
        let row =
            |(of, payload): &(Compartment, String)| json!({"compartment": of.as_str(), "payload": payload});
        rows.iter().map(row).collect::<Value>()
    };
    let key = |key: Option<PublicKey>| key.map(|key| key.to_hex());
    let keys: Vec<Value> =
        shape.keys.iter().map(|(of, key)| json!({"compartment": of.as_str(), "key": key.to_hex()})).collect();
    json!({
        "n": shape.n, "keys": keys, "escrow": key(shape.escrow), "receiptsBox": key(shape.receipts_box),
        "auditBox": key(shape.audit_box), "ek": shape.ek.to_hex(), "sealed": rows(&shape.sealed),
        "keyring": rows(&shape.keyring), "grace": shape.grace, "next": shape.next.map(|hash| hex::encode(&hash)),
        "signers": keys_json(&shape.signers),
        "sequence": {"seq": shape.sequence.seq, "prev": shape.sequence.prev.map(|id| id.to_hex())},
    })
}
