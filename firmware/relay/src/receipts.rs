//! Clinical receipts (PROTOCOL 2.5): which dues share one, when they are written, and how a receipt
//! goes into the store. Policy receipts are written by the writer, with their events.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use relaybox_protocol::event::Verified;
use relaybox_protocol::permissions::Compartment;
use relaybox_protocol::receipts::{self, ChainKey, NewReceipt, PolicyMark, ROWS_MAX, Row};
use relaybox_protocol::{EventId, Keys, PublicKey, event, kinds};
use relaybox_store::{Admitted, Covers, Due, Origin, Outcome, Result, StoreError};
use tokio::sync::watch;

use crate::members::Members;
use crate::service::{Phase, Shared, draining};

/// Dues taken up at once.
const DUES_MAX: usize = 10_000;

/// A receipt to be written.
pub(crate) struct Next<'a> {
    pub(crate) chain: ChainKey,
    pub(crate) epoch_key: Option<PublicKey>,
    /// Rows so far and id of the chain's last receipt.
    pub(crate) head: Option<(u64, EventId)>,
    pub(crate) mark: PolicyMark,
    pub(crate) rows: &'a [Row],
}

/// Signs a receipt and makes it what the store takes.
///
/// # Errors
/// `Corrupt` when the receipt built does not pass its own check.
pub(crate) fn admitted(keys: &Keys, next: &Next<'_>, created_at: u64) -> Result<Admitted> {
    let before = next.head.map_or(0, |(n, _)| n);
    let prev = next.head.map(|(_, id)| id);
    let receipt = receipts::build(
        keys,
        &NewReceipt {
            chain: next.chain,
            epoch_key: next.epoch_key,
            before,
            prev,
            mark: next.mark,
            rows: next.rows,
            created_at,
        },
    );
    let verified =
        Verified::from_event(receipt).map_err(|refusal| StoreError::Corrupt(refusal.code().to_owned()))?;
    let event = verified.event();
    Ok(Admitted {
        id: event.id,
        author: event.pubkey,
        kind: kinds::RECEIPT,
        created_at,
        bytes: verified.shared_json(),
        keys: event::index_keys(event),
        slot: None,
        expires: None,
        origin: Origin::Live,
        moves_members: false,
        chains: Vec::new(),
        covers: Some(Covers {
            chain: next.chain,
            ids: next.rows.iter().map(|row| row.id).collect(),
            n: before + next.rows.len() as u64,
            prev,
        }),
        deletes: Vec::new(),
        deletes_addresses: Vec::new(),
        charge: None,
        at: None,
    })
}

/// The rows of one receipt.
#[derive(Debug, PartialEq, Eq)]
struct Group {
    chain: ChainKey,
    mark: PolicyMark,
    rows: Vec<Row>,
}

/// Dues in arrival order to receipts in the order in which they are stored: one chain and one mark
/// each, at most [`ROWS_MAX`] rows, those that arrived under an earlier policy first.
fn group(dues: &[Due]) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    let mut open: HashMap<ChainKey, usize> = HashMap::new();
    for due in dues {
        let row = Row { id: due.id, received: due.received, import: due.imported };
        let fits = |group: &Group| group.mark == due.mark && group.rows.len() < ROWS_MAX;
        match open.get(&due.chain).and_then(|at| groups.get_mut(*at)).filter(|group| fits(group)) {
            Some(group) => group.rows.push(row),
            None => {
                open.insert(due.chain, groups.len());
                groups.push(Group { chain: due.chain, mark: due.mark, rows: vec![row] });
            }
        }
    }
    groups
}

/// Writes the receipts that are due. Gives the number of dues that got theirs.
pub(crate) async fn write_due(shared: &Arc<Shared>) -> Result<usize> {
    let _alone = shared.receipting.lock().await;
    let mut written = 0;
    loop {
        let Some(members) = shared.members() else { return Ok(written) };
        if !shared.certified(&members, shared.stamp.now()) {
            return Ok(written);
        }
        let dues = shared.store.due(DUES_MAX).await?;
        if dues.is_empty() {
            return Ok(written);
        }
        let receipts = sign(shared, &members, &dues).await?;
        if receipts.is_empty() {
            return Ok(written);
        }
        for outcome in shared.store.append(receipts).await? {
            if !matches!(outcome, Outcome::Stored { .. }) {
                return Err(StoreError::Conflict);
            }
        }
        written += dues.len();
    }
}

/// Builds the chains on a blocking thread: a signature each.
async fn sign(shared: &Arc<Shared>, members: &Arc<Members>, dues: &[Due]) -> Result<Vec<Admitted>> {
    let groups = group(dues);
    let mut heads = HashMap::new();
    for group in &groups {
        if let std::collections::hash_map::Entry::Vacant(slot) = heads.entry(group.chain) {
            slot.insert(shared.store.chain_head(&group.chain).await?);
        }
    }
    let (shared, members) = (Arc::clone(shared), Arc::clone(members));
    let built = tokio::task::spawn_blocking(move || build(&shared, &members, &groups, heads)).await;
    built.map_err(|error| StoreError::Unavailable(error.into()))?
}

