//! The role on real sockets in a directory of its own, and its file after somebody touched it.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests fail by panicking")]

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use relaybox_audit::chain::Writer;
use relaybox_audit::verify::{signed, verify};
use relaybox_audit::{FILE, WRITER};
use relaybox_process::clock::Clock;
use relaybox_process::config::Config;
use relaybox_process::peer::Callers;
use relaybox_process::rpc::audit::{AuditClient, AuditError, Entry, Journal};
use relaybox_process::rpc::ceremony::{Reply, Request};
use relaybox_process::rpc::line;
use relaybox_process::{Env, Listener, RoleError, shutdown};
use relaybox_protocol::{Keys, PublicKey};
use relaybox_store::StoreError;
use relaybox_store::chain::{Chain, Chains};
use tempfile::TempDir;
use tokio::io::BufStream;
use tokio::net::UnixListener;
use tokio::sync::{oneshot, watch};
use tokio::task::JoinHandle;

const START: u64 = 1_790_000_000;
const SOCKETS: [&str; 3] = ["audit-relay", "audit-vault", "audit-admin"];

struct Audit {
    dir: TempDir,
    clock: Arc<AtomicU64>,
    key: PublicKey,
    stop: watch::Sender<bool>,
    role: JoinHandle<Result<(), RoleError>>,
}

impl Audit {
    async fn start() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let keys = Keys::generate();
        std::fs::write(dir.path().join("audit.key"), keys.secret_key().to_secret_hex() + "\n").unwrap();
        Self::over(dir, keys.public_key()).await.unwrap()
    }

    async fn over(dir: TempDir, key: PublicKey) -> Result<Self, String> {
        let path = dir.path().to_owned();
        let clock = Arc::new(AtomicU64::new(START));
        let listeners = SOCKETS.map(|name| {
            let socket = path.join(format!("{name}.sock"));
            let _ = std::fs::remove_file(&socket);
            (name.to_owned(), Listener::Unix(UnixListener::bind(socket).unwrap()))
        });
        let mut config = Config::default();
        config.audit.anchor_seconds = 1;
        config.sockets.folder = path.clone();
        let (stop, order) = shutdown::channel();
        let (said, ready) = oneshot::channel();
        let env = Env {
            config: Arc::new(config),
            listeners: listeners.into(),
            callers: Callers::own_uid(&SOCKETS),
            shutdown: order,
            ready: Box::new(move || said.send(()).unwrap()),
            clock: Clock::Manual(Arc::clone(&clock)),
            state: path.clone(),
            credentials: path,
            dev: true,
        };
        let role = tokio::spawn(relaybox_audit::start(env));
        if ready.await.is_err() {
            let error = role.await.unwrap().unwrap_err();
            return Err(format!("{error}: {}", error.source));
        }
        Ok(Self { dir, clock, key, stop, role })
    }

    fn path(&self) -> PathBuf {
        self.dir.path().join(FILE)
    }

    async fn client(&self, role: &str) -> AuditClient {
        AuditClient::connect(&self.dir.path().join(format!("audit-{role}.sock"))).await.unwrap()
    }

    async fn stop(self) -> (TempDir, PublicKey) {
        self.stop.send(true).unwrap();
        self.role.await.unwrap().unwrap();
        (self.dir, self.key)
    }
}

fn login(n: u64) -> Entry {
    Entry::new(START + n, "login").by(format!("{n:064x}"))
}

#[tokio::test]
async fn the_socket_says_which_role_wrote_and_entries_are_numbered_in_one_chain() {
    let audit = Audit::start().await;
    let appended = audit.client("relay").await.append(vec![login(1), login(2)]).await.unwrap();
    assert_eq!(appended, 2..=3, "the first entry is the role's own start");
    assert_eq!(audit.client("vault").await.append(vec![login(3)]).await.unwrap(), 4..=4);
    let mut admin = audit.client("admin").await;
    let read = admin.read(1, 10).await.unwrap();
    let seen: Vec<_> =
        read.iter().map(|(n, stored)| (*n, stored.role.as_str(), stored.entry.clone())).collect();
    assert_eq!(seen, [(2, "relay", login(1)), (3, "relay", login(2)), (4, "vault", login(3))]);
    let heads = admin.heads().await.unwrap();
    assert_eq!((heads[0].writer.as_str(), heads[0].number), (WRITER, 4));
    assert_eq!(heads[0].hash, read[2].1.hash);
    assert_eq!(admin.verify().await.unwrap(), (4, vec![]));
}

