//! The relay as a process of its own, `relaybox relay`, over a folder that outlives it: started,
//! killed and started again on the same data.

use std::ffi::OsString;
use std::fs::OpenOptions;
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use relaybox_process::rpc::ceremony::CeremonyClient;
use relaybox_protocol::{Event, Keys};
use serde_json::value::RawValue;

use crate::client::Client;
use crate::dev::binary;

/// What clients call the relay.
pub const HOST: &str = "relay.test";
/// Steps in which the start is looked at, and how many of them a start may take.
const STEP: Duration = Duration::from_millis(500);
const STEPS_MAX: u32 = 240;

/// A running relay.
#[derive(Debug)]
pub struct RelayRole {
    child: Child,
    folder: PathBuf,
}

/// Makes what the relay needs in an empty folder: its configuration, state and box key.
///
/// # Errors
/// When a file cannot be written.
pub fn furnish(folder: &Path, receipts_box: &Keys, relay: &str) -> Result<()> {
    for name in ["state", "credentials"] {
        std::fs::create_dir_all(folder.join(name))?;
    }
    let key = receipts_box.secret_key().to_secret_hex();
    std::fs::write(folder.join("credentials/receipts.key"), format!("{key}\n"))?;
    let config = format!("[relay]\naudit = false\n{relay}\n");
    Ok(std::fs::write(folder.join("relaybox.toml"), config)?)
}

/// Where a role finds what it needs, and where its log is written.
#[derive(Debug, Clone, Copy)]
pub struct Places<'a> {
    pub config: &'a Path,
    pub state: &'a Path,
    pub credentials: &'a Path,
    pub sockets: &'a Path,
    pub log: &'a Path,
}

/// Any role as a process of its own.
#[derive(Debug)]
pub struct RoleProcess(pub Child);

impl RoleProcess {
    /// Starts it and waits until it says that it is ready.
    ///
    /// # Errors
    /// When it does not become ready; the message holds what it said.
    pub fn start(name: &str, places: &Places<'_>, environment: &[(&str, OsString)]) -> Result<Self> {
        let place = places.log.join(format!("notify-{name}"));
        let _ = std::fs::remove_file(&place);
        let notify = UnixDatagram::bind(&place)?;
        notify.set_read_timeout(Some(STEP))?;
        let path = places.log.join(format!("{name}.log"));
        let log = OpenOptions::new().create(true).append(true).open(&path)?;
        let mut command = Command::new(binary()?);
        command.arg(name).arg("--config").arg(places.config).arg("--state").arg(places.state);
        command.arg("--credentials").arg(places.credentials).arg("--sockets").arg(places.sockets);
        command.env("NOTIFY_SOCKET", &place).envs(environment.iter().cloned());
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
        let mut child = command.spawn()?;
        let mut said = [0; 64];
        for _ in 0..STEPS_MAX {
            match notify.recv(&mut said) {
                Ok(length) if &said[..length] == b"READY=1\n" => return Ok(Self(child)),
                Ok(length) => bail!("the {name} said {:?}", &said[..length]),
                Err(_) => {
                    if let Some(status) = child.try_wait()? {
                        bail!("the {name} ended with {status}; it said: {}", std::fs::read_to_string(&path)?);
                    }
                }
            }
        }
        let _ = child.kill();
        bail!("the {name} is not ready in time; it said: {}", std::fs::read_to_string(&path)?)
    }

    /// SIGTERM, and the end.
    ///
    /// # Errors
    /// When it cannot be signalled.
    pub fn terminate(mut self) -> Result<ExitStatus> {
        let pid = rustix::process::Pid::from_child(&self.0);
        rustix::process::kill_process(pid, rustix::process::Signal::TERM)?;
        Ok(self.0.wait()?)
    }
}

impl RelayRole {
    /// Starts the relay over a furnished folder and waits until it says that it is ready.
    ///
    /// # Errors
    /// When it does not become ready; the message holds what it said.
    pub fn start(folder: &Path, environment: &[(&str, OsString)]) -> Result<Self> {
        let places = Places {
            config: &folder.join("relaybox.toml"),
            state: &folder.join("state"),
            credentials: &folder.join("credentials"),
            sockets: folder,
            log: folder,
        };
        let RoleProcess(child) = RoleProcess::start("relay", &places, environment)?;
        Ok(Self { child, folder: folder.to_path_buf() })
    }

    /// Everything logged in this folder so far.
    ///
    /// # Errors
    /// When the log cannot be read.
    pub fn log(&self) -> Result<String> {
        Ok(std::fs::read_to_string(self.folder.join("relay.log"))?)
    }

    /// The relay's process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// SIGKILL, and the end.
    ///
    /// # Errors
    /// When it cannot be signalled.
    pub fn kill(&mut self) -> Result<ExitStatus> {
        self.child.kill()?;
        Ok(self.child.wait()?)
    }

    /// SIGTERM, and the end.
    ///
    /// # Errors
    /// When it cannot be signalled.
    pub fn terminate(&mut self) -> Result<ExitStatus> {
        let pid = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(pid, rustix::process::Signal::TERM)?;
        Ok(self.child.wait()?)
    }

    /// A client that came through the gateway's socket and logged in.
    ///
    /// # Errors
    /// When the relay refuses the key.
    pub async fn login(&self, keys: &Keys) -> Result<Client> {
        let mut client = Client::behind_the_gateway(&self.folder.join("relay.sock"), HOST).await?;
        let (accepted, text) = client.auth(keys).await?;
        if !accepted {
            bail!("login refused: {text}");
        }
        Ok(client)
    }

    /// The relay's second socket.
    ///
    /// # Errors
    /// When nothing listens there.
    pub async fn ceremony(&self) -> Result<CeremonyClient> {
        Ok(CeremonyClient::connect(&self.folder.join("ceremony.sock")).await?)
    }

    /// Holds a ceremony: one transaction. Gives the arrival numbers; a duplicate has none.
    ///
    /// # Errors
    /// When it is refused or the connection fails.
    pub async fn append(&self, events: &[Event]) -> Result<Vec<Option<u64>>> {
        let stored = self.ceremony().await?.append(raw(events)?).await?;
        Ok(stored.into_iter().map(|(_, seq)| seq).collect())
    }

    /// `relaybox store check` beside the running relay.
    ///
    /// # Errors
    /// When it finds a fault; the message is what it said.
    pub fn check(&self) -> Result<()> {
        check(&self.folder.join("state"))
    }
}

impl Drop for RelayRole {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Events as a ceremony takes them.
///
/// # Errors
/// Never for a signed event.
pub fn raw(events: &[Event]) -> Result<Vec<Box<RawValue>>> {
    events.iter().map(|event| Ok(RawValue::from_string(event.as_json())?)).collect()
}

/// `relaybox store check` of a state directory.
///
/// # Errors
/// When it finds a fault; the message is what it said.
pub fn check(state: &Path) -> Result<()> {
    let output = Command::new(binary()?).args(["store", "check", "--data"]).arg(state).output()?;
    if !output.status.success() {
        let said = [output.stdout, output.stderr].concat();
        bail!("{}", String::from_utf8(said).context("the check speaks UTF-8")?);
    }
    Ok(())
}
