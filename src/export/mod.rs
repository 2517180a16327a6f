//! Plans as data: everything that a host of WebGPU needs to run their kernels, without Rust and without this crate.
//!
//! An [`Export`] has the buffers of an operation and its dispatches in order: the text of each kernel, its bindings, its
//! workgroups, and the words of its uniform. It is what [`Bound::record`](crate::Bound::record) records, for the shape and the
//! options of the plan. With the feature `serde` it is JSON, whose schema is `examples/loaders/schema.json`; that folder has
//! loaders in Python and JavaScript, too. A plan needs no device for it: see [`Planner::of_abilities`](crate::Planner::of_abilities).
//!
//! ```
//! use wgpu_softmax::{CrossEntropySpec, Planner, SoftmaxSpec, export::Optional, variant::Abilities};
//!
//! let planner = Planner::of_abilities(Abilities::WEBGPU);
//! let export = planner.softmax(SoftmaxSpec::new(64, 1000))?.export()?;
//! assert_eq!(export.buffers[0].name, "logits");
//! assert_eq!(export.dispatches[0].bindings[1].buffer, Some(0));
//!
//! let loss = planner.cross_entropy(CrossEntropySpec::new(64, 1000))?;
//! let export = loss.export_fused(&[Optional::Weight])?; // with class weights
//! assert!(export.required_limits.is_empty()); // WebGPU's defaults will do
//! # Ok::<(), wgpu_softmax::Error>(())
//! ```
//!
//! | field | what it is |
//! | --- | --- |
//! | `buffers` | `bytes` of each, and what lies in it; `offset` and `stride` count elements. None has to be cleared |
//! | `dispatches` | to be recorded in their order, in one pass or in several |
//! | `bindings` | `offset` and `size` in bytes; without a `buffer`, the words of `params` are bound |
//! | `params` | the uniform in words of 32 bits, little-endian |
//! | `bounds` | absolute errors that the results keep, in words: the module `check::bounds` has them as code |
//! | `cases` | inputs as words, and results of f64 with the error that each element may have |

mod bounds;
#[cfg(feature = "check")]
mod cases;
#[cfg(feature = "check")]
mod drawn;
mod flat;
mod make;
mod plans;
#[cfg(feature = "serde")]
mod serial;

use std::collections::BTreeMap;

use crate::spec::cross_entropy::CrossEntropySpec;
use crate::spec::linear::LinearCrossEntropySpec;
use crate::spec::softmax::SoftmaxSpec;
use crate::variant::{Abilities, Operation};

pub use crate::device::described::Element;
pub use crate::ops::cross_entropy::Optional;

/// Name of the format.
pub const FORMAT: &str = "wgpu-softmax kernels";

/// Version of the format: a new one where a reader of the old one would go wrong. Fields may be added without one.
pub const SCHEMA: u32 = 1;

/// A plan as data.
#[derive(Debug, Clone)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Export {
    /// [`FORMAT`].
    pub format: &'static str,
    /// [`SCHEMA`].
    pub schema: u32,
    /// Version of this crate.
    pub version: &'static str,
    /// The operation.
    #[cfg_attr(feature = "serde", serde(serialize_with = "serial::by_name"))]
    pub op: Operation,
    /// Abilities for which the kernels were chosen.
    pub abilities: Abilities,
    /// True if it is [flat](Self::flat).
    pub flat: bool,
    /// Features that the device must have, by their names in WebGPU: `subgroups`; or `shader-int64`, which only native
    /// implementations have.
    pub required_features: Vec<&'static str>,
    /// Limits that the device must have at least, of those beyond WebGPU's defaults, by their names there.
    pub required_limits: BTreeMap<&'static str, u64>,
    /// Fewest bytes that the operation must move: each input read once, each output written once.
    pub bytes_moved: u64,
    /// Memory of the operation: the caller's inputs and outputs, then what only the dispatches use.
    pub buffers: Vec<Buffer>,
    /// Dispatches in order.
    pub dispatches: Vec<Dispatch>,
    /// Errors that the outputs keep to.
    pub bounds: Vec<Bound>,
    /// Inputs with their results.
    pub cases: Vec<Case>,
    #[cfg_attr(feature = "serde", serde(skip))]
    made_from: MadeFrom,
}

