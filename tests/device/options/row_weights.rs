//! A weight a row: every kind of target, reduction and kernel; rows of weight 0 are ignored whatever they hold.

use wgpu_softmax::check::{Inputs, inputs};
use wgpu_softmax::{DType, Reduction, RowOutputs, TargetType};

use crate::common::expected::Expected;
use crate::common::problem::{Given, IGNORED, Problem};
use crate::common::{bits, gpu};

const NAN: f32 = f32::NAN;
const INF: f32 = f32::INFINITY;
const ROWS: usize = 12;
const COLS: usize = 45;
const REDUCTIONS: [Reduction; 3] = [Reduction::Mean, Reduction::None, Reduction::Sum];

/// Returns weights of the rows, some of them 0.
fn weights(rows: usize) -> Vec<f32> {
    inputs::weights(rows, 6)
}

/// Returns every kind of target.
fn kinds(distribution: Inputs, cols: usize) -> [Problem; 5] {
    let of_ids = Problem::drawn(distribution, (ROWS, cols), [3, 4]);
    let of_probs = Problem::drawn_probs(distribution, (ROWS, cols), [3, 5]);
    [
        of_ids.clone(),
        of_ids.clone().ids_as(TargetType::I64).z_loss(0.02),
        of_ids.label_smoothing(0.2),
        of_probs.clone(),
        of_probs.softcap(7.0).label_smoothing(0.1).z_loss(0.02),
    ]
}

#[test]
fn every_kernel_weighs_rows() {
    for (distribution, cols) in [(Inputs::Peaked, 48), (Inputs::Special, 45)] {
        for (n, problem) in kinds(distribution, cols).into_iter().enumerate() {
            let problem = problem
                .row_weight(weights(ROWS))
                .reduction(REDUCTIONS[n % 3]);
            let expected = Expected::of(&problem);
            expected.assert(&problem.fused(gpu(), None), "fused");
            expected.assert(&problem.apart(gpu(), None), "apart");
            let problem = problem
                .weight(inputs::weights(cols, 2))
                .upstream(match n % 3 {
                    1 => inputs::upstream(ROWS, 8),
                    _ => vec![-1.5],
                });
            problem.assert_on_every_kernel();
        }
    }
}

#[test]
fn rows_on_a_strided_axis_in_place_and_in_other_types() {
    for problem in kinds(Inputs::Flat, COLS) {
        for reduction in REDUCTIONS {
            let problem = problem
                .clone()
                .row_weight(weights(ROWS))
                .reduction(reduction);
            for inner in [2, 4, 6] {
                let problem = problem.clone().inner(inner);
                let expected = Expected::of(&problem);
                expected.assert(&problem.fused(gpu(), None), "strided, fused");
                expected.assert(&problem.apart(gpu(), None), "strided, apart");
            }
            for dtype in [DType::F16, DType::Bf16] {
                let problem = problem.clone().dtype(dtype).in_place();
                let expected = Expected::of(&problem);
                expected.assert(&problem.fused(gpu(), None), "in place");
            }
        }
    }
}

/// A weight of 1 changes no bit, but that the rows of probabilities are counted.
#[test]
fn weights_of_1_give_the_bits_of_none() {
    for problem in kinds(Inputs::Peaked, COLS) {
        for reduction in REDUCTIONS {
            let plain = problem.clone().reduction(reduction);
            let weighted = plain.clone().row_weight(vec![1.0; ROWS]);
            assert_eq!(
                weighted.fused(gpu(), None).bits(),
                plain.fused(gpu(), None).bits()
            );
            assert_eq!(
                weighted.apart(gpu(), None).bits(),
                plain.apart(gpu(), None).bits()
            );
        }
    }
}