#[tokio::test]
async fn roles_that_write_cannot_read_and_too_many_entries_are_refused() {
    let audit = Audit::start().await;
    let mut relay = audit.client("relay").await;
    let code = |error| match error {
        AuditError::Refused { code, .. } => code,
        other => panic!("{other}"),
    };
    assert_eq!(code(relay.read(0, 1).await.unwrap_err()), "role");
    assert_eq!(code(relay.heads().await.unwrap_err()), "role");
    assert_eq!(code(relay.verify().await.unwrap_err()), "role");
    assert_eq!(code(relay.append(Vec::new()).await.unwrap_err()), "entries");
    assert_eq!(code(relay.append(vec![login(1); 101]).await.unwrap_err()), "entries");
    assert_eq!(relay.append(vec![login(1); 100]).await.unwrap(), 2..=101);
}

#[tokio::test]
async fn what_was_appended_is_there_after_the_role_ended_without_a_goodbye() {
    let audit = Audit::start().await;
    let mut relay = audit.client("relay").await;
    assert_eq!(relay.append(vec![login(1)]).await.unwrap(), 2..=2);
    audit.role.abort();
    assert!(audit.role.await.is_err_and(|error| error.is_cancelled()));
    let audit = Audit::over(audit.dir, audit.key).await.unwrap();
    audit.clock.store(7, Ordering::SeqCst);
    assert_eq!(audit.client("relay").await.append(vec![login(2)]).await.unwrap(), 4..=4);
    let mut admin = audit.client("admin").await;
    assert_eq!(admin.verify().await.unwrap(), (4, vec![]));
    let last = admin.read(3, 1).await.unwrap();
    assert_eq!(last[0].1.received, START, "a clock that stepped back moves nothing");
}

#[tokio::test]
async fn of_two_that_open_one_chain_the_older_appends_nothing_any_more() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join(FILE);
    let (mut older, end, last) = Chain::open(&path, WRITER).await.unwrap();
    let (links, writer) =
        Writer::after(&end, last.as_ref()).unwrap().extend(1, "relay", vec![login(1)]).unwrap();
    assert_eq!(older.append([0; 32], links).await.unwrap(), 1..=1);
    let (mut newer, end, last) = Chain::open(&path, WRITER).await.unwrap();
    let (links, _) = writer.extend(2, "relay", vec![login(2)]).unwrap();
    let refused = older.append(writer.hash(), links.clone()).await;
    assert!(matches!(refused, Err(StoreError::Conflict)), "{refused:?}");
    let taken_over = Writer::after(&end, last.as_ref()).unwrap();
    assert_eq!(newer.append(taken_over.hash(), links).await.unwrap(), 2..=2);
    let report = verify(&Chains::look(&path).await.unwrap(), &[], None).await.unwrap();
    assert_eq!((report.entries, report.faults), (2, vec![]));
}

#[tokio::test]
async fn an_append_that_does_not_build_on_the_end_stores_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let (mut chain, end, _) = Chain::open(&dir.path().join(FILE), WRITER).await.unwrap();
    let writer = Writer::after(&end, None).unwrap();
    let (links, _) = writer.extend(1, "relay", vec![login(1), login(2)]).unwrap();
    assert!(matches!(chain.append([1; 32], links.clone()).await, Err(StoreError::Conflict)));
    let mut gap = links.clone();
    gap[1].number = 3;
    assert!(matches!(chain.append([0; 32], gap).await, Err(StoreError::Conflict)));
    assert_eq!(chain.ends().await.unwrap()[0].number, 0);
    assert_eq!(chain.append([0; 32], links).await.unwrap(), 1..=2);
}

#[tokio::test]
async fn anchors_go_to_the_relay_each_names_the_one_before_and_one_refused_is_sent_again() {
    let dir = tempfile::tempdir().unwrap();
    let keys = Keys::generate();
    std::fs::write(dir.path().join("audit.key"), keys.secret_key().to_secret_hex()).unwrap();
    let relay = UnixListener::bind(dir.path().join("anchor.sock")).unwrap();
    let audit = Audit::over(dir, keys.public_key()).await.unwrap();
    audit.clock.store(START + 10, Ordering::SeqCst);
    let mut published = Vec::new();
    for refuses in [true, false, false] {
        let mut stream = BufStream::new(relay.accept().await.unwrap().0);
        let asked: Request = line::read(&mut stream, 100_000).await.unwrap().unwrap();
        let Request::Append { events } = asked else { panic!("{asked:?}") };
        published.push(signed(events[0].get()).unwrap());
        let reply = if refuses {
            Reply::Refused { index: 0, code: "box-not-certified".to_owned(), text: String::new() }
        } else {
            audit.client("relay").await.append(vec![login(published.len() as u64)]).await.unwrap();
            audit.clock.fetch_add(10, Ordering::SeqCst);
            Reply::Stored { events: vec![] }
        };
        line::write(&mut stream, &reply).await.unwrap();
    }
    assert_eq!(published[0].id, published[1].id, "the same anchor again, not a second one");
    assert_eq!(published[1].by, keys.public_key());
    assert_eq!(published[2].prev, Some(published[1].id));
    assert_eq!((published[1].heads[0].1, published[2].heads[0].1), (1, 2));
    assert_eq!(audit.client("admin").await.verify().await.unwrap().1, Vec::<String>::new());
}

