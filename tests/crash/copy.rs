//! `relaybox store snapshot` while the relay serves: one whole file of one moment.

use std::process::Command;
use std::sync::Arc;

use relaybox_tests::dev::binary;
use relaybox_tests::practice::Practice;
use relaybox_tests::role::{RelayRole, check, furnish};
use tempfile::TempDir;
use tokio::task::JoinSet;

use crate::kept::Kept;
use crate::load::{Board, drive, found, round};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_snapshot_under_load_is_whole_and_holds_all_that_was_acknowledged_before_it() {
    let folder = TempDir::new().unwrap();
    let mut practice = Practice::new(21, 4, 2);
    furnish(
        folder.path(),
        &practice.receipts_box,
        "events_per_minute_per_key = 1000000\nreceipt_seconds = 0",
    )
    .unwrap();
    let role = RelayRole::start(folder.path(), &[]).unwrap();
    found(&role, &mut practice).await;
    let board = Board::new();
    let mut senders = JoinSet::new();
    for (keys, events) in round(&mut practice, 800, 100, 20) {
        senders.spawn(drive(&role, &keys, events, Arc::clone(&board)).await.run());
    }
    // The copies are looked at when all are made: the load must not end before the last of them.
    let mut copies = Vec::new();
    for answers in [60, 180, 300] {
        board.answers(answers).await;
        let before: Vec<_> = {
            let seen = board.seen.lock().unwrap();
            seen.accepted().map(|(id, json)| (*id, json.clone())).collect()
        };
        let into = TempDir::new().unwrap();
        let mut command = Command::new(binary().unwrap());
        command.args(["store", "snapshot", "--data"]).arg(folder.path().join("state"));
        command.arg("--into").arg(into.path().join("events.db"));
        let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let during = board.seen.lock().unwrap().answers.len();
        copies.push((into, during > before.len(), before));
    }
    assert!(copies.iter().any(|(_, served, _)| *served), "the relay served meanwhile");
    for (into, _, before) in &copies {
        let kept = Kept::read(&into.path().join("events.db"));
        kept.assert_all(before.iter().map(|(id, json)| (id, json)));
        kept.assert_receipts(&practice, false);
        check(into.path()).unwrap();
    }
    while let Some(ended) = senders.join_next().await {
        ended.unwrap();
    }
    assert!(board.seen.lock().unwrap().answers.values().all(|answer| answer.accepted));
}
