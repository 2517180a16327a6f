//! Auxiliary outputs of rows of logits.

use super::{INF, NAN, all_nan, assert_close, close, sum};
use proptest::prelude::*;
use wgpu_softmax::reference::{CrossEntropy, RowOutputs, softmax};

const LOGITS: [f32; 12] = [2., 1., 0., -1., 0., 0., 3., 1., -2., 4., 1., 0.];

fn outputs(row: &[f32], target: i64) -> RowOutputs {
    let operation = CrossEntropy::new(row.len()).ignore_index(-100).z_loss(0.5);
    operation.row_outputs(row, &[target])
}

/// Numbers computed in decimal arithmetic, elsewhere.
#[test]
fn golden() {
    let operation = CrossEntropy::new(4).ignore_index(-100).z_loss(0.01);
    let found = operation.row_outputs(&LOGITS, &[0, -100, 0]);
    assert_close(
        &found.entropies,
        &[
            0.947_536_963_975_425_5,
            0.672_078_385_496_157_6,
            0.290_040_503_692_532_3,
        ],
        2e-15,
    );
    assert_close(
        &found.max_probs,
        &[
            0.643_914_259_887_972_4,
            0.809_775_991_523_652,
            0.934_071_845_900_798_3,
        ],
        1e-15,
    );
    let log_probs = [-0.440_189_698_561_195_33, 0.0, -6.068_201_920_905_707];
    assert_close(&found.target_log_probs, &log_probs, 2e-15);
    let z = [0.059_545_257_649_641_77, 0.0, 0.165_502_668_692_608_9];
    assert_close(&found.z_losses, &z, 1e-8); // 0.01 is stored as f32
    assert_eq!(found.argmax, [Some(0), Some(2), Some(1)]);
    assert_eq!(found.top1_hits, [true, false, false]);

    let capped = CrossEntropy::new(4)
        .softcap(2.0)
        .row_outputs(&LOGITS, &[3, 3, 3]);
    let entropies = [
        1.088_129_911_782_278_2,
        1.104_127_083_496_570_6,
        0.924_987_989_253_606,
    ];
    assert_close(&capped.entropies, &entropies, 2e-15);
    let log_probs = [
        -3.064_723_839_470_071_5,
        -1.439_652_585_968_002,
        -2.362_181_231_820_22,
    ];
    assert_close(&capped.target_log_probs, &log_probs, 2e-15);
    assert_eq!(capped.z_losses, [0.0; 3]);
}

#[test]
fn given_classes() {
    let operation = CrossEntropy::new(4);
    let found = operation.log_probs_of(&LOGITS, &[3, 0, -1, 2, 4, 2], 2);
    let expected = [
        -3.440_189_698_561_195_3,
        -0.440_189_698_561_195_33,
        -0.210_997_623_238_175_72,
        -3.068_201_920_905_708,
    ];
    assert_close(&[found[0], found[1], found[3], found[5]], &expected, 2e-15);
    assert!(all_nan(&[found[2], found[4]]));
    assert_eq!(
        operation.log_probs_of(&[0., -INF, 0., 0.], &[1], 1),
        [-f64::INFINITY]
    );
    assert!(operation.log_probs_of(&LOGITS, &[], 0).is_empty());
    for spoiler in [NAN, INF] {
        assert!(all_nan(&operation.log_probs_of(
            &[0., spoiler, 0., 0.],
            &[0, 1, 9],
            3
        )));
    }
    // a row's target does not matter
    let ignoring = CrossEntropy::new(4).ignore_index(3);
    assert_eq!(ignoring.log_probs_of(&LOGITS[..4], &[3], 1), [found[0]]);
}

#[test]
#[should_panic(expected = "2 classes a row")]
fn too_few_classes_panic() {
    CrossEntropy::new(4).log_probs_of(&LOGITS, &[0, 1, 2], 2);
}

#[test]
fn the_first_of_equal_logits() {
    let argmax = |row: &[f32]| outputs(row, 0).argmax[0];
    assert_eq!(argmax(&[1.0, 3.0, 3.0]), Some(1));
    assert_eq!(argmax(&[-0.0, 0.0]), Some(0));
    assert_eq!(argmax(&[0.0, -0.0]), Some(0));
    assert_eq!(argmax(&[-INF, -3.0, -INF]), Some(1));
    assert_eq!(argmax(&[f32::MIN, f32::MAX]), Some(1));
    assert_eq!(argmax(&[-INF, f32::MIN]), Some(1));
    assert!(outputs(&[3.0, 3.0], 0).top1_hits[0] && !outputs(&[3.0, 3.0], 1).top1_hits[0]);
    // The softcap rounds both to 1.
    let capped = sum(3).softcap(1.0).row_outputs(&[0.0, 1e9, INF], &[2]);
    assert_eq!((capped.argmax[0], capped.top1_hits[0]), (Some(2), true));
    assert_eq!(
        sum(2).softcap(1.0).row_outputs(&[-INF; 2], &[0]).argmax,
        [Some(0)]
    );
}

#[test]
fn a_target_at_minus_infinity() {
    let found = outputs(&[0.0, -INF, 0.0], 1);
    assert_eq!(found.target_log_probs, [-f64::INFINITY]);
    assert_eq!(found.entropies, [2_f64.ln()]);
    assert_eq!(found.max_probs, [0.5]);
    assert_eq!(found.top1_hits, [false]);
}

#[test]
fn one_class_is_certain() {
    let found = outputs(&[-3.0], 0);
    assert_eq!((found.entropies[0].to_bits(), found.max_probs[0]), (0, 1.0));
    assert_eq!((found.target_log_probs[0], found.top1_hits[0]), (0.0, true));
    assert_eq!(found.z_losses, [4.5]);
}

