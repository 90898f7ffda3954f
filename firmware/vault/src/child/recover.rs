//! The recovery: all slot keys are lost, and the words open the sealed file. It is sealed anew to two new slot keys and
//! the same words; a new owner joins, those whose keys are lost end, and all records get new locks. The new file and the
//! transaction are one: the vault puts both in place, or neither.
//!
//! The slot keys are enrolled first, with the time of a claim: nothing is open yet. From the words on it has the time of
//! a ceremony.

use relaybox_protocol::PublicKey;

use super::enrol::{Ended, slot_until};
use super::operate::DoneError;
use super::past::{self, Past};
use super::table::Table;
use super::{Terms, renew};
use crate::deeds::{self, DeedError, Recovery};
use crate::request::Joining;
use crate::shown::{self, Screen};
use crate::wire::{Former, Replaced};

/// Serves the recovery to its end.
pub(super) async fn run(
    table: &mut Table,
    mut terms: Terms,
    former: Former,
    owner: Joining,
    ends: Option<Vec<PublicKey>>,
) {
    let mut screen = past::begin(table, &mut terms);
    let now = table.now();
    let read = Past::read(former).and_then(|past| {
        let ends = ends_of(&past, &owner, ends, now)?;
        Ok((past, ends))
    });
    table.ready().await;
    let (past, ends) = match read {
        Ok(read) => read,
        Err(error) => {
            let code = if matches!(error, DoneError::Deed(_)) { "failed" } else { "history" };
            return table.show(screen.stopped_for(code, &format!("stopped: failed to {error}"))).await;
        }
    };
    screen.about = shown::recovery(&owner, &past.labels, &ends, &past.history, now);
    screen.practice = Some(past.practice());
    let mut recover = Recover { table, terms, past, owner, ends, screen };
    let ended = recover.perform().await;
    if let Some(status) = past::last(&recover.screen, ended, "the practice is recovered") {
        recover.table.show(status).await;
    }
}

/// The members who end: those who were named, or all but the owner.
fn ends_of(
    past: &Past,
    owner: &Joining,
    ends: Option<Vec<PublicKey>>,
    now: u64,
) -> Result<Vec<PublicKey>, DoneError> {
    let view = past.history.view(now);
    match ends {
        None => {
            let keys = view.members().into_iter().map(|member| member.key);
            Ok(keys.filter(|key| *key != owner.key).collect())
        }
        Some(ends) if ends.iter().all(|key| view.member(key).is_some() && *key != owner.key) => Ok(ends),
        Some(_) => Err(DeedError::NoMember.into()),
    }
}

struct Recover<'a> {
    table: &'a mut Table,
    terms: Terms,
    past: Past,
    owner: Joining,
    ends: Vec<PublicKey>,
    screen: Screen,
}

impl Recover<'_> {
    async fn perform(&mut self) -> Result<(), Ended> {
        renew::button(self.table, &self.screen).await?;
        self.screen.until = self.table.allow(self.terms.limits.claim_seconds);
        let practice = self.past.practice();
        renew::prove(self.table, &self.screen, &mut self.owner, &practice).await?;
        let keys =
            renew::enrol_two(self.table, &mut self.terms, &self.screen, &self.past.labels, practice).await?;
        self.table.show(self.screen.status("take-out", None, "take the key out")).await;
        slot_until(self.table, <[_]>::is_empty).await?;
        let line = "type the 24 words of the RECOVERY SHEET";
        let (words, contents) = self.past.open(self.table, &mut self.terms, &self.screen, line).await?;
        self.screen.until = self.table.allow(self.terms.limits.ceremony_seconds);
        let file = renew::seal_and_drill(self.table, &self.screen, &contents, keys, &words).await?;
        self.table.show(self.screen.status("signing", None, "signing")).await;
        let failed = |error: DoneError| Ended::Failed(error.to_string());
        // A suspension of the owner in between counts.
        self.past.catch_up(self.table).await.map_err(failed)?;
        let (boxes, now) = (self.terms.boxes, self.table.now());
        let recovery = Recovery { owner: &self.owner, ends: &self.ends };
        let random = &mut self.table.random;
        let events = deeds::recover(&contents, &self.past.history, boxes, recovery, now, random)
            .map_err(|error| failed(error.into()))?;
        past::replace(self.table, Replaced::Recovery, file, practice, &events).await
    }
}
