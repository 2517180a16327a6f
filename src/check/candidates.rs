//! Kernels that a device can run, each at a shape where it runs all of its code.

use super::options::Options;
use super::shards::SHARDS;
use super::subject::Subject;
use super::{Inputs, Selection};
use crate::spec::dtype::DType;
use crate::variant::{Abilities, Access, Family, Operation, Reduce, Variant, admit};

/// A kernel, and a subject whose shape and options make it run all of its code.
#[derive(Debug, Clone, Copy)]
pub(super) struct Candidate {
    pub(super) subject: Subject,
    pub(super) variant: Variant,
}

impl Candidate {
    /// Estimates the time to compile and to run it.
    pub(super) fn cost(&self) -> f64 {
        let stages = match (self.variant.family, self.variant.groups) {
            (Family::Split { .. }, 0) => 1.6,
            (Family::Split { .. }, _) => 2.2,
            _ => 1.0,
        };
        let rows = match self.variant.groups {
            0 => 1.0,
            groups => 1.0 + 0.8 * f64::from(groups),
        };
        let access = match self.variant.access {
            Access::Words | Access::Shifted => 1.4,
            _ => 1.0,
        };
        let elements = (self.subject.rows * self.subject.cols) as f64;
        stages * rows * access + elements / 1e5
    }
}

pub(super) fn candidates(abilities: &Abilities) -> Vec<Candidate> {
    let mut list = Vec::new();
    // A linear layer has entries of its own.
    let of_rows = |operation: &Operation| *operation != Operation::LinearCrossEntropy;
    for operation in Selection::OPERATIONS.into_iter().filter(of_rows) {
        for variant in variants(operation, abilities) {
            for options in Options::structures(operation) {
                for dtype in DType::ALL {
                    for in_place in [false, true] {
                        let one =
                            candidate(operation, variant, options, dtype, in_place, abilities);
                        list.extend(one);
                    }
                }
            }
        }
    }
    list
}

fn candidate(
    operation: Operation,
    mut variant: Variant,
    options: Options,
    dtype: DType,
    in_place: bool,
    abilities: &Abilities,
) -> Option<Candidate> {
    let shards = shards_of(operation);
    let single = operation == Operation::Jacobian || shards > 1 || options.causal;
    let never_beside = single && variant.groups > 0;
    let may_be_in_place =
        operation.allows_in_place() || operation == Operation::CrossEntropyFromPairs;
    if never_beside || (in_place && !may_be_in_place) {
        return None;
    }
    let (rows, inner) = match operation {
        Operation::Jacobian => (5, 1),
        _ => rows_for(variant, options.causal),
    };
    let cols = cols_for(operation, variant, options.causal);
    let of_shard = Subject {
        options,
        in_place,
        ..Subject::new(operation, dtype, (rows, cols, inner))
    };
    let mut problem = of_shard.problem();
    if operation == Operation::CrossEntropyFromPairs {
        // For losses from pairs, only the gradient has variants.
        problem.operation = Operation::CrossEntropyBackward;
    }
    if let Family::Registers { quads } = &mut variant.family {
        *quads = problem.quads(variant.lanes, variant.access);
    }
    let subject = Subject {
        cols: cols * shards,
        ..of_shard
    };
    let is_admitted = admit(variant, problem, abilities).is_ok();
    is_admitted.then_some(Candidate { subject, variant })
}

const fn shards_of(operation: Operation) -> usize {
    match operation {
        Operation::SoftmaxFromPairs | Operation::CrossEntropyFromPairs => SHARDS,
        _ => 1,
    }
}

/// Lists long rows, on which one invocation reaches every level of the nested sums; and numbers of rows above the workgroups of
/// one dimension of a dispatch, and above the rows that one workgroup counts. Few kernels run them.
pub(super) fn large(abilities: &Abilities) -> Vec<Candidate> {
    let one_invocation = Variant {
        family: Family::Streamed,
        reduce: Reduce::Invocation,
        lanes: 1,
        workgroup: 64,
        access: Access::Quads,
        int64: abilities.int64,
        groups: 0,
    };
    let single = Variant {
        workgroup: 1,
        access: Access::Words,
        int64: false,
        ..one_invocation
    };
    let of = |operation, variant, (rows, cols), inputs| Candidate {
        subject: Subject {
            inputs,
            ..Subject::new(operation, DType::F32, (rows, cols, 1))
        },
        variant,
    };
    let (long, tall) = ((2, 262_144), (70_001, 3));
    let lse = |inputs| of(Operation::LogSumExp, one_invocation, long, inputs);
    let mut fused = of(Operation::CrossEntropyFused, single, tall, Inputs::Flat);
    fused.subject.options.weighted = true;
    fused.subject.options.loss.z_loss = 0.01;
    vec![
        lse(Inputs::OneMaxOverConstant),
        lse(Inputs::Ascending),
        fused,
        of(Operation::Softmax, single, tall, Inputs::PlantedOutliers),
    ]
}

