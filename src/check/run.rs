//! The check itself: which cases run on which variants.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use super::case::{Case, Expected, Subject};
use super::execute::{Outcome, execute};
use super::options::Options;
use super::{Comparison, Group, Inputs, Report, bounds, compare, compare_as};
use crate::variant::{
    Abilities, Access, Family, Form, Operation, Problem, Reduce, Variant, choose, variants,
};
use crate::{DType, Error, Gpu};

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

/// Shapes that every variant runs: rows amid fours of elements, of one column, on multiples of four, of two.
const SHAPES: [(usize, usize); 4] = [(37, 45), (5, 1), (19, 128), (130, 10)];

/// Shapes that the preferred variant runs: rows in registers, streamed and split, of many blocks.
const LONG_SHAPES: [(usize, usize); 3] = [(20, 1000), (4, 50_257), (2, 262_144)];

/// More rows than one dimension of a dispatch has workgroups.
const TALL_SHAPE: (usize, usize) = (70_001, 3);

/// Rows side by side that every variant runs, with how many: by ones, by twos, by fours; of few columns and of more.
const BESIDE: [(usize, usize, usize); 4] =
    [(35, 45, 7), (60, 21, 20), (36, 9, 18), (256, 130, 128)];

/// Rows side by side that the preferred variant runs.
const LONG_BESIDE: [(usize, usize, usize); 1] = [(8, 50_257, 8)];

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

