use std::collections::BTreeMap;

use proptest::prelude::*;
use time::macros::date;

use super::products::*;
use super::*;
use crate::demo::calendar::days_between;
use crate::demo::plan::Plan;
use crate::demo::seed::Seed;

const CODES: &str = include_str!("../../../data/immunization/cvx.tsv");
const PRODUCTS: &str = include_str!("../../../data/immunization/products.tsv");

fn rows(table: &str) -> impl Iterator<Item = Vec<&str>> {
    table.lines().skip(1).map(|line| line.split('\t').collect())
}

fn plan(today: Date) -> Plan {
    Plan::new(Seed::new([9; 32]), today)
}

#[test]
fn every_product_is_one_of_cdc_by_cvx_name_and_maker() {
    let products = [
        HEP_B, ROTAVIRUS, DTAP, HIB, PCV7, PCV13, PCV20, IPV, MMR, VARICELLA, MMRV, HEP_A, TDAP, HPV,
        MENACTRA, MENQUADFI, MEN_B, FLU3, FLU4,
    ];
    for product in products {
        let code = rows(CODES).find(|row| row[0] == product.cvx).unwrap();
        assert_eq!(code[2], product.display);
        let sold = rows(PRODUCTS).any(|row| row == [product.trade, product.cvx, product.mvx, product.maker]);
        assert!(sold, "{}", product.trade);
    }
}

/// Days of age by (series, dose) of one child.
fn given(plan: &Plan, child: usize) -> BTreeMap<(String, u64), i64> {
    plan.entries
        .iter()
        .filter(|entry| entry.kind == kinds::IMMUNIZATION && entry.child == child)
        .map(|entry| {
            let applied = &entry.resource["protocolApplied"][0];
            let key = (
                applied["series"].as_str().unwrap().to_owned(),
                applied["doseNumberPositiveInt"].as_u64().unwrap(),
            );
            (key, days_between(plan.children[child].birth, entry.day))
        })
        .collect()
}

/// CDC minimum ages in days of what is given here.
const MINIMUM: [(&str, u64, i64); 14] = [
    ("HepB", 2, 28),
    ("HepB", 3, 168),
    ("Rotavirus", 1, 42),
    ("DTaP", 1, 42),
    ("DTaP", 4, 365),
    ("DTaP", 5, 1_461),
    ("Polio", 4, 1_461),
    ("MMR", 1, 365),
    ("Varicella", 1, 365),
    ("HepA", 1, 365),
    ("Hib", 3, 365),
    ("MenACWY", 2, 5_844),
    ("MenB", 1, 3_652),
    ("Influenza", 1, 181),
];

fn dates_are_plausible(today: Date) {
    let plan = plan(today);
    for child in 0..plan.children.len() {
        let given = given(&plan, child);
        for (series, dose, days) in MINIMUM {
            if let Some(age) = given.get(&(series.to_owned(), dose)) {
                assert!(*age >= days, "{series} {dose} at {age} days on {today}");
            }
        }
        for ((series, dose), age) in &given {
            if let Some(before) = given.get(&(series.clone(), dose - 1)) {
                assert!(age - before >= 26, "{series} {dose} on {today}");
            }
        }
        // Live vaccines by injection come together or at least 28 days apart.
        let live: Vec<i64> = given
            .iter()
            .filter(|((series, _), _)| ["MMR", "Varicella", "MMRV"].contains(&series.as_str()))
            .map(|(_, age)| *age)
            .collect();
        for a in &live {
            assert!(live.iter().all(|b| a == b || (a - b).abs() >= 28));
        }
    }
}

#[test]
fn a_child_of_twelve_has_all_of_its_series() {
    let plan = plan(date!(2026 - 11 - 26));
    let child = plan.children.iter().position(|child| child.cast.id == "twelve").unwrap();
    let given = given(&plan, child);
    for (series, doses) in [
        ("HepB", 3),
        ("DTaP", 5),
        ("Polio", 4),
        ("Hib", 3),
        ("Pneumococcal", 4),
        ("HepA", 2),
        ("Tdap", 1),
        ("HPV", 2),
    ] {
        for dose in 1..=doses {
            assert!(given.contains_key(&(series.to_owned(), dose)), "{series} {dose}");
        }
    }
}

#[test]
fn exactly_two_doses_are_late() {
    let plan = plan(date!(2026 - 11 - 26));
    let late: Vec<&Entry> = plan
        .entries
        .iter()
        .filter(|entry| entry.kind == kinds::IMMUNIZATION && !entry.resource["note"].is_null())
        .collect();
    assert_eq!(late.len(), 2);
    let toddler = plan.children.iter().position(|child| child.cast.id == "toddler").unwrap();
    // Due at 15 to 18 months.
    assert!(given(&plan, toddler)[&("DTaP".to_owned(), 4)] > 19 * 30);
    let nine = plan.children.iter().position(|child| child.cast.id == "nine").unwrap();
    // Due at 12 to 15 months.
    assert!(given(&plan, nine)[&("MMR".to_owned(), 1)] > 18 * 30);
}

#[test]
fn influenza_products_follow_the_season() {
    assert_eq!(Series::Influenza.product(date!(2023 - 10 - 10)).cvx, "150");
    assert_eq!(Series::Influenza.product(date!(2024 - 03 - 10)).cvx, "150");
    assert_eq!(Series::Influenza.product(date!(2024 - 10 - 10)).cvx, "140");
    assert_eq!(Series::Influenza.product(date!(2010 - 10 - 10)).cvx, "140");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(8))]
    #[test]
    fn prop_no_dose_is_too_early_or_too_close(day in 0i64..5_000) {
        dates_are_plausible(crate::demo::calendar::plus_days(date!(2026 - 01 - 01), day));
    }
}
