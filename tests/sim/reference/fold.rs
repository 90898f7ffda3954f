//! Policy: one pass over all accepted events, oldest first (PROTOCOL 2.2–2.4, 2.7).

use std::collections::{BTreeMap, BTreeSet};

use super::Item;

pub(super) const COMPARTMENTS: [&str; 3] = ["desk", "chart", "confidential"];

/// The one role of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Use<'a> {
    Practice,
    Escrow,
    Box,
    Epoch(&'static str),
    Staff,
    Agent,
    Guardian,
    /// T of the line that began with this T.
    Subject(&'a str),
    Own(&'a str),
}

/// A replacing key's newest version.
#[derive(Debug, Clone, Copy)]
pub(super) struct Version<'a> {
    pub(super) item: &'a Item,
    pub(super) ended: bool,
    pub(super) by_practice: bool,
    /// When it began.
    pub(super) since: u64,
}

#[derive(Debug)]
pub(super) struct Line<'a> {
    /// Every T, oldest first; the last is in force.
    pub(super) subjects: Vec<&'a str>,
    pub(super) own: Option<&'a str>,
    pub(super) guardians: BTreeSet<&'a str>,
}

#[derive(Debug)]
pub(super) struct Epoch<'a> {
    pub(super) n: u64,
    pub(super) keys: [&'a str; 3],
    pub(super) receipts: &'a str,
    pub(super) grace: u64,
    pub(super) received: u64,
}

