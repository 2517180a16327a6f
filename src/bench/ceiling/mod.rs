//! Ceilings: kernels that move the same bytes as an operation and compute nothing, the best of a small sweep of tilings.
//!
//! The best tiling depends on the adapter and on the bytes moved. On lavapipe it is by far the one in which the eight lanes of a
//! subgroup walk through memory together; on GPUs it is one in which whole workgroups do so.

mod kernel;
mod pool;
mod prove;

use std::collections::HashMap;

use super::clock::Timer;
use super::rotation::Rotation;
use super::subject::Ceiling;
use super::{Options, Spread};
use crate::error::Error;
use crate::gpu::Gpu;
use kernel::{Kernel, Load, Tiling};
use pool::Pool;

/// Number of rounds in which the tilings are compared, one after the other in each.
const ROUNDS: usize = 5;

/// Largest number of places in memory that a ceiling's runs rotate through.
const MAX_RUNS: u64 = 128;

/// Rates of the tilings of one ceiling at about `bytes` bytes.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct Sweep {
    /// Copy or read.
    pub ceiling: Ceiling,
    /// Values of each 32-bit word that go through exp: 0 unless exponentials were requested.
    pub exps: u32,
    /// Number of bytes moved.
    pub bytes: u64,
    /// Names of the tilings, with the median of their rates in GB/s, the best first.
    pub forms: Vec<(String, f64)>,
}

/// The ceilings of one device.
#[derive(Debug)]
pub(super) struct Ceilings {
    gpu: Gpu,
    pool: Pool,
    kernels: HashMap<Load, Vec<Kernel>>,
    /// Index of the best kernel, by load and power of two of the bytes.
    best: HashMap<(Load, u32), usize>,
    /// Names of kernels that go without a sweep, by ceiling and power of two of the bytes.
    kept: HashMap<(Ceiling, u32), String>,
    pub(super) sweeps: Vec<Sweep>,
    options: Options,
}

/// Returns the name of the work in errors of the device.
fn named(load: Load) -> String {
    format!("the {} ceiling", load.ceiling.name())
}

/// Ceiling that is ready to run.
#[derive(Debug)]
pub(super) struct Chosen {
    pub(super) name: String,
    pub(super) runs: Rotation,
    /// Number of bytes that one run moves: those requested, rounded up to the next 32.
    pub(super) bytes: u64,
}

impl Ceilings {
    /// Allocates memory of `cold` bytes on either side, so that runs need not meet what earlier runs have left in caches, unless
    /// they are to stay warm.
    pub(super) fn new(gpu: &Gpu, cold: u64, options: Options) -> Result<Self, Error> {
        Ok(Self {
            gpu: gpu.clone(),
            pool: Pool::new(gpu, cold)?,
            kernels: HashMap::new(),
            best: HashMap::new(),
            kept: HashMap::new(),
            sweeps: Vec::new(),
            options,
        })
    }

    /// Returns a copy of all memory, in a tiling that was not chosen: to try clocks on.
    pub(super) fn probe(&self) -> Result<Rotation, Error> {
        let load = Load {
            ceiling: Ceiling::Copy,
            exps: 0,
        };
        let kernel = Kernel::new(self.gpu.device(), load, Tiling::PLAIN);
        Ok(self.chosen(&kernel, self.pool.bytes())?.runs)
    }

    /// Returns the best kernel for `bytes` bytes, chosen when they are requested for the first time.
    pub(super) async fn choose(
        &mut self,
        timer: &Timer,
        ceiling: Ceiling,
        exps: u32,
        bytes: u64,
    ) -> Result<Chosen, Error> {
        let load = Load { ceiling, exps };
        let class = (load, bytes.max(1).ilog2());
        if !self.kernels.contains_key(&load) {
            let kernels = self.compile(load).await?;
            self.kernels.insert(load, kernels);
        }
        if !self.best.contains_key(&class) {
            let best = match self.kept(load, class.1) {
                Some(kept) => kept,
                None => self.sweep(timer, load, bytes).await?,
            };
            self.best.insert(class, best);
        }
        self.chosen(&self.kernels[&load][self.best[&class]], bytes)
    }

