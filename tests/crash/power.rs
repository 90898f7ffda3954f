//! Power cuts: what the real binary wrote is replayed up to a point, and the disk keeps what was synced
//! and any part of the rest.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader, Write};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;

use relaybox_protocol::random::Random;
use relaybox_protocol::{Event, EventId, event};
use relaybox_store::{Store, StoreConfig};
use relaybox_tests::dev::binary;
use relaybox_tests::practice::Practice;
use relaybox_tests::role::{RelayRole, furnish};
use tempfile::TempDir;
use tokio::task::JoinSet;

use crate::image::{Disk, Loss, cuts};
use crate::kept::Kept;
use crate::load::{Board, drive, found, round};
use crate::shim::{Shim, Step, Tape};
use crate::times;

const LIMITS: &str = "events_per_minute_per_key = 1000000\nreceipt_seconds = 0";
/// Images after which one is also started with the real binary.
const STARTED_EVERY: usize = 10;

/// What was recorded, and the truth about it.
struct Recording {
    tape: Tape,
    practice: Practice,
    sent: BTreeMap<EventId, String>,
    rotations: Vec<Vec<Event>>,
}

/// Four lives of one relay: two end with a clean stop, which empties the log, two with a kill.
async fn record() -> Recording {
    let (folder, place) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let mut practice = Practice::new(77, 3, 2);
    furnish(folder.path(), &practice.receipts_box, LIMITS).unwrap();
    let shim = Shim::build(place.path(), &folder.path().join("state"), true);
    let (mut sent, mut rotations, mut certain) = (BTreeMap::new(), Vec::new(), Vec::new());
    for life in 0..4 {
        let mut role = RelayRole::start(folder.path(), &shim.environment()).unwrap();
        if life == 0 {
            let events = found(&role, &mut practice).await;
            sent.extend(events.iter().map(|event| (event.id, event.as_json())));
        }
        let shares = round(&mut practice, 60, 25, 8);
        let rotation = practice.rotation().unwrap();
        let board = Board::new();
        let mut senders = JoinSet::new();
        for (keys, events) in shares {
            senders.spawn(drive(&role, &keys, events, Arc::clone(&board)).await.run());
        }
        board.answers(50).await;
        role.append(&rotation).await.unwrap();
        board.answers(200).await;
        if life % 2 == 0 {
            role.terminate().unwrap();
        } else {
            role.kill().unwrap();
        }
        while let Some(ended) = senders.join_next().await {
            ended.unwrap();
        }
        sent.extend(rotation.iter().map(|event| (event.id, event.as_json())));
        rotations.push(rotation);
        let mut seen = board.seen.lock().unwrap();
        // A kill may fall between an OK and its record.
        certain.extend(seen.accepted().map(|(id, _)| *id).filter(|_| life % 2 == 0));
        sent.append(&mut seen.sent);
    }
    let mut tape = shim.tape();
    // Logins are answered too, and are not kept.
    tape.steps.retain(|step| !matches!(step, Step::Acknowledged(id) if !sent.contains_key(id)));
    let acknowledged = tape.steps.iter().filter_map(|step| match step {
        Step::Acknowledged(id) => Some(*id),
        _ => None,
    });
    let acknowledged: BTreeSet<EventId> = acknowledged.collect();
    assert!(certain.len() > 300 && certain.iter().all(|id| acknowledged.contains(id)));
    Recording { tape, practice, sent, rotations }
}

/// What is wrong with an image: acknowledged events that are not there as they were sent, or a file
/// that the store does not find whole.
async fn faults(disk: &Disk, image: &Path, sent: &BTreeMap<EventId, String>) -> Vec<String> {
    let file = image.join("events.db");
    if !file.exists() {
        let lost = disk.acknowledged.iter();
        return lost.map(|id| format!("the file is not there, and OK was said to {id}")).collect();
    }
    let opened = Store::open(&StoreConfig::at(&file), Arc::new(|| 0)).await;
    let mut faults = match opened {
        Ok(store) => store.check().await.unwrap_or_else(|error| vec![format!("{error:?}")]),
        Err(error) => return vec![format!("{error:?}")],
    };
    if !faults.is_empty() {
        return faults;
    }
    let kept = Kept::read(&file);
    for id in &disk.acknowledged {
        if kept.bytes.get(id) != Some(&sent[id]) {
            faults.push(format!("OK was said to {id}"));
        }
    }
    faults
}

