//! Policy by members and families, and ceremonies of the practice key.

use relaybox_protocol::permissions::Role;
use sha2::{Digest, Sha256};

use super::{AGENTS, GUARDIANS, Generator, Op, STAFF, STRANGERS};
use crate::world::{Tags, t};

impl Generator<'_> {
    pub(super) fn policy_by_member(&mut self) -> Op {
        match self.world.dice.below(100) {
            0..=24 => self.link_by_member(),
            25..=42 => self.suspension_by_member(),
            43..=52 => self.client_grant(),
            53..=74 => self.registration(),
            _ => self.disclosure(),
        }
    }

    fn member(&mut self, usual: &[&str]) -> String {
        if self.world.dice.chance(88) { (*self.world.dice.pick(usual)).to_owned() } else { self.anybody() }
    }

    fn link_tags(&mut self) -> Tags {
        let guardian = *self.world.dice.pick(&GUARDIANS);
        let child = if self.world.dice.chance(94) {
            self.subject()
        } else {
            let name = self.family_key();
            self.world.hex(&name)
        };
        let compartments: &[&str] = match self.world.dice.below(20) {
            0 => &["desk", "chart", "confidential"],
            1..=8 => &["desk"],
            9 => &["chart"],
            _ => &["desk", "chart"],
        };
        let mut more = Vec::new();
        if self.world.dice.chance(30) {
            more.push(t(&["end"]));
        } else if self.world.dice.chance(25) {
            let until = self.world.now + self.world.dice.below(90_000);
            more.push(t(&["until", &until.to_string()]));
        }
        if self.world.dice.chance(2) {
            more.push(t(&["secret", "none"]));
        }
        let mut tags = self.world.link(&child, guardian, compartments, more);
        if self.world.dice.chance(4) {
            tags.retain(|tag| tag[0] != "pop");
        }
        tags
    }

    fn link_by_member(&mut self) -> Op {
        let author = self.member(&["desk", "desk", "nurse", "doctor", "doctor2", "ma"]);
        let tags = self.link_tags();
        let created_at = self.created_at();
        self.publish(&author, 2104, tags, created_at)
    }

    /// Whom a 2108 names; never the doctor, who sees everything for the simulation.
    fn suspension_tags(&mut self) -> Tags {
        let state = self.reference.reread(self.world.now);
        let links = state.link_ids();
        let clients = state.client_ids();
        match self.world.dice.below(20) {
            0..=4 => {
                let member = *self.world.dice.pick(&STAFF[1..]);
                let (member, subject) = (self.world.hex(member), self.subject());
                vec![t(&["p", &member]), t(&["p", &subject, "scope"])]
            }
            5..=8 if !links.is_empty() => {
                let link = self.world.dice.pick(&links).clone();
                vec![t(&["e", &link])]
            }
            9..=10 if !clients.is_empty() => {
                let client = self.world.dice.pick(&clients).clone();
                vec![t(&["client", &client])]
            }
            11 => vec![t(&["client", "nobody"])],
            _ => {
                let mut name = self.anybody();
                if name == "doctor" {
                    name = "temp".to_owned();
                }
                let key = self.world.hex(&name);
                vec![t(&["p", &key])]
            }
        }
    }

    pub(super) fn suspension_by_member(&mut self) -> Op {
        let author = self.member(&["doctor", "doctor", "doctor", "doctor2"]);
        let tags = if self.world.dice.chance(5) {
            let state = self.reference.reread(self.world.now);
            let live = state.suspension_ids();
            match live.first() {
                Some(id) => vec![t(&["lift", id])],
                None => self.suspension_tags(),
            }
        } else {
            self.suspension_tags()
        };
        let created_at = self.created_at();
        self.publish(&author, 2108, tags, created_at)
    }

    fn client_grant(&mut self) -> Op {
        let author = self.member(&["doctor", "doctor2"]);
        let client = *self.world.dice.pick(&["app-one", "app-two"]);
        let subject = self.subject();
        let until = match self.world.dice.below(10) {
            0 => self.world.now + 400 * 86_400,
            n => self.world.now + 20_000 * n,
        };
        let scope = if self.world.dice.chance(5) { "confidential" } else { "patient/Observation.rs" };
        let mut tags = vec![
            t(&["client", client]),
            t(&["p", &subject]),
            t(&["jwk", "thumbprint"]),
            t(&["scope", scope]),
            t(&["until", &until.to_string()]),
        ];
        if self.world.dice.chance(25) {
            tags.push(t(&["end"]));
        }
        if self.world.dice.chance(4) {
            tags.retain(|tag| tag[0] != "p");
            tags.push(t(&["patients", "all"]));
        }
        let created_at = self.created_at();
        self.publish(&author, 2109, tags, created_at)
    }

    fn registration(&mut self) -> Op {
        let author = self.member(&["desk", "nurse", "doctor", "doctor2"]);
        let state = self.reference.reread(self.world.now);
        let few = state.patients().len() < 12;
        let subject = self.subject();
        let name = self.world.name(&subject).unwrap_or("kid").to_owned();
        let mut tags = match self.world.dice.below(20) {
            0..=3 if few => {
                let new = self.world.fresh_name("kid");
                self.world.registration(&new, None, None)
            }
            4..=6 => {
                let new = self.world.fresh_name("rekeyed");
                self.world.registration(&new, None, Some(&name))
            }
            7..=8 => {
                let own = self.world.fresh_name("own");
                self.world.registration(&name, Some(&own), None)
            }
            9 => self.world.registration(&name, Some(&name), None),
            // One key in two roles.
            10 => {
                let taken = self.anybody();
                self.world.registration(&taken, None, None)
            }
            11 => {
                let (new, old) = (self.world.fresh_name("rekeyed"), self.family_key());
                self.world.registration(&new, None, Some(&old))
            }
            12 => {
                let new = self.world.fresh_name("kid");
                let mut tags = self.world.registration(&new, None, None);
                tags.retain(|tag| tag[0] != "pop");
                tags
            }
            13 => {
                let (new, taken) = (self.world.fresh_name("kid"), self.anybody());
                self.world.registration(&new, Some(&taken), None)
            }
            _ => {
                let epoch_key = self.epoch_key(2110);
                self.world.record(&epoch_key, Some(&subject), false)
            }
        };
        if self.world.dice.chance(2) {
            tags.push(t(&["legacy"]));
        }
        let created_at = self.created_at();
        self.publish(&author, 2110, tags, created_at)
    }

    fn disclosure(&mut self) -> Op {
        let author = if self.world.dice.chance(50) { self.one_of(&GUARDIANS) } else { self.family_key() };
        let author = if self.world.dice.chance(5) { self.anybody() } else { author };
        let until = self.world.now + self.world.dice.below(40_000);
        let shares = self.reference.reread(self.world.now).share_ids();
        let tags = match self.world.dice.below(10) {
            0..=1 if !shares.is_empty() => {
                let (share, by) = self.world.dice.pick(&shares).clone();
                let author = self.world.name(&by).unwrap_or("stranger").to_owned();
                let author = if self.world.dice.chance(85) { author } else { self.anybody() };
                let created_at = self.created_at();
                return self.publish(&author, 2106, vec![t(&["e", &share, "", "end"])], created_at);
            }
            2 => {
                let token = self.world.dice.hash();
                let bytes: Vec<u8> =
                    (0..32).map(|n| u8::from_str_radix(&token[2 * n..2 * n + 2], 16).unwrap()).collect();
                let hash: String = Sha256::digest(bytes).iter().map(|b| format!("{b:02x}")).collect();
                *self.token = Some(token);
                vec![t(&["invite", &hash]), t(&["until", &until.to_string()])]
            }
            _ => {
                let to = if self.world.dice.chance(80) {
                    (*self.world.dice.pick(&STRANGERS)).to_owned()
                } else {
                    self.anybody()
                };
                let to = self.world.hex(&to);
                let mut tags = vec![t(&["p", &to])];
                let ids = self.ids();
                for _ in 0..=self.world.dice.below(12) {
                    tags.push(t(&["e", self.world.dice.pick(&ids).as_str()]));
                }
                tags.push(t(&["until", &until.to_string()]));
                tags
            }
        };
        let created_at = self.created_at();
        self.publish(&author, 2106, tags, created_at)
    }

    pub(super) fn ceremony(&mut self) -> Op {
        let mut rotates = false;
        let events = match self.world.dice.below(20) {
            0..=3 => {
                rotates = true;
                let grace = if self.world.dice.chance(60) { 600 } else { 0 };
                let mut events = vec![self.world.epoch(grace)];
                if self.world.dice.chance(40) {
                    events.push(self.roster_change());
                }
                let reader = self.world.hex("doctor2");
                let n = self.world.epochs().to_string();
                let ek = self.world.dice.hash();
                let tags = vec![t(&["p", &reader]), t(&["n", &n]), t(&["ek", &ek])];
                let created_at = self.world.now;
                events.push(self.world.event("practice", 2101, tags, created_at));
                events
            }
            4..=8 => vec![self.roster_change()],
            9 => vec![self.agent_change()],
            10 => {
                let tags = self.link_tags();
                vec![self.world.by_practice(2104, tags)]
            }
            11 => {
                let tags = self.suspension_tags();
                vec![self.world.by_practice(2108, tags)]
            }
            12 => {
                // Records mostly; what else it names stays.
                let records = self.reference.records();
                let mut ids = if self.world.dice.chance(80) { records } else { self.ids() };
                ids.drain(..ids.len().saturating_sub(200));
                let mut tags = Vec::new();
                for _ in 0..=self.world.dice.below(3) {
                    if !ids.is_empty() {
                        tags.push(t(&["e", self.world.dice.pick(&ids).as_str()]));
                    }
                }
                vec![self.world.by_practice(2127, tags)]
            }
            _ => {
                let live = self.reference.reread(self.world.now).suspension_ids();
                let mut events: Vec<String> = Vec::new();
                for id in live.iter().take(4) {
                    events.push(self.world.by_practice(2108, vec![t(&["lift", id])]));
                }
                if events.is_empty() {
                    events.push(self.roster_change());
                }
                events
            }
        };
        Op::Ceremony { events, rotates }
    }

    fn roster_change(&mut self) -> String {
        let (name, role) = *self.world.dice.pick(&[
            ("doctor2", Role::Doctor),
            ("nurse", Role::Nurse),
            ("ma", Role::Ma),
            ("desk", Role::FrontDesk),
            ("temp", Role::Nurse),
        ]);
        let mut more = Vec::new();
        let words = match self.world.dice.below(10) {
            0 => Some("messages"),
            1 => Some("messages,confidential,admin,order"),
            2 => Some("write,vitals,immunizations,allergies,messages,schedule,register,confidential"),
            3 => Some("messages,schedule,register,admin"),
            _ => None,
        };
        match self.world.dice.below(12) {
            0..=1 => more.push(t(&["end"])),
            2 => {
                let until = self.world.now + self.world.dice.below(90_000);
                more.push(t(&["until", &until.to_string()]));
            }
            3 => {
                let old = *self.world.dice.pick(&["ma", "temp", "father"]);
                let old = self.world.hex(old);
                let new = self.world.fresh_name("staff");
                more.push(t(&["replaces", &old]));
                return self.world.roster(&new, role, words, more);
            }
            4 => {
                // One key in two roles.
                let taken = self.world.dice.pick(&["mother", "fhir", "stranger"]).to_string();
                if taken != "stranger" {
                    return self.world.roster(&taken, role, words, more);
                }
            }
            _ => {}
        }
        self.world.roster(name, role, words, more)
    }

    fn agent_change(&mut self) -> String {
        let at = usize::try_from(self.world.dice.below(4)).unwrap();
        let (service, patients) =
            [("fhir", "all"), ("fhir", "clients"), ("billing", "none"), ("mail", "none")][at];
        let mut more = Vec::new();
        if self.world.dice.chance(25) {
            more.push(t(&["end"]));
        }
        self.world.agent(AGENTS[at], service, patients, more)
    }

    /// The events of the first day, by ceremony and by the front desk.
    pub(crate) fn first_ceremony(&mut self) -> Vec<String> {
        let mut events = vec![self.world.epoch(600)];
        for (name, role) in [
            ("doctor", Role::Doctor),
            ("doctor2", Role::Doctor),
            ("nurse", Role::Nurse),
            ("ma", Role::Ma),
            ("desk", Role::FrontDesk),
        ] {
            events.push(self.world.roster(name, role, None, Vec::new()));
        }
        for (name, service, patients) in [
            ("fhir", "fhir", "all"),
            ("fhir-clients", "fhir", "clients"),
            ("billing", "billing", "none"),
            ("mail", "mail", "none"),
        ] {
            events.push(self.world.agent(name, service, patients, Vec::new()));
        }
        events
    }

    pub(crate) fn first_families(&mut self) -> Vec<Op> {
        let mut ops = Vec::new();
        let now = self.world.now;
        for (subject, own) in
            [("kid", None), ("sibling", None), ("teen", Some("teen-own")), ("adult", Some("adult"))]
        {
            let tags = self.world.registration(subject, own, None);
            ops.push(self.plain("desk", 2110, tags, now));
        }
        for (child, guardian, compartments) in [
            ("kid", "mother", &["desk", "chart"][..]),
            ("sibling", "mother", &["desk"][..]),
            ("kid", "father", &["desk"][..]),
            ("teen", "aunt", &["desk", "chart"][..]),
        ] {
            let child = self.world.hex(child);
            let tags = self.world.link(&child, guardian, compartments, Vec::new());
            ops.push(self.plain("desk", 2104, tags, now));
        }
        ops
    }

    fn plain(&mut self, author: &str, kind: u16, tags: Tags, created_at: u64) -> Op {
        let json = self.world.event(author, kind, tags, created_at);
        self.sent.push((author.to_owned(), json.clone()));
        Op::Publish { session: author.to_owned(), json }
    }
}
