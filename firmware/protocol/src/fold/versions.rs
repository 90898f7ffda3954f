//! Versions: which records are one item, which of them stand at the head, and where two successors of one
//! event are a conflict.

use std::collections::{BTreeMap, BTreeSet};

use super::record::{Author, Change, Marker, REISSUED, Record, content_only};
use crate::kinds;
use crate::{EventId, PublicKey};

/// One version of an item.
#[derive(Debug, Clone, PartialEq)]
pub struct Version {
    pub record: Record,
    /// How it replaces its predecessors; none for a first version.
    pub marker: Option<Marker>,
    /// Versions it replaces, present or not.
    pub replaces: Vec<EventId>,
    /// Why, as its writer said.
    pub change: Option<Change>,
}

/// Two or more versions that nobody has decided between. A view shows all heads, never one of them.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Conflict {
    pub heads: Vec<EventId>,
    /// The events that have more than one successor; empty when first versions compete.
    pub of: Vec<EventId>,
}

/// What became of an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    Current,
    /// Cancelled or revoked: shown once, as cancelled.
    Cancelled,
    /// Recorded in error: out of every list, count and alert, in the history with its reason.
    Withdrawn,
}

/// One thing in the chart with all its versions.
#[derive(Debug, Clone, PartialEq)]
pub struct Item {
    /// Id of the first version here.
    pub id: EventId,
    /// True kind.
    pub kind: u16,
    /// Predecessors before successors; the history.
    pub versions: Vec<Version>,
    /// Versions that no other replaces. One, unless there is a conflict.
    pub heads: Vec<EventId>,
    pub conflict: Option<Conflict>,
    pub state: State,
    /// Named predecessors that are not among the records given.
    pub missing: Vec<EventId>,
    /// Events that attach to any version of this one: addendum, result, accept, reply, ref.
    pub attached: Vec<(Marker, EventId)>,
}

impl Item {
    /// The version in force; none while there is a conflict.
    pub fn current(&self) -> Option<&Version> {
        if self.conflict.is_some() {
            return None;
        }
        self.head_versions().next()
    }

    /// The version whose body says what the item is: the one in force, or what it ended, for a tombstone of
    /// the former system has no name of its own. None while there is a conflict.
    pub fn content(&self) -> Option<&Version> {
        let current = self.current()?;
        if !current.marker.is_some_and(Marker::ends) {
            return Some(current);
        }
        self.versions.iter().rev().find(|v| !v.marker.is_some_and(Marker::ends)).or(Some(current))
    }

    /// The versions at the heads.
    pub fn head_versions(&self) -> impl Iterator<Item = &Version> {
        self.versions.iter().filter(|v| self.heads.contains(&v.record.id))
    }

    /// FHIR status in force: `clinicalStatus` of problems and allergies, else `status`. None while there is
    /// a conflict or when the body has none.
    pub fn status(&self) -> Option<&str> {
        status_of(self.current()?)
    }

    /// True when any version or retry of this item has the id.
    pub fn has(&self, id: &EventId) -> bool {
        self.versions.iter().any(|v| v.record.id == *id || v.record.aliases.contains(id))
    }
}

pub(super) fn status_of(version: &Version) -> Option<&str> {
    let resource = &version.record.resource;
    resource["clinicalStatus"]["coding"][0]["code"]
        .as_str()
        .or_else(|| resource["clinicalStatus"].as_str())
        .or_else(|| resource["status"].as_str())
}

/// A version or attachment whose link does not hold.
#[derive(Debug, Clone, PartialEq)]
pub struct Unresolved {
    pub id: EventId,
    pub kind: u16,
    pub names: EventId,
    pub why: Why,
}

/// Why a link does not hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Why {
    /// The event named is not among the records given.
    Missing,
    /// The event named is of another kind or compartment.
    OtherRecord,
    /// A family signer named what somebody else wrote.
    NotOwn,
}

