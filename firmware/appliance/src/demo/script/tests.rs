use std::collections::BTreeMap;
use std::sync::LazyLock;

use relaybox_protocol::body::{self, Body};
use relaybox_protocol::envelope::{self, Form, open_as_person, open_content, open_patient_copy};
use relaybox_protocol::epochs::Keyring;
use relaybox_protocol::event::{Verified, p_tag, tag_value};
use relaybox_protocol::grants::open_patient_grant;
use relaybox_protocol::nip44::ConversationKey;
use relaybox_protocol::{SecretKey, kinds};
use time::macros::date;

use super::*;
use crate::demo::calendar::unix_at;
use crate::demo::cast::{Holds, guardian_of};
use crate::demo::plan::{Author, Entry, To};
use crate::demo::seed::Seed;

/// The whole script, run once.
struct Run {
    plan: Plan,
    world: DemoWorld,
    ceremonies: Vec<Vec<Event>>,
    published: Vec<(String, PublicKey, Event)>,
}

static RUN: LazyLock<Run> = LazyLock::new(Run::new);

impl Run {
    fn new() -> Self {
        let today = date!(2026 - 11 - 26);
        let plan = Plan::new(Seed::new(*b"relaybox synthetic demo practice"), today);
        let key = |label: &str| Seed::new([0; 32]).keys(label).public_key();
        let (mut ceremonies, mut published) = (Vec::new(), Vec::new());
        let box_keys = BoxKeys { receipts: key("B"), audit: key("B'") };
        let world = Script::new(&plan, box_keys, unix_at(today, 0), |step| {
            match step {
                Step::Claim(_) => {}
                Step::Ceremony(events) => ceremonies.push(events),
                Step::Publish(publish) => {
                    assert_eq!(publish.by.public_key(), publish.event.pubkey);
                    published.push((publish.name, publish.by.public_key(), publish.event));
                }
            }
            true
        })
        .run()
        .unwrap();
        Self { plan, world, ceremonies, published }
    }

    fn events(&self) -> impl Iterator<Item = &Event> {
        self.ceremonies.iter().flatten().chain(self.published.iter().map(|(_, _, event)| event))
    }

    fn of(&self, name: &str) -> &Event {
        &self.published.iter().find(|(known, _, _)| known == name).unwrap_or_else(|| panic!("{name}")).2
    }

    fn keyring(&self, staff: Staff) -> Keyring {
        let keys = staff.keys(&self.plan.seed);
        let by_kind = |kind: u16| self.events().filter(move |event| event.kind.as_u16() == kind);
        let epochs: Vec<Event> = by_kind(kinds::PRACTICE_EPOCH).cloned().collect();
        let grants: Vec<Event> = by_kind(kinds::PRACTICE_KEY_GRANT)
            .filter(|event| p_tag(event, 0) == Some(keys.public_key()))
            .cloned()
            .collect();
        Keyring::collect(keys.secret_key(), &epochs, &grants)
    }

    /// (E, subject) to X2 for one reader, from every 2100 to it.
    fn rows(&self, secret: &SecretKey, key: &PublicKey) -> BTreeMap<(PublicKey, PublicKey), ConversationKey> {
        self.events()
            .filter(|event| event.kind.as_u16() == kinds::PATIENT_KEY_GRANT && p_tag(event, 0) == Some(*key))
            .flat_map(|event| open_patient_grant(secret, event).unwrap())
            .map(|row| ((row.epoch_key, row.subject), row.key))
            .collect()
    }
}

fn parsed(entry: &Entry, bytes: &[u8]) -> Body {
    match entry.compartment {
        relaybox_protocol::permissions::Compartment::Confidential => body::parse_confidential(bytes).unwrap(),
        _ => body::parse(bytes).unwrap(),
    }
}

/// What was opened is what was written, apart from the binding.
fn same(entry: &Entry, bytes: &[u8]) {
    let mut resource = parsed(entry, bytes).resource;
    resource["meta"].as_object_mut().unwrap().remove("extension");
    assert_eq!(resource, entry.resource, "{}", entry.name);
}

#[test]
fn every_event_is_whole_and_its_time_rises() {
    let run = &*RUN;
    let mut before = 0;
    for (name, _, event) in &run.published {
        Verified::from_event(event.clone()).unwrap();
        let at = event.created_at.as_secs();
        assert!(at >= before, "{name}");
        before = at;
        if kinds::is_clinical(event.kind.as_u16()) {
            assert!(envelope::parse(event).is_some(), "{name}");
        }
    }
    assert!(before <= unix_at(run.plan.today, 0));
    assert!(run.ceremonies.iter().flatten().all(|event| Verified::from_event(event.clone()).is_ok()));
}

