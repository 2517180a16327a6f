//! Softmax, log-softmax, logsumexp and their backward passes.

use crate::layout::{Extents, Geometry, Layout, Layouts};
use crate::operation::{row_operation, sealed};
use crate::params::Params;
use crate::variant::{KernelOptions, Masking, Operation, Problem};
use crate::{DType, EmptyRows, Error, Mask, MaskKind};

/// Spec of a row-wise operation on `rows` x `cols` elements, row-major.
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
    in_place: bool,
}

impl SoftmaxSpec {
    /// Makes the spec of `rows` rows (at most; a binding may take fewer) of `cols` contiguous f32. A plan of 0 rows is
    /// valid and does nothing.
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
            in_place: false,
        }
    }

    /// Puts rows on a strided axis, `inner` of them in a slice, a divisor of the rows: the matrix is `[rows / inner,
    /// cols, inner]`, so that the columns of a row are `inner` elements apart. Such is a tensor of which an axis other
    /// than the last is normalised: `inner` is the product of the extents after that axis. Values of one a row are in the
    /// order of `[rows / inner, inner]`. Not for a Jacobian.
    #[must_use]
    pub const fn inner(self, inner: u64) -> Self {
        Self { inner, ..self }
    }

    /// Masks the logits: for softmax, log-softmax and logsumexp. The plan is bound by
    /// [`bind_masked`](crate::Plan::bind_masked). With a mask that is added, a scale is at most 2^100.
    #[must_use]
    pub const fn mask(self, mask: Mask) -> Self {
        Self {
            mask: Some(mask),
            ..self
        }
    }

    /// Makes rows causal: row `r` is query `r % queries`, and column `j`, a key, is excluded where `j > query + (cols -
    /// queries)`: the last query counts every key. Not with rows on a strided axis. For softmax, log-softmax and
    /// logsumexp.
    #[must_use]
    pub const fn causal(self, queries: u64) -> Self {
        Self {
            queries: Some(queries),
            ..self
        }
    }

    /// Sets the result of an empty row: one whose logits are all `-inf` or excluded. Its lse is `-inf` either way.
    #[must_use]
    pub const fn empty_rows(self, empty_rows: EmptyRows) -> Self {
        Self { empty_rows, ..self }
    }

    /// Multiplies logits by `scale` before anything else. `scale` is finite and above 0. Gradients carry the factor. No
    /// finite logit becomes infinite by it, since the kernels scale its distance from the maximum.
    #[must_use]
    pub const fn scale(self, scale: f32) -> Self {
        Self { scale, ..self }
    }

    /// Sets the storage type of every matrix. Values of one a row, such as those of logsumexp, are always f32.
    #[must_use]
    pub const fn dtype(self, dtype: DType) -> Self {
        Self { dtype, ..self }
    }

    /// Sets the layout of the first input: logits, probabilities or log-probabilities.
    #[must_use]
    pub const fn input_layout(mut self, layout: Layout) -> Self {
        self.layouts.source = layout;
        self
    }

    /// Sets the layout of the upstream gradient.
    #[must_use]
    pub const fn upstream_layout(mut self, layout: Layout) -> Self {
        self.layouts.upstream = layout;
        self
    }

    /// Sets the layout of the result.
    #[must_use]
    pub const fn output_layout(mut self, layout: Layout) -> Self {
        self.layouts.result = layout;
        self
    }

    /// Puts the result over the first input, element by element, in one buffer that is given for both: half the memory.
    /// The first input is the logits, or the output of the forward pass, never the upstream gradient; its layout is that
    /// of the result. The bits are those of a result elsewhere.
    ///
    /// For operations whose result is a matrix of the first input's shape; the others refuse it.
    #[must_use]
    pub const fn in_place(self) -> Self {
        Self {
            in_place: true,
            ..self
        }
    }

    /// Rows, at most.
    pub const fn rows(&self) -> u64 {
        self.rows
    }

    /// Columns of a row.
    pub const fn cols(&self) -> u64 {
        self.cols
    }

    /// The problem of an operation on these rows: the properties that decide the kernel.
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

    /// The mask, if there is one.
    pub(crate) const fn its_mask(&self) -> Option<&Mask> {
        self.mask.as_ref()
    }

    /// The same spec, in place if that is possible: the operation writes a matrix of the input's shape, and the layouts
    /// do not differ.
    pub(crate) fn preferably_in_place(self, operation: Operation) -> Self {
        let possible = operation.allows_in_place() && self.layouts.source == self.layouts.result;
        Self {
            in_place: self.in_place || possible,
            ..self
        }
    }

    pub(crate) const fn is_in_place(&self) -> bool {
        self.in_place
    }

    /// Storage type of every matrix.
    pub(crate) const fn stored_as(&self) -> DType {
        self.dtype
    }
}

