//! `relaybox dev` as a child process: start, read its ready line, stop or kill it.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::OnceLock;
use std::sync::mpsc;
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail};
use relaybox_protocol::{Keys, PublicKey, SecretKey};
use serde::Deserialize;
use tempfile::TempDir;

/// A box that has not answered after this long never will. Its first start publishes a whole practice.
const READY_MAX: Duration = Duration::from_secs(300);

/// The line that `relaybox dev --json` prints when it is ready. It grows by fields and changes none.
#[derive(Debug, Clone, Deserialize)]
pub struct Ready {
    pub ready: bool,
    pub origins: serde_json::Value,
    /// `wss://…`
    pub relay: String,
    /// `ws://…`, with `--plain-relay` only.
    pub relay_plain: Option<String>,
    /// The certificate of the box's authority, in PEM.
    pub ca: PathBuf,
    /// The practice key, hex.
    pub practice: Option<String>,
    pub epochs: Vec<Epoch>,
    pub persons: Vec<Person>,
}

/// The public keys of one epoch, hex.
#[derive(Debug, Clone, Deserialize)]
pub struct Epoch {
    pub n: u64,
    pub desk: String,
    pub chart: String,
    pub confidential: String,
}

/// A person of the demo practice.
#[derive(Debug, Clone, Deserialize)]
pub struct Person {
    pub name: String,
    /// `doctor`, `nurse`, `ma`, `frontdesk`, `agent`, `guardian` or `patient`.
    pub role: String,
    pub pubkey: String,
    /// Hex; null when it was thrown away.
    pub secret: Option<String>,
    /// T of each child of a guardian, hex.
    #[serde(default)]
    pub children: Vec<String>,
}

impl Person {
    /// The person's key pair.
    ///
    /// # Errors
    /// When the secret was thrown away.
    pub fn keys(&self) -> Result<Keys> {
        let secret = self.secret.as_deref().with_context(|| format!("{} has no secret", self.name))?;
        Ok(Keys::new(SecretKey::from_hex(secret)?))
    }

    /// The person's public key.
    ///
    /// # Errors
    /// When the line holds no key.
    pub fn key(&self) -> Result<PublicKey> {
        Ok(PublicKey::from_hex(&self.pubkey)?)
    }
}

impl Ready {
    /// The persons of a role.
    pub fn role<'a>(&'a self, role: &'a str) -> impl Iterator<Item = &'a Person> {
        self.persons.iter().filter(move |person| person.role == role)
    }

    /// The first person of a role who holds a secret.
    ///
    /// # Errors
    /// When there is none.
    pub fn one(&self, role: &str) -> Result<&Person> {
        self.persons
            .iter()
            .find(|person| person.role == role && person.secret.is_some())
            .with_context(|| format!("no {role} with a secret"))
    }

    /// The relay's plain WebSocket.
    ///
    /// # Errors
    /// When the box was started without `--plain-relay`.
    pub fn plain(&self) -> Result<&str> {
        self.relay_plain.as_deref().context("no plain relay")
    }
}

/// A running box.
#[derive(Debug)]
pub struct DevBox {
    child: Child,
    pub ready: Ready,
    /// The ready line as it was printed.
    pub line: String,
    folder: PathBuf,
    /// Kept while the box runs, unless the folder is the caller's.
    _own: Option<TempDir>,
}

impl DevBox {
    /// A box without a practice, in a folder of its own.
    ///
    /// # Errors
    /// When it does not come up.
    pub fn empty() -> Result<Self> {
        let own = TempDir::new()?;
        let folder = own.path().to_path_buf();
        let mut started = Self::start(&folder, &["--empty"])?;
        started._own = Some(own);
        Ok(started)
    }

    /// A box with the demo practice, in a folder of its own: a copy of one that was made once.
    ///
    /// # Errors
    /// When it does not come up.
    pub fn demo() -> Result<Self> {
        let own = TempDir::new()?;
        let mut started = Self::demo_in(&own.path().join("data"), &[])?;
        started._own = Some(own);
        Ok(started)
    }

    /// A box with the demo practice in a new `folder`: a copy of the one that was made once, with these arguments.
    ///
    /// # Errors
    /// When it does not come up.
    pub fn demo_in(folder: &Path, arguments: &[&str]) -> Result<Self> {
        copy_folder(demo_template()?, folder)?;
        Self::start(folder, &[&["--demo"], arguments].concat())
    }

