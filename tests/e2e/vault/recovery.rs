//! All slot keys and all staff keys are lost; the recovery words and the sealed file are left.

use relaybox_process::rpc::vault::{Request, Status};
use relaybox_tests::vault::of_process;
use relaybox_vault::words::RecoveryWords;

use super::console::{at_the_console, with_words};
use super::hostile::{code, kill, prepare};
use super::reading::{AT_ONCE, Member, all_shown, members, three_epochs};
use super::*;

/// The keys that are there after the loss.
pub(super) const NEW: [&str; 2] = ["three", "four"];

/// A hand that holds the words and two new keys.
fn with_the_words(claimed: &Claimed) -> Hand<'_> {
    let mut hand = claimed.hand();
    hand.order = NEW.map(str::to_owned).to_vec();
    hand.words = vec![claimed.words.clone()];
    hand
}

pub(super) async fn labels(hand: &Hand<'_>) -> Vec<String> {
    hand.state().await.unwrap().slot_keys.into_iter().map(|key| key.label).collect()
}

/// The old keys are foreign ones, and a new one approves.
pub(super) async fn only_new_keys_open(claimed: &Claimed) {
    let mut hand = claimed.hand();
    hand.order = ["one", "two", "three"].map(str::to_owned).to_vec();
    let held = hand.perform(json!({"verb": "rotate"})).await.unwrap();
    held.done().unwrap();
    assert_eq!(held.steps.iter().filter(|step| *step == "other-key").count(), 2, "{:?}", held.steps);
}

#[tokio::test]
async fn a_new_doctor_reads_every_epoch_after_all_staff_and_slot_keys_were_lost() {
    let claimed = Claimed::start(AT_ONCE);
    let (records, _) = three_epochs(&claimed).await;
    let data = claimed.started.folder().to_str().unwrap();
    let key = claimed.folder.path().join("new-owner.key");
    let key = key.to_str().unwrap();
    let mut recover = vec!["recover", "--data", data, "--owner", "Dr. Nova Testwell", "--owner-key", key];
    recover.extend(["--keys", "counter", "safe"]);
    let (said, done) = with_words(&claimed.keys, &recover, &NEW, &[&claimed.words]);
    assert!(done && said.contains("RECOVER THE PRACTICE WITH ITS WORDS"), "{said}");
    assert!(said.contains("END DOCTOR Dr. Alba Testwell"), "{said}");
    let doctor = Keys::parse(std::fs::read_to_string(key).unwrap().trim()).unwrap();
    let mut doctor = Member::login(&claimed.started, &doctor, claimed.practice).await;
    all_shown(&doctor.read().await, &records);
    assert_eq!(members(&claimed.started, claimed.practice).await, [doctor.keys.public_key().to_hex()]);
    let lost =
        relaybox_tests::client::Client::login(claimed.started.ready.plain().unwrap(), None, &claimed.owner);
    assert!(lost.await.is_err(), "a lost key does not log in");
    let written = doctor.write(&claimed.practice, &Random::os().keys(), "epoch 4").await;
    all_shown(&doctor.read().await, &written);
    assert_eq!(labels(&claimed.hand()).await, ["counter", "safe"]);
    only_new_keys_open(&claimed).await;
    let (said, done) = at_the_console(&claimed.keys, &["store", "check", "--data", data], &[]);
    assert!(done, "{said}");
}

#[tokio::test]
async fn a_destroyed_box_is_recovered_from_copies_of_its_sealed_file_and_its_events() {
    let mut claimed = Claimed::start(AT_ONCE);
    let (records, _) = three_epochs(&claimed).await;
    let old = claimed.started.folder().to_path_buf();
    let copies = TempDir::new().unwrap();
    let copy = |name: &str| copies.path().join(name).to_str().unwrap().to_owned();
    std::fs::copy(old.join("vault/vault.age"), copy("vault.age")).unwrap();
    std::fs::copy(old.join("relay/practice"), copy("practice")).unwrap();
    let (data, into) = (old.to_str().unwrap(), copy("events.db"));
    let (said, done) =
        at_the_console(&claimed.keys, &["store", "snapshot", "--data", data, "--into", &into], &[]);
    assert!(done, "{said}");
    claimed.started.kill().unwrap();
    std::fs::remove_dir_all(&old).unwrap();
    // A new box: other box keys, another name of the vault, nothing in it.
    claimed.restart();
    claimed.started.terminate().unwrap();
    let relay = old.join("relay");
    for entry in std::fs::read_dir(&relay).unwrap() {
        std::fs::remove_file(entry.unwrap().path()).unwrap();
    }
    std::fs::copy(copy("events.db"), relay.join("events.db")).unwrap();
    std::fs::copy(copy("practice"), relay.join("practice")).unwrap();
    std::fs::copy(copy("vault.age"), old.join("vault/vault.age")).unwrap();
    claimed.restart();
    let mut hand = with_the_words(&claimed);
    assert_eq!(code(&hand.ask(&prepare(json!({"verb": "rotate"}))).await.unwrap()), "not-claimed");
    assert!(hand.state().await.unwrap().claim_code.is_none(), "a box with records is not claimed anew");
    let doctor = Random::os().keys();
    hand.recover(&doctor, None, &mut |_| true).await.unwrap().done().unwrap();
    let mut doctor = Member::login(&claimed.started, &doctor, claimed.practice).await;
    all_shown(&doctor.read().await, &records);
    // The new box's receipts count.
    let written = doctor.write(&claimed.practice, &Random::os().keys(), "on the new box").await;
    all_shown(&doctor.read().await, &written);
    only_new_keys_open(&claimed).await;
}

