use super::world::{START, World, keys, pk};
use super::{Person, Policy};
use crate::epochs::Sequence;
use crate::event::{sign, tag};
use crate::grants::{
    Patients, Service, Share, Suspended, build_invitation, build_share, build_share_end, build_succession,
};
use crate::keys::KeyRole;
use crate::permissions::{Compartment, Role, Word, preticked};
use crate::refusal::Refusal;
use crate::{Event, EventId, Tag};

fn person(world: &World, name: &str) -> Person {
    world.policy.now(world.now).person(&pk(name))
}

fn id(n: u8) -> EventId {
    EventId::from_byte_array([n; 32])
}

/// The event with changed tags, signed again by `author`.
fn resigned(event: &Event, author: &str, change: impl FnOnce(&mut Vec<Vec<String>>)) -> Event {
    let mut tags: Vec<Vec<String>> = event.tags.iter().map(|tag| tag.as_slice().to_vec()).collect();
    change(&mut tags);
    let tags = tags.into_iter().map(|tag| Tag::parse(tag).unwrap()).collect();
    let created_at = event.created_at.as_secs();
    sign(&keys(author), event.kind.as_u16(), tags, event.content.clone(), created_at)
}

fn text(cells: &[&str]) -> Vec<String> {
    cells.iter().map(|cell| (*cell).to_owned()).collect()
}

#[test]
fn a_staffed_practice_knows_what_each_key_is() {
    let world = World::staffed();
    let view = world.policy.now(world.now);
    assert!(matches!(view.person(&pk("practice")), Person::Practice));
    assert!(matches!(view.person(&pk("nurse")), Person::Member(m) if m.role == Role::Nurse));
    assert!(matches!(view.person(&pk("child")), Person::Patient(p) if p.own == Some(pk("own"))));
    assert!(matches!(view.person(&pk("own")), Person::Own(p) if p.subject == pk("child")));
    assert!(matches!(view.person(&pk("mother")), Person::Guardian(l) if l[0].child == pk("child")));
    assert!(matches!(view.person(&pk("fhir")), Person::Agent(a) if a.service == "fhir"));
    assert_eq!(view.person(&pk("stranger")), Person::Unknown);
    assert_eq!(view.person(&world.e(Compartment::Chart)), Person::Unknown);
}

#[test]
fn a_roster_entry_counts_from_its_receipt_and_ends_before_its_until() {
    let mut world = World::staffed();
    let until = world.now + 100;
    let event = world.roster_with("locum", Role::Doctor, &[Word::Write], false, |entry| {
        entry.from = START - 1000;
        entry.until = Some(until);
    });
    world.apply(&event).unwrap();
    let received = world.now;
    let at = world.at;
    let live = |position, time| world.policy.at(position, time).member(&pk("locum")).is_some();
    assert!(live(at, received));
    assert!(!live(at, received - 1));
    assert!(!live(at - 1, received));
    assert!(live(at, until - 1));
    assert!(!live(at, until));
}

#[test]
fn words_that_the_role_may_not_hold_give_nothing() {
    let mut world = World::new();
    world.hire("desk", Role::FrontDesk, &[Word::Write, Word::Register, Word::Confidential]);
    let member = world.policy.now(world.now).member(&pk("desk")).unwrap();
    assert_eq!(member.words, [Word::Register].into());
    assert!(!member.holds(Compartment::Confidential) && !member.holds(Compartment::Chart));
}

#[test]
fn an_unknown_role_gives_no_right() {
    let mut world = World::staffed();
    let event = world.roster("nurse", Role::Nurse, &[Word::Write], false);
    let event = resigned(&event, "practice", |tags| tags[0][2] = "surgeon".into());
    world.apply(&event).unwrap();
    assert_eq!(person(&world, "nurse"), Person::Former);
}

#[test]
fn only_the_practice_key_writes_the_roster() {
    let mut world = World::staffed();
    let event = world.roster("friend", Role::Doctor, &[Word::Write], false);
    let forged = resigned(&event, "doctor", |tags| tags.retain(|t| t[0] != "seq" && t[0] != "prev"));
    assert_eq!(world.apply(&forged), Err(Refusal::PolicyAuthority));
    assert_eq!(world.apply(&event), Ok(()));
}

