//! What roles say to each other over Unix sockets, one file per callee.

pub mod audit;
pub mod ceremony;
pub mod line;
pub mod policy;
pub mod slot;
pub mod vault;