/// Who somebody is now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Person<'a> {
    Practice,
    Member,
    Agent,
    /// Root of the line.
    Patient(&'a str),
    Own(&'a str),
    /// Roots of the lines of live links.
    Guardian(Vec<&'a str>),
    Former,
    Unknown,
}

/// Client and, for one patient, the root of the line.
type ClientKey<'a> = (&'a str, Option<&'a str>);

#[derive(Debug)]
pub(crate) struct State<'a> {
    pub(super) now: u64,
    pub(super) practice: &'a str,
    pub(super) uses: BTreeMap<&'a str, Use<'a>>,
    pub(super) epochs: Vec<Epoch<'a>>,
    pub(super) members: BTreeMap<&'a str, Version<'a>>,
    pub(super) replaced: Vec<(&'a str, &'a str)>,
    pub(super) agents: BTreeMap<&'a str, Version<'a>>,
    /// (root, guardian)
    pub(super) links: BTreeMap<(&'a str, &'a str), Version<'a>>,
    pub(super) link_ids: BTreeMap<&'a str, (&'a str, &'a str)>,
    pub(super) lines: BTreeMap<&'a str, Line<'a>>,
    pub(super) clients: BTreeMap<ClientKey<'a>, Version<'a>>,
    /// 2108s that are not lifted.
    pub(super) suspensions: BTreeMap<&'a str, &'a Item>,
    /// 2108s and lifts of the chain that all members read.
    pub(super) public_suspensions: BTreeSet<&'a str>,
    pub(super) ever_suspended: BTreeMap<&'a str, &'a Item>,
    pub(super) shares: Vec<&'a Item>,
    pub(super) disclosures_ended: BTreeSet<&'a str>,
    pub(super) seq: [Option<u64>; 2],
}

impl<'a> State<'a> {
    pub(super) fn reread(list: &'a [Item], practice: &'a str, now: u64) -> Self {
        let mut state = Self {
            now,
            practice,
            uses: [(practice, Use::Practice)].into(),
            epochs: Vec::new(),
            members: BTreeMap::new(),
            replaced: Vec::new(),
            agents: BTreeMap::new(),
            links: BTreeMap::new(),
            link_ids: BTreeMap::new(),
            lines: BTreeMap::new(),
            clients: BTreeMap::new(),
            suspensions: BTreeMap::new(),
            public_suspensions: BTreeSet::new(),
            ever_suspended: BTreeMap::new(),
            shares: Vec::new(),
            disclosures_ended: BTreeSet::new(),
            seq: [None, None],
        };
        for item in list.iter().filter(|item| item.is_policy()) {
            state.pass(item);
        }
        state
    }

    /// Takes in one event that was accepted.
    pub(super) fn pass(&mut self, item: &'a Item) {
        if let Some(seq) = item.number("seq") {
            let chain = usize::from(!self.is_public(item));
            self.seq[chain] = Some(seq);
        }
        let by_practice = item.author == self.practice;
        let version = Version { item, ended: item.has("end"), by_practice, since: item.received };
        let (first, second) = (item.p(0).unwrap_or_default(), item.p(1).unwrap_or_default());
        match item.kind {
            2102 => {
                self.uses.entry(first).or_insert(Use::Staff);
                if let Some(old) = item.value("replaces") {
                    self.replaced.push((first, old));
                    if let Some(version) = self.members.get_mut(old) {
                        version.ended = true;
                        version.since = item.received;
                    }
                }
                self.members.insert(first, version);
            }
            2103 => {
                self.uses.entry(first).or_insert(Use::Agent);
                self.agents.insert(first, version);
            }
            2104 => {
                self.uses.entry(second).or_insert(Use::Guardian);
                let Some(root) = self.root(first) else { return };
                self.link_ids.insert(&item.id, (root, second));
                self.links.insert((root, second), version);
                if let Some(line) = self.lines.get_mut(root) {
                    line.guardians.insert(second);
                }
            }
            2105 => self.pass_epoch(item),
            2106 if item.has("invite") || item.has("p") => self.shares.push(item),
            2106 => {
                self.disclosures_ended.extend(item.value("e"));
            }
            2108 => {
                if self.is_public(item) {
                    self.public_suspensions.insert(&item.id);
                }
                match item.value("lift") {
                    Some(lifted) => {
                        self.suspensions.remove(lifted);
                    }
                    None => {
                        self.suspensions.insert(&item.id, item);
                        self.ever_suspended.insert(&item.id, item);
                    }
                }
            }
            2109 => {
                let client = item.value("client").unwrap_or_default();
                let root = item.p(0).and_then(|subject| self.root(subject));
                self.clients.insert((client, root), version);
            }
            2110 => self.pass_patient(item, second),
            _ => {}
        }
    }

    fn pass_epoch(&mut self, item: &'a Item) {
        let keys = COMPARTMENTS.map(|compartment| {
            let mut tags = item.all("p").filter(|tag| tag.get(2).is_some_and(|word| word == compartment));
            tags.next().map_or("", |tag| tag[1].as_str())
        });
        for (key, compartment) in keys.into_iter().zip(COMPARTMENTS) {
            self.uses.entry(key).or_insert(Use::Epoch(compartment));
        }
        self.uses.entry(item.value("v").unwrap_or_default()).or_insert(Use::Escrow);
        for tag in item.tags.iter().filter(|tag| tag[0] == "box") {
            self.uses.entry(&tag[1]).or_insert(Use::Box);
        }
        self.epochs.push(Epoch {
            n: item.number("n").unwrap_or_default(),
            keys,
            receipts: item.value("box").unwrap_or_default(),
            grace: item.number("grace").unwrap_or_default(),
            received: item.received,
        });
    }

    fn pass_patient(&mut self, item: &'a Item, subject: &'a str) {
        let root = self
            .root(subject)
            .or_else(|| item.value("rekey").and_then(|old| self.root(old)))
            .unwrap_or(subject);
        self.uses.entry(subject).or_insert(Use::Subject(root));
        let line = self.lines.entry(root).or_insert_with(|| Line {
            subjects: Vec::new(),
            own: None,
            guardians: BTreeSet::new(),
        });
        // An adult's C = T follows a rekey; another C stays until it is replaced.
        if line.own.is_some() && line.own == line.subjects.last().copied() {
            line.own = Some(subject);
        }
        if line.subjects.last() != Some(&subject) {
            line.subjects.push(subject);
        }
        if let Some(own) = item.value("own") {
            line.own = Some(own);
            self.uses.entry(own).or_insert(Use::Own(root));
        }
    }

    /// First T of the line of this T.
    pub(super) fn root(&self, subject: &str) -> Option<&'a str> {
        match self.uses.get(subject) {
            Some(Use::Subject(root)) => Some(root),
            _ => None,
        }
    }

    /// T in force of a line.
    pub(super) fn subject(&self, root: &str) -> Option<&'a str> {
        self.lines.get(root)?.subjects.last().copied()
    }

    /// Whether the event stands in the policy chain that all members read.
    pub(super) fn is_public(&self, item: &Item) -> bool {
        match item.kind {
            2102 | 2103 | 2105 | 2107 => true,
            2108 => {
                let named = match item.value("lift") {
                    Some(lifted) => self.ever_suspended.get(lifted).copied(),
                    None => Some(item),
                };
                let Some(named) = named else { return false };
                let bare = !named.has("client") && !named.has("e") && named.p(1).is_none();
                let whom = named.p(0).and_then(|key| self.uses.get(key));
                bare && matches!(whom, Some(Use::Staff | Use::Agent))
            }
            _ => false,
        }
    }

    fn lasts(&self, item: &Item) -> bool {
        item.number("until").is_none_or(|until| self.now < until)
    }

    pub(super) fn person(&self, key: &str) -> Person<'a> {
        let live = match self.uses.get(key) {
            None | Some(Use::Epoch(_) | Use::Escrow | Use::Box) => return Person::Unknown,
            Some(Use::Practice) => Some(Person::Practice),
            Some(Use::Staff) => self.member(key).map(|_| Person::Member),
            Some(Use::Agent) => self.agent(key).map(|_| Person::Agent),
            Some(Use::Guardian) => {
                let roots: Vec<_> = self.live_links(key).into_iter().map(|(root, _)| root).collect();
                if roots.is_empty() { None } else { Some(Person::Guardian(roots)) }
            }
            Some(Use::Subject(root)) => {
                self.subject(root).filter(|subject| *subject == key).map(|_| Person::Patient(root))
            }
            Some(Use::Own(root)) => {
                let own = self.lines.get(root).and_then(|line| line.own);
                own.filter(|own| *own == key).map(|_| Person::Own(root))
            }
        };
        live.unwrap_or(Person::Former)
    }

    /// Who may log in: anybody but P, the E's, keys that were replaced or ended, and suspended
    /// members, agents and guardians. A patient's reading never ends.
    pub(crate) fn may_log_in(&self, key: &str) -> Result<(), &'static str> {
        if self.compartment(key).is_some() {
            return Err("epoch-key-author");
        }
        match self.person(key) {
            Person::Practice => Err("practice-over-network"),
            Person::Member | Person::Agent | Person::Guardian(_) if self.suspended(key) => Err("suspended"),
            Person::Former => Err("former-key"),
            _ => Ok(()),
        }
    }

    /// The 2102 of a live member.
    pub(super) fn member(&self, key: &str) -> Option<&'a Item> {
        let version = self.members.get(key).filter(|version| !version.ended)?;
        let from = version.item.number("from")?.max(version.item.received);
        let begun = from <= self.now && self.lasts(version.item);
        let role = version.item.all("p").next()?.get(2)?;
        let known = matches!(role.as_str(), "doctor" | "nurse" | "ma" | "frontdesk");
        (begun && known).then_some(version.item)
    }

    /// The 2103 of a live agent.
    pub(super) fn agent(&self, key: &str) -> Option<&'a Item> {
        let version = self.agents.get(key).filter(|version| !version.ended)?;
        self.lasts(version.item).then_some(version.item)
    }

    /// Live links of a guardian: root of the child's line, and the 2104.
    pub(super) fn live_links(&self, guardian: &str) -> Vec<(&'a str, &'a Item)> {
        let of = self.links.iter().filter(|((_, holder), _)| *holder == guardian);
        of.filter(|(pair, version)| !version.ended && self.lasts(version.item) && !self.link_suspended(pair))
            .map(|((root, _), version)| (*root, version.item))
            .collect()
    }

    fn link_suspended(&self, pair: &(&str, &str)) -> bool {
        let named = self.suspensions.values().filter_map(|item| item.value("e"));
        named.filter_map(|id| self.link_ids.get(id)).any(|named| named == pair)
    }

    /// Whether a live 2108 names the key without scope.
    pub(super) fn suspended(&self, key: &str) -> bool {
        self.suspensions.values().any(|item| item.p(0) == Some(key) && item.p(1).is_none())
    }

    /// Lines from which a scoped 2108 bars a member, also under the keys that the present one replaced.
    pub(super) fn barred(&self, member: &str) -> BTreeSet<&'a str> {
        let mut keys = vec![member];
        let mut next = 0;
        while let Some(key) = keys.get(next).copied() {
            next += 1;
            for (_, old) in self.replaced.iter().filter(|(new, _)| *new == key) {
                if !keys.contains(old) {
                    keys.push(old);
                }
            }
        }
        let scoped = self.suspensions.values().filter(|item| item.p(1).is_some());
        scoped
            .filter(|item| item.p(0).is_some_and(|key| keys.contains(&key)))
            .filter_map(|item| self.root(item.p(1)?))
            .collect()
    }

    /// Live 2109s.
    pub(super) fn live_clients(&self) -> Vec<(ClientKey<'a>, &'a Item)> {
        let suspended = |client: &str| self.suspensions.values().any(|s| s.value("client") == Some(client));
        self.clients
            .iter()
            .filter(|((client, _), version)| !version.ended && self.lasts(version.item) && !suspended(client))
            .map(|(key, version)| (*key, version.item))
            .collect()
    }

    /// Live shares to this key.
    pub(super) fn shares_for(&self, key: &str) -> Vec<&'a Item> {
        let live = self.shares.iter().filter(|item| self.lasts(item) && item.p(0) == Some(key));
        live.filter(|item| !self.disclosures_ended.contains(item.id.as_str())).copied().collect()
    }

    /// Author of a live invitation.
    pub(super) fn invitation(&self, hash: &str) -> Option<&'a str> {
        let live = self.shares.iter().filter(|item| self.lasts(item));
        let mut live = live.filter(|item| !self.disclosures_ended.contains(item.id.as_str()));
        live.find(|item| item.value("invite") == Some(hash)).map(|item| item.author.as_str())
    }

    /// The compartment of an E of any epoch.
    pub(super) fn compartment(&self, key: &str) -> Option<&'static str> {
        match self.uses.get(key) {
            Some(Use::Epoch(compartment)) => Some(compartment),
            _ => None,
        }
    }

    /// An E is current in the newest epoch, and in the one before while the newest one's grace lasts.
    pub(super) fn is_current(&self, key: &str) -> bool {
        let Some((newest, earlier)) = self.epochs.split_last() else { return false };
        let grace = self.now < newest.received + newest.grace;
        newest.keys.contains(&key) || (grace && earlier.last().is_some_and(|epoch| epoch.keys.contains(&key)))
    }

    /// Whether the member's 2102 gives the word, which the role must be able to hold.
    pub(super) fn has_word(&self, member: &Item, word: &str) -> bool {
        let tag = member.all("p").next().map(<[String]>::to_vec).unwrap_or_default();
        let [_, _, role, words] = tag.as_slice() else { return false };
        let may: &[&str] = match role.as_str() {
            "doctor" => return words.split(',').any(|w| w == word),
            "nurse" => &[
                "write",
                "vitals",
                "immunizations",
                "allergies",
                "messages",
                "schedule",
                "register",
                "confidential",
                "admin",
            ],
            "ma" => &["write", "vitals", "immunizations", "messages", "schedule", "register", "admin"],
            "frontdesk" => &["messages", "schedule", "register", "admin"],
            _ => &[],
        };
        may.contains(&word) && words.split(',').any(|w| w == word)
    }

    /// Everyone holds desk, all but the front desk chart, confidential goes by its word.
    pub(super) fn holds(&self, member: &Item, compartment: &str) -> bool {
        let role = member.all("p").next().and_then(|tag| tag.get(2)).map_or("", String::as_str);
        match compartment {
            "desk" => true,
            "chart" => role != "frontdesk",
            _ => self.has_word(member, "confidential"),
        }
    }
}

