//! A ceremony for one operation: drives [`Ceremony`], the slot and the signing.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use relaybox_process::rpc::vault::Status;
use relaybox_protocol::event::{EVENT_BYTES_MAX, parse_unverified};
use relaybox_protocol::{Event, PublicKey, SecretKey};
use serde_json::value::RawValue;

use super::enrol::{Ended, Enrolment, Fresh};
use super::table::{Came, Table};
use super::{Asked, Terms};
use crate::ceremony::{Ceremony, Device, Effect, Known, Rules, SlotError, Step, Stopped};
use crate::contents::Contents;
use crate::deeds::{self, DeedError};
use crate::envelope::{self, EnvelopeError, Opened, Opener, SlotAnswer};
use crate::history::{History, HistoryError};
use crate::pin::{Pin, PinError};
use crate::prf::{Nonce, PrfOutput};
use crate::request::{Operation, challenge};
use crate::shown::{self, Screen};
use crate::slot::Question;
use crate::wire::{Order, Said, SlotKey};

mod former;

/// Why an approved operation was not carried out.
#[derive(Debug, thiserror::Error)]
pub(super) enum DoneError {
    #[error(transparent)]
    History(#[from] HistoryError),
    #[error(transparent)]
    Envelope(#[from] EnvelopeError),
    #[error(transparent)]
    Deed(#[from] DeedError),
    #[error("open the vault: it holds the key of another practice")]
    OtherPractice,
    #[error("have the relay take it: {0}")]
    Relay(String),
    #[error("find the slot key {0}")]
    NoSlotKey(String),
    #[error("read the events of the practice")]
    Events,
    #[error("keep the new file: it could not be read back and opened")]
    NotKept,
    #[error("hear from the vault")]
    Gone,
}

/// Serves the ceremony to its end.
pub(super) async fn run(table: &mut Table, terms: Terms, asked: Asked, history: &[Box<RawValue>]) {
    let now = table.now();
    let mut screen = Screen {
        ceremony: terms.ceremony.clone(),
        about: Vec::new(),
        until: now + terms.limits.request_seconds,
        practice: None,
    };
    let read = parsed(history).and_then(|events| {
        let history = asked.read(&[], &events)?;
        Ok((events, history))
    });
    let (events, history) = match read {
        Ok(read) => read,
        Err(error) => {
            table.ready().await;
            return table.show(screen.stopped_for("history", &format!("stopped: failed to {error}"))).await;
        }
    };
    screen.about = shown::operation(&asked.operation, &history, now);
    let mut driver = Driver {
        table,
        terms,
        asked,
        events,
        history,
        screen,
        devices: BTreeMap::new(),
        next_device: 0,
        ready: false,
        fresh: None,
        former: None,
        kept_former: false,
        why: None,
    };
    match driver.enrol_first().await {
        Ok(()) => driver.drive().await,
        Err(Ended::Gone) => {}
        Err(Ended::Stopped(why)) => driver.table.show(driver.screen.stopped(&why)).await,
        Err(Ended::Failed(what)) => {
            let status = driver.screen.stopped_for("failed", &format!("stopped: failed to {what}."));
            driver.table.show(status).await;
        }
    }
}

pub(super) fn parsed(events: &[Box<RawValue>]) -> Result<Vec<Event>, DoneError> {
    let read = events.iter().map(|event| parse_unverified(event.get(), EVENT_BYTES_MAX));
    read.collect::<Result<_, _>>().map_err(|_| DoneError::Events)
}

impl Asked {
    /// A history of another practice key than the file's is not built on.
    fn read(&self, known: &[Event], later: &[Event]) -> Result<History, DoneError> {
        let history = History::read_later(self.origin, known.to_vec(), later.to_vec(), self.signed)?;
        if history.view(0).practice() != self.practice {
            return Err(DoneError::OtherPractice);
        }
        Ok(history)
    }
}

struct Driver<'a> {
    table: &'a mut Table,
    terms: Terms,
    asked: Asked,
    /// All that was read, to be read again with what came later.
    events: Vec<Event>,
    history: History,
    screen: Screen,
    /// Names of the helper for the devices that the ceremony knows by number.
    devices: BTreeMap<String, Device>,
    next_device: u64,
    /// The vault was told that it waits.
    ready: bool,
    /// The key that an operation adds.
    fresh: Option<Fresh>,
    /// The secret key of a former practice, as it was typed.
    former: Option<SecretKey>,
    /// It lies in the sealed file now.
    kept_former: bool,
    /// What kept an approved operation from being carried out.
    why: Option<DoneError>,
}

impl Driver<'_> {
    async fn tell_ready(&mut self) {
        if !std::mem::replace(&mut self.ready, true) {
            self.table.ready().await;
        }
    }

    /// A key that is to be added answers first, and a former practice's key is typed first; nothing is open yet, so it has the time of a claim.
    async fn enrol_first(&mut self) -> Result<(), Ended> {
        if let Operation::ImportLegacy(import) = &self.asked.operation {
            let former = import.former;
            return self.ask_former(&former).await;
        }
        let Operation::AddSlotKey { label } = self.asked.operation.clone() else { return Ok(()) };
        self.tell_ready().await;
        if self.slot_key(&label).is_some() {
            return Err(Ended::Failed("add the slot key: there is one of this name".to_owned()));
        }
        self.table.end = self.table.now() + self.terms.limits.claim_seconds;
        self.screen.until = self.table.end;
        let enrolment = Enrolment {
            screen: &self.screen,
            guard: &mut self.terms.guard,
            rp: &self.terms.rp,
            label: &label,
            exclude: self.terms.slot_keys.iter().map(|key| key.credential.clone()).collect(),
            practice: self.asked.practice,
        };
        self.fresh = Some(enrolment.run(self.table).await?);
        self.table.end = u64::MAX;
        Ok(())
    }

    async fn drive(mut self) {
        let thaws = matches!(self.asked.operation, Operation::Thaw {});
        let rules = Rules {
            keys: self.terms.keys,
            thaws,
            ceremony_seconds: self.terms.limits.ceremony_seconds,
            request_seconds: self.terms.limits.request_seconds,
        };
        let Some(present) = self.present().await else { return };
        let mut ceremony = Ceremony::begin(self.table.now(), rules, self.terms.guard.clone(), present);
        loop {
            while let Some(effect) = ceremony.poll_effect() {
                if !self.perform(&mut ceremony, effect).await {
                    return;
                }
            }
            // Nobody can press before the request is shown.
            self.tell_ready().await;
            self.table.end = ceremony.poll_timeout().unwrap_or(u64::MAX);
            self.screen.until = self.table.end;
            let came = self.table.wait().await;
            if !self.take(&mut ceremony, came).await {
                return;
            }
        }
    }

    /// False when the vault is gone.
    async fn take(&mut self, ceremony: &mut Ceremony, came: Came) -> bool {
        match came {
            Came::Gone => return false,
            Came::Stop(Stopped::Cancelled) => ceremony.handle_cancel(),
            Came::Stop(_) => ceremony.handle_time(self.table.now()),
            Came::Tick => {
                let Some(present) = self.present().await else { return false };
                ceremony.handle_present(present);
            }
            Came::Order(Order::Press) => return self.press(ceremony).await,
            Came::Order(Order::Freeze) => ceremony.handle_freeze(),
            Came::Order(Order::Type { from, sealed }) => self.typed(ceremony, &from, &sealed).await,
            Came::Order(_) => {}
        }
        true
    }

    /// What is in is looked at when the button is pressed, so that no key slips in before it.
    async fn press(&mut self, ceremony: &mut Ceremony) -> bool {
        let Some(present) = self.present().await else { return false };
        ceremony.handle_present(present);
        ceremony.handle_button(self.table.now());
        self.table.end = ceremony.poll_timeout().unwrap_or(u64::MAX);
        self.screen.until = self.table.end;
        true
    }

    async fn typed(&mut self, ceremony: &mut Ceremony, from: &PublicKey, sealed: &str) {
        let Some(text) = self.table.opened(from, sealed) else { return };
        if let Err(error) = ceremony.handle_pin(&text) {
            let status = self.screen.status("pin", Some("pin"), "type the PIN of the key");
            self.table.show(Status { why: Some(pin_code(error).to_owned()), ..status }).await;
        }
    }

    /// The devices that are in; none when the vault is gone.
    async fn present(&mut self) -> Option<Vec<Device>> {
        let keys = match self.table.present().await {
            Ok(keys) => keys,
            Err(Came::Gone) => return None,
            Err(came) => {
                self.table.put_back(came);
                return Some(self.devices.values().copied().collect());
            }
        };
        let mut now = BTreeMap::new();
        for key in keys {
            let device = match self.devices.get(&key.key) {
                Some(device) => *device,
                None => {
                    self.next_device += 1;
                    Device(self.next_device)
                }
            };
            now.insert(key.key, device);
        }
        self.devices = now;
        Some(self.devices.values().copied().collect())
    }

    /// False at the end.
    async fn perform(&mut self, ceremony: &mut Ceremony, effect: Effect) -> bool {
        match effect {
            Effect::Show(step) => self.show(&step).await,
            Effect::KeepWrongPin => {
                self.table.say(&Said::WrongPin).await;
                // On the disk before another PIN is asked for; a disk that does not take it ends the ceremony.
                return matches!(self.table.owed().await, Some(Order::Kept));
            }
            Effect::Look(device) => return self.look(ceremony, device).await,
            Effect::Find { device, pin } => return self.find(ceremony, device, &pin).await,
            Effect::Ask { device, label, pin } => return self.ask(ceremony, device, &label, &pin).await,
            Effect::Sign(answers) => {
                let done = self.carry_out(&answers).await;
                if done.is_ok() {
                    let labels = answers.iter().map(|(label, _)| label.clone()).collect();
                    let thawed = matches!(self.asked.operation, Operation::Thaw {});
                    self.table.say(&Said::Completed { labels, thawed }).await;
                    self.table.owed().await;
                }
                let signed = done.is_ok();
                self.why = done.err();
                ceremony.handle_signed(signed);
            }
            Effect::Exit => {
                self.tell_ready().await;
                return false;
            }
        }
        true
    }

    async fn show(&mut self, step: &Step) {
        let status = match (step, &self.why) {
            (Step::Stopped(Stopped::Failed), Some(error)) => {
                let left = if self.kept_former { former::KEPT } else { "Nothing was changed." };
                self.screen.stopped_for("failed", &format!("stopped: failed to {error}. {left}"))
            }
            _ => self.screen.step(step),
        };
        self.table.show(status).await;
    }

    fn name_of(&self, device: Device) -> String {
        let found = self.devices.iter().find(|(_, known)| **known == device);
        found.map(|(name, _)| name.clone()).unwrap_or_default()
    }

    async fn look(&mut self, ceremony: &mut Ceremony, device: Device) -> bool {
        let (slot, name) = (self.table.slot.clone(), self.name_of(device));
        match self.table.during(slot.look(&name)).await {
            Ok(Ok(look)) => ceremony.handle_known(Known {
                device,
                fits: look.fits && look.pin_set,
                tries_left: look.tries_left,
                pin_least: look.pin_least,
            }),
            // A key that says nothing of itself is none of ours.
            Ok(Err(_)) => {
                ceremony.handle_known(Known { device, fits: false, tries_left: 0, pin_least: 0 });
            }
            Err(came) => return Box::pin(self.take(ceremony, came)).await,
        }
        true
    }

    async fn find(&mut self, ceremony: &mut Ceremony, device: Device, pin: &Pin) -> bool {
        let (slot, name) = (self.table.slot.clone(), self.name_of(device));
        let credentials: Vec<String> =
            self.terms.slot_keys.iter().map(|key| key.credential.clone()).collect();
        let rp = self.terms.rp.clone();
        match self.table.during(slot.find(&name, &rp, &credentials, pin)).await {
            Ok(found) => {
                let label = |credential: Option<String>| {
                    let of = |key: &&SlotKey| Some(&key.credential) == credential.as_ref();
                    self.terms.slot_keys.iter().find(of).map(|key| key.label.clone())
                };
                ceremony.handle_found(self.table.now(), found.map(label).map_err(SlotError::from));
                true
            }
            Err(came) => Box::pin(self.take(ceremony, came)).await,
        }
    }

    async fn ask(&mut self, ceremony: &mut Ceremony, device: Device, label: &str, pin: &Pin) -> bool {
        let (slot, name) = (self.table.slot.clone(), self.name_of(device));
        let Some((key, nonce)) = self.slot_key(label) else {
            ceremony.handle_answer(self.table.now(), Err(SlotError::Foreign));
            return true;
        };
        let random = self.table.random.bytes32();
        let request = self.asked.operation.canonical();
        let challenge =
            challenge(&random, &self.asked.practice, self.history.head(), self.table.end, &request);
        let rp = self.terms.rp.clone();
        let question = Question { rp: &rp, credential: &key.credential, salts: nonce.salts(), challenge };
        match self.table.during(slot.secret(&name, question, pin, || ())).await {
            Ok(Ok(approval)) => {
                let said = Said::Approved {
                    challenge: relaybox_protocol::hex::encode(&challenge),
                    authenticator_data: approval.authenticator_data,
                    signature: approval.signature,
                };
                self.table.say(&said).await;
                ceremony.handle_answer(self.table.now(), Ok(approval.output));
                true
            }
            Ok(Err(fault)) => {
                ceremony.handle_answer(self.table.now(), Err(fault.into()));
                true
            }
            Err(came) => Box::pin(self.take(ceremony, came)).await,
        }
    }

    fn slot_key(&self, label: &str) -> Option<(SlotKey, Nonce)> {
        let key = self.terms.slot_keys.iter().find(|key| key.label == label)?;
        Some((key.clone(), Nonce::parse(&key.nonce)?))
    }

    /// Opens the file with every answer, and does what was approved.
    async fn carry_out(&mut self, answers: &[(String, PrfOutput)]) -> Result<(), DoneError> {
        self.read_again().await?;
        let mut opened = None;
        for (label, output) in answers {
            let (_, nonce) = self.slot_key(label).ok_or_else(|| DoneError::NoSlotKey(label.clone()))?;
            let answer = SlotAnswer { nonce, output: output.clone() };
            opened = Some(envelope::open(&self.asked.sealed, &Opener::SlotKey(&answer))?);
        }
        let opened = opened.ok_or(DoneError::OtherPractice)?;
        if opened.contents.practice.public_key() != self.asked.practice {
            return Err(DoneError::OtherPractice);
        }
        match self.asked.operation.clone() {
            Operation::Thaw {} => Ok(()),
            Operation::RemoveSlotKey { label } => self.remove_key(&opened, &label).await,
            Operation::AddSlotKey { .. } => self.add_key(&opened).await,
            operation @ Operation::ImportLegacy(_) => self.import(&opened, answers, &operation).await,
            operation => self.sign(&opened.contents, &operation).await,
        }
    }

    /// What arrived since the request was shown: a suspension in between counts.
    async fn read_again(&mut self) -> Result<(), DoneError> {
        self.table.say(&Said::History).await;
        let Some(Order::History { events }) = self.table.owed().await else { return Err(DoneError::Gone) };
        if events.is_empty() {
            return Ok(());
        }
        let later = parsed(&events)?;
        self.history = self.asked.read(&self.events, &later)?;
        self.events.extend(later);
        Ok(())
    }

    async fn sign(&mut self, contents: &Contents, operation: &Operation) -> Result<(), DoneError> {
        let (boxes, now) = (self.terms.boxes, self.table.now());
        let events = deeds::perform(contents, &self.history, boxes, operation, now, &mut self.table.random)?;
        let raw = events.iter().filter_map(|event| serde_json::value::to_raw_value(event).ok()).collect();
        self.table.say(&Said::Events { events: raw, claims: None }).await;
        match self.table.owed().await {
            Some(Order::Stored) => Ok(()),
            Some(Order::Refused { text }) => Err(DoneError::Relay(text)),
            _ => Err(DoneError::Gone),
        }
    }

    async fn add_key(&mut self, opened: &Opened) -> Result<(), DoneError> {
        let fresh = self.fresh.take().ok_or(DoneError::NotKept)?;
        let sealed = envelope::add(&self.asked.sealed, opened, &fresh.answer)?;
        let found = envelope::open(&sealed, &Opener::SlotKey(&fresh.answer))?;
        if found.contents.practice.public_key() != self.asked.practice {
            return Err(DoneError::NotKept);
        }
        let mut slot_keys = self.terms.slot_keys.clone();
        slot_keys.push(fresh.key);
        keep(self.table, &sealed, slot_keys, self.asked.practice).await
    }

    async fn remove_key(&mut self, opened: &Opened, label: &str) -> Result<(), DoneError> {
        let (key, nonce) = self.slot_key(label).ok_or_else(|| DoneError::NoSlotKey(label.to_owned()))?;
        let sealed = envelope::remove(&self.asked.sealed, opened, nonce)?;
        let left = self.terms.slot_keys.iter().filter(|other| **other != key).cloned().collect();
        keep(self.table, &sealed, left, self.asked.practice).await
    }
}

/// A file of the same contents with other stanzas takes the place of the old one.
async fn keep(
    table: &mut Table,
    sealed: &[u8],
    slot_keys: Vec<SlotKey>,
    practice: PublicKey,
) -> Result<(), DoneError> {
    let sealed = BASE64_STANDARD.encode(sealed);
    table.say(&Said::Keep { sealed, slot_keys, practice }).await;
    match table.owed().await {
        Some(Order::Kept) => Ok(()),
        Some(Order::Refused { text }) => Err(DoneError::Relay(text)),
        _ => Err(DoneError::Gone),
    }
}

/// Stable code of a PIN that is not tried.
pub(super) const fn pin_code(error: PinError) -> &'static str {
    match error {
        PinError::Short { .. } => "pin-short",
        PinError::Long => "pin-long",
        PinError::Control => "pin-characters",
    }
}
