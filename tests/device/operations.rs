//! Every operation against the f64 reference: the check itself, the contract's shapes, and every variant by force.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use crate::common::expected::Expected;
use crate::common::problem::Problem;
use crate::common::{assert_probs, forced, gpu, problem};
use wgpu_softmax::check::{self, Group, Inputs, Selection};
use wgpu_softmax::variant::{Family, Operation, Reduce, Variant, choose, variants};
use wgpu_softmax::{DType, Gpu, Reduction, SoftmaxSpec};

/// Many short rows, vocabularies, and one row longer than any other.
const SHAPES: [(usize, usize); 5] = [
    (70_001, 3),
    (20, 1000),
    (3, 50_257),
    (64, 131_072),
    (1, 262_144),
];

/// An unaligned and an aligned shape that every variant runs.
const FORCED_SHAPES: [(usize, usize); 2] = [(37, 45), (19, 128)];

/// Some losses have a distribution twice, which is one group.
#[test]
fn the_groups_of_a_check_are_known_before() {
    let selection = Selection::default()
        .operation(Operation::CrossEntropyFused)
        .dtype(DType::F32);
    let report = check::run(&[gpu().clone()], &selection, &mut |_| {
        ControlFlow::Continue(())
    })
    .expect("runs");
    assert_eq!(selection.groups(gpu()), Some(report.groups.len()));
}

#[test]
fn the_quick_check_has_every_operation_over_every_distribution() {
    fn movable<T: Send>(future: T) -> T {
        future
    }
    let selection = Selection::quick().dtype(DType::F16);
    let mut heard = Vec::new();
    let check = check::run_async(gpu(), &selection, |group| {
        heard.push(group.clone());
        ControlFlow::Continue(())
    });
    let report = pollster::block_on(movable(check)).expect("runs");
    assert!(report.passed());
    assert_eq!(heard, report.groups);
    assert_eq!(selection.groups(gpu()), Some(heard.len()));
    let met = heard.iter().map(|group| (&*group.op, &*group.inputs));
    let met: BTreeSet<_> = met.collect();
    for operation in Selection::OPERATIONS {
        // The input of a linear layer is of some of them.
        let all = match operation {
            Operation::LinearCrossEntropy => &[Inputs::Flat][..],
            _ => &Inputs::ALL,
        };
        for &inputs in all {
            assert!(
                met.contains(&(operation.name(), inputs.name())),
                "{operation} {inputs:?}"
            );
        }
    }
    let variants: BTreeSet<_> = heard
        .iter()
        .map(|group| (&group.op, &group.variant))
        .collect();
    assert_eq!(variants.len(), Selection::OPERATIONS.len());
}

#[test]
fn a_check_ends_with_the_group_that_breaks_it_off() {
    let selection = Selection::default().operation(Operation::LogSumExp);
    let after = |count: usize| {
        let mut left = count;
        move |_: &Group| {
            left -= 1;
            match left {
                0 => ControlFlow::Break(()),
                _ => ControlFlow::Continue(()),
            }
        }
    };
    let report = check::run(&[gpu().clone()], &selection, &mut after(3)).expect("runs");
    let by_future = pollster::block_on(check::run_async(gpu(), &selection, after(3)));
    assert_eq!(report.groups.len(), 3);
    assert!(by_future.is_ok_and(|by_future| by_future == report));
}

#[test]
fn the_check_passes_and_has_what_was_selected() {
    let operations = [
        Operation::LogSoftmaxBackward,
        Operation::CrossEntropyFused,
        Operation::LinearCrossEntropy,
    ];
    let selection = Selection::default().dtype(DType::Bf16);
    let selection = operations.into_iter().fold(selection, Selection::operation);
    let mut heard = 0;
    let report = check::run(&[gpu().clone()], &selection, &mut |_| {
        heard += 1;
        ControlFlow::Continue(())
    })
    .expect("runs");
    let described = |group: &Group| {
        let note = group.note.as_deref().unwrap_or("no note");
        format!("{} {} {}: {note}\n", group.op, group.variant, group.inputs)
    };
    let failed = report.groups.iter().filter(|group| !group.passed);
    let failures: String = failed.map(described).collect();
    assert!(report.passed() && failures.is_empty(), "{failures}");
    assert_eq!(heard, report.groups.len());
    assert_eq!(selection.groups(gpu()), Some(heard));
    for operation in operations {
        let of_this_one = |group: &&Group| group.op == operation.name() && group.dtype == "bf16";
        let ran = report.groups.iter().filter(of_this_one);
        assert!(
            ran.map(|group| group.elements).sum::<u64>() > 0,
            "{operation}"
        );
    }
}

