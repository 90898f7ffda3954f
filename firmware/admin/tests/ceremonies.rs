//! Ceremonies through the role's own socket, with stand-ins for relay, vault and audit that speak their lines.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests fail by panicking")]

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::{Request as HttpRequest, Response};
use hyper_util::rt::TokioIo;
use relaybox_process::clock::Clock;
use relaybox_process::config::Config;
use relaybox_process::peer::Callers;
use relaybox_process::rpc::vault::{Reply, Request, State, Status};
use relaybox_process::rpc::{audit, line, policy};
use relaybox_process::{Env, Listener, shutdown};
use relaybox_protocol::epochs::{EpochSecrets, NewEpoch, Sequence, build_epoch};
use relaybox_protocol::event::{sign, tag};
use relaybox_protocol::grants::{Name, RosterEntry, Suspended, Suspension, build_roster, build_suspension};
use relaybox_protocol::keys::{KeyRole, prove};
use relaybox_protocol::permissions::{Role, preticked};
use relaybox_protocol::random::Random;
use relaybox_protocol::{Event, Keys};
use relaybox_web::proxy::Preface;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use tempfile::TempDir;
use tokio::io::{AsyncWriteExt as _, BufStream};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::{mpsc, oneshot, watch};

const HOST: &str = "relaybox-admin.local";

/// A practice with two doctors, as its relay tells it.
struct Practice {
    practice: Keys,
    owner: Keys,
    other: Keys,
    events: Vec<Event>,
}

fn practice() -> Practice {
    let mut random = Random::seeded([9; 32]);
    let [practice, owner, other, escrow, receipts, audit] = std::array::from_fn(|_| random.keys());
    let now = Clock::System.now() - 100;
    let secrets = EpochSecrets::generate(1, &mut random);
    let next = "ab".repeat(32);
    let epoch = NewEpoch {
        secrets: &secrets,
        previous: None,
        escrow: &escrow.public_key(),
        receipts_box: &receipts.public_key(),
        audit_box: &audit.public_key(),
        grace: 600,
        next: Some(&next),
        sequence: Sequence { seq: 1, prev: None },
        created_at: now,
    };
    let mut events = vec![build_epoch(&practice, &epoch, &mut random).unwrap()];
    for (member, seq) in [(&owner, 2), (&other, 3)] {
        let pop = prove(member, &practice.public_key(), KeyRole::Staff, &mut random);
        let entry = RosterEntry {
            member: member.public_key(),
            role: Role::Doctor,
            words: preticked(Role::Doctor),
            from: now,
            until: None,
            ended: false,
            name: Name::Clear("Synthetic Doctor"),
            replaces: None,
            pop: &pop,
            sequence: Sequence { seq, prev: events.last().map(|event| event.id) },
            created_at: now,
        };
        events.push(build_roster(&practice, &entry, &mut random).unwrap());
    }
    Practice { practice, owner, other, events }
}

struct Started {
    dir: TempDir,
    practice: Practice,
    /// What the relay says next.
    later: mpsc::Sender<Event>,
    /// What the vault was asked.
    asked: Arc<Mutex<Vec<String>>>,
    _stop: watch::Sender<bool>,
}

fn bind(dir: &Path, name: &str) -> UnixListener {
    UnixListener::bind(dir.join(format!("{name}.sock"))).unwrap()
}

async fn relay(listener: UnixListener, key: String, events: Vec<Event>, mut later: mpsc::Receiver<Event>) {
    let mut stream = BufStream::new(listener.accept().await.unwrap().0);
    line::read::<policy::Request>(&mut stream, 1_000).await.unwrap().unwrap();
    line::write(&mut stream, &policy::Said::Practice { practice: key }).await.unwrap();
    let mut at = 0;
    let mut events = events.into_iter().collect::<Vec<_>>();
    loop {
        for event in events.drain(..) {
            at += 1;
            let raw = serde_json::value::to_raw_value(&event).unwrap();
            let said = policy::Said::Event { seq: at, received: Clock::System.now() - 50, event: raw };
            line::write(&mut stream, &said).await.unwrap();
        }
        line::write(&mut stream, &policy::Said::Reached { at, failing: vec![] }).await.unwrap();
        match tokio::time::timeout(std::time::Duration::from_millis(500), later.recv()).await {
            Ok(Some(event)) => events.push(event),
            Ok(None) => return,
            Err(_) => {}
        }
    }
}

/// Serves each caller by itself: the front panel's line asks while others append.
async fn auditor(listener: UnixListener) {
    let number = Arc::new(AtomicU64::new(0));
    loop {
        let mut stream = BufStream::new(listener.accept().await.unwrap().0);
        let number = Arc::clone(&number);
        tokio::spawn(async move {
            while let Ok(Some(audit::Request::Append { entries })) =
                line::read::<audit::Request>(&mut stream, audit::LINE_BYTES_MAX).await
            {
                let count = entries.len() as u64;
                let last = number.fetch_add(count, Ordering::SeqCst) + count;
                let reply = audit::Reply::Appended { first: last + 1 - count, last };
                line::write(&mut stream, &reply).await.unwrap();
            }
        });
    }
}

