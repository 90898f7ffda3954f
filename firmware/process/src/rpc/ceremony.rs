//! The relay's second socket, `ceremony`: one JSON object a line each way. Callers are the vault
//! (in dev: the dev launcher), restore and import; no network surface reaches it.

use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use tokio::io::BufStream;
use tokio::net::UnixStream;

use super::line::{self, LineError};
use crate::config::RelayConfig;

/// Most events of one page of history.
pub const HISTORY_MAX: usize = 1_000;
/// A page of history ends with the event that brings it over these bytes.
pub const HISTORY_BYTES_MAX: usize = 4 << 20;

/// A request line.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Request {
    /// P fixed at claim; once, before anything else is served. Hex.
    Claim {
        practice: String,
    },
    /// One transaction, all or nothing: P-signed policy events and those that go with them.
    /// The relay adds the policy receipts to the same transaction.
    Append {
        events: Vec<Box<RawValue>>,
    },
    /// Import of a former practice's events: stored as they are, marked `import` (PROTOCOL 2.6).
    Import {
        events: Vec<Box<RawValue>>,
    },
    /// Policy events and the receipts of both policy chains that arrived after this number, oldest first, as a page
    /// of at most [`HISTORY_MAX`] events.
    History {
        after: u64,
    },
    State,
}

/// A reply line.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Reply {
    /// Ids in order with the arrival number; a duplicate has none.
    Stored {
        events: Vec<(String, Option<u64>)>,
    },
    /// Nothing was stored; the event (by index) and the stable code and text of the refusal.
    Refused {
        index: usize,
        code: String,
        text: String,
    },
    State {
        practice: Option<String>,
        head: u64,
        events: u64,
    },
    /// `last` is the arrival number of the last event of the page (what was asked with, for an empty one).
    History {
        events: Vec<Box<RawValue>>,
        last: u64,
        more: bool,
    },
    Done,
}

/// Why the relay did not do it.
#[derive(Debug, thiserror::Error)]
pub enum CeremonyError {
    #[error("reach the relay's ceremony socket")]
    Line(#[from] LineError),
    #[error("have event {index} taken by the relay: {text} ({code})")]
    Refused { index: usize, code: String, text: String },
    #[error("understand the relay's answer")]
    Unexpected,
}

/// Position and practice of the relay.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct State {
    /// Hex; none before the claim.
    pub practice: Option<String>,
    /// Last arrival number.
    pub head: u64,
    pub events: u64,
}

/// The caller's side of the socket. One request at a time.
pub struct CeremonyClient {
    stream: BufStream<UnixStream>,
    line_bytes_max: usize,
}

impl CeremonyClient {
    /// # Errors
    /// When nothing listens on the socket.
    pub async fn connect(path: &Path) -> Result<Self, CeremonyError> {
        let stream = UnixStream::connect(path).await.map_err(LineError::from)?;
        let line_bytes_max = RelayConfig::default().ceremony_line_bytes_max;
        Ok(Self { stream: BufStream::new(stream), line_bytes_max })
    }

    /// Fixes P (hex), once.
    ///
    /// # Errors
    /// When another practice is claimed already.
    pub async fn claim(&mut self, practice: &str) -> Result<(), CeremonyError> {
        match self.ask(&Request::Claim { practice: practice.to_owned() }).await? {
            Reply::Done => Ok(()),
            other => Err(unexpected(other)),
        }
    }

    /// One transaction. Gives ids in order with their arrival numbers; a duplicate has none.
    ///
    /// # Errors
    /// `Refused` names the event; then nothing was stored.
    pub async fn append(
        &mut self,
        events: Vec<Box<RawValue>>,
    ) -> Result<Vec<(String, Option<u64>)>, CeremonyError> {
        stored(self.ask(&Request::Append { events }).await?)
    }

    /// Events of a former practice, stored as they are.
    ///
    /// # Errors
    /// As `append`.
    pub async fn import(
        &mut self,
        events: Vec<Box<RawValue>>,
    ) -> Result<Vec<(String, Option<u64>)>, CeremonyError> {
        stored(self.ask(&Request::Import { events }).await?)
    }

    /// All policy events and their receipts that arrived after a number, oldest first, and the number of the last.
    ///
    /// # Errors
    /// When the relay does not answer, or gives a page without an end.
    pub async fn history(&mut self, after: u64) -> Result<(Vec<Box<RawValue>>, u64), CeremonyError> {
        let (mut all, mut after) = (Vec::new(), after);
        loop {
            match self.ask(&Request::History { after }).await? {
                Reply::History { events, last, more } => {
                    all.extend(events);
                    if !more {
                        return Ok((all, last));
                    }
                    if last <= after {
                        return Err(CeremonyError::Unexpected);
                    }
                    after = last;
                }
                other => return Err(unexpected(other)),
            }
        }
    }

