//! The vault: the practice's key in cold storage. It seals the practice key P and the escrow key v to
//! security keys and to 24 recovery words, and opens them for one operation of one ceremony.
//!
//! It deliberately has no raw signing, no ECDH, no decryption for others and no export: a caller names one of
//! the operations of [`request::Operation`], and gets signed policy events.
//!
//! Invariants:
//! - P and v lie on disk only inside the sealed file ([`envelope`]); the file is replaced only after its
//!   successor was read back ([`mod@file`]).
//! - A sealed file has two slot keys at least, and the recovery recipient.
//! - What is signed builds on the newest policy that this vault has seen; an older history is refused
//!   ([`history`]).

mod board;
pub mod ceremony;
mod child;
pub mod contents;
pub mod deeds;
pub mod envelope;
pub mod file;
pub mod guard;
pub mod history;
pub mod pairing;
pub mod pin;
pub mod prf;
pub mod request;
mod role;
mod sheets;
mod shown;
pub mod slot;
#[cfg(test)]
mod testing;
mod wire;
pub mod words;

pub use child::{ChildError, ceremony_process};
pub use role::{DemoVault, DemoVaultError, VaultError, seal_demo, start};
