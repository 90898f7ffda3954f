//! One ceremony's process from outside: starts it, hands lines through, ends it.

use std::os::fd::OwnedFd;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use relaybox_process::rpc::ceremony::CeremonyError;
use relaybox_process::rpc::line::{self, LineError};
use relaybox_process::rpc::vault::Status;
use relaybox_protocol::event::{EVENT_BYTES_MAX, parse_unverified};
use relaybox_protocol::{EventId, PublicKey};
use serde_json::value::RawValue;
use tokio::io::BufReader;
use tokio::net::UnixStream;
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::process::{Child, Command};
use tokio::sync::{mpsc, oneshot, watch};

use super::Vault;
use super::state::{Staged, bytes_of, text_of};
use crate::history::sequence_of;
use crate::wire::{Job, LINE_BYTES_MAX, Order, Replaced, Said, SlotKey, Task};

/// Seconds in which the process must be ready, and by which it may outlive its ceremony.
const READY_SECONDS: u64 = 20;
const GRACE_SECONDS: u64 = 3;

/// What a ceremony with software keys says of itself.
pub(super) const SOFT: &str = "software keys: for a demo only";

/// The ceremony as callers see it.
#[derive(Clone)]
pub(super) struct Running {
    pub(super) ceremony: String,
    pub(super) orders: mpsc::Sender<Order>,
    pub(super) status: watch::Receiver<Status>,
    /// Nobody but the console has a hand in it.
    pub(super) console_only: bool,
}

impl Running {
    pub(super) fn ended(&self) -> bool {
        is_end(&self.status.borrow())
    }
}

fn is_end(status: &Status) -> bool {
    matches!(status.step.as_str(), "done" | "stopped")
}

