//! What a hostile caller of the socket, a hostile relay and a pulled plug can do: nothing that was not approved.

use relaybox_process::rpc::vault::{Reply, Request, Status, VaultClient};
use relaybox_protocol::event::key_from_hex;
use relaybox_tests::vault::of_process;
use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::UnixStream;

use super::*;

fn rotate() -> Value {
    json!({"verb": "rotate"})
}

pub(super) fn prepare(operation: Value) -> Request {
    Request::Prepare { operation, by: None }
}

/// Code of a refusal.
pub(super) fn code(reply: &Reply) -> &str {
    match reply {
        Reply::Refused { code, .. } => code,
        _ => "",
    }
}

/// Sends lines as they are, and gives the reply to each.
async fn raw(socket: &Path, lines: &[String]) -> Vec<Value> {
    let mut stream = BufReader::new(UnixStream::connect(socket).await.unwrap());
    let mut replies = Vec::new();
    for line in lines {
        stream.write_all(format!("{line}\n").as_bytes()).await.unwrap();
        let mut reply = String::new();
        stream.read_line(&mut reply).await.unwrap();
        replies.push(serde_json::from_str(&reply).unwrap());
    }
    replies
}

#[tokio::test]
async fn nothing_that_is_not_on_the_list_is_taken_and_nothing_is_signed_without_a_key() {
    let claimed = Claimed::start("");
    let mut hand = claimed.hand();
    let before = claimed.history().await.len();
    let operations = [
        json!({"verb": "sign", "event": {}}),
        json!({"verb": "decrypt", "payload": "x"}),
        json!({"verb": "ecdh", "key": "00"}),
        json!({"verb": "export"}),
        json!({"verb": "rotate", "more": 1}),
        json!({"verb": "roster", "changes": []}),
        json!({"verb": "claim"}),
        json!([]),
        json!("rotate"),
    ];
    for operation in operations {
        let reply = hand.ask(&prepare(operation.clone())).await.unwrap();
        assert_eq!(code(&reply), "request", "{operation}: {reply:?}");
    }
    let nobody = "00".repeat(16);
    let lines = [
        json!({"ask": "sign"}),
        json!({"ask": "prepare", "operation": rotate(), "by": null, "more": 1}),
        json!({"ask": "prepare", "operation": rotate(), "by": "nobody"}),
        json!({"ask": "claim", "code": "WRONG", "practice_name": "x", "owner": {}, "labels": ["a", "b"]}),
        json!({"ask": "press", "ceremony": nobody}),
        json!({"ask": "cancel", "ceremony": nobody}),
        json!({"ask": "prove", "ceremony": nobody, "pop": ""}),
        json!({"ask": "type", "ceremony": nobody, "from": "x", "sealed": "x"}),
        json!({"ask": "freeze", "by": "nobody"}),
    ]
    .map(|line| line.to_string());
    let replies = raw(&hand.socket, &lines).await;
    let codes: Vec<&str> = replies.iter().map(|reply| reply["code"].as_str().unwrap()).collect();
    assert_eq!(
        codes,
        [
            "request",
            "request",
            "request",
            "code",
            "no-ceremony",
            "no-ceremony",
            "no-ceremony",
            "request",
            "request"
        ]
    );
    let Reply::Prepared { ceremony, key } = hand.ask(&prepare(rotate())).await.unwrap() else { panic!() };
    let key = key_from_hex(&key).unwrap();
    // Swapped, pressed and typed without a key in: it waits for one.
    assert_eq!(code(&hand.ask(&prepare(json!({"verb": "thaw"}))).await.unwrap()), "busy");
    let typed = hand.typed(ceremony.clone(), &key, "123456").unwrap();
    for request in
        [Request::Press { ceremony: ceremony.clone() }, typed, Request::Press { ceremony: ceremony.clone() }]
    {
        assert!(matches!(hand.ask(&request).await.unwrap(), Reply::Done));
    }
    let status = until(&hand, |status| status.step == "key-in").await;
    assert_eq!(status.shown[0], "NEW LOCKS FOR ALL RECORDS");
    assert!(matches!(hand.ask(&Request::Cancel { ceremony }).await.unwrap(), Reply::Done));
    assert_eq!(until(&hand, |status| status.step == "stopped").await.why.as_deref(), Some("cancelled"));
    assert_eq!(claimed.history().await.len(), before);
    hand.perform(rotate()).await.unwrap().done().unwrap();
    assert!(claimed.history().await.len() > before, "the same socket serves what is approved");
}

