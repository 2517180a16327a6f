//! Time of a linear layer with its loss, beside that of its parts alone: the products of all rows at once, and the loss in place.

use std::time::Duration;

use super::case::ROUNDS;
use super::clock::{Instant, Timer};
use super::rotation::Rotation;
use super::{Clock, Spread};
use crate::check::{Inputs, inputs, upload};
use crate::error::Error;
use crate::gpu::Gpu;
use crate::ops::cross_entropy::{
    LinearCrossEntropyBuffers, LinearCrossEntropyPlan, LinearGradients,
};
use crate::spec::linear::LinearCrossEntropySpec;
use crate::spec::target_type::TargetType;

/// Measurement of the loss of a linear layer's logits with its gradients by hidden and by the weight.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct LinearMeasurement {
    /// Layer that was timed.
    pub spec: LinearCrossEntropySpec,
    /// Name of the kernel of the products.
    pub kernel: String,
    /// Rows whose logits are in memory together.
    pub chunk_rows: u64,
    /// Bytes of memory in addition to inputs and outputs.
    pub scratch_bytes: u64,
    /// Additions and multiplications of the products.
    pub flops: u64,
    /// Device time in nanoseconds.
    pub time_ns: Spread,
    /// Device time in nanoseconds of the same products of all rows at once, with their logits in memory whole.
    pub products_ns: Spread,
    /// Device time in nanoseconds of the loss and its gradient over these logits.
    pub loss_ns: Spread,
    /// The time divided by that of both parts, round by round.
    pub share: Spread,
    /// The same share in processor time, on software adapters.
    pub effort_share: Option<Spread>,
    /// Processor time in nanoseconds, of all threads, on software adapters.
    pub effort_ns: Option<Spread>,
    /// Number of rounds.
    pub rounds: usize,
    /// Source of the times.
    pub clock: Clock,
}

impl LinearMeasurement {
    /// Returns the rate of the whole in 10^9 operations a second, by the median time.
    pub fn gflops(&self) -> f64 {
        self.flops as f64 / self.time_ns.median
    }

    /// Returns the rate of the products alone in 10^9 operations a second, by the median time: the ceiling.
    pub fn products_gflops(&self) -> f64 {
        self.flops as f64 / self.products_ns.median
    }

    /// Returns the rate of the whole in 10^9 operations a second of the processor, of all threads, on software adapters.
    pub fn effort_gflops(&self) -> Option<f64> {
        Some(self.flops as f64 / self.effort_ns?.median)
    }
}

/// Times a linear layer with its loss and its gradients by hidden and by the weight, beside its parts, in turns for about
/// `budget`, 101 rounds at most. The parts need memory for all logits, in one binding.
///
/// ```no_run
/// use std::time::Duration;
/// use wgpu_softmax::{Gpu, LinearCrossEntropySpec, bench};
///
/// let spec = LinearCrossEntropySpec::new(512, 1024, 8192);
/// let measured = bench::linear(&Gpu::open()?, spec, Duration::from_secs(10))?;
/// println!("{:.1} GFLOP/s, {:.2} of the parts' time", measured.gflops(), measured.share.median);
/// # Ok::<(), wgpu_softmax::Error>(())
/// ```
///
/// # Errors
///
/// A spec that the planner refuses, logits of all rows that no binding holds, no rows, or a failing device.
#[cfg(not(target_arch = "wasm32"))]
pub fn linear(
    gpu: &Gpu,
    spec: LinearCrossEntropySpec,
    budget: Duration,
) -> Result<LinearMeasurement, Error> {
    pollster::block_on(linear_async(gpu, spec, budget))
}

