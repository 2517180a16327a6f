//! Budgets of time, divided fairly.

use std::time::{Duration, Instant};

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
        share(self.total, self.begun.elapsed(), waiting)
    }

    /// Returns an equal part of what is left, as a budget of its own.
    #[must_use]
    pub fn part(&self, waiting: usize) -> Self {
        Self::new(self.share(waiting).unwrap_or_default())
    }
}

fn share(total: Duration, spent: Duration, waiting: usize) -> Option<Duration> {
    let left = total.checked_sub(spent).filter(|left| !left.is_zero())?;
    Some(left.div_f64(waiting.max(1) as f64))
}

#[cfg(test)]
mod tests {
    use super::share;
    use std::time::Duration;

    #[test]
    fn what_is_left_is_divided_among_those_that_wait() {
        let [total, spent] = [60, 20].map(Duration::from_secs);
        assert_eq!(share(total, spent, 4), Some(Duration::from_secs(10)));
        assert_eq!(share(total, spent, 1), Some(Duration::from_secs(40)));
        assert_eq!(share(total, total, 4), None, "all is spent");
        assert_eq!(share(spent, total, 4), None, "more than all is spent");
    }
}
