//! Devices whose storage bindings are small: rows pass through many windows, and come out the same.

use crate::common::outputs::{IGNORED, Outputs};
use crate::common::{
    Output, assert_close, bits, device_with_bindings_of, forced, rows_with_targets, upload, wide,
};
use wgpu_softmax::check::{Inputs, bounds};
use wgpu_softmax::reference::{self, CrossEntropy};
use wgpu_softmax::variant::{Access, Family, Operation, Reduce, Variant, choose};
use wgpu_softmax::{
    CrossEntropyInputs, CrossEntropySpec, CrossEntropyWants, DType, Gpu, JacobianBuffers,
    LogSumExpBackwardBuffers, LogSumExpBuffers, SoftmaxBackwardBuffers, SoftmaxBuffers,
    SoftmaxSpec, TargetType,
};

/// Bytes of a binding.
const LIMITS: [u64; 2] = [65_536, 4096];

/// More rows than a workgroup counts, of 20, 180 and 192 bytes.
const SHAPES: [(usize, usize); 3] = [(9001, 5), (4500, 45), (4111, 48)];

fn on_small_devices(test: impl Fn(&Gpu, usize, usize)) {
    for gpu in LIMITS.map(device_with_bindings_of) {
        for (rows, cols) in SHAPES {
            test(&gpu, rows, cols);
        }
    }
}

fn spec((rows, cols): (usize, usize)) -> SoftmaxSpec {
    SoftmaxSpec::new(rows as u64, cols as u64)
}

/// How many bindings such a matrix takes at least.
fn windows(gpu: &Gpu, rows: usize, cols: usize) -> usize {
    let limit = gpu.device().limits().max_storage_buffer_binding_size;
    (4 * rows * cols).div_ceil(usize::try_from(limit).expect("a small limit"))
}

#[test]
fn softmax_and_its_backward_pass() {
    on_small_devices(|gpu, rows, cols| {
        let logits = Inputs::Peaked.logits(rows, cols, 1);
        let (input, probs) = (upload(gpu, &logits), Output::new(gpu, rows * cols));
        let buffers = SoftmaxBuffers {
            logits: &input,
            probs: &probs.buffer,
        };
        let plan = gpu.planner().softmax(spec((rows, cols))).expect("a plan");
        let bound = plan.bind(buffers).expect("bound");
        assert!(bound.dispatches() >= windows(gpu, rows, cols));
        gpu.run(&bound, "softmax").expect("runs");
        let (p, g) = (probs.floats(gpu), Inputs::Flat.logits(rows, cols, 2));
        let expected = reference::softmax(&logits, cols);
        assert_close(
            "probs",
            &p,
            &expected,
            &bounds::probability(&logits, cols),
            cols,
        );

        let (upstream, grad) = (upload(gpu, &g), Output::new(gpu, rows * cols));
        let buffers = SoftmaxBackwardBuffers {
            probs: &probs.buffer,
            grad_probs: &upstream,
            grad_logits: &grad.buffer,
        };
        let plan = gpu
            .planner()
            .softmax_backward(spec((rows, cols)))
            .expect("a plan");
        gpu.run(&plan.bind(buffers).expect("bound"), "backward")
            .expect("runs");
        let expected = reference::softmax_backward(&p, &g, cols);
        let allowed = bounds::softmax_backward(&p, &g, cols);
        assert_close("gradient", &grad.floats(gpu), &expected, &allowed, cols);
    });
}

#[test]
fn logsumexp_and_its_backward_pass() {
    on_small_devices(|gpu, rows, cols| {
        let logits = Inputs::Shifted1e4.logits(rows, cols, 1);
        let (input, lse) = (upload(gpu, &logits), Output::new(gpu, rows));
        let buffers = LogSumExpBuffers {
            logits: &input,
            lse: &lse.buffer,
        };
        let plan = gpu.planner().logsumexp(spec((rows, cols))).expect("a plan");
        gpu.run(&plan.bind(buffers).expect("bound"), "logsumexp")
            .expect("runs");
        let expected = reference::logsumexp(&logits, cols);
        assert_close(
            "lse",
            &lse.floats(gpu),
            &expected,
            &bounds::lse(&logits, cols),
            1,
        );

        let g = Inputs::Flat.logits(rows, 1, 3);
        let (upstream, grad) = (upload(gpu, &g), Output::new(gpu, rows * cols));
        let buffers = LogSumExpBackwardBuffers {
            logits: &input,
            grad_lse: &upstream,
            grad_logits: &grad.buffer,
        };
        let plan = gpu
            .planner()
            .logsumexp_backward(spec((rows, cols)))
            .expect("a plan");
        gpu.run(&plan.bind(buffers).expect("bound"), "backward")
            .expect("runs");
        let expected = reference::logsumexp_backward(&logits, &g, cols);
        let allowed = bounds::logsumexp_backward(&logits, &g, cols);
        assert_close("gradient", &grad.floats(gpu), &expected, &allowed, cols);
    });
}

