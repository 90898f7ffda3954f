//! What the relay takes, from whom (PROTOCOL 2.1 "The relay admits", 2.7, 2.8.8, 3). Refusals are
//! their codes.

use super::fold::{Person, State};
use super::{Item, Reference, Socket, undeletable};

type Answer = Result<(), &'static str>;

const DAY: u64 = 86_400;
const WRAPS: [u16; 2] = [1059, 21059];
/// Own lists, which may be old.
const LISTS: [u16; 6] = [0, 10002, 10050, 10063, 30078, 32225];
const MARKERS: [&str; 9] =
    ["addendum", "status-update", "deletion", "cancelled", "result", "correction", "accept", "reply", "ref"];
/// Markers by which a visit takes the place of another.
const REPLACING: [&str; 4] = ["correction", "status-update", "cancelled", "deletion"];

/// The tags of a clinical event.
struct Envelope<'a> {
    one_copy: bool,
    epoch_key: &'a str,
    second: Option<&'a str>,
    copy: bool,
    signed: bool,
}

impl Reference {
    /// Whether an event may be stored. Without a socket it comes through the vault's door.
    pub(super) fn admit(&self, now: u64, item: &Item, socket: Option<&Socket>) -> Answer {
        let state = self.reread(now);
        admit_under(&state, item, socket)?;
        if item.kind == 5 && socket.is_some() {
            self.nothing_clinical(now, item)?;
        }
        if (4050..=4055).contains(&item.kind) && socket.is_some() && !self.visit_is_on(&state, item) {
            return Err("visit");
        }
        Ok(())
    }

    /// Whether the author of a call and the other party both take part in a visit that is on.
    fn visit_is_on(&self, state: &State<'_>, call: &Item) -> bool {
        let root = |visit: &Item| visit.p(1).and_then(|subject| state.root(subject));
        let takes_part = |visit: &Item, key: &str| {
            visit.all("p").skip(1).any(|tag| {
                let linked = || state.live_links(key).iter().any(|(child, _)| Some(*child) == root(visit));
                tag[1] == key && (tag.get(2).is_none_or(|role| role == "provider") || linked())
            })
        };
        let replaces = |later: &Item, visit: &Item| {
            let named = |tag: &[String]| tag[1] == visit.id && REPLACING.contains(&tag[3].as_str());
            later.all("e").any(named) && root(later) == root(visit)
        };
        let mut visits = self.kept();
        visits.retain(|item| item.kind == 2126 && envelope(item).is_some());
        visits.iter().any(|visit| {
            let (Some(start), Some(end)) = (visit.number("start"), visit.number("end")) else { return false };
            visit.created_at + 400 * DAY >= state.now
                && state.now + 900 >= start
                && state.now < end + 7_200
                && !visit.all("e").any(|tag| matches!(tag[3].as_str(), "cancelled" | "deletion"))
                && takes_part(visit, &call.author)
                && call.p(0).is_some_and(|party| takes_part(visit, party))
                && !visits.iter().any(|later| replaces(later, visit))
        })
    }

    /// A deletion request that names a stored record of its author is refused as a whole.
    fn nothing_clinical(&self, now: u64, request: &Item) -> Answer {
        let named = |item: &&Item| request.all("e").any(|tag| tag.get(1) == Some(&item.id));
        let own = self.standing(now).into_iter().filter(|item| item.author == request.author);
        let clinical = own.filter(named).any(|item| item.is_undeletable());
        if clinical { Err("clinical-delete") } else { Ok(()) }
    }
}

