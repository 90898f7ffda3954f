//! The vault over its socket, the ceremony's own process, the slot's helper and software security keys.

use std::path::Path;

use relaybox_process::rpc::ceremony::CeremonyClient;
use relaybox_protocol::permissions::Role;
use relaybox_protocol::random::Random;
use relaybox_protocol::{Event, Keys, PublicKey};
use relaybox_tests::dev::DevBox;
use relaybox_tests::vault::{Hand, Held, SoftKeys, join};
use serde_json::json;
use tempfile::TempDir;

mod journey;

/// An unclaimed box whose slot has software keys.
struct Unclaimed {
    started: DevBox,
    keys: SoftKeys,
    _folder: TempDir,
}

impl Unclaimed {
    fn start(vault: &str) -> Self {
        let keys = SoftKeys::start().unwrap();
        let folder = TempDir::new().unwrap();
        let config = folder.path().join("relaybox.toml");
        let helper = keys.helper();
        std::fs::write(&config, format!("[vault]\nslot_helper = {helper:?}\nsoft = true\n{vault}\n"))
            .unwrap();
        let data = folder.path().join("data");
        let started = DevBox::start(&data, &["--config", config.to_str().unwrap()]).unwrap();
        Self { started, keys, _folder: folder }
    }

    fn hand(&self) -> Hand<'_> {
        Hand::at(self.started.folder(), &self.keys)
    }

    /// Kinds of the policy events and receipts that the relay holds, in arrival order.
    async fn history(&self) -> Vec<Event> {
        let socket = self.started.folder().join("run/ceremony.sock");
        let mut relay = CeremonyClient::connect(&socket).await.unwrap();
        let (events, _) = relay.history(0).await.unwrap();
        events.iter().map(|event| serde_json::from_str(event.get()).unwrap()).collect()
    }
}

/// A claimed box, its owner's keys and P.
async fn claimed(vault: &str) -> (Unclaimed, Keys, PublicKey, Held) {
    let unclaimed = Unclaimed::start(vault);
    let owner = Random::os().keys();
    let held = unclaimed.hand().claim(&owner, &mut |_| true).await.unwrap();
    held.done().unwrap();
    let practice = unclaimed.hand().state().await.unwrap().practice.unwrap();
    (unclaimed, owner, PublicKey::from_hex(&practice).unwrap(), held)
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
