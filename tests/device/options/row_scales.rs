//! A scale a row: every kind of target and kernel, with every other option; rows whose scale is none are NaN.

use wgpu_softmax::check::{Inputs, inputs};
use wgpu_softmax::wgpu::BufferUsages;
use wgpu_softmax::{
    CrossEntropyBuffers, CrossEntropyExtras, CrossEntropySpec, DType, Reduction, RowOutputs,
    TargetType,
};

use crate::common::expected::Expected;
use crate::common::problem::Problem;
use crate::common::{assert_error, buffer, gpu};

const NAN: f32 = f32::NAN;
const INF: f32 = f32::INFINITY;
const ROWS: usize = 12;

/// Returns scales of the rows, of many magnitudes.
fn scales(kind: Inputs) -> Vec<f32> {
    let mut scales = inputs::scales(ROWS, 6);
    match kind {
        Inputs::Special => {
            scales[1..8].copy_from_slice(&[0.0, -1.0, NAN, INF, -INF, 1e-45, 1e38]);
        }
        _ => scales[1..7].copy_from_slice(&[1e-30, 1e-3, 0.5, 64.0, 1e6, 8e37]),
    }
    scales
}

/// Returns every kind of target.
fn kinds(distribution: Inputs, cols: usize) -> [Problem; 5] {
    let of_ids = Problem::drawn(distribution, (ROWS, cols), [3, 4]);
    let of_probs = Problem::drawn_probs(distribution, (ROWS, cols), [3, 5]);
    let outputs = RowOutputs::default()
        .log_probs_of(3)
        .entropy()
        .argmax()
        .max_prob()
        .z_loss();
    [
        of_ids.clone().giving(outputs.target_log_prob().hit()),
        of_ids.clone().ids_as(TargetType::I64).z_loss(0.02),
        of_ids.label_smoothing(0.2),
        of_probs.clone().giving(outputs),
        of_probs.softcap(7.0).label_smoothing(0.1).z_loss(0.02),
    ]
}

#[test]
fn every_kernel_scales_rows() {
    for (turn, distribution, cols) in [(0, Inputs::Peaked, 48), (1, Inputs::Special, 45)] {
        for problem in kinds(distribution, cols).into_iter().skip(turn).step_by(2) {
            let problem = problem.row_scale(scales(distribution));
            problem.reduction(Reduction::None).assert_on_every_kernel();
        }
    }
}

/// Logits far from 0, and one column.
#[test]
fn a_scale_is_that_of_the_distances() {
    for distribution in [Inputs::Shifted1e8, Inputs::Extremes, Inputs::AllEqual] {
        for cols in [1, 45] {
            for problem in kinds(distribution, cols) {
                let problem = problem.row_scale(scales(distribution));
                let problem = problem.reduction(Reduction::None);
                let expected = Expected::of(&problem);
                expected.assert(&problem.fused(gpu(), None), "fused");
                expected.assert(&problem.apart(gpu(), None), "apart");
            }
        }
    }
}

#[test]
fn scales_meet_the_other_options() {
    for (n, problem) in kinds(Inputs::Flat, 45).into_iter().enumerate() {
        let reduction = [Reduction::Mean, Reduction::Sum, Reduction::None][n % 3];
        let problem = problem
            .reduction(reduction)
            .scale(0.75)
            .row_scale(inputs::scales(ROWS, 2));
        let problem = problem
            .weight(inputs::weights(45, 3))
            .row_weight(inputs::weights(ROWS, 4));
        let problem = problem.upstream(match reduction {
            Reduction::None => inputs::upstream(ROWS, 8),
            _ => vec![-1.5],
        });
        let expected = Expected::of(&problem);
        expected.assert(&problem.fused(gpu(), None), "fused");
        expected.assert(&problem.apart(gpu(), None), "apart");
        for dtype in DType::ALL {
            let problem = problem.clone().dtype(dtype).in_place();
            let expected = Expected::of(&problem);
            expected.assert(&problem.fused(gpu(), None), "in place");
        }
    }
    let problem =
        Problem::drawn(Inputs::Flat, (ROWS, 45), [3, 4]).row_scale(inputs::scales(ROWS, 2));
    Expected::of(&problem).assert(&problem.by_slices(gpu()), "by slices");
}

#[test]
fn rows_on_a_strided_axis_have_no_scales() {
    let [one, two, three] =
        [4 * 16, 4 * 4, 4 * 4].map(|bytes| buffer(gpu(), bytes, BufferUsages::STORAGE));
    let buffers = CrossEntropyBuffers {
        logits: &one,
        targets: &two,
        losses: &three,
        grad_logits: None,
    };
    let scales = buffer(gpu(), 16, BufferUsages::STORAGE);
    let plan = gpu()
        .planner()
        .cross_entropy(CrossEntropySpec::new(4, 4).inner(2))
        .expect("a plan");
    let bound = plan.bind_with(4, buffers, CrossEntropyExtras::default().row_scale(&scales));
    assert_error(
        bound,
        "row_scale: expected none on a strided axis or in a shard of the classes, found a buffer",
    );
}
