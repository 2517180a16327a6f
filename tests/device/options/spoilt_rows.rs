//! Weights, probabilities and upstream gradients that are not finite spoil the rows that use them, and of these only the results
//! that depend on them; ignored rows are not affected. An infinite weight makes an infinite loss.

use wgpu_softmax::check::{Inputs, inputs};
use wgpu_softmax::{Reduction, TargetType};

use crate::common::expected::Expected;
use crate::common::found::Found;
use crate::common::problem::{Problem, class_of};
use crate::common::{bits, gpu};

const INF: f32 = f32::INFINITY;
const NAN: f32 = f32::NAN;
const COLS: usize = 45;
const LAST: usize = COLS - 1;

/// Words that are not finite: NaN quiet and signalling, of both signs, and infinities.
const POISONS: [u32; 5] = [
    0x7fc0_0000,
    0xffc0_0001,
    0x7f80_0001,
    0x7f80_0000,
    0xff80_0000,
];

fn logits(rows: usize) -> Vec<f32> {
    Inputs::Peaked.logits(rows, COLS, 4)
}

fn grad(found: &Found, row: usize) -> &[f32] {
    &found.grad[row * COLS..][..COLS]
}

fn is_nan(values: &[f32]) -> bool {
    values.iter().all(|value| value.is_nan())
}

/// True if a loss is the result of `share`: NaN, or infinite with its sign.
fn is_spoilt_by(share: f32, loss: f32) -> bool {
    loss == share || (loss.is_nan() && share.is_nan())
}

/// Fails unless the given rows are spoilt, in the loss by `share` if there is one, every other row has the bits of the clean
/// problem, and statistics have them everywhere.
#[track_caller]
fn assert_spoilt(problem: &Problem, clean: &Problem, spoilt: &[bool], share: Option<f32>) {
    let expected = Expected::of(problem);
    problem.on_every_kernel(|found, kernel| expected.assert(found, kernel));
    for run in [Problem::fused, Problem::apart] {
        let (found, clean) = (run(problem, gpu(), None), run(clean, gpu(), None));
        assert_eq!(found.pairs, clean.pairs);
        assert_eq!(bits(&found.lse), bits(&clean.lse));
        for (row, &spoilt) in spoilt.iter().enumerate() {
            assert_eq!(is_nan(grad(&found, row)), spoilt, "gradient of row {row}");
            assert_eq!(
                share.is_some_and(|share| is_spoilt_by(share, found.losses[row])),
                spoilt && share.is_some(),
                "loss of row {row}"
            );
            if !spoilt {
                assert_eq!(
                    bits(grad(&found, row)),
                    bits(grad(&clean, row)),
                    "row {row}"
                );
            }
            if !(spoilt && share.is_some()) {
                assert_eq!(
                    found.losses[row].to_bits(),
                    clean.losses[row].to_bits(),
                    "row {row}"
                );
            }
        }
    }
}

#[test]
fn a_weight_spoils_the_rows_of_its_class() {
    let ids = [7, 3, class_of(LAST), 7, 0];
    let clean = Problem::of_ids(COLS, logits(5), &ids).reduction(Reduction::None);
    let clean = clean.weight(vec![1.5; COLS]);
    for poison in POISONS.map(f32::from_bits) {
        for class in [7, LAST, 12] {
            let mut weight = vec![1.5; COLS];
            weight[class] = poison;
            let spoilt = ids.map(|id| id == class_of(class));
            assert_spoilt(&clean.clone().weight(weight), &clean, &spoilt, Some(poison));
        }
    }
}

/// Infinity times 0, and over infinity: as in PyTorch. A row of another weight does not contribute to a mean over infinity.
#[test]
fn an_infinite_weight_of_a_certain_row_and_of_a_mean() {
    let mut certain = vec![-INF; COLS];
    certain[7] = 3.0;
    let values = [certain, logits(2)].concat();
    let mut weight = vec![1.5; COLS];
    for infinite in [INF, -INF] {
        weight[7] = infinite;
        let problem = Problem::of_ids(COLS, values.clone(), &[7, 7, 3]).weight(weight.clone());
        let problem = problem.reduction(Reduction::None);
        let found = problem.fused(gpu(), None);
        assert!(found.losses[0].is_nan() && found.losses[1] == infinite);
        let rows = (found.status.nan_rows, found.status.infinite_rows);
        assert_eq!(rows, (1, 1));
        problem.assert_on_every_kernel();
        let mean = problem.reduction(Reduction::Mean);
        let found = mean.fused(gpu(), None);
        assert!(found.losses[0].is_nan() && is_nan(grad(&found, 0)));
        assert!(grad(&found, 2).iter().all(|&g| g == 0.0));
        mean.assert_on_every_kernel();
    }
}

