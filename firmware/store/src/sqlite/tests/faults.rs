//! A disk that is full, or that refuses: nothing is half-written, nothing is falsely acknowledged.

use super::*;
use crate::StoreError;

#[tokio::test]
async fn a_full_disk_refuses_whole_batches_and_recovers_when_there_is_room() {
    let bench = Bench::new().await;
    bench.append_one(event(0, 1, 1, 10)).await;
    let large = |n: u32| Admitted {
        bytes: "x".repeat(100_000).into(),
        charge: Some(person(1)),
        ..event(n, 1, 1, 10)
    };
    bench.store.limit_pages(Some(200)).await.unwrap();
    let mut acknowledged = vec![id(0)];
    let mut refused = 0;
    for n in 1..20 {
        match bench.store.append(vec![large(n), event(n + 1000, 1, 1, 9)]).await {
            Ok(outcomes) => {
                assert!(outcomes.iter().all(|outcome| matches!(outcome, Outcome::Stored { .. })));
                acknowledged.extend([id(n), id(n + 1000)]);
            }
            Err(StoreError::Unavailable(_)) => refused += 1,
            Err(error) => panic!("{error:?}"),
        }
    }
    assert!(acknowledged.len() > 3 && refused > 3, "{} {refused}", acknowledged.len());
    let stored = |bench: &Bench| {
        let store = bench.store.clone();
        async move {
            let ids: std::collections::BTreeSet<EventId> =
                store.ids(&everything("{}"), 0).await.unwrap().1.into_iter().map(|(_, id)| id).collect();
            (ids, store.head().await.unwrap().n)
        }
    };
    let expected = (acknowledged.iter().copied().collect(), acknowledged.len() as u64);
    assert_eq!(stored(&bench).await, expected);
    let bench = bench.restart().await;
    assert_eq!(stored(&bench).await, expected);
    let sound: String = bench.backdoor().query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
    assert_eq!(sound, "ok");
    bench.store.limit_pages(None).await.unwrap();
    assert_eq!(bench.append_one(large(500)).await, Outcome::Stored { seq: expected.1 + 1, received: NOW });
}

#[tokio::test]
async fn work_grouped_with_a_failure_is_refused_and_works_again() {
    let bench = Bench::new().await;
    bench.append_one(event(0, 1, 1, 10)).await;
    let mut tail = bench.store.tail(1);
    bench.backdoor().execute_batch("DROP TABLE event_id").unwrap();
    assert!(bench.store.append(vec![event(1, 1, 1, 10)]).await.is_err());
    assert!(bench.store.append_all(vec![event(1, 1, 1, 10)], NOW).await.is_err());
    bench
        .backdoor()
        .execute_batch(
            "CREATE TABLE event_id (prefix INTEGER, seq INTEGER, PRIMARY KEY (prefix, seq)) WITHOUT ROWID",
        )
        .unwrap();
    assert_eq!(bench.append_one(event(1, 1, 1, 10)).await, stored(2));
    // The tail never heard of what was not kept.
    let heard = tail.next().await.unwrap().events;
    assert_eq!(heard.iter().map(|event| event.seq).collect::<Vec<_>>(), [Some(2)]);
}

#[tokio::test]
async fn a_file_of_a_newer_version_or_of_something_else_is_refused() {
    let bench = Bench::new().await;
    bench.append_one(event(0, 1, 1, 10)).await;
    bench.backdoor().pragma_update(None, "user_version", 99).unwrap();
    let Bench { store, config, clock, directory } = bench;
    drop(store);
    assert!(matches!(open(&config, &clock).await, Err(StoreError::NewerSchema { found: 99, known: 1 })));
    assert!(matches!(Store::check_file(&config).await, Err(StoreError::NewerSchema { .. })));
    let text = directory.path().join("text.db");
    std::fs::write(&text, "this is no database, and long enough to be looked at as one ".repeat(100))
        .unwrap();
    assert!(matches!(open(&StoreConfig::at(&text), &clock).await, Err(StoreError::Corrupt(_))));
    assert!(matches!(
        open(&StoreConfig::at(directory.path().join("no/such/directory.db")), &clock).await,
        Err(StoreError::Unavailable(_))
    ));
}

#[tokio::test]
async fn a_closed_store_is_one_file_that_can_be_copied_by_itself() {
    let bench = Bench::new().await;
    bench.append_one(event(0, 1, 1, 10)).await;
    assert_eq!(bench.ask("{}").await.len(), 1, "a reader was open");
    let Bench { store, config, clock, directory } = bench;
    drop(store);
    let names = std::fs::read_dir(directory.path()).unwrap();
    let names: Vec<_> = names.map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names, ["practice.db"]);
    let copy = directory.path().join("copy.db");
    std::fs::copy(&config.path, &copy).unwrap();
    let copy = open(&StoreConfig::at(copy), &clock).await.unwrap();
    assert_eq!(copy.head().await.unwrap().n, 1);
}
