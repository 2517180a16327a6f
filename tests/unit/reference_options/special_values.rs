//! NaN and infinities, in the logits as they are read and in what goes with them.

use super::{INF, NAN, all_nan, close, sum};
use wgpu_softmax::Reduction;
use wgpu_softmax::reference::{Columns, CrossEntropy, log_softmax, logsumexp, softmax};

#[test]
fn what_is_not_finite_spoils_the_rows_that_use_it() {
    for bad in [NAN, INF, -INF] {
        let logits = [0.0, 1.0, 1.0, 0.0];
        let operation = sum(2).weight(vec![1.0, bad]);
        assert_eq!(operation.losses(&logits, &[1, 0]).nan_rows, 1);
        let gradient = operation.gradient(&logits, &[1, 0]);
        assert!(all_nan(&gradient[..2]) && gradient[2..].iter().all(|g| g.is_finite()));
        assert!(all_nan(
            &operation
                .clone()
                .label_smoothing(0.1)
                .gradient(&logits, &[1, 0])
        ));
        let mean = operation.reduction(Reduction::Mean);
        assert!(mean.losses(&logits, &[1, 0]).loss.unwrap().is_nan());
        assert!(all_nan(&mean.gradient(&logits, &[1, 0])));
        assert!(mean.losses(&logits, &[0, 0]).loss.unwrap().is_finite());

        let probs = [1.0, bad, 0.5, 0.5];
        assert_eq!(sum(2).losses(&logits, &probs).nan_rows, 1);
        let gradient = sum(2).gradient(&logits, &probs);
        assert!(all_nan(&gradient[..2]) && gradient[2..].iter().all(|g| g.is_finite()));

        let gradient = sum(2)
            .grad_losses(vec![bad, 1.0])
            .gradient(&logits, &[1, 0]);
        assert!(all_nan(&gradient[..2]) && gradient[2..].iter().all(|g| g.is_finite()));
        let ignored = sum(2).ignore_index(1).grad_losses(vec![bad, 1.0]);
        assert_eq!(ignored.gradient(&logits, &[1, 0])[..2], [0.0, 0.0]);
    }
}

#[test]
fn a_product_beyond_f32_is_infinite() {
    let big = Columns::new(2).scale(2.0);
    assert!(all_nan(&softmax(&[3e38, 0.0], big)));
    assert_eq!(logsumexp(&[3e38, 0.0], big), [f64::INFINITY]);
    assert_eq!(softmax(&[-3e38, 0.0], big), [0.0, 1.0]);
    assert_eq!(log_softmax(&[-3e38, 0.0], big), [f64::NEG_INFINITY, 0.0]);
    assert_eq!(
        sum(2).scale(2.0).losses(&[-3e38, 0.0], &[0]).row_losses,
        [f64::INFINITY]
    );
    assert_eq!(sum(2).scale(2.0).gradient(&[-3e38, 0.0], &[0]), [-2.0, 2.0]);
    let small = Columns::new(2).scale(1e-38);
    let odds = (-2.0 * f64::from(f32::MAX) * f64::from(1e-38_f32)).exp();
    let expected = [1.0 / (1.0 + odds), odds / (1.0 + odds)];
    assert!(close(
        &softmax(&[f32::MAX, f32::MIN], small),
        &expected,
        1e-14
    ));
}

/// A product between the largest f32 and half a step above it.
#[test]
fn a_product_that_rounds_to_the_largest_number_is_finite() {
    let (x, scale) = (
        f32::from_bits(0x7F00_0000 + 1500),
        f32::from_bits(0x4000_0000 - 3000),
    );
    let product = f64::from(x) * f64::from(scale);
    assert!(product > f64::from(f32::MAX) && product as f32 == f32::MAX);
    let columns = Columns::new(2).scale(scale);
    assert_eq!(softmax(&[-x; 2], columns), [0.5; 2]);
    assert_eq!(logsumexp(&[x, 0.0], columns), [f64::from(f32::MAX)]);
}

/// Scale and softcap come first: what they make finite is an ordinary number.
#[test]
fn the_softcap_makes_infinities_finite() {
    let capped = sum(3).softcap(2.0);
    let result = capped.losses(&[INF, -INF, 0.0], &[1]);
    let lse = (2_f64.exp() + (-2_f64).exp() + 1.0).ln();
    assert!(close(&result.row_losses, &[2.0 + lse], 1e-15) && close(&result.lse, &[lse], 1e-15));
    let gradient = capped.gradient(&[INF, -INF, 0.0], &[1]);
    assert_eq!(gradient[..2], [0.0, 0.0]);
    assert!(close(&gradient[2..], &[(-lse).exp()], 1e-15));
    let all = capped.losses(&[-INF; 3], &[0]);
    assert!(close(&all.row_losses, &[3_f64.ln()], 1e-15) && all.nan_rows == 0);
    assert_eq!(capped.losses(&[NAN, INF, 0.0], &[1]).nan_rows, 1);
    let scaled = sum(2).softcap(2.0).scale(2.0);
    assert!(close(
        &scaled.losses(&[3e38, -3e38], &[0]).lse,
        &[2.0 + (-4_f64).exp().ln_1p()],
        1e-15
    ));
}

#[test]
fn an_ignored_row_is_zero_under_every_option() {
    let operation = CrossEntropy::new(2).ignore_index(9).weight(vec![NAN, INF]);
    let operation = operation.label_smoothing(0.5).z_loss(1.0).softcap(2.0);
    for row in [[NAN, 0.0], [INF, INF], [-INF, -INF]] {
        let result = operation.losses(&row, &[9]);
        assert_eq!(
            (result.row_losses, result.valid_rows, result.weight_sum),
            (vec![0.0], 0, 0.0)
        );
        assert_eq!(operation.gradient(&row, &[9]), [0.0, 0.0]);
    }
}
