//! Bounds of the auxiliary outputs of a row of logits.

use super::f32_entropy::{Exponential, F32};
use crate::numbers::{U, rounded, wide};
use wgpu_softmax::check::{Inputs, bounds, compare, inputs};
use wgpu_softmax::reference::CrossEntropy;

/// Returns a row in which the part `share` of the probability is spread over all columns but one.
fn spread(cols: usize, share: f32) -> Vec<f32> {
    let low = (share / (1.0 - share) / cols as f32).ln();
    let logit = |column: usize| low + (column % 7) as f32 / 100.0;
    let mut row: Vec<f32> = (0..cols).map(logit).collect();
    row[cols / 2] = 0.0;
    row
}

#[test]
fn sound_entropies_stay_below_the_bound() {
    let exponentials = [
        Exponential::Rounded,
        Exponential::OfTwo,
        Exponential::Worst(1.0),
        Exponential::Worst(-1.0),
    ];
    for exponential in exponentials {
        let of = F32 {
            exponential,
            ..F32::SOUND
        };
        for (rows, cols) in [
            (500, 2),
            (400, 17),
            (300, 33),
            (30, 300),
            (4, 3000),
            (1, 50_257),
        ] {
            for kind in Inputs::ALL {
                let found = of.compare(&kind.logits(rows, cols, 3), cols);
                let context = format!("{exponential:?} {kind:?} {cols}: {found}");
                assert!(found.worst_share < 0.9, "{context}");
            }
        }
        for cols in [100, 10_000, 262_144] {
            for share in [0.01, 0.1, 0.5, 0.9] {
                let found = of.compare(&spread(cols, share), cols);
                assert!(
                    found.worst_share < 0.9,
                    "{exponential:?} {cols} {share}: {found}"
                );
            }
        }
    }
}

#[test]
fn unsound_entropies_fail() {
    const COLS: usize = 262_144;
    let logits = Inputs::OneMaxOverConstant.logits(1, COLS, 0);
    let serial = F32 {
        block: COLS,
        ..F32::SOUND
    }
    .compare(&logits, COLS);
    assert!(serial.worst_share > 10.0, "{serial}");
    for (rows, cols) in [(8, 100), (1, COLS)] {
        let logits = Inputs::Flat.logits(rows, cols, 4);
        for faults in [[1.0001, 1.0], [1.0, 1.0001]] {
            let found = F32 {
                faults,
                ..F32::SOUND
            }
            .compare(&logits, cols);
            assert!(!found.passed(), "{faults:?} {cols}: {found}");
        }
    }
    // from log-probabilities that were rounded to f16
    let row = Inputs::Flat.logits(1, 100, 4);
    let halves: Vec<f32> = row
        .iter()
        .map(|&x| half::f16::from_f32(x).to_f32())
        .collect();
    let expected = CrossEntropy::new(100).row_outputs(&row, &[0]).entropies;
    let allowed = bounds::entropy(&CrossEntropy::new(100), &row);
    assert!(!compare(&[F32::SOUND.entropy(&halves)], &expected, &allowed, 1).passed());
}

#[test]
fn the_table_at_a_few_points() {
    let near = |found: f64, expected: f64| {
        assert!(
            (found / U / expected - 1.0).abs() < 1e-5,
            "{} {expected}",
            found / U
        )
    };
    let (ln2, x) = (2_f64.ln(), [0.0, 0.0]);
    let plain = CrossEntropy::new(2);
    near(bounds::entropy(&plain, &x)[0], 12.0 + 2.0 * ln2);
    near(
        bounds::entropy(&CrossEntropy::new(256), &[3.0; 256])[0],
        12.0 * 8.0 * ln2 + 16.0 * ln2,
    );
    // p = 0.75, 0.25: w + H is 0.25 ln 3 and -0.75 ln 3
    let ln3 = 3_f64.ln();
    let uneven = [0.0, -(ln3 as f32)];
    near(
        bounds::entropy(&plain, &uneven)[0],
        12.0 + 2.0 * ln2 + 0.1875 * ln3 * 2.0 * ln3,
    );
    let capped = bounds::entropy(&plain.clone().softcap(1e6), &uneven)[0];
    near(
        capped,
        12.0 + 2.0 * ln2 + 0.375 * ln3 * 4e6 + 0.375 * ln3 * ln3,
    );
    near(bounds::max_prob(&plain, &x)[0], 0.5 * (8.0 + 2.0 * ln2));
    near(
        bounds::target_log_prob(&plain, &x, &[1])[0],
        8.0 + 2.0 * ln2,
    );
    let capped = plain.clone().softcap(3.0);
    near(
        bounds::log_probs_of(&capped, &x, &[0, 1], 2)[1],
        20.0 + 2.0 * ln2,
    );
    let z = plain.clone().z_loss(0.5);
    let log = 8.0 + 2.0 * ln2;
    near(
        bounds::z_loss(&z, &x, &[1])[0],
        0.5 * (2.0 * ln2 * log + 4.0 * ln2 * ln2),
    );
}

