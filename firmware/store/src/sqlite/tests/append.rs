use std::sync::atomic::Ordering;

use relaybox_protocol::permissions::Compartment;
use relaybox_protocol::receipts::{ChainKey, PolicyMark};

use super::*;
use crate::StoreError;

fn chart(subject: u8) -> ChainKey {
    ChainKey::Clinical { compartment: Compartment::Chart, subject: Some(person(subject)) }
}

#[tokio::test]
async fn arrival_numbers_are_gap_free_and_survive_a_restart() {
    let bench = Bench::new().await;
    let batch = vec![event(1, 1, 1, 10), event(1, 1, 1, 10), event(2, 1, 1, 9)];
    assert_eq!(bench.store.append(batch).await.unwrap(), [stored(1), Outcome::Duplicate, stored(2)]);
    let bench = bench.restart().await;
    assert_eq!(bench.append_one(event(2, 1, 1, 9)).await, Outcome::Duplicate);
    assert_eq!(bench.append_one(event(3, 1, 1, 9)).await, stored(3));
    assert_eq!(bench.store.head().await.unwrap(), crate::Head { n: 3, m: 0 });
    assert_eq!(bench.ask("{}").await, ["1", "2", "3"]);
}

#[tokio::test]
async fn concurrent_batches_get_distinct_numbers_in_one_sequence() {
    let bench = Bench::new().await;
    let calls = (0..50u32).map(|caller| {
        let store = bench.store.clone();
        let batch = (0..4).map(|n| event(caller * 4 + n, 1, 1, 10)).collect();
        tokio::spawn(async move { store.append(batch).await.unwrap() })
    });
    let mut seqs = Vec::new();
    for call in calls.collect::<Vec<_>>() {
        for outcome in call.await.unwrap() {
            let Outcome::Stored { seq, .. } = outcome else { panic!("{outcome:?}") };
            seqs.push(seq);
        }
    }
    seqs.sort_unstable();
    assert_eq!(seqs, (1..=200).collect::<Vec<_>>());
}

#[tokio::test]
async fn received_never_falls_when_the_clock_does() {
    let bench = Bench::new().await;
    bench.append_one(event(1, 1, 1, 10)).await;
    bench.set_clock(NOW - 1000);
    assert_eq!(bench.append_one(event(2, 1, 1, 10)).await, stored(2));
    let bench = bench.restart().await;
    assert_eq!(bench.append_one(event(3, 1, 1, 10)).await, stored(3));
    bench.set_clock(NOW + 5);
    assert_eq!(bench.append_one(event(4, 1, 1, 10)).await, Outcome::Stored { seq: 4, received: NOW + 5 });
}

#[tokio::test]
async fn an_event_allowed_before_a_membership_change_is_stale_and_the_one_after_is_not() {
    let bench = Bench::new().await;
    let batch = vec![event(1, 1, 1, 10).at(0), event(2, 1, 2108, 10).at(0).moves(), event(3, 1, 1, 10).at(1)];
    assert_eq!(bench.store.append(batch).await.unwrap(), [stored(1), stored(2), Outcome::Stale]);
    assert_eq!(bench.append_one(event(3, 1, 1, 10).at(2)).await, stored(3));
    // A repeat of what was stored is OK under any members; a receipt is never stale.
    assert_eq!(bench.append_one(event(1, 1, 1, 10).at(0)).await, Outcome::Duplicate);
    assert_eq!(bench.append_one(event(4, 1, 2122, 10)).await, stored(4));
    let plan = everything("{}");
    assert!(
        matches!(bench.store.read(&plan, 1, &mut |_| {}).await, Err(StoreError::Stale(head)) if head.m == 2)
    );
    assert!(matches!(bench.store.count(&plan, 1).await, Err(StoreError::Stale(_))));
    assert!(matches!(bench.store.ids(&plan, 1).await, Err(StoreError::Stale(_))));
    assert_eq!(bench.store.count(&plan, 2).await.unwrap().1, 4);
}

