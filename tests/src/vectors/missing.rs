//! Which 2100s are missing for a child, as one member sees it (PROTOCOL 2.3, 2.7, 2.8.12).

use std::slice;

use relaybox_protocol::epochs::Keyring;
use relaybox_protocol::event::tag;
use relaybox_protocol::grants::missing::{
    GrantBook, MissingGrant, MissingGrants, Writer, build_missing, missing,
};
use relaybox_protocol::keys::KeyRole;
use relaybox_protocol::permissions::Role;
use relaybox_protocol::{Event, EventId, Keys, PublicKey, kinds};
use serde_json::{Value, json};

use super::practice::Practice;
use super::{key, public, random, secrets, to_json};

/// Lists of grants as JSON: reader, authority, rows of E and subject.
pub fn to_lists(found: &MissingGrants) -> Value {
    let rows = |rows: &[(PublicKey, PublicKey)]| -> Vec<Value> {
        rows.iter().map(|(epoch_key, subject)| json!([epoch_key.to_hex(), subject.to_hex()])).collect()
    };
    let list = |grants: &[MissingGrant]| -> Vec<Value> {
        grants.iter().map(|g| json!([g.reader.to_hex(), g.authority.to_hex(), rows(&g.rows)])).collect()
    };
    json!({"write": list(&found.write), "waiting": list(&found.waiting), "left": list(&found.left)})
}

/// A practice, its stored 2100s, and the cases that were asked of it so far.
struct Story {
    practice: Practice,
    stored: Vec<Event>,
    confirmed: Vec<EventId>,
    cases: Vec<Value>,
}

impl Story {
    fn role(name: &str) -> Role {
        if name == "desk" { Role::FrontDesk } else { Role::Doctor }
    }

    fn ask(&mut self, writer: &str, subject: &str, grants: &[Event]) -> (MissingGrants, Keyring) {
        let keys = key(writer);
        let keyring = Keyring::collect(keys.secret_key(), &self.epochs(), grants);
        let mut book = GrantBook::default();
        self.stored.iter().for_each(|event| book.add(event));
        let asked =
            Writer { key: keys.public_key(), keyring: &keyring, rows: &[], confirmed: &self.confirmed };
        let view = self.practice.policy.now(self.practice.now);
        (missing(&view, &book, &key(subject).public_key(), &asked), keyring)
    }

    fn epochs(&self) -> Vec<Event> {
        let is_epoch = |event: &&Event| event.kind.as_u16() == kinds::PRACTICE_EPOCH;
        self.practice.events.iter().filter(is_epoch).cloned().collect()
    }

    /// What is missing for the subject as the writer sees it; the writer then writes it.
    fn case(&mut self, name: &str, writer: &str, subject: &str) {
        let grant = self.practice.secrets_for(writer, Self::role(writer));
        let grants = slice::from_ref(&grant);
        let (found, keyring) = self.ask(writer, subject, grants);
        self.cases.push(json!({
            "name": name,
            "steps": self.practice.steps.len(),
            "time": self.practice.now,
            "writer": writer,
            "subject": public(subject),
            "grants": [to_json(&grant)],
            "stored": self.stored.len(),
            "confirmed": self.confirmed.iter().map(EventId::to_hex).collect::<Vec<_>>(),
            "expected": to_lists(&found),
        }));
        self.store(&key(writer), &found, &keyring);
    }

    fn store(&mut self, signer: &Keys, found: &MissingGrants, keyring: &Keyring) {
        let writer = Writer { key: signer.public_key(), keyring, rows: &[], confirmed: &[] };
        let mut random = random(&format!("stored {}", self.stored.len()));
        let events = build_missing(signer, &found.write, &writer, self.practice.now, &mut random).unwrap();
        self.stored.extend(events);
    }

    /// Somebody looks at the link of a guardian and says yes.
    fn confirm(&mut self, guardian: &str) {
        let links = self.practice.policy.now(self.practice.now).links_of(&key(guardian).public_key());
        self.confirmed = links.iter().map(|link| link.entry).collect();
    }

    /// Somebody sees the person whose key a registration brought, and says yes.
    fn confirm_key(&mut self, name: &str) {
        let brought = self.practice.policy.now(self.practice.now).brought(&key(name).public_key());
        self.confirmed = brought.into_iter().map(|by| by.entry).collect();
    }