#[test]
fn cross_entropy_with_mean_ignored_rows_and_status() {
    on_small_devices(|gpu, rows, cols| {
        let (logits, ids) = rows_with_targets(Inputs::Peaked, (rows, cols), 4, IGNORED);
        let outputs = Outputs::new(gpu, rows, cols);
        let gradients = outputs.write(gpu, cols, &logits, &ids);
        let of = CrossEntropy::new(cols).ignore_index(i64::from(IGNORED));
        let expected = of.losses(&logits, &wide(&ids));
        let loss = expected.loss.expect("a mean");
        let bound = bounds::loss(&of, &logits, &wide(&ids)).expect("a bound");
        assert_close("mean", &outputs.loss.floats(gpu), &[loss], &[bound], 1);
        let allowed = bounds::lse(&logits, cols);
        assert_close("lse", &outputs.lse.floats(gpu), &expected.lse, &allowed, 1);
        let (gradient, allowed) = (
            of.gradient(&logits, &wide(&ids)),
            bounds::loss_gradient(&of, &logits, &wide(&ids)),
        );
        for found in gradients {
            assert_close("gradient", &found, &gradient, &allowed, cols);
        }
        let status = outputs.status(gpu);
        assert_eq!(status.valid_rows as usize, expected.valid_rows);
        assert_eq!((status.bad_targets, status.first_bad_row), (0, u32::MAX));
        assert_eq!(status.loss.to_bits(), outputs.loss.words(gpu)[0]);
    });
}

#[test]
fn rows_are_counted_from_the_first_of_all() {
    on_small_devices(|gpu, rows, cols| {
        let (mut logits, mut ids) = rows_with_targets(Inputs::Flat, (rows, cols), 5, IGNORED);
        let bad = [4321 - 256, 4000, 4100].map(|row| row.min(rows - 1));
        bad.iter().for_each(|&row| ids[row] = -7);
        ids[3] = 2;
        logits[3 * cols] = f32::NAN;
        let outputs = Outputs::new(gpu, rows, cols);
        let [fused, _] = outputs.write(gpu, cols, &logits, &ids);
        let status = outputs.status(gpu);
        assert_eq!((status.bad_targets, status.first_bad_row), (3, 4000));
        assert_eq!(status.nan_rows, 1);
        assert!(outputs.loss.floats(gpu)[0].is_nan());
        let nan_rows: Vec<_> = (0..rows).filter(|row| fused[row * cols].is_nan()).collect();
        assert_eq!(nan_rows, [3, 4000, 4065, 4100]);
    });
}

#[test]
fn parts_of_rows_lie_within_bindings_too() {
    let (rows, cols) = SHAPES[0];
    let split = Variant {
        family: Family::Split { parts: 5 },
        reduce: Reduce::Workgroup,
        lanes: 4,
        workgroup: 16,
        access: Access::Words,
        int64: false,
        groups: 0,
    };
    let logits = Inputs::Peaked.logits(rows, cols, 9);
    for gpu in LIMITS.map(device_with_bindings_of) {
        let probs = forced(&gpu, split).softmax(&logits, rows).expect("softmax");
        let expected = reference::softmax(&logits, cols);
        let allowed = bounds::probability(&logits, cols);
        assert_close("probs", &probs, &expected, &allowed, cols);
    }
}

#[test]
fn windows_of_few_rows_are_counted_too() {
    let gpu = device_with_bindings_of(1280);
    let (logits, ids) = rows_with_targets(Inputs::Peaked, (1800, 3), 6, IGNORED);
    let spec = CrossEntropySpec::new(1800, 3).ignore_index(IGNORED.into());
    let found = gpu.cross_entropy(
        &spec,
        CrossEntropyInputs::new(&logits, &ids),
        CrossEntropyWants::default(),
    );
    let valid = ids.iter().filter(|&&id| id != IGNORED).count();
    assert_eq!(found.expect("a loss").status.valid_rows as usize, valid);
}

