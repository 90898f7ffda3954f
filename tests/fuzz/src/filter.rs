//! Filters and their plans: `["person", {filter}, …]`, asked by that person of the practice.

use std::collections::BTreeSet;

use relaybox_process::config::RelayConfig;
use relaybox_protocol::event::index_keys;
use relaybox_protocol::refusal::Refusal;
use relaybox_protocol::scope::{Branch, IndexKey, Scope};
use relaybox_protocol::{Event, Filter};
use relaybox_relay::frame::{Frame, FrameError, parse};
use relaybox_store::Plan;
use serde_json::value::RawValue;

use super::practice::PRACTICE;
use super::{OK, Verdict};

pub fn run(input: &[u8]) -> Verdict {
    let parts: Vec<&RawValue> = serde_json::from_slice(input).unwrap_or_default();
    let Some((name, filters)) = parts.split_first() else { return Refusal::FrameMalformed.code() };
    let name: String = serde_json::from_str(name.get()).unwrap_or_default();
    let person = PRACTICE.people.get(&name).copied().unwrap_or_else(|| PRACTICE.person("stranger"));
    let filters: Vec<&str> = filters.iter().map(|filter| filter.get()).collect();
    let separator = if filters.is_empty() { "" } else { "," };
    let request = format!("[\"REQ\",\"s\"{separator}{}]", filters.join(","));
    let filters = match parse(&request, &RelayConfig::default()) {
        Ok(Frame::Req { filters, .. }) => filters,
        Ok(other) => panic!("a REQ was read as {other:?}"),
        Err(FrameError::Frame(refusal) | FrameError::Subscription { refusal, .. }) => return refusal.code(),
        Err(other) => panic!("a REQ was answered with {other:?}"),
    };
    let scope = Scope::of(&PRACTICE.view(), &person);
    match Plan::build(&filters, &scope) {
        Ok(plan) => {
            stays_inside(&plan, &scope);
            finds_what_both_say(&plan, &filters, &scope);
            OK
        }
        Err(refusal) => refusal.code(),
    }
}

/// Each branch of the plan is a branch of the scope with more conditions, never with fewer.
fn stays_inside(plan: &Plan, scope: &Scope) {
    for planned in plan.groups.iter().flat_map(|group| &group.branches) {
        let inside = scope.branches.iter().any(|branch| narrows(&planned.branch, branch));
        assert!(inside, "a branch outside the scope: {:?}", planned.branch);
    }
}

fn narrows(planned: &Branch, scope: &Branch) -> bool {
    let conditions = || std::iter::once(&planned.keys).chain(&planned.also).filter(|set| !set.is_empty());
    let asked = |set: &BTreeSet<IndexKey>| conditions().any(|condition| condition.is_subset(set));
    (scope.keys.is_empty() || asked(&scope.keys))
        && scope.also.iter().all(asked)
        && within(planned.kinds.as_ref(), scope.kinds.as_ref())
        && within(planned.ids.as_ref(), scope.ids.as_ref())
        && scope.except.is_subset(&planned.except)
}

fn within<T: Ord>(planned: Option<&BTreeSet<T>>, scope: Option<&BTreeSet<T>>) -> bool {
    match (planned, scope) {
        (_, None) => true,
        (None, Some(_)) => false,
        (Some(planned), Some(scope)) => planned.is_subset(scope),
    }
}

/// Of the practice's events, the plan finds exactly those that filter and scope both cover.
fn finds_what_both_say(plan: &Plan, filters: &[Filter], scope: &Scope) {
    for event in PRACTICE.events.iter().chain(&PRACTICE.receipts) {
        let keys = index_keys(event);
        let planned = plan.groups.iter().flat_map(|group| &group.branches).any(|planned| {
            let at = event.created_at.as_secs();
            planned.branch.permits(event, &keys)
                && planned.since.is_none_or(|since| at >= since)
                && planned.until.is_none_or(|until| at <= until)
        });
        let asked = filters.iter().any(|filter| asks_for(filter, event, &keys));
        assert_eq!(planned, asked && scope.permits(event, &keys), "{}", event.id);
    }
}

/// NIP-01 read literally.
fn asks_for(filter: &Filter, event: &Event, keys: &[IndexKey]) -> bool {
    let tagged = |letter: u8, values: &BTreeSet<String>| {
        values.iter().any(|value| keys.contains(&IndexKey::Tag(letter, value.clone())))
    };
    filter.limit != Some(0)
        && filter.ids.as_ref().is_none_or(|ids| ids.contains(&event.id))
        && filter.authors.as_ref().is_none_or(|authors| authors.contains(&event.pubkey))
        && filter.kinds.as_ref().is_none_or(|kinds| kinds.contains(&event.kind))
        && filter.since.is_none_or(|since| event.created_at >= since)
        && filter.until.is_none_or(|until| event.created_at <= until)
        && filter.generic_tags.iter().all(|(letter, values)| tagged(letter.as_byte(), values))
}
