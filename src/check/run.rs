//! The check itself: every case of every operation, on the kernels whose turn it is.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use super::case::{Case, Subject};
use super::execute::execute;
use super::judge::judge;
use super::kernels::{Kernels, has_most_lanes, kind_of, problem};
use super::options::Options;
use super::shapes::{BESIDE, Extents, SHAPES, shapes_of, work};
use super::{Group, Inputs, Report};
use crate::variant::{Operation, Variant};
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
    let mut options_turn = turn;
    for (dtype_turn, dtype) in DType::ALL.into_iter().enumerate() {
        let work = work(operation, dtype, depth);
        for (shape_turn, &((rows, cols, inner), kernels)) in work.iter().enumerate() {
            for (inputs_turn, inputs) in Inputs::ALL.into_iter().enumerate() {
                let next = match depth {
                    // A kernel is given one of so many turns, and its turns the options one after the other.
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
            // Else options would meet the same few distributions at every shape, where their numbers share a factor.
            options_turn += 1;
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
