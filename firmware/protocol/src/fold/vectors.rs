//! Runs `tests/vectors/fold.json`, each case also in other orders.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::event::{Link, key_from_hex};
use crate::permissions::Compartment;
use crate::{EventId, PublicKey};

pub(super) static VECTORS: LazyLock<Vec<Value>> = LazyLock::new(|| {
    let text = include_str!("../../../../tests/vectors/fold.json");
    let file: Value = serde_json::from_str(text).unwrap();
    file["cases"].as_array().unwrap().clone()
});

static POOL: LazyLock<Vec<Record>> = LazyLock::new(pool);

fn id(value: &Value) -> EventId {
    EventId::from_hex(value.as_str().unwrap()).unwrap()
}

fn bytes(value: &Value) -> [u8; 32] {
    *id(value).as_bytes()
}

fn record(v: &Value) -> Record {
    let links = v["links"].as_array().unwrap().iter();
    Record {
        id: id(&v["id"]),
        aliases: Vec::new(),
        kind: u16::try_from(v["kind"].as_u64().unwrap()).unwrap(),
        signer: key_from_hex(v["signer"].as_str().unwrap()).unwrap(),
        author: match v["author"].as_str().unwrap() {
            "staff" => Author::Staff,
            "family" => Author::Family,
            "former" => Author::Former,
            other => panic!("author {other}"),
        },
        subject: key_from_hex(v["subject"].as_str().unwrap()).unwrap(),
        compartment: Compartment::parse(v["compartment"].as_str().unwrap()).unwrap(),
        act: v["r"].is_string().then(|| Act { r: bytes(&v["r"]), same: bytes(&v["same"]) }),
        resource: v["resource"].clone(),
        links: links.map(|l| Link { id: id(&l[0]), marker: l[1].as_str().unwrap().to_owned() }).collect(),
        sign: v["sign"].as_bool().unwrap(),
        order: ReceiptOrder {
            position: v["order"][0].as_u64().unwrap(),
            received: v["order"][1].as_u64().unwrap(),
            n: v["order"][2].as_u64().unwrap(),
        },
        created_at: v["created_at"].as_u64().unwrap(),
    }
}

fn summary_of(item: &Item) -> Value {
    json!({
        "id": item.id, "state": item.state, "status": item.status(), "heads": item.heads,
        "versions": item.versions.iter().map(|v| v.record.id).collect::<Vec<_>>(),
        "conflict": item.conflict, "missing": item.missing, "attached": item.attached,
        "aliases": item.versions.iter().flat_map(|v| v.record.aliases.clone()).collect::<Vec<_>>(),
        "changes": item.versions.iter().map(|v| v.change.clone()).collect::<Vec<_>>(),
        "content": item.content().map(|v| v.record.id),
    })
}

fn summaries(items: &[Item]) -> Value {
    items.iter().map(summary_of).collect()
}

fn ids<'a>(items: impl Iterator<Item = &'a Item>) -> Value {
    items.map(|item| json!(item.id)).collect()
}

fn summary(chart: &Chart) -> Value {
    json!({
        "demographics": chart.demographics.as_ref().map(summary_of),
        "allergies": {"state": chart.allergies.state, "complete": chart.allergies.complete,
            "clash": chart.allergies.clash, "items": summaries(&chart.allergies.items)},
        "active_allergies": ids(chart.allergies.active()),
        "problems": summaries(&chart.problems),
        "medications": summaries(&chart.medications),
        "prescriptions": summaries(&chart.prescriptions),
        "observations": summaries(&chart.observations),
        "immunizations": summaries(&chart.immunizations),
        "reports": summaries(&chart.reports),
        "documents": summaries(&chart.documents),
        "resources": summaries(&chart.resources),
        "visits": summaries(&chart.visits),
        "withdrawn": summaries(&chart.withdrawn),
        "encounters": chart.encounters.iter().map(|e| json!({"id": e.item.id, "addenda": ids(e.addenda.iter())}))
            .collect::<Value>(),
        "threads": chart.threads.iter().map(|t| json!({"id": t.id, "messages": ids(t.messages.iter())}))
            .collect::<Value>(),
        "orders": chart.orders.iter().map(|o| json!({"id": o.item.id, "state": o.state, "reports": o.reports,
            "content": o.item.content().map(|v| v.record.id)})).collect::<Value>(),
        "pending_orders": ids(chart.pending_orders().map(|o| &o.item)),
        "outside": chart.outside.iter().map(|o| json!({"id": o.item.id, "accepted_by": o.accepted_by}))
            .collect::<Value>(),
        "conflicts": chart.conflicts().map(|i| json!(i.conflict)).collect::<Value>(),
        "unresolved": chart.unresolved.iter().map(|u| json!({"id": u.id, "names": u.names, "why": u.why}))
            .collect::<Value>(),
        "foreign": chart.foreign, "retry_differs": chart.retry_differs,
    })
}

