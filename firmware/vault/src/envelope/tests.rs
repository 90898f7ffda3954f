use relaybox_protocol::random::Random;

use super::*;
use crate::contents::sample;
use crate::words::{Purpose, RecoveryWords};

fn key(n: u8) -> SlotAnswer {
    let nonce = Nonce::new(&mut Random::seeded([n; 32]));
    SlotAnswer { nonce, output: PrfOutput::new([[n; 32], [n + 100; 32]]) }
}

fn words() -> RecoveryWords {
    RecoveryWords::generate(&mut Random::seeded([77; 32])).unwrap()
}

fn sealed() -> Vec<u8> {
    let recovery = words().identity(Purpose::Vault).to_public();
    seal(&sample(), &[key(1), key(2)], &recovery).unwrap()
}

fn practice_of(file: &[u8], opener: &Opener<'_>) -> Result<String, EnvelopeError> {
    open(file, opener).map(|opened| opened.contents.practice.secret_key().to_secret_hex())
}

fn expected() -> String {
    sample().practice.secret_key().to_secret_hex()
}

#[test]
fn each_slot_key_and_the_words_open_the_file_and_nothing_else_does() {
    let file = sealed();
    for n in [1, 2] {
        assert_eq!(practice_of(&file, &Opener::SlotKey(&key(n))).unwrap(), expected());
    }
    assert_eq!(practice_of(&file, &Opener::Words(&words().identity(Purpose::Vault))).unwrap(), expected());
    let foreign = practice_of(&file, &Opener::SlotKey(&key(3)));
    assert!(matches!(foreign, Err(EnvelopeError::NotThisKey)));
    let backup = words().identity(Purpose::Backup);
    assert!(matches!(practice_of(&file, &Opener::Words(&backup)), Err(EnvelopeError::NotThisKey)));
}

#[test]
fn the_key_of_one_slot_does_not_open_by_the_question_of_another() {
    let crossed = SlotAnswer { nonce: key(1).nonce, output: key(2).output };
    assert!(matches!(practice_of(&sealed(), &Opener::SlotKey(&crossed)), Err(EnvelopeError::NotThisKey)));
}

#[test]
fn fewer_than_two_and_more_than_eight_slot_keys_are_refused() {
    let recovery = words().identity(Purpose::Vault).to_public();
    for (count, fine) in [(0u8, false), (1, false), (2, true), (8, true), (9, false)] {
        let keys: Vec<SlotAnswer> = (1..=count).map(key).collect();
        assert_eq!(seal(&sample(), &keys, &recovery).is_ok(), fine, "{count}");
    }
    let twice = seal(&sample(), &[key(1), key(1)], &recovery);
    assert!(matches!(twice, Err(EnvelopeError::SameKey)));
}

#[test]
fn a_slot_key_is_added_without_asking_the_others_and_all_open() {
    let file = sealed();
    let opened = open(&file, &Opener::SlotKey(&key(1))).unwrap();
    let larger = add(&file, &opened, &key(3)).unwrap();
    for n in [1, 2, 3] {
        assert_eq!(practice_of(&larger, &Opener::SlotKey(&key(n))).unwrap(), expected(), "{n}");
    }
    assert_eq!(practice_of(&larger, &Opener::Words(&words().identity(Purpose::Vault))).unwrap(), expected());
    assert_eq!(nonces(&larger).unwrap(), [1, 2, 3].map(|n| key(n).nonce));
    assert!(matches!(add(&larger, &opened, &key(3)), Err(EnvelopeError::SameKey)));
}

#[test]
fn the_ninth_slot_key_is_refused() {
    let mut file = sealed();
    let opened = open(&file, &Opener::SlotKey(&key(1))).unwrap();
    for n in 3..=8 {
        file = add(&file, &opened, &key(n)).unwrap();
    }
    assert_eq!(nonces(&file).unwrap().len(), SLOT_KEYS_MAX);
    assert!(matches!(add(&file, &opened, &key(9)), Err(EnvelopeError::SlotKeys(9))));
}

