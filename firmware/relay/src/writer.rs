//! The one writer of the relay: admission under the newest member table, durable append, OK.
//!
//! Events are decided in the order in which they came. A policy event and the receipt that names it
//! are one transaction, and nothing is decided after it before the member table has passed it, so
//! that arrival order and the order of receipts never disagree.

mod calls;
mod claim;
mod destruction;
mod history;
mod import;
mod policy;
mod store;

use std::path::PathBuf;
use std::sync::Arc;

use relaybox_process::rpc::ceremony::{Reply, Request};
use relaybox_protocol::admit::{self, Admission, Arrival};
use relaybox_protocol::event::{Verified, p_tag};
use relaybox_protocol::kinds;
use relaybox_protocol::policy::Door;
use relaybox_protocol::refusal::Refusal;
use relaybox_store::{Outcome, Seq, Space, StoreError};
use tokio::sync::{mpsc, oneshot};

use crate::ingest::{Checked, Job};
use crate::members::Members;
use crate::service::{Shared, refusal_of};
use crate::session::Fate;

pub(crate) use claim::read as practice;

/// Times an append is decided anew because the members changed under it.
const STALE_TRIES: usize = 16;
/// Wraps that one invitation allows (PROTOCOL 2.7).
const INVITED_WRAPS_MAX: i64 = 10;

/// A request on the ceremony socket.
pub(crate) struct Ceremony {
    pub(crate) request: Request,
    pub(crate) reply: oneshot::Sender<Reply>,
}

pub(crate) struct Writer {
    pub(crate) shared: Arc<Shared>,
    /// Where P is kept from the claim on.
    pub(crate) practice_file: PathBuf,
}

/// An event that may be stored, and who waits for it.
struct Pending {
    job: Job,
    verified: Verified,
    admission: Admission,
    /// Position of the member table that allowed it.
    at: Seq,
}

impl Pending {
    fn is_visit(&self) -> bool {
        self.verified.kind() == kinds::VISIT
    }
}

impl Writer {
    /// Runs until both senders are gone.
    pub(crate) async fn run(
        self,
        mut events: mpsc::Receiver<Vec<Checked>>,
        mut ceremonies: mpsc::Receiver<Ceremony>,
    ) {
        let (mut more_events, mut more_ceremonies) = (true, true);
        while more_events || more_ceremonies {
            tokio::select! {
                batch = events.recv(), if more_events => match batch {
                    Some(batch) => self.take(batch).await,
                    None => more_events = false,
                },
                ceremony = ceremonies.recv(), if more_ceremonies => match ceremony {
                    Some(Ceremony { request, reply }) => {
                        // A caller that went away does not undo what was stored.
                        let _ = reply.send(self.perform(request).await);
                    }
                    None => more_ceremonies = false,
                },
            }
        }
    }

    async fn take(&self, batch: Vec<Checked>) {
        let mut plain = Vec::new();
        for Checked { job, event } in batch {
            let Ok(verified) = event.inspect_err(|refusal| answer(&job, Err(*refusal))) else { continue };
            if kinds::is_signalling(verified.kind()) && plain.iter().any(Pending::is_visit) {
                // A call is judged by the visits that came before it.
                self.store_plain(std::mem::take(&mut plain)).await;
            }
            let (admission, at) = match self.decide(&job, &verified).await {
                Ok(decided) => decided,
                Err(refusal) => {
                    if plain.iter().any(|before: &Pending| before.verified.id() == verified.id()) {
                        // Stored first, so that the second is seen to be the same.
                        self.store_plain(std::mem::take(&mut plain)).await;
                    }
                    self.refuse(&job, &verified, refusal).await;
                    continue;
                }
            };
            let pending = Pending { job, verified, admission, at };
            if pending.admission.ephemeral {
                self.announce(pending).await;
            } else if pending.admission.moves_policy && kinds::is_policy(pending.verified.kind()) {
                self.store_plain(std::mem::take(&mut plain)).await;
                self.store_policy(pending).await;
            } else {
                plain.push(pending);
            }
        }
        self.store_plain(plain).await;
    }

