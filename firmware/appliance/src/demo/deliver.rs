//! Delivery: every event over WebSocket by its author, P's over the ceremony socket. A refusal ends it
//! with the relay's own words.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};

use futures_util::{SinkExt, StreamExt};
use relaybox_process::rpc::ceremony::CeremonyClient;
use relaybox_protocol::event::{sign, tag};
use relaybox_protocol::{Event, EventId, Keys, PublicKey, kinds};
use relaybox_web::proxy::Preface;
use serde_json::Value;
use serde_json::value::RawValue;
use tokio::io::AsyncWriteExt;
use tokio::net::UnixStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;

use super::script::{Publish, Step};
use super::{DemoError, Door};

/// Events that one person has sent and whose OK has not come.
const WINDOW: usize = 48;

/// All connections of the demo.
pub(crate) struct Delivery<'a> {
    door: &'a Door,
    ceremony: CeremonyClient,
    lines: BTreeMap<PublicKey, Line>,
    stored: usize,
}

impl<'a> Delivery<'a> {
    pub(crate) async fn open(door: &'a Door) -> Result<Self, DemoError> {
        let ceremony =
            CeremonyClient::connect(&door.ceremony).await.map_err(because("reach the ceremony socket"))?;
        Ok(Self { door, ceremony, lines: BTreeMap::new(), stored: 0 })
    }

    /// Events stored so far.
    pub(crate) const fn stored(&self) -> usize {
        self.stored
    }

    pub(crate) async fn take(&mut self, step: Step) -> Result<(), DemoError> {
        match step {
            Step::Claim(practice) => {
                self.ceremony.claim(&practice.to_hex()).await.map_err(because("claim the practice"))
            }
            Step::Ceremony(events) => {
                self.settle().await?;
                let json: Result<Vec<Box<RawValue>>, serde_json::Error> =
                    events.iter().map(|event| RawValue::from_string(event.as_json())).collect();
                let json = json.map_err(because("write a ceremony"))?;
                self.ceremony.append(json).await.map_err(because("hold a ceremony"))?;
                self.stored += events.len();
                Ok(())
            }
            Step::Publish(publish) => self.publish(*publish).await,
        }
    }

    async fn publish(&mut self, publish: Publish) -> Result<(), DemoError> {
        if publish.after_all {
            self.settle().await?;
        }
        let key = publish.by.public_key();
        if !self.lines.contains_key(&key) {
            let line = Line::login(self.door, &publish.by).await?;
            self.lines.insert(key, line);
        }
        if let Some(line) = self.lines.get_mut(&key) {
            line.send(publish.name, &publish.event).await?;
            self.stored += 1;
        }
        Ok(())
    }

    /// Waits until every event sent is stored.
    pub(crate) async fn settle(&mut self) -> Result<(), DemoError> {
        for line in self.lines.values_mut() {
            line.settle(0).await?;
        }
        Ok(())
    }

    pub(crate) async fn close(mut self) -> Result<(), DemoError> {
        self.settle().await?;
        for line in self.lines.values_mut() {
            // The relay may have gone first; everything is stored already.
            let _ = line.socket.close(None).await;
        }
        Ok(())
    }
}

/// One person's connection.
struct Line {
    socket: WebSocketStream<UnixStream>,
    /// Names of the events without an OK.
    waiting: BTreeMap<EventId, String>,
}

impl Line {
    /// Connects as the gateway does, and logs in (NIP-42).
    async fn login(door: &Door, keys: &Keys) -> Result<Self, DemoError> {
        let mut stream = UnixStream::connect(&door.relay).await.map_err(because("reach the relay"))?;
        let local = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let preface = Preface { source: local, destination: local, host: door.host.clone() };
        let preface = preface.encode().map_err(because("write the connection preface"))?;
        stream.write_all(&preface).await.map_err(because("send the connection preface"))?;
        let url = format!("ws://{}/", door.host);
        let (socket, _) = tokio_tungstenite::client_async(url, stream)
            .await
            .map_err(because("open a WebSocket to the relay"))?;
        let mut line = Self { socket, waiting: BTreeMap::new() };
        let challenge = loop {
            let frame = line.frame().await?;
            if frame[0] == "AUTH" {
                break frame[1].as_str().unwrap_or_default().to_owned();
            }
        };
        let tags = vec![tag("relay", [&door.url]), tag("challenge", [&challenge])];
        let login = sign(keys, kinds::AUTH, tags, "", door.now);
        line.waiting.insert(login.id, "the login".to_owned());
        line.text(format!("[\"AUTH\",{}]", login.as_json())).await?;
        line.settle(0).await?;
        Ok(line)
    }

    async fn send(&mut self, name: String, event: &Event) -> Result<(), DemoError> {
        self.settle(WINDOW - 1).await?;
        self.waiting.insert(event.id, name);
        self.text(format!("[\"EVENT\",{}]", event.as_json())).await
    }

    async fn text(&mut self, text: String) -> Result<(), DemoError> {
        self.socket.send(Message::text(text)).await.map_err(because("send to the relay"))
    }

    /// Reads answers until no more than `left` events wait for theirs.
    async fn settle(&mut self, left: usize) -> Result<(), DemoError> {
        while self.waiting.len() > left {
            let frame = self.frame().await?;
            if frame[0] != "OK" {
                continue;
            }
            let id = frame[1].as_str().and_then(|id| EventId::from_hex(id).ok());
            let Some(name) = id.and_then(|id| self.waiting.remove(&id)) else { continue };
            if frame[2] != true {
                let text = frame[3].as_str().unwrap_or("no reason given");
                return Err(DemoError { step: format!("have {name} stored: {text}"), source: None });
            }
        }
        Ok(())
    }

    async fn frame(&mut self) -> Result<Value, DemoError> {
        loop {
            let message = self.socket.next().await.ok_or_else(|| DemoError {
                step: "hear from the relay: it closed the connection".to_owned(),
                source: None,
            })?;
            match message.map_err(because("hear from the relay"))? {
                Message::Text(text) => {
                    return serde_json::from_str(&text).map_err(because("understand the relay"));
                }
                Message::Close(frame) => {
                    let said = frame.map(|frame| frame.reason.to_string()).unwrap_or_default();
                    return Err(DemoError {
                        step: format!("hear from the relay: it closed with {said}"),
                        source: None,
                    });
                }
                _ => {}
            }
        }
    }
}

/// A step that failed for a reason.
fn because<E: std::error::Error + Send + Sync + 'static>(step: &'static str) -> impl Fn(E) -> DemoError {
    move |error| DemoError { step: step.to_owned(), source: Some(Box::new(error)) }
}

#[cfg(test)]
mod tests;
