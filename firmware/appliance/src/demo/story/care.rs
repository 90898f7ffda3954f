//! Problems, laboratory orders with results, prescriptions, medicines told by the family, documents,
//! questionnaires, the outside record and the record that belongs in quarantine.

use relaybox_protocol::kinds;
use serde_json::{Value, json};
use time::Date;

use crate::demo::calendar::{iso, months_after, plus_days, weekday_from};
use crate::demo::cast::{CHILDREN, Staff, guardian_of};
use crate::demo::fhir::{self, ICD10, LOINC, SNOMED};
use crate::demo::plan::{Author, Entry, Scribe};
use crate::demo::vitals;

pub(crate) fn write(scribe: &mut Scribe<'_>) {
    problems(scribe);
    match scribe.child().cast.id {
        "newborn" | "two-months" => vitamin_d(scribe),
        "preterm" => discharge(scribe),
        "toddler" => {
            anemia(scribe);
            questionnaire(scribe);
        }
        "four" => {
            ointment(scribe);
            outside(scribe);
        }
        "six" => misfiled(scribe),
        _ => {}
    }
}

struct Problem {
    child: &'static str,
    name: &'static str,
    snomed: (&'static str, &'static str),
    icd: (&'static str, &'static str),
    months: i32,
    days: i64,
}

const PROBLEMS: [Problem; 6] = [
    Problem {
        child: "preterm",
        name: "problem/preterm",
        snomed: ("395507008", "Premature infant"),
        icd: ("P07.36", "Preterm newborn, gestational age 33 completed weeks"),
        months: 0,
        days: 4,
    },
    Problem {
        child: "four",
        name: "problem/eczema",
        snomed: ("24079001", "Atopic dermatitis"),
        icd: ("L20.9", "Atopic dermatitis, unspecified"),
        months: 10,
        days: 3,
    },
    Problem {
        child: "toddler",
        name: "problem/anemia",
        snomed: ("87522002", "Iron deficiency anemia"),
        icd: ("D50.9", "Iron deficiency anemia, unspecified"),
        months: 12,
        days: 8,
    },
    Problem {
        child: "fourteen",
        name: "problem/asthma",
        snomed: ("195967001", "Asthma"),
        icd: ("J45.30", "Mild persistent asthma, uncomplicated"),
        months: 38,
        days: 2,
    },
    Problem {
        child: "fourteen",
        name: "problem/rhinitis",
        snomed: ("61582004", "Allergic rhinitis"),
        icd: ("J30.2", "Other seasonal allergic rhinitis"),
        months: 80,
        days: 2,
    },
    Problem {
        child: "seventeen",
        name: "problem/acne",
        snomed: ("11381005", "Acne vulgaris"),
        icd: ("L70.0", "Acne vulgaris"),
        months: 170,
        days: 2,
    },
];

fn problems(scribe: &mut Scribe<'_>) {
    let id = scribe.child().cast.id;
    for problem in PROBLEMS.iter().filter(|problem| problem.child == id) {
        let day = weekday_from(plus_days(months_after(scribe.child().birth, problem.months), problem.days));
        let at = (day, scribe.minute(day) + 7);
        let doctor = scribe.doctor();
        let members = condition(scribe, problem, at, "active");
        let entry = scribe.chart(problem.name, kinds::CONDITION, at, doctor, members);
        scribe.keep(entry);
    }
}

fn condition(scribe: &Scribe<'_>, problem: &Problem, at: (Date, u32), status: &str) -> Value {
    let onset = plus_days(months_after(scribe.child().birth, problem.months), problem.days);
    json!({
        "clinicalStatus": fhir::hl7_concept("condition-clinical", status, status),
        "verificationStatus": fhir::hl7_concept("condition-ver-status", "confirmed", "Confirmed"),
        "category": [fhir::hl7_concept("condition-category", "problem-list-item", "Problem List Item")],
        "code": fhir::concept(problem.snomed.1, &[(SNOMED, problem.snomed.0, problem.snomed.1), (ICD10, problem.icd.0, problem.icd.1)]),
        "subject": scribe.patient(),
        "onsetDateTime": iso(onset),
        "recordedDate": scribe.moment(at),
        "recorder": scribe.staff(scribe.doctor()),
    })
}

