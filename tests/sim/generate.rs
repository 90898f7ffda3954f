//! What happens next: one operation after the other, thrown with the seed's dice.

mod other;
mod policy;
pub(crate) mod query;
mod record;

use crate::reference::{Filter, Reference};
use crate::world::{Tags, World};

pub(crate) const STAFF: [&str; 6] = ["doctor", "doctor2", "nurse", "ma", "desk", "temp"];
pub(crate) const AGENTS: [&str; 4] = ["fhir", "fhir-clients", "billing", "mail"];
pub(crate) const GUARDIANS: [&str; 4] = ["mother", "father", "aunt", "uncle"];
pub(crate) const STRANGERS: [&str; 2] = ["stranger", "specialist"];
/// Connections of several keys, of none, and of one with an invitation.
pub(crate) const SHARED: [(&str, &[&str]); 4] = [
    ("anonymous", &[]),
    ("mother+stranger", &["mother", "stranger"]),
    ("nurse+father", &["nurse", "father"]),
    ("guest", &["specialist"]),
];

pub(crate) enum Op {
    Publish {
        session: String,
        json: String,
    },
    Ceremony {
        events: Vec<String>,
        rotates: bool,
    },
    Req {
        session: String,
        filters: Vec<Filter>,
    },
    Count {
        session: String,
        filters: Vec<Filter>,
    },
    Subscribe {
        session: String,
        id: String,
        filters: Vec<Filter>,
    },
    Unsubscribe {
        session: String,
        id: String,
    },
    Pass(u64),
    /// The clock is set back.
    Back(u64),
    Reconnect(String),
}

pub(crate) struct Generator<'a> {
    pub(crate) world: &'a mut World,
    pub(crate) reference: &'a Reference,
    /// Token of the newest invitation.
    pub(crate) token: &'a mut Option<String>,
    /// Events sent so far, accepted or not, with the author's name.
    pub(crate) sent: &'a mut Vec<(String, String)>,
}

