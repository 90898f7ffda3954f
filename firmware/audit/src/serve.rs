//! The sockets: a role appends by its own, and `audit-admin` may also ask and read.

use std::sync::Arc;

use relaybox_process::peer::Callers;
use relaybox_process::rpc::audit::{ENTRIES_MAX, Head, LINE_BYTES_MAX, Reply, Request, Stored};
use relaybox_process::rpc::line::{self, LineError};
use relaybox_process::shutdown;
use relaybox_protocol::hex;
use tokio::io::BufStream;
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::chain::stored;
use crate::run::Shared;
use crate::verify::verify;

/// Callers of one socket at a time.
const CALLERS_MAX: usize = 16;
/// Sockets are named by the role that writes on them.
const PREFIX: &str = "audit-";
/// The role that may also ask and read.
const READER: &str = "admin";
/// Entries of one answer; a line holds that many of usual size.
const READ_MAX: usize = 50;

/// Accepts callers until the role stops.
pub(crate) async fn accept(
    shared: Arc<Shared>,
    callers: Arc<Callers>,
    name: String,
    listener: UnixListener,
    mut order: watch::Receiver<bool>,
) {
    let Some(role) = name.strip_prefix(PREFIX).map(str::to_owned) else {
        return log::error!("the socket {name} belongs to no role");
    };
    let mut open = JoinSet::new();
    let stopping = order.clone();
    loop {
        tokio::select! {
            accepted = listener.accept(), if open.len() < CALLERS_MAX => match accepted {
                Ok((stream, _)) => match callers.admit(&name, &stream) {
                    Ok(()) => {
                        open.spawn(serve(Arc::clone(&shared), role.clone(), stream, stopping.clone()));
                    }
                    Err(error) => log::warn!("a caller of the audit was turned away: failed to {error}"),
                },
                Err(error) => return log::error!("accepting on {name} failed: {error}"),
            },
            Some(_) = open.join_next() => {}
            () = shutdown::requested(&mut order) => break,
        }
    }
    while open.join_next().await.is_some() {}
}

/// Answers requests line by line until the caller leaves or the role stops. A request that was read is answered.
async fn serve(shared: Arc<Shared>, role: String, stream: UnixStream, mut order: watch::Receiver<bool>) {
    let mut stream = BufStream::new(stream);
    loop {
        let request = tokio::select! {
            biased;
            request = line::read::<Request>(&mut stream, LINE_BYTES_MAX) => request,
            () = shutdown::requested(&mut order) => return,
        };
        let reply = match request {
            Ok(Some(request)) => answer(&shared, &role, request).await,
            Ok(None) => return,
            Err(LineError::Json(_)) => refused("request", "this is no request of the audit"),
            Err(error) => return log::warn!("a caller of the audit failed to {error}"),
        };
        if let Err(error) = line::write(&mut stream, &reply).await {
            return log::warn!("answering a caller of the audit failed to {error}");
        }
    }
}

async fn answer(shared: &Shared, role: &str, request: Request) -> Reply {
    match request {
        Request::Append { entries } if entries.is_empty() || entries.len() > ENTRIES_MAX => {
            refused("entries", "one to a hundred entries are taken at once")
        }
        Request::Append { entries } => match shared.append(role, entries).await {
            Ok(range) => Reply::Appended { first: *range.start(), last: *range.end() },
            Err(error) => {
                log::error!("appending to the audit failed: {error}");
                refused("storage", "the audit could not be written: nothing was kept")
            }
        },
        _ if role != READER => refused("role", "this socket takes entries only"),
        Request::Heads {} => heads(shared).await.unwrap_or_else(|error| unreadable(&error)),
        Request::Verify {} => verified(shared).await.unwrap_or_else(|error| unreadable(&error)),
        Request::Read { after, max } => {
            entries(shared, after, max).await.unwrap_or_else(|error| unreadable(&error))
        }
    }
}

async fn heads(shared: &Shared) -> relaybox_store::Result<Reply> {
    let ends = shared.keeper.lock().await.chain.ends().await?;
    let head = |end: relaybox_store::chain::End| Head {
        writer: end.writer,
        number: end.number,
        hash: hex::encode(&end.hash),
    };
    Ok(Reply::Heads { heads: ends.into_iter().map(head).collect() })
}

async fn verified(shared: &Shared) -> relaybox_store::Result<Reply> {
    let chains = shared.keeper.lock().await.chain.chains().await?;
    let report = verify(&chains, &[], None).await?;
    Ok(Reply::Verified { entries: report.entries, faults: report.faults })
}

/// As many entries as asked, and as a line holds.
async fn entries(shared: &Shared, after: u64, max: u64) -> relaybox_store::Result<Reply> {
    let max = usize::try_from(max).unwrap_or(READ_MAX).min(READ_MAX);
    let links = shared.keeper.lock().await.chain.scan(after, max).await?;
    let mut bytes = 0;
    let mut entries: Vec<(u64, Stored)> = Vec::new();
    for link in &links {
        bytes += link.bytes.len() + 128;
        if bytes > LINE_BYTES_MAX - 1_024 && !entries.is_empty() {
            break;
        }
        match stored(link) {
            Ok(entry) => entries.push((link.number, entry)),
            Err(fault) => return Ok(refused("damaged", &fault.to_string())),
        }
    }
    Ok(Reply::Entries { entries })
}

fn unreadable(error: &relaybox_store::StoreError) -> Reply {
    log::error!("reading the audit failed to {error}");
    refused("storage", "the audit could not be read")
}

fn refused(code: &str, text: &str) -> Reply {
    Reply::Refused { code: code.to_owned(), text: text.to_owned() }
}
