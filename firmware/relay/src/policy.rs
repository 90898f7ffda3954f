//! The socket `policy`: other roles follow the practice's policy (process::rpc::policy).

use std::sync::Arc;
use std::time::Duration;

use relaybox_process::rpc::line::{self, LineError};
use relaybox_process::rpc::policy::{Request, SAID_SECONDS, Said};
use relaybox_protocol::event::{EVENT_BYTES_MAX, parse_unverified};
use relaybox_protocol::kinds;
use relaybox_store::{Change, StoreError};
use serde_json::value::{RawValue, to_raw_value};
use tokio::io::BufStream;
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::serve::Front;
use crate::service::{Phase, Shared, draining};

/// The socket's name.
pub(crate) const NAME: &str = "policy";
/// Callers at a time.
const CALLERS_MAX: usize = 8;
/// Bytes of the caller's one line.
const REQUEST_BYTES_MAX: usize = 1_024;

/// Why a follower was left.
#[derive(Debug, thiserror::Error)]
enum FollowError {
    #[error(transparent)]
    Line(#[from] LineError),
    #[error("read the policy")]
    Store(#[from] StoreError),
}

/// Accepts callers until the relay drains.
pub(crate) async fn accept(front: Front, listener: UnixListener) {
    let Front { shared, callers, phase, .. } = front;
    let mut ended = phase.clone();
    let mut open = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept(), if open.len() < CALLERS_MAX => match accepted {
                Ok((stream, _)) => match callers.admit(NAME, &stream) {
                    Ok(()) => {
                        open.spawn(serve(Arc::clone(&shared), stream, phase.clone()));
                    }
                    Err(error) => log::warn!("a caller of the {NAME} socket was turned away: failed to {error}"),
                },
                Err(error) => return log::error!("accepting on the {NAME} socket failed: {error}"),
            },
            Some(_) = open.join_next() => {}
            () = draining(&mut ended) => break,
        }
    }
    while open.join_next().await.is_some() {}
}

async fn serve(shared: Arc<Shared>, stream: UnixStream, mut phase: watch::Receiver<Phase>) {
    tokio::select! {
        // It ends when the caller leaves.
        Err(error) = tell(&shared, stream) => log::debug!("a follower of the policy was left: failed to {error}"),
        () = draining(&mut phase) => {}
    }
}

async fn tell(shared: &Shared, stream: UnixStream) -> Result<std::convert::Infallible, FollowError> {
    let mut stream = BufStream::new(stream);
    line::read::<Request>(&mut stream, REQUEST_BYTES_MAX).await?.ok_or(LineError::Truncated)?;
    let mut members = shared.members.subscribe();
    let (mut after, mut named) = (0, false);
    loop {
        let now = members.borrow_and_update().clone();
        let mut at = 0;
        if let Some(now) = now {
            at = now.at;
            if !named {
                // A 2107 changes the key in force; the fold starts from the one of the claim.
                let practices = now.view(0).practices();
                let practice = practices.first().map(|key| key.to_hex()).unwrap_or_default();
                line::write(&mut stream, &Said::Practice { practice }).await?;
                named = true;
            }
            for change in shared.store.changes(after).await?.into_iter().take_while(|change| change.seq <= at)
            {
                after = change.seq;
                if let Some(said) = said(change) {
                    line::write(&mut stream, &said).await?;
                }
            }
        }
        let failing = shared.failing().into_iter().map(str::to_owned).collect();
        line::write(&mut stream, &Said::Reached { at: at.max(after), failing }).await?;
        // Its end is the relay's.
        let _ = tokio::time::timeout(Duration::from_secs(SAID_SECONDS), members.changed()).await;
    }
}

/// Receipts are not said: a follower folds in order of arrival.
fn said(change: Change) -> Option<Said> {
    let Change { seq, received, bytes } = change;
    let event = parse_unverified(&bytes, EVENT_BYTES_MAX).ok()?;
    if event.kind.as_u16() == kinds::RECEIPT {
        return None;
    }
    // An event may have come with line breaks between its tokens.
    let raw =
        if bytes.contains('\n') { to_raw_value(&event).ok()? } else { RawValue::from_string(bytes).ok()? };
    Some(Said::Event { seq, received, event: raw })
}
