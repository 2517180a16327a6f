//! NaN and infinities, in the logits as they are read and in the other inputs.

use super::{INF, NAN, all_nan, close, sum};
use wgpu_softmax::Reduction;
use wgpu_softmax::reference::{Columns, CrossEntropy, Masked, log_softmax, logsumexp, softmax};

#[test]
fn what_is_not_finite_spoils_the_rows_that_use_it() {
    for bad in [NAN, INF, -INF] {
        let logits = [0.0, 1.0, 1.0, 0.0];
        let operation = sum(2).weight(vec![1.0, bad]);
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
        assert!(all_nan(&mean.gradient(&logits, &[1, 0])[..2]));
        assert!(mean.losses(&logits, &[0, 0]).loss.unwrap().is_finite());

        let gradient = sum(2).gradient(&logits, &[1.0, bad, 0.5, 0.5]);
        assert!(all_nan(&gradient[..2]) && gradient[2..].iter().all(|g| g.is_finite()));

        let gradient = sum(2)
            .grad_losses(vec![bad, 1.0])
            .gradient(&logits, &[1, 0]);
        assert!(all_nan(&gradient[..2]) && gradient[2..].iter().all(|g| g.is_finite()));
        let ignored = sum(2).ignore_index(1).grad_losses(vec![bad, 1.0]);
        assert_eq!(ignored.gradient(&logits, &[1, 0])[..2], [0.0, 0.0]);
    }
}

/// The results of PyTorch: `-w log p`, and `sum / sum of w`.
#[test]
fn an_infinite_weight_makes_an_infinite_loss() {
    let logits = [0.0, 1.0, 1.0, 0.0];
    for (weight, sign) in [(INF, 1.0), (-INF, -1.0)] {
        let infinite = sign * f64::INFINITY;
        let of = CrossEntropy::new(2)
            .reduction(Reduction::None)
            .weight(vec![1.0, weight]);
        let found = of.losses(&logits, &[1, 0]);
        assert_eq!((found.row_losses[0], found.nan_rows), (infinite, 0));
        assert!(found.row_losses[1].is_finite());
        let smoothed = of.clone().label_smoothing(0.5);
        assert_eq!(smoothed.losses(&logits, &[1, 0]).row_losses, [infinite; 2]);
        let probs = of.losses(&logits, &[0.5, 0.5, 1.0, 0.0]);
        assert_eq!(probs.row_losses[0], infinite);
        assert!(probs.row_losses[1].is_finite());
        // 0 times infinity
        let certain = of.losses(&[-INF, 0.0], &[1]);
        assert!(certain.row_losses[0].is_nan() && certain.nan_rows == 1);
        let mean = of.reduction(Reduction::Mean);
        assert!(mean.losses(&logits, &[1, 0]).loss.unwrap().is_nan());
        let gradient = mean.gradient(&logits, &[1, 0]);
        assert!(all_nan(&gradient[..2]) && gradient[2..] == [0.0, 0.0]);
    }
    let both = sum(2).weight(vec![INF, -INF]).label_smoothing(0.5);
    assert_eq!(both.losses(&logits, &[1, 0]).nan_rows, 2);
    let nan = sum(2).weight(vec![1.0, NAN]);
    assert_eq!(nan.losses(&logits, &[1, 0]).nan_rows, 1);
}

/// Only the scaled distance from the maximum counts.
#[test]
fn no_scale_makes_a_finite_logit_infinite() {
    let steep = Columns::new(3).scale(3e38);
    assert_eq!(softmax(&[1.0, 2.0, 4.0], steep), [0.0, 0.0, 1.0]);
    let steepness = f64::from(3e38_f32);
    assert_eq!(
        log_softmax(&[1.0, 2.0, 4.0], steep),
        [-3.0 * steepness, -2.0 * steepness, 0.0]
    );
    assert_eq!(logsumexp(&[1.0, 2.0, 4.0], steep), [4.0 * steepness]);
    let loss = sum(3).scale(3e38).losses(&[1.0, 2.0, 4.0], &[2]);
    assert_eq!((loss.row_losses[0], loss.nan_rows), (0.0, 0));
    let gradient = sum(3).scale(2.0).gradient(&[-3e38, 0.0, 3e38], &[1]);
    assert_eq!(gradient, [0.0, -2.0, 2.0]);
    let small = Columns::new(2).scale(1e-38);
    let odds = (-2.0 * f64::from(f32::MAX) * f64::from(1e-38_f32)).exp();
    let expected = [1.0 / (1.0 + odds), odds / (1.0 + odds)];
    assert!(close(
        &softmax(&[f32::MAX, f32::MIN], small),
        &expected,
        1e-14
    ));
}

/// Numbers that f32 lacks, or cannot distinguish.
#[test]
fn logits_of_64_bits() {
    let odds = 1_f64.exp();
    let near = softmax(&[16_777_216.0_f64, 16_777_217.0], 2);
    assert!(close(
        &near,
        &[1.0 / (1.0 + odds), odds / (1.0 + odds)],
        1e-14
    ));
    assert_eq!(softmax(&[1e300_f64, 1e300], 2), [0.5, 0.5]);
    assert_eq!(softmax(&[-1e300_f64, -1e300], 2), [0.5, 0.5]);
    let steep = Columns::new(2).scale(3e38);
    assert_eq!(softmax(&[f64::MAX, f64::MIN], steep), [1.0, 0.0]);
    let added = [f64::MAX, f64::MAX];
    let masked = Masked::new(2).additive(&added);
    assert_eq!(softmax(&[f64::MAX, f64::MAX], masked), [0.5, 0.5]);
    let of = sum(2).weight(vec![1e300_f64, 1.0]);
    let loss = of.losses(&[1e300_f64, 1e300], &[0]).row_losses[0];
    assert!((loss / (1e300 * 2_f64.ln()) - 1.0).abs() < 1e-15);
    let soft = sum(2).losses(&[0.0_f64, 0.0], &[1e-300_f64, 0.0]);
    assert!((soft.row_losses[0] / (1e-300 * 2_f64.ln()) - 1.0).abs() < 1e-15);
}

/// Scale and softcap come first: an infinity that they make finite is an ordinary number.
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
