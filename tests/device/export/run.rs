//! Runs of an export, by its fields alone, and of the plan that it is of.

use std::collections::HashMap;

use wgpu_softmax::export::{Access, Binding, Case, Dispatch, Export, Role};
use wgpu_softmax::wgpu::{
    BindGroupDescriptor, BindGroupEntry, BindGroupLayoutDescriptor, BindGroupLayoutEntry,
    BindingResource, BindingType, Buffer, BufferBinding, BufferBindingType, BufferUsages,
    ComputePass, ComputePipeline, ComputePipelineDescriptor, PipelineLayoutDescriptor,
    ShaderModuleDescriptor, ShaderSource, ShaderStages,
};
use wgpu_softmax::{Gpu, Planner};

use super::problems::Problem;
use crate::common::{buffer, download};
pub(super) const USAGE: BufferUsages = BufferUsages::STORAGE
    .union(BufferUsages::UNIFORM)
    .union(BufferUsages::COPY_SRC)
    .union(BufferUsages::COPY_DST);

/// Makes the buffers of an export, filled as a case has them.
fn buffers(gpu: &Gpu, export: &Export, case: &Case) -> Vec<Buffer> {
    let sizes = export.buffers.iter().map(|of| of.bytes);
    let made: Vec<_> = sizes.map(|bytes| buffer(gpu, bytes, USAGE)).collect();
    for input in &case.inputs {
        let words = bytemuck::cast_slice(&input.words);
        gpu.queue().write_buffer(&made[input.buffer], 0, words);
    }
    made
}

/// The words of every output.
fn outputs(gpu: &Gpu, export: &Export, buffers: &[Buffer]) -> Vec<(&'static str, Vec<u32>)> {
    let all = export.buffers.iter().zip(buffers);
    let outputs = all.filter(|(of, _)| matches!(of.role, Role::Output | Role::Inout));
    outputs
        .map(|(of, buffer)| (of.name, download(gpu, buffer, of.bytes as usize / 4)))
        .collect()
}

/// Pipelines by the text of their kernel.
pub(super) type Pipelines = HashMap<String, ComputePipeline>;

/// Runs an export as any host does: from its fields alone.
pub(super) fn run_export(
    gpu: &Gpu,
    pipelines: &mut Pipelines,
    export: &Export,
    case: &Case,
) -> Vec<(&'static str, Vec<u32>)> {
    let buffers = buffers(gpu, export, case);
    let mut encoder = gpu.device().create_command_encoder(&Default::default());
    let mut pass = encoder.begin_compute_pass(&Default::default());
    for dispatch in &export.dispatches {
        let pipeline = pipelines.entry(dispatch.wgsl.clone());
        let pipeline = pipeline.or_insert_with(|| compiled(gpu, dispatch));
        record(gpu, (dispatch, pipeline), &buffers, &mut pass);
    }
    drop(pass);
    gpu.queue().submit([encoder.finish()]);
    outputs(gpu, export, &buffers)
}

fn compiled(gpu: &Gpu, dispatch: &Dispatch) -> ComputePipeline {
    let device = gpu.device();
    let module = device.create_shader_module(ShaderModuleDescriptor {
        label: None,
        source: ShaderSource::Wgsl(dispatch.wgsl.as_str().into()),
    });
    let entries: Vec<_> = dispatch.bindings.iter().map(layout_entry).collect();
    let group = device.create_bind_group_layout(&BindGroupLayoutDescriptor {
        label: None,
        entries: &entries,
    });
    let layout = device.create_pipeline_layout(&PipelineLayoutDescriptor {
        label: None,
        bind_group_layouts: &[Some(&group)],
        immediate_size: 0,
    });
    device.create_compute_pipeline(&ComputePipelineDescriptor {
        label: None,
        layout: Some(&layout),
        module: &module,
        entry_point: Some(dispatch.entry_point),
        compilation_options: Default::default(),
        cache: None,
    })
}

fn layout_entry(of: &Binding) -> BindGroupLayoutEntry {
    let ty = match of.access {
        Access::Uniform => BufferBindingType::Uniform,
        Access::ReadOnlyStorage => BufferBindingType::Storage { read_only: true },
        Access::Storage => BufferBindingType::Storage { read_only: false },
    };
    BindGroupLayoutEntry {
        binding: of.binding,
        visibility: ShaderStages::COMPUTE,
        ty: BindingType::Buffer {
            ty,
            has_dynamic_offset: false,
            min_binding_size: None,
        },
        count: None,
    }
}

fn record(
    gpu: &Gpu,
    (dispatch, pipeline): (&Dispatch, &ComputePipeline),
    buffers: &[Buffer],
    pass: &mut ComputePass<'_>,
) {
    let params = buffer(gpu, 4 * dispatch.params.len() as u64, USAGE);
    let words = bytemuck::cast_slice(&dispatch.params);
    gpu.queue().write_buffer(&params, 0, words);
    let entries: Vec<_> = dispatch
        .bindings
        .iter()
        .map(|binding| BindGroupEntry {
            binding: binding.binding,
            resource: BindingResource::Buffer(BufferBinding {
                buffer: binding.buffer.map_or(&params, |index| &buffers[index]),
                offset: binding.offset,
                size: binding.size.try_into().ok(),
            }),
        })
        .collect();
    let group = gpu.device().create_bind_group(&BindGroupDescriptor {
        label: None,
        layout: &pipeline.get_bind_group_layout(0),
        entries: &entries,
    });
    pass.set_pipeline(pipeline);
    pass.set_bind_group(0, &group, &[]);
    let [x, y, z] = dispatch.workgroups;
    pass.dispatch_workgroups(x, y, z);
}

/// Runs what a plan binds.
pub(super) fn run_bound(
    gpu: &Gpu,
    planner: &Planner,
    problem: &Problem,
    (export, case): (&Export, &Case),
) -> Vec<(&'static str, Vec<u32>)> {
    let buffers = buffers(gpu, export, case);
    let results = ["probs", "log_probs", "grad_logits"];
    let named = |name: &str| {
        let mut all = export.buffers.iter();
        let over = |of: &_| matches!(of, Role::Inout) && results.contains(&name);
        let at = all.position(|of| of.name == name && of.role != Role::Scratch);
        let over = || export.buffers.iter().position(|of| over(&of.role));
        at.or_else(over).map(|index| &buffers[index])
    };
    let bound = problem.bind(planner, named).expect("a binding");
    assert_eq!(
        bound.dispatches(),
        export.dispatches.len(),
        "{}",
        problem.name
    );
    gpu.run(&bound, &problem.name).expect("a run");
    outputs(gpu, export, &buffers)
}
