//! Anchors (kind 2128): each hour the box key B′ signs where the chains end, and the relay stores it among the
//! practice's policy, where staff, mirrors and backups keep copies that nobody can take back.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use relaybox_process::rpc::ceremony::{CeremonyClient, CeremonyError};
use relaybox_process::shutdown;
use relaybox_protocol::event::{Verified, sign, tag};
use relaybox_protocol::{Keys, hex, kinds};
use relaybox_store::StoreError;
use relaybox_store::chain::{Anchor, End};
use serde_json::value::RawValue;
use tokio::sync::watch;

use crate::run::Shared;
use crate::verify::{Signed, signed};

/// How often it is looked whether one is due, at most.
const LOOK_SECONDS: u64 = 60;

/// Why there is no anchor this time.
#[derive(Debug, thiserror::Error)]
enum AnchorError {
    #[error("read the chains' ends")]
    Store(#[from] StoreError),
    #[error("build an anchor that its own reader takes")]
    Shape,
    #[error("publish the anchor")]
    Relay(#[from] CeremonyError),
}

/// Signs and publishes until the role stops.
pub(crate) async fn run(
    shared: Arc<Shared>,
    keys: Keys,
    relay: PathBuf,
    seconds: u64,
    mut order: watch::Receiver<bool>,
) {
    let mut failing = false;
    loop {
        tokio::select! {
            () = tokio::time::sleep(Duration::from_secs(seconds.clamp(1, LOOK_SECONDS))) => {}
            () = shutdown::requested(&mut order) => return,
        }
        let done = one(&shared, &keys, &relay, seconds).await;
        if let Err(error) = &done
            && !failing
        {
            // An unclaimed box, or one whose key is not certified yet, is tried again until it is.
            log::warn!("failed to {}", causes(error));
        }
        failing = done.is_err();
    }
}

/// Publishes what was signed before, or what is due now.
async fn one(shared: &Shared, keys: &Keys, relay: &Path, seconds: u64) -> Result<(), AnchorError> {
    let keeper = shared.keeper.lock().await;
    let last = keeper.chain.last_anchor().await?;
    let (num, bytes) = match last {
        Some(waiting) if !waiting.published && is_by(&waiting, keys) => (waiting.num, waiting.bytes),
        last => {
            let last = last.and_then(|anchor| signed(&anchor.bytes));
            let now = shared.clock.now();
            let since = match &last {
                Some(last) => last.created_at,
                None => keeper.began().await?,
            };
            if now < since.saturating_add(seconds) {
                return Ok(());
            }
            let bytes = build(keys, &keeper.chain.ends().await?, last.as_ref(), now)?;
            // Kept first: what was published and then forgotten would be signed a second time, as a fork.
            (keeper.chain.keep_anchor(bytes.clone()).await?, bytes)
        }
    };
    drop(keeper);
    let event = RawValue::from_string(bytes).map_err(|_| AnchorError::Shape)?;
    CeremonyClient::connect(relay).await?.append(vec![event]).await?;
    shared.keeper.lock().await.chain.anchor_published(num).await?;
    Ok(())
}

/// One of a box key that is gone would be refused for ever.
fn is_by(anchor: &Anchor, keys: &Keys) -> bool {
    signed(&anchor.bytes).is_some_and(|signed| signed.by == keys.public_key())
}

fn build(keys: &Keys, ends: &[End], last: Option<&Signed>, now: u64) -> Result<String, AnchorError> {
    let head = |end: &End| tag("head", [&end.writer, &end.number.to_string(), &hex::encode(&end.hash)]);
    let mut tags: Vec<_> = ends.iter().map(head).collect();
    tags.extend(last.map(|last| tag("prev", [&last.id.to_hex()])));
    let event = sign(keys, kinds::AUDIT_ANCHOR, tags, "", now);
    let json = Verified::from_event(event).map_err(|_| AnchorError::Shape)?.json().to_owned();
    if signed(&json).is_some() { Ok(json) } else { Err(AnchorError::Shape) }
}

fn causes(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |cause| cause.source());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}

#[cfg(test)]
mod tests {
    use relaybox_protocol::random::Random;

    use super::*;

    #[test]
    fn an_anchor_names_every_chain_and_the_anchor_before_it() {
        let keys = Random::seeded([3; 32]).keys();
        let end =
            |writer: &str, number| End { writer: writer.to_owned(), number, hash: [7; 32], found: number };
        let first = build(&keys, &[end("box", 5), end("node-2", 9)], None, 100).unwrap();
        let first = signed(&first).unwrap();
        let heads = [("box".to_owned(), 5, [7; 32]), ("node-2".to_owned(), 9, [7; 32])];
        assert_eq!((first.by, first.prev, first.heads.as_slice()), (keys.public_key(), None, &heads[..]));
        let second = signed(&build(&keys, &[end("box", 6)], Some(&first), 200).unwrap()).unwrap();
        assert_eq!((second.prev, second.created_at), (Some(first.id), 200));
    }

    #[test]
    fn a_changed_anchor_is_none() {
        let keys = Random::seeded([3; 32]).keys();
        let end = End { writer: "box".to_owned(), number: 5, hash: [7; 32], found: 5 };
        let json = build(&keys, &[end], None, 100).unwrap();
        assert!(signed(&json).is_some());
        assert!(signed(&json.replace("\"5\"", "\"4\"")).is_none());
        let other = sign(&keys, kinds::SUSPENSION, vec![], "", 100);
        assert!(signed(Verified::from_event(other).unwrap().json()).is_none());
    }
}
