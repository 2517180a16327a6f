//! Rivals of the preferred variant: those that are worth timing.

use super::admit::obstacle;
use super::choose::{Lanes, choose};
use super::tuning::{FEW_PARTIALS_PER_LANE, MAX_GROUPS, Tuning};
use super::{Abilities, Access, Family, Problem, Variant};
use crate::error::Error;

/// Variants that are timed for a problem, at most.
const MOST: usize = 16;

/// Invocations of a workgroup that are tried, where the lanes of a row are no more.
const WORKGROUPS: [u32; 3] = [16, 64, 256];

/// Parts of a row that are tried.
const PARTS: [u32; 5] = [1, 2, 4, 16, 64];

/// Returns the preferred variant, and after it others that may be faster: first those that move the fewest bytes, and of them
/// those that differ least from it, sixteen in all at most. None moves more bytes than the preferred one, except the last: where
/// that holds a row in registers, it is the one that reads a row twice, for a device whose registers are too few.
///
/// # Errors
///
/// As [`choose`].
pub fn rivals(problem: Problem, abilities: &Abilities) -> Result<Vec<Variant>, Error> {
    let preferred = choose(problem, abilities)?;
    let mut list = match problem.inner {
        1 => one_by_one(problem, abilities, preferred),
        _ => strided(problem, abilities, preferred),
    };
    list.retain(|variant| {
        obstacle(*variant, problem, abilities).is_none()
            && reads(*variant, problem) <= reads(preferred, problem)
            && merges_few(*variant)
            && has_work(*variant, problem)
    });
    list.sort_by_key(|variant| (reads(*variant, problem), distance(*variant, preferred)));
    list.insert(0, preferred);
    let streamed =
        streamed(problem, abilities, preferred).filter(|variant| !list.contains(variant));
    let most = MOST - usize::from(streamed.is_some());
    let mut distinct: Vec<Variant> = Vec::new();
    for variant in list {
        if !distinct.contains(&variant) && distinct.len() < most {
            distinct.push(variant);
        }
    }
    distinct.extend(streamed);
    Ok(distinct)
}

/// Returns the variant that reads a row twice by as many lanes as rows that no registers hold, if the preferred one holds it.
fn streamed(problem: Problem, abilities: &Abilities, preferred: Variant) -> Option<Variant> {
    let lanes = Lanes::streaming(Tuning::of(abilities), abilities);
    let by_lanes = match problem.inner {
        1 => lanes.variant(Family::Streamed, preferred.access),
        _ => preferred,
    };
    let variant = Variant {
        family: Family::Streamed,
        int64: preferred.int64,
        ..by_lanes
    };
    let is_held = matches!(preferred.family, Family::Registers { .. });
    (is_held && obstacle(variant, problem, abilities).is_none()).then_some(variant)
}

/// Returns true if a lane adds no more partial sums in series than keep the result accurate.
fn merges_few(variant: Variant) -> bool {
    match variant.family {
        Family::Split { parts } => parts <= FEW_PARTIALS_PER_LANE * variant.lanes,
        _ => true,
    }
}

/// Returns true if half of the lanes could not take a row with one access each.
fn has_work(variant: Variant, problem: Problem) -> bool {
    variant.lanes == 1 || 2 * variant.lanes < problem.cols
}

/// Number of times that a row is read from memory.
fn reads(variant: Variant, problem: Problem) -> u32 {
    let folds_first = matches!(variant.family, Family::Streamed | Family::Split { .. });
    1 + u32::from(folds_first && problem.operation.writes_matrix())
}

fn one_by_one(problem: Problem, abilities: &Abilities, preferred: Variant) -> Vec<Variant> {
    let mut list = Vec::new();
    // Where four values are one access, nothing else is better.
    let accesses: &[Access] = match problem.allows(Access::Quads) {
        true => &[Access::Quads],
        false => &[Access::Shifted, Access::Pairs, Access::Words],
    };
    let several = (1..=10).map(|bits| Lanes::join(1 << bits, abilities));
    for lanes in several.chain([Lanes::one_invocation(abilities)]) {
        for access in accesses.iter().copied() {
            let of = |family| Variant {
                int64: preferred.int64 && access.takes_int64(problem.options.in_place),
                ..lanes.variant(family, access)
            };
            let quads = problem.quads(of(Family::Streamed).lanes, access);
            list.extend([Family::Registers { quads }, Family::Streamed].map(of));
            list.extend(PARTS.map(|parts| of(Family::Split { parts })));
            list.extend(PARTS.map(|parts| of(Family::Elementwise { parts })));
        }
    }
    // A part alone is a streamed row that takes two dispatches.
    list.retain(|variant| variant.family != (Family::Split { parts: 1 }));
    let of_size = |size| {
        list.iter().map(move |variant| Variant {
            workgroup: variant.lanes.max(size),
            ..*variant
        })
    };
    let sizes = WORKGROUPS.map(|size| abilities.workgroup(size));
    let others = sizes.into_iter().flat_map(of_size).collect();
    [list, others].concat()
}

fn strided(problem: Problem, abilities: &Abilities, preferred: Variant) -> Vec<Variant> {
    let mut list = Vec::new();
    for groups in (1..=MAX_GROUPS).filter(|groups| groups.is_power_of_two()) {
        for workgroup in [8].into_iter().chain(WORKGROUPS) {
            let of = |family| Variant {
                family,
                groups,
                workgroup: abilities.workgroup(workgroup),
                ..preferred
            };
            let quads = problem.cols;
            list.extend([Family::Registers { quads }, Family::Streamed].map(of));
            list.extend([2, 4, 16].map(|parts| of(Family::Split { parts })));
            list.extend(PARTS.map(|parts| of(Family::Elementwise { parts })));
        }
    }
    list
}

/// Returns how much two variants differ: by powers of two of lanes, parts and groups, and by steps of everything else.
fn distance(one: Variant, other: Variant) -> u32 {
    let apart = |one: u32, other: u32| one.max(1).ilog2().abs_diff(other.max(1).ilog2());
    apart(one.family.parts(), other.family.parts())
        + apart(one.lanes, other.lanes)
        + apart(one.groups, other.groups)
        + u32::from(one.workgroup != other.workgroup)
        + u32::from(one.access != other.access)
}
