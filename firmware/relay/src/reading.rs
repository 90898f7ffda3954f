//! The stored part of a REQ, page by page: a page is read when the one before has gone out, so a
//! slow reader costs one page of memory and a fast one never waits.
//!
//! Pages continue at the last second sent and skip what was sent of it, so a second that holds more
//! events than a page is no wall. All pages answer as of the head of the first: what came later is
//! handed over live.

use std::collections::HashSet;
use std::sync::Arc;

use relaybox_protocol::refusal::Refusal;
use relaybox_store::{Answer, Plan, Seq, StoreError};

use crate::messages;
use crate::service::{Handle, Shared, refusal_of};

/// Rows of one page; a page of typical records is read on the caller's thread.
const PAGE_ROWS: usize = 500;
/// Bytes after which a page takes no further row.
const PAGE_BYTES: usize = 1 << 20;
/// Times a read is decided anew because the members changed under it, before it is given up.
const STALE_TRIES: usize = 16;

/// Where the answer to one REQ stands.
pub(crate) struct Reader {
    generation: u64,
    /// The filter being answered; NIP-01 limits each by itself.
    filter: usize,
    sent: usize,
    /// Last second sent, and the arrival numbers sent of it.
    cursor: Option<(u64, HashSet<Seq>)>,
    /// Arrival numbers sent by earlier filters.
    before: Arc<HashSet<Seq>>,
    /// Arrival numbers sent of this filter; kept only when another one follows.
    of_filter: Vec<Seq>,
    head: Option<Seq>,
    page_rows: usize,
    ended: bool,
}

pub(crate) enum Page {
    /// WebSocket frames to send, and the reader of the next page; see [`Reader::ended`].
    More(Vec<u8>, Box<Reader>),
    /// The subscription is gone or replaced.
    Gone,
    Failed(Refusal),
}

impl Reader {
    pub(crate) fn new(generation: u64) -> Self {
        Self {
            generation,
            filter: 0,
            sent: 0,
            cursor: None,
            before: Arc::default(),
            of_filter: Vec::new(),
            head: None,
            page_rows: PAGE_ROWS,
            ended: false,
        }
    }

    /// The arrival number that the whole answer covers, after its last page.
    pub(crate) fn ended(&self) -> Option<Seq> {
        self.head.filter(|_| self.ended)
    }

    pub(crate) fn generation(&self) -> u64 {
        self.generation
    }

    /// Reads the next page under the scope of now.
    pub(crate) async fn next(self: Box<Self>, shared: Arc<Shared>, handle: Arc<Handle>) -> Page {
        for _ in 0..STALE_TRIES {
            let Some(members) = shared.members() else { return Page::Failed(Refusal::NoPractice) };
            let question = handle.session().question(shared.stamp.now(), self.generation, &members);
            let Some(question) = question else { return Page::Gone };
            let Some(filter) = question.filters.get(self.filter) else {
                return self.nothing_stored(&shared).await;
            };
            let last = self.filter + 1 == question.filters.len();
            let limit = filter.limit.unwrap_or(usize::MAX).min(shared.config.limit_max);
            let plan = match Plan::build(std::slice::from_ref(filter), &question.scope) {
                Ok(plan) => self.page_of(plan, limit),
                Err(refusal) => return Page::Failed(refusal),
            };
            let event_head = messages::event_head(&question.subscription);
            let mut page = Collected::new(&self, shared.buffers.take(), limit);
            let answer = shared.store.read(&plan, question.at, &mut |row| page.take(row, &event_head)).await;
            match answer {
                Ok(answer) => return page.finish(self, answer, limit, last),
                Err(StoreError::Stale(head)) => {
                    shared.buffers.give(page.frames);
                    shared.members_at(head.m).await;
                }
                Err(error) => return Page::Failed(refusal_of(&error)),
            }
        }
        Page::Failed(Refusal::Storage)
    }

