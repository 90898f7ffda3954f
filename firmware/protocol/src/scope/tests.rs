use std::collections::BTreeSet;

use super::{Branch, IndexKey, Scope};
use crate::Event;
use crate::epochs::build_grant;
use crate::event::{index_keys, sign, tag};
use crate::grants::{GrantRow, Patients, Service, Share, Suspended, build_patient_grant, build_share};
use crate::keys::KeyRole;
use crate::nip44::ConversationKey;
use crate::permissions::{Compartment, Role};
use crate::policy::world::{World, keys, pk};
use crate::receipts::{ChainKey, NewReceipt, PolicyMark, Row, build};

fn reads(world: &World, who: &str, event: &Event) -> bool {
    Scope::of(&world.policy.now(world.now), &pk(who)).permits(event, &index_keys(event))
}

const ALL: [&str; 14] = [
    "doctor",
    "nurse",
    "ma",
    "desk",
    "child",
    "own",
    "mother",
    "father",
    "other-child",
    "fhir",
    "mail",
    "practice",
    "box",
    "stranger",
];
const STAFF: [&str; 4] = ["doctor", "nurse", "ma", "desk"];

fn readers(world: &World, event: &Event) -> BTreeSet<&'static str> {
    ALL.into_iter().filter(|who| reads(world, who, event)).collect()
}

fn and(some: &[&'static str], more: &[&'static str]) -> BTreeSet<&'static str> {
    some.iter().chain(more).copied().collect()
}

fn simple(author: &str, kind: u16, parties: &[&str]) -> Event {
    let tags = parties.iter().map(|name| tag("p", [&pk(name).to_hex()])).collect();
    sign(&keys(author), kind, tags, "", crate::policy::world::START)
}

fn receipt(world: &World, chain: ChainKey) -> Event {
    let epoch_key = match chain {
        ChainKey::Clinical { compartment, .. } => Some(world.e(compartment)),
        _ => None,
    };
    let row = Row { id: crate::EventId::from_byte_array([1; 32]), received: 1, import: false };
    let mark = PolicyMark::default();
    let new = NewReceipt { chain, epoch_key, before: 0, prev: None, mark, rows: &[row], created_at: 1 };
    build(&keys("box"), &new)
}

#[test]
fn a_chart_record_is_read_by_its_holders_the_child_and_the_childs_parent() {
    let mut world = World::staffed();
    let event = world.record("nurse", 2113, Compartment::Chart, Some("child"), false);
    let expected = ["doctor", "nurse", "ma", "child", "own", "mother"];
    assert_eq!(readers(&world, &event), expected.into());
    let chain = ChainKey::Clinical { compartment: Compartment::Chart, subject: Some(pk("child")) };
    assert_eq!(readers(&world, &receipt(&world, chain)), expected.into());
}

#[test]
fn a_desk_record_is_read_by_all_staff_and_by_the_family() {
    let mut world = World::staffed();
    let event = world.record("desk", 2126, Compartment::Desk, Some("child"), false);
    assert_eq!(readers(&world, &event), and(&STAFF, &["child", "own", "mother"]));
}

#[test]
fn a_confidential_record_and_its_receipts_are_never_read_by_a_guardian() {
    let mut world = World::staffed();
    let event = world.record("doctor", 2123, Compartment::Confidential, Some("own"), false);
    assert_eq!(readers(&world, &event), ["doctor", "own"].into());
    let own = ChainKey::Clinical { compartment: Compartment::Confidential, subject: Some(pk("own")) };
    assert_eq!(readers(&world, &receipt(&world, own)), ["doctor", "own"].into());
    let nobody = ChainKey::Clinical { compartment: Compartment::Confidential, subject: None };
    assert_eq!(readers(&world, &receipt(&world, nobody)), ["doctor"].into());
}

#[test]
fn a_confidential_record_of_an_adult_is_not_read_by_a_guardian_either() {
    let mut world = World::staffed();
    world.admit_patient("desk", "adult", Some("adult"));
    world.link("desk", "adult", "father");
    let event = world.record("doctor", 2123, Compartment::Confidential, Some("adult"), false);
    assert!(reads(&world, "adult", &event));
    assert!(!reads(&world, "father", &event));
    let open = world.record("doctor", 2113, Compartment::Chart, Some("adult"), false);
    assert!(reads(&world, "father", &open));
}

