use serde_json::json;

use super::*;
use crate::event::{EVENT_BYTES_MAX, Verified};
use crate::nip44::PLAINTEXT_BYTES_MAX;
use crate::testing::{keys, random};
use crate::visits;

const NOW: u64 = 1_790_000_000;

struct Fixture {
    doctor: Keys,
    practice: PublicKey,
    epoch: EpochSecret,
    patient: Keys,
}

fn fixture() -> Fixture {
    Fixture {
        doctor: keys("doctor"),
        practice: keys("practice").public_key(),
        epoch: EpochSecret::new(keys("epoch").secret_key().clone()),
        patient: keys("patient"),
    }
}

impl Fixture {
    fn staff(&self, kind: u16, resource: &Value, confidential: bool, reader: bool) -> Event {
        let patient = self.patient.public_key();
        let extra = if kind == kinds::VISIT {
            visits::tags(&[self.doctor.public_key()], &[], NOW, NOW + 60)
        } else {
            vec![]
        };
        let record = Record { extra: &extra, ..Record::plain(kind, resource, patient, [1; 32], NOW) };
        let reader = reader.then_some(&patient);
        seal_staff(
            &self.doctor,
            &self.practice,
            &self.epoch,
            reader,
            confidential,
            &record,
            &mut random("staff"),
        )
        .unwrap()
    }

    fn family(&self, confidential: bool) -> Event {
        let resource = json!({"resourceType": "Communication", "status": "completed"});
        let record = Record::plain(kinds::MESSAGE, &resource, self.patient.public_key(), [2; 32], NOW);
        seal_family(
            &self.patient,
            &self.practice,
            &self.epoch.public,
            None,
            confidential,
            &record,
            &mut random("family"),
        )
        .unwrap()
    }
}

fn resource_for(kind: u16) -> Value {
    let name = [
        "Patient",
        "Encounter",
        "MedicationRequest",
        "Observation",
        "Condition",
        "AllergyIntolerance",
        "Immunization",
        "Communication",
        "ServiceRequest",
        "DiagnosticReport",
        "MedicationRequest",
        "DocumentReference",
    ]
    .get(usize::from(kind - 2110))
    .copied()
    .unwrap_or(if kind == kinds::VISIT { "Appointment" } else { "Procedure" });
    json!({"resourceType": name, "status": "final"})
}

#[test]
fn every_clinical_kind_seals_and_opens_in_both_copies() {
    let fixture = fixture();
    for kind in (2110..=2121).chain(2124..=2126) {
        let event = fixture.staff(kind, &resource_for(kind), false, true);
        assert_eq!(event.kind.as_u16(), kind);
        let envelope = parse(&event).unwrap();
        assert_eq!((envelope.form, envelope.epoch_key), (Form::Dual, fixture.epoch.public));
        assert_eq!(envelope.second_p, Some(fixture.patient.public_key()));
        assert!(envelope.has_patient_copy);
        let practice_copy = open_content(&event, &fixture.epoch.practice_key().unwrap()).unwrap();
        let patient_copy = open_as_person(&event, fixture.patient.secret_key()).unwrap();
        assert_eq!(practice_copy, patient_copy);
        assert_eq!(envelope.commitment, body::commitment(&practice_copy));
        let binding = body::parse(&practice_copy).unwrap().binding;
        assert_eq!((binding.kind, binding.signer), (kind, event.pubkey));
        assert_eq!(
            (binding.subject, binding.epoch_key),
            (fixture.patient.public_key(), fixture.epoch.public)
        );
        assert_eq!((binding.practice, binding.r), (fixture.practice, [1; 32]));
        assert!(Verified::from_event(event).is_ok());
    }
}

