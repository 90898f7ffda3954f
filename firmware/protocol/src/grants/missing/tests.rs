use std::collections::BTreeSet;

use super::*;
use crate::admit::{Arrival, admit};
use crate::envelope::{open_content, open_patient_copy};
use crate::epochs::{Import, build_grant, build_import};
use crate::event::tag;
use crate::grants::{Patients, Service, Suspended, open_patient_grant};
use crate::keys::KeyRole;
use crate::kinds;
use crate::permissions::{Role, Word, preticked};
use crate::policy::Door;
use crate::policy::world::{World, keys, pk};

/// What a member can reach: a 2101 of the newest epoch and the keyrings.
pub(super) fn keyring(world: &mut World, name: &str) -> Keyring {
    let epochs: Vec<Event> = world
        .log
        .iter()
        .filter(|(event, ..)| event.kind.as_u16() == kinds::PRACTICE_EPOCH)
        .map(|(event, ..)| event.clone())
        .collect();
    let member = world.policy.now(world.now).member(&pk(name));
    let member = member.unwrap_or_else(|| panic!("{name} is no member"));
    let words: Vec<Word> = member.words.into_iter().collect();
    let (newest, p) = (world.epochs.last().unwrap(), world.p.clone());
    let held = newest.held(member.role, &words);
    let grant = build_grant(&p, &pk(name), newest.n, &held, world.now, &mut world.random).unwrap();
    Keyring::collect(keys(name).secret_key(), &epochs, &[grant])
}

/// A practice with its stored 2100s.
struct Desk {
    world: World,
    book: GrantBook,
    stored: Vec<Event>,
    confirmed: Vec<EventId>,
}

impl Desk {
    fn open() -> Self {
        let world = World::staffed();
        Self { world, book: GrantBook::default(), stored: Vec::new(), confirmed: Vec::new() }
    }

    fn asks(&mut self, writer: &str, child: &str) -> MissingGrants {
        let ring = keyring(&mut self.world, writer);
        let writer = Writer { key: pk(writer), keyring: &ring, rows: &[], confirmed: &self.confirmed };
        missing(&self.world.policy.now(self.world.now), &self.book, &pk(child), &writer)
    }

    /// Mother and own key are confirmed and have their keys; nobody has their yes in hand any more.
    fn settles(&mut self) {
        self.confirms("mother");
        self.confirms("own");
        self.writes("doctor", "child");
        self.confirmed.clear();
    }

    /// Publishes what the writer may write; a relay takes each of them.
    fn writes(&mut self, name: &str, child: &str) -> usize {
        let found = self.asks(name, child);
        let ring = keyring(&mut self.world, name);
        let writer = Writer { key: pk(name), keyring: &ring, rows: &[], confirmed: &[] };
        let now = self.world.now;
        let events = build_missing(&keys(name), &found.write, &writer, now, &mut self.world.random).unwrap();
        for event in &events {
            let authenticated = [pk(name)];
            let arrival = Arrival { door: Door::Network, authenticated: &authenticated, invited: &[], now };
            admit(&self.world.policy.now(now), event, &arrival).unwrap();
            self.book.add(event);
        }
        self.stored.extend(events.iter().cloned());
        events.len()
    }

    /// The link of a guardian, or the key of a child, is shown to a person who says yes.
    fn confirms(&mut self, name: &str) {
        let view = self.world.policy.now(self.world.now);
        self.confirmed.extend(view.links_of(&pk(name)).iter().map(|link| link.entry));
        self.confirmed.extend(view.brought(&pk(name)).map(|by| by.entry));
    }

    fn brought(&self, name: &str) -> EventId {
        self.world.policy.now(self.world.now).brought(&pk(name)).unwrap().entry
    }

    fn apply(&mut self, event: &Event) {
        self.world.apply(event).unwrap();
    }

    fn rows_of(&self, name: &str) -> Vec<GrantRow> {
        let to = |event: &&Event| crate::event::p_tag(event, 0) == Some(pk(name));
        let secret = keys(name);
        self.stored
            .iter()
            .filter(to)
            .flat_map(|event| open_patient_grant(secret.secret_key(), event).unwrap())
            .collect()
    }
}

/// Who misses how many rows.
fn counts(grants: &[MissingGrant]) -> BTreeSet<(PublicKey, usize)> {
    grants.iter().map(|grant| (grant.reader, grant.rows.len())).collect()
}

fn of<const N: usize>(expected: [(&str, usize); N]) -> BTreeSet<(PublicKey, usize)> {
    expected.into_iter().map(|(name, rows)| (pk(name), rows)).collect()
}

