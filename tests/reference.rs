//! The reference on its own: derivatives against finite differences, identities, published numbers,
//! and every special value once.

use proptest::prelude::*;
use wgpu_softmax::Reduction;
use wgpu_softmax::check::{Inputs, inputs};
use wgpu_softmax::reference::*;

const INF: f32 = f32::INFINITY;
const NAN: f32 = f32::NAN;

/// The logits and targets of the golden numbers, -100 being ignored.
const LOGITS: [f32; 12] = [2., 1., 0., -1., 0., 0., 3., 1., -2., 4., 1., 0.];
const TARGETS: [i64; 3] = [0, -100, 1];

fn assert_close(found: &[f64], expected: &[f64], tolerance: f64) {
    assert_eq!(found.len(), expected.len());
    for (i, (found, expected)) in found.iter().zip(expected).enumerate() {
        let error = (found - expected).abs();
        assert!(error <= tolerance, "element {i}: {found} is not {expected}");
    }
}

fn dot(a: &[f64], b: &[f32]) -> f64 {
    a.iter().zip(b).map(|(a, &b)| a * f64::from(b)).sum()
}

fn all_nan(values: &[f64]) -> bool {
    values.iter().all(|value| value.is_nan())
}

/// Logits on a grid of 1/256, to which steps of 1/256 can be added without rounding.
fn on_grid(inputs: Inputs, cols: usize, seed: u64) -> Vec<f32> {
    let logits = inputs.logits(1, cols, seed);
    logits.iter().map(|x| (x * 256.0).round() / 256.0).collect()
}

/// The gradient of `f` at `x` by central differences of two step widths, extrapolated (Richardson):
/// with the steps below, good to about 1e-12.
fn gradient_of(f: impl Fn(&[f32]) -> f64, x: &[f32]) -> Vec<f64> {
    let at = |i: usize, step: f32| {
        let mut moved = x.to_vec();
        moved[i] += step;
        f(&moved)
    };
    let central = |i, step: f32| (at(i, step) - at(i, -step)) / f64::from(2.0 * step);
    let extrapolated = |i| (4.0 * central(i, 1.0 / 512.0) - central(i, 1.0 / 256.0)) / 3.0;
    (0..x.len()).map(extrapolated).collect()
}

mod derivatives {
    use super::*;

    const COLS: usize = 9;
    const SHARP: f64 = 1e-11;
    /// Where the gradient starts from an output that was rounded to f32.
    const ROUNDED: f64 = 2e-6;

    fn cases() -> impl Iterator<Item = (Vec<f32>, Vec<f32>)> {
        let kinds = [Inputs::Flat, Inputs::Peaked, Inputs::OneMaxOverConstant];
        let seeds = kinds
            .into_iter()
            .flat_map(|kind| (0..8).map(move |seed| (kind, seed)));
        seeds.map(|(kind, seed)| {
            (
                on_grid(kind, COLS, seed),
                inputs::upstream(COLS, seed + 100),
            )
        })
    }

    #[test]
    fn jacobian_is_the_derivative_of_softmax() {
        for (logits, _) in cases() {
            let entries = jacobian(&logits, COLS);
            for (i, row) in entries.chunks_exact(COLS).enumerate() {
                assert_close(row, &gradient_of(|x| softmax(x, COLS)[i], &logits), SHARP);
            }
        }
    }

    #[test]
    fn logsumexp_backward_is_the_derivative() {
        for (logits, g) in cases() {
            let lse = |x: &[f32]| f64::from(g[0]) * logsumexp(x, COLS)[0];
            assert_close(
                &logsumexp_backward(&logits, &g[..1], COLS),
                &gradient_of(lse, &logits),
                SHARP,
            );
        }
    }

    #[test]
    fn softmax_backward_is_the_derivative() {
        for (logits, g) in cases() {
            let found = softmax_backward(&inputs::probs(&logits, COLS), &g, COLS);
            assert_close(
                &found,
                &gradient_of(|x| dot(&softmax(x, COLS), &g), &logits),
                ROUNDED,
            );
        }
    }

    #[test]
    fn log_softmax_backward_is_the_derivative() {
        for (logits, g) in cases() {
            let found = log_softmax_backward(&inputs::log_probs(&logits, COLS), &g, COLS);
            assert_close(
                &found,
                &gradient_of(|x| dot(&log_softmax(x, COLS), &g), &logits),
                ROUNDED,
            );
        }
    }

