//! Tools that time operations, each with a kernel that moves the same bytes and computes nothing.
//!
//! ```no_run
//! use std::time::Duration;
//! use wgpu_softmax::bench::{Bench, Options, Subject};
//! use wgpu_softmax::{DType, Gpu, variant::Operation};
//!
//! let mut bench = Bench::new(&Gpu::open()?, Options::default())?;
//! let softmax = Subject { operation: Operation::Softmax, rows: 8192, cols: 1024, inner: 1, dtype: DType::F32 };
//! let measured = bench.measure(softmax, Duration::from_secs(1))?;
//! println!("{:.0} GB/s, {:.2} of a copy", measured.gb_per_s(), measured.fraction.median);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Method
//!
//! - **Ceilings.** A copy kernel for operations that write a matrix, a read kernel for the others, both with 16-byte accesses.
//!   The best of several tilings is chosen anew for every power of two of the bytes ([`Sweep`]). Each first proves that it
//!   moves every word.
//! - **Rounds.** Ceiling and operation take turns, each in a pass of its own, in changing order: in one submission, and on
//!   software adapters in one each. A [fraction](Measurement::fraction) is a ratio within a round: machines change their
//!   speed from one second to the next, and only times of the same moment compare.
//! - **Two runs.** What changed between them is told by [`Timing::since`]: by the quartiles of both, and on software adapters in
//!   processor time, which other programs change little. [`Bench::keep_ceilings`] makes both use the same ceilings.
//! - **Clock.** The device's timestamps at both ends of a pass, unless there are none or they disagree with the wall
//!   clock. A pass repeats its work until it takes 2 ms on a software adapter, 0.2 ms on others, and 10 ms in browsers, which
//!   round times.
//! - **Memory.** Runs rotate through several sets of buffers, so that the data that one has left in the caches is gone when its
//!   turn comes again; where memory is small compared with the caches, the measurement says so.
//! - **Results.** Before it is timed, the first, the last and some other rows of every output are compared with the f64
//!   reference: no time without a [right result](Unmeasured::Differs).

mod budget;
mod case;
mod ceiling;
mod clock;
mod effort;
mod grid;
mod inputs;
mod linear;
mod options;
mod plan;
mod race;
mod report;
mod rotation;
mod sets;
mod subject;
mod verdict;
mod verify;

use std::time::Duration;

pub use budget::Budget;
pub use case::{Case, Measurement, Spread};
pub use ceiling::Sweep;
pub use clock::Clock;
pub(crate) use clock::Instant;
pub use grid::{Selection, Shape};
#[cfg(not(target_arch = "wasm32"))]
pub use linear::linear;
pub use linear::{LinearMeasurement, linear_async};
pub use options::Options;
pub(crate) use race::{Lap, Race};
pub use report::{AdapterResults, Host, LayerTiming, LeftOut, Report, Timing};
pub use subject::{Ceiling, Subject};
pub use verdict::Verdict;

use wgpu::Backend;

use crate::error::Error;
use crate::gpu::Gpu;
use ceiling::{Ceilings, Chosen};
use clock::Timer;
use inputs::Drawn;
use plan::Planned;
use rotation::Rotation;
use sets::{Rack, Set};

/// Reason why there is no time.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Unmeasured {
    /// The library refused the shape, or the device failed.
    #[error(transparent)]
    Failed(#[from] Error),
    /// The results are not those of the reference.
    #[error("{subject}: {reason}")]
    Differs {
        /// Subject that was to be timed.
        subject: Subject,
        /// Description of the worst element.
        reason: String,
    },
}

/// Device on which operations are timed.
///
/// The `_async` forms are for browsers, where nothing may block. Elsewhere they wait for the device on the thread that polls them
/// wherever the wall clock runs: a time is not to include an executor's.
#[derive(Debug)]
pub struct Bench {
    gpu: Gpu,
    options: Options,
    timer: Timer,
    ceilings: Ceilings,
    rack: Rack,
    cold: u64,
}

impl Bench {
    /// Warms the device up, and decides on a [clock](Self::clock).
    ///
    /// # Errors
    ///
    /// [`Error::Device`] if the device fails, or if no ceiling is proven to do its work.
    #[cfg(not(target_arch = "wasm32"))]
    pub fn new(gpu: &Gpu, options: Options) -> Result<Self, Error> {
        pollster::block_on(Self::new_async(gpu, options))
    }

    /// [`new`](Self::new), as a future.
    ///
    /// # Errors
    ///
    /// The same.
    pub async fn new_async(gpu: &Gpu, options: Options) -> Result<Self, Error> {
        let software = gpu.planner().abilities().software;
        // Four times the last-level cache of most: 32 MiB of a CPU, 64 MiB of a GPU.
        let cold = match gpu.adapter_info().backend {
            // A phone ends a page that takes more, without a word.
            Backend::BrowserWebGpu => 64 << 20,
            _ if software => 128 << 20,
            _ => 256 << 20,
        };
        let at = || "the bench's warm-up".to_owned();
        let (mut timer, ceilings, mut probe) = gpu.contain(at, || {
            let ceilings = Ceilings::new(gpu, cold, options)?;
            let probe = ceilings.probe()?;
            Ok((Timer::new(gpu), ceilings, probe))
        })?;
        timer.doubt(&mut probe).await?;
        Ok(Self {
            gpu: gpu.clone(),
            options,
            timer,
            ceilings,
            rack: Rack::new(gpu),
            cold,
        })
    }

