//! What members and readers hold: 2101 grants with their keyrings, 2100 grants, the text of shares.

use relaybox_protocol::envelope::EpochSecret;
use relaybox_protocol::epochs::{EpochSecrets, Keyring, NewEpoch, Sequence, build_epoch, build_grant};
use relaybox_protocol::event::{key_tag, number_tag, sign, tag};
use relaybox_protocol::grants::{GrantRow, build_patient_grant, open_patient_grant, open_share};
use relaybox_protocol::keys::Sealer;
use relaybox_protocol::nip44::ConversationKey;
use relaybox_protocol::permissions::Compartment;
use relaybox_protocol::random::Random;
use relaybox_protocol::{Event, Tag, hex, kinds};
use serde_json::{Value, json};

use super::Row;
use super::dice::{Dice, NOW};
use super::mutate::{harm, respell, scratch};
use super::plain::{public, string};
use super::sealed::keys_of;
use super::shapes::event_of;

pub(super) const OPS: &[Row] = &[
    ("keyring", 700, make_keyring, answer_keyring),
    ("grant", 1_500, make_grant, answer_grant),
    ("share", 1_300, make_share, answer_share),
    ("build-grant", 300, make_build_grant, answer_build_grant),
];

fn random_of(dice: &mut Dice) -> Random {
    Random::seeded(dice.bytes(32).try_into().unwrap())
}

fn epoch(
    secrets: &EpochSecrets,
    previous: Option<&EpochSecrets>,
    random: &mut Random,
    dice: &mut Dice,
) -> Event {
    let key = dice.person().public_key();
    let next = dice.digest();
    let new = NewEpoch {
        secrets,
        previous,
        escrow: &key,
        receipts_box: &key,
        audit_box: &key,
        grace: 600,
        next: previous.is_none().then_some(next.as_str()),
        sequence: Sequence { seq: secrets.n, prev: None },
        created_at: NOW,
    };
    build_epoch(&dice.person(), &new, random).unwrap()
}

/// A grant whose text is written by hand, so that it may be anything.
fn grant_by_hand(to: &str, n: u64, text: &[u8], dice: &mut Dice) -> Event {
    let mut random = random_of(dice);
    let sealer = Sealer::new(&mut random);
    let text = if text.is_empty() { b" " } else { text };
    let content = sealer.seal(&public(to), text, &mut random).unwrap();
    let mut tags = vec![tag("p", [to]), number_tag("n", n), key_tag("ek", &sealer.ek())];
    if dice.chance(10) {
        let at = dice.below(3);
        tags.remove(at);
    }
    sign(&dice.person(), kinds::PRACTICE_KEY_GRANT, tags, content, NOW)
}

fn make_keyring(dice: &mut Dice) -> Value {
    let mut random = random_of(dice);
    let member = dice.person();
    let all = [1, 2].map(|n| EpochSecrets::generate(n, &mut random));
    let mut events =
        vec![epoch(&all[0], None, &mut random, dice), epoch(&all[1], Some(&all[0]), &mut random, dice)];
    if dice.chance(20) {
        let at = dice.below(2);
        events.remove(at);
    }
    let mut grants = Vec::new();
    for _ in 0..=dice.below(2) {
        let n = dice.below(2);
        let mut rows = serde_json::Map::new();
        for of in Compartment::ALL {
            if dice.chance(60) {
                let from = if dice.chance(90) { n } else { 1 - n };
                rows.insert(of.as_str().to_owned(), json!(all[from].of(of).secret.to_secret_hex()));
            }
        }
        if dice.chance(20) {
            rows.insert("legacy".to_owned(), json!(dice.digest()));
        }
        if dice.chance(10) {
            rows.insert(dice.text(4), json!(dice.chance(50)));
        }
        let text = respell(&Value::Object(rows).to_string(), dice);
        let text = if dice.chance(80) { text.into_bytes() } else { harm(text.as_bytes(), dice) };
        let named = if dice.chance(80) { u64::try_from(n).unwrap() + 1 } else { 0 };
        grants.push(grant_by_hand(&member.public_key().to_hex(), named, &text, dice));
    }
    let reader = if dice.chance(95) { member } else { dice.person() };
    json!({"member": reader.secret_key().to_secret_hex(), "epochs": events, "grants": grants})
}

fn answer_keyring(input: &Value) -> Value {
    let events = |name: &str| -> Vec<Event> {
        let list = input[name].as_array().unwrap();
        list.iter().filter_map(|event| event_of(&json!({"event": event}), "event")).collect()
    };
    let member = keys_of(string(input, "member"));
    let keyring = Keyring::collect(member.secret_key(), &events("epochs"), &events("grants"));
    let held: Vec<Value> =
        keyring.pairs().map(|(n, of, pair)| json!([n, of.as_str(), pair.secret.to_secret_hex()])).collect();
    json!({"held": held, "legacy": keyring.legacy().map(|key| hex::encode(key.as_bytes()))})
}