    #[test]
    fn cross_entropy_gradient_is_the_derivative() {
        for (seed, (logits, _)) in cases().enumerate() {
            let targets = [[0, 1, 2][seed % 3], -7, 8];
            let logits = [
                logits.clone(),
                logits.iter().rev().copied().collect(),
                logits,
            ]
            .concat();
            for reduction in [Reduction::Mean, Reduction::Sum] {
                let operation = CrossEntropy::new(COLS)
                    .ignore_index(-7)
                    .reduction(reduction);
                let loss = |x: &[f32]| -2.5 * operation.losses(x, &targets).loss.unwrap();
                let found = operation
                    .clone()
                    .grad_loss(-2.5)
                    .gradient(&logits, &targets);
                assert_close(&found, &gradient_of(loss, &logits), 1e-10);
            }
        }
    }

    /// The backward formulas as matrices, on the very numbers they are given: no tolerance hides
    /// f32 arithmetic here.
    #[test]
    fn backward_is_a_product_with_the_jacobian() {
        for (logits, g) in cases() {
            let stored = inputs::probs(&logits, COLS);
            let w = inputs::log_probs(&logits, COLS);
            let p: Vec<f64> = stored.iter().map(|&p| f64::from(p)).collect();
            let exp_w: Vec<f64> = w.iter().map(|&w| f64::from(w).exp()).collect();
            let delta = |i, j| if i == j { 1.0 } else { 0.0 };
            let product = |entry: &dyn Fn(usize, usize) -> f64| -> Vec<f64> {
                (0..COLS)
                    .map(|i| (0..COLS).map(|j| entry(i, j) * f64::from(g[j])).sum())
                    .collect()
            };
            let expected = product(&|i, j| p[i] * (delta(i, j) - p[j]));
            assert_close(&softmax_backward(&stored, &g, COLS), &expected, 1e-15);
            assert_close(
                &log_softmax_backward(&w, &g, COLS),
                &product(&|i, j| delta(i, j) - exp_w[i]),
                1e-14,
            );
        }
    }

    #[test]
    fn jacobian_is_symmetric_and_its_rows_sum_to_zero() {
        for (logits, _) in cases() {
            let entries = jacobian(&logits, COLS);
            for i in 0..COLS {
                let row = &entries[i * COLS..][..COLS];
                assert!(row.iter().sum::<f64>().abs() < 1e-15);
                for j in 0..COLS {
                    assert_eq!(row[j], entries[j * COLS + i]);
                }
            }
        }
    }

    #[test]
    fn rows_keep_to_themselves() {
        let logits = [1.0, 2.0, 0.5, -3.0];
        let (first, second) = logits.split_at(2);
        let joined = |f: &dyn Fn(&[f32]) -> Vec<f64>| [f(first), f(second)].concat();
        assert_eq!(softmax(&logits, 2), joined(&|x| softmax(x, 2)));
        assert_eq!(jacobian(&logits, 2), joined(&|x| jacobian(x, 2)));
        let found = logsumexp_backward(&logits, &[2.0, -3.0], 2);
        let probs = softmax(&logits, 2);
        assert_eq!(
            found,
            [
                2.0 * probs[0],
                2.0 * probs[1],
                -3.0 * probs[2],
                -3.0 * probs[3]
            ]
        );
    }
}

mod identities {
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
}

mod statistic {
    use super::*;

    fn parts() -> impl Strategy<Value = Vec<f32>> {
        let logit = prop_oneof![8 => -100_f32..100.0, 1 => Just(-INF), 1 => -3.4e38_f32..3.4e38];
        prop::collection::vec(logit, 0..40)
    }

    fn close(a: Statistic, b: Statistic) -> bool {
        let flags = |s: Statistic| (s.has_nan, s.has_positive_infinity);
        a.max == b.max && flags(a) == flags(b) && (a.sum - b.sum).abs() <= 1e-14 * b.sum
    }

    proptest! {
        #[test]
        fn merging_parts_gives_the_row(a in parts(), b in parts(), c in parts()) {
            let row = Statistic::of(&[a.clone(), b.clone(), c.clone()].concat());
            let [a, b, c] = [a, b, c].map(|part| Statistic::of(&part));
            prop_assert!(close(a.merge(b).merge(c), row));
            prop_assert!(close(a.merge(b.merge(c)), row));
            prop_assert_eq!(a.merge(b), b.merge(a));
        }

        #[test]
        fn empty_is_neutral(a in parts()) {
            let a = Statistic::of(&a);
            prop_assert_eq!(a.merge(Statistic::EMPTY), a);
            prop_assert_eq!(Statistic::EMPTY.merge(a), a);
        }
    }