#[tokio::test]
async fn a_rotation_is_stored_whole_or_not_at_all() {
    let bench = Bench::new().await;
    let rotation = vec![event(1, 1, 2105, 10).at(0).moves(), event(2, 1, 2102, 10).at(0).moves()];
    assert_eq!(bench.store.append_all(rotation.clone(), NOW).await.unwrap(), [stored(1), stored(2)]);
    let late = vec![event(3, 1, 2105, 10).at(1).moves(), event(4, 1, 2102, 10).at(1)];
    assert_eq!(bench.store.append_all(late, NOW).await.unwrap(), [Outcome::Stale; 2]);
    assert_eq!(bench.store.head().await.unwrap().n, 2);
    bench.append_one(event(5, 1, 10_002, 50).slot("")).await;
    let superseded = vec![event(6, 1, 1, 10).at(2), event(7, 1, 10_002, 40).slot("").at(2)];
    let refused = bench.store.append_all(superseded, NOW).await;
    assert!(matches!(refused, Err(StoreError::NotAll { index: 1, outcome: Outcome::Superseded })));
    assert_eq!(bench.ask(r#"{"kinds":[1]}"#).await, Vec::<String>::new());
    assert_eq!(bench.append_one(event(6, 1, 1, 10).at(2)).await, stored(4));
}

/// A receipt in the batch names the second at which the caller decided. Work queued before it may
/// have opened the commit a second earlier: found by a kill under load.
#[tokio::test]
async fn a_batch_with_its_receipts_is_stamped_with_the_second_that_they_name() {
    let bench = Bench::new().await;
    bench.append_one(event(1, 1, 1, 10)).await;
    let next = Outcome::Stored { seq: 2, received: NOW + 1 };
    assert_eq!(bench.store.append_all(vec![event(2, 1, 2105, 10).moves()], NOW + 1).await.unwrap(), [next]);
    // What follows in the same second of an earlier clock is not stamped before it.
    assert_eq!(bench.append_one(event(3, 1, 1, 10)).await, Outcome::Stored { seq: 3, received: NOW + 1 });
    let early = bench.store.append_all(vec![event(4, 1, 2105, 10).moves()], NOW).await;
    assert!(matches!(early, Err(StoreError::Conflict)), "{early:?}");
    assert_eq!(bench.store.head().await.unwrap(), crate::Head { n: 3, m: 2 });
}

#[tokio::test]
async fn the_newest_version_holds_a_slot_and_a_tie_goes_to_the_lowest_id() {
    let bench = Bench::new().await;
    assert_eq!(bench.append_one(event(5, 1, 30_078, 10).slot("a")).await, stored(1));
    assert_eq!(bench.append_one(event(6, 1, 30_078, 10).slot("a")).await, Outcome::Superseded);
    assert_eq!(bench.append_one(event(7, 1, 30_078, 9).slot("a")).await, Outcome::Superseded);
    assert_eq!(bench.append_one(event(4, 1, 30_078, 10).slot("a")).await, stored(2));
    assert_eq!(bench.append_one(event(8, 1, 30_078, 11).slot("b")).await, stored(3));
    assert_eq!(bench.append_one(event(9, 2, 30_078, 12).slot("a")).await, stored(4));
    assert_eq!(bench.ask("{}").await, ["9", "8", "4"]);
    // The replaced version does not come back.
    assert_eq!(bench.append_one(event(5, 1, 30_078, 10).slot("a")).await, Outcome::Superseded);
}

#[tokio::test]
async fn an_author_deletes_own_events_for_good_and_nobody_elses() {
    let bench = Bench::new().await;
    for n in 1..=3 {
        bench.append_one(event(n, 1, 1, 10)).await;
    }
    bench.append_one(event(4, 2, 1, 10)).await;
    bench.append_one(event(5, 1, 2113, 10)).await;
    let mut request = event(10, 1, 5, 20);
    request.deletes = vec![id(1), id(4), id(5), id(99)];
    assert_eq!(bench.append_one(request.clone()).await, stored(6));
    assert_eq!(bench.ask(r#"{"kinds":[1,2113]}"#).await, ["2", "3", "4", "5"]);
    assert_eq!(bench.append_one(event(1, 1, 1, 10)).await, Outcome::Deleted);
    assert_eq!(bench.append_one(event(99, 1, 1, 10)).await, Outcome::Deleted);
    // Neither a foreign event of that id nor a record is kept out by the author's request.
    let mut request = event(11, 1, 5, 20);
    request.deletes = vec![id(98), id(97), id(10)];
    bench.append_one(request).await;
    assert_eq!(bench.append_one(event(98, 2, 1, 10)).await, stored(8));
    assert_eq!(bench.append_one(event(97, 1, 2113, 10)).await, stored(9));
    assert_eq!(bench.ask(r#"{"kinds":[5]}"#).await, ["10", "11"]);
}

#[tokio::test]
async fn a_gift_wrap_is_deleted_by_its_addressee_for_good_and_by_no_stranger() {
    let bench = Bench::new().await;
    // Written by one-time keys 11 to 13, addressed to person 1; the last is no wrap.
    let addressed = |n: u32, author: u8, kind| {
        let mut event = event(n, author, kind, 10);
        event.keys.push(p(1));
        event
    };
    for (n, kind) in [(1, 1059), (2, 1059), (3, 1)] {
        bench.append_one(addressed(n, u8::try_from(10 + n).unwrap(), kind)).await;
    }
    let request = |n, author, ids: &[u32]| Admitted {
        deletes: ids.iter().map(|n| id(*n)).collect(),
        ..event(n, author, 5, 20)
    };
    bench.append_one(request(10, 2, &[1, 2, 3])).await;
    assert_eq!(bench.ask(r#"{"kinds":[1,1059]}"#).await, ["1", "2", "3"], "a stranger's request");
    bench.append_one(request(11, 1, &[1, 3, 4])).await;
    assert_eq!(bench.ask(r#"{"kinds":[1,1059]}"#).await, ["2", "3"], "the addressee's, of wraps only");
    bench.append_one(request(12, 12, &[2])).await;
    assert_eq!(bench.ask(r#"{"kinds":[1,1059]}"#).await, ["3"], "its author's");
    // Neither the one that was here nor the one that was not comes back, while the stranger's request
    // keeps nothing out.
    assert_eq!(bench.append_one(addressed(1, 11, 1059)).await, Outcome::Deleted);
    assert_eq!(bench.append_one(addressed(4, 14, 1059)).await, Outcome::Deleted);
    bench.append_one(request(13, 2, &[5])).await;
    assert_eq!(bench.append_one(addressed(5, 15, 1059)).await, stored(8));
}

#[tokio::test]
async fn an_address_is_deleted_up_to_the_time_of_the_request() {
    let bench = Bench::new().await;
    bench.append_one(event(1, 1, 30_078, 10).slot("a")).await;
    bench.append_one(event(2, 1, 30_078, 30).slot("b")).await;
    let mut request = event(3, 1, 5, 20);
    request.deletes_addresses = vec![(30_078, "a".into()), (30_078, "b".into())];
    bench.append_one(request).await;
    assert_eq!(bench.ask(r#"{"kinds":[30078]}"#).await, ["2"]);
    assert_eq!(bench.append_one(event(4, 1, 30_078, 20).slot("a")).await, Outcome::Deleted);
    assert_eq!(bench.append_one(event(5, 1, 30_078, 21).slot("a")).await, stored(4));
}

#[tokio::test]
async fn an_expired_event_is_never_returned_and_the_sweep_needs_the_newest_lease() {
    let bench = Bench::new().await;
    bench.append_one(event(1, 1, 1, 10).expires(NOW + 10)).await;
    bench.append_one(event(2, 1, 1, 9)).await;
    assert_eq!(bench.ask("{}").await, ["1", "2"]);
    bench.set_clock(NOW + 10);
    assert_eq!(bench.ask("{}").await, ["2"]);
    let plan = everything("{}");
    assert_eq!(bench.store.count(&plan, 2).await.unwrap().1, 1);
    assert_eq!(bench.store.ids(&plan, 2).await.unwrap().1, [(9, id(2))]);
    let lease = |name: &'static str| bench.store.lease(name, std::time::Duration::from_secs(60));
    let old = lease(crate::LEASE_EXPIRE).await.unwrap().unwrap();
    let new = lease(crate::LEASE_EXPIRE).await.unwrap().unwrap();
    assert!(new.epoch > old.epoch);
    assert!(matches!(bench.store.expire(NOW + 10, 10, &old).await, Err(StoreError::Conflict)));
    assert_eq!(bench.store.expire(NOW + 10, 10, &new).await.unwrap(), 1);
    assert_eq!(bench.store.expire(NOW + 10, 10, &new).await.unwrap(), 0);
    bench.set_clock(NOW + 100);
    assert!(matches!(bench.store.expire(NOW + 100, 10, &new).await, Err(StoreError::Conflict)));
    let left: i64 = bench.backdoor().query_row("SELECT count(*) FROM event", [], |row| row.get(0)).unwrap();
    assert_eq!(left, 1);
}

#[tokio::test]
async fn who_pays_for_a_new_version_keeps_a_number_of_their_own() {
    let bench = Bench::new().await;
    let version =
        |n, created_at| Admitted { charge: Some(person(1)), ..event(n, 1, 10_002, created_at).slot("") };
    let other = |n: u32, author| Admitted { charge: Some(person(author)), ..event(n, author, 1, 10) };
    bench.append_one(version(1, 10)).await;
    bench.append_one(other(2, 2)).await;
    bench.append_one(version(3, 11)).await;
    bench.append_one(other(4, 3)).await;
    let (payers, authors): (i64, i64) = bench
        .backdoor()
        .query_row(
            "SELECT count(DISTINCT payer), count(DISTINCT key) FROM event JOIN dictionary ON num = payer",
            [],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )
        .unwrap();
    assert_eq!((payers, authors), (3, 3));
}

#[tokio::test]
async fn numbers_looked_up_before_a_rollback_are_not_trusted_after_it() {
    let bench = Bench::new().await;
    let forked = vec![event(1, 1, 1, 10), receipt(2, chart(1), 1, Some(9), &[1])];
    assert!(matches!(bench.store.append(forked).await, Err(StoreError::Conflict)));
    assert_eq!(bench.append_one(event(3, 2, 1, 10)).await, stored(1));
    assert_eq!(bench.append_one(event(1, 1, 1, 10)).await, stored(2));
    for (author, bytes) in [(1, "1"), (2, "3")] {
        let json = format!(r#"{{"authors":["{}"]}}"#, person(author).to_hex());
        assert_eq!(bench.ask(&json).await, [bytes]);
    }
}

#[tokio::test]
async fn a_number_that_was_given_back_is_looked_up_anew() {
    let bench = Bench::new().await;
    let draft = |n, created_at, value: &str| {
        event(n, 1, 10_002, created_at).slot("").key(IndexKey::Tag(b'd', value.into()))
    };
    for (n, value) in [(1, "a"), (2, "b"), (3, "a"), (4, "b")] {
        bench.append_one(draft(n, 10 + u64::from(n), value)).await;
        assert_eq!(bench.ask(&format!(r##"{{"#d":["{value}"]}}"##)).await, [n.to_string()]);
    }
    assert_eq!(bench.ask(r##"{"#d":["a"]}"##).await, [""; 0]);
}

#[tokio::test]
async fn the_quota_counts_what_is_stored_and_frees_what_is_removed() {
    let bench = Bench::with(|config| config.quota_bytes = 100).await;
    let sized = |n, bytes: usize| Admitted {
        bytes: "x".repeat(bytes).into(),
        charge: Some(person(1)),
        ..event(n, 1, 1, 10)
    };
    assert_eq!(bench.append_one(sized(1, 60)).await, stored(1));
    assert_eq!(bench.append_one(sized(2, 41)).await, Outcome::OverQuota);
    assert_eq!(bench.append_one(sized(3, 40)).await, stored(2));
    assert_eq!(bench.append_one(Admitted { charge: Some(person(2)), ..sized(4, 41) }).await, stored(3));
    assert_eq!(bench.append_one(Admitted { charge: None, ..sized(5, 500) }).await, stored(4));
    let mut request = event(6, 1, 5, 20);
    request.deletes = vec![id(1)];
    bench.append_one(request).await;
    assert_eq!(bench.append_one(sized(2, 41)).await, stored(6));
}

#[tokio::test]
async fn a_receipt_clears_what_it_names_and_moves_its_chain() {
    let bench = Bench::new().await;
    bench.append_one(event(1, 1, 2113, 10).chain(chart(9))).await;
    bench.append_one(event(2, 1, 2110, 10).moves().chain(chart(9)).chain(ChainKey::PolicyStaff)).await;
    let due = bench.store.due(10).await.unwrap();
    assert_eq!(
        due.iter().map(|due| (due.seq, due.chain)).collect::<Vec<_>>(),
        [(1, chart(9)), (2, chart(9)), (2, ChainKey::PolicyStaff)]
    );
    assert_eq!(due[0].mark, PolicyMark::default());
    assert_eq!(bench.store.due(1).await.unwrap().len(), 1);
    assert_eq!(bench.append_one(receipt(50, ChainKey::PolicyStaff, 1, None, &[2])).await, stored(3));
    assert_eq!(bench.append_one(receipt(51, chart(9), 1, None, &[1])).await, stored(4));
    let due = bench.store.due(10).await.unwrap();
    assert_eq!((due.len(), due[0].seq, due[0].chain), (1, 2, chart(9)));
    assert_eq!(bench.store.chain_head(&chart(9)).await.unwrap(), Some((1, id(51))));
    assert_eq!(bench.store.chain_head(&ChainKey::Policy).await.unwrap(), None);
    // The next event arrives under the receipt of the policy chain.
    bench.append_one(event(3, 1, 2113, 10).chain(chart(9))).await;
    let due = bench.store.due(10).await.unwrap();
    assert_eq!(due[1].mark, PolicyMark { public: None, staff: Some(id(50)) });
    assert_eq!(bench.store.due_count().await.unwrap(), 2);
}

#[tokio::test]
async fn marks_within_one_batch_follow_the_receipts_in_it() {
    let bench = Bench::new().await;
    let batch = vec![
        event(1, 1, 2105, 10).moves().chain(ChainKey::Policy),
        receipt(50, ChainKey::Policy, 1, None, &[1]),
        event(2, 1, 2113, 10).chain(chart(9)),
    ];
    bench.store.append(batch).await.unwrap();
    let due = bench.store.due(10).await.unwrap();
    assert_eq!((due.len(), due[0].mark.public), (1, Some(id(50))));
}

#[tokio::test]
async fn a_receipt_on_another_head_is_a_conflict_and_leaves_nothing() {
    let bench = Bench::new().await;
    bench.append_one(event(1, 1, 2113, 10).chain(chart(9))).await;
    bench.append_one(receipt(50, chart(9), 1, None, &[1])).await;
    bench.append_one(event(2, 1, 2113, 10).chain(chart(9))).await;
    let fork = vec![event(3, 1, 1, 10), receipt(51, chart(9), 2, None, &[2])];
    assert!(matches!(bench.store.append(fork).await, Err(StoreError::Conflict)));
    assert_eq!(bench.store.head().await.unwrap().n, 3);
    assert_eq!(bench.store.due_count().await.unwrap(), 1);
    assert_eq!(bench.ask(r#"{"kinds":[1]}"#).await, Vec::<String>::new());
    // Repeating the stored receipt is a duplicate, and the right head is taken.
    assert_eq!(bench.append_one(receipt(50, chart(9), 1, None, &[1])).await, Outcome::Duplicate);
    assert_eq!(bench.append_one(receipt(51, chart(9), 2, Some(50), &[2])).await, stored(4));
    assert_eq!(bench.store.due_count().await.unwrap(), 0);
}

#[tokio::test]
async fn changes_list_membership_events_and_policy_receipts_in_arrival_order() {
    let bench = Bench::new().await;
    bench.append_one(event(1, 1, 2105, 10).moves().chain(ChainKey::Policy)).await;
    bench.append_one(event(2, 1, 1, 10)).await;
    bench.append_one(receipt(50, ChainKey::Policy, 1, None, &[1])).await;
    bench.append_one(receipt(51, chart(9), 1, None, &[])).await;
    let changes = |after| async move { bench.store.changes(after).await.unwrap() };
    let all = changes(0).await;
    assert_eq!(
        all.iter().map(|change| (change.seq, &*change.bytes)).collect::<Vec<_>>(),
        [(1, "1"), (3, "50")]
    );
    assert_eq!(all[0].received, NOW);
}

#[tokio::test]
async fn a_token_counts_once_until_it_has_expired() {
    let bench = Bench::new().await;
    let once = |key: &'static [u8]| bench.store.once(crate::Space::HttpAuth, key, NOW + 60);
    assert!(once(b"a").await.unwrap());
    assert!(!once(b"a").await.unwrap());
    assert!(once(b"b").await.unwrap());
    assert!(bench.store.once(crate::Space::BlossomAuth, b"a", NOW + 60).await.unwrap());
    let bench = bench.restart().await;
    assert!(!bench.store.once(crate::Space::HttpAuth, b"a", NOW + 60).await.unwrap());
    bench.clock.fetch_add(61, Ordering::SeqCst);
    assert!(bench.store.once(crate::Space::HttpAuth, b"a", NOW + 200).await.unwrap());
    let kept: i64 = bench.backdoor().query_row("SELECT count(*) FROM mark", [], |row| row.get(0)).unwrap();
    assert_eq!(kept, 1);
}

#[tokio::test]
async fn a_counter_stops_at_its_ceiling() {
    let bench = Bench::new().await;
    let spend = |n| bench.store.spend(crate::Space::Suspensions, b"k", n, 5);
    assert!(spend(3).await.unwrap());
    assert!(!spend(3).await.unwrap());
    assert!(spend(2).await.unwrap());
    assert!(!spend(1).await.unwrap());
}

#[tokio::test]
async fn a_destruction_order_takes_the_bytes_off_the_disk_and_keeps_the_id() {
    let bench = Bench::new().await;
    let secret = "a sentence that must not stay on the disk";
    bench.append_one(Admitted { bytes: secret.into(), ..event(1, 1, 2113, 10) }).await;
    bench.append_one(Admitted { bytes: "a sentence that stays".into(), ..event(2, 1, 2113, 9) }).await;
    assert_eq!(bench.store.purge(&[id(1), id(3)], id(90)).await.unwrap(), 1);
    assert_eq!(bench.ask("{}").await, ["a sentence that stays"]);
    assert_eq!(bench.append_one(event(1, 1, 2113, 10)).await, Outcome::Deleted);
    assert_eq!(bench.append_one(event(3, 2, 2113, 10)).await, Outcome::Deleted);
    let holds = |text: &str| {
        std::fs::read_dir(bench.directory.path()).unwrap().any(|file| {
            let bytes = std::fs::read(file.unwrap().path()).unwrap();
            bytes.windows(text.len()).any(|window| window == text.as_bytes())
        })
    };
    assert!(holds("a sentence that stays"));
    assert!(!holds(secret));
}

#[tokio::test]
async fn refused_bytes_are_kept_where_no_plan_reaches() {
    let bench = Bench::new().await;
    let rejected = crate::Rejected { bytes: b"{".to_vec(), reason: "sig".into(), origin: Origin::Import };
    bench.store.quarantine(vec![rejected]).await.unwrap();
    bench.append_one(event(1, 1, 1, 10)).await;
    assert_eq!(bench.ask("{}").await, ["1"]);
    let kept = bench.backdoor().query_row("SELECT reason, bytes FROM quarantine", [], |row| {
        Ok((row.get::<_, String>(0)?, row.get::<_, Vec<u8>>(1)?))
    });
    assert_eq!(kept.unwrap(), ("sig".into(), b"{".to_vec()));
}
