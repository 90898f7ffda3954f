//! `relaybox audit …`: looks at a box's audit without serving it.

use std::path::{Path, PathBuf};

use relaybox_protocol::kinds;
use relaybox_store::chain::Chains;
use relaybox_store::{Store, StoreConfig};

use super::{Failure, say};

/// Why the audit cannot be looked at.
#[derive(Debug, thiserror::Error)]
enum AuditToolError {
    #[error("find {file} in {data} or in its folder audit")]
    NoFile { file: &'static str, data: PathBuf },
    #[error("find the audit whole: {0} faults")]
    Faults(usize),
}

/// Prints every fault found, or that there is none. Anchors that the relay stored are compared when its events are
/// beside the audit, or in `relay`.
pub(crate) async fn verify(data: &Path, relay: Option<&Path>) -> Result<(), Failure> {
    let candidates = [data.join(relaybox_audit::FILE), data.join("audit").join(relaybox_audit::FILE)];
    let file = candidates.into_iter().find(|file| file.is_file());
    let file =
        file.ok_or_else(|| AuditToolError::NoFile { file: relaybox_audit::FILE, data: data.to_owned() })?;
    let events = relay.map_or_else(|| data.join("relay"), Path::to_owned).join("events.db");
    let anchors = if relay.is_some() || events.is_file() {
        Store::of_kind_file(&StoreConfig::at(events), kinds::AUDIT_ANCHOR).await?
    } else {
        Vec::new()
    };
    let report = relaybox_audit::verify::verify(&Chains::look(&file).await?, &anchors, None).await?;
    for fault in &report.faults {
        say(&format!("{fault}\n"))?;
    }
    if !report.faults.is_empty() {
        return Err(AuditToolError::Faults(report.faults.len()).into());
    }
    say(&format!("the audit is whole: {} entries, {} published anchors\n", report.entries, anchors.len()))
}
