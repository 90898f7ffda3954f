//! The two sides of one connection: what the relay said, and what the reference says it must say.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::client::Client;
use crate::reference::{Filter, Item, Socket, State};

pub(crate) struct Subscription {
    pub(crate) filters: Vec<Filter>,
    /// Ids that must come, and those that came; receipts apart, since they are written beside the
    /// stream of events and may come between any two.
    expected: [Vec<String>; 2],
    got: [Vec<String>; 2],
}

impl Subscription {
    pub(crate) fn new(filters: Vec<Filter>) -> Self {
        Self { filters, expected: Default::default(), got: Default::default() }
    }
}

pub(crate) struct Session {
    pub(crate) client: Client,
    pub(crate) socket: Socket,
    pub(crate) subscriptions: BTreeMap<String, Subscription>,
    /// Subscriptions that the relay must end, with the text.
    ended: Vec<(String, String)>,
    closed: Vec<(String, String)>,
    /// The relay must close the socket.
    pub(crate) closing: bool,
    pub(crate) over: bool,
}

/// The text of a refusal by its code.
pub(crate) fn text_of(code: &str) -> String {
    let mut all = relaybox_protocol::refusal::Refusal::ALL.iter();
    all.find(|refusal| refusal.code() == code).unwrap_or_else(|| panic!("no refusal {code}")).message()
}

impl Session {
    pub(crate) fn new(client: Client) -> Self {
        Self {
            client,
            socket: Socket::default(),
            subscriptions: BTreeMap::new(),
            ended: Vec::new(),
            closed: Vec::new(),
            closing: false,
            over: false,
        }
    }

    /// The policy has changed: keys that may not be logged in any more go, and all subscriptions.
    pub(crate) fn expect_members(&mut self, state: &State<'_>) {
        if self.closing || self.socket.keys.is_empty() {
            return;
        }
        let mut reason = None;
        self.socket.keys.retain(|key| match state.may_log_in(key) {
            Ok(()) => true,
            Err(code) => {
                reason.get_or_insert(code);
                false
            }
        });
        let Some(code) = reason else { return };
        let Socket { keys, invited } = &mut self.socket;
        invited.retain(|(key, _)| keys.contains(key));
        self.closing = keys.is_empty();
        for id in self.subscriptions.keys() {
            self.ended.push((id.clone(), text_of(code)));
        }
        // What was due before still has to come.
        for subscription in self.subscriptions.values_mut() {
            subscription.filters.clear();
        }
    }

    /// An event was stored or announced: who asked for it and may read it gets it.
    pub(crate) fn expect(&mut self, state: &State<'_>, item: &Item) {
        for subscription in self.subscriptions.values_mut() {
            let asked = subscription.filters.iter().any(|filter| filter.matches(item));
            if asked && state.permits(&self.socket.keys, item) {
                subscription.expected[usize::from(item.kind == 2122)].push(item.id.clone());
            }
        }
    }

    /// Keeps what belongs to open subscriptions; gives back everything else.
    pub(crate) fn sort(&mut self, message: Value) -> Option<Value> {
        let id = message[1].as_str().unwrap_or_default();
        match message[0].as_str() {
            Some("EVENT") => {
                let Some(subscription) = self.subscriptions.get_mut(id) else { return Some(message) };
                let receipt = usize::from(message[2]["kind"] == 2122);
                subscription.got[receipt].push(message[2]["id"].as_str().unwrap_or_default().to_owned());
                None
            }
            Some("CLOSED") if self.subscriptions.contains_key(id) => {
                self.closed.push((id.to_owned(), message[2].as_str().unwrap_or_default().to_owned()));
                None
            }
            _ => Some(message),
        }
    }

    /// The next message that is no live delivery; none when the socket is closed.
    pub(crate) async fn next(&mut self) -> Option<Value> {
        while !self.over {
            match self.client.next().await {
                Some(message) => {
                    if let Some(other) = self.sort(message) {
                        return Some(other);
                    }
                }
                None => self.over = true,
            }
        }
        None
    }

    pub(crate) fn has_something_to_say(&self) -> bool {
        self.closing || !self.subscriptions.is_empty()
    }

    /// Reads everything that is under way: up to the answer of a question of our own, or to the end.
    pub(crate) async fn drain(&mut self) {
        if !self.closing {
            self.client.send(&json!(["COUNT", "~", {"ids": []}])).await;
        }
        while let Some(message) = self.next().await {
            if message[1] == "~" {
                break;
            }
        }
    }

    /// Compares what came with what had to come.
    pub(crate) fn compare(&mut self, name: &str) -> Result<(), String> {
        for (id, subscription) in &mut self.subscriptions {
            if subscription.expected != subscription.got {
                let [expected, got] = [&subscription.expected, &subscription.got];
                return Err(format!(
                    "live deliveries of {name} {id} {:?}\n reference {expected:?}\n relay     {got:?}",
                    subscription.filters
                ));
            }
            subscription.expected = Default::default();
            subscription.got = Default::default();
        }
        let (mut ended, mut closed) = (std::mem::take(&mut self.ended), std::mem::take(&mut self.closed));
        ended.sort();
        closed.sort();
        if ended != closed {
            return Err(format!("CLOSED of {name}: reference {ended:?}, relay {closed:?}"));
        }
        for (id, _) in ended {
            self.subscriptions.remove(&id);
        }
        if self.closing != self.over {
            return Err(format!(
                "the socket of {name}: reference closed {}, relay closed {}",
                self.closing, self.over
            ));
        }
        Ok(())
    }
}
