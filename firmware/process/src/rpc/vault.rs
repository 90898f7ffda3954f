//! The vault's socket `vault`: one JSON object a line each way. Callers are the admin role and, on the console,
//! root. Whoever reaches it can prepare, watch and cancel ceremonies, freeze the slot, and nothing else: what is
//! signed needs button, slot key, PIN and touch at the box.
//!
//! A connection asks one request at a time; [`Request::Watch`] turns it into a stream of [`Reply::Status`].

use std::net::SocketAddr;
use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::io::BufStream;
use tokio::net::UnixStream;

use super::line::{self, LineError};

/// Longest line either way, bytes: the keys of a former practice, and the recovery sheet.
pub const LINE_BYTES_MAX: usize = 1024 * 1024;

/// A request line.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "ask", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Request {
    State {},
    /// Before the claim: starts it. `code` is the claim code of display and console; two labels name the slot keys.
    /// `owner` is a `vault::request::Joining` with an empty `pop`: P, which a proof names, does not exist yet.
    Claim {
        code: String,
        practice_name: String,
        owner: Value,
        labels: [String; 2],
    },
    /// After the loss of all slot keys, at the console only: the recovery words open the sealed file, it is sealed anew
    /// to two new slot keys, and `owner` (as at a claim) joins. `ends` are the public keys (hex) of the members whose
    /// keys are lost, none for all of them; they end with a new epoch.
    Recover {
        owner: Value,
        labels: [String; 2],
        ends: Option<Vec<String>>,
    },
    /// At the console only: the words of the succession sheet are the practice's key from now on, in a new sealed file.
    Succeed {
        practice_name: String,
        labels: [String; 2],
    },
    /// The owner's proof of possession (hex, role `staff`) for the P of a ceremony that wants `proof`.
    Prove {
        ceremony: String,
        pop: String,
    },
    /// A ceremony for one operation (`vault::request::Operation` as JSON). One runs at a time.
    Prepare {
        operation: Value,
        /// Public key (hex) of the admin who asks; none for the console.
        by: Option<String>,
    },
    /// Status of the running ceremony from now on, until it ended.
    Watch {},
    /// `sealed` = NIP-44 v2 of the PIN (or of typed words) to the ceremony's key, from the one-time key `from` (hex).
    Type {
        ceremony: String,
        from: String,
        sealed: String,
    },
    /// The console's button; on a box with a front panel only the panel presses it.
    Press {
        ceremony: String,
    },
    Cancel {
        ceremony: String,
    },
    Freeze {
        by: Option<String>,
    },
    /// What the caller says of the box, for the display at rest: cut to 60 characters, without control characters, and
    /// marked as not the vault's. It counts for two minutes. `failing` sets the light.
    Line {
        text: String,
        failing: bool,
    },
    /// Where the box is reached, for the display; from the console only. Port 0 is not shown.
    Address {
        address: SocketAddr,
    },
}

/// A reply line.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "answer", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Reply {
    State(State),
    /// A ceremony began; `key` (hex) is what PINs and words are sealed to.
    Prepared {
        ceremony: String,
        key: String,
    },
    Status(Status),
    Done,
    Refused {
        /// Stable, kebab-case.
        code: String,
        /// For a person.
        text: String,
    },
}

/// What anybody with the socket may know.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct State {
    /// Hex; none before the claim.
    pub practice: Option<String>,
    /// Before the claim, on the display; none afterwards and never over the network.
    pub claim_code: Option<String>,
    pub slot_keys: Vec<SlotKey>,
    /// Highest `seq` that this vault signed.
    pub signed: u64,
    /// Id of the running ceremony.
    pub ceremony: Option<String>,
    /// Unix seconds until which the slot pauses after wrong PINs.
    pub paused_until: Option<u64>,
    pub frozen: Option<Frozen>,
    /// The key slot is not hardware: the demo says so everywhere.
    pub soft: bool,
}

/// A slot key as the side file lists it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SlotKey {
    pub label: String,
    /// Unix seconds.
    pub added: u64,
    pub aaguid: String,
}

/// Who froze the slot, when, why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Frozen {
    pub by: Option<String>,
    pub at: u64,
    /// `admin`, `lid` or `button`.
    pub why: String,
}

/// Where a ceremony stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Status {
    pub ceremony: String,
    /// Kebab-case name of the step; `done` and `stopped` end the stream.
    pub step: String,
    /// The lines that the display shows, also for the page.
    pub shown: Vec<String>,
    /// What is wanted next, if anything: `button`, `pin`, `new-pin`, `words`, `words-or-button`, `former-key` (nsec or
    /// hex), or the owner's `proof` for `practice`.
    pub wants: Option<String>,
    /// P (hex) of the practice that is being claimed or recovered, once it is known.
    pub practice: Option<String>,
    pub label: Option<String>,
    pub tries_left: Option<u8>,
    /// Stable reason of a stop, or of a second try.
    pub why: Option<String>,
    /// Unix seconds: it ends then by itself.
    pub until: u64,
    /// Sheets to print: text, once, at the claim and at a succession only.
    pub sheets: Vec<Sheet>,
    /// Ids (hex) of what was signed and stored.
    pub events: Vec<String>,
}

/// A sheet that is printed and never kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sheet {
    /// `recovery` or `succession`.
    pub name: String,
    pub lines: Vec<String>,
}

/// The caller's side of the socket. One request at a time.
pub struct VaultClient {
    stream: BufStream<UnixStream>,
}

impl VaultClient {
    /// # Errors
    /// When nothing listens on the socket.
    pub async fn connect(path: &Path) -> Result<Self, LineError> {
        Ok(Self { stream: BufStream::new(UnixStream::connect(path).await?) })
    }

    /// One request and its reply; after [`Request::Watch`] the first status.
    ///
    /// # Errors
    /// When the vault hangs up, or says what this page does not know.
    pub async fn ask(&mut self, request: &Request) -> Result<Reply, LineError> {
        line::write(&mut self.stream, request).await?;
        self.next().await?.ok_or(LineError::Truncated)
    }

    /// The next status after [`Request::Watch`]; none when the ceremony has ended.
    ///
    /// # Errors
    /// As `ask`.
    pub async fn next(&mut self) -> Result<Option<Reply>, LineError> {
        line::read(&mut self.stream, LINE_BYTES_MAX).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_with_json_inside_are_read_back_and_unknown_ones_are_not() {
        let prepare = r#"{"ask":"prepare","operation":{"verb":"rotate"},"by":null}"#;
        let request: Request = serde_json::from_str(prepare).unwrap();
        assert!(
            matches!(&request, Request::Prepare { operation, by: None } if operation["verb"] == "rotate")
        );
        assert_eq!(serde_json::to_string(&request).unwrap(), prepare);
        for unknown in [r#"{"ask":"sign"}"#, r#"{"ask":"state","more":1}"#, r#"{"ask":"prepare","by":null}"#]
        {
            assert!(serde_json::from_str::<Request>(unknown).is_err(), "{unknown}");
        }
    }
}
