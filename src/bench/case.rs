//! A subject that is ready to be timed, and its measurement.

use std::time::{Duration, Instant};

use super::ceiling::Chosen;
use super::clock::Timer;
use super::rotation::Rotation;
use super::{Ceiling, Clock, Spread, Subject};
use crate::Error;

/// Rounds of a measurement: at least so many, however little time there is, and at most.
const ROUNDS: (usize, usize) = (5, 101);

/// What was measured.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Measurement {
    /// What was timed.
    pub subject: Subject,
    /// The kernel that ran, by name.
    pub kernel: String,
    /// Nanoseconds of device time that the operation takes.
    pub time_ns: Spread,
    /// The fewest bytes that it must move.
    pub bytes: u64,
    /// What it was timed beside.
    pub ceiling: Ceiling,
    /// The form of it that was the best, by name.
    pub ceiling_kernel: String,
    /// 10^9 bytes a second that the ceiling moves.
    pub ceiling_gb_per_s: Spread,
    /// The ceiling's time for the same bytes, divided by the operation's, round by round.
    pub fraction: Spread,
    /// The same with a ceiling that takes one exponential of every element, if it was asked for and the operation
    /// takes them too.
    pub exp_fraction: Option<Spread>,
    /// How many rounds there were.
    pub rounds: usize,
    /// Whether so much memory lay between two runs on the same that no cache had kept it.
    pub cold: bool,
    /// Where times come from.
    pub clock: Clock,
}

impl Measurement {
    /// 10^9 bytes a second, by the median time.
    pub fn gb_per_s(&self) -> f64 {
        self.bytes as f64 / self.time_ns.median
    }
}

/// A subject that is compiled, bound and verified, with the ceilings that it is timed beside.
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

/// Nanoseconds of one run each, in one round.
#[derive(Debug, Clone, Copy)]
struct Round {
    operation: f64,
    ceiling: f64,
    /// The operation again, where this ceiling was not asked for.
    exp_ceiling: f64,
}

impl Case<'_> {
    /// The fewest bytes that the operation must move.
    pub fn bytes(&self) -> u64 {
        self.subject.bytes()
    }

    /// Device time of so many runs of the operation.
    ///
    /// # Errors
    ///
    /// [`Error::Device`] if the device fails.
    pub fn time_operation(&mut self, runs: u64) -> Result<Duration, Error> {
        time_runs(self.timer, &mut self.operation, runs)
    }

    /// Device time of so many runs of its ceiling.
    ///
    /// # Errors
    ///
    /// [`Error::Device`] if the device fails.
    pub fn time_ceiling(&mut self, runs: u64) -> Result<Duration, Error> {
        time_runs(self.timer, &mut self.ceiling.runs, runs)
    }

    /// Measures for so long, operation and ceilings in turn: five rounds at least.
    ///
    /// # Errors
    ///
    /// [`Error::Device`] if the device fails.
    pub fn measure(&mut self, time: Duration) -> Result<Measurement, Error> {
        let (timer, begun) = (self.timer, Instant::now());
        self.operation.settle(timer)?;
        self.ceiling.runs.settle(timer)?;
        if let Some(ceiling) = &mut self.exp_ceiling {
            ceiling.runs.settle(timer)?;
        }
        let mut rounds = Vec::new();
        while rounds.len() < ROUNDS.0 || (rounds.len() < ROUNDS.1 && begun.elapsed() < time) {
            rounds.push(self.round(rounds.len() % 2 == 1)?);
        }
        Ok(self.measurement(&rounds))
    }

    /// The ceiling first and the operation last, or the other way round.
    fn round(&mut self, reversed: bool) -> Result<Round, Error> {
        let mut works = vec![&mut self.ceiling.runs];
        works.extend(self.exp_ceiling.as_mut().map(|ceiling| &mut ceiling.runs));
        works.push(&mut self.operation);
        if reversed {
            works.reverse();
        }
        let mut times = self.timer.time(&mut works)?;
        if reversed {
            times.reverse();
        }
        Ok(Round {
            ceiling: times[0],
            operation: times[times.len() - 1],
            exp_ceiling: times[1],
        })
    }

    fn measurement(&self, rounds: &[Round]) -> Measurement {
        let bytes = self.bytes() as f64;
        let spread =
            |of: &dyn Fn(&Round) -> f64| Spread::of(&rounds.iter().map(of).collect::<Vec<_>>());
        let fraction = |ceiling: &Chosen, time: f64, round: &Round| {
            (time / ceiling.bytes as f64) / (round.operation / bytes)
        };
        Measurement {
            subject: self.subject,
            kernel: self.kernel.clone(),
            time_ns: spread(&|round| round.operation),
            bytes: self.bytes(),
            ceiling: self.subject.ceiling(),
            ceiling_kernel: self.ceiling.name.clone(),
            ceiling_gb_per_s: spread(&|round| self.ceiling.bytes as f64 / round.ceiling),
            fraction: spread(&|round| fraction(&self.ceiling, round.ceiling, round)),
            exp_fraction: self
                .exp_ceiling
                .as_ref()
                .map(|ceiling| spread(&|round| fraction(ceiling, round.exp_ceiling, round))),
            rounds: rounds.len(),
            cold: self.cold,
            clock: self.timer.clock(),
        }
    }
}

fn time_runs(timer: &Timer, work: &mut Rotation, runs: u64) -> Result<Duration, Error> {
    work.repeat(usize::try_from(runs).unwrap_or(usize::MAX));
    let once = timer.time(&mut [work])?[0];
    Ok(Duration::from_secs_f64(once * work.repeats() as f64 / 1e9))
}
