//! Softmax and cross-entropy as guests: your device, your buffers, your compute pass.

use pollster::block_on;
use wgpu_softmax::wgpu::{self, BufferUsages, util::BufferInitDescriptor, util::DeviceExt};
use wgpu_softmax::*;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let instance = wgpu::Instance::new(wgpu::InstanceDescriptor::new_without_display_handle());
    let adapter = block_on(instance.request_adapter(&Default::default()))?;
    let (device, queue) = block_on(adapter.request_device(&Default::default()))?;
    let usage = BufferUsages::STORAGE | BufferUsages::COPY_SRC;
    let buffer = |label, contents: &[u8]| {
        let label = Some(label);
        device.create_buffer_init(&BufferInitDescriptor {
            label,
            contents,
            usage,
        })
    };
    let logits = &buffer(
        "logits",
        bytemuck::cast_slice(&[2f32, 1., 0., -1., 0., 0., 3., 1.]),
    );
    let targets = &buffer("targets", bytemuck::cast_slice(&[0i32, 2]));
    let [probs, grad, losses] = &[("probs", 32), ("grad_logits", 32), ("losses", 4)]
        .map(|(label, bytes)| buffer(label, &vec![0; bytes]));

    let planner = Planner::new(&device); // keep it: it caches pipelines
    let softmax = planner
        .softmax(SoftmaxSpec::new(2, 4))?
        .bind(SoftmaxBuffers { logits, probs })?;
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
    println!("probabilities {:.4?}", gpu.download::<f32>(probs, 8)?);
    println!("mean loss {:.4?}", gpu.download::<f32>(losses, 1)?);
    println!("gradient {:.4?}", gpu.download::<f32>(grad, 8)?);
    Ok(())
}
