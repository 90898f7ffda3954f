//! The practice's key is given up, and the next one takes its place.

use relaybox_protocol::epochs::Sequence;
use relaybox_protocol::grants::build_destruction;
use relaybox_protocol::reader::{Held, Reader, Sight};
use relaybox_tests::dev::Ready;
use relaybox_tests::http;
use relaybox_tests::vault::of_process;
use relaybox_vault::envelope::{self, Opener};
use relaybox_vault::words::{Purpose, RecoveryWords};

use super::console::with_words;
use super::hostile::kill;
use super::reading::{AT_ONCE, Member, all_shown, keyring, read_as_patient, three_epochs};
use super::recovery::{NEW, labels, only_new_keys_open};
use super::*;

/// A hand with both sheets and two new slot keys.
fn with_both_sheets(claimed: &Claimed) -> Hand<'_> {
    let mut hand = claimed.hand();
    hand.order = NEW.map(str::to_owned).to_vec();
    hand.words = vec![claimed.next_words.clone(), claimed.words.clone()];
    hand
}

/// The practice key that a sealed file holds.
fn sealed_key(started: &DevBox, words: &str) -> Keys {
    let sealed = std::fs::read(started.folder().join("vault/vault.age")).unwrap();
    let identity = RecoveryWords::parse(words).unwrap().identity(Purpose::Vault);
    envelope::open(&sealed, &Opener::Words(&identity)).unwrap().contents.practice
}

/// What the relay answers to an event that this key signs as the next of its row.
async fn signed_by(started: &DevBox, practice: &Keys) -> String {
    let events = history(started).await;
    let newest = events.iter().filter_map(|event| {
        let number = relaybox_protocol::event::tag_value(event, "seq", 0)?.parse::<u64>().ok()?;
        Some((number, event.id))
    });
    let (seq, id) = newest.max().unwrap();
    let sequence = Sequence { seq: seq + 1, prev: Some(id) };
    let now = relaybox_process::clock::Clock::System.now();
    let event =
        build_destruction(practice, &[relaybox_protocol::EventId::from_byte_array([6; 32])], sequence, now);
    let raw = serde_json::value::to_raw_value(&event).unwrap();
    let mut relay = CeremonyClient::connect(&started.folder().join("run/ceremony.sock")).await.unwrap();
    relay.append(vec![raw]).await.map_or_else(|error| error.to_string(), |_| "stored".to_owned())
}

#[tokio::test]
async fn after_the_practice_key_changed_staff_and_patients_read_every_record_and_the_old_key_signs_nothing() {
    let mut claimed = Claimed::start(AT_ONCE);
    let (records, children) = three_epochs(&claimed).await;
    let old = sealed_key(&claimed.started, &claimed.words);
    let mut hand = with_both_sheets(&claimed);
    let held = hand.succeed(&mut |_| true).await.unwrap();
    held.done().unwrap();
    let practice = PublicKey::from_hex(&hand.state().await.unwrap().practice.unwrap()).unwrap();
    let next = RecoveryWords::parse(&claimed.next_words).unwrap();
    assert_eq!(practice, next.next_practice().unwrap().public_key());
    assert_eq!(of_kind(&claimed.history().await, 2107), 1);
    assert_eq!(labels(&hand).await, ["counter", "safe"]);
    drop(hand);
    // Who scanned the claim's sheet, and who scanned the new one.
    for anchor in [claimed.practice, practice] {
        let mut owner = Member::login(&claimed.started, &claimed.owner, anchor).await;
        all_shown(&owner.read().await, &records);
        for (child, of_child) in children.iter().zip(records.chunks(3)) {
            all_shown(&read_as_patient(&claimed.started, child, anchor).await, &of_child[..2]);
        }
    }
    let refused = signed_by(&claimed.started, &old).await;
    assert!(refused.contains("not-member"), "{refused}");
    let new = sealed_key(&claimed.started, &held.words("recovery"));
    assert_eq!(signed_by(&claimed.started, &new).await, "stored", "the same by the key in force");
    // Everything goes on: ceremonies, records, a start.
    only_new_keys_open(&claimed).await;
    claimed.started.terminate().unwrap();
    claimed.restart();
    let mut owner = Member::login(&claimed.started, &claimed.owner, claimed.practice).await;
    let child = Random::os().keys();
    let written = owner.write(&practice, &child, "under the new key").await;
    let read = owner.read().await;
    all_shown(&read, &written);
    all_shown(&read, &records);
    all_shown(&read_as_patient(&claimed.started, &child, practice).await, &written[..2]);
    // The next sheet is the one that was printed now.
    let expected = Reader::new(practice, Held::default(), Sight::Staff, &claimed.history().await);
    let after = RecoveryWords::parse(&held.words("succession")).unwrap();
    let next = after.next_hash().unwrap();
    assert_eq!(expected.book().policy().now(0).next_practice(), Some(next));
    let Ready { relay, ca, .. } = &claimed.started.ready;
    let address = relay.replacen("wss", "https", 1);
    let answer = http::get(&address, ca, &[("Accept", "application/nostr+json")]).await.unwrap();
    let document = &answer[answer.find('{').unwrap()..=answer.rfind('}').unwrap()];
    let document: serde_json::Value = serde_json::from_str(document).unwrap();
    let told = &document["relaybox"];
    assert_eq!(told["practice"], json!(practice.to_hex()));
    assert_eq!(told["former"], json!([claimed.practice.to_hex()]));
    assert_eq!(told["next"], json!(relaybox_protocol::hex::encode(&next)));
}