/// Every member of `expect` is in `found` with the same value; lists have the same length.
fn agrees(expect: &Value, found: &Value, path: &str) -> Result<(), String> {
    match (expect, found) {
        (Value::Object(expect), Value::Object(found)) => expect.iter().try_for_each(|(key, value)| {
            agrees(value, found.get(key).unwrap_or(&Value::Null), &format!("{path}.{key}"))
        }),
        (Value::Array(expect), Value::Array(found)) if expect.len() == found.len() => {
            let pairs = expect.iter().zip(found).enumerate();
            pairs.into_iter().try_for_each(|(at, (e, f))| agrees(e, f, &format!("{path}[{at}]")))
        }
        _ if expect == found => Ok(()),
        _ => Err(format!("{path}: expected {expect}, found {found}")),
    }
}

fn chart_of(case: &Value, records: Vec<Record>) -> Chart {
    let line: BTreeSet<PublicKey> =
        case["line"].as_array().unwrap().iter().map(|k| key_from_hex(k.as_str().unwrap()).unwrap()).collect();
    let coverage = match case["coverage"].as_str().unwrap() {
        "not-loaded" => Coverage::NotLoaded,
        "partial" => Coverage::Partial,
        "clinical" => Coverage::Clinical,
        "complete" => Coverage::Complete,
        other => panic!("coverage {other}"),
    };
    fold(&line, records, coverage)
}

pub(super) fn records_of(case: &Value) -> Vec<Record> {
    case["records"].as_array().unwrap().iter().map(record).collect()
}

/// The chart of a case.
pub(super) fn chart(name: &str) -> Chart {
    let case = VECTORS.iter().find(|case| case["name"] == name).unwrap();
    chart_of(case, records_of(case))
}

/// The case makes the chart that it expects.
fn proves(name: &str) {
    let case = VECTORS.iter().find(|case| case["name"] == name).unwrap();
    let chart = chart_of(case, records_of(case));
    assert_eq!(agrees(&case["expect"], &summary(&chart), "chart"), Ok(()), "{name}");
}

