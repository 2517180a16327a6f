//! Rotation of the same work through different memory, so that no run finds data in a cache that another has left there.

use std::fmt::Debug;

use wgpu::ComputePass;

use super::clock::Timer;
use crate::device::kernel::Bound;
use crate::error::Error;

/// Largest number of runs of a sample.
const MAX_REPEATS: f64 = 8192.0;

/// Work that records itself into a pass.
pub(super) trait Record: Debug {
    fn record(&self, pass: &mut ComputePass<'_>);
}

impl Record for Bound {
    fn record(&self, pass: &mut ComputePass<'_>) {
        Self::record(self, pass);
    }
}

/// Rotation of the same work on different memory, each in turn.
#[derive(Debug)]
pub(super) struct Rotation {
    works: Vec<Box<dyn Record>>,
    next: usize,
    /// Number of runs of a sample.
    repeats: usize,
}

impl Rotation {
    /// Creates a rotation of at least one work.
    pub(super) fn new<R: Record + 'static>(works: Vec<R>) -> Self {
        let boxed = |work| -> Box<dyn Record> { Box::new(work) };
        Self {
            works: works.into_iter().map(boxed).collect(),
            next: 0,
            repeats: 1,
        }
    }

    /// Returns the number of runs of a sample.
    pub(super) const fn repeats(&self) -> usize {
        self.repeats
    }

    /// Sets the number of runs of a sample, at least one.
    pub(super) fn repeat(&mut self, repeats: usize) {
        self.repeats = repeats.max(1);
    }

    /// Begins anew at a share of the memory, from 0 to 1.
    pub(super) const fn begin_at(&mut self, share: f64) {
        self.next = (share * self.works.len() as f64) as usize % self.works.len();
    }

    /// Warms up, and sets the number of runs that make a sample long enough.
    pub(super) async fn settle(&mut self, timer: &Timer) -> Result<(), Error> {
        self.repeats = 1;
        timer.time(&mut [self]).await?;
        let one = timer.time(&mut [self]).await?[0];
        let other = timer.time(&mut [self]).await?[0];
        let once = one.min(other).max(1.0);
        self.repeats = (timer.sample() / once).ceil().clamp(1.0, MAX_REPEATS) as usize;
        Ok(())
    }

    /// Records the runs of the next sample.
    pub(super) fn record(&self, pass: &mut ComputePass<'_>) {
        let turns = self.works.iter().cycle().skip(self.next);
        turns.take(self.repeats).for_each(|work| work.record(pass));
    }

    /// Moves on to the memory after that of this sample.
    pub(super) const fn advance(&mut self) {
        self.next = (self.next + self.repeats) % self.works.len();
    }
}

#[cfg(test)]
mod tests {
    use super::{ComputePass, Record, Rotation};

    #[derive(Debug, Clone)]
    struct Idle;

    impl Record for Idle {
        fn record(&self, _: &mut ComputePass<'_>) {}
    }

    #[test]
    fn rotations_that_begin_apart_stay_apart() {
        let mut rotations = [0.0, 0.25, 0.5, 0.75].map(|share| {
            let mut rotation = Rotation::new(vec![Idle; 10]);
            rotation.begin_at(share);
            rotation.repeat(3);
            rotation
        });
        assert_eq!(
            rotations.each_ref().map(|rotation| rotation.next),
            [0, 2, 5, 7]
        );
        rotations.iter_mut().for_each(Rotation::advance);
        assert_eq!(rotations.map(|rotation| rotation.next), [3, 5, 8, 0]);
        let mut single = Rotation::new(vec![Idle]);
        single.begin_at(0.75);
        assert_eq!(single.next, 0);
    }
}
