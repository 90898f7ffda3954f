//! Confidential records: kind 2123, to the adolescent's own key or, before there is one, to nobody.
//! The open note of the same day carries no hint of them.

use relaybox_protocol::kinds;
use relaybox_protocol::permissions::Compartment;
use serde_json::{Value, json};
use time::Date;

use crate::demo::calendar::{iso, plus_days, weekday_from};
use crate::demo::fhir::{self, ICD10, SNOMED};
use crate::demo::plan::{Author, Entry, Scribe, To};
use crate::demo::visits::{Note, encounter};

pub(crate) fn write(scribe: &mut Scribe<'_>) {
    match scribe.child().cast.id {
        "twelve" => without_own_key(scribe),
        "fourteen" => fourteen(scribe),
        "sixteen" => sixteen(scribe),
        _ => {}
    }
}

fn at(scribe: &Scribe<'_>, days_ago: i64) -> (Date, u32) {
    let day = weekday_from(plus_days(scribe.today, -days_ago));
    (day, scribe.minute(day) + 15)
}

fn note(scribe: &Scribe<'_>, name: &str, at: (Date, u32), title: &str, text: &str) -> Entry {
    let doctor = scribe.doctor();
    let members = encounter(
        scribe,
        at,
        doctor,
        Note {
            code: ("11506-3", "Progress note"),
            title,
            mode: "legal",
            sections: &[("Confidential history", "10164-2", text)],
            reason: title,
            kind: ("185349003", "Encounter for check up"),
            diagnosis: None,
        },
    );
    scribe.chart(name, kinds::ENCOUNTER, at, doctor, members).signed().within(Compartment::Confidential)
}

/// The child has no own key yet: the practice's copy only, in the practice-wide chain.
fn without_own_key(scribe: &mut Scribe<'_>) {
    let entry = note(
        scribe,
        "confidential/talk",
        at(scribe, 70),
        "Talk alone",
        "Spoken with Felix alone about the change at home. Feels safe with his mother. Will come back in a month.",
    )
    .to(To::Nobody);
    scribe.keep(entry);
}

fn fourteen(scribe: &mut Scribe<'_>) {
    let entry = note(
        scribe,
        "confidential/headss",
        at(scribe, 140),
        "Psychosocial history",
        "Home, education, activities, drugs, sexuality, mood asked alone. Tried a vape once at a party, does not wish to again.",
    )
    .to(To::Own);
    scribe.keep(entry);
    let entry = problem(scribe, "confidential/vaping", at(scribe, 140), None, ("Z72.0", "Tobacco use"));
    scribe.keep(entry);
}

fn sixteen(scribe: &mut Scribe<'_>) {
    let visit = at(scribe, 60);
    let entry = note(
        scribe,
        "confidential/mood",
        visit,
        "Mood and contraception",
        "Low mood for two months, no thoughts of self-harm. Wishes contraception; blood pressure normal, no migraine.",
    )
    .to(To::Own);
    scribe.keep(entry);
    let entry = problem(
        scribe,
        "confidential/depression",
        visit,
        Some(("35489007", "Depressive disorder")),
        ("F32.0", "Major depressive disorder, single episode, mild"),
    );
    scribe.keep(entry);
    let doctor = scribe.doctor();
    let members = json!({
        "status": "active", "intent": "order", "reportedBoolean": false,
        "medicationCodeableConcept": {"text": "Levonorgestrel 0.15 mg and ethinyl estradiol 0.03 mg, 28 tablets"},
        "subject": scribe.patient(), "authoredOn": scribe.moment(visit), "requester": scribe.staff(doctor),
        "reasonCode": [fhir::concept("Contraception", &[(ICD10, "Z30.011", "Encounter for initial prescription of contraceptive pills")])],
        "dosageInstruction": [{"text": "One tablet by mouth once a day"}],
        "dispenseRequest": {"numberOfRepeatsAllowed": 3},
    });
    let entry = scribe
        .chart("confidential/rx", kinds::PRESCRIPTION, visit, doctor, members)
        .within(Compartment::Confidential)
        .to(To::Own);
    scribe.keep(entry);
    own_question(scribe);
}

fn problem(
    scribe: &Scribe<'_>,
    name: &str,
    at: (Date, u32),
    snomed: Option<(&str, &str)>,
    icd: (&str, &str),
) -> Entry {
    let doctor = scribe.doctor();
    let mut codes = vec![(ICD10, icd.0, icd.1)];
    if let Some((code, display)) = snomed {
        codes.insert(0, (SNOMED, code, display));
    }
    let members = json!({
        "clinicalStatus": fhir::hl7_concept("condition-clinical", "active", "Active"),
        "verificationStatus": fhir::hl7_concept("condition-ver-status", "confirmed", "Confirmed"),
        "category": [fhir::hl7_concept("condition-category", "problem-list-item", "Problem List Item")],
        "code": fhir::concept(icd.1, &codes),
        "subject": scribe.patient(),
        "onsetDateTime": iso(at.0), "recordedDate": scribe.moment(at), "recorder": scribe.staff(doctor),
    });
    scribe.chart(name, kinds::CONDITION, at, doctor, members).within(Compartment::Confidential).to(To::Own)
}

/// The adolescent writes with C, and the answer goes to C alone.
fn own_question(scribe: &mut Scribe<'_>) {
    let asked_at = (plus_days(scribe.today, -12), 400);
    let Some(own) = scribe.child().own(scribe.seed) else { return };
    let writer = fhir::person(&own.public_key().to_hex(), &scribe.child().full_name());
    let doctor = scribe.doctor();
    let message = |scribe: &Scribe<'_>, at, from: Value, to: Value, text: &str| {
        json!({
            "status": "completed", "subject": scribe.patient(), "topic": {"text": "Private question"},
            "sent": scribe.moment(at), "sender": from, "recipient": [to], "payload": [{"contentString": text}],
        })
    };
    let members = message(
        scribe,
        asked_at,
        writer.clone(),
        scribe.staff(doctor),
        "I forgot one tablet yesterday. What should I do? Please do not call at home.",
    );
    let question = scribe
        .entry("confidential/question", kinds::MESSAGE, asked_at, Author::Own, "Communication", members)
        .within(Compartment::Confidential);
    let Some(question) = scribe.keep(question) else { return };
    let answered_at = (asked_at.0, 460);
    let mut members = message(
        scribe,
        answered_at,
        scribe.staff(doctor),
        writer,
        "Take it as soon as you remember, even if that means two on one day. No call, as you asked.",
    );
    members["inResponseTo"] =
        json!([{"reference": format!("Communication/{}", scribe.id("confidential/question"))}]);
    let answer = scribe
        .entry(
            "confidential/answer",
            kinds::MESSAGE,
            answered_at,
            Author::Staff(doctor),
            "Communication",
            members,
        )
        .within(Compartment::Confidential)
        .to(To::Own)
        .linked(&question, "reply");
    scribe.keep(answer);
}
