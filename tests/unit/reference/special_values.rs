//! Every special value once.

use super::*;

#[test]
fn a_logit_of_minus_infinity_is_excluded() {
    let logits = [1.0, -INF, 1.0];
    assert_eq!(softmax(&logits, 3), [0.5, 0.0, 0.5]);
    assert_eq!(
        log_softmax(&logits, 3),
        [-(2_f64.ln()), f64::NEG_INFINITY, -(2_f64.ln())]
    );
    assert_eq!(logsumexp(&logits, 3), [1.0 + 2_f64.ln()]);
    assert_eq!(logsumexp_backward(&logits, &[4.0], 3), [2.0, 0.0, 2.0]);
    assert_eq!(
        jacobian(&logits, 3),
        [0.25, 0.0, -0.25, 0.0, 0.0, 0.0, -0.25, 0.0, 0.25]
    );
    assert_eq!(
        CrossEntropy::new(3).gradient(&logits, &[0]),
        [-0.5, 0.0, 0.5]
    );
}

#[test]
fn a_poisoned_row_is_nan_and_its_neighbours_are_not() {
    let bits = f32::from_bits;
    let rows = [
        [0.0, NAN],
        [bits(0xFFC0_0000), 0.0],
        [INF, 0.0],
        [INF, NAN],
        [-INF, -INF],
        [-INF, INF],
    ];
    let lse = [
        f64::NAN,
        f64::NAN,
        f64::INFINITY,
        f64::NAN,
        f64::NEG_INFINITY,
        f64::INFINITY,
    ];
    for (row, lse) in rows.into_iter().zip(lse) {
        let logits = [[0.0, 0.0], row, [1.0, 1.0]].concat();
        let elementwise = [
            softmax(&logits, 2),
            log_softmax(&logits, 2),
            logsumexp_backward(&logits, &[1.0; 3], 2),
            CrossEntropy::new(2).gradient(&logits, &[0, 1, 0]),
        ];
        for values in elementwise {
            assert!(all_nan(&values[2..4]), "{row:?}: {values:?}");
            assert!(
                values[..2]
                    .iter()
                    .chain(&values[4..])
                    .all(|value| value.is_finite())
            );
        }
        assert!(all_nan(&jacobian(&logits, 2)[4..8]));
        let found = logsumexp(&logits, 2);
        assert_eq!(found[1].to_bits(), lse.to_bits(), "{row:?}");
        assert_eq!((found[0], found[2]), (2_f64.ln(), 1.0 + 2_f64.ln()));
    }
}

#[test]
fn a_difference_beyond_f32_is_a_probability_of_zero() {
    assert_eq!(softmax(&[f32::MAX, f32::MIN], 2), [1.0, 0.0]);
    assert_eq!(
        log_softmax(&[f32::MAX, f32::MIN], 2),
        [0.0, -2.0 * f64::from(f32::MAX)]
    );
}

#[test]
fn backward_of_what_is_not_finite_is_nan_in_its_row() {
    for bad in [NAN, INF, -INF] {
        let poisoned = [
            softmax_backward(&[0.5, bad, 0.5, 0.5], &[1.0, 2.0, 3.0, 4.0], 2),
            softmax_backward(&[0.5, 0.5, 0.5, 0.5], &[bad, 2.0, 3.0, 4.0], 2),
            softmax_backward(&[0.0, 1.0, 0.5, 0.5], &[bad, 2.0, 3.0, 4.0], 2),
            log_softmax_backward(&[-1.0, -1.0, -1.0, -1.0], &[bad, 2.0, 3.0, 4.0], 2),
            log_softmax_backward(&[bad.abs(), -1.0, -1.0, -1.0], &[1.0, 2.0, 3.0, 4.0], 2),
            logsumexp_backward(&[0.0, 0.0, 0.0, 0.0], &[bad, 1.0], 2),
            logsumexp_backward(&[0.0, -INF, 0.0, 0.0], &[bad, 1.0], 2),
        ];
        for (case, values) in poisoned.iter().enumerate() {
            assert!(all_nan(&values[..2]), "case {case} with {bad}: {values:?}");
            assert!(values[2..].iter().all(|value| value.is_finite()));
        }
    }
}

#[test]
fn a_log_probability_of_minus_infinity_is_a_probability_of_zero() {
    assert_eq!(
        log_softmax_backward(&[0.0, -INF], &[3.0, 0.0], 2),
        [0.0, 0.0]
    );
    assert_eq!(
        log_softmax_backward(&[0.0, -INF], &[3.0, 1.0], 2),
        [-1.0, 1.0]
    );
}

#[test]
fn no_rows_give_no_outputs() {
    assert!(softmax::<f32>(&[], 3).is_empty());
    assert!(jacobian::<f32>(&[], 3).is_empty());
    assert!(logsumexp_backward::<f32>(&[], &[0.0; 0], 3).is_empty());
}

#[test]
#[should_panic(expected = "no whole number of rows")]
fn a_ragged_length_panics() {
    softmax(&[1.0, 2.0, 3.0], 2);
}

#[test]
#[should_panic(expected = "at least one column")]
fn no_columns_panic() {
    logsumexp::<f32>(&[], 0);
}
