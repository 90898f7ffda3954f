//! The former practice's secret key: typed once, sealed to the ceremony's key like a PIN, and kept in the sealed file
//! before anything is signed with it.

use relaybox_process::rpc::vault::Status;
use relaybox_protocol::keys::parse_secret;
use relaybox_protocol::{Keys, PublicKey};

use super::{DoneError, Driver, keep};
use crate::child::enrol::{Ended, order};
use crate::contents::Contents;
use crate::envelope::{self, Opened, Opener, SlotAnswer};
use crate::prf::PrfOutput;
use crate::request::Operation;
use crate::wire::Order;

impl Driver<'_> {
    /// Asks until the secret of P0 is typed. Nothing is open yet, so it has the time of a claim. Once epoch 0 stands,
    /// the key lies in the sealed file and nobody is asked.
    pub(super) async fn ask_former(&mut self, former: &PublicKey) -> Result<(), Ended> {
        if self.history.view(0).legacy_epoch().is_some() {
            return Ok(());
        }
        self.tell_ready().await;
        self.table.end = self.table.now() + self.terms.limits.claim_seconds;
        self.screen.until = self.table.end;
        let line = "type the secret key of the former practice";
        let mut why = None;
        loop {
            let status = self.screen.status("former-key", Some("former-key"), line);
            self.table.show(Status { why: why.take(), ..status }).await;
            let typed = order(self.table, |table, order| match order {
                Order::Type { from, sealed } => table.opened(from, sealed),
                _ => None,
            });
            let typed = typed.await?;
            match parse_secret(typed.trim()) {
                Some(secret) if Keys::new(secret.clone()).public_key() == *former => {
                    self.former = Some(secret);
                    self.table.end = u64::MAX;
                    return Ok(());
                }
                Some(_) => why = Some("former-key-differs".to_owned()),
                None => why = Some("former-key-form".to_owned()),
            }
        }
    }

    pub(super) async fn import(
        &mut self,
        opened: &Opened,
        answers: &[(String, PrfOutput)],
        operation: &Operation,
    ) -> Result<(), DoneError> {
        let Some(secret) = self.former.take() else { return self.sign(&opened.contents, operation).await };
        let contents = opened.contents.with_legacy(secret);
        if opened.contents.legacy != contents.legacy {
            self.keep_former(opened, &contents, answers).await?;
        }
        self.kept_former = true;
        self.sign(&contents, operation).await
    }

    /// The new file is opened with a slot key's answer before it takes the place of the old one.
    async fn keep_former(
        &mut self,
        opened: &Opened,
        contents: &Contents,
        answers: &[(String, PrfOutput)],
    ) -> Result<(), DoneError> {
        let sealed = envelope::rewrite(&self.asked.sealed, opened, contents, &mut self.table.random)?;
        let (label, output) = answers.first().ok_or(DoneError::NotKept)?;
        let (_, nonce) = self.slot_key(label).ok_or_else(|| DoneError::NoSlotKey(label.clone()))?;
        let answer = SlotAnswer { nonce, output: output.clone() };
        let found = envelope::open(&sealed, &Opener::SlotKey(&answer))?.contents;
        if !found.same(contents) {
            return Err(DoneError::NotKept);
        }
        keep(self.table, &sealed, self.terms.slot_keys.clone(), self.asked.practice).await
    }
}

/// What a stop after the file was rewritten leaves.
pub(super) const KEPT: &str = "The former key lies in the sealed file; nothing else was changed.";
