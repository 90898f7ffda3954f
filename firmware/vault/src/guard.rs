//! What keeps the slot from being tried open: a pause after wrong PINs, and the freeze.
//!
//! It is data that the role keeps on disk; times are unix seconds of the role's clock, which never runs backwards.

use serde::{Deserialize, Serialize};

/// Wrong PINs that are taken within [`WINDOW_SECONDS`].
pub const WRONG_MAX: usize = 3;
/// Seconds over which wrong PINs are counted, and for which the slot then pauses.
pub const WINDOW_SECONDS: u64 = 3_600;
/// A key that has no more tries left than this is not tried: its last one is never spent here.
pub const TRIES_KEPT: u8 = 1;

/// Why the slot does not ask for a PIN now.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Closed {
    /// Until then, unix seconds.
    #[error("open the key slot: {WRONG_MAX} wrong PINs within an hour; it opens again at {0}")]
    Paused(u64),
    #[error("open the key slot: it was frozen")]
    Frozen,
    #[error("open the key slot: this key has {0} tries left, and the last one is kept; use another key")]
    FewTries(u8),
}

/// Who froze the slot, when and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Freeze {
    /// Public key of the admin, or none for lid and button.
    pub by: Option<String>,
    pub at: u64,
    pub why: FreezeCause,
    /// The slot key of the last ceremony before: it does not thaw.
    pub last_key: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FreezeCause {
    Admin,
    Lid,
    Button,
}

/// What the role keeps.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Guard {
    wrong: Vec<u64>,
    frozen: Option<Freeze>,
    last_key: Option<String>,
}

impl Guard {
    /// Whether a PIN may be asked for at `now`, for an operation that thaws or another one.
    ///
    /// # Errors
    /// When the slot pauses or is frozen.
    pub fn open(&self, now: u64, thaws: bool) -> Result<(), Closed> {
        if self.frozen.is_some() && !thaws {
            return Err(Closed::Frozen);
        }
        match self.paused_until(now) {
            Some(until) => Err(Closed::Paused(until)),
            None => Ok(()),
        }
    }

    /// Whether a key with so many tries left may be tried.
    ///
    /// # Errors
    /// When only the kept one is left.
    pub const fn may_try(tries_left: u8) -> Result<(), Closed> {
        if tries_left > TRIES_KEPT { Ok(()) } else { Err(Closed::FewTries(tries_left)) }
    }

    /// Whether this slot key may thaw: not the one of the last ceremony before the freeze.
    pub fn may_thaw(&self, key: &str) -> bool {
        self.frozen.as_ref().is_none_or(|freeze| freeze.last_key.as_deref() != Some(key))
    }

    /// A PIN was wrong.
    pub fn wrong_pin(&mut self, now: u64) {
        self.wrong.push(now);
        let older = self.wrong.len().saturating_sub(WRONG_MAX);
        self.wrong.drain(..older);
    }

    /// A ceremony was completed with this slot key.
    pub fn completed(&mut self, key: &str) {
        self.wrong.clear();
        self.last_key = Some(key.to_owned());
    }

    /// Freezes. The first freeze stands: a second one changes neither who nor why.
    pub fn freeze(&mut self, by: Option<String>, now: u64, why: FreezeCause) {
        if self.frozen.is_none() {
            self.frozen = Some(Freeze { by, at: now, why, last_key: self.last_key.clone() });
        }
    }

    pub fn thaw(&mut self) {
        self.frozen = None;
    }

    /// The recovery words opened the vault: what was tried before does not count any more, and what had frozen it `before`
    /// is over. A freeze that came since stands.
    pub fn opened_by_words(&mut self, before: Option<&Freeze>) {
        let frozen = self.frozen.take().filter(|freeze| Some(freeze) != before);
        *self = Self { frozen, ..Self::default() };
    }

    pub fn frozen(&self) -> Option<&Freeze> {
        self.frozen.as_ref()
    }

