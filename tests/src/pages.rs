//! Pages that are made from the code: kinds, refusals, the tags of each kind, their schema and one example event of
//! each kind. Everything is drawn from one seed, so the pages are the same on every machine.

mod examples;
mod interoperability;
mod tags;

pub use examples::{Example, examples};
pub use interoperability::{examples_json, page};
pub use tags::schema;