/// Records by id, retries and re-issues included.
pub(super) struct Index {
    pub(super) records: Vec<Record>,
    pub(super) by_id: BTreeMap<EventId, usize>,
}

impl Index {
    /// Takes joined records and makes re-issued confidential records one with what they repeat.
    pub(super) fn new(records: Vec<Record>) -> Self {
        let mut by_id = BTreeMap::new();
        for (at, record) in records.iter().enumerate() {
            for id in std::iter::once(&record.id).chain(&record.aliases) {
                by_id.entry(*id).or_insert(at);
            }
        }
        let mut repeats: Vec<(usize, usize)> = Vec::new();
        for (at, record) in records.iter().enumerate() {
            if let Some(first) = repeated(&records, &by_id, record) {
                repeats.push((at, first));
            }
        }
        let onto: BTreeMap<usize, usize> = repeats.iter().copied().collect();
        let end = |mut at: usize| {
            while let Some(next) = onto.get(&at) {
                at = *next;
            }
            at
        };
        let mut records = records;
        for (at, _) in &repeats {
            let ids: Vec<EventId> =
                std::iter::once(records[*at].id).chain(records[*at].aliases.iter().copied()).collect();
            records[end(*at)].aliases.extend(ids);
        }
        let mut index = Self { records: Vec::with_capacity(records.len()), by_id: BTreeMap::new() };
        for (at, mut record) in records.into_iter().enumerate() {
            if onto.contains_key(&at) {
                continue;
            }
            record.aliases.sort();
            for id in std::iter::once(&record.id).chain(&record.aliases) {
                index.by_id.entry(*id).or_insert(index.records.len());
            }
            index.records.push(record);
        }
        index
    }

    pub(super) fn get(&self, id: &EventId) -> Option<&Record> {
        self.by_id.get(id).map(|at| &self.records[*at])
    }
}

/// The record that `record` issues again: marker correction, change code `reissued`, equal content.
fn repeated(records: &[Record], by_id: &BTreeMap<EventId, usize>, record: &Record) -> Option<usize> {
    let change = Change::of(&record.resource)?;
    if change.code.as_deref() != Some(REISSUED) {
        return None;
    }
    let (_, named) = record.marked().find(|(marker, _)| *marker == Marker::Correction)?;
    let at = *by_id.get(&named)?;
    let first = &records[at];
    let same = first.id != record.id
        && first.kind == record.kind
        && first.compartment == record.compartment
        && first.author != Author::Family
        && record.author != Author::Family
        && content_only(&first.resource) == content_only(&record.resource);
    same.then_some(at)
}

/// Checks one link to a record that is present. References never cross compartments (PROTOCOL 1), imports
/// apart, whose compartment is always `chart`.
pub(super) fn holds(
    line: &BTreeSet<PublicKey>,
    from: &Record,
    to: &Record,
    marker: Marker,
) -> Result<(), Why> {
    let crosses = from.compartment != to.compartment && to.author != Author::Former;
    if crosses || (marker.replaces() && from.kind != to.kind) {
        return Err(Why::OtherRecord);
    }
    let own = from.signer == to.signer || (line.contains(&from.signer) && line.contains(&to.signer));
    let may = from.author != Author::Family || own || from.kind == kinds::VISIT;
    let accepts = marker == Marker::Accept && from.author == Author::Family;
    if accepts || (marker.replaces() && !may) {
        return Err(Why::NotOwn);
    }
    Ok(())
}

/// Records of one kind, joined to items.
pub(super) fn items(
    line: &BTreeSet<PublicKey>,
    index: &Index,
    kind: u16,
    unresolved: &mut Vec<Unresolved>,
) -> Vec<Item> {
    let mut members: Vec<usize> =
        (0..index.records.len()).filter(|at| index.records[*at].kind == kind).collect();
    members.sort_by_key(|at| index.records[*at].key());
    let mut graph = Graph::default();
    for at in &members {
        graph.add(line, index, *at, unresolved);
    }
    graph.order_imports(index, &members, kind == kinds::PATIENT);
    graph
        .groups(&members, kind == kinds::PATIENT)
        .iter()
        .filter_map(|group| graph.item(index, group))
        .collect()
}

