//! Clinical events: mostly such as a client would send, some wrong in one place.

use super::{GUARDIANS, Generator, Op, STAFF};
use crate::world::{Tags, t};

const CHART: [u16; 13] = [2111, 2112, 2113, 2114, 2115, 2116, 2117, 2118, 2119, 2120, 2121, 2124, 2125];

/// Kinds that the role of a name usually writes.
fn usual(name: &str) -> &'static [u16] {
    match name {
        "doctor" | "doctor2" => &[2111, 2112, 2113, 2116, 2117, 2118, 2119, 2120, 2123, 2123, 2124, 2126],
        "nurse" => &[2111, 2113, 2115, 2116, 2117, 2123, 2125, 2126],
        "ma" => &[2111, 2113, 2116, 2117, 2126],
        _ => &[2117, 2126],
    }
}

impl Generator<'_> {
    pub(super) fn record(&mut self) -> Op {
        match self.world.dice.below(100) {
            0..=64 => {
                let author = self.one_of(&STAFF);
                self.record_by_staff(&author)
            }
            65..=84 => {
                let author = self.one_of(&GUARDIANS);
                self.record_by_family(&author)
            }
            85..=96 => {
                let author = self.family_key();
                self.record_by_family(&author)
            }
            _ => {
                let author = self.anybody();
                self.record_by_staff(&author)
            }
        }
    }

    /// A record as it should be: a measurement, for a patient, under the newest E.
    pub(crate) fn measurement(&mut self, author: &str) -> Op {
        let (epoch_key, subject) = (self.world.e("chart", 0), self.subject());
        let tags = self.world.record(&epoch_key, Some(&subject), false);
        let json = self.world.event(author, 2113, tags, self.world.now);
        self.sent.push((author.to_owned(), json.clone()));
        Op::Publish { session: author.to_owned(), json }
    }

    pub(crate) fn record_by_staff(&mut self, author: &str) -> Op {
        let kind = if self.world.dice.chance(88) {
            *self.world.dice.pick(usual(author))
        } else {
            *self.world.dice.pick(&CHART)
        };
        let epoch_key = self.epoch_key(kind);
        let second = self.second(kind);
        let one_copy = self.world.dice.chance(2);
        let mut tags = self.world.record(&epoch_key, second.as_deref(), one_copy);
        if self.world.dice.chance(15) {
            tags.push(t(&["act", "sign"]));
        }
        self.finish(author, kind, tags, second.as_deref())
    }

    fn record_by_family(&mut self, author: &str) -> Op {
        let own = author.contains("own");
        let kind = match self.world.dice.below(20) {
            0 => *self.world.dice.pick(&CHART),
            n if own == (n > 2) => 2123,
            1..=10 => 2117,
            11..=14 => 2125,
            _ => 2126,
        };
        let epoch_key = self.epoch_key(kind);
        let second = (kind == 2126 || self.world.dice.chance(2)).then(|| self.subject_for(author));
        let one_copy = !self.world.dice.chance(3);
        let tags = self.world.record(&epoch_key, second.as_deref(), one_copy);
        self.finish(author, kind, tags, second.as_deref())
    }

    /// T of the author's own, of a child, or of anybody.
    fn subject_for(&mut self, author: &str) -> String {
        let key = self.world.hex(author);
        let state = self.reference.reread(self.world.now);
        let mine = state.children(&key);
        let ties = state.patients();
        let is_subject = ties.iter().any(|(subjects, _)| subjects.last() == Some(&key.as_str()));
        if self.world.dice.chance(85) {
            if is_subject {
                return key;
            }
            if !mine.is_empty() {
                return self.world.dice.pick(&mine).clone();
            }
        }
        self.subject()
    }

    /// The E of the kind's compartment, mostly of the newest epoch.
    pub(super) fn epoch_key(&mut self, kind: u16) -> String {
        let usual = match kind {
            2110 | 2126 => "desk",
            2117 => *self.world.dice.pick(&["desk", "chart"]),
            2123 => "confidential",
            _ => "chart",
        };
        let compartment = if self.world.dice.chance(92) {
            usual
        } else {
            *self.world.dice.pick(&["desk", "chart", "confidential"])
        };
        let back = match self.world.dice.below(100) {
            0..=79 => 0,
            80..=95 => 1,
            96..=97 => 2,
            98 => 3,
            _ => usize::MAX / 2,
        };
        self.world.e(compartment, back.min(self.world.epochs() + 1))
    }

    /// Whom a record of staff is about.
    fn second(&mut self, kind: u16) -> Option<String> {
        match self.world.dice.below(100) {
            0 => return None,
            1..=2 => {
                let name = self.anybody();
                return Some(self.world.hex(&name));
            }
            3 => {
                let name = self.family_key();
                return Some(self.world.hex(&name));
            }
            _ => {}
        }
        match kind {
            2123 if self.world.dice.chance(30) => None,
            2123 => self.own_key(),
            2117 if self.world.dice.chance(40) => {
                let name = *self.world.dice.pick(&GUARDIANS);
                Some(self.world.hex(name))
            }
            2117 if self.world.dice.chance(20) => self.own_key(),
            _ => Some(self.subject()),
        }
    }

    fn finish(&mut self, author: &str, kind: u16, mut tags: Tags, second: Option<&str>) -> Op {
        if kind == 2126 {
            self.visit(&mut tags, second);
        }
        if self.world.dice.chance(10)
            && let Some((_, json)) = self.sent.last().cloned()
        {
            let before: serde_json::Value = serde_json::from_str(&json).unwrap();
            let marker = *self.world.dice.pick(&["addendum", "correction", "reply", "ref", "replaces"]);
            tags.push(t(&["e", before["id"].as_str().unwrap(), "", marker]));
        }
        match self.world.dice.below(150) {
            0 => tags.push(t(&["subject", "a clear text"])),
            1 => tags.retain(|tag| tag[0] != "pc"),
            2 => tags.push(t(&["expiration", &(self.world.now + 60).to_string()])),
            3 => tags.push(t(&["-"])),
            4 => tags.push(t(&["enc", "nip44"])),
            5 => tags.retain(|tag| tag[0] != "patient-content"),
            6 => {
                let key = self.world.e("desk", 0);
                tags.push(t(&["p", &key]));
            }
            7 => tags.push(t(&["x", &self.world.dice.hash()])),
            8 => tags.push(t(&["act", "sign"])),
            _ => {}
        }
        let created_at = self.created_at();
        self.publish(author, kind, tags, created_at)
    }

    fn visit(&mut self, tags: &mut Tags, second: Option<&str>) {
        if self.world.dice.chance(50) {
            let name = *self.world.dice.pick(&["doctor", "doctor2", "nurse", "temp"]);
            let provider = self.world.hex(name);
            tags.push(t(&["p", &provider, "provider"]));
        }
        if self.world.dice.chance(30) {
            let name = *self.world.dice.pick(&GUARDIANS);
            let mut guardian = self.world.hex(name);
            let state = self.reference.reread(self.world.now);
            let linked = second.map(|subject| state.guardians(subject)).unwrap_or_default();
            if self.world.dice.chance(80) && !linked.is_empty() {
                guardian = self.world.dice.pick(&linked).clone();
            }
            tags.push(t(&["p", &guardian, "guardian"]));
        }
        let now = self.world.now;
        // Often such that calls open or close about now.
        let start = match self.world.dice.below(10) {
            0 => now + 899 + self.world.dice.below(3),
            1 => now - 1_200 - 7_200 + self.world.dice.below(3),
            2..=5 => now - self.world.dice.below(1_000),
            _ => now + self.world.dice.below(100_000),
        };
        let end = if self.world.dice.chance(3) { start } else { start + 1_200 };
        let before = self.reference.list.iter().rev().find(|item| item.kind == 2126);
        if let Some(before) = before.map(|item| item.id.clone())
            && self.world.dice.chance(20)
        {
            let markers = ["correction", "status-update", "cancelled", "deletion", "ref"];
            tags.push(t(&["e", &before, "", *self.world.dice.pick(&markers)]));
        }
        tags.push(t(&["start", &start.to_string()]));
        tags.push(t(&["end", &end.to_string()]));
    }
}