/// [`linear`], as a future.
///
/// # Errors
///
/// The same.
pub async fn linear_async(
    gpu: &Gpu,
    spec: LinearCrossEntropySpec,
    budget: Duration,
) -> Result<LinearMeasurement, Error> {
    if spec.rows() == 0 {
        return Err(Error::value("rows", "at least 1", 0));
    }
    let spec = spec.targets(TargetType::I32);
    let plan = gpu.planner().linear_cross_entropy(spec)?;
    let whole = gpu
        .planner()
        .linear_cross_entropy(spec.chunk_rows(spec.rows()))?;
    if whole.chunk_rows() < spec.rows() {
        return Err(Error::Limit {
            what: "the logits of all rows".into(),
            limit: "max_storage_buffer_binding_size",
            needed: spec.rows() * spec.classes() * 4,
            available: gpu.planner().abilities().max_binding_bytes,
        });
    }
    let drawn = Drawn::new(gpu, &spec)?;
    let (products, loss) = drawn.with(&whole, |whole, buffers| whole.bind_parts(buffers))?;
    let bound = drawn.with(&plan, |plan, buffers| plan.bind(buffers))?;
    let mut works = [bound, products, loss].map(|bound| Rotation::new(vec![bound]));
    let mut timer = Timer::new(gpu);
    timer.doubt(&mut works[0]).await?;
    for work in &mut works {
        work.settle(&timer).await?;
    }
    let begun = Instant::now();
    let (mut rounds, mut efforts) = (Vec::new(), Vec::new());
    while rounds.len() < ROUNDS.0 || (rounds.len() < ROUNDS.1 && begun.elapsed() < budget) {
        let [all, products, loss] = &mut works;
        // Each is first in turn: machines change their speed.
        let is_reversed = rounds.len() % 2 == 1;
        let (times, effort) = match is_reversed {
            false => timer.time_and_effort(&mut [all, products, loss]).await?,
            true => timer.time_and_effort(&mut [loss, products, all]).await?,
        };
        let in_order = |mut times: Vec<f64>| -> [f64; 3] {
            if is_reversed {
                times.reverse();
            }
            [times[0], times[1], times[2]]
        };
        rounds.push(in_order(times));
        efforts.extend(effort.map(in_order));
    }
    let spread = |rounds: &[[f64; 3]], of: &dyn Fn(&[f64; 3]) -> f64| {
        Spread::of(&rounds.iter().map(of).collect::<Vec<_>>())
    };
    let of_effort = |of: &dyn Fn(&[f64; 3]) -> f64| {
        (efforts.len() == rounds.len()).then(|| spread(&efforts, of))
    };
    let share = |times: &[f64; 3]| times[0] / (times[1] + times[2]);
    Ok(LinearMeasurement {
        spec,
        kernel: plan.kernel(),
        chunk_rows: plan.chunk_rows(),
        scratch_bytes: plan.scratch_bytes(),
        flops: plan.flops(),
        time_ns: spread(&rounds, &|times| times[0]),
        products_ns: spread(&rounds, &|times| times[1]),
        loss_ns: spread(&rounds, &|times| times[2]),
        share: spread(&rounds, &share),
        effort_share: of_effort(&share),
        effort_ns: of_effort(&|times| times[0]),
        rounds: rounds.len(),
        clock: timer.clock(),
    })
}

/// Buffers of a layer.
struct Drawn {
    hidden: wgpu::Buffer,
    weight: wgpu::Buffer,
    targets: wgpu::Buffer,
    losses: wgpu::Buffer,
    grad_hidden: wgpu::Buffer,
    grad_weight: wgpu::Buffer,
}

impl Drawn {
    fn new(gpu: &Gpu, spec: &LinearCrossEntropySpec) -> Result<Self, Error> {
        let native = |n: u64| usize::try_from(n).unwrap_or(usize::MAX);
        let (rows, features, classes) = (
            native(spec.rows),
            native(spec.features),
            native(spec.classes),
        );
        let scale = 2.0 / (features as f32).sqrt();
        let weight = Inputs::Flat.logits(classes, features, 2).into_iter();
        let weight: Vec<f32> = weight.map(|value| value * scale).collect();
        let hidden = Inputs::Flat.logits(rows, features, 1);
        let targets = inputs::targets(rows, classes, 3, None);
        let element = spec.dtype.bytes();
        Ok(Self {
            hidden: upload(gpu, "hidden", &hidden, spec.dtype)?,
            weight: upload(gpu, "weight", &weight, spec.dtype)?,
            targets: gpu.upload("targets", &targets)?,
            losses: gpu.allocate("losses", 4 * spec.losses())?,
            grad_hidden: gpu.allocate("grad_hidden", spec.rows * spec.features * element)?,
            grad_weight: gpu.allocate("grad_weight", spec.classes * spec.features * 4)?,
        })
    }

    fn with<T>(
        &self,
        plan: &LinearCrossEntropyPlan,
        bind: impl FnOnce(&LinearCrossEntropyPlan, LinearCrossEntropyBuffers<'_>) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let buffers = LinearCrossEntropyBuffers {
            hidden: &self.hidden,
            weight: &self.weight,
            bias: None,
            targets: &self.targets,
            losses: &self.losses,
            gradients: LinearGradients {
                hidden: Some(&self.grad_hidden),
                weight: Some(&self.grad_weight),
                bias: None,
            },
        };
        bind(plan, buffers)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::linear;
    use crate::gpu::Gpu;
    use crate::spec::linear::LinearCrossEntropySpec;

    #[test]
    fn a_layer_is_timed_beside_its_parts() {
        let gpu = Gpu::open().expect("an adapter");
        let spec = LinearCrossEntropySpec::new(32, 64, 256);
        let measured = linear(&gpu, spec, Duration::ZERO).expect("times");
        assert_eq!(measured.flops, 6 * 32 * 64 * 256);
        assert!(measured.rounds >= 5 && measured.gflops() > 0.0);
        assert!(measured.chunk_rows <= 32 && measured.scratch_bytes > 0);
        let parts = measured.products_ns.median + measured.loss_ns.median;
        assert!(measured.products_ns.median > 0.0 && measured.loss_ns.median > 0.0);
        assert!(parts > 0.1 * measured.time_ns.median, "{measured:?}");
        assert!(linear(&gpu, LinearCrossEntropySpec::new(0, 1, 1), Duration::ZERO).is_err());
    }
}