impl Generator<'_> {
    pub(crate) fn next(&mut self) -> Op {
        // Suspensions come in rows, up to the limit of an hour.
        let suspended = self.sent.last().is_some_and(|(_, json)| json.contains("\"kind\":2108,"));
        if suspended && self.world.dice.chance(45) {
            return self.suspension_by_member();
        }
        match self.world.dice.below(100) {
            0..=37 => self.record(),
            38..=47 => self.policy_by_member(),
            48..=53 => self.ceremony(),
            54..=65 => self.other(),
            66..=70 => self.again(),
            71..=80 => Op::Req { session: self.any_session(), filters: self.filters(true) },
            81..=84 => Op::Count { session: self.any_session(), filters: self.filters(false) },
            85..=89 => Op::Subscribe {
                session: self.any_session(),
                id: format!("s{}", self.world.dice.below(3)),
                filters: self.filters(true),
            },
            90 => {
                Op::Unsubscribe { session: self.any_session(), id: format!("s{}", self.world.dice.below(3)) }
            }
            91 if self.world.dice.chance(30) => Op::Back(1 + self.world.dice.below(7_200)),
            91..=97 => Op::Pass(self.seconds()),
            _ => Op::Reconnect(self.any_session()),
        }
    }

    /// Often to the very second at which something ends, or to the one before.
    fn seconds(&mut self) -> u64 {
        let edges = self.reference.reread(self.world.now).edges();
        if !edges.is_empty() && self.world.dice.chance(30) {
            let nearest = &edges[..edges.len().min(3)];
            let edge = *self.world.dice.pick(nearest);
            return edge - self.world.now - self.world.dice.below(2);
        }
        match self.world.dice.below(40) {
            0 => 86_400,
            1 => 599,
            2 => 600,
            3 => 3_600,
            4 => 3 * 86_400,
            n => n * n / 4,
        }
    }

    /// A person's own connection, or a shared one.
    fn any_session(&mut self) -> String {
        if self.world.dice.chance(12) {
            return self.world.dice.pick(&SHARED).0.to_owned();
        }
        self.anybody()
    }

    /// Mostly somebody who may log in: who is shut out has little to tell.
    pub(crate) fn anybody(&mut self) -> String {
        let mut name = self.anyone();
        for _ in 0..4 {
            let key = self.world.hex(&name);
            if self.reference.reread(self.world.now).may_log_in(&key).is_ok() {
                break;
            }
            name = self.anyone();
        }
        name
    }

    /// One of these, mostly one who may log in.
    pub(crate) fn one_of(&mut self, names: &[&str]) -> String {
        let mut name = *self.world.dice.pick(names);
        for _ in 0..4 {
            let key = self.world.hex(name);
            if self.reference.reread(self.world.now).may_log_in(&key).is_ok() {
                break;
            }
            name = *self.world.dice.pick(names);
        }
        name.to_owned()
    }

    fn anyone(&mut self) -> String {
        match self.world.dice.below(100) {
            0..=39 => (*self.world.dice.pick(&STAFF)).to_owned(),
            40..=64 => (*self.world.dice.pick(&GUARDIANS)).to_owned(),
            65..=86 => self.family_key(),
            87..=94 => (*self.world.dice.pick(&AGENTS)).to_owned(),
            _ => (*self.world.dice.pick(&STRANGERS)).to_owned(),
        }
    }

    /// The name of a T or C, in force or former.
    pub(crate) fn family_key(&mut self) -> String {
        let state = self.reference.reread(self.world.now);
        let mut keys: Vec<String> = Vec::new();
        for (subjects, own) in state.patients() {
            // Those in force come up more often than former ones.
            let newest = subjects.last().map(|key| (*key).to_owned());
            keys.extend(newest.iter().cloned());
            keys.extend(newest);
            keys.extend(subjects.iter().rev().skip(1).take(1).map(|key| (*key).to_owned()));
            keys.extend(own.map(str::to_owned));
        }
        let key = self.world.dice.pick(&keys).clone();
        self.world.name(&key).unwrap_or("stranger").to_owned()
    }

    /// T in force (hex) of a random patient, or of one that this guardian is linked to.
    pub(crate) fn subject(&mut self) -> String {
        let state = self.reference.reread(self.world.now);
        let subjects: Vec<&str> =
            state.patients().into_iter().filter_map(|(subjects, _)| subjects.last().copied()).collect();
        (*self.world.dice.pick(&subjects)).to_owned()
    }

    /// C (hex) of a random patient that has one.
    pub(crate) fn own_key(&mut self) -> Option<String> {
        let state = self.reference.reread(self.world.now);
        let owns: Vec<&str> = state.patients().into_iter().filter_map(|(_, own)| own).collect();
        if owns.is_empty() { None } else { Some((*self.world.dice.pick(&owns)).to_owned()) }
    }

    pub(crate) fn created_at(&mut self) -> u64 {
        const DAY: u64 = 86_400;
        let now = self.world.now;
        match self.world.dice.below(60) {
            0 => now - 7 * DAY,
            1 => now - 7 * DAY - 1,
            2 => now + 599,
            3 => now + 600,
            4 => now - 3 * DAY,
            n => now - n % 7,
        }
    }

    pub(crate) fn publish(&mut self, author: &str, kind: u16, tags: Tags, created_at: u64) -> Op {
        let mut json = self.world.event(author, kind, tags, created_at);
        if self.world.dice.chance(1) {
            json = self.spoil(&json);
        }
        self.sent.push((author.to_owned(), json.clone()));
        let stray = self.world.dice.chance(3);
        let session = if stray { self.any_session() } else { author.to_owned() };
        Op::Publish { session, json }
    }

    /// Another time, or a signature that does not hold.
    fn spoil(&mut self, json: &str) -> String {
        let mut event: serde_json::Value = serde_json::from_str(json).unwrap();
        if self.world.dice.chance(50) {
            event["created_at"] = (event["created_at"].as_u64().unwrap() + 1).into();
        } else {
            let sig = event["sig"].as_str().unwrap();
            event["sig"] = format!("{}{}", &sig[64..], &sig[..64]).into();
        }
        event.to_string()
    }

    /// The same bytes once more: an OK was lost.
    fn again(&mut self) -> Op {
        if self.sent.is_empty() {
            return Op::Pass(1);
        }
        if self.world.dice.chance(25)
            && let Some(deleted) = self.deleted()
        {
            return deleted;
        }
        let recent = self.sent.len().saturating_sub(if self.world.dice.chance(60) { 12 } else { 400 });
        let (author, json) = self.world.dice.pick(&self.sent[recent..]).clone();
        let session = if self.world.dice.chance(85) { author } else { self.any_session() };
        Op::Publish { session, json }
    }

    /// Ids of all events but receipts: how many of those there are is a matter of time, and a seed must
    /// lead to the same operations each time.
    fn ids(&self) -> Vec<String> {
        let events = self.reference.list.iter().filter(|item| item.kind != 2122);
        events.map(|item| item.id.clone()).collect()
    }

    /// What its author has deleted.
    fn deleted(&mut self) -> Option<Op> {
        let requests: Vec<_> = self.reference.list.iter().filter(|item| item.kind == 5).collect();
        if requests.is_empty() {
            return None;
        }
        let id = self.world.dice.pick(&requests).value("e")?;
        let named = format!("\"id\":\"{id}\"");
        let (author, json) = self.sent.iter().find(|(_, json)| json.contains(&named))?.clone();
        Some(Op::Publish { session: author, json })
    }
}
