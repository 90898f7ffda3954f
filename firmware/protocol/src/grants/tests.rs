use super::*;
use crate::envelope::EpochSecret;
use crate::epochs::Sequence;
use crate::event::Verified;
use crate::permissions::{Compartment, Role, Word};
use crate::testing::{keys, random};

const NOW: u64 = 1_790_000_000;
const POP: &str = "aa";

fn rows(count: usize) -> Vec<GrantRow> {
    (0..count)
        .map(|n| {
            let epoch = EpochSecret::new(keys(&format!("e{}", n % 3)).secret_key().clone());
            let subject = keys(&format!("t{n}")).public_key();
            GrantRow { epoch_key: epoch.public, subject, key: epoch.reader_key(&subject).unwrap() }
        })
        .collect()
}

fn patient_grant(rows: &[GrantRow]) -> Result<Event, CryptoError> {
    let authority = EventId::from_byte_array([5; 32]);
    build_patient_grant(
        &keys("doctor"),
        &keys("reader").public_key(),
        &authority,
        rows,
        NOW,
        &mut random("2100"),
    )
}

#[test]
fn a_patient_grant_opens_with_as_many_keys_as_rows() {
    for count in [1, 3, ROWS_MAX] {
        let event = patient_grant(&rows(count)).unwrap();
        assert_eq!(open_patient_grant(keys("reader").secret_key(), &event), Some(rows(count)));
        assert_eq!(open_patient_grant(keys("other").secret_key(), &event), None);
        let shape = parse_patient_grant(&event).unwrap();
        assert_eq!((shape.reader, shape.rows.len()), (keys("reader").public_key(), count));
        assert_eq!(shape.authority, EventId::from_byte_array([5; 32]));
        assert!(Verified::from_event(event).is_ok());
    }
    assert_eq!(patient_grant(&[]), Err(CryptoError::Size));
    assert_eq!(patient_grant(&rows(ROWS_MAX + 1)), Err(CryptoError::Size));
}

#[test]
fn a_patient_grant_of_another_shape_is_refused() {
    let event = patient_grant(&rows(2)).unwrap();
    let changed = |change: &dyn Fn(&mut Vec<Tag>)| {
        let mut tags = event.tags.clone().to_vec();
        change(&mut tags);
        let event = event::sign(&keys("doctor"), kinds::PATIENT_KEY_GRANT, tags, event.content.clone(), NOW);
        open_patient_grant(keys("reader").secret_key(), &event)
    };
    assert!(changed(&|_| ()).is_some());
    for at in 0..5 {
        assert_eq!(changed(&|tags| drop(tags.remove(at))), None, "without tag {at}");
    }
    assert_eq!(changed(&|tags| tags.push(tags[4].clone())), None);
    assert_eq!(changed(&|tags| tags.push(tag("seq", ["1"]))), None);
}

fn names(event: &Event) -> Vec<&str> {
    event.tags.iter().map(Tag::kind).collect()
}

fn cells(event: &Event, at: usize) -> Vec<&str> {
    event.tags[at].as_slice().iter().map(String::as_str).collect()
}

fn sequence() -> Sequence {
    Sequence { seq: 7, prev: Some(EventId::from_byte_array([6; 32])) }
}

fn desk() -> EpochSecret {
    EpochSecret::new(keys("desk").secret_key().clone())
}

fn opened(event: &Event) -> String {
    String::from_utf8(desk().practice_key().unwrap().decrypt(&event.content).unwrap()).unwrap()
}

