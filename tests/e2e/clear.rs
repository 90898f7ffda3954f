//! What of the demo practice stands in clear in the box's store: nothing that a person wrote or is
//! called, but for the professional names of clinicians.

use std::collections::BTreeSet;
use std::path::Path;

use relaybox_protocol::envelope::{EpochSecret, open_content, open_patient_copy};
use relaybox_protocol::epochs::Keyring;
use relaybox_protocol::event::{p_tag, tag_value};
use relaybox_protocol::{Event, Keys, body, kinds};
use relaybox_tests::client::Client;
use relaybox_tests::dev::DevBox;
use serde_json::{Value, json};

/// Every text that a resource holds: names, birth dates, telephones, words of messages, types, codes'
/// displays, categories, identifiers.
fn texts(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::String(text) => drop(found.insert(text.clone())),
        Value::Array(values) => values.iter().for_each(|value| texts(value, found)),
        Value::Object(members) => members.values().for_each(|value| texts(value, found)),
        _ => {}
    }
}

/// What the owner opens with the keyring: every record of the practice.
fn open_all(keys: &Keys, events: &[Event]) -> Vec<(u16, Value)> {
    let of = |kind: u16| {
        events.iter().filter(move |event| event.kind.as_u16() == kind).cloned().collect::<Vec<_>>()
    };
    let ring =
        Keyring::collect(keys.secret_key(), &of(kinds::PRACTICE_EPOCH), &of(kinds::PRACTICE_KEY_GRANT));
    let open = |event: &Event| {
        let pair = EpochSecret::new(ring.secret_of(&p_tag(event, 0).unwrap()).unwrap().clone());
        let key = match tag_value(event, "enc", 0) {
            Some("nip44") => pair.reader_key(&event.pubkey),
            _ => pair.practice_key(),
        };
        let bytes = open_content(event, &key.unwrap()).unwrap();
        if tag_value(event, "patient-content", 0).is_some() {
            let copy = pair.reader_key(&p_tag(event, 1).unwrap()).unwrap();
            assert_eq!(open_patient_copy(event, &copy).unwrap(), bytes, "both copies are alike");
        }
        (event.kind.as_u16(), body::parse(&bytes).unwrap().resource)
    };
    events.iter().filter(|event| kinds::is_clinical(event.kind.as_u16())).map(open).collect()
}

/// Every byte of the store: the database and its log.
fn stored_bytes(relay: &Path) -> Vec<u8> {
    let mut bytes = Vec::new();
    for entry in std::fs::read_dir(relay).unwrap() {
        let path = entry.unwrap().path();
        if path.file_name().unwrap().to_string_lossy().starts_with("events.db") {
            bytes.extend(std::fs::read(path).unwrap());
        }
    }
    bytes
}

/// Which of these stand somewhere in the bytes: one pass, by the first bytes of each.
fn found_in(bytes: &[u8], wanted: &BTreeSet<String>) -> BTreeSet<String> {
    let start =
        |at: usize| bytes.get(at..at + 2).map(|pair| usize::from(pair[0]) << 8 | usize::from(pair[1]));
    let mut by_start: Vec<Vec<&String>> = vec![Vec::new(); 1 << 16];
    for text in wanted {
        by_start[usize::from(text.as_bytes()[0]) << 8 | usize::from(text.as_bytes()[1])].push(text);
    }
    let mut found = BTreeSet::new();
    for at in 0..bytes.len() {
        let candidates = start(at).map(|start| &by_start[start]).into_iter().flatten();
        found.extend(
            candidates.filter(|text| bytes[at..].starts_with(text.as_bytes())).map(|text| (*text).clone()),
        );
    }
    found
}

#[tokio::test]
async fn no_name_date_text_type_or_category_of_a_record_is_stored_in_clear() {
    let dev = DevBox::demo().unwrap();
    let owner = dev.ready.one("doctor").unwrap();
    let mut client =
        Client::login(&dev.ready.relay, Some(&dev.ready.ca), &owner.keys().unwrap()).await.unwrap();
    let events = client.query(json!({"limit": 5_000})).await.unwrap().events().unwrap();
    let records = open_all(&owner.keys().unwrap(), &events);
    let kinds_read: BTreeSet<u16> = records.iter().map(|(kind, _)| *kind).collect();
    assert!((2110..=2121).chain(2123..=2126).all(|kind| kinds_read.contains(&kind)), "{kinds_read:?}");

    let mut said = BTreeSet::new();
    records.iter().for_each(|(_, resource)| texts(resource, &mut said));
    said.extend(dev.ready.persons.iter().map(|person| person.name.clone()));
    for known in ["Mateo", "Ejemplo", "Ada", "Observation", "vital-signs", "Fern Deskson", "Lucía Ejemplo"] {
        assert!(said.contains(known), "{known} is written in no record: the list is not what it seems");
    }
    // Words of messages, with their subject lines.
    let messages = records.iter().filter(|(kind, _)| *kind == kinds::MESSAGE);
    let topics: BTreeSet<&str> =
        messages.map(|(_, message)| message["topic"]["text"].as_str().unwrap()).collect();
    assert!(topics.len() > 5 && topics.iter().all(|topic| said.contains(*topic)));
    // Keys are the one thing that the envelope shows as well.
    let is_key = |text: &str| text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    // A number is a count or a time somewhere, whatever it also is in a record.
    let is_number = |text: &str| text.len() < 8 && text.bytes().all(|byte| byte.is_ascii_digit());
    // Base64 holds any short word by chance; no quote, however: it stands for a word that is a whole text.
    let needle = |text: String| if text.len() < 8 { format!("\"{text}\"") } else { text };
    let wanted: BTreeSet<String> = said
        .into_iter()
        .filter(|text| text.len() > 2 && !is_key(text) && !is_number(text))
        .map(needle)
        .collect();
    assert!(wanted.len() > 1_000, "{}", wanted.len());
    let found = found_in(&stored_bytes(&dev.folder().join("relay")), &wanted);
    // The professional names of those who sign, the nurse who left among them, and a tag's word for the
    // part that a key plays in a visit.
    let allowed = [
        "Dr. Alba Testwell",
        "Dr. Basil Mockford",
        "Mika Fixture, MA",
        "Nils Formerly, RN",
        "Nora Sampleton, RN",
        "provider",
    ];
    assert_eq!(found, allowed.map(str::to_owned).into());
}
