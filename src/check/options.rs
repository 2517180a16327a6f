//! The options of a case: which there are, and which of them meet.

use std::sync::OnceLock;

use super::pairs::covering;
use super::row_outputs::everything;
use crate::reference::CrossEntropy;
use crate::variant::{Form, Masking, Operation, Shares};
use crate::{CrossEntropySpec, EmptyRows, MaskKind, Reduction, RowOutputs, TargetType, ZeroValid};

/// The class id that the checks ignore: out of range, as PyTorch's.
pub(super) const IGNORED: i64 = -100;

/// What the targets of a case are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Ids(TargetType),
    Ignoring(TargetType),
    /// Ids of which some are out of range.
    Bad,
    Probs,
}

impl Kind {
    const ALL: [Self; 6] = [
        Self::Ignoring(TargetType::I32),
        Self::Probs,
        Self::Ids(TargetType::U32),
        Self::Ignoring(TargetType::I64),
        Self::Bad,
        Self::Ids(TargetType::I32),
    ];

    pub(super) const fn target_type(self) -> TargetType {
        match self {
            Self::Ids(target_type) | Self::Ignoring(target_type) => target_type,
            Self::Bad => TargetType::I32,
            Self::Probs => TargetType::Probs,
        }
    }
}

/// Which axes of the logits a mask follows, where their rows count as `[a, b]` and `inner` of them lie side by side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum MaskOf {
    Everything,
    /// The columns alone.
    Columns,
    /// The rows alone.
    Rows,
    /// All but `b`.
    SomeRows,
}

/// The mask of a case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct MaskOption {
    pub(super) kind: MaskKind,
    pub(super) of: MaskOf,
}

/// The options of a case. Operations other than cross-entropy have a scale only, or masks as well.
#[derive(Debug, Clone, Copy)]
pub(super) struct Options {
    pub(super) kind: Kind,
    pub(super) reduction: Reduction,
    pub(super) weighted: bool,
    pub(super) label_smoothing: f32,
    pub(super) z_loss: f32,
    pub(super) softcap: Option<f32>,
    pub(super) scale: f32,
    pub(super) upstream: bool,
    pub(super) zero_valid: ZeroValid,
    pub(super) mask: Option<MaskOption>,
    pub(super) causal: bool,
    pub(super) empty_rows: EmptyRows,
    /// Whether every row output is asked for, of operations that give some.
    pub(super) row_outputs: bool,
}

const MASKS: [Option<MaskOption>; 9] = {
    const fn of(kind: MaskKind, of: MaskOf) -> Option<MaskOption> {
        Some(MaskOption { kind, of })
    }
    [
        None,
        of(MaskKind::Additive, MaskOf::Everything),
        of(MaskKind::Boolean, MaskOf::Columns),
        of(MaskKind::Additive, MaskOf::SomeRows),
        of(MaskKind::Boolean, MaskOf::Everything),
        of(MaskKind::Additive, MaskOf::Rows),
        of(MaskKind::Boolean, MaskOf::SomeRows),
        of(MaskKind::Additive, MaskOf::Columns),
        of(MaskKind::Boolean, MaskOf::Rows),
    ]
};
const EMPTY_ROWS: [EmptyRows; 2] = [EmptyRows::Nan, EmptyRows::Zero];

/// Settings of each option of masked operations, in the order in which [`Options::masked`] takes them.
const MASKED_FACTORS: [usize; 4] = [MASKS.len(), SCALES.len(), 2, EMPTY_ROWS.len()];

const REDUCTIONS: [Reduction; 3] = [Reduction::Mean, Reduction::None, Reduction::Sum];
const SMOOTHINGS: [f32; 3] = [0.0, 0.1, 1.0];
const Z_LOSSES: [f32; 2] = [0.0, 0.01];
const SOFTCAPS: [Option<f32>; 2] = [None, Some(20.0)];
const SCALES: [f32; 2] = [1.0, 0.7];
const ZERO_VALID: [ZeroValid; 2] = [ZeroValid::Nan, ZeroValid::Zero];

/// Settings of each option, in the order in which [`Options::of`] takes them.
const FACTORS: [usize; 10] = [
    Kind::ALL.len(),
    REDUCTIONS.len(),
    2,
    SMOOTHINGS.len(),
    Z_LOSSES.len(),
    SOFTCAPS.len(),
    SCALES.len(),
    2,
    ZERO_VALID.len(),
    2,
];

