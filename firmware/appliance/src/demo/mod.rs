//! The demo practice: synthetic people, published the way real ones would be. Its P and V are derived
//! from the seed and public. Where the key slot has two software keys they are sealed to them (`vault`), and
//! ceremonies can be held for the demo.

mod calendar;
mod cast;
mod deliver;
mod fhir;
mod growth;
mod imported;
mod plan;
mod register;
mod script;
mod seed;
mod story;
mod vaccines;
pub(crate) mod vault;
mod visits;
mod vitals;

use std::path::PathBuf;

use relaybox_protocol::PublicKey;
use serde::{Deserialize, Serialize};

use deliver::Delivery;
use plan::Plan;
use script::{BoxKeys, Script, Step};
use seed::Seed;

/// Steps written ahead of what the relay has taken.
const STEPS_AHEAD: usize = 128;

/// What the demo left behind: printed at each start, kept in the data directory.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DemoWorld {
    /// Says to whoever finds the file that nobody in it exists.
    pub notice: String,
    /// What the practice is called, when it is not the usual one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// P, hex.
    pub practice: String,
    pub epochs: Vec<DemoEpoch>,
    pub persons: Vec<DemoPerson>,
}

/// Epoch keys of one epoch, hex, oldest first in [`DemoWorld::epochs`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DemoEpoch {
    pub n: u64,
    pub desk: String,
    pub chart: String,
    pub confidential: String,
}

/// A synthetic person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DemoPerson {
    pub name: String,
    /// `doctor`, `nurse`, `ma`, `frontdesk`, `agent`, `guardian` or `patient`.
    pub role: String,
    /// Hex.
    pub pubkey: String,
    /// Hex; none when it was thrown away at registration.
    pub secret: Option<String>,
    /// T of each child (guardians) in hex.
    pub children: Vec<String>,
}

/// How the demo reaches the running box.
#[derive(Debug, Clone)]
pub struct Door {
    /// The relay's ceremony socket.
    pub ceremony: PathBuf,
    /// The relay's own socket; a connection begins with the preface of `relaybox_web::proxy`.
    pub relay: PathBuf,
    /// Host name for preface and handshake, with the port.
    pub host: String,
    /// The relay URL that a login names.
    pub url: String,
    /// B, the key of receipts.
    pub receipts: PublicKey,
    /// B′, the key of audit anchors.
    pub audit: PublicKey,
    /// Unix seconds: the day of the first start, from which the children's ages count.
    pub now: u64,
}

/// Why the demo practice was not published.
#[derive(Debug, thiserror::Error)]
#[error("publish the demo practice: {step}")]
pub struct DemoError {
    pub step: String,
    #[source]
    pub source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

/// Publishes the whole practice into an empty box. Same seed, name and day, same people; a practice of another
/// name has other staff, children and records, and the same families' keys.
///
/// Every event is sent now, by its author: a relay admits nothing older than seven days. The clinical
/// dates inside lie in the past, as when a practice enters its old charts. The three epochs follow
/// each other within this first start.
///
/// # Errors
/// When the relay refuses an event or cannot be reached; the box then holds a part of the demo.
pub async fn publish(door: &Door, seed: [u8; 32], name: Option<&str>) -> Result<DemoWorld, DemoError> {
    let mut delivery = Delivery::open(door).await?;
    let (give, mut steps) = tokio::sync::mpsc::channel(STEPS_AHEAD);
    let (now, box_keys) = (door.now, BoxKeys { receipts: door.receipts, audit: door.audit });
    let seed = Seed::of(seed, name);
    let writer = tokio::task::spawn_blocking(move || {
        let plan = Plan::new(seed, calendar::date_of(now));
        Script::new(&plan, box_keys, now, |step| give.blocking_send(step).is_ok()).run()
    });
    log::info!("demo practice: publishing thirteen invented children's records");
    while let Some(step) = steps.recv().await {
        if matches!(step, Step::Ceremony(_)) && delivery.stored() > 0 {
            log::info!("demo practice: {} events stored", delivery.stored());
        }
        delivery.take(step).await?;
    }
    let stored = delivery.stored();
    delivery.close().await?;
    let world = writer
        .await
        .map_err(|error| DemoError { step: "write the records".to_owned(), source: Some(Box::new(error)) })?;
    log::info!("demo practice: {stored} events stored, all of them synthetic");
    let world = world
        .map_err(|error| DemoError { step: "write the records".to_owned(), source: Some(Box::new(error)) })?;
    Ok(DemoWorld { name: name.map(str::to_owned), ..world })
}
