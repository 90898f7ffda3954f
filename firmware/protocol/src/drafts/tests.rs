use serde_json::json;

use super::*;
use crate::Tag;
use crate::event::Verified;
use crate::testing::{keys, random};

const NOW: u64 = 1_790_000_000;

fn pair() -> EpochSecret {
    EpochSecret::new(keys("epoch").secret_key().clone())
}

fn draft(kind: u16, d: &str) -> Event {
    let state = json!({"note": "unsigned"}).as_object().unwrap().clone();
    let draft = Draft { kind, d, state: &state, expiration: NOW + 60, created_at: NOW };
    build(&keys("doctor"), &pair(), &draft, &mut random("draft")).unwrap()
}

#[test]
fn drafts_and_shared_state_open_for_holders_of_the_compartment() {
    let name = draft_name(&mut random("d"));
    let shared = shared_name(&pair().secret, "inbox/marks");
    for (kind, d) in [(kinds::DRAFT, &name), (kinds::SHARED_STATE, &shared)] {
        let event = draft(kind, d);
        let shape = parse(&event).unwrap();
        assert_eq!((&shape.d, shape.epoch_key, shape.expiration), (d, pair().public, NOW + 60));
        assert_eq!(open(&event, &pair().practice_key().unwrap()).unwrap()["note"], "unsigned");
        assert_eq!(open(&event, &ConversationKey::from_bytes([1; 32])), None);
        assert_eq!(event.tags.iter().map(Tag::kind).collect::<Vec<_>>(), ["d", "p", "enc", "expiration"]);
        assert!(Verified::from_event(event).is_ok());
    }
}

#[test]
fn a_shared_name_is_stable_and_opaque() {
    let name = shared_name(&pair().secret, "inbox/marks");
    assert_eq!(name, shared_name(&pair().secret, "inbox/marks"));
    assert_ne!(name, shared_name(&pair().secret, "inbox/mark"));
    assert_ne!(name, shared_name(keys("other epoch").secret_key(), "inbox/marks"));
    assert_ne!(draft_name(&mut random("a")), draft_name(&mut random("b")));
}

#[test]
fn a_new_version_is_always_newer() {
    assert_eq!(next_created_at(NOW, None), NOW);
    assert_eq!(next_created_at(NOW, Some(NOW - 9)), NOW);
    assert_eq!(next_created_at(NOW, Some(NOW)), NOW + 1);
    assert_eq!(next_created_at(NOW, Some(NOW + 60)), NOW + 61);
}

#[test]
fn another_shape_is_no_draft() {
    let name = draft_name(&mut random("d"));
    let event = draft(kinds::DRAFT, &name);
    assert!(parse(&event).is_some());
    let changed = |kind: u16, change: &dyn Fn(&mut Vec<Tag>)| {
        let mut tags = event.tags.clone().to_vec();
        change(&mut tags);
        parse(&event::sign(&keys("doctor"), kind, tags, event.content.clone(), NOW))
    };
    for at in 0..4 {
        assert_eq!(changed(kinds::DRAFT, &|tags| drop(tags.remove(at))), None, "without tag {at}");
        assert_eq!(changed(kinds::DRAFT, &|tags| tags.push(tags[at].clone())), None, "tag {at} twice");
    }
    assert_eq!(changed(kinds::SHARED_STATE, &|_| ()), None);
    assert_eq!(changed(30_078, &|_| ()), None);
    assert_eq!(changed(kinds::DRAFT, &|tags| tags[0] = tag("d", ["patient-name"])), None);
    assert_eq!(changed(kinds::DRAFT, &|tags| tags.push(tag("t", ["x"]))), None);
}
