//! Logits, probabilities and gradient at places of their own, in every storage type, and on devices with small bindings.

use wgpu_softmax::check::{Inputs, inputs};
use wgpu_softmax::variant::{Access, Family, Operation, Variant, choose};
use wgpu_softmax::{DType, Reduction, TargetType};

use crate::common::expected::Expected;
use crate::common::place::Place;
use crate::common::problem::Problem;
use crate::common::sweep::some;
use crate::common::{device_with_bindings_of, gpu, problem};

const ROWS: usize = 21;

/// Places of logits, probabilities and gradient: three strides, aligned and at odd offsets.
const PLACES: [[Place; 3]; 4] = [
    [
        Place::new(0, 64, 57),
        Place::new(8, 60, 57),
        Place::new(4, 72, 57),
    ],
    [
        Place::new(3, 61, 57),
        Place::new(0, 57, 57),
        Place::new(1, 59, 57),
    ],
    [
        Place::new(0, 257, 257),
        Place::new(1, 300, 257),
        Place::new(2, 261, 257),
    ],
    [
        Place::new(4, 128, 128),
        Place::new(0, 132, 128),
        Place::new(0, 128, 128),
    ],
];

/// Returns problems: smoothed, with probabilities, and capped.
fn problems(rows: usize, cols: usize, distribution: Inputs) -> [Problem; 4] {
    let of_ids = Problem::drawn(distribution, (rows, cols), [5, 6]);
    let smoothed = of_ids.ids_as(TargetType::I64).label_smoothing(0.1);
    let probs = Problem::drawn_probs(distribution, (rows, cols), [5, 5]);
    let every = |problem: Problem| {
        let weight = inputs::weights(cols, 8);
        problem.weight(weight).z_loss(0.02).scale(1.3).softcap(9.0)
    };
    let (capped, capped_probs) = (every(smoothed.clone()), every(probs.clone()));
    [
        smoothed,
        probs.reduction(Reduction::None),
        capped,
        capped_probs,
    ]
}

/// Returns the preferred variant, and each family at the same access.
fn variants(places: [Place; 3]) -> Vec<Option<Variant>> {
    let even = |place: &Place| (place.offset | place.stride).is_multiple_of(4);
    let access = match places.iter().all(even) {
        true => Access::Quads,
        false => Access::Words,
    };
    let problem = problem(Operation::CrossEntropyFused, ROWS, places[0].cols);
    let chosen = choose(problem, gpu().planner().abilities()).expect("a variant");
    let forced = |family| {
        Some(Variant {
            family,
            access,
            int64: chosen.int64 && access != Access::Words,
            ..chosen
        })
    };
    let quads = problem.cols.div_ceil(4 * chosen.lanes);
    let (registers, split) = (Family::Registers { quads }, Family::Split { parts: 3 });
    vec![
        None,
        forced(registers),
        forced(Family::Streamed),
        forced(split),
    ]
}

#[test]
fn every_matrix_has_a_layout_of_its_own() {
    for (turn, places) in PLACES.into_iter().enumerate() {
        for (of_turn, problem) in (turn..).zip(problems(ROWS, places[0].cols, Inputs::Peaked)) {
            for (turn, dtype) in some((of_turn..).zip(DType::ALL).collect(), of_turn, 2) {
                let problem = problem.clone().dtype(dtype).places(places);
                let expected = Expected::of(&problem);
                for variant in some(variants(places), turn, 4) {
                    let what = format!("{variant:?}, {places:?}");
                    expected.assert(&problem.fused(gpu(), variant), &what);
                    expected.assert(&problem.apart(gpu(), variant), &what);
                }
            }
        }
    }
}

/// Infinities, and large and small numbers as rounded to 16 bits.
#[test]
fn sixteen_bits_hold_every_distribution() {
    for distribution in Inputs::ALL {
        for problem in problems(ROWS, 45, distribution) {
            for dtype in [DType::F16, DType::Bf16] {
                let problem = problem.clone().dtype(dtype);
                let expected = Expected::of(&problem);
                expected.assert(&problem.fused(gpu(), None), distribution.name());
                expected.assert(&problem.apart(gpu(), None), distribution.name());
            }
        }
    }
}

/// Rows pass through windows: with i64 ids, probabilities, weights, two words a loss, and one upstream value a row.
#[test]
fn bindings_may_be_small() {
    for limit in [65_536, 8192] {
        let small = device_with_bindings_of(limit);
        for (rows, cols) in [(4500, 5), (1111, 48)] {
            for problem in problems(rows, cols, Inputs::Peaked) {
                let per_row = problem.clone().reduction(Reduction::None);
                let per_row = per_row.upstream(inputs::upstream(rows, 4));
                for problem in [problem, per_row] {
                    let expected = Expected::of(&problem);
                    let (fused, apart) = (problem.fused(&small, None), problem.apart(&small, None));
                    expected.assert(&fused, &format!("bindings of {limit}"));
                    expected.assert(&apart, &format!("bindings of {limit}, apart"));
                }
            }
        }
    }
}
