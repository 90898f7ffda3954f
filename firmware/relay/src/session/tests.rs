use relaybox_protocol::epochs::{EpochSecrets, NewEpoch, Sequence, build_epoch};
use relaybox_protocol::event::{self, sign, tag};
use relaybox_protocol::grants::{Name, RosterEntry, build_roster};
use relaybox_protocol::keys::{KeyRole, prove};
use relaybox_protocol::permissions::{Role, preticked};
use relaybox_protocol::random::Random;
use relaybox_protocol::{Keys, SecretKey};
use serde_json::json;

use super::*;

const NOW: u64 = 1_767_225_600;
const URL: &str = "wss://relay.example";

fn keys(n: u8) -> Keys {
    Keys::new(SecretKey::from_slice(&[n; 32]).unwrap())
}

fn members() -> Arc<Members> {
    Arc::new(Members::new(keys(1).public_key()))
}

fn session(limits: RelayConfig) -> Session {
    let mut session =
        Session::new(Arc::new(limits), Arc::from([URL.to_owned()]), "challenge".to_owned(), NOW);
    assert_eq!(texts(&mut session), [r#"["AUTH","challenge"]"#]);
    session
}

/// A session in which a key without any role is logged in.
fn logged_in(limits: RelayConfig) -> Session {
    let mut session = session(limits);
    let tags = vec![tag("relay", [URL]), tag("challenge", ["challenge"])];
    let auth = sign(&keys(2), 22242, tags, "", NOW);
    session.handle_text(NOW, &json!(["AUTH", auth]).to_string(), Some(&members()));
    assert_eq!(texts(&mut session), [format!("[\"OK\",\"{}\",true,\"\"]", auth.id.to_hex())]);
    session
}

fn effects(session: &mut Session) -> Vec<Effect> {
    std::iter::from_fn(|| session.poll_effect()).collect()
}

fn texts(session: &mut Session) -> Vec<String> {
    let texts = effects(session).into_iter().map(|effect| match effect {
        Effect::Send(text) => text,
        other => format!("{other:?}"),
    });
    texts.collect()
}

fn request(session: &mut Session, text: &str) -> Vec<Effect> {
    session.handle_text(NOW, text, Some(&members()));
    effects(session)
}

fn generation(effects: &[Effect]) -> u64 {
    match effects {
        [Effect::Read { generation }] => *generation,
        other => panic!("no read: {other:?}"),
    }
}

/// A note that only its author may read.
fn own_note(seq: Seq) -> Arc<Delivered> {
    let event = sign(&keys(2), 30078, vec![tag("d", [&seq.to_string()])], "x", NOW);
    Arc::new(Delivered {
        seq: Some(seq),
        received: NOW,
        id: event.id,
        author: event.pubkey,
        kind: event.kind.as_u16(),
        created_at: event.created_at.as_secs(),
        keys: event::index_keys(&event).into(),
        bytes: serde_json::to_string(&event).unwrap().into(),
        moves_members: false,
    })
}

#[test]
fn a_login_needs_no_second_challenge_and_a_foreign_one_is_refused() {
    let mut session = session(RelayConfig::default());
    let foreign = sign(
        &keys(2),
        22242,
        vec![tag("relay", ["wss://other.example"]), tag("challenge", ["challenge"])],
        "",
        NOW,
    );
    session.handle_text(NOW, &json!(["AUTH", foreign]).to_string(), Some(&members()));
    assert!(texts(&mut session)[0].contains("auth-required: the login event does not fit"));
    assert!(session.keys().is_empty());
    for n in [2, 3] {
        let auth = sign(
            &keys(n),
            22242,
            vec![tag("relay", ["wss://RELAY.example:443/"]), tag("challenge", ["challenge"])],
            "",
            NOW,
        );
        session.handle_text(NOW, &json!(["AUTH", auth]).to_string(), Some(&members()));
        assert!(texts(&mut session)[0].contains("true"));
    }
    assert_eq!(session.keys().len(), 2);
}

#[test]
fn a_replaced_request_is_not_answered_any_more() {
    let mut session = logged_in(RelayConfig::default());
    let old = generation(&request(&mut session, r#"["REQ","a",{"kinds":[1]}]"#));
    let new = generation(&request(&mut session, r#"["REQ","a",{"kinds":[2]}]"#));
    assert!(!session.reading(old) && session.reading(new));
    session.handle_stored_end(old, 5);
    session.handle_read_failed(old, Refusal::Storage);
    assert_eq!(texts(&mut session), Vec::<String>::new());
    session.handle_stored_end(new, 5);
    assert_eq!(texts(&mut session), [r#"["EOSE","a"]"#]);
    assert!(request(&mut session, r#"["CLOSE","a"]"#).is_empty());
    assert!(!session.reading(new));
}

#[test]
fn live_events_wait_for_the_stored_ones_and_come_once() {
    let mut session = logged_in(RelayConfig::default());
    let members = members_who_read();
    let read = generation(&request(&mut session, r#"["REQ","a",{"kinds":[30078]}]"#));
    for seq in [4, 5, 6] {
        assert!(session.handle_live(NOW, &own_note(seq), &members));
    }
    assert!(effects(&mut session).is_empty(), "nothing before EOSE");
    session.handle_stored_end(read, 5);
    let sent = effects(&mut session);
    assert!(
        matches!(&sent[..], [Effect::Send(end), Effect::Deliver { .. }] if end == r#"["EOSE","a"]"#),
        "{sent:?}"
    );
    session.handle_live(NOW, &own_note(5), &members);
    assert!(effects(&mut session).is_empty(), "the stored part covered it");
    session.handle_live(NOW, &own_note(7), &members);
    assert!(matches!(&effects(&mut session)[..], [Effect::Deliver { .. }]));
}

/// A practice with one epoch in which the logged-in key is a doctor.
fn members_who_read() -> Arc<Members> {
    members_until(None)
}

fn members_until(until: Option<u64>) -> Arc<Members> {
    let mut random = Random::seeded([1; 32]);
    let practice = keys(1);
    let secrets = EpochSecrets::generate(1, &mut random);
    let next = "ab".repeat(32);
    let epoch = NewEpoch {
        secrets: &secrets,
        previous: None,
        escrow: &keys(5).public_key(),
        receipts_box: &keys(6).public_key(),
        audit_box: &keys(7).public_key(),
        grace: 600,
        next: Some(&next),
        sequence: Sequence { seq: 1, prev: None },
        created_at: NOW,
    };
    let epoch = build_epoch(&practice, &epoch, &mut random).unwrap();
    let entry = RosterEntry {
        member: keys(2).public_key(),
        role: Role::Doctor,
        words: preticked(Role::Doctor),
        from: NOW,
        until,
        ended: false,
        name: Name::Clear("doctor"),
        replaces: None,
        pop: &prove(&keys(2), &practice.public_key(), KeyRole::Staff, &mut random),
        sequence: Sequence { seq: 2, prev: Some(epoch.id) },
        created_at: NOW,
    };
    let entry = build_roster(&practice, &entry, &mut random).unwrap();
    let mut members = Members::new(practice.public_key());
    members.pass(&epoch, 1, NOW);
    members.pass(&entry, 2, NOW);
    Arc::new(members)
}

#[test]
fn a_reader_that_does_not_keep_up_is_dropped_with_all_it_holds() {
    let mut session = logged_in(RelayConfig { outgoing_bytes_max: 2_000, ..RelayConfig::default() });
    let members = members_who_read();
    let read = generation(&request(&mut session, r#"["REQ","a",{"kinds":[30078]}]"#));
    session.handle_stored_end(read, 0);
    effects(&mut session);
    let mut seq = 0;
    while !session.ended() {
        seq += 1;
        session.handle_live(NOW, &own_note(seq), &members);
        assert!(seq < 100);
    }
    assert!(seq > 2, "up to the limit events are kept");
    assert!(matches!(&effects(&mut session)[..], [Effect::Drop]));
    assert!(!session.handle_live(NOW, &own_note(200), &members));
}

#[test]
fn waiting_live_events_count_against_the_slow_reader_limit() {
    let mut session = logged_in(RelayConfig { outgoing_bytes_max: 2_000, ..RelayConfig::default() });
    let members = members_who_read();
    request(&mut session, r#"["REQ","a",{"kinds":[30078]}]"#);
    for seq in 1..100 {
        session.handle_live(NOW, &own_note(seq), &members);
    }
    assert!(session.ended());
    let mut session = logged_in(RelayConfig { outgoing_bytes_max: 2_000, ..RelayConfig::default() });
    for seq in 1..100 {
        request(&mut session, r#"["REQ","a",{"kinds":[30078]}]"#);
        session.handle_live(NOW, &own_note(seq), &members);
    }
    assert!(!session.ended(), "what a replaced request waited for is given back");
}

#[test]
fn events_under_way_stop_the_reading_until_they_are_answered() {
    let mut session = logged_in(RelayConfig { frame_bytes_max: 1_000, ..RelayConfig::default() });
    let event = sign(&keys(2), 30078, vec![tag("d", ["x"])], "x".repeat(600), NOW);
    let text = format!("[\"EVENT\",{}]", serde_json::to_string(&event).unwrap());
    session.handle_text(NOW, &text, Some(&members()));
    let [Effect::Admit { id, json, .. }] = &effects(&mut session)[..] else { panic!("no event") };
    assert_eq!(
        (id.as_str(), &**json),
        (event.id.to_hex().as_str(), serde_json::to_string(&event).unwrap().as_str())
    );
    let bytes = json.len();
    assert_eq!(session.may_read(), bytes < 1_000);
    session.handle_text(NOW, &text, Some(&members()));
    assert!(!session.may_read());
    effects(&mut session);
    session.handle_admitted(id, bytes, Ok(Fate::Stored));
    assert!(session.may_read());
}

#[test]
fn time_limits_are_polled_not_waited_for() {
    let limits = RelayConfig { auth_seconds_max: 60, idle_seconds: 100, ..RelayConfig::default() };
    let mut silent = session(limits.clone());
    assert_eq!(silent.poll_timeout(), NOW + 50);
    silent.handle_timeout(NOW + 50, None);
    assert!(matches!(&effects(&mut silent)[..], [Effect::Ping]));
    silent.handle_timeout(NOW + 60, None);
    assert!(matches!(&effects(&mut silent)[..], [Effect::Send(_), Effect::Close(CLOSE_POLICY)]));
    let mut session = logged_in(limits);
    session.handle_timeout(NOW + 50, None);
    assert!(matches!(&effects(&mut session)[..], [Effect::Ping]));
    session.handle_heard(NOW + 51);
    session.handle_timeout(NOW + 100, None);
    assert!(effects(&mut session).is_empty(), "a pong is a sign of life");
    session.handle_timeout(NOW + 101, None);
    session.handle_timeout(NOW + 151, None);
    assert!(matches!(&effects(&mut session)[..], [Effect::Ping, Effect::Close(CLOSE_GOING_AWAY)]));
}

#[test]
fn a_member_whose_time_is_over_is_shut_out_by_the_timer_and_one_second_before_is_served() {
    let end = NOW + 30;
    let members = members_until(Some(end));
    let login = |session: &mut Session| {
        let tags = vec![tag("relay", [URL]), tag("challenge", ["challenge"])];
        let auth = sign(&keys(2), 22242, tags, "", NOW);
        session.handle_text(NOW, &json!(["AUTH", auth]).to_string(), Some(&members));
        session.handle_text(NOW, r#"["REQ","a",{"kinds":[30078]}]"#, Some(&members));
        let read = generation(&effects(session)[1..]);
        session.handle_stored_end(read, 0);
        effects(session);
    };
    let closed = |sent: &[Effect]| {
        matches!(sent, [Effect::Send(closed), Effect::Close(CLOSE_POLICY)] if closed.starts_with(
            "[\"CLOSED\",\"a\",\"restricted: this key was replaced or ended"
        ))
    };
    let mut silent = session(RelayConfig::default());
    login(&mut silent);
    assert_eq!(silent.poll_timeout(), end);
    silent.handle_timeout(end - 1, Some(&members));
    assert!(effects(&mut silent).is_empty() && !silent.ended());
    silent.handle_timeout(end, Some(&members));
    let sent = effects(&mut silent);
    assert!(closed(&sent), "{sent:?}");

    // An event that comes first, and a frame that comes first, find the same.
    let mut subscribed = session(RelayConfig::default());
    login(&mut subscribed);
    assert!(subscribed.handle_live(end - 1, &own_note(4), &members));
    assert!(matches!(&effects(&mut subscribed)[..], [Effect::Deliver { .. }]));
    assert!(subscribed.handle_live(end, &own_note(5), &members));
    let sent = effects(&mut subscribed);
    assert!(closed(&sent), "{sent:?}");
    let mut asking = session(RelayConfig::default());
    login(&mut asking);
    asking.handle_text(end, r#"["REQ","b",{}]"#, Some(&members));
    let sent = effects(&mut asking);
    assert!(closed(&sent), "{sent:?}");
}

#[test]
fn stopping_closes_every_subscription_and_then_the_socket() {
    let mut session = logged_in(RelayConfig::default());
    request(&mut session, r#"["REQ","a",{"kinds":[1]}]"#);
    request(&mut session, r#"["REQ","b",{"kinds":[1]}]"#);
    session.handle_stop();
    let sent = effects(&mut session);
    assert!(
        matches!(&sent[..], [Effect::Send(a), Effect::Send(b), Effect::Close(CLOSE_GOING_AWAY)] if a.contains("\"a\"") && b.contains("\"b\"")),
        "{sent:?}"
    );
    session.handle_text(NOW, r#"["REQ","c",{}]"#, Some(&members()));
    assert!(effects(&mut session).is_empty());
}

#[test]
fn without_a_practice_everything_has_one_answer() {
    let mut session = session(RelayConfig::default());
    session.handle_text(NOW, r#"["REQ","a",{}]"#, None);
    session.handle_text(NOW, r#"["NEG-OPEN","n",{},"61"]"#, None);
    session.handle_text(NOW, r#"["CLOSE","a"]"#, None);
    let none = "error: this box has no practice yet";
    assert_eq!(
        texts(&mut session),
        [format!(r#"["CLOSED","a","{none}"]"#), format!(r#"["NEG-ERR","n","{none}"]"#)]
    );
}

#[test]
fn logins_are_tried_a_bounded_number_of_times() {
    let mut session = session(RelayConfig { auth_keys_max: 1, ..RelayConfig::default() });
    let auth =
        |challenge| sign(&keys(2), 22242, vec![tag("relay", [URL]), tag("challenge", [challenge])], "", NOW);
    let (wrong, right) = (auth("other"), auth("challenge"));
    let mut log_in = |event| {
        session.handle_text(NOW, &json!(["AUTH", event]).to_string(), Some(&members()));
        texts(&mut session).remove(0)
    };
    for _ in 0..7 {
        assert!(log_in(&wrong).contains("does not fit"));
    }
    assert!(log_in(&right).contains("true"));
    assert!(log_in(&right).contains("rate-limited: too many keys on one connection"));
}

#[test]
fn nobody_logs_in_while_the_audit_takes_nothing_and_what_happened_is_told_to_it() {
    let mut session = session(RelayConfig::default());
    let auth = |at: u64| {
        let tags = vec![tag("relay", [URL]), tag("challenge", ["challenge"])];
        let auth = sign(&keys(2), 22242, tags, "", at);
        (auth.id.to_hex(), json!(["AUTH", auth]).to_string())
    };
    session.handle_audit(true);
    let (id, text) = auth(NOW);
    session.handle_text(NOW, &text, Some(&members()));
    assert_eq!(texts(&mut session), [messages::refused(&id, Refusal::Storage)]);
    assert!(session.keys().is_empty());
    session.handle_audit(false);
    let (id, text) = auth(NOW + 1);
    session.handle_text(NOW + 1, &text, Some(&members()));
    assert_eq!(texts(&mut session), [messages::ok(&id, true, "")]);
    let (_, stale) = auth(NOW - 601);
    session.handle_text(NOW + 1, &stale, Some(&members()));
    session.handle_admitted("id", 0, Err(Refusal::NotMember));
    session.handle_admitted("id", 0, Err(Refusal::BadId));
    assert_eq!(
        session.take_facts(),
        [
            Fact::LoginRefused { claimed: None, refusal: Refusal::Storage },
            // A key that is nobody here comes in, and is not named.
            Fact::LoggedIn { key: None },
            Fact::LoginRefused { claimed: None, refusal: Refusal::AuthInvalid },
            Fact::Refused { key: None, refusal: Refusal::NotMember },
        ]
    );
    assert!(session.take_facts().is_empty());
}
