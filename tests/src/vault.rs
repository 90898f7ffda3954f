//! Ceremonies in tests: software security keys, and a hand that does at the box what a person would do.

use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result, bail};
use relaybox_process::rpc::vault::{Reply, Request, State, Status, VaultClient};
use relaybox_protocol::event::key_from_hex;
use relaybox_protocol::keys::{KeyRole, prove};
use relaybox_protocol::nip44::ConversationKey;
use relaybox_protocol::permissions::{Role, preticked};
use relaybox_protocol::random::Random;
use relaybox_protocol::{Keys, PublicKey};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _};
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};

use crate::api::{Api, Lines};

/// PIN of every software key here.
pub const PIN: &str = "caf\u{e9}-1234";

/// A program that holds software security keys. `scripts/softkey.sh` builds it.
#[derive(Debug)]
pub struct SoftKeys {
    folder: PathBuf,
    program: Child,
}

impl SoftKeys {
    /// The keys of a folder; those that were in it before are the same keys.
    ///
    /// # Errors
    /// When the program was not built.
    pub fn over(folder: &Path) -> Result<Self> {
        let mut program = Command::new(soft_program()?)
            .arg(folder)
            .stdout(Stdio::piped())
            .spawn()
            .context("start the software keys")?;
        let mut line = String::new();
        BufReader::new(program.stdout.as_mut().context("stdout is a pipe")?).read_line(&mut line)?;
        if line != "ready\n" {
            bail!("the software keys said {line:?}");
        }
        Ok(Self { folder: folder.to_path_buf(), program })
    }

    /// The slot's helper that speaks to them.
    pub fn helper(&self) -> PathBuf {
        self.folder.join("relaybox-slot")
    }

    /// # Errors
    /// When the command is not obeyed.
    pub fn tell(&self, command: &str) -> Result<()> {
        let mut stream = UnixStream::connect(self.folder.join("control"))?;
        writeln!(stream, "{command}")?;
        let mut told = String::new();
        BufReader::new(stream).read_line(&mut told)?;
        if told.starts_with("ok") { Ok(()) } else { bail!("{command}: {told}") }
    }

    /// Puts a key in, with a finger on it.
    ///
    /// # Errors
    /// When it is in already.
    pub fn insert(&self, name: &str) -> Result<()> {
        self.tell(&format!("insert {name}"))?;
        self.tell(&format!("touch {name} always"))
    }
}

impl Drop for SoftKeys {
    fn drop(&mut self) {
        let _ = self.program.kill();
        let _ = self.program.wait();
    }
}

fn soft_program() -> Result<PathBuf> {
    let own = std::env::current_exe()?;
    let found =
        own.ancestors().map(|folder| folder.join("softkey/debug/softkey")).find(|path| path.is_file());
    found.context("software keys are missing: run scripts/softkey.sh")
}

/// How a ceremony ended.
#[derive(Debug)]
pub struct Held {
    pub last: Status,
    /// Steps in order, as far as they were seen.
    pub steps: Vec<String>,
    /// Lines of every sheet that was shown, by its name.
    pub sheets: Vec<(String, Vec<String>)>,
}

impl Held {
    /// # Errors
    /// When it was stopped.
    pub fn done(&self) -> Result<&Self> {
        if self.last.step == "done" { Ok(self) } else { bail!("{:?} after {:?}", self.last, self.steps) }
    }

    /// The reason of a stop.
    pub fn why(&self) -> &str {
        self.last.why.as_deref().unwrap_or_default()
    }

    /// The words of a sheet.
    pub fn words(&self, name: &str) -> String {
        let lines = self.sheets.iter().find(|(sheet, _)| sheet == name).map(|(_, lines)| lines.as_slice());
        words_of(lines.unwrap_or_default())
    }
}

/// Words stand behind numbers, four on a line, before the check digits. Those of the last sheet, if there are more.
pub fn words_of(lines: &[String]) -> String {
    // One of the words is "check".
    let rows = lines.iter().filter_map(|line| line.rsplit_once(" check "));
    let rows = rows.filter(|(row, _)| row.trim_start().starts_with(|c: char| c.is_ascii_digit()));
    let words = rows.flat_map(|(row, _)| row.split_whitespace().filter(|cell| !cell.ends_with('.')));
    let words: Vec<&str> = words.collect();
    words.get(words.len().saturating_sub(24)..).unwrap_or_default().join(" ")
}