    /// Makes the kernel of this name that of the ceiling, if it runs here and no other was chosen yet.
    pub(super) fn keep(&mut self, ceiling: Ceiling, bytes: u64, name: &str) {
        let class = (ceiling, bytes.max(1).ilog2());
        self.kept.entry(class).or_insert_with(|| name.to_owned());
    }

    fn kept(&self, load: Load, power: u32) -> Option<usize> {
        let name = self.kept.get(&(load.ceiling, power))?;
        let mut kernels = self.kernels[&load].iter();
        kernels.position(|kernel| load.exps == 0 && kernel.name() == *name)
    }

    fn chosen(&self, kernel: &Kernel, bytes: u64) -> Result<Chosen, Error> {
        let quads = kernel.load.quads(bytes);
        let most_runs = if self.options.warm { 1 } else { MAX_RUNS };
        let bind = || self.pool.runs(&self.gpu, kernel, quads, most_runs);
        Ok(Chosen {
            name: kernel.name(),
            runs: Rotation::new(self.gpu.contain(|| named(kernel.load), bind)?),
            bytes: kernel.load.bytes(quads),
        })
    }

    /// Compiles the tilings that run here, and keeps those that are proven to do their work.
    async fn compile(&self, load: Load) -> Result<Vec<Kernel>, Error> {
        let (mut kernels, mut reasons) = (Vec::new(), Vec::new());
        let mut tilings = Tiling::fitting(self.gpu.planner().abilities());
        tilings.retain(|tiling| tiling.is_plain() || !self.options.vec4_ceiling);
        for tiling in tilings {
            let compile = || Ok(Kernel::new(self.gpu.device(), load, tiling));
            let kernel = self.gpu.contain(|| named(load), compile)?;
            match prove::prove(&self.gpu, &kernel).await? {
                None => kernels.push(kernel),
                Some(reason) => reasons.push(format!("{}: {reason}", kernel.name())),
            }
        }
        if kernels.is_empty() {
            return Err(Error::Device {
                at: named(load),
                reason: reasons.join("; "),
            });
        }
        Ok(kernels)
    }

    /// Times every tiling and returns the index of the best.
    async fn sweep(&mut self, timer: &Timer, load: Load, bytes: u64) -> Result<usize, Error> {
        let kernels = self.kernels[&load].iter();
        let chosen = kernels.map(|kernel| self.chosen(kernel, bytes));
        let mut tilings: Vec<Chosen> = chosen.collect::<Result<_, _>>()?;
        for tiling in &mut tilings {
            tiling.runs.settle(timer).await?;
        }
        let mut times = vec![Vec::new(); tilings.len()];
        for _ in 0..ROUNDS {
            for (tiling, times) in tilings.iter_mut().zip(&mut times) {
                times.extend(timer.time(&mut [&mut tiling.runs]).await?);
            }
        }
        let rate = |place: usize| tilings[place].bytes as f64 / Spread::of(&times[place]).median;
        // The fastest first, each put in its place: the code of a sort is long, and browsers load it.
        let mut rates: Vec<(usize, f64)> = Vec::new();
        for place in 0..tilings.len() {
            let rate = rate(place);
            let faster = rates.iter().filter(|(_, other)| *other >= rate).count();
            rates.insert(faster, (place, rate));
        }
        let named = |&(place, rate): &(usize, f64)| (tilings[place].name.clone(), rate);
        self.sweeps.push(Sweep {
            ceiling: load.ceiling,
            exps: load.exps,
            bytes: tilings[0].bytes,
            forms: rates.iter().map(named).collect(),
        });
        Ok(rates[0].0)
    }
}
