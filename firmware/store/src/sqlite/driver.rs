//! Which key set of a branch drives its cursors.
//!
//! A branch starts with the set that the plan names first and keeps it while its candidates are
//! taken. When it has wasted too many, the smallest set is looked for, once. So an answer that the
//! first set fits costs no search, and none costs much more than its smallest set has entries.

use rusqlite::{CachedStatement, Connection, OptionalExtension, params};

use super::compile::{Place, read_entries};
use super::error::fail;
use super::scan::Entry;
use super::sql;
use crate::Result;

/// Candidates that may be wasted before a smaller set is looked for; each one taken allows one more.
const CREDIT: usize = 16;
/// The search begins with this bound and ends at the other: beyond it the order of the plan decides.
const PROBE_FIRST: usize = 64;
const PROBE_MAX: usize = 4096;

/// (key, kind) pairs that exist for a key set and the kinds asked for.
pub(super) type Pairs = Vec<(i64, i64)>;

/// What a branch needs to be driven by another of its sets. Gone once it was used.
#[derive(Debug)]
pub(super) struct Choice {
    /// The set that drives now.
    driver: Vec<i64>,
    kinds: Option<Vec<u16>>,
    since: i64,
    credit: usize,
}

impl Choice {
    pub(super) fn new(driver: Vec<i64>, kinds: Option<Vec<u16>>, since: i64) -> Self {
        Self { driver, kinds, since, credit: CREDIT }
    }

    pub(super) fn taken(&mut self) {
        self.credit += 1;
    }

    /// Whether this was the last candidate that may be wasted.
    pub(super) fn wasted(&mut self) -> bool {
        self.credit -= 1;
        self.credit == 0
    }

    /// The smallest set below `last`, whose places are returned; the driver so far takes its place
    /// among `sets`. None when the driver is to stay. All sets are counted with a bound that grows, so
    /// that the choice costs no more than a few times what the smallest has.
    pub(super) fn smallest(
        mut self,
        conn: &Connection,
        seek: &mut CachedStatement<'_>,
        sets: &mut [Vec<i64>],
        last: Entry,
        steps: &mut usize,
    ) -> Result<Option<Vec<Place>>> {
        let kinds = self.kinds.as_deref();
        let mut found = vec![pairs(conn, &self.driver, kinds, steps)?];
        let mut bound = PROBE_FIRST;
        while bound <= PROBE_MAX {
            for at in 0..=sets.len() {
                if found.len() == at {
                    found.push(pairs(conn, &sets[at - 1], kinds, steps)?);
                }
                let place = |(key, kind): &(i64, i64)| Place::new(*key, *kind, self.since, last);
                if !is_below(seek, bound, found[at].iter().map(place), steps)? {
                    continue;
                }
                if at == 0 {
                    return Ok(None);
                }
                std::mem::swap(&mut self.driver, &mut sets[at - 1]);
                return Ok(Some(found[at].iter().map(place).collect()));
            }
            bound *= 8;
        }
        Ok(None)
    }
}

/// Whether all places together have fewer than `bound` entries.
fn is_below(
    seek: &mut CachedStatement<'_>,
    bound: usize,
    places: impl ExactSizeIterator<Item = Place>,
    steps: &mut usize,
) -> Result<bool> {
    if places.len() >= bound {
        return Ok(false);
    }
    let mut seen = Vec::new();
    for place in places {
        read_entries(seek, &place, bound, &mut seen)?;
        *steps += 1;
        if seen.len() >= bound {
            break;
        }
    }
    *steps += seen.len();
    Ok(seen.len() < bound)
}

/// The kinds that exist for each key, found by seeking from one to the next. `kinds` rises.
pub(super) fn pairs(
    conn: &Connection,
    set: &[i64],
    kinds: Option<&[u16]>,
    steps: &mut usize,
) -> Result<Pairs> {
    let mut statement = conn.prepare_cached(sql::NEXT_KIND).map_err(fail)?;
    let mut pairs = Vec::new();
    for key in set {
        let mut from = 0;
        loop {
            let wanted = match kinds {
                None => from,
                Some(kinds) => match kinds.get(kinds.partition_point(|kind| i64::from(*kind) < from)) {
                    Some(kind) => i64::from(*kind),
                    None => break,
                },
            };
            *steps += 1;
            let next = statement.query_row(params![key, wanted], |row| row.get::<_, i64>(0));
            let Some(kind) = next.optional().map_err(fail)? else { break };
            if kind == wanted || kinds.is_none() {
                pairs.push((*key, kind));
                from = kind + 1;
            } else {
                from = kind;
            }
        }
    }
    Ok(pairs)
}
