//! The vault over its socket, the ceremony's own process, the slot's helper and software security keys.

use std::path::Path;

use relaybox_process::rpc::ceremony::CeremonyClient;
use relaybox_protocol::permissions::Role;
use relaybox_protocol::random::Random;
use relaybox_protocol::{Event, Keys, PublicKey};
use relaybox_tests::dev::{DevBox, copy_folder};
use relaybox_tests::vault::{Hand, SoftKeys, join};
use serde_json::json;
use tempfile::TempDir;

mod clock;
mod console;
mod demo;
mod epochs;
mod families;
mod hostile;
mod journey;
mod operate;
mod panel;
mod practice;
mod reading;
mod recovery;
mod secrets;
mod staff;
mod succession;

/// An unclaimed box whose slot has software keys.
struct Unclaimed {
    started: DevBox,
    keys: SoftKeys,
    folder: TempDir,
}

impl Unclaimed {
    fn start(vault: &str) -> Self {
        let folder = TempDir::new().unwrap();
        let keys = SoftKeys::over(&folder.path().join("keys")).unwrap();
        write_config(folder.path(), &keys, vault);
        Self { started: start_box(folder.path()), keys, folder }
    }

    fn hand(&self) -> Hand<'_> {
        Hand::at(self.started.folder(), &self.keys)
    }
}

/// A claimed box: a copy of one that was claimed once for all tests of this program.
struct Claimed {
    started: DevBox,
    keys: SoftKeys,
    owner: Keys,
    practice: PublicKey,
    /// The 24 recovery words.
    words: String,
    /// The 24 words of the next practice key.
    next_words: String,
    folder: TempDir,
}

/// The claimed box that the others are copies of.
struct Template {
    folder: TempDir,
    owner: Keys,
    practice: PublicKey,
    words: String,
    next_words: String,
}

impl Claimed {
    fn start(vault: &str) -> Self {
        let template = template();
        let folder = TempDir::new().unwrap();
        copy_folder(template.folder.path(), folder.path()).unwrap();
        let keys = SoftKeys::over(&folder.path().join("keys")).unwrap();
        write_config(folder.path(), &keys, vault);
        let started = start_box(folder.path());
        let (owner, practice) = (template.owner.clone(), template.practice);
        let (words, next_words) = (template.words.clone(), template.next_words.clone());
        Self { started, keys, owner, practice, words, next_words, folder }
    }

    /// Starts the box again over the same folder; it was stopped before.
    fn restart(&mut self) {
        self.started = start_box(self.folder.path());
    }

    fn hand(&self) -> Hand<'_> {
        Hand::at(self.started.folder(), &self.keys)
    }

    async fn history(&self) -> Vec<Event> {
        history(&self.started).await
    }
}

/// Claimed once, by whichever test comes first, in a thread that may block.
fn template() -> &'static Template {
    static TEMPLATE: std::sync::OnceLock<Template> = std::sync::OnceLock::new();
    TEMPLATE.get_or_init(|| {
        std::thread::spawn(|| {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(claim_once())
        })
        .join()
        .unwrap()
    })
}

async fn claim_once() -> Template {
    let mut unclaimed = Unclaimed::start("");
    let owner = Random::os().keys();
    let held = unclaimed.hand().claim(&owner, &mut |_| true).await.unwrap();
    held.done().unwrap();
    let practice = unclaimed.hand().state().await.unwrap().practice.unwrap();
    let practice = PublicKey::from_hex(&practice).unwrap();
    unclaimed.started.terminate().unwrap();
    let (words, next_words) = (held.words("recovery"), held.words("succession"));
    Template { folder: unclaimed.folder, owner, practice, words, next_words }
}

fn write_config(folder: &Path, keys: &SoftKeys, vault: &str) {
    let helper = keys.helper();
    let text = format!("[vault]\nslot_helper = {helper:?}\nsoft = true\n{vault}\n");
    std::fs::write(folder.join("relaybox.toml"), text).unwrap();
}

fn start_box(folder: &Path) -> DevBox {
    let config = folder.join("relaybox.toml");
    DevBox::start(&folder.join("data"), &["--config", config.to_str().unwrap()]).unwrap()
}

/// Policy events and receipts that the relay holds, in arrival order.
async fn history(started: &DevBox) -> Vec<Event> {
    let mut relay = CeremonyClient::connect(&started.folder().join("run/ceremony.sock")).await.unwrap();
    let (events, _) = relay.history(0).await.unwrap();
    events.iter().map(|event| serde_json::from_str(event.get()).unwrap()).collect()
}

fn of_kind(events: &[Event], kind: u16) -> usize {
    events.iter().filter(|event| event.kind.as_u16() == kind).count()
}

fn files_of(folder: &Path) -> Vec<String> {
    let names = std::fs::read_dir(folder).unwrap();
    let mut names: Vec<String> =
        names.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}
