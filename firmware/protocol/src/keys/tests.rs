use super::*;
use crate::testing::{keys, random};

#[test]
fn a_proof_holds_for_its_key_practice_and_role_alone() {
    let (holder, practice) = (keys("holder"), keys("practice").public_key());
    let key = holder.public_key();
    for role in KeyRole::ALL {
        let sig = prove(&holder, &practice, role, &mut random("pop"));
        assert!(proof_holds(&key, &practice, role, &sig));
        for other in KeyRole::ALL.into_iter().filter(|other| *other != role) {
            assert!(!proof_holds(&key, &practice, other, &sig));
        }
        assert!(!proof_holds(&keys("other").public_key(), &practice, role, &sig));
        assert!(!proof_holds(&key, &keys("other practice").public_key(), role, &sig));
        assert!(!proof_holds(&key, &practice, role, &sig.to_uppercase()));
        assert!(!proof_holds(&key, &practice, role, &sig[2..]));
        assert!(!proof_holds(&PublicKey::from_byte_array([255; 32]), &practice, role, &sig));
        assert_eq!(KeyRole::parse(role.as_str()), Some(role));
    }
}

#[test]
fn a_sealed_text_opens_with_its_key_alone() {
    let mut random = random("seal");
    let (to, other) = (keys("to"), keys("other"));
    let sealer = Sealer::new(&mut random);
    let payload = sealer.seal(&to.public_key(), b"secret", &mut random).unwrap();
    assert_eq!(open_sealed(to.secret_key(), &sealer.ek(), &payload).unwrap(), b"secret");
    assert_eq!(open_sealed(other.secret_key(), &sealer.ek(), &payload).unwrap_err(), CryptoError::Mac);
    let off_curve = PublicKey::from_byte_array([255; 32]);
    assert_eq!(sealer.seal(&off_curve, b"secret", &mut random).unwrap_err(), CryptoError::Key);
    assert!(!format!("{sealer:?}").contains(&sealer.keys.secret_key().to_secret_hex()));
}

#[test]
fn four_words_are_the_first_44_bits() {
    let key = keys("words").public_key();
    let hash = labelled_hash("relaybox/words/1", &[key.as_bytes()]);
    let bits: String = hash.iter().map(|byte| format!("{byte:08b}")).collect();
    let expected: Vec<&str> =
        (0..4).map(|n| WORDS[usize::from_str_radix(&bits[n * 11..n * 11 + 11], 2).unwrap()]).collect();
    assert_eq!(four_words(key.as_bytes()).to_vec(), expected);
    assert_ne!(four_words(key.as_bytes()), four_words(keys("words 2").public_key().as_bytes()));
}

#[test]
fn the_word_list_is_that_of_bip_39() {
    let list = include_str!("bip39-english.txt");
    assert_eq!(
        crate::hex::encode(&Sha256::digest(list)),
        "2f5eed53a4727b4bf8880d8f3f199efc90e58503646d9ff8eff3a2ed3b24dbda"
    );
    assert_eq!((WORDS.len(), WORDS[0], WORDS[2047]), (2048, "abandon", "zoo"));
}

/// Every text that differs from `good` in one character of the bech32 alphabet, or of its separator
/// and prefix.
fn one_character_changes(good: &str) -> impl Iterator<Item = String> {
    let alphabet = "qpzry9x8gf2tvdw0s3jn54khce6mua7l1bioQ ";
    (0..good.len()).flat_map(move |at| {
        alphabet.chars().filter(move |c| !good[at..].starts_with(*c)).map(move |c| {
            let mut changed = good.to_owned();
            changed.replace_range(at..=at, &c.to_string());
            changed
        })
    })
}

#[test]
fn every_one_character_change_of_an_npub_or_nsec_is_refused() {
    let holder = keys("bech32");
    let npub = holder.public_key().to_bech32().unwrap();
    let nsec = holder.secret_key().to_bech32().unwrap();
    assert_eq!(parse_public(&npub), Some(holder.public_key()));
    assert_eq!(parse_secret(&nsec).as_ref(), Some(holder.secret_key()));
    let mut tried = 0;
    for changed in one_character_changes(&npub) {
        assert_eq!(parse_public(&changed), None, "{changed}");
        tried += 1;
    }
    for changed in one_character_changes(&nsec) {
        assert!(parse_secret(&changed).is_none(), "{changed}");
        tried += 1;
    }
    assert!(tried > 4_000);
}

#[test]
fn other_spellings_of_a_key_are_refused() {
    let holder = keys("bech32");
    let (npub, nsec) = (holder.public_key().to_bech32().unwrap(), holder.secret_key().to_bech32().unwrap());
    assert_eq!(parse_public(&holder.public_key().to_hex()), Some(holder.public_key()));
    let bad = [
        npub.to_uppercase(),
        holder.public_key().to_hex().to_uppercase(),
        format!(" {npub}"),
        format!("{npub}q"),
        format!("nostr:{npub}"),
        nsec.clone(),
        "ff".repeat(32),
        String::new(),
    ];
    for text in &bad {
        assert_eq!(parse_public(text), None, "{text}");
    }
    assert!(parse_secret(&npub).is_none());
    assert!(parse_secret(&nsec.to_uppercase()).is_none());
    assert!(parse_secret(&"00".repeat(32)).is_none());
}
