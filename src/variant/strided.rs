//! Variants for rows on a strided axis, in order of preference.

use super::tuning::{FEW_PARTIALS_PER_LANE, Tuning};
use super::{Abilities, Access, Family, Problem, Reduce, Variant};

pub(super) fn candidates(
    problem: Problem,
    tuning: &Tuning,
    abilities: &Abilities,
    access: Access,
) -> Vec<Variant> {
    let least = problem.least_parts(abilities).unwrap_or(1);
    let several = Variant {
        family: Family::Streamed,
        reduce: Reduce::Invocation,
        lanes: 1,
        workgroup: abilities.workgroup(tuning.strided_workgroup),
        access,
        int64: false,
        groups: groups(problem, tuning),
    };
    let single = Variant {
        workgroup: abilities.workgroup(64),
        groups: 1,
        ..several
    };
    families(problem, tuning, least)
        .into_iter()
        .map(|family| match family {
            Family::Registers { .. } => Variant { family, ..single },
            _ => Variant { family, ..several },
        })
        .collect()
}

/// Groups of four rows that an invocation serves: several only where the groups of a slice are at least twice as many as
/// a workgroup then serves, or a multiple of that number.
fn groups(problem: Problem, tuning: &Tuning) -> u32 {
    let of_slice = problem.inner.div_ceil(4);
    let served = tuning.strided_groups * tuning.strided_workgroup;
    match of_slice >= 2 * served || of_slice.is_multiple_of(served) {
        true => tuning.strided_groups,
        false => 1,
    }
}

fn families(problem: Problem, tuning: &Tuning, least: u32) -> Vec<Family> {
    let parts = parts(problem, tuning).max(least);
    let most = parts.max(problem.cols.div_ceil(LONGEST_PART));
    if problem.operation.is_elementwise() {
        return vec![Family::Elementwise { parts: most }];
    }
    let held = tuning.strided_columns / problem.matrices_held();
    let mut list = Vec::new();
    if problem.cols <= held {
        list.push(Family::Registers {
            quads: problem.cols,
        });
    }
    if parts > 1 {
        list.push(Family::Split { parts });
    }
    list.extend([
        Family::Streamed,
        Family::Split {
            parts: most.max(FEW_PARTIALS_PER_LANE),
        },
    ]);
    list
}

/// Columns of a part, at most: software adapters stop longer loops, which make one trip for four columns.
const LONGEST_PART: u32 = 131_072;

/// Columns of a part, at least.
const SHORTEST_PART: u32 = 16;

/// Parts of a row: enough for work on the whole device, and so short that values that are read twice are still near.
fn parts(problem: Problem, tuning: &Tuning) -> u32 {
    let invocations = problem
        .rows
        .div_ceil(4 * u64::from(groups(problem, tuning)));
    let wanted = tuning.strided_few.div_ceil(invocations.max(1));
    let wanted = u32::try_from(wanted).unwrap_or(u32::MAX);
    let most = problem.cols.div_ceil(SHORTEST_PART);
    let many = match problem.operation.writes_matrix() {
        true => problem.cols / tuning.strided_part,
        false => 1,
    };
    wanted.min(most).max(many).clamp(1, FEW_PARTIALS_PER_LANE)
}
