//! The second socket: the vault's way in (in dev: the launcher's), for P-signed events, restore and
//! import. No network surface reaches it; who may call is checked at accept. The third, `anchor`, speaks the same
//! lines and takes nothing but what the audit's box key signs.

use relaybox_process::rpc::ceremony::{Reply, Request};
use relaybox_process::rpc::line::{self, LineError};
use relaybox_protocol::event::{EVENT_BYTES_MAX, parse_unverified};
use relaybox_protocol::kinds;
use relaybox_protocol::refusal::Refusal;
use serde_json::value::RawValue;
use tokio::io::BufStream;
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinSet;

use crate::serve::Front;
use crate::service::{Phase, draining};
use crate::writer::Ceremony;

/// Callers at a time.
const CALLERS_MAX: usize = 8;

/// What may be asked on a socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Door {
    Ceremony,
    Anchor,
}

impl Door {
    /// By the socket's name; the others carry WebSockets.
    pub(crate) fn of(name: &str) -> Option<Self> {
        [Self::Ceremony, Self::Anchor].into_iter().find(|door| door.name() == name)
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Ceremony => "ceremony",
            Self::Anchor => "anchor",
        }
    }

    fn takes(self, request: &Request) -> bool {
        match (self, request) {
            (Self::Ceremony, _) => true,
            (Self::Anchor, Request::Append { events }) => events.iter().all(|event| is_of_the_audit(event)),
            (Self::Anchor, _) => false,
        }
    }
}

fn is_of_the_audit(event: &RawValue) -> bool {
    let kind = parse_unverified(event.get(), EVENT_BYTES_MAX).map(|event| event.kind.as_u16());
    matches!(kind, Ok(kinds::AUDIT_ANCHOR | kinds::ACCESS_REPORT))
}

/// Accepts callers until the relay drains.
pub(crate) async fn accept(front: Front, door: Door, listener: UnixListener, writer: mpsc::Sender<Ceremony>) {
    // The way into the event queue is not needed here and would keep it open.
    let Front { shared, callers, phase, .. } = front;
    let mut ended = phase.clone();
    let mut open = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept(), if open.len() < CALLERS_MAX => match accepted {
                Ok((stream, _)) => match callers.admit(door.name(), &stream) {
                    Ok(()) => {
                        let line_bytes_max = shared.config.ceremony_line_bytes_max;
                        open.spawn(serve(door, stream, writer.clone(), line_bytes_max, phase.clone()));
                    }
                    Err(error) => log::warn!("a caller of the {} socket was turned away: failed to {error}", door.name()),
                },
                Err(error) => return log::error!("accepting on the {} socket failed: {error}", door.name()),
            },
            Some(_) = open.join_next() => {}
            () = draining(&mut ended) => break,
        }
    }
    while open.join_next().await.is_some() {}
}

/// Answers requests line by line until the caller leaves or the relay drains.
async fn serve(
    door: Door,
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
            Ok(Some(request)) if !door.takes(&request) => reply(Refusal::KindNotTaken),
            Ok(Some(request)) => ask(&writer, request).await,
            Ok(None) => return,
            Err(LineError::Json(_)) => malformed(),
            Err(error) => return log::warn!("the {} socket failed to {error}", door.name()),
        };
        if let Err(error) = line::write(&mut stream, &reply).await {
            return log::warn!("the {} socket failed to {error}", door.name());
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
