//! The WGSL text of a program.

use super::{Binding, Program, Stage};
use crate::spec::dtype::DType;
use crate::variant::{Access, Masking, Operation, Reduce, TargetKind};
use crate::wgsl::decide::decide;
use crate::wgsl::prune::{FILE, bindings, prune};
use crate::wgsl::unroll::unroll;

impl Program {
    /// Returns the WGSL text: the files one after the other, in reading order, without what the entry point does not
    /// reach. Loops that are marked as unrolled stay loops.
    pub fn wgsl(&self) -> String {
        let mut text = format!("{FILE}constants\n");
        for (name, value) in self.constants() {
            text.push_str(&format!("const {name}: u32 = {value}u;\n"));
        }
        for (name, file) in self.files() {
            text.push_str(FILE);
            text.push_str(name);
            text.push('\n');
            text.push_str(&file);
            text.push('\n');
        }
        prune(&decide(&text, &self.flags()), self.entry_point())
    }

    /// Returns the text that is compiled: [`wgsl`](Self::wgsl) with its marked loops unrolled.
    pub fn unrolled_wgsl(&self) -> String {
        self.unrolled(&self.wgsl())
    }

    pub(crate) fn unrolled(&self, wgsl: &str) -> String {
        let rows = if self.is_strided() { 4 } else { 1 };
        unroll(wgsl, &[self.constants(), vec![("ROWS", rows)]].concat())
    }

    /// Bindings that a text of the program declares, in ascending order, each with true if it may be written.
    pub(crate) fn bindings_in(wgsl: &str) -> Vec<(Binding, bool)> {
        let named = |(number, is_written)| Some((Binding::of(number)?, is_written));
        bindings(wgsl).into_iter().filter_map(named).collect()
    }

    /// Bindings that the entry point uses, in ascending order, each with true if it may be written.
    pub fn bindings(&self) -> Vec<(Binding, bool)> {
        Self::bindings_in(&self.wgsl())
    }

    /// Constants of the text.
    fn constants(&self) -> Vec<(&'static str, u32)> {
        let (quads, counted) = match self.stage {
            Stage::Registers { quads, counted, .. } => (quads, counted),
            Stage::Unrolled { quads, .. } => (quads, 0),
            _ => (0, 0),
        };
        let records =
            1 + u32::from(self.options.is_dense()) + u32::from(self.options.is_auxiliary());
        vec![
            ("WORKGROUP", self.workgroup),
            ("LANES", self.lanes),
            ("QUADS", quads),
            ("COUNTED", counted),
            ("GROUPS", self.strided.map_or(0, |strided| strided.groups)),
            ("RECORD", records),
        ]
    }

    /// Flags by which the text is decided.
    fn flags(&self) -> Vec<(&'static str, bool)> {
        let options = self.options;
        let dense = options.is_dense();
        let writes_matrix = self.operation.writes_matrix()
            && !matches!(self.stage, Stage::Partial | Stage::Combine);
        let has_targets = self.is_cross_entropy();
        let plain_loss = self.has_plain_loss();
        let masking = options.masking;
        let has_column = has_targets && !dense || self.operation == Operation::Jacobian;
        let is = |operations: &[Operation]| operations.contains(&self.operation);
        vec![
            ("STRIDED", self.is_strided()),
            ("SHIFTED", self.access == Access::Shifted),
            (
                "WHOLE",
                self.has_whole_accesses() && self.access != Access::Shifted,
            ),
            (
                "IN_PARTS",
                !matches!(self.stage, Stage::Registers { .. } | Stage::Unrolled { .. }),
            ),
            ("SUBGROUPS", self.reduce == Reduce::Subgroup),
            ("MERGES_LANES", self.reduce != Reduce::Invocation),
            ("HAS_MAX", self.has_max()),
            ("DENSE", dense),
            ("PLAIN_LOSS", plain_loss),
            ("HAS_TARGET_SUM", dense || !plain_loss),
            ("PROBS", options.target_kind == TargetKind::Probabilities),
            ("TRACK_ENTROPY", options.entropy),
            ("TRACK_ARGMAX", options.argmax),
            ("AUXILIARY", options.is_auxiliary()),
            ("CAPPED", options.capped),
            ("CAUSAL", options.causal),
            ("HAS_MASK", masking != Masking::None),
            (
                "MASK_ADDS",
                matches!(masking, Masking::Added | Masking::AddedByQuads),
            ),
            (
                "MASK_EXCLUDES",
                matches!(masking, Masking::Kept | Masking::KeptByQuads),
            ),
            (
                "MASK_QUADS",
                matches!(masking, Masking::AddedByQuads | Masking::KeptByQuads),
            ),
            ("WIDE64", self.int64),
            ("IN_PLACE", options.in_place),
            (
                "ATOMIC",
                self.dtype != DType::F32 && self.access == Access::Words,
            ),
            ("JACOBIAN", is(&[Operation::Jacobian])),
            ("WRITES_MATRIX", writes_matrix),
            ("HAS_COLUMN", has_column),
            ("WRITES_COLUMN", writes_matrix && has_column),
            (
                "LOADS_ROW",
                has_targets || is(&[Operation::LogSumExpBackward]),
            ),
            (
                "STORES_ROW",
                is(&[
                    Operation::LogSumExp,
                    Operation::CrossEntropy,
                    Operation::CrossEntropyFused,
                ]),
            ),
            (
                "FROM_PAIRS",
                matches!(
                    self.stage,
                    Stage::Elementwise | Stage::Unrolled { .. } | Stage::FromSaved
                ),
            ),
            ("FROM_RECORDS", self.stage == Stage::Finish),
            ("KEEPS_RECORDS", self.stage == Stage::Partial),
            (
                "FOLDS",
                matches!(self.stage, Stage::Streamed | Stage::Partial),
            ),
            ("READS_LOSSES", self.stage == Stage::ReduceLosses),
            (
                "READS_LOSS_OR_MASK",
                self.reads_loss() || masking != Masking::None,
            ),
        ]
    }

    /// Returns true for a loss without options. Tallies serve losses with options, too.
    fn has_plain_loss(&self) -> bool {
        !self.options.loss_options && self.operation.may_have_plain_loss() && !self.stage.is_tally()
    }

    fn reads_loss(&self) -> bool {
        self.is_cross_entropy() || self.operation == Operation::RowOutputs
    }
}

/// Returns a text by itself, decided, reduced to what `entry_point` reaches, and with its marked loops unrolled.
#[cfg(feature = "bench")]
pub(crate) fn assemble(
    text: &str,
    entry_point: &str,
    flags: &[(&'static str, bool)],
    counts: &[(&'static str, u32)],
) -> String {
    let constants = counts
        .iter()
        .map(|(name, value)| format!("const {name}: u32 = {value}u;\n"));
    let whole = format!("{FILE}text\n{}{text}", constants.collect::<String>());
    unroll(&prune(&decide(&whole, flags), entry_point), counts)
}
