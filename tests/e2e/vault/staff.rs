//! Members and services by the administration's interface: what they may do from one moment to the next, and how soon
//! somebody who ended is refused everywhere.

use std::collections::BTreeSet;
use std::time::Duration;

use relaybox_process::clock::Clock;
use relaybox_process::rpc::vault::{Reply, Request};
use relaybox_protocol::event::p_tag;
use relaybox_protocol::keys::{KeyRole, prove};
use relaybox_protocol::permissions::Compartment;
use relaybox_tests::api::{Api, reply_of};
use relaybox_tests::person::{Person, note};
use serde_json::Value;

use super::families::Staffed;
use super::*;

/// The owner at a page, with a hand at the box.
struct Office<'a> {
    api: Api,
    hand: Hand<'a>,
}

impl<'a> Office<'a> {
    fn of(claimed: &'a Claimed) -> Self {
        let api = Api::of(&claimed.started, &claimed.owner).unwrap();
        let mut hand = claimed.hand();
        hand.api = Some(api.clone());
        Self { api, hand }
    }

    /// A ceremony that a route prepares, to its end.
    async fn held(&mut self, method: &str, path: &str, body: &Value) {
        let (status, answer) = self.api.ask(method, path, body).await.unwrap();
        let Reply::Prepared { ceremony, key } = reply_of(status, &answer) else { panic!("{path}: {answer}") };
        self.hand.go_on(&ceremony, &key, &mut |_| true).await.unwrap().done().unwrap();
    }

    /// Code of a refusal, with its status.
    async fn refused(&self, method: &str, path: &str, body: &Value) -> (u16, String) {
        let (status, answer) = self.api.ask(method, path, body).await.unwrap();
        (status, answer["code"].as_str().unwrap_or_else(|| panic!("{path}: {answer}")).to_owned())
    }
}

fn words(of: &[&str]) -> Value {
    json!({"words": of})
}

#[tokio::test]
async fn new_permissions_count_at_once_on_an_open_connection() {
    let mut staffed = Staffed::start().await;
    let [ma, child] = [Random::os().keys(), Random::os().keys()];
    let practice = staffed.claimed.practice;
    let change = join(&ma, "Dana Testwell", Role::Ma, &practice);
    let roster = json!({"verb": "roster", "changes": [change]});
    staffed.claimed.hand().perform(roster).await.unwrap().done().unwrap();
    staffed.family(&[&child], &[]).await;
    let mut by_ma = staffed.login(&ma).await;
    by_ma.write(&child.public_key(), "a first weight", &[]).await.unwrap();
    let mut office = Office::of(&staffed.claimed);
    let page = office.api.by(&ma);
    assert_eq!(page.ask("GET", "/api/members", &Value::Null).await.unwrap().0, 403);
    let path = format!("/api/members/{}/words", ma.public_key().to_hex());
    for (body, refusal) in [
        (words(&["confidential"]), (400, "malformed")),
        (words(&["fly"]), (400, "malformed")),
        (json!({"words": [], "more": 1}), (400, "malformed")),
    ] {
        let (status, code) = office.refused("PUT", &path, &body).await;
        assert_eq!((status, code.as_str()), refusal, "{body}");
    }
    office.held("PUT", &path, &words(&["write", "messages", "admin"])).await;
    let weight = by_ma.sealed(&child.public_key(), "a second weight", &[]).await.unwrap();
    let (accepted, text) = by_ma.client.publish(&weight).await.unwrap();
    assert_eq!((accepted, text.as_str()), (false, "restricted: this person may not write this kind"));
    assert_eq!(page.ask("GET", "/api/members", &Value::Null).await.unwrap().0, 200, "and what was added");
    office.held("PUT", &path, &words(&["vitals"])).await;
    assert!(by_ma.client.publish(&weight).await.unwrap().0, "on the same connection");
    assert_eq!(page.ask("GET", "/api/members", &Value::Null).await.unwrap().0, 403);
}

