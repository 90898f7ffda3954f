//! Events and bodies as bytes, spellings, words: nothing is encrypted here.

use relaybox_protocol::body::{self, Binding, BodyError};
use relaybox_protocol::event::{EVENT_BYTES_MAX, Verified, expiration, index_keys, links, p_tag, sign};
use relaybox_protocol::keys::{KeyRole, four_words, parse_public, parse_secret, proof_holds, prove};
use relaybox_protocol::random::Random;
use relaybox_protocol::scope::IndexKey;
use relaybox_protocol::{Event, PublicKey, Tag, hex};
use serde_json::{Map, Value, json};

use super::Row;
use super::dice::{Dice, NOW};
use super::mutate::{harm, respell, scratch};

pub(super) const OPS: &[Row] = &[
    ("event", 24_000, make_event, answer_event),
    ("body", 22_000, make_body, answer_body),
    ("binding", 3_000, make_binding, answer_binding),
    ("spelling", 4_000, make_spelling, answer_spelling),
    ("words", 3_000, make_words, answer_words),
    ("pop", 2_000, make_pop, answer_pop),
    ("prove", 500, make_prove, answer_prove),
];

pub(super) fn string<'a>(input: &'a Value, name: &str) -> &'a str {
    input[name].as_str().unwrap()
}

pub(super) fn bytes_of(text: &str) -> Vec<u8> {
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
}

pub(super) fn public(text: &str) -> PublicKey {
    relaybox_protocol::event::key_from_hex(text).unwrap()
}

/// A signed event of any kind, with tags of all sorts.
fn any_event(dice: &mut Dice) -> Event {
    let tags: Vec<Tag> = (0..dice.below(6)).map(|_| any_tag(dice)).collect();
    let kind = *dice.pick(&[0, 1, 13, 1059, 2100, 2105, 2111, 2117, 2122, 2126, 4050, 32110, 65_535]);
    let content = dice.text(40);
    sign(&dice.person(), kind, tags, content, NOW + u64::from(dice.byte()))
}

fn any_tag(dice: &mut Dice) -> Tag {
    let name = dice.word(&["p", "e", "t", "d", "x", "E", "pc", "expiration", "c", "", "ü"]);
    let cells = 1 + dice.below(4);
    let mut tag = vec![name.to_owned()];
    for _ in 1..cells {
        tag.push(match dice.below(5) {
            0 => dice.key(),
            1 => NOW.to_string(),
            2 => "reply".to_owned(),
            3 => dice.digest().to_uppercase(),
            _ => dice.text(8),
        });
    }
    if dice.chance(1) {
        tag.push("v".repeat(1_020 + dice.below(8)));
    }
    Tag::parse(tag).unwrap()
}

fn make_event(dice: &mut Dice) -> Value {
    let event = any_event(dice);
    let mut text = respell(&serde_json::to_string(&event).unwrap(), dice);
    match dice.below(20) {
        0..4 => text = another_member(&event, dice),
        4 => text.insert(0, '\u{feff}'),
        _ => {}
    }
    let bytes = if dice.chance(35) { text.into_bytes() } else { harm(text.as_bytes(), dice) };
    let most = if dice.chance(5) { bytes.len() - dice.below(2).min(bytes.len()) } else { EVENT_BYTES_MAX };
    json!({"bytes": hex::encode(&bytes), "bytes_max": most})
}

/// The event with another text in the place of one member, whose kind fits or not.
fn another_member(event: &Event, dice: &mut Dice) -> String {
    let members = serde_json::to_value(event).unwrap();
    let spoilt = dice.word(&["id", "pubkey", "created_at", "kind", "tags", "content", "sig"]);
    let other = dice.word(&[
        "0",
        "-0",
        "-1",
        "00",
        "1.0",
        "1e3",
        "65535",
        "65536",
        "9007199254740991",
        "9007199254740992",
        "\"\"",
        "null",
        "[]",
        "[[]]",
        "[[\"t\"],[]]",
        "[[\"t\",\"\\u0000\"]]",
        "[[\"\\u000b\"]]",
        "\"\\u001f\"",
        "\"\\u0008\\f\"",
        "[[\"p\"]]",
        "{}",
        "[\"t\"]",
        "[[\"t\",1]]",
    ]);
    let text = |(name, value): (&String, &Value)| {
        if name == spoilt { format!("\"{name}\":{other}") } else { format!("\"{name}\":{value}") }
    };
    let texts: Vec<String> = members.as_object().unwrap().iter().map(text).collect();
    format!("{{{}}}", texts.join(","))
}