#[test]
fn a_key_enters_with_proof_of_possession_for_its_role_only() {
    let mut world = World::staffed();
    let good = world.roster("new", Role::Nurse, &[], false);
    let other_role = world.prove("new", KeyRole::Agent);
    let wrong = resigned(&good, "practice", |tags| {
        tags.iter_mut().filter(|t| t[0] == "pop").for_each(|t| t[2] = other_role.clone());
    });
    let none = resigned(&good, "practice", |tags| tags.retain(|t| t[0] != "pop"));
    for bad in [&wrong, &none] {
        assert_eq!(world.apply(bad), Err(Refusal::ProofOfPossession));
    }
    assert_eq!(world.apply(&good), Ok(()));
}

#[test]
fn a_key_has_one_role_for_ever() {
    let mut world = World::staffed();
    for taken in ["practice", "escrow", "box", "child", "own", "mother", "fhir"] {
        let event = world.roster(taken, Role::Nurse, &[], false);
        assert_eq!(world.apply(&event), Err(Refusal::KeyInUse), "{taken}");
    }
    for taken in ["practice", "escrow", "box", "nurse", "own", "mother", "fhir"] {
        let event = world.rekey("desk", "child", taken);
        assert_eq!(world.apply(&event), Err(Refusal::KeyInUse), "{taken}");
    }
    let event = world.link_with("desk", "child", "other-child", |_| {});
    assert_eq!(world.apply(&event), Err(Refusal::KeyInUse));
    // An ended member's key does not become a guardian's.
    let event = world.roster("ma", Role::Ma, &[], true);
    world.apply(&event).unwrap();
    let event = world.link_with("desk", "child", "ma", |_| {});
    assert_eq!(world.apply(&event), Err(Refusal::KeyInUse));
    let event = world.link_with("desk", "child", "grandmother", |_| {});
    assert_eq!(world.apply(&event), Ok(()));
}

#[test]
fn a_subject_key_that_is_an_epoch_key_is_refused() {
    let mut world = World::staffed();
    let e = world.e(Compartment::Chart);
    let secret = world.secret(Compartment::Chart).secret;
    let epoch_keys = crate::Keys::new(secret);
    let practice = world.p.public_key();
    let sig = crate::keys::prove(&epoch_keys, &practice, KeyRole::Subject, &mut world.random);
    let event = world.patient("desk", &e, &[tag("pop", [&e.to_hex(), &sig])]);
    assert_eq!(world.apply(&event), Err(Refusal::KeyInUse));
    let pop = world.pop("newborn", KeyRole::Subject);
    let event = world.patient("desk", &pk("newborn"), &[pop]);
    assert_eq!(world.apply(&event), Ok(()));
}

#[test]
fn an_epoch_counts_only_as_the_next_one_with_fresh_keys() {
    let mut world = World::new();
    let second = world.epoch(0);
    let third = world.epoch(0);
    assert_eq!(world.apply(&third), Err(Refusal::SequenceGap));
    assert_eq!(world.apply(&second), Ok(()));
    let third = world.epoch(0);
    let e1 = world.epochs[0].desk.public.to_hex();
    let reused = resigned(&third, "practice", |tags| tags[1][1] = e1.clone());
    let reused = resigned(&reused, "practice", |tags| tags[0][1] = "3".into());
    assert_eq!(world.apply(&reused), Err(Refusal::KeyInUse));
}

#[test]
fn the_epoch_before_is_current_within_grace_only() {
    let mut world = World::new();
    let e1 = world.e(Compartment::Chart);
    let at1 = world.at;
    let second = world.epoch(600);
    world.apply(&second).unwrap();
    let (at, received) = (world.at, world.now);
    let current = |position, time| world.policy.at(position, time).current(&e1);
    assert_eq!(current(at, received + 599), Some(Compartment::Chart));
    assert_eq!(current(at, received + 600), None);
    // An event whose position lies before the rotation is judged by the epoch of that time.
    assert_eq!(current(at1, received + 600), Some(Compartment::Chart));
    let third = world.epoch(0);
    let e2 = world.epochs[1].chart.public;
    world.apply(&third).unwrap();
    let view = world.policy.now(world.now);
    assert_eq!((view.current(&e1), view.current(&e2)), (None, None));
    assert_eq!(view.current(&world.e(Compartment::Chart)), Some(Compartment::Chart));
    assert_eq!(view.compartment_of(&e1), Some(Compartment::Chart));
}

