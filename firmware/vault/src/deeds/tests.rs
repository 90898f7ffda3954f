use relaybox_protocol::epochs::Keyring;
use relaybox_protocol::grants::{Suspended, Suspension, build_suspension};
use relaybox_protocol::keys::prove;
use relaybox_protocol::kinds;
use relaybox_protocol::permissions::Compartment;
use relaybox_protocol::policy::Person;

use super::*;
use crate::history::HistoryError;
use crate::testing::{TestBox, keys, pk};

/// A box with an owner, a nurse who holds `confidential`, and a front desk.
fn staffed() -> TestBox {
    let mut it = TestBox::claimed();
    let mut nurse = it.joining("nurse", "Nils Formerly, RN", Role::Nurse);
    nurse.words.push("confidential".to_owned());
    let desk = it.joining("desk", "Fern Deskson", Role::FrontDesk);
    let changes = vec![RosterChange::Join(nurse), RosterChange::Join(desk)];
    it.perform(&Operation::Roster { changes }).unwrap();
    it
}

fn of_kind(it: &TestBox, kind: u16) -> Vec<Event> {
    it.events.iter().filter(|event| event.kind.as_u16() == kind).cloned().collect()
}

/// Epoch numbers and compartments that a member opens.
fn opens(it: &TestBox, member: &str) -> Vec<(u64, Compartment)> {
    let grants: Vec<Event> = of_kind(it, kinds::PRACTICE_KEY_GRANT)
        .into_iter()
        .filter(|event| event::p_tag(event, 0) == Some(pk(member)))
        .collect();
    let ring = Keyring::collect(keys(member).secret_key(), &of_kind(it, kinds::PRACTICE_EPOCH), &grants);
    ring.pairs().map(|(n, compartment, _)| (n, compartment)).collect()
}

fn leave(name: &str) -> Operation {
    Operation::Roster { changes: vec![RosterChange::Leave { key: pk(name) }] }
}

#[test]
fn a_claim_is_epoch_then_owner_then_the_owners_secrets() {
    let it = TestBox::claimed();
    let order: Vec<u16> = it.events.iter().map(|event| event.kind.as_u16()).collect();
    assert_eq!(order[..3], [kinds::PRACTICE_EPOCH, kinds::STAFF_ROSTER, kinds::PRACTICE_KEY_GRANT]);
    assert_eq!(opens(&it, "owner"), Compartment::ALL.map(|compartment| (1, compartment)));
    let history = it.history().unwrap();
    assert_eq!(history.next().seq, 3);
    assert!(history.view(0).next_practice().is_some());
}

#[test]
fn an_owner_who_cannot_administer_is_refused() {
    let mut it = TestBox::claimed();
    let mut owner = it.joining("owner", "Dr. Alba Testwell", Role::Doctor);
    owner.words.retain(|word| word != "admin");
    let next = "ab".repeat(32);
    let claimed =
        claim(&it.contents, it.box_keys(), &Claim { owner: &owner, next: &next }, it.now, &mut it.random);
    assert!(matches!(claimed, Err(DeedError::LastAdmin)));
}

#[test]
fn who_joins_opens_what_the_role_may_open() {
    let it = staffed();
    assert_eq!(opens(&it, "nurse"), Compartment::ALL.map(|compartment| (1, compartment)));
    assert_eq!(opens(&it, "desk"), [(1, Compartment::Desk)]);
    assert!(matches!(it.policy.now(0).person(&pk("desk")), Person::Member(_)));
    // The front desk's name stands in no event in clear.
    assert!(it.events.iter().all(|event| !event.as_json().contains("Fern")));
}