/// The low result leads to a prescription; the recheck closes problem and prescription.
fn anemia(scribe: &mut Scribe<'_>) {
    let doctor = scribe.doctor();
    let day = weekday_from(plus_days(months_after(scribe.child().birth, 12), 8));
    let at = (day, scribe.minute(day) + 9);
    let medicine = |scribe: &Scribe<'_>, status: &str| {
        prescription(
            scribe,
            at,
            doctor,
            status,
            "Ferrous sulfate oral drops 15 mg elemental iron per mL",
            "2 mL by mouth once a day between meals for 90 days",
            180.0,
        )
    };
    let entry = scribe.chart("rx/iron", kinds::PRESCRIPTION, at, doctor, medicine(scribe, "active"));
    let Some(rx) = scribe.keep(entry) else { return };
    let closing = weekday_from(plus_days(months_after(scribe.child().birth, 15), 8));
    let closed_at = (closing, scribe.minute(closing) + 9);
    let entry = scribe
        .chart("rx/iron/completed", kinds::PRESCRIPTION, closed_at, doctor, medicine(scribe, "completed"))
        .with_id(&scribe.id("rx/iron"))
        .linked(&rx, "status-update")
        .because("completed", "Course taken to its end.");
    scribe.keep(entry);
    let Some(problem) = PROBLEMS.iter().find(|problem| problem.name == "problem/anemia") else { return };
    let mut members = condition(scribe, problem, closed_at, "resolved");
    members["abatementDateTime"] = iso(closing).into();
    let before = scribe.label(problem.name);
    let entry = scribe
        .chart("problem/anemia/resolved", kinds::CONDITION, closed_at, doctor, members)
        .with_id(&scribe.id(problem.name))
        .linked(&before, "status-update")
        .because("resolved", "Hemoglobin normal at the recheck.");
    scribe.keep(entry);
}

fn prescription(
    scribe: &Scribe<'_>,
    at: (Date, u32),
    by: Staff,
    status: &str,
    drug: &str,
    how: &str,
    quantity: f64,
) -> Value {
    json!({
        "status": status, "intent": "order", "reportedBoolean": false,
        "medicationCodeableConcept": {"text": drug},
        "subject": scribe.patient(),
        "authoredOn": scribe.moment(at),
        "requester": scribe.staff(by),
        "dosageInstruction": [{"text": how}],
        "dispenseRequest": {
            "quantity": fhir::quantity(quantity, 0, "mL", "mL"), "numberOfRepeatsAllowed": 0,
            "performer": {"display": "Pretend Pharmacy, Sampleville"},
        },
    })
}

fn ointment(scribe: &mut Scribe<'_>) {
    let day = weekday_from(plus_days(scribe.today, -75));
    let at = (day, scribe.minute(day) + 9);
    let doctor = scribe.doctor();
    let mut members = prescription(
        scribe,
        at,
        doctor,
        "active",
        "Hydrocortisone 2.5 % ointment",
        "Thin layer on dry patches twice a day for up to seven days",
        30.0,
    );
    members["dispenseRequest"]["quantity"] = fhir::quantity(30.0, 0, "g", "g");
    let entry = scribe.chart("rx/ointment", kinds::PRESCRIPTION, at, doctor, members);
    scribe.keep(entry);
}

/// Over the counter, told by the family: kind 2112, intent `plan`.
fn vitamin_d(scribe: &mut Scribe<'_>) {
    let day = weekday_from(plus_days(scribe.child().birth, 4));
    let at = (day, scribe.minute(day) + 8);
    let nurse = scribe.nurse(day);
    let members = json!({
        "status": "active", "intent": "plan", "reportedBoolean": true,
        "medicationCodeableConcept": {"text": "Cholecalciferol (vitamin D3) 400 units per drop"},
        "subject": scribe.patient(), "authoredOn": scribe.moment(at), "requester": scribe.staff(nurse),
        "dosageInstruction": [{"text": "One drop by mouth once a day"}],
    });
    let entry = scribe.chart("list/vitamin-d", kinds::MEDICATION, at, nurse, members);
    scribe.keep(entry);
}

