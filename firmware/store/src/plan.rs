//! Filter × scope → plan. No SQL, no IO.
//!
//! A filter never decides what a read costs: the driving key set of each branch is the one that
//! belongs to the reader, whatever the filter names beside it.

use std::collections::BTreeSet;

use relaybox_protocol::Filter;
use relaybox_protocol::refusal::Refusal;
use relaybox_protocol::scope::{Branch, IndexKey, Scope};
use relaybox_protocol::{EventId, kinds};

/// A union of groups, newest first, each event once. Within a second, the lowest id comes first.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Plan {
    pub groups: Vec<Group>,
}

/// What one filter asks for: its newest `limit` events (NIP-01 limits each filter, not the REQ).
#[derive(Debug, Clone, PartialEq)]
pub struct Group {
    pub branches: Vec<PlanBranch>,
    pub limit: Option<usize>,
}

/// A conjunction. `branch.keys` drives the index cursors (any event when empty); the engine may drive
/// by a set of `branch.also` instead when that one turns out to be smaller.
#[derive(Debug, Clone, PartialEq)]
pub struct PlanBranch {
    pub branch: Branch,
    /// Unix seconds, both ends included.
    pub since: Option<u64>,
    pub until: Option<u64>,
}

impl Plan {
    /// All filters of one REQ, COUNT or NEG-OPEN within a scope. A filter only narrows; what cannot
    /// match is left out, so that an empty plan answers nothing.
    ///
    /// Refuses `search` (NIP-50), and receipts by `#e`, which are not indexed: an empty answer would
    /// read as none.
    pub fn build(filters: &[Filter], scope: &Scope) -> Result<Self, Refusal> {
        let mut groups = Vec::new();
        for filter in filters {
            let asked = Asked::read(filter)?;
            if filter.limit == Some(0) {
                continue;
            }
            let Some(asked) = asked else { continue };
            let mut branches: Vec<PlanBranch> = Vec::new();
            for branch in scope.branches.iter().filter_map(|branch| asked.within(branch)) {
                if !branches.contains(&branch) {
                    branches.push(branch);
                }
            }
            if !branches.is_empty() {
                groups.push(Group { branches, limit: filter.limit });
            }
        }
        Ok(Self { groups })
    }

    /// Keys and ids to look up before the first event is found.
    pub(crate) fn look_ups(&self) -> usize {
        let of = |branch: &Branch| {
            let sets = branch.also.iter().map(BTreeSet::len).sum::<usize>();
            branch.keys.len() + sets + branch.except.len() + branch.ids.as_ref().map_or(0, BTreeSet::len)
        };
        self.groups.iter().flat_map(|group| &group.branches).map(|branch| of(&branch.branch)).sum()
    }

    /// The filters over everything, for the box's own questions.
    pub fn unscoped(filters: &[Filter]) -> Result<Self, Refusal> {
        Self::build(filters, &Scope { branches: vec![Branch::default()] })
    }
}

/// A filter as sets; within each set one must match, and of each set.
struct Asked {
    sets: Vec<BTreeSet<IndexKey>>,
    kinds: Option<BTreeSet<u16>>,
    ids: Option<BTreeSet<EventId>>,
    since: Option<u64>,
    until: Option<u64>,
}

impl Asked {
    /// None when nothing can match.
    fn read(filter: &Filter) -> Result<Option<Self>, Refusal> {
        if filter.search.is_some() {
            return Err(Refusal::Filter);
        }
        let kinds: Option<BTreeSet<u16>> =
            filter.kinds.as_ref().map(|kinds| kinds.iter().map(|kind| kind.as_u16()).collect());
        let by_event = filter.generic_tags.keys().any(|letter| letter.as_byte() == b'e');
        if by_event && kinds.as_ref().is_some_and(|kinds| kinds.contains(&kinds::RECEIPT)) {
            return Err(Refusal::ReceiptsByEvent);
        }
        let authors =
            filter.authors.as_ref().map(|authors| authors.iter().copied().map(IndexKey::Author).collect());
        let tags = filter.generic_tags.iter().map(|(letter, values)| {
            values.iter().map(|value| IndexKey::Tag(letter.as_byte(), value.clone())).collect()
        });
        let sets: Vec<BTreeSet<IndexKey>> = authors.into_iter().chain(tags).collect();
        let asked = Self {
            sets,
            kinds,
            ids: filter.ids.clone(),
            since: filter.since.map(|time| time.as_secs()),
            until: filter.until.map(|time| time.as_secs()),
        };
        Ok(if asked.is_void() { None } else { Some(asked) })
    }

