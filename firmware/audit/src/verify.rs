//! Every chain of a file, read from its first entry and compared with the anchors that were signed over it.

use std::collections::{BTreeMap, BTreeSet};

use relaybox_protocol::event::{EVENT_BYTES_MAX, Verified, id_from_hex};
use relaybox_protocol::{EventId, PublicKey, hex, kinds};
use relaybox_store::Result;
use relaybox_store::chain::{Chains, End};

use crate::chain::Checker;

/// Entries read at a time.
const PAGE: usize = 500;

/// What was read, and what is wrong, a line each.
#[derive(Debug, Default)]
pub struct Report {
    pub entries: u64,
    pub faults: Vec<String>,
}

/// An anchor (2128) whose signature holds.
#[derive(Debug, Clone)]
pub struct Signed {
    pub id: EventId,
    pub by: PublicKey,
    pub created_at: u64,
    pub prev: Option<EventId>,
    /// Writer, number, hash.
    pub heads: Vec<(String, u64, [u8; 32])>,
}

/// Reads an anchor; none when it is another event or its signature does not hold.
pub fn signed(json: &str) -> Option<Signed> {
    let verified = Verified::parse(json, EVENT_BYTES_MAX).ok()?;
    if verified.kind() != kinds::AUDIT_ANCHOR {
        return None;
    }
    let event = verified.event();
    let mut signed = Signed {
        id: event.id,
        by: event.pubkey,
        created_at: event.created_at.as_secs(),
        prev: None,
        heads: Vec::new(),
    };
    for tag in event.tags.iter() {
        match tag.as_slice().iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
            ["head", writer, number, hash] => {
                signed.heads.push(((*writer).to_owned(), number.parse().ok()?, hex::decode::<32>(hash)?));
            }
            ["prev", id] => signed.prev = Some(id_from_hex(id)?),
            _ => return None,
        }
    }
    Some(signed)
}

/// Checks all chains. `published` are anchors from elsewhere (the relay's store, a copy that somebody kept), as JSON;
/// they must be signed by `key` when it is given.
///
/// # Errors
/// When the file cannot be read at all.
pub async fn verify(chains: &Chains, published: &[String], key: Option<&PublicKey>) -> Result<Report> {
    let mut report = Report::default();
    let anchors = anchors(chains, published, key, &mut report).await?;
    let mut signed: BTreeMap<String, Vec<(u64, [u8; 32])>> = BTreeMap::new();
    for (writer, number, hash) in anchors.into_iter().flat_map(|anchor| anchor.heads) {
        signed.entry(writer).or_default().push((number, hash));
    }
    let mut ends = chains.ends().await?;
    let known: BTreeSet<String> = ends.iter().map(|end| end.writer.clone()).collect();
    let vanished = signed.keys().filter(|writer| !known.contains(*writer));
    let vanished = vanished.map(|writer| End { writer: writer.clone(), number: 0, hash: [0; 32], found: 0 });
    ends.extend(vanished.collect::<Vec<_>>());
    for end in ends {
        let writer = end.writer.clone();
        let last = end.number;
        let of_zero = |(number, _): &(u64, [u8; 32])| *number > 0;
        let anchored = signed.remove(&writer).unwrap_or_default().into_iter().filter(of_zero).collect();
        let mut checker = Checker::new(end, anchored);
        let mut after = 0;
        'pages: loop {
            let page = chains.scan(&writer, after, PAGE).await?;
            let Some(newest) = page.last().map(|link| link.number) else { break };
            for link in &page {
                // What was appended since the ends were read is for the next look.
                if link.number > last {
                    break 'pages;
                }
                checker.entry(link);
            }
            after = newest;
        }
        let (entries, faults) = checker.finish();
        report.entries += entries;
        report.faults.extend(faults.iter().map(|fault| format!("chain {writer}: {fault}")));
    }
    Ok(report)
}

/// Anchors kept here and published ones, each once.
async fn anchors(
    chains: &Chains,
    published: &[String],
    key: Option<&PublicKey>,
    report: &mut Report,
) -> Result<Vec<Signed>> {
    let mut seen = BTreeSet::new();
    let mut all = Vec::new();
    let mut before = None;
    for kept in chains.anchors().await? {
        match signed(&kept.bytes).filter(|anchor| key.is_none_or(|key| anchor.by == *key)) {
            Some(anchor) => {
                if anchor.prev != before {
                    report.faults.push(format!("anchor {} does not name the one before it", kept.num));
                }
                before = Some(anchor.id);
                seen.insert(anchor.id);
                all.push(anchor);
            }
            None => {
                report.faults.push(format!("anchor {} was changed: its signature does not hold", kept.num))
            }
        }
    }
    for json in published {
        match signed(json).filter(|anchor| key.is_none_or(|key| anchor.by == *key)) {
            Some(anchor) if seen.insert(anchor.id) => {
                report.faults.push("a published anchor is missing here".to_owned());
                all.push(anchor);
            }
            Some(_) => {}
            None => report.faults.push("a published anchor's signature does not hold".to_owned()),
        }
    }
    Ok(all)
}
