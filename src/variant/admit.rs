//! Admission of variants: which of them can compute a problem.

use super::problem::BINDING_SLACK;
use super::tuning::{FEW_PARTIALS_PER_LANE, MAX_GROUPS, MAX_PARTIALS_PER_LANE, MAX_QUADS};
use super::{Abilities, Access, Family, Operation, Problem, Reduce, TargetKind, Variant};
use crate::error::Error;

/// Checks that `variant` can compute `problem` on a device with these abilities.
///
/// # Errors
///
/// [`Error::Variant`] with the first reason found.
pub fn admit(variant: Variant, problem: Problem, abilities: &Abilities) -> Result<(), Error> {
    match obstacle(variant, problem, abilities) {
        None => Ok(()),
        Some(reason) => Err(Error::Variant {
            kernel: format!("{}.{variant}", problem.operation),
            reason,
        }),
    }
}

pub(super) fn obstacle(
    variant: Variant,
    problem: Problem,
    abilities: &Abilities,
) -> Option<String> {
    let Variant {
        family,
        reduce,
        lanes,
        workgroup,
        access,
        int64,
        groups,
    } = variant;
    let say = |reason: String| Some(reason);
    if !lanes.is_power_of_two() || workgroup == 0 || workgroup % lanes != 0 {
        return say(format!(
            "{lanes} lanes do not divide a workgroup of {workgroup}"
        ));
    }
    if workgroup > abilities.max_invocations {
        return say(format!(
            "a workgroup has {} invocations at most",
            abilities.max_invocations
        ));
    }
    if !problem.allows(access) {
        return say(match access {
            Access::Quads => "rows do not start on multiples of four elements".into(),
            Access::Pairs => {
                "rows do not start and end on multiples of two elements, or do on four".into()
            }
            _ => "the rows of two matrices are shifted unequally, or too short".into(),
        });
    }
    if int64 && !abilities.int64 {
        return say("the device lacks 64-bit integers in shaders".into());
    }
    if int64 && access == Access::Words {
        return say("words are no 64-bit integers".into());
    }
    let is_family = match problem.operation.is_elementwise() {
        true => matches!(
            family,
            Family::Elementwise { .. } | Family::Registers { .. }
        ),
        false => !matches!(family, Family::Elementwise { .. }),
    };
    if !is_family
        || (problem.operation.is_per_row() && family != (Family::Elementwise { parts: 1 }))
    {
        return say("the operation belongs to another family".into());
    }
    if (groups > 0) != (problem.inner > 1) {
        return say(match groups {
            0 => "an invocation serves rows side by side by groups".into(),
            _ => "no rows lie side by side".into(),
        });
    }
    if groups > 0 && (reduce != Reduce::Invocation || groups > MAX_GROUPS) {
        return say(format!(
            "rows side by side are served by one invocation, {MAX_GROUPS} groups of four at most"
        ));
    }
    let in_registers = matches!(family, Family::Registers { .. });
    if groups > 0 && in_registers && (groups > 1 || problem.operation.is_elementwise()) {
        return say("one group of four rows side by side is held, of rows that are reduced".into());
    }
    match reduce {
        Reduce::Invocation if lanes != 1 => return say("one invocation has one lane".into()),
        Reduce::Subgroup if abilities.subgroup.is_none_or(|size| lanes > size) => {
            return say(format!(
                "subgroups have {} lanes",
                abilities.subgroup.unwrap_or(0)
            ));
        }
        Reduce::Hybrid { subgroup }
            if !subgroup.is_power_of_two()
                || abilities.subgroup.is_none_or(|size| subgroup > size)
                || lanes <= subgroup
                || lanes > abilities.widest_hybrid(subgroup) =>
        {
            return say(format!(
                "{lanes} lanes are not more than {subgroup} that merge by shuffles, in subgroups of {} lanes, or too many",
                abilities.subgroup.unwrap_or(0)
            ));
        }
        reduce if reduce.workgroup_bytes(workgroup) > abilities.max_workgroup_bytes => {
            return say(format!(
                "workgroup memory has {} bytes",
                abilities.max_workgroup_bytes
            ));
        }
        _ => {}
    }
    match family {
        Family::Registers { quads } if quads > MAX_QUADS => {
            return say(format!("a lane holds {MAX_QUADS} quads at most"));
        }
        Family::Registers { quads } if quads != problem.quads(lanes, access) => {
            return say(format!(
                "{lanes} lanes hold {} columns in {} quads each",
                problem.cols,
                problem.quads(lanes, access)
            ));
        }
        _ if problem.operation == Operation::MergeStatistics
            && problem.cols > FEW_PARTIALS_PER_LANE * lanes =>
        {
            return say(format!(
                "{lanes} lanes merge {} parts at most",
                FEW_PARTIALS_PER_LANE * lanes
            ));
        }
        Family::Split { parts } if parts > MAX_PARTIALS_PER_LANE * lanes => {
            return say(format!(
                "{lanes} lanes merge {} parts at most",
                MAX_PARTIALS_PER_LANE * lanes
            ));
        }
        Family::Split { parts } | Family::Elementwise { parts } if parts == 0 => {
            return say("no parts".into());
        }
        _ => {}
    }
    if problem
        .least_parts(abilities)
        .is_none_or(|least| family.parts() < least)
    {
        return say(format!(
            "a binding of {} bytes does not hold a part of a row",
            abilities.max_binding_bytes
        ));
    }
    if matches!(family, Family::Split { .. })
        && lacks_binding(problem)
        && problem.least_parts(abilities) == Some(1)
    {
        return say("a mask and probabilities leave parts no binding, but in place".into());
    }
    let trips = loop_trips(variant, problem);
    (trips > u64::from(abilities.max_trips())).then(|| {
        format!(
            "loops of {trips} trips exceed the {} that software adapters make",
            abilities.max_trips()
        )
    })
}