    fn step(&mut self, event: &Event) {
        self.practice.step(event);
    }
}

pub(crate) fn make() -> Value {
    let practice = Practice::open("missing");
    let mut story = Story { practice, stored: Vec::new(), confirmed: Vec::new(), cases: Vec::new() };
    story.confirm("mother");
    story.case("a front desk has registered a family, and its yes confirms nothing", "desk", "child");
    story.confirmed.clear();
    story.case("the link waits, and so does the own key that the front desk registered", "doctor", "child");
    story.confirm("mother");
    story.case("the doctor has confirmed the link", "doctor", "child");
    story.confirm_key("own");
    story.case("the doctor has confirmed the own key", "doctor", "child");
    story.confirmed.clear();
    story.case("nothing is missing", "doctor", "child");
    planted(&mut story);
    changes(&mut story);
    json!({
        "about": "Cases of one history: the first `steps` policy events have counted, the first `stored` 2100s are \
                  stored. The writer's keyring comes from the 2105s among the steps and from its 2101s (`grants`). \
                  A list has reader, authority and rows of E and subject.",
        "practice": public("practice"),
        "secrets": secrets(&["doctor", "desk"]),
        "history": story.practice.steps,
        "stored": story.stored.iter().map(to_json).collect::<Vec<_>>(),
        "cases": story.cases,
    })
}

/// A new epoch, and a grant by somebody who is nobody.
fn planted(story: &mut Story) {
    let epoch = story.practice.epoch(600, "box");
    story.step(&epoch);
    let grant = story.practice.secrets_for("doctor", Role::Doctor);
    let (found, keyring) = story.ask("doctor", "child", slice::from_ref(&grant));
    story.store(&key("stranger"), &found, &keyring);
    story.case("a new epoch: its rows alone, and a stranger's grant counts for nothing", "doctor", "child");
}

/// New own keys by somebody who holds the chart, and by somebody who does not.
fn keys_of_the_child(story: &mut Story) {
    let extra = [tag("own", [&public("own 2")]), story.practice.pop("own 2", KeyRole::Own)];
    let registered = story.practice.patient("doctor", "child 2", &extra);
    story.step(&registered);
    story.case("a new own key that a doctor registered does not wait", "doctor", "child 2");
    let corrected = story.practice.patient("desk", "child 2", &[]);
    story.step(&corrected);
    story.case("a correction by the front desk lets nothing wait", "doctor", "child 2");
    let back = story.practice.patient("desk", "child 2", &[tag("own", [&public("own")])]);
    story.step(&back);
    story.case("an own key that the front desk brings back waits again", "doctor", "child 2");
    story.confirm_key("own");
    story.case("and is confirmed by what it misses", "doctor", "child 2");
    story.confirmed.clear();
}

/// The family and the agents of a child change.
fn changes(story: &mut Story) {
    let agent = story.practice.agent("fhir");
    story.step(&agent);
    story.case("an agent reads the chart of all patients", "doctor", "child");
    let end = story.practice.link("desk", "mother", true);
    story.step(&end);
    let extra = [story.practice.pop("child 2", KeyRole::Subject), tag("rekey", [&public("child")])];
    let rekey = story.practice.patient("desk", "child 2", &extra);
    story.step(&rekey);
    story.case("the mother's link has ended and the child has a new key", "desk", "child 2");
    story.case(
        "the rest of it, asked by the old key, waits for somebody who saw the child",
        "doctor",
        "child",
    );
    story.confirm_key("child 2");
    story.case("the doctor has confirmed the new key of the child", "doctor", "child 2");
    story.confirmed.clear();
    keys_of_the_child(story);
    let father = story.practice.link_to("desk", "child 2", "father", false);
    story.step(&father);
    story.confirm("father");
    let bar = story.practice.suspension("doctor", "desk", Some("child 2"));
    story.step(&bar);
    story.case("who is barred from a patient writes nothing", "desk", "child 2");
    let suspended = story.practice.suspension("doctor", "father", None);
    story.step(&suspended);
    story.case("a suspended guardian gets nothing", "doctor", "child 2");
    let lift = story.practice.lift(&suspended);
    story.step(&lift);
    story.case("a new guardian gets every epoch and every key of the line", "doctor", "child 2");
}
