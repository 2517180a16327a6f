//! A variant in words, and the reasons for its choice.

use super::choose::{is_read_by_one, is_short};
use super::tuning::{MAX_QUADS, Tuning};
use super::{Abilities, Access, Family, Operation, Problem, Reduce, Variant, part_cols};

impl Variant {
    /// Describes the variant in words: the treatment of a row, the lanes that serve it, and the accesses that move its
    /// values.
    pub fn in_words(&self) -> String {
        let row = match self.groups {
            0 => "a row",
            _ => "four rows side by side",
        };
        let family = match self.family {
            Family::Registers { quads } => match self.groups {
                0 => format!(
                    "{row} in registers, {quads} quads of values a lane: one read, one write"
                ),
                _ => format!("{row} in registers, {quads} columns of each: one read, one write"),
            },
            Family::Streamed => {
                format!("{row} folded, and read once more where a matrix is written")
            }
            Family::Split { parts } => {
                format!("{row} folded in {parts} parts, which a later dispatch merges and writes")
            }
            Family::Elementwise { parts: 1 } => format!("{row} written from what is known of it"),
            Family::Elementwise { parts } => {
                format!("{row} written from what is known of it, in {parts} parts")
            }
        };
        let moved = match self.access {
            Access::Quads => "four values an access",
            Access::Shifted => "four values an access, from up to three before the row on",
            Access::Pairs => "two values an access",
            Access::Words => "one word an access",
        };
        let word = if self.int64 {
            ", by 64-bit integers"
        } else {
            ""
        };
        format!("{family}; {}; {moved}{word}", self.lanes_in_words())
    }

    fn lanes_in_words(&self) -> String {
        match self.reduce {
            Reduce::Invocation if self.groups > 1 => {
                format!("one invocation, {} such groups each", self.groups)
            }
            Reduce::Invocation => "one invocation".into(),
            Reduce::Subgroup => format!("{} lanes that merge by shuffles", self.lanes),
            Reduce::Hybrid { subgroup } => format!(
                "{} lanes that merge by shuffles, {subgroup} at a time, and then through workgroup memory",
                self.lanes
            ),
            Reduce::Workgroup => {
                format!("{} lanes that merge through workgroup memory", self.lanes)
            }
        }
    }
}

/// Explains why [`choose`](super::choose) takes `variant` for a problem: a sentence on the treatment of a row, and one on
/// the accesses that move its values.
pub fn reason(problem: Problem, variant: Variant, abilities: &Abilities) -> String {
    let family = match variant.groups {
        _ if problem.operation.is_per_row() => {
            "What is given of a row is a few values: one invocation reads single elements of it."
                .into()
        }
        0 => one_by_one(problem, variant, abilities),
        _ => strided(problem, variant, abilities),
    };
    format!("{family} {}", access(problem, variant.access))
}

fn one_by_one(problem: Problem, variant: Variant, abilities: &Abilities) -> String {
    let tuning = Tuning::of(abilities);
    let Problem {
        operation,
        rows,
        cols,
        ..
    } = problem;
    let lanes = variant.lanes;
    match variant.family {
        Family::Registers { quads } if lanes == 1 && is_short(problem, tuning) => {
            format!("{cols} columns are few enough for one invocation, in {quads} quads.")
        }
        Family::Registers { quads } => {
            format!("{cols} columns fit the registers of {lanes} lanes, {quads} quads each.")
        }
        Family::Streamed if operation == Operation::PartialStatistic => {
            "The columns of a shard are folded, and nothing of their number is written.".into()
        }
        Family::Streamed if operation == Operation::MergeStatistics => {
            format!("{cols} records of a row are merged by {lanes} lanes.")
        }
        Family::Streamed if lanes == 1 && is_read_by_one(problem, tuning) => format!(
            "{rows} rows of {cols} columns are read, and no matrix is written: one invocation takes each."
        ),
        Family::Streamed => {
            let needed = problem.quads(lanes, variant.access);
            let most = MAX_QUADS.min(tuning.quads / problem.matrices_held());
            match needed > most {
                true => format!(
                    "{cols} columns are {needed} quads for each of {lanes} lanes, which hold {most}, and {rows} rows are enough to be served whole."
                ),
                false => {
                    format!("{rows} rows are enough to be served whole, by {lanes} lanes each.")
                }
            }
        }
        Family::Split { parts } => match is_too_long(problem, abilities) {
            Some(too_long) => format!("{too_long}: it is folded in {parts} parts."),
            None if rows < tuning.few_rows => format!(
                "{rows} rows are fewer than {}: each is folded in {parts} parts, so that there is work for the whole device.",
                tuning.few_rows
            ),
            None => format!(
                "Loops over {cols} columns would be longer than software adapters make them: a row is folded in {parts} parts."
            ),
        },
        Family::Elementwise { parts } => known(problem, parts, abilities),
    }
}

fn strided(problem: Problem, variant: Variant, abilities: &Abilities) -> String {
    let Problem { rows, cols, .. } = problem;
    let held = Tuning::of(abilities).strided_columns / problem.matrices_held();
    match variant.family {
        Family::Registers { .. } => {
            format!(
                "{cols} columns of four rows side by side fit the registers of one invocation, {held} at most."
            )
        }
        Family::Streamed => format!(
            "{cols} columns of rows side by side are more than the {held} that one invocation holds, and {rows} rows are enough to be served whole."
        ),
        Family::Split { parts } => match is_too_long(problem, abilities) {
            Some(too_long) => format!("{too_long}: it is folded in {parts} parts."),
            None => format!(
                "{rows} rows of {cols} columns are folded in {parts} parts of {} columns: more work at a time, and what is read twice is near.",
                part_cols(variant, cols)
            ),
        },
        Family::Elementwise { parts } => known(problem, parts, abilities),
    }
}

/// Explains the variant for rows of known statistic.
fn known(problem: Problem, parts: u32, abilities: &Abilities) -> String {
    let Problem { rows, cols, .. } = problem;
    match (parts, is_too_long(problem, abilities)) {
        (1, _) => {
            "The statistic of a row is known, so that it is written without a reduction.".into()
        }
        (_, Some(too_long)) => format!("{too_long}: it is written in {parts} parts."),
        _ => format!(
            "The statistic of a row is known: {rows} rows of {cols} columns are written in {parts} parts each, so that there is work for the whole device."
        ),
    }
}

/// Returns a clause if no binding holds a row, or a slice of rows on a strided axis.
fn is_too_long(problem: Problem, abilities: &Abilities) -> Option<String> {
    let what = match problem.inner {
        1 => "A row",
        _ => "A slice of rows side by side",
    };
    let is_longer = problem.least_parts(abilities).is_none_or(|least| least > 1);
    is_longer.then(|| {
        let most = abilities.binding_bytes();
        format!("{what} is longer than a binding of {most} bytes")
    })
}

fn access(problem: Problem, access: Access) -> String {
    match access {
        Access::Quads if problem.inner > 1 => {
            "Every group of four rows side by side starts on a multiple of four elements.".into()
        }
        Access::Quads => "Every row starts on a multiple of four elements.".into(),
        Access::Shifted => {
            "Rows start anywhere, but those of all matrices equally far from multiples of four elements."
                .into()
        }
        Access::Pairs => "Rows start and end on multiples of two elements.".into(),
        Access::Words if problem.operation.is_per_row() => "No access is wider than one.".into(),
        Access::Words => "Rows start where no wider access suits them all.".into(),
    }
}