#[test]
fn events_of_the_practice_key_count_in_rising_sequence_within_their_chain() {
    let mut world = World::staffed();
    let first = world.roster("a", Role::Nurse, &[], false);
    let second = world.roster("b", Role::Nurse, &[], false);
    world.apply(&second).unwrap();
    assert_eq!(world.apply(&first), Err(Refusal::SequenceGap));
    // The other chain has an order of its own.
    let early = world.link_with("practice", "child", "aunt", |_| {});
    let later = world.roster("c", Role::Nurse, &[], false);
    world.apply(&later).unwrap();
    assert_eq!(world.apply(&early), Ok(()));
    let none = world.roster("d", Role::Nurse, &[], false);
    let none = resigned(&none, "practice", |tags| tags.retain(|t| t[0] != "seq"));
    assert_eq!(world.apply(&none), Err(Refusal::PolicyShape));
}

#[test]
fn an_id_counts_once() {
    let mut world = World::staffed();
    let event = world.link("desk", "child", "aunt");
    assert_eq!(world.apply(&event), Err(Refusal::Counted));
}

#[test]
fn an_ending_wins_a_tie_and_later_seconds_restore() {
    let mut world = World::staffed();
    let end = world.link_with("desk", "child", "mother", |entry| entry.ended = true);
    world.apply(&end).unwrap();
    assert_eq!(person(&world, "mother"), Person::Former);
    let again = world.link_with("desk", "child", "mother", |_| {});
    assert_eq!(world.apply_now(&again), Err(Refusal::EndedNow));
    assert_eq!(world.apply(&again), Ok(()));
    assert!(matches!(person(&world, "mother"), Person::Guardian(_)));
    // In the other order the ending comes last anyway.
    let end = world.link_with("desk", "child", "mother", |entry| entry.ended = true);
    assert_eq!(world.apply_now(&end), Ok(()));
    assert_eq!(person(&world, "mother"), Person::Former);
}

#[test]
fn what_the_practice_key_ended_only_the_practice_key_restores() {
    let mut world = World::staffed();
    let end = world.link_with("practice", "child", "mother", |entry| entry.ended = true);
    world.apply(&end).unwrap();
    let again = world.link_with("desk", "child", "mother", |_| {});
    assert_eq!(world.apply(&again), Err(Refusal::EndedByPractice));
    let restored = world.link_with("practice", "child", "mother", |_| {});
    assert_eq!(world.apply(&restored), Ok(()));
    let end = world.link_with("desk", "child", "mother", |entry| entry.ended = true);
    assert_eq!(world.apply(&end), Ok(()));
    let again = world.link_with("desk", "child", "mother", |_| {});
    assert_eq!(world.apply(&again), Ok(()));
}

#[test]
fn a_link_needs_a_registrar_a_known_child_and_no_confidential() {
    let mut world = World::staffed();
    let event = world.link_with("ma", "child", "aunt", |_| {});
    assert_eq!(world.apply(&event), Err(Refusal::PolicyAuthority));
    let event = world.link_with("desk", "nobody", "aunt", |_| {});
    assert_eq!(world.apply(&event), Err(Refusal::Subject));
    let event = world.link_with("desk", "child", "aunt", |e| e.compartments = &[Compartment::Confidential]);
    assert_eq!(world.apply(&event), Err(Refusal::PolicyShape));
    let event = world.link_with("desk", "child", "aunt", |e| e.compartments = &[Compartment::Chart]);
    assert_eq!(world.apply(&event), Ok(()));
    let links = world.policy.now(world.now).links_of(&pk("aunt"));
    assert_eq!(links[0].compartments, [Compartment::Desk, Compartment::Chart].into());
}

#[test]
fn a_link_ends_before_its_until() {
    let mut world = World::staffed();
    let until = world.now + 50;
    let event = world.link_with("desk", "child", "aunt", |entry| entry.until = Some(until));
    world.apply(&event).unwrap();
    let links = |time| world.policy.now(time).links_of(&pk("aunt")).len();
    assert_eq!((links(until - 1), links(until)), (1, 0));
}

