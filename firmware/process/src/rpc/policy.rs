//! The relay's socket `policy`: the practice's policy as it arrives, for roles that decide who may do what by a fold of
//! their own. One JSON object a line: the caller asks once, and hears everything from the first event on, then each
//! event as it comes. Events are signed; the caller believes their signatures, and of the relay their order and time.

use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use tokio::io::BufStream;
use tokio::net::UnixStream;

use super::line::{self, LineError};

/// Longest line either way, bytes: the largest event and what stands around it.
pub const LINE_BYTES_MAX: usize = 512 * 1024;
/// The relay says where it stands at least as often.
pub const SAID_SECONDS: u64 = 1;

/// The one request line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "ask", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Request {
    Follow {},
}

/// A line of the answer, which has no end. An event stays as it was signed, byte for byte.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Said {
    /// P (hex), fixed at the claim. Before it, nothing else is said but [`Said::Reached`].
    Practice { practice: String },
    /// A policy event (2102–2110, 2127) with its arrival number and second.
    Event { seq: u64, received: u64, event: Box<RawValue> },
    /// Everything up to this arrival number was said. `failing` as in the relay's information document.
    Reached { at: u64, failing: Vec<String> },
}

/// The caller's side.
#[derive(Debug)]
pub struct PolicyClient {
    stream: BufStream<UnixStream>,
}

impl PolicyClient {
    /// # Errors
    /// When nothing listens on the socket.
    pub async fn follow(path: &Path) -> Result<Self, LineError> {
        let mut stream = BufStream::new(UnixStream::connect(path).await?);
        line::write(&mut stream, &Request::Follow {}).await?;
        Ok(Self { stream })
    }

    /// What is said next; waits for it.
    ///
    /// # Errors
    /// When the relay hung up.
    pub async fn next(&mut self) -> Result<Said, LineError> {
        line::read(&mut self.stream, LINE_BYTES_MAX).await?.ok_or(LineError::Truncated)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_is_said_is_heard_and_an_event_keeps_its_bytes() {
        let (near, far) = UnixStream::pair().unwrap();
        let mut client = PolicyClient { stream: BufStream::new(near) };
        let mut relay = BufStream::new(far);
        let event = RawValue::from_string("{\"kind\": 2108,\"tags\":[]}".to_owned()).unwrap();
        let said = [
            Said::Practice { practice: "aa".to_owned() },
            Said::Event { seq: 7, received: 9, event: event.clone() },
            Said::Reached { at: 7, failing: vec!["clock".to_owned()] },
        ];
        for said in &said {
            line::write(&mut relay, said).await.unwrap();
        }
        assert!(matches!(client.next().await.unwrap(), Said::Practice { practice } if practice == "aa"));
        match client.next().await.unwrap() {
            Said::Event { seq, received, event: heard } => {
                assert_eq!((seq, received, heard.get()), (7, 9, event.get()));
            }
            other => panic!("{other:?}"),
        }
        assert!(
            matches!(client.next().await.unwrap(), Said::Reached { at: 7, failing } if failing == ["clock"])
        );
        drop(relay);
        assert!(client.next().await.is_err());
    }
}
