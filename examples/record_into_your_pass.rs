//! Softmax and cross-entropy as guests: your device, your buffers, your compute pass.

use pollster::block_on;
use wgpu_softmax::wgpu::{self, BufferUsages, util::BufferInitDescriptor, util::DeviceExt};
use wgpu_softmax::*;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let instance = wgpu::Instance::new(wgpu::InstanceDescriptor::new_without_display_handle());
    let adapter = block_on(instance.request_adapter(&Default::default()))?;
    let (device, queue) = block_on(adapter.request_device(&Default::default()))?;
    let usage = BufferUsages::STORAGE | BufferUsages::COPY_SRC;
    let label = None;
    let buffer = |words: &[u32]| {
        let contents = bytemuck::cast_slice(words);
        device.create_buffer_init(&BufferInitDescriptor {
            label,
            contents,
            usage,
        })
    };
    let logits = &buffer(&[2f32, 1., 0., -1., 0., 0., 3., 1.].map(f32::to_bits));
    let (targets, losses) = (&buffer(&[0, 2]), &buffer(&[0]));
    let (probs, grad) = (&buffer(&[0; 8]), &buffer(&[0; 8]));

    let planner = Planner::new(&device); // keep it: it caches pipelines
    let softmax = planner.softmax(SoftmaxSpec::new(2, 4))?;
    let softmax = softmax.bind(SoftmaxBuffers { logits, probs })?;
    let plan = planner.cross_entropy(CrossEntropySpec::new(2, 4))?;
    let grad_logits = Some(grad);
    let loss = plan.bind(CrossEntropyBuffers {
        logits,
        targets,
        losses,
        grad_logits,
    })?;

    let mut encoder = device.create_command_encoder(&Default::default());
    let mut pass = encoder.begin_compute_pass(&Default::default());
    softmax.record(&mut pass); // any number of times, in any pass of this device
    loss.record(&mut pass);
    drop(pass);
    queue.submit([encoder.finish()]);

    println!("{} moves {} bytes", plan.fused_kernel(), plan.bytes_moved());
    let gpu = Gpu::from_device(device.clone(), queue); // only to read the results back
    for (name, buffer, count) in [
        ("probs", probs, 8),
        ("loss", losses, 1),
        ("gradient", grad, 8),
    ] {
        println!("{name} {:.4?}", gpu.download::<f32>(buffer, count)?);
    }
    Ok(())
}