#[test]
fn a_rekey_carries_links_own_key_and_grants_and_leaves_the_old_key_nowhere() {
    let mut world = World::staffed();
    let grant = world.client("doctor", "child", world.now + 1000);
    world.apply(&grant).unwrap();
    let event = world.rekey("desk", "child", "child-2");
    world.apply(&event).unwrap();
    let view = world.policy.now(world.now);
    assert_eq!(view.person(&pk("child")), Person::Former);
    let patient = view.patient(&pk("child")).unwrap();
    assert_eq!((patient.subject, patient.own), (pk("child-2"), Some(pk("own"))));
    assert_eq!(patient.former, [pk("child")]);
    assert!(matches!(view.person(&pk("own")), Person::Own(p) if p.subject == pk("child-2")));
    assert_eq!(view.links_of(&pk("mother"))[0].child, pk("child-2"));
    assert_eq!(view.guardians_of(&pk("child")).len(), 1);
    assert_eq!(view.client_grants()[0].subject, Some(pk("child-2")));
    assert_eq!(view.patients().len(), 2);
    // Before the rekey the old key was in force.
    let before = world.policy.at(world.at - 1, world.now);
    assert!(matches!(before.person(&pk("child")), Person::Patient(_)));
    assert_eq!(before.person(&pk("child-2")), Person::Unknown);
    // Later events name the newest T: the old one neither links nor registers again.
    let link = world.link_with("desk", "child", "aunt", |_| {});
    assert_eq!(world.apply(&link), Err(Refusal::Subject));
    let again = world.patient("desk", &pk("child"), &[]);
    assert_eq!(world.apply(&again), Err(Refusal::KeyInUse));
    let second = world.rekey("desk", "child", "child-3");
    assert_eq!(world.apply(&second), Err(Refusal::Subject));
    let end = world.link_with("desk", "child", "mother", |entry| entry.ended = true);
    assert_eq!(world.apply(&end), Ok(()));
}

#[test]
fn an_own_key_stays_until_another_is_named() {
    let mut world = World::staffed();
    let moved = world.patient("desk", &pk("child"), &[]);
    world.apply(&moved).unwrap();
    assert!(matches!(person(&world, "own"), Person::Own(_)));
    let extra = [tag("own", [&pk("own-2").to_hex()]), world.pop("own-2", KeyRole::Own)];
    let named = world.patient("desk", &pk("child"), &extra);
    world.apply(&named).unwrap();
    assert_eq!(person(&world, "own"), Person::Former);
    assert!(matches!(person(&world, "own-2"), Person::Own(_)));
    let stolen = world.patient("desk", &pk("other-child"), &[tag("own", [&pk("own-2").to_hex()])]);
    assert_eq!(world.apply(&stolen), Err(Refusal::KeyInUse));
}

#[test]
fn an_adult_holds_both_roles_with_one_proof_and_keeps_them_across_a_rekey() {
    let mut world = World::staffed();
    world.admit_patient("desk", "adult", Some("adult"));
    let view = world.policy.now(world.now);
    assert_eq!(view.patient_of_own(&pk("adult")).map(|p| p.subject), Some(pk("adult")));
    let event = world.rekey("desk", "adult", "adult-2");
    world.apply(&event).unwrap();
    let patient = world.policy.now(world.now).patient(&pk("adult")).unwrap();
    assert_eq!((patient.subject, patient.own), (pk("adult-2"), Some(pk("adult-2"))));
}

#[test]
fn an_imported_subject_enters_without_proof_when_it_stands_in_the_import() {
    let mut world = World::staffed();
    let event = world.patient("desk", &pk("old-patient"), &[tag("legacy", [])]);
    assert_eq!(world.apply(&event), Err(Refusal::ProofOfPossession));
    world.policy.note_import(pk("old-patient"));
    assert_eq!(world.apply(&event), Ok(()));
}

#[test]
fn a_registration_stands_under_the_current_desk_key() {
    let mut world = World::staffed();
    let pop = world.pop("newborn", KeyRole::Subject);
    let good = world.patient("desk", &pk("newborn"), &[pop]);
    let first = |key: String| resigned(&good, "desk", |tags| tags[0][1] = key);
    let chart = first(world.e(Compartment::Chart).to_hex());
    assert_eq!(world.apply(&chart), Err(Refusal::Compartment));
    let rogue = first(pk("rogue").to_hex());
    assert_eq!(world.apply(&rogue), Err(Refusal::Epoch));
    let by_ma = resigned(&good, "ma", |_| {});
    assert_eq!(world.apply(&by_ma), Err(Refusal::PolicyAuthority));
    assert_eq!(world.apply(&good), Ok(()));
}

