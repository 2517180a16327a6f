//! Measurement of the time that a compute pass takes on the device.

use std::time::Duration;
#[cfg(not(target_arch = "wasm32"))]
pub(crate) use std::time::Instant;
#[cfg(target_arch = "wasm32")]
pub(crate) use web_time::Instant;

use wgpu::{
    Backend, Buffer, BufferDescriptor, BufferUsages, ComputePass, ComputePassDescriptor,
    ComputePassTimestampWrites, Features, QuerySet, QuerySetDescriptor, QueryType,
};

use super::effort::Effort;
use super::rotation::Rotation;
use crate::error::Error;
use crate::gpu::Gpu;

/// Largest number of passes that are timed in one submission.
const MAX_PASSES: usize = 4;

/// Name of the work in errors of the device.
const TIMED: &str = "a timed pass";

/// Nanoseconds of work by which timestamps are compared with the wall clock.
const DOUBTED: f64 = 5e6;

/// Source of the times.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Clock {
    /// Timestamps that the device writes at both ends of a pass.
    Timestamps,
    /// The host's clock, from the submission of a pass to its end.
    Wall,
}

impl Clock {
    /// Returns `timestamps` or `wall`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Timestamps => "timestamps",
            Self::Wall => "wall",
        }
    }
}

/// Timer of passes.
#[derive(Debug)]
pub(super) struct Timer {
    gpu: Gpu,
    queries: Option<Queries>,
    /// Nanoseconds from an empty submission to its end, where that is long.
    wait: f64,
}

#[derive(Debug)]
struct Queries {
    set: QuerySet,
    resolved: Buffer,
}

impl Timer {
    /// Uses timestamps, where the device has the feature.
    pub(super) fn new(gpu: &Gpu) -> Self {
        let has_timestamps = gpu.device().features().contains(Features::TIMESTAMP_QUERY);
        Self {
            gpu: gpu.clone(),
            queries: has_timestamps.then(|| Queries::new(gpu)),
            wait: 0.0,
        }
    }

    /// Returns the least duration of a sample in nanoseconds: submitting costs tens of microseconds, which the wall clock sees
    /// and timestamps do not. Browsers round both clocks to 0.1 ms, and may tell late that work has ended.
    pub(super) fn sample(&self) -> f64 {
        match self.queries {
            Some(_) if self.is_browser() => 10e6,
            None if self.is_browser() => (10.0 * self.wait).max(10e6),
            Some(_) if !self.is_software() => 0.2e6,
            _ => 2e6,
        }
    }

    pub(super) const fn clock(&self) -> Clock {
        match self.queries {
            Some(_) => Clock::Timestamps,
            None => Clock::Wall,
        }
    }

    /// Keeps the device busy until its clocks are up, and takes the wall clock if timestamps of `work` do not agree with it: none
    /// may exceed the wall time around it, and the longest must be half of the shortest wall time at least. In a browser it must be
    /// more than none: Firefox looks ten times a second whether work has ended.
    pub(super) async fn doubt(&mut self, work: &mut Rotation) -> Result<(), Error> {
        // By the wall clock, as timestamps are not trusted yet; long enough for submitting to be a small part.
        let once = self.by_wall(|pass| work.record(pass)).await?;
        work.repeat((DOUBTED / once).ceil() as usize);
        let warm_up = Duration::from_millis(if self.is_software() { 0 } else { 200 });
        let begun = Instant::now();
        let (mut longest, mut shortest, mut exceeds) = (0.0_f64, f64::INFINITY, false);
        while shortest.is_infinite() || begun.elapsed() < warm_up {
            shortest = shortest.min(self.by_wall(|pass| work.record(pass)).await?);
            if let Some(queries) = &self.queries {
                let begun = Instant::now();
                let inside = self.by_timestamps(queries, &[work]).await?[0];
                exceeds |= inside > begun.elapsed().as_nanos() as f64;
                longest = longest.max(inside);
            }
        }
        let agrees = match self.is_browser() {
            true => longest > 0.0,
            false => longest >= 0.5 * shortest,
        };
        if exceeds || !agrees {
            self.queries = None;
        }
        if self.queries.is_none() && self.is_browser() {
            let waits = [self.by_wall(|_| {}).await?, self.by_wall(|_| {}).await?];
            self.wait = waits[0].max(waits[1]);
        }
        Ok(())
    }

    fn is_browser(&self) -> bool {
        self.gpu.adapter_info().backend == Backend::BrowserWebGpu
    }

