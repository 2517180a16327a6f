//! The check itself: which cases run on which variants.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use super::case::Case;
use super::execute::{Outcome, execute};
use super::{Comparison, Group, Inputs, Report, bounds, compare};
use crate::variant::{Family, Operation, Problem, Reduce, Variant, choose, variants};
use crate::{Error, Gpu};

/// How much is covered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Depth {
    /// Each kernel of each operation, over a few of the distributions.
    Quick,
    /// Kernels and distributions, operations and distributions, operations and kernels: every pair of them.
    #[default]
    Default,
    /// Every kernel of every operation over every distribution.
    Full,
}

/// Shapes that every variant runs: unaligned, of one column, aligned.
const SHAPES: [(usize, usize); 3] = [(37, 45), (5, 1), (19, 128)];

/// Shapes that the preferred variant runs: rows in registers, streamed and split, of many blocks.
const LONG_SHAPES: [(usize, usize); 3] = [(20, 1000), (3, 50_257), (2, 262_144)];

/// More rows than one dimension of a dispatch has workgroups.
const TALL_SHAPE: (usize, usize) = (70_001, 3);

/// Compares every operation with the reference on the device of `gpu`.
///
/// `on_group` is called as soon as the groups of an operation are complete, and may break the check off.
///
/// # Errors
///
/// Only what keeps the check from running: a failing device, or one too small for the shapes. A difference is no
/// error but a group that has not passed.
pub fn run(
    gpu: &Gpu,
    depth: Depth,
    on_group: &mut dyn FnMut(&Group) -> ControlFlow<()>,
) -> Result<Report, Error> {
    let mut report = Report::default();
    for (turn, operation) in Operation::ALL.into_iter().enumerate() {
        for group in check_operation(gpu, operation, depth, turn)? {
            let verdict = on_group(&group);
            report.groups.push(group);
            if verdict.is_break() {
                return Ok(report);
            }
        }
    }
    Ok(report)
}

/// Groups by variant and distribution.
type Groups = BTreeMap<(String, &'static str), Group>;

fn check_operation(
    gpu: &Gpu,
    operation: Operation,
    depth: Depth,
    turn: usize,
) -> Result<Vec<Group>, Error> {
    let mut groups = Groups::new();
    for (shape_turn, (rows, cols, kernels)) in work(gpu, operation, depth)?.into_iter().enumerate()
    {
        for (inputs_turn, inputs) in Inputs::ALL.into_iter().enumerate() {
            let covered =
                |kernel_turn: usize| covers(depth, turn + shape_turn + kernel_turn + inputs_turn);
            let share: Vec<_> = kernels
                .iter()
                .enumerate()
                .filter(|(turn, _)| covered(*turn))
                .map(|(_, variant)| *variant)
                .collect();
            check_variants(
                gpu,
                &mut groups,
                &share,
                (operation, rows, cols, inputs),
                turn + inputs_turn,
            )?;
        }
    }
    Ok(groups.into_values().collect())
}

/// Each shape with the variants that run it.
fn work(
    gpu: &Gpu,
    operation: Operation,
    depth: Depth,
) -> Result<Vec<(usize, usize, Vec<Variant>)>, Error> {
    let abilities = gpu.planner().abilities();
    // Compiling is what takes time on a software adapter: a quick check forces every variant on one shape only.
    let (forced, rest) = shapes_of(operation).split_at(if depth == Depth::Quick { 1 } else { 3 });
    let mut list = Vec::new();
    for &(rows, cols) in forced {
        list.push((
            rows,
            cols,
            variants(problem(operation, rows, cols), abilities),
        ));
    }
    for &(rows, cols) in rest.iter().chain(long_shapes_of(operation)) {
        list.push((
            rows,
            cols,
            vec![choose(problem(operation, rows, cols), abilities)?],
        ));
    }
    let (rows, cols) = tall_shape_of(operation);
    let preferred = choose(problem(operation, rows, cols), abilities)?;
    // One row a workgroup: their number passes that of one dimension.
    let folded = Variant {
        reduce: Reduce::Invocation,
        lanes: 1,
        workgroup: 1,
        ..preferred
    };
    list.push((rows, cols, vec![preferred, folded]));
    Ok(list)
}

fn problem(operation: Operation, rows: usize, cols: usize) -> Problem {
    let cols = u32::try_from(cols).unwrap_or(u32::MAX);
    Problem {
        operation,
        rows: rows as u64,
        cols,
        aligned: cols % 4 == 0,
    }
}

/// A Jacobian is a square matrix a row: its shapes have fewer elements.
fn shapes_of(operation: Operation) -> &'static [(usize, usize)] {
    match operation {
        Operation::Jacobian => &[(37, 13), (5, 1), (7, 32)],
        _ => &SHAPES,
    }
}

