//! The rules for special values, by exact bits, in every family and with every way to merge.

use crate::common::results::{Results, kernels, with_every_kernel};
use crate::common::{bits, forced, gpu};
use wgpu_softmax::check::{Inputs, inputs};
use wgpu_softmax::reference;
use wgpu_softmax::variant::Variant;

const INF: f32 = f32::INFINITY;
const NEGATIVE_INFINITY: u32 = 0xff80_0000;

/// Unaligned and aligned, both with idle lanes in every variant.
const WIDTHS: [usize; 2] = [45, 48];

/// NaN quiet and signalling, of both signs, and infinity.
const POISONS: [u32; 5] = [
    0x7fc0_0000,
    0xffc0_0000,
    0x7f80_0001,
    0xffff_ffff,
    0x7f80_0000,
];

fn plain(cols: usize, seed: u64) -> Vec<f32> {
    Inputs::Flat.logits(1, cols, seed)
}

fn is_nan(values: &[f32]) -> bool {
    values.iter().all(|value| value.is_nan())
}

#[test]
fn minus_infinity_weighs_nothing() {
    for cols in WIDTHS {
        let columns = [0, cols / 2, cols - 1];
        let mut row = plain(cols, 1);
        columns.iter().for_each(|&column| row[column] = -INF);
        with_every_kernel(&[row], &[1], None, |found, kernel| {
            for column in columns {
                assert_eq!(found.probs(0)[column].to_bits(), 0, "{kernel}");
                let log_prob = found.log_probs(0)[column].to_bits();
                assert_eq!(log_prob, NEGATIVE_INFINITY, "{kernel}");
                assert_eq!(found.grad(0)[column].to_bits(), 0, "{kernel}");
            }
            assert!(found.losses()[0].is_finite(), "{kernel}");
        });
    }
}

/// Returns every poison in the first, a middle and the last column, each poisoned row between two plain ones.
fn poisoned_rows(cols: usize) -> Vec<(Vec<f32>, Option<f32>)> {
    let mut rows = vec![(plain(cols, 0), None)];
    for (seed, poison) in (1..).zip(POISONS.map(f32::from_bits)) {
        for column in [0, cols / 2, cols - 1] {
            let mut row = plain(cols, seed);
            row[column] = poison;
            rows.push((row, Some(poison)));
            rows.push((plain(cols, seed), None));
        }
    }
    rows
}

#[test]
fn nan_and_infinity_poison_their_row_and_no_other() {
    for cols in WIDTHS {
        let (rows, poisons): (Vec<_>, Vec<_>) = poisoned_rows(cols).into_iter().unzip();
        let targets = inputs::targets(rows.len(), cols, 3, None);
        with_every_kernel(&rows, &targets, None, |found, kernel| {
            for (row, poison) in poisons.iter().enumerate() {
                let what = format!("{kernel} row {row}, {poison:?}");
                match poison {
                    Some(poison) => assert_poisoned(found, row, *poison, &what),
                    None => assert_untouched(found, row, &what),
                }
            }
            assert_eq!(found.status().nan_rows, 15, "{kernel}");
            found.assert_within_bounds(kernel);
        });
    }
}

fn assert_poisoned(found: &Results, row: usize, poison: f32, what: &str) {
    assert!(is_nan(found.probs(row)), "{what}");
    assert!(is_nan(found.log_probs(row)), "{what}");
    assert!(is_nan(found.grad(row)), "{what}");
    assert!(found.losses()[row].is_nan(), "{what}");
    let (lse, expected) = (found.lse()[row], poison.abs());
    assert!(
        lse == expected || (lse.is_nan() && expected.is_nan()),
        "{what}: {lse}"
    );
}

fn assert_untouched(found: &Results, row: usize, what: &str) {
    assert!(!found.probs(row).iter().any(|p| p.is_nan()), "{what}");
    assert!(!found.log_probs(row).iter().any(|p| p.is_nan()), "{what}");
    assert!(!found.grad(row).iter().any(|p| p.is_nan()), "{what}");
    assert!(
        found.losses()[row].is_finite() && found.lse()[row].is_finite(),
        "{what}"
    );
}