/// The newest ceremony's first status that fits.
pub(super) async fn until(hand: &Hand<'_>, fits: impl Fn(&Status) -> bool) -> Status {
    let mut client = VaultClient::connect(&hand.socket).await.unwrap();
    let mut reply = client.ask(&Request::Watch {}).await.unwrap();
    loop {
        let Reply::Status(status) = reply else { panic!("{reply:?}") };
        if fits(&status) {
            return status;
        }
        reply = client.next().await.unwrap().unwrap();
    }
}

#[tokio::test]
async fn a_killed_ceremony_leaves_all_or_nothing_and_the_next_one_does_it() {
    let claimed = Claimed::start("");
    let mut hand = claimed.hand();
    for step in ["button", "key-in", "pin", "checking", "touch", "signing"] {
        let before = claimed.history().await;
        let mut killed = false;
        let pid = claimed.started.pid();
        let held = hand
            .hold(&prepare(rotate()), &mut |status| {
                if status.step == step {
                    killed = of_process(pid, "ceremony-process").into_iter().all(kill);
                }
                true
            })
            .await
            .unwrap();
        let after = claimed.history().await;
        let new = of_kind(&after, 2105) - of_kind(&before, 2105);
        match held.last.step.as_str() {
            "stopped" => {
                assert_eq!(held.why(), "ended", "{step}: {:?}", held.steps);
                assert_eq!((new, after.len()), (0, before.len()), "{step}");
            }
            // A step that was over before it was seen, or one after the transaction.
            _ => assert_eq!((new, after.len()), (1, before.len() + 2), "{step}"),
        }
        assert!(killed || new == 1, "{step} was never seen");
    }
    hand.perform(rotate()).await.unwrap().done().unwrap();
}

pub(super) fn kill(pid: u32) -> bool {
    let pid = rustix::process::Pid::from_raw(i32::try_from(pid).unwrap()).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::KILL).is_ok()
}

#[tokio::test]
async fn a_claim_killed_at_any_step_leaves_an_unclaimed_box_that_can_be_claimed() {
    let unclaimed = Unclaimed::start("");
    let pid = unclaimed.started.pid();
    for step in ["proof", "key-in", "touch", "words", "succession"] {
        let owner = Random::os().keys();
        let mut killed = false;
        let mut hand = unclaimed.hand();
        let held = hand
            .claim(&owner, &mut |status| {
                if status.step == step && !killed {
                    killed = of_process(pid, "ceremony-process").into_iter().all(kill);
                }
                true
            })
            .await
            .unwrap();
        assert_eq!((held.last.step.as_str(), held.why(), killed), ("stopped", "ended", true), "{step}");
        let state = unclaimed.hand().state().await.unwrap();
        assert!(state.practice.is_none() && state.claim_code.is_some() && state.slot_keys.is_empty());
        assert!(history(&unclaimed.started).await.is_empty());
        let reply = hand.ask(&prepare(rotate())).await.unwrap();
        assert_eq!(code(&reply), "not-claimed");
    }
    let held = unclaimed.hand().claim(&Random::os().keys(), &mut |_| true).await.unwrap();
    held.done().unwrap();
    assert_eq!(of_kind(&history(&unclaimed.started).await, 2105), 1);
}