fn build(
    shared: &Shared,
    members: &Members,
    groups: &[Group],
    mut heads: HashMap<ChainKey, Option<(u64, EventId)>>,
) -> Result<Vec<Admitted>> {
    let Some(keys) = shared.box_keys.as_ref() else { return Ok(Vec::new()) };
    let now = shared.stamp.now();
    let view = members.view(now);
    let Some(epoch) = view.epoch() else { return Ok(Vec::new()) };
    let mut receipts = Vec::with_capacity(groups.len());
    for group in groups {
        let epoch_key = match group.chain {
            ChainKey::Clinical { compartment: Compartment::Desk, .. } => Some(epoch.desk),
            ChainKey::Clinical { compartment: Compartment::Chart, .. } => Some(epoch.chart),
            ChainKey::Clinical { compartment: Compartment::Confidential, .. } => Some(epoch.confidential),
            ChainKey::Policy | ChainKey::PolicyStaff => None,
        };
        let mark = match group.chain {
            ChainKey::Policy => PolicyMark::default(),
            ChainKey::PolicyStaff => PolicyMark { staff: None, ..group.mark },
            ChainKey::Clinical { .. } => group.mark,
        };
        let head = heads.get(&group.chain).copied().flatten();
        let next = Next { chain: group.chain, epoch_key, head, mark, rows: &group.rows };
        let receipt = admitted(keys, &next, now)?;
        heads.insert(group.chain, receipt.covers.as_ref().map(|covers| (covers.n, receipt.id)));
        receipts.push(receipt);
    }
    Ok(receipts)
}

/// Writes receipts at their pace until the relay closes.
pub(crate) async fn run(shared: Arc<Shared>, mut phase: watch::Receiver<Phase>) {
    let at_once = shared.config.receipt_seconds == 0;
    loop {
        let pause = pace(&shared).await;
        tokio::select! {
            () = shared.due.notified(), if at_once => {}
            () = tokio::time::sleep(pause), if !at_once => {}
            () = draining(&mut phase) => return,
        }
        if let Err(error) = write_due(&shared).await {
            log::error!("writing receipts failed to {error}; they stay due");
        }
    }
}

async fn pace(shared: &Shared) -> Duration {
    let loaded = shared.store.due_count().await.is_ok_and(|due| due > shared.config.receipt_due_max);
    let config = &shared.config;
    Duration::from_secs(if loaded { config.receipt_seconds_loaded } else { config.receipt_seconds })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(n: usize) -> EventId {
        let mut bytes = [0; 32];
        bytes[..8].copy_from_slice(&(n as u64).to_be_bytes());
        EventId::from_byte_array(bytes)
    }

    fn due(n: usize, chain: ChainKey, mark: PolicyMark) -> Due {
        Due { seq: n as u64, received: 100 + n as u64, mark, chain, id: id(n), imported: false }
    }

    fn chain(compartment: Compartment) -> ChainKey {
        ChainKey::Clinical { compartment, subject: None }
    }

    #[test]
    fn dues_of_different_policy_positions_never_share_a_receipt() {
        let (desk, old) = (chain(Compartment::Desk), PolicyMark::default());
        let new = PolicyMark { public: Some(id(900)), staff: None };
        let groups = group(&[due(1, desk, old), due(2, desk, old), due(3, desk, new)]);
        let rows: Vec<_> = groups.iter().map(|group| (group.mark, group.rows.len())).collect();
        assert_eq!(rows, [(old, 2), (new, 1)]);
    }

    #[test]
    fn each_chain_has_its_own_receipts_in_arrival_order() {
        let (desk, chart, mark) =
            (chain(Compartment::Desk), chain(Compartment::Chart), PolicyMark::default());
        let groups = group(&[due(1, desk, mark), due(2, chart, mark), due(3, desk, mark)]);
        let ids = |at: usize| groups[at].rows.iter().map(|row| row.id).collect::<Vec<_>>();
        assert_eq!(groups.len(), 2);
        assert_eq!((ids(0), ids(1)), (vec![id(1), id(3)], vec![id(2)]));
    }

    #[test]
    fn a_receipt_has_at_most_five_hundred_rows() {
        let dues: Vec<_> =
            (0..1_001).map(|n| due(n, chain(Compartment::Chart), PolicyMark::default())).collect();
        let sizes: Vec<_> = group(&dues).iter().map(|group| group.rows.len()).collect();
        assert_eq!(sizes, [500, 500, 1]);
    }
}
