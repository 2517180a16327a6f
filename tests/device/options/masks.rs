//! Masks of a loss: every kind of target and kernel, with every other option; what is excluded is never looked at, and its
//! gradient is exactly 0.

use wgpu_softmax::check::{Inputs, inputs};
use wgpu_softmax::variant::Variant;
use wgpu_softmax::wgpu::BufferUsages;
use wgpu_softmax::{
    CrossEntropyBuffers, CrossEntropyExtras, CrossEntropySpec, DType, Error, Mask, MaskKind,
    Reduction, RowOutputs, TargetType,
};

use crate::common::expected::Expected;
use crate::common::problem::{Given, Problem};
use crate::common::{assert_error, buffer, device_with_bindings_of, gpu};

const INF: f32 = f32::INFINITY;
const ROWS: usize = 12;

/// Draws a mask that excludes about a third.
fn drawn(elements: usize) -> Vec<bool> {
    let drawn = inputs::upstream(elements, 7).into_iter();
    drawn.map(|x| x > -0.4).collect()
}

/// Returns the shape of a mask whose turn it is: of all logits, of the classes, of the rows.
fn shape(turn: usize, rows: usize, cols: usize) -> [usize; 2] {
    [[rows, cols], [1, cols], [rows, 1]][turn % 3]
}

fn masked(problem: Problem, turn: usize) -> Problem {
    let rows = problem.rows / problem.places[0].inner();
    let [rows, cols] = shape(turn, rows, problem.cols);
    problem.mask([rows, cols], drawn(rows * cols))
}

fn outputs() -> RowOutputs {
    RowOutputs::default()
        .log_probs_of(3)
        .entropy()
        .argmax()
        .max_prob()
        .z_loss()
}

/// Returns every kind of target. With probabilities, parts of rows are served in place only.
fn kinds(distribution: Inputs, cols: usize) -> [Problem; 6] {
    let of_ids = Problem::drawn(distribution, (ROWS, cols), [3, 4]);
    let of_probs = Problem::drawn_probs(distribution, (ROWS, cols), [3, 5]);
    [
        of_ids
            .clone()
            .giving(outputs().target_log_prob().hit())
            .ids_as(TargetType::I64),
        of_ids.clone(),
        of_ids.clone().softcap(5.0),
        of_ids.label_smoothing(0.2),
        of_probs.clone().giving(outputs()).in_place(),
        of_probs.softcap(7.0).label_smoothing(0.1).in_place(),
    ]
}

#[test]
fn every_kernel_excludes_classes() {
    for (distribution, cols) in [(Inputs::Peaked, 48), (Inputs::Special, 45)] {
        for (turn, problem) in kinds(distribution, cols).into_iter().enumerate() {
            let problem = masked(problem.reduction(Reduction::None), turn);
            problem.assert_on_every_kernel();
        }
    }
}

/// Of rows in parts, what rows are given is gathered: targets too. Kernels of ids and of smoothed ones differ the most.
#[test]
fn masks_meet_the_other_options() {
    for (turn, problem) in kinds(Inputs::Flat, 45).into_iter().enumerate() {
        let problem = masked(problem.reduction(Reduction::None), turn + 1)
            .z_loss(0.02)
            .scale(0.75)
            .weight(inputs::weights(45, 3))
            .upstream(inputs::upstream(ROWS, 8));
        let of_rows = problem
            .clone()
            .row_weight(inputs::weights(ROWS, 4))
            .row_scale(inputs::scales(ROWS, 2));
        for problem in [&problem, &of_rows] {
            let expected = Expected::of(problem);
            expected.assert(&problem.fused(gpu(), None), "fused");
            expected.assert(&problem.apart(gpu(), None), "apart");
        }
        match turn {
            1 => problem.assert_on_every_kernel(),
            3 => of_rows.assert_on_every_kernel(),
            _ => {}
        }
    }
}

#[test]
fn rows_on_a_strided_axis_in_place_and_in_other_types() {
    for (turn, problem) in kinds(Inputs::Peaked, 21).into_iter().enumerate() {
        for reduction in [Reduction::Mean, Reduction::None] {
            let problem = problem.clone().reduction(reduction);
            for inner in [2, 4, 6] {
                let problem = masked(problem.clone().inner(inner), turn);
                let expected = Expected::of(&problem);
                expected.assert(&problem.fused(gpu(), None), "strided, fused");
                expected.assert(&problem.apart(gpu(), None), "strided, apart");
            }
            for dtype in DType::ALL {
                let problem = masked(problem.clone().dtype(dtype).in_place(), turn);
                let expected = Expected::of(&problem);
                expected.assert(&problem.fused(gpu(), None), "in place");
            }
        }
    }
}