#[test]
fn windows_change_no_bits() {
    let (rows, cols) = SHAPES[1];
    let (logits, ids) = rows_with_targets(Inputs::Peaked, (rows, cols), 6, IGNORED);
    let results = [65_536, 4096, 1 << 27].map(|limit| {
        let gpu = &device_with_bindings_of(limit);
        let outputs = Outputs::new(gpu, rows, cols);
        let gradients = outputs
            .write(gpu, cols, &logits, &ids)
            .map(|grad| bits(&grad));
        (gradients, outputs.pairs.words(gpu), outputs.lse.words(gpu))
    });
    assert!(results[0] == results[2], "64 KiB");
    assert!(results[1] == results[2], "4 KiB");
}

#[test]
fn jacobian() {
    for gpu in &LIMITS.map(device_with_bindings_of) {
        for (rows, cols) in [(500, 7), (300, 12), (1100, 3)] {
            let logits = Inputs::Peaked.logits(rows, cols, 7);
            let output = Output::new(gpu, rows * cols * cols);
            let buffers = JacobianBuffers {
                logits: &upload(gpu, &logits),
                jacobian: &output.buffer,
            };
            let plan = gpu.planner().jacobian(spec((rows, cols))).expect("a plan");
            let bound = plan.bind(buffers).expect("bound");
            assert!(bound.dispatches() > windows(gpu, rows, cols * cols));
            gpu.run(&bound, "jacobian").expect("runs");
            let expected = reference::jacobian(&logits, cols);
            let allowed = bounds::jacobian(&logits, cols);
            assert_close("jacobian", &output.floats(gpu), &expected, &allowed, cols);
        }
    }
}

#[test]
fn rows_may_fill_their_bindings() {
    let gpu = &device_with_bindings_of(4096);
    let logits = Inputs::Peaked.logits(3, 1024, 8);
    let (input, probs) = (upload(gpu, &logits), Output::new(gpu, 3 * 1024));
    let buffers = SoftmaxBuffers {
        logits: &input,
        probs: &probs.buffer,
    };
    let plan = gpu.planner().softmax(spec((3, 1024))).expect("a plan");
    gpu.run(&plan.bind(buffers).expect("bound"), "softmax")
        .expect("runs");
    let (expected, allowed) = (
        reference::softmax(&logits, 1024),
        bounds::probability(&logits, 1024),
    );
    assert_close("probs", &probs.floats(gpu), &expected, &allowed, 1024);
}

/// Rows, columns, and rows side by side.
type Long = (usize, usize, usize);

/// What a test computes: of floats of one type, as words.
type Compute = fn(&Gpu, Long, DType) -> Vec<u32>;

fn long((rows, cols, inner): Long, dtype: DType) -> SoftmaxSpec {
    spec((rows, cols)).inner(inner as u64).dtype(dtype)
}

fn halves(dtype: DType, values: &[f32]) -> Vec<u16> {
    values
        .iter()
        .map(|&value| dtype.encode(value) as u16)
        .collect()
}

/// One operation on matrices of any type of floats, whose result is as wide.
macro_rules! on_matrices {
    ($method:ident($($seed:literal),+)) => {
        |gpu, shape, dtype| {
            let spec = long(shape, dtype);
            let logits = |seed| Inputs::Peaked.logits(shape.0, shape.1, seed);
            let words: Vec<u16> = match dtype {
                DType::F32 => return bits(&gpu.$method(&spec, $(&logits($seed)),+).expect("runs")),
                _ => gpu.$method(&spec, $(&halves(dtype, &logits($seed))),+).expect("runs"),
            };
            words.into_iter().map(u32::from).collect()
        }
    };
}

/// Losses, their gradient and lse, of class ids.
fn entropy(gpu: &Gpu, spec: CrossEntropySpec, long: Long) -> Vec<u32> {
    let (rows, cols, _) = long;
    let (logits, ids) = rows_with_targets(Inputs::Peaked, (rows, cols), 6, IGNORED);
    outputs(gpu, spec, CrossEntropyInputs::new(&logits, &ids))
}

