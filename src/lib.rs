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
//! # A first program
//!
//! Softmax of two rows on a device of your own, with your buffers in your compute pass:
//!
//! ```
//! use wgpu_softmax::wgpu::util::{BufferInitDescriptor, DeviceExt};
//! use wgpu_softmax::wgpu::{self, BufferUsages, MapMode, PollType};
//! use wgpu_softmax::{Planner, SoftmaxBuffers, SoftmaxSpec};
//!
//! fn main() -> Result<(), Box<dyn std::error::Error>> {
//!     let instance = wgpu::Instance::default();
//!     let adapter = pollster::block_on(instance.request_adapter(&Default::default()))?;
//!     let (required_features, required_limits) = wgpu_softmax::wanted(&adapter); // a wish, never a need
//!     let (device, queue) = pollster::block_on(adapter.request_device(&wgpu::DeviceDescriptor {
//!         required_features,
//!         required_limits,
//!         ..Default::default()
//!     }))?;
//!
//!     // Two rows of four logits, their probabilities, and where these are read back.
//!     let logits = device.create_buffer_init(&BufferInitDescriptor {
//!         label: None,
//!         contents: bytemuck::cast_slice(&[2.0f32, 1.0, 0.0, -1.0, 0.0, 0.0, 3.0, 1.0]),
//!         usage: BufferUsages::STORAGE,
//!     });
//!     let buffer = |usage| {
//!         device.create_buffer(&wgpu::BufferDescriptor {
//!             label: None,
//!             size: logits.size(),
//!             usage,
//!             mapped_at_creation: false,
//!         })
//!     };
//!     let probs = buffer(BufferUsages::STORAGE | BufferUsages::COPY_SRC);
//!     let read_back = buffer(BufferUsages::COPY_DST | BufferUsages::MAP_READ);
//!
//!     let planner = Planner::new(&device); // keep it: it caches pipelines
//!     let plan = planner.softmax(SoftmaxSpec::new(2, 4))?; // chooses a kernel, checks options and limits
//!     let bound = plan.bind(SoftmaxBuffers { logits: &logits, probs: &probs })?; // checks buffers, compiles
//!
//!     let mut encoder = device.create_command_encoder(&Default::default());
//!     bound.record(&mut encoder.begin_compute_pass(&Default::default())); // only records
//!     encoder.copy_buffer_to_buffer(&probs, 0, &read_back, 0, probs.size());
//!     queue.submit([encoder.finish()]);
//!
//!     read_back.map_async(MapMode::Read, .., |result| result.expect("the buffer can be mapped"));
//!     device.poll(PollType::wait_indefinitely())?;
//!     let bytes = read_back.get_mapped_range(..)?;
//!     println!("{:.3?}", bytemuck::cast_slice::<u8, f32>(&bytes));
//!     Ok(())
//! }
//! ```
//!
//! A plan chooses kernels and checks options and their limits; `bind` checks sizes, usages, aliasing and limits of bindings, and
//! compiles the kernels that no binding of the planner has needed before; `record` only records, any number of times, in any pass of the device.
//! Every operation is used like this one. A spec says more: `.inner(n)` for an axis that is not the last one (the columns of a row
//! lie `n` elements apart, and nothing is transposed), `.mask(..)`, `.causal(queries)`, `.sinks(..)` and `.empty_rows(..)` for softmax,
//! log-softmax and logsumexp, `.mask(..)` for classes that a loss excludes, `.in_place()` for a result over what it is made of,
//! `.row_outputs(..)` for entropies, argmax, hits and
//! log-probabilities from the pass that computes the loss.
//!
//! # More ways in
//!
//! **Slices in, slices out**, for a first try:
//!
//! ```no_run
//! let gpu = wgpu_softmax::Gpu::open()?;
//! let probs = gpu.softmax(&[2.0, 1.0, 0.0, -1.0], 1)?;
//! # Ok::<(), wgpu_softmax::Error>(())
//! ```
//!
//! **A linear layer with its loss**, [`Planner::linear_cross_entropy`]: the loss of `hidden weight^T + bias` and its gradients by hidden,
//! weight and bias, with the logits of a few rows in memory at a time.
//!
//! **Partial statistics**, for rows split over bindings, devices or hosts: [`Planner::partial_statistic`] folds the columns of
//! a shard into a record a row, [`Planner::merge_statistics`] makes the pairs of whole rows of all records, and from these each
//! shard computes its part of the result.
//!
//! **Kernels as data**, for hosts without Rust: the module [`export`] has the dispatches of a plan as they are recorded, from a
//! [planner without a device](Planner::of_abilities) too, and `examples/loaders` runs them in Python and JavaScript.
//!
//! # Guarantees
//!
//! Every result is within stated bounds of an f64 computation on the same inputs. The module `check` (feature `check`) has them
//! as code, measures them on any adapter, and judges kernels of your own by them.
//!
//! | | |
//! | --- | --- |
//! | accuracy | each probability within (8 + 2 abs(d) + 2 ln N) 2^-24, relative, d = x - max, N columns; the bounds of all operations are in `check::bounds` |
//! | rows | any number, of 1 to millions of columns, odd ones too; no accumulator takes more than 16 terms before it moves up a level |
//! | storage | f32, f16 or bf16, the latter two packed in words, with f32 arithmetic and one rounding to nearest even; row strides and offsets into your buffer |
//! | exactness | one column gives exactly 1; equal logits of a row give equal bits; a logit of -inf gives exactly 0 |
//! | NaN, +inf | make their own row NaN and change no other, on drivers with fast math too: they are told apart by integer bits |
//! | options | class weights, masks of classes, label smoothing, z-loss, softcap, scale, probabilities as targets, upstream gradients a row: any of them together, with any reduction, in the fused call; those that are numbers cost nothing per element when off, and the others' code is not in the kernel |
//! | axes | any: rows side by side are served by fours, without a transpose; every operation but the Jacobian, with every option |
//! | masks | f32 that are added or bytes that keep, broadcast through strides, never expanded; causal rows read no further than they count; what is excluded never enters a result, NaN or not; a row with nothing left gives NaN or zeros, by choice |
//! | sinks | one more term of the denominator for the rows of a head, as attention has them, beside any mask, and the gradient by them |
//! | in place | on request, the same bits in half the memory |
//! | row outputs | the target's log-probability and those of given ids, entropy, argmax, hit, largest probability, z-loss: from the loss's own pass, and not a word of code where they are not asked for |
//! | targets | an ignored row has loss and gradient exactly 0 even if it holds NaN; a target out of range makes its row NaN and is counted, never an access out of bounds |
//! | large numbers | the loss is (max - x_t) + ln(sum), right at logits of 1e8; the lowest f32 is a number, and no scale makes a finite logit infinite |
//! | repeatability | the same input, plan, adapter and driver give the same bits in every run |
//! | faults | a lost device, memory that runs out, a buffer destroyed or of another device: the typed error of the call that meets it, with sizes; no panic, and nothing for the program's own handler |
//! | sizes | rows and slices longer than a binding pass in parts; every limit of the device is kept, or named in the error |
//! | manners | your device, your buffers; `record` allocates, submits and waits for nothing; 8 storage bindings; no feature is required |
//!
//! The module `bench` (feature `bench`) measures the speed on an adapter, as a fraction of the speed of copying the same bytes;
//! `tune` (the same feature) finds the fastest kernels there, and [`Planner::with_tunings`] uses them.
//!
//! # The command line
//!
//! `cargo install wgpu-softmax --features cli` installs `wgpu-softmax`, which does all of this on files; `wgpu-softmax help` lists its
//! commands. Files are NumPy's `.npy`, whoever wrote it, arrays of a `.npz` (`FILE.npz#NAME`), and tensors of a `.safetensors`
//! (`FILE.safetensors#NAME`) or of a sharded one (`FILE.index.json#NAME`), of 16-bit, 32-bit or 64-bit floats; any one input may be
//! `-`, standard input, and those larger than memory are worked on in blocks of rows. Outputs are `.npy` or `.safetensors`, keep the
//! mode of what they replace, and an interrupted run leaves nothing of them. bfloat16 has no type in `.npy`: `--bf16` reads and
//! writes it as ml_dtypes does.
//!
//! ```text
//! wgpu-softmax softmax logits.npy -o probs.npy
//! wgpu-softmax cross-entropy logits.npy targets.npy --ignore-index -100 --grad grad_logits.npy
//! wgpu-softmax kernel softmax --shape 8192x1024    # the WGSL of each dispatch, its bindings, and why it is this one
//! wgpu-softmax kernel softmax --shape 8x500 --device default --json softmax.json   # as data, without an adapter
//! ```
//!
//! `check` says of what fails the place, both values, what was allowed and the command that repeats it. `--op` and `--dtype`
//! select, `--full` runs the whole sweep, `--json` and `--junit` write reports for CI, and `--digests` the bits of every group's
//! results in short, to compare two builds on one machine.
//!
//! # Features
//!
//! By default: the backends `vulkan`, `metal`, `dx12` and `gles`, `slices` ([`Gpu`]), `shards` (partial statistics), `kernels`
//! (the modules `variant`, `shader` and `export`, and what plans say of their kernels) and `reference` (every operation in f64). On
//! request: `check`, `bench`, `serde`, `cli`, the command, and `webgpu`, the backend of browsers.
//!
//! # In browsers
//!
//! With `default-features = false` and the features `webgpu`, `kernels`, `slices` and what else is wanted, the crate is built for
//! `wasm32-unknown-unknown`. A page must not wait, so that nothing that blocks is there: of `Gpu`, of `check` and of `bench` the
//! forms whose names end in `_async` are left. A kernel that a browser refuses is no error of `bind` but goes to the device's
//! handler, as browsers tell of it later. `benches/web` is a page that checks and times every operation.
//!
//! # Out of scope
//!
//! Autograd, tensors, memory pools and quantised types. Reading a result back is up to you; only [`Gpu`] waits.

