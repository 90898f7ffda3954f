//! What a run did, so that a quiet one is no proof.

use std::collections::BTreeMap;

/// Sums over all seeds.
#[derive(Debug, Default, Clone)]
pub(crate) struct Totals {
    pub(crate) seeds: u64,
    pub(crate) operations: u64,
    pub(crate) crashes: u64,
    /// Events in flight without an OK: kept and lost.
    pub(crate) kept: u64,
    pub(crate) lost: u64,
    pub(crate) delivered: u64,
    pub(crate) rows: u64,
    pub(crate) receipts: u64,
    /// Verdicts by their word.
    pub(crate) verdicts: BTreeMap<&'static str, u64>,
}

impl Totals {
    pub(crate) fn add(&mut self, other: &Self) {
        self.seeds += other.seeds;
        self.operations += other.operations;
        self.crashes += other.crashes;
        self.kept += other.kept;
        self.lost += other.lost;
        self.delivered += other.delivered;
        self.rows += other.rows;
        self.receipts += other.receipts;
        for (word, n) in &other.verdicts {
            *self.verdicts.entry(word).or_default() += n;
        }
    }

    /// Enough of everything happened.
    pub(crate) fn assert_varied(&self, seeds: u64) {
        assert_eq!(self.seeds, seeds);
        assert!(self.operations >= seeds * 2_000 && self.crashes >= seeds * 3, "{self}");
        if seeds < 5 {
            return;
        }
        let wanted = [
            "stored",
            "duplicate",
            "handed over",
            "role",
            "act",
            "compartment",
            "epoch",
            "envelope",
            "subject",
            "suspended",
            "not-member",
            "too-old",
            "in-future",
            "expiration",
            "key-in-use",
            "pop",
            "seq",
            "ended-by-practice",
            "suspension-limit",
            "policy-authority",
            "policy-shape",
            "superseded",
            "deleted",
            "clinical-delete",
            "wrap-sender",
            "wrap-recipient",
            "practice-over-network",
            "auth-required",
            "author-not-authenticated",
            "former-key",
            "visit",
            "bad-id",
            "bad-signature",
            "kind-not-taken",
            "protected",
        ];
        let missing: Vec<_> = wanted.iter().filter(|word| !self.verdicts.contains_key(*word)).collect();
        assert!(missing.is_empty(), "never came up: {missing:?}\n{self}");
        assert!(self.delivered > 0 && self.rows > 0 && self.receipts > 0, "{self}");
    }
}

impl std::fmt::Display for Totals {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "{} seeds, {} operations, {} crashes ({} events without OK were kept, {} lost), {} rows read, \
             {} receipts, {} live subscriptions compared\nverdicts: {:?}",
            self.seeds,
            self.operations,
            self.crashes,
            self.kept,
            self.lost,
            self.rows,
            self.receipts,
            self.delivered,
            self.verdicts
        )
    }
}