    /// # Errors
    /// When the relay does not answer.
    pub async fn state(&mut self) -> Result<State, CeremonyError> {
        match self.ask(&Request::State).await? {
            Reply::State { practice, head, events } => Ok(State { practice, head, events }),
            other => Err(unexpected(other)),
        }
    }

    async fn ask(&mut self, request: &Request) -> Result<Reply, CeremonyError> {
        line::write(&mut self.stream, request).await?;
        let reply = line::read(&mut self.stream, self.line_bytes_max).await?;
        Ok(reply.ok_or(LineError::Truncated)?)
    }
}

fn stored(reply: Reply) -> Result<Vec<(String, Option<u64>)>, CeremonyError> {
    match reply {
        Reply::Stored { events } => Ok(events),
        other => Err(unexpected(other)),
    }
}

fn unexpected(reply: Reply) -> CeremonyError {
    match reply {
        Reply::Refused { index, code, text } => CeremonyError::Refused { index, code, text },
        _ => CeremonyError::Unexpected,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Answers each request line with the next of these replies, and gives back what was asked.
    async fn answering(replies: Vec<Reply>) -> (CeremonyClient, tokio::task::JoinHandle<Vec<String>>) {
        let (near, far) = UnixStream::pair().unwrap();
        let client = CeremonyClient { stream: BufStream::new(near), line_bytes_max: 1_000 };
        let relay = tokio::spawn(async move {
            let mut far = BufStream::new(far);
            let mut asked = Vec::new();
            for reply in replies {
                let request: serde_json::Value = line::read(&mut far, 1_000).await.unwrap().unwrap();
                asked.push(request.to_string());
                line::write(&mut far, &reply).await.unwrap();
            }
            asked
        });
        (client, relay)
    }

    #[tokio::test]
    async fn each_request_gets_its_reply() {
        let state = Reply::State { practice: None, head: 3, events: 2 };
        let stored = Reply::Stored { events: vec![("ab".to_owned(), Some(4)), ("cd".to_owned(), None)] };
        let (mut client, relay) = answering(vec![Reply::Done, stored, state]).await;
        client.claim("00").await.unwrap();
        let event = RawValue::from_string("{\"id\":\"ab\"}".to_owned()).unwrap();
        let ids = client.append(vec![event]).await.unwrap();
        assert_eq!(ids, [("ab".to_owned(), Some(4)), ("cd".to_owned(), None)]);
        assert_eq!(client.state().await.unwrap(), State { practice: None, head: 3, events: 2 });
        let asked = relay.await.unwrap();
        assert_eq!(
            asked,
            ["{\"claim\":{\"practice\":\"00\"}}", "{\"append\":{\"events\":[{\"id\":\"ab\"}]}}", "\"state\""]
        );
    }

    #[tokio::test]
    async fn a_refusal_names_the_event_and_the_reason() {
        let refused =
            Reply::Refused { index: 1, code: "seq".to_owned(), text: "not the next event".to_owned() };
        let (mut client, _relay) = answering(vec![refused]).await;
        let error = client.append(Vec::new()).await.unwrap_err();
        assert_eq!(error.to_string(), "have event 1 taken by the relay: not the next event (seq)");
    }

    #[tokio::test]
    async fn a_history_is_read_page_by_page_and_one_without_an_end_is_an_error() {
        let page = |name: &str, last, more| Reply::History {
            events: vec![RawValue::from_string(format!("\"{name}\"")).unwrap()],
            last,
            more,
        };
        let (mut client, relay) = answering(vec![page("a", 3, true), page("b", 7, false)]).await;
        let (events, last) = client.history(1).await.unwrap();
        assert_eq!(
            (events.iter().map(|event| event.get()).collect::<Vec<_>>(), last),
            (vec!["\"a\"", "\"b\""], 7)
        );
        assert_eq!(relay.await.unwrap(), ["{\"history\":{\"after\":1}}", "{\"history\":{\"after\":3}}"]);
        let (mut client, _relay) = answering(vec![page("a", 3, true), page("a", 3, true)]).await;
        assert!(matches!(client.history(0).await, Err(CeremonyError::Unexpected)));
    }

    #[tokio::test]
    async fn a_relay_that_hangs_up_is_an_error() {
        let (mut client, relay) = answering(Vec::new()).await;
        relay.await.unwrap();
        assert!(client.state().await.is_err());
    }
}
