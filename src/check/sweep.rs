//! Full sweep of one operation on one storage type: every pair of kernels and distributions, operations and distributions,
//! operations and kernels.

use super::case::Case;
use super::kernels::{Kernels, has_most_lanes};
use super::options::Options;
use super::subject::{Extents, Subject};
use super::{Group, Inputs, judge};
use crate::device::planner::Planner;
use crate::error::Error;
use crate::gpu::Gpu;
use crate::spec::dtype::DType;
use crate::variant::{Operation, Variant};

/// Shapes that every variant runs: rows amid fours of elements, of one column, on multiples of four, on multiples of two.
const SHAPES: [Extents; 4] = [(37, 45, 1), (5, 1, 1), (19, 128, 1), (130, 10, 1)];

/// Shapes that the preferred variant and one invocation a row run: rows in registers, streamed, and split, of many blocks.
const LONG_SHAPES: [Extents; 3] = [(20, 1000, 1), (4, 50_257, 1), (2, 262_144, 1)];

/// Shape of more rows than one dimension of a dispatch has workgroups.
const TALL_SHAPE: Extents = (70_001, 3, 1);

/// Rows on a strided axis that every variant runs: by ones, by twos, by fours; of few columns and of more.
const STRIDED: [Extents; 4] = [(35, 45, 7), (60, 21, 20), (36, 9, 18), (256, 130, 128)];

/// Rows on a strided axis that the preferred variant runs.
const LONG_BESIDE: Extents = (8, 50_257, 8);

/// Shapes of a Jacobian, which is a square matrix a row: they have fewer elements.
const SQUARES: [Extents; 3] = [(37, 13, 1), (5, 1, 1), (7, 32, 1)];
const LONG_SQUARE: Extents = (2, 300, 1);
const TALL_SQUARE: Extents = (23_001, 3, 1);

/// Lists each shape with the kernels that run it.
fn work(operation: Operation, dtype: DType) -> Vec<(Extents, Kernels)> {
    // Kernels for 16-bit storage differ only in loads and stores: every variant runs one shape only.
    let by_every = |(place, &extents): (usize, &Extents)| match place == 0 || dtype == DType::F32 {
        true => (extents, Kernels::Forced),
        false => (extents, Kernels::Preferred),
    };
    // Long rows are folded alike whatever their storage: one of them will do for 16 bits.
    let (shapes, long, tall) = match (operation, dtype) {
        (Operation::Jacobian, _) => (&SQUARES[..], &[LONG_SQUARE][..], TALL_SQUARE),
        (_, DType::F32) => (&SHAPES[..], &LONG_SHAPES[..], TALL_SHAPE),
        _ => (&SHAPES[..], &LONG_SHAPES[1..2], TALL_SHAPE),
    };
    let mut list: Vec<_> = shapes.iter().enumerate().map(by_every).collect();
    list.extend(long.iter().map(|&extents| (extents, Kernels::Long)));
    list.push((tall, Kernels::Tall));
    if operation != Operation::Jacobian {
        list.extend(STRIDED.iter().enumerate().map(by_every));
        list.push((LONG_BESIDE, Kernels::Preferred));
    }
    list
}

/// Runs an operation and returns its groups. Its pipelines are dropped with its planner.
pub(super) async fn check(
    gpu: &Gpu,
    operation: Operation,
    dtype: DType,
) -> Result<Vec<Group>, Error> {
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
            check_variants(gpu, &mut groups, &share, subject, turn + inputs_turn).await?;
        }
        // Otherwise options would meet the same few distributions at every shape, where their numbers have a common factor.
        options_turn += 1;
    }
    if operation.allows_in_place() {
        check_in_place(gpu, &mut groups, operation, dtype).await?;
    }
    groups.sort_by(|a, b| (&a.variant, &a.inputs).cmp(&(&b.variant, &b.inputs)));
    Ok(groups)
}

/// True if options take turns. They make programs of their own, which are compiled for preferred kernels, and for every other
/// kernel at two shapes.
fn meets_options(kernels: Kernels, dtype: DType, extents: Extents) -> bool {
    let at_two_shapes = [SHAPES[0], STRIDED[0]].contains(&extents);
    matches!(kernels, Kernels::Preferred) || (dtype == DType::F32 && at_two_shapes)
}

/// Checks the result over the first input: contiguous rows and rows on a strided axis, by each family once.
async fn check_in_place(
    gpu: &Gpu,
    groups: &mut Vec<Group>,
    operation: Operation,
    dtype: DType,
) -> Result<(), Error> {
    let options = Options::all(operation);
    let shapes = [SHAPES[0], STRIDED[dtype as usize]];
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
        check_variants(gpu, groups, &kinds, subject, turn).await?;
    }
    Ok(())
}

/// Returns every third kernel, so that a kernel and a distribution meet in every third turn.
fn share(kernels: Vec<Variant>, turn: usize) -> Vec<Variant> {
    let first = (3 - turn % 3) % 3;
    kernels.into_iter().skip(first).step_by(3).collect()
}

async fn check_variants(
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
    for &variant in variants {
        judge::check(gpu, groups, variant, subject.inputs.name(), &case).await?;
    }
    Ok(())
}