#[test]
fn a_suspension_holds_until_the_practice_key_lifts_it() {
    let mut world = World::staffed();
    let event = world.suspend("doctor", "nurse");
    let suspended = |world: &World, name: &str| world.policy.now(world.now).suspended(&pk(name));
    assert!(suspended(&world, "nurse") && !suspended(&world, "ma"));
    // A new roster entry does not lift it.
    world.hire("nurse", Role::Nurse, preticked(Role::Nurse));
    assert!(suspended(&world, "nurse"));
    let lift = world.lift(&event.id);
    let by_admin = resigned(&lift, "doctor", |tags| tags.retain(|t| t[0] == "lift"));
    assert_eq!(world.apply(&by_admin), Err(Refusal::PolicyAuthority));
    assert_eq!(world.apply(&lift), Ok(()));
    assert!(!suspended(&world, "nurse"));
    assert!(world.policy.at(world.at - 1, world.now).suspended(&pk("nurse")));
}

#[test]
fn a_suspended_admin_suspends_nobody_and_nobody_suspends_the_practice() {
    let mut world = World::staffed();
    world.hire("second", Role::Doctor, preticked(Role::Doctor));
    let key = world.p.public_key();
    let event = world.suspension("doctor", Suspended::Person(&key), None);
    assert_eq!(world.apply(&event), Err(Refusal::PolicyAuthority));
    let key = pk("ma");
    let event = world.suspension("nurse", Suspended::Person(&key), None);
    assert_eq!(world.apply(&event), Err(Refusal::PolicyAuthority));
    world.suspend("doctor", "second");
    let event = world.suspension("second", Suspended::Person(&key), None);
    assert_eq!(world.apply(&event), Err(Refusal::Suspended));
    world.suspend("doctor", "ma");
}

#[test]
fn the_sixth_suspension_within_an_hour_is_refused() {
    let mut world = World::staffed();
    let began = world.now + 1;
    for name in ["nurse", "ma", "desk", "mother", "father"] {
        world.suspend("doctor", name);
    }
    let key = pk("fhir");
    let sixth = world.suspension("doctor", Suspended::Person(&key), None);
    assert_eq!(world.apply(&sixth), Err(Refusal::SuspensionLimit));
    world.now = began + 3599 - 1;
    assert_eq!(world.apply(&sixth), Err(Refusal::SuspensionLimit));
    assert_eq!(world.apply(&sixth), Ok(()));
}

#[test]
fn a_link_suspended_by_its_event_stays_suspended_when_issued_again() {
    let mut world = World::staffed();
    let link = world.log.iter().map(|(e, ..)| e).find(|e| e.kind.as_u16() == 2104).unwrap().id;
    let event = world.suspension("doctor", Suspended::Link(&link), None);
    world.apply(&event).unwrap();
    assert_eq!(person(&world, "mother"), Person::Former);
    world.link("desk", "child", "mother");
    assert_eq!(person(&world, "mother"), Person::Former);
    let lift = world.lift(&event.id);
    world.apply(&lift).unwrap();
    assert!(matches!(person(&world, "mother"), Person::Guardian(_)));
}

#[test]
fn a_scoped_suspension_bars_one_member_from_one_line_and_follows_a_new_key() {
    let mut world = World::staffed();
    let key = pk("nurse");
    let event = world.suspension("doctor", Suspended::Person(&key), Some("child"));
    world.apply(&event).unwrap();
    let rekey = world.rekey("desk", "child", "child-2");
    world.apply(&rekey).unwrap();
    let view = world.policy.now(world.now);
    assert!(!view.suspended(&key));
    assert_eq!(view.barred(&key), [pk("child"), pk("child-2")]);
    assert!(view.barred(&pk("ma")).is_empty());
    let event = world.roster_with("nurse-2", Role::Nurse, &[Word::Write], false, |entry| {
        entry.replaces = Some(key);
    });
    world.apply(&event).unwrap();
    let view = world.policy.now(world.now);
    assert_eq!(view.person(&key), Person::Former);
    assert_eq!(view.barred(&pk("nurse-2")), [pk("child"), pk("child-2")]);
}

