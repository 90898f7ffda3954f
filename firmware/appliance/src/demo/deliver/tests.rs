//! A whole box with the demo practice, read back by its people over their own connections.

use std::collections::BTreeSet;
use std::path::PathBuf;

use relaybox_process::clock::Clock;
use relaybox_process::config::Config;
use relaybox_protocol::body;
use relaybox_protocol::envelope::{EpochSecret, open_as_person, open_content, open_patient_copy};
use relaybox_protocol::epochs::Keyring;
use relaybox_protocol::event::{p_tag, tag_value};
use relaybox_protocol::fold::{AllergyState, Chart, Coverage, OrderState, fold};
use relaybox_protocol::grants::{GrantRow, open_patient_grant};
use relaybox_protocol::permissions::Compartment;
use relaybox_protocol::reader::{Held, Outcome, Reader, Reason, Sight};
use serde_json::json;
use time::Date;

use super::*;
use crate::demo::calendar::date_of;
use crate::demo::cast::{Allergies as CastAllergies, Child, GUARDIANS, Holds, Staff, guardian_of};
use crate::demo::plan::{Author, Entry, Plan, To};
use crate::demo::seed::Seed;
use crate::dev::{DevBox, Fill, Options, SEED};

struct Demo {
    running: DevBox,
    door: Door,
    plan: Plan,
    /// Index of an entry by the `r` of its binding.
    by_r: BTreeMap<[u8; 32], usize>,
    root: PathBuf,
}

impl Demo {
    /// Starts a box in a directory of its own; again, should midnight come in between.
    async fn start() -> Self {
        let root = std::env::temp_dir().join(format!("relaybox-readback-{}", std::process::id()));
        let today = |clock: &Clock| -> Date { date_of(clock.now()) };
        loop {
            let clock = Clock::System;
            let before = today(&clock);
            let options = Options {
                data: root.clone(),
                listen: Some(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))),
                plain_relay: None,
                fill: Fill::Demo,
                practice: None,
                reset: true,
                config: Config::default(),
            };
            let running = DevBox::start(&options, clock.clone()).await.unwrap();
            if today(&clock) != before {
                running.stop().await.unwrap();
                continue;
            }
            let url = running.ready().relay.clone();
            let key = Keys::generate().public_key();
            let door = Door {
                ceremony: root.join("run/ceremony.sock"),
                relay: root.join("run/relay.sock"),
                host: url.trim_start_matches("wss://").to_owned(),
                url,
                receipts: key,
                audit: key,
                now: clock.now(),
            };
            let plan = Plan::new(Seed::new(SEED), before);
            let r = |entry: &Entry| plan.seed.bytes(&format!("r/{}", entry.name));
            let by_r = plan.entries.iter().map(r).zip(0..).collect();
            return Self { running, door, plan, by_r, root };
        }
    }

    /// Stops the box, which writes the receipts that are due, and starts it again with what it holds.
    async fn restart(mut self) -> Self {
        self.running.stop().await.unwrap();
        let options = Options {
            data: self.root.clone(),
            listen: Some(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))),
            plain_relay: None,
            fill: Fill::Demo,
            practice: None,
            reset: false,
            config: Config::default(),
        };
        self.running = DevBox::start(&options, Clock::System).await.unwrap();
        self.door.url.clone_from(&self.running.ready().relay);
        self.door.host = self.door.url.trim_start_matches("wss://").to_owned();
        self
    }

    async fn stop(self) {
        self.running.stop().await.unwrap();
        std::fs::remove_dir_all(self.root).unwrap();
    }

    /// Everything that the relay gives this person.
    async fn all(&self, keys: &Keys) -> Vec<Event> {
        let mut line = Line::login(&self.door, keys).await.unwrap();
        line.text(json!(["REQ", "all", {"limit": 5_000}]).to_string()).await.unwrap();
        let mut events = Vec::new();
        loop {
            let frame = line.frame().await.unwrap();
            match frame[0].as_str() {
                Some("EVENT") => events.push(Event::from_json(frame[2].to_string()).unwrap()),
                Some("EOSE") => return events,
                Some("CLOSED") => panic!("{frame}"),
                _ => {}
            }
        }
    }

    /// Names of the records that were opened, each compared to what was written.
    fn compare(&self, opened: Vec<Vec<u8>>) -> BTreeSet<&str> {
        let mut names = BTreeSet::new();
        for bytes in opened {
            let mut parsed = body::parse(&bytes).unwrap();
            let entry = &self.plan.entries[self.by_r[&parsed.binding.r]];
            parsed.resource["meta"].as_object_mut().unwrap().remove("extension");
            assert_eq!(parsed.resource, entry.resource, "{}", entry.name);
            names.insert(entry.name.as_str());
        }
        names
    }

    fn expected(&self, mine: impl Fn(&Entry) -> bool) -> BTreeSet<&str> {
        self.plan.entries.iter().filter(|entry| mine(entry)).map(|entry| entry.name.as_str()).collect()
    }

    /// A family member: own key, and rows of key grants.
    async fn as_family(&self, keys: &Keys) -> BTreeSet<&str> {
        let events = self.all(keys).await;
        let rows: Vec<GrantRow> = events
            .iter()
            .filter(|event| p_tag(event, 0) == Some(keys.public_key()))
            .filter_map(|event| open_patient_grant(keys.secret_key(), event))
            .flatten()
            .collect();
        let open = |event: &Event| {
            let pair = (p_tag(event, 0)?, p_tag(event, 1));
            let row = rows.iter().find(|row| (row.epoch_key, Some(row.subject)) == pair);
            open_as_person(event, keys.secret_key()).ok().or_else(|| open_patient_copy(event, &row?.key).ok())
        };
        let mut opened = Vec::new();
        for event in clinical(&events) {
            match open(event) {
                Some(bytes) => opened.push(bytes),
                // A visit that the patient booked names T, and its one copy is not for a parent: the
                // parent sees times and parties in clear, and no text.
                None => assert!(
                    event.kind.as_u16() == kinds::VISIT && tag_value(event, "enc", 0) == Some("nip44")
                ),
            }
        }
        self.compare(opened)
    }

    /// A member: the keyring.
    async fn as_staff(&self, staff: Staff) -> BTreeSet<&str> {
        let keys = staff.keys(&self.plan.seed);
        let events = self.all(&keys).await;
        let of = |kind: u16| {
            events.iter().filter(move |event| event.kind.as_u16() == kind).cloned().collect::<Vec<_>>()
        };
        let ring =
            Keyring::collect(keys.secret_key(), &of(kinds::PRACTICE_EPOCH), &of(kinds::PRACTICE_KEY_GRANT));
        let open = |event: &Event| {
            let pair = EpochSecret::new(ring.secret_of(&p_tag(event, 0)?)?.clone());
            let key = match tag_value(event, "enc", 0) {
                Some("nip44") => pair.reader_key(&event.pubkey),
                _ => pair.practice_key(),
            };
            open_content(event, &key.ok()?).ok()
        };
        self.compare(clinical(&events).map(|event| open(event).expect("all that is given opens")).collect())
    }
}