#![cfg_attr(docsrs, feature(doc_cfg))]
#![cfg_attr(
    not(all(
        feature = "kernels",
        feature = "slices",
        feature = "reference",
        feature = "shards"
    )),
    allow(
        dead_code,
        unreachable_pub,
        unused_imports,
        reason = "parts of the crate serve these features alone"
    )
)]
#![cfg_attr(
    target_arch = "wasm32",
    allow(
        clippy::arc_with_non_send_sync,
        reason = "what belongs to a browser stays on its thread"
    )
)]

// From a call to a dispatch: `spec` only holds what is asked; `ops` plans and binds (the macro `row_operation!` in
// `ops/softmax.rs` makes `Planner::softmax`); `variant` checks the shape and chooses the kernel; `shader` joins its text, of which
// `wgsl` keeps the lines that it needs; `device` divides the rows into dispatches, compiles, binds and records them.
#[cfg(feature = "bench")]
pub mod bench;
#[cfg(feature = "check")]
pub mod check;
mod device;
mod error;
#[cfg(feature = "kernels")]
pub mod export;
#[cfg(feature = "slices")]
mod gpu;
mod ops;
#[cfg(feature = "reference")]
pub mod reference;
#[cfg(feature = "kernels")]
pub mod shader;
#[cfg(not(feature = "kernels"))]
mod shader;
mod spec;
#[cfg(feature = "bench")]
pub mod tune;
#[cfg(feature = "kernels")]
pub mod variant;
#[cfg(not(feature = "kernels"))]
mod variant;
mod wgsl;