#[test]
fn who_leaves_opens_no_record_of_the_new_epoch_and_all_others_do() {
    let mut it = staffed();
    let events = it.perform(&leave("nurse")).unwrap();
    assert_eq!(opens(&it, "nurse"), Compartment::ALL.map(|compartment| (1, compartment)));
    assert_eq!(opens(&it, "desk"), [(1, Compartment::Desk), (2, Compartment::Desk)]);
    assert_eq!(opens(&it, "owner").len(), 6);
    assert!(matches!(it.policy.now(0).person(&pk("nurse")), Person::Former));
    // Epoch, ending, and one grant for each who stays; no grace for the epoch before.
    assert_eq!(events.len(), 4);
    assert_eq!(it.policy.now(0).epoch().unwrap().grace, 0);
}

#[test]
fn a_new_colleague_walks_back_through_all_epochs() {
    let mut it = staffed();
    it.perform(&leave("nurse")).unwrap();
    it.perform(&Operation::Rotate {}).unwrap();
    let joining = it.joining("new", "Nora Sampleton, RN", Role::Nurse);
    it.perform(&Operation::Roster { changes: vec![RosterChange::Join(joining)] }).unwrap();
    let chart: Vec<u64> = opens(&it, "new")
        .into_iter()
        .filter(|(_, compartment)| *compartment == Compartment::Chart)
        .map(|(n, _)| n)
        .collect();
    assert_eq!(chart, [1, 2, 3]);
    assert!(opens(&it, "new").iter().all(|(_, compartment)| *compartment != Compartment::Confidential));
}

#[test]
fn who_loses_confidential_does_not_open_the_next_ones() {
    let mut it = staffed();
    let words = ["write", "vitals", "messages"].map(str::to_owned).into();
    let change = RosterChange::Words { key: pk("nurse"), words };
    it.perform(&Operation::Roster { changes: vec![change] }).unwrap();
    let confidential: Vec<u64> = opens(&it, "nurse")
        .into_iter()
        .filter(|(_, compartment)| *compartment == Compartment::Confidential)
        .map(|(n, _)| n)
        .collect();
    assert_eq!(confidential, [1]);
    assert!(opens(&it, "nurse").contains(&(2, Compartment::Chart)));
    assert_eq!(it.policy.now(0).epoch().unwrap().grace, 0);
}

#[test]
fn who_gains_a_word_needs_no_new_epoch() {
    let mut it = staffed();
    let words = ["write", "vitals", "confidential", "admin"].map(str::to_owned).into();
    it.perform(&Operation::Roster { changes: vec![RosterChange::Words { key: pk("nurse"), words }] })
        .unwrap();
    let member = it.policy.now(0).member(&pk("nurse")).unwrap();
    assert!(member.has(Word::Admin) && !member.has(Word::Register));
    assert_eq!(member.name.as_deref(), Some("Nils Formerly, RN"));
    assert_eq!(it.policy.now(0).epoch().unwrap().n, 1);
}

#[test]
fn a_new_key_of_the_same_person_ends_the_old_one() {
    let mut it = staffed();
    let mut joining = it.joining("nurse-2", "Nils Formerly, RN", Role::Nurse);
    joining.replaces = Some(pk("nurse"));
    it.perform(&Operation::Roster { changes: vec![RosterChange::Join(joining)] }).unwrap();
    assert!(matches!(it.policy.now(0).person(&pk("nurse")), Person::Former));
    assert!(opens(&it, "nurse-2").contains(&(1, Compartment::Chart)));
    assert!(!opens(&it, "nurse").contains(&(2, Compartment::Chart)));
}

#[test]
fn a_suspended_member_gets_no_secrets_of_the_next_epoch_until_the_suspension_is_lifted() {
    let mut it = staffed();
    let nurse = pk("nurse");
    let suspension =
        Suspension { of: Suspended::Person(&nurse), scope: None, sequence: None, created_at: it.now };
    let event = build_suspension(&keys("owner"), &suspension);
    it.take(std::slice::from_ref(&event)).unwrap();
    it.perform(&Operation::Rotate {}).unwrap();
    assert!(opens(&it, "nurse").iter().all(|(n, _)| *n == 1));
    it.perform(&Operation::Lift { suspension: event.id }).unwrap();
    assert!(!it.policy.now(0).suspended(&nurse));
    assert!(opens(&it, "nurse").contains(&(2, Compartment::Chart)));
}

