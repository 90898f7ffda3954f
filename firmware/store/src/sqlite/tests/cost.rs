//! What an answer costs, in index entries and rows touched, not in time.

use super::*;
use crate::sqlite::scan::{Progress, Scan, Want};
use crate::sqlite::{migrate, sql};

const CHART: u8 = 250;
const DESK: u8 = 251;
const DOCTOR: u8 = 252;

fn subject(n: u16) -> IndexKey {
    IndexKey::Tag(b'p', format!("{n:064x}"))
}

/// A practice of so many patients: 40 chart and 5 desk events each, by one doctor.
async fn practice(patients: u16) -> Bench {
    let bench = Bench::with(|config| config.synchronous_full = false).await;
    for patient in 0..patients {
        let events = (0..45u32).map(|n| {
            let (epoch, kind) =
                if n < 40 { (CHART, 2111 + u16::try_from(n % 8).unwrap()) } else { (DESK, 2126) };
            let number = u32::from(patient) * 100 + n;
            event(number, DOCTOR, kind, 1000 + u64::from(n)).key(p(epoch)).key(subject(patient))
        });
        bench.store.append(events.collect()).await.unwrap();
    }
    bench
}

/// Rows of the answer, and steps taken for it.
fn cost(bench: &Bench, plan: &Plan) -> (usize, usize) {
    let conn = migrate::open_reader(&bench.config.path, 1024).unwrap();
    let mut scan = Scan::start(&conn, plan, NOW).unwrap();
    let mut rows = 0;
    let progress = scan.run(&conn, usize::MAX, &mut Want::Rows(&mut |_| rows += 1)).unwrap();
    assert_eq!(progress, Progress::Done);
    (rows, scan.steps)
}

fn guardian() -> Vec<Branch> {
    vec![Branch { also: vec![[p(CHART), p(DESK)].into()], ..narrow(&[subject(7)]) }]
}

fn doctor() -> Vec<Branch> {
    vec![
        Branch { keys: [p(CHART), p(DESK)].into(), except: [subject(3)].into(), ..Branch::default() },
        narrow(&[p(DOCTOR)]),
    ]
}