async fn vault(listener: UnixListener, asked: Arc<Mutex<Vec<String>>>) {
    let status = |step: &str| Status {
        ceremony: "c1".to_owned(),
        step: step.to_owned(),
        shown: vec!["ROTATE".to_owned()],
        wants: None,
        practice: None,
        label: None,
        tries_left: None,
        why: None,
        until: 0,
        sheets: vec![],
        events: vec![],
    };
    let state = State {
        practice: None,
        claim_code: Some("12345678".to_owned()),
        slot_keys: vec![],
        signed: 3,
        ceremony: None,
        paused_until: None,
        frozen: None,
        soft: true,
    };
    let mut held = Vec::new();
    loop {
        let mut stream = BufStream::new(listener.accept().await.unwrap().0);
        let Ok(Some(request)) = line::read::<Request>(&mut stream, 100_000).await else { continue };
        if !matches!(request, Request::Line { .. }) {
            asked.lock().unwrap().push(serde_json::to_string(&request).unwrap());
        }
        let replies = match request {
            Request::State {} => vec![Reply::State(state.clone())],
            Request::Prepare { .. } => {
                vec![Reply::Prepared { ceremony: "c1".to_owned(), key: "ab".repeat(32) }]
            }
            Request::Watch {} => vec![Reply::Status(status("request-shown"))],
            Request::Cancel { ceremony } if ceremony != "c1" => {
                vec![Reply::Refused { code: "no-ceremony".to_owned(), text: "none runs".to_owned() }]
            }
            _ => vec![Reply::Done],
        };
        for reply in replies {
            line::write(&mut stream, &reply).await.unwrap();
        }
        held.push(stream);
    }
}

impl Started {
    async fn start() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let practice = practice();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let (later, coming) = mpsc::channel(4);
        let key = practice.practice.public_key().to_hex();
        tokio::spawn(relay(bind(dir.path(), "policy"), key, practice.events.clone(), coming));
        tokio::spawn(auditor(bind(dir.path(), "audit-admin")));
        tokio::spawn(vault(bind(dir.path(), "vault"), Arc::clone(&asked)));
        let mut config = Config::default();
        config.sockets.folder = dir.path().to_owned();
        let (stop, order) = shutdown::channel();
        let (said, ready) = oneshot::channel();
        let env = Env {
            config: Arc::new(config),
            listeners: vec![("admin".to_owned(), Listener::Unix(bind(dir.path(), "admin")))],
            callers: Callers::own_uid(&["admin"]),
            shutdown: order,
            ready: Box::new(move || said.send(()).unwrap()),
            clock: Clock::System,
            state: dir.path().to_owned(),
            credentials: dir.path().to_owned(),
            dev: true,
        };
        tokio::spawn(relaybox_admin::start(env));
        ready.await.unwrap();
        let started = Self { dir, practice, later, asked, _stop: stop };
        // Policy comes a moment after the start; until then everybody is told to wait.
        while started.ask(&started.practice.owner, "GET", "/api/members", "").await.0 == 503 {
            tokio::task::yield_now().await;
        }
        started
    }

    async fn send(&self, keys: &Keys, method: &str, path: &str, body: &str) -> Response<Incoming> {
        let url = format!("https://{HOST}{path}");
        let mut tags = vec![tag("u", [&url]), tag("method", [method])];
        if !body.is_empty() {
            let hash: [u8; 32] = Sha256::digest(body).into();
            tags.push(tag("payload", [&relaybox_protocol::hex::encode(&hash)]));
        }
        let login = sign(keys, 27_235, tags, random_text(), Clock::System.now());
        let mut stream = UnixStream::connect(self.dir.path().join("admin.sock")).await.unwrap();
        let peer = "10.0.0.9:1234".parse().unwrap();
        let preface = Preface { source: peer, destination: peer, host: HOST.to_owned() };
        stream.write_all(&preface.encode().unwrap()).await.unwrap();
        let (mut sender, connection) =
            hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.unwrap();
        tokio::spawn(connection);
        let token = base64(serde_json::to_string(&login).unwrap().as_bytes());
        let request = HttpRequest::builder()
            .method(method)
            .uri(path)
            .header("host", HOST)
            .header("authorization", format!("Nostr {token}"))
            .body(Full::new(Bytes::from(body.to_owned())))
            .unwrap();
        sender.send_request(request).await.unwrap()
    }

    async fn ask(&self, keys: &Keys, method: &str, path: &str, body: &str) -> (u16, Value) {
        let response = self.send(keys, method, path, body).await;
        let status = response.status().as_u16();
        let bytes = response.into_body().collect().await.unwrap().to_bytes();
        (status, serde_json::from_slice(&bytes).unwrap_or(Value::Null))
    }
}

