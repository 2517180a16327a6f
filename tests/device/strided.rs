//! Rows on a strided axis, one that is not the last: at any place in their buffers, through small bindings, and refused layouts.
//! The check covers their results in every kernel.

use crate::common::place::{Place, stored};
use crate::common::{
    Output, assert_error, assert_probs, bits, device_with_bindings_of, gpu, upload,
};
use wgpu_softmax::check::{Inputs, bounds, compare_as, inputs};
use wgpu_softmax::reference::{self, CrossEntropy, axis_to_rows, rows_to_axis};
use wgpu_softmax::variant::Operation;
use wgpu_softmax::{
    CrossEntropyBuffers, CrossEntropySpec, DType, Gpu, Layout, Reduction, SoftmaxBackwardBuffers,
    SoftmaxBuffers, SoftmaxSpec,
};

/// Slices, columns, and the extent of the strided axis: by fours, by twos, by ones; short and long.
const SHAPES: [[usize; 3]; 5] = [
    [3, 21, 64],
    [2, 200, 36],
    [3, 45, 10],
    [4, 33, 7],
    [1, 9000, 3],
];

/// Returns places of slices: one after the other, with padding between them, and at an odd place.
fn places([_, cols, inner]: [usize; 3]) -> [Place; 3] {
    let elements = cols * inner;
    let at = |offset, stride| Place::new(offset, stride, elements);
    [
        Place::contiguous(elements),
        at(8, (elements + 9).next_multiple_of(4)),
        at(3, elements + 2),
    ]
}

fn spec([slices, cols, inner]: [usize; 3], dtype: DType, layout: Layout) -> SoftmaxSpec {
    SoftmaxSpec::new((slices * inner) as u64, cols as u64)
        .inner(inner as u64)
        .dtype(dtype)
        .input_layout(layout)
        .upstream_layout(layout)
        .output_layout(layout)
}

#[test]
fn softmax_and_its_backward_pass_anywhere() {
    for shape in SHAPES {
        for (place, dtype) in places(shape)
            .into_iter()
            .zip(DType::ALL.into_iter().cycle())
        {
            let [slices, cols, inner] = shape;
            let logits = stored(
                dtype,
                Inputs::PlantedOutliers.logits(slices * inner, cols, 5),
            );
            let what = format!("{shape:?} {dtype}");
            let p = softmax(shape, place, dtype, &logits);
            let expected = reference::softmax(&logits, cols);
            let allowed = bounds::probability(&logits, cols);
            assert_within(&what, dtype, &p, &expected, &allowed, cols);

            let g = stored(dtype, inputs::upstream(logits.len(), 6));
            let found = softmax_backward(shape, place, dtype, (&p, &g));
            let expected = reference::softmax_backward(&p, &g, cols);
            let allowed = bounds::softmax_backward(&p, &g, cols);
            assert_within(&what, dtype, &found, &expected, &allowed, cols);
        }
    }
}

#[track_caller]
fn assert_within(
    what: &str,
    dtype: DType,
    found: &[f32],
    expected: &[f64],
    allowed: &[f64],
    cols: usize,
) {
    let allowed = bounds::stored(dtype, allowed, expected);
    let comparison = compare_as(dtype, found, expected, &allowed, cols);
    assert!(
        comparison.elements > 0 && comparison.passed(),
        "{what}: {comparison}"
    );
}

/// Returns probabilities, row by row.
fn softmax(shape: [usize; 3], place: Place, dtype: DType, logits: &[f32]) -> Vec<f32> {
    let slices = shape[0];
    let input = place.upload(gpu(), dtype, &rows_to_axis(logits, shape));
    let output = place.output(gpu(), dtype, slices);
    let plan = gpu().planner().softmax(spec(shape, dtype, place.layout()));
    let buffers = SoftmaxBuffers {
        logits: &input,
        probs: &output,
    };
    let bound = plan.expect("a plan").bind(buffers).expect("bound");
    gpu().run(&bound, "softmax").expect("runs");
    axis_to_rows(&place.written(gpu(), dtype, &output, slices), shape)
}

fn softmax_backward(
    shape: [usize; 3],
    place: Place,
    dtype: DType,
    (p, g): (&[f32], &[f32]),
) -> Vec<f32> {
    let upload = |values| place.upload(gpu(), dtype, &rows_to_axis(values, shape));
    let output = place.output(gpu(), dtype, shape[0]);
    let plan = gpu()
        .planner()
        .softmax_backward(spec(shape, dtype, place.layout()));
    let buffers = SoftmaxBackwardBuffers {
        probs: &upload(p),
        grad_probs: &upload(g),
        grad_logits: &output,
    };
    let bound = plan.expect("a plan").bind(buffers).expect("bound");
    gpu().run(&bound, "softmax-backward").expect("runs");
    axis_to_rows(&place.written(gpu(), dtype, &output, shape[0]), shape)
}