/// Processes that this one started and that have this word among their arguments.
pub fn of_process(parent: u32, word: &str) -> Vec<u32> {
    let number = |entry: std::fs::DirEntry| entry.file_name().to_str()?.parse::<u32>().ok();
    let all = std::fs::read_dir("/proc").into_iter().flatten().flatten().filter_map(number);
    all.filter(|pid| {
        let file = |name: &str| std::fs::read_to_string(format!("/proc/{pid}/{name}")).unwrap_or_default();
        let stat = file("stat");
        let after = stat.rsplit_once(") ").map(|(_, rest)| rest.split(' ').nth(1)).unwrap_or_default();
        after.is_some_and(|ppid| ppid == parent.to_string())
            && file("cmdline").split('\0').any(|cell| cell == word)
    })
    .collect()
}

/// What a test does beside what a person would: it may stop a ceremony at a step.
pub type AtStep<'a> = &'a mut dyn FnMut(&Status) -> bool;

/// A person at the box with software keys.
pub struct Hand<'a> {
    pub keys: &'a SoftKeys,
    pub socket: PathBuf,
    /// Names of the keys in the order in which they are put in.
    pub order: Vec<String>,
    pub pin: String,
    pub owner: Option<Keys>,
    /// What is typed, one after the other, where words are asked for and no sheet shows them.
    pub words: Vec<String>,
    /// Presses the button of the simulated panel, and not the console's.
    pub at_panel: bool,
    /// By way of the administration's interface, but for what is done at the box; else by the vault's socket.
    pub api: Option<Api>,
    /// The former practice's secret key as it is typed.
    pub former: String,
    random: Random,
}

impl<'a> Hand<'a> {
    /// Over the folder of a box of `relaybox dev`.
    pub fn at(folder: &Path, keys: &'a SoftKeys) -> Self {
        Self {
            keys,
            socket: folder.join("run/vault.sock"),
            order: vec!["one".to_owned()],
            pin: PIN.to_owned(),
            owner: None,
            words: Vec::new(),
            at_panel: false,
            api: None,
            former: String::new(),
            random: Random::os(),
        }
    }

    /// # Errors
    /// When the vault does not answer.
    pub async fn ask(&self, request: &Request) -> Result<Reply> {
        if let Some(api) = &self.api
            && let Some(reply) = api.vault(request).await?
        {
            return Ok(reply);
        }
        Ok(VaultClient::connect(&self.socket).await?.ask(request).await?)
    }

    /// # Errors
    /// When the vault does not tell its state.
    pub async fn state(&self) -> Result<State> {
        match self.ask(&Request::State {}).await? {
            Reply::State(state) => Ok(state),
            other => bail!("{other:?}"),
        }
    }

    /// Claims the box with the keys "one" and "two".
    ///
    /// # Errors
    /// When it does not begin.
    pub async fn claim(&mut self, owner: &Keys, at: AtStep<'_>) -> Result<Held> {
        let code = self.state().await?.claim_code.context("a claim code")?;
        self.owner = Some(owner.clone());
        let request = Request::Claim {
            code,
            practice_name: "Testing Pediatrics".to_owned(),
            owner: joining(owner, "Dr. Alba Testwell", Role::Doctor, ""),
            labels: ["front office".to_owned(), "bank".to_owned()],
        };
        let order = std::mem::replace(&mut self.order, vec!["one".to_owned(), "two".to_owned()]);
        let held = self.hold(&request, at).await;
        self.order = order;
        held
    }

    /// Recovers the practice with the words of this hand and the keys of its order, as the slot keys "counter" and
    /// "safe".
    ///
    /// # Errors
    /// When it does not begin.
    pub async fn recover(&mut self, owner: &Keys, ends: Option<Vec<String>>, at: AtStep<'_>) -> Result<Held> {
        self.owner = Some(owner.clone());
        let request = Request::Recover {
            owner: joining(owner, "Dr. Nova Testwell", Role::Doctor, ""),
            labels: ["counter".to_owned(), "safe".to_owned()],
            ends,
        };
        self.hold(&request, at).await
    }

    /// Gives the practice its next key, with the words of this hand and the keys of its order, as the slot keys
    /// "counter" and "safe".
    ///
    /// # Errors
    /// When it does not begin.
    pub async fn succeed(&mut self, at: AtStep<'_>) -> Result<Held> {
        let labels = ["counter".to_owned(), "safe".to_owned()];
        let request = Request::Succeed { practice_name: "Testing Pediatrics".to_owned(), labels };
        self.hold(&request, at).await
    }

