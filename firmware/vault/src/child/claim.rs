//! The claim: a fresh P and v, two slot keys, the recovery words typed back, the drill, the first transaction. Nothing
//! is kept before the drill has passed, so that it can begin anew after any interruption.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use relaybox_protocol::hex;

use super::enrol::{Ended, Fresh};
use super::table::Table;
use super::{Claimant, Terms, renew};
use crate::contents::Contents;
use crate::deeds;
use crate::request::Joining;
use crate::shown::{self, Screen};
use crate::wire::{Order, Said};
use crate::words::RecoveryWords;

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
        renew::button(self.table, &self.screen).await?;
        self.table.end = self.table.now() + self.terms.limits.claim_seconds;
        self.screen.until = self.table.end;
        let random = &mut self.table.random;
        let contents = Contents { practice: random.keys(), escrow: random.keys(), legacy: None };
        let practice = contents.practice.public_key();
        self.screen.practice = Some(practice);
        renew::prove(self.table, &self.screen, &mut self.owner, &practice).await?;
        let keys =
            renew::enrol_two(self.table, &mut self.terms, &self.screen, &self.labels, practice).await?;
        let typed = renew::recovery_words(self.table, &self.screen, &self.practice_name, &practice).await?;
        let (name, host) = (&self.practice_name, &self.host);
        let next = renew::next_practice(self.table, &self.screen, (name, host), &practice).await?;
        self.seal_and_drill(&contents, keys, &typed).await?;
        self.publish(&contents, &hex::encode(&next)).await
    }

    /// The drill, and then the same bytes are kept.
    async fn seal_and_drill(
        &mut self,
        contents: &Contents,
        keys: Vec<Fresh>,
        typed: &RecoveryWords,
    ) -> Result<(), Ended> {
        let (copy, slot_keys) =
            renew::seal_and_drill(self.table, &self.screen, contents, keys, typed).await?;
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