pub use device::caps::wanted;
pub use device::kernel::Bound;
#[cfg(feature = "kernels")]
pub use device::kernel_text::{KernelBinding, KernelText};
pub use device::planner::Planner;
#[cfg(feature = "kernels")]
pub use device::tuning::{TunedKernel, Tuning};
pub use error::Error;
#[cfg(all(feature = "slices", not(target_arch = "wasm32")))]
pub use gpu::adapters;
#[cfg(feature = "slices")]
pub use gpu::{
    AdapterEntry, AdapterFacts, CrossEntropyInputs, CrossEntropyOutput, CrossEntropyWants, Element,
    Gpu, LinearCrossEntropyInputs, LinearCrossEntropyOutput, LinearWants, MaskData, RowValues,
    Selector, Targets,
};
pub use ops::cross_entropy::{
    CrossEntropyBackwardBuffers, CrossEntropyBackwardPlan, CrossEntropyBuffers, CrossEntropyExtras,
    CrossEntropyPlan, LinearCrossEntropyBuffers, LinearCrossEntropyPlan, LinearGradients, Status,
};
pub use ops::extras::SoftmaxExtras;
pub use ops::jacobian::{Jacobian, JacobianBuffers, JacobianPlan};
pub use ops::plan::{Plan, RowOperation};
#[cfg(feature = "shards")]
pub use ops::shards::{
    CrossEntropyFromPairs, CrossEntropyFromPairsBuffers, MergeStatistics, MergeStatisticsBuffers,
    PartialStatistic, PartialStatisticBuffers, SoftmaxFromPairs, SoftmaxFromPairsBuffers,
};
pub use ops::softmax::{
    LogSoftmax, LogSoftmaxBackward, LogSoftmaxBackwardBuffers, LogSoftmaxBuffers, LogSumExp,
    LogSumExpBackward, LogSumExpBackwardBuffers, LogSumExpBuffers, Softmax, SoftmaxBackward,
    SoftmaxBackwardBuffers, SoftmaxBuffers,
};
pub use spec::cross_entropy::CrossEntropySpec;
pub use spec::dtype::DType;
pub use spec::layout::Layout;
pub use spec::linear::LinearCrossEntropySpec;
#[cfg(feature = "reference")]
pub use spec::loss::LossOptions;
pub use spec::loss::{Reduction, ZeroValid};
pub use spec::mask::{Mask, MaskKind};
pub use spec::row_outputs::{RowLayout, RowOutputs};
#[cfg(feature = "shards")]
pub use spec::shards::{MergeSpec, ShardSpec};
pub use spec::softmax::{EmptyRows, SoftmaxSpec};
pub use spec::target_type::TargetType;
pub use wgpu;
