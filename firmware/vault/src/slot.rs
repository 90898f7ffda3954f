//! The key slot: starts the helper `relaybox-slot` for one question, and kills it when it does not answer in time.
//! What the helper is, and why it is a process of its own: `docs/design/vault.md`.

use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use relaybox_process::rpc::slot::{Failure, Key, LINE_BYTES_MAX, Reply, Request, SLOT_SECONDS, Secret};
use relaybox_protocol::hex;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::UnixStream;
use zeroize::Zeroizing;

use crate::ceremony::SlotError;
use crate::pin::Pin;
use crate::prf::{PrfOutput, Salts};

/// Lines before the last one; a touch is waited for once.
const TOUCHES_MAX: usize = 4;

/// Why the slot gave no answer.
#[derive(Debug, thiserror::Error)]
pub enum SlotFault {
    #[error("ask the key: {0:?}")]
    Key(Failure),
    #[error("ask the key: no answer in time")]
    Late,
    /// It ended, or said something that is no answer to this question.
    #[error("ask the key: the helper gave no answer")]
    NoAnswer,
    #[error("start the helper of the key slot")]
    Start(#[from] std::io::Error),
}

impl From<SlotFault> for SlotError {
    /// What a ceremony makes of it. Where a ceremony has no word of its own, the key does not answer.
    fn from(fault: SlotFault) -> Self {
        let SlotFault::Key(failure) = fault else { return Self::Hangs };
        match failure {
            Failure::WrongPin { tries_left } => Self::WrongPin { tries_left },
            Failure::Unplug => Self::Unplug,
            Failure::Locked => Self::Locked,
            Failure::TakenOut => Self::TakenOut,
            Failure::NotTouched => Self::NotTouched,
            // Not one that this vault has enrolled.
            Failure::Foreign | Failure::Unfit | Failure::PinNotSet => Self::Foreign,
            Failure::PinPolicy | Failure::AlreadyHere | Failure::Request | Failure::Other { .. } => {
                Self::Hangs
            }
        }
    }
}

/// What a look at a key finds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Look {
    /// 32 hex characters: the model.
    pub aaguid: String,
    pub pin_set: bool,
    /// 0 while no PIN is set.
    pub tries_left: u8,
    /// Shortest PIN, code points.
    pub pin_least: usize,
    pub fits: bool,
}

/// A new credential.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credential {
    /// Hex.
    pub id: String,
    /// Hex of 65 bytes, uncompressed SEC1 P-256.
    pub public_key: String,
}

/// What an enrolment asks for.
#[derive(Debug, Clone, Copy)]
pub struct Enrol<'a> {
    pub rp: &'a str,
    /// Random, no name of a person.
    pub user: [u8; 32],
    pub label: &'a str,
    /// Ids of the credentials that this vault has.
    pub exclude: &'a [String],
    pub challenge: [u8; 32],
}

/// What a ceremony asks of a slot key.
#[derive(Debug, Clone, Copy)]
pub struct Question<'a> {
    pub rp: &'a str,
    /// Id of the credential, hex.
    pub credential: &'a str,
    pub salts: Salts,
    pub challenge: [u8; 32],
}

/// What a slot key answered in a ceremony.
#[derive(Debug)]
pub struct Approval {
    pub output: PrfOutput,
    /// Hex; with `signature`, the evidence that this key approved the challenge.
    pub authenticator_data: String,
    /// Hex, DER (ES256) over authenticator data and SHA-256 of the challenge.
    pub signature: String,
}

/// The key slot, by the path of its helper.
#[derive(Debug, Clone)]
pub struct Slot {
    helper: PathBuf,
    limit: Duration,
}

impl Slot {
    pub fn new(helper: &Path) -> Self {
        Self { helper: helper.to_owned(), limit: Duration::from_secs(SLOT_SECONDS) }
    }

    /// With less time for one question.
    #[must_use]
    pub fn within(self, limit: Duration) -> Self {
        Self { limit: limit.min(Duration::from_secs(SLOT_SECONDS)), ..self }
    }

