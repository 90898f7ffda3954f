//! Visits, problems, medicines, procedures and laboratory reports after the third birthday, from a
//! small selection of Synthea's records (`data/SOURCES.md`): dates moved to the child's life,
//! references to other resources taken out.

use relaybox_protocol::kinds;
use serde::Deserialize;
use serde_json::{Value, json};
use time::Date;

use super::calendar::{days_between, iso, plus_days, weekday_from};
use super::cast::Staff;
use super::fhir;
use super::plan::{Author, Entry, Scribe};
use super::visits::{Note, encounter};

const SELECTION: &str = include_str!("../../data/synthea/selection.ndjson");

/// One line of the selection.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    child: String,
    /// Days after birth.
    day: i64,
    /// Days after birth at which a problem had ended.
    end: Option<i64>,
    #[serde(rename = "type")]
    kind: String,
    resource: Value,
    /// Observations of a report.
    #[serde(default)]
    results: Vec<Value>,
}

pub(crate) fn write(scribe: &mut Scribe<'_>) {
    let id = scribe.child().cast.id;
    let head = format!("{{\"child\":\"{id}\"");
    // Only this child's lines are parsed.
    let lines = SELECTION.lines().filter(|line| line.starts_with(&head));
    let lines =
        lines.filter_map(|line| serde_json::from_str::<Line>(line).ok()).filter(|line| line.child == id);
    for (number, line) in lines.enumerate() {
        let day = weekday_from(plus_days(scribe.child().birth, line.day));
        let at = (day, scribe.minute(day) + minute_of(&line.kind));
        let name = format!("imported/{}/{number}", line.kind);
        let entry = match line.kind.as_str() {
            "Encounter" => visit(scribe, &name, at, &line),
            "Condition" => problem(scribe, &name, at, &line),
            "MedicationRequest" => medicine(scribe, &name, at, &line),
            "DiagnosticReport" => report(scribe, &name, at, &line),
            _ => other(scribe, &name, at, &line),
        };
        scribe.keep(entry);
    }
}

/// Problems before medicines before the note of one visit.
fn minute_of(kind: &str) -> u32 {
    match kind {
        "Condition" => 4,
        "MedicationRequest" => 6,
        "Encounter" => 9,
        _ => 8,
    }
}

fn visit(scribe: &Scribe<'_>, name: &str, at: (Date, u32), line: &Line) -> Entry {
    let doctor = scribe.doctor();
    let kind = line.resource["type"][0]["coding"][0].clone();
    let reason = line.resource["reasonCode"][0]["coding"][0]["display"].as_str().unwrap_or("Follow-up");
    let kind = (text(&kind, "code"), text(&kind, "display"));
    let story = format!("Seen for: {reason}. History taken from the guardian and the child.");
    let plan = "Treatment as prescribed. Return if worse, with trouble breathing, or with fever for more than three days.";
    let members = encounter(
        scribe,
        at,
        doctor,
        Note {
            code: ("11506-3", "Progress note"),
            title: &kind.1,
            mode: "legal",
            sections: &[("History", "10164-2", &story), ("Assessment and plan", "51847-2", plan)],
            reason,
            kind: (&kind.0, &kind.1),
            diagnosis: None,
        },
    );
    scribe.chart(name, kinds::ENCOUNTER, at, doctor, members).signed()
}

fn text(value: &Value, member: &str) -> String {
    value[member].as_str().unwrap_or_default().to_owned()
}

fn problem(scribe: &Scribe<'_>, name: &str, at: (Date, u32), line: &Line) -> Entry {
    let doctor = scribe.doctor();
    let ended = line.end.map(|end| plus_days(scribe.child().birth, end)).filter(|end| *end < scribe.today);
    let status = if ended.is_some() { ("resolved", "Resolved") } else { ("active", "Active") };
    let mut members = json!({
        "clinicalStatus": fhir::hl7_concept("condition-clinical", status.0, status.1),
        "verificationStatus": line.resource["verificationStatus"],
        "category": [fhir::hl7_concept("condition-category", "problem-list-item", "Problem List Item")],
        "code": line.resource["code"],
        "subject": scribe.patient(),
        "onsetDateTime": iso(at.0),
        "recordedDate": scribe.moment(at),
        "recorder": scribe.staff(doctor),
    });
    if let Some(ended) = ended {
        members["abatementDateTime"] = iso(ended).into();
    }
    scribe.chart(name, kinds::CONDITION, at, doctor, members)
}

