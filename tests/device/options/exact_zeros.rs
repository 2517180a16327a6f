//! A target weight of exactly 0 at a logit of -infinity adds nothing, any other one makes an infinite loss: by exact bits, in
//! every kind of kernel.

use wgpu_softmax::Reduction;
use wgpu_softmax::check::Inputs;

use crate::common::expected::Expected;
use crate::common::found::Found;
use crate::common::problem::{Problem, class_of};

const INF: f32 = f32::INFINITY;

/// Unaligned and aligned, both with idle lanes in every variant.
const WIDTHS: [usize; 2] = [45, 48];

/// Returns plain rows with -infinity in one column.
fn masked(rows: usize, cols: usize, column: usize) -> Vec<f32> {
    let mut logits = Inputs::Flat.logits(rows, cols, 8);
    logits.chunks_mut(cols).for_each(|row| row[column] = -INF);
    logits
}

/// Returns the columns that are tried: the first, one within, the last.
fn columns(cols: usize) -> [usize; 3] {
    [0, cols / 2 + 1, cols - 1]
}

/// Returns weights of 0.75, except for one.
fn weights(cols: usize, column: usize, weight: f32) -> Vec<f32> {
    let mut weights = vec![0.75; cols];
    weights[column] = weight;
    weights
}

/// Returns probabilities of a power of 2, except for one column.
fn probs(rows: usize, cols: usize, column: usize, prob: f32) -> Vec<f32> {
    let mut probs = vec![0.03125; rows * cols];
    probs.chunks_mut(cols).for_each(|row| row[column] = prob);
    probs
}

fn each(test: impl Fn(usize, usize)) {
    for cols in WIDTHS {
        columns(cols)
            .into_iter()
            .for_each(|column| test(cols, column));
    }
}

/// Fails unless the kernels agree with the reference, every loss is `loss`, and the gradient in the column `grad`.
#[track_caller]
fn assert_rows(problem: &Problem, column: usize, is_loss: impl Fn(f32) -> bool, grad: f32) {
    let problem = problem.clone().reduction(Reduction::None);
    let expected = Expected::of(&problem);
    problem.on_every_kernel(|found, kernel| {
        expected.assert(found, kernel);
        for row in 0..problem.rows {
            let (loss, at) = (found.losses[row], found.grad[row * problem.cols + column]);
            assert!(is_loss(loss), "{kernel}, column {column}: a loss of {loss}");
            assert_eq!(at, grad, "{kernel}, column {column}: the gradient");
        }
    });
}

#[test]
fn a_weight_of_zero_makes_nothing_of_a_target() {
    each(|cols, column| {
        let problem = Problem::of_ids(cols, masked(3, cols, column), &[class_of(column); 3]);
        for zero in [0.0, -0.0] {
            let problem = problem.clone().weight(weights(cols, column, zero));
            assert_rows(&problem, column, |loss| loss.to_bits() == 0, 0.0);
            let problem = problem.reduction(Reduction::None);
            let is_zero = |found: &Found| found.grad.iter().all(|&g| g == 0.0);
            problem.on_every_kernel(|found, kernel| assert!(is_zero(found), "{kernel}"));
        }
    });
}

#[test]
fn a_target_has_its_weight_in_an_infinite_loss() {
    each(|cols, column| {
        let problem = Problem::of_ids(cols, masked(3, cols, column), &[class_of(column); 3]);
        let heavy = problem.clone().weight(weights(cols, column, 2.5));
        assert_rows(&heavy, column, |loss| loss == INF, -2.5);
        let negative = problem.weight(weights(cols, column, -2.5));
        assert_rows(&negative, column, |loss| loss == -INF, 2.5);
    });
}

#[test]
fn a_probability_of_zero_makes_nothing() {
    each(|cols, column| {
        for zero in [0.0, -0.0] {
            let probs = probs(3, cols, column, zero);
            let problem = Problem::of_probs(cols, masked(3, cols, column), probs);
            assert_rows(&problem, column, f32::is_finite, 0.0);
        }
    });
}

#[test]
fn any_other_probability_makes_an_infinite_loss() {
    each(|cols, column| {
        for prob in [0.25, 1e-30, -0.25] {
            let probs = probs(3, cols, column, prob);
            let problem = Problem::of_probs(cols, masked(3, cols, column), probs);
            let infinite = if prob > 0.0 { INF } else { -INF };
            assert_rows(&problem, column, |loss| loss == infinite, -prob);
            // With a class weight of 0, whatever the probability, the loss is 0 again.
            let problem = problem.weight(weights(cols, column, 0.0));
            assert_rows(&problem, column, f32::is_finite, 0.0);
        }
    });
}

/// Smoothing gives every class a target weight, the target or not, unless the class has a weight of 0.
#[test]
fn smoothing_makes_an_infinite_loss_wherever_a_class_weighs_something() {
    each(|cols, column| {
        let others = [class_of((column + 1) % cols); 3];
        for (smoothing, ids) in [(1.0, [class_of(column); 3]), (1.0, others), (0.25, others)] {
            let problem = Problem::of_ids(cols, masked(3, cols, column), &ids);
            let problem = problem.label_smoothing(smoothing);
            let share = smoothing / cols as f32;
            assert_rows(&problem, column, |loss| loss == INF, -share);
            let nothing = problem.weight(weights(cols, column, 0.0));
            assert_rows(&nothing, column, f32::is_finite, 0.0);
        }
    });
}

/// The loss does not depend on the probabilities then.
#[test]
fn smoothing_of_1_leaves_the_uniform_shares() {
    each(|cols, column| {
        let mut probs = probs(3, cols, column, 0.0);
        probs[1] = f32::NAN;
        probs[2 * cols] = INF;
        let problem = Problem::of_probs(cols, masked(3, cols, column), probs).label_smoothing(1.0);
        assert_rows(&problem, column, |loss| loss == INF, -1.0 / cols as f32);
        let nothing = problem.weight(weights(cols, column, 0.0));
        assert_rows(&nothing, column, f32::is_finite, 0.0);
    });
}

/// Infinite losses of either sign in one row, in its two halves and so in other lanes and parts: NaN, as infinity less infinity.
/// The gradient is as finite as before.
#[test]
fn infinities_of_either_sign_are_no_number() {
    for cols in WIDTHS {
        for (plus, minus) in [(0, cols - 1), (cols - 2, 1), (cols / 2, cols / 2 + 1)] {
            let mut logits = masked(3, cols, plus);
            logits.chunks_mut(cols).for_each(|row| row[minus] = -INF);
            let mut shares = probs(3, cols, plus, 0.25);
            shares.chunks_mut(cols).for_each(|row| row[minus] = -0.5);
            let problem = Problem::of_probs(cols, logits, shares);
            assert_rows(&problem, plus, f32::is_nan, -0.25);
            assert_rows(&problem, minus, f32::is_nan, 0.5);
        }
    }
}

/// The z-loss does not depend on target weights: it is the whole loss where all of them are 0.
#[test]
fn a_row_without_shares_has_its_z_loss() {
    each(|cols, column| {
        let problem = Problem::of_ids(cols, masked(3, cols, column), &[class_of(column); 3]);
        let problem = problem.weight(weights(cols, column, 0.0)).z_loss(0.1);
        assert_rows(&problem, column, |loss| loss > 0.0 && loss < 10.0, 0.0);
        let probs = vec![0.0; 3 * cols];
        let problem = Problem::of_probs(cols, masked(3, cols, column), probs).z_loss(0.1);
        assert_rows(&problem, column, |loss| loss > 0.0 && loss < 10.0, 0.0);
    });
}
