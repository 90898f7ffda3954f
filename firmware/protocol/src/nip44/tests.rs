use serde_json::Value;
use sha2::{Digest, Sha256};

use super::*;
use crate::hex;
use crate::testing::{keys, random};

/// paulmillr/nip44, the vectors whose checksum NIP-44 prints.
fn official() -> Value {
    let text = include_str!("../../../../tests/vectors/nip44.json");
    assert_eq!(
        hex::encode(&Sha256::digest(text)),
        "269ed0f69e4c192512cc779e78c555090cebc7c785b609e338a62afc3ce25040"
    );
    serde_json::from_str(text).unwrap()
}

fn bytes(row: &Value, name: &str) -> [u8; 32] {
    hex::decode(row[name].as_str().unwrap()).unwrap()
}

fn rows<'a>(vectors: &'a Value, path: &str) -> &'a Vec<Value> {
    let rows = vectors.pointer(path).unwrap().as_array().unwrap();
    assert!(!rows.is_empty());
    rows
}

/// Encrypts with the vector's nonce: a stream that yields it first.
fn encrypt(key: [u8; 32], plaintext: &[u8], nonce: [u8; 32]) -> String {
    let key = v2::ConversationKey::new(key);
    STANDARD.encode(v2::encrypt_to_bytes_with_nonce(&key, plaintext, nonce).unwrap())
}

#[test]
fn official_conversation_keys_are_derived() {
    for row in rows(&official(), "/v2/valid/get_conversation_key") {
        let secret = SecretKey::from_slice(&bytes(row, "sec1")).unwrap();
        let public = PublicKey::from_byte_array(bytes(row, "pub2"));
        let key = ConversationKey::derive(&secret, &public).unwrap();
        assert_eq!(*key.as_bytes(), bytes(row, "conversation_key"));
    }
}

#[test]
fn official_invalid_keys_are_refused() {
    for row in rows(&official(), "/v2/invalid/get_conversation_key") {
        let public = PublicKey::from_byte_array(bytes(row, "pub2"));
        let key =
            SecretKey::from_slice(&bytes(row, "sec1")).ok().map(|sec| ConversationKey::derive(&sec, &public));
        assert!(!matches!(key, Some(Ok(_))), "{}", row["note"]);
    }
}

#[test]
fn official_message_keys_are_expanded() {
    let vectors = official();
    let prk = bytes(&vectors["v2"]["valid"]["get_message_keys"], "conversation_key");
    for row in rows(&vectors, "/v2/valid/get_message_keys/keys") {
        let mut expanded = [0; 76];
        hkdf::Hkdf::<Sha256>::from_prk(&prk).unwrap().expand(&bytes(row, "nonce"), &mut expanded).unwrap();
        let expected = ["chacha_key", "chacha_nonce", "hmac_key"].map(|name| row[name].as_str().unwrap());
        assert_eq!(hex::encode(&expanded), expected.concat());
    }
}

#[test]
fn official_padded_lengths_show_in_the_payload() {
    for row in rows(&official(), "/v2/valid/calc_padded_len") {
        let (length, padded) = (row[0].as_u64().unwrap(), row[1].as_u64().unwrap());
        // Lengths from 65,536 on carry a prefix of six bytes.
        let prefix = if length < 65_536 { 2 } else { 6 };
        let payload = encrypt([7; 32], &vec![b'x'; usize::try_from(length).unwrap()], [9; 32]);
        let bytes = STANDARD.decode(payload).unwrap().len();
        assert_eq!(bytes, 1 + 32 + prefix + usize::try_from(padded).unwrap() + 32, "{length}");
    }
}

#[test]
fn official_messages_encrypt_and_decrypt() {
    for row in rows(&official(), "/v2/valid/encrypt_decrypt") {
        let secrets = ["sec1", "sec2"].map(|name| SecretKey::from_slice(&bytes(row, name)).unwrap());
        let [first, second] = secrets.map(crate::Keys::new);
        let key = ConversationKey::derive(first.secret_key(), &second.public_key()).unwrap();
        assert_eq!(ConversationKey::derive(second.secret_key(), &first.public_key()).unwrap(), key);
        assert_eq!(*key.as_bytes(), bytes(row, "conversation_key"));
        let (plaintext, payload) = (row["plaintext"].as_str().unwrap(), row["payload"].as_str().unwrap());
        assert_eq!(encrypt(key.0, plaintext.as_bytes(), bytes(row, "nonce")), payload);
        assert_eq!(key.decrypt(payload).unwrap(), plaintext.as_bytes());
    }
}