/// Groups by storage type, variant and distribution.
type Groups = BTreeMap<(DType, String, &'static str), Group>;

fn check_operation(
    gpu: &Gpu,
    operation: Operation,
    depth: Depth,
    turn: usize,
) -> Result<Vec<Group>, Error> {
    let mut groups = Groups::new();
    let every = Options::all(operation);
    // Long before the options begin anew, they have met every shape: their number shares no factor with that of the
    // distributions.
    let mut options_turn = turn;
    for (dtype_turn, dtype) in DType::ALL.into_iter().enumerate() {
        let work = work(operation, dtype, depth);
        for (shape_turn, &((rows, cols, inner), kernels)) in work.iter().enumerate() {
            for (inputs_turn, inputs) in Inputs::ALL.into_iter().enumerate() {
                let next = match depth {
                    // Of so many turns a kernel is given one: with the others' options left out, those of its turns follow
                    // one another.
                    Depth::Quick => options_turn / QUICK_STRIDE + 7 * turn,
                    _ => options_turn,
                };
                let one = &every[next % every.len()..][..1];
                let chosen = match depth {
                    Depth::Full => every,
                    _ if meets_options(depth, kernels, dtype, (rows, cols, inner)) => one,
                    _ => &every[..1],
                };
                options_turn += 1;
                for &options in chosen {
                    let subject = Subject {
                        operation,
                        rows,
                        cols,
                        inner,
                        dtype,
                        inputs,
                        options,
                        in_place: false,
                    };
                    let turns = turn + dtype_turn + shape_turn + inputs_turn;
                    let share = share(kernels.of(gpu, &subject, depth)?, depth, turns);
                    check_variants(gpu, &mut groups, &share, subject, turn + inputs_turn)?;
                }
            }
        }
    }
    if operation.allows_in_place() {
        check_in_place(gpu, &mut groups, operation, depth, turn)?;
    }
    Ok(groups.into_values().collect())
}

/// Whether options take turns. They make programs of their own, which are compiled for preferred kernels, and for every
/// other one at two shapes; if the check is quick, for preferred kernels of one storage type.
fn meets_options(depth: Depth, kernels: Kernels, dtype: DType, extents: Extents) -> bool {
    let of_f32 = dtype == DType::F32;
    let (rows, cols) = SHAPES[0];
    match depth {
        Depth::Quick => kernels.is_preferred() && of_f32,
        _ => {
            let at_two_shapes = extents == (rows, cols, 1) || extents == BESIDE[0];
            kernels.is_preferred() || (of_f32 && at_two_shapes)
        }
    }
}

/// The result over the first input: one distribution for each storage type, of rows by themselves and of rows side by side,
/// by each family once; if the check is quick, of rows by themselves by the preferred kernel alone.
fn check_in_place(
    gpu: &Gpu,
    groups: &mut Groups,
    operation: Operation,
    depth: Depth,
    turn: usize,
) -> Result<(), Error> {
    let (rows, cols) = shapes_of(operation)[0];
    let by_themselves = (rows, cols, 1);
    let work: Vec<_> = match depth {
        Depth::Quick => vec![(DType::F32, by_themselves, Kernels::Preferred)],
        _ => DType::ALL
            .into_iter()
            .zip(BESIDE)
            .flat_map(|(dtype, beside)| {
                [by_themselves, beside].map(|shape| (dtype, shape, Kernels::Forced))
            })
            .collect(),
    };
    let options = Options::all(operation);
    for (work_turn, (dtype, (rows, cols, inner), kernels)) in work.into_iter().enumerate() {
        let turn = turn + work_turn;
        let subject = Subject {
            operation,
            rows,
            cols,
            inner,
            dtype,
            inputs: Inputs::ALL[turn % Inputs::ALL.len()],
            options: options[turn % options.len()],
            in_place: true,
        };
        let mut kinds = kernels.of(gpu, &subject, depth)?;
        let abilities = gpu.planner().abilities();
        if depth != Depth::Full {
            kinds.retain(|kind| has_most_lanes(kind, abilities));
        }
        check_variants(gpu, groups, &kinds, subject, turn)?;
    }
    Ok(())
}

/// The kernels whose turn it is.
fn share(kernels: Vec<Variant>, depth: Depth, turn: usize) -> Vec<Variant> {
    let covered = |(index, variant)| covers(depth, turn + index).then_some(variant);
    kernels
        .into_iter()
        .enumerate()
        .filter_map(covered)
        .collect()
}

/// Which kernels run a shape.
#[derive(Clone, Copy)]
enum Kernels {
    /// Every kind that can.
    Forced,
    /// The preferred one.
    Preferred,
    /// The preferred one, and one invocation a row.
    Long,
    /// The preferred one, and one row a workgroup: their number passes that of one dimension.
    Tall,
}

impl Kernels {
    const fn is_preferred(self) -> bool {
        matches!(self, Self::Preferred)
    }

    fn of(self, gpu: &Gpu, subject: &Subject, depth: Depth) -> Result<Vec<Variant>, Error> {
        let abilities = gpu.planner().abilities();
        let problem = problem(subject);
        let preferred = || choose(problem, abilities);
        Ok(match self {
            Self::Forced => {
                let mut kinds = variants(problem, abilities);
                let preferred = preferred()?;
                if depth == Depth::Quick {
                    kinds.retain(|kind| {
                        kind.access == Access::Words && has_most_lanes(kind, abilities)
                    });
                    kinds.push(preferred);
                } else if depth == Depth::Default && problem.alignment > 1 {
                    kinds.retain(|kind| kind.access == preferred.access);
                }
                // Of them, 16-bit storage takes every third, another third for each operation.
                let (skip, step) = match (depth, subject.dtype) {
                    (Depth::Full, _) | (_, DType::F32) => (0, 1),
                    _ => (subject.operation as usize % 3, 3),
                };
                kinds.into_iter().skip(skip).step_by(step).collect()
            }
            Self::Preferred => vec![preferred()?],
            Self::Long => vec![preferred()?, alone(preferred()?, problem.operation)],
            Self::Tall => {
                let folded = Variant {
                    workgroup: 1,
                    ..alone(preferred()?, problem.operation)
                };
                vec![preferred()?, folded]
            }
        })
    }
}

/// Whether no other kind merges more lanes in the same way.
fn has_most_lanes(kind: &Variant, abilities: &Abilities) -> bool {
    match kind.reduce {
        Reduce::Invocation => true,
        Reduce::Subgroup => Some(kind.lanes) == abilities.subgroup,
        Reduce::Workgroup => kind.lanes >= 64,
    }
}

/// Each shape with the kernels that run it.
fn work(operation: Operation, dtype: DType, depth: Depth) -> Vec<(Extents, Kernels)> {
    // Compiling is what takes time on a software adapter: a quick check forces every variant on one shape only, and
    // none of them on 16-bit storage, which has no kernels of its own but loads and stores.
    let forced = match (depth, dtype) {
        (Depth::Full, _) | (Depth::Default, DType::F32) => shapes_of(operation).len(),
        (Depth::Quick, DType::F32) | (Depth::Default, _) => 1,
        (Depth::Quick, _) => 0,
    };
    let with = |kernels| move |&(rows, cols): &(usize, usize)| ((rows, cols, 1), kernels);
    let (forced, rest) = shapes_of(operation).split_at(forced);
    let mut list: Vec<_> = forced.iter().map(with(Kernels::Forced)).collect();
    list.extend(rest.iter().map(with(Kernels::Preferred)));
    if dtype == DType::F32 || depth != Depth::Quick {
        // Of rows in registers the quick check has seen enough.
        let skipped = if depth == Depth::Quick { 2 } else { 0 };
        let long = long_shapes_of(operation, dtype);
        list.extend(
            long[skipped.min(long.len() - 1)..]
                .iter()
                .map(with(Kernels::Long)),
        );
        list.push(with(Kernels::Tall)(&tall_shape_of(operation)));
    }
    if operation != Operation::Jacobian {
        list.extend(beside(operation, dtype, depth));
    }
    list
}

/// Rows, columns, and how many rows lie side by side.
type Extents = (usize, usize, usize);

/// Rows side by side, with the kernels that run them.
fn beside(operation: Operation, dtype: DType, depth: Depth) -> Vec<(Extents, Kernels)> {
    // A quick check meets each way to serve them in one operation.
    let is_forced = matches!(
        operation,
        Operation::Softmax | Operation::SoftmaxBackward | Operation::CrossEntropyBackward
    );
    let (forced, preferred) = match (depth, dtype) {
        (Depth::Quick, DType::F32) if is_forced => (1, 2),
        (Depth::Quick, _) => (0, 1),
        (Depth::Default, DType::F16 | DType::Bf16) => (1, BESIDE.len()),
        _ => (BESIDE.len(), BESIDE.len()),
    };
    let long = if depth == Depth::Quick {
        &[]
    } else {
        &LONG_BESIDE[..]
    };
    let with = |kernels| move |&extents: &Extents| (extents, kernels);
    let mut list: Vec<_> = BESIDE[..forced].iter().map(with(Kernels::Forced)).collect();
    let rest = BESIDE[forced..preferred].iter().chain(long);
    list.extend(rest.map(with(Kernels::Preferred)));
    list
}

/// One invocation a row: on a long one it reaches every level of the nested sums.
fn alone(preferred: Variant, operation: Operation) -> Variant {
    let family = match operation.is_elementwise() {
        true => Family::Elementwise { parts: 1 },
        false => Family::Streamed,
    };
    Variant {
        family,
        reduce: Reduce::Invocation,
        lanes: 1,
        workgroup: 64,
        ..preferred
    }
}

fn problem(subject: &Subject) -> Problem {
    let cols = u32::try_from(subject.cols).unwrap_or(u32::MAX);
    let operation = subject.options.operation(subject.operation);
    let form = subject.options.form(subject.operation);
    let form = Form {
        causal: form.causal && subject.inner == 1,
        in_place: subject.in_place,
        ..form
    };
    Problem {
        form,
        ..Problem::contiguous(operation, subject.rows as u64, cols, subject.dtype)
            .beside(u32::try_from(subject.inner).unwrap_or(u32::MAX))
    }
}

/// A Jacobian is a square matrix a row: its shapes have fewer elements.
fn shapes_of(operation: Operation) -> &'static [(usize, usize)] {
    match operation {
        Operation::Jacobian => &[(37, 13), (5, 1), (7, 32)],
        _ => &SHAPES,
    }
}