    fn is_void(&self) -> bool {
        self.sets.iter().any(BTreeSet::is_empty)
            || self.kinds.as_ref().is_some_and(BTreeSet::is_empty)
            || self.ids.as_ref().is_some_and(BTreeSet::is_empty)
            || matches!((self.since, self.until), (Some(since), Some(until)) if since > until)
    }

    /// The conjunction of filter and branch; none when it is empty.
    fn within(&self, scope: &Branch) -> Option<PlanBranch> {
        let kinds = both(self.kinds.as_ref(), scope.kinds.as_ref())?;
        let ids = both(self.ids.as_ref(), scope.ids.as_ref())?;
        let mut sets: Vec<Set> = Vec::new();
        let by_author = only_authors(&scope.keys);
        if !scope.keys.is_empty() {
            // What one person wrote grows with the work of years; what the filter names may be less.
            let rank = match (scope.narrow, by_author) {
                (true, false) => 0,
                (true, true) => 2,
                (false, _) => 4,
            };
            sets.push(Set { keys: scope.keys.clone(), rank });
        }
        for keys in &self.sets {
            // An event has one author: two lists of authors meet, or nothing does.
            if by_author && only_authors(keys) && scope.keys.is_disjoint(keys) {
                return None;
            }
            sets.push(Set { keys: keys.clone(), rank: 1 });
        }
        for keys in &scope.also {
            if keys.is_empty() {
                return None;
            }
            sets.push(Set { keys: keys.clone(), rank: 3 });
        }
        let mut sets = without_implied(sets).into_iter().map(|set| set.keys);
        let keys = sets.next().unwrap_or_default();
        let branch = Branch {
            narrow: scope.narrow,
            also: sets.collect(),
            except: scope.except.clone(),
            keys,
            kinds,
            ids,
        };
        Some(PlanBranch { branch, since: self.since, until: self.until })
    }
}

/// A key set and how early it is tried as the driver: 0 the reader's own few keys, 1 what the filter
/// names, 2 what the reader wrote, 3 and 4 sets that grow with the practice.
struct Set {
    keys: BTreeSet<IndexKey>,
    rank: u8,
}

fn only_authors(keys: &BTreeSet<IndexKey>) -> bool {
    !keys.is_empty() && keys.iter().all(|key| matches!(key, IndexKey::Author(_)))
}

/// Drops each set that a smaller one of the same conjunction implies, and puts the best driver first.
fn without_implied(mut sets: Vec<Set>) -> Vec<Set> {
    sets.sort_by_key(|set| set.keys.len());
    let mut kept: Vec<Set> = Vec::new();
    for set in sets {
        match kept.iter_mut().find(|smaller| smaller.keys.is_subset(&set.keys)) {
            // Rows of a part of the reader's own keys are the reader's rows.
            Some(smaller) => smaller.rank = smaller.rank.min(set.rank),
            None => kept.push(set),
        }
    }
    kept.sort_by_key(|set| (set.rank, set.keys.len()));
    kept
}

/// The intersection of two optional sets, where none means any; `None` when it is empty.
fn both<T: Ord + Clone>(a: Option<&BTreeSet<T>>, b: Option<&BTreeSet<T>>) -> Option<Option<BTreeSet<T>>> {
    let set = match (a, b) {
        (None, None) => return Some(None),
        (Some(one), None) | (None, Some(one)) => one.clone(),
        (Some(a), Some(b)) => a & b,
    };
    if set.is_empty() { None } else { Some(Some(set)) }
}