pub(super) fn admit_under(state: &State<'_>, item: &Item, socket: Option<&Socket>) -> Answer {
    let wrap = WRAPS.contains(&item.kind);
    match item.kind {
        1000..=1015 => return Err("legacy-kind"),
        82 => return Err("bare-nip82"),
        62 => return Err("clinical-vanish"),
        13 | 14 | 15 | 2122 | 22242 | 24242 | 27235 => return Err("kind-not-taken"),
        2128 | 2129 if socket.is_some() => return Err("kind-not-taken"),
        _ => {}
    }
    if state.compartment(&item.author).is_some() {
        return Err("epoch-key-author");
    }
    if let Some(socket) = socket {
        if item.author == state.practice || item.kind == 2107 {
            return Err("practice-over-network");
        }
        if !socket.keys.contains(&item.author) {
            match (item.has("-"), wrap) {
                (true, _) => return Err("protected"),
                (false, true) => {}
                (false, false) if socket.keys.is_empty() => return Err("auth-required"),
                (false, false) => return Err("author-not-authenticated"),
            }
        }
        if item.created_at >= state.now + 600 {
            return Err("in-future");
        }
        if item.created_at < state.now - 7 * DAY && !wrap && !LISTS.contains(&item.kind) {
            return Err("too-old");
        }
    }
    expiration(state, item)?;
    // An E stands in the first `p` only, and there only of records and drafts.
    let carries = item.is_clinical() || matches!(item.kind, 32110 | 32111);
    let mut others = item.all("p").skip(usize::from(carries)).filter_map(|tag| tag.get(1));
    if item.kind != 2105 && !wrap && others.any(|key| state.compartment(key).is_some()) {
        return Err("envelope");
    }
    if wrap {
        return recipient(state, item, socket);
    }
    let person = state.person(&item.author);
    match person {
        Person::Former | Person::Unknown => return Err("not-member"),
        _ if state.suspended(&item.author) => return Err("suspended"),
        _ => {}
    }
    let family = matches!(person, Person::Patient(_) | Person::Own(_) | Person::Guardian(_));
    match item.kind {
        5 => deletion(item)?,
        0 if family => return Err("role"),
        30078 | 32225 if !family => return Err("role"),
        0 | 10002 | 10050 | 10063 | 30078 | 32225 => {}
        32110 | 32111 => draft(state, item, &person)?,
        2100 => patient_grant(state, item, &person)?,
        2101 => practice_grant(state, item, &person)?,
        4050..=4055 => signalling(state, item, &person)?,
        _ if item.is_clinical() => record(state, item, &person)?,
        _ if item.is_policy() => {}
        _ => return Err("kind-not-taken"),
    }
    if item.is_policy() { state.judge(item) } else { Ok(()) }
}

/// Refused on 2100–2129, required and bounded on drafts and signalling, free elsewhere.
fn expiration(state: &State<'_>, item: &Item) -> Answer {
    let tags: Vec<_> = item.all("expiration").collect();
    let longest = match item.kind {
        2100..=2129 => return if tags.is_empty() { Ok(()) } else { Err("expiration") },
        32110 => Some(400 * DAY),
        32111 => Some(5 * 366 * DAY),
        4050..=4055 => Some(3_600),
        _ => None,
    };
    let [tag] = tags.as_slice() else {
        return if tags.is_empty() && longest.is_none() { Ok(()) } else { Err("expiration") };
    };
    let at: u64 = tag.get(1).and_then(|text| text.parse().ok()).ok_or("expiration")?;
    if at <= state.now {
        return Err("expired");
    }
    if longest.is_some_and(|longest| at - state.now > longest) { Err("expiration") } else { Ok(()) }
}

fn is_somebody(state: &State<'_>, key: &str) -> bool {
    !matches!(state.person(key), Person::Practice | Person::Former | Person::Unknown)
}