#[test]
fn the_check_can_be_broken_off() {
    let mut heard = 0;
    let selection = Selection::default().operation(Operation::Jacobian);
    let report = check::run(&[gpu().clone()], &selection, &mut |_| {
        heard += 1;
        ControlFlow::Break(())
    });
    assert!(heard == 1 && report.is_ok_and(|report| report.passed()));
}

#[test]
fn softmax_at_the_contracts_shapes() {
    for (rows, cols) in SHAPES {
        for inputs in inputs_of(rows * cols) {
            let logits = inputs.logits(rows, cols, 7);
            assert_softmax(
                gpu(),
                &logits,
                cols,
                &format!("{inputs:?} of {rows} x {cols}"),
            );
        }
    }
}

#[test]
fn cross_entropy_at_the_contracts_shapes() {
    for (rows, cols) in SHAPES {
        for inputs in inputs_of(rows * cols) {
            let problem = Problem::drawn(*inputs, (rows, cols), [9, 9]);
            let (expected, what) = (Expected::of(&problem), format!("{inputs:?}"));
            expected.assert(&problem.by_slices(gpu()), &what);
            expected.assert(&problem.apart(gpu(), None), &what);
            let of_rows = problem.clone().reduction(Reduction::None);
            let losses = of_rows.run(gpu(), None, false).losses;
            expected.assert_row_losses(&losses, &format!("losses of {what}"));
        }
    }
}

#[test]
fn every_variant_runs_when_forced() {
    for (rows, cols) in FORCED_SHAPES {
        let problem = Problem::drawn(Inputs::PlantedOutliers, (rows, cols), [9, 9]);
        let expected = Expected::of(&problem);
        let of_softmax = crate::common::problem(Operation::Softmax, rows, cols);
        let list = variants(of_softmax, gpu().planner().abilities());
        assert_covers_every_kind(&list);
        for variant in list {
            let gpu = forced(gpu(), variant);
            assert_plans_have(&gpu, variant, &problem);
            assert_softmax(
                &gpu,
                &problem.logits,
                cols,
                &format!("{variant} at {rows} x {cols}"),
            );
            expected.assert(&problem.by_slices(&gpu), &variant.to_string());
        }
    }
}

#[test]
fn plans_say_what_was_chosen() {
    for (rows, cols) in SHAPES {
        let planner = gpu().planner();
        let spec = SoftmaxSpec::new(rows as u64, cols as u64);
        let plan = planner.softmax(spec).expect("a plan");
        let chosen = choose(problem(Operation::Softmax, rows, cols), planner.abilities());
        assert_eq!(Ok(plan.variant()), chosen);
        assert_eq!(plan.kernel(), format!("softmax.{}.f32", plan.variant()));
        assert_eq!(plan.bytes_moved(), 8 * (rows * cols) as u64);
    }
}

/// Returns one distribution for large problems, and those that differ most for small ones.
fn inputs_of(elements: usize) -> &'static [Inputs] {
    match elements {
        ..1_000_000 => &[Inputs::Flat, Inputs::PlantedOutliers, Inputs::Masked],
        _ => &[Inputs::PlantedOutliers],
    }
}

#[track_caller]
fn assert_softmax(gpu: &Gpu, logits: &[f32], cols: usize, what: &str) {
    let probs = gpu.softmax(logits, logits.len() / cols).expect("softmax");
    assert_probs(what, &probs, logits, cols);
}

/// Fails unless the list covers every family with every way to merge that the device has.
fn assert_covers_every_kind(list: &[Variant]) {
    let mut ways = vec![Reduce::Invocation, Reduce::Workgroup];
    ways.extend(
        gpu()
            .planner()
            .abilities()
            .subgroup
            .map(|_| Reduce::Subgroup),
    );
    let families: [fn(Family) -> bool; 3] = [
        |family| matches!(family, Family::Registers { .. }),
        |family| matches!(family, Family::Streamed),
        |family| matches!(family, Family::Split { .. }),
    ];
    for reduce in ways {
        for of_family in families {
            let found = list
                .iter()
                .any(|v| v.reduce == reduce && of_family(v.family));
            assert!(found, "a family by {reduce:?} is missing from {list:?}");
        }
    }
}

fn assert_plans_have(gpu: &Gpu, variant: Variant, problem: &Problem) {
    let planner = gpu.planner();
    let spec = SoftmaxSpec::new(problem.rows as u64, problem.cols as u64);
    assert_eq!(planner.softmax(spec).expect("a plan").variant(), variant);
    let plan = planner.cross_entropy(problem.spec).expect("a plan");
    assert_eq!(plan.variant(), variant);
    assert_eq!(plan.kernel(), format!("cross-entropy.{variant}.f32"));
    assert_eq!(
        plan.fused_kernel(),
        format!("cross-entropy-fused.{variant}.f32")
    );
}
