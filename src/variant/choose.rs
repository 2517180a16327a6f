//! Choice of the preferred variant, where no measurement has named another: an order of candidates by class of devices.

use super::admit::{obstacle, refusal};
use super::tuning::{FEW_PARTIALS_PER_LANE, MAX_QUADS, Tuning};
use super::{Abilities, Access, Family, Operation, Problem, Reduce, Variant, strided};
use crate::error::Error;

/// Returns the variant that is expected to be the fastest.
///
/// # Errors
///
/// [`Error::Limit`] if no variant can serve the row length on this device.
pub fn choose(problem: Problem, abilities: &Abilities) -> Result<Variant, Error> {
    candidates(problem, abilities)
        .into_iter()
        .map(|variant| Variant {
            int64: abilities.int64
                && Tuning::of(abilities).int64
                && variant.access.takes_int64(problem.options.in_place),
            ..variant
        })
        .find(|variant| obstacle(*variant, problem, abilities).is_none())
        .ok_or_else(|| refusal(problem, abilities))
}

/// Returns variants in order of preference.
fn candidates(problem: Problem, abilities: &Abilities) -> Vec<Variant> {
    let tuning = Tuning::of(abilities);
    let streaming = Lanes::streaming(tuning, abilities);
    // For rows that are too long for the loops of few lanes.
    let widest = Lanes::join(256, abilities);
    let access = access(problem);
    let one_invocation = Lanes::one_invocation(abilities);
    let least = problem.least_parts(abilities).unwrap_or(1);
    if problem.operation.is_per_row() {
        return vec![per_row(problem, one_invocation)];
    }
    if problem.inner > 1 {
        return strided::candidates(problem, tuning, abilities, access);
    }
    let list = match problem.operation {
        Operation::PartialStatistic | Operation::MergeStatistics => [streaming, widest]
            .map(|lanes| (Family::Streamed, lanes))
            .to_vec(),
        operation if operation.is_elementwise() => {
            let mut list = match problem.rows >= tuning.few_parts {
                true => held(problem, tuning, abilities, streaming),
                false => Vec::new(),
            };
            if is_short(problem, tuning) {
                list.retain(|(_, lanes)| lanes.lanes == 1);
                list.push((Family::Elementwise { parts: 1 }, one_invocation));
            }
            list.extend(
                [streaming, widest]
                    .map(|lanes| (elementwise(problem, tuning, lanes, least), lanes)),
            );
            list
        }
        _ => {
            let in_parts = split(problem, tuning, abilities, least);
            let (few_rows, long) = tuning.few_held;
            let first = match problem.rows < few_rows && problem.cols >= long {
                true => in_parts.clone(),
                false => Vec::new(),
            };
            let by_one = is_read_by_one(problem, tuning);
            let by_one = by_one.then_some((Family::Streamed, one_invocation));
            let most = [streaming, widest].map(|lanes| (most_split(lanes, least), lanes));
            let held = held(problem, tuning, abilities, streaming);
            let mut list = [first, held].concat();
            list.extend(by_one);
            list.extend(in_parts);
            list.push((Family::Streamed, streaming));
            list.extend(most);
            list
        }
    };
    list.into_iter()
        .map(|(family, lanes)| lanes.variant(family, access))
        .collect()
}

/// Makes the variant of one invocation a row, of which it reads single elements.
fn per_row(problem: Problem, one_invocation: Lanes) -> Variant {
    Variant {
        groups: u32::from(problem.inner > 1),
        ..one_invocation.variant(Family::Elementwise { parts: 1 }, Access::Words)
    }
}

/// Returns the widest access that pays: accesses to a shifted row are guarded at both ends.
fn access(problem: Problem) -> Access {
    const SHORT: u32 = 16;
    let wide = match problem.cols < SHORT || problem.inner > 1 {
        true => [Access::Quads, Access::Pairs, Access::Words],
        false => [Access::Quads, Access::Shifted, Access::Pairs],
    };
    let allowed = |access: &Access| problem.allows(*access);
    wide.into_iter().find(allowed).unwrap_or(Access::Words)
}

/// Returns true if one invocation takes a row.
pub(super) fn is_short(problem: Problem, tuning: &Tuning) -> bool {
    let one_invocation = match problem.operation {
        Operation::CrossEntropy | Operation::CrossEntropyBackward => tuning.alone_with_target,
        _ => tuning.one_invocation,
    };
    problem.cols == 1 || one_invocation.covers(problem) || is_read_by_one(problem, tuning)
}

/// Returns true if one invocation folds a row of which no matrix is written.
pub(super) fn is_read_by_one(problem: Problem, tuning: &Tuning) -> bool {
    let is_read = matches!(
        problem.operation,
        Operation::LogSumExp | Operation::CrossEntropy
    );
    is_read && tuning.alone_reading.covers(problem)
}

