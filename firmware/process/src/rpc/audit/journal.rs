//! Entries on their way to the audit role: a bounded queue for what happens often. Entries that are alike but for
//! their second wait as one with the number of times, so that a flood of one kind takes one place.
//!
//! Nothing is dropped silently. While the queue is full, [`Journal::full`] tells the role to refuse what it could not
//! enter; what could not be refused (a refusal itself) is counted, and the count is entered. An entry whose answer got
//! lost is sent again: the chain may hold it twice, never not at all.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, watch};

use super::{AuditClient, AuditError, ENTRIES_MAX, Entry, LINE_BYTES_MAX};
use crate::shutdown;

/// Entries that may wait.
const WAITING_MAX: usize = 1_000;
/// How long entries wait for others, so that they go out together.
const GATHER: Duration = Duration::from_millis(200);
/// Pause before the audit is tried again.
const RETRY: Duration = Duration::from_secs(1);
/// Tries to send what is left when the role stops.
const LAST_TRIES: usize = 3;

/// A handle; clones share the queue.
#[derive(Debug, Clone)]
pub struct Journal(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    /// None: nothing is entered.
    socket: Option<PathBuf>,
    waiting: Mutex<Waiting>,
    bell: Notify,
    /// Asked for every frame, so it takes no lock.
    full: AtomicBool,
}

#[derive(Debug, Default)]
struct Waiting {
    entries: Vec<(Entry, u64)>,
    /// Place of each entry, by what it says without its second.
    places: HashMap<Entry, usize>,
    /// Taken out and not yet on disk.
    sending: usize,
    /// Could not be kept, and its newest second.
    uncounted: u64,
    last: u64,
}

impl Journal {
    /// Sends to this socket once [`Journal::run`] runs.
    pub fn new(socket: PathBuf) -> Self {
        Self::with(Some(socket))
    }

    /// Enters nothing: for tests and measurements of one role alone.
    pub fn off() -> Self {
        Self::with(None)
    }

    fn with(socket: Option<PathBuf>) -> Self {
        Self(Arc::new(Shared {
            socket,
            waiting: Mutex::default(),
            bell: Notify::new(),
            full: AtomicBool::new(false),
        }))
    }

    /// Whether nothing more can be kept: what has to be entered must be refused.
    pub fn full(&self) -> bool {
        self.0.full.load(Ordering::Relaxed)
    }

    /// Puts an entry into the queue; false when there was no room, and then it counts among the lost ones.
    pub fn enter(&self, entry: Entry) -> bool {
        if self.0.socket.is_none() {
            return true;
        }
        let kept = self.0.change(|waiting| waiting.put(entry));
        self.0.bell.notify_one();
        kept
    }

    /// Appends at once; on disk when it returns. For what must not happen without its entry.
    ///
    /// # Errors
    /// When it is not on disk, or nobody said so.
    pub async fn append(&self, entry: Entry) -> Result<(), AuditError> {
        match &self.0.socket {
            Some(socket) => AuditClient::connect(socket).await?.append(vec![entry]).await.map(drop),
            None => Ok(()),
        }
    }

    /// Sends what waits until `stop`, and then what is left.
    pub async fn run(self, mut stop: watch::Receiver<bool>) {
        let mut client = None;
        let mut failing = false;
        loop {
            tokio::select! {
                () = self.0.bell.notified() => {}
                () = shutdown::requested(&mut stop) => break,
            }
            tokio::time::sleep(GATHER).await;
            while let Some(batch) = self.0.next() {
                let sent = self.0.send(&mut client, &batch).await;
                self.0.change(|waiting| waiting.sent(batch, sent.is_ok()));
                match &sent {
                    Ok(()) if failing => log::info!("the audit takes entries again"),
                    Err(error) if !failing => log::error!("failed to {}: entries wait", causes(error)),
                    _ => {}
                }
                failing = sent.is_err();
                if failing {
                    tokio::select! {
                        () = tokio::time::sleep(RETRY) => {}
                        () = shutdown::requested(&mut stop) => break,
                    }
                }
            }
        }
        for _ in 0..LAST_TRIES {
            while let Some(batch) = self.0.next() {
                let sent = self.0.send(&mut client, &batch).await.is_ok();
                self.0.change(|waiting| waiting.sent(batch, sent));
                if !sent {
                    break;
                }
            }
        }
        let left = self.0.lock().count();
        if left > 0 {
            log::error!("{left} audit entries were not taken before the end");
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        // Each change is made by one call that does not panic between its steps.
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn next(&self) -> Option<Vec<(Entry, u64)>> {
        self.change(Waiting::take)
    }

    fn change<T>(&self, change: impl FnOnce(&mut Waiting) -> T) -> T {
        let mut waiting = self.lock();
        let done = change(&mut waiting);
        self.full.store(waiting.count() >= WAITING_MAX, Ordering::Relaxed);
        done
    }

    async fn send(&self, client: &mut Option<AuditClient>, batch: &[(Entry, u64)]) -> Result<(), AuditError> {
        let Some(socket) = &self.socket else { return Ok(()) };
        let mut open = match client.take() {
            Some(open) => open,
            None => AuditClient::connect(socket).await?,
        };
        let entries = batch.iter().map(|(entry, times)| counted(entry, *times)).collect();
        open.append(entries).await?;
        *client = Some(open);
        Ok(())
    }
}

impl Waiting {
    fn count(&self) -> usize {
        self.entries.len() + self.sending
    }

    fn put(&mut self, entry: Entry) -> bool {
        let alike = Entry { at: 0, ..entry.clone() };
        if let Some((_, times)) = self.places.get(&alike).and_then(|place| self.entries.get_mut(*place)) {
            *times += 1;
            return true;
        }
        if self.count() >= WAITING_MAX {
            self.uncounted += 1;
            self.last = self.last.max(entry.at);
            return false;
        }
        self.places.insert(alike, self.entries.len());
        self.entries.push((entry, 1));
        true
    }

    /// The oldest entries that one line carries.
    fn take(&mut self) -> Option<Vec<(Entry, u64)>> {
        if self.uncounted > 0 && self.count() < WAITING_MAX {
            let lost = Entry::new(self.last, "entries-lost").fact("times", self.uncounted.to_string());
            self.uncounted = 0;
            self.put(lost);
        }
        let mut bytes = 0;
        let fits = |(entry, _): &&(Entry, u64)| {
            bytes += size(entry);
            bytes < LINE_BYTES_MAX
        };
        let many = self.entries.iter().take(ENTRIES_MAX).take_while(fits).count();
        if self.entries.is_empty() {
            return None;
        }
        let batch: Vec<_> = self.entries.drain(..many.max(1)).collect();
        self.places.clear();
        for (place, (entry, _)) in self.entries.iter().enumerate() {
            self.places.insert(Entry { at: 0, ..entry.clone() }, place);
        }
        self.sending = batch.len();
        Some(batch)
    }

    fn sent(&mut self, batch: Vec<(Entry, u64)>, taken: bool) {
        self.sending = 0;
        if !taken {
            // What came meanwhile and is alike stays an entry of its own.
            self.entries.splice(0..0, batch);
            self.places = self
                .entries
                .iter()
                .enumerate()
                .map(|(place, (entry, _))| (Entry { at: 0, ..entry.clone() }, place))
                .collect();
        }
    }
}

fn counted(entry: &Entry, times: u64) -> Entry {
    let entry = entry.clone();
    if times > 1 { entry.fact("times", times.to_string()) } else { entry }
}

/// Bytes of an entry in a line, generously: escapes and names of members.
fn size(entry: &Entry) -> usize {
    let texts = entry.facts.iter().map(|(name, value)| 2 * (name.len() + value.len()) + 8).sum::<usize>();
    let of = |text: &Option<String>| text.as_ref().map_or(0, |text| 2 * text.len());
    128 + 2 * entry.what.len() + of(&entry.by) + of(&entry.about) + texts
}

fn causes(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |cause| cause.source());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}

#[cfg(test)]
mod tests {
    use tokio::io::BufStream;
    use tokio::net::UnixListener;

