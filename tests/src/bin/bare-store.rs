//! The store with nothing around it, for the power-cut test: an event a line in, an OK a line out when
//! it is durable. `bare-store FILE full|off`; `off` is what no box can be configured to do.

use std::io::Write as _;
use std::sync::Arc;

use anyhow::{Context, Result, anyhow, ensure};
use relaybox_protocol::event::{EVENT_BYTES_MAX, Verified, index_keys};
use relaybox_store::{Admitted, Origin, Outcome, Store, StoreConfig};

/// Few, so that the log moves into the file again and again.
const CHECKPOINT_PAGES: u32 = 64;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let file = arguments.next().context("the file is named")?;
    let synchronous_full = arguments.next().context("full or off")? == "full";
    let config =
        StoreConfig { synchronous_full, checkpoint_pages: CHECKPOINT_PAGES, ..StoreConfig::at(file) };
    let store = Store::open(&config, Arc::new(|| 1_700_000_000)).await?;
    for line in std::io::stdin().lines() {
        let event = Verified::parse(&line?, EVENT_BYTES_MAX).map_err(|refusal| anyhow!(refusal.text()))?;
        let outcomes = store.append(vec![admitted(&event)]).await?;
        ensure!(matches!(outcomes[..], [Outcome::Stored { .. }]), "{outcomes:?}");
        writeln!(std::io::stdout(), "[\"OK\",\"{}\",true,\"\"]", event.id().to_hex())?;
    }
    Ok(())
}

/// An event of no meaning for the practice: no receipt is due for it.
fn admitted(verified: &Verified) -> Admitted {
    let event = verified.event();
    Admitted {
        id: event.id,
        author: event.pubkey,
        kind: verified.kind(),
        created_at: event.created_at.as_secs(),
        bytes: verified.json().into(),
        keys: index_keys(event),
        slot: None,
        expires: None,
        origin: Origin::Live,
        moves_members: false,
        chains: Vec::new(),
        covers: None,
        deletes: Vec::new(),
        deletes_addresses: Vec::new(),
        charge: None,
        at: None,
    }
}