#[test]
fn an_answer_to_one_parent_is_read_by_that_parent_and_staff_only() {
    let mut world = World::staffed();
    world.link("desk", "child", "aunt");
    let answer = world.record("nurse", 2117, Compartment::Chart, Some("mother"), false);
    assert_eq!(readers(&world, &answer), ["doctor", "nurse", "ma", "mother"].into());
    assert!(!reads(&world, "aunt", &answer));
    let question = world.message("mother", 2117, Compartment::Chart, None);
    assert_eq!(readers(&world, &question), ["doctor", "nurse", "ma", "mother"].into());
    assert!(!reads(&world, "aunt", &question));
    let chain = ChainKey::Clinical { compartment: Compartment::Chart, subject: Some(pk("mother")) };
    assert_eq!(readers(&world, &receipt(&world, chain)), ["doctor", "nurse", "ma", "mother"].into());
}

#[test]
fn a_link_reads_only_its_compartments() {
    let mut world = World::staffed();
    let event = world.link_with("desk", "child", "aunt", |e| e.compartments = &[Compartment::Desk]);
    world.apply(&event).unwrap();
    let visit = world.record("desk", 2126, Compartment::Desk, Some("child"), false);
    let vitals = world.record("nurse", 2113, Compartment::Chart, Some("child"), false);
    assert!(reads(&world, "aunt", &visit));
    assert!(!reads(&world, "aunt", &vitals));
}

#[test]
fn an_ended_link_reads_nothing() {
    let mut world = World::staffed();
    let event = world.record("nurse", 2113, Compartment::Chart, Some("child"), false);
    assert!(reads(&world, "mother", &event));
    let end = world.link_with("desk", "child", "mother", |entry| entry.ended = true);
    world.apply(&end).unwrap();
    assert_eq!(Scope::of(&world.policy.now(world.now), &pk("mother")), Scope::default());
    assert!(reads(&world, "child", &event));
}

#[test]
fn records_of_earlier_epochs_stay_readable() {
    let mut world = World::staffed();
    let old = world.record("nurse", 2113, Compartment::Chart, Some("child"), false);
    let epoch = world.epoch(0);
    world.apply(&epoch).unwrap();
    let new = world.record("nurse", 2113, Compartment::Chart, Some("child"), false);
    for who in ["nurse", "mother", "child"] {
        assert!(reads(&world, who, &old) && reads(&world, who, &new), "{who}");
    }
    assert!(!reads(&world, "desk", &old) && !reads(&world, "father", &new));
}

#[test]
fn a_rekeyed_patient_reads_both_keys_records_and_the_old_key_nothing() {
    let mut world = World::staffed();
    let old = world.record("nurse", 2113, Compartment::Chart, Some("child"), false);
    let asked = world.message("child", 2117, Compartment::Chart, None);
    let wrap = simple("one-time", 1059, &["child"]);
    let event = world.rekey("desk", "child", "child-2");
    world.apply(&event).unwrap();
    let new = world.record("nurse", 2113, Compartment::Chart, Some("child-2"), false);
    for who in ["child-2", "mother", "own"] {
        assert!(reads(&world, who, &old) && reads(&world, who, &new), "{who}");
    }
    assert!(reads(&world, "child-2", &asked) && !reads(&world, "mother", &asked));
    assert!(!reads(&world, "child-2", &wrap) && !reads(&world, "own", &wrap));
    assert_eq!(Scope::of(&world.policy.now(world.now), &pk("child")), Scope::default());
}

#[test]
fn wraps_are_read_by_the_key_they_name() {
    let world = World::staffed();
    for kind in [1059, 21059] {
        for who in ["doctor", "child", "own", "mother", "fhir", "mail"] {
            assert_eq!(readers(&world, &simple("one-time", kind, &[who])), [who].into());
        }
    }
}

#[test]
fn signalling_is_read_by_its_two_parties() {
    let world = World::staffed();
    let event = simple("doctor", 4050, &["child"]);
    assert_eq!(readers(&world, &event), ["doctor", "child"].into());
    let event = simple("mother", 4055, &["doctor"]);
    assert_eq!(readers(&world, &event), ["doctor", "mother"].into());
}

