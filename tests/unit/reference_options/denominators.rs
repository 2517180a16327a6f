//! Divisors of means.

use super::{NAN, REDUCTIONS, all_nan, close, sum};
use wgpu_softmax::ZeroValid;
use wgpu_softmax::check::Inputs;
use wgpu_softmax::reference::{CrossEntropy, Targets};

/// As ONNX SoftmaxCrossEntropyLoss: with `v_n` the weight of the target, 0 where ignored, the
/// mean is `sum v_n l_n / sum v_n`.
#[test]
fn a_mean_of_class_ids_divides_by_the_weights_of_targets() {
    let (logits, targets) = (Inputs::Flat.logits(4, 3, 1), [0, 2, -1, 2]);
    let plain = sum(3).ignore_index(-1).losses(&logits, &targets).row_losses;
    let v = [0.5, 2.0, 0.0, 2.0];
    let weighted: f64 = plain.iter().zip(v).map(|(l, v)| l * v).sum();
    for smoothing in [0.0, 0.5] {
        let operation = CrossEntropy::new(3)
            .ignore_index(-1)
            .weight(vec![0.5, 1.0, 2.0]);
        let operation = operation.label_smoothing(smoothing);
        let found = operation.losses(&logits, &targets);
        assert_eq!((found.weight_sum, found.valid_rows), (4.5, 3));
        let total: f64 = found.row_losses.iter().sum();
        assert!(close(&[found.loss.unwrap()], &[total / 4.5], 1e-15));
        assert!(smoothing > 0.0 || close(&[total], &[weighted], 1e-15));
    }
}

/// Loss and gradient are those of each row by itself, times its weight over the sum of the weights.
#[test]
fn a_mean_of_weighted_rows_divides_by_their_weights() {
    let logits = Inputs::Flat.logits(4, 3, 1);
    let v = [0.5, 0.0, 3.0, -1.0];
    let probs = [0.2, 0.3, 0.5, NAN, 1.0, 0.0, 0.0, 0.0, 1.0, 0.5, 0.5, 0.0];
    let plain = sum(3).losses(&logits, &probs).row_losses;
    let total = 0.5 * plain[0] + 3.0 * plain[2] - plain[3];
    let mean = CrossEntropy::new(3).row_weight(v.to_vec());
    let found = mean.losses(&logits, &probs);
    assert_eq!((found.weight_sum, found.valid_rows), (2.5, 3));
    assert_eq!(found.row_losses[1], 0.0);
    assert!(close(&[found.loss.unwrap()], &[total / 2.5], 1e-15));
    let of_rows = sum(3).gradient(&logits, &probs);
    let gradient = mean.gradient(&logits, &probs);
    for row in [0, 2, 3] {
        let expected: Vec<f64> = of_rows[3 * row..][..3]
            .iter()
            .map(|g| g * v[row] / 2.5)
            .collect();
        assert!(
            close(&gradient[3 * row..][..3], &expected, 1e-15),
            "row {row}"
        );
    }
    assert_eq!(gradient[3..6], [0.0; 3]);
    // With class weights, each row counts as the product.
    let both = mean
        .weight(vec![1.0, 2.0, 4.0])
        .losses(&logits, &[2, -7, 1, 0]);
    assert_eq!(
        (both.weight_sum, both.bad_targets),
        (0.5 * 4.0 + 3.0 * 2.0 - 1.0, 0)
    );
}

#[test]
fn a_mean_of_probabilities_divides_by_the_rows() {
    let operation = CrossEntropy::new(2).weight(vec![3.0, 5.0]);
    let found = operation.losses(&[0.0; 4], &[1.0, 0.0, 0.0, 1.0]);
    assert_eq!(found.loss, Some((3.0 + 5.0) * 2_f64.ln() / 2.0));
    assert_eq!((found.weight_sum, found.valid_rows), (2.0, 2));
}

#[test]
fn the_z_loss_is_a_mean_over_rows() {
    let operation = CrossEntropy::new(2).ignore_index(-1).weight(vec![3.0, 5.0]);
    let found = operation.z_loss(2.0).losses(&[0.0; 6], &[0, 1, -1]);
    let ln2 = 2_f64.ln();
    assert!(close(
        &[found.loss.unwrap()],
        &[ln2 + 2.0 * ln2 * ln2],
        1e-15
    ));
    assert!(close(
        &found.row_losses[1..],
        &[5.0 * ln2 + 2.0 * ln2 * ln2, 0.0],
        1e-15
    ));
}

