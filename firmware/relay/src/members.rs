//! Who may read and write: the fold of policy at one arrival number. Immutable; the tail makes a new
//! one when it passes an event that moves it, and everybody else holds an `Arc`.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use relaybox_protocol::event::p_tag;
use relaybox_protocol::legacy::current_kind;
use relaybox_protocol::policy::{Person, Policy, View};
use relaybox_protocol::refusal::Refusal;
use relaybox_protocol::scope::Scope;
use relaybox_protocol::{Event, PublicKey};
use relaybox_store::Seq;

/// Policy after every membership event up to and including arrival number `at`.
#[derive(Debug, Clone)]
pub struct Members {
    pub policy: Policy,
    pub at: Seq,
    pub(crate) scopes: Scopes,
}

/// The scopes made under one member table in one second, so that sessions of the same keys share
/// theirs. A copy of the table starts without any.
#[derive(Debug, Default)]
pub(crate) struct Scopes(Mutex<Made>);

#[derive(Debug, Default)]
struct Made {
    /// Unix seconds.
    at: u64,
    of: HashMap<Box<[PublicKey]>, Arc<Scope>>,
}

impl Clone for Scopes {
    fn clone(&self) -> Self {
        Self::default()
    }
}

impl Scopes {
    fn lock(&self) -> MutexGuard<'_, Made> {
        // A panic elsewhere leaves the map whole: each entry is put in by one call.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Members {
    pub fn new(practice: PublicKey) -> Self {
        Self { policy: Policy::new(practice), at: 0, scopes: Scopes::default() }
    }

    pub fn view(&self, now: u64) -> View<'_> {
        self.policy.now(now)
    }

    /// Takes in one membership event and says whether it counts. One that does not moves the position
    /// all the same.
    pub fn pass(&mut self, event: &Event, seq: Seq, received: u64) -> bool {
        if seq <= self.at {
            return false;
        }
        let counts = self.policy.apply(event, seq, received).inspect_err(|refusal| {
            log::warn!(
                "policy event {seq} of kind {} does not count: {}",
                event.kind.as_u16(),
                refusal.code()
            );
        });
        self.at = seq;
        self.scopes = Scopes::default();
        counts.is_ok()
    }

    /// P0, when a former practice's records were imported (PROTOCOL 2.6).
    pub fn former_practice(&self) -> Option<PublicKey> {
        self.view(0).legacy_epoch().map(|epoch| epoch.chart)
    }

    /// Whether the event is an imported one: nothing else stands under the former practice's key.
    pub fn is_import(&self, event: &Event) -> bool {
        self.may_be_import(event.kind.as_u16()) && p_tag(event, 0) == self.former_practice()
    }

    /// Whether an event of this kind can be an imported one.
    pub fn may_be_import(&self, kind: u16) -> bool {
        matches!(current_kind(kind), 2110..=2121) && self.former_practice().is_some()
    }

    /// Remembers the patient of an imported event, who may be registered without proof of possession.
    pub fn note_import(&mut self, event: &Event) {
        if let Some(subject) = p_tag(event, 1).filter(|_| self.is_import(event)) {
            self.policy.note_import(subject);
            self.scopes = Scopes::default();
        }
    }

    /// What all keys of one socket may read together.
    pub fn scope(&self, keys: &[PublicKey], now: u64) -> Arc<Scope> {
        {
            let mut made = self.scopes.lock();
            if made.at != now {
                *made = Made { at: now, of: HashMap::new() };
            }
            if let Some(scope) = made.of.get(keys) {
                return Arc::clone(scope);
            }
        }
        let view = self.view(now);
        let scope = keys.iter().fold(Scope::default(), |scope, key| scope.union(Scope::of(&view, key)));
        let scope = Arc::new(scope);
        let mut made = self.scopes.lock();
        if made.at == now {
            made.of.insert(keys.into(), Arc::clone(&scope));
        }
        scope
    }

    /// Whether a key may be logged in. Any key may, but for those that never do (the practice key,
    /// epoch keys, a subject key after its rekey) and those whose access is suspended. A suspension
    /// never ends a patient's reading.
    ///
    /// # Errors
    /// The refusal that the client is told.
    pub fn may_log_in(&self, key: &PublicKey, now: u64) -> Result<(), Refusal> {
        let view = self.view(now);
        if *key == view.practice() {
            return Err(Refusal::PracticeOverNetwork);
        }
        if view.compartment_of(key).is_some() {
            return Err(Refusal::EpochKeyAsAuthor);
        }
        match view.person(key) {
            Person::Practice => Err(Refusal::PracticeOverNetwork),
            Person::Member(_) | Person::Agent(_) | Person::Guardian(_) if view.suspended(key) => {
                Err(Refusal::Suspended)
            }
            Person::Former => Err(Refusal::FormerKey),
            _ => Ok(()),
        }
    }

    /// The next second at which time alone ends the access of one of these keys.
    pub fn next_end(&self, keys: &[PublicKey], now: u64) -> Option<u64> {
        let view = self.view(now);
        keys.iter().filter_map(|key| view.ends(key)).min()
    }

    /// Whether the key is somebody here.
    pub fn knows(&self, key: &PublicKey, now: u64) -> bool {
        !matches!(self.view(now).person(key), Person::Unknown | Person::Former)
    }

    /// Whether the box key signs receipts that count (PROTOCOL 2.5).
    pub fn certifies(&self, key: &PublicKey, now: u64) -> bool {
        self.view(now).certified_box(key)
    }
}
