//! One seed: operations and comparisons.

mod crash;

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::generate::query::to_json;
use crate::generate::{Generator, Op, SHARED};
use crate::reference::{Filter, Item, Reference, Verdict};
use crate::relay::Relay;
use crate::session::{Session, Subscription, text_of};
use crate::totals::Totals;
use crate::world::{START, World};

/// Operations of one seed, and those after which the relay crashes.
const OPERATIONS: usize = 2_000;
const CRASHES: usize = 4;
/// Operations before what came live is compared.
const UNSETTLED_MAX: usize = 4;
/// Operations told with a difference.
const TOLD: usize = 6;
const TOLD_CHARS: usize = 400;

type Check<T = ()> = Result<T, String>;

struct Simulation {
    relay: Relay,
    clock: Arc<AtomicU64>,
    reference: Reference,
    world: World,
    sessions: BTreeMap<String, Session>,
    /// The doctor's own connection that sees every receipt and each fence.
    auditor: Option<Session>,
    unsettled: usize,
    token: Option<String>,
    sent: Vec<(String, String)>,
    told: VecDeque<String>,
    totals: Totals,
}

/// Runs one seed to its end; the error tells the first difference.
pub(crate) async fn seed(seed: u64) -> Result<Totals, String> {
    let clock = Arc::new(AtomicU64::new(START + 30 * 86_400));
    let mut world = World::new(seed);
    world.now = clock.load(Ordering::SeqCst);
    let box_key = world.keys("box").secret_key().to_secret_hex();
    let practice = world.hex("practice");
    let relay = Relay::start(&box_key, Arc::clone(&clock)).await;
    relay.claim(&practice).await;
    let mut simulation = Simulation {
        relay,
        clock,
        reference: Reference::new(practice),
        world,
        sessions: BTreeMap::new(),
        auditor: None,
        unsettled: 0,
        token: None,
        sent: Vec::new(),
        told: VecDeque::new(),
        totals: Totals { seeds: 1, ..Totals::default() },
    };
    match simulation.run().await {
        Ok(()) => Ok(simulation.totals),
        Err(difference) => Err(format!(
            "after {} operations and {} crashes: {difference}\nlast operations:\n{}",
            simulation.totals.operations,
            simulation.totals.crashes,
            simulation.told.make_contiguous().join("\n")
        )),
    }
}

