//! The kernels that are looked at: for each case, those that a plan prefers on a class of devices.

use wgpu_softmax::variant::{Abilities, Vendor};
use wgpu_softmax::{
    CrossEntropySpec, DType, Error, KernelText, LinearCrossEntropySpec, Mask, MaskKind, Planner, Reduction, SoftmaxSpec,
    TargetType,
};

/// A case by name, with the shape that its kernels serve.
pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) elements: u64,
    pub(crate) element_bytes: u64,
    pub(crate) kernels: Vec<KernelText>,
}

/// Abilities of an AMD GPU, as its Vulkan driver states them.
pub(crate) const AMD: Abilities = Abilities {
    subgroup: Some(32),
    software: false,
    vendor: Vendor::Amd,
    int64: false,
    max_invocations: 1024,
    max_workgroup_bytes: 65_536,
    max_binding_bytes: u32::MAX as u64,
};

/// A planner for a class of devices, on a device that does nothing.
fn planner(abilities: Abilities) -> Planner {
    let instance = wgpu::Instance::new(wgpu::InstanceDescriptor {
        backends: wgpu::Backends::NOOP,
        backend_options: wgpu::BackendOptions {
            noop: wgpu::NoopBackendOptions {
                enable: true,
                ..Default::default()
            },
            ..Default::default()
        },
        ..wgpu::InstanceDescriptor::new_without_display_handle()
    });
    let adapter = pollster::block_on(instance.request_adapter(&Default::default()))
        .expect("the adapter that does nothing");
    let device = pollster::block_on(adapter.request_device(&wgpu::DeviceDescriptor {
        required_limits: adapter.limits(),
        ..Default::default()
    }));
    let (device, _) = device.expect("a device that does nothing");
    Planner::new(&device).with_abilities(abilities)
}

/// Rows that make up a large batch.
fn rows_of(cols: u64) -> u64 {
    ((1 << 25) / cols).max(1)
}

pub(crate) fn cases() -> Result<Vec<Case>, Error> {
    let planner = planner(AMD);
    let mut list = Vec::new();
    for dtype in [DType::F32, DType::Bf16] {
        let mut add = |what: String, (rows, cols): (u64, u64), kernels: Vec<KernelText>| {
            list.push(Case {
                name: format!("{what} {rows}x{cols} {dtype}"),
                elements: rows * cols,
                element_bytes: dtype.bytes(),
                kernels,
            });
        };
        let batch = |cols| (rows_of(cols), cols);
        let all = [10, 64, 1000, 1024, 4096, 16_384, 32_768, 50_257, 128_256].map(batch);
        let few = [(1, 32_000), (1, 128_256), (128, 262_144)];
        for (rows, cols) in all.into_iter().chain(few) {
            let spec = SoftmaxSpec::new(rows, cols).dtype(dtype);
            let loss = CrossEntropySpec::new(rows, cols)
                .dtype(dtype)
                .reduction(Reduction::None);
            let shape = (rows, cols);
            add("softmax".into(), shape, planner.softmax(spec)?.wgsl()?);
            if rows < 256 {
                continue;
            }
            add(
                "log-softmax".into(),
                shape,
                planner.log_softmax(spec)?.wgsl()?,
            );
            add("logsumexp".into(), shape, planner.logsumexp(spec)?.wgsl()?);
            add(
                "softmax-backward".into(),
                shape,
                planner.softmax_backward(spec)?.wgsl()?,
            );
            add(
                "log-softmax-backward".into(),
                shape,
                planner.log_softmax_backward(spec)?.wgsl()?,
            );
            add(
                "logsumexp-backward".into(),
                shape,
                planner.logsumexp_backward(spec)?.wgsl()?,
            );
            let plan = planner.cross_entropy(loss)?;
            add("cross-entropy".into(), shape, plan.wgsl()?);
            add("cross-entropy-fused".into(), shape, plan.fused_wgsl()?);
            add(
                "cross-entropy-backward".into(),
                shape,
                planner.cross_entropy_backward(loss)?.wgsl()?,
            );
        }
        let (batch, heads, queries, keys) = (2, 16, 1024, 1024);
        let shape = (batch * heads * queries, keys);
        let spec = SoftmaxSpec::new(shape.0, shape.1).dtype(dtype);
        let scores = [batch, heads, queries, keys];
        let added = Mask::new(MaskKind::Additive, &scores, 3, &[batch, 1, queries, keys])?;
        let kept = Mask::new(MaskKind::Boolean, &scores, 3, &[batch, 1, 1, keys])?;
        add(
            "softmax causal".into(),
            shape,
            planner.softmax(spec.causal(queries))?.wgsl()?,
        );
        add(
            "softmax added".into(),
            shape,
            planner.softmax(spec.mask(added))?.wgsl()?,
        );
        add(
            "softmax kept".into(),
            shape,
            planner.softmax(spec.mask(kept))?.wgsl()?,
        );
        let strided = SoftmaxSpec::new(4096 * 8, 1000).inner(4096).dtype(dtype);
        add(
            "softmax strided".into(),
            (4096 * 8, 1000),
            planner.softmax(strided)?.wgsl()?,
        );
        for cols in [1000, 50_257] {
            let (rows, cols) = (rows_of(cols), cols);
            let loss = CrossEntropySpec::new(rows, cols)
                .dtype(dtype)
                .reduction(Reduction::None);
            let probs = planner.cross_entropy(loss.targets(TargetType::Probs))?;
            add(
                "cross-entropy-fused probs".into(),
                (rows, cols),
                probs.fused_wgsl()?,
            );
            let smoothed = planner.cross_entropy(loss.label_smoothing(0.1))?;
            add(
                "cross-entropy-fused smoothed".into(),
                (rows, cols),
                smoothed.fused_wgsl()?,
            );
        }
    }
    for dtype in [DType::F32, DType::F16, DType::Bf16] {
        for features in [1024, 1023] {
            let (rows, classes) = (512, 8192);
            let layer = LinearCrossEntropySpec::new(rows, features, classes).dtype(dtype);
            let mut kernels = planner.linear_cross_entropy(layer)?.fused_wgsl()?;
            kernels.retain(|kernel| kernel.entry_point == "gemm");
            list.push(Case {
                name: format!("linear-cross-entropy {rows}x{features}x{classes} {dtype}"),
                elements: rows * features * classes,
                element_bytes: dtype.bytes(),
                kernels,
            });
        }
    }
    Ok(list)
}
