//! Whether a policy event counts (PROTOCOL 2.2, 2.4, 2.7, 2.8.3, 2.8.5).

use relaybox_protocol::event::key_from_hex;
use relaybox_protocol::keys::{KeyRole, proof_holds};

use super::fold::{Person, State, Use, Version};
use super::{Item, Reference};

type Answer = Result<(), &'static str>;

/// Longest client grant by an admin.
const YEAR: u64 = 366 * 86_400;

impl Reference {
    /// A ceremony: those of the public chain first, all or nothing. The error names the event.
    pub(crate) fn ceremony(&self, now: u64, events: &[Item]) -> Result<Vec<Item>, (usize, &'static str)> {
        let mut trial = Self::new(self.practice.clone());
        trial.list.clone_from(&self.list);
        let mut taken = Vec::new();
        let state = self.reread(now);
        let public = |item: &Item| state.is_public(item);
        let first = events.iter().enumerate().filter(|(_, item)| public(item));
        let then = events.iter().enumerate().filter(|(_, item)| !public(item));
        for (index, item) in first.chain(then) {
            if self.list.iter().any(|stored| stored.id == item.id) {
                continue;
            }
            trial.admit(now, item, None).map_err(|code| (index, code))?;
            trial.list.push(item.clone());
            taken.push(item.clone());
        }
        Ok(taken)
    }
}

