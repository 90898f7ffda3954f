use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use proptest::prelude::*;
use relaybox_protocol::body;
use relaybox_protocol::permissions::{Role, kind_in, preticked, word_for};
use time::macros::date;

use super::*;
use crate::demo::calendar::plus_days;
use crate::demo::cast::{Allergies, Holds};

const TODAY: Date = date!(2026 - 11 - 26);

fn plan() -> &'static Plan {
    static PLAN: LazyLock<Plan> = LazyLock::new(fresh);
    &PLAN
}

fn fresh() -> Plan {
    Plan::new(Seed::new(*b"relaybox synthetic demo practice"), TODAY)
}

/// Elements that R4 requires (cardinality 1..), by type; `a|b` is a choice.
const REQUIRED: [(&str, &[&str]); 17] = [
    ("Patient", &[]),
    ("Encounter", &["status", "class"]),
    ("MedicationRequest", &["status", "intent", "medicationCodeableConcept", "subject"]),
    ("Observation", &["status", "code"]),
    ("Condition", &["subject"]),
    ("AllergyIntolerance", &["patient"]),
    ("Immunization", &["status", "vaccineCode", "patient", "occurrenceDateTime"]),
    ("Communication", &["status"]),
    ("ServiceRequest", &["status", "intent", "subject"]),
    ("DiagnosticReport", &["status", "code"]),
    ("DocumentReference", &["status", "content"]),
    ("Appointment", &["status", "participant"]),
    ("Procedure", &["status", "subject"]),
    ("CarePlan", &["status", "intent", "subject"]),
    ("QuestionnaireResponse", &["status"]),
    ("Composition", &["status", "type", "date", "author", "title"]),
    ("Basic", &["never written"]),
];

/// Codes allowed in `status`, by type.
const STATUSES: [(&str, &[&str]); 13] = [
    ("Encounter", &["finished"]),
    ("MedicationRequest", &["active", "stopped", "completed"]),
    ("Observation", &["final", "corrected", "entered-in-error"]),
    ("Immunization", &["completed"]),
    ("Communication", &["completed"]),
    ("ServiceRequest", &["active", "revoked", "completed"]),
    ("DiagnosticReport", &["final"]),
    ("DocumentReference", &["current"]),
    ("Appointment", &["booked", "fulfilled"]),
    ("Procedure", &["completed"]),
    ("CarePlan", &["active", "completed"]),
    ("QuestionnaireResponse", &["completed"]),
    ("Composition", &["final", "amended"]),
];

fn conforms(resource: &Value) {
    let kind = resource["resourceType"].as_str().unwrap();
    let (_, required) = REQUIRED.iter().find(|(name, _)| *name == kind).unwrap_or_else(|| panic!("{kind}"));
    for element in *required {
        assert!(!resource[element].is_null(), "{kind}.{element} in {resource}");
    }
    if let Some((_, allowed)) = STATUSES.iter().find(|(name, _)| *name == kind) {
        let status = resource["status"].as_str().unwrap();
        assert!(allowed.contains(&status), "{kind} {status}");
    }
    if kind == "Condition" && resource["clinicalStatus"].is_null() {
        // con-3: only an encounter diagnosis may go without.
        assert_eq!(resource["category"][0]["coding"][0]["code"], "encounter-diagnosis");
    }
    let contained = resource["contained"].as_array().cloned().unwrap_or_default();
    let whole = resource.to_string();
    for inner in &contained {
        // dom-3: what is contained is referred to.
        assert!(whole.contains(&format!("\"#{}\"", inner["id"].as_str().unwrap())), "{inner}");
        conforms(inner);
    }
}

fn codings<'a>(value: &'a Value, found: &mut Vec<&'a Value>) {
    match value {
        Value::Object(map) => {
            if let Some(Value::Array(list)) = map.get("coding") {
                found.extend(list);
            }
            map.values().for_each(|value| codings(value, found));
        }
        Value::Array(list) => list.iter().for_each(|value| codings(value, found)),
        _ => {}
    }
}

fn quantities<'a>(value: &'a Value, found: &mut Vec<&'a Value>) {
    match value {
        Value::Object(map) => {
            if map.contains_key("value") && map.contains_key("unit") {
                found.push(value);
            }
            map.values().for_each(|value| quantities(value, found));
        }
        Value::Array(list) => list.iter().for_each(|value| quantities(value, found)),
        _ => {}
    }
}

