//! `relaybox claim`, `recover`, `succeed` and `ceremony …`: ceremonies on the console, over the vault's socket. They show what the
//! vault shows, press its button, and seal what is typed to the ceremony's own key.

mod console;
mod recover;

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use relaybox_process::files;
use relaybox_process::rpc::vault::{Reply, Request, State, Status, VaultClient};
use relaybox_protocol::event::key_from_hex;
use relaybox_protocol::keys::{KeyRole, four_words, parse_secret, prove};
use relaybox_protocol::nip44::ConversationKey;
use relaybox_protocol::permissions::{Role, preticked};
use relaybox_protocol::random::Random;
use relaybox_protocol::{Keys, PublicKey};
use relaybox_vault::words::check_digits;
use serde_json::{Value, json};

use super::{Failure, say};
use console::Console;
pub(crate) use recover::{RecoverArgs, SucceedArgs, recover, succeed};

/// Where the vault answers on a box.
const SOCKET: &str = "/run/relaybox/vault.sock";

#[derive(Debug, Args)]
pub(crate) struct Place {
    /// Directory of `relaybox dev`; without it the box's own vault is asked
    #[arg(long, value_name = "DIR", global = true)]
    pub(super) data: Option<PathBuf>,
}

impl Place {
    pub(super) fn socket(&self) -> PathBuf {
        self.data.as_ref().map_or_else(|| PathBuf::from(SOCKET), |data| data.join("run").join("vault.sock"))
    }
}

#[derive(Debug, Args)]
pub(crate) struct ClaimArgs {
    #[command(flatten)]
    place: Place,
    /// Name of the practice
    #[arg(long, value_name = "NAME")]
    practice: String,
    #[command(flatten)]
    beginning: Beginning,
}

/// Who begins, and the slot keys that they begin with.
#[derive(Debug, Args)]
struct Beginning {
    /// Professional name of the owner, a doctor
    #[arg(long, value_name = "NAME")]
    owner: String,
    /// File of the owner's secret key, 64 hex characters or nsec; made when it is not there
    #[arg(long, value_name = "FILE")]
    owner_key: PathBuf,
    /// Names of the two slot keys, such as "front office" and "bank"
    #[arg(long, num_args = 2, value_names = ["NAME", "NAME"])]
    keys: Vec<String>,
}

impl Beginning {
    /// The owner's key pair, the owner as the vault takes them, and the names of the slot keys.
    fn open(&self) -> Result<(Keys, Value, [String; 2]), Failure> {
        let owner = owner_keys(&self.owner_key)?;
        let labels = labels(&self.keys)?;
        let words: Vec<&str> = preticked(Role::Doctor).iter().map(|word| word.as_str()).collect();
        let member = json!({
            "key": owner.public_key().to_hex(),
            "name": self.owner,
            "role": Role::Doctor.as_str(),
            "words": words,
            "until": null,
            "replaces": null,
            "pop": "",
        });
        Ok((owner, member, labels))
    }
}

/// Names of two slot keys.
fn labels(keys: &[String]) -> Result<[String; 2], Failure> {
    Ok(keys.to_vec().try_into().map_err(|_| ToolError::Unexpected)?)
}

#[derive(Debug, Args)]
pub(crate) struct CeremonyArgs {
    #[command(flatten)]
    place: Place,
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Show the key slot and whether a ceremony runs
    State,
    /// Show the running ceremony to its end
    Watch,
    /// Press the button for the running ceremony, on a box without a front panel
    Press,
    /// Stop the running ceremony
    Cancel,
    /// Freeze the key slot: only a thaw with another slot key opens it again
    Freeze,
    /// Let a frozen key slot work again
    Thaw,
    /// New locks for all records
    Rotate,
    /// End a suspension, by the id of its event
    Lift { suspension: String },
    /// End a member, by public key
    End { key: String },
    /// One more slot key
    AddKey { label: String },
    /// Remove a slot key
    RemoveKey { label: String },
    /// Hold a ceremony for an operation in a file, JSON as docs/guide/hold-a-ceremony.md shows it
    Run { file: PathBuf },
}