#[test]
fn official_long_messages_encrypt_and_decrypt() {
    for row in rows(&official(), "/v2/valid/encrypt_decrypt_long_msg") {
        let times = usize::try_from(row["repeat"].as_u64().unwrap()).unwrap();
        let plaintext = row["pattern"].as_str().unwrap().repeat(times);
        assert_eq!(hex::encode(&Sha256::digest(&plaintext)), row["plaintext_sha256"].as_str().unwrap());
        let key = ConversationKey::from_bytes(bytes(row, "conversation_key"));
        let payload = encrypt(key.0, plaintext.as_bytes(), bytes(row, "nonce"));
        assert_eq!(hex::encode(&Sha256::digest(&payload)), row["payload_sha256"].as_str().unwrap());
        assert_eq!(key.decrypt(&payload).unwrap(), plaintext.as_bytes());
    }
}

#[test]
fn official_invalid_payloads_are_refused() {
    for row in rows(&official(), "/v2/invalid/decrypt") {
        let key = ConversationKey::from_bytes(bytes(row, "conversation_key"));
        let error = key.decrypt(row["payload"].as_str().unwrap()).unwrap_err();
        let expected = match row["note"].as_str().unwrap() {
            note if note.contains("version") => vec![CryptoError::Version],
            note if note.contains("base64") => vec![CryptoError::Encoding],
            note if note.contains("MAC") => vec![CryptoError::Mac],
            note if note.contains("padding") => vec![CryptoError::Padding],
            note if note.contains("length") => vec![CryptoError::Size, CryptoError::Version],
            note => panic!("unknown note {note}"),
        };
        assert!(expected.contains(&error), "{}: {error}", row["note"]);
    }
}

#[test]
fn the_three_boundary_lengths_have_the_checksums_of_the_nip() {
    let text = include_str!("../../../../tests/vectors/nip44-boundaries.json");
    let vectors: Value = serde_json::from_str(text).unwrap();
    let key = ConversationKey::from_bytes(bytes(&vectors, "conversation_key"));
    assert_eq!(rows(&vectors, "/cases").len(), 3);
    for row in rows(&vectors, "/cases") {
        let length = usize::try_from(row["plaintext_bytes"].as_u64().unwrap()).unwrap();
        let plaintext = "a".repeat(length);
        assert_eq!(hex::encode(&Sha256::digest(&plaintext)), row["plaintext_sha256"].as_str().unwrap());
        let payload = encrypt(key.0, plaintext.as_bytes(), bytes(&vectors, "nonce"));
        assert_eq!(hex::encode(&Sha256::digest(&payload)), row["payload_sha256"].as_str().unwrap());
        assert_eq!(key.decrypt(&payload).unwrap(), plaintext.as_bytes());
    }
}

#[test]
fn the_plaintext_limit_holds_on_both_sides() {
    let key = ConversationKey::from_bytes([1; 32]);
    let mut random = random("limit");
    let largest = vec![b'x'; PLAINTEXT_BYTES_MAX];
    let payload = key.encrypt(&largest, &mut random).unwrap();
    assert_eq!(payload.len(), payload_chars_max(PLAINTEXT_BYTES_MAX));
    assert_eq!(key.decrypt(&payload).unwrap(), largest);
    let above = vec![b'x'; PLAINTEXT_BYTES_MAX + 1];
    assert_eq!(key.encrypt(&above, &mut random).unwrap_err(), CryptoError::Size);
    assert_eq!(key.encrypt(&[], &mut random).unwrap_err(), CryptoError::Size);
    let foreign = encrypt(key.0, &above, [3; 32]);
    assert_eq!(key.decrypt(&foreign).unwrap_err(), CryptoError::Size);
}

#[test]
fn every_flipped_bit_is_refused() {
    let key = ConversationKey::from_bytes([1; 32]);
    let payload = STANDARD.decode(key.encrypt(b"a short note", &mut random("flip")).unwrap()).unwrap();
    assert!(key.decrypt(&STANDARD.encode(&payload)).is_ok());
    for bit in 0..payload.len() * 8 {
        let mut changed = payload.clone();
        changed[bit / 8] ^= 1 << (bit % 8);
        let expected = if bit < 8 { CryptoError::Version } else { CryptoError::Mac };
        assert_eq!(key.decrypt(&STANDARD.encode(changed)).unwrap_err(), expected, "bit {bit}");
    }
}

#[test]
fn a_fresh_nonce_makes_each_payload_another() {
    let key = ConversationKey::from_bytes([1; 32]);
    let mut random = Random::os();
    assert_ne!(key.encrypt(b"same", &mut random).unwrap(), key.encrypt(b"same", &mut random).unwrap());
}

#[test]
fn a_conversation_key_is_not_printed() {
    let (a, b) = (keys("a"), keys("b"));
    let key = ConversationKey::derive(a.secret_key(), &b.public_key()).unwrap();
    assert_eq!(format!("{key:?}"), "ConversationKey(…)");
}