    /// A ceremony for an operation.
    ///
    /// # Errors
    /// When it does not begin.
    pub async fn perform(&mut self, operation: Value) -> Result<Held> {
        self.hold(&Request::Prepare { operation, by: None }, &mut |_| true).await
    }

    /// Holds a ceremony to its end, or until `at` says no.
    ///
    /// # Errors
    /// When it does not begin.
    pub async fn hold(&mut self, request: &Request, at: AtStep<'_>) -> Result<Held> {
        match self.ask(request).await? {
            Reply::Prepared { ceremony, key } => self.go_on(&ceremony, &key, at).await,
            other => bail!("{other:?}"),
        }
    }

    /// Holds a ceremony that was prepared.
    ///
    /// # Errors
    /// When its lines are not given.
    pub async fn go_on(&mut self, ceremony: &str, key: &str, at: AtStep<'_>) -> Result<Held> {
        let key = key_from_hex(key).context("a key")?;
        let mut watching = match &self.api {
            Some(api) => Watching::Api(Box::new(api.watch(ceremony).await?)),
            None => Watching::Vault(VaultClient::connect(&self.socket).await?),
        };
        let mut next = watching.first().await?;
        let mut keys = self.order.clone().into_iter();
        let mut inside: Option<String> = None;
        let (mut steps, mut sheets) = (Vec::new(), Vec::new());
        loop {
            let status = next;
            steps.push(status.step.clone());
            sheets.extend(status.sheets.iter().map(|sheet| (sheet.name.clone(), sheet.lines.clone())));
            let goes_on = at(&status);
            if !goes_on || matches!(status.step.as_str(), "done" | "stopped") {
                self.take_out(&mut inside);
                return Ok(Held { last: status, steps, sheets });
            }
            self.act(ceremony, &key, &status, &mut keys, &mut inside).await?;
            next = watching.next().await?;
        }
    }

    /// A key that a test has pulled already is out.
    fn take_out(&self, inside: &mut Option<String>) {
        if let Some(name) = inside.take() {
            let _ = self.keys.tell(&format!("remove {name}"));
        }
    }

    async fn act(
        &mut self,
        ceremony: &str,
        key: &PublicKey,
        status: &Status,
        keys: &mut std::vec::IntoIter<String>,
        inside: &mut Option<String>,
    ) -> Result<()> {
        let ceremony = ceremony.to_owned();
        let request = match (status.wants.as_deref(), status.step.as_str()) {
            (Some("button"), step) => {
                // The drill wants the slot empty.
                if step == "succession"
                    && let Some(name) = inside.take()
                {
                    self.keys.tell(&format!("remove {name}"))?;
                }
                if self.at_panel {
                    return touch_panel(&self.socket.with_file_name("panel.sock"), "press");
                }
                Request::Press { ceremony }
            }
            (Some("proof"), _) => {
                let practice = status.practice.as_deref().and_then(key_from_hex).context("a practice")?;
                let owner = self.owner.as_ref().context("an owner")?;
                let pop = prove(owner, &practice, KeyRole::Staff, &mut self.random);
                Request::Prove { ceremony, pop }
            }
            (Some("words"), _) => {
                let words = match status.sheets.first() {
                    Some(sheet) => words_of(&sheet.lines),
                    None if self.words.is_empty() => bail!("no words to type"),
                    None => self.words.remove(0),
                };
                self.typed(ceremony, key, &words)?
            }
            (Some("words-or-button"), _) => match self.words.is_empty() {
                true => Request::Press { ceremony },
                false => {
                    let words = self.words.remove(0);
                    self.typed(ceremony, key, &words)?
                }
            },
            (Some("former-key"), _) => {
                let former = self.former.clone();
                self.typed(ceremony, key, &former)?
            }
            (Some(_), _) => {
                let pin = self.pin.clone();
                self.typed(ceremony, key, &pin)?
            }
            (None, "take-out" | "other-key" | "two-keys") => {
                self.take_out(inside);
                return Ok(());
            }
            (None, "key-in") => {
                if let Some(name) = keys.next() {
                    self.keys.insert(&name)?;
                    *inside = Some(name);
                }
                return Ok(());
            }
            _ => return Ok(()),
        };
        match self.ask(&request).await? {
            Reply::Done => Ok(()),
            // It ended meanwhile; its last status says why.
            Reply::Refused { code, .. } if code == "no-ceremony" => Ok(()),
            other => bail!("{other:?} at {}", status.step),
        }
    }

