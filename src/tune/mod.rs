//! Tuning on request: which kernel is the fastest on a device, by a race.
//!
//! ```no_run
//! use std::time::Duration;
//! use wgpu_softmax::bench::Subject;
//! use wgpu_softmax::tune::Tuner;
//! use wgpu_softmax::{DType, Gpu, SoftmaxSpec, variant::Operation};
//!
//! let gpu = Gpu::open()?;
//! let mut tuner = Tuner::new(&gpu)?;
//! let softmax = Subject { operation: Operation::Softmax, rows: 8192, cols: 1000, inner: 1, dtype: DType::F32 };
//! let outcome = tuner.tune(softmax, Duration::from_secs(5))?;
//! println!("{}: {:.2} times as fast", outcome.best.variant, outcome.ratio.median);
//!
//! let planner = gpu.planner().with_tunings(&[tuner.tuning()])?;
//! let plan = planner.softmax(SoftmaxSpec::new(8192, 1000))?; // with the faster kernel, if there is one
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Method
//!
//! - **Rivals.** Those that [`rivals`] lists: none moves more bytes than the kernel that the library prefers, the built-in choice,
//!   but for one that reads a row twice where that one holds it in registers.
//! - **Results first.** Each is compared with the f64 reference before it is timed, as in [`bench`](crate::bench), and out of the race if
//!   it differs.
//! - **Heats.** All take turns for a few rounds; the three best of them and the preferred one are left.
//! - **Final.** These take turns with the ceiling for the rest of the time, each as far from the others in memory as can be. Its
//!   rounds alone decide, since the best of many in few rounds is partly a matter of luck.
//! - **Verdict.** Times are compared within a round only. Rounds are taken together in up to 21 groups, of which the median counts:
//!   the more time, the less noise. Another kernel replaces the preferred one if in three of four groups it is faster by 3 % at least.
//! - **Classes.** A winner serves rows of about the length at which it was measured, half an octave to each side, and half to
//!   twice as many; from 1,024 rows on, any larger number. Where another shape was measured nearby, the range ends between them.

mod classes;

use std::time::Duration;

use crate::bench::{Bench, Instant, Lap, Options, Race, Spread, Subject, Unmeasured};
use crate::device::planner::Planner;
use crate::device::tuning::Tuning;
use crate::error::Error;
use crate::gpu::Gpu;
use crate::variant::{Variant, rivals};

/// Fewest and most rounds of the heats, which may take a third of the time that is left.
const HEATS: (usize, usize) = (3, 15);

/// Kernels that come into the final with the preferred one.
const FINALISTS: usize = 3;

/// Fewest and most rounds of the final.
const FINAL: (usize, usize) = (11, 315);

/// Groups of consecutive rounds, at most.
const GROUPS: usize = 21;

/// Gain that the lower quartile of the ratios must reach.
const GAIN: f64 = 1.03;

/// Kernel in the final of a race.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct Finalist {
    /// The kernel.
    pub variant: Variant,
    /// Time of the ceiling for the same bytes, divided by the kernel's, round by round.
    pub fraction: Spread,
}

/// Outcome of a race.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Outcome {
    /// Subject of all kernels in the race.
    pub subject: Subject,
    /// Number of kernels that were timed.
    pub tried: usize,
    /// Number of rounds of the final.
    pub rounds: usize,
    /// Kernel that the library prefers.
    pub preferred: Finalist,
    /// Fastest of the others, or the preferred one if there are none.
    pub best: Finalist,
    /// Time of the preferred kernel divided by that of the best: of groups of rounds, the medians of their ratios.
    pub ratio: Spread,
    /// Kernels that were left out since their results are not those of the reference, each with the difference.
    pub wrong: Vec<(Variant, String)>,
}

impl Outcome {
    /// Returns true if the best kernel is to replace the preferred one: it is faster beyond the noise.
    pub fn replaces(&self) -> bool {
        self.ratio.lower >= GAIN
    }
}

/// Tuner of the kernels of a device.
#[derive(Debug)]
pub struct Tuner {
    gpu: Gpu,
    bench: Bench,
    outcomes: Vec<Outcome>,
}

impl Tuner {
    /// Warms the device up.
    ///
    /// # Errors
    ///
    /// As [`Bench::new`].
    #[cfg(not(target_arch = "wasm32"))]
    pub fn new(gpu: &Gpu) -> Result<Self, Error> {
        pollster::block_on(Self::new_async(gpu))
    }

