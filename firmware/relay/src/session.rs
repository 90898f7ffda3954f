//! One WebSocket as a state machine: challenge, logged-in keys, subscriptions, negentropy sessions
//! and their limits. It takes `now` and the member table with every call and returns effects; it
//! knows no socket, no store and no clock.
//!
//! Invariants: nothing but an AUTH challenge and refusals goes out before a key is logged in; every
//! live event is matched against the scope of the member table it was brought with; what waits for
//! a slow reader is counted, and above `outgoing_bytes_max` the session ends.

mod auth;
mod facts;
mod filters;
mod live;
mod neg;

use std::collections::VecDeque;
use std::sync::Arc;

use relaybox_process::config::RelayConfig;
use relaybox_protocol::refusal::Refusal;
use relaybox_protocol::scope::Scope;
use relaybox_protocol::{Filter, PublicKey, kinds};
use relaybox_store::{Delivered, Seq};

use crate::frame::{self, EventHead, Frame, FrameError};
use crate::members::Members;
use crate::messages;

pub use auth::normalised;
pub use facts::Fact;
pub use neg::sealed;

/// WebSocket close codes (RFC 6455 7.4.1).
pub const CLOSE_GOING_AWAY: u16 = 1001;
pub const CLOSE_UNSUPPORTED: u16 = 1003;
pub const CLOSE_POLICY: u16 = 1008;
pub const CLOSE_TOO_BIG: u16 = 1009;

/// What the connection must do, in this order.
#[derive(Debug, Clone)]
pub enum Effect {
    /// Send this text.
    Send(String),
    /// Send an event to a subscription; `head` is `messages::event_head`.
    Deliver {
        head: Arc<str>,
        bytes: Arc<str>,
    },
    /// Verify, admit and store an event; report by [`Session::handle_admitted`]. `payer` is the key
    /// whose rate it counts against; without one the address pays.
    Admit {
        id: String,
        payer: Option<PublicKey>,
        json: Arc<str>,
    },
    /// Answer the stored part of a subscription; report by [`Session::handle_stored_end`] or
    /// [`Session::handle_read_failed`].
    Read {
        generation: u64,
    },
    Count {
        id: String,
        filters: Vec<Filter>,
    },
    /// List the ids of a negentropy session; report by [`Session::handle_ids`].
    NegOpen {
        generation: u64,
        filter: Box<Filter>,
    },
    Ping,
    /// Send what is queued before, then close.
    Close(u16),
    /// Drop the connection: the reader does not keep up.
    Drop,
}

/// How an event fared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    Stored,
    Duplicate,
    /// An ephemeral kind: handed to the open sessions, not kept.
    HandedOver,
}

/// What a read of stored events needs.
#[derive(Debug, Clone)]
pub struct Question {
    pub subscription: String,
    pub filters: Vec<Filter>,
    pub scope: Arc<Scope>,
    /// Position of the member table behind `scope`.
    pub at: Seq,
}

#[derive(Debug)]
struct Subscription {
    id: String,
    head: Arc<str>,
    generation: u64,
    filters: Vec<Filter>,
    /// Live events that came before the stored ones were all handed over; none once they are.
    waiting: Option<Vec<Arc<Delivered>>>,
    /// Last arrival number that the stored part covers; live events up to it were sent already.
    covered: Seq,
}

/// The state machine.
#[derive(Debug)]
pub struct Session {
    limits: Arc<RelayConfig>,
    urls: Arc<[String]>,
    challenge: String,
    opened: u64,
    heard: u64,
    /// Seconds by which the clock stands before the `now` of the calls, which never falls.
    behind: u64,
    pinged: bool,
    bytes_before_auth: usize,
    keys: Vec<PublicKey>,
    logins: usize,
    invited: Vec<(PublicKey, [u8; 32])>,
    /// When time alone ends the access of the first of `keys`.
    ends: Option<u64>,
    subscriptions: Vec<Subscription>,
    negs: Vec<neg::Neg>,
    generation: u64,
    scope: Option<(Seq, u64, Arc<Scope>)>,
    effects: VecDeque<Effect>,
    /// Bytes in `effects` and in waiting live events.
    queued: usize,
    in_flight: usize,
    in_flight_bytes: usize,
    ended: bool,
    facts: Vec<Fact>,
    /// The first key logged in that is somebody here: the audit names nobody else.
    named: Option<PublicKey>,
    audit_full: bool,
}

