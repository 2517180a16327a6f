//! From the dispatches of a plan to an export.

use std::collections::BTreeMap;

use wgpu::Limits;

use super::{
    Access, Binding, Bound, Buffer, Dispatch, Element, Export, FORMAT, MadeFrom, Role, SCHEMA,
    bounds,
};
use crate::device::described::{Described, Given};
use crate::device::kernel::{Step, absent_bytes};
use crate::device::memory::Memory;
use crate::device::runnable::UNIFORM;
use crate::error::Error;
use crate::shader::Binding as Number;
use crate::variant::{Abilities, Operation, Reduce};

impl Export {
    pub(super) fn new(
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
    pub(super) fn limits(&self) -> BTreeMap<&'static str, u64> {
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
                    let (shape, offset, stride) = given.layout();
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
