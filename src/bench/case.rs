//! A subject that is ready to be timed, its measurement, and the spread of repeated measurements.

use std::time::Duration;

use super::ceiling::Chosen;
use super::clock::{Instant, Timer};
use super::rotation::Rotation;
use super::{Ceiling, Clock, Subject};
use crate::error::Error;

/// Fewest and most rounds of a measurement, however much time there is.
const ROUNDS: (usize, usize) = (5, 101);

/// Time that rounds take at least: little beside what preparing takes, and it makes quartiles of more than a handful of rounds.
const LEAST: Duration = Duration::from_millis(200);

/// Measurement of a subject.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Measurement {
    /// Subject that was timed.
    pub subject: Subject,
    /// Name of the kernel that ran.
    pub kernel: String,
    /// Device time of the operation in nanoseconds.
    pub time_ns: Spread,
    /// Fewest bytes that it must move.
    pub bytes: u64,
    /// Ceiling that it was timed with.
    pub ceiling: Ceiling,
    /// Name of the ceiling's form that was the best.
    pub ceiling_kernel: String,
    /// Rate of the ceiling in 10^9 bytes a second.
    pub ceiling_gb_per_s: Spread,
    /// Time of the ceiling for the same bytes, divided by the operation's, round by round.
    pub fraction: Spread,
    /// The same fraction in processor time instead of device time, on software adapters: all threads count, and time in which
    /// other programs had the processor does not. Two runs are compared by it.
    pub effort_fraction: Option<Spread>,
    /// The same fraction with a ceiling that takes one exponential of every element, if it was requested and the operation takes
    /// them too.
    pub exp_fraction: Option<Spread>,
    /// Number of rounds.
    pub rounds: usize,
    /// True if enough memory was used between two runs on the same buffers that no cache had kept them.
    pub cold: bool,
    /// Source of the times.
    pub clock: Clock,
}

impl Measurement {
    /// Returns the rate in 10^9 bytes a second, by the median time.
    pub fn gb_per_s(&self) -> f64 {
        self.bytes as f64 / self.time_ns.median
    }
}

/// Median of measurements, and the quartiles about it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Spread {
    /// Lower quartile: a quarter of the measurements is below.
    pub lower: f64,
    /// Median: half of the measurements are below.
    pub median: f64,
    /// Upper quartile: three quarters of the measurements are below.
    pub upper: f64,
}

impl Spread {
    /// Computes the spread of measurements in any order, none of them NaN; quartiles between two of them are interpolated. All
    /// NaN where there is no measurement.
    pub fn of(measurements: &[f64]) -> Self {
        let mut sorted = measurements.to_vec();
        sorted.sort_unstable_by(f64::total_cmp);
        let [lower, median, upper] = [0.25, 0.5, 0.75].map(|share| quantile(&sorted, share));
        Self {
            lower,
            median,
            upper,
        }
    }

    /// Returns the distance of the quartiles divided by the median.
    pub fn relative(&self) -> f64 {
        (self.upper - self.lower) / self.median
    }
}

/// Returns the value below which the fraction `share` of sorted values lies, by linear interpolation.
fn quantile(sorted: &[f64], share: f64) -> f64 {
    let place = share * sorted.len().saturating_sub(1) as f64;
    let at = |index: f64| sorted.get(index as usize).copied().unwrap_or(f64::NAN);
    let (below, above) = (at(place.floor()), at(place.ceil()));
    below + (above - below) * place.fract()
}

/// Subject that is compiled, bound and verified, with the ceilings that it is timed with.
#[derive(Debug)]
pub struct Case<'a> {
    pub(super) timer: &'a Timer,
    pub(super) subject: Subject,
    pub(super) kernel: String,
    pub(super) operation: Rotation,
    pub(super) ceiling: Chosen,
    pub(super) exp_ceiling: Option<Chosen>,
    pub(super) cold: bool,
}