    /// What a person types, sealed to the ceremony's key.
    ///
    /// # Errors
    /// When it is empty.
    pub fn typed(&mut self, ceremony: String, key: &PublicKey, text: &str) -> Result<Request> {
        let once = self.random.keys();
        let sealed =
            ConversationKey::derive(once.secret_key(), key)?.encrypt(text.as_bytes(), &mut self.random)?;
        Ok(Request::Type { ceremony, from: once.public_key().to_hex(), sealed })
    }
}

/// A word to the simulated panel behind this socket: `press`, `hold`, `lid open` …
///
/// # Errors
/// When there is none.
pub fn touch_panel(socket: &Path, word: &str) -> Result<()> {
    Ok(writeln!(UnixStream::connect(socket)?, "{word}")?)
}

/// What the simulated panel shows, as it changes, and a hand at it.
pub struct Panel {
    lines: tokio::io::Lines<tokio::io::BufReader<OwnedReadHalf>>,
    hand: OwnedWriteHalf,
}

/// What it shows at one moment.
#[derive(Debug, Clone, PartialEq, Eq, serde::Deserialize)]
pub struct Face {
    pub display: Vec<String>,
    /// `unclaimed`, `ready`, `ceremony`, `frozen` or `failing`.
    pub light: String,
}

impl Panel {
    /// Over the folder of a box of `relaybox dev`.
    ///
    /// # Errors
    /// When it has no simulated panel.
    pub async fn open(folder: &Path) -> Result<Self> {
        let stream = tokio::net::UnixStream::connect(folder.join("run/panel.sock")).await?;
        let (read, hand) = stream.into_split();
        Ok(Self { lines: tokio::io::BufReader::new(read).lines(), hand })
    }

    /// As [`touch_panel`]; what one panel is told happens in that order.
    ///
    /// # Errors
    /// When the panel is gone.
    pub async fn touch(&mut self, word: &str) -> Result<()> {
        Ok(self.hand.write_all(format!("{word}\n").as_bytes()).await?)
    }

    /// The first of what it shows from now on that fits.
    ///
    /// # Errors
    /// When the panel is gone before.
    pub async fn until(&mut self, fits: impl Fn(&Face) -> bool) -> Result<Face> {
        let mut last = String::new();
        while let Some(line) = self.lines.next_line().await? {
            let face: Face = serde_json::from_str(&line)?;
            if fits(&face) {
                return Ok(face);
            }
            last = line;
        }
        bail!("the panel is gone; it showed {last}")
    }
}

/// The lines of a ceremony, by either way.
enum Watching {
    Vault(VaultClient),
    Api(Box<Lines>),
}

impl Watching {
    async fn first(&mut self) -> Result<Status> {
        match self {
            Self::Vault(client) => status_of(Some(client.ask(&Request::Watch {}).await?)),
            Self::Api(_) => self.next().await,
        }
    }

    async fn next(&mut self) -> Result<Status> {
        match self {
            Self::Vault(client) => status_of(client.next().await?),
            Self::Api(lines) => lines.next().await?.context("the lines ended early"),
        }
    }
}

fn status_of(reply: Option<Reply>) -> Result<Status> {
    match reply.context("the stream ended early")? {
        Reply::Status(status) => Ok(status),
        other => bail!("{other:?}"),
    }
}

/// A new member as an operation names them.
pub fn joining(keys: &Keys, name: &str, role: Role, pop: &str) -> Value {
    let words: Vec<&str> = preticked(role).iter().map(|word| word.as_str()).collect();
    json!({
        "key": keys.public_key().to_hex(),
        "name": name,
        "role": role.as_str(),
        "words": words,
        "until": null,
        "replaces": null,
        "pop": pop,
    })
}

/// The same with its proof, as a change of the roster.
pub fn join(keys: &Keys, name: &str, role: Role, practice: &PublicKey) -> Value {
    let pop = prove(keys, practice, KeyRole::Staff, &mut Random::os());
    let mut change = joining(keys, name, role, &pop);
    change["change"] = json!("join");
    change
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_word_check_is_a_word_and_what_a_screen_says_is_none() {
        let row = |from: usize| format!("    {from:>2}. check     {:>2}. able check 07", from + 1);
        let mut lines: Vec<String> = (0..12).map(|row_at| row(row_at * 2 + 1)).collect();
        lines.push("  │ because: compare the check digits with the sheet".to_owned());
        assert_eq!(words_of(&lines), ["check able"; 12].join(" "));
    }
}
