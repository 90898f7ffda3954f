//! Two workstations of one practice, and what a program sees when the box says no or is gone.

use relaybox_protocol::envelope::{EpochSecret, Record, open_content, seal_staff};
use relaybox_protocol::epochs::Keyring;
use relaybox_protocol::event::{Link, p_tag, sign, tag};
use relaybox_protocol::random::Random;
use relaybox_protocol::{Event, Keys, PublicKey, body, kinds};
use relaybox_tests::client::{Answer, Client};
use relaybox_tests::dev::{self, DevBox, Person};
use serde_json::{Value, json};

/// A member at a workstation: logged in over TLS, with the chart's newest key.
struct Station {
    client: Client,
    keys: Keys,
    chart: EpochSecret,
    practice: PublicKey,
}

impl Station {
    async fn open(dev: &DevBox, person: &Person) -> Self {
        let keys = person.keys().unwrap();
        let mut client = Client::login(&dev.ready.relay, Some(&dev.ready.ca), &keys).await.unwrap();
        let mut of =
            async |kind: u16| client.query(json!({"kinds": [kind]})).await.unwrap().events().unwrap();
        let (epochs, grants) = (of(kinds::PRACTICE_EPOCH).await, of(kinds::PRACTICE_KEY_GRANT).await);
        let ring = Keyring::collect(keys.secret_key(), &epochs, &grants);
        let newest = PublicKey::from_hex(&dev.ready.epochs.last().unwrap().chart).unwrap();
        let chart = EpochSecret::new(ring.secret_of(&newest).unwrap().clone());
        let practice = PublicKey::from_hex(dev.ready.practice.as_deref().unwrap()).unwrap();
        Self { client, keys, chart, practice }
    }

    fn weight(&self, child: &PublicKey, kg: f64, links: &[Link]) -> Event {
        let resource = json!({"resourceType": "Observation", "valueQuantity": {"value": kg, "unit": "kg"}});
        let mut random = Random::os();
        let now = relaybox_process::clock::Clock::System.now();
        let record = Record { links, ..Record::plain(2113, &resource, *child, random.bytes32(), now) };
        seal_staff(&self.keys, &self.practice, &self.chart, Some(child), false, &record, &mut random).unwrap()
    }

    fn read(&self, event: &Event) -> Value {
        let bytes = open_content(event, &self.chart.practice_key().unwrap()).unwrap();
        body::parse(&bytes).unwrap().resource["valueQuantity"]["value"].clone()
    }
}

#[tokio::test]
async fn a_change_appears_on_another_workstation_that_asks_nothing() {
    let dev = DevBox::demo().unwrap();
    let child = dev.ready.role("guardian").flat_map(|guardian| &guardian.children).next().unwrap();
    let child = PublicKey::from_hex(child).unwrap();
    let mut first = Station::open(&dev, dev.ready.one("doctor").unwrap()).await;
    let mut second = Station::open(&dev, dev.ready.one("nurse").unwrap()).await;
    let filter = json!({"kinds": [2113, 2122], "#p": [child.to_hex()], "limit": 0});
    let name = second.client.subscribe(filter).await.unwrap();
    assert!(second.client.stored(&name).await.unwrap().events().unwrap().is_empty());

    let written = first.weight(&child, 9.4, &[]);
    assert_eq!(first.client.publish(&written).await.unwrap(), (true, String::new()));
    let correction = Link { id: written.id, marker: "correction".to_owned() };
    let corrected = first.weight(&child, 9.5, &[correction]);
    assert_eq!(first.client.publish(&corrected).await.unwrap(), (true, String::new()));
    for (event, kg) in [(&written, 9.4), (&corrected, 9.5)] {
        let id = event.id.to_hex();
        let frame = second.client.wait(|frame| frame[0] == "EVENT" && frame[2]["id"] == id).await.unwrap();
        let received: Event = serde_json::from_value(frame[2].clone()).unwrap();
        assert_eq!((&received, second.read(&received)), (event, json!(kg)));
    }
    // Both are proved by receipts that come by themselves as well.
    let mut named = 0;
    while named < 2 {
        let receipt =
            second.client.wait(|frame| frame[0] == "EVENT" && frame[2]["kind"] == 2122).await.unwrap();
        let receipt: Event = serde_json::from_value(receipt[2].clone()).unwrap();
        assert_eq!(p_tag(&receipt, 1), Some(child));
        let ids = [written.id.to_hex(), corrected.id.to_hex()];
        named += receipt
            .tags
            .iter()
            .filter(|tag| tag.content().is_some_and(|id| ids.contains(&id.to_owned())))
            .count();
    }
}