#[test]
fn a_new_link_gets_desk_rows_at_once_and_its_chart_rows_wait_for_a_person_who_holds_the_chart() {
    let mut desk = Desk::open();
    // The front desk has just registered the family: it holds the desk, and its yes confirms nothing.
    desk.confirms("mother");
    desk.confirms("own");
    let found = desk.asks("desk", "child");
    assert_eq!(counts(&found.write), of([("mother", 1), ("own", 1)]));
    assert_eq!(counts(&found.waiting), of([("mother", 1), ("own", 1)]));
    assert_eq!(counts(&found.left), of([]));
    assert_eq!(desk.writes("desk", "child"), 2);

    // Link and own key wait until the doctor has looked at each.
    desk.confirmed.clear();
    desk.confirms("own");
    assert_eq!(desk.writes("doctor", "child"), 1);
    desk.confirmed.clear();
    let found = desk.asks("doctor", "child");
    assert_eq!((counts(&found.write), counts(&found.left)), (of([]), of([])));
    assert_eq!(counts(&found.waiting), of([("mother", 1)]));
    let link = desk.world.policy.now(desk.world.now).links_of(&pk("mother"))[0].entry;
    assert!(!desk.book.confirmed_for_chart(&desk.world.policy.now(0), &link, &pk("mother")));

    desk.confirms("mother");
    assert_eq!(desk.writes("doctor", "child"), 1);
    assert!(desk.book.confirmed_for_chart(&desk.world.policy.now(0), &link, &pk("mother")));
    for name in ["doctor", "desk"] {
        assert_eq!(desk.asks(name, "child"), MissingGrants::default());
    }
}

#[test]
fn after_a_rotation_the_new_rows_alone_are_missing_and_a_confirmed_link_does_not_wait() {
    let mut desk = Desk::open();
    desk.settles();
    let epoch = desk.world.epoch(0);
    desk.apply(&epoch);
    let found = desk.asks("ma", "child");
    assert_eq!(counts(&found.write), of([("mother", 2), ("own", 2)]));
    let new = desk.world.e(Compartment::Chart);
    assert!(found.write.iter().all(|grant| grant.rows.contains(&(new, pk("child")))));
    assert_eq!((found.waiting, found.left), (Vec::new(), Vec::new()));
    desk.writes("ma", "child");
    assert_eq!(desk.asks("doctor", "child"), MissingGrants::default());
}

#[test]
fn a_new_guardian_gets_rows_of_every_epoch_that_the_writer_reaches() {
    let mut desk = Desk::open();
    for _ in 0..2 {
        let epoch = desk.world.epoch(600);
        desk.apply(&epoch);
    }
    desk.world.link("desk", "child", "aunt");
    desk.confirms("aunt");
    let found = desk.asks("nurse", "child");
    let aunt = found.write.iter().find(|grant| grant.reader == pk("aunt")).unwrap();
    let expected: Vec<(PublicKey, PublicKey)> = desk
        .world
        .epochs
        .iter()
        .flat_map(|epoch| [epoch.desk.public, epoch.chart.public].map(|key| (key, pk("child"))))
        .collect();
    assert_eq!(aunt.rows, expected);
}

#[test]
fn a_key_of_a_child_waits_when_the_front_desk_brought_it_and_not_when_somebody_who_holds_the_chart_did() {
    for (by, waits) in [("desk", true), ("nurse", false), ("doctor", false)] {
        let mut desk = Desk::open();
        desk.settles();
        let proof = desk.world.pop("own-2", KeyRole::Own);
        let own = desk.world.patient(by, &pk("child"), &[tag("own", [&pk("own-2").to_hex()]), proof]);
        desk.apply(&own);
        let rekey = desk.world.rekey(by, "child", "child-2");
        desk.apply(&rekey);
        let found = desk.asks("doctor", "child-2");
        let chart = |count: usize| if waits { of([("own-2", count), ("child-2", count)]) } else { of([]) };
        assert_eq!(counts(&found.waiting), chart(2), "{by}");
        let each = if waits { 2 } else { 4 };
        // The mother was confirmed: she gets the new key of the child, too.
        assert_eq!(counts(&found.write), of([("mother", 2), ("own-2", each), ("child-2", each)]), "{by}");
        desk.writes("doctor", "child-2");

        // A correction brings nothing, whoever signs it.
        let corrected = desk.world.patient("desk", &pk("child-2"), &[]);
        desk.apply(&corrected);
        assert_eq!(counts(&desk.asks("doctor", "child-2").waiting), chart(2), "{by}");
        assert_eq!((desk.brought("own-2"), desk.brought("child-2")), (own.id, rekey.id));
        desk.confirms("own-2");
        desk.confirms("child-2");
        assert_eq!(counts(&desk.asks("desk", "child-2").waiting), chart(2), "its own yes confirms nothing");
        desk.writes("doctor", "child-2");
        desk.confirmed.clear();
        assert_eq!(desk.asks("doctor", "child-2"), MissingGrants::default(), "{by}");
    }
}

