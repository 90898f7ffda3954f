//! Well-child visits at the ages of the AAP/Bright Futures periodicity schedule, from birth to the
//! day of the first start: measurements, vaccines and a signed note each.

use relaybox_protocol::kinds;
use serde_json::{Value, json};
use time::Date;

use super::calendar::{days_between, iso, months_after, plus_days, weekday_from};
use super::cast::Staff;
use super::fhir::{self, LOINC, SNOMED};
use super::plan::Scribe;
use super::vaccines;
use super::vitals::{self, Growth};

/// One visit of the schedule.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stage {
    /// Names the visit: `well/4-days`, `well/2-months`, `well/4-years`.
    pub name: &'static str,
    pub months: i32,
    pub days: i64,
    /// Title of the note.
    pub title: &'static str,
}

const fn stage(name: &'static str, months: i32, title: &'static str) -> Stage {
    Stage { name, months, days: 0, title }
}

/// The schedule.
pub(crate) const STAGES: [Stage; 27] = [
    Stage { name: "well/4-days", months: 0, days: 4, title: "Newborn visit" },
    stage("well/1-month", 1, "1-month well visit"),
    stage("well/2-months", 2, "2-month well visit"),
    stage("well/4-months", 4, "4-month well visit"),
    stage("well/6-months", 6, "6-month well visit"),
    stage("well/9-months", 9, "9-month well visit"),
    stage("well/12-months", 12, "12-month well visit"),
    stage("well/15-months", 15, "15-month well visit"),
    stage("well/18-months", 18, "18-month well visit"),
    stage("well/24-months", 24, "2-year well visit"),
    stage("well/30-months", 30, "30-month well visit"),
    stage("well/3-years", 36, "3-year well visit"),
    stage("well/4-years", 48, "4-year well visit"),
    stage("well/5-years", 60, "5-year well visit"),
    stage("well/6-years", 72, "6-year well visit"),
    stage("well/7-years", 84, "7-year well visit"),
    stage("well/8-years", 96, "8-year well visit"),
    stage("well/9-years", 108, "9-year well visit"),
    stage("well/10-years", 120, "10-year well visit"),
    stage("well/11-years", 132, "11-year well visit"),
    stage("well/12-years", 144, "12-year well visit"),
    stage("well/13-years", 156, "13-year well visit"),
    stage("well/14-years", 168, "14-year well visit"),
    stage("well/15-years", 180, "15-year well visit"),
    stage("well/16-years", 192, "16-year well visit"),
    stage("well/17-years", 204, "17-year well visit"),
    stage("well/18-years", 216, "18-year well visit"),
];

/// The day of a visit: at the age, up to three days later, never on a weekend.
pub(crate) fn day_of(scribe: &Scribe<'_>, stage: &Stage) -> Date {
    let due = plus_days(months_after(scribe.child().birth, stage.months), stage.days);
    let later = if stage.days > 0 { 0 } else { scribe.seed.below(4, &scribe.label(stage.name)) };
    weekday_from(plus_days(due, i64::from(later)))
}

pub(crate) fn write(scribe: &mut Scribe<'_>) {
    birth(scribe);
    vaccines::at_birth(scribe);
    let mut before: Option<Growth> = None;
    for (number, stage) in STAGES.iter().enumerate() {
        let day = day_of(scribe, stage);
        if day >= scribe.today {
            break;
        }
        before = visit(scribe, number, stage, day, before);
    }
    vaccines::influenza(scribe);
    vaccines::late(scribe);
}

/// Measurements by the assistant or a nurse, the nurse's intake at some visits, vaccines, and the
/// doctor's signed note last.
fn visit(
    scribe: &mut Scribe<'_>,
    number: usize,
    stage: &Stage,
    day: Date,
    before: Option<Growth>,
) -> Option<Growth> {
    let minute = scribe.minute(day);
    let measured_by = if number.is_multiple_of(3) { scribe.nurse(day) } else { Staff::Assistant };
    let growth = vitals::grow(scribe.seed, scribe.child(), day, before.as_ref())?;
    vitals::write(scribe, stage.name, (day, minute + 2), measured_by, &growth);
    if number % 4 == 1 {
        intake(scribe, stage, (day, minute + 4));
    }
    vaccines::at_visit(scribe, stage, (day, minute + 6));
    note(scribe, stage, (day, minute + 9), &growth);
    Some(growth)
}