/// What the generator asks to know whom and what to name next.
impl<'a> State<'a> {
    /// Every T of each patient, oldest first, and C.
    pub(crate) fn patients(&self) -> Vec<(Vec<&'a str>, Option<&'a str>)> {
        self.lines.values().map(|line| (line.subjects.clone(), line.own)).collect()
    }

    /// T in force of the children of a guardian.
    pub(crate) fn children(&self, guardian: &str) -> Vec<String> {
        let links = self.live_links(guardian).into_iter();
        links.filter_map(|(root, _)| self.subject(root)).map(str::to_owned).collect()
    }

    /// Guardians with a live link to this T.
    pub(crate) fn guardians(&self, subject: &str) -> Vec<String> {
        let root = self.root(subject);
        let holders: BTreeSet<&str> = self.links.keys().map(|(_, guardian)| *guardian).collect();
        let linked = |g: &&str| self.live_links(g).iter().any(|(child, _)| Some(*child) == root);
        holders.into_iter().filter(linked).map(str::to_owned).collect()
    }

    pub(crate) fn link_ids(&self) -> Vec<String> {
        self.link_ids.keys().map(|id| (*id).to_owned()).collect()
    }

    /// Seconds to come at which a grace, a term or a limit ends, nearest first.
    pub(crate) fn edges(&self) -> Vec<u64> {
        let versions = self.links.values().chain(self.members.values()).chain(self.clients.values());
        let terms = versions.filter(|version| !version.ended).map(|version| version.item);
        let terms = terms.chain(self.shares.iter().copied()).filter_map(|item| item.number("until"));
        let graces = self.epochs.last().map(|epoch| epoch.received + epoch.grace);
        let limits = self.suspensions.values().map(|item| item.received + 3_600);
        let mut edges: Vec<_> = terms.chain(graces).chain(limits).filter(|at| *at > self.now).collect();
        edges.sort_unstable();
        edges.dedup();
        edges
    }

    pub(crate) fn client_ids(&self) -> Vec<String> {
        self.clients.keys().map(|(client, _)| (*client).to_owned()).collect()
    }

    pub(crate) fn suspension_ids(&self) -> Vec<String> {
        self.suspensions.keys().map(|id| (*id).to_owned()).collect()
    }

    /// Shares and invitations with their authors.
    pub(crate) fn share_ids(&self) -> Vec<(String, String)> {
        self.shares.iter().map(|share| (share.id.clone(), share.author.clone())).collect()
    }
}
