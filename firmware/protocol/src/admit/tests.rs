use super::{Admission, Arrival, SECONDS_AHEAD_MAX, SECONDS_BACK_MAX, admit};
use crate::epochs::build_grant;
use crate::event::{sign, tag};
use crate::grants::{GrantRow, Share, Suspended, build_invitation, build_patient_grant, build_share};
use crate::keys::KeyRole;
use crate::nip44::ConversationKey;
use crate::permissions::Compartment;
use crate::policy::Door;
use crate::policy::world::{World, keys, pk};
use crate::receipts::ChainKey;
use crate::refusal::Refusal;
use crate::{Event, EventId, PublicKey, Tag};

pub(super) fn over_network(world: &World, event: &Event) -> Result<Admission, Refusal> {
    from(world, event, &[event.pubkey])
}

fn from(world: &World, event: &Event, authenticated: &[PublicKey]) -> Result<Admission, Refusal> {
    let arrival = Arrival { door: Door::Network, authenticated, invited: &[], now: world.now };
    admit(&world.policy.now(world.now), event, &arrival)
}

fn by_ceremony(world: &World, event: &Event) -> Result<Admission, Refusal> {
    let arrival = Arrival { door: Door::Ceremony, authenticated: &[], invited: &[], now: world.now };
    admit(&world.policy.now(world.now), event, &arrival)
}

fn refused(world: &World, event: &Event) -> Refusal {
    over_network(world, event).unwrap_err()
}

fn plain(world: &World, author: &str, kind: u16, tags: Vec<Tag>) -> Event {
    sign(&keys(author), kind, tags, "", world.now)
}

fn party(name: &str) -> Tag {
    tag("p", [&pk(name).to_hex()])
}

/// The event at another time, signed again.
fn at(event: &Event, author: &str, created_at: u64) -> Event {
    let kind = event.kind.as_u16();
    sign(&keys(author), kind, event.tags.clone().to_vec(), event.content.clone(), created_at)
}

/// The event with its tags changed, signed again.
fn changed(event: &Event, author: &str, change: impl FnOnce(&mut Vec<Vec<String>>)) -> Event {
    let mut tags: Vec<Vec<String>> = event.tags.iter().map(|tag| tag.as_slice().to_vec()).collect();
    change(&mut tags);
    let tags = tags.into_iter().map(|tag| Tag::parse(tag).unwrap()).collect();
    let created_at = event.created_at.as_secs();
    sign(&keys(author), event.kind.as_u16(), tags, event.content.clone(), created_at)
}

fn vitals(world: &mut World) -> Event {
    world.record("nurse", 2113, Compartment::Chart, Some("child"), false)
}

#[test]
fn a_record_by_the_right_person_is_due_in_its_chain() {
    let mut world = World::staffed();
    let event = vitals(&mut world);
    let admission = over_network(&world, &event).unwrap();
    let chain = ChainKey::Clinical { compartment: Compartment::Chart, subject: Some(pk("child")) };
    assert_eq!(admission.chains, [chain]);
    assert_eq!((admission.moves_policy, admission.charge), (false, pk("nurse")));
}

#[test]
fn chains_follow_the_second_p_then_a_family_author_then_the_practice() {
    let mut world = World::staffed();
    let chain = |world: &World, event: &Event| over_network(world, event).unwrap().chains;
    let clinical = |compartment, subject| vec![ChainKey::Clinical { compartment, subject }];
    let event = world.record("nurse", 2117, Compartment::Chart, Some("mother"), false);
    assert_eq!(chain(&world, &event), clinical(Compartment::Chart, Some(pk("mother"))));
    let event = world.message("mother", 2117, Compartment::Desk, None);
    assert_eq!(chain(&world, &event), clinical(Compartment::Desk, Some(pk("mother"))));
    let event = world.message("mother", 2126, Compartment::Desk, Some("child"));
    assert_eq!(chain(&world, &event), clinical(Compartment::Desk, Some(pk("child"))));
    let event = world.record("doctor", 2123, Compartment::Confidential, None, false);
    assert_eq!(chain(&world, &event), clinical(Compartment::Confidential, None));
    let event = world.message("own", 2123, Compartment::Confidential, None);
    assert_eq!(chain(&world, &event), clinical(Compartment::Confidential, Some(pk("own"))));
}

