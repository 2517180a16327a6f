//! Budgets of time, divided fairly.

use std::time::Duration;

use super::clock::Instant;

/// Budget of time for everything, from its start.
#[derive(Debug, Clone, Copy)]
pub struct Budget {
    begun: Instant,
    total: Duration,
}

impl Budget {
    /// Starts a budget that runs from now.
    pub fn new(total: Duration) -> Self {
        Self {
            begun: Instant::now(),
            total,
        }
    }

    /// Returns the time for the next of `waiting` subjects: an equal part of what is left. `None` where all is spent.
    pub fn share(&self, waiting: usize) -> Option<Duration> {
        let left = self.total.checked_sub(self.begun.elapsed())?;
        (!left.is_zero()).then(|| left.div_f64(waiting.max(1) as f64))
    }

    /// Returns an equal part of what is left, as a budget of its own.
    #[must_use]
    pub fn part(&self, waiting: usize) -> Self {
        Self::new(self.share(waiting).unwrap_or_default())
    }
}