impl Session {
    /// A new connection. `urls` are the names by which an AUTH event may call this surface,
    /// normalised by [`auth::normalised`]; `challenge` is fresh and unpredictable.
    pub fn new(limits: Arc<RelayConfig>, urls: Arc<[String]>, challenge: String, now: u64) -> Self {
        let mut session = Self {
            limits,
            urls,
            challenge,
            opened: now,
            heard: now,
            behind: 0,
            pinged: false,
            bytes_before_auth: 0,
            keys: Vec::new(),
            logins: 0,
            invited: Vec::new(),
            ends: None,
            subscriptions: Vec::new(),
            negs: Vec::new(),
            generation: 0,
            scope: None,
            effects: VecDeque::new(),
            queued: 0,
            in_flight: 0,
            in_flight_bytes: 0,
            ended: false,
            facts: Vec::new(),
            named: None,
            audit_full: false,
        };
        session.send(messages::challenge(&session.challenge));
        session
    }

    /// Keys logged in.
    pub fn keys(&self) -> &[PublicKey] {
        &self.keys
    }

    /// Invitation tokens presented, as SHA-256, with the key that presented them.
    pub fn invited(&self) -> &[(PublicKey, [u8; 32])] {
        &self.invited
    }

    pub fn ended(&self) -> bool {
        self.ended
    }

    /// Whether another frame may be read: the events under way stay below one frame's bytes and
    /// `EVENTS_UNDER_WAY_MAX`, and the answers queued below half of what a slow reader may have.
    pub fn may_read(&self) -> bool {
        const EVENTS_UNDER_WAY_MAX: usize = 256;
        const EFFECTS_MAX: usize = 1_024;
        !self.ended
            && self.in_flight < EVENTS_UNDER_WAY_MAX
            && self.in_flight_bytes < self.limits.frame_bytes_max
            && self.effects.len() < EFFECTS_MAX
            && self.queued <= self.limits.outgoing_bytes_max / 2
    }

    /// Whether nothing waits to be done.
    pub fn idle(&self) -> bool {
        self.effects.is_empty()
    }

    /// One text frame. `members` is none while the box has no practice.
    pub fn handle_text(&mut self, now: u64, text: &str, members: Option<&Arc<Members>>) {
        self.handle_heard(now.saturating_sub(self.behind));
        if let Some(members) = members {
            self.handle_now(now, members);
        }
        if self.ended {
            return;
        }
        if self.keys.is_empty() {
            self.bytes_before_auth += text.len();
            if self.bytes_before_auth > self.limits.auth_bytes_max {
                self.end(Refusal::AuthLate, CLOSE_POLICY);
                return;
            }
        }
        match frame::parse(text, &self.limits) {
            Ok(frame) => self.handle_frame(now, frame, members),
            Err(error) => self.not_understood(error),
        }
    }

    /// A REQ that is refused ends the subscription whose id it re-uses.
    fn not_understood(&mut self, error: FrameError) {
        let text = match error {
            FrameError::Frame(refusal) => messages::notice(refusal),
            FrameError::Event { id, refusal } => messages::refused(&id, refusal),
            FrameError::Subscription { id, refusal } => {
                self.unsubscribe(&id);
                messages::closed(&id, refusal)
            }
            FrameError::Negentropy { id, refusal } => messages::neg_err(&id, refusal),
        };
        self.send(text);
    }

    /// The clock was set back: logins are judged by it, or nobody could log in until it has caught up.
    pub fn handle_clock(&mut self, behind: u64) {
        self.behind = behind;
    }

    /// Any sign of life of the peer. `now` is the clock's.
    pub fn handle_heard(&mut self, now: u64) {
        self.heard = self.heard.max(now);
        self.pinged = false;
    }

