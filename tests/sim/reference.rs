//! The naive relay: a list of accepted events in arrival order, and answers made by rereading it.
//!
//! It is written from the contract (docs/ref/protocol.md, 2, 2.8 and 3) and shares with the product
//! only the parsing of events and the check of signatures; a test reads its `use` lines. It is
//! slow on purpose: nothing is kept between two answers but the list itself.

mod admission;
mod fold;
mod policy;
mod receipts;
mod scope;

use std::collections::BTreeSet;

use relaybox_protocol::event::Verified;

pub(crate) use fold::State;
pub(crate) use receipts::Due;

/// Largest answer to one filter.
const LIMIT_MAX: usize = 5_000;

/// An event as plain text, with the second in which it was accepted.
#[derive(Debug, Clone)]
pub(crate) struct Item {
    pub(crate) id: String,
    pub(crate) author: String,
    pub(crate) kind: u16,
    pub(crate) created_at: u64,
    pub(crate) tags: Vec<Vec<String>>,
    pub(crate) content_is_empty: bool,
    pub(crate) json: String,
    pub(crate) received: u64,
}

impl Item {
    /// Parses and checks id and signature; the error is the refusal's code.
    pub(crate) fn parse(json: &str, received: u64) -> Result<Self, &'static str> {
        const EVENT_BYTES_MAX: usize = 393_216;
        let verified = Verified::parse(json, EVENT_BYTES_MAX).map_err(|refusal| refusal.code())?;
        let event = verified.event();
        Ok(Self {
            id: event.id.to_hex(),
            author: event.pubkey.to_hex(),
            kind: event.kind.as_u16(),
            created_at: event.created_at.as_secs(),
            tags: event.tags.iter().map(|tag| tag.as_slice().to_vec()).collect(),
            content_is_empty: event.content.is_empty(),
            json: json.to_owned(),
            received,
        })
    }

    pub(crate) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a [String]> + 'a {
        self.tags.iter().map(Vec::as_slice).filter(move |tag| tag[0] == name)
    }

    /// First value of the first tag of this name.
    pub(crate) fn value(&self, name: &str) -> Option<&str> {
        self.tags.iter().find(|tag| tag[0] == name).and_then(|tag| tag.get(1)).map(String::as_str)
    }

    /// The n-th `p`, from 0.
    pub(crate) fn p(&self, n: usize) -> Option<&str> {
        self.tags.iter().filter(|tag| tag[0] == "p").nth(n).and_then(|tag| tag.get(1)).map(String::as_str)
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.tags.iter().any(|tag| tag[0] == name)
    }

    fn number(&self, name: &str) -> Option<u64> {
        self.value(name)?.parse().ok()
    }

    /// NIP-01: who, kind and `d` of which only the newest version is kept.
    pub(crate) fn slot(&self) -> Option<(&str, u16, &str)> {
        match self.kind {
            0 | 3 | 10_000..=19_999 => Some((&self.author, self.kind, "")),
            30_000..=39_999 => Some((&self.author, self.kind, self.value("d").unwrap_or_default())),
            _ => None,
        }
    }

    fn is_ephemeral(&self) -> bool {
        (20_000..30_000).contains(&self.kind)
    }

    /// Kinds 2110–2121 and 2123–2126.
    fn is_clinical(&self) -> bool {
        (2110..=2126).contains(&self.kind) && self.kind != 2122
    }

    /// Kinds that change who may do what.
    pub(crate) fn is_policy(&self) -> bool {
        (2102..=2110).contains(&self.kind) || self.kind == 2127
    }

    /// Records and policy are never deleted by request.
    fn is_undeletable(&self) -> bool {
        undeletable(self.kind)
    }
}

/// Kinds of records and policy, those of the former numbering included.
fn undeletable(kind: u16) -> bool {
    matches!(kind, 1000..=1015 | 2100..=2129)
}

/// What a connection has shown of itself.
#[derive(Debug, Clone, Default)]
pub(crate) struct Socket {
    pub(crate) keys: Vec<String>,
    /// SHA-256 of invitation tokens, with the key that showed each.
    pub(crate) invited: Vec<(String, String)>,
}

/// The answer to an event; a refusal by its code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    Stored,
    Duplicate,
    HandedOver,
    Refused(&'static str),
}

/// One filter of NIP-01.
#[derive(Debug, Clone, Default)]
pub(crate) struct Filter {
    pub(crate) ids: Option<Vec<String>>,
    pub(crate) authors: Option<Vec<String>>,
    pub(crate) kinds: Option<Vec<u16>>,
    pub(crate) tags: Vec<(String, Vec<String>)>,
    pub(crate) since: Option<u64>,
    pub(crate) until: Option<u64>,
    pub(crate) limit: Option<usize>,
}

impl Filter {
    pub(crate) fn matches(&self, item: &Item) -> bool {
        let tag = |(letter, values): &(String, Vec<String>)| {
            item.all(letter).any(|tag| tag.get(1).is_some_and(|value| values.contains(value)))
        };
        self.ids.as_ref().is_none_or(|ids| ids.contains(&item.id))
            && self.authors.as_ref().is_none_or(|authors| authors.contains(&item.author))
            && self.kinds.as_ref().is_none_or(|kinds| kinds.contains(&item.kind))
            && self.since.is_none_or(|since| item.created_at >= since)
            && self.until.is_none_or(|until| item.created_at <= until)
            && self.tags.iter().all(tag)
    }
}

pub(crate) struct Reference {
    practice: String,
    /// Everything accepted, in arrival order, receipts included.
    pub(crate) list: Vec<Item>,
    /// What still waits for its row in a receipt.
    pub(crate) due: Vec<Due>,
}

