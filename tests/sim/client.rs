//! One connection as the simulation sees it.

use std::time::Duration;

use futures_util::{SinkExt as _, StreamExt as _};
use relaybox_protocol::Keys;
use relaybox_protocol::event::{sign, tag};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

/// Nothing takes this long; a simulation that waits for it has found something.
const PATIENCE: Duration = Duration::from_secs(15);

pub(crate) struct Client {
    ws: WebSocketStream<MaybeTlsStream<TcpStream>>,
    url: String,
    challenge: String,
}

impl Client {
    pub(crate) async fn connect(url: &str) -> Self {
        let (ws, _) = tokio_tungstenite::connect_async(url).await.unwrap();
        let mut client = Self { ws, url: url.to_owned(), challenge: String::new() };
        let challenge = client.next().await.expect("a challenge");
        client.challenge = challenge[1].as_str().unwrap().to_owned();
        client
    }

    pub(crate) async fn send(&mut self, frame: &Value) {
        self.send_text(frame.to_string()).await;
    }

    pub(crate) async fn send_text(&mut self, frame: String) {
        // A socket that the relay has closed says so when it is read.
        let _ = self.ws.send(Message::text(frame)).await;
    }

    /// Frames that leave in one piece.
    pub(crate) async fn send_together(&mut self, frames: impl Iterator<Item = String>) {
        for frame in frames {
            let _ = self.ws.feed(Message::text(frame)).await;
        }
        let _ = self.ws.flush().await;
    }

    /// The next message; none when the relay closed the socket or stays silent.
    pub(crate) async fn next(&mut self) -> Option<Value> {
        loop {
            match tokio::time::timeout(PATIENCE, self.ws.next()).await.ok()? {
                Some(Ok(Message::Text(text))) => return Some(serde_json::from_str(&text).unwrap()),
                Some(Ok(Message::Close(_)) | Err(_)) | None => return None,
                Some(Ok(_)) => {}
            }
        }
    }

    /// The login event of these keys, with an invitation's token if there is one.
    pub(crate) fn login_event(&self, keys: &Keys, now: u64, token: Option<&str>) -> Value {
        let mut tags = vec![tag("relay", [&self.url]), tag("challenge", [&self.challenge])];
        tags.extend(token.map(|token| tag("invite", [token])));
        json!(sign(keys, 22242, tags, "", now))
    }
}