#[test]
fn an_ignored_row_has_no_target() {
    let row = [0.0, 0.0];
    let found = outputs(&row, -100);
    assert_eq!((found.target_log_probs[0], found.z_losses[0]), (0.0, 0.0));
    assert_eq!((found.argmax[0], found.top1_hits[0]), (Some(0), false));
    assert_eq!((found.entropies[0], found.max_probs[0]), (2_f64.ln(), 0.5));
    // the ignored id may be a class
    let found = CrossEntropy::new(2).ignore_index(0).row_outputs(&row, &[0]);
    assert_eq!(
        (found.target_log_probs[0], found.top1_hits[0]),
        (0.0, false)
    );
}

#[test]
fn a_bad_target_has_no_log_probability() {
    for bad in [-1, 2, i64::MAX] {
        let found = outputs(&[0.0, 0.0], bad);
        assert!(all_nan(&found.target_log_probs) && all_nan(&found.z_losses));
        assert_eq!((found.argmax[0], found.top1_hits[0]), (Some(0), false));
        assert_eq!((found.entropies[0], found.max_probs[0]), (2_f64.ln(), 0.5));
    }
}

#[test]
fn a_spoilt_row_tells_nothing() {
    for row in [[NAN, 0.0], [0.0, INF], [NAN, INF], [-INF, -INF]] {
        let logits = [[1.0, 0.0], row, [1.0, 0.0]].concat();
        for target in [0, 1, -100, 7] {
            let operation = CrossEntropy::new(2).ignore_index(-100).z_loss(0.5);
            let found = operation.row_outputs(&logits, &[0, target, 0]);
            assert!(found.entropies[1].is_nan() && found.max_probs[1].is_nan());
            assert_eq!((found.argmax[1], found.top1_hits[1]), (None, false));
            let of_target = [found.target_log_probs[1], found.z_losses[1]];
            match target {
                -100 => assert_eq!(of_target, [0.0, 0.0]),
                _ => assert!(all_nan(&of_target), "{row:?} {target}: {of_target:?}"),
            }
            assert_eq!(
                (found.entropies[0], found.argmax[2]),
                (found.entropies[2], Some(0))
            );
        }
    }
}

#[test]
fn class_probabilities_name_no_class() {
    let found = sum(2).z_loss(1.0).row_outputs(&[0.0, 0.0], &[1.0, 0.0]);
    assert!(all_nan(&found.target_log_probs) && found.top1_hits == [false]);
    assert_eq!((found.argmax[0], found.max_probs[0]), (Some(0), 0.5));
    assert_eq!(found.z_losses, [2_f64.ln() * 2_f64.ln()]);
}

proptest! {
    /// Compares with the other operations, row by row.
    #[test]
    fn as_the_losses_and_the_probabilities(
        logits in prop::collection::vec(prop_oneof![8 => -80_f32..80.0, 1 => Just(-INF)], 10),
        targets in prop::array::uniform2(0..5_i64),
        softcap in prop::option::of(1_f32..50.0),
        z_loss in 0_f32..1.0,
    ) {
        let operation = softcap.into_iter().fold(sum(5).scale(0.5), CrossEntropy::softcap);
        let found = operation.clone().z_loss(z_loss).row_outputs(&logits, &targets);
        let losses = operation.losses(&logits, &targets);
        if losses.lse.iter().any(|lse| !lse.is_finite()) {
            return Ok(());
        }
        let negative: Vec<f64> = losses.row_losses.iter().map(|loss| -loss).collect();
        prop_assert_eq!(&found.target_log_probs, &negative);
        prop_assert_eq!(&operation.log_probs_of(&logits, &targets, 1), &negative);
        let square: Vec<f64> = losses.lse.iter().map(|lse| f64::from(z_loss) * lse * lse).collect();
        prop_assert!(close(&found.z_losses, &square, 1e-15));
        // the entropy is a cross-entropy of the logits with their own probabilities
        let every: Vec<i64> = [0, 1, 2, 3, 4].repeat(2);
        let log_probs = operation.log_probs_of(&logits, &every, 5);
        let term = |&w: &f64| if w.exp() == 0.0 { 0.0 } else { -w * w.exp() };
        let entropies: Vec<f64> = log_probs.chunks(5).map(|row| row.iter().map(term).sum()).collect();
        prop_assert!(close(&found.entropies, &entropies, 1e-14));
        let largest = log_probs.chunks(5).map(|row| row.iter().copied().fold(f64::MIN, f64::max).exp());
        prop_assert!(close(&found.max_probs, &largest.collect::<Vec<_>>(), 1e-14));
        for row in 0..2 {
            let argmax = found.argmax[row].unwrap();
            let logits = &logits[row * 5..][..5];
            prop_assert!(logits[..argmax].iter().all(|x| *x < logits[argmax]));
            prop_assert!(logits[argmax..].iter().all(|x| *x <= logits[argmax]));
            prop_assert_eq!(found.top1_hits[row], usize::try_from(targets[row]) == Ok(argmax));
        }
    }

    /// Entropies are between 0 and `ln N`, whatever the shift.
    #[test]
    fn entropies_are_within_their_range(logits in prop::collection::vec(-700_f32..700.0, 9)) {
        let found = sum(9).row_outputs(&logits, &[0]);
        prop_assert!(found.entropies[0] >= 0.0 && found.entropies[0] <= 9_f64.ln() + 1e-15);
        let largest = softmax(&logits, 9).into_iter().fold(0.0, f64::max);
        prop_assert_eq!(found.max_probs[0], largest);
    }
}
