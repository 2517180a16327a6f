//! From a variant to WGSL text: the files that are joined, the flags and constants that are set, the bindings that are
//! used.
//!
//! `slots` is the table of the files, and `text` joins them by the tools of `crate::wgsl`, which decide flags and drop what the
//! entry point does not reach. A test walks every program and compares what is said here with what naga reads.

mod bindings;
#[cfg(feature = "planted-faults")]
pub mod faults;
#[doc(hidden)]
pub mod options;
#[doc(hidden)]
pub mod params;
mod slots;
mod text;

use crate::spec::dtype::DType;
use crate::variant::geometry::Geometry;
use crate::variant::{Access, Family, KernelOptions, Operation, REDUCED, Reduce, Variant};

pub use bindings::Binding;
pub use slots::table;
#[cfg(feature = "bench")]
pub(crate) use text::assemble;

/// One dispatch of an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Stage {
    /// Rows in registers.
    Registers {
        /// Groups of four values that a lane holds.
        quads: u32,
        /// True if each group lies wholly within the row.
        whole: bool,
        /// For causal rows: number of these groups whose columns every row counts.
        counted: u32,
    },
    /// Rows read twice.
    Streamed,
    /// Parts of rows, folded.
    Partial,
    /// Parts of rows on a strided axis, merged into one.
    Combine,
    /// Parts of rows, merged and written.
    Finish,
    /// Rows written from their known statistic.
    Elementwise,
    /// Short rows written from their known statistic, without a loop.
    Unrolled {
        /// Groups of four values that a lane writes.
        quads: u32,
        /// True if each group lies wholly within the row.
        whole: bool,
    },
    /// Records of parts of rows, merged.
    Merge,
    /// Values of one a row, written from the row's saved statistic.
    FromSaved,
    /// Targets counted.
    CountTargets,
    /// Targets counted and losses summed.
    ReduceLosses,
    /// Records of counts and sums merged.
    MergeTallies,
}

impl Stage {
    /// Returns the stages of an operation on rows of `cols` columns, in the order in which they are dispatched.
    pub fn of(operation: Operation, variant: Variant, cols: u32) -> Vec<Self> {
        match (operation, variant.family) {
            (Operation::PartialStatistic, _) => vec![Self::Partial],
            (Operation::MergeStatistics, _) => vec![Self::Merge],
            (operation, _) if operation.is_per_row() => vec![Self::FromSaved],
            (_, Family::Registers { quads }) if variant.groups > 0 => {
                vec![Self::Registers {
                    quads,
                    whole: true,
                    counted: 0,
                }]
            }
            (_, Family::Registers { quads }) => {
                let whole = cols == 4 * quads * variant.lanes && variant.access != Access::Shifted;
                vec![match operation.is_elementwise() {
                    true => Self::Unrolled { quads, whole },
                    false => Self::Registers {
                        quads,
                        whole,
                        counted: 0,
                    },
                }]
            }
            (_, Family::Streamed) => vec![Self::Streamed],
            (_, Family::Split { .. }) if variant.groups > 0 => {
                vec![Self::Partial, Self::Combine, Self::Finish]
            }
            (_, Family::Split { .. }) => vec![Self::Partial, Self::Finish],
            (_, Family::Elementwise { .. }) => vec![Self::Elementwise],
        }
    }

    /// Narrows the stage to causal rows of which every one counts the first `counted` quads of a lane, and none counts
    /// more than `most`. If `most` is fewer than all quads of the row, these lie wholly within it.
    pub(crate) fn narrowed(self, counted: u32, most: u32) -> Self {
        match self {
            Self::Registers { quads, whole, .. } => Self::Registers {
                quads: most.min(quads),
                whole: whole || most < quads,
                counted,
            },
            other => other,
        }
    }

    /// The name in labels.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Registers { .. } => "registers",
            Self::Streamed => "streamed",
            Self::Partial => "partial",
            Self::Combine => "combine",
            Self::Finish => "finish",
            Self::Elementwise => "elementwise",
            Self::Unrolled { .. } => "unrolled",
            Self::Merge => "merge",
            Self::FromSaved => "from_saved",
            Self::CountTargets => "count_targets",
            Self::ReduceLosses => "reduce_losses",
            Self::MergeTallies => "merge_tallies",
        }
    }

    const fn is_tally(self) -> bool {
        matches!(
            self,
            Self::CountTargets | Self::ReduceLosses | Self::MergeTallies
        )
    }
}

/// Service of rows on a strided axis by an invocation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Strided {
    /// Groups of four rows.
    pub groups: u32,
    /// True if the rows of a slice make up whole groups.
    pub whole: bool,
}

/// Bytes of workgroup memory that an invocation takes for a `Tally` of `shaders/target.wgsl`.
pub(crate) const TALLIED: u32 = 32;

/// The program of one pipeline: everything that decides its text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Program {
    /// The operation.
    pub operation: Operation,
    /// Code options.
    pub options: KernelOptions,
    /// The stage, one of the operation's dispatches.
    pub stage: Stage,
    /// Way in which lanes merge.
    pub reduce: Reduce,
    /// Lanes that share a row.
    pub lanes: u32,
    /// Invocations of a workgroup.
    pub workgroup: u32,
    /// Accesses by which values are moved.
    pub access: Access,
    /// True if values are moved by 64-bit integers.
    pub int64: bool,
    /// Storage type of the matrices.
    pub dtype: DType,
    /// Groups of rows of an invocation, if rows lie on a strided axis.
    pub strided: Option<Strided>,
}