    /// A binary frame.
    pub fn handle_binary(&mut self) {
        self.end(Refusal::BinaryFrame, CLOSE_UNSUPPORTED);
    }

    /// A frame larger than `frame_bytes_max`; the stream cannot be read on.
    pub fn handle_too_large(&mut self) {
        self.end(Refusal::FrameTooLarge, CLOSE_TOO_BIG);
    }

    fn handle_frame(&mut self, now: u64, frame: Frame<'_>, members: Option<&Arc<Members>>) {
        let Some(members) = members else { return self.refuse(&frame, Refusal::NoPractice) };
        if self.keys.is_empty() && needs_login(&frame) {
            return self.refuse(&frame, Refusal::AuthRequired);
        }
        match frame {
            Frame::Event { json, head } => {
                self.in_flight += 1;
                self.in_flight_bytes += json.len();
                let payer = self.payer(now, &head, members);
                self.push(Effect::Admit { id: head.id, payer, json: json.into() });
            }
            Frame::Auth { json, head } => match self.log_in(now, json, members) {
                Ok(()) => self.send(messages::ok(&head.id, true, "")),
                Err(refusal) => {
                    let claimed = head.author.filter(|key| members.knows(key, now));
                    self.facts.push(Fact::LoginRefused { claimed, refusal });
                    self.send(messages::refused(&head.id, refusal));
                }
            },
            Frame::Req { id, filters } => self.subscribe(id, filters),
            Frame::Count { id, filters } => self.push(Effect::Count { id, filters }),
            Frame::Close { id } => self.unsubscribe(&id),
            Frame::NegOpen { id, filter, message } => self.neg_open(id, filter, message),
            Frame::NegMsg { id, message } => self.neg_msg(now, &id, &message, members),
            Frame::NegClose { id } => self.negs.retain(|neg| neg.id != id),
        }
    }

    /// The author when it is logged in here, else the first logged-in key that is somebody here: a
    /// stranger who logs in with ever new keys pays by address.
    fn payer(&self, now: u64, head: &EventHead, members: &Members) -> Option<PublicKey> {
        if let Some(author) = head.author.filter(|author| self.keys.contains(author)) {
            return Some(author);
        }
        self.keys.iter().find(|key| members.knows(key, now)).copied()
    }

    /// Answers a frame as its kind of message is refused; CLOSE needs no answer.
    fn refuse(&mut self, frame: &Frame<'_>, refusal: Refusal) {
        self.note_refused(refusal);
        match frame {
            Frame::Event { head, .. } | Frame::Auth { head, .. } => {
                self.send(messages::refused(&head.id, refusal))
            }
            Frame::Req { id, .. } | Frame::Count { id, .. } => self.send(messages::closed(id, refusal)),
            Frame::NegOpen { id, .. } | Frame::NegMsg { id, .. } => self.send(messages::neg_err(id, refusal)),
            Frame::Close { .. } | Frame::NegClose { .. } => {}
        }
    }

    fn subscribe(&mut self, id: String, filters: Vec<Filter>) {
        self.unsubscribe(&id);
        if self.subscriptions.len() >= self.limits.subscriptions_max {
            return self.send(messages::closed(&id, Refusal::Subscriptions));
        }
        self.generation += 1;
        let generation = self.generation;
        let head = messages::event_head(&id).into();
        self.subscriptions.push(Subscription {
            id,
            head,
            generation,
            filters,
            waiting: Some(Vec::new()),
            covered: 0,
        });
        self.push(Effect::Read { generation });
    }

    fn unsubscribe(&mut self, id: &str) {
        let Some(at) = self.subscriptions.iter().position(|s| s.id == id) else { return };
        let gone = self.subscriptions.swap_remove(at);
        let waiting: usize = gone.waiting.iter().flatten().map(|live| live.bytes.len()).sum();
        self.queued -= waiting;
    }

    /// The question of a read, under the scope of now; none when the subscription is gone. Filters
    /// with a limit of zero ask for nothing stored, so they are left out.
    pub fn question(&mut self, now: u64, generation: u64, members: &Arc<Members>) -> Option<Question> {
        let scope = self.scope(now, members);
        let found = self.subscriptions.iter().find(|s| s.generation == generation)?;
        let filters = found.filters.iter().filter(|filter| filter.limit != Some(0)).cloned().collect();
        Some(Question { subscription: found.id.clone(), filters, scope, at: members.at })
    }