#[test]
fn a_patient_opens_every_epoch_with_own_key_and_first_p_alone() {
    let mut fixture = fixture();
    let mut events = Vec::new();
    for n in 1..=3 {
        fixture.epoch = EpochSecret::new(keys(&format!("epoch {n}")).secret_key().clone());
        events.push(fixture.staff(
            2113,
            &json!({"resourceType": "Observation", "id": n.to_string()}),
            false,
            true,
        ));
    }
    for (n, event) in (1..).zip(&events) {
        // Nothing but the private key t and the event.
        let first_p = event::p_tag(event, 0).unwrap();
        let key = ConversationKey::derive(fixture.patient.secret_key(), &first_p).unwrap();
        let body = body::parse(&open_patient_copy(event, &key).unwrap()).unwrap();
        assert_eq!(body.resource["id"], n.to_string());
        let other = ConversationKey::derive(keys("other patient").secret_key(), &first_p).unwrap();
        assert_eq!(open_patient_copy(event, &other), Err(CryptoError::Mac));
        assert_eq!(open_content(event, &key), Err(CryptoError::Mac));
    }
}

#[test]
fn the_one_copy_form_opens_for_staff_and_author_alone() {
    let fixture = fixture();
    let event = fixture.family(false);
    let envelope = parse(&event).unwrap();
    assert_eq!((envelope.form, envelope.second_p), (Form::OneCopy, None));
    let by_staff = open_content(&event, &fixture.epoch.reader_key(&event.pubkey).unwrap()).unwrap();
    assert_eq!(open_as_person(&event, fixture.patient.secret_key()).unwrap(), by_staff);
    assert_eq!(body::parse(&by_staff).unwrap().binding.signer, fixture.patient.public_key());
    assert_eq!(open_as_person(&event, keys("other parent").secret_key()), Err(CryptoError::Mac));
    assert_eq!(open_content(&event, &fixture.epoch.practice_key().unwrap()), Err(CryptoError::Mac));
}

#[test]
fn a_confidential_record_hides_its_kind_and_size() {
    let fixture = fixture();
    for reader in [true, false] {
        let event = fixture.staff(2113, &resource_for(2113), true, reader);
        assert_eq!(event.kind.as_u16(), kinds::CONFIDENTIAL);
        let envelope = parse(&event).unwrap();
        assert_eq!((envelope.second_p.is_some(), envelope.has_patient_copy), (reader, reader));
        let bytes = open_content(&event, &fixture.epoch.practice_key().unwrap()).unwrap();
        assert_eq!(bytes.len(), 4_096);
        assert_eq!(body::parse_confidential(&bytes).unwrap().binding.kind, 2113);
    }
    let event = fixture.family(true);
    assert_eq!(event.kind.as_u16(), kinds::CONFIDENTIAL);
    let bytes = open_as_person(&event, fixture.patient.secret_key()).unwrap();
    assert_eq!(body::parse_confidential(&bytes).unwrap().binding.kind, kinds::MESSAGE);
}

/// A note whose body is exactly this long, sealed in both copies.
fn note_of(bytes: usize) -> Result<Event, EnvelopeError> {
    let fixture = fixture();
    let patient = fixture.patient.public_key();
    let seal = |text: usize| {
        let resource = json!({"resourceType": "Encounter", "note": "x".repeat(text)});
        let record = Record::plain(2111, &resource, patient, [1; 32], NOW);
        seal_staff(
            &fixture.doctor,
            &fixture.practice,
            &fixture.epoch,
            Some(&patient),
            false,
            &record,
            &mut random("n"),
        )
    };
    let empty = open_content(&seal(0).unwrap(), &fixture.epoch.practice_key().unwrap()).unwrap();
    seal(bytes - empty.len())
}

#[test]
fn a_note_of_100_kb_and_the_largest_one_fit_into_an_event() {
    let fixture = fixture();
    for bytes in [100_000, PLAINTEXT_BYTES_MAX] {
        let event = Verified::from_event(note_of(bytes).unwrap()).unwrap();
        assert!(event.json().len() <= EVENT_BYTES_MAX);
        let read = Verified::parse(event.json(), EVENT_BYTES_MAX).unwrap();
        let body = open_as_person(read.event(), fixture.patient.secret_key()).unwrap();
        assert_eq!(body.len(), bytes);
        assert_eq!(body, open_content(read.event(), &fixture.epoch.practice_key().unwrap()).unwrap());
    }
    let above = note_of(PLAINTEXT_BYTES_MAX + 1).unwrap_err();
    assert_eq!(above, EnvelopeError::Body(BodyError::Size));
}