/// With smoothing every class is used by every row, except by ignored rows.
#[test]
fn a_weight_spoils_every_smoothed_row() {
    let ids = [7, 3, -100, 7, 99];
    let clean = Problem::of_ids(COLS, logits(5), &ids).reduction(Reduction::None);
    let clean = clean
        .ignore_index(-100)
        .label_smoothing(0.1)
        .weight(vec![1.5; COLS]);
    for poison in POISONS.map(f32::from_bits) {
        let mut weight = vec![1.5; COLS];
        weight[LAST] = poison;
        let problem = clean.clone().weight(weight);
        Expected::of(&problem).assert(&problem.fused(gpu(), None), "fused");
        problem.on_every_kernel(|found, kernel| {
            for row in [0, 1, 3] {
                assert!(is_spoilt_by(poison, found.losses[row]), "{kernel}");
            }
            assert_eq!(found.losses[2], 0.0, "{kernel}");
            assert!(found.losses[4].is_nan(), "{kernel}");
            assert!(
                bits(grad(found, 2)).iter().all(|&bits| bits == 0),
                "{kernel}"
            );
            assert_eq!(
                (
                    found.status.valid_rows,
                    found.status.nan_rows + found.status.infinite_rows
                ),
                (3, 3),
                "{kernel}"
            );
        });
    }
}

/// A probability of 0 does not use its weight, nor a weight of 0 its probability.
#[test]
fn what_is_multiplied_by_zero_spoils_nothing() {
    let mut probs = inputs::probs(&Inputs::Flat.logits(4, COLS, 5), COLS);
    probs[2 * COLS + 9] = 0.0;
    let mut weight = vec![1.5; COLS];
    weight[LAST] = 0.0;
    let clean = Problem::of_probs(COLS, logits(4), probs.clone()).reduction(Reduction::None);
    let clean = clean.weight(weight.clone());
    for poison in POISONS.map(f32::from_bits) {
        let (mut probs, mut weight) = (probs.clone(), weight.clone());
        probs[COLS + LAST] = poison;
        weight[9] = poison;
        let problem = Problem::of_probs(COLS, logits(4), probs).reduction(Reduction::None);
        assert_spoilt(
            &problem.weight(weight),
            &clean,
            &[true, true, false, true],
            Some(poison),
        );
    }
}

#[test]
fn a_probability_spoils_its_row() {
    let probs = inputs::sparse_probs(6, COLS, 5);
    let clean = Problem::of_probs(COLS, logits(6), probs.clone()).reduction(Reduction::None);
    for poison in POISONS.map(f32::from_bits) {
        for column in [0, 22, LAST] {
            let mut probs = probs.clone();
            probs[2 * COLS + column] = poison;
            probs[5 * COLS + column] = poison;
            let problem = Problem::of_probs(COLS, logits(6), probs).reduction(Reduction::None);
            let spoilt = [false, false, true, false, false, true];
            assert_spoilt(&problem, &clean, &spoilt, Some(poison));
        }
    }
}

