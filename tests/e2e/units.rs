//! The roles as processes of their own, started the way systemd does: inherited sockets by name,
//! readiness over the notification socket, SIGTERM to stop.

use std::net::TcpListener;
use std::os::fd::OwnedFd;
use std::os::unix::net::{UnixDatagram, UnixListener};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use relaybox_tests::client::Client;
use relaybox_tests::{dev, http};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::json;
use tempfile::TempDir;

/// A role's process; it does not outlive a test that fails.
struct Role(Child);

impl Drop for Role {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Starts a role with one inherited socket and waits until it says that it is ready.
fn start(folder: &Path, role: &str, socket: OwnedFd, name: &str) -> Role {
    let place = folder.join(format!("{role}.notify"));
    let notify = UnixDatagram::bind(&place).unwrap();
    notify.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    let state = folder.join(role);
    std::fs::create_dir_all(&state).unwrap();
    // The shell moves the socket from standard input to the first inherited descriptor, and knows the
    // process id that the role will have.
    let script = "exec 3<&0 </dev/null; LISTEN_PID=$$ exec \"$@\"";
    let child = Role(
        Command::new("sh")
            .args(["-c", script, "sh"])
            .arg(dev::binary().unwrap())
            .arg(role)
            .arg("--config")
            .arg(folder.join("relaybox.toml"))
            .arg("--sockets")
            .arg(folder)
            .env("LISTEN_FDS", "1")
            .env("LISTEN_FDNAMES", name)
            .env("NOTIFY_SOCKET", &place)
            .env("STATE_DIRECTORY", &state)
            .env("CREDENTIALS_DIRECTORY", folder.join("credentials"))
            .stdin(Stdio::from(socket))
            .spawn()
            .unwrap(),
    );
    let mut said = [0; 64];
    let length = notify.recv(&mut said).unwrap();
    assert_eq!(&said[..length], b"READY=1\n");
    child
}

fn stop(mut role: Role) {
    kill_process(Pid::from_child(&role.0), Signal::TERM).unwrap();
    assert!(role.0.wait().unwrap().success());
}

#[tokio::test]
async fn relay_and_gateway_serve_as_two_processes_with_inherited_sockets() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().to_path_buf();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::fs::create_dir(path.join("credentials")).unwrap();
    let config = format!(
        "[gateway]\nhosts = [\"localhost\"]\nportal_hosts = [\"portal.localhost\"]\nrelay_socket = {:?}\n",
        path.join("relay.sock")
    );
    std::fs::write(path.join("relaybox.toml"), config).unwrap();
    let socket = UnixListener::bind(path.join("relay.sock")).unwrap();
    let (relay, gateway) = tokio::task::spawn_blocking({
        let path = path.clone();
        move || {
            let relay = start(&path, "relay", socket.into(), "relay");
            (relay, start(&path, "gateway", listener.into(), "gateway"))
        }
    })
    .await
    .unwrap();
    let ca = path.join("gateway/ca.crt");
    let health = http::get(&format!("https://localhost:{port}/health"), &ca, &[]).await.unwrap();
    assert!(health.contains("\"relay\":\"unclaimed\""), "{health}");
    // What a development launcher left behind is not served by a box.
    std::fs::write(path.join("gateway/dev.json"), "{}").unwrap();
    let portal = format!("https://portal.localhost:{port}");
    let demo = http::get(&format!("{portal}/dev.json"), &ca, &[]).await.unwrap();
    assert!(demo.starts_with("HTTP/1.1 404 "), "{demo}");
    let mut client = Client::connect(&format!("wss://localhost:{port}"), Some(&ca)).await.unwrap();
    client.send(&json!(["REQ", "a", {"kinds": [2110]}])).await.unwrap();
    client.wait(|frame| frame[0] == "CLOSED").await.unwrap();
    drop(client);
    tokio::task::spawn_blocking(move || {
        stop(gateway);
        stop(relay);
    })
    .await
    .unwrap();
}
