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
mod plans;
#[cfg(feature = "serde")]
mod serial;

use std::collections::BTreeMap;

use wgpu::Limits;

use crate::device::described::{Described, Given};
use crate::device::kernel::{Step, absent_bytes};
use crate::device::memory::Memory;
use crate::device::runnable::UNIFORM;
use crate::error::Error;
use crate::shader::Binding as Number;
use crate::spec::cross_entropy::CrossEntropySpec;
use crate::spec::softmax::SoftmaxSpec;
use crate::variant::{Abilities, Operation, Reduce};

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
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
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
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
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
    /// Name of the distribution of the logits.
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
    Shards,
}

impl Export {
    fn new(
        (op, made_from): (Operation, MadeFrom),
        abilities: &Abilities,
        bytes_moved: u64,
        described: &Described,
    ) -> Result<Self, Error> {
        let mut memories = Memories::new(described);
        let steps = described.steps.iter();
        let dispatches = steps.map(|step| memories.dispatch(step));
        let dispatches = dispatches.collect::<Result<Vec<_>, _>>()?;
        let mut export = Self {
            format: FORMAT,
            schema: SCHEMA,
            version: env!("CARGO_PKG_VERSION"),
            op,
            abilities: *abilities,
            flat: false,
            required_features: features(&described.steps),
            required_limits: BTreeMap::new(),
            bytes_moved,
            bounds: memories.bounds(op, described),
            buffers: memories.buffers,
            dispatches,
            cases: Vec::new(),
            made_from,
        };
        export.required_limits = export.limits();
        Ok(export)
    }

    /// Limits that its buffers and dispatches take, of those beyond WebGPU's defaults.
    fn limits(&self) -> BTreeMap<&'static str, u64> {
        let defaults = Limits::default();
        let most = |of: &dyn Fn(&Dispatch) -> u64| self.dispatches.iter().map(of).max();
        let storage = |of: &Dispatch| {
            let bindings = of.bindings.iter();
            let sizes = bindings.filter(|binding| binding.access != Access::Uniform);
            sizes.map(|binding| binding.size).collect::<Vec<_>>()
        };
        let largest = |of: &Dispatch| storage(of).into_iter().max().unwrap_or(0);
        let workgroups = |of: &Dispatch| of.workgroups.into_iter().max().unwrap_or(0).into();
        let invocations = most(&|of| of.workgroup_size.into());
        let needs = [
            (
                "maxBufferSize",
                self.buffers.iter().map(|buffer| buffer.bytes).max(),
                defaults.max_buffer_size,
            ),
            (
                "maxComputeInvocationsPerWorkgroup",
                invocations,
                defaults.max_compute_invocations_per_workgroup.into(),
            ),
            (
                "maxComputeWorkgroupSizeX",
                invocations,
                defaults.max_compute_workgroup_size_x.into(),
            ),
            (
                "maxComputeWorkgroupStorageSize",
                most(&|of| of.workgroup_bytes.into()),
                defaults.max_compute_workgroup_storage_size.into(),
            ),
            (
                "maxComputeWorkgroupsPerDimension",
                most(&workgroups),
                defaults.max_compute_workgroups_per_dimension.into(),
            ),
            (
                "maxStorageBufferBindingSize",
                most(&largest),
                defaults.max_storage_buffer_binding_size,
            ),
            (
                "maxStorageBuffersPerShaderStage",
                most(&|of| storage(of).len() as u64),
                defaults.max_storage_buffers_per_shader_stage.into(),
            ),
        ];
        let beyond = needs.into_iter().filter_map(|(name, needed, default)| {
            let needed = needed.filter(|needed| *needed > default)?;
            Some((name, needed))
        });
        beyond.collect()
    }
}

/// Features that the programs of the steps use.
fn features(steps: &[Step]) -> Vec<&'static str> {
    let variants = || steps.iter().map(|step| step.runnable.program.variant);
    let merges_by_shuffles = |reduce| matches!(reduce, Reduce::Subgroup | Reduce::Hybrid { .. });
    let used = [
        ("shader-int64", variants().any(|of| of.int64)),
        (
            "subgroups",
            variants().any(|of| merges_by_shuffles(of.reduce)),
        ),
    ];
    let used = used.into_iter().filter(|(_, is_used)| *is_used);
    used.map(|(name, _)| name).collect()
}

