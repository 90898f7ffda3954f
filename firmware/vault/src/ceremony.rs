//! One ceremony as a state machine: what is shown, what is waited for, what ends it. It does no IO and asks for no
//! time; the process around it ([`Effect`]) drives display, button and slot.
//!
//! Order of steps: the request is shown → the button at the box (or the console) is pressed → a slot key is put in
//! *after* that → its PIN → its touch. A key that was in before has to come out first: nobody approves what they
//! have not seen. With the two-person rule, two different slot keys do this one after the other.
//!
//! Which slot key it is, a key tells only under its PIN (credProtect 3). So a key that does not belong to this vault
//! is found out after the PIN and before the touch.

use std::collections::VecDeque;

use crate::guard::{Closed, Guard};
use crate::pin::{Pin, PinError};
use crate::prf::PrfOutput;

/// Seconds from the button to the end, whatever happens; a box may be given less.
pub const CEREMONY_SECONDS: u64 = 60;
/// Seconds for which a request waits for the button; a box may be given less.
pub const REQUEST_SECONDS: u64 = 300;

/// A security key that is in the slot, by the number of its connection. A key that is taken out and put in again
/// has another number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Device(pub u64);

/// What a security key says without its PIN.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Known {
    pub device: Device,
    /// It can be a slot key and has a PIN; any other is a foreign one.
    pub fits: bool,
    pub tries_left: u8,
    /// Shortest PIN that the key takes, code points.
    pub pin_least: usize,
}

/// Why the slot gave no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SlotError {
    #[error("ask the key: the PIN is wrong, {tries_left} tries are left")]
    WrongPin { tries_left: u8 },
    #[error("ask the key: it takes no more PINs before it was taken out")]
    Unplug,
    #[error("ask the key: it is locked; use another key or the recovery words")]
    Locked,
    #[error("ask the key: it was taken out")]
    TakenOut,
    #[error("ask the key: it does not answer")]
    Hangs,
    #[error("ask the key: nobody touched it in time")]
    NotTouched,
    #[error("ask the key: it does not belong to this vault")]
    Foreign,
}

/// Where a ceremony stands, for display and status stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// The request is on the display.
    Button,
    /// A key that was in before the request has to come out.
    TakeOut,
    KeyIn,
    /// A key that does not belong to the slot.
    OtherKey,
    TwoKeys,
    Pin {
        tries_left: u8,
        wrong: bool,
    },
    /// The PIN is tried.
    Checking,
    Touch {
        label: String,
    },
    Signing,
    Done,
    Stopped(Stopped),
}

/// How a ceremony ended without a signature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stopped {
    TimeOver,
    Cancelled,
    Closed(Closed),
    TakenOut,
    KeyLocked,
    Hangs,
    /// The sealed file did not open, or policy refused the operation.
    Failed,
}

/// What the process does next.
#[derive(Debug)]
pub enum Effect {
    /// Show this step.
    Show(Step),
    /// Look at a security key: can it be one of this vault, how many tries has it left. Needs neither PIN nor touch.
    Look(Device),
    /// Which slot key is it? Needs the PIN.
    Find { device: Device, pin: Pin },
    /// Ask a slot key under its PIN; its touch is part of the answer.
    Ask { device: Device, label: String, pin: Pin },
    /// Open the file with these answers, sign, hand the events over.
    Sign(Vec<(String, PrfOutput)>),
    /// A wrong PIN is to be kept at once, before anything else happens.
    KeepWrongPin,
    /// The process ends, and with it everything that it held.
    Exit,
}

/// What a ceremony needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rules {
    /// Slot keys that have to approve: 1, or 2.
    pub keys: usize,
    pub thaws: bool,
    /// Seconds from the button to the end, and for which the request waits for it.
    pub ceremony_seconds: u64,
    pub request_seconds: u64,
}

enum State {
    Button {
        until: u64,
    },
    /// Devices that were in before the button.
    TakeOut,
    KeyIn,
    Looking(Device),
    Pin(Known),
    Finding(Known, Pin),
    Touch(Known, String),
    Signing,
    Ended,
}

