//! A practice whose sealed file is to be replaced: its history, and what opens the file.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use relaybox_process::rpc::vault::Status;
use relaybox_protocol::{Event, PublicKey};
use serde_json::value::RawValue;

use super::Terms;
use super::enrol::{Ended, order};
use super::operate::{DoneError, parsed};
use super::table::Table;
use super::{renew, unseal};
use crate::ceremony::Stopped;
use crate::contents::Contents;
use crate::envelope::{self, EnvelopeError, Opener};
use crate::history::History;
use crate::shown::Screen;
use crate::wire::{Former, Order, Replaced, Said, SlotKey};
use crate::words::{Purpose, RecoveryWords};

pub(super) struct Past {
    origin: PublicKey,
    signed: u64,
    pub(super) sealed: Vec<u8>,
    /// All that was read, to be read again with what came later.
    events: Vec<Event>,
    pub(super) history: History,
    pub(super) labels: [String; 2],
}

impl Past {
    pub(super) fn read(former: Former) -> Result<Self, DoneError> {
        let Former { origin, sealed, history, signed, labels } = former;
        let events = parsed(&history)?;
        let history = History::read(origin, events.clone(), signed)?;
        let sealed = BASE64_STANDARD.decode(sealed).unwrap_or_default();
        Ok(Self { origin, signed, sealed, events, history, labels })
    }

    /// P in force.
    pub(super) fn practice(&self) -> PublicKey {
        self.history.view(0).practice()
    }

    /// Reads what arrived since the request was shown as well.
    pub(super) async fn catch_up(&mut self, table: &mut Table) -> Result<(), DoneError> {
        table.say(&Said::History).await;
        let Some(Order::History { events }) = table.owed().await else { return Err(DoneError::Gone) };
        if !events.is_empty() {
            let later = parsed(&events)?;
            self.history = History::read_later(self.origin, self.events.clone(), later.clone(), self.signed)?;
            self.events.extend(later);
        }
        Ok(())
    }

    /// Asks for the recovery words until they open the file, or until they were wrong too often.
    pub(super) async fn open(
        &self,
        table: &mut Table,
        terms: &mut Terms,
        screen: &Screen,
        line: &str,
    ) -> Result<(RecoveryWords, Contents), Ended> {
        let mut why = None;
        loop {
            let typed = renew::typed(table, screen, line, why.take(), Vec::new()).await?;
            match self.open_by_words(table, terms, &typed).await? {
                Ok(opened) => return Ok(opened),
                Err(again) => why = Some(again),
            }
        }
    }

    /// The same, or old slot keys once the button is pressed.
    pub(super) async fn open_by_any(
        &self,
        table: &mut Table,
        terms: &mut Terms,
        screen: &Screen,
    ) -> Result<Contents, Ended> {
        let line = "type the 24 words of the OLD recovery sheet, or press the button to use an old slot key";
        let mut why = None;
        loop {
            let status = screen.status("old-words", Some("words-or-button"), line);
            table.show(Status { why: why.take(), ..status }).await;
            let given = order(table, |table, order| match order {
                Order::Type { from, sealed } => table.opened(from, sealed).map(Some),
                Order::Press => Some(None),
                _ => None,
            });
            let Some(typed) = given.await? else {
                return unseal::by_slot_keys(table, terms, screen, self).await;
            };
            match self.open_by_words(table, terms, &typed).await? {
                Ok((_, contents)) => return Ok(contents),
                Err(again) => why = Some(again),
            }
        }
    }

    /// What the words open, or the code of why they are asked for again. Words that cannot be right are not counted:
    /// they were mistyped, or are of the other sheet.
    async fn open_by_words(
        &self,
        table: &mut Table,
        terms: &mut Terms,
        typed: &str,
    ) -> Result<Result<(RecoveryWords, Contents), String>, Ended> {
        let words = match RecoveryWords::parse(typed) {
            Ok(words) => words,
            Err(error) => return Ok(Err(renew::words_code(&error))),
        };
        if words.next_hash().is_some_and(|hash| self.history.view(0).next_practice() == Some(hash)) {
            return Ok(Err("words-of-succession".to_owned()));
        }
        match envelope::open(&self.sealed, &Opener::Words(&words.identity(Purpose::Vault))) {
            Ok(opened) => Ok(Ok((words, self.in_force(opened.contents)?))),
            Err(EnvelopeError::NotThisKey) => {
                wrong_words(table, terms).await?;
                Ok(Err("words-wrong".to_owned()))
            }
            Err(error) => Err(Ended::Failed(error.to_string())),
        }
    }

    /// A file of another practice key, such as the one before a succession, is not taken.
    pub(super) fn in_force(&self, contents: Contents) -> Result<Contents, Ended> {
        if contents.practice.public_key() == self.practice() {
            Ok(contents)
        } else {
            Err(Ended::Failed(DoneError::OtherPractice.to_string()))
        }
    }
}

/// Kept by the vault before they are asked for again; the third of an hour ends it.
pub(super) async fn wrong_words(table: &mut Table, terms: &mut Terms) -> Result<(), Ended> {
    let now = table.now();
    terms.guard.wrong_pin(now);
    table.say(&Said::WrongWords).await;
    if !matches!(table.owed().await, Some(Order::Kept)) {
        return Err(Ended::Gone);
    }
    terms.guard.open(now, true).map_err(|closed| Ended::Stopped(Stopped::Closed(closed)))
}

/// The transaction and the file that belongs to it go to the vault; both are there afterwards, or neither.
pub(super) async fn replace(
    table: &mut Table,
    deed: Replaced,
    (sealed, slot_keys): (Vec<u8>, Vec<SlotKey>),
    practice: PublicKey,
    events: &[Event],
) -> Result<(), Ended> {
    let events: Vec<Box<RawValue>> =
        events.iter().filter_map(|event| serde_json::value::to_raw_value(event).ok()).collect();
    let sealed = BASE64_STANDARD.encode(&sealed);
    table.say(&Said::Replace { deed, sealed, slot_keys, practice, events }).await;
    match table.owed().await {
        Some(Order::Stored) => Ok(()),
        Some(Order::Refused { text }) => Err(Ended::Failed(text)),
        _ => Err(Ended::Gone),
    }
}

/// The last status; none when nobody is left to see it.
pub(super) fn last(screen: &Screen, ended: Result<(), Ended>, done: &str) -> Option<Status> {
    Some(match ended {
        Ok(()) => screen.status("done", None, done),
        Err(Ended::Gone) => return None,
        Err(Ended::Stopped(why)) => screen.stopped(&why),
        Err(Ended::Failed(what)) => {
            screen.stopped_for("failed", &format!("stopped: failed to {what}. Nothing was changed."))
        }
    })
}

/// Before it is ready. What froze the slot does not stop what thaws it.
pub(super) fn begin(table: &mut Table, terms: &mut Terms) -> Screen {
    table.deaf_to_freeze = true;
    terms.guard.thaw();
    let until = table.allow(terms.limits.request_seconds);
    Screen { ceremony: terms.ceremony.clone(), about: Vec::new(), until, practice: None }
}
