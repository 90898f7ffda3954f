//! The one road to live subscribers: the store's tail, in arrival order. Membership is brought to an
//! event's number before that event is matched (STORE.md, invariants 3 and 5).

use std::sync::Arc;

use relaybox_protocol::event::{EVENT_BYTES_MAX, parse_unverified};
use relaybox_store::{Delivered, Result, Tail};

use crate::audit;
use crate::members::Members;
use crate::service::Shared;

/// Runs until the tail fails; a relay without its tail must not serve.
pub(crate) async fn run(shared: Arc<Shared>, mut tail: Tail) -> Result<()> {
    loop {
        for delivered in tail.next().await?.events {
            let seq = delivered.seq;
            audit::committed(&shared, &delivered);
            deliver(&shared, delivered);
            if let Some(seq) = seq {
                shared.delivered.send_replace(seq);
            }
        }
    }
}

fn deliver(shared: &Shared, delivered: Delivered) {
    let now = shared.stamp.now();
    // Matching needs the index keys alone; only what the member table takes in is parsed again.
    if delivered.moves_members || shared.members().is_some_and(|m| m.may_be_import(delivered.kind)) {
        match parse_unverified(&delivered.bytes, EVENT_BYTES_MAX) {
            Ok(event) => take_in(shared, &event, &delivered, now),
            Err(refusal) => {
                return log::error!("event {:?} cannot be read back: {}", delivered.seq, refusal.code());
            }
        }
    }
    let Some(members) = shared.members() else { return };
    let live = Arc::new(delivered);
    for handle in shared.sessions.all() {
        if handle.session().handle_live(now, &live, &members) {
            handle.wake();
        }
    }
}

/// Brings the member table to this event.
fn take_in(shared: &Shared, event: &relaybox_protocol::Event, delivered: &Delivered, now: u64) {
    if let Some(seq) = delivered.seq.filter(|_| delivered.moves_members) {
        pass(shared, event, seq, delivered.received, now);
    }
    note_import(shared, event);
}

/// Keeps the patient of an imported event in mind, without a new position: no scope changes by it.
fn note_import(shared: &Shared, event: &relaybox_protocol::Event) {
    let Some(members) = shared.members().filter(|members| members.is_import(event)) else { return };
    let mut members = Members::clone(&members);
    members.note_import(event);
    shared.members.send_replace(Some(Arc::new(members)));
}

/// Swaps the member table and tells every open session.
fn pass(shared: &Shared, event: &relaybox_protocol::Event, seq: u64, received: u64, now: u64) {
    let Some(before) = shared.members() else { return };
    if seq <= before.at {
        return;
    }
    let mut after = Members::clone(&before);
    after.pass(event, seq, received);
    let after = Arc::new(after);
    shared.members.send_replace(Some(Arc::clone(&after)));
    for handle in shared.sessions.all() {
        handle.session().handle_members(now, &after);
        handle.wake();
    }
}