    #[test]
    fn nothing_finite_is_empty() {
        assert_eq!(Statistic::of(&[]), Statistic::EMPTY);
        assert_eq!(Statistic::of(&[-INF, -INF]), Statistic::EMPTY);
        assert_eq!(Statistic::EMPTY.max, f64::from(f32::MIN));
        assert_eq!(Statistic::EMPTY.sum, 0.0);
        assert_eq!(Statistic::EMPTY.lse(), f64::NEG_INFINITY);
        assert!(Statistic::EMPTY.poisoned());
    }

    #[test]
    fn the_lowest_logit_is_not_nothing() {
        let lowest = Statistic::of(&[f32::MIN]);
        assert_eq!((lowest.max, lowest.sum), (f64::from(f32::MIN), 1.0));
        assert!(!lowest.poisoned());
    }

    #[test]
    fn flags_survive_a_merge_and_numbers_do_too() {
        let nan = Statistic::of(&[1.0, NAN]);
        let infinite = Statistic::of(&[INF, 3.0]);
        let negative_nan = Statistic::of(&[f32::from_bits(0xFFC0_0001)]);
        assert!(nan.has_nan && !nan.has_positive_infinity && nan.poisoned() && nan.lse().is_nan());
        assert!(!infinite.has_nan && infinite.has_positive_infinity && infinite.poisoned());
        assert!(negative_nan.has_nan);
        assert_eq!(infinite.lse(), f64::INFINITY);
        for both in [nan.merge(infinite), infinite.merge(nan)] {
            assert!(both.has_nan && both.has_positive_infinity && both.lse().is_nan());
            assert_eq!((both.max, both.sum), (3.0, 1.0 + (-2_f64).exp()));
        }
    }
}

mod special_values {
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
        assert!(softmax(&[], 3).is_empty());
        assert!(jacobian(&[], 3).is_empty());
        assert!(logsumexp_backward(&[], &[], 3).is_empty());
    }

    #[test]
    #[should_panic(expected = "no whole number of rows")]
    fn a_ragged_length_panics() {
        softmax(&[1.0, 2.0, 3.0], 2);
    }

    #[test]
    #[should_panic(expected = "at least one column")]
    fn no_columns_panic() {
        logsumexp(&[], 0);
    }
}

mod cross_entropy {
    use super::*;

    #[test]
    fn golden_numbers() {
        let operation = CrossEntropy::new(4).ignore_index(-100);
        let result = operation.losses(&LOGITS, &TARGETS);
        assert_close(&result.row_losses, &[0.4401897, 0.0, 0.06820192], 5e-8);
        assert_close(&[result.loss.unwrap()], &[0.25419581], 1e-8);
        assert_close(&result.lse, &[2.4401897, 3.21099762, 4.06820192], 5e-8);
        assert_eq!(
            (result.valid_rows, result.bad_targets, result.nan_rows),
            (2, 0, 0)
        );
        assert_eq!(result.first_bad_row, None);
        assert_eq!(result.row_losses[1], 0.0);
    }

    #[test]
    fn reductions_agree() {
        let with = |reduction| CrossEntropy::new(4).ignore_index(-100).reduction(reduction);
        let loss = |reduction| with(reduction).losses(&LOGITS, &TARGETS).loss;
        let gradient = |reduction| with(reduction).gradient(&LOGITS, &TARGETS);
        assert_eq!(loss(Reduction::None), None);
        assert_eq!(
            loss(Reduction::Sum),
            loss(Reduction::Mean).map(|mean| 2.0 * mean)
        );
        assert_eq!(gradient(Reduction::None), gradient(Reduction::Sum));
        let doubled: Vec<f64> = gradient(Reduction::Mean).iter().map(|g| 2.0 * g).collect();
        assert_close(&doubled, &gradient(Reduction::Sum), 1e-15);
    }

    #[test]
    fn an_ignored_row_is_zero_whatever_it_holds() {
        let operation = CrossEntropy::new(2).ignore_index(1);
        let logits = [NAN, INF, -INF, -INF, 0.0, 0.0];
        let result = operation.losses(&logits, &[1, 1, 0]);
        assert_eq!(result.row_losses, [0.0, 0.0, 2_f64.ln()]);
        assert_eq!(result.loss, Some(2_f64.ln()));
        assert_eq!((result.valid_rows, result.nan_rows), (1, 0));
        assert!(result.lse[0].is_nan());
        assert_eq!(result.lse[1], f64::NEG_INFINITY);
        assert_eq!(
            operation.gradient(&logits, &[1, 1, 0]),
            [0.0, 0.0, 0.0, 0.0, -0.5, 0.5]
        );
    }

