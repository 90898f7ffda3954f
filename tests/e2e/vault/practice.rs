//! From an empty box to a practice that loses a nurse, by the interfaces that pages and programs have.

use std::time::Duration;

use relaybox_process::clock::Clock;
use relaybox_process::rpc::vault::{Reply, Request};
use relaybox_protocol::epochs::Keyring;
use relaybox_protocol::event::key_from_hex;
use relaybox_protocol::keys::{KeyRole, four_words, prove};
use relaybox_protocol::permissions::{Compartment, Role};
use relaybox_protocol::registration::{NewChild, NewGuardian, ProvedKey, SubjectKey, register_family};
use relaybox_tests::api::{Api, reply_of};
use relaybox_tests::client::Client;
use relaybox_tests::person::{Person, note};
use relaybox_tests::vault::joining;
use serde_json::{Value, json};

use super::console::{at_the_console, claiming};
use super::*;

const BOTH: [Compartment; 2] = [Compartment::Desk, Compartment::Chart];

/// A hand at the box for somebody at a page.
fn hand_of<'a>(started: &DevBox, keys: &'a SoftKeys, owner: &Keys) -> Hand<'a> {
    let mut hand = Hand::at(started.folder(), keys);
    hand.api = Some(Api::of(started, owner).unwrap());
    hand
}

/// A ceremony that a route has prepared, to its end.
async fn held(hand: &mut Hand<'_>, method: &str, path: &str, body: Value) {
    let api = hand.api.clone().unwrap();
    let (status, answer) = api.ask(method, path, &body).await.unwrap();
    let Reply::Prepared { ceremony, key } = reply_of(status, &answer) else { panic!("{path}: {answer}") };
    hand.go_on(&ceremony, &key, &mut |_| true).await.unwrap().done().unwrap();
}

/// The body of a route that lets somebody join.
fn member(keys: &Keys, name: &str, role: Role, practice: &PublicKey) -> Value {
    joining(keys, name, role, &prove(keys, practice, KeyRole::Staff, &mut Random::os()))
}

/// A phone uses the code of an access sheet: the key stays on it. Gives the four words it shows.
async fn enrols(api: &Api, code: &str, phone: &Keys, role: KeyRole) -> Vec<String> {
    let (_, query) = code.split_once('?').unwrap();
    let value = |name: &str| {
        let pair = query.split('&').find_map(|pair| pair.strip_prefix(&format!("{name}=")));
        pair.unwrap_or_else(|| panic!("no {name} in {code}")).to_owned()
    };
    let practice = key_from_hex(&value("pk")).unwrap();
    let pop = prove(phone, &practice, role, &mut Random::os());
    let body = json!({
        "token": value("t"), "key": phone.public_key().to_hex(), "role": role.as_str(), "pop": pop,
    });
    let (status, answer) = api.portal("POST", "/enrol", &body).await.unwrap();
    assert_eq!(status, 202, "{answer}");
    let answer: Value = serde_json::from_str(&answer).unwrap();
    serde_json::from_value(answer["words"].clone()).unwrap()
}

/// Keys that wait at the front desk: key, proof and words.
async fn waiting(desk: &Api) -> Vec<(PublicKey, String, Vec<String>)> {
    let (status, waiting) = desk.ask("GET", "/api/enrolments", &Value::Null).await.unwrap();
    assert_eq!(status, 200, "{waiting}");
    let row = |row: &Value| {
        let key = key_from_hex(row["key"].as_str().unwrap()).unwrap();
        (key, row["pop"].as_str().unwrap().to_owned(), serde_json::from_value(row["words"].clone()).unwrap())
    };
    waiting.as_array().unwrap().iter().map(row).collect()
}

/// Every staff member of the journey.
struct Staff {
    doctor: Keys,
    nurse: Keys,
    ma: Keys,
    desk: Keys,
    agent: Keys,
}

impl Staff {
    fn new() -> Self {
        let [doctor, nurse, ma, desk, agent] = std::array::from_fn(|_| Random::os().keys());
        Self { doctor, nurse, ma, desk, agent }
    }