/// A buffer, with usage `STORAGE`; with `UNIFORM` too where a binding says so.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Buffer {
    /// Name, that of the buffers that plans bind; a buffer that is read and overwritten has that of the input.
    pub name: &'static str,
    /// Who fills and who reads it.
    pub role: Role,
    /// Type of its elements.
    pub dtype: Element,
    /// Extents of its axes.
    pub shape: Vec<u64>,
    /// Elements before the first one.
    pub offset: u64,
    /// Elements from each start along the first axis to the next.
    pub stride: u64,
    /// Bytes that it has at least: whole words.
    pub bytes: u64,
    /// True if it has to be zero before the first dispatch. No kernel of this version asks for it.
    pub zeroed: bool,
}

/// Role of a buffer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "lowercase"))]
#[non_exhaustive]
pub enum Role {
    /// Filled by the caller.
    Input,
    /// Filled by the caller, and overwritten by the result.
    Inout,
    /// Filled by the kernels.
    Output,
    /// Filled and read by the kernels.
    Scratch,
    /// Bound in place of what was not asked for: never read, or never written.
    Placeholder,
}

/// A dispatch.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Dispatch {
    /// The label of the pipeline and of its dispatches.
    pub label: String,
    /// The text that is compiled. Implementations that ask for `enable subgroups;` get it before the first line.
    pub wgsl: String,
    /// The name of the entry point.
    pub entry_point: &'static str,
    /// Values of overrides by name. All are constants of the text in this version.
    pub constants: BTreeMap<String, f64>,
    /// Workgroups in x, y and z.
    pub workgroups: [u32; 3],
    /// Invocations of a workgroup.
    pub workgroup_size: u32,
    /// Bytes of workgroup memory.
    pub workgroup_bytes: u32,
    /// Words of the uniform.
    pub params: Vec<u32>,
    /// Bindings, in ascending order.
    pub bindings: Vec<Binding>,
}

/// A binding of a dispatch.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Binding {
    /// Bind group.
    pub group: u32,
    /// Number in the group.
    pub binding: u32,
    /// Name of its buffer; `params` for the uniform.
    pub name: &'static str,
    /// Type of the binding.
    #[cfg_attr(feature = "serde", serde(rename = "type"))]
    pub access: Access,
    /// Index of the buffer; none for the words of `params`.
    pub buffer: Option<usize>,
    /// Bytes of the buffer before it: a multiple of 256.
    pub offset: u64,
    /// Bytes that are bound.
    pub size: u64,
}

/// Type of a binding, as WebGPU names them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
pub enum Access {
    /// A uniform.
    Uniform,
    /// Storage that is read.
    ReadOnlyStorage,
    /// Storage that is read and written.
    Storage,
}

/// Error that an output keeps to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Bound {
    /// Name of the output.
    pub name: &'static str,
    /// Index of its buffer.
    pub buffer: usize,
    /// Absolute error of an element stored as f32, with `u = 2^-24` and `N` columns.
    pub within: &'static str,
}

/// Inputs, and the results that they have.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Case {
    /// Name of the distribution of the logits, or of the hidden of a linear layer.
    pub name: &'static str,
    /// Contents of every buffer that the caller fills.
    pub inputs: Vec<Words>,
    /// Results of the f64 reference; none for a buffer of several types.
    pub expected: Vec<Values>,
}

/// Contents of a buffer.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Words {
    /// Index of the buffer.
    pub buffer: usize,
    /// Words of 32 bits, little-endian.
    pub words: Vec<u32>,
}

/// Values of the elements of a buffer.
#[derive(Debug, Clone, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Values {
    /// Name of the output.
    pub name: &'static str,
    /// Index of its buffer.
    pub buffer: usize,
    /// Value of each element, in the order in which they lie. NaN asks for NaN, an infinity for the same one.
    #[cfg_attr(feature = "serde", serde(serialize_with = "serial::numbers"))]
    pub values: Vec<f64>,
    /// Absolute error that each element may have.
    #[cfg_attr(feature = "serde", serde(serialize_with = "serial::numbers"))]
    pub tolerances: Vec<f64>,
}

/// Spec that a plan was made from, as far as cases can be made from it.
#[derive(Debug, Clone, Copy)]
enum MadeFrom {
    Rows(SoftmaxSpec),
    Losses(CrossEntropySpec),
    Linear(LinearCrossEntropySpec),
    Shards,
}
