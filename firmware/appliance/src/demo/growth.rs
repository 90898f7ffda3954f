//! Growth references: L, M and S by sex and age, and walking along a percentile.
//!
//! WHO Child Growth Standards (2006) up to day 730, recumbent length; CDC 2000 from then on, standing
//! height. Between rows of the CDC tables L, M and S are interpolated by exact months, which is how
//! CDC's own program scores; WHO has one row a day and is never interpolated, least of all from day
//! 730 to 731, where it changes from lying to standing. Sources and checksums: `data/SOURCES.md`.

use std::sync::LazyLock;

/// Days per month in CDC's tables.
const DAYS_PER_MONTH: f64 = 30.4375;
/// Last day that is scored by WHO.
pub(crate) const WHO_LAST_DAY: i64 = 730;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sex {
    Female,
    Male,
}

impl Sex {
    /// FHIR administrative gender.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Female => "female",
            Self::Male => "male",
        }
    }
    const fn letter(self) -> &'static str {
        match self {
            Self::Female => "f",
            Self::Male => "m",
        }
    }
}

/// What is measured: kg, cm, cm.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Measure {
    Weight,
    /// Recumbent length up to day 730, standing height later.
    Length,
    /// Up to 36 months.
    Head,
}

/// Box–Cox power, median and coefficient of variation.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Lms {
    pub l: f64,
    pub m: f64,
    pub s: f64,
}

impl Lms {
    /// The value at a z-score.
    pub(crate) fn value(self, z: f64) -> f64 {
        if self.l.abs() < 1e-9 {
            self.m * (self.s * z).exp()
        } else {
            self.m * (1.0 + self.l * self.s * z).powf(1.0 / self.l)
        }
    }

    /// The z-score of a value.
    #[cfg(test)]
    pub(crate) fn z(self, value: f64) -> f64 {
        if self.l.abs() < 1e-9 {
            (value / self.m).ln() / self.s
        } else {
            ((value / self.m).powf(self.l) - 1.0) / (self.l * self.s)
        }
    }
}

struct Row {
    x: f64,
    lms: Lms,
}

/// One table of one sex, by rising x.
struct Table(Vec<Row>);

impl Table {
    fn parse(csv: &str, sex: Sex) -> Self {
        let rows = csv.lines().skip(1).filter_map(|line| {
            let mut cells = line.split(',');
            if cells.next() != Some(sex.letter()) {
                return None;
            }
            let mut number = || cells.next()?.parse::<f64>().ok();
            Some(Row { x: number()?, lms: Lms { l: number()?, m: number()?, s: number()? } })
        });
        Self(rows.collect())
    }

    /// Exact row.
    fn at(&self, x: f64) -> Option<Lms> {
        self.0.iter().find(|row| (row.x - x).abs() < 1e-9).map(|row| row.lms)
    }

    /// Linear between rows; none outside the table.
    fn between(&self, x: f64) -> Option<Lms> {
        let after = self.0.iter().position(|row| row.x >= x)?;
        let high = &self.0[after];
        if after == 0 {
            return ((high.x - x).abs() < 1e-9).then_some(high.lms);
        }
        let low = &self.0[after - 1];
        let part = (x - low.x) / (high.x - low.x);
        let mix = |a: f64, b: f64| a + (b - a) * part;
        Some(Lms {
            l: mix(low.lms.l, high.lms.l),
            m: mix(low.lms.m, high.lms.m),
            s: mix(low.lms.s, high.lms.s),
        })
    }
}

struct Tables {
    who: [Table; 3],
    cdc: [Table; 3],
}

impl Tables {
    fn load(sex: Sex) -> Self {
        Self {
            who: [
                Table::parse(include_str!("../../data/growth/who2006_weight-for-age_0-730d.csv"), sex),
                Table::parse(include_str!("../../data/growth/who2006_length-height-for-age_0-730d.csv"), sex),
                Table::parse(
                    include_str!("../../data/growth/who2006_head-circumference-for-age_0-730d.csv"),
                    sex,
                ),
            ],
            cdc: [
                Table::parse(include_str!("../../data/growth/cdc2000_weight-for-age_2-20y.csv"), sex),
                Table::parse(include_str!("../../data/growth/cdc2000_stature-for-age_2-20y.csv"), sex),
                Table::parse(
                    include_str!("../../data/growth/cdc2000_head-circumference-for-age_24-36mo.csv"),
                    sex,
                ),
            ],
        }
    }
}

