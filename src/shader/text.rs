//! The WGSL text of a program: the files that are joined, and the constants and flags that decide them.
//!
//! A slot is filled by one of several files, which declare the same names, or by none where the program needs none of them.
//! All other files are joined into every program.

use std::borrow::Cow;

use bytemuck::Contiguous;

use super::{Binding, Program, Stage};
use crate::spec::dtype::DType;
use crate::variant::{Access, Family, Masking, Operation, Product, Reduce, TargetKind, Variant};
#[cfg(target_arch = "wasm32")]
use crate::wgsl::code::{code, code_bytes};
use crate::wgsl::decide::decide;
use crate::wgsl::prune::{FILE, bindings, prune};
use crate::wgsl::unroll::unroll;

/// A file under `shaders/`.
pub(super) struct File {
    pub(super) name: &'static str,
    pub(super) text: &'static str,
    /// Purpose, or the programs that it serves.
    pub(super) when: &'static str,
    serves: fn(&Program) -> bool,
}

/// A set of names that one of several files declares.
pub(super) struct Slot {
    pub(super) name: &'static str,
    /// The names that its files declare.
    pub(super) provides: &'static str,
    pub(super) files: &'static [File],
}

/// The text of a file; in a browser, where nobody prints kernels, without its comments.
macro_rules! text_of {
    ($name:literal) => {{
        const WHOLE: &str = include_str!(concat!("../../shaders/", $name));
        #[cfg(not(target_arch = "wasm32"))]
        const TEXT: &str = WHOLE;
        #[cfg(target_arch = "wasm32")]
        const CODE: [u8; code_bytes(WHOLE)] = code(WHOLE);
        #[cfg(target_arch = "wasm32")]
        const TEXT: &str = match std::str::from_utf8(&CODE) {
            Ok(text) => text,
            Err(_) => WHOLE,
        };
        TEXT
    }};
}

macro_rules! file {
    ($name:literal, $when:literal) => {
        file!($name, $when, |_| true)
    };
    ($name:literal, $when:literal, $serves:expr) => {
        File {
            name: $name,
            text: text_of!($name),
            when: $when,
            serves: $serves,
        }
    };
}

