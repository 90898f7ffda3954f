//! Live delivery: subscription and scope are matched for each event.

use std::sync::Arc;

use relaybox_store::Delivered;

use super::{Effect, Session, filters};
use crate::members::Members;

impl Session {
    /// Hands an event to every subscription that asks for it, if the scope permits it. `members`
    /// stands at the event's own position. Returns whether anything is to be sent.
    pub fn handle_live(&mut self, now: u64, live: &Arc<Delivered>, members: &Arc<Members>) -> bool {
        if self.ended || self.keys.is_empty() {
            return false;
        }
        let told = self.handle_now(now, members);
        let asked = |filter: &_| filters::matches(filter, live);
        if !self.subscriptions.iter().any(|s| s.filters.iter().any(asked)) {
            return told;
        }
        if !self.scope(now, members).permits_row(live.kind, &live.id, &live.keys) {
            return told;
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