static GIRLS: LazyLock<Tables> = LazyLock::new(|| Tables::load(Sex::Female));
static BOYS: LazyLock<Tables> = LazyLock::new(|| Tables::load(Sex::Male));

/// L, M and S at an age in days; none outside the tables (before birth, head after 36 months).
pub(crate) fn lms(measure: Measure, sex: Sex, days: i64) -> Option<Lms> {
    let tables: &Tables = match sex {
        Sex::Female => &GIRLS,
        Sex::Male => &BOYS,
    };
    let column = match measure {
        Measure::Weight => 0,
        Measure::Length => 1,
        Measure::Head => 2,
    };
    let days_exact = f64::from(i32::try_from(days).ok()?);
    if days <= WHO_LAST_DAY {
        tables.who[column].at(days_exact)
    } else {
        tables.cdc[column].between(days_exact / DAYS_PER_MONTH)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    fn vectors() -> Value {
        serde_json::from_str(include_str!("../../../../tests/vectors/growth.json")).unwrap()
    }

    fn sex(value: &Value) -> Sex {
        if value["sex"] == "m" { Sex::Male } else { Sex::Female }
    }

    #[test]
    fn who_tables_reproduce_the_printed_standard_deviation_lines() {
        let vectors = vectors();
        let rows = vectors["who2006"].as_array().unwrap();
        let mut scored = 0;
        for row in rows {
            let measure = match row["measure"].as_str().unwrap() {
                "weight-for-age" => Measure::Weight,
                "length-height-for-age" => Measure::Length,
                "head-circumference-for-age" => Measure::Head,
                // The demo measures nothing by length.
                _ => continue,
            };
            let lms = lms(measure, sex(row), row["x"].as_i64().unwrap()).unwrap();
            let z = lms.z(row["value"].as_f64().unwrap());
            assert!((z - row["z"].as_f64().unwrap()).abs() < 0.003, "{row} gives {z}");
            scored += 1;
        }
        assert_eq!(scored, 270);
    }

    #[test]
    fn cdc_tables_reproduce_the_program_of_cdc() {
        let vectors = vectors();
        let rows = vectors["cdc2000"].as_array().unwrap();
        assert_eq!(rows.len(), 300);
        let tables = [Tables::load(Sex::Female), Tables::load(Sex::Male)];
        for row in rows {
            let tables = if sex(row) == Sex::Female { &tables[0] } else { &tables[1] };
            let months = row["agemos"].as_f64().unwrap();
            for (column, value, z) in [(0, "weight", "waz"), (1, "stature", "haz")] {
                let lms = tables.cdc[column].between(months).unwrap();
                let scored = lms.z(row[value].as_f64().unwrap());
                assert!((scored - row[z].as_f64().unwrap()).abs() < 1e-3, "{row} gives {scored}");
            }
        }
    }

    #[test]
    fn value_and_score_undo_each_other() {
        for sex in [Sex::Female, Sex::Male] {
            for days in [0, 1, 100, 730, 731, 900, 3_000, 6_500] {
                for z in [-2.0, -0.5, 0.0, 1.5] {
                    let lms = lms(Measure::Weight, sex, days).unwrap();
                    assert!((lms.z(lms.value(z)) - z).abs() < 1e-9);
                }
            }
        }
    }

    #[test]
    fn the_reference_changes_after_day_730_from_lying_to_standing() {
        let lying = lms(Measure::Length, Sex::Male, 730).unwrap();
        let standing = lms(Measure::Length, Sex::Male, 731).unwrap();
        assert!((lying.m - 87.8018).abs() < 1e-9);
        assert!(standing.m < lying.m);
        assert!(lms(Measure::Weight, Sex::Male, -1).is_none());
        assert!(lms(Measure::Head, Sex::Male, 1_400).is_none());
    }
}
