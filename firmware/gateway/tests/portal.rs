//! The portal's names: what stands there, and what does not.
#![allow(clippy::unwrap_used, reason = "tests")]

mod common;

use common::{DOCUMENT, start, start_as, start_with};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

const PORTAL: &str = "portal.localhost";

fn body(answer: &str) -> serde_json::Value {
    serde_json::from_str(answer.split_once("\r\n\r\n").unwrap().1).unwrap()
}

#[tokio::test]
async fn the_portal_says_where_its_relay_is_and_whose_it_is() {
    let document = "{\"name\":\"</script><b>\",\"relaybox\":{\"practice\":\"aa\",\"next\":\"bb\"}}";
    let gateway = start_with(|_| {}, document).await;
    let answer = gateway.get_at(PORTAL, "/practice.json", "").await;
    assert!(
        answer.starts_with("HTTP/1.1 200 ") && answer.contains("content-type: application/json"),
        "{answer}"
    );
    let practice = body(&answer);
    assert_eq!(practice["relay"], format!("wss://localhost:{}", gateway.address.port()));
    assert_eq!((&practice["practice_pk"], &practice["practice_next"]), (&"aa".into(), &"bb".into()));
    assert_eq!(practice["practice_name"], "</script><b>");
    let unclaimed = start_with(|_| {}, "{\"name\":\"x\",\"relaybox\":{\"practice\":null}}").await;
    let answer = unclaimed.get_at(PORTAL, "/practice.json", "").await;
    assert!(!answer.starts_with("HTTP/1.1 200 "), "{answer}");
}

#[tokio::test]
async fn a_portal_whose_relay_is_gone_says_so() {
    let mut gateway = start().await;
    let relay = gateway.relay.take().unwrap();
    relay.abort();
    assert!(relay.await.unwrap_err().is_cancelled());
    let answer = gateway.get_at(PORTAL, "/practice.json", "").await;
    assert!(answer.starts_with("HTTP/1.1 503 ") && answer.contains("retry-after: 60"), "{answer}");
    assert!(!answer.contains("sock"), "{answer}");
}

#[tokio::test]
async fn the_portals_origin_has_nothing_of_the_boxs_other_surfaces() {
    let gateway = start().await;
    for path in ["/health", "/ca.crt", "/style.css", "/people.json", "/gateway/dev.json", "/metrics"] {
        let answer = gateway.get_at(PORTAL, path, "").await;
        assert!(answer.starts_with("HTTP/1.1 404 "), "{path}: {answer}");
    }
    let document = gateway.get_at(PORTAL, "/", "Accept: application/nostr+json\r\n").await;
    assert!(!document.contains(DOCUMENT), "{document}");
    let mut stream = gateway.connect_as(gateway.client(), PORTAL).await.unwrap();
    let host = format!("Host: {PORTAL}:{}", gateway.address.port());
    let upgrade = gateway.upgrade("/", "").replace(&format!("Host: {}", gateway.host()), &host);
    stream.write_all(upgrade.as_bytes()).await.unwrap();
    let head = common::head(&mut stream).await;
    assert!(head.starts_with("HTTP/1.1 404 "), "{head}");
    // And the relay's names have nothing of the portal.
    for path in ["/practice.json", "/dev.json", "/in", "/index.html"] {
        let answer = gateway.get(path, "").await;
        assert!(answer.starts_with("HTTP/1.1 404 "), "{path}: {answer}");
    }
    assert!(gateway.seen.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_name_that_the_connection_did_not_begin_with_is_refused() {
    let gateway = start().await;
    for (tls, host) in [("localhost", PORTAL), (PORTAL, "localhost"), (PORTAL, "evil.example")] {
        let mut stream = gateway.connect_as(gateway.client(), tls).await.unwrap();
        let request = format!(
            "GET /practice.json HTTP/1.1\r\nHost: {host}:{}\r\nConnection: close\r\n\r\n",
            gateway.address.port()
        );
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 421 "), "{tls} {host}: {answer}");
    }
    assert!(gateway.get_at(PORTAL, "/practice.json", "").await.starts_with("HTTP/1.1 200 "));
}

#[tokio::test]
async fn a_path_that_leads_out_of_the_face_finds_nothing() {
    let gateway = start().await;
    for path in [
        "/../package.json",
        "/assets/../../package.json",
        "/assets/..%2f..%2fpackage.json",
        "/%2e%2e/package.json",
        "/assets/%00.js",
        "//etc/passwd",
        "/r/../../package.json",
        "/.git/config",
        "/robots.php",
    ] {
        let answer = gateway.get_at(PORTAL, path, "").await;
        assert!(answer.starts_with("HTTP/1.1 404 "), "{path}: {answer}");
        assert!(!answer.contains("relaybox"), "{path}: {answer}");
    }
}

#[tokio::test]
async fn the_demos_people_are_shown_in_development_and_never_on_a_box() {
    let people = "{\"persons\":[{\"secret\":\"00\"}]}";
    for dev in [true, false] {
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(directory.path().join("dev.json"), people).unwrap();
        let gateway = start_as(dev, directory.path().to_owned(), |_| {}, DOCUMENT).await;
        let answer = gateway.get_at(PORTAL, "/dev.json", "").await;
        assert_eq!(answer.starts_with("HTTP/1.1 200 ") && answer.ends_with(people), dev, "{answer}");
        assert_eq!(answer.starts_with("HTTP/1.1 404 "), !dev, "{answer}");
        assert!(answer.contains("cache-control: no-store"), "{answer}");
    }
}

#[tokio::test]
async fn every_answer_of_the_portal_is_framed_by_nobody_and_pins_no_loopback_name() {
    let gateway = start().await;
    for path in ["/", "/in", "/practice.json", "/nothing"] {
        let answer = gateway.get_at(PORTAL, path, "").await.to_lowercase();
        for header in [
            "frame-ancestors 'none'",
            "x-content-type-options: nosniff",
            "referrer-policy: no-referrer",
            "cross-origin-opener-policy: same-origin",
            "strict-transport-security: max-age=0",
        ] {
            assert!(answer.contains(header), "{path}: {header}: {answer}");
        }
        assert!(!answer.contains("access-control-allow-origin"), "{path}: {answer}");
    }
}

#[tokio::test]
async fn nothing_is_written_at_the_portals_names() {
    let gateway = start().await;
    for request in ["POST /in", "PUT /dev.json", "DELETE /", "OPTIONS /"] {
        let mut stream = gateway.connect_as(gateway.client(), PORTAL).await.unwrap();
        let request = format!(
            "{request} HTTP/1.1\r\nHost: {PORTAL}:{}\r\nConnection: close\r\n\r\n",
            gateway.address.port()
        );
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        let refused = answer.starts_with("HTTP/1.1 404 ") || answer.starts_with("HTTP/1.1 405 ");
        assert!(refused, "{request}: {answer}");
    }
    assert!(gateway.seen.lock().unwrap().is_empty());
}
