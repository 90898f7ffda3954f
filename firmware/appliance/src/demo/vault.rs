//! The demo's vault: P and v sealed to two software security keys and to 24 words, all of them public.

use std::path::Path;

use relaybox_process::config::VaultConfig;
use relaybox_vault::contents::Contents;
use relaybox_vault::words::{RecoveryWords, WordsError};
use relaybox_vault::{DemoVaultError, seal_demo};
use serde::Serialize;

use super::seed::Seed;

/// PIN of both keys.
const PIN: &str = "demo1234";

/// What opens the demo's vault, told at each start.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DemoVault {
    /// Of both slot keys.
    pub pin: String,
    /// The 24 recovery words.
    pub words: String,
}

/// Why there is none.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SealError {
    #[error(transparent)]
    Words(#[from] WordsError),
    #[error(transparent)]
    Seal(#[from] DemoVaultError),
}

/// Seals the demo of this seed and name into the state directory of a vault that does not run yet, or finds it sealed.
///
/// # Errors
/// When the slot does not have two keys that take the demo's PIN, or the vault belongs to somebody else.
pub(crate) async fn seal(
    seed: [u8; 32],
    name: Option<&str>,
    state: &Path,
    config: &VaultConfig,
    now: u64,
) -> Result<DemoVault, SealError> {
    let seed = Seed::of(seed, name);
    let words = RecoveryWords::generate(&mut seed.random("recovery words"))?;
    let contents = Contents { practice: seed.keys("practice"), escrow: seed.keys("escrow"), legacy: None };
    let demo = relaybox_vault::DemoVault {
        state,
        helper: &config.slot_helper,
        contents,
        words: &words,
        pin: PIN,
        now,
    };
    seal_demo(demo).await?;
    let words: Vec<&str> = words.words().collect();
    Ok(DemoVault { pin: PIN.to_owned(), words: words.join(" ") })
}
