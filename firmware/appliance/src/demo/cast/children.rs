//! The thirteen children.

use relaybox_protocol::Keys;
use time::Date;

use super::{Guardian, guardian_of};
use crate::demo::calendar::{months_before, plus_days};
use crate::demo::growth::Sex;
use crate::demo::seed::Seed;

/// Who holds which secret of a child.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Holds {
    /// The secret of T was thrown away at registration.
    Nothing,
    /// An own key C on the adolescent's device; the secret of T was thrown away.
    Own,
    /// T on the adolescent's own device.
    Subject,
}

/// What the chart says about allergies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Allergies {
    NothingRecorded,
    NoneKnown,
    Listed,
}

/// A child as written down here; dates come with the day of the first start.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ChildCast {
    pub id: &'static str,
    pub given: &'static str,
    pub family: &'static str,
    pub sex: Sex,
    /// Age on the first day: completed months, and days beyond.
    pub months: i32,
    pub days: i64,
    /// z-scores of weight, length and head that the child keeps.
    pub walk: [f64; 3],
    pub guardians: &'static [&'static str],
    pub holds: Holds,
    pub allergies: Allergies,
    pub spanish: bool,
    /// Birth order of a twin.
    pub twin: Option<u8>,
    /// Completed weeks of gestation at birth.
    pub gestation_weeks: u8,
}

const BASE: ChildCast = ChildCast {
    id: "",
    given: "",
    family: "",
    sex: Sex::Female,
    months: 0,
    days: 0,
    walk: [0.0, 0.0, 0.0],
    guardians: &[],
    holds: Holds::Nothing,
    allergies: Allergies::NoneKnown,
    spanish: false,
    twin: None,
    gestation_weeks: 39,
};

/// Thirteen children: newborn, 2, 6 (twins), 14 and 26 months, 4, 6, 9, 12, 14, 16 and 17 years.
pub(crate) const CHILDREN: [ChildCast; 13] = [
    ChildCast {
        id: "newborn",
        given: "Wren",
        family: "Samplewood",
        days: 9,
        walk: [-0.4, -0.2, 0.1],
        guardians: &["linden"],
        gestation_weeks: 40,
        ..BASE
    },
    ChildCast {
        id: "two-months",
        given: "Mateo",
        family: "Ejemplo",
        sex: Sex::Male,
        months: 2,
        days: 8,
        walk: [0.6, 0.3, 0.2],
        guardians: &["lucia"],
        spanish: true,
        ..BASE
    },
    ChildCast {
        id: "twin-a",
        given: "Ada",
        family: "Testerton",
        months: 6,
        days: 9,
        walk: [-0.8, -0.6, -0.3],
        guardians: &["robin", "kim"],
        twin: Some(1),
        gestation_weeks: 37,
        allergies: Allergies::Listed,
        ..BASE
    },
    ChildCast {
        id: "twin-b",
        given: "Alan",
        family: "Testerton",
        sex: Sex::Male,
        months: 6,
        days: 9,
        walk: [-0.3, -0.1, 0.0],
        guardians: &["robin", "kim"],
        twin: Some(2),
        gestation_weeks: 37,
        ..BASE
    },
    ChildCast {
        id: "preterm",
        given: "Juniper",
        family: "Demofield",
        months: 14,
        days: 12,
        walk: [-0.5, -0.4, 0.0],
        guardians: &["dana"],
        gestation_weeks: 33,
        ..BASE
    },
    ChildCast {
        id: "toddler",
        given: "Rubén",
        family: "Ejemplo",
        sex: Sex::Male,
        months: 26,
        days: 10,
        walk: [0.9, 0.5, 0.4],
        guardians: &["lucia"],
        spanish: true,
        allergies: Allergies::NothingRecorded,
        ..BASE
    },
    ChildCast {
        id: "four",
        given: "Hugo",
        family: "Demofield",
        sex: Sex::Male,
        months: 48,
        days: 40,
        walk: [0.1, 0.2, -0.2],
        guardians: &["dana"],
        ..BASE
    },
    ChildCast {
        id: "six",
        given: "Olive",
        family: "Mockingham",
        months: 72,
        days: 130,
        walk: [-0.2, 0.4, 0.3],
        guardians: &["paula", "stefan"],
        allergies: Allergies::Listed,
        ..BASE
    },
    ChildCast {
        id: "nine",
        given: "Jasper",
        family: "Demofield",
        sex: Sex::Male,
        months: 108,
        days: 210,
        walk: [0.7, 0.2, 0.1],
        guardians: &["dana"],
        allergies: Allergies::Listed,
        ..BASE
    },
    ChildCast {
        id: "twelve",
        given: "Felix",
        family: "Placeholder",
        sex: Sex::Male,
        months: 144,
        days: 85,
        walk: [-1.0, -0.7, -0.1],
        guardians: &["greta", "ernst"],
        ..BASE
    },
    ChildCast {
        id: "fourteen",
        given: "Casey",
        family: "Fictional",
        sex: Sex::Male,
        months: 168,
        days: 150,
        walk: [0.3, 0.8, 0.2],
        guardians: &["noor"],
        holds: Holds::Own,
        allergies: Allergies::Listed,
        ..BASE
    },
    ChildCast {
        id: "sixteen",
        given: "Imogen",
        family: "Pretend",
        months: 192,
        days: 70,
        walk: [1.2, 0.3, 0.2],
        guardians: &["petra", "paul"],
        holds: Holds::Own,
        allergies: Allergies::Listed,
        ..BASE
    },
    ChildCast {
        id: "seventeen",
        given: "Theo",
        family: "Notareal",
        sex: Sex::Male,
        months: 204,
        days: 240,
        walk: [0.0, 0.6, 0.0],
        guardians: &["vera"],
        holds: Holds::Subject,
        ..BASE
    },
];

