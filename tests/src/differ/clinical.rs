//! Records sealed in staff and family form, and opened by whoever holds which key.

use relaybox_protocol::envelope::{
    EnvelopeError, EpochSecret, MARKERS, Record, open_as_person, open_content, open_patient_copy,
    seal_family, seal_staff,
};
use relaybox_protocol::event::{Link, id_from_hex, sign, tag};
use relaybox_protocol::messages::{Message, from_family, from_own_key, from_staff};
use relaybox_protocol::nip44::ConversationKey;
use relaybox_protocol::random::Random;
use relaybox_protocol::{Event, Keys, PublicKey, Tag, hex, kinds};
use serde_json::{Value, json};

use super::Row;
use super::dice::{Dice, NOW};
use super::mutate::{harm, scratch};
use super::plain::{any_object, body_code, bytes_of, public, string};
use super::sealed::{crypto_code, keys_of, opened, stream};
use super::shapes::event_of;

pub(super) const OPS: &[Row] = &[
    ("seal", 1_500, make_seal, answer_seal),
    ("message", 500, make_seal, answer_message),
    ("open", 2_000, make_open, answer_open),
];

/// What a record says; texts, whole numbers and nesting as they come.
fn make_seal(dice: &mut Dice) -> Value {
    let mut resource = any_object(dice, 3);
    resource.insert(
        "resourceType".to_owned(),
        json!(dice.word(&["Observation", "Communication", "observation"])),
    );
    if dice.chance(30) {
        resource.insert("meta".to_owned(), json!({"extension": [{"url": dice.text(4)}], "a": 1}));
    }
    let links: Vec<Value> =
        (0..dice.below(3)).map(|_| json!({"id": dice.digest(), "marker": dice.word(&MARKERS)})).collect();
    let blobs: Vec<String> = (0..dice.below(2)).map(|_| dice.digest()).collect();
    json!({
        "author": dice.secret(), "practice": dice.key(), "epoch": dice.secret(),
        "reader": dice.chance(80).then(|| if dice.chance(95) { dice.key() } else { "ff".repeat(32) }),
        "family": dice.chance(40), "confidential": dice.chance(20),
        "kind": 2110 + u16::from(dice.byte() % 17), "resource": resource, "subject": dice.key(),
        "r": dice.digest(), "sign": dice.chance(20), "links": links, "blobs": blobs,
        "extra": if dice.chance(20) { json!([["start", "1"], ["end", "2"]]) } else { json!([]) },
        "createdAt": NOW + u64::from(dice.byte()), "seed": dice.digest(),
    })
}

/// The parts of an input that a record borrows.
struct Parts {
    links: Vec<Link>,
    blobs: Vec<String>,
    extra: Vec<Tag>,
}

impl Parts {
    fn of(input: &Value) -> Self {
        let link = |link: &Value| Link {
            id: id_from_hex(string(link, "id")).unwrap(),
            marker: string(link, "marker").to_owned(),
        };
        let extra: Vec<Vec<String>> = serde_json::from_value(input["extra"].clone()).unwrap();
        Self {
            links: input["links"].as_array().unwrap().iter().map(link).collect(),
            blobs: serde_json::from_value(input["blobs"].clone()).unwrap(),
            extra: extra.into_iter().map(|cells| Tag::parse(cells).unwrap()).collect(),
        }
    }

    fn record<'a>(&'a self, input: &'a Value) -> Record<'a> {
        Record {
            kind: u16::try_from(input["kind"].as_u64().unwrap()).unwrap(),
            resource: &input["resource"],
            subject: public(string(input, "subject")),
            r: bytes_of(string(input, "r")).try_into().unwrap(),
            sign: input["sign"].as_bool().unwrap(),
            links: &self.links,
            blobs: &self.blobs,
            extra: &self.extra,
            created_at: input["createdAt"].as_u64().unwrap(),
        }
    }
}

fn sealed(result: Result<Event, EnvelopeError>) -> Value {
    match result {
        Ok(event) => json!(event),
        Err(EnvelopeError::Body(error)) => json!(body_code(error)),
        Err(EnvelopeError::Crypto(error)) => json!(crypto_code(error)),
    }
}