#[test]
fn the_last_who_administers_cannot_leave_or_lose_the_word() {
    let mut it = staffed();
    assert!(matches!(it.perform(&leave("owner")), Err(DeedError::LastAdmin)));
    let change = RosterChange::Words { key: pk("owner"), words: vec!["write".to_owned()] };
    let lost = it.perform(&Operation::Roster { changes: vec![change] });
    assert!(matches!(lost, Err(DeedError::LastAdmin)));
    let heir = it.joining("heir", "Dr. Basil Mockford", Role::Doctor);
    let changes = vec![RosterChange::Leave { key: pk("owner") }, RosterChange::Join(heir)];
    it.perform(&Operation::Roster { changes }).unwrap();
}

#[test]
fn nobody_who_is_not_there_leaves_and_no_key_enters_without_proof() {
    let mut it = staffed();
    assert!(matches!(it.perform(&leave("stranger")), Err(DeedError::NoMember)));
    let mut joining = it.joining("new", "Nora Sampleton, RN", Role::Nurse);
    joining.pop = prove(&keys("other"), &it.contents.practice.public_key(), KeyRole::Staff, &mut it.random);
    let unproved = it.perform(&Operation::Roster { changes: vec![RosterChange::Join(joining)] });
    assert!(matches!(unproved, Err(DeedError::Key)));
}

#[test]
fn an_agent_is_granted_and_ended() {
    let mut it = staffed();
    let pop = prove(&keys("fhir"), &it.contents.practice.public_key(), KeyRole::Agent, &mut it.random);
    let grant = AgentGrant {
        key: pk("fhir"),
        service: "fhir".to_owned(),
        kinds: vec![2110, 2113],
        compartments: vec!["desk".to_owned(), "chart".to_owned()],
        patients: "clients".to_owned(),
        until: None,
        pop,
    };
    it.perform(&Operation::Agent(AgentChange::Grant(grant))).unwrap();
    assert_eq!(it.policy.now(0).agents().len(), 1);
    it.perform(&Operation::Agent(AgentChange::End { key: pk("fhir") })).unwrap();
    assert_eq!(it.policy.now(0).agents().len(), 0);
    let again = it.perform(&Operation::Agent(AgentChange::End { key: pk("fhir") }));
    assert!(matches!(again, Err(DeedError::NoAgent)));
}

#[test]
fn a_destruction_order_names_what_was_approved() {
    let mut it = staffed();
    let id = EventId::from_byte_array([6; 32]);
    it.perform(&Operation::Destroy { ids: vec![id] }).unwrap();
    assert!(it.policy.now(0).destroyed(&id));
}

#[test]
fn the_vault_does_not_build_on_less_than_it_has_signed() {
    let mut it = staffed();
    let old = it.events.clone();
    it.perform(&leave("nurse")).unwrap();
    let practice = it.contents.practice.public_key();
    let (given, signed) = (4, it.signed);
    assert_eq!(
        History::read(practice, old.clone(), signed).unwrap_err(),
        HistoryError::Old { given, signed }
    );
    assert!(History::read(practice, old, given).is_ok());
    assert!(it.history().is_ok());
}

#[test]
fn a_history_with_a_hole_or_a_forged_event_is_not_built_on() {
    let mut it = staffed();
    it.perform(&Operation::Rotate {}).unwrap();
    let practice = it.contents.practice.public_key();
    let receipts: Vec<usize> =
        (0..it.events.len()).filter(|at| it.events[*at].kind.as_u16() == kinds::RECEIPT).collect();
    let mut hole = it.events.clone();
    hole.remove(receipts[1]);
    assert_eq!(History::read(practice, hole, 0).unwrap_err(), HistoryError::NotWhole);
    let mut forged = it.events.clone();
    forged[0].content = "x".to_owned();
    assert_eq!(History::read(practice, forged, 0).unwrap_err(), HistoryError::Forged);
}

