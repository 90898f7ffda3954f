//! The demo's sealed file, for `relaybox dev` alone: its practice's key is public, so that it may be made without a
//! ceremony; its slot keys are programs.

use std::path::Path;

use relaybox_process::rpc::slot::Key;
use relaybox_protocol::random::Random;

use super::state::{State, StateError};
use crate::contents::Contents;
use crate::envelope::{self, EnvelopeError, Opener, SLOT_KEYS_MIN, SlotAnswer};
use crate::pin::{Pin, PinError};
use crate::prf::Nonce;
use crate::slot::{Enrol, Question, Slot, SlotFault};
use crate::wire::SlotKey;
use crate::words::{Purpose, RecoveryWords};

/// What a demo's vault is made of. All of it is public.
pub struct DemoVault<'a> {
    /// The role's state directory; the role does not run yet.
    pub state: &'a Path,
    /// The slot's helper.
    pub helper: &'a Path,
    pub contents: Contents,
    pub words: &'a RecoveryWords,
    /// Of both slot keys; set on a key that has none.
    pub pin: &'a str,
    /// Unix seconds.
    pub now: u64,
}

/// Why a demo was not sealed. Nothing was kept then.
#[derive(Debug, thiserror::Error)]
pub enum DemoVaultError {
    #[error(transparent)]
    State(#[from] StateError),
    #[error(transparent)]
    Slot(#[from] SlotFault),
    #[error("seal the demo: {0} keys are in the slot and not two")]
    Keys(usize),
    #[error("seal the demo: the vault holds another practice's key")]
    Other,
    #[error(transparent)]
    Pin(#[from] PinError),
    #[error(transparent)]
    Envelope(#[from] EnvelopeError),
}

/// Seals the demo's keys to the two security keys that are in the slot. A demo that is sealed already stays as it is.
///
/// # Errors
/// When there are not two keys, one does not take PIN or credential, or the vault belongs to another practice.
pub async fn seal_demo(demo: DemoVault<'_>) -> Result<(), DemoVaultError> {
    let mut state = State::open(demo.state)?;
    let practice = demo.contents.practice.public_key();
    if state.kept.claimed {
        let same = state.kept.practice == Some(practice);
        return if same { Ok(()) } else { Err(DemoVaultError::Other) };
    }
    let slot = Slot::new(demo.helper);
    let keys = slot.list().await?;
    if keys.len() != SLOT_KEYS_MIN {
        return Err(DemoVaultError::Keys(keys.len()));
    }
    let (mut listed, mut answers) = (Vec::new(), Vec::new());
    for (key, label) in keys.iter().zip(["demo one", "demo two"]) {
        let enrolled = enrol(&slot, key, label, &state.rp(), &demo).await?;
        listed.push(enrolled.0);
        answers.push(enrolled.1);
    }
    let words = demo.words.identity(Purpose::Vault);
    let sealed = envelope::seal(&demo.contents, &answers, &words.to_public())?;
    for answer in &answers {
        envelope::open(&sealed, &Opener::SlotKey(answer))?;
    }
    state.replace(&sealed, listed, practice)?;
    state.change(|kept| kept.claimed = true)?;
    Ok(())
}

async fn enrol(
    slot: &Slot,
    key: &Key,
    label: &str,
    rp: &str,
    demo: &DemoVault<'_>,
) -> Result<(SlotKey, SlotAnswer), DemoVaultError> {
    let look = slot.look(&key.key).await?;
    let pin = Pin::parse(demo.pin, look.pin_least)?;
    if !look.pin_set {
        slot.set_pin(&key.key, &pin).await?;
    }
    let mut random = Random::os();
    let (user, challenge) = (random.bytes32(), random.bytes32());
    let asked = Enrol { rp, user, label, exclude: &[], challenge };
    let credential = slot.make(&key.key, asked, &pin, || ()).await?;
    let nonce = Nonce::new(&mut random);
    let question =
        Question { rp, credential: &credential.id, salts: nonce.salts(), challenge: random.bytes32() };
    let answer = slot.secret(&key.key, question, &pin, || ()).await?;
    let listed = SlotKey {
        label: label.to_owned(),
        credential: credential.id,
        public_key: credential.public_key,
        nonce: nonce.to_text(),
        aaguid: look.aaguid,
        added: demo.now,
    };
    Ok((listed, SlotAnswer { nonce, output: answer.output }))
}
