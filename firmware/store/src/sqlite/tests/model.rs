//! The engine against a model that filters and sorts a list.

use std::collections::BTreeSet;

use proptest::prelude::*;
use relaybox_protocol::Kind;

use super::*;

fn keys() -> impl Strategy<Value = IndexKey> {
    prop_oneof![
        (1..5u8).prop_map(|n| IndexKey::Author(person(n))),
        (1..8u8).prop_map(p),
        (0..3u8).prop_map(|n| IndexKey::Tag(b'c', n.to_string())),
    ]
}

fn key_set(max: usize) -> impl Strategy<Value = BTreeSet<IndexKey>> {
    prop::collection::btree_set(keys(), 0..=max)
}

fn events() -> impl Strategy<Value = Vec<Admitted>> {
    let one = (1..5u8, 0..6u16, 0..12u64, key_set(4), prop::option::weighted(0.1, 0..2u64));
    prop::collection::vec(one, 0..80).prop_map(|events| {
        let number =
            |(n, (author, kind, created_at, keys, expires)): (usize, (_, _, _, BTreeSet<_>, Option<u64>))| {
                let tags = keys.into_iter().filter(|key| matches!(key, IndexKey::Tag(..)));
                // Ids are spread, so that their order is not that of arrival.
                let n = u32::try_from(n).unwrap().wrapping_mul(0x9E37_79B1);
                let event = tags.fold(event(n, author, kind, created_at), With::key);
                Admitted { expires: expires.map(|later| NOW + later), ..event }
            };
        events.into_iter().enumerate().map(number).collect()
    })
}

fn picked_ids() -> impl Strategy<Value = BTreeSet<EventId>> {
    prop::collection::btree_set((0..90u32).prop_map(|n| id(n.wrapping_mul(0x9E37_79B1))), 1..20)
}

fn branches() -> impl Strategy<Value = Vec<Branch>> {
    let kinds = prop::option::weighted(0.3, prop::collection::btree_set(0..6u16, 1..4));
    let ids = prop::option::weighted(0.1, picked_ids());
    let also = prop::collection::vec(prop::collection::btree_set(keys(), 1..4), 0..2);
    let one = (key_set(4), kinds, ids, also, key_set(1), any::<bool>()).prop_map(
        |(keys, kinds, ids, also, except, narrow)| Branch { keys, kinds, ids, also, except, narrow },
    );
    prop::collection::vec(one, 0..4)
}

fn filters() -> impl Strategy<Value = Vec<Filter>> {
    let one = (
        prop::option::weighted(0.1, picked_ids()),
        prop::option::weighted(0.3, prop::collection::btree_set((1..6u8).prop_map(person), 0..3)),
        prop::option::weighted(0.4, prop::collection::btree_set((0..7u16).prop_map(Kind::from), 0..4)),
        prop::option::weighted(
            0.4,
            prop::collection::btree_set((1..8u8).prop_map(|n| person(n).to_hex()), 0..3),
        ),
        prop::option::weighted(0.2, prop::collection::btree_set((0..4u8).prop_map(|n| n.to_string()), 1..3)),
        prop::option::weighted(0.2, 0..12u64),
        prop::option::weighted(0.2, 0..12u64),
        prop::option::weighted(0.4, 0..12usize),
    );
    let build = |(ids, authors, kinds, p, c, since, until, limit): (
        _,
        _,
        _,
        Option<_>,
        Option<_>,
        Option<u64>,
        Option<u64>,
        _,
    )| {
        let mut filter = Filter { ids, authors, kinds, limit, ..Filter::new() };
        filter.since = since.map(Into::into);
        filter.until = until.map(Into::into);
        let tags = [("p", p), ("c", c)];
        for (name, values) in tags {
            if let (Some(values), Ok(letter)) = (values, name.parse()) {
                filter.generic_tags.insert(letter, values);
            }
        }
        filter
    };
    prop::collection::vec(one.prop_map(build), 1..4)
}

