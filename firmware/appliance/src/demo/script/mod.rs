//! The events of the whole practice in the order in which they are published: what each person's own
//! software would send. Delivery is elsewhere. People and records follow the seed; nonces and one-time
//! keys are fresh each time.

mod ceremonies;
mod grants;
mod people;
mod records;
mod working;

use std::collections::{BTreeMap, BTreeSet};

use relaybox_protocol::envelope::EnvelopeError;
use relaybox_protocol::epochs::EpochSecrets;
use relaybox_protocol::nip44::CryptoError;
use relaybox_protocol::refusal::Refusal;
use relaybox_protocol::{Event, EventId, Keys, PublicKey};

use super::DemoWorld;
use super::cast::Staff;
use super::plan::{Plan, epoch_of};
use grants::Known;

/// One thing to do.
pub(crate) enum Step {
    /// Fixes P.
    Claim(PublicKey),
    /// One ceremony: all in one transaction.
    Ceremony(Vec<Event>),
    /// A person publishes.
    Publish(Box<Publish>),
}

/// An event by a person.
pub(crate) struct Publish {
    /// Logs in with this key.
    pub by: Keys,
    /// Names the record in an error.
    pub name: String,
    pub event: Event,
    /// Everything before must be stored first.
    pub after_all: bool,
}

/// Keys of the box that a 2105 certifies, and the day.
pub(crate) struct BoxKeys {
    pub receipts: PublicKey,
    pub audit: PublicKey,
}

/// Why an event could not be built.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ScriptError {
    #[error("write the record {0}")]
    Record(String, #[source] EnvelopeError),
    #[error("seal keys or names")]
    Seal(#[from] CryptoError),
    #[error("change policy")]
    Policy(#[from] Refusal),
    #[error("find what the record {0} refers to")]
    Missing(String),
    #[error("hand the next event over")]
    Stopped,
}

/// A guardian link as it stands.
struct Link {
    child: usize,
    guardian: &'static str,
    live: bool,
}

/// One child's keys as they stand.
struct Subject {
    /// T in force last; earlier ones before it.
    line: Vec<PublicKey>,
    own: Option<PublicKey>,
}

impl Subject {
    fn newest(&self) -> Option<PublicKey> {
        self.line.last().copied()
    }
}

/// Builds the steps; `give` takes each and says whether to go on.
pub(crate) struct Script<'a, Give: FnMut(Step) -> bool> {
    plan: &'a Plan,
    box_keys: BoxKeys,
    practice: Keys,
    escrow: Keys,
    epochs: Vec<EpochSecrets>,
    /// `seq` and `prev` of P.
    sequence: u64,
    previous: Option<EventId>,
    subjects: Vec<Subject>,
    links: Vec<Link>,
    /// Event of each entry by name.
    ids: BTreeMap<String, EventId>,
    /// Records handed over since the last time all before had to be stored.
    open: BTreeSet<String>,
    /// The next event needs what was handed over last.
    barrier: bool,
    known: Known,
    /// Children whose missing rows of this epoch are written.
    settled: BTreeSet<usize>,
    /// `created_at` of the next event, and of the last one.
    moment: u64,
    now: u64,
    give: Give,
}

impl<'a, Give: FnMut(Step) -> bool> Script<'a, Give> {
    /// `now` in unix seconds.
    pub(crate) fn new(plan: &'a Plan, box_keys: BoxKeys, now: u64, give: Give) -> Self {
        let subjects = plan.children.iter().map(|_| Subject { line: Vec::new(), own: None }).collect();
        let steps = u64::try_from(plan.entries.len()).unwrap_or(0) + SPARE;
        Self {
            plan,
            box_keys,
            known: Known::new(plan.seed.keys("practice").public_key()),
            practice: plan.seed.keys("practice"),
            escrow: plan.seed.keys("escrow"),
            epochs: Vec::new(),
            sequence: 0,
            previous: None,
            subjects,
            links: Vec::new(),
            ids: BTreeMap::new(),
            open: BTreeSet::new(),
            barrier: false,
            settled: BTreeSet::new(),
            moment: now.saturating_sub(steps),
            now,
            give,
        }
    }

    /// All steps, then the people.
    pub(crate) fn run(mut self) -> Result<DemoWorld, ScriptError> {
        self.claim()?;
        for epoch in 1..=3 {
            if epoch > 1 {
                self.rotate(epoch)?;
            }
            let plan = self.plan;
            let entries = plan.entries.iter().filter(|entry| epoch_of(entry.day, plan.today) == epoch);
            for entry in entries {
                self.record(entry)?;
            }
            self.write_missing_grants()?;
        }
        self.working_papers()?;
        Ok(self.world())
    }

    /// `created_at` of an event: one second after the one before, so that a client can page through
    /// the whole by time, and the last ones carry the present.
    fn next_moment(&mut self) -> u64 {
        self.moment = (self.moment + 1).min(self.now);
        self.moment
    }

    fn hand(&mut self, step: Step) -> Result<(), ScriptError> {
        match &step {
            Step::Claim(_) => {}
            Step::Ceremony(events) => events.iter().try_for_each(|event| self.known.take(event))?,
            Step::Publish(publish) => self.known.take(&publish.event)?,
        }
        if (self.give)(step) { Ok(()) } else { Err(ScriptError::Stopped) }
    }

    fn publish(
        &mut self,
        by: Keys,
        name: &str,
        event: Event,
        after_all: bool,
    ) -> Result<EventId, ScriptError> {
        let after_all = after_all || std::mem::take(&mut self.barrier);
        if after_all {
            self.open.clear();
        }
        self.open.insert(name.to_owned());
        let id = event.id;
        self.hand(Step::Publish(Box::new(Publish { by, name: name.to_owned(), event, after_all })))?;
        Ok(id)
    }

    fn current(&self) -> Result<&EpochSecrets, ScriptError> {
        self.epochs.last().ok_or_else(|| ScriptError::Missing("the current epoch".to_owned()))
    }

    fn staff(&self, staff: Staff) -> Keys {
        staff.keys(&self.plan.seed)
    }

    fn agent_keys(&self) -> Keys {
        self.plan.seed.keys("agent/fhir")
    }
}

/// Seconds kept for policy events and grants, beyond one a record.
const SPARE: u64 = 600;

#[cfg(test)]
mod tests;