/// The slots, in the order in which they are read.
#[rustfmt::skip]
pub(super) const SLOTS: &[Slot] = &[
    Slot { name: "kernel", provides: "the entry point: load, reduce, formula, store", files: &[
        file!("kernel/registers.wgsl", "a row in registers", |p| is(p, "registers")),
        file!("kernel/streamed.wgsl", "a row of any length, read twice", |p| is(p, "streamed")),
        file!("kernel/partial.wgsl", "a part of a row, folded", |p| is(p, "partial")),
        file!("kernel/finish.wgsl", "a part of a row, merged with the others and written", |p| is(p, "finish")),
        file!("kernel/elementwise.wgsl", "a row known beforehand", |p| is(p, "elementwise") || is(p, "unrolled")),
        file!("kernel/from_saved.wgsl", "values a row, from its saved pair", |p| is(p, "from_saved")),
        file!("kernel/merge.wgsl", "records of the parts of a row", |p| matches!(p.stage, Stage::Merge | Stage::Combine)),
        file!("kernel/strided_registers.wgsl", "rows on a strided axis, in registers", |p| is(p, "strided_registers")),
        file!("kernel/strided.wgsl", "rows on a strided axis, of any length", |p| is(p, "strided")),
        file!("kernel/tally.wgsl", "targets counted, losses summed", |p| p.stage.is_tally()),
        file!("kernel/gemm.wgsl", "a product of matrices, or sums of columns", |p| p.stage.is_linear()),
    ] },
    Slot { name: "tile", provides: "`Operands`, `operands_of`, `sums_of`", files: &[
        file!("tile/workgroup.wgsl", "operands of a product through workgroup memory", |p| p.stage.is_linear() && p.tile().shared),
        file!("tile/registers.wgsl", "operands of a product read by each lane", |p| p.stage.is_linear() && !p.tile().shared),
    ] },
    Slot { name: "formula", provides: "`Row`, `finish_row`, `output`, and what needs them `load_row`, `load_saved`, `store_row`", files: &[
        file!("formula/softmax.wgsl", "softmax", |p| {
            matches!(p.operation, Operation::Softmax | Operation::SoftmaxFromPairs)
        }),
        file!("formula/log_softmax.wgsl", "log-softmax", |p| p.operation == Operation::LogSoftmax),
        file!("formula/logsumexp.wgsl", "logsumexp", |p| p.operation == Operation::LogSumExp),
        file!("formula/softmax_backward.wgsl", "softmax-backward", |p| p.operation == Operation::SoftmaxBackward),
        file!("formula/log_softmax_backward.wgsl", "log-softmax-backward", |p| p.operation == Operation::LogSoftmaxBackward),
        file!("formula/logsumexp_backward.wgsl", "logsumexp-backward", |p| p.operation == Operation::LogSumExpBackward),
        file!("formula/cross_entropy.wgsl", "cross-entropy, its backward, and both", has_loss),
        file!("formula/jacobian.wgsl", "jacobian", |p| p.operation == Operation::Jacobian),
        file!("formula/merge_statistics.wgsl", "statistics of shards", |p| {
            matches!(p.operation, Operation::PartialStatistic | Operation::MergeStatistics)
        }),
        file!("formula/lse_from_pairs.wgsl", "lse of merged shards", |p| p.operation == Operation::LseFromPairs),
        file!("formula/row_outputs.wgsl", "outputs of a row in addition to its loss", |p| p.operation == Operation::RowOutputs),
        file!("formula/row_terms.wgsl", "weights, scales and upstream gradients of rows, gathered", |p| p.operation == Operation::RowTerms),
    ] },
    Slot { name: "targets", provides: "`loss_of`, `target_sum_of`", files: &[
        file!("formula/one_hot.wgsl", "a class id a row", |p| has_loss(p) && !p.options.is_dense()),
        file!("formula/dense.wgsl", "label smoothing, or probabilities", |p| has_loss(p) && p.options.is_dense()),
    ] },
    Slot { name: "input", provides: "`Cached`, `Starts`, `Scan`, `load`, `scan`, `extremes_of`", files: &[
        file!("logits.wgsl", "logits", Program::has_max),
        file!("gradient.wgsl", "an output of the forward pass, and its upstream gradient", |p| !p.has_max()),
    ] },
    Slot { name: "mask", provides: "`mask_added`, or `mask_keeps` and `mask_keeps_of`", files: &[
        file!("mask/additive.wgsl", "a mask that is added", |p| {
            matches!(p.options.masking, Masking::Added | Masking::AddedByQuads)
        }),
        file!("mask/boolean.wgsl", "a mask that keeps or excludes", |p| {
            matches!(p.options.masking, Masking::Kept | Masking::KeptByQuads)
        }),
    ] },
    Slot { name: "reduce", provides: "`reduce_extremes`, `reduce_sum`", files: &[
        file!("reduce/subgroup.wgsl", "the lanes of a row merge by shuffles, and those of several subgroups through workgroup memory", |p| {
            matches!(p.variant.reduce, Reduce::Subgroup | Reduce::Hybrid { .. })
        }),
        file!("reduce/workgroup.wgsl", "the lanes of a row merge through workgroup memory alone", |p| p.variant.reduce == Reduce::Workgroup),
    ] },
    Slot { name: "storage", provides: "`Unit`, `load_source`, `load_upstream`, `store_result`, and the same of one element", files: &[
        file!("storage/f32_quads.wgsl", "f32 on multiples of four, or shifted", |p| stores(p, false, &[Quads, Shifted])),
        file!("storage/f32_pairs.wgsl", "f32 on multiples of two", |p| stores(p, false, &[Pairs])),
        file!("storage/f32_words.wgsl", "f32 anywhere", |p| stores(p, false, &[Words])),
        file!("storage/half_quads.wgsl", "16 bits on multiples of four", |p| stores(p, true, &[Quads])),
        file!("storage/half_pairs.wgsl", "16 bits on multiples of two", |p| stores(p, true, &[Pairs])),
        file!("storage/half_shifted.wgsl", "16 bits, shifted", |p| stores(p, true, &[Shifted])),
        file!("storage/half_words.wgsl", "16 bits anywhere", |p| stores(p, true, &[Words])),
    ] },
    Slot { name: "format", provides: "`decode`, `encode`", files: &[
        file!("storage/f16.wgsl", "f16", |p| p.dtype == DType::F16),
        file!("storage/bf16.wgsl", "bf16", |p| p.dtype == DType::Bf16),
    ] },
];

