//! The log in a real journal: journald runs without systemd, in name spaces of the test.

use std::path::Path;
use std::process::Command;

use relaybox_tests::{dev, node};
use serde_json::Value;
use tempfile::TempDir;

const JOURNALD: &str = "/lib/systemd/systemd-journald";
const NEEDED: [&str; 4] = [JOURNALD, "/usr/bin/systemd-cat", "/usr/bin/journalctl", "/usr/bin/unshare"];

/// Why the journal cannot be had here, if so.
fn missing() -> Option<String> {
    let absent = NEEDED.iter().find(|path| !Path::new(path).exists());
    match absent {
        Some(path) => Some(format!("{path} is missing")),
        None if !rustix::process::getuid().is_root() => Some("mounting needs root".to_owned()),
        None => no_name_space(),
    }
}

/// In a folder that was made the root (chroot) there is no mount whose changes could be kept apart.
fn no_name_space() -> Option<String> {
    let tried =
        Command::new("unshare").args(["--mount", "--propagation", "private", "true"]).output().unwrap();
    (!tried.status.success()).then(|| String::from_utf8_lossy(&tried.stderr).trim().to_owned())
}

#[test]
fn a_role_whose_standard_error_is_the_journal_writes_records_into_it_with_their_level() {
    if let Some(reason) = missing() {
        println!("skipped: no journal was met, since {reason}");
        return;
    }
    let folder = TempDir::new().unwrap();
    for name in ["state", "credentials", "run"] {
        std::fs::create_dir(folder.path().join(name)).unwrap();
    }
    std::fs::write(folder.path().join("relaybox.toml"), "").unwrap();
    let output = Command::new("timeout")
        .args(["120", "unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"])
        .args(["--propagation", "private", "bash", "tests/e2e/journal.sh"])
        .arg(folder.path())
        .arg(dev::binary().unwrap())
        .env("JOURNALD", JOURNALD)
        .current_dir(node::root())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", node::said(&output));
    let text = String::from_utf8(output.stdout).unwrap();
    let records: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let said = |start: &str| {
        let mut found =
            records.iter().filter(|r| r["MESSAGE"].as_str().is_some_and(|m| m.starts_with(start)));
        let record = found.next().unwrap_or_else(|| panic!("no {start}: {records:?}"));
        assert!(found.next().is_none(), "said once: {records:?}");
        record
    };
    // Priorities of syslog(3): 4 warning, 5 notice. The text is the message alone: level and place are
    // fields, and nothing came a second time as a line of standard error.
    for (start, priority, target) in
        [("the box key is missing", "4", "relaybox_relay::run"), ("stopping", "5", "relaybox::cli")]
    {
        let record = said(start);
        assert_eq!(record["PRIORITY"], priority, "{record}");
        assert_eq!(record["TARGET"], target, "{record}");
        assert_eq!(record["_TRANSPORT"], "journal", "{record}");
        assert_eq!(record["SYSLOG_IDENTIFIER"], "relaybox", "{record}");
    }
    assert!(records.iter().all(|record| record["_TRANSPORT"] == "journal"), "{records:?}");
}
