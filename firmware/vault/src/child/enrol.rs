//! A security key becomes a slot key: a credential is made on it, and its secret is asked twice and compared before it
//! is trusted (some keys answer differently when a credential is fresh).

use relaybox_process::rpc::slot::{Failure, Key};
use relaybox_process::rpc::vault::Status;
use relaybox_protocol::PublicKey;

use super::operate::pin_code;
use super::table::{Came, Table};
use crate::ceremony::{SlotError, Stopped};
use crate::envelope::SlotAnswer;
use crate::guard::{Closed, Guard};
use crate::pin::Pin;
use crate::prf::{Nonce, PrfOutput};
use crate::request::challenge;
use crate::shown::Screen;
use crate::slot::{Approval, Credential, Enrol, Look, Question, SlotFault};
use crate::wire::{Order, Said, SlotKey};

/// A new slot key, and its answer to the question of its nonce.
pub(super) struct Fresh {
    pub(super) key: SlotKey,
    pub(super) answer: SlotAnswer,
}

/// Why a step that was waited for did not come.
pub(super) enum Ended {
    /// The vault is gone.
    Gone,
    Stopped(Stopped),
    /// What failed, after "failed to".
    Failed(String),
}

/// What an order that was not waited for means.
pub(super) fn ended(came: Came) -> Option<Ended> {
    match came {
        Came::Gone => Some(Ended::Gone),
        Came::Stop(why) => Some(Ended::Stopped(why)),
        Came::Order(Order::Freeze) => Some(Ended::Stopped(Stopped::Closed(Closed::Frozen))),
        Came::Order(_) | Came::Tick => None,
    }
}

/// Waits for the order that `wanted` takes.
pub(super) async fn order<T>(
    table: &mut Table,
    mut wanted: impl FnMut(&Table, &Order) -> Option<T>,
) -> Result<T, Ended> {
    loop {
        let came = table.wait().await;
        if let Came::Order(order) = &came
            && let Some(found) = wanted(table, order)
        {
            return Ok(found);
        }
        if let Some(ended) = ended(came) {
            return Err(ended);
        }
    }
}

/// What one enrolment is about.
pub(super) struct Enrolment<'a> {
    pub(super) screen: &'a Screen,
    pub(super) guard: &'a mut Guard,
    pub(super) rp: &'a str,
    /// Empty for whichever old one a person has.
    pub(super) label: &'a str,
    /// Credentials that this vault has: one key is no two.
    pub(super) exclude: Vec<String>,
    pub(super) practice: PublicKey,
}

/// How one try with one key went.
enum Tried {
    Enrolled(Fresh),
    /// This key cannot be it, or was pulled: another one, or again.
    Again(&'static str),
}

impl Enrolment<'_> {
    pub(super) async fn run(mut self, table: &mut Table) -> Result<Fresh, Ended> {
        let mut why = None;
        loop {
            let Some((key, look)) = self.key_in(table, why).await? else {
                why = Some("two-keys");
                continue;
            };
            match self.try_key(table, &key, &look).await? {
                Tried::Enrolled(mut fresh) => {
                    fresh.key.aaguid = look.aaguid;
                    return Ok(fresh);
                }
                Tried::Again(again) => why = Some(again),
            }
        }
    }

    /// The one key that was put in after the slot was empty; none when two were.
    pub(super) async fn key_in(
        &mut self,
        table: &mut Table,
        why: Option<&'static str>,
    ) -> Result<Option<(Key, Look)>, Ended> {
        if !present(table).await?.is_empty() || why.is_some() {
            let line = "take the key out";
            self.show(table, Status { why: why.map(str::to_owned), ..self.status("take-out", None, line) })
                .await;
            slot_until(table, |keys| keys.is_empty()).await?;
        }
        let line = match self.label {
            "" => "put an old slot key in".to_owned(),
            label => format!("put the slot key \"{label}\" in"),
        };
        self.show(table, self.status("key-in", None, &line)).await;
        let keys = slot_until(table, |keys| !keys.is_empty()).await?;
        let [key] = keys.as_slice() else { return Ok(None) };
        let slot = table.slot.clone();
        let look = during(table, slot.look(&key.key)).await?;
        let unfit = Look { aaguid: String::new(), pin_set: false, tries_left: 0, pin_least: 0, fits: false };
        Ok(Some((key.clone(), look.unwrap_or(unfit))))
    }

