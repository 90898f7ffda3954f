//! Ceremonies: what is asked of the vault, which shows it at the box and does nothing without a hand there.

use std::sync::Arc;

use bytes::Bytes;
use hyper::StatusCode;
use relaybox_process::rpc::audit::Entry;
use relaybox_process::rpc::line::{self, LineError};
use relaybox_process::rpc::vault::{LINE_BYTES_MAX, Reply, Request};
use relaybox_process::shutdown;
use relaybox_protocol::PublicKey;
use relaybox_protocol::refusal::Class;
use serde::Deserialize;
use serde_json::json;
use tokio::io::BufStream;
use tokio::net::UnixStream;
use tokio::sync::mpsc;

use super::{ADMIN, read};
use crate::body::Body;
use crate::login::Asked;
use crate::reply::{Answer, Refused, done, json as reply_json, ok, with};
use crate::run::Shared;

/// What a ceremony is asked to do: an operation of the vault's closed list, as it stands.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Prepare {
    operation: serde_json::Value,
}

/// A PIN or words, sealed to the ceremony's key in the browser.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Typed {
    pub(super) from: String,
    pub(super) sealed: String,
}

/// Who reads the lines of a ceremony.
#[derive(Debug, Clone, Copy)]
pub(super) enum Watcher {
    Admin(PublicKey),
    /// Who began the claim: there is no policy yet by which that could end.
    Claimant,
}

impl Watcher {
    fn may(self, shared: &Shared) -> bool {
        match self {
            Self::Admin(key) => shared.still_has(&key, ADMIN),
            Self::Claimant => true,
        }
    }
}

/// The key slot. The claim code never leaves the box by this way.
pub(super) async fn state(shared: &Shared, asked: &Asked) -> Answer {
    shared.member(asked, ADMIN).await?;
    match ask(shared, &Request::State {}).await? {
        Reply::State(mut state) => {
            state.claim_code = None;
            ok(&state)
        }
        other => Err(refused(other)),
    }
}

/// Any admin freezes, at once: the vault first, then the audit.
pub(super) async fn freeze(shared: &Shared, asked: &Asked) -> Answer {
    let by = shared.member(asked, ADMIN).await?.key.to_hex();
    match ask(shared, &Request::Freeze { by: Some(by.clone()) }).await? {
        Reply::Done => {
            shared.journal.enter(Entry::new(shared.clock.now(), "freeze-asked").by(by));
            done()
        }
        other => Err(refused(other)),
    }
}

pub(super) async fn prepare(shared: &Shared, asked: &Asked) -> Answer {
    let by = shared.member(asked, ADMIN).await?.key;
    let Prepare { operation } = read(asked)?;
    begin(shared, by, operation).await
}

/// Asks the vault to show an operation.
pub(super) async fn begin(shared: &Shared, by: PublicKey, operation: serde_json::Value) -> Answer {
    let by = by.to_hex();
    shared.enter(Entry::new(shared.clock.now(), "ceremony-asked").by(by.clone())).await?;
    match ask(shared, &Request::Prepare { operation, by: Some(by) }).await? {
        Reply::Prepared { ceremony, key } => {
            Ok(reply_json(StatusCode::CREATED, &json!({"ceremony": ceremony, "key": key})))
        }
        other => Err(refused(other)),
    }
}

pub(super) async fn typed(shared: &Shared, asked: &Asked, id: &str) -> Answer {
    shared.member(asked, ADMIN).await?;
    let Typed { from, sealed } = read(asked)?;
    act(shared, &Request::Type { ceremony: id.to_owned(), from, sealed }).await
}

pub(super) async fn cancel(shared: &Shared, asked: &Asked, id: &str) -> Answer {
    let by = shared.member(asked, ADMIN).await?.key.to_hex();
    shared.enter(Entry::new(shared.clock.now(), "ceremony-cancelled").by(by).about(id.to_owned())).await?;
    act(shared, &Request::Cancel { ceremony: id.to_owned() }).await
}

