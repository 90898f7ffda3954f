//! The administration through the real front door: who gets in, who does not, and how soon an access ends.

use relaybox_process::clock::Clock;
use relaybox_process::rpc::ceremony::CeremonyClient;
use relaybox_protocol::epochs::Sequence;
use relaybox_protocol::event::{number_from_text, tag_value};
use relaybox_protocol::grants::{Name, RosterEntry, Suspended, Suspension, build_roster, build_suspension};
use relaybox_protocol::keys::{KeyRole, four_words, prove};
use relaybox_protocol::permissions::{Role, preticked};
use relaybox_protocol::random::Random;
use relaybox_protocol::{Event, Keys, PublicKey, SecretKey};
use relaybox_tests::client::Client;
use relaybox_tests::dev::DevBox;
use relaybox_tests::http::{login, request};
use serde_json::value::to_raw_value;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

/// The demo, and its people by name.
struct Practice {
    dev: DevBox,
    origin: String,
}

impl Practice {
    fn start() -> Self {
        let dev = DevBox::demo().unwrap();
        let origin = dev.ready.origins["admin"].as_str().unwrap().trim_end_matches('/').to_owned();
        Self { dev, origin }
    }

    fn keys(&self, name: &str) -> Keys {
        let person = self.dev.ready.persons.iter().find(|person| person.name.contains(name)).unwrap();
        person.keys().unwrap()
    }

    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.origin)
    }

    fn portal(&self, path: &str) -> String {
        let origin = self.dev.ready.origins["portal"].as_str().unwrap();
        format!("{}{path}", origin.trim_end_matches('/'))
    }

    /// A request with a login of this value.
    async fn with(&self, method: &str, url: &str, login: &str, body: &[u8]) -> (u16, Value) {
        let (status, text) =
            request(method, url, &self.dev.ready.ca, &[("Authorization", login)], body).await.unwrap();
        (status, serde_json::from_str(&text).unwrap_or(Value::Null))
    }

    /// A request with a right login. Policy comes a moment after the start; until then everybody is told to wait.
    async fn ask(&self, keys: &Keys, method: &str, url: &str, body: &[u8]) -> (u16, Value) {
        loop {
            let answer = self.with(method, url, &login(keys, url, method, body, now()), body).await;
            if answer.1["code"] != "relay" {
                return answer;
            }
        }
    }

    /// Waits until the administration knows who may do what.
    async fn known(&self) {
        let url = self.url("/api/health");
        assert_eq!(self.ask(&self.keys("Testwell"), "GET", &url, b"").await.0, 200);
    }

    /// A ceremony of the demo's practice key, which everybody can derive: the second doctor gets `admin`, too.
    async fn second_admin(&self) -> Keys {
        let seed = [b"relaybox/demo/1\0relaybox synthetic demo practice".as_slice(), b"practice"].concat();
        let practice = Keys::new(SecretKey::from_slice(&<[u8; 32]>::from(Sha256::digest(seed))).unwrap());
        assert_eq!(Some(practice.public_key().to_hex()), self.dev.ready.practice);
        let filter =
            json!({"authors": [practice.public_key().to_hex()], "kinds": [2102, 2103, 2104, 2105, 2109]});
        let mut owner = self.relay(&self.keys("Testwell")).await;
        let signed = owner.query(filter).await.unwrap().events().unwrap();
        let seq = |event: &Event| Some((number_from_text(tag_value(event, "seq", 0)?)?, event.id));
        let (last, prev) = signed.iter().filter_map(seq).max().unwrap();
        let other = self.keys("Mockford");
        let mut random = Random::os();
        let entry = RosterEntry {
            member: other.public_key(),
            role: Role::Doctor,
            words: preticked(Role::Doctor),
            from: now(),
            until: None,
            ended: false,
            name: Name::Clear("Dr. Basil Mockford"),
            replaces: None,
            pop: &prove(&other, &practice.public_key(), KeyRole::Staff, &mut random),
            sequence: Sequence { seq: last + 1, prev: Some(prev) },
            created_at: now(),
        };
        let event = build_roster(&practice, &entry, &mut random).unwrap();
        let socket = self.dev.folder().join("run/ceremony.sock");
        let mut ceremony = CeremonyClient::connect(&socket).await.unwrap();
        ceremony.append(vec![to_raw_value(&event).unwrap()]).await.unwrap();
        other
    }

    async fn relay(&self, keys: &Keys) -> Client {
        Client::login(self.dev.ready.plain().unwrap(), None, keys).await.unwrap()
    }
}

fn now() -> u64 {
    Clock::System.now()
}

fn suspend(by: &Keys, whom: &PublicKey) -> relaybox_protocol::Event {
    let suspension =
        Suspension { of: Suspended::Person(whom), scope: None, sequence: None, created_at: now() };
    build_suspension(by, &suspension)
}

