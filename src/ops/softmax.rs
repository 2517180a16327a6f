//! Softmax, log-softmax, logsumexp and their backward passes. `row_operation!` makes an operation's type, its buffers, and the
//! planner's method for it, such as `Planner::softmax`.

use crate::error::Error;
use crate::ops::plan::{row_operation, sealed};
use crate::shader::params::{Params, word};
use crate::spec::mask::{Mask, MaskKind};
use crate::spec::softmax::{EmptyRows, Sinks, SoftmaxSpec};
use crate::variant::problem::Geometry;
use crate::variant::{KernelOptions, Operation};

impl SoftmaxSpec {
    /// The same spec, in place if that is possible: the operation writes a matrix of the input's shape, and the layouts
    /// do not differ.
    pub(crate) fn preferably_in_place(self, operation: Operation) -> Self {
        let possible = operation.allows_in_place() && self.layouts.source == self.layouts.result;
        Self {
            in_place: self.in_place || possible,
            ..self
        }
    }

    fn check_masks(&self, operation: Operation) -> Result<(), Error> {
        let is_masked = self.mask.is_some() || self.queries.is_some();
        if is_masked && !operation.takes_masks() {
            let expected = "none, but for softmax, log-softmax and logsumexp";
            return Err(Error::value(
                "mask",
                expected,
                format!("one for {operation}"),
            ));
        }
        if let Some(mask) = self.mask {
            mask.require_of(self.rows, self.cols)?;
        }
        match self.queries {
            Some(queries) if self.inner != 1 => {
                let found = format!("{} for {queries} queries", self.inner);
                Err(Error::value("inner extent", "1 for causal rows", found))
            }
            Some(queries) if queries == 0 || queries > u64::from(u32::MAX) => {
                Err(Error::value("queries", "1 to 4,294,967,295", queries))
            }
            _ => Ok(()),
        }
    }

    fn check_sinks(&self, operation: Operation) -> Result<(), Error> {
        let Some(Sinks { heads, queries }) = self.sinks else {
            return Ok(());
        };
        if !operation.takes_sinks() {
            let expected =
                "none, but for softmax, log-softmax, logsumexp and their backward passes";
            let found = format!("some for {operation}");
            return Err(Error::value("sinks", expected, found));
        }
        let counts = 1..=u64::from(u32::MAX);
        if counts.contains(&heads) && counts.contains(&queries) {
            return Ok(());
        }
        let expected = "1 to 4,294,967,295 heads and queries";
        let found = format!("{heads} heads of {queries} queries");
        Err(Error::value("sinks", expected, found))
    }

    /// Code options of masks and sinks.
    fn options(&self, geometry: &Geometry) -> KernelOptions {
        KernelOptions {
            masking: geometry.masking(self.mask.as_ref()),
            causal: self.queries.is_some(),
            sink: self.sinks.is_some(),
            ..KernelOptions::default()
        }
    }
}

impl sealed::Spec for SoftmaxSpec {
    fn geometry(&self, operation: Operation) -> Result<Geometry, Error> {
        self.check_masks(operation)?;
        self.check_sinks(operation)?;
        let shape = [self.rows, self.cols, self.inner];
        let geometry = Geometry::new(operation, shape, self.dtype, self.layouts)?;
        let queries = self.queries.map_or(0, word);
        let geometry = Geometry {
            queries,
            ..geometry.options(self.options(&geometry))
        };
        match operation {
            _ if self.in_place => geometry.in_place(),
            Operation::Jacobian => Ok(geometry.square()),
            _ => Ok(geometry),
        }
    }

    fn params(&self) -> Result<Params, Error> {
        let read = match self.mask.as_ref().map(Mask::kind) {
            Some(MaskKind::Additive) => Params::added_to(self.scale)?,
            _ => Params::scaled(self.scale)?,
        };
        let mut params = self.mask.as_ref().map_or(read, |mask| read.masked(mask));
        params.grid.queries = word(self.queries.unwrap_or(0));
        params.scaling.zero_empty_rows = u32::from(self.empty_rows == EmptyRows::Zero);
        if let Some(Sinks { heads, queries }) = self.sinks {
            params.scaling.sinks = word(heads);
            params.scaling.sink_queries = word(queries);
        }
        Ok(params)
    }

    fn plain(&self) -> Option<&SoftmaxSpec> {
        Some(self)
    }
}

row_operation! {
    /// Probabilities: `p_i = exp(x_i - max) / sum_j exp(x_j - max)`.
    Softmax, softmax, SoftmaxSpec, SoftmaxBuffers {
        /// Read: `rows` x `cols`.
        logits: read Source Matrix,
        /// Written: `rows` x `cols`.
        probs: written Result Matrix,
    }
}

row_operation! {
    /// Log-probabilities: `(x_i - max) - ln sum_j exp(x_j - max)`.
    LogSoftmax, log_softmax, SoftmaxSpec, LogSoftmaxBuffers {
        /// Read: `rows` x `cols`.
        logits: read Source Matrix,
        /// Written: `rows` x `cols`.
        log_probs: written Result Matrix,
    }
}

row_operation! {
    /// `max + ln sum_j exp(x_j - max)`, one value a row.
    LogSumExp, logsumexp, SoftmaxSpec, LogSumExpBuffers {
        /// Read: `rows` x `cols`.
        logits: read Source Matrix,
        /// Written: `rows`.
        lse: written RowOutput Value,
    }
}

row_operation! {
    /// `dL/dx = p (g - sum_j p_j g_j)` with the upstream gradient `g = dL/dp`, whether or not `p` sums to 1. With sinks, `dL/dk = -p_k
    /// sum_j p_j g_j` of a row, `p_k` the saved probability of its sink `k`.
    SoftmaxBackward, softmax_backward, SoftmaxSpec, SoftmaxBackwardBuffers {
        /// Read, the forward pass's output: `rows` x `cols`.
        probs: read Source Matrix,
        /// Read, the upstream gradient: `rows` x `cols`.
        grad_probs: read Upstream Matrix,
        /// Written: `rows` x `cols`.
        grad_logits: written Result Matrix,
    }
}

row_operation! {
    /// `dL/dx = g - exp(l) sum_j g_j` with the log-probabilities `l` and the upstream gradient `g = dL/dl`, whether or not `exp(l)` sums
    /// to 1. With sinks, `dL/dk = -p_k sum_j g_j` of a row, `p_k` the saved probability of its sink `k`.
    LogSoftmaxBackward, log_softmax_backward, SoftmaxSpec, LogSoftmaxBackwardBuffers {
        /// Read, the forward pass's output: `rows` x `cols`.
        log_probs: read Source Matrix,
        /// Read, the upstream gradient: `rows` x `cols`.
        grad_log_probs: read Upstream Matrix,
        /// Written: `rows` x `cols`.
        grad_logits: written Result Matrix,
    }
}

row_operation! {
    /// `dL/dx = g softmax(x)` with the row's upstream gradient `g = dL/dlse`. With sinks, which it takes as the forward pass does,
    /// `dL/dk = g p_k` of a row, `p_k` the probability of its sink `k`.
    LogSumExpBackward, logsumexp_backward, SoftmaxSpec, LogSumExpBackwardBuffers {
        /// Read: `rows` x `cols`.
        logits: read Source Matrix,
        /// Read, the upstream gradient: `rows`.
        grad_lse: read RowInput Value,
        /// Written: `rows` x `cols`.
        grad_logits: written Result Matrix,
    }
}
