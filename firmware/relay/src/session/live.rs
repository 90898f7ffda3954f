//! Live delivery: subscription and scope are matched for each event.

use std::sync::Arc;

use relaybox_protocol::Event;
use relaybox_protocol::scope::IndexKey;
use relaybox_store::Seq;

use super::{Effect, Session, filters};
use crate::members::Members;

/// One event on its way to the open sessions, parsed once for all of them.
#[derive(Debug)]
pub struct Live {
    /// None for ephemeral kinds.
    pub seq: Option<Seq>,
    pub event: Event,
    pub keys: Arc<[IndexKey]>,
    pub bytes: Arc<str>,
}

impl Session {
    /// Hands an event to every subscription that asks for it, if the scope permits it. `members`
    /// stands at the event's own position. Returns whether anything is to be sent.
    pub fn handle_live(&mut self, now: u64, live: &Arc<Live>, members: &Arc<Members>) -> bool {
        if self.ended || self.keys.is_empty() {
            return false;
        }
        let asked = |filter: &_| filters::matches(filter, live);
        if !self.subscriptions.iter().any(|s| s.filters.iter().any(asked)) {
            return false;
        }
        if !self.scope(now, members).permits(&live.event, &live.keys) {
            return false;
        }
        for at in 0..self.subscriptions.len() {
            let found = &mut self.subscriptions[at];
            if live.seq.is_some_and(|seq| seq <= found.covered) || !found.filters.iter().any(asked) {
                continue;
            }
            match &mut found.waiting {
                Some(waiting) => {
                    waiting.push(Arc::clone(live));
                    self.queued += live.bytes.len();
                    self.drop_if_slow();
                }
                None => {
                    let head = Arc::clone(&found.head);
                    self.push(Effect::Deliver { head, bytes: Arc::clone(&live.bytes) });
                }
            }
            if self.ended {
                break;
            }
        }
        true
    }
}
