//! Softmax, log-softmax, logsumexp and their backward passes.

use crate::layout::{Extents, Geometry, Layout, Layouts};
use crate::operation::{row_operation, sealed};
use crate::params::Params;
use crate::variant::{Operation, Problem};
use crate::{DType, EmptyRows, Error, Mask};

/// A row-wise operation on `rows` x `cols` elements, row-major.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SoftmaxSpec {
    rows: u64,
    cols: u64,
    inner: u64,
    scale: f32,
    dtype: DType,
    layouts: Layouts,
    mask: Option<Mask>,
    queries: Option<u64>,
    empty_rows: EmptyRows,
}

impl SoftmaxSpec {
    /// `rows` (at most; a binding may take fewer) of `cols` contiguous f32. Rows of 0 are a valid plan that does
    /// nothing.
    pub const fn new(rows: u64, cols: u64) -> Self {
        let contiguous = Layout::CONTIGUOUS;
        let layouts = Layouts {
            source: contiguous,
            upstream: contiguous,
            result: contiguous,
        };
        Self {
            rows,
            cols,
            inner: 1,
            scale: 1.0,
            dtype: DType::F32,
            layouts,
            mask: None,
            queries: None,
            empty_rows: EmptyRows::Nan,
        }
    }

    /// `inner` rows lie side by side, a divisor of the rows: the matrix is `[rows / inner, cols, inner]`, so that the
    /// columns of a row are `inner` elements apart. So lies a tensor of which an axis other than the last is normalised:
    /// `inner` is the product of the extents after that axis. Values of one a row are in the order of
    /// `[rows / inner, inner]`. Not for a Jacobian.
    #[must_use]
    pub const fn inner(self, inner: u64) -> Self {
        Self { inner, ..self }
    }

    /// A mask: not yet.
    #[must_use]
    pub const fn mask(self, mask: Mask) -> Self {
        Self {
            mask: Some(mask),
            ..self
        }
    }

    /// Row `r` is query `r % queries`, and column `j` is excluded where `j > query + (cols - queries)`: not yet.
    #[must_use]
    pub const fn causal(self, queries: u64) -> Self {
        Self {
            queries: Some(queries),
            ..self
        }
    }

    /// What a row with nothing left gives: not yet.
    #[must_use]
    pub const fn empty_rows(self, empty_rows: EmptyRows) -> Self {
        Self { empty_rows, ..self }
    }

    /// Logits are multiplied by this first: finite, above 0. Gradients carry the factor.
    #[must_use]
    pub const fn scale(self, scale: f32) -> Self {
        Self { scale, ..self }
    }

    /// How every matrix is stored. Values of one a row, as logsumexp's, are f32 always.
    #[must_use]
    pub const fn dtype(self, dtype: DType) -> Self {
        Self { dtype, ..self }
    }

    /// Where the rows that are read lie: logits, probabilities or log-probabilities.
    #[must_use]
    pub const fn input_layout(mut self, layout: Layout) -> Self {
        self.layouts.source = layout;
        self
    }

    /// Where the rows of the upstream gradient lie.
    #[must_use]
    pub const fn upstream_layout(mut self, layout: Layout) -> Self {
        self.layouts.upstream = layout;
        self
    }

    /// Where the rows that are written lie.
    #[must_use]
    pub const fn output_layout(mut self, layout: Layout) -> Self {
        self.layouts.result = layout;
        self
    }

    /// Rows, at most.
    pub const fn rows(&self) -> u64 {
        self.rows
    }

    /// Columns of a row.
    pub const fn cols(&self) -> u64 {
        self.cols
    }

    /// What an operation of these rows has to solve, as far as it decides the kernel.
    ///
    /// # Errors
    ///
    /// No columns, or more rows or columns than 32-bit indices reach.
    pub fn problem(&self, operation: Operation) -> Result<Problem, Error> {
        let geometry = sealed::Spec::geometry(self, operation)?;
        Ok(match operation {
            Operation::Jacobian => geometry.square().problem(),
            _ => geometry.problem(),
        })
    }

    /// Its mask, if it has one.
    pub(crate) const fn its_mask(&self) -> Option<&Mask> {
        self.mask.as_ref()
    }

    /// How every matrix is stored.
    pub(crate) const fn stored_as(&self) -> DType {
        self.dtype
    }
}

impl sealed::Spec for SoftmaxSpec {
    fn geometry(&self, operation: Operation) -> Result<Geometry, Error> {
        if self.mask.is_some() || self.queries.is_some() || self.empty_rows != EmptyRows::Nan {
            return Err(Error::Value {
                what: "mask, causal and empty rows",
                expected: "none of them, for now",
                found: format!("{self:?}"),
            });
        }
        let extents = Extents {
            rows: self.rows,
            cols: self.cols,
            inner: self.inner,
        };
        Geometry::new(operation, extents, self.dtype, self.layouts)
    }

    fn params(&self) -> Result<Params, Error> {
        Params::scaled(self.scale)
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
