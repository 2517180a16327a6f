//! The example's own kernels, `layers.wgsl`, on the same device as the library's.

use bytemuck::{Pod, Zeroable};
use wgpu_softmax::{
    Gpu,
    wgpu::{self, util::DeviceExt as _},
};

/// Invocations of a workgroup, as in `layers.wgsl`.
const WORKGROUP: u32 = 64;

/// The bindings of `layers.wgsl`.
pub(crate) mod binding {
    pub(crate) const LAYER: u32 = 0;
    pub(crate) const INPUT: u32 = 1;
    pub(crate) const WEIGHTS: u32 = 2;
    pub(crate) const OUTPUT: u32 = 3;
    pub(crate) const GRAD_OUTPUT: u32 = 4;
    pub(crate) const GRAD_INPUT: u32 = 5;
    pub(crate) const VELOCITY: u32 = 6;
}

/// Parameters of a layer for the kernels: `Layer` in `layers.wgsl`, padded to 32 bytes.
#[repr(C)]
#[derive(Clone, Copy, Pod, Zeroable)]
pub(crate) struct Layer {
    pub(crate) images: u32,
    pub(crate) inputs: u32,
    pub(crate) outputs: u32,
    pub(crate) relu: u32,
    pub(crate) rate: f32,
    pub(crate) momentum: f32,
    pub(crate) decay: f32,
    pub(crate) unused: u32,
}

/// The three entry points of `layers.wgsl`, compiled once for all models.
pub(crate) struct Kernels<'a> {
    pub(crate) gpu: &'a Gpu,
    pub(crate) forward: Kernel,
    pub(crate) backward: Kernel,
    pub(crate) learn: Kernel,
}

/// One entry point.
pub(crate) struct Kernel {
    name: &'static str,
    pipeline: wgpu::ComputePipeline,
}

impl<'a> Kernels<'a> {
    pub(crate) fn new(gpu: &'a Gpu) -> Self {
        let device = gpu.device();
        let module = device.create_shader_module(wgpu::include_wgsl!("layers.wgsl"));
        let kernel = |name| Kernel {
            name,
            pipeline: device.create_compute_pipeline(&wgpu::ComputePipelineDescriptor {
                label: Some(name),
                layout: None,
                module: &module,
                entry_point: Some(name),
                compilation_options: Default::default(),
                cache: None,
            }),
        };
        let [forward, backward, learn] = ["forward", "backward", "learn"].map(kernel);
        Self {
            gpu,
            forward,
            backward,
            learn,
        }
    }

    /// Prepares a kernel to compute `elements` elements with these buffers, each given with its binding.
    pub(crate) fn dispatch(
        &self,
        kernel: &Kernel,
        elements: u32,
        buffers: &[(u32, &wgpu::Buffer)],
    ) -> Dispatch {
        let entries: Vec<_> = buffers
            .iter()
            .map(|&(binding, buffer)| wgpu::BindGroupEntry {
                binding,
                resource: buffer.as_entire_binding(),
            })
            .collect();
        let bind_group = self
            .gpu
            .device()
            .create_bind_group(&wgpu::BindGroupDescriptor {
                label: Some(kernel.name),
                layout: &kernel.pipeline.get_bind_group_layout(0),
                entries: &entries,
            });
        Dispatch {
            pipeline: kernel.pipeline.clone(),
            bind_group,
            workgroups: elements.div_ceil(WORKGROUP),
        }
    }

    /// Returns a buffer with a layer's parameters for the kernels.
    pub(crate) fn uniform(&self, layer: Layer) -> wgpu::Buffer {
        self.gpu
            .device()
            .create_buffer_init(&wgpu::util::BufferInitDescriptor {
                label: Some("layer"),
                contents: bytemuck::bytes_of(&layer),
                usage: wgpu::BufferUsages::UNIFORM,
            })
    }
}

/// One kernel with its buffers, to be recorded any number of times.
pub(crate) struct Dispatch {
    pipeline: wgpu::ComputePipeline,
    bind_group: wgpu::BindGroup,
    workgroups: u32,
}

impl Dispatch {
    pub(crate) fn record(&self, pass: &mut wgpu::ComputePass<'_>) {
        pass.set_pipeline(&self.pipeline);
        pass.set_bind_group(0, &self.bind_group, &[]);
        pass.dispatch_workgroups(self.workgroups, 1, 1);
    }
}
