//! Kernels that a device can run, each at a shape where it runs all of its code.

use super::kernels::problem;
use super::kinds::{Asked, Kind};
use super::options::{MaskOf, MaskOption, Options, has_targets, takes_masks};
use super::shards::SHARDS;
use super::subject::Subject;
use super::{Inputs, Selection};
use crate::spec::dtype::DType;
use crate::spec::loss::LossOptions;
use crate::spec::mask::MaskKind;
use crate::spec::target_type::TargetType;
use crate::variant::{Abilities, Access, Family, Operation, Problem, Reduce, Variant, admit};

/// A kernel, the options that select its code, and a shape for it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Candidate {
    pub(super) operation: Operation,
    pub(super) dtype: DType,
    pub(super) variant: Variant,
    pub(super) options: Options,
    pub(super) in_place: bool,
    pub(super) rows: usize,
    pub(super) cols: usize,
    pub(super) inner: usize,
}

impl Candidate {
    pub(super) fn subject(&self, inputs: Inputs, options: Options) -> Subject {
        Subject {
            operation: self.operation,
            rows: self.rows,
            cols: self.cols,
            inner: self.inner,
            dtype: self.dtype,
            inputs,
            options,
            in_place: self.in_place,
            apart: None,
        }
    }

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
        let access = match (self.variant.access, self.dtype) {
            (Access::Words | Access::Shifted, _) => 1.4,
            _ => 1.0,
        };
        let elements = (self.rows * self.cols) as f64;
        stages * rows * access + elements / 1e5
    }
}

pub(super) fn candidates(abilities: &Abilities) -> Vec<Candidate> {
    let mut list = Vec::new();
    for operation in Selection::OPERATIONS {
        for variant in variants(operation, abilities) {
            for options in structures(operation) {
                for dtype in DType::ALL {
                    for in_place in [false, true] {
                        let candidate = candidate(operation, variant, options, dtype, in_place);
                        list.extend(candidate.filter(|candidate| {
                            let problem = candidate.problem();
                            admit(candidate.variant, problem, abilities).is_ok()
                        }));
                    }
                }
            }
        }
    }
    list
}

fn candidate(
    operation: Operation,
    variant: Variant,
    options: Options,
    dtype: DType,
    in_place: bool,
) -> Option<Candidate> {
    let single = operation == Operation::Jacobian || shards_of(operation) > 1 || options.causal;
    let never_beside = single && variant.groups > 0;
    let writes_over = in_place && !may_be_in_place(operation);
    if never_beside || writes_over {
        return None;
    }
    let (rows, inner) = rows_for(variant, options.causal);
    let cols = cols_for(operation, variant, options.causal);
    let candidate = Candidate {
        operation,
        dtype,
        variant,
        options,
        in_place,
        rows: match operation {
            Operation::Jacobian => 5,
            _ => rows,
        },
        cols: cols * shards_of(operation),
        inner,
    };
    let quads = candidate.problem().quads(variant.lanes, variant.access);
    Some(Candidate {
        variant: Variant {
            family: match variant.family {
                Family::Registers { .. } => Family::Registers { quads },
                other => other,
            },
            ..variant
        },
        ..candidate
    })
}

const fn may_be_in_place(operation: Operation) -> bool {
    operation.allows_in_place() || matches!(operation, Operation::CrossEntropyFromPairs)
}

const fn shards_of(operation: Operation) -> usize {
    match operation {
        Operation::SoftmaxFromPairs | Operation::CrossEntropyFromPairs => SHARDS,
        _ => 1,
    }
}

impl Candidate {
    /// Returns the problem that the variant has to solve: with shards, that of one shard.
    fn problem(&self) -> Problem {
        let subject = self.subject(Inputs::Flat, self.options);
        let problem = problem(&Subject {
            cols: self.cols / shards_of(self.operation),
            ..subject
        });
        match self.operation {
            // For losses from pairs, only the gradient has variants.
            Operation::CrossEntropyFromPairs => Problem {
                operation: Operation::CrossEntropyBackward,
                ..problem
            },
            _ => problem,
        }
    }
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

/// Lists every combination of the options that select code.
fn structures(operation: Operation) -> Vec<Options> {
    let none = Options::all(operation)[0];
    if takes_masks(operation) {
        let mask = |kind, of| Some(MaskOption { kind, of });
        let masks = [
            None,
            mask(MaskKind::Additive, MaskOf::Everything),
            mask(MaskKind::Additive, MaskOf::Rows),
            mask(MaskKind::Boolean, MaskOf::Everything),
            mask(MaskKind::Boolean, MaskOf::Rows),
        ];
        let causal = |mask| {
            [false, true].map(|causal| Options {
                mask,
                causal,
                ..none
            })
        };
        return masks.into_iter().flat_map(causal).collect();
    }
    if !has_targets(operation) {
        return vec![none];
    }
    let dense = !matches!(
        operation,
        Operation::CrossEntropyBackward | Operation::CrossEntropyFromPairs
    );
    let ids = Kind::Ids(TargetType::I32);
    let kinds = [(ids, 0.0), (ids, 0.1), (Kind::Probs, 0.0)];
    let mut list = Vec::new();
    for &(kind, label_smoothing) in if dense { &kinds[..] } else { &kinds[..1] } {
        for softcap in [None, Some(20.0)] {
            for &row_outputs in if dense {
                &Asked::ALL[..]
            } else {
                &Asked::ALL[..1]
            } {
                list.push(Options {
                    kind,
                    loss: LossOptions {
                        label_smoothing,
                        softcap,
                        ..none.loss
                    },
                    row_outputs,
                    ..none
                });
            }
        }
    }
    list
}
