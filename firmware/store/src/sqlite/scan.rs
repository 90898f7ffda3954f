//! Running a plan: index cursors merged newest first, without sorting and without a copy of the rows.
//!
//! A scan holds no statement, only positions; so it can stop after some steps and go on in another
//! thread within the same snapshot.

use std::cmp::Ordering;
use std::collections::{BinaryHeap, HashSet};

use rusqlite::{CachedStatement, Connection};

use super::compile::{Cursor, Place, compile};
use super::driver::Choice;
use super::error::{corrupt, fail};
use super::keys;
use super::sql;
use crate::plan::Plan;
use crate::{Result, Row};
use relaybox_protocol::EventId;

/// A row of the index without its key. Greater is earlier in an answer: newer, then lower id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Entry {
    pub(super) created_at: i64,
    pub(super) rank: i64,
    pub(super) seq: i64,
}

impl Entry {
    /// Above every entry up to this time.
    pub(super) fn above(created_at: i64) -> Self {
        Self { created_at, rank: i64::MAX, seq: i64::MAX }
    }
}

/// One filter's share of the answer.
#[derive(Debug)]
pub(super) struct GroupState {
    pub(super) left: usize,
    pub(super) limited: bool,
}

/// One conjunction: what is checked for each candidate of its cursors.
#[derive(Debug)]
pub(super) struct BranchState {
    pub(super) group: usize,
    /// At least one number of each set.
    pub(super) sets: Vec<Vec<i64>>,
    /// None of these.
    pub(super) except: Vec<i64>,
    /// How to be driven by another set, while that is open.
    pub(super) choice: Option<Choice>,
}

impl BranchState {
    fn takes(&self, numbers: &[i64]) -> bool {
        let has = |set: &[i64]| numbers.iter().any(|number| set.binary_search(number).is_ok());
        self.sets.iter().all(|set| has(set)) && !has(&self.except)
    }

    fn takes_all(&self) -> bool {
        self.sets.is_empty() && self.except.is_empty()
    }
}

#[derive(Debug, PartialEq, Eq)]
struct Head {
    entry: Entry,
    cursor: usize,
}

impl Ord for Head {
    fn cmp(&self, other: &Self) -> Ordering {
        (self.entry, self.cursor).cmp(&(other.entry, other.cursor))
    }
}