/// A mask that keeps every class changes no bit.
#[test]
fn nothing_excluded_gives_the_bits_of_no_mask() {
    for cols in [48, 45] {
        for problem in kinds(Inputs::Peaked, cols) {
            let problem = problem.reduction(Reduction::None);
            for shape in [[1, 1], [1, cols], [ROWS, cols]] {
                let all = problem.clone().mask(shape, vec![true; shape[0] * shape[1]]);
                let [found, expected] = [&all, &problem].map(|of| of.fused(gpu(), None).bits());
                assert_eq!(found, expected, "{:?}", all.spec);
            }
        }
    }
}

/// Garbage among the excluded logits changes not a bit, of losses, gradients, saved pairs or row outputs.
#[test]
fn what_is_excluded_is_not_looked_at() {
    for cols in [48, 45] {
        for problem in kinds(Inputs::Flat, cols) {
            let mask = drawn(ROWS * cols);
            let mut spoilt = problem.clone();
            let excluded = (0..ROWS * cols).filter(|&place| !mask[place]);
            for place in excluded {
                spoilt.logits[place] = [f32::NAN, INF, -f32::NAN][place % 3];
            }
            let [clean, spoilt] = [problem, spoilt].map(|of| {
                of.reduction(Reduction::None)
                    .mask([ROWS, cols], mask.clone())
            });
            let found = [&clean, &spoilt].map(|of| of.fused(gpu(), None).bits());
            assert_eq!(found[0], found[1], "{:?}", clean.spec);
            let found = [&clean, &spoilt].map(|of| of.apart(gpu(), None).bits());
            assert_eq!(found[0], found[1], "{:?}", clean.spec);
        }
    }
}

/// Padded classes, one of them a target, and a row without a class.
#[test]
fn excluded_classes_have_no_gradient_targets_or_not() {
    let (cols, padded) = (48, 5);
    let ids: Vec<i64> = (0..4).map(|row| [3, 47, 20, 42][row]).collect();
    let logits = Inputs::Flat.logits(4, cols, 3);
    let probs: Vec<f32> = (0..4 * cols).map(|n| [0.5, 0.0][n % 2]).collect();
    let kept = |place: usize| place % cols < cols - padded && place / cols != 2;
    let mask: Vec<bool> = (0..4 * cols).map(kept).collect();
    for problem in [
        Problem::of_ids(cols, logits.clone(), &ids).giving(outputs().target_log_prob()),
        Problem::of_ids(cols, logits.clone(), &ids).softcap(0.5),
        Problem::of_ids(cols, logits.clone(), &ids).label_smoothing(0.5),
        Problem::of_probs(cols, logits, probs).in_place(),
    ] {
        let is_dense = problem.is_dense();
        let problem = problem
            .reduction(Reduction::None)
            .mask([4, cols], mask.clone());
        let expected = Expected::of(&problem);
        problem.on_every_kernel(|found, kernel| {
            expected.assert(found, kernel);
            assert!(
                found.losses[2].is_nan() && found.losses[1] == INF,
                "{kernel}"
            );
            assert_eq!(found.losses[0] == INF, is_dense, "{kernel}");
            let of_rows = |row: &usize| (row * cols..(row + 1) * cols).rev().take(padded);
            let excluded = [0, 1, 3].iter().flat_map(of_rows);
            for place in excluded {
                assert_eq!(found.grad[place], 0.0, "{kernel}: element {place}");
            }
            let row = &found.grad[2 * cols..3 * cols];
            assert!(row.iter().all(|g| g.is_nan()), "{kernel}: a row of nothing");
        });
    }
}

/// Rows of which no binding holds the logits, but one the mask.
#[test]
fn rows_longer_than_a_binding() {
    let small = device_with_bindings_of(1024);
    for problem in [
        Problem::drawn(Inputs::Flat, (3, 700), [3, 4]).giving(outputs().target_log_prob().hit()),
        Problem::drawn(Inputs::Flat, (3, 700), [3, 4]).label_smoothing(0.1),
    ] {
        let problem = problem.mask([1, 700], drawn(700)).z_loss(0.1);
        let expected = Expected::of(&problem);
        expected.assert(&problem.fused(&small, None), "fused");
        expected.assert(&problem.apart(&small, None), "apart");
    }
    // Probabilities, and their gradient elsewhere: one binding more than the device has.
    let problem = Problem::drawn_probs(Inputs::Flat, (3, 700), [3, 5]).z_loss(0.1);
    let problem = problem.mask([1, 700], drawn(700));
    let refused = small.planner().cross_entropy(problem.spec);
    let expected = Error::Limit {
        what: "cross-entropy-fused.finish".into(),
        limit: "max_storage_buffers_per_shader_stage",
        needed: 9,
        available: 8,
    };
    assert_eq!(refused.err(), Some(expected));
    let in_place = problem.in_place();
    Expected::of(&in_place).assert(&in_place.fused(&small, None), "in place");
}