    /// An hour from the last of three that lie within one hour.
    fn paused_until(&self, now: u64) -> Option<u64> {
        let last = *self.wrong.last()?;
        let first = *self.wrong.get(self.wrong.len().checked_sub(WRONG_MAX)?)?;
        let until = last.saturating_add(WINDOW_SECONDS);
        (last.saturating_sub(first) < WINDOW_SECONDS && now < until).then_some(until)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_wrong_pins_within_an_hour_pause_the_slot_for_an_hour() {
        let mut guard = Guard::default();
        for at in [100, 200] {
            guard.wrong_pin(at);
            assert_eq!(guard.open(at, false), Ok(()));
        }
        guard.wrong_pin(300);
        assert_eq!(guard.open(300, false), Err(Closed::Paused(300 + WINDOW_SECONDS)));
        assert_eq!(guard.open(300 + WINDOW_SECONDS - 1, true), Err(Closed::Paused(300 + WINDOW_SECONDS)));
        assert_eq!(guard.open(300 + WINDOW_SECONDS, false), Ok(()));
    }

    #[test]
    fn three_wrong_pins_over_more_than_an_hour_do_not() {
        let mut guard = Guard::default();
        for at in [0, 1_000, WINDOW_SECONDS] {
            guard.wrong_pin(at);
        }
        assert_eq!(guard.open(WINDOW_SECONDS, false), Ok(()));
    }

    #[test]
    fn a_completed_ceremony_forgets_wrong_pins() {
        let mut guard = Guard::default();
        guard.wrong_pin(1);
        guard.wrong_pin(2);
        guard.completed("desk");
        guard.wrong_pin(3);
        assert_eq!(guard.open(3, false), Ok(()));
    }

    #[test]
    fn the_last_try_of_a_key_is_kept() {
        assert_eq!(Guard::may_try(2), Ok(()));
        assert_eq!(Guard::may_try(1), Err(Closed::FewTries(1)));
        assert_eq!(Guard::may_try(0), Err(Closed::FewTries(0)));
    }

    #[test]
    fn a_frozen_slot_only_thaws_and_by_another_key_than_the_last_one() {
        let mut guard = Guard::default();
        guard.completed("desk");
        guard.freeze(Some("ab".to_owned()), 7, FreezeCause::Admin);
        guard.freeze(None, 8, FreezeCause::Lid);
        assert_eq!(guard.frozen().map(|freeze| (freeze.at, freeze.why)), Some((7, FreezeCause::Admin)));
        assert_eq!(guard.open(9, false), Err(Closed::Frozen));
        assert_eq!(guard.open(9, true), Ok(()));
        assert!(!guard.may_thaw("desk") && guard.may_thaw("bank"));
        guard.thaw();
        assert_eq!(guard.open(9, false), Ok(()));
        assert!(guard.may_thaw("desk"));
    }

    #[test]
    fn the_recovery_words_thaw_and_forget_wrong_ones() {
        let mut guard = Guard::default();
        guard.completed("desk");
        guard.wrong_pin(1);
        guard.wrong_pin(2);
        guard.freeze(None, 3, FreezeCause::Admin);
        let before = guard.frozen().cloned();
        guard.opened_by_words(before.as_ref());
        guard.wrong_pin(4);
        assert_eq!(guard.open(4, false), Ok(()));
        guard.freeze(None, 5, FreezeCause::Lid);
        assert!(guard.may_thaw("desk"));
        guard.opened_by_words(before.as_ref());
        assert_eq!(guard.open(6, false), Err(Closed::Frozen), "it came since");
    }

    #[test]
    fn what_is_kept_is_read_back() {
        let mut guard = Guard::default();
        guard.wrong_pin(1);
        guard.freeze(None, 2, FreezeCause::Button);
        let text = serde_json::to_string(&guard).unwrap();
        assert_eq!(serde_json::from_str::<Guard>(&text).unwrap(), guard);
    }
}
