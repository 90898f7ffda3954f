//! Without a login nothing of a patient, and nothing of who is here, comes out of any address of the box.

use std::collections::BTreeSet;
use std::path::Path;

use relaybox_process::clock::Clock;
use relaybox_protocol::Keys;
use relaybox_tests::client::{Answer, Client};
use relaybox_tests::dev::DevBox;
use relaybox_tests::http::{login, request};
use serde_json::json;

/// Methods that are tried on every address.
const METHODS: [&str; 6] = ["GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"];
/// Paths that are drawn beyond the documented ones.
const DRAWN: u64 = 250;

/// The box with what must not come out of it.
struct Closed {
    dev: DevBox,
    origins: Vec<String>,
    /// Names and public keys of people.
    secrets: Vec<String>,
    owner: Keys,
}

impl Closed {
    fn start() -> Self {
        let dev = DevBox::demo().unwrap();
        let origins = ["start", "portal", "admin"]
            .map(|name| dev.ready.origins[name].as_str().unwrap().trim_end_matches('/').to_owned());
        let people = &dev.ready.persons;
        let children = people.iter().flat_map(|person| person.children.clone());
        let named = people.iter().flat_map(|person| [person.name.clone(), person.pubkey.clone()]);
        let secrets = children.chain(named).collect();
        let owner = dev.ready.one("doctor").unwrap().keys().unwrap();
        Self { origins: origins.into(), secrets, owner, dev }
    }

    fn found(&self, text: &str) -> Option<&String> {
        self.secrets.iter().find(|secret| text.contains(secret.as_str()))
    }

    async fn ask(&self, method: &str, url: &str, authorization: Option<&str>) -> (u16, String) {
        let headers: Vec<(&str, &str)> =
            authorization.map(|value| ("Authorization", value)).into_iter().collect();
        request(method, url, &self.dev.ready.ca, &headers, b"").await.unwrap()
    }
}

/// Every address that the page of the interface names, with something in each gap.
fn documented(somebody: &str) -> BTreeSet<String> {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/ref/admin-api.md");
    let page = std::fs::read_to_string(page).unwrap();
    let rows = page.lines().filter_map(|line| line.strip_prefix("| `"));
    let paths = rows.filter_map(|row| row.split(['`', ' ']).nth(1)).filter(|path| path.starts_with('/'));
    let filled = |path: &str| {
        let mut filled = path.to_owned();
        while let Some((before, after)) = filled.split_once('<') {
            filled = format!("{before}{somebody}{}", after.split_once('>').unwrap().1);
        }
        filled
    };
    paths.map(filled).collect()
}

/// A path out of what paths of the box are made of, and of what confuses those who read paths.
fn drawn(seed: u64, somebody: &str) -> String {
    let pieces = [
        "api",
        "members",
        "patients",
        "vault",
        "health",
        "claim",
        "ceremonies",
        "enrolments",
        "wrapped-keys",
        "epochs",
        "agents",
        "connection",
        "suspension",
        "..",
        ".",
        "%2e%2e",
        "",
        "API",
        "admin",
        "dev",
        "words",
        "rotation",
        "typed",
        "*",
        "index.html",
        "keys.db",
        "?a=1",
        "%00",
        somebody,
    ];
    // Multiples of a large odd number spread over the pieces (Knuth, volume 3, 6.4).
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut path = String::new();
    for _ in 0..=seed % 4 {
        state = state.wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(17);
        let at = usize::try_from(state % u64::try_from(pieces.len()).unwrap()).unwrap();
        path.push('/');
        path.push_str(pieces[at]);
    }
    path
}

