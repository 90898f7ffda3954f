//! What roles say to each other over Unix sockets, one file per callee.

pub mod ceremony;
pub mod line;