#[tokio::test]
async fn what_policy_would_refuse_of_a_member_is_refused_before_the_vault_shows_anything() {
    let claimed = Claimed::start("");
    let mut office = Office::of(&claimed);
    let [nurse, stranger] = [Random::os().keys(), Random::os().keys()];
    let body = |keys: &Keys, role| {
        let pop = prove(keys, &claimed.practice, role, &mut Random::os());
        relaybox_tests::vault::joining(keys, "Cleo Testwell", Role::Nurse, &pop)
    };
    let right = body(&nurse, KeyRole::Staff);
    assert_eq!(
        office.refused("POST", "/api/members", &body(&nurse, KeyRole::Guardian)).await,
        (400, "pop".to_owned())
    );
    let mine = body(&claimed.owner, KeyRole::Staff);
    assert_eq!(office.refused("POST", "/api/members", &mine).await, (409, "key-in-use".to_owned()));
    let mut replaces = right.clone();
    replaces["replaces"] = json!(stranger.public_key().to_hex());
    assert_eq!(office.refused("POST", "/api/members", &replaces).await.0, 404);
    let owner = format!("/api/members/{}", claimed.owner.public_key().to_hex());
    assert_eq!(office.refused("DELETE", &owner, &Value::Null).await, (409, "last-admin".to_owned()));
    let fewer = office.refused("PUT", &format!("{owner}/words"), &words(&["write"])).await;
    assert_eq!(fewer, (409, "last-admin".to_owned()));
    let nobody = format!("/api/members/{}", stranger.public_key().to_hex());
    assert_eq!(office.refused("DELETE", &nobody, &Value::Null).await.0, 404);
    assert_eq!(claimed.hand().state().await.unwrap().ceremony, None, "nothing was shown");
    office.held("POST", "/api/members", &right).await;
    let (_, members) = office.api.ask("GET", "/api/members", &Value::Null).await.unwrap();
    assert_eq!(members.as_array().unwrap().len(), 2, "{members}");
    let by_nurse = office.api.by(&nurse);
    assert_eq!(by_nurse.ask("POST", "/api/members", &right).await.unwrap().0, 403, "without admin");
    office.held("DELETE", &format!("/api/members/{}", nurse.public_key().to_hex()), &Value::Null).await;
}

#[tokio::test]
async fn a_service_is_created_gets_another_scope_changes_its_key_and_ends() {
    let mut staffed = Staffed::start().await;
    let child = Random::os().keys();
    staffed.family(&[&child], &[]).await;
    let subject = child.public_key();
    let [agent, newer] = [Random::os().keys(), Random::os().keys()];
    let practice = staffed.claimed.practice;
    let grant = |keys: &Keys, kinds: &[u16]| {
        json!({
            "key": keys.public_key().to_hex(), "service": "fhir", "kinds": kinds, "compartments": ["desk", "chart"],
            "patients": "all", "until": null, "pop": prove(keys, &practice, KeyRole::Agent, &mut Random::os()),
        })
    };
    let mut office = Office::of(&staffed.claimed);
    let mut staff = grant(&agent, &[2113]);
    staff["key"] = json!(staffed.claimed.owner.public_key().to_hex());
    assert_eq!(office.refused("POST", "/api/agents", &staff).await, (400, "pop".to_owned()));
    let wide = json!({"compartments": ["confidential"]});
    let mut confidential = grant(&agent, &[2113]);
    confidential["compartments"] = wide["compartments"].clone();
    assert_eq!(office.refused("POST", "/api/agents", &confidential).await, (409, "request".to_owned()));

    office.held("POST", "/api/agents", &grant(&agent, &[2110, 2113])).await;
    let weight = staffed.doctor.write(&subject, "a weight", &[]).await.unwrap();
    let login = |keys: Keys| {
        let started = &staffed.claimed.started;
        async move { Person::login(started, &keys, practice).await.unwrap() }
    };
    let mut service = login(agent.clone()).await;
    let read = service.read(&[subject], &[weight.id]).await.unwrap();
    assert_eq!(note(read.get(&weight.id)).as_deref(), Some("a weight"), "created: {read:?}");
    let weights = json!({"kinds": [2113], "#p": [subject.to_hex()]});
    office.held("POST", "/api/agents", &grant(&agent, &[2110, 2116])).await;
    assert_eq!(
        service.client.count(weights.clone()).await.unwrap(),
        0,
        "another scope, on the same connection"
    );
    office.held("POST", "/api/agents", &grant(&newer, &[2110, 2113])).await;
    let agents = office.api.ask("GET", "/api/agents", &Value::Null).await.unwrap().1;
    assert_eq!(agents.as_array().unwrap().len(), 2, "{agents}");
    let of = |keys: &Keys| format!("/api/agents/{}", keys.public_key().to_hex());
    office.held("DELETE", &of(&agent), &Value::Null).await;
    service.client.closed().await.unwrap();
    let mut rotated = login(newer.clone()).await;
    assert_eq!(rotated.client.count(weights).await.unwrap(), 1, "the new key reads");
    office.held("DELETE", &of(&newer), &Value::Null).await;
    rotated.client.closed().await.unwrap();
    assert!(staffed.refused(&newer).await.contains("replaced or ended"));
    assert_eq!(office.refused("DELETE", &of(&newer), &Value::Null).await.0, 404);
}