/// Long rows are folded alike whatever their storage: one of them will do for 16 bits.
fn long_shapes_of(operation: Operation, dtype: DType) -> &'static [(usize, usize)] {
    match (operation, dtype) {
        (Operation::Jacobian, _) => &[(2, 300)],
        (_, DType::F32) => &LONG_SHAPES,
        _ => &LONG_SHAPES[1..2],
    }
}

fn tall_shape_of(operation: Operation) -> (usize, usize) {
    match operation {
        Operation::Jacobian => (23_001, 3),
        _ => TALL_SHAPE,
    }
}

/// Of a quick check's turns, every sixth is taken.
const QUICK_STRIDE: usize = 6;

/// Whether a kernel and a distribution meet: all of them, every third, or every sixth.
fn covers(depth: Depth, turn: usize) -> bool {
    let stride = match depth {
        Depth::Quick => QUICK_STRIDE,
        Depth::Default => 3,
        Depth::Full => 1,
    };
    turn.is_multiple_of(stride)
}

fn check_variants(
    gpu: &Gpu,
    groups: &mut Groups,
    variants: &[Variant],
    subject: Subject,
    seed: usize,
) -> Result<(), Error> {
    if variants.is_empty() {
        return Ok(());
    }
    let Subject {
        operation,
        dtype,
        inputs,
        ..
    } = subject;
    let case = Case::new(subject, seed as u64);
    for &variant in variants {
        let name = format!("{}{}", kind_of(variant), problem(&subject).form);
        let group = groups
            .entry((dtype, name.clone(), inputs.name()))
            .or_insert_with(|| Group::new(operation.name(), dtype.name(), &name, inputs.name()));
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
    let beside = match variant.groups {
        0 => String::new(),
        groups => format!(".{}rows", 4 * groups),
    };
    format!("{family}.{reduce}.{:?}{beside}", variant.access).to_lowercase()
}

fn judge(group: &mut Group, case: &Case, outcome: &Outcome) {
    for (expected, found) in case.expected.iter().zip(&outcome.outputs) {
        let Subject {
            rows,
            cols,
            inner,
            options,
            ..
        } = case.of;
        let place = format!(
            "{} at {rows} x {cols}, {inner} side by side, with {options:?}",
            expected.name
        );
        let Expected {
            values,
            allowed,
            cols,
            dtype,
            ..
        } = expected;
        let comparison = compare_as(*dtype, found, values, allowed, *cols);
        group.add(&comparison, &place);
    }
    let shape = format!("{} x {}", case.of.rows, case.of.cols);
    if !outcome.kept_within {
        group.fail(format!("{shape}: something was written after the last row"));
    }
    if case.of.operation == Operation::Softmax && case.of.dtype == DType::F32 {
        group.add(
            &row_sums(case, &outcome.outputs[0]),
            &format!("row sums at {shape}"),
        );
    }
    if case.of.inputs == Inputs::AllEqual
        && case.of.operation == Operation::Softmax
        && !case.of.options.is_masked()
        && !equal_rows(case, &outcome.outputs[0])
    {
        group.fail(format!("{shape}: equal logits gave unequal probabilities"));
    }
}

/// Rows of probabilities add up to 1, or to 0 where nothing is left. Rows without probabilities are all NaN, and their sums
/// are too.
fn row_sums(case: &Case, probs: &[f32]) -> Comparison {
    let sum = |row: &[f32]| row.iter().map(|&p| f64::from(p)).sum::<f64>();
    let sums: Vec<f32> = probs
        .chunks_exact(case.of.cols)
        .map(|row| (sum(row) - 1.0) as f32)
        .collect();
    let wanted = |row: &[f64]| row.iter().sum::<f64>() - 1.0;
    let expected: Vec<f64> = case.expected[0]
        .values
        .chunks_exact(case.of.cols)
        .map(wanted)
        .collect();
    compare(&sums, &expected, &vec![bounds::ROW_SUM; sums.len()], 1)
}

fn equal_rows(case: &Case, probs: &[f32]) -> bool {
    probs
        .chunks_exact(case.of.cols)
        .all(|row| row.iter().all(|p| p.to_bits() == row[0].to_bits()))
}
