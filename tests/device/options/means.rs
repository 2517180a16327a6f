//! Divisors of means: counted, counted elsewhere, and 0.

use std::ops::Range;

use wgpu_softmax::check::{Inputs, inputs};
use wgpu_softmax::{
    CrossEntropyInputs, CrossEntropySpec, CrossEntropyWants, Reduction, TargetType, ZeroValid,
};

use crate::common::expected::Expected;
use crate::common::found::Found;
use crate::common::problem::Problem;
use crate::common::{assert_close, bits, gpu, wide};

const ROWS: usize = 40;
const COLS: usize = 45;
/// Rows of the parts: unequal, one of a single row.
const PARTS: [Range<usize>; 3] = [0..13, 13..14, 14..ROWS];

/// Kind of the rows; each has a mean of its own.
#[derive(Debug, Clone, Copy)]
enum Kind {
    Ids,
    Smoothed,
    Capped,
    Probs,
}

const KINDS: [Kind; 4] = [Kind::Ids, Kind::Smoothed, Kind::Capped, Kind::Probs];

impl Kind {
    /// Returns the problem of some rows of the batch, with weights and z-loss: cross-entropy and z-loss divide by different
    /// numbers.
    fn of(self, rows: Range<usize>) -> Problem {
        let logits = Inputs::Flat.logits(ROWS, COLS, 3);
        let elements = rows.start * COLS..rows.end * COLS;
        let of_rows = logits[elements.clone()].to_vec();
        let ids = wide(&inputs::targets(ROWS, COLS, 4, Some(-100)));
        let probs = inputs::sparse_probs(ROWS, COLS, 5);
        let of_ids = |logits| Problem::of_ids(COLS, logits, &ids[rows.clone()]).ignore_index(-100);
        let problem = match self {
            Self::Ids => of_ids(of_rows),
            Self::Smoothed => of_ids(of_rows).label_smoothing(0.2),
            Self::Capped => of_ids(of_rows).softcap(5.0),
            Self::Probs => Problem::of_probs(COLS, of_rows, probs[elements].to_vec()),
        };
        problem.weight(inputs::weights(COLS, 6)).z_loss(0.05)
    }
}

/// Returns the mean of the whole batch, and its divisors.
fn whole(kind: Kind) -> (Problem, f32, u32) {
    let problem = kind.of(0..ROWS);
    let counted = Expected::of(&problem).result;
    let (sum, valid) = (counted.weight_sum as f32, counted.valid_rows as u32);
    if !matches!(kind, Kind::Probs) {
        assert!(
            (sum - valid as f32).abs() > 1.0,
            "the divisors do not differ"
        );
    }
    (problem, sum, valid)
}

#[test]
fn a_batch_in_parts_has_the_mean_and_the_gradient_of_the_whole() {
    for kind in KINDS {
        let (problem, sum, valid) = whole(kind);
        let expected = Expected::of(&problem);
        expected.assert(&problem.fused(gpu(), None), "the whole");
        for run in [Problem::fused, Problem::apart] {
            let parts = PARTS.map(|part| run(&kind.of(part).mean_over(sum, valid), gpu(), None));
            let mut joined = Found::joined(&parts);
            let losses = parts.iter().map(|part| part.losses[0]);
            joined.losses = vec![losses.sum()];
            // The divisors given to a mean are not counted.
            joined.status = problem.fused(gpu(), None).status;
            expected.assert(&joined, &format!("{kind:?} in parts"));
        }
    }
}

/// The gradient is divided, and of the losses only a mean is.
#[test]
fn losses_that_are_no_mean_stay_undivided() {
    for kind in KINDS {
        for reduction in [Reduction::None, Reduction::Sum] {
            let plain = kind.of(0..ROWS).reduction(reduction);
            let over = plain.clone().mean_over(12.5, 31);
            let (plain, found) = (plain.fused(gpu(), None), over.fused(gpu(), None));
            assert_eq!(
                bits(&found.losses),
                bits(&plain.losses),
                "{kind:?}, {reduction:?}"
            );
            assert_eq!(found.status, plain.status, "{kind:?}, {reduction:?}");
            assert_ne!(
                bits(&found.grad),
                bits(&plain.grad),
                "{kind:?}, {reduction:?}"
            );
            over.assert_on_every_kernel();
        }
    }
}

/// Divisors of 0, of either sign.
const DIVISORS: [(f32, u32); 4] = [(0.0, 0), (-0.0, 7), (0.0, 7), (7.0, 0)];

#[test]
fn divisors_that_were_given_may_be_zero() {
    for kind in KINDS {
        for zero_valid in [ZeroValid::Nan, ZeroValid::Zero] {
            for (sum, valid) in DIVISORS {
                let problem = kind
                    .of(0..ROWS)
                    .zero_valid(zero_valid)
                    .mean_over(sum, valid);
                let expected = Expected::of(&problem);
                for found in [problem.fused(gpu(), None), problem.apart(gpu(), None)] {
                    let what = format!("{kind:?} over {sum} and {valid}, {zero_valid:?}");
                    expected.assert(&found, &what);
                }
            }
        }
    }
}

