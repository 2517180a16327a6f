use wgpu_softmax::wgpu::util::{BufferInitDescriptor, DeviceExt};
use wgpu_softmax::wgpu::{self, BufferUsages, MapMode, PollType};
use wgpu_softmax::{Planner, SoftmaxBuffers, SoftmaxSpec};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let instance = wgpu::Instance::default();
    let adapter = pollster::block_on(instance.request_adapter(&Default::default()))?;
    let (required_features, required_limits) = wgpu_softmax::wanted(&adapter); // a wish, never a need
    let (device, queue) = pollster::block_on(adapter.request_device(&wgpu::DeviceDescriptor {
        required_features,
        required_limits,
        ..Default::default()
    }))?;

    // Two rows of four logits, their probabilities, and where these are read back.
    let logits = device.create_buffer_init(&BufferInitDescriptor {
        label: None,
        contents: bytemuck::cast_slice(&[2.0f32, 1.0, 0.0, -1.0, 0.0, 0.0, 3.0, 1.0]),
        usage: BufferUsages::STORAGE,
    });
    let buffer = |usage| {
        device.create_buffer(&wgpu::BufferDescriptor {
            label: None,
            size: logits.size(),
            usage,
            mapped_at_creation: false,
        })
    };
    let probs = buffer(BufferUsages::STORAGE | BufferUsages::COPY_SRC);
    let read_back = buffer(BufferUsages::COPY_DST | BufferUsages::MAP_READ);

    let planner = Planner::new(&device); // keep it: it caches pipelines
    let plan = planner.softmax(SoftmaxSpec::new(2, 4))?; // chooses a kernel, checks options and limits
    let bound = plan.bind(SoftmaxBuffers { logits: &logits, probs: &probs })?; // checks buffers, compiles

    let mut encoder = device.create_command_encoder(&Default::default());
    bound.record(&mut encoder.begin_compute_pass(&Default::default())); // only records
    encoder.copy_buffer_to_buffer(&probs, 0, &read_back, 0, probs.size());
    queue.submit([encoder.finish()]);

    read_back.map_async(MapMode::Read, .., |result| result.expect("the buffer can be mapped"));
    device.poll(PollType::wait_indefinitely())?;
    let bytes = read_back.get_mapped_range(..)?;
    println!("{:.3?}", bytemuck::cast_slice::<u8, f32>(&bytes));
    Ok(())
}