    /// The admission rule under the newest members.
    async fn decide(&self, job: &Job, verified: &Verified) -> Result<(Admission, Seq), Refusal> {
        let members = self.shared.members().ok_or(Refusal::NoPractice)?;
        let now = self.shared.stamp.now();
        let view = members.view(now);
        let arrival =
            Arrival { door: Door::Network, authenticated: &job.authenticated, invited: &job.invited, now };
        let event = verified.event();
        let admission = admit::admit(&view, event, &arrival)?;
        let policy = kinds::is_policy(verified.kind());
        if (policy || !admission.chains.is_empty()) && !self.shared.certified(&members, now) {
            return Err(Refusal::BoxNotCertified);
        }
        self.nothing_clinical_deleted(&admission, verified).await?;
        self.call_has_a_visit(&view, event, now).await?;
        self.spend_invitation(&members, job, verified, now).await?;
        Ok((admission, members.at))
    }

    /// A deletion may name ids of any kind: of the author's own stored events, health records stay.
    async fn nothing_clinical_deleted(
        &self,
        admission: &Admission,
        verified: &Verified,
    ) -> Result<(), Refusal> {
        if admission.deletes.is_empty() {
            return Ok(());
        }
        let own =
            self.own_kinds(&admission.deletes, verified.event().pubkey).await.map_err(|e| refusal_of(&e))?;
        if own.iter().any(|kind| kinds::is_undeletable(*kind)) {
            Err(Refusal::ClinicalDelete)
        } else {
            Ok(())
        }
    }

    /// A wrap that only an invitation allows uses one of its ten.
    async fn spend_invitation(
        &self,
        members: &Members,
        job: &Job,
        verified: &Verified,
        now: u64,
    ) -> Result<(), Refusal> {
        let wrap = matches!(verified.kind(), kinds::GIFT_WRAP | kinds::EPHEMERAL_WRAP);
        if !wrap || job.invited.is_empty() || job.authenticated.iter().any(|key| members.knows(key, now)) {
            return Ok(());
        }
        let view = members.view(now);
        let Some(inbox) = p_tag(verified.event(), 0) else { return Ok(()) };
        if view.agents().iter().any(|agent| agent.key == inbox) {
            return Ok(());
        }
        let invited_by = |hash: &[u8; 32]| view.invitation(hash).is_some_and(|found| found.author == inbox);
        let Some((_, hash)) = job.invited.iter().find(|(_, hash)| invited_by(hash)) else { return Ok(()) };
        match self.shared.store.spend(Space::Invitation, hash, 1, INVITED_WRAPS_MAX).await {
            Ok(true) => Ok(()),
            Ok(false) => Err(Refusal::Quota),
            Err(error) => Err(refusal_of(&error)),
        }
    }

    /// A refusal, unless the author sends again what is stored already (its OK was lost, and the
    /// time or the epoch has moved on meanwhile): that is a duplicate.
    async fn refuse(&self, job: &Job, verified: &Verified, refusal: Refusal) {
        let author = verified.event().pubkey;
        let known = job.authenticated.contains(&author)
            && self.own_kinds(&[verified.id()], author).await.is_ok_and(|kinds| !kinds.is_empty());
        if !known && matches!(refusal, Refusal::ClinicalDelete | Refusal::ClinicalVanish) {
            // Who asked is for the audit to say, never for the log.
            log::warn!("a request to delete health records was refused (kind {})", verified.kind());
        }
        answer(job, if known { Ok(Fate::Duplicate) } else { Err(refusal) });
    }

    /// Appends in one go and answers each; what became stale is decided again.
    async fn store_plain(&self, mut pending: Vec<Pending>) {
        for _ in 0..STALE_TRIES {
            if pending.is_empty() {
                return;
            }
            let batch = pending.iter().map(|p| store::admitted(&p.verified, &p.admission, p.at)).collect();
            let outcomes = match self.shared.store.append(batch).await {
                Ok(outcomes) => outcomes,
                Err(error) => {
                    let refusal = refusal_of(&error);
                    pending.iter().for_each(|p| answer(&p.job, Err(refusal)));
                    return;
                }
            };
            let mut stale = Vec::new();
            for (pending, outcome) in pending.into_iter().zip(outcomes) {
                match fate(outcome) {
                    Some(fate) => answer(&pending.job, fate),
                    None => stale.push(pending),
                }
            }
            self.shared.due.notify_one();
            pending = self.decide_again(stale).await;
        }
        pending.iter().for_each(|p| answer(&p.job, Err(Refusal::Storage)));
    }