impl PartialOrd for Head {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// What is asked of each event.
pub(super) enum Want<'f> {
    Rows(&'f mut (dyn FnMut(Row<'_>) + Send)),
    Ids(&'f mut Vec<(u64, EventId)>),
    Count(&'f mut u64),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Progress {
    Done,
    More,
}

#[derive(Debug)]
pub(super) struct Scan {
    groups: Vec<GroupState>,
    branches: Vec<BranchState>,
    cursors: Vec<Cursor>,
    heap: BinaryHeap<Head>,
    /// Unix seconds.
    now: i64,
    /// Arrival numbers of events past their expiry; only counting without rows needs them.
    expired: Option<HashSet<i64>>,
    /// Keys of the event looked at, kept to spare an allocation for each.
    numbers: Vec<i64>,
    /// Index entries and rows touched: the cost of the answer.
    pub(super) steps: usize,
}

impl Scan {
    pub(super) fn start(conn: &Connection, plan: &Plan, now: u64) -> Result<Self> {
        let mut compiled = compile(conn, plan)?;
        let mut heap = BinaryHeap::with_capacity(compiled.cursors.len());
        let mut steps = compiled.steps;
        let mut seek = conn.prepare_cached(sql::SEEK).map_err(fail)?;
        for (cursor, state) in compiled.cursors.iter_mut().enumerate() {
            if let Some(entry) = state.next(&mut seek, &mut steps)? {
                heap.push(Head { entry, cursor });
            }
        }
        drop(seek);
        Ok(Self {
            groups: compiled.groups,
            branches: compiled.branches,
            cursors: compiled.cursors,
            heap,
            now: keys::signed(now),
            expired: None,
            numbers: Vec::new(),
            steps,
        })
    }

    /// Whether no limit ended any group.
    pub(super) fn is_complete(&self) -> bool {
        self.groups.iter().all(|group| !(group.limited && group.left == 0))
    }

    /// Looks at up to `budget` candidates.
    pub(super) fn run(&mut self, conn: &Connection, budget: usize, want: &mut Want<'_>) -> Result<Progress> {
        let mut seek = conn.prepare_cached(sql::SEEK).map_err(fail)?;
        let statement = if matches!(want, Want::Rows(_)) { sql::ROW } else { sql::ROW_ID };
        let mut fetch = conn.prepare_cached(statement).map_err(fail)?;
        if matches!(want, Want::Count(_)) && self.expired.is_none() {
            self.expired = Some(expired(conn, self.now)?);
        }
        let mut offering = Vec::new();
        for _ in 0..budget {
            let Some(entry) = self.pop(&mut seek, &mut offering)? else { return Ok(Progress::Done) };
            if !offering.is_empty() {
                let taken = self.judge(entry, &offering, &mut fetch, want)?;
                self.weigh(conn, &mut seek, (entry, taken), &offering)?;
            }
        }
        Ok(Progress::More)
    }

    /// Keeps account of what the drivers of these branches waste, and changes those that waste much.
    fn weigh(
        &mut self,
        conn: &Connection,
        seek: &mut CachedStatement<'_>,
        (entry, taken): (Entry, bool),
        offering: &[usize],
    ) -> Result<()> {
        for branch in offering {
            let state = &mut self.branches[*branch];
            let Some(choice) = &mut state.choice else { continue };
            if taken {
                choice.taken();
            } else if choice.wasted()
                && let Some(choice) = state.choice.take()
                && let Some(places) = choice.smallest(conn, seek, &mut state.sets, entry, &mut self.steps)?
            {
                self.drive(*branch, places, seek)?;
            }
        }
        Ok(())
    }

    /// Lets these cursors drive a branch from here on. All that comes before was judged already.
    fn drive(&mut self, branch: usize, places: Vec<Place>, seek: &mut CachedStatement<'_>) -> Result<()> {
        for cursor in &mut self.cursors {
            cursor.branches.retain(|other| *other != branch);
        }
        for place in places {
            let mut cursor = Cursor::new(branch, place);
            if let Some(entry) = cursor.next(seek, &mut self.steps)? {
                self.heap.push(Head { entry, cursor: self.cursors.len() });
                self.cursors.push(cursor);
            }
        }
        Ok(())
    }

    /// The next candidate, with the branches that offer it and still want events.
    fn pop(&mut self, seek: &mut CachedStatement<'_>, offering: &mut Vec<usize>) -> Result<Option<Entry>> {
        offering.clear();
        let Some(first) = self.heap.peek().map(|head| head.entry) else { return Ok(None) };
        while let Some(head) = self.heap.peek()
            && head.entry == first
        {
            let cursor = head.cursor;
            let state = &mut self.cursors[cursor];
            let before = offering.len();
            offering.extend(
                state.branches.iter().filter(|branch| self.groups[self.branches[**branch].group].left > 0),
            );
            self.heap.pop();
            // A cursor whose groups are all full is not read on.
            if offering.len() > before
                && let Some(entry) = state.next(seek, &mut self.steps)?
            {
                self.heap.push(Head { entry, cursor });
            }
        }
        offering.sort_unstable();
        offering.dedup();
        Ok(Some(first))
    }

    /// Hands the event over when some branch takes it. False when none does.
    fn judge(
        &mut self,
        entry: Entry,
        offering: &[usize],
        fetch: &mut CachedStatement<'_>,
        want: &mut Want<'_>,
    ) -> Result<bool> {
        if let (Want::Count(count), Some(expired)) = (&mut *want, &self.expired)
            && offering.iter().all(|branch| self.branches[*branch].takes_all())
        {
            if !expired.contains(&entry.seq) {
                take(&mut self.groups, &self.branches, offering, |_| true);
                **count += 1;
            }
            return Ok(true);
        }
        self.steps += 1;
        let mut rows = fetch.query([entry.seq]).map_err(fail)?;
        let row = rows.next().map_err(fail)?.ok_or_else(|| corrupt("an index row without an event"))?;
        // Both statements have created_at, expires and keys in the second to fourth column.
        if row.get::<_, Option<i64>>(2).map_err(fail)?.is_some_and(|expires| expires <= self.now) {
            return Ok(false);
        }
        let packed = row.get_ref(3).map_err(fail)?.as_blob().map_err(|_| corrupt("keys of another type"))?;
        self.numbers.clear();
        self.numbers.extend(keys::unpack(packed));
        if !take(&mut self.groups, &self.branches, offering, |branch| branch.takes(&self.numbers)) {
            return Ok(false);
        }
        let created_at = keys::unsigned(row.get(1).map_err(fail)?);
        match want {
            Want::Count(count) => **count += 1,
            Want::Ids(ids) => {
                let id: [u8; 32] = row.get(0).map_err(fail)?;
                ids.push((created_at, EventId::from_byte_array(id)));
            }
            Want::Rows(sink) => {
                let received = keys::unsigned(row.get(0).map_err(fail)?);
                let bytes = row
                    .get_ref(4)
                    .map_err(fail)?
                    .as_str()
                    .map_err(|_| corrupt("an event that is no text"))?;
                sink(Row { seq: keys::unsigned(entry.seq), received, created_at, bytes });
            }
        }
        Ok(true)
    }
}

/// Whether some group takes the event; each group that does has one less to go.
fn take(
    groups: &mut [GroupState],
    branches: &[BranchState],
    offering: &[usize],
    takes: impl Fn(&BranchState) -> bool,
) -> bool {
    let mut served: Option<usize> = None;
    let mut taken = false;
    // Branches of one group stand together, so that one look back is enough to count a group once.
    for branch in offering.iter().map(|branch| &branches[*branch]) {
        if served != Some(branch.group) && takes(branch) {
            served = Some(branch.group);
            groups[branch.group].left -= 1;
            taken = true;
        }
    }
    taken
}

fn expired(conn: &Connection, now: i64) -> Result<HashSet<i64>> {
    let mut statement = conn.prepare_cached(sql::EXPIRED).map_err(fail)?;
    let rows = statement.query_map([now], |row| row.get(0)).map_err(fail)?;
    rows.collect::<rusqlite::Result<_>>().map_err(fail)
}