impl State<'_> {
    pub(super) fn judge(&self, item: &Item) -> Answer {
        shape(item)?;
        let practice = item.author == self.practice;
        match item.kind {
            2102 => self.roster(item),
            2103 => self.service(item),
            2104 => self.link(item),
            2105 => self.epoch(item),
            2106 => self.disclosure(item),
            2108 => self.suspension(item),
            2109 => self.client(item),
            2110 => self.patient(item),
            _ if practice => Ok(()),
            _ => Err("policy-authority"),
        }?;
        let seq = item.value("seq").and_then(|seq| seq.parse::<u64>().ok());
        match (practice, seq) {
            (false, None) => Ok(()),
            (true, Some(seq)) => {
                let last = self.seq[usize::from(!self.is_public(item))];
                if last.is_some_and(|last| seq <= last) { Err("seq") } else { Ok(()) }
            }
            _ => Err("policy-shape"),
        }
    }

    fn by_practice(&self, item: &Item) -> Answer {
        if item.author == self.practice { Ok(()) } else { Err("policy-authority") }
    }

    /// P, or a live member with the word who is not suspended.
    fn signer(&self, item: &Item, word: &str) -> Answer {
        if item.author == self.practice {
            return Ok(());
        }
        let member = self.member(&item.author).ok_or("policy-authority")?;
        if self.suspended(&item.author) {
            return Err("suspended");
        }
        if self.has_word(member, word) { Ok(()) } else { Err("policy-authority") }
    }

    /// One key, one role; a new key shows that it is held.
    fn enter(&self, item: &Item, key: &str, role: Use<'_>) -> Answer {
        match self.uses.get(key) {
            Some(known) if *known == role => Ok(()),
            Some(_) => Err("key-in-use"),
            None => {
                let word = match role {
                    Use::Staff => KeyRole::Staff,
                    Use::Agent => KeyRole::Agent,
                    Use::Guardian => KeyRole::Guardian,
                    Use::Own(_) => KeyRole::Own,
                    _ => KeyRole::Subject,
                };
                let (Some(held), Some(practice)) = (key_from_hex(key), key_from_hex(self.practice)) else {
                    return Err("pop");
                };
                let proven = item.all("pop").any(|tag| {
                    tag.len() == 3 && tag[1] == key && proof_holds(&held, &practice, word, &tag[2])
                });
                if proven { Ok(()) } else { Err("pop") }
            }
        }
    }

    /// An ending wins a tie, and what P ended only P restores.
    fn renew(&self, item: &Item, last: Option<&Version<'_>>) -> Answer {
        let Some(last) = last.filter(|last| last.ended && !item.has("end")) else { return Ok(()) };
        if last.by_practice && item.author != self.practice {
            return Err("ended-by-practice");
        }
        if last.since == self.now { Err("ended-now") } else { Ok(()) }
    }

    fn roster(&self, item: &Item) -> Answer {
        self.by_practice(item)?;
        let member = item.p(0).unwrap_or_default();
        self.enter(item, member, Use::Staff)?;
        if let Some(old) = item.value("replaces")
            && (old == member || self.uses.get(old) != Some(&Use::Staff))
        {
            return Err("key-in-use");
        }
        self.renew(item, self.members.get(member))
    }

    fn service(&self, item: &Item) -> Answer {
        self.by_practice(item)?;
        let agent = item.p(0).unwrap_or_default();
        self.enter(item, agent, Use::Agent)?;
        self.renew(item, self.agents.get(agent))
    }

    fn link(&self, item: &Item) -> Answer {
        self.signer(item, "register")?;
        let (child, guardian) = (item.p(0).unwrap_or_default(), item.p(1).unwrap_or_default());
        let root = self.root(child).ok_or("subject")?;
        if !item.has("end") && self.subject(root) != Some(child) {
            return Err("subject");
        }
        if self.barred(&item.author).contains(root) {
            return Err("suspended");
        }
        self.enter(item, guardian, Use::Guardian)?;
        self.renew(item, self.links.get(&(root, guardian)))
    }

    fn epoch(&self, item: &Item) -> Answer {
        self.by_practice(item)?;
        let last = self.epochs.last().map_or(0, |epoch| epoch.n);
        if item.value("n").and_then(|n| n.parse::<u64>().ok()) != Some(last + 1) {
            return Err("seq");
        }
        let fresh = item.all("p").all(|tag| !self.uses.contains_key(tag[1].as_str()));
        if fresh { Ok(()) } else { Err("key-in-use") }
    }

    fn disclosure(&self, item: &Item) -> Answer {
        let ending = item.all("e").next().filter(|tag| tag.len() == 4);
        if let Some(tag) = ending {
            let own = self.shares.iter().any(|share| share.id == tag[1] && share.author == item.author);
            return if own { Ok(()) } else { Err("policy-authority") };
        }
        match self.person(&item.author) {
            Person::Patient(_) | Person::Own(_) | Person::Guardian(_) => {}
            _ => return Err("policy-authority"),
        }
        if let Some(hash) = item.value("invite") {
            let used = self.shares.iter().any(|share| share.value("invite") == Some(hash));
            return if used { Err("key-in-use") } else { Ok(()) };
        }
        let to = item.p(0).unwrap_or_default();
        let internal =
            matches!(self.uses.get(to), Some(Use::Epoch(_) | Use::Practice | Use::Escrow | Use::Box));
        if internal || to == item.author { Err("policy-shape") } else { Ok(()) }
    }

    fn suspension(&self, item: &Item) -> Answer {
        if let Some(lifted) = item.value("lift") {
            self.by_practice(item)?;
            return if self.suspensions.contains_key(lifted) { Ok(()) } else { Err("policy-authority") };
        }
        self.signer(item, "admin")?;
        let role = |n| item.p(n).and_then(|key| self.uses.get(key));
        let known = if let Some(client) = item.value("client") {
            self.clients.keys().any(|(known, _)| *known == client)
        } else if let Some(link) = item.value("e") {
            self.link_ids.contains_key(link)
        } else if item.p(1).is_some() {
            matches!((role(0), role(1)), (Some(Use::Staff), Some(Use::Subject(_))))
        } else {
            matches!(role(0), Some(Use::Staff | Use::Agent | Use::Guardian | Use::Subject(_) | Use::Own(_)))
        };
        if !known {
            return Err("policy-authority");
        }
        let recent = self.ever_suspended.values().filter(|before| before.author == item.author);
        let recent = recent.filter(|before| self.now < before.received + 3_600).count();
        if recent >= 5 && item.author != self.practice { Err("suspension-limit") } else { Ok(()) }
    }

    fn client(&self, item: &Item) -> Answer {
        self.signer(item, "admin")?;
        let client = item.value("client").unwrap_or_default();
        let root = match item.p(0) {
            Some(subject) => Some(self.root(subject).ok_or("subject")?),
            None => None,
        };
        self.renew(item, self.clients.get(&(client, root)))?;
        if item.author == self.practice {
            return Ok(());
        }
        let until = item.value("until").and_then(|until| until.parse::<u64>().ok()).unwrap_or(u64::MAX);
        let confidential = item.all("scope").any(|tag| tag[1..].iter().any(|scope| scope == "confidential"));
        if until > self.now + YEAR || root.is_none() || item.has("export") || confidential {
            return Err("policy-authority");
        }
        let others = self.live_clients().into_iter().filter(|((c, r), _)| *c == client && *r != root);
        if !item.has("end") && others.count() >= 50 { Err("client-patients") } else { Ok(()) }
    }

    /// A registration is judged after its envelope.
    fn patient(&self, item: &Item) -> Answer {
        if item.author == self.practice {
            return Err("policy-authority");
        }
        self.signer(item, "register")?;
        let subject = item.p(1).unwrap_or_default();
        let rekey = item.value("rekey");
        let root = match self.uses.get(subject) {
            Some(Use::Subject(root)) => {
                let line = self.lines.get(root).ok_or("subject")?;
                let former = |old: &str| old != subject && line.subjects.contains(&old);
                if line.subjects.last() != Some(&subject) || !rekey.is_none_or(former) {
                    return Err("key-in-use");
                }
                Some(*root)
            }
            Some(_) => return Err("key-in-use"),
            None => {
                self.enter(item, subject, Use::Subject(""))?;
                match rekey {
                    None => None,
                    Some(old) => {
                        let root = self.root(old).ok_or("subject")?;
                        if self.subject(root) != Some(old) {
                            return Err("subject");
                        }
                        Some(root)
                    }
                }
            }
        };
        if root.is_some_and(|root| self.barred(&item.author).contains(root)) {
            return Err("suspended");
        }
        match item.value("own") {
            Some(own) if own != subject => self.enter(item, own, Use::Own(root.unwrap_or(subject))),
            _ => Ok(()),
        }
    }
}

