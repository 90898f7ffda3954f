//! What a clinician must never see wrong, said in so many words; `vectors` holds every case.

use std::collections::BTreeSet;

use super::vectors::{VECTORS, chart, records_of};
use super::*;
use crate::EventId;

/// Id of the n-th record of a vector.
fn id(n: u8) -> EventId {
    let mut bytes = [0; 32];
    bytes[31] = n;
    EventId::from_byte_array(bytes)
}

fn ids(versions: &[Version]) -> Vec<EventId> {
    versions.iter().map(|version| version.record.id).collect()
}

#[test]
fn three_status_updates_leave_one_entry_with_the_last_status() {
    let chart = chart("three status updates on one problem leave one entry with the last status");
    assert_eq!(chart.problems.len(), 1);
    assert_eq!(chart.problems[0].status(), Some("resolved"));
    assert_eq!(ids(&chart.problems[0].versions), [id(1), id(2), id(3), id(4)]);
}

#[test]
fn a_conflict_has_no_current_version_and_names_both() {
    let chart = chart("two successors of one event are a conflict that names both");
    let problem = &chart.problems[0];
    assert!(problem.current().is_none() && problem.content().is_none() && problem.status().is_none());
    assert_eq!(problem.conflict, Some(Conflict { heads: vec![id(2), id(3)], of: vec![id(1)] }));
    assert_eq!(chart.conflicts().count(), 1);
}

#[test]
fn a_tombstoned_allergy_is_in_the_history_only() {
    let chart = chart("a tombstoned allergy is absent from the list and in the history");
    assert!(chart.allergies.items.is_empty() && chart.allergies.active().next().is_none());
    assert_eq!(ids(&chart.withdrawn[0].versions), [id(1), id(2)]);
    let change = chart.withdrawn[0].versions[1].change.as_ref().unwrap();
    assert_eq!(change.code.as_deref(), Some("wrong-patient"));
}

#[test]
fn none_known_none_recorded_and_not_loaded_are_three_states() {
    let state = |name: &str| chart(name).allergies.state;
    let known = state("no known allergies recorded");
    assert_eq!(known, AllergyState::NoneKnown(BTreeSet::from([NoneKnown::Any])));
    assert_eq!(state("nothing recorded about allergies"), AllergyState::NotRecorded);
    assert_eq!(state("allergies not loaded"), AllergyState::NotLoaded);
    assert_eq!(state("a partial load never says none known"), AllergyState::NotLoaded);
}

#[test]
fn addenda_appear_under_their_note_in_time_order() {
    let chart = chart("addenda stand under their note in time order");
    let addenda: Vec<EventId> = chart.encounters[0].addenda.iter().map(|addendum| addendum.id).collect();
    assert_eq!(addenda, [id(2), id(3), id(4)]);
    assert_eq!(chart.encounters.len(), 2);
}

#[test]
fn a_cancelled_order_is_shown_once_and_is_not_pending() {
    let chart = chart("a cancelled order shows as cancelled once and is not pending");
    let states: Vec<OrderState> = chart.orders.iter().map(|order| order.state).collect();
    assert_eq!(states, [OrderState::Cancelled, OrderState::Pending]);
    assert_eq!(chart.pending_orders().map(|order| order.item.id).collect::<Vec<_>>(), [id(3)]);
}

#[test]
fn the_tombstone_of_the_former_system_cancels_its_order() {
    let chart = chart("former: the tombstone of an order sits on the order");
    assert_eq!(chart.orders.len(), 1);
    assert_eq!(chart.orders[0].state, OrderState::Cancelled);
    let content = chart.orders[0].item.content().unwrap();
    assert_eq!(content.record.resource["code"]["text"], "Lead");
    assert!(chart.pending_orders().next().is_none());
}

#[test]
fn a_report_closes_the_order_it_names() {
    let chart = chart("a report that names an order closes it");
    assert_eq!(chart.orders[0].state, OrderState::Resulted);
    assert_eq!(chart.orders[0].reports, [id(2)]);
}

#[test]
fn a_corrected_value_leaves_the_old_one_in_the_history() {
    let chart = chart("a correction replaces the value and keeps the old version with the reason");
    let value = &chart.observations[0];
    let kg = |version: &Version| version.record.resource["valueQuantity"]["value"].as_f64();
    assert_eq!(value.current().and_then(kg), Some(9.979));
    assert_eq!(kg(&value.versions[0]), Some(22.0));
    let change = value.versions[1].change.as_ref().unwrap();
    assert_eq!(change.text.as_deref(), Some("pounds typed as kilograms"));
}

#[test]
fn an_old_registration_signed_anew_overrides_nothing() {
    let chart = chart("old demographics signed anew do not override");
    let demographics = chart.demographics.unwrap();
    assert!(demographics.current().is_none());
    assert_eq!(demographics.heads, [id(2), id(3)]);
}

#[test]
fn a_chart_of_many_records_is_whole() {
    let template = records_of(&VECTORS[0])[0].clone();
    let line = BTreeSet::from([template.subject]);
    let records: Vec<Record> = (0..1_500_u64)
        .map(|n| {
            let mut bytes = [7; 32];
            bytes[..8].copy_from_slice(&n.to_be_bytes());
            let order = ReceiptOrder { n, ..template.order };
            let act = Some(Act { r: bytes, same: bytes });
            Record { id: EventId::from_byte_array(bytes), act, order, ..template.clone() }
        })
        .collect();
    assert_eq!(fold(&line, records, Coverage::Complete).problems.len(), 1_500);
}
