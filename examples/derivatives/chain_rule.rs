//! dL/dp = -y/p, and its product with the Jacobian, by two kernels of the example's own.

use wgpu_softmax::wgpu::{self, Buffer};
use wgpu_softmax::{Error, Gpu};

/// Computes dL/dp and dL/dx from probabilities, their Jacobian and the target's column.
pub(crate) fn chain_rule(
    gpu: &Gpu,
    probs: &[f32],
    jacobian: &[f32],
    target: usize,
) -> Result<(Vec<f32>, Vec<f32>), Error> {
    let target = u32::try_from(target).unwrap_or(u32::MAX);
    let buffers = [
        gpu.upload("probs", probs)?,
        gpu.upload("jacobian", jacobian)?,
        gpu.upload("target", &[target])?,
        gpu.allocate("grad_probs", size_of_val(probs) as u64)?,
        gpu.allocate("grad_logits", size_of_val(probs) as u64)?,
    ];
    let module = gpu
        .device()
        .create_shader_module(wgpu::include_wgsl!("chain_rule.wgsl"));
    let mut encoder = gpu.device().create_command_encoder(&Default::default());
    let mut pass = encoder.begin_compute_pass(&Default::default());
    for (entry_point, used) in [
        ("loss_by_probs", &[0, 2, 3][..]),
        ("chain_rule", &[0, 1, 3, 4]),
    ] {
        record(
            gpu,
            &mut pass,
            &module,
            entry_point,
            used.iter().map(|&at| (at, &buffers[at])),
        );
    }
    drop(pass);
    gpu.queue().submit([encoder.finish()]);
    Ok((
        gpu.download(&buffers[3], probs.len())?,
        gpu.download(&buffers[4], probs.len())?,
    ))
}

/// Records one dispatch, with the buffers that the entry point uses.
fn record<'a>(
    gpu: &Gpu,
    pass: &mut wgpu::ComputePass<'_>,
    module: &wgpu::ShaderModule,
    entry_point: &str,
    used: impl Iterator<Item = (usize, &'a Buffer)>,
) {
    let pipeline = gpu
        .device()
        .create_compute_pipeline(&wgpu::ComputePipelineDescriptor {
            label: Some(entry_point),
            layout: None,
            module,
            entry_point: Some(entry_point),
            compilation_options: Default::default(),
            cache: None,
        });
    let mut classes = 0;
    let entries: Vec<_> = used
        .map(|(binding, buffer)| {
            classes = classes.max(if binding == 0 { buffer.size() / 4 } else { 0 });
            let binding = u32::try_from(binding).unwrap_or(u32::MAX);
            wgpu::BindGroupEntry {
                binding,
                resource: buffer.as_entire_binding(),
            }
        })
        .collect();
    let group = gpu.device().create_bind_group(&wgpu::BindGroupDescriptor {
        label: Some(entry_point),
        layout: &pipeline.get_bind_group_layout(0),
        entries: &entries,
    });
    pass.set_pipeline(&pipeline);
    pass.set_bind_group(0, &group, &[]);
    pass.dispatch_workgroups(
        u32::try_from(classes.div_ceil(64)).unwrap_or(u32::MAX),
        1,
        1,
    );
}
