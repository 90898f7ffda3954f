//! The front panel: what it shows, and what a hand at it does.

use std::os::unix::net::UnixDatagram;
use std::process::{Command, Stdio};

use relaybox_audit::chain::stored;
use relaybox_audit::{FILE, WRITER};
use relaybox_process::rpc::audit::Entry;
use relaybox_process::rpc::vault::{Reply, Request};
use relaybox_store::chain::Chains;
use relaybox_tests::dev::binary;
use relaybox_tests::vault::{Face, Panel, touch_panel};

use super::hostile::until;
use super::*;

fn rotate() -> Request {
    Request::Prepare { operation: json!({"verb": "rotate"}), by: None }
}

fn thaw() -> Request {
    Request::Prepare { operation: json!({"verb": "thaw"}), by: None }
}

/// Code of a refusal.
async fn refused(hand: &Hand<'_>, request: &Request) -> String {
    match hand.ask(request).await.unwrap() {
        Reply::Refused { code, .. } => code,
        other => panic!("{other:?}"),
    }
}

fn says(face: &Face, line: &str) -> bool {
    face.display.iter().any(|shown| shown == line)
}

/// Entries of one name in the audit of a box that has stopped.
async fn entered(folder: &Path, what: &str) -> Vec<Entry> {
    let chains = Chains::look(&folder.join("audit").join(FILE)).await.unwrap();
    let links = chains.scan(WRITER, 0, 100_000).await.unwrap();
    links.iter().map(|link| stored(link).unwrap().entry).filter(|entry| entry.what == what).collect()
}

fn fact<'a>(entry: &'a Entry, name: &str) -> &'a str {
    entry.facts.iter().find(|(named, _)| named == name).map_or("", |(_, value)| value)
}

#[tokio::test]
async fn a_box_shows_claim_code_and_address_until_it_is_claimed_and_then_its_state() {
    let unclaimed = Unclaimed::start("");
    let mut panel = Panel::open(unclaimed.started.folder()).await.unwrap();
    let code = unclaimed.hand().state().await.unwrap().claim_code.unwrap();
    let address = |face: &Face| face.display.iter().any(|line| line.starts_with("address 127.0.0.1:"));
    let face = panel.until(address).await.unwrap();
    assert_eq!((face.display[0].as_str(), face.light.as_str()), ("NOT CLAIMED", "unclaimed"));
    assert!(says(&face, &format!("claim code {code}")), "{face:?}");
    unclaimed.hand().claim(&Random::os().keys(), &mut |_| true).await.unwrap().done().unwrap();
    let face = panel.until(|face| says(face, "the box is claimed")).await.unwrap();
    assert_eq!(face.light, "ready");
    // The last text of a ceremony stays for a while, or until the button is pressed.
    panel.touch("press").await.unwrap();
    let face = panel.until(|face| face.display[0] == "READY" && address(face)).await.unwrap();
    assert!(!face.display.iter().any(|line| line.contains(&code)), "{face:?}");
    assert!(says(&face, "software keys: for a demo only"), "{face:?}");
    panel.touch("slot full").await.unwrap();
    panel.until(|face| says(face, "a key is in the slot: take it out")).await.unwrap();
    panel.touch("slot empty").await.unwrap();
    panel.until(|face| !says(face, "a key is in the slot: take it out")).await.unwrap();
}

#[tokio::test]
async fn where_the_panel_has_a_button_it_alone_presses() {
    let claimed = Claimed::start("panel = \"simulated\"");
    let mut hand = claimed.hand();
    let Reply::Prepared { ceremony, .. } = hand.ask(&rotate()).await.unwrap() else { panic!("no ceremony") };
    assert_eq!(refused(&hand, &Request::Press { ceremony: ceremony.clone() }).await, "panel");
    assert!(matches!(hand.ask(&Request::Cancel { ceremony }).await.unwrap(), Reply::Done));
    until(&hand, |status| status.step == "stopped").await;
    hand.at_panel = true;
    let held = hand.perform(json!({"verb": "rotate"})).await.unwrap();
    held.done().unwrap();
    let shown = &held.last.shown;
    assert_eq!(shown[0], "NEW LOCKS FOR ALL RECORDS");
    assert_eq!(shown[shown.len() - 2], "software keys: for a demo only", "a demo says what it is");
}