/// Two logins of one second would be one event otherwise.
fn random_text() -> String {
    relaybox_protocol::hex::encode(&Random::os().bytes32())
}

/// RFC 4648 section 4, with padding.
fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let group = [chunk[0], *chunk.get(1).unwrap_or(&0), *chunk.get(2).unwrap_or(&0)];
        let bits = u32::from_be_bytes([0, group[0], group[1], group[2]]);
        for at in 0..4 {
            let digit = DIGITS[(bits >> (18 - 6 * at) & 63) as usize];
            text.push(if at <= chunk.len() { char::from(digit) } else { '=' });
        }
    }
    text
}

#[tokio::test]
async fn a_ceremony_is_asked_for_watched_and_cancelled_and_the_claim_code_stays_in_the_box() {
    let started = Started::start().await;
    let owner = &started.practice.owner;
    let operation = json!({"operation": {"verb": "rotate"}}).to_string();
    let (status, made) = started.ask(owner, "POST", "/api/ceremonies", &operation).await;
    assert_eq!((status, made["ceremony"].as_str()), (201, Some("c1")), "{made}");
    let by = owner.public_key().to_hex();
    assert!(
        started.asked.lock().unwrap().iter().any(|asked| asked.contains("rotate") && asked.contains(&by))
    );
    assert_eq!(started.ask(owner, "POST", "/api/ceremonies", "{\"sign\":1}").await.0, 400);
    let typed = json!({"from": "aa", "sealed": "bb"}).to_string();
    assert_eq!(started.ask(owner, "POST", "/api/ceremonies/c1/typed", &typed).await.0, 204);
    assert_eq!(started.ask(owner, "DELETE", "/api/ceremonies/c1", "").await.0, 204);
    let (status, refused) = started.ask(owner, "DELETE", "/api/ceremonies/c2", "").await;
    assert_eq!((status, refused["code"].as_str()), (409, Some("no-ceremony")));
    let (status, state) = started.ask(owner, "GET", "/api/vault", "").await;
    assert_eq!((status, &state["claim_code"], &state["signed"]), (200, &Value::Null, &json!(3)));
    assert_eq!(started.ask(owner, "POST", "/api/vault/freeze", "").await.0, 204);
}

#[tokio::test]
async fn an_answer_that_goes_on_ends_with_its_readers_access_and_not_before() {
    let started = Started::start().await;
    let (owner, other) = (&started.practice.owner, &started.practice.other);
    let mut body = started.send(other, "GET", "/api/ceremonies/c1", "").await.into_body();
    let first = body.frame().await.unwrap().unwrap().into_data().unwrap();
    assert_eq!(serde_json::from_slice::<Value>(&first).unwrap()["step"], "request-shown");
    let mut stays = started.send(owner, "GET", "/api/ceremonies/c1", "").await.into_body();
    stays.frame().await.unwrap().unwrap();
    let key = other.public_key();
    let suspension = Suspension {
        of: Suspended::Person(&key),
        scope: None,
        sequence: None,
        created_at: Clock::System.now(),
    };
    started.later.send(build_suspension(owner, &suspension)).await.unwrap();
    assert!(body.frame().await.is_none(), "the suspended admin's answer has ended");
    let (status, answer) = started.ask(other, "GET", "/api/members", "").await;
    assert_eq!((status, answer["code"].as_str()), (403, Some("suspended")));
    let waiting = tokio::time::timeout(std::time::Duration::from_millis(50), stays.frame()).await;
    assert!(waiting.is_err(), "the other admin's goes on");
}

#[tokio::test]
async fn an_admin_sets_how_long_an_epoch_may_last_between_a_week_and_five_years() {
    const WEEK: u64 = 7 * 86_400;
    let started = Started::start().await;
    let owner = &started.practice.owner;
    let (status, epochs) = started.ask(owner, "GET", "/api/epochs", "").await;
    assert_eq!((status, &epochs["epochs"][0]["n"]), (200, &json!(1)), "{epochs}");
    let rotation = &epochs["rotation"];
    assert_eq!((&rotation["seconds"], &rotation["reminder"]), (&json!(365 * 86_400), &json!(false)));
    for seconds in [0, WEEK - 1, 5 * 366 * 86_400 + 1] {
        let body = json!({"seconds": seconds}).to_string();
        assert_eq!(started.ask(owner, "PUT", "/api/epochs/rotation", &body).await.0, 400, "{seconds}");
    }
    let body = json!({"seconds": WEEK}).to_string();
    assert_eq!(started.ask(owner, "PUT", "/api/epochs/rotation", &body).await.0, 204);
    let rotation = async || started.ask(owner, "GET", "/api/health", "").await.1["rotation"].clone();
    let before = rotation().await;
    let due = epochs["epochs"][0]["received"].as_u64().unwrap() + WEEK;
    assert_eq!(before, json!({"seconds": WEEK, "due": due, "reminder": false}));
    let (_, epochs) = started.ask(owner, "GET", "/api/epochs", "").await;
    assert_eq!(epochs["rotation"], before);
}