/// Where the ceremony stands, a JSON line each time, until it has ended or the reader's access ends.
pub(super) async fn watch(shared: &Arc<Shared>, asked: &Asked, id: &str) -> Answer {
    let key = shared.member(asked, ADMIN).await?.key;
    follow(shared, Watcher::Admin(key), id).await
}

/// The lines of a ceremony for who may read them.
pub(super) async fn follow(shared: &Arc<Shared>, watcher: Watcher, id: &str) -> Answer {
    let mut stream = connect(shared).await?;
    line::write(&mut stream, &Request::Watch {}).await.map_err(|error| silent(&error))?;
    let (sender, body) = Body::lines();
    tokio::spawn(tell(Arc::clone(shared), stream, sender, watcher, id.to_owned()));
    Ok(with(StatusCode::OK, "application/x-ndjson", body))
}

async fn tell(
    shared: Arc<Shared>,
    stream: BufStream<UnixStream>,
    sender: mpsc::Sender<Bytes>,
    watcher: Watcher,
    id: String,
) {
    // A line that is half read when something else happens would be lost: reading is a task of its own.
    let (lines, said) = mpsc::channel(1);
    let reading = tokio::spawn(read_lines(stream, lines));
    pass_on(&shared, said, &sender, watcher, &id).await;
    reading.abort();
}

async fn read_lines(mut stream: BufStream<UnixStream>, lines: mpsc::Sender<Reply>) {
    while let Ok(Some(reply)) = line::read::<Reply>(&mut stream, LINE_BYTES_MAX).await {
        if lines.send(reply).await.is_err() {
            return;
        }
    }
}

async fn pass_on(
    shared: &Shared,
    mut replies: mpsc::Receiver<Reply>,
    sender: &mpsc::Sender<Bytes>,
    watcher: Watcher,
    id: &str,
) {
    let (mut following, mut order) = (shared.following.clone(), shared.stop.clone());
    loop {
        let said = tokio::select! {
            said = replies.recv() => said,
            // The relay says each second where it stands, so silence ends this, too.
            _ = following.changed() => {
                if watcher.may(shared) { continue } else { return }
            }
            () = tokio::time::sleep(SILENCE) => {
                if watcher.may(shared) { continue } else { return }
            }
            () = sender.closed() => return,
            () = shutdown::requested(&mut order) => return,
        };
        let Some(Reply::Status(status)) = said else { return };
        if status.ceremony != id || !watcher.may(shared) {
            return;
        }
        let ended = matches!(status.step.as_str(), "done" | "stopped");
        let Ok(mut text) = serde_json::to_string(&status) else { return };
        text.push('\n');
        if sender.send(Bytes::from(text)).await.is_err() || ended {
            return;
        }
    }
}

/// How long nothing may be heard of anybody before the reader's access is looked at again.
const SILENCE: std::time::Duration = std::time::Duration::from_secs(5);

pub(super) async fn act(shared: &Shared, request: &Request) -> Answer {
    match ask(shared, request).await? {
        Reply::Done => done(),
        other => Err(refused(other)),
    }
}

async fn connect(shared: &Shared) -> Result<BufStream<UnixStream>, Refused> {
    let stream = UnixStream::connect(&shared.vault).await.map_err(|error| silent(&LineError::Io(error)))?;
    Ok(BufStream::new(stream))
}

/// One question to the vault.
pub(super) async fn ask(shared: &Shared, request: &Request) -> Result<Reply, Refused> {
    let mut stream = connect(shared).await?;
    line::write(&mut stream, request).await.map_err(|error| silent(&error))?;
    let reply = line::read(&mut stream, LINE_BYTES_MAX).await.map_err(|error| silent(&error))?;
    reply.ok_or_else(|| silent(&LineError::Truncated))
}

fn silent(error: &LineError) -> Refused {
    Refused::unavailable("vault", error)
}

/// What the vault refuses, in its own words.
pub(super) fn refused(reply: Reply) -> Refused {
    match reply {
        Reply::Refused { code, text } => Refused { class: Class::Conflict, code, text },
        _ => Refused::new(Class::Internal, "vault", "the vault gave another answer than was asked for"),
    }
}