#[test]
fn an_own_key_that_the_front_desk_brings_back_waits_again() {
    let mut desk = Desk::open();
    desk.settles();
    let proof = desk.world.pop("own-2", KeyRole::Own);
    let other = desk.world.patient("doctor", &pk("child"), &[tag("own", [&pk("own-2").to_hex()]), proof]);
    desk.apply(&other);
    desk.writes("doctor", "child");
    assert_eq!(desk.asks("doctor", "child"), MissingGrants::default());
    let back = desk.world.patient("desk", &pk("child"), &[tag("own", [&pk("own").to_hex()])]);
    desk.apply(&back);
    let found = desk.asks("doctor", "child");
    assert_eq!(found.waiting[0].rows, [(desk.world.e(Compartment::Chart), pk("child"))]);
    assert_eq!((found.waiting[0].authority, found.waiting.len()), (back.id, 1));
    desk.confirms("own");
    assert_eq!(desk.writes("doctor", "child"), 1);
    assert_eq!(desk.asks("doctor", "child"), MissingGrants::default());
}

#[test]
fn a_removed_guardian_gets_nothing_new_and_who_stays_gets_the_new_key_of_the_child() {
    let mut desk = Desk::open();
    desk.world.link("desk", "child", "aunt");
    for name in ["mother", "aunt", "own"] {
        desk.confirms(name);
    }
    desk.writes("doctor", "child");
    assert_eq!(desk.rows_of("mother").len(), 2);
    let end = desk.world.link_with("desk", "child", "mother", |entry| entry.ended = true);
    desk.apply(&end);
    let rekey = desk.world.rekey("desk", "child", "child-2");
    desk.apply(&rekey);
    let epoch = desk.world.epoch(0);
    desk.apply(&epoch);
    assert_eq!(counts(&desk.asks("doctor", "child").waiting), of([("child-2", 4)]));
    desk.confirms("child-2");

    let found = desk.asks("doctor", "child-2");
    // Two epochs, two compartments, two T: all for the new T, less what the others have.
    assert_eq!(counts(&found.write), of([("child-2", 8), ("own", 6), ("aunt", 6)]));
    assert_eq!(found, desk.asks("doctor", "child"), "by any T of the line");
    let authority = |name: &str| found.write.iter().find(|g| g.reader == pk(name)).unwrap().authority;
    assert_eq!((authority("child-2"), authority("own")), (rekey.id, desk.brought("own")));
    assert_ne!(rekey.id, desk.brought("own"), "the first registration brought it");
    desk.writes("doctor", "child-2");
    assert_eq!(desk.rows_of("mother").len(), 2);
}

#[test]
fn a_suspended_guardian_and_a_suspended_link_get_nothing_and_a_suspended_own_key_reads_on() {
    for by_link in [false, true] {
        let mut desk = Desk::open();
        let (mother, own) = (pk("mother"), pk("own"));
        let link = desk.world.policy.now(desk.world.now).links_of(&mother)[0].entry;
        let of_what = if by_link { Suspended::Link(&link) } else { Suspended::Person(&mother) };
        for of_what in [of_what, Suspended::Person(&own)] {
            let event = desk.world.suspension("doctor", of_what, None);
            desk.apply(&event);
        }
        desk.confirmed.push(link);
        desk.confirms("own");
        let found = desk.asks("doctor", "child");
        assert_eq!(counts(&found.write), of([("own", 2)]));
        assert!(found.waiting.is_empty());
    }
}

#[test]
fn an_agent_gets_the_patients_that_its_grant_means_and_names_what_gives_the_right() {
    let mut desk = Desk::open();
    let to_agent = |desk: &mut Desk| {
        let found = desk.asks("doctor", "child");
        found.write.into_iter().find(|grant| grant.reader == pk("fhir"))
    };
    assert_eq!(to_agent(&mut desk), None);
    let now = desk.world.now;
    let client = desk.world.client("doctor", "child", now + 100);
    desk.apply(&client);
    let grant = to_agent(&mut desk).unwrap();
    assert_eq!((grant.authority, grant.rows.len()), (client.id, 2));
    assert_eq!(counts(&desk.asks("doctor", "other-child").write), of([("father", 1)]));

    desk.world.now += 100;
    assert_eq!(to_agent(&mut desk), None, "the client's grant has run out");
    let all = desk.world.agent("fhir", Service::Fhir, Patients::All);
    desk.apply(&all);
    assert_eq!(to_agent(&mut desk).unwrap().authority, all.id);
    desk.world.suspend("doctor", "fhir");
    assert_eq!(to_agent(&mut desk), None);
}

