//! Masks of a loss: an excluded class is one at -inf, but for its gradient, whatever its logit is.

use super::{INF, NAN, REDUCTIONS, all_nan, assert_close, sum};
use crate::numbers::wide;
use wgpu_softmax::Reduction;
use wgpu_softmax::check::{Inputs, bounds, inputs};
use wgpu_softmax::reference::{CrossEntropy, Linear};

const ROWS: usize = 6;
const COLS: usize = 7;

fn drawn(seed: u64) -> Vec<bool> {
    let drawn = inputs::upstream(ROWS * COLS, seed).into_iter();
    drawn.map(|x| x > -0.5).collect()
}

fn bits(values: &[f64]) -> Vec<u64> {
    values.iter().map(|value| value.to_bits()).collect()
}

/// Everything but the gradient is that of logits at -inf; so is the gradient, but for targets that are excluded.
#[test]
fn excluded_classes_are_at_minus_infinity() {
    let kept = drawn(9);
    let ids = wide(inputs::targets(ROWS, COLS, 4, Some(-100)));
    let candidates: Vec<i64> = (0..8).cycle().take(2 * ROWS).collect();
    for kind in Inputs::ALL {
        let mut logits = kind.logits(ROWS, COLS, 3);
        let excluded: Vec<f32> = (logits.iter().zip(&kept))
            .map(|(&x, &kept)| if kept { x } else { -INF })
            .collect();
        for (x, kept) in logits.iter_mut().zip(&kept) {
            if !kept {
                *x = [NAN, INF, *x][(*x).to_bits() as usize % 3];
            }
        }
        for reduction in REDUCTIONS {
            for smoothing in [0.0, 0.25] {
                let of = CrossEntropy::new(COLS)
                    .ignore_index(-100)
                    .reduction(reduction)
                    .label_smoothing(smoothing)
                    .z_loss(0.1)
                    .scale(0.5)
                    .weight(inputs::weights(COLS, 2));
                let masked = of.clone().kept(&kept[..]);
                let what = format!("{kind:?}, {reduction:?}, {smoothing}");
                let [found, expected] = [masked.losses(&logits, &ids), of.losses(&excluded, &ids)];
                assert_eq!(
                    bits(&found.row_losses),
                    bits(&expected.row_losses),
                    "{what}"
                );
                assert_eq!(bits(&found.lse), bits(&expected.lse), "{what}");
                let [found, expected] = [
                    masked.row_outputs(&logits, &ids),
                    of.row_outputs(&excluded, &ids),
                ];
                assert_eq!(found.argmax, expected.argmax, "{what}");
                assert_eq!(bits(&found.entropies), bits(&expected.entropies), "{what}");
                assert_eq!(bits(&found.max_probs), bits(&expected.max_probs), "{what}");
                let [found, expected] = [
                    masked.log_probs_of(&logits, &candidates, 2),
                    of.log_probs_of(&excluded, &candidates, 2),
                ];
                assert_eq!(bits(&found), bits(&expected), "{what}");
                let [found, expected] =
                    [masked.gradient(&logits, &ids), of.gradient(&excluded, &ids)];
                let allowed = bounds::loss_gradient(&masked, &logits, &ids);
                for (place, (found, expected)) in found.iter().zip(&expected).enumerate() {
                    let at = format!("{what}, element {place}");
                    match kept[place] {
                        _ if expected.is_nan() => assert!(found.is_nan(), "{at}"),
                        true => assert_eq!(found.to_bits(), expected.to_bits(), "{at}"),
                        false => assert_eq!((*found, allowed[place]), (0.0, 0.0), "{at}"),
                    }
                }
            }
        }
    }
}

