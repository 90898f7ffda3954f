//! The second socket: the vault's way in (in dev: the launcher's), for P-signed events, restore and
//! import. No network surface reaches it; who may call is checked at accept.

use relaybox_process::rpc::ceremony::{Reply, Request};
use relaybox_process::rpc::line::{self, LineError};
use relaybox_protocol::refusal::Refusal;
use tokio::io::BufStream;
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinSet;

use crate::serve::Front;
use crate::service::{Phase, draining};
use crate::writer::Ceremony;

/// Callers at a time.
const CALLERS_MAX: usize = 8;

/// Accepts callers until the relay drains.
pub(crate) async fn accept(front: Front, listener: UnixListener, writer: mpsc::Sender<Ceremony>) {
    // The way into the event queue is not needed here and would keep it open.
    let Front { shared, callers, phase, .. } = front;
    let mut ended = phase.clone();
    let mut open = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept(), if open.len() < CALLERS_MAX => match accepted {
                Ok((stream, _)) => match callers.admit("ceremony", &stream) {
                    Ok(()) => {
                        let line_bytes_max = shared.config.ceremony_line_bytes_max;
                        open.spawn(serve(stream, writer.clone(), line_bytes_max, phase.clone()));
                    }
                    Err(error) => log::warn!("a caller of the ceremony socket was turned away: failed to {error}"),
                },
                Err(error) => return log::error!("accepting on the ceremony socket failed: {error}"),
            },
            Some(_) = open.join_next() => {}
            () = draining(&mut ended) => break,
        }
    }
    while open.join_next().await.is_some() {}
}

/// Answers requests line by line until the caller leaves or the relay drains.
async fn serve(
    stream: UnixStream,
    writer: mpsc::Sender<Ceremony>,
    line_bytes_max: usize,
    mut phase: watch::Receiver<Phase>,
) {
    let mut stream = BufStream::new(stream);
    loop {
        let request = tokio::select! {
            request = line::read::<Request>(&mut stream, line_bytes_max) => request,
            () = draining(&mut phase) => return,
        };
        let reply = match request {
            Ok(Some(request)) => ask(&writer, request).await,
            Ok(None) => return,
            Err(LineError::Json(_)) => malformed(),
            Err(error) => return log::warn!("the ceremony socket failed to {error}"),
        };
        if let Err(error) = line::write(&mut stream, &reply).await {
            return log::warn!("the ceremony socket failed to {error}");
        }
    }
}

async fn ask(writer: &mpsc::Sender<Ceremony>, request: Request) -> Reply {
    let (reply, answer) = oneshot::channel();
    if writer.send(Ceremony { request, reply }).await.is_err() {
        return stopping();
    }
    answer.await.unwrap_or_else(|_| stopping())
}

fn stopping() -> Reply {
    reply(Refusal::Stopping)
}

fn malformed() -> Reply {
    reply(Refusal::FrameMalformed)
}

fn reply(refusal: Refusal) -> Reply {
    Reply::Refused { index: 0, code: refusal.code().to_owned(), text: refusal.text().to_owned() }
}
