//! The front panel beside the ceremonies: what is shown at rest, the button, the lid, and what other roles say.

use std::net::SocketAddr;
use std::sync::{Arc, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::mpsc;

use super::running::Running;
use super::state::StateError;
use super::{Vault, frozen_by};
use crate::board::face::{self, Ceremony, Face, Facts, Told};
use crate::board::{Board, Input};
use crate::guard::FreezeCause;
use crate::wire::Order;

/// How long the last text of a ceremony stays, unless somebody presses the button.
const ENDED_SECONDS: u64 = 20;
/// What another role said counts for so long.
const TOLD_SECONDS: u64 = 120;
/// Between two looks at what has become old.
const TICK: Duration = Duration::from_secs(5);

/// The panel and what it is told.
pub(super) struct Front {
    board: Box<dyn Board>,
    shown: Option<Face>,
    /// Nobody has claimed the relay either: the claim code is shown.
    claimable: bool,
    address: Option<SocketAddr>,
    /// With the unix second in which it was said.
    told: Option<(Told, u64)>,
    /// A ceremony that has ended, and the unix second up to which its text stays.
    ended: Option<(String, u64)>,
}

impl Front {
    pub(super) fn new(board: Box<dyn Board>) -> Self {
        Self { board, shown: None, claimable: false, address: None, told: None, ended: None }
    }

    /// The text of a ceremony for as long as it stays.
    fn ceremony(&mut self, newest: Option<&Running>, now: u64) -> Option<Ceremony> {
        let newest = newest?;
        let (lines, ended) = (newest.status.borrow().shown.clone(), newest.ended());
        if lines.is_empty() {
            // It has said nothing yet.
            return None;
        }
        if !ended {
            return Some(Ceremony { lines, ended });
        }
        if self.ended.as_ref().is_none_or(|(ceremony, _)| *ceremony != newest.ceremony) {
            self.ended = Some((newest.ceremony.clone(), now + ENDED_SECONDS));
        }
        let stays = self.ended.as_ref().is_some_and(|(_, until)| now < *until);
        stays.then_some(Ceremony { lines, ended })
    }

    /// What has ended leaves the display.
    fn dismiss(&mut self) {
        if let Some((_, until)) = &mut self.ended {
            *until = 0;
        }
    }
}

impl Vault {
    pub(super) fn front(&self) -> MutexGuard<'_, Front> {
        // Each change of it is one assignment: the value is whole.
        self.front.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Shows what stands now, if it is not shown already. Not to be called with the state locked.
    pub(super) fn refresh(&self) {
        let now = self.clock.now();
        // First, so that of two who refresh the later one has the later facts.
        let mut front = self.front();
        let newest = self.running();
        let ceremony = front.ceremony(newest.as_ref(), now);
        let (claimed, frozen) = {
            let state = self.state();
            (state.kept.claimed, state.kept.guard.frozen().map(|freeze| frozen_by(freeze.why)))
        };
        let told = front.told.as_ref().filter(|(_, at)| now < at.saturating_add(TOLD_SECONDS));
        let facts = Facts {
            ceremony,
            claimed,
            code: (front.claimable && !claimed).then(|| self.code.clone()),
            frozen,
            lid_open: front.board.lid_open(),
            slot_full: front.board.slot_full(),
            soft: self.config.soft,
            address: front.address,
            told: told.map(|(told, _)| told.clone()),
        };
        let face = face::draw(&facts);
        if front.shown.as_ref() != Some(&face) {
            front.board.show(&face);
            front.shown = Some(face);
        }
    }

    pub(super) fn has_button(&self) -> bool {
        self.front().board.has_button()
    }

    pub(super) fn lid_open(&self) -> bool {
        self.front().board.lid_open()
    }

    pub(super) fn show_code(&self, claimable: bool) {
        self.front().claimable = claimable;
    }

    /// Another role's line about the box.
    pub(super) fn tell(&self, line: &str, failing: bool) {
        let now = self.clock.now();
        self.front().told = Some((Told::new(line, failing), now));
        self.refresh();
    }

    /// Where the box is reached.
    pub(super) fn reached_at(&self, address: SocketAddr) {
        self.front().address = Some(address);
        self.refresh();
    }

    /// A lid that was opened while nobody watched counts like one that is opened now.
    pub(super) async fn look_at_lid(&self) {
        if self.lid_open() {
            self.lid(true).await;
        }
    }

    /// Serves the panel until it is gone.
    pub(super) async fn watch_panel(self: Arc<Self>, mut inputs: mpsc::Receiver<Input>) {
        let mut ticks = tokio::time::interval(TICK);
        loop {
            tokio::select! {
                input = inputs.recv() => match input {
                    Some(input) => self.take(input).await,
                    // A box without a panel.
                    None => return,
                },
                _ = ticks.tick() => {}
            }
            self.refresh();
        }
    }

    async fn take(&self, input: Input) {
        match input {
            Input::Press => self.pressed().await,
            Input::Hold => {
                // Its failure was logged; what runs is stopped in any case.
                let _ = self.freeze(None, FreezeCause::Button).await;
            }
            Input::Lid(open) => self.lid(open).await,
            // Read from the panel when it is drawn.
            Input::Slot(_) => {}
        }
    }

    /// The button of a ceremony that waits for it; at rest it shows the state.
    async fn pressed(&self) {
        match self.running().filter(|running| !running.ended()) {
            Some(running) => {
                // One that ended in between needs no button.
                let _ = running.orders.send(Order::Press).await;
            }
            None => self.front().dismiss(),
        }
    }

    async fn lid(&self, open: bool) {
        self.enter("tamper", |entry| entry.fact("lid", if open { "open" } else { "closed" }));
        if open {
            log::warn!("the lid is open: the key slot is frozen");
            let _ = self.freeze(None, FreezeCause::Lid).await;
        }
    }

    /// Freezes the slot, and stops what runs. A box that is not claimed has no key to protect and nothing that could
    /// thaw it: there only what runs is stopped.
    pub(super) async fn freeze(&self, by: Option<String>, why: FreezeCause) -> Result<(), StateError> {
        let (now, told) = (self.clock.now(), by.clone());
        let kept = {
            let mut state = self.state();
            match state.kept.claimed {
                true => state.change(|kept| kept.guard.freeze(by, now, why)),
                false => Ok(()),
            }
        };
        match &kept {
            Ok(()) => self.enter("frozen", |entry| entry.by(told).fact("why", frozen_by(why))),
            Err(error) => log::error!("keeping the freeze failed to {error}"),
        }
        match self.running().filter(|running| !running.ended()) {
            Some(running) => {
                // A thaw goes on through an administrator's freeze, and stops when a hand at the box stops it.
                let _ = running.orders.send(Order::Freeze).await;
                if why != FreezeCause::Admin {
                    let _ = running.orders.send(Order::Cancel).await;
                }
            }
            None => self.front().dismiss(),
        }
        self.refresh();
        kept
    }
}
