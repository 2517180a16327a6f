//! Compiled programs and bound dispatches: the only code that touches a compute pass.

use std::cell::OnceCell;
use std::sync::Arc;

use wgpu::{
    BindGroup, BindGroupLayout, Buffer, BufferUsages, ComputePass, ComputePipeline, Device,
};

use crate::device::memory::{Memory, filled, scratch};
use crate::device::planner::Planner;
use crate::device::runnable::{Runnable, UNIFORM, UNIFORM_STRIDE, Workgroups};
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
                // Every word of workgroup memory is written before it is read.
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

/// A range of memory, ready to be bound.
#[derive(Debug, Clone)]
pub(crate) struct Span {
    pub(crate) memory: Memory,
    pub(crate) offset: u64,
    pub(crate) size: u64,
}

impl Span {
    /// The same span, extended to whole accesses of the widest kind.
    pub(crate) fn in_whole_quads(self) -> Self {
        Self {
            size: self.size.next_multiple_of(WIDEST_ACCESS),
            ..self
        }
    }
}

/// A dispatch before it is compiled and bound.
#[derive(Debug)]
pub(crate) struct Step {
    pub(crate) runnable: Arc<Runnable>,
    pub(crate) spans: Vec<(Binding, Span)>,
    pub(crate) params: Params,
    pub(crate) slots: u64,
}

impl Step {
    /// Range of memory for a binding; none for one that was not asked for.
    pub(crate) fn span(&self, binding: Binding) -> Option<&Span> {
        let mut spans = self.spans.iter();
        spans
            .find(|(given, _)| *given == binding)
            .map(|(_, span)| span)
    }

    /// Bytes before the part of a placeholder that a binding takes which was not asked for: no two of a dispatch overlap,
    /// since WebGPU forbids it to those that may be written.
    pub(crate) fn absent_offset(&self, binding: Binding) -> u64 {
        let absent = self.absent().take_while(|absent| *absent != binding);
        u64::from(UNIFORM_STRIDE) * absent.count() as u64
    }

    /// Bindings that were not asked for.
    fn absent(&self) -> impl Iterator<Item = Binding> {
        let all = self.runnable.bindings.iter().map(|(binding, _)| *binding);
        all.filter(|of| *of != Binding::Params && self.span(*of).is_none())
    }

    /// Workgroups in x, y and z.
    pub(crate) fn workgroups(&self) -> Result<Workgroups, Error> {
        self.runnable.workgroups(self.slots)
    }
}

/// Bytes of the placeholders of these dispatches.
pub(crate) fn absent_bytes(steps: &[Step]) -> u64 {
    let most = steps.iter().map(|step| step.absent().count()).max();
    u64::from(UNIFORM_STRIDE) * most.unwrap_or(0) as u64
}

#[derive(Debug, Clone)]
struct Dispatch {
    kernel: Arc<Kernel>,
    group: BindGroup,
    uniform_offset: u32,
    workgroups: Workgroups,
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
    /// Compiles and binds the steps, within an error scope of the caller.
    pub(crate) fn new(planner: &Planner, steps: &[Step]) -> Result<Self, Error> {
        let device = planner.device()?;
        let workgroups: Vec<_> = steps
            .iter()
            .map(Step::workgroups)
            .collect::<Result<_, _>>()?;
        if steps.is_empty() {
            return Ok(Self {
                dispatches: Arc::new([]),
            });
        }
        let uniform = uniform_of(device, steps)?;
        let absent = Absent::new(device, steps);
        let dispatches = steps.iter().zip(workgroups).zip(0..);
        let dispatches = dispatches.map(|((step, workgroups), index)| {
            let kernel = planner.kernel(&step.runnable)?;
            Ok(Dispatch {
                group: bind_group(device, &kernel, step, (&uniform, &absent))?,
                kernel,
                uniform_offset: index * UNIFORM_STRIDE,
                workgroups,
            })
        });
        Ok(Self {
            dispatches: dispatches.collect::<Result<_, Error>>()?,
        })
    }