/// Author, practice, epoch and second person of an input.
fn people(input: &Value) -> (Keys, PublicKey, EpochSecret, Option<PublicKey>) {
    (
        keys_of(string(input, "author")),
        public(string(input, "practice")),
        EpochSecret::new(keys_of(string(input, "epoch")).secret_key().clone()),
        input["reader"].as_str().map(public),
    )
}

fn answer_seal(input: &Value) -> Value {
    let (author, practice, epoch, reader) = people(input);
    let confidential = input["confidential"].as_bool().unwrap();
    let parts = Parts::of(input);
    let (record, reader, mut random) = (parts.record(input), reader.as_ref(), stream(input));
    sealed(if input["family"].as_bool().unwrap() {
        seal_family(&author, &practice, &epoch.public, reader, confidential, &record, &mut random)
    } else {
        seal_staff(&author, &practice, &epoch, reader, confidential, &record, &mut random)
    })
}

fn answer_message(input: &Value) -> Value {
    let (author, practice, epoch, to) = people(input);
    let confidential = input["confidential"].as_bool().unwrap();
    let parts = Parts::of(input);
    let record = parts.record(input);
    let message = Message {
        communication: record.resource,
        subject: record.subject,
        r: record.r,
        links: &parts.links,
        blobs: &parts.blobs,
        created_at: record.created_at,
    };
    let mut random = stream(input);
    sealed(match (to, confidential) {
        (Some(to), _) => from_staff(&author, &practice, &epoch, &to, confidential, &message, &mut random),
        (None, false) => from_family(&author, &practice, &epoch.public, &message, &mut random),
        (None, true) => from_own_key(&author, &practice, &epoch.public, &message, &mut random),
    })
}

/// A record with harm to its tags or payloads, and a person who tries to open it.
fn make_open(dice: &mut Dice) -> Value {
    let (author, epoch, person) = (dice.person(), dice.person(), dice.person());
    let epoch = EpochSecret::new(epoch.secret_key().clone());
    let text = dice.bytes(20);
    let mut random = Random::seeded(dice.bytes(32).try_into().unwrap());
    let family = dice.chance(40);
    let reader = epoch.reader_key(&person.public_key()).unwrap();
    let own = epoch.reader_key(&author.public_key()).unwrap();
    let content_key = if family { own } else { epoch.practice_key().unwrap() };
    let mut content = content_key.encrypt(&text, &mut random).unwrap();
    let mut copy = reader.encrypt(&text, &mut random).unwrap();
    if dice.chance(20) {
        content = scratch(&content, dice);
        copy = String::from_utf8_lossy(&harm(copy.as_bytes(), dice)).into_owned();
    }
    let mut tags = vec![tag("p", [&epoch.public.to_hex()]), tag("p", [&person.public_key().to_hex()])];
    if !family {
        tags.push(tag(dice.word(&["patient-content", "recipient-content", "content"]), [&copy]));
    }
    tags.push(tag("enc", [if family { "nip44" } else { "nip44-dual" }]));
    if dice.chance(20) {
        let at = dice.below(tags.len());
        tags.remove(at);
    }
    let event = sign(&author, kinds::OBSERVATION, tags, content, NOW);
    let secret = if dice.chance(70) { if family { author } else { person } } else { dice.person() };
    let key: ConversationKey = if dice.chance(80) { content_key } else { reader };
    json!({
        "event": event, "secret": secret.secret_key().to_secret_hex(), "key": hex::encode(key.as_bytes()),
    })
}

fn answer_open(input: &Value) -> Value {
    let Some(event) = event_of(input, "event") else { return json!("refused") };
    let key = super::sealed::conversation_of(input, "key");
    json!({
        "content": opened(open_content(&event, &key)),
        "copy": opened(open_patient_copy(&event, &key)),
        "person": opened(open_as_person(&event, keys_of(string(input, "secret")).secret_key())),
    })
}
