//! The bounds are those of the contract; sound arithmetic keeps them, and unsound arithmetic does not.

use wgpu_softmax::Reduction;
use wgpu_softmax::check::{Comparison, Inputs, bounds, compare, inputs};
use wgpu_softmax::reference::{self, CrossEntropy, Statistic};

use crate::numbers::{INF, U, of_rows, rounded, sum, wide};

#[test]
fn the_table_at_a_few_points() {
    let ln = |cols: f64| cols.ln();
    let equal = [0.0, 0.0];
    assert_eq!(
        bounds::probability(&equal, 2),
        [(8.0 + 2.0 * ln(2.0)) * U * 0.5; 2]
    );
    assert_eq!(
        bounds::log_probability(&equal, 2),
        [(8.0 + 2.0 * ln(2.0)) * U; 2]
    );
    assert_eq!(
        bounds::lse(&[100.0, 100.0], 2),
        [(800.0 + 2.0 * ln(2.0)) * U]
    );
    assert_eq!(
        bounds::probability(&[0.0, -80.0, -INF], 3)[1..],
        [1e-35, 0.0]
    );
    assert_eq!(bounds::log_probability(&[0.0, -INF], 2)[1], 0.0);
    let p = reference::softmax(&[0.0, -20.0], 2)[1];
    let d20 = bounds::probability(&[0.0, -20.0], 2)[1];
    assert!((d20 / ((48.0 + 2.0 * ln(2.0)) * U * p) - 1.0).abs() < 1e-12);
    let w20 = bounds::log_probability(&[0.0, -20.0], 2)[1];
    assert!((w20 / ((160.0 + 2.0 * ln(2.0)) * U) - 1.0).abs() < 1e-9);
}

#[test]
fn the_table_of_gradients_at_a_few_points() {
    let two_ln = 2.0 * 2_f64.ln();
    let near = |found: f64, expected: f64| {
        assert!((found / expected - 1.0).abs() < 1e-9, "{found} {expected}")
    };
    let sum = CrossEntropy::new(2)
        .reduction(Reduction::Sum)
        .grad_loss(-3.0);
    let found = bounds::loss_gradient(&sum, &[0.0, 0.0], &[1]);
    let share = (10.0 + 4.0 * 2_f64.ln() + two_ln) * 0.5 * U;
    near(found[0], 3.0 * share);
    near(found[1], 3.0 * (share + 2.0 * U));
    // A = 0.5 * 1 + 0.5 * 3
    near(
        bounds::softmax_backward(&[0.5, 0.5], &[1.0, -3.0], 2)[1],
        U * 0.5 * (12.0 + (8.0 + two_ln) * 2.0),
    );
    let log = bounds::log_softmax_backward(&[0.0, -INF], &[1.0, -3.0], 2);
    near(log[0], U * (2.0 + (8.0 + two_ln) * 4.0));
    near(log[1], U * 6.0);
    near(
        bounds::logsumexp_backward(&[0.0, 0.0], &[-4.0], 2)[0],
        4.0 * ((8.0 + two_ln) * 0.5 + 0.5) * U,
    );
    let p = (8.0 + two_ln) * U * 0.5;
    near(
        bounds::jacobian(&[0.0, 0.0], 2)[1],
        p * 0.5 + (0.5 + p) * p + 0.5 * U,
    );
}

#[test]
fn exact_values_are_asked_for() {
    assert_eq!(bounds::probability(&[3.0], 1), [0.0]);
    assert_eq!(bounds::log_probability(&[3.0], 1), [0.0]);
    assert_eq!(bounds::jacobian(&[3.0], 1), [0.0]);
    assert_eq!(
        bounds::softmax_backward(&[1.0, 0.0], &[1.0, 1.0], 2)[1],
        0.0
    );
    assert_eq!(
        bounds::log_softmax_backward(&[0.0, -INF], &[1.0, 0.0], 2)[1],
        0.0
    );
    assert_eq!(bounds::logsumexp_backward(&[0.0, -INF], &[1.0], 2)[1], 0.0);
    assert_eq!(bounds::jacobian(&[0.0, 0.0, -INF], 3)[2], 0.0);
    let operation = CrossEntropy::new(2).ignore_index(-1);
    let (logits, targets) = ([0.0, -INF, 0.0, -INF, 0.0, 0.0], [0, 1, -1]);
    assert_eq!(bounds::row_loss(&operation, &logits, &targets)[2], 0.0);
    let gradient = bounds::loss_gradient(&operation, &logits, &targets);
    assert_eq!((gradient[1], &gradient[4..]), (0.0, &[0.0, 0.0][..]));
    assert!(gradient[0] > 0.0 && gradient[3] > 0.0);
}

#[test]
fn the_mean_has_the_mean_of_the_bounds() {
    let (logits, targets) = ([0.0; 6], [0, 1, -1]);
    let with = |reduction| CrossEntropy::new(2).ignore_index(-1).reduction(reduction);
    let row = bounds::row_loss(&with(Reduction::Sum), &logits, &targets)[0];
    let expected = row + 8.0 * U * 2_f64.ln();
    assert_eq!(
        bounds::loss(&with(Reduction::Mean), &logits, &targets),
        Some(expected)
    );
    assert_eq!(
        bounds::loss(&with(Reduction::Sum), &logits, &targets),
        Some(2.0 * expected)
    );
    assert_eq!(
        bounds::loss(&with(Reduction::None), &logits, &targets),
        None
    );
    let overflowing = [f32::MAX, f32::MIN];
    assert_eq!(
        bounds::loss(&with(Reduction::Sum), &overflowing, &[1]),
        Some(f64::INFINITY)
    );
}