    /// Returns the source of the times.
    pub fn clock(&self) -> Clock {
        self.timer.clock()
    }

    /// Returns the rates of the tilings of the ceilings so far.
    pub fn sweeps(&self) -> &[Sweep] {
        &self.ceilings.sweeps
    }

    /// Times beside the same forms of the ceilings as an earlier run, instead of those that are the best now: so that nothing
    /// but the operations differs. Forms that do not run here, or that a subject was prepared with already, stay as they are.
    pub fn keep_ceilings(&mut self, earlier: &AdapterResults) {
        for timing in &earlier.results {
            let ceilings = [Ceiling::Copy, Ceiling::Read].into_iter();
            for ceiling in ceilings.filter(|ceiling| ceiling.name() == timing.ceiling) {
                self.ceilings
                    .keep(ceiling, timing.bytes, &timing.ceiling_kernel);
            }
        }
    }

    /// Measures a subject, preparation included, in about `time`; in more, where preparing leaves no time for
    /// [rounds](Case::measure).
    ///
    /// # Errors
    ///
    /// As [`prepare`](Self::prepare).
    #[cfg(not(target_arch = "wasm32"))]
    pub fn measure(&mut self, subject: Subject, time: Duration) -> Result<Measurement, Unmeasured> {
        pollster::block_on(self.measure_async(subject, time))
    }

    /// [`measure`](Self::measure), as a future.
    ///
    /// # Errors
    ///
    /// The same.
    pub async fn measure_async(
        &mut self,
        subject: Subject,
        time: Duration,
    ) -> Result<Measurement, Unmeasured> {
        let begun = Instant::now();
        let mut case = self.prepare_async(subject).await?;
        let left = time.saturating_sub(begun.elapsed());
        Ok(case.measure_async(left).await?)
    }

    /// Compiles, binds and verifies a subject, and chooses its ceilings.
    ///
    /// # Errors
    ///
    /// [`Unmeasured::Failed`] where the library refuses the shape or the device fails, [`Unmeasured::Differs`] where
    /// results are wrong.
    #[cfg(not(target_arch = "wasm32"))]
    pub fn prepare(&mut self, subject: Subject) -> Result<Case<'_>, Unmeasured> {
        pollster::block_on(self.prepare_async(subject))
    }

    /// [`prepare`](Self::prepare), as a future.
    ///
    /// # Errors
    ///
    /// The same.
    pub async fn prepare_async(&mut self, subject: Subject) -> Result<Case<'_>, Unmeasured> {
        self.check_size(&subject)?;
        let planned = plan::plan(self.gpu.planner(), &subject)?;
        let drawn = Drawn::of(&subject);
        let cold = if self.options.warm { 0 } else { self.cold };
        let sets = self.rack.sets(&subject, &drawn, cold).await?;
        let runs = self.verified(&planned, &drawn, &sets, &sets[0]).await?;
        let ceiling = self.choose(&subject, 0).await?;
        let exp_ceiling = match self.options.exp_ceiling && subject.takes_exps() {
            true => {
                let exps = 4 / subject.dtype.bytes() as u32;
                Some(self.choose(&subject, exps).await?)
            }
            false => None,
        };
        Ok(Case {
            timer: &self.timer,
            subject,
            kernel: planned.kernel,
            operation: runs,
            ceiling,
            exp_ceiling,
            cold: !self.options.warm && sets.len() as u64 * subject.bytes() >= self.cold,
        })
    }

    /// Binds a kernel to every set, after its results on `proof`, whose outputs are poisoned, have proven right.
    async fn verified(
        &self,
        planned: &Planned,
        drawn: &Drawn,
        sets: &[Set],
        proof: &Set,
    ) -> Result<Rotation, Unmeasured> {
        let subject = planned.subject;
        let (bound, what) = (planned.bind(proof)?, subject.to_string());
        self.gpu.run_async(&bound, &what).await?;
        let difference = verify::difference(&self.gpu, &subject, drawn, proof);
        if let Some(reason) = difference.await? {
            return Err(Unmeasured::Differs { subject, reason });
        }
        let bounds = sets.iter().map(|set| planned.bind(set));
        Ok(Rotation::new(bounds.collect::<Result<Vec<_>, _>>()?))
    }

    /// Checks the size, before anything is drawn on the host.
    fn check_size(&self, subject: &Subject) -> Result<(), Error> {
        if subject.rows == 0 {
            return Err(Error::Value {
                what: "rows",
                expected: "at least 1",
                found: "0".into(),
            });
        }
        let needed = subject.matrix_bytes();
        let available = self.gpu.device().limits().max_buffer_size;
        if needed > available {
            return Err(Error::Limit {
                what: subject.to_string(),
                limit: "max_buffer_size",
                needed,
                available,
            });
        }
        Ok(())
    }

    async fn choose(&mut self, subject: &Subject, exps: u32) -> Result<Chosen, Error> {
        let (ceiling, bytes) = (subject.ceiling(), subject.bytes());
        let chosen = self.ceilings.choose(&self.timer, ceiling, exps, bytes);
        chosen.await
    }
}
