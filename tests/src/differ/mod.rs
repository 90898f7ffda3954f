//! The differential run: seeded random inputs and what the Rust code answers, one JSON line a case.
//! `appliance-ui/lib/protocol/differ.test.ts` asks the TypeScript code the same and compares.
//!
//! A case is drawn from seed and number alone, so any one of them can be made again. Its answer is
//! drawn from its input alone, so the other side needs nothing but the line.
#![allow(clippy::unwrap_used, reason = "a maker of test inputs stops at the first surprise")]

mod charts;
mod clinical;
mod dice;
mod history;
mod missing;
mod mutate;
mod numbers;
mod plain;
mod policy;
mod records;
mod registration;
mod sealed;
mod shapes;
mod town;

use serde_json::Value;

use dice::Dice;

/// One function of the protocol under comparison.
struct Op {
    name: &'static str,
    /// Cases among a hundred thousand.
    share: usize,
    make: fn(&mut Dice) -> Value,
    answer: fn(&Value) -> Value,
}

/// All functions; the shares follow what they cost in JavaScript (a curve operation takes
/// milliseconds there) and how much their inputs can differ.
fn ops() -> Vec<Op> {
    let parts = [plain::OPS, numbers::OPS, shapes::OPS, clinical::OPS, policy::OPS, sealed::OPS];
    parts
        .into_iter()
        .chain([charts::OPS, history::OPS, missing::OPS, registration::OPS])
        .flatten()
        .map(|(name, share, make, answer)| Op { name, share: *share, make: *make, answer: *answer })
        .collect()
}

/// Name, share, maker of inputs, answer.
type Row = (&'static str, usize, fn(&mut Dice) -> Value, fn(&Value) -> Value);

/// Case `n` of a seed: `{"n", "op", "input", "output"}`.
pub fn case(seed: &str, n: u64) -> Value {
    let mut dice = Dice::new(seed, n);
    let ops = ops();
    let mut at = dice.below(ops.iter().map(|op| op.share).sum());
    let mut chosen = None;
    for op in &ops {
        if at < op.share {
            chosen = Some(op);
            break;
        }
        at -= op.share;
    }
    let op = chosen.unwrap();
    let input = (op.make)(&mut dice);
    let output = (op.answer)(&input);
    serde_json::json!({"n": n, "op": op.name, "input": input, "output": output})
}

/// Names of all functions.
pub fn names() -> Vec<&'static str> {
    ops().iter().map(|op| op.name).collect()
}
