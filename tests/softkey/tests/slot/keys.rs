//! What a slot key is for: credentials, finding them again, secrets, approvals.

use relaybox_process::rpc::slot::{Failure, Reply, Request};
use ring::signature::{ECDSA_P256_SHA256_ASN1, UnparsedPublicKey};
use sha2::{Digest as _, Sha256};

use crate::harness::{Keys, PIN, RP, bytes, find, hex, make, outputs, question, secret, text};

#[test]
fn a_new_key_is_looked_at_gets_a_pin_and_fits() {
    let keys = Keys::new();
    let key = keys.insert("desk");
    let look = || keys.ask(&Request::Look { key: key.clone() });
    let Ok(Reply::Looked { aaguid, pin_set: false, tries_left: 0, pin_least: 4, fits: true }) = look() else {
        panic!("{:?}", look());
    };
    assert_eq!(aaguid.len(), 32);
    assert_eq!(keys.ask(&make(&key, &[])), Err(Failure::PinNotSet));
    let first = Request::SetPin { key: key.clone(), pin: secret(PIN) };
    assert_eq!(keys.ask(&first), Ok(Reply::Done));
    assert!(matches!(look(), Ok(Reply::Looked { pin_set: true, tries_left: 8, .. })), "{:?}", look());
    // Only a first PIN is set: another one would ask for the old.
    assert_eq!(keys.ask(&first), Err(Failure::Request));
}

#[test]
fn a_secret_is_the_same_in_each_pin_protocol_and_after_a_power_cut() {
    let mut keys = Keys::new();
    let (key, credential) = keys.enrolled("desk");
    let salts = [hex(1, 32), hex(2, 32)];
    let first = outputs(keys.ask(&question(&key, &credential, &salts)));
    assert!(first.len() == 2 && first[0] != first[1] && first.iter().all(|output| output.len() == 64));
    for protocols in ["1", "2", "2 1", "1 2"] {
        keys.tell(&format!("manner desk protocols {protocols}"));
        let mut touches = 0;
        let again = keys.ask_counting(&question(&key, &credential, &salts), &mut touches);
        assert_eq!((outputs(again), touches), (first.clone(), 1), "{protocols}");
        let Ok(Reply::Made { credential, .. }) = keys.ask(&make(&key, &[])) else { panic!("{protocols}") };
        assert_eq!(
            keys.ask(&find(&key, std::slice::from_ref(&credential), PIN)),
            Ok(Reply::Found { credential: Some(credential) })
        );
    }
    keys.restart();
    let key = keys.insert("desk");
    assert_eq!(outputs(keys.ask(&question(&key, &credential, &salts))), first);
}

#[test]
fn each_salt_has_its_secret_alone_and_beside_another() {
    let keys = Keys::new();
    let (key, credential) = keys.enrolled("desk");
    // As WebAuthn's PRF makes its salts of what a page gives (WebAuthn 3, section 10.1.4).
    let salt = |input: &[u8]| text(&Sha256::digest([b"WebAuthn PRF\0", input].concat()));
    let (one, two) = (salt(b"one"), salt(b"two"));
    let both = outputs(keys.ask(&question(&key, &credential, &[one.clone(), two.clone()])));
    assert_eq!(outputs(keys.ask(&question(&key, &credential, &[one]))), both[..1]);
    assert_eq!(outputs(keys.ask(&question(&key, &credential, &[two]))), both[1..]);
}

#[test]
fn an_approval_verifies_under_the_credentials_public_key_and_no_other_challenge_does() {
    let keys = Keys::new();
    let (key, _) = keys.enrolled("desk");
    let Ok(Reply::Made { credential, public_key }) = keys.ask(&make(&key, &[])) else { panic!("not made") };
    let Ok(Reply::Secret { authenticator_data, signature, .. }) =
        keys.ask(&question(&key, &credential, &[hex(1, 32)]))
    else {
        panic!("no approval");
    };
    let data = bytes(&authenticator_data);
    let verifies = |challenge: &[u8]| {
        let signed = [data.as_slice(), &Sha256::digest(challenge)].concat();
        UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, bytes(&public_key))
            .verify(&signed, &bytes(&signature))
            .is_ok()
    };
    assert!(verifies(&[9; 32]));
    assert!(!verifies(&[8; 32]));
    assert_eq!(data[..32], *Sha256::digest(RP));
    // User present and verified.
    assert_eq!(data[32] & 0x05, 0x05);
}

#[test]
fn a_key_that_is_enrolled_is_not_enrolled_twice_and_another_one_is() {
    let keys = Keys::new();
    let (desk, credential) = keys.enrolled("desk");
    let mut touches = 0;
    let again = keys.ask_counting(&make(&desk, std::slice::from_ref(&credential)), &mut touches);
    assert_eq!((again, touches), (Err(Failure::AlreadyHere), 0));
    let (bank, other) = keys.enrolled("bank");
    assert!(matches!(keys.ask(&make(&bank, &[credential])), Ok(Reply::Made { .. })));
    assert_eq!(keys.ask(&make(&bank, &[other])), Err(Failure::AlreadyHere));
}