/// The buffers of an export, with the memory that each stands for.
struct Memories {
    buffers: Vec<Buffer>,
    /// That of the caller's and of the library's; placeholders have none.
    known: Vec<(Memory, usize)>,
    /// Placeholders that are read, and that are written.
    placeholders: [Option<usize>; 2],
    /// Bytes of each.
    absent_bytes: u64,
}

impl Memories {
    /// Lists the caller's buffers.
    fn new(described: &Described) -> Self {
        let mut all = Self {
            buffers: Vec::new(),
            known: Vec::new(),
            placeholders: [None; 2],
            absent_bytes: absent_bytes(&described.steps),
        };
        for given in &described.given {
            match all.find(&given.memory) {
                Some(input) => all.buffers[input].role = Role::Inout,
                None => {
                    let (shape, offset, stride) = given.layout(described.shape);
                    let buffer = Buffer {
                        name: given.role.name,
                        role: if given.written {
                            Role::Output
                        } else {
                            Role::Input
                        },
                        dtype: given.element,
                        shape,
                        offset,
                        stride,
                        bytes: given.memory.size().next_multiple_of(4),
                        zeroed: false,
                    };
                    all.add(&given.memory, buffer);
                }
            }
        }
        all
    }

    fn find(&self, memory: &Memory) -> Option<usize> {
        let mut known = self.known.iter();
        known.find(|(of, _)| of == memory).map(|(_, index)| *index)
    }

    fn add(&mut self, memory: &Memory, buffer: Buffer) -> usize {
        self.buffers.push(buffer);
        let index = self.buffers.len() - 1;
        self.known.push((memory.clone(), index));
        index
    }

    /// Index of the memory that a dispatch binds: what is not the caller's is the library's.
    fn index(&mut self, memory: &Memory) -> usize {
        let found = self.find(memory);
        found.unwrap_or_else(|| {
            let buffer = own(memory.name(), Role::Scratch, memory.size());
            self.add(memory, buffer)
        })
    }

    fn placeholder(&mut self, written: bool) -> usize {
        let place = usize::from(written);
        *self.placeholders[place].get_or_insert_with(|| {
            let name = ["unread", "unwritten"][place];
            self.buffers
                .push(own(name, Role::Placeholder, self.absent_bytes));
            self.buffers.len() - 1
        })
    }

    fn dispatch(&mut self, step: &Step) -> Result<Dispatch, Error> {
        let (program, wgsl) = (&step.runnable.program, &step.runnable.wgsl);
        let bindings = step.runnable.bindings.iter();
        Ok(Dispatch {
            label: program.label(),
            wgsl: program.unrolled(wgsl),
            entry_point: program.entry_point(),
            constants: BTreeMap::new(),
            workgroups: step.workgroups()?,
            workgroup_size: program.variant.workgroup,
            workgroup_bytes: step.runnable.workgroup_bytes(),
            params: bytemuck::pod_collect_to_vec(&[step.params]),
            bindings: bindings
                .map(|binding| self.binding(step, *binding))
                .collect(),
        })
    }

    fn binding(&mut self, step: &Step, (number, written): (Number, bool)) -> Binding {
        let whole = u64::from(UNIFORM);
        let (buffer, offset, size) = match (number, step.span(number)) {
            (Number::Params, _) => (None, 0, whole),
            (_, Some(span)) => (Some(self.index(&span.memory)), span.offset, span.size),
            (_, None) => {
                let buffer = self.placeholder(written);
                (Some(buffer), step.absent_offset(number), whole)
            }
        };
        Binding {
            group: 0,
            binding: number as u32,
            name: buffer.map_or("params", |index| self.buffers[index].name),
            access: match (number.is_uniform(), written) {
                (true, _) => Access::Uniform,
                (false, false) => Access::ReadOnlyStorage,
                (false, true) => Access::Storage,
            },
            buffer,
            offset,
            size,
        }
    }

    /// Bounds of the caller's outputs.
    fn bounds(&self, op: Operation, described: &Described) -> Vec<Bound> {
        let bound = |given: &Given| {
            Some(Bound {
                name: given.role.name,
                buffer: self.find(&given.memory)?,
                within: bounds::within(op, given.role.name)?,
            })
        };
        let written = described.given.iter().filter(|given| given.written);
        written.filter_map(bound).collect()
    }
}

/// A buffer that only the dispatches use.
fn own(name: &'static str, role: Role, bytes: u64) -> Buffer {
    Buffer {
        name,
        role,
        dtype: Element::Words,
        shape: vec![bytes / Element::Words.bytes()],
        offset: 0,
        stride: 1,
        bytes,
        zeroed: false,
    }
}
