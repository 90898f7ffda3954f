//! Operations about families, programs and the practice itself, by ceremonies with software keys.

use relaybox_process::clock::Clock;
use relaybox_process::rpc::vault::Request;
use relaybox_protocol::epochs::Keyring;
use relaybox_protocol::event::{self, p_tag, tag};
use relaybox_protocol::grants::{
    ClientEntry, ClientKey, ClientSubject, Desk, LinkEntry, build_client_grant, build_link,
    open_patient_grant,
};
use relaybox_protocol::keys::{KeyRole, prove};
use relaybox_protocol::legacy::{self, Opened};
use relaybox_protocol::nip44::ConversationKey;
use relaybox_protocol::permissions::Compartment;
use relaybox_tests::http;
use relaybox_tests::role::raw;
use relaybox_vault::envelope::{self, Opener};
use relaybox_vault::words::{Purpose, RecoveryWords};
use serde_json::Value;

use super::journey::{login, register, registered, secret_of};
use super::*;

fn now() -> u64 {
    Clock::System.now()
}

/// Waits until the box's clock shows another second.
async fn next_second() {
    let then = now();
    while now() == then {
        tokio::task::yield_now().await;
    }
}

/// What the display shows until the button is pressed.
async fn shown(hand: &mut Hand<'_>, operation: Value) -> Vec<String> {
    let mut lines = Vec::new();
    let request = Request::Prepare { operation, by: None };
    let held = hand
        .hold(&request, &mut |status| {
            if status.step == "button" {
                lines.clone_from(&status.shown);
            }
            true
        })
        .await
        .unwrap();
    held.done().unwrap();
    lines
}

/// A front desk joins.
async fn front_desk(claimed: &Claimed, hand: &mut Hand<'_>) -> Keys {
    let desk = Random::os().keys();
    let change = join(&desk, "Eli Testwell", Role::FrontDesk, &claimed.practice);
    hand.perform(json!({"verb": "roster", "changes": [change]})).await.unwrap().done().unwrap();
    desk
}

#[tokio::test]
async fn a_guardian_whom_the_practice_key_ended_comes_back_by_a_ceremony_only() {
    let claimed = Claimed::start("");
    let (mut hand, practice) = (claimed.hand(), claimed.practice);
    let desk = front_desk(&claimed, &mut hand).await;
    let child = register(&claimed, &desk).await;
    let mother = Random::os().keys();
    let pop = prove(&mother, &practice, KeyRole::Guardian, &mut Random::os());
    let mut by_desk = login(&claimed, &desk).await;
    let pair = secret_of(&mut by_desk, &desk, "desk").await;
    let link = LinkEntry {
        child,
        guardian: mother.public_key(),
        compartments: &[Compartment::Desk],
        until: None,
        ended: false,
        pop: &pop,
        name: "Mia Testwell",
        relationship: "mother",
        desk: Desk { n: 1, pair: &pair },
        sequence: None,
        created_at: now(),
    };
    let build = || build_link(&desk, &link, &mut Random::os()).unwrap();
    assert!(by_desk.publish(&build()).await.unwrap().0);
    let mut reading = login(&claimed, &mother).await;
    let theirs = json!({"kinds": [2110], "#p": [child.to_hex()]});
    assert_eq!(reading.count(theirs.clone()).await.unwrap(), 1);
    wrapped_keys_of(&claimed, &mother).await;
    let end = json!({"verb": "link", "change": "end", "child": child.to_hex(),
        "guardian": mother.public_key().to_hex()});
    let lines = shown(&mut hand, end).await;
    assert_eq!(lines[0], "END A GUARDIAN FOR GOOD");
    assert!(reading.closed().await.is_ok(), "her session ends");
    given_soon(&claimed, 404).await;
    let (accepted, text) = by_desk.publish(&build()).await.unwrap();
    assert!(!accepted && text.contains("practice"), "{text}");
    // An ending wins its second.
    next_second().await;
    let grant = json!({"verb": "link", "change": "grant", "child": child.to_hex(),
        "guardian": mother.public_key().to_hex(), "name": "Mia Testwell", "relationship": "mother",
        "compartments": ["desk", "chart"], "until": null, "pop": pop});
    let lines = shown(&mut hand, grant).await;
    assert_eq!(lines[0], "LET A GUARDIAN READ: Mia Testwell");
    assert!(lines[2].starts_with("mother of the child "), "{lines:?}");
    let mut reading = login(&claimed, &mother).await;
    assert_eq!(reading.count(theirs).await.unwrap(), 1);
    // What lay there for her is given again: it was kept.
    given_soon(&claimed, 200).await;
}

