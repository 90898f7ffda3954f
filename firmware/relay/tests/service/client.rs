//! A Nostr client of a few lines, so that the tests see what is on the wire.

use std::collections::VecDeque;
use std::time::Duration;

use futures_util::{SinkExt as _, StreamExt as _};
use relaybox_protocol::event::{sign, tag};
use relaybox_protocol::{Event, Keys, Tag};
use serde_json::{Value, json};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::{Error, Message};

/// Nothing takes this long; a test that waits for it has failed.
const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) trait Io: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Io for T {}

pub(crate) struct Client {
    ws: WebSocketStream<Box<dyn Io>>,
    seen: VecDeque<Value>,
    pub(crate) challenge: String,
    pub(crate) url: String,
}

/// An `OK`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Ok {
    pub(crate) accepted: bool,
    pub(crate) message: String,
}

impl Ok {
    pub(crate) fn stored(self) {
        assert!(self.accepted, "{}", self.message);
    }

    pub(crate) fn refused(self, message: &str) {
        assert_eq!((self.accepted, self.message.as_str()), (false, message));
    }
}

impl Client {
    /// Connects and takes the challenge.
    pub(crate) async fn connect(url: &str) -> Self {
        let stream = TcpStream::connect(url.trim_start_matches("ws://")).await.unwrap();
        Self::over(Box::new(stream), url).await
    }

    /// The same over any stream; `url` is the relay's name.
    pub(crate) async fn over(stream: Box<dyn Io>, url: &str) -> Self {
        let name = url.replacen("wss://", "ws://", 1);
        let (ws, _) = tokio_tungstenite::client_async(name, stream).await.unwrap();
        let mut client = Self { ws, seen: VecDeque::new(), challenge: String::new(), url: url.to_owned() };
        let challenge = client.until("AUTH").await;
        client.challenge = challenge[1].as_str().unwrap().to_owned();
        client
    }

    pub(crate) async fn send(&mut self, text: impl Into<String>) {
        self.ws.send(Message::text(text.into())).await.unwrap();
    }

    pub(crate) async fn send_raw(&mut self, message: Message) -> Result<(), Error> {
        self.ws.send(message).await
    }

    /// The next message; none when the relay closed the socket.
    pub(crate) async fn next(&mut self) -> Option<Value> {
        if let Some(seen) = self.seen.pop_front() {
            return Some(seen);
        }
        self.read().await
    }

    async fn read(&mut self) -> Option<Value> {
        loop {
            let message = tokio::time::timeout(PATIENCE, self.ws.next()).await.expect("an answer in time");
            match message {
                Some(Result::Ok(Message::Text(text))) => return Some(serde_json::from_str(&text).unwrap()),
                Some(Result::Ok(Message::Close(_))) | None | Some(Err(_)) => return None,
                Some(Result::Ok(_)) => {}
            }
        }
    }

    /// The close code, when the relay closes next.
    pub(crate) async fn closed(&mut self) -> Option<u16> {
        loop {
            match tokio::time::timeout(PATIENCE, self.ws.next()).await.expect("a close in time") {
                Some(Result::Ok(Message::Close(frame))) => return frame.map(|frame| frame.code.into()),
                None | Some(Err(_)) => return None,
                Some(Result::Ok(_)) => {}
            }
        }
    }

    /// Frames that reach the relay in one piece.
    pub(crate) async fn send_together(&mut self, frames: &[&str]) {
        for frame in frames {
            self.ws.feed(Message::text(*frame)).await.unwrap();
        }
        self.ws.flush().await.unwrap();
    }

    /// A text frame whose payload is no UTF-8.
    pub(crate) async fn send_bad_utf8(&mut self) {
        use tokio_tungstenite::tungstenite::protocol::frame::Frame;
        use tokio_tungstenite::tungstenite::protocol::frame::coding::{Data, OpCode};
        let frame = Frame::message(vec![b'[', 0xff, 0xfe, b']'], OpCode::Data(Data::Text), true);
        self.ws.send(Message::Frame(frame)).await.unwrap();
    }