/// Files that are joined into every program.
#[rustfmt::skip]
pub(super) const COMMON: &[File] = &[
    file!("kernel/quads.wgsl", "the columns of a row in registers"),
    file!("kernel/fold.wgsl", "a range of columns, folded"),
    file!("kernel/write.wgsl", "a range of columns, written"),
    file!("kernel/column.wgsl", "one column of a row, written by itself"),
    file!("kernel/groups.wgsl", "groups of rows on a strided axis"),
    file!("statistic.wgsl", "the maximum, the sums and the special values of a row"),
    file!("row_scale.wgsl", "scales of rows"),
    file!("sink.wgsl", "the sinks of rows"),
    file!("softcap.wgsl", "capped logits"),
    file!("causal.wgsl", "causal rows"),
    file!("target.wgsl", "the targets and the options of a loss"),
    file!("pairs.wgsl", "the saved pair of a row"),
    file!("records.wgsl", "the statistics of parts of rows, in memory"),
    file!("mask/axes.wgsl", "the place of a row's mask"),
    file!("storage/buffers.wgsl", "the matrices"),
    file!("storage/wide64.wgsl", "64-bit integers, as words"),
    file!("rows.wgsl", "the rows of an access: one, or four on a strided axis"),
    file!("grid.wgsl", "the places of invocations"),
    file!("params.wgsl", "the uniform"),
    file!("bits.wgsl", "special values, and ln"),
];

use Access::{Pairs, Quads, Shifted, Words};

fn is(program: &Program, entry_point: &str) -> bool {
    program.entry_point() == entry_point
}

fn has_loss(program: &Program) -> bool {
    program.operation.has_targets() && !program.stage.is_tally()
}

fn stores(program: &Program, half: bool, accesses: &[Access]) -> bool {
    // The operands of a product are read word by word, whatever they are.
    let is_half = program.dtype != DType::F32 && !program.stage.is_linear();
    is_half == half && accesses.contains(&program.variant.access)
}

impl Program {
    /// Names and texts of the files from which the program is joined.
    fn files(&self) -> impl Iterator<Item = (&'static str, Cow<'static, str>)> {
        let slots = SLOTS.iter().flat_map(|slot| slot.files);
        let files = slots.filter(|file| (file.serves)(self)).chain(COMMON);
        files.map(|file| (file.name, planted(file.name, file.text)))
    }

    /// Returns the WGSL text. The files are joined in reading order; blocks `if FLAG {` and lines that end with `// if FLAG`
    /// stay or go; and what the entry point does not reach is dropped, down to members of the uniform, whose places gaps keep.
    /// Bindings are read off the text. Loops that are marked as unrolled stay loops.
    pub fn wgsl(&self) -> String {
        let constants = format!("{FILE}constants\n{}", declared(&self.constants()));
        let files = self.files();
        let files = files.map(|(name, text)| format!("{FILE}{name}\n{text}\n"));
        let text = constants + &files.collect::<String>();
        prune(&decide(&text, &self.flags()), self.entry_point())
    }

    /// Returns the text that is compiled: [`wgsl`](Self::wgsl) with its marked loops unrolled.
    pub fn unrolled_wgsl(&self) -> String {
        self.unrolled(&self.wgsl())
    }

    pub(crate) fn unrolled(&self, wgsl: &str) -> String {
        let rows = if self.is_strided() { 4 } else { 1 };
        unroll(wgsl, &[&self.constants()[..], &[("ROWS", rows)]].concat())
    }

    /// Returns a text of the program as browsers take it: their compilers want to be told of subgroups, in a line that naga
    /// refuses.
    pub fn for_browsers(&self, wgsl: String) -> String {
        match self.uses_subgroups() {
            true => format!("enable subgroups;\n{wgsl}"),
            false => wgsl,
        }
    }

    const fn uses_subgroups(&self) -> bool {
        let reduce = self.variant.reduce;
        matches!(reduce, Reduce::Subgroup | Reduce::Hybrid { .. })
    }

    /// Bindings that a text of the program declares, in ascending order, each with true if it may be written.
    pub(crate) fn bindings_in(wgsl: &str) -> Vec<(Binding, bool)> {
        let named = |(number, is_written)| Some((Binding::from_integer(number)?, is_written));
        bindings(wgsl).into_iter().filter_map(named).collect()
    }