#[test]
fn every_resource_has_what_r4_requires_and_is_marked_as_test_data() {
    for entry in &plan().entries {
        conforms(&entry.resource);
        assert_eq!(entry.resource["meta"]["tag"][0]["code"], "HTEST", "{}", entry.name);
        assert!(
            body::type_fits(entry.kind, entry.resource["resourceType"].as_str().unwrap()),
            "{}",
            entry.name
        );
        let mut found = Vec::new();
        codings(&entry.resource, &mut found);
        for coding in found {
            let system = coding["system"].as_str().unwrap();
            assert!(system.starts_with("http://") || system.starts_with("urn:"), "{coding}");
            let code = coding["code"].as_str().unwrap();
            assert!(!code.is_empty() && code.trim() == code);
        }
        let mut found = Vec::new();
        quantities(&entry.resource, &mut found);
        for quantity in found {
            assert_eq!(quantity["system"], "http://unitsofmeasure.org", "{quantity}");
            assert!(quantity["value"].is_number() && quantity["code"].is_string(), "{quantity}");
        }
    }
}

/// LOINC's check digit (mod 10 of Luhn) of every LOINC written.
#[test]
fn every_loinc_code_has_its_check_digit() {
    let plan = plan();
    let mut seen = BTreeSet::new();
    for entry in &plan.entries {
        let mut found = Vec::new();
        codings(&entry.resource, &mut found);
        seen.extend(
            found
                .iter()
                .filter(|c| c["system"] == "http://loinc.org")
                .map(|c| c["code"].as_str().unwrap().to_owned()),
        );
    }
    assert!(seen.len() > 15);
    for code in seen {
        let (digits, check) = code.split_once('-').unwrap();
        let sum: u32 = digits
            .bytes()
            .rev()
            .enumerate()
            .map(|(place, digit)| {
                let digit = u32::from(digit - b'0');
                let doubled = if place % 2 == 0 { digit * 2 } else { digit };
                doubled / 10 + doubled % 10
            })
            .sum();
        assert_eq!(((10 - sum % 10) % 10).to_string(), check, "{code}");
    }
}

#[test]
fn the_same_seed_and_day_give_the_same_history_and_another_day_other_dates() {
    let (first, second) = (plan(), fresh());
    assert_eq!(first.entries.len(), second.entries.len());
    for (a, b) in first.entries.iter().zip(&second.entries) {
        assert_eq!((&a.name, &a.resource), (&b.name, &b.resource));
    }
    let later = Plan::new(first.seed, plus_days(TODAY, 40));
    assert!(first.entries.iter().zip(&later.entries).any(|(a, b)| a.resource != b.resource));
}

#[test]
fn the_history_has_the_promised_size() {
    let plan = plan();
    assert!((1_500..=3_000).contains(&plan.entries.len()), "{}", plan.entries.len());
    let mut epochs = BTreeMap::new();
    for entry in &plan.entries {
        *epochs.entry(epoch_of(entry.day, TODAY)).or_insert(0) += 1;
    }
    assert_eq!(epochs.keys().copied().collect::<Vec<_>>(), [1, 2, 3]);
    assert!(epochs.values().all(|count| *count > 100), "{epochs:?}");
}

#[test]
fn names_are_unique_and_links_point_back_within_child_and_compartment() {
    let plan = plan();
    let mut seen: BTreeMap<&str, &Entry> = BTreeMap::new();
    for entry in &plan.entries {
        for (to, _) in &entry.links {
            let target =
                seen.get(to.as_str()).unwrap_or_else(|| panic!("{} names {to} too early", entry.name));
            assert_eq!(target.child, entry.child);
            assert_eq!(target.compartment, entry.compartment);
        }
        assert!(seen.insert(&entry.name, entry).is_none(), "{} twice", entry.name);
    }
}

#[test]
fn everybody_writes_only_what_the_role_allows_and_while_a_member() {
    let plan = plan();
    for entry in &plan.entries {
        assert!(kind_in(entry.kind, entry.compartment) || entry.compartment == Compartment::Confidential);
        match entry.author {
            Author::Staff(staff) => {
                let words = preticked(staff.role());
                let needed = word_for(entry.kind).unwrap();
                assert!(words.contains(&needed), "{} by {}", entry.name, staff.name());
                assert!(staff.member_in(epoch_of(entry.day, TODAY)), "{} by {}", entry.name, staff.name());
                let doctor = staff.role() == Role::Doctor;
                assert!(
                    doctor || (!entry.sign && entry.compartment != Compartment::Confidential),
                    "{}",
                    entry.name
                );
                assert!(
                    staff.role() != Role::FrontDesk || entry.compartment == Compartment::Desk,
                    "{}",
                    entry.name
                );
            }
            Author::Guardian(_) => assert!(matches!(entry.kind, kinds::MESSAGE | kinds::OUTSIDE_RECORD)),
            Author::Subject => {
                assert_eq!(plan.children[entry.child].cast.holds, Holds::Subject);
                assert!(matches!(entry.kind, kinds::MESSAGE | kinds::VISIT));
            }
            Author::Own => assert_eq!(entry.compartment, Compartment::Confidential),
        }
        if !matches!(entry.author, Author::Staff(_)) {
            assert_eq!(entry.to, To::Nobody, "{}", entry.name);
        }
    }
}

