//! Work that is done again and again on other memory, so that no run finds in a cache what another has left there.

use std::fmt::Debug;

use wgpu::ComputePass;

use super::clock::Timer;
use crate::{Bound, Error};

/// Runs of a sample, at most.
const MAX_REPEATS: f64 = 8192.0;

/// What records itself into a pass.
pub(super) trait Record: Debug {
    fn record(&self, pass: &mut ComputePass<'_>);
}

impl Record for Bound {
    fn record(&self, pass: &mut ComputePass<'_>) {
        Self::record(self, pass);
    }
}

/// The same work on different memory, each in turn.
#[derive(Debug)]
pub(super) struct Rotation {
    works: Vec<Box<dyn Record>>,
    next: usize,
    /// How many of them make a sample.
    repeats: usize,
}

impl Rotation {
    /// Of at least one.
    pub(super) fn new<R: Record + 'static>(works: Vec<R>) -> Self {
        let boxed = |work| -> Box<dyn Record> { Box::new(work) };
        Self {
            works: works.into_iter().map(boxed).collect(),
            next: 0,
            repeats: 1,
        }
    }

    /// Runs of a sample.
    pub(super) const fn repeats(&self) -> usize {
        self.repeats
    }

    /// Takes so many runs for a sample, at least one.
    pub(super) fn repeat(&mut self, repeats: usize) {
        self.repeats = repeats.max(1);
    }

    /// Warms up, and takes as many runs for a sample as make it long enough.
    pub(super) fn settle(&mut self, timer: &Timer) -> Result<(), Error> {
        self.repeats = 1;
        timer.time(&mut [self])?;
        let [one, other] = [timer.time(&mut [self])?[0], timer.time(&mut [self])?[0]];
        let once = one.min(other).max(1.0);
        self.repeats = (timer.sample / once).ceil().clamp(1.0, MAX_REPEATS) as usize;
        Ok(())
    }

    /// Records the runs of the next sample.
    pub(super) fn record(&self, pass: &mut ComputePass<'_>) {
        let turns = self.works.iter().cycle().skip(self.next);
        turns.take(self.repeats).for_each(|work| work.record(pass));
    }

    /// Leaves the memory of this sample behind.
    pub(super) const fn advance(&mut self) {
        self.next = (self.next + self.repeats) % self.works.len();
    }
}
