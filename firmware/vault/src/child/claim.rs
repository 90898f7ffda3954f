//! The claim: a fresh P and v, two slot keys, the recovery words typed back, the drill, the first transaction. Nothing
//! is kept before the drill has passed, so that it can begin anew after any interruption.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use relaybox_process::rpc::vault::Status;
use relaybox_protocol::hex;
use relaybox_protocol::keys::{KeyRole, proof_holds};
use sha2::{Digest as _, Sha256};

use super::enrol::{Ended, Enrolment, Fresh, order, slot_until};
use super::table::Table;
use super::{Claimant, Terms};
use crate::contents::Contents;
use crate::deeds;
use crate::envelope::{self, Opener};
use crate::request::Joining;
use crate::sheets;
use crate::shown::{self, Screen};
use crate::wire::{Order, Said};
use crate::words::{Purpose, RecoveryWords, WordsError};

/// Serves the claim to its end.
pub(super) async fn run(table: &mut Table, terms: Terms, claimant: Claimant) {
    table.end = table.now() + terms.limits.request_seconds;
    let Claimant { owner, practice_name, labels, host } = claimant;
    let about = shown::claim(&practice_name, &owner);
    let screen = Screen { ceremony: terms.ceremony.clone(), about, until: table.end, practice: None };
    table.ready().await;
    let mut claim = Claim { table, terms, owner, practice_name, labels, host, screen };
    let status = match claim.perform().await {
        Ok(()) => claim.screen.status("done", None, "the box is claimed"),
        Err(Ended::Gone) => return,
        Err(Ended::Stopped(why)) => claim.screen.stopped(&why),
        Err(Ended::Failed(what)) => {
            let line = format!("stopped: failed to {what}. The box is as it was before.");
            claim.screen.stopped_for("failed", &line)
        }
    };
    claim.table.show(status).await;
}

struct Claim<'a> {
    table: &'a mut Table,
    terms: Terms,
    owner: Joining,
    practice_name: String,
    labels: [String; 2],
    host: String,
    screen: Screen,
}

