//! Options of a case: their settings, and the combinations that are checked.

use std::sync::OnceLock;

use super::kinds::{Asked, Kind};
use super::pairs::covering;
use super::row_outputs::wanted;
use crate::reference::CrossEntropy;
use crate::spec::cross_entropy::CrossEntropySpec;
use crate::spec::loss::{LossOptions, Reduction, ZeroValid};
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
#[derive(Debug, Clone, Copy)]
pub(super) struct Options {
    pub(super) kind: Kind,
    pub(super) weighted: bool,
    pub(super) upstream: bool,
    /// Options of the loss, except for the ignored class, which the kind of the targets decides. Every operation takes its scale.
    pub(super) loss: LossOptions,
    pub(super) mask: Option<MaskOption>,
    pub(super) causal: bool,
    pub(super) empty_rows: EmptyRows,
    pub(super) row_outputs: Asked,
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
/// Divisors of a mean, where they are given.
const MEANS_OVER: [Option<(f32, u32)>; 2] = [None, Some((6.5, 5))];

const EMPTY_ROWS: [EmptyRows; 2] = [EmptyRows::Nan, EmptyRows::Zero];

/// Number of settings of each option of masked operations, in the order in which [`Options::masked`] takes them.
const MASKED_FACTORS: [usize; 4] = [MASKS.len(), SCALES.len(), 2, EMPTY_ROWS.len()];

const REDUCTIONS: [Reduction; 3] = [Reduction::Mean, Reduction::None, Reduction::Sum];
const SMOOTHINGS: [f32; 3] = [0.0, 0.1, 1.0];
const Z_LOSSES: [f32; 2] = [0.0, 0.01];
const SOFTCAPS: [Option<f32>; 2] = [None, Some(20.0)];
const SCALES: [f32; 2] = [1.0, 0.7];
/// Scales: from 2 on, differences of logits are taken whole, below by halves.
const PLAIN_SCALES: [f32; 3] = [0.7, 1.0, 2.0];
const ZERO_VALID: [ZeroValid; 2] = [ZeroValid::Nan, ZeroValid::Zero];

/// Number of settings of each option, in the order in which [`Options::of`] takes them.
const FACTORS: [usize; 11] = [
    Kind::ALL.len(),
    REDUCTIONS.len(),
    2,
    SMOOTHINGS.len(),
    Z_LOSSES.len(),
    SOFTCAPS.len(),
    SCALES.len(),
    2,
    ZERO_VALID.len(),
    Asked::ALL.len(),
    2,
];

impl Options {
    /// Returns combinations in which any two settings meet; the first has no option set.
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
            let with_scale = |scale| Self::of(&none()).with_scale(scale);
            SCALES.map(with_scale).to_vec()
        })
    }

    fn of(settings: &[usize]) -> Self {
        Self {
            kind: Kind::ALL[settings[0]],
            weighted: settings[2] == 1,
            upstream: settings[7] == 1,
            loss: LossOptions {
                reduction: REDUCTIONS[settings[1]],
                mean_over: MEANS_OVER[settings[10]],
                zero_valid: ZERO_VALID[settings[8]],
                label_smoothing: SMOOTHINGS[settings[3]],
                z_loss: Z_LOSSES[settings[4]],
                softcap: SOFTCAPS[settings[5]],
                scale: SCALES[settings[6]],
                ..LossOptions::PLAIN
            },
            mask: None,
            causal: false,
            empty_rows: EmptyRows::Nan,
            row_outputs: Asked::ALL[settings[9]],
        }
    }

    fn masked(settings: &[usize]) -> Self {
        Self {
            mask: MASKS[settings[0]],
            causal: settings[2] == 1,
            empty_rows: EMPTY_ROWS[settings[3]],
            ..Self::of(&[0; FACTORS.len()]).with_scale(SCALES[settings[1]])
        }
    }

    /// Sets the scale of the logits.
    pub(super) const fn with_scale(mut self, scale: f32) -> Self {
        self.loss.scale = scale;
        self
    }

    /// Returns combinations, in which any two settings meet, of the options that are numbers to the kernels; the others are as in
    /// `self`.
    pub(super) fn numbers(self, operation: Operation) -> Vec<Self> {
        let shard = operation == Operation::CrossEntropyFromPairs;
        let kinds = match self.kind {
            Kind::Probs => vec![Kind::Probs],
            _ => Kind::IDS.to_vec(),
        };
        let smoothings = self.smoothings();
        let masks = self.alike_masks();
        let of_targets = |settings: usize| if has_targets(operation) { settings } else { 1 };
        let of_losses = |settings: usize| if shard { 1 } else { of_targets(settings) };
        let factors = [
            of_targets(kinds.len()),
            of_losses(REDUCTIONS.len()),
            of_losses(2),
            smoothings.len(),
            of_targets(Z_LOSSES.len()),
            PLAIN_SCALES.len(),
            of_losses(2),
            of_losses(ZERO_VALID.len()),
            masks.len(),
            if takes_masks(operation) {
                EMPTY_ROWS.len()
            } else {
                1
            },
            of_losses(2),
        ];
        let with = |row: Vec<usize>| Self {
            kind: kinds[row[0]],
            weighted: row[2] == 1,
            upstream: row[6] == 1,
            loss: LossOptions {
                reduction: if shard {
                    Reduction::None
                } else {
                    REDUCTIONS[row[1]]
                },
                mean_over: MEANS_OVER[row[10]],
                zero_valid: ZERO_VALID[row[7]],
                label_smoothing: smoothings[row[3]],
                z_loss: Z_LOSSES[row[4]],
                scale: PLAIN_SCALES[row[5]],
                ..self.loss
            },
            mask: masks[row[8]],
            empty_rows: EMPTY_ROWS[row[9]],
            ..self
        };
        let settled = |options: Self| match options.kind {
            // A mean over nothing.
            Kind::NoneValid if !shard => Self {
                loss: LossOptions {
                    reduction: Reduction::Mean,
                    mean_over: None,
                    ..options.loss
                },
                ..options
            },
            _ => options,
        };
        let rows = covering(&factors).into_iter();
        let numbers: Vec<_> = rows.map(with).map(settled).collect();
        let plain = self.plain_losses(operation);
        match plain.is_empty() {
            true => numbers,
            // Interleaved, as plain losses have kernels of their own.
            false => {
                let plain = plain.into_iter().cycle();
                numbers
                    .into_iter()
                    .zip(plain)
                    .flat_map(<[Self; 2]>::from)
                    .collect()
            }
        }
    }

    /// Returns losses without options, of every kind that may be plain.
    fn plain_losses(self, operation: Operation) -> Vec<Self> {
        let kinds = match self.kind {
            Kind::Probs => &[Kind::Probs; 9][..],
            _ => &Kind::PLAIN,
        };
        let smoothings = self.smoothings();
        let of = |(index, &kind): (usize, &Kind)| Self {
            kind,
            weighted: false,
            upstream: false,
            loss: LossOptions {
                reduction: REDUCTIONS[index % REDUCTIONS.len()],
                zero_valid: ZERO_VALID[index % ZERO_VALID.len()],
                label_smoothing: smoothings[index % smoothings.len()],
                softcap: self.loss.softcap,
                scale: PLAIN_SCALES[index % PLAIN_SCALES.len()],
                ..LossOptions::PLAIN
            },
            ..self
        };
        let losses = kinds.iter().enumerate().map(of);
        losses
            .filter(|options| options.is_plain_loss(operation))
            .collect()
    }

    /// Settings of the label smoothing that have the same kernels as this one.
    fn smoothings(&self) -> &'static [f32] {
        match self.loss.label_smoothing > 0.0 {
            true => &SMOOTHINGS[1..],
            false => &SMOOTHINGS[..1],
        }
    }

    /// True if no option needs more than a plain loss.
    pub(super) fn is_plain_loss(&self, operation: Operation) -> bool {
        let is_plain = !self.weighted
            && !self.upstream
            && self.loss.z_loss == 0.0
            && self.loss.mean_over.is_none()
            && self.kind.target_type() != TargetType::I64;
        is_plain && operation.may_have_plain_loss() && !self.asked(operation).any()
    }

    /// Returns the masks that are read as this one is, their elements laid out as those of a row.
    fn alike_masks(&self) -> Vec<Option<MaskOption>> {
        let Some(mask) = self.mask else {
            return vec![None];
        };
        let shapes: &[MaskOf] = match mask.of {
            MaskOf::Rows => &[MaskOf::Rows],
            _ => &[MaskOf::Everything, MaskOf::SomeRows, MaskOf::Columns],
        };
        let of = |&of| Some(MaskOption { of, ..mask });
        shapes.iter().map(of).collect()
    }

    pub(super) const fn is_masked(&self) -> bool {
        self.causal || self.mask.is_some()
    }

    /// Returns the operation whose kernels run: where every class may have a target weight, the gradient is not elementwise.
    pub(super) fn operation(&self, operation: Operation) -> Operation {
        match operation {
            Operation::CrossEntropyBackward if self.kernel_options(operation).is_dense() => {
                Operation::CrossEntropyFused
            }
            _ => operation,
        }
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

    /// Returns the kernel code that the options need.
    pub(super) fn kernel_options(&self, operation: Operation) -> KernelOptions {
        if takes_masks(operation) {
            return self.masked_kernel_options();
        }
        if !has_targets(operation) {
            return KernelOptions::default();
        }
        let target_kind = match self.kind {
            Kind::Probs => TargetKind::Probabilities,
            _ if self.loss.label_smoothing > 0.0 => TargetKind::Smoothed,
            _ => TargetKind::OneHot,
        };
        KernelOptions {
            target_kind,
            capped: self.loss.softcap.is_some(),
            entropy: self.asked(operation).entropy,
            argmax: self.asked(operation).argmax,
            ..KernelOptions::default()
        }
    }

    /// Returns the kernel code that the masks need, wherever their elements lie.
    fn masked_kernel_options(&self) -> KernelOptions {
        KernelOptions {
            masking: match self.mask.map(|mask| mask.kind) {
                None => Masking::None,
                Some(MaskKind::Additive) => Masking::Added,
                Some(MaskKind::Boolean) => Masking::Kept,
            },
            causal: self.causal,
            ..KernelOptions::default()
        }
    }

    /// Returns the options of the loss.
    fn loss(&self) -> LossOptions {
        LossOptions {
            ignore_index: self.kind.ignored(),
            ..self.loss
        }
    }

    pub(super) fn spec(&self, rows: usize, cols: usize) -> CrossEntropySpec {
        CrossEntropySpec::new(rows as u64, cols as u64)
            .targets(self.kind.target_type())
            .loss(self.loss())
    }

    /// Returns the reference with these options, except for weights and upstream gradients.
    pub(super) fn reference(&self, cols: usize) -> CrossEntropy {
        CrossEntropy::new(cols).loss(self.loss())
    }
}

pub(super) const fn takes_masks(operation: Operation) -> bool {
    matches!(
        operation,
        Operation::Softmax | Operation::LogSoftmax | Operation::LogSumExp
    )
}

pub(super) const fn has_targets(operation: Operation) -> bool {
    matches!(
        operation,
        Operation::CrossEntropy
            | Operation::CrossEntropyBackward
            | Operation::CrossEntropyFused
            | Operation::CrossEntropyFromPairs
    )
}