#[test]
fn a_registration_is_due_in_the_childs_chain_and_in_that_of_staff_policy() {
    let mut world = World::staffed();
    let pop = world.pop("newborn", KeyRole::Subject);
    let event = world.patient("desk", &pk("newborn"), &[pop]);
    let admission = over_network(&world, &event).unwrap();
    let chain = ChainKey::Clinical { compartment: Compartment::Desk, subject: Some(pk("newborn")) };
    assert_eq!(admission.chains, [ChainKey::PolicyStaff, chain]);
    assert!(admission.moves_policy);
    let without = world.patient("desk", &pk("unproven"), &[]);
    assert_eq!(refused(&world, &without), Refusal::ProofOfPossession);
}

#[test]
fn an_author_must_be_authenticated_on_the_socket() {
    let mut world = World::staffed();
    let event = vitals(&mut world);
    assert_eq!(from(&world, &event, &[]), Err(Refusal::AuthRequired));
    assert_eq!(from(&world, &event, &[pk("doctor")]), Err(Refusal::AuthorNotAuthenticated));
    assert!(from(&world, &event, &[pk("doctor"), pk("nurse")]).is_ok());
}

#[test]
fn strangers_former_members_and_suspended_people_write_nothing() {
    let mut world = World::staffed();
    let event = world.record("stranger", 2113, Compartment::Chart, Some("child"), false);
    assert_eq!(refused(&world, &event), Refusal::NotMember);
    for who in ["nurse", "child", "own", "mother"] {
        let kind = if who == "own" { 2123 } else { 2117 };
        let compartment = if who == "own" { Compartment::Confidential } else { Compartment::Chart };
        let event =
            if who == "nurse" { vitals(&mut world) } else { world.message(who, kind, compartment, None) };
        assert!(over_network(&world, &event).is_ok(), "{who}");
        world.suspend("doctor", who);
        assert_eq!(refused(&world, &event), Refusal::Suspended, "{who}");
    }
    let message = world.message("father", 2117, Compartment::Chart, None);
    assert!(over_network(&world, &message).is_ok());
    let end = world.link_with("desk", "other-child", "father", |entry| entry.ended = true);
    world.apply(&end).unwrap();
    assert_eq!(refused(&world, &message), Refusal::NotMember);
}

#[test]
fn events_of_the_practice_key_come_by_ceremony_only() {
    let mut world = World::staffed();
    let event = world.roster("new", crate::permissions::Role::Nurse, &[], false);
    assert_eq!(refused(&world, &event), Refusal::PracticeOverNetwork);
    let admission = by_ceremony(&world, &event).unwrap();
    assert_eq!(admission.chains, [ChainKey::Policy]);
    let forged = changed(&event, "doctor", |_| {});
    assert_eq!(refused(&world, &forged), Refusal::PolicyAuthority);
    let succession = plain(&world, "next-practice", 2107, vec![]);
    assert_eq!(refused(&world, &succession), Refusal::PracticeOverNetwork);
}

#[test]
fn an_epoch_key_signs_nothing() {
    let mut world = World::staffed();
    let epoch_keys = crate::Keys::new(world.secret(Compartment::Chart).secret);
    let event = vitals(&mut world);
    let kind = event.kind.as_u16();
    let forged = sign(&epoch_keys, kind, event.tags.clone().to_vec(), event.content.clone(), world.now);
    assert_eq!(refused(&world, &forged), Refusal::EpochKeyAsAuthor);
    assert!(over_network(&world, &event).is_ok());
}

#[test]
fn created_at_lies_between_seven_days_back_and_ten_minutes_ahead() {
    let mut world = World::staffed();
    let event = vitals(&mut world);
    let now = world.now;
    let moved = |created_at| over_network(&world, &at(&event, "nurse", created_at)).err();
    assert_eq!(moved(now - SECONDS_BACK_MAX), None);
    assert_eq!(moved(now - SECONDS_BACK_MAX - 1), Some(Refusal::TooOld));
    assert_eq!(moved(now + SECONDS_AHEAD_MAX - 1), None);
    assert_eq!(moved(now + SECONDS_AHEAD_MAX), Some(Refusal::InFuture));
    let old = at(&event, "nurse", now - SECONDS_BACK_MAX - 1);
    assert!(by_ceremony(&world, &old).is_ok());
    for (author, kind) in [("nurse", 10002), ("child", 30078), ("one-time", 1059)] {
        let list = plain(&world, author, kind, vec![party("nurse")]);
        let moved = |created_at| from(&world, &at(&list, author, created_at), &[pk(author), pk("ma")]).err();
        assert_eq!(moved(now - 10 * SECONDS_BACK_MAX), None, "{kind}");
        assert_eq!(moved(now + SECONDS_AHEAD_MAX), Some(Refusal::InFuture), "{kind}");
    }
}

