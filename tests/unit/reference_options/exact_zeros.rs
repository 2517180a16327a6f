//! Target weights of exactly 0.

use super::{INF, NAN, all_nan, sum};

const LOGITS: [f32; 3] = [1.0, -INF, 1.0];

#[test]
fn a_share_of_zero_at_minus_infinity_is_nothing() {
    let by_weight = sum(3).label_smoothing(0.5).weight(vec![1.0, 0.0, 1.0]);
    let by_probability = sum(3);
    let found = [
        (
            by_weight.losses(&LOGITS, &[0]),
            by_weight.gradient(&LOGITS, &[0]),
        ),
        (
            by_probability.losses(&LOGITS, &[0.5, 0.0, 0.5]),
            by_probability.gradient(&LOGITS, &[0.5, 0.0, 0.5]),
        ),
    ];
    for (result, gradient) in found {
        assert!(result.row_losses[0].is_finite());
        assert!(gradient[1] == 0.0 && gradient.iter().all(|g| g.is_finite()));
    }
    let zero = sum(3).weight(vec![1.0, 0.0, 1.0]);
    assert_eq!(zero.losses(&LOGITS, &[1]).row_losses, [0.0]);
    assert_eq!(zero.gradient(&LOGITS, &[1]), [0.0; 3]);
}

#[test]
fn any_other_share_is_infinite() {
    let smoothed = sum(3).label_smoothing(0.75);
    assert_eq!(smoothed.losses(&LOGITS, &[0]).row_losses, [f64::INFINITY]);
    assert_eq!(smoothed.gradient(&LOGITS, &[0]), [0.0, -0.25, 0.25]);
    let negative = sum(3).losses(&LOGITS, &[0.0, -0.5, 0.0]);
    assert_eq!(negative.row_losses, [f64::NEG_INFINITY]);
    assert_eq!(
        sum(3).gradient(&LOGITS, &[0.0, -0.5, 0.0]),
        [-0.25, 0.5, -0.25]
    );
}

/// A factor of 0 hides even values that are not finite.
#[test]
fn zero_times_what_is_not_finite_is_zero() {
    for bad in [NAN, INF, -INF] {
        let operation = sum(2).weight(vec![1.0, bad]);
        assert_eq!(
            operation.losses(&[0.0, 0.0], &[1.0, 0.0]).row_losses,
            [2_f64.ln()]
        );
        assert_eq!(operation.gradient(&[0.0, 0.0], &[1.0, 0.0]), [-0.5, 0.5]);
        let operation = sum(2).weight(vec![1.0, 0.0]);
        assert_eq!(
            operation.losses(&[0.0, 0.0], &[1.0, bad]).row_losses,
            [2_f64.ln()]
        );
        assert_eq!(operation.gradient(&[0.0, 0.0], &[1.0, bad]), [-0.5, 0.5]);
        let uniform = sum(2).label_smoothing(1.0);
        assert_eq!(
            uniform.losses(&[0.0, 0.0], &[1.0, bad]).row_losses,
            [2_f64.ln()]
        );
    }
}

/// Logits without probabilities are NaN whatever the target weights.
#[test]
fn a_poisoned_row_is_nan_even_without_shares() {
    for row in [[NAN, 0.0], [INF, 0.0], [-INF, -INF]] {
        let operation = sum(2).weight(vec![0.0, 0.0]).z_loss(0.1);
        let result = operation.losses(&row, &[0]);
        assert!(all_nan(&result.row_losses) && result.nan_rows == 1);
        assert!(all_nan(&operation.gradient(&row, &[0])));
        assert!(all_nan(&operation.gradient(&row, &[0.0, 0.0])));
    }
}
