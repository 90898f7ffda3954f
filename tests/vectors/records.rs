//! body.json, envelope.json, messages.json, visits.json.

use relaybox_protocol::envelope::{Form, open_as_person, open_content, open_patient_copy, parse};
use relaybox_protocol::nip44::ConversationKey;
use relaybox_protocol::{PublicKey, body, kinds, visits};
use serde_json::{Value, json};

use crate::cases::{bytes, conversation_key, event, file, number, public, rows, secret, string};

#[test]
fn body_vectors_are_taken_or_refused_as_said() {
    let file = file("body.json");
    let read = |case: &Value, bytes: &[u8]| match case["confidential"].as_bool().unwrap() {
        true => body::parse_confidential(bytes),
        false => body::parse(bytes),
    };
    for case in rows(&file, "cases") {
        let bytes = bytes(string(case, "body_hex"));
        let body = read(case, &bytes).unwrap();
        assert_eq!(body.binding.to_text(), string(case, "binding"), "{}", case["name"]);
        assert_eq!(body.resource_type(), string(case, "resource_type"));
        assert_eq!(body::commitment(&bytes), string(case, "pc"));
    }
    for case in rows(&file, "refused") {
        let error = read(case, &bytes(string(case, "body_hex"))).unwrap_err();
        assert_eq!(format!("failed to {error}"), string(case, "why"), "{}", case["name"]);
    }
    for case in rows(&file, "types") {
        let kind = u16::try_from(number(case, "kind")).unwrap();
        assert_eq!(body::type_fits(kind, string(case, "type")), case["fits"].as_bool().unwrap(), "{case}");
    }
}

#[test]
fn envelope_vectors_open_in_each_copy_they_have() {
    let file = file("envelope.json");
    for case in rows(&file, "cases") {
        let event = event(case, "event");
        let shape = parse(&event).unwrap();
        let name = &case["name"];
        assert_eq!(
            (shape.form.as_str(), shape.sign),
            (string(case, "form"), case["sign"].as_bool().unwrap()),
            "{name}"
        );
        assert_eq!(shape.epoch_key, public(case, "epoch_key"));
        assert_eq!(
            shape.second_p.as_ref().map(PublicKey::to_hex).as_deref(),
            case["second_p"].as_str(),
            "{name}"
        );
        let links: Vec<Value> =
            shape.links.iter().map(|link| json!([link.id.to_hex(), link.marker])).collect();
        assert_eq!(
            (json!(links), json!(shape.blobs)),
            (case["links"].clone(), case["blobs"].clone()),
            "{name}"
        );
        let bytes = open_content(&event, &conversation_key(case, "content_key")).unwrap();
        assert_eq!(bytes, string(case, "body").as_bytes(), "{name}");
        assert_eq!(
            (shape.commitment.as_str(), body::commitment(&bytes).as_str()),
            (string(case, "pc"), string(case, "pc"))
        );
        assert_eq!(shape.has_patient_copy, case["patient_key"].is_string(), "{name}");
        if shape.has_patient_copy {
            let copy = open_patient_copy(&event, &conversation_key(case, "patient_key")).unwrap();
            assert_eq!(copy, bytes, "{name}");
            let own = open_as_person(&event, secret(&file, "patient").secret_key()).unwrap();
            assert_eq!(own, bytes, "{name}");
        }
        let confidential = event.kind.as_u16() == kinds::CONFIDENTIAL;
        let body = if confidential { body::parse_confidential(&bytes) } else { body::parse(&bytes) }.unwrap();
        assert_eq!((body.binding.signer, body.binding.epoch_key), (event.pubkey, shape.epoch_key), "{name}");
        assert_eq!(body.binding.practice, public(&file, "practice"));
        assert!(confidential || body.binding.kind == event.kind.as_u16(), "{name}");
        assert!(body::type_fits(body.binding.kind, body.resource_type()), "{name}");
    }
    for case in rows(&file, "refused") {
        assert_eq!(parse(&event(case, "event")), None, "{}", case["name"]);
    }
}

#[test]
fn message_vectors_open_for_those_they_name() {
    let file = file("messages.json");
    for case in rows(&file, "cases") {
        let (event, epoch) = (event(case, "event"), secret(&file, string(case, "epoch")));
        let by = match parse(&event).unwrap().form {
            Form::Dual => epoch.public_key(),
            Form::OneCopy => event.pubkey,
        };
        let staff = open_content(&event, &ConversationKey::derive(epoch.secret_key(), &by).unwrap()).unwrap();
        let person = secret(&file, string(case, "opens_for"));
        assert_eq!(open_as_person(&event, person.secret_key()).unwrap(), staff, "{}", case["name"]);
        let bound = body::parse(&staff).unwrap().binding;
        assert_eq!((bound.kind, bound.subject), (kinds::MESSAGE, secret(&file, "patient").public_key()));
        for name in rows(case, "closed_for") {
            let other = secret(&file, name.as_str().unwrap());
            assert!(open_as_person(&event, other.secret_key()).is_err(), "{} {name}", case["name"]);
        }
    }
}

#[test]
fn visit_vectors_name_their_parties_and_times() {
    let file = file("visits.json");
    let case = &file["visit"];
    let parties = visits::parse(&event(case, "event")).unwrap();
    assert_eq!(parties.subject, public(case, "subject"));
    let hex = |keys: &[PublicKey]| json!(keys.iter().map(PublicKey::to_hex).collect::<Vec<_>>());
    assert_eq!(
        (hex(&parties.providers), hex(&parties.guardians)),
        (case["providers"].clone(), case["guardians"].clone())
    );
    assert_eq!((parties.start, parties.end), (number(case, "start"), number(case, "end")));
    for row in rows(case, "open") {
        assert_eq!(parties.open_at(number(row, "at")), row["open"].as_bool().unwrap(), "{row}");
    }
    for case in rows(&file, "refused") {
        assert_eq!(visits::parse(&event(case, "event")), None, "{}", case["name"]);
    }
    let (doctor, guardian) = (secret(&file, "doctor"), secret(&file, "guardian"));
    for case in rows(&file, "calls") {
        let event = event(case, "event");
        assert_eq!(
            visits::parse_signalling(&event),
            Some((public(case, "party"), number(case, "expiration")))
        );
        let opened = visits::open_signalling(guardian.secret_key(), &doctor.public_key(), &event).unwrap();
        assert_eq!(Value::Object(opened), case["message"]);
    }
}