/// The shape after one change of the tags.
fn reshaped(event: &Event, change: impl FnOnce(&mut Vec<Tag>)) -> Option<Envelope> {
    let mut tags = event.tags.clone().to_vec();
    change(&mut tags);
    parse(&event::sign(&keys("doctor"), event.kind.as_u16(), tags, event.content.clone(), NOW))
}

#[test]
fn every_departure_from_the_shape_is_refused() {
    let fixture = fixture();
    let event = fixture.staff(2113, &resource_for(2113), false, true);
    let hash = "ab".repeat(32);
    let good = [tag("act", ["sign"]), tag("e", [&hash, "", "correction"]), tag("x", [&hash])];
    for row in good {
        assert!(reshaped(&event, |tags| tags.push(row.clone())).is_some(), "{row:?}");
    }
    let bad = [
        tag("t", ["x"]),
        tag("expiration", ["1"]),
        tag("p", [&hash]),
        tag("p", [&hash, "provider"]),
        tag("enc", ["nip44"]),
        tag("pc", [&hash]),
        tag("patient-content", ["x"]),
        tag("recipient-content", ["x"]),
        tag("act", ["read"]),
        tag("e", [&hash]),
        tag("e", [&hash, "", "root"]),
        tag("e", [&hash, "wss://a", "reply"]),
        tag("e", ["x", "", "reply"]),
        tag("x", ["x"]),
        tag("x", [&hash.to_uppercase()]),
        tag("pop", [&hash, &hash.repeat(2)]),
        tag("own", [&hash]),
        tag("rekey", [&hash]),
        tag("legacy", []),
        tag("start", ["1"]),
        tag("end", ["2"]),
    ];
    for row in bad {
        assert_eq!(reshaped(&event, |tags| tags.push(row.clone())), None, "{row:?}");
    }
    for missing in ["enc", "pc"] {
        assert_eq!(reshaped(&event, |tags| tags.retain(|tag| tag.kind() != missing)), None, "{missing}");
    }
    assert_eq!(reshaped(&event, |tags| tags.retain(|tag| tag.kind() != "p")), None);
    let uncopied = reshaped(&event, |tags| tags.retain(|tag| tag.kind() != "patient-content")).unwrap();
    assert!(!uncopied.has_patient_copy);
    let not_clinical = event::sign(&keys("doctor"), 1, event.tags.to_vec(), "", NOW);
    assert_eq!(parse(&not_clinical), None);
}

#[test]
fn the_one_copy_form_has_no_second_p_and_no_copy() {
    let fixture = fixture();
    let event = fixture.family(false);
    let hash = "ab".repeat(32);
    assert!(reshaped(&event, |_| ()).is_some());
    assert_eq!(reshaped(&event, |tags| tags.push(tag("p", [&hash]))), None);
    assert_eq!(reshaped(&event, |tags| tags.push(tag("patient-content", ["x"]))), None);
}

#[test]
fn tags_of_registration_and_visits_stand_in_their_kinds_alone() {
    let fixture = fixture();
    let hash = "ab".repeat(32);
    let patient = fixture.staff(2110, &resource_for(2110), false, true);
    let registration =
        [tag("pop", [&hash, &hash.repeat(2)]), tag("own", [&hash]), tag("rekey", [&hash]), tag("legacy", [])];
    for row in registration {
        assert!(reshaped(&patient, |tags| tags.push(row.clone())).is_some(), "{row:?}");
    }
    let visit = fixture.staff(2126, &resource_for(2126), false, true);
    assert!(reshaped(&visit, |tags| tags.push(tag("p", [&hash, "guardian"]))).is_some());
    assert_eq!(reshaped(&visit, |tags| tags.push(tag("p", [&hash, "nurse"]))), None);
    assert_eq!(reshaped(&visit, |tags| tags.push(tag("start", ["1"]))), None);
    assert_eq!(reshaped(&visit, |tags| tags.retain(|tag| tag.kind() != "end")), None);
}

#[test]
fn an_epoch_secret_is_not_printed() {
    let fixture = fixture();
    let printed = format!("{:?}", fixture.epoch);
    assert!(printed.contains(&fixture.epoch.public.to_hex()));
    assert!(!printed.contains(&fixture.epoch.secret.to_secret_hex()));
}