impl Simulation {
    fn generator(&mut self) -> Generator<'_> {
        Generator {
            world: &mut self.world,
            reference: &self.reference,
            token: &mut self.token,
            sent: &mut self.sent,
        }
    }

    async fn run(&mut self) -> Check {
        let first = self.generator().first_ceremony();
        self.ceremony(first, false).await?;
        self.recover().await?;
        for op in self.generator().first_families() {
            self.perform(op).await?;
        }
        self.settle().await?;
        for n in 1..=OPERATIONS {
            let op = self.generator().next();
            self.perform(op).await?;
            self.totals.operations += 1;
            if n % (OPERATIONS / (CRASHES + 1)) == 0 && n < OPERATIONS {
                self.crash().await?;
            }
        }
        self.settle().await?;
        self.end().await
    }

    fn tell(&mut self, mut what: String) {
        what.truncate(TOLD_CHARS);
        if self.told.len() >= TOLD {
            self.told.pop_front();
        }
        self.told.push_back(what);
    }

    async fn perform(&mut self, op: Op) -> Check {
        match op {
            Op::Publish { session, json } => {
                self.tell(format!("{session} publishes {json}"));
                self.publish(&session, json).await
            }
            Op::Ceremony { events, rotates } => {
                self.tell(format!("ceremony {events:?}"));
                self.settle().await?;
                self.ceremony(events, rotates).await?;
                self.settle().await
            }
            Op::Req { session, filters } => {
                self.tell(format!("{session} asks {filters:?}"));
                self.settle().await?;
                self.req(&session, "q", &filters).await?;
                self.close(&session, "q").await
            }
            Op::Count { session, filters } => {
                self.tell(format!("{session} counts {filters:?}"));
                self.settle().await?;
                self.count(&session, &filters).await
            }
            Op::Subscribe { session, id, filters } => {
                self.tell(format!("{session} subscribes {id} {filters:?}"));
                self.settle().await?;
                if self.req(&session, &id, &filters).await? {
                    let session = self.session(&session).await?;
                    session.subscriptions.insert(id, Subscription::new(filters));
                }
                Ok(())
            }
            Op::Unsubscribe { session, id } => {
                self.settle().await?;
                self.close(&session, &id).await
            }
            Op::Pass(seconds) => {
                self.tell(format!("{seconds} seconds pass"));
                self.settle().await?;
                self.pass(seconds).await
            }
            Op::Back(seconds) => {
                self.tell(format!("the clock is set back by {seconds} seconds"));
                // The relay has seen the newest time before it steps back.
                self.unsettled = self.unsettled.max(1);
                self.settle().await?;
                self.clock.fetch_sub(seconds, Ordering::SeqCst);
                Ok(())
            }
            Op::Reconnect(session) => {
                self.tell(format!("{session} connects anew"));
                self.settle().await?;
                self.sessions.remove(&session);
                self.session(&session).await.map(drop)
            }
        }
    }

    /// Time goes on; arrival times stand still until a clock that was set back has caught up.
    async fn pass(&mut self, seconds: u64) -> Check {
        let clock = self.clock.fetch_add(seconds, Ordering::SeqCst) + seconds;
        self.world.now = self.world.now.max(clock);
        let state = self.reference.reread(self.world.now);
        for session in self.sessions.values_mut() {
            session.expect_members(&state);
        }
        // What ends by time ends with the next event at the latest: the fence.
        self.unsettled = self.unsettled.max(1);
        self.settle().await
    }

    /// The open connection of this name, logged in as far as the relay lets it.
    async fn session(&mut self, name: &str) -> Check<&mut Session> {
        if !self.sessions.contains_key(name) {
            let session = self.log_in(name).await?;
            self.sessions.insert(name.to_owned(), session);
        }
        Ok(self.sessions.get_mut(name).unwrap())
    }

    async fn log_in(&mut self, name: &str) -> Check<Session> {
        let mut session = Session::new(self.relay.connect().await);
        let keys: Vec<&str> = match SHARED.iter().find(|(shared, _)| *shared == name) {
            Some((_, keys)) => keys.to_vec(),
            None => vec![name],
        };
        let now = self.world.now;
        for holder in keys {
            let keys = self.world.keys(holder);
            let key = keys.public_key().to_hex();
            let token = self.token.clone().filter(|_| name == "guest");
            // A login is judged by the clock, right or wrong.
            let clock = self.clock.load(Ordering::SeqCst);
            let login = session.client.login_event(&keys, clock, token.as_deref());
            session.client.send(&json!(["AUTH", login])).await;
            let answer = session.next().await.ok_or("no answer to a login")?;
            let expected = self.reference.reread(now).may_log_in(&key);
            let text = expected.map_or_else(text_of, |()| String::new());
            if answer[2] != expected.is_ok() || answer[3] != text.as_str() {
                return Err(format!("login of {holder}: reference {expected:?}, relay {answer}"));
            }
            if let Err(code) = expected {
                *self.totals.verdicts.entry(code).or_default() += 1;
                continue;
            }
            session.socket.keys.push(key.clone());
            if let Some(token) = token {
                session.socket.invited.push((key, sha256_of_hex(&token)));
            }
        }
        Ok(session)
    }

    async fn publish(&mut self, name: &str, json: String) -> Check {
        let now = self.world.now;
        let policy = Item::parse(&json, now).is_ok_and(|item| item.is_policy());
        if policy || self.unsettled >= UNSETTLED_MAX {
            self.settle().await?;
        }
        let socket = self.session(name).await?.socket.clone();
        let verdict = self.reference.judge(now, &socket, &json);
        if matches!(verdict, Verdict::Stored | Verdict::HandedOver) {
            let item = Item::parse(&json, now).map_err(str::to_owned)?;
            self.accepted(item, verdict == Verdict::Stored);
        }
        let session = self.session(name).await?;
        session.client.send_text(format!("[\"EVENT\",{json}]")).await;
        let answer = session.next().await;
        // Who ends the own access may be shown out before the answer.
        let gone = answer.is_none() && session.closing;
        let (accepted, text, word) = told(verdict);
        *self.totals.verdicts.entry(word).or_default() += 1;
        let same = answer.as_ref().is_some_and(|a| a[0] == "OK" && a[2] == accepted && a[3] == text.as_str());
        if !same && !gone {
            let answer = answer.map_or_else(|| "nothing".to_owned(), |answer| answer.to_string());
            return Err(format!("verdict: reference {verdict:?} ({text}), relay {answer}"));
        }
        self.unsettled += 1;
        if policy { self.settle().await } else { Ok(()) }
    }

    /// The reference takes an event, and every open connection expects what follows from it.
    fn accepted(&mut self, item: Item, stored: bool) {
        let now = self.world.now;
        if stored {
            self.reference.take(item.clone());
        }
        let state = self.reference.reread(now);
        for session in self.sessions.values_mut().chain(&mut self.auditor) {
            if item.is_policy() {
                session.expect_members(&state);
            }
            session.expect(&state, &item);
        }
    }

    async fn ceremony(&mut self, events: Vec<String>, rotates: bool) -> Check {
        let now = self.world.now;
        let items: Vec<_> = events.iter().map(|json| Item::parse(json, now).unwrap()).collect();
        let expected = self.reference.ceremony(now, &items);
        let got = self.relay.append(&events).await;
        let same = match (&expected, &got) {
            (Ok(_), Ok(())) => true,
            (Err((at, code)), Err((index, told))) => at == index && code == told,
            _ => false,
        };
        if !same {
            let expected = expected.map(drop);
            return Err(format!("ceremony: reference {expected:?}, relay {got:?}"));
        }
        match expected {
            Ok(taken) => taken.into_iter().for_each(|item| self.accepted(item, true)),
            Err((_, code)) => {
                *self.totals.verdicts.entry(code).or_default() += 1;
                if rotates {
                    self.world.forget_epoch();
                }
            }
        }
        self.unsettled += 1;
        Ok(())
    }

    /// A REQ up to its EOSE, or its refusal; whether it stays open.
    async fn req(&mut self, name: &str, id: &str, filters: &[Filter]) -> Check<bool> {
        let session = self.session(name).await?;
        session.subscriptions.remove(id);
        let mut frame = vec![json!("REQ"), json!(id)];
        frame.extend(filters.iter().map(to_json));
        session.client.send(&Value::from(frame)).await;
        let mut got = Vec::new();
        let end = loop {
            let message = session.next().await.ok_or("no answer to a REQ")?;
            if message[1] != id {
                return Err(format!("unasked: {message}"));
            }
            match message[0].as_str() {
                Some("EVENT") => got.push(message[2]["id"].as_str().unwrap_or_default().to_owned()),
                _ => break message,
            }
        };
        let keys = session.socket.keys.clone();
        let (mut expected, mut last) = (Vec::new(), json!(["EOSE", id]));
        if keys.is_empty() {
            last = json!(["CLOSED", id, text_of("auth-required")]);
        } else {
            expected = self.reference.answer(self.world.now, &keys, filters);
        }
        if got != expected || end != last {
            let more = |a: &[String], b: &[String]| {
                let missing: Vec<_> = a.iter().filter(|id| !b.contains(id)).cloned().collect();
                missing.iter().map(|id| self.describe(id)).collect::<Vec<_>>().join("\n   ")
            };
            return Err(format!(
                "REQ: reference {} and {last}, relay {} and {end}\n only the reference: {}\n only the relay: {}",
                expected.len(),
                got.len(),
                more(&expected, &got),
                more(&got, &expected)
            ));
        }
        self.totals.rows += got.len() as u64;
        Ok(!keys.is_empty())
    }

    fn describe(&self, id: &str) -> String {
        let found = self.reference.list.iter().find(|item| item.id == id);
        found.map_or_else(|| id.to_owned(), |item| item.json.clone())
    }

    async fn close(&mut self, name: &str, id: &str) -> Check {
        let session = self.session(name).await?;
        session.subscriptions.remove(id);
        session.client.send(&json!(["CLOSE", id])).await;
        Ok(())
    }

    async fn count(&mut self, name: &str, filters: &[Filter]) -> Check {
        let session = self.session(name).await?;
        let mut frame = vec![json!("COUNT"), json!("n")];
        frame.extend(filters.iter().map(to_json));
        session.client.send(&Value::from(frame)).await;
        let got = session.next().await.ok_or("no answer to a COUNT")?;
        let keys = session.socket.keys.clone();
        let expected = if keys.is_empty() {
            json!(["CLOSED", "n", text_of("auth-required")])
        } else {
            let count = self.reference.answer(self.world.now, &keys, filters).len();
            json!(["COUNT", "n", {"count": count}])
        };
        if got == expected { Ok(()) } else { Err(format!("COUNT: reference {expected}, relay {got}")) }
    }

    /// Waits until every receipt is written and everything has gone out, and compares.
    async fn settle(&mut self) -> Check {
        if self.unsettled == 0 {
            return Ok(());
        }
        self.unsettled = 0;
        let now = self.world.now;
        while !self.reference.due.is_empty() {
            let waiting = self.reference.due.len();
            let auditor = self.auditor.as_mut().ok_or("no auditor")?;
            let message = auditor.next().await.ok_or_else(|| format!("{waiting} receipts did not come"))?;
            self.audited(&message)?;
        }
        self.fence().await?;
        for (name, session) in self.sessions.iter_mut().filter(|(_, s)| s.has_something_to_say()) {
            session.drain().await;
            self.totals.delivered += session.subscriptions.len() as u64;
            session.compare(name).map_err(|difference| format!("at {now}: {difference}"))?;
        }
        self.sessions.retain(|_, session| !session.closing);
        Ok(())
    }

    /// A receipt on the auditor's connection.
    fn audited(&mut self, message: &Value) -> Check {
        // Others may hand something over to the doctor as well.
        if message[0] == "EVENT" && message[1] == "fence" {
            return Ok(());
        }
        if message[0] != "EVENT" || message[1] != "receipts" {
            return Err(format!("the auditor heard {message}"));
        }
        let receipt = Item::parse(&message[2].to_string(), self.world.now).map_err(str::to_owned)?;
        self.receipt(receipt)
    }

    fn receipt(&mut self, receipt: Item) -> Check {
        self.reference.take_receipt(receipt.clone())?;
        self.totals.receipts += 1;
        let state = self.reference.reread(self.world.now);
        for session in self.sessions.values_mut() {
            session.expect(&state, &receipt);
        }
        Ok(())
    }

    /// An ephemeral event to the doctor: once it is delivered, everything before it has been handed to
    /// every session.
    async fn fence(&mut self) -> Check {
        let to = self.world.hex("doctor");
        let now = self.world.now;
        let json = self.world.event("fence", 21059, vec![crate::world::t(&["p", &to])], now);
        let item = Item::parse(&json, now).map_err(str::to_owned)?;
        let state = self.reference.reread(now);
        for session in self.sessions.values_mut() {
            session.expect(&state, &item);
        }
        let auditor = self.auditor.as_mut().ok_or("no auditor")?;
        auditor.client.send_text(format!("[\"EVENT\",{json}]")).await;
        let mut open = 2;
        while open > 0 {
            let auditor = self.auditor.as_mut().ok_or("no auditor")?;
            let message = auditor.next().await.ok_or("the fence did not come back")?;
            let fence = (message[0] == "OK" && message[2] == true && message[1] == item.id.as_str())
                || (message[0] == "EVENT" && message[2]["id"] == item.id.as_str());
            if fence {
                open -= 1;
            } else {
                self.audited(&message)?;
            }
        }
        Ok(())
    }

    /// After a start: the receipts that the start wrote, the whole table, and the auditor.
    async fn recover(&mut self) -> Check {
        let known = self.reference.list.len();
        let known: std::collections::BTreeSet<_> =
            self.reference.list[..known].iter().map(|item| item.id.clone()).collect();
        for row in self.relay.rows() {
            let item = Item::parse(&row.json, row.received).map_err(str::to_owned)?;
            if item.kind == 2122 && !known.contains(&item.id) {
                self.receipt(item)?;
            }
        }
        self.whole()?;
        if !self.reference.due.is_empty() || self.relay.due() != 0 {
            return Err(format!("after a start no receipt names {:?}", self.reference.due));
        }
        let mut auditor = self.log_in("doctor").await?;
        let doctor = self.world.hex("doctor");
        for (id, filter) in [
            ("receipts", json!({"kinds": [2122], "limit": 0})),
            ("fence", json!({"kinds": [21059], "#p": [doctor], "limit": 0})),
        ] {
            auditor.client.send(&json!(["REQ", id, filter])).await;
            let end = auditor.next().await.ok_or("no end of stored events")?;
            if end != json!(["EOSE", id]) {
                return Err(format!("the auditor heard {end}"));
            }
        }
        self.auditor = Some(auditor);
        self.unsettled = 0;
        Ok(())
    }

    /// Every event that the reference keeps lies in the database byte for byte, and nothing else.
    fn whole(&self) -> Check {
        let now = self.world.now;
        let parsed: Result<Vec<_>, _> =
            self.relay.rows().iter().map(|row| Item::parse(&row.json, row.received)).collect();
        let rows = parsed.map_err(str::to_owned)?;
        let fresh = |item: &Item| {
            item.value("expiration").and_then(|at| at.parse::<u64>().ok()).is_none_or(|at| at > now)
        };
        for receipts in [false, true] {
            let pick = |item: &Item| (item.kind == 2122) == receipts && fresh(item);
            let got: Vec<_> = rows.iter().filter(|i| pick(i)).map(|i| (&i.json, i.received)).collect();
            let kept = self.reference.kept();
            let expected: Vec<_> =
                kept.into_iter().filter(|i| pick(i)).map(|i| (&i.json, i.received)).collect();
            if receipts {
                // Receipts were heard as parsed JSON; their order and ids are what counts.
                let ids = |list: &[(&String, u64)]| -> Vec<Value> {
                    list.iter().map(|(json, _)| serde_json::from_str(json).unwrap()).collect()
                };
                if ids(&got) != ids(&expected) {
                    return Err("the receipts in the database are others than those delivered".to_owned());
                }
            } else if got != expected {
                let lost: Vec<_> = expected.iter().filter(|row| !got.contains(row)).take(3).collect();
                let extra: Vec<_> = got.iter().filter(|row| !expected.contains(row)).take(3).collect();
                return Err(format!("the database: lost {lost:?}, has {extra:?} besides, or another order"));
            }
        }
        Ok(())
    }

    /// The last comparison: the table, and the order of policy by receipts and by arrival.
    async fn end(&mut self) -> Check {
        self.whole()?;
        if self.relay.due() != 0 {
            return Err("receipts are due at the end".to_owned());
        }
        let (by_receipts, by_arrival) =
            (self.reference.policy_by_receipts(), self.reference.policy_by_arrival());
        if by_receipts != by_arrival {
            return Err(format!(
                "policy by receipts {by_receipts:?} is not policy by arrival {by_arrival:?}"
            ));
        }
        self.sessions.clear();
        self.auditor = None;
        self.relay.stop().await;
        Ok(())
    }
}

/// The OK of a verdict, and its word for the totals.
fn told(verdict: Verdict) -> (bool, String, &'static str) {
    match verdict {
        Verdict::Stored => (true, String::new(), "stored"),
        Verdict::Duplicate => (true, "duplicate: already stored".to_owned(), "duplicate"),
        Verdict::HandedOver => (true, "handed to the open sessions, not kept".to_owned(), "handed over"),
        Verdict::Refused(code) => (false, text_of(code), code),
    }
}

fn sha256_of_hex(token: &str) -> String {
    let bytes: Vec<u8> =
        (0..token.len() / 2).map(|n| u8::from_str_radix(&token[2 * n..2 * n + 2], 16).unwrap()).collect();
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}