fn outputs(gpu: &Gpu, spec: CrossEntropySpec, inputs: CrossEntropyInputs<'_>) -> Vec<u32> {
    let wants = CrossEntropyWants {
        grad_logits: true,
        lse: true,
    };
    let found = gpu.cross_entropy(&spec, inputs, wants).expect("runs");
    let (gradient, lse) = (
        found.grad_logits.expect("a gradient"),
        found.lse.expect("lse"),
    );
    bits(&[found.losses, gradient, lse].concat())
}

fn spec_of((rows, cols, inner): Long) -> CrossEntropySpec {
    CrossEntropySpec::new(rows as u64, cols as u64).inner(inner as u64)
}

/// A row, or a slice of rows side by side, takes several bindings of 4 KiB. Rows are served by every kind of access.
const LONG: [(Operation, DType, Long, Compute); 12] = {
    use DType::{Bf16, F16, F32};
    use Operation::{
        CrossEntropyFused, LogSoftmax, LogSoftmaxBackward, LogSumExp, LogSumExpBackward, Softmax,
        SoftmaxBackward,
    };
    [
        (Softmax, F32, (3, 5003, 1), on_matrices!(softmax_with(1))),
        (Softmax, F32, (6, 3001, 1), |gpu, shape, dtype| {
            let logits = Inputs::Peaked.logits(shape.0, shape.1, 1);
            let spec = long(shape, dtype).causal(3);
            bits(&gpu.softmax_with(&spec, &logits).expect("runs"))
        }),
        (Softmax, F16, (3, 5003, 1), on_matrices!(softmax_with(1))),
        (Softmax, F32, (40, 300, 20), on_matrices!(softmax_with(1))),
        // Of 100 rows, a binding holds no more than 28 records in nine parts.
        (Softmax, F32, (200, 70, 100), on_matrices!(softmax_with(1))),
        (
            LogSoftmax,
            Bf16,
            (6, 1501, 3),
            on_matrices!(log_softmax_with(1)),
        ),
        (
            SoftmaxBackward,
            Bf16,
            (2, 6006, 1),
            on_matrices!(softmax_backward_with(1, 2)),
        ),
        (
            LogSoftmaxBackward,
            F32,
            (2, 5004, 1),
            on_matrices!(log_softmax_backward_with(1, 2)),
        ),
        (LogSumExp, F32, (2, 2047, 1), |gpu, shape, dtype| {
            let logits = Inputs::Peaked.logits(shape.0, shape.1, 1);
            bits(
                &gpu.logsumexp_with(&long(shape, dtype), &logits)
                    .expect("runs"),
            )
        }),
        (LogSumExpBackward, F32, (6, 1501, 3), |gpu, shape, dtype| {
            let logits = Inputs::Peaked.logits(shape.0, shape.1, 1);
            let grad: Vec<f32> = (0..6_u8).map(f32::from).collect();
            let found = gpu.logsumexp_backward_with(&long(shape, dtype), &logits, &grad);
            bits(&found.expect("runs"))
        }),
        (CrossEntropyFused, F32, (7, 2501, 1), |gpu, shape, _| {
            entropy(gpu, spec_of(shape).ignore_index(IGNORED.into()), shape)
        }),
        (CrossEntropyFused, F32, (12, 400, 4), |gpu, shape, _| {
            let spec = spec_of(shape).ignore_index(IGNORED.into()).softcap(20.0);
            entropy(gpu, spec, shape)
        }),
    ]
};

/// The kernel that takes some columns of a row at a time gives the same bits where a binding holds all of them.
#[test]
fn rows_longer_than_a_binding() {
    let (small, large) = (
        device_with_bindings_of(4096),
        device_with_bindings_of(1 << 27),
    );
    for (operation, dtype, shape, compute) in LONG {
        let problem = long(shape, dtype).problem(operation).expect("a problem");
        let variant = choose(problem, small.planner().abilities()).expect("a variant");
        assert!(variant.family.parts() > 1, "{operation} by {variant}");
        let whole = compute(&forced(&large, variant), shape, dtype);
        let found = compute(&small, shape, dtype);
        assert!(
            found == whole,
            "{operation} of {shape:?} {dtype:?} by {variant}"
        );
    }
}