/// Division by 0 gives NaN or exactly 0, for cross-entropy and z-loss separately.
#[test]
fn nothing_to_divide_by_is_what_the_caller_says() {
    for kind in KINDS {
        let given = |sum, valid, zero_valid| {
            let problem = kind.of(0..ROWS).z_loss(0.05).zero_valid(zero_valid);
            problem.mean_over(sum, valid).fused(gpu(), None)
        };
        let nan = given(0.0, 0, ZeroValid::Nan);
        assert!(
            nan.losses[0].is_nan() && nan.grad.iter().any(|g| g.is_nan()),
            "{kind:?}"
        );
        let zero = given(0.0, 0, ZeroValid::Zero);
        assert_eq!(bits(&zero.losses), [0], "{kind:?}");
        assert!(zero.grad.iter().all(|&g| g == 0.0), "{kind:?}");
        let z_alone = given(0.0, 7, ZeroValid::Zero);
        assert_eq!(z_alone.losses[0], z_alone.status.z_loss, "{kind:?}");
        assert!(z_alone.losses[0] > 0.0, "{kind:?}");
        // A gradient of the z-loss only is p times a number of its row: nowhere negative where lse is positive.
        let row = z_alone
            .lse
            .iter()
            .position(|&lse| lse > 0.0)
            .expect("a positive lse");
        assert!(
            z_alone.grad[row * COLS..][..COLS].iter().all(|&g| g >= 0.0),
            "{kind:?}"
        );
        assert!(given(7.0, 0, ZeroValid::Nan).losses[0].is_nan(), "{kind:?}");
    }
}

/// No valid row, and rows whose targets all have a weight of 0.
#[test]
fn what_was_counted_may_be_nothing() {
    let logits = Inputs::Flat.logits(5, COLS, 3);
    let ignored = Problem::of_ids(COLS, logits.clone(), &[-100; 5]).ignore_index(-100);
    let weightless = Problem::of_ids(COLS, logits, &[2, 7, 9, 2, 44]).weight(
        (0..COLS)
            .map(|c| if [2, 7, 9, 44].contains(&c) { 0.0 } else { 1.0 })
            .collect(),
    );
    for zero_valid in [ZeroValid::Nan, ZeroValid::Zero] {
        for smoothing in [0.0, 0.3] {
            for z_loss in [0.0, 0.1] {
                for problem in [&ignored, &weightless] {
                    let problem = problem
                        .clone()
                        .zero_valid(zero_valid)
                        .label_smoothing(smoothing);
                    let problem = problem.z_loss(z_loss);
                    let expected = Expected::of(&problem);
                    expected.assert(&problem.fused(gpu(), None), "fused");
                    expected.assert(&problem.apart(gpu(), None), "apart");
                }
            }
        }
    }
    let found = ignored.zero_valid(ZeroValid::Zero).fused(gpu(), None);
    assert_close("the mean over nothing", &found.losses, &[0.0], &[0.0], 1);
    assert!(found.grad.iter().all(|g| g.to_bits() == 0));
}

/// With probabilities every row counts once, whatever its weights.
#[test]
fn rows_of_probabilities_are_divided_by_their_number() {
    let problem = Kind::Probs.of(0..ROWS);
    let found = problem.fused(gpu(), None);
    assert_eq!(
        (found.status.valid_rows, found.status.weight_sum),
        (40, 40.0)
    );
    problem.assert_on_every_kernel();
}

/// Without pairs or any other option a loss has a kernel of its own, and with probabilities nothing is counted for it.
#[test]
fn a_plain_mean_of_probabilities_is_divided_by_the_rows() {
    let spec = CrossEntropySpec::new(4, 2).targets(TargetType::Probs);
    let probs = [1.0_f32, 0.0, 0.0, 1.0, 1.0, 0.0, 0.0, 1.0];
    let inputs = CrossEntropyInputs::new(&[0.0_f32; 8], &probs);
    let wants = CrossEntropyWants {
        grad_logits: true,
        ..CrossEntropyWants::default()
    };
    let found = gpu().cross_entropy(&spec, inputs, wants).expect("a loss");
    let gradient = probs.map(|prob| (0.5 - prob) / 4.0);
    assert_eq!(found.grad_logits.as_deref(), Some(&gradient[..]));
}

/// Where fewer rows are bound than planned, only those count.
#[test]
fn a_plan_for_more_rows_has_the_mean_of_those_bound() {
    for kind in KINDS {
        let (mut more, few) = (kind.of(0..ROWS), kind.of(0..13));
        (more.rows, more.logits, more.targets) =
            (few.rows, few.logits.clone(), few.targets.clone());
        for run in [Problem::fused, Problem::apart] {
            let (more, few) = (run(&more, gpu(), None), run(&few, gpu(), None));
            assert!(more.bits() == few.bits(), "{kind:?}");
        }
    }
}

#[test]
fn no_rows_have_no_mean() {
    for kind in KINDS {
        for (zero_valid, is_mean) in [
            (ZeroValid::Nan, f32::is_nan as fn(f32) -> bool),
            (ZeroValid::Zero, |mean| mean == 0.0),
        ] {
            let found = kind.of(0..0).zero_valid(zero_valid).fused(gpu(), None);
            assert!(is_mean(found.losses[0]), "{kind:?}, {zero_valid:?}");
            let counts = (found.status.valid_rows, found.status.first_bad_row);
            assert_eq!(counts, (0, u32::MAX), "{kind:?}");
        }
    }
}