#[test]
fn own_lists_are_read_by_their_owner_and_profiles_of_agents_by_members() {
    let world = World::staffed();
    assert_eq!(readers(&world, &simple("child", 30078, &[])), ["child"].into());
    assert_eq!(readers(&world, &simple("nurse", 10002, &[])), ["nurse"].into());
    assert_eq!(readers(&world, &simple("nurse", 0, &[])), ["nurse"].into());
    let members = and(&STAFF, &["child", "own", "mother", "father", "other-child", "fhir", "mail"]);
    for kind in [0, 10050] {
        assert_eq!(readers(&world, &simple("mail", kind, &[])), members);
    }
    for kind in [0, 10002, 10050, 10063] {
        assert_eq!(readers(&world, &simple("practice", kind, &[])), members);
    }
    assert_eq!(readers(&world, &simple("mail", 10002, &[])), ["mail"].into());
}

#[test]
fn drafts_are_read_by_holders_of_their_epoch_key() {
    let world = World::staffed();
    let draft = |compartment| {
        let tags = vec![tag("d", ["x"]), tag("p", [&world.e(compartment).to_hex()])];
        sign(&keys("doctor"), 32110, tags, "", world.now)
    };
    assert_eq!(readers(&world, &draft(Compartment::Desk)), STAFF.into());
    assert_eq!(readers(&world, &draft(Compartment::Chart)), ["doctor", "nurse", "ma"].into());
    assert_eq!(readers(&world, &draft(Compartment::Confidential)), ["doctor"].into());
}

#[test]
fn public_policy_is_read_by_members_and_no_outsider() {
    let world = World::staffed();
    let members = and(&STAFF, &["child", "own", "mother", "father", "other-child", "fhir", "mail"]);
    for (event, ..) in &world.log {
        if matches!(event.kind.as_u16(), 2102 | 2103 | 2105) {
            assert_eq!(readers(&world, event), members);
        }
    }
    assert_eq!(readers(&world, &receipt(&world, ChainKey::Policy)), members);
    assert_eq!(readers(&world, &receipt(&world, ChainKey::PolicyStaff)), STAFF.into());
}

#[test]
fn a_suspension_of_staff_is_read_by_members_and_one_of_family_by_staff_and_the_family() {
    let mut world = World::staffed();
    let key = pk("nurse");
    let scoped = world.suspension("doctor", Suspended::Person(&key), Some("child"));
    world.apply(&scoped).unwrap();
    assert_eq!(readers(&world, &scoped), and(&STAFF, &["child", "own", "mother"]));
    let public = world.suspend("doctor", "ma");
    let members = ["doctor", "nurse", "desk", "child", "own", "mother", "father", "other-child"];
    assert_eq!(readers(&world, &public), and(&members, &["fhir", "mail"]));
    let lift = world.lift(&public.id);
    world.apply(&lift).unwrap();
    assert_eq!(readers(&world, &lift), and(&members, &["ma", "fhir", "mail"]));
    let family = world.suspend("doctor", "father");
    assert_eq!(readers(&world, &family), STAFF.into());
    let patient = world.suspend("doctor", "child");
    assert_eq!(readers(&world, &patient), and(&STAFF, &["child", "own", "mother"]));
}

#[test]
fn links_registrations_and_client_grants_are_read_by_staff_and_whom_they_name() {
    let mut world = World::staffed();
    let link = world.link("desk", "child", "aunt");
    assert_eq!(readers(&world, &link), and(&STAFF, &["child", "own", "mother"]));
    let registration = world.patient("desk", &pk("child"), &[]);
    world.apply(&registration).unwrap();
    assert_eq!(readers(&world, &registration), and(&STAFF, &["child", "own", "mother"]));
    let grant = world.client("doctor", "child", world.now + 1000);
    world.apply(&grant).unwrap();
    assert_eq!(readers(&world, &grant), and(&STAFF, &["child", "own", "mother", "fhir"]));
}

