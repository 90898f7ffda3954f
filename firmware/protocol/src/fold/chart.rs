//! The chart: items by type, with what attaches to them.

use std::collections::{BTreeMap, BTreeSet};

use super::allergies::Allergies;
use super::record::{Author, Marker, Record};
use super::threads::{Thread, threads};
use super::versions::{Index, Item, State, Unresolved, Why, holds, items};
use super::{Coverage, join};
use crate::kinds;
use crate::legacy::current_kind;
use crate::{EventId, PublicKey};

/// A visit note with its addenda, oldest first.
#[derive(Debug, Clone, PartialEq)]
pub struct Encounter {
    pub item: Item,
    pub addenda: Vec<Item>,
}

/// Where an order stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum OrderState {
    Pending,
    /// A report that is not final names it.
    Partial,
    Resulted,
    Cancelled,
    /// Completed without a report here.
    Completed,
}

/// An order with the reports that name it.
#[derive(Debug, Clone, PartialEq)]
pub struct Order {
    pub item: Item,
    pub state: OrderState,
    pub reports: Vec<EventId>,
}

/// A record from outside, "outside, by X" until somebody of the staff accepts it.
#[derive(Debug, Clone, PartialEq)]
pub struct Outside {
    pub item: Item,
    pub accepted_by: Vec<EventId>,
}

/// Everything shown of one patient. Lists are in receipt order; withdrawn items stand in `withdrawn` only.
#[derive(Debug, Clone, PartialEq)]
pub struct Chart {
    pub coverage: Coverage,
    /// The versions of the 2110 along their predecessors; none recorded, or not loaded (see `coverage`).
    pub demographics: Option<Item>,
    pub allergies: Allergies,
    pub problems: Vec<Item>,
    /// Medication list entries (2112).
    pub medications: Vec<Item>,
    /// Prescriptions (2120).
    pub prescriptions: Vec<Item>,
    pub observations: Vec<Item>,
    pub immunizations: Vec<Item>,
    pub encounters: Vec<Encounter>,
    pub threads: Vec<Thread>,
    pub orders: Vec<Order>,
    pub reports: Vec<Item>,
    pub documents: Vec<Item>,
    /// Any other FHIR type (2124).
    pub resources: Vec<Item>,
    pub outside: Vec<Outside>,
    pub visits: Vec<Item>,
    pub withdrawn: Vec<Item>,
    /// Links that do not hold; a tombstone whose link does not hold stands here only.
    pub unresolved: Vec<Unresolved>,
    /// Ids of records of another patient; nothing of them is in the lists.
    pub foreign: Vec<EventId>,
    /// Ids that share signer and `r` with an earlier record and differ from it.
    pub retry_differs: Vec<EventId>,
}

/// Folds the shown records of one patient. `line` holds every T of the patient's line of rekeys and the own
/// key. The result does not depend on the order of `records`.
pub fn fold(line: &BTreeSet<PublicKey>, records: Vec<Record>, coverage: Coverage) -> Chart {
    let (mut own, other): (Vec<Record>, Vec<Record>) =
        records.into_iter().partition(|record| line.contains(&record.subject));
    let foreign: BTreeSet<EventId> = other.into_iter().map(|record| record.id).collect();
    own.iter_mut().for_each(|record| record.kind = current_kind(record.kind));
    let mut retry_differs = join(&mut own);
    retry_differs.sort();
    let index = Index::new(own);
    let mut lists = Lists::new(line, &index);
    lists.attach(line, &index);
    let mut chart = Chart {
        coverage,
        demographics: lists.take(kinds::PATIENT).into_iter().next(),
        allergies: Allergies::new(lists.take(kinds::ALLERGY), coverage),
        problems: lists.take(kinds::CONDITION),
        medications: lists.take(kinds::MEDICATION),
        prescriptions: lists.take(kinds::PRESCRIPTION),
        observations: lists.take(kinds::OBSERVATION),
        immunizations: lists.take(kinds::IMMUNIZATION),
        encounters: encounters(lists.take(kinds::ENCOUNTER), &index),
        threads: threads(lists.take(kinds::MESSAGE), &index),
        orders: lists.orders(),
        reports: lists.take(kinds::REPORT),
        documents: lists.take(kinds::DOCUMENT),
        resources: lists.take(kinds::RESOURCE),
        outside: lists.outside(),
        visits: lists.take(kinds::VISIT),
        withdrawn: Vec::new(),
        unresolved: lists.unresolved,
        foreign: foreign.into_iter().collect(),
        retry_differs,
    };
    chart.withdrawn = lists.withdrawn;
    chart.withdrawn.sort_by_key(display_key);
    chart.unresolved.sort_by_key(|u| (u.id, u.names, u.why));
    chart.unresolved.dedup();
    chart
}