#[test]
fn a_foreign_key_shows_before_anybody_touches_it() {
    let keys = Keys::new();
    let (desk, of_desk) = keys.enrolled("desk");
    let (bank, of_bank) = keys.enrolled("bank");
    let all = [of_desk.clone(), hex(0xab, 64), of_bank.clone()];
    assert_eq!(keys.ask(&find(&desk, &all, PIN)), Ok(Reply::Found { credential: Some(of_desk.clone()) }));
    assert_eq!(keys.ask(&find(&bank, &all, PIN)), Ok(Reply::Found { credential: Some(of_bank) }));
    let mut touches = 0;
    let asked = keys.ask_counting(&question(&bank, &of_desk, &[hex(1, 32)]), &mut touches);
    assert_eq!((asked, touches), (Err(Failure::Foreign), 0));
    assert_eq!(keys.ask(&find(&bank, &[of_desk.clone()], PIN)), Ok(Reply::Found { credential: None }));
    // The same credential under the name of another box.
    let other_box = Request::Find {
        key: desk,
        rp: "other.vault.relaybox.invalid".to_owned(),
        credentials: vec![of_desk],
        pin: secret(PIN),
    };
    assert_eq!(keys.ask(&other_box), Ok(Reply::Found { credential: None }));
}

#[test]
fn more_credentials_than_a_key_takes_at_once_are_asked_in_parts() {
    let keys = Keys::new();
    let (key, credential) = keys.enrolled("desk");
    let mut all: Vec<String> = (0..15).map(|number| hex(number, 64)).collect();
    assert_eq!(keys.ask(&find(&key, &all, PIN)), Ok(Reply::Found { credential: None }));
    all.push(credential.clone());
    assert_eq!(keys.ask(&find(&key, &all, PIN)), Ok(Reply::Found { credential: Some(credential) }));
    all.push(hex(0xcd, 64));
    assert_eq!(keys.ask(&find(&key, &all, PIN)), Err(Failure::Request));
}

#[test]
fn two_keys_are_listed_and_each_insertion_has_a_name_of_its_own() {
    let keys = Keys::new();
    let (desk, bank) = (keys.insert("desk"), keys.insert("bank"));
    let listed: Vec<String> = keys.list().into_iter().map(|key| key.key).collect();
    assert!(listed.len() == 2 && listed.contains(&desk) && listed.contains(&bank), "{listed:?}");
    keys.tell("remove desk");
    assert_eq!(keys.list().len(), 1);
    assert_eq!(keys.ask(&Request::Look { key: desk.clone() }), Err(Failure::TakenOut));
    let again = keys.insert("desk");
    assert_ne!(again, desk);
    assert_eq!(keys.ask(&Request::Look { key: desk }), Err(Failure::TakenOut));
    assert!(keys.ask(&Request::Look { key: again }).is_ok());
}

#[test]
fn a_key_that_is_taken_out_while_it_waits_for_a_touch_was_taken_out() {
    let keys = Keys::new();
    let (key, credential) = keys.enrolled("desk");
    keys.tell("touch desk never");
    let request = serde_json::to_string(&question(&key, &credential, &[hex(1, 32)])).unwrap();
    let mut helper = keys.begin(&request);
    assert_eq!(helper.line(), r#"{"answer":"touch"}"#);
    keys.tell("awaits desk");
    keys.tell("remove desk");
    assert_eq!(helper.end().lines, [r#"{"answer":"failed","why":{"failure":"taken-out"}}"#]);
    let key = keys.insert("desk");
    assert_eq!(outputs(keys.ask(&question(&key, &credential, &[hex(1, 32)]))).len(), 1);
}

#[test]
fn a_helper_that_is_killed_leaves_a_key_that_answers_the_next() {
    let keys = Keys::new();
    let (key, credential) = keys.enrolled("desk");
    keys.tell("touch desk never");
    let ask = question(&key, &credential, &[hex(1, 32)]);
    let mut helper = keys.begin(&serde_json::to_string(&ask).unwrap());
    assert_eq!(helper.line(), r#"{"answer":"touch"}"#);
    keys.tell("awaits desk");
    let end = helper.kill();
    assert!(!end.success && end.lines.is_empty(), "{:?}", end.lines);
    keys.tell("rests desk");
    keys.tell("touch desk once");
    assert_eq!(outputs(keys.ask(&ask)).len(), 1);
}

#[test]
fn nobody_touches_and_the_key_gives_up() {
    let keys = Keys::new();
    let (_, credential) = keys.enrolled("desk");
    keys.tell("remove desk");
    keys.tell("manner desk patience 200");
    let key = keys.insert("desk");
    keys.tell("touch desk never");
    let mut touches = 0;
    let asked = keys.ask_counting(&question(&key, &credential, &[hex(1, 32)]), &mut touches);
    assert_eq!((asked, touches), (Err(Failure::NotTouched), 1));
    assert_eq!(keys.ask(&make(&key, &[])), Err(Failure::NotTouched));
    keys.tell("touch desk once");
    assert!(keys.ask(&make(&key, &[])).is_ok());
}
