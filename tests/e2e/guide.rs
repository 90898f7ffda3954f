//! Every command block of the guide is run as it stands there. Two things are replaced: the box is the
//! binary that was built already, on port 0 with a folder of its own, and `ready.json` lies in that folder.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use relaybox_tests::client::Client;
use relaybox_tests::dev::{self, DevBox};
use relaybox_tests::{http, node};
use serde_json::{Value, json};
use tempfile::TempDir;

/// The blocks of this language on a page.
fn blocks_of(page: &str, language: &str) -> Vec<String> {
    page.split(&format!("```{language}\n"))
        .skip(1)
        .map(|rest| rest.split("```").next().unwrap().trim().to_owned())
        .collect()
}

/// The `sh` blocks of a page.
fn blocks(page: &str) -> Vec<String> {
    blocks_of(page, "sh")
}

fn shell(command: &str, ready: &Path) -> Output {
    let command = command.replace("ready.json", &ready.to_string_lossy());
    Command::new("bash")
        .args(["-euo", "pipefail", "-c", &command])
        .current_dir(node::root())
        .output()
        .unwrap()
}

/// What the person of this name counts.
async fn count(dev: &DevBox, name: &str, filter: Value) -> u64 {
    let person = dev.ready.persons.iter().find(|person| person.name == name).unwrap();
    let mut client = Client::login(dev.ready.plain().unwrap(), None, &person.keys().unwrap()).await.unwrap();
    client.count(filter).await.unwrap()
}

#[tokio::test]
async fn what_the_guide_cannot_read_exists_for_its_own_readers() {
    let dev = DevBox::demo().unwrap();
    let doctor = dev.ready.one("doctor").unwrap().name.clone();
    let others: Vec<_> = dev.ready.role("guardian").filter(|g| g.name != "Dana Demofield").collect();
    let other = others.iter().find(|guardian| !guardian.children.is_empty()).unwrap();
    let foreign = json!({"kinds": [2110, 2113, 2116], "#p": [other.children[0]]});
    assert!(count(&dev, &other.name, foreign.clone()).await > 0);
    assert_eq!(count(&dev, "Dana Demofield", foreign).await, 0);
    assert!(count(&dev, &doctor, json!({"kinds": [2123]})).await > 0);
    assert_eq!(count(&dev, "Dana Demofield", json!({"kinds": [2123]})).await, 0);
}

#[test]
fn the_guide_reads_a_childs_record_and_nothing_else() {
    let page = std::fs::read_to_string(node::root().join("docs/guide/read-a-record.md")).unwrap();
    let blocks = blocks(&page);
    let [setup, start, read, tls] = blocks.as_slice() else {
        panic!("the guide has other blocks: {blocks:?}")
    };

    assert!(shell(setup, Path::new("-")).status.success());

    let dev = DevBox::demo().unwrap();
    let ready = dev.folder().with_extension("ready.json");
    // The contract of the second block: these arguments, and one line on stdout.
    assert_eq!(start, "make run ARGS=\"--json --plain-relay 127.0.0.1:7777\" > ready.json");
    assert!(dev.ready.plain().unwrap().starts_with("ws://127.0.0.1:"));
    std::fs::write(&ready, &dev.line).unwrap();

    let output = shell(read, &ready);
    let said = node::said(&output);
    assert!(output.status.success(), "{said}");
    for epoch in ["epoch 1", "epoch 2", "epoch 3"] {
        assert!(said.contains(epoch), "nothing of {epoch} was read: {said}");
    }
    assert!(said.contains("Immunization"), "no record was read: {said}");
    assert!(!said.contains("not shown"), "{said}");
    assert!(said.contains("records of another child: 0"), "{said}");
    assert!(said.contains("confidential records: 0"), "{said}");

    let output = shell(tls, &ready);
    assert!(node::said(&output).contains("logged in at wss://"), "{}", node::said(&output));
}

/// The command with the binary that was built, and the demo's folder for the one in the project.
fn command(block: &str, data: &Path) -> String {
    let binary = dev::binary().unwrap();
    block
        .replace("target/debug/relaybox", &binary.to_string_lossy())
        .replace(".relaybox-dev", &data.to_string_lossy())
}