#[test]
fn a_removed_slot_key_opens_the_old_file_and_not_the_new_one() {
    let file = sealed();
    let opened = open(&file, &Opener::SlotKey(&key(1))).unwrap();
    let three = add(&file, &opened, &key(3)).unwrap();
    let without = remove(&three, &opened, key(2).nonce).unwrap();
    assert!(matches!(practice_of(&without, &Opener::SlotKey(&key(2))), Err(EnvelopeError::NotThisKey)));
    assert_eq!(practice_of(&three, &Opener::SlotKey(&key(2))).unwrap(), expected());
    for n in [1, 3] {
        assert_eq!(practice_of(&without, &Opener::SlotKey(&key(n))).unwrap(), expected(), "{n}");
    }
}

#[test]
fn the_last_two_slot_keys_cannot_go() {
    let file = sealed();
    let opened = open(&file, &Opener::SlotKey(&key(1))).unwrap();
    assert!(matches!(remove(&file, &opened, key(2).nonce), Err(EnvelopeError::SlotKeys(1))));
    assert!(matches!(remove(&file, &opened, key(5).nonce), Err(EnvelopeError::NotThisKey)));
}

#[test]
fn no_changed_byte_opens() {
    let file = sealed();
    let opener = key(1);
    for at in 0..file.len() {
        let mut harmed = file.clone();
        harmed[at] ^= 1;
        assert!(practice_of(&harmed, &Opener::SlotKey(&opener)).is_err(), "byte {at}");
    }
    assert_eq!(practice_of(&file, &Opener::SlotKey(&opener)).unwrap(), expected());
}

#[test]
fn no_cut_file_opens() {
    let file = sealed();
    for length in 0..file.len() {
        assert!(practice_of(&file[..length], &Opener::SlotKey(&key(1))).is_err(), "{length} bytes");
    }
}

#[test]
fn a_file_over_the_limit_is_refused_and_one_of_eight_keys_is_far_below() {
    let mut file = sealed();
    let opened = open(&file, &Opener::SlotKey(&key(1))).unwrap();
    for n in 3..=8 {
        file = add(&file, &opened, &key(n)).unwrap();
    }
    assert!(file.len() < FILE_BYTES_MAX / 4, "{}", file.len());
    assert!(matches!(nonces(&vec![0; FILE_BYTES_MAX + 1]), Err(EnvelopeError::TooLarge)));
    let large = vec![0; FILE_BYTES_MAX + 1];
    assert!(matches!(open(&large, &Opener::SlotKey(&key(1))), Err(EnvelopeError::TooLarge)));
}

#[test]
fn the_sealed_file_holds_no_secret_in_clear() {
    let file = sealed();
    let contents = sample();
    for secret in [contents.practice.secret_key(), contents.escrow.secret_key()] {
        let (bytes, text) = (secret.to_secret_bytes(), secret.to_secret_hex());
        assert!(!file.windows(32).any(|window| window == bytes));
        assert!(!file.windows(64).any(|window| window == text.as_bytes()));
    }
}

#[test]
fn a_file_with_other_contents_is_opened_by_all_who_opened_the_old_one() {
    let old = sealed();
    let opened = open(&old, &Opener::SlotKey(&key(1))).unwrap();
    let former = sample().escrow.secret_key().clone();
    let contents = opened.contents.with_legacy(former.clone());
    let new = rewrite(&old, &opened, &contents, &mut Random::seeded([4; 32])).unwrap();
    let words = words().identity(Purpose::Vault);
    let answers = [key(1), key(2)];
    let openers = answers.iter().map(Opener::SlotKey).chain([Opener::Words(&words)]);
    for opener in openers {
        assert_eq!(open(&old, &opener).unwrap().contents.legacy, None);
        let found = open(&new, &opener).unwrap().contents;
        assert!(found.same(&contents) && !found.same(&opened.contents));
        assert_eq!(found.legacy.as_ref(), Some(&former));
    }
    assert!(matches!(open(&new, &Opener::SlotKey(&key(3))), Err(EnvelopeError::NotThisKey)));
    let again = rewrite(&old, &opened, &contents, &mut Random::seeded([5; 32])).unwrap();
    assert_ne!(again, new, "each payload has a nonce of its own");
    let added = add(&new, &open(&new, &Opener::Words(&words)).unwrap(), &key(3)).unwrap();
    assert_eq!(open(&added, &Opener::SlotKey(&key(3))).unwrap().contents.legacy, Some(former));
    for at in 0..new.len() {
        let mut spoiled = new.clone();
        spoiled[at] ^= 1;
        assert!(open(&spoiled, &Opener::SlotKey(&key(1))).is_err(), "byte {at}");
    }
}
