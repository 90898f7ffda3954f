//! Keys that lie, hang, talk nonsense or lack what a slot key needs, and requests that are none.

use relaybox_process::rpc::slot::{Failure, Reply, Request};

use crate::harness::{End, Keys, PIN, find, hex, make, outputs, question};

/// Whether a helper ended without anything that passes for an answer, and said nothing but lines of the protocol.
fn nothing_gained(end: &End) -> bool {
    let mut replies: Vec<Reply> =
        end.lines.iter().map(|line| serde_json::from_str(line).expect(line)).collect();
    let last = if end.success { replies.pop() } else { None };
    let gained = match last {
        Some(Reply::Failed { .. } | Reply::Looked { fits: false, .. }) => false,
        // It went wrong, and its exit status says so.
        None => end.success,
        Some(_) => true,
    };
    !gained && replies.iter().all(|reply| *reply == Reply::Touch)
}

#[test]
fn garbage_never_looks_like_success() {
    let keys = Keys::new();
    let (_, credential) = keys.enrolled("desk");
    let garbage = [
        // The answer to INIT: zeros, noise, another nonce.
        "frames init 00".to_owned(),
        format!("frames init {}", hex(0xa5, 64)),
        format!("frames init ffffffff860011{}00000001020000000004", hex(1, 8)),
        // An error without a code, a command that there is not, an empty answer, one of U2F.
        "frames message 00000001bf000100".to_owned(),
        "frames message 00000001d5000100".to_owned(),
        "frames message 0000000190000000".to_owned(),
        "frames message 000000018300029000".to_owned(),
        format!("frames message {}", hex(0x5a, 64)),
        // What a key says of itself: nothing, no map, cut off, nested without end, a member that nobody knows.
        "answers 04 00".to_owned(),
        "answers 04 00a0".to_owned(),
        "answers 04 0080".to_owned(),
        "answers 04 00bf01".to_owned(),
        format!("answers 04 00{}", hex(0x9f, 3_000)),
        "answers 04 00a1183001".to_owned(),
        "answers 04 00a10341aa".to_owned(),
        // Tries and keys of the PIN protocol.
        "answers 06 00".to_owned(),
        "answers 06 00a10338ff".to_owned(),
        "answers 06 00a103187f".to_owned(),
        "answers 06 00a201a003187f".to_owned(),
        format!("answers 06 00a301a501020338182001215820{}225820{}0241ff0308", hex(0, 32), hex(0, 32)),
        // Answers that are too short, about nothing, or of another kind.
        "answers 02 00".to_owned(),
        "answers 02 00a0".to_owned(),
        "answers 02 00a1024103".to_owned(),
        format!("answers 02 00a1025825{}", hex(0xc5, 37)),
        format!("answers 02 00a2025825{}051a7fffffff", hex(0, 37)),
        "answers 02 f2".to_owned(),
        "answers 01 00".to_owned(),
        "answers 01 00a10241aa".to_owned(),
        format!("answers 01 00a1025837{}", hex(0xc5, 55)),
        format!("answers 01 00a1025837{}", hex(0xff, 55)),
    ];
    for garbage in garbage {
        keys.tell("remove desk");
        let key = keys.insert("desk");
        keys.tell(&format!("manner desk {garbage}"));
        let look = Request::Look { key: key.clone() };
        let secret = question(&key, &credential, &[hex(1, 32), hex(2, 32)]);
        // What is not asked for is not garbled: a look asks for no credential.
        let requests = match garbage.split_at("answers 0x".len()).0 {
            "answers 01" => vec![make(&key, &[])],
            "answers 02" => vec![secret],
            "answers 06" => vec![secret, make(&key, &[])],
            _ => vec![look.clone(), secret],
        };
        for request in requests {
            let end = keys.begin(&serde_json::to_string(&request).unwrap()).end();
            assert!(nothing_gained(&end), "{garbage}, {request:?}: {:?} {}", end.lines, end.errors);
        }
        keys.tell("manner desk honest");
        let well = keys.ask(&look);
        assert!(matches!(well, Ok(Reply::Looked { fits: true, .. })), "after {garbage}: {well:?}");
    }
    let key = keys.list().remove(0).key;
    assert!(keys.ask(&question(&key, &credential, &[hex(1, 32)])).is_ok());
    assert!(keys.ask(&make(&key, &[])).is_ok());
}

