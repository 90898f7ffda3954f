//! Token buckets per key or address, in whole seconds, bounded in number. Per node.

use std::collections::HashMap;
use std::hash::Hash;

/// Buckets kept before full ones are dropped; a full bucket says nothing.
const BUCKETS_MAX: usize = 10_000;

/// One bucket for each `K`: a burst of `per_minute`, refilled evenly.
#[derive(Debug)]
pub(crate) struct Rates<K> {
    per_minute: u64,
    buckets: HashMap<K, Bucket>,
}

/// `spent` sixtieths of a token were taken as of `at`.
#[derive(Debug, Clone, Copy)]
struct Bucket {
    spent: u64,
    at: u64,
}

impl<K: Hash + Eq> Rates<K> {
    pub(crate) fn new(per_minute: u32) -> Self {
        Self { per_minute: u64::from(per_minute), buckets: HashMap::new() }
    }

    /// Takes one token; false when the bucket is empty. `now` in unix seconds.
    pub(crate) fn take(&mut self, key: K, now: u64) -> bool {
        let per_minute = self.per_minute;
        if self.buckets.len() >= BUCKETS_MAX {
            self.buckets.retain(|_, bucket| bucket.after(now, per_minute) > 0);
        }
        let bucket = self.buckets.entry(key).or_insert(Bucket { spent: 0, at: now });
        // A clock that was set back would otherwise give nothing until it is there again.
        bucket.at = bucket.at.min(now);
        let spent = bucket.after(now, per_minute);
        if spent + 60 > per_minute * 60 {
            return false;
        }
        *bucket = Bucket { spent: spent + 60, at: now };
        true
    }
}

impl Bucket {
    /// What is still spent at `now`: one second gives back `per_minute` sixtieths. A clock that
    /// steps back gives nothing and takes nothing.
    fn after(self, now: u64, per_minute: u64) -> u64 {
        self.spent.saturating_sub(now.saturating_sub(self.at).saturating_mul(per_minute))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_minute_gives_the_named_number_and_no_more() {
        let mut rates = Rates::new(3);
        assert!((0..3).all(|_| rates.take("a", 100)));
        assert!(!rates.take("a", 100));
        assert!(rates.take("b", 100), "another key has its own bucket");
        assert!(!rates.take("a", 119));
        assert!(rates.take("a", 120), "one token came back after twenty seconds");
        assert!(!rates.take("a", 120));
    }

    #[test]
    fn a_clock_that_steps_back_neither_gives_nor_takes() {
        let mut rates = Rates::new(1);
        assert!(rates.take("a", 1_000));
        assert!(!rates.take("a", 10));
        assert!(rates.take("a", 70), "from then on it gives as before");
    }

    #[test]
    fn the_number_of_buckets_is_bounded() {
        let mut rates = Rates::new(60);
        for n in 0..BUCKETS_MAX as u64 + 5_000 {
            rates.take(n, n);
        }
        assert!(rates.buckets.len() <= BUCKETS_MAX);
    }
}
