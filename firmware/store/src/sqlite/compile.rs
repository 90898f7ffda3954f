//! A plan as cursors over the index: keys as numbers, the first set of each branch as its driver.

use std::collections::{BTreeSet, HashMap};

use relaybox_protocol::EventId;
use relaybox_protocol::scope::IndexKey;
use rusqlite::{CachedStatement, Connection, params};

use super::driver::{self, Choice};
use super::error::fail;
use super::insert::find;
use super::keys::{self, signed};
use super::scan::{BranchState, Entry, GroupState};
use crate::Result;
use crate::plan::{Plan, PlanBranch};

/// Entries read at the first step of a cursor; each further step reads twice as many.
const CHUNK_FIRST: usize = 8;
const CHUNK_MAX: usize = 256;
/// Entries of one (key, kind), or those of named ids, newest first.
#[derive(Debug)]
pub(super) struct Cursor {
    /// Branches that take candidates from here.
    pub(super) branches: Vec<usize>,
    /// None when `ahead` is all there is.
    place: Option<Place>,
    /// Read and not handed over yet, newest last.
    ahead: Vec<Entry>,
}

#[derive(Debug)]
pub(super) struct Place {
    key: i64,
    kind: i64,
    since: i64,
    below: Entry,
    chunk: usize,
}

impl Place {
    /// Entries of one (key, kind) from `below` down to the second `since`.
    pub(super) fn new(key: i64, kind: i64, since: i64, below: Entry) -> Self {
        Self { key, kind, since, below, chunk: CHUNK_FIRST }
    }
}

impl Cursor {
    pub(super) fn new(branch: usize, place: Place) -> Self {
        Self { branches: vec![branch], place: Some(place), ahead: Vec::new() }
    }

    pub(super) fn next(
        &mut self,
        seek: &mut CachedStatement<'_>,
        steps: &mut usize,
    ) -> Result<Option<Entry>> {
        if self.ahead.is_empty()
            && let Some(place) = &mut self.place
        {
            let wanted = place.chunk;
            read_entries(seek, place, wanted, &mut self.ahead)?;
            *steps += self.ahead.len() + 1;
            place.chunk = (wanted * 2).min(CHUNK_MAX);
            match self.ahead.last() {
                Some(last) if self.ahead.len() == wanted => place.below = *last,
                _ => self.place = None,
            }
            self.ahead.reverse();
        }
        Ok(self.ahead.pop())
    }
}

pub(super) fn read_entries(
    seek: &mut CachedStatement<'_>,
    place: &Place,
    max: usize,
    into: &mut Vec<Entry>,
) -> Result<()> {
    let Entry { created_at, rank, seq } = place.below;
    let mut rows = seek.query(params![place.key, place.kind, created_at, rank, seq]).map_err(fail)?;
    while into.len() < max {
        let Some(row) = rows.next().map_err(fail)? else { break };
        let entry = Entry {
            created_at: row.get(0).map_err(fail)?,
            rank: row.get(1).map_err(fail)?,
            seq: row.get(2).map_err(fail)?,
        };
        if entry.created_at < place.since {
            break;
        }
        into.push(entry);
    }
    Ok(())
}

#[derive(Debug, Default)]
pub(super) struct Compiled {
    pub(super) groups: Vec<GroupState>,
    pub(super) branches: Vec<BranchState>,
    pub(super) cursors: Vec<Cursor>,
    pub(super) steps: usize,
}

pub(super) fn compile(conn: &Connection, plan: &Plan) -> Result<Compiled> {
    let mut compiler = Compiler {
        conn,
        out: Compiled::default(),
        numbers: HashMap::new(),
        ids: HashMap::new(),
        places: HashMap::new(),
    };
    for (group, asked) in plan.groups.iter().enumerate() {
        let left = asked.limit.unwrap_or(usize::MAX);
        compiler.out.groups.push(GroupState { left, limited: left != usize::MAX && left > 0 });
        for branch in &asked.branches {
            compiler.branch(group, branch)?;
        }
    }
    Ok(compiler.out)
}