#[test]
fn infinity_beside_nan_is_nan() {
    let mut row = plain(45, 4);
    (row[3], row[40]) = (INF, f32::NAN);
    with_every_kernel(&[row], &[3], None, |found, kernel| {
        assert_poisoned(found, 0, f32::NAN, kernel);
    });
}

#[test]
fn a_row_of_minus_infinity_has_no_probabilities() {
    for cols in WIDTHS {
        let rows = [plain(cols, 5), vec![-INF; cols], plain(cols, 6)];
        with_every_kernel(&rows, &[1, 2, 3], None, |found, kernel| {
            assert!(
                is_nan(found.probs(1)) && is_nan(found.log_probs(1)),
                "{kernel}"
            );
            assert!(
                is_nan(found.grad(1)) && found.losses()[1].is_nan(),
                "{kernel}"
            );
            assert_eq!(found.lse()[1], -INF, "{kernel}");
            assert_untouched(found, 0, kernel);
            assert_untouched(found, 2, kernel);
        });
    }
}

fn every_poison_by_every_kernel(rows: usize, cols: usize) -> Vec<(f32, Variant)> {
    let kernels = kernels(rows, cols);
    let by_every_kernel = |poison| kernels.iter().map(move |&variant| (poison, variant));
    POISONS
        .map(f32::from_bits)
        .into_iter()
        .flat_map(by_every_kernel)
        .collect()
}

#[test]
fn backward_passes_spoil_one_row_only() {
    for (poison, variant) in every_poison_by_every_kernel(3, 5) {
        let gpu = forced(gpu(), variant);
        let (first, second) = (
            vec![0.2; 15],
            [vec![0.5; 7], vec![poison], vec![0.5; 7]].concat(),
        );
        let of_probs = gpu.softmax_backward(&first, &second, 3);
        let of_logs = gpu.log_softmax_backward(&first, &second, 3);
        let of_lse = gpu.logsumexp_backward(&first, &[0.5, poison, 0.5], 3);
        let swapped = gpu.softmax_backward(&second, &first, 3);
        for grad in [of_probs, of_logs, of_lse, swapped] {
            let grad = grad.expect("a gradient");
            let finite: Vec<_> = grad.iter().map(|g| g.is_finite()).collect();
            assert_eq!(
                finite,
                [[true; 5], [false; 5], [true; 5]].concat(),
                "{grad:?}"
            );
            assert!(is_nan(&grad[5..10]), "{grad:?}");
        }
    }
}

#[test]
fn a_probability_of_zero_and_a_log_probability_of_minus_infinity_pass_nothing() {
    let grad = gpu().softmax_backward(&[0.0, 0.5, 0.5], &[3.0, 1.0, 2.0], 1);
    assert_eq!(
        bits(&grad.expect("a gradient")),
        [0, (-0.25_f32).to_bits(), 0.25_f32.to_bits()]
    );
    let logs = [-INF, -2_f32.ln(), -2_f32.ln()];
    let grad = gpu().log_softmax_backward(&logs, &[0.0, 1.0, -1.0], 1);
    assert_eq!(grad, Ok(vec![0.0, 1.0, -1.0]));
    let expected = reference::logsumexp_backward(&[-INF, 0.0, 0.0], &[2.0], 3);
    let grad = gpu().logsumexp_backward(&[-INF, 0.0, 0.0], &[2.0], 1);
    assert_eq!(
        (grad, expected),
        (Ok(vec![0.0, 1.0, 1.0]), vec![0.0, 1.0, 1.0])
    );
}

#[test]
fn a_jacobian_spoils_one_row_only() {
    for poison in POISONS.map(f32::from_bits) {
        let mut logits = vec![0.5; 15];
        logits[7] = poison;
        let jacobian = gpu().jacobian(&logits, 3).expect("a Jacobian");
        assert!(is_nan(&jacobian[25..50]));
        let rest = jacobian[..25].iter().chain(&jacobian[50..]);
        assert!(rest.clone().all(|j| j.is_finite()) && rest.count() == 50);
    }
}