#[tokio::test]
async fn a_button_that_is_held_freezes_the_slot() {
    let mut claimed = Claimed::start("");
    let mut panel = Panel::open(claimed.started.folder()).await.unwrap();
    let mut hand = claimed.hand();
    panel.touch("hold").await.unwrap();
    let face = panel.until(|face| face.light == "frozen").await.unwrap();
    assert!(says(&face, "THE KEY SLOT IS FROZEN") && says(&face, "the button was held"), "{face:?}");
    assert_eq!(hand.state().await.unwrap().frozen.unwrap().why, "button");
    assert_eq!(refused(&hand, &rotate()).await, "frozen");
    hand.hold(&thaw(), &mut |_| true).await.unwrap().done().unwrap();
    hand.perform(json!({"verb": "rotate"})).await.unwrap().done().unwrap();
    claimed.started.terminate().unwrap();
    let entries = entered(&claimed.folder.path().join("data"), "frozen").await;
    assert_eq!(entries.iter().map(|entry| fact(entry, "why")).collect::<Vec<_>>(), ["button"]);
}

#[tokio::test]
async fn an_opened_lid_stops_the_ceremony_and_freezes_also_while_the_box_is_off() {
    let mut claimed = Claimed::start("");
    let data = claimed.folder.path().join("data");
    let panel = data.join("run/panel.sock");
    let before = claimed.history().await.len();
    let mut hand = claimed.hand();
    let open = &mut |status: &relaybox_process::rpc::vault::Status| {
        if status.step == "pin" {
            touch_panel(&panel, "lid open").unwrap();
        }
        true
    };
    let held = hand.hold(&rotate(), open).await.unwrap();
    assert_eq!((held.last.step.as_str(), held.why()), ("stopped", "frozen"), "{:?}", held.steps);
    assert_eq!(hand.state().await.unwrap().frozen.unwrap().why, "lid");
    // While it is open nothing begins, not even the thaw.
    assert_eq!(
        (refused(&hand, &thaw()).await, refused(&hand, &rotate()).await),
        ("lid".into(), "lid".into())
    );
    let mut shown = Panel::open(&data).await.unwrap();
    shown.touch("lid close").await.unwrap();
    shown.touch("press").await.unwrap();
    let face = shown.until(|face| face.display[0] == "THE KEY SLOT IS FROZEN").await.unwrap();
    assert!(says(&face, "the lid was opened") && face.light == "frozen", "{face:?}");
    assert_eq!(refused(&hand, &rotate()).await, "frozen");
    claimed.started.terminate().unwrap();
    claimed.restart();
    let mut hand = claimed.hand();
    assert_eq!(hand.state().await.unwrap().frozen.unwrap().why, "lid", "a restart thaws nothing");
    hand.hold(&thaw(), &mut |_| true).await.unwrap().done().unwrap();
    assert_eq!(hand.state().await.unwrap().frozen, None);
    claimed.started.terminate().unwrap();
    std::fs::write(data.join("run/panel.lid-open"), "").unwrap();
    claimed.restart();
    let mut hand = claimed.hand();
    assert_eq!(hand.state().await.unwrap().frozen.unwrap().why, "lid", "opened while the box was off");
    let mut shown = Panel::open(&data).await.unwrap();
    shown.touch("lid close").await.unwrap();
    // What happens second is shown, so what happened first was taken.
    shown.touch("slot full").await.unwrap();
    shown.until(|face| says(face, "a key is in the slot: take it out")).await.unwrap();
    hand.order = vec!["two".to_owned()];
    hand.hold(&thaw(), &mut |_| true).await.unwrap().done().unwrap();
    assert_eq!(claimed.history().await.len(), before, "nothing was signed in all of it");
    claimed.hand().perform(json!({"verb": "rotate"})).await.unwrap().done().unwrap();
    claimed.started.terminate().unwrap();
    let tampered = entered(&data, "tamper").await;
    let lids: Vec<&str> = tampered.iter().map(|entry| fact(entry, "lid")).collect();
    assert_eq!(lids, ["open", "closed", "open", "closed"]);
    let frozen = entered(&data, "frozen").await;
    assert_eq!(frozen.iter().map(|entry| fact(entry, "why")).collect::<Vec<_>>(), ["lid", "lid"]);
}