    async fn try_key(&mut self, table: &mut Table, key: &Key, look: &Look) -> Result<Tried, Ended> {
        if !look.fits {
            return Ok(Tried::Again("unfit"));
        }
        let mut tries_left = look.tries_left;
        let mut pin = match look.pin_set {
            true => self.typed(table, look, tries_left, false).await?,
            false => match self.new_pin(table, key, look).await? {
                Some(pin) => pin,
                None => return Ok(Tried::Again("pin-not-taken")),
            },
        };
        let made = loop {
            match self.make(table, key, &pin).await? {
                Err(SlotFault::Key(Failure::WrongPin { tries_left: left })) => tries_left = left,
                other => break other,
            }
            self.wrong_pin(table, tries_left).await?;
            pin = self.typed(table, look, tries_left, true).await?;
        };
        match made {
            Ok(credential) => self.ask_twice(table, key, &pin, credential).await,
            Err(fault) => again(fault),
        }
    }

    async fn make(
        &mut self,
        table: &mut Table,
        key: &Key,
        pin: &Pin,
    ) -> Result<Result<Credential, SlotFault>, Ended> {
        let (slot, user, random) = (table.slot.clone(), table.random.bytes32(), table.random.bytes32());
        let challenge = self.challenge(table, &random);
        let enrol = Enrol { rp: self.rp, user, label: self.label, exclude: &self.exclude, challenge };
        self.touch(table, 1).await;
        during(table, slot.make(&key.key, enrol, pin, || ())).await
    }

    async fn ask_twice(
        &mut self,
        table: &mut Table,
        key: &Key,
        pin: &Pin,
        credential: Credential,
    ) -> Result<Tried, Ended> {
        let nonce = Nonce::new(&mut table.random);
        let mut outputs: Vec<PrfOutput> = Vec::new();
        for touch in [2, 3] {
            self.touch(table, touch).await;
            let random = table.random.bytes32();
            let challenge = self.challenge(table, &random);
            let slot = table.slot.clone();
            let question =
                Question { rp: self.rp, credential: &credential.id, salts: nonce.salts(), challenge };
            match during(table, slot.secret(&key.key, question, pin, || ())).await? {
                Ok(Approval { output, .. }) => outputs.push(output),
                Err(fault) => return again(fault),
            }
        }
        let [first, second] = outputs.as_slice() else { return Ok(Tried::Again("unfit")) };
        if !first.same(second) {
            // A key that does not repeat itself would not open the vault either.
            return Ok(Tried::Again("unfit"));
        }
        let key = SlotKey {
            label: self.label.to_owned(),
            credential: credential.id,
            public_key: credential.public_key,
            nonce: nonce.to_text(),
            aaguid: String::new(),
            added: table.now(),
        };
        Ok(Tried::Enrolled(Fresh { key, answer: SlotAnswer { nonce, output: second.clone() } }))
    }

    fn challenge(&self, table: &Table, random: &[u8; 32]) -> [u8; 32] {
        challenge(random, &self.practice, None, table.end, self.label.as_bytes())
    }

    /// Counted and kept by the vault; the third of an hour ends it.
    pub(super) async fn wrong_pin(&mut self, table: &mut Table, tries_left: u8) -> Result<(), Ended> {
        let now = table.now();
        self.guard.wrong_pin(now);
        table.say(&Said::WrongPin).await;
        // On the disk before another PIN is asked for.
        if !matches!(table.owed().await, Some(Order::Kept)) {
            return Err(Ended::Gone);
        }
        let open = self.guard.open(now, false).and_then(|()| Guard::may_try(tries_left));
        open.map_err(|closed| Ended::Stopped(Stopped::Closed(closed)))
    }

