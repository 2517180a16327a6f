//! Programs: everything that decides the text of a pipeline.

use crate::spec::dtype::DType;
use crate::variant::problem::Geometry;
use crate::variant::{
    Access, Family, KernelOptions, Masking, Operation, Problem, Product, Reduce, TargetKind, Tile,
    Variant,
};

/// One dispatch of an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Stage {
    /// Rows in registers.
    Registers,
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
    Unrolled,
    /// Records of parts of rows, merged.
    Merge,
    /// Values of one a row, written from the row's saved statistic.
    FromSaved,
    /// Targets counted.
    CountTargets,
    /// Targets counted and losses summed.
    ReduceLosses,
    /// Losses summed, of targets that are counted.
    SumLosses,
    /// Records of counts and sums merged.
    MergeTallies,
    /// A product of matrices.
    Gemm(Product, Tile),
    /// Columns of a matrix, summed.
    ColumnSums,
    /// Elements of a product, rounded to 16 bits.
    Narrow,
}

impl Stage {
    /// Returns the stages of an operation in the order in which they are dispatched.
    fn of(operation: Operation, variant: Variant) -> &'static [Self] {
        match (operation, variant.family) {
            (Operation::PartialStatistic, _) => &[Self::Partial],
            (Operation::MergeStatistics, _) => &[Self::Merge],
            (operation, _) if operation.is_per_row() => &[Self::FromSaved],
            (operation, Family::Registers { .. })
                if operation.is_elementwise() && variant.groups == 0 =>
            {
                &[Self::Unrolled]
            }
            (_, Family::Registers { .. }) => &[Self::Registers],
            (_, Family::Streamed) => &[Self::Streamed],
            (_, Family::Split { .. }) if variant.groups > 0 => {
                &[Self::Partial, Self::Combine, Self::Finish]
            }
            (_, Family::Split { .. }) => &[Self::Partial, Self::Finish],
            (_, Family::Elementwise { .. }) => &[Self::Elementwise],
        }
    }

    /// The name in labels.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Registers => "registers",
            Self::Streamed => "streamed",
            Self::Partial => "partial",
            Self::Combine => "combine",
            Self::Finish => "finish",
            Self::Elementwise => "elementwise",
            Self::Unrolled => "unrolled",
            Self::Merge => "merge",
            Self::FromSaved => "from_saved",
            Self::CountTargets => "count_targets",
            Self::ReduceLosses => "reduce_losses",
            Self::SumLosses => "sum_losses",
            Self::MergeTallies => "merge_tallies",
            Self::Gemm(product, _) => product.name(),
            Self::ColumnSums => "grad_bias",
            Self::Narrow => "narrow",
        }
    }

    /// Returns true if a lane holds a known number of quads of its row.
    pub(super) const fn is_in_registers(self) -> bool {
        matches!(self, Self::Registers | Self::Unrolled)
    }

    /// Returns true for the dispatches of a linear layer. Their results are f32.
    pub(crate) const fn is_linear(self) -> bool {
        matches!(self, Self::Gemm(..) | Self::ColumnSums | Self::Narrow)
    }

    pub(super) const fn is_tally(self) -> bool {
        matches!(
            self,
            Self::CountTargets | Self::ReduceLosses | Self::SumLosses | Self::MergeTallies
        )
    }
}

/// Bytes of workgroup memory that an invocation takes for a `Tally` of `shaders/target.wgsl`.
pub(crate) const TALLIED: u32 = 32;

/// The program of one pipeline: everything that decides its text, which `text.rs` joins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Program {
    /// The operation.
    pub operation: Operation,
    /// Code options.
    pub options: KernelOptions,
    /// The stage, one of the operation's dispatches.
    pub stage: Stage,
    /// The variant. Its family counts only for rows in registers; it is [`Family::Streamed`] for all others, so that
    /// they share pipelines.
    pub variant: Variant,
    /// Storage type of the matrices.
    pub dtype: DType,
    /// True if each quad of registers lies wholly within the row; on a strided axis, each group of rows within the slice.
    pub whole: bool,
    /// For causal rows in registers: quads of a lane whose columns every row counts.
    pub counted: u32,
}