#[test]
fn slices_have_masks() {
    let problem = masked(Problem::drawn(Inputs::Flat, (ROWS, 45), [3, 4]), 0);
    Expected::of(&problem).assert(&problem.by_slices(gpu()), "by slices");
    let none = Problem {
        mask: Vec::new(),
        ..problem.clone()
    };
    assert_error(
        none.try_by_slices(gpu()),
        "mask: expected its elements, as the spec has one, found none",
    );
    let short = Problem {
        mask: vec![true; 7],
        ..problem
    };
    assert_error(
        short.try_by_slices(gpu()),
        "mask: expected 540 elements, found 7",
    );
}

fn mask_of(kind: MaskKind, [rows, cols]: [u64; 2]) -> Mask {
    Mask::new(kind, &[rows, cols], 1, &[cols]).expect("a mask")
}

#[test]
fn other_masks_are_refused() {
    let planner = gpu().planner();
    let spec = CrossEntropySpec::new(4, 8);
    let kept = mask_of(MaskKind::Boolean, [4, 8]);
    for (spec, expected) in [
        (
            spec.mask(mask_of(MaskKind::Additive, [4, 8])),
            "mask: expected a boolean one for a loss; values can be added to the logits beforehand, found an additive one",
        ),
        (
            spec.mask(mask_of(MaskKind::Boolean, [5, 8])),
            "mask: expected one for as many rows and columns, found 5 x 8 for 4 x 8",
        ),
        (
            spec.mask(kept).shard(0, 16),
            "mask: expected none in a shard of the classes, nor for losses from pairs, found one",
        ),
    ] {
        assert_error(planner.cross_entropy(spec), expected);
        assert_error(planner.cross_entropy_backward(spec), expected);
    }
    assert_error(
        planner.cross_entropy_from_pairs(spec.mask(kept)),
        "mask: expected none in a shard of the classes, nor for losses from pairs, found one",
    );
    let split: Variant = "split5.invocation1of64.quads".parse().expect("a variant");
    let probs = spec.targets(TargetType::Probs).mask(kept);
    let forced = planner.with_variant(split);
    assert!(forced.cross_entropy(probs.in_place()).is_ok());
    assert_error(
        forced.cross_entropy(probs),
        "kernel cross-entropy-fused.split5.invocation1of64.quads cannot run here: a mask and probabilities leave parts no binding, but in place",
    );
}

/// A mask is given exactly where the spec has one, and holds elements for all rows of the plan.
#[test]
fn a_mask_is_bound_where_the_spec_has_one() {
    let buffers = [4 * 32, 4 * 4, 4 * 8].map(|bytes| buffer(gpu(), bytes, BufferUsages::STORAGE));
    let [logits, targets, losses] = &buffers;
    let buffers = CrossEntropyBuffers {
        logits,
        targets,
        losses,
        grad_logits: None,
    };
    let [whole, short] = [32, 28].map(|bytes| buffer(gpu(), bytes, BufferUsages::STORAGE));
    let spec = CrossEntropySpec::new(4, 8);
    let mask = Mask::new(MaskKind::Boolean, &[4, 8], 1, &[4, 8]).expect("a mask");
    let bind = |spec, extras| {
        let plan = gpu().planner().cross_entropy(spec).expect("a plan");
        plan.bind_with(3, buffers, extras)
    };
    let none = CrossEntropyExtras::default();
    assert!(bind(spec.mask(mask), none.mask(&whole)).is_ok());
    for (bound, expected) in [
        (
            bind(spec.mask(mask), none),
            "mask: expected a buffer, as the spec asks for one, found none",
        ),
        (
            bind(spec, none.mask(&whole)),
            "mask: expected no buffer, as the spec asks for none, found one",
        ),
        (
            bind(spec.mask(mask), none.mask(&short)),
            "buffer `mask`: expected at least 32 bytes, found 28",
        ),
        (
            bind(spec.mask(mask), none.mask(losses)),
            "buffers `mask` and `losses`: expected two buffers, found the same one twice (only `in_place()` of a spec puts a result over the first input)",
        ),
    ] {
        assert_error(bound, expected);
    }
}

/// Ids that are ignored or out of range stay so, whatever the mask of their rows.
#[test]
fn rows_without_a_target_have_no_excluded_one() {
    let mut problem = Problem::drawn(Inputs::Flat, (ROWS, 45), [3, 4]);
    if let Given::Ids(ids) = &mut problem.targets {
        ids[3] = 45;
    }
    let mut mask = vec![true; 45];
    mask[0] = false;
    problem
        .reduction(Reduction::None)
        .mask([1, 45], mask)
        .assert_on_every_kernel();
}