/// Why the console could not do it.
#[derive(Debug, thiserror::Error)]
enum ToolError {
    #[error("have the vault do it: {text} ({code})")]
    Refused { code: String, text: String },
    #[error("understand the vault's answer")]
    Unexpected,
    #[error("hold the ceremony: {0}")]
    Stopped(String),
    #[error("read the secret key in {0}")]
    Key(PathBuf),
}

/// Claims the box.
pub(crate) async fn claim(args: ClaimArgs) -> Result<(), Failure> {
    let socket = args.place.socket();
    let mut vault = VaultClient::connect(&socket).await?;
    let Reply::State(State { claim_code: Some(code), .. }) = vault.ask(&Request::State {}).await? else {
        return Err(ToolError::Stopped("the box is claimed".to_owned()).into());
    };
    say(&format!("claim code {code}: compare it with the display\n"))?;
    let (owner, member, labels) = args.beginning.open()?;
    let request = Request::Claim { code, practice_name: args.practice, owner: member, labels };
    hold(&socket, &mut vault, &request, Some(&owner)).await
}

/// Everything else.
pub(crate) async fn run(args: CeremonyArgs) -> Result<(), Failure> {
    let socket = args.place.socket();
    let mut vault = VaultClient::connect(&socket).await?;
    let operation = match &args.what {
        What::State => return show_state(vault.ask(&Request::State {}).await?),
        What::Watch => return watch(&mut vault).await,
        What::Press => {
            let ceremony = running(&mut vault).await?;
            return done(vault.ask(&Request::Press { ceremony }).await?);
        }
        What::Cancel => {
            let ceremony = running(&mut vault).await?;
            return done(vault.ask(&Request::Cancel { ceremony }).await?);
        }
        What::Freeze => return done(vault.ask(&Request::Freeze { by: None }).await?),
        What::Thaw => json!({"verb": "thaw"}),
        What::Rotate => json!({"verb": "rotate"}),
        What::Lift { suspension } => json!({"verb": "lift", "suspension": suspension}),
        What::End { key } => json!({"verb": "roster", "changes": [{"change": "leave", "key": key}]}),
        What::AddKey { label } => json!({"verb": "add-slot-key", "label": label}),
        What::RemoveKey { label } => json!({"verb": "remove-slot-key", "label": label}),
        What::Run { file } => serde_json::from_slice::<Value>(&std::fs::read(file)?)?,
    };
    hold(&socket, &mut vault, &Request::Prepare { operation, by: None }, None).await
}

/// The owner's key pair, made when there is no file.
fn owner_keys(path: &Path) -> Result<Keys, Failure> {
    if let Some(text) = files::read(path)? {
        let secret = parse_secret(text.trim()).ok_or_else(|| ToolError::Key(path.to_owned()))?;
        return Ok(Keys::new(secret));
    }
    let keys = Random::os().keys();
    files::write(path, 0o600, format!("{}\n", keys.secret_key().to_secret_hex()).as_bytes())?;
    say(&format!("made the owner's secret key in {}: keep it\n", path.display()))?;
    Ok(keys)
}

