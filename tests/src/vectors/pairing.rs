//! A staff key under its person's security key: salts, what a key answers, and wraps.

use hmac::{Hmac, KeyInit as _, Mac as _};
use relaybox_protocol::hex;
use relaybox_vault::pairing::{PRF_INPUT, Place, wrap};
use relaybox_vault::prf::{self, Nonce};
use serde_json::{Value, json};
use sha2::Sha256;

use super::{digest, key, random};

const CREDENTIAL: [u8; 4] = [0xc0, 0xff, 0xee, 0x01];

pub(crate) fn make() -> Value {
    json!({
        "about": "salts: SHA-256(\"WebAuthn PRF\" 00 input), which a browser derives and the key slot hands over. \
                  answers: HMAC-SHA-256 of a key's seed over the salt (CTAP 2.1, hmac-secret). wraps: 32 bytes of salt, \
                  then ChaCha20-Poly1305 (nonce zero) of the secret under HKDF-SHA256(salt, prf, \"relaybox/staff/wrap/1\" \
                  00 host 00 credential).",
        "input": PRF_INPUT,
        "salts": salts(),
        "answers": answers(),
        "wraps": wraps(),
    })
}

fn salts() -> Vec<Value> {
    let mut rows: Vec<Value> = ["", PRF_INPUT, "relaybox/device/prf/1"]
        .into_iter()
        .map(|input| json!({"input": hex::encode(input.as_bytes()), "salt": hex::encode(&prf::salt(input.as_bytes()))}))
        .collect();
    let nonce = Nonce::new(&mut random("nonce"));
    let bytes = &random("nonce").bytes32()[..16];
    for (which, salt) in [1, 2].into_iter().zip(nonce.salts().0) {
        let input = [prf::TAG.as_bytes(), &[which], bytes].concat();
        rows.push(json!({"input": hex::encode(&input), "salt": hex::encode(&salt)}));
    }
    rows
}

fn answer(seed: &[u8; 32]) -> [u8; 32] {
    let mut mac = Hmac::<Sha256>::new_from_slice(seed).unwrap();
    mac.update(&relaybox_vault::pairing::salt());
    mac.finalize().into_bytes().into()
}

fn answers() -> Vec<Value> {
    ["security key 1", "security key 2"]
        .into_iter()
        .map(|name| {
            let seed = digest(name);
            json!({"seed": hex::encode(&seed), "prf": hex::encode(&answer(&seed))})
        })
        .collect()
}

fn wraps() -> Vec<Value> {
    let prf = answer(&digest("security key 1"));
    let place = Place { host: "staff.localhost", credential: &CREDENTIAL };
    let secret = key("doctor").secret_key().clone();
    let wrapped = wrap(&place, &prf, &secret, &mut random("wrap"));
    let mut harmed = wrapped.clone();
    harmed[40] ^= 1;
    let row = |name: &str, host: &str, credential: &[u8], prf: &[u8; 32], wrapped: &[u8], opens: bool| {
        json!({
            "name": name, "host": host, "credential": hex::encode(credential), "prf": hex::encode(prf),
            "wrapped": hex::encode(wrapped), "secret": opens.then(|| secret.to_secret_hex()),
        })
    };
    let other = answer(&digest("security key 2"));
    vec![
        row("as it was wrapped", place.host, &CREDENTIAL, &prf, &wrapped, true),
        row("under the admin host", "admin.localhost", &CREDENTIAL, &prf, &wrapped, false),
        row("of another credential", place.host, &CREDENTIAL[1..], &prf, &wrapped, false),
        row("by another security key", place.host, &CREDENTIAL, &other, &wrapped, false),
        row("with a bit changed", place.host, &CREDENTIAL, &prf, &harmed, false),
        row("cut short", place.host, &CREDENTIAL, &prf, &wrapped[..79], false),
        row("empty", place.host, &CREDENTIAL, &prf, &[], false),
    ]
}