#[test]
fn a_stale_or_rogue_first_p_is_refused() {
    let mut world = World::staffed();
    let stale = vitals(&mut world);
    let rogue = changed(&stale, "nurse", |tags| tags[0][1] = pk("rogue").to_hex());
    assert_eq!(refused(&world, &rogue), Refusal::Epoch);
    let epoch = world.epoch(600);
    world.apply(&epoch).unwrap();
    let received = world.now;
    world.now = received + 599;
    assert!(over_network(&world, &stale).is_ok());
    world.now = received + 600;
    assert_eq!(refused(&world, &stale), Refusal::Epoch);
    let fresh = vitals(&mut world);
    assert!(over_network(&world, &fresh).is_ok());
}

#[test]
fn the_form_tells_staff_from_family() {
    let mut world = World::staffed();
    let staff = world.message("nurse", 2117, Compartment::Chart, None);
    assert_eq!(refused(&world, &staff), Refusal::Role);
    let family = world.record("mother", 2117, Compartment::Chart, Some("child"), false);
    assert_eq!(refused(&world, &family), Refusal::Role);
    let staff = world.record("nurse", 2117, Compartment::Chart, Some("child"), false);
    let family = world.message("mother", 2117, Compartment::Chart, None);
    assert!(over_network(&world, &staff).is_ok() && over_network(&world, &family).is_ok());
}

#[test]
fn unknown_tags_and_epoch_keys_behind_the_first_p_are_refused() {
    let mut world = World::staffed();
    let good = vitals(&mut world);
    let text = |cells: &[&str]| cells.iter().map(|c| (*c).to_owned()).collect::<Vec<_>>();
    let odd = changed(&good, "nurse", |tags| tags.push(text(&["subject", "Anna"])));
    assert_eq!(refused(&world, &odd), Refusal::Envelope);
    let e = world.e(Compartment::Desk).to_hex();
    let second = changed(&good, "nurse", |tags| tags[1][1] = e.clone());
    assert_eq!(refused(&world, &second), Refusal::Envelope);
    let bare = changed(&good, "nurse", |tags| tags.retain(|tag| tag[0] != "patient-content"));
    assert_eq!(refused(&world, &bare), Refusal::Envelope);
    let list = plain(&world, "nurse", 10002, vec![tag("p", [&e])]);
    assert_eq!(refused(&world, &list), Refusal::Envelope);
    assert!(over_network(&world, &good).is_ok());
}

#[test]
fn staff_write_about_subjects_in_force_and_answer_people_of_live_links() {
    let mut world = World::staffed();
    let of = |world: &mut World, kind, compartment, who| {
        let event = world.record("doctor", kind, compartment, Some(who), false);
        over_network(world, &event).err()
    };
    let (chart, hidden) = (Compartment::Chart, Compartment::Confidential);
    for who in ["stranger", "mother", "own", "nurse"] {
        assert_eq!(of(&mut world, 2113, chart, who), Some(Refusal::Subject), "{who}");
    }
    for who in ["child", "own", "mother"] {
        assert_eq!(of(&mut world, 2117, chart, who), None, "{who}");
    }
    assert_eq!(of(&mut world, 2117, chart, "nurse"), Some(Refusal::Subject));
    assert_eq!(of(&mut world, 2123, hidden, "own"), None);
    assert_eq!(of(&mut world, 2123, hidden, "child"), Some(Refusal::Subject));
    let rekey = world.rekey("desk", "child", "child-2");
    world.apply(&rekey).unwrap();
    assert_eq!(of(&mut world, 2113, chart, "child"), Some(Refusal::Subject));
    assert_eq!(of(&mut world, 2113, chart, "child-2"), None);
    let nobody = world.record("doctor", 2113, chart, None, false);
    assert_eq!(refused(&world, &nobody), Refusal::Envelope);
}

