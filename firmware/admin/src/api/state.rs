//! What stands: health of the roles, the roster, and what a suspension would do.

use relaybox_process::rpc::audit::AuditClient;
use relaybox_process::rpc::vault::{Reply, Request};
use relaybox_protocol::event::key_from_hex;
use relaybox_protocol::kinds;
use relaybox_protocol::policy::Person;
use serde_json::{Value, json};

use super::{ADMIN, ceremonies, epochs, staff};
use crate::login::{Asked, not_known};
use crate::members::present;
use crate::reply::{Answer, Refused, ok};
use crate::run::Shared;

/// Every role in a word: `serving`, `failing`, `down`; this one and the gateway serve, or nobody would read it.
pub(super) async fn health(shared: &Shared, asked: &Asked) -> Answer {
    shared.member(asked, ADMIN).await?;
    let now = shared.clock.now();
    let members = present(&shared.following, now).ok_or_else(not_known)?;
    let rotation = epochs::rotation(shared, &members.view(now), now);
    let relay = json!({
        "state": if members.failing.is_empty() { "serving" } else { "failing" },
        "failing": members.failing,
        "policy": members.at,
    });
    ok(&json!({
        "admin": {"state": "serving"},
        "gateway": {"state": "serving"},
        "relay": relay,
        "audit": audit(shared).await,
        "vault": vault(shared).await,
        "rotation": rotation,
    }))
}

async fn audit(shared: &Shared) -> Value {
    let heads = async { AuditClient::connect(&shared.audit).await?.heads().await };
    match heads.await {
        Ok(heads) => {
            let heads: Vec<_> =
                heads.iter().map(|head| json!({"writer": head.writer, "number": head.number})).collect();
            json!({"state": if shared.journal.full() { "failing" } else { "serving" }, "chains": heads})
        }
        Err(error) => {
            log::warn!("failed to {error}");
            json!({"state": "down"})
        }
    }
}

async fn vault(shared: &Shared) -> Value {
    match ceremonies::ask(shared, &Request::State {}).await {
        Ok(Reply::State(state)) => json!({
            "state": "serving",
            "slot_keys": state.slot_keys.len(),
            "frozen": state.frozen.is_some(),
            "paused_until": state.paused_until,
            "soft": state.soft,
        }),
        _ => json!({"state": "down"}),
    }
}

/// What an admin's browser signs to suspend this key, and what to know before: nothing is signed here.
pub(super) async fn suspension(shared: &Shared, asked: &Asked, key: &str) -> Answer {
    let by = shared.member(asked, ADMIN).await?;
    let key = key_from_hex(key).ok_or_else(Refused::not_found)?;
    let now = shared.clock.now();
    let members = present(&shared.following, now).ok_or_else(not_known)?;
    let view = members.view(now);
    let person = match view.person(&key) {
        Person::Member(_) => "staff",
        Person::Agent(_) => "agent",
        Person::Guardian(_) => "guardian",
        Person::Patient(_) | Person::Own(_) => "patient",
        Person::Practice | Person::Former | Person::Unknown => return Err(Refused::not_found()),
    };
    ok(&json!({
        "person": person,
        "suspended": view.suspended(&key),
        "self": by.key == key,
        // Nobody could lift it but a ceremony, and nobody could ask for one.
        "last_admin": !staff::others_administer(&view, &key),
        "event": {"kind": kinds::SUSPENSION, "tags": [["p", key.to_hex()]], "content": "", "created_at": now},
    }))
}