/// Lists every way to serve rows; the length of registers is left open.
fn variants(operation: Operation, abilities: &Abilities) -> Vec<Variant> {
    let families: &[Family] = match operation.is_elementwise() {
        true => &[
            Family::Elementwise { parts: 3 },
            Family::Registers { quads: 0 },
        ],
        false => &[
            Family::Registers { quads: 0 },
            Family::Streamed,
            Family::Split { parts: 5 },
        ],
    };
    let mut list = Vec::new();
    for (reduce, lanes, workgroup, groups) in lane_groups(abilities) {
        // A Jacobian has a square matrix a row: it is large, and is not reduced.
        if operation == Operation::Jacobian && reduce.has_barriers() {
            continue;
        }
        for access in [Access::Quads, Access::Shifted, Access::Pairs, Access::Words] {
            for &family in families {
                // Where lanes merge by barriers, values are moved as GPUs move them: without 64-bit integers.
                let int64 = abilities.int64 && !reduce.has_barriers();
                list.push(Variant {
                    family,
                    reduce,
                    lanes,
                    workgroup,
                    access,
                    int64: int64 && access != Access::Words,
                    groups,
                });
            }
        }
    }
    list
}

/// Lists ways to merge, numbers of lanes, invocations of a workgroup, and groups of rows on a strided axis.
fn lane_groups(abilities: &Abilities) -> Vec<(Reduce, u32, u32, u32)> {
    let mut list = vec![
        (Reduce::Invocation, 1, 64, 0),
        (Reduce::Workgroup, 64, 64, 0),
        (Reduce::Workgroup, 256, 256, 0),
        (Reduce::Invocation, 1, 64, 1),
        (Reduce::Invocation, 1, 8, 2),
    ];
    if let Some(size) = abilities.subgroup {
        list.push((Reduce::Subgroup, size, 64.max(size), 0));
        list.push((Reduce::Subgroup, size / 2, 64.max(size), 0));
        let hybrid = Reduce::Hybrid { subgroup: size };
        let lanes = abilities.widest_hybrid(size).min(256);
        list.push((hybrid, lanes, lanes, 0));
        // Two rows a workgroup.
        list.push((hybrid, 4 * size, 8 * size, 0));
    }
    list
}

/// Returns the number of rows, enough for more than one workgroup where that is not many, and the extent of the strided axis.
fn rows_for(variant: Variant, causal: bool) -> (usize, usize) {
    if variant.groups > 0 {
        let residue = match variant.access {
            Access::Quads => 0,
            Access::Pairs => 2,
            _ => 3,
        };
        return match variant.groups {
            1 => (35 * (4 + residue), 4 + residue),
            _ => (3 * (68 + residue), 68 + residue),
        };
    }
    let rows = match variant.lanes {
        256.. => 3,
        64.. => 5,
        lanes => (variant.workgroup / lanes) as usize + 5,
    };
    match causal {
        true => (rows.next_multiple_of(3), 1),
        false => (rows, 1),
    }
}

/// Returns the number of columns: in every part, enough for two trips of a loop of all lanes and a remainder; in registers, for
/// more than one quad.
fn cols_for(operation: Operation, variant: Variant, causal: bool) -> usize {
    let lanes = variant.lanes as usize;
    let squared = operation == Operation::Jacobian;
    if variant.groups > 0 {
        return match variant.family {
            Family::Registers { .. } => 7,
            Family::Split { .. } => 47,
            Family::Streamed => 21,
            _ => 23,
        };
    }
    let shift = variant.access.most_shifted() as usize;
    let about = match variant.family {
        // More than half of the least number of quads that a lane holds of causal rows, so that bins serve them.
        Family::Registers { .. } if lanes == 1 && causal => 9 * 4 - shift,
        Family::Registers { .. } if lanes == 1 => 6 * 4 - shift,
        // The last quad but one of a shifted row is not the first.
        Family::Registers { .. } if shift > 0 => 3 * 4 * lanes - shift,
        Family::Registers { .. } => 2 * 4 * lanes,
        Family::Streamed => 40 * lanes,
        Family::Split { .. } => 120 * lanes,
        Family::Elementwise { .. } if squared || shards_of(operation) > 1 => 20 * lanes,
        Family::Elementwise { .. } => 66 * lanes,
    };
    let residue = match variant.access {
        Access::Quads => 0,
        Access::Shifted => 1,
        Access::Pairs => 2,
        Access::Words => 3,
    };
    // The next smaller number of columns that suits the access.
    about - (about + 4 - residue) % 4
}