#[test]
fn a_result_flushed_to_zero_passes() {
    let logits = [0.0, -90.0];
    let sum = CrossEntropy::new(2)
        .reduction(Reduction::Sum)
        .grad_loss(10.0);
    let pairs = [
        (
            sum.gradient(&logits, &[0])[1],
            bounds::loss_gradient(&sum, &logits, &[0])[1],
        ),
        (
            reference::softmax_backward(&[1.0, 1e-39], &[0.0, 10.0], 2)[1],
            bounds::softmax_backward(&[1.0, 1e-39], &[0.0, 10.0], 2)[1],
        ),
        (
            reference::log_softmax_backward(&logits, &[10.0, 0.0], 2)[1],
            bounds::log_softmax_backward(&logits, &[10.0, 0.0], 2)[1],
        ),
        (
            reference::logsumexp_backward(&logits, &[1e-39], 2)[0],
            bounds::logsumexp_backward(&logits, &[1e-39], 2)[0],
        ),
        (
            reference::jacobian(&[0.0, -45.0, -45.0], 3)[5],
            bounds::jacobian(&[0.0, -45.0, -45.0], 3)[5],
        ),
    ];
    for (case, (expected, allowed)) in pairs.into_iter().enumerate() {
        assert!(
            expected != 0.0 && expected.abs() < 1.2e-38,
            "case {case}: {expected}"
        );
        assert!(
            compare(&[0.0], &[expected], &[allowed], 1).passed(),
            "case {case}"
        );
    }
}

#[test]
fn the_mean_gradient_allows_for_its_division() {
    let logits = [0.0, -30.0];
    let allowed = |reduction| {
        let operation = CrossEntropy::new(2).reduction(reduction);
        bounds::loss_gradient(&operation, &logits, &[1])[1] / U
    };
    let difference = allowed(Reduction::Mean) - allowed(Reduction::Sum);
    assert!((difference - 5.0).abs() < 1e-9, "{difference}");
}

/// Each operation's correctly rounded result uses no more than half of any bound.
#[test]
fn correctly_rounded_results_pass() {
    for kind in Inputs::ALL {
        for cols in [1, 2, 33, 300] {
            let comparison = correctly_rounded(kind, 6, cols);
            assert!(
                comparison.worst_share <= 0.5001,
                "{kind:?} {cols}: {comparison}"
            );
        }
    }
}

fn correctly_rounded(kind: Inputs, rows: usize, cols: usize) -> Comparison {
    let logits = kind.logits(rows, cols, 11);
    let targets = wide(inputs::bad_targets(rows, cols, 13, Some(-100)));
    let mean = CrossEntropy::new(cols).ignore_index(-100);
    let result = mean.losses(&logits, &targets);
    let of_targets = [
        (
            result.row_losses,
            bounds::row_loss(&mean, &logits, &targets),
        ),
        (
            vec![result.loss.unwrap()],
            vec![bounds::loss(&mean, &logits, &targets).unwrap()],
        ),
        (
            mean.gradient(&logits, &targets),
            bounds::loss_gradient(&mean, &logits, &targets),
        ),
    ];
    let of_rows = of_rows(&logits, cols.into(), rows);
    let compared = of_rows
        .iter()
        .chain(&of_targets)
        .map(|(expected, allowed)| compare(&rounded(expected), expected, allowed, 1));
    compared.fold(Comparison::EMPTY, Comparison::merge)
}

/// Computes softmax in f32 throughout.
fn softmax_f32(row: &[f32], block: usize) -> Vec<f32> {
    let max = row.iter().copied().fold(f32::MIN, f32::max);
    let terms: Vec<f32> = row.iter().map(|x| (x - max).exp()).collect();
    let sum = sum(terms.clone(), block);
    terms.iter().map(|term| term / sum).collect()
}

#[test]
fn nested_f32_sums_pass_and_serial_ones_fail() {
    const COLS: usize = 262_144;
    for kind in [
        Inputs::Flat,
        Inputs::AllEqual,
        Inputs::Ascending,
        Inputs::Shifted1e4,
    ] {
        let logits = kind.logits(1, COLS, 4);
        let (expected, allowed) = (
            reference::softmax(&logits, COLS),
            bounds::probability(&logits, COLS),
        );
        let nested = compare(&softmax_f32(&logits, 16), &expected, &allowed, COLS);
        assert!(nested.worst_share < 0.9, "{kind:?}: {nested}");
    }
    let logits = Inputs::Flat.logits(1, COLS, 4);
    let (expected, allowed) = (
        reference::softmax(&logits, COLS),
        bounds::probability(&logits, COLS),
    );
    let serial = compare(&softmax_f32(&logits, COLS), &expected, &allowed, COLS);
    assert!(!serial.passed(), "{serial}");
}

#[test]
fn a_loss_from_the_logsumexp_in_f32_fails_at_1e4() {
    let logits = Inputs::Shifted1e4.logits(64, 10, 2);
    let operation = CrossEntropy::new(10);
    let result = operation.losses(&logits, &[0; 64]);
    let allowed = bounds::row_loss(&operation, &logits, &[0; 64]);
    let careless: Vec<f32> = (0..64)
        .map(|row| result.lse[row] as f32 - logits[row * 10])
        .collect();
    assert!(!compare(&careless, &result.row_losses, &allowed, 1).passed());
}

#[test]
fn rounded_probabilities_sum_to_one() {
    for kind in Inputs::ALL {
        let logits = kind.logits(2, 262_144, 0);
        for (row, probs) in logits
            .chunks(262_144)
            .zip(inputs::probs(&logits, 262_144).chunks(262_144))
        {
            let sum: f64 = probs.iter().map(|&p| f64::from(p)).sum();
            assert!(
                Statistic::of(row).poisoned() || (sum - 1.0).abs() < bounds::ROW_SUM,
                "{kind:?}: {sum}"
            );
        }
    }
}
