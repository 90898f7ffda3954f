//! The succession: the practice's key was stolen or may be. The key whose hash everybody has known since the claim takes
//! its place (2107), in a new sealed file with new slot keys, new words and a new succession sheet. The escrow key is
//! carried over, so that everything stays readable; the old recovery words or old slot keys open the old file for it.

use relaybox_protocol::Keys;

use super::enrol::Ended;
use super::operate::DoneError;
use super::past::{self, Past};
use super::table::Table;
use super::{Terms, renew};
use crate::contents::Contents;
use crate::deeds;
use crate::shown::{self, Screen};
use crate::wire::{Former, Replaced};
use crate::words::RecoveryWords;

/// Serves the succession to its end.
pub(super) async fn run(
    table: &mut Table,
    mut terms: Terms,
    former: Former,
    practice_name: String,
    host: String,
) {
    let mut screen = past::begin(table, &mut terms);
    let read = Past::read(former);
    table.ready().await;
    let past = match read {
        Ok(past) => past,
        Err(error) => {
            return table.show(screen.stopped_for("history", &format!("stopped: failed to {error}"))).await;
        }
    };
    screen.about = shown::succession(&practice_name, &past.practice(), &past.labels);
    let mut succeed = Succeed { table, terms, past, practice_name, host, screen };
    let ended = succeed.perform().await;
    if let Some(status) = past::last(&succeed.screen, ended, "the practice has its new key") {
        succeed.table.show(status).await;
    }
}

struct Succeed<'a> {
    table: &'a mut Table,
    terms: Terms,
    past: Past,
    practice_name: String,
    host: String,
    screen: Screen,
}

impl Succeed<'_> {
    async fn perform(&mut self) -> Result<(), Ended> {
        renew::button(self.table, &self.screen).await?;
        self.screen.until = self.table.allow(self.terms.limits.claim_seconds);
        let next = self.next_key().await?;
        let practice = next.public_key();
        self.screen.practice = Some(practice);
        let keys =
            renew::enrol_two(self.table, &mut self.terms, &self.screen, &self.past.labels, practice).await?;
        let words = renew::recovery_words(self.table, &self.screen, &self.practice_name, &practice).await?;
        let (name, host) = (&self.practice_name, &self.host);
        let hash = renew::next_practice(self.table, &self.screen, (name, host), &practice).await?;
        let former = self.past.open_by_any(self.table, &mut self.terms, &self.screen).await?;
        self.screen.until = self.table.allow(self.terms.limits.ceremony_seconds);
        let contents =
            Contents { practice: next.clone(), escrow: former.escrow.clone(), legacy: former.legacy.clone() };
        drop(former);
        let file = renew::seal_and_drill(self.table, &self.screen, &contents, keys, &words).await?;
        self.table.show(self.screen.status("signing", None, "signing")).await;
        self.past.catch_up(self.table).await.map_err(|error| Ended::Failed(error.to_string()))?;
        let events = deeds::succeed(&next, &self.past.history, &hash, self.table.now())
            .map_err(|error| Ended::Failed(DoneError::from(error).to_string()))?;
        past::replace(self.table, Replaced::Succession, file, practice, &events).await
    }

    /// Asks for the words of the second sheet until they are those of the key that everybody expects.
    async fn next_key(&mut self) -> Result<Keys, Ended> {
        let line = "type the 24 words of the SUCCESSION SHEET";
        let expected = self.past.history.view(0).next_practice();
        let mut why = None;
        loop {
            let typed = renew::typed(self.table, &self.screen, line, why.take(), Vec::new()).await?;
            match RecoveryWords::parse(&typed) {
                Err(error) => why = Some(renew::words_code(&error)),
                Ok(words) => match words.next_practice().filter(|_| words.next_hash() == expected) {
                    Some(next) => return Ok(next),
                    None => {
                        past::wrong_words(self.table, &mut self.terms).await?;
                        why = Some("words-wrong".to_owned());
                    }
                },
            }
        }
    }
}
