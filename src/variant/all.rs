//! Every kind of variant, for checks and tests.

use super::admit::{MAX_QUADS, obstacle};
use super::{Abilities, Access, Family, Problem, Reduce, Variant};

/// Groups of four values in the registers of a lane where they are not of logits alone: more take long to compile.
const MAX_FORCED_QUADS: u32 = 8;

/// Every kind of variant that can compute `problem` here: each family with each way to merge and each access.
/// This is what `check` and the tests force; it ignores what [`choose`](super::choose) prefers.
pub fn variants(problem: Problem, abilities: &Abilities) -> Vec<Variant> {
    let mut list = Vec::new();
    for (reduce, lanes, workgroup) in lane_groups(abilities) {
        for family in families(problem, lanes) {
            for access in [Access::Quads, Access::Words] {
                list.push(Variant {
                    family,
                    reduce,
                    lanes,
                    workgroup,
                    access,
                });
            }
        }
    }
    list.retain(|variant| obstacle(*variant, problem, abilities).is_none());
    list
}

fn lane_groups(abilities: &Abilities) -> Vec<(Reduce, u32, u32)> {
    let mut groups = vec![
        (Reduce::Invocation, 1, 64),
        (Reduce::Workgroup, 4, 16),
        (Reduce::Workgroup, 64, 64),
    ];
    if !abilities.software {
        groups.push((Reduce::Workgroup, 256, 256));
    }
    if let Some(size) = abilities.subgroup {
        groups.push((Reduce::Subgroup, size, 64.max(size)));
        groups.push((Reduce::Subgroup, size / 2, 64.max(size)));
    }
    groups
}

fn families(problem: Problem, lanes: u32) -> Vec<Family> {
    if problem.operation.is_elementwise() {
        return vec![
            Family::Elementwise { parts: 1 },
            Family::Elementwise { parts: 3 },
        ];
    }
    let quads = problem.cols.div_ceil(4 * lanes);
    let mut list = vec![Family::Streamed, Family::Split { parts: 5 }];
    let most = match problem.matrices_held() {
        1 => MAX_QUADS,
        _ => MAX_FORCED_QUADS,
    };
    if quads <= most {
        list.push(Family::Registers { quads });
    }
    list
}