    /// The keys that are in.
    ///
    /// # Errors
    /// When the helper gives no answer.
    pub async fn list(&self) -> Result<Vec<Key>, SlotFault> {
        match self.ask(&Request::List {}, || ()).await? {
            Reply::Keys { keys } => Ok(keys),
            _ => Err(SlotFault::NoAnswer),
        }
    }

    /// What a key asks of a PIN. Neither PIN nor touch.
    ///
    /// # Errors
    /// As the key says.
    pub async fn look(&self, key: &str) -> Result<Look, SlotFault> {
        match self.ask(&Request::Look { key: key.to_owned() }, || ()).await? {
            Reply::Looked { aaguid, pin_set, tries_left, pin_least, fits } => {
                Ok(Look { aaguid, pin_set, tries_left, pin_least, fits })
            }
            _ => Err(SlotFault::NoAnswer),
        }
    }

    /// The first PIN of a new key.
    ///
    /// # Errors
    /// As the key says.
    pub async fn set_pin(&self, key: &str, pin: &Pin) -> Result<(), SlotFault> {
        match self.ask(&Request::SetPin { key: key.to_owned(), pin: sent(pin) }, || ()).await? {
            Reply::Done => Ok(()),
            _ => Err(SlotFault::NoAnswer),
        }
    }

    /// A credential for this vault: PIN and touch. `touch` is called when the key waits for one.
    ///
    /// # Errors
    /// As the key says.
    pub async fn make(
        &self,
        key: &str,
        enrol: Enrol<'_>,
        pin: &Pin,
        touch: impl FnMut(),
    ) -> Result<Credential, SlotFault> {
        let request = Request::Make {
            key: key.to_owned(),
            rp: enrol.rp.to_owned(),
            user: hex::encode(&enrol.user),
            label: enrol.label.to_owned(),
            exclude: enrol.exclude.to_vec(),
            challenge: hex::encode(&enrol.challenge),
            pin: sent(pin),
        };
        match self.ask(&request, touch).await? {
            Reply::Made { credential, public_key } => Ok(Credential { id: credential, public_key }),
            _ => Err(SlotFault::NoAnswer),
        }
    }

    /// Which of these credentials the key holds: PIN, no touch.
    ///
    /// # Errors
    /// As the key says.
    pub async fn find(
        &self,
        key: &str,
        rp: &str,
        credentials: &[String],
        pin: &Pin,
    ) -> Result<Option<String>, SlotFault> {
        let request = Request::Find {
            key: key.to_owned(),
            rp: rp.to_owned(),
            credentials: credentials.to_vec(),
            pin: sent(pin),
        };
        match self.ask(&request, || ()).await? {
            Reply::Found { credential } => Ok(credential),
            _ => Err(SlotFault::NoAnswer),
        }
    }

    /// The two secrets of a stanza, and the key's signature over the challenge: PIN and touch.
    ///
    /// # Errors
    /// As the key says.
    pub async fn secret(
        &self,
        key: &str,
        question: Question<'_>,
        pin: &Pin,
        touch: impl FnMut(),
    ) -> Result<Approval, SlotFault> {
        let request = Request::Secret {
            key: key.to_owned(),
            rp: question.rp.to_owned(),
            credential: question.credential.to_owned(),
            salts: question.salts.0.iter().map(|salt| hex::encode(salt)).collect(),
            challenge: hex::encode(&question.challenge),
            pin: sent(pin),
        };
        let Reply::Secret { outputs, authenticator_data, signature } = self.ask(&request, touch).await?
        else {
            return Err(SlotFault::NoAnswer);
        };
        let mut both = Zeroizing::new([[0; 32]; 2]);
        let [one, two] = outputs.as_slice() else { return Err(SlotFault::NoAnswer) };
        for (secret, text) in both.iter_mut().zip([one, two]) {
            *secret = hex::decode(&text.0).ok_or(SlotFault::NoAnswer)?;
        }
        Ok(Approval { output: PrfOutput::new(*both), authenticator_data, signature })
    }