#[tokio::test]
async fn a_forged_login_to_the_administration_is_refused_by_its_reason() {
    let practice = Practice::start();
    practice.known().await;
    let owner = practice.keys("Testwell");
    let url = practice.url("/api/members");
    let get = |login: String| {
        let practice = &practice;
        let url = url.clone();
        async move { practice.with("GET", &url, &login, b"").await }
    };
    let refused = |answer: (u16, Value), code: &str| {
        assert_eq!((answer.0, answer.1["code"].as_str()), (401, Some(code)), "{answer:?}");
    };
    // The control: a right login is answered, and then it is used up.
    let right = login(&owner, &url, "GET", b"", now());
    let (status, members) = get(right.clone()).await;
    assert_eq!(status, 200, "{members}");
    assert!(members.as_array().unwrap().iter().any(|member| member["name"] == "Dr. Alba Testwell"));
    refused(get(right).await, "login-replay");
    refused(get(login(&owner, &url, "GET", b"", now() - 62)).await, "login-time");
    refused(get(login(&owner, &url, "GET", b"", now() + 63)).await, "login-time");
    refused(get(login(&owner, &practice.url("/api/health"), "GET", b"", now())).await, "login-url");
    let elsewhere = url.replace("admin.localhost", "portal.localhost");
    refused(get(login(&owner, &elsewhere, "GET", b"", now())).await, "login-url");
    refused(get(login(&owner, &url, "POST", b"", now())).await, "login-method");
    let (status, answer) = practice.with("GET", &url, "Basic YTpi", b"").await;
    refused((status, answer), "login-missing");
    // A body other than the one that was signed, and none at all.
    let keys = practice.url("/wrapped-keys/00112233445566778899aabbccddeeff");
    let body = json!({"label": "blue key", "wrapped": "sealed"}).to_string().into_bytes();
    let other = json!({"label": "blue key", "wrapped": "other"}).to_string().into_bytes();
    let signed = login(&owner, &keys, "PUT", &body, now());
    refused(practice.with("PUT", &keys, &signed, &other).await, "login-payload");
    let without = login(&owner, &keys, "PUT", b"", now());
    refused(practice.with("PUT", &keys, &without, &body).await, "login-payload");
    assert_eq!(
        practice.with("PUT", &keys, &signed, &body).await.0,
        201,
        "a login that failed is not used up"
    );
}

#[tokio::test]
async fn staff_without_admin_strangers_and_families_do_not_run_the_box() {
    let practice = Practice::start();
    let paths = ["/api/members", "/api/health", "/api/vault"];
    for name in ["Sampleton", "Deskson", "Linden"] {
        for path in paths {
            let (status, answer) = practice.ask(&practice.keys(name), "GET", &practice.url(path), b"").await;
            assert_eq!((status, answer["code"].as_str()), (403, Some("role")), "{name} {path}");
        }
    }
    let stranger = Keys::generate();
    let (status, answer) = practice.ask(&stranger, "GET", &practice.url(paths[0]), b"").await;
    assert_eq!((status, answer["code"].as_str()), (403, Some("not-member")));
    let owner = practice.keys("Testwell");
    assert_eq!(practice.ask(&owner, "GET", &practice.url(paths[0]), b"").await.0, 200);
    let (status, health) = practice.ask(&owner, "GET", &practice.url("/api/health"), b"").await;
    assert_eq!(status, 200);
    assert_eq!(
        (&health["relay"]["state"], &health["audit"]["state"]),
        (&json!("serving"), &json!("serving")),
        "{health}"
    );
    assert_eq!(health["vault"]["state"], "serving", "{health}");
    let (status, vault) = practice.ask(&owner, "GET", &practice.url("/api/vault"), b"").await;
    assert_eq!((status, &vault["claim_code"]), (200, &Value::Null), "{vault}");
    // A page of another origin is refused although its login is right.
    let url = practice.url(paths[0]);
    let right = login(&owner, &url, "GET", b"", now());
    let headers = [("Authorization", right.as_str()), ("Origin", "https://portal.localhost")];
    let (status, _) = request("GET", &url, &practice.dev.ready.ca, &headers, b"").await.unwrap();
    assert_eq!(status, 403);
}