#[test]
fn an_upstream_gradient_spoils_the_gradient_of_its_row() {
    let ids = [7, -100, 3, 0, -100, class_of(LAST)];
    let upstream = vec![0.5, 0.25, -1.0, 2.0, 1.0, 0.0];
    let of_ids = Problem::of_ids(COLS, logits(6), &ids).ignore_index(-100);
    let of_probs = Problem::of_probs(COLS, logits(6), inputs::sparse_probs(6, COLS, 5));
    for poison in POISONS.map(f32::from_bits) {
        let mut poisoned = upstream.clone();
        (poisoned[0], poisoned[1], poisoned[3]) = (poison, poison, poison);
        for (clean, second) in [
            (of_ids.clone(), false),
            (of_ids.clone().label_smoothing(0.1).z_loss(0.1), false),
            (of_probs.clone(), true),
        ] {
            let clean = clean.reduction(Reduction::None).upstream(upstream.clone());
            let problem = clean.clone().upstream(poisoned.clone());
            assert_spoilt(
                &problem,
                &clean,
                &[true, second, false, true, false, false],
                None,
            );
        }
    }
}

/// One upstream gradient for all rows spoils the rows that count.
#[test]
fn an_upstream_gradient_of_a_reduced_loss_spoils_all_that_counts() {
    let ids = [7, -100, 3, 0, -100, class_of(LAST)];
    for reduction in [Reduction::Mean, Reduction::Sum] {
        for poison in POISONS.map(f32::from_bits) {
            let clean = Problem::of_ids(COLS, logits(6), &ids).ignore_index(-100);
            let clean = clean.reduction(reduction).z_loss(0.1);
            let problem = clean.clone().upstream(vec![poison]);
            Expected::of(&problem).assert(&problem.fused(gpu(), None), "fused");
            Expected::of(&problem).assert(&problem.apart(gpu(), None), "apart");
            let (found, clean) = (problem.fused(gpu(), None), clean.fused(gpu(), None));
            assert_eq!(bits(&found.losses), bits(&clean.losses));
            for (row, id) in ids.into_iter().enumerate() {
                let zeros = bits(grad(&found, row)) == [0; COLS];
                assert_eq!((is_nan(grad(&found, row)), zeros), (id != -100, id == -100));
            }
        }
    }
}

/// Whatever an ignored row holds, its loss and gradient are 0 to the bit.
#[test]
fn ignored_rows_are_left_alone() {
    let mut values = logits(7);
    values[COLS + 3] = NAN;
    values[2 * COLS] = INF;
    values[3 * COLS..4 * COLS].fill(-INF);
    values[4 * COLS..5 * COLS].fill(f32::MAX);
    let ids = [7, -100, -100, -100, -100, -100, 3];
    let problem = Problem::of_ids(COLS, values, &ids)
        .ignore_index(-100)
        .z_loss(0.1);
    let problem = problem.reduction(Reduction::None).ids_as(TargetType::I64);
    let problem = problem.upstream(vec![1.0, NAN, INF, -INF, NAN, NAN, -1.0]);
    let mut weight = vec![1.0; COLS];
    weight[9] = NAN;
    for problem in [
        problem.clone(),
        problem.clone().label_smoothing(0.1),
        problem.clone().softcap(3.0),
        problem.clone().weight(weight.clone()),
        problem
            .clone()
            .weight(weight)
            .label_smoothing(0.1)
            .softcap(3.0),
    ] {
        let expected = Expected::of(&problem);
        problem.on_every_kernel(|found, kernel| {
            expected.assert(found, kernel);
            let zeros = [&found.losses[1..6], &found.grad[COLS..6 * COLS]].concat();
            assert!(bits(&zeros).iter().all(|&bits| bits == 0), "{kernel}");
            assert_ne!(found.losses[0], 0.0, "{kernel}");
        });
    }
}

/// Twice a huge logsumexp is infinite, and its product with a probability is not.
#[test]
fn the_gradient_of_a_huge_z_loss_is_finite_where_its_value_is() {
    let mut logits = vec![-3e38; 3 * COLS];
    for (i, logit) in logits.iter_mut().enumerate() {
        let is_peak = match i / COLS {
            0 => i % 2 == 0,
            row => i % COLS <= row,
        };
        if is_peak {
            *logit = 1.5e38;
        }
    }
    let problem = Problem::of_ids(COLS, logits, &[0, 1, 2].map(class_of));
    let problem = problem.z_loss(0.4).scale(2.0).reduction(Reduction::None);
    problem.assert_on_every_kernel();
    let found = problem.fused(gpu(), None);
    assert!(
        found.grad.iter().all(|value| value.is_finite()),
        "{:?}",
        found.grad
    );
}