#[tokio::test]
async fn the_vault_builds_on_no_history_that_is_older_than_what_it_signed() {
    let mut claimed = Claimed::start("");
    let old = TempDir::new().unwrap();
    claimed.started.terminate().unwrap();
    copy_folder(&claimed.started.folder().join("relay"), old.path()).unwrap();
    claimed.restart();
    claimed.hand().perform(rotate()).await.unwrap().done().unwrap();
    claimed.started.terminate().unwrap();
    let newest = TempDir::new().unwrap();
    copy_folder(&claimed.started.folder().join("relay"), newest.path()).unwrap();
    let put = |from: &Path, claimed: &Claimed| {
        let relay = claimed.started.folder().join("relay");
        std::fs::remove_dir_all(&relay).unwrap();
        copy_folder(from, &relay).unwrap();
    };
    put(old.path(), &claimed);
    claimed.restart();
    let held = claimed.hand().perform(rotate()).await.unwrap();
    assert_eq!((held.last.step.as_str(), held.why()), ("stopped", "history"), "{:?}", held.last.shown);
    assert_eq!(of_kind(&claimed.history().await, 2105), 1);
    claimed.started.terminate().unwrap();
    put(newest.path(), &claimed);
    claimed.restart();
    claimed.hand().perform(rotate()).await.unwrap().done().unwrap();
    assert_eq!(of_kind(&claimed.history().await, 2105), 3);
}

#[tokio::test]
async fn three_wrong_pins_pause_the_slot_and_the_pause_outlives_a_restart() {
    let mut claimed = Claimed::start("");
    let mut hand = claimed.hand();
    hand.pin = "not-the-pin".to_owned();
    let held = hand.perform(rotate()).await.unwrap();
    assert_eq!(held.why(), "paused", "{:?}", held.steps);
    assert_eq!(code(&hand.ask(&prepare(rotate())).await.unwrap()), "paused");
    drop(hand);
    claimed.started.kill().unwrap();
    claimed.restart();
    let hand = claimed.hand();
    assert_eq!(code(&hand.ask(&prepare(rotate())).await.unwrap()), "paused");
    assert!(hand.state().await.unwrap().paused_until.is_some());
}

#[tokio::test]
async fn a_frozen_slot_thaws_by_another_key_than_the_last_one() {
    let claimed = Claimed::start("");
    let mut hand = claimed.hand();
    hand.perform(rotate()).await.unwrap().done().unwrap();
    let by = claimed.owner.public_key().to_hex();
    assert!(matches!(hand.ask(&Request::Freeze { by: Some(by.clone()) }).await.unwrap(), Reply::Done));
    assert_eq!(hand.state().await.unwrap().frozen.unwrap().by, Some(by));
    assert_eq!(code(&hand.ask(&prepare(rotate())).await.unwrap()), "frozen");
    hand.order = vec!["one".to_owned(), "two".to_owned()];
    let held = hand.perform(json!({"verb": "thaw"})).await.unwrap();
    held.done().unwrap();
    assert!(held.steps.contains(&"other-key".to_owned()), "{:?}", held.steps);
    assert!(hand.state().await.unwrap().frozen.is_none());
    hand.order = vec!["two".to_owned()];
    hand.perform(rotate()).await.unwrap().done().unwrap();
}

#[tokio::test]
async fn a_foreign_a_pulled_and_a_hanging_key_sign_nothing() {
    let claimed = Claimed::start("ceremony_seconds = 20");
    let mut hand = claimed.hand();
    let before = claimed.history().await.len();
    hand.order = vec!["stranger".to_owned(), "one".to_owned()];
    let held = hand.perform(rotate()).await.unwrap();
    held.done().unwrap();
    assert!(held.steps.contains(&"other-key".to_owned()), "{:?}", held.steps);
    let signed = claimed.history().await.len();
    assert!(signed > before);
    hand.order = vec!["one".to_owned()];
    let keys = &claimed.keys;
    let held = hand
        .hold(&prepare(rotate()), &mut |status| {
            if status.step == "pin" {
                keys.tell("remove one").unwrap();
            }
            true
        })
        .await
        .unwrap();
    assert_eq!(held.why(), "taken-out", "{:?}", held.steps);
    claimed.keys.tell("manner one hangs").unwrap();
    let held = hand.perform(rotate()).await.unwrap();
    assert!(matches!(held.why(), "key-hangs" | "time"), "{:?} {:?}", held.why(), held.steps);
    assert_eq!(claimed.history().await.len(), signed);
}