/// One ceremony.
pub struct Ceremony {
    rules: Rules,
    guard: Guard,
    state: State,
    /// Unix seconds; set by the button.
    end: Option<u64>,
    present: Vec<Device>,
    answers: Vec<(String, PrfOutput)>,
    effects: VecDeque<Effect>,
}

impl Ceremony {
    /// Begins: the request is shown. `present` are the devices that are in already.
    pub fn begin(now: u64, rules: Rules, guard: Guard, present: Vec<Device>) -> Self {
        let mut it = Self {
            rules,
            guard,
            state: State::Button { until: now + rules.request_seconds },
            end: None,
            present,
            answers: Vec::new(),
            effects: VecDeque::new(),
        };
        match it.guard.open(now, rules.thaws) {
            Ok(()) => it.show(Step::Button),
            Err(closed) => it.stop(Stopped::Closed(closed)),
        }
        it
    }

    /// The next thing to do, if any.
    pub fn poll_effect(&mut self) -> Option<Effect> {
        self.effects.pop_front()
    }

    /// When [`Ceremony::handle_time`] is to be called at the latest, unix seconds.
    pub fn poll_timeout(&self) -> Option<u64> {
        match self.state {
            State::Ended => None,
            State::Button { until } => Some(until),
            _ => self.end,
        }
    }

    /// Keeps what the guard learned, for the disk.
    pub fn guard(&self) -> &Guard {
        &self.guard
    }

    pub fn handle_time(&mut self, now: u64) {
        if self.poll_timeout().is_some_and(|at| now >= at) {
            self.stop(Stopped::TimeOver);
        }
    }

    /// Somebody stopped it: the page, the console, the box's stop button.
    pub fn handle_cancel(&mut self) {
        self.stop(Stopped::Cancelled);
    }

    /// The box froze meanwhile.
    pub fn handle_freeze(&mut self) {
        if !self.rules.thaws {
            self.stop(Stopped::Closed(Closed::Frozen));
        }
    }

    pub fn handle_button(&mut self, now: u64) {
        let State::Button { until } = self.state else { return };
        if now >= until {
            return self.stop(Stopped::TimeOver);
        }
        self.end = Some(now + self.rules.ceremony_seconds);
        if self.present.is_empty() { self.want_key() } else { self.want_out() }
    }

    /// The devices that are in the slot now.
    pub fn handle_present(&mut self, devices: Vec<Device>) {
        let before = std::mem::replace(&mut self.present, devices);
        match &self.state {
            State::TakeOut if self.present.is_empty() => self.want_key(),
            State::KeyIn => self.look(),
            State::Looking(device)
            | State::Pin(Known { device, .. })
            | State::Finding(Known { device, .. }, _)
            | State::Touch(Known { device, .. }, _) => {
                let device = *device;
                if !self.present.contains(&device) {
                    self.stop(Stopped::TakenOut);
                } else if self.present.len() > 1 && before != self.present {
                    self.two_keys();
                }
            }
            _ => {}
        }
    }

    /// What a look at a device found.
    pub fn handle_known(&mut self, known: Known) {
        let State::Looking(device) = self.state else { return };
        if known.device != device {
            return;
        }
        if !known.fits {
            return self.other_key();
        }
        if let Err(closed) = Guard::may_try(known.tries_left) {
            return self.stop(Stopped::Closed(closed));
        }
        self.want_pin(known, false);
    }

    /// A PIN as it was typed. One that cannot be right is not tried.
    ///
    /// # Errors
    /// Says why; the ceremony goes on waiting.
    pub fn handle_pin(&mut self, typed: &str) -> Result<(), PinError> {
        let State::Pin(known) = &self.state else { return Ok(()) };
        let pin = Pin::parse(typed, known.pin_least)?;
        let known = *known;
        self.show(Step::Checking);
        self.effects.push_back(Effect::Find { device: known.device, pin: pin.clone() });
        self.state = State::Finding(known, pin);
        Ok(())
    }

