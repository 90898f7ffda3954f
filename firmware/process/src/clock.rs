//! The clock: the one place that asks the time, and one moved by hand for the simulation.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Wall time in unix seconds and a monotonic instant.
#[derive(Debug, Clone)]
pub enum Clock {
    System,
    /// Unix seconds, moved by a test.
    Manual(Arc<AtomicU64>),
}

impl Clock {
    /// Unix seconds.
    pub fn now(&self) -> u64 {
        match self {
            #[allow(clippy::disallowed_methods, reason = "the one place that asks the wall clock")]
            Self::System => std::time::SystemTime::now()
                .duration_since(std::time::UNIX_EPOCH)
                .unwrap_or(Duration::ZERO)
                .as_secs(),
            Self::Manual(seconds) => seconds.load(Ordering::SeqCst),
        }
    }

    /// For measuring durations; never stored.
    #[allow(clippy::disallowed_methods, reason = "the one place that asks the monotonic clock")]
    pub fn instant(&self) -> Instant {
        Instant::now()
    }
}