#[tokio::test]
async fn what_an_admin_may_not_grant_a_program_alone_takes_a_ceremony() {
    let claimed = Claimed::start("");
    let (mut hand, owner) = (claimed.hand(), &claimed.owner);
    let program = Random::os().keys().public_key();
    let mut by_owner = login(&claimed, owner).await;
    let pair = secret_of(&mut by_owner, owner, "desk").await;
    let until = now() + 3 * 366 * 86_400;
    let all = ClientEntry {
        client: "growth-charts",
        subject: ClientSubject::All { export: true },
        key: ClientKey::Key(&program),
        scopes: &["patient/Observation.rs"],
        until,
        ended: false,
        purpose: "growth charts",
        desk: Desk { n: 1, pair: &pair },
        sequence: None,
        created_at: now(),
    };
    let alone = build_client_grant(owner, &all, &mut Random::os()).unwrap();
    let (accepted, text) = by_owner.publish(&alone).await.unwrap();
    assert!(!accepted, "{text}");
    let grant = json!({"verb": "client", "change": "grant", "client": "growth-charts",
        "patients": {"of": "all", "export": true}, "key": {"by": "key", "key": program.to_hex()},
        "scopes": ["patient/Observation.rs"], "until": until, "purpose": "growth charts"});
    let lines = shown(&mut hand, grant).await;
    assert_eq!(lines[..2], ["LET THE PROGRAM growth-charts READ", "ALL PATIENTS, IN BULK AS WELL"]);
    assert!(lines.iter().any(|line| line.starts_with("until 20")), "{lines:?}");
    assert_eq!(of_kind(&claimed.history().await, 2109), 1);
    let end = json!({"verb": "client", "change": "end", "client": "growth-charts"});
    assert_eq!(shown(&mut hand, end).await[0], "END THE PROGRAM growth-charts");
    assert_eq!(of_kind(&claimed.history().await, 2109), 2);
}

#[tokio::test]
async fn the_practices_profile_is_read_by_its_people_and_its_inbox_keys_by_everybody() {
    let claimed = Claimed::start("");
    let (mut hand, practice) = (claimed.hand(), claimed.practice);
    let profile = |name: &str| {
        json!({"verb": "profile", "name": name, "about": "Care for children.", "website": null,
            "relays": ["wss://sample.example"], "inboxes": ["wss://sample.example"], "servers": []})
    };
    let lines = shown(&mut hand, profile("Sample Pediatrics")).await;
    assert_eq!(
        lines[..4],
        [
            "THE PRACTICE IS CALLED Sample Pediatrics",
            "Care for children.",
            "relay: wss://sample.example",
            "inbox: wss://sample.example"
        ]
    );
    let desk = front_desk(&claimed, &mut hand).await;
    let child = registered(&claimed, &desk).await;
    let filter = json!({"authors": [practice.to_hex()], "kinds": [0, 10002, 10050, 10063]});
    for reader in [&desk, &child] {
        let mut client = login(&claimed, reader).await;
        let mut found = client.query(filter.clone()).await.unwrap().events().unwrap();
        found.sort_by_key(|event| event.kind);
        let kinds: Vec<u16> = found.iter().map(|event| event.kind.as_u16()).collect();
        assert_eq!(kinds, [0, 10002, 10050, 10063]);
        assert!(found[0].content.contains("Sample Pediatrics"));
    }
    let mut stranger = login(&claimed, &Random::os().keys()).await;
    assert_eq!(stranger.query(filter.clone()).await.unwrap().events().unwrap(), []);
    // A second profile replaces the first.
    next_second().await;
    hand.perform(profile("Sample Children's Clinic")).await.unwrap().done().unwrap();
    let mut client = login(&claimed, &desk).await;
    let found = client.query(filter).await.unwrap().events().unwrap();
    assert_eq!(found.len(), 4);
    assert!(found.iter().any(|event| event.content.contains("Children's Clinic")));
    let mail = Random::os().keys();
    let pop = prove(&mail, &practice, KeyRole::Agent, &mut Random::os());
    let grant = json!({"verb": "agent", "change": "grant", "key": mail.public_key().to_hex(), "service": "mail",
        "kinds": [1059], "compartments": ["desk"], "patients": "none", "until": null, "pop": pop});
    hand.perform(grant).await.unwrap().done().unwrap();
    let url = claimed.started.ready.relay.replace("wss://", "https://") + "/";
    let headers = [("Accept", "application/nostr+json")];
    let (_, document) = http::request("GET", &url, &claimed.started.ready.ca, &headers, b"").await.unwrap();
    let document: Value = serde_json::from_str(&document).unwrap();
    assert_eq!(document["relaybox"]["inbox"], json!([mail.public_key().to_hex()]));
}

