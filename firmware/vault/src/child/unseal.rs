//! Old slot keys open the sealed file that a succession replaces.

use relaybox_process::rpc::slot::{Failure, Key};
use relaybox_process::rpc::vault::Status;
use relaybox_protocol::EventId;

use super::Terms;
use super::enrol::{Ended, Enrolment, again_code, during, slot_until};
use super::past::Past;
use super::table::Table;
use crate::contents::Contents;
use crate::envelope::{self, Opener, SlotAnswer};
use crate::pin::Pin;
use crate::prf::Nonce;
use crate::request::challenge;
use crate::shown::Screen;
use crate::slot::{Approval, Look, Question, SlotFault};
use crate::wire::{Said, SlotKey};

/// As many different keys as the practice wants for a ceremony, one after the other. The file is opened when the last one
/// is out again.
pub(super) async fn by_slot_keys(
    table: &mut Table,
    terms: &mut Terms,
    screen: &Screen,
    past: &Past,
) -> Result<Contents, Ended> {
    let mut used: Vec<String> = Vec::new();
    let mut answers: Vec<SlotAnswer> = Vec::new();
    while answers.len() < terms.keys.max(1) {
        let mut left = terms.slot_keys.clone();
        left.retain(|key| !used.contains(&key.label));
        let enrolment = Enrolment {
            screen,
            guard: &mut terms.guard,
            rp: &terms.rp,
            label: "",
            exclude: Vec::new(),
            practice: past.practice(),
        };
        let (label, answer) = enrolment.answer(table, &left, past.history.head()).await?;
        used.push(label);
        answers.push(answer);
    }
    table.show(screen.status("take-out", None, "take the key out")).await;
    slot_until(table, <[_]>::is_empty).await?;
    let mut contents = None;
    for answer in &answers {
        contents = Some(past.open_by(&Opener::SlotKey(answer))?);
    }
    contents.ok_or(Ended::Gone)
}

impl Enrolment<'_> {
    /// One of these slot keys, by its label, and what it answers for its stanza. Any other has to come out again.
    async fn answer(
        mut self,
        table: &mut Table,
        known: &[SlotKey],
        head: Option<EventId>,
    ) -> Result<(String, SlotAnswer), Ended> {
        let mut why = None;
        loop {
            let Some((key, look)) = self.key_in(table, why).await? else {
                why = Some("two-keys");
                continue;
            };
            if !look.fits || !look.pin_set {
                why = Some("other-key");
                continue;
            }
            why = match self.ask_known(table, (&key, &look), known, head).await? {
                Ok(answered) => return Ok(answered),
                Err(again) => Some(again),
            };
        }
    }

    /// The code of why it has to be another key, or this one again.
    async fn ask_known(
        &mut self,
        table: &mut Table,
        (key, look): (&Key, &Look),
        known: &[SlotKey],
        head: Option<EventId>,
    ) -> Result<Result<(String, SlotAnswer), &'static str>, Ended> {
        let (found, pin) = match self.find_known(table, key, look, known).await? {
            Ok(found) => found,
            Err(fault) => return again_code(fault).map(Err),
        };
        let found = known.iter().find(|known| Some(&known.credential) == found.as_ref());
        let Some((slot_key, nonce)) = found.and_then(|known| Some((known, Nonce::parse(&known.nonce)?)))
        else {
            return Ok(Err("other-key"));
        };
        let random = table.random.bytes32();
        let challenge = challenge(&random, &self.practice, head, table.end, b"succeed");
        let question =
            Question { rp: self.rp, credential: &slot_key.credential, salts: nonce.salts(), challenge };
        let status = self.status("touch", None, "touch the key");
        table.show(Status { label: Some(slot_key.label.clone()), ..status }).await;
        let slot = table.slot.clone();
        match during(table, slot.secret(&key.key, question, &pin, || ())).await? {
            Ok(Approval { output, authenticator_data, signature }) => {
                let challenge = relaybox_protocol::hex::encode(&challenge);
                table.say(&Said::Approved { challenge, authenticator_data, signature }).await;
                Ok(Ok((slot_key.label.clone(), SlotAnswer { nonce, output })))
            }
            Err(fault) => again_code(fault).map(Err),
        }
    }

    /// Which credential it holds, once its PIN is right; each wrong one is counted.
    async fn find_known(
        &mut self,
        table: &mut Table,
        key: &Key,
        look: &Look,
        known: &[SlotKey],
    ) -> Result<Result<(Option<String>, Pin), SlotFault>, Ended> {
        let credentials: Vec<String> = known.iter().map(|key| key.credential.clone()).collect();
        let (mut tries_left, mut wrong) = (look.tries_left, false);
        loop {
            let pin = self.typed(table, look, tries_left, wrong).await?;
            let slot = table.slot.clone();
            match during(table, slot.find(&key.key, self.rp, &credentials, &pin)).await? {
                Err(SlotFault::Key(Failure::WrongPin { tries_left: left })) => {
                    (tries_left, wrong) = (left, true);
                    self.wrong_pin(table, tries_left).await?;
                }
                other => return Ok(other.map(|found| (found, pin))),
            }
        }
    }
}

impl Past {
    /// The contents, if they are those of P in force.
    fn open_by(&self, opener: &Opener<'_>) -> Result<Contents, Ended> {
        let opened =
            envelope::open(&self.sealed, opener).map_err(|error| Ended::Failed(error.to_string()))?;
        self.in_force(opened.contents)
    }
}
