//! Measurements: the percentile walk and the observations of a visit.

use relaybox_protocol::kinds;
use serde_json::{Value, json};
use time::Date;

use super::calendar::days_between;
use super::cast::{Child, Staff};
use super::fhir::{self, LOINC};
use super::growth::{self, Measure, WHO_LAST_DAY};
use super::plan::{Entry, Scribe};
use super::seed::Seed;

/// Half width of the noise around a child's own z-score.
pub(crate) const NOISE: f64 = 0.12;
/// Days of a pregnancy of forty weeks.
const TERM_DAYS: i64 = 280;

/// What was measured on one day: kg, cm, cm.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Growth {
    pub weight: f64,
    pub length: f64,
    pub head: Option<f64>,
    /// Lying (recumbent length) or standing.
    pub lying: bool,
}

/// Days taken off the age of a preterm child (under 37 weeks) up to day 730.
pub(crate) fn correction(child: &Child, age_days: i64) -> i64 {
    let weeks = i64::from(child.cast.gestation_weeks);
    if weeks < 37 && age_days <= WHO_LAST_DAY { TERM_DAYS - weeks * 7 } else { 0 }
}

/// Measures a child; nothing is smaller than at the measurement before, weight apart, unless lying
/// has changed to standing.
pub(crate) fn grow(seed: &Seed, child: &Child, day: Date, before: Option<&Growth>) -> Option<Growth> {
    let age = days_between(child.birth, day);
    let lying = age <= WHO_LAST_DAY;
    let value = |measure: Measure, index: usize| {
        let noise = seed.signed(&format!("grow/{}/{index}/{age}", child.cast.id)) * NOISE;
        walk(child, measure, age, child.cast.walk[index] + noise)
    };
    let weight = value(Measure::Weight, 0)?;
    let mut length = value(Measure::Length, 1)?;
    let mut head = (age < 1_095).then(|| value(Measure::Head, 2)).flatten();
    if let Some(before) = before {
        if before.lying == lying {
            length = length.max(before.length);
        }
        head = head.map(|head| before.head.map_or(head, |old| head.max(old)));
    }
    let decimals = if weight < 10.0 { 3 } else { 2 };
    Some(Growth {
        weight: fhir::rounded(weight, decimals),
        length: fhir::rounded(length, 1),
        head: head.map(|head| fhir::rounded(head, 1)),
        lying,
    })
}

/// The value at a z-score. A preterm child is walked by corrected age; before term it grows in a
/// straight line from its size at birth to the reference of day 0.
fn walk(child: &Child, measure: Measure, age: i64, z: f64) -> Option<f64> {
    let correction = correction(child, age);
    let corrected = age - correction;
    if corrected >= 0 {
        return growth::lms(measure, child.cast.sex, corrected).map(|lms| lms.value(z));
    }
    // Size of an average girl of 33 weeks.
    let at_birth = match measure {
        Measure::Weight => 2.05,
        Measure::Length => 43.5,
        Measure::Head => 30.4,
    };
    let term = growth::lms(measure, child.cast.sex, 0)?.value(z);
    let part = f64::from(i32::try_from(age).ok()?) / f64::from(i32::try_from(correction).ok()?);
    Some(at_birth + (term - at_birth) * part)
}

/// An observation of the category vital signs.
pub(crate) fn observation(
    scribe: &Scribe<'_>,
    name: &str,
    at: (Date, u32),
    by: Staff,
    code: Value,
    value: Value,
) -> Entry {
    let mut members = json!({
        "status": "final",
        "category": [fhir::hl7_concept("observation-category", "vital-signs", "Vital Signs")],
        "code": code,
        "subject": scribe.patient(),
        "effectiveDateTime": scribe.moment(at),
        "performer": [scribe.staff(by)],
    });
    if let (Some(target), Value::Object(value)) = (members.as_object_mut(), value) {
        target.extend(value);
    }
    scribe.chart(name, kinds::OBSERVATION, at, by, members)
}

/// Everything that is measured at a visit. `prefix` names the visit.
pub(crate) fn write(scribe: &mut Scribe<'_>, prefix: &str, at: (Date, u32), by: Staff, growth: &Growth) {
    let child = scribe.child();
    let age = days_between(child.birth, at.0);
    let years = f64::from(i32::try_from(age).unwrap_or(0)) / 365.25;
    let noise = |what: &str| scribe.seed.signed(&scribe.label(&format!("{prefix}/{what}")));

    let mut found = vec![
        ("weight", weight(growth.weight)),
        ("length", length(growth)),
        ("temperature", temperature(36.9 + 0.35 * noise("t"))),
        ("pulse", rate("8867-4", "Heart rate", "beats/minute", pulse(years) + 8.0 * noise("p"))),
        ("breaths", rate("9279-1", "Respiratory rate", "breaths/minute", breaths(years) + 2.0 * noise("r"))),
    ];
    if let Some(head) = growth.head {
        found.push(("head", head_circumference(head)));
    }
    if years >= 3.0 {
        found.push((
            "pressure",
            pressure(90.0 + 1.7 * years + 5.0 * noise("s"), 41.0 + 1.5 * years + 4.0 * noise("d")),
        ));
    }
    if age < 60 || years >= 5.0 && noise("saturated") > 0.5 {
        found.push(("saturation", saturation(98.5 + 1.4 * noise("o"))));
    }
    for (what, (code, value)) in found {
        let entry = observation(scribe, &format!("{prefix}/{what}"), at, by, code, value);
        scribe.keep(entry);
    }
}

type Coded = (Value, Value);

