//! Rows of special values, and rows that count for nothing.

use wgpu_softmax::Reduction;

use super::problem::{IGNORED, Problem};
use crate::common::gpu;

fn of_each_row() -> Problem {
    let problem = Problem::new((9, 12, 40), 3).loss(|loss| loss.reduction = Reduction::None);
    problem.chunk_rows(4)
}

#[test]
fn nan_in_hidden_leaves_the_losses_of_other_rows_alone() {
    let clean = of_each_row();
    let mut problem = clean.clone();
    problem.ids = (0..9).collect();
    let before = problem.run(gpu(), true);
    problem.hidden[5 * 12 + 3] = f32::NAN;
    let after = problem.run(gpu(), true);
    for row in 0..9 {
        let (loss, hidden) = (after.losses[row], &after.hidden[row * 12..][..12]);
        if row == 5 {
            assert!(loss.is_nan() && hidden.iter().all(|value| value.is_nan()));
            continue;
        }
        assert_eq!(loss.to_bits(), before.losses[row].to_bits(), "row {row}");
        assert_eq!(hidden, &before.hidden[row * 12..][..12], "row {row}");
    }
    assert_eq!(after.status.nan_rows, 1);
    // Each class has the row in its gradient.
    assert!(after.weight.iter().all(|value| value.is_nan()));
}

#[test]
fn ignored_rows_give_exact_zeros() {
    let mut problem = of_each_row();
    problem.ids = (0..9)
        .map(|row| if row % 2 == 0 { IGNORED } else { row })
        .collect();
    let found = problem.run(gpu(), true);
    for row in (0..9).step_by(2) {
        assert_eq!(found.losses[row].to_bits(), 0);
        assert!(
            found.hidden[row * 12..][..12]
                .iter()
                .all(|value| value.to_bits() == 0)
        );
    }
    assert_eq!(found.status.valid_rows, 4);
    problem.ids = vec![IGNORED; 9];
    let found = problem.run(gpu(), true);
    let mut all = found
        .hidden
        .iter()
        .chain(&found.weight)
        .chain(&found.bias)
        .chain(&found.losses);
    assert!(all.all(|value| value.to_bits() == 0));
}

/// NaN in hidden of a row that is ignored: its own loss and gradient stay 0.
#[test]
fn ignored_rows_of_nan_give_exact_zeros() {
    let mut problem = of_each_row();
    problem.ids = (0..9)
        .map(|row| if row == 4 { IGNORED } else { row })
        .collect();
    problem.hidden[4 * 12..][..12].fill(f32::NAN);
    let found = problem.run(gpu(), true);
    assert_eq!(found.losses[4].to_bits(), 0);
    assert!(
        found.hidden[4 * 12..][..12]
            .iter()
            .all(|value| value.to_bits() == 0)
    );
    assert_eq!(found.status.nan_rows, 0);
}

#[test]
fn ids_out_of_range_are_counted_and_make_their_rows_nan() {
    let mut problem = of_each_row();
    problem.ids = (0..9).collect();
    problem.ids[6] = 40;
    let found = problem.run(gpu(), true);
    let status = found.status;
    assert_eq!(
        (status.bad_targets, status.first_bad_row, status.valid_rows),
        (1, 6, 8)
    );
    let nan: Vec<_> = (0..9).filter(|&row| found.losses[row].is_nan()).collect();
    assert_eq!(nan, [6]);
    assert!(
        found.hidden[6 * 12..][..12]
            .iter()
            .all(|value| value.is_nan())
    );
}

#[test]
fn no_rows_give_a_sum_of_zero_and_gradients_of_zero() {
    let problem = Problem::new((0, 3, 5), 1).loss(|loss| loss.reduction = Reduction::Sum);
    let found = problem.run(gpu(), true);
    assert_eq!(found.losses, [0.0]);
    assert_eq!((found.weight, found.bias), (vec![0.0; 15], vec![0.0; 5]));
    let mean = problem
        .loss(|loss| loss.reduction = Reduction::Mean)
        .run(gpu(), false);
    assert!(mean.losses[0].is_nan());
}
