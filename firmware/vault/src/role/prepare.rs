//! From a request on the socket to a process that waits for the button.

use std::sync::Arc;

use relaybox_process::rpc::audit::Entry;
use relaybox_process::rpc::vault::Reply;
use relaybox_protocol::event::key_from_hex;
use relaybox_protocol::permissions::Word;
use relaybox_protocol::random::Random;
use relaybox_protocol::{PublicKey, hex};
use serde_json::Value;
use serde_json::value::RawValue;
use sha2::{Digest as _, Sha256};

use super::running;
use super::serve::refused;
use super::state::text_of;
use super::{Running, Vault};
use crate::guard::Closed;
use crate::request::{Joining, Operation, RequestError, check_name};
use crate::wire::{Job, Limits, Task};

impl Vault {
    /// A ceremony for one operation.
    pub(super) async fn prepare(self: &Arc<Self>, operation: &Value, by: Option<String>) -> Reply {
        let _one = self.starting.lock().await;
        if by.as_deref().is_some_and(|by| key_from_hex(by).is_none()) {
            return refused("request", "the admin's key is no key");
        }
        let operation = match Operation::parse(operation.to_string().as_bytes()) {
            Ok(operation) => operation,
            Err(error) => return unfit(&error),
        };
        if let Some(reply) = self.not_now(matches!(operation, Operation::Thaw {})).await {
            return reply;
        }
        let (practice, sealed, signed) = {
            let state = self.state();
            let Some(practice) = state.kept.practice.filter(|_| state.kept.claimed) else {
                return refused("not-claimed", "this vault holds no practice's key");
            };
            match state.sealed() {
                Ok(Some(sealed)) => (practice, text_of(&sealed), state.kept.signed),
                Ok(None) => {
                    log::error!("the sealed file is gone: {}", state.place().display());
                    return refused(
                        "no-file",
                        "the sealed file is gone: recover it from a backup and the words",
                    );
                }
                Err(error) => {
                    log::error!("reading the sealed file failed to {error}");
                    return refused("storage", "the sealed file cannot be read");
                }
            }
        };
        let (origin, history, last) = match self.known_history().await {
            Ok(read) => read,
            Err(reply) => return reply,
        };
        let asked = hex::encode(&Sha256::digest(operation.canonical()));
        let job = Job::Operation { operation, origin, practice, sealed, history, signed };
        self.begin(job, last, |entry| entry.by(by).fact("request", asked)).await
    }

    /// The claim, once the code was right.
    pub(super) async fn prepare_claim(
        self: &Arc<Self>,
        practice_name: String,
        owner: Value,
        labels: [String; 2],
    ) -> Reply {
        let _one = self.starting.lock().await;
        if let Some(reply) = self.not_now(false).await {
            return reply;
        }
        if self.state().kept.claimed {
            return refused("claimed", "this box is claimed");
        }
        match self.claimed_at_the_relay().await {
            Ok(None) => {}
            Ok(Some(_)) => return refused("claimed", "this box holds a practice whose key is elsewhere"),
            Err(error) => {
                log::warn!("asking the relay for its practice failed to {error}");
                return refused("relay", "the relay does not answer");
            }
        }
        let owner = match check_name(&practice_name).and_then(|()| joining(owner, &labels)) {
            Ok(owner) => owner,
            Err(error) => return unfit(&error),
        };
        if !owner.words().is_ok_and(|words| words.contains(&Word::Admin)) {
            return refused("no-admin", "the owner has to hold admin");
        }
        self.begin(Job::Claim { owner, practice_name, labels, host: self.host.clone() }, 0, |entry| {
            entry.fact("request", "claim")
        })
        .await
    }

    /// The practice's history, or why there is none.
    pub(super) async fn known_history(&self) -> Result<(PublicKey, Vec<Box<RawValue>>, u64), Reply> {
        match self.history().await {
            Ok(Some(read)) => Ok(read),
            Ok(None) => Err(refused("no-practice", "the relay holds no practice: put its store back first")),
            Err(error) => {
                log::warn!("reading the practice's history failed to {error}");
                Err(refused("relay", "the relay does not give the practice's history"))
            }
        }
    }

    /// Why nothing can begin now.
    pub(super) async fn not_now(&self, thaws: bool) -> Option<Reply> {
        if self.running().is_some_and(|running| !running.ended()) {
            return Some(refused("busy", "another ceremony is running"));
        }
        if let Err(error) = self.settle().await {
            log::warn!("asking the relay how the last ceremony ended failed to {error}");
            return Some(refused("relay", "the relay does not say how the last ceremony ended"));
        }
        if self.lid_open() {
            return Some(refused("lid", "the lid is open: close it first"));
        }
        match self.state().kept.guard.open(self.clock.now(), thaws) {
            Err(closed @ Closed::Frozen) => Some(refused("frozen", &format!("failed to {closed}"))),
            Err(closed) => Some(refused("paused", &format!("failed to {closed}"))),
            Ok(()) => None,
        }
    }

    pub(super) async fn begin(
        self: &Arc<Self>,
        job: Job,
        last: u64,
        of: impl FnOnce(Entry) -> Entry,
    ) -> Reply {
        let task = {
            let state = self.state();
            Task {
                ceremony: hex::encode(&Random::os().bytes32()[..16]),
                now: self.clock.now(),
                limits: Limits {
                    request_seconds: self.config.request_seconds,
                    ceremony_seconds: self.config.ceremony_seconds,
                    claim_seconds: self.config.claim_seconds,
                },
                keys: if self.config.two_person { 2 } else { 1 },
                guard: state.kept.guard.clone(),
                boxes: self.boxes,
                rp: state.rp(),
                helper: self.config.slot_helper.clone(),
                slot_keys: state.slot_keys(),
                job,
            }
        };
        let ceremony = task.ceremony.clone();
        match running::begin(self, task, last).await {
            Ok(key) => {
                self.enter("ceremony-began", |entry| of(entry).fact("ceremony", &ceremony));
                Reply::Prepared { ceremony, key: key.to_hex() }
            }
            Err(error) => {
                log::error!("starting a ceremony failed to {error}");
                refused("process", "the ceremony's process did not start")
            }
        }
    }

    pub(super) fn set_running(&self, running: Running) {
        *self.running.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = Some(running);
    }
}

/// A new owner, and the names of two new slot keys.
pub(super) fn joining(owner: Value, labels: &[String; 2]) -> Result<Joining, RequestError> {
    let owner: Joining = serde_json::from_value(owner).map_err(|_| RequestError::Unknown)?;
    names(&[&owner.name, &labels[0], &labels[1]])?;
    Ok(owner)
}

/// A name and those of two slot keys: a display can show them, and the keys are told apart.
pub(super) fn names(names: &[&str; 3]) -> Result<(), RequestError> {
    names.iter().try_for_each(|name| check_name(name))?;
    if names[1] == names[2] { Err(RequestError::Twice) } else { Ok(()) }
}

pub(super) fn unfit(error: &RequestError) -> Reply {
    refused("request", &format!("failed to {error}"))
}
