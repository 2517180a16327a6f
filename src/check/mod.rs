//! Tools that check results: named [inputs], the [bounds] that results keep, the [comparison](compare) of a result with the
//! [reference](crate::reference), and a [run] of all operations on a device.
//!
//! # A kernel of your own
//!
//! The same tools judge any softmax or loss, on any device, in any language of shaders: draw [`Inputs`], run your kernel, and
//! compare what it gave. Results in a buffer are read by [`Gpu::from_device`](crate::Gpu::from_device) and
//! [`Gpu::download`](crate::Gpu::download).
//!
//! ```
//! use wgpu_softmax::check::{Inputs, bounds, compare};
//! use wgpu_softmax::reference;
//!
//! # let your_softmax = |x: &[f32], cols| wgpu_softmax::Gpu::open()?.softmax(x, x.len() / cols);
//! for kind in [Inputs::Flat, Inputs::PlantedOutliers, Inputs::Shifted1e4] {
//!     let logits = kind.logits(4, 1000, 1);
//!     let found = your_softmax(&logits, 1000)?;
//!     let expected = reference::softmax(&logits, 1000);
//!     let comparison = compare(&found, &expected, &bounds::probability(&logits, 1000), 1000);
//!     assert!(comparison.passed(), "{}: {comparison}", kind.name());
//! }
//! # Ok::<(), wgpu_softmax::Error>(())
//! ```
//!
//! A failure names the worst element: `row 0, column 0: found NaN, expected 0.0012, allowed 1.9e-9: ...`. A loss is compared
//! in the same way, with its options set once for values and bounds:
//!
//! ```
//! use wgpu_softmax::check::{Inputs, bounds, compare};
//! use wgpu_softmax::reference::CrossEntropy;
//!
//! let logits = Inputs::Peaked.logits(4, 1000, 1);
//! let targets = [7, -100, 0, 999];
//! let loss = CrossEntropy::new(1000).ignore_index(-100).label_smoothing(0.1);
//! let expected = loss.losses(&logits, &targets).row_losses;
//! # let found: Vec<f32> = expected.iter().map(|&loss| loss as f32).collect(); // your kernel's losses
//! let comparison = compare(&found, &expected, &bounds::row_loss(&loss, &logits, &targets), 1);
//! assert!(comparison.passed(), "{comparison}");
//! ```
//!
//! | of yours | expected | allowed |
//! | --- | --- | --- |
//! | softmax, log-softmax, logsumexp | functions of [`reference`](crate::reference) | [`bounds::probability`], [`bounds::log_probability`], [`bounds::lse`] |
//! | their backward passes | functions of [`reference`](crate::reference) | the functions of [`bounds`] of the same names |
//! | losses, their mean, their gradient | [`losses`](crate::reference::CrossEntropy::losses), [`gradient`](crate::reference::CrossEntropy::gradient) | [`bounds::row_loss`], [`bounds::loss`], [`bounds::loss_gradient`] |
//! | a linear layer with its loss | [`linear_losses`](crate::reference::CrossEntropy::linear_losses), [`linear_gradients`](crate::reference::CrossEntropy::linear_gradients) | [`bounds::linear_loss`], [`bounds::linear_gradients`] |
//! | any of these in 16 bits | the same, of the stored inputs | [`bounds::stored`], and [`compare_as`] |
//!
//! `examples/check_your_kernel.rs` runs a shader that is right and one that is not.

pub mod bounds;
pub mod inputs;

mod answers;
mod candidates;
mod case;
mod combinations;
mod compare;
mod cover;
mod execute;
mod expected;
mod generator;
mod judge;
mod kernels;
mod kinds;
mod linear;
mod masking;
mod matrices;
mod options;
mod plain;
mod report;
mod row_outputs;
mod run;
mod shards;
mod sinks;
mod subject;
mod sweep;
mod traits;

pub(crate) use answers::{of_rows, of_sinks, result_of};
#[cfg(feature = "bench")]
pub(crate) use matrices::upload;

pub use compare::{Comparison, compare, compare_as};
pub use inputs::Inputs;
pub use report::{Checked, Group, Report};
#[cfg(not(target_arch = "wasm32"))]
pub use run::run;
pub use run::{Depth, Selection, run_async};