    async fn decide_again(&self, stale: Vec<Pending>) -> Vec<Pending> {
        let mut again = Vec::new();
        if !stale.is_empty() {
            self.catch_up().await;
        }
        for pending in stale {
            match self.decide(&pending.job, &pending.verified).await {
                Ok((admission, at)) => again.push(Pending { admission, at, ..pending }),
                Err(refusal) => self.refuse(&pending.job, &pending.verified, refusal).await,
            }
        }
        again
    }

    /// Waits until the member table stands where the store does.
    async fn catch_up(&self) {
        if let Ok(head) = self.shared.store.head().await {
            self.shared.members_at(head.m).await;
        }
    }

    async fn announce(&self, mut pending: Pending) {
        for _ in 0..STALE_TRIES {
            let batch = vec![store::admitted(&pending.verified, &pending.admission, pending.at)];
            match self.shared.store.announce(batch).await {
                Ok(outcomes) if outcomes.first() == Some(&Outcome::Stale) => {
                    let Some(again) = self.decide_again(vec![pending]).await.pop() else { return };
                    pending = again;
                }
                Ok(_) => return answer(&pending.job, Ok(Fate::HandedOver)),
                Err(error) => return answer(&pending.job, Err(refusal_of(&error))),
            }
        }
        answer(&pending.job, Err(Refusal::Storage));
    }

    /// A policy event of a member, with the receipts that name it.
    async fn store_policy(&self, pending: Pending) {
        let Pending { job, verified, .. } = pending;
        for _ in 0..STALE_TRIES {
            match self.own_kinds(&[verified.id()], verified.event().pubkey).await {
                Ok(stored) if !stored.is_empty() => return answer(&job, Ok(Fate::Duplicate)),
                Ok(_) => {}
                Err(error) => return answer(&job, Err(refusal_of(&error))),
            }
            // Time stands from the decision to the commit, so that the receipt names the right one.
            let held = self.shared.stamp.hold();
            let (admission, at) = match self.decide(&job, &verified).await {
                Ok(decided) => decided,
                Err(refusal) => return answer(&job, Err(refusal)),
            };
            let events = [policy::Entry { verified: &verified, admission: &admission }];
            let stored = self.append_policy(&events, at, &held).await;
            // A registration is due in its patient's chain as well.
            self.shared.due.notify_one();
            match stored {
                Ok(outcomes) => match outcomes.first().and_then(|outcome| fate(*outcome)) {
                    Some(fate) => return answer(&job, fate),
                    None => self.catch_up().await,
                },
                Err(StoreError::NotAll { index: 0, outcome }) => {
                    return answer(&job, fate(outcome).unwrap_or(Err(Refusal::Storage)));
                }
                Err(StoreError::Conflict | StoreError::Stale(_)) => self.catch_up().await,
                Err(error) => return answer(&job, Err(refusal_of(&error))),
            }
        }
        answer(&job, Err(Refusal::Storage));
    }

    async fn perform(&self, request: Request) -> Reply {
        match request {
            Request::Claim { practice } => self.claim(&practice).await,
            Request::Append { events } => self.append_ceremony(&events).await,
            Request::Import { events } => self.import(&events).await,
            Request::History { after } => self.history(after).await,
            Request::State => self.state().await,
        }
    }
}

/// The answer that an outcome stands for; none when it must be decided again.
fn fate(outcome: Outcome) -> Option<Result<Fate, Refusal>> {
    match outcome {
        Outcome::Stored { .. } => Some(Ok(Fate::Stored)),
        Outcome::Duplicate => Some(Ok(Fate::Duplicate)),
        Outcome::Superseded => Some(Err(Refusal::Superseded)),
        Outcome::Deleted => Some(Err(Refusal::Deleted)),
        Outcome::OverQuota => Some(Err(Refusal::Quota)),
        Outcome::Stale => None,
    }
}

fn answer(job: &Job, fate: Result<Fate, Refusal>) {
    job.from.session().handle_admitted(&job.id, job.json.len(), fate);
    job.from.wake();
}

/// The ceremony's answer when nothing was stored.
fn refused(index: usize, refusal: Refusal) -> Reply {
    Reply::Refused { index, code: refusal.code().to_owned(), text: refusal.text().to_owned() }
}