    fn people(&self) -> [(&Keys, &'static str, Role); 4] {
        [
            (&self.doctor, "Dr. Bo Testwell", Role::Doctor),
            (&self.nurse, "Cleo Testwell", Role::Nurse),
            (&self.ma, "Dana Testwell", Role::Ma),
            (&self.desk, "Eli Testwell", Role::FrontDesk),
        ]
    }

    /// What the FHIR agent may do.
    fn grant(&self, practice: &PublicKey) -> Value {
        let pop = prove(&self.agent, practice, KeyRole::Agent, &mut Random::os());
        json!({
            "key": self.agent.public_key().to_hex(), "service": "fhir", "kinds": [2116],
            "compartments": ["chart"], "patients": "clients", "until": null, "pop": pop,
        })
    }

    /// Each by the route that the page uses.
    async fn join(hand: &mut Hand<'_>, practice: &PublicKey) -> Self {
        let staff = Self::new();
        for (keys, name, role) in staff.people() {
            held(hand, "POST", "/api/members", member(keys, name, role, practice)).await;
        }
        held(hand, "POST", "/api/agents", staff.grant(practice)).await;
        staff
    }
}

/// The front desk hands out two sheets, compares words, and registers a child with both parents.
async fn family(
    started: &DevBox,
    practice: PublicKey,
    desk: &Keys,
) -> (PublicKey, Vec<Keys>, Vec<relaybox_protocol::EventId>) {
    let api = Api::of(started, desk).unwrap();
    let parents: Vec<Keys> = (0..2).map(|_| Random::os().keys()).collect();
    for parent in &parents {
        let (status, sheet) = api.ask("POST", "/api/enrolments", &json!({})).await.unwrap();
        assert_eq!(status, 201, "{sheet}");
        let shown = enrols(&api, sheet["text"].as_str().unwrap(), parent, KeyRole::Guardian).await;
        assert_eq!(shown, four_words(parent.public_key().as_bytes()));
    }
    let waiting = waiting(&api).await;
    assert_eq!(waiting.len(), 2);
    for (key, _, words) in &waiting {
        assert_eq!(*words, four_words(key.as_bytes()), "the same words at the desk as on the phone");
    }
    let guardians: Vec<NewGuardian<'_>> = waiting
        .iter()
        .map(|(key, pop, _)| NewGuardian {
            key: ProvedKey { key: *key, pop },
            name: "Synthetic Parent",
            relationship: "parent",
            compartments: &BOTH,
            until: None,
        })
        .collect();
    let resource = json!({"resourceType": "Patient", "name": [{"text": "Synthetic Child"}]});
    let child = NewChild { key: SubjectKey::ThrownAway, own: None, resource: &resource };
    let mut at_desk = Person::login(started, desk, practice).await.unwrap();
    let made = at_desk
        .register(|registrar, random| register_family(registrar, &[child], &guardians, random))
        .await
        .unwrap();
    for (key, ..) in &waiting {
        let path = format!("/api/enrolments/{}", key.to_hex());
        assert_eq!(api.ask("DELETE", &path, &Value::Null).await.unwrap().0, 204);
    }
    let links = made.events.iter().filter(|event| event.kind.as_u16() == 2104).map(|event| event.id);
    (made.subjects[0], parents, links.collect())
}

#[tokio::test]
async fn from_an_empty_box_a_practice_is_claimed_staffed_and_read_by_api_and_loses_a_nurse() {
    let unclaimed = Unclaimed::start("");
    let started = &unclaimed.started;
    let owner = Random::os().keys();
    nothing_but_the_claim_is_served(started, &owner).await;
    let mut hand = hand_of(started, &unclaimed.keys, &owner);
    let claim = hand.claim(&owner, &mut |_| true).await.unwrap();
    claim.done().unwrap();
    assert!(claim.steps.contains(&"drill".to_owned()), "{:?}", claim.steps);
    assert_eq!(claim.words("recovery").split(' ').count(), 24);
    let practice = key_from_hex(claim.last.practice.as_deref().unwrap()).unwrap();
    claimed_once(&mut hand, &owner, &claim.last.ceremony).await;

    let staff = Staff::join(&mut hand, &practice).await;
    let at_work = AtWork::begin(started, practice, &staff).await;
    println!("both parents read {:?} after the clinician's confirmation", at_work.taken);
    let path = format!("/api/members/{}", staff.nurse.public_key().to_hex());
    held(&mut hand, "DELETE", &path, Value::Null).await;
    at_work.without_the_nurse(started, &owner, &staff).await;
}

#[tokio::test]
async fn from_an_empty_box_a_practice_is_claimed_staffed_and_read_by_command_line_and_loses_a_nurse() {
    let unclaimed = Unclaimed::start("");
    let (started, folder) = (&unclaimed.started, unclaimed.folder.path());
    let data = started.folder().to_str().unwrap().to_owned();
    let key = folder.join("owner.key");
    let run = |what: &[&str], order: &[&str]| {
        let (said, done) = at_the_console(&unclaimed.keys, what, order);
        assert!(done, "{said}");
        said
    };
    let claim = claiming(&data, key.to_str().unwrap());
    let said = run(&claim, &["one", "two"]);
    assert!(said.contains("RECOVERY SHEET") && said.contains("the box is claimed"), "{said}");
    let owner = Keys::parse(std::fs::read_to_string(&key).unwrap().trim()).unwrap();
    let state = unclaimed.hand().state().await.unwrap();
    let practice = key_from_hex(state.practice.as_deref().unwrap()).unwrap();

    let staff = Staff::new();
    let changes = staff.people().map(|(keys, name, role)| join(keys, name, role, &practice));
    let mut agent = staff.grant(&practice);
    agent["verb"] = json!("agent");
    agent["change"] = json!("grant");
    for (name, operation) in [("roster", json!({"verb": "roster", "changes": changes})), ("agent", agent)] {
        let file = folder.join(name);
        std::fs::write(&file, operation.to_string()).unwrap();
        run(&["ceremony", "--data", &data, "run", file.to_str().unwrap()], &["one"]);
    }
    let at_work = AtWork::begin(started, practice, &staff).await;
    println!("both parents read {:?} after the clinician's confirmation", at_work.taken);
    let nurse = staff.nurse.public_key().to_hex();
    let said = run(&["ceremony", "--data", &data, "end", &nurse], &["two"]);
    let words = four_words(staff.nurse.public_key().as_bytes());
    assert!(words.iter().all(|word| said.contains(word)), "whose end is approved: {said}");
    at_work.without_the_nurse(started, &owner, &staff).await;
}

/// A family that is registered, and who reads of it.
struct AtWork {
    practice: PublicKey,
    child: PublicKey,
    doctor: Person,
    nurse: Person,
    parents: Vec<Person>,
    before: Event,
    /// What the nurse held.
    held: Keyring,
    /// From the clinician's confirmation to the second parent's reading.
    taken: Duration,
}

impl AtWork {
    /// The front desk registers, the doctor writes and confirms, both parents read.
    async fn begin(started: &DevBox, practice: PublicKey, staff: &Staff) -> Self {
        let (child, parents, links) = family(started, practice, &staff.desk).await;
        let mut doctor = Person::login(started, &staff.doctor, practice).await.unwrap();
        let mut nurse = Person::login(started, &staff.nurse, practice).await.unwrap();
        let held = nurse.keyring().await.unwrap();
        let before = doctor.write(&child, "before the nurse left", &[]).await.unwrap();
        let mut at_home = Vec::new();
        for parent in &parents {
            let mut person = Person::login(started, parent, practice).await.unwrap();
            let unread = person.read(&[child], &[before.id]).await.unwrap();
            assert_eq!(note(unread.get(&before.id)), None, "nobody has confirmed the link yet");
            at_home.push(person);
        }
        let confirmed = Clock::System.instant();
        let left = doctor.grant(&child, &links).await.unwrap();
        assert!(left.waiting.is_empty() && left.left.is_empty(), "{left:?}");
        for person in &mut at_home {
            let read = person.read(&[child], &[before.id]).await.unwrap();
            assert_eq!(note(read.get(&before.id)).as_deref(), Some("before the nurse left"));
        }
        let taken = Clock::System.instant() - confirmed;
        assert!(taken.as_secs() < 60, "{taken:?}");
        Self { practice, child, doctor, nurse, parents: at_home, before, held, taken }
    }