#[test]
fn key_grants_are_read_by_staff_and_their_reader() {
    let mut world = World::staffed();
    let key = ConversationKey::from_bytes([1; 32]);
    let row = GrantRow { epoch_key: world.e(Compartment::Chart), subject: pk("child"), key };
    let authority = crate::EventId::from_byte_array([1; 32]);
    let event =
        build_patient_grant(&keys("nurse"), &pk("mother"), &authority, &[row], world.now, &mut world.random);
    assert_eq!(readers(&world, &event.unwrap()), and(&STAFF, &["mother"]));
    let secret = world.secret(Compartment::Desk).secret;
    let secrets = [(Compartment::Desk, &secret)];
    let grant = build_grant(&keys("practice"), &pk("nurse"), 1, &secrets, world.now, &mut world.random);
    assert_eq!(readers(&world, &grant.unwrap()), ["nurse"].into());
}

#[test]
fn an_agent_reads_its_kinds_of_its_clients_patients() {
    let mut world = World::staffed();
    let vitals = world.record("nurse", 2113, Compartment::Chart, Some("child"), false);
    let allergy = world.record("nurse", 2115, Compartment::Chart, Some("child"), false);
    let other = world.record("nurse", 2113, Compartment::Chart, Some("other-child"), false);
    assert!(!reads(&world, "fhir", &vitals));
    let until = world.now + 1000;
    let grant = world.client("doctor", "child", until);
    world.apply(&grant).unwrap();
    assert!(reads(&world, "fhir", &vitals));
    assert!(!reads(&world, "fhir", &allergy) && !reads(&world, "fhir", &other));
    let chain = ChainKey::Clinical { compartment: Compartment::Chart, subject: Some(pk("child")) };
    assert!(reads(&world, "fhir", &receipt(&world, chain)));
    let ended = Scope::of(&world.policy.now(until), &pk("fhir"));
    assert!(!ended.permits(&vitals, &index_keys(&vitals)));
    let all = world.agent("fhir", Service::Fhir, Patients::All);
    world.apply(&all).unwrap();
    assert!(reads(&world, "fhir", &vitals) && reads(&world, "fhir", &other));
    assert!(!reads(&world, "fhir", &allergy) && !reads(&world, "mail", &vitals));
    let secret = world.record("doctor", 2123, Compartment::Confidential, Some("own"), false);
    assert!(!reads(&world, "fhir", &secret));
}

#[test]
fn suspended_staff_agents_and_guardians_read_nothing_and_patients_go_on_reading() {
    let mut world = World::staffed();
    let event = world.record("nurse", 2113, Compartment::Chart, Some("child"), false);
    let hidden = world.record("doctor", 2123, Compartment::Confidential, Some("own"), false);
    world.suspend("doctor", "nurse");
    world.suspend("doctor", "mother");
    world.suspend("doctor", "mail");
    world.suspend("doctor", "child");
    world.suspend("doctor", "own");
    for who in ["nurse", "mother", "mail"] {
        assert_eq!(Scope::of(&world.policy.now(world.now), &pk(who)), Scope::default(), "{who}");
    }
    assert!(reads(&world, "child", &event) && reads(&world, "own", &hidden));
}

#[test]
fn a_guardian_counts_for_a_patient_from_the_first_link_to_that_patient() {
    let mut world = World::staffed();
    // The aunt is a guardian already, of another child.
    world.link("desk", "other-child", "aunt");
    let before = world.at;
    world.link("desk", "child", "aunt");
    let ever = |at: u64| world.policy.at(at, world.now).guardians_ever(&pk("child"));
    assert_eq!(ever(before), [pk("mother")]);
    assert_eq!(ever(world.at), [pk("mother"), pk("aunt")]);
}

#[test]
fn a_barred_member_reads_nothing_of_the_patient_and_everything_of_others() {
    let mut world = World::staffed();
    let of = |world: &mut World, kind, compartment, who| {
        let event = world.record("doctor", kind, compartment, Some(who), false);
        assert!(reads(world, "nurse", &event));
        event
    };
    let hidden = [
        of(&mut world, 2113, Compartment::Chart, "child"),
        of(&mut world, 2126, Compartment::Desk, "child"),
        of(&mut world, 2117, Compartment::Chart, "mother"),
        world.message("child", 2117, Compartment::Chart, None),
        world.message("mother", 2117, Compartment::Chart, None),
        world.patient("desk", &pk("child"), &[]),
        world.link("desk", "child", "aunt"),
    ];
    let open = of(&mut world, 2113, Compartment::Chart, "other-child");
    let own = world.record("nurse", 2113, Compartment::Chart, Some("child"), false);
    let key = pk("nurse");
    let bar = world.suspension("doctor", Suspended::Person(&key), Some("child"));
    world.apply(&bar).unwrap();
    for event in &hidden {
        assert!(!reads(&world, "nurse", event));
        assert!(reads(&world, "doctor", event));
    }
    assert!(reads(&world, "nurse", &open) && reads(&world, "nurse", &bar));
    assert!(reads(&world, "nurse", &own));
}