impl Claim<'_> {
    async fn perform(&mut self) -> Result<(), Ended> {
        let button = self.screen.status("button", Some("button"), "press the button, or cancel");
        self.table.show(button).await;
        order(self.table, |_, order| matches!(order, Order::Press).then_some(())).await?;
        self.table.end = self.table.now() + self.terms.limits.claim_seconds;
        self.screen.until = self.table.end;
        let random = &mut self.table.random;
        let contents = Contents { practice: random.keys(), escrow: random.keys(), legacy: None };
        self.screen.practice = Some(contents.practice.public_key());
        self.prove(&contents).await?;
        let keys = self.enrol(&contents).await?;
        let typed = self.recovery_words(&contents).await?;
        let next = self.next_practice(&contents).await?;
        self.seal_and_drill(&contents, keys, &typed).await?;
        self.publish(&contents, &next).await
    }

    /// The owner's key proves itself for the P that exists only now.
    async fn prove(&mut self, contents: &Contents) -> Result<(), Ended> {
        let practice = contents.practice.public_key();
        let mut why = None;
        loop {
            let line = "the owner's device proves its key";
            let status = Status { why: why.take(), ..self.screen.status("proof", Some("proof"), line) };
            self.table.show(status).await;
            let proof = order(self.table, |_, order| match order {
                Order::Prove { pop } => Some(pop.clone()),
                _ => None,
            });
            let pop = proof.await?;
            if proof_holds(&self.owner.key, &practice, KeyRole::Staff, &pop) {
                self.owner.pop = pop;
                return Ok(());
            }
            why = Some("proof".to_owned());
        }
    }

    async fn enrol(&mut self, contents: &Contents) -> Result<Vec<Fresh>, Ended> {
        let mut keys: Vec<Fresh> = Vec::new();
        for label in self.labels.clone() {
            let enrolment = Enrolment {
                screen: &self.screen,
                guard: &mut self.terms.guard,
                rp: &self.terms.rp,
                label: &label,
                exclude: keys.iter().map(|key| key.key.credential.clone()).collect(),
                practice: contents.practice.public_key(),
            };
            keys.push(enrolment.run(self.table).await?);
        }
        Ok(keys)
    }

    /// Shown once, and typed back before anything is sealed. Gives the words as they were typed.
    async fn recovery_words(&mut self, contents: &Contents) -> Result<RecoveryWords, Ended> {
        let words = RecoveryWords::generate(&mut self.table.random)
            .map_err(|error| Ended::Failed(error.to_string()))?;
        let sheet = sheets::recovery(&self.practice_name, &contents.practice.public_key(), &words);
        let line = "print or write down the recovery words, then type all 24 of them back";
        let mut why = None;
        loop {
            let status = self.screen.status("words", Some("words"), line);
            let status = Status { why: why.take(), sheets: vec![sheet.clone()], ..status };
            self.table.show(status).await;
            let typed = order(self.table, |table, order| match order {
                Order::Type { from, sealed } => table.opened(from, sealed),
                _ => None,
            });
            why = match RecoveryWords::parse(&typed.await?) {
                Ok(typed) if typed.same(&words) => return Ok(typed),
                Ok(_) => Some("words-differ".to_owned()),
                Err(error) => Some(words_code(&error)),
            };
        }
    }

    /// The next practice key: its words go on the second sheet and are forgotten. Gives SHA-256 of the key, hex.
    async fn next_practice(&mut self, contents: &Contents) -> Result<String, Ended> {
        let words = RecoveryWords::generate(&mut self.table.random)
            .map_err(|error| Ended::Failed(error.to_string()))?;
        let next = words.next_practice().ok_or_else(|| Ended::Failed("draw the next key".to_owned()))?;
        let hash = hex::encode(&Sha256::digest(next.public_key().as_bytes()));
        let practice = contents.practice.public_key();
        let sheet = sheets::succession(&self.practice_name, &self.host, (&practice, &hash), &words);
        let line = "print or write down the succession sheet, take the key out, then press the button";
        let status = self.screen.status("succession", Some("button"), line);
        self.table.forget();
        self.table.show(Status { sheets: vec![sheet], ..status }).await;
        order(self.table, |_, order| matches!(order, Order::Press).then_some(())).await?;
        Ok(hash)
    }

    /// The sealed copy lies in another directory and is opened with the typed words, no slot key in. Then the same
    /// bytes are kept.
    async fn seal_and_drill(
        &mut self,
        contents: &Contents,
        keys: Vec<Fresh>,
        typed: &RecoveryWords,
    ) -> Result<(), Ended> {
        let (slot_keys, answers): (Vec<_>, Vec<_>) =
            keys.into_iter().map(|key| (key.key, key.answer)).unzip();
        let identity = typed.identity(Purpose::Vault);
        let failed = |error: envelope::EnvelopeError| Ended::Failed(error.to_string());
        let sealed = envelope::seal(contents, &answers, &identity.to_public()).map_err(failed)?;
        let status = self.screen.status("drill", None, "the recovery drill: no key may be in");
        self.table.show(status).await;
        slot_until(self.table, <[_]>::is_empty).await?;
        self.table.say(&Said::Copy { sealed: BASE64_STANDARD.encode(&sealed) }).await;
        let copy = match self.table.owed().await {
            Some(Order::Copied { sealed }) => BASE64_STANDARD.decode(sealed).unwrap_or_default(),
            Some(Order::Refused { text }) => return Err(Ended::Failed(text)),
            _ => return Err(Ended::Gone),
        };
        let slot_openers = answers.iter().map(Opener::SlotKey);
        for opener in std::iter::once(Opener::Words(&identity)).chain(slot_openers) {
            let found = envelope::open(&copy, &opener).map_err(failed)?.contents;
            let same = found.practice.secret_key() == contents.practice.secret_key()
                && found.escrow.secret_key() == contents.escrow.secret_key();
            if !same {
                return Err(Ended::Failed("open the copy in the drill".to_owned()));
            }
        }
        let practice = contents.practice.public_key();
        self.table.say(&Said::Keep { sealed: BASE64_STANDARD.encode(&copy), slot_keys, practice }).await;
        match self.table.owed().await {
            Some(Order::Kept) => Ok(()),
            Some(Order::Refused { text }) => Err(Ended::Failed(text)),
            _ => Err(Ended::Gone),
        }
    }

    async fn publish(&mut self, contents: &Contents, next: &str) -> Result<(), Ended> {
        let status = self.screen.status("signing", None, "signing");
        self.table.show(status).await;
        let claim = deeds::Claim { owner: &self.owner, next };
        let now = self.table.now();
        let events = deeds::claim(contents, self.terms.boxes, &claim, now, &mut self.table.random)
            .map_err(|error| Ended::Failed(error.to_string()))?;
        let events = events.iter().filter_map(|event| serde_json::value::to_raw_value(event).ok()).collect();
        let claims = Some(contents.practice.public_key());
        self.table.say(&Said::Events { events, claims }).await;
        match self.table.owed().await {
            Some(Order::Stored) => Ok(()),
            Some(Order::Refused { text }) => Err(Ended::Failed(text)),
            _ => Err(Ended::Gone),
        }
    }
}

fn words_code(error: &WordsError) -> String {
    match error {
        WordsError::Count(_) => "words-count".to_owned(),
        WordsError::Unknown(place) => format!("words-unknown-{place}"),
        WordsError::Checksum => "words-checksum".to_owned(),
    }
}
