//! Allergies: a list, "none known" as an assertion, and for one child nothing at all.

use relaybox_protocol::kinds;
use serde_json::{Value, json};
use time::Date;

use crate::demo::calendar::{months_after, plus_days, weekday_from};
use crate::demo::cast::Allergies;
use crate::demo::fhir::{self, SNOMED};
use crate::demo::plan::Scribe;

struct Allergy {
    child: &'static str,
    name: &'static str,
    code: (&'static str, &'static str),
    category: &'static str,
    criticality: &'static str,
    reaction: (&'static str, &'static str),
    severity: &'static str,
    /// Months of age at which it was recorded.
    months: i32,
}

const LIST: [Allergy; 6] = [
    Allergy {
        child: "twin-a",
        name: "allergy/milk",
        code: ("782555009", "Allergy to cow's milk protein"),
        category: "food",
        criticality: "low",
        reaction: ("422400008", "Vomiting"),
        severity: "mild",
        months: 4,
    },
    Allergy {
        child: "six",
        name: "allergy/peanut",
        code: ("91935009", "Allergy to peanut"),
        category: "food",
        criticality: "high",
        reaction: ("39579001", "Anaphylaxis"),
        severity: "severe",
        months: 20,
    },
    Allergy {
        child: "nine",
        name: "allergy/penicillin",
        code: ("91936005", "Allergy to penicillin"),
        category: "medication",
        criticality: "low",
        reaction: ("126485001", "Urticaria"),
        severity: "moderate",
        months: 40,
    },
    Allergy {
        child: "fourteen",
        name: "allergy/cat",
        code: ("232346004", "Allergy to cat dander"),
        category: "environment",
        criticality: "low",
        reaction: ("56018004", "Wheezing"),
        severity: "moderate",
        months: 50,
    },
    Allergy {
        child: "sixteen",
        name: "allergy/latex",
        code: ("300916003", "Allergy to latex"),
        category: "environment",
        criticality: "low",
        reaction: ("126485001", "Urticaria"),
        severity: "mild",
        months: 110,
    },
    Allergy {
        child: "sixteen",
        name: "allergy/amoxicillin",
        code: ("294505008", "Allergy to amoxicillin"),
        category: "medication",
        criticality: "unable-to-assess",
        reaction: ("271807003", "Eruption of skin"),
        severity: "mild",
        months: 30,
    },
];

pub(crate) fn write(scribe: &mut Scribe<'_>) {
    let child = scribe.child();
    match child.cast.allergies {
        Allergies::NothingRecorded => {}
        Allergies::NoneKnown => none_known(scribe),
        Allergies::Listed => {
            for allergy in LIST.iter().filter(|allergy| allergy.child == child.cast.id) {
                listed(scribe, allergy);
            }
        }
    }
    if child.cast.id == "sixteen" {
        refute(scribe);
    }
}

/// SNOMED 716186003, asked and answered: not the same as an empty list.
fn none_known(scribe: &mut Scribe<'_>) {
    let child = scribe.child();
    let day = weekday_from(plus_days(child.birth, 4));
    let at = (day, scribe.minute(day) + 5);
    let nurse = scribe.nurse(day);
    let mut members = json!({
        "clinicalStatus": fhir::hl7_concept("allergyintolerance-clinical", "active", "Active"),
        "verificationStatus": fhir::hl7_concept("allergyintolerance-verification", "confirmed", "Confirmed"),
        "code": fhir::concept("No known allergy", &[(SNOMED, "716186003", "No known allergy")]),
        "patient": scribe.patient(),
        "recordedDate": scribe.moment(at),
        "recorder": scribe.staff(nurse),
    });
    if let Some(parent) = child.guardians().next() {
        members["asserter"] = json!({"display": parent.name});
    }
    let entry = scribe.chart("allergy/none", kinds::ALLERGY, at, nurse, members);
    scribe.keep(entry);
}

fn listed(scribe: &mut Scribe<'_>, allergy: &Allergy) {
    let day = weekday_from(plus_days(months_after(scribe.child().birth, allergy.months), 12));
    let at = (day, scribe.minute(day) + 5);
    let nurse = scribe.nurse(day);
    let members = body(scribe, allergy, at, "confirmed", "active");
    let entry = scribe.chart(allergy.name, kinds::ALLERGY, at, nurse, members);
    scribe.keep(entry);
}

fn body(
    scribe: &Scribe<'_>,
    allergy: &Allergy,
    at: (Date, u32),
    verification: &str,
    clinical: &str,
) -> Value {
    let mut members = json!({
        "verificationStatus": fhir::hl7_concept("allergyintolerance-verification", verification, verification),
        "type": "allergy",
        "category": [allergy.category],
        "criticality": allergy.criticality,
        "code": fhir::concept(allergy.code.1, &[(SNOMED, allergy.code.0, allergy.code.1)]),
        "patient": scribe.patient(),
        "recordedDate": scribe.moment(at),
        "recorder": scribe.staff(scribe.nurse(at.0)),
        "reaction": [{
            "manifestation": [fhir::concept(allergy.reaction.1, &[(SNOMED, allergy.reaction.0, allergy.reaction.1)])],
            "severity": allergy.severity,
        }],
    });
    members["clinicalStatus"] = fhir::hl7_concept("allergyintolerance-clinical", clinical, clinical);
    members
}

/// A test at an allergist's has shown that the rash was not from the drug.
fn refute(scribe: &mut Scribe<'_>) {
    let Some(allergy) = LIST.iter().find(|allergy| allergy.name == "allergy/amoxicillin") else { return };
    let Some(before) = scribe.kept(allergy.name) else { return };
    let (before, id) = (before.name.clone(), scribe.id(allergy.name));
    let day = weekday_from(plus_days(scribe.today, -220));
    let at = (day, scribe.minute(day) + 5);
    let doctor = scribe.doctor();
    let mut members = body(scribe, allergy, at, "refuted", "inactive");
    members["note"] = json!([{"text": "Oral challenge at the allergist's office was tolerated."}]);
    members["recorder"] = scribe.staff(doctor);
    let entry = scribe
        .chart("allergy/amoxicillin/refuted", kinds::ALLERGY, at, doctor, members)
        .with_id(&id)
        .linked(&before, "status-update")
        .because("refuted", "Oral challenge at the allergist's office was tolerated.");
    scribe.keep(entry);
}
