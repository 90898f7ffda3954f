//! Vaccines by the CDC child schedule with the products of their time. Two are late on purpose.
//! Simplified: no COVID-19 and no RSV products, and no catch-up but for the two.

mod products;

use relaybox_protocol::kinds;
use serde_json::{Value, json};
use time::{Date, Month};

use super::calendar::{iso, months_after, plus_days, weekday_from};
use super::cast::{Child, Staff};
use super::fhir;
use super::plan::{Entry, Scribe};
use super::visits::Stage;
use products::{ORAL, Series};

/// Doses due at the visits of the schedule.
const DUE: [(&str, &[(Series, u32)]); 11] = [
    ("well/1-month", &[(Series::HepB, 2)]),
    (
        "well/2-months",
        &[
            (Series::Rotavirus, 1),
            (Series::Dtap, 1),
            (Series::Hib, 1),
            (Series::Pneumococcal, 1),
            (Series::Polio, 1),
        ],
    ),
    (
        "well/4-months",
        &[
            (Series::Rotavirus, 2),
            (Series::Dtap, 2),
            (Series::Hib, 2),
            (Series::Pneumococcal, 2),
            (Series::Polio, 2),
        ],
    ),
    ("well/6-months", &[(Series::HepB, 3), (Series::Dtap, 3), (Series::Pneumococcal, 3), (Series::Polio, 3)]),
    (
        "well/12-months",
        &[
            (Series::Mmr, 1),
            (Series::Varicella, 1),
            (Series::HepA, 1),
            (Series::Hib, 3),
            (Series::Pneumococcal, 4),
        ],
    ),
    ("well/15-months", &[(Series::Dtap, 4)]),
    ("well/18-months", &[(Series::HepA, 2)]),
    ("well/4-years", &[(Series::Dtap, 5), (Series::Polio, 4), (Series::Mmrv, 2)]),
    ("well/11-years", &[(Series::Tdap, 1), (Series::Hpv, 1), (Series::MenAcwy, 1)]),
    ("well/12-years", &[(Series::Hpv, 2)]),
    ("well/16-years", &[(Series::MenAcwy, 2), (Series::MenB, 1)]),
];

/// The two late doses: child, series, dose, months of age at which it was given after all.
const LATE: [(&str, Series, u32, i32); 2] = [("toddler", Series::Dtap, 4, 20), ("nine", Series::Mmr, 1, 19)];

fn is_late(child: &Child, series: Series, dose: u32) -> bool {
    LATE.iter().any(|(id, late, number, _)| *id == child.cast.id && *late == series && *number == dose)
}

/// The first dose against hepatitis B, given by the hospital of birth.
pub(crate) fn at_birth(scribe: &mut Scribe<'_>) {
    let child = scribe.child();
    let nurse = scribe.nurse(child.birth);
    let mut entry = dose(scribe, Series::HepB, 1, (child.birth, 2), nurse, 0);
    entry.resource["primarySource"] = false.into();
    entry.resource["reportOrigin"] = fhir::hl7_concept("immunization-origin", "provider", "Other Provider");
    if let Some(map) = entry.resource.as_object_mut() {
        // Who gave it and from which vial is not known here.
        for member in ["performer", "lotNumber", "expirationDate", "site"] {
            map.remove(member);
        }
    }
    scribe.keep(entry);
}

/// What is due at a visit.
pub(crate) fn at_visit(scribe: &mut Scribe<'_>, stage: &Stage, at: (Date, u32)) {
    let due = DUE.iter().filter(|(name, _)| *name == stage.name).flat_map(|(_, due)| due.iter());
    for (place, (series, number)) in due.enumerate() {
        if !is_late(scribe.child(), *series, *number) {
            let entry = dose(scribe, *series, *number, at, giver(scribe, at.0), place);
            scribe.keep(entry);
        }
    }
    // The second dose against meningococcus B comes a year later.
    if stage.name == "well/17-years" {
        let entry = dose(scribe, Series::MenB, 2, at, giver(scribe, at.0), 0);
        scribe.keep(entry);
    }
}