impl SoftmaxSpec {
    fn check_masks(&self, operation: Operation) -> Result<(), Error> {
        let refuse = |what, expected, found| {
            Err(Error::Value {
                what,
                expected,
                found,
            })
        };
        let is_masked = self.mask.is_some() || self.queries.is_some();
        let takes_masks = matches!(
            operation,
            Operation::Softmax | Operation::LogSoftmax | Operation::LogSumExp
        );
        if is_masked && !takes_masks {
            let expected = "none, but for softmax, log-softmax and logsumexp";
            return refuse("mask", expected, format!("one for {operation}"));
        }
        match (self.mask, self.queries) {
            (Some(mask), _) if (mask.rows(), mask.cols()) != (self.rows, self.cols) => refuse(
                "mask",
                "one for as many rows and columns",
                format!(
                    "{} x {} for {} x {}",
                    mask.rows(),
                    mask.cols(),
                    self.rows,
                    self.cols
                ),
            ),
            (_, Some(queries)) if self.inner != 1 => refuse(
                "inner extent",
                "1 for causal rows",
                format!("{} for {queries} queries", self.inner),
            ),
            (_, Some(queries)) if queries == 0 || queries > u64::from(u32::MAX) => {
                refuse("queries", "1 to 4,294,967,295", queries.to_string())
            }
            _ => Ok(()),
        }
    }

    /// Code options of the masks.
    fn options(&self, geometry: &Geometry) -> KernelOptions {
        let in_one_access =
            |mask: &Mask| self.inner == 1 && geometry.alignment() == 4 && mask.by_fours();
        let masking = self.mask.map_or(Masking::None, |mask| {
            match (mask.kind(), in_one_access(&mask)) {
                (MaskKind::Additive, false) => Masking::Added,
                (MaskKind::Additive, true) => Masking::AddedByQuads,
                (MaskKind::Boolean, false) => Masking::Kept,
                (MaskKind::Boolean, true) => Masking::KeptByQuads,
            }
        });
        KernelOptions {
            masking,
            causal: self.queries.is_some(),
            ..KernelOptions::default()
        }
    }
}

impl sealed::Spec for SoftmaxSpec {
    fn geometry(&self, operation: Operation) -> Result<Geometry, Error> {
        self.check_masks(operation)?;
        let extents = Extents {
            rows: self.rows,
            cols: self.cols,
            inner: self.inner,
        };
        let geometry = Geometry::new(operation, extents, self.dtype, self.layouts)?;
        let queries = self
            .queries
            .map_or(0, |queries| u32::try_from(queries).unwrap_or(u32::MAX));
        let geometry = Geometry {
            queries,
            ..geometry.options(self.options(&geometry))
        };
        match self.in_place {
            true => geometry.in_place(),
            false => Ok(geometry),
        }
    }

    fn params(&self) -> Result<Params, Error> {
        let read = match self.mask.as_ref().map(Mask::kind) {
            Some(MaskKind::Additive) => Params::added_to(self.scale)?,
            _ => Params::scaled(self.scale)?,
        };
        let mut params = self.mask.as_ref().map_or(read, |mask| read.masked(mask));
        params.grid.queries = u32::try_from(self.queries.unwrap_or(0)).unwrap_or(u32::MAX);
        params.scaling.zero_empty_rows = u32::from(self.empty_rows == EmptyRows::Zero);
        Ok(params)
    }

    fn mask(&self) -> Option<&Mask> {
        self.mask.as_ref()
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