/// The charts of all children as the owner sees them, by the reader rule and the fold.
fn charts(demo: &Demo, keys: &Keys, events: &[Event]) -> Vec<Chart> {
    let of = |kind: u16| {
        events.iter().filter(move |event| event.kind.as_u16() == kind).cloned().collect::<Vec<_>>()
    };
    let ring =
        Keyring::collect(keys.secret_key(), &of(kinds::PRACTICE_EPOCH), &of(kinds::PRACTICE_KEY_GRANT));
    let practice = PublicKey::from_hex(demo.running.ready().practice.as_deref().unwrap()).unwrap();
    let mut reader = Reader::new(practice, Held::staff(ring), Sight::Staff, events);
    let records: Vec<Event> = clinical(events).cloned().collect();
    let (mut shown, mut quarantined) = (Vec::new(), Vec::new());
    for (id, outcome) in reader.read(&records, None) {
        match outcome {
            Outcome::Shown(record) => {
                assert_eq!((record.marks.copies_differ, record.marks.unsigned), (false, false));
                shown.push(record.record);
            }
            other => quarantined.push((id, other)),
        }
    }
    assert_eq!(shown.len(), demo.plan.entries.len() - 1);
    assert!(matches!(quarantined.as_slice(), [(_, Outcome::Quarantine(Reason::Binding))]), "{quarantined:?}");
    let line = |child: &Child| {
        BTreeSet::from([
            child.subject(&demo.plan.seed).public_key(),
            child.second_subject(&demo.plan.seed).public_key(),
        ])
    };
    let chart = |child: &Child| {
        let line = line(child);
        let own = shown.iter().filter(|record| line.contains(&record.subject)).cloned().collect();
        fold(&line, own, Coverage::Complete)
    };
    demo.plan.children.iter().map(chart).collect()
}