    /// Bindings that the entry point uses, in ascending order, each with true if it may be written.
    pub fn bindings(&self) -> Vec<(Binding, bool)> {
        Self::bindings_in(&self.wgsl())
    }

    /// Constants of the text.
    fn constants(&self) -> [(&'static str, u32); 18] {
        let Self {
            options, variant, ..
        } = self;
        let quads = match variant.family {
            Family::Registers { quads } => quads,
            _ => 0,
        };
        let records = 1 + u32::from(options.is_dense()) + u32::from(options.is_auxiliary());
        let shuffled = variant.reduce.shuffled(variant.lanes);
        // Values of a row that go through workgroup memory, and the lanes that read them together.
        let values = variant.lanes / shuffled;
        let together = values.min(shuffled);
        let tile = self.tile();
        [
            ("WORKGROUP", variant.workgroup),
            ("LANES", variant.lanes),
            ("SHUFFLED", shuffled),
            ("SHUFFLED_STEPS", shuffled.ilog2()),
            ("SHARED", variant.workgroup / shuffled),
            ("TOGETHER", together),
            ("TOGETHER_STEPS", together.ilog2()),
            ("SERIES", values / together),
            ("QUADS", quads),
            ("COUNTED", self.counted),
            ("GROUPS", variant.groups),
            ("RECORD", records),
            ("BLOCKS", self.row_blocks()),
            ("TALLY_FAN", self.tally_fan()),
            ("TILE_ROWS", tile.rows),
            ("TILE_QUADS", tile.quads),
            ("HELD", tile.rows * tile.quads),
            ("ACROSS", tile.across),
        ]
    }

    /// Flags by which the text is decided.
    #[rustfmt::skip] // a table
    fn flags(&self) -> [(&'static str, bool); 51] {
        use Operation::{CrossEntropy, CrossEntropyFused, Jacobian, LogSumExp, LogSumExpBackward, RowOutputs, RowTerms};
        let Self { operation, options, stage, variant, dtype, .. } = *self;
        let is = |operations: &[Operation]| operations.contains(&operation);
        let at = |stages: &[Stage]| stages.contains(&stage);
        let masked = |kinds: &[Masking]| kinds.contains(&options.masking);
        let is_hybrid = matches!(variant.reduce, Reduce::Hybrid { .. });
        let is_shifted = variant.access == Access::Shifted;
        let writes_matrix = operation.writes_matrix() && !at(&[Stage::Partial, Stage::Combine]);
        let (dense, has_targets) = (options.is_dense(), operation.has_targets());
        let has_column = has_targets && !dense || is(&[Jacobian]);
        let has_mask = !masked(&[Masking::None]);
        let multiplies = |product| matches!(stage, Stage::Gemm(of, _) if of == product);
        let is_half = dtype != DType::F32;
        let is_plain = !options.loss_options && operation.may_have_plain_loss();
        [
            ("STRIDED", self.is_strided()),
            ("SHIFTED", is_shifted),
            ("WHOLE", self.whole && !is_shifted),
            ("HALVED", self.is_halved()),
            ("IN_PARTS", !stage.is_in_registers()),
            ("SUBGROUPS", self.uses_subgroups()),
            ("HYBRID", is_hybrid),
            ("MERGES_LANES", variant.reduce != Reduce::Invocation),
            ("HAS_MAX", self.has_max()),
            ("DENSE", dense),
            ("PLAIN_LOSS", is_plain),
            ("HAS_TARGET_SUM", dense || !is_plain),
            ("ROW_WEIGHTED", options.row_weighted),
            ("ROW_SCALED", options.row_scaled),
            ("ROW_TERMS", options.row_weighted || options.row_scaled || self.is_full()),
            ("SINK", options.sink),
            ("PROBS", options.target_kind == TargetKind::Probabilities),
            ("TRACK_ENTROPY", options.entropy),
            ("TRACK_ARGMAX", options.argmax),
            ("AUXILIARY", options.is_auxiliary()),
            ("CAPPED", options.capped),
            ("CAUSAL", options.causal),
            ("HAS_MASK", has_mask),
            ("MASK_ADDS", masked(&[Masking::Added, Masking::AddedByQuads])),
            ("MASK_EXCLUDES", masked(&[Masking::Kept, Masking::KeptByQuads])),
            ("MASK_QUADS", masked(&[Masking::AddedByQuads, Masking::KeptByQuads])),
            ("WIDE64", variant.int64),
            ("WRITES_WIDE64", variant.int64 && !is_shifted),
            ("IN_PLACE", options.in_place),
            ("ATOMIC", dtype != DType::F32 && matches!(variant.access, Access::Words | Access::Shifted)),
            ("JACOBIAN", is(&[Jacobian])),
            ("WRITES_MATRIX", writes_matrix),
            ("HAS_COLUMN", has_column),
            ("WRITES_COLUMN", writes_matrix && has_column),
            ("HOLDS_TARGET", self.holds_target()),
            ("LOADS_ROW", has_targets || options.sink || is(&[LogSumExpBackward])),
            ("STORES_ROW", options.sink || is(&[LogSumExp, CrossEntropy, CrossEntropyFused])),
            ("FROM_PAIRS", at(&[Stage::Elementwise, Stage::Unrolled, Stage::FromSaved])),
            ("FROM_RECORDS", at(&[Stage::Finish])),
            ("KEEPS_RECORDS", at(&[Stage::Partial])),
            ("FOLDS", at(&[Stage::Streamed, Stage::Partial])),
            ("COUNTS_TARGETS", at(&[Stage::CountTargets, Stage::ReduceLosses])),
            ("READS_LOSSES", at(&[Stage::ReduceLosses, Stage::SumLosses])),
            ("SUMS_LOSSES", !at(&[Stage::CountTargets])),
            ("READS_LOSS_OR_MASK", has_targets || has_mask || is(&[RowOutputs, RowTerms]) || multiplies(Product::Logits)),
            ("BY_QUADS", variant.access == Access::Quads),
            ("A_BY_COLUMNS", multiplies(Product::GradWeight)),
            ("B_BY_ROWS", multiplies(Product::Logits)),
            ("ADDS_BIAS", multiplies(Product::Logits)),
            ("HALF_A", is_half && multiplies(Product::Logits)),
            ("HALF_B", is_half),
        ]
    }

    /// Returns true if a lane tells the target's column apart in its registers. Software adapters move each lane's values by code
    /// of their own, so that one more access costs as much as all columns of a short row.
    const fn holds_target(&self) -> bool {
        const SHORT: u32 = 256 / 4;
        let Variant {
            family,
            lanes,
            int64,
            ..
        } = self.variant;
        let is_short = matches!(family, Family::Registers { quads } if quads * lanes <= SHORT);
        let has_column = self.operation.has_targets() && !self.options.is_dense();
        let is_alone = matches!(self.stage, Stage::Registers) && !self.is_strided();
        int64 && is_short && has_column && is_alone
    }

    /// Returns true if a row of one lane ends in half a quad.
    fn is_halved(&self) -> bool {
        let Variant {
            access,
            lanes,
            groups,
            ..
        } = self.variant;
        let ends_in_pair = access == Access::Pairs && !self.whole;
        let is_alone = lanes == 1 && groups == 0 && self.stage.is_in_registers();
        ends_in_pair && is_alone && !self.options.causal
    }

    /// Returns true if logits are folded, relative to their maximum.
    pub(super) const fn has_max(&self) -> bool {
        !matches!(
            self.operation,
            Operation::SoftmaxBackward | Operation::LogSoftmaxBackward
        )
    }
}

/// Declares constants.
fn declared(constants: &[(&'static str, u32)]) -> String {
    let constants = constants.iter();
    let declared = constants.map(|(name, value)| format!("const {name}: u32 = {value}u;\n"));
    declared.collect()
}

/// Returns a text by itself, decided, reduced to what `entry_point` reaches, and with its marked loops unrolled.
#[cfg(feature = "bench")]
pub(crate) fn assemble(
    text: &str,
    entry_point: &str,
    flags: &[(&'static str, bool)],
    counts: &[(&'static str, u32)],
) -> String {
    let whole = format!("{FILE}text\n{}{text}", declared(counts));
    unroll(&prune(&decide(&whole, flags), entry_point), counts)
}

/// Returns a text as it is.
#[cfg(not(feature = "planted-faults"))]
pub(super) const fn planted(_: &'static str, text: &'static str) -> Cow<'static, str> {
    Cow::Borrowed(text)
}

#[cfg(feature = "planted-faults")]
pub(super) use crate::wgsl::faults::text as planted;
