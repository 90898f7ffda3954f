//! Laboratory orders with their results, and an order that was withdrawn.

use relaybox_protocol::kinds;
use serde_json::{Value, json};
use time::Date;

use crate::demo::calendar::{months_after, plus_days, weekday_from};
use crate::demo::cast::Staff;
use crate::demo::fhir::{self, LOINC, SNOMED};
use crate::demo::plan::Scribe;

pub(crate) fn write(scribe: &mut Scribe<'_>) {
    screening(scribe, "12-months", 12);
    match scribe.child().cast.id {
        "toddler" => screening(scribe, "15-months", 15),
        "sixteen" => imaging(scribe),
        _ => {}
    }
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
