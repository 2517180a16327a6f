//! Cross-entropy: golden numbers, reductions, targets, derivatives.

use super::*;

#[test]
fn golden_numbers() {
    let operation = CrossEntropy::new(4).ignore_index(-100);
    let result = operation.losses(&LOGITS, &TARGETS);
    assert_close(&result.row_losses, &[0.4401897, 0.0, 0.06820192], 5e-8);
    assert_close(&[result.loss.unwrap()], &[0.25419581], 1e-8);
    assert_close(&result.lse, &[2.4401897, 3.21099762, 4.06820192], 5e-8);
    assert_eq!(
        (result.valid_rows, result.bad_targets, result.nan_rows),
        (2, 0, 0)
    );
    assert_eq!(result.first_bad_row, None);
    assert_eq!(result.row_losses[1], 0.0);
}

#[test]
fn reductions_agree() {
    let with = |reduction| CrossEntropy::new(4).ignore_index(-100).reduction(reduction);
    let loss = |reduction| with(reduction).losses(&LOGITS, &TARGETS).loss;
    let gradient = |reduction| with(reduction).gradient(&LOGITS, &TARGETS);
    assert_eq!(loss(Reduction::None), None);
    assert_eq!(
        loss(Reduction::Sum),
        loss(Reduction::Mean).map(|mean| 2.0 * mean)
    );
    assert_eq!(gradient(Reduction::None), gradient(Reduction::Sum));
    let doubled: Vec<f64> = gradient(Reduction::Mean).iter().map(|g| 2.0 * g).collect();
    assert_close(&doubled, &gradient(Reduction::Sum), 1e-15);
}

#[test]
fn an_ignored_row_is_zero_whatever_it_holds() {
    let operation = CrossEntropy::new(2).ignore_index(1);
    let logits = [NAN, INF, -INF, -INF, 0.0, 0.0];
    let result = operation.losses(&logits, &[1, 1, 0]);
    assert_eq!(result.row_losses, [0.0, 0.0, 2_f64.ln()]);
    assert_eq!(result.loss, Some(2_f64.ln()));
    assert_eq!((result.valid_rows, result.nan_rows), (1, 0));
    assert!(result.lse[0].is_nan());
    assert_eq!(result.lse[1], f64::NEG_INFINITY);
    assert_eq!(
        operation.gradient(&logits, &[1, 1, 0]),
        [0.0, 0.0, 0.0, 0.0, -0.5, 0.5]
    );
}

#[test]
fn the_ignored_id_may_be_any_number() {
    for ignored in [-100, -1, 1, 2, 7, i64::MIN, i64::MAX] {
        let operation = CrossEntropy::new(2).ignore_index(ignored);
        let result = operation.losses(&[1.0, 2.0], &[ignored]);
        assert_eq!(result.row_losses, [0.0]);
        assert_eq!((result.valid_rows, result.bad_targets), (0, 0));
    }
}

#[test]
fn a_bad_target_is_nan_and_counted() {
    for bad in [-1, 2, -100, i64::MIN, i64::MAX, 1 << 32] {
        let operation = CrossEntropy::new(2).ignore_index(-7);
        let (logits, targets) = ([0.0; 8], [0, bad, bad, -7]);
        let result = operation.losses(&logits, &targets);
        assert_eq!(
            (result.row_losses[0], result.row_losses[3]),
            (2_f64.ln(), 0.0)
        );
        assert!(all_nan(&result.row_losses[1..3]) && result.loss.unwrap().is_nan());
        assert_eq!(
            (result.valid_rows, result.bad_targets, result.nan_rows),
            (1, 2, 0)
        );
        assert_eq!(result.first_bad_row, Some(1));
        let gradient = operation.gradient(&logits, &targets);
        assert_eq!(gradient[..2], [-0.5, 0.5]);
        assert!(all_nan(&gradient[2..6]));
        assert_eq!(gradient[6..], [0.0, 0.0]);
    }
}

#[test]
fn a_target_at_minus_infinity_is_an_infinite_loss() {
    let operation = CrossEntropy::new(3);
    let logits = [0.0, 0.0, -INF];
    let result = operation.losses(&logits, &[2]);
    assert_eq!(
        (result.row_losses[0], result.loss),
        (f64::INFINITY, Some(f64::INFINITY))
    );
    assert_eq!((result.valid_rows, result.nan_rows), (1, 0));
    assert_eq!(operation.gradient(&logits, &[2]), [0.5, 0.5, -1.0]);
}

#[test]
fn nan_rows_are_valid_rows_with_a_loss_of_nan() {
    let logits = [NAN, 0.0, INF, 0.0, -INF, -INF, NAN, 0.0, NAN, 0.0, 0.0, 0.0];
    let operation = CrossEntropy::new(2).ignore_index(-1);
    let result = operation.losses(&logits, &[0, 1, 0, -1, 5, 0]);
    assert!(all_nan(&result.row_losses[..3]) && result.loss.unwrap().is_nan());
    assert_eq!(
        (result.valid_rows, result.bad_targets, result.nan_rows),
        (4, 1, 3)
    );
}

#[test]
fn over_no_valid_row_the_mean_is_nan_and_the_sum_zero() {
    let operation = CrossEntropy::new(2).ignore_index(0);
    for (logits, targets) in [(&[1.0, 2.0][..], &[0][..]), (&[], &[])] {
        let mean = operation.losses(logits, targets);
        let sum = operation
            .clone()
            .reduction(Reduction::Sum)
            .losses(logits, targets);
        assert!(mean.loss.unwrap().is_nan());
        assert_eq!(sum.loss, Some(0.0));
        assert_eq!((mean.valid_rows, mean.bad_targets), (0, 0));
        assert!(
            operation
                .gradient(logits, targets)
                .iter()
                .all(|&g| g == 0.0)
        );
    }
}

#[test]
fn an_upstream_gradient_that_is_not_finite_spares_ignored_rows() {
    for bad in [f64::NAN, f64::INFINITY] {
        let operation = CrossEntropy::new(2).ignore_index(-1).grad_loss(bad);
        let gradient = operation.gradient(&[0.0, 1.0, 1.0, 2.0], &[0, -1]);
        assert!(all_nan(&gradient[..2]));
        assert_eq!(gradient[2..], [0.0, 0.0]);
    }
}

#[test]
fn a_shift_of_1e8_leaves_the_loss() {
    let result = CrossEntropy::new(2).losses(&[1e8, 1e8], &[0]);
    assert_eq!(result.row_losses, [2_f64.ln()]);
}