/// Computes losses and gradient of images, `[N, C, H W]` with targets `[N, H W]`.
fn losses_and_gradient(gpu: &Gpu, shape: [usize; 3], seed: u64) -> (Vec<u32>, Vec<u32>, usize) {
    let [slices, classes, inner] = shape;
    let rows = slices * inner;
    let logits = Inputs::Peaked.logits(rows, classes, seed);
    let targets = inputs::targets(rows, classes, seed, Some(-100));
    let spec = CrossEntropySpec::new(rows as u64, classes as u64)
        .inner(inner as u64)
        .ignore_index(-100)
        .reduction(Reduction::None);
    let (losses, grad) = (Output::new(gpu, rows), Output::new(gpu, logits.len()));
    let buffers = CrossEntropyBuffers {
        logits: &upload(gpu, &rows_to_axis(&logits, shape)),
        targets: &upload(gpu, &targets),
        losses: &losses.buffer,
        grad_logits: Some(&grad.buffer),
    };
    let plan = gpu.planner().cross_entropy(spec).expect("a plan");
    let bound = plan.bind(buffers).expect("bound");
    gpu.run(&bound, "cross-entropy").expect("runs");
    let (found, gradient) = (losses.floats(gpu), axis_to_rows(&grad.floats(gpu), shape));

    let ids: Vec<i64> = targets.iter().map(|&id| id.into()).collect();
    let of = CrossEntropy::new(classes)
        .ignore_index(-100)
        .reduction(Reduction::None);
    let expected = of.losses(&logits, &ids).row_losses;
    crate::common::assert_close(
        "losses",
        &found,
        &expected,
        &bounds::row_loss(&of, &logits, &ids),
        1,
    );
    let allowed = bounds::loss_gradient(&of, &logits, &ids);
    crate::common::assert_close(
        "gradient",
        &gradient,
        &of.gradient(&logits, &ids),
        &allowed,
        classes,
    );
    (bits(&found), bits(&gradient), bound.dispatches())
}

#[test]
fn images_pass_through_windows_of_whole_slices() {
    let shape = [37, 21, 36];
    let whole = losses_and_gradient(gpu(), shape, 3);
    assert_eq!(whole.2, 1);
    // Slices of 3,024 bytes each.
    let small = device_with_bindings_of(16_384);
    let windowed = losses_and_gradient(&small, shape, 3);
    assert!(windowed.2 >= 8, "{} dispatches", windowed.2);
    assert_eq!((windowed.0, windowed.1), (whole.0, whole.1));
}

#[test]
fn few_long_rows_are_split_and_their_parts_combined() {
    let (rows, cols) = (8, 70_000);
    let logits = Inputs::Flat.logits(rows, cols, 8);
    let shape = [1, cols, rows];
    let plan = gpu()
        .planner()
        .softmax(spec(shape, DType::F32, Layout::CONTIGUOUS));
    assert!(plan.expect("a plan").kernel().contains("split"));
    let found = softmax(shape, Place::contiguous(cols * rows), DType::F32, &logits);
    assert_probs("probs", &found, &logits, cols);
}

/// More columns than the loops of sixteen parts may have trips for on a software adapter.
#[test]
fn millions_of_columns() {
    let (rows, cols) = (2, 2_100_000);
    let logits = Inputs::Flat.logits(rows, cols, 8);
    let shape = [1, cols, rows];
    let found = softmax(shape, Place::contiguous(cols * rows), DType::F32, &logits);
    assert_probs("probs", &found, &logits, cols);
}

#[test]
fn what_cannot_lie_side_by_side() {
    let planner = gpu().planner();
    let of = |inner| SoftmaxSpec::new(12, 5).inner(inner);
    assert_error(
        planner.softmax(of(0)),
        "inner extent: expected a divisor of the rows, found 0 for 12 rows",
    );
    assert_error(
        planner.softmax(of(5)),
        "inner extent: expected a divisor of the rows, found 5 for 12 rows",
    );
    assert_error(
        planner.jacobian(of(3)),
        "inner extent: expected 1 for this operation, found 3 for jacobian",
    );
    let shard = CrossEntropySpec::new(12, 5).inner(3).shard(0, 10);
    assert_error(
        planner.cross_entropy_from_pairs(shard),
        "inner extent: expected 1 in a shard of the classes, found 3",
    );
    let narrow = Layout::CONTIGUOUS.stride(14);
    assert_error(
        planner.softmax(of(3).input_layout(narrow)),
        "row stride: expected at least the columns, and at most 1,073,741,824, found 14 for 15 columns",
    );
    let plan = planner.softmax(of(3)).expect("a plan");
    let (input, output) = (upload(gpu(), &[0.0_f32; 60]), Output::new(gpu(), 60));
    let buffers = SoftmaxBuffers {
        logits: &input,
        probs: &output.buffer,
    };
    assert_error(
        plan.bind_rows(4, buffers),
        "rows to bind: expected a multiple of the inner extent, found 4 rows, 3 side by side",
    );
    assert!(
        of(3)
            .problem(Operation::Softmax)
            .is_ok_and(|problem| problem.inner == 3)
    );
}
