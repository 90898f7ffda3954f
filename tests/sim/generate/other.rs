//! Lists, drafts, deletions, wraps, signalling, key grants, and kinds that nobody may send.

use super::{GUARDIANS, Generator, Op, STAFF};
use crate::world::t;

impl Generator<'_> {
    pub(super) fn other(&mut self) -> Op {
        match self.world.dice.below(100) {
            0..=19 => self.list(),
            20..=37 => self.draft(),
            38..=49 => self.deletion(),
            50..=74 => self.wrap(),
            75..=82 => self.signalling(),
            83..=92 => self.key_grant(),
            _ => self.never(),
        }
    }

    fn list(&mut self) -> Op {
        let author = if self.world.dice.chance(30) {
            self.anybody()
        } else {
            self.one_of(&["doctor", "mother", "adult"])
        };
        let kind = *self.world.dice.pick(&[0, 10002, 10050, 10063, 30078, 30078]);
        let mut tags = Vec::new();
        if kind == 30078 {
            tags.push(t(&["d", *self.world.dice.pick(&["archive", "read-marks"])]));
        }
        if self.world.dice.chance(10) {
            tags.push(t(&["-"]));
        }
        let older = self.world.dice.below(40);
        let created_at = match older {
            0 => self.world.now - 60 * 86_400,
            n => self.world.now - n % 4 * n,
        };
        self.publish(&author, kind, tags, created_at)
    }

    fn draft(&mut self) -> Op {
        let author = if self.world.dice.chance(92) {
            self.one_of(&["doctor", "doctor2", "nurse"])
        } else {
            self.anybody()
        };
        let kind = *self.world.dice.pick(&[32110, 32111]);
        let length = if kind == 32110 { 32 } else { 64 };
        let compartment = *self.world.dice.pick(&["desk", "chart", "chart", "confidential"]);
        let back = usize::from(self.world.dice.chance(8));
        let epoch_key = self.world.e(compartment, back);
        let d = self.world.dice.pick(&["0a", "1b", "2c"]).repeat(length / 2);
        let now = self.world.now;
        let expiration = match self.world.dice.below(12) {
            0 => now + 401 * 86_400,
            1 => now,
            2 => now + 400 * 86_400,
            n => now + 600 * n,
        };
        let mut tags = vec![
            t(&["d", &d]),
            t(&["p", &epoch_key]),
            t(&["enc", "nip44"]),
            t(&["expiration", &expiration.to_string()]),
        ];
        match self.world.dice.below(30) {
            0 => tags.retain(|tag| tag[0] != "expiration"),
            1 => tags.push(t(&["title", "in clear"])),
            _ => {}
        }
        let created_at = now - self.world.dice.below(30);
        self.publish(&author, kind, tags, created_at)
    }

    /// NIP-09: own events, now and then another's, a record, or an address.
    fn deletion(&mut self) -> Op {
        let recent: Vec<_> =
            self.sent.iter().rev().take(150).map(|(author, json)| (author.clone(), json.clone())).collect();
        let lists: Vec<_> = recent
            .iter()
            .filter(|(_, json)| {
                ["\"kind\":100", "\"kind\":30078", "\"kind\":3211", "\"kind\":1059"]
                    .iter()
                    .any(|k| json.contains(k))
            })
            .cloned()
            .collect();
        let from = if lists.is_empty() || self.world.dice.chance(25) { &recent } else { &lists };
        if from.is_empty() {
            return Op::Pass(1);
        }
        let (author, json) = self.world.dice.pick(from).clone();
        let event: serde_json::Value = serde_json::from_str(&json).unwrap();
        let (id, kind) = (event["id"].as_str().unwrap(), event["kind"].as_u64().unwrap());
        let d = event["tags"].as_array().unwrap().iter().find(|tag| tag[0] == "d");
        let d = d.and_then(|tag| tag[1].as_str()).unwrap_or_default();
        let by_address = kind >= 10_000 && kind != 21_059 && self.world.dice.chance(35);
        let mut tags = if by_address {
            vec![t(&["a", &format!("{kind}:{}:{d}", event["pubkey"].as_str().unwrap())])]
        } else {
            vec![t(&["e", id])]
        };
        if self.world.dice.chance(15) {
            tags.push(t(&["k", &kind.to_string()]));
        }
        if self.world.dice.chance(3) {
            tags.clear();
        }
        let addressee = event["tags"].as_array().unwrap().iter().find(|tag| tag[0] == "p");
        let addressee = addressee.and_then(|tag| self.world.name(tag[1].as_str()?)).map(str::to_owned);
        let author = match addressee {
            // A wrap is its addressee's to delete; its author is a key of one use.
            Some(addressee) if kind == 1059 && self.world.dice.chance(80) => addressee,
            _ if self.world.dice.chance(90) => author,
            _ => self.anybody(),
        };
        let created_at = self.world.now - self.world.dice.below(3);
        self.publish(&author, 5, tags, created_at)
    }

    fn wrap(&mut self) -> Op {
        let to = match self.world.dice.below(10) {
            0..=1 => "mail".to_owned(),
            2 => "billing".to_owned(),
            _ => self.anybody(),
        };
        let to = self.world.hex(&to);
        let mut tags = vec![t(&["p", &to])];
        match self.world.dice.below(20) {
            0 => tags.push(t(&["p", &to])),
            1 => tags.push(t(&["expiration", &(self.world.now + 500).to_string()])),
            2 => {
                let key = self.world.e("chart", 0);
                tags = vec![t(&["p", &key])];
            }
            3 => tags.push(t(&["-"])),
            _ => {}
        }
        let kind = if self.world.dice.chance(70) { 1059 } else { 21059 };
        let created_at = match self.world.dice.below(30) {
            0 => self.world.now + 600,
            1 => self.world.now - 30 * 86_400,
            n => self.world.now - n * 1_000,
        };
        let once = format!("once-{}", self.world.dice.below(40));
        let json = self.world.event(&once, kind, tags, created_at);
        self.sent.push((once, json.clone()));
        Op::Publish { session: self.any_session(), json }
    }

    fn signalling(&mut self) -> Op {
        let (author, to) = self.caller_and_called();
        let now = self.world.now;
        let expiration = match self.world.dice.below(12) {
            0 => now + 3_601,
            1 => now,
            n => now + 300 * n,
        };
        let tags = vec![t(&["p", &to]), t(&["expiration", &expiration.to_string()])];
        let kind = 4050 + u16::try_from(self.world.dice.below(6)).unwrap();
        self.publish(&author, kind, tags, now)
    }

    /// Mostly two whom one of the newest visits names: the author's name and the other's key.
    fn caller_and_called(&mut self) -> (String, String) {
        let visits: Vec<Vec<String>> = self
            .reference
            .list
            .iter()
            .rev()
            .filter(|item| item.kind == 2126)
            .take(6)
            .map(|item| item.all("p").skip(1).map(|tag| tag[1].clone()).collect())
            .collect();
        if !visits.is_empty() && self.world.dice.chance(80) {
            let parties = self.world.dice.pick(&visits).clone();
            let (author, to) =
                (self.world.dice.pick(&parties).clone(), self.world.dice.pick(&parties).clone());
            if let Some(author) = self.world.name(&author) {
                return (author.to_owned(), to);
            }
        }
        let (author, to) = (self.anybody(), self.anybody());
        (author, self.world.hex(&to))
    }

    /// 2100 to a guardian or agent, 2101 to a colleague.
    fn key_grant(&mut self) -> Op {
        let author = if self.world.dice.chance(90) { self.one_of(&STAFF) } else { self.anybody() };
        let ek = self.world.dice.hash();
        let now = self.world.now;
        if self.world.dice.chance(25) {
            let to = self.anybody();
            let to = self.world.hex(&to);
            let n = 1 + self.world.dice.below(self.world.epochs() as u64 + 1);
            let tags = vec![t(&["p", &to]), t(&["n", &n.to_string()]), t(&["ek", &ek])];
            return self.publish(&author, 2101, tags, now);
        }
        let to = *self.world.dice.pick(&GUARDIANS);
        let to = self.world.hex(to);
        let authority = self.world.dice.hash();
        let mut tags = vec![t(&["p", &to]), t(&["authority", &authority]), t(&["ek", &ek])];
        for _ in 0..=self.world.dice.below(3) {
            let compartment = *self.world.dice.pick(&["desk", "chart", "chart", "confidential"]);
            let back = usize::try_from(self.world.dice.below(3)).unwrap();
            let (epoch_key, subject) = (self.world.e(compartment, back), self.subject());
            tags.push(t(&["row", &epoch_key, &subject]));
        }
        self.publish(&author, 2100, tags, now)
    }

    fn never(&mut self) -> Op {
        let author = self.anybody();
        let kind = *self
            .world
            .dice
            .pick(&[1, 62, 82, 1003, 13, 14, 2122, 2128, 2129, 2107, 2127, 2105, 27235, 40001]);
        let epoch_key = self.world.e("chart", 0);
        let tags =
            if kind == 2105 || self.world.dice.chance(50) { Vec::new() } else { vec![t(&["p", &epoch_key])] };
        let now = self.world.now;
        if self.world.dice.chance(20) {
            // P never writes over a network.
            return self.publish("practice", 2108, tags, now);
        }
        self.publish(&author, kind, tags, now)
    }
}