/// Why there is no process.
#[derive(Debug, thiserror::Error)]
pub(super) enum BeginError {
    #[error("start the process of a ceremony")]
    Start(#[from] std::io::Error),
    #[error("give the process its task")]
    Task(#[from] LineError),
    #[error("hear from the process of a ceremony in time")]
    Silent,
}

/// Starts the process and waits until it shows the request. Gives its one-time key.
pub(super) async fn begin(vault: &Arc<Vault>, task: Task, last: u64) -> Result<PublicKey, BeginError> {
    let (ours, theirs) = std::os::unix::net::UnixStream::pair()?;
    ours.set_nonblocking(true)?;
    let child = Command::new("/proc/self/exe")
        .arg("ceremony-process")
        .env_clear()
        .current_dir("/")
        .stdin(Stdio::from(OwnedFd::from(theirs)))
        .stdout(Stdio::null())
        .kill_on_drop(true)
        .spawn()?;
    let (read, mut write) = UnixStream::from_std(ours)?.into_split();
    line::write(&mut write, &task).await?;
    let (orders, received) = mpsc::channel(16);
    let (ready, key) = oneshot::channel();
    let (status, shown) = watch::channel(waiting(&task));
    let console_only = matches!(task.job, Job::Recover { .. } | Job::Succeed { .. });
    let ceremony = task.ceremony.clone();
    vault.set_running(Running { ceremony, orders, status: shown, console_only });
    let pump = Pump {
        vault: Arc::clone(vault),
        child,
        write,
        status,
        ready: Some(ready),
        last,
        events: Vec::new(),
        stored: false,
    };
    vault.spawn(pump.run(read, received));
    let key = tokio::time::timeout(Duration::from_secs(READY_SECONDS), key).await;
    key.ok().and_then(Result::ok).ok_or(BeginError::Silent)
}

/// Before the process has said anything.
fn waiting(task: &Task) -> Status {
    Status {
        ceremony: task.ceremony.clone(),
        step: "starting".to_owned(),
        shown: Vec::new(),
        wants: None,
        practice: None,
        label: None,
        tries_left: None,
        why: None,
        until: task.now + READY_SECONDS,
        sheets: Vec::new(),
        events: Vec::new(),
    }
}

struct Pump {
    vault: Arc<Vault>,
    child: Child,
    write: OwnedWriteHalf,
    status: watch::Sender<Status>,
    ready: Option<oneshot::Sender<PublicKey>>,
    /// Arrival number up to which the process knows the history.
    last: u64,
    /// Ids of what was signed and stored.
    events: Vec<String>,
    stored: bool,
}

impl Pump {
    async fn run(mut self, read: OwnedReadHalf, mut orders: mpsc::Receiver<Order>) {
        let mut said = lines(read);
        loop {
            let left = self.left();
            tokio::select! {
                biased;
                said = said.recv() => match said {
                    Some(said) => self.take(said).await,
                    None => break,
                },
                Some(order) = orders.recv() => self.send(&order).await,
                () = tokio::time::sleep(left) => {
                    log::warn!("a ceremony did not end in time: its process is killed");
                    break;
                }
            }
        }
        // Whether it ended by itself or not: nothing of it is left.
        let _ = self.child.kill().await;
        if !is_end(&self.status.borrow()) {
            self.end_without_a_word();
        }
    }

    /// Time until the process has to be gone.
    fn left(&self) -> Duration {
        let until = self.status.borrow().until.saturating_add(GRACE_SECONDS);
        Duration::from_secs(until.saturating_sub(self.vault.clock.now()))
    }

    /// The process was killed, or fell.
    fn end_without_a_word(&self) {
        self.status.send_modify(|status| {
            status.wants = None;
            status.sheets.clear();
            status.events.clone_from(&self.events);
            let line = if self.stored {
                status.step = "done".to_owned();
                "done"
            } else {
                status.step = "stopped".to_owned();
                status.why = Some("ended".to_owned());
                "stopped: the ceremony ended before its time. Nothing was changed."
            };
            status.shown = vec![line.to_owned()];
        });
        self.vault.refresh();
        let status = self.status.borrow().clone();
        if status.step == "stopped" {
            self.vault.enter("ceremony-stopped", |entry| {
                entry.fact("ceremony", &status.ceremony).fact("why", "ended")
            });
        }
    }

    async fn send(&mut self, order: &Order) {
        // A process that is gone is seen when its lines end.
        let _ = line::write(&mut self.write, order).await;
    }

    async fn take(&mut self, said: Said) {
        match said {
            Said::Ready { key } => {
                if let Some(ready) = self.ready.take() {
                    // A caller that went away may come back and watch.
                    let _ = ready.send(key);
                }
            }
            Said::Status(status) => self.show(*status),
            Said::WrongPin => self.wrong("wrong-pin").await,
            Said::WrongWords => self.wrong("wrong-words").await,
            Said::Approved { challenge, authenticator_data, signature } => {
                self.vault.enter("ceremony-approved", |entry| {
                    let entry = entry.fact("ceremony", self.ceremony()).fact("challenge", challenge);
                    entry.fact("authenticator-data", authenticator_data).fact("signature", signature)
                });
            }
            Said::History => self.later().await,
            Said::Events { events, claims } => self.append(events, claims).await,
            Said::Copy { sealed } => {
                let copied = self.vault.state().copy(&bytes_of(&sealed));
                match copied {
                    Ok(copy) => self.send(&Order::Copied { sealed: text_of(&copy) }).await,
                    Err(error) => self.refuse(&error).await,
                }
            }
            Said::Keep { sealed, slot_keys, practice } => {
                let kept = self.vault.state().replace(&bytes_of(&sealed), slot_keys, practice);
                self.kept(kept).await;
            }
            Said::Replace { deed, sealed, slot_keys, practice, events } => {
                self.replace(deed, &bytes_of(&sealed), (slot_keys, practice), events).await;
            }
            Said::Completed { labels, thawed } => {
                let kept = self.vault.state().change(|kept| {
                    labels.iter().for_each(|label| kept.guard.completed(label));
                    if thawed {
                        kept.guard.thaw();
                    }
                });
                if thawed {
                    self.vault.enter("thawed", |entry| entry.fact("ceremony", self.ceremony()));
                }
                self.kept(kept).await;
            }
        }
    }

    fn ceremony(&self) -> String {
        self.status.borrow().ceremony.clone()
    }

    fn show(&self, mut status: Status) {
        if self.vault.config.soft {
            // Above the line that says what to do.
            let last = status.shown.len().saturating_sub(1);
            status.shown.insert(last, SOFT.to_owned());
        }
        if status.step == "stopped" {
            let why = status.why.clone().unwrap_or_default();
            self.vault
                .enter("ceremony-stopped", |entry| entry.fact("ceremony", &status.ceremony).fact("why", why));
        }
        self.status.send_replace(Status { events: self.events.clone(), ..status });
        self.vault.refresh();
    }

    /// On the disk before another one is asked for.
    async fn wrong(&mut self, what: &str) {
        let now = self.vault.clock.now();
        let kept = self.vault.state().change(|kept| kept.guard.wrong_pin(now));
        self.vault.enter(what, |entry| entry.fact("ceremony", self.ceremony()));
        self.kept(kept).await;
    }

    async fn kept(&mut self, kept: Result<(), super::StateError>) {
        match kept {
            Ok(()) => self.send(&Order::Kept).await,
            Err(error) => self.refuse(&error).await,
        }
    }

    async fn refuse(&mut self, error: &(dyn std::error::Error + Send + Sync)) {
        log::error!("a ceremony failed to {error}");
        self.send(&Order::Refused { text: error.to_string() }).await;
    }

    async fn later(&mut self) {
        let later = match self.vault.relay().await {
            Ok(mut relay) => relay.history(self.last).await,
            Err(error) => Err(error),
        };
        match later {
            Ok((events, last)) => {
                self.last = last;
                self.send(&Order::History { events }).await;
            }
            Err(error) => self.refuse(&error).await,
        }
    }

    /// The new file lies beside the old one while the relay stores the transaction. Whatever is interrupted, the relay
    /// says afterwards which of the two files is in force.
    async fn replace(
        &mut self,
        deed: Replaced,
        sealed: &[u8],
        (slot_keys, practice): (Vec<SlotKey>, PublicKey),
        events: Vec<Box<RawValue>>,
    ) {
        let (ids, signed) = facts_of(&events);
        let Some(event) = ids.first().copied() else {
            return self.send(&Order::Refused { text: "sign anything".to_owned() }).await;
        };
        let frozen = self.vault.state().kept.guard.frozen().cloned();
        let staged = Staged { event, signed, practice, slot_keys, frozen };
        let laid = self.vault.state().stage(sealed, staged);
        if let Err(error) = laid {
            return self.refuse(&error).await;
        }
        let asked = async { self.vault.relay().await?.append(events).await };
        let failure = asked.await.err();
        let settled = match &failure {
            None => self.vault.settle_as(true),
            Some(CeremonyError::Refused { .. }) => self.vault.settle_as(false),
            // The answer was lost: the relay knows.
            Some(_) => self.vault.settle().await,
        };
        let stored = failure.is_none() || matches!(settled, Ok(Some(true)));
        if let Err(error) = &settled {
            log::error!("settling a ceremony failed to {error}; it is tried again before the next one");
        }
        match failure.filter(|_| !stored) {
            Some(error) => self.refuse(&error).await,
            None => self.replaced(deed, &ids).await,
        }
    }

    async fn replaced(&mut self, deed: Replaced, ids: &[EventId]) {
        self.events = ids.iter().map(|id| id.to_hex()).collect();
        self.stored = true;
        let what = match deed {
            Replaced::Recovery => "recovered",
            Replaced::Succession => "succeeded",
        };
        self.vault.enter(what, |entry| {
            let entry = entry.fact("ceremony", self.ceremony());
            self.events.iter().fold(entry, |entry, id| entry.fact("event", id))
        });
        self.send(&Order::Stored).await;
    }

    /// The relay first, then the number: a number without its event would lock this vault.
    async fn append(&mut self, events: Vec<Box<RawValue>>, claims: Option<PublicKey>) {
        let (_, highest) = facts_of(&events);
        let stored = async {
            let mut relay = self.vault.relay().await?;
            if let Some(practice) = claims {
                relay.claim(&practice.to_hex()).await?;
            }
            relay.append(events).await
        };
        let ids = match stored.await {
            Ok(ids) => ids,
            Err(error) => return self.refuse(&error).await,
        };
        self.events = ids.into_iter().map(|(id, _)| id).collect();
        self.stored = true;
        let what = if claims.is_some() { "claimed" } else { "ceremony-signed" };
        self.vault.enter(what, |entry| {
            let entry = entry.about(claims.map(|key| key.to_hex())).fact("ceremony", self.ceremony());
            self.events.iter().fold(entry, |entry, id| entry.fact("event", id))
        });
        let kept = self.vault.state().change(|kept| {
            kept.signed = kept.signed.max(highest);
            kept.claimed |= claims.is_some();
        });
        if let Err(error) = kept {
            // The relay has it: the next history is newer than what is kept, which is taken.
            log::error!("keeping the number of what was signed failed to {error}");
        }
        self.send(&Order::Stored).await;
    }
}

/// Ids of a transaction, and its highest `seq`.
fn facts_of(events: &[Box<RawValue>]) -> (Vec<EventId>, u64) {
    let read = events.iter().filter_map(|event| parse_unverified(event.get(), EVENT_BYTES_MAX).ok());
    let (ids, numbers): (Vec<EventId>, Vec<Option<u64>>) =
        read.map(|event| (event.id, sequence_of(&event))).unzip();
    (ids, numbers.into_iter().flatten().max().unwrap_or(0))
}

/// Lines of the process, read apart: a line that is read in part is not lost when something else comes first.
fn lines(read: OwnedReadHalf) -> mpsc::Receiver<Said> {
    let (send, said) = mpsc::channel(16);
    tokio::spawn(async move {
        let mut reader = BufReader::new(read);
        while let Ok(Some(line)) = line::read::<Said>(&mut reader, LINE_BYTES_MAX).await {
            if send.send(line).await.is_err() {
                return;
            }
        }
    });
    said
}