#[test]
fn what_came_later_is_verified_and_what_was_verified_is_not_verified_again() {
    let mut it = staffed();
    let known = it.events.clone();
    it.perform(&Operation::Rotate {}).unwrap();
    let later = it.events[known.len()..].to_vec();
    let (practice, signed) = (it.contents.practice.public_key(), it.signed);
    let read = |known: Vec<Event>, later: Vec<Event>| History::read_later(practice, known, later, signed);
    let history = read(known.clone(), later.clone()).unwrap();
    assert_eq!((history.head(), history.view(0).epoch().unwrap().n), (it.history().unwrap().head(), 2));
    let mut forged = later.clone();
    forged[0].content = "x".to_owned();
    assert_eq!(read(known.clone(), forged).unwrap_err(), HistoryError::Forged);
    // A signature that the caller has verified is its caller's business.
    let mut trusted = known;
    trusted[0].sig = later[0].sig;
    assert!(read(trusted, later).is_ok());
}

#[test]
fn the_sequence_goes_on_from_transaction_to_transaction() {
    let mut it = staffed();
    it.perform(&Operation::Rotate {}).unwrap();
    let mut numbered: Vec<(u64, EventId, Option<EventId>)> = it
        .events
        .iter()
        .filter_map(|e| {
            let seq = crate::history::sequence_of(e)?;
            Some((seq, e.id, event::tag_value(e, "prev", 0).and_then(event::id_from_hex)))
        })
        .collect();
    numbered.sort();
    assert_eq!(numbered.len(), 5);
    for pair in numbered.windows(2) {
        assert_eq!(pair[1].0, pair[0].0 + 1);
        assert_eq!(pair[1].2, Some(pair[0].1));
    }
}

#[test]
fn operations_of_the_slot_sign_nothing() {
    let mut it = staffed();
    for operation in [Operation::Thaw {}, Operation::AddSlotKey { label: "bank".to_owned() }] {
        assert!(it.perform(&operation).unwrap().is_empty());
    }
}

#[test]
fn a_clock_of_1970_or_2036_signs_nothing_below_the_newest_receipt_and_leaves_no_trace() {
    let mut it = staffed();
    for wrong in [0, 2_082_758_400] {
        let (history, boxes) = (it.history().unwrap(), it.box_keys());
        let newest = history.view(0).time();
        let events =
            perform(&it.contents, &history, boxes, &Operation::Rotate {}, wrong, &mut it.random).unwrap();
        assert!(events.iter().all(|event| event.created_at.as_secs() >= newest), "{wrong}");
        // The relay stamps by its own clock; what the vault claims moves nothing.
        it.take(&events).unwrap();
        assert!(it.history().unwrap().view(0).time() < newest + 60);
        it.perform(&Operation::Rotate {}).unwrap();
    }
    assert_eq!(of_kind(&it, kinds::PRACTICE_EPOCH).len(), 5);
}

/// All keys are lost but those of these people: a new owner, and who ends.
fn recovered(it: &mut TestBox, ends: &[&str]) -> Result<Vec<Event>, DeedError> {
    let owner = it.joining("nova", "Dr. Nova Testwell", Role::Doctor);
    let ends: Vec<PublicKey> = ends.iter().map(|name| pk(name)).collect();
    let (history, boxes) = (it.history().unwrap(), it.box_keys());
    let recovery = Recovery { owner: &owner, ends: &ends };
    let events = recover(&it.contents, &history, boxes, recovery, it.now, &mut it.random)?;
    it.take(&events).map_err(DeedError::Refused)?;
    Ok(events)
}

