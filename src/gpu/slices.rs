//! Every operation on slices: uploaded, run and downloaded in one call.

use wgpu::Buffer;

use super::Gpu;
use crate::layout::Geometry;
use crate::softmax::{
    LogSoftmaxBackwardBuffers, LogSoftmaxBuffers, LogSumExpBackwardBuffers, LogSumExpBuffers,
    SoftmaxBackwardBuffers, SoftmaxBuffers,
};
use crate::variant::Operation;
use crate::{Bound, Error, JacobianBuffers, SoftmaxSpec};

/// The spec of a slice that holds `rows` rows.
fn spec_of(what: &'static str, len: usize, rows: usize) -> Result<SoftmaxSpec, Error> {
    let cols = len.checked_div(rows).unwrap_or(1);
    expect_len(what, len, rows.saturating_mul(cols))?;
    if rows > 0 && cols == 0 {
        return Err(Error::Value {
            what: "columns",
            expected: "at least 1",
            found: "0".into(),
        });
    }
    Ok(SoftmaxSpec::new(rows as u64, cols as u64))
}

pub(super) fn expect_len(what: &'static str, found: usize, expected: usize) -> Result<(), Error> {
    if found == expected {
        return Ok(());
    }
    Err(Error::Length {
        what,
        expected: expected as u64,
        found: found as u64,
    })
}

pub(super) fn described(operation: Operation, spec: SoftmaxSpec) -> String {
    format!("{operation} of {} x {}", spec.rows(), spec.cols())
}

pub(super) fn floats(words: Vec<u32>) -> Vec<f32> {
    bytemuck::cast_vec(words)
}

/// Declares an operation of one matrix, blocking and not.
macro_rules! of_one_matrix {
    ($(#[$doc:meta])* $name:ident, $name_async:ident, $operation:ident, $buffers:ident { $output:ident: $len:expr }) => {
        $(#[$doc])*
        ///
        /// `logits` holds `rows` rows of equal length.
        ///
        /// # Errors
        ///
        /// A length that is no multiple of `rows`, a size past the device's limits, or a failing device.
        pub fn $name(&self, logits: &[f32], rows: usize) -> Result<Vec<f32>, Error> {
            pollster::block_on(self.$name_async(logits, rows))
        }

        #[doc = concat!("[`", stringify!($name), "`](Self::", stringify!($name), "), as a future.")]
        ///
        /// # Errors
        ///
        /// The same.
        pub async fn $name_async(&self, logits: &[f32], rows: usize) -> Result<Vec<f32>, Error> {
            let spec = spec_of("logits", logits.len(), rows)?;
            if rows == 0 {
                return Ok(Vec::new());
            }
            let len: usize = $len(logits.len(), rows);
            let plan = self.planner().$name(spec)?;
            let input = self.upload("logits", logits)?;
            let output = self.allocate(stringify!($output), len as u64 * 4)?;
            let bound = plan.bind($buffers { logits: &input, $output: &output })?;
            self.fetch_one(&bound, &output, len, &described(Operation::$operation, spec)).await
        }
    };
}

/// Declares a backward operation of two inputs, blocking and not.
macro_rules! of_two_inputs {
    (
        $(#[$doc:meta])* $name:ident, $name_async:ident, $operation:ident,
        $buffers:ident { $forward:ident, $upstream:ident: $upstream_len:expr }
    ) => {
        $(#[$doc])*
        ///
        /// The first slice holds `rows` rows of equal length.
        ///
        /// # Errors
        ///
        /// Lengths that do not agree with each other or with `rows`, a size past the device's limits, or a failing
        /// device.
        pub fn $name(&self, $forward: &[f32], $upstream: &[f32], rows: usize) -> Result<Vec<f32>, Error> {
            pollster::block_on(self.$name_async($forward, $upstream, rows))
        }

        #[doc = concat!("[`", stringify!($name), "`](Self::", stringify!($name), "), as a future.")]
        ///
        /// # Errors
        ///
        /// The same.
        pub async fn $name_async(&self, $forward: &[f32], $upstream: &[f32], rows: usize) -> Result<Vec<f32>, Error> {
            let len = $forward.len();
            let spec = spec_of(stringify!($forward), len, rows)?;
            expect_len(stringify!($upstream), $upstream.len(), $upstream_len(len, rows))?;
            if rows == 0 {
                return Ok(Vec::new());
            }
            let plan = self.planner().$name(spec)?;
            let forward = self.upload(stringify!($forward), $forward)?;
            let upstream = self.upload(stringify!($upstream), $upstream)?;
            let output = self.allocate("grad_logits", len as u64 * 4)?;
            let bound = plan.bind($buffers { $forward: &forward, $upstream: &upstream, grad_logits: &output })?;
            self.fetch_one(&bound, &output, len, &described(Operation::$operation, spec)).await
        }
    };
}

const fn each_element(len: usize, _rows: usize) -> usize {
    len
}

const fn each_row(_len: usize, rows: usize) -> usize {
    rows
}

const fn each_pair(len: usize, rows: usize) -> usize {
    len * (len / rows)
}

impl Gpu {
    of_one_matrix! {
        /// Probabilities: `exp(x - max) / sum`, row by row.
        softmax, softmax_async, Softmax, SoftmaxBuffers { probs: each_element }
    }

    of_one_matrix! {
        /// Log-probabilities: `(x - max) - ln sum`, row by row.
        log_softmax, log_softmax_async, LogSoftmax, LogSoftmaxBuffers { log_probs: each_element }
    }

    of_one_matrix! {
        /// `max + ln sum`, one value a row.
        logsumexp, logsumexp_async, LogSumExp, LogSumExpBuffers { lse: each_row }
    }

    of_one_matrix! {
        /// The Jacobian of softmax: for each row of `n` columns, `n` x `n` values `p_i ([i = j] - p_j)`.
        jacobian, jacobian_async, Jacobian, JacobianBuffers { jacobian: each_pair }
    }

    of_two_inputs! {
        /// `dL/dx = p (g - sum of p g)` from the probabilities and the upstream gradient.
        softmax_backward, softmax_backward_async, SoftmaxBackward,
        SoftmaxBackwardBuffers { probs, grad_probs: each_element }
    }

    of_two_inputs! {
        /// `dL/dx = g - exp(l) (sum of g)` from the log-probabilities and the upstream gradient.
        log_softmax_backward, log_softmax_backward_async, LogSoftmaxBackward,
        LogSoftmaxBackwardBuffers { log_probs, grad_log_probs: each_element }
    }

    of_two_inputs! {
        /// `dL/dx = g softmax(x)` from the logits and one upstream value a row.
        logsumexp_backward, logsumexp_backward_async, LogSumExpBackward,
        LogSumExpBackwardBuffers { logits, grad_lse: each_row }
    }

    async fn fetch_one(
        &self,
        bound: &Bound,
        output: &Buffer,
        len: usize,
        what: &str,
    ) -> Result<Vec<f32>, Error> {
        let mut fetched = self.run_and_fetch(bound, &[(output, len)], what).await?;
        Ok(fetched.pop().map(floats).unwrap_or_default())
    }

    /// The kernel that an operation of this shape runs, by name.
    ///
    /// # Errors
    ///
    /// A shape that the device cannot serve.
    pub fn kernel(&self, operation: Operation, rows: usize, cols: usize) -> Result<String, Error> {
        let geometry = Geometry::contiguous(operation, rows as u64, cols as u64)?;
        let variant = self.planner().variant(geometry.problem())?;
        Ok(format!("{operation}.{variant}.{}", geometry.dtype))
    }
}
