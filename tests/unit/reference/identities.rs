//! Identities of the calculus.

use super::*;

#[test]
fn probabilities_of_a_row_sum_to_one() {
    for cols in [1, 2, 17, 1000, 262_144] {
        for kind in Inputs::ALL {
            let logits = kind.logits(3, cols, 5);
            for (row, probs) in logits.chunks(cols).zip(softmax(&logits, cols).chunks(cols)) {
                let sum: f64 = probs.iter().sum();
                let poisoned = Statistic::of(row).poisoned();
                assert_eq!(poisoned, all_nan(probs));
                assert!(
                    poisoned || (sum - 1.0).abs() < 1e-11,
                    "{kind:?} {cols}: {sum}"
                );
            }
        }
    }
}

#[test]
fn log_probabilities_are_logarithms_of_probabilities() {
    let logits = Inputs::Peaked.logits(4, 100, 3);
    let log_probs: Vec<f64> = softmax(&logits, 100).iter().map(|p| p.ln()).collect();
    assert_close(&log_softmax(&logits, 100), &log_probs, 1e-13);
}

#[test]
fn a_shift_changes_nothing() {
    let logits = on_grid(Inputs::Peaked, 50, 1);
    for shift in [-64.0, 1.0, 1024.0] {
        let shifted: Vec<f32> = logits.iter().map(|x| x + shift).collect();
        assert_eq!(softmax(&shifted, 50), softmax(&logits, 50));
        assert_eq!(log_softmax(&shifted, 50), log_softmax(&logits, 50));
        let lse = logsumexp(&logits, 50)[0] + f64::from(shift);
        assert_close(&logsumexp(&shifted, 50), &[lse], 1e-12);
    }
}

#[test]
fn equal_logits_give_equal_outputs() {
    for x in [0.0, -0.0, 1e30, -3e38, f32::MAX, 1e-45] {
        assert_eq!(softmax(&[x; 4], 4), [0.25; 4]);
        assert_eq!(log_softmax(&[x; 4], 4), [-(4_f64.ln()); 4]);
    }
}

#[test]
fn one_column_is_exact() {
    for x in [0.0, -7.25, 1e8, f32::MIN, f32::MAX, 1e-45] {
        assert_eq!(softmax(&[x], 1), [1.0]);
        assert_eq!(log_softmax(&[x], 1), [0.0]);
        assert_eq!(logsumexp(&[x], 1), [f64::from(x)]);
        assert_eq!(CrossEntropy::new(1).losses(&[x], &[0]).row_losses, [0.0]);
        assert_eq!(CrossEntropy::new(1).gradient(&[x], &[0]), [0.0]);
        assert_eq!(jacobian(&[x], 1), [0.0]);
    }
}

/// Against a compensated sum (Neumaier) of the same terms.
#[test]
fn long_sums_stay_exact() {
    let row = Inputs::Flat.logits(1, 1_000_003, 9);
    let found = Statistic::of(&row);
    let (mut sum, mut rest) = (0.0_f64, 0.0);
    for &x in &row {
        let term = (f64::from(x) - found.max).exp();
        let next = sum + term;
        rest += if sum > term {
            (sum - next) + term
        } else {
            (term - next) + sum
        };
        sum = next;
    }
    let exact = sum + rest;
    assert!(
        (found.sum / exact - 1.0).abs() < 1e-15,
        "{} is not {exact}",
        found.sum
    );
}