struct Compiler<'c, 'p> {
    conn: &'c Connection,
    out: Compiled,
    numbers: HashMap<&'p IndexKey, Option<i64>>,
    /// Arrival number, created_at and kind of the events named, for every branch that names them.
    ids: HashMap<&'p EventId, Option<(i64, i64, u16)>>,
    /// Cursors that several branches share: (key, kind, since, until).
    places: HashMap<(i64, i64, i64, i64), usize>,
}

impl<'p> Compiler<'_, 'p> {
    fn branch(&mut self, group: usize, asked: &'p PlanBranch) -> Result<()> {
        let mut sets = Vec::new();
        if !asked.branch.keys.is_empty() {
            sets.push(self.numbers(&asked.branch.keys)?);
        }
        for set in &asked.branch.also {
            sets.push(self.numbers(set)?);
        }
        if sets.iter().any(Vec::is_empty) {
            return Ok(());
        }
        let except = self.numbers(&asked.branch.except)?;
        let span = (signed(asked.since.unwrap_or(0)), signed(asked.until.unwrap_or(u64::MAX)));
        let branch = self.out.branches.len();
        if let Some(ids) = &asked.branch.ids {
            self.out.branches.push(BranchState { group, sets, except, choice: None });
            return self.drive_by_ids(branch, ids, asked.branch.kinds.as_ref(), span);
        }
        let kinds: Option<Vec<u16>> =
            asked.branch.kinds.as_ref().map(|kinds| kinds.iter().copied().collect());
        let driver = if sets.is_empty() { vec![keys::ANY] } else { sets.remove(0) };
        for (key, kind) in driver::pairs(self.conn, &driver, kinds.as_deref(), &mut self.out.steps)? {
            self.cursor(branch, key, kind, span);
        }
        let choice = if sets.is_empty() { None } else { Some(Choice::new(driver, kinds, span.0)) };
        self.out.branches.push(BranchState { group, sets, except, choice });
        Ok(())
    }

    /// Numbers of the keys that any event ever had, in order.
    fn numbers(&mut self, set: &'p BTreeSet<IndexKey>) -> Result<Vec<i64>> {
        let mut numbers = Vec::with_capacity(set.len());
        for key in set {
            let number = match self.numbers.get(key) {
                Some(number) => *number,
                None => {
                    self.out.steps += 1;
                    let number = keys::number(self.conn, key)?;
                    self.numbers.insert(key, number);
                    number
                }
            };
            numbers.extend(number);
        }
        numbers.sort_unstable();
        Ok(numbers)
    }

    fn cursor(&mut self, branch: usize, key: i64, kind: i64, (since, until): (i64, i64)) {
        let at = *self.places.entry((key, kind, since, until)).or_insert_with(|| {
            let place = Place::new(key, kind, since, Entry::above(until));
            self.out.cursors.push(Cursor { branches: Vec::new(), place: Some(place), ahead: Vec::new() });
            self.out.cursors.len() - 1
        });
        self.out.cursors[at].branches.push(branch);
    }

    fn drive_by_ids(
        &mut self,
        branch: usize,
        ids: &'p BTreeSet<EventId>,
        kinds: Option<&BTreeSet<u16>>,
        (since, until): (i64, i64),
    ) -> Result<()> {
        let mut ahead = Vec::new();
        for id in ids {
            let found = match self.ids.get(id) {
                Some(found) => *found,
                None => {
                    self.out.steps += 1;
                    let found = find(self.conn, id)?;
                    self.ids.insert(id, found);
                    found
                }
            };
            let Some((seq, created_at, kind)) = found else { continue };
            if (since..=until).contains(&created_at) && kinds.is_none_or(|kinds| kinds.contains(&kind)) {
                ahead.push(Entry { created_at, rank: keys::rank(id), seq });
            }
        }
        ahead.sort_unstable();
        self.out.cursors.push(Cursor { branches: vec![branch], place: None, ahead });
        Ok(())
    }
}