#[tokio::test]
async fn a_guardian_pays_for_the_childs_rows_whatever_is_asked() {
    let (small, large) = (practice(15).await, practice(150).await);
    let epoch = person(CHART).to_hex();
    let doctor = person(DOCTOR).to_hex();
    let asked = [
        ("{}".to_owned(), 45),
        (format!(r##"{{"#p":["{epoch}"]}}"##), 40),
        (format!(r##"{{"#p":["{epoch}"],"limit":10}}"##), 10),
        (format!(r#"{{"authors":["{doctor}"]}}"#), 45),
        (r#"{"kinds":[2111,2126]}"#.to_owned(), 10),
        (r#"{"kinds":[2120]}"#.to_owned(), 0),
        (format!(r#"{{"ids":["{}"]}}"#, id(701).to_hex()), 1),
        (format!(r#"{{"ids":["{}"]}}"#, id(801).to_hex()), 0),
    ];
    for (json, rows) in asked {
        let plan = scoped(&json, guardian());
        let (found, steps) = cost(&small, &plan);
        assert_eq!(found, rows, "{json}");
        assert_eq!(cost(&large, &plan), (found, steps), "{json}");
        assert!(steps < 250, "{json}: {steps}");
    }
}

#[tokio::test]
async fn a_doctor_pays_for_the_patient_or_the_page_asked_for() {
    let (small, large) = (practice(15).await, practice(150).await);
    let patient = format!("{:064x}", 7);
    let own = person(DOCTOR).to_hex();
    let asked = [
        (format!(r##"{{"#p":["{patient}"]}}"##), 45),
        (format!(r##"{{"#p":["{patient}"],"authors":["{own}"]}}"##), 45),
        (format!(r##"{{"#p":["{patient}"],"kinds":[2111],"limit":3}}"##), 3),
        (r#"{"limit":20}"#.to_owned(), 20),
        (r#"{"kinds":[2111],"limit":20}"#.to_owned(), 20),
    ];
    for (json, rows) in asked {
        let plan = scoped(&json, doctor());
        let (found, steps) = cost(&small, &plan);
        assert_eq!(found, rows, "{json}");
        // Where the page ends among events of one second may move a cursor by a step or two.
        let (found_large, steps_large) = cost(&large, &plan);
        assert_eq!(found_large, found, "{json}");
        assert!(steps_large.abs_diff(steps) <= 8, "{json}: {steps} {steps_large}");
        assert!(steps < 450, "{json}: {steps}");
    }
}

#[tokio::test]
async fn what_a_doctor_wrote_adds_little_to_what_a_chart_costs() {
    let bench = practice(150).await;
    let wrote = narrow(&[IndexKey::Author(person(DOCTOR))]);
    let with_own: Vec<Branch> = doctor().into_iter().chain([wrote]).collect();
    let patient = format!("{:064x}", 7);
    for json in [
        format!(r##"{{"#p":["{patient}"]}}"##),
        format!(r##"{{"#p":["{patient}"],"kinds":[2111,2112],"limit":5}}"##),
        format!(r##"{{"#p":["{patient}"],"kinds":[2120]}}"##),
    ] {
        let (rows, alone) = cost(&bench, &scoped(&json, doctor()));
        let (rows_too, both) = cost(&bench, &scoped(&json, with_own.clone()));
        assert_eq!(rows, rows_too, "{json}");
        // The same cursors serve both branches; what is left is looking up the key and the kinds there are.
        assert!(both <= alone + 16, "{json}: {alone} {both}");
    }
}

#[tokio::test]
async fn who_asks_for_others_by_author_pays_nothing_for_the_own_branch() {
    let own = || vec![narrow(&[IndexKey::Author(person(9))])];
    let plan = |author: u8| scoped(&format!(r#"{{"authors":["{}"]}}"#, person(author).to_hex()), own());
    assert!(plan(DOCTOR).groups.is_empty());
    assert!(!plan(9).groups.is_empty());
}

#[tokio::test]
async fn a_busy_author_and_a_wide_key_are_joined_by_the_smaller_of_the_two() {
    let bench = practice(150).await;
    let batch = (0..90u32).map(|n| event(90_000 + n, 9, 2113, 5000).key(p(CHART)));
    bench.store.append(batch.collect()).await.unwrap();
    let json = format!(r#"{{"authors":["{}"]}}"#, person(9).to_hex());
    let (rows, steps) = cost(&bench, &scoped(&json, doctor()));
    assert_eq!(rows, 90);
    assert!(steps < 600, "{steps}");
}

fn naming(n: u32) -> IndexKey {
    IndexKey::Tag(b'e', id(n).to_hex())
}

/// A practice in which each event names its patient's first one, and all name one form.
async fn linked(patients: u16) -> Bench {
    const FORM: u32 = 77;
    let bench = Bench::with(|config| config.synchronous_full = false).await;
    for patient in 0..patients {
        let first = 1_000_000 + u32::from(patient) * 100;
        let events = (0..45u32).map(|n| {
            event(first + n, DOCTOR, 2111 + u16::try_from(n % 8).unwrap(), 1000 + u64::from(n))
                .key(p(CHART))
                .key(subject(patient))
                .key(naming(first))
                .key(naming(FORM))
        });
        bench.store.append(events.collect()).await.unwrap();
    }
    bench
}

#[tokio::test]
async fn a_question_by_event_costs_what_the_reader_may_see_of_it() {
    let (small, large) = (linked(15).await, linked(150).await);
    let (first, form) = (id(1_000_700).to_hex(), id(77).to_hex());
    let patient = format!("{:064x}", 7);
    let asked = [
        (guardian(), format!(r##"{{"#e":["{first}"]}}"##), 45),
        (guardian(), format!(r##"{{"#e":["{form}"]}}"##), 45),
        (guardian(), format!(r##"{{"#e":["{}"]}}"##, id(1_000_800).to_hex()), 0),
        (doctor(), format!(r##"{{"#e":["{first}"]}}"##), 45),
        (doctor(), format!(r##"{{"#e":["{form}"],"limit":20}}"##), 20),
        (doctor(), format!(r##"{{"#e":["{form}"],"#p":["{patient}"]}}"##), 45),
    ];
    for (scope, json, rows) in asked {
        let plan = scoped(&json, scope);
        let (found, steps) = cost(&small, &plan);
        assert_eq!(found, rows, "{json}");
        let (found_large, steps_large) = cost(&large, &plan);
        assert_eq!(found_large, found, "{json}");
        assert!(steps_large.abs_diff(steps) <= 8, "{json}: {steps} {steps_large}");
        assert!(steps < 1_100, "{json}: {steps}");
    }
}

#[tokio::test]
async fn an_answer_that_the_first_keys_fit_costs_no_search() {
    let bench = practice(150).await;
    let json = format!(r##"{{"#p":["{:064x}"],"limit":40}}"##, 7);
    let (rows, steps) = cost(&bench, &scoped(&json, doctor()));
    assert_eq!(rows, 40);
    assert!(steps < 200, "{steps}");
}

#[tokio::test]
async fn no_statement_scans_a_table_or_sorts() {
    let bench = Bench::new().await;
    let conn = bench.backdoor();
    for (name, statement) in sql::ALL {
        let mut plan = conn.prepare(&format!("EXPLAIN QUERY PLAN {statement}")).unwrap();
        let unbound = (1..=plan.parameter_count()).map(|_| rusqlite::types::Null);
        let details: Vec<String> = plan
            .query_map(rusqlite::params_from_iter(unbound), |row| row.get(3))
            .unwrap()
            .map(Result::unwrap)
            .collect();
        for detail in &details {
            let scans = detail.starts_with("SCAN") && detail != "SCAN CONSTANT ROW";
            assert!(
                !scans && !detail.contains("TEMP B-TREE") && !detail.contains("AUTOMATIC"),
                "{name}: {detail}"
            );
        }
    }
    let seek = |statement: &str| -> String {
        let sql = format!("EXPLAIN QUERY PLAN {statement}");
        conn.query_row(&sql, rusqlite::params_from_iter([0; 5]), |row| row.get(3)).unwrap()
    };
    assert_eq!(
        seek(sql::SEEK),
        "SEARCH entry USING PRIMARY KEY (key=? AND kind=? AND (created_at,rank,seq)<(?,?,?))"
    );
}

#[tokio::test]
async fn a_statement_is_prepared_once_whatever_is_bound() {
    let bench = practice(2).await;
    let conn = migrate::open_reader(&bench.config.path, 1024).unwrap();
    for n in 0..20 {
        let plan = everything(&format!(r#"{{"limit":{},"until":{}}}"#, n + 1, 900 + n * 20));
        let mut scan = Scan::start(&conn, &plan, NOW).unwrap();
        scan.run(&conn, usize::MAX, &mut Want::Rows(&mut |_| {})).unwrap();
    }
    for statement in [sql::SEEK, sql::ROW, sql::NEXT_KIND] {
        let cached = conn.prepare_cached(statement).unwrap();
        assert_eq!(cached.get_status(rusqlite::StatementStatus::RePrepare), 0);
        assert_eq!(cached.get_status(rusqlite::StatementStatus::FullscanStep), 0);
        assert_eq!(cached.get_status(rusqlite::StatementStatus::Sort), 0);
        assert!(cached.get_status(rusqlite::StatementStatus::Run) > 1);
    }
}