    /// Which slot key it is, by its label; none for a key that does not belong to this vault.
    pub fn handle_found(&mut self, now: u64, found: Result<Option<String>, SlotError>) {
        let State::Finding(known, pin) = &self.state else { return };
        let (known, pin) = (*known, pin.clone());
        let label = match found {
            Ok(Some(label)) => label,
            Ok(None) => return self.other_key(),
            Err(error) => return self.no_answer(now, known, error),
        };
        let used = self.answers.iter().any(|(used, _)| *used == label);
        if used || (self.rules.thaws && !self.guard.may_thaw(&label)) {
            return self.other_key();
        }
        self.show(Step::Touch { label: label.clone() });
        self.effects.push_back(Effect::Ask { device: known.device, label: label.clone(), pin });
        self.state = State::Touch(known, label);
    }

    /// What the slot key answered.
    pub fn handle_answer(&mut self, now: u64, answer: Result<PrfOutput, SlotError>) {
        let State::Touch(known, label) = &self.state else { return };
        let (known, label) = (*known, label.clone());
        match answer {
            Ok(output) => self.answered(label, output),
            Err(error) => self.no_answer(now, known, error),
        }
    }

    /// Whether the operation was signed and handed over.
    pub fn handle_signed(&mut self, signed: bool) {
        if !matches!(self.state, State::Signing) {
            return;
        }
        if !signed {
            return self.stop(Stopped::Failed);
        }
        for (label, _) in &self.answers {
            self.guard.completed(label);
        }
        if self.rules.thaws {
            self.guard.thaw();
        }
        self.end_with(Step::Done);
    }

    fn no_answer(&mut self, now: u64, known: Known, error: SlotError) {
        match error {
            SlotError::WrongPin { tries_left } => self.wrong_pin(now, Known { tries_left, ..known }),
            // No try was spent.
            SlotError::Unplug => self.want_out(),
            SlotError::Locked => self.stop(Stopped::KeyLocked),
            SlotError::TakenOut => self.stop(Stopped::TakenOut),
            SlotError::Hangs | SlotError::NotTouched => self.stop(Stopped::Hangs),
            SlotError::Foreign => self.other_key(),
        }
    }

    fn answered(&mut self, label: String, output: PrfOutput) {
        self.answers.push((label, output));
        if self.answers.len() < self.rules.keys {
            // The first key comes out before the second person puts theirs in.
            return self.want_out();
        }
        self.state = State::Signing;
        self.show(Step::Signing);
        let answers = self.answers.clone();
        self.effects.push_back(Effect::Sign(answers));
    }

    fn wrong_pin(&mut self, now: u64, known: Known) {
        self.guard.wrong_pin(now);
        self.effects.push_back(Effect::KeepWrongPin);
        let closed = self.guard.open(now, self.rules.thaws).and_then(|()| Guard::may_try(known.tries_left));
        match closed {
            Ok(()) => self.want_pin(known, true),
            Err(closed) => self.stop(Stopped::Closed(closed)),
        }
    }

    /// It has to come out; the next one is looked at again.
    fn other_key(&mut self) {
        self.state = State::TakeOut;
        self.show(Step::OtherKey);
    }

    fn want_out(&mut self) {
        self.state = State::TakeOut;
        self.show(Step::TakeOut);
        if self.present.is_empty() {
            self.want_key();
        }
    }

    fn want_key(&mut self) {
        self.state = State::KeyIn;
        self.show(Step::KeyIn);
    }

    fn want_pin(&mut self, known: Known, wrong: bool) {
        self.show(Step::Pin { tries_left: known.tries_left, wrong });
        self.state = State::Pin(known);
    }

    fn look(&mut self) {
        match *self.present {
            [] => {}
            [device] => {
                self.state = State::Looking(device);
                self.effects.push_back(Effect::Look(device));
            }
            _ => self.two_keys(),
        }
    }

    /// With two keys in, nobody can say which one a person means.
    fn two_keys(&mut self) {
        self.state = State::TakeOut;
        self.show(Step::TwoKeys);
    }

    fn stop(&mut self, why: Stopped) {
        if !matches!(self.state, State::Ended) {
            self.end_with(Step::Stopped(why));
        }
    }

    fn end_with(&mut self, step: Step) {
        self.state = State::Ended;
        self.answers.clear();
        self.show(step);
        self.effects.push_back(Effect::Exit);
    }

    fn show(&mut self, step: Step) {
        self.effects.push_back(Effect::Show(step));
    }
}

#[cfg(test)]
mod tests;
