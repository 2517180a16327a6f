//! Softmax, log-softmax, logsumexp and their backward passes.

use crate::Error;
use crate::kernel::Params;
use crate::operation::{row_operation, sealed};

/// The shape of a row-wise operation: `rows` x `cols`, contiguous f32, row-major.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct SoftmaxSpec {
    /// Rows, at most; a binding may take fewer.
    pub rows: u64,
    /// Columns of a row, at least 1.
    pub cols: u64,
}

impl SoftmaxSpec {
    /// `rows` x `cols`. Rows of 0 are a valid plan that does nothing.
    pub const fn new(rows: u64, cols: u64) -> Self {
        Self { rows, cols }
    }
}

impl sealed::Spec for SoftmaxSpec {
    fn rows(&self) -> u64 {
        self.rows
    }

    fn cols(&self) -> u64 {
        self.cols
    }

    fn params(&self) -> Result<Params, Error> {
        Ok(Params::default())
    }
}

row_operation! {
    /// Probabilities: `p_i = exp(x_i - max) / sum_j exp(x_j - max)`.
    Softmax, softmax, SoftmaxSpec, SoftmaxBuffers {
        /// Read: `rows` x `cols`.
        logits: read Source matrix,
        /// Written: `rows` x `cols`.
        probs: written Result matrix,
    }
}

row_operation! {
    /// Log-probabilities: `(x_i - max) - ln sum_j exp(x_j - max)`.
    LogSoftmax, log_softmax, SoftmaxSpec, LogSoftmaxBuffers {
        /// Read: `rows` x `cols`.
        logits: read Source matrix,
        /// Written: `rows` x `cols`.
        log_probs: written Result matrix,
    }
}

row_operation! {
    /// `max + ln sum_j exp(x_j - max)`, one value a row.
    LogSumExp, logsumexp, SoftmaxSpec, LogSumExpBuffers {
        /// Read: `rows` x `cols`.
        logits: read Source matrix,
        /// Written: `rows`.
        lse: written RowOutput value,
    }
}

row_operation! {
    /// `dL/dx = p (g - sum_j p_j g_j)` with the upstream gradient `g = dL/dp`.
    SoftmaxBackward, softmax_backward, SoftmaxSpec, SoftmaxBackwardBuffers {
        /// Read, the forward pass's output: `rows` x `cols`.
        probs: read Source matrix,
        /// Read, the upstream gradient: `rows` x `cols`.
        grad_probs: read Upstream matrix,
        /// Written: `rows` x `cols`.
        grad_logits: written Result matrix,
    }
}

row_operation! {
    /// `dL/dx = g - exp(l) sum_j g_j` with the log-probabilities `l` and the upstream gradient `g = dL/dl`.
    LogSoftmaxBackward, log_softmax_backward, SoftmaxSpec, LogSoftmaxBackwardBuffers {
        /// Read, the forward pass's output: `rows` x `cols`.
        log_probs: read Source matrix,
        /// Read, the upstream gradient: `rows` x `cols`.
        grad_log_probs: read Upstream matrix,
        /// Written: `rows` x `cols`.
        grad_logits: written Result matrix,
    }
}

row_operation! {
    /// `dL/dx = g softmax(x)` with the row's upstream gradient `g = dL/dlse`.
    LogSumExpBackward, logsumexp_backward, SoftmaxSpec, LogSumExpBackwardBuffers {
        /// Read: `rows` x `cols`.
        logits: read Source matrix,
        /// Read, the upstream gradient: `rows`.
        grad_lse: read RowInput value,
        /// Written: `rows` x `cols`.
        grad_logits: written Result matrix,
    }
}