    use super::super::{Reply, Request};
    use super::*;
    use crate::rpc::line;

    fn entry(at: u64, code: &str) -> Entry {
        Entry::new(at, "refusal").by("aa".to_owned()).fact("code", code)
    }

    #[test]
    fn entries_alike_but_for_their_second_wait_as_one() {
        let mut waiting = Waiting::default();
        for at in 1..=500 {
            assert!(waiting.put(entry(at, "rate-limited")));
        }
        waiting.put(entry(3, "role"));
        let batch = waiting.take().unwrap();
        assert_eq!(batch, [(entry(1, "rate-limited"), 500), (entry(3, "role"), 1)]);
        assert_eq!(counted(&batch[0].0, 500).facts.last().unwrap(), &("times".to_owned(), "500".to_owned()));
        assert!(waiting.take().is_none());
    }

    #[test]
    fn a_full_queue_says_so_and_counts_what_it_could_not_keep() {
        let journal = Journal::new(PathBuf::new());
        for n in 0..WAITING_MAX {
            assert!(!journal.full());
            assert!(journal.enter(entry(1, &n.to_string())));
        }
        assert!(journal.full());
        assert!(!journal.enter(entry(7, "one more")));
        assert!(journal.enter(entry(9, "3")), "it is alike one that waits");
        let mut waiting = journal.0.lock();
        let batch = waiting.take().unwrap();
        assert_eq!(batch.len(), ENTRIES_MAX);
        waiting.sent(batch, true);
        let mut rest = Vec::new();
        while let Some(batch) = waiting.take() {
            rest.extend(batch.clone());
            waiting.sent(batch, true);
        }
        let lost = Entry::new(7, "entries-lost").fact("times", "1");
        assert_eq!(rest.last(), Some(&(lost, 1)));
        assert_eq!(rest.len(), WAITING_MAX - ENTRIES_MAX + 1);
    }

    #[test]
    fn what_was_not_taken_waits_again_in_its_order() {
        let mut waiting = Waiting::default();
        waiting.put(entry(1, "a"));
        let batch = waiting.take().unwrap();
        waiting.put(entry(2, "b"));
        waiting.sent(batch, false);
        let again: Vec<_> = waiting.take().unwrap().into_iter().map(|(entry, _)| entry.at).collect();
        assert_eq!(again, [1, 2]);
    }

    #[tokio::test]
    async fn entries_are_sent_again_when_the_audit_hangs_up_before_its_answer() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("audit.sock");
        let listener = UnixListener::bind(&path).unwrap();
        let journal = Journal::new(path);
        let (stop, order) = shutdown::channel();
        let running = tokio::spawn(journal.clone().run(order));
        journal.enter(entry(1, "a"));
        let mut seen = Vec::new();
        for answers in [false, true] {
            let mut stream = BufStream::new(listener.accept().await.unwrap().0);
            let asked: Request = line::read(&mut stream, LINE_BYTES_MAX).await.unwrap().unwrap();
            seen.push(asked);
            if answers {
                line::write(&mut stream, &Reply::Appended { first: 1, last: 1 }).await.unwrap();
                stop.send(true).unwrap();
                running.await.unwrap();
                break;
            }
        }
        let expected = Request::Append { entries: vec![entry(1, "a")] };
        assert_eq!(seen, [expected.clone(), expected]);
        assert!(!journal.full());
    }
}