impl Program {
    /// Returns the programs of a variant, in the order in which they are dispatched.
    pub(crate) fn of(geometry: &Geometry, variant: Variant) -> Vec<Self> {
        let Problem {
            operation, options, ..
        } = geometry.problem;
        let program = |&stage: &Stage| {
            let folds = matches!(stage, Stage::Partial | Stage::Combine);
            let family = match stage.is_in_registers() {
                true => variant.family,
                false => Family::Streamed,
            };
            let (access, lanes) = (variant.access, variant.lanes);
            Self {
                // Parts of logits are folded by one program for all operations, unless target weights are summed as well.
                operation: match options.matrices_read(operation) {
                    1 if folds && !options.is_dense() => Operation::PartialStatistic,
                    _ => operation,
                },
                // Folding writes no matrix, so it is never in place, and leaves sinks out; without target weights it is the same for
                // every loss.
                options: KernelOptions {
                    in_place: options.in_place && !folds,
                    loss_options: options.loss_options && (options.is_dense() || !folds),
                    row_weighted: options.row_weighted && !folds,
                    sink: options.sink && !folds,
                    ..options
                },
                stage,
                variant: Variant {
                    family,
                    int64: variant.int64 && access.takes_int64(options.in_place),
                    ..variant
                },
                dtype: match stage {
                    Stage::Merge => DType::F32,
                    _ => geometry.problem.dtype,
                },
                whole: match family {
                    _ if variant.groups > 0 => geometry.problem.inner.is_multiple_of(4),
                    Family::Registers { quads } => {
                        geometry.problem.cols == 4 * quads * lanes && access != Access::Shifted
                    }
                    _ => false,
                },
                counted: 0,
            }
        };
        Stage::of(operation, variant).iter().map(program).collect()
    }

    /// Blocks of sixteen rows that an invocation of a tally takes: a workgroup takes 4,096 rows, or with few lanes as many as they
    /// add accurately.
    pub(crate) fn row_blocks(&self) -> u32 {
        (256 / self.variant.lanes.max(1)).clamp(1, 16)
    }

    /// Lanes that merge in a round of a tally. A GPU has many: barriers take longer than reads of workgroup memory.
    pub(super) fn tally_fan(&self) -> u32 {
        if self.variant.lanes > 16 { 16 } else { 4 }
    }

    /// Makes a program that counts targets or sums losses, with workgroups of up to 256 invocations.
    pub fn tally(stage: Stage, options: KernelOptions, max_invocations: u32) -> Self {
        let lanes = 1 << max_invocations.clamp(1, 256).ilog2();
        Self {
            operation: Operation::CrossEntropy,
            options,
            stage,
            variant: Variant {
                family: Family::Streamed,
                reduce: Reduce::Workgroup,
                lanes,
                workgroup: lanes,
                access: Access::Words,
                int64: false,
                groups: 0,
            },
            dtype: DType::F32,
            whole: false,
            counted: 0,
        }
    }

    /// Makes a program that multiplies matrices, of which hidden and the weight are stored as `dtype`, and of which every row starts
    /// on a multiple of four elements if it `is_aligned`.
    pub fn gemm(product: Product, tile: Tile, dtype: DType, is_aligned: bool) -> Self {
        Self {
            operation: Operation::LinearCrossEntropy,
            options: KernelOptions::default(),
            stage: Stage::Gemm(product, tile),
            variant: tile.variant(is_aligned),
            dtype,
            whole: false,
            counted: 0,
        }
    }

    /// Makes a program of which an invocation sums a column of f32, or rounds two elements to `dtype`, with workgroups of up to
    /// 64 invocations.
    pub fn of_linear(stage: Stage, dtype: DType, max_invocations: u32) -> Self {
        let program = Self::gemm(Product::GradWeight, Tile::REGISTERS, dtype, false);
        Self {
            stage,
            variant: Variant {
                lanes: 1,
                workgroup: 1 << max_invocations.clamp(1, 64).ilog2(),
                ..program.variant
            },
            ..program
        }
    }

