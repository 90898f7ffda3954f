//! What was written is changed by successors: a correction, a withdrawal, an addendum, and two
//! successors of one record that a clinician has to settle.

use relaybox_protocol::kinds;
use serde_json::json;
use time::Date;

use crate::demo::calendar::{plus_days, weekday_from};
use crate::demo::cast::Staff;
use crate::demo::fhir;
use crate::demo::growth::{self, Measure};
use crate::demo::plan::Scribe;
use crate::demo::visits::{Note, encounter};
use crate::demo::vitals;

pub(crate) fn write(scribe: &mut Scribe<'_>) {
    match scribe.child().cast.id {
        "four" => correction(scribe),
        "nine" => withdrawal(scribe),
        "seventeen" => addendum(scribe),
        "fourteen" => conflict(scribe),
        _ => {}
    }
}

fn at(scribe: &Scribe<'_>, days_ago: i64) -> (Date, u32) {
    let day = weekday_from(plus_days(scribe.today, -days_ago));
    (day, scribe.minute(day) + 2)
}

/// The child's own weight or height on a day, by its percentile.
fn usual(scribe: &Scribe<'_>, measure: Measure, index: usize, day: Date) -> f64 {
    let child = scribe.child();
    let age = crate::demo::calendar::days_between(child.birth, day);
    growth::lms(measure, child.cast.sex, age).map_or(0.0, |lms| lms.value(child.cast.walk[index]))
}

/// A weight in pounds was typed into the field for kilograms and put right the same day.
fn correction(scribe: &mut Scribe<'_>) {
    let at = at(scribe, 30);
    let kilograms = usual(scribe, Measure::Weight, 0, at.0);
    let (code, value) = vitals::weight(fhir::rounded(kilograms / 0.453_592_37, 1));
    let wrong = vitals::observation(scribe, "corrected/weight", at, Staff::Assistant, code, value);
    let Some(before) = scribe.keep(wrong) else { return };
    let (code, value) = vitals::weight(fhir::rounded(kilograms, 2));
    let mut right = vitals::observation(
        scribe,
        "corrected/weight/right",
        (at.0, at.1 + 4),
        Staff::Assistant,
        code,
        value,
    )
    .with_id(&scribe.id("corrected/weight"))
    .linked(&before, "correction");
    right.resource["status"] = "corrected".into();
    scribe.keep(right.because("unit", "Entered in pounds by mistake."));
}

/// A measurement that never happened is withdrawn: complete body, status entered-in-error.
fn withdrawal(scribe: &mut Scribe<'_>) {
    let at = at(scribe, 55);
    let (code, value) = vitals::temperature(39.6);
    let entry =
        vitals::observation(scribe, "withdrawn/temperature", at, Staff::Nurse, code.clone(), value.clone());
    let Some(before) = scribe.keep(entry) else { return };
    let mut tombstone = vitals::observation(
        scribe,
        "withdrawn/temperature/gone",
        (at.0, at.1 + 6),
        Staff::Nurse,
        code,
        value,
    )
    .with_id(&scribe.id("withdrawn/temperature"))
    .linked(&before, "deletion");
    tombstone.resource["status"] = "entered-in-error".into();
    scribe.keep(tombstone.because("not-done", "The thermometer was not used on this child."));
}

/// A late remark under the newest signed visit.
fn addendum(scribe: &mut Scribe<'_>) {
    let Some(note) = scribe.kept("well/17-years") else { return };
    let (note, id) = (note.name.clone(), scribe.id("well/17-years"));
    let at = at(scribe, 100);
    let doctor = scribe.doctor();
    let mut members = encounter(
        scribe,
        at,
        doctor,
        Note {
            code: ("11506-3", "Progress note"),
            title: "Addendum",
            mode: "legal",
            sections: &[(
                "Addendum",
                "51847-2",
                "Sports form filled in after the visit; vision 20/20 in both eyes.",
            )],
            reason: "Addendum",
            kind: ("410620009", "Well child visit"),
            diagnosis: None,
        },
    );
    members["contained"][0]["status"] = "amended".into();
    members["contained"][0]["relatesTo"] = json!([{
        "code": "appends", "targetReference": {"reference": format!("Encounter/{id}")},
    }]);
    members["partOf"] = json!({"reference": format!("Encounter/{id}")});
    let entry = scribe
        .chart("well/17-years/addendum", kinds::ENCOUNTER, at, doctor, members)
        .signed()
        .linked(&note, "addendum");
    scribe.keep(entry);
}

/// Nurse and assistant put the same height right at the same time, each without the other's: both
/// name the same record, and neither wins silently.
fn conflict(scribe: &mut Scribe<'_>) {
    let at = at(scribe, 20);
    let height = usual(scribe, Measure::Length, 1, at.0);
    let body = |value: f64| {
        (
            fhir::concept(
                "Body height, standing",
                &[(fhir::LOINC, "8302-2", "Body height"), (fhir::LOINC, "8308-9", "Body height --standing")],
            ),
            json!({"valueQuantity": fhir::quantity(value, 1, "cm", "cm")}),
        )
    };
    let (code, value) = body(height + 10.0);
    let entry = vitals::observation(scribe, "conflict/height", at, Staff::Assistant, code, value);
    let Some(before) = scribe.keep(entry) else { return };
    for (name, by, value) in [
        ("conflict/height/nurse", Staff::Nurse, height),
        ("conflict/height/assistant", Staff::Assistant, height + 0.6),
    ] {
        let (code, value) = body(value);
        let mut entry = vitals::observation(scribe, name, (at.0, at.1 + 5), by, code, value)
            .with_id(&scribe.id("conflict/height"))
            .linked(&before, "correction");
        entry.resource["status"] = "corrected".into();
        scribe.keep(entry.because("misread", "Read off the wrong end of the board."));
    }
}