#[test]
fn an_answer_about_something_else_is_no_answer() {
    let keys = Keys::new();
    let (key, credential) = keys.enrolled("desk");
    let other = |code: &str| Failure::Other { code: code.to_owned() };
    let ask = question(&key, &credential, &[hex(1, 32), hex(2, 32)]);
    for (lie, of_secret, of_make) in [
        ("rp", other("other-rp"), other("other-rp")),
        ("uv", other("other-user-verification"), other("other-user-verification")),
        ("up", Failure::NotTouched, Failure::Unfit),
        ("secret", Failure::Unfit, Failure::Unfit),
    ] {
        keys.tell(&format!("manner desk lies {lie}"));
        assert_eq!(keys.ask(&ask), Err(of_secret), "{lie}");
        assert_eq!(keys.ask(&make(&key, &[])), Err(of_make), "{lie}");
        keys.tell("manner desk honest");
        assert!(keys.ask(&ask).is_ok() && keys.ask(&make(&key, &[])).is_ok());
    }
    keys.tell("manner desk lies credential");
    let found = keys.ask(&find(&key, std::slice::from_ref(&credential), PIN));
    assert_eq!(found, Err(other("other-credential")));
    keys.tell("manner desk honest");
    assert!(keys.ask(&find(&key, &[credential], PIN)).is_ok());
}

#[test]
fn a_key_without_what_a_slot_key_needs_does_not_fit_and_is_not_enrolled() {
    let keys = Keys::new();
    let (key, credential) = keys.enrolled("desk");
    let fits = || match keys.ask(&Request::Look { key: key.clone() }) {
        Ok(Reply::Looked { fits, .. }) => fits,
        other => panic!("{other:?}"),
    };
    for lacks in ["without hmac-secret", "without credProtect", "protocols 3"] {
        keys.tell(&format!("manner desk {lacks}"));
        assert!(!fits(), "{lacks}");
        assert_eq!(keys.ask(&make(&key, &[])), Err(Failure::Unfit), "{lacks}");
        assert_eq!(keys.ask(&find(&key, std::slice::from_ref(&credential), PIN)), Err(Failure::Unfit));
        keys.tell("manner desk honest");
        assert!(fits() && keys.ask(&make(&key, &[])).is_ok());
    }
    // Most keys on the market give secrets of a credential only after it was made.
    keys.tell("manner desk without hmac-secret-mc");
    assert!(fits() && keys.ask(&make(&key, &[])).is_ok());
    assert_eq!(outputs(keys.ask(&question(&key, &credential, &[hex(1, 32)]))).len(), 1);
    // One of before CTAP 2 knows no question of ours.
    keys.tell("manner desk answers 04 01");
    assert_eq!(keys.ask(&Request::Look { key }), Err(Failure::Unfit));
}

#[test]
fn a_key_that_says_nothing_or_only_that_it_works_keeps_the_helper_until_it_is_killed() {
    let keys = Keys::new();
    for (name, manner) in
        [("silent", "hangs"), ("busy", "pulses 1"), ("waiting", "pulses 2"), ("odd", "pulses 0")]
    {
        let key = keys.insert(name);
        keys.tell(&format!("manner {name} {manner}"));
        let look = Request::Look { key };
        let mut helper = keys.begin(&serde_json::to_string(&look).unwrap());
        keys.tell(&format!("awaits {name}"));
        assert!(helper.runs(), "{manner}");
        let end = helper.kill();
        assert!(!end.success && end.lines.is_empty(), "{manner}: {:?}", end.lines);
        keys.tell(&format!("manner {name} honest"));
        assert!(matches!(keys.ask(&look), Ok(Reply::Looked { fits: true, .. })), "{manner}");
        keys.tell(&format!("remove {name}"));
    }
}

#[test]
fn what_is_no_request_is_answered_as_such() {
    let keys = Keys::new();
    let key = keys.insert("desk");
    let refused = r#"{"answer":"failed","why":{"failure":"request"}}"#;
    let look = |key: &str| format!(r#"{{"ask":"look","key":"{key}"}}"#);
    for request in [
        String::new(),
        "nonsense".to_owned(),
        r#"{"ask":"sign","key":"x"}"#.to_owned(),
        r#"{"ask":"list","all":true}"#.to_owned(),
        look("/dev/null"),
        " ".repeat(70_000),
    ] {
        let end = keys.begin(&request).end();
        assert!(end.success && end.lines == [refused], "{request:.40}: {:?}", end.lines);
    }
    let taken_out = r#"{"answer":"failed","why":{"failure":"taken-out"}}"#;
    assert_eq!(keys.begin(&look("/dev/null#5")).end().lines, [taken_out]);
    assert!(keys.begin(&look(&key)).end().lines[0].starts_with(r#"{"answer":"looked""#));
    for request in [
        Request::Secret {
            key: key.clone(),
            rp: "Not a name".to_owned(),
            credential: hex(1, 64),
            salts: vec![hex(1, 32)],
            challenge: hex(1, 32),
            pin: crate::harness::secret(PIN),
        },
        question(&key, "0", &[hex(1, 32)]),
        question(&key, &hex(1, 1_024), &[hex(1, 32)]),
        question(&key, &hex(1, 64), &[]),
        question(&key, &hex(1, 64), &[hex(1, 31)]),
        question(&key, &hex(1, 64), &vec![hex(1, 32); 3]),
    ] {
        assert_eq!(keys.ask(&request), Err(Failure::Request), "{request:?}");
    }
}