/// Wraps: to a published inbox from anyone, to other members from a member or an invited one.
fn recipient(state: &State<'_>, item: &Item, socket: Option<&Socket>) -> Answer {
    let mut parties = item.all("p");
    let (Some([_, to, ..]), None) = (parties.next(), parties.next()) else { return Err("malformed") };
    if to.len() != 64 {
        return Err("malformed");
    }
    let service = state.agent(to).and_then(|agent| agent.all("p").next()?.get(3));
    if service.is_some_and(|service| service == "mail" || service == "billing") {
        return Ok(());
    }
    if let Some(socket) = socket {
        let member = socket.keys.iter().any(|key| is_somebody(state, key) && !state.suspended(key));
        let token = socket
            .invited
            .iter()
            .any(|(key, hash)| socket.keys.contains(key) && state.invitation(hash) == Some(to.as_str()));
        let shared = socket.keys.iter().any(|key| state.shares_for(key).iter().any(|s| s.author == *to));
        if !member && !token && !shared {
            return Err("wrap-sender");
        }
    }
    if is_somebody(state, to) { Ok(()) } else { Err("wrap-recipient") }
}

fn deletion(item: &Item) -> Answer {
    let clinical = |kind: &str| kind.parse().is_ok_and(undeletable);
    for tag in item.tags.iter().filter(|tag| tag.len() > 1) {
        let kind = match tag[0].as_str() {
            "a" => tag[1].split(':').next().unwrap_or_default(),
            "k" => &tag[1],
            _ => continue,
        };
        if clinical(kind) {
            return Err("clinical-delete");
        }
    }
    if item.has("e") || item.has("a") { Ok(()) } else { Err("malformed") }
}

/// The first `p`, in the order in which readers name reasons: an unknown E is `epoch`, one of a
/// compartment that does not fit is `compartment`, one that is not current is `epoch`.
fn epoch_key(state: &State<'_>, key: &str, fits: impl Fn(&str) -> bool) -> Answer {
    let compartment = state.compartment(key).ok_or("epoch")?;
    if !fits(compartment) {
        return Err("compartment");
    }
    if state.is_current(key) { Ok(()) } else { Err("epoch") }
}

fn draft(state: &State<'_>, item: &Item, person: &Person<'_>) -> Answer {
    let member = state.member(&item.author).filter(|_| *person == Person::Member).ok_or("role")?;
    let known = item.tags.iter().all(|tag| matches!(tag[0].as_str(), "d" | "p" | "enc" | "expiration"));
    let length = if item.kind == 32110 { 32 } else { 64 };
    let named = item.value("d").is_some_and(|d| d.len() == length && is_hex(d));
    let (Some(key), true, true) = (item.p(0), known && item.tags.len() == 4, named) else {
        return Err("envelope");
    };
    if item.value("enc") != Some("nip44") {
        return Err("envelope");
    }
    epoch_key(state, key, |compartment| state.holds(member, compartment))
}

/// A 2100 by a member who holds every e of its rows, to somebody of the practice.
fn patient_grant(state: &State<'_>, item: &Item, person: &Person<'_>) -> Answer {
    let rows: Vec<_> = item.all("row").collect();
    let single = |name: &str| item.all(name).count() == 1 && item.all(name).all(|tag| tag.len() == 2);
    let fits = single("p") && single("authority") && single("ek") && (1..=250).contains(&rows.len());
    if !fits || item.tags.len() != 3 + rows.len() || rows.iter().any(|row| row.len() != 3) {
        return Err("policy-shape");
    }
    for row in rows {
        let compartment = state.compartment(&row[1]).ok_or("epoch")?;
        let member = state.member(&item.author).filter(|_| *person == Person::Member).ok_or("role")?;
        if !state.holds(member, compartment) {
            return Err("compartment");
        }
    }
    let to = item.p(0).unwrap_or_default();
    if is_somebody(state, to) { Ok(()) } else { Err("subject") }
}