#[test]
fn a_barred_member_writes_nothing_about_the_patient() {
    let mut world = World::staffed();
    let key = pk("nurse");
    let bar = world.suspension("doctor", Suspended::Person(&key), Some("child"));
    world.apply(&bar).unwrap();
    let event = vitals(&mut world);
    assert_eq!(refused(&world, &event), Refusal::Suspended);
    let registration = world.patient("nurse", &pk("child"), &[]);
    assert_eq!(refused(&world, &registration), Refusal::Suspended);
    let other = world.record("nurse", 2113, Compartment::Chart, Some("other-child"), false);
    assert!(over_network(&world, &other).is_ok());
}

#[test]
fn families_book_visits_for_their_own_child_only() {
    let mut world = World::staffed();
    for (author, child, expected) in [
        ("mother", "child", None),
        ("mother", "other-child", Some(Refusal::Subject)),
        ("child", "child", None),
        ("child", "other-child", Some(Refusal::Subject)),
    ] {
        let event = world.message(author, 2126, Compartment::Desk, Some(child));
        assert_eq!(over_network(&world, &event).err(), expected, "{author} {child}");
    }
    let good = world.message("mother", 2126, Compartment::Desk, Some("child"));
    let with = |name: &str, role: &str| {
        changed(&good, "mother", |tags| tags.push(vec!["p".into(), pk(name).to_hex(), role.into()]))
    };
    assert!(over_network(&world, &with("doctor", "provider")).is_ok());
    assert!(over_network(&world, &with("mother", "guardian")).is_ok());
    assert_eq!(refused(&world, &with("stranger", "provider")), Refusal::Subject);
    assert_eq!(refused(&world, &with("father", "guardian")), Refusal::Subject);
}

#[test]
fn kinds_that_nobody_sends_are_refused_by_name() {
    let world = World::staffed();
    for (kind, refusal) in [
        (82, Refusal::BareNip82),
        (62, Refusal::ClinicalVanish),
        (1000, Refusal::LegacyKind),
        (1015, Refusal::LegacyKind),
        (2122, Refusal::KindNotTaken),
        (2128, Refusal::KindNotTaken),
        (2129, Refusal::KindNotTaken),
        (13, Refusal::KindNotTaken),
        (14, Refusal::KindNotTaken),
        (1, Refusal::KindNotTaken),
        (22242, Refusal::KindNotTaken),
        (24242, Refusal::KindNotTaken),
        (27235, Refusal::KindNotTaken),
    ] {
        assert_eq!(refused(&world, &plain(&world, "doctor", kind, vec![])), refusal, "{kind}");
    }
    assert!(over_network(&world, &plain(&world, "doctor", 10002, vec![])).is_ok());
}

#[test]
fn lists_are_their_owners_and_a_family_publishes_no_name() {
    let world = World::staffed();
    let verdict = |author: &str, kind| over_network(&world, &plain(&world, author, kind, vec![])).err();
    for family in ["child", "own", "mother"] {
        assert_eq!(verdict(family, 0), Some(Refusal::Role));
        for kind in [10002, 10050, 10063, 30078, 32225] {
            assert_eq!(verdict(family, kind), None);
        }
    }
    for staff in ["doctor", "fhir"] {
        assert_eq!((verdict(staff, 0), verdict(staff, 10050)), (None, None));
        assert_eq!(verdict(staff, 30078), Some(Refusal::Role));
    }
    assert_eq!(verdict("stranger", 10002), Some(Refusal::NotMember));
}

#[test]
fn protected_events_are_taken_from_their_author_only() {
    let world = World::staffed();
    let list = plain(&world, "child", 30078, vec![tag("-", [])]);
    assert!(from(&world, &list, &[pk("child")]).is_ok());
    assert_eq!(from(&world, &list, &[pk("mother")]), Err(Refusal::Protected));
    let wrap = plain(&world, "one-time", 1059, vec![party("nurse"), tag("-", [])]);
    assert_eq!(from(&world, &wrap, &[pk("child")]), Err(Refusal::Protected));
}