/// The two late doses, at visits for the vaccine alone.
pub(crate) fn late(scribe: &mut Scribe<'_>) {
    for (child, series, number, months) in LATE {
        if child == scribe.child().cast.id {
            let day = weekday_from(plus_days(months_after(scribe.child().birth, months), 3));
            let at = (day, scribe.minute(day));
            let mut entry = dose(scribe, series, number, at, giver(scribe, day), 0);
            entry.resource["note"] =
                json!([{"text": "Given late: earlier visits were missed because of illness in the family."}]);
            scribe.keep(entry);
        }
    }
}

/// Influenza each October from six months of age: two doses in the first season, and families that
/// skip a season now and then.
pub(crate) fn influenza(scribe: &mut Scribe<'_>) {
    let child = scribe.child();
    let first_age = months_after(child.birth, 6);
    let mut number = 0;
    for year in child.birth.year()..=scribe.today.year() {
        let Ok(start) = Date::from_calendar_date(year, Month::October, 3) else { continue };
        let day = weekday_from(plus_days(
            start,
            i64::from(scribe.seed.below(20, &scribe.label(&format!("flu/{year}")))),
        ));
        let skipped = number >= 2 && scribe.seed.unit(&scribe.label(&format!("flu/skip/{year}"))) < 0.3;
        if day < first_age || skipped {
            continue;
        }
        number += 1;
        let at = (day, scribe.minute(day) + 3);
        let entry = dose(scribe, Series::Influenza, number, at, giver(scribe, day), 0);
        scribe.keep(entry);
        if number == 1 {
            number += 1;
            let day = weekday_from(plus_days(day, 28));
            let at = (day, scribe.minute(day) + 3);
            let entry = dose(scribe, Series::Influenza, number, at, giver(scribe, day), 0);
            scribe.keep(entry);
        }
    }
}

fn giver(scribe: &Scribe<'_>, day: Date) -> Staff {
    if scribe.seed.unit(&scribe.label(&format!("giver/{}", iso(day)))) < 0.5 {
        Staff::Assistant
    } else {
        scribe.nurse(day)
    }
}

fn dose(scribe: &Scribe<'_>, series: Series, number: u32, at: (Date, u32), by: Staff, place: usize) -> Entry {
    let product = series.product(at.0);
    let name = format!("vaccine/{}/{number}", series.name());
    let lot = format!(
        "DEMO-{:04X}",
        scribe.seed.below(0x1_0000, &format!("lot/{}/{}", product.cvx, iso(at.0).get(..7).unwrap_or("")))
    );
    let mut applied = json!({"series": series.name(), "doseNumberPositiveInt": number});
    if let Some(doses) = series.doses() {
        applied["seriesDosesPositiveInt"] = doses.into();
    }
    let mut members = json!({
        "status": "completed",
        "vaccineCode": fhir::concept(product.display, &[(fhir::CVX, product.cvx, product.display)]),
        "patient": scribe.patient(),
        "occurrenceDateTime": iso(at.0),
        "recorded": scribe.moment(at),
        "primarySource": true,
        "manufacturer": {"identifier": {"system": fhir::MVX, "value": product.mvx}, "display": product.maker},
        "lotNumber": lot,
        "expirationDate": iso(months_after(at.0, 9)),
        "route": fhir::hl7_concept("v3-RouteOfAdministration", product.route.0, product.route.1),
        "doseQuantity": fhir::quantity(f64::from(product.dose) / 100.0, 2, "mL", "mL"),
        "performer": [{
            "function": fhir::hl7_concept("v2-0443", "AP", "Administering Provider"),
            "actor": scribe.staff(by),
        }],
        "protocolApplied": [applied],
    });
    if product.route != ORAL {
        members["site"] = site(scribe, at.0, place);
    }
    scribe.chart(&name, kinds::IMMUNIZATION, at, by, members)
}

/// Thighs for infants, upper arms from two years on.
fn site(scribe: &Scribe<'_>, day: Date, place: usize) -> Value {
    let infant = months_after(scribe.child().birth, 24) > day;
    let (code, display) = match (infant, place.is_multiple_of(2)) {
        (true, true) => ("LVL", "Left Vastus Lateralis"),
        (true, false) => ("RVL", "Right Vastus Lateralis"),
        (false, true) => ("LD", "Left Deltoid"),
        (false, false) => ("RD", "Right Deltoid"),
    };
    fhir::hl7_concept("v2-0163", code, display)
}

#[cfg(test)]
mod tests;
