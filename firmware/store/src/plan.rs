//! Filter × scope → plan. No SQL, no IO.

use relaybox_protocol::Filter;
use relaybox_protocol::refusal::Refusal;
use relaybox_protocol::scope::{Branch, Scope};

/// A union of branches, newest first, each event once, one limit.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    pub branches: Vec<PlanBranch>,
    pub limit: Option<usize>,
}

/// A conjunction that drives one set of index cursors.
#[derive(Debug, Clone, PartialEq)]
pub struct PlanBranch {
    pub branch: Branch,
    pub since: Option<u64>,
    pub until: Option<u64>,
}

impl Plan {
    /// All filters of one REQ within a scope. A filter that widens nothing narrows; an empty result
    /// is an empty plan.
    pub fn build(filters: &[Filter], scope: &Scope) -> Result<Self, Refusal> {
        let _ = (filters, scope);
        todo!()
    }
}
