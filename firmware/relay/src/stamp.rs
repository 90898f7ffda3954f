//! The time that commits are stamped with: never falling, and able to stand still while a policy
//! event and the receipt that names its time go into one transaction.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use relaybox_process::clock::Clock;

/// Unix seconds for the store and the admission rule.
#[derive(Debug, Clone)]
pub(crate) struct Stamp(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    clock: Clock,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// Newest time given or found in the store.
    floor: u64,
    held: bool,
}

/// Time stands still until this is dropped.
#[derive(Debug)]
pub(crate) struct Held(Stamp, u64);

impl Stamp {
    pub(crate) fn new(clock: Clock) -> Self {
        Self(Arc::new(Shared { clock, state: Mutex::default() }))
    }

    /// Now, never less than before.
    pub(crate) fn now(&self) -> u64 {
        let now = self.0.clock.now();
        let mut state = self.lock();
        if !state.held {
            state.floor = state.floor.max(now);
        }
        state.floor
    }

    /// What the clock says, right or wrong: for timers and logins, which nobody keeps.
    pub(crate) fn clock(&self) -> u64 {
        self.0.clock.now()
    }

    /// Seconds by which the clock stands before the time that is given.
    pub(crate) fn behind(&self) -> u64 {
        self.lock().floor.saturating_sub(self.0.clock.now())
    }

    /// Time will not be less than this; for what the store already holds.
    pub(crate) fn raise(&self, floor: u64) {
        let mut state = self.lock();
        state.floor = state.floor.max(floor);
    }

    /// Stops the time at the present second.
    pub(crate) fn hold(&self) -> Held {
        let now = self.now();
        self.lock().held = true;
        Held(self.clone(), now)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Two plain values: a panic elsewhere leaves nothing half made.
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Held {
    /// The second at which time stands.
    pub(crate) fn second(&self) -> u64 {
        self.1
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.0.lock().held = false;
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};

    use super::*;

    #[test]
    fn time_never_falls_and_stands_while_it_is_held() {
        let seconds = Arc::new(AtomicU64::new(100));
        let stamp = Stamp::new(Clock::Manual(Arc::clone(&seconds)));
        assert_eq!(stamp.now(), 100);
        seconds.store(50, Ordering::SeqCst);
        assert_eq!(stamp.now(), 100, "a clock that steps back is not believed");
        assert_eq!(stamp.behind(), 50);
        seconds.store(120, Ordering::SeqCst);
        let held = stamp.hold();
        seconds.store(130, Ordering::SeqCst);
        assert_eq!((held.second(), stamp.now()), (120, 120));
        drop(held);
        assert_eq!(stamp.now(), 130);
        stamp.raise(500);
        assert_eq!((stamp.now(), stamp.behind()), (500, 370));
    }
}
