//! Registration: the Patient of each child, its later versions, and what happens to keys with them.

use relaybox_protocol::kinds;
use serde_json::{Value, json};
use time::Date;

use super::calendar::{iso, months_after, plus_days};
use super::cast::{ENDED_GUARDIAN, Holds, REKEYED, Staff};
use super::fhir;
use super::plan::{Author, Registration, Scribe};

/// Name of the first version.
pub(crate) const PATIENT: &str = "patient";

pub(crate) fn write(scribe: &mut Scribe<'_>) {
    let child = scribe.child();
    let mut first = scribe.entry(
        PATIENT,
        kinds::PATIENT,
        (child.birth, 0),
        Author::Staff(Staff::FrontDesk),
        "Patient",
        patient(scribe),
    );
    first.resource["id"] = child.fhir_id.clone().into();
    first.registration = Some(Registration::New);
    let Some(mut newest) = scribe.keep(first) else { return };

    if child.cast.holds == Holds::Own {
        // The adolescent comes with an own device on the first visit after the thirteenth birthday.
        let day = plus_days(months_after(child.birth, 13 * 12), 30);
        if let Some(name) = later(scribe, "patient-own", day, &newest, Registration::Own) {
            newest = name;
        }
    }
    if child.cast.id == REKEYED {
        let day = plus_days(scribe.today, -40);
        later(scribe, "patient-rekey", day, &newest, Registration::Rekey(ENDED_GUARDIAN));
    }
}

fn later(
    scribe: &mut Scribe<'_>,
    name: &str,
    day: Date,
    before: &str,
    registration: Registration,
) -> Option<String> {
    let members = patient(scribe);
    let mut entry = scribe
        .entry(name, kinds::PATIENT, (day, 1), Author::Staff(Staff::FrontDesk), "Patient", members)
        .linked(before, "correction");
    entry.resource["id"] = scribe.child().fhir_id.clone().into();
    entry.registration = Some(registration);
    scribe.keep(entry)
}

fn patient(scribe: &Scribe<'_>) -> Value {
    let child = scribe.child();
    let cast = child.cast;
    let language = if cast.spanish { ("es", "Spanish") } else { ("en", "English") };
    let contacts: Vec<Value> = child
        .guardians()
        .map(|guardian| {
            let (code, display) = guardian.relationship;
            json!({
                "relationship": [fhir::hl7_concept("v3-RoleCode", code, display)],
                "name": {"text": guardian.name},
                "telecom": [{"system": "phone", "value": phone(scribe, guardian.id)}],
            })
        })
        .collect();
    let mut members = json!({
        "active": true,
        "name": [{
            "use": "official", "family": cast.family, "given": [cast.given],
            "text": format!("{}, {}", cast.family, cast.given),
        }],
        "gender": cast.sex.as_str(),
        "birthDate": iso(child.birth),
        "address": [{
            "line": [format!("{} Example Street", 1 + scribe.seed.below(200, cast.family))],
            "city": "Sampleville", "state": "NY", "postalCode": "00000", "country": "US",
        }],
        "communication": [{
            "language": {"coding": [{"system": "urn:ietf:bcp:47", "code": language.0, "display": language.1}]},
            "preferred": true,
        }],
        "contact": contacts,
    });
    if let Some(order) = cast.twin {
        members["multipleBirthInteger"] = order.into();
    }
    members
}

/// Numbers 555-0100 to 555-0199 are kept free for fiction.
fn phone(scribe: &Scribe<'_>, id: &str) -> String {
    format!("+1212555{:04}", 100 + scribe.seed.below(100, &format!("phone/{id}")))
}
