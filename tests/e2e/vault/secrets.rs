//! Where the practice's secrets are, and where they are not.

use std::io::{Read as _, Seek as _, SeekFrom};
use std::process::Command;

use relaybox_tests::vault::{PIN, of_process};
use relaybox_vault::envelope::{self, Opener};
use relaybox_vault::words::{Purpose, RecoveryWords};

use super::*;

/// Whether the writable memory of a process holds these bytes.
fn holds(pid: u32, needle: &[u8]) -> bool {
    let maps = std::fs::read_to_string(format!("/proc/{pid}/maps")).unwrap();
    let mut memory = std::fs::File::open(format!("/proc/{pid}/mem")).unwrap();
    let regions = maps.lines().filter_map(|line| {
        let mut cells = line.split_whitespace();
        let (from, to) = cells.next()?.split_once('-')?;
        let writable = cells.next()?.starts_with("rw");
        let number = |text| u64::from_str_radix(text, 16).ok();
        writable.then_some((number(from)?, number(to)?))
    });
    regions.into_iter().any(|(from, to)| {
        let mut bytes = vec![0; usize::try_from(to - from).unwrap()];
        let read = memory.seek(SeekFrom::Start(from)).and_then(|_| memory.read(&mut bytes));
        // A region may be gone by now, or not be readable.
        read.is_ok_and(|read| bytes[..read].windows(needle.len()).any(|window| window == needle))
    })
}

#[tokio::test]
async fn no_secret_of_the_vault_is_in_another_process_after_a_ceremony() {
    let planted = "5ea1ed0b".repeat(8);
    let mut sleeper = Command::new("sleep").arg("600").env("PLANTED", &planted).spawn().unwrap();
    assert!(holds(sleeper.id(), planted.as_bytes()), "the scanner finds what is there");
    assert!(!holds(sleeper.id(), "7ea1ed0b".repeat(8).as_bytes()));
    sleeper.kill().unwrap();
    sleeper.wait().unwrap();
    let claimed = Claimed::start("");
    claimed.hand().perform(json!({"verb": "rotate"})).await.unwrap().done().unwrap();
    let words = RecoveryWords::parse(&claimed.words).unwrap();
    let sealed = std::fs::read(claimed.started.folder().join("vault/vault.age")).unwrap();
    let opened = envelope::open(&sealed, &Opener::Words(&words.identity(Purpose::Vault))).unwrap();
    assert_eq!(opened.contents.practice.public_key(), claimed.practice);
    let pid = claimed.started.pid();
    assert!(holds(pid, claimed.practice.to_hex().as_bytes()), "what is public is there");
    for secret in [opened.contents.practice.secret_key(), opened.contents.escrow.secret_key()] {
        let hex = secret.to_secret_hex();
        assert!(!holds(pid, hex.as_bytes()) && !holds(pid, &secret.to_secret_bytes()));
    }
    assert!(!holds(pid, PIN.as_bytes()), "the PIN passes the vault sealed");
}

#[tokio::test]
async fn the_process_of_a_ceremony_is_locked_up_and_gone_when_it_is_over() {
    let claimed = Claimed::start("");
    let pid = claimed.started.pid();
    let mut seen = String::new();
    let request =
        relaybox_process::rpc::vault::Request::Prepare { operation: json!({"verb": "rotate"}), by: None };
    let mut hand = claimed.hand();
    let held = hand
        .hold(&request, &mut |status| {
            if status.step == "pin" {
                let [child] = of_process(pid, "ceremony-process")[..] else { panic!("one process") };
                for file in ["status", "limits"] {
                    seen.push_str(&std::fs::read_to_string(format!("/proc/{child}/{file}")).unwrap());
                }
            }
            true
        })
        .await
        .unwrap();
    held.done().unwrap();
    let value = |name: &str| {
        let line = seen.lines().find(|line| line.starts_with(name)).unwrap_or_default();
        line[name.len()..].split_whitespace().next().unwrap_or_default().to_owned()
    };
    assert_eq!(
        (value("Seccomp:"), value("NoNewPrivs:"), value("Threads:")),
        ("2".into(), "1".into(), "1".into())
    );
    assert_eq!(value("Max core file size"), "0");
    assert_ne!(value("VmLck:"), "0", "its memory is locked");
    assert!(of_process(pid, "ceremony-process").is_empty());
}
