//! A vault whose clock is wrong, as a process of its own beside a relay whose clock is right.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::Command;

use relaybox_process::clock::Clock;
use relaybox_tests::client::Client;
use relaybox_tests::role::{HOST, Places, RoleProcess};

use super::*;

/// Moves the wall clock of the process that it is loaded into; what counts durations stays.
const SHIFT: &str = r#"
#define _GNU_SOURCE
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
int clock_gettime(clockid_t clock, struct timespec *at) {
    int answer = (int) syscall(SYS_clock_gettime, clock, at);
    const char *shift = getenv("CLOCK_SHIFT");
    if (answer == 0 && clock == CLOCK_REALTIME && shift) at->tv_sec += atoll(shift);
    return answer;
}
"#;

/// 2036-01-01T00:00:00Z.
const Y2036: u64 = 2_082_758_400;

fn now() -> u64 {
    Clock::System.now()
}

/// Every linker of Rust programs is a compiler of C.
fn shim(folder: &Path) -> PathBuf {
    let (source, library) = (folder.join("shift.c"), folder.join("shift.so"));
    std::fs::write(&source, SHIFT).unwrap();
    let built = Command::new("cc").args(["-shared", "-fPIC", "-o"]).arg(&library).arg(&source).status();
    assert!(built.unwrap().success());
    library
}

/// The folders of a box that ran as one process, for roles that run each for itself.
struct Apart {
    data: PathBuf,
    config: PathBuf,
    shim: PathBuf,
}

impl Apart {
    fn of(claimed: &Claimed) -> Self {
        let data = claimed.started.folder().to_path_buf();
        let config = claimed.folder.path().join("apart.toml");
        let (run, helper) = (data.join("run"), claimed.keys.helper());
        let text = format!(
            "[relay]\naudit = false\n[sockets]\nfolder = {run:?}\n[vault]\nslot_helper = {helper:?}\n"
        );
        std::fs::write(&config, text).unwrap();
        Self { data, config, shim: shim(claimed.folder.path()) }
    }

    /// A role whose clock is off by so many seconds.
    fn start(&self, role: &str, shift: i64) -> RoleProcess {
        let places = Places {
            config: &self.config,
            state: &self.data.join(role),
            credentials: &self.data.join("credentials"),
            sockets: &self.data.join("run"),
            log: &self.data,
        };
        let environment = [
            ("LD_PRELOAD", self.shim.clone().into_os_string()),
            ("CLOCK_SHIFT", OsString::from(shift.to_string())),
        ];
        RoleProcess::start(role, &places, &environment).unwrap()
    }
}

fn newest_receipt(events: &[Event]) -> u64 {
    let receipts = events.iter().filter(|event| event.kind.as_u16() == 2122);
    receipts.map(|event| event.created_at.as_secs()).max().unwrap()
}

#[tokio::test]
async fn a_vault_started_in_1970_or_2036_signs_nothing_below_the_newest_receipt_and_pushes_no_time() {
    let mut claimed = Claimed::start("");
    claimed.started.terminate().unwrap();
    let apart = Apart::of(&claimed);
    let relay = apart.start("relay", 0);
    let nurse = Random::os().keys();
    let mut hand = claimed.hand();
    for (wrong, operation) in [
        (86_400, json!({"verb": "rotate"})),
        (
            Y2036,
            json!({"verb": "roster",
                "changes": [join(&nurse, "Cleo Testwell", Role::Nurse, &claimed.practice)]}),
        ),
        (now(), json!({"verb": "rotate"})),
    ] {
        let before = claimed.history().await;
        let newest = newest_receipt(&before);
        let shift = i64::try_from(wrong).unwrap() - i64::try_from(now()).unwrap();
        let vault = apart.start("vault", shift);
        let held = hand.perform(operation).await.unwrap();
        held.done().unwrap();
        assert!(held.last.until.abs_diff(wrong) < 3_600, "its clock was there: {}", held.last.until);
        vault.terminate().unwrap();
        let after = claimed.history().await;
        let new: Vec<&Event> = after.iter().filter(|event| !before.contains(event)).collect();
        assert!(!new.is_empty() && new.iter().all(|event| event.created_at.as_secs() >= newest), "{wrong}");
        // Receipts are of the relay's time, and so is what is signed by a right clock afterwards.
        assert!(newest_receipt(&after) <= now(), "{wrong}");
        if wrong < Y2036 {
            assert!(new.iter().all(|event| event.created_at.as_secs() <= now()), "{wrong}");
        }
    }
    // Who was taken in by a vault that stood in 2036 is a member now.
    let mut client = Client::behind_the_gateway(&apart.data.join("run/relay.sock"), HOST).await.unwrap();
    let (accepted, text) = client.auth(&nurse).await.unwrap();
    assert!(accepted, "{text}");
    assert_eq!(client.count(json!({"kinds": [2105]})).await.unwrap(), 3);
    relay.terminate().unwrap();
}
