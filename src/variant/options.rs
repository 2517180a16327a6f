//! Code options: those options of an operation that change its code. All others are numbers that the kernels read.

use std::fmt;

use super::Operation;

/// Target distribution of a row: the classes with a target weight in its loss.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
#[non_exhaustive]
pub enum TargetKind {
    /// Only the target's class.
    #[default]
    OneHot,
    /// All classes, by label smoothing.
    Smoothed,
    /// All classes, by the probabilities that the target consists of.
    Probabilities,
}

impl TargetKind {
    const ALL: [Self; 3] = [Self::OneHot, Self::Smoothed, Self::Probabilities];
}

/// Mask of a row's columns: it excludes them, or is added to them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
#[non_exhaustive]
pub enum Masking {
    /// No mask.
    #[default]
    None,
    /// f32 that are added, anywhere in memory.
    Added,
    /// f32 that are added; those of one access are read by one access.
    AddedByQuads,
    /// Bytes that keep a column or exclude it, anywhere in memory.
    Kept,
    /// Bytes that keep a column or exclude it; those of one access lie in one word.
    KeptByQuads,
}

/// The code options of a kernel. A kernel has none of the code of options that are not set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct KernelOptions {
    /// The target distribution.
    pub target_kind: TargetKind,
    /// True if logits are capped.
    pub capped: bool,
    /// The mask.
    pub masking: Masking,
    /// True if a row counts only the columns up to its query.
    pub causal: bool,
    /// True if the result lies over the first input.
    pub in_place: bool,
    /// True if the first moment of a row is tracked, for its entropy.
    pub entropy: bool,
    /// True if the column of a row's largest logit is tracked.
    pub argmax: bool,
    /// True if a loss has any of the less common options: class weights, a z-loss, an upstream gradient, divisors given
    /// by the caller, class ids of two words, a shard of the classes, or saved pairs.
    pub loss_options: bool,
    /// True if each row has a weight of its own.
    pub row_weighted: bool,
    /// True if each row has a scale of its own. Not on a strided axis.
    pub row_scaled: bool,
    /// True if each row has a sink.
    pub sink: bool,
}

impl KernelOptions {
    const NONE: Self = Self {
        target_kind: TargetKind::OneHot,
        capped: false,
        masking: Masking::None,
        causal: false,
        in_place: false,
        entropy: false,
        argmax: false,
        loss_options: false,
        row_weighted: false,
        row_scaled: false,
        sink: false,
    };

    /// The code of the less common options of a loss.
    pub(crate) const LOSS_OPTIONS: Self = Self {
        loss_options: true,
        ..Self::NONE
    };

    /// The code of a weight a row, which is one of those options.
    pub(crate) const ROW_WEIGHTED: Self = Self {
        row_weighted: true,
        ..Self::LOSS_OPTIONS
    };

    /// The code of a scale a row.
    pub(crate) const ROW_SCALED: Self = Self {
        row_scaled: true,
        ..Self::LOSS_OPTIONS
    };

    /// The code of a target distribution.
    pub(crate) const fn of_kind(target_kind: TargetKind) -> Self {
        Self {
            target_kind,
            ..Self::NONE
        }
    }

    /// Returns these options, and those of `bound` that `operation` has: the options for which a binding asks.
    pub(crate) const fn or(self, operation: Operation, bound: Self) -> Self {
        Self {
            loss_options: self.loss_options
                || bound.loss_options && operation.may_have_plain_loss(),
            row_weighted: self.row_weighted || bound.row_weighted && operation.takes_row_weights(),
            row_scaled: self.row_scaled || bound.row_scaled && operation.takes_row_scales(),
            ..self
        }
    }

    /// Returns every set of code options that an operation can have; those of rows' weights and scales without auxiliary outputs, and
    /// scales with weights; masks of a loss with either none of these or all, and without a softcap; sinks without masks, and with a
    /// mask of causal rows.
    pub fn all(operation: Operation) -> Vec<Self> {
        let capped = |target_kind| {
            [false, true].map(|capped| Self {
                target_kind,
                capped,
                ..Self::default()
            })
        };
        let of =
            |target_kind: &[TargetKind]| target_kind.iter().copied().flat_map(capped).collect();
        let with_auxiliary = |target_kind| Self::each_auxiliary(of(target_kind));
        let mut every_options = match operation {
            Operation::Softmax | Operation::LogSoftmax | Operation::LogSumExp => Self::masked(),
            Operation::CrossEntropy | Operation::CrossEntropyFused => {
                with_auxiliary(&TargetKind::ALL)
            }
            Operation::PartialStatistic => with_auxiliary(&[TargetKind::OneHot]),
            Operation::CrossEntropyBackward | Operation::CrossEntropyFromPairs => {
                of(&[TargetKind::OneHot])
            }
            Operation::RowOutputs => of(&[TargetKind::OneHot, TargetKind::Probabilities]),
            Operation::RowTerms => [TargetKind::OneHot, TargetKind::Probabilities]
                .map(Self::of_kind)
                .to_vec(),
            _ => vec![Self::default()],
        };
        if operation.takes_sinks() {
            let joined = |of: &&Self| !of.is_masked() || of.causal && of.masking == Masking::Kept;
            let with_sink = |options: &Self| Self {
                sink: true,
                ..*options
            };
            let with_sinks: Vec<_> = every_options.iter().filter(joined).map(with_sink).collect();
            every_options.extend(with_sinks);
        }
        if operation.allows_in_place() {
            let over_source = |options: &Self| Self {
                in_place: true,
                ..*options
            };
            every_options.extend(every_options.iter().map(over_source).collect::<Vec<_>>());
        }
        let weighted: Vec<_> = every_options
            .iter()
            .filter(|options| operation.takes_row_weights() && !options.is_auxiliary())
            .map(|options| options.or(operation, Self::ROW_WEIGHTED))
            .flat_map(|options| [options, options.or(operation, Self::ROW_SCALED)])
            .collect();
        if matches!(
            operation,
            Operation::PartialStatistic | Operation::LseFromPairs
        ) {
            let scaled = |options: &Self| Self {
                row_scaled: true,
                ..*options
            };
            every_options.extend(every_options.iter().map(scaled).collect::<Vec<_>>());
        }
        if operation.may_have_plain_loss() {
            let with_options = |options: &Self| options.or(operation, Self::LOSS_OPTIONS);
            every_options.extend(every_options.iter().map(with_options).collect::<Vec<_>>());
        }
        every_options.extend(weighted);
        every_options.extend(Self::masked_losses(operation));
        every_options
    }

