//! Identities that hold for any options.

use super::{INF, close, sum};
use proptest::prelude::*;
use wgpu_softmax::Reduction;
use wgpu_softmax::reference::CrossEntropy;

const COLS: usize = 5;

/// Draws an operation of any options, and logits of two rows.
fn any() -> impl Strategy<Value = (CrossEntropy, Vec<f32>)> {
    let logit = prop_oneof![8 => -20_f32..20.0, 1 => Just(-INF)];
    let weight = prop_oneof![3 => 0_f32..3.0, 1 => Just(0.0)];
    (
        prop::collection::vec(logit, 2 * COLS),
        prop::option::of(prop::collection::vec(weight, COLS)),
        prop_oneof![Just(0.0), Just(1.0), 0_f32..1.0],
        prop_oneof![Just(0.0), 0_f32..1.0],
        prop::option::of(1_f32..50.0),
        prop_oneof![Just(1.0), 0.1_f32..4.0],
    )
        .prop_map(|(logits, weight, smoothing, z_loss, softcap, scale)| {
            let operation = sum(COLS)
                .label_smoothing(smoothing)
                .z_loss(z_loss)
                .scale(scale);
            let operation = weight.into_iter().fold(operation, CrossEntropy::weight);
            (
                softcap.into_iter().fold(operation, CrossEntropy::softcap),
                logits,
            )
        })
}

fn onehot(targets: [i64; 2]) -> Vec<f32> {
    let mut probs = vec![0.0; 2 * COLS];
    for (row, target) in targets.into_iter().enumerate() {
        probs[row * COLS + target as usize] = 1.0;
    }
    probs
}

proptest! {
    /// Class ids are one-hot probabilities, bit for bit; only the mean's divisor differs.
    #[test]
    fn class_ids_are_one_hot((operation, logits) in any(), a in 0..5_i64, b in 0..5_i64) {
        let (ids, probs) = ([a, b], onehot([a, b]));
        let [by_id, by_prob] = [operation.losses(&logits, &ids), operation.losses(&logits, &probs)];
        let bits = |values: &[f64]| values.iter().map(|v| v.to_bits()).collect::<Vec<_>>();
        prop_assert_eq!(bits(&by_id.row_losses), bits(&by_prob.row_losses));
        prop_assert_eq!(by_id.loss.map(f64::to_bits), by_prob.loss.map(f64::to_bits));
        prop_assert_eq!(bits(&operation.gradient(&logits, &ids)), bits(&operation.gradient(&logits, &probs)));
        let mean = operation.z_loss(0.0).reduction(Reduction::Mean);
        let [by_id, by_prob] = [mean.losses(&logits, &ids), mean.losses(&logits, &probs)];
        let scaled = by_prob.loss.unwrap() * 2.0 / by_id.weight_sum;
        if scaled.is_finite() {
            prop_assert!(close(&[by_id.loss.unwrap()], &[scaled], 1e-14));
        }
    }

    /// Smoothing of 1 leaves nothing of the target.
    #[test]
    fn smoothing_of_one_is_uniform((operation, logits) in any(), a in 0..5_i64) {
        let (smooth, uniform) = (operation.clone().label_smoothing(1.0), operation.label_smoothing(0.0));
        let fifth = vec![0.2; 2 * COLS];
        let found = smooth.losses(&logits, &[a, a]).row_losses;
        prop_assert!(close(&found, &uniform.losses(&logits, &fifth).row_losses, 1e-7));
        let found = smooth.gradient(&logits, &[a, 4 - a]);
        prop_assert!(close(&found, &uniform.gradient(&logits, &fifth), 1e-7));
    }

    /// The loss is linear in the probabilities.
    #[test]
    fn probabilities_add_up((operation, logits) in any(), q in prop::collection::vec(-1_f32..2.0, 2 * COLS)) {
        let operation = operation.label_smoothing(0.0).z_loss(0.0);
        let finite: Vec<f32> = logits.iter().map(|x| x.max(-30.0)).collect();
        let rows = operation.losses(&finite, &q).row_losses;
        let expected: Vec<f64> = (0..2).map(|row| (0_i64..).take(COLS).enumerate().map(|(c, id)| {
            let loss = operation.losses(&finite[row * COLS..][..COLS], &[id]).row_losses[0];
            f64::from(q[row * COLS + c]) * loss
        }).sum()).collect();
        prop_assert!(close(&rows, &expected, 1e-12));
    }

    /// Without softcap and z-loss, a shift of all logits changes nothing: gradients sum to 0.
    #[test]
    fn gradients_of_a_row_sum_to_zero((operation, logits) in any(), a in 0..5_i64) {
        let finite: Vec<f32> = logits.iter().map(|x| x.max(-30.0)).collect();
        let operation = operation.z_loss(0.0).softcap(1e9);
        let gradient = operation.gradient(&finite, &[a, a]);
        for row in gradient.chunks(COLS) {
            prop_assert!(row.iter().sum::<f64>().abs() < 1e-12);
        }
    }

    /// Row `n` of a sum with upstream gradients is `g_n` times its own gradient.
    #[test]
    fn upstream_gradients_are_factors((operation, logits) in any(), g in prop::collection::vec(-4_f32..4.0, 2)) {
        let plain = operation.gradient(&logits, &[0, 1]);
        let both = operation.grad_losses(g.clone()).grad_loss(-2.0).gradient(&logits, &[0, 1]);
        let expected: Vec<f64> = plain.iter().enumerate().map(|(i, p)| -2.0 * f64::from(g[i / COLS]) * p).collect();
        let equal = |(a, b): (&f64, &f64)| (a.is_nan() && b.is_nan()) || close(&[*a], &[*b], 1e-14);
        prop_assert!(both.iter().zip(&expected).all(equal));
    }
}
