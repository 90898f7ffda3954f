//! What a database file holds, read past the store by its bytes, and whether its receipts are whole.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use relaybox_protocol::permissions::Compartment;
use relaybox_protocol::receipts::{ChainKey, Completeness, Readership, Receipt, ReceiptBook, parse};
use relaybox_protocol::{Event, EventId, PublicKey, kinds};
use relaybox_tests::practice::Practice;
use rusqlite::{Connection, OpenFlags};

/// Every event of a file.
pub(crate) struct Kept {
    /// Exact bytes.
    pub(crate) bytes: BTreeMap<EventId, String>,
    /// In arrival order.
    pub(crate) events: Vec<Event>,
}

impl Kept {
    pub(crate) fn read(file: &Path) -> Self {
        let conn = Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
        let mut statement = conn.prepare("SELECT seq, bytes FROM event ORDER BY seq").unwrap();
        let rows =
            statement.query_map([], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?))).unwrap();
        let (mut bytes, mut events) = (BTreeMap::new(), Vec::new());
        for (expected, row) in (1..).zip(rows) {
            let (seq, json) = row.unwrap();
            assert_eq!(seq, expected, "arrival numbers have no gap");
            let event = Event::from_json(&json).unwrap();
            assert!(bytes.insert(event.id, json).is_none(), "{} is stored twice", event.id);
            events.push(event);
        }
        Self { bytes, events }
    }

    pub(crate) fn holds(&self, id: &EventId) -> bool {
        self.bytes.contains_key(id)
    }

    /// Every one of these is there, byte for byte.
    pub(crate) fn assert_all<'a>(&self, acknowledged: impl IntoIterator<Item = (&'a EventId, &'a String)>) {
        for (id, json) in acknowledged {
            let kept = self.bytes.get(id);
            assert_eq!(kept, Some(json), "the relay said OK to {id}");
        }
    }

    /// All events of the batch are there, or none is; tells which.
    pub(crate) fn whole(&self, batch: &[Event]) -> bool {
        let found = batch.iter().filter(|event| self.holds(&event.id)).count();
        assert!(found == 0 || found == batch.len(), "{found} of {} events of one transaction", batch.len());
        found > 0
    }

    /// Every chain is whole and names nothing twice, and nothing that is not there. With `all` nothing
    /// is still due.
    pub(crate) fn assert_receipts(&self, practice: &Practice, all: bool) {
        let (receipts, events): (Vec<Event>, Vec<Event>) =
            self.events.iter().cloned().partition(|event| event.kind.as_u16() == kinds::RECEIPT);
        let mut named: BTreeMap<ChainKey, BTreeSet<EventId>> = BTreeMap::new();
        for event in &receipts {
            let receipt = parse(event).unwrap();
            let rows = named.entry(chain_of(practice, &receipt)).or_default();
            for row in &receipt.rows {
                assert!(rows.insert(row.id), "{} is named twice", row.id);
                assert!(self.holds(&row.id), "{} is named and not there", row.id);
            }
        }
        let owner = practice.practice.public_key();
        let book = ReceiptBook::read(owner, Readership::Staff, &receipts, &events);
        for (chain, state) in book.chains() {
            assert_eq!(state.completeness, Completeness::Whole, "{chain:?}");
            let rows = named.get(chain).map_or(0, BTreeSet::len);
            assert_eq!((state.n, state.ids.len()), (rows as u64, rows), "{chain:?}");
        }
        if !all {
            return;
        }
        for event in events.iter().filter(|event| kinds::is_clinical(event.kind.as_u16())) {
            let row = book.receipted(event);
            assert!(row.is_some_and(|row| row.position.is_some()), "{} has no receipt", event.id);
        }
    }
}

fn chain_of(practice: &Practice, receipt: &Receipt) -> ChainKey {
    let compartment = |key: &PublicKey| {
        let of = |c: &Compartment| practice.epochs.iter().any(|epoch| epoch.of(*c).public == *key);
        Compartment::ALL.into_iter().find(of)
    };
    match (receipt.policy_chain, receipt.epoch_key) {
        (Some(chain), _) => chain,
        (None, key) => {
            let compartment = key.as_ref().and_then(compartment).unwrap();
            ChainKey::Clinical { compartment, subject: receipt.subject }
        }
    }
}