fn answer_event(input: &Value) -> Value {
    let bytes = bytes_of(string(input, "bytes"));
    let most = usize::try_from(input["bytes_max"].as_u64().unwrap()).unwrap();
    if bytes.len() > most {
        return json!("too-large");
    }
    let Ok(text) = std::str::from_utf8(&bytes) else { return json!("malformed") };
    match Verified::parse(text, most) {
        Err(refusal) => json!(refusal.code()),
        Ok(verified) => {
            let event = verified.event();
            let index: Vec<String> = index_keys(event).iter().map(index_text).collect();
            let linked: Vec<Value> =
                links(event).iter().map(|link| json!([link.id.to_hex(), link.marker])).collect();
            let p: Vec<Option<String>> = (0..3).map(|n| p_tag(event, n).map(|key| key.to_hex())).collect();
            json!({"event": event, "index": index, "links": linked, "p": p, "expiration": expiration(event)})
        }
    }
}

fn index_text(key: &IndexKey) -> String {
    match key {
        IndexKey::Author(author) => format!(":{}", author.to_hex()),
        IndexKey::Tag(letter, value) => format!("{}{value}", char::from(*letter)),
    }
}

/// A FHIR-like resource: names, texts, numbers and nesting of all sorts.
pub(super) fn any_json(dice: &mut Dice, depth: usize) -> Value {
    match dice.below(if depth == 0 { 5 } else { 8 }) {
        0 => Value::Null,
        1 => json!(dice.chance(50)),
        2 => json!(dice.number() >> dice.below(60) >> 11),
        3 => json!(i64::from(dice.byte()) - 128),
        4 => json!(dice.text(12)),
        5 => (0..dice.below(4)).map(|_| any_json(dice, depth - 1)).collect(),
        _ => Value::Object(any_object(dice, depth - 1)),
    }
}

pub(super) fn any_object(dice: &mut Dice, depth: usize) -> Map<String, Value> {
    (0..dice.below(5))
        .map(|_| {
            let known = dice.word(&[
                "status",
                "code",
                "value",
                "id",
                "__proto__",
                "constructor",
                "url",
                "\u{ffff}",
                "👶",
            ]);
            let name = if dice.chance(70) { known.to_owned() } else { dice.text(6) };
            (name, any_json(dice, depth))
        })
        .collect()
}

pub(super) fn any_binding(dice: &mut Dice) -> Binding {
    Binding {
        signer: public(&dice.key()),
        subject: public(&dice.key()),
        kind: 2110 + u16::from(dice.byte() % 20),
        epoch_key: public(&dice.key()),
        practice: public(&dice.key()),
        r: dice.bytes(32).try_into().unwrap(),
    }
}

fn make_body(dice: &mut Dice) -> Value {
    let confidential = dice.chance(20);
    let mut resource = any_object(dice, 4);
    resource.insert("resourceType".to_owned(), json!(dice.word(&["Observation", "Patient", "Flag"])));
    let mut bound = any_binding(dice).to_text();
    if dice.chance(10) {
        bound = scratch(&bound, dice);
    }
    let mut extensions = vec![json!({"url": body::BINDING_URL, "valueString": bound})];
    if dice.chance(5) {
        extensions.push(extensions[0].clone());
    }
    if dice.chance(10) {
        extensions.push(any_json(dice, 2));
    }
    resource.insert("meta".to_owned(), json!({"extension": extensions}));
    if dice.chance(10) {
        let depth = 55 + dice.below(12);
        let deep = (0..depth).fold(json!(1), |inner, _| json!([inner]));
        resource.insert("deep".to_owned(), deep);
    }
    let mut text = respell(&Value::Object(resource).to_string(), dice);
    if dice.chance(3) {
        text.insert(0, '\u{feff}');
    }
    let mut bytes = if dice.chance(30) { text.into_bytes() } else { harm(text.as_bytes(), dice) };
    if confidential && dice.chance(90) {
        bytes.resize(bytes.len().next_multiple_of(body::PADDING_BYTES), b' ');
    }
    json!({"bytes": hex::encode(&bytes), "confidential": confidential})
}