    /// The nurse has left: no open socket, nothing new with the nurse's keys, and everybody else reads on.
    async fn without_the_nurse(mut self, started: &DevBox, owner: &Keys, staff: &Staff) {
        let (child, before) = (self.child, &self.before);
        self.nurse.client.closed().await.unwrap();
        let mut late = Client::connect(started.ready.plain().unwrap(), None).await.unwrap();
        let (accepted, text) = late.auth(&staff.nurse).await.unwrap();
        assert!(!accepted && text.contains("replaced or ended"), "{text}");
        let after = self.doctor.write(&child, "after the nurse left", &[]).await.unwrap();
        let opened = |event: &Event| self.held.pairs().any(|(_, _, pair)| opens(pair, event, &child));
        assert!(
            opened(before) && !opened(&after),
            "the nurse's keys open the old record and not the new one"
        );
        let mut others = Vec::new();
        for keys in [&staff.ma, owner] {
            others.push(Person::login(started, keys, self.practice).await.unwrap());
        }
        for person in others.iter_mut().chain(&mut self.parents) {
            let read = person.read(&[child], &[before.id, after.id]).await.unwrap();
            let notes = [note(read.get(&before.id)), note(read.get(&after.id))];
            assert_eq!(notes, [Some("before the nurse left".into()), Some("after the nurse left".into())]);
        }
        assert!(Person::login(started, &staff.agent, self.practice).await.is_ok(), "the agent goes on");
    }
}

/// Whether one epoch key opens either copy of a record.
fn opens(pair: &relaybox_protocol::envelope::EpochSecret, event: &Event, child: &PublicKey) -> bool {
    use relaybox_protocol::envelope::{open_content, open_patient_copy};
    pair.practice_key().is_ok_and(|key| open_content(event, &key).is_ok())
        || pair.reader_key(child).is_ok_and(|key| open_patient_copy(event, &key).is_ok())
}

/// Before the claim everything but the claim is closed, and the claim to whoever has no code.
async fn nothing_but_the_claim_is_served(started: &DevBox, owner: &Keys) {
    let api = Api::of(started, owner).unwrap();
    let (status, state) = api.bare("GET", "/api/claim", &Value::Null).await.unwrap();
    assert_eq!(status, 200);
    assert_eq!(serde_json::from_str::<Value>(&state).unwrap(), json!({"soft": true, "busy": false}));
    for path in ["/api/health", "/api/members", "/api/vault", "/api/patients", "/api/epochs"] {
        let (status, answer) = api.bare("GET", path, &Value::Null).await.unwrap();
        assert_eq!(status, 401, "{path}: {answer}");
    }
    let body = json!({
        "code": "WRONGWRO", "practice_name": "x", "owner": {"name": "x", "role": "doctor", "words": ["admin"]},
        "labels": ["a", "b"],
    });
    assert_eq!(api.bare("POST", "/api/claim", &body).await.unwrap().0, 401, "the owner signs each request");
    let before = Clock::System.instant();
    let (status, answer) = api.ask("POST", "/api/claim", &body).await.unwrap();
    assert_eq!((status, answer["code"].as_str()), (403, Some("code")), "{answer}");
    assert!((Clock::System.instant() - before).as_millis() >= 1_000, "a wrong code costs a second");
    let mut stranger = Client::connect(started.ready.plain().unwrap(), None).await.unwrap();
    let (accepted, text) = stranger.auth(owner).await.unwrap();
    assert!(!accepted && text.contains("no practice"), "{text}");
}

/// Afterwards nobody claims it again, and nobody but who claimed it is told anything of the claim.
async fn claimed_once(hand: &mut Hand<'_>, owner: &Keys, ceremony: &str) {
    let api = hand.api.clone().unwrap();
    assert_eq!(api.bare("GET", "/api/claim", &Value::Null).await.unwrap().0, 404);
    let request = Request::Claim {
        code: "AAAAAAAA".to_owned(),
        practice_name: "Another".to_owned(),
        owner: joining(owner, "Dr. Else", Role::Doctor, ""),
        labels: ["a".to_owned(), "b".to_owned()],
    };
    let Reply::Refused { code, text } = hand.ask(&request).await.unwrap() else { panic!("claimed twice") };
    assert!(code == "not-found" && text.starts_with("404"), "{code} {text}");
    let lines = format!("/api/claim/{ceremony}");
    let stranger = api.by(&Random::os().keys());
    assert_eq!(stranger.ask("GET", &lines, &Value::Null).await.unwrap().0, 404);
    assert_eq!(api.ask("GET", &lines, &Value::Null).await.unwrap().1["step"], "done", "to who claimed it");
    let (status, health) = api.ask("GET", "/api/health", &Value::Null).await.unwrap();
    assert_eq!((status, &health["vault"]["slot_keys"]), (200, &json!(2)), "{health}");
}