/// Compartments whose keys a member holds.
async fn holds(person: &mut Person) -> BTreeSet<Compartment> {
    person.keyring().await.unwrap().pairs().map(|(_, compartment, _)| compartment).collect()
}

#[tokio::test]
async fn a_right_key_gets_what_its_role_may_have_and_a_wrong_one_nothing() {
    let mut staffed = Staffed::start().await;
    let [nurse, ma] = [Random::os().keys(), Random::os().keys()];
    let practice = staffed.claimed.practice;
    let changes = [
        join(&nurse, "Cleo Testwell", Role::Nurse, &practice),
        join(&ma, "Dana Testwell", Role::Ma, &practice),
    ];
    let roster = json!({"verb": "roster", "changes": changes});
    staffed.claimed.hand().perform(roster).await.unwrap().done().unwrap();
    let all: BTreeSet<Compartment> = Compartment::ALL.into();
    let open: BTreeSet<Compartment> = [Compartment::Desk, Compartment::Chart].into();
    assert_eq!(holds(&mut staffed.doctor).await, all);
    for keys in [&nurse, &ma] {
        assert_eq!(holds(&mut staffed.login(keys).await).await, open);
    }
    assert_eq!(holds(&mut staffed.desk).await, [Compartment::Desk].into());
    let policy = staffed.desk.policy(&[]).await.unwrap();
    let member = policy.now(Clock::System.now()).member(&nurse.public_key()).unwrap();
    assert_eq!((member.role, member.name.as_deref()), (Role::Nurse, Some("Cleo Testwell")));
    // A key that is nobody's here may log in, as a stranger who writes to the practice does. It gets nothing.
    let mut stranger = staffed.login(&Random::os().keys()).await;
    let everything = json!({"kinds": [2102, 2105, 2110, 2111, 2113]});
    assert_eq!(stranger.client.count(everything.clone()).await.unwrap(), 0);
    assert!(staffed.doctor.client.count(everything).await.unwrap() > 0);
    assert!(holds(&mut stranger).await.is_empty());
    let page = Api::of(&staffed.claimed.started, &stranger.keys).unwrap();
    assert_eq!(page.ask("GET", "/api/members", &Value::Null).await.unwrap().0, 403);
}

/// How long after a moment each surface refuses somebody.
type Measured = Vec<(&'static str, &'static str, Duration)>;

