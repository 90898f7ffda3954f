use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::*;
use crate::hex;
use crate::keys::extract;

/// Written by tests/vectors/make-legacy.py, which shares no code with this reader.
fn vectors() -> (ConversationKey, Vec<Value>) {
    let all: Value = serde_json::from_str(include_str!("../../../../tests/vectors/legacy.json")).unwrap();
    let key = hex::decode(all["conversation_key"].as_str().unwrap()).unwrap();
    let shared_x: [u8; 32] = hex::decode(all["shared_x"].as_str().unwrap()).unwrap();
    assert_eq!(extract("nip44-v2", &shared_x), key);
    (ConversationKey::from_bytes(key), all["cases"].as_array().unwrap().clone())
}

fn plaintext(case: &Value) -> Option<Vec<u8>> {
    let pattern = |n: u64| (b'a'..=b'z').cycle().take(usize::try_from(n).unwrap()).collect();
    case["plaintext"]
        .as_str()
        .map(|text| text.as_bytes().to_vec())
        .or_else(|| case["pattern_bytes"].as_u64().map(pattern))
}

fn case(name: &str) -> (ConversationKey, Vec<u8>) {
    let (key, cases) = vectors();
    let case = cases.into_iter().find(|case| case["name"] == name).unwrap();
    (key, STANDARD.decode(case["payload"].as_str().unwrap()).unwrap())
}

#[test]
fn every_vector_of_the_former_cipher_opens_or_is_refused_as_said() {
    let (key, cases) = vectors();
    assert!(cases.len() > 30);
    for case in &cases {
        let opened = open(&key, case["payload"].as_str().unwrap());
        let expected = match case["opens"].as_str().unwrap() {
            "legacy" => Ok(Opened::Legacy(plaintext(case).unwrap())),
            "v2" => Ok(Opened::V2(plaintext(case).unwrap())),
            "damaged" => Ok(Opened::Damaged),
            "version" => Err(CryptoError::Version),
            "mac" => Err(CryptoError::Mac),
            "size" => Err(CryptoError::Size),
            "padding" => Err(CryptoError::Padding),
            other => panic!("unknown outcome {other}"),
        };
        assert_eq!(opened, expected, "{}", case["name"]);
    }
}

#[test]
fn the_published_vector_of_the_former_cipher_opens() {
    let (key, payload) = case("published");
    let text = br#"{"resourceType":"Patient"}"#.to_vec();
    assert_eq!(open(&key, &STANDARD.encode(payload)), Ok(Opened::Legacy(text)));
}

#[test]
fn a_former_payload_of_65536_bytes_is_reported_as_damaged() {
    let (key, payload) = case("65536 bytes: the length wrapped to nothing");
    assert_eq!(open(&key, &STANDARD.encode(payload)), Ok(Opened::Damaged));
    let (key, payload) = case("65535 bytes");
    assert!(
        matches!(open(&key, &STANDARD.encode(payload)), Ok(Opened::Legacy(text)) if text.len() == 65_535)
    );
}

#[test]
fn real_and_former_payloads_with_one_version_byte_are_told_apart() {
    let (key, real) = case("real NIP-44 v2, 33 bytes");
    let (_, former) = case("33 bytes");
    assert_eq!(real[0], former[0]);
    assert!(matches!(open(&key, &STANDARD.encode(real)), Ok(Opened::V2(text)) if text.len() == 33));
    assert!(matches!(open(&key, &STANDARD.encode(former)), Ok(Opened::Legacy(text)) if text.len() == 33));
}

#[test]
fn what_reads_records_of_today_refuses_the_former_cipher() {
    let (key, former) = case("33 bytes");
    assert_eq!(key.decrypt(&STANDARD.encode(&former)), Err(CryptoError::Mac));
    assert!(matches!(open(&key, &STANDARD.encode(former)), Ok(Opened::Legacy(_))));
    let (key, real) = case("real NIP-44 v2, 33 bytes");
    assert_eq!(key.decrypt(&STANDARD.encode(real)).unwrap().len(), 33);
}

#[test]
fn any_flipped_bit_of_a_former_ciphertext_or_tag_is_refused() {
    let (key, payload) = case("33 bytes");
    assert!(open(&key, &STANDARD.encode(&payload)).is_ok());
    for bit in 33 * 8..payload.len() * 8 {
        let mut changed = payload.clone();
        changed[bit / 8] ^= 1 << (bit % 8);
        assert_eq!(open(&key, &STANDARD.encode(changed)), Err(CryptoError::Mac), "bit {bit}");
    }
}

/// A payload that our cipher writes is never taken for the former one, so no code path of ours
/// writes it: the one cipher we encrypt with is NIP-44 v2.
#[test]
fn what_we_encrypt_is_never_the_former_format() {
    let key = ConversationKey::from_bytes([5; 32]);
    let mut random = crate::testing::random("never");
    for length in [1, 32, 33, 1_000, 65_535, 65_536] {
        let payload = key.encrypt(&vec![b'x'; length], &mut random).unwrap();
        assert!(matches!(open(&key, &payload), Ok(Opened::V2(text)) if text.len() == length));
        assert_eq!(open_former(&key, &STANDARD.decode(payload).unwrap()), Err(CryptoError::Mac));
    }
}

#[test]
fn former_kinds_map_to_current_ones() {
    let mapped: Vec<u16> = (1000..=1015).map(current_kind).collect();
    let clinical = 2110..=2121;
    assert_eq!(mapped, clinical.chain(2100..=2103).collect::<Vec<u16>>());
    assert_eq!((current_kind(2117), current_kind(1), current_kind(1016)), (2117, 1, 1016));
    assert_eq!((former_kind(2117), former_kind(2123)), (Some(1007), None));
    assert!(is_former_kind(1000) && is_former_kind(1015) && !is_former_kind(1016));
}
