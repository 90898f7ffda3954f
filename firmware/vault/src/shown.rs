//! A request in the words that display, console and page show: verb, name, four words of each key.

use relaybox_process::rpc::vault::Status;
use relaybox_protocol::PublicKey;
use relaybox_protocol::keys::four_words;
use relaybox_protocol::policy::{Member, View};

use crate::ceremony::{Step, Stopped};
use crate::guard::Closed;
use crate::history::History;
use crate::request::{AgentChange, Joining, Operation, RosterChange};

mod access;

/// The lines of an operation.
pub(crate) fn operation(operation: &Operation, history: &History, now: u64) -> Vec<String> {
    let view = history.view(now);
    match operation {
        Operation::Roster { changes } => changes.iter().flat_map(|change| roster(change, &view)).collect(),
        Operation::Agent(AgentChange::Grant(grant)) => {
            let mut lines = vec![
                format!("LET THE SERVICE {} IN", grant.service.to_uppercase()),
                words_of(&grant.key),
                format!("reads: {}; patients: {}", grant.compartments.join(" "), grant.patients),
            ];
            lines.extend(access::until(grant.until));
            lines
        }
        Operation::Agent(AgentChange::End { key }) => vec!["END A SERVICE".to_owned(), words_of(key)],
        Operation::Link(change) => access::link(change),
        Operation::Client(change) => access::client(change),
        Operation::Profile(profile) => access::profile(profile),
        Operation::ImportLegacy(import) => access::import(import),
        Operation::Rotate {} => vec!["NEW LOCKS FOR ALL RECORDS".to_owned()],
        Operation::Lift { suspension } => lift(history, suspension, &view),
        Operation::Destroy { ids } => vec![format!("DESTROY {} RECORDS FOR GOOD", ids.len())],
        Operation::Thaw {} => vec!["LET THE KEY SLOT WORK AGAIN".to_owned()],
        Operation::AddSlotKey { label } => vec!["ONE MORE SLOT KEY".to_owned(), label.clone()],
        Operation::RemoveSlotKey { label } => vec!["REMOVE A SLOT KEY".to_owned(), label.clone()],
    }
}

/// The lines of a claim.
pub(crate) fn claim(practice_name: &str, owner: &Joining) -> Vec<String> {
    vec![
        format!("CLAIM THIS BOX FOR {practice_name}"),
        format!("owner: {}", owner.name),
        words_of(&owner.key),
    ]
}

/// The lines of a recovery: who begins, and every member who ends.
pub(crate) fn recovery(
    owner: &Joining,
    labels: &[String; 2],
    ends: &[PublicKey],
    history: &History,
    now: u64,
) -> Vec<String> {
    let view = history.view(now);
    let mut lines = vec![
        "RECOVER THE PRACTICE WITH ITS WORDS".to_owned(),
        format!("practice key: {}", spelled(&view.practice())),
        format!("owner: {}", owner.name),
        words_of(&owner.key),
        format!("new slot keys: {} and {}; the old ones open nothing any more", labels[0], labels[1]),
    ];
    lines.extend(ends.iter().map(|key| format!("END {} ({})", name(&view, key), spelled(key))));
    lines.push("and new locks for all records".to_owned());
    lines
}

/// The lines of a succession.
pub(crate) fn succession(practice_name: &str, former: &PublicKey, labels: &[String; 2]) -> Vec<String> {
    vec![
        format!("NEW PRACTICE KEY FOR {practice_name}"),
        format!("instead of: {}", spelled(former)),
        format!("new slot keys: {} and {}; the old ones open nothing any more", labels[0], labels[1]),
        "the old key signs nothing any more".to_owned(),
    ]
}

fn roster(change: &RosterChange, view: &View<'_>) -> Vec<String> {
    match change {
        RosterChange::Join(joining) => {
            let verb = if joining.replaces.is_some() { "NEW KEY FOR" } else { "ADD" };
            let mut lines = vec![
                format!("{verb} {} {}", joining.role.to_uppercase(), joining.name),
                words_of(&joining.key),
                format!("may: {}", listed(&joining.words)),
            ];
            lines.extend(access::until(joining.until));
            lines.extend(joining.replaces.map(|old| format!("instead of {}", spelled(&old))));
            lines
        }
        RosterChange::Words { key, words } => {
            vec![format!("CHANGE {}", name(view, key)), words_of(key), format!("may: {}", listed(words))]
        }
        RosterChange::Leave { key } => {
            vec![
                format!("END {}", name(view, key)),
                words_of(key),
                "and new locks for all records".to_owned(),
            ]
        }
    }
}

fn lift(history: &History, suspension: &relaybox_protocol::EventId, view: &View<'_>) -> Vec<String> {
    let subject = history.event(suspension).and_then(|event| relaybox_protocol::event::p_tag(event, 0));
    let mut lines = vec![match &subject {
        Some(key) => format!("END THE SUSPENSION OF {}", name(view, key)),
        None => "END A SUSPENSION".to_owned(),
    }];
    lines.extend(subject.map(|key| words_of(&key)));
    lines
}