/// Gestational age and size at birth, told by the hospital and entered by the nurse.
fn birth(scribe: &mut Scribe<'_>) {
    let child = scribe.child();
    let at = (child.birth, 1);
    let nurse = scribe.nurse(child.birth);
    let weeks = f64::from(child.cast.gestation_weeks);
    let gestation = vitals::observation(
        scribe,
        "birth/gestation",
        at,
        nurse,
        fhir::concept("Gestational age at birth", &[(LOINC, "11884-4", "Gestational age Estimated")]),
        json!({"valueQuantity": fhir::quantity(weeks, 0, "weeks", "wk")}),
    );
    scribe.keep(gestation);
    let Some(born) = vitals::grow(scribe.seed, child, child.birth, None) else { return };
    let weight = vitals::observation(
        scribe,
        "birth/weight",
        at,
        nurse,
        fhir::concept(
            "Birth weight",
            &[(LOINC, "8339-4", "Birth weight Measured"), (LOINC, "29463-7", "Body weight")],
        ),
        vitals::weight(born.weight).1,
    );
    scribe.keep(weight);
    for (name, code, display, value) in [
        ("birth/length", "8306-3", "Body height --lying", Some(born.length)),
        ("birth/head", "9843-4", "Head Occipital-frontal circumference", born.head),
    ] {
        let Some(value) = value else { continue };
        let code = fhir::concept(display, &[(LOINC, code, display)]);
        let value = json!({"valueQuantity": fhir::quantity(value, 1, "cm", "cm")});
        let entry = vitals::observation(scribe, name, at, nurse, code, value);
        scribe.keep(entry);
    }
}

/// A nurse's note: 2111 without `act`, LOINC 34746-8, attested personally.
fn intake(scribe: &mut Scribe<'_>, stage: &Stage, at: (Date, u32)) {
    let nurse = scribe.nurse(at.0);
    let text = format!(
        "Intake for the {}. Accompanied by a guardian. Identity checked with two identifiers. No fever at home.",
        stage.title.to_lowercase()
    );
    let name = format!("{}/intake", stage.name);
    let members = encounter(
        scribe,
        at,
        nurse,
        Note {
            code: ("34746-8", "Nurse Note"),
            title: "Nurse intake",
            mode: "personal",
            sections: &[("Intake", "61150-9", &text)],
            reason: stage.title,
            kind: ("410620009", "Well child visit"),
            diagnosis: None,
        },
    );
    let entry = scribe.chart(&name, kinds::ENCOUNTER, at, nurse, members);
    scribe.keep(entry);
}

fn note(scribe: &mut Scribe<'_>, stage: &Stage, at: (Date, u32), growth: &Growth) {
    let doctor = scribe.doctor();
    let child = scribe.child();
    let age = days_between(child.birth, at.0);
    let code = if age < 8 {
        ("Z00.110", "Health examination for newborn under 8 days old")
    } else if age <= 28 {
        ("Z00.111", "Health examination for newborn 8 to 28 days old")
    } else {
        ("Z00.129", "Encounter for routine child health examination without abnormal findings")
    };
    let history = history(scribe, stage, age);
    let exam = format!(
        "Well appearing. Weight {} kg, {} {} cm{}. Heart regular without murmur, lungs clear, abdomen soft, skin without rash.",
        growth.weight,
        if growth.lying { "length" } else { "height" },
        growth.length,
        growth.head.map(|head| format!(", head {head} cm")).unwrap_or_default(),
    );
    let plan = format!(
        "Growth follows its percentile. Vaccines as recorded. Anticipatory guidance for this age given. Next visit as scheduled; questions by message. Seen on {}.",
        iso(at.0)
    );
    let members = encounter(
        scribe,
        at,
        doctor,
        Note {
            code: ("11506-3", "Progress note"),
            title: stage.title,
            mode: "legal",
            sections: &[
                ("History", "10164-2", &history),
                ("Physical exam", "29545-1", &exam),
                ("Assessment and plan", "51847-2", &plan),
            ],
            reason: stage.title,
            kind: ("410620009", "Well child visit"),
            diagnosis: Some(code),
        },
    );
    let entry = scribe.chart(stage.name, kinds::ENCOUNTER, at, doctor, members).signed();
    scribe.keep(entry);
}

