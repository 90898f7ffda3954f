//! The process of one ceremony: the only place where P and v are in memory. It begins with the request, ends with
//! the ceremony, and its end wipes what it held. It opens no file, has no network, and can start one program, the
//! slot's helper.

mod claim;
mod enrol;
mod operate;
mod past;
mod recover;
mod renew;
mod sandbox;
mod succeed;
mod table;
mod unseal;

use std::io::{BufRead as _, BufReader, Read as _};
use std::os::unix::net::UnixStream;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use relaybox_process::clock::Clock;
use relaybox_protocol::PublicKey;

use crate::deeds::BoxKeys;
use crate::guard::Guard;
use crate::request::{Joining, Operation};
use crate::wire::{Job, LINE_BYTES_MAX, Limits, SlotKey, Task};
use sandbox::SandboxError;
use table::Table;

/// Why the process ended before its ceremony.
#[derive(Debug, thiserror::Error)]
pub enum ChildError {
    #[error("take the request from the vault: only the vault starts this")]
    Start(#[source] std::io::Error),
    #[error("understand the request of the vault")]
    Task(#[from] serde_json::Error),
    #[error(transparent)]
    Sandbox(#[from] SandboxError),
}

/// Serves the ceremony whose request comes over standard input, a socket of the vault's.
///
/// # Errors
/// When nobody gives it a request, or it cannot be locked up: then nothing was opened.
pub fn ceremony_process() -> Result<(), ChildError> {
    let socket = rustix::stdio::stdin().try_clone_to_owned().map_err(ChildError::Start)?;
    let stream = UnixStream::from(socket);
    let mut line = String::new();
    let limit = u64::try_from(LINE_BYTES_MAX).unwrap_or(u64::MAX);
    let mut reader = BufReader::new(&stream).take(limit);
    reader.read_line(&mut line).map_err(ChildError::Start)?;
    let task: Task = serde_json::from_str(&line)?;
    drop(line);
    sandbox::enter(&task.helper)?;
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(ChildError::Start)?;
    runtime.block_on(async {
        stream.set_nonblocking(true).map_err(ChildError::Start)?;
        let stream = tokio::net::UnixStream::from_std(stream).map_err(ChildError::Start)?;
        serve(task, stream).await;
        Ok(())
    })
}

async fn serve(task: Task, stream: tokio::net::UnixStream) {
    let mut table = Table::open(stream, Clock::System, &task);
    let Task { ceremony, limits, keys, guard, boxes, rp, slot_keys, job, .. } = task;
    let terms = Terms { ceremony, limits, keys, guard, boxes, rp, slot_keys };
    match job {
        Job::Operation { operation, origin, practice, sealed, history, signed } => {
            let sealed = BASE64_STANDARD.decode(sealed).unwrap_or_default();
            let asked = Asked { operation, origin, practice, sealed, signed };
            operate::run(&mut table, terms, asked, &history).await;
        }
        Job::Claim { owner, practice_name, labels, host } => {
            claim::run(&mut table, terms, Claimant { owner, practice_name, labels, host }).await;
        }
        Job::Recover { former, owner, ends } => {
            recover::run(&mut table, terms, former, owner, ends).await;
        }
        Job::Succeed { former, practice_name, host } => {
            succeed::run(&mut table, terms, former, practice_name, host).await;
        }
    }
}

/// What holds for every job.
struct Terms {
    ceremony: String,
    limits: Limits,
    keys: usize,
    guard: Guard,
    boxes: BoxKeys,
    rp: String,
    slot_keys: Vec<SlotKey>,
}

/// An operation and what it is done with.
struct Asked {
    operation: Operation,
    /// P of the claim.
    origin: PublicKey,
    /// P in force.
    practice: PublicKey,
    sealed: Vec<u8>,
    signed: u64,
}

/// Who claims.
struct Claimant {
    owner: Joining,
    practice_name: String,
    labels: [String; 2],
    host: String,
}
