//! Kernel of a ceiling: its work, its tiling, and its runs.

use wgpu::{
    BindGroup, BindGroupDescriptor, BindGroupEntry, BindingResource, BufferUsages, ComputePass,
    ComputePipeline, ComputePipelineDescriptor, Device, PipelineCompilationOptions,
    ShaderModuleDescriptor, ShaderSource,
};

use crate::bench::Ceiling;
use crate::bench::rotation::Record;
use crate::device::memory::filled;
use crate::device::runnable::{Workgroups, fold};
use crate::error::Error;
use crate::gpu::Gpu;
use crate::shader::assemble;
use crate::shader::params::word;
use crate::variant::Abilities;

const TEXT: &str = concat!(
    include_str!("../../../shaders/ceiling.wgsl"),
    include_str!("../../../shaders/storage/wide64.wgsl")
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

/// Tiling of the work, as `shaders/ceiling.wgsl` has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Tiling {
    /// Groups of 16 bytes that an invocation loads before it uses the first.
    flight: u32,
    pub(super) workgroup: u32,
    span: u32,
    pub(super) quads: u32,
    /// True if 16 bytes are two 64-bit integers, not four words.
    int64: bool,
}

const TILINGS: [Tiling; 14] = [
    Tiling::PLAIN,
    Tiling::new(1, 256, 256, 1),
    Tiling::new(1, 1024, 1024, 1),
    Tiling::new(4, 256, 256, 4),
    Tiling::new(4, 256, 256, 16),
    Tiling::new(4, 256, 32, 4),
    Tiling::new(4, 256, 32, 16),
    Tiling::new(1, 256, 8, 4),
    Tiling::new(1, 256, 8, 16),
    Tiling::new(1, 256, 8, 64),
    Tiling::new(1, 256, 8, 16).by_u64(),
    Tiling::new(4, 256, 8, 16).by_u64(),
    Tiling::new(1, 256, 8, 64).by_u64(),
    Tiling::new(4, 256, 8, 64).by_u64(),
];

impl Tiling {
    /// Tiling that runs everywhere.
    pub(super) const PLAIN: Self = Self::new(1, 64, 64, 1);

    const fn new(flight: u32, workgroup: u32, span: u32, quads: u32) -> Self {
        Self {
            flight,
            workgroup,
            span,
            quads,
            int64: false,
        }
    }

    const fn by_u64(self) -> Self {
        Self {
            int64: true,
            ..self
        }
    }

    /// Returns the tilings to compare that fit the device.
    pub(super) fn fitting(abilities: &Abilities) -> Vec<Self> {
        let fits = |tiling: &Self| {
            tiling.workgroup <= abilities.max_invocations && (abilities.int64 || !tiling.int64)
        };
        TILINGS.into_iter().filter(fits).collect()
    }

    /// True if whole workgroups walk through memory together, by vectors of four words.
    pub(super) const fn is_plain(&self) -> bool {
        self.span == self.workgroup && !self.int64
    }

    pub(super) fn wgsl(self, ceiling: Ceiling) -> String {
        let reads = ceiling == Ceiling::Read;
        let flags = [("WIDE64", self.int64), ("READS", reads)];
        let constants = [("FLIGHT", self.flight)];
        assemble(TEXT, entry_point(ceiling), &flags, &constants)
    }

    /// Returns the number of tiles that `quads` groups of 16 bytes take.
    pub(super) fn tiles(self, quads: u64) -> u64 {
        quads.div_ceil(u64::from(self.workgroup * self.quads))
    }
}

/// Kernel of one tiling of a ceiling.
#[derive(Debug)]
pub(super) struct Kernel {
    pub(super) load: Load,
    pub(super) tiling: Tiling,
    pipeline: ComputePipeline,
}

impl Kernel {
    pub(super) fn new(device: &Device, load: Load, tiling: Tiling) -> Self {
        let label = format!("wgpu-softmax {} ceiling", load.ceiling.name());
        let module = device.create_shader_module(ShaderModuleDescriptor {
            label: Some(&label),
            source: ShaderSource::Wgsl(tiling.wgsl(load.ceiling).into()),
        });
        let pipeline = device.create_compute_pipeline(&ComputePipelineDescriptor {
            label: Some(&label),
            layout: None,
            module: &module,
            entry_point: Some(entry_point(load.ceiling)),
            compilation_options: PipelineCompilationOptions {
                constants: &overrides(load, tiling),
                ..Default::default()
            },
            cache: None,
        });
        Self {
            load,
            tiling,
            pipeline,
        }
    }

    /// Returns the name: the entry point, groups of 16 bytes an invocation, neighbouring invocations, and the workgroup.
    pub(super) fn name(&self) -> String {
        let Tiling {
            flight,
            workgroup,
            span,
            quads,
            int64,
        } = self.tiling;
        let flight = if flight == 1 { "singly" } else { "by_fours" };
        let word = if int64 { ".quads64" } else { "" };
        let ceiling = self.load.ceiling.name();
        format!("{ceiling}_{flight}{quads}.span{span}of{workgroup}{word}")
    }

    /// Binds a dispatch over `quads` groups of 16 bytes, or over as many as a dispatch can have. A read ceiling writes the
    /// words that it has seen if it `writes_words`; otherwise only a word that equals a chance value of 32 bits.
    pub(super) fn dispatch(
        &self,
        gpu: &Gpu,
        quads: u64,
        writes_words: bool,
        [source, destination]: [BindingResource<'_>; 2],
    ) -> Result<Dispatch, Error> {
        let tiles = self.tiling.tiles(quads);
        let [mask, needle] = match writes_words {
            true => [0, 0],
            false => [u32::MAX, 0x9e37_79b9],
        };
        // `Work` in `shaders/ceiling.wgsl`.
        let work = [word(quads), word(tiles), mask, needle];
        let whole = ("wgpu-softmax ceiling", BufferUsages::UNIFORM);
        let uniform = filled(gpu.device(), whole, 16, bytemuck::bytes_of(&work))?;
        let resources = [uniform.as_entire_binding(), source, destination];
        let entries = (0..).zip(resources);
        let entries = entries.map(|(binding, resource)| BindGroupEntry { binding, resource });
        let group = gpu.device().create_bind_group(&BindGroupDescriptor {
            label: Some("wgpu-softmax ceiling"),
            layout: &self.pipeline.get_bind_group_layout(0),
            entries: &entries.collect::<Vec<_>>(),
        });
        let most = gpu.device().limits().max_compute_workgroups_per_dimension;
        Ok((group, fold(tiles, most).unwrap_or([most; 3])))
    }

    pub(super) fn run(&self, dispatches: Vec<Dispatch>) -> Run {
        Run {
            pipeline: self.pipeline.clone(),
            dispatches,
        }
    }
}

/// A bind group and its workgroups.
pub(super) type Dispatch = (BindGroup, Workgroups);

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

fn overrides(load: Load, tiling: Tiling) -> [(&'static str, f64); 4] {
    [
        ("WORKGROUP", f64::from(tiling.workgroup)),
        ("SPAN", f64::from(tiling.span)),
        ("QUADS", f64::from(tiling.quads)),
        ("EXPS", f64::from(load.exps)),
    ]
}

#[cfg(test)]
mod tests;
