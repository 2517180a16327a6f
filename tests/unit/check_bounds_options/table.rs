//! The bounds at a few points, by hand.

use crate::numbers::U;
use wgpu_softmax::Reduction;
use wgpu_softmax::check::bounds;
use wgpu_softmax::reference::{Columns, CrossEntropy, Targets};

fn near(found: f64, expected: f64) {
    assert!(
        (found / expected - 1.0).abs() < 1e-6,
        "{found} is not {expected}"
    );
}

const LOGITS: [f32; 2] = [0.0, 0.0];
const TWO_LN: f64 = 2.0 * std::f64::consts::LN_2;
const LN: f64 = std::f64::consts::LN_2;

fn sum() -> CrossEntropy {
    CrossEntropy::new(2).reduction(Reduction::Sum)
}

fn row<'a>(operation: &CrossEntropy, targets: impl Into<Targets<'a>>) -> f64 {
    bounds::row_loss(operation, &LOGITS, targets)[0] / U
}

#[test]
fn losses() {
    let log = 8.0 + TWO_LN;
    near(row(&sum().softcap(3.0), &[0]), log + 12.0);
    near(row(&sum().weight(vec![1.0, 5.0]), &[1]), 5.0 * (log + LN));
    let all = log + (8.0 + TWO_LN) * LN;
    near(row(&sum().label_smoothing(0.5), &[1]), all);
    near(row(&sum(), &[0.25, 0.5]), 0.75 * all);
    near(row(&sum(), &[0.25, -0.5]), 0.75 * all);
    let z = 0.5 * (2.0 * LN * log + 4.0 * LN * LN) + (LN + 0.5 * LN * LN);
    near(row(&sum().z_loss(0.5), &[1]), log + z);
    near(
        bounds::row_lse(&sum().softcap(2.0), &LOGITS)[0] / U,
        log + 8.0,
    );
}

#[test]
fn reduced() {
    let mean = CrossEntropy::new(2).weight(vec![1.0, 3.0]);
    let rows = bounds::row_loss(&mean, &[0.0; 4], &[0, 1]);
    let expected = (rows[0] + rows[1] + 8.0 * U * 4.0 * LN) / 4.0 + 8.0 * U * LN;
    near(bounds::loss(&mean, &[0.0; 4], &[0, 1]).unwrap(), expected);
    // opposite weights: the sum that the mean divides by is half lost
    let mean = CrossEntropy::new(2).weight(vec![-1.0, 3.0]);
    let rows = bounds::row_loss(&mean, &[0.0; 4], &[0, 1]);
    let expected = (rows[0] + rows[1] + 8.0 * U * 4.0 * LN) / 2.0 + 16.0 * U * LN;
    near(bounds::loss(&mean, &[0.0; 4], &[0, 1]).unwrap(), expected);
}

#[test]
fn gradients() {
    let gradient =
        |operation: &CrossEntropy| bounds::loss_gradient(operation, &LOGITS, &[1])[1] / U;
    let p = (10.0 + 4.0 * LN + TWO_LN) * 0.5;
    near(gradient(&sum()), p + 2.0);
    near(
        gradient(&sum().weight(vec![0.0, 4.0])),
        4.0 * (p + 2.0) + 2.0,
    );
    near(gradient(&sum().scale(2.0)), 2.0 * (p + 2.0) + 2.0 * 0.5);
    near(gradient(&sum().softcap(1.0)), p + 2.0 + 2.0 + 8.0 * 0.5);
    near(
        gradient(&sum().label_smoothing(0.5)),
        p + (10.0 + TWO_LN) * 0.5 + 7.5,
    );
    let z = 2.0 * (LN * p + 0.5 * (8.0 + TWO_LN) + 3.0 * LN) + (0.5 + LN);
    near(gradient(&sum().z_loss(1.0)), p + 2.0 + z);
    near(gradient(&sum().grad_losses(vec![-3.0])), 3.0 * (p + 2.0));
    let over = |operation: CrossEntropy| operation.mean_over(0.25, 1);
    let divided = 4.0 * (p + 2.0 + 5.0 * 0.5);
    near(gradient(&over(sum())), divided);
    near(gradient(&over(CrossEntropy::new(2))), divided);
    // the divisor was given, and so it is exact
    let weighted = CrossEntropy::new(2).weight(vec![3.0, 1.0]);
    near(gradient(&over(weighted)), divided + 4.0 * 0.5);
}

