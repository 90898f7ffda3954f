//! Recovery and succession, from the console's request to their process; and what an interrupted one left behind.

use std::sync::Arc;

use relaybox_process::rpc::ceremony::CeremonyError;
use relaybox_process::rpc::vault::Reply;
use relaybox_protocol::event::{EVENT_BYTES_MAX, key_from_hex, parse_unverified};
use relaybox_protocol::permissions::Word;
use serde_json::Value;

use super::Vault;
use super::prepare::{joining, names, unfit};
use super::serve::refused;
use super::state::{StateError, text_of};
use crate::request::RequestError;
use crate::wire::{Former, Job};

/// Why a new file goes on waiting.
#[derive(Debug, thiserror::Error)]
pub(super) enum SettleError {
    #[error(transparent)]
    Relay(#[from] CeremonyError),
    #[error(transparent)]
    State(#[from] StateError),
}

impl Vault {
    /// A ceremony that the recovery words open.
    pub(super) async fn prepare_recovery(
        self: &Arc<Self>,
        owner: Value,
        labels: [String; 2],
        ends: Option<Vec<String>>,
    ) -> Reply {
        let _one = self.starting.lock().await;
        if let Some(reply) = self.not_now(true).await {
            return reply;
        }
        let ends: Option<Option<Vec<_>>> =
            ends.map(|ends| ends.iter().map(|key| key_from_hex(key)).collect());
        let (owner, ends) = match (joining(owner, &labels), ends) {
            (Ok(owner), None) => (owner, None),
            (Ok(owner), Some(Some(ends))) => (owner, Some(ends)),
            (Ok(_), Some(None)) => return unfit(&RequestError::Unknown),
            (Err(error), _) => return unfit(&error),
        };
        if !owner.words().is_ok_and(|words| words.contains(&Word::Admin)) {
            return refused("no-admin", "the owner has to hold admin");
        }
        let (former, last) = match self.former(labels).await {
            Ok(former) => former,
            Err(reply) => return reply,
        };
        let told = owner.key.to_hex();
        let job = Job::Recover { former, owner, ends };
        self.begin(job, last, |entry| entry.about(Some(told)).fact("request", "recover")).await
    }

    /// A ceremony by which the next practice key takes the place of P.
    pub(super) async fn prepare_succession(
        self: &Arc<Self>,
        practice_name: String,
        labels: [String; 2],
    ) -> Reply {
        let _one = self.starting.lock().await;
        if let Some(reply) = self.not_now(true).await {
            return reply;
        }
        if let Err(error) = names(&[&practice_name, &labels[0], &labels[1]]) {
            return unfit(&error);
        }
        let (former, last) = match self.former(labels).await {
            Ok(former) => former,
            Err(reply) => return reply,
        };
        let job = Job::Succeed { former, practice_name, host: self.host.clone() };
        self.begin(job, last, |entry| entry.fact("request", "succeed")).await
    }

    /// The practice whose sealed file is to be replaced, and the arrival number of its last event.
    async fn former(&self, labels: [String; 2]) -> Result<(Former, u64), Reply> {
        let (sealed, signed) = {
            let state = self.state();
            match state.sealed() {
                Ok(Some(sealed)) => (text_of(&sealed), state.kept.signed),
                Ok(None) => {
                    let text = format!("put a copy of the sealed file at {} first", state.place().display());
                    return Err(refused("no-file", &text));
                }
                Err(error) => {
                    log::error!("reading the sealed file failed to {error}");
                    return Err(refused("storage", "the sealed file cannot be read"));
                }
            }
        };
        let (origin, history, last) = self.known_history().await?;
        Ok((Former { origin, sealed, history, signed, labels }, last))
    }

    /// A new file may have waited for the relay when the box stopped: the relay knows whether it stored the
    /// transaction that belongs to it. Says what it was; none when no file waited.
    ///
    /// # Errors
    /// When the relay or the disk does not answer; then the file goes on waiting.
    pub(super) async fn settle(&self) -> Result<Option<bool>, SettleError> {
        let Some(id) = self.state().waits_for() else { return Ok(None) };
        let (events, _) = self.relay().await?.history(0).await?;
        let stored = events
            .iter()
            .filter_map(|event| parse_unverified(event.get(), EVENT_BYTES_MAX).ok())
            .any(|event| event.id == id);
        self.settle_as(stored)
    }

    pub(super) fn settle_as(&self, stored: bool) -> Result<Option<bool>, SettleError> {
        self.state().settle(stored)?;
        Ok(Some(stored))
    }
}
