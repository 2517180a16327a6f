//! Softmax, log-softmax, logsumexp and cross-entropy as WGSL compute kernels on [wgpu], with their backward passes.
//!
//! For a row `x` of logits, with `max` its largest, `sum = sum_j exp(x_j - max)`, and a target class `t`:
//!
//! | operation | formula | reads and writes a row's matrix |
//! | --- | --- | --- |
//! | softmax | `p_i = exp(x_i - max) / sum` | once, once |
//! | log-softmax | `(x_i - max) - ln sum` | once, once |
//! | logsumexp | `max + ln sum` | once |
//! | softmax backward | `p_i (g_i - sum_j p_j g_j)` | twice, once |
//! | log-softmax backward | `g_i - exp(l_i) sum_j g_j` | twice, once |
//! | logsumexp backward | `g p_i` | once, once |
//! | cross-entropy | `(max - x_t) + ln sum` | once |
//! | its gradient | `g (p_i - [i = t])` | once, once |
//! | Jacobian | `p_i ([i = j] - p_j)` | once, once |
//!
//! # Three ways in
//!
//! **Slices in, slices out**, for a first try:
//!
//! ```no_run
//! let gpu = wgpu_softmax::Gpu::open()?;
//! let probs = gpu.softmax(&[2.0, 1.0, 0.0, -1.0], 1)?;
//! # Ok::<(), wgpu_softmax::Error>(())
//! ```
//!
//! **Plan, bind, record** on your own device, buffers and compute pass. A plan chooses kernels and checks options and limits;
//! `bind` checks sizes, usages and aliasing, and compiles the kernels that no binding of the planner has needed before;
//! `record` only records:
//!
//! ```no_run
//! use wgpu_softmax::{CrossEntropyBuffers, CrossEntropySpec, Planner, Reduction, wgpu};
//!
//! fn record(
//!     device: &wgpu::Device,
//!     [logits, targets, loss, grad]: [&wgpu::Buffer; 4],
//!     pass: &mut wgpu::ComputePass<'_>,
//! ) -> Result<(), wgpu_softmax::Error> {
//!     let planner = Planner::new(device); // keep it: it caches pipelines
//!     let spec = CrossEntropySpec::new(8192, 50257).ignore_index(-100).reduction(Reduction::Mean);
//!     let plan = planner.cross_entropy(spec)?;
//!     let bound = plan.bind(CrossEntropyBuffers { logits, targets, losses: loss, grad_logits: Some(grad) })?;
//!     bound.record(pass); // any number of times, in any pass of this device
//!     Ok(())
//! }
//! ```
//!
//! # Guarantees
//!
//! Every result is within stated bounds of an f64 computation on the same inputs, on rows of one column to millions;
//! [`check::bounds`] has them as code, and [`check::run`] measures them on any adapter. NaN and infinity are recognised
//! by their integer bits: a NaN spoils its own row and no other, on drivers with fast math too. The same input, plan,
//! adapter and driver give the same bits in every run. A target out of range makes its row NaN and is counted; it is
//! never an access out of bounds.
//!
//! [`mod@bench`] measures the speed on an adapter, as a fraction of the speed of copying the same bytes.
//!
//! # Out of scope
//!
//! Autograd, tensors, memory pools and quantised types. Reading a result back is up to you; only [`Gpu`] waits.

pub mod bench;
pub mod check;
mod device;
mod error;
pub mod gpu;
mod ops;
pub mod reference;
pub mod shader;
mod spec;
pub mod variant;

pub use device::caps::wanted;
pub use device::kernel::Bound;
pub use device::kernel_text::{KernelBinding, KernelText};
pub use device::planner::Planner;
pub use error::Error;
pub use gpu::{
    CrossEntropyInputs, CrossEntropyOutput, CrossEntropyWants, Element, Gpu, MaskData, RowValues,
    Targets,
};
pub use ops::cross_entropy::{
    CrossEntropyBackwardBuffers, CrossEntropyBackwardPlan, CrossEntropyBuffers, CrossEntropyExtras,
    CrossEntropyPlan, Status,
};
pub use ops::jacobian::{JacobianBuffers, JacobianPlan};
pub use ops::plan::{Plan, RowOperation};
pub use ops::shards::{
    CrossEntropyFromPairs, CrossEntropyFromPairsBuffers, MergeStatistics, MergeStatisticsBuffers,
    PartialStatistic, PartialStatisticBuffers, SoftmaxFromPairs, SoftmaxFromPairsBuffers,
};
pub use ops::softmax::{
    LogSoftmax, LogSoftmaxBackward, LogSoftmaxBackwardBuffers, LogSoftmaxBuffers, LogSumExp,
    LogSumExpBackward, LogSumExpBackwardBuffers, LogSumExpBuffers, Softmax, SoftmaxBackward,
    SoftmaxBackwardBuffers, SoftmaxBuffers,
};
pub use shader::params::Params;
pub use spec::cross_entropy::CrossEntropySpec;
pub use spec::dtype::DType;
pub use spec::empty_rows::EmptyRows;
pub use spec::layout::Layout;
pub use spec::mask::{Mask, MaskKind};
pub use spec::reduction::{Reduction, ZeroValid};
pub use spec::row_outputs::{RowLayout, RowOutputs};
pub use spec::shards::{MergeSpec, ShardSpec};
pub use spec::softmax::SoftmaxSpec;
pub use spec::target_type::TargetType;
pub use wgpu;
