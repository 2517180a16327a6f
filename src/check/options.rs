//! Options of a case.

use std::fmt;

use super::kinds::{Asked, Kind};
use super::row_outputs::wanted;
use crate::spec::cross_entropy::CrossEntropySpec;
use crate::spec::loss::LossOptions;
use crate::spec::mask::MaskKind;
use crate::spec::row_outputs::RowOutputs;
use crate::spec::softmax::EmptyRows;
use crate::spec::target_type::TargetType;
use crate::variant::{KernelOptions, Masking, Operation, TargetKind};

/// Axes of the logits that a mask follows, where their rows count as `[a, b]` and `inner` of them are interleaved on a strided
/// axis.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum MaskOf {
    Everything,
    /// The columns only.
    Columns,
    /// The rows only.
    Rows,
    /// All axes but `b`.
    SomeRows,
}

/// The mask of a case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct MaskOption {
    pub(super) kind: MaskKind,
    pub(super) of: MaskOf,
}

/// Options of a case. Operations other than cross-entropy have a scale only, or masks as well.
#[derive(Clone, Copy)]
pub(super) struct Options {
    pub(super) kind: Kind,
    pub(super) weighted: bool,
    /// True if rows have weights.
    pub(super) rows_weighted: bool,
    /// True if rows have scales, unless they are on a strided axis.
    pub(super) rows_scaled: bool,
    pub(super) upstream: bool,
    /// Options of the loss, except for the ignored class, which the kind of the targets decides. Every operation takes its scale.
    pub(super) loss: LossOptions,
    pub(super) mask: Option<MaskOption>,
    pub(super) causal: bool,
    /// True if rows have sinks.
    pub(super) sinks: bool,
    pub(super) empty_rows: EmptyRows,
    pub(super) row_outputs: Asked,
}

impl fmt::Debug for Options {
    /// Writes the options that are set, and no others: they are read in the notes of failures.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (loss, none) = (&self.loss, Self::NONE);
        let options: [(&str, &dyn fmt::Debug, &dyn fmt::Debug); 17] = [
            ("targets", &self.kind, &none.kind),
            ("weighted", &self.weighted, &none.weighted),
            ("rows_weighted", &self.rows_weighted, &none.rows_weighted),
            ("rows_scaled", &self.rows_scaled, &none.rows_scaled),
            ("upstream", &self.upstream, &none.upstream),
            ("reduction", &loss.reduction, &none.loss.reduction),
            ("mean_over", &loss.mean_over, &none.loss.mean_over),
            ("zero_valid", &loss.zero_valid, &none.loss.zero_valid),
            (
                "label_smoothing",
                &loss.label_smoothing,
                &none.loss.label_smoothing,
            ),
            ("z_loss", &loss.z_loss, &none.loss.z_loss),
            ("softcap", &loss.softcap, &none.loss.softcap),
            ("scale", &loss.scale, &none.loss.scale),
            ("mask", &self.mask, &none.mask),
            ("causal", &self.causal, &none.causal),
            ("sinks", &self.sinks, &none.sinks),
            ("empty_rows", &self.empty_rows, &none.empty_rows),
            ("row_outputs", &self.row_outputs, &none.row_outputs),
        ];
        let words = |option: &dyn fmt::Debug| format!("{option:?}");
        let set = options
            .iter()
            .filter(|(_, own, none)| words(*own) != words(*none));
        let mut written = f.debug_struct("Options");
        set.for_each(|(name, own, _)| {
            written.field(name, own);
        });
        written.finish()
    }
}

impl Options {
    /// No option.
    pub(super) const NONE: Self = Self {
        kind: Kind::ALL[0],
        weighted: false,
        rows_weighted: false,
        rows_scaled: false,
        upstream: false,
        loss: LossOptions::PLAIN,
        mask: None,
        causal: false,
        sinks: false,
        empty_rows: EmptyRows::Nan,
        row_outputs: Asked::Nothing,
    };

    /// Sets the scale of the logits.
    pub(super) const fn with_scale(mut self, scale: f32) -> Self {
        self.loss.scale = scale;
        self
    }

    /// Gives rows sinks.
    pub(super) const fn with_sinks(mut self) -> Self {
        self.sinks = true;
        self
    }

    /// True if no option needs more than a plain loss.
    pub(super) fn is_plain_loss(&self, operation: Operation) -> bool {
        let is_plain = !self.weighted
            && !self.rows_weighted
            && !self.rows_scaled
            && !self.upstream
            && self.loss.z_loss == 0.0
            && self.loss.mean_over.is_none()
            && self.kind.target_type() != TargetType::I64;
        is_plain && operation.may_have_plain_loss() && !self.asked(operation).any()
    }

    /// Returns the requested row outputs.
    pub(super) fn asked(&self, operation: Operation) -> RowOutputs {
        match operation {
            Operation::CrossEntropy | Operation::CrossEntropyFused => {
                wanted(self.kind, self.row_outputs)
            }
            _ => RowOutputs::default(),
        }
    }

    /// Returns the kernel code that the options need, wherever the elements of a mask lie.
    pub(super) fn kernel_options(&self, operation: Operation) -> KernelOptions {
        let asked = self.asked(operation);
        KernelOptions {
            target_kind: match self.kind {
                Kind::Probs => TargetKind::Probabilities,
                _ if self.loss.label_smoothing > 0.0 => TargetKind::Smoothed,
                _ => TargetKind::OneHot,
            },
            capped: self.loss.softcap.is_some(),
            masking: match self.mask.map(|mask| mask.kind) {
                None => Masking::None,
                Some(MaskKind::Additive) => Masking::Added,
                Some(MaskKind::Boolean) => Masking::Kept,
            },
            causal: self.causal,
            sink: self.sinks,
            entropy: asked.entropy,
            argmax: asked.argmax,
            ..KernelOptions::default()
        }
    }

    /// Returns the options of the loss, with the ignored class.
    pub(super) fn whole_loss(&self) -> LossOptions {
        LossOptions {
            ignore_index: self.kind.ignored(),
            ..self.loss
        }
    }

    pub(super) fn spec(&self, rows: usize, cols: usize) -> CrossEntropySpec {
        CrossEntropySpec::new(rows as u64, cols as u64)
            .targets(self.kind.target_type())
            .loss(self.whole_loss())
    }
}

#[cfg(test)]
mod tests {
    use super::Options;

    #[test]
    fn notes_name_the_options_that_are_set() {
        assert_eq!(format!("{:?}", Options::NONE), "Options");
        let scaled = Options::NONE.with_scale(0.5);
        assert_eq!(format!("{scaled:?}"), "Options { scale: 0.5 }");
    }
}
