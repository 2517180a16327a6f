//! A kernel of your own against the f64 reference: two softmax shaders, one of which forgets to subtract the maximum.

use wgpu_softmax::check::{Comparison, Inputs, bounds, compare};
use wgpu_softmax::wgpu::{BindGroupDescriptor, BindGroupEntry};
use wgpu_softmax::wgpu::{ComputePipelineDescriptor, ShaderModuleDescriptor, ShaderSource};
use wgpu_softmax::{Error, Gpu, reference};

/// The shader: an invocation a row. `EXPONENT` is what the two differ in.
const SHADER: &str = "
    @group(0) @binding(0) var<storage, read> logits: array<f32>;
    @group(0) @binding(1) var<storage, read_write> probs: array<f32>;

    @compute @workgroup_size(1)
    fn softmax(@builtin(workgroup_id) id: vec3u) {
        let start = id.x * COLS;
        var largest = logits[start];
        for (var i = 1u; i < COLS; i++) { largest = max(largest, logits[start + i]); }
        var sum = 0.0;
        for (var i = 0u; i < COLS; i++) { let x = logits[start + i]; sum += exp(EXPONENT); }
        for (var i = 0u; i < COLS; i++) { let x = logits[start + i]; probs[start + i] = exp(EXPONENT) / sum; }
    }";
const SOUND: &str = "x - largest";
const CARELESS: &str = "x";

const ROWS: usize = 8;
const COLS: usize = 200;

/// Distributions of finite logits of common size; `Inputs::ALL` has NaN, infinities and extremes, too.
const KINDS: [Inputs; 4] = [
    Inputs::Flat,
    Inputs::Peaked,
    Inputs::PlantedOutliers,
    Inputs::Shifted1e4,
];

/// Runs the shader: this would be your own code, on your device and buffers.
fn run(gpu: &Gpu, exponent: &str, logits: &[f32]) -> Result<Vec<f32>, Error> {
    let text = SHADER
        .replace("EXPONENT", exponent)
        .replace("COLS", &format!("{COLS}u"));
    let module = gpu.device().create_shader_module(ShaderModuleDescriptor {
        label: None,
        source: ShaderSource::Wgsl(text.into()),
    });
    let pipeline = gpu
        .device()
        .create_compute_pipeline(&ComputePipelineDescriptor {
            label: None,
            layout: None,
            module: &module,
            entry_point: None,
            compilation_options: Default::default(),
            cache: None,
        });
    let logits = gpu.upload("logits", logits)?;
    let probs = gpu.allocate("probs", logits.size())?;
    let bind_group = gpu.device().create_bind_group(&BindGroupDescriptor {
        label: None,
        layout: &pipeline.get_bind_group_layout(0),
        entries: &[&logits, &probs].map(|buffer| BindGroupEntry {
            binding: u32::from(buffer == &probs),
            resource: buffer.as_entire_binding(),
        }),
    });
    let mut encoder = gpu.device().create_command_encoder(&Default::default());
    let mut pass = encoder.begin_compute_pass(&Default::default());
    pass.set_pipeline(&pipeline);
    pass.set_bind_group(0, &bind_group, &[]);
    pass.dispatch_workgroups(ROWS as u32, 1, 1);
    drop(pass);
    gpu.queue().submit([encoder.finish()]);
    gpu.download(&probs, ROWS * COLS) // of a device of your own: `Gpu::from_device(device, queue)`
}

/// Compares the shader with the reference on one distribution: these lines are all that a check of your own needs.
fn check(gpu: &Gpu, exponent: &str, kind: Inputs) -> Result<Comparison, Error> {
    let logits = kind.logits(ROWS, COLS, 1);
    let found = run(gpu, exponent, &logits)?;
    let expected = reference::softmax(&logits, COLS);
    Ok(compare(
        &found,
        &expected,
        &bounds::probability(&logits, COLS),
        COLS,
    ))
}

fn main() -> Result<(), Error> {
    let gpu = Gpu::open()?;
    for (name, exponent) in [("sound", SOUND), ("careless", CARELESS)] {
        for kind in KINDS {
            let comparison = check(&gpu, exponent, kind)?;
            let verdict = if comparison.passed() { "ok" } else { "WRONG" };
            println!("{name:<8} {:<16} {verdict:<5} {comparison}", kind.name());
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sound_kernel_passes_and_the_careless_one_is_refused_with_its_place() {
        let gpu = Gpu::open().expect("an adapter");
        let check = |exponent, kind| check(&gpu, exponent, kind).expect("a device that works");
        for kind in KINDS {
            let comparison = check(SOUND, kind);
            assert!(comparison.passed(), "{}: {comparison}", kind.name());
            assert_eq!(comparison.elements, ROWS * COLS);
        }
        let refused = check(CARELESS, Inputs::Shifted1e4);
        assert!(!refused.passed(), "{refused}");
        let words = refused.to_string();
        assert!(
            words.starts_with("row 0, column 0: found NaN, expected "),
            "{words}"
        );
        assert!(words.contains(", allowed "), "{words}");
    }
}