/// Prescriptions are kind 2120; what Synthea gave over the counter is an entry of the list, 2112.
fn medicine(scribe: &Scribe<'_>, name: &str, at: (Date, u32), line: &Line) -> Entry {
    let doctor = scribe.doctor();
    let what = &line.resource["medicationCodeableConcept"];
    let label = what["text"].as_str().unwrap_or_default();
    let counter =
        ["Acetaminophen", "Ibuprofen", "Naproxen", "Fexofenadine"].iter().any(|drug| label.starts_with(drug));
    let (kind, intent) = if counter { (kinds::MEDICATION, "plan") } else { (kinds::PRESCRIPTION, "order") };
    // A course recorded as stopped is long over; the newest may still run.
    let recent = days_between(at.0, scribe.today) < 30;
    let status = if recent { "active".into() } else { line.resource["status"].clone() };
    let mut members = json!({
        "status": status,
        "intent": intent,
        "reportedBoolean": counter,
        "medicationCodeableConcept": what,
        "subject": scribe.patient(),
        "authoredOn": scribe.moment(at),
        "requester": scribe.staff(doctor),
        "dosageInstruction": [{"text": "As directed on the label."}],
    });
    if let Some(reason) = line.resource.get("reasonCode") {
        members["reasonCode"] = reason.clone();
    }
    scribe.chart(name, kind, at, doctor, members)
}

/// A laboratory report without an order here; its observations are contained.
fn report(scribe: &Scribe<'_>, name: &str, at: (Date, u32), line: &Line) -> Entry {
    let doctor = scribe.doctor();
    let mut contained = Vec::new();
    let mut results = Vec::new();
    for (number, result) in line.results.iter().enumerate() {
        let id = format!("r{number}");
        results.push(json!({"reference": format!("#{id}")}));
        let mut value = result["valueQuantity"].clone();
        if let Some(number) = value["value"].as_f64() {
            value["value"] = fhir::rounded(number, 1).into();
        }
        contained.push(json!({
            "resourceType": "Observation", "id": id, "status": "final",
            "category": [fhir::hl7_concept("observation-category", "laboratory", "Laboratory")],
            "code": result["code"], "subject": scribe.patient(),
            "effectiveDateTime": scribe.moment(at), "valueQuantity": value,
        }));
    }
    let members = json!({
        "contained": contained,
        "status": "final",
        "category": line.resource["category"],
        "code": line.resource["code"],
        "subject": scribe.patient(),
        "effectiveDateTime": scribe.moment(at),
        "issued": scribe.moment((at.0, at.1 + 60)),
        "performer": [{"display": "Invented Laboratory, Sampleville"}],
        "result": results,
        "conclusion": "Reviewed.",
    });
    scribe.chart(name, kinds::REPORT, at, doctor, members).signed()
}

/// Procedures and care plans, kind 2124.
fn other(scribe: &Scribe<'_>, name: &str, at: (Date, u32), line: &Line) -> Entry {
    let nurse = scribe.nurse(at.0);
    let mut members = line.resource.clone();
    members["subject"] = scribe.patient();
    if line.kind == "Procedure" {
        members["performedPeriod"] =
            json!({"start": scribe.moment(at), "end": scribe.moment((at.0, at.1 + 30))});
    } else {
        members["period"] = json!({"start": iso(at.0)});
        members["created"] = scribe.moment(at).into();
    }
    let author: Staff = if line.kind == "CarePlan" { scribe.doctor() } else { nurse };
    scribe.entry(name, kinds::RESOURCE, at, Author::Staff(author), &line.kind, members)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::demo::cast::child;

    #[test]
    fn every_line_of_the_selection_is_read_and_belongs_to_a_child_old_enough() {
        assert!(SELECTION.len() < 250_000);
        let mut count = 0;
        for text in SELECTION.lines() {
            let line: Line = serde_json::from_str(text).unwrap();
            assert!(text.starts_with(&format!("{{\"child\":\"{}\"", line.child)));
            let cast = child(&line.child).unwrap();
            assert!(line.day >= 3 * 365);
            assert!(line.day < i64::from(cast.months) * 31);
            count += 1;
        }
        assert!(count > 100);
    }

    #[test]
    fn every_file_has_the_checksum_that_the_list_of_sources_states() {
        use sha2::{Digest, Sha256};
        let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("data");
        let list = std::fs::read_to_string(root.join("SOURCES.md")).unwrap();
        let mut listed = Vec::new();
        for row in list.lines().filter(|line| line.starts_with("| `")) {
            let cells: Vec<&str> = row.split('`').collect();
            let bytes = std::fs::read(root.join(cells[1])).unwrap();
            let digest: String = Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect();
            assert_eq!(digest, cells[3], "{}", cells[1]);
            listed.push(cells[1].to_owned());
        }
        for folder in ["growth", "immunization", "synthea"] {
            for file in std::fs::read_dir(root.join(folder)).unwrap() {
                let name = format!("{folder}/{}", file.unwrap().file_name().to_str().unwrap());
                assert!(listed.contains(&name), "{name} is not listed");
            }
        }
    }

    #[test]
    fn the_selection_names_no_person_and_no_place() {
        for word in ["subject", "individual", "CAMBRIDGE", "Practitioner/", "Patient/", "\"name\""] {
            assert!(!SELECTION.contains(word), "{word}");
        }
    }
}
