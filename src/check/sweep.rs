//! Full sweep of one operation on one storage type: every pair of kernels and distributions, operations and distributions,
//! operations and kernels.

use super::case::Case;
use super::kernels::{Kernels, has_most_lanes};
use super::options::Options;
use super::shapes::{Extents, SHAPES, STRIDED, shapes_of, work};
use super::subject::Subject;
use super::{Group, Inputs, judge};
use crate::device::planner::Planner;
use crate::error::Error;
use crate::gpu::Gpu;
use crate::spec::dtype::DType;
use crate::variant::{Operation, Variant};

/// Runs an operation and returns its groups. Its pipelines are dropped with its planner.
pub(super) fn check(gpu: &Gpu, operation: Operation, dtype: DType) -> Result<Vec<Group>, Error> {
    let gpu = &gpu.with_planner(Planner::new(gpu.device()));
    let mut groups = Vec::new();
    let every = Options::all(operation);
    let turn = operation as usize + dtype as usize;
    let mut options_turn = 7 * turn;
    for (shape_turn, (extents, kernels)) in work(operation, dtype).into_iter().enumerate() {
        for (inputs_turn, inputs) in Inputs::ALL.into_iter().enumerate() {
            let options = match meets_options(kernels, dtype, extents) {
                true => every[options_turn % every.len()],
                false => every[0],
            };
            options_turn += 1;
            let subject = Subject {
                inputs,
                options,
                ..Subject::new(operation, dtype, extents)
            };
            let share = share(kernels.of(gpu, &subject)?, turn + shape_turn + inputs_turn);
            check_variants(gpu, &mut groups, &share, subject, turn + inputs_turn)?;
        }
        // Otherwise options would meet the same few distributions at every shape, where their numbers have a common factor.
        options_turn += 1;
    }
    if operation.allows_in_place() {
        check_in_place(gpu, &mut groups, operation, dtype)?;
    }
    groups.sort_by(|a, b| (&a.variant, &a.inputs).cmp(&(&b.variant, &b.inputs)));
    Ok(groups)
}

/// True if options take turns. They make programs of their own, which are compiled for preferred kernels, and for every other
/// kernel at two shapes.
fn meets_options(kernels: Kernels, dtype: DType, extents: Extents) -> bool {
    let (rows, cols) = SHAPES[0];
    let at_two_shapes = extents == (rows, cols, 1) || extents == STRIDED[0];
    matches!(kernels, Kernels::Preferred) || (dtype == DType::F32 && at_two_shapes)
}

/// Checks the result over the first input: contiguous rows and rows on a strided axis, by each family once.
fn check_in_place(
    gpu: &Gpu,
    groups: &mut Vec<Group>,
    operation: Operation,
    dtype: DType,
) -> Result<(), Error> {
    let (rows, cols) = shapes_of(operation)[0];
    let options = Options::all(operation);
    let shapes = [(rows, cols, 1), STRIDED[dtype as usize]];
    for (place, extents) in shapes.into_iter().enumerate() {
        let turn = operation as usize + 2 * dtype as usize + place;
        let subject = Subject {
            inputs: Inputs::ALL[turn % Inputs::ALL.len()],
            options: options[turn % options.len()],
            in_place: true,
            ..Subject::new(operation, dtype, extents)
        };
        let mut kinds = Kernels::Forced.of(gpu, &subject)?;
        let abilities = gpu.planner().abilities();
        kinds.retain(|kind| has_most_lanes(kind, abilities));
        check_variants(gpu, groups, &kinds, subject, turn)?;
    }
    Ok(())
}

/// Returns every third kernel, so that a kernel and a distribution meet in every third turn.
fn share(kernels: Vec<Variant>, turn: usize) -> Vec<Variant> {
    let first = (3 - turn % 3) % 3;
    kernels.into_iter().skip(first).step_by(3).collect()
}

fn check_variants(
    gpu: &Gpu,
    groups: &mut Vec<Group>,
    variants: &[Variant],
    subject: Subject,
    seed: usize,
) -> Result<(), Error> {
    if variants.is_empty() {
        return Ok(());
    }
    let case = Case::new(subject, seed as u64);
    let mut variants = variants.iter();
    variants
        .try_for_each(|&variant| judge::check(gpu, groups, variant, subject.inputs.name(), &case))
}
