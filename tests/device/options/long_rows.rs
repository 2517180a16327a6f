//! Target weights of all classes in rows of a vocabulary and more: the maximum moves at every block, in lanes and in parts, and
//! the sums so far move with it.

use wgpu_softmax::Reduction;
use wgpu_softmax::check::{Inputs, inputs};
use wgpu_softmax::variant::{Access, Family, Operation, Reduce, Variant, admit};

use crate::common::expected::Expected;
use crate::common::problem::Problem;
use crate::common::sweep::some;
use crate::common::{gpu, problem, wide};

const ROWS: usize = 2;
const WIDTHS: [usize; 2] = [50_257, 262_144];

/// Returns the variants: one invocation a row, lanes of a workgroup and of a subgroup, parts of a row, and the preferred one.
fn variants(cols: usize) -> Vec<Option<Variant>> {
    let of = |family, reduce, lanes, workgroup| Variant {
        family,
        reduce,
        lanes,
        workgroup,
        int64: false,
        groups: 0,
        access: if cols.is_multiple_of(4) {
            Access::Quads
        } else {
            Access::Words
        },
    };
    let split = |parts| Family::Split { parts };
    let mut list = vec![
        of(Family::Streamed, Reduce::Invocation, 1, 64),
        of(Family::Streamed, Reduce::Workgroup, 64, 64),
        of(split(7), Reduce::Workgroup, 4, 16),
        of(split(16), Reduce::Invocation, 1, 64),
        of(split(64), Reduce::Workgroup, 64, 64),
    ];
    let abilities = gpu().planner().abilities();
    list.extend(
        abilities
            .subgroup
            .map(|size| of(split(29), Reduce::Subgroup, size, 64)),
    );
    let problem = problem(Operation::CrossEntropyFused, ROWS, cols);
    list.iter()
        .for_each(|&variant| admit(variant, problem, abilities).expect("admitted"));
    list.into_iter().map(Some).chain([None]).collect()
}

/// Returns a ramp that rises by 1 every 16 columns, those of one block of one invocation, with some noise.
fn steep(cols: usize) -> Vec<f32> {
    let mut logits = Inputs::Flat.logits(ROWS, cols, 4);
    for (i, x) in logits.iter_mut().enumerate() {
        *x = 0.25 * *x + ((i % cols) / 16) as f32;
    }
    logits
}

/// Returns the ramp of the distribution, shifted.
fn shifted(cols: usize) -> Vec<f32> {
    let ramp = Inputs::Ascending.logits(ROWS, cols, 1).into_iter();
    ramp.map(|x| x + 1e4).collect()
}

#[track_caller]
fn assert_forms(logits: &[f32], cols: usize) {
    let ids = wide(&inputs::targets(ROWS, cols, 9, None));
    let smoothed = Problem::of_ids(cols, logits.to_vec(), &ids).label_smoothing(0.1);
    let probs = Problem::of_probs(cols, logits.to_vec(), inputs::sparse_probs(ROWS, cols, 2));
    for (turn, problem) in [smoothed, probs].into_iter().enumerate() {
        let problem = problem
            .weight(inputs::weights(cols, 3))
            .reduction(Reduction::None);
        let expected = Expected::of(&problem);
        for variant in some(variants(cols), turn, 2) {
            expected.assert(&problem.fused(gpu(), variant), &format!("{variant:?}"));
        }
    }
}

#[test]
fn a_steep_ramp() {
    WIDTHS
        .into_iter()
        .for_each(|cols| assert_forms(&steep(cols), cols));
}

#[test]
fn a_steep_ramp_backwards() {
    let reversed = |cols: usize| {
        let mut logits = steep(cols);
        logits.chunks_mut(cols).for_each(|row| row.reverse());
        logits
    };
    WIDTHS
        .into_iter()
        .for_each(|cols| assert_forms(&reversed(cols), cols));
}

#[test]
fn a_ramp_far_from_zero() {
    WIDTHS
        .into_iter()
        .for_each(|cols| assert_forms(&shifted(cols), cols));
}

/// The cap lies within the ramp: half of it is flat.
#[test]
fn a_capped_ramp() {
    let cols = WIDTHS[0];
    let ids = wide(&inputs::targets(ROWS, cols, 9, None));
    let logits: Vec<f32> = Inputs::Ascending
        .logits(ROWS, cols, 1)
        .iter()
        .map(|x| x + 40.0)
        .collect();
    let capped = Problem::of_ids(cols, logits, &ids)
        .label_smoothing(0.1)
        .softcap(10.0);
    let capped = capped.reduction(Reduction::None);
    let expected = Expected::of(&capped);
    for variant in variants(cols) {
        expected.assert(&capped.fused(gpu(), variant), &format!("{variant:?}"));
    }
}