#[test]
fn suspensions_of_staff_and_agents_stand_in_the_chain_of_all() {
    use crate::receipts::ChainKey;
    let mut world = World::staffed();
    for (name, chain) in [
        ("nurse", ChainKey::Policy),
        ("fhir", ChainKey::Policy),
        ("mother", ChainKey::PolicyStaff),
        ("child", ChainKey::PolicyStaff),
    ] {
        let event = world.suspend("doctor", name);
        assert_eq!(world.policy.chain_of(&event), Some(chain), "{name}");
        let lift = world.lift(&event.id);
        assert_eq!(world.policy.chain_of(&lift), Some(chain), "{name}");
    }
    let key = pk("nurse");
    let scoped = world.suspension("doctor", Suspended::Person(&key), Some("child"));
    assert_eq!(world.policy.chain_of(&scoped), Some(ChainKey::PolicyStaff));
}

#[test]
fn an_admin_grants_a_client_named_patients_for_a_year() {
    let mut world = World::staffed();
    let year = 366 * 86_400;
    let long = world.client("doctor", "child", world.now + year + 100);
    assert_eq!(world.apply(&long), Err(Refusal::PolicyAuthority));
    let by_nurse = world.client("nurse", "child", world.now + 100);
    assert_eq!(world.apply(&by_nurse), Err(Refusal::PolicyAuthority));
    let good = world.client("doctor", "child", world.now + 100);
    let all = resigned(&good, "doctor", |tags| tags[1] = text(&["patients", "all"]));
    assert_eq!(world.apply(&all), Err(Refusal::PolicyAuthority));
    assert_eq!(world.apply(&good), Ok(()));
    assert_eq!(world.policy.now(world.now).client_grants().len(), 1);
    let event = world.suspension("doctor", Suspended::Client("school"), None);
    world.apply(&event).unwrap();
    assert!(world.policy.now(world.now).client_grants().is_empty());
}

#[test]
fn a_client_has_at_most_fifty_patients_by_an_admin() {
    let mut world = World::staffed();
    for n in 0..=50 {
        let name = format!("patient {n}");
        world.admit_patient("desk", &name, None);
        let grant = world.client("doctor", &name, world.now + 10_000);
        let expected = if n < 50 { Ok(()) } else { Err(Refusal::ClientPatients) };
        assert_eq!(world.apply(&grant), expected, "{n}");
    }
    let again = world.client("doctor", "patient 3", world.now + 20_000);
    assert_eq!(world.apply(&again), Ok(()));
}

#[test]
fn a_succession_needs_the_key_whose_hash_was_published() {
    let mut world = World::staffed();
    let sequence = world.sequence();
    let (old, head) = (world.p.public_key(), id(1));
    let wrong = build_succession(&keys("thief"), &old, &head, &[9; 32], sequence, world.now);
    assert_eq!(world.apply(&wrong), Err(Refusal::PolicyAuthority));
    let good = build_succession(&keys("next-practice"), &old, &head, &[9; 32], sequence, world.now);
    let before = world.roster("ma", Role::Ma, &[], true);
    assert_eq!(world.apply(&good), Ok(()));
    let view = world.policy.now(world.now);
    assert_eq!(view.practice(), pk("next-practice"));
    assert_eq!(view.person(&old), Person::Former);
    assert_eq!(world.policy.at(world.at - 1, world.now).practice(), old);
    // From its receipt on the old key signs nothing that counts.
    assert_eq!(world.apply(&before), Err(Refusal::PolicyAuthority));
    world.p = keys("next-practice");
    let after = world.roster("ma", Role::Ma, &[], true);
    assert_eq!(world.apply(&after), Ok(()));
}