/// A predecessor: a record here, or an id that is not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Before {
    Here(usize),
    Missing(EventId),
}

#[derive(Default)]
struct Graph {
    before: BTreeMap<usize, BTreeSet<Before>>,
    /// Tombstones whose link does not hold: listed as unresolved, never as an item without a name.
    dropped: BTreeSet<usize>,
}

impl Graph {
    fn add(
        &mut self,
        line: &BTreeSet<PublicKey>,
        index: &Index,
        at: usize,
        unresolved: &mut Vec<Unresolved>,
    ) {
        let record = &index.records[at];
        let mut before = BTreeSet::new();
        let mut refused = false;
        for (marker, id) in record.marked().filter(|(marker, _)| marker.replaces()) {
            let verdict = match index.by_id.get(&id) {
                Some(to) if *to == at => continue,
                Some(to) => holds(line, record, &index.records[*to], marker).map(|()| Before::Here(*to)),
                None => Ok(Before::Missing(id)),
            };
            match verdict {
                Ok(one) => {
                    if one == Before::Missing(id) {
                        unresolved.push(Unresolved {
                            id: record.id,
                            kind: record.kind,
                            names: id,
                            why: Why::Missing,
                        });
                        refused |= record.author == Author::Former;
                    }
                    before.insert(one);
                }
                Err(why) => {
                    unresolved.push(Unresolved { id: record.id, kind: record.kind, names: id, why });
                    refused = true;
                }
            }
        }
        let tombstone = record.replacing().is_some_and(Marker::ends);
        if refused && tombstone && !before.iter().any(|one| matches!(one, Before::Here(_))) {
            self.dropped.insert(at);
        }
        self.before.insert(at, before);
    }

    /// The former system named the root in each change and let the newest one win: its changes of one event
    /// are a row, not a conflict. Its demographics named nothing; the row of them stands before ours.
    fn order_imports(&mut self, index: &Index, members: &[usize], demographics: bool) {
        let mut last: BTreeMap<Option<Before>, usize> = BTreeMap::new();
        for at in members {
            let former = index.records[*at].author == Author::Former;
            let Some(before) = self.before.get_mut(at) else { continue };
            let slot = if demographics { None } else { before.first().copied() };
            if former {
                // One predecessor or none: with more, a row could turn back on itself.
                let joins = demographics || before.len() == 1;
                if let Some(previous) = last.get(&slot).filter(|_| joins) {
                    *before = BTreeSet::from([Before::Here(*previous)]);
                }
                last.insert(slot, *at);
            } else if demographics && before.is_empty() {
                before.extend(last.get(&None).map(|previous| Before::Here(*previous)));
            }
        }
    }

    fn groups(&self, members: &[usize], demographics: bool) -> Vec<Vec<usize>> {
        let mut group_of: BTreeMap<Before, usize> = BTreeMap::new();
        let mut groups: Vec<Vec<usize>> = Vec::new();
        for at in members.iter().filter(|at| !self.dropped.contains(at)) {
            let mut nodes = vec![Before::Here(*at)];
            nodes.extend(self.before.get(at).into_iter().flatten().copied());
            let mut targets: BTreeSet<usize> =
                nodes.iter().filter_map(|n| group_of.get(n).copied()).collect();
            if demographics && !groups.is_empty() {
                targets.insert(0);
            }
            let target = targets.first().copied().unwrap_or_else(|| {
                groups.push(Vec::new());
                groups.len() - 1
            });
            for other in targets.into_iter().filter(|g| *g != target) {
                let moved = std::mem::take(&mut groups[other]);
                groups[target].extend(moved);
                group_of.values_mut().filter(|g| **g == other).for_each(|g| *g = target);
            }
            groups[target].push(*at);
            nodes.into_iter().for_each(|node| {
                group_of.insert(node, target);
            });
        }
        groups.retain(|group| !group.is_empty());
        groups
    }