#[tokio::test]
async fn an_ended_member_is_refused_everywhere_within_a_minute_and_new_locks_come_before_the_next_record() {
    let mut staffed = Staffed::start().await;
    let [leaver, child] = [Random::os().keys(), Random::os().keys()];
    let practice = staffed.claimed.practice;
    let change = join(&leaver, "Dr. Cy Testwell", Role::Doctor, &practice);
    let roster = json!({"verb": "roster", "changes": [change]});
    staffed.claimed.hand().perform(roster).await.unwrap().done().unwrap();
    staffed.family(&[&child], &[]).await;
    let office = Office::of(&staffed.claimed);
    let page = office.api.by(&leaver);
    let credential = format!("/wrapped-keys/{}", "5a".repeat(16));
    let wrapped = json!({"label": "blue key", "wrapped": "sealed"});
    assert_eq!(page.ask("PUT", &credential, &wrapped).await.unwrap().0, 201);
    assert_eq!(page.ask("GET", "/api/health", &Value::Null).await.unwrap().0, 200);
    let mut session = staffed.login(&leaver).await;
    session.client.subscribe(json!({"kinds": [2113]})).await.unwrap();
    let stale = staffed.doctor.sealed(&child.public_key(), "under the old lock", &[]).await.unwrap();

    let leave = json!({"change": "leave", "key": leaver.public_key().to_hex()});
    let operation = json!({"verb": "roster", "changes": [leave]});
    let mut hand = staffed.claimed.hand();
    hand.order = vec!["two".to_owned()];
    let mut signed = None;
    let prepare = Request::Prepare { operation, by: None };
    let mut watch = |status: &relaybox_process::rpc::vault::Status| {
        // Before the event is stored: nothing is measured too short.
        if status.step == "signing" {
            signed.get_or_insert(Clock::System.instant());
        }
        true
    };
    hand.hold(&prepare, &mut watch).await.unwrap().done().unwrap();
    let signed = signed.unwrap();
    let since = || Clock::System.instant() - signed;

    let mut measured: Measured = Vec::new();
    session.client.closed().await.unwrap();
    measured.push(("relay", "an open connection ends", since()));
    assert!(staffed.refused(&leaver).await.contains("replaced or ended"));
    measured.push(("relay", "a new login is refused", since()));
    for (what, method, path, body) in [
        ("the administration", "GET", "/api/health", &Value::Null),
        ("own wrapped keys", "GET", "/wrapped-keys", &Value::Null),
        ("a new wrapped key", "PUT", credential.as_str(), &wrapped),
    ] {
        let (status, answer) = loop {
            let (status, answer) = page.ask(method, path, body).await.unwrap();
            if status >= 300 || since().as_secs() > 60 {
                break (status, answer);
            }
        };
        assert_eq!((status, answer["code"].as_str()), (403, Some("former-key")), "{what}");
        measured.push(("admin", what, since()));
    }
    for (role, what, taken) in &measured {
        println!("from the roster event: {role:6} {what:24} {taken:?}");
        assert!(taken.as_secs() < 60, "{role} {what}: {taken:?}");
    }
    // A role that gets sessions later needs a row here.
    let probed: BTreeSet<&str> = measured.iter().map(|(role, ..)| *role).collect();
    let roles: BTreeSet<&str> = relaybox::roles::SUSPENSION_PROBES.iter().map(|(role, _)| *role).collect();
    assert_eq!(probed, roles);

    let history = staffed.claimed.history().await;
    let at = |kind: u16| history.iter().rposition(|event| event.kind.as_u16() == kind).unwrap();
    assert!(at(2105) < at(2102), "the new locks stand before the end");
    let (accepted, text) = staffed.doctor.client.publish(&stale).await.unwrap();
    assert!(!accepted && text.contains("not a current epoch key"), "{text}");
    let next = staffed.doctor.write(&child.public_key(), "under the new lock", &[]).await.unwrap();
    assert_ne!(p_tag(&next, 0), p_tag(&stale, 0));
}