    /// [`new`](Self::new), as a future.
    ///
    /// # Errors
    ///
    /// The same.
    pub async fn new_async(gpu: &Gpu) -> Result<Self, Error> {
        // A planner without tunings, whose pipelines are nobody else's.
        let gpu = gpu.with_planner(Planner::new(gpu.device()));
        Ok(Self {
            bench: Bench::new_async(&gpu, Options::default()).await?,
            gpu,
            outcomes: Vec::new(),
        })
    }

    /// Races the kernels of a subject, in about `time`: on a software adapter compiling them takes seconds, of which a third of the
    /// time is given to them.
    ///
    /// # Errors
    ///
    /// [`Unmeasured::Failed`] where the library refuses the shape or the device fails, [`Unmeasured::Differs`] where the
    /// results of the preferred kernel are wrong.
    #[cfg(not(target_arch = "wasm32"))]
    pub fn tune(&mut self, subject: Subject, time: Duration) -> Result<&Outcome, Unmeasured> {
        pollster::block_on(self.tune_async(subject, time))
    }

    /// [`tune`](Self::tune), as a future.
    ///
    /// # Errors
    ///
    /// The same.
    pub async fn tune_async(
        &mut self,
        subject: Subject,
        time: Duration,
    ) -> Result<&Outcome, Unmeasured> {
        let begun = Instant::now();
        let variants = rivals(subject.problem()?, self.gpu.planner().abilities())?;
        let race = self.bench.race(subject, &variants, begun + time / 3);
        let outcome = run(&mut race.await?, subject, begun + time).await?;
        self.gpu.planner().clear();
        self.outcomes.retain(|other| other.subject != subject);
        self.outcomes.push(outcome);
        Ok(&self.outcomes[self.outcomes.len() - 1])
    }

    /// Returns the outcomes so far.
    pub fn outcomes(&self) -> &[Outcome] {
        &self.outcomes
    }

    /// Returns the kernels that are to replace the preferred ones so far.
    pub fn tuning(&self) -> Tuning {
        let mut tuning = Tuning::of(self.gpu.device());
        tuning.kernels = classes::kernels(&self.outcomes);
        tuning
    }
}

/// Runs a race, of which the first kernel is the preferred one.
async fn run(race: &mut Race<'_>, subject: Subject, until: Instant) -> Result<Outcome, Error> {
    let tried = race.variants().len();
    race.settle().await?;
    let mut times = vec![Vec::new(); tried];
    let now = Instant::now();
    let heats_end = now + until.saturating_duration_since(now) / 3;
    for turn in 0..HEATS.1 {
        if turn >= HEATS.0 && Instant::now() > heats_end {
            break;
        }
        let laps = times.iter_mut().zip(race.round(turn).await?);
        laps.for_each(|(times, lap)| times.push(lap.time));
    }
    race.keep(&finalists(&times));
    let variants = race.variants();
    let mut rounds = Vec::new();
    while rounds.len() < FINAL.0 || (rounds.len() < FINAL.1 && Instant::now() < until) {
        rounds.push(race.round(rounds.len()).await?);
    }
    let spread = |of: &dyn Fn(&[Lap]) -> f64| {
        Spread::of(&rounds.iter().map(|laps| of(laps)).collect::<Vec<_>>())
    };
    let ratio = |place: usize| {
        let ratios = rounds.iter().map(|laps| laps[0].time / laps[place].time);
        of_groups(&ratios.collect::<Vec<_>>())
    };
    let finalist = |place: usize| Finalist {
        variant: variants[place],
        fraction: spread(&|laps| laps[place].fraction),
    };
    let best = (1..variants.len())
        .max_by(|&one, &other| ratio(one).median.total_cmp(&ratio(other).median))
        .unwrap_or(0);
    Ok(Outcome {
        subject,
        tried,
        rounds: rounds.len(),
        preferred: finalist(0),
        best: finalist(best),
        ratio: ratio(best),
        wrong: std::mem::take(&mut race.wrong),
    })
}

/// Returns the spread of the medians of groups of consecutive values.
fn of_groups(values: &[f64]) -> Spread {
    let groups = values.chunks(values.len().div_ceil(GROUPS).max(1));
    let medians = groups.map(|group| Spread::of(group).median);
    Spread::of(&medians.collect::<Vec<_>>())
}

/// Returns the places of the first kernel and of the fastest others, by the times of each.
fn finalists(times: &[Vec<f64>]) -> Vec<usize> {
    let median = |place: usize| Spread::of(&times[place]).median;
    let mut others: Vec<usize> = (1..times.len()).collect();
    others.sort_by(|&one, &other| median(one).total_cmp(&median(other)));
    others.truncate(FINALISTS);
    [vec![0], others].concat()
}

#[cfg(test)]
mod tests;
