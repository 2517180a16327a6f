//! Rows that are ignored, spoilt or without a good target, by every kernel: to the bit where the result is no number.

use crate::common::found::Found;
use crate::common::problem::Problem;
use crate::row_outputs::problem::of_ids;

const INF: f32 = f32::INFINITY;
const NONE: u32 = u32::MAX;

/// Eight rows of four classes with their targets; 2 is ignored.
const ROWS: [([f32; 4], i64); 8] = [
    ([1.0, f32::NAN, 0.0, 0.0], 0),
    ([1.0, INF, 0.0, 0.0], 1),
    ([-INF; 4], 3),
    ([0.0, -INF, 1.0, -INF], 1),
    ([0.0, f32::NAN, 1.0, 0.0], 2),
    ([0.0, 0.0, 1.0, 0.0], 2),
    ([3.0, 2.0, -INF, 0.0], 4),
    ([3.0, 2.0, 1.0, 0.0], -1),
];

fn problem() -> Problem {
    let logits = ROWS.iter().flat_map(|(row, _)| *row).collect();
    let ids = ROWS.map(|(_, target)| target);
    let mut problem = of_ids(4, logits, &ids).ignore_index(2).z_loss(0.1);
    problem.candidates = [[1, 4, -1]; 8].concat();
    problem
}

fn assert_words(found: &Found, what: &str) {
    let layout = &found.layout;
    let floats = |place: Option<u32>| found.floats(place.expect("asked for"));
    let nan = |values: &[f32]| {
        values
            .iter()
            .map(|value| value.is_nan())
            .collect::<Vec<_>>()
    };
    let (t, f) = (true, false);
    let spoilt = [t, t, t, f, t, f, f, f];

    let target = floats(layout.target_log_prob);
    assert_eq!(nan(&target), [t, t, t, f, f, f, t, t], "{what}");
    assert_eq!(target[3..6], [-INF, 0.0, 0.0], "{what}");
    for place in [layout.entropy, layout.max_prob] {
        assert_eq!(nan(&floats(place)), spoilt, "{what}");
    }
    assert_eq!(
        found.argmax(),
        [NONE, NONE, NONE, 2, NONE, 2, 0, 0],
        "{what}"
    );
    let hits = found.column(layout.hit.expect("asked for"));
    assert_eq!(hits, [0; 8], "{what}");
    let z_loss = floats(layout.z_loss);
    assert_eq!(nan(&z_loss), [t, t, t, f, f, f, t, t], "{what}");
    assert_eq!(z_loss[4..6], [0.0, 0.0], "{what}");

    let first = found.floats(layout.log_probs.start);
    assert_eq!(nan(&first), spoilt, "{what}");
    assert_eq!(first[3], -INF, "{what}");
    for k in [1, 2] {
        let out_of_range = found.floats(layout.log_probs.start + k);
        assert!(nan(&out_of_range).iter().all(|&nan| nan), "{what}");
    }
}

#[test]
fn every_kind_of_row_is_told_apart() {
    let problem = problem();
    problem.assert_row_outputs();
    for variant in problem.row_kernels() {
        for with_gradient in [false, true] {
            let found = problem.by(Some(variant), with_gradient);
            assert_words(&found, &variant.to_string());
        }
    }
    for inner in [2, 4, 8] {
        assert_words(&problem.clone().inner(inner).by(None, true), "side by side");
    }
}

/// -inf counts as a class, and NaN is no class id.
#[test]
fn one_class() {
    let problem = of_ids(1, vec![7.5, -3e38, 1e-40], &[0, 0, 0]);
    for variant in problem.row_kernels() {
        let found = problem.by(Some(variant), false);
        let layout = &found.layout;
        let floats = |place: Option<u32>| found.floats(place.expect("asked for"));
        assert_eq!(floats(layout.target_log_prob), [0.0; 3], "{variant}");
        assert_eq!(floats(layout.entropy), [0.0; 3], "{variant}");
        assert_eq!(floats(layout.max_prob), [1.0; 3], "{variant}");
        assert_eq!(found.argmax(), [0; 3], "{variant}");
    }
}

/// Blocks far below the range that a scale leaves in f32 are folded before any other: the maximum of nothing is above none of
/// them.
#[test]
fn blocks_far_below_the_others() {
    const COLS: usize = 70;
    let mut logits = vec![-3.3e38; 6 * COLS];
    for (row, place) in [60, 5, 31, 69, 16, 0].into_iter().enumerate() {
        logits[row * COLS + place] = -1e30;
        logits[row * COLS + COLS - 2] = -1e30;
    }
    let problem = of_ids(COLS, logits, &[0; 6]).scale(3.75);
    problem.clone().assert_row_outputs();
    problem.inner(3).assert_row_outputs();
}

/// The lowest number among others, with -inf, in a row of its own, and below the largest.
#[test]
fn the_lowest_number_is_no_minus_infinity() {
    let (low, high) = (f32::MIN, f32::MAX);
    let rows = [
        [low, 1.0, 2.0, 3.0],
        [low, -INF, -INF, -INF],
        [low, low, low, low],
        [-INF, low, low, -INF],
        [low, 1e31, 0.0, -INF],
        [low, high, 0.0, low],
    ];
    let problem = of_ids(4, rows.concat(), &[0, 0, 0, 1, 0, 0]);
    for variant in problem.row_kernels() {
        let found = problem.by(Some(variant), true);
        let log_probs = found.floats(found.layout.target_log_prob.expect("asked for"));
        assert_eq!(log_probs[..2], [low, 0.0], "{variant}");
        assert_eq!(log_probs[4..], [low, -INF], "{variant}");
        assert_eq!(found.argmax(), [3, 0, 0, 1, 1, 1], "{variant}");
    }
    problem.clone().assert_row_outputs();
    problem.clone().z_loss(0.1).assert_row_outputs();
    for scale in [0.25, 2.0, 3e38] {
        problem.clone().scale(scale).assert_row_outputs();
    }
    problem.inner(3).assert_row_outputs();
}