    /// The next message of this verb; others are kept for later.
    pub(crate) async fn until(&mut self, verb: &str) -> Value {
        self.find(|message| message[0] == verb).await
    }

    /// The next message that fits; others are kept for later.
    pub(crate) async fn find(&mut self, fits: impl Fn(&Value) -> bool) -> Value {
        if let Some(at) = self.seen.iter().position(&fits) {
            return self.seen.remove(at).unwrap();
        }
        loop {
            let message = self.read().await.expect("an open socket");
            if fits(&message) {
                return message;
            }
            self.seen.push_back(message);
        }
    }

    pub(crate) async fn login(&mut self, keys: &Keys, now: u64) -> Ok {
        let event = self.auth(keys, now, &[]);
        self.login_with(&event).await
    }

    pub(crate) fn auth(&self, keys: &Keys, now: u64, extra: &[Tag]) -> Event {
        let mut tags = vec![tag("relay", [&self.url]), tag("challenge", [&self.challenge])];
        tags.extend_from_slice(extra);
        sign(keys, 22242, tags, "", now)
    }

    pub(crate) async fn login_with(&mut self, event: &Event) -> Ok {
        self.send(json!(["AUTH", event]).to_string()).await;
        self.ok(&event.id.to_hex()).await
    }

    pub(crate) async fn ok(&mut self, id: &str) -> Ok {
        let message = self.find(|message| message[0] == "OK" && message[1] == id).await;
        Ok { accepted: message[2].as_bool().unwrap(), message: message[3].as_str().unwrap().to_owned() }
    }

    pub(crate) async fn publish(&mut self, event: &Event) -> Ok {
        self.send(json!(["EVENT", event]).to_string()).await;
        self.ok(&event.id.to_hex()).await
    }

    /// Stored events up to EOSE, or the text of CLOSED.
    pub(crate) async fn req(&mut self, id: &str, filters: &[Value]) -> Result<Vec<Value>, String> {
        let mut frame = vec![json!("REQ"), json!(id)];
        frame.extend_from_slice(filters);
        self.send(Value::from(frame).to_string()).await;
        let mut events = Vec::new();
        loop {
            let message = self
                .find(|m| ["EVENT", "EOSE", "CLOSED"].iter().any(|verb| m[0] == *verb) && m[1] == id)
                .await;
            match message[0].as_str().unwrap() {
                "EVENT" => events.push(message[2].clone()),
                "EOSE" => return Result::Ok(events),
                _ => return Err(message[2].as_str().unwrap().to_owned()),
            }
        }
    }

    /// Ids of stored events, newest first.
    pub(crate) async fn ids(&mut self, filter: Value) -> Vec<String> {
        let events = self.req("ids", &[filter]).await.unwrap();
        self.send(r#"["CLOSE","ids"]"#).await;
        events.iter().map(|event| event["id"].as_str().unwrap().to_owned()).collect()
    }

    pub(crate) async fn count(&mut self, filter: Value) -> Result<u64, String> {
        self.send(json!(["COUNT", "count", filter]).to_string()).await;
        let message = self.find(|m| (m[0] == "COUNT" || m[0] == "CLOSED") && m[1] == "count").await;
        match message[0].as_str().unwrap() {
            "COUNT" => Result::Ok(message[2]["count"].as_u64().unwrap()),
            _ => Err(message[2].as_str().unwrap().to_owned()),
        }
    }

    /// Everything that came so far is answered before this returns: a marker for "nothing came".
    pub(crate) async fn settled(&mut self) -> Vec<Value> {
        self.send(r#"["COUNT","settled",{"ids":[]}]"#).await;
        self.find(|m| m[1] == "settled").await;
        std::mem::take(&mut self.seen).into()
    }
}