#[tokio::test]
async fn a_suspension_ends_relay_sessions_and_administration_within_seconds_of_the_click() {
    let practice = Practice::start();
    let owner = practice.keys("Testwell");
    let other = practice.second_admin().await;
    let url = practice.url("/api/members");
    while practice.ask(&other, "GET", &url, b"").await.1["code"] == "role" {}
    assert_eq!(practice.ask(&other, "GET", &url, b"").await.0, 200);
    let mut session = practice.relay(&other).await;
    session.query(json!({"kinds": [2105]})).await.unwrap().events().unwrap();
    session.subscribe(json!({"kinds": [2113]})).await.unwrap();
    let mut admin = practice.relay(&owner).await;
    let clock = Clock::System;

    let click = clock.instant();
    let (accepted, text) = admin.publish(&suspend(&owner, &other.public_key())).await.unwrap();
    assert!(accepted, "{text}");
    session.closed().await.unwrap();
    let relay = clock.instant() - click;
    let (status, answer) = loop {
        let (status, answer) = practice.ask(&other, "GET", &url, b"").await;
        if status != 200 || (clock.instant() - click).as_secs() > 60 {
            break (status, answer);
        }
    };
    let administration = clock.instant() - click;
    println!("from click to refusal: relay {relay:?}, administration {administration:?}");
    assert_eq!((status, answer["code"].as_str()), (403, Some("suspended")));
    assert!(relay.as_secs() < 60 && administration.as_secs() < 60);

    // A new session is refused as well, and what the suspended admin signs counts no more.
    let mut late = Client::connect(practice.dev.ready.plain().unwrap(), None).await.unwrap();
    let (accepted, text) = late.auth(&other).await.unwrap();
    assert!(!accepted && text.contains("suspended"), "{text}");
    assert_eq!(practice.ask(&owner, "GET", &url, b"").await.0, 200, "everybody else goes on");
}

#[tokio::test]
async fn of_two_admins_who_suspend_each_other_the_first_to_arrive_counts_and_the_sixth_in_an_hour_is_refused()
{
    let practice = Practice::start();
    let owner = practice.keys("Testwell");
    let other = practice.second_admin().await;
    let (mut first, mut second) = (practice.relay(&owner).await, practice.relay(&other).await);
    let (there, back) = (suspend(&owner, &other.public_key()), suspend(&other, &owner.public_key()));
    assert!(first.publish(&there).await.unwrap().0);
    let answered = second.publish(&back).await;
    assert!(answered.is_err() || !answered.unwrap().0, "the session has ended, or the event is refused");
    let url = practice.url("/api/members");
    assert_eq!(practice.ask(&owner, "GET", &url, b"").await.0, 200);
    let staff = ["Sampleton", "Fixture", "Deskson"];
    let families = ["Linden", "Robin"];
    let mut fates = Vec::new();
    for name in staff.iter().chain(&families) {
        let key = practice.keys(name).public_key();
        fates.push(first.publish(&suspend(&owner, &key)).await.unwrap());
    }
    let accepted: Vec<bool> = fates.iter().map(|(accepted, _)| *accepted).collect();
    assert_eq!(accepted, [true, true, true, true, false]);
    assert!(fates[4].1.contains("five suspensions an hour"), "{}", fates[4].1);
    // The last admin stays: the page is told before anybody clicks.
    let (_, before) = practice
        .ask(&owner, "GET", &practice.url(&format!("/api/suspension/{}", owner.public_key().to_hex())), b"")
        .await;
    assert_eq!((&before["self"], &before["last_admin"]), (&json!(true), &json!(true)), "{before}");
    assert_eq!(before["event"]["tags"], json!([["p", owner.public_key().to_hex()]]));
}

#[tokio::test]
async fn a_family_enrols_with_a_token_once_and_staff_see_the_same_four_words() {
    let practice = Practice::start();
    practice.known().await;
    let desk = practice.keys("Deskson");
    let open = practice.url("/api/enrolments");
    assert_eq!(practice.ask(&practice.keys("Fixture"), "POST", &open, b"").await.0, 403, "no word register");
    let (status, made) = practice.ask(&desk, "POST", &open, b"").await;
    assert_eq!(status, 201, "{made}");
    let token = made["token"].as_str().unwrap().to_owned();
    let phone = Keys::generate();
    let box_key = PublicKey::from_hex(practice.dev.ready.practice.as_deref().unwrap()).unwrap();
    let enrol = |token: &str, pop: &str| {
        json!({"token": token, "key": phone.public_key().to_hex(), "role": "guardian", "pop": pop})
            .to_string()
    };
    let send = |body: String| {
        let (url, ca) = (practice.portal("/enrol"), practice.dev.ready.ca.clone());
        async move { request("POST", &url, &ca, &[], body.as_bytes()).await.unwrap() }
    };
    let pop = prove(&phone, &box_key, KeyRole::Guardian, &mut Random::os());
    let as_subject = prove(&phone, &box_key, KeyRole::Subject, &mut Random::os());
    assert_eq!(send(enrol(&"0".repeat(64), &pop)).await.0, 404, "no such token");
    assert_eq!(send(enrol(&token, &as_subject)).await.0, 400, "a proof of another role");
    let (status, answer) = send(enrol(&token, &pop)).await;
    assert_eq!(status, 202, "{answer}");
    assert_eq!(send(enrol(&token, &pop)).await.0, 404, "a token is used once");
    let (_, waiting) = practice.ask(&desk, "GET", &open, b"").await;
    let words = json!(four_words(phone.public_key().as_bytes()));
    assert_eq!(serde_json::from_str::<Value>(&answer).unwrap()["words"], words);
    assert_eq!((&waiting[0]["words"], &waiting[0]["key"]), (&words, &json!(phone.public_key().to_hex())));
    let one = practice.url(&format!("/api/enrolments/{}", phone.public_key().to_hex()));
    assert_eq!(practice.ask(&desk, "DELETE", &one, b"").await.0, 204);
    assert_eq!(practice.ask(&desk, "GET", &open, b"").await.1, json!([]));
}

