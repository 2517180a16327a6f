//! Rows, and slices of rows on a strided axis, longer than a binding: they are processed in parts.

use crate::common::expected::Expected;
use crate::common::problem::{IGNORED, Problem};
use crate::common::{assert_probs, bits, device_with_bindings_of, forced, rows_with_targets, wide};
use crate::windows::{halves, spec};
use wgpu_softmax::check::Inputs;
use wgpu_softmax::reference;
use wgpu_softmax::variant::{Operation, choose};
use wgpu_softmax::{
    CrossEntropyInputs, CrossEntropySpec, CrossEntropyWants, DType, Gpu, SoftmaxSpec, TargetType,
};

/// Rows, columns, and the extent of the strided axis.
type Long = (usize, usize, usize);

/// Function that a test computes: on floats of one type, returned as words.
type Compute = fn(&Gpu, Long, DType) -> Vec<u32>;

fn long((rows, cols, inner): Long, dtype: DType) -> SoftmaxSpec {
    spec((rows, cols)).inner(inner as u64).dtype(dtype)
}

/// Runs one operation on matrices of any type of floats, whose result is as wide.
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

/// Computes losses, their gradient and lse, of class ids.
fn entropy(gpu: &Gpu, spec: CrossEntropySpec, long: Long) -> Vec<u32> {
    let (rows, cols, _) = long;
    let (logits, ids) = rows_with_targets(Inputs::Peaked, (rows, cols), 6, IGNORED as i32);
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

/// Cases in which a row, or a slice of rows on a strided axis, takes several bindings of 4 KiB. Rows are served by every kind of
/// access.
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
        // A binding holds no more than 28 records in nine parts, of the 100 rows of a slice.
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
            entropy(gpu, spec_of(shape).ignore_index(IGNORED), shape)
        }),
        (CrossEntropyFused, F32, (12, 400, 4), |gpu, shape, _| {
            let spec = spec_of(shape).ignore_index(IGNORED).softcap(20.0);
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
    let (logits, ids) = rows_with_targets(Inputs::Flat, (rows, cols), 4, IGNORED as i32);
    let probs = gpu.softmax(&logits, rows).expect("runs");
    assert_probs("probs", &probs, &logits, cols);
    let problem = Problem::of_ids(cols, logits, &wide(&ids)).ignore_index(IGNORED);
    Expected::of(&problem).assert(&problem.by_slices(gpu), "long rows");
}

/// Each binding writes its part of the gradient from the saved pairs.
#[test]
fn backward_passes_over_rows_longer_than_a_binding() {
    let gpu = &device_with_bindings_of(4096);
    let problem = Problem::drawn(Inputs::Peaked, (3, 5003), [4, 4]);
    let expected = Expected::of(&problem);
    expected.assert(&problem.fused(gpu, None), "fused");
    expected.assert(&problem.apart(gpu, None), "apart");
}

/// Every class has a target weight: the loss is that of the first part, the gradient that of each.
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