#[test]
fn what_is_exact() {
    let operation = CrossEntropy::new(2).ignore_index(-1).z_loss(0.5);
    let x = [0.0, 0.0];
    for target in [-1, 7] {
        assert_eq!(bounds::target_log_prob(&operation, &x, &[target]), [0.0]);
        assert_eq!(bounds::z_loss(&operation, &x, &[target]), [0.0]);
        assert!(
            bounds::entropy(&operation, &x)[0] > 0.0 && bounds::max_prob(&operation, &x)[0] > 0.0
        );
    }
    assert_eq!(bounds::log_probs_of(&operation, &x, &[2], 1), [0.0]);
    for spoilt in [[f32::NAN, 0.0], [f32::INFINITY, 0.0], [-f32::INFINITY; 2]] {
        assert_eq!(bounds::target_log_prob(&operation, &spoilt, &[0]), [0.0]);
        assert_eq!(bounds::z_loss(&operation, &spoilt, &[0]), [0.0]);
        assert_eq!(bounds::entropy(&operation, &spoilt), [0.0]);
        assert_eq!(bounds::max_prob(&operation, &spoilt), [0.0]);
    }
    let one = CrossEntropy::new(1);
    assert_eq!(bounds::entropy(&one, &[3.0]), [0.0]);
    assert_eq!(bounds::max_prob(&one, &[3.0]), [0.0]);
}

#[test]
fn correctly_rounded_results_pass() {
    for kind in Inputs::ALL {
        for cols in [1, 2, 33, 300] {
            let logits = kind.logits(6, cols, 11);
            let ids = wide(inputs::bad_targets(6, cols, 13, Some(-100)));
            let plain = CrossEntropy::new(cols).ignore_index(-100).z_loss(0.1);
            for operation in [plain.clone(), plain.softcap(5.0).scale(0.3)] {
                let found = operation.row_outputs(&logits, &ids);
                let pairs = [
                    (
                        found.target_log_probs,
                        bounds::target_log_prob(&operation, &logits, &ids),
                    ),
                    (found.entropies, bounds::entropy(&operation, &logits)),
                    (found.max_probs, bounds::max_prob(&operation, &logits)),
                    (found.z_losses, bounds::z_loss(&operation, &logits, &ids)),
                    (
                        operation.log_probs_of(&logits, &ids, 1),
                        bounds::log_probs_of(&operation, &logits, &ids, 1),
                    ),
                ];
                for (i, (expected, allowed)) in pairs.iter().enumerate() {
                    let found = compare(&rounded(expected), expected, allowed, 1);
                    assert!(found.worst_share <= 0.5001, "{kind:?} {cols} {i}: {found}");
                }
            }
        }
    }
}

/// With a softcap, different logits may be equal in f32.
#[test]
fn what_may_be_found_as_argmax() {
    let row = [10.0, 12.0, 0.5];
    let plain = CrossEntropy::new(3);
    let may = |operation: &CrossEntropy, row: &[f32]| {
        [Some(0), Some(1), Some(2), Some(3), None]
            .map(|class| bounds::may_be_argmax(operation, row, class))
    };
    assert_eq!(may(&plain, &row), [false, true, false, false, false]);
    assert_eq!(
        may(&plain, &[1.0, 1.0, 0.0]),
        [true, false, false, false, false]
    );
    let capped = plain.clone().softcap(1.0);
    assert_eq!(10_f32.tanh(), 12_f32.tanh());
    assert_eq!(may(&capped, &row), [true, true, false, false, false]);
    let spoilt = [f32::NAN, 0.0, 0.0];
    assert_eq!(may(&capped, &spoilt), [false, false, false, false, true]);
}