/// The loss of the classes that are left, with a softcap too: that of fewer classes.
#[test]
fn the_classes_that_are_left_are_all_there_is() {
    let logits = [0.5, NAN, 2.0, -1.0, INF];
    let kept = [true, false, true, true, false];
    let left = [0.5, 2.0, -1.0];
    for softcap in [None, Some(1.5)] {
        let of = |cols| match softcap {
            Some(cap) => sum(cols).z_loss(0.2).softcap(cap),
            None => sum(cols).z_loss(0.2),
        };
        let masked = of(5).kept(&kept[..]);
        let [found, expected] = [masked.losses(&logits, &[2]), of(3).losses(&left, &[1])];
        assert_close(&found.row_losses, &expected.row_losses, 1e-15);
        assert_close(&found.lse, &expected.lse, 1e-15);
        let gradient = masked.gradient(&logits, &[2]);
        assert_close(
            &[gradient[0], gradient[2], gradient[3]],
            &of(3).gradient(&left, &[1]),
            1e-15,
        );
        assert_eq!((gradient[1], gradient[4]), (0.0, 0.0));
        let rows = masked.row_outputs(&logits, &[2]);
        assert_eq!((rows.argmax[0], rows.top1_hits[0]), (Some(2), true));
        let log_probs = masked.log_probs_of(&logits, &[1, 4, 0], 3);
        assert_eq!(log_probs[..2], [f64::NEG_INFINITY; 2]);
    }
}

#[test]
fn a_target_weight_at_an_excluded_class_makes_an_infinite_loss() {
    let kept = [true, true, false];
    let logits = [1.0, 2.0, 3.0];
    let of = sum(3).kept(&kept[..]);
    let loss = |of: &CrossEntropy, ids: &[i64]| of.losses(&logits, ids).row_losses[0];
    assert_eq!(loss(&of, &[2]), f64::INFINITY);
    assert_eq!(of.gradient(&logits, &[2])[2], 0.0);
    assert_eq!(loss(&of.clone().weight(vec![1.0, 1.0, 0.0]), &[2]), 0.0);
    assert_eq!(loss(&of.clone().label_smoothing(0.1), &[0]), f64::INFINITY);
    let smoothed = of.clone().label_smoothing(0.1);
    assert!(loss(&smoothed.weight(vec![1.0, 1.0, 0.0]), &[0]).is_finite());
    let probs = |q: [f32; 3]| of.losses(&logits, &q).row_losses[0];
    assert_eq!(probs([0.5, 0.25, 0.25]), f64::INFINITY);
    assert!(probs([0.5, 0.5, 0.0]).is_finite());
    let none = sum(3).kept(&[false; 3][..]);
    assert!(loss(&none, &[0]).is_nan() && all_nan(&none.gradient(&logits, &[0])));
    assert_eq!(none.losses(&logits, &[0]).lse, [f64::NEG_INFINITY]);
}

/// Scales and weights of rows meet the mask of their own rows.
#[test]
fn rows_have_masks_of_their_own() {
    let (kept, logits) = (drawn(5), Inputs::Flat.logits(ROWS, COLS, 3));
    let ids = wide(inputs::targets(ROWS, COLS, 4, None));
    let (weight, scale) = (inputs::weights(ROWS, 2), inputs::scales(ROWS, 3));
    let of = CrossEntropy::new(COLS).reduction(Reduction::Sum);
    let all = of
        .clone()
        .row_weight(weight.clone())
        .row_scale(scale.clone())
        .kept(&kept[..]);
    let (losses, gradient) = (all.losses(&logits, &ids), all.gradient(&logits, &ids));
    for row in 0..ROWS {
        let of_row = row * COLS..(row + 1) * COLS;
        let alone = of
            .clone()
            .row_weight(vec![weight[row]])
            .row_scale(vec![scale[row]])
            .kept(&kept[of_row.clone()]);
        let found = alone.losses(&logits[of_row.clone()], &[ids[row]]);
        assert_eq!(bits(&found.row_losses), bits(&losses.row_losses[row..=row]));
        let found = alone.gradient(&logits[of_row.clone()], &[ids[row]]);
        assert_eq!(bits(&found), bits(&gradient[of_row]));
    }
}

/// A class of which the weight is NaN has no part in the loss, nor in the gradient of another class.
#[test]
fn excluded_classes_of_a_layer() {
    let layer = Linear::new(&[1.0, 2.0], &[0.5, 0.25, NAN, 1.0, 1.0, 0.0], 2);
    let of = sum(3).kept(&[true, false, true][..]);
    assert_close(
        &of.linear_losses(layer, &[2]).row_losses,
        &[2_f64.ln()],
        1e-15,
    );
    let gradients = of.linear_gradients(layer, &[2]);
    assert_eq!(gradients.bias, [0.5, 0.0, -0.5]);
    assert_eq!(gradients.weight, [0.5, 1.0, 0.0, 0.0, -0.5, -1.0]);
}