macro_rules! charts {
    ($($test:ident, $name:literal;)*) => {
        $(#[test] fn $test() { proves($name); })*

        #[test]
        fn every_fold_vector_makes_its_chart() {
            let named = BTreeSet::from([$($name),*]);
            let cases: BTreeSet<&str> = VECTORS.iter().filter_map(|case| case["name"].as_str()).collect();
            assert_eq!(named, cases);
            cases.into_iter().for_each(proves);
        }
    };
}

charts! {
    three_status_updates_on_one_problem_leave_one_entry_with_the_last_status, "three status updates on one problem leave one entry with the last status";
    two_successors_of_one_event_are_a_conflict_that_names_both, "two successors of one event are a conflict that names both";
    a_version_that_names_both_ends_the_conflict, "a version that names both ends the conflict";
    a_version_after_one_side_only_leaves_the_conflict, "a version after one side only leaves the conflict";
    a_correction_replaces_the_value_and_keeps_the_old_version_with_the_reason, "a correction replaces the value and keeps the old version with the reason";
    two_successors_of_a_predecessor_that_is_not_here_are_a_conflict, "two successors of a predecessor that is not here are a conflict";
    receipt_order_decides_the_display_created_at_never, "receipt order decides the display, created_at never";
    a_version_of_another_kind_is_not_a_version, "a version of another kind is not a version";
    references_never_cross_compartments, "references never cross compartments";
    records_of_another_patient_are_not_in_the_chart, "records of another patient are not in the chart";
    a_tombstoned_allergy_is_absent_from_the_list_and_in_the_history, "a tombstoned allergy is absent from the list and in the history";
    no_known_allergies_recorded, "no known allergies recorded";
    nothing_recorded_about_allergies, "nothing recorded about allergies";
    allergies_not_loaded, "allergies not loaded";
    a_partial_load_never_says_none_known, "a partial load never says none known";
    a_partial_load_shows_the_allergy_it_has, "a partial load shows the allergy it has";
    what_is_missing_of_the_desk_leaves_none_known_as_it_is, "what is missing of the desk leaves none known as it is";
    no_known_drug_allergy_says_nothing_of_food, "no known drug allergy says nothing of food";
    an_active_allergy_wins_over_no_known_allergies, "an active allergy wins over no known allergies";
    an_ended_assertion_of_none_is_nothing_recorded_as_none, "an ended assertion of none is nothing recorded as none";
    an_allergy_in_conflict_stays_active, "an allergy in conflict stays active";
    a_resolved_allergy_is_listed_and_not_active, "a resolved allergy is listed and not active";
    addenda_stand_under_their_note_in_time_order, "addenda stand under their note in time order";
    an_addendum_whose_note_is_not_here_stands_alone_and_says_so, "an addendum whose note is not here stands alone and says so";
    a_cancelled_order_shows_as_cancelled_once_and_is_not_pending, "a cancelled order shows as cancelled once and is not pending";
    a_report_that_names_an_order_closes_it, "a report that names an order closes it";
    a_preliminary_report_leaves_the_order_open, "a preliminary report leaves the order open";
    a_corrected_report_still_closes_its_order, "a corrected report still closes its order";
    a_withdrawn_report_opens_the_order_again, "a withdrawn report opens the order again";
    a_report_that_names_a_later_version_closes_the_same_order, "a report that names a later version closes the same order";
    replies_stand_in_one_thread, "replies stand in one thread";
    replies_to_a_message_that_is_not_here_stand_together, "replies to a message that is not here stand together";
    a_parent_withdraws_own_messages_only, "a parent withdraws own messages only";
    a_version_of_a_tombstone_that_does_not_hold_stays_in_the_chart, "a version of a tombstone that does not hold stays in the chart";
    former_a_change_after_a_tombstone_whose_order_is_not_here_stays_in_the_chart, "former: a change after a tombstone whose order is not here stays in the chart";
    a_visit_is_moved_by_the_practice_and_cancelled_by_the_family, "a visit is moved by the practice and cancelled by the family";
    an_outside_record_is_accepted_by_staff_only, "an outside record is accepted by staff only";
    a_ref_changes_nothing, "a ref changes nothing";
    demographics_follow_predecessors_never_created_at, "demographics follow predecessors, never created_at";
    demographics_without_a_marker_name_their_predecessor, "demographics without a marker name their predecessor";
    old_demographics_signed_anew_do_not_override, "old demographics signed anew do not override";
    demographics_that_name_nothing_are_a_conflict_never_a_winner, "demographics that name nothing are a conflict, never a winner";
    a_re_key_keeps_one_line_of_demographics, "a re-key keeps one line of demographics";
    a_retry_counts_once_and_its_id_is_an_alias, "a retry counts once and its id is an alias";
    a_retry_that_differs_is_left_out_and_named, "a retry that differs is left out and named";
    the_same_r_of_another_signer_is_another_act, "the same r of another signer is another act";
    a_confidential_record_issued_again_is_one_record, "a confidential record issued again is one record";
    a_re_issue_that_changes_the_content_is_a_correction, "a re-issue that changes the content is a correction";
    the_own_key_that_holds_only_the_re_issue_sees_it, "the own key that holds only the re-issue sees it";
    former_each_status_update_names_the_original, "former: each status update names the original";
    former_the_tombstone_of_an_order_sits_on_the_order, "former: the tombstone of an order sits on the order";
    former_a_tombstone_whose_order_is_not_here_is_no_order, "former: a tombstone whose order is not here is no order";
    former_a_deleted_allergy_is_withdrawn, "former: a deleted allergy is withdrawn";
    former_a_discontinued_medicine_was_taken_and_is_stopped, "former: a discontinued medicine was taken and is stopped";
    former_replies_have_two_elements, "former: replies have two elements";
    former_a_report_names_its_order_in_the_body, "former: a report names its order in the body";
    former_demographics_were_versions_by_time_ours_stand_over_them, "former: demographics were versions by time, ours stand over them";
    former_a_successor_of_ours_names_the_last_of_the_row, "former: a successor of ours names the last of the row";
    former_an_addendum_under_its_note, "former: an addendum under its note";
}

/// The number of the case, written into an id or an `r`, keeps the cases apart in one chart.
fn apart(case: usize, id: EventId) -> EventId {
    let mut bytes = *id.as_bytes();
    bytes[0] = u8::try_from(case + 1).unwrap();
    EventId::from_byte_array(bytes)
}

/// All the vectors' records in one patient's chart, so that shuffles have much to mix.
fn pool() -> Vec<Record> {
    let line = records_of(&VECTORS[0])[0].subject;
    let mut out = Vec::new();
    for (case, v) in VECTORS.iter().enumerate() {
        for mut record in records_of(v) {
            record.subject = line;
            record.id = apart(case, record.id);
            record.links.iter_mut().for_each(|link| link.id = apart(case, link.id));
            if let Some(act) = &mut record.act {
                act.r[0] = u8::try_from(case + 1).unwrap();
            }
            out.push(record);
        }
    }
    out
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn prop_the_order_of_records_never_matters(
        order in Just((0..POOL.len()).collect::<Vec<usize>>()).prop_shuffle(),
        case in 0..VECTORS.len(),
        seed in any::<u64>(),
    ) {
        let pool = &*POOL;
        let line = BTreeSet::from([pool[0].subject]);
        let sorted = fold(&line, pool.clone(), Coverage::Complete);
        let shuffled = order.iter().map(|at| pool[*at].clone()).collect();
        prop_assert_eq!(sorted, fold(&line, shuffled, Coverage::Complete));

        let case = &VECTORS[case];
        let mut records = records_of(case);
        let straight = chart_of(case, records.clone());
        let turns = usize::try_from(seed % 7).unwrap();
        let by = turns.min(records.len());
        records.rotate_left(by);
        records.reverse();
        prop_assert_eq!(straight, chart_of(case, records));
    }

    #[test]
    fn prop_records_delivered_twice_change_nothing(twice in prop::collection::vec(0..POOL.len(), 0..20)) {
        let pool = &*POOL;
        let line = BTreeSet::from([pool[0].subject]);
        let once = fold(&line, pool.clone(), Coverage::Complete);
        let mut records = pool.clone();
        records.extend(twice.iter().map(|at| pool[*at].clone()));
        prop_assert_eq!(once, fold(&line, records, Coverage::Complete));
    }

    #[test]
    fn prop_no_record_is_dropped_silently(count in 0..POOL.len()) {
        let mut records = POOL.clone();
        records.truncate(count);
        let line = BTreeSet::from([POOL[0].subject]);
        let chart = fold(&line, records.clone(), Coverage::Complete);
        for record in &records {
            let named = chart.item_of(&record.id).is_some()
                || chart.unresolved.iter().any(|u| u.id == record.id)
                || chart.retry_differs.contains(&record.id);
            prop_assert!(named, "{} is nowhere", record.id);
        }
    }
}