    /// Returns the masked losses, among them one in place with every option.
    fn masked_losses(operation: Operation) -> Vec<Self> {
        let kinds = match operation {
            Operation::CrossEntropy | Operation::CrossEntropyFused => &TargetKind::ALL[..],
            Operation::CrossEntropyBackward
            | Operation::RowOutputs
            | Operation::PartialStatistic => &TargetKind::ALL[..1],
            _ => &[],
        };
        let tracks = operation.may_have_plain_loss() || operation == Operation::PartialStatistic;
        let of = |&target_kind: &TargetKind| {
            let options = Self {
                target_kind,
                masking: Masking::Kept,
                ..Self::NONE
            };
            let with_options = options.or(operation, Self::LOSS_OPTIONS);
            let all = Self {
                masking: Masking::KeptByQuads,
                capped: true,
                in_place: operation.allows_in_place(),
                entropy: tracks,
                argmax: tracks,
                ..with_options.or(operation, Self::ROW_WEIGHTED)
            };
            [options, with_options, all]
        };
        kinds.iter().flat_map(of).collect()
    }

    /// Returns every mask, each for causal rows and for others.
    fn masked() -> Vec<Self> {
        let causal = |masking| {
            [false, true].map(|causal| Self {
                masking,
                causal,
                ..Self::default()
            })
        };
        let every = [
            Masking::None,
            Masking::Added,
            Masking::AddedByQuads,
            Masking::Kept,
            Masking::KeptByQuads,
        ];
        every.into_iter().flat_map(causal).collect()
    }

    /// Returns true if columns are excluded or a mask is added.
    pub const fn is_masked(self) -> bool {
        self.causal || !matches!(self.masking, Masking::None)
    }

    /// Returns each options with every set of auxiliary outputs.
    fn each_auxiliary(every_options: Vec<Self>) -> Vec<Self> {
        let with_auxiliary = |options: Self| {
            [(false, false), (true, false), (false, true), (true, true)].map(|(entropy, argmax)| {
                Self {
                    entropy,
                    argmax,
                    ..options
                }
            })
        };
        every_options.into_iter().flat_map(with_auxiliary).collect()
    }

    /// Returns true if auxiliary outputs are tracked in addition to the operation's own.
    pub const fn is_auxiliary(self) -> bool {
        self.entropy || self.argmax
    }

    /// Returns true if every class may have a target weight, so that target weights have to be summed.
    pub const fn is_dense(self) -> bool {
        !matches!(self.target_kind, TargetKind::OneHot)
    }

    /// Number of matrices that the operation reads.
    pub const fn matrices_read(self, operation: Operation) -> u32 {
        match (operation, self.target_kind) {
            (Operation::SoftmaxBackward | Operation::LogSoftmaxBackward, _) => 2,
            (Operation::RowOutputs | Operation::RowTerms, _) => 1,
            (_, TargetKind::Probabilities) => 2,
            _ => 1,
        }
    }
}

impl Default for KernelOptions {
    /// No option.
    fn default() -> Self {
        Self::NONE
    }
}

impl fmt::Display for KernelOptions {
    /// Writes `.smoothed` or `.probabilities`, `.capped`, `.entropy`, `.argmax`, the mask (`.added`, `.added4`, `.kept`,
    /// `.kept4`), `.causal`, `.sink` and `.in-place`, or nothing.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.target_kind {
            TargetKind::OneHot => "",
            TargetKind::Smoothed => ".smoothed",
            TargetKind::Probabilities => ".probabilities",
        })?;
        f.write_str(if self.capped { ".capped" } else { "" })?;
        f.write_str(if self.entropy { ".entropy" } else { "" })?;
        f.write_str(if self.argmax { ".argmax" } else { "" })?;
        f.write_str(match self.masking {
            Masking::None => "",
            Masking::Added => ".added",
            Masking::AddedByQuads => ".added4",
            Masking::Kept => ".kept",
            Masking::KeptByQuads => ".kept4",
        })?;
        f.write_str(if self.causal { ".causal" } else { "" })?;
        f.write_str(if self.sink { ".sink" } else { "" })?;
        f.write_str(if self.in_place { ".in-place" } else { "" })
    }
}