#[test]
fn the_first_ceremony_is_epoch_owner_and_owners_keys() {
    let run = &*RUN;
    let kinds_of = |n: usize| run.ceremonies[n].iter().map(|event| event.kind.as_u16()).collect::<Vec<_>>();
    assert_eq!(kinds_of(0), [kinds::PRACTICE_EPOCH, kinds::STAFF_ROSTER, kinds::PRACTICE_KEY_GRANT]);
    assert_eq!(run.ceremonies.len(), 4);
    assert_eq!(kinds_of(2)[0], kinds::PRACTICE_EPOCH);
    assert_eq!(tag_value(&run.ceremonies[2][0], "grace", 0), Some("0"));
    assert_eq!(tag_value(&run.ceremonies[3][0], "grace", 0), Some("600"));
    let sequence: Vec<u64> = run
        .ceremonies
        .iter()
        .flatten()
        .filter_map(|event| tag_value(event, "seq", 0)?.parse().ok())
        .collect();
    assert_eq!(sequence, (1..=u64::try_from(sequence.len()).unwrap()).collect::<Vec<_>>());
}

#[test]
fn a_doctor_opens_every_record_of_three_epochs_and_one_binding_names_another_child() {
    let run = &*RUN;
    let ring = run.keyring(Staff::Owner);
    let mut strangers = 0;
    for entry in &run.plan.entries {
        let event = run.of(&entry.name);
        let epoch_key = p_tag(event, 0).unwrap();
        let secret = ring.secret_of(&epoch_key).unwrap();
        let pair = envelope::EpochSecret::new(secret.clone());
        let shape = envelope::parse(event).unwrap();
        let bytes = if shape.form == Form::Dual {
            open_content(event, &pair.practice_key().unwrap()).unwrap()
        } else {
            open_content(event, &pair.reader_key(&event.pubkey).unwrap()).unwrap()
        };
        same(entry, &bytes);
        assert_eq!(body::commitment(&bytes), shape.commitment);
        let binding = parsed(entry, &bytes).binding;
        assert_eq!(binding.signer, event.pubkey);
        assert_eq!(binding.kind, entry.kind);
        assert_eq!(binding.epoch_key, epoch_key);
        if entry.to == To::Subject && binding.subject != shape.second_p.unwrap() {
            strangers += 1;
            assert!(entry.bound_to.is_some());
        }
    }
    assert_eq!(strangers, 1);
}

#[test]
fn the_former_nurse_holds_the_first_epoch_alone_and_the_new_one_walks_back_to_it() {
    let run = &*RUN;
    let key = |n: usize| PublicKey::from_hex(&run.world.epochs[n].chart).unwrap();
    let former = run.keyring(Staff::FormerNurse);
    assert!(former.secret_of(&key(0)).is_some());
    assert!(former.secret_of(&key(1)).is_none() && former.secret_of(&key(2)).is_none());
    let nurse = run.keyring(Staff::Nurse);
    assert!((0..3).all(|n| nurse.secret_of(&key(n)).is_some()));
    let confidential = PublicKey::from_hex(&run.world.epochs[2].confidential).unwrap();
    assert!(nurse.secret_of(&confidential).is_none());
    let desk = run.keyring(Staff::FrontDesk);
    assert!(desk.secret_of(&PublicKey::from_hex(&run.world.epochs[2].desk).unwrap()).is_some());
    assert!(desk.secret_of(&key(2)).is_none());
}

#[test]
fn every_guardian_opens_every_open_record_of_the_own_children_and_no_other() {
    let run = &*RUN;
    let live: Vec<_> = run
        .world
        .persons
        .iter()
        .filter(|person| person.role == "guardian" && !person.children.is_empty())
        .collect();
    assert_eq!(live.len(), 12);
    for person in live {
        let secret = SecretKey::from_hex(person.secret.as_deref().unwrap()).unwrap();
        let key = PublicKey::from_hex(&person.pubkey).unwrap();
        let rows = run.rows(&secret, &key);
        let id = crate::demo::cast::GUARDIANS.iter().find(|g| g.name == person.name).unwrap().id;
        let (mut opened, mut epochs) = (0, BTreeSet::new());
        for entry in run.plan.entries.iter().filter(|entry| entry.to == To::Subject) {
            let event = run.of(&entry.name);
            let pair = (p_tag(event, 0).unwrap(), p_tag(event, 1).unwrap());
            let mine = run.plan.children[entry.child].cast.guardians.contains(&id);
            assert_eq!(rows.contains_key(&pair), mine, "{} for {id}", entry.name);
            if mine {
                same(entry, &open_patient_copy(event, &rows[&pair]).unwrap());
                opened += 1;
                epochs.insert(pair.0);
            }
        }
        assert!(opened > 10, "{id} opened {opened}");
    }
}