#[tokio::test]
async fn no_address_tells_anything_of_anybody_without_a_login() {
    let closed = Closed::start();
    let child = closed.dev.ready.role("guardian").next().unwrap().children[0].clone();
    // The control: the same address says a great deal to whom it may.
    let members = format!("{}/api/members", closed.origins[2]);
    let told = loop {
        let right = login(&closed.owner, &members, "GET", b"", Clock::System.now());
        let (status, told) = closed.ask("GET", &members, Some(&right)).await;
        if status == 200 {
            break told;
        }
    };
    assert!(closed.found(&told).is_some(), "{told}");

    let documented = documented(&child);
    assert!(documented.len() > 20, "{documented:?}");
    let paths: Vec<String> = documented.into_iter().chain((0..DRAWN).map(|n| drawn(n, &child))).collect();
    let mut asked = 0;
    let mut answers: BTreeSet<u16> = BTreeSet::new();
    for (n, path) in paths.iter().enumerate() {
        for origin in &closed.origins {
            // Each drawn path by one method, each documented one by all.
            let methods = if n < paths.len() - usize::try_from(DRAWN).unwrap() {
                &METHODS[..]
            } else {
                &METHODS[n % 6..=n % 6]
            };
            for method in methods {
                let (status, text) = closed.ask(method, &format!("{origin}{path}"), None).await;
                let leaked = closed.found(&text);
                // The start page of a demo links its people, which a box that is no demo does not have.
                let demo = origin == &closed.origins[0] && status == 200;
                assert!(leaked.is_none() || demo, "{method} {origin}{path}: {leaked:?} in {text}");
                if origin == &closed.origins[2] && path.starts_with("/api/") {
                    assert!(status >= 400, "{method} {path}: {status} {text}");
                }
                answers.insert(status);
                asked += 1;
            }
        }
    }
    println!("{asked} requests without a login were answered by {answers:?}");
    strangers_logins(&closed, &members).await;
}

/// Logins that prove nothing, or somebody who is nobody here.
async fn strangers_logins(closed: &Closed, url: &str) {
    let stranger = Keys::generate();
    let now = Clock::System.now();
    let logins = [
        ("none".to_owned(), 401),
        ("Nostr".to_owned(), 401),
        ("Nostr e30=".to_owned(), 401),
        ("Basic YWRtaW46YWRtaW4=".to_owned(), 401),
        ("Bearer 1234".to_owned(), 401),
        (login(&stranger, url, "POST", b"", now), 401),
        (login(&stranger, url, "GET", b"", now - 3_600), 401),
        (login(&stranger, url, "GET", b"", now), 403),
    ];
    for (value, expected) in logins {
        let (status, text) = closed.ask("GET", url, Some(&value)).await;
        assert_eq!(status, expected, "{value}: {text}");
        assert_eq!(closed.found(&text), None, "{value}: {text}");
    }
}

#[tokio::test]
async fn the_relay_answers_no_question_before_a_login() {
    let closed = Closed::start();
    let child = &closed.dev.ready.role("guardian").next().unwrap().children[0];
    let kinds: Vec<u16> = (2100..=2129).chain([0, 1059, 10_050, 32_110, 32_111]).collect();
    for filter in [json!({}), json!({"kinds": kinds}), json!({"#p": [child]}), json!({"limit": 1})] {
        let mut client = Client::connect(&closed.dev.ready.relay, Some(&closed.dev.ready.ca)).await.unwrap();
        let Answer::Closed(text) = client.query(filter.clone()).await.unwrap() else { panic!("{filter}") };
        assert!(text.starts_with("auth-required:"), "{text}");
        assert!(client.count(filter.clone()).await.unwrap_err().to_string().contains("auth-required"));
        client.send(&json!(["NEG-OPEN", "n", filter, "6100"])).await.unwrap();
        let frame = client.wait(|frame| frame[1] == "n").await.unwrap();
        assert!(frame[2].as_str().unwrap().starts_with("auth-required"), "{frame}");
    }
    let mut owner =
        Client::login(&closed.dev.ready.relay, Some(&closed.dev.ready.ca), &closed.owner).await.unwrap();
    assert!(owner.count(json!({"#p": [child]})).await.unwrap() > 0, "the same question by who may ask");
}