fn charts_show_their_stories(demo: &Demo, charts: &[Chart]) {
    let of = |id: &str| &charts[demo.plan.children.iter().position(|child| child.cast.id == id).unwrap()];
    for (child, chart) in demo.plan.children.iter().zip(charts) {
        assert!(chart.unresolved.is_empty(), "{}: {:?}", child.cast.id, chart.unresolved);
        assert!(chart.foreign.is_empty() && chart.retry_differs.is_empty());
        assert!(chart.demographics.is_some());
        let fits = match child.cast.allergies {
            CastAllergies::NothingRecorded => chart.allergies.state == AllergyState::NotRecorded,
            CastAllergies::NoneKnown => matches!(chart.allergies.state, AllergyState::NoneKnown(_)),
            CastAllergies::Listed => chart.allergies.state == AllergyState::Listed,
        };
        assert!(fits && !chart.allergies.clash, "{}: {:?}", child.cast.id, chart.allergies.state);
        let conflicts = usize::from(child.cast.id == "fourteen");
        assert_eq!(chart.conflicts().count(), conflicts, "{}", child.cast.id);
        assert_eq!(chart.withdrawn.len(), usize::from(child.cast.id == "nine"), "{}", child.cast.id);
        assert_eq!(chart.outside.len(), usize::from(child.cast.id == "four"), "{}", child.cast.id);
    }
    assert!(of("sixteen").orders.iter().any(|order| order.state == OrderState::Cancelled));
    assert!(of("toddler").orders.iter().all(|order| order.state == OrderState::Resulted));
    assert_eq!(of("six").threads.len(), 2);
    // The rekeyed child's chart goes on across both keys.
    assert!(of("twelve").encounters.len() > 20);
}

fn clinical(events: &[Event]) -> impl Iterator<Item = &Event> {
    events.iter().filter(|event| kinds::is_clinical(event.kind.as_u16()))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everybody_reads_back_what_was_written_for_them_and_nothing_else() {
    let demo = Demo::start().await;
    let seed = demo.plan.seed;

    assert_eq!(demo.as_staff(Staff::Owner).await, demo.expected(|_| true));
    let open = |entry: &Entry| entry.compartment != Compartment::Confidential;
    assert_eq!(demo.as_staff(Staff::Nurse).await, demo.expected(open));
    let desk = demo.as_staff(Staff::FrontDesk).await;
    assert_eq!(desk, demo.expected(|entry| entry.compartment == Compartment::Desk));

    let children = &demo.plan.children;
    for guardian in GUARDIANS.iter().filter(|guardian| guardian.id != "ernst") {
        let child_of = |entry: &Entry| children[entry.child].cast.guardians.contains(&guardian.id);
        let mine = |entry: &Entry| match (entry.to, entry.author) {
            (To::Guardian(id), _) | (_, Author::Guardian(id)) => id == guardian.id,
            (To::Subject, _) => child_of(entry),
            _ => false,
        };
        let read = demo.as_family(&guardian.keys(&seed)).await;
        assert_eq!(read, demo.expected(mine), "{}", guardian.name);
    }

    for (index, child) in children.iter().enumerate() {
        let keys = match child.cast.holds {
            Holds::Nothing => continue,
            Holds::Subject => child.subject(&seed),
            Holds::Own => child.own(&seed).unwrap(),
        };
        let own = child.cast.holds == Holds::Own;
        let mine = |entry: &Entry| {
            let said = if own { Author::Own } else { Author::Subject };
            entry.child == index && (matches!(entry.to, To::Subject | To::Own) || entry.author == said)
        };
        assert_eq!(demo.as_family(&keys).await, demo.expected(mine), "{}", child.full_name());
    }

    // Who has left gets nothing of the kind that the others, above, got on the same box.
    for gone in [Staff::FormerNurse.keys(&seed), guardian_of("ernst").unwrap().keys(&seed)] {
        if let Ok(mut line) = Line::login(&demo.door, &gone).await {
            line.text(json!(["REQ", "all", {"limit": 5_000}]).to_string()).await.unwrap();
            loop {
                let frame = line.frame().await.unwrap();
                match frame[0].as_str() {
                    Some("EVENT") => {
                        let event = Event::from_json(frame[2].to_string()).unwrap();
                        assert!(
                            !kinds::is_clinical(event.kind.as_u16()) || event.pubkey == gone.public_key()
                        );
                    }
                    Some("EOSE" | "CLOSED") => break,
                    _ => {}
                }
            }
        }
    }

    let demo = demo.restart().await;
    let owner = Staff::Owner.keys(&seed);
    let events = demo.all(&owner).await;
    charts_show_their_stories(&demo, &charts(&demo, &owner, &events));
    demo.stop().await;
}