/// Role and name of a member; a front desk's name is sealed, so its role stands alone.
fn name(view: &View<'_>, key: &PublicKey) -> String {
    match view.member(key) {
        Some(Member { role, name: Some(name), .. }) => format!("{} {name}", role.as_str().to_uppercase()),
        Some(Member { role, name: None, .. }) => role.as_str().to_uppercase(),
        None => "SOMEBODY".to_owned(),
    }
}

fn listed(words: &[String]) -> String {
    if words.is_empty() { "nothing".to_owned() } else { words.join(" ") }
}

fn words_of(key: &PublicKey) -> String {
    format!("key: {}", spelled(key))
}

fn spelled(key: &PublicKey) -> String {
    four_words(key.as_bytes()).join(" ")
}

/// Seconds of a day; last day that four digits of a year hold.
const DAY_SECONDS: u64 = 86_400;
const LAST_DAY: u64 = 2_932_896;

/// The day (UTC) of unix seconds, as ISO 8601 writes it.
fn day(seconds: u64) -> String {
    let mut left = seconds / DAY_SECONDS;
    if left > LAST_DAY {
        return "the end of time".to_owned();
    }
    let leap = |year: u64| year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let mut year = 1970;
    while left >= 365 + u64::from(leap(year)) {
        left -= 365 + u64::from(leap(year));
        year += 1;
    }
    let february = 28 + u64::from(leap(year));
    let mut month = 1;
    for days in [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30] {
        if left < days {
            break;
        }
        left -= days;
        month += 1;
    }
    format!("{year:04}-{month:02}-{:02}", left + 1)
}

/// Where a ceremony stands, with what it is about on top.
pub(crate) struct Screen {
    pub(crate) ceremony: String,
    pub(crate) about: Vec<String>,
    /// Unix seconds at which it ends by itself.
    pub(crate) until: u64,
    pub(crate) practice: Option<PublicKey>,
}

impl Screen {
    /// A step by its name, with a line that says what to do.
    pub(crate) fn status(&self, step: &str, wants: Option<&str>, line: &str) -> Status {
        let mut shown = self.about.clone();
        shown.push(line.to_owned());
        Status {
            ceremony: self.ceremony.clone(),
            step: step.to_owned(),
            shown,
            wants: wants.map(str::to_owned),
            practice: self.practice.map(|key| key.to_hex()),
            label: None,
            tries_left: None,
            why: None,
            until: self.until,
            sheets: Vec::new(),
            events: Vec::new(),
        }
    }

    pub(crate) fn step(&self, step: &Step) -> Status {
        let plain = |name: &str, line: &str| self.status(name, None, line);
        match step {
            Step::Button => self.status("button", Some("button"), "press the button, or cancel"),
            Step::TakeOut => plain("take-out", "take the key out"),
            Step::KeyIn => plain("key-in", "put a slot key in"),
            Step::OtherKey => plain("other-key", "this key is not asked for: take it out"),
            Step::TwoKeys => plain("two-keys", "two keys are in: take both out"),
            Step::Pin { tries_left, wrong } => Status {
                tries_left: Some(*tries_left),
                why: wrong.then(|| "wrong-pin".to_owned()),
                ..self.status("pin", Some("pin"), "type the PIN of the key")
            },
            Step::Checking => plain("checking", "the PIN is tried"),
            Step::Touch { label } => Status { label: Some(label.clone()), ..plain("touch", "touch the key") },
            Step::Signing => plain("signing", "signing"),
            Step::Done => plain("done", "done"),
            Step::Stopped(why) => self.stopped(why),
        }
    }

    pub(crate) fn stopped(&self, why: &Stopped) -> Status {
        let (code, line) = reason(why);
        self.stopped_for(code, &line)
    }

    pub(crate) fn stopped_for(&self, code: &str, line: &str) -> Status {
        Status { why: Some(code.to_owned()), ..self.status("stopped", None, line) }
    }
}

/// Stable code and line of a stop.
fn reason(why: &Stopped) -> (&'static str, String) {
    let text = |code: &'static str, line: &str| (code, format!("stopped: {line}. Nothing was changed."));
    match why {
        Stopped::TimeOver => text("time", "the time is over"),
        Stopped::Cancelled => text("cancelled", "it was cancelled"),
        Stopped::Closed(Closed::Paused(_)) => {
            text("paused", "three wrong ones within an hour; the slot rests for an hour")
        }
        Stopped::Closed(Closed::Frozen) => text("frozen", "the key slot is frozen"),
        Stopped::Closed(Closed::FewTries(_)) => {
            text("few-tries", "this key has one try left, which is kept; use another key")
        }
        Stopped::TakenOut => text("taken-out", "the key was taken out"),
        Stopped::KeyLocked => text("key-locked", "the key is locked; use another key or the recovery words"),
        Stopped::Hangs => text("key-hangs", "the key did not answer"),
        Stopped::Failed => text("failed", "it could not be signed"),
    }
}

#[cfg(test)]
mod tests;
