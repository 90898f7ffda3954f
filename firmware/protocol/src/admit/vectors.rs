//! Runs `tests/vectors/permissions.json`: every role, kind, act and compartment, each as a signed
//! event that the admission rule decides.

use serde_json::Value;

use super::tests::over_network;
use crate::drafts::{self, Draft};
use crate::grants::LinkEntry;
use crate::kinds;
use crate::permissions::{Compartment, Role, Word, may_hold, preticked, word_for};
use crate::policy::world::{World, keys};
use crate::{Event, Keys};

fn vectors() -> Value {
    let text = include_str!("../../../../tests/vectors/permissions.json");
    serde_json::from_str(text).unwrap()
}

struct Case {
    kind: u16,
    act: bool,
    compartment: Compartment,
    verdict: String,
}

fn cases(entry: &Value) -> Vec<Case> {
    let rows = entry["rows"].as_array().unwrap();
    let case = |row: &Value| Case {
        kind: u16::try_from(row[0].as_u64().unwrap()).unwrap(),
        act: row[1].as_bool().unwrap(),
        compartment: Compartment::parse(row[2].as_str().unwrap()).unwrap(),
        verdict: row[3].as_str().unwrap().to_owned(),
    };
    rows.iter().map(case).collect()
}

fn verdict(world: &World, event: &Event) -> String {
    over_network(world, event).map_or_else(|refusal| refusal.code().to_owned(), |_| "ok".to_owned())
}

fn draft(world: &mut World, author: &Keys, kind: u16, compartment: Compartment) -> Event {
    let d = if kind == kinds::DRAFT { "a".repeat(32) } else { "a".repeat(64) };
    let state = serde_json::Map::new();
    let draft = Draft { kind, d: &d, state: &state, expiration: world.now + 100, created_at: world.now };
    let pair = world.secret(compartment);
    drafts::build(author, &pair, &draft, &mut world.random).unwrap()
}

#[test]
fn every_combination_of_role_kind_act_and_compartment_is_decided_as_the_table_says() {
    let vectors = vectors();
    let mut count = 0;
    for entry in vectors["members"].as_array().unwrap() {
        let role = Role::parse(entry["role"].as_str().unwrap()).unwrap();
        let words: Vec<Word> = entry["words"]
            .as_array()
            .unwrap()
            .iter()
            .map(|word| Word::parse(word.as_str().unwrap()).unwrap())
            .collect();
        let mut world = World::staffed();
        world.hire("person", role, &words);
        for case in cases(entry) {
            let event = match case.kind {
                kinds::DRAFT | kinds::SHARED_STATE => {
                    draft(&mut world, &keys("person"), case.kind, case.compartment)
                }
                kind => {
                    let second = if kind == kinds::CONFIDENTIAL { "own" } else { "child" };
                    world.record("person", kind, case.compartment, Some(second), case.act)
                }
            };
            let Case { kind, act, compartment, verdict: expected } = case;
            assert_eq!(verdict(&world, &event), expected, "{role:?} {kind} {act} {compartment:?}");
            count += 1;
        }
    }
    assert!(count > 1000);
}

#[test]
fn every_combination_of_family_kind_act_and_compartment_is_decided_as_the_table_says() {
    let vectors = vectors();
    let mut world = World::staffed();
    let desk_only = |entry: &mut LinkEntry<'_>| entry.compartments = &[Compartment::Desk];
    let link = world.link_with("desk", "child", "aunt", desk_only);
    world.apply(&link).unwrap();
    for entry in vectors["families"].as_array().unwrap() {
        let person = entry["person"].as_str().unwrap();
        let author = match person {
            "subject" => "child",
            "own" => "own",
            "guardian" => "mother",
            _ => "aunt",
        };
        for case in cases(entry) {
            let second = (case.kind == kinds::VISIT).then_some("child");
            let event = world.one_copy(author, case.kind, case.compartment, second, case.act);
            let Case { kind, act, compartment, verdict: expected } = case;
            assert_eq!(verdict(&world, &event), expected, "{person} {kind} {act} {compartment:?}");
        }
    }
}

#[test]
fn words_of_roles_and_kinds_are_those_of_the_table() {
    let vectors = vectors();
    for role in Role::ALL {
        for word in Word::ALL {
            let held = vectors["held"][role.as_str()][word.as_str()].as_bool().unwrap();
            assert_eq!(may_hold(role, word), held, "{role:?} {word:?}");
        }
        assert!(preticked(role).iter().all(|word| may_hold(role, *word)));
    }
    let words = vectors["words"].as_object().unwrap();
    for kind in 0..=u16::MAX {
        let expected = words.get(&kind.to_string()).map(|word| word.as_str().unwrap());
        assert_eq!(word_for(kind).map(Word::as_str), expected, "{kind}");
    }
    assert_eq!(words.len(), 19);
}