fn long_shapes_of(operation: Operation) -> &'static [(usize, usize)] {
    match operation {
        Operation::Jacobian => &[(2, 300)],
        _ => &LONG_SHAPES,
    }
}

fn tall_shape_of(operation: Operation) -> (usize, usize) {
    match operation {
        Operation::Jacobian => (23_001, 3),
        _ => TALL_SHAPE,
    }
}

/// Whether a kernel and a distribution meet: all of them, every third, or every sixth.
fn covers(depth: Depth, turn: usize) -> bool {
    let stride = match depth {
        Depth::Quick => 6,
        Depth::Default => 3,
        Depth::Full => 1,
    };
    turn.is_multiple_of(stride)
}

fn check_variants(
    gpu: &Gpu,
    groups: &mut Groups,
    variants: &[Variant],
    (operation, rows, cols, inputs): (Operation, usize, usize, Inputs),
    seed: usize,
) -> Result<(), Error> {
    if variants.is_empty() {
        return Ok(());
    }
    let case = Case::new(operation, rows, cols, inputs, seed as u64);
    for &variant in variants {
        let name = kind_of(variant);
        let group = groups
            .entry((name.clone(), inputs.name()))
            .or_insert_with(|| Group::new(operation.name(), &name, inputs.name()));
        judge(group, &case, &execute(gpu, variant, &case)?);
    }
    Ok(())
}

/// The variant without the numbers that follow from the shape.
fn kind_of(variant: Variant) -> String {
    let family = match variant.family {
        Family::Registers { .. } => "registers",
        Family::Streamed => "streamed",
        Family::Split { .. } => "split",
        Family::Elementwise { .. } => "elementwise",
    };
    let reduce = match variant.reduce {
        Reduce::Invocation => "invocation".to_owned(),
        Reduce::Subgroup => format!("subgroup{}", variant.lanes),
        Reduce::Workgroup => format!("workgroup{}", variant.lanes),
    };
    format!("{family}.{reduce}.{:?}", variant.access).to_lowercase()
}

fn judge(group: &mut Group, case: &Case, outcome: &Outcome) {
    for (expected, found) in case.expected.iter().zip(&outcome.outputs) {
        let place = format!("{} at {} x {}", expected.name, case.rows, case.cols);
        let comparison = compare(found, &expected.values, &expected.allowed, expected.cols);
        group.add(&comparison, &place);
    }
    let shape = format!("{} x {}", case.rows, case.cols);
    if !outcome.kept_within {
        group.fail(format!("{shape}: something was written after the last row"));
    }
    if case.operation == Operation::Softmax {
        group.add(
            &row_sums(case, &outcome.outputs[0]),
            &format!("row sums at {shape}"),
        );
    }
    if case.inputs == Inputs::AllEqual
        && case.operation == Operation::Softmax
        && !equal_rows(case, &outcome.outputs[0])
    {
        group.fail(format!("{shape}: equal logits gave unequal probabilities"));
    }
}

/// Rows of probabilities add up to 1. Rows without probabilities are all NaN, and their sums are too.
fn row_sums(case: &Case, probs: &[f32]) -> Comparison {
    let sum = |row: &[f32]| row.iter().map(|&p| f64::from(p)).sum::<f64>();
    let sums: Vec<f32> = probs
        .chunks_exact(case.cols)
        .map(|row| (sum(row) - 1.0) as f32)
        .collect();
    let wanted = |row: &[f64]| if row[0].is_nan() { f64::NAN } else { 0.0 };
    let expected: Vec<f64> = case.expected[0]
        .values
        .chunks_exact(case.cols)
        .map(wanted)
        .collect();
    compare(&sums, &expected, &vec![bounds::ROW_SUM; sums.len()], 1)
}

fn equal_rows(case: &Case, probs: &[f32]) -> bool {
    probs
        .chunks_exact(case.cols)
        .all(|row| row.iter().all(|p| p.to_bits() == row[0].to_bits()))
}
