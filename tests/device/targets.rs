//! The rules for targets and for rows that do not count, by exact bits, in every family and with every way to merge.

use crate::common::results::with_every_kernel;
use crate::common::{bits, gpu};
use wgpu_softmax::check::Inputs;
use wgpu_softmax::{
    CrossEntropyInputs, CrossEntropyOutput, CrossEntropySpec, CrossEntropyWants, Reduction,
};

const INF: f32 = f32::INFINITY;

/// Unaligned and aligned, both with idle lanes in every variant.
const WIDTHS: [usize; 2] = [45, 48];

fn plain(cols: usize, seed: u64) -> Vec<f32> {
    Inputs::Flat.logits(1, cols, seed)
}

fn is_nan(values: &[f32]) -> bool {
    values.iter().all(|value| value.is_nan())
}

fn is_zero(values: &[f32]) -> bool {
    values.iter().all(|value| value.to_bits() == 0)
}

#[test]
fn a_target_at_minus_infinity_costs_infinity() {
    for cols in WIDTHS {
        let mut row = plain(cols, 2);
        row[cols - 2] = -INF;
        let target = i32::try_from(cols - 2).expect("small");
        with_every_kernel(&[row], &[target], None, |found, kernel| {
            assert_eq!(found.losses()[0], INF, "{kernel}");
            assert_eq!(found.grad(0)[cols - 2], -1.0, "{kernel}");
            assert!(
                found.grad(0)[..cols - 2].iter().all(|&g| g > 0.0),
                "{kernel}"
            );
            assert_eq!(found.status().infinite_rows, 1, "{kernel}");
            assert_eq!(found.status().nan_rows, 0, "{kernel}");
        });
    }
}

#[test]
fn ignored_rows_count_for_nothing() {
    let cols = 45;
    let mut rows = vec![plain(cols, 7); 6];
    rows[1][44] = f32::NAN;
    rows[2][0] = INF;
    rows[3] = vec![-INF; cols];
    for (ignored, kept) in [(-100, 44), (44, 0), (i32::MIN, 1), (i32::MAX, 2)] {
        let targets = [kept, ignored, ignored, ignored, ignored, ignored];
        with_every_kernel(&rows, &targets, Some(ignored), |found, kernel| {
            assert!(is_zero(&found.losses()[1..]), "{kernel}");
            (1..6).for_each(|row| assert!(is_zero(found.grad(row)), "{kernel} row {row}"));
            assert!(
                found.losses()[0] > 0.0 && found.grad(0)[5] > 0.0,
                "{kernel}"
            );
            let lse = found.lse();
            assert!(
                lse[1].is_nan() && lse[2] == INF && lse[3] == -INF,
                "{kernel}"
            );
            assert_eq!(lse[4].to_bits(), lse[0].to_bits(), "{kernel}");
            let status = found.status();
            assert_eq!((status.valid_rows, status.bad_targets), (1, 0), "{kernel}");
            assert_eq!(
                (status.first_bad_row, status.nan_rows),
                (u32::MAX, 0),
                "{kernel}"
            );
        });
    }
}

#[test]
fn bad_targets_are_nan_and_counted() {
    let rows: Vec<_> = (0..7).map(|seed| plain(45, seed)).collect();
    let targets = [3, -1, 44, 45, i32::MIN, 0, i32::MAX];
    with_every_kernel(&rows, &targets, None, |found, kernel| {
        for (row, target) in targets.iter().enumerate() {
            let good = (0..45).contains(target);
            assert_eq!(found.losses()[row].is_nan(), !good, "{kernel} {target}");
            assert_eq!(is_nan(found.grad(row)), !good, "{kernel} {target}");
            assert!(found.lse()[row].is_finite(), "{kernel} {target}");
        }
        let status = found.status();
        assert_eq!((status.valid_rows, status.bad_targets), (3, 4), "{kernel}");
        assert_eq!((status.first_bad_row, status.nan_rows), (1, 0), "{kernel}");
    });
}

/// Computes cross-entropy of plain rows of five classes by the preferred kernel.
fn reduced(reduction: Reduction, targets: &[i32]) -> CrossEntropyOutput {
    let spec = CrossEntropySpec::new(targets.len() as u64, 5)
        .reduction(reduction)
        .ignore_index(-100);
    let logits = Inputs::Flat.logits(targets.len(), 5, 8);
    let wants = CrossEntropyWants {
        grad_logits: true,
        lse: true,
    };
    gpu()
        .cross_entropy(&spec, CrossEntropyInputs::new(&logits, targets), wants)
        .expect("cross-entropy")
}

#[test]
fn a_mean_over_no_valid_row_is_nan_and_a_sum_is_zero() {
    for targets in [&[-100; 4][..], &[]] {
        let mean = reduced(Reduction::Mean, targets);
        assert!(is_nan(&mean.losses) && mean.losses.len() == 1);
        assert!(is_zero(&mean.grad_logits.expect("a gradient")));
        let sum = reduced(Reduction::Sum, targets);
        assert_eq!(bits(&sum.losses), [0]);
        assert_eq!((sum.status.valid_rows, sum.status.bad_targets), (0, 0));
    }
}

#[test]
fn a_bad_target_makes_mean_and_sum_nan() {
    for reduction in [Reduction::Mean, Reduction::Sum] {
        let found = reduced(reduction, &[0, -100, 5, 4]);
        assert!(is_nan(&found.losses) && found.losses.len() == 1);
        assert_eq!(
            (found.status.valid_rows, found.status.first_bad_row),
            (2, 2)
        );
        let share = if reduction == Reduction::Mean {
            0.5
        } else {
            1.0
        };
        let grad = found.grad_logits.expect("a gradient");
        assert!(grad[0] < 0.0 && grad[0] > -share, "{}", grad[0]);
        assert!(is_zero(&grad[5..10]) && is_nan(&grad[10..15]));
    }
}

#[test]
fn no_rows_give_empty_results() {
    assert_eq!(gpu().softmax(&[], 0), Ok(vec![]));
    assert_eq!(gpu().logsumexp(&[], 0), Ok(vec![]));
    assert_eq!(gpu().jacobian(&[], 0), Ok(vec![]));
    assert_eq!(gpu().softmax_backward(&[], &[], 0), Ok(vec![]));
    let found = reduced(Reduction::None, &[]);
    assert_eq!((found.losses, found.grad_logits), (vec![], Some(vec![])));
    assert_eq!(found.lse, Some(vec![]));
}
