//! `kill -9` under load, again and again on the same data.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use relaybox_process::clock::Clock;
use relaybox_protocol::random::Random;
use relaybox_protocol::{Event, EventId};
use relaybox_tests::practice::Practice;
use relaybox_tests::role::{RelayRole, furnish, raw};
use serde_json::json;
use tempfile::TempDir;
use tokio::task::JoinSet;

use crate::kept::Kept;
use crate::load::{Board, Seen, drive, found, round};
use crate::times;

/// Kills on one folder; then a fresh one, so that the checks stay quick.
const KILLS_PER_FOLDER: usize = 10;
/// A kill counts when an OK came this shortly before it and at least so many events had no answer.
const FRESH: Duration = Duration::from_millis(50);
const UNANSWERED_MIN: usize = 32;

/// Limits that do not hold back one key that writes as fast as it can.
const LIMITS: &str = "events_per_minute_per_key = 1000000\nreceipt_seconds = 0";

/// A practice that is killed, and everything it was ever told and said OK to.
struct Victim {
    folder: TempDir,
    role: RelayRole,
    practice: Practice,
    acknowledged: BTreeMap<EventId, String>,
    random: Random,
    /// Ceremonies that were answered or, for the last one, not.
    rotations: Vec<Vec<Event>>,
}

impl Victim {
    async fn new(seed: u8) -> Self {
        let folder = TempDir::new().unwrap();
        let mut practice = Practice::new(seed, 4, 3);
        furnish(folder.path(), &practice.receipts_box, LIMITS).unwrap();
        let role = RelayRole::start(folder.path(), &[]).unwrap();
        let stored = found(&role, &mut practice).await;
        let acknowledged = stored.iter().map(|event| (event.id, event.as_json())).collect();
        let random = Random::seeded([seed ^ 0x5a; 32]);
        Self { folder, role, practice, acknowledged, random, rotations: Vec::new() }
    }

    fn below(&mut self, bound: usize) -> usize {
        let bytes: [u8; 8] = self.random.bytes32()[..8].try_into().unwrap();
        usize::try_from(u64::from_le_bytes(bytes) % bound as u64).unwrap()
    }

    fn file(&self) -> std::path::PathBuf {
        self.folder.path().join("state/events.db")
    }

    /// Load from eight connections and a ceremony, and the kill in the middle of it. Gives what was
    /// seen and whether the kill counts.
    async fn kill_under_load(&mut self) -> (Seen, bool) {
        let shares = round(&mut self.practice, 110, 30, 20);
        let rotation = self.practice.rotation().unwrap();
        self.rotations.push(rotation.clone());
        let (kill_after, rotate_after) = (20 + self.below(300), self.below(320));
        let board = Board::new();
        let mut senders = JoinSet::new();
        for (keys, events) in shares {
            let driver = drive(&self.role, &keys, events, Arc::clone(&board)).await;
            senders.spawn(driver.run());
        }
        let mut ceremony = self.role.ceremony().await.unwrap();
        let rotating = tokio::spawn({
            let board = Arc::clone(&board);
            async move {
                board.answers(rotate_after).await;
                ceremony.append(raw(&rotation).unwrap()).await.is_ok().then_some(rotation)
            }
        });
        board.answers(kill_after).await;
        let at = Clock::System.instant();
        let counts = {
            let seen = board.seen.lock().unwrap();
            let fresh = seen.last_ok.is_some_and(|ok| at.duration_since(ok) < FRESH);
            fresh && seen.unanswered().count() >= UNANSWERED_MIN
        };
        self.role.kill().unwrap();
        while let Some(ended) = senders.join_next().await {
            ended.unwrap();
        }
        // What waits for answers that never come goes with its board.
        rotating.abort();
        if let Ok(Some(rotation)) = rotating.await {
            self.acknowledged.extend(rotation.iter().map(|event| (event.id, event.as_json())));
        }
        let seen = std::mem::take(&mut *board.seen.lock().unwrap());
        (seen, counts)
    }