/// Replays the tape, and hands over each image with the disk it came from.
async fn replay(
    tape: &Tape,
    lies: bool,
    images: usize,
    mut look: impl AsyncFnMut(usize, Loss, &Disk, &Path),
) {
    let mut random = Random::seeded([42; 32]);
    let mut disk = Disk::new(lies);
    let mut at = 0;
    for (n, cut) in cuts(tape, images, &mut random).into_iter().enumerate() {
        tape.steps[at..cut].iter().for_each(|step| disk.step(step, &tape.bytes));
        at = cut;
        let loss = Loss::ALL[n % Loss::ALL.len()];
        let image = TempDir::new().unwrap();
        std::fs::create_dir(image.path().join("state")).unwrap();
        disk.image(loss, &mut random, &tape.bytes, &image.path().join("state"));
        look(n, loss, &disk, image.path()).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_acknowledged_event_is_lost_when_the_power_goes() {
    let images = times("RELAYBOX_IMAGES", 48);
    let recording = record().await;
    let Recording { tape, practice, sent, rotations } = &recording;
    let mut started = 0;
    replay(tape, false, images, async |n, loss, disk, image| {
        let state = image.join("state");
        assert_eq!(faults(disk, &state, sent).await, Vec::<String>::new(), "image {n}, lost: {loss:?}");
        if disk.acknowledged.is_empty() {
            return;
        }
        let kept = Kept::read(&state.join("events.db"));
        kept.assert_receipts(practice, false);
        rotations.iter().for_each(|rotation| {
            kept.whole(rotation);
        });
        if n % STARTED_EVERY == STARTED_EVERY - 1 {
            furnish(image, &practice.receipts_box, LIMITS).unwrap();
            let role = RelayRole::start(image, &[]).unwrap();
            Kept::read(&state.join("events.db")).assert_receipts(practice, true);
            role.check().unwrap();
            role.login(&practice.doctor).await.unwrap();
            started += 1;
        }
    })
    .await;
    assert!(started >= images / STARTED_EVERY / 2, "{started} images were started");
    // The same recording on a disk that only says it had synced shows that the images can lose.
    let mut lost = 0;
    replay(tape, true, 12, async |_, _, disk, image| {
        lost += usize::from(!faults(disk, &image.join("state"), sent).await.is_empty());
    })
    .await;
    assert!(lost > 3, "{lost} of 12 images of a disk that lies lost something");
}

/// Stores events one by one with a store that syncs, or does not, and records it.
fn record_bare(synchronous: &str) -> (Tape, BTreeMap<EventId, String>) {
    let (folder, place) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let shim = Shim::build(place.path(), folder.path(), true);
    let (ours, theirs) = UnixStream::pair().unwrap();
    let answers = theirs.try_clone().unwrap();
    let mut child = Command::new(binary().unwrap().with_file_name("bare-store"))
        .arg(folder.path().join("events.db"))
        .arg(synchronous)
        .envs(shim.environment())
        .stdin(Stdio::from(OwnedFd::from(theirs)))
        .stdout(Stdio::from(OwnedFd::from(answers)))
        .spawn()
        .unwrap();
    let keys = Random::seeded([3; 32]).keys();
    let mut sent = BTreeMap::new();
    let mut heard = BufReader::new(ours.try_clone().unwrap());
    for n in 0..300 {
        let event = event::sign(&keys, 1, vec![], format!("note {n} {}", "x".repeat(n)), 1_700_000_000);
        sent.insert(event.id, event.as_json());
        writeln!(&ours, "{}", event.as_json()).unwrap();
        let mut answer = String::new();
        heard.read_line(&mut answer).unwrap();
        assert!(answer.contains("true"), "{answer}");
    }
    child.kill().unwrap();
    child.wait().unwrap();
    (shim.tape(), sent)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_synchronous_full_the_same_power_cuts_lose_acknowledged_events() {
    let mut lost = BTreeMap::new();
    for synchronous in ["full", "off"] {
        let (tape, sent) = record_bare(synchronous);
        let lost = lost.entry(synchronous).or_insert(0);
        replay(&tape, false, 30, async |_, _, disk, image| {
            *lost += usize::from(!faults(disk, &image.join("state"), &sent).await.is_empty());
        })
        .await;
    }
    assert_eq!(lost["full"], 0);
    assert!(lost["off"] > 10, "{} of 30 images lost something", lost["off"]);
}
