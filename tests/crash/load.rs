//! Load: several logged-in connections, each with pre-signed events in flight, and the count of what
//! was sent, answered and refused.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex};
use std::time::Instant;

use futures_util::{FutureExt, SinkExt, StreamExt};
use relaybox_process::clock::Clock;
use relaybox_protocol::{Event, EventId, Keys};
use relaybox_tests::client::{Client, Stream};
use relaybox_tests::practice::Practice;
use relaybox_tests::role::RelayRole;
use serde_json::Value;
use tokio::sync::watch;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;

/// Events of one connection without an answer.
const WINDOW: usize = 48;

/// The relay's answer to an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) accepted: bool,
    pub(crate) text: String,
}

/// What all connections saw together.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    /// Exact bytes of what was sent.
    pub(crate) sent: BTreeMap<EventId, String>,
    pub(crate) answers: BTreeMap<EventId, Answer>,
    pub(crate) last_ok: Option<Instant>,
}

impl Seen {
    pub(crate) fn unanswered(&self) -> impl Iterator<Item = (&EventId, &String)> {
        self.sent.iter().filter(|(id, _)| !self.answers.contains_key(*id))
    }

    pub(crate) fn accepted(&self) -> impl Iterator<Item = (&EventId, &String)> {
        self.sent.iter().filter(|(id, _)| self.answers.get(*id).is_some_and(|answer| answer.accepted))
    }
}

/// Shared by the connections and by whoever ends them.
#[derive(Debug)]
pub(crate) struct Board {
    pub(crate) seen: Mutex<Seen>,
    answered: watch::Sender<usize>,
}

impl Board {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self { seen: Mutex::default(), answered: watch::channel(0).0 })
    }

    /// Waits until so many events were answered. The senders must run meanwhile.
    pub(crate) async fn answers(&self, count: usize) {
        self.answered.subscribe().wait_for(|answered| *answered >= count).await.unwrap();
    }

    fn sent(&self, id: EventId, json: String) {
        self.seen.lock().unwrap().sent.insert(id, json);
    }

    fn heard(&self, frame: &Value) {
        if frame[0] != "OK" {
            return;
        }
        let id = EventId::from_hex(frame[1].as_str().unwrap()).unwrap();
        let answer = Answer { accepted: frame[2] == true, text: frame[3].as_str().unwrap().to_owned() };
        let mut seen = self.seen.lock().unwrap();
        if answer.accepted {
            seen.last_ok = Some(Clock::System.instant());
        }
        seen.answers.insert(id, answer);
        let count = seen.answers.len();
        drop(seen);
        self.answered.send_replace(count);
    }
}

/// Logs in and sends until everything is answered or the connection ends. Connections that are cut are
/// what these tests are about, so the end is no error.
pub(crate) async fn drive(role: &RelayRole, keys: &Keys, events: Vec<Event>, board: Arc<Board>) -> Driver {
    let client = role.login(keys).await.unwrap();
    Driver { socket: client.into_socket(), waiting: events.into(), open: 0, board }
}

pub(crate) struct Driver {
    socket: WebSocketStream<Box<dyn Stream>>,
    waiting: VecDeque<Event>,
    open: usize,
    board: Arc<Board>,
}

impl Driver {
    pub(crate) async fn run(mut self) {
        while self.open > 0 || !self.waiting.is_empty() {
            while self.open < WINDOW {
                let Some(event) = self.waiting.pop_front() else { break };
                let json = event.as_json();
                self.board.sent(event.id, json.clone());
                self.open += 1;
                if self.socket.feed(Message::text(format!("[\"EVENT\",{json}]"))).await.is_err() {
                    return;
                }
            }
            if self.socket.flush().await.is_err() || !self.hear().await {
                return;
            }
        }
    }

    /// Waits for one frame and takes what came with it; false when the connection has ended.
    async fn hear(&mut self) -> bool {
        let mut next = self.socket.next().await;
        loop {
            match next {
                Some(Ok(Message::Text(text))) => {
                    let frame: Value = serde_json::from_str(&text).unwrap();
                    self.open -= usize::from(frame[0] == "OK");
                    self.board.heard(&frame);
                }
                Some(Ok(Message::Close(_)) | Err(_)) | None => return false,
                Some(Ok(_)) => {}
            }
            match self.socket.next().now_or_never() {
                Some(frame) => next = frame,
                None => return true,
            }
        }
    }
}

/// Who writes what in one round.
pub(crate) type Share = (Keys, Vec<Event>);

/// Vital signs by every nurse, messages by every parent, new children by the front desk: the last ones
/// are policy events, each of which is one transaction with its receipt.
pub(crate) fn round(practice: &mut Practice, vitals: usize, messages: usize, children: usize) -> Vec<Share> {
    let families = practice.families.clone();
    let mut shares = Vec::new();
    for nurse in practice.nurses.clone() {
        let of = |n: usize| families[n % families.len()].child.public_key();
        let events = (0..vitals).map(|n| practice.vital(&nurse, &of(n), &"x".repeat(n % 700)).unwrap());
        shares.push((nurse.clone(), events.collect()));
    }
    for family in &families {
        let events = (0..messages).map(|_| practice.message(family).unwrap());
        shares.push((family.parent.clone(), events.collect()));
    }
    let desk = practice.desk.clone();
    let events = (0..children).map(|_| {
        let child = practice.keys();
        practice.patient(&child).unwrap()
    });
    shares.push((desk, events.collect()));
    shares
}

/// Claims the box and stores the practice's staff and families.
pub(crate) async fn found(role: &RelayRole, practice: &mut Practice) -> Vec<Event> {
    let claim = practice.practice.public_key().to_hex();
    role.ceremony().await.unwrap().claim(&claim).await.unwrap();
    let mut events = practice.genesis().unwrap();
    role.append(&events).await.unwrap();
    let mut desk = role.login(&practice.desk).await.unwrap();
    for family in practice.families.clone() {
        for event in [practice.patient(&family.child).unwrap(), practice.link(&family).unwrap()] {
            publish(&mut desk, &event).await;
            events.push(event);
        }
    }
    events
}

pub(crate) async fn publish(client: &mut Client, event: &Event) {
    let (accepted, text) = client.publish(event).await.unwrap();
    assert!(accepted, "{text}");
}