    /// Whether the answer to this read is still wanted.
    pub fn reading(&self, generation: u64) -> bool {
        self.subscriptions.iter().any(|s| s.generation == generation)
    }

    /// All stored events of a subscription are on their way; `head` is the last arrival number that
    /// they cover. Live events beyond it follow at once.
    pub fn handle_stored_end(&mut self, generation: u64, head: Seq) {
        let Some(found) = self.subscriptions.iter_mut().find(|s| s.generation == generation) else { return };
        let (id, event_head) = (found.id.clone(), Arc::clone(&found.head));
        let waiting = found.waiting.take().unwrap_or_default();
        found.covered = head;
        self.queued -= waiting.iter().map(|live| live.bytes.len()).sum::<usize>();
        self.send(messages::eose(&id));
        for live in waiting {
            if live.seq.is_none_or(|seq| seq > head) {
                self.push(Effect::Deliver { head: Arc::clone(&event_head), bytes: Arc::clone(&live.bytes) });
            }
        }
    }

    /// The stored part cannot be answered.
    pub fn handle_read_failed(&mut self, generation: u64, refusal: Refusal) {
        let Some(found) = self.subscriptions.iter().find(|s| s.generation == generation) else { return };
        let id = found.id.clone();
        self.unsubscribe(&id);
        self.send(messages::closed(&id, refusal));
    }

    /// What the logged-in keys may read together.
    pub fn scope_now(&mut self, now: u64, members: &Arc<Members>) -> Arc<Scope> {
        self.scope(now, members)
    }

    /// A COUNT has its answer.
    pub fn handle_counted(&mut self, id: &str, result: Result<u64, Refusal>) {
        self.send(match result {
            Ok(n) => messages::count(id, n),
            Err(refusal) => messages::closed(id, refusal),
        });
    }

    /// An event of this session was stored, or refused.
    pub fn handle_admitted(&mut self, id: &str, bytes: usize, fate: Result<Fate, Refusal>) {
        self.in_flight = self.in_flight.saturating_sub(1);
        self.in_flight_bytes = self.in_flight_bytes.saturating_sub(bytes);
        if let Err(refusal) = fate {
            self.note_refused(refusal);
        }
        self.send(match fate {
            Ok(Fate::Stored) => messages::ok(id, true, ""),
            Ok(Fate::Duplicate) => messages::ok(id, true, "duplicate: already stored"),
            Ok(Fate::HandedOver) => messages::ok(id, true, "handed to the open sessions, not kept"),
            Err(refusal) => messages::refused(id, refusal),
        });
    }

    /// The member table has changed: keys that may no longer be logged in are taken out, and with
    /// them every subscription; the socket closes when none is left.
    pub fn handle_members(&mut self, now: u64, members: &Arc<Members>) {
        if self.ended || self.keys.is_empty() {
            return;
        }
        let mut reason = None;
        self.keys.retain(|key| match members.may_log_in(key, now) {
            Ok(()) => true,
            Err(refusal) => {
                self.facts.push(Fact::Ended { key: *key, refusal });
                reason.get_or_insert(refusal);
                false
            }
        });
        self.ends = members.next_end(&self.keys, now);
        let Some(reason) = reason else { return };
        let keys = &self.keys;
        self.invited.retain(|(key, _)| keys.contains(key));
        self.scope = None;
        self.close_subscriptions(reason);
        if self.keys.is_empty() {
            self.close(CLOSE_POLICY);
        }
    }

    /// The time is `now`: what it ended is taken out as by a change of the members. Returns whether
    /// anything is to be sent.
    pub(super) fn handle_now(&mut self, now: u64, members: &Arc<Members>) -> bool {
        let over = self.ends.is_some_and(|end| now >= end);
        if over {
            self.handle_members(now, members);
        }
        over
    }

