//! This crate, and a buffer copy, which is a yardstick for the device: plans bound once, recorded, submitted and waited for.

use peer::{Case, Inputs};
use wgpu_softmax::wgpu::{Buffer, CommandEncoder, PollType};
use wgpu_softmax::{
    Bound, CrossEntropyBuffers, CrossEntropySpec, Gpu, LogSoftmaxBuffers, SoftmaxBuffers,
    SoftmaxSpec,
};

fn main() {
    let gpu = Gpu::open().expect("an adapter");
    peer::serve(|op, inputs| Some(prepare(gpu.clone(), op, &inputs)));
}

fn prepare(gpu: Gpu, op: &str, inputs: &Inputs) -> Case {
    let (rows, cols) = (inputs.rows as u64, inputs.cols as u64);
    let spec = SoftmaxSpec::new(rows, cols);
    let logits = &gpu.upload("logits", &inputs.logits).expect("memory");
    let targets = &gpu.upload("targets", &inputs.targets).expect("memory");
    let result = &gpu.allocate("result", logits.size()).expect("memory");
    let losses = &gpu.allocate("losses", 4).expect("memory");
    let bound: Option<Bound> = match op {
        "copy" => None,
        "softmax" => {
            let plan = gpu.planner().softmax(spec).expect("a plan");
            let buffers = SoftmaxBuffers {
                logits,
                probs: result,
            };
            Some(plan.bind(buffers).expect("buffers"))
        }
        "log-softmax" => {
            let plan = gpu.planner().log_softmax(spec).expect("a plan");
            let buffers = LogSoftmaxBuffers {
                logits,
                log_probs: result,
            };
            Some(plan.bind(buffers).expect("buffers"))
        }
        _ => {
            let spec = CrossEntropySpec::new(rows, cols);
            let plan = gpu.planner().cross_entropy(spec).expect("a plan");
            let grad_logits = (op == "cross-entropy-fused").then_some(result);
            let buffers = CrossEntropyBuffers {
                logits,
                targets,
                losses,
                grad_logits,
            };
            Some(plan.bind(buffers).expect("buffers"))
        }
    };
    let (read, element) = match op {
        "cross-entropy" => (losses.clone(), 0),
        _ => (result.clone(), inputs.probed()),
    };
    let (source, target, device) = (logits.clone(), result.clone(), gpu.clone());
    let record = move |encoder: &mut CommandEncoder| match &bound {
        Some(bound) => bound.record(&mut encoder.begin_compute_pass(&Default::default())),
        None => encoder.copy_buffer_to_buffer(&source, 0, &target, 0, source.size()),
    };
    Case {
        run: Box::new(move || {
            let mut encoder = device.device().create_command_encoder(&Default::default());
            record(&mut encoder);
            device.queue().submit([encoder.finish()]);
            let wait = PollType::wait_indefinitely();
            device.device().poll(wait).expect("the device works");
        }),
        probe: Box::new(move || value(&gpu, &read, element)),
    }
}

fn value(gpu: &Gpu, buffer: &Buffer, element: usize) -> f32 {
    gpu.download(buffer, element + 1).expect("a download")[element]
}
