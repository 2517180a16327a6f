//! Form of a ceiling, compiled.

use wgpu::{
    BindGroup, BindGroupDescriptor, BindGroupEntry, BindingResource, ComputePass, ComputePipeline,
    ComputePipelineDescriptor, Device, PipelineCompilationOptions, ShaderModuleDescriptor,
    ShaderSource,
};

use crate::bench::Ceiling;
use crate::bench::rotation::Record;
use crate::device::caps::{Grid, fold};
use crate::shader::assemble;
use crate::variant::Abilities;

const TEXT: &str = concat!(
    include_str!("../../../shaders/ceiling.wgsl"),
    include_str!("../../../shaders/wide64/words.wgsl")
);

/// Work of a ceiling on each word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Load {
    pub(super) ceiling: Ceiling,
    /// Values of each word that go through exp.
    pub(super) exps: u32,
}

impl Load {
    /// Returns the groups of 16 bytes on the reading side, where `bytes` bytes are moved.
    pub(super) fn quads(self, bytes: u64) -> u64 {
        bytes.div_ceil(self.bytes(1)).max(1)
    }

    /// Returns the bytes moved where `quads` groups of 16 bytes are read.
    pub(super) const fn bytes(self, quads: u64) -> u64 {
        match self.ceiling {
            Ceiling::Copy => 32 * quads,
            Ceiling::Read => 16 * quads,
        }
    }
}

/// Layout of the work, as `shaders/ceiling.wgsl` has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Form {
    by_fours: bool,
    /// True if 16 bytes are two 64-bit integers, not four words.
    int64: bool,
    pub(super) workgroup: u32,
    span: u32,
    pub(super) quads: u32,
}

impl Form {
    /// Form that runs everywhere.
    pub(super) const PLAIN: Self = Self::singly(64, 64, 1);

    const fn singly(workgroup: u32, span: u32, quads: u32) -> Self {
        Self {
            by_fours: false,
            int64: false,
            workgroup,
            span,
            quads,
        }
    }

    const fn by_fours(workgroup: u32, span: u32, quads: u32) -> Self {
        Self {
            by_fours: true,
            int64: false,
            workgroup,
            span,
            quads,
        }
    }

    const fn by_u64(self) -> Self {
        Self {
            int64: true,
            ..self
        }
    }

    /// Returns the forms to compare that fit the device.
    pub(super) fn sweep(abilities: &Abilities) -> Vec<Self> {
        let forms = [
            Self::PLAIN,
            Self::singly(256, 256, 1),
            Self::singly(1024, 1024, 1),
            Self::by_fours(256, 256, 4),
            Self::by_fours(256, 256, 16),
            Self::by_fours(256, 32, 4),
            Self::by_fours(256, 32, 16),
            Self::singly(256, 8, 4),
            Self::singly(256, 8, 16),
            Self::singly(256, 8, 64),
            Self::singly(256, 8, 16).by_u64(),
            Self::by_fours(256, 8, 16).by_u64(),
            Self::singly(256, 8, 64).by_u64(),
            Self::by_fours(256, 8, 64).by_u64(),
        ];
        let fits = |form: &Self| {
            form.workgroup <= abilities.max_invocations && (abilities.int64 || !form.int64)
        };
        forms.into_iter().filter(fits).collect()
    }

    /// True if whole workgroups walk through memory together, by vectors of four words.
    pub(super) const fn is_plain(&self) -> bool {
        self.span == self.workgroup && !self.int64
    }

    pub(super) fn wgsl(self, ceiling: Ceiling) -> String {
        let reads = ceiling == Ceiling::Read;
        let flags = [("WIDE64", self.int64), ("READS", reads)];
        let flight = if self.by_fours { 4 } else { 1 };
        assemble(TEXT, entry_point(ceiling), &flags, &[("FLIGHT", flight)])
    }