    pub(super) async fn typed(
        &mut self,
        table: &mut Table,
        look: &Look,
        tries_left: u8,
        wrong: bool,
    ) -> Result<Pin, Ended> {
        Guard::may_try(tries_left).map_err(|closed| Ended::Stopped(Stopped::Closed(closed)))?;
        let status = Status {
            tries_left: Some(tries_left),
            why: wrong.then(|| "wrong-pin".to_owned()),
            ..self.status("pin", Some("pin"), "type the PIN of the key")
        };
        self.pin(table, look.pin_least, status).await
    }

    /// A key without a PIN gets its first one, typed twice. None when the key does not take it.
    async fn new_pin(&mut self, table: &mut Table, key: &Key, look: &Look) -> Result<Option<Pin>, Ended> {
        let mut why = None;
        loop {
            let line = "choose a PIN for the key and type it";
            let status = Status { why, ..self.status("new-pin", Some("new-pin"), line) };
            let first = self.pin(table, look.pin_least, status).await?;
            let status = self.status("new-pin-again", Some("new-pin"), "type the new PIN once more");
            let second = self.pin(table, look.pin_least, status).await?;
            if first.as_str() == second.as_str() {
                let slot = table.slot.clone();
                return Ok(during(table, slot.set_pin(&key.key, &first)).await?.ok().map(|()| first));
            }
            why = Some("pins-differ".to_owned());
        }
    }

    /// Asks until a PIN is typed that this key may have.
    async fn pin(&mut self, table: &mut Table, least: usize, status: Status) -> Result<Pin, Ended> {
        self.show(table, status.clone()).await;
        loop {
            let typed = order(table, |table, order| match order {
                Order::Type { from, sealed } => table.opened(from, sealed),
                _ => None,
            });
            match Pin::parse(&typed.await?, least) {
                Ok(pin) => return Ok(pin),
                Err(error) => {
                    let why = Some(pin_code(error).to_owned());
                    self.show(table, Status { why, ..status.clone() }).await;
                }
            }
        }
    }

    async fn touch(&self, table: &mut Table, number: u8) {
        let line = format!("touch the key ({number} of 3)");
        self.show(table, self.status("touch", None, &line)).await;
    }

    pub(super) fn status(&self, step: &str, wants: Option<&str>, line: &str) -> Status {
        Status {
            label: Some(self.label.to_owned()),
            until: self.screen.until,
            ..self.screen.status(step, wants, line)
        }
    }

    async fn show(&self, table: &mut Table, status: Status) {
        table.show(status).await;
    }
}

fn again(fault: SlotFault) -> Result<Tried, Ended> {
    again_code(fault).map(Tried::Again)
}

/// A failure that another key, or the same one again, may not have.
pub(super) fn again_code(fault: SlotFault) -> Result<&'static str, Ended> {
    if let SlotFault::Key(Failure::AlreadyHere) = fault {
        return Ok("already-here");
    }
    match SlotError::from(fault) {
        SlotError::TakenOut => Ok("taken-out"),
        SlotError::NotTouched => Ok("not-touched"),
        SlotError::Unplug => Ok("unplug"),
        SlotError::Foreign | SlotError::WrongPin { .. } => Ok("unfit"),
        SlotError::Locked => Err(Ended::Stopped(Stopped::KeyLocked)),
        SlotError::Hangs => Err(Ended::Stopped(Stopped::Hangs)),
    }
}

/// An answer of the slot, or what interrupted it.
pub(super) async fn during<T>(table: &mut Table, question: impl Future<Output = T>) -> Result<T, Ended> {
    table.during(question).await.map_err(|came| ended(came).unwrap_or(Ended::Stopped(Stopped::Cancelled)))
}

pub(super) async fn present(table: &mut Table) -> Result<Vec<Key>, Ended> {
    let slot = table.slot.clone();
    Ok(during(table, slot.list()).await?.unwrap_or_default())
}

/// Looks at the slot until what is in it is as wanted.
pub(super) async fn slot_until(
    table: &mut Table,
    wanted: impl Fn(&[Key]) -> bool,
) -> Result<Vec<Key>, Ended> {
    loop {
        let keys = present(table).await?;
        if wanted(&keys) {
            return Ok(keys);
        }
        if let Some(ended) = ended(table.wait().await) {
            return Err(ended);
        }
    }
}