impl Options {
    /// Combinations in which any two settings meet, without any option the first.
    pub(super) fn all(operation: Operation) -> &'static [Self] {
        static CROSS_ENTROPY: OnceLock<Vec<Options>> = OnceLock::new();
        static MASKED: OnceLock<Vec<Options>> = OnceLock::new();
        static SCALES_ONLY: OnceLock<Vec<Options>> = OnceLock::new();
        let none = || vec![0; FACTORS.len()];
        if takes_masks(operation) {
            return MASKED.get_or_init(|| {
                let rows = std::iter::once(vec![0; MASKED_FACTORS.len()]);
                let rows = rows.chain(covering(&MASKED_FACTORS));
                rows.map(|row| Self::masked(&row)).collect()
            });
        }
        if has_targets(operation) {
            return CROSS_ENTROPY.get_or_init(|| {
                let rows = std::iter::once(none()).chain(covering(&FACTORS));
                rows.map(|row| Self::of(&row)).collect()
            });
        }
        SCALES_ONLY.get_or_init(|| {
            let with_scale = |scale| Self {
                scale,
                ..Self::of(&none())
            };
            SCALES.map(with_scale).to_vec()
        })
    }

    fn of(settings: &[usize]) -> Self {
        Self {
            kind: Kind::ALL[settings[0]],
            reduction: REDUCTIONS[settings[1]],
            weighted: settings[2] == 1,
            label_smoothing: SMOOTHINGS[settings[3]],
            z_loss: Z_LOSSES[settings[4]],
            softcap: SOFTCAPS[settings[5]],
            scale: SCALES[settings[6]],
            upstream: settings[7] == 1,
            zero_valid: ZERO_VALID[settings[8]],
            mask: None,
            causal: false,
            empty_rows: EmptyRows::Nan,
            row_outputs: settings[9] == 1,
        }
    }

    fn masked(settings: &[usize]) -> Self {
        Self {
            mask: MASKS[settings[0]],
            scale: SCALES[settings[1]],
            causal: settings[2] == 1,
            empty_rows: EMPTY_ROWS[settings[3]],
            ..Self::of(&[0; FACTORS.len()])
        }
    }

    pub(super) const fn is_masked(&self) -> bool {
        self.causal || self.mask.is_some()
    }

    /// The operation whose kernels run: where every class has a share, the gradient is not elementwise.
    pub(super) fn operation(&self, operation: Operation) -> Operation {
        match operation {
            Operation::CrossEntropyBackward if self.form(operation).is_dense() => {
                Operation::CrossEntropyFused
            }
            _ => operation,
        }
    }

    /// The row outputs that are asked for.
    pub(super) fn asked(&self, operation: Operation) -> RowOutputs {
        match operation {
            Operation::CrossEntropy | Operation::CrossEntropyFused if self.row_outputs => {
                everything(self.kind)
            }
            _ => RowOutputs::default(),
        }
    }

    /// The code that the options ask for.
    pub(super) fn form(&self, operation: Operation) -> Form {
        if takes_masks(operation) {
            return self.masked_form();
        }
        if !has_targets(operation) {
            return Form::default();
        }
        let shares = match self.kind {
            Kind::Probs => Shares::Probabilities,
            _ if self.label_smoothing > 0.0 => Shares::Smoothed,
            _ => Shares::Onehot,
        };
        Form {
            shares,
            capped: self.softcap.is_some(),
            entropy: self.asked(operation).entropy,
            argmax: self.asked(operation).argmax,
            ..Form::default()
        }
    }

    /// The same of masks, wherever their elements lie.
    fn masked_form(&self) -> Form {
        Form {
            masking: match self.mask.map(|mask| mask.kind) {
                None => Masking::None,
                Some(MaskKind::Additive) => Masking::Added,
                Some(MaskKind::Boolean) => Masking::Kept,
            },
            causal: self.causal,
            ..Form::default()
        }
    }

    pub(super) fn ignored(&self) -> Option<i64> {
        match self.kind {
            Kind::Ignoring(_) => Some(IGNORED),
            _ => None,
        }
    }

    pub(super) fn spec(&self, rows: usize, cols: usize) -> CrossEntropySpec {
        let mut spec = CrossEntropySpec::new(rows as u64, cols as u64)
            .targets(self.kind.target_type())
            .reduction(self.reduction)
            .label_smoothing(self.label_smoothing)
            .z_loss(self.z_loss)
            .scale(self.scale)
            .zero_valid(self.zero_valid);
        if let Some(ignored) = self.ignored() {
            spec = spec.ignore_index(ignored);
        }
        match self.softcap {
            Some(softcap) => spec.softcap(softcap),
            None => spec,
        }
    }

    /// The reference with these options, but for weights and upstream gradients.
    pub(super) fn reference(&self, cols: usize) -> CrossEntropy {
        let mut of = CrossEntropy::new(cols)
            .reduction(self.reduction)
            .label_smoothing(self.label_smoothing)
            .z_loss(self.z_loss)
            .scale(self.scale)
            .zero_valid(self.zero_valid);
        if let Some(ignored) = self.ignored() {
            of = of.ignore_index(ignored);
        }
        match self.softcap {
            Some(softcap) => of.softcap(softcap),
            None => of,
        }
    }
}

const fn takes_masks(operation: Operation) -> bool {
    matches!(
        operation,
        Operation::Softmax | Operation::LogSoftmax | Operation::LogSumExp
    )
}

const fn has_targets(operation: Operation) -> bool {
    matches!(
        operation,
        Operation::CrossEntropy | Operation::CrossEntropyBackward | Operation::CrossEntropyFused
    )
}
