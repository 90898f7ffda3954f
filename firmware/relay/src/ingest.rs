//! From frame to writer: signatures are checked off the async threads, in batches and on all cores,
//! and events go on in the order in which they came.

use std::sync::Arc;

use relaybox_protocol::PublicKey;
use relaybox_protocol::event::Verified;
use relaybox_protocol::refusal::Refusal;
use tokio::sync::mpsc;
use tokio::task;

use crate::service::Handle;

/// Events waiting between the stages. Bytes are bounded by the connections.
pub(crate) const QUEUE: usize = 256;
/// Batches up to this size are checked where they are: the way to a blocking thread costs more.
const INLINE_MAX: usize = 4;
/// A batch is not cut into smaller shares than this: waking one more thread would cost more.
const SHARE_MIN: usize = 16;

/// An event of a connection.
pub(crate) struct Job {
    pub(crate) id: String,
    pub(crate) json: Arc<str>,
    pub(crate) from: Arc<Handle>,
    /// Keys logged in when the frame came.
    pub(crate) authenticated: Vec<PublicKey>,
    pub(crate) invited: Vec<(PublicKey, [u8; 32])>,
}

/// The same after the signature check.
pub(crate) struct Checked {
    pub(crate) job: Job,
    pub(crate) event: Result<Verified, Refusal>,
}

/// Runs until every sender is gone.
pub(crate) async fn verify(
    mut jobs: mpsc::Receiver<Job>,
    writer: mpsc::Sender<Vec<Checked>>,
    bytes_max: usize,
) {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    loop {
        let mut batch = Vec::new();
        if jobs.recv_many(&mut batch, QUEUE).await == 0 {
            return;
        }
        let checked = if batch.len() <= INLINE_MAX {
            batch.into_iter().map(|job| check(job, bytes_max)).collect()
        } else {
            check_in_parallel(batch, cores, bytes_max).await
        };
        if writer.send(checked).await.is_err() {
            return;
        }
    }
}

async fn check_in_parallel(mut batch: Vec<Job>, cores: usize, bytes_max: usize) -> Vec<Checked> {
    let share = batch.len().div_ceil(cores).max(SHARE_MIN);
    let mut shares = Vec::new();
    while !batch.is_empty() {
        let rest = batch.split_off(share.min(batch.len()));
        let part = std::mem::replace(&mut batch, rest);
        shares.push(task::spawn_blocking(move || {
            part.into_iter().map(|job| check(job, bytes_max)).collect::<Vec<_>>()
        }));
    }
    let mut checked = Vec::new();
    for share in shares {
        match share.await {
            Ok(part) => checked.extend(part),
            Err(error) => log::error!("checking signatures failed: {error}"),
        }
    }
    checked
}

fn check(job: Job, bytes_max: usize) -> Checked {
    let event = Verified::parse_shared(&job.json, bytes_max);
    Checked { job, event }
}