#[test]
fn expiration_is_refused_required_or_bounded_by_kind() {
    let mut world = World::staffed();
    let expires = |t: u64| vec!["expiration".to_owned(), t.to_string()];
    let now = world.now;
    let record = vitals(&mut world);
    let dated = changed(&record, "nurse", |tags| tags.push(expires(now + 100)));
    assert_eq!(refused(&world, &dated), Refusal::Expiration);
    let call = |tags: Vec<Tag>| plain(&world, "doctor", 4050, tags);
    let until = |t: u64| tag("expiration", [&t.to_string()]);
    let verdict = |tags| over_network(&world, &call(tags));
    assert_eq!(verdict(vec![party("child")]), Err(Refusal::Expiration));
    assert_eq!(verdict(vec![party("child"), until(now)]), Err(Refusal::Expired));
    assert_eq!(verdict(vec![party("child"), until(now + 3601)]), Err(Refusal::Expiration));
    assert_eq!(verdict(vec![party("child"), tag("expiration", ["soon"])]), Err(Refusal::Expiration));
    let admission = verdict(vec![party("child"), until(now + 3600)]).unwrap();
    assert_eq!((admission.expires, admission.chains.len()), (Some(now + 3600), 0));
    let wrap = plain(&world, "x", 1059, vec![party("mail"), until(now + 10_000_000)]);
    assert_eq!(over_network(&world, &wrap).unwrap().expires, Some(now + 10_000_000));
    let gone = plain(&world, "x", 1059, vec![party("mail"), until(now)]);
    assert_eq!(refused(&world, &gone), Refusal::Expired);
}

#[test]
fn signalling_goes_between_people_of_the_practice() {
    let world = World::staffed();
    let until = tag("expiration", [&(world.now + 60).to_string()]);
    let call = |author: &str, to: Tag| plain(&world, author, 4051, vec![to, until.clone()]);
    assert!(over_network(&world, &call("mother", party("doctor"))).is_ok());
    assert_eq!(refused(&world, &call("mother", party("stranger"))), Refusal::Subject);
    assert_eq!(refused(&world, &call("fhir", party("doctor"))), Refusal::Role);
}

#[test]
fn grants_of_keys_come_from_members_who_hold_them() {
    let mut world = World::staffed();
    let authority = EventId::from_byte_array([1; 32]);
    let mut grant = |author: &str, compartment, reader: &str| {
        let key = ConversationKey::from_bytes([1; 32]);
        let row = GrantRow { epoch_key: world.e(compartment), subject: pk("child"), key };
        let now = world.now;
        let event =
            build_patient_grant(&keys(author), &pk(reader), &authority, &[row], now, &mut world.random);
        over_network(&world, &event.unwrap()).err()
    };
    assert_eq!(grant("nurse", Compartment::Chart, "mother"), None);
    assert_eq!(grant("desk", Compartment::Chart, "mother"), Some(Refusal::Compartment));
    assert_eq!(grant("mother", Compartment::Chart, "child"), Some(Refusal::Role));
    assert_eq!(grant("nurse", Compartment::Chart, "stranger"), Some(Refusal::Subject));
    let secret = world.secret(Compartment::Desk).secret;
    let mut deliver = |author: &str, member: &str, n| {
        let secrets = [(Compartment::Desk, &secret)];
        let event = build_grant(&keys(author), &pk(member), n, &secrets, world.now, &mut world.random);
        over_network(&world, &event.unwrap()).err()
    };
    assert_eq!(deliver("desk", "ma", 1), None);
    assert_eq!(deliver("desk", "ma", 2), Some(Refusal::Epoch));
    assert_eq!(deliver("desk", "mother", 1), Some(Refusal::Subject));
    assert_eq!(deliver("mother", "ma", 1), Some(Refusal::Role));
}

#[test]
fn health_records_are_not_deleted_and_own_events_are() {
    let world = World::staffed();
    let id = EventId::from_byte_array([3; 32]);
    let delete = |tags: Vec<Tag>| over_network(&world, &plain(&world, "nurse", 5, tags));
    let own = pk("nurse").to_hex();
    let address = |kind: u16, owner: &str, d: &str| tag("a", [&format!("{kind}:{owner}:{d}")]);
    let admission = delete(vec![tag("e", [&id.to_hex()]), address(32111, &own, "a:b:c")]).unwrap();
    assert_eq!(admission.deletes, [id]);
    assert_eq!(admission.deletes_addresses, [(32111, "a:b:c".to_owned())]);
    let only = delete(vec![address(10002, &own, "")]).unwrap();
    assert_eq!((only.deletes.len(), only.deletes_addresses), (0, vec![(10002, String::new())]));
    let foreign = delete(vec![address(32111, &pk("ma").to_hex(), "x")]).unwrap();
    assert_eq!((foreign.deletes.len(), foreign.deletes_addresses.len()), (0, 0));
    assert_eq!(delete(vec![tag("k", ["2113"])]), Err(Refusal::ClinicalDelete));
    assert_eq!(delete(vec![address(2110, &own, "")]), Err(Refusal::ClinicalDelete));
    assert_eq!(delete(vec![]), Err(Refusal::Malformed));
    assert_eq!(delete(vec![tag("e", ["short"])]), Err(Refusal::Malformed));
    assert_eq!(delete(vec![tag("a", ["32111"])]), Err(Refusal::Malformed));
}