    /// Records the dispatches into `pass`.
    ///
    /// Changes the pass's pipeline and its bind group 0, nothing else. Allocates nothing, submits nothing, waits for
    /// nothing. As with any use of wgpu, the error of a destroyed buffer, or of a pass of another device, goes to
    /// the device's error scope or handler.
    pub fn record(&self, pass: &mut ComputePass<'_>) {
        for dispatch in self.dispatches.iter() {
            pass.set_pipeline(&dispatch.kernel.pipeline);
            pass.set_bind_group(0, &dispatch.group, &[dispatch.uniform_offset]);
            let [x, y, z] = dispatch.workgroups;
            pass.dispatch_workgroups(x, y, z);
        }
    }

    /// Number of dispatches that [`record`](Self::record) makes.
    pub fn dispatches(&self) -> usize {
        self.dispatches.len()
    }
}

/// Makes a uniform buffer with the numbers of every dispatch.
fn uniform_of(device: &Device, steps: &[Step]) -> Result<Buffer, Error> {
    let mut bytes = vec![0; steps.len() * UNIFORM_STRIDE as usize];
    for (uniform, step) in bytes.chunks_exact_mut(UNIFORM_STRIDE as usize).zip(steps) {
        uniform[..UNIFORM as usize].copy_from_slice(bytemuck::bytes_of(&step.params));
    }
    let whole = ("wgpu-softmax params", BufferUsages::UNIFORM);
    filled(device, whole, bytes.len() as u64, &bytes)
}

/// Placeholders for inputs and outputs of a kernel that were not asked for: never read, or never written. There are two,
/// since a dispatch may not both read and write a buffer; of the written one each binding has a place of its own, as browsers
/// refuse two that overlap. Each is made when first needed: most dispatches have all of their bindings.
struct Absent<'d> {
    device: &'d Device,
    bytes: u64,
    unread: OnceCell<Memory>,
    unwritten: OnceCell<Memory>,
}

impl<'d> Absent<'d> {
    fn new(device: &'d Device, steps: &[Step]) -> Self {
        Self {
            device,
            bytes: absent_bytes(steps),
            unread: OnceCell::new(),
            unwritten: OnceCell::new(),
        }
    }

    fn memory(&self, written: bool) -> Result<&Memory, Error> {
        let memory = match written {
            true => &self.unwritten,
            false => &self.unread,
        };
        if let Some(memory) = memory.get() {
            return Ok(memory);
        }
        let made = scratch(self.device, "placeholder", self.bytes)?;
        Ok(memory.get_or_init(|| made))
    }
}

fn bind_group(
    device: &Device,
    kernel: &Kernel,
    step: &Step,
    (uniform, absent): (&Buffer, &Absent<'_>),
) -> Result<BindGroup, Error> {
    let whole = u64::from(UNIFORM);
    let entry = |&(binding, written): &(Binding, bool)| {
        let (buffer, offset, size) = match (binding, step.span(binding)) {
            (Binding::Params, _) => (uniform, 0, whole),
            (_, Some(span)) => (span.memory.buffer()?, span.offset, span.size),
            (_, None) => {
                let offset = step.absent_offset(binding);
                (absent.memory(written)?.buffer()?, offset, whole)
            }
        };
        Ok(wgpu::BindGroupEntry {
            binding: binding as u32,
            resource: wgpu::BindingResource::Buffer(wgpu::BufferBinding {
                buffer,
                offset,
                size: wgpu::BufferSize::new(size),
            }),
        })
    };
    let bindings = kernel.runnable.bindings.iter();
    let entries: Vec<_> = bindings.map(entry).collect::<Result<_, Error>>()?;
    Ok(device.create_bind_group(&wgpu::BindGroupDescriptor {
        label: Some(&kernel.runnable.program.label()),
        layout: &kernel.layout,
        entries: &entries,
    }))
}
