//! From a variant to WGSL text: which pieces are joined, which overrides are set, which bindings are used.
//!
//! A piece is a plain file under `shaders/`. Pieces of one folder declare the same names, so that one of them can
//! stand for another. A test walks every program and compares what is said here with what naga reads.

use std::borrow::Cow;

use crate::DType;
use crate::variant::{Access, Family, Operation, Reduce, Variant};

/// A file under `shaders/` with its name.
macro_rules! piece {
    ($name:literal) => {
        (
            $name,
            Cow::Borrowed(include_str!(concat!("../shaders/", $name))),
        )
    };
}

type Piece = (&'static str, Cow<'static, str>);

/// One dispatch of an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Stage {
    /// Rows in registers.
    Registers {
        /// Groups of four values that a lane holds.
        quads: u32,
    },
    /// Rows read twice.
    Streamed,
    /// Parts of rows, folded.
    Partial,
    /// Parts of rows, merged and written.
    Finish,
    /// Rows written from what is known of them.
    Elementwise,
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
    /// The stages of an operation by a variant of this family, in the order in which they are dispatched.
    pub fn of(operation: Operation, family: Family) -> Vec<Self> {
        match (operation, family) {
            (Operation::PartialStatistic, _) => vec![Self::Partial],
            (Operation::MergeStatistics, _) => vec![Self::Merge],
            (Operation::CrossEntropyFromPairs, _) => vec![Self::Recalled],
            (_, Family::Registers { quads }) => vec![Self::Registers { quads }],
            (_, Family::Streamed) => vec![Self::Streamed],
            (_, Family::Split { .. }) => vec![Self::Partial, Self::Finish],
            (_, Family::Elementwise { .. }) => vec![Self::Elementwise],
        }
    }

    /// The name of the entry point.
    pub const fn entry_point(self) -> &'static str {
        match self {
            Self::Registers { .. } => "registers",
            Self::Streamed => "streamed",
            Self::Partial => "partial",
            Self::Finish => "finish",
            Self::Elementwise => "elementwise",
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

/// What is compiled into one pipeline.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Program {
    /// The operation.
    pub operation: Operation,
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
    /// How they are stored.
    pub dtype: DType,
}

/// What a binding number stands for. The number is the discriminant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u32)]
#[expect(missing_docs, reason = "the names are those of the shaders")]
pub enum Binding {
    Params = 0,
    Source = 1,
    Upstream = 2,
    Result = 3,
    Partials = 4,
    RowInput = 5,
    RowOutput = 6,
    Pairs = 7,
    Tally = 8,
    Lse = 9,
    Status = 10,
    ReducedLoss = 11,
}

impl Program {
    /// The programs of a variant, in the order in which they are dispatched.
    pub fn of(operation: Operation, dtype: DType, variant: Variant) -> Vec<Self> {
        let Variant {
            family,
            reduce,
            lanes,
            workgroup,
            access,
        } = variant;
        let program = |stage| Self {
            // Parts of logits are folded alike whatever comes of them.
            operation: match stage {
                Stage::Partial if operation.matrices_read() == 1 => Operation::PartialStatistic,
                _ => operation,
            },
            stage,
            reduce,
            lanes,
            workgroup,
            access,
            dtype: match stage {
                Stage::Merge => DType::F32,
                _ => dtype,
            },
        };
        Stage::of(operation, family)
            .into_iter()
            .map(program)
            .collect()
    }

    /// A program that counts targets or sums losses, by workgroups of up to 256.
    pub fn tally(stage: Stage, max_invocations: u32) -> Self {
        let lanes = if max_invocations >= 256 { 256 } else { 64 };
        let (reduce, access) = (Reduce::Workgroup, Access::Words);
        Self {
            operation: Operation::CrossEntropy,
            stage,
            reduce,
            lanes,
            workgroup: lanes,
            access,
            dtype: DType::F32,
        }
    }