impl Chart {
    /// Every item of every list, withdrawn ones included.
    pub fn items(&self) -> impl Iterator<Item = &Item> {
        let lists = [
            &self.allergies.items,
            &self.problems,
            &self.medications,
            &self.prescriptions,
            &self.observations,
            &self.immunizations,
            &self.reports,
            &self.documents,
            &self.resources,
            &self.visits,
            &self.withdrawn,
        ];
        let notes = self.encounters.iter().flat_map(|e| std::iter::once(&e.item).chain(&e.addenda));
        self.demographics
            .iter()
            .chain(lists.into_iter().flatten())
            .chain(notes)
            .chain(self.threads.iter().flat_map(|thread| &thread.messages))
            .chain(self.orders.iter().map(|order| &order.item))
            .chain(self.outside.iter().map(|outside| &outside.item))
    }

    /// Items that wait for a clinician to decide between versions.
    pub fn conflicts(&self) -> impl Iterator<Item = &Item> {
        self.items().filter(|item| item.conflict.is_some())
    }

    /// The item that holds this event, as a version or as a retry of one.
    pub fn item_of(&self, id: &EventId) -> Option<&Item> {
        self.items().find(|item| item.has(id))
    }

    /// Orders that wait for a result.
    pub fn pending_orders(&self) -> impl Iterator<Item = &Order> {
        self.orders.iter().filter(|o| matches!(o.state, OrderState::Pending | OrderState::Partial))
    }
}

fn display_key(item: &Item) -> (Option<(u64, super::ReceiptOrder, EventId)>, EventId) {
    (item.versions.first().map(|v| v.record.key()), item.id)
}

/// Items by kind while the chart is put together.
struct Lists {
    by_kind: BTreeMap<u16, Vec<Item>>,
    withdrawn: Vec<Item>,
    unresolved: Vec<Unresolved>,
}

impl Lists {
    fn new(line: &BTreeSet<PublicKey>, index: &Index) -> Self {
        let present: BTreeSet<u16> = index.records.iter().map(|record| record.kind).collect();
        let mut unresolved = Vec::new();
        let mut by_kind = BTreeMap::new();
        for kind in present {
            let mut list = items(line, index, kind, &mut unresolved);
            list.sort_by_key(display_key);
            by_kind.insert(kind, list);
        }
        Self { by_kind, withdrawn: Vec::new(), unresolved }
    }

    /// Writes each attaching link on the item it names.
    fn attach(&mut self, line: &BTreeSet<PublicKey>, index: &Index) {
        let mut attached: BTreeMap<EventId, BTreeSet<(Marker, EventId)>> = BTreeMap::new();
        for record in &index.records {
            let links = record.marked().chain(former_basis(record)).filter(|(marker, _)| !marker.replaces());
            for (marker, named) in links {
                let verdict = match index.get(&named) {
                    Some(to) => holds(line, record, to, marker).map(|()| to.id),
                    None => Err(Why::Missing),
                };
                match verdict {
                    Ok(id) => {
                        attached.entry(id).or_default().insert((marker, record.id));
                    }
                    Err(why) => self.unresolved.push(Unresolved {
                        id: record.id,
                        kind: record.kind,
                        names: named,
                        why,
                    }),
                }
            }
        }
        for item in self.by_kind.values_mut().flatten() {
            let ids = item.versions.iter().map(|v| v.record.id);
            let all: BTreeSet<(Marker, EventId)> =
                ids.filter_map(|id| attached.get(&id)).flatten().copied().collect();
            item.attached = all.into_iter().collect();
        }
    }

    /// The items of a kind that are not withdrawn; the others go to their own list.
    fn take(&mut self, kind: u16) -> Vec<Item> {
        let all = self.by_kind.remove(&kind).unwrap_or_default();
        let (gone, stay): (Vec<Item>, Vec<Item>) = all.into_iter().partition(|i| i.state == State::Withdrawn);
        self.withdrawn.extend(gone);
        stay
    }