#[test]
fn no_weight_at_all_is_no_mean() {
    let nan = CrossEntropy::new(2).ignore_index(-1).weight(vec![0.0, 1.0]);
    let zero = nan.clone().zero_valid(ZeroValid::Zero);
    let logits = [0.0, 1.0, 2.0, 0.0];
    for targets in [[0, 0], [0, -1], [-1, -1]] {
        for smoothing in [0.0, 0.5] {
            let nan = nan.clone().label_smoothing(smoothing);
            let zero = zero.clone().label_smoothing(smoothing);
            assert!(nan.losses(&logits, &targets).loss.unwrap().is_nan());
            assert_eq!(zero.losses(&logits, &targets).loss, Some(0.0));
            assert_eq!(zero.gradient(&logits, &targets), [0.0; 4]);
            let valid = targets.iter().filter(|&&target| target == 0).count();
            assert!(all_nan(&nan.gradient(&logits, &targets)[..2 * valid]));
        }
    }
}

#[test]
fn the_z_loss_has_its_mean_where_the_weights_have_none() {
    let zero = CrossEntropy::new(2)
        .zero_valid(ZeroValid::Zero)
        .weight(vec![0.0, 1.0]);
    let found = zero.clone().z_loss(1.0).losses(&[0.0, 0.0], &[0]);
    assert_eq!(found.loss, Some(2_f64.ln() * 2_f64.ln()));
    assert_eq!(
        zero.z_loss(1.0).gradient(&[0.0, 0.0], &[0]),
        [2_f64.ln(); 2]
    );
}

#[test]
fn a_bad_target_is_nan_under_every_policy() {
    let zero = CrossEntropy::new(2).zero_valid(ZeroValid::Zero);
    assert!(zero.losses(&[0.0, 0.0], &[7]).loss.unwrap().is_nan());
    assert!(zero.losses(&[NAN, 0.0], &[0]).loss.unwrap().is_nan());
    assert_eq!(zero.losses::<f32>(&[], Targets::Ids(&[])).loss, Some(0.0));
    assert_eq!(zero.losses::<f32>(&[], Targets::Probs(&[])).loss, Some(0.0));
}

/// Parts that are given the counts of the whole batch: their losses add up to its loss, and their gradients are its gradient, bit
/// for bit.
#[test]
fn parts_of_a_batch_divide_by_the_counts_of_all_of_it() {
    let (rows, cols, cut) = (7, 4, 3);
    let logits = Inputs::Flat.logits(rows, cols, 5);
    let targets = [0, -1, 3, 2, 2, -1, 1];
    let operation = CrossEntropy::new(cols).ignore_index(-1).z_loss(0.5);
    let operation = operation.weight(vec![3.0, 0.25, 1.0, 2.0]);
    let whole = operation.losses(&logits, &targets);
    let part = operation
        .clone()
        .mean_over(whole.weight_sum, whole.valid_rows);
    for reduction in REDUCTIONS {
        let part = part.clone().reduction(reduction);
        let gradients = [
            part.gradient(&logits[..cut * cols], &targets[..cut]),
            part.gradient(&logits[cut * cols..], &targets[cut..]),
        ];
        assert_eq!(gradients.concat(), operation.gradient(&logits, &targets));
        let undivided = part.losses(&logits[..cut * cols], &targets[..cut]);
        assert_eq!(undivided.row_losses, whole.row_losses[..cut]);
    }
    let losses = [
        part.losses(&logits[..cut * cols], &targets[..cut]).loss,
        part.losses(&logits[cut * cols..], &targets[cut..]).loss,
    ];
    let sum: f64 = losses.into_iter().flatten().sum();
    assert!(close(&[sum], &[whole.loss.unwrap()], 1e-15));
}

#[test]
fn a_mean_over_nothing_is_what_was_chosen() {
    let [nan, zero] = [ZeroValid::Nan, ZeroValid::Zero];
    assert_eq!((nan.mean(6.0, 4.0), zero.mean(6.0, 4.0)), (1.5, 1.5));
    assert!(nan.mean(0.0, 0.0).is_nan() && nan.mean(1.0, 0.0).is_nan());
    assert_eq!((zero.mean(0.0, 0.0), zero.mean(1.0, -0.0)), (0.0, 0.0));
    assert!(zero.mean(f64::NAN, 0.0).is_nan());
    for (sum, over) in [(1.0, f64::NAN), (f64::INFINITY, f64::INFINITY)] {
        assert!(nan.mean(sum, over).is_nan() && zero.mean(sum, over).is_nan());
    }
    assert_eq!(nan.mean(1.0, f64::INFINITY), 0.0);
}