impl Program {
    /// Returns the programs of a variant, in the order in which they are dispatched.
    pub(crate) fn of(geometry: &Geometry, variant: Variant) -> Vec<Self> {
        let &Geometry {
            operation, options, ..
        } = geometry;
        let Variant {
            reduce,
            lanes,
            workgroup,
            access,
            int64,
            ..
        } = variant;
        let program = |stage| Self {
            // Parts of logits are folded by one program for all operations, unless target weights are summed as well.
            operation: match stage {
                Stage::Partial | Stage::Combine
                    if options.matrices_read(operation) == 1 && !options.is_dense() =>
                {
                    Operation::PartialStatistic
                }
                _ => operation,
            },
            options: match stage {
                // Folding writes no matrix, so it is never in place; without target weights it is the same for every
                // loss.
                Stage::Partial | Stage::Combine => KernelOptions {
                    in_place: false,
                    loss_options: options.loss_options && options.is_dense(),
                    ..options
                },
                _ => options,
            },
            stage,
            reduce,
            lanes,
            workgroup,
            access,
            int64: int64 && access.takes_int64(options.in_place),
            strided: match variant.groups {
                0 => None,
                groups => Some(Strided {
                    groups,
                    whole: geometry.inner.is_multiple_of(4),
                }),
            },
            dtype: match stage {
                Stage::Merge => DType::F32,
                _ => geometry.dtype,
            },
        };
        Stage::of(operation, variant, geometry.cols)
            .into_iter()
            .map(program)
            .collect()
    }

    /// Makes a program that counts targets or sums losses, with workgroups of up to 256 invocations.
    pub fn tally(stage: Stage, options: KernelOptions, max_invocations: u32) -> Self {
        let lanes = 1 << max_invocations.clamp(1, 256).ilog2();
        let (reduce, access) = (Reduce::Workgroup, Access::Words);
        Self {
            operation: Operation::CrossEntropy,
            options,
            stage,
            reduce,
            lanes,
            workgroup: lanes,
            access,
            int64: false,
            dtype: DType::F32,
            strided: None,
        }
    }

    /// Bytes of workgroup memory.
    pub(crate) fn workgroup_bytes(&self) -> u32 {
        let reduced = match self.reduce {
            Reduce::Workgroup => REDUCED,
            Reduce::Invocation | Reduce::Subgroup => 0,
        };
        let tallied = if self.stage.is_tally() { TALLIED } else { 0 };
        self.workgroup * (reduced + tallied)
    }

    /// Bytes of workgroup memory that a text of the program declares.
    pub(crate) fn memory_in(&self, text: &str) -> u32 {
        let of_invocation = |line: &str| match line.strip_prefix("var<workgroup> ") {
            Some(declared) if declared.contains("array<Tally") => TALLIED,
            Some(_) => 4,
            None => 0,
        };
        self.workgroup * text.lines().map(of_invocation).sum::<u32>()
    }

    /// Returns true if an invocation serves one row, or a part of one.
    pub(crate) const fn serves_single_rows(&self) -> bool {
        self.strided.is_none() || matches!(self.stage, Stage::Combine | Stage::FromSaved)
    }

    /// The label of the pipeline and of its dispatches.
    pub fn label(&self) -> String {
        format!(
            "wgpu-softmax {}{}{}.{}.{}",
            self.operation,
            self.options,
            if self.options.loss_options {
                ".options"
            } else {
                ""
            },
            self.stage.name(),
            self.dtype
        )
    }

    /// Name of the entry point. Its file has the same name, except for those in `merge.wgsl` and `tally.wgsl`.
    pub fn entry_point(&self) -> &'static str {
        match (self.stage, self.is_strided()) {
            (Stage::Registers { .. }, true) => "strided_registers",
            (Stage::FromSaved, true) => self.stage.name(),
            (_, true) => "strided",
            (Stage::CountTargets | Stage::ReduceLosses, _) => "tally_rows",
            (stage, _) => stage.name(),
        }
    }

    /// Returns true if every access lies wholly within its rows, but for those to a row's last quads.
    fn has_whole_accesses(&self) -> bool {
        match (self.stage, self.strided) {
            (_, Some(strided)) => strided.whole,
            (Stage::Registers { whole, .. } | Stage::Unrolled { whole, .. }, None) => whole,
            _ => false,
        }
    }

    /// Returns true if rows on a strided axis are served by fours.
    const fn is_strided(&self) -> bool {
        self.strided.is_some() && !matches!(self.stage, Stage::Combine)
    }

    /// Returns true if logits are folded, relative to their maximum.
    fn has_max(&self) -> bool {
        !matches!(
            self.operation,
            Operation::SoftmaxBackward | Operation::LogSoftmaxBackward
        )
    }

    const fn is_cross_entropy(&self) -> bool {
        matches!(
            self.operation,
            Operation::CrossEntropy
                | Operation::CrossEntropyBackward
                | Operation::CrossEntropyFused
                | Operation::CrossEntropyFromPairs
        )
    }
}