/// Rows of weight 0 hold NaN and infinity, and bad targets: the other rows have the bits that they have with an ignored id.
#[test]
fn a_row_of_weight_0_is_ignored_whatever_it_holds() {
    let clean = Problem::drawn(Inputs::Flat, (ROWS, COLS), [3, 4]).z_loss(0.1);
    let Given::Ids(ids) = clean.targets.clone() else {
        unreachable!("ids were drawn");
    };
    let none = |row: usize| row % 3 == 1;
    let ignored: Vec<i64> = (0..ROWS)
        .map(|row| if none(row) { IGNORED } else { ids[row] })
        .collect();
    let bad: Vec<i64> = (0..ROWS)
        .map(|row| if none(row) { 5000 } else { ids[row] })
        .collect();
    let zero_weights: Vec<f32> = (0..ROWS)
        .map(|row| if none(row) { -0.0 } else { 1.0 })
        .collect();
    let mut logits = clean.logits.clone();
    for row in (0..ROWS).filter(|&row| none(row)) {
        logits[row * COLS] = [NAN, INF, -INF][row % 2];
        logits[row * COLS + 1] = [NAN, INF][row / 3 % 2];
    }
    for reduction in REDUCTIONS {
        let by_id = Problem::of_ids(COLS, logits.clone(), &ignored);
        let by_weight =
            Problem::of_ids(COLS, logits.clone(), &bad).row_weight(zero_weights.clone());
        let [by_id, by_weight] = [by_id, by_weight].map(|problem| {
            let outputs = RowOutputs::default()
                .target_log_prob()
                .entropy()
                .hit()
                .z_loss();
            let problem = problem
                .ignore_index(IGNORED)
                .z_loss(0.1)
                .reduction(reduction);
            problem.giving(outputs)
        });
        Expected::of(&by_weight).assert(&by_weight.fused(gpu(), None), "weights of 0");
        let (expected, found) = (by_id.fused(gpu(), None), by_weight.fused(gpu(), None));
        assert_eq!(found.bits(), expected.bits(), "{reduction:?}");
        assert_eq!(found.status.bad_targets, 0);
        let of_row = |row: usize| &found.grad[row * COLS..][..COLS];
        let gradients = (0..ROWS).filter(|&row| none(row)).flat_map(of_row);
        assert!(gradients.copied().all(|g| g.to_bits() == 0));
    }
}

#[test]
fn rows_of_probabilities_can_be_ignored() {
    let mut problem = Problem::drawn_probs(Inputs::Flat, (ROWS, COLS), [3, 5]).z_loss(0.1);
    let mut row_weight = vec![0.5; ROWS];
    for row in [0, 5, 11] {
        row_weight[row] = 0.0;
        problem.logits[row * COLS + 7] = NAN;
        if let Given::Probs(probs) = &mut problem.targets {
            probs[row * COLS + 3] = INF;
        }
    }
    for reduction in REDUCTIONS {
        let problem = problem
            .clone()
            .row_weight(row_weight.clone())
            .reduction(reduction);
        problem.assert_on_every_kernel();
        let found = problem.by_slices(gpu());
        assert_eq!((found.status.valid_rows, found.status.weight_sum), (9, 4.5));
        for row in [0, 5, 11] {
            let gradient = &found.grad[row * COLS..][..COLS];
            assert!(bits(gradient).iter().all(|&bits| bits == 0), "row {row}");
        }
    }
}

/// Weights of either sign, infinite and NaN: what the reference says, in each row alone.
#[test]
fn any_number_is_a_weight() {
    let mut row_weight = weights(ROWS);
    row_weight[..6].copy_from_slice(&[-1.5, INF, -INF, NAN, 1e-38, 3e38]);
    for problem in kinds(Inputs::Flat, COLS) {
        let problem = problem
            .row_weight(row_weight.clone())
            .reduction(Reduction::None);
        problem.assert_on_every_kernel();
    }
    for problem in kinds(Inputs::Flat, COLS) {
        let problem = problem.row_weight(vec![-0.5; ROWS]);
        let expected = Expected::of(&problem);
        expected.assert(&problem.fused(gpu(), None), "a negative sum");
        expected.assert(&problem.apart(gpu(), None), "a negative sum");
    }
}
