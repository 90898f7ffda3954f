//! The portal's origin on a demo box: where it says its relay is, and the demo's people.

use relaybox_tests::client::Client;
use relaybox_tests::dev::DevBox;
use relaybox_tests::http;
use serde_json::{Value, json};

fn body(answer: &str) -> Value {
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    serde_json::from_str(answer.split_once("\r\n\r\n").unwrap().1).unwrap()
}

#[tokio::test]
async fn the_portal_leads_to_the_relay_and_the_start_page_to_the_portal() {
    let dev = DevBox::demo().unwrap();
    let (ca, portal) = (&dev.ready.ca, dev.ready.origins["portal"].as_str().unwrap());
    assert!(portal.starts_with("https://portal.localhost:") && portal.ends_with('/'), "{portal}");
    let practice = body(&http::get(&format!("{portal}practice.json"), ca, &[]).await.unwrap());
    assert_eq!(practice["practice_pk"].as_str(), dev.ready.practice.as_deref());
    assert_eq!(practice["practice_next"].as_str().map(str::len), Some(64));
    assert_eq!(practice["relay"], json!(dev.ready.relay));
    assert_eq!(practice["practice_name"], json!("Sampleville Pediatrics"));
    // The relay answers there, and a login may name that address.
    let mut client = Client::connect(practice["relay"].as_str().unwrap(), Some(ca)).await.unwrap();
    client.wait(|frame| frame[0] == "AUTH").await.unwrap();

    let people = body(&http::get(&format!("{portal}dev.json"), ca, &[]).await.unwrap());
    let shown: Vec<&str> =
        people["persons"].as_array().unwrap().iter().filter_map(|one| one["secret"].as_str()).collect();
    let known: Vec<&str> = dev.ready.persons.iter().filter_map(|person| person.secret.as_deref()).collect();
    assert!(shown.len() > 10 && shown == known);

    let start = http::get(dev.ready.origins["start"].as_str().unwrap(), ca, &[]).await.unwrap();
    let guardian = dev.ready.one("guardian").unwrap();
    assert!(start.contains(&format!("href=\"{portal}in#dev={}\"", guardian.pubkey)), "{start}");
    for secret in known {
        assert!(!start.contains(secret), "the start page shows a secret");
    }
    let doctor = dev.ready.one("doctor").unwrap();
    assert!(!start.contains(&format!("#dev={}", doctor.pubkey)));
}