#[test]
fn a_link_written_anew_to_somebody_who_has_the_keys_waits_with_one_row() {
    let mut desk = Desk::open();
    desk.settles();
    desk.world.link("desk", "child", "mother");
    let found = desk.asks("doctor", "child");
    assert_eq!(counts(&found.write), of([]));
    assert_eq!(found.waiting[0].rows, [(desk.world.e(Compartment::Chart), pk("child"))]);
    desk.confirms("mother");
    assert_eq!(desk.writes("doctor", "child"), 1);
    assert_eq!(desk.asks("doctor", "child"), MissingGrants::default());
}

#[test]
fn a_link_for_the_desk_alone_gets_desk_rows_and_never_waits() {
    let mut desk = Desk::open();
    let link = desk.world.link_with("desk", "child", "aunt", |entry| {
        entry.compartments = &[Compartment::Desk];
    });
    desk.apply(&link);
    let found = desk.asks("doctor", "child");
    assert_eq!(counts(&found.write), of([("aunt", 1), ("mother", 1), ("own", 1)]));
    assert_eq!(counts(&found.waiting), of([("mother", 1), ("own", 1)]));
}

#[test]
fn who_is_barred_suspended_or_no_member_writes_nothing_and_it_is_left_to_others() {
    let mut desk = Desk::open();
    desk.confirms("mother");
    desk.confirms("own");
    assert_eq!(counts(&desk.asks("nurse", "child").write), of([("mother", 2), ("own", 2)]));
    let nurse = pk("nurse");
    let bar = desk.world.suspension("doctor", Suspended::Person(&nurse), Some("child"));
    desk.apply(&bar);
    let found = desk.asks("nurse", "child");
    assert_eq!(found.write, []);
    // Who is barred confirms nothing either.
    assert_eq!(counts(&found.waiting), of([("mother", 1), ("own", 1)]));
    assert_eq!(counts(&found.left), of([("mother", 1), ("own", 1)]));
    assert_eq!(counts(&desk.asks("nurse", "other-child").write), of([("father", 1)]));

    desk.world.suspend("doctor", "nurse");
    assert_eq!(desk.asks("nurse", "other-child").write, []);
    let ring = keyring(&mut desk.world, "doctor");
    let stranger = Writer { key: pk("stranger"), keyring: &ring, rows: &[], confirmed: &[] };
    let view = desk.world.policy.now(desk.world.now);
    assert_eq!(missing(&view, &desk.book, &pk("child"), &stranger).write, []);
    assert_eq!(missing(&view, &desk.book, &pk("stranger"), &stranger), MissingGrants::default());
}

#[test]
fn a_grant_by_somebody_who_never_was_a_member_counts_for_nothing() {
    let mut desk = Desk::open();
    let ring = keyring(&mut desk.world, "doctor");
    let all = [desk.world.policy.now(0).links_of(&pk("mother"))[0].entry];
    let writer = Writer { key: pk("doctor"), keyring: &ring, rows: &[], confirmed: &all };
    let found = missing(&desk.world.policy.now(0), &desk.book, &pk("child"), &writer);
    for signer in ["stranger", "father", "own", "mail"] {
        let planted = build_missing(&keys(signer), &found.write, &writer, 1, &mut desk.world.random).unwrap();
        assert!(!planted.is_empty());
        planted.iter().for_each(|event| desk.book.add(event));
        assert_eq!(missing(&desk.world.policy.now(0), &desk.book, &pk("child"), &writer), found, "{signer}");
    }
}

#[test]
fn what_a_member_gave_who_has_left_since_counts_on() {
    let mut desk = Desk::open();
    desk.confirms("mother");
    desk.confirms("own");
    desk.writes("nurse", "child");
    let end = desk.world.roster("nurse", Role::Nurse, preticked(Role::Nurse), true);
    desk.apply(&end);
    desk.confirmed.clear();
    assert_eq!(desk.asks("doctor", "child"), MissingGrants::default());
}

