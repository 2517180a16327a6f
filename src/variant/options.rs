//! What of an operation's options changes its code. All others are numbers that the kernels read.

use std::fmt;

use super::Operation;

/// Which classes of a row have a share in its loss.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
#[non_exhaustive]
pub enum Shares {
    /// The target's alone.
    #[default]
    Onehot,
    /// All: the target's label is smoothed.
    Smoothed,
    /// All: the target is a probability for each.
    Probabilities,
}

/// What excludes columns of a row, or is added to them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
#[non_exhaustive]
pub enum Masking {
    /// Nothing.
    #[default]
    None,
    /// f32 that are added, wherever they lie.
    Added,
    /// f32 that are added, those of an access by one access.
    AddedByQuads,
    /// Bytes that keep a column or exclude it, wherever they lie.
    Kept,
    /// Bytes that keep a column or exclude it, those of an access in one word.
    KeptByQuads,
}

/// The code that an operation's options ask for. Kernels of one form have nothing in them of another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct KernelOptions {
    /// Which classes have a share in the loss.
    pub shares: Shares,
    /// Whether logits are capped.
    pub capped: bool,
    /// What excludes columns or is added to them.
    pub masking: Masking,
    /// Whether a row counts the columns up to its query only.
    pub causal: bool,
    /// Whether the result lies over the first matrix that is read.
    pub in_place: bool,
    /// Whether the first moment of a row is told, for its entropy.
    pub entropy: bool,
    /// Whether the column of a row's largest logit is told.
    pub argmax: bool,
    /// Whether a loss has options that most do without: class weights, a z-loss, an upstream gradient, divisors of the
    /// caller's, class ids of two words, a shard of the classes, or pairs that are saved.
    pub loss_options: bool,
}

impl KernelOptions {
    /// Every form that an operation can have.
    pub fn all(operation: Operation) -> Vec<Self> {
        let capped = |shares| {
            [false, true].map(|capped| Self {
                shares,
                capped,
                ..Self::default()
            })
        };
        let of = |shares: &[Shares]| shares.iter().copied().flat_map(capped).collect();
        let told = |shares| Self::each_auxiliary(of(shares));
        let mut forms = match operation {
            Operation::Softmax | Operation::LogSoftmax | Operation::LogSumExp => Self::masked(),
            Operation::CrossEntropy | Operation::CrossEntropyFused => {
                told(&[Shares::Onehot, Shares::Smoothed, Shares::Probabilities])
            }
            Operation::PartialStatistic => told(&[Shares::Onehot]),
            Operation::CrossEntropyBackward | Operation::CrossEntropyFromPairs => {
                of(&[Shares::Onehot])
            }
            Operation::RowOutputs => of(&[Shares::Onehot, Shares::Probabilities]),
            _ => vec![Self::default()],
        };
        if operation.allows_in_place() {
            let over_source = |form: &Self| Self {
                in_place: true,
                ..*form
            };
            forms.extend(forms.iter().map(over_source).collect::<Vec<_>>());
        }
        if operation.may_have_plain_loss() {
            let with_options = |form: &Self| Self {
                loss_options: true,
                ..*form
            };
            forms.extend(forms.iter().map(with_options).collect::<Vec<_>>());
        }
        forms
    }

    /// Every way to mask, with and without queries.
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

    /// Whether columns are excluded or something is added to them.
    pub const fn is_masked(self) -> bool {
        self.causal || !matches!(self.masking, Masking::None)
    }

    /// Each form with what may be told of a row besides.
    fn each_auxiliary(forms: Vec<Self>) -> Vec<Self> {
        let told = |form: Self| {
            [(false, false), (true, false), (false, true), (true, true)].map(|(entropy, argmax)| {
                Self {
                    entropy,
                    argmax,
                    ..form
                }
            })
        };
        forms.into_iter().flat_map(told).collect()
    }

    /// Whether more is told of a row than its operation needs.
    pub const fn is_auxiliary(self) -> bool {
        self.entropy || self.argmax
    }

    /// Whether every class may have a share, so that shares have to be summed.
    pub const fn is_dense(self) -> bool {
        !matches!(self.shares, Shares::Onehot)
    }

    /// How many matrices the operation reads.
    pub const fn matrices_read(self, operation: Operation) -> u32 {
        match (operation, self.shares) {
            (Operation::SoftmaxBackward | Operation::LogSoftmaxBackward, _) => 2,
            (Operation::RowOutputs, _) => 1,
            (_, Shares::Probabilities) => 2,
            _ => 1,
        }
    }
}

impl fmt::Display for KernelOptions {
    /// `.smoothed` or `.probabilities`, `.capped`, what is told, what masks, `.in-place`, or nothing.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.shares {
            Shares::Onehot => "",
            Shares::Smoothed => ".smoothed",
            Shares::Probabilities => ".probabilities",
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
        f.write_str(if self.in_place { ".in-place" } else { "" })
    }
}
