//! Events signed before they are timed: two-copy records of demo-like bodies, and small ones.

use anyhow::{Context, Result};
use relaybox_process::clock::Clock;
use relaybox_protocol::envelope::{Record, seal_family, seal_staff};
use relaybox_protocol::random::Random;
use relaybox_protocol::{Event, Keys};
use serde_json::{Value, json};

use crate::practice::Practice;
use crate::wire;

/// Signed events lie at most this far back, in seconds; the relay takes a week.
const BACK_SECONDS: u64 = 6 * 24 * 3_600;

/// What is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Size {
    /// A guardian's one-copy message: the shape of 1.5 KB. A record in two copies cannot be so small,
    /// since its body holds the binding twice.
    Small,
    /// A short record in two copies.
    Record,
    /// A record in two copies as the demo's are: median 3 to 4 KB.
    Demo,
}

/// One event, ready to go.
pub(crate) struct Prepared {
    /// The masked WebSocket frame of `["EVENT", …]`.
    pub(crate) frame: Vec<u8>,
    pub(crate) event: Event,
}

/// What to make: `each` events for every author in turn, about patients `from..to`; of small events
/// each connection is one guardian's, beginning with that of patient `from`.
#[derive(Clone, Copy)]
pub(crate) struct Order {
    pub(crate) size: Size,
    pub(crate) each: usize,
    pub(crate) patients: (usize, usize),
    /// Differs from order to order, so that no event is made twice.
    pub(crate) seed: u32,
}

/// The key of the connection `n`: a writer, or for small events the guardian of patient `n`.
pub(crate) fn author(practice: &Practice, size: Size, n: usize) -> &Keys {
    match size {
        Size::Small => &practice.guardians[n % practice.guardians.len()],
        Size::Record | Size::Demo => &practice.writers[n % practice.writers.len()],
    }
}

/// One list for each of `connections`, made on all cores.
pub(crate) fn make(practice: &Practice, order: Order, connections: usize) -> Result<Vec<Vec<Prepared>>> {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let mut lists: Vec<Vec<Prepared>> = Vec::new();
    std::thread::scope(|scope| {
        let all: Vec<usize> = (0..connections * cores).collect();
        // A part of every connection's list for each core.
        let parts: Vec<_> = (0..cores)
            .map(|core| {
                let mine: Vec<usize> = all.iter().copied().filter(|part| part % cores == core).collect();
                scope.spawn(move || {
                    mine.into_iter()
                        .map(|part| list(practice, order, part / cores, core, cores))
                        .collect::<Result<Vec<_>>>()
                })
            })
            .collect();
        for part in parts {
            let part = part.join().ok().context("a maker of events ended")??;
            if lists.is_empty() {
                lists = part;
            } else {
                lists.iter_mut().zip(part).for_each(|(list, more)| list.extend(more));
            }
        }
        anyhow::Ok(())
    })?;
    Ok(lists)
}

fn list(
    practice: &Practice,
    order: Order,
    connection: usize,
    core: usize,
    cores: usize,
) -> Result<Vec<Prepared>> {
    let mut seed = [0; 32];
    seed[..4].copy_from_slice(&order.seed.to_be_bytes());
    seed[4..12].copy_from_slice(&(connection as u64).to_be_bytes());
    seed[12..20].copy_from_slice(&(core as u64).to_be_bytes());
    let mut random = Random::seeded(seed);
    let own = (order.patients.0 + connection) % practice.guardians.len();
    let keys = author(practice, order.size, if order.size == Size::Small { own } else { connection });
    let now = Clock::System.now();
    (core..order.each)
        .step_by(cores)
        .map(|n| {
            let dice = random.bytes32();
            let word = |at: usize| {
                u64::from(u32::from_be_bytes([dice[at], dice[at + 1], dice[at + 2], dice[at + 3]]))
            };
            let (from, to) = order.patients;
            let patient = match order.size {
                Size::Small => own,
                _ => from + usize::try_from(word(0))? % (to - from),
            };
            let created_at = now - word(4) % BACK_SECONDS;
            let event = match order.size {
                Size::Small => message(practice, keys, patient, created_at, &mut random)?,
                size => record(
                    practice,
                    keys,
                    patient,
                    created_at,
                    size,
                    usize::try_from(word(8))? + n,
                    &mut random,
                )?,
            };
            let frame = wire::frame(&format!("[\"EVENT\",{}]", event.as_json()));
            Ok(Prepared { frame, event })
        })
        .collect()
}

fn message(
    practice: &Practice,
    keys: &Keys,
    patient: usize,
    created_at: u64,
    random: &mut Random,
) -> Result<Event> {
    let resource = json!({"resourceType": "Communication", "status": "completed",
        "payload": [{"contentString": "Synthetic: she is better today."}]});
    let subject = practice.patients[patient].public_key();
    let act = random.bytes32();
    let record = Record::plain(2117, &resource, subject, act, created_at);
    let (p, chart) = (practice.p.public_key(), practice.epoch.chart.public);
    Ok(seal_family(keys, &p, &chart, None, false, &record, random)?)
}

fn record(
    practice: &Practice,
    keys: &Keys,
    patient: usize,
    created_at: u64,
    size: Size,
    dice: usize,
    random: &mut Random,
) -> Result<Event> {
    const KINDS: [u16; 10] = [2113, 2113, 2113, 2113, 2113, 2116, 2112, 2111, 2114, 2119];
    let kind = KINDS[dice % KINDS.len()];
    let note = match size {
        // The demo's notes: most are a few sentences, some a page.
        Size::Demo => [120, 160, 200, 240, 260, 300, 340, 480, 900, 2_200][(dice / KINDS.len()) % 10],
        Size::Small | Size::Record => 0,
    };
    let subject = practice.patients[patient].public_key();
    let act = random.bytes32();
    let resource = resource(kind, note, created_at);
    let record = Record::plain(kind, &resource, subject, act, created_at);
    let (p, chart) = (practice.p.public_key(), &practice.epoch.chart);
    Ok(seal_staff(keys, &p, chart, Some(&subject), false, &record, random)?)
}

/// A FHIR resource whose note has about so many bytes.
fn resource(kind: u16, note: usize, at: u64) -> Value {
    const WORDS: &str = "Synthetic record. Seen with the parent, feeding well, no fever since Monday. ";
    let text: String = WORDS.chars().cycle().take(note).collect();
    let mut resource = match kind {
        2113 => json!({"resourceType": "Observation", "status": "final",
            "code": {"coding": [{"system": "http://loinc.org", "code": "29463-7"}]},
            "valueQuantity": {"value": 12.4, "unit": "kg"}, "issued": at}),
        2116 => json!({"resourceType": "Immunization", "status": "completed",
            "vaccineCode": {"coding": [{"system": "http://hl7.org/fhir/sid/cvx", "code": "141"}]}}),
        2112 => json!({"resourceType": "MedicationStatement", "status": "active",
            "medicationCodeableConcept": {"text": "amoxicillin 400 mg/5 mL"}}),
        2111 => json!({"resourceType": "Encounter", "status": "finished", "class": {"code": "AMB"}}),
        2114 => json!({"resourceType": "Condition", "clinicalStatus": {"coding": [{"code": "active"}]},
            "code": {"coding": [{"system": "http://hl7.org/fhir/sid/icd-10-cm", "code": "H66.91"}]}}),
        _ => json!({"resourceType": "DiagnosticReport", "status": "final", "code": {"text": "CBC"}}),
    };
    if !text.is_empty() {
        resource["note"] = json!([{ "text": text }]);
    }
    resource
}