#[test]
fn nothing_a_parent_ever_held_opens_confidential() {
    let mut desk = Desk::open();
    let link = desk.world.link_with("desk", "child", "mother", |entry| {
        entry.compartments = &[Compartment::Desk, Compartment::Chart, Compartment::Confidential];
    });
    // A link that asks for it counts for nothing, and one that does not gives no row of it.
    assert!(desk.world.apply(&link).is_err());
    desk.confirms("mother");
    desk.writes("doctor", "child");
    let epoch = desk.world.epoch(0);
    desk.apply(&epoch);
    desk.writes("doctor", "child");
    let rows = desk.rows_of("mother");
    assert_eq!(rows.len(), 4);

    let chart = desk.world.record("doctor", kinds::OBSERVATION, Compartment::Chart, Some("child"), false);
    let opens = |event: &Event| rows.iter().any(|row| open_patient_copy(event, &row.key).is_ok());
    assert!(opens(&chart));
    for reader in [Some("own"), None] {
        let hidden =
            desk.world.record("doctor", kinds::CONFIDENTIAL, Compartment::Confidential, reader, false);
        assert!(!opens(&hidden) && rows.iter().all(|row| open_content(&hidden, &row.key).is_err()));
    }
}

#[test]
fn rows_of_the_former_practice_are_passed_on_by_who_has_them() {
    let mut desk = Desk::open();
    let (former, practice) = (keys("former"), desk.world.p.clone());
    let x1 = ConversationKey::derive(former.secret_key(), &former.public_key()).unwrap();
    let import = Import {
        former: &former.public_key(),
        signers: &[former.public_key()],
        escrow: &pk("escrow"),
        practice_key: &x1,
        sequence: desk.world.sequence(),
        created_at: desk.world.now,
    };
    let epoch = build_import(&practice, &import, &mut desk.world.random).unwrap();
    desk.apply(&epoch);
    desk.confirms("mother");
    desk.confirms("own");
    desk.writes("doctor", "child");
    // Nobody has drawn a key of it for this child: nothing is missing.
    assert_eq!(desk.asks("doctor", "child"), MissingGrants::default());

    let key = ConversationKey::derive(former.secret_key(), &pk("child")).unwrap();
    let row = GrantRow { epoch_key: former.public_key(), subject: pk("child"), key };
    let doctor = desk.world.policy.now(0).member(&pk("doctor")).unwrap();
    let rows = std::slice::from_ref(&row);
    let given =
        build_patient_grant(&practice, &doctor.key, &doctor.entry, rows, 1, &mut desk.world.random).unwrap();
    desk.book.add(&given);
    let ring = keyring(&mut desk.world, "doctor");
    let view = desk.world.policy.now(desk.world.now);
    let writer = Writer { key: pk("doctor"), keyring: &ring, rows, confirmed: &[] };
    let found = missing(&view, &desk.book, &pk("child"), &writer);
    assert_eq!(counts(&found.write), of([("mother", 1), ("own", 1), ("nurse", 1), ("ma", 1)]));
    assert!(found.write.iter().all(|grant| grant.rows == [(former.public_key(), pk("child"))]));
    // A colleague who has no row yet cannot pass any on.
    let nurse = Writer { key: pk("nurse"), rows: &[], ..writer };
    assert_eq!(missing(&view, &desk.book, &pk("child"), &nurse).left, found.write);

    let passed = build_missing(&keys("doctor"), &found.write, &writer, 1, &mut desk.world.random).unwrap();
    passed.iter().for_each(|event| desk.book.add(event));
    let to_nurse = passed.iter().find(|event| crate::event::p_tag(event, 0) == Some(pk("nurse"))).unwrap();
    assert_eq!(open_patient_grant(keys("nurse").secret_key(), to_nurse).unwrap(), rows);
    assert_eq!(desk.asks("doctor", "child"), MissingGrants::default());
}

#[test]
fn more_rows_than_one_event_holds_become_several() {
    let ring = Keyring::collect(keys("doctor").secret_key(), &[], &[]);
    let key = ConversationKey::from_bytes([1; 32]);
    let rows: Vec<GrantRow> = (0..=ROWS_MAX)
        .map(|n| GrantRow { epoch_key: pk("former"), subject: pk(&format!("child {n}")), key: key.clone() })
        .collect();
    let writer = Writer { key: pk("doctor"), keyring: &ring, rows: &rows, confirmed: &[] };
    let all = rows.iter().map(|row| (row.epoch_key, row.subject)).collect();
    let authority = EventId::from_byte_array([5; 32]);
    let grant = MissingGrant { reader: pk("mother"), authority, rows: all };
    let mut random = Random::seeded([1; 32]);
    let events = build_missing(&keys("doctor"), &[grant], &writer, 1, &mut random).unwrap();
    let counts: Vec<usize> = events
        .iter()
        .map(|event| open_patient_grant(keys("mother").secret_key(), event).unwrap().len())
        .collect();
    assert_eq!(counts, [ROWS_MAX, 1]);
}