/// A 2100 whose text is written by hand.
fn make_grant(dice: &mut Dice) -> Value {
    let mut random = random_of(dice);
    let reader = dice.person();
    let sealer = Sealer::new(&mut random);
    let count = 1 + dice.below(3);
    let mut keys: Vec<Value> = (0..count).map(|_| json!(dice.digest())).collect();
    match dice.below(10) {
        0 => drop(keys.pop()),
        1 => keys.push(Value::Null),
        2 => keys[0] = json!(scratch(keys[0].as_str().unwrap(), dice)),
        _ => {}
    }
    let text = json!(keys).to_string();
    let text = if dice.chance(20) { respell(&text, dice) } else { text };
    let text = if dice.chance(80) { text.into_bytes() } else { harm(text.as_bytes(), dice) };
    let text = if text.is_empty() { b" ".to_vec() } else { text };
    let content = sealer.seal(&reader.public_key(), &text, &mut random).unwrap();
    let mut tags: Vec<Tag> = vec![
        key_tag("p", &reader.public_key()),
        tag("authority", [&dice.digest()]),
        key_tag("ek", &sealer.ek()),
    ];
    tags.extend((0..count).map(|_| tag("row", [&dice.key(), &dice.key()])));
    let event = sign(&dice.person(), kinds::PATIENT_KEY_GRANT, tags, content, NOW);
    let holder = if dice.chance(95) { reader } else { dice.person() };
    json!({"secret": holder.secret_key().to_secret_hex(), "event": event})
}

fn answer_grant(input: &Value) -> Value {
    let event = event_of(input, "event").unwrap();
    let rows = open_patient_grant(keys_of(string(input, "secret")).secret_key(), &event);
    rows.map_or(Value::Null, |rows| rows.iter().map(row_json).collect())
}

fn row_json(row: &GrantRow) -> Value {
    json!([row.epoch_key.to_hex(), row.subject.to_hex(), hex::encode(row.key.as_bytes())])
}

fn make_share(dice: &mut Dice) -> Value {
    let (author, recipient) = (dice.person(), dice.person());
    let mut members = json!({"purpose": dice.text(10)});
    match dice.below(8) {
        0 => members["said"] = Value::Null,
        1 => members["said"] = json!({"complete": null}),
        2 => members["more"] = json!(1),
        3 => members["purpose"] = json!(1),
        _ => members["said"] = json!(dice.word(&["complete", "selection", "selection", "Complete"])),
    }
    let text = respell(&members.to_string(), dice);
    let text = if dice.chance(70) { text.into_bytes() } else { harm(text.as_bytes(), dice) };
    let text = if text.is_empty() { b" ".to_vec() } else { text };
    let key = ConversationKey::derive(author.secret_key(), &recipient.public_key()).unwrap();
    let content = key.encrypt(&text, &mut random_of(dice)).unwrap();
    let event = sign(&author, kinds::DISCLOSURE, vec![key_tag("p", &recipient.public_key())], content, NOW);
    let (secret, other) =
        if dice.chance(50) { (recipient, author.public_key()) } else { (author, recipient.public_key()) };
    let other = if dice.chance(95) { other.to_hex() } else { dice.digest() };
    json!({"secret": secret.secret_key().to_secret_hex(), "other": other, "event": event})
}

fn answer_share(input: &Value) -> Value {
    let event = event_of(input, "event").unwrap();
    let secret = keys_of(string(input, "secret"));
    json!(open_share(secret.secret_key(), &public(string(input, "other")), &event))
}

fn make_build_grant(dice: &mut Dice) -> Value {
    json!({
        "signer": dice.secret(), "to": if dice.chance(95) { dice.key() } else { "ff".repeat(32) },
        "authority": dice.digest(), "epoch": dice.secret(), "subject": dice.key(), "n": dice.below(9),
        "createdAt": NOW, "seed": dice.digest(),
    })
}

/// A 2101 with one secret and a 2100 with one row, by the same signer to the same person.
fn answer_build_grant(input: &Value) -> Value {
    let (signer, to) = (keys_of(string(input, "signer")), public(string(input, "to")));
    let epoch = EpochSecret::new(keys_of(string(input, "epoch")).secret_key().clone());
    let subject = public(string(input, "subject"));
    let row = GrantRow { epoch_key: epoch.public, subject, key: epoch.reader_key(&subject).unwrap() };
    let authority = relaybox_protocol::event::id_from_hex(string(input, "authority")).unwrap();
    let (n, at) = (input["n"].as_u64().unwrap(), input["createdAt"].as_u64().unwrap());
    let mut random = super::sealed::stream(input);
    let secrets = [(Compartment::Chart, &epoch.secret), (Compartment::Desk, &epoch.secret)];
    let member = build_grant(&signer, &to, n, &secrets, at, &mut random);
    let reader = build_patient_grant(&signer, &to, &authority, &[row], at, &mut random);
    match (member, reader) {
        (Ok(member), Ok(reader)) => json!([member, reader]),
        (Err(error), _) | (_, Err(error)) => json!(super::sealed::crypto_code(error)),
    }
}
