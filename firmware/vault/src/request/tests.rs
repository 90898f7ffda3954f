use relaybox_protocol::random::Random;

use super::*;

fn key(n: u8) -> PublicKey {
    Random::seeded([n; 32]).keys().public_key()
}

fn joining() -> Joining {
    Joining {
        key: key(1),
        name: "Nora Sampleton, RN".to_owned(),
        role: "nurse".to_owned(),
        words: ["write", "vitals"].map(str::to_owned).into(),
        until: None,
        replaces: None,
        pop: "ab".repeat(64),
    }
}

fn link() -> LinkGrant {
    LinkGrant {
        child: key(3),
        guardian: key(4),
        name: "Mia Testwell".to_owned(),
        relationship: "mother".to_owned(),
        compartments: vec!["desk".to_owned(), "chart".to_owned()],
        until: None,
        pop: "cd".repeat(64),
    }
}

fn client() -> ClientGrant {
    ClientGrant {
        client: "growth-charts".to_owned(),
        patients: Whom::Named { keys: vec![key(3)] },
        key: KeyName::Jwk { thumbprint: "a".repeat(43) },
        scopes: vec!["patient/Observation.rs".to_owned()],
        until: 7,
        purpose: "growth charts".to_owned(),
    }
}

fn former() -> LegacyImport {
    LegacyImport {
        former: key(6),
        staff: vec![key(7)],
        guardians: vec![key(4)],
        patients: vec![key(3), key(4)],
    }
}

fn profile() -> Profile {
    Profile {
        name: "Sample Pediatrics".to_owned(),
        about: Some("Care for children.".to_owned()),
        website: Some("https://sample.example/about".to_owned()),
        relays: vec!["wss://sample.example".to_owned()],
        inboxes: vec!["wss://[::1]:8443/".to_owned()],
        servers: vec!["https://files.sample.example".to_owned()],
    }
}

fn read(operation: &Operation) -> Result<Operation, RequestError> {
    Operation::parse(&operation.canonical())
}

fn roster(change: RosterChange) -> Operation {
    Operation::Roster { changes: vec![change] }
}

#[test]
fn every_operation_is_read_back_as_it_was_written() {
    let id = EventId::from_byte_array([5; 32]);
    let agent = AgentGrant {
        key: key(2),
        service: "fhir".to_owned(),
        kinds: vec![2110],
        compartments: vec!["desk".to_owned()],
        patients: "clients".to_owned(),
        until: Some(7),
        pop: "cd".repeat(64),
    };
    for operation in [
        roster(RosterChange::Join(joining())),
        roster(RosterChange::Words { key: key(1), words: vec!["write".to_owned()] }),
        roster(RosterChange::Leave { key: key(1) }),
        Operation::Agent(AgentChange::Grant(agent)),
        Operation::Agent(AgentChange::End { key: key(2) }),
        Operation::Link(LinkChange::Grant(link())),
        Operation::Link(LinkChange::End { child: key(3), guardian: key(4) }),
        Operation::Client(ClientChange::Grant(client())),
        Operation::Client(ClientChange::Grant(ClientGrant {
            patients: Whom::All { export: true },
            key: KeyName::Key { key: key(5) },
            ..client()
        })),
        Operation::Client(ClientChange::End { client: "growth-charts".to_owned() }),
        Operation::Profile(profile()),
        Operation::ImportLegacy(former()),
        Operation::Rotate {},
        Operation::Lift { suspension: id },
        Operation::Destroy { ids: vec![id] },
        Operation::Thaw {},
        Operation::AddSlotKey { label: "Brandt, bank".to_owned() },
        Operation::RemoveSlotKey { label: "Old blue".to_owned() },
    ] {
        assert_eq!(read(&operation).unwrap(), operation);
    }
}

#[test]
fn a_secret_key_has_no_place_in_a_request() {
    let request = String::from_utf8(roster(RosterChange::Join(joining())).canonical()).unwrap();
    let hex = key(1).to_hex();
    Operation::parse(request.as_bytes()).unwrap();
    let nsec = "nsec1vl029mgpspedva04g90vltkh6fvh240zqtv9k0t9af8935ke9laqsnlfe5";
    let typed = request.replace(&hex, nsec);
    assert_ne!(typed, request);
    assert_eq!(Operation::parse(typed.as_bytes()), Err(RequestError::Unknown));
    let added = request.replacen("\"key\":", "\"secret\":\"11\",\"key\":", 1);
    assert_ne!(added, request);
    assert_eq!(Operation::parse(added.as_bytes()), Err(RequestError::Unknown));
}