fn permits(branch: &Branch, event: &Admitted) -> bool {
    let any = |set: &BTreeSet<IndexKey>| event.keys.iter().any(|key| set.contains(key));
    (branch.keys.is_empty() || any(&branch.keys))
        && branch.kinds.as_ref().is_none_or(|kinds| kinds.contains(&event.kind))
        && branch.ids.as_ref().is_none_or(|ids| ids.contains(&event.id))
        && branch.also.iter().all(any)
        && !any(&branch.except)
}

fn matches(filter: &Filter, event: &Admitted) -> bool {
    let tags = |letter: u8, values: &BTreeSet<String>| {
        event
            .keys
            .iter()
            .any(|key| matches!(key, IndexKey::Tag(l, value) if *l == letter && values.contains(value)))
    };
    filter.ids.as_ref().is_none_or(|ids| ids.contains(&event.id))
        && filter.authors.as_ref().is_none_or(|authors| authors.contains(&event.author))
        && filter.kinds.as_ref().is_none_or(|kinds| kinds.contains(&Kind::from(event.kind)))
        && filter.since.is_none_or(|since| event.created_at >= since.as_secs())
        && filter.until.is_none_or(|until| event.created_at <= until.as_secs())
        && filter.generic_tags.iter().all(|(letter, values)| tags(letter.as_byte(), values))
}

/// Bytes of the answer, by brute force.
fn model(events: &[Admitted], filters: &[Filter], scope: &[Branch], now: u64) -> Vec<(u64, EventId)> {
    let mut sorted: Vec<&Admitted> =
        events.iter().filter(|event| event.expires.is_none_or(|at| at > now)).collect();
    sorted.sort_by_key(|event| (std::cmp::Reverse(event.created_at), event.id));
    let mut taken = BTreeSet::new();
    for filter in filters {
        let found = sorted
            .iter()
            .filter(|event| matches(filter, event) && scope.iter().any(|branch| permits(branch, event)))
            .take(filter.limit.unwrap_or(usize::MAX));
        taken.extend(found.map(|event| event.id));
    }
    sorted
        .into_iter()
        .filter(|event| taken.contains(&event.id))
        .map(|event| (event.created_at, event.id))
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn prop_answers_are_those_of_a_filtered_and_sorted_list(
        events in events(),
        asked in prop::collection::vec((filters(), branches()), 12),
        removed in prop::collection::btree_set(0..80usize, 0..6),
        inline in 1..40usize,
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let bench = Bench::with(|config| {
                config.inline_rows_max = inline;
                config.synchronous_full = false;
            })
            .await;
            // What comes after the purge meets dictionary numbers that were given back.
            let (early, late) = events.split_at(events.len() / 2);
            bench.store.append(early.to_vec()).await.unwrap();
            let gone: Vec<EventId> = removed.iter().filter_map(|n| events.get(*n)).map(|event| event.id).collect();
            bench.store.purge(&gone, id(1)).await.unwrap();
            bench.store.append(late.to_vec()).await.unwrap();
            bench.set_clock(NOW + 1);
            let left: Vec<Admitted> = events.into_iter().filter(|event| !gone.contains(&event.id)).collect();
            for (filters, branches) in asked {
                let plan = Plan::build(&filters, &Scope { branches: branches.clone() }).unwrap();
                let expected = model(&left, &filters, &branches, NOW + 1);
                let bytes: Vec<String> = expected
                    .iter()
                    .filter_map(|(_, id)| left.iter().find(|event| event.id == *id))
                    .map(|event| event.bytes.to_string())
                    .collect();
                assert_eq!(bench.read_bytes(&plan).await, bytes, "{filters:?} {branches:?}");
                assert_eq!(bench.store.ids(&plan, 0).await.unwrap().1, expected);
                assert_eq!(bench.store.count(&plan, 0).await.unwrap().1, expected.len() as u64);
            }
        });
    }
}
