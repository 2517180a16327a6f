//! Compiled programs and bound dispatches: the only code that touches a compute pass.

use std::sync::Arc;

use wgpu::{
    BindGroup, BindGroupLayout, Buffer, BufferUsages, ComputePass, ComputePipeline, Device,
};

use crate::device::absent::Absent;
use crate::device::caps::{Grid, SLOT, UNIFORM};
use crate::device::memory::filled;
use crate::device::runnable::Runnable;
use crate::device::scope::{contain, require_present};
use crate::error::Error;
use crate::shader::Binding;
use crate::shader::params::Params;
use crate::variant::WIDEST_ACCESS;

/// A compiled program.
#[derive(Debug)]
pub(crate) struct Kernel {
    pub(crate) runnable: Arc<Runnable>,
    pipeline: ComputePipeline,
    layout: BindGroupLayout,
}

impl Kernel {
    /// Compiles a program.
    ///
    /// # Errors
    ///
    /// An error that the device reports, or a lost device.
    pub(crate) fn new(device: &Device, runnable: &Arc<Runnable>) -> Result<Self, Error> {
        let at = || format!("compiling {}", runnable.program.label());
        contain(device, at, || {
            let kernel = Self::compile(device, runnable);
            require_present(device, at).map(|()| kernel)
        })
    }

    fn compile(device: &Device, runnable: &Arc<Runnable>) -> Self {
        let program = &runnable.program;
        let label = program.label();
        let wgsl = runnable.compiled(device.adapter_info().backend);
        let module = device.create_shader_module(wgpu::ShaderModuleDescriptor {
            label: Some(&label),
            source: wgpu::ShaderSource::Wgsl(wgsl.into()),
        });
        let entries: Vec<_> = runnable.bindings.iter().map(layout_entry).collect();
        let layout = device.create_bind_group_layout(&wgpu::BindGroupLayoutDescriptor {
            label: Some(&label),
            entries: &entries,
        });
        let pipeline_layout = device.create_pipeline_layout(&wgpu::PipelineLayoutDescriptor {
            label: Some(&label),
            bind_group_layouts: &[Some(&layout)],
            immediate_size: 0,
        });
        let pipeline = device.create_compute_pipeline(&wgpu::ComputePipelineDescriptor {
            label: Some(&label),
            layout: Some(&pipeline_layout),
            module: &module,
            entry_point: Some(program.entry_point()),
            compilation_options: wgpu::PipelineCompilationOptions {
                // Every slot of workgroup memory is written before it is read.
                zero_initialize_workgroup_memory: false,
                ..Default::default()
            },
            cache: None,
        });
        Self {
            runnable: Arc::clone(runnable),
            pipeline,
            layout,
        }
    }
}

fn layout_entry(&(binding, written): &(Binding, bool)) -> wgpu::BindGroupLayoutEntry {
    let uniform = binding.is_uniform();
    wgpu::BindGroupLayoutEntry {
        binding: binding as u32,
        visibility: wgpu::ShaderStages::COMPUTE,
        ty: wgpu::BindingType::Buffer {
            ty: if uniform {
                wgpu::BufferBindingType::Uniform
            } else {
                wgpu::BufferBindingType::Storage {
                    read_only: !written,
                }
            },
            has_dynamic_offset: binding == Binding::Params,
            min_binding_size: None,
        },
        count: None,
    }
}

/// A range of a buffer, ready to be bound.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Span<'a> {
    pub(crate) buffer: &'a Buffer,
    pub(crate) offset: u64,
    pub(crate) size: u64,
}

impl Span<'_> {
    /// The same span, extended to whole accesses of the widest kind.
    pub(crate) const fn in_whole_quads(self) -> Self {
        Self {
            size: self.size.next_multiple_of(WIDEST_ACCESS),
            ..self
        }
    }
}

/// A dispatch before it is bound.
#[derive(Debug)]
pub(crate) struct Step<'a> {
    pub(crate) kernel: Arc<Kernel>,
    pub(crate) spans: Vec<(Binding, Span<'a>)>,
    pub(crate) params: Params,
    pub(crate) slots: u64,
}

#[derive(Debug, Clone)]
struct Dispatch {
    kernel: Arc<Kernel>,
    group: BindGroup,
    slot_offset: u32,
    grid: Grid,
}