#[test]
fn nothing_outside_the_list_is_taken() {
    for json in [
        "",
        "null",
        "[]",
        r#"{"verb":"sign","event":{}}"#,
        r#"{"verb":"decrypt","payload":"x"}"#,
        r#"{"verb":"export"}"#,
        r#"{"verb":"ecdh","key":"00"}"#,
        r#"{"verb":"rotate","grace":0}"#,
        r#"{"verb":"thaw","verb":"rotate"}"#,
        r#"{"verb":"Rotate"}"#,
        r#"{"verb":"rotate"} {}"#,
        r#"{"verb":"link","change":"end","child":"00","guardian":"00"}"#,
        r#"{"verb":"client","change":"end","client":"a","more":1}"#,
    ] {
        assert_eq!(Operation::parse(json.as_bytes()), Err(RequestError::Unknown), "{json}");
    }
    assert!(Operation::parse(br#"{"verb":"rotate"}"#).is_ok());
}

#[test]
fn names_that_a_display_cannot_show_honestly_are_refused() {
    let longest = "n".repeat(NAME_CHARACTERS_MAX);
    let named = |name: &str| {
        read(&roster(RosterChange::Join(Joining { name: name.to_owned(), ..joining() }))).map(|_| ())
    };
    for name in ["", "  ", "a\u{0}b", "two\nlines", "turn \u{202e}enruN", &format!("{longest}n")] {
        assert_eq!(named(name), Err(RequestError::Name), "{name:?}");
    }
    for name in ["Ñandú Öz", &longest] {
        assert_eq!(named(name), Ok(()), "{name:?}");
    }
}

#[test]
fn roles_have_only_the_words_they_may_have() {
    let with = |words: &[&str]| {
        let words = words.iter().map(|word| (*word).to_owned()).collect();
        read(&roster(RosterChange::Join(Joining { words, ..joining() }))).map(|_| ())
    };
    assert_eq!(with(&["write", "confidential", "admin"]), Ok(()));
    assert_eq!(with(&["prescribe"]), Err(RequestError::NotOfRole));
    assert_eq!(with(&["fly"]), Err(RequestError::Word));
    assert_eq!(with(&["write", "write"]), Err(RequestError::Twice));
}

#[test]
fn one_key_is_changed_once() {
    let twice = Operation::Roster {
        changes: vec![RosterChange::Join(joining()), RosterChange::Leave { key: key(1) }],
    };
    assert_eq!(read(&twice), Err(RequestError::Twice));
    let itself = roster(RosterChange::Join(Joining { replaces: Some(key(1)), ..joining() }));
    assert_eq!(read(&itself), Err(RequestError::Twice));
}

#[test]
fn lists_have_a_first_and_a_last() {
    let leave = |count: u8| Operation::Roster {
        changes: (0..count).map(|n| RosterChange::Leave { key: key(n) }).collect(),
    };
    let most = u8::try_from(CHANGES_MAX).unwrap();
    assert_eq!(read(&leave(0)), Err(RequestError::Empty));
    assert!(read(&leave(most)).is_ok());
    assert_eq!(read(&leave(most + 1)), Err(RequestError::TooMany(CHANGES_MAX)));
    let destroy = |count: usize| Operation::Destroy {
        ids: (0..count).map(|n| EventId::from_byte_array([u8::try_from(n % 256).unwrap(); 32])).collect(),
    };
    assert_eq!(read(&destroy(0)), Err(RequestError::Empty));
    assert!(read(&destroy(DESTROY_MAX)).is_ok());
    assert_eq!(read(&destroy(DESTROY_MAX + 1)), Err(RequestError::TooMany(DESTROY_MAX)));
}

#[test]
fn no_service_is_given_confidential_records() {
    let grant = AgentGrant {
        key: key(2),
        service: "fhir".to_owned(),
        kinds: vec![2110],
        compartments: vec!["desk".to_owned(), "confidential".to_owned()],
        patients: "all".to_owned(),
        until: None,
        pop: "cd".repeat(64),
    };
    let asked = Operation::Agent(AgentChange::Grant(grant));
    assert_eq!(read(&asked), Err(RequestError::Confidential));
}

#[test]
fn the_challenge_follows_every_part() {
    let operation = Operation::Rotate {};
    let head = Some(EventId::from_byte_array([4; 32]));
    let base = challenge(&[1; 32], &key(1), head, 9, &operation.canonical());
    let others = [
        challenge(&[2; 32], &key(1), head, 9, &operation.canonical()),
        challenge(&[1; 32], &key(2), head, 9, &operation.canonical()),
        challenge(&[1; 32], &key(1), None, 9, &operation.canonical()),
        challenge(&[1; 32], &key(1), head, 10, &operation.canonical()),
        challenge(&[1; 32], &key(1), head, 9, &Operation::Thaw {}.canonical()),
    ];
    assert!(others.iter().all(|other| *other != base));
    assert_eq!(challenge(&[1; 32], &key(1), head, 9, &operation.canonical()), base);
}

#[test]
fn links_read_the_desk_and_never_what_is_confidential() {
    let with = |compartments: &[&str]| {
        let compartments = compartments.iter().map(|word| (*word).to_owned()).collect();
        read(&Operation::Link(LinkChange::Grant(LinkGrant { compartments, ..link() }))).map(|_| ())
    };
    assert_eq!(with(&["desk"]), Ok(()));
    assert_eq!(with(&["desk", "confidential"]), Err(RequestError::Confidential));
    assert_eq!(with(&["chart"]), Err(RequestError::Word));
    assert_eq!(with(&[]), Err(RequestError::Word));
    assert_eq!(with(&["desk", "desk"]), Err(RequestError::Twice));
    let itself = LinkGrant { guardian: key(3), ..link() };
    assert_eq!(read(&Operation::Link(LinkChange::Grant(itself))), Err(RequestError::Twice));
    let nameless = LinkGrant { relationship: "\u{202e}rehtom".to_owned(), ..link() };
    assert_eq!(read(&Operation::Link(LinkChange::Grant(nameless))), Err(RequestError::Name));
}

#[test]
fn a_client_grant_says_whose_records_by_which_key_and_for_what() {
    let asked = |grant: ClientGrant| read(&Operation::Client(ClientChange::Grant(grant))).map(|_| ());
    let named = |count: usize| {
        let keys = (0..count).map(|n| Random::seeded([u8::try_from(n % 250).unwrap() + 1; 32]).keys());
        Whom::Named { keys: keys.map(|keys| keys.public_key()).collect() }
    };
    assert_eq!(asked(client()), Ok(()));
    assert_eq!(asked(ClientGrant { patients: named(0), ..client() }), Err(RequestError::Empty));
    assert_eq!(asked(ClientGrant { patients: named(250), ..client() }), Ok(()));
    assert_eq!(asked(ClientGrant { patients: named(251), ..client() }), Err(RequestError::Twice));
    let most = CLIENT_PATIENTS_MAX;
    assert_eq!(
        asked(ClientGrant { patients: named(most + 1), ..client() }),
        Err(RequestError::TooMany(most))
    );
    assert_eq!(asked(ClientGrant { scopes: Vec::new(), ..client() }), Err(RequestError::Empty));
    let scopes = vec!["confidential".to_owned()];
    assert_eq!(asked(ClientGrant { scopes, ..client() }), Err(RequestError::Confidential));
    let scopes = vec!["two words".to_owned()];
    assert_eq!(asked(ClientGrant { scopes, ..client() }), Err(RequestError::Word));
    let short = KeyName::Jwk { thumbprint: "a".repeat(42) };
    assert_eq!(asked(ClientGrant { key: short, ..client() }), Err(RequestError::Word));
    assert_eq!(asked(ClientGrant { purpose: " ".to_owned(), ..client() }), Err(RequestError::Name));
    for id in ["", "a b", "\u{0430}pp", &"x".repeat(65)] {
        assert_eq!(
            asked(ClientGrant { client: id.to_owned(), ..client() }),
            Err(RequestError::Name),
            "{id:?}"
        );
    }
}

#[test]
fn addresses_of_a_profile_look_like_what_they_are() {
    let asked = |profile: Profile| read(&Operation::Profile(profile)).map(|_| ());
    assert_eq!(asked(profile()), Ok(()));
    let bare = Profile { about: None, website: None, relays: Vec::new(), ..profile() };
    assert_eq!(asked(bare), Ok(()));
    for address in [
        "ws://sample.example",
        "wss://",
        "wss:///path",
        "wss://user@sample.example",
        "wss://s\u{0430}mple.example",
        "wss://sample.example/a b",
        "WSS://sample.example",
        &format!("wss://{}", "a".repeat(200)),
    ] {
        let relays = vec![address.to_owned()];
        assert_eq!(asked(Profile { relays, ..profile() }), Err(RequestError::Address), "{address}");
    }
    let http = Some("http://sample.example".to_owned());
    assert_eq!(asked(Profile { website: http, ..profile() }), Err(RequestError::Address));
    let twice = vec!["https://a.example".to_owned(); 2];
    assert_eq!(asked(Profile { servers: twice, ..profile() }), Err(RequestError::Twice));
    let many = (0..11).map(|n| format!("wss://a{n}.example")).collect();
    assert_eq!(asked(Profile { inboxes: many, ..profile() }), Err(RequestError::TooMany(10)));
    let lines = Some("two\nlines".to_owned());
    assert_eq!(asked(Profile { about: lines, ..profile() }), Err(RequestError::Name));
}

#[test]
fn an_import_names_each_key_once_a_list_and_the_practice_in_none() {
    let asked = |import: LegacyImport| read(&Operation::ImportLegacy(import)).map(|_| ());
    assert_eq!(asked(former()), Ok(()));
    let nobody = LegacyImport { staff: Vec::new(), guardians: Vec::new(), patients: Vec::new(), ..former() };
    assert_eq!(asked(nobody), Ok(()));
    assert_eq!(asked(LegacyImport { staff: vec![key(7); 2], ..former() }), Err(RequestError::Twice));
    assert_eq!(asked(LegacyImport { patients: vec![key(6)], ..former() }), Err(RequestError::Twice));
    let many = |count: usize| vec![key(7); count];
    let most = FORMER_SIGNERS_MAX;
    let signers = LegacyImport { staff: many(most), guardians: many(1), ..former() };
    assert_eq!(asked(signers), Err(RequestError::TooMany(most)));
    let most = FORMER_PATIENTS_MAX;
    assert_eq!(
        asked(LegacyImport { patients: many(most + 1), ..former() }),
        Err(RequestError::TooMany(most))
    );
}
