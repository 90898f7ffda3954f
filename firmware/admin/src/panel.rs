//! What this role tells the box's front panel: one line about the roles that it can ask, beside the text that the vault
//! alone writes.

use std::sync::Arc;
use std::time::Duration;

use relaybox_process::rpc::audit::AuditClient;
use relaybox_process::rpc::vault::{Request, VaultClient};
use relaybox_process::shutdown;
use tokio::sync::watch;

use crate::members::present;
use crate::run::Shared;

/// Between two lines: what the panel was told counts for two minutes.
const EACH: Duration = Duration::from_secs(30);

/// Tells, until the role stops.
pub(crate) async fn tell(shared: Arc<Shared>, mut order: watch::Receiver<bool>) {
    let telling = async {
        // Before the relay was heard once there is nothing to say: a box that starts is not failing.
        let mut following = shared.following.clone();
        if following.wait_for(Option::is_some).await.is_err() {
            return;
        }
        let mut looks = tokio::time::interval(EACH);
        loop {
            looks.tick().await;
            let (text, failing) = line(relay(&shared), audit(&shared).await);
            let told = async {
                VaultClient::connect(&shared.vault).await?.ask(&Request::Line { text, failing }).await
            };
            if let Err(error) = told.await {
                log::debug!("telling the front panel failed to {error}");
            }
        }
    };
    tokio::select! {
        () = telling => {}
        () = shutdown::requested(&mut order) => {}
    }
}

/// What is wrong with the relay.
fn relay(shared: &Shared) -> Option<String> {
    match present(&shared.following, shared.clock.now()) {
        Some(members) if members.failing.is_empty() => None,
        Some(members) => Some(format!("relay failing: {}", members.failing.join(" "))),
        None => Some("relay down".to_owned()),
    }
}

/// What is wrong with the audit.
async fn audit(shared: &Shared) -> Option<String> {
    let heads = async { AuditClient::connect(&shared.audit).await?.heads().await };
    match heads.await {
        Ok(_) if shared.journal.full() => Some("audit failing".to_owned()),
        Ok(_) => None,
        Err(_) => Some("audit down".to_owned()),
    }
}

fn line(relay: Option<String>, audit: Option<String>) -> (String, bool) {
    let faults: Vec<String> = relay.into_iter().chain(audit).collect();
    if faults.is_empty() { ("relay and audit serve".to_owned(), false) } else { (faults.join("; "), true) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_names_what_fails_and_nothing_else() {
        assert_eq!(line(None, None), ("relay and audit serve".to_owned(), false));
        let both = line(Some("relay down".to_owned()), Some("audit failing".to_owned()));
        assert_eq!(both, ("relay down; audit failing".to_owned(), true));
    }
}
