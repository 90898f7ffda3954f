//! Who may do what: a fold over signed policy, followed from the relay. Of the relay it believes order and time; of an
//! event only what its signature proves.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use relaybox_process::clock::Clock;
use relaybox_process::files;
use relaybox_process::rpc::line::LineError;
use relaybox_process::rpc::policy::{PolicyClient, Said};
use relaybox_process::shutdown;
use relaybox_protocol::PublicKey;
use relaybox_protocol::event::{EVENT_BYTES_MAX, Verified, key_from_hex};
use relaybox_protocol::policy::{Policy, View};
use tokio::sync::watch;

/// The relay says where it stands each second; after this long without a word nobody may do anything here.
const SILENT_SECONDS_MAX: u64 = 10;
/// Pause before the relay is tried again.
const RETRY: Duration = Duration::from_secs(1);

/// Policy at one position.
#[derive(Debug)]
pub(crate) struct Members {
    policy: Policy,
    pub(crate) at: u64,
    /// What keeps the relay from its work.
    pub(crate) failing: Vec<String>,
    /// Unix seconds at which the relay said so.
    pub(crate) heard: u64,
}

impl Members {
    pub(crate) fn view(&self, now: u64) -> View<'_> {
        self.policy.now(now)
    }
}

/// The newest members, as they come.
pub(crate) type Following = watch::Receiver<Option<Arc<Members>>>;

/// The members, if they are known and the relay has confirmed them lately.
pub(crate) fn present(following: &Following, now: u64) -> Option<Arc<Members>> {
    let members = following.borrow().clone()?;
    (now <= members.heard.saturating_add(SILENT_SECONDS_MAX)).then_some(members)
}

/// Why a relay is left.
#[derive(Debug, thiserror::Error)]
enum FollowError {
    #[error("follow the relay's policy")]
    Line(#[from] LineError),
    #[error("believe a relay that names another practice than the one of the claim")]
    Practice,
    #[error("believe an event whose signature does not hold")]
    Forged,
    #[error("keep the practice key")]
    File(#[from] std::io::Error),
}

/// Follows until the role stops.
pub(crate) async fn follow(
    socket: PathBuf,
    practice: PathBuf,
    clock: Clock,
    said: watch::Sender<Option<Arc<Members>>>,
    mut order: watch::Receiver<bool>,
) {
    let mut failing = false;
    loop {
        let ended = tokio::select! {
            ended = once(&socket, &practice, &clock, &said) => ended,
            () = shutdown::requested(&mut order) => return,
        };
        if let Err(error) = ended
            && !failing
        {
            log::warn!("failed to {}", causes(&error));
            failing = true;
        }
        tokio::select! {
            () = tokio::time::sleep(RETRY) => {}
            () = shutdown::requested(&mut order) => return,
        }
    }
}

fn causes(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |cause| cause.source());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}

/// One connection: the fold begins anew, and replaces the old one when it has reached the relay.
async fn once(
    socket: &Path,
    file: &Path,
    clock: &Clock,
    said: &watch::Sender<Option<Arc<Members>>>,
) -> Result<(), FollowError> {
    let mut client = PolicyClient::follow(socket).await?;
    let mut policy: Option<Policy> = None;
    loop {
        match client.next().await? {
            Said::Practice { practice } => {
                let key = key_from_hex(&practice).ok_or(FollowError::Practice)?;
                pin(file, &key)?;
                policy = Some(Policy::new(key));
            }
            Said::Event { seq, received, event } => {
                let event = Verified::parse(event.get(), EVENT_BYTES_MAX).map_err(|_| FollowError::Forged)?;
                let Some(policy) = &mut policy else { continue };
                // Imported events are not said here: that one names this patient, the relay has seen.
                if let Some(subject) = Policy::imported_subject(event.event()) {
                    policy.note_import(subject);
                }
                if let Err(refusal) = policy.apply(event.event(), seq, received) {
                    log::debug!("policy event {seq} does not count: {}", refusal.code());
                }
            }
            Said::Reached { at, failing } => {
                let Some(policy) = &policy else { continue };
                let members = Members { policy: policy.clone(), at, failing, heard: clock.now() };
                said.send_replace(Some(Arc::new(members)));
            }
        }
    }
}

/// P of the claim never changes: the first one heard is kept, another one is not believed.
fn pin(file: &Path, key: &PublicKey) -> Result<(), FollowError> {
    match files::read(file)? {
        Some(text) if key_from_hex(text.trim_end()) == Some(*key) => Ok(()),
        Some(_) => Err(FollowError::Practice),
        None => Ok(files::write(file, 0o600, format!("{}\n", key.to_hex()).as_bytes())?),
    }
}
