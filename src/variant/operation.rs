//! The operations on rows.

use std::fmt;

/// Computation on each row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Operation {
    /// `exp(x - max) / sum`.
    Softmax,
    /// `(x - max) - ln(sum)`.
    LogSoftmax,
    /// `max + ln(sum)`, one value a row.
    LogSumExp,
    /// `p (g - sum of p g)`.
    SoftmaxBackward,
    /// `g - exp(l) (sum of g)`.
    LogSoftmaxBackward,
    /// `g exp(x - max) / sum`, one upstream value `g` a row.
    LogSumExpBackward,
    /// `(max - x_t) + ln(sum)`, one loss a row.
    CrossEntropy,
    /// `g (p - onehot)`, from the pair that the forward pass has saved.
    CrossEntropyBackward,
    /// Loss and gradient in one call.
    CrossEntropyFused,
    /// `p_i ([i = j] - p_j)`, a square matrix a row.
    Jacobian,
    /// The statistic of some columns of a row.
    PartialStatistic,
    /// The statistic of a row, from those of its columns.
    MergeStatistics,
    /// `exp(x - max) / sum`, from the merged statistic.
    SoftmaxFromPairs,
    /// `(max - x_t) + ln(sum)`, from the merged statistic.
    CrossEntropyFromPairs,
    /// `max + ln(sum)`, from the saved statistic.
    LseFromPairs,
    /// Outputs of a row in addition to its loss, from the saved statistic.
    RowOutputs,
    /// Weights, scales and upstream gradients of rows, gathered.
    RowTerms,
    /// Loss of the logits of a linear layer, and its gradients by what these are made of.
    LinearCrossEntropy,
}

impl Operation {
    /// Every operation on whole rows.
    pub const ALL: [Self; 10] = [
        Self::Softmax,
        Self::LogSoftmax,
        Self::LogSumExp,
        Self::SoftmaxBackward,
        Self::LogSoftmaxBackward,
        Self::LogSumExpBackward,
        Self::CrossEntropy,
        Self::CrossEntropyBackward,
        Self::CrossEntropyFused,
        Self::Jacobian,
    ];

    /// The operations on rows that are split over bindings, devices or hosts.
    pub const SHARDED: [Self; 5] = [
        Self::PartialStatistic,
        Self::MergeStatistics,
        Self::SoftmaxFromPairs,
        Self::CrossEntropyFromPairs,
        Self::LseFromPairs,
    ];

    /// Name on the command line and in labels.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Softmax => "softmax",
            Self::LogSoftmax => "log-softmax",
            Self::LogSumExp => "logsumexp",
            Self::SoftmaxBackward => "softmax-backward",
            Self::LogSoftmaxBackward => "log-softmax-backward",
            Self::LogSumExpBackward => "logsumexp-backward",
            Self::CrossEntropy => "cross-entropy",
            Self::CrossEntropyBackward => "cross-entropy-backward",
            Self::CrossEntropyFused => "cross-entropy-fused",
            Self::Jacobian => "jacobian",
            Self::PartialStatistic => "partial-statistic",
            Self::MergeStatistics => "merge-statistics",
            Self::SoftmaxFromPairs => "softmax-from-pairs",
            Self::CrossEntropyFromPairs => "cross-entropy-from-pairs",
            Self::LseFromPairs => "lse-from-pairs",
            Self::RowOutputs => "row-outputs",
            Self::RowTerms => "row-terms",
            Self::LinearCrossEntropy => "linear-cross-entropy",
        }
    }

    /// Returns true if a matrix is written, as opposed to one value a row.
    pub const fn writes_matrix(self) -> bool {
        !matches!(
            self,
            Self::LogSumExp
                | Self::CrossEntropy
                | Self::PartialStatistic
                | Self::MergeStatistics
                | Self::CrossEntropyFromPairs
                | Self::LseFromPairs
                | Self::RowOutputs
                | Self::RowTerms
        )
    }

    /// Returns true if the result may lie over the first input, element by element.
    pub const fn allows_in_place(self) -> bool {
        self.writes_matrix() && !matches!(self, Self::Jacobian)
    }

    /// Returns true if the statistic of each row is known beforehand, so that no reduction is needed.
    pub const fn is_elementwise(self) -> bool {
        matches!(
            self,
            Self::CrossEntropyBackward
                | Self::Jacobian
                | Self::SoftmaxFromPairs
                | Self::CrossEntropyFromPairs
                | Self::LseFromPairs
                | Self::RowOutputs
                | Self::RowTerms
        )
    }

    /// Returns true if every row has a target.
    pub(crate) const fn has_targets(self) -> bool {
        matches!(
            self,
            Self::CrossEntropy
                | Self::CrossEntropyBackward
                | Self::CrossEntropyFused
                | Self::CrossEntropyFromPairs
        )
    }

    /// Returns true if rows may have weights.
    pub(crate) const fn takes_row_weights(self) -> bool {
        matches!(
            self,
            Self::CrossEntropy
                | Self::CrossEntropyBackward
                | Self::CrossEntropyFused
                | Self::RowOutputs
        )
    }

    /// Returns true if rows may have scales.
    pub(crate) const fn takes_row_scales(self) -> bool {
        self.takes_row_weights() || matches!(self, Self::LseFromPairs)
    }

    /// Returns true if logits may be masked, and rows causal.
    pub(crate) const fn takes_masks(self) -> bool {
        matches!(self, Self::Softmax | Self::LogSoftmax | Self::LogSumExp)
    }

    /// Returns true if rows may have sinks.
    pub(crate) const fn takes_sinks(self) -> bool {
        self.takes_masks()
            || matches!(
                self,
                Self::SoftmaxBackward | Self::LogSoftmaxBackward | Self::LogSumExpBackward
            )
    }

    /// Returns true if a loss without options has kernels without their code. These are the operations that training
    /// runs.
    pub(crate) const fn may_have_plain_loss(self) -> bool {
        // The pass from saved pairs is no faster without them.
        matches!(self, Self::CrossEntropy | Self::CrossEntropyFused)
    }

    /// Returns true if it computes only values of one a row, from others of one a row.
    pub const fn is_per_row(self) -> bool {
        matches!(
            self,
            Self::CrossEntropyFromPairs | Self::LseFromPairs | Self::RowOutputs | Self::RowTerms
        )
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