/// A 2101 by P or a member, of an epoch that exists, to a member or agent.
fn practice_grant(state: &State<'_>, item: &Item, person: &Person<'_>) -> Answer {
    if !matches!(person, Person::Member | Person::Practice) {
        return Err("role");
    }
    let single = |name: &str| item.all(name).count() == 1 && item.all(name).all(|tag| tag.len() == 2);
    if !(single("p") && single("n") && single("ek")) || item.tags.len() != 3 {
        return Err("policy-shape");
    }
    let n = item.value("n").and_then(|n| n.parse::<u64>().ok()).ok_or("policy-shape")?;
    if !state.epochs.iter().any(|epoch| epoch.n == n) {
        return Err("epoch");
    }
    match state.person(item.p(0).unwrap_or_default()) {
        Person::Member | Person::Agent => Ok(()),
        _ => Err("subject"),
    }
}

fn signalling(state: &State<'_>, item: &Item, person: &Person<'_>) -> Answer {
    if matches!(person, Person::Practice | Person::Agent) {
        return Err("role");
    }
    let names: Vec<_> = item.tags.iter().map(|tag| (tag[0].as_str(), tag.len())).collect();
    if names != [("p", 2), ("expiration", 2)] {
        return Err("envelope");
    }
    if is_somebody(state, item.p(0).unwrap_or_default()) { Ok(()) } else { Err("subject") }
}

fn is_hex(text: &str) -> bool {
    text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

fn is_hash(text: &str) -> bool {
    text.len() == 64 && is_hex(text)
}

/// The envelope of 2.1; none when its tags are others.
fn envelope(item: &Item) -> Option<Envelope<'_>> {
    let visit = item.kind == 2126;
    let mut parties = Vec::new();
    let mut singles = Vec::new();
    for tag in &item.tags {
        let cells: Vec<&str> = tag.iter().map(String::as_str).collect();
        let single = match cells.as_slice() {
            ["p", key] if is_hash(key) && parties.len() < 2 => {
                parties.push(*key);
                continue;
            }
            ["p", key, "provider" | "guardian"] if visit && is_hash(key) && parties.len() == 2 => continue,
            ["e", id, "", marker] if is_hash(id) && MARKERS.contains(marker) => continue,
            ["x", hash] if is_hash(hash) => continue,
            ["pop", _, _] | ["own" | "rekey", _] | ["legacy"] if item.kind == 2110 => continue,
            ["patient-content" | "recipient-content", _] => "copy",
            ["enc", "nip44" | "nip44-dual"] => "enc",
            ["pc", hash] if is_hash(hash) => "pc",
            ["act", "sign"] => "act",
            ["start", _] if visit => "start",
            ["end", _] if visit => "end",
            _ => return None,
        };
        if singles.contains(&single) {
            return None;
        }
        singles.push(single);
    }
    let one_copy = item.value("enc")? == "nip44";
    let second = parties.get(1).copied();
    let copy = singles.contains(&"copy");
    let time = |name| item.value(name).and_then(|text| text.parse::<u64>().ok());
    let fits =
        if visit { second.is_some() && time("start")? < time("end")? } else { !one_copy || second.is_none() };
    let copy_fits = !copy || (!one_copy && second.is_some());
    let whole = fits && copy_fits && singles.contains(&"pc");
    whole.then_some(Envelope {
        one_copy,
        epoch_key: parties.first()?,
        second,
        copy,
        signed: singles.contains(&"act"),
    })
}

/// The table "needs" of section 3.
fn word(kind: u16) -> Option<&'static str> {
    Some(match kind {
        2111 | 2112 | 2114 | 2119 | 2121 | 2124 | 2125 => "write",
        2113 => "vitals",
        2116 => "immunizations",
        2115 => "allergies",
        2118 => "order",
        2120 => "prescribe",
        2117 => "messages",
        2126 => "schedule",
        2110 => "register",
        2123 => "confidential",
        _ => return None,
    })
}

fn stands_in(kind: u16, compartment: &str) -> bool {
    match compartment {
        "desk" => matches!(kind, 2110 | 2117 | 2126),
        "chart" => matches!(kind, 2111..=2121 | 2124 | 2125),
        _ => kind == 2123,
    }
}