#[test]
fn an_answer_to_one_parent_does_not_open_for_the_other() {
    let run = &*RUN;
    let (paula, stefan) = (guardian_of("paula").unwrap(), guardian_of("stefan").unwrap());
    let mut answers = 0;
    for entry in run.plan.entries.iter().filter(|entry| entry.to == To::Guardian("paula")) {
        let event = run.of(&entry.name);
        let to = |guardian: &crate::demo::cast::Guardian| {
            open_as_person(event, guardian.keys(&run.plan.seed).secret_key())
        };
        same(entry, &to(paula).unwrap());
        assert!(to(stefan).is_err());
        let keys = stefan.keys(&run.plan.seed);
        assert!(
            run.rows(keys.secret_key(), &keys.public_key())
                .values()
                .all(|row| open_patient_copy(event, row).is_err())
        );
        answers += 1;
    }
    assert!(answers > 0);
}

#[test]
fn adolescents_open_their_own_records_and_their_confidential_ones() {
    let run = &*RUN;
    for child in &run.plan.children {
        let index = run.plan.children.iter().position(|other| other.cast.id == child.cast.id).unwrap();
        let entries: Vec<&Entry> = run.plan.entries.iter().filter(|entry| entry.child == index).collect();
        match child.cast.holds {
            Holds::Nothing => {}
            Holds::Subject => {
                let keys = child.subject(&run.plan.seed);
                let mut epochs = BTreeSet::new();
                for entry in entries.iter().filter(|e| e.to == To::Subject || e.author == Author::Subject) {
                    let event = run.of(&entry.name);
                    same(entry, &open_as_person(event, keys.secret_key()).unwrap());
                    epochs.insert(p_tag(event, 0).unwrap());
                }
                for epoch in &run.world.epochs {
                    assert!(
                        epochs.contains(&PublicKey::from_hex(&epoch.chart).unwrap()),
                        "epoch {}",
                        epoch.n
                    );
                }
            }
            Holds::Own => {
                let keys = child.own(&run.plan.seed).unwrap();
                let rows = run.rows(keys.secret_key(), &keys.public_key());
                let mut confidential = 0;
                for entry in entries {
                    let event = run.of(&entry.name);
                    match (entry.to, entry.author) {
                        (To::Own, _) | (_, Author::Own) => {
                            same(entry, &open_as_person(event, keys.secret_key()).unwrap());
                            assert_eq!(event.kind.as_u16(), kinds::CONFIDENTIAL);
                            confidential += 1;
                        }
                        (To::Subject, _) => {
                            let row = &rows[&(p_tag(event, 0).unwrap(), p_tag(event, 1).unwrap())];
                            same(entry, &open_patient_copy(event, row).unwrap());
                        }
                        _ => {}
                    }
                }
                assert!(confidential >= 2);
            }
        }
    }
}

#[test]
fn the_rekeyed_child_has_records_under_both_keys_and_the_mother_opens_both() {
    let run = &*RUN;
    let child = run.plan.children.iter().find(|child| child.cast.id == "twelve").unwrap();
    let (old, new) =
        (child.subject(&run.plan.seed).public_key(), child.second_subject(&run.plan.seed).public_key());
    let under = |key: PublicKey| {
        run.published
            .iter()
            .filter(|(_, _, event)| p_tag(event, 1) == Some(key) && kinds::is_clinical(event.kind.as_u16()))
            .count()
    };
    assert!(under(old) > 50 && under(new) > 1);
    let ended = crate::demo::cast::guardian_of("ernst").unwrap().keys(&run.plan.seed);
    let rows = run.rows(ended.secret_key(), &ended.public_key());
    assert!(rows.keys().any(|(_, subject)| *subject == old));
    assert!(rows.keys().all(|(_, subject)| *subject != new), "the ended guardian has no row of the new key");
}

#[test]
fn thrown_away_secrets_are_not_printed() {
    let run = &*RUN;
    let patients: Vec<_> = run.world.persons.iter().filter(|person| person.role == "patient").collect();
    // Thirteen T, two C.
    assert_eq!(patients.len(), 15);
    assert_eq!(patients.iter().filter(|person| person.secret.is_some()).count(), 3);
    let roles = |role: &str| run.world.persons.iter().filter(|person| person.role == role).count();
    assert_eq!(
        (roles("doctor"), roles("nurse"), roles("ma"), roles("frontdesk"), roles("agent")),
        (2, 2, 1, 1, 1)
    );
}