    /// Starts on the same data and looks at everything.
    async fn examine(&mut self, seen: Seen) {
        for answer in seen.answers.values() {
            assert!(answer.accepted, "a refusal under load: {}", answer.text);
        }
        let fresh: Vec<EventId> = seen.accepted().map(|(id, _)| *id).collect();
        self.acknowledged.extend(seen.accepted().map(|(id, json)| (*id, json.clone())));
        self.role = RelayRole::start(self.folder.path(), &[]).unwrap();
        let kept = Kept::read(&self.file());
        kept.assert_all(&self.acknowledged);
        let rotated = self.rotations.iter().map(|rotation| kept.whole(rotation)).collect::<Vec<_>>();
        kept.assert_receipts(&self.practice, true);
        self.role.check().unwrap();
        self.read_back(&fresh).await;
        self.send_again(&seen, &kept).await;
        if rotated.last() == Some(&false) {
            let rotation = self.rotations.last().unwrap();
            let numbers = self.role.append(rotation).await.unwrap();
            assert!(numbers.iter().all(Option::is_some), "{numbers:?}");
        }
        let rotation = self.rotations.last().unwrap();
        self.acknowledged.extend(rotation.iter().map(|event| (event.id, event.as_json())));
    }

    /// The same over the wire: the nurse's own records of this round come back as they were sent.
    async fn read_back(&self, ids: &[EventId]) {
        let mut nurse = self.role.login(&self.practice.nurses[0]).await.unwrap();
        let ids: Vec<String> = ids.iter().map(EventId::to_hex).collect();
        let author = self.practice.nurses[0].public_key().to_hex();
        let found = nurse.query(json!({"ids": ids, "authors": [author]})).await.unwrap().events().unwrap();
        let expected = ids.iter().filter(|id| {
            let json = &self.acknowledged[&EventId::from_hex(id.as_str()).unwrap()];
            Event::from_json(json).unwrap().pubkey.to_hex() == author
        });
        assert_eq!(found.len(), expected.count());
        for event in found {
            assert_eq!(event.as_json(), self.acknowledged[&event.id]);
        }
    }

    /// What had no answer is sent again: a duplicate when it was kept, stored now when it was not.
    async fn send_again(&mut self, seen: &Seen, kept: &Kept) {
        let everybody = self.practice.nurses.iter().chain([&self.practice.desk]);
        let everybody = everybody.chain(self.practice.families.iter().map(|family| &family.parent));
        let board = Board::new();
        let mut senders = JoinSet::new();
        for keys in everybody {
            let events = seen.unanswered().map(|(_, json)| Event::from_json(json).unwrap());
            let own: Vec<Event> = events.filter(|event| event.pubkey == keys.public_key()).collect();
            senders.spawn(drive(&self.role, keys, own, Arc::clone(&board)).await.run());
        }
        while let Some(ended) = senders.join_next().await {
            ended.unwrap();
        }
        let answers = std::mem::take(&mut board.seen.lock().unwrap().answers);
        for (id, json) in seen.unanswered() {
            let answer = &answers[id];
            assert!(answer.accepted, "{}", answer.text);
            assert_eq!(answer.text.starts_with("duplicate:"), kept.holds(id), "{}", answer.text);
            self.acknowledged.insert(*id, json.clone());
        }
    }

    /// The end of a folder: a clean stop, and the file by itself.
    fn close(mut self) {
        assert!(self.role.terminate().unwrap().success());
        assert_eq!(leftovers(self.folder.path()), Vec::<String>::new());
        let kept = Kept::read(&self.file());
        kept.assert_all(&self.acknowledged);
        kept.assert_receipts(&self.practice, true);
        relaybox_tests::role::check(&self.folder.path().join("state")).unwrap();
    }
}

/// Files in the state folder that a clean stop should not leave.
fn leftovers(folder: &Path) -> Vec<String> {
    let names = std::fs::read_dir(folder.join("state")).unwrap();
    let names = names.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.filter(|name| !["events.db", "practice"].contains(&name.as_str())).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_acknowledged_event_is_lost_when_the_relay_is_killed_under_load() {
    let kills = times("RELAYBOX_KILLS", 20);
    let (mut counted, mut all) = (0, 0);
    while counted < kills {
        let mut victim = Victim::new(u8::try_from(all % 251).unwrap()).await;
        for _ in 0..KILLS_PER_FOLDER {
            if counted == kills {
                break;
            }
            let (seen, counts) = victim.kill_under_load().await;
            victim.examine(seen).await;
            counted += usize::from(counts);
            all += 1;
            assert!(all < 3 * kills + 10, "{counted} of {all} kills came in the middle of the load");
        }
        victim.close();
    }
    println!("{counted} of {all} kills counted");
}
