//! From facts of sessions and committed events to entries of the audit.

use relaybox_process::rpc::audit::Entry;
use relaybox_protocol::event::{key_from_hex, parse_unverified, tag_value};
use relaybox_protocol::kinds;
use relaybox_store::Delivered;

use crate::service::Shared;
use crate::session::Fact;

/// Enters what happened in a session.
pub(crate) fn enter(shared: &Shared, facts: Vec<Fact>) {
    let at = shared.stamp.clock();
    for fact in facts {
        let entry = match fact {
            Fact::LoggedIn { key } => Entry::new(at, "login").by(key.map(|key| key.to_hex())),
            Fact::LoginRefused { claimed, refusal } => Entry::new(at, "login-refused")
                .about(claimed.map(|key| key.to_hex()))
                .fact("code", refusal.code()),
            Fact::Refused { key, refusal } => {
                Entry::new(at, "refusal").by(key.map(|key| key.to_hex())).fact("code", refusal.code())
            }
            Fact::Ended { key, refusal } => {
                Entry::new(at, "session-ended").about(key.to_hex()).fact("code", refusal.code())
            }
        };
        // A login could not have happened while the queue was full; what else finds no room is counted.
        shared.journal.enter(entry);
    }
}

/// Enters what a committed event says by its envelope: who changed policy, and the end of a call.
pub(crate) fn committed(shared: &Shared, delivered: &Delivered) {
    let at = delivered.received;
    if delivered.seq.is_none() {
        return;
    }
    let entry = if delivered.moves_members {
        Entry::new(at, "policy")
            .by(delivered.author.to_hex())
            .about(delivered.id.to_hex())
            .fact("kind", delivered.kind.to_string())
    } else if delivered.kind == kinds::SIGNALLING_LAST {
        let party = parse_unverified(&delivered.bytes, delivered.bytes.len()).ok();
        let party = party.and_then(|event| key_from_hex(tag_value(&event, "p", 0)?));
        Entry::new(at, "call-ended").by(delivered.author.to_hex()).about(party.map(|key| key.to_hex()))
    } else {
        return;
    };
    shared.journal.enter(entry);
}
