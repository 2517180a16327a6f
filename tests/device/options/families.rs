//! Target weights of all classes, and capped logits, by every kind of kernel.

use wgpu_softmax::check::{Inputs, inputs};
use wgpu_softmax::{Reduction, TargetType};

use crate::common::problem::{Problem, class_of};
use crate::common::sweep::some;

const ROWS: usize = 7;

/// Widths: one column, fewer than a quad, unaligned and aligned.
const WIDTHS: [usize; 5] = [1, 3, 45, 48, 130];

/// Returns weights of either sign, some of them 0.
fn weights(cols: usize) -> Vec<f32> {
    let mut weights = inputs::weights(cols, 2);
    weights
        .iter_mut()
        .step_by(5)
        .for_each(|weight| *weight *= -0.5);
    weights
}

/// Returns every form with target weights of all classes, plain and with every other option.
fn problems(distribution: Inputs, cols: usize) -> Vec<Problem> {
    let logits = distribution.logits(ROWS, cols, 3);
    let mut probs = inputs::sparse_probs(ROWS, cols, 5);
    probs.iter_mut().step_by(7).for_each(|prob| *prob *= -1.0);
    let of_ids = Problem::drawn(distribution, (ROWS, cols), [3, 4]);
    let smoothed = of_ids.ids_as(TargetType::I64).label_smoothing(0.2);
    let of_probs = Problem::of_probs(cols, logits, probs);
    [
        smoothed.clone(),
        smoothed.softcap(7.0),
        of_probs.clone(),
        of_probs.softcap(7.0),
    ]
    .into_iter()
    .flat_map(|problem| {
        [
            problem.clone().reduction(Reduction::None),
            everything(problem),
        ]
    })
    .collect()
}

fn everything(problem: Problem) -> Problem {
    let weights = weights(problem.cols);
    problem
        .label_smoothing(0.1)
        .z_loss(0.02)
        .scale(0.7)
        .weight(weights)
        .upstream(vec![-1.5])
}

#[test]
fn every_kernel_sums_the_shares() {
    for distribution in [Inputs::Peaked, Inputs::Ascending, Inputs::Special] {
        for (turn, cols) in WIDTHS.into_iter().enumerate() {
            for problem in some(problems(distribution, cols), turn, 3) {
                problem.assert_on_every_kernel();
            }
        }
    }
}

/// Logits far from 0, whose distances from the maximum are small.
#[test]
fn a_shift_of_all_logits_changes_no_loss() {
    for distribution in [Inputs::Shifted1e4, Inputs::Shifted1e8, Inputs::AllEqual] {
        for problem in problems(distribution, 45) {
            problem.assert_on_every_kernel();
        }
    }
}

#[test]
fn masked_logits_and_extremes() {
    for distribution in [Inputs::Masked, Inputs::Extremes] {
        for problem in problems(distribution, 48) {
            problem.assert_on_every_kernel();
        }
    }
}

/// The largest numbers: the difference of two may overflow, also in a lane or a part that has seen nothing. So may the products
/// of both with the larger scales.
#[test]
fn logits_near_the_largest() {
    for scale in [1e-38, 0.5, 1.0, 3.0, 3e38] {
        for big in [1e32, f32::MAX] {
            for (above, below) in [(0, 2), (44, 1), (20, 44)] {
                let mut logits = vec![0.5; 45];
                (logits[above], logits[below]) = (big, -big);
                let mut probs = vec![0.0; 45];
                probs[above] = 1.0;
                let of_ids = Problem::of_ids(45, logits.clone(), &[class_of(above)]);
                let of_probs = Problem::of_probs(45, logits, probs);
                for problem in [of_ids.clone(), of_ids.label_smoothing(0.1), of_probs] {
                    let problem = problem.scale(scale).reduction(Reduction::None);
                    problem.assert_on_every_kernel();
                }
            }
        }
    }
}