/// A ceremony from its request to its end.
async fn hold(
    socket: &Path,
    vault: &mut VaultClient,
    request: &Request,
    owner: Option<&Keys>,
) -> Result<(), Failure> {
    let (ceremony, key) = match vault.ask(request).await? {
        Reply::Prepared { ceremony, key } => (ceremony, key_from_hex(&key).ok_or(ToolError::Unexpected)?),
        other => return Err(unexpected(other).into()),
    };
    let mut holder = Holder { vault, ceremony, key, owner, random: Random::os(), console: Console::open() };
    let mut shown = VaultClient::connect(socket).await?;
    let mut reply = Some(shown.ask(&Request::Watch {}).await?);
    let mut wanted = None;
    loop {
        if let Some(reply) = reply.take() {
            let Reply::Status(status) = reply else { return Err(unexpected(reply).into()) };
            show(&status)?;
            match status.step.as_str() {
                "done" => return Ok(()),
                "stopped" => {
                    return Err(ToolError::Stopped(status.why.unwrap_or_default()).into());
                }
                _ => {}
            }
            wanted = holder.asks(&status).await?;
        }
        tokio::select! {
            next = shown.next() => match next? {
                Some(next) => reply = Some(next),
                None => return Err(ToolError::Unexpected.into()),
            },
            line = holder.console.line(), if wanted.is_some() => {
                let Some(line) = line else {
                    return Err(ToolError::Stopped("the input has ended".to_owned()).into());
                };
                if holder.typed(wanted.as_deref().unwrap_or_default(), &line).await? {
                    wanted = None;
                }
            }
        }
    }
}

/// Who holds a ceremony at the console.
struct Holder<'a> {
    vault: &'a mut VaultClient,
    ceremony: String,
    /// One-time key of the ceremony.
    key: PublicKey,
    owner: Option<&'a Keys>,
    random: Random,
    console: Console,
}

impl Holder<'_> {
    /// Does what needs no person, and gives what a person has to type.
    async fn asks(&mut self, status: &Status) -> Result<Option<String>, Failure> {
        match (status.wants.as_deref(), self.owner) {
            (Some("proof"), Some(owner)) => {
                let practice = status.practice.as_deref().and_then(key_from_hex);
                let practice = practice.ok_or(ToolError::Unexpected)?;
                let pop = prove(owner, &practice, KeyRole::Staff, &mut self.random);
                let request = Request::Prove { ceremony: self.ceremony.clone(), pop };
                done(self.vault.ask(&request).await?).map(|()| None)
            }
            (Some("button"), _) => {
                say("  Enter presses the button: ")?;
                Ok(Some("button".to_owned()))
            }
            (Some(wants @ ("pin" | "new-pin")), _) => {
                self.console.hide();
                say("  PIN (not shown): ")?;
                Ok(Some(wants.to_owned()))
            }
            (Some("former-key"), _) => {
                self.console.hide();
                say("  the former practice's secret key, nsec or hex (not shown): ")?;
                Ok(Some("former-key".to_owned()))
            }
            (Some("words"), _) => {
                say("  the 24 words on one line: ")?;
                Ok(Some("words".to_owned()))
            }
            (Some("words-or-button"), _) => {
                say("  the 24 words, or Enter alone for a slot key: ")?;
                Ok(Some("words-or-button".to_owned()))
            }
            _ => Ok(None),
        }
    }

    /// Hands over what was typed. False when it has to be typed again.
    async fn typed(&mut self, wanted: &str, line: &str) -> Result<bool, Failure> {
        self.console.show();
        let ceremony = self.ceremony.clone();
        let pressed = wanted == "button" || (wanted == "words-or-button" && line.is_empty());
        let request = if pressed {
            Request::Press { ceremony }
        } else {
            if line.is_empty() {
                return Ok(false);
            }
            if wanted.starts_with("words") {
                let digits: Vec<String> =
                    check_digits(line).iter().map(|digits| format!("{digits:02}")).collect();
                say(&format!("  check digits of what you typed: {}\n", digits.join(" ")))?;
            }
            let once = self.random.keys();
            let sealed = ConversationKey::derive(once.secret_key(), &self.key)?
                .encrypt(line.as_bytes(), &mut self.random)?;
            Request::Type { ceremony, from: once.public_key().to_hex(), sealed }
        };
        match self.vault.ask(&request).await? {
            Reply::Refused { code, .. } if code == "panel" => {
                say("  the box has a button of its own: press it there\n")?;
                Ok(true)
            }
            other => done(other).map(|()| true),
        }
    }
}

