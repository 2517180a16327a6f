//! Every kind of kernel: each family, each way to merge, each access.

use wgpu_softmax::check::Inputs;
use wgpu_softmax::{DType, TargetType};

use crate::common::problem::Problem;
use crate::common::sweep::some;
use crate::row_outputs::problem::{all_of, everything, everything_of_probs};

pub fn of_ids(distribution: Inputs, rows: usize, cols: usize) -> Problem {
    let problem = Problem::drawn(distribution, (rows, cols), [3, 4]);
    all_of(problem, everything())
}

pub fn of_probs(distribution: Inputs, rows: usize, cols: usize) -> Problem {
    let problem = Problem::drawn_probs(distribution, (rows, cols), [3, 5]);
    all_of(problem, everything_of_probs())
}

/// Rows of one column, of fewer than a quad, unaligned, by pairs and aligned.
#[test]
fn every_kernel_gives_every_output() {
    for cols in [1, 3, 45, 46, 128] {
        for distribution in [
            Inputs::Peaked,
            Inputs::Ascending,
            Inputs::Special,
            Inputs::Extremes,
        ] {
            of_ids(distribution, 7, cols)
                .z_loss(0.01)
                .assert_row_outputs();
        }
    }
}

/// Blocks of which some do not hold the maximum, parts of several blocks.
#[test]
fn every_kernel_serves_longer_rows() {
    for distribution in [Inputs::Flat, Inputs::Descending, Inputs::Masked] {
        of_ids(distribution, 5, 1030).assert_row_outputs();
    }
}

#[test]
fn every_kernel_sums_shares_beside_them() {
    for distribution in [Inputs::Flat, Inputs::Ascending, Inputs::Special] {
        let smoothed = of_ids(distribution, 7, 45).label_smoothing(0.1);
        smoothed.z_loss(0.02).assert_row_outputs();
        of_probs(distribution, 7, 48).assert_row_outputs();
    }
}

#[test]
fn rows_side_by_side() {
    let shapes = vec![(14, 45, 7), (24, 21, 6), (36, 9, 12), (16, 1, 4)];
    for (turn, (rows, cols, inner)) in some(shapes.into_iter().enumerate().collect(), 0, 2) {
        let distributions = vec![Inputs::Peaked, Inputs::Ascending, Inputs::Special];
        for distribution in some(distributions, turn, 3) {
            let problem = of_ids(distribution, rows, cols).z_loss(0.01);
            problem.clone().inner(inner).assert_row_outputs();
            problem
                .label_smoothing(0.1)
                .ids_as(TargetType::I64)
                .inner(inner)
                .assert_row_outputs();
        }
        of_probs(Inputs::Flat, rows, cols)
            .inner(inner)
            .assert_row_outputs();
    }
}

/// Rows that begin amid four elements, among others amid a word.
#[test]
fn rows_anywhere_in_sixteen_bits() {
    for dtype in [DType::F16, DType::Bf16] {
        for (cols, offset) in [(45, 0), (45, 3), (48, 4), (46, 2)] {
            let problem = of_ids(Inputs::Peaked, 6, cols).dtype(dtype).offset(offset);
            problem.assert_row_outputs();
            problem.inner(3).assert_on_the_preferred_kernel();
        }
    }
}

#[test]
fn shifted_rows() {
    for offset in 1..4 {
        for cols in [5, 45, 130] {
            let problem = of_ids(Inputs::PlantedOutliers, 5, cols);
            problem.offset(offset).assert_row_outputs();
        }
    }
}

/// Log-probabilities need the logits that the gradient is written over.
#[test]
fn in_place() {
    for (cols, offset) in [(45, 0), (48, 0), (45, 3)] {
        let of_ids = of_ids(Inputs::Special, 6, cols).in_place().offset(offset);
        of_ids.clone().z_loss(0.01).assert_row_outputs();
        of_ids.inner(3).assert_row_outputs();
        let of_probs = of_probs(Inputs::Peaked, 6, cols).in_place().offset(offset);
        of_probs.dtype(DType::F16).assert_on_the_preferred_kernel();
    }
}
