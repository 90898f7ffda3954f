//! Hosts, pages, and what reaches the relay.
#![allow(clippy::unwrap_used, reason = "tests")]

mod common;

use common::{DOCUMENT, head, start, start_with};
use tokio::io::AsyncWriteExt as _;

const NIP11: &str = "Accept: application/nostr+json\r\n";

#[tokio::test]
async fn a_foreign_host_reaches_nothing_and_learns_nothing() {
    let gateway = start().await;
    let port = gateway.address.port();
    for host in [
        "evil.example".to_owned(),
        format!("evil.example:{port}"),
        "localhost:1".to_owned(),
        format!("relaybox.local:{port}"),
        String::new(),
    ] {
        let request = format!(
            "GET / HTTP/1.1\r\nHost: {host}\r\n{NIP11}Forwarded: host=localhost\r\nX-Forwarded-Host: localhost\r\n\r\n"
        );
        let answer = gateway.raw(&request).await;
        assert!(answer.starts_with("HTTP/1.1 421 "), "{host}: {answer}");
        for inside in ["localhost", "127.0.0.1", "sock", "relaybox.local", "stand-in"] {
            assert!(!answer.contains(inside), "{host}: {answer}");
        }
    }
    assert!(gateway.seen.lock().unwrap().is_empty());
    assert!(gateway.get("/", NIP11).await.contains("stand-in"));
}