pub(super) const fn body_code(error: BodyError) -> &'static str {
    match error {
        BodyError::Utf8 => "utf8",
        BodyError::Json => "json",
        BodyError::ResourceType => "resource-type",
        BodyError::Binding => "binding",
        BodyError::Size => "size",
        BodyError::Padding => "padding",
    }
}

fn answer_body(input: &Value) -> Value {
    let bytes = bytes_of(string(input, "bytes"));
    let confidential = input["confidential"].as_bool().unwrap();
    let read = if confidential { body::parse_confidential(&bytes) } else { body::parse(&bytes) };
    match read {
        Err(error) => json!(body_code(error)),
        Ok(found) => json!({
            "resource": found.resource,
            "binding": found.binding.to_text(),
            "pc": body::commitment(&bytes),
        }),
    }
}

fn make_binding(dice: &mut Dice) -> Value {
    let text = any_binding(dice).to_text();
    json!({"text": if dice.chance(20) { text } else { scratch(&text, dice) }})
}

fn answer_binding(input: &Value) -> Value {
    Binding::parse(string(input, "text")).map_or(Value::Null, |binding| {
        json!({
            "signer": binding.signer.to_hex(), "subject": binding.subject.to_hex(), "kind": binding.kind,
            "epochKey": binding.epoch_key.to_hex(), "practice": binding.practice.to_hex(),
            "r": hex::encode(&binding.r),
        })
    })
}

fn make_spelling(dice: &mut Dice) -> Value {
    use nostr::nips::nip19::ToBech32;
    let person = dice.person();
    let text = match dice.below(5) {
        0 => person.public_key().to_hex(),
        1 => person.public_key().to_bech32().unwrap(),
        2 => person.secret_key().to_bech32().unwrap(),
        3 => dice.digest(),
        _ => "ff".repeat(32),
    };
    json!({"text": if dice.chance(30) { text } else { scratch(&text, dice) }})
}

fn answer_spelling(input: &Value) -> Value {
    let text = string(input, "text");
    json!({
        "public": parse_public(text).map(|key| key.to_hex()),
        "secret": parse_secret(text).map(|key| key.to_secret_hex()),
    })
}

fn make_words(dice: &mut Dice) -> Value {
    let length = dice.below(100);
    json!({"key": hex::encode(&dice.bytes(length))})
}

fn answer_words(input: &Value) -> Value {
    json!(four_words(&bytes_of(string(input, "key"))))
}

fn make_pop(dice: &mut Dice) -> Value {
    let (holder, practice) = (dice.person(), dice.person().public_key());
    let role = *dice.pick(&KeyRole::ALL);
    let mut random = Random::seeded(dice.bytes(32).try_into().unwrap());
    let mut sig = prove(&holder, &practice, role, &mut random);
    let mut shown = (holder.public_key().to_hex(), practice.to_hex(), role);
    match dice.below(6) {
        0 => sig = scratch(&sig, dice),
        1 => shown.0 = dice.key(),
        2 => shown.1 = dice.key(),
        3 => shown.2 = *dice.pick(&KeyRole::ALL),
        4 => shown.0 = dice.digest(),
        _ => {}
    }
    json!({"key": shown.0, "practice": shown.1, "role": shown.2.as_str(), "sig": sig})
}

fn answer_pop(input: &Value) -> Value {
    let role = KeyRole::parse(string(input, "role")).unwrap();
    json!(proof_holds(
        &public(string(input, "key")),
        &public(string(input, "practice")),
        role,
        string(input, "sig")
    ))
}

fn make_prove(dice: &mut Dice) -> Value {
    let role = dice.pick(&KeyRole::ALL).as_str();
    json!({"secret": dice.secret(), "practice": dice.key(), "role": role, "seed": dice.digest()})
}

fn answer_prove(input: &Value) -> Value {
    let role = KeyRole::parse(string(input, "role")).unwrap();
    let holder = super::sealed::keys_of(string(input, "secret"));
    let mut random = super::sealed::stream(input);
    json!(prove(&holder, &public(string(input, "practice")), role, &mut random))
}
