//! Receipts, kind 2122 (PROTOCOL 2.5, 2.8.11–13): build, parse, verify chains, k of n.

use crate::{Event, EventId, Keys, PublicKey};

use crate::permissions::Compartment;

/// Rows in one receipt.
pub const ROWS_MAX: usize = 500;

/// Which chain a receipt belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ChainKey {
    /// (compartment, subject): the second `p`; without one the author if not staff; else none.
    Clinical { compartment: Compartment, subject: Option<PublicKey> },
    /// 2102, 2103, 2105, 2107, unscoped 2108 of staff and agents and their lifts.
    Policy,
    /// 2104, other 2108, 2109, 2110, 2127.
    PolicyStaff,
}

impl ChainKey {
    /// Stable bytes for the store: tag byte, compartment byte, 32 bytes of subject.
    pub fn to_bytes(self) -> Vec<u8> {
        todo!()
    }
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let _ = bytes;
        todo!()
    }
}

/// One row: an event that the box received.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Row {
    pub id: EventId,
    /// Unix seconds.
    pub received: u64,
    pub import: bool,
}

/// Last receipt of each policy chain before the arrival of the rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash, PartialOrd, Ord)]
pub struct PolicyMark {
    pub public: Option<EventId>,
    pub staff: Option<EventId>,
}

/// A parsed receipt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    pub id: EventId,
    pub signer: PublicKey,
    /// First `p` of a clinical receipt: the epoch key.
    pub epoch_key: Option<PublicKey>,
    /// Second `p` of a clinical receipt, or none.
    pub subject: Option<PublicKey>,
    /// `c` of a policy receipt.
    pub policy_chain: Option<ChainKey>,
    /// Rows so far, this receipt's included.
    pub n: u64,
    pub prev: Option<EventId>,
    pub mark: PolicyMark,
    pub rows: Vec<Row>,
}

/// What goes into a new receipt.
#[derive(Debug, Clone)]
pub struct NewReceipt<'a> {
    pub chain: ChainKey,
    /// E of the chain's compartment, newest epoch; none for policy chains.
    pub epoch_key: Option<PublicKey>,
    /// Rows named before in this chain.
    pub before: u64,
    pub prev: Option<EventId>,
    pub mark: PolicyMark,
    pub rows: &'a [Row],
    pub created_at: u64,
}

/// Builds and signs a receipt with the box key. Panics never; 1 to [`ROWS_MAX`] rows.
pub fn build(box_keys: &Keys, new: &NewReceipt<'_>) -> Event {
    let _ = (box_keys, new);
    todo!()
}

/// Parses the strict shape; signature and chain are checked elsewhere.
pub fn parse(event: &Event) -> Option<Receipt> {
    let _ = event;
    todo!()
}
