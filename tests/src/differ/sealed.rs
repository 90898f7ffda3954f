//! NIP-44 of all lengths, authentic payloads with false padding, wraps, and the former cipher.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chacha20::ChaCha20;
use chacha20::cipher::{KeyIvInit, StreamCipher};
use hkdf::Hkdf;
use relaybox_protocol::event::{self, key_tag};
use relaybox_protocol::legacy::{self, Opened};
use relaybox_protocol::nip44::{ConversationKey, CryptoError, PLAINTEXT_BYTES_MAX};
use relaybox_protocol::random::Random;
use relaybox_protocol::wrap::{Rumor, UnwrapError, unwrap, wrap};
use relaybox_protocol::{Keys, SecretKey, Tag, hex, kinds};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::Row;
use super::dice::{Dice, NOW};
use super::mutate::{harm, respell, scratch};
use super::plain::{bytes_of, public, string};
use super::shapes::event_of;

pub(super) const OPS: &[Row] = &[
    ("encrypt", 5_000, make_encrypt, answer_encrypt),
    ("decrypt", 5_000, make_decrypt, answer_decrypt),
    ("legacy", 3_000, make_legacy, answer_legacy),
    ("wrap", 500, make_wrap, answer_wrap),
    ("unwrap", 1_500, make_unwrap, answer_unwrap),
];

pub(super) fn keys_of(secret: &str) -> Keys {
    Keys::new(SecretKey::from_slice(&bytes_of(secret)).unwrap())
}

/// The stream of an input's `seed`.
pub(super) fn stream(input: &Value) -> Random {
    Random::seeded(bytes_of(string(input, "seed")).try_into().unwrap())
}

pub(super) fn conversation_of(input: &Value, name: &str) -> ConversationKey {
    ConversationKey::from_bytes(bytes_of(string(input, name)).try_into().unwrap())
}

pub(super) const fn crypto_code(error: CryptoError) -> &'static str {
    match error {
        CryptoError::Key => "key",
        CryptoError::Size => "size",
        CryptoError::Encoding => "encoding",
        CryptoError::Version => "version",
        CryptoError::Mac => "mac",
        CryptoError::Padding => "padding",
    }
}

/// SHA-256 of what opened, or why it did not.
pub(super) fn opened(result: Result<Vec<u8>, CryptoError>) -> Value {
    match result {
        Ok(bytes) => json!(hex::encode(&Sha256::digest(bytes))),
        Err(error) => json!(crypto_code(error)),
    }
}

/// A length: most are short, some stand at the borders of padding, prefix and limit.
fn length(dice: &mut Dice) -> usize {
    match dice.below(100) {
        0..70 => dice.below(600),
        70..85 => dice.below(5_000),
        85..95 => (1 << (5 + dice.below(11))) + dice.below(5) - 2,
        95..97 => 65_534 + dice.below(5),
        97..99 => PLAINTEXT_BYTES_MAX - 1 + dice.below(4),
        _ => dice.below(140_000),
    }
}

fn make_encrypt(dice: &mut Dice) -> Value {
    json!({"key": dice.digest(), "seed": dice.digest(), "length": length(dice), "byte": dice.byte()})
}

fn answer_encrypt(input: &Value) -> Value {
    let length = usize::try_from(input["length"].as_u64().unwrap()).unwrap();
    let text = vec![u8::try_from(input["byte"].as_u64().unwrap()).unwrap(); length];
    let key = conversation_of(input, "key");
    let payload = key.encrypt(&text, &mut stream(input));
    let back = payload.as_ref().map(|payload| opened(key.decrypt(payload))).ok();
    json!({"payload": opened(payload.map(String::into_bytes)), "back": back})
}

/// An authentic payload around any padded text, right or wrong.
fn seal_padded(key: &[u8], nonce: &[u8], padded: &[u8]) -> Vec<u8> {
    let mut keys = [0; 76];
    Hkdf::<Sha256>::from_prk(key).unwrap().expand(nonce, &mut keys).unwrap();
    let mut sealed = padded.to_vec();
    ChaCha20::new_from_slices(&keys[..32], &keys[32..44]).unwrap().apply_keystream(&mut sealed);
    // HKDF-extract is HMAC with the salt as key (RFC 5869, 2.2).
    let authentic = [nonce, &sealed].concat();
    let mac = Hkdf::<Sha256>::extract(Some(&keys[44..]), &authentic).0;
    [&[2], authentic.as_slice(), &mac].concat()
}

/// NIP-44's length of a padded text, written again.
fn padded_length(length: usize) -> usize {
    if length <= 32 {
        return 32;
    }
    let chunk = (length.next_power_of_two() / 8).max(32);
    length.next_multiple_of(chunk)
}