fn record(state: &State<'_>, item: &Item, person: &Person<'_>) -> Answer {
    let shape = envelope(item).ok_or("envelope")?;
    match person {
        Person::Member => by_member(state, item, &shape),
        Person::Patient(root) => {
            by_family(state, item, &shape, &[2117, 2125, 2126])?;
            let own = shape.second.is_none_or(|key| state.subject(root) == Some(key));
            if own { parties(state, item, &shape) } else { Err("subject") }
        }
        Person::Own(_) => by_family(state, item, &shape, &[2123]),
        Person::Guardian(_) => {
            by_family(state, item, &shape, &[2117, 2125, 2126])?;
            let compartment = state.compartment(shape.epoch_key).unwrap_or_default();
            let links = state.live_links(&item.author);
            let mut children = links.iter().filter(|(_, link)| covers(link, compartment)).peekable();
            if children.peek().is_none() {
                return Err("compartment");
            }
            match shape.second {
                Some(child) if !children.any(|(root, _)| state.subject(root) == Some(child)) => {
                    Err("subject")
                }
                _ => parties(state, item, &shape),
            }
        }
        _ => Err("role"),
    }
}

/// A link with `chart` always includes `desk` (2.8.5).
pub(super) fn covers(link: &Item, compartment: &str) -> bool {
    compartment == "desk" || link.all("compartments").any(|tag| tag[1..].iter().any(|c| c == compartment))
}

fn by_member(state: &State<'_>, item: &Item, shape: &Envelope<'_>) -> Answer {
    let member = state.member(&item.author).ok_or("not-member")?;
    let word = word(item.kind).ok_or("role")?;
    if !state.has_word(member, word) || shape.one_copy {
        return Err("role");
    }
    if shape.signed && !(matches!(item.kind, 2111 | 2119 | 2123) && state.has_word(member, "sign")) {
        return Err("act");
    }
    epoch_key(state, shape.epoch_key, |compartment| {
        stands_in(item.kind, compartment) && state.holds(member, compartment)
    })?;
    if shape.copy != shape.second.is_some() {
        return Err("envelope");
    }
    let subject = |key: &str| state.root(key).is_some_and(|root| state.subject(root) == Some(key));
    let own = |key: &str| state.lines.iter().find(|(_, line)| line.own == Some(key)).map(|(root, _)| *root);
    let fits = match (item.kind, shape.second) {
        (2110, Some(_)) | (2123, None) => true,
        (_, None) => return Err("envelope"),
        (2123, Some(key)) => own(key).is_some(),
        (2117, Some(key)) => subject(key) || own(key).is_some() || !state.live_links(key).is_empty(),
        (_, Some(key)) => subject(key),
    };
    if !fits {
        return Err("subject");
    }
    if let Some(key) = shape.second {
        let barred = state.barred(&item.author);
        if state.root(key).or_else(|| own(key)).is_some_and(|root| barred.contains(root)) {
            return Err("suspended");
        }
    }
    parties(state, item, shape)
}

/// The one-copy form of patients, own keys and guardians.
fn by_family(state: &State<'_>, item: &Item, shape: &Envelope<'_>, kinds: &[u16]) -> Answer {
    if !kinds.contains(&item.kind) || !shape.one_copy {
        return Err("role");
    }
    if shape.signed {
        return Err("act");
    }
    epoch_key(state, shape.epoch_key, |compartment| stands_in(item.kind, compartment))
}

/// Providers of a visit are members, its guardians have a live link to the patient.
fn parties(state: &State<'_>, item: &Item, shape: &Envelope<'_>) -> Answer {
    if item.kind != 2126 {
        return Ok(());
    }
    let root = shape.second.and_then(|subject| state.root(subject));
    let known = item.all("p").skip(2).all(|tag| match tag.get(2).map(String::as_str) {
        Some("provider") => state.member(&tag[1]).is_some(),
        _ => state.live_links(&tag[1]).iter().any(|(child, _)| Some(*child) == root),
    });
    if known { Ok(()) } else { Err("subject") }
}