    /// The group with predecessors before successors whatever arrived first, ties by display order.
    fn sorted(&self, index: &Index, group: &[usize]) -> Vec<usize> {
        let mut waits: BTreeMap<usize, usize> = BTreeMap::new();
        let mut frees: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for at in group {
            for before in self.before.get(at).into_iter().flatten() {
                // Nothing waits for a tombstone that is no item.
                if let Before::Here(first) = before
                    && !self.dropped.contains(first)
                {
                    *waits.entry(*at).or_default() += 1;
                    frees.entry(*first).or_default().push(*at);
                }
            }
        }
        let keyed = |at: usize| (index.records[at].key(), at);
        let mut ready: BTreeSet<_> =
            group.iter().filter(|at| !waits.contains_key(at)).map(|at| keyed(*at)).collect();
        let mut out = Vec::with_capacity(group.len());
        while let Some((_, at)) = ready.pop_first() {
            out.push(at);
            for next in frees.remove(&at).unwrap_or_default() {
                if let Some(left) = waits.get_mut(&next) {
                    *left -= 1;
                    if *left == 0 {
                        ready.insert(keyed(next));
                    }
                }
            }
        }
        out
    }

    fn item(&self, index: &Index, group: &[usize]) -> Option<Item> {
        let ordered = self.sorted(index, group);
        let mut successors: BTreeMap<Before, usize> = BTreeMap::new();
        for before in group.iter().filter_map(|at| self.before.get(at)).flatten() {
            *successors.entry(*before).or_default() += 1;
        }
        let id_of = |before: &Before| match before {
            Before::Here(at) => index.records[*at].id,
            Before::Missing(id) => *id,
        };
        let versions: Vec<Version> = ordered
            .iter()
            .map(|at| {
                let record = &index.records[*at];
                Version {
                    record: record.clone(),
                    marker: record.replacing(),
                    replaces: self.before.get(at).into_iter().flatten().map(id_of).collect(),
                    change: Change::of(&record.resource),
                }
            })
            .collect();
        let is_head = |at: &usize| !successors.contains_key(&Before::Here(*at));
        let heads: Vec<EventId> =
            ordered.iter().filter(|at| is_head(at)).map(|at| index.records[*at].id).collect();
        let of =
            successors.iter().filter(|(_, count)| **count > 1).map(|(before, _)| id_of(before)).collect();
        let missing = successors.keys().filter(|b| matches!(b, Before::Missing(_))).map(id_of).collect();
        let first = versions.first()?;
        let mut item = Item {
            id: first.record.id,
            kind: first.record.kind,
            conflict: (heads.len() > 1).then(|| Conflict { heads: heads.clone(), of }),
            heads,
            state: State::Current,
            missing,
            attached: Vec::new(),
            versions,
        };
        item.state = state_of(&item);
        Some(item)
    }
}

/// An item is withdrawn or cancelled only when every head says so.
fn state_of(item: &Item) -> State {
    let states: BTreeSet<State> = item.head_versions().map(version_state).collect();
    match states.first() {
        Some(state) if states.len() == 1 => *state,
        _ => State::Current,
    }
}

fn version_state(version: &Version) -> State {
    let resource = &version.record.resource;
    let error = |value: &serde_json::Value| value == "entered-in-error";
    if error(&resource["status"]) || error(&resource["verificationStatus"]["coding"][0]["code"]) {
        return State::Withdrawn;
    }
    match (version.marker, resource["status"].as_str()) {
        // The former system wrote "discontinued" as a deletion; the medicine was taken all the same.
        (Some(Marker::Deletion), Some("stopped")) if version.record.kind == kinds::MEDICATION => {
            State::Current
        }
        (Some(Marker::Deletion), _) => State::Withdrawn,
        (Some(Marker::Cancelled), _) | (_, Some("revoked" | "cancelled")) => State::Cancelled,
        _ => State::Current,
    }
}
