use serde_json::json;

use super::*;
use crate::body;
use crate::envelope::{Form, open_as_person, open_content, parse};
use crate::nip44::CryptoError;
use crate::testing::{keys, random};

fn epoch(name: &str) -> EpochSecret {
    EpochSecret::new(keys(name).secret_key().clone())
}

fn communication() -> Value {
    json!({"resourceType": "Communication", "status": "completed", "payload": [{"contentString": "hello"}]})
}

fn message(communication: &Value) -> Message<'_> {
    Message {
        communication,
        subject: keys("T").public_key(),
        r: [1; 32],
        links: &[],
        blobs: &[],
        created_at: 1_790_000_000,
    }
}

#[test]
fn an_answer_opens_for_the_person_answered_and_not_for_the_other_parent() {
    let (communication, practice, chart) = (communication(), keys("P").public_key(), epoch("chart"));
    for to in ["T", "G"] {
        let to = keys(to);
        let event = from_staff(
            &keys("S"),
            &practice,
            &chart,
            &to.public_key(),
            false,
            &message(&communication),
            &mut random("m"),
        )
        .unwrap();
        assert_eq!(event.kind.as_u16(), kinds::MESSAGE);
        assert_eq!(parse(&event).unwrap().second_p, Some(to.public_key()));
        let text = open_as_person(&event, to.secret_key()).unwrap();
        assert_eq!(text, open_content(&event, &chart.practice_key().unwrap()).unwrap());
        assert_eq!(body::parse(&text).unwrap().binding.subject, keys("T").public_key());
        assert_eq!(open_as_person(&event, keys("other parent").secret_key()), Err(CryptoError::Mac));
    }
}

#[test]
fn a_family_message_opens_for_staff_of_its_compartment_and_its_author() {
    let (communication, practice) = (communication(), keys("P").public_key());
    let (desk, chart) = (epoch("desk"), epoch("chart"));
    for author in ["T", "G"] {
        let author = keys(author);
        let event = from_family(&author, &practice, &desk.public, &message(&communication), &mut random("m"))
            .unwrap();
        assert_eq!((event.kind.as_u16(), parse(&event).unwrap().form), (kinds::MESSAGE, Form::OneCopy));
        let text = open_content(&event, &desk.reader_key(&author.public_key()).unwrap()).unwrap();
        assert_eq!(text, open_as_person(&event, author.secret_key()).unwrap());
        let elsewhere = open_content(&event, &chart.reader_key(&author.public_key()).unwrap());
        assert_eq!(elsewhere, Err(CryptoError::Mac));
    }
}

#[test]
fn an_own_key_that_is_not_t_writes_and_is_answered_confidentially() {
    let (communication, practice, hidden) = (communication(), keys("P").public_key(), epoch("confidential"));
    let own = keys("C");
    let event =
        from_own_key(&own, &practice, &hidden.public, &message(&communication), &mut random("m")).unwrap();
    assert_eq!(event.kind.as_u16(), kinds::CONFIDENTIAL);
    let text = open_content(&event, &hidden.reader_key(&own.public_key()).unwrap()).unwrap();
    let bound = body::parse_confidential(&text).unwrap().binding;
    assert_eq!((bound.kind, bound.subject), (kinds::MESSAGE, keys("T").public_key()));
    let answer = from_staff(
        &keys("S"),
        &practice,
        &hidden,
        &own.public_key(),
        true,
        &message(&communication),
        &mut random("m"),
    )
    .unwrap();
    assert_eq!(answer.kind.as_u16(), kinds::CONFIDENTIAL);
    assert!(body::parse_confidential(&open_as_person(&answer, own.secret_key()).unwrap()).is_ok());
    assert_eq!(open_as_person(&answer, keys("G").secret_key()), Err(CryptoError::Mac));
}