    /// Narrows a program to causal rows of which every one counts the first `counted` quads of a lane, and none counts
    /// more than `most`. If `most` is fewer than all quads of the row, these lie wholly within it.
    pub(crate) fn narrowed(self, counted: u32, most: u32) -> Self {
        let Family::Registers { quads } = self.variant.family else {
            return self;
        };
        let family = Family::Registers {
            quads: most.min(quads),
        };
        Self {
            variant: Variant {
                family,
                ..self.variant
            },
            whole: self.whole || most < quads,
            counted,
            ..self
        }
    }

    /// Bytes of workgroup memory that a text of the program declares.
    pub(crate) fn memory_in(&self, text: &str) -> u32 {
        let Variant {
            reduce,
            lanes,
            workgroup,
            ..
        } = self.variant;
        let bytes = |line: &str| match line.strip_prefix("var<workgroup> ") {
            Some(array) if array.contains("array<Tally") => TALLIED * workgroup,
            Some(_) if self.stage.is_linear() => self.tile().workgroup_bytes(),
            Some(array) if array.contains("vec2<u32>") => 8 * workgroup / reduce.shuffled(lanes),
            Some(_) => 4 * workgroup / reduce.shuffled(lanes),
            None => 0,
        };
        text.lines().map(bytes).sum()
    }

    /// The tile of a product; any of another stage.
    pub(super) const fn tile(&self) -> Tile {
        match self.stage {
            Stage::Gemm(_, tile) => tile,
            _ => Tile::REGISTERS,
        }
    }

    /// Returns true if an invocation serves one row, or a part of one.
    pub(crate) const fn serves_single_rows(&self) -> bool {
        !self.is_strided() || matches!(self.stage, Stage::FromSaved)
    }

    /// Returns true if rows on a strided axis are served by fours.
    pub(super) const fn is_strided(&self) -> bool {
        self.variant.groups > 0 && !matches!(self.stage, Stage::Combine)
    }

    /// Returns true if what rows are given one by one would be a binding more than every device has: it is read gathered.
    pub(super) const fn is_full(&self) -> bool {
        let options = self.options;
        matches!(self.stage, Stage::Finish)
            && matches!(self.operation, Operation::CrossEntropyFused)
            && !matches!(options.masking, Masking::None)
            && !matches!(options.target_kind, TargetKind::Probabilities)
            && options.loss_options
            && !options.in_place
    }

    /// The label of the pipeline and of its dispatches.
    pub fn label(&self) -> String {
        let Self {
            operation, options, ..
        } = self;
        let of_loss = match (options.row_weighted, options.row_scaled) {
            (true, true) => ".row-weights.row-scales",
            (true, false) => ".row-weights",
            (false, true) => ".row-scales",
            (false, false) if options.loss_options => ".options",
            (false, false) => "",
        };
        let (stage, dtype) = (self.stage.name(), self.dtype);
        format!("wgpu-softmax {operation}{options}{of_loss}.{stage}.{dtype}")
    }

    /// Name of the entry point. Its file has the same name, except for those in `elementwise.wgsl`, `merge.wgsl`, `tally.wgsl` and
    /// `gemm.wgsl`.
    pub const fn entry_point(&self) -> &'static str {
        match (self.stage, self.is_strided()) {
            (Stage::Registers, true) => "strided_registers",
            (Stage::FromSaved, true) => self.stage.name(),
            (_, true) => "strided",
            (Stage::CountTargets | Stage::ReduceLosses | Stage::SumLosses, _) => "tally_rows",
            (Stage::Gemm(..), _) => "gemm",
            (Stage::ColumnSums, _) => "column_sums",
            (stage, _) => stage.name(),
        }
    }
}