#[tokio::test]
async fn a_refusal_is_an_answer_and_a_box_that_is_gone_gives_none() {
    let mut dev = DevBox::demo().unwrap();
    let desk = dev.ready.one("frontdesk").unwrap().clone();
    let child = PublicKey::from_hex(&dev.ready.role("guardian").next().unwrap().children[0]).unwrap();
    let doctor = Station::open(&dev, dev.ready.one("doctor").unwrap()).await;
    let mut station =
        Client::login(&dev.ready.relay, Some(&dev.ready.ca), &desk.keys().unwrap()).await.unwrap();
    let written = doctor.weight(&child, 9.4, &[]);
    let not_theirs = sign(
        &desk.keys().unwrap(),
        2113,
        written.tags.clone().to_vec(),
        written.content.clone(),
        written.created_at.as_secs(),
    );
    // The box says no, and why; the connection goes on.
    let (accepted, text) = station.publish(&not_theirs).await.unwrap();
    assert_eq!((accepted, text.as_str()), (false, "restricted: this person may not write this kind"));
    let Answer::Closed(text) = station.query(json!({"kinds": "all"})).await.unwrap() else {
        panic!("no answer")
    };
    assert_eq!(text, "invalid: the filter is not one this relay understands");
    assert!(matches!(station.query(json!({"kinds": [2126]})).await.unwrap(), Answer::Events(_)));
    // The box is gone: no answer at all, and nothing that could be taken for one.
    dev.kill().unwrap();
    let nothing = station.publish(&not_theirs).await;
    assert!(nothing.is_err(), "{nothing:?}");
    let relay = dev.ready.relay.clone();
    assert!(Client::connect(&relay, Some(&dev.ready.ca)).await.is_err());
}

#[tokio::test]
async fn a_request_to_delete_health_records_is_refused_and_recorded_without_naming_anybody() {
    let dev = DevBox::demo().unwrap();
    let guardian = dev.ready.one("guardian").unwrap();
    let keys = guardian.keys().unwrap();
    let mut client = Client::login(&dev.ready.relay, Some(&dev.ready.ca), &keys).await.unwrap();
    let own =
        client.query(json!({"kinds": [2117], "authors": [guardian.pubkey]})).await.unwrap().events().unwrap();
    let now = relaybox_process::clock::Clock::System.now();
    let delete = sign(&keys, 5, vec![tag("e", [&own[0].id.to_hex()])], "please", now);
    let (accepted, text) = client.publish(&delete).await.unwrap();
    assert_eq!(
        (accepted, text.as_str()),
        (false, "restricted: health records cannot be deleted here: ask the practice")
    );
    let vanish = sign(&keys, 62, vec![tag("relay", ["ALL_RELAYS"])], "", now);
    assert!(!client.publish(&vanish).await.unwrap().0);
    let kept = client.query(json!({"ids": [own[0].id.to_hex()]})).await.unwrap().events().unwrap();
    assert_eq!(kept, own[..1]);
    let log = std::fs::read_to_string(dev.folder().with_extension("log")).unwrap();
    assert_eq!(log.matches("a request to delete health records was refused (kind 5)").count(), 1, "{log}");
    assert_eq!(log.matches("a request to delete health records was refused (kind 62)").count(), 1, "{log}");
    assert!(!log.contains(&guardian.pubkey) && !log.contains(&own[0].id.to_hex()), "{log}");
}

/// Reading transactions of other processes never make the box lose or refuse what it takes.
#[tokio::test]
async fn copies_and_checks_of_another_process_leave_the_box_taking_events() {
    let dev = DevBox::demo().unwrap();
    let child = PublicKey::from_hex(&dev.ready.role("guardian").next().unwrap().children[0]).unwrap();
    let mut doctor = Station::open(&dev, dev.ready.one("doctor").unwrap()).await;
    let (folder, copies) = (dev.folder().to_owned(), tempfile::TempDir::new().unwrap());
    let target = copies.path().to_owned();
    let other = tokio::task::spawn_blocking(move || {
        for n in 0..2 {
            for arguments in [vec!["store", "check"], vec!["store", "snapshot"]] {
                let mut command = std::process::Command::new(dev::binary().unwrap());
                command.args(&arguments).arg("--data").arg(&folder);
                if arguments[1] == "snapshot" {
                    command.arg("--into").arg(target.join(format!("{n}.db")));
                }
                let output = command.output().unwrap();
                assert!(output.status.success(), "{arguments:?}: {output:?}");
            }
        }
    });
    let mut taken = Vec::new();
    // One key may write 1,200 events a minute.
    while !other.is_finished() && taken.len() < 1_000 {
        let event = doctor.weight(&child, 9.4, &[]);
        assert_eq!(doctor.client.publish(&event).await.unwrap(), (true, String::new()));
        taken.push(event.id.to_hex());
    }
    other.await.unwrap();
    assert!(taken.len() > 5, "{}", taken.len());
    for ids in taken.chunks(1_000) {
        assert_eq!(doctor.client.count(json!({"ids": ids})).await.unwrap(), ids.len() as u64);
    }
}