#[test]
fn a_signed_note_is_attested_by_its_signer_and_a_nurse_note_is_not_signed() {
    let plan = plan();
    let (mut signed, mut nurse) = (0, 0);
    for entry in plan.entries.iter().filter(|entry| entry.kind == kinds::ENCOUNTER) {
        let note = &entry.resource["contained"][0];
        let Author::Staff(staff) = entry.author else { panic!("{}", entry.name) };
        let key = staff.keys(&plan.seed).public_key().to_hex();
        assert_eq!(note["attester"][0]["party"]["identifier"]["value"], key);
        if entry.sign {
            assert_eq!(note["attester"][0]["mode"], "legal");
            signed += 1;
        } else {
            assert_eq!(note["type"]["coding"][0]["code"], "34746-8");
            assert_eq!(note["attester"][0]["mode"], "personal");
            nurse += 1;
        }
    }
    assert!(signed > 100 && nurse > 20);
}

#[test]
fn the_special_children_have_their_special_records() {
    let plan = plan();
    let of = |id: &str| {
        let index = plan.children.iter().position(|child| child.cast.id == id).unwrap();
        plan.entries.iter().filter(move |entry| entry.child == index)
    };
    for child in &plan.children {
        let allergies = of(child.cast.id).filter(|entry| entry.kind == kinds::ALLERGY).count();
        assert_eq!(allergies == 0, child.cast.allergies == Allergies::NothingRecorded, "{}", child.cast.id);
    }
    assert_eq!(plan.entries.iter().filter(|entry| entry.bound_to.is_some()).count(), 1);
    assert_eq!(plan.entries.iter().filter(|entry| entry.kind == kinds::OUTSIDE_RECORD).count(), 1);
    for id in ["fourteen", "sixteen"] {
        assert!(of(id).any(|entry| entry.to == To::Own && entry.compartment == Compartment::Confidential));
    }
    assert!(
        of("twelve").any(|entry| entry.compartment == Compartment::Confidential && entry.to == To::Nobody)
    );
    for guardian in ["paula", "stefan"] {
        assert!(of("six").any(|entry| entry.to == To::Guardian(guardian)));
    }
    let weeks = of("preterm").find(|entry| entry.name.ends_with("birth/gestation")).unwrap();
    assert_eq!(weeks.resource["valueQuantity"]["value"], 33.0);
    // Children under two have measurements of the head, and vaccines, as Synthea's have not.
    assert!(of("twin-a").any(|entry| entry.name.ends_with("/head")));
    assert!(of("twin-b").any(|entry| entry.kind == kinds::IMMUNIZATION));
}

#[test]
fn nothing_about_the_confidential_part_stands_in_an_open_record() {
    let plan = plan();
    for entry in plan.entries.iter().filter(|entry| entry.compartment != Compartment::Confidential) {
        let text = entry.resource.to_string();
        for word in ["F32.0", "Z30.011", "Z72.0", "vape", "contracepti"] {
            assert!(!text.contains(word), "{word} in {}", entry.name);
        }
    }
}

#[test]
fn messages_go_both_ways_in_english_and_spanish() {
    let plan = plan();
    let messages: Vec<&Entry> = plan.entries.iter().filter(|entry| entry.kind == kinds::MESSAGE).collect();
    assert!(messages.iter().any(|entry| entry.compartment == Compartment::Desk));
    assert!(messages.iter().any(|entry| entry.compartment == Compartment::Chart));
    assert!(messages.iter().any(|entry| entry.to == To::Subject));
    assert!(messages.iter().any(|entry| entry.author == Author::Own));
    assert!(
        messages
            .iter()
            .any(|entry| entry.resource["payload"][0]["contentString"].as_str().unwrap().contains('¿'))
    );
    assert!(messages.iter().filter(|entry| !entry.links.is_empty()).count() > 10);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(6))]
    #[test]
    fn prop_every_day_of_first_start_gives_a_whole_history(day in 0i64..3_000) {
        let today = plus_days(date!(2026 - 01 - 01), day);
        let plan = Plan::new(Seed::new([2; 32]), today);
        let mut seen = BTreeSet::new();
        for entry in &plan.entries {
            prop_assert!(entry.day < today);
            prop_assert!(entry.day >= plan.children[entry.child].birth, "{}", entry.name);
            prop_assert!(entry.links.iter().all(|(to, _)| seen.contains(to)), "{}", entry.name);
            prop_assert!(seen.insert(entry.name.clone()), "{}", entry.name);
            if let Author::Staff(staff) = entry.author {
                prop_assert!(staff.member_in(epoch_of(entry.day, today)), "{} by {}", entry.name, staff.name());
            }
            if let Some(slot) = &entry.slot {
                prop_assert!(slot.start < slot.end);
            }
        }
        prop_assert!(plan.entries.len() > 1_400);
    }
}