fn run(command: &str, folder: &Path) -> String {
    let output = Command::new("bash")
        .args(["-euo", "pipefail", "-c", command])
        .current_dir(folder)
        // The make that started this test says where it enters and leaves, unless these are gone.
        .env_remove("MAKEFLAGS")
        .env_remove("MAKELEVEL")
        .output()
        .unwrap();
    assert!(output.status.success(), "{command}: {}", node::said(&output));
    node::said(&output)
}

#[test]
fn the_guide_starts_keeps_checks_and_copies_a_box() {
    let page = std::fs::read_to_string(node::root().join("docs/guide/run-a-box.md")).unwrap();
    let blocks = blocks(&page);
    assert_eq!(blocks.len(), 6, "{blocks:?}");
    // What `make run` does with the box is in start.rs; here, that its arguments arrive.
    assert_eq!(blocks[0], "make run");
    for (block, script) in [(&blocks[0], "scripts/run.sh"), (&blocks[1], "scripts/run.sh --reset")] {
        let said = run(&block.replacen("make", "make -n", 1), &node::root());
        assert_eq!(said.trim(), script);
    }
    let dev = DevBox::empty().unwrap();
    let folder = TempDir::new().unwrap();
    let said = run(&command(&blocks[2], dev.folder()), folder.path());
    assert_eq!(said.matches("the store is whole").count(), 2, "{said}");
    assert!(dev.folder().join("gateway/ca.crt").is_file());
}

#[test]
fn the_guides_web_page_is_put_together_and_served_as_it_says() {
    let page = std::fs::read_to_string(node::root().join("docs/guide/read-in-a-browser.md")).unwrap();
    let blocks = blocks(&page);
    let [put, serve] = blocks.as_slice() else { panic!("the guide has other blocks: {blocks:?}") };
    let folder = TempDir::new().unwrap();
    let here = |block: &str| block.replace("/tmp/my-page", &folder.path().join("my-page").to_string_lossy());
    run(&here(put), &node::root());

    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let child = Command::new("bash")
        .args(["-euo", "pipefail", "-c", &format!("exec {}", here(serve).replace("8080", &port.to_string()))])
        .env("PYTHONUNBUFFERED", "1")
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn();
    let mut server = Running(child.unwrap());
    let mut line = String::new();
    BufReader::new(server.0.stdout.take().unwrap()).read_line(&mut line).unwrap();
    assert!(line.contains(&port.to_string()), "{line}");
    let get = |path: &str| {
        let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
        write!(stream, "GET {path} HTTP/1.0\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    };
    let page = get("/");
    assert!(page.contains(" 200 ") && page.contains("nostr.bundle.js"), "{page}");
    assert!(get("/nostr.bundle.js").contains(" 200 "));
}

/// A process that does not outlive a test that fails.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Starts a role as its block says and waits until it is ready.
fn start_role(block: &str, folder: &Path, name: &str) -> Running {
    let place = folder.join(name);
    let notify = UnixDatagram::bind(&place).unwrap();
    notify.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    let child = Command::new("bash")
        .args(["-c", &format!("exec {}", command(block, folder))])
        .current_dir(folder)
        .env("NOTIFY_SOCKET", &place)
        .spawn()
        .unwrap();
    let running = Running(child);
    let mut said = [0; 64];
    let length = notify.recv(&mut said).unwrap();
    assert_eq!(&said[..length], b"READY=1\n");
    running
}

#[tokio::test]
async fn the_guide_runs_the_roles_as_processes_of_their_own() {
    let page = std::fs::read_to_string(node::root().join("docs/guide/run-a-box.md")).unwrap();
    let blocks = blocks(&page);
    let [config] = blocks_of(&page, "toml").try_into().unwrap();
    let free = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = free.local_addr().unwrap().port().to_string();
    drop(free);
    let folder = TempDir::new().unwrap();
    let path = folder.path();
    std::fs::write(path.join("relaybox.toml"), config.replace("8443", &port)).unwrap();
    run(&command(&blocks[3], path), path);
    let _relay = start_role(&blocks[4], path, "relay.notify");
    let _gateway = start_role(&blocks[5], path, "gateway.notify");
    let url = format!("https://localhost:{port}/health");
    let health = http::get(&url, &path.join("box/gateway/ca.crt"), &[]).await.unwrap();
    assert!(health.contains("\"relay\":\"unclaimed\""), "{health}");
}