pub(crate) fn weight(kg: f64) -> Coded {
    (
        fhir::concept("Body weight", &[(LOINC, "29463-7", "Body weight")]),
        json!({"valueQuantity": fhir::quantity(kg, 3, "kg", "kg")}),
    )
}

fn length(growth: &Growth) -> Coded {
    let exact = if growth.lying {
        (LOINC, "8306-3", "Body height --lying")
    } else {
        (LOINC, "8308-9", "Body height --standing")
    };
    let text = if growth.lying { "Body length, lying" } else { "Body height, standing" };
    (
        fhir::concept(text, &[(LOINC, "8302-2", "Body height"), exact]),
        json!({"valueQuantity": fhir::quantity(growth.length, 1, "cm", "cm")}),
    )
}

fn head_circumference(cm: f64) -> Coded {
    (
        fhir::concept("Head circumference", &[(LOINC, "9843-4", "Head Occipital-frontal circumference")]),
        json!({"valueQuantity": fhir::quantity(cm, 1, "cm", "cm")}),
    )
}

pub(crate) fn temperature(celsius: f64) -> Coded {
    (
        fhir::concept("Body temperature", &[(LOINC, "8310-5", "Body temperature")]),
        json!({"valueQuantity": fhir::quantity(celsius, 1, "°C", "Cel")}),
    )
}

fn rate(code: &str, display: &str, unit: &str, value: f64) -> Coded {
    (
        fhir::concept(display, &[(LOINC, code, display)]),
        json!({"valueQuantity": fhir::quantity(value, 0, unit, "/min")}),
    )
}

fn saturation(percent: f64) -> Coded {
    (
        fhir::concept(
            "Oxygen saturation",
            &[
                (LOINC, "59408-5", "Oxygen saturation in Arterial blood by Pulse oximetry"),
                (LOINC, "2708-6", "Oxygen saturation in Arterial blood"),
            ],
        ),
        json!({"valueQuantity": fhir::quantity(percent.min(100.0), 0, "%", "%")}),
    )
}

fn pressure(systolic: f64, diastolic: f64) -> Coded {
    let part = |code: &str, display: &str, value: f64| {
        json!({
            "code": fhir::concept(display, &[(LOINC, code, display)]),
            "valueQuantity": fhir::quantity(value, 0, "mmHg", "mm[Hg]"),
        })
    };
    (
        fhir::concept(
            "Blood pressure",
            &[
                (LOINC, "85354-9", "Blood pressure panel with all children optional"),
                (LOINC, "55284-4", "Blood pressure systolic and diastolic"),
            ],
        ),
        json!({
            "bodySite": fhir::concept("Right arm", &[(fhir::SNOMED, "368209003", "Right upper arm structure")]),
            "component": [
                part("8480-6", "Systolic blood pressure", systolic),
                part("8462-4", "Diastolic blood pressure", diastolic),
            ],
        }),
    )
}

/// Middle of the usual heart rate at an age in years.
fn pulse(years: f64) -> f64 {
    if years < 1.0 { 132.0 } else { (120.0 - 3.2 * years).max(72.0) }
}

/// Middle of the usual respiratory rate at an age in years.
fn breaths(years: f64) -> f64 {
    if years < 1.0 { 38.0 } else { (28.0 - years).max(15.0) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::demo::calendar::plus_days;
    use crate::demo::cast::CHILDREN;
    use time::macros::date;

    #[test]
    fn every_child_stays_on_its_percentile() {
        let seed = Seed::new([3; 32]);
        for cast in &CHILDREN {
            let child = Child::new(cast, date!(2026 - 11 - 26), &seed);
            for age in (0..i64::from(cast.months) * 30).step_by(41) {
                let grown = grow(&seed, &child, plus_days(child.birth, age), None).unwrap();
                let corrected = age - correction(&child, age);
                if corrected < 0 {
                    continue;
                }
                let z = |measure, value| growth::lms(measure, cast.sex, corrected).unwrap().z(value);
                // Rounding to a millimetre is worth up to a twentieth of a standard deviation.
                let near = |found: f64, index: usize| (found - cast.walk[index]).abs() < NOISE + 0.05;
                assert!(near(z(Measure::Weight, grown.weight), 0), "{} weight at {age}", cast.id);
                assert!(near(z(Measure::Length, grown.length), 1), "{} length at {age}", cast.id);
                assert_eq!(grown.head.is_some(), age < 1_095);
                if let Some(head) = grown.head {
                    assert!(near(z(Measure::Head, head), 2), "{} head at {age}", cast.id);
                }
            }
        }
    }

    #[test]
    fn no_child_shrinks_between_visits() {
        let seed = Seed::new([4; 32]);
        for cast in &CHILDREN {
            let child = Child::new(cast, date!(2026 - 11 - 26), &seed);
            let mut before: Option<Growth> = None;
            for age in (0..i64::from(cast.months) * 30).step_by(20) {
                let grown = grow(&seed, &child, plus_days(child.birth, age), before.as_ref()).unwrap();
                if let Some(before) = before.filter(|before| before.lying == grown.lying) {
                    assert!(grown.length >= before.length);
                }
                before = Some(grown);
            }
        }
    }

    #[test]
    fn the_preterm_child_weighs_little_at_birth_and_is_scored_by_corrected_age() {
        let seed = Seed::new([5; 32]);
        let cast = CHILDREN.iter().find(|cast| cast.gestation_weeks == 33).unwrap();
        let child = Child::new(cast, date!(2026 - 11 - 26), &seed);
        let born = grow(&seed, &child, child.birth, None).unwrap();
        assert!((born.weight - 2.05).abs() < 1e-9);
        assert_eq!(correction(&child, 400), 49);
        assert_eq!(correction(&child, 731), 0);
    }
}