    #[test]
    fn the_ignored_id_may_be_any_number() {
        for ignored in [-100, -1, 1, 2, 7, i64::MIN, i64::MAX] {
            let operation = CrossEntropy::new(2).ignore_index(ignored);
            let result = operation.losses(&[1.0, 2.0], &[ignored]);
            assert_eq!(result.row_losses, [0.0]);
            assert_eq!((result.valid_rows, result.bad_targets), (0, 0));
        }
    }

    #[test]
    fn a_bad_target_is_nan_and_counted() {
        for bad in [-1, 2, -100, i64::MIN, i64::MAX, 1 << 32] {
            let operation = CrossEntropy::new(2).ignore_index(-7);
            let (logits, targets) = ([0.0; 8], [0, bad, bad, -7]);
            let result = operation.losses(&logits, &targets);
            assert_eq!(
                (result.row_losses[0], result.row_losses[3]),
                (2_f64.ln(), 0.0)
            );
            assert!(all_nan(&result.row_losses[1..3]) && result.loss.unwrap().is_nan());
            assert_eq!(
                (result.valid_rows, result.bad_targets, result.nan_rows),
                (1, 2, 0)
            );
            assert_eq!(result.first_bad_row, Some(1));
            let gradient = operation.gradient(&logits, &targets);
            assert_eq!(gradient[..2], [-0.5, 0.5]);
            assert!(all_nan(&gradient[2..6]));
            assert_eq!(gradient[6..], [0.0, 0.0]);
        }
    }

    #[test]
    fn a_target_at_minus_infinity_is_an_infinite_loss() {
        let operation = CrossEntropy::new(3);
        let logits = [0.0, 0.0, -INF];
        let result = operation.losses(&logits, &[2]);
        assert_eq!(
            (result.row_losses[0], result.loss),
            (f64::INFINITY, Some(f64::INFINITY))
        );
        assert_eq!((result.valid_rows, result.nan_rows), (1, 0));
        assert_eq!(operation.gradient(&logits, &[2]), [0.5, 0.5, -1.0]);
    }

    #[test]
    fn nan_rows_are_valid_rows_with_a_loss_of_nan() {
        let logits = [NAN, 0.0, INF, 0.0, -INF, -INF, NAN, 0.0, NAN, 0.0, 0.0, 0.0];
        let operation = CrossEntropy::new(2).ignore_index(-1);
        let result = operation.losses(&logits, &[0, 1, 0, -1, 5, 0]);
        assert!(all_nan(&result.row_losses[..3]) && result.loss.unwrap().is_nan());
        assert_eq!(
            (result.valid_rows, result.bad_targets, result.nan_rows),
            (4, 1, 3)
        );
    }

    #[test]
    fn over_no_valid_row_the_mean_is_nan_and_the_sum_zero() {
        let operation = CrossEntropy::new(2).ignore_index(0);
        for (logits, targets) in [(&[1.0, 2.0][..], &[0][..]), (&[], &[])] {
            let mean = operation.losses(logits, targets);
            let sum = operation
                .clone()
                .reduction(Reduction::Sum)
                .losses(logits, targets);
            assert!(mean.loss.unwrap().is_nan());
            assert_eq!(sum.loss, Some(0.0));
            assert_eq!((mean.valid_rows, mean.bad_targets), (0, 0));
            assert!(
                operation
                    .gradient(logits, targets)
                    .iter()
                    .all(|&g| g == 0.0)
            );
        }
    }

    #[test]
    fn an_upstream_gradient_that_is_not_finite_spares_ignored_rows() {
        for bad in [f64::NAN, f64::INFINITY] {
            let operation = CrossEntropy::new(2).ignore_index(-1).grad_loss(bad);
            let gradient = operation.gradient(&[0.0, 1.0, 1.0, 2.0], &[0, -1]);
            assert!(all_nan(&gradient[..2]));
            assert_eq!(gradient[2..], [0.0, 0.0]);
        }
    }

    #[test]
    fn a_shift_of_1e8_leaves_the_loss() {
        let result = CrossEntropy::new(2).losses(&[1e8, 1e8], &[0]);
        assert_eq!(result.row_losses, [2_f64.ln()]);
    }
}
