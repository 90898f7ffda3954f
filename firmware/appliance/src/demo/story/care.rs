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
    screening(scribe, "12-months", 12);
    match scribe.child().cast.id {
        "newborn" | "two-months" => vitamin_d(scribe),
        "preterm" => discharge(scribe),
        "toddler" => {
            screening(scribe, "15-months", 15);
            anemia(scribe);
            questionnaire(scribe);
        }
        "four" => {
            ointment(scribe);
            outside(scribe);
        }
        "six" => misfiled(scribe),
        "sixteen" => imaging(scribe),
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

/// Hemoglobin and lead are ordered and resulted at about this age.
fn screening(scribe: &mut Scribe<'_>, name: &str, months: i32) {
    let day = weekday_from(plus_days(months_after(scribe.child().birth, months), 3));
    let at = (day, scribe.minute(day) + 8);
    let doctor = scribe.doctor();
    let order_name = format!("order/blood/{name}");
    let order = scribe.chart(
        &order_name,
        kinds::ORDER,
        at,
        doctor,
        order(scribe, at, doctor, panel(), "108252007", "Laboratory procedure"),
    );
    let Some(order) = scribe.keep(order) else { return };
    let result_at = (weekday_from(plus_days(day, 2)), at.1);
    let hemoglobin = match (scribe.child().cast.id, months) {
        ("toddler", 12) => 10.1,
        _ => 12.0 + 0.6 * scribe.seed.signed(&scribe.label(&format!("hemoglobin/{name}"))),
    };
    let members = blood_report(scribe, result_at, doctor, &order_name, hemoglobin);
    let entry = scribe
        .chart(&format!("report/blood/{name}"), kinds::REPORT, result_at, doctor, members)
        .linked(&order, "result")
        .signed();
    scribe.keep(entry);
}

fn panel() -> Value {
    fhir::concept(
        "Blood count and lead screening",
        &[(LOINC, "58410-2", "CBC panel - Blood by Automated count")],
    )
}

fn order(
    scribe: &Scribe<'_>,
    at: (Date, u32),
    by: Staff,
    code: Value,
    category: &str,
    display: &str,
) -> Value {
    json!({
        "status": "active", "intent": "order",
        "category": [fhir::concept(display, &[(SNOMED, category, display)])],
        "priority": "routine",
        "code": code,
        "subject": scribe.patient(),
        "authoredOn": scribe.moment(at),
        "requester": scribe.staff(by),
        "performer": [{"display": "Invented Laboratory, Sampleville"}],
    })
}

fn blood_report(scribe: &Scribe<'_>, at: (Date, u32), by: Staff, order: &str, hemoglobin: f64) -> Value {
    let low = hemoglobin < 11.0;
    let flag = if low { ("L", "Low") } else { ("N", "Normal") };
    let lead = 1.2 + 0.8 * scribe.seed.unit(&scribe.label(&format!("lead/{order}")));
    let result = |id: &str, code: (&str, &str), value: Value, range: &str, flag: (&str, &str)| {
        json!({
            "resourceType": "Observation", "id": id, "status": "final",
            "category": [fhir::hl7_concept("observation-category", "laboratory", "Laboratory")],
            "code": fhir::concept(code.1, &[(LOINC, code.0, code.1)]),
            "subject": scribe.patient(), "effectiveDateTime": scribe.moment(at), "valueQuantity": value,
            "referenceRange": [{"text": range}],
            "interpretation": [fhir::hl7_concept("v3-ObservationInterpretation", flag.0, flag.1)],
        })
    };
    json!({
        "contained": [
            result("hb", ("718-7", "Hemoglobin [Mass/volume] in Blood"), fhir::quantity(hemoglobin, 1, "g/dL", "g/dL"), "11.0 - 14.0", flag),
            result("lead", ("77307-7", "Lead [Mass/volume] in Venous blood"), fhir::quantity(lead, 1, "ug/dL", "ug/dL"), "below 3.5", ("N", "Normal")),
        ],
        "status": "final",
        "category": [fhir::hl7_concept("v2-0074", "LAB", "Laboratory")],
        "code": panel(),
        "subject": scribe.patient(),
        "basedOn": [{"reference": format!("ServiceRequest/{}", scribe.id(order))}],
        "effectiveDateTime": scribe.moment(at), "issued": scribe.moment((at.0, at.1 + 30)),
        "performer": [{"display": "Invented Laboratory, Sampleville"}],
        "resultsInterpreter": [scribe.staff(by)],
        "result": [{"reference": "#hb"}, {"reference": "#lead"}],
        "conclusion": if low { "Hemoglobin low: iron and a recheck in three months." } else { "Both normal." },
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

/// An X-ray that was ordered and withdrawn the same day.
fn imaging(scribe: &mut Scribe<'_>) {
    let doctor = scribe.doctor();
    let day = weekday_from(plus_days(scribe.today, -130));
    let at = (day, scribe.minute(day) + 8);
    let body = |scribe: &Scribe<'_>, status: &str| {
        let mut members = order(
            scribe,
            at,
            doctor,
            fhir::concept("X-ray of the right ankle, two views", &[]),
            "363679005",
            "Imaging",
        );
        members["status"] = status.into();
        members["performer"] = json!([{"display": "Invented Imaging, Sampleville"}]);
        members
    };
    let entry = scribe.chart("order/ankle", kinds::ORDER, at, doctor, body(scribe, "active"));
    let Some(order) = scribe.keep(entry) else { return };
    let members = body(scribe, "revoked");
    let entry = scribe
        .chart("order/ankle/cancelled", kinds::ORDER, (day, at.1 + 60), doctor, members)
        .with_id(&scribe.id("order/ankle"))
        .linked(&order, "cancelled")
        .because("not-needed", "Walks without pain today.");
    scribe.keep(entry);
}
