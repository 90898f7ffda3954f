//! NIP-77: range reconciliation over the ids that the session may read.

use std::sync::Arc;

use negentropy::{Id, Negentropy, NegentropyStorageVector, Storage};
use relaybox_protocol::refusal::Refusal;
use relaybox_protocol::scope::Scope;
use relaybox_protocol::{EventId, Filter};

use super::{Effect, Session};
use crate::members::Members;
use crate::messages;

/// Bytes of one answer before hex; an answer of this size continues in the next round.
const MESSAGE_BYTES_MAX: u64 = 60_000;

#[derive(Debug)]
pub(super) struct Neg {
    pub(super) id: String,
    generation: u64,
    /// The scope under which the ids were listed; a session outlives no change of it.
    scope: Option<Arc<Scope>>,
    ids: Option<NegentropyStorageVector>,
    first: Vec<u8>,
}

impl Session {
    pub(super) fn neg_open(&mut self, id: String, filter: Box<Filter>, first: Vec<u8>) {
        self.negs.retain(|neg| neg.id != id);
        if self.negs.len() >= self.limits.neg_sessions_max {
            return self.send(messages::neg_err(&id, Refusal::NegSessions));
        }
        self.generation += 1;
        let generation = self.generation;
        self.negs.push(Neg { id, generation, scope: None, ids: None, first });
        self.push(Effect::NegOpen { generation, filter });
    }

    /// The scope for listing ids, remembered with the session; none when it was closed meanwhile.
    pub fn neg_scope(&mut self, now: u64, generation: u64, members: &Arc<Members>) -> Option<Arc<Scope>> {
        let scope = self.scope(now, members);
        let neg = self.negs.iter_mut().find(|neg| neg.generation == generation)?;
        neg.scope = Some(Arc::clone(&scope));
        Some(scope)
    }

    /// The ids of a negentropy session are listed by [`sealed`]: its first message is answered.
    pub fn handle_ids(&mut self, generation: u64, result: Result<NegentropyStorageVector, Refusal>) {
        let Some(at) = self.negs.iter().position(|neg| neg.generation == generation) else { return };
        let neg = &mut self.negs[at];
        let first = std::mem::take(&mut neg.first);
        let answer = result.and_then(|ids| {
            let answer = reconcile(&ids, &first)?;
            neg.ids = Some(ids);
            Ok(answer)
        });
        self.answer(at, answer);
    }

    pub(super) fn neg_msg(&mut self, now: u64, id: &str, message: &[u8], members: &Arc<Members>) {
        let Some(at) = self.negs.iter().position(|neg| neg.id == id) else {
            return self.send(messages::neg_err(id, Refusal::NegClosed));
        };
        let scope = self.scope(now, members);
        let neg = &self.negs[at];
        let answer = match (&neg.ids, &neg.scope) {
            (Some(_), Some(opened)) if **opened != *scope => Err(Refusal::NegChanged),
            (Some(ids), Some(_)) => reconcile(ids, message),
            _ => Err(Refusal::NegClosed),
        };
        self.answer(at, answer);
    }

    fn answer(&mut self, at: usize, answer: Result<Vec<u8>, Refusal>) {
        let text = match answer {
            Ok(message) => messages::neg_msg(&self.negs[at].id, &message),
            Err(refusal) => messages::neg_err(&self.negs.swap_remove(at).id, refusal),
        };
        self.send(text);
    }
}

/// Ids in the order that reconciliation needs. Half a million take a tenth of a second: not to be
/// done where others wait.
///
/// # Errors
/// None that ids of a store could cause.
pub fn sealed(ids: Vec<(u64, EventId)>) -> Result<NegentropyStorageVector, Refusal> {
    let mut storage = NegentropyStorageVector::with_capacity(ids.len());
    for (created_at, id) in ids {
        storage.insert(created_at, Id::from_byte_array(id.to_bytes())).map_err(|_| Refusal::NegTooMany)?;
    }
    storage.seal().map_err(|_| Refusal::NegTooMany)?;
    Ok(storage)
}

fn reconcile(ids: &NegentropyStorageVector, message: &[u8]) -> Result<Vec<u8>, Refusal> {
    Negentropy::new(Storage::Borrowed(ids), MESSAGE_BYTES_MAX)
        .and_then(|mut negentropy| negentropy.reconcile(message))
        .map_err(|_| Refusal::FrameMalformed)
}