#[test]
fn outsiders_reach_published_inboxes_and_learn_nothing_else() {
    let mut world = World::staffed();
    let wrap = |to: &str| plain(&world, "one-time", 1059, vec![party(to)]);
    assert_eq!(from(&world, &wrap("mail"), &[]).unwrap().charge, pk("mail"));
    let epoch_key = world.e(Compartment::Chart).to_hex();
    let to_epoch = plain(&world, "one-time", 1059, vec![tag("p", [&epoch_key])]);
    for event in [wrap("child"), wrap("nurse"), wrap("nobody"), wrap("fhir"), to_epoch.clone()] {
        assert_eq!(from(&world, &event, &[]), Err(Refusal::WrapSender));
        assert_eq!(from(&world, &event, &[pk("stranger")]), Err(Refusal::WrapSender));
    }
    for sender in ["nurse", "child", "own", "mother", "fhir"] {
        assert!(from(&world, &wrap("father"), &[pk(sender)]).is_ok(), "{sender}");
    }
    for event in [wrap("nobody"), wrap("practice"), to_epoch] {
        assert_eq!(from(&world, &event, &[pk("mother")]), Err(Refusal::WrapRecipient));
    }
    let ephemeral = plain(&world, "one-time", 21059, vec![party("child")]);
    assert!(from(&world, &ephemeral, &[pk("nurse")]).unwrap().ephemeral);
    let two = plain(&world, "one-time", 1059, vec![party("child"), party("mother")]);
    assert_eq!(from(&world, &two, &[pk("nurse")]), Err(Refusal::Malformed));
    let suspended = wrap("father");
    world.suspend("doctor", "mother");
    assert_eq!(from(&world, &suspended, &[pk("mother")]), Err(Refusal::WrapSender));
}

#[test]
fn invited_keys_and_recipients_of_shares_write_to_their_host_only() {
    let mut world = World::staffed();
    let until = world.now + 1000;
    let invitation = build_invitation(&keys("mother"), &[5; 32], until, world.now);
    assert_eq!(over_network(&world, &invitation).unwrap().chains, []);
    world.apply(&invitation).unwrap();
    let hash: [u8; 32] = <sha2::Sha256 as sha2::Digest>::digest([5; 32]).into();
    let guest = pk("specialist");
    let send = |world: &World, to: &str, token: [u8; 32], authenticated: &[PublicKey], now| {
        let event = sign(&keys("one-time"), 1059, vec![party(to)], "", now);
        let invited = [(guest, token)];
        let arrival = Arrival { door: Door::Network, authenticated, invited: &invited, now };
        admit(&world.policy.now(now), &event, &arrival).err()
    };
    let now = world.now;
    assert_eq!(send(&world, "mother", hash, &[guest], now), None);
    for (to, token, authenticated, time) in [
        ("father", hash, &[guest][..], now),
        ("mother", [6; 32], &[guest][..], now),
        ("mother", hash, &[][..], now),
        ("mother", hash, &[guest][..], until),
    ] {
        assert_eq!(send(&world, to, token, authenticated, time), Some(Refusal::WrapSender));
    }
    let share = Share {
        recipient: guest,
        ids: &[EventId::from_byte_array([1; 32])],
        until,
        blob: None,
        purpose: "",
        said: None,
        created_at: now,
    };
    let share = build_share(&keys("father"), &share, &mut world.random).unwrap();
    world.apply(&share).unwrap();
    assert_eq!(send(&world, "father", [6; 32], &[guest], now), None);
}

#[test]
fn audit_anchors_come_from_the_certified_key_through_the_inner_door() {
    let world = World::staffed();
    let anchor = plain(&world, "audit", 2128, vec![tag("head", ["a", "1", "00"])]);
    assert!(by_ceremony(&world, &anchor).is_ok());
    assert_eq!(refused(&world, &anchor), Refusal::KindNotTaken);
    let forged = plain(&world, "box", 2128, vec![]);
    assert_eq!(by_ceremony(&world, &forged), Err(Refusal::NotMember));
}