    /// Returns the number of tiles that `quads` groups of 16 bytes take.
    pub(super) fn tiles(self, quads: u64) -> u64 {
        quads.div_ceil(u64::from(self.workgroup * self.quads))
    }
}

/// Kernel of one form of a ceiling.
#[derive(Debug)]
pub(super) struct Kernel {
    pub(super) load: Load,
    pub(super) form: Form,
    pipeline: ComputePipeline,
    max_workgroups: u32,
}

impl Kernel {
    pub(super) fn new(device: &Device, load: Load, form: Form) -> Self {
        let label = format!("wgpu-softmax {} ceiling", load.ceiling.name());
        let module = device.create_shader_module(ShaderModuleDescriptor {
            label: Some(&label),
            source: ShaderSource::Wgsl(form.wgsl(load.ceiling).into()),
        });
        let pipeline = device.create_compute_pipeline(&ComputePipelineDescriptor {
            label: Some(&label),
            layout: None,
            module: &module,
            entry_point: Some(entry_point(load.ceiling)),
            compilation_options: PipelineCompilationOptions {
                constants: &overrides(load, form),
                ..Default::default()
            },
            cache: None,
        });
        Self {
            load,
            form,
            pipeline,
            max_workgroups: device.limits().max_compute_workgroups_per_dimension,
        }
    }

    /// Returns the name: the entry point, groups of 16 bytes an invocation, neighbouring invocations, and the workgroup.
    pub(super) fn name(&self) -> String {
        let Form {
            workgroup,
            span,
            quads,
            ..
        } = self.form;
        let flight = if self.form.by_fours {
            "by_fours"
        } else {
            "singly"
        };
        let ceiling = self.load.ceiling.name();
        let word = if self.form.int64 { ".quads64" } else { "" };
        format!("{ceiling}_{flight}{quads}.span{span}of{workgroup}{word}")
    }

    pub(super) fn bind(&self, device: &Device, resources: [BindingResource<'_>; 3]) -> BindGroup {
        let entries: Vec<_> = resources
            .into_iter()
            .zip(0..)
            .map(|(resource, binding)| BindGroupEntry { binding, resource })
            .collect();
        device.create_bind_group(&BindGroupDescriptor {
            label: Some("wgpu-softmax ceiling"),
            layout: &self.pipeline.get_bind_group_layout(0),
            entries: &entries,
        })
    }

    pub(super) fn run(&self, dispatches: Vec<Dispatch>) -> Run {
        Run {
            pipeline: self.pipeline.clone(),
            dispatches,
        }
    }

    /// Returns the workgroups in x, y and z for `quads` groups of 16 bytes, or the most that there can be.
    pub(super) fn grid(&self, quads: u64) -> Grid {
        let most = self.max_workgroups;
        fold(self.form.tiles(quads), most).unwrap_or([most; 3])
    }
}

/// A bind group and its workgroups.
pub(super) type Dispatch = (BindGroup, Grid);

/// One run of a ceiling: as many dispatches as its bytes need bindings.
#[derive(Debug)]
pub(super) struct Run {
    pipeline: ComputePipeline,
    dispatches: Vec<Dispatch>,
}

impl Record for Run {
    fn record(&self, pass: &mut ComputePass<'_>) {
        pass.set_pipeline(&self.pipeline);
        for (group, [x, y, z]) in &self.dispatches {
            pass.set_bind_group(0, group, &[]);
            pass.dispatch_workgroups(*x, *y, *z);
        }
    }
}

const fn entry_point(ceiling: Ceiling) -> &'static str {
    match ceiling {
        Ceiling::Copy => "copy_ceiling",
        Ceiling::Read => "read_ceiling",
    }
}

fn overrides(load: Load, form: Form) -> [(&'static str, f64); 4] {
    [
        ("WORKGROUP", f64::from(form.workgroup)),
        ("SPAN", f64::from(form.span)),
        ("QUADS", f64::from(form.quads)),
        ("EXPS", f64::from(load.exps)),
    ]
}

#[cfg(test)]
mod tests;