#[tokio::test]
async fn words_that_are_wrong_open_nothing_and_three_times_pause_the_slot() {
    let claimed = Claimed::start("");
    let before = claimed.history().await.len();
    let mut listed: Vec<&str> = claimed.words.split(' ').collect();
    listed.swap(2, 3);
    let exchanged = listed.join(" ");
    let short = claimed.words.rsplit_once(' ').unwrap().0.to_owned();
    let strange = claimed.words.replacen(claimed.words.split(' ').nth(6).unwrap(), "relaybox", 1);
    let other = || {
        let words = RecoveryWords::generate(&mut Random::os()).unwrap();
        words.words().collect::<Vec<_>>().join(" ")
    };
    let mut hand = with_the_words(&claimed);
    let next = claimed.next_words.clone();
    hand.words = vec![exchanged, short, strange, next, other(), claimed.words.clone()];
    let mut why = Vec::new();
    let held = hand
        .recover(&Random::os().keys(), None, &mut |status| {
            why.extend((status.step == "words").then(|| status.why.clone()).flatten());
            true
        })
        .await
        .unwrap();
    held.done().unwrap();
    assert_eq!(why[..2], ["words-checksum", "words-count"], "{why:?}");
    assert!(why[2].starts_with("words-unknown-"), "{why:?}");
    assert_eq!(why[3..], ["words-of-succession", "words-wrong"]);
    let recovered = claimed.history().await.len();
    assert!(recovered > before);
    hand.order = ["one", "two"].map(str::to_owned).to_vec();
    hand.words = vec![other(), other(), other()];
    let held = hand.recover(&Random::os().keys(), None, &mut |_| true).await.unwrap();
    assert_eq!(held.why(), "paused", "{:?}", held.steps);
    assert_eq!(code(&hand.ask(&prepare(json!({"verb": "rotate"}))).await.unwrap()), "paused");
    assert_eq!((claimed.history().await.len(), labels(&hand).await), (recovered, new_labels()));
}

fn new_labels() -> Vec<String> {
    vec!["counter".to_owned(), "safe".to_owned()]
}

#[tokio::test]
async fn a_recovery_killed_at_any_step_leaves_all_or_nothing_and_the_next_one_does_it() {
    let claimed = Claimed::start("");
    let pid = claimed.started.pid();
    let before = (claimed.history().await.len(), labels(&claimed.hand()).await);
    for step in ["button", "proof", "key-in", "touch", "take-out", "words", "drill", "signing"] {
        let mut killed = false;
        let mut hand = with_the_words(&claimed);
        let held = hand
            .recover(&Random::os().keys(), None, &mut |status: &Status| {
                if status.step == step && !killed {
                    killed = of_process(pid, "ceremony-process").into_iter().all(kill);
                }
                true
            })
            .await
            .unwrap();
        let after = (claimed.history().await.len(), labels(&hand).await);
        if held.last.step == "done" {
            // Everything had been handed over when it was killed.
            assert!(step == "signing" && after.0 > before.0, "{step}");
            assert_eq!(after.1, new_labels());
            return;
        }
        assert_eq!((after, held.why(), killed), (before.clone(), "ended", true), "{step}");
    }
    with_the_words(&claimed)
        .recover(&Random::os().keys(), None, &mut |_| true)
        .await
        .unwrap()
        .done()
        .unwrap();
    assert_eq!(labels(&claimed.hand()).await, new_labels());
}

#[tokio::test]
async fn a_box_that_loses_power_while_a_recovery_is_signed_has_both_or_neither() {
    let mut claimed = Claimed::start("");
    let before = claimed.history().await.len();
    let pid = claimed.started.pid();
    let mut hand = with_the_words(&claimed);
    let _ =
        hand.recover(&Random::os().keys(), None, &mut |status| status.step != "signing" || !kill(pid)).await;
    drop(hand);
    claimed.started.kill().unwrap();
    claimed.restart();
    // The first question settles what was left.
    let busy = claimed.hand().ask(&prepare(json!({"verb": "rotate"}))).await.unwrap();
    let signed = claimed.history().await.len() > before;
    let wanted = if signed { new_labels() } else { vec!["front office".to_owned(), "bank".to_owned()] };
    assert_eq!(labels(&claimed.hand()).await, wanted, "{busy:?}");
    assert_eq!(files_of(&claimed.started.folder().join("vault")), ["vault.age", "vault.json"]);
}

#[tokio::test]
async fn one_key_is_no_two_and_a_frozen_slot_thaws_by_the_words() {
    let claimed = Claimed::start("");
    let by = claimed.owner.public_key().to_hex();
    let mut hand = with_the_words(&claimed);
    hand.ask(&Request::Freeze { by: Some(by.clone()) }).await.unwrap();
    hand.order = ["three", "three", "four"].map(str::to_owned).to_vec();
    let mut why = Vec::new();
    let held = hand
        .recover(&Random::os().keys(), Some(Vec::new()), &mut |status| {
            why.extend(status.why.clone());
            true
        })
        .await
        .unwrap();
    held.done().unwrap();
    assert_eq!(why, ["already-here"]);
    assert!(hand.state().await.unwrap().frozen.is_none());
    assert!(members(&claimed.started, claimed.practice).await.contains(&by), "nobody was to end");
    only_new_keys_open(&claimed).await;
}