#[test]
fn a_weight_that_is_not_used_takes_no_bound_away() {
    for unused in [f32::NAN, f32::INFINITY] {
        let weighted = sum().weight(vec![unused, 1.0]);
        let plain = sum().weight(vec![1.0, 1.0]);
        for targets in [Targets::from(&[1_i64]), Targets::from(&[0.0_f32, 1.0])] {
            let of = |operation: &CrossEntropy| bounds::loss_gradient(operation, &LOGITS, targets);
            assert_eq!(of(&weighted), of(&plain));
        }
    }
}

#[test]
fn scaled_operations() {
    let half = Columns::new(2).scale(0.5);
    let x = [0.0, -8.0];
    assert_eq!(
        bounds::probability(&x, half),
        bounds::probability(&[0.0, -4.0], 2)
    );
    assert_eq!(
        bounds::log_probability(&x, half),
        bounds::log_probability(&[0.0, -4.0], 2)
    );
    assert_eq!(bounds::lse(&x, half), bounds::lse(&[0.0, -4.0], 2));
    let plain = bounds::softmax_backward(&[0.5, 0.5], &[1.0, -3.0], 2)[0];
    near(
        bounds::softmax_backward(&[0.5, 0.5], &[1.0, -3.0], half)[0],
        0.5 * plain + 0.5 * U,
    );
    let plain = bounds::log_softmax_backward(&[-1.0, 0.0], &[0.0, 2.0], 2)[1];
    near(
        bounds::log_softmax_backward(&[-1.0, 0.0], &[0.0, 2.0], half)[1],
        0.5 * plain,
    );
    let plain = bounds::logsumexp_backward(&[0.0, 0.0], &[2.0], 2)[1];
    near(
        bounds::logsumexp_backward(&[0.0, 0.0], &[2.0], half)[1],
        0.5 * plain + 0.5 * U,
    );
    let plain = bounds::jacobian(&[0.0, 0.0], 2)[1];
    near(
        bounds::jacobian(&[0.0, 0.0], half)[1],
        0.5 * plain + 0.125 * U,
    );
}

#[test]
fn exact_values_are_asked_for() {
    let smooth = sum().label_smoothing(0.5).weight(vec![1.0, 0.0]);
    let gradient = bounds::loss_gradient(&smooth, &[0.0, f32::NEG_INFINITY], &[0]);
    assert!(gradient[0] > 0.0 && gradient[1] == 0.0);
    assert_eq!(bounds::row_loss(&smooth, &[0.0, 0.0], &[7]), [0.0]);
    assert_eq!(bounds::row_loss(&smooth, &[f32::NAN, 0.0], &[0]), [0.0]);
    let one = CrossEntropy::new(1).label_smoothing(0.5).weight(vec![3.0]);
    assert_eq!(bounds::row_loss(&one, &[5.0], &[0]), [0.0]);
    assert_eq!(
        bounds::row_loss(&CrossEntropy::new(1), &[5.0], &[0.7]),
        [0.0]
    );
    let zero = sum().weight(vec![0.0, 1.0]);
    assert_eq!(bounds::row_loss(&zero, &[0.0, 0.0], &[0]), [0.0]);
    assert_eq!(bounds::jacobian(&[3.0], Columns::new(1).scale(3.0)), [0.0]);
}

#[test]
fn what_overflows_on_the_way_may_be_anything_but_nan() {
    let [extreme, largest] = [[f32::MAX, f32::MIN], [0.0, f32::MIN]];
    let weighted = sum().weight(vec![0.25, 0.25]);
    // The loss is a number, whatever the log-probability.
    assert!(bounds::row_loss(&weighted, &extreme, &[1])[0].is_finite());
    assert!(bounds::row_loss(&sum(), &largest, &[1])[0].is_finite());
    let heavy = sum().weight(vec![4.0, 4.0]).label_smoothing(0.5);
    assert_eq!(bounds::row_loss(&heavy, &extreme, &[1]), [f64::INFINITY]);
    assert_eq!(bounds::loss(&heavy, &extreme, &[1]), Some(f64::INFINITY));
    // Two of the largest number are too many, and one is not.
    assert!(bounds::loss(&sum(), &largest, &[1]).is_some_and(f64::is_finite));
    let both = bounds::loss(&sum(), &[largest, largest].concat(), &[1, 1]);
    assert_eq!(both, Some(f64::INFINITY));
}