#[test]
fn long_rows_are_within_their_bounds() {
    let (gpu, rows, cols) = (&device_with_bindings_of(4096), 3, 70_003);
    let (logits, ids) = rows_with_targets(Inputs::Flat, (rows, cols), 4, IGNORED);
    let probs = gpu.softmax(&logits, rows).expect("runs");
    let expected = reference::softmax(&logits, cols);
    assert_close(
        "probs",
        &probs,
        &expected,
        &bounds::probability(&logits, cols),
        cols,
    );

    let of = CrossEntropy::new(cols).ignore_index(i64::from(IGNORED));
    let spec = CrossEntropySpec::new(rows as u64, cols as u64).ignore_index(IGNORED.into());
    let wants = CrossEntropyWants {
        grad_logits: true,
        lse: true,
    };
    let found = gpu.cross_entropy(&spec, CrossEntropyInputs::new(&logits, &ids), wants);
    let found = found.expect("runs");
    let loss = of.losses(&logits, &wide(&ids)).loss.expect("a mean");
    let allowed = bounds::loss(&of, &logits, &wide(&ids)).expect("a bound");
    assert_close("mean", &found.losses, &[loss], &[allowed], 1);
    let (expected, allowed) = (
        of.gradient(&logits, &wide(&ids)),
        bounds::loss_gradient(&of, &logits, &wide(&ids)),
    );
    assert_close(
        "gradient",
        &found.grad_logits.expect("a gradient"),
        &expected,
        &allowed,
        cols,
    );
}

/// A matrix of 12,996 bytes a row.
#[test]
fn squares_larger_than_a_binding() {
    let (rows, cols) = (2, 57);
    let logits = Inputs::Peaked.logits(rows, cols, 7);
    for (dtype, bits_of) in [
        (
            DType::F32,
            jacobian_bits as fn(&Gpu, &[f32], usize) -> Vec<u32>,
        ),
        (DType::F16, half_jacobian_bits),
    ] {
        let [small, large] =
            [4096, 1 << 27].map(|limit| bits_of(&device_with_bindings_of(limit), &logits, rows));
        assert!(small == large, "{dtype:?}");
    }
}

fn jacobian_bits(gpu: &Gpu, logits: &[f32], rows: usize) -> Vec<u32> {
    bits(&gpu.jacobian(logits, rows).expect("runs"))
}

fn half_jacobian_bits(gpu: &Gpu, logits: &[f32], rows: usize) -> Vec<u32> {
    let spec = long((rows, logits.len() / rows, 1), DType::F16);
    let found = gpu.jacobian_with(&spec, &halves(DType::F16, logits));
    found.expect("runs").into_iter().map(u32::from).collect()
}

/// Each writes its part of the gradient from the saved pairs.
#[test]
fn backward_passes_over_rows_longer_than_a_binding() {
    let (gpu, rows, cols) = (&device_with_bindings_of(4096), 3, 5003);
    let (logits, ids) = rows_with_targets(Inputs::Peaked, (rows, cols), 4, IGNORED);
    let outputs = Outputs::new(gpu, rows, cols);
    let of = CrossEntropy::new(cols).ignore_index(i64::from(IGNORED));
    let (expected, allowed) = (
        of.gradient(&logits, &wide(&ids)),
        bounds::loss_gradient(&of, &logits, &wide(&ids)),
    );
    for found in outputs.write(gpu, cols, &logits, &ids) {
        assert_close("gradient", &found, &expected, &allowed, cols);
    }
}

/// Every class has a share: the loss is that of the first part, the gradient of each.
#[test]
fn shares_of_rows_longer_than_a_binding() {
    let (shape, rows, cols) = ((3, 2501, 1), 3, 2501);
    let (logits, targets) = (
        Inputs::Flat.logits(rows, cols, 1),
        reference::softmax(&Inputs::Flat.logits(rows, cols, 2), cols),
    );
    let targets: Vec<f32> = targets.into_iter().map(|share| share as f32).collect();
    let (small, large) = (
        device_with_bindings_of(4096),
        device_with_bindings_of(1 << 27),
    );
    let spec = spec_of(shape).targets(TargetType::Probs);
    let problem = spec
        .problem(Operation::CrossEntropyFused)
        .expect("a problem");
    let variant = choose(problem, small.planner().abilities()).expect("a variant");
    let inputs = CrossEntropyInputs::new(&logits, &targets);
    let found = [&small, &forced(&large, variant)].map(|gpu| outputs(gpu, spec, inputs));
    assert!(found[0] == found[1], "{variant}");
}