#[tokio::test]
async fn wrapped_keys_are_given_by_credential_kept_five_a_key_and_removed_by_their_owner_alone() {
    let practice = Practice::start();
    let (mother, nurse) = (practice.keys("Linden"), practice.keys("Sampleton"));
    let at = |n: u8| practice.portal(&format!("/wrapped-keys/{}", format!("{n:02x}").repeat(16)));
    let body = |text: &str| json!({"label": "phone", "wrapped": text}).to_string().into_bytes();
    for n in 1..=5 {
        assert_eq!(practice.ask(&mother, "PUT", &at(n), &body("sealed")).await.0, 201);
    }
    let (status, answer) = practice.ask(&mother, "PUT", &at(6), &body("sealed")).await;
    assert_eq!((status, answer["code"].as_str()), (409, Some("keys")));
    assert_eq!(practice.ask(&nurse, "PUT", &at(1), &body("mine now")).await.1["code"], "foreign");
    assert_eq!(practice.ask(&mother, "PUT", &at(1), &body("again")).await.0, 201, "the own one is replaced");
    let get = |url: String| {
        let ca = practice.dev.ready.ca.clone();
        async move { request("GET", &url, &ca, &[], b"").await.unwrap() }
    };
    let (status, text) = get(at(1)).await;
    assert_eq!((status, text.trim_end()), (200, "{\"wrapped\":\"again\"}"));
    assert_eq!(get(at(9)).await.0, 404);
    assert_eq!(get(practice.portal("/wrapped-keys/00")).await.0, 404, "an id that could be guessed is none");
    let long = body(&"x".repeat(5_000));
    assert_eq!(practice.ask(&mother, "PUT", &at(2), &long).await.0, 400);
    assert_eq!(practice.ask(&nurse, "DELETE", &at(1), b"").await.0, 404);
    assert_eq!(practice.ask(&mother, "DELETE", &at(1), b"").await.0, 204);
    assert_eq!(get(at(1)).await.0, 404);
    let (_, list) = practice.ask(&mother, "GET", &practice.portal("/wrapped-keys"), b"").await;
    assert_eq!(list.as_array().unwrap().len(), 4);
    // Nothing of the administration answers on the portal's names.
    let owner = practice.keys("Testwell");
    assert_eq!(practice.ask(&owner, "GET", &practice.portal("/api/members"), b"").await.0, 404);
}

#[tokio::test]
async fn the_practices_address_is_given_as_text_and_as_json_and_leads_to_its_relay() {
    let practice = Practice::start();
    let (desk, ma) = (practice.keys("Deskson"), practice.keys("Fixture"));
    let url = practice.url("/api/connection");
    assert_eq!(practice.ask(&ma, "GET", &url, b"").await.0, 403, "no word register");
    let (status, address) = practice.ask(&desk, "GET", &url, b"").await;
    assert_eq!(status, 200, "{address}");
    // The same as the pages of both faces get it.
    for page in [practice.url("/practice.json"), practice.portal("/practice.json")] {
        let (_, text) = request("GET", &page, &practice.dev.ready.ca, &[], b"").await.unwrap();
        assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), address["connection"], "{page}");
    }
    let text = address["text"].as_str().unwrap();
    let (host, query) = text.strip_prefix("nostr+ehr://").unwrap().split_once('?').unwrap();
    let value = |name: &str| query.split('&').find_map(|pair| pair.strip_prefix(&format!("{name}=")));
    assert_eq!(value("pk"), practice.dev.ready.practice.as_deref());
    assert_eq!(value("next").map(str::len), Some(64));
    assert_eq!((value("name").is_some(), value("t")), (true, None), "{text}");
    let relay = format!("wss://{host}");
    let mother = practice.keys("Linden");
    let mut client = Client::login(&relay, Some(&practice.dev.ready.ca), &mother).await.unwrap();
    assert!(client.count(json!({"kinds": [2105]})).await.unwrap() > 0);
    let (_, sheet) = practice.ask(&desk, "POST", &practice.url("/api/enrolments"), b"").await;
    assert_eq!(sheet["text"], format!("{text}&t={}", sheet["token"].as_str().unwrap()));
}