/// The child that is re-keyed in the third epoch.
pub(crate) const REKEYED: &str = "twelve";

/// A child of a practice that starts on a day.
#[derive(Clone)]
pub(crate) struct Child {
    pub cast: &'static ChildCast,
    pub birth: Date,
    /// FHIR id of the Patient.
    pub fhir_id: String,
}

impl Child {
    pub(crate) fn new(cast: &'static ChildCast, today: Date, seed: &Seed) -> Self {
        Self { cast, birth: birth_date(cast, today), fhir_id: seed.uuid(&format!("patient/{}", cast.id)) }
    }
    /// T as registered.
    pub(crate) fn subject(&self, seed: &Seed) -> Keys {
        seed.keys(&format!("subject/{}", self.cast.id))
    }
    /// T′ after a re-key.
    pub(crate) fn second_subject(&self, seed: &Seed) -> Keys {
        seed.keys(&format!("subject-2/{}", self.cast.id))
    }
    /// C of an adolescent.
    pub(crate) fn own(&self, seed: &Seed) -> Option<Keys> {
        (self.cast.holds == Holds::Own).then(|| seed.family_keys(&format!("own/{}", self.cast.id)))
    }
    pub(crate) fn full_name(&self) -> String {
        format!("{} {}", self.cast.given, self.cast.family)
    }
    pub(crate) fn guardians(&self) -> impl Iterator<Item = &'static Guardian> {
        self.cast.guardians.iter().filter_map(|id| guardian_of(id))
    }
}

/// The birth date of a child who has the age of the cast on `today`. Days are taken off first, so
/// that the month's birthday stays a day of the month it falls in.
fn birth_date(cast: &ChildCast, today: Date) -> Date {
    months_before(plus_days(today, -cast.days), cast.months)
}

#[cfg(test)]
pub(crate) fn child(id: &str) -> Option<&'static ChildCast> {
    CHILDREN.iter().find(|child| child.id == id)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::demo::calendar::{completed_months, completed_years, days_between};
    use crate::demo::cast::GUARDIANS;
    use proptest::prelude::*;
    use std::collections::BTreeSet;
    use time::macros::date;

    fn ages_hold(today: Date) {
        let seed = Seed::new([1; 32]);
        for cast in &CHILDREN {
            let child = Child::new(cast, today, &seed);
            if cast.months < 36 {
                assert_eq!(completed_months(child.birth, today), cast.months, "{} on {today}", cast.id);
            } else {
                assert_eq!(completed_years(child.birth, today), cast.months / 12, "{} on {today}", cast.id);
            }
            assert!(days_between(child.birth, today) >= cast.days);
        }
    }

    #[test]
    fn the_thirteen_ages_are_the_promised_ones() {
        let months: Vec<i32> = CHILDREN.iter().map(|child| child.months).collect();
        assert_eq!(months, [0, 2, 6, 6, 14, 26, 48, 72, 108, 144, 168, 192, 204]);
        let twins: Vec<_> = CHILDREN.iter().filter(|child| child.twin.is_some()).collect();
        assert_eq!(twins.len(), 2);
        let seed = Seed::new([1; 32]);
        let births: BTreeSet<Date> =
            twins.iter().map(|cast| Child::new(cast, date!(2026 - 11 - 26), &seed).birth).collect();
        assert_eq!(births.len(), 1);
    }

    #[test]
    fn ages_hold_on_leap_days_and_year_ends() {
        for today in [
            date!(2028 - 02 - 29),
            date!(2028 - 03 - 01),
            date!(2027 - 02 - 28),
            date!(2026 - 12 - 31),
            date!(2027 - 01 - 01),
            date!(2026 - 08 - 31),
            date!(2027 - 03 - 31),
        ] {
            ages_hold(today);
        }
    }

    #[test]
    fn every_guardian_of_a_child_is_in_the_cast_and_every_one_has_a_child() {
        let named: BTreeSet<&str> =
            CHILDREN.iter().flat_map(|child| child.guardians.iter().copied()).collect();
        let known: BTreeSet<&str> = GUARDIANS.iter().map(|guardian| guardian.id).collect();
        assert_eq!(named, known);
    }

    #[test]
    fn one_child_has_nothing_recorded_about_allergies() {
        let bare: Vec<_> = CHILDREN.iter().filter(|c| c.allergies == Allergies::NothingRecorded).collect();
        assert_eq!(bare.len(), 1);
        assert!(CHILDREN.iter().any(|c| c.allergies == Allergies::NoneKnown));
        assert!(CHILDREN.iter().any(|c| c.allergies == Allergies::Listed));
    }

    proptest! {
        #[test]
        fn prop_ages_hold_on_any_day_of_the_first_start(day in 0i64..15_000) {
            ages_hold(plus_days(date!(2026 - 01 - 01), day));
        }
    }
}
