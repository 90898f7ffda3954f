//! The information document (NIP-11): limits as configured, who may write, whom to ask. It never
//! lists members.

use relaybox_process::config::RelayConfig;
use relaybox_protocol::{PublicKey, admit, hex};
use serde_json::{Map, Value, json};

use crate::members::Members;

/// NIP-62 is answered with whom to ask, so it is not named here.
const SUPPORTED: [u16; 10] = [1, 9, 11, 17, 40, 42, 45, 59, 70, 77];

const POSTING_POLICY: &str = "This relay holds the health records of one practice, encrypted. Its members, their patients \
and guardians write after login (NIP-42), each what the practice's signed policy allows; everybody else may send gift \
wraps (NIP-59) to the practice's inbox keys. Health records cannot be deleted here: ask the practice.";

/// The document as JSON text. `own` is the box key B; `members` is none without a practice.
pub(crate) fn document(
    config: &RelayConfig,
    own: Option<&PublicKey>,
    members: Option<&Members>,
    failing: &[&str],
    now: u64,
) -> String {
    let mut document = json!({
        "name": config.name,
        "description": config.description,
        "supported_nips": SUPPORTED,
        "version": env!("CARGO_PKG_VERSION"),
        "posting_policy_text": POSTING_POLICY,
        "limitation": limitation(config),
    });
    if let Some(members) = document.as_object_mut() {
        if !config.contact.is_empty() {
            members.insert("contact".to_owned(), config.contact.clone().into());
        }
        if let Some(own) = own {
            members.insert("self".to_owned(), own.to_hex().into());
        }
    }
    if let Some(members) = members {
        document["relaybox"] = practice(members, failing, now);
    }
    document.to_string()
}

fn limitation(config: &RelayConfig) -> Value {
    json!({
        "max_message_length": config.frame_bytes_max,
        "max_content_length": config.event_bytes_max,
        "max_subscriptions": config.subscriptions_max,
        "max_subid_length": config.subscription_id_bytes_max,
        "max_limit": config.limit_max,
        "default_limit": config.limit_max,
        "max_filters": config.filters_max,
        "created_at_lower_limit": admit::SECONDS_BACK_MAX,
        "created_at_upper_limit": admit::SECONDS_AHEAD_MAX,
        "auth_required": true,
        "restricted_writes": true,
        "payment_required": false,
    })
}

/// What a stranger needs to write to the practice and to recognise it: P, those before it after a succession, the hash
/// of the next practice key, and the inbox keys of its agents; and what fails, while something does.
fn practice(members: &Members, failing: &[&str], now: u64) -> Value {
    let view = members.view(now);
    let inbox =
        view.agents().into_iter().filter(|agent| matches!(agent.service.as_str(), "mail" | "billing"));
    let inbox: Vec<_> =
        inbox.filter(|agent| !view.suspended(&agent.key)).map(|agent| agent.key.to_hex()).collect();
    let mut practice = Map::new();
    practice.insert("practice".to_owned(), view.practice().to_hex().into());
    let former: Vec<_> = view.practices().iter().map(|key| key.to_hex()).collect();
    if let [former @ .., _] = former.as_slice()
        && !former.is_empty()
    {
        practice.insert("former".to_owned(), json!(former));
    }
    if let Some(next) = view.next_practice() {
        practice.insert("next".to_owned(), hex::encode(&next).into());
    }
    practice.insert("inbox".to_owned(), inbox.into());
    if !failing.is_empty() {
        practice.insert("failing".to_owned(), json!(failing));
    }
    Value::Object(practice)
}
