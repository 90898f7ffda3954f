//! The same by command line, as a technician without a browser does it.

use std::io::{Read as _, Write as _};
use std::process::{Command, Stdio};

use relaybox_tests::dev;
use relaybox_tests::vault::{PIN, words_of};

use super::*;

/// Runs a command and does what its screen asks for. Gives what it said and whether it succeeded.
pub(super) fn at_the_console(keys: &SoftKeys, arguments: &[&str], order: &[&str]) -> (String, bool) {
    typing(PIN, keys, arguments, order, &[])
}

/// The same with another PIN than that of the tests' keys.
pub(super) fn with_pin(pin: &str, keys: &SoftKeys, arguments: &[&str], order: &[&str]) -> (String, bool) {
    typing(pin, keys, arguments, order, &[])
}

/// The same with these words in the hand, typed one after the other; without any, and for empty ones, those of the last
/// sheet are typed back.
pub(super) fn with_words(
    keys: &SoftKeys,
    arguments: &[&str],
    order: &[&str],
    words: &[&str],
) -> (String, bool) {
    typing(PIN, keys, arguments, order, words)
}

fn typing(pin: &str, keys: &SoftKeys, arguments: &[&str], order: &[&str], words: &[&str]) -> (String, bool) {
    let mut words = words.iter();
    let mut child = Command::new(dev::binary().unwrap())
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    let mut output = child.stdout.take().unwrap();
    let (mut said, mut order, mut inside) = (Vec::new(), order.iter(), None);
    let mut byte = [0];
    while output.read(&mut byte).unwrap() == 1 {
        said.push(byte[0]);
        let take_out = |inside: &mut Option<&&str>| {
            if let Some(name) = inside.take() {
                keys.tell(&format!("remove {name}")).unwrap();
            }
        };
        if said.ends_with(b"the button: ") {
            take_out(&mut inside);
            input.write_all(b"\n").unwrap();
        } else if said.ends_with(b"PIN (not shown): ") {
            input.write_all(format!("{pin}\n").as_bytes()).unwrap();
        } else if said.ends_with(b"on one line: ") || said.ends_with(b"for a slot key: ") {
            let lines: Vec<String> = String::from_utf8_lossy(&said).lines().map(str::to_owned).collect();
            let words = match words.next() {
                Some(words) if !words.is_empty() => (*words).to_owned(),
                _ => words_of(&lines),
            };
            input.write_all(format!("{words}\n").as_bytes()).unwrap();
        } else if said.ends_with(b"take the key out\n") || said.ends_with(b"take it out\n") {
            take_out(&mut inside);
        } else if said.ends_with(b" in\n") && last_line(&said).contains("put ") {
            inside = order.next();
            keys.insert(inside.unwrap()).unwrap();
        }
    }
    if let Some(name) = inside {
        keys.tell(&format!("remove {name}")).unwrap();
    }
    let mut errors = String::new();
    child.stderr.take().unwrap().read_to_string(&mut errors).unwrap();
    (String::from_utf8(said).unwrap() + &errors, child.wait().unwrap().success())
}

fn last_line(said: &[u8]) -> String {
    String::from_utf8_lossy(said).lines().last().unwrap_or_default().to_owned()
}

/// The command by which a box is claimed with two slot keys.
pub(super) fn claiming<'a>(data: &'a str, owner_key: &'a str) -> [&'a str; 12] {
    [
        "claim",
        "--data",
        data,
        "--practice",
        "Testing Pediatrics",
        "--owner",
        "Dr. Alba Testwell",
        "--owner-key",
        owner_key,
        "--keys",
        "front office",
        "bank",
    ]
}

#[tokio::test]
async fn a_box_is_claimed_and_gets_new_locks_by_command_line() {
    let unclaimed = Unclaimed::start("");
    let data = unclaimed.started.folder().to_str().unwrap().to_owned();
    let key = unclaimed.folder.path().join("owner.key");
    let claim = claiming(&data, key.to_str().unwrap());
    let (said, done) = at_the_console(&unclaimed.keys, &claim, &["one", "two"]);
    assert!(done && said.contains("RECOVERY SHEET") && said.contains("SUCCESSION SHEET"), "{said}");
    assert!(!said.contains(PIN));
    let (said, done) = at_the_console(&unclaimed.keys, &["ceremony", "--data", &data, "rotate"], &["two"]);
    assert!(done && said.contains("NEW LOCKS FOR ALL RECORDS"), "{said}");
    assert_eq!(of_kind(&history(&unclaimed.started).await, 2105), 2);
    let (said, done) = at_the_console(&unclaimed.keys, &["ceremony", "--data", &data, "state"], &[]);
    assert!(done && said.contains("front office") && said.contains("bank"), "{said}");
    assert!(said.contains("these are programs"), "soft keys are named: {said}");
    let owner = Keys::parse(std::fs::read_to_string(&key).unwrap().trim()).unwrap();
    let url = unclaimed.started.ready.plain().unwrap();
    let mut client = relaybox_tests::client::Client::login(url, None, &owner).await.unwrap();
    assert!(client.count(json!({"kinds": [2102]})).await.unwrap() > 0, "the owner reads the policy");
    let (said, done) = at_the_console(&unclaimed.keys, &claim, &[]);
    assert!(!done && said.contains("the box is claimed"), "{said}");
}
