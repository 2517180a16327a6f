//! Every kind of variant, for checks and tests.

use super::admit::obstacle;
use super::tuning::MAX_QUADS;
use super::{Abilities, Access, Family, Problem, Reduce, Variant};

/// Groups of four values in the registers of a lane, at most, where it holds more than logits: more groups take long to
/// compile.
const MAX_FORCED_QUADS: u32 = 8;

/// Every kind of variant that can compute `problem` here: each family with each way to merge and each access.
/// This is what `check` and the tests force; it ignores what [`choose`](super::choose) prefers.
pub fn variants(problem: Problem, abilities: &Abilities) -> Vec<Variant> {
    let one_by_one = lane_groups(abilities)
        .into_iter()
        .map(|(reduce, lanes, workgroup)| (reduce, lanes, workgroup, 0));
    let strided = [(64, 1), (8, 2)]
        .into_iter()
        .map(|(workgroup, groups)| (Reduce::Invocation, 1, workgroup, groups));
    let mut list = Vec::new();
    for (reduce, lanes, workgroup, groups) in one_by_one.chain(strided) {
        for access in [Access::Quads, Access::Shifted, Access::Pairs, Access::Words] {
            for family in families(problem, lanes, access) {
                list.push(Variant {
                    family,
                    reduce,
                    lanes,
                    workgroup,
                    access,
                    int64: takes_int64(reduce, access, problem, abilities),
                    groups,
                });
            }
        }
    }
    list.retain(|variant| obstacle(*variant, problem, abilities).is_none());
    list
}

/// Returns true for 64-bit integers. Moving values and merging lanes are independent of each other, so with barriers
/// values are moved as on GPUs.
fn takes_int64(reduce: Reduce, access: Access, problem: Problem, abilities: &Abilities) -> bool {
    abilities.int64 && !reduce.has_barriers() && access.takes_int64(problem.options.in_place)
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
        let lanes = abilities.widest_hybrid(size).min(64.max(2 * size));
        groups.push((Reduce::Hybrid { subgroup: size }, lanes, lanes));
    }
    groups
}

fn families(problem: Problem, lanes: u32, access: Access) -> Vec<Family> {
    let quads = problem.quads(lanes, access);
    if problem.operation.is_elementwise() {
        let mut list = vec![
            Family::Elementwise { parts: 1 },
            Family::Elementwise { parts: 3 },
        ];
        if quads <= MAX_FORCED_QUADS {
            list.push(Family::Registers { quads });
        }
        return list;
    }
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
