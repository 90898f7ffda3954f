use relaybox_protocol::refusal::Refusal;

use super::*;
use crate::{Answer, StoreError};

const NOTHING: [&str; 0] = [];

async fn answer(bench: &Bench, plan: &Plan) -> Answer {
    bench.store.read(plan, u64::MAX, &mut |_| {}).await.unwrap()
}

#[tokio::test]
async fn events_of_one_second_come_lowest_id_first_whatever_their_arrival() {
    let bench = Bench::new().await;
    for (n, created_at) in [(3, 10), (1, 10), (2, 10), (9, 11), (0, 9)] {
        bench.append_one(event(n, 1, 1, created_at)).await;
    }
    assert_eq!(bench.ask("{}").await, ["9", "1", "2", "3", "0"]);
    assert_eq!(bench.ask(r#"{"limit":2}"#).await, ["9", "1"]);
    assert_eq!(bench.ask(r#"{"since":10,"until":10}"#).await, ["1", "2", "3"]);
}

#[tokio::test]
async fn ids_that_begin_alike_are_told_apart() {
    let bench = Bench::new().await;
    let mut twin = id(1).to_bytes();
    twin[31] = 0;
    let twin = EventId::from_byte_array(twin);
    bench.append_one(event(1, 1, 1, 10)).await;
    assert_eq!(bench.append_one(Admitted { id: twin, ..event(2, 1, 1, 10) }).await, stored(2));
    assert_eq!(bench.ask(&format!(r#"{{"ids":["{}"]}}"#, id(1).to_hex())).await, ["1"]);
    assert_eq!(bench.ask(&format!(r#"{{"ids":["{}"]}}"#, twin.to_hex())).await, ["2"]);
    assert_eq!(bench.ask("{}").await.len(), 2);
}

#[tokio::test]
async fn each_filter_has_its_own_limit_and_each_event_comes_once() {
    let bench = Bench::new().await;
    for n in 0..10 {
        bench.append_one(event(n, 1 + u8::try_from(n % 2).unwrap(), 1, u64::from(n))).await;
    }
    let filters =
        [filter(r#"{"limit":2}"#), filter(&format!(r#"{{"authors":["{}"],"limit":3}}"#, person(1).to_hex()))];
    let plan = Plan::unscoped(&filters).unwrap();
    assert_eq!(bench.read_bytes(&plan).await, ["9", "8", "6", "4"]);
    assert_eq!(bench.store.count(&plan, 10).await.unwrap().1, 4);
}

#[tokio::test]
async fn an_answer_says_whether_a_limit_ended_it() {
    let bench = Bench::new().await;
    for n in 0..5 {
        bench.append_one(event(n, 1, 1, 10)).await;
    }
    assert!(answer(&bench, &everything("{}")).await.complete);
    assert!(answer(&bench, &everything(r#"{"limit":6}"#)).await.complete);
    assert!(!answer(&bench, &everything(r#"{"limit":4}"#)).await.complete);
    let subscription = everything(r#"{"limit":0}"#);
    assert!(answer(&bench, &subscription).await.complete);
    assert_eq!(bench.read_bytes(&subscription).await, NOTHING);
}

#[tokio::test]
async fn an_empty_set_in_a_filter_matches_nothing() {
    let bench = Bench::new().await;
    bench.append_one(event(1, 1, 1, 10).key(p(3))).await;
    for empty in [
        r#"{"ids":[]}"#,
        r#"{"authors":[]}"#,
        r#"{"kinds":[]}"#,
        r##"{"#p":[]}"##,
        r#"{"since":11,"until":10}"#,
    ] {
        assert_eq!(bench.ask(empty).await, NOTHING, "{empty}");
    }
    assert_eq!(bench.ask(&format!(r##"{{"#p":["{}"]}}"##, person(3).to_hex())).await, ["1"]);
}

#[test]
fn search_and_receipts_by_event_are_refused_and_their_neighbours_are_not() {
    let build = |json: &str| Plan::unscoped(&[filter(json)]).map(|_| ());
    let by_event = format!(r##""#e":["{}"]"##, id(1).to_hex());
    assert_eq!(build(r#"{"search":"x"}"#), Err(Refusal::Filter));
    assert_eq!(build(&format!(r#"{{"kinds":[2122,2113],{by_event}}}"#)), Err(Refusal::ReceiptsByEvent));
    assert_eq!(build(&format!(r#"{{"kinds":[2113],{by_event}}}"#)), Ok(()));
    assert_eq!(build(r##"{"kinds":[2122],"#c":["policy"]}"##), Ok(()));
}

#[tokio::test]
async fn an_empty_scope_reads_nothing_of_what_is_there() {
    let bench = Bench::new().await;
    bench.append_one(event(1, 1, 1, 10)).await;
    assert_eq!(bench.read_bytes(&scoped("{}", vec![])).await, NOTHING);
    assert_eq!(bench.read_bytes(&scoped("{}", vec![narrow(&[IndexKey::Author(person(1))])])).await, ["1"]);
}

#[tokio::test]
async fn a_scope_is_a_union_and_conjunctions_and_exclusions_narrow_it() {
    let bench = Bench::new().await;
    // Epoch keys 50 (chart) and 51 (confidential); children 60 and 61.
    bench.append_one(event(1, 1, 2113, 10).key(p(50)).key(p(60))).await;
    bench.append_one(event(2, 1, 2123, 9).key(p(51)).key(p(60))).await;
    bench.append_one(event(3, 1, 2113, 8).key(p(50)).key(p(61))).await;
    bench.append_one(event(4, 60, 2117, 7).key(p(50))).await;
    let guardian = Branch { also: vec![[p(50)].into()], ..narrow(&[p(60)]) };
    let own = narrow(&[IndexKey::Author(person(60))]);
    assert_eq!(bench.read_bytes(&scoped("{}", vec![guardian.clone(), own])).await, ["1", "4"]);
    let asks_epoch = format!(r##"{{"#p":["{}"]}}"##, person(50).to_hex());
    assert_eq!(bench.read_bytes(&scoped(&asks_epoch, vec![guardian.clone()])).await, ["1"]);
    let asks_other = format!(r##"{{"#p":["{}"]}}"##, person(61).to_hex());
    assert_eq!(bench.read_bytes(&scoped(&asks_other, vec![guardian])).await, NOTHING);
    let barred = Branch { keys: [p(50), p(51)].into(), except: [p(60)].into(), ..Branch::default() };
    assert_eq!(bench.read_bytes(&scoped("{}", vec![barred])).await, ["3", "4"]);
    let disclosed = Branch { ids: Some([id(2), id(3)].into()), ..Branch::default() };
    assert_eq!(bench.read_bytes(&scoped(r#"{"kinds":[2113]}"#, vec![disclosed])).await, ["3"]);
}

#[tokio::test]
async fn a_long_answer_is_the_same_as_many_short_ones() {
    let bench = Bench::with(|config| {
        config.inline_rows_max = 7;
        config.synchronous_full = false;
    })
    .await;
    let batch = (0..1000).map(|n| Admitted {
        bytes: format!("{n:>2000}").into(),
        ..event(n, u8::try_from(n % 5).unwrap() + 1, u16::try_from(n % 7).unwrap(), u64::from(n / 3))
    });
    bench.store.append(batch.collect()).await.unwrap();
    let whole = bench.ask("{}").await;
    assert_eq!(whole.len(), 1000);
    let mut expected: Vec<u32> = (0..1000).collect();
    expected.sort_by_key(|n| (std::cmp::Reverse(n / 3), *n));
    assert!(whole.iter().zip(&expected).all(|(bytes, n)| bytes.trim() == n.to_string()));
    assert_eq!(bench.store.count(&everything("{}"), 0).await.unwrap().1, 1000);
    let ids = bench.store.ids(&everything("{}"), 0).await.unwrap().1;
    assert_eq!(
        ids.iter().map(|(_, id)| *id).collect::<Vec<_>>(),
        expected.iter().map(|n| id(*n)).collect::<Vec<_>>()
    );
}

#[tokio::test]
async fn a_snapshot_of_a_long_answer_does_not_see_what_comes_meanwhile() {
    let bench = Bench::with(|config| config.inline_rows_max = 1).await;
    bench.store.append((0..600).map(|n| event(n, 1, 1, 10)).collect()).await.unwrap();
    let store = bench.store.clone();
    let mut writing = None;
    let (mut rows, plan) = (0, everything("{}"));
    let answer = bench
        .store
        .read(&plan, 0, &mut |_| {
            rows += 1;
            let store = store.clone();
            writing.get_or_insert_with(|| {
                tokio::spawn(async move { store.append(vec![event(5000, 1, 1, 10)]).await.unwrap() })
            });
        })
        .await
        .unwrap();
    assert_eq!((rows, answer.head.n), (600, 600));
    assert_eq!(writing.unwrap().await.unwrap(), [stored(601)]);
}

#[tokio::test]
async fn negentropy_stops_at_its_bound() {
    let bench = Bench::with(|config| config.neg_ids_max = 5).await;
    bench
        .store
        .append((0..6).map(|n| event(n, 1, 1 + u16::try_from(n % 2).unwrap(), 10)).collect())
        .await
        .unwrap();
    assert!(matches!(bench.store.ids(&everything("{}"), 0).await, Err(StoreError::TooMany)));
    assert_eq!(bench.store.ids(&everything(r#"{"kinds":[1]}"#), 0).await.unwrap().1.len(), 3);
}