#[test]
fn a_roster_entry_names_clinicians_in_clear_and_others_under_desk() {
    let desk = desk();
    let member = keys("member").public_key();
    let entry = RosterEntry {
        member,
        role: Role::Nurse,
        words: &[Word::Write, Word::Sign],
        from: NOW,
        until: Some(NOW + 9),
        ended: true,
        name: Name::Clear("Nora Nurse"),
        replaces: Some(keys("old").public_key()),
        pop: POP,
        sequence: sequence(),
        created_at: NOW,
    };
    let event = build_roster(&keys("practice"), &entry, &mut random("r")).unwrap();
    assert_eq!(names(&event), ["p", "from", "until", "end", "name", "replaces", "pop", "seq", "prev"]);
    assert_eq!(cells(&event, 0), ["p", &member.to_hex(), "nurse", "write,sign"]);
    assert_eq!((event.content.as_str(), cells(&event, 4)), ("", vec!["name", "Nora Nurse"]));
    let hidden = RosterEntry {
        role: Role::FrontDesk,
        until: None,
        ended: false,
        replaces: None,
        name: Name::Desk("Fred Front", Desk { n: 3, pair: &desk }),
        ..entry
    };
    let event = build_roster(&keys("practice"), &hidden, &mut random("r")).unwrap();
    assert_eq!(names(&event), ["p", "from", "pop", "epoch", "seq", "prev"]);
    assert_eq!(cells(&event, 3), ["epoch", "3"]);
    assert_eq!(opened(&event), r#"{"name":"Fred Front"}"#);
}

#[test]
fn an_agent_grant_has_its_exact_shape() {
    let entry = AgentEntry {
        agent: keys("agent").public_key(),
        service: Service::Fhir,
        kinds: &[2110, 2113],
        compartments: &[Compartment::Desk, Compartment::Chart],
        patients: Patients::Clients,
        until: None,
        ended: false,
        pop: POP,
        sequence: sequence(),
        created_at: NOW,
    };
    let event = build_agent(&keys("practice"), &entry);
    assert_eq!(names(&event), ["p", "kinds", "compartments", "patients", "pop", "seq", "prev"]);
    assert_eq!(cells(&event, 0)[2..], ["agent", "fhir"]);
    assert_eq!(cells(&event, 1), ["kinds", "2110", "2113"]);
    assert_eq!(cells(&event, 2), ["compartments", "desk", "chart"]);
    assert_eq!(cells(&event, 3), ["patients", "clients"]);
    assert!(Service::ALL.iter().all(|service| Service::parse(service.as_str()) == Some(*service)));
    assert!(Patients::ALL.iter().all(|patients| Patients::parse(patients.as_str()) == Some(*patients)));
}

#[test]
fn a_link_holds_no_secret_and_a_sequence_only_by_the_practice() {
    let desk = desk();
    let mut entry = LinkEntry {
        child: keys("t").public_key(),
        guardian: keys("g").public_key(),
        compartments: &[Compartment::Desk, Compartment::Chart],
        until: Some(NOW + 5),
        ended: false,
        pop: POP,
        name: "Gerda Guardian",
        relationship: "mother",
        desk: Desk { n: 2, pair: &desk },
        sequence: None,
        created_at: NOW,
    };
    let event = build_link(&keys("frontdesk"), &entry, &mut random("l")).unwrap();
    assert_eq!(names(&event), ["p", "p", "compartments", "until", "pop", "epoch"]);
    assert_eq!((cells(&event, 0)[2], cells(&event, 1)[2]), ("child", "guardian"));
    assert_eq!(opened(&event), r#"{"name":"Gerda Guardian","relationship":"mother"}"#);
    entry.sequence = Some(sequence());
    entry.ended = true;
    let event = build_link(&keys("practice"), &entry, &mut random("l")).unwrap();
    assert_eq!(names(&event), ["p", "p", "compartments", "until", "end", "pop", "epoch", "seq", "prev"]);
}

#[test]
fn suspensions_name_a_person_a_client_or_a_link_and_are_lifted_by_id() {
    let (person, child, link) =
        (keys("s").public_key(), keys("t").public_key(), EventId::from_byte_array([1; 32]));
    let build = |of, scope| {
        let suspension = Suspension { of, scope, sequence: None, created_at: NOW };
        build_suspension(&keys("admin"), &suspension)
    };
    assert_eq!(cells(&build(Suspended::Person(&person), None), 0), ["p", &person.to_hex()]);
    assert_eq!(cells(&build(Suspended::Client("app"), None), 0), ["client", "app"]);
    assert_eq!(cells(&build(Suspended::Link(&link), None), 0), ["e", &link.to_hex()]);
    let scoped = build(Suspended::Person(&person), Some(&child));
    assert_eq!(cells(&scoped, 1), ["p", &child.to_hex(), "scope"]);
    assert_eq!(scoped.kind.as_u16(), kinds::SUSPENSION);
    let lift = build_lift(&keys("practice"), &scoped.id, sequence(), NOW);
    assert_eq!(names(&lift), ["lift", "seq", "prev"]);
    assert_eq!(cells(&lift, 0), ["lift", &scoped.id.to_hex()]);
}

#[test]
fn a_client_grant_names_one_patient_or_by_the_practice_all() {
    let desk = desk();
    let patient = keys("t").public_key();
    let entry = ClientEntry {
        client: "app",
        subject: ClientSubject::Patient(&patient),
        key: ClientKey::Thumbprint("thumb"),
        scopes: &["patient/Observation.rs", "patient/Patient.r"],
        until: NOW + 5,
        ended: false,
        purpose: "growth charts",
        desk: Desk { n: 1, pair: &desk },
        sequence: None,
        created_at: NOW,
    };
    let event = build_client_grant(&keys("admin"), &entry, &mut random("c")).unwrap();
    assert_eq!(names(&event), ["client", "p", "jwk", "scope", "scope", "until", "epoch"]);
    assert_eq!(opened(&event), "growth charts");
    let all = ClientEntry {
        subject: ClientSubject::All { export: true },
        key: ClientKey::Key(&patient),
        ended: true,
        sequence: Some(sequence()),
        ..entry
    };
    let event = build_client_grant(&keys("practice"), &all, &mut random("c")).unwrap();
    let expected =
        ["client", "patients", "export", "key", "scope", "scope", "until", "end", "epoch", "seq", "prev"];
    assert_eq!(names(&event), expected);
}

#[test]
fn shares_invitations_and_their_end_have_their_exact_shapes() {
    let (author, recipient) = (keys("t"), keys("r"));
    let invitation = build_invitation(&author, b"token", NOW + 5, NOW);
    assert_eq!(names(&invitation), ["invite", "until"]);
    let hash: [u8; 32] = <sha2::Sha256 as sha2::Digest>::digest(b"token").into();
    assert_eq!(cells(&invitation, 0)[1], hex::encode(&hash));
    let ids = [invitation.id, EventId::from_byte_array([9; 32])];
    let blob = "cd".repeat(32);
    let share = Share {
        recipient: recipient.public_key(),
        ids: &ids,
        until: NOW + 5,
        blob: Some(&blob),
        purpose: "second opinion",
        said: Some(Said::Selection),
        created_at: NOW,
    };
    let event = build_share(&author, &share, &mut random("s")).unwrap();
    assert_eq!(names(&event), ["p", "e", "e", "until", "x"]);
    let text = open_share(recipient.secret_key(), &author.public_key(), &event).unwrap();
    assert_eq!((text.purpose.as_str(), text.said), ("second opinion", Some(Said::Selection)));
    assert_eq!(open_share(author.secret_key(), &recipient.public_key(), &event), Some(text));
    assert_eq!(open_share(keys("x").secret_key(), &author.public_key(), &event), None);
    let none = Share { ids: &[], ..share.clone() };
    assert_eq!(build_share(&author, &none, &mut random("s")), Err(CryptoError::Size));
    let end = build_share_end(&author, &event.id, NOW);
    assert_eq!(cells(&end, 0), ["e", &event.id.to_hex(), "", "end"]);
}

#[test]
fn succession_and_destruction_have_their_exact_shapes() {
    let head = EventId::from_byte_array([1; 32]);
    let event = build_succession(&keys("p2"), &keys("p").public_key(), &head, &[0xee; 32], sequence(), NOW);
    assert_eq!(names(&event), ["p", "e", "next", "seq", "prev"]);
    assert_eq!((event.pubkey, cells(&event, 2)[1]), (keys("p2").public_key(), "ee".repeat(32).as_str()));
    let event = build_destruction(&keys("p"), &[head, event.id], sequence(), NOW);
    assert_eq!(names(&event), ["e", "e", "seq", "prev"]);
    assert_eq!(cells(&event, 0), ["e", &head.to_hex()]);
}

#[test]
fn a_share_text_is_one_strict_object() {
    let (author, recipient) = (keys("t"), keys("r"));
    let read = |text: &str| {
        let key = ConversationKey::derive(author.secret_key(), &recipient.public_key()).unwrap();
        let content = key.encrypt(text.as_bytes(), &mut random("text")).unwrap();
        let event = event::sign(&author, kinds::DISCLOSURE, Vec::new(), content, NOW);
        open_share(recipient.secret_key(), &author.public_key(), &event)
    };
    let expected = Some(ShareText { purpose: "x".to_owned(), said: None });
    for good in [r#"{"purpose":"x"}"#, r#"{"said":null,"purpose":"x"}"#] {
        assert_eq!(read(good), expected, "{good}");
    }
    for bad in [
        r#"["x",null]"#,
        r#"{"purpose":"x","purpose":"y"}"#,
        r#"{"purpose":"x","said":{"complete":null}}"#,
        r#"{"purpose":"x","said":"all"}"#,
        r#"{"purpose":"x","more":1}"#,
        r#"{"said":"complete"}"#,
    ] {
        assert_eq!(read(bad), None, "{bad}");
    }
}