#[test]
fn shares_and_invitations_live_until_they_end() {
    let mut world = World::staffed();
    let until = world.now + 100;
    let share = Share {
        recipient: pk("specialist"),
        ids: &[id(1), id(2)],
        until,
        blob: None,
        purpose: "second opinion",
        said: None,
        created_at: world.now,
    };
    let by_stranger = build_share(&keys("stranger"), &share, &mut world.random).unwrap();
    assert_eq!(world.apply(&by_stranger), Err(Refusal::PolicyAuthority));
    let event = build_share(&keys("mother"), &share, &mut world.random).unwrap();
    world.apply(&event).unwrap();
    let shares = |world: &World, time| world.policy.now(time).shares_for(&pk("specialist")).len();
    assert_eq!((shares(&world, until - 1), shares(&world, until)), (1, 0));
    let forged = build_share_end(&keys("father"), &event.id, world.now);
    assert_eq!(world.apply(&forged), Err(Refusal::PolicyAuthority));
    let end = build_share_end(&keys("mother"), &event.id, world.now);
    world.apply(&end).unwrap();
    assert_eq!(shares(&world, world.now), 0);

    let invitation = build_invitation(&keys("child"), &[5; 32], until, world.now);
    world.apply(&invitation).unwrap();
    let hash: [u8; 32] = <sha2::Sha256 as sha2::Digest>::digest([5; 32]).into();
    let found = world.policy.now(world.now).invitation(&hash).unwrap();
    assert_eq!((found.author, found.until), (pk("child"), until));
    assert_eq!(world.policy.now(until).invitation(&hash), None);
    let end = build_share_end(&keys("child"), &invitation.id, world.now);
    world.apply(&end).unwrap();
    assert_eq!(world.policy.now(world.now).invitation(&hash), None);
}

#[test]
fn the_time_floor_is_the_newest_receipt() {
    let mut world = World::staffed();
    let until = world.now + 1000;
    let event = world.link_with("desk", "child", "aunt", |entry| entry.until = Some(until));
    world.apply(&event).unwrap();
    world.now = until + 5;
    world.hire("late", Role::Nurse, &[]);
    // A clock set back to 1970 does not revive what has ended, nor does an older receipt time.
    assert!(world.policy.now(0).links_of(&pk("aunt")).is_empty());
    assert_eq!(world.policy.now(0).time(), world.now);
    let event = world.roster("later", Role::Nurse, &[], false);
    let at = world.at + 1;
    world.policy.apply(&event, at, 5).unwrap();
    assert!(world.policy.now(0).member(&pk("later")).is_some());
}

#[test]
fn tags_of_no_known_name_are_refused_in_policy() {
    let mut world = World::staffed();
    let good = world.roster("new", Role::Nurse, &[], false);
    let odd = resigned(&good, "practice", |tags| tags.push(text(&["only-mondays"])));
    let twice = resigned(&good, "practice", |tags| tags.push(text(&["from", "1"])));
    let spelled = resigned(&good, "practice", |tags| tags.push(text(&["until", "0100"])));
    for bad in [&odd, &twice, &spelled] {
        assert_eq!(world.apply(bad), Err(Refusal::PolicyShape));
    }
    assert_eq!(world.apply(&good), Ok(()));
}

#[test]
fn an_ended_agent_is_former_and_a_destroyed_id_is_known() {
    let mut world = World::staffed();
    let grant = world.agent("fhir", Service::Fhir, Patients::All);
    let end = resigned(&grant, "practice", |tags| tags.push(text(&["end"])));
    world.apply(&end).unwrap();
    assert_eq!(person(&world, "fhir"), Person::Former);
    let sequence: Sequence = world.sequence();
    let order = crate::grants::build_destruction(&world.p, &[id(4)], sequence, world.now);
    world.apply(&order).unwrap();
    let view = world.policy.now(world.now);
    assert!(view.destroyed(&id(4)) && !view.destroyed(&id(5)));
    assert!(!world.policy.at(world.at - 1, world.now).destroyed(&id(4)));
}

#[test]
fn a_refused_event_changes_nothing_and_a_clone_keeps_its_state() {
    let mut world = World::staffed();
    let before = world.policy.clone();
    let event = world.link_with("ma", "child", "aunt", |_| {});
    assert!(world.apply(&event).is_err());
    assert_eq!(world.policy.newest(), before.newest());
    world.link("desk", "child", "aunt");
    assert_eq!(before.now(world.now).person(&pk("aunt")), Person::Unknown);
    assert!(matches!(person(&world, "aunt"), Person::Guardian(_)));
}

#[test]
fn a_policy_without_events_knows_the_practice_only() {
    let policy = Policy::new(pk("practice"));
    let view = policy.now(START);
    assert_eq!((view.epoch(), view.members().len(), view.patients().len()), (None, 0, 0));
    assert_eq!(view.person(&pk("practice")), Person::Practice);
}