    fn orders(&mut self) -> Vec<Order> {
        let reports = self.by_kind.get(&kinds::REPORT).cloned().unwrap_or_default();
        let orders = self.take(kinds::ORDER);
        orders.into_iter().map(|item| order(item, &reports)).collect()
    }

    fn outside(&mut self) -> Vec<Outside> {
        let withdrawn: BTreeSet<EventId> = self
            .by_kind
            .values()
            .flatten()
            .chain(&self.withdrawn)
            .filter(|item| item.state == State::Withdrawn)
            .flat_map(|item| item.versions.iter().map(|v| v.record.id))
            .collect();
        let list = self.take(kinds::OUTSIDE_RECORD);
        let accepted = |item: &Item| {
            let ids = item
                .attached
                .iter()
                .filter(|(marker, id)| *marker == Marker::Accept && !withdrawn.contains(id));
            ids.map(|(_, id)| *id).collect()
        };
        list.into_iter().map(|item| Outside { accepted_by: accepted(&item), item }).collect()
    }
}

/// Reports of the former system that name their order in the body only: `basedOn` holds an event id.
fn former_basis(record: &Record) -> Option<(Marker, EventId)> {
    if record.author != Author::Former || record.kind != kinds::REPORT {
        return None;
    }
    let reference = record.resource["basedOn"][0]["reference"].as_str()?;
    let id = EventId::from_hex(reference.strip_prefix("ServiceRequest/")?).ok()?;
    Some((Marker::Result, id))
}

fn order(item: Item, reports: &[Item]) -> Order {
    let named: Vec<&Item> = reports
        .iter()
        .filter(|report| report.state != State::Withdrawn)
        .filter(|report| item.attached.iter().any(|(marker, id)| *marker == Marker::Result && report.has(id)))
        .collect();
    let finished = |report: &Item| {
        report.head_versions().all(|v| {
            !matches!(v.record.resource["status"].as_str(), Some("registered" | "partial" | "preliminary"))
        })
    };
    let state = match item.state {
        State::Cancelled | State::Withdrawn => OrderState::Cancelled,
        State::Current if named.iter().any(|report| finished(report)) => OrderState::Resulted,
        State::Current if !named.is_empty() => OrderState::Partial,
        State::Current if item.status() == Some("completed") => OrderState::Completed,
        State::Current => OrderState::Pending,
    };
    Order { state, reports: named.into_iter().map(|report| report.id).collect(), item }
}

/// Addenda go under the note they name, an addendum of an addendum under the same note.
fn encounters(list: Vec<Item>, index: &Index) -> Vec<Encounter> {
    let parent_of = |item: &Item| {
        let links = item.versions.iter().flat_map(|v| v.record.marked());
        let named = links.filter(|(marker, _)| *marker == Marker::Addendum);
        named.filter_map(|(_, id)| index.get(&id)).map(|to| to.id).find(|id| {
            list.iter().any(|other| {
                other.id != item.id
                    && other.has(id)
                    && other.attached.iter().any(|(m, by)| *m == Marker::Addendum && item.has(by))
            })
        })
    };
    let position = |id: &EventId| list.iter().position(|item| item.has(id));
    let parents: Vec<Option<usize>> = list.iter().map(|item| position(&parent_of(item)?)).collect();
    let top = |start: usize| {
        let mut at = start;
        // As many steps as there are notes is the most that a chain of addenda can take.
        for _ in 0..parents.len() {
            match parents[at] {
                Some(next) => at = next,
                None => return at,
            }
        }
        start
    };
    let tops: Vec<usize> = (0..list.len()).map(top).collect();
    let mut out: BTreeMap<usize, Encounter> = BTreeMap::new();
    let mut addenda: Vec<(usize, Item)> = Vec::new();
    for (at, item) in list.into_iter().enumerate() {
        if tops[at] == at {
            out.insert(at, Encounter { item, addenda: Vec::new() });
        } else {
            addenda.push((tops[at], item));
        }
    }
    for (top, item) in addenda {
        if let Some(encounter) = out.get_mut(&top) {
            encounter.addenda.push(item);
        }
    }
    out.into_values().collect()
}