/// A letter as text inside the record: no blob, so no `x`.
fn discharge(scribe: &mut Scribe<'_>) {
    let day = weekday_from(plus_days(scribe.child().birth, 20));
    let at = (day, scribe.minute(day) + 12);
    let nurse = scribe.nurse(day);
    // "Synthetic discharge letter. Born at 33 weeks, 2050 g. Feeding well."
    let data = "U3ludGhldGljIGRpc2NoYXJnZSBsZXR0ZXIuIEJvcm4gYXQgMzMgd2Vla3MsIDIwNTAgZy4gRmVlZGluZyB3ZWxsLg==";
    let members = json!({
        "status": "current",
        "type": fhir::concept("Hospital discharge letter", &[(LOINC, "18842-5", "Discharge summary")]),
        "subject": scribe.patient(), "date": scribe.moment(at), "author": [scribe.staff(nurse)],
        "description": "Letter of the invented hospital of Sampleville",
        "content": [{"attachment": {"contentType": "text/plain; charset=utf-8", "data": data, "title": "Discharge letter"}}],
    });
    let entry = scribe.chart("document/discharge", kinds::DOCUMENT, at, nurse, members);
    scribe.keep(entry);
}

/// A development questionnaire in our own words, kind 2124.
fn questionnaire(scribe: &mut Scribe<'_>) {
    let day = weekday_from(plus_days(months_after(scribe.child().birth, 18), 3));
    let at = (day, scribe.minute(day) + 4);
    let nurse = scribe.nurse(day);
    let item = |id: &str, text: &str| json!({"linkId": id, "text": text, "answer": [{"valueBoolean": true}]});
    let members = json!({
        "questionnaire": "urn:relaybox:demo:questionnaire:toddler|1",
        "status": "completed", "subject": scribe.patient(), "authored": scribe.moment(at),
        "author": scribe.staff(nurse),
        "item": [
            item("1", "¿Señala con el dedo lo que le interesa?"),
            item("2", "¿Mira a su cara cuando usted le habla?"),
            item("3", "¿Usa al menos seis palabras?"),
        ],
    });
    let entry = scribe.entry(
        "questionnaire/18-months",
        kinds::RESOURCE,
        at,
        Author::Staff(nurse),
        "QuestionnaireResponse",
        members,
    );
    scribe.keep(entry);
}

/// A medicine that the mother gives: 2125, in her own form, waiting for staff to accept it.
fn outside(scribe: &mut Scribe<'_>) {
    let Some(mother) = guardian_of("dana") else { return };
    let day = plus_days(scribe.today, -6);
    let at = (day, 300);
    let members = json!({
        "status": "active", "intent": "plan", "reportedBoolean": true,
        "medicationCodeableConcept": {"text": "Cetirizine oral solution 5 mg per 5 mL, bought at a store"},
        "subject": scribe.patient(), "authoredOn": scribe.moment(at), "requester": scribe.guardian(mother),
        "dosageInstruction": [{"text": "2.5 mL in the evening when itchy"}],
    });
    let entry = scribe.entry(
        "outside/cetirizine",
        kinds::OUTSIDE_RECORD,
        at,
        Author::Guardian(mother.id),
        "MedicationRequest",
        members,
    );
    scribe.keep(entry);
}

/// A temperature that was taken from another child: envelope and ciphertext go to this one, the
/// binding names the other. A relay cannot see it, every reader puts it in quarantine.
fn misfiled(scribe: &mut Scribe<'_>) {
    let day = weekday_from(plus_days(scribe.today, -9));
    let (code, value) = vitals::temperature(38.4);
    let mut entry: Entry =
        vitals::observation(scribe, "misfiled/temperature", (day, 200), Staff::Assistant, code, value);
    entry.bound_to = CHILDREN.iter().position(|child| child.id == "nine");
    scribe.keep(entry);
}
