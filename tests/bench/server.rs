//! The real binary as its own process, and what the kernel says of it.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use relaybox_process::clock::Clock;
use relaybox_process::rpc::ceremony::CeremonyClient;
use relaybox_protocol::{Keys, PublicKey, SecretKey};
use relaybox_tests::dev::{DevBox, binary};

use crate::practice::Practice;
use crate::wire::{Door, Wire};

/// Ticks of `/proc/<pid>/stat` in a second (proc(5); 100 on every Linux that users see).
const TICKS: f64 = 100.0;
/// A role that does not answer after this long never will.
const START_SECONDS: u64 = 60;

/// Limits that a bench would otherwise measure, and receipts within the seconds that are timed;
/// everything else as configured by default.
const CONFIG: &str = "[relay]\nevents_per_minute_per_key = 60_000_000\nconnections_per_address_max = 2_000\n\
receipt_seconds = 1\nreceipt_seconds_loaded = 1\n\n[gateway]\nconnections_per_address_max = 2_000\n\n[log]\nlevel = \"warn\"\n";

/// Where the bench keeps its box.
pub(crate) struct Place {
    pub(crate) data: PathBuf,
    config: PathBuf,
}

impl Place {
    /// `more` goes to the end of the configuration.
    pub(crate) fn new(folder: &Path, more: &str) -> Result<Self> {
        let config = folder.join("relaybox.toml");
        std::fs::write(&config, format!("{CONFIG}\n{more}"))?;
        Ok(Self { data: folder.join("data"), config })
    }

    /// All roles in one process.
    pub(crate) fn dev(&self, more: &[&str]) -> Result<DevBox> {
        let config = self.config.to_str().context("a folder's name is text")?;
        DevBox::start(&self.data, &[&["--config", config], more].concat())
    }

    /// Makes the practice in a fresh box.
    pub(crate) async fn practice(&self, patients: usize) -> Result<Practice> {
        let text = std::fs::read_to_string(self.data.join("credentials/receipts.key"))?;
        let box_key: PublicKey = Keys::new(SecretKey::from_hex(text.trim_end())?).public_key();
        let mut ceremony = CeremonyClient::connect(&self.data.join("run/ceremony.sock")).await?;
        Practice::make(&mut ceremony, &box_key, patients).await
    }

    /// The relay role alone, over the same state; there is no audit beside it.
    pub(crate) fn relay(&self) -> Result<Relay> {
        let alone = self.config.with_extension("alone.toml");
        std::fs::write(&alone, CONFIG.replace("[relay]\n", "[relay]\naudit = false\n"))?;
        let sockets = self.data.join("run");
        let child = Command::new(binary()?)
            .arg("relay")
            .args([Path::new("--config"), &alone, Path::new("--state"), &self.data.join("relay")])
            .args([Path::new("--credentials"), &self.data.join("credentials")])
            .args([Path::new("--sockets"), &sockets])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .context("start relaybox relay")?;
        let door = Door::Unix { url: "wss://bench.test".to_owned(), path: sockets.join("relay.sock") };
        Ok(Relay { child, door })
    }

    /// What the box said on its standard error.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.data.with_extension("log")).unwrap_or_default()
    }

    /// Bytes of the store's files.
    pub(crate) fn stored_bytes(&self) -> Result<u64> {
        let mut sum = 0;
        for entry in std::fs::read_dir(self.data.join("relay"))? {
            sum += entry?.metadata()?.len();
        }
        Ok(sum)
    }
}

/// `relaybox relay` as a child.
pub(crate) struct Relay {
    child: Child,
    pub(crate) door: Door,
}

impl Relay {
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Waits until a connection is accepted and greeted.
    pub(crate) async fn greeted(&mut self) -> Result<()> {
        let clock = Clock::System;
        let start = clock.instant();
        let mut tries = tokio::time::interval(Duration::from_micros(200));
        loop {
            tries.tick().await;
            if Wire::open(&self.door).await.is_ok() {
                return Ok(());
            }
            if let Some(status) = self.child.try_wait()? {
                bail!("the relay ended: {status}");
            }
            if clock.instant() - start > Duration::from_secs(START_SECONDS) {
                bail!("the relay does not answer");
            }
        }
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        // SIGKILL: nothing is waited for, and the store is made for it.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// CPU seconds, user and system, of a process with all its threads.
pub(crate) fn cpu_seconds(pid: u32) -> Result<f64> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat"))?;
    // The name may hold anything, and ends at the last parenthesis.
    let fields: Vec<&str> = stat.rsplit_once(')').context("a stat line")?.1.split_whitespace().collect();
    let ticks =
        |at: usize| fields.get(at).and_then(|field| field.parse::<f64>().ok()).context("a stat field");
    Ok((ticks(11)? + ticks(12)?) / TICKS)
}

/// Resident kilobytes of a process: all of it, and what is not backed by a file.
pub(crate) fn resident_kb(pid: u32) -> Result<(f64, f64)> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
    let value = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name))?;
        line.split_whitespace().next()?.parse::<f64>().ok()
    };
    value("VmRSS:").zip(value("RssAnon:")).context("a resident size")
}

/// Cores, model, commit and profile.
pub(crate) fn machine() -> String {
    let info = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model =
        info.lines().find(|line| line.starts_with("model name")).and_then(|line| line.split_once(':'));
    let model = model.map_or("unknown processor", |(_, model)| model.trim());
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let commit = Command::new("git").args(["describe", "--always", "--dirty"]).output();
    let commit = commit.map(|out| String::from_utf8_lossy(&out.stdout).trim().to_owned()).unwrap_or_default();
    let profile = if cfg!(debug_assertions) { "dev" } else { "release" };
    format!("{cores} cores of {model}, commit {commit}, profile {profile}")
}

/// The machine's load averages over 1, 5 and 15 minutes.
pub(crate) fn load() -> String {
    let text = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split_whitespace().take(3).collect::<Vec<_>>().join(" ")
}
