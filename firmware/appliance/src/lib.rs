//! The one program `relaybox`: reads the configuration, starts a role, or all of them in one process
//! (`relaybox dev`).
//!
//! It is the only crate that knows more than one role. It deliberately does none of their work.
//!
//! Invariants: every socket is bound before any role starts; only the launcher handles signals; the
//! first role that fails stops all; a directory is removed only when it carries our marker.

pub mod cli;
pub mod demo;
pub mod dev;
mod launch;
pub mod roles;
mod tools;