#[tokio::test]
async fn a_journal_fills_the_chain_and_what_happens_without_its_entry_fails() {
    let audit = Audit::start().await;
    let (stop, order) = shutdown::channel();
    let journal = Journal::new(audit.dir.path().join("audit-relay.sock"));
    let running = tokio::spawn(journal.clone().run(order));
    for n in 1..=3 {
        assert!(journal.enter(login(n)));
        assert!(journal.enter(Entry::new(START, "refusal").fact("code", "role")));
    }
    journal.append(login(9)).await.unwrap();
    stop.send(true).unwrap();
    running.await.unwrap();
    let read = audit.client("admin").await.read(1, 10).await.unwrap();
    let mut said: Vec<_> = read.into_iter().map(|(_, stored)| stored.entry).collect();
    said.sort_by_key(|entry| (entry.at, entry.by.clone()));
    let merged = Entry::new(START, "refusal").fact("code", "role").fact("times", "3");
    assert_eq!(said, [merged, login(1), login(2), login(3), login(9)]);
    let (dir, _) = audit.stop().await;
    let gone = Journal::new(dir.path().join("audit-relay.sock"));
    assert!(gone.append(login(1)).await.is_err());
}

/// A file with ten entries, closed.
async fn written(folder: &Path) -> PathBuf {
    let path = folder.join(FILE);
    let (mut chain, end, _) = Chain::open(&path, WRITER).await.unwrap();
    let writer = Writer::after(&end, None).unwrap();
    let (links, _) = writer.extend(START, "relay", (1..=10).map(login).collect()).unwrap();
    chain.append([0; 32], links).await.unwrap();
    path
}

/// What verifying says: entries, faults, or that the file cannot be read.
async fn said(path: &Path) -> Option<(u64, Vec<String>)> {
    let report = verify(&Chains::look(path).await.ok()?, &[], None).await.ok()?;
    Some((report.entries, report.faults))
}

#[tokio::test]
async fn no_byte_of_the_file_can_be_flipped_so_that_an_entry_changes_unseen() {
    let dir = tempfile::tempdir().unwrap();
    let path = written(dir.path()).await;
    let entries =
        |path: PathBuf| async move { Chains::look(&path).await.unwrap().scan(WRITER, 0, 100).await.unwrap() };
    let whole = entries(path.clone()).await;
    assert_eq!(said(&path).await, Some((10, vec![])));
    let bytes = std::fs::read(&path).unwrap();
    let (mut found, mut harmless) = (0, 0);
    let other = dir.path().join("flipped.db");
    for at in (0..bytes.len()).step_by(11) {
        let mut flipped = bytes.clone();
        flipped[at] ^= 1 << (at % 8);
        std::fs::write(&other, &flipped).unwrap();
        match said(&other).await {
            Some((10, faults)) if faults.is_empty() => {
                assert_eq!(entries(other.clone()).await, whole, "byte {at}");
                harmless += 1;
            }
            _ => found += 1,
        }
        for rest in ["flipped.db-wal", "flipped.db-shm"] {
            let _ = std::fs::remove_file(dir.path().join(rest));
        }
    }
    assert!(found > 100 && harmless > 100, "{found} found, {harmless} in empty places");
}

#[tokio::test]
async fn a_changed_entry_is_named_and_the_role_goes_on_chaining() {
    let audit = Audit::start().await;
    audit.client("relay").await.append(vec![login(1), login(2)]).await.unwrap();
    let path = audit.path();
    let (dir, key) = audit.stop().await;
    assert_eq!(said(&path).await, Some((3, vec![])));
    let text = std::fs::read(&path).unwrap();
    let at = text.windows(11).rposition(|part| part == b"\"number\":3,").unwrap();
    let mut changed = text;
    changed[at + 9] = b'4';
    std::fs::write(&path, changed).unwrap();
    let (_, faults) = said(&path).await.unwrap();
    assert!(
        faults.iter().any(|fault| fault == "chain box: entry 3 was changed: its hash does not hold"),
        "{faults:?}"
    );
    // The role goes on: entries from now on are worth having, and the damage stays named.
    let audit = Audit::over(dir, key).await.unwrap();
    let (_, faults) = audit.client("admin").await.verify().await.unwrap();
    assert!(faults.iter().any(|fault| fault.contains("entry 3 was changed")), "{faults:?}");
}
