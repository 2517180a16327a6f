//! Tools that check results: named [inputs], the [bounds] that results keep, the [comparison](compare) of a result with the
//! [reference](crate::reference), and a [run] of all operations on a device.
//!
//! ```
//! use wgpu_softmax::check::{Inputs, bounds, compare};
//! use wgpu_softmax::reference;
//!
//! let logits = Inputs::PlantedOutliers.logits(4, 1000, 1);
//! let expected = reference::softmax(&logits, 1000);
//! let found: Vec<f32> = expected.iter().map(|&p| p as f32).collect(); // or what a kernel returned
//! let comparison = compare(&found, &expected, &bounds::probability(&logits, 1000), 1000);
//! assert!(comparison.passed(), "{comparison}");
//! ```

pub mod bounds;
pub mod inputs;

mod candidates;
mod case;
mod combinations;
mod compare;
mod cover;
mod execute;
mod generator;
mod judge;
mod kernels;
mod kinds;
mod masking;
mod matrices;
mod options;
mod plain;
mod report;
mod row_outputs;
mod run;
mod shards;
mod subject;
mod sweep;
mod traits;

#[cfg(feature = "bench")]
pub(crate) use matrices::upload;

pub use compare::{Comparison, compare, compare_as};
pub use inputs::Inputs;
pub use report::{Group, Report};
pub use run::{Depth, Selection, run};
