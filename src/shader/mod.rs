//! From a variant to WGSL text: which pieces are joined, which overrides are set, which bindings are used.
//!
//! A piece is a plain file under `shaders/`. Pieces of one folder declare the same names, so that one of them can
//! stand for another. A test walks every program and compares what is said here with what naga reads.

mod bindings;
#[cfg(feature = "planted-faults")]
pub mod faults;
pub mod options;
mod pieces;
mod unroll;

use crate::DType;
use crate::layout::Geometry;
use crate::variant::{Access, Family, Form, Operation, REDUCED, Reduce, Variant};

pub use bindings::Binding;

/// One dispatch of an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Stage {
    /// Rows in registers.
    Registers {
        /// Groups of four values that a lane holds.
        quads: u32,
        /// Whether each of them lies whole within the row.
        whole: bool,
        /// Of causal rows, how many of them are of columns that every row counts.
        counted: u32,
    },
    /// Rows read twice.
    Streamed,
    /// Parts of rows, folded.
    Partial,
    /// Parts of rows side by side, merged into one.
    Combine,
    /// Parts of rows, merged and written.
    Finish,
    /// Rows written from what is known of them.
    Elementwise,
    /// Short rows written from what is known of them, without a loop.
    Unrolled {
        /// Groups of four values that a lane writes.
        quads: u32,
        /// Whether each of them lies whole within the row.
        whole: bool,
    },
    /// Records of parts of rows, merged.
    Merge,
    /// What is written per row, from what is known of it.
    Recalled,
    /// Targets counted.
    CountTargets,
    /// Targets counted and losses summed.
    ReduceLosses,
    /// Records of counts and sums merged.
    MergeTallies,
}

impl Stage {
    /// The stages of an operation on rows of `cols` columns, in the order in which they are dispatched.
    pub fn of(operation: Operation, variant: Variant, cols: u32) -> Vec<Self> {
        match (operation, variant.family) {
            (Operation::PartialStatistic, _) => vec![Self::Partial],
            (Operation::MergeStatistics, _) => vec![Self::Merge],
            (operation, _) if operation.is_per_row() => vec![Self::Recalled],
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

    /// The same for causal rows of which every one counts so many quads of a lane, and none counts more than so many. If
    /// these are not all of the row's, they lie whole within it.
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

    /// The name of the entry point.
    pub const fn entry_point(self) -> &'static str {
        match self {
            Self::Registers { .. } => "registers",
            Self::Streamed => "streamed",
            Self::Partial => "partial",
            Self::Combine => "combine",
            Self::Finish => "finish",
            Self::Elementwise => "elementwise",
            Self::Unrolled { .. } => "unrolled",
            Self::Merge => "merge",
            Self::Recalled => "recalled",
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

/// How an invocation serves rows that lie side by side.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Beside {
    /// Groups of four rows.
    pub groups: u32,
    /// Whether the rows of a slice make up whole groups.
    pub whole: bool,
}

/// Bytes of workgroup memory that an invocation takes for a record of `shaders/tally_record.wgsl`.
pub(crate) const TALLIED: u32 = 32;

/// What is compiled into one pipeline.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Program {
    /// The operation.
    pub operation: Operation,
    /// Which code its options ask for.
    pub form: Form,
    /// Which of its dispatches.
    pub stage: Stage,
    /// How lanes merge.
    pub reduce: Reduce,
    /// Lanes that share a row.
    pub lanes: u32,
    /// Invocations of a workgroup.
    pub workgroup: u32,
    /// How values are moved.
    pub access: Access,
    /// Whether that is by 64-bit integers.
    pub int64: bool,
    /// How they are stored.
    pub dtype: DType,
    /// Where rows lie side by side.
    pub beside: Option<Beside>,
}

impl Program {
    /// The programs of a variant, in the order in which they are dispatched.
    pub(crate) fn of(geometry: &Geometry, variant: Variant) -> Vec<Self> {
        let &Geometry {
            operation, form, ..
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
            // Parts of logits are folded alike whatever comes of them, unless shares are summed as well.
            operation: match stage {
                Stage::Partial | Stage::Combine
                    if form.matrices_read(operation) == 1 && !form.is_dense() =>
                {
                    Operation::PartialStatistic
                }
                _ => operation,
            },
            form: match stage {
                // Nothing is written over what is folded.
                Stage::Partial | Stage::Combine => Form {
                    in_place: false,
                    ..form
                },
                _ => form,
            },
            stage,
            reduce,
            lanes,
            workgroup,
            access,
            int64: int64 && access.takes_int64(form.in_place),
            beside: match variant.groups {
                0 => None,
                groups => Some(Beside {
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

    /// A program that counts targets or sums losses, by workgroups of up to 256.
    pub fn tally(stage: Stage, form: Form, max_invocations: u32) -> Self {
        let lanes = 1 << max_invocations.clamp(1, 256).ilog2();
        let (reduce, access) = (Reduce::Workgroup, Access::Words);
        Self {
            operation: Operation::CrossEntropy,
            form,
            stage,
            reduce,
            lanes,
            workgroup: lanes,
            access,
            int64: false,
            dtype: DType::F32,
            beside: None,
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

    /// Whether an invocation serves one row, or a part of one.
    pub(crate) const fn serves_single_rows(&self) -> bool {
        self.beside.is_none() || matches!(self.stage, Stage::Combine | Stage::Recalled)
    }

    /// The label of the pipeline and of its dispatches.
    pub fn label(&self) -> String {
        format!(
            "wgpu-softmax {}{}.{}.{}",
            self.operation,
            self.form,
            self.stage.entry_point(),
            self.dtype
        )
    }

    /// The overrides and their values.
    pub fn overrides(&self) -> Vec<(&'static str, f64)> {
        let flag = |value: bool| f64::from(u8::from(value));
        let mut list = vec![
            ("WORKGROUP", f64::from(self.workgroup)),
            ("SHIFTED", flag(self.access == Access::Shifted)),
        ];
        if self.reduce != Reduce::Invocation {
            list.push(("LANES", f64::from(self.lanes)));
        }
        let whole = match (self.stage, self.beside) {
            (Stage::Partial | Stage::Combine | Stage::Recalled, _) => None,
            (_, Some(beside)) => Some(beside.whole),
            (Stage::Registers { whole, .. } | Stage::Unrolled { whole, .. }, None) => Some(whole),
            _ => None,
        };
        list.extend(whole.map(|whole| ("WHOLE", flag(whole))));
        let counted = match self.stage {
            Stage::Registers { counted, .. } => counted,
            _ => 0,
        };
        list.extend(self.form.causal.then_some(("COUNTED", f64::from(counted))));
        if self.form.is_told() {
            list.extend([
                ("TELLS_MOMENT", flag(self.form.entropy)),
                ("TELLS_PEAK", flag(self.form.argmax)),
            ]);
        }
        list
    }
}