/// An operation with its buffers, checked and ready to be recorded.
///
/// It owns handles to the buffers, so that the caller may drop its own. Cloning is cheap. It may be recorded any number
/// of times, into any pass of its planner's device. Recordings never disturb each other, since the numbers of the
/// dispatches lie in a uniform buffer that was written once.
///
/// ```
/// # use wgpu_softmax::{Gpu, SoftmaxBuffers, SoftmaxSpec};
/// # let gpu = Gpu::open()?;
/// # let (logits, probs) = (gpu.upload("logits", &[0f32; 4])?, gpu.allocate("probs", 16)?);
/// # let plan = gpu.planner().softmax(SoftmaxSpec::new(1, 4))?;
/// # let mut encoder = gpu.device().create_command_encoder(&Default::default());
/// let bound = plan.bind(SoftmaxBuffers { logits: &logits, probs: &probs })?;
/// let mut pass = encoder.begin_compute_pass(&Default::default());
/// bound.record(&mut pass);
/// bound.record(&mut pass); // as often as wanted
/// # Ok::<(), wgpu_softmax::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Bound {
    dispatches: Arc<[Dispatch]>,
}

impl Bound {
    /// Binds the steps, within an error scope of the caller.
    pub(crate) fn new(device: &Device, steps: &[Step<'_>]) -> Result<Self, Error> {
        let grids = steps
            .iter()
            .map(|step| step.kernel.runnable.grid(step.slots));
        let grids: Vec<_> = grids.collect::<Result<_, _>>()?;
        if steps.is_empty() {
            return Ok(Self {
                dispatches: Arc::new([]),
            });
        }
        let uniform = uniform_of(device, steps)?;
        let absent = Absent::new(device)?;
        let dispatches = steps.iter().zip(grids).zip(0..);
        let dispatches = dispatches.map(|((step, grid), index)| Dispatch {
            kernel: Arc::clone(&step.kernel),
            group: bind_group(device, step, &uniform, &absent),
            slot_offset: index * SLOT,
            grid,
        });
        Ok(Self {
            dispatches: dispatches.collect(),
        })
    }

    /// Concatenates these dispatches and those of `next`.
    pub(crate) fn then(&self, next: &Self) -> Self {
        Self {
            dispatches: self
                .dispatches
                .iter()
                .chain(next.dispatches.iter())
                .cloned()
                .collect(),
        }
    }

    /// Records the dispatches into `pass`.
    ///
    /// Changes the pass's pipeline and its bind group 0, nothing else. Allocates nothing, submits nothing, waits for
    /// nothing. As with any use of wgpu, the error of a destroyed buffer, or of a pass of another device, goes to
    /// the device's error scope or handler.
    pub fn record(&self, pass: &mut ComputePass<'_>) {
        for dispatch in self.dispatches.iter() {
            pass.set_pipeline(&dispatch.kernel.pipeline);
            pass.set_bind_group(0, &dispatch.group, &[dispatch.slot_offset]);
            let [x, y, z] = dispatch.grid;
            pass.dispatch_workgroups(x, y, z);
        }
    }

    /// Number of dispatches that [`record`](Self::record) makes.
    pub fn dispatches(&self) -> usize {
        self.dispatches.len()
    }
}

/// Makes a uniform buffer with the numbers of every dispatch.
fn uniform_of(device: &Device, steps: &[Step<'_>]) -> Result<Buffer, Error> {
    let mut bytes = vec![0; steps.len() * SLOT as usize];
    for (slot, step) in bytes.chunks_exact_mut(SLOT as usize).zip(steps) {
        slot[..UNIFORM as usize].copy_from_slice(bytemuck::bytes_of(&step.params));
    }
    let whole = ("wgpu-softmax params", BufferUsages::UNIFORM);
    filled(device, whole, bytes.len() as u64, &bytes)
}

fn bind_group(device: &Device, step: &Step<'_>, uniform: &Buffer, absent: &Absent) -> BindGroup {
    let span_of = |(binding, written)| match binding {
        Binding::Params => Span {
            buffer: uniform,
            offset: 0,
            size: u64::from(UNIFORM),
        },
        _ => step
            .spans
            .iter()
            .find(|(given, _)| *given == binding)
            .map_or_else(|| absent.span(binding, written), |(_, span)| *span),
    };
    let entry = |(binding, written)| {
        let span = span_of((binding, written));
        wgpu::BindGroupEntry {
            binding: binding as u32,
            resource: wgpu::BindingResource::Buffer(wgpu::BufferBinding {
                buffer: span.buffer,
                offset: span.offset,
                size: wgpu::BufferSize::new(span.size),
            }),
        }
    };
    let bindings = step.kernel.runnable.bindings.iter().copied();
    let entries: Vec<_> = bindings.map(entry).collect();
    device.create_bind_group(&wgpu::BindGroupDescriptor {
        label: Some(&step.kernel.runnable.program.label()),
        layout: &step.kernel.layout,
        entries: &entries,
    })
}
