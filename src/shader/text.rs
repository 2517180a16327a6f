//! The WGSL text of a program.

use bytemuck::Contiguous;

use super::{Binding, Program, Stage};
use crate::spec::dtype::DType;
use crate::variant::{Access, Family, Masking, Operation, Reduce, TargetKind};
use crate::wgsl::decide::decide;
use crate::wgsl::prune::{FILE, bindings, prune};
use crate::wgsl::unroll::unroll;

impl Program {
    /// Returns the WGSL text: the files one after the other, in reading order, without what the entry point does not
    /// reach. Loops that are marked as unrolled stay loops.
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
    fn constants(&self) -> [(&'static str, u32); 13] {
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
        ]
    }

    /// Flags by which the text is decided.
    #[rustfmt::skip] // a table
    fn flags(&self) -> [(&'static str, bool); 37] {
        use Operation::{CrossEntropy, CrossEntropyFused, Jacobian, LogSumExp, LogSumExpBackward, RowOutputs};
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
        // Tallies serve losses with options, too.
        let is_plain = !options.loss_options && operation.may_have_plain_loss() && !stage.is_tally();
        [
            ("STRIDED", self.is_strided()),
            ("SHIFTED", is_shifted),
            ("WHOLE", self.whole && !is_shifted),
            ("IN_PARTS", !stage.is_in_registers()),
            ("SUBGROUPS", is_hybrid || variant.reduce == Reduce::Subgroup),
            ("HYBRID", is_hybrid),
            ("MERGES_LANES", variant.reduce != Reduce::Invocation),
            ("HAS_MAX", self.has_max()),
            ("DENSE", dense),
            ("PLAIN_LOSS", is_plain),
            ("HAS_TARGET_SUM", dense || !is_plain),
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
            ("LOADS_ROW", has_targets || is(&[LogSumExpBackward])),
            ("STORES_ROW", is(&[LogSumExp, CrossEntropy, CrossEntropyFused])),
            ("FROM_PAIRS", at(&[Stage::Elementwise, Stage::Unrolled, Stage::FromSaved])),
            ("FROM_RECORDS", at(&[Stage::Finish])),
            ("KEEPS_RECORDS", at(&[Stage::Partial])),
            ("FOLDS", at(&[Stage::Streamed, Stage::Partial])),
            ("READS_LOSSES", at(&[Stage::ReduceLosses])),
            ("READS_LOSS_OR_MASK", has_targets || has_mask || is(&[RowOutputs])),
        ]
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
