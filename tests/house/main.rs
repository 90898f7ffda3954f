//! The rules of the house as tests: who may depend on whom, what may do no IO, how long a file may
//! grow, what the lock file may hold, which promise is proved by which test.
//!
//! They read the tree and compile nothing but themselves. `docs/ARCHITECTURE.md` says why each rule
//! stands.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a rule that cannot read the tree must fail")]

mod arrows;
mod coverage;
mod faces;
mod kinds;
mod legacy;
mod lockfile;
mod purity;
mod softkey;
mod text;
mod tree;
