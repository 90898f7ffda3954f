//! PINs: which are tried, what a wrong one costs, when a key takes no more.

use relaybox_process::rpc::slot::{Failure, Reply, Request};

use crate::harness::{Keys, PIN, find, hex, question, secret};

#[test]
fn wrong_pins_count_down_and_after_three_the_key_has_to_come_out() {
    let keys = Keys::new();
    let (key, credential) = keys.enrolled("desk");
    let credentials = [credential];
    let wrong = find(&key, &credentials, "wrong");
    for tries_left in [7, 6, 5] {
        assert_eq!(keys.ask(&wrong), Err(Failure::WrongPin { tries_left }));
    }
    // No try is spent any more, not even on the right one.
    assert_eq!(keys.ask(&wrong), Err(Failure::Unplug));
    assert_eq!(keys.ask(&find(&key, &credentials, PIN)), Err(Failure::Unplug));
    assert_eq!(keys.tries_left(&key), 5);
    keys.tell("remove desk");
    let key = keys.insert("desk");
    assert_eq!(keys.tries_left(&key), 5);
    assert!(matches!(keys.ask(&find(&key, &credentials, PIN)), Ok(Reply::Found { credential: Some(_) })));
    assert_eq!(keys.tries_left(&key), 8);
}

#[test]
fn a_key_whose_tries_are_spent_is_locked_for_good() {
    let keys = Keys::new();
    let (mut key, credential) = keys.enrolled("desk");
    for tries_left in (1..8).rev() {
        match keys.ask(&find(&key, std::slice::from_ref(&credential), "wrong")) {
            Err(Failure::WrongPin { tries_left: left }) => assert_eq!(left, tries_left),
            other => panic!("{other:?}"),
        }
        keys.tell("remove desk");
        key = keys.insert("desk");
    }
    assert_eq!(keys.ask(&find(&key, std::slice::from_ref(&credential), "wrong")), Err(Failure::Locked));
    assert_eq!(keys.ask(&question(&key, &credential, &[hex(1, 32)])), Err(Failure::Locked));
    assert_eq!(keys.tries_left(&key), 0);
}

#[test]
fn a_wrong_pin_shows_before_anybody_touches() {
    let keys = Keys::new();
    let (key, credential) = keys.enrolled("desk");
    let Request::Secret { rp, salts, challenge, .. } = question(&key, &credential, &[hex(1, 32)]) else {
        panic!("another request");
    };
    let mut touches = 0;
    let wrong = Request::Secret { key, rp, credential, salts, challenge, pin: secret("wrong") };
    assert_eq!(keys.ask_counting(&wrong, &mut touches), Err(Failure::WrongPin { tries_left: 7 }));
    assert_eq!(touches, 0);
}

#[test]
fn a_pin_that_cannot_be_right_is_not_tried() {
    let keys = Keys::new();
    let (key, credential) = keys.enrolled("desk");
    keys.tell("manner desk pin-least 6");
    for pin in [
        "",
        "123",
        "\u{1f600}\u{1f600}\u{1f600}\u{1f600}",
        &"1".repeat(64),
        &"1".repeat(5_000),
        "12\u{0}4567",
    ] {
        let asked = keys.ask(&find(&key, std::slice::from_ref(&credential), pin));
        assert_eq!(asked, Err(Failure::PinPolicy), "{pin:?}");
    }
    assert_eq!(keys.tries_left(&key), 8);
    keys.tell("manner desk changes-pin");
    assert_eq!(keys.ask(&find(&key, &[credential], PIN)), Err(Failure::PinPolicy));
    assert_eq!(keys.tries_left(&key), 8);
}

#[test]
fn pins_of_emoji_and_of_63_bytes_open_and_the_two_spellings_of_an_accent_are_two_pins_of_a_key() {
    let keys = Keys::new();
    for (name, pin) in [
        ("emoji", "\u{1f600}\u{1f511}\u{1f3e5}\u{1f9f8}".to_owned()),
        ("long", "x".repeat(63)),
        ("accent", "caf\u{e9}".to_owned()),
    ] {
        let key = keys.insert(name);
        let too_long = Request::SetPin { key: key.clone(), pin: secret(&"x".repeat(64)) };
        assert_eq!(keys.ask(&too_long), Err(Failure::PinPolicy));
        assert_eq!(keys.ask(&Request::SetPin { key: key.clone(), pin: secret(&pin) }), Ok(Reply::Done));
        assert_eq!(keys.ask(&find(&key, &[], &pin)), Ok(Reply::Found { credential: None }), "{name}");
    }
    // The key knows no form C: whoever types the accent as two code points is helped by the vault alone.
    let accent = keys.list().into_iter().find(|key| key.product.ends_with("accent")).unwrap().key;
    let apart = keys.ask(&find(&accent, &[], "cafe\u{301}"));
    assert_eq!(apart, Err(Failure::WrongPin { tries_left: 7 }));
}

#[test]
fn a_key_that_asks_for_a_longer_pin_gets_no_shorter_one() {
    let keys = Keys::new();
    let key = keys.insert("desk");
    keys.tell("manner desk pin-least 6");
    assert!(matches!(keys.ask(&Request::Look { key: key.clone() }), Ok(Reply::Looked { pin_least: 6, .. })));
    // Bytes are not counted: these are 16.
    let short = Request::SetPin { key: key.clone(), pin: secret("\u{1f600}\u{1f600}\u{1f600}\u{1f600}") };
    assert_eq!(keys.ask(&short), Err(Failure::PinPolicy));
    assert_eq!(keys.ask(&Request::SetPin { key, pin: secret("123456") }), Ok(Reply::Done));
}
