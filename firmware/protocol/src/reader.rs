//! The reader rule (PROTOCOL 2.1, 2.8): a record is shown, pending, sealed, or in quarantine with a
//! named reason. Never dropped.

/// Reasons in the order in which the first that applies is named (PROTOCOL 2.8.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Reason {
    Id,
    Sig,
    NoReceipt,
    ImportSigner,
    NotMember,
    Role,
    Act,
    Compartment,
    Epoch,
    Commitment,
    Body,
    Binding,
    Subject,
    RetryDiffers,
}
