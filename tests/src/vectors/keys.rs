//! Proofs of possession, four words, sealing, bech32 and the seeded stream (PROTOCOL 1, 2.7).

use nostr::nips::nip19::ToBech32;
use relaybox_protocol::keys::{KeyRole, Sealer, four_words, parse_public, prove};
use relaybox_protocol::{PublicKey, hex};
use serde_json::{Value, json};

use super::{key, public, random};

pub(crate) fn make() -> Value {
    json!({
        "about": "pop: BIP-340 over SHA-256(\"relaybox/pop/1\" 00 practice role). words: of a key's bytes. \
                  sealed: NIP44(conv(k, K), plaintext). stream: SHA-256(seed, counter as 8 bytes big endian).",
        "pop": proofs(),
        "words": words(),
        "sealed": sealed(),
        "public": publics(),
        "stream": stream(),
    })
}

fn proofs() -> Vec<Value> {
    let (holder, practice) = (key("holder"), key("practice").public_key());
    let row = |name: &str, key: &str, role: &str, sig: &str, holds: bool| json!({"name": name, "key": key, "practice": practice.to_hex(), "role": role, "sig": sig, "holds": holds});
    let mut rows = Vec::new();
    for role in KeyRole::ALL {
        let sig = prove(&holder, &practice, role, &mut random(role.as_str()));
        rows.push(row(role.as_str(), &public("holder"), role.as_str(), &sig, true));
    }
    let sig = prove(&holder, &practice, KeyRole::Staff, &mut random("staff"));
    let elsewhere = prove(&holder, &key("other practice").public_key(), KeyRole::Staff, &mut random("staff"));
    rows.push(row("of another role", &public("holder"), "guardian", &sig, false));
    rows.push(row("of another key", &public("other"), "staff", &sig, false));
    rows.push(row("of another practice", &public("holder"), "staff", &elsewhere, false));
    rows.push(row("in upper case", &public("holder"), "staff", &sig.to_uppercase(), false));
    rows.push(row("cut short", &public("holder"), "staff", &sig[2..], false));
    rows
}

fn words() -> Vec<Value> {
    let mut rows: Vec<Value> = ["words 1", "words 2", "words 3"]
        .map(|name| json!({"key": public(name), "words": four_words(key(name).public_key().as_bytes())}))
        .into();
    // A SubjectPublicKeyInfo has no fixed length.
    let der = [0x30, 0x59, 0x30, 0x13, 0x06, 0x07];
    rows.push(json!({"key": hex::encode(&der), "words": four_words(&der)}));
    rows
}

fn sealed() -> Vec<Value> {
    let mut random = random("sealed");
    let to = key("sealed to");
    let text = key("sealed secret").secret_key().to_secret_hex();
    let sealer = Sealer::new(&mut random);
    let payload = sealer.seal(&to.public_key(), text.as_bytes(), &mut random).unwrap();
    vec![json!({
        "secret": to.secret_key().to_secret_hex(),
        "ek": sealer.ek().to_hex(),
        "payload": payload,
        "plaintext": text,
    })]
}

fn publics() -> Vec<Value> {
    let holder = key("holder").public_key();
    let npub = holder.to_bech32().unwrap();
    let last = if npub.ends_with('q') { "p" } else { "q" };
    let texts = [
        npub.clone(),
        holder.to_hex(),
        npub.to_uppercase(),
        holder.to_hex().to_uppercase(),
        format!("{}{last}", &npub[..npub.len() - 1]),
        format!("{npub}q"),
        format!("nostr:{npub}"),
        key("holder").secret_key().to_bech32().unwrap(),
        "ff".repeat(32),
    ];
    let row = |text: String| {
        let key = parse_public(&text).as_ref().map(PublicKey::to_hex);
        json!({"text": text, "key": key})
    };
    texts.into_iter().map(row).collect()
}

fn stream() -> Value {
    let seed = [7; 32];
    let mut random = relaybox_protocol::random::Random::seeded(seed);
    let outputs: Vec<String> = (0..4).map(|_| hex::encode(&random.bytes32())).collect();
    json!({"seed": hex::encode(&seed), "outputs": outputs})
}