    /// A subscription to live events only starts after what is stored now.
    async fn nothing_stored(mut self: Box<Self>, shared: &Shared) -> Page {
        match shared.store.head().await {
            Ok(head) => {
                self.head.get_or_insert(head.n);
                self.ended = true;
                Page::More(Vec::new(), self)
            }
            Err(error) => Page::Failed(refusal_of(&error)),
        }
    }

    /// The plan of the next page: from the cursor down, with room for what is skipped.
    fn page_of(&self, mut plan: Plan, limit: usize) -> Plan {
        let rows = self.page_rows.min(limit - self.sent);
        let mut skipped = 0;
        if let Some((second, seen)) = &self.cursor {
            skipped = seen.len();
            for branch in plan.groups.iter_mut().flat_map(|group| &mut group.branches) {
                branch.until = Some(branch.until.map_or(*second, |until| until.min(*second)));
            }
        }
        for group in &mut plan.groups {
            group.limit = Some(rows + skipped);
        }
        plan
    }
}

/// A page while it is read.
struct Collected {
    frames: Vec<u8>,
    rows: usize,
    rows_max: usize,
    full: bool,
    head: Option<Seq>,
    /// Sent by earlier filters: they count, but do not go out again.
    before: Arc<HashSet<Seq>>,
    skip: HashSet<Seq>,
    second: Option<u64>,
    of_second: HashSet<Seq>,
    sent: Vec<Seq>,
}

impl Collected {
    /// `frames` is an empty buffer.
    fn new(reader: &Reader, frames: Vec<u8>, limit: usize) -> Self {
        let (second, of_second) = reader.cursor.clone().unzip();
        let of_second = of_second.unwrap_or_default();
        Self {
            frames,
            rows: 0,
            rows_max: limit - reader.sent,
            full: false,
            head: reader.head,
            before: Arc::clone(&reader.before),
            skip: of_second.clone(),
            second,
            of_second,
            sent: Vec::new(),
        }
    }

    fn take(&mut self, row: relaybox_store::Row<'_>, event_head: &str) {
        if self.full || self.skip.contains(&row.seq) {
            return;
        }
        if self.head.is_some_and(|head| row.seq > head) {
            // Handed over live; the cursor passes it all the same, or a page of such rows would be
            // read again and again.
            return self.pass(row.created_at, row.seq);
        }
        if self.rows >= self.rows_max || self.frames.len() >= PAGE_BYTES {
            self.full = true;
            return;
        }
        self.rows += 1;
        if !self.before.contains(&row.seq) {
            messages::push_text_frame(&mut self.frames, &[event_head.as_bytes(), row.bytes.as_bytes(), b"]"]);
            self.sent.push(row.seq);
        }
        self.pass(row.created_at, row.seq);
    }

    fn pass(&mut self, created_at: u64, seq: Seq) {
        if self.second != Some(created_at) {
            self.second = Some(created_at);
            self.of_second.clear();
        }
        self.of_second.insert(seq);
    }

    fn finish(self, mut reader: Box<Reader>, answer: Answer, limit: usize, last: bool) -> Page {
        reader.sent += self.rows;
        reader.head.get_or_insert(answer.head.n);
        let all = answer.complete && !self.full;
        if all || reader.sent >= limit {
            reader.ended = last;
            let of_filter = std::mem::take(&mut reader.of_filter);
            if !last {
                Arc::make_mut(&mut reader.before).extend(of_filter.into_iter().chain(self.sent));
            }
            reader.filter += 1;
            reader.sent = 0;
            reader.cursor = None;
            reader.page_rows = PAGE_ROWS;
        } else {
            if self.full {
                // Large events: ask for about as many as fitted.
                reader.page_rows = self.rows.max(8);
            }
            if !last {
                reader.of_filter.extend(self.sent);
            }
            reader.cursor = self.second.map(|second| (second, self.of_second));
        }
        Page::More(self.frames, reader)
    }
}