#[tokio::test]
async fn an_opened_lid_stops_a_claim_and_the_box_is_claimed_once_it_is_closed() {
    let unclaimed = Unclaimed::start("");
    let panel = unclaimed.started.folder().join("run/panel.sock");
    let mut hand = unclaimed.hand();
    let open = &mut |status: &relaybox_process::rpc::vault::Status| {
        if status.step == "proof" {
            touch_panel(&panel, "lid open").unwrap();
        }
        true
    };
    let held = hand.claim(&Random::os().keys(), open).await.unwrap();
    assert_eq!((held.last.step.as_str(), held.why()), ("stopped", "frozen"), "{:?}", held.steps);
    let state = hand.state().await.unwrap();
    assert!(state.frozen.is_none() && state.claim_code.is_some(), "nobody could thaw it");
    let again = hand.claim(&Random::os().keys(), &mut |_| true).await.unwrap_err().to_string();
    assert!(again.contains("the lid is open"), "{again}");
    let mut shown = Panel::open(unclaimed.started.folder()).await.unwrap();
    shown.touch("lid close").await.unwrap();
    shown.touch("press").await.unwrap();
    shown.until(|face| face.display[0] == "NOT CLAIMED").await.unwrap();
    hand.claim(&Random::os().keys(), &mut |_| true).await.unwrap().done().unwrap();
}

#[tokio::test]
async fn the_line_of_another_role_stands_apart_and_never_beside_a_ceremony() {
    let claimed = Claimed::start("");
    let mut panel = Panel::open(claimed.started.folder()).await.unwrap();
    let mut hand = claimed.hand();
    panel.until(|face| says(face, "~ relay and audit serve")).await.unwrap();
    let line =
        Request::Line { text: format!("PRESS\nTHE \u{202e}BUTTON {}", "x".repeat(500)), failing: true };
    assert!(matches!(hand.ask(&line).await.unwrap(), Reply::Done));
    let face = panel.until(|face| face.light == "failing").await.unwrap();
    let told: Vec<&String> = face.display.iter().filter(|line| line.contains("BUTTON")).collect();
    let [told] = told[..] else { panic!("{face:?}") };
    assert!(told.starts_with("~ PRESS\u{fffd}THE \u{fffd}BUTTON xx") && told.chars().count() == 62, "{told}");
    let Reply::Prepared { ceremony, .. } = hand.ask(&rotate()).await.unwrap() else { panic!("no ceremony") };
    panel.until(|face| face.light == "ceremony").await.unwrap();
    hand.ask(&line).await.unwrap();
    assert!(matches!(hand.ask(&Request::Cancel { ceremony }).await.unwrap(), Reply::Done));
    let seen = std::cell::RefCell::new(Vec::new());
    let all = |face: &Face| {
        seen.borrow_mut().extend(face.display.clone());
        face.light != "ceremony"
    };
    panel.until(all).await.unwrap();
    assert!(!seen.borrow().iter().any(|line| line.starts_with('~')), "{seen:?}");
    hand.perform(json!({"verb": "rotate"})).await.unwrap().done().unwrap();
}

/// `relaybox vault` as its own process: `READY=1`, or what it said at its end.
fn vault_role(vault: &str) -> Result<(), String> {
    let folder = TempDir::new().unwrap();
    let at = |name: &str| folder.path().join(name);
    for name in ["state", "credentials", "sockets"] {
        std::fs::create_dir(at(name)).unwrap();
    }
    for name in ["receipts.pub", "audit.pub"] {
        let key = Random::os().keys().public_key().to_hex();
        std::fs::write(at("credentials").join(name), format!("{key}\n")).unwrap();
    }
    let config = format!("[sockets]\nfolder = {:?}\n[vault]\n{vault}\n", at("sockets"));
    std::fs::write(at("relaybox.toml"), config).unwrap();
    let notify = UnixDatagram::bind(at("notify")).unwrap();
    let mut child = Command::new(binary().unwrap())
        .arg("vault")
        .arg("--config")
        .arg(at("relaybox.toml"))
        .arg("--state")
        .arg(at("state"))
        .arg("--credentials")
        .arg(at("credentials"))
        .arg("--sockets")
        .arg(at("sockets"))
        .env("NOTIFY_SOCKET", at("notify"))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    notify.set_read_timeout(Some(std::time::Duration::from_millis(200))).unwrap();
    loop {
        let mut said = [0; 64];
        if notify.recv(&mut said).is_ok() {
            child.kill().unwrap();
            child.wait().unwrap();
            return Ok(());
        }
        if child.try_wait().unwrap().is_some() {
            let output = child.wait_with_output().unwrap();
            return Err(String::from_utf8(output.stderr).unwrap());
        }
    }
}

#[test]
fn software_keys_and_a_simulated_panel_are_for_development_alone() {
    vault_role("").unwrap();
    for vault in ["soft = true", "panel = \"console\"", "panel = \"simulated\""] {
        let said = vault_role(vault).unwrap_err();
        assert!(said.contains("only `relaybox dev` does"), "{vault}: {said}");
    }
}