    /// The relay stops: all subscriptions are closed, then the socket.
    pub fn handle_stop(&mut self) {
        if !self.ended {
            self.close_subscriptions(Refusal::Stopping);
            self.close(CLOSE_GOING_AWAY);
        }
    }

    fn close_subscriptions(&mut self, reason: Refusal) {
        for id in self.subscriptions.iter().map(|s| s.id.clone()).collect::<Vec<_>>() {
            self.unsubscribe(&id);
            self.send(messages::closed(&id, reason));
        }
        for neg in std::mem::take(&mut self.negs) {
            self.send(messages::neg_err(&neg.id, reason));
        }
    }

    /// Unix seconds at which [`Session::handle_timeout`] wants to be called.
    pub fn poll_timeout(&self) -> u64 {
        let quiet = self.limits.idle_seconds / if self.pinged { 1 } else { 2 };
        let idle = self.heard.saturating_add(quiet.max(1));
        if self.keys.is_empty() {
            idle.min(self.opened.saturating_add(self.limits.auth_seconds_max))
        } else {
            idle.min(self.ends.unwrap_or(u64::MAX))
        }
    }

    /// Time has passed by the clock: a login that did not come, a peer that says nothing, access that
    /// has ended.
    pub fn handle_timeout(&mut self, now: u64, members: Option<&Arc<Members>>) {
        if self.ended || now < self.poll_timeout() {
            return;
        }
        if members.is_some_and(|members| self.handle_now(now, members)) {
            return;
        }
        if self.keys.is_empty() && now >= self.opened.saturating_add(self.limits.auth_seconds_max) {
            self.end(Refusal::AuthLate, CLOSE_POLICY);
        } else if self.pinged {
            self.close(CLOSE_GOING_AWAY);
        } else {
            self.pinged = true;
            self.push(Effect::Ping);
        }
    }

    /// The next thing to do.
    pub fn poll_effect(&mut self) -> Option<Effect> {
        let effect = self.effects.pop_front()?;
        self.queued -= weight(&effect);
        Some(effect)
    }

    fn end(&mut self, refusal: Refusal, code: u16) {
        if !self.ended {
            self.send(messages::notice(refusal));
            self.close(code);
        }
    }

    fn close(&mut self, code: u16) {
        self.push(Effect::Close(code));
        self.ended = true;
        self.subscriptions.clear();
        self.negs.clear();
    }

    fn send(&mut self, text: String) {
        self.push(Effect::Send(text));
    }

    fn push(&mut self, effect: Effect) {
        if self.ended {
            return;
        }
        self.queued += weight(&effect);
        self.effects.push_back(effect);
        self.drop_if_slow();
    }

    /// Ends the session at once when more waits for its reader than the limit allows.
    fn drop_if_slow(&mut self) {
        if self.queued > self.limits.outgoing_bytes_max {
            self.ended = true;
            self.effects.clear();
            self.subscriptions.clear();
            self.negs.clear();
            self.queued = 0;
            self.effects.push_back(Effect::Drop);
        }
    }

    /// The scope of the logged-in keys, made anew when the members or the second have changed.
    fn scope(&mut self, now: u64, members: &Arc<Members>) -> Arc<Scope> {
        match &self.scope {
            Some((at, made, scope)) if *at == members.at && *made == now => Arc::clone(scope),
            _ => {
                let scope = members.scope(&self.keys, now);
                self.scope = Some((members.at, now, Arc::clone(&scope)));
                scope
            }
        }
    }
}

/// A gift wrap may come from anyone, and AUTH is the login itself.
fn needs_login(frame: &Frame<'_>) -> bool {
    match frame {
        Frame::Event { head, .. } => !matches!(head.kind, kinds::GIFT_WRAP | kinds::EPHEMERAL_WRAP),
        Frame::Auth { .. } | Frame::Close { .. } | Frame::NegClose { .. } => false,
        _ => true,
    }
}

fn weight(effect: &Effect) -> usize {
    match effect {
        Effect::Send(text) => text.len(),
        Effect::Deliver { head, bytes } => head.len() + bytes.len(),
        _ => 0,
    }
}

#[cfg(test)]
mod tests;