/// A text in the long form, which is taken from 65,536 bytes on and up to the limit.
fn long_form(dice: &mut Dice) -> Vec<u8> {
    let length = match dice.below(20) {
        0 => 65_534 + dice.below(5),
        1 => PLAINTEXT_BYTES_MAX - 2 + dice.below(5),
        _ => 1 + dice.below(300),
    };
    let mut padded = vec![0, 0];
    padded.extend(u32::try_from(length).unwrap().to_be_bytes());
    padded.resize(6 + padded_length(length), b'x');
    padded
}

fn any_padded(dice: &mut Dice) -> Vec<u8> {
    if dice.chance(15) {
        return long_form(dice);
    }
    let size = *dice.pick(&[32, 33, 34, 38, 64, 66, 70, 96, 98, 102, 256, 258, 320, 322, 384, 386]);
    let mut padded = dice.bytes(size);
    let length =
        u16::try_from(if dice.chance(60) { size - 2 - dice.below(size.min(30)) } else { dice.below(400) });
    padded[..2].copy_from_slice(&length.unwrap().to_be_bytes());
    if dice.chance(15) {
        padded[..2].copy_from_slice(&[0, 0]);
        padded[2..6].copy_from_slice(&u32::try_from(dice.below(70_000)).unwrap().to_be_bytes());
    }
    padded
}

/// The same bytes in base64, with bits left over before the padding: no decoder of ours takes them.
fn left_over_bits(payload: &str) -> String {
    let digits = payload.trim_end_matches('=');
    match digits.as_bytes().last() {
        Some(last) if digits.len() < payload.len() => {
            let next = char::from(last + 1);
            format!("{}{next}{}", &digits[..digits.len() - 1], &payload[digits.len()..])
        }
        _ => payload.to_owned(),
    }
}

/// A payload and harm to it; the key is drawn before.
fn any_payload(key: &[u8], dice: &mut Dice) -> String {
    let nonce = dice.bytes(32);
    let payload = if dice.chance(40) {
        let padded = any_padded(dice);
        STANDARD.encode(seal_padded(key, &nonce, &padded))
    } else {
        let count = 1 + dice.below(200);
        let text = dice.bytes(count);
        let key = ConversationKey::from_bytes(key.try_into().unwrap());
        key.encrypt(&text, &mut Random::seeded(nonce.try_into().unwrap())).unwrap()
    };
    match dice.below(6) {
        5 => left_over_bits(&payload),
        0 => scratch(&payload, dice),
        1 => STANDARD.encode(harm(&STANDARD.decode(&payload).unwrap(), dice)),
        _ => payload,
    }
}

fn make_decrypt(dice: &mut Dice) -> Value {
    let key = dice.bytes(32);
    json!({"key": hex::encode(&key), "payload": any_payload(&key, dice)})
}

fn answer_decrypt(input: &Value) -> Value {
    opened(conversation_of(input, "key").decrypt(string(input, "payload")))
}

const LEGACY: &str = include_str!("../../vectors/legacy.json");

/// Payloads that the former suite wrote, harmed, and those of today.
fn make_legacy(dice: &mut Dice) -> Value {
    let file: Value = serde_json::from_str(LEGACY).unwrap();
    let key = bytes_of(string(&file, "conversation_key"));
    if dice.chance(20) {
        return json!({"key": hex::encode(&key), "payload": any_payload(&key, dice)});
    }
    let short: Vec<&str> = file["cases"]
        .as_array()
        .unwrap()
        .iter()
        .map(|case| string(case, "payload"))
        .filter(|payload| payload.len() < 2_000)
        .collect();
    let payload = *dice.pick(&short);
    let payload = match dice.below(4) {
        0 => payload.to_owned(),
        1 => scratch(payload, dice),
        _ => STANDARD.encode(harm(&STANDARD.decode(payload).unwrap_or_default(), dice)),
    };
    let key = if dice.chance(90) { hex::encode(&key) } else { dice.digest() };
    json!({"key": key, "payload": payload})
}

fn answer_legacy(input: &Value) -> Value {
    let digest = |is: &str, text: Vec<u8>| json!({"is": is, "text": hex::encode(&Sha256::digest(text))});
    match legacy::open(&conversation_of(input, "key"), string(input, "payload")) {
        Ok(Opened::V2(text)) => digest("v2", text),
        Ok(Opened::Legacy(text)) => digest("legacy", text),
        Ok(Opened::Damaged) => json!({"is": "damaged"}),
        Err(error) => json!(crypto_code(error)),
    }
}