/// The former suite's database of the vectors.
struct Former {
    file: Value,
}

impl Former {
    fn read() -> Self {
        let text = include_str!("../../vectors/legacy-chart.json");
        Self { file: serde_json::from_str(text).unwrap() }
    }

    fn key(&self, who: &str) -> PublicKey {
        PublicKey::from_hex(self.file[who]["public"].as_str().unwrap()).unwrap()
    }

    fn secret(&self, who: &str) -> String {
        self.file[who]["secret"].as_str().unwrap().to_owned()
    }

    /// Events whose signer and signature hold.
    fn events(&self) -> Vec<Event> {
        let events: Vec<Event> = serde_json::from_value(self.file["events"].clone()).unwrap();
        let outcomes = self.file["outcomes"].as_array().unwrap();
        let holds =
            |(event, outcome): &(Event, &Value)| *outcome != "import-signer" && event::verify(event).is_ok();
        events.into_iter().zip(outcomes).filter(holds).map(|(event, _)| event).collect()
    }

    fn operation(&self) -> Value {
        json!({"verb": "import-legacy", "former": self.file["practice"]["public"],
            "staff": [self.file["signers"][1]], "guardians": [self.file["guardian"]["public"]],
            "patients": [self.file["child"]["public"]]})
    }
}

fn opens(event: &Event, keys: &[&ConversationKey]) -> bool {
    keys.iter().any(|key| match legacy::open(key, &event.content) {
        Ok(Opened::V2(text) | Opened::Legacy(text)) => !text.is_empty(),
        Ok(Opened::Damaged) => true,
        Err(_) => false,
    })
}

/// A key that is not the former one is asked for again; nothing is kept of it.
async fn another_key_is_asked_for_again(claimed: &Claimed, hand: &mut Hand<'_>, former: &Former) {
    let before = claimed.history().await.len();
    for (typed, why) in
        [("no key".to_owned(), "former-key-form"), (former.secret("child"), "former-key-differs")]
    {
        hand.former = typed;
        let request = Request::Prepare { operation: former.operation(), by: None };
        let held = hand.hold(&request, &mut |status| status.why.is_none()).await.unwrap();
        assert_eq!(held.why(), why, "{:?}", held.steps);
        hand.ask(&Request::Cancel { ceremony: held.last.ceremony.clone() }).await.unwrap();
        while hand.state().await.unwrap().ceremony.is_some() {}
    }
    assert_eq!(claimed.history().await.len(), before);
    assert_eq!(sealed_former(claimed), None);
}