    /// A box over `folder`, with these arguments beside port 0, the plain relay and `--json`.
    ///
    /// # Errors
    /// When it does not come up; the message holds what it said on stderr.
    pub fn start(folder: &Path, arguments: &[&str]) -> Result<Self> {
        std::fs::create_dir_all(folder)?;
        let log = folder.with_extension("log");
        let mut child = Command::new(binary()?)
            .args(["dev", "--json", "--listen", "127.0.0.1:0", "--plain-relay", "127.0.0.1:0", "--data"])
            .arg(folder)
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(File::create(&log)?)
            .spawn()
            .context("start relaybox dev")?;
        match ready_line(&mut child) {
            Ok(line) => {
                let ready = serde_json::from_str(&line).with_context(|| format!("read {line}"))?;
                Ok(Self { child, ready, line, folder: folder.to_path_buf(), _own: None })
            }
            Err(error) => {
                let _ = child.kill();
                let _ = child.wait();
                bail!("{error}; it said: {}", std::fs::read_to_string(&log).unwrap_or_default())
            }
        }
    }

    /// The box's process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// The data folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Asks the box to stop (SIGTERM, as Ctrl-C does) and waits for its end.
    ///
    /// # Errors
    /// When it cannot be signalled.
    pub fn terminate(&mut self) -> Result<ExitStatus> {
        rustix::process::kill_process(
            rustix::process::Pid::from_child(&self.child),
            rustix::process::Signal::TERM,
        )?;
        Ok(self.child.wait()?)
    }

    /// Kills the box (SIGKILL) and waits for its end.
    ///
    /// # Errors
    /// When it cannot be signalled.
    pub fn kill(&mut self) -> Result<ExitStatus> {
        self.child.kill()?;
        Ok(self.child.wait()?)
    }
}

impl Drop for DevBox {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The binary that `cargo build --workspace --bins --tests` leaves beside the programs of this
/// package.
///
/// # Errors
/// When it is not there.
pub fn binary() -> Result<PathBuf> {
    built("relaybox")
}

/// A program of the workspace, as built with the one that asks: a test lies in a folder below.
///
/// # Errors
/// When it is not there.
pub fn built(name: &str) -> Result<PathBuf> {
    let own = std::env::current_exe()?;
    own.ancestors()
        .skip(1)
        .take(2)
        .map(|folder| folder.join(name))
        .find(|path| path.is_file())
        .with_context(|| format!("{name} is missing: run cargo build --workspace --bins --tests"))
}

/// The first line of stdout, within the limit. The rest is read and dropped, so the box never blocks.
fn ready_line(child: &mut Child) -> Result<String> {
    let stdout = child.stdout.take().context("stdout is a pipe")?;
    let (send, receive) = mpsc::channel();
    std::thread::spawn(move || {
        let mut lines = BufReader::new(stdout);
        let mut line = String::new();
        let read = lines.read_line(&mut line);
        let _ = send.send(read.map(|_| line));
        let _ = std::io::copy(&mut lines.by_ref(), &mut std::io::sink());
    });
    let line = receive.recv_timeout(READY_MAX).context("no ready line in time")??;
    if line.is_empty() {
        bail!("the box ended before it was ready");
    }
    Ok(line.trim_end().to_owned())
}

/// A data folder with the demo practice, made once per test program: publishing it takes longer than
/// copying it. Statics are not dropped, so the folder bears the number of this process, and the next
/// program removes those of processes that are gone.
fn demo_template() -> Result<&'static Path> {
    static TEMPLATE: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    let made = TEMPLATE.get_or_init(|| make_template().map_err(|error| format!("{error:#}")));
    made.as_deref().map_err(|error| anyhow!("make the demo practice: {error}"))
}

fn make_template() -> Result<PathBuf> {
    const PREFIX: &str = "relaybox-demo-";
    let temporary = std::env::temp_dir();
    for entry in std::fs::read_dir(&temporary)?.flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let gone = name.strip_prefix(PREFIX).is_some_and(|pid| !Path::new("/proc").join(pid).exists());
        if gone {
            let _ = std::fs::remove_dir_all(entry.path());
        }
    }
    let folder = temporary.join(format!("{PREFIX}{}", std::process::id()));
    let data = folder.join("data");
    let status = DevBox::start(&data, &["--demo"])?.terminate()?;
    if !status.success() {
        bail!("the first start ended with {status}");
    }
    Ok(data)
}

/// Copies files and folders; sockets of the box that ended are left out.
///
/// # Errors
/// When a file cannot be read or written.
pub fn copy_folder(from: &Path, to: &Path) -> Result<()> {
    std::fs::create_dir_all(to)?;
    std::fs::set_permissions(to, std::fs::metadata(from)?.permissions())?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let (kind, target) = (entry.file_type()?, to.join(entry.file_name()));
        if kind.is_dir() {
            copy_folder(&entry.path(), &target)?;
        } else if kind.is_file() {
            std::fs::copy(entry.path(), &target)?;
        }
    }
    Ok(())
}
