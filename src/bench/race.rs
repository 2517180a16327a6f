//! Race of several kernels of one operation, all timed in turn beside the same ceiling.

use super::ceiling::Chosen;
use super::clock::{Instant, Timer};
use super::inputs::Drawn;
use super::plan::plan;
use super::rotation::Rotation;
use super::{Bench, Subject, Unmeasured};
use crate::error::Error;
use crate::variant::Variant;

/// Kernels that are made ready, however long that takes.
const LEAST: usize = 4;

/// Kernels of a subject, each of them verified.
#[derive(Debug)]
pub(crate) struct Race<'a> {
    timer: &'a Timer,
    subject: Subject,
    entrants: Vec<(Variant, Rotation)>,
    ceiling: Chosen,
    /// Kernels whose results are not those of the reference, each with the difference: they do not take part.
    pub(crate) wrong: Vec<(Variant, String)>,
}

impl Bench {
    /// Compiles, binds and verifies kernels of a subject: the first few of them, and of the others as many as are ready before
    /// `until`. Those that cannot run here are left out.
    ///
    /// # Errors
    ///
    /// As [`prepare`](Self::prepare), for the first of them.
    pub(crate) async fn race(
        &mut self,
        subject: Subject,
        variants: &[Variant],
        until: Instant,
    ) -> Result<Race<'_>, Unmeasured> {
        self.check_size(&subject)?;
        let drawn = Drawn::of(&subject);
        let sets = self.rack.sets(&subject, &drawn, self.cold).await?;
        let (mut entrants, mut wrong) = (Vec::new(), Vec::new());
        for (place, variant) in variants.iter().enumerate() {
            if place >= LEAST && Instant::now() > until {
                break;
            }
            let proof = self.rack.poisoned(&subject, &sets[0])?;
            let planner = self.gpu.planner().with_variant(*variant);
            let runs = match plan(&planner, &subject) {
                Ok(planned) => self.verified(&planned, &drawn, &sets, &proof).await,
                Err(error) => Err(error.into()),
            };
            match runs {
                Ok(runs) => entrants.push((*variant, runs)),
                Err(Unmeasured::Differs { reason, .. }) if place > 0 => {
                    wrong.push((*variant, reason));
                }
                // Limits that only a text shows.
                Err(Unmeasured::Failed(Error::Limit { .. } | Error::Variant { .. }))
                    if place > 0 => {}
                Err(error) => return Err(error),
            }
        }
        let ceiling = self.choose(&subject, 0).await?;
        Ok(Race {
            timer: &self.timer,
            subject,
            entrants,
            ceiling,
            wrong,
        })
    }
}

impl Race<'_> {
    /// Returns the kernels that take part, in their order.
    pub(crate) fn variants(&self) -> Vec<Variant> {
        self.entrants.iter().map(|(variant, _)| *variant).collect()
    }

    /// Lets no more kernels take part than those at these places, in this order.
    pub(crate) fn keep(&mut self, places: &[usize]) {
        let mut entrants: Vec<_> = self.entrants.drain(..).map(Some).collect();
        let kept = places.iter().filter_map(|&place| entrants[place].take());
        self.entrants = kept.collect();
        self.line_up();
    }

    /// Lets each begin elsewhere in memory, as far from the others as possible: otherwise one would find in the caches what
    /// another has just left there.
    fn line_up(&mut self) {
        let count = self.entrants.len() as f64;
        for (place, (_, runs)) in self.entrants.iter_mut().enumerate() {
            runs.begin_at(place as f64 / count);
        }
    }

    /// Warms all of them up, and makes their samples long enough: of as many runs for each, so that they keep their distances.
    ///
    /// # Errors
    ///
    /// [`Error::Device`] if the device fails.
    pub(crate) async fn settle(&mut self) -> Result<(), Error> {
        let timer = self.timer;
        self.ceiling.runs.settle(timer).await?;
        let mut repeats = 1;
        for (_, runs) in &mut self.entrants {
            runs.settle(timer).await?;
            repeats = repeats.max(runs.repeats());
        }
        let entrants = self.entrants.iter_mut();
        entrants.for_each(|(_, runs)| runs.repeat(repeats));
        self.line_up();
        Ok(())
    }

    /// Times each of them once, and then its ceiling: nanoseconds of a run in the order of the kernels, and the fraction of the
    /// ceiling's rate. Which of them is first changes with `turn`.
    ///
    /// # Errors
    ///
    /// [`Error::Device`] if the device fails.
    pub(crate) async fn round(&mut self, turn: usize) -> Result<Vec<Lap>, Error> {
        let mut works: Vec<&mut Rotation> =
            self.entrants.iter_mut().map(|(_, runs)| runs).collect();
        works.push(&mut self.ceiling.runs);
        let count = works.len();
        works.rotate_left(turn % count);
        if turn / count % 2 == 1 {
            works.reverse();
        }
        let mut times = self.timer.time(&mut works).await?;
        if turn / count % 2 == 1 {
            times.reverse();
        }
        times.rotate_right(turn % count);
        let ceiling = times.pop().unwrap_or(f64::NAN) / self.ceiling.bytes as f64;
        let bytes = self.subject.bytes() as f64;
        let lap = |time: f64| Lap {
            time,
            fraction: ceiling / (time / bytes),
        };
        Ok(times.into_iter().map(lap).collect())
    }
}

/// Result of a kernel in a round.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Lap {
    /// Nanoseconds of a run.
    pub(crate) time: f64,
    /// Rate divided by that of the ceiling.
    pub(crate) fraction: f64,
}