#[tokio::test]
async fn the_records_of_a_former_practice_open_for_who_holds_the_chart_and_their_patient_enters() {
    let mut claimed = Claimed::start("");
    let former = Former::read();
    let (desk, doctor) = {
        let mut hand = claimed.hand();
        let desk = front_desk(&claimed, &mut hand).await;
        let doctor = Random::os().keys();
        let change = join(&doctor, "Dr. Bo Testwell", Role::Doctor, &claimed.practice);
        hand.perform(json!({"verb": "roster", "changes": [change]})).await.unwrap().done().unwrap();
        another_key_is_asked_for_again(&claimed, &mut hand, &former).await;
        hand.former = former.secret("practice");
        let lines = shown(&mut hand, former.operation()).await;
        assert_eq!(lines[0], "OPEN THE RECORDS OF A FORMER PRACTICE");
        assert_eq!(lines[2], "signed by 1 staff and 1 guardians, about 1 patients");
        (desk, doctor)
    };
    assert_eq!(sealed_former(&claimed), Some(former.secret("practice")));
    let mut relay =
        CeremonyClient::connect(&claimed.started.folder().join("run/ceremony.sock")).await.unwrap();
    let events = former.events();
    assert!(events.len() > 20);
    relay.import(raw(&events).unwrap()).await.unwrap();

    let mut by_doctor = login(&claimed, &doctor).await;
    let mine = |kind: u16| json!({"kinds": [kind], "#p": [doctor.public_key().to_hex()]});
    let grants = by_doctor.query(mine(2101)).await.unwrap().events().unwrap();
    let keyring = Keyring::collect(doctor.secret_key(), &[], &grants);
    let x1 = keyring.legacy().unwrap();
    let rows = by_doctor.query(mine(2100)).await.unwrap().events().unwrap();
    let rows: Vec<_> =
        rows.iter().flat_map(|event| open_patient_grant(doctor.secret_key(), event).unwrap()).collect();
    let row = |who: &str| &rows.iter().find(|row| row.subject == former.key(who)).unwrap().key;
    let both: Vec<u16> = (1000..1012).chain(2110..2122).collect();
    let filter = json!({"#p": [former.key("practice").to_hex()], "kinds": both});
    let found = by_doctor.query(filter.clone()).await.unwrap().events().unwrap();
    assert_eq!(found.len(), events.len());
    for event in &found {
        assert!(opens(event, &[x1, row("child"), row("guardian")]), "{}", event.id);
    }
    let by_guardian: Vec<&Event> =
        found.iter().filter(|event| event.pubkey == former.key("guardian")).collect();
    assert!(!by_guardian.is_empty());
    assert!(by_guardian.iter().all(|event| !opens(event, &[x1, row("child")])), "her own row opens them");
    let mut by_desk = login(&claimed, &desk).await;
    let found = by_desk.query(filter).await.unwrap().events().unwrap();
    assert!(
        found.iter().all(|event| event.kind.as_u16() == 2110),
        "of the chart the front desk gets no record"
    );

    // The patient of the import enters without a proof, reads the old record, and keeps a wrapped key.
    let child = Keys::parse(&former.secret("child")).unwrap();
    super::journey::publish_patient(&claimed, &desk, &child.public_key(), tag("legacy", [])).await;
    let mut by_child = login(&claimed, &child).await;
    let own = json!({"kinds": [1003, 2113], "#p": [child.public_key().to_hex()]});
    let own = by_child.query(own).await.unwrap().events().unwrap();
    assert!(own.iter().all(|event| p_tag(event, 1) == Some(child.public_key())) && !own.is_empty());
    wrapped_keys_of(&claimed, &child).await;

    // The file that was written anew opens by both slot keys, after a restart, too; a later import asks for no key.
    claimed.started.terminate().unwrap();
    claimed.restart();
    let mut hand = claimed.hand();
    hand.order = vec!["two".to_owned()];
    let held = hand.perform(former.operation()).await.unwrap();
    held.done().unwrap();
    assert!(!held.steps.contains(&"former-key".to_owned()), "{:?}", held.steps);
    let zeros = of_kind(&claimed.history().await, 2105);
    assert_eq!(zeros, 2, "epoch 1 and epoch 0");
}

/// The former key in the sealed file, hex, as the words open it.
fn sealed_former(claimed: &Claimed) -> Option<String> {
    let words = RecoveryWords::parse(&claimed.words).unwrap();
    let sealed = std::fs::read(claimed.started.folder().join("vault/vault.age")).unwrap();
    let opened = envelope::open(&sealed, &Opener::Words(&words.identity(Purpose::Vault))).unwrap();
    assert_eq!(opened.contents.practice.public_key(), claimed.practice);
    opened.contents.legacy.map(|secret| secret.to_secret_hex())
}

/// Where a wrapped key lies.
fn place(claimed: &Claimed) -> String {
    let origin = claimed.started.ready.origins["portal"].as_str().unwrap().trim_end_matches('/');
    format!("{origin}/wrapped-keys/{}", "5a".repeat(16))
}

/// Asks for the wrapped key until it is given, or is not.
async fn given_soon(claimed: &Claimed, wanted: u16) {
    let url = place(claimed);
    while http::request("GET", &url, &claimed.started.ready.ca, &[], b"").await.unwrap().0 != wanted {}
}

/// A person's wrapped key is kept, and given without a login.
async fn wrapped_keys_of(claimed: &Claimed, keys: &Keys) {
    let (ready, url) = (&claimed.started.ready, place(claimed));
    let body = json!({"label": "phone", "wrapped": "sealed"}).to_string().into_bytes();
    let put = loop {
        let signed = http::login(keys, &url, "PUT", &body, now());
        let headers = [("Authorization", signed.as_str())];
        let (status, text) = http::request("PUT", &url, &ready.ca, &headers, &body).await.unwrap();
        // Policy comes a moment after the event.
        if !text.contains("\"relay\"") && !text.contains("not-member") {
            break status;
        }
    };
    assert_eq!(put, 201);
    let (status, text) = http::request("GET", &url, &ready.ca, &[], b"").await.unwrap();
    assert_eq!((status, text.contains("sealed")), (200, true));
}