fn history(scribe: &Scribe<'_>, stage: &Stage, age: i64) -> String {
    let given = scribe.child().cast.given;
    let choices: &[&str] = match age {
        0..=27 => &[
            "Feeding every two to three hours, six wet diapers a day.",
            "Breastfed with a good latch; passed the hearing screen.",
        ],
        28..=364 => &[
            "Feeds well, sleeps on the back in an own crib.",
            "Smiles, babbles, follows with the eyes; introduces new foods one by one.",
        ],
        365..=1_094 => &[
            "Walks, points and says words; eats from the family table.",
            "Runs, climbs, two-word phrases; brushes teeth with help.",
        ],
        1_095..=4_379 => &[
            "Plays with others, sleeps ten hours, eats a varied diet.",
            "Does well at school, active an hour a day, sees the dentist twice a year.",
        ],
        _ => &[
            "Sleeps eight to nine hours, plays a sport, good friends.",
            "School goes well; screens off an hour before bed.",
        ],
    };
    let index =
        usize::try_from(scribe.seed.below(2, &scribe.label(&format!("{}/history", stage.name)))).unwrap_or(0);
    format!("{given} is here for the {}. {}", stage.title.to_lowercase(), choices[index % choices.len()])
}

/// What a note says.
pub(crate) struct Note<'a> {
    /// LOINC of the Composition.
    pub code: (&'a str, &'a str),
    pub title: &'a str,
    /// `legal` for a signed note, `personal` for a nurse's.
    pub(crate) mode: &'a str,
    /// Title, LOINC, text.
    pub sections: &'a [(&'a str, &'a str, &'a str)],
    pub reason: &'a str,
    /// SNOMED of the kind of visit.
    pub kind: (&'a str, &'a str),
    /// ICD-10-CM.
    pub diagnosis: Option<(&'a str, &'a str)>,
}

/// The members of an Encounter with its note as contained Composition.
pub(crate) fn encounter(scribe: &Scribe<'_>, at: (Date, u32), by: Staff, note: Note<'_>) -> Value {
    let author = scribe.staff(by);
    let sections: Vec<Value> = note
        .sections
        .iter()
        .map(|(title, code, text)| {
            json!({
                "title": title,
                "code": {"coding": [{"system": LOINC, "code": code}]},
                "text": fhir::narrative(text),
            })
        })
        .collect();
    let mut contained = vec![json!({
        "resourceType": "Composition", "id": "note", "status": "final",
        "type": fhir::concept(note.code.1, &[(LOINC, note.code.0, note.code.1)]),
        "subject": scribe.patient(), "encounter": {"reference": "#"},
        "date": scribe.moment(at), "author": [author], "title": note.title,
        "attester": [{"mode": note.mode, "time": scribe.moment(at), "party": author}],
        "section": sections,
    })];
    let mut members = json!({
        "status": "finished",
        "class": {"system": fhir::hl7("v3-ActCode"), "code": "AMB", "display": "ambulatory"},
        "type": [fhir::concept(note.kind.1, &[(SNOMED, note.kind.0, note.kind.1)])],
        "subject": scribe.patient(),
        "participant": [{
            "type": [fhir::hl7_concept("v3-ParticipationType", "PPRF", "primary performer")],
            "individual": author,
        }],
        "period": {"start": scribe.moment(at), "end": scribe.moment((at.0, at.1 + 20))},
        "reasonCode": [{"text": note.reason}],
        "extension": [{"url": "urn:relaybox:note:1", "valueReference": {"reference": "#note"}}],
    });
    if let Some((code, display)) = note.diagnosis {
        contained.push(json!({
            "resourceType": "Condition", "id": "dx1",
            "category": [fhir::hl7_concept("condition-category", "encounter-diagnosis", "Encounter Diagnosis")],
            "code": fhir::concept(display, &[(fhir::ICD10, code, display)]),
            "subject": scribe.patient(),
        }));
        members["diagnosis"] = json!([{"condition": {"reference": "#dx1"}}]);
    }
    members["contained"] = Value::Array(contained);
    members
}