#[tokio::test]
async fn a_succession_by_command_line_is_followed_by_a_recovery_with_its_new_words() {
    let claimed = Claimed::start("");
    let data = claimed.started.folder().to_str().unwrap().to_owned();
    let command =
        ["succeed", "--data", &data, "--practice", "Testing Pediatrics", "--keys", "counter", "safe"];
    let both = [claimed.next_words.as_str(), "", &claimed.words];
    let (said, done) = with_words(&claimed.keys, &command, &NEW, &both);
    assert!(done && said.contains("NEW PRACTICE KEY FOR Testing Pediatrics"), "{said}");
    let lines: Vec<String> = said.lines().map(str::to_owned).collect();
    let sheet = lines.iter().position(|line| line.contains("RECOVERY SHEET of")).unwrap();
    let words = relaybox_tests::vault::words_of(&lines[sheet..sheet + 14]);
    assert_ne!(words, claimed.words);
    let mut hand = claimed.hand();
    hand.order = ["one", "two"].map(str::to_owned).to_vec();
    hand.words = vec![claimed.words.clone(), words];
    let doctor = Random::os().keys();
    let mut why = Vec::new();
    let held = hand
        .recover(&doctor, None, &mut |status| {
            why.extend(status.why.clone());
            true
        })
        .await
        .unwrap();
    held.done().unwrap();
    assert_eq!(why, ["words-wrong"], "the old words open nothing any more");
    let mut doctor = Member::login(&claimed.started, &doctor, claimed.practice).await;
    let policy = doctor.client.query(json!({"kinds": [2101, 2105]})).await.unwrap().events().unwrap();
    assert_eq!(keyring(&doctor.keys, &policy).pairs().count(), 6, "two epochs of three compartments");
}

#[tokio::test]
async fn a_succession_that_is_broken_off_leaves_the_old_key_in_force() {
    let mut claimed = Claimed::start("");
    let pid = claimed.started.pid();
    let before = claimed.history().await.len();
    for step in ["words", "touch", "succession", "drill"] {
        let mut killed = false;
        let mut hand = with_both_sheets(&claimed);
        let held = hand
            .succeed(&mut |status| {
                if status.step == step && !killed {
                    killed = of_process(pid, "ceremony-process").into_iter().all(kill);
                }
                true
            })
            .await
            .unwrap();
        assert_eq!((held.why(), killed), ("ended", true), "{step}");
        let state = hand.state().await.unwrap();
        assert_eq!(
            (state.practice, claimed.history().await.len()),
            (Some(claimed.practice.to_hex()), before)
        );
    }
    // With the words of the wrong sheet, and the power gone while it is signed.
    let mut hand = with_both_sheets(&claimed);
    hand.words = vec![claimed.words.clone(), claimed.next_words.clone(), claimed.words.clone()];
    let mut why = Vec::new();
    let _ = hand
        .succeed(&mut |status| {
            why.extend(status.why.clone());
            status.step != "signing" || !kill(pid)
        })
        .await;
    drop(hand);
    assert_eq!(why, ["words-wrong"]);
    claimed.started.kill().unwrap();
    claimed.restart();
    claimed.hand().perform(json!({"verb": "thaw"})).await.ok();
    let signed = of_kind(&claimed.history().await, 2107) == 1;
    let in_force = claimed.hand().state().await.unwrap().practice.unwrap();
    assert_eq!(in_force == claimed.practice.to_hex(), !signed);
    let mut hand = claimed.hand();
    hand.order =
        if signed { NEW[..1].iter() } else { ["one"][..].iter() }.map(|key| (*key).to_owned()).collect();
    hand.perform(json!({"verb": "rotate"})).await.unwrap().done().unwrap();
}

#[tokio::test]
async fn old_slot_keys_open_the_old_file_when_the_recovery_sheet_is_lost() {
    let claimed = Claimed::start("two_person = true");
    let mut hand = with_both_sheets(&claimed);
    hand.words = vec![claimed.next_words.clone()];
    // Two new keys; then a stranger's, an old one, the same once more, and the other one.
    hand.order = ["three", "four", "stranger", "one", "one", "two"].map(str::to_owned).to_vec();
    let mut why = Vec::new();
    let held = hand
        .succeed(&mut |status| {
            why.extend(status.why.clone());
            true
        })
        .await
        .unwrap();
    held.done().unwrap();
    assert_eq!(why, ["other-key", "other-key"], "{:?}", held.steps);
    let practice = hand.state().await.unwrap().practice.unwrap();
    assert_ne!(practice, claimed.practice.to_hex());
    assert_eq!(sealed_key(&claimed.started, &held.words("recovery")).public_key().to_hex(), practice);
    hand.order = NEW.map(str::to_owned).to_vec();
    hand.perform(json!({"verb": "rotate"})).await.unwrap().done().unwrap();
}