impl Case<'_> {
    /// Returns the fewest bytes that the operation must move.
    pub fn bytes(&self) -> u64 {
        self.subject.bytes()
    }

    /// Returns the device time of `runs` runs of the operation.
    ///
    /// # Errors
    ///
    /// [`Error::Device`] if the device fails.
    #[cfg(not(target_arch = "wasm32"))]
    pub fn time_operation(&mut self, runs: u64) -> Result<Duration, Error> {
        time_runs(self.timer, &mut self.operation, runs)
    }

    /// Returns the device time of `runs` runs of its ceiling.
    ///
    /// # Errors
    ///
    /// [`Error::Device`] if the device fails.
    #[cfg(not(target_arch = "wasm32"))]
    pub fn time_ceiling(&mut self, runs: u64) -> Result<Duration, Error> {
        time_runs(self.timer, &mut self.ceiling.runs, runs)
    }

    /// Measures for `time`, and for 0.2 seconds at least, operation and ceilings in turn: 5 rounds at least, and at most 101.
    ///
    /// # Errors
    ///
    /// [`Error::Device`] if the device fails.
    #[cfg(not(target_arch = "wasm32"))]
    pub fn measure(&mut self, time: Duration) -> Result<Measurement, Error> {
        pollster::block_on(self.measure_async(time))
    }

    /// [`measure`](Self::measure), as a future.
    ///
    /// # Errors
    ///
    /// The same.
    pub async fn measure_async(&mut self, time: Duration) -> Result<Measurement, Error> {
        let (timer, time) = (self.timer, time.max(LEAST));
        for work in self.works() {
            work.settle(timer).await?;
        }
        let (mut rounds, mut efforts, begun) = (Vec::new(), Vec::new(), Instant::now());
        while rounds.len() < ROUNDS.0 || (rounds.len() < ROUNDS.1 && begun.elapsed() < time) {
            let (times, effort) = self.round(rounds.len() % 2 == 0).await?;
            rounds.push(times);
            efforts.extend(effort);
        }
        Ok(self.measurement(&rounds, &efforts))
    }

    /// Returns what is timed in a round: the operation, its ceiling, and the exponential one if there is one.
    fn works(&mut self) -> Vec<&mut Rotation> {
        let exp_ceiling = self.exp_ceiling.as_mut();
        let mut works = vec![&mut self.operation, &mut self.ceiling.runs];
        works.extend(exp_ceiling.map(|ceiling| &mut ceiling.runs));
        works
    }

    /// Returns the time of one run of each of the [works](Self::works), in nanoseconds, and on software adapters the
    /// processor's: timed one after the other, the last one first if they are reversed.
    async fn round(&mut self, reversed: bool) -> Result<(Vec<f64>, Option<Vec<f64>>), Error> {
        let timer = self.timer;
        let mut works = self.works();
        if reversed {
            works.reverse();
        }
        let (mut times, mut efforts) = timer.time_and_effort(&mut works).await?;
        if reversed {
            times.reverse();
            efforts.iter_mut().for_each(|efforts| efforts.reverse());
        }
        Ok((times, efforts))
    }

    fn measurement(&self, rounds: &[Vec<f64>], efforts: &[Vec<f64>]) -> Measurement {
        let bytes = self.bytes() as f64;
        let spread = |rounds: &[Vec<f64>], of: &dyn Fn(&[f64]) -> f64| {
            let values: Vec<f64> = rounds.iter().map(|times| of(times)).collect();
            Spread::of(&values)
        };
        let fraction = |rounds: &[Vec<f64>], ceiling: &Chosen, place: usize| {
            let ceiling_bytes = ceiling.bytes as f64;
            spread(rounds, &|times| {
                (times[place] / ceiling_bytes) / (times[0] / bytes)
            })
        };
        let exp_ceiling = self.exp_ceiling.as_ref();
        let has_effort = !efforts.is_empty();
        Measurement {
            subject: self.subject,
            kernel: self.kernel.clone(),
            time_ns: spread(rounds, &|times| times[0]),
            bytes: self.bytes(),
            ceiling: self.subject.ceiling(),
            ceiling_kernel: self.ceiling.name.clone(),
            ceiling_gb_per_s: spread(rounds, &|times| self.ceiling.bytes as f64 / times[1]),
            fraction: fraction(rounds, &self.ceiling, 1),
            effort_fraction: has_effort.then(|| fraction(efforts, &self.ceiling, 1)),
            exp_fraction: exp_ceiling.map(|ceiling| fraction(rounds, ceiling, 2)),
            rounds: rounds.len(),
            cold: self.cold,
            clock: self.timer.clock(),
        }
    }
}

#[cfg(not(target_arch = "wasm32"))]
fn time_runs(timer: &Timer, work: &mut Rotation, runs: u64) -> Result<Duration, Error> {
    work.repeat(usize::try_from(runs).unwrap_or(usize::MAX));
    let once = pollster::block_on(timer.time(&mut [work]))?[0];
    Ok(Duration::from_secs_f64(once * work.repeats() as f64 / 1e9))
}