fn any_rumor(dice: &mut Dice) -> Value {
    let tags: Vec<Value> = (0..dice.below(3)).map(|_| json!(["p", dice.key(), dice.text(3)])).collect();
    json!({
        "kind": dice.pick(&[14, 15, 82, 2125]), "tags": tags, "content": dice.text(30),
        "createdAt": NOW + u64::from(dice.byte()),
    })
}

fn rumor_of(input: &Value) -> Rumor {
    let rumor = &input["rumor"];
    let tags: Vec<Vec<String>> = serde_json::from_value(rumor["tags"].clone()).unwrap();
    Rumor {
        kind: u16::try_from(rumor["kind"].as_u64().unwrap()).unwrap(),
        tags: tags.into_iter().map(|tag| Tag::parse(tag).unwrap()).collect(),
        content: string(rumor, "content").to_owned(),
        created_at: rumor["createdAt"].as_u64().unwrap(),
    }
}

fn make_wrap(dice: &mut Dice) -> Value {
    let receiver = if dice.chance(95) { dice.key() } else { "ff".repeat(32) };
    json!({
        "sender": dice.secret(), "receiver": receiver, "rumor": any_rumor(dice),
        "ephemeral": dice.chance(30), "sealAt": NOW - 9, "wrapAt": NOW - 99, "seed": dice.digest(),
    })
}

fn answer_wrap(input: &Value) -> Value {
    let wrapped = wrap(
        &keys_of(string(input, "sender")),
        &public(string(input, "receiver")),
        &rumor_of(input),
        input["ephemeral"].as_bool().unwrap(),
        input["sealAt"].as_u64().unwrap(),
        input["wrapAt"].as_u64().unwrap(),
        &mut stream(input),
    );
    wrapped.map_or_else(|error| json!(crypto_code(error)), |event| json!(event))
}

/// A wrap whose seal and rumor are written by hand, so that every part may be wrong.
fn make_unwrap(dice: &mut Dice) -> Value {
    let (sender, receiver, once) = (dice.person(), dice.person(), dice.person());
    let mut random = Random::seeded(dice.bytes(32).try_into().unwrap());
    let mut conversation = |from: &Keys, text: &[u8]| {
        let key = ConversationKey::derive(from.secret_key(), &receiver.public_key()).unwrap();
        key.encrypt(if text.is_empty() { b" " } else { text }, &mut random).unwrap()
    };
    let author = if dice.chance(90) { sender.public_key() } else { dice.person().public_key() };
    let mut members = json!({
        "pubkey": author.to_hex(), "created_at": NOW, "kind": 14, "tags": [["p", dice.key()]],
        "content": dice.text(20),
    });
    match dice.below(8) {
        0 => members["id"] = json!(dice.digest()),
        1 => members["id"] = Value::Null,
        2 => members["sig"] = json!(dice.digest().repeat(2)),
        3 => members["tags"] = json!([[]]),
        _ => {}
    }
    let mut text = respell(&members.to_string(), dice).into_bytes();
    if dice.chance(40) {
        text = harm(&text, dice);
    }
    let tags = if dice.chance(95) { Vec::new() } else { vec![key_tag("p", &author)] };
    let kind = if dice.chance(95) { kinds::SEAL } else { kinds::CHAT };
    let content = conversation(&sender, &text);
    let mut seal = serde_json::to_string(&event::sign(&sender, kind, tags, content, NOW)).unwrap();
    if dice.chance(20) {
        seal = String::from_utf8_lossy(&harm(seal.as_bytes(), dice)).into_owned();
    }
    let kind = *dice.pick(&[1059, 1059, 1059, 1059, 21_059, 1]);
    let content = conversation(&once, seal.as_bytes());
    let wrapped = event::sign(&once, kind, vec![key_tag("p", &receiver.public_key())], content, NOW);
    let reader = if dice.chance(95) { receiver } else { dice.person() };
    json!({"receiver": reader.secret_key().to_secret_hex(), "event": wrapped})
}

fn answer_unwrap(input: &Value) -> Value {
    let event = event_of(input, "event").unwrap();
    match unwrap(&keys_of(string(input, "receiver")), &event) {
        Ok((sender, rumor)) => json!({
            "sender": sender.to_hex(),
            "rumor": {
                "kind": rumor.kind, "tags": rumor.tags.iter().map(Tag::as_slice).collect::<Vec<_>>(),
                "content": rumor.content, "createdAt": rumor.created_at,
            },
        }),
        Err(UnwrapError::Crypto(error)) => json!(crypto_code(error)),
        Err(UnwrapError::Shape) => json!("shape"),
        Err(UnwrapError::Signature) => json!("signature"),
        Err(UnwrapError::Sender) => json!("sender"),
    }
}