    fn is_software(&self) -> bool {
        self.gpu.planner().abilities().software
    }

    /// Returns the nanoseconds of a run of each work, by a sample of each in a pass of its own, one after the other.
    pub(super) async fn time(&self, works: &mut [&mut Rotation]) -> Result<Vec<f64>, Error> {
        let recorded: Vec<&Rotation> = works.iter().map(|work| &**work).collect();
        let mut times = Vec::new();
        for together in recorded.chunks(MAX_PASSES) {
            match &self.queries {
                Some(queries) => times.extend(self.by_timestamps(queries, together).await?),
                None => {
                    for work in together {
                        times.push(self.by_wall(|pass| work.record(pass)).await?);
                    }
                }
            }
        }
        for (work, time) in works.iter_mut().zip(&mut times) {
            *time /= work.repeats() as f64;
            work.advance();
        }
        Ok(times)
    }

    /// Returns the same, and the processor's time for each, of all threads, where the adapter is software: then each has a
    /// submission of its own.
    pub(super) async fn time_and_effort(
        &self,
        works: &mut [&mut Rotation],
    ) -> Result<(Vec<f64>, Option<Vec<f64>>), Error> {
        if !self.is_software() {
            return Ok((self.time(works).await?, None));
        }
        let (mut times, mut efforts) = (Vec::new(), Vec::new());
        for work in works {
            let (repeats, begun) = (work.repeats() as f64, Effort::begin());
            times.extend(self.time(&mut [work]).await?);
            efforts.extend(begun.nanoseconds().map(|effort| effort / repeats));
        }
        let all = efforts.len() == times.len();
        Ok((times, all.then_some(efforts)))
    }

    /// Returns the nanoseconds of a sample of each work, of which there are no more than [`MAX_PASSES`].
    async fn by_timestamps(
        &self,
        queries: &Queries,
        works: &[&Rotation],
    ) -> Result<Vec<f64>, Error> {
        self.gpu.submit(TIMED, |encoder| {
            for (work, index) in works.iter().zip(0_u32..) {
                let timed = ComputePassDescriptor {
                    label: Some("wgpu-softmax bench"),
                    timestamp_writes: Some(ComputePassTimestampWrites {
                        query_set: &queries.set,
                        beginning_of_pass_write_index: Some(2 * index),
                        end_of_pass_write_index: Some(2 * index + 1),
                    }),
                };
                work.record(&mut encoder.begin_compute_pass(&timed));
            }
            // The queries of other passes have never been written.
            let written = 0..2 * works.len() as u32;
            encoder.resolve_query_set(&queries.set, written, &queries.resolved, 0);
        })?;
        let ticks = self.gpu.download_async(&queries.resolved, 2 * works.len());
        let ticks: Vec<u64> = ticks.await?;
        let period = f64::from(self.gpu.queue().get_timestamp_period());
        let elapsed = |pair: &[u64]| pair[1].saturating_sub(pair[0]) as f64 * period;
        Ok(ticks.chunks_exact(2).map(elapsed).collect())
    }

    /// Returns the nanoseconds of what `record` records.
    async fn by_wall(&self, record: impl FnOnce(&mut ComputePass<'_>)) -> Result<f64, Error> {
        let at = || TIMED.to_owned();
        let (submission, begun) = self.gpu.contain(at, || {
            let device = self.gpu.device();
            let mut encoder = device.create_command_encoder(&Default::default());
            record(&mut encoder.begin_compute_pass(&Default::default()));
            let commands = encoder.finish();
            let begun = Instant::now();
            Ok((self.gpu.queue().submit([commands]), begun))
        })?;
        self.gpu.wait(submission, TIMED).await?;
        Ok(begun.elapsed().as_nanos() as f64)
    }
}

impl Queries {
    fn new(gpu: &Gpu) -> Self {
        let count = 2 * MAX_PASSES as u32;
        Self {
            set: gpu.device().create_query_set(&QuerySetDescriptor {
                label: Some("wgpu-softmax bench timestamps"),
                ty: QueryType::Timestamp,
                count,
            }),
            resolved: gpu.device().create_buffer(&BufferDescriptor {
                label: Some("wgpu-softmax bench timestamps"),
                size: u64::from(count) * 8,
                usage: BufferUsages::QUERY_RESOLVE | BufferUsages::COPY_SRC,
                mapped_at_creation: false,
            }),
        }
    }
}
