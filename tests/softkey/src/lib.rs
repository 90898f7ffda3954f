//! Software security keys for tests and the demo: the FIDO2 authenticator of Nitrokey's firmware (crate
//! `fido-authenticator`) behind CTAPHID on a Unix socket, with switches for what a person or a broken key does.
//!
//! It deliberately protects nothing: the seed of a key is its name. Nothing of it is in the shipped programs.

#[allow(clippy::disallowed_methods, reason = "a key counts from its own power-on, not by the box's clock")]
pub mod authenticator;
pub mod control;
pub mod frames;
pub mod key;
pub mod manner;