#[tokio::test]
async fn two_hosts_none_or_another_one_in_the_target_are_refused() {
    let gateway = start().await;
    let host = gateway.host();
    for request in [
        format!("GET / HTTP/1.1\r\nHost: {host}\r\nHost: {host}\r\n\r\n"),
        "GET / HTTP/1.1\r\nAccept: */*\r\n\r\n".to_owned(),
        format!("GET https://evil.example/ HTTP/1.1\r\nHost: {host}\r\n\r\n"),
    ] {
        let answer = gateway.raw(&request).await;
        assert!(answer.starts_with("HTTP/1.1 421 "), "{request}: {answer}");
    }
    let absolute = format!("GET https://{host}/health HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
    assert!(gateway.raw(&absolute).await.starts_with("HTTP/1.1 200 "));
}

#[tokio::test]
async fn the_information_document_is_the_relays_and_foreign_origins_may_read_it() {
    let gateway = start().await;
    let answer = gateway.get("/?a=1", &format!("{NIP11}Origin: https://elsewhere.example\r\n")).await;
    assert!(answer.starts_with("HTTP/1.1 200 ") && answer.ends_with(DOCUMENT), "{answer}");
    assert_eq!(answer.to_lowercase().matches("access-control-allow-origin: *").count(), 1);
    assert_eq!(answer.to_lowercase().matches("access-control-expose-headers: date\r\n").count(), 1);
    assert_eq!(answer.to_lowercase().matches("\r\ndate: ").count(), 1);
    assert!(answer.to_lowercase().contains("strict-transport-security:"));
    assert!(!answer.contains("inside"), "{answer}");
    let seen = gateway.seen.lock().unwrap().clone();
    assert_eq!(seen.first().map(|seen| seen.target.as_str()), Some("/?a=1"));
}

#[tokio::test]
async fn the_relay_learns_the_peer_from_the_connection_and_never_from_a_header() {
    let gateway = start().await;
    let forged = "X-Forwarded-For: 203.0.113.9\r\nForwarded: for=203.0.113.9\r\nX-Real-IP: 203.0.113.9\r\n\
                  Via: 1.1 evil\r\nCookie: a=b\r\n";
    gateway.get("/", &format!("{NIP11}{forged}")).await;
    let seen = gateway.seen.lock().unwrap().clone();
    let request = seen.first().unwrap();
    assert_eq!(request.preface.source.ip(), gateway.address.ip());
    assert_eq!(request.preface.destination, gateway.address);
    assert_eq!(request.preface.host, gateway.host());
    let names: Vec<&str> = request.headers.keys().map(hyper::header::HeaderName::as_str).collect();
    assert_eq!(names, ["accept", "host"]);
}

#[tokio::test]
async fn a_preface_from_outside_is_no_request() {
    let gateway = start().await;
    let preface = "PROXY TCP4 203.0.113.9 127.0.0.1 1 443\r\n";
    let answer = gateway.raw(&format!("{preface}GET / HTTP/1.1\r\nHost: {}\r\n\r\n", gateway.host())).await;
    assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
    let mut second = String::from("\r\n\r\n\0\r\nQUIT\n");
    second.push_str("!\u{11}\0\u{c}");
    assert!(!gateway.raw(&second).await.contains("200 OK"));
    assert!(gateway.seen.lock().unwrap().is_empty());
}

#[tokio::test]
async fn bodies_and_ambiguous_lengths_never_pass() {
    let gateway = start().await;
    let host = gateway.host();
    for lines in [
        "Content-Length: 5\r\n\r\nhello",
        "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: localhost\r\n\r\n",
        "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello!",
        "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
    ] {
        let answer = gateway.raw(&format!("GET / HTTP/1.1\r\nHost: {host}\r\n{NIP11}{lines}")).await;
        let refused = answer.starts_with("HTTP/1.1 413 ") || answer.starts_with("HTTP/1.1 400 ");
        assert!(refused, "{lines}: {answer}");
        assert_eq!(answer.matches("HTTP/1.1 ").count(), 1, "{lines}: {answer}");
    }
    assert!(gateway.seen.lock().unwrap().is_empty());
}

#[tokio::test]
async fn the_start_page_tells_the_state_in_the_readers_language() {
    for (document, english, spanish) in [
        (DOCUMENT, "The box is running", "La caja está funcionando"),
        ("{\"relaybox\":{\"practice\":null}}", "belongs to nobody yet", "todavía no es de nadie"),
    ] {
        let gateway = start_with(|_| {}, document).await;
        let page = gateway.get("/", "Accept-Language: en-US\r\n").await;
        assert!(page.contains(english) && page.contains("lang=\"en\""), "{page}");
        let page = gateway.get("/", "Accept-Language: es-MX, en;q=0.5\r\n").await;
        assert!(page.contains(spanish) && page.contains("content-language: es"), "{page}");
    }
}

#[tokio::test]
async fn the_start_page_runs_no_script_and_is_framed_by_nobody() {
    let gateway = start().await;
    let page = gateway.get("/", "").await;
    for header in [
        "content-security-policy: default-src 'none'; style-src 'self'",
        "frame-ancestors 'none'",
        "x-content-type-options: nosniff",
        "referrer-policy: no-referrer",
        "strict-transport-security: ",
        "cache-control: no-store",
    ] {
        assert!(page.contains(header), "{header}: {page}");
    }
    assert!(!page.contains("access-control-allow-origin"));
    assert!(gateway.get("/style.css", "").await.contains("text/css"));
}

#[tokio::test]
async fn a_relay_that_is_gone_shows_on_page_and_health_and_nothing_inside_does() {
    let mut gateway = start().await;
    assert!(gateway.get("/health", "").await.contains("{\"gateway\":\"serving\",\"relay\":\"serving\"}"));
    let relay = gateway.relay.take().unwrap();
    relay.abort();
    assert!(relay.await.unwrap_err().is_cancelled());
    let health = gateway.get("/health", "").await;
    assert!(health.starts_with("HTTP/1.1 503 ") && health.contains("\"relay\":\"down\""), "{health}");
    assert!(gateway.get("/", "").await.contains("does not take records"));
    let document = gateway.get("/", NIP11).await;
    assert!(document.starts_with("HTTP/1.1 503 ") && document.contains("retry-after: 60"), "{document}");
    assert!(!document.contains("sock"), "{document}");
}

#[tokio::test]
async fn a_relay_that_cannot_store_is_told_to_monitors_and_people_and_still_reached() {
    let document = "{\"name\":\"stand-in\",\"relaybox\":{\"practice\":\"aa\",\"failing\":[\"storage\"]}}";
    let gateway = start_with(|_| {}, document).await;
    let health = gateway.get("/health", "").await;
    assert!(health.starts_with("HTTP/1.1 503 ") && health.contains("\"relay\":\"failing\""), "{health}");
    assert!(gateway.get("/", "").await.contains("does not take records"));
    assert!(gateway.get("/", NIP11).await.starts_with("HTTP/1.1 200 "));
}

#[tokio::test]
async fn the_certificate_can_be_fetched_and_is_the_authoritys() {
    let gateway = start().await;
    let answer = gateway.get("/ca.crt", "").await;
    let pem = std::fs::read_to_string(gateway.state.join("ca.crt")).unwrap();
    assert!(answer.ends_with(&pem) && !answer.contains("PRIVATE"), "{answer}");
}

#[tokio::test]
async fn other_paths_and_methods_are_refused() {
    let gateway = start().await;
    assert!(gateway.get("/ca.pem", "").await.starts_with("HTTP/1.1 404 "));
    assert!(gateway.get("/../tls.pem", "").await.starts_with("HTTP/1.1 404 "));
    let host = gateway.host();
    let put = gateway.raw(&format!("PUT / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n")).await;
    assert!(put.starts_with("HTTP/1.1 405 ") && put.contains("allow: GET, HEAD"), "{put}");
}

#[tokio::test]
async fn two_requests_share_a_connection() {
    let gateway = start().await;
    let mut stream = gateway.connect().await;
    for _ in 0..2 {
        let request = format!("HEAD /health HTTP/1.1\r\nHost: {}\r\n\r\n", gateway.host());
        stream.write_all(request.as_bytes()).await.unwrap();
        assert!(head(&mut stream).await.starts_with("HTTP/1.1 200 "));
    }
}

#[tokio::test]
async fn the_demos_people_stand_on_the_page_without_their_secrets() {
    let gateway = start().await;
    assert!(!gateway.get("/", "").await.contains("Demo people"));
    let people = "[{\"name\":\"Ana <Demo>\",\"role\":\"guardian\",\"pubkey\":\"ab12\",\"children\":2}]";
    std::fs::write(gateway.state.join("people.json"), people).unwrap();
    let page = gateway.get("/", "").await;
    assert!(
        page.contains("Demo people") && page.contains("Ana &lt;Demo&gt;") && page.contains("ab12"),
        "{page}"
    );
}