/// Chooses whole rows where there are enough of them, otherwise parts: of at least 64 columns a lane, and of at most
/// 65,536, since software adapters stop longer loops.
fn elementwise(problem: Problem, tuning: &Tuning, lanes: Lanes, least: u32) -> Family {
    let parts_of = |columns: u32| problem.cols.div_ceil(columns.saturating_mul(lanes.lanes));
    let wanted = tuning.few_parts.div_ceil(problem.rows.max(1));
    let wanted = u32::try_from(wanted).unwrap_or(u32::MAX);
    Family::Elementwise {
        parts: wanted.min(parts_of(64)).max(parts_of(65_536)).max(least),
    }
}

/// Lists ways to hold rows in registers: of one invocation if they are short, and of as many lanes as the table says.
fn held(
    problem: Problem,
    tuning: &Tuning,
    abilities: &Abilities,
    streaming: Lanes,
) -> Vec<(Family, Lanes)> {
    let registers = |lanes: Lanes| {
        let quads = problem.quads(lanes.lanes, access(problem));
        (Family::Registers { quads }, lanes)
    };
    let mut list = Vec::new();
    if is_short(problem, tuning) {
        list.push(registers(Lanes::one_invocation(abilities)));
    }
    let cols = problem.cols + access(problem).most_shifted();
    let held = u64::from(cols) * u64::from(problem.matrices_held());
    let of_table = tuning
        .lanes
        .iter()
        .find(|(most, _)| held <= u64::from(*most));
    let wanted = of_table.map(|(_, lanes)| *lanes);
    let row = wanted.map_or(streaming, |lanes| Lanes::join(lanes, abilities));
    if row.reduce != Reduce::Invocation && !is_read_by_one(problem, tuning) {
        list.push(registers(row));
    }
    let most = match problem.operation.is_elementwise() {
        true => tuning.unrolled_quads,
        false if wanted == Some(row.lanes) && !problem.options.is_dense() => tuning.quads_of_many,
        false => tuning.quads / problem.matrices_held(),
    };
    list.retain(|(family, _)| matches!(family, Family::Registers { quads } if *quads <= most.min(MAX_QUADS)));
    list
}

/// Splits few long rows, so that every core has work, or rows longer than a binding.
fn split(
    problem: Problem,
    tuning: &Tuning,
    abilities: &Abilities,
    least: u32,
) -> Vec<(Family, Lanes)> {
    let lanes = match tuning.part_lanes {
        0 => Lanes::streaming(tuning, abilities),
        lanes => Lanes::join(lanes, abilities),
    };
    let most = FEW_PARTIALS_PER_LANE * lanes.lanes;
    let possible = (problem.cols / (tuning.part_columns * lanes.lanes)).clamp(1, most);
    let wanted = (2 * tuning.few_rows).div_ceil(problem.rows.max(1));
    let parts = possible.min(u32::try_from(wanted).unwrap_or(u32::MAX).max(2));
    let wanted = problem.rows < tuning.few_rows && possible > 1;
    let parts = if wanted { parts.max(least) } else { least };
    match parts {
        1 => Vec::new(),
        _ => vec![(Family::Split { parts }, lanes)],
    }
}

fn most_split(lanes: Lanes, least: u32) -> Family {
    Family::Split {
        parts: least.max(FEW_PARTIALS_PER_LANE * lanes.lanes),
    }
}

/// Lanes that share a row, and their way to merge.
#[derive(Clone, Copy)]
pub(super) struct Lanes {
    reduce: Reduce,
    lanes: u32,
    workgroup: u32,
}

impl Lanes {
    pub(super) fn one_invocation(abilities: &Abilities) -> Self {
        Self {
            reduce: Reduce::Invocation,
            lanes: 1,
            workgroup: abilities.workgroup(64),
        }
    }

    pub(super) fn streaming(tuning: &Tuning, abilities: &Abilities) -> Self {
        match (tuning.streaming_lanes, abilities.subgroup) {
            (0, None) => Self::one_invocation(abilities),
            (0, Some(size)) => Self::join(size, abilities),
            (lanes, _) => Self::join(lanes, abilities),
        }
    }

    /// Joins `lanes` lanes on a device, or as many of them as it can join.
    pub(super) fn join(lanes: u32, abilities: &Abilities) -> Self {
        if let Some(size) = abilities.subgroup {
            let widest = abilities.workgroup(256);
            if lanes.min(widest) <= size {
                let lanes = lanes.min(widest);
                return Self {
                    reduce: Reduce::Subgroup,
                    lanes,
                    workgroup: lanes.max(64).max(size).min(widest),
                };
            }
            let lanes = lanes.min(abilities.widest_hybrid(size));
            if lanes > size {
                return Self {
                    reduce: Reduce::Hybrid { subgroup: size },
                    lanes,
                    workgroup: lanes.max(abilities.workgroup(64)),
                };
            }
        }
        let widest = abilities.widest_workgroup();
        match lanes.min(widest) {
            1 => Self::one_invocation(abilities),
            lanes => Self {
                reduce: Reduce::Workgroup,
                lanes,
                workgroup: lanes.max(64).min(widest),
            },
        }
    }

    pub(super) fn variant(self, family: Family, access: Access) -> Variant {
        let Self {
            reduce,
            lanes,
            workgroup,
        } = self;
        Variant {
            family,
            reduce,
            lanes,
            workgroup,
            access,
            int64: false,
            groups: 0,
        }
    }
}