#[test]
fn after_a_recovery_the_new_owner_opens_every_epoch_and_who_ended_none_of_the_new_one() {
    let mut it = staffed();
    it.perform(&Operation::Rotate {}).unwrap();
    it.perform(&Operation::Rotate {}).unwrap();
    recovered(&mut it, &["owner", "nurse", "desk"]).unwrap();
    let every = (1..=4).flat_map(|n| Compartment::ALL.map(|compartment| (n, compartment)));
    assert_eq!(opens(&it, "nova"), every.collect::<Vec<_>>());
    for lost in ["owner", "nurse", "desk"] {
        assert!(opens(&it, lost).iter().all(|(n, _)| *n < 4), "{lost}");
        assert!(matches!(it.policy.now(0).person(&pk(lost)), Person::Former));
    }
    assert_eq!(it.policy.now(0).epoch().unwrap().grace, 0);
    assert_eq!(it.policy.now(0).members().len(), 1);
}

#[test]
fn a_recovery_that_ends_nobody_gives_all_members_new_locks() {
    let mut it = staffed();
    let events = recovered(&mut it, &[]).unwrap();
    assert_eq!(events[0].kind.as_u16(), kinds::PRACTICE_EPOCH, "it certifies the keys of a new box");
    assert_eq!(it.policy.now(0).members().len(), 4);
    for member in ["owner", "nurse", "desk", "nova"] {
        assert!(opens(&it, member).contains(&(2, Compartment::Desk)), "{member}");
    }
}

#[test]
fn a_recovery_needs_an_owner_who_can_administer_and_names_members_only() {
    let mut it = staffed();
    assert!(matches!(recovered(&mut it, &["stranger"]), Err(DeedError::NoMember)));
    let mut owner = it.joining("nova", "Dr. Nova Testwell", Role::Doctor);
    owner.words.retain(|word| word != "admin");
    let (history, boxes) = (it.history().unwrap(), it.box_keys());
    let recovery = Recovery { owner: &owner, ends: &[] };
    let refused = recover(&it.contents, &history, boxes, recovery, it.now, &mut it.random);
    assert!(matches!(refused, Err(DeedError::LastAdmin)));
    let suspended =
        Suspension { of: Suspended::Person(&pk("nurse")), scope: None, sequence: None, created_at: it.now };
    let event = build_suspension(&keys("owner"), &suspended);
    it.take(&[event]).unwrap();
    let owner = it.joining("nurse", "Nils Formerly, RN", Role::Doctor);
    let history = it.history().unwrap();
    let recovery = Recovery { owner: &owner, ends: &[] };
    let refused = recover(&it.contents, &history, boxes, recovery, it.now, &mut it.random);
    assert!(matches!(refused, Err(DeedError::Key)));
    assert!(recovered(&mut it, &["nurse"]).is_ok());
}

#[test]
fn the_next_key_succeeds_by_one_event_and_another_key_by_none() {
    let mut it = staffed();
    let history = it.history().unwrap();
    let stranger = succeed(&keys("stranger"), &history, &[1; 32], it.now);
    assert!(matches!(stranger, Err(DeedError::Refused(Refusal::PolicyAuthority))));
    let events = succeed(&keys("next"), &history, &[1; 32], it.now).unwrap();
    it.take(&events).unwrap();
    let view = it.policy.now(0);
    assert_eq!((view.practice(), view.next_practice()), (pk("next"), Some([1; 32])));
    // The old key opens what it sealed and signs nothing any more; the new one goes on in its row.
    let (history, boxes) = (it.history().unwrap(), it.box_keys());
    let old = perform(&it.contents, &history, boxes, &Operation::Rotate {}, it.now, &mut it.random);
    assert!(matches!(old, Err(DeedError::Refused(Refusal::PolicyAuthority))));
    let escrow = it.contents.escrow.clone();
    it.contents = Contents { practice: keys("next"), escrow, legacy: None };
    let new = perform(&it.contents, &history, boxes, &Operation::Rotate {}, it.now, &mut it.random).unwrap();
    it.take(&new).unwrap();
    assert_eq!(it.policy.now(0).epoch().unwrap().n, 2);
}