    /// One question to the helper. `touch` is called when the key waits for a touch.
    ///
    /// # Errors
    /// When the last line is a failure or does not come in time. The helper is dead when this returns, or is dropped.
    pub async fn ask(&self, request: &Request, mut touch: impl FnMut()) -> Result<Reply, SlotFault> {
        let (mut helper, mut stream) = Helper::start(&self.helper)?;
        let talk = async {
            stream.write_all(&line_of(request)?).await.map_err(|_| SlotFault::NoAnswer)?;
            let mut lines = Lines::default();
            for _ in 0..=TOUCHES_MAX {
                match lines.next(&mut stream).await.map_err(|_| SlotFault::NoAnswer)? {
                    Some(Reply::Touch) => touch(),
                    Some(Reply::Failed { why }) => return Err(SlotFault::Key(why)),
                    Some(reply) => return Ok(reply),
                    None => return Err(SlotFault::NoAnswer),
                }
            }
            Err(SlotFault::NoAnswer)
        };
        let answer = tokio::time::timeout(self.limit, talk).await.unwrap_or(Err(SlotFault::Late));
        helper.end();
        answer
    }
}

fn sent(pin: &Pin) -> Secret {
    Secret(pin.as_str().to_owned())
}

/// The request with its line break, wiped when dropped.
fn line_of(request: &Request) -> Result<Zeroizing<Vec<u8>>, SlotFault> {
    // As large as it may become: a vector that grows leaves a copy behind.
    let mut line = Zeroizing::new(Vec::with_capacity(LINE_BYTES_MAX));
    serde_json::to_writer(&mut *line, request).map_err(|_| SlotFault::NoAnswer)?;
    line.push(b'\n');
    Ok(line)
}

/// A helper that runs; killed and reaped when it is dropped.
struct Helper(Child);

impl Helper {
    /// A pair of sockets is its standard input and output. Of the environment it gets nothing.
    fn start(program: &Path) -> std::io::Result<(Self, UnixStream)> {
        let (ours, theirs) = std::os::unix::net::UnixStream::pair()?;
        ours.set_nonblocking(true)?;
        let ours = UnixStream::from_std(ours)?;
        let output = OwnedFd::from(theirs.try_clone()?);
        let child = Command::new(program)
            .env_clear()
            .current_dir("/")
            .stdin(Stdio::from(OwnedFd::from(theirs)))
            .stdout(Stdio::from(output))
            .spawn()?;
        Ok((Self(child), ours))
    }

    fn end(&mut self) {
        // Fails for one that has ended by itself, which is the usual case.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Drop for Helper {
    fn drop(&mut self) {
        self.end();
    }
}

/// Lines that come in, in memory that is wiped.
struct Lines {
    bytes: Zeroizing<Vec<u8>>,
    filled: usize,
}

impl Default for Lines {
    fn default() -> Self {
        Self { bytes: Zeroizing::new(vec![0; LINE_BYTES_MAX]), filled: 0 }
    }
}

impl Lines {
    /// The next line; none at the end, and for one that is too long or is no reply.
    async fn next(&mut self, stream: &mut UnixStream) -> std::io::Result<Option<Reply>> {
        loop {
            let read = self.bytes.get(..self.filled).unwrap_or_default();
            if let Some(end) = read.iter().position(|byte| *byte == b'\n') {
                let reply = serde_json::from_slice(read.get(..end).unwrap_or_default()).ok();
                self.bytes.copy_within(end + 1..self.filled, 0);
                self.filled -= end + 1;
                return Ok(reply);
            }
            let room = self.bytes.get_mut(self.filled..).unwrap_or_default();
            match stream.read(room).await? {
                0 => return Ok(None),
                more => self.filled += more,
            }
        }
    }
}

#[cfg(test)]
mod tests;
