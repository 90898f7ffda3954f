//! The key slot's helper as it is shipped: it knows hardware alone.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use relaybox_process::rpc::slot::{Reply, Request};
use relaybox_tests::dev::built;

/// A program of `tests/softkey`, as `scripts/softkey.sh` builds it.
fn soft(name: &str) -> PathBuf {
    let own = std::env::current_exe().unwrap();
    let mut found = own.ancestors().map(|folder| folder.join("softkey/debug").join(name));
    found.find(|path| path.is_file()).unwrap_or_else(|| panic!("{name} is missing: run scripts/softkey.sh"))
}

/// How many keys a helper lists that was started by a link in this folder.
fn listed(helper: &Path, folder: &Path) -> usize {
    let link = folder.join(helper.file_name().unwrap());
    std::os::unix::fs::symlink(helper, &link).unwrap();
    let mut program = Command::new(link).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let request = serde_json::to_string(&Request::List {}).unwrap();
    writeln!(program.stdin.as_mut().unwrap(), "{request}").unwrap();
    let output = program.wait_with_output().unwrap();
    assert!(output.status.success());
    match serde_json::from_slice(&output.stdout).unwrap() {
        Reply::Keys { keys } => {
            keys.iter().filter(|key| key.key.starts_with(&*folder.to_string_lossy())).count()
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_shipped_helper_sees_no_software_key_and_the_one_of_the_tests_does() {
    let folder = tempfile::tempdir().unwrap();
    let _socket = std::os::unix::net::UnixListener::bind(folder.path().join("desk.1.hid")).unwrap();
    assert_eq!(listed(&built("relaybox-slot").unwrap(), folder.path()), 0);
    assert_eq!(listed(&soft("relaybox-slot-soft"), folder.path()), 1);
}

#[test]
fn no_shipped_program_holds_a_software_key() {
    let holds = |path: &Path| {
        let bytes = std::fs::read(path).unwrap();
        // The search for text is the fast one of the standard library.
        let text = String::from_utf8_lossy(&bytes);
        ["Software key ", "fido-authenticator", "trussed"].iter().any(|word| text.contains(word))
    };
    for name in ["relaybox", "relaybox-slot"] {
        assert!(!holds(&built(name).unwrap()), "{name}");
    }
    assert!(holds(&soft("softkey")) && holds(&soft("relaybox-slot-soft")));
}