    /// The label of the pipeline and of its dispatches.
    pub fn label(&self) -> String {
        format!(
            "wgpu-softmax {}.{}.{}",
            self.operation,
            self.stage.entry_point(),
            self.dtype
        )
    }

    /// The overrides and their values.
    pub fn overrides(&self) -> Vec<(&'static str, f64)> {
        let mut list = vec![("WORKGROUP", f64::from(self.workgroup))];
        if self.reduce != Reduce::Invocation {
            list.push(("LANES", f64::from(self.lanes)));
        }
        list
    }

    /// The bindings that the entry point uses, in ascending order, and whether each may be written.
    pub fn bindings(&self) -> Vec<(Binding, bool)> {
        let mut list = vec![(Binding::Params, false)];
        list.extend(self.matrix_bindings());
        list.extend(self.row_bindings());
        list.sort();
        list
    }

    fn matrix_bindings(&self) -> Vec<(Binding, bool)> {
        if self.stage.is_tally() {
            return Vec::new();
        }
        if self.stage == Stage::Merge {
            return vec![(Binding::Partials, true)];
        }
        let mut list = vec![(Binding::Source, false)];
        if self.operation.matrices_read() == 2 {
            list.push((Binding::Upstream, false));
        }
        if matches!(self.stage, Stage::Partial | Stage::Finish) {
            list.push((Binding::Partials, true));
        }
        if self.operation.writes_matrix() && self.stage != Stage::Partial {
            list.push((Binding::Result, true));
        }
        list
    }

    fn row_bindings(&self) -> Vec<(Binding, bool)> {
        use Binding::{Lse, Pairs, ReducedLoss, RowInput, RowOutput, Status, Tally};
        match (self.stage, self.operation) {
            (Stage::Partial, _) => Vec::new(),
            (Stage::CountTargets, _) => {
                vec![
                    (RowInput, false),
                    (Tally, true),
                    (Status, true),
                    (ReducedLoss, true),
                ]
            }
            (Stage::ReduceLosses, _) => {
                vec![
                    (RowInput, false),
                    (RowOutput, false),
                    (Tally, true),
                    (Status, true),
                    (ReducedLoss, true),
                ]
            }
            (Stage::MergeTallies, _) => vec![(Tally, true), (Status, true), (ReducedLoss, true)],
            (_, Operation::MergeStatistics) => vec![(Pairs, true), (Lse, true)],
            (_, Operation::SoftmaxFromPairs | Operation::Jacobian) => vec![(Pairs, false)],
            (_, Operation::LogSumExp) => vec![(RowOutput, true)],
            (_, Operation::LogSumExpBackward) => vec![(RowInput, false)],
            (_, Operation::CrossEntropyBackward) => {
                vec![(RowInput, false), (Pairs, true), (Tally, false)]
            }
            (
                _,
                Operation::CrossEntropy
                | Operation::CrossEntropyFused
                | Operation::CrossEntropyFromPairs,
            ) => {
                vec![
                    (RowInput, false),
                    (RowOutput, true),
                    (Pairs, true),
                    (Tally, false),
                    (Lse, true),
                ]
            }
            _ => Vec::new(),
        }
    }

    /// The whole WGSL text.
    pub fn wgsl(&self) -> String {
        let mut text = String::new();
        for (name, piece) in self.pieces() {
            text.push_str("// ---- ");
            text.push_str(name);
            text.push('\n');
            text.push_str(&piece);
            text.push('\n');
        }
        text
    }

    fn pieces(&self) -> Vec<Piece> {
        let mut list = vec![
            reduce_piece(self.reduce),
            piece!("grid.wgsl"),
            piece!("bits.wgsl"),
            piece!("scaled.wgsl"),
            piece!("statistic.wgsl"),
        ];
        if self.stage.is_tally() {
            list.extend([
                piece!("tally_record.wgsl"),
                piece!("formula/target.wgsl"),
                piece!("tally.wgsl"),
            ]);
            return list;
        }
        list.extend(storage_pieces(self.dtype, self.access));
        list.extend(formula_pieces(self.operation));
        list.push(if self.operation.writes_matrix() {
            piece!("result/stored.wgsl")
        } else {
            piece!("result/none.wgsl")
        });
        list.extend(stage_pieces(self.stage));
        list
    }
}