/// The tags of each kind: no others, and those that must be there.
fn shape(item: &Item) -> Answer {
    let names: &[&str] = match item.kind {
        2102 => &["p", "from", "until", "end", "name", "replaces", "pop", "epoch", "seq", "prev"],
        2103 => &["p", "kinds", "compartments", "patients", "until", "end", "pop", "seq", "prev"],
        2104 => &["p", "compartments", "until", "end", "pop", "epoch", "seq", "prev"],
        2106 => &["invite", "until", "p", "e", "x"],
        2108 => &["p", "client", "e", "lift", "seq", "prev"],
        2109 => &[
            "client", "p", "jwk", "key", "scope", "until", "end", "patients", "export", "epoch", "seq",
            "prev",
        ],
        2127 => &["e", "seq", "prev"],
        2105 if !item.has("n") => return Err("policy-shape"),
        // The envelope of a 2110 is looked at elsewhere.
        _ => return Ok(()),
    };
    if item.tags.iter().any(|tag| !names.contains(&tag[0].as_str())) {
        return Err("policy-shape");
    }
    let sealed = item.all("compartments").any(|tag| tag[1..].iter().any(|c| c == "confidential"));
    let missing = match item.kind {
        2102 => !item.has("from"),
        2103 => !item.has("kinds") || !item.has("patients") || !item.has("compartments"),
        2104 => item.all("compartments").all(|tag| tag.len() < 2) || item.all("p").count() != 2,
        2106 => !item.has("until") && item.all("e").all(|tag| tag.len() != 4),
        2109 => !item.has("client") || !item.has("until"),
        2108 | 2127 => item.tags.is_empty(),
        _ => false,
    };
    if sealed || missing { Err("policy-shape") } else { Ok(()) }
}