/// A status as lines on the console.
fn show(status: &Status) -> Result<(), Failure> {
    let mut text = String::from("\n");
    for sheet in &status.sheets {
        for line in &sheet.lines {
            text.push_str(&format!("    {line}\n"));
        }
        text.push('\n');
    }
    for line in &status.shown {
        text.push_str(&format!("  │ {line}\n"));
    }
    if let Some(tries) = status.tries_left {
        text.push_str(&format!("  │ {tries} tries left\n"));
    }
    if let Some(why) = &status.why {
        text.push_str(&format!("  │ because: {}\n", meant(why)));
    }
    say(&text)
}

/// What a code means, where a person is to do something about it.
fn meant(why: &str) -> String {
    match why {
        "words-count" => "these are not 24 words".to_owned(),
        "words-checksum" => {
            "a word is wrong or in the wrong place: compare the check digits with the sheet".to_owned()
        }
        "words-of-succession" => "these are the words of the other sheet".to_owned(),
        "words-wrong" => {
            "these words do not open this vault; three such tries close it for an hour".to_owned()
        }
        "words-differ" => "these are not the words of the sheet above".to_owned(),
        "already-here" => "this key is a slot key already: take another one".to_owned(),
        other => match other.strip_prefix("words-unknown-") {
            Some(place) => format!("word {place} is not on the list: look at its spelling"),
            None => other.to_owned(),
        },
    }
}

fn show_state(reply: Reply) -> Result<(), Failure> {
    let Reply::State(state) = reply else { return Err(unexpected(reply).into()) };
    let practice = state.practice.as_deref().and_then(key_from_hex);
    let words = practice.map(|key| four_words(key.as_bytes()).join(" "));
    let mut text = match (&state.practice, words) {
        (Some(practice), Some(words)) => format!("practice   {practice}\n           {words}\n"),
        _ => "practice   none in this vault\n".to_owned(),
    };
    if let Some(code) = &state.claim_code {
        text.push_str(&format!("claim code {code}\n"));
    }
    for key in &state.slot_keys {
        text.push_str(&format!("slot key   {}\n", key.label));
    }
    if state.soft {
        text.push_str("           these are programs, not security keys: for a demo only\n");
    }
    if let Some(ceremony) = &state.ceremony {
        text.push_str(&format!("ceremony   {ceremony}\n"));
    }
    if let Some(frozen) = &state.frozen {
        text.push_str(&format!("frozen     by {}\n", frozen.why));
    }
    if let Some(until) = state.paused_until {
        text.push_str(&format!("paused     until {until} (unix seconds)\n"));
    }
    say(&text)
}

async fn watch(vault: &mut VaultClient) -> Result<(), Failure> {
    let mut reply = vault.ask(&Request::Watch {}).await?;
    loop {
        let Reply::Status(status) = reply else { return Err(unexpected(reply).into()) };
        show(&status)?;
        if matches!(status.step.as_str(), "done" | "stopped") {
            return Ok(());
        }
        reply = vault.next().await?.ok_or(ToolError::Unexpected)?;
    }
}

/// The id of the running ceremony.
async fn running(vault: &mut VaultClient) -> Result<String, Failure> {
    match vault.ask(&Request::State {}).await? {
        Reply::State(State { ceremony: Some(ceremony), .. }) => Ok(ceremony),
        Reply::State(_) => Err(ToolError::Stopped("none is running".to_owned()).into()),
        other => Err(unexpected(other).into()),
    }
}

pub(super) fn done(reply: Reply) -> Result<(), Failure> {
    match reply {
        Reply::Done => Ok(()),
        other => Err(unexpected(other).into()),
    }
}

fn unexpected(reply: Reply) -> ToolError {
    match reply {
        Reply::Refused { code, text } => ToolError::Refused { code, text },
        _ => ToolError::Unexpected,
    }
}