fn reduce_piece(reduce: Reduce) -> Piece {
    match reduce {
        Reduce::Invocation => piece!("reduce/invocation.wgsl"),
        Reduce::Subgroup => piece!("reduce/subgroup.wgsl"),
        Reduce::Workgroup => piece!("reduce/workgroup.wgsl"),
    }
}

fn storage_pieces(dtype: DType, access: Access) -> Vec<Piece> {
    let within = piece!("storage/within.wgsl");
    let halves = match access {
        Access::Quads => piece!("storage/half_quads.wgsl"),
        Access::Words => piece!("storage/half_words.wgsl"),
    };
    match (dtype, access) {
        (DType::F32, Access::Quads) => vec![within, piece!("storage/f32_quads.wgsl")],
        (DType::F32, Access::Words) => vec![within, piece!("storage/f32_words.wgsl")],
        (DType::F16, _) => vec![within, halves, piece!("storage/f16.wgsl")],
        (DType::Bf16, _) => vec![within, halves, piece!("storage/bf16.wgsl")],
    }
}

fn formula_pieces(operation: Operation) -> Vec<Piece> {
    let logits = piece!("streams/logits.wgsl");
    let gradient = piece!("streams/gradient.wgsl");
    match operation {
        Operation::PartialStatistic => vec![logits],
        Operation::MergeStatistics => vec![piece!("formula/pair.wgsl")],
        Operation::Softmax | Operation::SoftmaxFromPairs => {
            vec![logits, piece!("formula/softmax.wgsl")]
        }
        Operation::LogSoftmax => vec![logits, piece!("formula/log_softmax.wgsl")],
        Operation::LogSumExp => vec![logits, piece!("formula/logsumexp.wgsl")],
        Operation::LogSumExpBackward => vec![logits, piece!("formula/logsumexp_backward.wgsl")],
        Operation::SoftmaxBackward => vec![gradient, piece!("formula/softmax_backward.wgsl")],
        Operation::LogSoftmaxBackward => {
            vec![gradient, piece!("formula/log_softmax_backward.wgsl")]
        }
        Operation::CrossEntropy
        | Operation::CrossEntropyBackward
        | Operation::CrossEntropyFused
        | Operation::CrossEntropyFromPairs => vec![
            logits,
            piece!("tally_record.wgsl"),
            piece!("formula/target.wgsl"),
            piece!("formula/cross_entropy.wgsl"),
        ],
        Operation::Jacobian => vec![piece!("formula/jacobian.wgsl")],
    }
}

fn stage_pieces(stage: Stage) -> Vec<Piece> {
    let (fold, write) = (piece!("family/fold.wgsl"), piece!("family/write.wgsl"));
    let record = piece!("family/partial_record.wgsl");
    match stage {
        Stage::Registers { quads } => {
            let length = (
                "(generated)",
                Cow::Owned(format!("const QUADS: u32 = {quads}u;\n")),
            );
            vec![length, fold, piece!("family/registers.wgsl")]
        }
        Stage::Streamed => vec![fold, write, piece!("family/streamed.wgsl")],
        Stage::Partial => vec![record, fold, piece!("family/partial.wgsl")],
        Stage::Finish => vec![record, write, piece!("family/finish.wgsl")],
        Stage::Elementwise => vec![write, piece!("family/elementwise.wgsl")],
        Stage::Merge => vec![record, piece!("family/merge.wgsl")],
        Stage::Recalled => vec![piece!("family/recalled.wgsl")],
        Stage::CountTargets | Stage::ReduceLosses | Stage::MergeTallies => Vec::new(),
    }
}