impl Reference {
    pub(crate) fn new(practice: String) -> Self {
        Self { practice, list: Vec::new(), due: Vec::new() }
    }

    /// The policy of now, from the first event to the last.
    pub(crate) fn reread(&self, now: u64) -> fold::State<'_> {
        fold::State::reread(&self.list, &self.practice, now)
    }

    /// The answer to `["EVENT", …]`, without storing anything.
    pub(crate) fn judge(&self, now: u64, socket: &Socket, json: &str) -> Verdict {
        // Who has not logged in is told so before anything is looked at; wraps may come from anyone.
        let wrap = ["\"kind\":1059,", "\"kind\":21059,"].iter().any(|kind| json.contains(kind));
        if socket.keys.is_empty() && !wrap {
            return Verdict::Refused("auth-required");
        }
        let item = match Item::parse(json, now) {
            Ok(item) => item,
            Err(code) => return Verdict::Refused(code),
        };
        let known = || self.standing(now).iter().any(|stored| stored.id == item.id);
        match self.admit(now, &item, Some(socket)) {
            // The author sends again what is stored already, and the time or the epoch moved on.
            Err(_) if socket.keys.contains(&item.author) && known() => Verdict::Duplicate,
            Err(code) => Verdict::Refused(code),
            Ok(()) if item.is_ephemeral() => Verdict::HandedOver,
            Ok(()) if known() => Verdict::Duplicate,
            Ok(()) => match self.place(&item) {
                Ok(()) => Verdict::Stored,
                Err(code) => Verdict::Refused(code),
            },
        }
    }

    /// Whether the author's own deletions and newer versions leave room for it.
    fn place(&self, item: &Item) -> Result<(), &'static str> {
        if self.list.iter().any(|request| deletes(request, item) || destroys(request, item)) {
            return Err("deleted");
        }
        let Some(slot) = item.slot() else { return Ok(()) };
        let newest = self.list.iter().rfind(|stored| stored.slot() == Some(slot));
        match newest.filter(|version| !self.deleted(version)) {
            Some(version) if is_older(item, version) => Err("superseded"),
            _ => Ok(()),
        }
    }

    fn deleted(&self, item: &Item) -> bool {
        self.list.iter().any(|request| deletes(request, item))
    }

    /// Ids of the records that a destruction order reaches, oldest first.
    pub(crate) fn records(&self) -> Vec<String> {
        let records = self.list.iter().filter(|item| item.is_clinical() && item.kind != 2110);
        records.map(|item| item.id.clone()).collect()
    }

    /// Takes an accepted event into the list, with what it is due.
    pub(crate) fn take(&mut self, item: Item) {
        self.add_dues(&item);
        self.list.push(item);
    }

    /// What is stored at this second: nothing replaced, deleted or expired.
    pub(crate) fn standing(&self, now: u64) -> Vec<&Item> {
        self.kept().into_iter().filter(|item| item.number("expiration").is_none_or(|at| at > now)).collect()
    }

    /// The same, with what has expired and was not swept yet.
    pub(crate) fn kept(&self) -> Vec<&Item> {
        let requests: Vec<_> = self.list.iter().filter(|item| item.kind == 5).collect();
        let orders: Vec<_> = self.list.iter().filter(|item| item.kind == 2127).collect();
        let mut slots = BTreeSet::new();
        let mut kept: Vec<_> = self
            .list
            .iter()
            .rev()
            .filter(|item| item.slot().is_none_or(|slot| slots.insert(slot)))
            .filter(|item| !requests.iter().any(|request| deletes(request, item)))
            .filter(|item| !orders.iter().any(|order| destroys(order, item)))
            .collect();
        kept.reverse();
        kept
    }

    /// Ids of the stored events that a REQ gets, in the order in which it gets them.
    pub(crate) fn answer(&self, now: u64, keys: &[String], filters: &[Filter]) -> Vec<String> {
        let state = self.reread(now);
        let readable: Vec<_> =
            self.standing(now).into_iter().filter(|item| state.permits(keys, item)).collect();
        let mut sent = Vec::new();
        for filter in filters {
            let mut found: Vec<_> = readable.iter().filter(|item| filter.matches(item)).collect();
            found.sort_by(|a, b| b.created_at.cmp(&a.created_at).then(a.id.cmp(&b.id)));
            found.truncate(filter.limit.unwrap_or(LIMIT_MAX).min(LIMIT_MAX));
            for item in found {
                if !sent.contains(&item.id) {
                    sent.push(item.id.clone());
                }
            }
        }
        sent
    }
}

/// A deletion request (NIP-09) reaches its author's own events and wraps to its author, but neither
/// records, policy nor other requests.
fn deletes(request: &Item, item: &Item) -> bool {
    if request.kind != 5 || item.kind == 5 || item.is_undeletable() {
        return false;
    }
    let addressed = item.kind == 1059 && item.all("p").any(|tag| tag.get(1) == Some(&request.author));
    if request.author != item.author && !addressed {
        return false;
    }
    let by_id = request.all("e").any(|tag| tag.get(1) == Some(&item.id));
    let by_address = item.slot().is_some_and(|(author, kind, d)| {
        let address = format!("{kind}:{author}:{d}");
        request.all("a").any(|tag| tag.get(1) == Some(&address)) && item.created_at <= request.created_at
    });
    by_id || by_address
}

/// An order of the practice (2127) reaches records, before and after it.
fn destroys(order: &Item, item: &Item) -> bool {
    let record = item.is_clinical() && item.kind != 2110;
    order.kind == 2127 && record && order.all("e").any(|tag| tag.get(1) == Some(&item.id))
}

/// NIP-01: the older version loses, and in one second the higher id.
fn is_older(item: &Item, version: &Item) -> bool {
    (item.created_at, &version.id) < (version.created_at, &item.id)
}