#[test]
fn a_recipient_reads_what_a_live_share_lists_as_long_as_its_author_may() {
    let mut world = World::staffed();
    let vitals = world.record("nurse", 2113, Compartment::Chart, Some("child"), false);
    let unlisted = world.record("nurse", 2116, Compartment::Chart, Some("child"), false);
    let foreign = world.record("nurse", 2113, Compartment::Chart, Some("other-child"), false);
    let wrap = simple("one-time", 1059, &["mother"]);
    let roster = world.log[1].0.clone();
    let ids = [vitals.id, foreign.id, wrap.id];
    let until = world.now + 1000;
    let share = Share {
        recipient: pk("stranger"),
        ids: &ids,
        until,
        blob: None,
        purpose: "",
        said: None,
        created_at: world.now,
    };
    let share = build_share(&keys("mother"), &share, &mut world.random).unwrap();
    assert!(!reads(&world, "stranger", &vitals) && !reads(&world, "stranger", &roster));
    world.apply(&share).unwrap();
    for event in [&vitals, &share, &roster, &receipt(&world, ChainKey::Policy)] {
        assert!(reads(&world, "stranger", event));
    }
    for event in [&unlisted, &foreign, &wrap, &receipt(&world, ChainKey::PolicyStaff)] {
        assert!(!reads(&world, "stranger", event));
    }
    let late = Scope::of(&world.policy.now(until), &pk("stranger"));
    assert_eq!(late, Scope::default());
    let end = world.link_with("desk", "child", "mother", |entry| entry.ended = true);
    world.apply(&end).unwrap();
    assert_eq!(Scope::of(&world.policy.now(world.now), &pk("stranger")), Scope::default());
}

#[test]
fn former_members_outsiders_and_the_practice_key_read_nothing() {
    let mut world = World::staffed();
    let end = world.roster("nurse", Role::Nurse, &[], true);
    world.apply(&end).unwrap();
    for who in ["nurse", "practice", "stranger", "box", "escrow"] {
        assert_eq!(Scope::of(&world.policy.now(world.now), &pk(who)), Scope::default(), "{who}");
    }
    assert_ne!(Scope::of(&world.policy.now(world.now), &pk("ma")), Scope::default());
}

#[test]
fn keys_on_one_socket_add_up() {
    let mut world = World::staffed();
    let one = world.record("nurse", 2113, Compartment::Chart, Some("child"), false);
    let two = world.record("nurse", 2113, Compartment::Chart, Some("other-child"), false);
    let view = world.policy.now(world.now);
    let mother = Scope::of(&view, &pk("mother"));
    let both = mother.clone().union(Scope::of(&view, &pk("father")));
    assert!(both.permits(&one, &index_keys(&one)) && both.permits(&two, &index_keys(&two)));
    assert!(!mother.permits(&two, &index_keys(&two)));
    assert_eq!(both.clone().union(mother), both);
}

#[test]
fn an_empty_id_list_permits_nothing() {
    let event = simple("a", 1, &[]);
    let keys = index_keys(&event);
    let with = |ids| Branch { ids, ..Branch::default() }.permits(&event, &keys);
    assert!(with(None));
    assert!(!with(Some(BTreeSet::new())));
    assert!(with(Some([event.id].into())));
    let empty_also = Branch { also: vec![BTreeSet::<IndexKey>::new()], ..Branch::default() };
    assert!(!empty_also.permits(&event, &keys));
}

#[test]
fn a_registration_with_an_own_key_shows_that_key_its_childs_records() {
    let mut world = World::staffed();
    let event = world.record("nurse", 2113, Compartment::Chart, Some("other-child"), false);
    let extra = [tag("own", [&pk("teen").to_hex()]), world.pop("teen", KeyRole::Own)];
    assert!(!reads(&world, "teen", &event));
    let named = world.patient("desk", &pk("other-child"), &extra);
    world.apply(&named).unwrap();
    assert!(reads(&world, "teen", &event));
}
