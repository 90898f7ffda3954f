//! Epochs 1 to 3, their keyrings and grants, and epoch 0 (PROTOCOL 2.3, 2.6, 2.7).

use relaybox_protocol::epochs::{
    EpochSecrets, Import, Keyring, NewEpoch, Sequence, build_epoch, build_grant, build_import,
    build_legacy_grant,
};
use relaybox_protocol::event::{self, tag};
use relaybox_protocol::grants::{GrantRow, build_patient_grant};
use relaybox_protocol::permissions::Compartment;
use relaybox_protocol::{Event, EventId, Tag, hex, kinds};
use serde_json::{Value, json};

use super::{NOW, key, key_hex, pair, public, random, secrets, to_json};

fn epoch(secrets: &EpochSecrets, previous: Option<&EpochSecrets>, before: Option<&Event>) -> Event {
    let (escrow, receipts) = (key("escrow").public_key(), key("box receipts").public_key());
    let audit = key("box audit").public_key();
    let next =
        hex::encode(&<sha2::Sha256 as sha2::Digest>::digest(key("next practice").public_key().as_bytes()));
    let new = NewEpoch {
        secrets,
        previous,
        escrow: &escrow,
        receipts_box: &receipts,
        audit_box: &audit,
        grace: if secrets.n == 3 { 0 } else { 600 },
        next: previous.is_none().then_some(next.as_str()),
        sequence: Sequence { seq: secrets.n, prev: before.map(|event| event.id) },
        created_at: NOW + secrets.n,
    };
    build_epoch(&key("practice"), &new, &mut random(&format!("epoch {}", secrets.n))).unwrap()
}

fn grant(secrets: &EpochSecrets, compartments: &[Compartment]) -> Event {
    let rows: Vec<_> = compartments.iter().map(|of| (*of, &secrets.of(*of).secret)).collect();
    let member = key("member").public_key();
    build_grant(&key("practice"), &member, secrets.n, &rows, NOW, &mut random("grant")).unwrap()
}

pub(crate) fn make() -> Value {
    let mut stream = random("epoch secrets");
    let all = [1, 2, 3].map(|n| EpochSecrets::generate(n, &mut stream));
    let first = epoch(&all[0], None, None);
    let second = epoch(&all[1], Some(&all[0]), Some(&first));
    let third = epoch(&all[2], Some(&all[1]), Some(&second));
    let events = [first, second, third];
    let held = |name: &str, grants: &[Event]| {
        let keyring = Keyring::collect(key("member").secret_key(), &events, grants);
        let rows: Vec<Value> = keyring
            .pairs()
            .map(|(n, compartment, pair)| json!([n, compartment.as_str(), pair.secret.to_secret_hex()]))
            .collect();
        json!({"name": name, "grants": grants.iter().map(to_json).collect::<Vec<_>>(), "held": rows})
    };
    let crossed = {
        let rows = [(Compartment::Desk, &all[1].desk.secret), (Compartment::Chart, &all[2].chart.secret)];
        let member = key("member").public_key();
        build_grant(&key("practice"), &member, 3, &rows, NOW, &mut random("crossed")).unwrap()
    };
    json!({
        "about": "Three 2105s, what a member holds by grants and the walk back (epoch, compartment, secret), \
                  what the escrow key opens, and epoch 0 of a former practice.",
        "practice": public("practice"),
        "secrets": secrets(&["member", "escrow"]),
        "epochs": all.iter().zip(&events).map(|(secrets, event)| described(secrets, event)).collect::<Vec<_>>(),
        "keyrings": [
            held("newest desk and chart walk back to the first", &[grant(&all[2], &[Compartment::Desk, Compartment::Chart])]),
            held("a leaver of epoch 2 does not walk forward", &[grant(&all[1], &Compartment::ALL)]),
            held("two grants join", &[grant(&all[2], &[Compartment::Desk]), grant(&all[0], &[Compartment::Chart])]),
            held("a secret that is not that of its E is left out", &[crossed]),
        ],
        "refused": refused(&events[1]),
        "import": import(),
    })
}

fn described(secrets: &EpochSecrets, event: &Event) -> Value {
    let rows: serde_json::Map<String, Value> = Compartment::ALL
        .into_iter()
        .map(|of| (of.as_str().to_owned(), json!(secrets.of(of).secret.to_secret_hex())))
        .collect();
    json!({"n": secrets.n, "event": to_json(event), "secrets": rows})
}

fn refused(event: &Event) -> Vec<Value> {
    let hash = "ab".repeat(32);
    let added = |row: Tag| {
        let mut tags = event.tags.clone().to_vec();
        tags.push(row);
        tags
    };
    let without = |name: &str| event.tags.iter().filter(|tag| tag.kind() != name).cloned().collect();
    let rows: Vec<(&str, Vec<Tag>)> = vec![
        ("second n", added(tag("n", ["2"]))),
        ("fourth E", added(tag("p", [&hash, "desk"]))),
        ("next after the first", added(tag("next", [&hash]))),
        ("signer outside epoch 0", added(tag("signer", [&hash]))),
        ("unknown box", added(tag("box", [&hash, "other"]))),
        ("no keyring", without("keyring")),
        ("no grace", without("grace")),
        ("no escrow", without("v")),
        ("no seq", without("seq")),
    ];
    rows.into_iter()
        .map(|(name, tags)| {
            let event = event::sign(&key("practice"), kinds::PRACTICE_EPOCH, tags, "", NOW);
            json!({"name": name, "event": to_json(&event)})
        })
        .collect()
}

fn import() -> Value {
    let former = pair("former practice");
    let (x1, escrow) = (former.practice_key().unwrap(), key("escrow").public_key());
    let signers = [former.public, key("former nurse").public_key()];
    let import = Import {
        former: &former.public,
        signers: &signers,
        escrow: &escrow,
        practice_key: &x1,
        sequence: Sequence { seq: 4, prev: event::id_from_hex(&"ab".repeat(32)) },
        created_at: NOW,
    };
    let event = build_import(&key("practice"), &import, &mut random("import")).unwrap();
    let member = key("member").public_key();
    let grant = build_legacy_grant(&key("practice"), &member, &x1, NOW, &mut random("legacy grant")).unwrap();
    let rows = ["patient", "guardian"].map(|name| {
        let subject = key(name).public_key();
        GrantRow { epoch_key: former.public, subject, key: former.reader_key(&subject).unwrap() }
    });
    let authority = EventId::from_byte_array([0xcd; 32]);
    let random = &mut random("legacy rows");
    let given = build_patient_grant(&key("practice"), &member, &authority, &rows, NOW, random).unwrap();
    json!({
        "event": to_json(&event),
        "grant": to_json(&grant),
        "given": to_json(&given),
        "rows": rows.each_ref().map(|row| json!([row.epoch_key.to_hex(), row.subject.to_hex(), key_hex(&row.key)])),
        "former": former.public.to_hex(),
        "signers": signers.map(|key| key.to_hex()),
        "x1": key_hex(&x1),
    })
}