/// Returns true if rows in parts would take a binding more than every device has: they are, where no binding holds a row.
fn lacks_binding(problem: Problem) -> bool {
    let options = problem.options;
    problem.operation == Operation::CrossEntropyFused
        && options.target_kind == TargetKind::Probabilities
        && options.is_masked()
        && !options.in_place
}

/// Makes the error for a problem that no variant can serve: there are no compute shaders, or no binding holds the
/// shortest part of a row.
pub(super) fn refusal(problem: Problem, abilities: &Abilities) -> Error {
    if abilities.max_invocations == 0 {
        return Error::Limit {
            what: format!("{}, by compute shaders,", problem.operation),
            limit: "max_compute_invocations_per_workgroup",
            needed: 1,
            available: 0,
        };
    }
    let lanes = match problem.inner {
        1 => abilities.widest_workgroup(),
        _ => 1,
    };
    let most = MAX_PARTIALS_PER_LANE
        .saturating_mul(lanes)
        .min(problem.cols);
    let bytes = u64::from(problem.cols.div_ceil(most)) * u64::from(problem.inner);
    Error::Limit {
        what: format!("{} of {} columns", problem.operation, problem.cols),
        limit: "max_storage_buffer_binding_size",
        needed: bytes * problem.dtype.bytes() + BINDING_SLACK,
        available: abilities.max_binding_bytes,
    }
}

/// Columns of a part, the last one excepted: a multiple of four, or any number on a strided axis.
pub(crate) fn part_cols(variant: Variant, cols: u32) -> u32 {
    let parts = variant.family.parts();
    if variant.groups > 0 {
        return cols.div_ceil(parts);
    }
    let cols = cols + variant.access.most_shifted();
    if parts == 1 {
        return cols.next_multiple_of(4);
    }
    cols.div_ceil(parts).next_multiple_of(4)
}

/// Number of trips of all loops of one invocation together.
fn loop_trips(variant: Variant, problem: Problem) -> u64 {
    let merged = u64::from(variant.family.parts().div_ceil(variant.lanes));
    let merges = 40 + 2 * merged + merged / 8;
    // Only a streamed row is read twice by the same invocation.
    let passes = match variant.family {
        Family::Streamed => 2,
        _ => 1,
    };
    match variant.family {
        Family::Registers { .. } => merges,
        _ if variant.groups > 0 => {
            passes * u64::from(part_cols(variant, problem.cols) / 4) + merges + 6
        }
        _ => {
            passes * u64::from(part_cols(variant, problem.cols).div_ceil(16 * variant.lanes))
                + merges
                + 6
        }
    }
}
